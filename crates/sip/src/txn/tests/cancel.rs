//! CANCEL (RFC 3261 §9).

use super::Pair;
use crate::msg::{HeaderId, Method, Msg};
use crate::stack::Transport;
use crate::txn::Cancelled;

#[test]
fn cancel_waits_for_the_first_provisional_response() {
    let mut pair = Pair::new(Transport::Udp);
    let tx = pair.ask(Method::Invite, 1);
    pair.cancel(tx);
    pair.run(150);
    assert!(pair.a.times("CANCEL").is_empty());
    pair.run(100);
    assert_eq!(pair.a.times("CANCEL"), [220], "with the 100");
}

#[test]
fn cancel_copies_what_identifies_its_invite_and_says_why() {
    let mut pair = Pair::new(Transport::Udp);
    let tx = pair.ask(Method::Invite, 1);
    let invite = Msg::parse_datagram(pair.a.last.clone()).expect("invite");
    pair.run(50);
    pair.answer(0, 180);
    pair.run(50);
    pair.cancel(tx);
    pair.cancel(tx);
    let cancel = Msg::parse_datagram(pair.a.last.clone()).expect("cancel");
    let routes = |m: &Msg| m.values(HeaderId::Route).map(<[u8]>::to_vec).collect::<Vec<_>>();
    assert_eq!(cancel.request_uri(), invite.request_uri());
    assert_eq!(routes(&cancel), routes(&invite));
    for same in [HeaderId::Via, HeaderId::From, HeaderId::To, HeaderId::CallId] {
        assert_eq!(cancel.value(same), invite.value(same));
    }
    assert_eq!(cancel.value(HeaderId::CSeq), Some(&b"7 CANCEL"[..]));
    assert!(cancel.value(HeaderId::Reason).is_some_and(|r| r.starts_with(b"SIP;cause=200")));
    assert_eq!(pair.a.times("CANCEL").len(), 1, "the second time changes nothing");
}

#[test]
fn a_cancelled_invite_ends_with_its_487() {
    let mut pair = Pair::new(Transport::Udp);
    let tx = pair.ask(Method::Invite, 1);
    pair.run(50);
    pair.answer(0, 180);
    pair.run(50);
    pair.cancel(tx);
    pair.run(50);
    assert_eq!(pair.b.requests[1].1, Method::Cancel);
    let cancel = pair.b.layer.request_of(pair.b.requests[1].2).expect("pending");
    let key = pair.b.layer.key(&cancel).expect("key");
    assert!(matches!(pair.b.layer.cancelled(&key), Cancelled::Pending { owner: 77, .. }));
    pair.answer(1, 200);
    pair.answer(0, 487);
    assert_eq!(pair.b.layer.cancelled(&key), Cancelled::TooLate);
    pair.run(70_000);
    assert_eq!(pair.a.finals(), [487]);
    assert_eq!(pair.b.layer.cancelled(&key), Cancelled::Unknown);
    assert!(pair.a.layer.is_empty() && pair.b.layer.is_empty());
}

#[test]
fn a_2xx_that_crosses_the_cancel_comes_up() {
    let mut pair = Pair::new(Transport::Udp);
    let tx = pair.ask(Method::Invite, 1);
    pair.run(50);
    pair.answer(0, 180);
    pair.run(50);
    pair.cancel(tx);
    pair.answer(0, 200);
    pair.run(50);
    pair.answer(1, 200);
    pair.run(70_000);
    assert_eq!(pair.a.finals(), [200]);
    assert!(pair.a.layer.is_empty() && pair.b.layer.is_empty());
}

#[test]
fn an_invite_whose_cancel_has_no_effect_ends_after_32_s() {
    let mut pair = Pair::new(Transport::Udp);
    let tx = pair.ask(Method::Invite, 1);
    pair.run(50);
    pair.answer(0, 180);
    pair.run(50);
    pair.cancel(tx);
    pair.run(31_900);
    assert!(pair.a.finals().is_empty());
    pair.run(200);
    assert_eq!(pair.a.finals(), [408]);
}
