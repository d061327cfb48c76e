//! Challenges, identity, and guessing.

use std::net::SocketAddr;

use base::Micros;
use base::event::Kind;

use super::bench::{Ask, Bench, credentials};
use crate::msg::HeaderId;
use crate::stack::Output;

const CONTACT: &str = "<sip:tanaka2001@198.51.100.1>";

#[test]
fn a_request_without_credentials_is_challenged_and_leaves_nothing() {
    let mut bench = Bench::new();
    for (ask, status, header) in [
        (Ask::register(CONTACT), 401, HeaderId::WwwAuthenticate),
        (Ask::other("INVITE"), 407, HeaderId::ProxyAuthenticate),
        (Ask::other("MESSAGE"), 407, HeaderId::ProxyAuthenticate),
        (Ask::other("SUBSCRIBE"), 407, HeaderId::ProxyAuthenticate),
        (Ask::other("PUBLISH"), 407, HeaderId::ProxyAuthenticate),
        (Ask::other("REFER"), 407, HeaderId::ProxyAuthenticate),
    ] {
        let got = bench.plain(&ask);
        assert_eq!(got.status(), status, "{}", ask.method);
        let challenges = got.values(header);
        assert_eq!(challenges.len(), 2, "MD5 and SHA-256");
        assert!(challenges.iter().all(|c| c.contains("realm=\"example.jp\"")));
        assert!(bench.stack.is_drained());
    }
}

#[test]
fn a_repeated_request_is_challenged_with_the_same_tag_and_its_ack_is_dropped() {
    let mut bench = Bench::new();
    let ask = Ask::other("INVITE");
    let text = ask.text(900, "UDP");
    let first = bench.receive(ask.source, text.clone());
    let second = bench.receive(ask.source, text.clone());
    assert_eq!(first.values(HeaderId::To), second.values(HeaderId::To));
    let to = &first.values(HeaderId::To)[0];
    let ack = text.replace("INVITE", "ACK").replace(&ask.to, to);
    assert!(bench.receive(ask.source, ack).messages.is_empty());
    assert!(bench.stack.is_drained());
}

#[test]
fn unknown_user_unknown_domain_and_wrong_secret_look_alike() {
    let mut bench = Bench::new();
    let wrong = Ask { secret: "wrong".into(), ..Ask::register(CONTACT) };
    let unknown = Ask {
        user: "nobody".into(),
        from: "<sip:nobody@example.jp>;tag=f1".into(),
        to: "<sip:nobody@example.jp>".into(),
        ..Ask::register(CONTACT)
    };
    let foreign = Ask {
        to: "<sip:tanaka2001@example.org>".into(),
        from: "<sip:tanaka2001@example.org>;tag=f1".into(),
        ..Ask::register(CONTACT)
    };
    let names = |m: &crate::msg::Msg| m.headers().map(|h| h.id).collect::<Vec<_>>();
    let mut seen = Vec::new();
    for ask in [wrong, unknown, foreign] {
        let got = bench.ask(&ask);
        assert_eq!(got.status(), 401);
        let events = got
            .outputs
            .iter()
            .filter(|o| matches!(o, Output::Event(e) if e.kind == Kind::DigestFailed));
        assert_eq!(events.count(), 1);
        seen.push((names(got.message()), got.message().raw().len() - ask.to.len()));
    }
    assert_eq!(seen[0].0, seen[1].0);
    assert_eq!(seen[0].0, seen[2].0);
}

#[test]
fn the_identity_must_be_the_devices_own_in_every_method() {
    let mut bench = Bench::new();
    for method in ["REGISTER", "INVITE", "MESSAGE", "SUBSCRIBE", "PUBLISH", "REFER"] {
        let own = match method {
            "REGISTER" => Ask::register(CONTACT),
            _ => Ask::other(method),
        };
        for from in ["tanaka2002", "2002", "anonymous"] {
            let foreign = Ask { from: format!("<sip:{from}@example.jp>;tag=f"), ..own.clone() };
            let foreign = foreign.call_id(&format!("{method}{from}"));
            assert_eq!(bench.ask(&foreign).status(), 403, "{method} from {from}");
        }
    }
    let other = Ask { to: "<sip:tanaka2002@example.jp>".into(), ..Ask::register(CONTACT) };
    assert_eq!(bench.ask(&other).status(), 403, "a binding for somebody else");
    let number = Ask {
        call_id: "reg-2".into(),
        from: "<sip:2001@example.jp>;tag=f1".into(),
        to: "<sip:TANAKA2001@example.jp>".into(),
        ..Ask::register(CONTACT)
    };
    assert_eq!(bench.ask(&number).status(), 200, "number and id are both its own");
}

