//! The pair of layers, its link and its clock.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use base::{FlowId, Micros, Mono, Place, Rng};
use bytes::Bytes;

use crate::msg::write::{Reply, Writer};
use crate::msg::{Method, Msg};
use crate::stack::{Output, Transport};
use crate::txn::{
    Arrival, Branch, ClientTx, Flow, Layer, Outgoing, Peer, ServerTx, TimerKey, TxEvent,
};

pub(crate) const FLOW: FlowId = FlowId(1);

/// How the link treats a message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Link {
    /// Lost, in percent.
    pub(crate) loss: u64,
    /// Delivered twice, in percent.
    pub(crate) twice: u64,
    /// Shortest way.
    pub(crate) delay: Micros,
    /// Added at random, so that messages overtake each other.
    pub(crate) jitter: Micros,
}

/// One side with what happened there.
pub(crate) struct End {
    pub(crate) layer: Layer,
    pub(crate) address: SocketAddr,
    /// Everything sent: when and what ("INVITE", "200 INVITE" …).
    pub(crate) sent: Vec<(Micros, String)>,
    /// Events, with the status of a response.
    pub(crate) events: Vec<(Micros, TxEvent, u16)>,
    /// New requests.
    pub(crate) requests: Vec<(Micros, Method, ServerTx)>,
    /// ACKs that belong to a dialog, with the owner when the branch told it.
    pub(crate) acks: Vec<Option<u64>>,
    /// Requests that came by two paths.
    pub(crate) merged: u32,
    /// Final status that every new request gets at once; 0: the test answers.
    pub(crate) answer_all: u16,
    /// Timers that are not of transactions.
    pub(crate) fired: Vec<TimerKey>,
    /// Last bytes sent.
    pub(crate) last: Bytes,
}

/// Client `a` and server `b`.
pub(crate) struct Pair {
    pub(crate) a: End,
    pub(crate) b: End,
    pub(crate) now: Mono,
    pub(crate) link: Link,
    /// Loses everything towards a side.
    pub(crate) cut: [bool; 2],
    transit: BTreeMap<(Mono, u64), (usize, Bytes)>,
    serial: u64,
    rng: Rng,
}

impl End {
    fn new(seed: u8, transport: Transport) -> Self {
        let mut layer = Layer::new(Place::new(0, seed), &Rng::from_seed([seed; 32]));
        let address = SocketAddr::from(([192, 0, 2, seed], 5060));
        layer.flow_opened(FLOW, Flow { transport, local: address, remote: address });
        End {
            layer,
            address,
            sent: Vec::new(),
            events: Vec::new(),
            requests: Vec::new(),
            acks: Vec::new(),
            merged: 0,
            answer_all: 0,
            fired: Vec::new(),
            last: Bytes::new(),
        }
    }

    /// Times at which `what` was sent, in milliseconds.
    pub(crate) fn times(&self, what: &str) -> Vec<u64> {
        self.sent.iter().filter(|s| s.1 == what).map(|s| s.0.as_millis()).collect()
    }

    /// Final statuses reported, 408 for time-outs, 503 for dead flows.
    pub(crate) fn finals(&self) -> Vec<u16> {
        let status = |e: &(Micros, TxEvent, u16)| match e.1 {
            TxEvent::Response { .. } => e.2,
            TxEvent::Timeout { .. } => 408,
            TxEvent::TransportError { .. } => 503,
            TxEvent::AckMissing { .. } => 0,
        };
        self.events.iter().map(status).filter(|s| *s >= 200).collect()
    }
}

impl Pair {
    pub(crate) fn new(transport: Transport) -> Self {
        let link = Link { loss: 0, twice: 0, delay: Micros::millis(10), jitter: Micros::millis(0) };
        Pair {
            a: End::new(1, transport),
            b: End::new(2, transport),
            now: Mono(0),
            link,
            cut: [false; 2],
            transit: BTreeMap::new(),
            serial: 0,
            rng: Rng::from_seed([9; 32]),
        }
    }

