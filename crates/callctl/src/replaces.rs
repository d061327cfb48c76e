//! INVITE with Replaces (RFC 3891): a phone takes a leg's place.
//!
//! | Replaced leg | Effect |
//! |---|---|
//! | talks | its partner is offered the new phone's media; then the old leg ends |
//! | rings for a caller | the caller is answered by the new phone (pickup) |
//! | anything else, or gone | `PickupNone` |
//!
//! Tags of a dialog cannot be guessed, so knowing them is the right to use them within the
//! tenant (RFC 3891 §8).

use base::event::Kind;
use base::{Cause, LegId};
use model::record::Service;

use crate::call::{Call, Link, Purpose, Takeover};
use crate::cx::Cx;
use crate::exchange::Exchange;
use crate::explain::Mark;
use crate::leg::{Asked, Body, Leg, Pending, Role, Say, State};
use crate::media::path::{self, Way};
use crate::record::{Draft, Verdict};

impl Call {
    /// Whether `replaced` can be taken over now.
    pub(crate) fn can_replace(&self, replaced: LegId) -> bool {
        let free = self.takeover.is_none() && self.announce.is_none() && !self.ended;
        let Some(leg) = self.leg(replaced).filter(|_| free) else { return false };
        match leg.role {
            Role::Ringing => {
                // To hear the number of a slot is nobody else's business.
                let ring = self.ring.as_ref().filter(|r| r.purpose != Purpose::ParkTell);
                let caller = ring.and_then(|r| self.leg(r.leg));
                let ready = |c: &Leg| c.asked == Asked::Nothing && c.waiting.is_none();
                // An authority calls for whoever called it, not for others (R265).
                leg.state != State::Opening
                    && !self.is_call_back()
                    && self.exchange == Exchange::Idle
                    && caller.is_some_and(ready)
            }
            Role::Party => {
                let busy = self.transfer.is_some() || self.consult.is_some();
                let free = !busy && !self.is_emergency();
                leg.is_answered() && self.partner(replaced).is_some() && free
            }
            Role::Joining | Role::Out => false,
        }
    }

    /// A phone that dialled `dialed` wants the place of `replaced`.
    pub(crate) fn take_over(
        &mut self,
        cx: &mut Cx<'_>,
        (mut leg, dialed): (Leg, &str),
        replaced: LegId,
    ) {
        let rings = self.leg(replaced).is_some_and(|l| l.role == Role::Ringing);
        if let Some(dn) = leg.who.dn {
            self.reserve(cx, dn);
        }
        if rings {
            return self.pick_up(cx, leg);
        }
        let Some(peer) = self.partner(replaced).and_then(|p| self.leg(p)) else { return };
        let (way, _) = self.way_between(cx.view, peer, &leg);
        let draft = Draft::new(cx.now.wall, leg.who.clone(), leg.device, dialed);
        let joining = leg.id;
        leg.role = Role::Joining;
        self.add_leg(cx, leg);
        let replaced = Some(replaced);
        self.takeover = Some(Box::new(Takeover { joining, replaced, way, begun: false, draft }));
    }

    /// The partner is asked as soon as nothing else is under way.
    pub(crate) fn begin_takeover(&mut self, cx: &mut Cx<'_>) -> bool {
        let Some(takeover) = self.takeover.as_mut().filter(|t| !t.begun) else { return false };
        let (joining, replaced, way) = (takeover.joining, takeover.replaced, takeover.way);
        let Some(peer) = self.who_stays(replaced) else { return false };
        if !self.leg(peer).is_some_and(Leg::is_quiet) {
            return false;
        }
        if let Some(takeover) = self.takeover.as_mut() {
            takeover.begun = true;
            takeover.way = self.way;
        }
        self.way = way;
        self.pass(cx, joining, peer);
        true
    }

    /// The partner of the replaced leg, or who is parked.
    fn who_stays(&self, replaced: Option<LegId>) -> Option<LegId> {
        match replaced {
            Some(replaced) => self.partner(replaced),
            None => self.first,
        }
    }

