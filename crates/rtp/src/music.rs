//! The built-in hold music: composed and synthesised here, so it belongs to nobody else.
//!
//! Thirty-two bars of a slow waltz-like broken-chord pattern over soft held chords, about 27 s,
//! quiet, in the middle of the telephone band. Its end leads into its beginning: notes that ring
//! over the end are added to the front.

use std::f32::consts::TAU;

/// Sample rate of the result, Hz.
pub const RATE: u32 = 8_000;

/// Samples of one eighth note: 140 ms, seven frames.
const EIGHTH: usize = 1_120;

/// Chords, two bars each: bass and three upper notes, as MIDI note numbers.
///
/// C – Am7 – Fmaj7 – G7sus – Em7 – Am7 – Dm7 – G7, twice with another figure on top.
const CHORDS: [[u8; 4]; 8] = [
    [48, 64, 67, 72],
    [45, 64, 67, 72],
    [53, 65, 69, 72],
    [55, 65, 67, 74],
    [52, 67, 71, 74],
    [57, 67, 69, 72],
    [50, 65, 69, 74],
    [55, 65, 71, 74],
];

/// Which notes of the chord the six eighths of a bar take; 0 is the bass.
const FIGURES: [[usize; 6]; 2] = [[0, 1, 2, 3, 2, 1], [0, 2, 1, 3, 1, 2]];

/// A sparse tune over the second half: (bar from 0, eighth in the bar, note).
const TUNE: [(usize, usize, u8); 20] = [
    (0, 0, 79),
    (1, 0, 76),
    (2, 0, 72),
    (3, 0, 76),
    (4, 0, 77),
    (4, 4, 76),
    (5, 0, 74),
    (6, 0, 74),
    (7, 0, 77),
    (8, 0, 79),
    (8, 4, 77),
    (9, 0, 76),
    (10, 0, 76),
    (11, 0, 72),
    (12, 0, 74),
    (12, 4, 76),
    (13, 0, 77),
    (14, 0, 74),
    (15, 0, 71),
    (15, 3, 74),
];

/// Eighths of a bar.
const BAR: usize = 6;

/// Bars in all: the eight chords twice, two bars each.
const BARS: usize = 32;

/// Loudest sample of the result: about −14 dB below full scale at the peaks, −24 dBFS r.m.s.
const PEAK: f32 = 7_500.0;

/// The samples of one round; a whole number of 20 ms frames.
pub fn render() -> Vec<i16> {
    let mut mix = vec![0.0f32; BARS * BAR * EIGHTH];
    for bar in 0..BARS {
        let chord = &CHORDS[(bar / 2) % CHORDS.len()];
        let figure = &FIGURES[bar / (BARS / 2)];
        let start = bar * BAR * EIGHTH;
        for (eighth, which) in figure.iter().enumerate() {
            let loud = if *which == 0 { 0.9 } else { 0.55 };
            let seconds = if *which == 0 { 1.6 } else { 1.1 };
            pluck(&mut mix, start + eighth * EIGHTH, chord[*which], loud, seconds);
        }
        if bar % 2 == 0 {
            chord[1..].iter().for_each(|note| pad(&mut mix, start, *note));
        }
    }
    for (bar, eighth, note) in TUNE {
        let start = ((BARS / 2 + bar) * BAR + eighth) * EIGHTH;
        pluck(&mut mix, start, note, 0.8, 1.8);
    }
    let peak = mix.iter().fold(1.0f32, |peak, s| peak.max(s.abs()));
    mix.iter().map(|s| (s / peak * PEAK) as i16).collect()
}

fn hertz(note: u8) -> f32 {
    440.0 * ((f32::from(note) - 69.0) / 12.0).exp2()
}

/// A struck bar or string: partials that die away, the higher ones faster.
fn pluck(mix: &mut [f32], start: usize, note: u8, loud: f32, seconds: f32) {
    let base = TAU * hertz(note) / RATE as f32;
    let len = (seconds * RATE as f32) as usize;
    let partials = [(1.0, 1.0), (2.0, 0.35), (3.0, 0.12), (4.0, 0.05)];
    for n in 0..len {
        let t = n as f32 / RATE as f32;
        let attack = (t / 0.006).min(1.0);
        // Comes to nothing at its end, so that nothing clicks.
        let release = (1.0 - n as f32 / len as f32).min(0.2) * 5.0;
        let sound: f32 = partials
            .iter()
            .map(|(k, a)| a * (-t * (2.2 + 1.3 * k)).exp() * (base * k * n as f32).sin())
            .sum();
        add(mix, start + n, loud * attack * release * sound);
    }
}

/// A soft held note of two bars, swelling and fading.
fn pad(mix: &mut [f32], start: usize, note: u8) {
    let step = TAU * hertz(note) / RATE as f32;
    let len = 2 * BAR * EIGHTH + EIGHTH;
    for n in 0..len {
        let x = n as f32 / len as f32;
        let swell = (std::f32::consts::PI * x).sin();
        // A slightly detuned twin makes it breathe.
        let sound = (step * n as f32).sin() + (step * 1.003 * n as f32).sin();
        add(mix, start + n, 0.07 * swell * sound);
    }
}

fn add(mix: &mut [f32], at: usize, sound: f32) {
    let len = mix.len();
    if let Some(sample) = mix.get_mut(at % len) {
        *sample += sound;
    }
}
