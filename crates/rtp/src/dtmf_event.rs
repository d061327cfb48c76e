//! Digits as RFC 4733 events, both ways.

use base::{Micros, Mono};

use crate::Header;

/// The payload of one event packet (RFC 4733 §2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventPayload {
    /// 0–9, 10 = `*`, 11 = `#`, 12–15 = `A`–`D`; higher ones are no digits.
    pub event: u8,
    /// The digit has ended.
    pub end: bool,
    /// Loudness, 0–63 below 0 dBm0.
    pub volume: u8,
    /// Length so far in timestamp units.
    pub duration: u16,
}

impl EventPayload {
    /// Reads the first event of a payload.
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let [event, flags, d0, d1] = *payload.first_chunk()?;
        let duration = u16::from_be_bytes([d0, d1]);
        Some(Self { event, end: flags & 0x80 != 0, volume: flags & 0x3f, duration })
    }

    /// The four octets.
    pub fn bytes(&self) -> [u8; 4] {
        let [d0, d1] = self.duration.to_be_bytes();
        let end = if self.end { 0x80 } else { 0 };
        [self.event, end | (self.volume & 0x3f), d0, d1]
    }
}

/// A digit that is pressed no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pressed {
    /// Event code, 0–15.
    pub event: u8,
    /// How long, in timestamp units; 0 when nobody told.
    pub duration: u32,
}

/// Hears digits: one per SSRC and timestamp, from its first packet, however many arrive.
#[derive(Debug, Clone, Copy, Default)]
pub struct EventReceiver {
    last: Option<Heard>,
}

#[derive(Debug, Clone, Copy)]
struct Heard {
    ssrc: u32,
    timestamp: u32,
    /// Length of the segments before this one.
    before: u32,
    duration: u16,
    event: u8,
    ended: bool,
    at: Mono,
}

/// What an event packet is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heed {
    /// A digit begins; event code 0–15.
    Begin(u8),
    /// More of the digit that is known.
    More,
    /// The first packet that says it has ended.
    End,
    /// Repeated end, late, or no digit.
    Ignore,
}

/// What an event packet says: in order of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notice {
    /// The digit before, whose end was never heard.
    pub unended: Option<Pressed>,
    /// What the packet is.
    pub heed: Heed,
    /// The digit of this packet, when this is the first that says it has ended.
    pub ended: Option<Pressed>,
}

/// After three frames without a packet a digit has ended, even if its end was lost.
const LOST_END: Micros = Micros::millis(60);

/// Phones let tone leak around the event; so long after it the audio is still silenced.
const LEAK: Micros = Micros::millis(60);

/// Longest part of a digit that one timestamp can hold; then the next segment follows
/// (RFC 4733 §2.5.1.3).
const SEGMENT: u32 = 0xffff;

impl EventReceiver {
    /// Takes one packet of the telephone-event payload type.
    ///
    /// A digit whose first packet heard is already its end counts too.
    pub fn packet(&mut self, now: Mono, header: &Header, payload: &EventPayload) -> Notice {
        let ignore = Notice { unended: None, heed: Heed::Ignore, ended: None };
        if payload.event > 15 {
            return ignore;
        }
        let fresh = Heard {
            ssrc: header.ssrc,
            timestamp: header.timestamp,
            before: 0,
            duration: payload.duration,
            event: payload.event,
            ended: payload.end,
            at: now,
        };
        let Some(last) = self.last.filter(|l| l.ssrc == header.ssrc) else {
            return self.begin(fresh);
        };
        let ahead = header.timestamp.wrapping_sub(last.timestamp);
        let next_segment = ahead == SEGMENT && payload.event == last.event && !last.ended;
        if ahead == 0 || next_segment {
            let was_ended = last.ended && ahead == 0;
            let before = last.before + if next_segment { SEGMENT } else { 0 };
            let heard = Heard { ended: was_ended || payload.end, before, ..fresh };
            // Packets of one digit that overtake each other make it no shorter.
            let duration =
                if ahead == 0 { last.duration.max(heard.duration) } else { heard.duration };
            let heard = Heard { duration, ..heard };
            self.last = Some(heard);
            let (heed, ended) = match (was_ended, payload.end) {
                (false, false) => (Heed::More, None),
                (false, true) => (Heed::End, Some(heard.pressed())),
                (true, _) => (Heed::Ignore, None),
            };
            return Notice { unended: None, heed, ended };
        }
        if ahead.cast_signed() < 0 {
            return ignore;
        }
        self.begin(fresh)
    }

