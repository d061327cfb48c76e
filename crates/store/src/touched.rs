//! The objects that a set of changes is about, and their rows.

use std::collections::BTreeSet;

use base::id::{
    AdminId, DepartmentId, DeviceId, GatewayId, LineId, SiteId, SoundId, TenantId, UserId,
    VirtualDnId,
};
use base::{Dn, MobileNumber, Uuid};
use model::{BoxOwner, Change, CredentialOwner, Snapshot};
use sqlx::sqlite::SqliteConnection;

use crate::credential;
use crate::crypt::Keys;
use crate::directory::{
    admin, department, device, dn_settings, gateway, hunt, line, mobile, park_slot, pickup,
    reception, site, sound, tenant, user, virtual_dn,
};
use crate::error::DbError;
use crate::rows::{Args, Rows};

/// The objects that a set of changes is about; each once.
#[derive(Default)]
pub(crate) struct Touched {
    tenants: BTreeSet<TenantId>,
    sites: BTreeSet<SiteId>,
    users: BTreeSet<UserId>,
    devices: BTreeSet<DeviceId>,
    mobiles: BTreeSet<MobileNumber>,
    admins: BTreeSet<AdminId>,
    virtuals: BTreeSet<VirtualDnId>,
    departments: BTreeSet<DepartmentId>,
    hunts: BTreeSet<(TenantId, u16)>,
    pickups: BTreeSet<(TenantId, u16)>,
    slots: BTreeSet<(TenantId, Dn)>,
    gateways: BTreeSet<GatewayId>,
    settings: BTreeSet<(TenantId, Dn)>,
    sounds: BTreeSet<SoundId>,
    lines: BTreeSet<LineId>,
    receptions: BTreeSet<SiteId>,
    /// Owners of passwords and PINs whom the changes delete.
    owners_gone: Vec<CredentialOwner>,
}

/// Those of `keys` that a snapshot holds.
fn held<'s, K: Copy, T>(keys: &BTreeSet<K>, find: impl Fn(K) -> Option<&'s T>) -> Vec<&'s T> {
    keys.iter().filter_map(|key| find(*key)).collect()
}

/// Deletes rows by tenant and id.
async fn delete<T>(
    tx: &mut SqliteConnection,
    rows: &'static Rows,
    list: &[&T],
    key: impl Fn(&T) -> (TenantId, Uuid),
) -> Result<(), DbError> {
    let bind = |item: &&T, args: &mut Args| {
        let (tenant, id) = key(item);
        args.id(tenant.0);
        args.id(id);
    };
    rows.run(tx, list, bind).await
}

/// Deletes rows by tenant and a text.
async fn delete_text<T>(
    tx: &mut SqliteConnection,
    rows: &'static Rows,
    list: &[&T],
    key: impl Fn(&T) -> (TenantId, String),
) -> Result<(), DbError> {
    let bind = |item: &&T, args: &mut Args| {
        let (tenant, text) = key(item);
        args.id(tenant.0);
        args.add(text);
    };
    rows.run(tx, list, bind).await
}

/// Deletes rows by tenant and number of a group.
async fn delete_number<T>(
    tx: &mut SqliteConnection,
    rows: &'static Rows,
    list: &[&T],
    key: impl Fn(&T) -> (TenantId, u16),
) -> Result<(), DbError> {
    let bind = |item: &&T, args: &mut Args| {
        let (tenant, number) = key(item);
        args.id(tenant.0);
        args.add(i64::from(number));
    };
    rows.run(tx, list, bind).await
}

impl Touched {
    pub(crate) fn of(changes: &[Change]) -> Self {
        let mut out = Touched::default();
        changes.iter().for_each(|change| out.add(change));
        out
    }

