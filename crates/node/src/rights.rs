//! Who may watch what, and how much of it (R310, R311).

use base::id::{DeviceId, TenantId};
use base::{Dialed, Dn};
use model::{Change, Department, DnOwner, Snapshot, TenantOption};
use sip::event::{Package, Resource, Sight, Watched};

/// What the user part of a Request-URI means to a device that wants to watch it.
///
/// Only what belongs to its own company exists for it.
pub(crate) fn watched(
    snapshot: &Snapshot,
    watcher: DeviceId,
    package: Package,
    user: &str,
) -> Result<Watched, u16> {
    let device = snapshot.device(watcher).ok_or(404u16)?;
    let tenant = device.tenant;
    // Phones ask for their own messages and registrations by what they register as.
    let own = user.eq_ignore_ascii_case(&device.sip_id);
    let named = match own {
        true => own_number(snapshot, watcher),
        false => Dialed::parse(user).ok().and_then(|d| d.dn()),
    };
    let number = named.filter(|dn| snapshot.dn_owner(tenant, *dn).is_some()).ok_or(404u16);
    let resource = match package {
        Package::Dialog => Resource::Dialogs { tenant, dn: number? },
        Package::MessageSummary => Resource::Messages { tenant, dn: number? },
        Package::Reg => {
            let device = snapshot.device_by_sip_id(tenant, user).ok_or(404u16)?.id;
            Resource::Registrations { device }
        }
    };
    let sight = sight(snapshot, watcher, &resource).ok_or(403u16)?;
    let name = match resource {
        Resource::Dialogs { dn, .. } | Resource::Messages { dn, .. } => dn.text(),
        Resource::Registrations { .. } => user.to_owned(),
    };
    let realm = snapshot.tenant(tenant).map(|t| t.realm.as_ref()).unwrap_or_default();
    Ok(Watched { resource, sight, entity: format!("sip:{name}@{realm}") })
}

/// How much a device may see of a resource; `None` when it may not watch it or it is gone.
pub(crate) fn sight(snapshot: &Snapshot, watcher: DeviceId, resource: &Resource) -> Option<Sight> {
    let device = snapshot.device(watcher)?;
    match *resource {
        Resource::Dialogs { tenant, dn } => {
            let exists = snapshot.dn_owner(tenant, dn).is_some();
            let sees_all = may_pick_up(snapshot, watcher, dn);
            let sight = if sees_all { Sight::Full } else { Sight::Bare };
            (tenant == device.tenant && exists).then_some(sight)
        }
        Resource::Messages { tenant, dn } => {
            let holds = holds_box(snapshot, watcher, dn);
            (tenant == device.tenant && holds).then_some(Sight::Full)
        }
        // Administrators have no telephone of their own: each device sees its own.
        Resource::Registrations { device: watched } => (watcher == watched).then_some(Sight::Full),
    }
}

fn own_number(snapshot: &Snapshot, device: DeviceId) -> Option<Dn> {
    snapshot.user(snapshot.device(device)?.user?).map(|user| user.dn)
}

/// Whether the box of a number is the device's own, or that of a group of its user (R262).
fn holds_box(snapshot: &Snapshot, watcher: DeviceId, dn: Dn) -> bool {
    let device = snapshot.device(watcher);
    let Some((device, own)) = device.zip(own_number(snapshot, watcher)) else { return false };
    match snapshot.dn_owner(device.tenant, dn) {
        Some(DnOwner::User(_)) => own == dn,
        Some(DnOwner::Hunt(number)) => {
            let group = snapshot.hunt_group(device.tenant, number);
            group.is_some_and(|g| g.members.contains(&own))
        }
        Some(DnOwner::Department(id)) => {
            let members = snapshot.department(id).map(|d| &*d.members);
            device.user.is_some_and(|user| members.unwrap_or_default().contains(&user))
        }
        Some(DnOwner::Virtual(_) | DnOwner::ParkSlot(_)) | None => false,
    }
}

