//! Numbers: their shape, their owners, what is left behind by those that go, the quota.

use std::collections::BTreeMap;

use base::Dn;
use base::id::TenantId;

use super::{Case, Found, against, in_range, name, rival, violation};
use crate::index::{hash_of, hash_text};
use crate::plan::{self, PlanError};
use crate::violation::{Conflict, Field, Noun, Violation, code};
use crate::{DnOwner, DnSettings, Tenant, User, VirtualDn};

/// Someone or something that has a number already.
struct Holder<'a> {
    noun: Noun,
    dn: Dn,
    name: &'a str,
}

impl Case<'_> {
    pub(super) fn virtual_dn(&self, at: usize, number: &VirtualDn, found: &mut Found) {
        let old = self.before.virtual_dn(number.id).map(|v| v.tenant);
        self.tenant_exists(at, number.tenant, old, found);
        self.site_exists(at, number.tenant, number.site, found);
        name(at, Field::Name, &number.name, found);
        self.number(at, number.tenant, number.dn, DnOwner::Virtual(number.id), found);
        let owner = DnOwner::Virtual(number.id);
        self.web_user(at, (number.tenant, owner), &number.web_user, found);
    }

    /// Shape of a number, and that nobody else has it.
    pub(super) fn number(
        &self,
        at: usize,
        tenant: TenantId,
        dn: Dn,
        owner: DnOwner,
        found: &mut Found,
    ) {
        if let Some(tenant) = self.after.tenant(tenant) {
            found.extend(dn_plan(at, tenant, dn));
        }
        let Some((holder, change)) = rival(at, self.holders(tenant, dn, owner)) else { return };
        let code = if holder.noun == Noun::of(owner) { code::DUPLICATE } else { code::IN_USE };
        let with =
            Conflict { change, dn: Some(dn), name: holder.name.into(), noun: Some(holder.noun) };
        let clash = violation(at, code, Field::Dn, &dn.text());
        found.push(Violation { with: Some(with), ..clash });
    }

    /// All who have the number, `owner` apart, each with the change that gave it to them.
    fn holders(
        &self,
        tenant: TenantId,
        dn: Dn,
        owner: DnOwner,
    ) -> impl Iterator<Item = (Holder<'_>, Option<usize>)> {
        let (after, made, hash) = (self.after, &self.made, hash_of(&(tenant, dn)));
        let other = move |t: TenantId, d: Dn, o: DnOwner| (t, d) == (tenant, dn) && o != owner;
        let users = after.user_by_dn.candidates(hash);
        let users = users.filter(move |u| other(u.tenant, u.dn, DnOwner::User(u.id))).map(|u| {
            (Holder { noun: Noun::User, dn: u.dn, name: &u.name }, made.users.get(&u.id).copied())
        });
        let virtuals = after.virtual_by_dn.candidates(hash);
        let virtuals = virtuals.filter(move |v| other(v.tenant, v.dn, DnOwner::Virtual(v.id)));
        let virtuals = virtuals.map(|v| {
            let holder = Holder { noun: Noun::Virtual, dn: v.dn, name: &v.name };
            (holder, made.virtuals.get(&v.id).copied())
        });
        let departments = after.department_by_dn.candidates(hash);
        let departments =
            departments.filter(move |d| other(d.tenant, d.dn, DnOwner::Department(d.id)));
        let departments = departments.map(|d| {
            let holder = Holder { noun: Noun::Department, dn: d.dn, name: &d.name };
            (holder, made.departments.get(&d.id).copied())
        });
        let hunts = after.hunt_by_pilot.candidates(hash);
        let hunts = hunts.filter(move |h| other(h.tenant, h.pilot, DnOwner::Hunt(h.number)));
        let hunts = hunts.map(|h| {
            let holder = Holder { noun: Noun::Hunt, dn: h.pilot, name: &h.name };
            (holder, made.hunts.get(&(h.tenant, h.number)).copied())
        });
        let slots = after.slot_by_dn.candidates(hash);
        let slots = slots.filter(move |s| other(s.tenant, s.dn, DnOwner::ParkSlot(s.site)));
        let slots = slots.map(|s| {
            let holder = Holder { noun: Noun::ParkSlot, dn: s.dn, name: "" };
            (holder, made.slots.get(&(s.tenant, s.dn)).copied())
        });
        users.chain(virtuals).chain(departments).chain(hunts).chain(slots)
    }

    /// Shape of a portal name, and that no other user or virtual number has it.
    pub(super) fn web_user(
        &self,
        at: usize,
        (tenant, owner): (TenantId, DnOwner),
        web_user: &str,
        found: &mut Found,
    ) {
        if web_user.is_empty() {
            return;
        }
        if !plan::is_web_user(web_user) {
            found.push(violation(at, code::BAD_WEB_USER, Field::WebUser, web_user));
        }
        let hash = hash_text(tenant.0.0, web_user);
        let same = |t: TenantId, o: DnOwner, text: &str| {
            t == tenant && o != owner && text.eq_ignore_ascii_case(web_user)
        };
        let users = self.after.user_by_web.candidates(hash);
        let users = users.filter(|u| same(u.tenant, DnOwner::User(u.id), &u.web_user));
        let users = users.map(|u| {
            let holder = Holder { noun: Noun::User, dn: u.dn, name: &u.name };
            (holder, self.made.users.get(&u.id).copied())
        });
        let virtuals = self.after.virtual_by_web.candidates(hash);
        let virtuals =
            virtuals.filter(|v| same(v.tenant, DnOwner::Virtual(v.id), &v.web_user)).map(|v| {
                let holder = Holder { noun: Noun::Virtual, dn: v.dn, name: &v.name };
                (holder, self.made.virtuals.get(&v.id).copied())
            });
        if let Some((holder, change)) = rival(at, users.chain(virtuals)) {
            let (name, noun) = (holder.name.into(), Some(holder.noun));
            let with = Conflict { change, dn: Some(holder.dn), name, noun };
            let clash = violation(at, code::DUPLICATE_WEB_USER, Field::WebUser, web_user);
            found.push(Violation { with: Some(with), ..clash });
        }
    }

    /// A user who leaves, or whose number does, must leave nothing behind.
    pub(super) fn user_gone(&self, at: usize, user: &User, found: &mut Found) {
        if self.after.user(user.id).is_none() {
            for device in self.after.devices_of(user.id) {
                let sip_id = self.after.device(*device).map_or("", |d| &*d.sip_id);
                let with =
                    Conflict { dn: Some(user.dn), name: sip_id.into(), ..Conflict::default() };
                let clash = violation(at, code::IN_USE, Field::User, &user.name);
                found.push(Violation { with: Some(with), ..clash });
            }
            for id in self.after.departments_of(user.id) {
                let name = self.after.department(*id).map_or("", |d| &*d.name);
                let clash = violation(at, code::IN_GROUP, Field::Member, &user.dn.text());
                found.push(against(clash, Noun::Department, name));
            }
        }
        if self.after.user_by_dn(user.tenant, user.dn).is_some() {
            return;
        }
        if let Some(line) = self.after.mobile_of_dn(user.tenant, user.dn) {
            let name = line.number.to_string().into();
            let with = Conflict { dn: Some(user.dn), name, ..Conflict::default() };
            let clash = violation(at, code::IN_USE, Field::Dn, &user.dn.text());
            found.push(Violation { with: Some(with), ..clash });
        }
        if let Some(number) = self.after.hunt_of_member(user.tenant, user.dn) {
            let clash = violation(at, code::IN_GROUP, Field::Member, &user.dn.text());
            found.push(against(clash, Noun::Hunt, &number.to_string()));
        }
        self.number_gone(at, user.tenant, user.dn, found);
    }

    /// A number that nobody has any more must be in no pickup group and have no settings.
    pub(super) fn number_gone(&self, at: usize, tenant: TenantId, dn: Dn, found: &mut Found) {
        let after = self.after;
        if is_extension(after.dn_owner(tenant, dn)) {
            return;
        }
        for number in after.pickup_groups_of(tenant, dn) {
            let clash = violation(at, code::IN_GROUP, Field::Member, &dn.text());
            found.push(against(clash, Noun::Pickup, &number.to_string()));
        }
        if after.dn_settings(tenant, dn).is_some() {
            found.push(violation(at, code::IN_USE, Field::Settings, &dn.text()));
        }
    }

    pub(super) fn settings(&self, at: usize, settings: &DnSettings, found: &mut Found) {
        let DnSettings { tenant, dn, .. } = *settings;
        self.tenant_exists(at, tenant, None, found);
        if !is_extension(self.after.dn_owner(tenant, dn)) {
            found.push(violation(at, code::NOT_FOUND, Field::Dn, &dn.text()));
        }
        for (name, range, value) in [
            ("no-answer-s", DnSettings::DELAY_S, settings.no_answer_s),
            ("voicemail-s", DnSettings::DELAY_S, settings.voicemail_s),
            ("call-limit", DnSettings::CALL_LIMIT, settings.call_limit),
            ("record-s", DnSettings::RECORD_S, settings.record_s),
            ("messages-max", DnSettings::MESSAGES_MAX, settings.messages_max),
            ("keep-days", DnSettings::KEEP_DAYS, settings.keep_days),
        ] {
            in_range(at, (name, range), value, found);
        }
        self.destinations((at, tenant), &settings.forwards, None, found);
    }

    /// One violation per tenant: at the first new extension that is too many.
    pub(super) fn quota(&self, found: &mut Found) {
        let mut made: BTreeMap<TenantId, Vec<usize>> = BTreeMap::new();
        for (at, user) in &self.deltas.users.added {
            if self.before.user(user.id).is_none() {
                made.entry(user.tenant).or_default().push(*at);
            }
        }
        for (at, number) in &self.deltas.virtuals.added {
            if self.before.virtual_dn(number.id).is_none() {
                made.entry(number.tenant).or_default().push(*at);
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
}

/// Whether the number is that of a user or a virtual one.
fn is_extension(owner: Option<DnOwner>) -> bool {
    matches!(owner, Some(DnOwner::User(_) | DnOwner::Virtual(_)))
}

/// What the numbering plan of a tenant says against a number.
pub(super) fn dn_plan(at: usize, tenant: &Tenant, dn: Dn) -> Option<Violation> {
    let text = dn.text();
    match plan::check_dn(tenant.preset, dn) {
        Ok(()) => None,
        Err(PlanError::Shape) => Some(violation(at, code::BAD_DN, Field::Dn, &text)),
        Err(PlanError::Reserved(number)) => {
            let clash = violation(at, code::COLLISION, Field::Dn, &text);
            Some(against(clash, Noun::Reserved, number))
        }
    }
}
