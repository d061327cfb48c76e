//! Who leaves a call in which somebody is held by code (group G, cases 1, 2, 6 and 7).
//!
//! | Who goes | While | The others |
//! |---|---|---|
//! | holder | the target rings | the held party waits for it, as after a transfer |
//! | holder | the target has answered | are connected; the holder is called back if they cannot be |
//! | holder | the target is an authority (R299), or may not get the held party (R291) | it is cleared, the holder is called back |
//! | holder | a slot is told | the held party is parked |
//! | holder | a greeting plays | the held party leaves a message |
//! | holder | anything else, or its leg is lost | the held party waits, the holder is called back |
//! | held party | the target has answered | the consultation goes on as a call |
//! | held party | anything else | the call ends |
//! | target | it has answered | the first two talk |

use base::event::Kind;
use base::{Cause, LegId};
use model::record::{Service, Services};

use crate::call::{Call, Purpose, Transfer};
use crate::consult::{Consult, Stage};
use crate::cx::Cx;
use crate::explain::Mark;
use crate::leg::Body;
use crate::record::Verdict;

/// How a leg that takes part came to its end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Left {
    pub leg: LegId,
    pub verdict: Verdict,
    /// Its far end does not know yet.
    pub ours: bool,
}

impl Call {
    /// Somebody who takes part has gone: true when the call goes on.
    pub(crate) fn consult_left(&mut self, cx: &mut Cx<'_>, leg: LegId, verdict: Verdict) -> bool {
        self.left(cx, Left { leg, verdict, ours: false })
    }

    /// A leg that takes part ends by us: true when the call goes on.
    pub(crate) fn consult_lost(&mut self, cx: &mut Cx<'_>, leg: LegId, verdict: Verdict) -> bool {
        self.left(cx, Left { leg, verdict, ours: true })
    }

    /// Something went wrong between the two that talk: true when the call goes on.
    pub(crate) fn consult_broken(&mut self, cx: &mut Cx<'_>, verdict: Verdict) -> bool {
        let Some(consult) = self.consult.as_ref().filter(|_| !self.ended) else { return false };
        let lost = verdict.by.filter(|_| verdict.cause == Cause::MediaTimeout);
        if let Some(leg) = lost {
            return self.left(cx, Left { leg, verdict, ours: true });
        }
        match consult.stage {
            Stage::Talking { target, to_target: true } => {
                self.left(cx, Left { leg: target, verdict, ours: true })
            }
            _ => false,
        }
    }

    fn left(&mut self, cx: &mut Cx<'_>, left: Left) -> bool {
        if self.resting_left(cx, left) {
            return true;
        }
        let Some(consult) = &self.consult else { return false };
        match left.leg {
            leg if leg == consult.holder => self.holder_left(cx, left),
            leg if leg == consult.held => self.held_left(cx, left),
            leg if Some(leg) == consult.target() => self.target_left(cx, left),
            _ => false,
        }
    }

    /// The leg is out, by itself or by us.
    pub(crate) fn out(&mut self, cx: &mut Cx<'_>, left: Left) {
        if left.ours {
            self.hang_up(cx, left.leg, left.verdict.cause);
        } else {
            self.leg_out(cx, left.leg);
        }
    }

    /// Cases 1, 2 and 7.
    fn holder_left(&mut self, cx: &mut Cx<'_>, left: Left) -> bool {
        self.free_kept_slot(cx);
        let Some(consult) = self.consult.take() else { return false };
        let lost = left.verdict.cause != Cause::NormalClearing || left.verdict.by.is_none();
        match consult.stage {
            Stage::Talking { target, .. }
                if self.calls_authority(target) || self.may_not_meet(cx, &consult, target) =>
            {
                self.leave_target(cx, *consult, target, left);
            }
            Stage::Talking { target, .. } => self.connect_both(cx, *consult, target, left),
            Stage::Box { of, .. } => {
                let held = consult.held;
                self.leave_at_box(cx, (*consult, of), left.verdict);
                self.leave_alone(cx, held, left);
                self.left_at_box(cx, of);
            }
            Stage::Ringing { .. } if !lost && !self.is_emergency() => {
                self.leave_ringing(cx, *consult, left);
            }
            Stage::Slot { slot, site, .. } if !lost => {
                let parties = (consult.holder, consult.held);
                self.park_now(cx, parties, (slot, site), left.verdict);
                self.out(cx, left);
            }
            _ => self.call_holder_back(cx, *consult, left),
        }
        true
    }

