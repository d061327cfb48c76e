//! To 8 kHz: stored sentences by a half-band low-pass and every other sample, other sounds from
//! any rate.

/// Taps on one side of the centre; odd ones only, the even ones of a half-band filter are zero.
const SIDE: usize = 31;

/// Halves the rate. What lies above 3.6 kHz is taken out, so that nothing folds back.
pub fn halve(samples: &[i16]) -> Vec<i16> {
    let taps = taps();
    let at = |n: isize| {
        usize::try_from(n).ok().and_then(|n| samples.get(n)).map_or(0.0, |s| f32::from(*s))
    };
    (0..samples.len() / 2)
        .map(|n| {
            let centre = 2 * n as isize;
            let sides: f32 = taps
                .iter()
                .zip((1isize..).step_by(2))
                .map(|(tap, d)| tap * (at(centre - d) + at(centre + d)))
                .sum();
            (0.5 * at(centre) + sides).round().clamp(-32_768.0, 32_767.0) as i16
        })
        .collect()
}

/// sin(πn/2)/(πn) for odd n, under a Blackman window, scaled to a gain of one.
fn taps() -> [f32; SIDE.div_ceil(2)] {
    let mut taps = [0.0; SIDE.div_ceil(2)];
    let mut sum = 0.0;
    for (tap, n) in taps.iter_mut().zip((1u8..).step_by(2)) {
        let n = f32::from(n);
        let x = std::f32::consts::PI * n / (SIDE as f32 + 1.0);
        let window = 0.42 + 0.5 * x.cos() + 0.08 * (2.0 * x).cos();
        *tap = (std::f32::consts::FRAC_PI_2 * n).sin() / (std::f32::consts::PI * n) * window;
        sum += 2.0 * *tap;
    }
    taps.map(|tap| tap * 0.5 / sum)
}

/// Zero crossings of the low-pass on each side of its centre.
const CROSSINGS: usize = 32;

/// Most taps of one phase; rates whose ratio needs more are refused.
const TAPS_MAX: usize = 4_096;

/// Most different phases; as above.
const PHASES_MAX: usize = 16_000;

/// From any rate to 8 kHz, a piece at a time: a windowed-sinc low-pass, one set of taps for each
/// place that an output sample can have between two input samples.
#[derive(Debug, Clone)]
pub struct Resampler {
    /// Input samples per output sample, as a fraction in lowest terms.
    step: usize,
    phases: usize,
    /// Taps of a phase, and all of them one phase after the other.
    width: usize,
    taps: Vec<f32>,
    /// Input that is still needed, and where the next output sample begins in it.
    input: Vec<f32>,
    at: usize,
    phase: usize,
}

impl Resampler {
    /// From `rate` Hz; `None` when the rate is no rate of sound.
    pub fn new(rate: u32) -> Option<Self> {
        const TO: usize = 8_000;
        let rate = usize::try_from(rate).ok().filter(|r| (4_000..=400_000).contains(r))?;
        let common = gcd(rate, TO);
        let (step, phases) = (rate / common, TO / common);
        // The band ends at 3.6 kHz, or at 0.45 of a lower rate.
        let cutoff = 0.45 * (TO.min(rate) as f64) / rate as f64;
        let half = (CROSSINGS as f64 / (2.0 * cutoff)).ceil() as usize;
        let width = 2 * half;
        if width > TAPS_MAX || phases > PHASES_MAX {
            return None;
        }
        let taps = (0..phases).flat_map(|phase| {
            let offset = phase as f64 / phases as f64;
            let centre = half as f64 - 1.0 + offset;
            let raw = (0..width).map(move |n| sinc(n as f64 - centre, half as f64, cutoff));
            let raw: Vec<f64> = raw.collect();
            let sum: f64 = raw.iter().sum();
            raw.into_iter().map(move |tap| (tap / sum) as f32)
        });
        let taps = taps.collect();
        // Half a filter of silence before the first sample.
        let input = vec![0.0; half - 1];
        Some(Self { step, phases, width, taps, input, at: 0, phase: 0 })
    }

    /// Takes input and appends what comes out of it.
    pub fn push(&mut self, samples: &[f32], out: &mut Vec<f32>) {
        self.input.extend_from_slice(samples);
        while let Some(window) = self.input.get(self.at..self.at + self.width) {
            let from = self.phase * self.width;
            let taps = self.taps.get(from..from + self.width).unwrap_or_default();
            out.push(window.iter().zip(taps).map(|(s, t)| s * t).sum());
            let next = self.phase + self.step;
            self.at += next / self.phases;
            self.phase = next % self.phases;
        }
        let used = self.at.min(self.input.len());
        self.input.drain(..used);
        self.at -= used;
    }

    /// The end: what half a filter still holds.
    pub fn finish(&mut self, out: &mut Vec<f32>) {
        self.push(&vec![0.0; self.width / 2], out);
    }
}

/// One tap, `x` input samples off the centre, under a Blackman window of `half` each way.
fn sinc(x: f64, half: f64, cutoff: f64) -> f64 {
    if x.abs() >= half {
        return 0.0;
    }
    let turn = std::f64::consts::PI * x;
    let window = 0.42 + 0.5 * (turn / half).cos() + 0.08 * (2.0 * turn / half).cos();
    let wave = if x == 0.0 { 2.0 * cutoff } else { (2.0 * turn * cutoff).sin() / turn };
    wave * window
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}
