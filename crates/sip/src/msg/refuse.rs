//! Stateless refusals, whole: what is sent for a message that never gets a transaction.

use std::net::SocketAddr;

use bytes::Bytes;

use super::check::{Policy, Refusal};
use super::write::{Reply, Writer};
use super::{Msg, ParseError};

/// How to address a refusal.
#[derive(Debug, Clone, Copy)]
pub struct Address<'a> {
    /// Where the request came from.
    pub source: Option<SocketAddr>,
    /// Our To tag; a hash of the request, so that repeats get the same one.
    pub to_tag: &'a str,
}

/// The answer to a message that could not be read; `None` when nothing may be sent.
pub fn broken(error: &ParseError, to: Address<'_>, scratch: &mut Vec<u8>) -> Option<Bytes> {
    let request = error.answerable()?;
    let bytes = Writer::respond(scratch, request, reply(error.status(), to)).finish_bytes().ok()?;
    // Values that identify the request are copied as they came; what broke them is not passed on.
    let is_whole = |(at, _): (usize, &u8)| bytes.get(at + 1) == Some(&b'\n');
    let mut returns = bytes.iter().enumerate().filter(|(_, b)| **b == b'\r');
    returns.all(is_whole).then_some(bytes)
}

/// The answer to a message that makes no sense, with the headers that its status demands.
pub fn refused(
    refusal: Refusal,
    request: &Msg,
    policy: &Policy<'_>,
    to: Address<'_>,
    scratch: &mut Vec<u8>,
) -> Option<Bytes> {
    let mut writer = Writer::respond(scratch, request, reply(refusal.status(), to));
    refusal.explain(request, policy, &mut writer);
    writer.finish_bytes().ok()
}

fn reply(code: u16, to: Address<'_>) -> Reply<'_> {
    Reply { code, phrase: "", to_tag: Some(to.to_tag), source: to.source }
}
