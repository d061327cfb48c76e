//! Session-Expires and Min-SE (RFC 4028 §4, §5).

use super::scan::{Params, after, cut, number, trim};

/// Who refreshes a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refresher {
    /// The side that sent the request.
    Uac,
    /// The side that answered it.
    Uas,
}

impl Refresher {
    /// As written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Uac => "uac",
            Self::Uas => "uas",
        }
    }
}

/// An interval in seconds, with who refreshes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionExpires {
    /// Seconds.
    pub seconds: u32,
    /// The `refresher` parameter; `None` leaves the choice.
    pub refresher: Option<Refresher>,
}

impl SessionExpires {
    /// Reads Session-Expires, or Min-SE whose parameters are ignored; `None` when malformed.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let end = memchr::memchr(b';', text).unwrap_or(text.len());
        let seconds = number(trim(cut(text, 0, end)))?;
        let refresher = Params::new(after(text, end)).value("refresher");
        let refresher = match refresher {
            Some(who) if who.eq_ignore_ascii_case(b"uac") => Some(Refresher::Uac),
            Some(who) if who.eq_ignore_ascii_case(b"uas") => Some(Refresher::Uas),
            _ => None,
        };
        Some(Self { seconds, refresher })
    }
}
