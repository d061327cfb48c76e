//! Offers and answers on their way through the call: one at a time, from phone to phone
//! (RFC 3264), whatever message carries them.
//!
//! | Exchange | Begins with | Next |
//! |---|---|---|
//! | `Pass` | an offer of `from` goes to `to` | answer of `to` goes back; refusal too |
//! | `Fetch` | `from` asks for an offer, so `to` is asked | offer of `to` → `Give` |
//! | `Give` | the offer of `to` lies with `from` | answer of `from` goes to `to` |
//! | `Join` | an answered leg is asked for an offer | its offer → `Pass` to its new partner |
//! | `Tell` | a new partner's description is offered | another address: the partner is told |
//! | `Player` | our player is offered | the leg hears it |
//! | `Probe` | the last description once more (R255) | any answer is a sign of life |
//!
//! An offer that comes while another exchange runs is refused with 491; the phone repeats it
//! (RFC 3261 §14.2). After glare the phone whose turn is first goes first: its repeated offer
//! takes the place of the one that waits to be repeated to it, whose phone gets the 491. News
//! that fits no exchange is late and counted.

use base::event::Kind;
use base::{Cause, LegId};
use bytes::Bytes;
use mediactl::sdp::Sdp;

use crate::action::LegCommand;
use crate::call::{Call, Link, Purpose};
use crate::cx::Cx;
use crate::leg::{Asked, Body, Leg, Pending, Protect, Role, Say, Serves};
use crate::media::path::Way;
use crate::media::{can_play, holds, same_endpoint};
use crate::record::Verdict;

/// What is under way between the two parties.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Exchange {
    Idle,
    Pass { from: LegId, to: LegId },
    Fetch { from: LegId, to: LegId },
    Give { from: LegId, to: LegId },
    Join { leg: LegId, then: LegId },
    Tell { leg: LegId, with: LegId, known: Bytes },
    Player { leg: LegId },
    Probe { leg: LegId },
}

impl Exchange {
    fn involves(&self, id: LegId) -> bool {
        match *self {
            Exchange::Idle => false,
            Exchange::Pass { from, to }
            | Exchange::Fetch { from, to }
            | Exchange::Give { from, to } => from == id || to == id,
            Exchange::Join { leg, then } => leg == id || then == id,
            Exchange::Tell { leg, with, .. } => leg == id || with == id,
            Exchange::Player { leg } | Exchange::Probe { leg } => leg == id,
        }
    }
}

/// Refusal of an offer that meets another one (RFC 3261 §14.2).
pub(crate) const REQUEST_PENDING: u16 = 491;

impl Call {
    /// A far end makes an offer, or asks for one.
    pub(crate) fn offer_received(&mut self, cx: &mut Cx<'_>, id: LegId, sdp: Option<Bytes>) {
        self.give_way_after_glare(cx, id);
        let idle = self.exchange == Exchange::Idle;
        let Some(leg) = self.leg_mut(id).filter(|l| l.is_live()) else {
            return cx.count(Kind::LateAnswer);
        };
        if leg.asked == Asked::Offer
            && let Some(offer) = &sdp
        {
            leg.asked = Asked::Nothing;
            leg.pending = Pending::Offer(Leg::keep(offer));
            leg.fetched = true;
            return self.offer_fetched(cx, id);
        }
        if leg.pending != Pending::Nothing {
            return cx.count(Kind::LateAnswer);
        }
        let free = idle && leg.asked == Asked::Nothing && leg.waiting.is_none();
        leg.pending = sdp.as_ref().map_or(Pending::Request, |s| Pending::Offer(Leg::keep(s)));
        if free && self.takeover.is_none() && self.announce.is_none() {
            self.take_offer(cx, id);
        } else {
            self.refuse_offer(cx, id, REQUEST_PENDING);
        }
    }

