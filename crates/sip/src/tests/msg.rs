//! Reading messages: the index, strictness, Content-Length, folding, bytes that are no UTF-8.

use bytes::Bytes;

use super::torture::POLICY;
use crate::msg::check::{Problem, Refusal, Verdict, verdict};
use crate::msg::refuse::{Address, broken};
use crate::msg::{Fault, HeaderId, Method, Msg, Start};

/// A request with `extra` header lines and a body, its line ends written as `\n`.
pub(super) fn request(extra: &str, body: &str) -> Vec<u8> {
    let head = format!(
        "INVITE sip:2001@naisen.example SIP/2.0\n\
         Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKq1;rport\n\
         From: <sip:2002@naisen.example>;tag=a1\n\
         To: <sip:2001@naisen.example>\n\
         Call-ID: c1@192.0.2.1\n\
         CSeq: 1 INVITE\n\
         Contact: <sip:2002@192.0.2.1>\n\
         Max-Forwards: 70\n{extra}\n"
    );
    let mut text = head.replace('\n', "\r\n").into_bytes();
    text.extend_from_slice(body.as_bytes());
    text
}

pub(super) fn parse(text: impl Into<Vec<u8>>) -> Msg {
    Msg::parse_datagram(Bytes::from(text.into())).expect("a readable message")
}

fn fault(text: impl Into<Vec<u8>>) -> Fault {
    Msg::parse_datagram(Bytes::from(text.into())).expect_err("a broken message").fault
}

/// The status of the refusal of an unreadable datagram, 0 for none.
fn refusal(text: impl Into<Vec<u8>>) -> u16 {
    let error = Msg::parse_datagram(Bytes::from(text.into())).expect_err("a broken message");
    let to = Address { source: None, to_tag: "x" };
    broken(&error, to, &mut Vec::new()).map_or(0, |r| parse(r.to_vec()).status().unwrap())
}

#[test]
fn a_request_is_taken_apart() {
    let msg = parse(request("", ""));
    let Start::Request { method, token, uri } = msg.start() else { panic!() };
    assert_eq!(
        (method, token, uri),
        (Method::Invite, &b"INVITE"[..], &b"sip:2001@naisen.example"[..])
    );
    assert_eq!(msg.header_count(), 7);
    assert_eq!(msg.call_id(), b"c1@192.0.2.1");
    assert_eq!(verdict(&msg, &POLICY), Verdict::Ok);
}

#[test]
fn a_response_is_taken_apart() {
    for (line, code, phrase) in [
        ("SIP/2.0 180 Ringing", 180, "Ringing"),
        ("SIP/2.0 200 ", 200, ""),
        ("SIP/2.0 486", 486, ""),
        ("sip/2.0 603 No  way", 603, "No  way"),
    ] {
        let msg = parse(format!("{line}\r\nv: x\r\n\r\n"));
        assert_eq!(msg.start(), Start::Response { code, phrase: phrase.as_bytes() }, "{line}");
    }
    for line in
        ["SIP/2.0 99 x", "SIP/2.0 0200 x", "SIP/2.0 700 x", "SIP/2.0 20 x", "SIP/2.0  200 x"]
    {
        assert_eq!(fault(format!("{line}\r\n\r\n")), Fault::StartLine, "{line}");
    }
}

