//! Own music and announcements (R319): a file that somebody uploads becomes one that we play.
//!
//! ```text
//! WAV, MP3, FLAC ─ decode ─ one channel ─ 8 kHz ─ our loudness ─ µ-law ─► FileId::Sound
//! ```
//!
//! It works through up to ten minutes of sound: run it where blocking is allowed.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use mediactl::FileId;
use rtp::FRAME_SAMPLES;
use rtp::g711::Law;
use rtp::resample::Resampler;
use symphonia::core::codecs::audio::AudioDecoderOptions;
use symphonia::core::errors::Error as Symphonia;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;
use thiserror::Error;

use crate::Files;
use crate::files::millis;

/// Largest file, octets: 10 MiB.
const BYTES_MAX: usize = 10 << 20;

/// Longest sound in samples: ten minutes.
const SAMPLES_MAX: usize = 600 * 8_000;

/// Packets looked at: the smallest are far from this in ten minutes.
const PACKETS_MAX: usize = 1 << 20;

/// Damaged packets that are passed over before a file counts as broken.
const DAMAGED_MAX: usize = 100;

/// Channels of a file.
const CHANNELS_MAX: usize = 8;

/// What a sound is for: it decides on its loudness.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SoundUse {
    /// Behind a conversation that rests: −24 dB below full scale, as the built-in music.
    Music,
    /// Speech: −20 dB, as the built-in sentences.
    Announcement,
}

/// A sound that was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Imported {
    /// Its length.
    pub duration_ms: u32,
}

/// Why a sound was not taken; each names the rule.
#[derive(Debug, Error)]
pub enum ImportError {
    /// Larger than 10 MiB.
    #[error("the file is larger than 10 MiB")]
    TooBig,
    /// Longer than ten minutes.
    #[error("the sound is longer than 10 minutes")]
    TooLong,
    /// Neither WAV nor MP3 nor FLAC, or in a coding that we do not know.
    #[error("the file is no WAV, MP3 or FLAC")]
    Format,
    /// It begins well and cannot be read to its end.
    #[error("the file is damaged")]
    Broken,
    /// Nothing is to be heard in it.
    #[error("the file is silent")]
    Silent,
    /// The number has a sound already.
    #[error("the sound exists")]
    Exists,
    /// The disk does not take it.
    #[error("the sound cannot be stored")]
    Storage(#[from] std::io::Error),
}

/// Takes the octets of an uploaded file and stores them as `FileId::Sound(number)`.
///
/// # Errors
/// See [`ImportError`]; nothing is stored then.
pub fn import(
    bytes: &[u8],
    sound_use: SoundUse,
    files: &Files,
    number: u64,
) -> Result<Imported, ImportError> {
    if bytes.len() > BYTES_MAX {
        return Err(ImportError::TooBig);
    }
    let hint = extension(bytes).ok_or(ImportError::Format)?;
    let file = FileId::Sound(number);
    if files.exists(file) {
        return Err(ImportError::Exists);
    }
    // A decoder that fails on damaged input must not take its caller along.
    let decoded = catch_unwind(AssertUnwindSafe(|| decode(bytes, hint)));
    let samples = decoded.unwrap_or(Err(ImportError::Broken))?;
    let gain = gain(&samples, sound_use).ok_or(ImportError::Silent)?;
    let octets: Vec<u8> =
        samples.iter().map(|s| Law::Mu.encode((s * gain).round() as i16)).collect();
    files.store(file, Law::Mu, &octets)?;
    Ok(Imported { duration_ms: millis(octets.len() as u64) })
}

/// The kind of a file by its first octets, as the extension that it would have.
fn extension(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E', ..] => Some("wav"),
        [b'f', b'L', b'a', b'C', ..] => Some("flac"),
        [b'I', b'D', b'3', ..] => Some("mp3"),
        // The eleven set bits of a frame, and layer III.
        [0xff, second, ..] if second & 0xe6 == 0xe2 => Some("mp3"),
        _ => None,
    }
}

