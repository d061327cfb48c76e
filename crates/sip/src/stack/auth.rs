//! Who sends a request: digest (sip.md §9) and the identity that it proves (SEC-06).

use base::Now;
use base::event::Kind;
use base::id::DeviceId;

use super::dispatch::Arrived;
use super::{Output, Stack, View};
use crate::digest::{Ask, Ha1, Origin, Outcome, Verifier, challenge_status};
use crate::msg::name_addr::NameAddr;
use crate::msg::uri::{Host, Uri};
use crate::msg::write::{Reply, Writer};
use crate::msg::{HeaderId, Method, Msg};

impl Stack {
    /// The device that the request proves to come from; otherwise it has been challenged, refused
    /// or dropped.
    pub(super) fn authenticate(
        &mut self,
        now: Now,
        at: &Arrived<'_>,
        view: &dyn View,
        out: &mut Vec<Output>,
    ) -> Option<DeviceId> {
        let source = at.peer.address.ip();
        let spared = self.registrar.knows(at.peer.flow, at.peer.address);
        let host = host(at.msg);
        let realm = view.realm(&host);
        let origin = Origin { now: now.wall, source, realm };
        let Some(credentials) = Verifier::credentials(at.msg, realm) else {
            if !self.guard.blocks(now.mono, source, b"", spared) {
                self.challenge(origin, at, false, out);
            }
            return None;
        };
        let user = credentials.username;
        if self.guard.blocks(now.mono, source, user, spared) {
            out.push(Output::Event(Kind::MessageDropped.into()));
            return None;
        }
        let name = std::str::from_utf8(user).unwrap_or_default();
        let stored = view.credentials(&host, name);
        let ha1 = stored.map(|s| Ha1 { md5: *s.ha1_md5, sha256: *s.ha1_sha256 });
        match self.verifier.check(origin, at.msg, &credentials, ha1.as_ref()) {
            Outcome::Good => {
                self.proved = Some(at.peer.flow);
                self.flood.proved(now.mono, source);
            }
            Outcome::Stale => {
                self.challenge(origin, at, true, out);
                return None;
            }
            Outcome::Unusable => {
                self.challenge(origin, at, false, out);
                return None;
            }
            Outcome::Wrong => {
                self.guard.failed(now.mono, source, user);
                out.push(Output::Event(Kind::DigestFailed.into()));
                self.challenge(origin, at, false, out);
                return None;
            }
        }
        let stored = stored?;
        let number = view.number(stored.device).map(|n| n.text());
        let identity = Identity { sip_id: stored.sip_id, number: number.as_deref() };
        let is_register = at.msg.method() == Some(Method::Register);
        let speaks = !is_register && view.speaks_for_others(stored.device);
        if !view.is_active(stored.device) || !(speaks || identity.is_of(at.msg)) {
            self.answer(now, at, 403, out);
            return None;
        }
        Some(stored.device)
    }

    /// 401 or 407 with fresh nonces, without a transaction: a repetition gets the same To tag.
    fn challenge(
        &mut self,
        origin: Origin<'_>,
        at: &Arrived<'_>,
        stale: bool,
        out: &mut Vec<Output>,
    ) {
        let tag = self.layer.stateless_tag(at.msg);
        let method = at.msg.method().unwrap_or(Method::Other);
        let reply = Reply {
            code: challenge_status(method),
            phrase: "",
            to_tag: Some(tag.as_str()),
            source: Some(at.peer.address),
        };
        let mut writer = Writer::respond(&mut self.scratch, at.msg, reply);
        let agent = at.msg.value(HeaderId::UserAgent).unwrap_or_default();
        let algorithms = crate::quirk::digest_algorithms(agent);
        self.verifier.challenge(origin, Ask { method, stale, algorithms }, &mut writer);
        if let Ok(bytes) = writer.finish_bytes() {
            out.push(at.reply(bytes));
        }
    }
}

/// What a device may call itself.
struct Identity<'a> {
    sip_id: &'a str,
    number: Option<&'a str>,
}

impl Identity<'_> {
    /// From, and To of a REGISTER, name the device by its SIP id or its number.
    fn is_of(&self, msg: &Msg) -> bool {
        let is_register = msg.method() == Some(Method::Register);
        self.is(msg.from()) && (!is_register || self.is(msg.to()))
    }

    fn is(&self, address: Option<NameAddr<'_>>) -> bool {
        let uri = address.and_then(|a| a.parsed());
        let Some(user) = uri.as_ref().and_then(Uri::user) else {
            return false;
        };
        user.eq_ignore_ascii_case(self.sip_id.as_bytes())
            || self.number.is_some_and(|n| *user == *n.as_bytes())
    }
}

/// The domain that a request speaks for: of To for REGISTER, else of From; a number without
/// domain speaks for that of the Request-URI.
fn host(msg: &Msg) -> String {
    let address = match msg.method() {
        Some(Method::Register) => msg.to(),
        _ => msg.from(),
    };
    let named = address.and_then(|a| a.parsed()).and_then(Uri::sip).map(|u| u.host);
    let host = named.or_else(|| Uri::parse(msg.request_uri())?.sip().map(|u| u.host));
    match host {
        Some(Host::Name(name)) => name.to_owned(),
        Some(Host::Ip(ip)) => ip.to_string(),
        None => String::new(),
    }
}
