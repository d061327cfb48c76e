//! What parts two snapshots, as changes: the inverse of a set, and the way from one to the other.

use std::collections::BTreeSet;

use base::id::{
    AdminId, DepartmentId, DeviceId, GatewayId, LineId, SiteId, SoundId, TenantId, UserId,
    VirtualDnId,
};
use base::{Dn, MobileNumber};

use crate::{Change, Snapshot};

/// The changes that take `before` + `changes` back to `before`.
///
/// Passwords have no inverse: a replaced one stays replaced, that of a deleted owner stays gone.
pub fn invert(before: &Snapshot, changes: &[Change]) -> Vec<Change> {
    let mut seen = BTreeSet::new();
    let mut out = Vec::with_capacity(changes.len());
    for change in changes.iter().rev() {
        let Some(target) = change.target() else { continue };
        if !seen.insert(target) {
            continue;
        }
        match target.in_snapshot(before) {
            Some(old) => out.push(old),
            // Made and removed again within the set: nothing is left to take back.
            None if change.is_delete() => {}
            None => out.push(target.delete()),
        }
    }
    out
}

/// Whether `snapshot` is still as `changes` made it: what they put is equal, what they deleted
/// is absent. Passwords, which no snapshot holds, are not compared.
pub fn in_force(snapshot: &Snapshot, changes: &[Change]) -> bool {
    let mut seen = BTreeSet::new();
    changes.iter().rev().all(|change| match change.target() {
        Some(target) if seen.insert(target) => match target.in_snapshot(snapshot) {
            Some(held) => held == *change,
            None => change.is_delete(),
        },
        _ => true,
    })
}

/// The object that a change is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Target {
    Tenant(TenantId),
    Site(SiteId),
    User(UserId),
    Device(DeviceId),
    Mobile(MobileNumber),
    Admin(AdminId),
    Virtual(VirtualDnId),
    Department(DepartmentId),
    Hunt(TenantId, u16),
    Pickup(TenantId, u16),
    ParkSlot(TenantId, Dn),
    Gateway(GatewayId),
    Settings(TenantId, Dn),
    Sound(SoundId),
    Line(LineId),
    Reception(SiteId),
}

impl Change {
    /// The object concerned; `None` for a password.
    fn target(&self) -> Option<Target> {
        Some(match self {
            Change::TenantPut(t) => Target::Tenant(t.id),
            Change::TenantDelete(id) => Target::Tenant(*id),
            Change::SitePut(s) => Target::Site(s.id),
            Change::SiteDelete(id) => Target::Site(*id),
            Change::UserPut(u) => Target::User(u.id),
            Change::UserDelete(id) => Target::User(*id),
            Change::DevicePut(d) => Target::Device(d.id),
            Change::DeviceDelete(id) => Target::Device(*id),
            Change::MobilePut(m) => Target::Mobile(m.number),
            Change::MobileDelete(number) => Target::Mobile(*number),
            Change::AdminPut(a) => Target::Admin(a.id),
            Change::AdminDelete(id) => Target::Admin(*id),
            Change::VirtualDnPut(v) => Target::Virtual(v.id),
            Change::VirtualDnDelete(id) => Target::Virtual(*id),
            Change::DepartmentPut(d) => Target::Department(d.id),
            Change::DepartmentDelete(id) => Target::Department(*id),
            Change::HuntPut(h) => Target::Hunt(h.tenant, h.number),
            Change::HuntDelete { tenant, number } => Target::Hunt(*tenant, *number),
            Change::PickupPut(p) => Target::Pickup(p.tenant, p.number),
            Change::PickupDelete { tenant, number } => Target::Pickup(*tenant, *number),
            Change::ParkSlotPut(s) => Target::ParkSlot(s.tenant, s.dn),
            Change::ParkSlotDelete { tenant, dn } => Target::ParkSlot(*tenant, *dn),
            Change::GatewayPut(g) => Target::Gateway(g.id),
            Change::GatewayDelete(id) => Target::Gateway(*id),
            Change::DnSettingsPut(s) => Target::Settings(s.tenant, s.dn),
            Change::DnSettingsDelete { tenant, dn } => Target::Settings(*tenant, *dn),
            Change::SoundPut(s) => Target::Sound(s.id),
            Change::SoundDelete(id) => Target::Sound(*id),
            Change::LinePut(l) => Target::Line(l.id),
            Change::LineDelete(id) => Target::Line(*id),
            Change::ReceptionPut(r) => Target::Reception(r.site),
            Change::ReceptionDelete(site) => Target::Reception(*site),
            Change::Password(_) => return None,
        })
    }

