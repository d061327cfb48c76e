//! Room for an emergency call: which call ends, and what of it (J33).
//!
//! | The leg that goes | Then |
//! |---|---|
//! | rings | as if it had refused |
//! | one of two that talk | the inside party hears why for at most 5 s |
//! | target of a consultation | the holder hears why, and has the held party still |
//! | held, the target has answered | the consultation goes on as a call |
//! | held, or transferred, otherwise | the attempt ends; who held or transferred hears why |

use base::id::GatewayId;
use base::{Cause, LegId, Micros};
use mediactl::{PlayerId, PromptId};

use crate::CallControl;
use crate::action::Action;
use crate::call::Call;
use crate::cx::Cx;
use crate::leg::Role;
use crate::media::can_play;
use crate::record::Verdict;
use crate::ring::Outcome;
use crate::view::View;
use crate::voice::{Does, Stage};

/// Longest announcement to who loses a call.
const LAST_WORDS: Micros = Micros::seconds(5);

impl CallControl {
    /// Ends one ordinary call at each gateway that an emergency call has overfilled.
    pub(crate) fn make_room(&mut self, now: base::Now, view: &dyn View, out: &mut Vec<Action>) {
        while let Some(gateway) = self.core.emergencies.over.pop() {
            let victim = |rings: bool| {
                let slots = self.by_id.values().rev().copied();
                let leg = |slot| self.calls.get(slot)?.ordinary_leg(gateway, rings);
                slots.filter_map(|slot| leg(slot).map(|leg| (slot, leg))).next()
            };
            let Some((slot, leg)) = victim(true).or_else(|| victim(false)) else { continue };
            self.step(now, (slot, view), out, |call, cx| call.preempted(cx, leg));
        }
    }
}

impl Call {
    /// A leg of the gateway that may be ended for an emergency call.
    fn ordinary_leg(&self, gateway: GatewayId, rings: bool) -> Option<LegId> {
        let mut taken = self.outside.as_ref()?.channels.iter().filter(|t| t.gateway == gateway);
        let fits = |id| self.leg(id).is_some_and(|l| l.is_live() && l.is_answered() != rings);
        taken.find(|t| !t.urgent && fits(t.leg)).map(|t| t.leg)
    }

    /// The leg is needed for an emergency call (J33): it ends, and with it what is nothing without
    /// it.
    pub(crate) fn preempted(&mut self, cx: &mut Cx<'_>, leg: LegId) {
        let end = Verdict::new(Cause::Preempted);
        let Some(role) = self.leg(leg).map(|l| l.role) else { return };
        if role == Role::Ringing {
            return self.refused(cx, leg, Outcome::here(Cause::Preempted));
        }
        if self.consult_loses(cx, leg, end) {
            return;
        }
        self.drop_attempts(cx, end);
        let inside = self.partner(leg).filter(|p| self.is_up() && !self.is_outside(*p));
        match inside.filter(|id| self.may_be_told(cx, *id)) {
            Some(inside) => self.tell_preempted(cx, (leg, inside), end),
            None => self.end(cx, end),
        }
    }

    fn may_be_told(&self, cx: &Cx<'_>, id: LegId) -> bool {
        let hears = self.leg(id).is_some_and(|l| can_play(&l.remote));
        hears && cx.view.announcements(self.tenant)
    }

    /// Of a consultation the other half goes on: true when the call does.
    fn consult_loses(&mut self, cx: &mut Cx<'_>, leg: LegId, end: Verdict) -> bool {
        if self.is_resting(leg) {
            return self.consult_lost(cx, leg, end);
        }
        let Some(consult) = &self.consult else { return false };
        let (holder, held, target) = (consult.holder, consult.held, consult.target());
        if target == Some(leg) && self.may_be_told(cx, holder) {
            self.hang_up(cx, leg, end.cause);
            // The held party stays held, and the holder is told as of a target in vain (case 5).
            self.pair(cx, holder, held);
            self.consult_failed(cx, end);
            return true;
        }
        if target.is_some() && (target == Some(leg) || leg == held) {
            return self.consult_lost(cx, leg, end);
        }
        if leg == held {
            self.drop_target(cx, end);
            self.consult_back(cx);
        }
        false
    }

    /// Nobody is transferred, or taken over, any more.
    fn drop_attempts(&mut self, cx: &mut Cx<'_>, end: Verdict) {
        if let Some(mut transfer) = self.transfer.take() {
            self.tell_referrer(cx, transfer.referrer, Cause::CallerCancelled.sip_status());
            if let Some(draft) = transfer.draft.take() {
                self.record(cx, &draft, end);
            }
            self.ring = None;
            self.dialing = None;
            for id in self.ringing() {
                self.hang_up(cx, id, end.cause);
            }
            self.rings_nowhere(cx);
        }
        if let Some(joining) = self.takeover.as_ref().map(|t| t.joining) {
            self.takeover_failed(cx, joining, end);
        }
    }

    /// The record is made and the outside party cleared; the inside one is told.
    fn tell_preempted(&mut self, cx: &mut Cx<'_>, (leg, inside): (LegId, LegId), end: Verdict) {
        self.record(cx, &self.draft, end);
        self.draft.is_recorded = true;
        self.hang_up(cx, leg, end.cause);
        self.first = Some(inside);
        self.second = None;
        self.linked = false;
        self.alone_with_us(cx, inside);
        let language = self.language_of(cx.view.snapshot(), inside);
        let prompt = PlayerId::Prompt { id: PromptId::LinePreempted, language };
        self.talk(cx, Stage::Last(end.cause), Does::Plays(prompt), LAST_WORDS);
    }
}
