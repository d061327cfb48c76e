//! Log-in and log-out of a person at a terminal: judged, stored and audited as the person's own
//! act (R233, R315, SEC-08).

use base::Wall;
use base::id::DeviceId;
use model::own_setting::Declined;
use model::terminal_login::{TypedLogin, log_in, log_out};
use model::{Change, Snapshot};
use store::{Actor, Commit, CommitError, Store, TenantScope, TerminalOutcome};

/// Plans again when somebody else was faster.
const TRIES: usize = 3;

/// Logs a person in at a terminal whose digest the node has checked; without `typed`, logs out.
///
/// # Errors
/// [`Declined::WrongPin`] for a wrong PIN as for an extension that cannot log in,
/// [`Declined::Locked`] after too many of them, [`Declined::Full`] at the most terminals of a
/// person, [`Declined::NotAllowed`] when it cannot be stored.
pub async fn carry_out(
    store: &Store,
    device: DeviceId,
    typed: Option<&TypedLogin>,
    at: Wall,
) -> Result<(), Declined> {
    let Some(TypedLogin { extension, pin }) = typed else {
        let scope = store.terminal_scope(device).ok_or(Declined::NotAllowed)?;
        let plan = |snapshot: &Snapshot| Ok(log_out(snapshot, device));
        return commit(store, &scope, "terminal-logout", plan, at).await;
    };
    let judged = store.judge_terminal(device, extension, pin.expose(), at).await;
    let scope = match judged {
        Ok(TerminalOutcome::Good(scope)) => scope,
        Ok(TerminalOutcome::Wrong) => return Err(Declined::WrongPin),
        Ok(TerminalOutcome::Locked) => return Err(Declined::Locked),
        Err(error) => {
            tracing::warn!(%error, "log-in at a terminal was not judged");
            return Err(Declined::NotAllowed);
        }
    };
    let Actor::User(user) = scope.actor() else { return Err(Declined::NotAllowed) };
    let plan = |snapshot: &Snapshot| log_in(snapshot, device, user, at);
    commit(store, &scope, "terminal-login", plan, at).await
}

async fn commit(
    store: &Store,
    scope: &TenantScope,
    act: &str,
    plan: impl Fn(&Snapshot) -> Result<Vec<Change>, Declined>,
    at: Wall,
) -> Result<(), Declined> {
    for _ in 0..TRIES {
        let snapshot = store.snapshot();
        let changes = plan(&snapshot)?;
        if changes.is_empty() {
            return Ok(());
        }
        let seen = snapshot.tenant_revision(scope.tenant());
        let commit = Commit { seen, changes: &changes, act, detail: scope.name(), at };
        match store.commit(scope, commit).await {
            Ok(_) => return Ok(()),
            Err(CommitError::Conflict(_)) => {}
            Err(error) => {
                tracing::warn!(%error, "log-in at a terminal was not stored");
                return Err(Declined::NotAllowed);
            }
        }
    }
    Err(Declined::NotAllowed)
}