    fn is_delete(&self) -> bool {
        matches!(
            self,
            Change::TenantDelete(_)
                | Change::SiteDelete(_)
                | Change::UserDelete(_)
                | Change::DeviceDelete(_)
                | Change::MobileDelete(_)
                | Change::AdminDelete(_)
                | Change::VirtualDnDelete(_)
                | Change::DepartmentDelete(_)
                | Change::HuntDelete { .. }
                | Change::PickupDelete { .. }
                | Change::ParkSlotDelete { .. }
                | Change::GatewayDelete(_)
                | Change::DnSettingsDelete { .. }
                | Change::SoundDelete(_)
                | Change::LineDelete(_)
                | Change::ReceptionDelete(_)
        )
    }
}

impl Target {
    /// The change that makes the object as it is in `snapshot`; `None` when it is not there.
    fn in_snapshot(self, snapshot: &Snapshot) -> Option<Change> {
        let s = snapshot;
        Some(match self {
            Target::Tenant(id) => Change::TenantPut(s.tenant(id)?.clone()),
            Target::Site(id) => Change::SitePut(s.site(id)?.clone()),
            Target::User(id) => Change::UserPut(s.user(id)?.clone()),
            Target::Device(id) => Change::DevicePut(s.device(id)?.clone()),
            Target::Mobile(number) => Change::MobilePut(s.mobile(number)?.clone()),
            Target::Admin(id) => Change::AdminPut(s.admin(id)?.clone()),
            Target::Virtual(id) => Change::VirtualDnPut(s.virtual_dn(id)?.clone()),
            Target::Department(id) => Change::DepartmentPut(s.department(id)?.clone()),
            Target::Hunt(tenant, number) => Change::HuntPut(s.hunt_group(tenant, number)?.clone()),
            Target::Pickup(tenant, number) => {
                Change::PickupPut(s.pickup_group(tenant, number)?.clone())
            }
            Target::ParkSlot(tenant, dn) => Change::ParkSlotPut(s.park_slot(tenant, dn)?.clone()),
            Target::Gateway(id) => Change::GatewayPut(s.gateway(id)?.clone()),
            Target::Settings(tenant, dn) => {
                Change::DnSettingsPut(s.dn_settings(tenant, dn)?.clone())
            }
            Target::Sound(id) => Change::SoundPut(s.sound(id)?.clone()),
            Target::Line(id) => Change::LinePut(s.line(id)?.clone()),
            Target::Reception(site) => Change::ReceptionPut(s.reception(site)?.clone()),
        })
    }

    /// The change that removes the object.
    fn delete(self) -> Change {
        match self {
            Target::Tenant(id) => Change::TenantDelete(id),
            Target::Site(id) => Change::SiteDelete(id),
            Target::User(id) => Change::UserDelete(id),
            Target::Device(id) => Change::DeviceDelete(id),
            Target::Mobile(number) => Change::MobileDelete(number),
            Target::Admin(id) => Change::AdminDelete(id),
            Target::Virtual(id) => Change::VirtualDnDelete(id),
            Target::Department(id) => Change::DepartmentDelete(id),
            Target::Hunt(tenant, number) => Change::HuntDelete { tenant, number },
            Target::Pickup(tenant, number) => Change::PickupDelete { tenant, number },
            Target::ParkSlot(tenant, dn) => Change::ParkSlotDelete { tenant, dn },
            Target::Gateway(id) => Change::GatewayDelete(id),
            Target::Settings(tenant, dn) => Change::DnSettingsDelete { tenant, dn },
            Target::Sound(id) => Change::SoundDelete(id),
            Target::Line(id) => Change::LineDelete(id),
            Target::Reception(site) => Change::ReceptionDelete(site),
        }
    }
}

/// The changes that turn `before` into `after`: what is gone first, then what is new or other.
/// Passwords are no part of a snapshot and so none of the result.
pub fn diff(before: &Snapshot, after: &Snapshot) -> Vec<Change> {
    let mut out = Vec::new();
    for t in before.tenants() {
        gone(before, after, t.id, &mut out);
        if after.tenant(t.id).is_none() {
            out.push(Change::TenantDelete(t.id));
        }
    }
    for t in after.tenants() {
        if before.tenant(t.id) != Some(t) {
            out.push(Change::TenantPut(t.clone()));
        }
        put(before, after, t.id, &mut out);
    }
    out
}

