//! What the clock does to terminals: secrets that waited become valid (R215), log-ins end (R233).

use base::Wall;
use base::id::TenantId;
use model::{Change, Device, Snapshot};
use store::{DbError, Store};

use crate::service::noun::Noun;
use crate::service::write::{Act, Plan, Refusal, change};

/// Does what is due now; how many terminals it changed.
///
/// # Errors
/// The store fails; what was done before stands.
pub async fn carry_out(store: &Store, now: Wall) -> Result<usize, DbError> {
    let valid = everywhere(store, now, ("secret-valid", Device::renewed)).await?;
    let ended = everywhere(store, now, ("login-end", Device::login_ended)).await?;
    Ok(valid + ended)
}

/// The name of an act, and what a terminal becomes when it is due.
type Deed = (&'static str, fn(&Device, Wall) -> Option<Device>);

async fn everywhere(store: &Store, now: Wall, (name, due): Deed) -> Result<usize, DbError> {
    let changes = |snapshot: &Snapshot, tenant: TenantId| -> Vec<Change> {
        let devices = snapshot.devices(tenant);
        devices.filter_map(|d| due(d, now)).map(Change::DevicePut).collect()
    };
    let snapshot = store.snapshot();
    let tenants = snapshot.tenants().map(|t| t.id);
    let concerned: Vec<TenantId> =
        tenants.filter(|id| !changes(&snapshot, *id).is_empty()).collect();
    let mut count = 0;
    for tenant in concerned {
        let scope = store.operator_scope(tenant);
        let act = Act { store, scope: &scope, seen: None, now };
        let work = |snapshot: &Snapshot| {
            let changes = changes(snapshot, tenant);
            let (made, detail) = (changes.len(), format!("count={}", changes.len()));
            Ok((Plan { changes, problems: Vec::new(), detail }, made))
        };
        match change(act, name, Device::field, work).await {
            Ok((_, made)) => count += made,
            Err(Refusal::Database(error)) => return Err(error),
            // Somebody else changes the company all the time: the next look finds them again.
            Err(refusal) => tracing::warn!(?refusal, act = name, "terminals wait a little longer"),
        }
    }
    Ok(count)
}
