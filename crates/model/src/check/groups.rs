//! Hunting groups, pickup groups, departments, park slots and gateways.

use std::collections::{BTreeMap, BTreeSet};

use base::Dn;
use base::id::{DepartmentId, DeviceId, TenantId};

use super::{Case, Found, against, in_range, name, rival, text, violation};
use crate::paging::{self, SiteStream};
use crate::plan;
use crate::violation::{Conflict, Field, Noun, Violation, code};
use crate::{
    BoxLimits, Department, Device, DnOwner, DnSettings, Gateway, HuntGroup, ParkSlot, PickupGroup,
};

impl Case<'_> {
    pub(super) fn hunt(&self, at: usize, group: &HuntGroup, found: &mut Found) {
        let tenant = group.tenant;
        self.tenant_exists(at, tenant, None, found);
        self.site_exists(at, tenant, group.site, found);
        text(at, Field::Name, &group.name, found);
        group_number(at, HuntGroup::NUMBERS.contains(&group.number), group.number, found);
        self.number(at, tenant, group.pilot, DnOwner::Hunt(group.number), found);
        member_count(at, group.members.len(), HuntGroup::MEMBERS_MAX, found);
        twice(at, &group.members, |dn| dn.text(), found);
        for dn in &group.members {
            if self.after.user_by_dn(tenant, *dn).is_none() {
                found.push(violation(at, code::NOT_FOUND, Field::Member, &dn.text()));
            }
            self.only_hunt(at, group, *dn, found);
        }
        in_range(at, ("ring-s", HuntGroup::RING_S), group.ring_s, found);
        in_range(at, ("limit-s", HuntGroup::LIMIT_S), group.limit_s, found);
        in_range(at, ("rounds", HuntGroup::ROUNDS), group.rounds, found);
        box_limits(at, group.limits, found);
        let forward = std::slice::from_ref(&group.all);
        self.destinations((at, tenant), forward, group.overflow.as_ref(), found);
    }

    /// A member of `group` must be in no other hunting group (R091).
    fn only_hunt(&self, at: usize, group: &HuntGroup, dn: Dn, found: &mut Found) {
        let groups = self.after.hunts_of.of((group.tenant, dn)).iter();
        let others = groups.filter(|number| **number != group.number);
        let made = |number: &u16| self.made.hunts.get(&(group.tenant, *number)).copied();
        if let Some((number, change)) = rival(at, others.map(|n| (n, made(n)))) {
            let with = Conflict {
                change,
                dn: self.after.hunt_group(group.tenant, *number).map(|h| h.pilot),
                name: number.to_string().into(),
                noun: Some(Noun::Hunt),
            };
            let clash = violation(at, code::IN_OTHER_HUNT, Field::Member, &dn.text());
            found.push(Violation { with: Some(with), ..clash });
        }
    }

    pub(super) fn pickup(&self, at: usize, group: &PickupGroup, found: &mut Found) {
        let tenant = group.tenant;
        self.tenant_exists(at, tenant, None, found);
        text(at, Field::Name, &group.name, found);
        group_number(at, PickupGroup::NUMBERS.contains(&group.number), group.number, found);
        member_count(at, group.members.len(), PickupGroup::MEMBERS_MAX, found);
        twice(at, &group.members, |dn| dn.text(), found);
        for dn in &group.members {
            let known = self.after.user_by_dn(tenant, *dn).is_some()
                || self.after.virtual_by_dn(tenant, *dn).is_some();
            if !known {
                found.push(violation(at, code::NOT_FOUND, Field::Member, &dn.text()));
            }
        }
    }

    pub(super) fn department(&self, at: usize, department: &Department, found: &mut Found) {
        let tenant = department.tenant;
        let old = self.before.department(department.id).map(|d| d.tenant);
        self.tenant_exists(at, tenant, old, found);
        self.site_exists(at, tenant, department.site, found);
        name(at, Field::Name, &department.name, found);
        self.number(at, tenant, department.dn, DnOwner::Department(department.id), found);
        member_count(at, department.members.len(), department.members_max(), found);
        let number = |id| self.after.user(id).filter(|u| u.tenant == tenant).map(|u| u.dn.text());
        twice(at, &department.members, |id| number(*id).unwrap_or_default(), found);
        for id in &department.members {
            if number(*id).is_none() {
                found.push(violation(at, code::NOT_FOUND, Field::Member, &id.to_string()));
            }
        }
        in_range(at, ("ring-s", Department::RING_S), department.ring_s, found);
        self.streams(at, department, found);
        in_range(at, ("page-s", Department::PAGE_S), department.page_s, found);
        let pagers = department.pagers.as_deref().unwrap_or_default();
        member_count(at, pagers.len(), Department::MULTICAST_MAX, found);
        box_limits(at, department.limits, found);
        let forward = std::slice::from_ref(&department.all);
        self.destinations((at, department.tenant), forward, department.overflow.as_ref(), found);
    }

    /// Groups of its own: on a shared one the pages of two departments would be heard as one.
    fn streams(&self, at: usize, department: &Department, found: &mut Found) {
        let own = department.multicast_sites.iter();
        if own.len() > SiteStream::MAX {
            let count = own.len().to_string();
            found.push(violation(at, code::QUOTA, Field::MulticastSite, &count));
        }
        let mut named = BTreeSet::new();
        for own in own.clone() {
            let (site, field) = (own.site, Field::MulticastSite);
            if self.after.site(site).is_none_or(|s| s.tenant != department.tenant) {
                found.push(violation(at, code::NOT_FOUND, field, &site.to_string()));
            }
            if !named.insert(site) {
                found.push(violation(at, code::DUPLICATE, field, &site.to_string()));
            }
        }
        let all = department.multicast_to.map(|to| (to, Field::Multicast));
        let own = own.filter_map(|own| Some((own.to?, Field::MulticastSite)));
        for (to, field) in all.into_iter().chain(own).filter(|(to, _)| !paging::is_group(*to)) {
            found.push(violation(at, code::BAD_TEXT, field, &to.to_string()));
        }
        self.stream_is_alone(at, department, found);
    }

    fn stream_is_alone(&self, at: usize, department: &Department, found: &mut Found) {
        if department.streams().next().is_none() {
            return;
        }
        let others = self.after.departments(department.tenant).filter(|d| d.id != department.id);
        let mut shared = others.filter_map(|d| Some((d, department.shares_stream(d)?)));
        let Some((other, to)) = shared.next() else { return };
        let field = match department.multicast_to == Some(to) {
            true => Field::Multicast,
            false => Field::MulticastSite,
        };
        let clash = violation(at, code::DUPLICATE, field, &to.to_string());
        let mut clash = against(clash, Noun::Department, &other.name);
        clash.with.iter_mut().for_each(|with| with.dn = Some(other.dn));
        found.push(clash);
    }

    /// Departments that go while somebody may still pick up for them; one look at the people for
    /// all of them.
    pub(super) fn departments_gone(&self, found: &mut Found) {
        let mut gone: BTreeMap<DepartmentId, (usize, &Department)> = BTreeMap::new();
        for (at, department) in &self.deltas.departments.removed {
            if self.after.department(department.id).is_none() {
                gone.insert(department.id, (*at, department));
            }
        }
        let tenants: BTreeSet<TenantId> = gone.values().map(|(_, d)| d.tenant).collect();
        for user in tenants.into_iter().flat_map(|t| self.after.users(t)) {
            for id in &user.pickup_departments {
                // The first picker is named; others are found when he is mended.
                if let Some((at, department)) = gone.remove(id) {
                    let clash = violation(at, code::IN_USE, Field::Object, &department.name);
                    let mut clash = against(clash, Noun::User, &user.name);
                    clash.with.iter_mut().for_each(|with| with.dn = Some(user.dn));
                    found.push(clash);
                }
            }
        }
    }

    pub(super) fn slot(&self, at: usize, slot: &ParkSlot, found: &mut Found) {
        self.tenant_exists(at, slot.tenant, None, found);
        self.site_exists(at, slot.tenant, slot.site, found);
        self.number(at, slot.tenant, slot.dn, DnOwner::ParkSlot(slot.site), found);
    }

    pub(super) fn gateway(&self, at: usize, gateway: &Gateway, found: &mut Found) {
        let old = self.before.gateway(gateway.id).map(|g| g.tenant);
        self.tenant_exists(at, gateway.tenant, old, found);
        self.site_exists(at, gateway.tenant, gateway.site, found);
        name(at, Field::Name, &gateway.name, found);
        if !plan::is_gateway_prefix(&gateway.prefix) {
            found.push(violation(at, code::BAD_TEXT, Field::Prefix, &gateway.prefix));
        }
        if let Some(account) = gateway.account {
            self.gateway_account(at, gateway, account, found);
        }
    }

    /// The account is a terminal of the tenant that nobody else has.
    fn gateway_account(&self, at: usize, gateway: &Gateway, account: DeviceId, found: &mut Found) {
        let device = self.after.device(account).filter(|d| d.tenant == gateway.tenant);
        let Some(device) = device else {
            return found.push(violation(at, code::NOT_FOUND, Field::SipId, &gateway.name));
        };
        let mut others = self.after.gateways(gateway.tenant).filter(|g| g.id != gateway.id);
        let other = others.find(|g| g.account == Some(account));
        if let Some(other) = other {
            let clash = violation(at, code::IN_USE, Field::SipId, &device.sip_id);
            found.push(against(clash, Noun::Gateway, &other.prefix));
        } else if device.user.is_some() {
            found.push(violation(at, code::IN_USE, Field::SipId, &device.sip_id));
        }
    }

    /// A terminal that is the account of a gateway has no user, and stays.
    pub(super) fn account_taken(&self, at: usize, device: &Device, found: &mut Found) {
        let now = self.after.device(device.id);
        if now.is_some_and(|d| d.user.is_none()) {
            return;
        }
        let mut gateways = self.after.gateways(device.tenant);
        if let Some(gateway) = gateways.find(|g| g.account == Some(device.id)) {
            let field = if now.is_some() { Field::User } else { Field::Object };
            let clash = violation(at, code::IN_USE, field, &device.sip_id);
            found.push(against(clash, Noun::Gateway, &gateway.prefix));
        }
    }
}

