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
    Writer::respond(scratch, request, reply(error.status(), to)).finish_bytes().ok()
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
