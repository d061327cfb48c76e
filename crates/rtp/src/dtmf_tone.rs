//! Digits as tones in G.711 audio (ITU-T Q.23, Q.24): what windows of 20 ms, one every 10 ms, hold
//! of each tone of the keys.
//!
//! Used where telephone-event was not negotiated. A loud-enough gate keeps silence and quiet
//! speech cheap. A digit begins with three equal windows (a tone of 40 ms always has them, one of
//! 23 ms never) and has ended after three others, so an interruption of 10 ms does not split it.

use std::sync::LazyLock;

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

/// What a digit has of [`PURITY`] at the marks at least, however far off its tones are.
const FAR_OFF: f32 = 0.2;

/// Where a tone is looked for besides.
const DETUNED: [f32; 2] = [0.989, 1.011];

/// Second harmonic of a true tone stays below this share of it.
const HARMONIC_MAX: f32 = 0.10;

/// Share of [`GATE`] below which half a window adds nothing that matters.
const FAINT: f32 = 0.01;

/// New samples of each window: its second half, and the first half of the next.
const HOP: usize = FRAME_SAMPLES / 2;

/// Equal windows that make a digit.
const HITS: u8 = 3;

/// Other windows that end it.
const MISSES: u8 = 3;

/// Equal windows from which on the audio is a digit's, in case.
const SUSPECT: u8 = 2;

/// The samples of octets.
fn heard<const N: usize>(law: Law, octets: &[u8; N]) -> [f32; N] {
    let samples = match law {
        Law::Mu => &MU_SAMPLES,
        Law::A => &A_SAMPLES,
    };
    octets.map(|octet| samples[usize::from(octet)])
}

static MU_SAMPLES: [f32; 256] = samples(Law::Mu);
static A_SAMPLES: [f32; 256] = samples(Law::A);

/// The sample of each octet.
const fn samples(law: Law) -> [f32; 256] {
    let mut table = [0.0; 256];
    let mut octet = 0;
    while octet < 256 {
        table[octet] = law.decode(octet as u8) as f32;
        octet += 1;
    }
    table
}

/// Hears one stream.
///
/// It keeps octets, not samples: a relay has thousands of these, each in cold memory.
#[derive(Debug, Clone)]
pub struct ToneReceiver {
    /// What the first half of the window gives, and its octets.
    before: Half,
    first: [u8; HOP],
    law: Law,
    candidate: Option<u8>,
    /// Windows in a row with the candidate.
    hits: u8,
    told: Option<u8>,
    /// Windows of the digit that was told, and those since the last of them.
    windows: u32,
    misses: u8,
    /// Octets of a half that is not complete, which packets of whole halves never leave.
    rest: [u8; HOP],
    rest_len: usize,
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
            before: Half::default(),
            first: [Law::Mu.silence(); HOP],
            law: Law::Mu,
            candidate: None,
            hits: 0,
            told: None,
            windows: 0,
            misses: 0,
            rest: [Law::Mu.silence(); HOP],
            rest_len: 0,
        }
    }
}

impl ToneReceiver {
    /// Takes the payload of one packet and tells of digits that begin or have ended.
    pub fn payload(&mut self, law: Law, payload: &[u8], mut tell: impl FnMut(Edge)) {
        if self.law != law {
            self.first = self.first.map(|octet| self.law.to_other(octet));
            self.rest = self.rest.map(|octet| self.law.to_other(octet));
            self.law = law;
        }
        let missing = (HOP - self.rest_len) % HOP;
        let (now, later) = payload.split_at(missing.min(payload.len()));
        if self.wait_for_more(now) {
            let half = self.rest;
            self.half(&half, &mut tell);
        }
        let (halves, rest) = later.as_chunks::<HOP>();
        for half in halves {
            self.half(half, &mut tell);
        }
        self.wait_for_more(rest);
    }

    /// Keeps octets that make no half; whether they do now.
    fn wait_for_more(&mut self, octets: &[u8]) -> bool {
        let end = self.rest_len + octets.len();
        if let Some(room) = self.rest.get_mut(self.rest_len..end) {
            room.copy_from_slice(octets);
        }
        self.rest_len = end % HOP;
        end == HOP
    }

