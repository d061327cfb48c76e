//! A basic call: one number, all contacts of its user's devices at once, the first answer wins.
//!
//! | Ringing leg | Effect |
//! |---|---|
//! | 18x | the caller hears of it once; SDP passes while it is the only leg (R254) |
//! | 2xx | the others get way, the caller is answered |
//! | every other end | see `ring` |

use base::event::Kind;
use base::{Cause, Dn, LegId};
use bytes::Bytes;

use crate::action::LegCommand;
use crate::call::{Call, Purpose};
use crate::cx::Cx;
use crate::exchange::Exchange;
use crate::explain::Mark;
use crate::leg::{Body, Leg, Pending, Role, Say, State};
use crate::media::path::{self, Way};
use crate::ring::Outcome;

impl Call {
    /// A called phone has the call. Its 180 may get lost, and is not repeated; so this is sign of
    /// life enough.
    pub(crate) fn reached(&mut self, cx: &mut Cx<'_>, id: LegId) {
        match self.leg_mut(id).filter(|l| l.role == Role::Ringing) {
            Some(leg) => leg.reached = true,
            None => cx.count(Kind::LateAnswer),
        }
    }

    /// A provisional answer of a called phone.
    pub(crate) fn progressed(
        &mut self,
        cx: &mut Cx<'_>,
        id: LegId,
        status: u16,
        sdp: Option<Bytes>,
    ) {
        let Some(leg) = self.leg_mut(id).filter(|l| l.role == Role::Ringing) else {
            return cx.count(Kind::LateAnswer);
        };
        let offered = leg.state == State::Early || leg.state == State::Rang;
        if !offered {
            return;
        }
        leg.state = State::Rang;
        leg.reached = true;
        let now = cx.now.mono;
        if let Some(ring) = &mut self.ring
            && !ring.ringing
        {
            ring.ringing = true;
            ring.ring_until = now + base::Micros::seconds(u64::from(ring.ring_time_s));
            self.touch_all_media();
        }
        self.consult_rings();
        self.tell_referrer_rings(cx);
        match sdp {
            Some(sdp) => self.early_media(cx, id, status, &sdp),
            None => self.tell_caller(cx, status),
        }
    }

    /// One 180 for the caller, whatever rings and how often (R254).
    fn tell_caller(&mut self, cx: &mut Cx<'_>, status: u16) {
        let ring = self.ring.as_ref().filter(|r| r.purpose == Purpose::Basic);
        if let Some(caller) = ring.map(|r| r.leg) {
            self.tell_progress(cx, caller, status);
        }
    }

    /// Between two rounds of a hunt it goes on ringing for who waits, even if nobody has rung yet
    /// (R271).
    pub(crate) fn rings_meanwhile(&mut self, cx: &mut Cx<'_>) {
        if self.hunts_for().is_none() {
            return;
        }
        self.consult_rings();
        self.tell_referrer_rings(cx);
        let basic = self.dialing.as_ref().filter(|d| d.purpose == Purpose::Basic);
        if let Some(caller) = basic.map(|d| d.leg) {
            self.tell_progress(cx, caller, 180);
        }
        self.touch_all_media();
    }

    /// The pilot whose hunt is between two rounds.
    pub(crate) fn hunts_for(&self) -> Option<Dn> {
        let dialing = self.dialing.as_ref().filter(|d| d.wait_until.is_some())?;
        dialing.journey.hunts_for()
    }

    fn tell_progress(&mut self, cx: &mut Cx<'_>, caller: LegId, status: u16) {
        let Some(leg) = self.leg(caller).filter(|l| l.awaits_answer()) else { return };
        let told = self.told;
        let new = match status {
            180 => (told != Told::Rings).then_some(Told::Rings),
            183 => (told == Told::Nothing && leg.waiting.is_none()).then_some(Told::Works),
            _ => None,
        };
        let Some(new) = new else { return };
        self.told = new;
        self.show_called(cx, caller);
        cx.command(caller, LegCommand::Progress { status, sdp: None });
        if let Some(leg) = self.leg_mut(caller) {
            leg.state = State::Rang;
        }
    }

