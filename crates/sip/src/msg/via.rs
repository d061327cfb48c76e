//! Via (RFC 3261 §20.42, RFC 3581).

use std::net::{IpAddr, SocketAddr};

use super::host::Host;
use super::scan::{Params, after, cut, find_outside, is_space, is_token, port, split_once, trim};
use super::transport::Transport;

/// What a branch begins with when it identifies a transaction by itself (RFC 3261 §8.1.1.7).
pub const MAGIC_COOKIE: &[u8] = b"z9hG4bK";

/// One Via element.
#[derive(Debug, Clone, Copy)]
pub struct Via<'a> {
    /// Transport token as received; [`Transport::of`] knows ours.
    pub transport: &'a [u8],
    /// The host of sent-by.
    pub host: Host<'a>,
    /// The port of sent-by, if written.
    pub port: Option<u16>,
    /// Parameters.
    pub params: Params<'a>,
    sent_by: &'a [u8],
}

impl<'a> Via<'a> {
    /// Reads one element; `None` when it is not SIP/2.0, names no host, or has broken parameters.
    pub fn parse(text: &'a [u8]) -> Option<Self> {
        let rest = match text.strip_prefix(b"SIP/2.0/") {
            Some(rest) => rest,
            None => after_protocol(text)?,
        };
        let rest = trim(rest);
        let end = rest.iter().position(|b| is_space(*b))?;
        let transport = cut(rest, 0, end);
        let rest = after(rest, end);
        let host_end = memchr::memchr(b';', rest).unwrap_or(rest.len());
        let sent_by = trim(cut(rest, 0, host_end));
        let params = Params::new(after(rest, host_end));
        if !is_token(transport) || !params.is_well_formed() {
            return None;
        }
        let (host, port) = Host::parse_port(sent_by, true)
            .or_else(|| Host::parse_address(sent_by).map(|ip| (Host::Ip(ip), None)))?;
        Some(Self { transport, host, port, params, sent_by })
    }

    /// The transport, when it is one of ours.
    pub fn transport(&self) -> Option<Transport> {
        Transport::of(self.transport)
    }

    /// `host[:port]` as received, part of the key of server transactions.
    pub fn sent_by(&self) -> &'a [u8] {
        self.sent_by
    }

    /// The branch as received; `None` when absent.
    pub fn branch(&self) -> Option<&'a [u8]> {
        self.params.value("branch")
    }

    /// Whether the branch begins with the magic cookie: RFC 3261 matching applies, else RFC 2543.
    pub fn has_cookie(&self) -> bool {
        self.branch()
            .and_then(|b| b.get(..MAGIC_COOKIE.len()))
            .is_some_and(|b| b.eq_ignore_ascii_case(MAGIC_COOKIE))
    }

    /// Whether `;rport` is there without a value: the sender asks for symmetric responses.
    pub fn wants_rport(&self) -> bool {
        self.params.find("rport").is_some_and(|p| p.value.is_none_or(<[u8]>::is_empty))
    }

    /// The value of `;rport=`.
    pub fn rport(&self) -> Option<u16> {
        self.params.value("rport").and_then(port)
    }

    /// The address of `;received=`, with or without brackets.
    pub fn received(&self) -> Option<IpAddr> {
        self.params.value("received").and_then(Host::parse_address)
    }

    /// Where the response to a request that came by datagram goes, given its source
    /// (RFC 3261 §18.2.2, RFC 3581 §4). A `maddr` is not followed: it could aim at others.
    pub fn reply_to(&self, source: SocketAddr) -> SocketAddr {
        if self.params.has("rport") {
            return source;
        }
        SocketAddr::new(source.ip(), self.port.unwrap_or(5060))
    }
}

/// What follows `SIP/2.0/` with white space or in other case.
fn after_protocol(text: &[u8]) -> Option<&[u8]> {
    let (protocol, rest) = split_once(text, b'/')?;
    let (version, rest) = split_once(rest, b'/')?;
    let ok = trim(protocol).eq_ignore_ascii_case(b"SIP") && trim(version) == b"2.0";
    ok.then_some(rest)
}

/// Length of the first element of a Via value, its trailing white space excluded.
pub(crate) fn first_len(value: &[u8]) -> usize {
    super::scan::trim_end(cut(value, 0, find_outside(value, b','))).len()
}
