//! Ends: of a leg, of an attempt, of the call. The record comes before what tells anyone.

use base::{Cause, LegId};
use mediactl::Command;

use crate::action::LegCommand;
use crate::call::Call;
use crate::cx::Cx;
use crate::exchange::Exchange;
use crate::leg::{Begun, Pending, Role, State, Waiting};
use crate::record::Verdict;

impl Call {
    /// Ends the call before its answer with a guidance where there is one, else at once.
    pub(crate) fn refuse_or_end(&mut self, cx: &mut Cx<'_>, verdict: Verdict) {
        if self.ended {
            return;
        }
        let plays = self.announce.is_none()
            && !self.is_up()
            && self.transfer.is_none()
            && self.announce_first(cx, verdict);
        if !plays {
            self.end(cx, verdict);
        }
    }

    /// Ends what is in front: the call, unless a conversation rests behind it.
    pub(crate) fn end(&mut self, cx: &mut Cx<'_>, verdict: Verdict) {
        if self.ended || self.falls_back(cx, verdict) {
            return;
        }
        self.end_whole(cx, verdict);
    }

    /// Ends the call now: records, then every leg.
    pub(crate) fn end_whole(&mut self, cx: &mut Cx<'_>, verdict: Verdict) {
        if self.ended {
            return;
        }
        self.ended = true;
        self.note_page();
        self.record_all(cx, verdict);
        self.record_resting(cx, verdict);
        self.end_page(cx, verdict.cause);
        self.leave_slot(cx);
        self.free_kept_slot(cx);
        self.drop_all(cx);
        self.exchange = Exchange::Idle;
        let legs: Vec<LegId> = self.legs.iter().filter(|l| l.is_live()).map(|l| l.id).collect();
        for leg in legs {
            let rings = self.leg(leg).is_some_and(|l| l.role == Role::Ringing);
            let crossing = verdict.cause == Cause::NormalClearing && rings;
            let cause = if crossing { Cause::CallerCancelled } else { verdict.cause };
            self.hang_up(cx, leg, cause);
        }
        self.first = None;
        self.second = None;
    }

    /// Nothing is under way any more.
    pub(crate) fn drop_all(&mut self, cx: &mut Cx<'_>) {
        if let Some(transfer) = self.transfer.take() {
            self.tell_referrer(cx, transfer.referrer, Cause::CallerCancelled.sip_status());
        }
        self.dialing = None;
        self.ring = None;
        self.announce = None;
        self.voice = None;
        self.takeover = None;
        self.consult = None;
        self.notice = None;
        self.give_up_at = None;
    }

    /// The records of everything that ends with the call.
    pub(crate) fn record_all(&mut self, cx: &mut Cx<'_>, verdict: Verdict) {
        let attempt = self.transfer.as_mut().and_then(|t| t.draft.take());
        let consulted = self.consult.as_mut().and_then(|c| c.draft.take());
        // Someone went before the target was reached.
        let unanswered = match verdict.cause {
            Cause::NormalClearing => Verdict { cause: Cause::CallerCancelled, ..verdict },
            _ => verdict,
        };
        let answered = self.draft.answered_at.is_some();
        if !self.draft.is_recorded {
            self.record(cx, &self.draft, if answered { verdict } else { unanswered });
        }
        if let Some(draft) = attempt {
            self.record(cx, &draft, unanswered);
        }
        if let Some(draft) = consulted {
            let answered = draft.answered_at.is_some();
            self.record(cx, &draft, if answered { verdict } else { unanswered });
        }
        if let Some(takeover) = &self.takeover {
            // As its phone is told.
            let cause = match verdict.cause {
                Cause::NormalClearing => Cause::PickupNone,
                cause => cause,
            };
            self.record(cx, &takeover.draft, Verdict::new(cause));
        }
    }

    /// Ends a leg that is still there. Another device's answer is told by [`Call::give_way`].
    pub(crate) fn hang_up(&mut self, cx: &mut Cx<'_>, leg: LegId, cause: Cause) {
        self.hang_up_as(cx, leg, LegCommand::End { cause, elsewhere: false });
    }

    /// Ends a ringing leg because another one answered.
    pub(crate) fn give_way(&mut self, cx: &mut Cx<'_>, leg: LegId) {
        let end = LegCommand::End { cause: Cause::NormalClearing, elsewhere: true };
        self.hang_up_as(cx, leg, end);
    }

