//! Watchers that send raw SIP text to a whole stack, on virtual time.

mod documents;
mod notify;
mod pace;
mod random;
mod size;
mod steer;
mod subscribe;

use std::net::SocketAddr;

use base::id::DeviceId;
use base::{Dn, LegId, Micros};

use super::{DialogLine, DialogPhase, DialogSide, Resource, State, WatchEvent};
use crate::leg::Identity;
use crate::msg::{HeaderId, Method, Msg};
use crate::stack::tests::bench::{Ask, Bench, Got, REALM, TENANT};
use crate::stack::{Input, Output};

/// A subscription as its watcher knows it.
#[derive(Debug, Clone)]
struct Watcher {
    /// Number of its phone.
    n: u32,
    source: SocketAddr,
    call_id: String,
    event: String,
    /// What it watches.
    uri: String,
    /// Our To with our tag, and our Contact; empty before the 200.
    to: String,
    target: String,
    cseq: u32,
}

impl Watcher {
    /// The `serial`-th subscription of phone `n`, to the dialogs of a number.
    fn new(n: u32, serial: u32, watched: u32) -> Self {
        Watcher {
            n,
            source: SocketAddr::from(([198, 51, 100, (n % 200) as u8], 5060)),
            call_id: format!("sub-{n}-{serial}"),
            event: "dialog".into(),
            uri: format!("sip:{watched}@{REALM}"),
            to: String::new(),
            target: String::new(),
            cseq: 0,
        }
    }

    fn of(mut self, event: &str) -> Self {
        self.event = event.into();
        self
    }

    fn contact(&self) -> String {
        format!("<sip:tanaka{}@{}>", self.n, self.source)
    }

    fn ask(&mut self, method: &'static str, extra: &str) -> Ask {
        self.cseq += 1;
        let begins = self.to.is_empty();
        let event = if extra.contains("Event:") { "" } else { &self.event };
        let event = if event.is_empty() { String::new() } else { format!("Event: {event}\r\n") };
        Ask {
            method,
            uri: if begins { self.uri.clone() } else { self.target.clone() },
            from: format!("<sip:tanaka{0}@{REALM}>;tag=f{0}", self.n),
            to: if begins { format!("<{}>", self.uri) } else { self.to.clone() },
            call_id: self.call_id.clone(),
            cseq: self.cseq,
            extra: format!("Contact: {}\r\n{event}{extra}", self.contact()),
            source: self.source,
            user: format!("tanaka{}", self.n),
            secret: format!("secret{}", self.n),
            body: String::new(),
        }
    }

    /// Whether a NOTIFY is of this subscription.
    fn is_told(&self, notify: &Msg) -> bool {
        notify.call_id() == self.call_id.as_bytes()
    }
}

/// The stack, what it wants to know, and NOTIFYs that nobody has answered.
struct World {
    bench: Bench,
    news: Vec<WatchEvent>,
    told: Vec<Msg>,
}

impl World {
    fn new() -> Self {
        World { bench: Bench::new(), news: Vec::new(), told: Vec::new() }
    }

    /// Sorts what came out; gives the responses.
    fn take(&mut self, got: Got) -> Vec<Msg> {
        self.news.extend(got.outputs.iter().filter_map(|o| match o {
            Output::Watch(event) => Some(*event),
            _ => None,
        }));
        let (told, rest): (Vec<Msg>, Vec<Msg>) =
            got.messages.into_iter().partition(|m| m.method() == Some(Method::Notify));
        self.told.extend(told);
        rest
    }

    /// Sends a SUBSCRIBE, with credentials when it is asked for them; gives the final response.
    #[track_caller]
    fn subscribe(&mut self, watcher: &mut Watcher, extra: &str) -> Msg {
        self.request(watcher, "SUBSCRIBE", extra)
    }

    #[track_caller]
    fn request(&mut self, watcher: &mut Watcher, method: &'static str, extra: &str) -> Msg {
        let ask = watcher.ask(method, extra);
        let got = self.bench.ask(&ask);
        let mut responses = self.take(got);
        assert_eq!(responses.len(), 1, "one answer");
        let response = responses.remove(0);
        watcher.cseq += 1;
        if response.status() == Some(200) && watcher.to.is_empty() {
            watcher.to = header(&response, HeaderId::To);
            watcher.target = header(&response, HeaderId::Contact).trim_matches(['<', '>']).into();
        }
        response
    }

