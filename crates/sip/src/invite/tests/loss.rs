//! Two nodes call each other at random over a network that loses, doubles and reorders. One of
//! them is patient: it never hangs up by itself. In the end nothing may be left on either side,
//! and every leg must have been told to be gone exactly once.

use std::collections::{BTreeMap, BTreeSet};

use base::Rng;

use super::*;
use crate::invite::Errand;
use crate::msg::Method;

const ADDRESSES: [&str; 2] = ["192.0.2.1:5060", "192.0.2.2:5060"];

/// What happens at some time.
enum Step {
    Packet { to: usize, bytes: Bytes },
    Command { node: usize, leg: LegId, command: LegCommand },
    Refer { node: usize, leg: LegId },
    Call { node: usize },
}

struct World {
    nodes: [Node; 2],
    now: Mono,
    steps: BTreeMap<(Mono, u64), Step>,
    serial: u64,
    rng: Rng,
    /// Percent of packets that get lost.
    loss: u64,
    alive: [BTreeSet<LegId>; 2],
    /// Legs whose INVITE had no offer.
    late: BTreeSet<(usize, LegId)>,
    gone: u32,
    answered: u32,
}

impl World {
    fn new(seed: u8) -> Self {
        let mut rng = Rng::from_seed([seed; 32]);
        let loss = 5 + rng.below(30);
        World {
            nodes: [0, 1].map(|n| Node::new(seed.wrapping_mul(2) + n as u8, ADDRESSES[n])),
            now: Mono(1_000_000),
            steps: BTreeMap::new(),
            serial: 0,
            rng,
            loss,
            alive: [BTreeSet::new(), BTreeSet::new()],
            late: BTreeSet::new(),
            gone: 0,
            answered: 0,
        }
    }

    fn plan(&mut self, in_ms: u64, step: Step) {
        self.serial += 1;
        self.steps.insert((self.now + Micros::millis(in_ms), self.serial), step);
    }

    fn soon(&mut self, node: usize, leg: LegId, command: LegCommand) {
        let wait = self.rng.below(4_000);
        self.plan(wait, Step::Command { node, leg, command });
    }

    fn sdp(&mut self) -> Bytes {
        let port = 2_000 + self.rng.below(1_000);
        Bytes::from(ANSWER.replace("6000", &port.to_string()))
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.rng.chance(percent, 100)
    }

    fn sort(&mut self, node: usize, out: Vec<Output>) {
        for output in out {
            match output {
                Output::Transmit { to, bytes, .. } => self.carry(to, bytes),
                Output::Leg { leg, event } => self.react(node, leg, event),
                Output::Close { .. } | Output::Binding(_) | Output::Watch(_) | Output::Event(_) => {
                }
            }
        }
    }

    fn carry(&mut self, to: SocketAddr, bytes: Bytes) {
        let to = usize::from(to != ADDRESSES[0].parse().expect("address"));
        let copies = if self.chance(5) { 2 } else { 1 };
        for _ in 0..copies {
            if !self.chance(self.loss) {
                let reach = if self.chance(10) { 2_000 } else { 60 };
                let wait = self.rng.below(reach);
                self.plan(wait, Step::Packet { to, bytes: bytes.clone() });
            }
        }
    }

    fn react(&mut self, node: usize, leg: LegId, event: LegEvent) {
        if let LegEvent::Offered(_) = event {
            assert!(self.alive[node].insert(leg), "offered twice");
        }
        assert!(self.alive[node].contains(&leg), "news after the end: {event:?}");
        let sdp = self.sdp();
        match event {
            LegEvent::Offered(offered) => self.treat(node, leg, offered.sdp.is_some()),
            LegEvent::Gone => {
                self.gone += 1;
                self.alive[node].remove(&leg);
            }
            LegEvent::Answered { sdp: answer } => {
                self.answered += 1;
                if self.late.contains(&(node, leg)) && answer.is_some() && !self.chance(5) {
                    self.soon(node, leg, LegCommand::AnswerOffer { sdp });
                }
                self.chat(node, leg);
            }
            LegEvent::Progress { sdp: Some(_), .. } if self.late.contains(&(node, leg)) => {
                self.soon(node, leg, LegCommand::AnswerOffer { sdp });
            }
            LegEvent::Confirmed => self.chat(node, leg),
            LegEvent::OfferReceived { .. } => match self.rng.below(10) {
                0 => {}
                1 => self.soon(node, leg, LegCommand::RefuseOffer { status: 488 }),
                _ => self.soon(node, leg, LegCommand::AnswerOffer { sdp }),
            },
            LegEvent::Refer(_) => {
                if self.chance(80) {
                    self.soon(node, leg, LegCommand::AcceptRefer);
                }
                for status in [180, 200] {
                    self.soon(node, leg, LegCommand::ReferProgress { status });
                }
            }
            LegEvent::Trying
            | LegEvent::Progress { .. }
            | LegEvent::Refused(_)
            | LegEvent::AnswerReceived { .. }
            | LegEvent::OfferFailed { .. }
            | LegEvent::Ended { .. }
            | LegEvent::Digit { .. } => {}
        }
    }

