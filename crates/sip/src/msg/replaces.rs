//! Replaces, Join and Target-Dialog (RFC 3891 §6.1, RFC 3911, RFC 4538).

use super::scan::{Params, after, cut, is_space, trim};

/// A dialog named by the receiver's view of it.
#[derive(Debug, Clone, Copy)]
pub struct Replaces<'a> {
    /// Call-ID.
    pub call_id: &'a [u8],
    /// `to-tag`, or `local-tag` of Target-Dialog: the tag of the side that receives the header.
    pub to_tag: &'a [u8],
    /// `from-tag` or `remote-tag`: the tag of the other side.
    pub from_tag: &'a [u8],
    /// Only a dialog that is still early may be replaced.
    pub early_only: bool,
}

impl<'a> Replaces<'a> {
    /// Reads the value; `None` when malformed or without both tags. In a Refer-To it is escaped:
    /// take it with [`super::uri::SipUri::header`].
    pub fn parse(text: &'a [u8]) -> Option<Self> {
        let end = memchr::memchr(b';', text).unwrap_or(text.len());
        let call_id = trim(cut(text, 0, end));
        let params = Params::new(after(text, end));
        let to_tag = params.value("to-tag").or_else(|| params.value("local-tag"))?;
        let from_tag = params.value("from-tag").or_else(|| params.value("remote-tag"))?;
        let ok =
            !call_id.is_empty() && !call_id.iter().any(|b| is_space(*b)) && params.is_well_formed();
        let early_only = params.has("early-only");
        ok.then_some(Self { call_id, to_tag, from_tag, early_only })
    }
}
