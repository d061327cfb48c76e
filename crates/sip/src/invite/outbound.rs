//! Outbound legs until their final response: INVITE, forks, reliable provisional responses.

use std::borrow::Cow;

use base::LegId;
use base::limits::FORKS_MAX;
use bytes::Bytes;

use super::Cx;
use super::cx::Target;
use super::diverted;
use super::text::{self, Ask};
use super::usage::{Birth, Key, Kind, LONG, Owed, Phase, Role, TRIES_MAX, Usage, What};
use crate::dialog::{Body, Caps, Local, Remote, sdp_of};
use crate::leg::{Identity, Invite, LegEvent, Refused};
use crate::msg::{HeaderId, Method, Msg};
use crate::txn::ClientTx;

/// An INVITE without final response.
pub(super) struct Calling {
    tx: Option<ClientTx>,
    pub(super) cseq: u32,
    pub(super) invite: Invite,
    /// Value of `Replaces`; empty without.
    replaces: Vec<u8>,
    /// Early dialogs in the order in which they came.
    pub(super) forks: Vec<Fork>,
    /// Index of the early dialog that spoke last.
    pub(super) current: usize,
    /// Session-Expires and Min-SE to ask for, seconds.
    session_s: u32,
    min_s: u32,
    tries: u8,
    /// A 100 has been told of.
    tried: bool,
    /// PRACKs without final response. An UPDATE waits for them: by UDP it could overtake one,
    /// which would then be out of order.
    pub(super) pracks: u8,
    /// We have given up: what comes now is only cleared away.
    pub(super) ended: bool,
}

/// One early dialog.
pub(super) struct Fork {
    pub(super) remote: Remote,
    pub(super) caps: Caps,
    /// Last RSeq taken; 0 before the first.
    rseq: u32,
    /// Offer and answer are complete, by reliable messages.
    pub(super) done: bool,
    /// Description of an unreliable response, should the 2xx have none.
    preview: Option<Bytes>,
}

/// Who calls, as the called party is to see it (RFC 3323 §4.1.1.3).
fn from_of(invite: &Invite) -> Cow<'_, Identity> {
    match invite.hidden {
        true => Cow::Owned(Identity {
            user: "anonymous".to_owned(),
            display: "Anonymous".to_owned(),
            host: "anonymous.invalid".to_owned(),
        }),
        false => Cow::Borrowed(&invite.from),
    }
}

impl Usage {
    /// A leg that calls `target`.
    pub(super) fn calling(
        cx: &mut Cx<'_>,
        key: Key,
        (id, invite): (LegId, Invite),
        target: Target,
    ) -> Self {
        let mint = cx.layer.mint();
        let tag = mint.tag();
        let local = Local {
            call_id: mint.call_id().as_ref().into(),
            address: text::address(&from_of(&invite), Some(&tag)).into(),
            tag,
            contact: mint.tag(),
            seq: mint.rng().below(1 << 16) as u32,
            owns_call_id: true,
        };
        let remote = Remote {
            address: text::address(&invite.to, None).into(),
            target: target.uri.into(),
            routes: target.routes.into(),
            ..Remote::default()
        };
        let birth = Birth { id, key, device: target.device, peer: target.peer, local, remote };
        let mut usage = Usage::new(birth, Caps::default(), Phase::Gone);
        usage.at_home = true;
        let (session_s, min_s) = (cx.config.session_expires_s, cx.config.session_min_s);
        let mut calling = Box::new(Calling {
            tx: None,
            cseq: 0,
            invite,
            replaces: target.replaces,
            forks: Vec::new(),
            current: 0,
            session_s,
            min_s,
            tries: 0,
            tried: false,
            pracks: 0,
            ended: false,
        });
        usage.send_invite(cx, &mut calling, None);
        usage.first_cseq = calling.cseq;
        usage.phase = Phase::Calling(calling);
        usage
    }

