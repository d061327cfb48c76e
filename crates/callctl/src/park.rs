//! Calls that are parked (group F, R075, R290–R294).
//!
//! | Event | Effect |
//! |---|---|
//! | park code in a call | lowest free slot of the site; the parker hears its number and is released |
//! | blind transfer to the park code, to a slot | parked there; a slot in use is busy |
//! | the slot's number, or the retrieve code | the parked party is offered the new phone's media |
//! | 90 s | the parker is called back for 30 s; in vain: the overflow, or parked again |
//! | the third time in vain | cleared |
//! | the parked party hangs up | the slot is free |
//!
//! A parked call is a call whose first party waits alone. Parking ends the record of the
//! conversation; the next one is open until somebody talks to the parked party, and linked by
//! the call's id (group I).

use std::sync::Arc;

use base::id::{SiteId, TenantId};
use base::{Cause, Dn, LegId, Micros, Mono};
use model::record::{Service, Services};
use model::{CodeKind, Snapshot};
use smallvec::{SmallVec, smallvec};

use crate::CallControl;
use crate::call::{Call, Dialing, Link, Purpose, Takeover};
use crate::cx::Cx;
use crate::explain::Mark;
use crate::leg::{Leg, Pending, Person, Role};
use crate::recall::{RECALL_TIME, again_at};
use crate::record::{Draft, Verdict};
use crate::route::Journey;
use crate::route::facts::active;
use crate::route::number::{self, Read};
use crate::route::person::owner;
use crate::view::View;

/// How often the parker is called back.
const RECALLS_MAX: u8 = 3;

/// The pause before another look when the parked party is just being retrieved.
const LATER: Micros = Micros::seconds(5);

/// The call waits in a slot.
#[derive(Debug)]
pub(crate) struct Parked {
    pub slot: Dn,
    pub site: SiteId,
    by: Arc<Person>,
    since: Mono,
    /// When the parker is called back; `None` while it is.
    pub recall_at: Option<Mono>,
    recalls: u8,
    /// The end of the recall that is under way; it is tried again until then (R290).
    recall_until: Option<Mono>,
}

/// The slots that somebody asks for; `None` when no slot and no retrieve code was dialled.
fn wanted(
    snapshot: &Snapshot,
    (tenant, site): (TenantId, Option<SiteId>),
    dialed: &str,
) -> Option<SmallVec<[Dn; 4]>> {
    let in_site = |dn: &Dn| snapshot.park_slot(tenant, *dn).is_some_and(|s| Some(s.site) == site);
    match number::read(snapshot, tenant, dialed)? {
        Read::Dn(dn) => in_site(&dn).then(|| smallvec![dn]),
        Read::Code(CodeKind::ParkRetrieve, rest) if rest.is_empty() => {
            Some(snapshot.park_slots(site?).map(|s| s.dn).collect())
        }
        Read::Code(CodeKind::ParkRetrieve, rest) => {
            Some(Dn::parse(&rest).ok().filter(in_site).into_iter().collect())
        }
        Read::Code(..) | Read::Outside(..) | Read::Emergency(_) => None,
    }
}

impl CallControl {
    /// The call that is parked longest where a phone looks, and can be retrieved now.
    pub(crate) fn parked_for(
        &self,
        (tenant, new): (TenantId, &Leg),
        dialed: &str,
        view: &dyn View,
    ) -> Option<usize> {
        if self.core.parked.is_empty() {
            return None;
        }
        let slots = wanted(view.snapshot(), (tenant, new.site), dialed)?;
        let calls = slots.iter().filter_map(|dn| self.core.parked.get(&(tenant, *dn)));
        let calls = calls.filter_map(|slot| {
            let call = self.calls.get(*slot as usize)?;
            let parked = call.parked.as_ref().filter(|_| call.takeover.is_none())?;
            Some((parked.since, *slot as usize))
        });
        calls.min().map(|(_, slot)| slot)
    }
}

