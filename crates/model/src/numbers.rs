//! Look-ups by extension number: owners of all kinds, groups, settings, codes of a site.

use std::sync::Arc;

use base::Dn;
use base::id::{DepartmentId, GatewayId, SiteId, TenantId, UserId, VirtualDnId};

use crate::code::{Code, CodeKind, SiteCode};
use crate::index::{Ordered, hash_of, hash_text};
use crate::snapshot::{DnOwner, Snapshot};
use crate::{
    Department, Device, DnSettings, Gateway, HuntGroup, Options, ParkSlot, PickupGroup, Site,
    TenantOption, VirtualDn,
};

/// The part of a list that belongs to a tenant, which comes first in its order.
pub(crate) fn of_tenant<T>(
    list: &Ordered<T>,
    tenant: TenantId,
    of: impl Fn(&T) -> TenantId,
) -> impl DoubleEndedIterator<Item = &T> {
    let from = list.from(|v| of(v) < tenant);
    let count = from.partition_point(|v| of(v) == tenant);
    from.get(..count).unwrap_or_default().iter().map(Arc::as_ref)
}

impl Snapshot {
    /// Who owns an extension number.
    pub fn dn_owner(&self, tenant: TenantId, dn: Dn) -> Option<DnOwner> {
        let hash = hash_of(&(tenant, dn));
        let user = self.user_by_dn.find(hash, |u| u.dn == dn && u.tenant == tenant);
        if let Some(user) = user {
            return Some(DnOwner::User(user.id));
        }
        let hunt = self.hunt_by_pilot.find(hash, |h| h.pilot == dn && h.tenant == tenant);
        if let Some(hunt) = hunt {
            return Some(DnOwner::Hunt(hunt.number));
        }
        let department = self.department_by_dn.find(hash, |d| d.dn == dn && d.tenant == tenant);
        if let Some(department) = department {
            return Some(DnOwner::Department(department.id));
        }
        let virtual_dn = self.virtual_by_dn.find(hash, |v| v.dn == dn && v.tenant == tenant);
        if let Some(virtual_dn) = virtual_dn {
            return Some(DnOwner::Virtual(virtual_dn.id));
        }
        let slot = self.slot_by_dn.find(hash, |s| s.dn == dn && s.tenant == tenant);
        slot.map(|s| DnOwner::ParkSlot(s.site))
    }

    /// Every number of a tenant with its owner, kind by kind.
    pub fn dns(&self, tenant: TenantId) -> impl Iterator<Item = (Dn, DnOwner)> {
        let users = of_tenant(&self.users, tenant, |u| u.tenant);
        let virtuals = self.virtuals(tenant).map(|v| (v.dn, DnOwner::Virtual(v.id)));
        let departments = self.departments(tenant).map(|d| (d.dn, DnOwner::Department(d.id)));
        let pilots = self.hunt_groups(tenant).map(|h| (h.pilot, DnOwner::Hunt(h.number)));
        let slots = self.all_park_slots(tenant).map(|s| (s.dn, DnOwner::ParkSlot(s.site)));
        let users = users.map(|u| (u.dn, DnOwner::User(u.id)));
        users.chain(virtuals).chain(departments).chain(pilots).chain(slots)
    }

    /// Extensions of users and virtual numbers in a tenant: what the quota counts (R030).
    pub fn dn_count(&self, tenant: TenantId) -> usize {
        let users = self.users.from(|u| u.tenant < tenant);
        let virtuals = self.virtuals.from(|v| v.tenant < tenant);
        users.partition_point(|u| u.tenant == tenant)
            + virtuals.partition_point(|v| v.tenant == tenant)
    }

    /// A virtual number.
    pub fn virtual_dn(&self, id: VirtualDnId) -> Option<&VirtualDn> {
        self.virtual_by_id.find(hash_of(&id), |v| v.id == id).map(Arc::as_ref)
    }

    /// The virtual number with these digits.
    pub fn virtual_by_dn(&self, tenant: TenantId, dn: Dn) -> Option<&VirtualDn> {
        let same = |v: &VirtualDn| v.dn == dn && v.tenant == tenant;
        self.virtual_by_dn.find(hash_of(&(tenant, dn)), same).map(Arc::as_ref)
    }

    /// The virtual number with this portal name, case ignored; an empty name is nobody's.
    pub fn virtual_by_web_user(&self, tenant: TenantId, web_user: &str) -> Option<&VirtualDn> {
        let same = |v: &VirtualDn| v.tenant == tenant && v.web_user.eq_ignore_ascii_case(web_user);
        self.virtual_by_web.find(hash_text(tenant.0.0, web_user), same).map(Arc::as_ref)
    }

    /// The virtual numbers of a tenant: shorter numbers first, then by digits.
    pub fn virtuals(&self, tenant: TenantId) -> impl DoubleEndedIterator<Item = &VirtualDn> {
        of_tenant(&self.virtuals, tenant, |v| v.tenant)
    }

    /// A department.
    pub fn department(&self, id: DepartmentId) -> Option<&Department> {
        self.department_by_id.find(hash_of(&id), |d| d.id == id).map(Arc::as_ref)
    }

    /// The department with this 所属共通内線番号.
    pub fn department_by_dn(&self, tenant: TenantId, dn: Dn) -> Option<&Department> {
        let same = |d: &Department| d.dn == dn && d.tenant == tenant;
        self.department_by_dn.find(hash_of(&(tenant, dn)), same).map(Arc::as_ref)
    }

    /// The departments of a tenant in order of their number.
    pub fn departments(&self, tenant: TenantId) -> impl DoubleEndedIterator<Item = &Department> {
        of_tenant(&self.departments, tenant, |d| d.tenant)
    }

