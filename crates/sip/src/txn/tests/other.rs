//! Requests other than INVITE.

use super::Pair;
use crate::msg::Method;
use crate::stack::Transport;

#[test]
fn an_unheard_request_is_repeated_by_timer_e_and_given_up_by_f() {
    let mut pair = Pair::new(Transport::Udp);
    pair.cut = [true; 2];
    pair.ask(Method::Options, 1);
    pair.run(60_000);
    let sent = [0, 500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500];
    assert_eq!(pair.a.times("OPTIONS"), sent);
    assert_eq!(pair.a.finals(), [408]);
    assert!(pair.a.layer.is_empty());
}

#[test]
fn after_100_a_request_is_repeated_every_4_s() {
    let mut pair = Pair::new(Transport::Udp);
    pair.ask(Method::Options, 1);
    pair.run(50);
    pair.answer(0, 100);
    pair.run(20_000);
    assert_eq!(pair.a.times("OPTIONS"), [0, 500, 4_500, 8_500, 12_500, 16_500]);
    assert_eq!(pair.b.times("100 OPTIONS").len(), 6, "each repetition is answered");
}

#[test]
fn a_slow_answer_is_announced_by_100_after_3500_ms_only() {
    let mut pair = Pair::new(Transport::Udp);
    pair.ask(Method::Options, 1);
    pair.run(10_000);
    assert_eq!(pair.b.times("100 OPTIONS").first(), Some(&3_510));
}

#[test]
fn no_final_within_32_s_and_none_is_sent_later() {
    let mut pair = Pair::new(Transport::Udp);
    pair.ask(Method::Options, 1);
    pair.run(40_000);
    assert!(pair.b.layer.is_empty());
    pair.answer(0, 200);
    assert!(pair.b.times("200 OPTIONS").is_empty() && pair.b.times("408 OPTIONS").is_empty());
}

#[test]
fn a_repeated_request_gets_the_same_answer_until_timer_j() {
    let mut pair = Pair::new(Transport::Udp);
    pair.b.answer_all = 200;
    pair.cut = [true, false];
    pair.ask(Method::Register, 1);
    pair.run(31_900);
    assert_eq!((pair.b.requests.len(), pair.b.times("200 REGISTER").len()), (1, 11));
    pair.run(200);
    assert!(pair.b.layer.is_empty());
}

#[test]
fn over_a_stream_nothing_is_repeated_and_nothing_lingers() {
    let mut pair = Pair::new(Transport::Tls);
    pair.b.answer_all = 200;
    pair.ask(Method::Register, 1);
    pair.run(50);
    assert_eq!((pair.a.finals(), pair.a.times("REGISTER").len()), (vec![200], 1));
    assert!(pair.a.layer.is_empty() && pair.b.layer.is_empty());
}

#[test]
fn over_udp_the_client_lingers_for_timer_k() {
    let mut pair = Pair::new(Transport::Udp);
    pair.b.answer_all = 200;
    pair.ask(Method::Register, 1);
    pair.run(4_900);
    assert_eq!((pair.a.finals(), pair.a.layer.len()), (vec![200], 1));
    pair.run(200);
    assert!(pair.a.layer.is_empty());
}

#[test]
fn a_finished_register_keeps_little_more_than_its_response() {
    let mut pair = Pair::new(Transport::Udp);
    pair.b.answer_all = 200;
    pair.ask(Method::Register, 1);
    pair.run(100);
    // Slab entry, two table entries with their load factor, one timer, and the response with the
    // block that shares it.
    let tables = (32 + 16 + 2) * 8 / 5;
    let response = pair.b.last.len() + 40;
    let entry = size_of::<Option<crate::txn::Tx>>() + tables + 24 + response;
    assert!(response < 400 && entry <= 600, "{entry}");
    assert!(size_of::<crate::txn::Tx>() <= 128, "{}", size_of::<crate::txn::Tx>());
}
