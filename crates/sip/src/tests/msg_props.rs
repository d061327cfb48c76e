//! Properties: round trip, fixpoint, any chunking, no panic on mutated messages.

use bytes::Bytes;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::msg_frame::drain;
use super::torture::{POLICY, corpus};
use crate::msg::auth::{AuthValue, Challenge, Challenges, Credentials};
use crate::msg::check::verdict;
use crate::msg::contact::ContactUri;
use crate::msg::cseq::{CSeq, RAck};
use crate::msg::event::{Event, SubscriptionState};
use crate::msg::frame::{Frame, Framer};
use crate::msg::name_addr::NameAddr;
use crate::msg::reason::{Reason, Warning};
use crate::msg::refuse::{Address, broken, refused};
use crate::msg::replaces::Replaces;
use crate::msg::session_expires::SessionExpires;
use crate::msg::uri::Uri;
use crate::msg::via::Via;
use crate::msg::write::{Reply, Writer, canonical};
use crate::msg::{HeaderId, Msg, date};

/// The same cases in every run.
fn runner(cases: u32) -> TestRunner {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    TestRunner::new_with_rng(config, rng)
}

/// A message of sound form with arbitrary content.
fn message() -> impl Strategy<Value = Vec<u8>> {
    let start = prop_oneof![
        "[A-Z]{1,9} sip:[!-;=?-~]{1,30} SIP/2\\.0",
        "SIP/2\\.0 [1-6][0-9]{2} [ -~]{0,20}",
    ];
    let name = prop_oneof![
        "[A-Za-z][A-Za-z.!%*_+`'~-]{0,20}",
        Just("Via".to_owned()),
        Just("m".to_owned()),
        Just("Subject".to_owned()),
    ];
    let not_length =
        name.prop_filter("own length", |n| HeaderId::of(n.as_bytes()) != HeaderId::ContentLength);
    let line_ends = prop_oneof![Just("\r\n"), Just("\n")];
    let value = proptest::collection::vec(
        any::<u8>().prop_filter("line end", |b| !matches!(b, b'\r' | b'\n')),
        0..40,
    );
    let fold = prop_oneof![4 => Just(""), 1 => Just("\r\n "), 1 => Just("\n\t ")];
    let header = (not_length, "[ \t]{0,2}", value.clone(), fold, value, line_ends.clone());
    let body = proptest::collection::vec(any::<u8>(), 0..60);
    (start, line_ends, proptest::collection::vec(header, 0..12), body).prop_map(
        |(start, end, headers, body)| {
            let mut text = format!("{start}{end}").into_bytes();
            for (name, space, first, fold, second, end) in headers {
                text.extend_from_slice(format!("{name}{space}:").as_bytes());
                for part in [&first[..], fold.as_bytes(), &second, end.as_bytes()] {
                    text.extend_from_slice(part);
                }
            }
            text.extend_from_slice(format!("l:{}\r\n\r\n", body.len()).as_bytes());
            text.extend_from_slice(&body);
            text
        },
    )
}

fn written(msg: &Msg) -> Vec<u8> {
    let mut out = Vec::new();
    canonical(msg, &mut out);
    out
}

/// Without Content-Length, which is written anew at the end.
fn same(a: &Msg, b: &Msg) -> bool {
    let key = |m: &Msg| -> Vec<(HeaderId, Vec<u8>, Vec<u8>)> {
        m.headers()
            .filter(|h| h.id != HeaderId::ContentLength)
            .map(|h| {
                let name = if h.id == HeaderId::Other { h.name.to_vec() } else { Vec::new() };
                (h.id, name, h.value.to_vec())
            })
            .collect()
    };
    a.start() == b.start() && key(a) == key(b) && a.body() == b.body()
}

fn check_round_trip(msg: &Msg) {
    let once = written(msg);
    let again = Msg::parse_datagram(Bytes::from(once.clone())).expect("what we write is readable");
    assert!(same(msg, &again), "{:?}", String::from_utf8_lossy(&once));
    let twice = written(&again);
    assert_eq!(once, twice, "writing is a fixpoint");
    assert!(again.same(&Msg::parse_datagram(Bytes::from(twice)).unwrap()));
}

#[test]
fn what_is_written_is_read_back() {
    runner(600)
        .run(&message(), |text| {
            check_round_trip(&Msg::parse_datagram(Bytes::from(text)).expect("sound form"));
            Ok(())
        })
        .unwrap();
    for (_, bytes) in corpus() {
        if let Ok(msg) = Msg::parse_datagram(bytes.into())
            && msg.version_ok()
        {
            check_round_trip(&msg);
        }
    }
}

#[test]
fn any_chunking_of_a_stream_gives_the_same_messages() {
    let messages = proptest::collection::vec(message(), 1..4);
    let cuts = proptest::collection::vec(1usize..90, 1..40);
    runner(300)
        .run(&(messages, cuts), |(messages, cuts)| {
            let stream = messages.concat();
            let mut whole = Framer::new();
            whole.push(&stream);
            let expected = drain(&mut whole);
            let mut framer = Framer::new();
            let mut seen = Vec::new();
            let mut rest = &stream[..];
            for cut in cuts.iter().cycle() {
                let (part, tail) = rest.split_at((*cut).min(rest.len()));
                framer.push(part);
                seen.extend(drain(&mut framer));
                rest = tail;
                if rest.is_empty() {
                    break;
                }
            }
            prop_assert_eq!(&seen, &expected);
            prop_assert_eq!(seen.len(), messages.len());
            Ok(())
        })
        .unwrap();
}

