//! CSeq and RAck (RFC 3261 §20.16, RFC 3262 §7.2).

use super::method::Method;
use super::scan::{is_space, is_token, number, trim};

/// Sequence number and method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CSeq<'a> {
    /// Below 2³¹ (RFC 3261 §8.1.1.5).
    pub number: u32,
    /// The method, `Other` when unknown.
    pub method: Method,
    /// The method as received.
    pub token: &'a [u8],
}

impl<'a> CSeq<'a> {
    /// Reads `number method`; `None` when malformed or out of range.
    pub fn parse(text: &'a [u8]) -> Option<Self> {
        let (first, token) = word(text)?;
        let number = number(first).filter(|n| *n < 1 << 31)?;
        is_token(token).then(|| Self { number, method: Method::of(token), token })
    }
}

/// Which reliable provisional response a PRACK acknowledges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RAck<'a> {
    /// The RSeq of the response.
    pub rseq: u32,
    /// The CSeq of the response.
    pub cseq: CSeq<'a>,
}

impl<'a> RAck<'a> {
    /// Reads `rseq cseq method`; `None` when malformed.
    pub fn parse(text: &'a [u8]) -> Option<Self> {
        let (first, rest) = word(text)?;
        Some(Self { rseq: number(first)?, cseq: CSeq::parse(rest)? })
    }
}

/// The first word and what follows it.
fn word(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let text = trim(text);
    let at = text.iter().position(|b| is_space(*b))?;
    let (first, rest) = text.split_at_checked(at)?;
    Some((first, trim(rest)))
}
