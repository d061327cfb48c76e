//! Making, refreshing, replacing and removing bindings.

use base::Micros;

use super::{Ask, Bench, HERE, TCP, contacts, seconds};
use crate::msg::HeaderId;
use crate::stack::{Input, Output};

#[test]
fn the_binding_is_told_before_the_answer_that_lists_it() {
    let mut bench = Bench::new();
    let ask = Ask::register(&format!("\"A\" {HERE};q=0.7;expires=1800"));
    let got = bench.ask(&ask.extra("User-Agent: Phone 3.1\r\n"));
    assert_eq!(got.status(), 200);
    let place = |test: fn(&Output) -> bool| got.outputs.iter().position(test);
    let binding = place(|o| matches!(o, Output::Binding(_))).expect("binding");
    let answer = place(|o| matches!(o, Output::Transmit { .. })).expect("answer");
    assert!(binding < answer);
    let line = &got.values(HeaderId::Contact)[0];
    assert!(line.starts_with(HERE) && line.contains(";q=0.700"), "{line}");
    assert!((1_350..=1_800).contains(&seconds(&got)[0]));
    assert_eq!(got.values(HeaderId::PAssociatedUri), ["<sip:2001@example.jp>"]);
    assert_eq!(got.values(HeaderId::Date).len(), 1);
    let (_, binding) = bench.stack.contacts(Bench::device(2001)).next().expect("binding");
    assert_eq!((binding.q, &*binding.agent), (700, "Phone 3.1"));
    assert_eq!(&*binding.call_id, b"reg-1");
}

#[test]
fn a_refresh_keeps_the_contact_and_a_query_changes_nothing() {
    let mut bench = Bench::new();
    bench.ask(&Ask::register(HERE));
    let id = bench.stack.contacts(Bench::device(2001)).next().expect("binding").0;
    assert_eq!(bench.ask(&Ask::register(HERE).cseq(9)).status(), 200);
    assert_eq!(bench.stack.contacts(Bench::device(2001)).next().expect("binding").0, id);
    let query = bench.ask(&Ask::default().cseq(20));
    assert_eq!((query.status(), query.changes().len(), seconds(&query).len()), (200, 0, 1));
}

#[test]
fn equivalent_contacts_are_one_binding_and_others_are_not() {
    let mut bench = Bench::new();
    bench.ask(&Ask::register("<sip:tanaka2001@HOST.example.jp;x=1>"));
    bench.ask(&Ask::register("<sip:%74anaka2001@host.example.jp;y=2>").cseq(5));
    assert_eq!(contacts(&bench).len(), 1);
    bench.ask(&Ask::register("<sip:tanaka2001@host.example.jp;transport=tcp>").cseq(9));
    bench.ask(&Ask::register("<sip:Tanaka2001@host.example.jp>").cseq(13));
    assert_eq!(contacts(&bench).len(), 3);
    assert_eq!(bench.stack.bindings_len(), 3);
}

#[test]
fn a_phone_that_restarts_takes_its_own_place_again() {
    let mut bench = Bench::new();
    let instance = ";+sip.instance=\"<urn:uuid:0f5c>\"";
    bench.ask(&Ask::register(&format!("<sip:a@198.51.100.1:6000>{instance}")));
    let again = Ask::register(&format!("<sip:a@198.51.100.1:7000>{instance}"));
    let got = bench.ask(&again.call_id("reg-2"));
    assert_eq!(got.status(), 200);
    assert_eq!(contacts(&bench), ["sip:a@198.51.100.1:7000"]);
    assert!(got.values(HeaderId::Contact)[0].contains(instance));
}

#[test]
fn two_flows_of_one_phone_are_two_bindings() {
    let mut bench = Bench::new();
    let contact = |n: u32| {
        Ask::register(&format!("<sip:a@198.51.100.1>;reg-id={n};+sip.instance=\"<urn:uuid:0f5c>\""))
            .extra("Supported: outbound, path\r\n")
            .call_id(&format!("flow-{n}"))
    };
    bench.ask(&contact(1));
    let got = bench.ask(&contact(2));
    assert_eq!(got.values(HeaderId::Require), ["outbound"]);
    assert!(got.values(HeaderId::Contact)[1].contains(";reg-id=2"));
    assert_eq!(bench.stack.bindings_len(), 2);
}

#[test]
fn one_request_may_remove_the_old_contact_and_add_the_new() {
    let mut bench = Bench::new();
    bench.ask(&Ask::register("<sip:a@10.0.0.1:5060>"));
    let moved = Ask::register("<sip:a@10.0.0.1:5060>;expires=0, <sip:a@198.51.100.1:5060>");
    assert_eq!(bench.ask(&moved.cseq(9)).status(), 200);
    assert_eq!(contacts(&bench), ["sip:a@198.51.100.1:5060"]);
    let instance = ";+sip.instance=\"<urn:uuid:0f5c>\"";
    bench.ask(&Ask::register(&format!("<sip:b@10.0.0.1>{instance}")).cseq(20));
    let moved = format!("<sip:b@10.0.0.1>{instance};expires=0, <sip:b@198.51.100.1>{instance}");
    assert_eq!(bench.ask(&Ask::register(&moved).cseq(30)).status(), 200);
    assert_eq!(contacts(&bench), ["sip:a@198.51.100.1:5060", "sip:b@198.51.100.1"]);
}