    /// SDP before the answer passes while exactly one leg exists, and that is no member of a group:
    /// the next member may ring at once, and the ring-back has no gap. That of an extension passes
    /// to who confirms it only: it is the answer then, and no mere sound (R254, RFC 3262 §5).
    fn early_media(&mut self, cx: &mut Cx<'_>, id: LegId, status: u16, sdp: &Bytes) {
        let late = self.ring.as_ref().is_some_and(|r| r.offered.is_empty());
        let passes = self.only_ringing() == Some(id)
            && self.exchange == Exchange::Idle
            && !self.ring.as_ref().is_some_and(|r| r.plan.is_of_group());
        let Some(caller) = self.ring.as_ref().map(|r| r.leg) else { return };
        let outside = self.is_outside(id);
        let Some(leg) = self.leg_mut(id) else { return };
        let again = !late && leg.remote == *sdp;
        if late && leg.pending == Pending::Nothing && leg.remote.is_empty() {
            leg.pending = Pending::Offer(Leg::keep(sdp));
            leg.fetched = true;
        } else if !late && !again {
            leg.remote = Leg::keep(sdp);
            if !crate::exchange::adopt_key(leg) {
                return self.refused(cx, id, Outcome::here(Cause::MediaNotAcceptable));
            }
        }
        let wants = self.leg(caller).filter(|l| l.awaits_answer()).map(|l| {
            (matches!(l.pending, Pending::Offer(_)), l.pending == Pending::Request, l.reliable)
        });
        match wants {
            Some((true, _, reliable)) if passes && !late && (outside || reliable) => {
                // After early media of one who does not answer ringing is told anew.
                self.told = if status == 180 { Told::Rings } else { Told::Works };
                self.early = Some(id);
                let status = if status == 180 { 180 } else { 183 };
                self.say(cx, caller, Say::Progress { status }, Body::Of(id));
            }
            Some((_, true, true)) if passes && late && self.may_match(cx, id, caller) => {
                self.match_protection(id, caller);
                self.early = Some(id);
                self.exchange = Exchange::Give { from: caller, to: id };
                let status = if status == 180 { 180 } else { 183 };
                self.say(cx, caller, Say::Progress { status }, Body::Of(id));
            }
            Some(_) | None => self.tell_caller(cx, status),
        }
        self.touch_all_media();
    }

    /// A late offer shows only now how its writer protects audio: whether the two need us.
    fn needs_match(&self, offerer: LegId, other: LegId) -> bool {
        let (Some(a), Some(b)) = (self.leg(offerer), self.leg(other)) else { return false };
        let theirs = path::guard_of_body(&a.body());
        self.way == Way::Direct && theirs != path::guard_for(b.policy, b.path)
    }

    /// Whether they may have us, should they need us (R305).
    fn may_match(&self, cx: &Cx<'_>, offerer: LegId, other: LegId) -> bool {
        !self.needs_match(offerer, other) || self.may_cross(cx, &[offerer, other])
    }

    fn match_protection(&mut self, offerer: LegId, other: LegId) {
        if self.needs_match(offerer, other) {
            self.way = Way::Relay;
            if let Some(ring) = &mut self.ring {
                ring.way = Way::Relay;
            }
            self.draft.note(Mark::Relay(crate::explain::Why::Protection));
        }
    }

