//! The legs against scripted phones that send raw SIP text, on virtual time.

mod calls;
mod hostile;
mod identity;
mod loss;
mod node;
mod offers;
mod races;
mod reliable;
mod session;
mod transfer;

use std::net::SocketAddr;

use base::id::DeviceId;
use base::{Cause, LegId, Micros, Mono, Place};
use bytes::Bytes;

use super::Target;
use crate::leg::{Identity, Invite, LegCommand, LegEvent, OUTBOUND_IDS};
use crate::msg::{HeaderId, Msg};
use crate::registrar::ContactId;
use crate::stack::Output;
use crate::txn::Peer;
use node::{Node, TCP, UDP};

/// Where the scripted phone is.
const PHONE: &str = "192.0.2.10:5060";

const OFFER: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\n\
    m=audio 4000 RTP/AVP 0\r\n";
const ANSWER: &str = "v=0\r\no=- 2 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
    m=audio 6000 RTP/AVP 0\r\n";

/// Marks the ACK to a refusal.
const REFUSED: &str = "refused";

/// One node, the clock, and what it has sent and told.
struct Bench {
    node: Node,
    now: Mono,
    sent: std::collections::VecDeque<Msg>,
    events: std::collections::VecDeque<(LegId, LegEvent)>,
    /// Flow that the phone uses.
    flow: base::FlowId,
    legs: u64,
}

impl Bench {
    fn new() -> Self {
        Bench {
            node: Node::new(7, "192.0.2.1:5060"),
            now: Mono(1_000_000),
            sent: Default::default(),
            events: Default::default(),
            flow: UDP,
            legs: 0,
        }
    }

    fn peer(&self) -> Peer {
        let address: SocketAddr = PHONE.parse().expect("address");
        Peer { flow: self.flow, address, local: "192.0.2.1".parse().expect("address") }
    }

    fn sort(&mut self, out: Vec<Output>) {
        for output in out {
            match output {
                Output::Transmit { bytes, .. } => {
                    self.sent.push_back(Msg::parse_datagram(bytes).expect("we write SIP"));
                }
                Output::Leg { leg, event } => self.events.push_back((leg, event)),
                Output::Close { .. } | Output::Binding(_) | Output::Watch(_) | Output::Event(_) => {
                }
            }
        }
    }

    /// The phone sends a message.
    fn recv(&mut self, text: impl AsRef<[u8]>) {
        let bytes = Bytes::copy_from_slice(text.as_ref());
        let peer = self.peer();
        let out = self.node.receive(self.now, peer, bytes);
        self.sort(out);
    }

    fn command(&mut self, leg: LegId, command: LegCommand) {
        let out = self.node.command(self.now, leg, command);
        self.sort(out);
    }

    /// Calls the phone.
    fn call(&mut self, sdp: Option<&str>) -> LegId {
        self.call_by("", sdp)
    }

    /// … by these proxies, the Path of its registration.
    fn call_by(&mut self, routes: &str, sdp: Option<&str>) -> LegId {
        let invite = self.invite(sdp);
        self.call_with(routes, invite)
    }

    fn call_with(&mut self, routes: &str, invite: Invite) -> LegId {
        self.legs += 1;
        let leg = LegId::new(Place::new(1, 2), OUTBOUND_IDS | self.legs);
        let target = Target {
            device: DeviceId::default(),
            peer: self.peer(),
            uri: format!("sip:phone@{PHONE}").into_bytes(),
            routes: routes.as_bytes().to_vec(),
            replaces: Vec::new(),
        };
        let out = self.node.call(self.now, leg, invite, Some(target));
        self.sort(out);
        leg
    }

    /// What is wanted of a call.
    fn invite(&self, sdp: Option<&str>) -> Invite {
        let identity = |user: &str, display: &str| Identity {
            user: user.into(),
            display: display.into(),
            host: "office.example".into(),
        };
        Invite {
            contact: ContactId(1),
            from: identity("2001", "山田 \"太郎\""),
            to: identity("2002", ""),
            sdp: sdp.map(|s| Bytes::copy_from_slice(s.as_bytes())),
            max_forwards: 69,
            referred_by: None,
            reliable: true,
            diverted: Vec::new(),
            auto_answer: false,
            hidden: false,
            dial: None,
        }
    }

    /// Lets time pass.
    fn wait(&mut self, span: Micros) {
        let end = self.now + span;
        while let Some(due) = self.node.layer.next_deadline().filter(|d| *d <= end) {
            self.now = due.max(self.now);
            let out = self.node.tick(self.now);
            self.sort(out);
        }
        self.now = end;
    }

