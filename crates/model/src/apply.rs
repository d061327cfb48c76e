//! Applies changes to a snapshot: all of them, or none and every broken rule.
//!
//! Rules are judged on the outcome, so two people may swap numbers in one set. The cost is one
//! pass over the vectors that change and one hash look-up per rule and changed object; only a
//! changed code, prefix or numbering plan looks at every number.

use std::collections::BTreeMap;
use std::sync::Arc;

use base::id::{
    AdminId, DepartmentId, DeviceId, GatewayId, LineId, SiteId, SoundId, TenantId, UserId,
    VirtualDnId,
};
use base::{Dn, MobileNumber};

use crate::change::CredentialOwner;
use crate::check;
use crate::deltas::Deltas;
use crate::violation::Violation;
use crate::{
    Admin, Change, Department, Device, DnSettings, Gateway, HuntGroup, Line, MobileLine, ParkSlot,
    PickupGroup, Reception, Site, Snapshot, Sound, Tenant, User, VirtualDn,
};

/// The snapshot after `changes`, with the next revision; or every rule they would break, in the
/// order of the changes.
pub fn apply(snapshot: &Snapshot, changes: &[Change]) -> Result<Snapshot, Vec<Violation>> {
    run(snapshot, Staged::from(changes.iter().cloned()))
}

impl Snapshot {
    /// The snapshot that `changes` make from nothing, without copying them; revision 1.
    pub fn build(changes: Vec<Change>) -> Result<Snapshot, Vec<Violation>> {
        run(&Snapshot::empty(), Staged::from(changes.into_iter()))
    }
}

fn run(snapshot: &Snapshot, staged: Staged) -> Result<Snapshot, Vec<Violation>> {
    let mut found = Vec::new();
    let deltas = Deltas::between(snapshot, &staged, &mut found);
    let next = deltas.patch(snapshot);
    check::check(&check::Case::new(snapshot, &next, &deltas), &mut found);
    check::passwords(&next, &staged.passwords, &mut found);
    if !found.is_empty() {
        found.sort_by_key(|v| v.change);
        return Err(found);
    }
    Ok(deltas.stamp(snapshot, next, &staged.passwords))
}

/// What was asked last for each object, and by which change.
pub(crate) type Wanted<I, T> = BTreeMap<I, (usize, Option<Arc<T>>)>;

#[derive(Default)]
pub(crate) struct Staged {
    pub(crate) tenants: Wanted<TenantId, Tenant>,
    pub(crate) sites: Wanted<SiteId, Site>,
    pub(crate) users: Wanted<UserId, User>,
    pub(crate) devices: Wanted<DeviceId, Device>,
    pub(crate) mobiles: Wanted<MobileNumber, MobileLine>,
    pub(crate) admins: Wanted<AdminId, Admin>,
    pub(crate) virtuals: Wanted<VirtualDnId, VirtualDn>,
    pub(crate) departments: Wanted<DepartmentId, Department>,
    pub(crate) hunts: Wanted<(TenantId, u16), HuntGroup>,
    pub(crate) pickups: Wanted<(TenantId, u16), PickupGroup>,
    pub(crate) slots: Wanted<(TenantId, Dn), ParkSlot>,
    pub(crate) gateways: Wanted<GatewayId, Gateway>,
    pub(crate) settings: Wanted<(TenantId, Dn), DnSettings>,
    pub(crate) sounds: Wanted<SoundId, Sound>,
    pub(crate) lines: Wanted<LineId, Line>,
    pub(crate) receptions: Wanted<SiteId, Reception>,
    passwords: Vec<(usize, CredentialOwner)>,
}

fn put<I: Ord, T>(map: &mut Wanted<I, T>, id: I, at: usize, value: T) {
    map.insert(id, (at, Some(Arc::new(value))));
}

fn delete<I: Ord, T>(map: &mut Wanted<I, T>, id: I, at: usize) {
    map.insert(id, (at, None));
}

impl Staged {
    pub(crate) fn from(changes: impl Iterator<Item = Change>) -> Self {
        let mut out = Staged::default();
        for (at, change) in changes.enumerate() {
            out.stage(at, change);
        }
        out
    }

    fn stage(&mut self, at: usize, change: Change) {
        match change {
            Change::TenantPut(t) => put(&mut self.tenants, t.id, at, t),
            Change::TenantDelete(id) => delete(&mut self.tenants, id, at),
            Change::SitePut(s) => put(&mut self.sites, s.id, at, s),
            Change::SiteDelete(id) => delete(&mut self.sites, id, at),
            Change::UserPut(u) => put(&mut self.users, u.id, at, u),
            Change::UserDelete(id) => delete(&mut self.users, id, at),
            Change::DevicePut(d) => put(&mut self.devices, d.id, at, d),
            Change::DeviceDelete(id) => delete(&mut self.devices, id, at),
            Change::MobilePut(m) => put(&mut self.mobiles, m.number, at, m),
            Change::MobileDelete(number) => delete(&mut self.mobiles, number, at),
            Change::AdminPut(a) => put(&mut self.admins, a.id, at, a),
            Change::AdminDelete(id) => delete(&mut self.admins, id, at),
            Change::VirtualDnPut(v) => put(&mut self.virtuals, v.id, at, v),
            Change::VirtualDnDelete(id) => delete(&mut self.virtuals, id, at),
            Change::DepartmentPut(d) => put(&mut self.departments, d.id, at, d),
            Change::DepartmentDelete(id) => delete(&mut self.departments, id, at),
            Change::HuntPut(h) => put(&mut self.hunts, (h.tenant, h.number), at, h),
            Change::HuntDelete { tenant, number } => delete(&mut self.hunts, (tenant, number), at),
            Change::PickupPut(p) => put(&mut self.pickups, (p.tenant, p.number), at, p),
            Change::PickupDelete { tenant, number } => {
                delete(&mut self.pickups, (tenant, number), at);
            }
            Change::ParkSlotPut(s) => put(&mut self.slots, (s.tenant, s.dn), at, s),
            Change::ParkSlotDelete { tenant, dn } => delete(&mut self.slots, (tenant, dn), at),
            Change::GatewayPut(g) => put(&mut self.gateways, g.id, at, g),
            Change::GatewayDelete(id) => delete(&mut self.gateways, id, at),
            Change::DnSettingsPut(s) => put(&mut self.settings, (s.tenant, s.dn), at, s),
            Change::DnSettingsDelete { tenant, dn } => delete(&mut self.settings, (tenant, dn), at),
            Change::SoundPut(s) => put(&mut self.sounds, s.id, at, s),
            Change::SoundDelete(id) => delete(&mut self.sounds, id, at),
            Change::LinePut(l) => put(&mut self.lines, l.id, at, l),
            Change::LineDelete(id) => delete(&mut self.lines, id, at),
            Change::ReceptionPut(r) => put(&mut self.receptions, r.site, at, r),
            Change::ReceptionDelete(site) => delete(&mut self.receptions, site, at),
            Change::Password(p) => self.passwords.push((at, p.owner)),
        }
    }
}
