//! Going where the walk of `route` leads: ring, wait, or end.

use base::id::{DeviceId, GatewayId, SiteId, TenantId};
use base::{Blame, Cause, Dn, LegId, Mono};
use bytes::Bytes;
use model::record::{Service, Services};
use model::{CodeKind, Destination, Gateway, Snapshot};
use smallvec::SmallVec;

use crate::access::of_site;
use crate::call::{Call, Dialing, Purpose};
use crate::cx::{Core, Cx};
use crate::explain::Mark;
use crate::origin::Origin;
use crate::record::Verdict;
use crate::route::person::owner;
use crate::route::{Facts, Journey, Next, Plan, Refusal, Walk};
use crate::view::View;

/// Decisions in one go; each tries another number or member.
const DECISIONS_MAX: usize = 1_000;

/// The live state as one call sees it.
pub(crate) struct Live<'a> {
    pub view: &'a dyn View,
    pub core: &'a Core,
    /// Numbers for which the call itself counts.
    pub reserved: &'a [Dn],
    /// Channels of access lines that the call itself has.
    pub access: &'a [(SiteId, u32)],
}

impl Facts for Live<'_> {
    fn snapshot(&self) -> &Snapshot {
        self.view.snapshot()
    }

    fn contacts(&self, device: DeviceId) -> usize {
        self.view.contacts_len(device)
    }

    fn calls(&self, tenant: TenantId, dn: Dn) -> u32 {
        let own = u32::from(self.reserved.contains(&dn));
        self.core.budget.count(tenant, dn).saturating_sub(own)
    }

    fn is_parked(&self, tenant: TenantId, slot: Dn) -> bool {
        self.core.parked.contains_key(&(tenant, slot))
    }

    fn paged(&self, device: DeviceId) -> Option<bool> {
        self.core.pages.of(device)
    }

    fn channels(&self, gateway: GatewayId) -> u32 {
        self.core.channels.count(gateway)
    }

    fn ordinary(&self, gateway: GatewayId) -> u32 {
        self.core.channels.ordinary(gateway)
    }

    fn access(&self, site: SiteId) -> u32 {
        let own = of_site(self.access, site);
        self.core.access.count(site).saturating_sub(own)
    }

    fn in_emergency(&self, tenant: TenantId, dn: Dn) -> bool {
        self.core.emergencies.talking.contains(&(tenant, dn))
    }

    fn offered_last(&self, tenant: TenantId, group: u16) -> Option<Dn> {
        self.core.offered.get(&(tenant, group)).copied()
    }

    fn called_back(&self, now: Mono, gateway: &Gateway, dialed: &str) -> SmallVec<[DeviceId; 1]> {
        self.core.emergencies.terminals(now, gateway, Some(dialed))
    }

    #[cfg(feature = "planted")]
    fn planted(&self) -> Option<crate::planted::Bug> {
        self.core.planted
    }

    fn has_room(&self, caller: (TenantId, Origin), plan: Option<&Plan>) -> bool {
        self.finds_channel(caller, plan)
    }
}

impl Call {
    /// A phone dialled.
    pub(crate) fn dial(&mut self, cx: &mut Cx<'_>, caller: LegId, referred_by: Option<Bytes>) {
        let dn = self.leg(caller).and_then(|l| l.who.dn);
        let journey = Journey::new(self.tenant, dn);
        let (site, gateway) = match self.leg(caller) {
            Some(leg) => (leg.site, leg.who.gateway),
            None => (None, None),
        };
        let journey = match gateway {
            Some(_) => journey.coming_in(gateway),
            None => journey.dialled_at(site),
        };
        let purpose = Purpose::Basic;
        let dialed = self.draft.dialed.clone();
        let dialing = Dialing { purpose, leg: caller, referred_by, journey, wait_until: None };
        self.set_out(cx, dialing, &dialed);
    }

    /// Begins to reach what was dialled.
    pub(crate) fn set_out(&mut self, cx: &mut Cx<'_>, dialing: Dialing, dialed: &str) {
        self.dialing = Some(Box::new(dialing));
        let next = self.walk(cx, |journey, walk| journey.begin(walk, dialed));
        self.advance(cx, next, None);
    }

    /// Begins to reach a number outside as it is, with no prefix before it.
    pub(crate) fn set_out_outside(&mut self, cx: &mut Cx<'_>, dialing: Dialing, number: Dn) {
        self.dialing = Some(Box::new(dialing));
        let next = self.walk(cx, |journey, walk| journey.begin_outside(walk, number));
        self.advance(cx, next, None);
    }

    /// Begins to reach where a park slot sends what nobody retrieves; a message is for the parker.
    pub(crate) fn set_out_from(
        &mut self,
        cx: &mut Cx<'_>,
        dialing: Dialing,
        (slot, parker): (Dn, Option<Dn>),
        to: &Destination,
    ) {
        self.dialing = Some(Box::new(dialing));
        let next = self.walk(cx, |journey, walk| match to {
            Destination::Dn(dn) => journey.begin(walk, &dn.text()),
            Destination::Outside(digits) => journey.forward_outside(walk, slot, digits),
            Destination::Voicemail => journey.voicemail(walk, parker.unwrap_or(slot)),
            Destination::Announcement(sound) => Next::Announce(*sound),
        });
        self.advance(cx, next, None);
    }

