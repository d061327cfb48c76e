//! Writing: what is copied, what is added, what is refused.

use std::net::SocketAddr;

use super::msg::{parse, request};
use crate::msg::write::{Address, Reply, ViaOut, WriteError, Writer};
use crate::msg::{HeaderId, Method, Msg, Transport};

fn reply<'a>(code: u16, to_tag: Option<&'a str>, source: Option<SocketAddr>) -> Reply<'a> {
    Reply { code, phrase: "", to_tag, source }
}

fn respond(msg: &Msg, reply: Reply<'_>) -> String {
    let mut out = Vec::new();
    Writer::respond(&mut out, msg, reply).finish().unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_response_copies_what_identifies_the_request() {
    let msg = parse(request(
        "Via: SIP/2.0/TCP a;branch=1, SIP/2.0/TLS b;branch=2\n\
         Record-Route: <sip:r1;lr>,<sip:r2;lr>\n\
         Record-Route: <sip:r3;lr>\nTimestamp: 54\n",
        "",
    ));
    let source = "192.0.2.1:5060".parse().ok();
    assert_eq!(
        respond(&msg, reply(180, Some("t1"), source)),
        "SIP/2.0 180 Ringing\r\n\
         Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKq1;rport=5060;received=192.0.2.1\r\n\
         Via: SIP/2.0/TCP a;branch=1, SIP/2.0/TLS b;branch=2\r\n\
         Record-Route: <sip:r1;lr>,<sip:r2;lr>\r\n\
         Record-Route: <sip:r3;lr>\r\n\
         From: <sip:2002@naisen.example>;tag=a1\r\n\
         To: <sip:2001@naisen.example>;tag=t1\r\n\
         Call-ID: c1@192.0.2.1\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"
    );
    let trying = respond(&msg, reply(100, None, source));
    assert!(trying.contains("\r\nTimestamp: 54\r\n") && !trying.contains("Record-Route"));
    assert!(trying.contains("To: <sip:2001@naisen.example>\r\n"));
    assert!(!respond(&msg, reply(486, Some("t1"), source)).contains("Record-Route"));
}

#[test]
fn the_top_via_tells_where_the_request_came_from() {
    let via = |via: &str, source: &str| {
        let text = String::from_utf8(request("", "")).unwrap();
        let text = text.replace("SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKq1;rport", via);
        let out = respond(&parse(text), reply(200, None, source.parse().ok()));
        out.lines().nth(1).unwrap().trim_start_matches("Via: SIP/2.0/").to_owned()
    };
    for (sent, source, expected) in [
        ("SIP/2.0/UDP 192.0.2.1;branch=x", "192.0.2.1:5062", "UDP 192.0.2.1;branch=x"),
        ("SIP/2.0/UDP h.x;branch=x", "192.0.2.1:5062", "UDP h.x;branch=x;received=192.0.2.1"),
        (
            "SIP/2.0/UDP h.x;rport;branch=x",
            "[2001:db8::9]:5062",
            "UDP h.x;branch=x;rport=5062;received=2001:db8::9",
        ),
        (
            "SIP/2.0/UDP h.x;RECEIVED=1.2.3.4;branch=x;rport=9, SIP/2.0/TCP y",
            "[::ffff:192.0.2.1]:5062",
            "UDP h.x;branch=x;rport=5062;received=192.0.2.1, SIP/2.0/TCP y",
        ),
        ("SIP/2.0/UDP h.x;;;,;", "192.0.2.1:5062", "UDP h.x;;;,;"),
    ] {
        assert_eq!(via(sent, source), expected, "{sent}");
    }
}

#[test]
fn a_to_tag_is_never_doubled() {
    let text = String::from_utf8(request("", "")).unwrap();
    let msg = parse(
        text.replace("To: <sip:2001@naisen.example>", "t:sip:2001@naisen.example;tag=theirs"),
    );
    assert!(
        respond(&msg, reply(200, Some("ours"), None))
            .contains("To: sip:2001@naisen.example;tag=theirs\r\n")
    );
}

#[test]
fn a_request_is_written_whole() {
    let mut out = b"kept".to_vec();
    let mut w = Writer::request(&mut out, Method::Invite, "sip:2001@192.0.2.7:5060;transport=tcp");
    let via = ViaOut {
        transport: Transport::Tcp,
        sent_by: "192.0.2.2:5060",
        branch: "z9hG4bKabc",
        rport: true,
    };
    w.via(via).number(HeaderId::MaxForwards, 69);
    let from = Address {
        display: Some("山田 \"太郎\" \\"),
        uri: b"sip:2002@naisen.example",
        params: &[("tag", Some("f1")), ("x", Some("a b")), ("y", None)],
    };
    w.address(HeaderId::From, from);
    w.address(HeaderId::To, Address { uri: b"sip:2001@naisen.example", ..Address::default() });
    w.header(HeaderId::CallId, "id-1").cseq(7, Method::Invite);
    w.list(HeaderId::Supported, ["100rel", "timer"]).list(HeaderId::Require, [""; 0]);
    w.header_named("X-Own", "y");
    w.body("application/sdp", b"v=0\r\n").unwrap();
    let text = String::from_utf8(out).unwrap();
    assert_eq!(
        text,
        "keptINVITE sip:2001@192.0.2.7:5060;transport=tcp SIP/2.0\r\n\
         Via: SIP/2.0/TCP 192.0.2.2:5060;rport;branch=z9hG4bKabc\r\n\
         Max-Forwards: 69\r\n\
         From: \"山田 \\\"太郎\\\" \\\\\" <sip:2002@naisen.example>;tag=f1;x=\"a b\";y\r\n\
         To: <sip:2001@naisen.example>\r\n\
         Call-ID: id-1\r\nCSeq: 7 INVITE\r\nSupported: 100rel, timer\r\nX-Own: y\r\n\
         Content-Type: application/sdp\r\nContent-Length: 5\r\n\r\nv=0\r\n"
    );
    let msg = parse(&text.as_bytes()[4..]);
    assert_eq!(msg.from().unwrap().display().unwrap(), "山田 \"太郎\" \\");
}

#[test]
fn values_that_could_end_a_line_are_refused() {
    let write = |f: &dyn Fn(&mut Writer<'_>)| {
        let mut out = b"kept".to_vec();
        let mut w = Writer::request(&mut out, Method::Options, "sip:x");
        f(&mut w);
        let result = w.finish();
        assert!(result.is_ok() || out == b"kept", "nothing of a refused message is left");
        result
    };
    let subject = Err(WriteError::Unsafe(HeaderId::Subject));
    for bad in ["a\r\nX: y", "a\nb", "a\rb", "a\0b"] {
        assert_eq!(
            write(&|w| {
                w.header(HeaderId::Subject, bad);
            }),
            subject
        );
        assert_eq!(
            write(&|w| {
                w.text(HeaderId::Subject, format_args!("{bad}"));
            }),
            subject
        );
        assert!(
            write(&|w| {
                w.header_named("X", bad);
            })
            .is_err()
        );
        assert!(
            write(&|w| {
                w.list(HeaderId::Allow, [bad]);
            })
            .is_err()
        );
        let named = Address { display: Some(bad), uri: b"sip:x", params: &[] };
        assert!(
            write(&|w| {
                w.address(HeaderId::To, named);
            })
            .is_err()
        );
        let param = [("p", Some(bad))];
        let with_param = Address { display: None, uri: b"sip:x", params: &param };
        assert!(
            write(&|w| {
                w.address(HeaderId::To, with_param);
            })
            .is_err()
        );
        let mut out = Vec::new();
        assert_eq!(
            Writer::request(&mut out, Method::Bye, bad).finish(),
            Err(WriteError::StartLine)
        );
        assert_eq!(Writer::response(&mut out, 200, bad).finish(), Err(WriteError::StartLine));
        assert!(out.is_empty());
        let value = bad.as_bytes();
        let header = crate::msg::Header { id: HeaderId::Subject, name: b"s", value };
        assert_eq!(write(&|w| assert!(!w.pass(header))), Ok(()), "left out, message goes on");
    }
    assert!(
        write(&|w| {
            w.header_named("X Y", "z");
        })
        .is_err()
    );
    for uri in ["", "sip:a b", "sip:a>", "sip:<a", "sip:\"a"] {
        let address = Address { uri: uri.as_bytes(), ..Address::default() };
        assert!(
            write(&|w| {
                w.address(HeaderId::To, address);
            })
            .is_err(),
            "{uri}"
        );
    }
}

#[test]
fn headers_pass_through_byte_for_byte() {
    let msg = parse(request("X-Odd:  \u{e9}\u{fc} ;;\n folded\nb: <sip:x>\n", ""));
    let mut out = Vec::new();
    let mut w = Writer::request(&mut out, Method::Invite, "sip:x");
    for header in msg.headers().skip(7) {
        assert!(w.pass(header));
    }
    w.finish().unwrap();
    let text = String::from_utf8(out).unwrap();
    assert!(text.contains("X-Odd: \u{e9}\u{fc} ;; folded\r\nReferred-By: <sip:x>\r\n"), "{text}");
}

#[test]
fn bytes_are_taken_out_of_the_scratch_buffer() {
    let mut out = b"kept".to_vec();
    let bytes = Writer::response(&mut out, 503, "").body_bytes("text/plain", b"x").unwrap();
    assert!(
        bytes.starts_with(b"SIP/2.0 503 Service Unavailable\r\n") && bytes.ends_with(b"\r\n\r\nx")
    );
    assert_eq!(out, b"kept");
}