    /// The target has answered: the transfer is done.
    fn connect_both(&mut self, cx: &mut Cx<'_>, consult: Consult, target: LegId, left: Left) {
        let held = consult.held;
        let joined = self.joined_draft(cx, (held, target), consult.holder);
        let (Some(stays), Some(new)) = (self.leg(held), self.leg(target)) else { return };
        let Some(mut draft) = joined else { return };
        let (way, mark) = self.way_between(cx.view, stays, new);
        draft.note(mark);
        let who = self.leg(consult.holder).map(|l| l.who.clone());
        let old = std::mem::replace(&mut self.draft, draft);
        self.record(cx, &old, left.verdict);
        if let Some(consulted) = consult.draft {
            self.record(cx, &consulted, left.verdict);
        }
        cx.count(Kind::Transferred);
        self.out(cx, left);
        self.pair(cx, held, target);
        self.way = way;
        if let Some(who) = who {
            self.remember_referrer(Transfer::left_by((consult.holder, who), held));
        }
    }

    /// An emergency call (R299), or two outside who may not be connected (R291): the target is
    /// cleared, and whoever was held gets its holder back.
    fn leave_target(&mut self, cx: &mut Cx<'_>, mut consult: Consult, target: LegId, left: Left) {
        if let Some(draft) = consult.draft.take() {
            self.record(cx, &draft, left.verdict);
        }
        self.hang_up(cx, target, Cause::NormalClearing);
        self.call_holder_back(cx, consult, left);
    }

    /// The target still rings: as a transfer whose referrer has gone.
    fn leave_ringing(&mut self, cx: &mut Cx<'_>, consult: Consult, left: Left) {
        let (holder, held) = (consult.holder, consult.held);
        let Some(who) = self.leg(holder).map(|l| l.who.clone()) else { return };
        let Some(stays) = self.leg(held) else { return };
        let Some(mut draft) = consult.draft else { return };
        draft.caller = stays.who.clone();
        draft.caller_device = stays.device;
        draft.services = Services(draft.services.0).with(Service::Transfer);
        draft.transferrer = Some(who.number.clone());
        if let Some(dn) = who.dn {
            draft.note(Mark::Transferred(dn));
        }
        let old = std::mem::replace(&mut self.draft, *draft);
        self.record(cx, &old, left.verdict);
        if let Some(ring) = &mut self.ring {
            ring.purpose = Purpose::Transfer;
            ring.leg = held;
            ring.inherited = true;
        }
        if let Some(dialing) = &mut self.dialing {
            dialing.purpose = Purpose::Transfer;
            dialing.leg = held;
            dialing.journey.transferrer = Some(who.number.clone());
        }
        for leg in &mut self.legs {
            if let Some(waiting) = &mut leg.waiting
                && waiting.body == Body::Fresh(holder)
            {
                waiting.body = Body::Fresh(held);
            }
        }
        self.leave_alone(cx, held, left);
        self.transfer = Some(Box::new(Transfer::left_by((holder, who), held)));
    }

    /// Nobody was reached: the held party stays so, and its holder is called back.
    fn call_holder_back(&mut self, cx: &mut Cx<'_>, mut consult: Consult, left: Left) {
        let (holder, held) = (consult.holder, consult.held);
        let Some(who) = self.leg(holder).map(|l| l.who.clone()) else { return };
        if let Some(draft) = consult.draft.take() {
            let cause = match left.verdict.cause {
                Cause::NormalClearing => Cause::CallerCancelled,
                cause => cause,
            };
            self.record(cx, &draft, Verdict { cause, ..left.verdict });
        }
        self.ring = None;
        self.dialing = None;
        for id in self.ringing() {
            self.hang_up(cx, id, Cause::CallerCancelled);
        }
        self.rings_nowhere(cx);
        self.leave_alone(cx, held, left);
        let transfer = Transfer::left_by((holder, who), held);
        self.recall(cx, Box::new(transfer), left.verdict);
    }

    /// Only the held party is left.
    fn leave_alone(&mut self, cx: &mut Cx<'_>, held: LegId, left: Left) {
        self.out(cx, left);
        self.first = Some(held);
        self.second = None;
        self.linked = false;
        self.part_from(cx, held);
    }

    /// Case 6: a consultation that was answered goes on by itself, any other ends with the call.
    fn held_left(&mut self, cx: &mut Cx<'_>, left: Left) -> bool {
        if self.stepped_in(cx, left) {
            return true;
        }
        let Some(target) = self.consult.as_ref().and_then(|c| c.target()) else { return false };
        let Some(consult) = self.consult.take() else { return false };
        let Some(draft) = consult.draft else { return false };
        let old = std::mem::replace(&mut self.draft, *draft);
        self.record(cx, &old, left.verdict);
        self.out(cx, left);
        if self.peer_of(consult.holder) != Some(target) {
            self.pair(cx, consult.holder, target);
        }
        true
    }

    /// The target hangs up.
    fn target_left(&mut self, cx: &mut Cx<'_>, left: Left) -> bool {
        if self.stepped_in(cx, left) {
            return true;
        }
        let Some(draft) = self.consult.as_mut().and_then(|c| c.draft.take()) else {
            return false;
        };
        self.record(cx, &draft, left.verdict);
        self.out(cx, left);
        self.consult_back(cx);
        true
    }
}
