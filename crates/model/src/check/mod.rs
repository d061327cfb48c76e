//! The rules between durable objects, judged on the outcome of a set of changes.

mod codes;
mod directory;
mod emergency;
mod groups;
mod lines;
mod numbers;
mod sounds;
mod wording;

use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::sync::Arc;

use base::Dn;
use base::id::{
    AdminId, DepartmentId, DeviceId, GatewayId, LineId, SiteId, TenantId, UserId, VirtualDnId,
};

use crate::change::CredentialOwner;
use crate::deltas::Deltas;
use crate::destination::Destination;
use crate::violation::{Conflict, Field, Noun, Violation, code};
use crate::{Forward, Snapshot};
use groups::twice;

/// Longest name of a tenant, site, user or group, furigana and label, in characters.
const NAME_MAX: usize = 64;

type Found = Vec<Violation>;

/// What is judged.
pub(crate) struct Case<'a> {
    before: &'a Snapshot,
    after: &'a Snapshot,
    deltas: &'a Deltas,
    made: Made,
}

/// Index of the change that made or replaced each object of a set.
struct Made {
    tenants: BTreeMap<TenantId, usize>,
    sites: BTreeMap<SiteId, usize>,
    users: BTreeMap<UserId, usize>,
    devices: BTreeMap<DeviceId, usize>,
    admins: BTreeMap<AdminId, usize>,
    virtuals: BTreeMap<VirtualDnId, usize>,
    departments: BTreeMap<DepartmentId, usize>,
    hunts: BTreeMap<(TenantId, u16), usize>,
    slots: BTreeMap<(TenantId, Dn), usize>,
    gateways: BTreeMap<GatewayId, usize>,
    lines: BTreeMap<LineId, usize>,
}

fn made<I: Ord, T>(added: &[(usize, Arc<T>)], id: impl Fn(&T) -> I) -> BTreeMap<I, usize> {
    added.iter().map(|(at, v)| (id(v), *at)).collect()
}

impl<'a> Case<'a> {
    pub(crate) fn new(before: &'a Snapshot, after: &'a Snapshot, deltas: &'a Deltas) -> Self {
        let made = Made {
            tenants: made(&deltas.tenants.added, |t| t.id),
            sites: made(&deltas.sites.added, |s| s.id),
            users: made(&deltas.users.added, |u| u.id),
            devices: made(&deltas.devices.added, |d| d.id),
            admins: made(&deltas.admins.added, |a| a.id),
            virtuals: made(&deltas.virtuals.added, |v| v.id),
            departments: made(&deltas.departments.added, |d| d.id),
            hunts: made(&deltas.hunts.added, |h| (h.tenant, h.number)),
            slots: made(&deltas.slots.added, |s| (s.tenant, s.dn)),
            gateways: made(&deltas.gateways.added, |g| g.id),
            lines: made(&deltas.lines.added, |l| l.id),
        };
        Case { before, after, deltas, made }
    }

    fn tenant_exists(&self, at: usize, id: TenantId, old: Option<TenantId>, found: &mut Found) {
        if self.after.tenant(id).is_none() || old.is_some_and(|old| old != id) {
            found.push(violation(at, code::NOT_FOUND, Field::Tenant, ""));
        }
    }

    fn site_exists(&self, at: usize, tenant: TenantId, site: SiteId, found: &mut Found) {
        if self.after.site(site).is_none_or(|s| s.tenant != tenant) {
            found.push(violation(at, code::NOT_FOUND, Field::Site, ""));
        }
    }
}

