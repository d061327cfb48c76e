//! Everything that can happen to a node. One value is one journal record.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use base::{CallId, FlowId, ReqId};
use bytes::Bytes;
use model::binding::StoredBinding;
use model::own_setting::Declined;
use model::{Change, Snapshot, StoredBoxes};
use sip::stack::Transport;

use crate::Command;

/// One input of a node.
#[derive(Debug, Clone)]
pub enum Input {
    /// A listening UDP socket or a connection is open.
    FlowOpened {
        /// Its id.
        flow: FlowId,
        /// Its transport.
        transport: Transport,
        /// Our end.
        local: SocketAddr,
        /// The far end; unspecified for a listening socket.
        remote: SocketAddr,
    },
    /// One whole SIP message of at most 64 KiB.
    Received {
        /// By which flow.
        flow: FlowId,
        /// Source address.
        from: SocketAddr,
        /// Our address that faces the source.
        local: IpAddr,
        /// The bytes.
        bytes: Bytes,
    },
    /// A connection is gone.
    FlowClosed {
        /// Which.
        flow: FlowId,
    },
    /// The media plane reports.
    Media {
        /// What.
        event: mediactl::Event,
    },
    /// Portal, API or command line ask; answered by exactly one `Output::Reply`.
    Command {
        /// The request.
        req: ReqId,
        /// What.
        command: Command,
    },
    /// A new configuration, carrying its revision.
    Config {
        /// The snapshot.
        snapshot: Arc<Snapshot>,
        /// What changed since the one before.
        changes: Arc<Vec<Change>>,
    },
    /// What became of a wish ([`crate::Output::Wish`]).
    Told {
        /// The call that waits.
        call: CallId,
        /// Why it was refused; `None` = it is in force.
        declined: Option<Declined>,
    },
    /// Bindings from the store, once at start.
    Restore {
        /// As stored.
        bindings: Vec<StoredBinding>,
    },
    /// Bindings of a node of this process that failed inside, once after the flows that are still
    /// open; those of connections that have gone end.
    Resume {
        /// Each with its flow.
        bindings: Vec<(FlowId, StoredBinding)>,
    },
    /// What voicemail boxes hold and where hunts stand, once before the first call: from the store,
    /// or of a node of this process that failed inside.
    RestoreBoxes {
        /// Their content.
        boxes: StoredBoxes,
    },
    /// New calls are refused from now on.
    Drain,
    /// Running calls end now, with `Failover`.
    ClearAll,
    /// A deadline passed.
    Tick,
}
