//! Typed views, one by one: what they read, what they refuse.

use std::net::SocketAddr;

use base::Wall;

use super::msg::{parse, request};
use crate::msg::auth::{AuthValue, Challenge, Challenges, Credentials};
use crate::msg::contact::{ContactUri, Contacts};
use crate::msg::cseq::{CSeq, RAck};
use crate::msg::event::{Event, SubState, SubscriptionState};
use crate::msg::name_addr::NameAddr;
use crate::msg::reason::{Reason, Warning};
use crate::msg::replaces::Replaces;
use crate::msg::session_expires::{Refresher, SessionExpires};
use crate::msg::via::Via;
use crate::msg::{Elements, HeaderId, Method, Transport, date};

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn lists_join_lines_and_split_at_bare_commas_only() {
    let msg = parse(request(
        "Route: <sip:a;x=1,2>, \"b, c\" <sip:d>\nSubject: between\n\
         Route: <sip:e>;p=\"f,g\"\nroute:\n",
        "",
    ));
    let items: Vec<_> = msg.items(HeaderId::Route).map(text).collect();
    assert_eq!(items, ["<sip:a;x=1,2>", "\"b, c\" <sip:d>", "<sip:e>;p=\"f,g\""]);
    assert_eq!(msg.values(HeaderId::Route).count(), 3);
    let empties: Vec<_> = Elements::new(b"a,,b,").map(text).collect();
    assert_eq!(empties, ["a", "", "b", ""]);
    let open: Vec<_> = Elements::new(b"a, \"b, c").map(text).collect();
    assert_eq!(open, ["a", "\"b, c"], "an open quote swallows the rest");
}

#[test]
fn name_addr_forms() {
    for (input, display, uri, params) in [
        ("sip:a@b", None, "sip:a@b", ""),
        ("sip:a@b ; tag = x", None, "sip:a@b", "; tag = x"),
        ("<sip:a@b;lr>;tag=x", None, "sip:a@b;lr", ";tag=x"),
        ("Taro Yamada <sip:a@b>", Some("Taro Yamada"), "sip:a@b", ""),
        ("\"\" <sip:a@b>", None, "sip:a@b", ""),
        ("\"a \\\"b\\\" \\\\\"<sip:a@b>", Some("a \"b\" \\"), "sip:a@b", ""),
        ("\"<sip:x@y>\" <sip:a@b>", Some("<sip:x@y>"), "sip:a@b", ""),
        (
            "  \"山田\"\t<tel:+81312345678> ;x=\"y;z\" ",
            Some("山田"),
            "tel:+81312345678",
            ";x=\"y;z\"",
        ),
        ("山田<sip:a@b>", Some("山田"), "sip:a@b", ""),
        ("sip:a@b;x=\"<\"", None, "sip:a@b", ";x=\"<\""),
    ] {
        let view = NameAddr::parse(input.as_bytes()).unwrap_or_else(|| panic!("{input}"));
        assert_eq!(view.display().as_deref(), display, "{input}");
        assert_eq!((text(view.uri), text(view.params.raw())), (uri, params), "{input}");
    }
    for input in [
        "",
        "<>",
        "\"a <sip:a@b>",
        "a, b <sip:a@b>",
        "< sip:a@b>",
        "<sip:a@b >",
        "<sip:a@b",
        "<sip:a@b>x",
        "<sip:a@b>;;x",
        "<sip:a@b>;x=",
        "sip:a@b?x=y",
        "sip:a@b,c",
        "<sip:a@b>;=x",
        "\"a\" sip:a@b",
        "sip:a@b x",
        "<sip:a@b>;x=\"y",
        "a@b <sip:a@b>",
        "<<sip:a@b>>",
    ] {
        assert!(NameAddr::parse(input.as_bytes()).is_none(), "{input}");
    }
}

#[test]
fn parameters_are_found_without_case() {
    let view =
        NameAddr::parse(b"<sip:a>;TAG=x;+sip.instance=\"<urn:uuid:1>\";Lr;n=\"a\\\"b\"").unwrap();
    assert_eq!((view.tag(), view.params.has("lr")), (Some(&b"x"[..]), true));
    assert_eq!(view.params.find("n").unwrap().text().as_ref(), b"a\"b");
    assert_eq!(view.params.value("LR"), None);
    assert_eq!(view.params.iter().count(), 4);
}

