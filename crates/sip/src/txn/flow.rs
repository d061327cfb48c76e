//! The flows that are open: listening UDP sockets and connections.

use std::net::{IpAddr, SocketAddr};

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
    /// Listening UDP sockets with their addresses, as many as are configured.
    udp: Vec<(FlowId, SocketAddr)>,
}

impl Flows {
    pub(super) fn new(rng: &mut Rng) -> Self {
        Flows { open: Table::new(rng), udp: Vec::new() }
    }

    pub(super) fn open(&mut self, flow: FlowId, ends: Flow) {
        self.open.insert(flow, ends);
        if ends.transport == Transport::Udp {
            self.udp.push((flow, ends.local));
        }
    }

    pub(super) fn close(&mut self, flow: FlowId) {
        self.open.remove(&flow);
        self.udp.retain(|(f, _)| *f != flow);
    }

    /// The ends of `flow`; `None` when it is closed.
    pub fn get(&self, flow: FlowId) -> Option<&Flow> {
        self.open.get(&flow)
    }

    /// The UDP socket that reaches `remote` from our address `local`, else another one of the same
    /// family: for bindings of an earlier process.
    pub fn udp_for(&self, remote: SocketAddr, local: IpAddr) -> Option<FlowId> {
        let family = |(_, ours): &&(FlowId, SocketAddr)| ours.is_ipv4() == remote.is_ipv4();
        let exact = self.udp.iter().filter(family).find(|(_, ours)| ours.ip() == local);
        exact.or_else(|| self.udp.iter().find(family)).map(|(flow, _)| *flow)
    }
}
