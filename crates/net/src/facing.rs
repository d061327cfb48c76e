//! Which address of this machine faces a peer.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

/// Remembers which local address the kernel would use towards a peer.
///
/// Needed where a socket is bound to the unspecified address and Contact, Via and SDP must name a
/// real one. Routes change seldom; the memory is emptied when it is full.
pub struct Facing {
    known: HashMap<IpAddr, IpAddr>,
}

/// Peers remembered before the memory is emptied: far more than phones of one machine.
const KNOWN_MAX: usize = 65_536;

impl Default for Facing {
    fn default() -> Self {
        Self::new()
    }
}

impl Facing {
    /// Knows nothing yet.
    pub fn new() -> Self {
        Facing { known: HashMap::new() }
    }

    /// The local address towards `peer` for a socket bound to `bound`.
    pub fn local(&mut self, bound: IpAddr, peer: IpAddr) -> IpAddr {
        if !bound.is_unspecified() {
            return bound;
        }
        if let Some(local) = self.known.get(&peer) {
            return *local;
        }
        // Out of descriptors, say: the next message may do better.
        let Some(local) = probe(peer) else { return bound };
        if self.known.len() >= KNOWN_MAX {
            self.known.clear();
        }
        self.known.insert(peer, local);
        local
    }
}

/// Connecting a datagram socket sends nothing, but makes the kernel choose the source address.
fn probe(peer: IpAddr) -> Option<IpAddr> {
    let any: IpAddr = match peer {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind(SocketAddr::new(any, 0)).ok()?;
    socket.connect(SocketAddr::new(peer, 9)).ok()?;
    socket.local_addr().ok().map(|a| a.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_peers_are_faced_from_loopback_and_bound_sockets_from_themselves() {
        let mut facing = Facing::new();
        let any = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        let peer: IpAddr = Ipv4Addr::new(127, 0, 1, 12).into();
        assert!(facing.local(any, peer).is_loopback());
        let bound: IpAddr = Ipv4Addr::new(127, 0, 0, 9).into();
        assert_eq!(facing.local(bound, peer), bound);
    }
}
