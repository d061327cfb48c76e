//! `cargo xtask prompts`: makes the spoken sentences anew.
//!
//! `crates/media/prompts/prompts.toml` → `crates/media/prompts/{ja,en}/<id>.wav`, 16 kHz mono.
//! Needs `python3` with its `venv` module, `pico2wave` and `sox`; the Japanese voice is installed
//! by pip into the target folder. Neither a build nor a start of the product needs any of this.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

/// Package and version that carry the Japanese voice and its dictionary.
const VOICE: &str = "pyopenjtalk-plus==0.4.1.post10";

/// Samples per second of the files.
const RATE: u32 = 16_000;

/// Loudness of the speech, of what is not pause: −20 dB below full scale.
const LEVEL: f64 = 3_277.0;

/// Loudness of single words, of their strong frames alone: weak consonants would count for too
/// much in so short a sound. −18 dB, as strong frames have it in sentences.
const WORD_LEVEL: f64 = 4_125.0;
const STRONG: f64 = 0.3;

/// No sample above −3 dB.
const PEAK: f64 = 23_198.0;

/// Frames quieter than this are pause, about −47 dB.
const PAUSE: f64 = 146.0;

/// The Japanese voice breathes before and behind its words, and clicks once: there only what
/// reaches this share of the loudest frame in two frames is speech. Weak consonants beside it are
/// kept by so many frames on either side.
const BREATH: f64 = 0.12;
const MARGIN: [usize; 2] = [4, 3];

/// Cut edges are faded over 10 ms.
const FADE: usize = RATE as usize / 100;

/// Silence before and behind a sentence, in samples.
const SENTENCE: [usize; 2] = [RATE as usize / 5, RATE as usize * 3 / 10];

/// Silence before and behind a part of one: together the pause between two digits, 80 ms.
const JOINT: [usize; 2] = [RATE as usize / 50, RATE as usize * 3 / 50];

/// Twenty milliseconds.
const FRAME: usize = RATE as usize / 50;

const SPEAK_JA: &str = "
import sys, numpy, pyopenjtalk
wave, rate = pyopenjtalk.tts(sys.argv[1], speed=0.95)
assert rate == 48000, rate
sys.stdout.buffer.write(numpy.clip(wave, -32768, 32767).astype('<i2').tobytes())
";

/// Makes every file and reports its length and level.
pub(crate) fn run() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("no repository")?;
    let folder = root.join("crates/media/prompts");
    let work = root.join("target/prompts");
    fs::create_dir_all(&work)?;
    let python = install_voice(&work)?;
    let text = fs::read_to_string(folder.join("prompts.toml"))?;
    let prompts: toml_edit::DocumentMut = text.parse()?;
    for (id, texts) in prompts.iter() {
        let joint = texts.get("joint").and_then(|j| j.as_bool()).unwrap_or_default();
        for language in ["ja", "en"] {
            let words = texts.get(language).and_then(|t| t.as_str());
            let words = words.with_context(|| format!("{id}: no text for {language}"))?;
            let raw = match language {
                _ if words.is_empty() => None,
                "ja" => Some(without_breath(&speak_japanese(&python, words)?)),
                _ => Some(speak_english(&work, words)?),
            };
            let finished = raw.map_or(Ok(vec![0; FRAME]), |raw| finish(&raw, joint));
            let samples = finished.with_context(|| format!("{language}/{id}"))?;
            fs::write(folder.join(language).join(format!("{id}.wav")), wav(&samples))?;
            crate::out::line(format_args!(
                "{language}/{id}: {:.1} s, {:.1} dBFS",
                samples.len() as f64 / f64::from(RATE),
                20.0 * (loudness(&samples, PAUSE) / 32_768.0).log10(),
            ));
        }
    }
    Ok(())
}

