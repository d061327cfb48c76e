//! Tenants, sites, users, terminals, mobile lines and administrators.

use super::{Case, Found, in_range, name, rival, text, violation};
use crate::index::hash_text;
use crate::plan;
use crate::violation::{Conflict, Field, Violation, code};
use crate::{
    Admin, CallTimes, Device, DnOwner, MobileLine, MobileState, Site, SiteMusic, Tenant, User,
};

impl Case<'_> {
    pub(super) fn tenant(&self, at: usize, tenant: &Tenant, found: &mut Found) {
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
        in_range(at, ("accounts-max", Tenant::ACCOUNTS_MAX), tenant.accounts_max, found);
        let minute = tenant.logins_end.unwrap_or_default();
        in_range(at, ("logins-end", Tenant::LOGINS_END), minute, found);
        let times = tenant.times;
        for (range, time) in [
            (("digit-pause-ms", CallTimes::DIGIT_PAUSE_MS), times.digit_pause_ms),
            (("code-pause-ms", CallTimes::CODE_PAUSE_MS), times.code_pause_ms),
            (("unanswered-s", CallTimes::UNANSWERED_S), times.unanswered_s),
        ] {
            in_range(at, range, time, found);
        }
        self.tenant_codes(at, tenant, found);
        self.toll_rules(at, tenant, found);
        self.calendar(at, tenant, found);
        self.sound_exists(at, tenant.id, tenant.music, found);
        self.wording(at, tenant.id, &tenant.wording, found);
        self.destinations((at, tenant.id), &[], tenant.stopped_to.as_ref(), found);
    }

    pub(super) fn tenant_gone(&self, at: usize, tenant: &Tenant, found: &mut Found) {
        let after = self.after;
        if after.tenant(tenant.id).is_some() {
            return;
        }
        let in_use = after.sites(tenant.id).next().is_some()
            || after.users(tenant.id).next().is_some()
            || after.devices(tenant.id).next().is_some()
            || after.mobiles(tenant.id).next().is_some()
            || after.dns(tenant.id).next().is_some()
            || after.pickup_groups(tenant.id).next().is_some()
            || after.gateways(tenant.id).next().is_some()
            || after.sounds(tenant.id).next().is_some()
            || after.lines(tenant.id).next().is_some()
            || after.receptions(tenant.id).next().is_some()
            || after.admins(tenant.id).next().is_some();
        if in_use {
            found.push(violation(at, code::IN_USE, Field::Object, &tenant.name));
        }
    }

    pub(super) fn site(&self, at: usize, site: &Site, found: &mut Found) {
        name(at, Field::Name, &site.name, found);
        let old = self.before.site(site.id).map(|s| s.tenant);
        self.tenant_exists(at, site.tenant, old, found);
        if !plan::is_domain(&site.domain) {
            found.push(violation(at, code::BAD_TEXT, Field::Domain, &site.domain));
        }
        if site.number.as_ref().is_some_and(|number| !plan::is_site_number(number)) {
            let number = site.number.as_deref().unwrap_or_default();
            found.push(violation(at, code::BAD_TEXT, Field::Prefix, number));
        }
        self.site_codes(at, site, found);
        let own = match site.music {
            SiteMusic::Own(id) => Some(id),
            SiteMusic::Inherit | SiteMusic::BuiltIn => None,
        };
        self.sound_exists(at, site.tenant, own, found);
        self.wording(at, site.tenant, &site.wording, found);
        in_range(at, ("park-s", Site::PARK_S), site.park_s, found);
        let pair = ("outside-pair-min", Site::OUTSIDE_PAIR_MIN);
        in_range(at, pair, site.outside_pair_min, found);
        self.emergency_routes(at, site, found);
        self.destinations((at, site.tenant), &[], site.park_overflow.as_ref(), found);
        self.site_is_alone(at, site, found);
    }

    fn site_is_alone(&self, at: usize, site: &Site, found: &mut Found) {
        let same = self.after.site_by_domain.candidates(hash_text(0, &site.domain));
        let same = same.filter(|s| s.id != site.id && s.domain.eq_ignore_ascii_case(&site.domain));
        let same = same.map(|s| (s, self.made.sites.get(&s.id).copied()));
        if let Some((other, change)) = rival(at, same) {
            let with = Conflict { change, name: other.name.clone(), ..Conflict::default() };
            let clash = violation(at, code::DUPLICATE, Field::Domain, &site.domain);
            found.push(Violation { with: Some(with), ..clash });
        }
    }

    pub(super) fn site_gone(&self, at: usize, site: &Site, found: &mut Found) {
        if self.after.site(site.id).is_some() {
            return;
        }
        let in_use = self.after.users(site.tenant).any(|u| u.site == site.id)
            || self.after.devices(site.tenant).any(|d| d.site == site.id)
            || self.after.virtuals(site.tenant).any(|v| v.site == site.id)
            || self.after.departments(site.tenant).any(|d| d.is_of_site(site.id))
            || self.after.hunt_groups(site.tenant).any(|h| h.site == site.id)
            || self.after.all_park_slots(site.tenant).any(|s| s.site == site.id)
            || self.after.gateways(site.tenant).any(|g| g.site == site.id)
            || self.after.reception(site.id).is_some()
            || self.after.admins(site.tenant).any(|a| a.site == Some(site.id));
        if in_use {
            found.push(violation(at, code::IN_USE, Field::Object, &site.domain));
        }
    }

    pub(super) fn user(&self, at: usize, user: &User, found: &mut Found) {
        let old = self.before.user(user.id).map(|u| u.tenant);
        self.tenant_exists(at, user.tenant, old, found);
        self.site_exists(at, user.tenant, user.site, found);
        name(at, Field::Name, &user.name, found);
        text(at, Field::Furigana, &user.furigana, found);
        for id in &user.pickup_departments {
            if self.after.department(*id).is_none_or(|d| d.tenant != user.tenant) {
                let id = id.to_string();
                found.push(violation(at, code::NO_DEPARTMENT, Field::Department, &id));
            }
        }
        let owner = DnOwner::User(user.id);
        self.number(at, user.tenant, user.dn, owner, found);
        self.web_user(at, (user.tenant, owner), &user.web_user, found);
    }

    pub(super) fn device(&self, at: usize, device: &Device, found: &mut Found) {
        let old = self.before.device(device.id).map(|d| d.tenant);
        self.tenant_exists(at, device.tenant, old, found);
        self.site_exists(at, device.tenant, device.site, found);
        text(at, Field::Label, &device.label, found);
        in_range(at, ("multicast-groups", Device::GROUPS), device.multicast_groups, found);
        if !plan::is_sip_id(&device.sip_id) {
            found.push(violation(at, code::BAD_SIP_ID, Field::SipId, &device.sip_id));
        }
        let owner = device.user.map(|id| self.after.user(id).map(|u| u.tenant));
        if owner.is_some_and(|tenant| tenant != Some(device.tenant)) {
            found.push(violation(at, code::NOT_FOUND, Field::User, &device.sip_id));
        }
        self.device_is_alone(at, device, found);
        self.terminals(at, device, found);
    }

    /// R315: a terminal more than a person may have. Who has too many keeps them.
    fn terminals(&self, at: usize, device: &Device, found: &mut Found) {
        let Some(user) = device.user else { return };
        if self.before.device(device.id).and_then(|old| old.user) == Some(user) {
            return;
        }
        let most = self.after.tenant(device.tenant).map_or(0, |t| t.accounts_max);
        if self.after.devices_of(user).len() > usize::from(most) {
            let with = Conflict { name: most.to_string().into(), ..Conflict::default() };
            let clash = violation(at, code::QUOTA, Field::User, &device.sip_id);
            found.push(Violation { with: Some(with), ..clash });
        }
    }

    fn device_is_alone(&self, at: usize, device: &Device, found: &mut Found) {
        let hash = hash_text(device.tenant.0.0, &device.sip_id);
        let same = self.after.device_by_sip.candidates(hash).filter(|d| {
            d.id != device.id
                && d.tenant == device.tenant
                && d.sip_id.eq_ignore_ascii_case(&device.sip_id)
        });
        let same = same.map(|d| (d, self.made.devices.get(&d.id).copied()));
        if let Some((other, change)) = rival(at, same) {
            let dn = other.user.and_then(|u| self.after.user(u)).map(|u| u.dn);
            let with = Conflict { change, dn, name: other.sip_id.clone(), noun: None };
            let clash = violation(at, code::DUPLICATE_SIP_ID, Field::SipId, &device.sip_id);
            found.push(Violation { with: Some(with), ..clash });
        }
    }

    pub(super) fn mobile(&self, at: usize, line: &MobileLine, found: &mut Found) {
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
            && self.after.user_by_dn(line.tenant, dn).is_none()
        {
            found.push(violation(at, code::NOT_FOUND, Field::Dn, &dn.text()));
        }
    }

    pub(super) fn admin(&self, at: usize, admin: &Admin, found: &mut Found) {
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
        let same = self.after.admins.from(|a| a.tenant < admin.tenant).iter();
        let same = same.take_while(|a| a.tenant == admin.tenant);
        let same = same.filter(|a| a.id != admin.id && a.login.eq_ignore_ascii_case(&admin.login));
        let same = same.map(|a| (a, self.made.admins.get(&a.id).copied()));
        if let Some((other, change)) = rival(at, same) {
            let with = Conflict { change, name: other.login.clone(), ..Conflict::default() };
            let clash = violation(at, code::DUPLICATE_WEB_USER, Field::Login, &admin.login);
            found.push(Violation { with: Some(with), ..clash });
        }
    }
}
