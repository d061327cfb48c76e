//! Virtual numbers (R037).

use std::borrow::Cow;

use base::id::{TenantId, VirtualDnId};
use model::{Change, DnSettings, PickupGroup, Snapshot, VirtualDn};

use crate::service::noun::{Key, Noun, Place, Removal, one};
use crate::service::problem::Problem;

impl Noun for VirtualDn {
    const WORD: &'static str = "virtual";
    const KEY: &'static str = "extension";

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
        Box::new(snapshot.virtuals(tenant).map(one))
    }

    fn find<'s>(snapshot: &'s Snapshot, tenant: TenantId, key: Key<'_>) -> Option<Cow<'s, Self>> {
        let found = match key.id() {
            Some(id) => snapshot.virtual_dn(VirtualDnId(id)).filter(|v| v.tenant == tenant),
            None => snapshot.virtual_by_dn(tenant, key.dn()?),
        };
        found.map(one)
    }

    fn words(&self, _: &Snapshot) -> Vec<String> {
        vec![self.dn.text(), self.name.to_string(), self.web_user.to_string()]
    }

    /// Memberships and settings move with a number that changes.
    fn changes(&self, old: Option<&Self>, snapshot: &Snapshot) -> Vec<Change> {
        let mut out = vec![Change::VirtualDnPut(self.clone())];
        let Some(old) = old.filter(|old| old.dn != self.dn) else { return out };
        for group in groups(old, snapshot) {
            let members = group.members.iter().map(|dn| if *dn == old.dn { self.dn } else { *dn });
            let members = members.collect();
            out.push(Change::PickupPut(PickupGroup { members, ..group.clone() }));
        }
        if let Some(settings) = snapshot.dn_settings(old.tenant, old.dn) {
            out.push(Change::DnSettingsDelete { tenant: old.tenant, dn: old.dn });
            out.push(Change::DnSettingsPut(DnSettings { dn: self.dn, ..settings.clone() }));
        }
        out
    }

    fn removal(&self, snapshot: &Snapshot) -> Removal {
        let (tenant, dn) = (self.tenant, self.dn);
        let mut changes = vec![Change::VirtualDnDelete(self.id)];
        if snapshot.dn_settings(tenant, dn).is_some() {
            changes.push(Change::DnSettingsDelete { tenant, dn });
        }
        let (mut dependants, mut release) = (Vec::new(), Vec::new());
        for group in groups(self, snapshot) {
            let member = Problem::new(240, "extension", &dn.text());
            dependants.push(member.with("pickup-group", &group.number.to_string(), None));
            let members = group.members.iter().copied().filter(|m| *m != dn).collect();
            release.push(Change::PickupPut(PickupGroup { members, ..group.clone() }));
        }
        Removal { changes, dependants, release }
    }
}

fn groups<'s>(of: &VirtualDn, snapshot: &'s Snapshot) -> impl Iterator<Item = &'s PickupGroup> {
    let tenant = of.tenant;
    let numbers = snapshot.pickup_groups_of(tenant, of.dn).iter();
    numbers.filter_map(move |number| snapshot.pickup_group(tenant, *number))
}
