//! The leg: one INVITE usage as call control sees it, whatever message carries its offer.
//!
//! Above the stack there is only *offer* and *answer*: initial INVITE and 2xx, 2xx and ACK,
//! reliable 18x and PRACK, UPDATE and re-INVITE are the stack's business (RFC 3261 §13,
//! RFC 3262, RFC 3311, RFC 6337).

use std::net::IpAddr;

use base::id::DeviceId;
use base::{Cause, LegId, Micros};
use bytes::Bytes;

use crate::registrar::ContactId;

/// First counter of the ids that call control mints; inbound legs are counted below it, so that
/// both can mint at the same place.
pub const OUTBOUND_IDS: u64 = 1 << 43;

/// What call control wants of a leg. Commands for a leg that has ended are ignored and counted.
#[derive(Debug, Clone)]
pub enum LegCommand {
    /// Begins an outbound leg towards one registered contact. The id is minted by the caller,
    /// with a counter from [`OUTBOUND_IDS`] on.
    Invite(Box<Invite>),
    /// Inbound, before the answer: 18x. With SDP it is an answer (or an offer, when the INVITE had
    /// none) and is sent reliably when the far end supports 100rel; `None` is sent unreliably.
    Progress {
        /// 180 or 183.
        status: u16,
        /// Session description.
        sdp: Option<Bytes>,
    },
    /// Inbound: 200. `sdp` is the answer, the offer when the INVITE had none, or `None` when a
    /// reliable provisional has carried it already.
    Answer {
        /// Session description.
        sdp: Option<Bytes>,
    },
    /// Inbound, before the answer: final refusal. Status and `Reason` come from the cause.
    Refuse {
        /// Why.
        cause: Cause,
        /// Seconds for `Retry-After`, with 503 only.
        retry_after_s: Option<u16>,
    },
    /// Ends the leg in any state: CANCEL (once a provisional came), refusal or BYE, with `Reason`.
    End {
        /// Why.
        cause: Cause,
        /// Another device answered: `Reason: SIP;cause=200;text="Call completed elsewhere"`.
        elsewhere: bool,
    },
    /// Sends an offer in the dialog: UPDATE when early or when the far end allows it, otherwise
    /// re-INVITE. `None` asks the far end for an offer (re-INVITE without SDP).
    /// Queued by the stack while another exchange runs; glare is retried by the stack (491).
    Offer {
        /// Session description.
        sdp: Option<Bytes>,
        /// New identity of the party behind us, shown by phones after transfer (RFC 4916).
        identity: Option<Identity>,
    },
    /// The party behind us, as `P-Asserted-Identity` (RFC 3325): before the answer in what follows
    /// of 18x and 200, after it in an UPDATE of its own, or a re-INVITE that repeats our last
    /// description (RFC 4916). Nothing is reported of it.
    Show {
        /// Who.
        identity: Identity,
    },
    /// Takes back an offer that waits to be tried again after glare; without effect on one that is
    /// on its way. Nothing is reported of it any more.
    WithdrawOffer,
    /// Answers the offer that the far end made: in the 2xx to re-INVITE, UPDATE or PRACK, or in
    /// the ACK when the offer came in a 2xx.
    AnswerOffer {
        /// Session description.
        sdp: Bytes,
    },
    /// Refuses the offer that the far end made (488, 491 or 500); the session stays as it was.
    RefuseOffer {
        /// Final status.
        status: u16,
    },
    /// Accepts a REFER with 202 and opens its implicit subscription (RFC 3515 §2.4.4).
    AcceptRefer,
    /// Refuses a REFER.
    RefuseRefer {
        /// Final status.
        status: u16,
    },
    /// Tells the referrer how the referred call stands, by NOTIFY with `message/sipfrag`.
    /// A status of 200 and more ends the subscription.
    ReferProgress {
        /// Status line to report: 100, 180, 200, 486 …
        status: u16,
    },
}

/// What happens on a leg.
#[derive(Debug, Clone)]
pub enum LegEvent {
    /// A new inbound leg: an authenticated INVITE outside of a dialog.
    Offered(Box<Offered>),
    /// Outbound: 100 of the phone itself, reported once. One of a proxy before it (Path) says
    /// nothing of the phone.
    Trying,
    /// Outbound: 101–199. `sdp` is an answer to our offer, or an offer when
    /// ours had none; a reliable one is acknowledged by the stack (PRACK), an offer in it is
    /// answered by [`LegCommand::AnswerOffer`].
    Progress {
        /// 180, 181, 182, 183 …
        status: u16,
        /// Session description, if any.
        sdp: Option<Bytes>,
    },
    /// Outbound: the first 2xx; further forks are ended by the stack. `sdp` is the answer, the
    /// offer when our INVITE had none (then the ACK waits for [`LegCommand::AnswerOffer`]), or
    /// `None` when a reliable provisional has carried the answer already.
    Answered {
        /// Session description, if any.
        sdp: Option<Bytes>,
    },
    /// Outbound: ended before an answer. The leg is gone.
    Refused(Refused),
    /// The far end made an offer in the dialog; exactly one `AnswerOffer` or `RefuseOffer` must
    /// follow. `None`: it asks us for one (re-INVITE without SDP): answer with `AnswerOffer`
    /// whose SDP is then our offer, and its answer comes as `AnswerReceived`.
    OfferReceived {
        /// Session description, if any.
        sdp: Option<Bytes>,
    },
    /// The answer to our offer, by whatever message. `None`: none came (ACK without SDP).
    AnswerReceived {
        /// Session description, if any.
        sdp: Option<Bytes>,
    },
    /// Our offer was refused; the session stays as it was (RFC 6141).
    OfferFailed {
        /// Final status.
        status: u16,
    },
    /// Inbound: our 2xx was acknowledged.
    Confirmed,
    /// The far end ended an answered leg, or cancelled an unanswered inbound one. The leg is gone.
    Ended {
        /// `NormalClearing` (BYE), `CallerCancelled` (CANCEL), `MediaTimeout` (no refresh, no ACK).
        cause: Cause,
        /// Whether the far end did it, and not a timer of ours.
        by_far_end: bool,
        /// Q.850 value of a `Reason` header that came with it.
        q850: Option<u8>,
    },
    /// The far end asks us to call somebody in its place (REFER); answer with `AcceptRefer` or
    /// `RefuseRefer`.
    Refer(Box<Refer>),
    /// A digit by INFO (`application/dtmf-relay`, `application/dtmf`).
    Digit {
        /// `0`–`9`, `*`, `#`, `A`–`D`.
        digit: u8,
        /// Length as told, 0 when not told.
        duration: Micros,
    },
    /// Nothing more of this leg will come: dialog and its transactions' users are gone. Sent once
    /// for every leg, after `Refused`, `Ended` or our own `End`/`Refuse` has been settled.
    Gone,
}

