//! Pickup by code: who dials it is answered in place of a phone that rings (group F).
//!
//! | Dialled | Whose calls |
//! |---|---|
//! | pickup code | members of the own groups and of the departments that one may pick up for |
//! | pickup code and a number | of those, what rings at that number or for that group |
//! | group pickup code and a group's number | members of that group |
//!
//! Of several calls the one is taken that first rang anywhere (R266). Nothing rings: `PickupNone`.

use std::collections::BTreeSet;

use base::id::TenantId;
use base::{Dn, LegId};
use model::record::Service;
use model::{CodeKind, Snapshot};

use crate::CallControl;
use crate::call::Call;
use crate::cx::Cx;
use crate::leg::{Leg, Person};
use crate::route::number::{self, Read};

/// What a pickup code asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    numbers: BTreeSet<Dn>,
    /// Only what rings at this number, or for the group whose number it is.
    only: Option<Dn>,
    pub service: Service,
}

/// The numbers whose calls are asked for; `None` when no pickup code was dialled.
pub(crate) fn wanted(
    snapshot: &Snapshot,
    (tenant, who): (TenantId, &Person),
    dialed: &str,
) -> Option<Wanted> {
    let Read::Code(kind, rest) = number::read(snapshot, tenant, dialed)? else { return None };
    match kind {
        CodeKind::Pickup => {
            let only = Dn::parse(&rest).ok();
            let numbers = match only.is_some() || rest.is_empty() {
                true => own_set(snapshot, tenant, who),
                false => BTreeSet::new(),
            };
            Some(Wanted { numbers, only, service: Service::Pickup })
        }
        CodeKind::GroupPickup => {
            let group = rest.parse().ok().and_then(|n: u16| snapshot.pickup_group(tenant, n));
            let numbers = group.into_iter().flat_map(|g| g.members.iter().copied()).collect();
            Some(Wanted { numbers, only: None, service: Service::GroupPickup })
        }
        _ => None,
    }
}

/// The pickup set of a number (pickup, point 2).
fn own_set(snapshot: &Snapshot, tenant: TenantId, who: &Person) -> BTreeSet<Dn> {
    let mut set = BTreeSet::new();
    let Some(own) = who.dn else { return set };
    for number in snapshot.pickup_groups_of(tenant, own) {
        let group = snapshot.pickup_group(tenant, *number);
        set.extend(group.into_iter().flat_map(|g| g.members.iter().copied()));
    }
    let user = who.user.and_then(|id| snapshot.user(id));
    for id in user.into_iter().flat_map(|u| u.pickup_departments.iter()) {
        let Some(department) = snapshot.department(*id) else { continue };
        set.insert(department.dn);
        set.extend(department.members.iter().filter_map(|m| snapshot.user(*m)).map(|u| u.dn));
    }
    set
}

/// Whether `who` may pick up calls of `dn` (R311).
pub fn may_pick_up(snapshot: &Snapshot, tenant: TenantId, who: Dn, dn: Dn) -> bool {
    let Some(user) = snapshot.user_by_dn(tenant, who) else { return false };
    let person = crate::route::person::person(user);
    own_set(snapshot, tenant, &person).contains(&dn)
}

impl CallControl {
    /// The ringing leg that was asked for, with the slot of its call: of the call that rings
    /// longest.
    pub(crate) fn ringing_for(
        &self,
        (tenant, snapshot): (TenantId, &Snapshot),
        wanted: &Wanted,
        new: &Leg,
    ) -> Option<(usize, LegId)> {
        let own = new.who.dn;
        let mut found: Option<(base::Mono, usize, LegId)> = None;
        for dn in &wanted.numbers {
            let slots = self.core.ringing.get(&(tenant, *dn));
            for slot in slots.into_iter().flatten().map(|s| *s as usize) {
                let Some(call) = self.calls.get(slot) else { continue };
                let directed = |only| only == *dn || call.rings_for(snapshot) == Some(only);
                if !wanted.only.is_none_or(directed) {
                    continue;
                }
                let Some(leg) = call.pickable(*dn, own) else { continue };
                let since = call.rang_at.unwrap_or(base::Mono(u64::MAX));
                if found.is_none_or(|(best, ..)| since < best) {
                    found = Some((since, slot, leg));
                }
            }
        }
        found.map(|(_, slot, leg)| (slot, leg))
    }
}

impl Call {
    /// A leg of this call that rings at the number and may be taken; none of the own calls.
    fn pickable(&self, dn: Dn, own: Option<Dn>) -> Option<LegId> {
        let ring = self.ring.as_ref()?;
        let caller = self.leg(ring.leg)?;
        if own.is_some() && caller.who.dn == own || self.is_call_back() {
            return None;
        }
        let common = ring.plan.dn == dn;
        let at = |leg: &&Leg| common || leg.who.dn == Some(dn);
        let ringing = self.ringing();
        let mut legs = ringing.iter().filter_map(|id| self.leg(*id)).filter(at);
        legs.find(|leg| self.can_replace(leg.id)).map(|leg| leg.id)
    }

    /// Enters the numbers at which the call rings now, so that they can be picked up.
    pub(crate) fn rings_at(&mut self, cx: &mut Cx<'_>, numbers: impl IntoIterator<Item = Dn>) {
        self.rings_nowhere(cx);
        self.rang_at = self.rang_at.or(Some(cx.now.mono));
        for dn in numbers {
            if !self.ringing_at.contains(&dn) {
                self.ringing_at.push(dn);
                let slots = cx.core.ringing.get_or_insert_with((self.tenant, dn), Default::default);
                slots.push(self.key.slot);
            }
        }
    }

    /// The call does not ring any more.
    pub(crate) fn rings_nowhere(&mut self, cx: &mut Cx<'_>) {
        for dn in self.ringing_at.drain(..) {
            let Some(slots) = cx.core.ringing.get_mut(&(self.tenant, dn)) else { continue };
            slots.retain(|slot| *slot != self.key.slot);
            if slots.is_empty() {
                cx.core.ringing.remove(&(self.tenant, dn));
            }
        }
    }
}