    /// The new phone has its answer. Of a takeover, the old leg ends now.
    pub(crate) fn joined_by_answer(&mut self, cx: &mut Cx<'_>, id: LegId) {
        if self.takeover.as_ref().is_none_or(|t| t.joining != id) {
            return;
        }
        let Some(takeover) = self.takeover.take() else { return };
        let Some(replaced) = takeover.replaced else { return self.retrieved(cx, id) };
        let (Some(peer), Some(old)) = (self.partner(replaced), self.leg(replaced)) else { return };
        let old = old.who.clone();
        let Some(stays) = self.leg(peer).map(|l| (l.who.clone(), l.device)) else { return };
        let Some((who, device)) = self.leg(id).map(|l| (l.who.clone(), l.device)) else { return };
        let mut draft = Draft::of_transfer(cx.now.wall, stays, &who.number, &old);
        draft.answered_at = Some(cx.now.wall);
        if let Some(dn) = who.dn {
            draft.note(Mark::TakenOver(dn));
        }
        draft.callee = Some((who, Some(device)));
        let before = std::mem::replace(&mut self.draft, draft);
        self.record(cx, &before, Verdict::by(Cause::NormalClearing, id));
        cx.count(Kind::Transferred);
        self.hang_up(cx, replaced, Cause::NormalClearing);
        if let Some(leg) = self.leg_mut(id) {
            leg.role = Role::Party;
        }
        self.first = Some(peer);
        self.second = Some(id);
        // Its exchange, if it still runs, ends with both having each other's description.
        self.linked = true;
        self.touch_all_media();
    }

    /// The new phone gave up, or the partner did not agree: everything is as it was.
    pub(crate) fn takeover_failed(&mut self, cx: &mut Cx<'_>, id: LegId, verdict: Verdict) {
        let Some(takeover) = self.takeover.take() else { return };
        let own = verdict.by == Some(id);
        let refusal = match verdict.cause {
            Cause::NormalClearing => Cause::CallerCancelled,
            cause => cause,
        };
        self.record(cx, &takeover.draft, Verdict { cause: refusal, ..verdict });
        if own {
            self.leg_out(cx, id);
        } else {
            self.hang_up(cx, id, refusal);
        }
        self.exchange = Exchange::Idle;
        if takeover.begun {
            self.way = takeover.way;
            // The partner may have agreed to the other one meanwhile.
            self.linked = false;
            self.link = Link::Join;
        }
        self.stays_parked(cx);
        self.touch_all_media();
    }

    /// The new phone answers in place of the ringing ones.
    fn pick_up(&mut self, cx: &mut Cx<'_>, mut leg: Leg) {
        if self.ring.as_ref().and_then(|r| self.leg(r.leg)).is_some_and(Leg::is_answered) {
            return self.pick_up_late(cx, leg);
        }
        let Some(ring) = self.ring.take() else { return };
        let Some(caller) = self.leg(ring.leg) else { return };
        let guard = |l: &Leg| match l.body() {
            body if body.is_empty() => path::guard_for(l.policy, l.path),
            body => path::guard_of_body(&body),
        };
        let end = |l: &Leg| {
            let outside = l.is_outside();
            path::End { path: l.path, site: l.site, guard: guard(l), outside }
        };
        let (a, b) = (end(caller), end(&leg));
        let direct = path::decide(cx.view, a, b).is_ok() && a.guard == path::Guard::Plain;
        let agreed = caller.pending == Pending::Nothing;
        if !agreed {
            self.way = if direct { Way::Direct } else { Way::Relay };
        }
        let id = leg.id;
        if !self.draft.services.contains(Service::GroupPickup) {
            self.draft.services.insert(Service::Pickup);
        }
        self.draft.answered_at = Some(cx.now.wall);
        if let Some(dn) = leg.who.dn {
            self.draft.note(Mark::TakenOver(dn));
        }
        self.draft.callee = Some((leg.who.clone(), Some(leg.device)));
        leg.role = Role::Party;
        self.add_leg(cx, leg);
        for other in self.ringing() {
            self.give_way(cx, other);
        }
        self.exchange = Exchange::Idle;
        self.early = None;
        self.give_up_at = None;
        self.second = Some(id);
        cx.count(Kind::CallAnswered);
        self.answer_picked_up(cx, ring.leg, id);
    }

