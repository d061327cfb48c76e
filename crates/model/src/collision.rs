//! The checker of codes, prefixes and numbers (customer-control, section 6): a pure function over
//! everything that a tenant and its sites dial or press.
//!
//! Only what is active is looked at: a code without its option and a gateway without the option
//! for gateways are hidden from administrators and must not be in the way. Contracting the option
//! brings them in and is refused while they collide. A site's own code takes the place of the
//! tenant's for that site; codes of two sites never meet.

use std::collections::{BTreeMap, BTreeSet};

use base::Dn;
use base::id::{GatewayId, LineId, SiteId, TenantId};

use crate::code::{Code, CodeKind, SiteCode};
use crate::plan::{self, RESERVED};
use crate::{DnOwner, Line, Snapshot, TenantOption};

/// Whose dial prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PrefixOwner {
    /// 拠点番号.
    Site(SiteId),
    /// GW識別番号.
    Gateway(GatewayId),
    /// A line's own prefix (R303).
    Line(LineId),
}

/// Something that is dialled or pressed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Entry {
    /// 特番.
    Code {
        /// Which.
        kind: CodeKind,
        /// Its characters.
        code: Code,
        /// The site that has it of its own; `None` = the tenant's.
        site: Option<SiteId>,
    },
    /// A dial prefix.
    Prefix {
        /// Whose.
        what: PrefixOwner,
        /// Its digits.
        digits: Box<str>,
    },
    /// A number of the tenant.
    Number {
        /// The number.
        dn: Dn,
        /// Whose.
        owner: DnOwner,
    },
    /// A public number that nothing may collide with; `"0"` for all that begin with 0 (J05).
    Reserved(&'static str),
}

/// How two entries stand to each other; the closest one that holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Relation {
    /// The same characters.
    Equals,
    /// One begins the other.
    Begins,
    /// One is inside the other.
    Contains,
}

/// Two entries that must not be side by side, or should not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Collision {
    /// The lesser entry: codes before prefixes before numbers before reserved ones.
    pub a: Entry,
    /// The other.
    pub b: Entry,
    /// What they are to each other.
    pub relation: Relation,
    /// Allowed, but people should know (N06): a number that begins another one is reached in
    /// in-call dialling only after 4 s or the dial-confirm code.
    pub warning: bool,
}

/// Everything in a tenant that collides, warnings included, in order.
pub fn collisions(snapshot: &Snapshot, tenant: TenantId) -> Vec<Collision> {
    Scene::of(snapshot, tenant, true).collisions()
}

/// What `entry` would collide with if it were set, in the place of what is there now: for forms
/// and for notes on single numbers. Looks at every number of the tenant.
pub fn collisions_with(snapshot: &Snapshot, tenant: TenantId, entry: &Entry) -> Vec<Collision> {
    let scene = Scene::of(snapshot, tenant, true);
    let mut out: Vec<_> =
        scene.met_by(entry).into_iter().filter_map(|other| judge(entry, other)).collect();
    out.sort();
    out
}

impl Entry {
    /// The characters.
    pub fn text(&self) -> String {
        match self {
            Entry::Code { code, .. } => code.text().to_owned(),
            Entry::Prefix { digits, .. } => digits.to_string(),
            Entry::Number { dn, .. } => dn.text(),
            Entry::Reserved(text) => (*text).to_owned(),
        }
    }

    /// Whether both stand for the same setting, so that one replaces the other.
    fn same_place(&self, other: &Entry) -> bool {
        match (self, other) {
            (Entry::Code { kind, site, .. }, Entry::Code { kind: k, site: s, .. }) => {
                (kind, site) == (k, s)
            }
            (Entry::Prefix { what, .. }, Entry::Prefix { what: w, .. }) => what == w,
            (Entry::Number { owner, dn }, Entry::Number { owner: o, dn: d }) => match owner {
                DnOwner::ParkSlot(_) => (owner, dn) == (o, d),
                _ => owner == o,
            },
            _ => false,
        }
    }
}

/// The active entries of a tenant, found by their characters.
pub(crate) struct Scene {
    entries: Vec<Entry>,
    /// (characters, index of the entry), sorted.
    by_text: Vec<(Box<str>, usize)>,
    /// Codes of the tenant that do not hold for a site, as it has its own or none.
    replaced: BTreeSet<(SiteId, CodeKind)>,
    /// Indexes of the codes, by site; the tenant's under `None`.
    codes: BTreeMap<Option<SiteId>, Vec<usize>>,
}

/// Equal entries, in the order of their making.
impl PartialEq for Scene {
    fn eq(&self, other: &Self) -> bool {
        self.entries == other.entries && self.replaced == other.replaced
    }
}

