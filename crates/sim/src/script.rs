//! What a scenario does to the wire: slow links, messages that are lost or changed, and what
//! each phone has seen.

use std::collections::BTreeMap;
use std::net::IpAddr;

use base::{Micros, Mono};
use bytes::Bytes;
use sip::msg::Msg;

use crate::network::Datagram;
use crate::phone::server;
use crate::scenario::Message;

/// Something that befalls a message.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) once: bool,
    pub(crate) message: Message,
    pub(crate) phone: IpAddr,
    pub(crate) from: bool,
    pub(crate) change: Option<(Vec<u8>, Vec<u8>)>,
}

/// The wire of a scenario.
#[derive(Debug, Clone, Default)]
pub(crate) struct Script {
    pub(crate) rules: Vec<Rule>,
    pub(crate) links: BTreeMap<IpAddr, Micros>,
    /// Messages that each phone got, in order.
    pub(crate) seen: BTreeMap<IpAddr, Vec<Message>>,
    /// What was sent, and when.
    sent: Vec<(Mono, Datagram)>,
}

impl Script {
    /// The delay of a link, if it has one of its own.
    pub(crate) fn delay(&self, datagram: &Datagram) -> Option<Micros> {
        let (from, to) = (datagram.from.ip(), datagram.to.ip());
        self.links.get(&from).or_else(|| self.links.get(&to)).copied()
    }

    /// A message is sent; `None` when it is lost.
    pub(crate) fn passes(&mut self, now: Mono, mut datagram: Datagram) -> Option<Datagram> {
        self.sent.push((now, datagram.clone()));
        let Some(message) = message_of(&datagram.bytes) else { return Some(datagram) };
        let befalls = |rule: &Rule| {
            let end = if rule.from { datagram.from.ip() } else { datagram.to.ip() };
            end == rule.phone && fits(&rule.message, &message)
        };
        let Some(at) = self.rules.iter().position(befalls) else { return Some(datagram) };
        let rule = if self.rules[at].once { self.rules.remove(at) } else { self.rules[at].clone() };
        let (what, with) = rule.change?;
        datagram.bytes = replaced(&datagram.bytes, &what, &with);
        Some(datagram)
    }

    /// A phone gets a message.
    pub(crate) fn arrives(&mut self, phone: IpAddr, bytes: &Bytes) {
        if let Some(message) = message_of(bytes) {
            self.seen.entry(phone).or_default().push(message);
        }
    }

    /// The last message of that kind that a phone sent.
    pub(crate) fn last(&self, message: &Message, phone: IpAddr) -> Option<Datagram> {
        let kind = |d: &&Datagram| {
            d.from.ip() == phone && message_of(&d.bytes).is_some_and(|m| fits(message, &m))
        };
        self.sent.iter().rev().map(|(_, d)| d).find(kind).cloned()
    }

    /// Whether the last message of that kind to a phone has a text somewhere.
    pub(crate) fn last_has(&self, message: &Message, phone: IpAddr, text: &str) -> Option<bool> {
        let kind = |d: &&Datagram| {
            d.to.ip() == phone && message_of(&d.bytes).is_some_and(|m| fits(message, &m))
        };
        let last = self.sent.iter().rev().map(|(_, d)| d).find(kind)?;
        Some(String::from_utf8_lossy(&last.bytes).contains(text))
    }

    /// The most such messages that the node sent within a time.
    pub(crate) fn most(&self, message: &Message, within: Micros) -> usize {
        let ours = self.sent.iter().filter(|(_, d)| d.from == server());
        let kind = |d: &Datagram| message_of(&d.bytes).is_some_and(|m| fits(message, &m));
        let times: Vec<Mono> = ours.filter(|(_, d)| kind(d)).map(|(at, _)| *at).collect();
        let from = |at: &Mono| times.iter().filter(|t| *t >= at && t.since(*at) < within).count();
        times.iter().map(from).max().unwrap_or(0)
    }
}

/// Whether a message is one of those that are meant.
pub(crate) fn fits(meant: &Message, message: &Message) -> bool {
    let same_kind = match meant.status {
        Some(status) => message.status == Some(status),
        None => message.status.is_none(),
    };
    same_kind && (meant.method.is_none() || meant.method == message.method)
}

fn message_of(bytes: &Bytes) -> Option<Message> {
    let msg = Msg::parse_datagram(bytes.clone()).ok()?;
    let method = format!("{:?}", msg.cseq()?.method).to_ascii_uppercase();
    Some(Message { status: msg.status(), method: Some(method) })
}

fn replaced(bytes: &Bytes, what: &[u8], with: &[u8]) -> Bytes {
    let Some(at) = bytes.windows(what.len().max(1)).position(|w| w == what) else {
        return bytes.clone();
    };
    let (before, after) = bytes.split_at(at);
    let after = after.get(what.len()..).unwrap_or_default();
    Bytes::from([before, with, after].concat())
}
