//! One node, two telephones with real SIP bytes between them, no faults.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use base::id::{DeviceId, SiteId, TenantId, UserId, Uuid};
use base::{Dn, FlowId, LegId, Micros, Mono, Now, Place, Rng, Wall};
use bytes::Bytes;
use model::{Change, Device, DeviceKind, Ha1, Preset, Site, SrtpPolicy, Tenant, User, UserState};
use sip::leg::LegCommand;
use sip::stack::{Config, Transport};
use sip::ua::{Command, Endpoint, Event, Input as PhoneInput, Output as PhoneOutput};

use crate::journal::{Header, OutputHash, write_header, write_input};
use crate::{Input, Node, Output, Settings};

const DOMAIN: &str = "office.example.jp";
const SDP: &[u8] = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
    m=audio 40000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n";

/// Where the node listens.
fn server() -> SocketAddr {
    SocketAddr::new(Ipv4Addr::new(192, 0, 2, 200).into(), 5_060)
}

fn phone_addr(n: u8) -> SocketAddr {
    SocketAddr::new(Ipv4Addr::new(192, 0, 2, n).into(), 5_060)
}

/// A company with users 2001 and 2002, one telephone each, and 2003, whose telephone the test
/// itself is.
fn company() -> Vec<Change> {
    let (tenant, site) = (TenantId(Uuid(1)), SiteId(Uuid(2)));
    let mut changes = vec![
        Change::TenantPut(Tenant::new(tenant, "test", DOMAIN, Preset::OfficeLink)),
        Change::SitePut(Site::new(site, tenant, DOMAIN, "main")),
    ];
    for (n, number) in [(1u128, "2001"), (2, "2002"), (3, "2003")] {
        let (user, ha1) = (UserId(Uuid(10 + n)), Ha1::of(number, DOMAIN, "secret"));
        changes.push(Change::UserPut(User {
            id: user,
            tenant,
            site,
            name: number.into(),
            furigana: "".into(),
            dn: Dn::parse(number).expect("digits"),
            web_user: format!("u{number}").into(),
            state: UserState::Active,
            ring_time_s: 60,
            pickup_departments: Box::default(),
            former_devices: Box::default(),
            created_at: Wall(0),
            updated_at: Wall(0),
        }));
        changes.push(Change::DevicePut(Device {
            id: DeviceId(Uuid(20 + n)),
            tenant,
            site,
            kind: DeviceKind::SipPhone,
            sip_id: number.into(),
            ha1_md5: ha1.md5,
            ha1_sha256: ha1.sha256,
            user: Some(user),
            label: "".into(),
            srtp: SrtpPolicy::Auto,
            do_not_disturb: false,
            accepts_tones: false,
            multicast_groups: 0,
            next: None,
            login: None,
        }));
    }
    changes
}

fn endpoint(n: u8, secret: &str, seed: u8) -> Endpoint {
    let settings = sip::ua::Settings {
        user: format!("200{n}"),
        secret: secret.into(),
        domain: DOMAIN.into(),
        display: String::new(),
        server: server(),
        expires_s: 3_600,
        instance: None,
        config: Config::default(),
    };
    let rng = Rng::from_seed([seed; 32]);
    Endpoint::new(Place::new(u16::from(n), 0), &rng, settings)
}

/// The recorded run.
pub(super) struct World {
    now: u64,
    node: Node,
    phones: Vec<Endpoint>,
    pub(super) journal: Vec<u8>,
    pub(super) hash: OutputHash,
    pub(super) records: usize,
    pub(super) inputs: u64,
    /// Unanswered legs at the second telephone.
    ringing: Vec<LegId>,
    pub(super) established: usize,
    /// What was sent to 2003.
    pub(super) aside: Vec<Bytes>,
    calls: Vec<LegId>,
}

