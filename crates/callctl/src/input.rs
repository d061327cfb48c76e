//! What can happen to call control. Knows no SIP: a leg has offers, answers and an end.

use std::net::IpAddr;

use base::id::DeviceId;
use base::{CallId, Cause, LegId, Micros};
use bytes::Bytes;
use model::own_setting::Declined;

/// Everything that can happen to call control.
#[derive(Debug, Clone)]
pub enum Input {
    /// A device dials: a new inbound leg.
    Offered {
        /// The new leg.
        leg: LegId,
        /// Its particulars.
        offered: Box<Offered>,
    },
    /// Something happened on a leg.
    Leg {
        /// Which; unknown ones are ignored and counted.
        leg: LegId,
        /// What.
        event: LegEvent,
    },
    /// The media plane reports.
    Media {
        /// What.
        event: mediactl::Event,
    },
    /// What became of a wish ([`crate::Action::Wish`]).
    Told {
        /// The call that waits.
        call: CallId,
        /// Why it was refused; `None` = it is in force.
        declined: Option<Declined>,
    },
    /// The configuration changed; legs of devices that are gone are cancelled (R247).
    Config,
    /// Portal or API ends a call (`AdminCleared`).
    Clear {
        /// Which.
        call: CallId,
    },
    /// The drain's deadline: every call ends with `Failover`.
    ClearAll,
    /// A deadline passed.
    Tick,
}

/// An inbound leg as it begins.
#[derive(Debug, Clone)]
pub struct Offered {
    /// The authenticated device.
    pub device: DeviceId,
    /// What was dialled, as the phone sent it.
    pub dialed: String,
    /// The name that the phone gives itself, empty without one; shown where the directory has
    /// none.
    pub name: String,
    /// The number that calls, as the far end tells it; believed of a gateway only.
    pub caller: String,
    /// The number in To, which a gateway may tell besides what it dials.
    pub called: String,
    /// Offer, if any; `None` means the caller wants ours.
    pub sdp: Option<Bytes>,
    /// The leg that this one takes over (attended transfer, pickup by a phone).
    pub replaces: Option<LegId>,
    /// Who referred, as it came; passed to the called side.
    pub referred_by: Option<Bytes>,
    /// Hops left, as it came.
    pub max_forwards: u8,
    /// The caller acknowledges provisional answers, so they may carry SDP reliably.
    pub reliable: bool,
    /// What the network looks like from this leg.
    pub path: Path,
}

/// The network as seen from a leg; decides between direct and relayed media.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Path {
    /// Our address that faces the far end.
    pub local: IpAddr,
    /// Where its packets come from.
    pub remote: IpAddr,
    /// Signalling is encrypted, so SDES keys may be offered.
    pub secure: bool,
    /// The far end is behind NAT.
    pub behind_nat: bool,
}

/// What happens on a leg that exists. The twin of the stack's events, without SIP.
#[derive(Debug, Clone)]
pub enum LegEvent {
    /// Outbound: the phone itself has the call, and neither rings nor answers yet (100).
    Trying,
    /// Outbound: the far end works on it (101–199).
    Progress {
        /// 180 rings; 183 is progress with media.
        status: u16,
        /// Answer to our offer, or an offer when ours had none.
        sdp: Option<Bytes>,
    },
    /// Outbound: answered; exactly once.
    Answered {
        /// Answer, or offer when ours had none (then `AnswerOffer` must follow).
        sdp: Option<Bytes>,
    },
    /// Outbound: ended before an answer.
    Refused(Refused),
    /// The far end makes an offer; `None`: it asks for one (answered by `AnswerOffer` as well).
    OfferReceived {
        /// The offer.
        sdp: Option<Bytes>,
    },
    /// The far end answered our offer; `None` when no answer came.
    AnswerReceived {
        /// The answer.
        sdp: Option<Bytes>,
    },
    /// The far end refused our offer; the session stays as it was.
    OfferFailed {
        /// SIP final status.
        status: u16,
    },
    /// Inbound: our answer arrived.
    Confirmed,
    /// The far end hung up, cancelled, or is lost.
    Ended {
        /// Why.
        cause: Cause,
        /// The far end did it, and not a timer of ours.
        by_far_end: bool,
    },
    /// The far end asks to be replaced (transfer).
    Refer(Box<Refer>),
    /// A digit by signalling.
    Digit {
        /// `0`–`9`, `*`, `#`, `A`–`D`.
        digit: u8,
        /// Length as told, 0 when not told.
        duration: Micros,
    },
    /// Nothing more will come of this leg.
    Gone,
}

/// How an outbound leg failed before it was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    /// SIP final status; 408 for timers, 503 for dead connections, 487 after our own end.
    pub status: u16,
    /// Q.850 value told by the far end.
    pub q850: Option<u8>,
    /// The far end gave no final answer at all.
    pub unreachable: bool,
}

/// A transfer asked for by a phone.
#[derive(Debug, Clone)]
pub struct Refer {
    /// Whom to call, as the phone sent it.
    pub target: String,
    /// The leg to be taken over (attended transfer); blind when `None`.
    pub replaces: Option<LegId>,
    /// The phone named a call that does not exist (any more).
    pub replaces_unknown: bool,
    /// Who refers; passed on.
    pub referred_by: Bytes,
}