    pub(crate) fn seeded(seed: u8, link: Link) -> Self {
        let mut pair = Pair::new(Transport::Udp);
        pair.link = link;
        pair.rng = Rng::from_seed([seed; 32]);
        pair
    }

    /// Sends a request from `a`; two Routes stand in it.
    pub(crate) fn ask(&mut self, method: Method, owner: u64) -> ClientTx {
        let branch = self.a.layer.mint().branch();
        let peer = self.peer_of_b();
        let via = self.a.layer.via(&peer, &branch);
        let bytes = request(method, &via, owner);
        self.ask_with(method, owner, (branch, bytes))
    }

    pub(crate) fn ask_with(
        &mut self,
        method: Method,
        owner: u64,
        (branch, bytes): (Branch, Bytes),
    ) -> ClientTx {
        let peer = self.peer_of_b();
        let mut out = Vec::new();
        let tx = self.a.layer.request(
            self.now,
            Outgoing { peer, method, branch, bytes, owner },
            &mut out,
        );
        self.carry(0, out);
        tx
    }

    pub(crate) fn peer_of_b(&self) -> Peer {
        let local = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
        Peer { flow: FLOW, address: self.b.address, local }
    }

    /// Answers the `n`-th request that reached `b`.
    pub(crate) fn answer(&mut self, n: usize, status: u16) {
        let tx = self.b.requests[n].2;
        let Some(request) = self.b.layer.request_of(tx) else {
            return;
        };
        let bytes = response(&request, status, self.a.address);
        self.answer_with(tx, status, bytes);
    }

    pub(crate) fn answer_with(&mut self, tx: ServerTx, status: u16, bytes: Bytes) {
        let mut out = Vec::new();
        self.b.layer.respond(self.now, tx, (status, bytes), &mut out);
        self.carry(1, out);
    }

    pub(crate) fn cancel(&mut self, tx: ClientTx) {
        let mut out = Vec::new();
        let reason = Bytes::from_static(b"SIP;cause=200;text=\"Call completed elsewhere\"");
        self.a.layer.cancel(self.now, tx, Some(reason), &mut out);
        self.carry(0, out);
    }

    /// Puts bytes on the link towards `to` (0 or 1).
    pub(crate) fn inject(&mut self, to: usize, bytes: Bytes) {
        self.serial += 1;
        self.transit.insert((self.now + self.link.delay, self.serial), (to, bytes));
    }

    /// Runs for `ms` milliseconds of the virtual clock.
    pub(crate) fn run(&mut self, ms: u64) {
        let end = self.now + Micros::millis(ms);
        for _ in 0..1_000_000 {
            let deadlines = [
                self.transit.keys().next().map(|k| k.0),
                self.a.layer.next_deadline(),
                self.b.layer.next_deadline(),
            ];
            let Some(next) = deadlines.into_iter().flatten().min().filter(|n| *n <= end) else {
                self.now = end;
                return;
            };
            self.now = self.now.max(next);
            self.deliver();
            self.tick(0);
            self.tick(1);
        }
        panic!("the pair never goes idle");
    }

    fn deliver(&mut self) {
        while let Some(entry) = self.transit.first_entry().filter(|e| e.key().0 <= self.now) {
            let (to, bytes) = entry.remove();
            self.receive(to, bytes);
        }
    }

