//! Framing of messages on streams (RFC 3261 §18.3, RFC 5626 §4.4.1).
//!
//! Holds the bytes of at most one unfinished message and nothing while idle. It has no clock: the
//! shell asks [`Framer::is_incomplete`] and closes a stream that stays so for 10 s.

use base::limits::SIP_MESSAGE_MAX;
use bytes::{Buf, Bytes, BytesMut};
use memchr::memchr;

use super::Msg;
use super::error::{Fault, ParseError};
use super::index::Index;
use super::scan::after;

/// What came out of a stream.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "taken apart at once, never stored")]
pub enum Frame {
    /// A message, well formed as far as [`Msg::parse_datagram`] looks.
    Msg(Msg),
    /// A line end between messages: the answer to a ping of ours, or the first half of one.
    Pong,
    /// A second line end after the first: answer it with one CRLF.
    Ping,
    /// Something that cannot be read.
    Bad {
        /// What; [`ParseError::answerable`] tells whether and to what 400 or 513 is sent.
        error: ParseError,
        /// Whether the stream must be closed after the answer. Nothing more comes out of it.
        close: bool,
    },
}

/// Cuts a stream into messages.
#[derive(Debug, Default)]
pub struct Framer {
    buf: BytesMut,
    /// Bytes that were searched for the end of the head without finding it.
    searched: usize,
    /// Length of the message at the start of `buf`, once its head is known.
    needed: Option<usize>,
    half_ping: bool,
    closed: bool,
}

impl Framer {
    /// A framer for a new stream.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds what was read. Call [`Framer::next`] until it gives `None` before the next push.
    pub fn push(&mut self, bytes: &[u8]) {
        if !self.closed {
            self.buf.extend_from_slice(bytes);
        }
    }

    /// The next frame; `None` when more bytes are needed or the stream is to be closed.
    #[expect(clippy::should_implement_trait, reason = "a framer is fed between calls")]
    pub fn next(&mut self) -> Option<Frame> {
        if self.closed {
            return None;
        }
        if self.needed.is_none() && self.searched == 0 {
            if let Some(frame) = self.line_end() {
                return Some(frame);
            }
            if self.buf.is_empty() {
                // An idle stream holds no buffer.
                self.buf = BytesMut::new();
                return None;
            }
            if self.buf.as_ref() == b"\r" {
                return None;
            }
        }
        let needed = match self.needed {
            Some(needed) => needed,
            None => match self.find_length()? {
                Ok(needed) => *self.needed.insert(needed),
                Err(frame) => return Some(frame),
            },
        };
        (self.buf.len() >= needed).then(|| self.take(needed))
    }

    /// Whether a message has begun and not ended.
    pub fn is_incomplete(&self) -> bool {
        !self.closed && !self.buf.is_empty()
    }

    /// Bytes held.
    pub fn held(&self) -> usize {
        self.buf.len()
    }

    /// Whether an error ended the stream.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// Line ends and zero bytes between messages.
    fn line_end(&mut self) -> Option<Frame> {
        loop {
            let length = match (self.buf.first()?, self.buf.get(1)) {
                (0, _) => {
                    self.buf.advance(1);
                    continue;
                }
                (b'\n', _) => 1,
                (b'\r', Some(b'\n')) => 2,
                (b'\r', None) => return None,
                _ => {
                    self.half_ping = false;
                    return None;
                }
            };
            self.buf.advance(length);
            self.half_ping = !self.half_ping;
            return Some(if self.half_ping { Frame::Pong } else { Frame::Ping });
        }
    }

    /// The length of the message when its head is complete; `None` while it is not.
    fn find_length(&mut self) -> Option<Result<usize, Frame>> {
        let Some(head_end) = self.find_head_end() else {
            if self.buf.len() > SIP_MESSAGE_MAX {
                return Some(Err(self.fail(Fault::TooLarge)));
            }
            return None;
        };
        if head_end > SIP_MESSAGE_MAX {
            return Some(Err(self.fail(Fault::TooLarge)));
        }
        let ix = Index::of(super::scan::cut(&self.buf, 0, head_end));
        let needed = match ix.content_length(&self.buf) {
            Ok(Some(length)) => head_end + length,
            Ok(None) => return Some(Err(self.fail(Fault::LengthMissing))),
            Err(fault) => return Some(Err(self.fail(fault))),
        };
        if needed > SIP_MESSAGE_MAX {
            return Some(Err(self.fail(Fault::TooLarge)));
        }
        self.buf.reserve(needed.saturating_sub(self.buf.len()));
        Some(Ok(needed))
    }

    /// Where the body begins: after the first empty line.
    fn find_head_end(&mut self) -> Option<usize> {
        while let Some(at) = memchr(b'\n', after(&self.buf, self.searched)) {
            let next = self.searched + at + 1;
            match after(&self.buf, next) {
                [b'\n', ..] => return Some(next + 1),
                [b'\r', b'\n', ..] => return Some(next + 2),
                // The rest of the line decides.
                [] | [b'\r'] => return None,
                _ => self.searched = next,
            }
        }
        self.searched = self.buf.len();
        None
    }

    fn take(&mut self, needed: usize) -> Frame {
        // A copy, so that a kept message holds only itself and not the buffer.
        let raw = Bytes::copy_from_slice(super::scan::cut(&self.buf, 0, needed));
        self.buf.advance(needed);
        (self.searched, self.needed) = (0, None);
        let msg = Msg::indexed(raw);
        match msg.ix.fault {
            None => Frame::Msg(msg),
            Some(fault) => self.bad(msg.broken(fault)),
        }
    }

    /// An error that leaves nobody knowing where the next message begins.
    fn fail(&mut self, fault: Fault) -> Frame {
        self.closed = true;
        let mut raw = Bytes::from(std::mem::take(&mut self.buf));
        raw.truncate(SIP_MESSAGE_MAX);
        let mut msg = Msg::indexed(raw);
        msg.ix.fault = Some(fault);
        Frame::Bad { error: msg.broken(fault), close: true }
    }

    /// A broken message of known length: a response is dropped, a request closes the stream.
    fn bad(&mut self, error: ParseError) -> Frame {
        let close = error.partial().is_none_or(Msg::is_request);
        if close {
            self.closed = true;
            self.buf = BytesMut::new();
        }
        Frame::Bad { error, close }
    }
}

/// Whether a datagram is STUN, not SIP: first two bits zero and the magic cookie (RFC 8489 §5).
pub fn is_stun(datagram: &[u8]) -> bool {
    datagram.len() >= 20
        && datagram.first().is_some_and(|b| b & 0xc0 == 0)
        && datagram.get(4..8) == Some(&[0x21, 0x12, 0xa4, 0x42])
}
