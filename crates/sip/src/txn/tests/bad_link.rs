//! Loss, duplication and reordering; and any sequence of calls.

use base::{FlowId, Micros, Mono};
use bytes::Bytes;
use proptest::prelude::*;

use super::Pair;
use super::bench::{FLOW, Link, request, response};
use crate::msg::{Method, Msg};
use crate::txn::{Arrival, ClientTx, Outgoing, Peer, ServerTx, TimerKey};

#[test]
fn over_a_bad_link_every_request_ends_once_and_nothing_is_left() {
    for seed in 0..20 {
        let link =
            Link { loss: 30, twice: 10, delay: Micros::millis(5), jitter: Micros::millis(300) };
        let mut pair = Pair::seeded(seed, link);
        for call in 0..20 {
            let method = if call % 2 == 0 { Method::Invite } else { Method::Options };
            pair.b.answer_all = if call % 4 == 0 { 486 } else { 200 };
            pair.ask(method, call);
            pair.run(700);
        }
        pair.run(200_000);
        let mut ended: Vec<u64> = Vec::new();
        for (_, event, status) in &pair.a.events {
            match event {
                crate::txn::TxEvent::Response { owner, .. } if *status < 200 => {
                    assert!(!ended.contains(owner));
                }
                crate::txn::TxEvent::Response { owner, .. } => {
                    // Only a 2xx to INVITE may come again.
                    assert!(!ended.contains(owner) || *status == 200 && owner % 2 == 0);
                    ended.push(*owner);
                }
                crate::txn::TxEvent::Timeout { owner, .. } => ended.push(*owner),
                other => panic!("{other:?}"),
            }
        }
        ended.sort_unstable();
        ended.dedup();
        assert_eq!(ended, (0..20).collect::<Vec<_>>());
        assert!(pair.a.layer.is_empty() && pair.b.layer.is_empty(), "seed {seed}");
        assert_eq!(pair.b.merged, 0, "copies have the same branch");
    }
}

/// One call of the layer's interface.
#[derive(Debug, Clone)]
enum Op {
    Request { invite: bool, flow: u64 },
    Receive { invite: bool, call: u64, branch: u8 },
    Ack { call: u64, branch: u8 },
    Respond { tx: usize, status: u16 },
    Answer { tx: usize, status: u16 },
    Cancel { tx: usize },
    Close,
    Wait { ms: u64 },
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        (any::<bool>(), 1..3u64).prop_map(|(invite, flow)| Op::Request { invite, flow }),
        (any::<bool>(), 0..3u64, 0..3u8).prop_map(|(invite, call, branch)| Op::Receive {
            invite,
            call,
            branch
        }),
        (0..3u64, 0..3u8).prop_map(|(call, branch)| Op::Ack { call, branch }),
        (0..8usize, 100..700u16).prop_map(|(tx, status)| Op::Respond { tx, status }),
        (0..8usize, 100..700u16).prop_map(|(tx, status)| Op::Answer { tx, status }),
        (0..8usize).prop_map(|tx| Op::Cancel { tx }),
        Just(Op::Close),
        (0..40_000u64).prop_map(|ms| Op::Wait { ms }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 128, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn any_sequence_of_calls_ends_with_an_empty_layer(ops in prop::collection::vec(op(), 0..60)) {
        let mut world = World::new();
        for op in ops {
            world.apply(op);
        }
        for tx in world.servers.clone() {
            world.respond(tx, 500);
        }
        for _ in 0..30 {
            world.wait(Micros::seconds(30));
        }
        prop_assert!(world.pair.a.layer.is_empty(), "{}", world.pair.a.layer.len());
        prop_assert!(world.pair.a.layer.next_deadline().is_none());
    }
}

/// One layer under arbitrary use.
struct World {
    pair: Pair,
    now: Mono,
    clients: Vec<(ClientTx, Bytes)>,
    servers: Vec<ServerTx>,
}

impl World {
    fn new() -> Self {
        let pair = Pair::new(crate::stack::Transport::Udp);
        World { pair, now: Mono(0), clients: Vec::new(), servers: Vec::new() }
    }

    fn apply(&mut self, op: Op) {
        let mut out = Vec::new();
        let layer = &mut self.pair.a.layer;
        match op {
            Op::Request { invite, flow } => {
                let method = if invite { Method::Invite } else { Method::Bye };
                let branch = layer.mint().branch();
                let peer = Peer {
                    flow: FlowId(flow),
                    address: self.pair.b.address,
                    local: self.pair.a.address.ip(),
                };
                let bytes = request(method, &layer.via(&peer, &branch), 1);
                let outgoing = Outgoing { peer, method, branch, bytes: bytes.clone(), owner: 1 };
                self.clients.push((layer.request(self.now, outgoing, &mut out), bytes));
            }
            Op::Receive { invite, call, branch } => {
                let method = if invite { Method::Invite } else { Method::Bye };
                self.receive(method, call, branch);
            }
            Op::Ack { call, branch } => self.receive(Method::Ack, call, branch),
            Op::Respond { tx, status } => {
                if let Some(tx) = self.servers.get(tx).copied() {
                    self.respond(tx, status);
                }
            }
            Op::Answer { tx, status } => {
                if let Some((_, bytes)) = self.clients.get(tx) {
                    let msg = Msg::parse_datagram(bytes.clone()).expect("request");
                    let answer = response(&msg, status, self.pair.a.address);
                    let msg = Msg::parse_datagram(answer).expect("response");
                    layer.response(self.now, &msg, &mut out);
                }
            }
            Op::Cancel { tx } => {
                if let Some((tx, _)) = self.clients.get(tx) {
                    layer.cancel(self.now, *tx, None, &mut out);
                }
            }
            Op::Close => {
                layer.flow_closed(FlowId(2), &mut Vec::new());
                layer.flow_closed(FlowId(99), &mut Vec::new());
            }
            Op::Wait { ms } => self.wait(Micros::millis(ms)),
        }
    }

    fn receive(&mut self, method: Method, call: u64, branch: u8) {
        let via = format!("SIP/2.0/UDP 192.0.2.2;branch=z9hG4bK{branch}");
        let msg = Msg::parse_datagram(request(method, via.as_bytes(), call)).expect("request");
        let layer = &mut self.pair.a.layer;
        let key = layer.key(&msg).expect("key");
        let arrival = layer.arrive(self.now, &key, &mut Vec::new());
        if arrival == Arrival::New && method != Method::Ack {
            let local = self.pair.a.address.ip();
            let peer = Peer { flow: FLOW, address: self.pair.b.address, local };
            self.servers.push(layer.open(self.now, &key, &msg, &peer));
        }
    }

    fn respond(&mut self, tx: ServerTx, status: u16) {
        let bytes = Bytes::from_static(b"SIP/2.0 200 OK\r\n\r\n");
        self.pair.a.layer.respond(self.now, tx, (status, bytes), &mut Vec::new());
    }

    fn wait(&mut self, span: Micros) {
        let end = self.now + span;
        let layer = &mut self.pair.a.layer;
        while let Some(next) = layer.next_deadline().filter(|n| *n <= end) {
            self.now = self.now.max(next);
            let mut due = Vec::new();
            layer.expire(self.now, &mut due);
            for key in due {
                if let TimerKey::Tx { index, generation, timer } = key {
                    layer.fire(self.now, (index, generation, timer), &mut Vec::new());
                }
            }
        }
        self.now = end;
    }
}
