//! Every limit of one message (sip.md §3.2): at the limit it passes, one above it does not.

use bytes::Bytes;

use super::msg::{parse, request};
use super::torture::POLICY;
use crate::msg::check::{Policy, Problem, Refusal, Verdict, verdict};
use crate::msg::{Fault, Msg};

fn fault(text: Vec<u8>) -> Option<Fault> {
    Msg::parse_datagram(Bytes::from(text)).err().map(|e| e.fault)
}

fn judge(extra: &str, body: &str) -> Verdict {
    verdict(&parse(request(extra, body)), &POLICY)
}

fn malformed(problem: Problem) -> Verdict {
    Verdict::Refuse(Refusal::Malformed(problem))
}

#[test]
fn message_of_64_kib() {
    let of = |total: usize| {
        let empty = request("Content-Type: text/plain\n", "").len();
        request("Content-Type: text/plain\n", &"x".repeat(total - empty))
    };
    assert_eq!(fault(of(65_536)), None);
    let error = Msg::parse_datagram(Bytes::from(of(65_537))).unwrap_err();
    assert_eq!((error.fault, error.status()), (Fault::TooLarge, 513));
    assert!(error.answerable().is_none(), "a datagram that large is dropped");
}

#[test]
fn header_lines_128_and_64_for_strangers() {
    let of = |total: usize| request(&"X-A: y\n".repeat(total - 7), "");
    assert_eq!(fault(of(128)), None);
    assert_eq!(fault(of(129)), Some(Fault::TooManyHeaders));
    assert_eq!(verdict(&parse(of(64)), &POLICY), Verdict::Ok);
    assert_eq!(verdict(&parse(of(65)), &POLICY), malformed(Problem::TooManyHeaders));
    let known = Policy { known_source: true, ..POLICY };
    assert_eq!(verdict(&parse(of(128)), &known), Verdict::Ok);
}

#[test]
fn header_value_of_8_kib() {
    let of = |length: usize| request(&format!("Subject: {}\n", "x".repeat(length)), "");
    assert_eq!(fault(of(8_192)), None);
    assert_eq!(fault(of(8_193)), Some(Fault::HeaderTooLong));
}

#[test]
fn uri_of_2_kib() {
    let with = |uri: &str| {
        let text = String::from_utf8(request("", "")).unwrap();
        text.replacen("sip:2001@naisen.example", uri, 1).into_bytes()
    };
    let uri = |length: usize| format!("sip:{}@b.c", "x".repeat(length - 8));
    assert_eq!(fault(with(&uri(2_048))), None);
    assert_eq!(fault(with(&uri(2_049))), Some(Fault::UriTooLong));
    let contact = |length: usize| {
        let text = String::from_utf8(request("", "")).unwrap();
        let text = text.replace("sip:2002@192.0.2.1", &uri(length));
        verdict(&parse(text), &POLICY)
    };
    assert_eq!(contact(2_048), Verdict::Ok);
    assert_eq!(contact(2_049), malformed(Problem::Contact));
}

#[test]
fn via_and_route_entries_70() {
    let vias = |n: usize| format!("Via: {}\n", vec!["SIP/2.0/UDP h;branch=x"; n].join(","));
    assert_eq!(judge(&vias(69), ""), Verdict::Ok);
    assert_eq!(judge(&vias(70), ""), malformed(Problem::TooManyEntries));
    let routes = |n: usize| format!("Route: {}\n", vec!["<sip:h;lr>"; n].join(","));
    assert_eq!(judge(&routes(70), ""), Verdict::Ok);
    assert_eq!(judge(&routes(71), ""), malformed(Problem::TooManyEntries));
}

#[test]
fn contacts_10() {
    let of = |n: usize| format!("m: {}\n", vec!["<sip:a@b.c>"; n - 1].join(","));
    assert_eq!(judge(&of(10), ""), Verdict::Ok);
    assert_eq!(judge(&of(11), ""), malformed(Problem::TooManyEntries));
}

#[test]
fn sdp_of_32_kib() {
    let of = |n: usize| judge("c: application/sdp\n", &"v".repeat(n));
    assert_eq!(of(32_768), Verdict::Ok);
    assert_eq!(of(32_769), malformed(Problem::BodyTooLong));
}

/// Work, not time: the worst messages within the limits are read and judged thousands of times.
/// A quadratic view would make this test run for minutes.
#[test]
fn the_worst_messages_within_the_limits_are_cheap() {
    let many = "<a:b>,".repeat(1_365);
    let deep = format!("{}x", "\"a\\\"".repeat(2_000));
    let worst = [
        format!("Subject: {}\n", "\u{3000}".repeat(2_700)),
        format!("m: {many}<a:b>\n").repeat(7),
        format!("Route: {many}<a:b>\n").repeat(7),
        format!("Require: {}\n", ",".repeat(8_000)).repeat(7),
        format!("Accept: {}\n", "a/b;q=0,".repeat(1_000)).repeat(7),
        format!("Alert-Info: {deep}\n").repeat(7),
        format!("x: {}\n", ";".repeat(8_000)).repeat(7),
        "a\n b\n".replace("a\n", "S:a\n").repeat(110),
    ];
    for extra in worst {
        let text = Bytes::from(request(&extra, ""));
        for _ in 0..20 {
            let Ok(msg) = Msg::parse_datagram(text.clone()) else { continue };
            let _ = verdict(&msg, &POLICY);
            let _ = msg.contacts();
            let _ = msg.items(crate::msg::HeaderId::AlertInfo).count();
        }
    }
}
