//! The rules between durable objects, judged on the outcome of a set of changes.

use std::collections::BTreeMap;
use std::sync::Arc;

use base::id::TenantId;

use crate::apply::Deltas;
use crate::change::CredentialOwner;
use crate::index::{hash_of, hash_text};
use crate::plan::{self, PlanError};
use crate::violation::{Conflict, Field, Violation, code};
use crate::{Admin, Device, MobileLine, MobileState, Site, Snapshot, Tenant, User};

/// Longest name of a tenant, site or user, furigana and label, in characters.
const NAME_MAX: usize = 64;

/// What is judged.
pub(crate) struct Case<'a> {
    pub(crate) before: &'a Snapshot,
    pub(crate) after: &'a Snapshot,
    pub(crate) deltas: &'a Deltas,
}

type Found = Vec<Violation>;

fn violation(change: usize, code: u16, field: Field, value: &str) -> Violation {
    Violation { change, code, field, value: value.into(), with: None }
}

/// Appends every broken rule.
pub(crate) fn check(case: &Case<'_>, found: &mut Found) {
    let deltas = case.deltas;
    deltas.tenants.added.iter().for_each(|(at, t)| case.tenant(*at, t, found));
    deltas.tenants.removed.iter().for_each(|(at, t)| case.tenant_gone(*at, t, found));
    deltas.sites.added.iter().for_each(|(at, s)| case.site(*at, s, found));
    deltas.sites.removed.iter().for_each(|(at, s)| case.site_gone(*at, s, found));
    let users = Later::of(&deltas.users.added, |u| u.id);
    for (at, user) in &deltas.users.added {
        case.user(*at, user, found);
        case.user_is_alone(*at, user, &users, found);
    }
    deltas.users.removed.iter().for_each(|(at, u)| case.user_gone(*at, u, found));
    let devices = Later::of(&deltas.devices.added, |d| d.id);
    for (at, device) in &deltas.devices.added {
        case.device(*at, device, found);
        case.device_is_alone(*at, device, &devices, found);
    }
    deltas.mobiles.added.iter().for_each(|(at, m)| case.mobile(*at, m, found));
    deltas.admins.added.iter().for_each(|(at, a)| case.admin(*at, a, found));
    case.quota(found);
}

/// Appends a violation for each password whose owner does not exist in `after`.
pub(crate) fn passwords(
    after: &Snapshot,
    passwords: &[(usize, CredentialOwner)],
    found: &mut Found,
) {
    for (at, owner) in passwords {
        let known = match owner {
            CredentialOwner::Admin(id) => after.admin(*id).is_some(),
            CredentialOwner::User(id) => after.user(*id).is_some(),
        };
        if !known {
            found.push(violation(*at, code::NOT_FOUND, Field::Credential, ""));
        }
    }
}

/// Index of the change that made each object of a set.
struct Later<I> {
    at: BTreeMap<I, usize>,
}

impl<I: Ord + Copy> Later<I> {
    fn of<T>(added: &[(usize, Arc<T>)], id: impl Fn(&T) -> I) -> Self {
        Later { at: added.iter().map(|(at, v)| (id(v), *at)).collect() }
    }

    /// The first of `others` that the object made by change `at` collides with: one in the data,
    /// or one made by an earlier change of the set, with that change.
    fn rival<'a, T>(
        &self,
        at: usize,
        others: impl Iterator<Item = &'a Arc<T>>,
        id: impl Fn(&T) -> I,
    ) -> Option<(&'a Arc<T>, Option<usize>)> {
        others
            .map(|other| (other, self.at.get(&id(other)).copied()))
            .filter(|(_, made)| made.is_none_or(|made| made < at))
            .min_by_key(|(_, made)| *made)
    }
}

