//! Where requests end that are not calls.

use base::Micros;
use base::event::Kind;

use super::bench::{Ask, Bench, TCP};
use crate::msg::{HeaderId, Method, Msg};
use crate::stack::{Input, Output};

#[test]
fn options_tells_what_we_can_do_without_a_challenge() {
    let mut bench = Bench::new();
    let got = bench.plain(&Ask::other("OPTIONS"));
    assert_eq!(got.status(), 200);
    for id in [HeaderId::Allow, HeaderId::Accept, HeaderId::Supported] {
        assert_eq!(got.values(id).len(), 1, "{id:?}");
    }
    let zero = bench.plain(&Ask::other("OPTIONS"));
    assert_eq!(zero.status(), 200, "we are its end, so Max-Forwards does not matter");
    assert!(bench.stack.is_drained());
}

#[test]
fn methods_of_dialogs_are_answered_481_outside_of_one() {
    let mut bench = Bench::new();
    for method in ["BYE", "INFO", "NOTIFY", "PRACK", "UPDATE"] {
        assert_eq!(bench.plain(&Ask::other(method)).status(), 481, "{method}");
    }
    let in_dialog = Ask { to: "<sip:2002@example.jp>;tag=t".into(), ..Ask::other("BYE") };
    assert_eq!(bench.plain(&in_dialog).status(), 481);
    let in_dialog = Ask { to: "<sip:2002@example.jp>;tag=t".into(), ..Ask::other("INVITE") };
    assert_eq!(bench.plain(&in_dialog).status(), 481);
    assert!(bench.stack.is_drained());
}

#[test]
fn what_we_do_not_offer_is_refused_after_the_challenge() {
    let mut bench = Bench::new();
    for (method, status) in [("SUBSCRIBE", 489), ("PUBLISH", 489), ("MESSAGE", 405), ("REFER", 405)]
    {
        let got = bench.ask(&Ask::other(method));
        assert_eq!(got.status(), status, "{method}");
        assert_eq!(got.values(HeaderId::Allow).len(), usize::from(status == 405));
    }
    assert_eq!(bench.plain(&Ask::other("FOO")).status(), 501);
}

#[test]
fn a_cancel_without_invite_is_481_and_its_repetition_too() {
    let mut bench = Bench::new();
    assert_eq!(bench.plain(&Ask::other("CANCEL")).status(), 481);
    assert!(bench.stack.is_drained());
}

#[test]
fn an_invite_that_may_go_no_further_is_483() {
    let mut bench = Bench::new();
    let ask = Ask::other("INVITE");
    let text = ask.text(1, "UDP").replace("Max-Forwards: 70", "Max-Forwards: 0");
    assert_eq!(bench.receive(ask.source, text).status(), 483);
}

#[test]
fn the_same_request_by_another_path_is_482() {
    let mut bench = Bench::new();
    let ask = Ask::other("MESSAGE");
    let challenge = bench.plain(&ask);
    let ask = ask.clone().extra(&super::bench::credentials(challenge.message(), &ask)).cseq(2);
    assert_eq!(bench.plain(&ask).status(), 405);
    assert_eq!(bench.plain(&ask).status(), 482);
}

#[test]
fn answers_go_where_rport_and_received_say() {
    let mut bench = Bench::new();
    let ask = Ask::other("OPTIONS");
    let via = |via: &str| {
        let text = ask.text(1, "UDP");
        let line = text.lines().find(|l| l.starts_with("Via")).expect("via").to_owned();
        text.replace(&line, via)
    };
    for (line, port, params) in [
        ("Via: SIP/2.0/UDP 10.0.0.9:7000;rport;branch=z9hG4bK1", 5060, true),
        ("Via: SIP/2.0/UDP 10.0.0.9:7000;branch=z9hG4bK2", 7000, false),
        ("Via: SIP/2.0/UDP 10.0.0.9;branch=z9hG4bK3", 5060, false),
    ] {
        let got = bench.receive(ask.source, via(line));
        let Some(Output::Transmit { to, .. }) = got.outputs.first() else {
            panic!("no answer");
        };
        assert_eq!((to.ip().to_string(), to.port()), ("198.51.100.1".into(), port), "{line}");
        let via = &got.values(HeaderId::Via)[0];
        assert!(via.contains(";received=198.51.100.1"), "{via}");
        assert_eq!(via.contains(";rport=5060"), params, "{via}");
    }
}

