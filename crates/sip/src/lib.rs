//! Our own SIP core, sans I/O: messages, digest, transactions, dialogs, registrar, events.
//!
//! Pure: time and randomness are arguments; bytes come in and go out.

mod dialog;
pub mod digest;
pub mod event;
mod invite;
pub mod leg;
pub mod msg;
pub mod nonce;
#[cfg(feature = "planted")]
pub mod planted;
pub mod quirk;
pub mod registrar;
pub mod stack;
pub mod steer;
pub mod txn;
pub mod ua;

#[cfg(test)]
mod tests;
