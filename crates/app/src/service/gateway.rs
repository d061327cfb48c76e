//! Gateways with their dial prefix (R110).

use std::borrow::Cow;

use base::id::{GatewayId, TenantId};
use model::{Change, Gateway, Snapshot, TenantOption};

use crate::service::noun::{Key, Noun, Place, Removal, one};

impl Noun for Gateway {
    const WORD: &'static str = "gateway";
    const KEY: &'static str = "id";
    const OPTION: Option<TenantOption> = Some(TenantOption::Gateways);

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
        Box::new(snapshot.gateways(tenant).map(one))
    }

    fn find<'s>(snapshot: &'s Snapshot, tenant: TenantId, key: Key<'_>) -> Option<Cow<'s, Self>> {
        let found = snapshot.gateway(GatewayId(key.id()?));
        found.filter(|g| g.tenant == tenant).map(one)
    }

    fn words(&self, _: &Snapshot) -> Vec<String> {
        vec![self.name.to_string(), self.prefix.to_string()]
    }

    fn changes(&self, _: Option<&Self>, _: &Snapshot) -> Vec<Change> {
        vec![Change::GatewayPut(self.clone())]
    }

    fn removal(&self, _: &Snapshot) -> Removal {
        Removal { changes: vec![Change::GatewayDelete(self.id)], ..Removal::default() }
    }
}