impl Call {
    /// The park code was pressed in a call.
    pub(crate) fn park_pressed(&mut self, cx: &mut Cx<'_>, id: LegId) {
        let Some((held, leg)) = self.partner(id).zip(self.leg(id)) else { return };
        let busy = self.consult.is_some()
            || self.transfer.is_some()
            || self.takeover.is_some()
            || self.ring.is_some();
        let slot = leg.site.and_then(|site| self.free_slot(cx, site));
        let Some(slot) = slot.filter(|_| !busy && self.has_rights(cx, id)) else {
            return self.error_tone(cx, id);
        };
        self.park_now(cx, (id, held), slot, Verdict::by(Cause::NormalClearing, id));
        match cx.view.announcements(self.tenant) {
            true => self.tell_slot(cx, id, slot.0),
            false => self.hang_up(cx, id, Cause::NormalClearing),
        }
    }

    /// Ends the record of the two and parks the second one.
    pub(crate) fn park_now(
        &mut self,
        cx: &mut Cx<'_>,
        parties: (LegId, LegId),
        slot: (Dn, SiteId),
        end: Verdict,
    ) {
        let Some(draft) = self.park_draft(cx, parties, slot, None) else { return };
        let old = std::mem::replace(&mut self.draft, draft);
        self.record(cx, &old, end);
        self.park(cx, parties, slot);
    }

    /// A consultation call to the park code, or to a slot.
    pub(crate) fn park_by_consult(
        &mut self,
        cx: &mut Cx<'_>,
        slot: Option<Dn>,
    ) -> Result<(), Cause> {
        let Some(holder) = self.consult.as_ref().map(|c| c.holder) else {
            return Err(Cause::UnallocatedNumber);
        };
        if !self.resting().is_empty() {
            return Err(Cause::FeatureNotPermitted);
        }
        let slot = self.slot_for(cx, holder, slot)?;
        self.consult_slot(cx, slot);
        Ok(())
    }

    /// The slot that was asked for, or the lowest free one of the site.
    pub(crate) fn slot_for(
        &self,
        cx: &Cx<'_>,
        by: LegId,
        slot: Option<Dn>,
    ) -> Result<(Dn, SiteId), Cause> {
        let site = self.leg(by).and_then(|l| l.site).ok_or(Cause::UnallocatedNumber)?;
        let Some(dn) = slot else { return self.free_slot(cx, site).ok_or(Cause::UserBusy) };
        let known = cx.view.snapshot().park_slot(self.tenant, dn);
        let site = known.ok_or(Cause::UnallocatedNumber)?.site;
        match cx.core.parked.contains_key(&(self.tenant, dn)) {
            true => Err(Cause::UserBusy),
            false => Ok((dn, site)),
        }
    }

    /// A transfer to the park code, or to a slot: `Err` as the target's reason. Of a blind one
    /// the parker has not heard the slot.
    pub(crate) fn park_by_transfer(
        &mut self,
        cx: &mut Cx<'_>,
        slot: Option<Dn>,
        heard: bool,
    ) -> Result<(), Cause> {
        let Some((id, held)) = self.transfer.as_ref().map(|t| (t.referrer, t.transferee)) else {
            return Err(Cause::UnallocatedNumber);
        };
        // Who went before that is known by what it was.
        let Some(by) = self.leg(id).filter(|l| l.is_live()) else {
            return Err(Cause::UnallocatedNumber);
        };
        let (device, user) = (by.device, by.who.user);
        let slot = self.slot_for(cx, id, slot)?;
        let Some(transfer) = self.transfer.take() else { return Err(Cause::UnallocatedNumber) };
        self.dialing = None;
        let Some(draft) = self.park_draft(cx, (id, held), slot, transfer.draft) else {
            return Err(Cause::UnallocatedNumber);
        };
        let old = std::mem::replace(&mut self.draft, draft);
        self.record(cx, &old, Verdict::by(Cause::NormalClearing, id));
        self.tell_referrer(cx, id, 200);
        self.park(cx, (id, held), slot);
        self.hang_up(cx, id, Cause::NormalClearing);
        if !heard {
            self.call_parker(cx, (device, user), slot.0);
        }
        Ok(())
    }