/// Whether calls of a number of its company may be taken from a device, which so may see who
/// calls there: pickup reaches it, or it is a park slot of the site (R311).
fn may_pick_up(snapshot: &Snapshot, watcher: DeviceId, dn: Dn) -> bool {
    let Some(device) = snapshot.device(watcher) else { return false };
    let options = snapshot.tenant(device.tenant).map(|t| t.options);
    let has = |option| options.is_some_and(|o| o.contains(option));
    if let Some(DnOwner::ParkSlot(site)) = snapshot.dn_owner(device.tenant, dn) {
        return site == device.site && has(TenantOption::Park);
    }
    let own = own_number(snapshot, watcher).filter(|own| *own != dn && has(TenantOption::Pickup));
    own.is_some_and(|own| callctl::pickup::may_pick_up(snapshot, device.tenant, own, dn))
}

/// Numbers that `changes` may have ended: those of what was changed, as they were before.
pub(crate) fn ended_numbers(
    changes: &[Change],
    old: &Snapshot,
    new: &Snapshot,
) -> Vec<(TenantId, Dn)> {
    let before = changes.iter().filter_map(|change| number_before(change, old));
    before.filter(|(tenant, dn)| new.dn_owner(*tenant, *dn).is_none()).collect()
}

fn number_before(change: &Change, old: &Snapshot) -> Option<(TenantId, Dn)> {
    let user = |id| old.user(id).map(|u| (u.tenant, u.dn));
    let virtual_dn = |id| old.virtual_dn(id).map(|v| (v.tenant, v.dn));
    let department = |id| old.department(id).map(|d| (d.tenant, d.dn));
    let pilot = |tenant, number| old.hunt_group(tenant, number).map(|h| (tenant, h.pilot));
    match change {
        Change::UserPut(now) => user(now.id),
        Change::UserDelete(id) => user(*id),
        Change::VirtualDnPut(now) => virtual_dn(now.id),
        Change::VirtualDnDelete(id) => virtual_dn(*id),
        Change::DepartmentPut(now) => department(now.id),
        Change::DepartmentDelete(id) => department(*id),
        Change::HuntPut(now) => pilot(now.tenant, now.number),
        Change::HuntDelete { tenant, number } => pilot(*tenant, *number),
        Change::ParkSlotDelete { tenant, dn } => Some((*tenant, *dn)),
        _ => None,
    }
}

/// Numbers that other people may pick up, or not any more, because of `changes`.
pub(crate) fn regrouped_numbers(
    changes: &[Change],
    old: &Snapshot,
    new: &Snapshot,
) -> Vec<(TenantId, Dn)> {
    let mut numbers = moved_numbers(changes, old, new);
    for snapshot in [old, new] {
        let mut group = |tenant, number| {
            let members = snapshot.pickup_group(tenant, number).map(|g| &*g.members);
            numbers.extend(members.unwrap_or_default().iter().map(|dn| (tenant, *dn)));
        };
        for change in changes {
            match change {
                Change::PickupPut(now) => group(now.tenant, now.number),
                Change::PickupDelete { tenant, number } => group(*tenant, *number),
                _ => {}
            }
        }
        let department = |change: &Change| match change {
            Change::DepartmentPut(now) => snapshot.department(now.id),
            Change::DepartmentDelete(id) => snapshot.department(*id),
            _ => None,
        };
        for department in changes.iter().filter_map(department) {
            numbers.extend(numbers_of(snapshot, department));
        }
    }
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

/// Numbers that people have got or given up: departments name people, not numbers.
fn moved_numbers(changes: &[Change], old: &Snapshot, new: &Snapshot) -> Vec<(TenantId, Dn)> {
    let moved = changes.iter().filter_map(|change| match change {
        Change::UserPut(now) => Some((old.user(now.id)?, new.user(now.id)?)),
        _ => None,
    });
    let moved = moved.filter(|(before, now)| before.dn != now.dn);
    moved.flat_map(|(before, now)| [before, now].map(|u| (u.tenant, u.dn))).collect()
}

fn numbers_of(snapshot: &Snapshot, department: &Department) -> Vec<(TenantId, Dn)> {
    let members = department.members.iter().filter_map(|id| snapshot.user(*id));
    let numbers = members.map(|user| user.dn).chain([department.dn]);
    numbers.map(|dn| (department.tenant, dn)).collect()
}