    fn add(&mut self, change: &Change) {
        let _new = match change {
            Change::TenantPut(t) => self.tenants.insert(t.id),
            Change::TenantDelete(id) => self.tenants.insert(*id),
            Change::SitePut(s) => self.sites.insert(s.id),
            Change::SiteDelete(id) => self.sites.insert(*id),
            Change::UserPut(u) => self.users.insert(u.id),
            Change::UserDelete(id) => {
                self.owners_gone.extend([CredentialOwner::User(*id), CredentialOwner::Pin(*id)]);
                self.users.insert(*id)
            }
            Change::DevicePut(d) => self.devices.insert(d.id),
            Change::DeviceDelete(id) => self.devices.insert(*id),
            Change::MobilePut(m) => self.mobiles.insert(m.number),
            Change::MobileDelete(number) => self.mobiles.insert(*number),
            Change::AdminPut(a) => self.admins.insert(a.id),
            Change::AdminDelete(id) => {
                self.owners_gone.push(CredentialOwner::Admin(*id));
                self.admins.insert(*id)
            }
            Change::VirtualDnPut(v) => self.virtuals.insert(v.id),
            Change::VirtualDnDelete(id) => {
                self.owners_gone.push(CredentialOwner::BoxPin(BoxOwner::Virtual(*id)));
                self.virtuals.insert(*id)
            }
            Change::DepartmentPut(d) => self.departments.insert(d.id),
            Change::DepartmentDelete(id) => {
                self.owners_gone.push(CredentialOwner::BoxPin(BoxOwner::Department(*id)));
                self.departments.insert(*id)
            }
            Change::HuntPut(h) => self.hunts.insert((h.tenant, h.number)),
            Change::HuntDelete { tenant, number } => {
                let owner = BoxOwner::Hunt(*tenant, *number);
                self.owners_gone.push(CredentialOwner::BoxPin(owner));
                self.hunts.insert((*tenant, *number))
            }
            Change::PickupPut(p) => self.pickups.insert((p.tenant, p.number)),
            Change::PickupDelete { tenant, number } => self.pickups.insert((*tenant, *number)),
            Change::ParkSlotPut(s) => self.slots.insert((s.tenant, s.dn)),
            Change::ParkSlotDelete { tenant, dn } => self.slots.insert((*tenant, *dn)),
            Change::GatewayPut(g) => self.gateways.insert(g.id),
            Change::GatewayDelete(id) => self.gateways.insert(*id),
            Change::DnSettingsPut(s) => self.settings.insert((s.tenant, s.dn)),
            Change::DnSettingsDelete { tenant, dn } => self.settings.insert((*tenant, *dn)),
            Change::SoundPut(s) => self.sounds.insert(s.id),
            Change::SoundDelete(id) => self.sounds.insert(*id),
            Change::LinePut(l) => self.lines.insert(l.id),
            Change::LineDelete(id) => self.lines.insert(*id),
            Change::ReceptionPut(r) => self.receptions.insert(r.site),
            Change::ReceptionDelete(site) => self.receptions.insert(*site),
            Change::Password(_) => false,
        };
    }

