//! re-INVITE and UPDATE of the far end (RFC 3261 §14.2, RFC 3311 §5.2, RFC 6337 §2).

use bytes::Bytes;

use super::Cx;
use super::cx::Request;
use super::inbound::{self, First};
use super::offer::refusal;
use super::text::Say;
use super::usage::{AckWait, Owed, Phase, Role, Usage};
use crate::dialog::{Agreed, Body, TooShort, sdp_of};
use crate::leg::LegEvent;
use crate::msg::session_expires::Refresher;
use crate::msg::{HeaderId, Method, Msg};
use crate::txn::ServerTx;

impl Usage {
    /// A re-INVITE.
    pub(super) fn reinvited(&mut self, cx: &mut Cx<'_>, request: &Request<'_>) {
        let key = (request.tx, request.msg);
        cx.layer.set_owner(request.tx, self.key.owner(Role::Reinvite));
        let is_settled = !matches!(self.phase, Phase::Up) || self.presume_ack(cx);
        let refuse = match self.phase {
            Phase::Ending(_) | Phase::Gone => Some(481),
            // The first INVITE is not settled yet.
            Phase::Calling(_) => Some(491),
            Phase::Ringing(_) => Some(500),
            Phase::Up if !is_settled => Some(491),
            Phase::Up if self.pending.as_ref().is_some_and(|p| p.collides()) => Some(491),
            Phase::Up if matches!(self.owed, Some(Owed::Ack { .. })) => Some(491),
            Phase::Up if self.owed.is_some() => Some(500),
            Phase::Up => None,
        };
        if let Some(status) = refuse {
            let say = refusal(status, cx.layer.mint().rng());
            self.reply(cx, key, say);
            return;
        }
        let sdp = match sdp_of(request.msg) {
            Body::Sdp(sdp) => Some(sdp),
            Body::None => None,
            Body::Unknown => {
                self.reply(cx, key, Say::code(415).with(HeaderId::Accept, "application/sdp"));
                return;
            }
        };
        if let Err(too_short) = self.agree(cx, request.msg) {
            self.reply(cx, key, too_short_say(too_short));
            return;
        }
        self.caps.learn(request.msg);
        let (tx, has_offer) = (request.tx, sdp.is_some());
        let owed = Owed::Request { tx, method: Method::Invite, has_offer };
        self.owe(cx, owed, LegEvent::OfferReceived { sdp });
    }

    /// An UPDATE; `fork` is the early dialog that it came in, when we are the caller.
    pub(super) fn updated(&mut self, cx: &mut Cx<'_>, request: &Request<'_>, fork: Option<usize>) {
        let key = (request.tx, request.msg);
        let sdp = match sdp_of(request.msg) {
            Body::Sdp(sdp) => Some(sdp),
            Body::None => None,
            Body::Unknown => {
                self.reply(cx, key, Say::code(415).with(HeaderId::Accept, "application/sdp"));
                return;
            }
        };
        if matches!(self.phase, Phase::Ending(_) | Phase::Gone) {
            self.reply(cx, key, Say::code(481));
            return;
        }
        let refuse = sdp.as_ref().and_then(|_| self.offer_in_the_way(cx, fork));
        if let Some(status) = refuse {
            let say = refusal(status, cx.layer.mint().rng());
            self.reply(cx, key, say);
            return;
        }
        if let Err(too_short) = self.agree(cx, request.msg) {
            self.reply(cx, key, too_short_say(too_short));
            return;
        }
        self.caps.learn(request.msg);
        if sdp.is_some() {
            let owed = Owed::Request { tx: request.tx, method: Method::Update, has_offer: true };
            return self.owe(cx, owed, LegEvent::OfferReceived { sdp });
        }
        let say = self.settle(cx, request.msg, fork, Say::code(200));
        self.reply(cx, key, say);
    }