    /// A phone makes an offer although one waits for it: the two have met, both were refused, and
    /// it is the one that tries again first (RFC 3261 §14.1). An offer on its way never gets here.
    fn give_way_after_glare(&mut self, cx: &mut Cx<'_>, id: LegId) {
        let Exchange::Pass { from, to } = self.exchange else { return };
        let waits = to == id && self.leg(id).is_some_and(|l| l.asked == Asked::Answer);
        // Both have a session to stay with, and the other one can try again by itself.
        let settled = self.linked && self.is_up() && self.is_party(from) && self.is_party(id);
        if !waits || !settled || self.takeover.is_some() {
            return;
        }
        cx.command(id, LegCommand::WithdrawOffer);
        if let Some(leg) = self.leg_mut(id) {
            leg.asked = Asked::Nothing;
        }
        self.exchange = Exchange::Idle;
        self.refuse_offer(cx, from, REQUEST_PENDING);
    }

    /// The offer that we asked for.
    fn offer_fetched(&mut self, cx: &mut Cx<'_>, id: LegId) {
        match self.exchange.clone() {
            Exchange::Fetch { from, to } if to == id => {
                self.exchange = Exchange::Give { from, to };
                self.reply(cx, from, Body::Of(id));
            }
            Exchange::Join { leg, then } if leg == id => {
                self.exchange = Exchange::Pass { from: id, to: then };
                self.say(cx, then, Say::Offer { identity: Some(id) }, Body::Of(id));
            }
            // Who wanted it has gone; settling finds the leg and answers it.
            _ => {}
        }
    }

    /// An offer while nothing else is under way.
    fn take_offer(&mut self, cx: &mut Cx<'_>, id: LegId) {
        if !self.leg(id).is_some_and(Leg::is_answered) {
            return self.take_early_offer(cx, id);
        }
        let Some(peer) = self.partner(id) else { return self.answer_alone(cx, id) };
        if !self.linked || !self.leg(peer).is_some_and(Leg::is_quiet) {
            return self.refuse_offer(cx, id, REQUEST_PENDING);
        }
        self.take_offer_between(cx, id, peer);
    }

    /// Before the answer only two negotiated legs may change what they agreed (RFC 3311).
    fn take_early_offer(&mut self, cx: &mut Cx<'_>, id: LegId) {
        // Whoever is transferred talks to someone else until the target has answered.
        let basic = self.ring.as_ref().filter(|r| r.purpose == Purpose::Basic);
        let pair = self.only_ringing().zip(basic.map(|r| r.leg));
        let other = match pair {
            Some((only, caller)) if only == id => Some(caller),
            Some((only, caller)) if caller == id => Some(only),
            _ => None,
        };
        let negotiated = |l: &Leg| !l.remote.is_empty() && l.is_quiet();
        let mine = self.leg(id).is_some_and(|l| !l.remote.is_empty());
        match other.filter(|o| mine && self.leg(*o).is_some_and(negotiated)) {
            Some(other) => self.pass(cx, id, other),
            None => self.refuse_offer(cx, id, REQUEST_PENDING),
        }
    }

    /// Hands an offer, or the wish for one, to the other side.
    pub(crate) fn pass(&mut self, cx: &mut Cx<'_>, from: LegId, to: LegId) {
        let identity = self.leg(from).filter(|l| l.role == Role::Joining).map(|l| l.id);
        let offers = self.leg(from).is_some_and(|l| matches!(l.pending, Pending::Offer(_)));
        if offers {
            self.exchange = Exchange::Pass { from, to };
            self.say(cx, to, Say::Offer { identity }, Body::Of(from));
        } else {
            self.exchange = Exchange::Fetch { from, to };
            self.say(cx, to, Say::Offer { identity }, Body::Nothing);
        }
    }

