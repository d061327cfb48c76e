//! Hosts in URIs and Via.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::scan::port;

/// A host as written: a name or an address.
#[derive(Debug, Clone, Copy)]
pub enum Host<'a> {
    /// A DNS name; compare without case.
    Name(&'a str),
    /// An address literal, brackets removed.
    Ip(IpAddr),
}

impl<'a> Host<'a> {
    /// Reads a host without port: name, IPv4, or IPv6 in brackets.
    ///
    /// Three colons in an IPv6 address are read as two (RFC 5118 §4.10).
    pub fn parse(text: &'a [u8]) -> Option<Self> {
        if let Some(inner) = text.strip_prefix(b"[") {
            return ipv6(inner.strip_suffix(b"]")?).map(|a| Self::Ip(a.into()));
        }
        let is_name = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
        if text.is_empty() || text.len() > 255 || !text.iter().all(is_name) {
            return None;
        }
        let text = std::str::from_utf8(text).ok()?;
        if text.starts_with(|c: char| c.is_ascii_digit())
            && let Ok(address) = text.parse::<Ipv4Addr>()
        {
            return Some(Self::Ip(address.into()));
        }
        Some(Self::Name(text))
    }

    /// Reads `host[:port]`; white space around the colon is allowed when `loose` (Via).
    pub(crate) fn parse_port(text: &'a [u8], loose: bool) -> Option<(Self, Option<u16>)> {
        let trim = |t: &'a [u8]| if loose { super::scan::trim(t) } else { t };
        let host_end = match text.first() {
            Some(b'[') => memchr::memchr(b']', text)? + 1,
            _ => memchr::memchr(b':', text).unwrap_or(text.len()),
        };
        let host = Self::parse(trim(super::scan::cut(text, 0, host_end)))?;
        let rest = trim(super::scan::after(text, host_end));
        if rest.is_empty() {
            return Some((host, None));
        }
        Some((host, Some(port(trim(rest.strip_prefix(b":")?))?)))
    }

    /// An address with or without brackets, as in `received=` (RFC 5118 §4.5).
    pub fn parse_address(text: &[u8]) -> Option<IpAddr> {
        let inner = text.strip_prefix(b"[").and_then(|t| t.strip_suffix(b"]")).unwrap_or(text);
        if inner.contains(&b':') {
            return ipv6(inner).map(IpAddr::V6);
        }
        std::str::from_utf8(text).ok()?.parse::<Ipv4Addr>().ok().map(IpAddr::V4)
    }

    /// The address, when it is one.
    pub fn ip(self) -> Option<IpAddr> {
        match self {
            Self::Ip(address) => Some(address),
            Self::Name(_) => None,
        }
    }
}

impl PartialEq for Host<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Name(a), Self::Name(b)) => a.eq_ignore_ascii_case(b),
            (Self::Ip(a), Self::Ip(b)) => a == b,
            (Self::Name(_), Self::Ip(_)) | (Self::Ip(_), Self::Name(_)) => false,
        }
    }
}

impl Eq for Host<'_> {}

impl fmt::Display for Host<'_> {
    /// As written in a message: IPv6 in brackets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Ip(IpAddr::V4(address)) => address.fmt(f),
            Self::Ip(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}

fn ipv6(text: &[u8]) -> Option<Ipv6Addr> {
    let text = std::str::from_utf8(text).ok().filter(|t| t.len() <= 64)?;
    text.parse().ok().or_else(|| text.replacen(":::", "::", 1).parse().ok())
}
