//! Sound that can be played without a codec: frames of both G.711 laws.

use rtp::FRAME_SAMPLES;
use rtp::g711::Law;

/// One piece of sound, whole 20 ms frames.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Clip {
    mu: Box<[u8]>,
    a: Box<[u8]>,
    /// Frame from which a repetition begins.
    again: u32,
}

impl Clip {
    /// From samples at 8 kHz; the last frame is filled up with silence. A repetition begins
    /// behind the first `intro` samples.
    pub(crate) fn new(samples: &[i16], intro: usize) -> Self {
        let whole = samples.len().next_multiple_of(FRAME_SAMPLES).max(FRAME_SAMPLES);
        let silence = std::iter::repeat_n(&0, whole - samples.len());
        let encode = |law: Law| samples.iter().chain(silence.clone()).map(move |s| law.encode(*s));
        let again = (intro / FRAME_SAMPLES) as u32;
        Self { mu: encode(Law::Mu).collect(), a: encode(Law::A).collect(), again }
    }

    /// Length in frames, at least one.
    pub(crate) fn frames(&self) -> u32 {
        (self.mu.len() / FRAME_SAMPLES) as u32
    }

    /// One frame; `None` past the end.
    pub(crate) fn frame(&self, law: Law, n: u32) -> Option<&[u8; FRAME_SAMPLES]> {
        let octets = match law {
            Law::Mu => &self.mu,
            Law::A => &self.a,
        };
        octets.get(n as usize * FRAME_SAMPLES..)?.first_chunk()
    }

    /// The frame to play when `n` is past the end.
    pub(crate) fn wrap(&self, n: u32) -> u32 {
        let (frames, again) = (self.frames(), self.again);
        if n < frames || again >= frames { n } else { again + (n - frames) % (frames - again) }
    }
}