    /// Sends the INVITE, for the first time or again with what its refusal asked for.
    fn send_invite(&mut self, cx: &mut Cx<'_>, calling: &mut Calling, proof: Option<Vec<u8>>) {
        calling.cseq = self.local.next_seq();
        self.first_cseq = calling.cseq;
        let invite = &calling.invite;
        let mut ask = Ask::new(Method::Invite, calling.cseq, &self.remote);
        ask.max_forwards = invite.max_forwards;
        let mut ask = ask
            .with(HeaderId::Supported, text::supported(invite.reliable))
            .with(HeaderId::SessionExpires, calling.session_s.to_string())
            .with(HeaderId::MinSe, calling.min_s.to_string())
            .with(HeaderId::PAssertedIdentity, text::address(&invite.from, None))
            .sdp(invite.sdp.clone());
        if invite.hidden {
            ask = ask.with(HeaderId::Privacy, "id");
        }
        if let Some(referred_by) = &invite.referred_by {
            ask = ask.with(HeaderId::ReferredBy, referred_by.to_vec());
        }
        if !invite.diverted.is_empty() {
            ask = ask
                .with(HeaderId::HistoryInfo, diverted::history(&invite.diverted, &invite.to))
                .with(HeaderId::Diversion, diverted::diversion(&invite.diverted));
        }
        if invite.auto_answer {
            let host = &invite.from.host;
            ask = ask
                .with(HeaderId::CallInfo, format!("<sip:{host}>;answer-after=0"))
                .with(HeaderId::AlertInfo, format!("<http://{host}>;info=alert-autoanswer;delay=0"))
                .with(HeaderId::AnswerMode, "Auto");
        }
        if !calling.replaces.is_empty() {
            ask = ask.with(HeaderId::Replaces, calling.replaces.clone());
        }
        if let Some(proof) = proof {
            ask = super::auth::with_proof(ask, &proof);
        }
        calling.tx = Some(self.send(cx, &ask, Role::Invite));
    }

    /// A response to the INVITE.
    pub(super) fn invite_response(&mut self, cx: &mut Cx<'_>, response: &Msg) {
        let status = response.status().unwrap_or(0);
        let number = response.cseq().map_or(0, |c| c.number);
        let Phase::Calling(calling) = &self.phase else {
            if (200..300).contains(&status) && number == self.first_cseq {
                self.repeated_2xx(cx, response);
            }
            return;
        };
        if number != calling.cseq {
            return;
        }
        match status {
            0..=99 => {}
            100 => self.tried(cx),
            101..=199 => self.provisional(cx, response),
            200..=299 => self.answered(cx, response),
            _ => self.refused(cx, response),
        }
    }

    /// The phone has the INVITE.
    fn tried(&mut self, cx: &mut Cx<'_>) {
        let direct = self.remote.routes.is_empty();
        if let Phase::Calling(calling) = &mut self.phase
            && direct
            && !std::mem::replace(&mut calling.tried, true)
            && !calling.ended
        {
            self.emit(cx, LegEvent::Trying);
        }
    }

    fn provisional(&mut self, cx: &mut Cx<'_>, response: &Msg) {
        let Phase::Calling(calling) = &mut self.phase else {
            return;
        };
        let Some(at) = calling.fork_of(response, &self.remote) else {
            return;
        };
        let reliable = response.has_token(HeaderId::Require, "100rel");
        let rseq = response.rseq().filter(|_| reliable);
        let offered = calling.invite.sdp.is_some();
        let ended = calling.ended;
        let cseq = calling.cseq;
        let Some(fork) = calling.forks.get_mut(at) else {
            return;
        };
        let sdp = match sdp_of(response) {
            Body::Sdp(sdp) if !fork.done => Some(sdp),
            Body::Sdp(_) | Body::None | Body::Unknown => None,
        };
        let brings_offer = !offered && sdp.is_some();
        if let Some(rseq) = rseq {
            // RFC 3262 §4: a repeated or overtaking one is not acknowledged.
            if fork.rseq != 0 && rseq != fork.rseq.wrapping_add(1) {
                return;
            }
            // One offer at a time: the far end repeats this one until its turn comes.
            if brings_offer && self.owed.is_some() {
                return;
            }
            fork.rseq = rseq;
        }
        fork.caps.learn(response);
        let status = response.status().unwrap_or(180);
        let sdp = sdp.filter(|_| offered || rseq.is_some());
        if let Some(sdp) = &sdp {
            fork.done = rseq.is_some();
            if rseq.is_none() {
                fork.preview = Some(sdp.clone());
            }
        }
        let caps = fork.caps;
        calling.current = at;
        self.caps = caps;
        match rseq {
            Some(rseq) if brings_offer && !ended => {
                let owed = Owed::Prack { rseq, cseq, fork: at };
                return self.owe(cx, owed, LegEvent::Progress { status, sdp });
            }
            Some(rseq) => self.send_prack(cx, (rseq, cseq, at), None),
            None => {}
        }
        if !ended {
            self.emit(cx, LegEvent::Progress { status, sdp });
            self.pump(cx);
        }
    }

