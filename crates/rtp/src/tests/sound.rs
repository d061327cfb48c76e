//! Level and frequency of what we make.

use crate::g711::Law;
use crate::{music, resample, tone};

fn rms(samples: &[i16]) -> f64 {
    let sum: f64 = samples.iter().map(|s| f64::from(*s).powi(2)).sum();
    (sum / samples.len() as f64).sqrt()
}

/// Level in dB below a full-scale sine.
fn dbfs(samples: &[i16]) -> f64 {
    20.0 * (rms(samples) / (32_767.0 / 2f64.sqrt())).log10()
}

/// Amplitude of one frequency.
fn at_hz(samples: &[i16], rate: f64, hz: f64) -> f64 {
    let (mut re, mut im) = (0.0, 0.0);
    for (n, s) in samples.iter().enumerate() {
        let phase = std::f64::consts::TAU * hz * n as f64 / rate;
        re += f64::from(*s) * phase.cos();
        im += f64::from(*s) * phase.sin();
    }
    2.0 * re.hypot(im) / samples.len() as f64
}

#[test]
fn g711_keeps_its_own_values_and_is_near_for_all_others() {
    for law in [Law::Mu, Law::A] {
        for octet in 0..=255u8 {
            let linear = law.decode(octet);
            // µ-law has two zeros.
            let same = law.encode(linear) == octet || linear == 0;
            assert!(same, "{law:?} {octet:#x}");
        }
        for sample in (i16::MIN..=i16::MAX).step_by(7) {
            let back = i32::from(law.decode(law.encode(sample)));
            let error = (back - i32::from(sample)).abs();
            let bound = 16 + i32::from(sample).abs() / 31;
            assert!(error <= bound, "{law:?} {sample} {back}");
        }
        assert!(law.decode(law.silence()).abs() <= 8);
    }
    // The first sample of the digital milliwatt (G.711 tables 5 and 6).
    assert_eq!((Law::Mu.decode(0x1e), Law::A.decode(0x34)), (-8_828, -8_960));
}

#[test]
fn one_law_becomes_the_other_within_a_step() {
    for octet in 0..=255u8 {
        let (mu, a) = (Law::Mu.decode(octet), Law::A.decode(Law::Mu.to_other(octet)));
        let bound = 40 + i32::from(mu).abs() / 24;
        assert!((i32::from(mu) - i32::from(a)).abs() <= bound, "{octet:#x} {mu} {a}");
    }
    assert_eq!(Law::Mu.to_other(0xff), 0xd5);
    assert!(Law::Mu.decode(Law::A.to_other(0xd5)).abs() <= 8);
}

#[test]
fn tones_have_their_frequency_level_and_cadence() {
    let dial = tone::render(tone::DIAL.cycle);
    assert_eq!(dial.len(), 8_000);
    assert!((-19.0..-15.0).contains(&dbfs(&dial)), "{}", dbfs(&dial));
    let pure = at_hz(&dial, 8_000.0, 400.0);
    assert!(pure / 2f64.sqrt() > 0.999 * rms(&dial));
    // The cycle leads into itself without a leap.
    assert!((dial[7_999] - dial[0]).abs() < 2_000);

    let ringing = tone::render(tone::RINGBACK.cycle);
    assert_eq!(ringing.len(), 24_000);
    assert_eq!(rms(&ringing[8_000..]), 0.0);
    let (carrier, side) =
        (at_hz(&ringing[..8_000], 8_000.0, 400.0), at_hz(&ringing[..8_000], 8_000.0, 415.0));
    assert!((0.45..0.55).contains(&(side / carrier)), "{side} {carrier}");

    let busy = tone::render(tone::BUSY.cycle);
    assert!(rms(&busy[..4_000]) > 2_000.0 && rms(&busy[4_000..]) == 0.0);
    assert_eq!(busy.len(), 8_000);

    let refusal = tone::render(tone::REFUSAL.cycle);
    for (n, hz) in [950.0, 1_400.0, 1_800.0].into_iter().enumerate() {
        let part = &refusal[n * 2_640..(n + 1) * 2_640];
        assert!(at_hz(part, 8_000.0, hz) > 3_500.0, "{hz}");
    }
    let all = [tone::DIAL, tone::SECOND_DIAL, tone::RINGBACK, tone::BUSY, tone::CALL_WAITING];
    let more = [tone::CONFIRMATION, tone::ERROR, tone::RECORD, tone::BEEP, tone::HOLD];
    for tone in all.into_iter().chain([tone::REFUSAL]).chain(more) {
        assert_eq!(tone::render(tone.intro).len() % 160, 0);
        assert_eq!(tone::render(tone.cycle).len() % 160, 0);
    }
}

