//! Sockets for SIP: UDP, TCP and TLS, without any decision about calls.
//!
//! UDP sockets are read by the shard itself ([`udp`]); connections are tasks that cut messages
//! out of their stream and hand them over by a bounded queue ([`stream`]).

pub mod certs;
pub mod crowd;
pub mod facing;
pub mod stream;
pub mod udp;

pub use crowd::Crowd;
pub use facing::Facing;
pub use stream::{StreamEvent, StreamListener};

#[cfg(test)]
mod tests;

/// What a TLS listener offers: certificate, key and versions.
pub type TlsConfig = std::sync::Arc<rustls::ServerConfig>;
