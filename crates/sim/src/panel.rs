//! The keys with lamps of a phone: each watches a number or a box (RFC 6665, RFC 4235, RFC 3842).
//!
//! | State of a key | Event | Then |
//! |---|---|---|
//! | – | its time comes | SUBSCRIBE outside of a dialog |
//! | asking | 401, 407 | the same with credentials |
//! | asking | 2xx | lives; refreshed at half of its time |
//! | asking | 423 | asks for what is granted |
//! | asking | 481 | begins anew soon |
//! | asking | other refusals, no answer | begins anew in a minute or two |
//! | lives | NOTIFY | answered, and kept when it is newer |
//! | lives | last NOTIFY | gone when the person wanted so, else begins anew |
//! | lives | the phone starts again | forgotten, and begun anew |

use std::net::SocketAddr;

use base::{Micros, Mono, Rng};
use bytes::Bytes;
use sip::digest::{Account, Answerer};
use sip::event::Package;
use sip::msg::event::SubState;
use sip::msg::write::Writer;
use sip::msg::{HeaderId, Method, Msg};
use sip::stack::Transport;

use crate::company::{DOMAIN, SECRET, sip_id};

/// First wait before a request is repeated over UDP (RFC 3261, T1), and longest (T2).
const T1: Micros = Micros::millis(500);
const T2: Micros = Micros::seconds(4);

/// 64·T1.
const TIMEOUT: Micros = Micros::seconds(32);

/// Longer than any subscription lasts here that is not refreshed.
const LAPSED: Micros = Micros::seconds(180);

/// After a refusal.
const AGAIN: Micros = Micros::seconds(60);

/// Not before something else happens.
const NEVER: Mono = Mono(u64::MAX);

/// From where a phone speaks.
#[derive(Debug, Clone, Copy)]
pub struct Link {
    /// Its end, as it knows it.
    pub local: SocketAddr,
    /// How.
    pub transport: Transport,
}

/// What a lamp shows.
#[derive(Debug, Clone)]
pub struct Told {
    cseq: u32,
    /// The document.
    pub body: Bytes,
}

/// The far end of a subscription.
#[derive(Debug, Clone)]
struct Remote {
    tag: Vec<u8>,
    target: String,
}

/// A request without final answer.
#[derive(Debug, Clone)]
struct Asked {
    bytes: Bytes,
    expires_s: u32,
    proven: bool,
    repeat_at: Mono,
    wait: Micros,
    until: Mono,
}

/// A key with a lamp.
#[derive(Debug, Clone)]
pub struct Key {
    /// Calls or messages.
    pub package: Package,
    /// User part of what is watched.
    pub number: String,
    /// What it was told last, while its subscription lives.
    pub told: Option<Told>,
    /// Status of the last refusal, while it has no subscription.
    pub refused: Option<u16>,
    expires_s: u32,
    /// The person wants it no more.
    ending: bool,
    /// It is not refreshed.
    lapses: bool,
    call_id: String,
    tag: String,
    cseq: u32,
    remote: Option<Remote>,
    asked: Option<Asked>,
    due: Mono,
}

impl Key {
    /// Whether it has a subscription, as far as the phone knows.
    pub fn is_live(&self) -> bool {
        self.remote.is_some()
    }

    /// Whether it will have one for as long as the person wants it.
    pub fn is_wanted(&self) -> bool {
        !self.ending && !self.lapses
    }

    fn next_at(&self) -> Mono {
        self.asked.as_ref().map_or(self.due, |a| a.repeat_at.min(a.until))
    }

    /// The subscription is over, or the phone has forgotten it.
    fn lose(&mut self, again_at: Mono) {
        (self.remote, self.told, self.asked) = (None, None, None);
        self.call_id.clear();
        self.due = again_at;
    }
}

/// What came of a step: messages to send, and what is counted.
#[derive(Debug, Default)]
pub struct Step {
    /// To the node.
    pub send: Vec<Bytes>,
    /// By name.
    pub counted: Vec<&'static str>,
}

/// The keys of a phone.
pub struct Panel {
    keys: Vec<Key>,
    user: String,
    rng: Rng,
}

