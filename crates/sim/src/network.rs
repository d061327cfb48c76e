//! The virtual network: what is sent arrives later, twice, out of order, or never.

use std::net::SocketAddr;

use base::{Micros, Rng};
use bytes::Bytes;

use crate::swarm::Swarm;

/// A datagram under way.
#[derive(Debug, Clone)]
pub struct Datagram {
    /// Sender.
    pub from: SocketAddr,
    /// Receiver.
    pub to: SocketAddr,
    /// Content: real SIP bytes.
    pub bytes: Bytes,
}

/// When the copies of one datagram arrive, counted from now; empty when it is lost.
pub fn arrivals(swarm: &Swarm, rng: &mut Rng) -> Vec<Micros> {
    if rng.chance(swarm.loss, 1_000) {
        return Vec::new();
    }
    let copies = if rng.chance(swarm.duplicate, 1_000) { 2 } else { 1 };
    (0..copies)
        .map(|_| {
            let jitter = Micros(rng.below(1_000));
            let late = if rng.chance(swarm.reorder, 1_000) {
                Micros(rng.below(swarm.late.0 + 1))
            } else {
                Micros(0)
            };
            swarm.delay + jitter + late
        })
        .collect()
}
