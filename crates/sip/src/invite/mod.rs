//! INVITE usages ("legs"): everything between an INVITE and the end of its dialog.
//!
//! The dispatcher matches transactions and authenticates; what belongs to a call comes here.

use base::id::DeviceId;
use base::{FlowId, LegId, Place, Rng};

use crate::leg::{Invite, LegCommand};
use crate::msg::Msg;
use crate::txn::{ClientTx, TxEvent};

mod cx;

pub(crate) use cx::{Cx, Known, Request, Secrets, Target};

/// All legs of a stack.
pub(crate) struct Legs {
    place: Place,
}

impl Legs {
    /// No legs yet; `rng` keys the tables and is not used up.
    pub(crate) fn new(place: Place, rng: &Rng) -> Self {
        let _ = rng;
        Legs { place }
    }

    /// Whether no leg is left.
    pub(crate) fn is_empty(&self) -> bool {
        self.place.bits() == u32::MAX
    }

    /// The dialog that a request with a To tag belongs to; `None`: answer 481.
    pub(crate) fn find(&self, msg: &Msg) -> Option<Known> {
        let _ = msg;
        None
    }

    /// An authenticated INVITE outside of a dialog (with or without Replaces): answers it or
    /// begins a leg, whose key becomes the owner of the transaction.
    pub(crate) fn handle_invite(&mut self, cx: &mut Cx<'_>, request: Request<'_>, device: DeviceId) {
        let _ = (cx, request, device);
    }

    /// A request of a dialog found by [`Legs::find`], of any method but ACK and CANCEL. The leg is
    /// bound to the flow it came by from now on. Answered 481 when there is no such dialog.
    pub(crate) fn handle_in_dialog(&mut self, cx: &mut Cx<'_>, request: Request<'_>) {
        let _ = (cx, request);
    }

    /// An ACK that is no affair of the transaction layer.
    pub(crate) fn handle_ack(&mut self, cx: &mut Cx<'_>, ack: &Msg) {
        let _ = (cx, ack);
    }

    /// A CANCEL matched the pending INVITE of `owner`; the dispatcher answers the CANCEL itself.
    pub(crate) fn handle_cancel(&mut self, cx: &mut Cx<'_>, owner: u64, cancel: &Msg) {
        let _ = (cx, owner, cancel);
    }

    /// A response for a transaction of a leg ([`TxEvent::Response`]); also for legs that are gone:
    /// a 2xx to INVITE is then acknowledged and ended.
    pub(crate) fn handle_response(
        &mut self,
        cx: &mut Cx<'_>,
        (tx, owner): (ClientTx, u64),
        response: &Msg,
        peer: crate::txn::Peer,
    ) {
        let _ = (cx, tx, owner, response, peer);
    }

    /// A transaction of a leg ended without a final response.
    pub(crate) fn handle_failure(&mut self, cx: &mut Cx<'_>, event: TxEvent) {
        let _ = (cx, event);
    }

    /// A timer of `TimerKey::Leg` fired.
    pub(crate) fn handle_timer(&mut self, cx: &mut Cx<'_>, key: (u32, u32, u8)) {
        let _ = (cx, key);
    }

    /// Begins an outbound leg; `target` is `None` when the contact is not registered any more.
    pub(crate) fn call(
        &mut self,
        cx: &mut Cx<'_>,
        leg: LegId,
        invite: Invite,
        target: Option<Target>,
    ) {
        let _ = (cx, leg, invite, target);
    }

    /// Any command but `Invite`; ignored when the leg is gone.
    pub(crate) fn handle_command(&mut self, cx: &mut Cx<'_>, leg: LegId, command: LegCommand) {
        let _ = (cx, leg, command);
    }

    /// A connection is gone; call after [`crate::txn::Layer::flow_closed`] and its events.
    pub(crate) fn flow_closed(&mut self, cx: &mut Cx<'_>, flow: FlowId) {
        let _ = (cx, flow);
    }
}
