//! The real program from end to end: foreign telephones, files, the process itself.
//!
//! What a machine lacks is reported as skipped by the test's name; `cargo xtask test` lists it.

#![expect(clippy::unwrap_used, reason = "a test whose peer did not do its part ends there")]

mod audio;
mod browser;
mod files;
mod harness;
mod lamps;
mod music;
mod outside;
mod pages;
mod peers;
mod process;
mod races;
mod refusals;
mod reliable;
mod scarcity;
mod services;
mod signalling;
mod timers;
mod tones;
mod transfers;
