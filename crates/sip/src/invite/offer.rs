//! Offers of ours in a dialog: UPDATE and re-INVITE, one at a time, with glare and refreshes
//! (RFC 3261 §14.1, RFC 3311, RFC 4028 §7, RFC 6141).

use base::Micros;
use bytes::Bytes;

use super::Cx;
use super::inbound::First;
use super::text::{self, Ask};
use super::usage::{Kind, Owed, Pending, Phase, Role, TRIES_MAX, Usage, WISHES_MAX, What, Wish};
use crate::dialog::{Body, sdp_of};
use crate::leg::{Identity, LegEvent};
use crate::msg::{HeaderId, Method, Msg};
use crate::txn::ClientTx;

/// Status of a request of ours that could not be sent; a far end that says so itself is taken the
/// same way.
const NOT_SENT: u16 = 503;

/// How the next wish may be sent.
pub(super) enum Way {
    Reinvite,
    Update,
    EarlyUpdate,
}

impl Usage {
    /// Call control wants to make an offer, or to be made one.
    pub(super) fn offer(
        &mut self,
        cx: &mut Cx<'_>,
        sdp: Option<Bytes>,
        identity: Option<Identity>,
    ) {
        match self.phase {
            Phase::Ending(_) | Phase::Gone => return,
            Phase::Calling(_) | Phase::Ringing(_) | Phase::Up => {}
        }
        if self.wishes.len() >= WISHES_MAX {
            return self.emit(cx, LegEvent::OfferFailed { status: 491 });
        }
        let what = What::Offer { sdp, identity: identity.map(Box::new) };
        self.wishes.push(Wish { what, tries: 0 });
        self.pump(cx);
    }

    /// Call control takes back an offer that waits for its turn.
    pub(super) fn withdraw_offer(&mut self) {
        let is_offer = |w: &Wish| matches!(w.what, What::Offer { .. });
        if let Some(at) = self.wishes.iter().position(is_offer) {
            self.wishes.remove(at);
            if at == 0 {
                self.disarm(Kind::Retry);
            }
        }
    }

    /// The session needs a refresh.
    pub(super) fn refresh(&mut self, cx: &mut Cx<'_>) {
        if !self.is_armed(Kind::GiveUp) {
            self.arm(cx, Kind::GiveUp, self.session.ends_at);
        }
        let waits = self.wishes.iter().any(|w| matches!(w.what, What::Refresh));
        if !waits {
            self.wishes.push(Wish { what: What::Refresh, tries: 0 });
        }
        self.pump(cx);
    }

    /// Sends the next wish when nothing stands in its way.
    pub(super) fn pump(&mut self, cx: &mut Cx<'_>) {
        if self.wishes.is_empty()
            || self.pending.is_some()
            || self.owed.is_some()
            || self.is_armed(Kind::Retry)
        {
            return;
        }
        // RFC 3261 §14.1: not while a refused INVITE of the far end waits for its ACK.
        if let Some(tx) = self.refused {
            if cx.layer.awaits_ack(tx) {
                return;
            }
            self.refused = None;
        }
        if let Some(way) = self.way() {
            let wish = self.wishes.remove(0);
            if self.can_send(&wish, &way) {
                self.send_wish(cx, wish, way);
            } else {
                self.pump(cx);
            }
        }
    }

    fn way(&self) -> Option<Way> {
        let what = &self.wishes.first()?.what;
        let asks = matches!(what, What::Offer { sdp: None, .. });
        match &self.phase {
            Phase::Up if self.ack_in.is_some() => None,
            Phase::Up if self.caps.update() && !asks => Some(Way::Update),
            Phase::Up => Some(Way::Reinvite),
            Phase::Ringing(ringing) => {
                let free = ringing.first == First::Done && ringing.unacknowledged.is_none();
                (free && self.caps.update() && !asks).then_some(Way::Update)
            }
            Phase::Calling(calling) if calling.pracks > 0 => None,
            Phase::Calling(_) => self.early_remote().filter(|_| !asks).map(|_| Way::EarlyUpdate),
            Phase::Ending(_) | Phase::Gone => None,
        }
    }

