//! What the clock does to terminals: secrets that waited become valid (R215), log-ins end (R233).

use base::Wall;
use base::id::TenantId;
use model::{Change, Device, Snapshot};
use store::{DbError, Store};

use crate::service::noun::Noun;
use crate::service::write::{Act, Plan, Refusal, change};

/// The name of an act, and what a terminal becomes when it is due.
type Deed = (&'static str, fn(&Device, Wall) -> Option<Device>);

const DEEDS: [Deed; 2] = [("secret-valid", Device::renewed), ("login-end", Device::login_ended)];

/// Does what is due now; how many terminals it changed.
///
/// # Errors
/// The store fails; what was done before stands.
pub async fn carry_out(store: &Store, now: Wall) -> Result<usize, DbError> {
    let snapshot = store.snapshot();
    let mut count = 0;
    for tenant in snapshot.tenants().map(|t| t.id) {
        // All terminals are looked at once.
        let mut is_due = [false; DEEDS.len()];
        for device in snapshot.devices(tenant) {
            for (is_due, (_, due)) in is_due.iter_mut().zip(DEEDS) {
                *is_due |= due(device, now).is_some();
            }
        }
        for (deed, _) in DEEDS.into_iter().zip(is_due).filter(|(_, is_due)| *is_due) {
            count += carry_out_one(store, now, (tenant, deed)).await?;
        }
    }
    Ok(count)
}

async fn carry_out_one(
    store: &Store,
    now: Wall,
    (tenant, (name, due)): (TenantId, Deed),
) -> Result<usize, DbError> {
    let scope = store.operator_scope(tenant);
    let act = Act { store, scope: &scope, seen: None, now };
    let work = |snapshot: &Snapshot| {
        let devices = snapshot.devices(tenant).filter_map(|d| due(d, now));
        let changes: Vec<Change> = devices.map(Change::DevicePut).collect();
        let (made, detail) = (changes.len(), format!("count={}", changes.len()));
        Ok((Plan { changes, problems: Vec::new(), detail }, made))
    };
    match change(act, name, Device::field, work).await {
        Ok((_, made)) => Ok(made),
        Err(Refusal::Database(error)) => Err(error),
        // Somebody else changes the company all the time: the next look finds them again.
        Err(refusal) => {
            tracing::warn!(?refusal, act = name, "terminals wait a little longer");
            Ok(0)
        }
    }
}
