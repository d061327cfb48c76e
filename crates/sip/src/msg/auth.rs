//! Credentials and challenges (RFC 3261 §20.7, §20.44, RFC 7616 §3).
//!
//! Values are raw bytes between their quotes, escapes kept: the digest is computed over what was
//! sent.

use super::scan::{Elements, Param, after, cut, inside_quotes, is_space, is_token, trim};

/// `scheme param, param`: the credentials of one header or one of several challenges.
#[derive(Debug, Clone, Copy)]
pub struct AuthValue<'a> {
    /// For example `Digest`; compare without case.
    pub scheme: &'a [u8],
    rest: &'a [u8],
}

impl<'a> AuthValue<'a> {
    /// Reads one value; `None` when it does not begin with a token.
    pub fn parse(text: &'a [u8]) -> Option<Self> {
        let text = trim(text);
        let end = text.iter().position(|b| is_space(*b)).unwrap_or(text.len());
        let scheme = cut(text, 0, end);
        is_token(scheme).then(|| Self { scheme, rest: trim(after(text, end)) })
    }

    /// Whether the scheme is Digest.
    pub fn is_digest(&self) -> bool {
        self.scheme.eq_ignore_ascii_case(b"Digest")
    }

    /// The parameters in order.
    pub fn params(&self) -> impl Iterator<Item = Param<'a>> + use<'a> {
        Elements::new(self.rest).map(Param::of)
    }

    /// The value of the first parameter `name`, without its quotes, escapes kept.
    pub fn param(&self, name: &str) -> Option<&'a [u8]> {
        let found = self.params().find(|p| p.name.eq_ignore_ascii_case(name.as_bytes()))?;
        let value = found.value?;
        Some(inside_quotes(value).unwrap_or(value))
    }
}

/// Digest credentials of a request.
#[derive(Debug, Clone, Copy)]
pub struct Credentials<'a> {
    /// Who; escapes kept.
    pub username: &'a [u8],
    /// Realm of the challenge that is answered.
    pub realm: &'a [u8],
    /// Its nonce.
    pub nonce: &'a [u8],
    /// The digest URI.
    pub uri: &'a [u8],
    /// The digest, hexadecimal.
    pub response: &'a [u8],
    /// Algorithm token; absent means MD5.
    pub algorithm: Option<&'a [u8]>,
    /// Client nonce.
    pub cnonce: Option<&'a [u8]>,
    /// Quality of protection.
    pub qop: Option<&'a [u8]>,
    /// Nonce count as received.
    pub nc: Option<&'a [u8]>,
}

impl<'a> Credentials<'a> {
    /// Reads the value of Authorization or Proxy-Authorization; `None` for another scheme or when
    /// username, realm, nonce, uri or response is missing or occurs twice.
    pub fn parse(text: &'a [u8]) -> Option<Self> {
        let value = AuthValue::parse(text).filter(AuthValue::is_digest)?;
        let mut found: [Option<&'a [u8]>; 9] = [None; 9];
        for param in value.params() {
            let Some(at) = FIELDS.iter().position(|f| param.name.eq_ignore_ascii_case(f)) else {
                continue;
            };
            let slot = found.get_mut(at)?;
            let text = param.value?;
            if slot.replace(inside_quotes(text).unwrap_or(text)).is_some() {
                return None;
            }
        }
        let [username, realm, nonce, uri, response, algorithm, cnonce, qop, nc] = found;
        Some(Self {
            username: username?,
            realm: realm?,
            nonce: nonce?,
            uri: uri?,
            response: response?,
            algorithm,
            cnonce,
            qop,
            nc,
        })
    }
}

const FIELDS: [&[u8]; 9] =
    [b"username", b"realm", b"nonce", b"uri", b"response", b"algorithm", b"cnonce", b"qop", b"nc"];

/// A Digest challenge of a 401 or 407.
#[derive(Debug, Clone, Copy)]
pub struct Challenge<'a> {
    /// Protection domain.
    pub realm: &'a [u8],
    /// To be sent back.
    pub nonce: &'a [u8],
    /// To be sent back unchanged, if given.
    pub opaque: Option<&'a [u8]>,
    /// Algorithm token; absent means MD5.
    pub algorithm: Option<&'a [u8]>,
    /// The credentials were right but the nonce too old.
    pub stale: bool,
    qop: Option<&'a [u8]>,
}

impl<'a> Challenge<'a> {
    /// Reads one challenge; `None` for another scheme or without realm or nonce.
    pub fn of(value: AuthValue<'a>) -> Option<Self> {
        if !value.is_digest() {
            return None;
        }
        Some(Self {
            realm: value.param("realm")?,
            nonce: value.param("nonce")?,
            opaque: value.param("opaque"),
            algorithm: value.param("algorithm"),
            stale: value.param("stale").is_some_and(|s| s.eq_ignore_ascii_case(b"true")),
            qop: value.param("qop"),
        })
    }

    /// Whether a qop is demanded at all; without one the digest is that of RFC 2069.
    pub fn has_qop(&self) -> bool {
        self.qop.is_some()
    }

    /// Whether `auth` is among the offered qop values.
    pub fn offers_auth(&self) -> bool {
        self.qop.is_some_and(|q| Elements::new(q).any(|v| v.eq_ignore_ascii_case(b"auth")))
    }
}

/// The challenges of one WWW- or Proxy-Authenticate line, most have one.
#[derive(Debug, Clone)]
pub struct Challenges<'a> {
    rest: &'a [u8],
}

impl<'a> Challenges<'a> {
    /// Splits a header value where a new scheme begins.
    pub fn new(value: &'a [u8]) -> Self {
        Self { rest: trim(value) }
    }
}

impl<'a> Iterator for Challenges<'a> {
    type Item = AuthValue<'a>;

    fn next(&mut self) -> Option<AuthValue<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        let text = self.rest;
        let mut end = 0;
        loop {
            end += super::scan::find_outside(after(text, end), b',');
            let next = after(text, end + 1);
            if next.is_empty() || begins_challenge(next) {
                self.rest = trim(next);
                break;
            }
            end += 1;
        }
        AuthValue::parse(cut(text, 0, end))
    }
}

/// `scheme name=`: a token, white space, and then no `=`.
fn begins_challenge(text: &[u8]) -> bool {
    let text = trim(text);
    let end = text.iter().position(|b| is_space(*b) || matches!(b, b'=' | b',')).unwrap_or(0);
    is_token(cut(text, 0, end))
        && text.get(end).is_some_and(|b| is_space(*b))
        && !matches!(trim(after(text, end)).first(), None | Some(b'=' | b','))
}
