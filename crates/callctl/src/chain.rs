//! Who is consulted holds by code as well (R284): the conversations of one call form a chain in
//! which one pair talks, and the others rest.
//!
//! | C – A – T, A holds C | Then |
//! |---|---|
//! | T holds A by code | A's hold of C rests, T consults U; A hears music and may press nothing |
//! | T has A back, or gives A to U | A's consultation is what it was, with T or U |
//! | T and A talk, T holds U, A changes to C | T's hold of U rests meanwhile |
//! | T and A talk, T holds U, A would drop T (切断) | error tone: nobody drops who holds somebody |
//! | A hangs up | C takes A's place, as after a transfer |
//! | C hangs up | the hold is over; who held C goes on with whom it has |
//! | the conversation in front ends otherwise | A talks to C, or is called back if A has gone |
//!
//! Who holds somebody is neither parked nor left at a mailbox.

use base::LegId;
use base::event::Kind;
use model::outside::class_of;

use crate::call::{Call, Transfer};
use crate::consult::{Consult, Stage};
use crate::cx::Cx;
use crate::leave::Left;
use crate::leg::Leg;
use crate::outside::may_connect;
use crate::record::{Draft, Verdict};

/// Most conversations of one call that rest.
pub(crate) const RESTING_MAX: usize = 4;

/// A conversation that rests, while who holds the other party talks to somebody else, or is held.
#[derive(Debug)]
pub(crate) struct Resting {
    pub holder: LegId,
    pub held: LegId,
    draft: Box<Draft>,
    /// Whom the holder had besides, when it came to rest.
    other: LegId,
    /// The holder had called the held party in a consultation.
    was_target: bool,
}

/// What a call falls back to; few calls have anything.
#[derive(Debug, Default)]
pub(crate) struct Chain {
    resting: Vec<Resting>,
    /// Who has connected two that cannot hear each other yet.
    referrer: Option<Box<Transfer>>,
}

impl Call {
    pub(crate) fn resting(&self) -> &[Resting] {
        self.chain.as_ref().map_or(&[], |chain| &chain.resting)
    }

    /// Two were connected: should it come to nothing, who did it is called back.
    pub(crate) fn remember_referrer(&mut self, transfer: Transfer) {
        self.chain.get_or_insert_default().referrer = Some(Box::new(transfer));
    }

    /// Who is called back when two that were connected cannot be made to hear each other.
    pub(crate) fn take_referrer(&mut self) -> Option<Box<Transfer>> {
        let referrer = self.chain.as_mut()?.referrer.take();
        self.chain = self.chain.take().filter(|chain| !chain.resting.is_empty());
        referrer
    }

    /// The conversation that fits is in front, or over.
    fn take_resting(&mut self, fits: impl Fn(&Resting) -> bool) -> Option<Resting> {
        let rest = &mut self.chain.as_mut()?.resting;
        let at = rest.iter().position(fits)?;
        Some(rest.remove(at))
    }

    /// Who holds the leg by code at the moment.
    pub(crate) fn held_by(&self, id: LegId) -> Option<LegId> {
        let front = self.consult.as_ref().filter(|c| c.holds_now(id)).map(|c| c.holder);
        front.or_else(|| self.resting().iter().find(|r| r.held == id).map(|r| r.holder))
    }

    /// Whether the leg holds somebody in a conversation that rests.
    pub(crate) fn holds_resting(&self, id: LegId) -> bool {
        self.resting().iter().any(|r| r.holder == id)
    }

    /// Whether the leg is held in a conversation that rests.
    pub(crate) fn is_resting(&self, id: LegId) -> bool {
        self.resting().iter().any(|r| r.held == id)
    }

    /// The hold code of the one who talks to the holder.
    pub(crate) fn hold_by_other(&mut self, cx: &mut Cx<'_>, id: LegId) {
        let Some(consult) = self.consult.as_ref() else { return };
        if consult.target().is_none() {
            return self.error_tone(cx, id);
        }
        if !self.holds_resting(id) {
            return self.hold_holder(cx, id);
        }
        // For whom it changes the one in front would have to go, who holds somebody.
        let drops = self.resting().iter().any(|r| r.holder == id && !r.was_target);
        if drops && self.drops_target(cx, id) {
            return self.error_tone(cx, id);
        }
        self.rest_front();
        self.resume(id);
        self.change_sides(cx);
    }

