//! Event and Subscription-State (RFC 6665 §8.2).

use super::scan::{Params, after, cut, is_token, number, trim};

/// `token;params`: the form of Event, Subscription-State, Content-Disposition and others.
#[derive(Debug, Clone, Copy)]
pub struct TokenParams<'a> {
    /// The token; compare without case.
    pub token: &'a [u8],
    /// Its parameters.
    pub params: Params<'a>,
}

impl<'a> TokenParams<'a> {
    /// Reads one value; `None` when malformed.
    pub fn parse(text: &'a [u8]) -> Option<Self> {
        let end = memchr::memchr(b';', text).unwrap_or(text.len());
        let token = trim(cut(text, 0, end));
        let params = Params::new(after(text, end));
        (is_token(token) && params.is_well_formed()).then_some(Self { token, params })
    }

    /// Whether the token is `name`.
    pub fn is(&self, name: &str) -> bool {
        self.token.eq_ignore_ascii_case(name.as_bytes())
    }
}

/// An event package and which subscription of it.
#[derive(Debug, Clone, Copy)]
pub struct Event<'a> {
    /// Package with templates, for example `presence.winfo`; compared with case (§8.2.1).
    pub package: &'a [u8],
    /// The `id` parameter.
    pub id: Option<&'a [u8]>,
    /// All parameters.
    pub params: Params<'a>,
}

impl<'a> Event<'a> {
    /// Reads the value of Event; `None` when malformed.
    pub fn parse(text: &'a [u8]) -> Option<Self> {
        let value = TokenParams::parse(text)?;
        Some(Self { package: value.token, id: value.params.value("id"), params: value.params })
    }
}

/// State of a subscription as a NOTIFY tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubState {
    /// Accepted.
    Active,
    /// Not yet decided.
    Pending,
    /// Over.
    Terminated,
    /// An extension state: treated as active (RFC 6665 §4.1.3).
    Other,
}

/// Subscription-State.
#[derive(Debug, Clone, Copy)]
pub struct SubscriptionState<'a> {
    /// The state.
    pub state: SubState,
    /// Seconds left.
    pub expires: Option<u32>,
    /// Why it ended, for example `deactivated`.
    pub reason: Option<&'a [u8]>,
    /// Seconds after which to try again.
    pub retry_after: Option<u32>,
}

impl<'a> SubscriptionState<'a> {
    /// Reads the value; `None` when malformed.
    pub fn parse(text: &'a [u8]) -> Option<Self> {
        let value = TokenParams::parse(text)?;
        let state = if value.is("active") {
            SubState::Active
        } else if value.is("pending") {
            SubState::Pending
        } else if value.is("terminated") {
            SubState::Terminated
        } else {
            SubState::Other
        };
        Some(Self {
            state,
            expires: value.params.value("expires").and_then(number),
            reason: value.params.value("reason"),
            retry_after: value.params.value("retry-after").and_then(number),
        })
    }
}
