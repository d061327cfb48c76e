//! What the simulated office has besides groups and forwards: park slots, voicemail, a virtual
//! number, and codes that are pressed in calls; and how administrators change that.

use base::id::{SiteId, Uuid, VirtualDnId};
use base::{Dn, Rng};
use model::{
    Change, CodeKind, Destination, DnSettings, Forward, ForwardKind, HoldAgain, ParkSlot, Site,
    SiteCode, TenantOption, User, UserState, VirtualDn,
};

use crate::company::{Company, tenant_id};
use crate::office::{DEPARTMENT, department_id, dn};

/// Park slots: two of the first site, one of the second.
pub const SLOTS: [&str; 3] = ["2301", "2302", "2303"];

/// A number that belongs to no phone.
pub const VIRTUAL: &str = "2400";

/// The PIN of everybody.
pub const PIN: &str = "1234";

/// Codes to hold with.
const HOLDS: [&str; 2] = ["#7", "#4"];

impl Company {
    /// Adds slots, boxes, a virtual number and codes to an office.
    pub fn furnish(&mut self, rng: &mut Rng) {
        let mut changes: Vec<Change> = Vec::new();
        if let Some(tenant) = self.snapshot.tenant(tenant_id()) {
            let mut tenant = tenant.clone();
            if rng.chance(3, 5) {
                tenant.options = tenant.options.with(TenantOption::InCallCodes);
            }
            changes.push(Change::TenantPut(tenant));
        }
        let mut sites: Vec<Site> = self.snapshot.sites(tenant_id()).cloned().collect();
        for site in &mut sites {
            self.draw_site(rng, site);
        }
        let slot = |(n, text): (usize, &str)| {
            let site = SiteId(Uuid(if n < 2 { 0x2001 } else { 0x2002 }));
            Change::ParkSlotPut(ParkSlot { tenant: tenant_id(), dn: dn(text), site })
        };
        changes.extend(SLOTS.into_iter().enumerate().map(slot));
        changes.extend(sites.into_iter().map(Change::SitePut));
        changes.extend(self.draw_virtual(rng));
        for user in &self.users {
            if rng.chance(1, 2) {
                changes.push(Change::DnSettingsPut(self.draw_box(rng, user.dn)));
            }
        }
        for number in 1..=2 {
            if let Some(group) = self.snapshot.hunt_group(tenant_id(), number)
                && rng.chance(1, 3)
            {
                let group = model::HuntGroup { voicemail: true, ..group.clone() };
                changes.push(Change::HuntPut(group));
            }
        }
        if self.change(&changes).is_some() {
            self.former = None;
            self.drawn = self.snapshot.clone();
            self.has_desks = true;
        }
    }

    fn draw_site(&self, rng: &mut Rng, site: &mut Site) {
        site.hold_again = HoldAgain::ALL[rng.below(2) as usize];
        site.park_s = 30 + rng.below(10) as u16;
        site.park_overflow = rng.chance(1, 3).then(|| match rng.chance(1, 3) {
            true => Destination::Dn(dn(DEPARTMENT)),
            false => Destination::Dn(self.users[rng.below(self.users.len() as u64) as usize].dn),
        });
        site.voicemail_without_pin = rng.chance(3, 4);
        let own = match rng.below(6) {
            0 => SiteCode::Off,
            1 => CodeKind::Hold.parse(HOLDS[1]).map(SiteCode::Own).unwrap_or_default(),
            _ => SiteCode::Inherit,
        };
        site.set_code(CodeKind::Hold, own);
    }

    /// A number that only forwards or takes messages.
    fn draw_virtual(&self, rng: &mut Rng) -> Vec<Change> {
        let id = VirtualDnId(Uuid(0x7_2400));
        let site = SiteId(Uuid(0x2001));
        let (name, web_user) = ("仮想内線".into(), "".into());
        let number = VirtualDn { id, tenant: tenant_id(), site, dn: dn(VIRTUAL), name, web_user };
        let mut settings = self.draw_box(rng, dn(VIRTUAL));
        for kind in [ForwardKind::All, ForwardKind::Unregistered] {
            if rng.chance(1, 3) {
                let to = self.users[rng.below(self.users.len() as u64) as usize].dn;
                *settings.forward_mut(kind) = Forward::on(Destination::Dn(to));
            }
        }
        vec![Change::VirtualDnPut(number), Change::DnSettingsPut(settings)]
    }

    /// The settings of a number with a box, which is soon full.
    fn draw_box(&self, rng: &mut Rng, number: Dn) -> DnSettings {
        let kept = self.snapshot.dn_settings(tenant_id(), number).cloned();
        let mut settings = kept.unwrap_or_else(|| DnSettings::new(tenant_id(), number));
        settings.voicemail = true;
        settings.voicemail_s = 5 + rng.below(5) as u16;
        settings.record_s = 10 + rng.below(10) as u16;
        settings.messages_max = [1, 2, 100][rng.below(3) as usize];
        settings
    }

