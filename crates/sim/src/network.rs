//! The virtual network: what is sent arrives later, twice, out of order, or never; by a
//! connection once and in order, unless the connection is cut.

use std::net::SocketAddr;

use base::{FlowId, Micros, Rng};
use bytes::Bytes;

use crate::swarm::Swarm;

/// A message under way.
#[derive(Debug, Clone)]
pub struct Datagram {
    /// Sender.
    pub from: SocketAddr,
    /// Receiver.
    pub to: SocketAddr,
    /// The connection that it goes by; none for UDP.
    pub flow: Option<FlowId>,
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

/// First characters of a branch (RFC 3261 §8.1.1.7).
const COOKIE: &[u8] = b"z9hG4bK";

/// Characters of a branch after its cookie that are ours, at least.
const BRANCH: usize = 17;

/// A broken packet: a real one cut, with bytes changed, or no SIP at all. It comes from a host
/// of its own, so that answers to it disturb nobody.
pub fn broken(of: &Datagram, rng: &mut Rng) -> Datagram {
    let mut bytes = of.bytes.to_vec();
    // It belongs to no transaction: a whole response with a true branch would be an answer.
    if let Some(at) = bytes.windows(COOKIE.len()).position(|w| w == COOKIE)
        && let Some(branch) = bytes.get_mut(at + COOKIE.len()..at + COOKIE.len() + BRANCH)
    {
        branch.fill(b'x');
    }
    match rng.below(4) {
        0 => {
            // Cut inside of its headers: a whole one would be no broken packet.
            let end = bytes.windows(4).position(|w| w == b"\r\n\r\n").unwrap_or(0);
            bytes.truncate(rng.below(end as u64 + 1) as usize);
        }
        1 => {
            for _ in 0..1 + rng.below(8) {
                let at = rng.below(bytes.len() as u64) as usize;
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = rng.next_u64() as u8;
                }
            }
            // Without the end of its headers it cannot become a request that means anything.
            bytes.retain(|b| *b != b'\r');
        }
        2 => {
            bytes = vec![0; rng.below(300) as usize];
            rng.fill(&mut bytes);
        }
        _ => bytes = b"INVITE sip:2001@t1.example.jp SIP/2.0\r\nVia: ???\r\n\r\n".to_vec(),
    }
    let from = SocketAddr::from(([203, 0, 113, 1 + rng.below(200) as u8], 5_060));
    Datagram { from, to: of.to, flow: None, bytes: Bytes::from(bytes) }
}
