//! Digest authentication, both roles (RFC 7616, RFC 8760, RFC 2617).
//!
//! Served: SHA-256 and MD5 with `qop=auth`; `-sess` variants are refused, not taken as plain. As
//! client: the first SHA-256 challenge, else the first MD5 one.

use std::net::IpAddr;

use base::{Rng, Wall};
use md5::{Digest as _, Md5};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::msg::auth::{Challenge, Credentials};
use crate::msg::uri::Uri;
use crate::msg::write::{Writer, push_quoted};
use crate::msg::{HeaderId, Method, Msg, Start};
use crate::nonce::{NonceKey, NonceState, Window, read_hex, write_hex};

/// A digest algorithm that we speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// Preferred whenever both ends know it (RFC 8760 §2.4).
    Sha256,
    /// For phones that know no better.
    Md5,
}

impl Algorithm {
    /// The token as written.
    pub fn token(self) -> &'static str {
        match self {
            Self::Sha256 => "SHA-256",
            Self::Md5 => "MD5",
        }
    }

    /// Reads the `algorithm` parameter; absent means MD5. `None` for everything that we do not
    /// serve, `MD5-sess` and `SHA-256-sess` among it.
    pub fn of(token: Option<&[u8]>) -> Option<Self> {
        match token {
            None => Some(Self::Md5),
            Some(t) if t.eq_ignore_ascii_case(b"MD5") => Some(Self::Md5),
            Some(t) if t.eq_ignore_ascii_case(b"SHA-256") => Some(Self::Sha256),
            Some(_) => None,
        }
    }
}

/// The stored form of a secret: `H(user:realm:secret)` per algorithm.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Ha1 {
    /// By MD5.
    pub md5: [u8; 16],
    /// By SHA-256.
    pub sha256: [u8; 32],
}

impl Ha1 {
    /// Computes both.
    pub fn compute(user: &[u8], realm: &[u8], secret: &[u8]) -> Self {
        let parts = [user, realm, secret];
        Self { md5: md5(&parts), sha256: sha256(&parts) }
    }
}

impl std::fmt::Debug for Ha1 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ha1(…)")
    }
}

/// A digest as hexadecimal, 32 or 64 characters.
#[derive(Clone, Copy)]
pub struct Hex {
    text: [u8; 64],
    len: usize,
}

impl Hex {
    fn of(bytes: &[u8]) -> Self {
        let mut text = [0; 64];
        write_hex(bytes, &mut text);
        Self { text, len: bytes.len() * 2 }
    }

    /// The characters.
    pub fn as_bytes(&self) -> &[u8] {
        self.text.get(..self.len).unwrap_or_default()
    }
}

/// `part:part:…` hashed.
fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for (n, part) in parts.iter().enumerate() {
        if n > 0 {
            hash.update(b":");
        }
        hash.update(part);
    }
    hash.finalize().into()
}

fn md5(parts: &[&[u8]]) -> [u8; 16] {
    let mut hash = Md5::new();
    for (n, part) in parts.iter().enumerate() {
        if n > 0 {
            hash.update(b":");
        }
        hash.update(part);
    }
    hash.finalize().into()
}

fn hash(algorithm: Algorithm, parts: &[&[u8]]) -> Hex {
    match algorithm {
        Algorithm::Sha256 => Hex::of(&sha256(parts)),
        Algorithm::Md5 => Hex::of(&md5(parts)),
    }
}

/// What a digest is computed over, apart from the secret; raw bytes as sent.
#[derive(Debug, Clone, Copy)]
pub struct Proof<'a> {
    /// Method token.
    pub method: &'a [u8],
    /// Digest URI.
    pub uri: &'a [u8],
    /// Nonce.
    pub nonce: &'a [u8],
    /// `nc` (8 hexadecimal digits) and `cnonce` of `qop=auth`; `None` for the form of RFC 2069.
    pub counted: Option<(&'a [u8], &'a [u8])>,
}

impl Proof<'_> {
    /// The response digest.
    pub fn response(&self, algorithm: Algorithm, ha1: &Ha1) -> Hex {
        let ha1 = match algorithm {
            Algorithm::Sha256 => Hex::of(&ha1.sha256),
            Algorithm::Md5 => Hex::of(&ha1.md5),
        };
        let ha2 = hash(algorithm, &[self.method, self.uri]);
        let (ha1, ha2) = (ha1.as_bytes(), ha2.as_bytes());
        match self.counted {
            Some((nc, cnonce)) => hash(algorithm, &[ha1, self.nonce, nc, cnonce, b"auth", ha2]),
            None => hash(algorithm, &[ha1, self.nonce, ha2]),
        }
    }
}