#[test]
fn zero_removes_one_contact_and_the_star_all() {
    let mut bench = Bench::new();
    bench.ask(&Ask::register("<sip:a@198.51.100.1>, <sip:b@198.51.100.1>, <sip:c@198.51.100.1>"));
    let got = bench.ask(&Ask::register("<sip:b@198.51.100.1>;expires=0").cseq(5));
    assert_eq!((got.changes(), seconds(&got).len()), (vec!["-sip:b@198.51.100.1".into()], 2));
    assert_eq!(bench.ask(&Ask::register("*").cseq(9)).status(), 400);
    assert_eq!(bench.ask(&Ask::register("*").extra("Expires: 60\r\n").cseq(11)).status(), 400);
    assert_eq!(bench.stack.bindings_len(), 2);
    let got = bench.ask(&Ask::register("*").extra("Expires: 0\r\n").cseq(13));
    assert_eq!((got.status(), got.changes().len(), seconds(&got).len()), (200, 2, 0));
    assert_eq!(bench.stack.bindings_len(), 0);
}

#[test]
fn within_a_call_id_the_cseq_must_rise() {
    let mut bench = Bench::new();
    bench.ask(&Ask::register(HERE).cseq(10));
    let late = Ask::register(HERE).extra("X: 1\r\n");
    assert_eq!(bench.ask(&late.clone().cseq(5)).status(), 500);
    let removal = Ask::register("*").extra("Expires: 0\r\n");
    assert_eq!(bench.ask(&removal.cseq(3)).status(), 500);
    assert_eq!(bench.stack.bindings_len(), 1);
    assert_eq!(bench.ask(&late.call_id("other").cseq(1)).status(), 200);
}

#[test]
fn path_is_kept_and_returned_to_those_who_know_it() {
    let mut bench = Bench::new();
    let path = "Path: <sip:edge1.example.jp;lr>\r\nPath: <sip:edge2.example.jp;lr>\r\n";
    let got = bench.ask(&Ask::register(HERE).extra(path).extra("Supported: path\r\n"));
    assert_eq!(got.values(HeaderId::Path).len(), 2);
    let (_, binding) = bench.stack.contacts(Bench::device(2001)).next().expect("binding");
    assert_eq!(&*binding.path, b"<sip:edge1.example.jp;lr>, <sip:edge2.example.jp;lr>");
    let got = bench.ask(&Ask::register(HERE).extra(path).cseq(9));
    assert!(got.values(HeaderId::Path).is_empty());
}

#[test]
fn escaped_headers_and_parameters_of_a_contact_stay_in_the_stored_uri() {
    let mut bench = Bench::new();
    let contact = "<sip:user@example.com;unknownparam?Route=%3Csip:sip.example.com%3E>;other=1";
    let got = bench.ask(&Ask::register(contact));
    assert_eq!(
        contacts(&bench),
        ["sip:user@example.com;unknownparam?Route=%3Csip:sip.example.com%3E"]
    );
    assert!(!got.values(HeaderId::Contact)[0].contains("other"));
}

#[test]
fn a_closed_connection_ends_its_bindings_and_no_others() {
    let mut bench = Bench::new();
    bench.ask(&Ask::register(HERE));
    bench.flow = TCP;
    bench.ask(&Ask::register("<sip:tanaka2001@198.51.100.1;transport=tcp>").call_id("tcp"));
    assert_eq!(bench.stack.bindings_len(), 2);
    let got = bench.put(Input::FlowClosed { flow: TCP });
    assert_eq!(got.changes(), ["-sip:tanaka2001@198.51.100.1;transport=tcp"]);
    assert_eq!(contacts(&bench), ["sip:tanaka2001@198.51.100.1"]);
}

#[test]
fn a_forgotten_device_has_no_bindings() {
    let mut bench = Bench::new();
    bench.ask(&Ask::register(HERE));
    let got = bench.put(Input::Forget { device: Bench::device(2001) });
    assert_eq!(got.changes().len(), 1);
    bench.wait(Micros::seconds(4_000));
    assert_eq!(bench.stack.bindings_len(), 0);
}

#[test]
fn a_repeated_register_is_answered_alike_and_applied_once() {
    let mut bench = Bench::new();
    let ask = Ask::register(HERE);
    let challenge = bench.plain(&ask);
    let credentials = crate::stack::tests::bench::credentials(challenge.message(), &ask);
    let text = ask.clone().extra(&credentials).cseq(2).text(77, "UDP");
    let first = bench.receive(ask.source, text.clone());
    let second = bench.receive(ask.source, text);
    assert_eq!((first.changes().len(), second.changes().len()), (1, 0));
    assert_eq!(first.message().raw(), second.message().raw());
}
