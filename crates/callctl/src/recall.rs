//! Who transferred, held or parked somebody is called back (R290).
//!
//! | Event | Effect |
//! |---|---|
//! | the number is at its limit, busy, or out of reach | tried again every 5 s within 30 s |
//! | answered, picked up | both talk |
//! | declined, 30 s over, stopped or deleted meanwhile | held: cleared; parked: step 5 of group F |
//!
//! All devices of the number ring, past 無条件転送, do not disturb and 話中着信; forwards are not
//! used. A phone that fell out of its radio cell has those 30 s to come back (group G, case 7).

use base::{Cause, LegId, Micros, Mono};
use model::{User, UserState};
use smallvec::smallvec;

use crate::call::{Call, Purpose, Transfer};
use crate::cx::Cx;
use crate::explain::Mark;
use crate::record::{Draft, Verdict};
use crate::route::{Plan, Refusal, Style};

/// How long somebody is called back.
pub(crate) const RECALL_TIME: Micros = Micros::seconds(30);

/// The pause before another try.
const AGAIN: Micros = Micros::seconds(5);

/// The referrer is being called back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Recall {
    until: Mono,
    /// When it is tried again; `None` while it rings.
    again_at: Option<Mono>,
}

/// When another try begins after one that ended for this reason; `None` when there is none.
pub(crate) fn again_at(now: Mono, until: Mono, cause: Cause) -> Option<Mono> {
    let hopeful = matches!(cause, Cause::UserBusy | Cause::Unregistered);
    Some(now + AGAIN).filter(|at| hopeful && *at < until)
}

impl Call {
    /// The referrer's devices are called back for the one that it left behind.
    pub(crate) fn recall(
        &mut self,
        cx: &mut Cx<'_>,
        mut transfer: Box<Transfer>,
        verdict: Verdict,
    ) {
        let who = transfer.referrer_who.clone();
        let Some(leg) = self.leg(transfer.transferee) else { return self.end(cx, verdict) };
        let stays = (leg.who.clone(), leg.device);
        let mut draft = Draft::of_transfer(cx.now.wall, stays, &who.number, &who);
        draft.callee = Some((who.clone(), None));
        if let Some(dn) = who.dn {
            draft.note(Mark::Recall(dn));
        }
        let failed = std::mem::replace(&mut self.draft, draft);
        self.record(cx, &failed, verdict);
        let until = cx.now.mono + RECALL_TIME;
        transfer.recall = Some(Recall { until, again_at: None });
        self.transfer = Some(transfer);
        self.try_recall(cx);
    }

    /// One try.
    pub(crate) fn try_recall(&mut self, cx: &mut Cx<'_>) {
        let Some(transfer) = &mut self.transfer else { return };
        let Some(recall) = &mut transfer.recall else { return };
        recall.again_at = None;
        let (until, transferee) = (recall.until, transfer.transferee);
        let view = cx.view;
        let user = transfer.referrer_who.user.and_then(|id| view.snapshot().user(id));
        let Some(user) = user.filter(|u| u.state == UserState::Active) else {
            self.draft.note(Mark::NoSuchNumber);
            return self.recall_in_vain(cx, Verdict::new(Cause::RingTimeout));
        };
        if let Err(refusal) = self.ring_back(cx, (Purpose::Recall, transferee), user, until) {
            self.draft.note(refusal.mark);
            self.recall_ended(cx, Verdict::new(refusal.cause));
        }
    }

    /// Rings all devices of a user until then.
    pub(crate) fn ring_back(
        &mut self,
        cx: &mut Cx<'_>,
        (purpose, leg): (Purpose, LegId),
        user: &User,
        until: Mono,
    ) -> Result<(), Refusal> {
        if self.is_full(cx, user.dn) {
            return Err(Refusal::new(Cause::UserBusy, Mark::CallLimit(user.dn)));
        }
        let left_s = until.since(cx.now.mono).as_millis().div_ceil(1_000);
        let ring_s = u16::try_from(left_s).unwrap_or(u16::MAX).max(1);
        let users = smallvec![user.id];
        let plan = Plan { dn: user.dn, users, ring_s, style: Style::Recall };
        self.ring_plan(cx, (purpose, leg), plan, None)
    }

    /// The number that was called back did not answer, or could not be had.
    pub(crate) fn recall_ended(&mut self, cx: &mut Cx<'_>, verdict: Verdict) {
        self.ring = None;
        let now = cx.now.mono;
        let recall = self.transfer.as_mut().and_then(|t| t.recall.as_mut());
        if let Some(recall) = recall
            && let Some(at) = again_at(now, recall.until, verdict.cause)
        {
            recall.again_at = Some(at);
            return;
        }
        self.recall_in_vain(cx, verdict);
    }

    /// The end of case 1: who was held is cleared.
    fn recall_in_vain(&mut self, cx: &mut Cx<'_>, verdict: Verdict) {
        self.transfer = None;
        let verdict = match verdict.cause {
            Cause::ResourceShortage => verdict,
            _ => Verdict { cause: Cause::RingTimeout, ..verdict },
        };
        self.end(cx, verdict);
    }

    /// When the referrer is called back again.
    pub(crate) fn recall_at(&self) -> Option<Mono> {
        self.transfer.as_ref()?.recall?.again_at
    }
}
