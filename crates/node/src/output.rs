//! What the shell must do, in this order.

use std::net::SocketAddr;

use base::event::Event;
use base::id::{DeviceId, TenantId};
use base::{CallId, Dn, FlowId, ReqId, Secret};
use bytes::Bytes;
use model::own_setting::OwnSetting;
use model::terminal_login::TypedLogin;
use model::{CredentialOwner, Write};

use crate::Reply;

/// One output of a node.
#[derive(Debug, Clone)]
pub enum Output {
    /// Send bytes.
    Transmit {
        /// By which flow.
        flow: FlowId,
        /// To whom.
        to: SocketAddr,
        /// One whole message.
        bytes: Bytes,
    },
    /// Close a connection.
    Close {
        /// Which.
        flow: FlowId,
    },
    /// Tell the media plane.
    Media {
        /// What.
        command: mediactl::Command,
    },
    /// Answer a command.
    Reply {
        /// The request.
        req: ReqId,
        /// The answer.
        reply: Reply,
    },
    /// Append to the spool before the outputs that follow.
    Store {
        /// What.
        write: Write,
    },
    /// Carry out what a phone asks by code; answered by [`crate::Input::Told`].
    Wish {
        /// The call that waits.
        call: CallId,
        /// The authenticated device.
        device: DeviceId,
        /// Its number.
        dn: Dn,
        /// What.
        wanted: Box<OwnSetting>,
    },
    /// Judge a PIN; answered by [`crate::Input::Told`].
    CheckPin {
        /// The call that waits.
        call: CallId,
        /// Whose company.
        tenant: TenantId,
        /// Whose PIN it should be.
        owner: CredentialOwner,
        /// What was typed.
        pin: Box<Secret<String>>,
    },
    /// Log a person in at a terminal, or out; answered by [`crate::Input::Told`].
    Seat {
        /// The call that waits.
        call: CallId,
        /// The authenticated device.
        device: DeviceId,
        /// Who it shall belong to; `None` = nobody.
        typed: Option<Box<TypedLogin>>,
    },
    /// Count, log or raise an alarm.
    Event {
        /// What.
        event: Event,
    },
}
