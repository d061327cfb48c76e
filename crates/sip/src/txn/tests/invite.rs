//! INVITE both ways.

use super::Pair;
use crate::msg::{HeaderId, Method, Msg};
use crate::stack::Transport;
use crate::txn::TxEvent;

#[test]
fn an_unheard_invite_is_repeated_by_timer_a_and_given_up_by_b() {
    let mut pair = Pair::new(Transport::Udp);
    pair.cut = [true; 2];
    pair.ask(Method::Invite, 1);
    pair.run(60_000);
    assert_eq!(pair.a.times("INVITE"), [0, 500, 1_500, 3_500, 7_500, 15_500, 31_500]);
    assert!(matches!(pair.a.events[..], [(at, TxEvent::Timeout { owner: 1, .. }, _)]
        if at.as_millis() == 32_000));
    assert!(pair.a.layer.is_empty());
}

#[test]
fn an_invite_over_a_stream_is_sent_once_and_still_given_up() {
    let mut pair = Pair::new(Transport::Tcp);
    pair.cut = [true; 2];
    pair.ask(Method::Invite, 1);
    pair.run(60_000);
    assert_eq!(pair.a.times("INVITE"), [0]);
    assert_eq!(pair.a.finals(), [408]);
    assert!(pair.a.layer.is_empty());
}

#[test]
fn nobody_answers_for_200_ms_and_100_comes_by_itself() {
    let mut pair = Pair::new(Transport::Tls);
    pair.ask(Method::Invite, 1);
    pair.run(5_000);
    assert_eq!(pair.b.times("100 INVITE"), [210]);
    assert_eq!(pair.a.events.len(), 1);
}

#[test]
fn an_answer_within_200_ms_makes_100_needless() {
    let mut pair = Pair::new(Transport::Udp);
    pair.ask(Method::Invite, 1);
    pair.run(100);
    pair.answer(0, 180);
    pair.run(5_000);
    assert!(pair.b.times("100 INVITE").is_empty());
}

#[test]
fn a_repeated_invite_gets_the_last_provisional_again() {
    let mut pair = Pair::new(Transport::Udp);
    pair.cut = [true, false];
    pair.ask(Method::Invite, 1);
    pair.run(100);
    pair.answer(0, 180);
    pair.run(1_900);
    assert_eq!(pair.b.times("180 INVITE"), [100, 510, 1_510]);
    assert_eq!(pair.b.requests.len(), 1);
}

#[test]
fn a_refusal_is_repeated_by_timer_g_until_h_and_told_above() {
    let mut pair = Pair::new(Transport::Udp);
    pair.ask(Method::Invite, 1);
    pair.run(10);
    pair.cut = [true; 2];
    pair.answer(0, 486);
    pair.run(40_000);
    let sent = [10, 510, 1_510, 3_510, 7_510, 11_510, 15_510, 19_510, 23_510, 27_510, 31_510];
    assert_eq!(pair.b.times("486 INVITE"), sent);
    assert!(matches!(pair.b.events[..], [(at, TxEvent::AckMissing { owner: 77, .. }, _)]
        if at.as_millis() == 32_010));
    assert!(pair.b.layer.is_empty());
}

#[test]
fn a_refusal_over_a_stream_is_never_sent_twice_and_leaves_nothing() {
    let mut pair = Pair::new(Transport::Tcp);
    pair.ask(Method::Invite, 1);
    pair.run(50);
    pair.answer(0, 486);
    pair.run(50);
    assert_eq!((pair.b.times("486 INVITE").len(), pair.a.times("ACK").len()), (1, 1));
    assert!(pair.a.layer.is_empty() && pair.b.layer.is_empty());
}

#[test]
fn a_refusal_over_a_stream_is_not_repeated_for_a_repeated_invite() {
    let mut pair = Pair::new(Transport::Tcp);
    pair.ask(Method::Invite, 1);
    let copy = pair.a.last.clone();
    pair.cut = [true, false];
    pair.run(50);
    pair.answer(0, 486);
    pair.inject(1, copy);
    pair.run(10_000);
    assert_eq!(pair.b.times("486 INVITE").len(), 1);
}

#[test]
fn the_ack_to_a_refusal_has_the_branch_and_the_route_set_of_its_invite() {
    let mut pair = Pair::new(Transport::Udp);
    pair.ask(Method::Invite, 1);
    let invite = Msg::parse_datagram(pair.a.last.clone()).expect("invite");
    pair.run(50);
    pair.answer(0, 486);
    pair.run(50);
    let ack = Msg::parse_datagram(pair.a.last.clone()).expect("ack");
    let routes = |m: &Msg| m.values(HeaderId::Route).map(<[u8]>::to_vec).collect::<Vec<_>>();
    assert_eq!(ack.method(), Some(Method::Ack));
    assert_eq!(ack.request_uri(), invite.request_uri());
    assert_eq!(routes(&ack), routes(&invite));
    for same in [HeaderId::Via, HeaderId::From, HeaderId::CallId] {
        assert_eq!(ack.value(same), invite.value(same));
    }
    assert_eq!(ack.value(HeaderId::To), Some(&b"<sip:2001@example.jp>;tag=answered"[..]));
    assert_eq!(ack.value(HeaderId::CSeq), Some(&b"7 ACK"[..]));
    assert!(pair.b.acks.is_empty(), "absorbed by the transaction");
}

