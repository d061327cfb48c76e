//! One side of a call.

use std::net::SocketAddr;
use std::sync::Arc;

use base::id::{DeviceId, GatewayId, SiteId, UserId};
use base::{Dn, LegId};
use bytes::Bytes;
use mediactl::{Sdes, sdp};
use model::{Device, SrtpPolicy};

use crate::collect::Collector;
use crate::input::Path;

/// Who stands behind a leg, with number and name as they were when the leg began (R313).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Person {
    pub user: Option<UserId>,
    pub dn: Option<Dn>,
    pub number: Box<str>,
    pub name: Box<str>,
    pub site: Option<SiteId>,
    /// A party outside, behind this gateway.
    pub gateway: Option<GatewayId>,
    /// What is shown instead of the number to those whom it calls (R092).
    pub chosen: Option<Dn>,
}

impl Person {
    /// The number that is shown: to who is called by it the chosen one.
    pub(crate) fn shown_number(&self, calls: bool) -> Box<str> {
        match self.chosen.filter(|_| calls) {
            Some(dn) => dn.text().into(),
            None => self.number.clone(),
        }
    }
}

/// A fingerprint of number and name that a phone shows; calls are many, so it is small.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Shown(u32);

impl Shown {
    /// FNV-1a; 0 stands for nothing.
    pub(crate) fn of(who: &Person, calls: bool) -> Self {
        let number = who.shown_number(calls);
        let bytes = number.bytes().chain([0]).chain(who.name.bytes());
        let hash = bytes.fold(0x811c_9dc5_u32, |h, b| (h ^ u32::from(b)).wrapping_mul(0x0100_0193));
        Shown(hash.max(1))
    }
}

/// Who began the leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Begun {
    /// The phone dialled.
    ByPhone,
    /// We called the phone.
    ByUs,
}

/// What the leg is in its call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// One of the two that talk, or the one that waits for the other.
    Party,
    /// Rings, in competition with others.
    Ringing,
    /// Takes the place of a party as soon as the other one agrees.
    Joining,
    /// Ended; forgotten with the end of the step.
    Out,
}

/// How far the leg has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum State {
    /// Ours, waits for its port; the stack does not know it.
    Opening,
    /// Unanswered, no sign of life yet.
    Early,
    /// Unanswered, a provisional answer came.
    Rang,
    /// Answered.
    Answered,
}

/// What the far end wants of us.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Pending {
    /// Nothing.
    #[default]
    Nothing,
    /// An answer to this offer.
    Offer(Bytes),
    /// An offer of ours.
    Request,
}

/// What we want of the far end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Asked {
    /// Nothing.
    #[default]
    Nothing,
    /// An answer to our offer.
    Answer,
    /// An offer of its own.
    Offer,
}

/// Something to be said as soon as the leg has its port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Waiting {
    pub say: Say,
    pub body: Body,
}

/// What is said to a leg with a session description.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Say {
    /// Begins it, towards this contact.
    Invite { contact: u64 },
    /// 18x.
    Progress { status: u16 },
    /// The final answer to an inbound leg.
    Answer,
    /// An offer; shows the party behind the named leg.
    Offer { identity: Option<LegId> },
    /// The answer to its offer, or our offer when it asked for one.
    AnswerOffer,
}

/// Which session description.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Body {
    /// None.
    Nothing,
    /// That of another leg's far end: its pending offer, else the last one in force.
    Of(LegId),
    /// The same, asking for audio in both directions even if that leg was on hold.
    Fresh(LegId),
    /// Our own player.
    Own(mediactl::Direction),
    /// An answer that takes every codec and no audio to speak of: the phone holds.
    Quiet(mediactl::Direction),
    /// An answer made from the offers of both, since both wait for one (pickup by a phone).
    Cross(LegId),
}

/// How the audio of a relayed leg is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protect {
    /// `RTP/AVP`.
    Plain,
    /// `RTP/AVP` with keys.
    BestEffort,
    /// `RTP/SAVP`.
    Savp,
}

/// The leg in the media plane.
#[derive(Debug)]
pub(crate) struct Media {
    /// Its id there: that of the leg, or a fresh one when the leg was opened before.
    pub id: LegId,
    /// RTP and RTCP address once it is open.
    pub at: Option<(SocketAddr, SocketAddr)>,
    /// Our keys: those offered, then the chosen one.
    pub keys: Vec<Sdes>,
    pub protect: Option<Protect>,
    /// The wanted condition has to be told again.
    pub dirty: bool,
    /// The media plane knows of it.
    pub told: bool,
    /// The join that was told last.
    pub joined: mediactl::Joined,
    /// The company's own sounds in what it plays.
    pub instead: Box<[mediactl::Instead]>,
    /// What was told last of its digits.
    pub tones: mediactl::DtmfToPeer,
}

/// Where the leg's far end was told to send its audio.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Serves {
    /// To the other party, or to the relay for it.
    Peer,
    /// To our player, though the call's media is direct.
    Music,
}

/// What was last sent as session description, so that a change of its origin is no break.
#[derive(Debug, Default)]
pub(crate) struct Sent {
    pub session: sdp::Session,
    /// Whose description it was; our own under the leg's own id.
    pub source: Option<LegId>,
    /// Another source came after the first one: bodies are stamped from then on.
    pub mixed: bool,
    /// It told the phone that it is not heard.
    pub mutes: bool,
}

