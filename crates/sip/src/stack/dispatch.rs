//! From bytes to whoever deals with them.

use base::Now;
use base::event::Kind;
use bytes::Bytes;

use super::{Output, Stack, Transport, View, guard, overload};
use crate::event::Notifier;
use crate::invite::Request;
use crate::msg::check::{self, Policy, Verdict};
use crate::msg::refuse;
use crate::msg::write::{Reply, Writer};
use crate::msg::{HeaderId, Method, Msg, ParseError};
use crate::txn::{Arrival, Cancelled, Peer, RequestKey, TxEvent};

/// Option tags that may be required of us.
pub(crate) const SUPPORTED: [&str; 8] =
    ["100rel", "timer", "replaces", "path", "outbound", "gruu", "norefersub", "from-change"];

/// A request that is new to the transaction layer.
pub(super) struct Arrived<'a> {
    pub(super) msg: &'a Msg,
    pub(super) key: RequestKey,
    pub(super) peer: Peer,
    pub(super) transport: Transport,
}

impl Arrived<'_> {
    /// A response on its way back (RFC 3261 §18.2.2, RFC 3581 §4).
    pub(super) fn reply(&self, bytes: Bytes) -> Output {
        reply(self.msg, &self.peer, self.transport, bytes)
    }
}

impl Stack {
    pub(super) fn received(
        &mut self,
        now: Now,
        (peer, bytes): (Peer, Bytes),
        view: &dyn View,
        out: &mut Vec<Output>,
    ) {
        let Some(transport) = self.layer.flows().get(peer.flow).map(|f| f.transport) else {
            return out.push(Output::Event(Kind::MessageDropped.into()));
        };
        match Msg::parse_datagram(bytes) {
            Ok(msg) if msg.is_request() => self.request(now, (&msg, peer, transport), view, out),
            Ok(msg) => self.response(now, &msg, peer, out),
            Err(error) => self.unreadable(&error, &peer, transport, out),
        }
    }

    /// 400 or 513 when it can be addressed; a stream cannot be trusted any more (sip.md §3.2).
    fn unreadable(
        &mut self,
        error: &ParseError,
        peer: &Peer,
        transport: Transport,
        out: &mut Vec<Output>,
    ) {
        let tag = error.partial().map(|m| self.layer.stateless_tag(m));
        let to_tag = tag.as_ref().map_or("none", |t| t.as_str());
        let to = refuse::Address { source: Some(peer.address), to_tag };
        let answer = refuse::broken(error, to, &mut self.scratch);
        match (answer, error.partial()) {
            (Some(bytes), Some(msg)) => {
                out.push(Output::Event(Kind::MessageRefused.into()));
                out.push(reply(msg, peer, transport, bytes));
            }
            _ => out.push(Output::Event(Kind::MessageDropped.into())),
        }
        if transport != Transport::Udp {
            out.push(Output::Close { flow: peer.flow });
        }
    }

    fn response(&mut self, now: Now, msg: &Msg, peer: Peer, out: &mut Vec<Output>) {
        let policy = Policy { known_source: true, supported: &SUPPORTED };
        if check::verdict(msg, &policy) != Verdict::Ok {
            return out.push(Output::Event(Kind::MessageDropped.into()));
        }
        match self.layer.response(now.mono, msg, out) {
            Some(TxEvent::Response { tx, owner }) if Notifier::owns(owner) => {
                let (notifier, mut io) = self.notifier(now, out);
                notifier.handle_response(&mut io, (tx, owner), msg, peer);
            }
            Some(TxEvent::Response { tx, owner }) => {
                if let Some(leg) = self.legs.heard(owner, msg) {
                    self.reach.heard(leg, &mut self.registrar);
                }
                let (legs, mut cx) = self.legs(now, out);
                legs.handle_response(&mut cx, (tx, owner), msg, peer);
            }
            Some(event) => self.failed(now, event, out),
            None if self.layer.knows(msg) => {}
            None if self.registrar.knows(peer.flow, peer.address) && is_invite(msg) => {
                out.push(Output::Event(Kind::MessageDropped.into()));
                let (legs, mut cx) = self.legs(now, out);
                legs.handle_late_2xx(&mut cx, msg, peer);
            }
            None => out.push(Output::Event(Kind::MessageDropped.into())),
        }
    }

    fn request(
        &mut self,
        now: Now,
        (msg, peer, transport): (&Msg, Peer, Transport),
        view: &dyn View,
        out: &mut Vec<Output>,
    ) {
        let known = self.registrar.knows(peer.flow, peer.address);
        let policy = Policy { known_source: known, supported: &SUPPORTED };
        let refusal = match check::verdict(msg, &policy) {
            Verdict::Ok => None,
            Verdict::Refuse(refusal) => Some(refusal),
            Verdict::Discard(_) => return out.push(Output::Event(Kind::MessageDropped.into())),
        };
        if let Some(refusal) = refusal {
            let tag = self.layer.stateless_tag(msg);
            let to = refuse::Address { source: Some(peer.address), to_tag: tag.as_str() };
            if let Some(bytes) = refuse::refused(refusal, msg, &policy, to, &mut self.scratch) {
                out.push(reply(msg, &peer, transport, bytes));
            }
            return out.push(Output::Event(Kind::MessageRefused.into()));
        }
        let Some(key) = self.layer.key(msg) else {
            return out.push(Output::Event(Kind::MessageDropped.into()));
        };
        let arrival = self.layer.arrive(now.mono, &key, out);
        #[cfg(feature = "planted")]
        if self.config.falls {
            super::fall::over(msg);
        }
        let lag = self.lag.note(now);
        let at = Arrived { msg, key, peer, transport };
        match (arrival, msg.method()) {
            (Arrival::Ack { .. }, _) | (Arrival::New | Arrival::Absorbed, Some(Method::Ack)) => {
                let (legs, mut cx) = self.legs(now, out);
                legs.handle_ack(&mut cx, msg);
            }
            (Arrival::Absorbed, _) => {}
            (Arrival::Merged, _) => self.refuse(&at, 482, out),
            (Arrival::New, Some(Method::Cancel)) => self.cancel(now, &at, out),
            (Arrival::New, _) if self.layer.is_full() => self.shed(&at, out),
            (Arrival::New, _) if is_in_dialog(msg) => self.in_dialog(now, &at, view, out),
            (Arrival::New, _) if guard::is_scanner(msg) && !known => {
                out.push(Output::Event(Kind::MessageDropped.into()));
            }
            (Arrival::New, _) if overload::sheds(lag, msg, known) => self.shed(&at, out),
            (Arrival::New, _) => self.outside(now, &at, view, out),
        }
    }

