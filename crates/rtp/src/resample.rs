//! 16 kHz to 8 kHz for stored sentences: a half-band low-pass, then every other sample.

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