    fn hang_up_as(&mut self, cx: &mut Cx<'_>, id: LegId, end: LegCommand) {
        let Some(leg) = self.leg(id).filter(|l| l.is_live()) else { return };
        if leg.state == State::Opening {
            self.drop_media(cx, id);
            self.forget(cx, id);
            return;
        }
        let command = match (&end, leg.begun, leg.state) {
            (LegCommand::End { cause, .. }, Begun::ByPhone, State::Early | State::Rang) => {
                // A conversation's end is no refusal; whoever wanted to join it comes too late.
                let late = *cause == Cause::NormalClearing;
                LegCommand::Refuse { cause: if late { Cause::PickupNone } else { *cause } }
            }
            _ => end,
        };
        cx.command(id, command);
        self.leg_out(cx, id);
    }

    /// The leg takes no more part: its media is closed, its place is empty.
    pub(crate) fn leg_out(&mut self, cx: &mut Cx<'_>, id: LegId) {
        self.drop_media(cx, id);
        if let Some(leg) = self.leg_mut(id) {
            leg.role = Role::Out;
            leg.waiting = None;
            leg.pending = Pending::Nothing;
            leg.remote = bytes::Bytes::new();
        }
        self.drop_exchange(id);
        if self.first == Some(id) {
            self.first = None;
            self.linked = false;
        }
        if self.second == Some(id) {
            self.second = None;
            self.linked = false;
        }
    }

    /// Closes the leg's media leg, if it has one.
    pub(crate) fn drop_media(&mut self, cx: &mut Cx<'_>, id: LegId) {
        let Some(leg) = self.leg_mut(id) else { return };
        leg.reopened |= leg.media.is_some();
        if leg.waiting.is_some_and(Waiting::needs_port) {
            leg.waiting = None;
        }
        let Some(media) = leg.media.take() else { return };
        cx.core.by_media.remove(&media.id);
        if media.told {
            cx.media(Command::Close { leg: media.id });
        }
    }

    /// The far end of a leg is gone.
    pub(crate) fn leg_ended(&mut self, cx: &mut Cx<'_>, leg: LegId, verdict: Verdict) {
        let Some(role) = self.leg(leg).map(|l| l.role) else { return };
        match role {
            Role::Out => {}
            Role::Ringing => self.refused(cx, leg, crate::ring::Outcome::lost()),
            Role::Joining => self.takeover_failed(cx, leg, verdict),
            Role::Party => self.party_ended(cx, leg, verdict),
        }
    }

    fn party_ended(&mut self, cx: &mut Cx<'_>, leg: LegId, verdict: Verdict) {
        if self.announce.is_some() {
            return self.announcement_left(cx, leg, verdict);
        }
        if self.referrer_left(cx, leg, verdict) {
            return;
        }
        // The record stands before anything else; the leg itself is over.
        let awaited = self.leg(leg).is_some_and(|l| l.awaits_answer());
        let verdict = match verdict.cause {
            Cause::NormalClearing if awaited => Verdict::by(Cause::CallerCancelled, leg),
            _ => verdict,
        };
        if self.consult_left(cx, leg, verdict) {
            return;
        }
        // It only hears where the other one is parked.
        if self.is_leaving(leg) {
            self.notice = None;
            return self.leg_out(cx, leg);
        }
        if verdict.by.is_some() && self.authority_holds(cx, leg) {
            return;
        }
        self.silence(leg);
        #[cfg(feature = "planted")]
        if cx.core.planted == Some(crate::planted::Bug::CallerForgotten)
            && verdict.cause == Cause::NormalClearing
            && let Some(caller) = self
                .legs
                .iter()
                .find(|l| l.begun == Begun::ByPhone && l.is_live() && !l.is_outside())
        {
            let caller = caller.id;
            self.leg_out(cx, caller);
        }
        self.end(cx, verdict);
        self.leg_out(cx, leg);
    }

    /// Keeps commands away from a leg that has ended by itself; the record still names it.
    pub(crate) fn silence(&mut self, leg: LegId) {
        if let Some(leg) = self.leg_mut(leg) {
            leg.role = Role::Out;
            leg.waiting = None;
        }
    }
}
