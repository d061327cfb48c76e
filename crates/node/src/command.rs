//! What portals and the command line ask of a node.

use base::id::{DeviceId, TenantId};
use base::{CallId, Dn, Wall};
use callctl::CallControl;
use callctl::whatif::{Answer, Explanation, Origin};
use sip::stack::Registration;

/// A question or order.
#[derive(Debug, Clone)]
pub enum Command {
    /// Live registrations of these devices (R213); at most one page of them.
    Registrations {
        /// Which.
        devices: Vec<DeviceId>,
    },
    /// Counts of the node.
    Status,
    /// Running calls of a tenant.
    Calls {
        /// Whose.
        tenant: TenantId,
    },
    /// Where a call would go, and why (R318).
    Explain {
        /// Whose numbers.
        tenant: TenantId,
        /// Who calls.
        from: Origin,
        /// What is dialled.
        to: String,
        /// When; `None` = now. Live state is that of now.
        at: Option<Wall>,
        /// What numbers do when they ring; others do not answer.
        answers: Vec<(Dn, Answer)>,
    },
    /// End a call (`AdminCleared`).
    Clear {
        /// Which.
        call: CallId,
    },
}

/// The answer to a [`Command`].
#[derive(Debug, Clone)]
pub enum Reply {
    /// To `Registrations`.
    Registrations(Vec<Registration>),
    /// To `Status`.
    Status(Status),
    /// To `Calls`.
    Calls(Vec<CallLine>),
    /// To `Explain`.
    Explanation(Explanation),
    /// To `Clear`.
    Done,
}

/// Counts of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Status {
    /// Live bindings.
    pub bindings: usize,
    /// Calls, ringing ones included.
    pub calls: usize,
    /// Nothing runs.
    pub drained: bool,
}

/// One running call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallLine {
    /// Its id.
    pub call: CallId,
    /// When it reached us.
    pub called_at: Wall,
    /// When it was answered.
    pub answered_at: Option<Wall>,
    /// Number of the caller.
    pub caller: String,
    /// What was dialled.
    pub dialed: String,
}

/// The running calls of `tenant`, oldest first.
pub(crate) fn calls(calls: &CallControl, tenant: TenantId) -> Vec<CallLine> {
    calls
        .calls()
        .filter(|c| c.tenant == tenant)
        .map(|c| CallLine {
            call: c.call,
            called_at: c.called_at,
            answered_at: c.answered_at,
            caller: c.caller.to_string(),
            dialed: c.dialed.to_string(),
        })
        .collect()
}