    /// The code that the phone's site holds with, while codes are pressed there.
    pub fn hold_code(&self, phone: usize) -> Option<String> {
        self.code_of(phone, CodeKind::Hold)
    }

    /// A code of calls at the phone's site; none without the option to press codes.
    pub fn code_of(&self, phone: usize, kind: CodeKind) -> Option<String> {
        let site = self.devices.get(phone)?.site;
        let tenant = self.snapshot.tenant(tenant_id())?;
        let listens = tenant.options.contains(TenantOption::InCallCodes);
        let code = self.snapshot.site_code(site, kind).filter(|_| listens)?;
        Some(code.text().to_owned())
    }

    /// What an administrator changes of all that: codes, slots, boxes, people who are stopped.
    pub fn draw_desk_changes(&self, rng: &mut Rng) -> Vec<Change> {
        match rng.below(4) {
            0 => self.recode(rng),
            1 => self.reslot(rng),
            2 => {
                let user = &self.users[rng.below(self.users.len() as u64) as usize];
                let Some(user) = self.snapshot.user(user.id) else { return Vec::new() };
                vec![Change::DnSettingsPut(self.draw_box(rng, user.dn))]
            }
            _ => {
                let at = rng.below(self.users.len() as u64) as usize;
                self.stopped(&self.users[at])
            }
        }
    }

    /// Another hold code at a site, what it does the second time, or no codes at all.
    pub fn recode(&self, rng: &mut Rng) -> Vec<Change> {
        let site = SiteId(Uuid(0x2001 + u128::from(rng.below(2))));
        let Some(site) = self.snapshot.site(site) else { return Vec::new() };
        let mut site = site.clone();
        match rng.below(4) {
            0 => {
                let Some(tenant) = self.snapshot.tenant(tenant_id()) else { return Vec::new() };
                let mut tenant = tenant.clone();
                let has = tenant.options.contains(TenantOption::InCallCodes);
                tenant.options = match has {
                    true => tenant.options.without(TenantOption::InCallCodes),
                    false => tenant.options.with(TenantOption::InCallCodes),
                };
                return vec![Change::TenantPut(tenant)];
            }
            1 => site.hold_again = HoldAgain::ALL[rng.below(2) as usize],
            _ => {
                let now = site.code(CodeKind::Hold);
                let other = CodeKind::Hold.parse(HOLDS[1]).map(SiteCode::Own).unwrap_or_default();
                let inherits = now == SiteCode::Inherit;
                let code = if inherits { other } else { SiteCode::Inherit };
                site.set_code(CodeKind::Hold, code);
            }
        }
        vec![Change::SitePut(site)]
    }

    /// A park slot goes, or comes back.
    fn reslot(&self, rng: &mut Rng) -> Vec<Change> {
        let slot = dn(SLOTS[rng.below(3) as usize]);
        match self.drawn.park_slot(tenant_id(), slot) {
            Some(kept) if self.snapshot.park_slot(tenant_id(), slot).is_none() => {
                vec![Change::ParkSlotPut(kept.clone())]
            }
            _ => vec![Change::ParkSlotDelete { tenant: tenant_id(), dn: slot }],
        }
    }

    /// Two people exchange their numbers; memberships and settings go along with the numbers.
    pub fn swapped(&self, rng: &mut Rng, one: &User) -> Vec<Change> {
        let other = &self.users[rng.below(self.users.len() as u64) as usize];
        let now = |user: &User| self.snapshot.user(user.id).cloned();
        let Some((one, other)) = now(one).zip(now(other)) else { return Vec::new() };
        if one.id == other.id {
            return Vec::new();
        }
        let (first, second) = (one.dn, other.dn);
        vec![
            Change::UserPut(User { dn: second, ..one }),
            Change::UserPut(User { dn: first, ..other }),
        ]
    }

    /// A group is deleted, with what depends on it.
    pub fn ungrouped(&self, rng: &mut Rng) -> Vec<Change> {
        let tenant = tenant_id();
        let number = 1 + rng.below(3) as u16;
        if self.snapshot.hunt_group(tenant, number).is_some() {
            return vec![Change::HuntDelete { tenant, number }];
        }
        let id = department_id();
        if self.snapshot.department(id).is_none() {
            return Vec::new();
        }
        let picks = self.snapshot.users(tenant).filter(|u| u.pickup_departments.contains(&id));
        let freed = picks.map(|user| {
            let kept = user.pickup_departments.iter().filter(|d| **d != id);
            let pickup_departments = kept.copied().collect();
            Change::UserPut(User { pickup_departments, ..user.clone() })
        });
        freed.chain([Change::DepartmentDelete(id)]).collect()
    }

    /// A person is stopped.
    pub fn stopped(&self, user: &User) -> Vec<Change> {
        let Some(user) = self.snapshot.user(user.id) else { return Vec::new() };
        vec![Change::UserPut(User { state: UserState::Stopped, ..user.clone() })]
    }
}
