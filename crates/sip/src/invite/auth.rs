//! Challenges to requests of ours: only user agents have credentials.

use super::Cx;
use super::text::Ask;
use crate::msg::{HeaderId, Method, Msg};

/// The header line that answers a challenge, when there are credentials for it.
pub(super) fn proof(
    cx: &mut Cx<'_>,
    challenge: &Msg,
    method: Method,
    uri: &[u8],
) -> Option<Vec<u8>> {
    cx.secrets.as_mut()?.answer(challenge, method, uri)
}

/// Adds a header line made by [`proof`].
pub(super) fn with_proof<'a>(ask: Ask<'a>, line: &[u8]) -> Ask<'a> {
    let at = line.iter().position(|b| *b == b':').unwrap_or(line.len());
    let (name, value) = line.split_at(at);
    let value = value.strip_prefix(b":").unwrap_or_default().trim_ascii();
    match HeaderId::of(name) {
        id @ (HeaderId::Authorization | HeaderId::ProxyAuthorization) => ask.with(id, value),
        _ => ask,
    }
}
