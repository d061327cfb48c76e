//! What the media plane tells the call side.

use std::net::SocketAddr;

use base::id::LegId;

use crate::{FileId, RecordEnd, RecordFailure};

/// News from the media plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The leg has its sockets; the answer to the first condition of a leg.
    Opened {
        /// The new leg.
        leg: LegId,
        /// Where the peer shall send RTP; the address is the one asked for in the condition.
        rtp: SocketAddr,
        /// Where the peer shall send RTCP; equal to `rtp` with rtcp-mux.
        rtcp: SocketAddr,
    },
    /// The source of the peer's RTP is settled; packets from elsewhere are dropped from now on.
    Latched {
        /// The leg.
        leg: LegId,
        /// The source, which may differ from the address in its SDP (NAT).
        from: SocketAddr,
    },
    /// A digit was pressed; told when it begins and when it has ended, each once.
    Digit {
        /// The leg that pressed it.
        leg: LegId,
        /// Which.
        digit: Digit,
        /// How it was heard.
        source: DigitSource,
        /// Whether it begins or has ended.
        phase: DigitPhase,
    },
    /// Nothing was received for the silence time (30 s by default) though the peer may send.
    ///
    /// Told once until a packet arrives again.
    Silent {
        /// The leg.
        leg: LegId,
    },
    /// A player that does not loop came to its end, or cannot play (`serial` of its `Play`).
    PlayEnded {
        /// The leg that heard it.
        leg: LegId,
        /// `Play::serial` of the condition that started it.
        serial: u32,
    },
    /// A recording has ended and is on the disk, its header and its folder entry included.
    ///
    /// May come after the `Stats` of a closed leg.
    Recorded {
        /// The leg that spoke.
        leg: LegId,
        /// `Record::serial` of the condition that began it.
        serial: u32,
        /// The file.
        file: FileId,
        /// What was kept, without the silence at its end. Below `Record::MIN_MS` the file is
        /// gone already.
        duration_ms: u32,
        /// Why it ended.
        end: RecordEnd,
    },
    /// A recording could not begin or go on; its file is gone, unless it was another's.
    RecordFailed {
        /// The leg.
        leg: LegId,
        /// `Record::serial` of the condition.
        serial: u32,
        /// The file.
        file: FileId,
        /// Why.
        why: RecordFailure,
    },
    /// Counters of a leg: at its close, and when asked.
    Stats {
        /// The leg.
        leg: LegId,
        /// What was counted since it opened.
        stats: LegStats,
        /// Whether the leg is gone with this event.
        closed: bool,
    },
    /// The leg could not be opened or has died; it holds nothing any more.
    Failed {
        /// The leg.
        leg: LegId,
        /// Why.
        why: Failure,
    },
    /// How much more the plane can take; told on change.
    Overload {
        /// The new state.
        load: Load,
    },
}

/// Why a leg failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// No port or no descriptor is free (Q.850 cause 42/47 for the call).
    ResourceShortage,
    /// The local address cannot be bound on this machine.
    LocalAddress,
    /// A socket call failed in a way that does not mend itself.
    Socket,
    /// The condition contradicts itself, such as a suite without a key.
    BadCondition,
}

/// How loaded the plane is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Load {
    /// Everything is taken.
    Normal,
    /// New legs are refused (`Failed`, resource shortage); running ones are served.
    RefuseNew,
}

/// How a digit was heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DigitSource {
    /// RFC 4733 telephone-event.
    Event,
    /// Tones in the audio; only looked for when telephone-event was not negotiated.
    InBand,
}

/// Beginning or end of a digit. Waiting times run from the end of one digit to the beginning of
/// the next (R282).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DigitPhase {
    /// It is being pressed.
    Begin,
    /// It is pressed no more.
    End {
        /// How long it was, milliseconds, as far as it was heard.
        ms: u16,
    },
}

/// Counters of a leg since it opened. Lost and jitter follow RFC 3550 §6.4.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LegStats {
    /// RTP packets accepted from the peer.
    pub rx_packets: u64,
    /// Their bytes, RTP header included.
    pub rx_bytes: u64,
    /// Packets sent to the peer.
    pub tx_packets: u64,
    /// Their bytes.
    pub tx_bytes: u64,
    /// Packets of the peer that never arrived, by sequence number; never below zero.
    pub rx_lost: u32,
    /// Interarrival jitter of the peer's packets, microseconds.
    pub rx_jitter_us: u32,
    /// Packets dropped: wrong source, malformed, or failed authentication.
    pub rx_dropped: u32,
    /// Loss that the peer reported by RTCP, cumulative packets; 0 without RTCP.
    pub far_lost: u32,
    /// Round trip by RTCP, microseconds; 0 = not measured.
    pub rtt_us: u32,
}

/// A DTMF digit: `0`–`9`, `*`, `#`, `A`–`D`, numbered as RFC 4733 §3.2 does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Digit(u8);

impl Digit {
    /// From the event code of RFC 4733: 0–9, 10 = `*`, 11 = `#`, 12–15 = `A`–`D`.
    pub fn from_event(code: u8) -> Option<Self> {
        (code <= 15).then_some(Self(code))
    }

    /// From its character; small letters are taken too.
    pub fn from_char(c: char) -> Option<Self> {
        let code = match c {
            '0'..='9' => c as u8 - b'0',
            '*' => 10,
            '#' => 11,
            'A'..='D' => c as u8 - b'A' + 12,
            'a'..='d' => c as u8 - b'a' + 12,
            _ => return None,
        };
        Some(Self(code))
    }

    /// The event code of RFC 4733, 0–15.
    pub fn event(self) -> u8 {
        self.0
    }

    /// The character on the key.
    pub fn as_char(self) -> char {
        match self.0 {
            d @ 0..=9 => char::from(b'0' + d),
            10 => '*',
            11 => '#',
            d => char::from(b'A' + (d - 12)),
        }
    }
}
