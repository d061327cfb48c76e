//! Payload types of a leg, in the form that the packet path needs.

use mediactl::{Codec, Payload, Payloads};
use rtp::g711::Law;

/// What a leg has negotiated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Codecs {
    /// Bit n = payload type n is accepted. All are before negotiation.
    accepted: u128,
    /// Payload type of digits.
    pub(crate) events: Option<u8>,
    /// Its clock.
    pub(crate) events_clock: u32,
    /// Whether a list was negotiated at all.
    pub(crate) negotiated: bool,
    /// RTP clock of the first speech codec.
    pub(crate) clock: u32,
    mu: Option<u8>,
    a: Option<u8>,
    /// The G.711 law that we play in, with its payload type.
    pub(crate) play: Option<(Law, u8)>,
}

impl Codecs {
    pub(crate) fn new(payloads: &[Payload]) -> Self {
        let pt_of = |codec: Codec| payloads.iter().find(|p| p.codec == codec).map(|p| p.pt);
        let speech = payloads.iter().find(|p| p.codec.is_audio());
        let law_of = |p: &Payload| match p.codec {
            Codec::Pcmu => Some((Law::Mu, p.pt)),
            Codec::Pcma => Some((Law::A, p.pt)),
            _ => None,
        };
        let events = payloads.iter().find(|p| p.codec == Codec::TelephoneEvent);
        let negotiated = !payloads.is_empty();
        Self {
            accepted: payloads.iter().fold(0, |bits, p| bits | 1 << (p.pt & 0x7f)),
            events: events.map(|p| p.pt),
            events_clock: events.map_or(8_000, |p| p.clock.max(1)),
            negotiated,
            clock: speech.map_or(8_000, |p| p.clock.max(1)),
            mu: if negotiated { pt_of(Codec::Pcmu) } else { Some(0) },
            a: if negotiated { pt_of(Codec::Pcma) } else { Some(8) },
            play: if negotiated { payloads.iter().find_map(law_of) } else { Some((Law::Mu, 0)) },
        }
    }

    #[inline]
    pub(crate) fn accepts(&self, pt: u8) -> bool {
        !self.negotiated || self.accepted >> (pt & 0x7f) & 1 == 1
    }

    /// The law of a payload type, if it is G.711.
    pub(crate) fn law(&self, pt: u8) -> Option<Law> {
        match pt {
            pt if self.mu == Some(pt) => Some(Law::Mu),
            pt if self.a == Some(pt) => Some(Law::A),
            _ => None,
        }
    }
}

/// Payload types of one leg as those of the leg that hears it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Passage {
    /// Each stays as it is.
    Same,
    /// As listed; others do not pass.
    Mapped(Box<[Entry]>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    from: u8,
    pub(crate) to: u8,
    /// From this law into the other one.
    pub(crate) relaw: Option<Law>,
}

impl Passage {
    /// For packets that `from` sends and `to` hears.
    pub(crate) fn new(from: &Payloads, to: &Payloads) -> Self {
        if from.is_empty() || to.is_empty() {
            return Self::Same;
        }
        let entries: Box<[Entry]> = from.iter().filter_map(|p| entry(p, to)).collect();
        let same = entries.len() == from.len()
            && entries.iter().all(|e| e.from == e.to && e.relaw.is_none());
        if same { Self::Same } else { Self::Mapped(entries) }
    }

    #[inline]
    pub(crate) fn look(&self, pt: u8) -> Option<Entry> {
        match self {
            Self::Same => Some(Entry { from: pt, to: pt, relaw: None }),
            Self::Mapped(entries) => entries.iter().find(|e| e.from == pt).copied(),
        }
    }
}

fn entry(p: &Payload, to: &Payloads) -> Option<Entry> {
    let pt_of = |codec: Codec| to.iter().find(|t| t.codec == codec).map(|t| t.pt);
    if let Some(same) = to.iter().find(|t| t.same_coding(p)) {
        return Some(Entry { from: p.pt, to: same.pt, relaw: None });
    }
    let (law, other) = match p.codec {
        Codec::Pcmu => (Law::Mu, Codec::Pcma),
        Codec::Pcma => (Law::A, Codec::Pcmu),
        _ => return None,
    };
    Some(Entry { from: p.pt, to: pt_of(other)?, relaw: Some(law) })
}