#[test]
fn compact_and_odd_case_names_are_the_same_header() {
    for (name, id) in [
        ("a", HeaderId::AcceptContact),
        ("b", HeaderId::ReferredBy),
        ("c", HeaderId::ContentType),
        ("d", HeaderId::RequestDisposition),
        ("e", HeaderId::ContentEncoding),
        ("f", HeaderId::From),
        ("i", HeaderId::CallId),
        ("j", HeaderId::RejectContact),
        ("k", HeaderId::Supported),
        ("l", HeaderId::ContentLength),
        ("m", HeaderId::Contact),
        ("n", HeaderId::IdentityInfo),
        ("o", HeaderId::Event),
        ("r", HeaderId::ReferTo),
        ("s", HeaderId::Subject),
        ("t", HeaderId::To),
        ("u", HeaderId::AllowEvents),
        ("v", HeaderId::Via),
        ("x", HeaderId::SessionExpires),
        ("y", HeaderId::Identity),
        ("WWW-AUTHENTICATE", HeaderId::WwwAuthenticate),
        ("cSeQ", HeaderId::CSeq),
        ("Vai", HeaderId::Other),
        ("z", HeaderId::Other),
        ("", HeaderId::Other),
    ] {
        assert_eq!(HeaderId::of(name.as_bytes()), id, "{name}");
        assert_eq!(HeaderId::of(name.to_uppercase().as_bytes()), id, "{name}");
    }
}

/// SIP-D03.
#[test]
fn without_content_length_the_body_runs_to_the_end_of_the_datagram() {
    let msg = parse(request("Content-Type: application/sdp\n", "v=0\r\ns=-\r\n"));
    assert_eq!(msg.body(), b"v=0\r\ns=-\r\n");
}

#[test]
fn what_follows_the_body_is_ignored() {
    let msg = parse(request("Content-Length: 3\n", "v=0\r\nINVITE"));
    assert_eq!((msg.body(), msg.raw().ends_with(b"v=0")), (&b"v=0"[..], true));
    assert_eq!(parse(request("Content-Length: 0\n", "x")).body(), b"");
}

/// SIP-D04.
#[test]
fn a_wrong_content_length_is_refused() {
    for value in ["abc", "4", "-1", "", "1 2", "0x3", "99999999999999999999", "65537", "+3"] {
        let text = request(&format!("Content-Length: {value}\n"), "v=0");
        assert_eq!(refusal(text), 400, "{value}");
    }
    let two = |a, b| request(&format!("Content-Length: {a}\nl: {b}\n"), "v=0");
    assert_eq!(refusal(two(3, 2)), 400);
    assert_eq!(parse(two(3, 3)).body(), b"v=0", "the same length twice says one thing");
}

#[test]
fn keep_alives_and_padding_are_skipped() {
    for text in ["", "\r\n", "\r\n\r\n", "\0", "\0\0\r\n\n"] {
        assert_eq!(fault(text), Fault::Empty, "{text:?}");
        assert_eq!(refusal(text), 0);
    }
    let mut text = b"\r\n\r\n\0\0".to_vec();
    text.extend(request("", ""));
    assert_eq!(parse(text).method(), Some(Method::Invite));
}

#[test]
fn line_feeds_alone_end_lines_but_carriage_returns_alone_do_not() {
    let text = request("Subject: one\n", "body");
    let lf: Vec<u8> = text.iter().copied().filter(|b| *b != b'\r').collect();
    assert_eq!(parse(lf).value(HeaderId::Subject), Some(&b"one"[..]));
    assert_eq!(fault(request("Subject: one\rTo: <sip:x@y>\n", "")), Fault::BareCr);
    assert_eq!(refusal(request("Subject: one\rTo: <sip:x@y>\n", "")), 400);
    assert_eq!(fault(request("Subject: one\r\n", "").as_slice()), Fault::BareCr);
    assert_eq!(parse(request("", "a\rb")).body(), b"a\rb", "a body may hold anything");
}

#[test]
fn malformed_lines_are_refused() {
    for (extra, expected) in [
        ("no colon here\n", Fault::HeaderLine),
        (": no name\n", Fault::HeaderLine),
        ("two words: x\n", Fault::HeaderLine),
        ("ct(l): x\n", Fault::HeaderLine),
    ] {
        assert_eq!(fault(request(extra, "")), expected, "{extra}");
        assert_eq!(refusal(request(extra, "")), 400, "{extra}");
    }
    for line in [
        "INVITE",
        "INVITE sip:x",
        "INVITE sip:x\tSIP/2.0",
        " INVITE sip:x SIP/2.0",
        "INVITE sip:x SIP/2",
        "INVITE sip:x HTTP/1.1",
        "IN(VITE sip:x SIP/2.0",
        "\tx\r\n",
    ] {
        let text = format!("{line}\r\nVia: x\r\n\r\n");
        assert_eq!(fault(text), Fault::StartLine, "{line}");
    }
    assert_eq!(fault("INVITE sip:x SIP/2.0\r\nTo: x\r\n"), Fault::HeadUnended);
}

