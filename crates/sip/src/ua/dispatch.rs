//! From bytes to the phone's legs and its registration.

use base::Now;
use bytes::Bytes;

use super::register::OWNER;
use super::{Endpoint, Event, Output};
use crate::invite::Request;
use crate::leg::{Identity, LegEvent};
use crate::msg::check::{self, Policy, Verdict};
use crate::msg::name_addr::NameAddr;
use crate::msg::uri::Uri;
use crate::msg::write::{Reply, Writer};
use crate::msg::{HeaderId, Method, Msg, refuse};
use crate::stack::{self, SUPPORTED};
use crate::txn::{Arrival, Cancelled, Peer, RequestKey, TxEvent};

impl Endpoint {
    pub(super) fn received(
        &mut self,
        now: Now,
        (peer, bytes): (Peer, Bytes),
        out: &mut Vec<Output>,
    ) {
        let Ok(msg) = Msg::parse_datagram(bytes) else {
            return;
        };
        let policy = Policy { known_source: true, supported: &SUPPORTED };
        match check::verdict(&msg, &policy) {
            Verdict::Ok if msg.is_request() => self.request(now, (&msg, peer), out),
            Verdict::Ok => self.response(now, &msg, peer, out),
            Verdict::Refuse(refusal) => {
                let tag = self.layer.stateless_tag(&msg);
                let to = refuse::Address { source: Some(peer.address), to_tag: tag.as_str() };
                let bytes = refuse::refused(refusal, &msg, &policy, to, &mut Vec::new());
                if let Some(bytes) = bytes {
                    self.layer.send(&peer, bytes, &mut self.pending);
                }
            }
            Verdict::Discard(_) => {}
        }
    }

    fn response(&mut self, now: Now, msg: &Msg, peer: Peer, out: &mut Vec<Output>) {
        match self.layer.response(now.mono, msg, &mut self.pending) {
            Some(TxEvent::Response { owner: OWNER, .. }) => self.register_response(now, msg, out),
            Some(TxEvent::Response { tx, owner }) => {
                let status = msg.status().unwrap_or(0);
                if let Some(leg) = self.legs.errand_of(owner)
                    && msg.cseq().is_some_and(|c| c.method == Method::Refer)
                    && status >= 300
                {
                    out.push(Output::Event(Event::Transfer { leg, status, done: true }));
                }
                let (legs, mut cx) = self.legs(now);
                legs.handle_response(&mut cx, (tx, owner), msg, peer);
            }
            Some(event) => self.failed(now, event, out),
            None if !self.layer.knows(msg) => {
                let (legs, mut cx) = self.legs(now);
                legs.handle_repeated_2xx(&mut cx, msg, peer);
            }
            None => {}
        }
    }

    /// A transaction ended without an answer.
    pub(super) fn failed(&mut self, now: Now, event: TxEvent, out: &mut Vec<Output>) {
        match event {
            TxEvent::Timeout { owner: OWNER, .. } => self.register_failed(now, 408, None, out),
            TxEvent::TransportError { owner: OWNER, .. } => {
                self.register_failed(now, 503, None, out);
            }
            TxEvent::Timeout { .. }
            | TxEvent::TransportError { .. }
            | TxEvent::AckMissing { .. }
            | TxEvent::Response { .. } => {
                let (legs, mut cx) = self.legs(now);
                legs.handle_failure(&mut cx, event);
            }
        }
    }

    fn request(&mut self, now: Now, (msg, peer): (&Msg, Peer), out: &mut Vec<Output>) {
        let Some(key) = self.layer.key(msg) else {
            return;
        };
        let arrival = self.layer.arrive(now.mono, &key, &mut self.pending);
        let in_dialog = msg.to().is_some_and(|to| to.tag().is_some());
        match (arrival, msg.method()) {
            (Arrival::Ack { .. }, _) | (Arrival::New | Arrival::Absorbed, Some(Method::Ack)) => {
                let (legs, mut cx) = self.legs(now);
                legs.handle_ack(&mut cx, msg);
            }
            (Arrival::Absorbed, _) => {}
            (Arrival::Merged, _) => self.refuse(msg, &peer, 482),
            (Arrival::New, Some(Method::Cancel)) => self.cancelled(now, &key, msg, &peer),
            (Arrival::New, Some(Method::Notify)) => self.notified(now, &key, (msg, peer), out),
            (Arrival::New, _) if in_dialog => {
                if self.legs.find(msg).is_none() {
                    return self.refuse(msg, &peer, 481);
                }
                let tx = self.layer.open(now.mono, &key, msg, &peer);
                let (legs, mut cx) = self.legs(now);
                legs.handle_in_dialog(&mut cx, Request { tx, msg, peer });
            }
            (Arrival::New, Some(Method::Invite)) => self.called(now, &key, (msg, peer), out),
            (Arrival::New, Some(Method::Options)) => self.refuse(msg, &peer, 200),
            (Arrival::New, Some(Method::Message | Method::Register | Method::Publish)) => {
                self.refuse(msg, &peer, 405);
            }
            (Arrival::New, Some(Method::Subscribe)) => self.refuse(msg, &peer, 489),
            (Arrival::New, _) => self.refuse(msg, &peer, 481),
        }
    }

