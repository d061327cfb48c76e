//! The built-in sounds: there, readable, audible, and speech where speech is promised.

use mediactl::{Language, PlayerId, PromptId, ToneKind};
use rtp::g711::Law;

use super::imports::{dbfs, share};
use crate::library::make;
use crate::sentences::wav;

fn linear(what: PlayerId) -> Vec<f64> {
    let clip = make(what);
    let frames = (0..clip.frames()).filter_map(|n| clip.frame(Law::Mu, n));
    frames.flatten().map(|o| f64::from(Law::Mu.decode(o))).collect()
}

#[test]
fn every_sentence_is_there_in_both_languages_and_sounds_like_speech() {
    for id in PromptId::ALL {
        for language in [Language::Ja, Language::En] {
            let samples = linear(PlayerId::Prompt { id, language });
            let name = format!("{} {language:?}", id.name());
            let seconds = samples.len() as f64 / 8_000.0;
            if !id.is_said_in(language) {
                assert!(seconds < 0.05 && samples.iter().all(|s| s.abs() < 9.0), "{name}");
                continue;
            }
            let longest = if id == PromptId::VoicemailHelp { 40.0 } else { 12.0 };
            assert!((0.3..longest).contains(&seconds), "{name}: {seconds} s");
            let frames: Vec<f64> = samples.chunks_exact(160).map(dbfs).collect();
            let loud: Vec<f64> = frames.iter().copied().filter(|l| *l > -45.0).collect();
            // Loudness is that of the strong frames: a word may end in a breath.
            let loudest = loud.iter().copied().fold(-90.0, f64::max);
            let strong = || loud.iter().filter(|l| **l > loudest - 10.0);
            let power = strong().map(|l| 10f64.powf(l / 10.0)).sum::<f64>();
            let level = 10.0 * (power / strong().count() as f64).log10();
            assert!((-22.5..-17.0).contains(&level), "{name}: {level} dBFS");
            // Words and pauses: neither a tone without end nor silence.
            let share = loud.len() as f64 / frames.len() as f64;
            assert!((0.2..0.99).contains(&share), "{name}: {share} spoken");
            // Pitch and vowels change: no two neighbouring tenths of a second are alike in level.
            let spread = frames.iter().copied().filter(|l| *l > -60.0);
            let (low, high) = spread.fold((0f64, -90f64), |(l, h), x| (l.min(x), h.max(x)));
            assert!(high - low > 15.0, "{name}: {low} to {high}");
        }
    }
}

#[test]
fn the_files_are_what_the_text_file_names() {
    let text = include_str!("../../prompts/prompts.toml");
    let ids: Vec<&str> = text
        .lines()
        .filter_map(|l| l.strip_prefix('[').and_then(|l| l.strip_suffix(']')))
        .collect();
    let known: Vec<&str> = PromptId::ALL.iter().map(|id| id.name()).collect();
    assert_eq!(ids, known);
    for id in PromptId::ALL {
        assert_eq!(PromptId::from_name(id.name()), Some(id));
        for language in [Language::Ja, Language::En] {
            let spec = hound::WavReader::new(wav(id, language)).unwrap().spec();
            assert_eq!((spec.channels, spec.sample_rate, spec.bits_per_sample), (1, 16_000, 16));
        }
    }
}

#[test]
fn a_tone_with_an_intro_repeats_without_it() {
    let clip = make(PlayerId::Tone(ToneKind::SecondDial));
    assert_eq!(clip.frames(), 60 + 50);
    assert_eq!((clip.wrap(109), clip.wrap(110), clip.wrap(160)), (109, 60, 60));
    let busy = make(PlayerId::Tone(ToneKind::Busy));
    assert_eq!((busy.wrap(49), busy.wrap(50), busy.wrap(125)), (49, 0, 25));
}

#[test]
fn music_is_quiet_and_never_silent() {
    let samples = linear(PlayerId::HoldMusic);
    let level = dbfs(&samples);
    assert!((-34.0..-22.0).contains(&level), "{level}");
    assert!(samples.chunks_exact(8_000).all(|second| dbfs(second) > -40.0));
}

/// None is much louder than another, and none is clipped, in the files themselves.
#[test]
fn sentences_are_alike_in_loudness_and_none_is_clipped() {
    let (mut low, mut high) = (0f64, -90f64);
    for id in PromptId::ALL {
        for language in [Language::Ja, Language::En] {
            if !id.is_said_in(language) {
                continue;
            }
            let mut reader = hound::WavReader::new(wav(id, language)).unwrap();
            let samples: Vec<f64> =
                reader.samples::<i16>().map(|s| f64::from(s.unwrap())).collect();
            let peak = samples.iter().fold(0f64, |peak, s| peak.max(s.abs()));
            assert!(peak < 23_200.0, "{} {language:?}: a peak of {peak}", id.name());
            let frames: Vec<f64> = samples.chunks_exact(320).map(dbfs).collect();
            let loudest = frames.iter().copied().fold(-90.0, f64::max);
            let strong = || frames.iter().filter(|l| **l > loudest - 10.0);
            let power = strong().map(|l| 10f64.powf(l / 10.0)).sum::<f64>();
            let level = 10.0 * (power / strong().count() as f64).log10();
            (low, high) = (low.min(level), high.max(level));
        }
    }
    assert!(high - low < 3.0 && (-20.5..-16.5).contains(&low), "{low} to {high} dBFS");
}

/// J123, measured on what is played: frequency, cadence and modulation of the Japanese tones.
#[test]
fn ring_back_busy_and_call_waiting_sound_as_in_japan() {
    let loud = |samples: &[f64]| {
        let blocks = samples.chunks_exact(160).map(|block| dbfs(block) > -40.0);
        blocks.collect::<Vec<_>>()
    };
    for (kind, on, off) in [
        (ToneKind::Ringback, 1_000, 2_000),
        (ToneKind::Busy, 500, 500),
        (ToneKind::CallWaiting, 500, 7_500),
    ] {
        let samples = linear(PlayerId::Tone(kind));
        assert_eq!(samples.len(), (on + off) * 8, "{kind:?}");
        let heard = loud(&samples);
        let spoken = heard.iter().take(on / 20).filter(|l| **l).count();
        assert!(spoken * 20 > on * 3 / 4, "{kind:?}: {spoken}");
        assert!(heard[on / 20..].iter().all(|l| !l), "{kind:?} is silent behind");
        let tone = &samples[..on * 8];
        let carrier = share(tone, 400.0);
        match kind {
            ToneKind::Busy => assert!(carrier > 0.98, "{kind:?}: {carrier}"),
            _ => {
                // A modulated tone has its power in the carrier and beside it, evenly.
                let by = if kind == ToneKind::Ringback { 15.0 } else { 16.0 };
                let (below, above) = (share(tone, 400.0 - by), share(tone, 400.0 + by));
                assert!(carrier > 0.4 && carrier + below + above > 0.98, "{kind:?}: {carrier}");
                assert!(below > 0.05 && (below / above - 1.0).abs() < 0.1, "{below} {above}");
            }
        }
    }
    let beep = linear(PlayerId::Tone(ToneKind::Beep));
    assert!(loud(&beep).iter().any(|l| *l), "a beep is heard");
    let record = linear(PlayerId::Tone(ToneKind::Record));
    let heard = loud(&record).iter().filter(|l| **l).count() * 20;
    assert!((100..=1_500).contains(&heard), "{heard} ms");
}
