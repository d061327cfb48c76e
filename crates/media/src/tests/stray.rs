//! Packets from strangers (MED-T02 over real sockets): nothing is let in, nothing is reflected.

use base::LegId;
use mediactl::Event;

use super::bench::{Bench, LOCAL, Phone, config, pair};
use crate::{Config, Network};

fn latch(bench: &Bench, phone: &mut Phone, leg: u64, other: &Phone) {
    for _ in 0..3 {
        phone.send(&[0; 160]);
        other.hear();
    }
    bench.event(|e| match e {
        Event::Latched { leg: LegId(l), .. } if l == leg => Some(()),
        _ => None,
    });
}

#[test]
fn a_stranger_gets_nothing_and_injects_nothing() {
    let bench = Bench::new();
    let (mut a, mut b, _) = pair(&bench, |_, _| {});
    latch(&bench, &mut a, 1, &b);
    latch(&bench, &mut b, 2, &a);
    // What the attack of that name does: a packet to each port, then listen.
    let mut stranger = Phone::new(0xbad);
    for target in [a.to, b.to] {
        stranger.to = target;
        (0..10).for_each(|_| stranger.send(&[0x66; 160]));
    }
    for n in 0..5 {
        a.send(&[n; 160]);
        assert_eq!(b.hear().1[12..], [n; 160]);
        b.send(&[n; 160]);
        assert_eq!(a.hear().1[12..], [n; 160]);
    }
    bench.settle(LegId(2));
    stranger.hears_nothing();
    a.hears_nothing();
    b.hears_nothing();
}

#[test]
fn a_stranger_who_was_first_is_displaced_by_the_sdp() {
    let bench = Bench::new();
    let (mut a, mut b, _) = pair(&bench, |_, _| {});
    let mut stranger = Phone::new(0xbad);
    stranger.to = a.to;
    stranger.send(&[0x66; 160]);
    assert_eq!(b.hear().1[12..], [0x66; 160], "heard while nothing better is known");
    latch(&bench, &mut a, 1, &b);
    b.send(&[1; 160]);
    assert_eq!(a.hear().1[12..], [1; 160]);
    bench.settle(LegId(2));
    stranger.hears_nothing();
}

#[test]
fn denied_networks_are_never_learned() {
    let deny = vec![Network { address: LOCAL, prefix: 8 }];
    let bench = Bench::with(Config { deny, ..config() });
    let (mut a, b, _) = pair(&bench, |_, _| {});
    (0..5).for_each(|_| a.send(&[1; 160]));
    while bench.settle(LegId(1)).rx_dropped < 5 {}
    b.hears_nothing();
}

#[test]
fn reports_of_strangers_are_not_answered_or_passed() {
    let bench = Bench::new();
    let (mut a, mut b, _) = pair(&bench, |_, _| {});
    latch(&bench, &mut a, 1, &b);
    latch(&bench, &mut b, 2, &a);
    let stranger = std::net::UdpSocket::bind(("127.0.0.2", 0)).unwrap();
    let report = [0x80, 201, 0, 1, 0, 0, 0, 7];
    for port in [a.rtcp_to, b.rtcp_to].into_iter().flatten() {
        stranger.send_to(&report, port).unwrap();
    }
    // A report of the phone itself comes through behind them.
    a.rtcp.send_to(&report, a.rtcp_to.unwrap()).unwrap();
    assert_eq!(b.rtcp.recv(&mut [0; 64]).unwrap(), 8);
    stranger.set_nonblocking(true).unwrap();
    assert!(stranger.recv(&mut [0; 64]).is_err());
    b.rtcp.set_nonblocking(true).unwrap();
    assert!(b.rtcp.recv(&mut [0; 64]).is_err());
}

#[test]
fn networks_contain_what_their_prefix_says() {
    let check = |net: &str, prefix, ip: &str, expected| {
        let network = Network { address: net.parse().unwrap(), prefix };
        assert_eq!(network.contains(ip.parse().unwrap()), expected, "{net}/{prefix} {ip}");
    };
    check("10.0.0.0", 8, "10.255.1.1", true);
    check("10.0.0.0", 8, "11.0.0.1", false);
    check("192.0.2.7", 32, "192.0.2.7", true);
    check("192.0.2.7", 32, "192.0.2.6", false);
    check("0.0.0.0", 0, "203.0.113.1", true);
    check("0.0.0.0", 0, "::1", false);
    check("fd00::", 8, "fdff::1", true);
    check("fd00::", 8, "fe80::1", false);
}
