//! One message of our own for every section of RFC 4475 and RFC 5118, over datagram and stream;
//! the verdicts are those of the design (sip.md §3.3).

use bytes::Bytes;

use crate::msg::check::{Policy, Verdict, verdict};
use crate::msg::contact::Contacts;
use crate::msg::frame::{Frame, Framer};
use crate::msg::refuse::{Address, broken, refused};
use crate::msg::uri::{Host, Uri};
use crate::msg::{HeaderId, Msg, ParseError};

pub(super) const POLICY: Policy<'static> =
    Policy { known_source: false, supported: &["100rel", "timer", "replaces"] };

/// What the far end sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    /// Handled as its method demands.
    Handled,
    /// Refused with this status.
    Status(u16),
    /// Nothing is sent.
    Silence,
    /// 400 (or nothing, `0`), and the stream is closed.
    Closed(u16),
    /// Nothing yet: more bytes are waited for.
    Waiting,
}
use Seen::*;

const TO: Address<'static> = Address { source: None, to_tag: "torture" };

/// Reads the status of a refusal and checks that it is one that its sender would understand.
fn status_of(reply: Option<Bytes>, request: &Msg) -> u16 {
    let Some(reply) = reply else { return 0 };
    let reply = Msg::parse_datagram(reply).expect("our own response");
    assert_eq!(verdict(&reply, &POLICY), Verdict::Ok, "{reply:?}");
    assert_eq!(reply.call_id(), request.call_id());
    assert_eq!(reply.value(HeaderId::CSeq), request.value(HeaderId::CSeq));
    assert!(reply.to().unwrap().tag().is_some());
    reply.status().unwrap()
}

fn judge(msg: &Msg) -> Seen {
    match verdict(msg, &POLICY) {
        Verdict::Ok => Handled,
        Verdict::Discard(_) => Silence,
        Verdict::Refuse(refusal) => {
            let mut scratch = Vec::new();
            let reply = refused(refusal, msg, &POLICY, TO, &mut scratch).expect("a refusal");
            let text = String::from_utf8_lossy(&reply).into_owned();
            assert!(text.starts_with(&format!("SIP/2.0 {} ", refusal.status())), "{text}");
            Status(refusal.status())
        }
    }
}

fn judge_error(error: &ParseError) -> u16 {
    match broken(error, TO, &mut Vec::new()) {
        None => 0,
        Some(reply) => {
            let text = String::from_utf8_lossy(&reply).into_owned();
            let status = text.get(8..11).and_then(|s| s.parse().ok()).unwrap();
            assert_eq!(status, error.status());
            status
        }
    }
}

fn by_datagram(bytes: &[u8]) -> Seen {
    match Msg::parse_datagram(Bytes::copy_from_slice(bytes)) {
        Ok(msg) => judge(&msg),
        Err(error) => match judge_error(&error) {
            0 => Silence,
            status => Status(status),
        },
    }
}

fn by_stream(bytes: &[u8]) -> Vec<Seen> {
    let mut framer = Framer::new();
    let mut seen = Vec::new();
    framer.push(bytes);
    while let Some(frame) = framer.next() {
        match frame {
            Frame::Msg(msg) => seen.push(judge(&msg)),
            Frame::Ping | Frame::Pong => {}
            Frame::Bad { error, close: true } => seen.push(Closed(judge_error(&error))),
            Frame::Bad { error, close: false } => {
                assert_eq!(judge_error(&error), 0);
                seen.push(Silence);
            }
        }
    }
    if framer.is_incomplete() {
        seen.push(Waiting);
    }
    seen
}

