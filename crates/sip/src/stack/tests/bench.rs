//! A stack with a directory in memory, and texts of requests.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use base::id::{DeviceId, TenantId, Uuid};
use base::{Dn, FlowId, Micros, Mono, Now, Place, Rng, Wall};
use bytes::Bytes;

use crate::digest::{Account, Answerer, Ha1};
use crate::event::{Package, Resource, Sight, Watched};
use crate::msg::write::Writer;
use crate::msg::{HeaderId, Method, Msg};
use crate::registrar::BindingChange;
use crate::stack::{Config, Credentials, Input, Output, Stack, Transport, View};

pub(crate) const UDP: FlowId = FlowId(1);
pub(crate) const TCP: FlowId = FlowId(2);
pub(crate) const REALM: &str = "example.jp";

/// One device of the directory.
pub(crate) struct User {
    pub(crate) device: DeviceId,
    pub(crate) sip_id: String,
    pub(crate) ha1: Ha1,
    pub(crate) dn: Dn,
    pub(crate) active: bool,
}

/// The directory: phones `tanaka2001`, … with secret `secret2001`.
#[derive(Default)]
pub(crate) struct Users(pub(crate) Vec<User>, pub(crate) Rights);

/// Who may see what.
#[derive(Default)]
pub(crate) struct Rights {
    /// Devices that may pick up calls of any number.
    pub(crate) pickers: Vec<DeviceId>,
    /// Devices that may watch nothing any more.
    pub(crate) barred: Vec<DeviceId>,
}

/// The company of all users.
pub(crate) const TENANT: TenantId = TenantId(Uuid(1));

impl View for Users {
    fn credentials(&self, host: &str, user: &str) -> Option<Credentials<'_>> {
        if host != REALM && host.parse::<IpAddr>().is_err() {
            return None;
        }
        let user = self.0.iter().find(|u| u.sip_id.eq_ignore_ascii_case(user))?;
        Some(Credentials {
            device: user.device,
            sip_id: &user.sip_id,
            ha1_md5: &user.ha1.md5,
            ha1_sha256: &user.ha1.sha256,
        })
    }

    fn realm<'a>(&'a self, host: &'a str) -> &'a str {
        if host.parse::<IpAddr>().is_ok() { REALM } else { host }
    }

    fn is_active(&self, device: DeviceId) -> bool {
        self.0.iter().any(|u| u.device == device && u.active)
    }

    fn number(&self, device: DeviceId) -> Option<Dn> {
        self.0.iter().find(|u| u.device == device).map(|u| u.dn)
    }

    fn watched(&self, device: DeviceId, package: Package, user: &str) -> Result<Watched, u16> {
        let named = |u: &&User| u.sip_id == user || u.dn.text() == user;
        let watched = self.0.iter().find(named).ok_or(404u16)?;
        let (tenant, dn) = (TENANT, watched.dn);
        let resource = match package {
            Package::Dialog => Resource::Dialogs { tenant, dn },
            Package::MessageSummary => Resource::Messages { tenant, dn },
            Package::Reg => Resource::Registrations { device: watched.device },
        };
        if package != Package::Dialog && watched.device != device {
            return Err(403);
        }
        let sight = self.sight(device, &resource).ok_or(403u16)?;
        Ok(Watched { resource, sight, entity: format!("sip:{}@{REALM}", watched.dn) })
    }

    fn sight(&self, device: DeviceId, _: &Resource) -> Option<Sight> {
        let sight = if self.1.pickers.contains(&device) { Sight::Full } else { Sight::Bare };
        (!self.1.barred.contains(&device)).then_some(sight)
    }
}

pub(crate) struct Bench {
    pub(crate) stack: Stack,
    pub(crate) users: Users,
    pub(crate) now: Now,
    pub(crate) flow: FlowId,
    serial: u32,
}

/// A request to be sent; the defaults are a REGISTER of `tanaka2001` from 198.51.100.1:5060.
#[derive(Clone)]
pub(crate) struct Ask {
    pub(crate) method: &'static str,
    pub(crate) uri: String,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) call_id: String,
    pub(crate) cseq: u32,
    pub(crate) extra: String,
    pub(crate) source: SocketAddr,
    pub(crate) user: String,
    pub(crate) secret: String,
    pub(crate) body: String,
}

