//! The phone's registration (RFC 3261 §10.2), kept up by itself.

use base::{Micros, Now};
use bytes::Bytes;

use super::{Endpoint, Event, Output};
use crate::invite::Secrets;
use crate::msg::contact::Contacts;
use crate::msg::uri::Uri;
use crate::msg::write::Writer;
use crate::msg::{HeaderId, Method, Msg, Transport};
use crate::txn::{ClientTx, Mint, NewCallId, Outgoing, Peer, Tag, TimerKey};

/// Owner of the REGISTER transactions.
pub(super) const OWNER: u64 = u64::MAX - 1;

/// First and longest wait after a failure.
const RETRY_FIRST: Micros = Micros::seconds(4);
const RETRY_MAX: Micros = Micros::seconds(120);

/// What the phone knows of its registration.
pub(super) struct Registration {
    wanted: bool,
    up: bool,
    call_id: NewCallId,
    tag: Tag,
    /// User part of the Contact.
    contact: Tag,
    cseq: u32,
    /// Seconds to ask for; raised by 423.
    expires_s: Option<u32>,
    running: Option<ClientTx>,
    /// Of the timer that counts.
    generation: u32,
    retry: Micros,
}

impl Registration {
    pub(super) fn new(mint: &mut Mint) -> Self {
        Registration {
            wanted: false,
            up: false,
            call_id: mint.call_id(),
            tag: mint.tag(),
            contact: mint.tag(),
            cseq: 0,
            expires_s: None,
            running: None,
            generation: 0,
            retry: RETRY_FIRST,
        }
    }

    pub(super) fn is_up(&self) -> bool {
        self.up
    }
}

impl Endpoint {
    pub(super) fn want_registration(&mut self, now: Now, wanted: bool) {
        let was_up = self.registration.up;
        self.registration.wanted = wanted;
        if wanted || was_up {
            self.register(now, None);
        }
    }

    /// A flow is open: registers by it when a registration is wanted.
    pub(super) fn flow_ready(&mut self, now: Now) {
        if self.registration.wanted {
            self.register(now, None);
        }
    }

    pub(super) fn flow_lost(&mut self, out: &mut Vec<Output>) {
        self.registration.running = None;
        if std::mem::take(&mut self.registration.up) {
            out.push(Output::Event(Event::Unregistered));
        }
    }

    /// Time to refresh or to try again; a registration that was not refreshed has ended.
    pub(super) fn register_due(&mut self, now: Now, generation: u32, _out: &mut [Output]) {
        if self.registration.generation == generation && self.registration.wanted {
            self.register(now, None);
        }
    }

    pub(super) fn register_response(&mut self, now: Now, msg: &Msg, out: &mut Vec<Output>) {
        let status = msg.status().unwrap_or(500);
        if status < 200 {
            return;
        }
        self.registration.running = None;
        match status {
            200..=299 => self.registered(now, msg, out),
            401 | 407 => {
                let uri = format!("sip:{}", self.settings.domain);
                match self.wallet.answer(msg, Method::Register, uri.as_bytes()) {
                    Some(proof) => self.register(now, Some(proof)),
                    None => self.register_failed(now, status, None, out),
                }
            }
            423 if self.registration.expires_s.is_none() => {
                self.registration.expires_s = msg.number(HeaderId::MinExpires);
                self.register(now, None);
            }
            _ => self.register_failed(now, status, msg.retry_after(), out),
        }
    }

    pub(super) fn register_failed(
        &mut self,
        now: Now,
        status: u16,
        retry_after: Option<u32>,
        out: &mut Vec<Output>,
    ) {
        self.registration.running = None;
        self.registration.up = false;
        out.push(Output::Event(Event::RegisterFailed { status }));
        let wait = match retry_after {
            Some(seconds) => Micros::seconds(u64::from(seconds)),
            None => self.registration.retry,
        };
        self.registration.retry = self.registration.retry.doubled(RETRY_MAX);
        let jitter = Micros(self.layer.mint().rng().below(wait.0 / 4 + 1));
        self.register_later(now, wait + jitter);
    }

