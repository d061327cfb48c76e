//! A failure put in on purpose, so that the shell can prove that it survives one.

use crate::msg::{HeaderId, Msg};

/// The User-Agent whose requests a stack with [`super::Config::falls`] does not survive.
pub const POISON: &str = "poison";

/// Falls when `msg` comes from [`POISON`].
#[expect(clippy::panic, reason = "the failure itself")]
pub(super) fn over(msg: &Msg) {
    if msg.value(HeaderId::UserAgent) == Some(POISON.as_bytes()) {
        panic!("a planted failure");
    }
}