impl Scene {
    /// The entries of `tenant`; its numbers only when `numbers`.
    pub(crate) fn of(snapshot: &Snapshot, tenant: TenantId, numbers: bool) -> Self {
        let mut entries = Vec::new();
        let mut replaced = BTreeSet::new();
        let Some(company) = snapshot.tenant(tenant) else {
            return Scene::from_entries(entries, replaced);
        };
        let active = |kind| Some(Entry::Code { kind, code: company.code(kind)?, site: None });
        entries.extend(CodeKind::ALL.into_iter().filter_map(active));
        for site in snapshot.sites(tenant) {
            // What has no lawful shape is refused for that, and would collide with much.
            let number = site.number.iter().filter(|n| plan::is_site_number(n));
            let what = PrefixOwner::Site(site.id);
            entries.extend(number.map(|digits| Entry::Prefix { what, digits: digits.clone() }));
            for kind in CodeKind::OF_CALL {
                if site.code(kind) != SiteCode::Inherit {
                    replaced.insert((site.id, kind));
                }
                if let SiteCode::Own(code) = site.code(kind)
                    && company.options.permits(kind)
                {
                    entries.push(Entry::Code { kind, code, site: Some(site.id) });
                }
            }
        }
        if company.options.contains(TenantOption::Gateways) {
            let gateways = snapshot.gateways(tenant);
            let gateways = gateways.filter(|g| plan::is_gateway_prefix(&g.prefix));
            entries.extend(gateways.map(|g| Entry::Prefix {
                what: PrefixOwner::Gateway(g.id),
                digits: g.prefix.clone(),
            }));
            let own = |l: &Line| l.prefix.clone().filter(|p| plan::is_gateway_prefix(p));
            entries.extend(snapshot.lines(tenant).filter_map(|l| {
                Some(Entry::Prefix { what: PrefixOwner::Line(l.id), digits: own(l)? })
            }));
        }
        entries.extend(RESERVED.iter().chain(&["0"]).copied().map(Entry::Reserved));
        if numbers {
            entries.extend(snapshot.dns(tenant).map(|(dn, owner)| Entry::Number { dn, owner }));
        }
        Scene::from_entries(entries, replaced)
    }

    fn from_entries(entries: Vec<Entry>, replaced: BTreeSet<(SiteId, CodeKind)>) -> Self {
        let text = |(at, entry): (usize, &Entry)| (entry.text().into(), at);
        let mut by_text: Vec<(Box<str>, usize)> = entries.iter().enumerate().map(text).collect();
        by_text.sort_unstable();
        let mut codes: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for (at, entry) in entries.iter().enumerate() {
            if let Entry::Code { site, .. } = entry {
                codes.entry(*site).or_default().push(at);
            }
        }
        Scene { entries, by_text, replaced, codes }
    }

    /// Whether there is just this entry.
    pub(crate) fn has(&self, entry: &Entry) -> bool {
        self.entries.contains(entry)
    }

    /// The entries from the first that is not before `text`.
    fn from(&self, text: &str) -> std::slice::Iter<'_, (Box<str>, usize)> {
        let start = self.by_text.partition_point(|(t, _)| **t < *text);
        self.by_text.get(start..).unwrap_or_default().iter()
    }

    /// Indexes of the entries that begin with `text` or are the beginning of it.
    fn near<'s>(&'s self, text: &'s str) -> impl Iterator<Item = usize> + 's {
        let longer = self.from(text).take_while(move |(t, _)| t.starts_with(text));
        let shorter = (1..text.len())
            .filter_map(|len| text.get(..len))
            .flat_map(move |head| self.from(head).take_while(move |(t, _)| **t == *head));
        longer.chain(shorter).map(|(_, at)| *at)
    }

    /// Whether both can be meant in one place.
    fn meet(&self, a: &Entry, b: &Entry) -> bool {
        let (Entry::Code { site: sa, kind: ka, .. }, Entry::Code { site: sb, kind: kb, .. }) =
            (a, b)
        else {
            return true;
        };
        let at = |site: SiteId, kind: CodeKind| !self.replaced.contains(&(site, kind));
        match (sa, sb) {
            (None, None) => true,
            (Some(sa), Some(sb)) => sa == sb,
            (Some(site), None) => at(*site, *kb),
            (None, Some(site)) => at(*site, *ka),
        }
    }

    /// The entries whose characters might collide with those of `entry`, its own place apart.
    fn met_by<'s>(&'s self, entry: &Entry) -> Vec<&'s Entry> {
        let text = entry.text();
        let mut near: BTreeSet<usize> = self.near(&text).collect();
        match entry {
            Entry::Code { site: None, .. } => near.extend(self.codes.values().flatten()),
            Entry::Code { site, .. } => {
                near.extend([&None, site].into_iter().filter_map(|s| self.codes.get(s)).flatten());
            }
            Entry::Prefix { .. } | Entry::Number { .. } | Entry::Reserved(_) => {}
        }
        let found = near.into_iter().filter_map(|at| self.entries.get(at));
        found.filter(|other| !entry.same_place(other) && self.meet(entry, other)).collect()
    }

    /// Everything that collides, in order.
    pub(crate) fn collisions(&self) -> Vec<Collision> {
        let mut out = Vec::new();
        for entry in &self.entries {
            let met = self.met_by(entry).into_iter().filter(|other| entry < *other);
            out.extend(met.filter_map(|other| judge(entry, other)));
        }
        out.sort();
        out
    }

    /// What a number collides with, numbers and reserved ones apart.
    pub(crate) fn with_number(&self, dn: Dn, owner: DnOwner) -> Vec<Collision> {
        let number = Entry::Number { dn, owner };
        let text = dn.text();
        let near = self.near(&text).filter_map(|at| self.entries.get(at));
        let near = near.filter(|e| matches!(e, Entry::Code { .. } | Entry::Prefix { .. }));
        near.filter_map(|entry| judge(&number, entry)).collect()
    }
}

