//! Pickup groups (R070–R074).

use std::borrow::Cow;

use base::id::TenantId;
use model::{Change, PickupGroup, Snapshot, TenantOption};

use crate::service::noun::{Key, Noun, Place, Removal, one};

impl Noun for PickupGroup {
    const WORD: &'static str = "pickup";
    const KEY: &'static str = "number";
    const OPTION: Option<TenantOption> = Some(TenantOption::Pickup);

    fn place(&self) -> Place {
        Place::Number(self.number)
    }

    fn key(&self) -> String {
        self.number.to_string()
    }

    fn all<'s>(
        snapshot: &'s Snapshot,
        tenant: TenantId,
    ) -> Box<dyn Iterator<Item = Cow<'s, Self>> + 's> {
        Box::new(snapshot.pickup_groups(tenant).map(one))
    }

    fn find<'s>(snapshot: &'s Snapshot, tenant: TenantId, key: Key<'_>) -> Option<Cow<'s, Self>> {
        snapshot.pickup_group(tenant, key.number()?).map(one)
    }

    fn words(&self, _: &Snapshot) -> Vec<String> {
        vec![self.number.to_string(), self.name.to_string()]
    }

    fn changes(&self, _: Option<&Self>, _: &Snapshot) -> Vec<Change> {
        vec![Change::PickupPut(self.clone())]
    }

    fn removal(&self, _: &Snapshot) -> Removal {
        let gone = Change::PickupDelete { tenant: self.tenant, number: self.number };
        Removal { changes: vec![gone], ..Removal::default() }
    }
}
