//! NOTIFYs: when they go, where, and what their answers mean (RFC 6665 §4.2.2, sip.md §8).

use std::net::SocketAddr;

use base::limits::SUBSCRIPTIONS_PER_DEVICE;
use base::{Dn, FlowId, Micros};

use super::{Watcher, World, body, header, line, standing, version};
use crate::event::{DialogPhase, MessageSummary, Resource, State, WatchEvent};
use crate::msg::HeaderId;
use crate::stack::tests::bench::{Ask, TCP, TENANT, UDP};
use crate::stack::{Input, Output, Transport};

#[test]
fn what_happens_while_a_notify_runs_is_told_by_the_next_as_it_is_then() {
    let mut w = World::new();
    let _watcher = w.watching(2001, 1, 2002);
    w.wait(Micros::seconds(5));
    w.state(2002, vec![line(1, DialogPhase::Early)]);
    let first = w.next();
    for phase in [DialogPhase::Confirmed, DialogPhase::Early, DialogPhase::Confirmed] {
        w.state(2002, vec![line(1, phase)]);
    }
    w.wait(Micros::millis(400));
    assert!(w.told.is_empty(), "one is outstanding");
    w.answer(&first, "200 OK", "");
    w.wait(Micros::millis(620));
    let second = w.next();
    assert!(body(&second).contains("confirmed") && w.told.is_empty());
    assert_eq!((version(&first), version(&second)), (1, 2));
}

#[test]
fn lamps_are_told_at_most_once_a_second() {
    let mut w = World::new();
    let _watcher = w.watching(2001, 1, 2002);
    w.wait(Micros::seconds(5));
    let mut told = 0;
    for n in 0..50u64 {
        w.state(2002, vec![line(n, DialogPhase::Early)]);
        told += w.told.len();
        w.answer_all();
        w.wait(Micros::millis(200));
        told += w.told.len();
        w.answer_all();
    }
    assert!((10..=11).contains(&told), "{told} in ten seconds");
    w.wait(Micros::seconds(2));
    told = w.told.len();
    assert!(told <= 1);
}

#[test]
fn the_same_state_again_is_no_news() {
    let mut w = World::new();
    let _watcher = w.watching(2001, 1, 2002);
    w.wait(Micros::seconds(5));
    w.state(2002, vec![line(1, DialogPhase::Early)]);
    w.answer_all();
    w.state(2002, vec![line(1, DialogPhase::Early)]);
    w.wait(Micros::seconds(5));
    assert!(w.told.is_empty());
}

#[test]
fn messages_are_told_at_once() {
    let mut w = World::new();
    let mut watcher = Watcher::new(2001, 1, 2001).of("message-summary");
    watcher.uri = "sip:tanaka2001@example.jp".into();
    assert_eq!(w.subscribe(&mut watcher, "").status(), Some(200));
    let resource = Resource::Messages { tenant: TENANT, dn: Dn::parse("2001").expect("number") };
    assert_eq!(w.news, [WatchEvent::Began { resource }]);
    for (new, told) in [(0, "no"), (1, "yes"), (2, "yes"), (0, "no")] {
        let summary = MessageSummary { new, old: 8, urgent: new / 2 };
        let got = w.bench.put(Input::State { resource, state: State::Messages(summary) });
        w.take(got);
        let notify = w.next();
        let text = body(&notify);
        assert!(text.starts_with(&format!("Messages-Waiting: {told}\r\n")), "{text}");
        assert!(text.contains(&format!("Voice-Message: {new}/8")), "{text}");
        assert_eq!(text.contains("(1/0)"), new == 2);
        let kind = header(&notify, HeaderId::ContentType);
        assert_eq!(kind, "application/simple-message-summary");
        w.answer(&notify, "200 OK", "");
    }
}

#[test]
fn a_state_of_another_kind_is_not_taken() {
    let mut w = World::new();
    let _watcher = w.watching(2001, 1, 2002);
    let state = State::Messages(MessageSummary::default());
    let got = w.bench.put(Input::State { resource: super::dialogs(2002), state });
    w.take(got);
    w.wait(Micros::seconds(2));
    assert!(w.told.is_empty());
}