    /// The lowest free slot of the site (park, point 2).
    fn free_slot(&self, cx: &Cx<'_>, site: SiteId) -> Option<(Dn, SiteId)> {
        let slots = cx.view.snapshot().park_slots(site);
        let mut free = slots.filter(|s| !cx.core.parked.contains_key(&(self.tenant, s.dn)));
        free.next().map(|s| (s.dn, site))
    }

    /// The record that parking begins; `made` is the transfer's, with what was asked for.
    fn park_draft(
        &self,
        cx: &Cx<'_>,
        (by, held): (LegId, LegId),
        (slot, _): (Dn, SiteId),
        made: Option<Draft>,
    ) -> Option<Draft> {
        let (by, stays) = (self.leg(by)?, self.leg(held)?);
        let new = || {
            let stays = (stays.who.clone(), stays.device);
            Draft::of_transfer(cx.now.wall, stays, &slot.text(), &by.who)
        };
        let mut draft = made.unwrap_or_else(new);
        draft.services = Services::NONE.with(Service::Park);
        draft.callee = Some((owner(cx.view.snapshot(), self.tenant, slot), None));
        draft.note(Mark::Parked(slot));
        Some(draft)
    }

    fn park(&mut self, cx: &mut Cx<'_>, (by, held): (LegId, LegId), (slot, site): (Dn, SiteId)) {
        let Some(by) = self.leg(by).map(|l| l.who.clone()) else { return };
        cx.core.parked.insert((self.tenant, slot), self.key.slot);
        let since = cx.now.mono;
        let recall_at = Some(since + park_time(cx, site));
        let (recalls, recall_until) = (0, None);
        let parked = Parked { slot, site, by, since, recall_at, recalls, recall_until };
        self.parked = Some(Box::new(parked));
        self.first = Some(held);
        self.second = None;
        self.linked = false;
        self.part_from(cx, held);
    }

    /// The call is not parked any more.
    pub(crate) fn leave_slot(&mut self, cx: &mut Cx<'_>) {
        let Some(parked) = self.parked.take() else { return };
        cx.core.parked.remove(&(self.tenant, parked.slot));
        // Parked calls do not count (R250), this one does again.
        let first = self.first.and_then(|id| self.leg(id)).and_then(|l| l.who.dn);
        if let Some(dn) = first.filter(|_| !self.ended) {
            self.reserve(cx, dn);
        }
    }

    /// A phone retrieves the call: it joins as soon as the parked party agrees.
    pub(crate) fn retrieve(&mut self, cx: &mut Cx<'_>, (mut leg, dialed): (Leg, &str)) {
        let Some(stays) = self.first.and_then(|id| self.leg(id)) else { return };
        let (way, _) = self.way_between(cx.view, stays, &leg);
        // The recall stops (R294).
        self.ring = None;
        for id in self.ringing() {
            self.hang_up(cx, id, Cause::NormalClearing);
        }
        if let Some(dn) = leg.who.dn {
            self.reserve(cx, dn);
        }
        let mut draft = Draft::new(cx.now.wall, leg.who.clone(), leg.device, dialed);
        draft.services.insert(Service::ParkRetrieve);
        let joining = leg.id;
        leg.role = Role::Joining;
        self.add_leg(cx, leg);
        let takeover = Takeover { joining, replaced: None, way, begun: false, draft };
        self.takeover = Some(Box::new(takeover));
    }

    /// The phone that retrieves has its answer.
    pub(crate) fn retrieved(&mut self, cx: &mut Cx<'_>, id: LegId) {
        self.draft.services.insert(Service::ParkRetrieve);
        self.talks_to(cx, id);
        if let Some(leg) = self.leg_mut(id) {
            leg.role = Role::Party;
        }
        // Its exchange, if it still runs, ends with both having each other's description.
        self.linked = true;
        self.touch_all_media();
    }

    /// The parker, the overflow or who picked up for them has answered.
    pub(crate) fn recall_reached(&mut self, cx: &mut Cx<'_>, id: LegId) {
        let Some(ring) = self.ring.take() else { return };
        let Some(held) = self.first else { return };
        self.talks_to(cx, id);
        self.way = ring.way;
        self.linked = false;
        self.link = match self.leg(id).map(|l| &l.pending) {
            Some(Pending::Nothing) => Link::Tell(Box::new(ring.offered)),
            _ => Link::Join,
        };
        self.part_from(cx, held);
    }

