//! Messages: an index over the received bytes, typed views on demand, a writer, stream framing.
//!
//! A [`Msg`] owns one buffer and knows where its headers are; nothing else is parsed until it is
//! asked for. Values are bytes and never required to be UTF-8. Folded headers are put on one line
//! when the message is read, so no view and no copied header ever contains a line end.

#![cfg_attr(not(test), warn(clippy::indexing_slicing))]

use std::fmt;

use base::limits::SIP_MESSAGE_MAX;
use bytes::Bytes;

mod error;
mod header;
mod host;
mod index;
mod method;
mod phrase;
mod scan;
mod transport;
mod views;

pub mod accept;
pub mod auth;
pub mod check;
pub mod contact;
pub mod cseq;
pub mod date;
pub mod event;
pub mod frame;
pub mod name_addr;
pub mod reason;
pub mod refuse;
pub mod replaces;
pub mod session_expires;
pub mod uri;
pub mod via;
pub mod write;

pub use error::{Fault, ParseError};
pub use header::HeaderId;
pub use method::Method;
pub use phrase::reason_phrase;
pub use scan::{Elements, Param, ParamIter, Params};
pub use transport::Transport;

use index::{Index, Line, Slot};
use scan::cut;

/// One SIP message; cheap to clone (the bytes are shared), about 450 bytes by itself.
///
/// For keeping use [`Msg::pack`].
#[derive(Clone)]
pub struct Msg {
    raw: Bytes,
    ix: Index,
}

/// The start line, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start<'a> {
    /// A request.
    Request {
        /// The method, `Other` for tokens that we do not know.
        method: Method,
        /// The method as received.
        token: &'a [u8],
        /// The Request-URI as received; parse with [`uri::Uri::parse`].
        uri: &'a [u8],
    },
    /// A response.
    Response {
        /// 100–699.
        code: u16,
        /// The reason phrase as received, often empty.
        phrase: &'a [u8],
    },
}

/// One header line as received, unfolded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header<'a> {
    /// Which header it is.
    pub id: HeaderId,
    /// Its name as received, perhaps compact.
    pub name: &'a [u8],
    /// Its value without surrounding white space; contains no line end.
    pub value: &'a [u8],
}

impl Msg {
    /// Reads one datagram or WebSocket frame: the body ends at Content-Length, without one at the
    /// end of the datagram (RFC 3261 §18.3). Line ends and zero bytes before it are skipped.
    ///
    /// # Errors
    /// The first fault of form, with what could be read. A message that is well formed but makes
    /// no sense is found by [`check::verdict`].
    pub fn parse_datagram(mut raw: Bytes) -> Result<Self, ParseError> {
        let skip = raw.iter().take_while(|b| matches!(b, b'\r' | b'\n' | 0)).count();
        if skip == raw.len() {
            return Err(ParseError::new(Fault::Empty, None));
        }
        if raw.len() > SIP_MESSAGE_MAX {
            return Err(ParseError::new(Fault::TooLarge, None));
        }
        if skip > 0 {
            raw = raw.slice(skip..);
        }
        let mut msg = Self::indexed(raw);
        match msg.ix.content_length(&msg.raw) {
            Ok(None) => {}
            Ok(Some(length)) if msg.ix.head_end + length <= msg.raw.len() => {
                msg.raw.truncate(msg.ix.head_end + length);
            }
            Ok(Some(_)) => return Err(msg.broken(Fault::BodyShort)),
            Err(fault) => return Err(msg.broken(fault)),
        }
        match msg.ix.fault {
            None => Ok(msg),
            Some(fault) => Err(msg.broken(fault)),
        }
    }

    /// Indexes `raw`, with everything after the head as body; folded headers are put on one line.
    fn indexed(raw: Bytes) -> Self {
        let mut msg = Self { raw, ix: Index::new() };
        msg.ix.read(&msg.raw);
        if msg.ix.folded {
            let fault = msg.ix.fault;
            msg.raw = Bytes::from(index::unfold(&msg.raw, msg.ix.head_end));
            msg.ix = Index::of(&msg.raw);
            msg.ix.fault = fault.or(msg.ix.fault);
        }
        msg
    }

    /// What is told of a message that cannot be used: its first fault and its head.
    fn broken(mut self, fault: Fault) -> ParseError {
        let fault = self.ix.fault.unwrap_or(fault);
        self.raw.truncate(self.ix.head_end);
        ParseError::new(fault, Some(self))
    }