#[test]
fn nothing_answers_a_broken_response_a_broken_ack_or_what_names_nobody() {
    let ack = String::from_utf8(request("bad\n", "")).unwrap().replace("INVITE", "ACK");
    assert_eq!(refusal(ack), 0);
    let reply = String::from_utf8(request("bad\n", "")).unwrap();
    let reply = reply.replacen("INVITE sip:2001@naisen.example SIP/2.0", "SIP/2.0 200 OK", 1);
    assert_eq!(refusal(reply), 0);
    for name in ["Via", "From", "To", "Call-ID", "CSeq"] {
        let text = String::from_utf8(request("bad\n", "")).unwrap();
        assert_eq!(refusal(text.replace(&format!("\r\n{name}:"), "\r\nX-Gone:")), 0, "{name}");
    }
}

/// SIP-D29.
#[test]
fn a_hundred_headers_are_kept_and_folds_are_gone() {
    let mut extra = String::new();
    for n in 0..93 {
        extra += &format!("X-Kept-{n}: value\n  {n},\n\tend\n");
    }
    let msg = parse(request(&extra, ""));
    assert_eq!(msg.header_count(), 100);
    let last = msg.headers().last().unwrap();
    assert_eq!((last.name, last.value), (&b"X-Kept-92"[..], &b"value 92, end"[..]));
    assert!(msg.headers().all(|h| !h.value.contains(&b'\n') && !h.value.contains(&b'\r')));
    assert_eq!(msg.values_named("x-kept-50").next(), Some(&b"value 50, end"[..]));
}

#[test]
fn a_fold_cannot_hide_an_empty_line_or_join_the_start_line() {
    let msg = parse(request("Subject:\n \n\tx\n", "body"));
    assert_eq!((msg.value(HeaderId::Subject), msg.body()), (Some(&b"x"[..]), &b"body"[..]));
    let text = "OPTIONS sip:a@b.c\r\n SIP/2.0\r\nVia: x\r\n\r\n";
    assert_eq!(fault(text), Fault::StartLine);
}

/// SIP-D02.
#[test]
fn a_shift_jis_name_costs_no_header_and_is_shown() {
    // The second byte of 表 and ソ is a backslash; 能 and 十 end in it as well.
    for name in ["山田 太郎", "表", "ソフト開発部 能登 十", "ﾔﾏﾀﾞ", "予約\"席\""]
    {
        let escaped = name.replace('"', "\\\"");
        let (sjis, _, lossy) = encoding_rs::SHIFT_JIS.encode(&escaped);
        assert!(!lossy);
        let text = String::from_utf8(request("Subject: after\n", "")).unwrap();
        let (head, tail) = text.split_once("From: ").unwrap();
        let mut bytes = format!("{head}From: \"").into_bytes();
        bytes.extend_from_slice(&sjis);
        bytes.extend_from_slice(b"\" ");
        bytes.extend_from_slice(tail.as_bytes());
        let msg = parse(bytes);
        assert_eq!(verdict(&msg, &POLICY), Verdict::Ok, "{name}");
        let from = msg.from().unwrap();
        assert_eq!((from.display().unwrap().as_ref(), from.tag()), (name, Some(&b"a1"[..])));
        assert_eq!(msg.value(HeaderId::Subject), Some(&b"after"[..]));
        assert_eq!(msg.header_count(), 8);
    }
}

