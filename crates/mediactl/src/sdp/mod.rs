//! A typed view over an SDP body (RFC 8866) that stays bytes.
//!
//! Most calls hand the body from phone to phone untouched, so [`Sdp::parse`] only finds the
//! lines and sections; [`Sdp::audio`] and the others read what is asked for. What we change is
//! patched line by line ([`Patch`]): every other byte, known or not, stays where it was.
//!
//! | Task | Here |
//! |---|---|
//! | look into an offer or answer | [`Sdp`], [`Audio`], [`Image`] |
//! | relay: our address, keys, direction | [`Sdp::patched`] |
//! | offers and answers of our own | [`Own`] |
//! | answer ⊆ offer, common codecs | [`check_answer`], [`negotiate`] |
//! | `o=` that stays one session per leg | [`Session`] |
//!
//! Nothing here fails because of an attribute that we do not know.

mod answer;
mod audio;
mod base64;
mod crypto_line;
mod own;
mod patch;
mod session;
mod text;

use std::net::SocketAddr;

pub use answer::{AnswerError, check_answer, common, negotiate};
pub use audio::{Audio, Format, Profile};
pub use crypto_line::write_crypto;
pub use own::Own;
pub use patch::{CryptoPatch, Others, Patch};
pub use session::Session;
use smallvec::SmallVec;
use text::{Lines, fields};
use thiserror::Error;

/// Payload types kept of one line; phones offer up to about fifteen.
pub const PAYLOADS_MAX: usize = 32;

/// Lines of one body; a phone with every codec and ICE has about a hundred.
pub const LINES_MAX: usize = 1_000;

/// Media lines of one body.
pub const MEDIA_MAX: usize = 16;

/// Why a body is no SDP that we can use.
///
/// An offer: 400 for [`SdpError::TooLong`] and [`SdpError::Syntax`], else 488 with a Warning;
/// an answer: the leg is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SdpError {
    /// More than `base::limits::SDP_MAX` bytes, [`LINES_MAX`] lines or [`MEDIA_MAX`] media.
    #[error("session description too long")]
    TooLong,
    /// A line that is not `letter=value`, or no `v=0` and `o=` at the beginning.
    #[error("line {line} is not session description")]
    Syntax {
        /// Number of the line, from 1.
        line: usize,
    },
    /// The media line has neither `c=` of its own nor one of the session.
    #[error("no connection line")]
    NoConnection,
    /// The `c=` or `a=rtcp` address is a name, multicast, or not an address.
    #[error("connection address cannot be used")]
    Address,
    /// A media line without port or formats.
    #[error("media line cannot be read")]
    Media,
}

/// A body with its lines found; borrows it.
#[derive(Debug, Clone)]
pub struct Sdp<'a> {
    body: &'a [u8],
    /// Where each media section begins; the session part ends at the first.
    media: SmallVec<[usize; 4]>,
}

/// What an `m=` line is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaKind {
    /// `m=audio`.
    Audio,
    /// `m=image` over UDPTL (T.38).
    Image,
    /// Video, application, text and whatever comes.
    Other,
}

/// The head of a media section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MediaLine<'a> {
    /// What it is about.
    pub kind: MediaKind,
    /// 0 = refused or switched off.
    pub port: u16,
    /// Transport, such as `RTP/AVP`.
    pub proto: &'a [u8],
    /// The formats, separated by blanks.
    pub formats: &'a [u8],
}

/// A T.38 line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Image {
    /// Which media line, from 0.
    pub line: usize,
    /// Where its writer receives UDPTL; port 0 = refused.
    pub addr: SocketAddr,
}

impl<'a> Sdp<'a> {
    /// Finds lines and media sections of `body`; LF alone and a missing last line end are taken.
    pub fn parse(body: &'a [u8]) -> Result<Self, SdpError> {
        if body.len() > base::limits::SDP_MAX {
            return Err(SdpError::TooLong);
        }
        let mut media = SmallVec::new();
        for (number, line) in Lines::new(body).enumerate() {
            let syntax = SdpError::Syntax { line: number + 1 };
            if number >= LINES_MAX {
                return Err(SdpError::TooLong);
            }
            let (key, value) = line.split().ok_or(syntax)?;
            match (number, key) {
                (0, b'v') if value == b"0" => {}
                (1, b'o') if text::origin(value).is_some() => {}
                (0 | 1, _) => return Err(syntax),
                (_, b'm') if media.len() >= MEDIA_MAX => return Err(SdpError::TooLong),
                (_, b'm') => media.push(line.start),
                _ => {}
            }
        }
        if text::line_at(body, 1).is_none() {
            return Err(SdpError::Syntax { line: 1 });
        }
        Ok(Self { body, media })
    }

