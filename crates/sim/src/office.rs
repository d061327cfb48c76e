//! The call services of the simulated company: what some runs draw, and how administrators change
//! it while calls ring.

use std::collections::{BTreeMap, BTreeSet};

use base::id::{DepartmentId, SiteId, UserId, Uuid};
use base::{Dn, Rng};
use model::{
    Change, Department, Destination, Device, DnSettings, Forward, ForwardKind, HuntGroup,
    HuntMethod, PickupGroup, Snapshot, User, Waiting, leave,
};

use crate::company::{Company, tenant_id};

/// Pilot numbers of the hunting groups.
pub const PILOTS: [&str; 2] = ["2100", "2101"];

/// Common number of the department.
pub const DEPARTMENT: &str = "2200";

/// Common number of the department that pages.
pub const PAGER: &str = "2300";

/// The number of a person without a phone.
pub const AWAY: &str = "2050";

/// A number that nobody has.
pub const NOBODY: &str = "2999";

/// The number that a person is moved to for a while; 2001 becomes 2901.
const MOVED_BY: &str = "29";

pub(crate) fn dn(text: &str) -> Dn {
    Dn::parse(text).unwrap_or_else(|_| unreachable!("{text} is an extension"))
}

impl Company {
    /// Adds hunting groups, a department, pickup groups, and settings of some numbers.
    pub fn open_office(&mut self, rng: &mut Rng) {
        let mut changes: Vec<Change> = Vec::new();
        let numbers: Vec<Dn> = self.users.iter().map(|u| u.dn).collect();
        let split = 1 + rng.below(numbers.len() as u64 - 1) as usize;
        let (one, two) = numbers.split_at(split);
        for (n, members) in [one, two].into_iter().enumerate() {
            changes.push(Change::HuntPut(self.draw_hunt(rng, n, members)));
        }
        changes.push(Change::DepartmentPut(self.draw_department(rng)));
        changes.push(Change::DepartmentPut(self.draw_pager(rng)));
        for n in 1..=2_u16 {
            let mut group =
                PickupGroup { tenant: tenant_id(), number: n, name: "".into(), members: [].into() };
            group.members = some_of(rng, &numbers, (3, 5));
            changes.push(Change::PickupPut(group));
        }
        for user in &self.users {
            if rng.chance(1, 3) {
                let pickup_departments = [department_id()].into();
                changes.push(Change::UserPut(User { pickup_departments, ..user.clone() }));
            }
        }
        changes.extend(self.draw_away(rng));
        for number in numbers {
            if rng.chance(1, 3) {
                changes.push(Change::DnSettingsPut(self.draw_settings(rng, number)));
            }
        }
        for device in &self.devices {
            if rng.chance(1, 12) {
                changes.push(Change::DevicePut(Device { do_not_disturb: true, ..device.clone() }));
            }
        }
        if self.change(&changes).is_some() {
            self.former = None;
            self.drawn = self.snapshot.clone();
            self.is_office = true;
        }
    }

    /// A person who can never be reached, with a forward for that mostly.
    fn draw_away(&self, rng: &mut Rng) -> Vec<Change> {
        let Some(user) = self.users.first() else { return Vec::new() };
        let mut settings = DnSettings::new(tenant_id(), dn(AWAY));
        if rng.chance(4, 5) {
            let to = self.draw_destination(rng);
            *settings.forward_mut(ForwardKind::Unregistered) = Forward::on(to);
        }
        let id = UserId(Uuid(0x3_2050));
        let user = User { id, dn: dn(AWAY), name: "外出中".into(), ..user.clone() };
        vec![Change::UserPut(user), Change::DnSettingsPut(settings)]
    }

    fn draw_hunt(&self, rng: &mut Rng, n: usize, members: &[Dn]) -> HuntGroup {
        let site = SiteId(Uuid(0x2001));
        let pilot = PILOTS.get(n).copied().unwrap_or(PILOTS[0]);
        let mut group = HuntGroup::new(tenant_id(), n as u16 + 1, site, dn(pilot));
        group.method = HuntMethod::ALL[rng.below(2) as usize];
        group.members = members.into();
        group.ring_s = [5, 8, 20][rng.below(3) as usize];
        group.limit_s = if rng.chance(3, 4) { 600 } else { 20 + rng.below(20) as u16 };
        group.rounds = 1 + rng.below(2) as u8;
        group.follow_all = rng.chance(1, 3);
        group.overflow = rng.chance(1, 2).then(|| self.draw_destination(rng));
        group
    }

    fn draw_department(&self, rng: &mut Rng) -> Department {
        let (id, site) = (department_id(), SiteId(Uuid(0x2001)));
        let mut department = Department::new(id, tenant_id(), site, "営業部", dn(DEPARTMENT));
        let ids: Vec<_> = self.users.iter().map(|u| u.id).collect();
        department.members = some_of(rng, &ids, (2, 3));
        department.ring_s = [10, 30, 360][rng.below(3) as usize];
        (department.ring_busy, department.ring_forwarded) = (rng.chance(1, 3), rng.chance(1, 3));
        department.overflow = rng.chance(1, 2).then(|| self.draw_destination(rng));
        department
    }

    /// A department that pages everybody, for a short or a longer time.
    fn draw_pager(&self, rng: &mut Rng) -> Department {
        let (id, site) = (DepartmentId(Uuid(0x6_0002)), SiteId(Uuid(0x2001)));
        let mut department = Department::new(id, tenant_id(), site, "放送", dn(PAGER));
        department.multicast = true;
        department.members = self.users.iter().map(|u| u.id).collect();
        department.page_s = [10, 20, 180][rng.below(3) as usize];
        department.emergency = rng.chance(1, 3);
        department
    }

