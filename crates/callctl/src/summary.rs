//! A running call as portals show it.

use base::id::TenantId;
use base::{CallId, Wall};

use crate::call::Call;

/// One running call. Numbers are personal data: `Display` of the fields is for people concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallSummary {
    /// Its id.
    pub call: CallId,
    /// Whose.
    pub tenant: TenantId,
    /// When it reached us; of a transferred call, when the transfer was asked for.
    pub called_at: Wall,
    /// When it was answered; `None` while it rings.
    pub answered_at: Option<Wall>,
    /// Number of the caller, or of who stayed after a transfer.
    pub caller: Box<str>,
    /// What was dialled.
    pub dialed: Box<str>,
    /// Number of who answered, or is called.
    pub callee: Option<Box<str>>,
    /// One side holds.
    pub held: bool,
}

impl CallSummary {
    pub(crate) fn of(call: &Call) -> Self {
        let draft = &call.draft;
        CallSummary {
            call: call.id,
            tenant: call.tenant,
            called_at: draft.called_at,
            answered_at: draft.answered_at,
            caller: draft.caller.number.clone(),
            dialed: draft.dialed.clone(),
            callee: draft.callee.as_ref().map(|(who, _)| who.number.clone()),
            held: call.legs.iter().any(|l| l.is_answered() && l.holding),
        }
    }
}