    /// What was rung ended like this.
    pub(crate) fn go_on(&mut self, cx: &mut Cx<'_>, verdict: Verdict) {
        let next = match self.back_goes_on(cx, verdict.cause) {
            Some(next) => next,
            None => self.walk(cx, |journey, walk| journey.resume(walk, verdict.cause)),
        };
        self.advance(cx, next, Some(verdict));
    }

    /// The pause between two rounds of a hunt is over.
    pub(crate) fn waited(&mut self, cx: &mut Cx<'_>) {
        let until = self.dialing.as_mut().and_then(|d| d.wait_until.take());
        let next = self.walk(cx, |journey, walk| {
            // A timer may be late by some milliseconds.
            walk.now = until.unwrap_or(walk.now);
            journey.waited(walk)
        });
        self.advance(cx, next, None);
    }

    /// None of those who rang may ring any more (R247).
    pub(crate) fn decide_anew(&mut self, cx: &mut Cx<'_>) {
        let next = self.walk(cx, Journey::anew);
        self.advance(cx, next, None);
    }

    /// One step of the walk, with what it tells the record.
    pub(crate) fn walk(
        &mut self,
        cx: &mut Cx<'_>,
        step: impl FnOnce(&mut Journey, &mut Walk<'_>) -> Next,
    ) -> Next {
        let Some(mut dialing) = self.dialing.take() else {
            return Next::Refuse(Cause::UnallocatedNumber);
        };
        self.free_channels(cx);
        let mut trace = std::mem::take(&mut self.attempt().trace);
        let access = self.own_access();
        let facts = Live { view: cx.view, core: cx.core, reserved: &self.reserved, access };
        let (now, wall) = (cx.now.mono, cx.now.wall);
        let mut walk = Walk { facts: &facts, now, wall, trace: &mut trace };
        let forwarded = dialing.journey.forwarder().is_some();
        let next = step(&mut dialing.journey, &mut walk);
        let journey = &dialing.journey;
        let called = match journey.number_outside() {
            Some(number) => Some(crate::outside::called(number, None)),
            None => journey.called().map(|dn| owner(cx.view.snapshot(), self.tenant, dn)),
        };
        let called = called.map(|who| (who, None));
        let forwarder = journey.forwarder().map(|dn| dn.text().into());
        let services = journey.services;
        let attempt = self.attempt();
        attempt.trace = trace;
        attempt.callee = called;
        attempt.services = Services(attempt.services.0 | services.0);
        match forwarded {
            // Whoever stood in for a member may do so no longer.
            true => attempt.transferrer = forwarder.or(dialing.journey.transferrer.clone()),
            false if forwarder.is_some() => {
                dialing.journey.transferrer =
                    std::mem::replace(&mut attempt.transferrer, forwarder);
            }
            false => {}
        }
        self.dialing = Some(dialing);
        next
    }

    /// Does what was decided, until something rings or is waited for, or the call ends.
    fn advance(&mut self, cx: &mut Cx<'_>, mut next: Next, mut last: Option<Verdict>) {
        for _ in 0..DECISIONS_MAX {
            next = self.first_back(cx, next);
            let Some(dialing) = &mut self.dialing else { return };
            let cause = match next {
                Next::Ring(plan) => match self.ring_next(cx, plan) {
                    Ok(()) => return,
                    Err(refusal) => {
                        self.attempt().note(refusal.mark);
                        let cause = refusal.cause;
                        last = Some(Verdict::new(cause));
                        next = match self.back_goes_on(cx, cause) {
                            Some(next) => next,
                            None => self.walk(cx, |journey, walk| journey.resume(walk, cause)),
                        };
                        continue;
                    }
                },
                Next::Wait { until } => {
                    dialing.wait_until = Some(until);
                    return self.rings_meanwhile(cx);
                }
                other => {
                    let purpose = dialing.purpose;
                    match self.carry_out(cx, purpose, other) {
                        Ok(()) => return,
                        Err(cause) => cause,
                    }
                }
            };
            let verdict = last.filter(|l| l.cause == cause).unwrap_or(Verdict::new(cause));
            return self.unreached(cx, verdict);
        }
        self.unreached(cx, Verdict::new(Cause::ForwardLoop).blaming(Blame::Us));
    }

    /// Does what the exchange itself can do with what was dialled; the reason when it cannot.
    fn carry_out(&mut self, cx: &mut Cx<'_>, purpose: Purpose, next: Next) -> Result<(), Cause> {
        let hears = self.dialing.as_ref().map(|d| d.leg);
        let spoken = crate::admit::is_spoken(&next, purpose);
        if hears.is_some_and(|leg| spoken && !self.may_hear_us(cx, leg)) {
            self.attempt().note(Mark::AccessFull);
            return Err(Cause::SiteChannelsExceeded);
        }
        match next {
            // It would have been picked up when there was one.
            Next::Code(kind @ (CodeKind::Pickup | CodeKind::GroupPickup), _) => {
                let group = kind == CodeKind::GroupPickup;
                let service = if group { Service::GroupPickup } else { Service::Pickup };
                self.attempt().services.insert(service);
                Err(Cause::PickupNone)
            }
            Next::Code(CodeKind::Park, _) if parks(purpose) => self.park_for(cx, None),
            Next::Slot(dn) if parks(purpose) => self.park_for(cx, Some(dn)),
            Next::Code(CodeKind::ParkRetrieve, _) | Next::Slot(_) => {
                self.attempt().services.insert(Service::ParkRetrieve);
                Err(Cause::ParkNone)
            }
            Next::Code(CodeKind::Voicemail, rest) if parks(purpose) => self.box_by_code(cx, &rest),
            Next::Code(kind, rest) if purpose == Purpose::Basic => {
                self.dialled_code(cx, kind, &rest)
            }
            Next::Code(..) => Err(Cause::UnallocatedNumber),
            Next::Announce(sound) => {
                self.outside.get_or_insert_default().said = sound;
                Err(Cause::AnnouncementEnded)
            }
            Next::Refuse(cause) => Err(cause),
            other => self.serve(cx, purpose, other),
        }
    }

    /// A code was dialled that the exchange itself answers.
    fn dialled_code(&mut self, cx: &mut Cx<'_>, kind: CodeKind, rest: &str) -> Result<(), Cause> {
        match kind {
            CodeKind::Park => self.keep_slot(cx),
            CodeKind::Voicemail => self.mailbox_code(cx, rest),
            CodeKind::Login => self.login_code(cx, rest),
            CodeKind::Logout => self.logout_code(cx),
            _ => self.feature(cx, kind, rest),
        }
    }

    /// Rings what was decided, if it may be rung for whom it is.
    fn ring_next(&mut self, cx: &mut Cx<'_>, plan: Plan) -> Result<(), Refusal> {
        let Some(dialing) = &self.dialing else { return Ok(()) };
        let (purpose, leg) = (dialing.purpose, dialing.leg);
        let referred_by = dialing.referred_by.clone();
        self.offered_to(cx);
        self.may_leave(cx, &plan)?;
        self.remember_caller(cx, &plan, leg);
        self.ring_plan(cx, (purpose, leg), plan, referred_by)
    }

    /// The exchange itself takes the call.
    fn serve(&mut self, cx: &mut Cx<'_>, purpose: Purpose, next: Next) -> Result<(), Cause> {
        match next {
            Next::Page(plan) if purpose == Purpose::Basic => self.begin_page(cx, &plan),
            // Only whoever dials it himself pages (R261, R286).
            Next::Page(plan) => {
                self.attempt().note(Mark::PageBarred(plan.dn));
                Err(Cause::UnallocatedNumber)
            }
            Next::Voicemail { of } => self.leave_message(cx, of),
            Next::Mailbox { of } => self.enter_box(cx, of),
            Next::Boxes { at } => self.ask_for_box(cx, at),
            _ => Err(Cause::UnallocatedNumber),
        }
    }

    /// The target of a transfer or consultation is a park slot (R293).
    fn park_for(&mut self, cx: &mut Cx<'_>, slot: Option<Dn>) -> Result<(), Cause> {
        match self.dialing.as_ref().map(|d| d.purpose) {
            Some(Purpose::Consult) => self.park_by_consult(cx, slot),
            _ => self.park_by_transfer(cx, slot, false),
        }
    }

    /// 均等: the next call begins after this member, whoever answers or stands in.
    fn offered_to(&self, cx: &mut Cx<'_>) {
        #[cfg(feature = "planted")]
        if cx.core.planted == Some(crate::planted::Bug::PointerStands) {
            return;
        }
        let Some(dialing) = &self.dialing else { return };
        for (group, member) in dialing.journey.offers() {
            cx.core.offer_to(self.tenant, group, member);
        }
    }

    /// Nobody can be had.
    fn unreached(&mut self, cx: &mut Cx<'_>, verdict: Verdict) {
        let Some(dialing) = self.dialing.take() else { return };
        match dialing.purpose {
            Purpose::Basic => self.trouble = Some(verdict),
            Purpose::Transfer | Purpose::Recall => self.transfer_failed(cx, verdict),
            Purpose::Consult => self.consult_failed(cx, verdict),
            Purpose::ParkRecall | Purpose::ParkOverflow => self.end(cx, verdict),
            // A telephone was called, and no number dialled.
            Purpose::ParkTell => {}
        }
    }
}

/// Whether a call to the park code parks someone, and one to the voicemail code leads to a box.
fn parks(purpose: Purpose) -> bool {
    matches!(purpose, Purpose::Transfer | Purpose::Consult)
}