/// What became of the credentials of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Proven.
    Good,
    /// The nonce is too old, from another source or node, or its counter was used: challenge again
    /// with `stale=true`. Not a failure.
    Stale,
    /// Credentials that cannot be checked: no `qop=auth`, `-sess`, `nc` not 8 digits. Challenge
    /// again. Not a failure.
    Unusable,
    /// Checked and wrong, or the user is unknown: a failure in the sense of SEC-07.
    Wrong,
}

/// Where and when a request came, for the nonce.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// When it is judged.
    pub now: Wall,
    /// Source address.
    pub source: IpAddr,
    /// The realm that protects what it asks for.
    pub realm: &'a str,
}

/// The serving side: nonces, their counters, and the hash that unknown users are checked against.
pub struct Verifier {
    key: NonceKey,
    window: Window,
    dummy: Ha1,
}

impl Verifier {
    /// A verifier with keys from `rng`.
    pub fn new(rng: &mut Rng) -> Self {
        let key = NonceKey::new(rng);
        let window = Window::new(rng);
        let mut dummy = Ha1 { md5: [0; 16], sha256: [0; 32] };
        rng.fill(&mut dummy.md5);
        rng.fill(&mut dummy.sha256);
        Self { key, window, dummy }
    }

    /// The credentials of `request` for `realm`: from Authorization for REGISTER, else from
    /// Proxy-Authorization; of several those of the strongest algorithm.
    pub fn credentials<'m>(request: &'m Msg, realm: &str) -> Option<Credentials<'m>> {
        let candidates = request.credentials(credentials_header(request.method()));
        let ours = candidates.filter(|c| c.realm == realm.as_bytes());
        // Those that cannot be served count last, so that they are reported only when alone.
        ours.min_by_key(|c| match Algorithm::of(c.algorithm) {
            Some(Algorithm::Sha256) => 0,
            Some(Algorithm::Md5) => 1,
            None => 2,
        })
    }

    /// Checks credentials. `ha1` is that of the user they name, `None` for an unknown user, who
    /// costs the same work and gets the same outcome as a wrong secret.
    pub fn check(
        &mut self,
        origin: Origin<'_>,
        request: &Msg,
        credentials: &Credentials<'_>,
        ha1: Option<&Ha1>,
    ) -> Outcome {
        let Some((algorithm, nc, cnonce)) = usable(credentials) else {
            return Outcome::Unusable;
        };
        let Start::Request { token: method, uri, .. } = request.start() else {
            return Outcome::Unusable;
        };
        let Origin { now, source, realm } = origin;
        let state = self.key.check(credentials.nonce, now, source, realm.as_bytes());
        let NonceState::Valid { id, made_at } = state else {
            return Outcome::Stale;
        };
        let proof = Proof {
            method,
            uri: credentials.uri,
            nonce: credentials.nonce,
            counted: Some((nc.text, cnonce)),
        };
        let expected = proof.response(algorithm, ha1.unwrap_or(&self.dummy));
        let is_equal = same_hex(expected.as_bytes(), credentials.response);
        let is_for_uri = same_uri(credentials.uri, uri);
        if !is_equal || !is_for_uri || ha1.is_none() {
            return Outcome::Wrong;
        }
        if self.window.accept(now, id, made_at, nc.value) { Outcome::Good } else { Outcome::Stale }
    }

    /// Adds the challenges to a 401 or 407.
    pub fn challenge(&mut self, origin: Origin<'_>, ask: Ask, out: &mut Writer<'_>) {
        let id = match credentials_header(Some(ask.method)) {
            HeaderId::Authorization => HeaderId::WwwAuthenticate,
            _ => HeaderId::ProxyAuthenticate,
        };
        let nonce = self.key.mint(origin.now, origin.source, origin.realm.as_bytes());
        for algorithm in ask.algorithms {
            let mut value = Vec::with_capacity(160);
            value.extend_from_slice(b"Digest realm=");
            push_quoted(origin.realm.as_bytes(), &mut value);
            value.extend_from_slice(b", nonce=\"");
            value.extend_from_slice(&nonce);
            value.extend_from_slice(b"\", algorithm=");
            value.extend_from_slice(algorithm.token().as_bytes());
            value.extend_from_slice(b", qop=\"auth\"");
            if ask.stale {
                value.extend_from_slice(b", stale=true");
            }
            out.header(id, value);
        }
    }

    /// Lets go of used nonces that are no longer valid.
    pub fn forget(&mut self, now: Wall) {
        self.window.forget(now);
    }

    /// How many used nonces are held.
    pub fn nonces_held(&self) -> usize {
        self.window.len()
    }
}