    fn send_wish(&mut self, cx: &mut Cx<'_>, mut wish: Wish, way: Way) {
        wish.tries = wish.tries.saturating_add(1);
        self.run(cx, wish, way, None);
    }

    fn run(&mut self, cx: &mut Cx<'_>, wish: Wish, way: Way, proof: Option<Vec<u8>>) {
        let (method, role) = match way {
            Way::Reinvite => (Method::Invite, Role::Reinvite),
            Way::Update | Way::EarlyUpdate => (Method::Update, Role::Update),
        };
        let number = self.local.next_seq();
        let (sdp, identity) = match &wish.what {
            What::Offer { sdp, identity } => (sdp.clone(), identity.as_deref()),
            What::Identity(identity) if method == Method::Invite => {
                (self.last_sdp.clone(), Some(&**identity))
            }
            What::Identity(identity) => (None, Some(&**identity)),
            What::Refresh if method == Method::Invite => (self.last_sdp.clone(), None),
            What::Refresh => (None, None),
        };
        if let Some(identity) = identity
            && self.caps.takes_new_from()
        {
            self.local.address = text::address(identity, Some(&self.local.tag)).into();
        }
        let remote = self.early_remote().unwrap_or(&self.remote);
        let mut ask = Ask::new(method, number, remote)
            .with(HeaderId::Supported, text::supported(false))
            .sdp(sdp);
        if let Some(identity) = identity {
            ask = ask.with(HeaderId::PAssertedIdentity, text::address(identity, None));
        }
        if let Phase::Up = self.phase {
            let (value, min_s) = self.session_wish(cx);
            ask = ask.with(HeaderId::SessionExpires, value);
            ask = ask.with(HeaderId::MinSe, min_s.to_string());
        }
        if let Some(proof) = proof {
            ask = super::auth::with_proof(ask, &proof);
        }
        let tx = self.send(cx, &ask, role);
        let early = !matches!(self.phase, Phase::Up);
        self.pending = Some(Box::new(Pending { tx, method, wish, early }));
    }

    /// Session-Expires of a request of ours: the roles stay as they are (RFC 4028 §7.4).
    fn session_wish(&self, cx: &Cx<'_>) -> (String, u32) {
        let min_s = cx.config.session_min_s;
        let value = match self.session.seconds {
            0 => cx.config.session_expires_s.to_string(),
            seconds => {
                let who = if self.session.ours { "uac" } else { "uas" };
                format!("{seconds};refresher={who}")
            }
        };
        (value, min_s)
    }

    /// A response to our re-INVITE or UPDATE.
    pub(super) fn offer_response(&mut self, cx: &mut Cx<'_>, tx: ClientTx, response: &Msg) {
        let status = response.status().unwrap_or(0);
        if self.pending.as_ref().is_none_or(|p| p.tx != tx) {
            return self.late_response(cx, response);
        }
        match status {
            0..=199 => self.offer_provisional(cx, response),
            200..=299 => self.offer_accepted(cx, response),
            _ => self.offer_refused(cx, response),
        }
    }

    /// A 2xx to a re-INVITE again, or to one that we have forgotten.
    pub(super) fn late_response(&mut self, cx: &mut Cx<'_>, response: &Msg) {
        let is_2xx = response.status().is_some_and(|s| (200..300).contains(&s));
        let Some(cseq) = response.cseq().filter(|c| is_2xx && c.method == Method::Invite) else {
            return;
        };
        let number = cseq.number;
        if matches!(self.owed, Some(Owed::Ack { cseq, .. }) if cseq == number) {
            return;
        }
        match self.ack_out.as_ref().filter(|a| a.cseq == number) {
            Some(ack) => cx.layer.send(&self.peer, ack.bytes.clone(), cx.out),
            None => self.send_ack(cx, number, None),
        }
    }

