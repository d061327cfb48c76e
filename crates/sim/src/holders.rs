//! Whose telephones had which number: records name numbers, and what was done at a telephone
//! stands against them. A call keeps the numbers with which it began (R313), so a number is that
//! of whoever has had it at some time.

use std::collections::{BTreeMap, BTreeSet};

use base::Dn;
use base::id::DeviceId;
use model::Snapshot;

use crate::company::tenant_id;

/// Terminals that have had each number.
#[derive(Debug, Clone, Default)]
pub struct Holders(BTreeMap<Dn, BTreeSet<DeviceId>>);

impl Holders {
    /// Takes a configuration in force into account.
    pub fn enter(&mut self, snapshot: &Snapshot) {
        for device in snapshot.devices(tenant_id()) {
            if let Some(user) = device.user.and_then(|id| snapshot.user(id)) {
                self.0.entry(user.dn).or_default().insert(device.id);
            }
        }
    }

    /// Terminals that have had a number at some time.
    pub fn of(&self, number: &str) -> BTreeSet<DeviceId> {
        let held = Dn::parse(number).ok().and_then(|dn| self.0.get(&dn));
        held.cloned().unwrap_or_default()
    }
}