#[test]
fn a_stopped_device_is_refused_though_its_secret_is_right() {
    let mut bench = Bench::new();
    bench.users.0[0].active = false;
    assert_eq!(bench.ask(&Ask::register(CONTACT)).status(), 403);
}

#[test]
fn an_old_nonce_is_stale_and_no_failure() {
    let mut bench = Bench::new();
    let ask = Ask::register(CONTACT);
    let challenge = bench.plain(&ask);
    let again = ask.clone().extra(&credentials(challenge.message(), &ask)).cseq(2);
    bench.wait(Micros::seconds(31));
    let got = bench.plain(&again);
    assert_eq!(got.status(), 401);
    assert!(got.values(HeaderId::WwwAuthenticate).iter().all(|c| c.contains("stale=true")));
    assert!(!got.outputs.iter().any(|o| matches!(o, Output::Event(_))));
}

#[test]
fn five_wrong_secrets_silence_the_pair_for_15_minutes_and_the_address_too() {
    let mut bench = Bench::new();
    let guess = Ask { secret: "guess".into(), ..Ask::register(CONTACT) };
    let mut heard = 0;
    for n in 0..20 {
        heard += u32::from(bench.ask(&guess.clone().cseq(n * 2 + 1)).status() == 401);
    }
    assert_eq!(heard, 5);
    let right = Ask::register(CONTACT).cseq(99);
    assert!(bench.ask(&right).messages.is_empty(), "the address is not heard either");
    bench.wait(Micros::minutes(15));
    assert_eq!(bench.ask(&right).status(), 200);
    let other = Ask { source: ([198, 51, 100, 9], 5060).into(), ..guess };
    let mut heard = 0;
    for n in 0..60 {
        heard += u32::from(bench.ask(&other.clone().cseq(n * 2 + 1)).status() == 401);
        bench.wait(Micros::minutes(1));
    }
    assert_eq!(heard, 60, "one guess a minute is below the limit");
}

#[test]
fn in_a_private_network_only_the_guessing_phone_is_silenced() {
    let mut bench = Bench::new();
    let source = SocketAddr::from(([192, 168, 1, 7], 5060));
    let guess = Ask { secret: "guess".into(), source, ..Ask::register(CONTACT) };
    for n in 0..6 {
        bench.ask(&guess.clone().cseq(n * 2 + 1));
    }
    assert!(bench.ask(&Ask { secret: "secret2001".into(), ..guess.clone() }).messages.is_empty());
    let other = Ask {
        user: "tanaka2002".into(),
        secret: "secret2002".into(),
        from: "<sip:tanaka2002@example.jp>;tag=f1".into(),
        to: "<sip:tanaka2002@example.jp>".into(),
        ..guess
    };
    assert_eq!(bench.ask(&other).status(), 200);
}

#[test]
fn a_phone_that_holds_a_binding_is_heard_though_its_address_is_blocked() {
    let mut bench = Bench::new();
    assert_eq!(bench.ask(&Ask::register(CONTACT)).status(), 200);
    let source = SocketAddr::from(([198, 51, 100, 1], 6000));
    let guess = Ask { secret: "guess".into(), user: "tanaka2002".into(), source, ..Ask::default() };
    for n in 0..6 {
        bench.ask(&guess.clone().cseq(n * 2 + 1));
    }
    assert_eq!(bench.ask(&Ask::register(CONTACT).cseq(9)).status(), 200);
    assert!(bench.plain(&Ask { source, ..Ask::default() }).messages.is_empty());
}

#[test]
fn scanners_get_no_answer() {
    let mut bench = Bench::new();
    for method in ["OPTIONS", "REGISTER", "INVITE"] {
        let ask = Ask { method, ..Ask::other(method) }.extra("User-Agent: Friendly-Scanner\r\n");
        assert!(bench.plain(&ask).messages.is_empty());
    }
}