/// One channel at 8 kHz, on the scale of 16-bit samples.
fn decode(bytes: &[u8], hint: &str) -> Result<Vec<f32>, ImportError> {
    let source = MediaSourceStream::new(Box::new(Cursor::new(bytes.to_vec())), Default::default());
    let (options, meta) = (FormatOptions::default(), MetadataOptions::default());
    let mut kind = Hint::new();
    kind.with_extension(hint);
    let probed = symphonia::default::get_probe().probe(&kind, source, options, meta);
    let mut format = probed.map_err(|error| refusal(&error))?;
    let track = format.default_track(TrackType::Audio).ok_or(ImportError::Format)?;
    let id = track.id;
    let parameters = track.codec_params.as_ref().and_then(|p| p.audio()).cloned();
    let parameters = parameters.ok_or(ImportError::Format)?;
    let mut decoder = symphonia::default::get_codecs()
        .make_audio_decoder(&parameters, &AudioDecoderOptions::default())
        .map_err(|_| ImportError::Format)?;
    let mut ear = Ear::default();
    for _ in 0..PACKETS_MAX {
        let packet = match format.next_packet() {
            Ok(Some(packet)) => packet,
            Ok(None) => return ear.finish(),
            // A file that was cut off ends here; whether that is too early shows below.
            Err(Symphonia::IoError(error)) if is_end(&error) => return ear.finish(),
            Err(_) => return Err(ImportError::Broken),
        };
        if packet.track_id != id {
            continue;
        }
        match decoder.decode(&packet) {
            Ok(audio) => {
                let spec = audio.spec();
                let shape = (spec.rate(), spec.channels().count());
                audio.copy_to_vec_interleaved(&mut ear.interleaved);
                ear.hear(shape)?;
            }
            Err(Symphonia::DecodeError(_)) if ear.damaged < DAMAGED_MAX => ear.damaged += 1,
            Err(_) => return Err(ImportError::Broken),
        }
    }
    Err(ImportError::Broken)
}

fn is_end(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::UnexpectedEof
}

/// Why a file is not even opened.
fn refusal(error: &Symphonia) -> ImportError {
    match error {
        Symphonia::Unsupported(_) => ImportError::Format,
        _ => ImportError::Broken,
    }
}

/// What was decoded so far.
#[derive(Default)]
struct Ear {
    interleaved: Vec<f32>,
    mono: Vec<f32>,
    resampler: Option<(u32, Resampler)>,
    out: Vec<f32>,
    damaged: usize,
}

impl Ear {
    /// Takes what lies in `interleaved`.
    fn hear(&mut self, (rate, channels): (u32, usize)) -> Result<(), ImportError> {
        if channels == 0 || channels > CHANNELS_MAX {
            return Err(ImportError::Format);
        }
        if self.resampler.as_ref().is_none_or(|(known, _)| *known != rate) {
            self.turn();
            self.resampler = Some((rate, Resampler::new(rate).ok_or(ImportError::Format)?));
        }
        let share = 32_768.0 / channels as f32;
        self.mono.clear();
        let frames = self.interleaved.chunks_exact(channels);
        self.mono.extend(frames.map(|frame| frame.iter().sum::<f32>() * share));
        if let Some((_, resampler)) = &mut self.resampler {
            resampler.push(&self.mono, &mut self.out);
        }
        if self.out.len() > SAMPLES_MAX { Err(ImportError::TooLong) } else { Ok(()) }
    }

    /// The end of what has one rate.
    fn turn(&mut self) {
        if let Some((_, mut resampler)) = self.resampler.take() {
            resampler.finish(&mut self.out);
        }
    }

    fn finish(mut self) -> Result<Vec<f32>, ImportError> {
        self.turn();
        let decoded = self.out.iter().all(|s| s.is_finite()) && !self.out.is_empty();
        // More damage than sound.
        let heard = self.out.len() / FRAME_SAMPLES > self.damaged;
        if decoded && heard { Ok(self.out) } else { Err(ImportError::Broken) }
    }
}

/// Frames that are so much quieter than the loudest (25 dB) do not count for the loudness.
const PAUSE: f32 = 0.056;

/// A sound whose loudest frame stays below this (−60 dB) is silent.
const FAINT: f32 = 33.0;

/// Most that a quiet sound is raised: 30 dB; more would be noise.
const GAIN_MAX: f32 = 31.6;

/// No sample above −3 dB.
const PEAK: f32 = 23_198.0;

/// The factor that gives the sound our loudness; `None` when it is silent.
fn gain(samples: &[f32], sound_use: SoundUse) -> Option<f32> {
    let target = match sound_use {
        SoundUse::Music => 2_068.0,
        SoundUse::Announcement => 3_277.0,
    };
    let rms =
        |frame: &[f32]| (frame.iter().map(|s| s * s).sum::<f32>() / frame.len() as f32).sqrt();
    let frames: Vec<f32> = samples.chunks(FRAME_SAMPLES).map(rms).collect();
    let loudest = frames.iter().copied().fold(0.0, f32::max);
    if loudest < FAINT {
        return None;
    }
    let counted: Vec<f32> = frames.into_iter().filter(|f| *f > loudest * PAUSE).collect();
    let power: f32 = counted.iter().map(|f| f * f).sum::<f32>() / counted.len() as f32;
    let peak = samples.iter().fold(1.0f32, |peak, s| peak.max(s.abs()));
    Some((target / power.sqrt()).min(PEAK / peak).min(GAIN_MAX))
}