impl World {
    /// Starts node and telephones; both are registered afterwards.
    pub(super) fn registered() -> Self {
        let header = header();
        let snapshot = header.snapshot().expect("the company fits together");
        let settings = header.settings.clone();
        let node = Node::new(header.place, header.seed, Arc::new(snapshot), settings);
        let mut journal = Vec::new();
        write_header(&header, &mut journal);
        let mut world = World {
            now: 0,
            node,
            phones: Vec::new(),
            journal,
            hash: OutputHash::default(),
            records: 0,
            inputs: 0,
            ringing: Vec::new(),
            established: 0,
            aside: Vec::new(),
            calls: Vec::new(),
        };
        let remote = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0);
        let transport = Transport::Udp;
        world.node(Input::FlowOpened { flow: FlowId(0), transport, local: server(), remote });
        for n in 1..=2 {
            world.add_phone(n);
        }
        world.run(Micros::seconds(2));
        assert!(world.phones.iter().all(Endpoint::is_registered));
        world
    }

    fn add_phone(&mut self, n: u8) {
        self.phones.push(endpoint(n, "secret", n));
        self.switch_on(n);
    }

    /// The telephone of 200n is set up anew with this secret, and registers.
    pub(super) fn set_up(&mut self, n: u8, secret: &str) {
        // Ids of its own, or it would repeat what it has said before.
        let seed = n.wrapping_add(self.inputs as u8 | 0x80);
        self.phones[usize::from(n) - 1] = endpoint(n, secret, seed);
        self.switch_on(n);
        self.run(Micros::seconds(2));
    }

    fn switch_on(&mut self, n: u8) {
        let at = usize::from(n) - 1;
        let (flow, transport) = (FlowId(0), Transport::Udp);
        self.phone(at, PhoneInput::FlowOpened { flow, transport, local: phone_addr(n) });
        self.phone(at, PhoneInput::Command(Command::Register));
    }

    /// 2001 calls 2002, which answers; after a second 2001 hangs up.
    pub(super) fn call(&mut self) {
        self.dial();
        self.pick_up();
        self.run(Micros::seconds(1));
        self.hang_up();
    }

    /// 2001 calls 2002, whose telephone rings.
    pub(super) fn dial(&mut self) {
        let leg = self.phones[0].new_leg();
        let sdp = Some(Bytes::from_static(SDP));
        let call = Command::Call { leg, to: "2002".into(), sdp, reliable: false };
        self.phone(0, PhoneInput::Command(call));
        self.calls.push(leg);
        self.run(Micros::millis(200));
    }

    /// 2002 answers all that rings.
    pub(super) fn pick_up(&mut self) {
        for ringing in std::mem::take(&mut self.ringing) {
            let command = LegCommand::Answer { sdp: Some(Bytes::from_static(SDP)) };
            self.phone(1, PhoneInput::Command(Command::Leg { leg: ringing, command }));
        }
    }

    /// 2001 ends its oldest call.
    pub(super) fn hang_up(&mut self) {
        let leg = self.calls.remove(0);
        let command = LegCommand::End { cause: base::Cause::NormalClearing, elsewhere: false };
        self.phone(0, PhoneInput::Command(Command::Leg { leg, command }));
        self.run(Micros::millis(200));
    }

    /// 2003 sends a message.
    pub(super) fn send(&mut self, text: String) {
        let (flow, from, local) = (FlowId(0), phone_addr(3), server().ip());
        self.node(Input::Received { flow, from, local, bytes: Bytes::from(text) });
    }

    /// The node.
    pub(super) fn machine(&self) -> &Node {
        &self.node
    }

    /// Puts a changed configuration in force.
    pub(super) fn configure(&mut self, changes: Vec<Change>) {
        let before = self.node.snapshot();
        let revision = model::Revision(before.revision().0 + 1);
        let after = model::apply(before, &changes).expect("a valid change");
        let snapshot = Arc::new(after.with_revisions(revision, &[]));
        let (now, mut out) = (self.stamp(), Vec::new());
        let input = Input::Config { snapshot, changes: Arc::new(changes) };
        self.node.handle(now, input, &mut out);
        self.deliver(out);
    }

    /// Lets time pass; timers fire when they are due.
    pub(super) fn run(&mut self, span: Micros) {
        let end = self.now + span.0;
        loop {
            let deadlines = [self.phones[0].next_deadline(), self.phones[1].next_deadline()];
            let node = self.node.next_deadline();
            let next = deadlines.into_iter().flatten().chain(node).map(|d| d.0).min();
            let Some(next) = next.filter(|n| *n <= end) else { break };
            self.now = self.now.max(next);
            if node.is_some_and(|d| d.0 <= self.now) {
                self.node(Input::Tick);
            }
            for (at, deadline) in deadlines.into_iter().enumerate() {
                if deadline.is_some_and(|d| d.0 <= self.now) {
                    self.phone(at, PhoneInput::Tick);
                }
            }
        }
        self.now = end;
    }

    fn stamp(&self) -> Now {
        Now { mono: Mono(self.now), wall: Wall((self.now / 1_000) as i64), lag: Micros(0) }
    }

    pub(super) fn node(&mut self, input: Input) {
        let (now, mut out) = (self.stamp(), Vec::new());
        assert!(write_input(now, self.hash.value(), &input, &mut self.journal));
        self.inputs += 1;
        self.node.handle(now, input, &mut out);
        out.iter().for_each(|output| self.hash.add(output));
        self.deliver(out);
    }

    fn deliver(&mut self, out: Vec<Output>) {
        for output in out {
            match output {
                Output::Transmit { to, bytes, .. } => {
                    if let IpAddr::V4(ip) = to.ip() {
                        let at = usize::from(ip.octets()[3]) - 1;
                        if at >= self.phones.len() {
                            self.aside.push(bytes);
                            continue;
                        }
                        let (flow, local) = (FlowId(0), to.ip());
                        let from = server();
                        self.phone(at, PhoneInput::Received { flow, from, local, bytes });
                    }
                }
                Output::Store { write: model::Write::Record(_) } => self.records += 1,
                Output::Store { .. }
                | Output::Wish { .. }
                | Output::CheckPin { .. }
                | Output::Seat { .. }
                | Output::Close { .. }
                | Output::Media { .. }
                | Output::Reply { .. }
                | Output::Event { .. } => {}
            }
        }
    }

    fn phone(&mut self, at: usize, input: PhoneInput) {
        let (now, mut out) = (self.stamp(), Vec::new());
        self.phones[at].handle(now, input, &mut out);
        for output in out {
            match output {
                PhoneOutput::Transmit { bytes, .. } => {
                    let (flow, from, local) = (FlowId(0), phone_addr(at as u8 + 1), server().ip());
                    self.node(Input::Received { flow, from, local, bytes });
                }
                PhoneOutput::Event(Event::Incoming { leg, .. }) => {
                    self.ringing.push(leg);
                    let command = LegCommand::Progress { status: 180, sdp: None };
                    self.phone(at, PhoneInput::Command(Command::Leg { leg, command }));
                }
                PhoneOutput::Event(Event::Leg { event, .. }) => {
                    let answered = matches!(event, sip::leg::LegEvent::Answered { .. });
                    self.established += usize::from(answered);
                }
                PhoneOutput::Event(_) => {}
            }
        }
    }
}

pub(super) fn header() -> Header {
    Header {
        place: Place::new(0, 0),
        seed: [7; 32],
        build: "test".into(),
        settings: Settings::default(),
        changes: company(),
        revision: 1,
        local_names: Vec::new(),
    }
}
