//! The live state of one moment, kept: what a call was decided on can be asked for later.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use base::id::{DeviceId, GatewayId, SiteId, TenantId};
use base::{CallId, Dn, Mono, Now};
use model::Snapshot;

use crate::CallControl;
use crate::access::of_site;
use crate::explain::Mark;
use crate::leg::Role;
use crate::outside::Taken;
use crate::route::Facts;
use crate::view::View;
use crate::whatif::{self, Explanation, Question};

/// What decisions read of one tenant at one moment: configuration, contacts, calls at once, and
/// the pointers of hunting groups.
#[derive(Debug, Clone)]
pub struct Moment {
    at: Mono,
    tenant: TenantId,
    snapshot: Arc<Snapshot>,
    contacts: BTreeMap<DeviceId, usize>,
    calls: BTreeMap<Dn, u32>,
    offered: BTreeMap<u16, Dn>,
    parked: BTreeSet<Dn>,
    paged: BTreeMap<DeviceId, bool>,
    channels: BTreeMap<GatewayId, u32>,
    ordinary: BTreeMap<GatewayId, u32>,
    emergencies: BTreeSet<Dn>,
    access: BTreeMap<SiteId, u32>,
    #[cfg(feature = "planted")]
    planted: Option<crate::planted::Bug>,
}

impl Moment {
    /// The configuration of then.
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// Numbers with the calls that they have at once (R250).
    pub fn counts(&self) -> impl Iterator<Item = (Dn, u32)> {
        self.calls.iter().map(|(dn, n)| (*dn, *n))
    }

    /// Sites with the channels of their access lines that are in use (R305).
    pub fn access_counts(&self) -> impl Iterator<Item = (SiteId, u32)> {
        self.access.iter().map(|(site, n)| (*site, *n))
    }

    /// How many slots are in use or kept.
    pub fn parked_len(&self) -> usize {
        self.parked.len()
    }

    /// Where a call would have gone then, and why.
    pub fn explain(&self, asked: &Question<'_>) -> Explanation {
        let now = Now { mono: self.at, ..Now::default() };
        whatif::explain(now, asked, self)
    }

    /// Whether decisions find the same at both moments; the pointers of hunting groups, which a
    /// hunt itself moves, are not compared.
    pub fn finds_same(&self, other: &Moment) -> bool {
        self.snapshot.revision() == other.snapshot.revision()
            && self.contacts == other.contacts
            && self.calls == other.calls
            && self.parked == other.parked
            && self.paged == other.paged
            && self.channels == other.channels
            && self.ordinary == other.ordinary
            && self.emergencies == other.emergencies
            && self.access == other.access
    }

    /// What there was here, with the hunting groups pointing as they did at another moment.
    pub fn pointing_as(&self, other: &Moment) -> Moment {
        Moment { offered: other.offered.clone(), ..self.clone() }
    }

    /// What there was here, with the configuration of another moment.
    pub fn configured_as(&self, other: &Moment) -> Moment {
        Moment { snapshot: other.snapshot.clone(), ..self.clone() }
    }

    /// What there was here, with the contacts of another moment.
    pub fn reached_as(&self, other: &Moment) -> Moment {
        Moment { contacts: other.contacts.clone(), ..self.clone() }
    }

    /// Whether contacts are the same at both moments.
    pub fn reaches_same(&self, other: &Moment) -> bool {
        self.contacts == other.contacts
    }

    /// Whether the pointers of all hunting groups are the same at both moments.
    pub fn points_same(&self, other: &Moment) -> bool {
        self.offered == other.offered
    }
}

impl Facts for Moment {
    fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    fn contacts(&self, device: DeviceId) -> usize {
        self.contacts.get(&device).copied().unwrap_or(0)
    }

    fn calls(&self, tenant: TenantId, dn: Dn) -> u32 {
        let own = tenant == self.tenant;
        self.calls.get(&dn).copied().filter(|_| own).unwrap_or(0)
    }

    fn is_parked(&self, tenant: TenantId, slot: Dn) -> bool {
        tenant == self.tenant && self.parked.contains(&slot)
    }

    fn paged(&self, device: DeviceId) -> Option<bool> {
        self.paged.get(&device).copied()
    }

    fn channels(&self, gateway: GatewayId) -> u32 {
        self.channels.get(&gateway).copied().unwrap_or(0)
    }

    fn ordinary(&self, gateway: GatewayId) -> u32 {
        self.ordinary.get(&gateway).copied().unwrap_or(0)
    }

    fn access(&self, site: SiteId) -> u32 {
        self.access.get(&site).copied().unwrap_or(0)
    }