#[test]
fn via_forms() {
    let via =
        Via::parse(b"SIP / 2.0 / udp [2001:db8::1] : 5070 ;branch=z9hG4bKa;rport;received=[::1]");
    let via = via.unwrap();
    assert_eq!((via.transport(), via.port), (Some(Transport::Udp), Some(5070)));
    assert_eq!((via.wants_rport(), via.rport(), via.has_cookie()), (true, None, true));
    assert_eq!(via.received().unwrap().to_string(), "::1");
    let via = Via::parse(b"SIP/2.0/TLS 2001:db8::2;received=192.0.2.9;rport=5099").unwrap();
    assert_eq!((via.host.to_string(), via.port), ("[2001:db8::2]".into(), None));
    assert_eq!((via.rport(), via.branch()), (Some(5099), None));
    assert_eq!(via.received().unwrap().to_string(), "192.0.2.9");
    assert_eq!(Via::parse(b"SIP/2.0/SCTP h").unwrap().transport(), None);
    for input in [
        "",
        "SIP/2.0/UDP",
        "SIP/2.0/UDP ",
        "SIP/1.0/UDP h",
        "SIP/2.0 h",
        "SIP/2.0/UDP h;;x",
        "SIP/2.0/UDP h:x",
        "SIP/2.0/UDP h:65536",
        "SIP/2.0/UDP h x",
        "SIP/2.0/UDP h;branch=",
        "HTTP/2.0/UDP h",
        "SIP/2.0/U/DP h",
    ] {
        assert!(Via::parse(input.as_bytes()).is_none(), "{input}");
    }
}

#[test]
fn responses_go_where_the_top_via_says() {
    let source: SocketAddr = "198.51.100.7:40000".parse().unwrap();
    for (via, to) in [
        ("SIP/2.0/UDP h;rport;branch=x", "198.51.100.7:40000"),
        ("SIP/2.0/UDP h:5070;branch=x", "198.51.100.7:5070"),
        ("SIP/2.0/UDP 192.0.2.1;branch=x;maddr=203.0.113.1", "198.51.100.7:5060"),
    ] {
        assert_eq!(Via::parse(via.as_bytes()).unwrap().reply_to(source).to_string(), to);
    }
}

#[test]
fn sequence_numbers() {
    let cseq = CSeq::parse(b"0009  INVITE").unwrap();
    assert_eq!((cseq.number, cseq.method), (9, Method::Invite));
    assert_eq!(CSeq::parse(b"2147483647 x").unwrap().method, Method::Other);
    for bad in ["", "1", "INVITE", "1INVITE", "2147483648 INVITE", "-1 INVITE", "1 IN VITE", "1 "] {
        assert!(CSeq::parse(bad.as_bytes()).is_none(), "{bad}");
    }
    let rack = RAck::parse(b"776656 1 INVITE").unwrap();
    assert_eq!((rack.rseq, rack.cseq.number, rack.cseq.method), (776_656, 1, Method::Invite));
    assert!(RAck::parse(b"1 INVITE").is_none());
}

