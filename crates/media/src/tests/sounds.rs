//! The built-in sounds: there, readable, audible, and speech where speech is promised.

use mediactl::{Language, PlayerId, PromptId, ToneKind};
use rtp::g711::Law;

use crate::library::make;
use crate::sentences::wav;

fn linear(what: PlayerId) -> Vec<f64> {
    let clip = make(what);
    let frames = (0..clip.frames()).filter_map(|n| clip.frame(Law::Mu, n));
    frames.flatten().map(|o| f64::from(Law::Mu.decode(o))).collect()
}

fn dbfs(samples: &[f64]) -> f64 {
    let power = samples.iter().map(|s| s * s).sum::<f64>() / samples.len() as f64;
    10.0 * (power / 32_768f64.powi(2)).log10()
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