/// Asks every view about everything; none may panic.
fn look_at_everything(bytes: &[u8]) {
    let to = Address { source: "192.0.2.1:5060".parse().ok(), to_tag: "t" };
    let mut scratch = Vec::new();
    match Msg::parse_datagram(Bytes::copy_from_slice(bytes)) {
        Ok(msg) => {
            if let crate::msg::check::Verdict::Refuse(refusal) = verdict(&msg, &POLICY) {
                let _ = refused(refusal, &msg, &POLICY, to, &mut scratch);
            }
            let _ = written(&msg);
            let reply = Reply { code: 200, phrase: "", to_tag: Some("t"), source: to.source };
            let bytes = Writer::respond(&mut scratch, &msg, reply).finish_bytes().unwrap();
            assert!(Msg::parse_datagram(bytes).is_ok(), "our response is always readable");
            let _ = (msg.top_via(), msg.from(), msg.to(), msg.cseq(), msg.contacts());
            let _ = (msg.expires(), msg.max_forwards(), msg.retry_after(), msg.date());
            let _ = msg.pack().open();
            look_at_values(&msg);
        }
        Err(error) => {
            let _ = broken(&error, to, &mut scratch);
        }
    }
    let mut framer = Framer::new();
    framer.push(bytes);
    for _ in 0..bytes.len() + 2 {
        match framer.next() {
            None => break,
            Some(Frame::Bad { error, .. }) => drop(broken(&error, to, &mut scratch)),
            Some(_) => {}
        }
    }
}

fn look_at_values(msg: &Msg) {
    for header in msg.headers() {
        let value = header.value;
        for item in msg.items(header.id).take(8).chain([value]) {
            if let Some(view) = NameAddr::parse(item) {
                let _ = (view.display(), view.tag(), view.params.iter().count());
            }
            if let Some(contact) = ContactUri::parse(item) {
                let _ = (contact.q(), contact.expires(), contact.instance(), contact.reg_id());
            }
            if let Some(uri) = Uri::parse(item) {
                let _ = (uri.user(), uri.same(&uri));
                if let Some(sip) = uri.sip() {
                    let _ = (sip.without_headers(), sip.header("Replaces"), sip.user_decoded());
                }
            }
            if let Some(via) = Via::parse(item) {
                let _ = (via.received(), via.rport(), via.has_cookie());
            }
            let _ = (CSeq::parse(item), RAck::parse(item), Event::parse(item));
            let _ = (SubscriptionState::parse(item), SessionExpires::parse(item));
            let _ = (Replaces::parse(item), date::parse(item));
            let _ = Reason::parse(item).map(|r| r.text().is_some());
            let _ = Warning::parse(item).map(|w| w.text().len());
            let _ = (Credentials::parse(item), AuthValue::parse(item));
            let _ = Challenges::new(item).filter_map(Challenge::of).count();
        }
    }
}

#[test]
fn mutated_messages_never_panic() {
    let corpus: Vec<Vec<u8>> = corpus().into_iter().map(|(_, bytes)| bytes).collect();
    let which = 0..corpus.len();
    let edit = (any::<prop::sample::Index>(), 0u8..5, any::<u8>());
    let edits = proptest::collection::vec(edit, 1..12);
    runner(3_000)
        .run(&(which, edits), |(which, edits)| {
            let mut bytes = corpus[which].clone();
            for (at, kind, byte) in edits {
                if bytes.is_empty() {
                    break;
                }
                let at = at.index(bytes.len());
                match kind {
                    0 => bytes[at] = byte,
                    1 => drop(bytes.remove(at)),
                    2 => bytes.insert(at, b"\r\n:;,<>\"\\ %@\x81\x00"[usize::from(byte) % 14]),
                    3 => bytes.truncate(at),
                    _ => {
                        let part = bytes[at..(at + usize::from(byte)).min(bytes.len())].to_vec();
                        bytes.splice(at..at, part);
                    }
                }
            }
            look_at_everything(&bytes);
            Ok(())
        })
        .unwrap();
}

#[test]
fn views_never_panic_on_short_values() {
    let value = proptest::collection::vec(
        prop_oneof![
            3 => prop::sample::select(b"\"\\<>;,=:@?%[]/ *.0123456789abSIPsip-".to_vec()),
            1 => any::<u8>().prop_filter("line end", |b| !matches!(b, b'\r' | b'\n')),
        ],
        0..40,
    );
    runner(4_000)
        .run(&value, |value| {
            let mut text = b"OPTIONS sip:x SIP/2.0\r\nm: ".to_vec();
            text.extend_from_slice(&value);
            text.extend_from_slice(b"\r\nContent-Length: 0\r\n\r\n");
            look_at_everything(&text);
            Ok(())
        })
        .unwrap();
}