impl Panel {
    /// Without keys.
    pub fn new(index: usize, rng: Rng) -> Self {
        Panel { keys: Vec::new(), user: sip_id(index), rng }
    }

    /// All keys.
    pub fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// When [`Panel::tick`] is due.
    pub fn next_deadline(&self) -> Option<Mono> {
        self.keys.iter().map(Key::next_at).filter(|at| *at != NEVER).min()
    }

    /// A new key.
    pub fn watch(&mut self, now: Mono, package: Package, number: &str, expires_s: u32) {
        self.keys.push(Key {
            package,
            number: number.to_owned(),
            told: None,
            refused: None,
            expires_s,
            ending: false,
            lapses: false,
            call_id: String::new(),
            tag: String::new(),
            cseq: 0,
            remote: None,
            asked: None,
            due: now,
        });
    }

    /// The person takes a key away: its subscription ends.
    pub fn unwatch(&mut self, now: Mono, at: usize) {
        let Some(key) = self.keys.get_mut(at) else { return };
        key.ending = true;
        key.due = now;
        if !key.is_live() && key.asked.is_none() {
            self.keys.remove(at);
        }
    }

    /// A key is not refreshed any more, as by a phone that was unplugged.
    pub fn let_lapse(&mut self, now: Mono, at: usize) {
        if let Some(key) = self.keys.get_mut(at).filter(|k| k.is_live() && k.asked.is_none()) {
            // Nothing may be told of its end: the node may have forgotten it.
            (key.lapses, key.due) = (true, now + LAPSED);
        }
    }

    /// The phone starts again: it knows its keys, and nothing of what they were told.
    pub fn restart(&mut self, now: Mono) {
        self.keys.retain(Key::is_wanted);
        for key in &mut self.keys {
            key.lose(now + Micros::millis(300 + self.rng.below(3_000)));
        }
    }

    /// All keys are taken away.
    pub fn close(&mut self, now: Mono) {
        for at in (0..self.keys.len()).rev() {
            self.unwatch(now, at);
        }
    }

    /// Time passed.
    pub fn tick(&mut self, now: Mono, link: &Link) -> Step {
        let mut step = Step::default();
        for at in 0..self.keys.len() {
            let Some(key) = self.keys.get_mut(at).filter(|k| k.next_at() <= now) else { continue };
            match &mut key.asked {
                Some(asked) if asked.until <= now => {
                    let again = now + AGAIN;
                    key.lose(again);
                }
                Some(asked) => {
                    asked.wait = Micros((asked.wait.0 * 2).min(T2.0));
                    asked.repeat_at = now + asked.wait;
                    step.send.push(asked.bytes.clone());
                }
                None if key.lapses => {
                    key.lose(NEVER);
                    key.ending = true;
                }
                None => {
                    let expires_s = if key.ending { 0 } else { key.expires_s };
                    step.counted.push(match (key.ending, key.is_live()) {
                        (true, _) => "subscriptions ended",
                        (false, true) => "subscriptions refreshed",
                        (false, false) => "subscriptions asked for",
                    });
                    self.ask(now, (at, link), expires_s, None, &mut step);
                }
            }
        }
        self.keys.retain(|k| !k.ending || k.is_live() || k.asked.is_some());
        step
    }

    /// A message for a phone; `None` when it is none of its lamps'.
    pub fn receive(&mut self, now: Mono, link: &Link, msg: &Msg) -> Option<Step> {
        let mut step = Step::default();
        match (msg.status(), msg.cseq()?.method) {
            (Some(status), Method::Subscribe) => self.answered(now, link, (msg, status), &mut step),
            (None, Method::Notify) if Package::of(msg.event()?.package).is_some() => {
                let status = if self.notified(now, msg, &mut step) { 200 } else { 481 };
                step.send.extend(response(msg, status));
            }
            _ => return None,
        }
        self.keys.retain(|k| !k.ending || k.is_live() || k.asked.is_some());
        Some(step)
    }