/// File, what a datagram gets, what a stream gets.
const RFC4475: [(&str, Seen, &[Seen]); 49] = [
    ("3.1.1.1-wsinv", Handled, &[Handled]),
    ("3.1.1.2-intmeth", Status(501), &[Status(501)]),
    ("3.1.1.3-esc01", Handled, &[Handled]),
    ("3.1.1.4-escnull", Handled, &[Handled]),
    ("3.1.1.5-esc02", Status(501), &[Status(501)]),
    ("3.1.1.6-lwsdisp", Handled, &[Handled]),
    ("3.1.1.7-longreq", Handled, &[Handled]),
    ("3.1.1.8-dblreq", Handled, &[Handled, Handled]),
    ("3.1.1.9-semiuri", Handled, &[Handled]),
    ("3.1.1.10-transports", Handled, &[Handled]),
    ("3.1.1.11-mpart01", Handled, &[Handled]),
    ("3.1.1.12-unreason", Handled, &[Handled]),
    ("3.1.1.13-noreason", Handled, &[Handled]),
    ("3.1.2.1-badinv01", Status(400), &[Status(400)]),
    ("3.1.2.2-clerr", Status(400), &[Waiting]),
    ("3.1.2.3-ncl", Status(400), &[Closed(400)]),
    ("3.1.2.4-scalar02", Status(400), &[Status(400)]),
    ("3.1.2.5-scalarlg", Silence, &[Silence]),
    ("3.1.2.6-quotbal", Status(400), &[Status(400)]),
    ("3.1.2.7-ltgtruri", Status(400), &[Status(400)]),
    ("3.1.2.8-lwsruri", Status(400), &[Closed(400)]),
    ("3.1.2.9-lwsstart", Status(400), &[Closed(400)]),
    ("3.1.2.10-trws", Status(400), &[Closed(400)]),
    ("3.1.2.11-escruri", Status(400), &[Status(400)]),
    ("3.1.2.12-baddate", Handled, &[Handled]),
    ("3.1.2.13-regbadct", Status(400), &[Status(400)]),
    ("3.1.2.14-badaspec", Status(400), &[Status(400)]),
    ("3.1.2.15-baddn", Status(400), &[Status(400)]),
    ("3.1.2.16-badvers", Status(505), &[Status(505)]),
    ("3.1.2.17-mismatch01", Status(400), &[Status(400)]),
    ("3.1.2.18-mismatch02", Status(501), &[Status(501)]),
    ("3.1.2.19-bigcode", Silence, &[Silence]),
    ("3.2.1-badbranch", Status(400), &[Status(400)]),
    ("3.3.1-insuf", Silence, &[Silence]),
    ("3.3.2-unkscm", Status(416), &[Status(416)]),
    ("3.3.3-novelsc", Status(416), &[Status(416)]),
    ("3.3.4-unksm2", Status(400), &[Status(400)]),
    ("3.3.5-bext01", Status(420), &[Status(420)]),
    ("3.3.6-invut", Status(415), &[Status(415)]),
    // The 401 is that of any REGISTER without usable credentials.
    ("3.3.7-regaut01", Handled, &[Handled]),
    ("3.3.8-multi01", Status(400), &[Status(400)]),
    ("3.3.9-mcl01", Status(400), &[Closed(400)]),
    // Discarded one layer up, by its top Via.
    ("3.3.10-bcast", Handled, &[Handled]),
    ("3.3.11-zeromf", Handled, &[Handled]),
    ("3.3.12-cparam01", Handled, &[Handled]),
    ("3.3.13-cparam02", Handled, &[Handled]),
    ("3.3.14-regescrt", Handled, &[Handled]),
    ("3.3.15-sdp01", Status(406), &[Status(406)]),
    // Without Content-Length a stream has no end of message.
    ("3.4.1-inv2543", Handled, &[Closed(400)]),
];

const RFC5118: [(&str, Seen, &[Seen]); 12] = [
    ("4.1-ipv6-good", Handled, &[Handled]),
    ("4.2-ipv6-bad", Status(400), &[Status(400)]),
    ("4.3-port-ambiguous", Handled, &[Handled]),
    ("4.4-port-unambiguous", Handled, &[Handled]),
    ("4.5-via-received-param-with-delim", Handled, &[Handled]),
    ("4.5-via-received-param-no-delim", Handled, &[Handled]),
    ("4.6-ipv6-in-sdp", Handled, &[Handled]),
    ("4.7-mult-ip-in-header", Handled, &[Handled]),
    ("4.8-mult-ip-in-sdp", Handled, &[Handled]),
    ("4.9-ipv4-mapped-ipv6", Handled, &[Handled]),
    ("4.10-ipv6-bug-abnf-3-colons", Handled, &[Handled]),
    ("4.10-ipv6-correct-abnf-2-colons", Handled, &[Handled]),
];

