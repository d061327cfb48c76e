//! What may be changed: a closed list that bulk files, forms and the command line all plan.

use base::id::{AdminId, DeviceId, SiteId, TenantId, UserId};
use base::{MobileNumber, Secret};

use crate::{Admin, Device, MobileLine, Site, Snapshot, Tenant, User};

/// One change of durable configuration. A put makes or replaces the object with its id.
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
    /// same set.
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
    /// Sets a web password. Part of the same transaction; no snapshot holds it, and it is left
    /// out of undo records.
    Password(NewPassword),
}

/// Whose web password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CredentialOwner {
    /// Of the administrator portal.
    Admin(AdminId),
    /// Of the user portal.
    User(UserId),
}

/// A web password to be hashed and stored.
#[derive(Debug, Clone, PartialEq)]
pub struct NewPassword {
    /// Whose.
    pub owner: CredentialOwner,
    /// The text; rules of R027 are checked by who plans the change.
    pub text: Secret<String>,
    /// Must be replaced at the next login.
    pub must_change: bool,
    /// One of many (bulk import): stored as HMAC-SHA-256 first, hashed slowly later (SEC-10).
    pub bulk: bool,
}

/// The changes that take `before` + `changes` back to `before`.
///
/// Passwords have no inverse: a replaced one stays replaced, that of a deleted owner stays gone.
pub fn invert(before: &Snapshot, changes: &[Change]) -> Vec<Change> {
    let mut seen = std::collections::BTreeSet::new();
    let mut out = Vec::with_capacity(changes.len());
    for change in changes.iter().rev() {
        let Some(target) = change.target() else { continue };
        if !seen.insert(target) {
            continue;
        }
        let inverse = target.restore(before);
        // Made and removed again within the set: nothing is left to take back.
        if !(inverse.is_delete() && change.is_delete()) {
            out.push(inverse);
        }
    }
    out
}

/// Whether `snapshot` is still as `changes` made it: what they put is equal, what they deleted
/// is absent. Passwords, which no snapshot holds, are not compared.
pub fn in_force(snapshot: &Snapshot, changes: &[Change]) -> bool {
    let mut seen = std::collections::BTreeSet::new();
    changes.iter().rev().all(|change| match change.target() {
        Some(target) if seen.insert(target) => change.holds(snapshot),
        _ => true,
    })
}

/// The object that a change is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Target {
    Tenant(TenantId),
    Site(SiteId),
    User(UserId),
    Device(DeviceId),
    Mobile(MobileNumber),
    Admin(AdminId),
}

impl Change {
    /// The object concerned; `None` for a password.
    pub(crate) fn target(&self) -> Option<Target> {
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
        )
    }

    /// The site of the changed object as `snapshot` holds it; `None` for an object of the whole
    /// tenant or one that is not there.
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
            Change::Password(NewPassword { owner: CredentialOwner::Admin(id), .. }) => {
                of_admin(*id)
            }
            Change::Password(NewPassword { owner: CredentialOwner::User(id), .. }) => of_user(*id),
            Change::TenantPut(_)
            | Change::TenantDelete(_)
            | Change::MobilePut(_)
            | Change::MobileDelete(_) => None,
        }
    }

    /// Whether the object is as the change made it; true for passwords.
    fn holds(&self, snapshot: &Snapshot) -> bool {
        match self {
            Change::TenantPut(t) => snapshot.tenant(t.id) == Some(t),
            Change::TenantDelete(id) => snapshot.tenant(*id).is_none(),
            Change::SitePut(s) => snapshot.site(s.id) == Some(s),
            Change::SiteDelete(id) => snapshot.site(*id).is_none(),
            Change::UserPut(u) => snapshot.user(u.id) == Some(u),
            Change::UserDelete(id) => snapshot.user(*id).is_none(),
            Change::DevicePut(d) => snapshot.device(d.id) == Some(d),
            Change::DeviceDelete(id) => snapshot.device(*id).is_none(),
            Change::MobilePut(m) => snapshot.mobile(m.number) == Some(m),
            Change::MobileDelete(number) => snapshot.mobile(*number).is_none(),
            Change::AdminPut(a) => snapshot.admin(a.id) == Some(a),
            Change::AdminDelete(id) => snapshot.admin(*id).is_none(),
            Change::Password(_) => true,
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
            Change::Password(p) => match p.owner {
                CredentialOwner::Admin(id) => snapshot.admin(id).map(|a| a.tenant),
                CredentialOwner::User(id) => snapshot.user(id).map(|u| u.tenant),
            },
        }
    }
}

