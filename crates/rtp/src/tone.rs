//! Telephone tones as samples at 8 kHz (J123), and silence.

use std::f32::consts::TAU;

/// One piece of a cadence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Piece {
    /// Frequency in Hz; 0 = silence.
    pub hz: f32,
    /// Amplitude modulation in Hz; 0 = none.
    pub modulation_hz: f32,
    /// Length in milliseconds, a multiple of 20.
    pub ms: u32,
}

/// A tone: pieces one after the other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tone {
    /// Played once.
    pub intro: &'static [Piece],
    /// Repeated after the intro.
    pub cycle: &'static [Piece],
}

const fn on(hz: f32, ms: u32) -> Piece {
    Piece { hz, modulation_hz: 0.0, ms }
}

const fn off(ms: u32) -> Piece {
    Piece { hz: 0.0, modulation_hz: 0.0, ms }
}

const fn warble(modulation_hz: f32, ms: u32) -> Piece {
    Piece { hz: 400.0, modulation_hz, ms }
}

/// Dial tone: 400 Hz without end.
pub const DIAL: Tone = Tone { intro: &[], cycle: &[on(400.0, 1_000)] };

/// Second dial tone: three short bursts, then as the dial tone.
pub const SECOND_DIAL: Tone = Tone {
    intro: &[on(400.0, 200), off(200), on(400.0, 200), off(200), on(400.0, 200), off(200)],
    cycle: &[on(400.0, 1_000)],
};

/// Ring-back: 400 Hz modulated with 15 Hz, 1 s on, 2 s off. Fifteen periods fit the second.
pub const RINGBACK: Tone = Tone { intro: &[], cycle: &[warble(15.0, 1_000), off(2_000)] };

/// Busy and congestion: 400 Hz, 0.5 s on, 0.5 s off.
pub const BUSY: Tone = Tone { intro: &[], cycle: &[on(400.0, 500), off(500)] };

/// Call waiting: 400 Hz modulated with 16 Hz, half a second in eight.
pub const CALL_WAITING: Tone = Tone { intro: &[], cycle: &[warble(16.0, 500), off(7_500)] };

/// Refusal: three rising tones of 330 ms; 20 ms of the last gap make frames come out even.
pub const REFUSAL: Tone =
    Tone { intro: &[], cycle: &[on(950.0, 330), on(1_400.0, 330), on(1_800.0, 330), off(1_010)] };

/// Confirmation: three bursts, then nothing for the rest of a second.
pub const CONFIRMATION: Tone = Tone {
    intro: &[],
    cycle: &[on(400.0, 120), off(120), on(400.0, 120), off(120), on(400.0, 120), off(400)],
};

/// Error: four fast bursts, two a second.
pub const ERROR: Tone = Tone {
    intro: &[],
    cycle: &[
        on(400.0, 250),
        off(250),
        on(400.0, 250),
        off(250),
        on(400.0, 250),
        off(250),
        on(400.0, 250),
        off(250),
    ],
};

/// Speak now: half a second, and a breath behind it.
pub const RECORD: Tone = Tone { intro: &[], cycle: &[on(1_000.0, 500), off(100)] };

/// One short beep.
pub const BEEP: Tone = Tone { intro: &[], cycle: &[on(1_000.0, 160), off(40)] };

/// Somebody is still held: two short bursts in ten seconds.
pub const HOLD: Tone =
    Tone { intro: &[], cycle: &[on(400.0, 120), off(120), on(400.0, 120), off(9_640)] };

/// Amplitude of a tone: −13 dBm0, as exchanges send them (0 dBm0 = 0.707 · 32,124 r.m.s. in µ-law
/// terms, that is a sine of amplitude 22,716).
const AMPLITUDE: f32 = 22_716.0 * 0.2239;

/// Samples over which a piece fades in and out, so that it does not click: 5 ms.
const FADE: usize = 40;

/// The samples of `pieces`.
pub fn render(pieces: &[Piece]) -> Vec<i16> {
    let mut out = Vec::new();
    for piece in pieces {
        let len = piece.ms as usize * 8;
        // A silent neighbour needs a fade; a tone that goes on into itself must not have one.
        let fades = pieces.len() > 1;
        out.extend((0..len).map(|n| sample(piece, n, len, fades)));
    }
    out
}

fn sample(piece: &Piece, n: usize, len: usize, fades: bool) -> i16 {
    if piece.hz == 0.0 {
        return 0;
    }
    let t = n as f32 / 8_000.0;
    let edge = n.min(len - 1 - n).min(FADE) as f32 / FADE as f32;
    let fade = if fades { edge } else { 1.0 };
    let modulation = if piece.modulation_hz == 0.0 {
        1.0
    } else {
        0.5 * (1.0 - (TAU * piece.modulation_hz * t).cos())
    };
    (AMPLITUDE * fade * modulation * (TAU * piece.hz * t).sin()) as i16
}