    /// Someone is called for a party that has been answered before: by a transfer, a
    /// consultation or a recall (R265, R268).
    fn pick_up_late(&mut self, cx: &mut Cx<'_>, mut leg: Leg) {
        let Some(purpose) = self.ring.as_ref().map(|r| r.purpose) else { return };
        let id = leg.id;
        leg.role = Role::Party;
        let draft = self.attempt();
        if !draft.services.contains(Service::GroupPickup) {
            draft.services.insert(Service::Pickup);
        }
        if let Some(dn) = leg.who.dn {
            draft.note(Mark::TakenOver(dn));
        }
        self.add_leg(cx, leg);
        for other in self.ringing() {
            self.give_way(cx, other);
        }
        cx.count(Kind::CallAnswered);
        match purpose {
            Purpose::Consult => self.consult_reached(cx, id),
            Purpose::ParkRecall | Purpose::ParkOverflow => self.recall_reached(cx, id),
            // It cannot be replaced.
            Purpose::ParkTell => {}
            Purpose::Transfer | Purpose::Recall => self.transfer_reached(cx, id),
            Purpose::Basic => self.listener_reaches(cx, id),
        }
    }

    /// Who listened to a box has called whoever left a message (R262), and that is picked up.
    fn listener_reaches(&mut self, cx: &mut Cx<'_>, id: LegId) {
        let Some(ring) = self.ring.take() else { return };
        let Some(picker) = self.leg(id) else { return };
        self.draft.callee = Some((picker.who.clone(), Some(picker.device)));
        self.draft.answered_at = Some(cx.now.wall);
        self.give_up_at = None;
        self.second = Some(id);
        self.way = ring.way;
        self.linked = false;
        self.link = Link::Join;
        self.part_from(cx, ring.leg);
    }

    /// Both dialled, so both wait for an answer.
    fn answer_picked_up(&mut self, cx: &mut Cx<'_>, caller: LegId, picker: LegId) {
        let pending = |id| self.leg(id).map(|l| l.pending.clone()).unwrap_or_default();
        match (pending(caller), pending(picker)) {
            (Pending::Offer(_), Pending::Offer(_)) => self.answer_crossed(cx, caller, picker),
            (Pending::Request, Pending::Offer(_)) => {
                self.exchange = Exchange::Give { from: caller, to: picker };
                self.say(cx, caller, Say::Answer, Body::Of(picker));
            }
            (Pending::Offer(_), Pending::Request) => {
                self.exchange = Exchange::Give { from: picker, to: caller };
                self.say(cx, picker, Say::Answer, Body::Of(caller));
            }
            (Pending::Nothing, Pending::Offer(_) | Pending::Request) => {
                self.say(cx, caller, Say::Answer, Body::Nothing);
                self.pass(cx, picker, caller);
            }
            (Pending::Request, Pending::Request | Pending::Nothing)
            | (Pending::Offer(_) | Pending::Nothing, Pending::Nothing) => {
                self.trouble = Some(Verdict::by(Cause::MediaNotAcceptable, picker));
            }
        }
    }

    /// Two offers that wait for answers are answered by each other.
    pub(crate) fn answer_crossed(&mut self, cx: &mut Cx<'_>, a: LegId, b: LegId) {
        // Ports first: an answer in force must not stand in for the offer that it answers.
        let relayed = self.way == Way::Relay;
        if relayed {
            self.open_media(cx, a);
            self.open_media(cx, b);
        }
        self.linked = true;
        self.say(cx, a, Say::Answer, Body::Cross(b));
        if self.leg(b).is_some_and(Leg::awaits_answer) {
            self.say(cx, b, Say::Answer, Body::Cross(a));
        } else {
            self.say(cx, b, Say::AnswerOffer, Body::Cross(a));
        }
    }
}