    /// Deletes the rows of every object as it was in `before`, what is owned first.
    pub(crate) async fn delete(
        &self,
        tx: &mut SqliteConnection,
        before: &Snapshot,
    ) -> Result<(), DbError> {
        let b = before;
        let settings = held(&self.settings, |(t, dn)| b.dn_settings(t, dn));
        delete_text(tx, &dn_settings::DELETE, &settings, |s| (s.tenant, s.dn.text())).await?;
        let pickups = held(&self.pickups, |(t, number)| b.pickup_group(t, number));
        delete_number(tx, &pickup::DELETE, &pickups, |p| (p.tenant, p.number)).await?;
        let hunts = held(&self.hunts, |(t, number)| b.hunt_group(t, number));
        delete_number(tx, &hunt::DELETE, &hunts, |h| (h.tenant, h.number)).await?;
        let slots = held(&self.slots, |(t, dn)| b.park_slot(t, dn));
        delete_text(tx, &park_slot::DELETE, &slots, |s| (s.tenant, s.dn.text())).await?;
        let receptions = held(&self.receptions, |site| b.reception(site));
        delete(tx, &reception::DELETE, &receptions, |r| (r.tenant, r.site.0)).await?;
        let lines = held(&self.lines, |id| b.line(id));
        delete(tx, &line::DELETE, &lines, |l| (l.tenant, l.id.0)).await?;
        let gateways = held(&self.gateways, |id| b.gateway(id));
        delete(tx, &gateway::DELETE, &gateways, |g| (g.tenant, g.id.0)).await?;
        let departments = held(&self.departments, |id| b.department(id));
        delete(tx, &department::DELETE, &departments, |d| (d.tenant, d.id.0)).await?;
        let virtuals = held(&self.virtuals, |id| b.virtual_dn(id));
        delete(tx, &virtual_dn::DELETE, &virtuals, |v| (v.tenant, v.id.0)).await?;
        let devices = held(&self.devices, |id| b.device(id));
        delete(tx, &device::DELETE, &devices, |d| (d.tenant, d.id.0)).await?;
        let mobiles = held(&self.mobiles, |number| b.mobile(number));
        delete_text(tx, &mobile::DELETE, &mobiles, |m| (m.tenant, m.number.to_string())).await?;
        let users = held(&self.users, |id| b.user(id));
        delete(tx, &user::DELETE, &users, |u| (u.tenant, u.id.0)).await?;
        let admins = held(&self.admins, |id| b.admin(id));
        delete(tx, &admin::DELETE, &admins, |a| (a.tenant, a.id.0)).await?;
        let sites = held(&self.sites, |id| b.site(id));
        delete(tx, &site::DELETE, &sites, |s| (s.tenant, s.id.0)).await?;
        let sounds = held(&self.sounds, |id| b.sound(id));
        delete(tx, &sound::DELETE, &sounds, |s| (s.tenant, s.id.0)).await?;
        let tenants = held(&self.tenants, |id| b.tenant(id));
        tenant::DELETE.run(tx, &tenants, |t, args| args.id(t.id.0)).await?;
        let gone = self.owners_gone.iter();
        let gone: Vec<_> = gone.filter_map(|owner| Some((owner.tenant(b)?, *owner))).collect();
        credential::delete(tx, &gone).await
    }

    /// Inserts the rows of every object as it is in `after`.
    pub(crate) async fn put(
        &self,
        tx: &mut SqliteConnection,
        keys: &Keys,
        after: &Snapshot,
    ) -> Result<(), DbError> {
        let a = after;
        tenant::put(tx, &held(&self.tenants, |id| a.tenant(id))).await?;
        sound::put(tx, &held(&self.sounds, |id| a.sound(id))).await?;
        site::put(tx, &held(&self.sites, |id| a.site(id))).await?;
        user::put(tx, &held(&self.users, |id| a.user(id))).await?;
        device::put(tx, keys, &held(&self.devices, |id| a.device(id))).await?;
        mobile::put(tx, &held(&self.mobiles, |number| a.mobile(number))).await?;
        admin::put(tx, &held(&self.admins, |id| a.admin(id))).await?;
        virtual_dn::put(tx, &held(&self.virtuals, |id| a.virtual_dn(id))).await?;
        department::put(tx, &held(&self.departments, |id| a.department(id))).await?;
        gateway::put(tx, &held(&self.gateways, |id| a.gateway(id))).await?;
        line::put(tx, &held(&self.lines, |id| a.line(id))).await?;
        reception::put(tx, &held(&self.receptions, |site| a.reception(site))).await?;
        park_slot::put(tx, &held(&self.slots, |(t, dn)| a.park_slot(t, dn))).await?;
        hunt::put(tx, &held(&self.hunts, |(t, number)| a.hunt_group(t, number))).await?;
        pickup::put(tx, &held(&self.pickups, |(t, number)| a.pickup_group(t, number))).await?;
        dn_settings::put(tx, &held(&self.settings, |(t, dn)| a.dn_settings(t, dn))).await
    }
}
