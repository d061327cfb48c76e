//! Codecs and payload types.

use std::fmt;

use smallvec::SmallVec;

/// A codec as `a=rtpmap` names it (RFC 3551, RFC 8866 §6.6); names compare without case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codec {
    /// G.711 µ-law, static payload type 0.
    Pcmu,
    /// G.711 A-law, static payload type 8.
    Pcma,
    /// G.722, static payload type 9; its RTP clock is 8,000 though it samples 16,000.
    G722,
    /// G.729, static payload type 18.
    G729,
    /// Opus (RFC 7587).
    Opus,
    /// RFC 4733 digits.
    TelephoneEvent,
    /// Comfort noise (RFC 3389), static payload type 13.
    ComfortNoise,
    /// Any other; relayed, never processed.
    Other(CodecName),
}

impl Codec {
    /// The encoding name for `a=rtpmap`.
    pub fn name(&self) -> &str {
        match self {
            Self::Pcmu => "PCMU",
            Self::Pcma => "PCMA",
            Self::G722 => "G722",
            Self::G729 => "G729",
            Self::Opus => "opus",
            Self::TelephoneEvent => "telephone-event",
            Self::ComfortNoise => "CN",
            Self::Other(name) => name.as_str(),
        }
    }

    /// From an encoding name in any case. Longer than 24 bytes or not ASCII: `None`.
    pub fn from_name(name: &[u8]) -> Option<Self> {
        let known = [
            Self::Pcmu,
            Self::Pcma,
            Self::G722,
            Self::G729,
            Self::Opus,
            Self::TelephoneEvent,
            Self::ComfortNoise,
        ];
        known
            .into_iter()
            .find(|c| c.name().as_bytes().eq_ignore_ascii_case(name))
            .or_else(|| CodecName::new(name).map(Self::Other))
    }

    /// The codec of a static payload type that needs no `a=rtpmap` (RFC 3551 §6, audio).
    pub fn from_static_pt(pt: u8) -> Option<Self> {
        Some(match pt {
            0 => Self::Pcmu,
            8 => Self::Pcma,
            9 => Self::G722,
            13 => Self::ComfortNoise,
            18 => Self::G729,
            3 => return Self::from_name(b"GSM"),
            4 => return Self::from_name(b"G723"),
            15 => return Self::from_name(b"G728"),
            _ => return None,
        })
    }

    /// Whether it carries speech, so that a line with it alone makes a conversation.
    pub fn is_audio(&self) -> bool {
        !matches!(self, Self::TelephoneEvent | Self::ComfortNoise)
    }
}

/// An encoding name that we do not process: 1–24 visible ASCII characters, kept as written.
#[derive(Clone, Copy)]
pub struct CodecName {
    bytes: [u8; CodecName::MAX],
    len: u8,
}

impl CodecName {
    /// Longest name kept.
    pub const MAX: usize = 24;

    /// `None` when empty, too long or not visible ASCII.
    pub fn new(name: &[u8]) -> Option<Self> {
        let fits = (1..=Self::MAX).contains(&name.len());
        if !fits || !name.iter().all(|b| b.is_ascii_graphic() && *b != b'/') {
            return None;
        }
        let mut bytes = [0; Self::MAX];
        bytes.iter_mut().zip(name).for_each(|(to, from)| *to = *from);
        Some(Self { bytes, len: name.len() as u8 })
    }

    /// As written in the SDP.
    pub fn as_str(&self) -> &str {
        let bytes = self.bytes.get(..usize::from(self.len)).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default()
    }
}

impl PartialEq for CodecName {
    fn eq(&self, other: &Self) -> bool {
        self.as_str().eq_ignore_ascii_case(other.as_str())
    }
}

impl Eq for CodecName {}

impl fmt::Debug for CodecName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One negotiated payload type of a leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Payload {
    /// RTP payload type, 0–127.
    pub pt: u8,
    /// What it carries.
    pub codec: Codec,
    /// RTP clock in Hz; 8,000 for G.711 and G.722, 48,000 for Opus.
    pub clock: u32,
    /// Channels, 1 when `a=rtpmap` names none.
    pub channels: u8,
}

impl Payload {
    /// PCMU with its static payload type.
    pub const PCMU: Self = Self { pt: 0, codec: Codec::Pcmu, clock: 8_000, channels: 1 };
    /// PCMA with its static payload type.
    pub const PCMA: Self = Self { pt: 8, codec: Codec::Pcma, clock: 8_000, channels: 1 };
    /// Telephone-event with the payload type that phones commonly use.
    pub const TELEPHONE_EVENT: Self =
        Self { pt: 101, codec: Codec::TelephoneEvent, clock: 8_000, channels: 1 };

    /// Whether both mean the same coding, whatever their payload types.
    pub fn same_coding(&self, other: &Self) -> bool {
        self.codec == other.codec && self.clock == other.clock && self.channels == other.channels
    }
}

/// The negotiated list, most wanted first; at most `sdp::PAYLOADS_MAX`.
pub type Payloads = SmallVec<[Payload; 4]>;