/// The collision of two entries that meet, if there is one.
fn judge(one: &Entry, two: &Entry) -> Option<Collision> {
    let (a, b) = if one <= two { (one, two) } else { (two, one) };
    let (at, bt) = (a.text(), b.text());
    let relation = if at == bt {
        Relation::Equals
    } else if at.starts_with(&bt) || bt.starts_with(&at) {
        Relation::Begins
    } else if at.contains(&bt) || bt.contains(&at) {
        Relation::Contains
    } else {
        return None;
    };
    let barred = barred(a, b).max(barred(b, a))?;
    if relation > barred {
        return None;
    }
    let numbers = matches!((a, b), (Entry::Number { .. }, Entry::Number { .. }));
    let warning = numbers && relation != Relation::Equals;
    Some(Collision { a: a.clone(), b: b.clone(), relation, warning })
}

/// The widest relation that `a` may not have to `b` by the rows of the table that name `a` first.
fn barred(a: &Entry, b: &Entry) -> Option<Relation> {
    match (a, b) {
        (Entry::Prefix { digits, .. }, Entry::Reserved("0")) if **digits == *"0" => None,
        (Entry::Reserved(_), _) => None,
        (_, Entry::Reserved(_)) => Some(Relation::Begins),
        (Entry::Number { .. }, Entry::Number { .. }) => Some(Relation::Begins),
        (Entry::Prefix { .. }, Entry::Number { .. } | Entry::Prefix { .. }) => {
            Some(Relation::Begins)
        }
        (Entry::Code { kind, .. }, Entry::Prefix { .. }) => match kind {
            CodeKind::DialConfirm | CodeKind::PushToneSend => Some(Relation::Equals),
            _ => Some(Relation::Begins),
        },
        (Entry::Code { kind, .. }, Entry::Number { .. }) => match kind {
            CodeKind::DialConfirm | CodeKind::PushToneSend => None,
            _ => Some(Relation::Begins),
        },
        (Entry::Code { kind, code, .. }, Entry::Code { kind: other, code: text, .. }) => {
            barred_codes((*kind, *code), (*other, *text))
        }
        (Entry::Prefix { .. } | Entry::Number { .. }, _) => None,
    }
}

fn barred_codes((a, a_code): (CodeKind, Code), (b, b_code): (CodeKind, Code)) -> Option<Relation> {
    let of_call = |kind| CodeKind::OF_CALL.contains(&kind);
    if a == b {
        // The same code of two scopes.
        None
    } else if of_call(a) && of_call(b) {
        Some(Relation::Contains)
    } else if a == CodeKind::DialConfirm && b.is_dialled() && b_code.contains(a_code) {
        // It would cut the dialling of `b` short.
        Some(Relation::Contains)
    } else if a == CodeKind::Hold && b.is_dialled() || a.is_dialled() && b.is_dialled() {
        Some(Relation::Begins)
    } else if matches!(a, CodeKind::DialConfirm | CodeKind::PushToneSend)
        && matches!(b, CodeKind::Pickup | CodeKind::GroupPickup)
    {
        Some(Relation::Equals)
    } else {
        None
    }
}