    /// Forwards of all kinds, call waiting and limits.
    fn draw_settings(&self, rng: &mut Rng, number: Dn) -> DnSettings {
        let mut settings = DnSettings::new(tenant_id(), number);
        for kind in ForwardKind::ALL {
            let often = if kind == ForwardKind::All { 6 } else { 2 };
            if rng.chance(1, often) {
                *settings.forward_mut(kind) = Forward::on(self.draw_destination(rng));
            }
        }
        settings.waiting = Waiting::ALL[rng.below(3) as usize];
        settings.no_answer_s = 5 + rng.below(10) as u16;
        settings.call_limit = [1, 2, 4][rng.below(3) as usize];
        settings
    }

    /// Mostly a colleague; a group, or nobody.
    fn draw_destination(&self, rng: &mut Rng) -> Destination {
        let number = match rng.below(10) {
            0 => dn(PILOTS[rng.below(2) as usize]),
            1 => dn(DEPARTMENT),
            2 => dn(NOBODY),
            3 => {
                let digits = ["0312345678", "00312345678"][rng.below(2) as usize];
                return Destination::Outside(digits.into());
            }
            _ => self.users[rng.below(self.users.len() as u64) as usize].dn,
        };
        Destination::Dn(number)
    }

    /// What an administrator changes in an office: groups while they ring, settings, people.
    pub fn draw_office_changes(&self, rng: &mut Rng) -> Vec<Change> {
        let user = &self.users[rng.below(self.users.len() as u64) as usize];
        match rng.below(7) {
            0 | 1 => self.regroup(rng),
            2 => vec![Change::DnSettingsPut(self.draw_settings(rng, user.dn))],
            3 => match self.snapshot.dn_settings(tenant_id(), user.dn) {
                Some(_) => vec![Change::DnSettingsDelete { tenant: tenant_id(), dn: user.dn }],
                None => Vec::new(),
            },
            4 => self.moved(user),
            5 => {
                let device = &self.devices[rng.below(self.devices.len() as u64) as usize];
                let now = self.snapshot.device(device.id);
                let turned = now.map(|d| Device { do_not_disturb: !d.do_not_disturb, ..d.clone() });
                turned.map(Change::DevicePut).into_iter().collect()
            }
            _ => self.gone(user),
        }
    }

    /// A hunting group or the department gets other members, or another way to ring them.
    pub fn regroup(&self, rng: &mut Rng) -> Vec<Change> {
        let number = 1 + rng.below(3) as u16;
        let Some(group) = self.snapshot.hunt_group(tenant_id(), number) else {
            let Some(department) = self.snapshot.department(department_id()) else {
                return Vec::new();
            };
            let members = some_of(rng, &department.members, (2, 3));
            return vec![Change::DepartmentPut(Department { members, ..department.clone() })];
        };
        let mut group = group.clone();
        match rng.below(3) {
            0 => group.members = some_of(rng, &group.members, (2, 3)),
            1 => group.members.reverse(),
            _ => group.method = HuntMethod::ALL[usize::from(group.method == HuntMethod::ALL[0])],
        }
        vec![Change::HuntPut(group)]
    }

    /// A person with another number; memberships and settings go along.
    fn moved(&self, user: &User) -> Vec<Change> {
        let Some(user) = self.snapshot.user(user.id) else { return Vec::new() };
        let new = format!("{MOVED_BY}{}", user.dn.text().get(2..).unwrap_or_default());
        let renamed = BTreeMap::from([(user.dn, dn(&new))]);
        let mut changes = vec![Change::UserPut(User { dn: dn(&new), ..user.clone() })];
        changes.extend(leave::rename_numbers(&self.snapshot, tenant_id(), &renamed));
        changes
    }

    /// Everything that has to be said when a person is deleted, in a call or not.
    pub(crate) fn gone(&self, user: &User) -> Vec<Change> {
        let Some(user) = self.snapshot.user(user.id) else { return Vec::new() };
        let (numbers, people) = (BTreeSet::from([user.dn]), BTreeSet::from([user.id]));
        let mut changes = leave::free_numbers(&self.snapshot, tenant_id(), &numbers);
        changes.extend(leave::free_people(&self.snapshot, &people));
        let own = self.snapshot.devices_of(user.id).iter().filter_map(|d| self.snapshot.device(*d));
        changes.extend(own.map(|d| Change::DevicePut(Device { user: None, ..d.clone() })));
        changes.push(Change::UserDelete(user.id));
        changes
    }

    /// Takes all settings of numbers away, and do not disturb: each call rings where it is
    /// dialled.
    pub fn plain(&self) -> Vec<Change> {
        let kept: Vec<&DnSettings> = settings_of(&self.snapshot).collect();
        let away =
            kept.into_iter().map(|s| Change::DnSettingsDelete { tenant: s.tenant, dn: s.dn });
        let quiet = self.snapshot.devices(tenant_id()).filter(|d| d.do_not_disturb);
        let loud = quiet.map(|d| Device { do_not_disturb: false, ..d.clone() });
        away.chain(loud.map(Change::DevicePut)).chain(self.without_bounds()).collect()
    }
}

fn settings_of(snapshot: &Snapshot) -> impl Iterator<Item = &DnSettings> {
    snapshot.users(tenant_id()).filter_map(|u| snapshot.dn_settings(tenant_id(), u.dn))
}

pub(crate) fn department_id() -> DepartmentId {
    DepartmentId(Uuid(0x6_0001))
}

/// Each one with this chance.
pub(crate) fn some_of<T: Clone>(rng: &mut Rng, all: &[T], (n, of): (u64, u64)) -> Box<[T]> {
    all.iter().filter(|_| rng.chance(n, of)).cloned().collect()
}
