//! Connections on loopback.

mod crowd;
mod stream;