#[test]
fn music_is_quiet_long_enough_and_loops_without_a_click() {
    let music = music::render();
    let seconds = music.len() as f64 / f64::from(music::RATE);
    assert!((20.0..=30.0).contains(&seconds), "{seconds}");
    assert_eq!(music.len() % 160, 0);
    assert!((-30.0..-20.0).contains(&dbfs(&music)), "{}", dbfs(&music));
    let leap = |a: i16, b: i16| (i32::from(a) - i32::from(b)).abs();
    let inside = music.windows(2).map(|w| leap(w[0], w[1])).max().unwrap();
    assert!(leap(music[music.len() - 1], music[0]) <= inside);
    // It never falls silent for long, and no second is much louder than the rest.
    let seconds: Vec<f64> = music.chunks_exact(8_000).map(dbfs).collect();
    assert!(seconds.iter().all(|s| (-34.0..-17.0).contains(s)), "{seconds:?}");
}

#[test]
fn halving_keeps_speech_and_removes_what_would_fold() {
    let sine = |hz: f64| -> Vec<i16> {
        let step = std::f64::consts::TAU * hz / 16_000.0;
        (0..16_000).map(|n| (10_000.0 * (step * n as f64).sin()) as i16).collect()
    };
    for hz in [300.0, 1_000.0, 3_000.0] {
        let half = resample::halve(&sine(hz));
        assert_eq!(half.len(), 8_000);
        let level = at_hz(&half[100..7_900], 8_000.0, hz);
        assert!((9_700.0..10_300.0).contains(&level), "{hz} {level}");
    }
    let folded = resample::halve(&sine(5_500.0));
    assert!(rms(&folded[100..7_900]) < 30.0, "{}", rms(&folded));
}

#[test]
fn any_rate_becomes_ours_with_the_same_pitch_level_and_length() {
    for rate in [8_000u32, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 96_000] {
        for hz in [300.0, 1_000.0, 3_200.0] {
            let step = std::f64::consts::TAU * hz / f64::from(rate);
            let input: Vec<f32> =
                (0..rate).map(|n| (10_000.0 * (step * f64::from(n)).sin()) as f32).collect();
            let mut resampler = resample::Resampler::new(rate).unwrap();
            let mut out = Vec::new();
            // In pieces of an odd length: the joints must not be heard.
            input.chunks(1_237).for_each(|piece| resampler.push(piece, &mut out));
            resampler.finish(&mut out);
            assert!(out.len().abs_diff(8_000) <= 2, "{rate}: {}", out.len());
            let out: Vec<i16> = out.iter().map(|s| *s as i16).collect();
            let inner = &out[200..7_800];
            let level = at_hz(inner, 8_000.0, hz);
            assert!((9_600.0..10_400.0).contains(&level), "{rate} {hz}: {level}");
            assert!(level / 2f64.sqrt() > 0.999 * rms(inner), "{rate} {hz}: something else too");
        }
    }
}

#[test]
fn what_would_fold_is_taken_out_at_any_rate() {
    for (rate, hz) in
        [(16_000u32, 5_000.0), (44_100, 5_000.0), (44_100, 12_000.0), (48_000, 7_000.0)]
    {
        let step = std::f64::consts::TAU * hz / f64::from(rate);
        let input: Vec<f32> =
            (0..rate / 2).map(|n| (10_000.0 * (step * f64::from(n)).sin()) as f32).collect();
        let mut out = Vec::new();
        resample::Resampler::new(rate).unwrap().push(&input, &mut out);
        let out: Vec<i16> = out.iter().map(|s| *s as i16).collect();
        assert!(rms(&out[200..]) < 60.0, "{rate} {hz}: {}", rms(&out[200..]));
    }
    for rate in [0, 3_999, 500_000, 44_099] {
        assert!(resample::Resampler::new(rate).is_none_or(|_| rate == 44_099), "{rate}");
    }
}
