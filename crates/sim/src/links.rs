//! How phones reach the node: ports that their NAT changes, connections that are cut; and the
//! wall clock that jumps.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use base::{FlowId, Micros, Mono};
use node::Input;
use sip::stack::Transport;

use crate::network::Datagram;
use crate::people::Act;
use crate::phone::server;
use crate::world::{Work, World};

/// The first connection; sockets have lower ids.
const FIRST: u64 = 1_000;

/// Connections that are open.
#[derive(Debug, Default)]
pub(crate) struct Links {
    opened: u64,
    /// The phone of each, as the node sees it: a cut may be news to one side only.
    open: BTreeMap<FlowId, usize>,
    /// When the last message to the node, and to the phone, arrives.
    last: BTreeMap<(FlowId, bool), Mono>,
}

impl Links {
    /// The phone of a connection that the node believes to be open.
    pub(crate) fn phone(&self, flow: FlowId) -> Option<usize> {
        self.open.get(&flow).copied()
    }

    /// When a message arrives that would take `after`: never before one that was sent earlier.
    fn arrival(&mut self, flow: FlowId, to_node: bool, now: Mono, after: Micros) -> Micros {
        let last = self.last.entry((flow, to_node)).or_insert(now);
        *last = (now + after).max(*last);
        last.since(now)
    }
}

impl World {
    /// A phone without connection opens one; later, when the node is down.
    pub(crate) fn connect(&mut self, n: usize) {
        let phone = &self.phones[n];
        if phone.flow.is_some() || phone.card.transport == Transport::Udp {
            return;
        }
        if self.machine.is_none() {
            let after = Micros::millis(500 + self.mishaps.below(1_500));
            return self.act_later(after, Act::Connect(n));
        }
        self.links.opened += 1;
        self.counts.add("connections opened");
        let (transport, flow) = (phone.card.transport, FlowId(FIRST + self.links.opened));
        let port = 20_000 + (self.links.opened % 40_000) as u16;
        let remote = SocketAddr::new(phone.card.address.ip(), port);
        self.links.open.insert(flow, n);
        self.trace.line(self.now.mono, || format!("phone {n} connects"));
        self.node(Input::FlowOpened { flow, transport, local: server(), remote });
        if self.links.phone(flow).is_none() {
            // The node died of it.
            return self.dropped(n);
        }
        let news = self.phones[n].connected(self.now, flow, remote);
        self.news(n, news);
    }

    /// The connection of a phone is cut: the phone learns it now and the node somewhat later.
    /// What was under way is lost.
    pub(crate) fn cut(&mut self, n: usize) {
        let Some(flow) = self.phones[n].flow.filter(|f| f.0 >= FIRST) else { return };
        self.counts.add("connections cut");
        self.trace.line(self.now.mono, || format!("the connection of phone {n} is cut"));
        let after = Micros(self.mishaps.below(self.swarm.delay.0 * 2 + 1));
        self.later(after, Work::Closed(flow));
        self.dropped(n);
    }

    /// A phone learns that its connection is gone, and opens another one after a while.
    pub(crate) fn dropped(&mut self, n: usize) {
        let news = self.phones[n].cut(self.now);
        self.news(n, news);
        let after = Micros::millis(100 + self.mishaps.below(3_000));
        self.act_later(after, Act::Connect(n));
    }

    /// The node learns that a connection is gone.
    pub(crate) fn closed(&mut self, flow: FlowId) {
        let Some(n) = self.links.open.remove(&flow) else { return };
        let phone = self.phones[n].card.address.ip();
        self.watched(|checker, scene| checker.cut(scene, phone));
        self.node(Input::FlowClosed { flow });
    }

    /// The node closed a connection by itself.
    pub(crate) fn hung_up(&mut self, flow: FlowId) {
        let Some(n) = self.links.open.remove(&flow) else { return };
        let phone = self.phones[n].card.address.ip();
        self.watched(|checker, scene| checker.cut(scene, phone));
        if self.phones[n].flow == Some(flow) {
            self.dropped(n);
        }
    }

    /// The node's process ended, and all connections with it.
    pub(crate) fn all_dropped(&mut self) {
        let open = std::mem::take(&mut self.links.open);
        for (flow, n) in open {
            if self.phones[n].flow == Some(flow) {
                self.dropped(n);
            }
        }
    }

    /// A message goes by a connection.
    pub(crate) fn send_by(&mut self, flow: FlowId, datagram: Datagram, delay: Micros) {
        let to_node = datagram.to == server();
        let after = delay + Micros(self.mishaps.below(1_000));
        let after = self.links.arrival(flow, to_node, self.now.mono, after);
        self.trace.line(self.now.mono, || crate::wire::line(&datagram, 1));
        self.counts.add("messages by connections");
        self.later(after, Work::Deliver(datagram));
    }

    /// A NAT gives a phone another port; what is sent to the old one is lost.
    pub(crate) fn rebind(&mut self, n: usize) {
        let phone = &mut self.phones[n];
        if phone.card.transport != Transport::Udp {
            return;
        }
        let port = 20_000 + self.mishaps.below(40_000) as u16;
        phone.outside = SocketAddr::new(phone.card.address.ip(), port);
        let ip = phone.card.address.ip();
        self.counts.add("ports changed by NAT");
        self.watched(|checker, scene| checker.cut(scene, ip));
        self.trace.line(self.now.mono, || format!("phone {n} appears at port {port}"));
    }

    /// The wall clock jumps by so many milliseconds; nothing else does.
    pub(crate) fn jump(&mut self, by: i64) {
        self.counts.add("jumps of the wall clock");
        self.trace.line(self.now.mono, || format!("the wall clock jumps by {by} ms"));
        self.jumped_by += by;
        self.go(self.now.mono);
        self.watched(|checker, _| checker.jumped());
    }
}
