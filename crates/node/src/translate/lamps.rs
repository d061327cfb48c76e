//! From call control to watchers.

use base::id::TenantId;
use callctl::lamps as call;
use model::Snapshot;
use sip::event::{DialogLine, DialogPhase, DialogSide, State};
use sip::leg::Identity;

/// The dialogs of a number as the stack tells them.
pub(crate) fn dialogs(
    snapshot: &Snapshot,
    tenant: TenantId,
    lines: Vec<call::DialogLine>,
) -> State {
    let realm = snapshot.tenant(tenant).map(|t| t.realm.as_ref()).unwrap_or_default();
    State::Dialogs(lines.into_iter().map(|l| line(l, realm)).collect())
}

fn line(line: call::DialogLine, realm: &str) -> DialogLine {
    let phase = match line.phase {
        call::DialogPhase::Trying => DialogPhase::Trying,
        call::DialogPhase::Early => DialogPhase::Early,
        call::DialogPhase::Confirmed => DialogPhase::Confirmed,
    };
    let (user, display) = (line.remote.0.into_string(), line.remote.1.into_string());
    DialogLine {
        leg: line.leg,
        phase,
        side: if line.is_caller { DialogSide::Initiator } else { DialogSide::Recipient },
        remote: Some(Identity { user, display, host: realm.to_owned() }),
        holds: line.holds,
    }
}
