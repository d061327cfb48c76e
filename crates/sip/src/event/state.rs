//! What can be watched, and what is told of it. Whoever owns the state fills these in.

use base::id::{DeviceId, TenantId};
use base::{Dn, LegId};

use crate::leg::Identity;

/// An event package that we serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Package {
    /// Calls of a number: busy lamps (RFC 4235).
    Dialog,
    /// Messages that wait in a box (RFC 3842).
    MessageSummary,
    /// Registrations of a device (RFC 3680).
    Reg,
}

impl Package {
    /// Every package, in the order of [`ALLOW_EVENTS`].
    pub const ALL: [Package; 3] = [Package::Dialog, Package::MessageSummary, Package::Reg];

    /// The package of a token; names compare with case (RFC 6665 §8.2.1).
    pub fn of(token: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|package| package.name().as_bytes() == token)
    }

    /// The token of `Event`.
    pub const fn name(self) -> &'static str {
        match self {
            Package::Dialog => "dialog",
            Package::MessageSummary => "message-summary",
            Package::Reg => "reg",
        }
    }

    /// Type and subtype of its documents.
    pub const fn media_type(self) -> (&'static str, &'static str) {
        match self {
            Package::Dialog => ("application", "dialog-info+xml"),
            Package::MessageSummary => ("application", "simple-message-summary"),
            Package::Reg => ("application", "reginfo+xml"),
        }
    }
}

/// Value of `Allow-Events` for subscriptions of their own; `refer` lives in calls only.
pub const ALLOW_EVENTS: &str = "dialog, message-summary, reg";

/// Something that is watched: its package and whose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resource {
    /// The calls of a number, whatever it belongs to.
    Dialogs {
        /// Whose number.
        tenant: TenantId,
        /// The number.
        dn: Dn,
    },
    /// The message box of a number.
    Messages {
        /// Whose number.
        tenant: TenantId,
        /// The number.
        dn: Dn,
    },
    /// The registrations of a device. The stack knows them itself.
    Registrations {
        /// Which.
        device: DeviceId,
    },
}

impl Resource {
    /// The package that its watchers name.
    pub const fn package(&self) -> Package {
        match self {
            Resource::Dialogs { .. } => Package::Dialog,
            Resource::Messages { .. } => Package::MessageSummary,
            Resource::Registrations { .. } => Package::Reg,
        }
    }
}

/// How much a watcher may see of dialogs (R311).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sight {
    /// That there are dialogs, and how far they are.
    Bare,
    /// The far party as well, and what `Replaces` needs.
    Full,
}

/// What a Request-URI means to a watcher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watched {
    /// What is watched.
    pub resource: Resource,
    /// How much of it may be seen.
    pub sight: Sight,
    /// Its address as documents name it: a SIP URI.
    pub entity: String,
}

/// Begin and end of interest in a resource whose state is known elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WatchEvent {
    /// Somebody watches it, nobody did before: its state is wanted now, and again whenever it
    /// changes. Nothing that comes within a second is as good as the neutral state.
    Began {
        /// Which.
        resource: Resource,
    },
    /// Nobody watches it any more.
    Ended {
        /// Which.
        resource: Resource,
    },
}

/// The state of a resource, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Of [`Resource::Dialogs`]; the first `limits::LAMP_DIALOGS_MAX` are shown.
    Dialogs(Vec<DialogLine>),
    /// Of [`Resource::Messages`].
    Messages(MessageSummary),
    /// Of [`Resource::Registrations`].
    Registrations(Vec<RegisteredContact>),
}

impl State {
    /// Nothing to tell.
    pub(super) fn neutral(package: Package) -> Self {
        match package {
            Package::Dialog => State::Dialogs(Vec::new()),
            Package::MessageSummary => State::Messages(MessageSummary::default()),
            Package::Reg => State::Registrations(Vec::new()),
        }
    }

    /// The package that it is a state of.
    pub(super) fn package(&self) -> Package {
        match self {
            State::Dialogs(_) => Package::Dialog,
            State::Messages(_) => Package::MessageSummary,
            State::Registrations(_) => Package::Reg,
        }
    }
}

/// How far a dialog is; what has ended is left out of the state (RFC 4235 §3.7.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DialogPhase {
    /// The watched side calls and nothing has answered yet.
    Trying,
    /// It rings.
    Early,
    /// Talking or held.
    Confirmed,
}

/// Which side of its dialog the watched number is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DialogSide {
    /// It called.
    Initiator,
    /// It was called.
    Recipient,
}

/// One dialog of a watched number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DialogLine {
    /// The leg at its phone: names the dialog, and leads to the data for `Replaces`.
    pub leg: LegId,
    /// How far it is.
    pub phase: DialogPhase,
    /// Which side the watched number is.
    pub side: DialogSide,
    /// The far party; only told to watchers with [`Sight::Full`].
    pub remote: Option<Identity>,
    /// The watched phone holds the call; told as `remote` is.
    pub holds: bool,
}

/// How many messages wait in a box.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MessageSummary {
    /// Not heard yet, urgent ones included.
    pub new: u32,
    /// Heard and kept.
    pub old: u32,
    /// New ones that are urgent.
    pub urgent: u32,
}

/// One contact of a watched device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisteredContact {
    /// Names it within the device.
    pub id: u64,
    /// Contact URI.
    pub uri: Box<[u8]>,
}
