//! Which transaction a message belongs to (RFC 3261 §17.1.3, §17.2.3, §8.2.2.2).

use base::Mono;
use bytes::Bytes;

use super::Pair;
use super::bench::request;
use crate::msg::{Method, Msg};
use crate::stack::Transport;
use crate::txn::RequestKey;

fn key(pair: &Pair, method: Method, via: &str) -> RequestKey {
    let msg = Msg::parse_datagram(request(method, via.as_bytes(), 1)).expect("request");
    pair.b.layer.key(&msg).expect("key")
}

#[test]
fn branch_sent_by_and_method_make_the_key() {
    let pair = Pair::new(Transport::Udp);
    let base = key(&pair, Method::Invite, "SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKa");
    let own = |method, via| key(&pair, method, via).own;
    assert_eq!(base.own, own(Method::Invite, "SIP/2.0/UDP 192.0.2.9;rport;branch=z9hG4bKa"));
    assert_eq!(base.own, own(Method::Ack, "SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKa"));
    assert_ne!(base.own, own(Method::Invite, "SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKb"));
    assert_ne!(base.own, own(Method::Invite, "SIP/2.0/UDP 192.0.2.9:5070;branch=z9hG4bKa"));
    assert_ne!(base.own, own(Method::Cancel, "SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKa"));
    assert_eq!(
        base.invite,
        key(&pair, Method::Cancel, "SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKa").invite
    );
}

#[test]
fn without_cookie_the_whole_request_makes_the_key() {
    let pair = Pair::new(Transport::Udp);
    let own = |method, via| key(&pair, method, via).own;
    let base = own(Method::Invite, "SIP/2.0/UDP 192.0.2.9;branch=1");
    assert_eq!(base, own(Method::Ack, "SIP/2.0/UDP 192.0.2.9;branch=1"));
    assert_ne!(base, own(Method::Invite, "SIP/2.0/UDP 192.0.2.9"));
    let other = Msg::parse_datagram(request(Method::Invite, b"SIP/2.0/UDP 192.0.2.9;branch=1", 2));
    assert_ne!(base, pair.b.layer.key(&other.expect("request")).expect("key").own);
}

#[test]
fn the_ack_of_an_old_client_is_absorbed_though_its_to_has_our_tag() {
    let mut pair = Pair::new(Transport::Udp);
    let invite = request(Method::Invite, b"SIP/2.0/UDP 192.0.2.1", 1);
    pair.inject(1, invite.clone());
    pair.run(50);
    pair.answer(0, 486);
    let text = String::from_utf8(invite.to_vec()).expect("text").replace("INVITE", "ACK");
    let ack = text.replace("To: <sip:2001@example.jp>", "To: <sip:2001@example.jp>;tag=answered");
    pair.inject(1, Bytes::from(ack));
    pair.run(6_000);
    assert_eq!(pair.b.times("486 INVITE").len(), 1);
    assert!(pair.b.acks.is_empty() && pair.b.layer.is_empty());
}

#[test]
fn the_same_request_by_another_path_is_merged_and_a_later_one_is_not() {
    let mut pair = Pair::new(Transport::Udp);
    pair.inject(1, request(Method::Invite, b"SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa", 1));
    pair.inject(1, request(Method::Invite, b"SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKb", 1));
    pair.inject(1, request(Method::Invite, b"SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKc", 2));
    pair.run(50);
    assert_eq!((pair.b.requests.len(), pair.b.merged), (2, 1));
}

#[test]
fn a_response_finds_its_transaction_by_our_branch_and_its_method_only() {
    let mut pair = Pair::new(Transport::Udp);
    pair.ask(Method::Invite, 1);
    pair.run(50);
    pair.answer(0, 180);
    let text = String::from_utf8(pair.b.last.to_vec()).expect("text");
    pair.run(50);
    let mut out = Vec::new();
    for wrong in
        [text.replace("branch=z9hG4bK", "branch=z9hG4bL0"), text.replace("7 INVITE", "7 BYE")]
    {
        let msg = Msg::parse_datagram(wrong.into()).expect("response");
        assert!(pair.a.layer.response(Mono(0), &msg, &mut out).is_none());
        assert!(!pair.a.layer.knows(&msg));
    }
    assert!(out.is_empty());
}
