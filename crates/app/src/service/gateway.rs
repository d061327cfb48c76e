//! Gateways with their dial prefix (R110).

use std::borrow::Cow;

use base::id::{GatewayId, TenantId};
use model::{Change, Device, Field, Gateway, Snapshot, TenantOption};

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

    fn changes(&self, _: Option<&Self>, snapshot: &Snapshot) -> Vec<Change> {
        let account = self.account.and_then(|id| snapshot.device(id));
        let moved = account.filter(|d| d.site != self.site).cloned();
        let moved = moved.map(|d| Change::DevicePut(Device { site: self.site, ..d }));
        std::iter::once(Change::GatewayPut(self.clone())).chain(moved).collect()
    }

    fn removal(&self, _: &Snapshot) -> Removal {
        let gone = self.account.map(Change::DeviceDelete);
        let changes = std::iter::once(Change::GatewayDelete(self.id)).chain(gone).collect();
        Removal { changes, ..Removal::default() }
    }

    fn field(field: Field) -> String {
        match field {
            Field::SipId => "account".to_owned(),
            other => crate::service::problem::field(other),
        }
    }
}
