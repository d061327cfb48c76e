//! A whole SIP stack under a sequence of acts: what phones send, what call control wants, time.

use std::net::{IpAddr, SocketAddr};

use base::id::{DeviceId, TenantId, Uuid};
use base::{Cause, Dn, FlowId, LegId, Micros, Mono, Now, Place, Rng, Wall};
use bytes::Bytes;
use sip::digest::{Account, Answerer, Ha1};
use sip::event::{
    DialogLine, DialogPhase, DialogSide, MessageSummary, Package, Resource, Sight, State,
    WatchEvent, Watched,
};
use sip::leg::{Identity, Invite, LegCommand, LegEvent, OUTBOUND_IDS};
use sip::msg::write::Writer;
use sip::msg::{Method, Msg};
use sip::stack::{Config, Credentials, Input, Output, Stack, Transport, View};

const REALM: &str = "example.jp";
const USER: &str = "2001";
const SECRET: &str = "secret2001";
const DEVICE: DeviceId = DeviceId(Uuid(1));
const UDP: FlowId = FlowId(1);
const TCP: FlowId = FlowId(2);
const PHONE: &str = "192.0.2.1:5060";
const OURS: &str = "198.51.100.1:5060";
const SDP: &[u8] = b"v=0\r\no=- 1 1 IN IP4 198.51.100.1\r\ns=-\r\nc=IN IP4 198.51.100.1\r\n\
    t=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";

/// Parts of the input: each is one act.
const SEPARATOR: u8 = 0x1e;
/// Acts of one input.
const ACTS_MAX: usize = 64;
/// Longest time until nothing is left: the longest session, and all timers behind it.
const SETTLED: Micros = Micros::seconds(20_000);

/// The directory: one phone.
struct One(Ha1);

impl View for One {
    fn credentials(&self, host: &str, user: &str) -> Option<Credentials<'_>> {
        let known = host == REALM && user.eq_ignore_ascii_case(USER);
        let (ha1_md5, ha1_sha256) = (&self.0.md5, &self.0.sha256);
        known.then_some(Credentials { device: DEVICE, sip_id: USER, ha1_md5, ha1_sha256 })
    }

    fn realm<'a>(&'a self, host: &'a str) -> &'a str {
        host
    }

    fn is_active(&self, _: DeviceId) -> bool {
        true
    }

    fn number(&self, _: DeviceId) -> Option<Dn> {
        Dn::parse(USER).ok()
    }

    fn watched(&self, device: DeviceId, package: Package, user: &str) -> Result<Watched, u16> {
        let (tenant, dn) = (TenantId::default(), Dn::parse(user).map_err(|_| 404u16)?);
        let resource = match package {
            Package::Dialog => Resource::Dialogs { tenant, dn },
            Package::MessageSummary => Resource::Messages { tenant, dn },
            Package::Reg => Resource::Registrations { device },
        };
        let sight = self.sight(device, &resource).ok_or(403u16)?;
        Ok(Watched { resource, sight, entity: format!("sip:{user}@{REALM}") })
    }

    fn sight(&self, _: DeviceId, resource: &Resource) -> Option<Sight> {
        match resource {
            Resource::Dialogs { dn, .. } if dn.bits() % 2 == 0 => Some(Sight::Bare),
            _ => Some(Sight::Full),
        }
    }
}

struct Run {
    stack: Stack,
    view: One,
    now: Mono,
    legs: Vec<LegId>,
    /// What somebody watches.
    watched: Vec<Resource>,
    /// The last 401 or 407.
    challenge: Option<Msg>,
    /// The last request that the stack sent.
    asked: Option<Msg>,
}