#[test]
fn a_watcher_may_ask_for_less() {
    let mut w = World::new();
    let mut watcher = Watcher::new(2001, 1, 2002).of("dialog;max-rate=0.1");
    w.subscribe(&mut watcher, "");
    w.state(2002, Vec::new());
    let told = w.next();
    let state = header(&told, HeaderId::SubscriptionState);
    assert!(state.ends_with(";max-rate=0.100000"), "{state}");
    w.answer(&told, "200 OK", "");
    w.state(2002, vec![line(1, DialogPhase::Early)]);
    w.wait(Micros::millis(9_900));
    assert!(w.told.is_empty());
    w.wait(Micros::millis(200));
    assert_eq!(w.told.len(), 1);
    w.answer_all();
    // More than we offer, and what is no rate.
    for event in ["dialog;max-rate=50", "dialog;max-rate=0", "dialog;max-rate=-1", "dialog"] {
        w.wait(Micros::seconds(1));
        w.subscribe(&mut watcher, &format!("Event: {event}\r\n"));
        w.answer_all();
        w.state(2002, vec![line(event.len() as u64, DialogPhase::Early)]);
        assert!(w.told.is_empty(), "{event}");
        w.wait(Micros::millis(1_010));
        assert_eq!(w.told.len(), 1, "{event}");
        w.answer_all();
    }
}

#[test]
fn a_watcher_that_knows_nothing_of_it_or_does_not_answer_is_let_go() {
    for status in ["481 Gone", "404 Not Found", "489 Bad Event", "500 Oops", "401 Who"] {
        let mut w = World::new();
        let _watcher = w.watching(2001, 1, 2002);
        w.wait(Micros::seconds(2));
        w.state(2002, vec![line(1, DialogPhase::Early)]);
        let told = w.next();
        w.answer(&told, status, "");
        assert_eq!(w.bench.stack.subscriptions_len(), 0, "{status}");
        assert!(matches!(w.news.last(), Some(WatchEvent::Ended { .. })));
        w.expect_drained();
    }
    let mut w = World::new();
    let _watcher = w.watching(2001, 1, 2002);
    w.wait(Micros::seconds(2));
    w.state(2002, vec![line(1, DialogPhase::Early)]);
    w.wait(Micros::seconds(31));
    assert_eq!(w.bench.stack.subscriptions_len(), 1);
    assert!(w.told.len() > 5, "repeated over UDP");
    w.wait(Micros::seconds(2));
    assert_eq!(w.bench.stack.subscriptions_len(), 0);
    w.expect_drained();
}

#[test]
fn a_watcher_that_is_busy_is_asked_again() {
    let mut w = World::new();
    let _watcher = w.watching(2001, 1, 2002);
    w.wait(Micros::seconds(2));
    w.state(2002, vec![line(1, DialogPhase::Early)]);
    let told = w.next();
    w.answer(&told, "503 Busy", "Retry-After: 20\r\n");
    w.wait(Micros::seconds(19));
    assert!(w.told.is_empty());
    w.state(2002, vec![line(1, DialogPhase::Confirmed)]);
    assert!(w.told.is_empty());
    w.wait(Micros::seconds(2));
    assert!(body(&w.next()).contains("confirmed"));
}

#[test]
fn a_phone_behind_nat_that_got_another_port_is_followed() {
    let mut w = World::new();
    let _watcher = w.watching(2001, 1, 2002);
    w.wait(Micros::seconds(2));
    w.state(2002, vec![line(1, DialogPhase::Early)]);
    let told = w.next();
    let moved = SocketAddr::from(([198, 51, 100, 1], 9_999));
    w.answer_from(moved, &told, "200 OK", "");
    w.wait(Micros::seconds(2));
    let resource = super::dialogs(2002);
    let got = w.bench.put(Input::State { resource, state: State::Dialogs(Vec::new()) });
    let sent = got.outputs.iter().find_map(|o| match o {
        Output::Transmit { to, .. } => Some(*to),
        _ => None,
    });
    assert_eq!(sent, Some(moved));
}