fn box_limits(at: usize, limits: BoxLimits, found: &mut Found) {
    in_range(at, ("record-s", DnSettings::RECORD_S), limits.record_s, found);
    in_range(at, ("messages-max", DnSettings::MESSAGES_MAX), limits.messages_max, found);
    in_range(at, ("keep-days", DnSettings::KEEP_DAYS), limits.keep_days, found);
}

fn group_number(at: usize, fits: bool, number: u16, found: &mut Found) {
    if !fits {
        found.push(violation(at, code::GROUP_RANGE, Field::Group, &number.to_string()));
    }
}

fn member_count(at: usize, count: usize, max: usize, found: &mut Found) {
    if count > max {
        let with = Conflict { name: max.to_string().into(), ..Conflict::default() };
        let out = violation(at, code::TOO_MANY_MEMBERS, Field::Member, &count.to_string());
        found.push(Violation { with: Some(with), ..out });
    }
}

/// A violation for each member that is named again.
pub(super) fn twice<T: Ord + Copy>(
    at: usize,
    members: &[T],
    text: impl Fn(&T) -> String,
    found: &mut Found,
) {
    let mut seen = BTreeSet::new();
    for member in members {
        if !seen.insert(*member) {
            found.push(violation(at, code::DUPLICATE, Field::Member, &text(member)));
        }
    }
}
