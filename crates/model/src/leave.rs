//! What else must change when numbers or people go: their memberships and settings (R034, R223).

use std::collections::{BTreeMap, BTreeSet};

use base::Dn;
use base::id::{TenantId, UserId};

use crate::{Change, Department, DnSettings, HuntGroup, MobileLine, PickupGroup, Snapshot};

/// Takes numbers out of all groups and their settings away, so that their owners may be deleted
/// in the same set (強制削除, R034). Mobile lines and terminals are not looked at.
pub fn free_numbers(snapshot: &Snapshot, tenant: TenantId, gone: &BTreeSet<Dn>) -> Vec<Change> {
    let same = |dn: Dn| (!gone.contains(&dn)).then_some(dn);
    let mut out = in_groups(snapshot, tenant, gone.iter().copied(), same);
    let kept = gone.iter().filter(|dn| snapshot.dn_settings(tenant, **dn).is_some());
    out.extend(kept.map(|dn| Change::DnSettingsDelete { tenant, dn: *dn }));
    out
}

/// Takes people out of their departments, so that they may be deleted in the same set.
pub fn free_people(snapshot: &Snapshot, gone: &BTreeSet<UserId>) -> Vec<Change> {
    let departments = gone.iter().flat_map(|user| snapshot.departments_of(*user));
    let departments: BTreeSet<_> = departments.collect();
    let departments = departments.into_iter().filter_map(|id| snapshot.department(*id));
    departments
        .map(|old| {
            let members = old.members.iter().filter(|id| !gone.contains(id)).copied().collect();
            Change::DepartmentPut(Department { members, ..old.clone() })
        })
        .collect()
}

/// Carries memberships, settings and mobile lines over to new numbers, for a set in which their
/// owners are renamed. The new ones must be free, or given up in the same set.
pub fn rename_numbers(
    snapshot: &Snapshot,
    tenant: TenantId,
    renamed: &BTreeMap<Dn, Dn>,
) -> Vec<Change> {
    let new = |dn: Dn| Some(renamed.get(&dn).copied().unwrap_or(dn));
    let mut out = in_groups(snapshot, tenant, renamed.keys().copied(), new);
    let settings = || {
        renamed.iter().filter_map(|(old, new)| {
            snapshot.dn_settings(tenant, *old).map(|settings| (settings, *new))
        })
    };
    // All that go before all that come: a number may be given up and taken.
    out.extend(settings().map(|(old, _)| Change::DnSettingsDelete { tenant, dn: old.dn }));
    out.extend(settings().map(|(old, dn)| Change::DnSettingsPut(DnSettings { dn, ..old.clone() })));
    for (old, new) in renamed {
        let line = snapshot.mobile_of_dn(tenant, *old).cloned();
        out.extend(line.map(|line| Change::MobilePut(MobileLine { dn: Some(*new), ..line })));
    }
    out
}

/// The groups that have any of `numbers`, with their members as `new` says.
fn in_groups(
    snapshot: &Snapshot,
    tenant: TenantId,
    numbers: impl Iterator<Item = Dn>,
    new: impl Fn(Dn) -> Option<Dn>,
) -> Vec<Change> {
    let (mut hunts, mut pickups) = (BTreeSet::new(), BTreeSet::new());
    for dn in numbers {
        hunts.extend(snapshot.hunt_of_member(tenant, dn));
        pickups.extend(snapshot.pickup_groups_of(tenant, dn));
    }
    let members = |old: &[Dn]| old.iter().filter_map(|dn| new(*dn)).collect();
    let hunts = hunts.into_iter().filter_map(|number| snapshot.hunt_group(tenant, number));
    let hunts = hunts
        .map(|old| Change::HuntPut(HuntGroup { members: members(&old.members), ..old.clone() }));
    let pickups = pickups.into_iter().filter_map(|number| snapshot.pickup_group(tenant, number));
    let pickups = pickups.map(|old| {
        Change::PickupPut(PickupGroup { members: members(&old.members), ..old.clone() })
    });
    hunts.chain(pickups).collect()
}