    /// The bytes it was made from.
    pub fn body(&self) -> &'a [u8] {
        self.body
    }

    /// How many media lines there are, refused ones included.
    pub fn media_count(&self) -> usize {
        self.media.len()
    }

    /// The head of media line `n` (from 0); `None` past the end, `Media` when it is broken.
    pub fn media_line(&self, n: usize) -> Option<Result<MediaLine<'a>, SdpError>> {
        let section = self.section(n)?;
        let head = Lines::new(section).next()?;
        let (_, value) = head.split()?;
        Some(parse_media(value).ok_or(SdpError::Media))
    }

    /// The audio line to talk on: the first with a port, else the first; `None` without any.
    pub fn audio(&self) -> Result<Option<Audio<'a>>, SdpError> {
        let Some((n, media)) = self.pick(MediaKind::Audio)? else { return Ok(None) };
        audio::read(self, n, media).map(Some)
    }

    /// The T.38 line; `None` without any. Port 0 = refused.
    pub fn image(&self) -> Result<Option<Image>, SdpError> {
        let Some((n, media)) = self.pick(MediaKind::Image)? else { return Ok(None) };
        let ip = self.connection(n)?;
        Ok(Some(Image { line: n, addr: SocketAddr::new(ip, media.port) }))
    }

    /// Whether a T.38 line with a port is there: a fax is about to be sent.
    pub fn wants_t38(&self) -> bool {
        matches!(self.pick(MediaKind::Image), Ok(Some((_, media))) if media.port != 0)
    }

    /// Value of the first attribute `name` of the session part; `Some(b"")` for a flag.
    pub fn session_attribute(&self, name: &[u8]) -> Option<&'a [u8]> {
        text::attribute(self.session(), name)
    }

    /// Value of the first attribute `name` of media line `n`, without regard to the session part.
    pub fn media_attribute(&self, n: usize, name: &[u8]) -> Option<&'a [u8]> {
        text::attribute(self.section(n)?, name)
    }

    fn pick(&self, kind: MediaKind) -> Result<Option<(usize, MediaLine<'a>)>, SdpError> {
        let mut refused = None;
        for n in 0..self.media_count() {
            let Some(media) = self.media_line(n) else { break };
            // A broken line of another kind is not ours to judge.
            let media = match media {
                Ok(media) => media,
                Err(_) if !self.is_kind(n, kind) => continue,
                Err(error) => return Err(error),
            };
            if media.kind == kind && media.port != 0 {
                return Ok(Some((n, media)));
            }
            if media.kind == kind && refused.is_none() {
                refused = Some((n, media));
            }
        }
        Ok(refused)
    }

    fn is_kind(&self, n: usize, kind: MediaKind) -> bool {
        let word: &[u8] = match kind {
            MediaKind::Audio => b"m=audio",
            MediaKind::Image => b"m=image",
            MediaKind::Other => b"m=",
        };
        self.section(n).is_some_and(|s| s.starts_with(word))
    }

    fn session(&self) -> &'a [u8] {
        let end = self.media.first().copied().unwrap_or(self.body.len());
        self.body.get(..end).unwrap_or_default()
    }

    fn section(&self, n: usize) -> Option<&'a [u8]> {
        let start = *self.media.get(n)?;
        let end = self.media.get(n + 1).copied().unwrap_or(self.body.len());
        self.body.get(start..end)
    }

    fn connection(&self, n: usize) -> Result<std::net::IpAddr, SdpError> {
        let of = |part: &'a [u8]| Lines::new(part).find_map(|l| l.value_of(b'c'));
        let value = self
            .section(n)
            .and_then(of)
            .or_else(|| of(self.session()))
            .ok_or(SdpError::NoConnection)?;
        text::connection(value).ok_or(SdpError::Address)
    }
}

fn parse_media(value: &[u8]) -> Option<MediaLine<'_>> {
    let [kind, port, proto] = fields(value)?;
    // `49170/2` asks for two ports (RFC 8866 §5.14); nobody does for audio, the first counts.
    let port = port.split(|b| *b == b'/').next()?;
    let port = text::number(port)?.try_into().ok()?;
    let after = proto.as_ptr() as usize - value.as_ptr() as usize + proto.len();
    let formats = value.get(after..)?.trim_ascii();
    let kind = match kind {
        b"audio" => MediaKind::Audio,
        b"image" if proto.eq_ignore_ascii_case(b"udptl") => MediaKind::Image,
        _ => MediaKind::Other,
    };
    (!formats.is_empty()).then_some(MediaLine { kind, port, proto, formats })
}
