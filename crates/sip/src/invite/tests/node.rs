//! Legs over the transaction layer, with the least dispatch that they need.

use base::id::DeviceId;
use base::{FlowId, LegId, Micros, Mono, Now, Place, Rng, Wall};
use bytes::Bytes;

use crate::invite::{Cx, Legs, Request, Target};
use crate::leg::{Invite, LegCommand};
use crate::msg::write::{Reply, Writer};
use crate::msg::{Method, Msg};
use crate::registrar::{Binding, Io, Registrar};
use crate::stack::{Config, Output, Transport};
use crate::txn::{Arrival, Cancelled, Flow, Layer, Peer, TimerKey, TxEvent};

pub(super) const UDP: FlowId = FlowId(1);
pub(super) const TCP: FlowId = FlowId(2);

pub(super) struct Node {
    pub(super) layer: Layer,
    pub(super) legs: Legs,
    pub(super) registrar: Registrar,
    pub(super) config: Config,
}

pub(super) fn now(mono: Mono) -> Now {
    Now { mono, wall: Wall(0), lag: Micros(0) }
}

impl Node {
    pub(super) fn new(seed: u8, local: &str) -> Self {
        let rng = Rng::from_seed([seed; 32]);
        let place = Place::new(1, 2);
        let mut layer = Layer::new(place, &rng);
        let local = local.parse().expect("address");
        let none = "0.0.0.0:0".parse().expect("address");
        layer.flow_opened(UDP, Flow { transport: Transport::Udp, local, remote: none });
        let remote = "192.0.2.10:40000".parse().expect("address");
        layer.flow_opened(TCP, Flow { transport: Transport::Tcp, local, remote });
        let (legs, registrar) = (Legs::new(place, &rng), Registrar::new(&rng));
        Node { layer, legs, registrar, config: Config::default() }
    }

    pub(super) fn with(
        &mut self,
        mono: Mono,
        act: impl FnOnce(&mut Legs, &mut Cx<'_>),
    ) -> Vec<Output> {
        let mut out = Vec::new();
        let Node { layer, legs, registrar, config } = self;
        let registrar = Some(&*registrar);
        let now = now(mono);
        act(legs, &mut Cx { now, layer, config, registrar, secrets: None, out: &mut out });
        out
    }

    pub(super) fn command(&mut self, at: Mono, leg: LegId, command: LegCommand) -> Vec<Output> {
        self.with(at, |legs, cx| legs.handle_command(cx, leg, command))
    }

    pub(super) fn call(
        &mut self,
        at: Mono,
        leg: LegId,
        invite: Invite,
        target: Option<Target>,
    ) -> Vec<Output> {
        self.with(at, |legs, cx| legs.call(cx, leg, invite, target))
    }

    /// The phone is registered over UDP.
    pub(super) fn register(&mut self, mono: Mono, peer: Peer) {
        self.register_as(mono, peer, &format!("phone@{}", peer.address));
    }

    /// … instead of whatever was registered before.
    pub(super) fn move_to(&mut self, mono: Mono, peer: Peer, contact: &str) {
        self.registrar.forget(DeviceId::default(), &mut Vec::new());
        self.register_as(mono, peer, contact);
    }

    /// … with this user, host and port in its Contact.
    fn register_as(&mut self, mono: Mono, peer: Peer, contact: &str) {
        let binding = Binding {
            device: DeviceId::default(),
            key: b"phone"[..].into(),
            contact: format!("sip:{contact}").into_bytes().into(),
            path: Box::default(),
            call_id: Box::default(),
            cseq: 1,
            expires_at: Wall(3_600_000),
            q: 1_000,
            flow: UDP,
            source: peer.address,
            local: peer.local,
            transport: Transport::Udp,
            agent: "".into(),
        };
        let Node { layer, registrar, config, .. } = self;
        let mut io = Io { now: now(mono), layer, config, out: &mut Vec::new() };
        registrar.restore(vec![binding], |_| true, &mut io);
    }

    pub(super) fn close(&mut self, at: Mono, flow: FlowId) -> Vec<Output> {
        self.with(at, |legs, cx| {
            let mut events = Vec::new();
            cx.layer.flow_closed(flow, &mut events);
            for event in events {
                legs.handle_failure(cx, event);
            }
            legs.flow_closed(cx, flow);
        })
    }

    pub(super) fn tick(&mut self, at: Mono) -> Vec<Output> {
        self.with(at, |legs, cx| {
            let mut due = Vec::new();
            cx.layer.expire(at, &mut due);
            for key in due {
                match key {
                    TimerKey::Tx { index, generation, timer } => {
                        if let Some(event) = cx.layer.fire(at, (index, generation, timer), cx.out) {
                            legs.handle_failure(cx, event);
                        }
                    }
                    TimerKey::Leg { leg, generation, kind } => {
                        legs.handle_timer(cx, (leg, generation, kind));
                    }
                    TimerKey::Binding { .. }
                    | TimerKey::Subscription { .. }
                    | TimerKey::Pace
                    | TimerKey::Phone { .. } => {}
                }
            }
        })
    }

    pub(super) fn receive(&mut self, at: Mono, peer: Peer, bytes: Bytes) -> Vec<Output> {
        let msg = Msg::parse_datagram(bytes).expect("the script writes SIP");
        self.with(at, |legs, cx| match msg.is_request() {
            true => request(legs, cx, &msg, peer),
            false => {
                if let Some(TxEvent::Response { tx, owner }) = cx.layer.response(at, &msg, cx.out) {
                    legs.handle_response(cx, (tx, owner), &msg, peer);
                }
            }
        })
    }
}

fn request(legs: &mut Legs, cx: &mut Cx<'_>, msg: &Msg, peer: Peer) {
    let at = cx.now.mono;
    let key = cx.layer.key(msg).expect("mandatory headers");
    let arrival = cx.layer.arrive(at, &key, cx.out);
    let method = msg.method().expect("a request");
    match (arrival, method) {
        (Arrival::Ack { .. }, _) | (_, Method::Ack) => legs.handle_ack(cx, msg),
        (Arrival::Absorbed | Arrival::Merged, _) => {}
        (Arrival::New, Method::Cancel) => {
            let cancelled = cx.layer.cancelled(&key);
            let code = if cancelled == Cancelled::Unknown { 481 } else { 200 };
            let tx = cx.layer.open(at, &key, msg, &peer);
            let bytes = bare(msg, code, peer);
            cx.layer.respond(at, tx, (code, bytes), cx.out);
            if let Cancelled::Pending { owner, .. } = cancelled {
                legs.handle_cancel(cx, owner, msg);
            }
        }
        (Arrival::New, _) if msg.to().is_some_and(|t| t.tag().is_some()) => {
            if legs.find(msg).is_none() {
                return cx.layer.send(&peer, bare(msg, 481, peer), cx.out);
            }
            let tx = cx.layer.open(at, &key, msg, &peer);
            legs.handle_in_dialog(cx, Request { tx, msg, peer });
        }
        (Arrival::New, _) => {
            let tx = cx.layer.open(at, &key, msg, &peer);
            legs.handle_invite(cx, Request { tx, msg, peer }, DeviceId::default());
        }
    }
}

fn bare(msg: &Msg, code: u16, peer: Peer) -> Bytes {
    let reply = Reply { code, phrase: "", to_tag: Some("none"), source: Some(peer.address) };
    Writer::respond(&mut Vec::new(), msg, reply).finish_bytes().expect("written")
}
