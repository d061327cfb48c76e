//! Codes and prefixes: their shape, and that nothing collides (customer-control, section 6).

use std::collections::{BTreeMap, BTreeSet};

use base::Dn;
use base::id::TenantId;

use super::numbers::dn_plan;
use super::{Case, Found, violation};
use crate::code::{CodeKind, SiteCode};
use crate::collision::{Collision, Entry, PrefixOwner, Scene};
use crate::violation::{Conflict, Field, Noun, Violation, code};
use crate::{DnOwner, Site, Tenant};

/// A number that a change gives to somebody.
type NewNumber = (usize, Dn, DnOwner);

impl Case<'_> {
    pub(super) fn tenant_codes(&self, at: usize, tenant: &Tenant, found: &mut Found) {
        for (kind, code) in tenant.codes.iter() {
            if kind.check(code).is_err() {
                found.push(violation(at, code::BAD_CODE, Field::Code(kind), code.text()));
            }
        }
        if self.before.tenant(tenant.id).is_some_and(|old| old.preset != tenant.preset) {
            for (dn, _) in self.after.dns(tenant.id) {
                found.extend(dn_plan(at, tenant, dn));
            }
        }
    }

    pub(super) fn site_codes(&self, at: usize, site: &Site, found: &mut Found) {
        for kind in CodeKind::OF_CALL {
            if let SiteCode::Own(code) = site.code(kind)
                && kind.check(code).is_err()
            {
                found.push(violation(at, code::BAD_CODE, Field::Code(kind), code.text()));
            }
        }
    }

    /// Refuses what must not be side by side. A set that only adds numbers costs a search for
    /// each of them; every number is looked at only when a code or prefix of the tenant changes.
    pub(super) fn collisions(&self, found: &mut Found) {
        let mut numbers = self.new_numbers();
        let deltas = self.deltas;
        let mut settings: BTreeSet<TenantId> = BTreeSet::new();
        settings.extend(deltas.tenants.added.iter().map(|(_, t)| t.id));
        settings.extend(deltas.sites.added.iter().map(|(_, s)| s.tenant));
        settings.extend(deltas.gateways.added.iter().map(|(_, g)| g.tenant));
        settings.extend(deltas.lines.added.iter().map(|(_, l)| l.tenant));
        let tenants: BTreeSet<TenantId> =
            settings.iter().copied().chain(numbers.keys().copied()).collect();
        for tenant in tenants {
            let scene = Scene::of(self.after, tenant, false);
            let new = numbers.remove(&tenant).unwrap_or_default();
            let changed =
                settings.contains(&tenant) && scene != Scene::of(self.before, tenant, false);
            if changed {
                for collision in scene.collisions().iter().filter(|c| !c.warning) {
                    self.collision(tenant, collision, found);
                }
                self.all_numbers(tenant, &scene, &new, found);
            } else {
                for (at, dn, owner) in new {
                    let hit = scene.with_number(dn, owner).into_iter().next();
                    found.extend(hit.map(|hit| number_hits(at, dn, &hit.a)));
                }
            }
        }
    }

    /// Numbers that were made or changed, by tenant.
    fn new_numbers(&self) -> BTreeMap<TenantId, Vec<NewNumber>> {
        let deltas = self.deltas;
        let mut out: BTreeMap<TenantId, Vec<NewNumber>> = BTreeMap::new();
        let mut add = |at: usize, tenant: TenantId, dn: Dn, owner: DnOwner| {
            if self.before.dn_owner(tenant, dn) != Some(owner) {
                out.entry(tenant).or_default().push((at, dn, owner));
            }
        };
        deltas.users.added.iter().for_each(|(at, u)| add(*at, u.tenant, u.dn, DnOwner::User(u.id)));
        deltas.virtuals.added.iter().for_each(|(at, v)| {
            add(*at, v.tenant, v.dn, DnOwner::Virtual(v.id));
        });
        deltas.departments.added.iter().for_each(|(at, d)| {
            add(*at, d.tenant, d.dn, DnOwner::Department(d.id));
        });
        deltas.hunts.added.iter().for_each(|(at, h)| {
            add(*at, h.tenant, h.pilot, DnOwner::Hunt(h.number));
        });
        deltas.slots.added.iter().for_each(|(at, s)| {
            add(*at, s.tenant, s.dn, DnOwner::ParkSlot(s.site));
        });
        out
    }

    /// Every number of a tenant against its codes and prefixes: a violation for each new number
    /// that hits what was there, and for each new code or prefix with the first number it hits.
    fn all_numbers(&self, tenant: TenantId, scene: &Scene, new: &[NewNumber], found: &mut Found) {
        let new: BTreeMap<Dn, usize> = new.iter().map(|(at, dn, _)| (*dn, *at)).collect();
        let old = Scene::of(self.before, tenant, false);
        let mut told = BTreeSet::new();
        for (dn, owner) in self.after.dns(tenant) {
            for hit in scene.with_number(dn, owner) {
                // Codes and prefixes come before numbers in a collision.
                let (entry, made) = (hit.a, new.get(&dn).copied());
                let change = self.change_of(tenant, &entry);
                match (made, change) {
                    (Some(at), _) if old.has(&entry) => found.push(number_hits(at, dn, &entry)),
                    (_, Some(at)) => {
                        let first = told.insert(entry.clone());
                        found.extend(first.then(|| entry_hits(at, &entry, &hit.b, made)));
                    }
                    (Some(at), None) => found.push(number_hits(at, dn, &entry)),
                    (None, None) => {}
                }
            }
        }
    }

    /// Two codes or prefixes, or one and a reserved number; the later change is to blame.
    fn collision(&self, tenant: TenantId, collision: &Collision, found: &mut Found) {
        let Collision { a, b, .. } = collision;
        let (of_a, of_b) = (self.change_of(tenant, a), self.change_of(tenant, b));
        match (of_a, of_b) {
            (Some(at), other) if other.is_none_or(|o| o <= at) => {
                found.push(entry_hits(at, a, b, other.filter(|o| *o != at)));
            }
            (other, Some(at)) => found.push(entry_hits(at, b, a, other)),
            (_, None) => {}
        }
    }

    /// The change that set or activated a code or prefix.
    fn change_of(&self, tenant: TenantId, entry: &Entry) -> Option<usize> {
        let company = self.made.tenants.get(&tenant);
        let at = match entry {
            Entry::Code { site: None, .. } => company,
            Entry::Code { site: Some(site), .. } => self.made.sites.get(site).or(company),
            Entry::Prefix { what: PrefixOwner::Site(id), .. } => self.made.sites.get(id),
            Entry::Prefix { what: PrefixOwner::Gateway(id), .. } => {
                self.made.gateways.get(id).or(company)
            }
            Entry::Prefix { what: PrefixOwner::Line(id), .. } => {
                self.made.lines.get(id).or(company)
            }
            Entry::Number { .. } | Entry::Reserved(_) => None,
        };
        at.copied()
    }
}

