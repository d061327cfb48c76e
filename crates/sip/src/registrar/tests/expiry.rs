//! How long bindings live.

use std::net::SocketAddr;

use base::{FlowId, Micros, Mono, Wall};

use super::{Ask, Bench, HERE, TCP, UDP, contacts, seconds};
use crate::msg::HeaderId;
use crate::registrar::BindingChange;
use crate::stack::{Input, Output, Transport};

const NATTED: &str = "<sip:tanaka2001@192.168.1.20:5060>";

#[track_caller]
fn check(tcp: bool, contact: &str, expires: &str, granted: std::ops::RangeInclusive<u32>) {
    for n in 0..20 {
        let mut bench = Bench::new();
        bench.flow = if tcp { TCP } else { UDP };
        let ask = Ask::register(contact).extra(expires).call_id(&format!("r{n}"));
        let got = bench.ask(&ask);
        assert!(granted.contains(&seconds(&got)[0]), "{contact} {expires} {:?}", seconds(&got));
    }
}

#[test]
fn what_is_granted_depends_on_transport_and_nat_and_is_spread() {
    check(false, HERE, "", 2_700..=3_600);
    check(false, HERE, "Expires: 99999\r\n", 2_700..=3_600);
    check(false, HERE, "Expires: 4294967296\r\n", 2_700..=3_600);
    check(false, HERE, "Expires: 600\r\n", 450..=600);
    check(false, HERE, "Expires: 60\r\n", 60..=60);
    check(false, NATTED, "Expires: 3600\r\n", 90..=120);
    check(false, "<sip:tanaka2001@198.51.100.1:6000>", "", 90..=120);
    check(true, HERE, "Expires: 3600\r\n", 225..=300);
}

#[test]
fn too_short_is_423_with_the_shortest() {
    let mut bench = Bench::new();
    let got = bench.ask(&Ask::register(&format!("{HERE};expires=59")));
    assert_eq!((got.status(), got.values(HeaderId::MinExpires)), (423, vec!["60".into()]));
    let got = bench.ask(&Ask::register(HERE).extra("Expires: 1\r\n").call_id("b"));
    assert_eq!((got.status(), bench.stack.bindings_len()), (423, 0));
}

#[test]
fn an_expired_binding_is_told_and_gone() {
    let mut bench = Bench::new();
    let got = bench.ask(&Ask::register(HERE).extra("Expires: 100\r\n"));
    let granted = u64::from(seconds(&got)[0]);
    let got = bench.wait(Micros::seconds(granted - 1));
    assert!(got.changes().is_empty());
    let got = bench.wait(Micros::seconds(2));
    assert_eq!(got.changes(), ["-sip:tanaka2001@198.51.100.1"]);
    assert_eq!(bench.stack.bindings_len(), 0);
}

#[test]
fn a_refresh_moves_the_end_both_ways() {
    let mut bench = Bench::new();
    bench.ask(&Ask::register(HERE).extra("Expires: 60\r\n"));
    bench.ask(&Ask::register(HERE).extra("Expires: 1000\r\n").cseq(5));
    assert!(bench.wait(Micros::seconds(700)).changes().is_empty());
    bench.ask(&Ask::register(HERE).extra("Expires: 60\r\n").cseq(9));
    assert_eq!(bench.wait(Micros::seconds(61)).changes().len(), 1);
    assert!(bench.wait(Micros::seconds(2_000)).changes().is_empty());
}

#[test]
fn a_phone_behind_nat_is_pinged_every_25_s_while_it_is_registered() {
    let mut bench = Bench::new();
    bench.ask(&Ask::register(NATTED));
    bench.ask(&Ask::register(NATTED).cseq(5));
    let got = bench.wait(Micros::seconds(76));
    let source = SocketAddr::from(([198, 51, 100, 1], 5060));
    let is_ping = |o: &&Output| {
        matches!(o, Output::Transmit { flow: UDP, to, bytes }
            if *to == source && **bytes == *b"\r\n\r\n")
    };
    assert_eq!(got.outputs.iter().filter(is_ping).count(), 3);
    bench.ask(&Ask::register(&format!("{NATTED};expires=0")).cseq(9));
    assert!(!bench.wait(Micros::seconds(100)).outputs.iter().any(|o| is_ping(&o)));
}

#[test]
fn a_phone_with_a_true_address_is_not_pinged() {
    let mut bench = Bench::new();
    bench.ask(&Ask::register(HERE));
    assert!(bench.wait(Micros::seconds(100)).outputs.is_empty());
}