    /// The other party of the holder holds the holder.
    fn hold_holder(&mut self, cx: &mut Cx<'_>, id: LegId) {
        let Some(holder) = self.consult.as_ref().map(|c| c.holder) else { return };
        let full = self.resting().len() >= RESTING_MAX;
        if full || !self.has_rights(cx, id) || !self.may_cross(cx, &[id, holder]) {
            return self.error_tone(cx, id);
        }
        self.rest_front();
        self.begin_consult(cx, id);
    }

    /// What the holder in front does not talk in comes to rest; the call is the pair that talks.
    fn rest_front(&mut self) {
        let Some(consult) = self.consult.take() else { return };
        let Consult { holder, held, stage, draft, .. } = *consult;
        let (Stage::Talking { target, to_target }, Some(mut draft)) = (stage, draft) else {
            return;
        };
        if to_target {
            std::mem::swap(&mut self.draft, &mut draft);
        }
        let (held, other) = if to_target { (held, target) } else { (target, held) };
        let rest = Resting { holder, held, draft, other, was_target: !to_target };
        self.chain.get_or_insert_default().resting.push(rest);
    }

    /// A pair talks of which one holds somebody: that consultation is in front again.
    pub(crate) fn resume_resting(&mut self) {
        let idle = self.transfer.is_none() && self.takeover.is_none() && self.ring.is_none();
        if self.resting().is_empty()
            || self.ended
            || self.consult.is_some()
            || !idle
            || self.dialing.is_some()
            || !self.is_up()
        {
            return;
        }
        let holder = self.resting().iter().map(|r| r.holder).find(|id| self.is_party(*id));
        if let Some(holder) = holder {
            self.resume(holder);
            self.come_by_us();
        }
    }

    fn resume(&mut self, holder: LegId) {
        let Some(other) = self.peer_of(holder) else { return };
        let Some(rest) = self.take_resting(|r| r.holder == holder) else { return };
        let Resting { held, mut draft, was_target, .. } = rest;
        // Nobody outside holds: who is there unasked has come since.
        let stepped_in = rest.other != other;
        if !was_target {
            std::mem::swap(&mut self.draft, &mut draft);
        }
        let (held, target) = if was_target { (other, held) } else { (held, other) };
        let stage = Stage::Talking { target, to_target: !was_target };
        let draft = Some(draft);
        self.consult = Some(Box::new(Consult { holder, held, stage, draft, stepped_in }));
    }

    /// Somebody has gone who is held in a conversation that rests: true when that is so.
    pub(crate) fn resting_left(&mut self, cx: &mut Cx<'_>, left: Left) -> bool {
        let Some(mut rest) = self.take_resting(|r| r.held == left.leg) else { return false };
        self.record(cx, &rest.draft, left.verdict);
        // Whom it held itself takes its place.
        if let Some(beyond) = self.take_resting(|r| r.holder == left.leg) {
            self.record(cx, &beyond.draft, left.verdict);
            cx.count(Kind::Transferred);
            if let Some(draft) = self.joined_by(cx, &beyond, rest.holder) {
                (rest.held, *rest.draft) = (beyond.held, draft);
                self.chain.get_or_insert_default().resting.push(rest);
            }
        }
        self.out(cx, left);
        true
    }

