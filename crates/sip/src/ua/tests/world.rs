//! Phones, the stack, and the least of call control between its legs, over a virtual network.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use base::id::{DeviceId, Uuid};
use base::{Cause, Dn, FlowId, LegId, Micros, Mono, Now, Place, Rng, Wall};
use bytes::Bytes;

use crate::digest::Ha1;
use crate::leg::{Identity, Invite, LegCommand, LegEvent};
use crate::msg::Msg;
use crate::stack::tests::bench::{REALM, User, Users};
use crate::stack::{self, Config, Stack, Transport};
use crate::ua::{Command, Endpoint, Event, Input, Output, Settings};

/// The server's UDP socket; its connection to phone `n` is `TCP_BASE + n`.
const UDP: FlowId = FlowId(1);
const TCP_BASE: u64 = 100;

/// The phone's only flow.
const PHONE_FLOW: FlowId = FlowId(7);

pub(super) struct Phone {
    pub(super) endpoint: Endpoint,
    pub(super) address: SocketAddr,
    transport: Transport,
    pub(super) events: Vec<Event>,
    /// Start lines of what it received.
    pub(super) heard: Vec<String>,
    pub(super) last: Option<Msg>,
}

/// What the switch knows of a leg.
#[derive(Default, Clone)]
struct Side {
    peer: Option<LegId>,
    sdp: Option<Bytes>,
    /// The leg that a REFER came by, whose far end this new leg shall serve.
    referred_from: Option<LegId>,
}

pub(super) struct World {
    pub(super) stack: Stack,
    users: Users,
    pub(super) phones: Vec<Phone>,
    pub(super) now: Now,
    pub(super) loss: u64,
    pub(super) digits: Vec<u8>,
    transit: BTreeMap<(Mono, u64), Packet>,
    serial: u64,
    rng: Rng,
    sides: BTreeMap<LegId, Side>,
    legs: u64,
}

enum Packet {
    ToServer { from: usize, bytes: Bytes },
    ToPhone { to: usize, bytes: Bytes },
}

impl World {
    pub(super) fn new(transports: &[Transport]) -> Self {
        let rng = Rng::from_seed([3; 32]);
        let mut world = World {
            stack: Stack::new(Place::new(0, 0), rng.derive("stack"), Config::default()),
            users: Users::default(),
            phones: Vec::new(),
            now: Now { mono: Mono(0), wall: Wall(1_780_000_000_000), lag: Micros(0) },
            loss: 0,
            digits: Vec::new(),
            transit: BTreeMap::new(),
            serial: 0,
            rng,
            sides: BTreeMap::new(),
            legs: 0,
        };
        let any = SocketAddr::from(([0, 0, 0, 0], 0));
        world.server(stack::Input::FlowOpened {
            flow: UDP,
            transport: Transport::Udp,
            local: server_address(),
            remote: any,
        });
        for (n, transport) in transports.iter().enumerate() {
            world.add_phone(n, *transport);
        }
        world
    }

    fn add_phone(&mut self, n: usize, transport: Transport) {
        let number = 2001 + n as u32;
        let (sip_id, secret) = (format!("tanaka{number}"), format!("secret{number}"));
        let ha1 = Ha1::compute(sip_id.as_bytes(), REALM.as_bytes(), secret.as_bytes());
        self.users.0.push(User {
            device: DeviceId(Uuid(u128::from(number))),
            ha1,
            sip_id: sip_id.clone(),
            dn: Dn::parse(&number.to_string()).expect("number"),
            active: true,
        });
        let settings = Settings {
            user: sip_id,
            secret,
            domain: REALM.into(),
            display: "田中".into(),
            server: server_address(),
            expires_s: 3_600,
            instance: Some(format!("urn:uuid:{n}")),
            config: Config::default(),
        };
        let rng = Rng::from_seed([100 + n as u8; 32]);
        let address = SocketAddr::from(([198, 51, 100, n as u8 + 1], 5060));
        let endpoint = Endpoint::new(Place::new(9, n as u8), &rng, settings);
        self.phones.push(Phone {
            endpoint,
            address,
            transport,
            events: Vec::new(),
            heard: Vec::new(),
            last: None,
        });
        self.open(n);
    }

