//! Our own SIP core, sans I/O: messages, digest, transactions, dialogs, registrar.
//!
//! Pure: time and randomness are arguments; bytes come in and go out.

pub mod msg;