    fn begin(&mut self, fresh: Heard) -> Notice {
        let unended = self.last.filter(|l| !l.ended).map(|l| l.pressed());
        self.last = Some(fresh);
        let ended = fresh.ended.then(|| fresh.pressed());
        Notice { unended, heed: Heed::Begin(fresh.event), ended }
    }

    /// Whether a digit is being pressed whose end is still to be told.
    pub fn is_pressed(&self) -> bool {
        self.last.is_some_and(|l| !l.ended)
    }

    /// The digit whose end was lost, once nothing was heard of it for three frames.
    pub fn lapse(&mut self, now: Mono) -> Option<Pressed> {
        let last = self.last.as_mut().filter(|l| !l.ended)?;
        if now.since(last.at) < LOST_END {
            return None;
        }
        last.ended = true;
        Some(last.pressed())
    }

    /// Whether a digit is being pressed, or its tone may still leak into the audio.
    pub fn covers(&self, now: Mono) -> bool {
        let Some(last) = self.last else { return false };
        let since = now.since(last.at);
        if last.ended { since < LEAK } else { since < LOST_END + LEAK }
    }
}

impl Heard {
    fn pressed(&self) -> Pressed {
        Pressed { event: self.event, duration: self.before + u32::from(self.duration) }
    }
}

/// Sends digits: updates each 20 ms, three ends, a gap of at least 80 ms.
#[derive(Debug, Clone)]
pub struct EventSender {
    waiting: [Option<Wanted>; EventSender::QUEUE],
    now: Phase,
}

#[derive(Debug, Clone, Copy)]
struct Wanted {
    event: u8,
    ticks: u16,
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    Idle,
    On { wanted: Wanted, done: u16 },
    Ending { wanted: Wanted, left: u8 },
    Gap { left: u8 },
}

/// One tick of a digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pulse {
    /// What to send.
    pub payload: EventPayload,
    /// The first packet of the digit: new timestamp, marker.
    pub first: bool,
}

/// Event volume as phones send it: −10 dBm0.
const VOLUME: u8 = 10;

/// Timestamp units of 20 ms at 8 kHz.
const TICK_UNITS: u16 = 160;

impl EventSender {
    /// Digits that may wait; more are refused.
    pub const QUEUE: usize = 32;

    /// Nothing to send.
    pub fn new() -> Self {
        Self { waiting: [None; Self::QUEUE], now: Phase::Idle }
    }

    /// Adds a digit of `duration_ms` (brought into 80–1,000); false when the queue is full.
    pub fn push(&mut self, event: u8, duration_ms: u16) -> bool {
        let ticks = duration_ms.clamp(80, 1_000).div_ceil(20);
        match self.waiting.iter_mut().find(|w| w.is_none()) {
            Some(free) => {
                *free = Some(Wanted { event, ticks });
                true
            }
            None => false,
        }
    }

    /// Whether nothing is being sent and nothing waits; audio flows.
    pub fn is_idle(&self) -> bool {
        matches!(self.now, Phase::Idle) && self.waiting.first().is_none_or(Option::is_none)
    }

    /// What to send in this 20 ms tick; `None` in gaps.
    pub fn tick(&mut self) -> Option<Pulse> {
        if let Phase::Idle = self.now {
            let wanted = self.waiting.first().copied().flatten()?;
            self.waiting.rotate_left(1);
            if let Some(last) = self.waiting.last_mut() {
                *last = None;
            }
            self.now = Phase::On { wanted, done: 0 };
        }
        match self.now {
            Phase::Idle => None,
            Phase::On { wanted, done } => {
                let done = done + 1;
                self.now = if done >= wanted.ticks {
                    Phase::Ending { wanted, left: 3 }
                } else {
                    Phase::On { wanted, done }
                };
                Some(pulse(wanted, done, false))
            }
            Phase::Ending { wanted, left } => {
                self.now = match left {
                    0 | 1 => Phase::Gap { left: 4 },
                    more => Phase::Ending { wanted, left: more - 1 },
                };
                Some(pulse(wanted, wanted.ticks, true))
            }
            Phase::Gap { left } => {
                self.now = if left <= 1 { Phase::Idle } else { Phase::Gap { left: left - 1 } };
                None
            }
        }
    }
}

impl Default for EventSender {
    fn default() -> Self {
        Self::new()
    }
}

fn pulse(wanted: Wanted, done: u16, end: bool) -> Pulse {
    let duration = done.saturating_mul(TICK_UNITS);
    let payload = EventPayload { event: wanted.event, end, volume: VOLUME, duration };
    Pulse { payload, first: done == 1 && !end }
}