    fn talks_to(&mut self, cx: &mut Cx<'_>, id: LegId) {
        self.leave_slot(cx);
        let Some((who, device)) = self.leg(id).map(|l| (l.who.clone(), l.device)) else { return };
        if let Some(dn) = who.dn {
            self.draft.note(Mark::Unparked(dn));
        }
        self.draft.callee = Some((who, Some(device)));
        self.draft.answered_at = Some(cx.now.wall);
        self.second = Some(id);
    }

    /// The call was parked for long enough: its parker is called back.
    pub(crate) fn recall_parked(&mut self, cx: &mut Cx<'_>) {
        let Some(held) = self.first else { return };
        let busy = self.takeover.is_some() || self.ring.is_some() || self.dialing.is_some();
        let Some(parked) = &mut self.parked else { return };
        parked.recall_at = Some(cx.now.mono + LATER);
        if busy {
            return;
        }
        // The next one is counted from the end of this one.
        parked.recall_at = None;
        let now = cx.now.mono;
        let again = parked.recall_until.filter(|until| *until > now);
        let until = again.unwrap_or(now + RECALL_TIME);
        parked.recall_until = Some(until);
        parked.recalls += u8::from(again.is_none());
        let view = cx.view;
        let user = parked.by.user.and_then(|id| active(view.snapshot(), id));
        let Some(user) = user else {
            return self.recall_failed(cx, Verdict::new(Cause::UnallocatedNumber));
        };
        self.rang_at = None;
        if again.is_none() {
            self.draft.note(Mark::ParkRecall(user.dn));
        }
        if let Err(refusal) = self.ring_back(cx, (Purpose::ParkRecall, held), user, until) {
            self.draft.note(refusal.mark);
            self.recall_failed(cx, Verdict::new(refusal.cause));
        }
    }

    /// The parker cannot be had.
    pub(crate) fn recall_failed(&mut self, cx: &mut Cx<'_>, verdict: Verdict) {
        self.ring = None;
        let (Some(held), Some(parked)) = (self.first, &mut self.parked) else { return };
        let until = parked.recall_until.unwrap_or(cx.now.mono);
        parked.recall_at = again_at(cx.now.mono, until, verdict.cause);
        if parked.recall_at.is_some() {
            return;
        }
        parked.recall_until = None;
        let site = cx.view.snapshot().site(parked.site);
        if let Some(to) = site.and_then(|s| s.park_overflow.clone()) {
            let (slot, payer) = (parked.slot, parked.by.dn);
            self.leave_slot(cx);
            let caller = self.leg(held).and_then(|l| l.who.dn);
            let journey = Journey::new(self.tenant, caller).paid_by(payer);
            let purpose = Purpose::ParkOverflow;
            let dialing =
                Dialing { purpose, leg: held, referred_by: None, journey, wait_until: None };
            return self.set_out_from(cx, dialing, (slot, payer), &to);
        }
        if parked.recalls >= RECALLS_MAX {
            return self.end(cx, Verdict { cause: Cause::RingTimeout, ..verdict });
        }
        parked.recall_at = Some(cx.now.mono + park_time(cx, parked.site));
    }

    /// The retrieving phone gave up: the call stays in its slot.
    pub(crate) fn stays_parked(&mut self, cx: &mut Cx<'_>) {
        if let Some(parked) = &mut self.parked {
            parked.recall_at = Some(cx.now.mono + park_time(cx, parked.site));
        }
    }

    /// The party of a parked call does not count for its number (R250).
    pub(crate) fn counts(&self, leg: &Leg) -> bool {
        leg.is_live() && !(self.parked.is_some() && self.first == Some(leg.id))
    }
}

fn park_time(cx: &Cx<'_>, site: SiteId) -> Micros {
    let park_s = cx.view.snapshot().site(site).map_or(90, |s| s.park_s);
    Micros::seconds(u64::from(park_s))
}