/// A number that collides with a code or prefix in force.
fn number_hits(at: usize, dn: Dn, entry: &Entry) -> Violation {
    let clash = violation(at, code::COLLISION, Field::Dn, &dn.text());
    Violation { with: Some(conflict(entry, None)), ..clash }
}

/// A code or prefix that collides with `other`, made by `change` of the same set.
fn entry_hits(at: usize, entry: &Entry, other: &Entry, change: Option<usize>) -> Violation {
    let field = match entry {
        Entry::Code { kind, .. } => Field::Code(*kind),
        _ => Field::Prefix,
    };
    let clash = violation(at, code::CODE_COLLISION, field, &entry.text());
    Violation { with: Some(conflict(other, change)), ..clash }
}

fn conflict(entry: &Entry, change: Option<usize>) -> Conflict {
    let (noun, dn) = match entry {
        Entry::Code { kind, .. } => (Noun::Code(*kind), None),
        Entry::Prefix { what: PrefixOwner::Site(_), .. } => (Noun::Site, None),
        Entry::Prefix { what: PrefixOwner::Gateway(_), .. } => (Noun::Gateway, None),
        Entry::Prefix { what: PrefixOwner::Line(_), .. } => (Noun::Line, None),
        Entry::Number { dn, owner } => (Noun::of(*owner), Some(*dn)),
        Entry::Reserved(_) => (Noun::Reserved, None),
    };
    Conflict { change, dn, name: entry.text().into(), noun: Some(noun) }
}