#[test]
fn a_phone_whose_connection_was_cut_is_told_when_it_is_back() {
    let mut w = World::new();
    w.bench.flow = TCP;
    let _watcher = w.watching(2001, 1, 2002);
    let _other = w.watching(2003, 1, 2002);
    w.wait(Micros::seconds(2));
    w.state(2002, vec![line(1, DialogPhase::Early)]);
    assert_eq!(w.told.len(), 2);
    let got = w.bench.put(Input::FlowClosed { flow: TCP });
    w.take(got);
    w.wait(Micros::seconds(40));
    assert_eq!(w.bench.stack.subscriptions_len(), 2, "they may come back");
    w.told.clear();
    w.state(2002, vec![line(1, DialogPhase::Confirmed)]);
    assert!(w.told.is_empty());
    let again = FlowId(3);
    let remote = SocketAddr::from(([198, 51, 100, 1], 4_711));
    let local = SocketAddr::from(([192, 0, 2, 1], 5_060));
    let opened = Input::FlowOpened { flow: again, transport: Transport::Tcp, local, remote };
    w.bench.put(opened);
    w.bench.flow = again;
    let contact = "<sip:tanaka2001@198.51.100.1:5060>;expires=300";
    let got = w.bench.ask(&Ask { source: remote, ..Ask::register(contact) });
    let by = got.outputs.iter().filter_map(|o| match o {
        Output::Transmit { flow, .. } => Some(*flow),
        _ => None,
    });
    assert_eq!(by.collect::<Vec<_>>(), [again, again], "the 200 and the NOTIFY");
    w.take(got);
    let told = w.next();
    assert!(body(&told).contains("confirmed"), "as it is now");
    w.answer_from(remote, &told, "200 OK", "");
    // The other one never comes back.
    w.wait(Micros::seconds(3_700));
    w.answer_all();
    w.wait(Micros::seconds(40));
    assert_eq!(w.bench.stack.subscriptions_len(), 0);
}

#[test]
fn a_phone_that_restarts_again_and_again_loses_the_oldest() {
    let mut w = World::new();
    let count = u32::try_from(SUBSCRIPTIONS_PER_DEVICE).expect("small");
    let mut first = w.watching(2001, 0, 2002);
    for serial in 1..count {
        w.subscribe(&mut Watcher::new(2001, serial, 2002), "");
        w.answer_all();
    }
    w.wait(Micros::millis(100));
    w.answer_all();
    assert_eq!(w.bench.stack.subscriptions_len(), SUBSCRIPTIONS_PER_DEVICE);
    let mut last = Watcher::new(2001, count, 2002);
    assert_eq!(w.subscribe(&mut last, "").status(), Some(200));
    assert_eq!(w.bench.stack.subscriptions_len(), SUBSCRIPTIONS_PER_DEVICE);
    let told = w.next();
    assert!(first.is_told(&told));
    assert_eq!(standing(&told), "terminated;reason=rejected");
    assert!(last.is_told(&w.next()));
    assert_eq!(w.subscribe(&mut first, "").status(), Some(481));
}

#[test]
fn a_watcher_by_datagram_and_one_by_stream_see_the_same() {
    let mut w = World::new();
    let _one = w.watching(2001, 1, 2002);
    w.bench.flow = TCP;
    let mut two = Watcher::new(2003, 1, 2002);
    w.subscribe(&mut two, "");
    assert!(two.target.ends_with(";transport=tcp"), "{}", two.target);
    w.answer_all();
    w.wait(Micros::seconds(2));
    let resource = super::dialogs(2002);
    let state = State::Dialogs(vec![line(1, DialogPhase::Early)]);
    let got = w.bench.put(Input::State { resource, state });
    let flows: Vec<_> = got
        .outputs
        .iter()
        .filter_map(|o| match o {
            Output::Transmit { flow, .. } => Some(*flow),
            _ => None,
        })
        .collect();
    assert_eq!(flows, [UDP, TCP]);
    assert_eq!(body(&got.messages[0]), body(&got.messages[1]));
}
