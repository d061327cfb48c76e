//! What phones set by code: planned by the model, stored and audited as the person's own act.

use base::id::DeviceId;
use base::{Dn, Wall};
use model::own_setting::{Declined, OwnSetting, plan};
use store::{Commit, CommitError, Store};

/// Plans again when somebody else was faster.
const TRIES: usize = 3;

/// Puts the setting in force.
///
/// # Errors
/// Why it is refused; [`Declined::NotAllowed`] when it cannot be stored.
pub async fn carry_out(
    store: &Store,
    (device, dn): (DeviceId, Dn),
    wanted: &OwnSetting,
    at: Wall,
) -> Result<(), Declined> {
    let scope = store.terminal_scope(device).ok_or(Declined::NotAllowed)?;
    for _ in 0..TRIES {
        let snapshot = store.snapshot();
        let changes = plan(&snapshot, (scope.tenant(), dn), wanted)?;
        if changes.is_empty() {
            return Ok(());
        }
        let seen = snapshot.tenant_revision(scope.tenant());
        let commit = Commit { seen, changes: &changes, act: "feature-code", detail: "", at };
        match store.commit(&scope, commit).await {
            Ok(_) => return Ok(()),
            Err(CommitError::Conflict(_)) => {}
            Err(error) => {
                tracing::warn!(%error, "setting by code was not stored");
                return Err(Declined::NotAllowed);
            }
        }
    }
    Err(Declined::NotAllowed)
}
