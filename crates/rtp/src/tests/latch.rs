//! MED-T02: the table of media design §7.

use std::net::SocketAddr;

use base::{Micros, Mono};

use crate::Header;
use crate::latch::{Latch, Seen, Timed, Verdict};

const PHONE: &str = "192.0.2.10:4000";
const NAT: &str = "192.0.2.10:61000";
const FAR: &str = "198.51.100.9:9";

struct Bench {
    latch: Latch,
    now: Mono,
}

fn addr(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

impl Bench {
    fn new(sdp: &str) -> Self {
        Self { latch: Latch::new(Mono(0), Some(addr(sdp))), now: Mono(0) }
    }

    fn rtp(&mut self, from: &str, ssrc: u32, sequence: u16) -> Verdict {
        self.now += Micros::millis(20);
        let header = Header { ssrc, sequence, ..Header::default() };
        let seen = Seen { from: addr(from), header: &header, authenticated: false };
        self.latch.packet(self.now, seen)
    }

    fn wait(&mut self, ms: u64) -> Timed {
        self.now += Micros::millis(ms);
        self.latch.tick(self.now)
    }

    fn lock(&mut self, from: &str) {
        assert_eq!(self.rtp(from, 1, 1), Verdict::Forward);
        assert_eq!(self.rtp(from, 1, 2), Verdict::Forward);
        assert_eq!(self.rtp(from, 1, 3), Verdict::Lock(addr(from)));
    }
}

#[test]
fn we_send_to_the_sdp_before_anything_came_and_to_the_source_after() {
    let mut bench = Bench::new(PHONE);
    assert_eq!(bench.latch.target(), Some(addr(PHONE)));
    bench.rtp(NAT, 1, 1);
    assert_eq!(bench.latch.target(), Some(addr(NAT)));
    assert_eq!(Latch::new(Mono(0), Some(addr("0.0.0.0:4000"))).target(), None);
}

#[test]
fn three_sequential_packets_lock() {
    let mut bench = Bench::new(PHONE);
    bench.lock(NAT);
    assert_eq!(bench.rtp(NAT, 1, 4), Verdict::Forward);
    assert_eq!(bench.rtp(PHONE, 1, 5), Verdict::Drop);
    assert_eq!(bench.rtp(FAR, 1, 5), Verdict::Drop);
}

#[test]
fn a_hole_or_another_ssrc_starts_the_count_anew() {
    let mut bench = Bench::new(PHONE);
    bench.rtp(PHONE, 1, 1);
    bench.rtp(PHONE, 1, 2);
    assert_eq!(bench.rtp(PHONE, 1, 9), Verdict::Forward);
    bench.rtp(PHONE, 1, 10);
    assert_eq!(bench.rtp(PHONE, 2, 11), Verdict::Forward);
    bench.rtp(PHONE, 2, 12);
    assert_eq!(bench.rtp(PHONE, 2, 13), Verdict::Lock(addr(PHONE)));
}

#[test]
fn a_better_source_displaces_a_worse_one_and_never_the_reverse() {
    let mut bench = Bench::new(PHONE);
    assert_eq!(bench.rtp(FAR, 6, 1), Verdict::Forward);
    assert_eq!(bench.rtp(FAR, 6, 2), Verdict::Forward);
    assert_eq!(bench.rtp(NAT, 1, 1), Verdict::Forward);
    assert_eq!(bench.rtp(FAR, 6, 3), Verdict::Drop);
    assert_eq!(bench.rtp(PHONE, 2, 1), Verdict::Forward);
    assert_eq!(bench.rtp(NAT, 1, 2), Verdict::Drop);
    bench.rtp(PHONE, 2, 2);
    assert_eq!(bench.rtp(PHONE, 2, 3), Verdict::Lock(addr(PHONE)));
}

#[test]
fn after_three_seconds_the_best_seen_is_locked() {
    let mut bench = Bench::new(PHONE);
    assert_eq!(bench.wait(2_900), Timed::Nothing);
    bench.rtp(NAT, 1, 1);
    assert_eq!(bench.wait(3_000), Timed::Lock(addr(NAT)));
    let mut silent = Bench::new(PHONE);
    assert_eq!(silent.wait(60_000), Timed::Nothing);
    // Nothing was seen in time: the first one counts then.
    assert_eq!(silent.rtp(NAT, 1, 1), Verdict::Lock(addr(NAT)));
}

#[test]
fn a_rebound_nat_is_followed_a_stranger_is_not() {
    let mut bench = Bench::new(PHONE);
    bench.lock(NAT);
    assert_eq!(bench.wait(1_900), Timed::Nothing);
    assert_eq!(bench.wait(200), Timed::Unlock);
    assert_eq!(bench.rtp(FAR, 9, 4), Verdict::Drop);
    assert_eq!(bench.rtp(FAR, 1, 3), Verdict::Drop);
    assert_eq!(bench.rtp(FAR, 1, 3_000), Verdict::Drop);
    assert_eq!(bench.latch.target(), Some(addr(NAT)));
    let rebound = "192.0.2.10:62000";
    assert_eq!(bench.rtp(rebound, 1, 110), Verdict::Forward);
    assert_eq!(bench.rtp(rebound, 1, 111), Verdict::Forward);
    assert_eq!(bench.rtp(rebound, 1, 112), Verdict::Lock(addr(rebound)));
}

#[test]
fn the_old_source_may_simply_speak_again() {
    let mut bench = Bench::new(PHONE);
    bench.lock(NAT);
    bench.wait(5_000);
    assert_eq!(bench.rtp(NAT, 8, 900), Verdict::Lock(addr(NAT)));
}

#[test]
fn an_authenticated_packet_needs_no_other_proof() {
    let mut bench = Bench::new(PHONE);
    bench.lock(NAT);
    bench.wait(5_000);
    let header = Header { ssrc: 3, sequence: 1, ..Header::default() };
    let seen = Seen { from: addr(FAR), header: &header, authenticated: true };
    assert_eq!(bench.latch.packet(bench.now, seen), Verdict::Forward);
    assert_eq!(bench.latch.packet(bench.now, seen), Verdict::Lock(addr(FAR)));
}

#[test]
fn another_sdp_learns_anew_the_same_one_changes_nothing() {
    let mut bench = Bench::new(PHONE);
    bench.lock(PHONE);
    assert!(!bench.latch.set_sdp(bench.now, Some(addr(PHONE))));
    assert_eq!(bench.latch.locked(), Some(addr(PHONE)));
    assert!(bench.latch.set_sdp(bench.now, Some(addr(FAR))));
    assert_eq!((bench.latch.locked(), bench.latch.target()), (None, Some(addr(FAR))));
    bench.lock(FAR);
}

#[test]
fn fax_datagrams_latch_by_source_alone() {
    let mut bench = Bench::new(PHONE);
    assert_eq!(bench.latch.datagram(bench.now, addr(PHONE)), Verdict::Lock(addr(PHONE)));
    assert_eq!(bench.latch.datagram(bench.now, addr(PHONE)), Verdict::Forward);
    assert_eq!(bench.latch.datagram(bench.now, addr(FAR)), Verdict::Drop);
}
