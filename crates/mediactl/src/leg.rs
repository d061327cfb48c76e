//! The wanted condition of a media leg.

use std::net::{IpAddr, SocketAddr};

use base::id::LegId;

use crate::{Direction, FileId, Payloads, PromptId, Record, Sdes, Words};

/// Everything the media plane shall know of a leg; complete, so a later one replaces it whole.
///
/// Changes of `group` and `local` after the leg was opened are not taken: open a new leg.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegWant {
    /// The leg, also of the call side.
    pub leg: LegId,
    /// Legs of one group live on one media thread; legs that are joined must share it.
    pub group: GroupId,
    /// Interface address to bind, and so the one in `Opened`; its family is the leg's.
    pub local: IpAddr,
    /// Where the peer listens, from its SDP; `None` before it is known.
    pub remote: Option<RemoteMedia>,
    /// What runs over the sockets.
    pub form: Form,
    /// Keys of the leg.
    pub protection: Protection,
    /// Negotiated payload types, most wanted first: what we send and what is accepted.
    ///
    /// Empty before negotiation: then any payload type is relayed.
    pub payloads: Payloads,
    /// What *we* do on this leg: `SendOnly` = the peer is heard by nobody.
    pub direction: Direction,
    /// Where the leg's media goes and what it hears.
    pub joined: Joined,
    /// What becomes of the digits that this leg presses, on their way to the joined leg.
    pub dtmf_to_peer: DtmfToPeer,
    /// Own sounds in place of sentences and tones that `joined` plays, alone or among words; at
    /// most [`Words::MAX`]. Who hears a playing already keeps what it began with.
    pub instead: Box<[Instead]>,
}

/// An own sound in place of a built-in one (R319).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Instead {
    /// The built-in one: a sentence or a tone. It is played where the own one is missing.
    pub of: PlayerId,
    /// Number of `FileId::Sound`.
    pub sound: u64,
}

/// Ties legs to one media thread; the call's number, or the conference's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupId(pub u64);

/// The peer's addresses as its SDP states them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RemoteMedia {
    /// `c=` and the port of `m=`.
    pub rtp: SocketAddr,
    /// `a=rtcp`, or the next port; equal to `rtp` with rtcp-mux.
    pub rtcp: SocketAddr,
    /// Whether RTP and RTCP share the port (RFC 5761), offered and answered.
    pub rtcp_mux: bool,
}

/// What the leg carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Form {
    /// RTP or SRTP.
    #[default]
    Rtp,
    /// RTP to the multicast group that `remote` names, by the interface that has `local`, which is
    /// of the same family, and nothing back: no RTCP, and what comes in is dropped. Not to be
    /// changed after the leg was opened.
    Multicast,
    /// T.38 over UDPTL: bytes pass untouched, source latched without looking inside.
    Udptl,
}

/// How the leg is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Protection {
    /// RTP/AVP.
    #[default]
    None,
    /// RTP/SAVP with keys from SDP; both lines have the same suite.
    Sdes {
        /// Our line: the key with which we send.
        local: Sdes,
        /// The peer's line: the key with which it sends.
        remote: Sdes,
    },
}

/// What a leg is connected to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Joined {
    /// Nothing: its packets are counted and dropped, it hears nothing.
    #[default]
    None,
    /// Another leg of the same group hears it.
    ///
    /// Both legs must name each other for talk in both directions; `A: Leg(B)` with
    /// `B: Player(..)` means that A is heard by nobody and B hears the player. Media flows
    /// from X to Y when both X names Y and Y names X.
    Leg(LegId),
    /// It hears a player; what it says is heard by nobody, digits are told.
    Player(Play),
    /// It hears itself (test phone).
    Echo,
    /// What it says goes into a file, it hears silence; digits are told and not recorded.
    Recorder(Record),
    /// What it says is heard by every leg that listens to it, it hears silence.
    Speaker,
    /// It hears what this leg of the same group says while that is a [`Joined::Speaker`], and
    /// what that one hears of a player; what it says itself is heard by nobody.
    Listener(LegId),
}

/// One playing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Play {
    /// What.
    pub what: PlayerId,
    /// How often.
    pub repeat: Repeat,
    /// Told back in `PlayEnded`; a change of it alone starts the same thing again.
    pub serial: u32,
}

/// Something that can be played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlayerId {
    /// The built-in hold music, one running position for all.
    HoldMusic,
    /// A built-in sentence.
    Prompt {
        /// Which sentence.
        id: PromptId,
        /// Language; the other one is played where it is missing.
        language: Language,
    },
    /// A telephone tone.
    Tone(ToneKind),
    /// Sentences, words and tones one after the other.
    Words(Words),
    /// A file from its beginning; one that is missing has ended at once.
    File(FileId),
    /// `FileId::Sound` as hold music, one running position for all; the built-in music where it
    /// is missing.
    Music(u64),
}

/// Language of a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// Japanese.
    #[default]
    Ja,
    /// English.
    En,
}

/// Telephone tones with the Japanese cadences (J123).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToneKind {
    /// 400 Hz without end.
    Dial,
    /// 400 Hz, three short breaks, then without end: after a hold, dial now.
    SecondDial,
    /// 400 Hz modulated with 15 Hz, 1 s on, 2 s off.
    Ringback,
    /// 400 Hz, 0.5 s on, 0.5 s off; also congestion.
    Busy,
    /// 400 Hz modulated with 16 Hz, 0.5 s every 8 s.
    CallWaiting,
    /// 950, 1,400, 1,800 Hz, 330 ms each.
    Refusal,
    /// 400 Hz, three bursts of 120 ms: what was asked for is done.
    Confirmation,
    /// 400 Hz, four bursts of 250 ms: it is not done.
    Error,
    /// 1,000 Hz for half a second: speak now.
    Record,
    /// 1,000 Hz for 160 ms.
    Beep,
    /// 400 Hz twice for 120 ms, every 10 s: somebody is still held.
    Hold,
}

impl ToneKind {
    /// All, in the order of their wire numbers.
    pub const ALL: [Self; 11] = [
        Self::Dial,
        Self::SecondDial,
        Self::Ringback,
        Self::Busy,
        Self::CallWaiting,
        Self::Refusal,
        Self::Confirmation,
        Self::Error,
        Self::Record,
        Self::Beep,
        Self::Hold,
    ];

    pub(crate) fn wire_number(self) -> u8 {
        self as u8
    }

    pub(crate) fn from_wire_number(n: u8) -> Option<Self> {
        Self::ALL.get(usize::from(n)).copied()
    }
}

/// How often something is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Repeat {
    /// To its end, then `PlayEnded` and silence. A tone ends after one cadence.
    Once,
    /// Until another condition comes.
    #[default]
    Forever,
}

/// What the joined leg gets of this leg's digits (media design §10.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DtmfToPeer {
    /// Digits pass as they are.
    #[default]
    Pass,
    /// Digits are taken out; silence goes in their place.
    Drop,
    /// Digits are taken out and told; call control sends on what is no feature code with
    /// `Command::SendDigit`. Tones in the audio pass.
    Collect,
}
