//! Whose datagrams are heard however many they are.

use std::net::SocketAddr;

use base::Micros;
use base::limits::FLOOD_BURST;

use super::bench::{Ask, Bench, UDP};

/// How many of a thousand datagrams at one instant are heard.
fn heard(bench: &mut Bench, from: impl Into<SocketAddr>) -> u64 {
    let (now, from) = (bench.now.mono, from.into());
    (0..1_000).filter(|_| bench.stack.admits(UDP, from, || now)).count() as u64
}

#[test]
fn phones_that_are_registered_or_just_proved_themselves_are_heard() {
    let mut bench = Bench::new();
    let stranger = ([203, 0, 113, 5], 5060);
    assert_eq!(heard(&mut bench, stranger), FLOOD_BURST);
    let phone = Ask::register("<sip:tanaka2001@198.51.100.1>").extra("Expires: 600\r\n");
    let SocketAddr::V4(home) = phone.source else { panic!("the bench speaks IPv4") };
    assert_eq!(bench.ask(&phone).status(), 200);
    bench.wait(Micros::seconds(90));
    assert_eq!(heard(&mut bench, home), 1_000, "it holds a binding");
    assert_eq!(heard(&mut bench, (*home.ip(), 9)), FLOOD_BURST, "its neighbour does not");

    let caller = Ask { source: ([203, 0, 113, 7], 5060).into(), ..Ask::other("MESSAGE") };
    assert_eq!(bench.ask(&caller).status(), 405);
    assert_eq!(heard(&mut bench, caller.source), 1_000, "a digest was right");
    bench.wait(Micros::seconds(90));
    assert_eq!(heard(&mut bench, caller.source), FLOOD_BURST, "long ago");
}

#[test]
fn the_house_is_heard_unless_it_is_not_trusted() {
    let mut bench = Bench::new();
    for from in [([127, 0, 0, 1], 9), ([192, 168, 1, 9], 9)] {
        assert_eq!(heard(&mut bench, from), 1_000);
    }
    bench.stack.config.trusts_private = false;
    assert_eq!(heard(&mut bench, ([127, 0, 0, 1], 9)), FLOOD_BURST);
}

#[test]
fn what_proved_its_sender_is_told_for_that_input_only() {
    let mut bench = Bench::new();
    let phone = Ask::register("<sip:tanaka2001@198.51.100.1>");
    assert_eq!(bench.plain(&phone).status(), 401);
    assert_eq!(bench.stack.proved(), None);
    assert_eq!(bench.ask(&phone.cseq(2)).status(), 200);
    assert_eq!(bench.stack.proved(), Some(UDP));
    bench.plain(&Ask::other("OPTIONS"));
    assert_eq!(bench.stack.proved(), None);
}
