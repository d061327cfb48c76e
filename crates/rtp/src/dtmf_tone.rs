//! Digits as tones in G.711 audio (ITU-T Q.23, Q.24): Goertzel filters over windows of 20 ms, one
//! every 10 ms.
//!
//! Used where telephone-event was not negotiated. A loud-enough gate keeps silence and quiet
//! speech cheap. A digit begins with three equal windows (a tone of 40 ms always has them, one of
//! 23 ms never) and has ended after three others, so an interruption of 10 ms does not split it.

use crate::g711::Law;
use crate::{FRAME_SAMPLES, dtmf_event};

const LOW: [f32; 4] = [697.0, 770.0, 852.0, 941.0];
const HIGH: [f32; 4] = [1_209.0, 1_336.0, 1_477.0, 1_633.0];

/// Event codes by row and column of the key pad.
const KEYS: [[u8; 4]; 4] = [[1, 2, 3, 12], [4, 5, 6, 13], [7, 8, 9, 14], [10, 0, 11, 15]];

/// Mean square below which no digit is looked for: about −30 dBm0.
const GATE: f32 = 230_000.0;

/// High group louder than low by at most 4 dB, low louder than high by at most 8 dB (Q.24).
const TWIST_NORMAL: f32 = 2.5;
const TWIST_REVERSE: f32 = 6.3;

/// Share of the window's energy that the two tones must have; speech has less.
const PURITY: f32 = 0.70;

/// A tone must exceed the others of its group by this much in energy (about 6 dB).
const LEAD: f32 = 4.0;

/// Where a tone is looked for besides.
const DETUNED: [f32; 2] = [0.989, 1.011];

/// Second harmonic of a true tone stays below this share of it.
const HARMONIC_MAX: f32 = 0.10;

/// New samples of each window.
const HOP: usize = FRAME_SAMPLES / 2;

/// Equal windows that make a digit.
const HITS: u8 = 3;

/// Other windows that end it.
const MISSES: u8 = 3;

/// Equal windows from which on the audio is a digit's, in case.
const SUSPECT: u8 = 2;

/// Hears one stream.
#[derive(Debug, Clone)]
pub struct ToneReceiver {
    window: [i16; FRAME_SAMPLES],
    len: usize,
    candidate: Option<u8>,
    /// Windows in a row with the candidate.
    hits: u8,
    told: Option<u8>,
    /// Windows of the digit that was told, and those since the last of them.
    windows: u32,
    misses: u8,
}

/// Beginning or end of a digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// A digit begins; event code.
    Begin(u8),
    /// It has ended. Its length is in samples at 8 kHz.
    End(dtmf_event::Pressed),
}

impl Default for ToneReceiver {
    fn default() -> Self {
        Self {
            window: [0; FRAME_SAMPLES],
            len: HOP,
            candidate: None,
            hits: 0,
            told: None,
            windows: 0,
            misses: 0,
        }
    }
}

impl ToneReceiver {
    /// Takes the payload of one packet and tells of digits that begin or have ended.
    pub fn payload(&mut self, law: Law, payload: &[u8], mut tell: impl FnMut(Edge)) {
        for octet in payload {
            let Some(slot) = self.window.get_mut(self.len) else { break };
            *slot = law.decode(*octet);
            self.len += 1;
            if self.len == FRAME_SAMPLES {
                let heard = classify(&self.window);
                self.judge(heard, &mut tell);
                self.window.copy_within(HOP.., 0);
                self.len = FRAME_SAMPLES - HOP;
            }
        }
    }

    /// Whether a tone is on or was a moment ago.
    pub fn covers(&self) -> bool {
        self.told.is_some() || self.candidate.is_some() && self.hits >= SUSPECT
    }

    /// Whether a digit was told whose end is still to be told.
    pub fn is_pressed(&self) -> bool {
        self.told.is_some()
    }

    /// The stream has stopped: the digit that was on, if one was.
    pub fn lapse(&mut self) -> Option<dtmf_event::Pressed> {
        let event = self.told?;
        let duration = (self.windows + 1) * HOP as u32;
        *self = Self::default();
        Some(dtmf_event::Pressed { event, duration })
    }