    /// Acknowledges a reliable provisional response (RFC 3262 §4), with the answer to its offer.
    pub(super) fn send_prack(
        &mut self,
        cx: &mut Cx<'_>,
        (rseq, cseq, fork): (u32, u32, usize),
        answer: Option<Bytes>,
    ) {
        let number = self.local.next_seq();
        let remote = match &self.phase {
            Phase::Calling(calling) => calling.forks.get(fork).map(|f| &f.remote),
            Phase::Ringing(_) | Phase::Up | Phase::Ending(_) | Phase::Gone => None,
        };
        let remote = remote.unwrap_or(&self.remote);
        let ask = Ask::new(Method::Prack, number, remote)
            .with(HeaderId::RAck, format!("{rseq} {cseq} INVITE"))
            .sdp(answer);
        self.send(cx, &ask, Role::Prack);
        if let Phase::Calling(calling) = &mut self.phase {
            calling.pracks = calling.pracks.saturating_add(1);
        }
    }

    /// A PRACK has its final response, or gets none. What it says does not matter: the INVITE
    /// decides what becomes of the leg.
    pub(super) fn prack_done(&mut self, cx: &mut Cx<'_>, status: u16) {
        if let Phase::Calling(calling) = &mut self.phase
            && status >= 200
        {
            calling.pracks = calling.pracks.saturating_sub(1);
            self.pump(cx);
        }
    }

    /// The first 2xx.
    fn answered(&mut self, cx: &mut Cx<'_>, response: &Msg) {
        let Phase::Calling(calling) = std::mem::replace(&mut self.phase, Phase::Up) else {
            return;
        };
        let mut calling = *calling;
        let fork = calling.fork_of(response, &self.remote);
        let fork = fork.filter(|at| *at < calling.forks.len());
        let fork = fork.map(|at| calling.forks.swap_remove(at));
        let Some(mut remote) = Remote::of_response(response, &self.remote) else {
            return self.fail(cx, calling.ended, (500, false));
        };
        self.caps.learn(response);
        let (done, preview) = match fork {
            Some(fork) => {
                remote.seq = fork.remote.seq;
                (fork.done, fork.preview)
            }
            None => (false, None),
        };
        self.remote = remote;
        // A 2xx must not overtake an unanswered offer (RFC 3262 §5); what it says itself counts.
        self.take_owed();
        if calling.ended {
            self.emit(cx, refused(487, None, false));
            self.send_ack(cx, calling.cseq, None);
            #[cfg(feature = "planted")]
            if cx.config.planted == Some(crate::planted::Bug::ForgottenAnswer) {
                self.phase = Phase::Gone;
                return;
            }
            return self.hang_up(cx);
        }
        let offered = calling.invite.sdp.is_some();
        let body = match sdp_of(response) {
            Body::Sdp(sdp) => Some(sdp),
            Body::None | Body::Unknown => None,
        };
        let sdp = match done {
            true => None,
            false if offered => body.or(preview),
            false => body,
        };
        if offered && !self.caps.update() {
            self.last_sdp = calling.invite.sdp.take();
        }
        self.take_session(cx, response, calling.session_s);
        let waits = !done && !offered && sdp.is_some();
        if waits {
            let owed = Owed::Ack { cseq: calling.cseq, initial: true };
            return self.owe(cx, owed, LegEvent::Answered { sdp });
        }
        self.send_ack(cx, calling.cseq, None);
        self.emit(cx, LegEvent::Answered { sdp });
        self.pump(cx);
    }

    /// A 2xx after the first one: its ACK was lost, or another fork answered too.
    fn repeated_2xx(&mut self, cx: &mut Cx<'_>, response: &Msg) {
        let tag = response.to().and_then(|t| t.tag()).unwrap_or_default();
        if tag != &*self.remote.tag {
            super::stray::end(cx, response, self.peer);
            return;
        }
        let number = response.cseq().map_or(0, |c| c.number);
        let bytes = match &self.ack_out {
            Some(ack) if ack.cseq == number => Some(ack.bytes.clone()),
            // A re-INVITE has taken its place: what the ACK had to say has been heard.
            Some(ack) if number < ack.cseq => {
                let branch = cx.layer.mint().branch();
                self.write(cx, &Ask::new(Method::Ack, number, &self.remote), &branch)
            }
            Some(_) | None => None,
        };
        if let Some(bytes) = bytes {
            cx.layer.send(&self.peer, bytes, cx.out);
        }
    }

    /// Sends the ACK to a 2xx and keeps it for its repetitions (RFC 3261 §13.2.2.4).
    pub(super) fn send_ack(&mut self, cx: &mut Cx<'_>, cseq: u32, answer: Option<Bytes>) {
        let branch = cx.layer.mint().branch();
        let ask = Ask::new(Method::Ack, cseq, &self.remote).sdp(answer);
        if let Some(bytes) = self.write(cx, &ask, &branch) {
            cx.layer.send(&self.peer, bytes.clone(), cx.out);
            self.ack_out = Some(super::usage::AckSent { cseq, bytes });
            self.arm_in(cx, Kind::Linger, LONG);
        }
    }