    fn answered(&mut self, now: Mono, link: &Link, (msg, status): (&Msg, u16), step: &mut Step) {
        let number = msg.cseq().map_or(0, |c| c.number);
        let is_it = |k: &Key| {
            k.asked.is_some() && k.call_id.as_bytes() == msg.call_id() && k.cseq == number
        };
        let Some(at) = self.keys.iter().position(is_it).filter(|_| status >= 200) else { return };
        let later = AGAIN + Micros(self.rng.below(AGAIN.0));
        let Some(key) = self.keys.get_mut(at) else { return };
        let Some(asked) = key.asked.take() else { return };
        key.refused = None;
        match status {
            200..=299 => {
                let granted = msg.expires().unwrap_or(asked.expires_s);
                let tag = msg.to().and_then(|to| to.tag().map(<[u8]>::to_vec)).unwrap_or_default();
                key.remote.get_or_insert_with(|| Remote { tag, target: target_of(msg) });
                let half = Micros::seconds(u64::from(granted) / 2);
                key.due = match asked.expires_s {
                    0 => now + TIMEOUT,
                    _ if key.ending => now,
                    _ => now + half,
                };
            }
            401 | 407 => match self.proof(msg, at).filter(|(_, stale)| !asked.proven || *stale) {
                Some((proof, _)) => {
                    self.ask(now, (at, link), asked.expires_s, Some(&proof), step);
                }
                None => self.refuse(at, status, now + later),
            },
            423 => {
                key.expires_s = msg.number(HeaderId::MinExpires).unwrap_or(3_600);
                key.due = now;
                step.counted.push("subscriptions too brief");
            }
            481 => key.lose(now + T1),
            _ => {
                step.counted.push("subscriptions refused");
                self.refuse(at, status, now + later);
            }
        }
    }

    fn refuse(&mut self, at: usize, status: u16, again_at: Mono) {
        let Some(key) = self.keys.get_mut(at) else { return };
        key.lose(again_at);
        key.refused = Some(status);
    }