    fn wait_ms(&mut self, ms: u64) {
        self.wait(Micros::millis(ms));
    }

    /// Lets time pass until something is sent; gives how long that was.
    #[track_caller]
    fn until_sent(&mut self) -> Micros {
        let begin = self.now;
        while self.sent.is_empty() {
            assert!(self.now.since(begin) < Micros::seconds(60), "nothing is sent");
            self.wait_ms(10);
        }
        self.now.since(begin)
    }

    /// The next message sent: `INVITE` for a request, `200 INVITE` for a response.
    #[track_caller]
    fn expect(&mut self, what: &str) -> Msg {
        let Some(msg) = self.sent.pop_front() else {
            panic!("nothing was sent instead of {what}; events: {:?}", self.events);
        };
        assert_eq!(title(&msg), what, "{}", String::from_utf8_lossy(msg.raw()));
        msg
    }

    /// Nothing (more) was sent.
    #[track_caller]
    fn expect_silence(&self) {
        let titles: Vec<String> = self.sent.iter().map(title).collect();
        assert_eq!(titles, Vec::<String>::new());
    }

    /// The next event of a leg.
    #[track_caller]
    fn event(&mut self, leg: LegId) -> LegEvent {
        match self.events.pop_front() {
            Some((of, event)) if of == leg => event,
            other => panic!("no event of {leg:?}: {other:?}"),
        }
    }

    #[track_caller]
    fn expect_gone(&mut self, leg: LegId) {
        assert!(matches!(self.event(leg), LegEvent::Gone));
        assert!(self.events.is_empty(), "{:?}", self.events);
    }

    /// After the longest timers nothing is left.
    #[track_caller]
    fn expect_drained(&mut self) {
        self.wait(Micros::seconds(64));
        assert!(self.node.legs.is_empty(), "{} legs left", self.node.legs.len());
        assert!(self.node.layer.is_empty(), "{} transactions left", self.node.layer.len());
        let late: Vec<_> =
            self.events.iter().filter(|(_, e)| matches!(e, LegEvent::Gone)).collect();
        assert!(late.is_empty(), "gone twice or late: {late:?}");
    }

    /// The phone calls; gives the leg and the phone's view of the dialog, whose 200 is not sent.
    #[track_caller]
    fn called(&mut self, extra: &str, body: &str) -> (LegId, Far) {
        self.legs += 1;
        let far = Far::caller(self.legs);
        self.recv(far.request("INVITE", 1, extra, body));
        let leg = match self.events.pop_front() {
            Some((leg, LegEvent::Offered(_))) => leg,
            other => panic!("not offered: {other:?}"),
        };
        (leg, far)
    }

    /// The phone calls and is answered: ACK sent, events taken.
    #[track_caller]
    fn talk_in(&mut self, extra: &str) -> (LegId, Far) {
        let (leg, mut far) = self.called(extra, OFFER);
        self.command(leg, LegCommand::Answer { sdp: Some(Bytes::from(ANSWER)) });
        far.learn(&self.expect("200 INVITE"));
        self.recv(far.request("ACK", 1, "", ""));
        assert!(matches!(self.event(leg), LegEvent::Confirmed));
        (leg, far)
    }

    /// We call the phone, which answers: ACK sent, events taken. `extra` goes into its 200.
    #[track_caller]
    fn talk_out(&mut self, extra: &str) -> (LegId, Far) {
        let leg = self.call(Some(ANSWER));
        let invite = self.expect("INVITE");
        self.recv(reply(&invite, "200 OK", "far", extra, OFFER));
        let far = Far::callee(&invite, "far");
        self.expect("ACK");
        assert!(matches!(self.event(leg), LegEvent::Answered { sdp: Some(_) }));
        (leg, far)
    }

    fn end(&mut self, leg: LegId) {
        self.command(leg, LegCommand::End { cause: Cause::NormalClearing, elsewhere: false });
    }

    /// Ends an answered leg from our side, with all that follows.
    #[track_caller]
    fn finish(&mut self, leg: LegId) {
        self.end(leg);
        let bye = self.expect("BYE");
        self.recv(reply(&bye, "200 OK", "", "", ""));
        self.expect_gone(leg);
        self.expect_drained();
    }
}

/// `METHOD` or `code METHOD`.
fn title(msg: &Msg) -> String {
    let method = msg.cseq().map_or("?", |c| c.method.name());
    msg.status().map_or(method.to_owned(), |code| format!("{code} {method}"))
}

fn header(msg: &Msg, id: HeaderId) -> String {
    msg.value(id).map(|v| String::from_utf8_lossy(v).into_owned()).unwrap_or_default()
}