    /// Opens the phone's flow, at the server too when it is a connection.
    pub(super) fn open(&mut self, n: usize) {
        let Phone { address, transport, .. } = self.phones[n];
        if transport != Transport::Udp {
            let flow = FlowId(TCP_BASE + n as u64);
            let local = server_address();
            self.server(stack::Input::FlowOpened { flow, transport, local, remote: address });
        }
        self.phone(n, Input::FlowOpened { flow: PHONE_FLOW, transport, local: address });
    }

    /// Cuts the phone's connection.
    pub(super) fn cut(&mut self, n: usize) {
        self.server(stack::Input::FlowClosed { flow: FlowId(TCP_BASE + n as u64) });
        self.phone(n, Input::FlowClosed { flow: PHONE_FLOW });
    }

    pub(super) fn command(&mut self, n: usize, command: Command) {
        self.phone(n, Input::Command(command));
    }

    pub(super) fn leg(&mut self, n: usize, leg: LegId, command: LegCommand) {
        self.command(n, Command::Leg { leg, command });
    }

    /// All phones register.
    pub(super) fn register_all(&mut self) {
        for n in 0..self.phones.len() {
            self.command(n, Command::Register);
        }
        self.run(2_000);
        let registered = self.phones.iter().filter(|p| p.endpoint.is_registered()).count();
        assert_eq!(registered, self.phones.len());
    }

    pub(super) fn call(&mut self, n: usize, to: &str, sdp: &str) -> LegId {
        let leg = self.phones[n].endpoint.new_leg();
        let sdp = Some(Bytes::from(sdp.to_owned()));
        self.command(n, Command::Call { leg, to: to.into(), sdp, reliable: true });
        leg
    }

    /// The last leg that rang at the phone.
    pub(super) fn incoming(&self, n: usize) -> LegId {
        let mut calls = self.phones[n].events.iter().rev();
        let leg = calls.find_map(|e| match e {
            Event::Incoming { leg, .. } => Some(*leg),
            _ => None,
        });
        leg.expect("an incoming call")
    }

    /// A call from phone `a` to phone `b`, answered; the legs at both phones.
    pub(super) fn talk(&mut self, a: usize, b: usize) -> (LegId, LegId) {
        let ours = self.call(a, &(2001 + b).to_string(), &format!("offer {a}"));
        self.run(500);
        let theirs = self.incoming(b);
        let sdp = Some(Bytes::from(format!("answer {b}")));
        self.leg(b, theirs, LegCommand::Answer { sdp });
        self.run(500);
        (ours, theirs)
    }

    /// Runs for some milliseconds of the virtual clock.
    pub(super) fn run(&mut self, ms: u64) {
        let end = self.now.mono + Micros::millis(ms);
        for _ in 0..1_000_000 {
            let phones = self.phones.iter().filter_map(|p| p.endpoint.next_deadline()).min();
            let next =
                [self.transit.keys().next().map(|k| k.0), self.stack.next_deadline(), phones];
            let Some(next) = next.into_iter().flatten().min().filter(|n| *n <= end) else {
                return self.go(end);
            };
            self.go(next.max(self.now.mono));
            while let Some(entry) =
                self.transit.first_entry().filter(|e| e.key().0 <= self.now.mono)
            {
                let packet = entry.remove();
                self.deliver(packet);
            }
            self.server(stack::Input::Tick);
            for n in 0..self.phones.len() {
                self.phone(n, Input::Tick);
            }
        }
        panic!("the world never goes idle");
    }

    fn go(&mut self, to: Mono) {
        let passed = i64::try_from(to.since(self.now.mono).as_millis()).unwrap_or(0);
        self.now = Now { mono: to, wall: Wall(self.now.wall.0 + passed), ..self.now };
    }

    /// Nothing but bindings is left anywhere.
    pub(super) fn is_drained(&self) -> bool {
        self.stack.is_drained() && self.phones.iter().all(|p| p.endpoint.is_drained())
    }

