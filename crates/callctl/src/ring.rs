//! Ringing: every live contact of a user's devices at once, until one answers or none is left.
//!
//! | Ringing leg | Effect |
//! |---|---|
//! | refusal | ends that leg; 6xx ends all; with the last one the reasons are combined |
//! | no sign of life for 4 s, not even a 100 | all silent: 圏外 (R062) |
//! | ring time over | no answer (R252) |
//! | its device may not ring any more | cancelled; none left: the number is decided anew (R247) |

use base::id::UserId;
use base::{Blame, Cause, Dn, LegId, Mono};
use bytes::Bytes;
use model::{Device, Snapshot, User};

use crate::call::{Call, Purpose, Ring};
use crate::cx::Cx;
use crate::display::with_choice;
use crate::explain::{Mark, Why};
use crate::input::Refused;
use crate::leg::{Body, Leg, Role, Say, State};
use crate::media::path::{self, Way};
use crate::outside::cause_of_q850;
use crate::record::Verdict;
use crate::route::facts::active;
use crate::route::person::person;
use crate::route::{Plan, Refusal, Style};
use crate::view::{Contact, View};

/// How one ringing leg ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Outcome {
    status: u16,
    /// `None`: it could not be reached.
    cause: Option<Cause>,
    /// Ends the ringing of all (6xx).
    final_for_all: bool,
    /// We end it; the stack has not been told yet.
    ours: bool,
}

impl Outcome {
    /// The leg was lost without an answer.
    pub(crate) fn lost() -> Self {
        Outcome { status: 503, cause: None, final_for_all: false, ours: false }
    }

    /// Nothing but our own means were in the way.
    pub(crate) fn here(cause: Cause) -> Self {
        let status = cause.sip_status();
        Outcome { status, cause: Some(cause), final_for_all: false, ours: true }
    }

    /// A final answer with a meaning of its own.
    pub(crate) fn told(status: u16, cause: Cause) -> Self {
        Outcome { status, cause: Some(cause), final_for_all: false, ours: false }
    }

    /// What a phone's final answer means ("From outside answers to internal reasons").
    fn of(refused: &Refused, leg: &Leg) -> Self {
        let rang = leg.state == State::Rang;
        let outside = leg.is_outside();
        let told = cause_of_q850(refused).filter(|_| outside);
        let cause = if refused.unreachable {
            None
        } else if let Some(told) = told {
            told
        } else {
            match refused.status {
                430 => None,
                480 if rang => Some(Cause::RingTimeout),
                480 if outside => None,
                408 if outside && rang => Some(Cause::RingTimeout),
                408 if outside => None,
                408 if leg.reached => Some(Cause::RingTimeout),
                408 => None,
                // A registered phone that says so itself: its do-not-disturb key (R062).
                480 => Some(Cause::UserBusy),
                486 | 600 => Some(Cause::UserBusy),
                300..=399 | 403 | 603 | 607 | 608 => Some(Cause::UserRejected),
                404 | 410 | 484 | 485 | 604 => Some(Cause::UnallocatedNumber),
                415 | 488 | 606 => Some(Cause::MediaNotAcceptable),
                487 => Some(Cause::CallerCancelled),
                601..=699 => Some(Cause::UserRejected),
                _ => Some(Cause::UpstreamFailure),
            }
        };
        let final_for_all = !refused.unreachable && refused.status >= 600;
        Outcome { status: refused.status, cause, final_for_all, ours: false }
    }
}

/// Which reason counts when several devices ended differently (section 3, Several Devices).
fn weight(cause: Cause) -> u8 {
    match cause {
        Cause::RingTimeout => 5,
        Cause::UserRejected => 4,
        Cause::UserBusy => 3,
        Cause::MediaNotAcceptable => 2,
        _ => 1,
    }
}

