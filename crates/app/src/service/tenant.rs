//! The company itself: codes, options, quota, rules of passwords (R236, R241, R320).

use std::borrow::Cow;

use base::id::TenantId;
use model::{Change, Destination, Field, Snapshot, Tenant};

use crate::service::destination::{self, Owner};
use crate::service::noun::{Key, Noun, Place, Removal, one};
use crate::service::problem::{self, Problem};

const STOPPED_TO: &str = "stopped_to";

impl Noun for Tenant {
    const WORD: &'static str = "tenant";
    const KEY: &'static str = "id";

    fn place(&self) -> Place {
        Place::Id(self.id.0)
    }

    fn key(&self) -> String {
        self.id.to_string()
    }

    fn all<'s>(
        snapshot: &'s Snapshot,
        tenant: TenantId,
    ) -> Box<dyn Iterator<Item = Cow<'s, Self>> + 's> {
        Box::new(snapshot.tenant(tenant).map(one).into_iter())
    }

    fn find<'s>(snapshot: &'s Snapshot, tenant: TenantId, key: Key<'_>) -> Option<Cow<'s, Self>> {
        let asked = key.id().is_none_or(|id| id == tenant.0);
        snapshot.tenant(tenant).filter(|_| asked).map(one)
    }

    fn words(&self, _: &Snapshot) -> Vec<String> {
        vec![self.name.to_string(), self.realm.to_string()]
    }

    fn changes(&self, _: Option<&Self>, _: &Snapshot) -> Vec<Change> {
        vec![Change::TenantPut(self.clone())]
    }

    fn removal(&self, _: &Snapshot) -> Removal {
        Removal { changes: vec![Change::TenantDelete(self.id)], ..Removal::default() }
    }

    fn problems(&self, old: Option<&Self>, snapshot: &Snapshot) -> Vec<Problem> {
        let Some(to) = &self.stopped_to else { return Vec::new() };
        if old.is_some_and(|o| o.stopped_to.as_ref() == Some(to)) {
            return Vec::new();
        }
        stopped_to(self.id, to, snapshot).into_iter().collect()
    }

    fn field(field: Field) -> String {
        match field {
            Field::Destination => STOPPED_TO.to_owned(),
            other => problem::field(other),
        }
    }
}

/// What speaks against a destination of calls to stopped users. It is the same for all sites, so
/// an outside number will do that one of them may forward to; a mailbox will not, since the person
/// whose it is cannot open it.
fn stopped_to(tenant: TenantId, to: &Destination, snapshot: &Snapshot) -> Option<Problem> {
    if *to == Destination::Voicemail {
        let mailbox = Problem::new(244, STOPPED_TO, &destination::text(to));
        return Some(mailbox.saying("api-stopped-to-mailbox"));
    }
    let at = |site| {
        let owner = Owner { tenant, site, dn: None };
        destination::problem(snapshot, owner, STOPPED_TO, to)
    };
    let mut found = None;
    for site in snapshot.sites(tenant) {
        found = Some(at(site.id)?);
    }
    found
}