/// A name and number as shown to the far end.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identity {
    /// User part of the URI: the extension number.
    pub user: String,
    /// Display name; written as UTF-8.
    pub display: String,
    /// Host part: the SIP domain.
    pub host: String,
}

/// An outbound leg.
#[derive(Debug, Clone)]
pub struct Invite {
    /// The registered contact that is called.
    pub contact: ContactId,
    /// Who calls (From and P-Asserted-Identity).
    pub from: Identity,
    /// Who is called (To).
    pub to: Identity,
    /// What a gateway is to dial: stands in the Request-URI in place of the contact's user part.
    pub dial: Option<String>,
    /// Our offer; `None` asks for one (late offer passed through).
    pub sdp: Option<Bytes>,
    /// Max-Forwards, decremented already.
    pub max_forwards: u8,
    /// `Referred-By` of a transfer, as it came.
    pub referred_by: Option<Bytes>,
    /// The leg whose far end hears our 18x does 100rel; then ours says `Supported: 100rel`.
    pub reliable: bool,
    /// The numbers that sent the call on, the first one first: `Diversion` (RFC 5806) and
    /// `History-Info` (RFC 7044).
    pub diverted: Vec<Diverted>,
    /// The phone shall answer by itself: `Call-Info` with `answer-after`, `Alert-Info` and
    /// `Answer-Mode` (RFC 5373), of which phones know one or another.
    pub auto_answer: bool,
    /// The number is not for the called party: From is anonymous, `Privacy: id`; P-Asserted-
    /// Identity has it all the same (RFC 3323, RFC 3325).
    pub hidden: bool,
}

/// A number that sent a call on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diverted {
    /// Whose number.
    pub by: Identity,
    /// When it does.
    pub why: Why,
}

/// When a number sends calls on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// Always.
    Unconditional,
    /// When it is busy.
    Busy,
    /// When it does not answer.
    NoAnswer,
    /// When it cannot be reached.
    Unavailable,
    /// A group of which nobody took the call.
    Deflection,
}

/// An inbound leg.
#[derive(Debug, Clone)]
pub struct Offered {
    /// The authenticated device.
    pub device: DeviceId,
    /// User part of the Request-URI, unescaped: what was dialled. `tel:` gives its number.
    pub dialed: String,
    /// Host part of the Request-URI.
    pub host: String,
    /// Display name of From, whatever its encoding was; empty without one.
    pub display: String,
    /// User part of the first P-Asserted-Identity, else of From: whom a gateway calls for. Nobody
    /// vouches for it with any other device.
    pub caller: String,
    /// User part of To, unescaped.
    pub called: String,
    /// Offer, if any.
    pub sdp: Option<Bytes>,
    /// The leg that this INVITE replaces (RFC 3891); `early_only` was honoured by the stack.
    pub replaces: Option<LegId>,
    /// `Referred-By`, as it came.
    pub referred_by: Option<Bytes>,
    /// Max-Forwards as it came (70 when absent).
    pub max_forwards: u8,
    /// The far end supports 100rel.
    pub reliable: bool,
    /// Our address that faces the far end.
    pub local: IpAddr,
    /// Where its packets come from.
    pub remote: IpAddr,
    /// The transport is TLS.
    pub secure: bool,
    /// The far end's Contact differs from where its packets come from.
    pub behind_nat: bool,
}

/// How an outbound leg failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    /// Final status; 408 for timers, 503 for transport failures, 487 after our CANCEL.
    pub status: u16,
    /// Q.850 value of a `Reason` header in the answer.
    pub q850: Option<u8>,
    /// No final answer came from the far end: timer B or C, dead flow.
    pub unreachable: bool,
}

/// A transfer asked for by the far end.
#[derive(Debug, Clone)]
pub struct Refer {
    /// User part of Refer-To, unescaped.
    pub target: String,
    /// The leg named by `Replaces` in Refer-To, when it is one of ours (attended transfer).
    pub replaces: Option<LegId>,
    /// Refer-To had a `Replaces` that names no dialog of ours.
    pub replaces_unknown: bool,
    /// `Referred-By` of the request, or one made from its sender.
    pub referred_by: Bytes,
}
