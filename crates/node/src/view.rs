//! What the machines may read: the snapshot, the settings, and the stack's bindings.

use std::net::IpAddr;

use base::Dn;
use base::id::DeviceId;
use callctl::view::Contact;
use model::{Change, Device, Snapshot, User, UserState};
use sip::event::{Package, Resource, Sight, Watched};
use sip::stack::{Credentials, Stack};

use crate::rights;
use crate::translate::sip_in;

/// What a node needs to know besides the snapshot; fixed while it runs.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Of the SIP stack.
    pub sip: sip::stack::Config,
    /// `[media] path = "relay"`.
    pub relay_always: bool,
    /// `[media] address`, when it is not "auto".
    pub media_address: Option<IpAddr>,
}

pub(crate) struct View<'a> {
    pub snapshot: &'a Snapshot,
    pub settings: &'a Settings,
    /// Absent while the stack itself runs.
    pub stack: Option<&'a Stack>,
}

impl sip::stack::View for View<'_> {
    fn credentials(&self, host: &str, user: &str) -> Option<Credentials<'_>> {
        let tenant = self.snapshot.tenant_of_domain(host)?;
        let device = self.snapshot.device_by_sip_id(tenant.id, user)?;
        Some(Credentials {
            device: device.id,
            sip_id: &device.sip_id,
            ha1_md5: &device.ha1_md5,
            ha1_sha256: &device.ha1_sha256,
        })
    }

    fn realm<'a>(&'a self, host: &'a str) -> &'a str {
        self.snapshot.tenant_of_domain(host).map_or(host, |t| &t.realm)
    }

    fn is_active(&self, device: DeviceId) -> bool {
        is_active(self.snapshot, device)
    }

    fn speaks_for_others(&self, device: DeviceId) -> bool {
        let device = self.snapshot.device(device);
        device.is_some_and(|d| self.snapshot.gateway_of(d).is_some())
    }

    fn number(&self, device: DeviceId) -> Option<Dn> {
        let user = self.snapshot.device(device)?.user?;
        self.snapshot.user(user).map(|u| u.dn)
    }

    fn watched(&self, device: DeviceId, package: Package, user: &str) -> Result<Watched, u16> {
        rights::watched(self.snapshot, device, package, user)
    }

    fn sight(&self, device: DeviceId, resource: &Resource) -> Option<Sight> {
        rights::sight(self.snapshot, device, resource)
    }
}

impl callctl::View for View<'_> {
    fn snapshot(&self) -> &Snapshot {
        self.snapshot
    }

    fn contacts(&self, device: DeviceId, out: &mut Vec<Contact>) {
        if let Some(stack) = self.stack {
            out.extend(stack.contacts(device).map(|(id, b)| sip_in::contact(id, b)));
        }
    }

    fn contacts_len(&self, device: DeviceId) -> usize {
        self.stack.map_or(0, |stack| stack.contacts(device).count())
    }

    fn shows(&self, device: DeviceId, dn: Dn) -> bool {
        let tenant = self.snapshot.device(device).map(|d| d.tenant);
        let resource = tenant.map(|tenant| Resource::Dialogs { tenant, dn });
        let watched = |stack: &Stack, r: Resource| stack.is_watched_by(device, &r);
        self.stack.zip(resource).is_some_and(|(stack, resource)| watched(stack, resource))
    }

    fn relay_always(&self) -> bool {
        self.settings.relay_always
    }

    fn media_address(&self) -> Option<IpAddr> {
        self.settings.media_address
    }
}

/// The device exists and its user, if it has one, is not stopped.
pub(crate) fn is_active(snapshot: &Snapshot, device: DeviceId) -> bool {
    snapshot.device(device).is_some_and(|d| {
        d.user.is_none_or(|u| snapshot.user(u).is_some_and(|u| u.state == UserState::Active))
    })
}

/// The device's user was stopped or deleted, by which it became 未使用: it must register anew
/// (R241).
pub(crate) fn lost_user(device: DeviceId, old: &Snapshot, new: &Snapshot) -> bool {
    let active = |s: &Snapshot, id| s.user(id).is_some_and(|u: &User| u.state == UserState::Active);
    let user = old.device(device).and_then(|d| d.user).filter(|id| active(old, *id));
    let is_free = new.device(device).is_some_and(|d| d.user.is_none());
    is_free && user.is_some_and(|id| !active(new, id))
}

/// The device has another secret now: it must register with that (R215, R316).
pub(crate) fn lost_secret(device: DeviceId, old: &Snapshot, new: &Snapshot) -> bool {
    let ha1 = |s: &Snapshot| s.device(device).map(Device::ha1);
    ha1(old).zip(ha1(new)).is_some_and(|(old, new)| old != new)
}

/// Devices that `changes` may have ended: changed or deleted ones, and those of changed users.
pub(crate) fn touched(changes: &[Change], old: &Snapshot, new: &Snapshot) -> Vec<DeviceId> {
    let mut devices = Vec::new();
    for change in changes {
        match change {
            Change::DevicePut(d) => devices.push(d.id),
            Change::DeviceDelete(id) => devices.push(*id),
            Change::UserPut(User { id, .. }) | Change::UserDelete(id) => {
                devices.extend_from_slice(old.devices_of(*id));
                devices.extend_from_slice(new.devices_of(*id));
            }
            Change::TenantPut(_)
            | Change::TenantDelete(_)
            | Change::SitePut(_)
            | Change::SiteDelete(_)
            | Change::MobilePut(_)
            | Change::MobileDelete(_)
            | Change::AdminPut(_)
            | Change::AdminDelete(_)
            | Change::VirtualDnPut(_)
            | Change::VirtualDnDelete(_)
            | Change::DepartmentPut(_)
            | Change::DepartmentDelete(_)
            | Change::HuntPut(_)
            | Change::HuntDelete { .. }
            | Change::PickupPut(_)
            | Change::PickupDelete { .. }
            | Change::ParkSlotPut(_)
            | Change::ParkSlotDelete { .. }
            | Change::GatewayPut(_)
            | Change::GatewayDelete(_)
            | Change::DnSettingsPut(_)
            | Change::DnSettingsDelete { .. }
            | Change::SoundPut(_)
            | Change::SoundDelete(_)
            | Change::LinePut(_)
            | Change::LineDelete(_)
            | Change::ReceptionPut(_)
            | Change::ReceptionDelete(_)
            | Change::Password(_) => {}
        }
    }
    devices.sort_unstable();
    devices.dedup();
    devices
}