    fn refused(&mut self, cx: &mut Cx<'_>, response: &Msg) {
        let status = response.status().unwrap_or(500);
        let Phase::Calling(mut calling) = std::mem::replace(&mut self.phase, Phase::Gone) else {
            return;
        };
        if !calling.ended && calling.tries < TRIES_MAX {
            calling.tries += 1;
            let again = match status {
                422 => calling.lengthen(response).then_some(None),
                401 | 407 => {
                    super::auth::proof(cx, response, Method::Invite, &self.remote.target).map(Some)
                }
                _ => None,
            };
            if let Some(proof) = again {
                calling.forks.clear();
                calling.current = 0;
                self.send_invite(cx, &mut calling, proof);
                self.phase = Phase::Calling(calling);
                return;
            }
        }
        // 487 without our own CANCEL is the end by timer C.
        let status = if status == 487 && !calling.ended { 408 } else { status };
        self.fail_offers(cx, status);
        self.emit(cx, refused(status, text::q850_of(response), false));
    }

    /// Timer B or C, or a dead flow, ended the INVITE.
    pub(super) fn invite_failed(&mut self, cx: &mut Cx<'_>, tx: ClientTx, status: u16) {
        let Phase::Calling(calling) = &self.phase else {
            return;
        };
        if calling.tx == Some(tx) {
            let ended = calling.ended;
            self.phase = Phase::Gone;
            self.fail(cx, ended, (status, true));
        }
    }

    fn fail(&mut self, cx: &mut Cx<'_>, ended: bool, (status, unreachable): (u16, bool)) {
        self.phase = Phase::Gone;
        self.fail_offers(cx, status);
        let status = if ended { 487 } else { status };
        self.emit(cx, refused(status, None, unreachable));
    }

    /// Gives an unanswered INVITE up.
    pub(super) fn cancel(&mut self, cx: &mut Cx<'_>, reason: Bytes) {
        let Phase::Calling(calling) = &mut self.phase else {
            return;
        };
        if calling.ended {
            return;
        }
        calling.ended = true;
        if let Some(tx) = calling.tx {
            // A phone that rings in silence tells by its registration only that it moved.
            cx.layer.moved(tx, self.peer);
            cx.layer.cancel(cx.now.mono, tx, Some(reason), cx.out);
        }
        self.wishes.clear();
        match self.take_owed() {
            Some(Owed::Prack { rseq, cseq, fork }) => self.send_prack(cx, (rseq, cseq, fork), None),
            Some(Owed::Request { tx, .. }) => {
                self.reply_to(cx, tx, text::Say::code(487));
            }
            Some(Owed::Ack { .. }) | None => {}
        }
    }

    /// The early dialog whose offer and answer are complete, for an UPDATE of ours.
    pub(super) fn early_remote(&self) -> Option<&Remote> {
        let Phase::Calling(calling) = &self.phase else {
            return None;
        };
        let fork = calling.forks.get(calling.current)?;
        (fork.done && fork.caps.update() && !calling.ended).then_some(&fork.remote)
    }

    /// Tells call control that nothing will come of its waiting and running offers.
    pub(super) fn fail_offers(&mut self, cx: &mut Cx<'_>, status: u16) {
        let running = self.pending.take().map(|p| p.wish);
        let waiting = std::mem::take(&mut self.wishes);
        for wish in running.into_iter().chain(waiting) {
            if let What::Offer { .. } = wish.what {
                self.emit(cx, LegEvent::OfferFailed { status });
            }
        }
        self.disarm(Kind::Retry);
    }
}

impl Calling {
    /// Index of the early dialog that a response belongs to, made when it is new; `None` when
    /// there are too many.
    fn fork_of(&mut self, response: &Msg, sent: &Remote) -> Option<usize> {
        let tag = response.to()?.tag().unwrap_or_default();
        if let Some(at) = self.forks.iter().position(|f| &*f.remote.tag == tag) {
            return Some(at);
        }
        if self.forks.len() >= FORKS_MAX {
            return None;
        }
        let remote = Remote::of_response(response, sent)?;
        let caps = Caps::default();
        self.forks.push(Fork { remote, caps, rseq: 0, done: false, preview: None });
        Some(self.forks.len() - 1)
    }

    /// Takes the minimum of a 422; `false` when it asks for nothing longer (RFC 4028 §7.4).
    fn lengthen(&mut self, response: &Msg) -> bool {
        let Some(min_s) = response.min_se().filter(|m| *m > self.session_s || *m > self.min_s)
        else {
            return false;
        };
        self.min_s = self.min_s.max(min_s);
        self.session_s = self.session_s.max(min_s);
        true
    }
}

fn refused(status: u16, q850: Option<u8>, unreachable: bool) -> LegEvent {
    LegEvent::Refused(Refused { status, q850, unreachable })
}