    /// Takes a NOTIFY; false when there is no such subscription.
    fn notified(&mut self, now: Mono, msg: &Msg, step: &mut Step) -> bool {
        let tag = |a: Option<sip::msg::name_addr::NameAddr<'_>>| {
            a.and_then(|a| a.tag().map(<[u8]>::to_vec)).unwrap_or_default()
        };
        let (ours, theirs) = (tag(msg.to()), tag(msg.from()));
        let is_it = |k: &Key| {
            let known = k.remote.as_ref().is_none_or(|r| r.tag == theirs);
            k.call_id.as_bytes() == msg.call_id() && k.tag.as_bytes() == ours && known
        };
        let soon = Micros::millis(500 + self.rng.below(1_500));
        let Some(key) = self.keys.iter_mut().find(|k| is_it(k)) else { return false };
        let (Some(cseq), Some(state)) = (msg.cseq(), msg.subscription_state()) else {
            return false;
        };
        if key.told.as_ref().is_some_and(|t| t.cseq >= cseq.number) {
            return true;
        }
        step.counted.push("notifications");
        let text = String::from_utf8_lossy(msg.body());
        if text.contains("<state>confirmed") || text.contains("<state>early") {
            step.counted.push("lamps lit");
        }
        if text.contains("<identity") {
            step.counted.push("lamps that show who");
        }
        if text.contains("Messages-Waiting: yes") {
            step.counted.push("message lamps lit");
        }
        key.remote.get_or_insert_with(|| Remote { tag: theirs, target: target_of(msg) });
        key.told = Some(Told { cseq: cseq.number, body: msg.body_bytes() });
        if state.state == SubState::Terminated {
            if key.lapses {
                step.counted.push("subscriptions expired");
            }
            let ending = key.ending || key.lapses;
            let again = match state.reason {
                Some(b"rejected" | b"noresource") => now + AGAIN,
                _ => now + soon,
            };
            key.lose(again);
            key.ending = ending;
        }
        true
    }

    /// The header that answers a challenge, and whether only the nonce was too old.
    fn proof(&mut self, challenge: &Msg, at: usize) -> Option<(String, bool)> {
        let uri = self.keys.get(at)?.uri();
        let account = Account { user: &self.user, secret: SECRET, realm: None };
        let mut answerers = Answerer::choose(challenge, account);
        let answerer = answerers.first_mut()?;
        let cnonce = fresh(&mut self.rng);
        let mut buffer = Vec::new();
        let mut writer = Writer::request(&mut buffer, Method::Options, "sip:none");
        answerer.answer(Method::Subscribe, uri.as_bytes(), &cnonce, &mut writer);
        writer.finish().ok()?;
        let text = String::from_utf8(buffer).ok()?;
        let line = text.lines().find(|l| l.contains("uthorization:"))?;
        Some((format!("{line}\r\n"), answerer.stale))
    }

    /// Sends a SUBSCRIBE.
    fn ask(
        &mut self,
        now: Mono,
        (at, link): (usize, &Link),
        expires_s: u32,
        proof: Option<&str>,
        step: &mut Step,
    ) {
        let branch = fresh(&mut self.rng);
        let Some(key) = self.keys.get_mut(at) else { return };
        if key.call_id.is_empty() {
            (key.call_id, key.tag) = (fresh(&mut self.rng), fresh(&mut self.rng));
            key.cseq = self.rng.below(1_000) as u32;
        }
        key.cseq += 1;
        let (user, local, proof_line) = (&self.user, link.local, proof.unwrap_or_default());
        let (name, param) = match link.transport {
            Transport::Udp => ("UDP", ""),
            Transport::Tcp => ("TCP", ";transport=tcp"),
            Transport::Tls => ("TLS", ";transport=tls"),
        };
        let to_tag = key.remote.as_ref().map(|r| String::from_utf8_lossy(&r.tag).into_owned());
        let to_tag = to_tag.map(|tag| format!(";tag={tag}")).unwrap_or_default();
        let (uri, number, tag, call_id) = (key.uri(), &key.number, &key.tag, &key.call_id);
        let (cseq, package) = (key.cseq, key.package.name());
        let bytes = Bytes::from(format!(
            "SUBSCRIBE {uri} SIP/2.0\r\n\
             Via: SIP/2.0/{name} {local};rport;branch=z9hG4bK{branch}\r\nMax-Forwards: 70\r\n\
             From: <sip:{user}@{DOMAIN}>;tag={tag}\r\n\
             To: <sip:{number}@{DOMAIN}>{to_tag}\r\nCall-ID: {call_id}\r\n\
             CSeq: {cseq} SUBSCRIBE\r\nContact: <sip:{user}@{local}{param}>\r\n\
             Event: {package}\r\nExpires: {expires_s}\r\n{proof_line}Content-Length: 0\r\n\r\n"
        ));
        step.send.push(bytes.clone());
        let until = now + TIMEOUT;
        let repeat_at = if link.transport == Transport::Udp { now + T1 } else { until };
        let (wait, proven) = (T1, proof.is_some());
        key.asked = Some(Asked { bytes, expires_s, proven, repeat_at, wait, until });
    }
}

impl Key {
    /// Where its requests go.
    fn uri(&self) -> String {
        match &self.remote {
            Some(remote) => remote.target.clone(),
            None => format!("sip:{}@{DOMAIN}", self.number),
        }
    }
}

fn fresh(rng: &mut Rng) -> String {
    let mut text = [0; 20];
    rng.fill_base32(&mut text);
    text.iter().map(|b| char::from(*b)).collect()
}

/// The Contact of a message.
fn target_of(msg: &Msg) -> String {
    let contact = msg.address(HeaderId::Contact);
    contact.map(|c| String::from_utf8_lossy(c.uri).into_owned()).unwrap_or_default()
}

fn response(request: &Msg, code: u16) -> Option<Bytes> {
    let mut buffer = Vec::with_capacity(512);
    let phrase = if code == 200 { "OK" } else { "Subscription Does Not Exist" };
    let mut out = Writer::response(&mut buffer, code, phrase);
    out.copy_all(request, HeaderId::Via);
    for id in [HeaderId::From, HeaderId::To, HeaderId::CallId, HeaderId::CSeq] {
        out.copy(request, id);
    }
    out.finish_bytes().ok()
}
