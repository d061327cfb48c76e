//! Sound that can be played without a codec: frames of G.711.

use rtp::FRAME_SAMPLES;
use rtp::g711::Law;

/// One piece of sound, whole 20 ms frames.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Clip {
    sound: Sound,
    /// Frame from which a repetition begins.
    again: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Sound {
    /// Of built-in sounds both laws, each made from the samples.
    Both { mu: Box<[u8]>, a: Box<[u8]> },
    /// Of files the one that they have; the other is made while it is played.
    One { law: Law, octets: Box<[u8]> },
}

/// One frame, as it goes into a packet.
pub(crate) type Frame = [u8; FRAME_SAMPLES];

impl Clip {
    /// From samples at 8 kHz; the last frame is filled up with silence. A repetition begins
    /// behind the first `intro` samples.
    pub(crate) fn new(samples: &[i16], intro: usize) -> Self {
        let whole = samples.len().next_multiple_of(FRAME_SAMPLES).max(FRAME_SAMPLES);
        let silence = std::iter::repeat_n(&0, whole - samples.len());
        let encode = |law: Law| samples.iter().chain(silence.clone()).map(move |s| law.encode(*s));
        let sound = Sound::Both { mu: encode(Law::Mu).collect(), a: encode(Law::A).collect() };
        Self { sound, again: (intro / FRAME_SAMPLES) as u32 }
    }

    /// From the octets of a file; the last frame is filled up with silence.
    pub(crate) fn coded(law: Law, octets: &[u8]) -> Self {
        let whole = octets.len().next_multiple_of(FRAME_SAMPLES).max(FRAME_SAMPLES);
        let mut octets = octets.to_vec();
        octets.resize(whole, law.silence());
        Self { sound: Sound::One { law, octets: octets.into() }, again: 0 }
    }

    /// Length in frames, at least one.
    pub(crate) fn frames(&self) -> u32 {
        let octets = match &self.sound {
            Sound::Both { mu, .. } => mu,
            Sound::One { octets, .. } => octets,
        };
        (octets.len() / FRAME_SAMPLES) as u32
    }

    /// One frame; `None` past the end.
    pub(crate) fn frame(&self, law: Law, n: u32) -> Option<Frame> {
        let (octets, turn) = match (&self.sound, law) {
            (Sound::Both { mu, .. }, Law::Mu) => (mu, false),
            (Sound::Both { a, .. }, Law::A) => (a, false),
            (Sound::One { law: own, octets }, law) => (octets, *own != law),
        };
        let frame: &Frame = octets.get(n as usize * FRAME_SAMPLES..)?.first_chunk()?;
        let other = match law {
            Law::Mu => Law::A,
            Law::A => Law::Mu,
        };
        Some(if turn { frame.map(|octet| other.to_other(octet)) } else { *frame })
    }

    /// The frame to play when `n` is past the end.
    pub(crate) fn wrap(&self, n: u32) -> u32 {
        let (frames, again) = (self.frames(), self.again);
        if n < frames || again >= frames { n } else { again + (n - frames) % (frames - again) }
    }
}