#[test]
fn contacts() {
    let of = |extra: &str| {
        let base = String::from_utf8(request(extra, "")).unwrap();
        parse(base.replace("Contact: <sip:2002@192.0.2.1>\r\n", ""))
    };
    assert!(matches!(of("").contacts(), Contacts::None));
    assert!(matches!(of("m: *\n").contacts(), Contacts::All));
    assert!(matches!(of("m: *, <sip:a@b>\n").contacts(), Contacts::Malformed));
    assert!(matches!(of("m: <sip:a@b>,\n").contacts(), Contacts::Malformed));
    let msg = of("m: <sip:a@b>;q=0.7;expires=60, <sip:c@d>\nContact: sip:e@f;q=1.0\n");
    let Contacts::List(list) = msg.contacts() else { panic!() };
    let rows: Vec<_> = list.map(|c| (text(c.address.uri).to_owned(), c.q(), c.expires())).collect();
    assert_eq!(
        rows,
        [
            ("sip:a@b".into(), 700, Some(60)),
            ("sip:c@d".into(), 1000, None),
            ("sip:e@f".into(), 1000, None)
        ]
    );
    let outbound = ContactUri::parse(
        b"<sip:a@b;ob>;reg-id=2;+sip.instance=\"<urn:uuid:00000000-0000-1000-8000-AABBCCDDEEFF>\"",
    )
    .unwrap();
    assert_eq!(outbound.reg_id(), Some(2));
    assert_eq!(
        text(&outbound.instance().unwrap()),
        "urn:uuid:00000000-0000-1000-8000-AABBCCDDEEFF"
    );
    for (q, value) in [
        ("0", 0),
        ("0.5", 500),
        ("0.333", 333),
        ("1.000", 1000),
        ("2", 1000),
        ("0.1234", 1000),
        ("x", 1000),
        ("1.1", 1000),
    ] {
        let contact = format!("<sip:a@b>;q={q}");
        assert_eq!(ContactUri::parse(contact.as_bytes()).unwrap().q(), value, "{q}");
    }
}

#[test]
fn credentials() {
    let value = b"digest username=\"a\\\"b\", realm = \"r, s\" ,nonce=\"n\",uri=\"sip:x\",\
        response=\"ff\",algorithm=SHA-256,cnonce=\"c\",qop=auth, nc=0000000a,opaque=\"o\"";
    let view = Credentials::parse(value).unwrap();
    assert_eq!((text(view.username), text(view.realm)), ("a\\\"b", "r, s"));
    assert_eq!((view.algorithm, view.nc), (Some(&b"SHA-256"[..]), Some(&b"0000000a"[..])));
    for bad in [
        "Basic abc",
        "Digest",
        "Digest username=\"a\"",
        "",
        "Digest username=\"a\",username=\"b\",realm=\"r\",nonce=\"n\",uri=\"u\",response=\"x\"",
        "Digest username,realm=\"r\",nonce=\"n\",uri=\"u\",response=\"x\"",
    ] {
        assert!(Credentials::parse(bad.as_bytes()).is_none(), "{bad}");
    }
}

#[test]
fn challenges_on_one_line_and_on_several() {
    let line = b"Digest realm=\"a, b\", nonce=\"1\", qop=\"auth,auth-int\", Basic realm=\"c\", \
        Digest realm=\"d\",nonce=\"2\", algorithm=SHA-256, stale=TRUE";
    let all: Vec<_> = Challenges::new(line).collect();
    assert_eq!(
        all.iter().map(|c| text(c.scheme)).collect::<Vec<_>>(),
        ["Digest", "Basic", "Digest"]
    );
    let digests: Vec<_> = all.into_iter().filter_map(Challenge::of).collect();
    assert_eq!(text(digests[0].realm), "a, b");
    assert!(digests[0].offers_auth() && !digests[0].stale);
    assert!(digests[1].stale && !digests[1].has_qop());
    let msg = parse(request(
        "WWW-Authenticate: Digest realm=\"x\", nonce=\"1\", algorithm=SHA-256\n\
         WWW-Authenticate: Digest realm=\"x\", nonce=\"2\"\n",
        "",
    ));
    assert_eq!(msg.challenges(HeaderId::WwwAuthenticate).count(), 2);
    let odd = AuthValue::parse(b"NoOneKnowsThis opaque-data=here").unwrap();
    assert!(!odd.is_digest());
}

#[test]
fn events_and_their_states() {
    let event = Event::parse(b"dialog;id=7;sla").unwrap();
    assert_eq!((event.package, event.id), (&b"dialog"[..], Some(&b"7"[..])));
    assert!(Event::parse(b"a b").is_none() && Event::parse(b"").is_none());
    let state = SubscriptionState::parse(b"Terminated ; reason=deactivated;retry-after=5").unwrap();
    assert_eq!((state.state, state.reason), (SubState::Terminated, Some(&b"deactivated"[..])));
    assert_eq!((state.retry_after, state.expires), (Some(5), None));
    assert_eq!(SubscriptionState::parse(b"active;expires=60").unwrap().expires, Some(60));
    assert_eq!(SubscriptionState::parse(b"waiting").unwrap().state, SubState::Other);
}