/// One side of a call.
#[derive(Debug)]
pub(crate) struct Leg {
    pub id: LegId,
    pub begun: Begun,
    pub role: Role,
    pub state: State,
    pub device: DeviceId,
    pub site: Option<SiteId>,
    pub policy: SrtpPolicy,
    pub who: Arc<Person>,
    /// It made the call, so it is shown by the number that it has chosen.
    pub calls: bool,
    /// Whom the far end has been told it is connected to, or is called by.
    pub shown: Shown,
    pub path: Path,
    /// Last description of the far end that is in force; empty when there is none.
    pub remote: Bytes,
    pub pending: Pending,
    /// The pending offer came in a final answer: it can be answered but not refused.
    pub fetched: bool,
    pub asked: Asked,
    pub sent: Sent,
    pub media: Option<Box<Media>>,
    /// A media leg with this leg's id was opened before.
    pub reopened: bool,
    pub serves: Serves,
    /// Its digits, once it has pressed one that may mean something.
    pub collector: Option<Box<Collector>>,
    /// The device wants to be sent the push tones of an extension.
    pub accepts_tones: bool,
    /// The far end does not want to hear the other party.
    pub holding: bool,
    /// The player was refused, or has no codec for this phone.
    pub no_music: bool,
    /// Silent, and not asked yet (R255).
    pub probe: bool,
    /// Inbound: provisional answers with SDP are reliable.
    pub reliable: bool,
    /// Outbound: the phone gave a sign of life (R062).
    pub reached: bool,
    pub waiting: Option<Waiting>,
    /// Of an emergency call, or of a call back to one: never ended for another.
    pub urgent: bool,
}

impl Leg {
    pub(crate) fn new(id: LegId, begun: Begun, device: DeviceId, who: Arc<Person>) -> Self {
        use std::net::{IpAddr, Ipv4Addr};
        let nowhere = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        Leg {
            id,
            begun,
            role: Role::Party,
            state: State::Early,
            device,
            site: None,
            policy: SrtpPolicy::Auto,
            who,
            calls: false,
            shown: Shown::default(),
            path: Path { local: nowhere, remote: nowhere, secure: false, behind_nat: false },
            remote: Bytes::new(),
            pending: Pending::Nothing,
            fetched: false,
            asked: Asked::Nothing,
            sent: Sent::default(),
            media: None,
            reopened: false,
            serves: Serves::Peer,
            collector: None,
            accepts_tones: false,
            holding: false,
            no_music: false,
            probe: false,
            reliable: false,
            reached: false,
            waiting: None,
            urgent: false,
        }
    }

    /// A leg that is to ring at a contact of a terminal.
    pub(crate) fn ringing_at(id: LegId, device: &Device, who: Arc<Person>, path: Path) -> Self {
        Leg {
            role: Role::Ringing,
            state: State::Opening,
            site: Some(device.site),
            policy: device.srtp,
            accepts_tones: device.accepts_tones,
            path,
            ..Leg::new(id, Begun::ByUs, device.id, who)
        }
    }

    /// Whether the far end is to see another party by the number that this has chosen: it goes on
    /// seeing what it sees (R092).
    pub(crate) fn sees_chosen(&self, other: &Leg) -> bool {
        let sees = |calls| self.shown == Shown::of(&other.who, calls);
        match (sees(false), sees(true)) {
            (true, _) => false,
            (_, true) => true,
            _ => other.calls,
        }
    }

    /// It leads outside, by a gateway.
    pub(crate) fn is_outside(&self) -> bool {
        self.who.gateway.is_some()
    }

    /// Not ended.
    pub(crate) fn is_live(&self) -> bool {
        self.role != Role::Out
    }

    pub(crate) fn is_answered(&self) -> bool {
        self.is_live() && self.state == State::Answered
    }

    /// A phone that dialled and has no final answer yet.
    pub(crate) fn awaits_answer(&self) -> bool {
        self.is_live() && self.begun == Begun::ByPhone && self.state != State::Answered
    }

    /// Nothing is under way between us and the far end.
    pub(crate) fn is_quiet(&self) -> bool {
        self.pending == Pending::Nothing && self.asked == Asked::Nothing && self.waiting.is_none()
    }

    /// The description that another leg may be given: the pending offer, else what is in force.
    pub(crate) fn body(&self) -> Bytes {
        match &self.pending {
            Pending::Offer(offer) => offer.clone(),
            Pending::Nothing | Pending::Request => self.remote.clone(),
        }
    }

    /// The pending offer has been answered, or our offer: it is in force.
    pub(crate) fn settle_pending(&mut self) {
        self.fetched = false;
        if let Pending::Offer(offer) = std::mem::take(&mut self.pending) {
            self.remote = offer;
        }
    }

    /// The far end's description, kept apart from the message that it came in: a slice would
    /// keep the whole datagram alive as long as the call.
    pub(crate) fn keep(body: &Bytes) -> Bytes {
        Bytes::copy_from_slice(body)
    }

    pub(crate) fn touch_media(&mut self) {
        if let Some(media) = &mut self.media {
            media.dirty = true;
        }
    }

    /// Whether offers to this phone are protected (media design §11).
    pub(crate) fn wants_savp(&self) -> bool {
        wants_savp(self.policy, self.path)
    }
}

/// SAVP is offered where it is demanded, and where the keys travel encrypted.
pub(crate) fn wants_savp(policy: SrtpPolicy, path: Path) -> bool {
    match policy {
        SrtpPolicy::Required => true,
        SrtpPolicy::Off => false,
        SrtpPolicy::Auto => path.secure,
    }
}
