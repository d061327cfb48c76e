//! Lines and fields.

use std::net::IpAddr;

/// One line with its place in the body.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    /// Offset of its first byte in what was iterated.
    pub(super) start: usize,
    /// With its line end.
    pub(super) raw: &'a [u8],
}

impl<'a> Line<'a> {
    /// Without its line end.
    pub(super) fn text(&self) -> &'a [u8] {
        let line = self.raw.strip_suffix(b"\n").unwrap_or(self.raw);
        line.strip_suffix(b"\r").unwrap_or(line)
    }

    /// Type letter and value.
    pub(super) fn split(&self) -> Option<(u8, &'a [u8])> {
        let ([key, b'='], value) = self.text().split_first_chunk::<2>()? else { return None };
        let clean = !value.iter().any(|b| matches!(b, 0 | b'\r'));
        (key.is_ascii_lowercase() && clean).then_some((*key, value))
    }

    pub(super) fn value_of(&self, wanted: u8) -> Option<&'a [u8]> {
        self.split().filter(|(key, _)| *key == wanted).map(|(_, value)| value)
    }

    /// Name and value of an attribute; a flag has an empty value.
    pub(super) fn attribute(&self) -> Option<(&'a [u8], &'a [u8])> {
        let value = self.value_of(b'a')?;
        Some(match memchr(b':', value) {
            Some(at) => (value.get(..at)?, value.get(at + 1..)?),
            None => (value, b""),
        })
    }
}

/// The lines of a body or section. Empty lines at its end are passed over.
#[derive(Debug, Clone)]
pub(super) struct Lines<'a> {
    rest: &'a [u8],
    at: usize,
}

impl<'a> Lines<'a> {
    pub(super) fn new(body: &'a [u8]) -> Self {
        Self { rest: body, at: 0 }
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = Line<'a>;

    fn next(&mut self) -> Option<Line<'a>> {
        if self.rest.iter().all(|b| matches!(b, b'\r' | b'\n')) {
            return None;
        }
        let end = memchr(b'\n', self.rest).map_or(self.rest.len(), |at| at + 1);
        let (raw, rest) = self.rest.split_at_checked(end)?;
        let line = Line { start: self.at, raw };
        self.rest = rest;
        self.at += end;
        Some(line)
    }
}

fn memchr(byte: u8, bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|b| *b == byte)
}

pub(super) fn line_at(body: &[u8], n: usize) -> Option<Line<'_>> {
    Lines::new(body).nth(n)
}

pub(super) fn attribute<'a>(part: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    Lines::new(part).find_map(|l| l.attribute().filter(|(n, _)| *n == name).map(|(_, v)| v))
}

/// The first `N` fields that blanks separate.
pub(super) fn fields<const N: usize>(value: &[u8]) -> Option<[&[u8]; N]> {
    let mut words = words(value);
    let mut out = [&value[..0]; N];
    for field in &mut out {
        *field = words.next()?;
    }
    Some(out)
}

pub(super) fn words(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|b| matches!(b, b' ' | b'\t')).filter(|w| !w.is_empty())
}

/// Decimal digits only, at most u64.
pub(super) fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// The six fields of `o=`: user, session, version, `IN`, family, address.
pub(super) fn origin(value: &[u8]) -> Option<[&[u8]; 6]> {
    fields(value)
}

/// The address of a `c=` value. Names and multicast are `None`.
pub(super) fn connection(value: &[u8]) -> Option<IpAddr> {
    let [net, family, address] = fields(value)?;
    net.eq_ignore_ascii_case(b"IN").then_some(())?;
    let address = address.split(|b| *b == b'/').next()?;
    let ip: IpAddr = std::str::from_utf8(address).ok()?.parse().ok()?;
    let fits = match ip {
        IpAddr::V4(_) => family.eq_ignore_ascii_case(b"IP4"),
        IpAddr::V6(_) => family.eq_ignore_ascii_case(b"IP6"),
    };
    (fits && !ip.is_multicast()).then_some(ip)
}

/// `IP4 192.0.2.1` or `IP6 2001:db8::1`.
pub(super) fn family_and_address(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => format!("IP4 {ip}"),
        IpAddr::V6(ip) => format!("IP6 {ip}"),
    }
}
