//! R319: own music and announcements, from the octets of an upload to what a phone hears.

use std::io::Cursor;

use mediactl::{FileId, PlayerId, Repeat};
use rtp::g711::Law;

use super::bench::{Bench, Folder, Phone, config, leg, playing};
use crate::{Config, Files, ImportError, SoundUse, import, wav};

/// A RIFF/WAVE of that many seconds at `rate`.
fn riff(rate: u32, channels: u16, seconds: f64, sample: impl Fn(f64, u16) -> f64) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let format = hound::SampleFormat::Int;
    let spec =
        hound::WavSpec { channels, sample_rate: rate, bits_per_sample: 16, sample_format: format };
    let mut writer = hound::WavWriter::new(&mut bytes, spec).unwrap();
    for n in 0..(seconds * f64::from(rate)) as u32 {
        let t = f64::from(n) / f64::from(rate);
        for channel in 0..channels {
            writer.write_sample((sample(t, channel) * 32_000.0) as i16).unwrap();
        }
    }
    writer.finalize().unwrap();
    bytes.into_inner()
}

fn sine(hz: f64, level: f64) -> impl Fn(f64, u16) -> f64 {
    move |t, _| level * (std::f64::consts::TAU * hz * t).sin()
}

/// What was stored, linear.
fn stored(files: &Files, number: u64) -> Vec<f64> {
    let bytes = files.read(FileId::Sound(number)).unwrap();
    let (law, octets) = wav::parse(&bytes).unwrap();
    octets.iter().map(|o| f64::from(law.decode(*o))).collect()
}

pub(super) fn dbfs(samples: &[f64]) -> f64 {
    let power = samples.iter().map(|s| s * s).sum::<f64>() / samples.len() as f64;
    10.0 * (power / 32_768f64.powi(2)).log10()
}

/// Share of the power that one frequency has.
pub(super) fn share(samples: &[f64], hz: f64) -> f64 {
    let (mut re, mut im) = (0.0, 0.0);
    for (n, s) in samples.iter().enumerate() {
        let phase = std::f64::consts::TAU * hz * n as f64 / 8_000.0;
        re += s * phase.cos();
        im += s * phase.sin();
    }
    let n = samples.len() as f64;
    2.0 * (re * re + im * im) / n / samples.iter().map(|s| s * s).sum::<f64>()
}

#[test]
fn files_of_all_three_kinds_become_the_same_sound() {
    let folder = Folder::new();
    let files = Files::new(folder.path());
    let two = |t: f64, channel| sine([500.0, 1_500.0][usize::from(channel)], 0.3)(t, channel);
    let kinds: [&[u8]; 3] = [
        &riff(48_000, 2, 2.0, two),
        include_bytes!("data/two-tones.mp3"),
        include_bytes!("data/two-tones.flac"),
    ];
    for (number, bytes) in (1..).zip(kinds) {
        let imported = import(bytes, SoundUse::Music, &files, number).unwrap();
        // An MP3 has the silence of its filters around it.
        assert!((1_995..=2_100).contains(&imported.duration_ms), "{number}: {imported:?}");
        let samples = stored(&files, number);
        let middle = &samples[2_000..14_000];
        assert!((-25.0..-23.0).contains(&dbfs(middle)), "{number}: {}", dbfs(middle));
        for hz in [500.0, 1_500.0] {
            assert!((0.45..0.55).contains(&share(middle, hz)), "{number} {hz}");
        }
    }
}

#[test]
fn quiet_and_loud_files_come_out_equally_loud() {
    let folder = Folder::new();
    let files = Files::new(folder.path());
    // Half of it is a pause, which counts for nothing.
    let speech =
        |level| move |t: f64, c| if t % 1.0 < 0.5 { sine(700.0, level)(t, c) } else { 0.0 };
    for (number, level) in (1..).zip([0.02, 0.2, 0.99]) {
        let bytes = riff(16_000, 1, 4.0, speech(level));
        import(&bytes, SoundUse::Announcement, &files, number).unwrap();
        let samples = stored(&files, number);
        let loud = dbfs(&samples[400..3_600]);
        assert!((-21.0..-19.0).contains(&loud), "{level}: {loud}");
        assert!(dbfs(&samples[4_400..7_600]) < -60.0, "pauses stay pauses");
    }
}