    /// COMPAT (proxies that add Require: 100rel): a reliable provisional response to a re-INVITE
    /// is acknowledged; a description in it is taken from the 2xx.
    fn offer_provisional(&mut self, cx: &mut Cx<'_>, response: &Msg) {
        let reliable = response.has_token(HeaderId::Require, "100rel");
        let cseq = response.cseq().filter(|c| c.method == Method::Invite);
        if let (true, Some(rseq), Some(cseq)) = (reliable, response.rseq(), cseq) {
            self.send_prack(cx, (rseq, cseq.number, usize::MAX), None);
        }
    }

    fn offer_accepted(&mut self, cx: &mut Cx<'_>, response: &Msg) {
        let Some(pending) = self.pending.take() else {
            return;
        };
        let Pending { method, wish, early, .. } = *pending;
        let number = response.cseq().map_or(0, |c| c.number);
        let body = match sdp_of(response) {
            Body::Sdp(sdp) => Some(sdp),
            Body::None | Body::Unknown => None,
        };
        if !early && matches!(self.phase, Phase::Up) {
            self.remote.refresh(response);
            self.caps.learn(response);
            let asked_s = match self.session.seconds {
                0 => cx.config.session_expires_s,
                seconds => seconds,
            };
            self.take_session(cx, response, asked_s);
            // Whatever it was for, it has refreshed the session.
            self.wishes.retain(|w| !matches!(w.what, What::Refresh));
        }
        // A refresh without a description to repeat asks for an offer, too.
        let asked = match &wish.what {
            What::Offer { sdp, .. } => sdp.is_none(),
            What::Refresh => self.last_sdp.is_none(),
            What::Identity(_) => false,
        };
        match wish.what {
            _ if asked && method == Method::Invite && body.is_some() => {
                let owed = Owed::Ack { cseq: number, initial: false };
                return self.owe(cx, owed, LegEvent::OfferReceived { sdp: body });
            }
            What::Offer { sdp, .. } => {
                if method == Method::Invite {
                    self.send_ack(cx, number, None);
                }
                self.last_sdp = sdp.filter(|_| !self.caps.update());
                self.emit(cx, LegEvent::AnswerReceived { sdp: body });
            }
            What::Refresh | What::Identity(_) => {
                if method == Method::Invite {
                    self.send_ack(cx, number, None);
                }
            }
        }
        self.pump(cx);
    }

    fn offer_refused(&mut self, cx: &mut Cx<'_>, response: &Msg) {
        let status = response.status().unwrap_or(500);
        let Some(pending) = self.pending.take() else {
            return;
        };
        let Pending { method, wish, .. } = *pending;
        if matches!(status, 408 | 481) {
            return self.offer_lost(cx, wish, status);
        }
        let again = wish.tries < TRIES_MAX;
        let retry_after = response.retry_after().filter(|s| *s <= 10);
        match status {
            491 if again => {
                let wait = text::glare_wait(self.local.owns_call_id, cx.layer.mint().rng());
                self.wish_again(cx, wish, wait);
            }
            500 if again && retry_after.is_some() => {
                let seconds = u64::from(retry_after.unwrap_or(0));
                self.wish_again(cx, wish, Micros::seconds(seconds));
            }
            422 if again && response.min_se().is_some_and(|m| m > self.session.seconds) => {
                self.session.seconds = response.min_se().unwrap_or(0).min(86_400);
                self.wish_again(cx, wish, Micros(0));
            }
            401 | 407 if again => {
                let Some(proof) = super::auth::proof(cx, response, method, &self.remote.target)
                else {
                    return self.offer_failed(cx, wish, status);
                };
                let way = match (method, &self.phase) {
                    (Method::Invite, _) => Way::Reinvite,
                    (_, Phase::Calling(_)) => Way::EarlyUpdate,
                    _ => Way::Update,
                };
                let wish = Wish { tries: wish.tries.saturating_add(1), ..wish };
                self.run(cx, wish, way, Some(proof));
            }
            // COMPAT: some phones list UPDATE in Allow and refuse it.
            405 | 501 if method == Method::Update && matches!(self.phase, Phase::Up) => {
                self.caps.forget_update();
                self.wish_again(cx, wish, Micros(0));
            }
            _ => self.offer_failed(cx, wish, status),
        }
    }