impl Call {
    /// Calls every live contact of the plan's users.
    pub(crate) fn ring_plan(
        &mut self,
        cx: &mut Cx<'_>,
        (purpose, caller): (Purpose, LegId),
        plan: Plan,
        referred_by: Option<Bytes>,
    ) -> Result<(), Refusal> {
        let legs = self.legs_to(cx, &plan);
        let legs = self.with_called_back(cx, purpose, legs)?;
        let Some(from) = self.leg(caller) else { return Ok(()) };
        let (mut way, mut mark) = way_to(cx, from, &legs)?;
        // Who is held meanwhile hears our music.
        if purpose == Purpose::Consult && way == Way::Direct {
            (way, mark) = (Way::Relay, Mark::Relay(Why::Codes));
        }
        let mut legs = legs;
        self.admit(cx, way, &mut legs)?;
        let reliable = from.reliable && legs.len() == 1 && purpose == Purpose::Basic;
        let offered = from.body();
        let numbers = legs.iter().filter_map(|(leg, _)| leg.who.dn);
        // A line's number is nobody's that could be picked up or shown.
        let own = !plan.is_outside() && !matches!(plan.style, Style::Line(_));
        let common = Some(plan.dn).filter(|_| own);
        self.rings_at(cx, common.into_iter().chain(numbers.clone()));
        for dn in numbers {
            self.reserve(cx, dn);
        }
        self.attempt().note(mark);
        if purpose == Purpose::Basic {
            self.way = way;
        }
        let reach_by = cx.now.mono + base::limits::UNREACHABLE_AFTER;
        let ring_time_s = plan.ring_s;
        self.ring = Some(Box::new(Ring {
            purpose,
            leg: caller,
            plan,
            way,
            offered: offered.clone(),
            referred_by,
            reach_by: Some(reach_by),
            ring_until: reach_by + base::Micros::seconds(u64::from(ring_time_s)),
            go_on_at: None,
            ring_time_s,
            ringing: false,
            inherited: false,
            worst: None,
        }));
        let body = match purpose {
            _ if offered.is_empty() => Body::Nothing,
            Purpose::Basic => Body::Of(caller),
            Purpose::Transfer
            | Purpose::Recall
            | Purpose::Consult
            | Purpose::ParkRecall
            | Purpose::ParkOverflow
            | Purpose::ParkTell => Body::Fresh(caller),
        };
        let ids: Vec<(LegId, u64)> = legs.iter().map(|(leg, contact)| (leg.id, *contact)).collect();
        for (mut leg, _) in legs {
            leg.reliable = reliable;
            self.add_leg(cx, leg);
        }
        for (id, contact) in ids {
            self.say(cx, id, Say::Invite { contact }, body);
        }
        Ok(())
    }

    /// The legs of a plan; at least one.
    fn legs_to(&self, cx: &mut Cx<'_>, plan: &Plan) -> Result<Vec<(Leg, u64)>, Refusal> {
        if plan.is_outside() {
            let none = Refusal::new(Cause::UpstreamFailure, Mark::GatewayOut);
            return self.leg_outside(cx, plan).map(|leg| vec![leg]).ok_or(none);
        }
        let legs = self.legs_for(cx, plan);
        let none = Refusal::new(Cause::Unregistered, Mark::NoContact(plan.dn));
        if legs.is_empty() { Err(none) } else { Ok(legs) }
    }

    /// A leg for each live contact that may ring, not offered yet.
    pub(crate) fn legs_for(&self, cx: &mut Cx<'_>, plan: &Plan) -> Vec<(Leg, u64)> {
        let snapshot = cx.view.snapshot();
        let mut legs = Vec::new();
        for user in plan.users.iter().filter_map(|id| active(snapshot, *id)) {
            self.legs_of(cx, (plan, user), &mut legs);
        }
        legs
    }

    fn legs_of(&self, cx: &mut Cx<'_>, (plan, user): (&Plan, &User), legs: &mut Vec<(Leg, u64)>) {
        let view = cx.view;
        let who = with_choice(view.snapshot(), self.tenant, person(user));
        each_seat(view, (plan, user), |device, contact| {
            if legs.len() == base::limits::RINGING_LEGS_MAX {
                return;
            }
            let leg = Leg::ringing_at(cx.core.mint(), device, who.clone(), contact.path);
            legs.push((leg, contact.id));
        });
    }

    /// The record that ringing belongs to: a transfer has its own, and so has a consultation.
    pub(crate) fn attempt(&mut self) -> &mut crate::record::Draft {
        let transfer = self.transfer.as_mut().and_then(|t| t.draft.as_mut());
        let consult = self.consult.as_mut().and_then(|c| c.draft.as_deref_mut());
        match transfer.or(consult) {
            Some(draft) => draft,
            None => &mut self.draft,
        }
    }

    /// A called phone refused, or could not be reached.
    pub(crate) fn leg_refused(&mut self, cx: &mut Cx<'_>, id: LegId, refused: &Refused) {
        let Some(leg) = self.leg(id) else { return };
        match leg.role {
            Role::Ringing => {
                let told = self.emergency_outcome(id, refused);
                let outcome = told.unwrap_or_else(|| Outcome::of(refused, leg));
                self.refused(cx, id, outcome);
            }
            Role::Party | Role::Joining => {
                self.leg_ended(cx, id, Verdict::by(Cause::NormalClearing, id));
            }
            Role::Out => {}
        }
    }

