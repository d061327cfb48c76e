//! What call control wants done, in this order.

use base::event::Event;
use base::id::{DeviceId, TenantId};
use base::{CallId, Cause, Dn, LegId, Secret};
use bytes::Bytes;
use model::own_setting::OwnSetting;
use model::record::CallRecord;
use model::terminal_login::TypedLogin;
use model::{CredentialOwner, ForwardKind, Write};

/// One wish of call control.
#[derive(Debug, Clone)]
pub enum Action {
    /// Call one contact of a device: a new outbound leg, its id minted by call control.
    OfferLeg(Box<OfferLeg>),
    /// Speak to a leg.
    Leg {
        /// Which.
        leg: LegId,
        /// What.
        command: LegCommand,
    },
    /// To the media plane.
    Media(mediactl::Command),
    /// A finished call; made durable before what follows it is sent.
    Record(Box<CallRecord>),
    /// A phone asks by code for a setting of its own number; answered by
    /// [`crate::Input::Told`].
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
    /// A PIN was typed; answered by [`crate::Input::Told`].
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
    /// Somebody logs in at a terminal, or out; answered by [`crate::Input::Told`].
    Seat {
        /// The call that waits.
        call: CallId,
        /// The authenticated device.
        device: DeviceId,
        /// Who it shall belong to; `None` = nobody.
        typed: Option<Box<TypedLogin>>,
    },
    /// A fact about voicemail; made durable before what follows it is sent.
    Keep(Box<Write>),
    /// Counted.
    Event(Event),
}

/// A call to one registered contact.
#[derive(Debug, Clone)]
pub struct OfferLeg {
    /// The new leg.
    pub leg: LegId,
    /// Whose contact.
    pub device: DeviceId,
    /// Which of its contacts, from [`crate::view::Contact::id`].
    pub contact: u64,
    /// Who calls, as the called phone shall show it.
    pub from: Party,
    /// Who is called.
    pub to: Party,
    /// What a gateway is to dial, with 184 or 186 as it was dialled (J21); `None` for phones.
    pub dial: Option<String>,
    /// Our offer; `None` asks for one.
    pub sdp: Option<Bytes>,
    /// Hops left for this leg.
    pub max_forwards: u8,
    /// Who referred, as it came.
    pub referred_by: Option<Bytes>,
    /// The caller acknowledges provisional answers.
    pub reliable: bool,
    /// The numbers that sent the call on, the first one first; at most 5 (R066).
    pub diverted: Vec<Diverted>,
    /// The phone shall answer by itself: a page.
    pub auto_answer: bool,
    /// The number of `from` is not for the called party: `Privacy: id`, and an anonymous From
    /// (J21).
    pub hidden: bool,
}

/// A number that sent a call on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diverted {
    /// Whose number.
    pub by: Party,
    /// Which forward; `None` for the overflow of a group.
    pub kind: Option<ForwardKind>,
}

/// A name and number as phones show them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Party {
    /// Extension number; empty when unknown.
    pub number: String,
    /// Display name.
    pub name: String,
    /// SIP domain of the tenant.
    pub domain: String,
}

/// What call control wants of a leg that exists. The twin of the stack's commands.
#[derive(Debug, Clone)]
pub enum LegCommand {
    /// Inbound, unanswered: 180 or 183; SDP in it is sent reliably where the far end can.
    Progress {
        /// 180 or 183.
        status: u16,
        /// Session description.
        sdp: Option<Bytes>,
    },
    /// Inbound: answer it. `None` when a reliable provisional carried the answer.
    Answer {
        /// Answer, or offer when the caller had none.
        sdp: Option<Bytes>,
    },
    /// Inbound, unanswered: refuse it.
    Refuse {
        /// Why.
        cause: Cause,
    },
    /// End it in whatever state.
    End {
        /// Why.
        cause: Cause,
        /// Another device answered.
        elsewhere: bool,
    },
    /// Make an offer; `None` asks the far end for one.
    Offer {
        /// Session description.
        sdp: Option<Bytes>,
        /// The party behind us has changed.
        identity: Option<Party>,
    },
    /// Show the party behind us: before the answer with what follows of it, later by itself.
    Show {
        /// Who.
        party: Party,
    },
    /// Take back an offer that has not reached the far end: it waits to be tried again.
    WithdrawOffer,
    /// Answer the far end's offer.
    AnswerOffer {
        /// Session description.
        sdp: Bytes,
    },
    /// Refuse the far end's offer.
    RefuseOffer {
        /// SIP final status: 488, 491 or 500.
        status: u16,
    },
    /// Accept a transfer request.
    AcceptRefer,
    /// Refuse a transfer request.
    RefuseRefer {
        /// SIP final status.
        status: u16,
    },
    /// Tell the referrer how it goes; 200 and more ends it.
    ReferProgress {
        /// SIP status.
        status: u16,
    },
}
