//! RTP and what belongs to it: packets, RTCP, SRTP, latching, one continuous stream, digits, tones.
//!
//! Pure: time is an argument, buffers are the caller's, nothing is allocated per packet. The
//! sockets are in `media`.
//!
//! ```text
//! packet in → srtp::Unprotect → latch (who is it?) → receive (counters) → dtmf_event
//!   → rewrite (one SSRC, sequence, timestamp per leg) → srtp::Protect → packet out
//! ```

pub mod dtmf_event;
pub mod dtmf_tone;
pub mod g711;
pub mod latch;
pub mod music;
mod packet;
pub mod receive;
pub mod record;
pub mod resample;
pub mod rewrite;
pub mod rtcp;
pub mod srtp;
#[cfg(test)]
mod tests;
pub mod tone;

pub use packet::{HEADER_BYTES, Header, Parsed, parse};

/// Microseconds of one frame of everything that we make ourselves: 20 ms.
pub const FRAME_US: u64 = 20_000;

/// Samples of such a frame at 8 kHz.
pub const FRAME_SAMPLES: usize = 160;