/// Acts, parted by 0x1e; the first byte of each says what it is.
///
/// | Byte | The rest |
/// |---|---|
/// | `u`, `t` | a message by datagram, or on a connection |
/// | `s` | the same datagram with credentials for the last challenge |
/// | `a` | status (one byte) of an answer to the stack's last request, then its body |
/// | `c` | a wish of call control |
/// | `l` | what is watched changes |
/// | `w` | time passes |
/// | `x`, `d` | the connection closes; the stack drains |
pub(crate) fn acts(data: &[u8]) {
    let view = One(Ha1::compute(USER.as_bytes(), REALM.as_bytes(), SECRET.as_bytes()));
    let stack = Stack::new(Place::default(), Rng::from_seed([3; 32]), Config::default());
    let mut run = Run {
        stack,
        view,
        now: Mono(0),
        legs: Vec::new(),
        watched: Vec::new(),
        challenge: None,
        asked: None,
    };
    for (flow, transport) in [(UDP, Transport::Udp), (TCP, Transport::Tcp)] {
        run.put(Input::FlowOpened { flow, transport, local: at(OURS), remote: at(PHONE) });
    }
    for act in data.split(|b| *b == SEPARATOR).take(ACTS_MAX) {
        let Some((what, rest)) = act.split_first() else { continue };
        match what {
            b'u' => run.receive(UDP, rest.to_vec()),
            b't' => run.receive(TCP, rest.to_vec()),
            b's' => run.signed(rest),
            b'a' => run.answer(rest),
            b'c' => run.command(rest.first().copied().unwrap_or_default()),
            b'l' => run.change(rest),
            b'w' => {
                let n = u64::from(rest.first().copied().unwrap_or_default());
                run.wait(Micros::millis(n * n * 10));
            }
            b'x' => run.put(Input::FlowClosed { flow: TCP }),
            b'd' => run.put(Input::Drain),
            _ => {}
        }
    }
    for leg in std::mem::take(&mut run.legs) {
        let command = LegCommand::End { cause: Cause::NormalClearing, elsewhere: false };
        run.put(Input::Leg { leg, command });
    }
    run.wait(SETTLED);
    assert!(run.stack.is_drained(), "something is left");
}

impl Run {
    fn put(&mut self, input: Input) {
        let now = Now {
            mono: self.now,
            wall: Wall(1_750_000_000_000 + self.now.0.cast_signed() / 1_000),
            lag: Micros::millis(0),
        };
        let mut out = Vec::new();
        self.stack.handle(now, input, &self.view, &mut out);
        for output in out {
            match output {
                Output::Transmit { bytes, .. } => self.sent(bytes),
                Output::Leg { leg, event: LegEvent::Offered(_) } => self.legs.push(leg),
                Output::Watch(WatchEvent::Began { resource }) => {
                    assert!(!self.watched.contains(&resource), "begun twice");
                    self.watched.push(resource);
                }
                Output::Watch(WatchEvent::Ended { resource }) => {
                    assert!(self.watched.contains(&resource), "ended before it began");
                    self.watched.retain(|w| *w != resource);
                }
                _ => {}
            }
        }
    }

