//! What every configurable object can do.

use std::borrow::Cow;

use base::id::TenantId;
use base::{Dn, Uuid};
use model::{Change, Field, Snapshot, TenantOption};

use crate::service::problem::Problem;

/// An object's place in the list of its kind; unique in the tenant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// Number of a group.
    Number(u16),
    /// Extension number: shorter ones first, then by digits.
    Dn(Dn),
    /// SIP id, case ignored.
    Text(String),
    /// Durable id.
    Id(Uuid),
}

impl Place {
    /// Stable text, for cursors.
    pub fn text(&self) -> String {
        match self {
            Place::Number(number) => format!("n{number}"),
            Place::Dn(dn) => format!("d{dn}"),
            Place::Text(text) => format!("t{text}"),
            Place::Id(id) => format!("i{id}"),
        }
    }

    /// Reads what [`Place::text`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.get(1..)?;
        match text.as_bytes().first()? {
            b'n' => rest.parse().ok().map(Place::Number),
            b'd' => Dn::parse(rest).ok().map(Place::Dn),
            b't' => Some(Place::Text(rest.to_owned())),
            b'i' => Uuid::parse(rest).map(Place::Id),
            _ => None,
        }
    }
}

/// How an object is named in an address: by its durable id or by its number.
#[derive(Debug, Clone, Copy)]
pub struct Key<'a>(pub &'a str);

impl Key<'_> {
    /// As durable id: 36 characters with hyphens, which no number has.
    pub fn id(self) -> Option<Uuid> {
        if self.0.len() == 36 { Uuid::parse(self.0) } else { None }
    }

    /// As extension number.
    pub fn dn(self) -> Option<Dn> {
        Dn::parse(self.0).ok()
    }

    /// As number of a group.
    pub fn number(self) -> Option<u16> {
        let plain = self.0.bytes().all(|b| b.is_ascii_digit()) && !self.0.starts_with('0');
        if plain { self.0.parse().ok() } else { None }
    }
}

/// What goes with an object that is removed.
#[derive(Debug, Clone, Default)]
pub struct Removal {
    /// The deletion itself, and what belongs to the object alone.
    pub changes: Vec<Change>,
    /// What is in the way; none = nothing is.
    pub dependants: Vec<Problem>,
    /// Frees the dependants; made only when the removal is forced (R034).
    pub release: Vec<Change>,
}

/// A configurable object of a tenant.
pub trait Noun: Clone + PartialEq + Send + Sync + 'static {
    /// Stable word for the audit trail and message ids, for example `hunt`.
    const WORD: &'static str;
    /// Name of the field that [`Noun::key`] comes from.
    const KEY: &'static str;
    /// What must be contracted to have any (R236).
    const OPTION: Option<TenantOption> = None;

    /// Its place in the list.
    fn place(&self) -> Place;

    /// Its name in an address, the one that people know.
    fn key(&self) -> String;

    /// All of a tenant, in any order.
    fn all<'s>(
        snapshot: &'s Snapshot,
        tenant: TenantId,
    ) -> Box<dyn Iterator<Item = Cow<'s, Self>> + 's>;

    /// The one that an address names; never one of another tenant.
    fn find<'s>(snapshot: &'s Snapshot, tenant: TenantId, key: Key<'_>) -> Option<Cow<'s, Self>>;

    /// What a search looks at.
    fn words(&self, snapshot: &Snapshot) -> Vec<String>;

    /// The changes that put it in the place of `old`.
    fn changes(&self, old: Option<&Self>, snapshot: &Snapshot) -> Vec<Change>;

    /// What its removal takes.
    fn removal(&self, snapshot: &Snapshot) -> Removal;

    /// Rules beyond those of the model, for what differs from `old`: destinations, options.
    fn problems(&self, _old: Option<&Self>, _snapshot: &Snapshot) -> Vec<Problem> {
        Vec::new()
    }

    /// The name that people see of a field of the model.
    fn field(field: Field) -> String {
        crate::service::problem::field(field)
    }
}

/// One object, borrowed.
pub(crate) fn one<T: Clone>(found: &T) -> Cow<'_, T> {
    Cow::Borrowed(found)
}