fn gone(before: &Snapshot, after: &Snapshot, tenant: TenantId, out: &mut Vec<Change>) {
    let mut add = |target: Target, kept: bool| {
        if !kept {
            out.push(target.delete());
        }
    };
    let (b, a) = (before, after);
    b.all_settings(tenant).for_each(|s| {
        add(Target::Settings(tenant, s.dn), a.dn_settings(tenant, s.dn).is_some());
    });
    b.pickup_groups(tenant).for_each(|p| {
        add(Target::Pickup(tenant, p.number), a.pickup_group(tenant, p.number).is_some());
    });
    b.hunt_groups(tenant).for_each(|h| {
        add(Target::Hunt(tenant, h.number), a.hunt_group(tenant, h.number).is_some());
    });
    b.all_park_slots(tenant).for_each(|s| {
        add(Target::ParkSlot(tenant, s.dn), a.park_slot(tenant, s.dn).is_some());
    });
    b.lines(tenant).for_each(|l| add(Target::Line(l.id), a.line(l.id).is_some()));
    b.receptions(tenant).for_each(|r| {
        add(Target::Reception(r.site), a.reception(r.site).is_some());
    });
    b.gateways(tenant).for_each(|g| add(Target::Gateway(g.id), a.gateway(g.id).is_some()));
    b.mobiles(tenant).for_each(|m| add(Target::Mobile(m.number), a.mobile(m.number).is_some()));
    b.devices(tenant).for_each(|d| add(Target::Device(d.id), a.device(d.id).is_some()));
    b.departments(tenant).for_each(|d| add(Target::Department(d.id), a.department(d.id).is_some()));
    b.virtuals(tenant).for_each(|v| add(Target::Virtual(v.id), a.virtual_dn(v.id).is_some()));
    b.users(tenant).for_each(|u| add(Target::User(u.id), a.user(u.id).is_some()));
    b.admins(tenant).for_each(|x| add(Target::Admin(x.id), a.admin(x.id).is_some()));
    b.sites(tenant).for_each(|s| add(Target::Site(s.id), a.site(s.id).is_some()));
    b.sounds(tenant).for_each(|s| add(Target::Sound(s.id), a.sound(s.id).is_some()));
}

fn put(before: &Snapshot, after: &Snapshot, tenant: TenantId, out: &mut Vec<Change>) {
    let (b, a) = (before, after);
    let sounds = a.sounds(tenant).filter(|s| b.sound(s.id) != Some(s));
    out.extend(sounds.map(|s| Change::SoundPut(s.clone())));
    let sites = a.sites(tenant).filter(|s| b.site(s.id) != Some(s));
    out.extend(sites.map(|s| Change::SitePut(s.clone())));
    let departments = a.departments(tenant).filter(|d| b.department(d.id) != Some(d));
    out.extend(departments.map(|d| Change::DepartmentPut(d.clone())));
    let users = a.users(tenant).filter(|u| b.user(u.id) != Some(u));
    out.extend(users.map(|u| Change::UserPut(u.clone())));
    let virtuals = a.virtuals(tenant).filter(|v| b.virtual_dn(v.id) != Some(v));
    out.extend(virtuals.map(|v| Change::VirtualDnPut(v.clone())));
    let devices = a.devices(tenant).filter(|d| b.device(d.id) != Some(d));
    out.extend(devices.map(|d| Change::DevicePut(d.clone())));
    let mobiles = a.mobiles(tenant).filter(|m| b.mobile(m.number) != Some(m));
    out.extend(mobiles.map(|m| Change::MobilePut(m.clone())));
    let gateways = a.gateways(tenant).filter(|g| b.gateway(g.id) != Some(g));
    out.extend(gateways.map(|g| Change::GatewayPut(g.clone())));
    let lines = a.lines(tenant).filter(|l| b.line(l.id) != Some(l));
    out.extend(lines.map(|l| Change::LinePut(l.clone())));
    let receptions = a.receptions(tenant).filter(|r| b.reception(r.site) != Some(r));
    out.extend(receptions.map(|r| Change::ReceptionPut(r.clone())));
    let slots = a.all_park_slots(tenant).filter(|s| b.park_slot(tenant, s.dn) != Some(s));
    out.extend(slots.map(|s| Change::ParkSlotPut(s.clone())));
    let hunts = a.hunt_groups(tenant).filter(|h| b.hunt_group(tenant, h.number) != Some(h));
    out.extend(hunts.map(|h| Change::HuntPut(h.clone())));
    let pickups = a.pickup_groups(tenant).filter(|p| b.pickup_group(tenant, p.number) != Some(p));
    out.extend(pickups.map(|p| Change::PickupPut(p.clone())));
    let settings = a.all_settings(tenant).filter(|s| b.dn_settings(tenant, s.dn) != Some(s));
    out.extend(settings.map(|s| Change::DnSettingsPut(s.clone())));
    let admins = a.admins(tenant).filter(|x| b.admin(x.id) != Some(x));
    out.extend(admins.map(|x| Change::AdminPut(x.clone())));
}
