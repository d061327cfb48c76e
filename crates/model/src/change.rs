//! What may be changed: a closed list that bulk files, forms and the command line all plan.

use base::id::{
    AdminId, DepartmentId, DeviceId, GatewayId, LineId, SiteId, SoundId, TenantId, UserId,
    VirtualDnId,
};
use base::{Dn, MobileNumber, Secret};

use crate::{
    Admin, Department, Device, DnOwner, DnSettings, Gateway, HuntGroup, Line, MobileLine, ParkSlot,
    PickupGroup, Reception, Site, Snapshot, Sound, Tenant, User, VirtualDn,
};

/// One change of durable configuration. A put makes or replaces the object with its id.
///
/// Memberships and settings belong to the number. When a number goes, be it deleted or renamed,
/// its memberships and [`Change::DnSettingsPut`] row must go or move in the same set; a number
/// that passes to another person keeps them.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// Makes or replaces a tenant.
    TenantPut(Tenant),
    /// Removes a tenant that owns nothing any more.
    TenantDelete(TenantId),
    /// Makes or replaces a site.
    SitePut(Site),
    /// Removes a site that nothing refers to.
    SiteDelete(SiteId),
    /// Makes or replaces a user.
    UserPut(User),
    /// Removes a user; its devices and mobile lines must be gone, freed or given away in the
    /// same set, and the person be in no department any more.
    UserDelete(UserId),
    /// Makes or replaces a terminal.
    DevicePut(Device),
    /// Removes a terminal.
    DeviceDelete(DeviceId),
    /// Makes or replaces a mobile line.
    MobilePut(MobileLine),
    /// Removes a mobile line.
    MobileDelete(MobileNumber),
    /// Makes or replaces an administrator.
    AdminPut(Admin),
    /// Removes an administrator.
    AdminDelete(AdminId),
    /// Makes or replaces a virtual number.
    VirtualDnPut(VirtualDn),
    /// Removes a virtual number.
    VirtualDnDelete(VirtualDnId),
    /// Makes or replaces a department.
    DepartmentPut(Department),
    /// Removes a department that nobody may pick up for any more.
    DepartmentDelete(DepartmentId),
    /// Makes or replaces a hunting group.
    HuntPut(HuntGroup),
    /// Removes a hunting group.
    HuntDelete {
        /// Whose.
        tenant: TenantId,
        /// コールハンティンググループ番号.
        number: u16,
    },
    /// Makes or replaces a pickup group.
    PickupPut(PickupGroup),
    /// Removes a pickup group.
    PickupDelete {
        /// Whose.
        tenant: TenantId,
        /// ピックアップグループ番号.
        number: u16,
    },
    /// Makes or replaces a park slot.
    ParkSlotPut(ParkSlot),
    /// Removes a park slot.
    ParkSlotDelete {
        /// Whose.
        tenant: TenantId,
        /// Its number.
        dn: Dn,
    },
    /// Makes or replaces a gateway.
    GatewayPut(Gateway),
    /// Removes a gateway.
    GatewayDelete(GatewayId),
    /// Makes or replaces the settings of an extension number.
    DnSettingsPut(DnSettings),
    /// Takes the settings of an extension number back to the defaults.
    DnSettingsDelete {
        /// Whose.
        tenant: TenantId,
        /// 内線番号.
        dn: Dn,
    },
    /// Makes or renames a sound, whose file is there already.
    SoundPut(Sound),
    /// Removes a sound that nobody has chosen; its file goes later.
    SoundDelete(SoundId),
    /// Makes or replaces a line.
    LinePut(Line),
    /// Removes a line that is no other's reserve.
    LineDelete(LineId),
    /// Makes or replaces business hours and night switch of a site.
    ReceptionPut(Reception),
    /// Takes those of a site back to the defaults.
    ReceptionDelete(SiteId),
    /// Sets a web password or PIN. Part of the same transaction; no snapshot holds it, and it is
    /// left out of undo records.
    Password(NewPassword),
}

/// Whose web password or PIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CredentialOwner {
    /// Web password of the administrator portal.
    Admin(AdminId),
    /// Web password of the user portal.
    User(UserId),
    /// 暗証番号: login at terminals and to the mailbox (R202, R234).
    Pin(UserId),
    /// 暗証番号 of a mailbox that is no person's (R262).
    BoxPin(BoxOwner),
}