    fn in_emergency(&self, tenant: TenantId, dn: Dn) -> bool {
        tenant == self.tenant && self.emergencies.contains(&dn)
    }

    fn offered_last(&self, tenant: TenantId, group: u16) -> Option<Dn> {
        self.offered.get(&group).copied().filter(|_| tenant == self.tenant)
    }

    #[cfg(feature = "planted")]
    fn planted(&self) -> Option<crate::planted::Bug> {
        self.planted
    }
}

impl CallControl {
    /// How many numbers a call has rung so far, and how many steps were decided since the last
    /// one; for checkers.
    pub fn decided(&self, call: CallId) -> Option<(usize, usize)> {
        let call = self.calls.get(*self.by_id.get(&call)?)?;
        Some(call.draft.trace.iter().fold((0, 0), |(rung, since), mark| match mark {
            Mark::Ring { .. } => (rung + 1, 0),
            mark if mark.is_route() => (rung, since + 1),
            _ => (rung, since),
        }))
    }

    /// The live state of a tenant of few people, as a call sees it that does not count itself
    /// (`except`). Looks at every user, so it is for checkers and diagnosis.
    pub fn moment(
        &self,
        (at, tenant): (Mono, TenantId),
        snapshot: Arc<Snapshot>,
        view: &dyn View,
        except: Option<CallId>,
    ) -> Moment {
        let slot = except.and_then(|id| self.by_id.get(&id));
        let own = slot.and_then(|slot| self.calls.get(*slot)).map(|c| c.reserved.as_slice());
        let own = own.unwrap_or_default();
        let calls = snapshot.users(tenant).map(|u| {
            let itself = u32::from(own.contains(&u.dn));
            (u.dn, self.core.budget.count(tenant, u.dn).saturating_sub(itself))
        });
        let calls = calls.filter(|(_, n)| *n > 0).collect();
        let contacts = snapshot.devices(tenant).map(|d| (d.id, view.contacts_len(d.id)));
        let contacts = contacts.filter(|(_, n)| *n > 0).collect();
        let seats = snapshot.devices(tenant);
        let paged = seats.filter_map(|d| Some((d.id, self.core.pages.of(d.id)?))).collect();
        let numbers = snapshot.hunt_groups(tenant).map(|g| g.number);
        let offered = numbers.filter_map(|n| Some((n, *self.core.offered.get(&(tenant, n))?)));
        let offered = offered.collect();
        let slots = snapshot.all_park_slots(tenant).map(|s| s.dn);
        let parked = slots.filter(|dn| self.core.parked.contains_key(&(tenant, *dn))).collect();
        let call = slot.and_then(|slot| self.calls.get(*slot));
        // What rings is over when the next decision falls; who talks keeps a channel.
        let rings = |id| call.and_then(|c| c.leg(id)).is_some_and(|l| l.role == Role::Ringing);
        let own = call.and_then(|c| c.outside.as_ref()).map(|o| o.channels.as_slice());
        let own: Vec<&Taken> = own.unwrap_or_default().iter().filter(|t| rings(t.leg)).collect();
        let channels = snapshot.gateways(tenant).map(|g| {
            let itself = own.iter().filter(|t| t.gateway == g.id).count();
            let itself = u32::try_from(itself).unwrap_or(u32::MAX);
            (g.id, self.core.channels.count(g.id).saturating_sub(itself))
        });
        let channels = channels.filter(|(_, n)| *n > 0).collect();
        let ordinary = snapshot.gateways(tenant).map(|g| {
            let itself = own.iter().filter(|t| t.gateway == g.id && !t.urgent).count();
            let itself = u32::try_from(itself).unwrap_or(u32::MAX);
            (g.id, self.core.channels.ordinary(g.id).saturating_sub(itself))
        });
        let ordinary = ordinary.filter(|(_, n)| *n > 0).collect();
        let counted = call.map_or(&[][..], |c| c.own_access());
        let access = snapshot.sites(tenant).map(|s| {
            let itself = of_site(counted, s.id);
            (s.id, self.core.access.count(s.id).saturating_sub(itself))
        });
        let access = access.filter(|(_, n)| *n > 0).collect();
        let talking = self.core.emergencies.talking.iter().filter(|(of, _)| *of == tenant);
        let emergencies = talking.map(|(_, dn)| *dn).collect();
        Moment {
            at,
            tenant,
            snapshot,
            contacts,
            calls,
            offered,
            parked,
            paged,
            channels,
            ordinary,
            emergencies,
            access,
            #[cfg(feature = "planted")]
            planted: self.core.planted,
        }
    }
}