    /// The other party of the holder in front has gone, and held somebody: that one takes its
    /// place. True when it is so.
    pub(crate) fn stepped_in(&mut self, cx: &mut Cx<'_>, left: Left) -> bool {
        let Some(consult) = self.consult.as_ref() else { return false };
        let (holder, held) = (consult.holder, consult.held);
        let talks = consult.target().is_some() && !consult.holds_now(left.leg);
        let Some(rest) = self.take_resting(|r| r.holder == left.leg) else { return false };
        let new = rest.held;
        let Some(draft) = self.joined_by(cx, &rest, holder) else { return false };
        self.record(cx, &rest.draft, left.verdict);
        let Some(consult) = self.consult.as_mut() else { return false };
        consult.stepped_in = true;
        let old = if left.leg == held {
            consult.held = new;
            Some(std::mem::replace(&mut self.draft, draft))
        } else {
            if let Stage::Talking { target, .. } = &mut consult.stage {
                *target = new;
            }
            consult.draft.replace(Box::new(draft)).map(|old| *old)
        };
        if let Some(old) = old {
            self.record(cx, &old, left.verdict);
        }
        cx.count(Kind::Transferred);
        let alone = self.is_party(left.leg);
        self.out(cx, left);
        if talks {
            self.pair(cx, holder, new);
        } else if alone {
            (self.first, self.second, self.linked) = (Some(holder), None, false);
        }
        true
    }

    /// Two outside whom nobody had the right to connect when the number was dialled (R291).
    pub(crate) fn may_not_meet(&self, cx: &Cx<'_>, consult: &Consult, target: LegId) -> bool {
        let (Some(holder), Some(target)) = (self.leg(consult.holder), self.leg(target)) else {
            return false;
        };
        let both = target.is_outside() && self.is_outside(consult.held);
        let snapshot = cx.view.snapshot();
        consult.stepped_in
            && both
            && !may_connect(snapshot, holder.site, class_of(&target.who.number))
    }

    /// The record of whom a holder who has gone leaves with its other party: who was called by it
    /// is called now.
    fn joined_by(&self, cx: &Cx<'_>, rest: &Resting, other: LegId) -> Option<Draft> {
        let pair = if rest.was_target { (other, rest.held) } else { (rest.held, other) };
        self.joined_draft(cx, pair, rest.holder)
    }

    /// The record of two that somebody has connected by hanging up.
    pub(crate) fn joined_draft(
        &self,
        cx: &Cx<'_>,
        (stays, new): (LegId, LegId),
        by: LegId,
    ) -> Option<Draft> {
        let (stays, new, by) = (self.leg(stays)?, self.leg(new)?, self.leg(by)?);
        let device = (stays.who.clone(), stays.device);
        let mut draft = Draft::of_transfer(cx.now.wall, device, &new.who.number, &by.who);
        draft.answered_at = Some(cx.now.wall);
        draft.callee = Some((new.who.clone(), Some(new.device)));
        Some(draft)
    }

    /// The conversation in front is over, and one that rested is the call now: true when there is
    /// one. Others that rested end with the first.
    pub(crate) fn falls_back(&mut self, cx: &mut Cx<'_>, end: Verdict) -> bool {
        let live = |id: LegId| self.leg(id).is_some_and(Leg::is_live);
        let there = self.resting().iter().find(|r| live(r.holder) && live(r.held));
        let found = there.or_else(|| self.resting().iter().find(|r| live(r.held)));
        let Some((there, found)) = found.map(|r| (there.is_some(), r.held)) else { return false };
        let Some(rest) = self.take_resting(|r| r.held == found) else { return false };
        self.record_all(cx, end);
        self.drop_all(cx);
        let others = self.legs.iter().filter(|l| l.is_live()).map(|l| l.id);
        let others: Vec<LegId> =
            others.filter(|id| ![rest.holder, rest.held].contains(id)).collect();
        for id in others {
            self.hang_up(cx, id, end.cause);
        }
        self.record_resting(cx, end);
        self.draft = *rest.draft;
        self.come_by_us();
        if there {
            self.pair(cx, rest.holder, rest.held);
            return true;
        }
        let Some(who) = self.leg(rest.holder).map(|l| l.who.clone()) else { return false };
        (self.first, self.second, self.linked) = (Some(rest.held), None, false);
        self.part_from(cx, rest.held);
        let transfer = Transfer::left_by((rest.holder, who), rest.held);
        self.recall(cx, Box::new(transfer), end);
        true
    }

    /// The records of conversations that rest and end with the call.
    pub(crate) fn record_resting(&mut self, cx: &mut Cx<'_>, end: Verdict) {
        for rest in self.chain.take().unwrap_or_default().resting {
            self.record(cx, &rest.draft, end);
        }
    }
}