    /// What is done with an incoming call.
    fn treat(&mut self, node: usize, leg: LegId, _offered: bool) {
        let sdp = self.sdp();
        if self.chance(70) {
            let sdp = self.chance(50).then(|| sdp.clone());
            let command = LegCommand::Progress { status: 183, sdp };
            self.plan(0, Step::Command { node, leg, command });
        }
        let refuse = |cause| LegCommand::Refuse { cause, retry_after_s: None };
        match self.rng.below(10) {
            // Not for ever: a caller that heard nothing back leaves without a CANCEL.
            0 => {
                let command = refuse(Cause::RingTimeout);
                self.plan(600_000, Step::Command { node, leg, command });
            }
            1 => self.soon(node, leg, refuse(Cause::UserBusy)),
            _ => self.soon(node, leg, LegCommand::Answer { sdp: Some(sdp) }),
        }
    }

    /// What happens in an answered call.
    fn chat(&mut self, node: usize, leg: LegId) {
        for _ in 0..self.rng.below(4) {
            let sdp = self.sdp();
            let sdp = self.chance(80).then_some(sdp);
            self.soon(node, leg, LegCommand::Offer { sdp, identity: None });
        }
        if self.chance(30) {
            let wait = self.rng.below(5_000);
            self.plan(wait, Step::Refer { node, leg });
        }
        // The second node is patient.
        if node == 0 && self.chance(70) {
            let wait = self.rng.below(12_000);
            let command = LegCommand::End { cause: Cause::NormalClearing, elsewhere: false };
            self.plan(wait, Step::Command { node, leg, command });
        }
    }

    fn call(&mut self, node: usize) {
        self.serial += 1;
        let leg = LegId::new(Place::new(1, 2), OUTBOUND_IDS | self.serial);
        let sdp = self.sdp();
        let sdp = self.chance(75).then_some(sdp);
        if sdp.is_none() {
            self.late.insert((node, leg));
        }
        let reliable = self.chance(70);
        let identity = Identity { user: "1".into(), display: String::new(), host: "x".into() };
        let invite = Invite {
            contact: ContactId(1),
            from: identity.clone(),
            to: identity,
            sdp,
            max_forwards: 70,
            referred_by: None,
            reliable,
            diverted: Vec::new(),
            auto_answer: false,
            hidden: false,
            dial: None,
        };
        let target = Target {
            device: DeviceId::default(),
            peer: self.peer(node),
            uri: format!("sip:1@{}", ADDRESSES[1 - node]).into_bytes(),
            routes: Vec::new(),
            replaces: Vec::new(),
        };
        self.alive[node].insert(leg);
        let out = self.nodes[node].call(self.now, leg, invite, Some(target));
        self.sort(node, out);
        // Some callers give up early, on either side.
        if self.chance(25) {
            self.soon(node, leg, LegCommand::End { cause: Cause::RingTimeout, elsewhere: true });
        }
    }

    /// The other node as `node` sees it.
    fn peer(&self, node: usize) -> Peer {
        let address = |n: usize| ADDRESSES[n].parse::<SocketAddr>().expect("address");
        Peer { flow: UDP, address: address(1 - node), local: address(node).ip() }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Packet { to, bytes } => {
                let peer = self.peer(to);
                let out = self.nodes[to].receive(self.now, peer, bytes);
                self.sort(to, out);
            }
            Step::Command { node, leg, command } => {
                let out = self.nodes[node].command(self.now, leg, command);
                self.sort(node, out);
            }
            Step::Refer { node, leg } => {
                let errand = Errand {
                    method: Method::Refer,
                    lines: vec![(HeaderId::ReferTo, b"<sip:9@x>".to_vec())],
                    body: None,
                };
                let out = self.nodes[node].with(self.now, |legs, cx| {
                    legs.errand(cx, leg, errand);
                });
                self.sort(node, out);
            }
            Step::Call { node } => self.call(node),
        }
    }

    fn run(&mut self, until: Mono) {
        loop {
            let timers = self.nodes.iter().filter_map(|n| n.layer.next_deadline());
            let next = timers.chain(self.steps.keys().next().map(|k| k.0)).min();
            let Some(next) = next.filter(|n| *n <= until) else {
                break;
            };
            self.now = next.max(self.now);
            for node in 0..2 {
                let out = self.nodes[node].tick(self.now);
                self.sort(node, out);
            }
            while let Some(entry) = self.steps.first_entry().filter(|e| e.key().0 <= self.now) {
                let step = entry.remove();
                self.step(step);
            }
        }
        self.now = until;
    }
}

#[test]
fn nothing_is_stuck_after_loss_duplication_and_reordering() {
    let (mut gone, mut answered) = (0, 0);
    for seed in 0..40 {
        let mut world = World::new(seed);
        for n in 0..24 {
            world.plan(n * 1_500, Step::Call { node: (n % 3 == 0) as usize });
        }
        world.run(Mono(60_000_000));
        for leg in world.alive[0].clone() {
            world.soon(0, leg, LegCommand::End { cause: Cause::Failover, elsewhere: false });
        }
        // Dead dialogs of the patient node end with their session timers.
        world.run(Mono(4_000_000_000));
        for (n, node) in world.nodes.iter().enumerate() {
            assert!(node.legs.is_empty(), "seed {seed}: node {n} keeps {:?}", world.alive[n]);
            assert!(node.layer.is_empty(), "seed {seed}: transactions of node {n}");
            assert!(world.alive[n].is_empty(), "seed {seed}: gone unsaid {:?}", world.alive[n]);
        }
        gone += world.gone;
        answered += world.answered;
    }
    // The run has done something.
    assert!(gone > 40 * 30 && answered > 300, "{gone} legs, {answered} answered");
}