    /// Somebody calls.
    fn called(
        &mut self,
        now: Now,
        key: &RequestKey,
        (msg, peer): (&Msg, Peer),
        out: &mut Vec<Output>,
    ) {
        let tx = self.layer.open(now.mono, key, msg, &peer);
        let (legs, mut cx) = self.legs(now);
        legs.handle_invite(&mut cx, Request { tx, msg, peer }, base::id::DeviceId::default());
        let from = caller(msg);
        let pending = std::mem::take(&mut self.pending);
        for output in pending {
            match output {
                stack::Output::Leg { leg, event: LegEvent::Offered(offered) } => {
                    self.parties.insert(leg, from.user.clone());
                    if let Some(other) = offered.replaces {
                        self.replacing.insert(leg, other);
                    }
                    let from = from.clone();
                    out.push(Output::Event(Event::Incoming { leg, from, offered }));
                }
                other => self.pending.push(other),
            }
        }
    }

    fn cancelled(&mut self, now: Now, key: &RequestKey, msg: &Msg, peer: &Peer) {
        let found = self.layer.cancelled(key);
        if found == Cancelled::Unknown {
            return self.refuse(msg, peer, 481);
        }
        self.answer(now, key, (msg, peer), 200);
        if let Cancelled::Pending { owner, .. } = found {
            let (legs, mut cx) = self.legs(now);
            legs.handle_cancel(&mut cx, owner, msg);
        }
    }

    /// A NOTIFY tells how our transfer stands (RFC 3515 §2.4.5); others belong to nothing.
    fn notified(
        &mut self,
        now: Now,
        key: &RequestKey,
        (msg, peer): (&Msg, Peer),
        out: &mut Vec<Output>,
    ) {
        let is_refer = msg.event().is_some_and(|e| e.package == b"refer");
        let Some(leg) = self.legs.leg_of(msg).filter(|_| is_refer) else {
            return self.refuse(msg, &peer, 481);
        };
        self.answer(now, key, (msg, &peer), 200);
        let status = std::str::from_utf8(msg.body()).ok().and_then(|t| t.split(' ').nth(1));
        let status = status.and_then(|s| s.trim().parse().ok()).unwrap_or(0);
        let state = msg.value(HeaderId::SubscriptionState).unwrap_or_default();
        let done = state.get(..10).is_some_and(|s| s.eq_ignore_ascii_case(b"terminated"));
        out.push(Output::Event(Event::Transfer { leg, status, done }));
    }

    fn answer(&mut self, now: Now, key: &RequestKey, (msg, peer): (&Msg, &Peer), code: u16) {
        let tx = self.layer.open(now.mono, key, msg, peer);
        if let Some(bytes) = self.bare(msg, peer, code) {
            self.layer.respond(now.mono, tx, (code, bytes), &mut self.pending);
        }
    }

    fn refuse(&mut self, msg: &Msg, peer: &Peer, code: u16) {
        if let Some(bytes) = self.bare(msg, peer, code) {
            self.layer.send(peer, bytes, &mut self.pending);
        }
    }

    fn bare(&self, msg: &Msg, peer: &Peer, code: u16) -> Option<Bytes> {
        let tag = self.layer.stateless_tag(msg);
        let source = Some(peer.address);
        let reply = Reply { code, phrase: "", to_tag: Some(tag.as_str()), source };
        Writer::respond(&mut Vec::with_capacity(512), msg, reply).finish_bytes().ok()
    }
}

/// Who calls, as the server asserts it, else as the caller says.
fn caller(msg: &Msg) -> Identity {
    let asserted = msg.addresses(HeaderId::PAssertedIdentity).next();
    let Some(address) = asserted.or_else(|| msg.value(HeaderId::From).and_then(NameAddr::parse))
    else {
        return Identity::default();
    };
    let uri = address.parsed();
    let text = |t: std::borrow::Cow<'_, [u8]>| String::from_utf8_lossy(&t).into_owned();
    Identity {
        user: uri.as_ref().and_then(Uri::user).map(text).unwrap_or_default(),
        display: address.display().map(String::from).unwrap_or_default(),
        host: uri.and_then(Uri::sip).map(|u| u.host.to_string()).unwrap_or_default(),
    }
}
