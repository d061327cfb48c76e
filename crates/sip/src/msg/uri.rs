//! SIP, SIPS and tel URIs (RFC 3261 §19.1, RFC 3966).
//!
//! `%HH` is decoded only for comparison and look-up; `%00` is a character like any other.

use std::borrow::Cow;

use memchr::{memchr, memchr2};

use base::limits::SIP_URI_MAX;

pub use super::host::Host;
use super::scan::{Param, Params, after, byte_set, cut, hex_digit, split_once};

/// A URI, borrowed from a message or from configuration.
#[derive(Debug, Clone, Copy)]
pub enum Uri<'a> {
    /// `sip:` or `sips:`.
    Sip(SipUri<'a>),
    /// `tel:`.
    Tel(TelUri<'a>),
    /// Any other scheme: carried, never routed to (416 in a Request-URI).
    Other {
        /// The scheme as written.
        scheme: &'a [u8],
        /// The whole URI.
        raw: &'a [u8],
    },
}

/// A SIP or SIPS URI.
#[derive(Debug, Clone, Copy)]
pub struct SipUri<'a> {
    /// The whole URI as received.
    pub raw: &'a [u8],
    /// `sips:`.
    pub secure: bool,
    /// User part, escapes kept, password and `@` excluded; `None` without `@`.
    pub user: Option<&'a [u8]>,
    /// What follows a colon in the user part; never used.
    pub password: Option<&'a [u8]>,
    /// Host part.
    pub host: Host<'a>,
    /// Port as written; `None` is not the same as 5060.
    pub port: Option<u16>,
    /// URI parameters.
    pub params: Params<'a>,
    /// What follows `?`, escapes kept; empty without.
    pub headers: &'a [u8],
}

/// A tel URI.
#[derive(Debug, Clone, Copy)]
pub struct TelUri<'a> {
    /// The whole URI as received.
    pub raw: &'a [u8],
    /// The number as written, with visual separators; begins with `+` when global.
    pub number: &'a [u8],
    /// Parameters such as `phone-context` and `isub`.
    pub params: Params<'a>,
}

impl<'a> Uri<'a> {
    /// Reads a URI without surrounding `<>`; `None` when malformed or above 2 KiB.
    pub fn parse(raw: &'a [u8]) -> Option<Self> {
        if raw.len() > SIP_URI_MAX {
            return None;
        }
        let (scheme, rest) = split_once(raw, b':')?;
        if scheme.eq_ignore_ascii_case(b"sip") {
            return SipUri::after_scheme(raw, rest, false).map(Self::Sip);
        }
        if scheme.eq_ignore_ascii_case(b"sips") {
            return SipUri::after_scheme(raw, rest, true).map(Self::Sip);
        }
        let is_scheme_byte = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.');
        if !scheme.first()?.is_ascii_alphabetic() || !scheme.iter().all(is_scheme_byte) {
            return None;
        }
        if scheme.eq_ignore_ascii_case(b"tel") {
            return TelUri::after_scheme(raw, rest).map(Self::Tel);
        }
        let plain = |b: &u8| *b > b' ' && *b != 0x7f && !matches!(b, b'<' | b'>' | b'"');
        (!rest.is_empty() && rest.iter().all(plain)).then_some(Self::Other { scheme, raw })
    }

    /// The URI as received.
    pub fn raw(&self) -> &'a [u8] {
        match self {
            Self::Sip(uri) => uri.raw,
            Self::Tel(uri) => uri.raw,
            Self::Other { raw, .. } => raw,
        }
    }

    /// The SIP or SIPS URI, if it is one.
    pub fn sip(self) -> Option<SipUri<'a>> {
        match self {
            Self::Sip(uri) => Some(uri),
            Self::Tel(_) | Self::Other { .. } => None,
        }
    }

    /// What names the user or number: the decoded user part, or the number of a tel URI without
    /// visual separators. `None` without a user part.
    pub fn user(&self) -> Option<Cow<'a, [u8]>> {
        match self {
            Self::Sip(uri) => uri.user.map(unescape),
            Self::Tel(uri) => Some(Cow::Owned(uri.digits())),
            Self::Other { .. } => None,
        }
    }

    /// Whether both name the same resource (RFC 3261 §19.1.4, RFC 3966 §4).
    pub fn same(&self, other: &Uri<'_>) -> bool {
        match (self, other) {
            (Self::Sip(a), Uri::Sip(b)) => a.same(b),
            (Self::Tel(a), Uri::Tel(b)) => a.same(b),
            (Self::Other { raw: a, .. }, Uri::Other { raw: b, .. }) => a == b,
            _ => false,
        }
    }
}

/// Parameters that make a difference even when only one of two URIs has them.
const STRICT_PARAMS: [&str; 5] = ["user", "ttl", "method", "maddr", "transport"];

