//! Reason and Warning (RFC 3326, RFC 3261 §20.43).

use std::borrow::Cow;

use super::event::TokenParams;
use super::scan::{decode_text, inside_quotes, is_space, number, trim};

/// One reason why a message was sent.
#[derive(Debug, Clone, Copy)]
pub struct Reason<'a> {
    /// `SIP`, `Q.850` or another protocol; compare without case.
    pub protocol: &'a [u8],
    /// Status code or cause value.
    pub cause: Option<u32>,
    text: Option<&'a [u8]>,
}

impl<'a> Reason<'a> {
    /// Reads one element; `None` when malformed.
    pub fn parse(text: &'a [u8]) -> Option<Self> {
        let value = TokenParams::parse(text)?;
        Some(Self {
            protocol: value.token,
            cause: value.params.value("cause").and_then(number),
            text: value.params.value("text"),
        })
    }

    /// Whether the protocol is `name`.
    pub fn is(&self, name: &str) -> bool {
        self.protocol.eq_ignore_ascii_case(name.as_bytes())
    }

    /// The text for people.
    pub fn text(&self) -> Option<Cow<'a, str>> {
        let value = self.text?;
        match inside_quotes(value) {
            Some(inner) => Some(decode_text(inner, true)),
            None => Some(decode_text(value, false)),
        }
    }
}

/// One warning.
#[derive(Debug, Clone, Copy)]
pub struct Warning<'a> {
    /// 300–399.
    pub code: u32,
    /// Who warns.
    pub agent: &'a [u8],
    text: &'a [u8],
}

impl<'a> Warning<'a> {
    /// Reads one element; `None` when malformed.
    pub fn parse(text: &'a [u8]) -> Option<Self> {
        let (code, rest) = text.split_at_checked(text.iter().position(|b| is_space(*b))?)?;
        let rest = trim(rest);
        let (agent, rest) = rest.split_at_checked(rest.iter().position(|b| is_space(*b))?)?;
        Some(Self { code: number(code)?, agent, text: inside_quotes(trim(rest))? })
    }

    /// The text for people.
    pub fn text(&self) -> Cow<'a, str> {
        decode_text(self.text, true)
    }
}