/// Appends every broken rule.
pub(crate) fn check(case: &Case<'_>, found: &mut Found) {
    let deltas = case.deltas;
    deltas.tenants.added.iter().for_each(|(at, t)| case.tenant(*at, t, found));
    deltas.tenants.removed.iter().for_each(|(at, t)| case.tenant_gone(*at, t, found));
    deltas.sites.added.iter().for_each(|(at, s)| case.site(*at, s, found));
    deltas.sites.removed.iter().for_each(|(at, s)| case.site_gone(*at, s, found));
    deltas.users.added.iter().for_each(|(at, u)| case.user(*at, u, found));
    deltas.users.removed.iter().for_each(|(at, u)| case.user_gone(*at, u, found));
    deltas.devices.added.iter().for_each(|(at, d)| case.device(*at, d, found));
    let gone = deltas.devices.removed.iter().filter(|(_, d)| case.after.device(d.id).is_none());
    let devices = deltas.devices.added.iter().chain(gone);
    devices.for_each(|(at, d)| case.account_taken(*at, d, found));
    deltas.mobiles.added.iter().for_each(|(at, m)| case.mobile(*at, m, found));
    deltas.admins.added.iter().for_each(|(at, a)| case.admin(*at, a, found));
    deltas.virtuals.added.iter().for_each(|(at, v)| case.virtual_dn(*at, v, found));
    deltas.virtuals.removed.iter().for_each(|(at, v)| case.number_gone(*at, v.tenant, v.dn, found));
    deltas.departments.added.iter().for_each(|(at, d)| case.department(*at, d, found));
    case.departments_gone(found);
    deltas.hunts.added.iter().for_each(|(at, h)| case.hunt(*at, h, found));
    deltas.pickups.added.iter().for_each(|(at, p)| case.pickup(*at, p, found));
    deltas.slots.added.iter().for_each(|(at, s)| case.slot(*at, s, found));
    deltas.gateways.added.iter().for_each(|(at, g)| case.gateway(*at, g, found));
    deltas.gateways.removed.iter().for_each(|(at, g)| case.gateway_needed(*at, g, found));
    deltas.settings.added.iter().for_each(|(at, s)| case.settings(*at, s, found));
    deltas.sounds.added.iter().for_each(|(at, s)| case.sound(*at, s, found));
    deltas.sounds.removed.iter().for_each(|(at, s)| case.sound_gone(*at, s, found));
    deltas.lines.added.iter().for_each(|(at, l)| case.line(*at, l, found));
    deltas.lines.removed.iter().for_each(|(at, l)| case.line_gone(*at, l, found));
    deltas.gateways.removed.iter().for_each(|(at, g)| case.gateway_gone(*at, g, found));
    deltas.receptions.added.iter().for_each(|(at, r)| case.reception(*at, r, found));
    case.too_many_sounds(found);
    case.quota(found);
    case.collisions(found);
}

/// Appends a violation for each password whose owner does not exist in `after`.
pub(crate) fn passwords(
    after: &Snapshot,
    passwords: &[(usize, CredentialOwner)],
    found: &mut Found,
) {
    for (at, owner) in passwords {
        if owner.tenant(after).is_none() {
            found.push(violation(*at, code::NOT_FOUND, Field::Credential, ""));
        }
    }
}

/// The first of `others`, each with the change that made it, that the object made by change `at`
/// collides with: one in the data, or one made by an earlier change of the set.
fn rival<T>(
    at: usize,
    others: impl Iterator<Item = (T, Option<usize>)>,
) -> Option<(T, Option<usize>)> {
    others.filter(|(_, made)| made.is_none_or(|made| made < at)).min_by_key(|(_, made)| *made)
}

fn violation(change: usize, code: u16, field: Field, value: &str) -> Violation {
    Violation { change, code, field, value: value.into(), with: None }
}

/// `violation` with the object in the way.
fn against(violation: Violation, noun: Noun, name: &str) -> Violation {
    let with = Conflict { name: name.into(), noun: Some(noun), ..Conflict::default() };
    Violation { with: Some(with), ..violation }
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

/// A time or count that must be in `range`.
fn in_range<T: PartialOrd + Display>(
    at: usize,
    (name, range): (&'static str, RangeInclusive<T>),
    value: T,
    found: &mut Found,
) {
    if !range.contains(&value) {
        let bounds = format!("{}-{}", range.start(), range.end());
        let with = Conflict { name: bounds.into(), ..Conflict::default() };
        let out = violation(at, code::BAD_TEXT, Field::Range(name), &value.to_string());
        found.push(Violation { with: Some(with), ..out });
    }
}

/// Digits must have the right shape; whether a number exists is seen when a call comes.
fn lawful(at: usize, forwards: &[Forward], overflow: Option<&Destination>, found: &mut Found) {
    let lawful =
        forwards.iter().all(Forward::is_lawful) && overflow.is_none_or(Destination::is_lawful);
    if !lawful {
        found.push(violation(at, code::BAD_TEXT, Field::Destination, ""));
    }
}