    fn receive(&mut self, side: usize, bytes: Bytes) {
        let msg = Msg::parse_datagram(bytes).expect("what we sent can be read");
        let (now, at) = (self.now, Micros(self.now.0));
        let mut out = Vec::new();
        let from = if side == 0 { self.b.address } else { self.a.address };
        let end = self.end(side);
        let local = end.address.ip();
        if let Some(status) = msg.status() {
            if let Some(event) = end.layer.response(now, &msg, &mut out) {
                end.events.push((at, event, status));
            }
            return self.carry(side, out);
        }
        let key = end.layer.key(&msg).expect("mandatory headers");
        match end.layer.arrive(now, &key, &mut out) {
            Arrival::Absorbed => {}
            Arrival::Merged => end.merged += 1,
            Arrival::Ack { owner } => end.acks.push(Some(owner)),
            Arrival::New if msg.method() == Some(Method::Ack) => end.acks.push(None),
            Arrival::New => {
                let peer = Peer { flow: FLOW, address: from, local };
                let tx = end.layer.open(now, &key, &msg, &peer);
                end.layer.set_owner(tx, 77);
                end.requests.push((at, msg.method().expect("request"), tx));
                let status = end.answer_all;
                if status > 0 {
                    let bytes = response(&msg, status, from);
                    end.layer.respond(now, tx, (status, bytes), &mut out);
                }
            }
        }
        self.carry(side, out);
    }

    fn tick(&mut self, side: usize) {
        let (now, at) = (self.now, Micros(self.now.0));
        let (mut due, mut out) = (Vec::new(), Vec::new());
        let end = self.end(side);
        end.layer.expire(now, &mut due);
        for key in due {
            if let TimerKey::Tx { index, generation, timer } = key {
                let event = end.layer.fire(now, (index, generation, timer), &mut out);
                end.events.extend(event.map(|e| (at, e, 0)));
            } else {
                end.fired.push(key);
            }
        }
        self.carry(side, out);
    }

    fn carry(&mut self, side: usize, out: Vec<Output>) {
        for output in out {
            let Output::Transmit { bytes, .. } = output else {
                panic!("only bytes leave the layer");
            };
            let text = title(&bytes);
            let at = Micros(self.now.0);
            let end = self.end(side);
            end.sent.push((at, text));
            end.last = bytes.clone();
            if self.cut[1 - side] || self.rng.chance(self.link.loss, 100) {
                continue;
            }
            let copies = if self.rng.chance(self.link.twice, 100) { 2 } else { 1 };
            for _ in 0..copies {
                let delay = self.link.delay.0 + self.rng.below(self.link.jitter.0 + 1);
                self.serial += 1;
                let key = (self.now + Micros(delay), self.serial);
                self.transit.insert(key, (1 - side, bytes.clone()));
            }
        }
    }

    fn end(&mut self, side: usize) -> &mut End {
        if side == 0 { &mut self.a } else { &mut self.b }
    }
}

/// "INVITE" or "180 INVITE".
fn title(bytes: &Bytes) -> String {
    let msg = Msg::parse_datagram(bytes.clone()).expect("what we send can be read");
    match (msg.method(), msg.status()) {
        (Some(method), _) => method.name().into(),
        (None, status) => {
            let value = msg.value(crate::msg::HeaderId::CSeq).expect("CSeq");
            let cseq = crate::msg::cseq::CSeq::parse(value).expect("CSeq");
            format!("{} {}", status.expect("status"), cseq.method.name())
        }
    }
}

pub(crate) fn request(method: Method, via: &[u8], call: u64) -> Bytes {
    let via = String::from_utf8_lossy(via);
    let name = method.name();
    Bytes::from(format!(
        "{name} sip:2001@example.jp SIP/2.0\r\n\
         Via: {via}\r\n\
         Route: <sip:one.example.jp;lr>\r\n\
         Route: <sip:two.example.jp;lr>\r\n\
         Max-Forwards: 70\r\n\
         From: <sip:2002@example.jp>;tag=from{call}\r\n\
         To: <sip:2001@example.jp>\r\n\
         Call-ID: call{call}\r\n\
         CSeq: 7 {name}\r\n\
         Content-Length: 0\r\n\r\n"
    ))
}

pub(crate) fn response(request: &Msg, status: u16, source: SocketAddr) -> Bytes {
    let mut buffer = Vec::new();
    let reply = Reply { code: status, phrase: "", to_tag: Some("answered"), source: Some(source) };
    Writer::respond(&mut buffer, request, reply).finish_bytes().expect("clean")
}