#[test]
fn what_cannot_be_read_is_refused_or_dropped_and_the_next_call_works() {
    let mut bench = Bench::new();
    let ask = Ask::other("OPTIONS");
    let good = ask.text(1, "UDP");
    for (bad, status) in [
        (good.replace("Max-Forwards: 70", "Max-Forwards 70"), 400),
        (good.replace("Content-Length: 0", "Content-Length: 9"), 400),
        (good.replace("CSeq: 1 OPTIONS", "CSeq: 1 BYE"), 400),
        (good.replace("SIP/2.0\r\nVia", "SIP/7.0\r\nVia"), 505),
        (good.replace("sip:2002@example.jp SIP", "http://example.jp SIP"), 416),
        (good.replace("Max-Forwards: 70", "Require: nothing"), 420),
        (good.replace("Call-ID", "Call-Ident"), 0),
        ("\r\n\r\n".into(), 0),
        ("hello".into(), 0),
    ] {
        assert_eq!(bench.receive(ask.source, bad.clone()).status(), status, "{bad}");
        assert_eq!(bench.receive(ask.source, good.clone()).status(), 200);
    }
    assert!(bench.stack.is_drained());
}

#[test]
fn a_stream_that_sends_rubbish_is_answered_and_closed() {
    let mut bench = Bench::new();
    bench.flow = TCP;
    let ask = Ask::other("OPTIONS");
    let text = ask.text(1, "TCP").replace("Max-Forwards: 70", "Max-Forwards 70");
    let got = bench.receive(ask.source, text);
    assert_eq!(got.status(), 400);
    assert!(matches!(got.outputs.last(), Some(Output::Close { flow: TCP })));
}

#[test]
fn a_response_to_nothing_is_dropped_and_counted() {
    let mut bench = Bench::new();
    let ask = Ask::other("OPTIONS");
    let text = ask.text(1, "UDP").replace("OPTIONS sip:2002@example.jp SIP/2.0", "SIP/2.0 200 OK");
    let got = bench.receive(ask.source, text);
    assert!(matches!(got.outputs[..],
        [Output::Event(e)] if e.kind == Kind::MessageDropped));
}

#[test]
fn a_phone_that_answers_a_forgotten_call_is_told_so() {
    let mut bench = Bench::new();
    let phone = Ask::register("<sip:a@198.51.100.1>").source;
    let answer = |branch: &str| {
        format!(
            "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch={branch}\r\n\
             From: <sip:2001@example.jp>;tag=old\r\nTo: <sip:a@198.51.100.1>;tag=far\r\n\
             Call-ID: old\r\nCSeq: 7 INVITE\r\nContact: <sip:a@198.51.100.1>\r\n\
             Content-Length: 0\r\n\r\n"
        )
    };
    // The bench is place 0.
    let ours = answer("z9hG4bK00000123456789abc");
    assert!(bench.receive(phone, &ours).messages.is_empty(), "nobody is registered there");
    assert_eq!(bench.ask(&Ask::register("<sip:a@198.51.100.1>")).status(), 200);
    assert!(bench.receive(phone, answer("z9hG4bKelse0123456789abc")).messages.is_empty());
    let got = bench.receive(phone, &ours);
    let methods: Vec<_> = got.messages.iter().filter_map(Msg::method).collect();
    assert_eq!(methods, [Method::Ack, Method::Bye]);
    assert_eq!(got.messages[1].cseq().map(|c| c.number), Some(8));
    assert_eq!(got.messages[1].call_id(), b"old");
}

#[test]
fn while_draining_calls_are_refused_and_registrations_are_not() {
    let mut bench = Bench::new();
    bench.put(Input::Drain);
    let got = bench.ask(&Ask::other("INVITE"));
    assert_eq!((got.status(), got.values(HeaderId::RetryAfter).len()), (503, 1));
    assert_eq!(bench.ask(&Ask::register("<sip:a@198.51.100.1>")).status(), 200);
    bench.wait(Micros::seconds(40));
    assert!(bench.stack.is_drained());
}