    /// A far end answered our offer.
    pub(crate) fn answer_received(&mut self, cx: &mut Cx<'_>, id: LegId, sdp: Option<Bytes>) {
        let Some(sdp) = sdp else { return self.offer_failed(cx, id, NO_ANSWER) };
        let Some(leg) = self.leg_mut(id).filter(|l| l.is_live()) else {
            return cx.count(Kind::LateAnswer);
        };
        if leg.asked == Asked::Nothing {
            return cx.count(Kind::LateAnswer);
        }
        if leg.asked == Asked::Offer {
            // The offer in the answer to our request, told as an answer.
            return self.offer_received(cx, id, Some(sdp));
        }
        leg.asked = Asked::Nothing;
        leg.probe = false;
        leg.remote = Leg::keep(&sdp);
        leg.touch_media();
        if !adopt_key(leg) {
            self.trouble = Some(Verdict::by(Cause::MediaNotAcceptable, id));
            return;
        }
        match std::mem::replace(&mut self.exchange, Exchange::Idle) {
            Exchange::Pass { from, to } if to == id => self.passed(cx, from, to),
            Exchange::Give { from, to } if from == id => self.given(cx, from, to),
            Exchange::Tell { leg, with, known } if leg == id => self.told(cx, leg, with, &known),
            Exchange::Player { leg } if leg == id && self.is_deaf(id) => {
                self.trouble = Some(Verdict::by(Cause::MediaNotAcceptable, id));
            }
            Exchange::Player { leg } if leg == id => {
                let direct = self.way == Way::Direct;
                if let Some(leg) = self.leg_mut(id).filter(|l| direct && l.media.is_some()) {
                    leg.serves = Serves::Music;
                }
            }
            // Only a sign of life was wanted.
            Exchange::Probe { leg } if leg == id => {}
            other => self.exchange = other,
        }
    }

    fn passed(&mut self, cx: &mut Cx<'_>, from: LegId, to: LegId) {
        self.note_holds(from, to);
        self.reply(cx, from, Body::Of(to));
        self.now_linked(from, to);
    }

    fn given(&mut self, cx: &mut Cx<'_>, from: LegId, to: LegId) {
        self.note_holds(to, from);
        self.reply(cx, to, Body::Of(from));
        self.now_linked(from, to);
    }

    fn told(&mut self, cx: &mut Cx<'_>, leg: LegId, with: LegId, known: &Bytes) {
        let now = self.leg(leg).map(Leg::body).unwrap_or_default();
        self.now_linked(leg, with);
        self.note_holds(with, leg);
        // A relayed partner sends to us, and need not know.
        let same = known.is_empty() || self.way == Way::Relay || same_endpoint(known, &now);
        if !same {
            self.exchange = Exchange::Tell { leg: with, with: leg, known: Bytes::new() };
            self.say(cx, with, Say::Offer { identity: None }, Body::Of(leg));
        }
    }

    /// Who of the two holds, after `offerer` made an offer that `answerer` answered.
    fn note_holds(&mut self, offerer: LegId, answerer: LegId) {
        let body = |id| self.leg(id).map(Leg::body).unwrap_or_default();
        let (offer, answer) = (body(offerer), body(answerer));
        let asks = holds(&offer).unwrap_or(false);
        // An answer may only mirror a hold; one of its own shows when the offer does send.
        let sends = Sdp::parse(&offer)
            .ok()
            .and_then(|s| s.audio().ok().flatten().map(|a| a.direction.sends()));
        let holds_back = holds(&answer).unwrap_or(false) && sends.unwrap_or(true);
        for (id, held) in [(offerer, asks), (answerer, holds_back)] {
            if let Some(leg) = self.leg_mut(id) {
                leg.holding = held;
            }
        }
    }

    /// The two have each other's description.
    fn now_linked(&mut self, a: LegId, b: LegId) {
        if self.is_party(a) && self.is_party(b) && self.is_up() {
            self.linked = true;
        }
        for id in [a, b] {
            if let Some(leg) = self.leg_mut(id) {
                leg.serves = Serves::Peer;
                leg.no_music = false;
            }
        }
        self.touch_all_media();
    }

    /// A far end refused our offer, or gave no answer to it.
    pub(crate) fn offer_failed(&mut self, cx: &mut Cx<'_>, id: LegId, status: u16) {
        let Some(leg) = self.leg_mut(id).filter(|l| l.asked != Asked::Nothing) else {
            return cx.count(Kind::LateAnswer);
        };
        leg.asked = Asked::Nothing;
        let unusable = Verdict::by(Cause::MediaNotAcceptable, id);
        match std::mem::replace(&mut self.exchange, Exchange::Idle) {
            Exchange::Pass { from, to } | Exchange::Fetch { from, to } if to == id => {
                self.pass_failed(cx, from, status, unusable);
            }
            // The offer came in a final answer and must be answered: nothing is agreed.
            Exchange::Give { from, .. } if from == id => self.trouble = Some(unusable),
            Exchange::Join { leg, .. } | Exchange::Tell { leg, .. } if leg == id => {
                self.trouble = Some(unusable);
            }
            Exchange::Player { leg } if leg == id && self.is_voiced(id) => {
                self.trouble = Some(unusable);
            }
            Exchange::Player { leg } if leg == id => self.music_refused(id),
            Exchange::Probe { leg } if leg == id => self.probed(id, status),
            other => self.exchange = other,
        }
    }