fn file(rfc: &str, name: &str) -> Vec<u8> {
    let path = format!("{}/testdata/{rfc}/{name}.dat", env!("CARGO_MANIFEST_DIR"));
    #[expect(clippy::disallowed_methods, reason = "test data")]
    std::fs::read(&path).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// Every message of the corpus with its name.
pub(super) fn corpus() -> Vec<(String, Vec<u8>)> {
    let of = |rfc, name: &&str| (format!("{rfc}/{name}"), file(rfc, name));
    let mut all: Vec<_> = RFC4475.iter().map(|(name, ..)| of("rfc4475", name)).collect();
    all.extend(RFC5118.iter().map(|(name, ..)| of("rfc5118", name)));
    all
}

fn load(rfc: &str, name: &str) -> Msg {
    Msg::parse_datagram(file(rfc, name).into()).expect(name)
}

#[test]
fn every_message_gets_the_verdict_of_the_design() {
    let rows = RFC4475.map(|r| ("rfc4475", r)).into_iter().chain(RFC5118.map(|r| ("rfc5118", r)));
    let mut wrong = Vec::new();
    for (rfc, (name, datagram, stream)) in rows {
        let bytes = file(rfc, name);
        let seen = (by_datagram(&bytes), by_stream(&bytes));
        if seen.0 != datagram || seen.1 != stream {
            wrong.push(format!("{name}: {seen:?} instead of {datagram:?} {stream:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn refusals_copy_what_identifies_the_request() {
    for (name, bytes) in corpus() {
        let Ok(msg) = Msg::parse_datagram(bytes.into()) else { continue };
        let Verdict::Refuse(refusal) = verdict(&msg, &POLICY) else { continue };
        // What these copy is what is wrong with them, so no response to them can be well formed.
        let unanswerable = [
            "badinv01",
            "multi01",
            "scalar02",
            "quotbal",
            "badaspec",
            "baddn",
            "badvers",
            "badbranch",
        ];
        if unanswerable.iter().any(|n| name.contains(n)) {
            continue;
        }
        let reply = refused(refusal, &msg, &POLICY, TO, &mut Vec::new());
        assert_eq!(status_of(reply, &msg), refusal.status(), "{name}");
    }
}

#[test]
fn wsinv_is_understood_in_every_part() {
    let msg = load("rfc4475", "3.1.1.1-wsinv");
    let vias: Vec<_> = msg.items(HeaderId::Via).collect();
    assert_eq!(vias.len(), 3);
    let top = msg.top_via().unwrap();
    assert_eq!((top.branch(), top.has_cookie()), (Some(&b"77plain0branch"[..]), false));
    assert_eq!(msg.max_forwards(), Some(55));
    assert_eq!(msg.cseq().unwrap().number, 17);
    assert_eq!(msg.to().unwrap().tag(), Some(&b"77ab01-hi"[..]));
    assert_eq!(msg.from().unwrap().display().unwrap(), "H. Tanaka \\\"");
    assert_eq!(msg.value(HeaderId::Subject), Some(&b""[..]));
    let folded = msg.values_named("hithertounknown").next().unwrap();
    assert_eq!(folded, b"first half second half third half");
    let Contacts::List(mut list) = msg.contacts() else { panic!() };
    let contact = list.next().unwrap();
    assert_eq!(
        (contact.q(), contact.address.display().unwrap().as_ref()),
        (420, "quoted \"inner\" words")
    );
    assert!(
        msg.addresses(HeaderId::Route).next().unwrap().parsed().unwrap().sip().unwrap().is_loose()
    );
    assert_eq!(msg.body().len(), 140);
}

#[test]
fn escapes_are_kept_and_decoded_only_on_request() {
    let msg = load("rfc4475", "3.1.1.9-semiuri");
    let uri = Uri::parse(msg.request_uri()).unwrap();
    assert_eq!(uri.user().unwrap().as_ref(), b"user;par=u@example.net");

    let msg = load("rfc4475", "3.1.1.4-escnull");
    let Contacts::List(list) = msg.contacts() else { panic!() };
    let uris: Vec<_> = list.map(|c| c.uri).collect();
    assert_eq!(uris.len(), 2);
    assert!(!uris[0].same(&uris[1]), "names are not cut at %00");
    assert_eq!(uris[1].user().unwrap().as_ref(), b"\0\0");

    let msg = load("rfc4475", "3.1.1.3-esc01");
    let plain = Uri::parse(b"sip:kanri@naisen.example").unwrap();
    assert!(msg.to().unwrap().parsed().unwrap().same(&plain));
}

#[test]
fn odd_tokens_and_bytes_survive() {
    let msg = load("rfc4475", "3.1.1.2-intmeth");
    assert_eq!(msg.to().unwrap().display().unwrap(), "RING:\u{7} ZERO:\0 GONE:\u{7f}");
    let from = msg.from().unwrap();
    assert_eq!(from.tag(), Some(&b"_tag`1'+~*%!-."[..]));
    assert_eq!(from.params.find("par'~+*_!.-%").unwrap().text().as_ref(), "内線".as_bytes());
}

#[test]
fn register_keeps_apart_uri_and_contact_parameters() {
    let contact = |name: &str| {
        let msg = load("rfc4475", name);
        let Contacts::List(mut list) = msg.contacts() else { panic!() };
        let contact = list.next().unwrap();
        let uri = contact.uri.sip().unwrap();
        (
            uri.params.has("unknownparam"),
            contact.address.params.has("unknownparam"),
            String::from_utf8(uri.raw.to_vec()).unwrap(),
            String::from_utf8(uri.without_headers().to_vec()).unwrap(),
        )
    };
    let (uri, header, ..) = contact("3.3.12-cparam01");
    assert!(!uri && header);
    let (uri, header, ..) = contact("3.3.13-cparam02");
    assert!(uri && !header);
    let (.., raw, stripped) = contact("3.3.14-regescrt");
    assert_eq!(raw, "sip:tanaka@192.0.2.51?Route=%3Csip:edge.example.net;lr%3E");
    assert_eq!(stripped, "sip:tanaka@192.0.2.51");
}

#[test]
fn scalars_out_of_range_are_as_if_absent() {
    let msg = load("rfc4475", "3.1.2.4-scalar02");
    assert_eq!((msg.cseq(), msg.max_forwards(), msg.expires()), (None, None, None));
    let Contacts::List(mut list) = msg.contacts() else { panic!() };
    assert_eq!(list.next().unwrap().expires(), None);
    assert_eq!(load("rfc4475", "3.1.2.12-baddate").date(), None);
    assert_eq!(load("rfc4475", "3.3.11-zeromf").max_forwards(), Some(0));
}

#[test]
fn refusals_say_what_their_status_demands() {
    let reply = |name: &str| {
        let msg = load("rfc4475", name);
        let Verdict::Refuse(refusal) = verdict(&msg, &POLICY) else { panic!("{name}") };
        let bytes = refused(refusal, &msg, &POLICY, TO, &mut Vec::new()).unwrap();
        Msg::parse_datagram(bytes).unwrap()
    };
    let value = |msg: &Msg, id| String::from_utf8(msg.value(id).unwrap().to_vec()).unwrap();
    let msg = reply("3.3.5-bext01");
    assert_eq!(value(&msg, HeaderId::Unsupported), "daremoShiranai, mattakuShiranai");
    assert!(value(&reply("3.3.6-invut"), HeaderId::Accept).contains("application/sdp"));
    assert!(value(&reply("3.3.15-sdp01"), HeaderId::Warning).starts_with("399 "));
    assert!(value(&reply("3.1.1.5-esc02"), HeaderId::Allow).contains("REGISTER"));
}

#[test]
fn ipv6_hosts_and_ports_are_told_apart() {
    let host = |name: &str| {
        let msg = load("rfc5118", name);
        let uri = Uri::parse(msg.request_uri()).unwrap().sip().unwrap();
        (uri.host.to_string(), uri.port)
    };
    assert_eq!(host("4.3-port-ambiguous"), ("[2001:db8::41:5070]".into(), None));
    assert_eq!(host("4.4-port-unambiguous"), ("[2001:db8::41]".into(), Some(5070)));
    let three = load("rfc5118", "4.10-ipv6-bug-abnf-3-colons");
    let two = load("rfc5118", "4.10-ipv6-correct-abnf-2-colons");
    let uri = |msg: &Msg| Uri::parse(msg.request_uri()).unwrap().sip().unwrap().host.to_string();
    assert_eq!(uri(&three), uri(&two));
    for name in ["4.5-via-received-param-with-delim", "4.5-via-received-param-no-delim"] {
        let msg = load("rfc5118", name);
        let received = msg.top_via().unwrap().received().unwrap();
        assert_eq!(Host::Ip(received), Host::parse(b"[2001:db8::42:255]").unwrap());
    }
}

#[test]
fn a_message_after_the_bad_one_is_read_on_the_same_stream() {
    let good = file("rfc4475", "3.1.1.6-lwsdisp");
    for (name, _, stream) in RFC4475 {
        let ends_stream = stream.iter().any(|s| matches!(s, Closed(_) | Waiting));
        let mut bytes = file("rfc4475", name);
        bytes.extend_from_slice(&good);
        let seen = by_stream(&bytes);
        if name.contains("clerr") {
            // What follows is taken for the rest of its body.
            assert_eq!(seen, [Waiting]);
        } else if ends_stream {
            assert_eq!(seen.len(), 1, "{name}: nothing is read after the error");
        } else {
            assert_eq!(seen.last(), Some(&Handled), "{name}");
        }
    }
}