/// What a challenge asks for.
#[derive(Debug, Clone, Copy)]
pub struct Ask {
    /// Of the request: decides between 401 and 407.
    pub method: Method,
    /// Only the nonce was at fault.
    pub stale: bool,
    /// Offered in this order, see [`crate::quirk::digest_algorithms`].
    pub algorithms: &'static [Algorithm],
}

/// 401 for REGISTER, 407 for everything else (sip.md §9).
pub fn challenge_status(method: Method) -> u16 {
    if method == Method::Register { 401 } else { 407 }
}

fn credentials_header(method: Option<Method>) -> HeaderId {
    match method {
        Some(Method::Register) => HeaderId::Authorization,
        _ => HeaderId::ProxyAuthorization,
    }
}

/// A nonce count: as sent, and as a number.
struct NonceCount<'a> {
    text: &'a [u8],
    value: u32,
}

fn usable<'a>(credentials: &Credentials<'a>) -> Option<(Algorithm, NonceCount<'a>, &'a [u8])> {
    let algorithm = Algorithm::of(credentials.algorithm)?;
    if !credentials.qop?.eq_ignore_ascii_case(b"auth") {
        return None;
    }
    let text = credentials.nc?;
    let mut bytes = [0; 4];
    if !read_hex(text, &mut bytes) {
        return None;
    }
    let count = NonceCount { text, value: u32::from_be_bytes(bytes) };
    Some((algorithm, count, credentials.cnonce?))
}

/// Compares in constant time; the digits may be of either case.
fn same_hex(expected: &[u8], given: &[u8]) -> bool {
    let mut lower = [0u8; 64];
    let Some(lower) = lower.get_mut(..given.len()) else {
        return false;
    };
    lower.iter_mut().zip(given).for_each(|(to, from)| *to = from.to_ascii_lowercase());
    bool::from(expected.ct_eq(lower))
}

/// The digest URI must be the Request-URI, byte for byte or by the rules of equivalence.
///
/// COMPAT(SIPp 3.6.1, phones behind an outbound proxy): some write the address of the server they
/// send to, without a user, and one of IPv6 without its brackets. The nonce is bound to the
/// source and its count is checked, so such credentials cannot be used for another request
/// either.
fn same_uri(digest: &[u8], request: &[u8]) -> bool {
    digest == request
        || match (Uri::parse(digest), Uri::parse(request)) {
            (Some(a), Some(b)) => a.same(&b) || a.user().is_none(),
            (None, Some(_)) => digest.strip_prefix(b"sip:").is_some_and(is_bare_ipv6),
            _ => false,
        }
}

/// `::1` or `::1:5060`; whether the last group is a port cannot be told and does not matter.
fn is_bare_ipv6(text: &[u8]) -> bool {
    let is_part = |b: &u8| b.is_ascii_hexdigit() || *b == b':';
    text.len() <= 45 && text.iter().filter(|b| **b == b':').count() >= 2 && text.iter().all(is_part)
}

/// What a user agent proves itself with.
#[derive(Clone, Copy)]
pub struct Account<'a> {
    /// User name.
    pub user: &'a str,
    /// Clear secret.
    pub secret: &'a str,
    /// The only realm that is answered; `None` answers any (first registration with a carrier
    /// whose realm is not configured).
    pub realm: Option<&'a str>,
}

/// The answering side: one challenge and how often its nonce was used.
#[derive(Clone)]
pub struct Answerer {
    user: String,
    realm: Vec<u8>,
    nonce: Vec<u8>,
    opaque: Option<Vec<u8>>,
    algorithm: Algorithm,
    /// Whether the challenge named an algorithm, which is then repeated.
    names_algorithm: bool,
    counted: bool,
    header: HeaderId,
    ha1: Ha1,
    count: u32,
    /// The challenge said that only the nonce was too old: try again at once.
    pub stale: bool,
}