    fn deliver(&mut self, packet: Packet) {
        match packet {
            Packet::ToServer { from, bytes } => {
                let Phone { address, transport, .. } = self.phones[from];
                let flow = match transport {
                    Transport::Udp => UDP,
                    Transport::Tcp | Transport::Tls => FlowId(TCP_BASE + from as u64),
                };
                let local = server_address().ip();
                self.server(stack::Input::Received { flow, from: address, local, bytes });
            }
            Packet::ToPhone { to, bytes } => {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                let start = text.lines().next().unwrap_or_default().to_owned();
                self.phones[to].heard.push(start);
                self.phones[to].last = Msg::parse_datagram(bytes.clone()).ok();
                let local = self.phones[to].address.ip();
                let from = server_address();
                self.phone(to, Input::Received { flow: PHONE_FLOW, from, local, bytes });
            }
        }
    }

    fn send(&mut self, packet: Packet, transport: Transport) {
        let lossy = transport == Transport::Udp;
        if lossy && self.rng.chance(self.loss, 100) {
            return;
        }
        let jitter = if lossy { self.rng.below(self.loss * 1_000 + 1) } else { 0 };
        self.serial += 1;
        let at = self.now.mono + Micros::millis(5) + Micros(jitter);
        self.transit.insert((at, self.serial), packet);
    }

    pub(super) fn phone(&mut self, n: usize, input: Input) {
        let mut out = Vec::new();
        self.phones[n].endpoint.handle(self.now, input, &mut out);
        for output in out {
            match output {
                Output::Transmit { bytes, .. } => {
                    let transport = self.phones[n].transport;
                    self.send(Packet::ToServer { from: n, bytes }, transport);
                }
                Output::Event(event) => self.phones[n].events.push(event),
            }
        }
    }

    fn server(&mut self, input: stack::Input) {
        let mut out = Vec::new();
        self.stack.handle(self.now, input, &self.users, &mut out);
        for output in out {
            match output {
                stack::Output::Transmit { flow, to, bytes } => {
                    let n = match flow {
                        UDP => self.phones.iter().position(|p| p.address == to),
                        FlowId(n) => Some((n - TCP_BASE) as usize),
                    };
                    if let Some(to) = n {
                        let transport = self.phones[to].transport;
                        self.send(Packet::ToPhone { to, bytes }, transport);
                    }
                }
                stack::Output::Leg { leg, event } => self.switch(leg, event),
                stack::Output::Binding(_)
                | stack::Output::Close { .. }
                | stack::Output::Watch(_)
                | stack::Output::Event(_) => {}
            }
        }
    }

    fn tell(&mut self, leg: Option<LegId>, command: LegCommand) {
        if let Some(leg) = leg {
            self.server(stack::Input::Leg { leg, command });
        }
    }

    fn join(&mut self, a: LegId, b: LegId) {
        self.sides.entry(a).or_default().peer = Some(b);
        self.sides.entry(b).or_default().peer = Some(a);
    }

    /// Calls the first contact of a number.
    fn ring(&mut self, number: &str, sdp: Option<Bytes>) -> Option<LegId> {
        let user = self.users.0.iter().find(|u| u.dn.to_string() == number)?;
        let (contact, _) = self.stack.contacts(user.device).next()?;
        self.legs += 1;
        let leg = LegId::new(Place::new(0, 0), crate::leg::OUTBOUND_IDS | self.legs);
        let identity = |user: &str| Identity {
            user: user.into(),
            display: "鈴木 一郎".into(),
            host: REALM.into(),
        };
        let invite = Invite {
            contact,
            from: identity("2001"),
            to: identity(number),
            sdp,
            max_forwards: 69,
            referred_by: None,
            reliable: true,
            diverted: Vec::new(),
            auto_answer: false,
            hidden: false,
            dial: None,
        };
        self.sides.insert(leg, Side::default());
        let command = LegCommand::Invite(Box::new(invite));
        self.server(stack::Input::Leg { leg, command });
        Some(leg)
    }