    fn sent(&mut self, bytes: Bytes) {
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return;
        }
        let msg = Msg::parse_datagram(bytes).expect("what we send can be read");
        match msg.status() {
            Some(401 | 407) => self.challenge = Some(msg),
            Some(_) => {}
            None if msg.method() == Some(Method::Ack) => {}
            None => self.asked = Some(msg),
        }
    }

    fn receive(&mut self, flow: FlowId, bytes: Vec<u8>) {
        let (from, local) = (at(PHONE), at(OURS).ip());
        self.put(Input::Received { flow, from, local, bytes: bytes.into() });
    }

    fn signed(&mut self, text: &[u8]) {
        let signature = self.challenge.as_ref().and_then(|challenge| {
            let msg = Msg::parse_datagram(Bytes::copy_from_slice(text)).ok()?;
            let account = Account { user: USER, secret: SECRET, realm: None };
            let mut answerer = Answerer::choose(challenge, account).into_iter().next()?;
            let mut line = Vec::new();
            let mut writer = Writer::request(&mut line, Method::Options, "sip:none");
            answerer.answer(msg.method()?, msg.request_uri(), "cnonce", &mut writer);
            writer.finish().ok()?;
            line.split_inclusive(|b| *b == b'\n').nth(1).map(<[u8]>::to_vec)
        });
        let end = text.iter().position(|b| *b == b'\n').map_or(text.len(), |at| at + 1);
        let (first, rest) = text.split_at(end);
        self.receive(UDP, [first, &signature.unwrap_or_default(), rest].concat());
    }

    /// What a phone would say to the last request: its identifying headers, copied.
    fn answer(&mut self, rest: &[u8]) {
        let Some(asked) = &self.asked else { return };
        let (status, body) =
            rest.split_first().map_or((200, rest), |(s, body)| (100 + u16::from(*s) * 2, body));
        let mut text = format!("SIP/2.0 {} x\r\n", status.min(699)).into_bytes();
        let raw = String::from_utf8_lossy(asked.raw()).into_owned();
        for line in raw.lines().take_while(|line| !line.is_empty()) {
            let name = line.split(':').next().unwrap_or_default();
            let tag = match name {
                "To" if !line.contains(";tag=") => ";tag=phone",
                "Via" | "From" | "To" | "Call-ID" | "CSeq" => "",
                _ => continue,
            };
            text.extend(format!("{line}{tag}\r\n").bytes());
        }
        text.extend(b"Contact: <sip:2001@192.0.2.1:5060>\r\nSupported: 100rel, timer\r\n");
        if !body.is_empty() {
            text.extend(b"Content-Type: application/sdp\r\n");
        }
        text.extend(format!("Content-Length: {}\r\n\r\n", body.len()).bytes());
        text.extend(body);
        self.receive(UDP, text);
    }

    fn command(&mut self, byte: u8) {
        let sdp = (byte & 0x80 != 0).then(|| Bytes::from_static(SDP));
        if byte.is_multiple_of(16) {
            return self.invite(sdp);
        }
        let Some(leg) = self.legs.get(usize::from((byte >> 4) & 7) % self.legs.len().max(1)) else {
            return;
        };
        let command = match byte % 16 {
            1 => LegCommand::Progress { status: 180, sdp: None },
            2 => LegCommand::Progress { status: 183, sdp },
            3 => LegCommand::Answer { sdp },
            4 => LegCommand::Refuse { cause: Cause::UserBusy, retry_after_s: Some(3) },
            5 => LegCommand::End { cause: Cause::NormalClearing, elsewhere: true },
            6 | 7 => LegCommand::Offer { sdp, identity: None },
            8 | 9 => LegCommand::AnswerOffer { sdp: sdp.unwrap_or_default() },
            10 => LegCommand::RefuseOffer { status: 488 },
            11 => LegCommand::AcceptRefer,
            12 => LegCommand::RefuseRefer { status: 603 },
            _ => LegCommand::ReferProgress { status: 180 + u16::from(byte >> 6) * 20 },
        };
        self.put(Input::Leg { leg: *leg, command });
    }

    /// Each byte is a dialog of the first that is watched, or the number of its messages.
    fn change(&mut self, rest: &[u8]) {
        let Some(resource) = self.watched.first().copied() else { return };
        let line = |byte: &u8| DialogLine {
            leg: self.legs.get(usize::from(*byte)).copied().unwrap_or(LegId(u64::from(*byte))),
            phase: if byte.is_multiple_of(2) { DialogPhase::Early } else { DialogPhase::Confirmed },
            side: if byte.is_multiple_of(3) {
                DialogSide::Initiator
            } else {
                DialogSide::Recipient
            },
            remote: (byte.is_multiple_of(5))
                .then(|| Identity { user: "<&>".into(), ..Default::default() }),
            holds: byte.is_multiple_of(7),
        };
        let new = u32::try_from(rest.len()).unwrap_or(u32::MAX);
        let state = match resource {
            Resource::Dialogs { .. } => State::Dialogs(rest.iter().take(8).map(line).collect()),
            Resource::Messages { .. } | Resource::Registrations { .. } => {
                State::Messages(MessageSummary { new, ..MessageSummary::default() })
            }
        };
        self.put(Input::State { resource, state });
    }

    fn invite(&mut self, sdp: Option<Bytes>) {
        let Some((contact, _)) = self.stack.contacts(DEVICE).next() else { return };
        let count = OUTBOUND_IDS + self.legs.len() as u64;
        let leg = LegId::new(Place::default(), count);
        let who =
            |user: &str| Identity { user: user.into(), host: REALM.into(), ..Identity::default() };
        let (from, to) = (who("2002"), who(USER));
        let (max_forwards, referred_by, reliable) = (69, None, count.is_multiple_of(2));
        let invite = Invite {
            contact,
            from,
            to,
            dial: None,
            sdp,
            max_forwards,
            referred_by,
            reliable,
            diverted: Vec::new(),
            auto_answer: count.is_multiple_of(3),
            hidden: count.is_multiple_of(5),
        };
        self.legs.push(leg);
        self.put(Input::Leg { leg, command: LegCommand::Invite(Box::new(invite)) });
    }

    /// Lets time pass, each deadline on its time.
    fn wait(&mut self, span: Micros) {
        let end = self.now + span;
        while let Some(due) = self.stack.next_deadline().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            self.put(Input::Tick);
        }
        self.now = end;
    }
}

fn at(text: &str) -> SocketAddr {
    let (ip, port) = text.split_once(':').expect("an address");
    SocketAddr::new(ip.parse::<IpAddr>().expect("an address"), port.parse().expect("a port"))
}
