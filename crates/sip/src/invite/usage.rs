//! One INVITE usage: what is kept of a leg, and its timers.
//!
//! | Phase | Leaves by | To |
//! |---|---|---|
//! | `Calling` | first 2xx | `Up`, or `Ending` when we had given up |
//! | | refusal, timer B or C, dead flow | `Gone` |
//! | `Ringing` | `Answer` | `Up` |
//! | | `Refuse`, `End`, CANCEL, early BYE, no PRACK | `Gone` |
//! | `Up` | BYE | `Gone` |
//! | | `End`, no ACK, no refresh, 481 or 408 in the dialog | `Ending` |
//! | `Ending` | answer to our BYE, BYE of the far end | `Gone` |

use base::id::DeviceId;
use base::limits::TIMER_HOP;
use base::{LegId, Micros, Mono};
use bytes::Bytes;

use super::Cx;
use super::inbound::Ringing;
use super::outbound::Calling;
use super::refer::Referral;
use crate::dialog::{Caps, Local, Remote, SessionTimer};
use crate::leg::{Identity, LegEvent};
use crate::msg::Method;
use crate::stack::Output;
use crate::txn::{ClientTx, NOBODY, Peer, ServerTx, TimerKey};

/// 64·T1: how long anything that must be acknowledged is repeated.
pub(super) const LONG: Micros = Micros(64 * base::limits::T1.0);

/// Offers that may wait for their turn; more fail with 491.
pub(super) const WISHES_MAX: usize = 8;

/// How often one offer is tried again after glare.
pub(super) const TRIES_MAX: u8 = 8;

/// How long call control may think about an offer of the far end: less than the 64·T1 after which
/// a non-INVITE transaction can no longer be answered (RFC 4320).
const OWED_MAX: Micros = Micros::seconds(30);

/// Place of a usage in the slab.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) index: u32,
    pub(super) generation: u32,
}

/// What a client transaction of a leg is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Role {
    Invite,
    Prack,
    Reinvite,
    Update,
    Bye,
    Notify,
    /// REFER or INFO of a phone.
    Errand,
}

const ROLES: [Role; 7] = [
    Role::Invite,
    Role::Prack,
    Role::Reinvite,
    Role::Update,
    Role::Bye,
    Role::Notify,
    Role::Errand,
];

impl Key {
    /// The owner value of a transaction: 24 bits of index, 32 of generation, 8 of role.
    pub(super) fn owner(self, role: Role) -> u64 {
        (u64::from(self.index) << 40) | (u64::from(self.generation) << 8) | role as u64
    }

    /// Takes an owner value apart.
    pub(super) fn of_owner(owner: u64) -> Option<(Key, Role)> {
        let role = ROLES.get((owner & 0xff) as usize).copied()?;
        let key = Key { index: (owner >> 40) as u32, generation: (owner >> 8) as u32 };
        (owner != NOBODY).then_some((key, role))
    }
}

/// Timers of a leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    /// Repeat the reliable provisional response or the 2xx.
    Resend,
    /// No PRACK or no ACK came.
    Limit,
    /// Tell a waiting caller again that it rings (RFC 3261 §13.3.1.1).
    Remind,
    /// Refresh the session.
    Refresh,
    /// The session was not refreshed.
    GiveUp,
    /// Try an offer again after glare.
    Retry,
    /// The ACK need not be kept any more.
    Linger,
    /// Call control has not answered the far end's offer.
    Owed,
    /// The implicit subscription of a REFER ends, or nobody decided about the REFER.
    Refer,
}

const KINDS: [Kind; 9] = [
    Kind::Resend,
    Kind::Limit,
    Kind::Remind,
    Kind::Refresh,
    Kind::GiveUp,
    Kind::Retry,
    Kind::Linger,
    Kind::Owed,
    Kind::Refer,
];

impl Kind {
    pub(super) fn of(kind: u8) -> Option<Self> {
        KINDS.get(usize::from(kind)).copied()
    }
}

const NEVER: Mono = Mono(u64::MAX);

/// Where a leg stands.
pub(super) enum Phase {
    /// Outbound, no final response yet.
    Calling(Box<Calling>),
    /// Inbound, no final response yet.
    Ringing(Box<Ringing>),
    /// Answered.
    Up,
    /// We end it. Without a transaction the BYE waits for the ACK to our 2xx (RFC 3261 §15).
    Ending(Option<ClientTx>),
    /// Over; removed before the stack returns.
    Gone,
}

/// The far end's offer, which call control has to answer.
#[derive(Debug, Clone, Copy)]
pub(super) enum Owed {
    /// The answer goes into the 200 to this request.
    Request { tx: ServerTx, method: Method, has_offer: bool },
    /// The offer came in a 2xx; the answer goes into its ACK.
    Ack { cseq: u32, initial: bool },
    /// The offer came in a reliable provisional response; the answer goes into its PRACK.
    Prack { rseq: u32, cseq: u32, fork: usize },
}

/// An offer of ours that waits, runs, or is to be tried again.
#[derive(Debug, Clone)]
pub(super) struct Wish {
    pub(super) what: What,
    pub(super) tries: u8,
}

/// What a wish is.
#[derive(Debug, Clone)]
pub(super) enum What {
    /// From call control; without SDP it asks for an offer.
    Offer { sdp: Option<Bytes>, identity: Option<Box<Identity>> },
    /// Session refresh.
    Refresh,
    /// Another party is behind us.
    Identity(Box<Identity>),
}

/// A re-INVITE or UPDATE of ours without final response.
pub(super) struct Pending {
    pub(super) tx: ClientTx,
    pub(super) method: Method,
    pub(super) wish: Wish,
    /// Sent before the 2xx to the first INVITE.
    pub(super) early: bool,
}