fn body(sdp: &str) -> String {
    let length = sdp.len();
    let kind = if sdp.starts_with("v=0") { "Content-Type: application/sdp\r\n" } else { "" };
    format!("{kind}Content-Length: {length}\r\n\r\n{sdp}")
}

/// The phone's response to a request of ours; an empty `tag` keeps To as it is.
fn reply(request: &Msg, status: &str, tag: &str, extra: &str, sdp: &str) -> String {
    let mut out = format!("SIP/2.0 {status}\r\n");
    for id in [HeaderId::Via, HeaderId::From, HeaderId::CallId, HeaderId::CSeq] {
        for value in request.values(id) {
            out += &format!("{}: {}\r\n", id.name(), String::from_utf8_lossy(value));
        }
    }
    let tag = if tag.is_empty() { String::new() } else { format!(";tag={tag}") };
    out += &format!("To: {}{tag}\r\n", header(request, HeaderId::To));
    let contact = if extra.contains("Contact:") {
        String::new()
    } else {
        format!("Contact: <sip:phone@{PHONE}>\r\n")
    };
    out + &contact + extra + &body(sdp)
}

/// The phone's side of a dialog.
struct Far {
    call_id: String,
    /// Its address with its tag.
    local: String,
    /// Our address, with our tag when it is known.
    remote: String,
    target: String,
    serial: std::cell::Cell<u64>,
    /// Serial of the branch of its last INVITE.
    invited: std::cell::Cell<u64>,
}

impl Far {
    fn caller(n: u64) -> Self {
        Far {
            call_id: format!("call{n}@phone"),
            local: format!("\"Jiro\" <sip:2002@office.example>;tag=theirs{n}"),
            remote: "<sip:2001@office.example>".into(),
            target: "sip:2001@office.example".into(),
            serial: 0.into(),
            invited: 0.into(),
        }
    }

    fn callee(invite: &Msg, tag: &str) -> Self {
        let contact = header(invite, HeaderId::Contact);
        Far {
            call_id: header(invite, HeaderId::CallId),
            local: format!("{};tag={tag}", header(invite, HeaderId::To)),
            remote: header(invite, HeaderId::From),
            target: contact.trim_matches(['<', '>']).to_owned(),
            serial: 1_000.into(),
            invited: 0.into(),
        }
    }

    /// Takes our tag and Contact from a response.
    fn learn(&mut self, response: &Msg) {
        self.remote = header(response, HeaderId::To);
        self.target = header(response, HeaderId::Contact).trim_matches(['<', '>']).to_owned();
    }

    /// A request of the phone, with a new branch.
    fn request(&self, method: &str, cseq: u32, extra: &str, sdp: &str) -> String {
        self.serial.set(self.serial.get() + 1);
        let (target, mut serial) = (&self.target, self.serial.get());
        match method {
            "INVITE" => self.invited.set(serial),
            // The ACK to a refusal belongs to the transaction of the INVITE.
            "ACK" if extra == REFUSED => serial = self.invited.get(),
            _ => {}
        }
        let extra = extra.trim_start_matches(REFUSED);
        let Far { call_id, local, remote, .. } = self;
        let max = if extra.contains("Max-Forwards") { "" } else { "Max-Forwards: 70\r\n" };
        let contact = if extra.contains("Contact:") {
            String::new()
        } else {
            format!("Contact: <sip:phone@{PHONE}>\r\n")
        };
        format!(
            "{method} {target} SIP/2.0\r\n\
             Via: SIP/2.0/UDP {PHONE};rport;branch=z9hG4bK{call_id}x{serial}\r\n\
             {max}From: {local}\r\nTo: {remote}\r\nCall-ID: {call_id}\r\n\
             CSeq: {cseq} {method}\r\n{contact}{extra}{}",
            body(sdp)
        )
    }

    /// A CANCEL of the INVITE given as text.
    fn cancel(invite: &str, extra: &str) -> String {
        let head = invite.split("\r\n\r\n").next().unwrap_or_default();
        let keep = |line: &&str| {
            ["Via", "From", "To", "Call-ID", "Max-F"].iter().any(|n| line.starts_with(n))
        };
        let lines: Vec<&str> = head.lines().filter(keep).collect();
        let uri = head.split(' ').nth(1).unwrap_or_default();
        format!(
            "CANCEL {uri} SIP/2.0\r\n{}\r\nCSeq: 1 CANCEL\r\n{extra}Content-Length: 0\r\n\r\n",
            lines.join("\r\n")
        )
    }
}

fn sdp_text(sdp: &Option<Bytes>) -> &str {
    sdp.as_deref().map_or("", |s| std::str::from_utf8(s).unwrap_or("?"))
}

fn bytes(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}
