//! Park slots (R075, R293, R294).

use std::borrow::Cow;

use base::id::TenantId;
use model::{Change, ParkSlot, Snapshot, TenantOption};

use crate::service::noun::{Key, Noun, Place, Removal, one};

impl Noun for ParkSlot {
    const WORD: &'static str = "park-slot";
    const KEY: &'static str = "extension";
    const OPTION: Option<TenantOption> = Some(TenantOption::Park);

    fn place(&self) -> Place {
        Place::Dn(self.dn)
    }

    fn key(&self) -> String {
        self.dn.text()
    }

    fn all<'s>(
        snapshot: &'s Snapshot,
        tenant: TenantId,
    ) -> Box<dyn Iterator<Item = Cow<'s, Self>> + 's> {
        Box::new(snapshot.all_park_slots(tenant).map(one))
    }

    fn find<'s>(snapshot: &'s Snapshot, tenant: TenantId, key: Key<'_>) -> Option<Cow<'s, Self>> {
        snapshot.park_slot(tenant, key.dn()?).map(one)
    }

    fn words(&self, snapshot: &Snapshot) -> Vec<String> {
        let site = snapshot.site(self.site).map(|s| s.name.to_string()).unwrap_or_default();
        vec![self.dn.text(), site]
    }

    /// Its number is its key: another number is another slot.
    fn changes(&self, old: Option<&Self>, _: &Snapshot) -> Vec<Change> {
        let gone = old.filter(|old| old.dn != self.dn);
        let gone = gone.map(|old| Change::ParkSlotDelete { tenant: old.tenant, dn: old.dn });
        gone.into_iter().chain([Change::ParkSlotPut(self.clone())]).collect()
    }

    fn removal(&self, _: &Snapshot) -> Removal {
        let gone = Change::ParkSlotDelete { tenant: self.tenant, dn: self.dn };
        Removal { changes: vec![gone], ..Removal::default() }
    }
}