#[test]
fn a_repeated_refusal_is_acknowledged_again_but_told_once() {
    let mut pair = Pair::new(Transport::Udp);
    pair.ask(Method::Invite, 1);
    pair.run(10);
    pair.cut = [false, true];
    pair.answer(0, 486);
    pair.run(2_000);
    assert_eq!(pair.a.times("ACK"), [20, 520, 1_520]);
    assert_eq!(pair.a.finals(), [486]);
    pair.cut = [false; 2];
    pair.run(70_000);
    assert!(pair.a.layer.is_empty() && pair.b.layer.is_empty());
}

#[test]
fn a_late_copy_of_an_answered_invite_is_no_new_call() {
    let mut pair = Pair::new(Transport::Udp);
    pair.ask(Method::Invite, 1);
    let copy = pair.a.last.clone();
    pair.run(50);
    pair.answer(0, 200);
    for _ in 0..31 {
        pair.run(1_000);
        pair.inject(1, copy.clone());
    }
    pair.run(500);
    assert_eq!(pair.b.requests.len(), 1);
    assert_eq!(pair.b.times("200 INVITE").len(), 1, "the dialog repeats it, not the layer");
    pair.run(1_000);
    assert!(pair.b.layer.is_empty(), "timer L");
}

#[test]
fn an_ack_with_the_branch_of_an_answered_invite_goes_to_its_dialog() {
    let mut pair = Pair::new(Transport::Udp);
    pair.ask(Method::Invite, 1);
    let text = String::from_utf8(pair.a.last.to_vec()).expect("text");
    pair.run(50);
    pair.answer(0, 200);
    pair.inject(1, text.replace("INVITE", "ACK").into());
    pair.run(50);
    assert_eq!(pair.b.acks, [Some(77)]);
}

#[test]
fn every_2xx_comes_up_for_the_dialog_until_timer_m() {
    let mut pair = Pair::new(Transport::Udp);
    pair.ask(Method::Invite, 1);
    pair.run(50);
    pair.answer(0, 200);
    let copy = pair.b.last.clone();
    pair.run(1_000);
    pair.inject(0, copy.clone());
    pair.run(40_000);
    assert_eq!(pair.a.finals(), [200, 200]);
    pair.inject(0, copy);
    pair.run(100);
    assert_eq!(pair.a.finals(), [200, 200]);
    assert!(pair.a.layer.is_empty());
}

#[test]
fn ringing_for_ten_minutes_works_while_180_is_repeated() {
    let mut pair = Pair::new(Transport::Udp);
    pair.ask(Method::Invite, 1);
    pair.run(50);
    for _ in 0..10 {
        pair.answer(0, 180);
        pair.run(60_000);
    }
    pair.answer(0, 200);
    pair.run(100);
    assert_eq!(pair.a.finals(), [200]);
    assert!(pair.a.times("CANCEL").is_empty());
}

#[test]
fn ringing_without_news_is_cancelled_by_timer_c_and_ends() {
    let mut pair = Pair::new(Transport::Udp);
    pair.ask(Method::Invite, 1);
    pair.run(50);
    pair.answer(0, 180);
    pair.run(184_000);
    assert!(pair.a.times("CANCEL").is_empty());
    pair.run(2_000);
    assert_eq!(pair.a.times("CANCEL").first(), Some(&185_060));
    pair.run(33_000);
    assert_eq!(pair.a.finals(), [408], "nobody answered 487");
}

#[test]
fn a_closed_stream_ends_its_client_transactions_and_no_other() {
    let mut pair = Pair::new(Transport::Tcp);
    pair.ask(Method::Invite, 1);
    pair.ask(Method::Options, 2);
    let mut events = Vec::new();
    pair.a.layer.flow_closed(base::FlowId(8), &mut events);
    assert!(events.is_empty());
    pair.a.layer.flow_closed(super::bench::FLOW, &mut events);
    assert!(matches!(
        events[..],
        [TxEvent::TransportError { owner: 1, .. }, TxEvent::TransportError { owner: 2, .. }]
    ));
    assert!(pair.a.layer.is_empty());
    pair.ask(Method::Invite, 3);
    pair.run(50);
    assert_eq!(pair.a.finals(), [503], "a request by a closed flow fails by itself");
}