    /// The departments that a person is a member of, the first one made first.
    pub fn departments_of(&self, user: UserId) -> &[DepartmentId] {
        self.departments_of.of(user)
    }

    /// A hunting group by its number.
    pub fn hunt_group(&self, tenant: TenantId, number: u16) -> Option<&HuntGroup> {
        let same = |h: &HuntGroup| h.number == number && h.tenant == tenant;
        self.hunt_by_number.find(hash_of(&(tenant, number)), same).map(Arc::as_ref)
    }

    /// The hunting group with this 代表内線番号.
    pub fn hunt_by_pilot(&self, tenant: TenantId, pilot: Dn) -> Option<&HuntGroup> {
        let same = |h: &HuntGroup| h.pilot == pilot && h.tenant == tenant;
        self.hunt_by_pilot.find(hash_of(&(tenant, pilot)), same).map(Arc::as_ref)
    }

    /// The hunting groups of a tenant in order of number.
    pub fn hunt_groups(&self, tenant: TenantId) -> impl DoubleEndedIterator<Item = &HuntGroup> {
        of_tenant(&self.hunts, tenant, |h| h.tenant)
    }

    /// Number of the one hunting group that an extension is a member of (R091).
    pub fn hunt_of_member(&self, tenant: TenantId, dn: Dn) -> Option<u16> {
        self.hunts_of.of((tenant, dn)).first().copied()
    }

    /// A pickup group by its number.
    pub fn pickup_group(&self, tenant: TenantId, number: u16) -> Option<&PickupGroup> {
        let same = |p: &PickupGroup| p.number == number && p.tenant == tenant;
        self.pickup_by_number.find(hash_of(&(tenant, number)), same).map(Arc::as_ref)
    }

    /// The pickup groups of a tenant in order of number.
    pub fn pickup_groups(&self, tenant: TenantId) -> impl DoubleEndedIterator<Item = &PickupGroup> {
        of_tenant(&self.pickups, tenant, |p| p.tenant)
    }

    /// Numbers of the pickup groups that an extension is a member of, in order.
    pub fn pickup_groups_of(&self, tenant: TenantId, dn: Dn) -> &[u16] {
        self.pickups_of.of((tenant, dn))
    }

    /// A park slot by its number.
    pub fn park_slot(&self, tenant: TenantId, dn: Dn) -> Option<&ParkSlot> {
        let same = |s: &ParkSlot| s.dn == dn && s.tenant == tenant;
        self.slot_by_dn.find(hash_of(&(tenant, dn)), same).map(Arc::as_ref)
    }

    /// The park slots of a site, the lowest number first.
    pub fn park_slots(&self, site: SiteId) -> impl DoubleEndedIterator<Item = &ParkSlot> {
        let tenant = self.site(site).map(|s| s.tenant).unwrap_or_default();
        let from = self.slots.from(|s| (s.tenant, s.site) < (tenant, site));
        let count = from.partition_point(|s| (s.tenant, s.site) == (tenant, site));
        from.get(..count).unwrap_or_default().iter().map(Arc::as_ref)
    }

    /// The park slots of a tenant, site by site.
    pub fn all_park_slots(&self, tenant: TenantId) -> impl DoubleEndedIterator<Item = &ParkSlot> {
        of_tenant(&self.slots, tenant, |s| s.tenant)
    }

    /// A gateway.
    pub fn gateway(&self, id: GatewayId) -> Option<&Gateway> {
        self.gateway_by_id.find(hash_of(&id), |g| g.id == id).map(Arc::as_ref)
    }

    /// The gateways of a tenant, the first one made first.
    pub fn gateways(&self, tenant: TenantId) -> impl DoubleEndedIterator<Item = &Gateway> {
        of_tenant(&self.gateways, tenant, |g| g.tenant)
    }

    /// The gateways in use: none without the option (R236).
    pub fn active_gateways(&self, tenant: TenantId) -> impl Iterator<Item = &Gateway> {
        let options = self.tenant(tenant).map(|t| t.options).unwrap_or(Options::NONE);
        let active = options.contains(TenantOption::Gateways);
        self.gateways(tenant).filter(move |_| active)
    }

    /// The gateway in use that a terminal is the account of.
    pub fn gateway_of(&self, device: &Device) -> Option<&Gateway> {
        let mut gateways = self.active_gateways(device.tenant).filter(|_| device.user.is_none());
        gateways.find(|g| g.account == Some(device.id))
    }

    /// Settings of an extension number; `None` = the defaults of [`DnSettings::new`].
    pub fn dn_settings(&self, tenant: TenantId, dn: Dn) -> Option<&DnSettings> {
        let same = |s: &DnSettings| s.dn == dn && s.tenant == tenant;
        self.settings_by_dn.find(hash_of(&(tenant, dn)), same).map(Arc::as_ref)
    }

    /// The settings of a tenant that are kept, in order of number.
    pub fn all_settings(&self, tenant: TenantId) -> impl DoubleEndedIterator<Item = &DnSettings> {
        of_tenant(&self.settings, tenant, |s| s.tenant)
    }

    /// The active code of `kind` for terminals of a site: its own one for a code of a call that it
    /// has set, else the tenant's (R283). `None` without the option, whatever is set (R236).
    pub fn site_code(&self, site: SiteId, kind: CodeKind) -> Option<Code> {
        let site: &Site = self.site(site)?;
        let tenant = self.tenant(site.tenant)?;
        match site.code(kind) {
            SiteCode::Inherit => tenant.code(kind),
            SiteCode::Off => None,
            SiteCode::Own(code) => Some(code).filter(|_| tenant.options.permits(kind)),
        }
    }
}
