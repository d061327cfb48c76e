//! Content-Type, Accept and what a body says about itself (RFC 3261 §20.1, §20.15).

use super::Msg;
use super::header::HeaderId;
use super::scan::{Params, after, cut, is_token, split_once, trim};

/// `type/subtype;params`.
#[derive(Debug, Clone, Copy)]
pub struct MediaType<'a> {
    /// For example `application`; compare without case.
    pub kind: &'a [u8],
    /// For example `sdp`; compare without case.
    pub subtype: &'a [u8],
    /// Parameters such as `boundary`.
    pub params: Params<'a>,
}

impl<'a> MediaType<'a> {
    /// Reads one media type or media range; `None` when malformed.
    pub fn parse(text: &'a [u8]) -> Option<Self> {
        let end = memchr::memchr(b';', text).unwrap_or(text.len());
        let (kind, subtype) = split_once(cut(text, 0, end), b'/')?;
        let (kind, subtype) = (trim(kind), trim(subtype));
        let params = Params::new(after(text, end));
        (is_token(kind) && is_token(subtype)).then_some(Self { kind, subtype, params })
    }

    /// Whether it is `kind/subtype`; `*` as subtype means any.
    pub fn is(&self, kind: &str, subtype: &str) -> bool {
        self.kind.eq_ignore_ascii_case(kind.as_bytes())
            && (subtype == "*" || self.subtype.eq_ignore_ascii_case(subtype.as_bytes()))
    }

    /// Whether it, read as a media range, includes `kind/subtype`.
    fn includes(&self, kind: &str, subtype: &str) -> bool {
        let any_kind = self.kind == b"*";
        (any_kind || self.kind.eq_ignore_ascii_case(kind.as_bytes()))
            && (self.subtype == b"*"
                || !any_kind && self.subtype.eq_ignore_ascii_case(subtype.as_bytes()))
    }
}

/// Whether the sender takes that type: no Accept at all means SDP only, as for INVITE
/// (RFC 3261 §20.1); `q=0` refuses.
pub fn accepts(msg: &Msg, kind: &str, subtype: &str) -> bool {
    if !msg.has(HeaderId::Accept) {
        return kind == "application" && subtype == "sdp";
    }
    msg.items(HeaderId::Accept).filter_map(MediaType::parse).any(|range| {
        let refused = range.params.value("q").is_some_and(|q| q.iter().all(|b| b"0.".contains(b)));
        !refused && range.includes(kind, subtype)
    })
}

/// `Content-Disposition: …;handling=optional`: a body that may be ignored (RFC 3261 §20.11).
pub fn is_body_optional(msg: &Msg) -> bool {
    let Some(value) = msg.value(HeaderId::ContentDisposition) else {
        return false;
    };
    let at = memchr::memchr(b';', value).unwrap_or(value.len());
    let handling = Params::new(after(value, at)).value("handling");
    handling.is_some_and(|h| h.eq_ignore_ascii_case(b"optional"))
}

/// Whether the body is sent without compression.
pub fn is_identity_encoded(msg: &Msg) -> bool {
    msg.items(HeaderId::ContentEncoding).all(|e| e.eq_ignore_ascii_case(b"identity"))
}
