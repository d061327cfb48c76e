//! What a leg says as one piece of sound: packets in their places, by RTP timestamp.
//!
//! | Packet | Goes |
//! |---|---|
//! | first | to the beginning |
//! | next, late, doubled | where its timestamp says; what is written out already stays |
//! | behind a pause or a loss | behind silence of that length |
//! | of another SSRC, or a timestamp that left real time by 2 s | behind the end, no earlier than now |

use base::Mono;

use crate::g711::Law;
use crate::{FRAME_SAMPLES, Header};

/// Samples in a millisecond.
const PER_MS: u64 = 8;

/// A timestamp may leave real time by so much before it counts as a new beginning: two seconds.
const DRIFT_MAX: u64 = 2_000 * PER_MS;

/// Samples that wait for packets that come late: 200 ms.
const PATIENCE: usize = 200 * PER_MS as usize;

/// A frame below this mean square is silence: about −45 dB below full scale.
const QUIET: i64 = 184 * 184;

/// Silence at the end that is longer than this is cut: two seconds.
const TAIL_MAX: u64 = 2_000 * PER_MS;

/// What stays of such a silence: half a second.
const TAIL: u64 = 500 * PER_MS;

/// One recording being put together. Samples are octets of one G.711 law.
#[derive(Debug, Clone)]
pub struct Placer {
    law: Law,
    /// Longest recording in samples.
    limit: u64,
    anchor: Option<Anchor>,
    /// Samples that were taken out already.
    taken: u64,
    /// Those behind them.
    pending: Vec<u8>,
    /// End of the last frame that is no silence.
    voiced: u64,
}

#[derive(Debug, Clone, Copy)]
struct Anchor {
    ssrc: u32,
    timestamp: u32,
    place: u64,
    at: Mono,
}

impl Placer {
    /// Nothing yet; at most `limit` samples of `law`, behind `before` samples that are there
    /// already.
    pub fn new(law: Law, limit: u64, before: u64) -> Self {
        Self { law, limit, anchor: None, taken: before, pending: Vec::new(), voiced: before }
    }

    /// The law of the result.
    pub fn law(&self) -> Law {
        self.law
    }

    /// Takes the payload of one packet, in the law that it has.
    pub fn packet(&mut self, now: Mono, header: &Header, law: Law, payload: &[u8]) {
        let place = self.place(now, header);
        let end = (place + payload.len() as u64).min(self.limit);
        let old = self.taken.saturating_sub(place).min(payload.len() as u64) as usize;
        let Some(new) = payload.get(old..) else { return };
        let from = (place + old as u64).saturating_sub(self.taken) as usize;
        let to = end.saturating_sub(self.taken) as usize;
        if to <= from {
            return;
        }
        if self.pending.len() < to {
            self.pending.resize(to, self.law.silence());
        }
        let octets = self.pending.get_mut(from..to).unwrap_or_default();
        for (to, from) in octets.iter_mut().zip(new) {
            *to = if law == self.law { *from } else { law.to_other(*from) };
        }
    }

    fn place(&mut self, now: Mono, header: &Header) -> u64 {
        let end = self.len();
        let Some(anchor) = self.anchor else {
            return self.anchor(now, header, end);
        };
        let real = anchor.place + now.since(anchor.at).0 * PER_MS / 1_000;
        let passed = i64::from(header.timestamp.wrapping_sub(anchor.timestamp).cast_signed());
        let place = anchor.place.saturating_add_signed(passed);
        if anchor.ssrc == header.ssrc && place.abs_diff(real) <= DRIFT_MAX {
            return place;
        }
        self.anchor(now, header, end.max(real))
    }

    fn anchor(&mut self, now: Mono, header: &Header, place: u64) -> u64 {
        let (ssrc, timestamp) = (header.ssrc, header.timestamp);
        self.anchor = Some(Anchor { ssrc, timestamp, place, at: now });
        place
    }

    /// Samples so far.
    pub fn len(&self) -> u64 {
        self.taken + self.pending.len() as u64
    }

    /// Whether nothing was said yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What may be written out, when it is `least` samples or more: all but what may still be
    /// changed by a late packet. Whole frames.
    pub fn ready(&mut self, least: usize) -> Option<Vec<u8>> {
        let count = self.pending.len().saturating_sub(PATIENCE) / FRAME_SAMPLES * FRAME_SAMPLES;
        (count >= least.max(1)).then(|| self.take(count))
    }

    /// All that is left.
    pub fn rest(&mut self) -> Vec<u8> {
        self.take(self.pending.len())
    }

    fn take(&mut self, count: usize) -> Vec<u8> {
        let out: Vec<u8> = self.pending.drain(..count).collect();
        for frame in out.chunks(FRAME_SAMPLES) {
            self.taken += frame.len() as u64;
            if is_voiced(self.law, frame) {
                self.voiced = self.taken;
            }
        }
        out
    }

    /// How many of the samples that were taken out are worth keeping: without a long silence at
    /// the end, and none when nobody spoke.
    pub fn worth(&self) -> u64 {
        worth(self.taken, self.voiced)
    }
}

/// As [`Placer::worth`], of a recording that lies there.
pub fn worth_of(law: Law, octets: &[u8]) -> u64 {
    let frames = octets.chunks(FRAME_SAMPLES);
    let voiced =
        frames.enumerate().filter(|(_, f)| is_voiced(law, f)).map(|(n, _)| n + 1).next_back();
    let voiced = voiced.map_or(0, |n| (n * FRAME_SAMPLES).min(octets.len()));
    worth(octets.len() as u64, voiced as u64)
}

fn worth(taken: u64, voiced: u64) -> u64 {
    match taken - voiced {
        _ if voiced == 0 => 0,
        tail if tail > TAIL_MAX => voiced + TAIL,
        _ => taken,
    }
}

fn is_voiced(law: Law, frame: &[u8]) -> bool {
    let power: i64 = frame.iter().map(|o| i64::from(law.decode(*o)).pow(2)).sum();
    power > QUIET * frame.len() as i64
}
