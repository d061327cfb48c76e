//! The company itself: codes, options, quota, rules of passwords (R236, R320).

use std::borrow::Cow;

use base::id::TenantId;
use model::{Change, Snapshot, Tenant};

use crate::service::noun::{Key, Noun, Place, Removal, one};

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
}