    /// A new watcher of a number whose state is known afterwards, and its first NOTIFY answered.
    #[track_caller]
    fn watching(&mut self, n: u32, serial: u32, watched: u32) -> Watcher {
        let mut watcher = Watcher::new(n, serial, watched);
        assert_eq!(self.subscribe(&mut watcher, "").status(), Some(200));
        self.state(watched, Vec::new());
        let told = self.next();
        assert!(watcher.is_told(&told));
        self.answer(&told, "200 OK", "");
        watcher
    }

    /// The owner of the state gives it.
    fn state(&mut self, watched: u32, lines: Vec<DialogLine>) {
        let got = self
            .bench
            .put(Input::State { resource: dialogs(watched), state: State::Dialogs(lines) });
        self.take(got);
    }

    /// The oldest NOTIFY that nobody has answered.
    #[track_caller]
    fn next(&mut self) -> Msg {
        assert!(!self.told.is_empty(), "nothing was told");
        self.told.remove(0)
    }

    /// The phone answers a NOTIFY from where it subscribed.
    fn answer(&mut self, notify: &Msg, status: &str, extra: &str) {
        let uri = String::from_utf8_lossy(notify.request_uri()).into_owned();
        let source = uri.rsplit('@').next().and_then(|host| host.parse().ok());
        self.answer_from(source.expect("the Contact is an address"), notify, status, extra);
    }

    fn answer_from(&mut self, source: SocketAddr, notify: &Msg, status: &str, extra: &str) {
        let mut text = format!("SIP/2.0 {status}\r\n");
        for id in [HeaderId::Via, HeaderId::From, HeaderId::To, HeaderId::CallId, HeaderId::CSeq] {
            text += &format!("{}: {}\r\n", id.name(), header(notify, id));
        }
        let got = self.bench.receive(source, format!("{text}{extra}Content-Length: 0\r\n\r\n"));
        assert!(self.take(got).is_empty());
    }

    fn answer_all(&mut self) {
        while !self.told.is_empty() {
            let told = self.next();
            self.answer(&told, "200 OK", "");
        }
    }

    fn wait(&mut self, span: Micros) {
        let got = self.bench.wait(span);
        self.take(got);
    }

    /// Nothing is left after the longest timers.
    #[track_caller]
    fn expect_drained(&mut self) {
        self.wait(Micros::seconds(64));
        assert_eq!(self.bench.stack.subscriptions_len(), 0);
        assert!(self.bench.stack.is_drained());
    }
}

fn header(msg: &Msg, id: HeaderId) -> String {
    msg.value(id).map(|v| String::from_utf8_lossy(v).into_owned()).unwrap_or_default()
}

fn body(msg: &Msg) -> String {
    String::from_utf8_lossy(msg.body()).into_owned()
}

/// `active` or `terminated;reason=…`, without the seconds.
fn standing(notify: &Msg) -> String {
    let state = header(notify, HeaderId::SubscriptionState);
    state.split(";expires").next().unwrap_or_default().to_owned()
}

/// The version of a document.
fn version(notify: &Msg) -> u32 {
    let body = body(notify);
    let text = body.split("version=\"").nth(2).or(body.split("version=\"").nth(1));
    let digits = text.and_then(|t| t.split('"').next()).unwrap_or_default();
    digits.parse().unwrap_or(u32::MAX)
}

fn dialogs(n: u32) -> Resource {
    let dn = Dn::parse(&n.to_string()).expect("number");
    Resource::Dialogs { tenant: TENANT, dn }
}

fn device(n: u32) -> DeviceId {
    Bench::device(n)
}

/// A dialog of a watched number with 2009.
fn line(leg: u64, phase: DialogPhase) -> DialogLine {
    DialogLine {
        leg: LegId(leg),
        phase,
        side: DialogSide::Recipient,
        remote: Some(Identity {
            user: "2009".into(),
            display: "佐藤 <花子>".into(),
            host: REALM.into(),
        }),
        holds: false,
    }
}