    /// One ringing leg less.
    pub(crate) fn refused(&mut self, cx: &mut Cx<'_>, id: LegId, outcome: Outcome) {
        let cause = outcome.cause.unwrap_or(Cause::Unregistered);
        let dn = self.leg(id).and_then(|l| l.who.dn);
        self.attempt().note(Mark::Verdict { status: outcome.status, cause });
        if outcome.ours {
            self.hang_up(cx, id, cause);
        } else {
            self.leg_out(cx, id);
        }
        let Some(ring) = &mut self.ring else { return };
        if let Some(cause) = outcome.cause
            && ring.worst.is_none_or(|w| weight(cause) > weight(w))
        {
            ring.worst = Some(cause);
        }
        // In a department it speaks for the member's own devices only (R274).
        let member = match ring.plan.style {
            Style::Department(_) | Style::Line(_) => Some(dn),
            Style::User
            | Style::Hunt { .. }
            | Style::Recall
            | Style::Outside { .. }
            | Style::Emergency { .. } => None,
        };
        if outcome.final_for_all {
            if member.is_none() {
                ring.worst = Some(cause);
            }
            for other in self.ringing() {
                let own = self.leg(other).is_some_and(|l| member.is_none_or(|dn| l.who.dn == dn));
                if own {
                    self.hang_up(cx, other, cause);
                }
            }
        }
        if self.ringing().is_empty() {
            self.ring_over(cx, Some(id).filter(|_| !outcome.ours));
        }
    }

    /// Nobody is left who could answer.
    fn ring_over(&mut self, cx: &mut Cx<'_>, last: Option<LegId>) {
        let Some(ring) = self.ring.take() else { return };
        let cause = ring.worst.unwrap_or(Cause::Unregistered);
        let by = last.filter(|_| matches!(cause, Cause::UserBusy | Cause::UserRejected));
        let mut verdict = Verdict { by, ..Verdict::new(cause) };
        if cause == Cause::UpstreamFailure {
            verdict = verdict.blaming(Blame::Callee);
        }
        match ring.purpose {
            Purpose::Recall => self.recall_ended(cx, verdict),
            Purpose::ParkRecall => self.recall_failed(cx, verdict),
            Purpose::ParkTell => {}
            Purpose::Basic | Purpose::Transfer | Purpose::Consult | Purpose::ParkOverflow => {
                self.go_on(cx, verdict);
            }
        }
    }

    /// All legs that ring are ended with one reason.
    fn stop_ringing(&mut self, cx: &mut Cx<'_>, cause: Cause) {
        for id in self.ringing() {
            self.hang_up(cx, id, cause);
        }
        self.ring_over(cx, None);
    }

    /// A deadline of the call has passed.
    pub(crate) fn tick(&mut self, cx: &mut Cx<'_>) {
        let now = cx.now.mono;
        let due = |at: Option<Mono>| at.is_some_and(|at| at <= now);
        if due(self.announce.as_ref().map(|a| a.until)) {
            self.announcement_over(cx);
        }
        if due(self.dialing.as_ref().and_then(|d| d.wait_until)) {
            self.waited(cx);
        }
        self.page_tick(cx);
        if due(self.voice_deadline()) {
            self.voice_over(cx, true);
        }
        if due(self.notice.as_ref().map(|n| n.until)) {
            self.notice_over(cx);
        }
        if due(self.consult.as_ref().and_then(|c| c.deadline())) {
            self.consult_again(cx);
        }
        if due(self.parked.as_ref().and_then(|p| p.recall_at)) {
            self.recall_parked(cx);
        }
        if due(self.recall_at()) {
            self.try_recall(cx);
        }
        self.pauses_over(cx);
        if due(self.outside.as_ref().and_then(|o| o.held_until)) {
            self.end(cx, Verdict::new(Cause::NormalClearing));
        }
        if due(self.outside.as_ref().and_then(|o| o.part_at)) {
            self.part_outside(cx);
        }
        if due(self.give_up_at) {
            self.give_up_at = None;
            self.draft.note(Mark::Unanswered);
            self.end(cx, Verdict::new(Cause::RingTimeout));
        }
        if due(self.ring.as_ref().and_then(|r| r.go_on_at)) {
            self.invite_more(cx);
        }
        if due(self.ring.as_ref().and_then(|r| r.reach_by)) {
            self.reach_time_over(cx);
        }
        if due(self.ring.as_ref().map(|r| r.ring_until)) {
            self.attempt().note(Mark::RingOver);
            if let Some(ring) = &mut self.ring {
                ring.worst = Some(Cause::RingTimeout);
            }
            self.stop_ringing(cx, Cause::RingTimeout);
        }
    }

    /// 4 s after the INVITE: without any sign of life everyone is unreachable (R062).
    fn reach_time_over(&mut self, cx: &mut Cx<'_>) {
        if let Some(ring) = &mut self.ring {
            ring.reach_by = None;
        }
        let lives = |id: &LegId| self.leg(*id).is_some_and(|l| l.reached);
        if !self.ringing().iter().any(lives) {
            self.attempt().note(Mark::Silent);
            self.stop_ringing(cx, Cause::Unregistered);
        }
    }