    fn judge(&mut self, heard: Option<u8>, tell: &mut impl FnMut(Edge)) {
        if heard != self.candidate {
            self.candidate = heard;
            self.hits = 0;
        }
        self.hits = self.hits.saturating_add(1);
        if let Some(event) = self.told {
            if heard == self.told {
                self.windows += 1 + u32::from(self.misses);
                self.misses = 0;
                return;
            }
            self.misses += 1;
            if self.misses < MISSES {
                return;
            }
            self.told = None;
            let duration = (self.windows + 1) * HOP as u32;
            tell(Edge::End(dtmf_event::Pressed { event, duration }));
        }
        if let Some(event) = heard.filter(|_| self.hits >= HITS) {
            (self.told, self.windows, self.misses) = (heard, u32::from(self.hits), 0);
            tell(Edge::Begin(event));
        }
    }
}

/// The digit in one window, if there is one.
fn classify(samples: &[i16; FRAME_SAMPLES]) -> Option<u8> {
    let energy: f32 = samples.iter().map(|s| f32::from(*s) * f32::from(*s)).sum();
    if energy < GATE * FRAME_SAMPLES as f32 {
        return None;
    }
    let low = LOW.map(|f| goertzel(samples, f));
    let high = HIGH.map(|f| goertzel(samples, f));
    let (row, low_power) = strongest(&low)?;
    let (column, high_power) = strongest(&high)?;
    // Cheap phones are off the mark by up to 1.5 % (Q.24): that costs power at the mark itself.
    let near = |f: f32, power: f32| {
        DETUNED.iter().map(|by| goertzel(samples, f * by)).fold(power, f32::max)
    };
    let low_power = near(*LOW.get(row)?, low_power);
    let high_power = near(*HIGH.get(column)?, high_power);
    // A sine of amplitude a has |X|² = (a·N/2)² and energy a²·N/2.
    let share = (low_power + high_power) * 2.0 / FRAME_SAMPLES as f32 / energy;
    let twisted = high_power > low_power * TWIST_NORMAL || low_power > high_power * TWIST_REVERSE;
    if share < PURITY || twisted {
        return None;
    }
    let second = |freqs: &[f32; 4], n: usize| freqs.get(n).map(|f| goertzel(samples, 2.0 * f));
    let clean = second(&LOW, row)? < HARMONIC_MAX * low_power
        && second(&HIGH, column)? < HARMONIC_MAX * high_power;
    if !clean {
        return None;
    }
    KEYS.get(row)?.get(column).copied()
}

fn strongest(powers: &[f32; 4]) -> Option<(usize, f32)> {
    let (at, power) = powers.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1))?;
    let leads = powers.iter().enumerate().all(|(n, p)| n == at || power > LEAD * p);
    leads.then_some((at, power))
}

fn goertzel(samples: &[i16; FRAME_SAMPLES], frequency: f32) -> f32 {
    let coefficient = 2.0 * (std::f32::consts::TAU * frequency / 8_000.0).cos();
    let (mut s1, mut s2) = (0.0f32, 0.0f32);
    for sample in samples {
        let s0 = f32::from(*sample) + coefficient * s1 - s2;
        s2 = s1;
        s1 = s0;
    }
    s1 * s1 + s2 * s2 - coefficient * s1 * s2
}

/// The two frequencies of a digit, for sending it as tone.
pub fn frequencies(event: u8) -> Option<(f32, f32)> {
    KEYS.iter().enumerate().find_map(|(row, keys)| {
        let column = keys.iter().position(|key| *key == event)?;
        Some((*LOW.get(row)?, *HIGH.get(column)?))
    })
}

/// Fills one frame with the tone of a digit at −8 dBm0 a tone; `offset` = samples since it began.
///
/// Silence for what is no digit.
pub fn fill(event: u8, offset: usize, frame: &mut [i16; FRAME_SAMPLES]) {
    let Some((low, high)) = frequencies(event) else { return frame.fill(0) };
    let amplitude = 9_000.0;
    let step = |f: f32| std::f32::consts::TAU * f / 8_000.0;
    for (n, sample) in frame.iter_mut().enumerate() {
        let t = (offset + n) as f32;
        *sample = (amplitude * ((step(low) * t).sin() + (step(high) * t).sin())) as i16;
    }
}

/// The sample offset that a pulse has reached when it begins its tick.
pub fn offset_of(pulse: &dtmf_event::Pulse) -> usize {
    usize::from(pulse.payload.duration).saturating_sub(FRAME_SAMPLES)
}
