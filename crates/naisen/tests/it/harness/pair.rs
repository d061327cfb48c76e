//! A caller and a callee, each on its own transport, and what the SDP of both has in common.

use super::exchange::Exchange;
use super::have;
use super::script::Script;
use super::sipp::{MIXED, Message, Messages, Over, Phone, Run};

/// What the two telephones of a call saw.
pub(crate) struct Seen {
    /// By the caller.
    pub(crate) near: Messages,
    /// By the callee.
    pub(crate) far: Messages,
    /// Transports of caller and callee, for messages of failure.
    pub(crate) over: (Over, Over),
}

/// Plays a caller (2101) and a callee (2102, 2103) against each other: first the caller on TCP and
/// the callee on UDP, then the other way round. Gives the exchange with its two calls.
#[track_caller]
pub(crate) fn both_ways(
    name: &str,
    path: &str,
    (caller, callee): (&Script, &Script),
    check: impl Fn(&Seen),
) -> Option<Exchange> {
    if !have(&["sipp"]) {
        return None;
    }
    let exchange = Exchange::start(name, path, 2101..2104);
    for (over, dn) in MIXED.into_iter().zip(2102..) {
        check(&play(&exchange, over, (caller, callee), dn));
    }
    Some(exchange)
}

/// One call from 2101 to `dn`.
#[track_caller]
pub(crate) fn play(
    exchange: &Exchange,
    over: (Over, Over),
    (caller, callee): (&Script, &Script),
    dn: u32,
) -> Seen {
    let mut called = Phone::on(exchange, dn, over.1);
    let mut calling = Phone::calling(exchange, 2101, over.0);
    let far = called.play(callee, 2101);
    let near = calling.play(caller, dn);
    let [near, far] = Run::all_good([near, far]);
    Seen { near, far, over }
}

/// What one telephone sent came to the other byte for byte.
#[track_caller]
pub(crate) fn same_sdp(sent: &Message, got: &Message) {
    assert!(!sent.body().is_empty(), "{} had no SDP", sent.first());
    assert_eq!(lines(sent, ""), lines(got, ""), "{} and {}", sent.first(), got.first());
}

/// The same, but the line of the session's origin belongs to the exchange.
#[track_caller]
pub(crate) fn same_but_origin(sent: &Message, got: &Message) {
    assert!(!sent.body().is_empty(), "{} had no SDP", sent.first());
    assert_eq!(lines(sent, "o="), lines(got, "o="), "{} and {}", sent.first(), got.first());
}

fn lines(message: &Message, without: &str) -> Vec<String> {
    let all = message.sdp("").into_iter();
    all.filter(|line| without.is_empty() || !line.starts_with(without)).collect()
}

/// Relayed: everything but addresses and ports is the same, and these are the exchange's.
#[track_caller]
pub(crate) fn same_but_places(sent: &Message, got: &Message) {
    let formats = |message: &Message| -> Vec<String> {
        let places = ["o=", "c=", "a=rtcp:"];
        let lines =
            message.sdp("").into_iter().filter(|l| !places.iter().any(|p| l.starts_with(p)));
        lines
            .map(|line| match line.strip_prefix("m=audio ") {
                Some(rest) => rest.split_once(' ').map_or("", |(_, rest)| rest).to_owned(),
                None => line,
            })
            .collect()
    };
    assert_eq!(formats(sent), formats(got), "{} and {}", sent.first(), got.first());
    for kind in ["c=", "m=audio "] {
        assert_ne!(sent.sdp(kind), got.sdp(kind), "{kind} was not replaced");
    }
}

/// Every description that a telephone got belongs to one session, and its version rises by one
/// with every change (RFC 3264 §8).
#[track_caller]
pub(crate) fn one_session(seen: &Messages) {
    let mut last: Option<(String, u64, Vec<String>)> = None;
    for message in seen.0.iter().filter(|m| !m.sent && !m.body().is_empty()) {
        let Some(origin) = message.sdp("o=").pop() else { continue };
        let words: Vec<&str> = origin.split(' ').collect();
        let version: u64 = words[2].parse().unwrap();
        let session = [words[0], words[1], words[3], words[4], words[5]].join(" ");
        let rest = lines(message, "o=");
        if let Some((known, before, body)) = &last {
            assert_eq!(*known, session, "{}\n{}", message.first(), seen.brief());
            let risen = u64::from(*body != rest);
            let texts = format!("{body:#?}\n{rest:#?}\n{}", seen.brief());
            assert_eq!(version - before, risen, "{}: {texts}", message.first());
        }
        last = Some((session, version, rest));
    }
}
