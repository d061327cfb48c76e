//! The flows that are open: listening UDP sockets and connections.

use std::net::SocketAddr;

use base::{FlowId, Rng, Table};

use crate::stack::Transport;

/// The two ends of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flow {
    /// How messages travel.
    pub transport: Transport,
    /// Our end, as bound; the address may be unspecified.
    pub local: SocketAddr,
    /// The far end; unspecified for a listening UDP socket.
    pub remote: SocketAddr,
}

/// Open flows by id.
pub struct Flows {
    open: Table<FlowId, Flow>,
    /// First UDP socket of each address family, IPv4 first.
    udp: [Option<FlowId>; 2],
}

impl Flows {
    pub(super) fn new(rng: &mut Rng) -> Self {
        Flows { open: Table::new(rng), udp: [None; 2] }
    }

    pub(super) fn open(&mut self, flow: FlowId, ends: Flow) {
        self.open.insert(flow, ends);
        if ends.transport == Transport::Udp {
            let [v4, v6] = &mut self.udp;
            let family = if ends.local.is_ipv4() { v4 } else { v6 };
            family.get_or_insert(flow);
        }
    }

    pub(super) fn close(&mut self, flow: FlowId) {
        self.open.remove(&flow);
        for family in &mut self.udp {
            family.take_if(|f| *f == flow);
        }
    }

    /// The ends of `flow`; `None` when it is closed.
    pub fn get(&self, flow: FlowId) -> Option<&Flow> {
        self.open.get(&flow)
    }

    /// The UDP socket that reaches `address`: for bindings of an earlier process.
    pub fn udp_for(&self, address: SocketAddr) -> Option<FlowId> {
        let [v4, v6] = self.udp;
        if address.is_ipv4() { v4 } else { v6 }
    }
}