impl Default for Ask {
    fn default() -> Self {
        Ask {
            method: "REGISTER",
            uri: "sip:example.jp".into(),
            from: "<sip:tanaka2001@example.jp>;tag=f1".into(),
            to: "<sip:tanaka2001@example.jp>".into(),
            call_id: "reg-1".into(),
            cseq: 1,
            extra: String::new(),
            source: SocketAddr::from(([198, 51, 100, 1], 5060)),
            user: "tanaka2001".into(),
            secret: "secret2001".into(),
            body: String::new(),
        }
    }
}

impl Ask {
    /// A REGISTER with one Contact value.
    pub(crate) fn register(contact: &str) -> Self {
        Ask { extra: format!("Contact: {contact}\r\n"), ..Ask::default() }
    }

    /// Any other method from `tanaka2001` to 2002.
    pub(crate) fn other(method: &'static str) -> Self {
        Ask {
            method,
            uri: "sip:2002@example.jp".into(),
            to: "<sip:2002@example.jp>".into(),
            call_id: format!("call-{method}"),
            extra: "Contact: <sip:tanaka2001@198.51.100.1>\r\n".into(),
            ..Ask::default()
        }
    }

    pub(crate) fn cseq(mut self, cseq: u32) -> Self {
        self.cseq = cseq;
        self
    }

    pub(crate) fn call_id(mut self, call_id: &str) -> Self {
        self.call_id = call_id.into();
        self
    }

    pub(crate) fn extra(mut self, extra: &str) -> Self {
        self.extra += extra;
        self
    }

    pub(crate) fn text(&self, branch: u32, transport: &str) -> String {
        let Ask { method, uri, from, to, call_id, cseq, extra, source, body, .. } = self;
        let length = body.len();
        format!(
            "{method} {uri} SIP/2.0\r\n\
             Via: SIP/2.0/{transport} {source};rport;branch=z9hG4bKtest{branch}\r\n\
             Max-Forwards: 70\r\nFrom: {from}\r\nTo: {to}\r\nCall-ID: {call_id}\r\n\
             CSeq: {cseq} {method}\r\n{extra}Content-Length: {length}\r\n\r\n{body}"
        )
    }
}

/// What came out of one input.
pub(crate) struct Got {
    pub(crate) outputs: Vec<Output>,
    pub(crate) messages: Vec<Msg>,
}

impl Got {
    fn of(outputs: Vec<Output>) -> Self {
        let sent = outputs.iter().filter_map(|o| match o {
            Output::Transmit { bytes, .. } => Msg::parse_datagram(bytes.clone()).ok(),
            _ => None,
        });
        Got { messages: sent.collect(), outputs }
    }

    /// The only message's status; 0 when nothing was sent.
    #[track_caller]
    pub(crate) fn status(&self) -> u16 {
        assert!(self.messages.len() <= 1, "{} messages", self.messages.len());
        self.messages.first().and_then(Msg::status).unwrap_or(0)
    }

    pub(crate) fn message(&self) -> &Msg {
        self.messages.first().expect("a message")
    }

    pub(crate) fn values(&self, id: HeaderId) -> Vec<String> {
        let text = |v: &[u8]| String::from_utf8_lossy(v).into_owned();
        self.messages.first().map(|m| m.values(id).map(text).collect()).unwrap_or_default()
    }

    /// Changes of bindings: `+key` and `-key`.
    pub(crate) fn changes(&self) -> Vec<String> {
        let text = |v: &[u8]| String::from_utf8_lossy(v).into_owned();
        let change = |o: &Output| match o {
            Output::Binding(BindingChange::Put(b)) => Some(format!("+{}", text(&b.key))),
            Output::Binding(BindingChange::Remove { key, .. }) => Some(format!("-{}", text(key))),
            _ => None,
        };
        self.outputs.iter().filter_map(change).collect()
    }
}

