//! The media plane: sockets, ports, relay, players. Fed by `mediactl::Command`, speaks in
//! `mediactl::Event`, and knows no number, tenant or call.
//!
//! ```text
//! Handle::send ─ bounded queue + eventfd ─► media thread ─ epoll: one recv per readiness
//!                                             leg → leg (relay) · leg → many (page)
//!                                             player → leg · echo
//! events closure ◄──────────────────────────────┤
//!        ▲                                      │ frames of recorded legs, counted
//!        └── writing thread ◄───────────────────┘      files to play ◄── reading thread
//! ```
//!
//! A call with all its legs lives on one thread, so nothing is locked on the packet path and
//! nothing is allocated per packet. A thread without legs sleeps without a timer.

mod clip;
mod codecs;
mod config;
mod delay;
mod files;
mod import;
mod leg;
mod library;
mod link;
mod listen;
mod plane;
mod play;
mod pool;
mod press;
mod recorder;
mod relay;
mod reports;
mod sentences;
mod socket;
mod tape;
#[cfg(test)]
mod tests;
mod thread;
mod tick;
pub mod transport;
mod wav;

pub use config::{Config, Network, Ports};
pub use files::{Files, Recovered};
pub use import::{ImportError, Imported, SoundUse, import};
pub use plane::{Busy, Handle, Knock, MediaPlane, StartError};