impl Case<'_> {
    fn tenant(&self, at: usize, tenant: &Tenant, found: &mut Found) {
        name(at, Field::Name, &tenant.name, found);
        if tenant.realm.is_empty() {
            found.push(violation(at, code::EMPTY, Field::Realm, ""));
        }
        let old = self.before.tenant(tenant.id);
        if old.is_some_and(|old| old.realm != tenant.realm) {
            found.push(violation(at, code::IN_USE, Field::Realm, &tenant.realm));
        }
        let marked = |t: &&Tenant| t.is_default && t.id != tenant.id;
        if let Some(other) = self.after.tenants().find(marked).filter(|_| tenant.is_default) {
            let with = Conflict { name: other.name.clone(), ..Conflict::default() };
            let clash = violation(at, code::DUPLICATE, Field::Default, &tenant.name);
            found.push(Violation { with: Some(with), ..clash });
        }
        if old.is_some_and(|old| old.preset != tenant.preset) {
            for user in self.after.users(tenant.id) {
                found.extend(dn_plan(at, tenant, user));
            }
        }
    }

    fn tenant_gone(&self, at: usize, tenant: &Tenant, found: &mut Found) {
        let after = self.after;
        if after.tenant(tenant.id).is_some() {
            return;
        }
        let in_use = after.sites(tenant.id).next().is_some()
            || after.users(tenant.id).next().is_some()
            || after.devices(tenant.id).next().is_some()
            || after.mobiles(tenant.id).next().is_some()
            || after.admins(tenant.id).next().is_some();
        if in_use {
            found.push(violation(at, code::IN_USE, Field::Object, &tenant.name));
        }
    }

    fn site(&self, at: usize, site: &Site, found: &mut Found) {
        name(at, Field::Name, &site.name, found);
        let old = self.before.site(site.id).map(|s| s.tenant);
        self.tenant_exists(at, site.tenant, old, found);
        if !plan::is_domain(&site.domain) {
            found.push(violation(at, code::BAD_TEXT, Field::Domain, &site.domain));
        }
        let later = Later::of(&self.deltas.sites.added, |s| s.id);
        let same = self.after.site_by_domain.candidates(hash_text(0, &site.domain));
        let same = same.filter(|s| s.id != site.id && s.domain.eq_ignore_ascii_case(&site.domain));
        if let Some((other, change)) = later.rival(at, same, |s| s.id) {
            let with = Conflict { change, dn: None, name: other.name.clone() };
            let clash = violation(at, code::DUPLICATE, Field::Domain, &site.domain);
            found.push(Violation { with: Some(with), ..clash });
        }
    }

    fn site_gone(&self, at: usize, site: &Site, found: &mut Found) {
        if self.after.site(site.id).is_some() {
            return;
        }
        let in_use = self.after.users(site.tenant).any(|u| u.site == site.id)
            || self.after.devices(site.tenant).any(|d| d.site == site.id)
            || self.after.admins(site.tenant).any(|a| a.site == Some(site.id));
        if in_use {
            found.push(violation(at, code::IN_USE, Field::Object, &site.domain));
        }
    }

    fn user(&self, at: usize, user: &User, found: &mut Found) {
        let old = self.before.user(user.id).map(|u| u.tenant);
        self.tenant_exists(at, user.tenant, old, found);
        self.site_exists(at, user.tenant, user.site, found);
        name(at, Field::Name, &user.name, found);
        text(at, Field::Furigana, &user.furigana, found);
        if let Some(tenant) = self.after.tenant(user.tenant) {
            found.extend(dn_plan(at, tenant, user));
        }
        if !user.web_user.is_empty() && !plan::is_web_user(&user.web_user) {
            found.push(violation(at, code::BAD_WEB_USER, Field::WebUser, &user.web_user));
        }
    }

    fn user_is_alone(
        &self,
        at: usize,
        user: &User,
        later: &Later<base::id::UserId>,
        found: &mut Found,
    ) {
        let rivals = [
            (code::DUPLICATE, Field::Dn, {
                let same = self.after.user_by_dn.candidates(hash_of(&(user.tenant, user.dn)));
                let same =
                    same.filter(|u| u.id != user.id && u.dn == user.dn && u.tenant == user.tenant);
                later.rival(at, same, |u| u.id)
            }),
            (code::DUPLICATE_WEB_USER, Field::WebUser, {
                let hash = hash_text(user.tenant.0.0, &user.web_user);
                let same = self.after.user_by_web.candidates(hash).filter(|u| {
                    u.id != user.id
                        && u.tenant == user.tenant
                        && u.web_user.eq_ignore_ascii_case(&user.web_user)
                        && !user.web_user.is_empty()
                });
                later.rival(at, same, |u| u.id)
            }),
        ];
        for (code, field, rival) in rivals {
            let Some((other, change)) = rival else { continue };
            let with = Conflict { change, dn: Some(other.dn), name: other.name.clone() };
            let value =
                if field == Field::Dn { user.dn.text().into() } else { user.web_user.clone() };
            found.push(Violation { change: at, code, field, value, with: Some(with) });
        }
    }

    /// A user who leaves, or whose number does, must leave nothing behind.
    fn user_gone(&self, at: usize, user: &User, found: &mut Found) {
        if self.after.user(user.id).is_none() {
            for device in self.after.devices_of(user.id) {
                let sip_id = self.after.device(*device).map_or("", |d| &*d.sip_id);
                let with = Conflict { change: None, dn: Some(user.dn), name: sip_id.into() };
                let clash = violation(at, code::IN_USE, Field::User, &user.name);
                found.push(Violation { with: Some(with), ..clash });
            }
        }
        if self.after.user_by_dn(user.tenant, user.dn).is_none()
            && let Some(line) = self.after.mobile_of_dn(user.tenant, user.dn)
        {
            let number = line.number.to_string().into();
            let with = Conflict { change: None, dn: Some(user.dn), name: number };
            let clash = violation(at, code::IN_USE, Field::Dn, &user.dn.text());
            found.push(Violation { with: Some(with), ..clash });
        }
    }

    fn device(&self, at: usize, device: &Device, found: &mut Found) {
        let old = self.before.device(device.id).map(|d| d.tenant);
        self.tenant_exists(at, device.tenant, old, found);
        self.site_exists(at, device.tenant, device.site, found);
        text(at, Field::Label, &device.label, found);
        if !plan::is_sip_id(&device.sip_id) {
            found.push(violation(at, code::BAD_SIP_ID, Field::SipId, &device.sip_id));
        }
        let owner = device.user.map(|id| self.after.user(id).map(|u| u.tenant));
        if owner.is_some_and(|tenant| tenant != Some(device.tenant)) {
            found.push(violation(at, code::NOT_FOUND, Field::User, &device.sip_id));
        }
    }

    fn device_is_alone(
        &self,
        at: usize,
        device: &Device,
        later: &Later<base::id::DeviceId>,
        found: &mut Found,
    ) {
        let hash = hash_text(device.tenant.0.0, &device.sip_id);
        let same = self.after.device_by_sip.candidates(hash).filter(|d| {
            d.id != device.id
                && d.tenant == device.tenant
                && d.sip_id.eq_ignore_ascii_case(&device.sip_id)
        });
        if let Some((other, change)) = later.rival(at, same, |d| d.id) {
            let dn = other.user.and_then(|u| self.after.user(u)).map(|u| u.dn);
            let with = Conflict { change, dn, name: other.sip_id.clone() };
            let clash = violation(at, code::DUPLICATE_SIP_ID, Field::SipId, &device.sip_id);
            found.push(Violation { with: Some(with), ..clash });
        }
    }

    fn mobile(&self, at: usize, line: &MobileLine, found: &mut Found) {
        let number = line.number.to_string();
        if let Some(old) = self.before.mobile(line.number)
            && old.tenant != line.tenant
        {
            found.push(violation(at, code::DUPLICATE, Field::Mobile, &number));
        }
        self.tenant_exists(at, line.tenant, None, found);
        let fits = match line.state {
            MobileState::Assigned => line.dn.is_some(),
            MobileState::Cancelling => true,
            MobileState::Requested
            | MobileState::Activating
            | MobileState::Unassigned
            | MobileState::Cancelled => line.dn.is_none(),
        };
        if !fits {
            found.push(violation(at, code::MOBILE_UNUSABLE, Field::State, &number));
        }
        if let Some(dn) = line.dn
            && self.after.dn_owner(line.tenant, dn).is_none()
        {
            found.push(violation(at, code::NOT_FOUND, Field::Dn, &dn.text()));
        }
    }

    fn admin(&self, at: usize, admin: &Admin, found: &mut Found) {
        let old = self.before.admin(admin.id).map(|a| a.tenant);
        self.tenant_exists(at, admin.tenant, old, found);
        if let Some(site) = admin.site {
            self.site_exists(at, admin.tenant, site, found);
        }
        let shape = (1..=32).contains(&admin.login.len())
            && admin.login.bytes().all(|b| b.is_ascii_graphic());
        if !shape {
            found.push(violation(at, code::BAD_WEB_USER, Field::Login, &admin.login));
        }
        let later = Later::of(&self.deltas.admins.added, |a| a.id);
        let same = self.after.admins.from(|a| a.tenant < admin.tenant).iter();
        let same = same.take_while(|a| a.tenant == admin.tenant);
        let same = same.filter(|a| a.id != admin.id && a.login.eq_ignore_ascii_case(&admin.login));
        if let Some((other, change)) = later.rival(at, same, |a| a.id) {
            let with = Conflict { change, dn: None, name: other.login.clone() };
            let clash = violation(at, code::DUPLICATE_WEB_USER, Field::Login, &admin.login);
            found.push(Violation { with: Some(with), ..clash });
        }
    }

    /// One violation per tenant: at the first new extension that is too many.
    fn quota(&self, found: &mut Found) {
        let mut made: BTreeMap<TenantId, Vec<usize>> = BTreeMap::new();
        for (at, user) in &self.deltas.users.added {
            if self.before.user(user.id).is_none() {
                made.entry(user.tenant).or_default().push(*at);
            }
        }
        for (tenant, mut changes) in made {
            let Some(quota) = self.after.tenant(tenant).and_then(|t| t.quota) else { continue };
            let quota = quota as usize;
            let count = self.after.dn_count(tenant);
            if count <= quota || count <= self.before.dn_count(tenant) {
                continue;
            }
            changes.sort_unstable();
            let allowed = (quota + changes.len()).saturating_sub(count);
            let at = changes.get(allowed).copied().unwrap_or(0);
            let left = quota.saturating_sub(self.before.dn_count(tenant));
            found.push(violation(at, code::QUOTA, Field::Quota, &left.to_string()));
        }
    }

    fn tenant_exists(&self, at: usize, id: TenantId, old: Option<TenantId>, found: &mut Found) {
        if self.after.tenant(id).is_none() || old.is_some_and(|old| old != id) {
            found.push(violation(at, code::NOT_FOUND, Field::Tenant, ""));
        }
    }

    fn site_exists(&self, at: usize, tenant: TenantId, site: base::id::SiteId, found: &mut Found) {
        if self.after.site(site).is_none_or(|s| s.tenant != tenant) {
            found.push(violation(at, code::NOT_FOUND, Field::Site, ""));
        }
    }
}

fn dn_plan(at: usize, tenant: &Tenant, user: &User) -> Option<Violation> {
    let text = user.dn.text();
    match plan::check_dn(tenant.preset, user.dn) {
        Ok(()) => None,
        Err(PlanError::Shape) => Some(violation(at, code::BAD_DN, Field::Dn, &text)),
        Err(PlanError::Reserved(number)) => {
            let with = Conflict { name: number.into(), ..Conflict::default() };
            let clash = violation(at, code::COLLISION, Field::Dn, &text);
            Some(Violation { with: Some(with), ..clash })
        }
    }
}

fn name(at: usize, field: Field, value: &str, found: &mut Found) {
    if value.is_empty() {
        found.push(violation(at, code::EMPTY, field, ""));
    }
    text(at, field, value, found);
}

fn text(at: usize, field: Field, value: &str, found: &mut Found) {
    if value.chars().count() > NAME_MAX || value.chars().any(char::is_control) {
        found.push(violation(at, code::BAD_TEXT, field, value));
    }
}