#[test]
fn bindings_survive_a_restart_but_connections_do_not() {
    let mut bench = Bench::new();
    let mut stored = Vec::new();
    let asks = [
        (UDP, Ask::register(HERE).extra("Expires: 600\r\n")),
        (UDP, Ask::register(NATTED).call_id("n")),
        (TCP, Ask::register("<sip:t@198.51.100.1;transport=tcp>").call_id("t")),
    ];
    for (flow, ask) in asks {
        bench.flow = flow;
        for output in bench.ask(&ask).outputs {
            if let Output::Binding(BindingChange::Put(binding)) = output {
                stored.push(*binding);
            }
        }
    }
    let mut later = Bench::new();
    later.now.wall = Wall(bench.now.wall.0 + 200_000);
    later.now.mono = Mono(5_000_000);
    let any = SocketAddr::from(([0, 0, 0, 0], 0));
    let local = SocketAddr::from(([192, 0, 2, 1], 5060));
    let flow = FlowId(9);
    later.put(Input::FlowClosed { flow: UDP });
    later.put(Input::FlowClosed { flow: TCP });
    later.put(Input::FlowOpened { flow, transport: Transport::Udp, local, remote: any });
    let got = later.put(Input::Restore { bindings: stored.clone() });
    assert_eq!(got.changes().len(), 2, "one has expired, one had a connection");
    assert!(got.changes().iter().all(|c| c.starts_with('-')));
    let again = later.put(Input::Restore { bindings: stored });
    assert_eq!((again.changes().len(), later.stack.bindings_len()), (2, 1));
    let (_, binding) = later.stack.contacts(Bench::device(2001)).next().expect("binding");
    assert_eq!(binding.flow, flow);
    assert_eq!(later.wait(Micros::seconds(400)).changes().len(), 1);
}

#[test]
fn a_stack_that_is_built_anew_takes_all_bindings_with_their_connections() {
    let mut bench = Bench::new();
    let asks = [
        (UDP, Ask::register(HERE).extra("Expires: 600\r\n")),
        (TCP, Ask::register("<sip:t@198.51.100.1;transport=tcp>").call_id("t")),
    ];
    let opened = |remote: ([u8; 4], u16)| {
        let (transport, local) = (Transport::Tcp, SocketAddr::from(([192, 0, 2, 1], 5060)));
        Input::FlowOpened { flow: TCP, transport, local, remote: remote.into() }
    };
    let phone = ([198, 51, 100, 1], 5060);
    bench.put(opened(phone));
    for (flow, ask) in asks {
        bench.flow = flow;
        assert_eq!(bench.ask(&Ask { source: phone.into(), ..ask }).status(), 200);
    }
    let kept: Vec<_> = bench.stack.bindings().into_iter().cloned().collect();
    assert_eq!(kept.iter().map(|b| b.flow).collect::<Vec<_>>(), [UDP, TCP], "oldest first");
    let mut anew = Bench::new();
    anew.put(opened(phone));
    assert!(anew.put(Input::Restore { bindings: kept.clone() }).changes().is_empty());
    assert_eq!(anew.stack.bindings().into_iter().cloned().collect::<Vec<_>>(), kept);
    let gone = anew.put(Input::FlowClosed { flow: TCP });
    assert_eq!((gone.changes().len(), anew.stack.bindings_len()), (1, 1));

    let mut other = Bench::new();
    other.put(opened(([198, 51, 100, 99], 5060)));
    assert_eq!(other.put(Input::Restore { bindings: kept }).changes().len(), 1);
}

#[test]
fn a_stopped_device_is_not_restored() {
    let mut bench = Bench::new();
    let got = bench.ask(&Ask::register(HERE));
    let Some(Output::Binding(BindingChange::Put(binding))) =
        got.outputs.into_iter().find(|o| matches!(o, Output::Binding(_)))
    else {
        panic!("no binding");
    };
    let mut later = Bench::new();
    later.users.0[0].active = false;
    let got = later.put(Input::Restore { bindings: vec![*binding] });
    assert_eq!((got.changes().len(), contacts(&later).len()), (1, 0));
}

#[test]
fn the_port_of_a_stream_says_nothing_about_nat() {
    let mut bench = Bench::new();
    let behind_nat = |bench: &mut Bench, flow, contact: &str| {
        bench.flow = flow;
        bench.ask(&Ask::register(contact).call_id(contact));
        let bindings = bench.stack.contacts(Bench::device(2001));
        bindings.last().expect("a binding").1.is_behind_nat()
    };
    // A phone listens on one port and dials from another.
    assert!(!behind_nat(&mut bench, TCP, "<sip:t@198.51.100.1:41000;transport=tcp>"));
    assert!(behind_nat(&mut bench, TCP, "<sip:t@192.0.2.7;transport=tcp>"));
    assert!(behind_nat(&mut bench, TCP, "<sip:t@phone.example;transport=tcp>"));
    assert!(behind_nat(&mut bench, UDP, "<sip:t@198.51.100.1:41001>"));
    assert!(!behind_nat(&mut bench, UDP, HERE));
}