    fn pass_failed(&mut self, cx: &mut Cx<'_>, from: LegId, status: u16, verdict: Verdict) {
        let joining = self.leg(from).is_some_and(|l| l.role == Role::Joining);
        if joining {
            return self.takeover_failed(cx, from, verdict);
        }
        // Nothing else was ever agreed: there is no session to stay with.
        let first = self.leg(from).is_some_and(|l| l.remote.is_empty() || l.fetched);
        if first || (!self.linked && self.is_up()) {
            self.trouble = Some(verdict);
            return;
        }
        let status = match status {
            REQUEST_PENDING => REQUEST_PENDING,
            NO_ANSWER => 500,
            400..=499 | 600..=699 => 488,
            _ => 500,
        };
        self.refuse_offer(cx, from, status);
    }

    /// Whether a leg talks to the exchange and has no codec of ours.
    fn is_deaf(&self, id: LegId) -> bool {
        self.is_voiced(id) && self.leg(id).is_some_and(|l| !can_play(&l.remote))
    }

    /// A leg takes no more part: what waited for it ends.
    pub(crate) fn drop_exchange(&mut self, id: LegId) {
        if self.exchange.involves(id) {
            self.exchange = Exchange::Idle;
        }
    }

    /// Brings two answered legs together that do not have each other's description.
    pub(crate) fn begin_link(&mut self, cx: &mut Cx<'_>, first: LegId, second: LegId) {
        match std::mem::take(&mut self.link) {
            Link::Join => {
                self.exchange = Exchange::Join { leg: first, then: second };
                self.say(cx, first, Say::Offer { identity: Some(second) }, Body::Nothing);
            }
            Link::Tell(known) => {
                self.exchange = Exchange::Tell { leg: first, with: second, known: *known };
                self.say(cx, first, Say::Offer { identity: Some(second) }, Body::Of(second));
            }
        }
    }

    /// R255: the last description once more, as a question whether anyone is there.
    pub(crate) fn begin_probe(&mut self, cx: &mut Cx<'_>, id: LegId, peer: LegId) {
        if let Some(leg) = self.leg_mut(id) {
            leg.probe = false;
        }
        self.exchange = Exchange::Probe { leg: id };
        self.say(cx, id, Say::Offer { identity: None }, Body::Of(peer));
    }

    /// A refusal is a sign of life too, unless it says that there is no dialog or nobody.
    fn probed(&mut self, id: LegId, status: u16) {
        if matches!(status, NO_ANSWER | 481 | 503 | 504) {
            self.trouble = Some(Verdict::by(Cause::MediaTimeout, id));
        }
    }
}

/// Stands for "no answer came" among the SIP status values.
const NO_ANSWER: u16 = 408;

/// Keeps the key that the far end chose of ours; false when it chose none though it must.
pub(crate) fn adopt_key(leg: &mut Leg) -> bool {
    let body = leg.body();
    let Some(media) = leg.media.as_mut().filter(|m| !m.keys.is_empty()) else { return true };
    let Ok(sdp) = Sdp::parse(&body) else { return false };
    let Ok(Some(audio)) = sdp.audio() else { return true };
    let chosen =
        |k: &mediactl::Sdes| audio.crypto.iter().any(|c| c.tag == k.tag && c.suite == k.suite);
    media.keys.retain(chosen);
    match media.protect {
        Some(Protect::Savp) => !media.keys.is_empty() || audio.is_refused(),
        Some(Protect::BestEffort) if media.keys.is_empty() => {
            media.protect = Some(Protect::Plain);
            true
        }
        Some(Protect::BestEffort | Protect::Plain) | None => true,
    }
}
