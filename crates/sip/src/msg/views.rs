//! Short ways from a message to its typed views. Each parses when asked and yields `None` (or
//! skips the element) when the header is absent or malformed.

use base::Wall;

use super::auth::{Challenge, Challenges, Credentials};
use super::contact::Contacts;
use super::cseq::{CSeq, RAck};
use super::event::{Event, SubscriptionState};
use super::name_addr::NameAddr;
use super::reason::Reason;
use super::replaces::Replaces;
use super::scan::{number, trim};
use super::session_expires::SessionExpires;
use super::via::Via;
use super::{HeaderId, Msg};

impl Msg {
    /// The top Via.
    pub fn top_via(&self) -> Option<Via<'_>> {
        self.items(HeaderId::Via).next().and_then(Via::parse)
    }

    /// From.
    pub fn from(&self) -> Option<NameAddr<'_>> {
        self.value(HeaderId::From).and_then(NameAddr::parse)
    }

    /// To.
    pub fn to(&self) -> Option<NameAddr<'_>> {
        self.value(HeaderId::To).and_then(NameAddr::parse)
    }

    /// Call-ID; empty when absent.
    pub fn call_id(&self) -> &[u8] {
        self.value(HeaderId::CallId).unwrap_or_default()
    }

    /// CSeq.
    pub fn cseq(&self) -> Option<CSeq<'_>> {
        self.value(HeaderId::CSeq).and_then(CSeq::parse)
    }

    /// All Contact headers.
    pub fn contacts(&self) -> Contacts<'_> {
        Contacts::of(self)
    }

    /// The addresses of a header that is a list of them: Route, Record-Route, Path,
    /// P-Asserted-Identity, Diversion, History-Info, … Malformed elements are skipped.
    pub fn addresses(&self, id: HeaderId) -> impl Iterator<Item = NameAddr<'_>> + Clone {
        self.items(id).filter_map(NameAddr::parse)
    }

    /// The address of a header that has one: Refer-To, Referred-By, P-Called-Party-ID, …
    pub fn address(&self, id: HeaderId) -> Option<NameAddr<'_>> {
        self.value(id).and_then(NameAddr::parse)
    }

    /// Whether a token list (Supported, Require, Allow, Privacy, …) has `token`, without case.
    /// Privacy separates by semicolons (RFC 3323 §4.2).
    pub fn has_token(&self, id: HeaderId, token: &str) -> bool {
        let is = |t: &[u8]| trim(t).eq_ignore_ascii_case(token.as_bytes());
        if id == HeaderId::Privacy {
            return self.values(id).any(|v| v.split(|b| *b == b';').any(is));
        }
        self.items(id).any(is)
    }

    /// Max-Forwards, 0–255; out of range is as if it were absent (sip.md §3.3, scalar02).
    pub fn max_forwards(&self) -> Option<u8> {
        self.number(HeaderId::MaxForwards).and_then(|n| u8::try_from(n).ok())
    }

    /// Max-Breadth (RFC 5393).
    pub fn max_breadth(&self) -> Option<u32> {
        self.number(HeaderId::MaxBreadth)
    }

    /// Expires in seconds; malformed or out of range is as if it were absent.
    pub fn expires(&self) -> Option<u32> {
        self.number(HeaderId::Expires)
    }

    /// A header that is one number: Min-Expires, RSeq, Flow-Timer, …
    pub fn number(&self, id: HeaderId) -> Option<u32> {
        self.value(id).and_then(number)
    }

    /// Seconds of Retry-After; comment and parameters are ignored.
    pub fn retry_after(&self) -> Option<u32> {
        let value = self.value(HeaderId::RetryAfter)?;
        let end = value.iter().position(|b| !b.is_ascii_digit()).unwrap_or(value.len());
        value.get(..end).and_then(number)
    }

    /// Session-Expires (RFC 4028).
    pub fn session_expires(&self) -> Option<SessionExpires> {
        self.value(HeaderId::SessionExpires).and_then(SessionExpires::parse)
    }

    /// Min-SE in seconds (RFC 4028).
    pub fn min_se(&self) -> Option<u32> {
        self.value(HeaderId::MinSe).and_then(SessionExpires::parse).map(|s| s.seconds)
    }

    /// RSeq of a reliable provisional response (RFC 3262).
    pub fn rseq(&self) -> Option<u32> {
        self.number(HeaderId::RSeq)
    }

    /// RAck of a PRACK (RFC 3262).
    pub fn rack(&self) -> Option<RAck<'_>> {
        self.value(HeaderId::RAck).and_then(RAck::parse)
    }

    /// Replaces (RFC 3891).
    pub fn replaces(&self) -> Option<Replaces<'_>> {
        self.value(HeaderId::Replaces).and_then(Replaces::parse)
    }

    /// The reasons (RFC 3326).
    pub fn reasons(&self) -> impl Iterator<Item = Reason<'_>> {
        self.items(HeaderId::Reason).filter_map(Reason::parse)
    }

    /// Event (RFC 6665).
    pub fn event(&self) -> Option<Event<'_>> {
        self.value(HeaderId::Event).and_then(Event::parse)
    }

    /// Subscription-State (RFC 6665).
    pub fn subscription_state(&self) -> Option<SubscriptionState<'_>> {
        self.value(HeaderId::SubscriptionState).and_then(SubscriptionState::parse)
    }

    /// Date, when it is well formed and GMT.
    pub fn date(&self) -> Option<Wall> {
        self.value(HeaderId::Date).and_then(super::date::parse)
    }

    /// Digest credentials, from Authorization or Proxy-Authorization.
    pub fn credentials(&self, id: HeaderId) -> impl Iterator<Item = Credentials<'_>> {
        self.values(id).filter_map(Credentials::parse)
    }

    /// Digest challenges in the order given, from WWW-Authenticate or Proxy-Authenticate.
    pub fn challenges(&self, id: HeaderId) -> impl Iterator<Item = Challenge<'_>> {
        self.values(id).flat_map(Challenges::new).filter_map(Challenge::of)
    }
}