    fn half(&mut self, octets: &[u8; HOP], tell: &mut impl FnMut(Edge)) {
        let heard = self.classify(octets);
        self.judge(heard, tell);
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

impl ToneReceiver {
    /// The digit in the window that these octets complete, if there is one; they are the first
    /// half of the next.
    fn classify(&mut self, octets: &[u8; HOP]) -> Option<u8> {
        let half = Half::of(&heard(self.law, octets));
        let before = std::mem::replace(&mut self.before, half);
        let first = std::mem::replace(&mut self.first, *octets);
        let energy = before.energy + self.before.energy;
        if energy < GATE * FRAME_SAMPLES as f32 {
            return None;
        }
        let powers = before.followed_by(&self.before);
        let most = |powers: &[f32]| powers.iter().copied().fold(0.0, f32::max);
        let (low, high) = powers.split_at(4);
        if share(most(low) + most(high), energy) < FAR_OFF * PURITY {
            return None;
        }
        let [l0, l1, l2, l3, h0, h1, h2, h3] = powers;
        let (row, low_power) = strongest(&[l0, l1, l2, l3])?;
        let (column, high_power) = strongest(&[h0, h1, h2, h3])?;
        let found = Found { row, column, low_power, high_power, energy };
        let mut window = [0.0; FRAME_SAMPLES];
        let (begin, end) = window.split_first_chunk_mut::<HOP>()?;
        *begin = heard(self.law, &first);
        *end.first_chunk_mut()? = heard(self.law, octets);
        found.proves(&window).then_some(*KEYS.get(row)?.get(column)?)
    }
}

/// The strongest tone of each group, before it is looked at closely.
struct Found {
    row: usize,
    column: usize,
    low_power: f32,
    high_power: f32,
    energy: f32,
}

impl Found {
    /// Whether nothing but a digit sounds like this (Q.24).
    fn proves(&self, window: &[f32; FRAME_SAMPLES]) -> bool {
        let Found { row, column, low_power, high_power, energy } = *self;
        let (Some(&low), Some(&high)) = (LOW.get(row), HIGH.get(column)) else { return false };
        let [below, above] = DETUNED;
        let near = [low * below, low * above, high * below, high * above, 2.0 * low, 2.0 * high];
        let filters = Filters(Parts::turn(near, 1.0));
        let [lb, la, hb, ha, low_second, high_second] =
            filters.run(window, &Parts::turn(near, HOP as f32)).power();
        // Cheap phones are off the mark by up to 1.5 %: that costs power at the mark itself.
        let low_power = low_power.max(lb).max(la);
        let high_power = high_power.max(hb).max(ha);
        let share = share(low_power + high_power, energy);
        let twisted =
            high_power > low_power * TWIST_NORMAL || low_power > high_power * TWIST_REVERSE;
        let clean =
            low_second < HARMONIC_MAX * low_power && high_second < HARMONIC_MAX * high_power;
        share >= PURITY && !twisted && clean
    }
}

/// What half a window gives to the two windows that it is part of.
#[derive(Debug, Clone, Default)]
struct Half {
    /// Sum of squares.
    energy: f32,
    tones: Parts<8>,
}

impl Half {
    fn of(samples: &[f32; HOP]) -> Self {
        // In lanes, since one sum after the other would take as long as all tones.
        let mut lanes = [[0.0f32; 4]; 2];
        for [one, two] in samples.as_chunks::<4>().0.as_chunks::<2>().0 {
            for (lanes, four) in lanes.iter_mut().zip([one, two]) {
                for (lane, sample) in lanes.iter_mut().zip(four) {
                    *lane += sample * sample;
                }
            }
        }
        let [one, two] = lanes;
        let energy = one.iter().chain(&two).sum();
        if energy < FAINT * GATE * HOP as f32 {
            return Half { energy, tones: Parts::default() };
        }
        Half { energy, tones: KEY_TONES.seen_in(samples) }
    }

    /// The power at each tone of the keys over this half and the next.
    fn followed_by(&self, next: &Half) -> [f32; 8] {
        self.tones.followed_by(&next.tones, &KEY_TONES.turn).power()
    }
}

/// The waves of the keys, seen from the middle of half a window: there cosines are even and sines
/// odd, so that one product serves two samples.
struct KeyTones {
    waves: [[Parts<8>; 2]; HOP / 4],
    /// How far they turn from one half to the next.
    turn: Parts<8>,
}

static KEY_TONES: LazyLock<KeyTones> = LazyLock::new(|| {
    let [l0, l1, l2, l3] = LOW;
    let [h0, h1, h2, h3] = HIGH;
    let tones = [l0, l1, l2, l3, h0, h1, h2, h3];
    KeyTones {
        waves: std::array::from_fn(|n| {
            let n = 2.0 * n as f32;
            [Parts::turn(tones, -0.5 - n), Parts::turn(tones, -1.5 - n)]
        }),
        turn: Parts::turn(tones, HOP as f32),
    }
});

impl KeyTones {
    /// Two sums at a time, since each product waits for its sum.
    fn seen_in(&self, samples: &[f32; HOP]) -> Parts<8> {
        let (earlier, later) = samples.split_at(HOP / 2);
        let mut sums = [Parts::default(), Parts::default()];
        let pairs = later.as_chunks::<2>().0.iter().zip(earlier.as_chunks::<2>().0.iter().rev());
        for (waves, ([next, after], [before, last])) in self.waves.iter().zip(pairs) {
            let [one, two] = &mut sums;
            one.add(&waves[0], next + last, next - last);
            two.add(&waves[1], after + before, after - before);
        }
        let [mut seen, more] = sums;
        seen.add(&more, 1.0, 1.0);
        seen
    }
}

/// Complex numbers, one for each frequency.
#[derive(Debug, Clone)]
struct Parts<const N: usize> {
    re: [f32; N],
    im: [f32; N],
}

impl<const N: usize> Default for Parts<N> {
    fn default() -> Self {
        Parts { re: [0.0; N], im: [0.0; N] }
    }
}

impl<const N: usize> Parts<N> {
    /// How far each frequency turns in so many samples.
    fn turn(frequencies: [f32; N], samples: f32) -> Self {
        let angle = frequencies.map(|f| std::f32::consts::TAU * f / 8_000.0 * samples);
        Parts { re: angle.map(f32::cos), im: angle.map(f32::sin) }
    }

    /// Adds so much of others.
    #[inline(always)]
    fn add(&mut self, others: &Self, re: f32, im: f32) {
        for (sum, part) in self.re.iter_mut().zip(&others.re) {
            *sum += re * part;
        }
        for (sum, part) in self.im.iter_mut().zip(&others.im) {
            *sum += im * part;
        }
    }

    /// Both together, when this was `turn` before `next`.
    fn followed_by(&self, next: &Self, turn: &Self) -> Self {
        let mut both = next.clone();
        let parts = both.re.iter_mut().zip(&mut both.im);
        let mine = self.re.iter().zip(&self.im);
        let turns = turn.re.iter().zip(&turn.im);
        for (((re, im), (my_re, my_im)), (turn_re, turn_im)) in parts.zip(mine).zip(turns) {
            *re += my_re * turn_re - my_im * turn_im;
            *im += my_re * turn_im + my_im * turn_re;
        }
        both
    }

    fn power(&self) -> [f32; N] {
        let mut power = self.re;
        for (power, im) in power.iter_mut().zip(&self.im) {
            *power = *power * *power + im * im;
        }
        power
    }
}

/// Goertzel filters; holds how far each frequency turns in one sample.
struct Filters<const N: usize>(Parts<N>);

impl<const N: usize> Filters<N> {
    /// What the samples hold of each frequency, seen from the last of them; `turn` is that of half
    /// of them.
    ///
    /// Each step of a filter waits for the one before: so both halves go side by side.
    fn run(&self, samples: &[f32], turn: &Parts<N>) -> Parts<N> {
        let doubled = self.0.re.map(|cos| 2.0 * cos);
        let (first, last) = samples.split_at(samples.len() / 2);
        let (mut one, mut two) = ([[0.0f32; N]; 2], [[0.0f32; N]; 2]);
        for (a, b) in first.iter().zip(last) {
            step(&mut one, &doubled, *a);
            step(&mut two, &doubled, *b);
        }
        self.seen(one).followed_by(&self.seen(two), turn)
    }

    fn seen(&self, [s1, s2]: [[f32; N]; 2]) -> Parts<N> {
        let mut parts = Parts { re: s1, im: s2 };
        for (((re, im), cos), sin) in
            parts.re.iter_mut().zip(&mut parts.im).zip(&self.0.re).zip(&self.0.im)
        {
            (*re, *im) = (*re - *im * cos, *im * sin);
        }
        parts
    }
}

#[inline(always)]
fn step<const N: usize>([s1, s2]: &mut [[f32; N]; 2], doubled: &[f32; N], sample: f32) {
    for ((s1, s2), doubled) in s1.iter_mut().zip(s2).zip(doubled) {
        // In this order the next step waits for one product and one sum only.
        let s0 = (sample - *s2) + doubled * *s1;
        *s2 = *s1;
        *s1 = s0;
    }
}

/// Share of a window's energy that sines of so much power in all have: a sine of amplitude a has
/// |X|² = (a·N/2)² and energy a²·N/2.
fn share(power: f32, energy: f32) -> f32 {
    power * 2.0 / FRAME_SAMPLES as f32 / energy
}

fn strongest(powers: &[f32; 4]) -> Option<(usize, f32)> {
    let (at, power) = powers.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1))?;
    let leads = powers.iter().enumerate().all(|(n, p)| n == at || power > LEAD * p);
    leads.then_some((at, power))
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
