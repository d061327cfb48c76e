//! Terminals: made, assigned to a person, changed, removed (R202, R216).

use std::borrow::Cow;

use base::id::{DeviceId, TenantId};
use model::{Change, Device, Snapshot};

use crate::service::noun::{Key, Noun, Place, Removal, one};
use crate::service::problem::Problem;

impl Noun for Device {
    const WORD: &'static str = "device";
    const KEY: &'static str = "sip_id";

    fn place(&self) -> Place {
        Place::Text(self.sip_id.to_ascii_lowercase())
    }

    fn key(&self) -> String {
        self.sip_id.to_string()
    }

    fn all<'s>(
        snapshot: &'s Snapshot,
        tenant: TenantId,
    ) -> Box<dyn Iterator<Item = Cow<'s, Self>> + 's> {
        Box::new(snapshot.devices(tenant).map(one))
    }

    fn find<'s>(snapshot: &'s Snapshot, tenant: TenantId, key: Key<'_>) -> Option<Cow<'s, Self>> {
        let found = match key.id() {
            Some(id) => snapshot.device(DeviceId(id)).filter(|d| d.tenant == tenant),
            None => snapshot.device_by_sip_id(tenant, key.0),
        };
        found.map(one)
    }

    fn words(&self, snapshot: &Snapshot) -> Vec<String> {
        let user = self.user.and_then(|id| snapshot.user(id));
        let (dn, name) = user.map(|u| (u.dn.text(), u.name.to_string())).unwrap_or_default();
        vec![self.sip_id.to_string(), self.label.to_string(), dn, name]
    }

    fn changes(&self, _: Option<&Self>, _: &Snapshot) -> Vec<Change> {
        vec![Change::DevicePut(self.clone())]
    }

    /// Without force only one that nobody uses is removed.
    fn removal(&self, snapshot: &Snapshot) -> Removal {
        let user = self.user.and_then(|id| snapshot.user(id));
        let used = user.map(|u| {
            let used = Problem::new(240, "extension", &u.dn.text()).saying("api-device-used");
            used.with("user", &u.name, Some(u.dn.text()))
        });
        let changes = vec![Change::DeviceDelete(self.id)];
        Removal { changes, dependants: used.into_iter().collect(), release: Vec::new() }
    }
}