/// Whose mailbox, when it is no person's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BoxOwner {
    /// Of a virtual number.
    Virtual(VirtualDnId),
    /// Of a department.
    Department(DepartmentId),
    /// Of the hunting group with this number.
    Hunt(TenantId, u16),
}

impl BoxOwner {
    /// The tenant of the owner.
    pub fn tenant(self, snapshot: &Snapshot) -> Option<TenantId> {
        match self {
            BoxOwner::Virtual(id) => snapshot.virtual_dn(id).map(|v| v.tenant),
            BoxOwner::Department(id) => snapshot.department(id).map(|d| d.tenant),
            BoxOwner::Hunt(tenant, number) => snapshot.hunt_group(tenant, number).map(|h| h.tenant),
        }
    }

    /// Number and site of the owner.
    pub fn place(self, snapshot: &Snapshot) -> Option<(Dn, SiteId)> {
        match self {
            BoxOwner::Virtual(id) => snapshot.virtual_dn(id).map(|v| (v.dn, v.site)),
            BoxOwner::Department(id) => snapshot.department(id).map(|d| (d.dn, d.site)),
            BoxOwner::Hunt(tenant, number) => {
                snapshot.hunt_group(tenant, number).map(|h| (h.pilot, h.site))
            }
        }
    }
}

impl CredentialOwner {
    /// The tenant of the owner.
    pub fn tenant(self, snapshot: &Snapshot) -> Option<TenantId> {
        match self {
            CredentialOwner::Admin(id) => snapshot.admin(id).map(|a| a.tenant),
            CredentialOwner::User(id) | CredentialOwner::Pin(id) => {
                snapshot.user(id).map(|u| u.tenant)
            }
            CredentialOwner::BoxPin(owner) => owner.tenant(snapshot),
        }
    }

    /// Whether it is a PIN, which may be taken away and locks for its own time.
    pub const fn is_pin(self) -> bool {
        matches!(self, CredentialOwner::Pin(_) | CredentialOwner::BoxPin(_))
    }
}

/// A web password or PIN to be hashed and stored.
#[derive(Debug, Clone, PartialEq)]
pub struct NewPassword {
    /// Whose.
    pub owner: CredentialOwner,
    /// The text; rules of R027 and R234 are checked by who plans the change. An empty PIN takes
    /// the present one away.
    pub text: Secret<String>,
    /// Must be replaced at the next login; never so for a PIN.
    pub must_change: bool,
    /// One of many (bulk import): stored as HMAC-SHA-256 first, hashed slowly later (SEC-10).
    pub bulk: bool,
}

