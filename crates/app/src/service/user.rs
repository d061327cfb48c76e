//! People: made, changed, stopped and resumed, removed (R202, R204, R241, R314).

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use base::id::{TenantId, UserId};
use model::leave::{free_numbers, free_people, rename_numbers};
use model::{Change, Device, DeviceKind, MobileLine, MobileState, Snapshot, User, UserState};

use crate::service::noun::{Key, Noun, Place, Removal, one};
use crate::service::problem::Problem;

/// Seconds of `ring_time_s` (R202).
pub const RING_TIME_S: RangeInclusive<u16> = 5..=600;

impl Noun for User {
    const WORD: &'static str = "user";
    const KEY: &'static str = "extension";

    fn place(&self) -> Place {
        Place::Dn(self.dn)
    }

    fn key(&self) -> String {
        self.dn.text()
    }

    fn all<'s>(
        snapshot: &'s Snapshot,
        tenant: TenantId,
    ) -> Box<dyn Iterator<Item = Cow<'s, Self>> + 's> {
        Box::new(snapshot.users(tenant).map(one))
    }

    fn find<'s>(snapshot: &'s Snapshot, tenant: TenantId, key: Key<'_>) -> Option<Cow<'s, Self>> {
        let found = match key.id() {
            Some(id) => snapshot.user(UserId(id)).filter(|u| u.tenant == tenant),
            None => snapshot.user_by_dn(tenant, key.dn()?),
        };
        found.map(one)
    }

    fn words(&self, snapshot: &Snapshot) -> Vec<String> {
        let mobile = snapshot.mobile_of_dn(self.tenant, self.dn);
        let mobile = mobile.map(|m| m.number.to_string()).unwrap_or_default();
        let name = |text: &str| text.to_owned();
        vec![self.dn.text(), name(&self.name), name(&self.furigana), name(&self.web_user), mobile]
    }

    /// Memberships, settings and mobile line move with a number that changes; terminals go and
    /// come back with a stop (R241, R314).
    fn changes(&self, old: Option<&Self>, snapshot: &Snapshot) -> Vec<Change> {
        let mut user = self.clone();
        let mut out = match old.map(|old| (old, old.state, self.state)) {
            Some((old, UserState::Active, UserState::Stopped)) => stop(&mut user, old, snapshot),
            Some((old, UserState::Stopped, UserState::Active)) => resume(&mut user, old, snapshot),
            _ => Vec::new(),
        };
        if let Some(old) = old.filter(|old| old.dn != self.dn) {
            let renamed = BTreeMap::from([(old.dn, self.dn)]);
            out.extend(rename_numbers(snapshot, self.tenant, &renamed));
        }
        out.insert(0, Change::UserPut(user));
        out
    }

    /// Terminals become 未使用 and the mobile line is free again, as by a bulk file (R043). Without
    /// force only who is stopped is removed (R204).
    fn removal(&self, snapshot: &Snapshot) -> Removal {
        let (tenant, dn) = (self.tenant, self.dn);
        let devices = snapshot.devices_of(self.id).iter().filter_map(|id| snapshot.device(*id));
        let mut changes: Vec<_> = devices.map(without_user).collect();
        changes.extend(snapshot.mobile_of_dn(tenant, dn).map(free_line));
        if snapshot.dn_settings(tenant, dn).is_some() {
            changes.push(Change::DnSettingsDelete { tenant, dn });
        }
        changes.push(Change::UserDelete(self.id));
        let mut dependants = Vec::new();
        if self.state == UserState::Active {
            dependants.push(Problem::new(240, "state", "active").saying("api-user-active"));
        }
        let member = |noun, name: &str, of: Option<String>| {
            Problem::new(240, "extension", &dn.text()).with(noun, name, of)
        };
        if let Some(number) = snapshot.hunt_of_member(tenant, dn) {
            dependants.push(member("hunting-group", &number.to_string(), None));
        }
        for number in snapshot.pickup_groups_of(tenant, dn) {
            dependants.push(member("pickup-group", &number.to_string(), None));
        }
        let departments = snapshot.departments_of(self.id).iter();
        for department in departments.filter_map(|id| snapshot.department(*id)) {
            dependants.push(member("department", &department.name, Some(department.dn.text())));
        }
        let mut release = free_numbers(snapshot, tenant, &BTreeSet::from([dn]));
        release.retain(|change| !matches!(change, Change::DnSettingsDelete { .. }));
        release.extend(free_people(snapshot, &BTreeSet::from([self.id])));
        Removal { changes, dependants, release }
    }
}

/// The terminals become 未使用; they are remembered.
fn stop(user: &mut User, old: &User, snapshot: &Snapshot) -> Vec<Change> {
    let devices = snapshot.devices_of(old.id);
    user.former_devices = devices.into();
    let devices = devices.iter().filter_map(|id| snapshot.device(*id));
    let free = |d: &Device| Device { user: None, do_not_disturb: false, ..d.clone() };
    devices.map(|d| Change::DevicePut(free(d))).collect()
}

/// The former terminals that are still 未使用 come back; the others stay remembered.
fn resume(user: &mut User, old: &User, snapshot: &Snapshot) -> Vec<Change> {
    let most = snapshot.tenant(old.tenant).map_or(0, |t| usize::from(t.accounts_max));
    let room = most.saturating_sub(snapshot.devices_of(old.id).len());
    let former = old.former_devices.iter().filter_map(|id| snapshot.device(*id));
    let free = former.filter(|d| d.user.is_none() && d.tenant == old.tenant).take(room);
    let back: Vec<_> = free.map(|d| Device { user: Some(old.id), ..d.clone() }).collect();
    let rest = old.former_devices.iter().filter(|id| back.iter().all(|d| d.id != **id));
    user.former_devices = rest.copied().collect();
    back.into_iter().map(Change::DevicePut).collect()
}

/// A mobile terminal goes with its user; a contracted account becomes 未使用.
fn without_user(device: &Device) -> Change {
    match device.kind {
        DeviceKind::Mobile => Change::DeviceDelete(device.id),
        DeviceKind::SipPhone => Change::DevicePut(Device { user: None, ..device.clone() }),
    }
}

/// The line without its extension.
fn free_line(line: &MobileLine) -> Change {
    let state = match line.state {
        MobileState::Assigned => MobileState::Unassigned,
        other => other,
    };
    Change::MobilePut(MobileLine { dn: None, state, ..line.clone() })
}