impl<'a> SipUri<'a> {
    fn after_scheme(raw: &'a [u8], rest: &'a [u8], secure: bool) -> Option<Self> {
        let (userinfo, rest) = match split_once(rest, b'@') {
            Some((userinfo, rest)) => (Some(userinfo), rest),
            None => (None, rest),
        };
        let (user, password) = match userinfo {
            None => (None, None),
            Some(text) => match split_once(text, b':') {
                Some((user, password)) => (Some(user), Some(password)),
                None => (Some(text), None),
            },
        };
        if user.is_some_and(|u| u.is_empty() || !is_escaped_text(u))
            || password.is_some_and(|p| !is_escaped_text(p))
        {
            return None;
        }
        let host_end = memchr2(b';', b'?', rest).unwrap_or(rest.len());
        let (host, port) = Host::parse_port(cut(rest, 0, host_end), false)?;
        let tail = after(rest, host_end);
        let (params, headers) = match memchr(b'?', tail) {
            Some(at) => (cut(tail, 0, at), Some(after(tail, at + 1))),
            None => (tail, None),
        };
        let params = Params::new(params);
        let param_ok = |p: Param<'_>| {
            is_param_text(p.name) && !p.name.is_empty() && p.value.is_none_or(is_param_text)
        };
        if !params.iter().all(param_ok) || headers.is_some_and(|h| !is_headers(h)) {
            return None;
        }
        let headers = headers.unwrap_or_default();
        Some(Self { raw, secure, user, password, host, port, params, headers })
    }

    /// The user part with escapes undone, for look-up; `None` without one.
    pub fn user_decoded(&self) -> Option<Cow<'a, [u8]>> {
        self.user.map(unescape)
    }

    /// Value of a URI parameter, escapes kept; empty for a parameter without value.
    pub fn param(&self, name: &str) -> Option<&'a [u8]> {
        self.params.find(name).map(|p| p.value.unwrap_or_default())
    }

    /// The `(name, value)` pairs after `?`, escapes kept.
    pub fn header_pairs(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> + use<'a> {
        let pairs = self.headers.split(|b| *b == b'&').filter(|p| !p.is_empty());
        pairs.map(|p| split_once(p, b'=').unwrap_or((p, &[])))
    }

    /// The value of the header `name` after `?` with escapes undone, as for `Replaces` in a
    /// Refer-To (RFC 3891 §5).
    pub fn header(&self, name: &str) -> Option<Cow<'a, [u8]>> {
        let mut pairs = self.header_pairs();
        pairs.find(|(n, _)| n.eq_ignore_ascii_case(name.as_bytes())).map(|(_, v)| unescape(v))
    }

    /// The URI without what follows `?`: what a Contact becomes when it is used as Request-URI.
    pub fn without_headers(&self) -> &'a [u8] {
        cut(
            self.raw,
            0,
            memchr(b'?', self.raw)
                .filter(|_| !self.headers.is_empty())
                .map_or(self.raw.len(), |_| self.raw.len() - self.headers.len() - 1),
        )
    }

    /// Whether it carries `;lr`: a loose router (RFC 3261 §16.12).
    pub fn is_loose(&self) -> bool {
        self.params.has("lr")
    }

    /// Whether both are equivalent (RFC 3261 §19.1.4).
    pub fn same(&self, other: &SipUri<'_>) -> bool {
        self.secure == other.secure
            && same_option(self.user, other.user, same_text)
            && same_option(self.password, other.password, same_text)
            && self.host == other.host
            && self.port == other.port
            && params_agree(self.params, other.params)
            && params_agree(other.params, self.params)
            && headers_within(self, other)
            && headers_within(other, self)
    }
}

fn same_option<T>(a: Option<T>, b: Option<T>, same: impl Fn(T, T) -> bool) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => same(a, b),
        (None, None) => true,
        _ => false,
    }
}

/// Every parameter of `a` has an equal one in `b`, or may be missing there.
fn params_agree(a: Params<'_>, b: Params<'_>) -> bool {
    a.iter().all(|p| {
        let twin = b.iter().find(|q| same_text_nocase(p.name, q.name));
        match twin {
            Some(q) => same_text_nocase(p.value.unwrap_or_default(), q.value.unwrap_or_default()),
            None => !STRICT_PARAMS.iter().any(|s| same_text_nocase(p.name, s.as_bytes())),
        }
    })
}

fn headers_within(a: &SipUri<'_>, b: &SipUri<'_>) -> bool {
    a.header_pairs().all(|(name, value)| {
        b.header_pairs().any(|(n, v)| same_text_nocase(name, n) && same_text(value, v))
    })
}