impl Change {
    /// The site of the changed object as `snapshot` holds it; `None` for an object of the whole
    /// tenant or one that is not there. Settings have the site of the owner of the number.
    pub fn site_in(&self, snapshot: &Snapshot) -> Option<SiteId> {
        let of_admin = |id| snapshot.admin(id).and_then(|a| a.site);
        let of_user = |id| snapshot.user(id).map(|u| u.site);
        match self {
            Change::SitePut(Site { id, .. }) | Change::SiteDelete(id) => Some(*id),
            Change::UserPut(User { id, .. }) | Change::UserDelete(id) => of_user(*id),
            Change::DevicePut(Device { id, .. }) | Change::DeviceDelete(id) => {
                snapshot.device(*id).map(|d| d.site)
            }
            Change::AdminPut(Admin { id, .. }) | Change::AdminDelete(id) => of_admin(*id),
            Change::VirtualDnPut(VirtualDn { id, .. }) | Change::VirtualDnDelete(id) => {
                snapshot.virtual_dn(*id).map(|v| v.site)
            }
            Change::DepartmentPut(Department { id, .. }) | Change::DepartmentDelete(id) => {
                snapshot.department(*id).map(|d| d.site)
            }
            Change::HuntPut(HuntGroup { tenant, number, .. })
            | Change::HuntDelete { tenant, number } => {
                snapshot.hunt_group(*tenant, *number).map(|h| h.site)
            }
            Change::ParkSlotPut(ParkSlot { tenant, dn, .. })
            | Change::ParkSlotDelete { tenant, dn } => {
                snapshot.park_slot(*tenant, *dn).map(|s| s.site)
            }
            Change::GatewayPut(Gateway { id, .. }) | Change::GatewayDelete(id) => {
                snapshot.gateway(*id).map(|g| g.site)
            }
            Change::LinePut(Line { gateway, .. }) => snapshot.gateway(*gateway).map(|g| g.site),
            Change::LineDelete(id) => {
                let line = snapshot.line(*id);
                line.and_then(|l| snapshot.gateway(l.gateway)).map(|g| g.site)
            }
            Change::ReceptionPut(Reception { site, .. }) | Change::ReceptionDelete(site) => {
                Some(*site)
            }
            Change::DnSettingsPut(DnSettings { tenant, dn, .. })
            | Change::DnSettingsDelete { tenant, dn } => match snapshot.dn_owner(*tenant, *dn)? {
                DnOwner::User(id) => of_user(id),
                DnOwner::Virtual(id) => snapshot.virtual_dn(id).map(|v| v.site),
                DnOwner::Department(_) | DnOwner::Hunt(_) | DnOwner::ParkSlot(_) => None,
            },
            Change::Password(NewPassword { owner, .. }) => match owner {
                CredentialOwner::Admin(id) => of_admin(*id),
                CredentialOwner::User(id) | CredentialOwner::Pin(id) => of_user(*id),
                CredentialOwner::BoxPin(owner) => owner.place(snapshot).map(|(_, site)| site),
            },
            Change::TenantPut(_)
            | Change::TenantDelete(_)
            | Change::MobilePut(_)
            | Change::MobileDelete(_)
            | Change::PickupPut(_)
            | Change::PickupDelete { .. }
            | Change::SoundPut(_)
            | Change::SoundDelete(_) => None,
        }
    }

    /// The tenant that the change touches, as far as change and `snapshot` tell it.
    pub fn tenant(&self, snapshot: &Snapshot) -> Option<TenantId> {
        match self {
            Change::TenantPut(t) => Some(t.id),
            Change::TenantDelete(id) => Some(*id),
            Change::SitePut(s) => Some(s.tenant),
            Change::SiteDelete(id) => snapshot.site(*id).map(|s| s.tenant),
            Change::UserPut(u) => Some(u.tenant),
            Change::UserDelete(id) => snapshot.user(*id).map(|u| u.tenant),
            Change::DevicePut(d) => Some(d.tenant),
            Change::DeviceDelete(id) => snapshot.device(*id).map(|d| d.tenant),
            Change::MobilePut(m) => Some(m.tenant),
            Change::MobileDelete(number) => snapshot.mobile(*number).map(|m| m.tenant),
            Change::AdminPut(a) => Some(a.tenant),
            Change::AdminDelete(id) => snapshot.admin(*id).map(|a| a.tenant),
            Change::VirtualDnPut(v) => Some(v.tenant),
            Change::VirtualDnDelete(id) => snapshot.virtual_dn(*id).map(|v| v.tenant),
            Change::DepartmentPut(d) => Some(d.tenant),
            Change::DepartmentDelete(id) => snapshot.department(*id).map(|d| d.tenant),
            Change::HuntPut(HuntGroup { tenant, .. })
            | Change::HuntDelete { tenant, .. }
            | Change::PickupPut(PickupGroup { tenant, .. })
            | Change::PickupDelete { tenant, .. }
            | Change::ParkSlotPut(ParkSlot { tenant, .. })
            | Change::ParkSlotDelete { tenant, .. }
            | Change::DnSettingsPut(DnSettings { tenant, .. })
            | Change::DnSettingsDelete { tenant, .. } => Some(*tenant),
            Change::GatewayPut(g) => Some(g.tenant),
            Change::GatewayDelete(id) => snapshot.gateway(*id).map(|g| g.tenant),
            Change::LinePut(l) => Some(l.tenant),
            Change::LineDelete(id) => snapshot.line(*id).map(|l| l.tenant),
            Change::ReceptionPut(r) => Some(r.tenant),
            Change::ReceptionDelete(site) => snapshot.site(*site).map(|s| s.tenant),
            Change::SoundPut(s) => Some(s.tenant),
            Change::SoundDelete(id) => snapshot.sound(*id).map(|s| s.tenant),
            Change::Password(p) => p.owner.tenant(snapshot),
        }
    }
}