    /// Puts a wish back in front; at once or after a wait.
    fn wish_again(&mut self, cx: &mut Cx<'_>, wish: Wish, wait: Micros) {
        self.wishes.insert(0, wish);
        if wait == Micros(0) {
            return self.pump(cx);
        }
        self.arm_in(cx, Kind::Retry, wait);
    }

    /// The session stays as it was (RFC 6141 §3).
    fn offer_failed(&mut self, cx: &mut Cx<'_>, wish: Wish, status: u16) {
        match wish.what {
            What::Offer { .. } => self.emit(cx, LegEvent::OfferFailed { status }),
            What::Refresh => self.refresh_later(cx, status != NOT_SENT),
            // The phone goes on showing whom it showed.
            What::Identity(_) => {}
        }
        self.pump(cx);
    }

    fn offer_lost(&mut self, cx: &mut Cx<'_>, wish: Wish, status: u16) {
        match self.phase {
            Phase::Up => self.lost(cx, status),
            // The INVITE decides what becomes of an early dialog.
            Phase::Calling(_) | Phase::Ringing(_) => self.offer_failed(cx, wish, status),
            Phase::Ending(_) | Phase::Gone => {}
        }
    }

    /// Our re-INVITE or UPDATE ended without a final response.
    pub(super) fn offer_gone(&mut self, cx: &mut Cx<'_>, tx: ClientTx, status: u16) {
        let Some(pending) = self.pending.take_if(|p| p.tx == tx) else {
            return;
        };
        match status {
            408 => self.offer_lost(cx, pending.wish, status),
            // The connection is gone; the phone may come back by another one.
            _ => self.offer_failed(cx, pending.wish, status),
        }
    }

    /// Call control answers the far end's offer.
    pub(super) fn answer_offer(&mut self, cx: &mut Cx<'_>, sdp: Bytes) {
        match self.take_owed() {
            Some(Owed::Request { tx, method, has_offer }) => {
                self.accept_offer(cx, (tx, method, has_offer), sdp);
            }
            Some(Owed::Ack { cseq, .. }) => {
                self.keep_sdp(&sdp);
                self.send_ack(cx, cseq, Some(sdp));
            }
            Some(Owed::Prack { rseq, cseq, fork }) => {
                self.send_prack(cx, (rseq, cseq, fork), Some(sdp));
            }
            None => {}
        }
        self.pump(cx);
    }

    /// Keeps a description of ours for refreshes by re-INVITE.
    pub(super) fn keep_sdp(&mut self, sdp: &Bytes) {
        self.last_sdp = Some(sdp.clone()).filter(|_| !self.caps.update());
    }

    /// Call control refuses the far end's offer, or has not decided in time.
    pub(super) fn refuse_offer(&mut self, cx: &mut Cx<'_>, status: u16) {
        match self.take_owed() {
            Some(Owed::Request { tx, .. }) => {
                let say = refusal(status, cx.layer.mint().rng());
                self.reply_to(cx, tx, say);
            }
            // A 2xx must be acknowledged; without an answer there is no first session, and an
            // existing one stays as it was.
            Some(Owed::Ack { cseq, initial }) => {
                self.send_ack(cx, cseq, None);
                if initial {
                    return self.abandon(cx, base::Cause::MediaNotAcceptable);
                }
            }
            Some(Owed::Prack { rseq, cseq, fork }) => {
                self.send_prack(cx, (rseq, cseq, fork), None);
                let reason = text::reason(base::Cause::MediaNotAcceptable, false);
                return self.cancel(cx, reason);
            }
            None => {}
        }
        self.pump(cx);
    }
}

/// The refusal of an offer, with what its status asks for.
pub(super) fn refusal(status: u16, rng: &mut base::Rng) -> text::Say {
    let say = text::Say::code(status);
    match status {
        488 => say.with(HeaderId::Warning, "305 naisen \"Incompatible media format\""),
        // RFC 3261 §14.2: a random 0–10 s, so that both do not try again at once.
        500 => say.with(HeaderId::RetryAfter, rng.below(11).to_string()),
        _ => say,
    }
}