    fn switch(&mut self, leg: LegId, event: LegEvent) {
        let side = self.sides.get(&leg).cloned().unwrap_or_default();
        let peer = side.peer;
        let end = |cause| LegCommand::End { cause, elsewhere: false };
        match event {
            LegEvent::Offered(offered) => {
                self.sides.entry(leg).or_default().sdp = offered.sdp.clone();
                if let Some(old) = offered.replaces {
                    let far = self.sides.get(&old).and_then(|s| s.peer);
                    let sdp = far.and_then(|f| self.sides.get(&f)?.sdp.clone());
                    if let Some(far) = far {
                        self.join(leg, far);
                    }
                    self.tell(Some(leg), LegCommand::Answer { sdp });
                    return self.tell(Some(old), end(Cause::NormalClearing));
                }
                match self.ring(&offered.dialed, offered.sdp) {
                    Some(other) => self.join(leg, other),
                    None => {
                        let cause = Cause::Unregistered;
                        self.tell(Some(leg), LegCommand::Refuse { cause, retry_after_s: None });
                    }
                }
            }
            LegEvent::Progress { status, sdp } if side.referred_from.is_none() => {
                self.tell(peer, LegCommand::Progress { status, sdp });
            }
            LegEvent::Progress { status, .. } => {
                self.tell(side.referred_from, LegCommand::ReferProgress { status });
            }
            LegEvent::Answered { sdp } => {
                self.sides.entry(leg).or_default().sdp = sdp.clone();
                match side.referred_from {
                    None => self.tell(peer, LegCommand::Answer { sdp }),
                    Some(referrer) => {
                        let far = self.sides.get(&referrer).and_then(|s| s.peer);
                        if let Some(far) = far {
                            self.join(leg, far);
                        }
                        self.sides.entry(referrer).or_default().peer = None;
                        self.sides.entry(leg).or_default().referred_from = None;
                        self.tell(Some(referrer), LegCommand::ReferProgress { status: 200 });
                        self.tell(far, LegCommand::Offer { sdp, identity: None });
                    }
                }
            }
            LegEvent::Refused(refused) => {
                let cause = match refused.status {
                    486 => Cause::UserBusy,
                    487 => Cause::CallerCancelled,
                    _ => Cause::UserRejected,
                };
                self.tell(peer, LegCommand::Refuse { cause, retry_after_s: None });
            }
            LegEvent::Ended { cause, .. } => self.tell(peer, end(cause)),
            LegEvent::OfferReceived { sdp } => {
                self.tell(peer, LegCommand::Offer { sdp, identity: None });
            }
            LegEvent::AnswerReceived { sdp: Some(sdp) } => {
                self.tell(peer, LegCommand::AnswerOffer { sdp });
            }
            LegEvent::OfferFailed { status } => self.tell(peer, LegCommand::RefuseOffer { status }),
            LegEvent::Refer(refer) => self.refer(leg, &refer.target, refer.replaces),
            LegEvent::Digit { digit, .. } => self.digits.push(digit),
            LegEvent::Trying | LegEvent::Confirmed | LegEvent::AnswerReceived { sdp: None } => {}
            LegEvent::Gone => {
                self.sides.remove(&leg);
            }
        }
    }

    fn refer(&mut self, leg: LegId, target: &str, replaces: Option<LegId>) {
        self.tell(Some(leg), LegCommand::AcceptRefer);
        let far = self.sides.get(&leg).and_then(|s| s.peer);
        if let Some(other) = replaces {
            let other_far = self.sides.get(&other).and_then(|s| s.peer);
            if let (Some(a), Some(b)) = (far, other_far) {
                self.join(a, b);
            }
            self.sides.entry(leg).or_default().peer = None;
            self.sides.entry(other).or_default().peer = None;
            return self.tell(Some(leg), LegCommand::ReferProgress { status: 200 });
        }
        let sdp = far.and_then(|f| self.sides.get(&f)?.sdp.clone());
        if let Some(new) = self.ring(target, sdp) {
            self.sides.entry(new).or_default().referred_from = Some(leg);
        }
    }
}

fn server_address() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], 5060))
}