    /// The status that refuses an offer now: 491 when ours is on its way, 500 when one of theirs
    /// is unanswered.
    fn offer_in_the_way(&mut self, cx: &mut Cx<'_>, fork: Option<usize>) -> Option<u16> {
        if self.pending.as_ref().is_some_and(|p| p.collides()) {
            return Some(491);
        }
        match self.owed {
            Some(Owed::Ack { .. } | Owed::Request { .. } | Owed::Prack { .. }) => return Some(500),
            None => {}
        }
        match &self.phase {
            Phase::Calling(calling) => {
                let done = fork.and_then(|f| calling.forks.get(f)).is_some_and(|f| f.done);
                (!done).then_some(if calling.invite.sdp.is_some() { 491 } else { 500 })
            }
            Phase::Ringing(ringing) => match ringing.first {
                First::Offered => Some(500),
                First::OfferSent | First::Empty => Some(491),
                // The PRACK was lost on the way or is behind: the answer has arrived all the same.
                First::Answered | First::Done => None,
            },
            Phase::Up => (!self.presume_ack(cx)).then_some(491),
            Phase::Ending(_) | Phase::Gone => None,
        }
    }

    /// Checks the session interval of a request; only answered sessions have one.
    fn agree(&self, cx: &Cx<'_>, request: &Msg) -> Result<Agreed, TooShort> {
        let asked = inbound::asked(request, self.caps);
        let agreed = asked.answer(cx.config.session_expires_s, cx.config.session_min_s)?;
        let keeps = asked.expires.is_none() && self.session.seconds > 0;
        if !keeps {
            return Ok(agreed);
        }
        // No wish of the far end: interval and roles stay as they are.
        let refresher = if self.session.ours { Refresher::Uas } else { Refresher::Uac };
        Ok(Agreed { seconds: self.session.seconds, refresher })
    }

    /// What a 2xx to a target refresh request brings: new target, session timer.
    fn settle(&mut self, cx: &mut Cx<'_>, request: &Msg, fork: Option<usize>, say: Say) -> Say {
        if let Phase::Calling(calling) = &mut self.phase {
            if let Some(fork) = fork.and_then(|f| calling.forks.get_mut(f)) {
                fork.remote.refresh(request);
            }
            return say;
        }
        self.remote.refresh(request);
        let agreed = self.agree(cx, request).ok();
        match (&self.phase, agreed) {
            (Phase::Up, Some(agreed)) => {
                self.begin_session(cx, agreed.seconds, agreed.refresher == Refresher::Uas);
                inbound::with_session(say, agreed, self.caps)
            }
            _ => say,
        }
    }

    /// 200 with the answer of call control, or with its offer when the re-INVITE had none.
    pub(super) fn accept_offer(
        &mut self,
        cx: &mut Cx<'_>,
        (tx, method, has_offer): (ServerTx, Method, bool),
        sdp: Bytes,
    ) {
        let Some(request) = cx.layer.request_of(tx) else {
            return;
        };
        self.keep_sdp(&sdp);
        let mut say = Say { code: 200, sdp: Some(sdp), ..Say::default() };
        if method != Method::Prack {
            let fork = self.fork_of(&request);
            say = self.settle(cx, &request, fork, say);
        }
        let bytes = self.reply(cx, (tx, &request), say);
        if method == Method::Invite {
            let cseq = request.cseq().map_or(0, |c| c.number);
            let interval = base::limits::T1;
            let offered = !has_offer;
            let wait = AckWait { tx, cseq, bytes, interval, offered, initial: false };
            self.await_ack(cx, wait);
        }
    }

    /// Index of the early dialog that a request of the far end belongs to, when we are the caller.
    pub(super) fn fork_of(&self, request: &Msg) -> Option<usize> {
        let Phase::Calling(calling) = &self.phase else {
            return None;
        };
        let tag = request.from()?.tag().unwrap_or_default();
        calling.forks.iter().position(|f| &*f.remote.tag == tag)
    }
}

/// 422.
pub(super) fn too_short_say(too_short: TooShort) -> Say {
    Say::code(422).with(HeaderId::MinSe, too_short.min_s.to_string())
}