impl Answerer {
    /// Chooses what to answer in a 401 or 407: of each realm the first SHA-256 challenge, else the
    /// first MD5 one. Challenges of other realms than the account's are never answered
    /// (SIP-D31). Empty when there is nothing to answer.
    pub fn choose(response: &Msg, account: Account<'_>) -> Vec<Self> {
        let mut chosen: Vec<Self> = Vec::new();
        for (from, header) in [
            (HeaderId::WwwAuthenticate, HeaderId::Authorization),
            (HeaderId::ProxyAuthenticate, HeaderId::ProxyAuthorization),
        ] {
            for challenge in response.challenges(from).take(CHALLENGES_MAX) {
                let Some(algorithm) = Algorithm::of(challenge.algorithm) else {
                    continue;
                };
                let is_ours = account.realm.is_none_or(|r| r.as_bytes() == challenge.realm);
                if !is_ours || challenge.has_qop() && !challenge.offers_auth() {
                    continue;
                }
                let rival =
                    chosen.iter_mut().find(|c| c.header == header && c.realm == challenge.realm);
                match rival {
                    Some(rival) if rival.algorithm <= algorithm => {}
                    Some(rival) => *rival = Self::new(&challenge, algorithm, header, account),
                    None => chosen.push(Self::new(&challenge, algorithm, header, account)),
                }
            }
        }
        chosen
    }

    fn new(
        challenge: &Challenge<'_>,
        algorithm: Algorithm,
        header: HeaderId,
        account: Account<'_>,
    ) -> Self {
        let realm = challenge.realm.to_vec();
        let ha1 = Ha1::compute(account.user.as_bytes(), &realm, account.secret.as_bytes());
        Self {
            user: account.user.to_owned(),
            realm,
            nonce: challenge.nonce.to_vec(),
            opaque: challenge.opaque.map(<[u8]>::to_vec),
            algorithm,
            names_algorithm: challenge.algorithm.is_some(),
            counted: challenge.offers_auth(),
            header,
            ha1,
            count: 0,
            stale: challenge.stale,
        }
    }

    /// Adds the credentials for one request; each call uses the next `nc`.
    ///
    /// `cnonce` is fresh for each call.
    pub fn answer(&mut self, method: Method, uri: &[u8], cnonce: &str, out: &mut Writer<'_>) {
        self.count += 1;
        let nc = format!("{:08x}", self.count);
        let counted = self.counted.then_some((nc.as_bytes(), cnonce.as_bytes()));
        let method = method.name().as_bytes();
        let proof = Proof { method, uri, nonce: &self.nonce, counted };
        let response = proof.response(self.algorithm, &self.ha1);
        let mut value = Vec::with_capacity(320);
        value.extend_from_slice(b"Digest username=");
        push_quoted(self.user.as_bytes(), &mut value);
        let response: &[u8] = response.as_bytes();
        for (name, text) in [
            (&b"realm"[..], &self.realm[..]),
            (b"nonce", &self.nonce),
            (b"uri", uri),
            (b"response", response),
        ] {
            push_raw_quoted(name, text, &mut value);
        }
        if self.names_algorithm {
            value.extend_from_slice(b", algorithm=");
            value.extend_from_slice(self.algorithm.token().as_bytes());
        }
        if self.counted {
            value.extend_from_slice(b", qop=auth, nc=");
            value.extend_from_slice(nc.as_bytes());
            push_raw_quoted(b"cnonce", cnonce.as_bytes(), &mut value);
        }
        if let Some(opaque) = &self.opaque {
            push_raw_quoted(b"opaque", opaque, &mut value);
        }
        out.header(self.header, value);
    }

    /// Takes the `nextnonce` of a response (RFC 7616 §3.5), so that the next request needs no
    /// challenge.
    pub fn take_next_nonce(&mut self, response: &Msg) {
        let value = response.value(HeaderId::AuthenticationInfo).unwrap_or_default();
        let next = crate::msg::Elements::new(value)
            .filter_map(|e| e.strip_prefix(b"nextnonce=\"")?.strip_suffix(b"\""))
            .next();
        if let Some(next) = next.filter(|n| !n.is_empty() && *n != &self.nonce[..]) {
            self.nonce = next.to_vec();
            self.count = 0;
        }
    }

    /// The realm that is answered, as received.
    pub fn realm(&self) -> &[u8] {
        &self.realm
    }

    /// The algorithm in use.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

/// Challenges of one response that are looked at.
const CHALLENGES_MAX: usize = 16;

/// `, name="text"` where `text` still has the escapes it came with.
fn push_raw_quoted(name: &[u8], text: &[u8], out: &mut Vec<u8>) {
    for part in [b", ", name, b"=\"", text, b"\""] {
        out.extend_from_slice(part);
    }
}