    /// A called phone answered.
    pub(crate) fn answered(&mut self, cx: &mut Cx<'_>, id: LegId, sdp: Option<Bytes>) {
        let ring = self.ring.as_ref().map(|r| (r.purpose, r.offered.is_empty()));
        let leg = self.leg_mut(id).filter(|l| l.role == Role::Ringing);
        let (Some(leg), Some((purpose, late))) = (leg, ring) else {
            return cx.count(Kind::LateAnswer);
        };
        let mut changed = false;
        if let Some(sdp) = sdp {
            match (late, &leg.pending) {
                (true, Pending::Nothing) if leg.remote.is_empty() => {
                    leg.pending = Pending::Offer(Leg::keep(&sdp));
                    leg.fetched = true;
                }
                (true, _) => {}
                (false, _) if leg.remote == sdp => {}
                (false, _) => {
                    leg.remote = Leg::keep(&sdp);
                    changed = true;
                }
            }
        }
        let usable = !leg.body().is_empty() && (late || crate::exchange::adopt_key(leg));
        if !usable {
            return self.refused(cx, id, Outcome::here(Cause::MediaNotAcceptable));
        }
        let waits = self.ring.as_ref().filter(|_| purpose == Purpose::Basic).map(|r| r.leg);
        let fetched = self.leg(id).is_some_and(|l| l.fetched && l.remote.is_empty());
        if waits.is_some_and(|caller| fetched && !self.may_match(cx, id, caller)) {
            return self.refused(cx, id, Outcome::here(Cause::SiteChannelsExceeded));
        }
        let Some(leg) = self.leg_mut(id) else { return };
        leg.state = State::Answered;
        leg.role = Role::Party;
        cx.core.pages.call_away(leg.device);
        if changed {
            self.early = None;
        }
        for other in self.ringing() {
            self.give_way(cx, other);
        }
        cx.count(Kind::CallAnswered);
        match purpose {
            Purpose::Basic => self.answered_basic(cx, id),
            Purpose::Transfer | Purpose::Recall => self.transfer_reached(cx, id),
            Purpose::Consult => self.consult_reached(cx, id),
            Purpose::ParkRecall | Purpose::ParkOverflow => self.recall_reached(cx, id),
            Purpose::ParkTell => self.tell_parker(cx, id),
        }
        self.touch_all_media();
    }

    fn answered_basic(&mut self, cx: &mut Cx<'_>, id: LegId) {
        let Some(caller) = self.ring.as_ref().map(|r| r.leg) else { return };
        if self.leg(id).is_some_and(|l| l.fetched && l.remote.is_empty()) {
            self.match_protection(id, caller);
        }
        self.ring = None;
        self.give_up_at = None;
        self.second = Some(id);
        self.draft.answered_at = Some(cx.now.wall);
        if let Some((who, device)) = self.leg(id).map(|l| (l.who.clone(), l.device)) {
            self.draft.note(who.dn.map_or(Mark::AnsweredOutside, Mark::Answered));
            self.draft.callee = Some((who, Some(device)));
        }
    }

    /// The called side has answered, the caller has not been told: true when it is being told.
    pub(crate) fn answer_caller(&mut self, cx: &mut Cx<'_>) -> bool {
        let (Some(first), Some(second)) = (self.first, self.second) else { return false };
        let (Some(caller), Some(callee)) = (self.leg(first), self.leg(second)) else {
            return false;
        };
        if !caller.awaits_answer() || !callee.is_answered() {
            return false;
        }
        let callee_offers = matches!(callee.pending, Pending::Offer(_));
        match &caller.pending {
            Pending::Offer(_) if callee_offers => self.answer_crossed(cx, first, second),
            Pending::Offer(_) => {
                self.linked = true;
                self.say(cx, first, Say::Answer, Body::Of(second));
            }
            Pending::Request => {
                if callee_offers {
                    self.exchange = Exchange::Give { from: first, to: second };
                }
                self.say(cx, first, Say::Answer, Body::Of(second));
            }
            // A reliable provisional answer has carried it; if the callee changed its mind, the
            // two are brought together again.
            Pending::Nothing => {
                self.linked = self.early == Some(second) && callee.pending == Pending::Nothing;
                self.say(cx, first, Say::Answer, Body::Nothing);
            }
        }
        true
    }
}

/// What the caller has heard of the called side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Told {
    /// Nothing.
    #[default]
    Nothing,
    /// 183: something is being done.
    Works,
    /// 180.
    Rings,
}