    /// The start line.
    pub fn start(&self) -> Start<'_> {
        match self.ix.line {
            Line::Request { method, method_end, uri, .. } => {
                Start::Request { method, token: self.cut((0, method_end)), uri: self.cut(uri) }
            }
            Line::Response { code, phrase, .. } => {
                Start::Response { code, phrase: self.cut(phrase) }
            }
        }
    }

    /// Whether it is a request.
    pub fn is_request(&self) -> bool {
        matches!(self.ix.line, Line::Request { .. })
    }

    /// The method of a request; `None` for a response.
    pub fn method(&self) -> Option<Method> {
        match self.ix.line {
            Line::Request { method, .. } => Some(method),
            Line::Response { .. } => None,
        }
    }

    /// The Request-URI as received; empty for a response.
    pub fn request_uri(&self) -> &[u8] {
        match self.ix.line {
            Line::Request { uri, .. } => self.cut(uri),
            Line::Response { .. } => &[],
        }
    }

    /// The status code of a response; `None` for a request.
    pub fn status(&self) -> Option<u16> {
        match self.ix.line {
            Line::Request { .. } => None,
            Line::Response { code, .. } => Some(code),
        }
    }

    /// Whether the start line says SIP/2.0.
    pub fn version_ok(&self) -> bool {
        match self.ix.line {
            Line::Request { version_ok, .. } | Line::Response { version_ok, .. } => version_ok,
        }
    }

    /// All header lines in the order received; unfolded, otherwise byte for byte.
    pub fn headers(&self) -> impl Iterator<Item = Header<'_>> + Clone {
        self.ix.slots.iter().map(|slot| self.header(slot))
    }

    /// The value of the first header with that id.
    pub fn value(&self, id: HeaderId) -> Option<&[u8]> {
        let slot = self.ix.slots.get(self.ix.first_slot(id)?)?;
        Some(slot.value(&self.raw))
    }

    /// The values of every header line with that id, in order.
    pub fn values(&self, id: HeaderId) -> impl Iterator<Item = &[u8]> + Clone {
        let from = self.ix.first_slot(id).unwrap_or(self.ix.slots.len());
        let slots = self.ix.slots.get(from..).unwrap_or_default();
        slots.iter().filter(move |s| s.id == id).map(|s| s.value(&self.raw))
    }

    /// The elements of a list header, repeated lines and comma lists joined.
    pub fn items(&self, id: HeaderId) -> Items<'_> {
        let from = self.ix.first_slot(id).unwrap_or(self.ix.slots.len());
        let slots = self.ix.slots.get(from..).unwrap_or_default();
        Items { raw: &self.raw, id, slots, line: Elements::new(&[]) }
    }

    /// Values of headers that have no id of ours, by name without case.
    pub fn values_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.headers()
            .filter(move |h| h.name.eq_ignore_ascii_case(name.as_bytes()))
            .map(|h| h.value)
    }

    /// Whether a header with that id is there.
    pub fn has(&self, id: HeaderId) -> bool {
        self.ix.first_slot(id).is_some()
    }

    /// The ids of all header lines in order.
    pub fn ids(&self) -> impl Iterator<Item = HeaderId> {
        self.ix.slots.iter().map(|s| s.id)
    }

    /// How many header lines there are.
    pub fn header_count(&self) -> usize {
        self.ix.slots.len()
    }

    /// The body.
    pub fn body(&self) -> &[u8] {
        scan::after(&self.raw, self.ix.head_end)
    }

    /// The body, sharing the message's buffer.
    pub fn body_bytes(&self) -> Bytes {
        self.raw.slice(self.ix.head_end.min(self.raw.len())..)
    }

    /// The message as text, unfolded, without anything that followed it.
    pub fn raw(&self) -> &Bytes {
        &self.raw
    }

    /// A copy for keeping: the exact bytes and nothing else.
    pub fn pack(&self) -> Packed {
        Packed(Bytes::copy_from_slice(&self.raw))
    }

    /// Same start line, headers (names by id, order, values) and body.
    pub fn same(&self, other: &Self) -> bool {
        let name = |h: &Header<'_>| {
            if h.id == HeaderId::Other { h.name.to_ascii_lowercase() } else { Vec::new() }
        };
        let key = |h: Header<'_>| (h.id, name(&h), h.value.to_vec());
        self.start() == other.start()
            && self.version_ok() == other.version_ok()
            && self.headers().map(key).eq(other.headers().map(key))
            && self.body() == other.body()
    }

    fn header(&self, slot: &Slot) -> Header<'_> {
        let text = scan::after(&self.raw, slot.name_at());
        let end = memchr::memchr(b':', text).unwrap_or(0);
        let name = scan::trim_end(cut(text, 0, end));
        Header { id: slot.id, name, value: slot.value(&self.raw) }
    }

    fn cut(&self, range: (u32, u32)) -> &[u8] {
        cut(&self.raw, range.0 as usize, range.1 as usize)
    }
}

/// Iterator of [`Msg::items`].
#[derive(Clone)]
pub struct Items<'a> {
    raw: &'a [u8],
    id: HeaderId,
    slots: &'a [Slot],
    line: Elements<'a>,
}

impl<'a> Iterator for Items<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        loop {
            if let Some(item) = self.line.next() {
                return Some(item);
            }
            let (slot, rest) = self.slots.split_first()?;
            self.slots = rest;
            if slot.id == self.id {
                self.line = Elements::new(slot.value(self.raw));
            }
        }
    }
}

impl fmt::Debug for Items<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Items({:?})", self.id)
    }
}

impl fmt::Debug for Msg {
    /// Start and size only: numbers and names of people stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Msg");
        match self.ix.line {
            Line::Request { method, .. } => out.field("method", &method),
            Line::Response { code, .. } => out.field("code", &code),
        };
        out.field("headers", &self.ix.slots.len()).field("bytes", &self.raw.len()).finish()
    }
}

/// A message kept for later: as large as its bytes. Opening it parses again (about 0.5 µs).
#[derive(Clone, PartialEq, Eq)]
pub struct Packed(Bytes);

impl Packed {
    /// The message; `None` never happens for what [`Msg::pack`] made.
    pub fn open(&self) -> Option<Msg> {
        Msg::parse_datagram(self.0.clone()).ok()
    }

    /// Its bytes.
    pub fn bytes(&self) -> &Bytes {
        &self.0
    }
}

impl fmt::Debug for Packed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Packed({} bytes)", self.0.len())
    }
}