impl Target {
    /// The change that makes the object as it is in `before`.
    fn restore(self, before: &Snapshot) -> Change {
        match self {
            Target::Tenant(id) => match before.tenant(id) {
                Some(old) => Change::TenantPut(old.clone()),
                None => Change::TenantDelete(id),
            },
            Target::Site(id) => match before.site(id) {
                Some(old) => Change::SitePut(old.clone()),
                None => Change::SiteDelete(id),
            },
            Target::User(id) => match before.user(id) {
                Some(old) => Change::UserPut(old.clone()),
                None => Change::UserDelete(id),
            },
            Target::Device(id) => match before.device(id) {
                Some(old) => Change::DevicePut(old.clone()),
                None => Change::DeviceDelete(id),
            },
            Target::Mobile(number) => match before.mobile(number) {
                Some(old) => Change::MobilePut(old.clone()),
                None => Change::MobileDelete(number),
            },
            Target::Admin(id) => match before.admin(id) {
                Some(old) => Change::AdminPut(old.clone()),
                None => Change::AdminDelete(id),
            },
        }
    }
}

/// The changes that turn `before` into `after`: what is gone first, then what is new or other.
/// Passwords are no part of a snapshot and so none of the result.
pub fn diff(before: &Snapshot, after: &Snapshot) -> Vec<Change> {
    let mut out = Vec::new();
    gone(before, after, &mut out);
    put(before, after, &mut out);
    out
}

fn gone(before: &Snapshot, after: &Snapshot, out: &mut Vec<Change>) {
    for t in before.tenants() {
        let kept = after.tenant(t.id).is_some();
        let mobiles = before.mobiles(t.id).filter(|m| after.mobile(m.number).is_none());
        out.extend(mobiles.map(|m| Change::MobileDelete(m.number)));
        let devices = before.devices(t.id).filter(|d| after.device(d.id).is_none());
        out.extend(devices.map(|d| Change::DeviceDelete(d.id)));
        let users = before.users(t.id).filter(|u| after.user(u.id).is_none());
        out.extend(users.map(|u| Change::UserDelete(u.id)));
        let admins = before.admins(t.id).filter(|a| after.admin(a.id).is_none());
        out.extend(admins.map(|a| Change::AdminDelete(a.id)));
        let sites = before.sites(t.id).filter(|s| after.site(s.id).is_none());
        out.extend(sites.map(|s| Change::SiteDelete(s.id)));
        if !kept {
            out.push(Change::TenantDelete(t.id));
        }
    }
}

fn put(before: &Snapshot, after: &Snapshot, out: &mut Vec<Change>) {
    for t in after.tenants() {
        if before.tenant(t.id) != Some(t) {
            out.push(Change::TenantPut(t.clone()));
        }
        let sites = after.sites(t.id).filter(|s| before.site(s.id) != Some(s));
        out.extend(sites.map(|s| Change::SitePut(s.clone())));
        let users = after.users(t.id).filter(|u| before.user(u.id) != Some(u));
        out.extend(users.map(|u| Change::UserPut(u.clone())));
        let devices = after.devices(t.id).filter(|d| before.device(d.id) != Some(d));
        out.extend(devices.map(|d| Change::DevicePut(d.clone())));
        let mobiles = after.mobiles(t.id).filter(|m| before.mobile(m.number) != Some(m));
        out.extend(mobiles.map(|m| Change::MobilePut(m.clone())));
        let admins = after.admins(t.id).filter(|a| before.admin(a.id) != Some(a));
        out.extend(admins.map(|a| Change::AdminPut(a.clone())));
    }
}