    fn registered(&mut self, now: Now, msg: &Msg, out: &mut Vec<Output>) {
        let granted = self.granted(msg);
        self.registration.retry = RETRY_FIRST;
        if !self.registration.wanted || granted == 0 {
            self.registration.up = false;
            return out.push(Output::Event(Event::Unregistered));
        }
        self.registration.up = true;
        out.push(Output::Event(Event::Registered { expires_s: granted }));
        // At 50 to 60 % of its time, so that one lost exchange leaves room for another.
        let half = Micros::seconds(u64::from(granted) / 2);
        let jitter = Micros(self.layer.mint().rng().below(half.0 / 5 + 1));
        self.register_later(now, half + jitter);
    }

    /// Seconds left of our own contact.
    fn granted(&self, msg: &Msg) -> u32 {
        let Contacts::List(list) = msg.contacts() else {
            return 0;
        };
        let is_ours =
            |uri: &Uri<'_>| uri.user().is_some_and(|u| *u == *self.registration.contact.as_ref());
        let mut ours = list.filter(|c| is_ours(&c.uri));
        ours.next().map_or(0, |c| c.expires().or_else(|| msg.expires()).unwrap_or(3_600))
    }

    fn register_later(&mut self, now: Now, wait: Micros) {
        self.registration.generation += 1;
        let generation = self.registration.generation;
        self.layer.arm(now.mono + wait, TimerKey::Phone { generation, kind: 0 });
    }

    fn register(&mut self, now: Now, proof: Option<Vec<u8>>) {
        let Some(peer) = self.home else {
            return;
        };
        self.registration.generation += 1;
        self.registration.cseq += 1;
        let branch = self.layer.mint().branch();
        let via = self.layer.via(&peer, &branch);
        let Some(bytes) = self.write_register(&peer, &via, proof) else {
            return;
        };
        let outgoing = Outgoing { peer, method: Method::Register, branch, bytes, owner: OWNER };
        let tx = self.layer.request(now.mono, outgoing, &mut self.pending);
        self.registration.running = Some(tx);
    }

    fn write_register(&self, peer: &Peer, via: &[u8], proof: Option<Vec<u8>>) -> Option<Bytes> {
        let Registration { call_id, tag, contact, cseq, wanted, .. } = &self.registration;
        let settings = &self.settings;
        let (user, domain) = (&settings.user, &settings.domain);
        let mut buffer = Vec::with_capacity(768);
        let uri = format!("sip:{domain}");
        let mut out = Writer::request(&mut buffer, Method::Register, &uri);
        out.header(HeaderId::Via, via);
        out.number(HeaderId::MaxForwards, 70);
        out.text(HeaderId::From, format_args!("<sip:{user}@{domain}>;tag={}", tag.as_str()));
        out.text(HeaderId::To, format_args!("<sip:{user}@{domain}>"));
        out.header(HeaderId::CallId, call_id);
        out.cseq(*cseq, Method::Register);
        let address = self.contact_address(peer)?;
        let instance = settings.instance.as_ref();
        let instance = instance.map_or(String::new(), |i| format!(";+sip.instance=\"<{i}>\""));
        let contact = contact.as_str();
        out.text(HeaderId::Contact, format_args!("<sip:{contact}@{address}>{instance}"));
        let asked = self.registration.expires_s.unwrap_or(settings.expires_s);
        out.number(HeaderId::Expires, if *wanted { u64::from(asked) } else { 0 });
        out.header(HeaderId::Supported, "path");
        out.header(HeaderId::UserAgent, settings.config.product);
        if let Some(proof) = proof {
            let at = proof.iter().position(|b| *b == b':')?;
            let (name, value) = proof.split_at(at);
            out.header(HeaderId::of(name), value.get(1..)?.trim_ascii());
        }
        out.finish_bytes().ok()
    }

    /// Host, port and transport of our Contact.
    fn contact_address(&self, peer: &Peer) -> Option<String> {
        let flow = self.layer.flows().get(peer.flow)?;
        let ours = std::net::SocketAddr::new(peer.local, flow.local.port());
        let transport = Transport::from(flow.transport);
        Some(match transport {
            Transport::Udp => ours.to_string(),
            _ => format!("{ours};transport={}", transport.param()),
        })
    }
}