    fn cancel(&mut self, now: Now, at: &Arrived<'_>, out: &mut Vec<Output>) {
        match self.layer.cancelled(&at.key) {
            Cancelled::Unknown => self.refuse(at, 481, out),
            Cancelled::TooLate => {
                #[cfg(feature = "planted")]
                if self.config.planted == Some(crate::planted::Bug::TwoFinals) {
                    self.refuse(at, 481, out);
                }
                self.answer(now, at, 200, out);
            }
            Cancelled::Pending { owner, .. } => {
                self.answer(now, at, 200, out);
                let (legs, mut cx) = self.legs(now, out);
                legs.handle_cancel(&mut cx, owner, at.msg);
            }
        }
    }

    /// A request with a To tag. What comes by the flow and from the address that the dialog is
    /// bound to is taken; from elsewhere it must prove to be the same device.
    fn in_dialog(&mut self, now: Now, at: &Arrived<'_>, view: &dyn View, out: &mut Vec<Output>) {
        let leg = self.legs.find(at.msg).map(|known| (known.device, known.peer));
        let Some((owner, peer)) = leg.or_else(|| self.notifier.find(at.msg)) else {
            return self.refuse(at, 481, out);
        };
        let is_bound = peer.flow == at.peer.flow
            && (at.transport != Transport::Udp || peer.address == at.peer.address);
        if !is_bound {
            match self.authenticate(now, at, view, out) {
                Some(device) if device == owner => {}
                Some(_) => return self.answer(now, at, 403, out),
                None => return,
            }
        }
        self.registrar.heard(owner, at.peer.flow, at.peer.address);
        if leg.is_none() {
            return self.in_subscription(now, at, view, out);
        }
        let tx = self.layer.open(now.mono, &at.key, at.msg, &at.peer);
        let (legs, mut cx) = self.legs(now, out);
        legs.handle_in_dialog(&mut cx, Request { tx, msg: at.msg, peer: at.peer });
    }

    /// A bare answer through a transaction, so that repetitions get it again.
    pub(super) fn answer(&mut self, now: Now, at: &Arrived<'_>, code: u16, out: &mut Vec<Output>) {
        self.answer_with(now, at, code, &[], out);
    }

    /// As [`Stack::answer`], with headers.
    pub(super) fn answer_with(
        &mut self,
        now: Now,
        at: &Arrived<'_>,
        code: u16,
        headers: &[(HeaderId, &str)],
        out: &mut Vec<Output>,
    ) {
        let tx = self.layer.open(now.mono, &at.key, at.msg, &at.peer);
        if let Some(bytes) = self.bare(at, code, headers) {
            self.layer.respond(now.mono, tx, (code, bytes), out);
        }
    }

    /// A bare answer without a transaction: for what anybody may provoke.
    pub(super) fn refuse(&mut self, at: &Arrived<'_>, code: u16, out: &mut Vec<Output>) {
        if let Some(bytes) = self.bare(at, code, &[]) {
            out.push(at.reply(bytes));
        }
    }

    /// 503 with Retry-After, without a transaction.
    pub(super) fn shed(&mut self, at: &Arrived<'_>, out: &mut Vec<Output>) {
        let seconds = overload::retry_after(self.layer.mint().rng()).to_string();
        if let Some(bytes) = self.bare(at, 503, &[(HeaderId::RetryAfter, &seconds)]) {
            out.push(at.reply(bytes));
        }
        out.push(Output::Event(Kind::Shed.into()));
    }

    pub(super) fn bare(
        &mut self,
        at: &Arrived<'_>,
        code: u16,
        headers: &[(HeaderId, &str)],
    ) -> Option<Bytes> {
        let tag = self.layer.stateless_tag(at.msg);
        let source = Some(at.peer.address);
        let reply = Reply { code, phrase: "", to_tag: Some(tag.as_str()), source };
        let mut writer = Writer::respond(&mut self.scratch, at.msg, reply);
        for (id, value) in headers {
            writer.header(*id, value);
        }
        writer.finish_bytes().ok()
    }
}

/// Whether a request names a dialog. A REGISTER makes none (RFC 3261 §10.2).
fn is_in_dialog(msg: &Msg) -> bool {
    msg.method() != Some(Method::Register) && msg.to().is_some_and(|to| to.tag().is_some())
}

fn is_invite(msg: &Msg) -> bool {
    msg.cseq().is_some_and(|cseq| cseq.method == Method::Invite)
}

fn reply(msg: &Msg, peer: &Peer, transport: Transport, bytes: Bytes) -> Output {
    let to = match msg.top_via() {
        Some(via) if transport == Transport::Udp => via.reply_to(peer.address),
        Some(_) | None => peer.address,
    };
    Output::Transmit { flow: peer.flow, to, bytes }
}