fn install_voice(work: &Path) -> Result<PathBuf> {
    let venv = work.join("voice");
    let python = venv.join("bin/python");
    if !python.exists() {
        output(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
        output(Command::new(&python).args(["-m", "pip", "install", "--quiet", VOICE]))?;
    }
    Ok(python)
}

fn speak_japanese(python: &Path, words: &str) -> Result<Vec<i16>> {
    let raw = output(Command::new(python).args(["-c", SPEAK_JA, words]))?;
    // From 48 kHz to ours with a steep filter.
    let raw = sox(&["-t", "raw", "-r", "48k", "-e", "signed", "-b", "16", "-c", "1", "-"], raw)?;
    Ok(samples(&raw))
}

fn speak_english(work: &Path, words: &str) -> Result<Vec<i16>> {
    let file = work.join("english.wav");
    output(Command::new("pico2wave").args(["-l", "en-GB", "-w"]).arg(&file).arg(words))?;
    let file = file.to_str().context("path is no text")?;
    Ok(samples(&sox(&[file], Vec::new())?))
}

fn sox(input: &[&str], bytes: Vec<u8>) -> Result<Vec<u8>> {
    let raw = std::env::temp_dir().join(format!("prompt-{}.raw", std::process::id()));
    fs::write(&raw, bytes)?;
    let mut command = Command::new("sox");
    command.args(["-V1", "-D"]);
    for argument in input {
        match *argument {
            "-" => command.arg(&raw),
            other => command.arg(other),
        };
    }
    let form = ["-t", "raw", "-r", "16k", "-e", "signed", "-b", "16", "-c", "1", "-"];
    let result = output(command.args(form).args(["highpass", "120", "rate", "-v", "16k"]));
    fs::remove_file(&raw)?;
    result
}

fn output(command: &mut Command) -> Result<Vec<u8>> {
    let shown = command.get_program().to_string_lossy().into_owned();
    let result = command.output().with_context(|| format!("{shown} is not installed"))?;
    if !result.status.success() {
        bail!("{shown}: {}", String::from_utf8_lossy(&result.stderr));
    }
    Ok(result.stdout)
}

fn samples(raw: &[u8]) -> Vec<i16> {
    raw.chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect()
}

/// Speech without what the voice puts before and behind it.
fn without_breath(raw: &[i16]) -> Vec<i16> {
    let levels: Vec<f64> = raw.chunks(FRAME).map(rms).collect();
    let floor = BREATH * levels.iter().copied().fold(0.0, f64::max);
    let spoken = |pair: &[f64]| pair.iter().all(|level| *level > floor);
    let first = levels.windows(2).position(spoken).unwrap_or_default();
    let last = levels.windows(2).rposition(spoken).map_or(levels.len(), |n| n + 2);
    let [before, behind] = MARGIN;
    let end = ((last + behind) * FRAME).min(raw.len());
    let mut words = raw.get(first.saturating_sub(before) * FRAME..end).unwrap_or(raw).to_vec();
    let fade = |(n, sample): (usize, &mut i16)| {
        *sample = (f64::from(*sample) * n as f64 / FADE as f64) as i16;
    };
    words.iter_mut().take(FADE).enumerate().for_each(fade);
    words.iter_mut().rev().take(FADE).enumerate().for_each(fade);
    words
}

/// Words without the silence around them, at our level, between pauses of our length.
fn finish(raw: &[i16], joint: bool) -> Result<Vec<i16>> {
    let [lead, tail] = if joint { JOINT } else { SENTENCE };
    let spoken: Vec<usize> =
        raw.chunks(FRAME).enumerate().filter(|(_, f)| rms(f) > PAUSE).map(|(n, _)| n).collect();
    let (Some(first), Some(last)) = (spoken.first(), spoken.last()) else { bail!("silent") };
    let end = ((last + 2) * FRAME).min(raw.len());
    let words = raw.get(first.saturating_sub(1) * FRAME..end).context("no words")?;
    ensure!(words.len() > RATE as usize / 10, "shorter than a tenth of a second");
    let peak = words.iter().map(|s| f64::from(s.unsigned_abs())).fold(1.0, f64::max);
    let level = if joint {
        let loudest = words.chunks(FRAME).map(rms).fold(0.0, f64::max);
        WORD_LEVEL / loudness(words, STRONG * loudest)
    } else {
        LEVEL / loudness(words, PAUSE)
    };
    let gain = level.min(PEAK / peak);
    let mut out = vec![0; lead];
    out.extend(words.iter().map(|s| (f64::from(*s) * gain) as i16));
    out.resize((out.len() + tail).next_multiple_of(FRAME), 0);
    Ok(out)
}

/// Root mean square of the frames above that level.
fn loudness(samples: &[i16], floor: f64) -> f64 {
    let loud: Vec<f64> =
        samples.chunks(FRAME).map(rms).filter(|level| *level > floor).map(|l| l * l).collect();
    (loud.iter().sum::<f64>() / loud.len().max(1) as f64).sqrt()
}

fn rms(frame: &[i16]) -> f64 {
    let sum: f64 = frame.iter().map(|s| f64::from(*s).powi(2)).sum();
    (sum / frame.len().max(1) as f64).sqrt()
}

/// RIFF/WAVE with 16-bit samples.
fn wav(samples: &[i16]) -> Vec<u8> {
    let size = samples.len() as u32 * 2;
    let mut out = Vec::with_capacity(44 + size as usize);
    out.extend(b"RIFF");
    out.extend((36 + size).to_le_bytes());
    out.extend(b"WAVEfmt ");
    out.extend(16u32.to_le_bytes());
    out.extend([1, 0, 1, 0]);
    out.extend(RATE.to_le_bytes());
    out.extend((RATE * 2).to_le_bytes());
    out.extend([2, 0, 16, 0]);
    out.extend(b"data");
    out.extend(size.to_le_bytes());
    out.extend(samples.iter().flat_map(|s| s.to_le_bytes()));
    out
}
