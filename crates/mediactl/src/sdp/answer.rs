//! Offer against answer (RFC 3264 §6, §7).

use thiserror::Error;

use super::{Audio, Profile, Sdp, SdpError};
use crate::{Payload, Payloads};

/// What is wrong with an answer, or why none can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AnswerError {
    /// One of the two cannot be read.
    #[error(transparent)]
    Sdp(#[from] SdpError),
    /// The offer has no audio line, or only a refused one.
    #[error("no audio is offered")]
    NoAudio,
    /// The answer has not as many media lines as the offer (RFC 3264 §6).
    #[error("{answered} media lines answer {offered}")]
    MediaCount {
        /// Lines in the offer.
        offered: usize,
        /// Lines in the answer.
        answered: usize,
    },
    /// No speech codec is common.
    #[error("no common codec")]
    NoCodec,
    /// The answer names a codec that was not offered.
    #[error("payload type {0} was not offered")]
    NotOffered(u8),
    /// The profiles differ.
    #[error("answer in another profile")]
    Profile,
    /// A secure line without key, or with a tag or suite that was not offered (RFC 4568 §5.1.2).
    #[error("answer without an offered key")]
    Crypto,
}

/// The payload types of `offer` whose coding we can do, with the offer's numbers and in its order.
pub fn negotiate(offer: &Audio<'_>, ours: &[Payload]) -> Payloads {
    let known = |p: &Payload| ours.iter().any(|o| o.same_coding(p));
    offer.formats.iter().map(|f| f.payload).filter(known).collect()
}

/// The first speech coding of `first` that `second` has too: what two phones will talk with.
pub fn common(first: &Audio<'_>, second: &Audio<'_>) -> Option<Payload> {
    let shared = |p: &Payload| second.formats.iter().any(|f| f.payload.same_coding(p));
    first.formats.iter().map(|f| f.payload).filter(|p| p.codec.is_audio()).find(shared)
}

/// Whether `answer` stays within `offer`: as many lines, no new codec, same profile, a key that
/// was offered. A refused audio line passes.
pub fn check_answer(answer: &Sdp<'_>, offer: &Sdp<'_>) -> Result<(), AnswerError> {
    let (offered, answered) = (offer.media_count(), answer.media_count());
    if offered != answered {
        return Err(AnswerError::MediaCount { offered, answered });
    }
    let Some(asked) = offer.audio()? else { return Ok(()) };
    let Some(given) = answer.audio()? else { return Err(AnswerError::NoAudio) };
    if given.is_refused() {
        return Ok(());
    }
    let is_offered = |p: &Payload| asked.formats.iter().any(|f| f.payload.same_coding(p));
    if let Some(extra) = given.formats.iter().find(|f| !is_offered(&f.payload)) {
        return Err(AnswerError::NotOffered(extra.payload.pt));
    }
    if !given.formats.iter().any(|f| f.payload.codec.is_audio()) {
        return Err(AnswerError::NoCodec);
    }
    if asked.profile != given.profile {
        return Err(AnswerError::Profile);
    }
    check_key(&given, &asked)
}

fn check_key(given: &Audio<'_>, asked: &Audio<'_>) -> Result<(), AnswerError> {
    let offered = |tag, suite| asked.crypto.iter().any(|c| c.tag == tag && c.suite == suite);
    match given.crypto.first() {
        Some(key) if offered(key.tag, key.suite) => Ok(()),
        None if given.profile != Profile::Savp => Ok(()),
        Some(_) | None => Err(AnswerError::Crypto),
    }
}
