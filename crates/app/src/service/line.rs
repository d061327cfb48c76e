//! Lines (R210, R231, R232, R300–R303).

use std::borrow::Cow;

use base::id::{LineId, TenantId, UserId};
use model::{Change, DnOwner, Field, Inbound, Line, LineTarget, Snapshot, TenantOption};

use crate::service::noun::{Key, Noun, Place, Removal, one};
use crate::service::problem::{self, Problem};

/// The line that an address or a form names: by its 識別番号, or by its durable id.
pub fn named<'s>(snapshot: &'s Snapshot, tenant: TenantId, key: Key<'_>) -> Option<&'s Line> {
    let found = match key.id() {
        Some(id) => snapshot.line(LineId(id)),
        None => snapshot.line_by_code(tenant, key.dn()?),
    };
    found.filter(|l| l.tenant == tenant)
}

/// What speaks against a destination of calls that come in: a number that nobody has (238), a park
/// slot or a department that pages (244).
pub fn target_problem(
    snapshot: &Snapshot,
    tenant: TenantId,
    field: &str,
    to: LineTarget,
) -> Option<Problem> {
    let LineTarget::Dn(dn) = to else { return None };
    let refuse = |code| Problem::new(code, field, &dn.text());
    match snapshot.dn_owner(tenant, dn) {
        None => Some(refuse(238)),
        Some(DnOwner::ParkSlot(_)) => Some(refuse(244).with("park-slot", &dn.text(), None)),
        Some(DnOwner::Department(id)) => {
            let pages = snapshot.department(id).filter(|d| d.multicast)?;
            Some(refuse(244).with("department", &pages.name, Some(dn.text())))
        }
        Some(DnOwner::User(_) | DnOwner::Virtual(_) | DnOwner::Hunt(_)) => None,
    }
}

fn without(list: &[UserId], gone: &[UserId]) -> Box<[UserId]> {
    list.iter().filter(|id| !gone.contains(id)).copied().collect()
}

fn rule_problems(
    snapshot: &Snapshot,
    tenant: TenantId,
    field: &str,
    (old, new): (Option<&Inbound>, Option<&Inbound>),
) -> Option<Problem> {
    let new = new.filter(|new| Some(*new) != old)?;
    match *new {
        Inbound::To(to) => target_problem(snapshot, tenant, &format!("{field}.to"), to),
        Inbound::Registered { overflow, .. } => {
            target_problem(snapshot, tenant, &format!("{field}.overflow"), overflow?)
        }
    }
}

impl Noun for Line {
    const WORD: &'static str = "line";
    const KEY: &'static str = "code";
    const OPTION: Option<TenantOption> = Some(TenantOption::Gateways);

    fn place(&self) -> Place {
        Place::Dn(self.code)
    }

    fn key(&self) -> String {
        self.code.text()
    }

    fn all<'s>(
        snapshot: &'s Snapshot,
        tenant: TenantId,
    ) -> Box<dyn Iterator<Item = Cow<'s, Self>> + 's> {
        Box::new(snapshot.lines(tenant).map(one))
    }

    fn find<'s>(snapshot: &'s Snapshot, tenant: TenantId, key: Key<'_>) -> Option<Cow<'s, Self>> {
        named(snapshot, tenant, key).map(one)
    }

    fn words(&self, _: &Snapshot) -> Vec<String> {
        vec![self.code.text(), self.name.to_string(), self.number.text()]
    }

    /// Whoever gets it as initial line may call out on it and loses the one before (R210); the
    /// tenant's common line is one at a time.
    fn changes(&self, _: Option<&Self>, snapshot: &Snapshot) -> Vec<Change> {
        let mut out = vec![Change::LinePut(self.clone().settled())];
        for other in snapshot.lines(self.tenant).filter(|l| l.id != self.id) {
            let initial_of = without(&other.initial_of, &self.initial_of);
            let common = other.common && !self.common;
            let next = Line { initial_of, common, ..other.clone() };
            if next != *other {
                out.push(Change::LinePut(next));
            }
        }
        out
    }

    fn removal(&self, snapshot: &Snapshot) -> Removal {
        let mut removal =
            Removal { changes: vec![Change::LineDelete(self.id)], ..Removal::default() };
        for other in snapshot.lines(self.tenant).filter(|l| l.reserve == Some(self.id)) {
            let in_use = Problem::new(244, "reserve", &self.code.text());
            removal.dependants.push(in_use.with("line", &other.code.text(), None));
            removal.release.push(Change::LinePut(Line { reserve: None, ..other.clone() }));
        }
        removal
    }

    fn problems(&self, old: Option<&Self>, snapshot: &Snapshot) -> Vec<Problem> {
        let day = (old.map(|o| &o.day), Some(&self.day));
        let night = (old.and_then(|o| o.night.as_ref()), self.night.as_ref());
        let found = [("in_hours", day), ("outside_hours", night)];
        let found = found.into_iter();
        found.filter_map(|(name, pair)| rule_problems(snapshot, self.tenant, name, pair)).collect()
    }

    fn field(field: Field) -> String {
        match field {
            Field::LineNumber => "number".to_owned(),
            Field::Member => "receivers".to_owned(),
            Field::Sound => "in_hours".to_owned(),
            Field::Range(_) => "in_hours.ring_s".to_owned(),
            other => problem::field(other),
        }
    }
}