impl<'a> TelUri<'a> {
    fn after_scheme(raw: &'a [u8], rest: &'a [u8]) -> Option<Self> {
        let end = memchr(b';', rest).unwrap_or(rest.len());
        let number = cut(rest, 0, end);
        let digits = number.strip_prefix(b"+").unwrap_or(number);
        let is_number_byte =
            |b: &u8| b.is_ascii_hexdigit() || matches!(b, b'*' | b'#') || is_visual_separator(*b);
        let params = Params::new(after(rest, end));
        let param_ok = |p: Param<'_>| {
            is_param_text(p.name) && !p.name.is_empty() && p.value.is_none_or(is_param_text)
        };
        (digits.iter().any(|b| !is_visual_separator(*b))
            && digits.iter().all(is_number_byte)
            && params.iter().all(param_ok))
        .then_some(Self { raw, number, params })
    }

    /// The number without visual separators, `+` kept.
    pub fn digits(&self) -> Vec<u8> {
        self.number.iter().copied().filter(|b| !is_visual_separator(*b)).collect()
    }

    /// Whether it is a global number.
    pub fn is_global(&self) -> bool {
        self.number.first() == Some(&b'+')
    }

    fn same(&self, other: &TelUri<'_>) -> bool {
        let within = |a: Params<'_>, b: Params<'_>| {
            a.iter().all(|p| {
                let value = p.value.unwrap_or_default();
                b.iter().any(|q| {
                    same_text_nocase(p.name, q.name)
                        && same_text_nocase(value, q.value.unwrap_or_default())
                })
            })
        };
        self.digits().eq_ignore_ascii_case(&other.digits())
            && within(self.params, other.params)
            && within(other.params, self.params)
    }
}

fn is_visual_separator(byte: u8) -> bool {
    matches!(byte, b'-' | b'.' | b'(' | b')')
}

/// User part or password: escapes complete, nothing that could end the URI elsewhere.
///
/// COMPAT (most phones): `#` of dialled feature codes and bytes above 127 come unescaped.
fn is_escaped_text(text: &[u8]) -> bool {
    static USER: [bool; 256] = byte_set(b"()&=+$,;?/#", true);
    escapes_ok(text, &USER)
}

fn is_param_text(text: &[u8]) -> bool {
    static PARAM: [bool; 256] = byte_set(b"()[]/:&+$\"", true);
    escapes_ok(text, &PARAM)
}

fn is_headers(text: &[u8]) -> bool {
    static HEADERS: [bool; 256] = byte_set(b"()[]/?:+$=&;@,", false);
    !text.is_empty() && escapes_ok(text, &HEADERS)
}

/// Only bytes of the set and complete escapes.
fn escapes_ok(text: &[u8], set: &[bool; 256]) -> bool {
    let mut rest = text;
    loop {
        rest = match rest {
            [] => return true,
            [byte, tail @ ..] if set.get(usize::from(*byte)).copied().unwrap_or(false) => tail,
            [b'%', high, low, tail @ ..] if is_hex(*high) && is_hex(*low) => tail,
            _ => return false,
        };
    }
}

fn is_hex(byte: u8) -> bool {
    byte.is_ascii_hexdigit()
}

/// Undoes `%HH`; an incomplete escape stays as it is.
pub fn unescape(text: &[u8]) -> Cow<'_, [u8]> {
    if memchr(b'%', text).is_none() {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len());
    out.extend(Units { rest: text }.map(|(byte, _)| byte));
    Cow::Owned(out)
}

/// Escapes a dialled or configured text for the user part of a URI.
pub fn escape_user(text: &[u8], out: &mut Vec<u8>) {
    for byte in text {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()&=+$,/".contains(byte) {
            out.push(*byte);
        } else {
            push_escape(*byte, out);
        }
    }
}

/// Escapes a text for the value of a header after `?`, as `Replaces` in a Refer-To needs it.
pub fn escape_header(text: &[u8], out: &mut Vec<u8>) {
    for byte in text {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(byte) {
            out.push(*byte);
        } else {
            push_escape(*byte, out);
        }
    }
}

fn push_escape(byte: u8, out: &mut Vec<u8>) {
    let digit = |n: u8| if n < 10 { b'0' + n } else { b'A' + n - 10 };
    out.extend_from_slice(&[b'%', digit(byte >> 4), digit(byte & 15)]);
}

/// Characters of escaped text: the byte, and whether it was written as `%HH` though reserved, so
/// that it differs from the plain character.
struct Units<'a> {
    rest: &'a [u8],
}

impl Iterator for Units<'_> {
    type Item = (u8, bool);

    fn next(&mut self) -> Option<(u8, bool)> {
        if let [b'%', high, low, tail @ ..] = self.rest
            && let (Some(high), Some(low)) = (hex_digit(*high), hex_digit(*low))
        {
            let byte = high << 4 | low;
            self.rest = tail;
            return Some((byte, b";/?:@&=+$,".contains(&byte)));
        }
        let (byte, tail) = self.rest.split_first()?;
        self.rest = tail;
        Some((*byte, false))
    }
}

fn same_text(a: &[u8], b: &[u8]) -> bool {
    Units { rest: a }.eq(Units { rest: b })
}

fn same_text_nocase(a: &[u8], b: &[u8]) -> bool {
    let lower = |(byte, reserved): (u8, bool)| (byte.to_ascii_lowercase(), reserved);
    Units { rest: a }.map(lower).eq(Units { rest: b }.map(lower))
}