impl Bench {
    pub(crate) fn new() -> Self {
        let stack = Stack::new(Place::new(0, 0), Rng::from_seed([5; 32]), Config::default());
        let now = Now { mono: Mono(0), wall: Wall(1_780_000_000_000), lag: Micros(0) };
        let mut bench = Bench { stack, users: Users::default(), now, flow: UDP, serial: 0 };
        for n in 2001..2020u32 {
            bench.add_user(n);
        }
        let any = SocketAddr::from(([0, 0, 0, 0], 0));
        for (flow, transport, port) in [(UDP, Transport::Udp, 5060), (TCP, Transport::Tcp, 5060)] {
            let local = SocketAddr::from(([192, 0, 2, 1], port));
            bench.put(Input::FlowOpened { flow, transport, local, remote: any });
        }
        bench
    }

    pub(crate) fn add_user(&mut self, n: u32) {
        let sip_id = format!("tanaka{n}");
        let secret = format!("secret{n}");
        self.users.0.push(User {
            device: DeviceId(Uuid(u128::from(n))),
            ha1: Ha1::compute(sip_id.as_bytes(), REALM.as_bytes(), secret.as_bytes()),
            sip_id,
            dn: Dn::parse(&n.to_string()).expect("number"),
            active: true,
        });
    }

    pub(crate) fn put(&mut self, input: Input) -> Got {
        let mut out = Vec::new();
        self.stack.handle(self.now, input, &self.users, &mut out);
        Got::of(out)
    }

    pub(crate) fn receive(&mut self, from: SocketAddr, text: impl Into<String>) -> Got {
        let local = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
        let bytes = Bytes::from(text.into());
        self.put(Input::Received { flow: self.flow, from, local, bytes })
    }

    /// Sends the request once, without credentials.
    pub(crate) fn plain(&mut self, ask: &Ask) -> Got {
        self.serial += 1;
        let transport = if self.flow == UDP { "UDP" } else { "TCP" };
        let text = ask.text(self.serial, transport);
        self.receive(ask.source, text)
    }

    /// Sends the request, answers the challenge, and gives what came then.
    pub(crate) fn ask(&mut self, ask: &Ask) -> Got {
        let challenge = self.plain(ask);
        let status = challenge.messages.first().and_then(Msg::status);
        if !matches!(status, Some(401 | 407)) {
            return challenge;
        }
        let mut again = ask.clone();
        again.extra += &credentials(challenge.message(), ask);
        again.cseq += 1;
        self.plain(&again)
    }

    /// Lets time pass; gives what the timers did.
    pub(crate) fn wait(&mut self, span: Micros) -> Got {
        let end = self.now.mono + span;
        let mut out = Vec::new();
        while let Some(next) = self.stack.next_deadline().filter(|n| *n <= end) {
            self.go(next.max(self.now.mono));
            self.stack.handle(self.now, Input::Tick, &self.users, &mut out);
        }
        self.go(end);
        Got::of(out)
    }

    fn go(&mut self, to: Mono) {
        let passed = to.since(self.now.mono);
        self.now.wall = Wall(self.now.wall.0 + i64::try_from(passed.as_millis()).unwrap_or(0));
        self.now.mono = to;
    }

    pub(crate) fn device(n: u32) -> DeviceId {
        DeviceId(Uuid(u128::from(n)))
    }
}

/// The header line that answers a challenge.
pub(crate) fn credentials(challenge: &Msg, ask: &Ask) -> String {
    let account = Account { user: &ask.user, secret: &ask.secret, realm: None };
    let mut answerers = Answerer::choose(challenge, account);
    let answerer = answerers.first_mut().expect("a challenge that can be answered");
    let mut buffer = Vec::new();
    let mut writer = Writer::request(&mut buffer, Method::Options, "sip:x");
    answerer.answer(Method::of(ask.method.as_bytes()), ask.uri.as_bytes(), "0a4f113b", &mut writer);
    writer.finish().expect("clean");
    let text = String::from_utf8(buffer).expect("text");
    let line = text.lines().find(|l| l.contains("uthorization:")).expect("credentials");
    format!("{line}\r\n")
}
