//! What the call side and the media plane know of each other, and what call control knows of SDP.
//!
//! Pure: no socket, clock or thread. Three parts:
//!
//! | Part | Content |
//! |---|---|
//! | [`Command`], [`Event`] | the boundary: plain values that state the *wanted condition* of a leg, and what became of it |
//! | [`wire`] | the same values as length-prefixed, versioned frames |
//! | [`sdp`] | a typed view over an SDP body that stays bytes, offers and answers (RFC 3264), SDES keys (RFC 4568) |
//!
//! Sending the conditions of all legs again rebuilds the plane; sending one twice changes nothing.

pub mod codec;
mod command;
pub mod crypto;
pub mod direction;
mod event;
mod file;
mod leg;
mod prompt;
pub mod sdp;
#[cfg(test)]
mod tests;
pub mod wire;
mod words;

pub use codec::{Codec, CodecName, Payload, Payloads};
pub use command::Command;
pub use crypto::{CryptoKey, KEY_BYTES, Sdes, Suite};
pub use direction::Direction;
pub use event::{Digit, DigitPhase, DigitSource, Event, Failure, LegStats, Load};
pub use file::{FileId, Record, RecordEnd, RecordFailure};
pub use leg::{
    DtmfToPeer, Form, GroupId, Instead, Joined, Language, LegWant, Play, PlayerId, Protection,
    RemoteMedia, Repeat, ToneKind,
};
pub use prompt::PromptId;
pub use words::Words;
