//! How many calls an extension has at once (R250): ringing, talking, held and consulting ones
//! on all its devices, each call once.

use base::id::TenantId;
use base::{Dn, Rng, Table};
use model::Snapshot;

/// Counts calls per extension.
pub(crate) struct Budget {
    calls: Table<(TenantId, Dn), u32>,
}

impl Budget {
    pub(crate) fn new(rng: &mut Rng) -> Self {
        Budget { calls: Table::new(rng) }
    }

    /// Calls of the extension.
    pub(crate) fn count(&self, tenant: TenantId, dn: Dn) -> u32 {
        self.calls.get(&(tenant, dn)).copied().unwrap_or(0)
    }

    pub(crate) fn take(&mut self, tenant: TenantId, dn: Dn) {
        *self.calls.get_or_insert_with((tenant, dn), || 0) += 1;
    }

    pub(crate) fn free(&mut self, tenant: TenantId, dn: Dn) {
        let Some(calls) = self.calls.get_mut(&(tenant, dn)) else { return };
        *calls = calls.saturating_sub(1);
        if *calls == 0 {
            self.calls.remove(&(tenant, dn));
        }
    }

    /// Whether the extension has one call.
    #[cfg(feature = "planted")]
    pub(crate) fn is_last(&self, tenant: TenantId, dn: Dn) -> bool {
        self.calls.get(&(tenant, dn)) == Some(&1)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }
}

/// Most calls at once of an extension (R250): 4 unless set otherwise.
pub(crate) fn limit(snapshot: &Snapshot, tenant: TenantId, dn: Dn) -> u32 {
    let own = snapshot.dn_settings(tenant, dn).map(|s| u32::from(s.call_limit));
    own.unwrap_or(base::limits::CALLS_PER_DN as u32)
}