#[test]
fn session_timers() {
    let view = SessionExpires::parse(b"1800;refresher=UAS").unwrap();
    assert_eq!((view.seconds, view.refresher), (1800, Some(Refresher::Uas)));
    assert_eq!(SessionExpires::parse(b"90").unwrap().refresher, None);
    assert!(SessionExpires::parse(b"x").is_none());
    let msg = parse(request("x: 300;refresher=uac\nMin-SE: 90;x=y\n", ""));
    assert_eq!(msg.session_expires().unwrap().refresher, Some(Refresher::Uac));
    assert_eq!(msg.min_se(), Some(90));
}

#[test]
fn replaces_reason_warning() {
    let view = Replaces::parse(b"abc@d ;to-tag=1;from-tag=2;early-only").unwrap();
    assert_eq!((text(view.call_id), text(view.to_tag), text(view.from_tag)), ("abc@d", "1", "2"));
    assert!(view.early_only);
    assert!(Replaces::parse(b"abc;to-tag=1").is_none());
    assert!(Replaces::parse(b";to-tag=1;from-tag=2").is_none());
    let target = Replaces::parse(b"abc;local-tag=l;remote-tag=r").unwrap();
    assert_eq!(text(target.to_tag), "l");

    let reason = Reason::parse(b"Q.850 ;cause=16;text=\"Normal call clearing\"").unwrap();
    assert!(reason.is("q.850"));
    assert_eq!((reason.cause, reason.text().unwrap().as_ref()), (Some(16), "Normal call clearing"));
    let msg = parse(request("Reason: SIP;cause=200;text=\"a, b\", Q.850;cause=16\n", ""));
    assert_eq!(msg.reasons().filter_map(|r| r.cause).collect::<Vec<_>>(), [200, 16]);
    let warning = Warning::parse(b"304 h \"no, \\\"such\\\" codec\"").unwrap();
    assert_eq!((warning.code, warning.text().as_ref()), (304, "no, \"such\" codec"));
    assert!(Warning::parse(b"304 h").is_none());
}

#[test]
fn dates_are_gmt_or_nothing() {
    let at = Wall(1_624_973_405_000);
    assert_eq!(date::write(at), "Tue, 29 Jun 2021 13:30:05 GMT");
    assert_eq!(date::parse(b"Tue, 29 Jun 2021 13:30:05 GMT"), Some(at));
    for bad in [
        "",
        "Tue, 29 Jun 2021 13:30:05 JST",
        "Tue, 29 Jun 2021 13:30:05",
        "29 Jun 2021 13:30:05 GMT",
        "Tue, 32 Jun 2021 13:30:05 GMT",
        "Tue, 29 Jux 2021 13:30:05 GMT",
        "Tue, 29 Jun 21 13:30:05 GMT",
        "Tue, 29 Jun 2021 25:30:05 GMT",
        "Tue, 29 Jun 2021 -1:30:05 GMT",
        "Tue, 29 Jun 2021 13:30:05 GMT x",
    ] {
        assert_eq!(date::parse(bad.as_bytes()), None, "{bad}");
    }
}

#[test]
fn tokens_and_numbers_of_a_message() {
    let msg = parse(request(
        "k: 100rel , Timer\nSupported: path\nPrivacy: id; header\n\
         Retry-After: 18 (busy);duration=9\n\
         P-Asserted-Identity: \"a\" <sip:1@x>, <tel:+81312345678>\n\
         Refer-To: <sip:3@x>\nExpires: 0\n",
        "",
    ));
    assert!(
        msg.has_token(HeaderId::Supported, "timer") && msg.has_token(HeaderId::Supported, "PATH")
    );
    assert!(!msg.has_token(HeaderId::Supported, "time"));
    assert!(
        msg.has_token(HeaderId::Privacy, "header") && !msg.has_token(HeaderId::Privacy, "user")
    );
    assert_eq!((msg.retry_after(), msg.expires(), msg.max_breadth()), (Some(18), Some(0), None));
    assert_eq!(msg.addresses(HeaderId::PAssertedIdentity).count(), 2);
    assert_eq!(msg.address(HeaderId::ReferTo).unwrap().uri, b"sip:3@x");
}