#[test]
fn each_rule_is_named_by_the_error_and_nothing_is_stored() {
    let folder = Folder::new();
    let files = Files::new(folder.path());
    let take = |bytes: &[u8]| import(bytes, SoundUse::Music, &files, 1);
    let good = riff(8_000, 1, 2.0, sine(440.0, 0.5));
    let long = riff(8_000, 1, 601.0, sine(440.0, 0.5));
    assert!(matches!(take(&long), Err(ImportError::TooLong)));
    let mut big = good.clone();
    big.resize((10 << 20) + 1, 0);
    assert!(matches!(take(&big), Err(ImportError::TooBig)));
    assert!(matches!(take(&riff(8_000, 1, 2.0, |_, _| 0.0)), Err(ImportError::Silent)));
    for other in [&b"OggS\0\x02"[..], b"", b"<html>", &[0; 100], b"RIFF\0\0\0\0AVI LIST"] {
        assert!(matches!(take(other), Err(ImportError::Format)), "{other:?}");
    }
    let flac: &[u8] = include_bytes!("data/two-tones.flac");
    let mp3: &[u8] = include_bytes!("data/two-tones.mp3");
    let damage = |bytes: &[u8]| {
        let mut bytes = bytes.to_vec();
        let from = 40.min(bytes.len());
        bytes[from..].iter_mut().enumerate().for_each(|(n, b)| *b = (n * 37) as u8);
        bytes
    };
    for broken in [&good[..30], &flac[..60], &damage(flac), &damage(mp3)] {
        let error = take(broken).unwrap_err();
        assert!(matches!(error, ImportError::Broken | ImportError::Format), "{error}");
    }
    assert!(!files.exists(FileId::Sound(1)));
    take(&good).unwrap();
    assert!(matches!(take(&good), Err(ImportError::Exists)));
}

/// MED-T14, a small part: no octets bring the importer down.
#[test]
fn files_with_any_octets_changed_are_taken_or_refused() {
    let folder = Folder::new();
    let files = Files::new(folder.path());
    let sources: [&[u8]; 3] = [
        &riff(8_000, 1, 0.2, sine(440.0, 0.5)),
        include_bytes!("data/two-tones.mp3"),
        include_bytes!("data/two-tones.flac"),
    ];
    let mut state = 7u32;
    let mut draw = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize
    };
    for round in 0..60u64 {
        let mut bytes = sources[draw() % 3].to_vec();
        let head = bytes.len().min(200);
        for _ in 0..=draw() % 4 {
            let at = if draw() % 2 == 0 { draw() % head } else { draw() % bytes.len() };
            bytes[at] = draw() as u8;
        }
        bytes.truncate(bytes.len() - draw() % 100);
        let _ = import(&bytes, SoundUse::Music, &files, round);
    }
}

/// R319: who hears the old music keeps it, though its file is gone.
#[test]
fn calls_that_hear_the_old_music_keep_it() {
    let folder = Folder::new();
    let files = Files::new(folder.path());
    import(&riff(8_000, 1, 1.0, sine(400.0, 0.5)), SoundUse::Music, &files, 1).unwrap();
    import(&riff(8_000, 1, 1.0, sine(1_000.0, 0.5)), SoundUse::Music, &files, 2).unwrap();
    let bench = Bench::with(Config { files: Some(folder.path()), ..config() });
    let music = |n, phone: &Phone, number| {
        playing(leg(n, phone), PlayerId::Music(number), Repeat::Forever, 0)
    };
    let (a, b) = (Phone::new(1), Phone::new(2));
    let listen = |phone: &Phone| -> Vec<f64> {
        let octets = (0..25).flat_map(|_| phone.hear().1.split_off(12));
        octets.map(|o| f64::from(Law::Mu.decode(o))).collect()
    };
    bench.open(&music(1, &a, 1));
    assert!(share(&listen(&a), 400.0) > 0.9);
    files.delete(FileId::Sound(1)).unwrap();
    bench.open(&music(2, &b, 2));
    assert!(share(&listen(&b), 1_000.0) > 0.9);
    assert!(share(&listen(&a), 400.0) > 0.9);
}