#[test]
fn names_in_utf_8_are_never_read_as_shift_jis() {
    let name = "日本語 \\\\ and \\\"quotes\\\"";
    let text = String::from_utf8(request("", "")).unwrap();
    let text = text.replace("From: ", &format!("From: \"{name}\" "));
    let msg = parse(text);
    assert_eq!(msg.from().unwrap().display().unwrap(), "日本語 \\ and \"quotes\"");
}

#[test]
fn bytes_of_no_encoding_are_shown_with_replacements() {
    let mut bytes = b"\"ok \xff\xfe end\" <sip:a@b.c>".to_vec();
    let view = crate::msg::name_addr::NameAddr::parse(&bytes).unwrap();
    assert!(view.display().unwrap().starts_with("ok \u{fffd}"));
    bytes = b"\x8eR\x93c <sip:a@b.c>".to_vec();
    let view = crate::msg::name_addr::NameAddr::parse(&bytes).unwrap();
    assert_eq!(view.display().unwrap(), "山田", "unquoted Shift_JIS");
}

#[test]
fn a_packed_message_is_as_large_as_its_text_and_opens_again() {
    let mut text = request("Subject: one\n two\n", "v=0");
    let spare = text.len();
    text.resize(spare + 60_000, 0);
    let msg = parse(request("Subject: one\n two\nContent-Length: 3\n", "v=0 trailing rubbish"));
    let packed = msg.pack();
    assert_eq!(packed.bytes().len(), msg.raw().len());
    assert!(packed.open().unwrap().same(&msg));
    assert!(std::mem::size_of::<Msg>() <= 448, "{}", std::mem::size_of::<Msg>());
}

#[test]
fn acks_are_never_refused() {
    let text = String::from_utf8(request("", "")).unwrap();
    let ack = text.replace("INVITE sip", "ACK isbn").replace("1 INVITE", "1 ACK");
    assert!(matches!(verdict(&parse(ack), &POLICY), Verdict::Discard(_)));
    let ack = text.replace("INVITE sip", "ACK sip");
    assert_eq!(verdict(&parse(ack), &POLICY), Verdict::Discard(Problem::MethodMismatch));
    let required = text.replace("INVITE", "ACK").replace("Max-F", "Require: nothing\r\nMax-F");
    assert_eq!(verdict(&parse(required), &POLICY), Verdict::Ok, "Require is ignored in ACK");
}

#[test]
fn extensions_bodies_and_accept_are_judged() {
    let of = |extra: &str, body: &str| verdict(&parse(request(extra, body)), &POLICY);
    let sdp = "Content-Type: application/SDP ; charset=utf-8\n";
    assert_eq!(of(sdp, "v=0"), Verdict::Ok);
    assert_eq!(of("c: multipart/alternative;boundary=x\n", "--x"), Verdict::Ok);
    assert_eq!(of("", "v=0"), Verdict::Refuse(Refusal::MediaType));
    assert_eq!(of("c: application/isup\n", "\u{1}"), Verdict::Refuse(Refusal::MediaType));
    let optional = "c: application/isup\nContent-Disposition: signal; handling=optional\n";
    assert_eq!(of(optional, "\u{1}"), Verdict::Ok);
    assert_eq!(of(&format!("{sdp}e: gzip\n"), "v=0"), Verdict::Refuse(Refusal::MediaType));
    assert_eq!(of("Require: 100REL, Timer\n", ""), Verdict::Ok);
    assert_eq!(of("Require: timer\nRequire: x\n", ""), Verdict::Refuse(Refusal::Extension));
    assert_eq!(of("Proxy-Require: x\n", ""), Verdict::Ok, "we are no proxy");
    for (accept, ok) in [
        ("Accept: application/sdp", true),
        ("Accept: text/x, application/*", true),
        ("Accept: */*;q=0.1", true),
        ("Accept: application/sdp;q=0", false),
        ("Accept: text/x", false),
        ("Accept:", false),
    ] {
        assert_eq!(of(&format!("{accept}\n"), "") == Verdict::Ok, ok, "{accept}");
    }
}