    /// The configuration changed: devices that may not ring any more stop (R247).
    pub(crate) fn configured(&mut self, cx: &mut Cx<'_>) {
        self.page_configured(cx);
        let Some(plan) = self.ring.as_ref().map(|r| &r.plan) else { return };
        let snapshot = cx.view.snapshot();
        let offered = self.offers_stand(snapshot);
        let rings = |id: &LegId| {
            if let Some(leg) = self.leg(*id).filter(|l| l.is_outside()) {
                return offered && self.is_gateway_there(snapshot, leg);
            }
            let device = self.leg(*id).and_then(|l| snapshot.device(l.device));
            if device.is_some_and(|d| self.calls_back(d.id)) {
                return true;
            }
            let user = device.and_then(|d| d.user).filter(|u| plan.users.contains(u));
            user.is_some_and(|u| offered && self.still_rings(cx, plan, u))
        };
        let gone: Vec<LegId> = self.ringing().into_iter().filter(|id| !rings(id)).collect();
        for id in &gone {
            self.attempt().note(Mark::Gone);
            self.hang_up(cx, *id, Cause::UnallocatedNumber);
        }
        if gone.is_empty() || !self.ringing().is_empty() {
            return;
        }
        let Some(ring) = self.ring.take() else { return };
        match ring.purpose {
            Purpose::Basic | Purpose::Transfer | Purpose::Consult | Purpose::ParkOverflow => {
                self.decide_anew(cx);
            }
            Purpose::ParkRecall => {
                self.recall_failed(cx, Verdict::new(Cause::UnallocatedNumber));
            }
            Purpose::Recall => self.recall_ended(cx, Verdict::new(Cause::UnallocatedNumber)),
            Purpose::ParkTell => {}
        }
    }
}

impl Call {
    /// Whether those for whom it rings are members of their hunting groups still.
    fn offers_stand(&self, snapshot: &Snapshot) -> bool {
        let is_member = |(group, member): (u16, Dn)| {
            let group = snapshot.hunt_group(self.tenant, group);
            group.is_some_and(|g| g.members.contains(&member))
        };
        self.dialing.as_ref().is_none_or(|d| d.journey.offers().all(is_member))
    }

    /// Whether a user may go on ringing: active, still at the number or in the group that was
    /// called (R247, R317).
    fn still_rings(&self, cx: &Cx<'_>, plan: &Plan, id: UserId) -> bool {
        let snapshot = cx.view.snapshot();
        let Some(user) = active(snapshot, id) else { return false };
        match plan.style {
            Style::User | Style::Hunt { .. } => user.dn == plan.dn,
            Style::Department(id) => {
                snapshot.department(id).is_some_and(|d| d.members.contains(&user.id))
            }
            Style::Line(id) => snapshot.line(id).is_some_and(|l| l.receivers.contains(&user.id)),
            Style::Recall | Style::Outside { .. } | Style::Emergency { .. } => true,
        }
    }
}

/// Every contact of a user that rings for a plan.
pub(crate) fn each_seat(
    view: &dyn View,
    (plan, user): (&Plan, &User),
    mut act: impl FnMut(&Device, &Contact),
) {
    let mut contacts: Vec<Contact> = Vec::new();
    for device in view.snapshot().devices_of(user.id) {
        let Some(device) = view.snapshot().device(*device) else { continue };
        if device.do_not_disturb && plan.style != Style::Recall {
            continue;
        }
        contacts.clear();
        view.contacts(device.id, &mut contacts);
        contacts.iter().for_each(|contact| act(device, contact));
    }
}

/// Direct when every contact can be reached directly.
fn way_to(cx: &Cx<'_>, from: &Leg, legs: &[(Leg, u64)]) -> Result<(Way, Mark), Refusal> {
    let guard = match from.body() {
        body if body.is_empty() => path::guard_for(from.policy, from.path),
        body => path::guard_of_body(&body),
    };
    let outside = from.is_outside();
    let a = path::End { path: from.path, site: from.site, guard, outside };
    for (leg, _) in legs {
        let theirs = path::guard_for(leg.policy, leg.path);
        let outside = leg.is_outside();
        let b = path::End { path: leg.path, site: leg.site, guard: theirs, outside };
        match path::decide(cx.view, a, b) {
            Ok(()) => {}
            // Keys that we cannot have cannot be relayed.
            Err(_) if guard == path::Guard::Foreign => {
                return Err(Refusal::new(Cause::MediaNotAcceptable, Mark::OfferRefused));
            }
            Err(why) => return Ok((Way::Relay, Mark::Relay(why))),
        }
    }
    Ok((Way::Direct, Mark::Direct))
}