impl Pending {
    /// Whether an offer of the far end collides with it.
    pub(super) fn collides(&self) -> bool {
        self.method == Method::Invite || matches!(self.wish.what, What::Offer { .. })
    }
}

/// Our 2xx to an INVITE, repeated until its ACK comes.
pub(super) struct AckWait {
    pub(super) tx: ServerTx,
    pub(super) cseq: u32,
    pub(super) bytes: Bytes,
    pub(super) interval: Micros,
    /// It carries our offer: the ACK must bring the answer.
    pub(super) offered: bool,
    /// It answers the first INVITE.
    pub(super) initial: bool,
}

/// The ACK that we sent, for repeated 2xx.
pub(super) struct AckSent {
    pub(super) cseq: u32,
    pub(super) bytes: Bytes,
}

/// A leg.
pub(super) struct Usage {
    pub(super) id: LegId,
    pub(super) key: Key,
    pub(super) device: DeviceId,
    pub(super) peer: Peer,
    /// A phone of the device was registered from there when we last looked.
    pub(super) at_home: bool,
    pub(super) local: Local,
    pub(super) remote: Remote,
    pub(super) caps: Caps,
    pub(super) phase: Phase,
    pub(super) owed: Option<Owed>,
    pub(super) pending: Option<Box<Pending>>,
    pub(super) wishes: Vec<Wish>,
    /// The last INVITE of the far end that we refused.
    pub(super) refused: Option<ServerTx>,
    pub(super) ack_in: Option<Box<AckWait>>,
    pub(super) ack_out: Option<AckSent>,
    /// Sequence number of the first INVITE of an outbound leg, for its repeated and forked 2xx.
    pub(super) first_cseq: u32,
    pub(super) session: SessionTimer,
    /// Last description sent, kept only for refreshes by re-INVITE.
    pub(super) last_sdp: Option<Bytes>,
    pub(super) referral: Option<Box<Referral>>,
    /// Some REFER was accepted already: further NOTIFYs need an id (RFC 3515 §2.4.6).
    pub(super) referred: bool,
    /// Value of `Reason` for a BYE that waits.
    pub(super) reason: Option<Bytes>,
    due: [Mono; KINDS.len()],
    /// When the newest entry of each timer in the wheel fires: at its time, or earlier to be put
    /// back.
    armed: [Mono; KINDS.len()],
}

/// What a new usage begins with.
pub(super) struct Birth {
    pub(super) id: LegId,
    pub(super) key: Key,
    pub(super) device: DeviceId,
    pub(super) peer: Peer,
    pub(super) local: Local,
    pub(super) remote: Remote,
}

impl Usage {
    pub(super) fn new(birth: Birth, caps: Caps, phase: Phase) -> Self {
        let Birth { id, key, device, peer, local, remote } = birth;
        let first_cseq = local.seq;
        Usage {
            id,
            key,
            device,
            peer,
            at_home: false,
            local,
            remote,
            caps,
            phase,
            owed: None,
            pending: None,
            wishes: Vec::new(),
            refused: None,
            ack_in: None,
            ack_out: None,
            first_cseq,
            session: SessionTimer::default(),
            last_sdp: None,
            referral: None,
            referred: false,
            reason: None,
            due: [NEVER; KINDS.len()],
            armed: [NEVER; KINDS.len()],
        }
    }

    pub(super) fn emit(&self, cx: &mut Cx<'_>, event: LegEvent) {
        cx.out.push(Output::Leg { leg: self.id, event });
    }

    pub(super) fn is_gone(&self) -> bool {
        matches!(self.phase, Phase::Gone)
    }

    pub(super) fn arm(&mut self, cx: &mut Cx<'_>, kind: Kind, at: Mono) {
        self.due[kind as usize] = at;
        self.hop(cx, kind);
    }

    /// Puts a timer into the wheel, for a while only when it is due late.
    fn hop(&mut self, cx: &mut Cx<'_>, kind: Kind) {
        let at = self.due[kind as usize].min(cx.now.mono + TIMER_HOP);
        self.armed[kind as usize] = at;
        let Key { index: leg, generation } = self.key;
        cx.layer.arm(at, TimerKey::Leg { leg, generation, kind: kind as u8 });
    }

    pub(super) fn arm_in(&mut self, cx: &mut Cx<'_>, kind: Kind, span: Micros) {
        self.arm(cx, kind, cx.now.mono + span);
    }

    pub(super) fn disarm(&mut self, kind: Kind) {
        self.due[kind as usize] = NEVER;
    }

    pub(super) fn is_armed(&self, kind: Kind) -> bool {
        self.due[kind as usize] != NEVER
    }

    /// A timer of the wheel fired; `false` when it was cancelled, moved, or is due later.
    pub(super) fn is_due(&mut self, cx: &mut Cx<'_>, kind: Kind) -> bool {
        let (now, due) = (cx.now.mono, self.due[kind as usize]);
        if due <= now {
            self.disarm(kind);
        } else if due != NEVER && self.armed[kind as usize] <= now {
            self.hop(cx, kind);
        }
        due <= now
    }

    /// Notes the far end's offer and tells call control.
    pub(super) fn owe(&mut self, cx: &mut Cx<'_>, owed: Owed, event: LegEvent) {
        self.owed = Some(owed);
        self.arm_in(cx, Kind::Owed, OWED_MAX);
        self.emit(cx, event);
    }

    /// The offer that is to be answered, which is settled with this.
    pub(super) fn take_owed(&mut self) -> Option<Owed> {
        self.disarm(Kind::Owed);
        self.owed.take()
    }
}
