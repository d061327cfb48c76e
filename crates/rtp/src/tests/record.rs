//! Where the packets of a recording go.

use base::Mono;

use crate::g711::Law;
use crate::record::Placer;
use crate::{FRAME_SAMPLES, Header};

const LIMIT: u64 = 60 * 8_000;

/// A loud frame that is told by its octet, or a silent one.
fn frame(n: u8) -> [u8; FRAME_SAMPLES] {
    [if n == QUIET { n } else { n & 0x0f }; FRAME_SAMPLES]
}

struct Stream {
    placer: Placer,
    ms: u64,
}

impl Stream {
    fn new() -> Self {
        Self { placer: Placer::new(Law::Mu, LIMIT, 0), ms: 1_000 }
    }

    /// Frame `n` of the stream comes at its time.
    fn frame(&mut self, ssrc: u32, n: u32, octet: u8) {
        let header = Header { ssrc, timestamp: 7_000 + n * 160, ..Header::default() };
        self.placer.packet(Mono(self.ms * 1_000), &header, Law::Mu, &frame(octet));
        self.ms += 20;
    }

    /// One octet of each frame.
    fn heard(&mut self) -> Vec<u8> {
        let out = self.placer.rest();
        assert!(out.chunks(FRAME_SAMPLES).all(|f| f.iter().all(|o| *o == f[0])));
        out.iter().step_by(FRAME_SAMPLES).copied().collect()
    }
}

const QUIET: u8 = 0xff;

#[test]
fn order_and_gaps_follow_the_timestamps() {
    let mut s = Stream::new();
    for n in [0, 2, 1, 1, 5] {
        s.frame(1, n, n as u8);
    }
    assert_eq!(s.heard(), [0, 1, 2, QUIET, QUIET, 5]);
}

#[test]
fn another_source_goes_on_behind_the_end() {
    let mut s = Stream::new();
    s.frame(1, 0, 1);
    s.frame(1, 1, 2);
    s.frame(2, 90_000, 3);
    s.frame(2, 90_001, 4);
    // A second in which nothing comes, then a third source: its place is the present.
    s.ms += 1_000;
    s.frame(3, 500, 5);
    let heard = s.heard();
    assert_eq!(heard[..4], [1, 2, 3, 4]);
    assert_eq!(heard[4..heard.len() - 1], [QUIET; 50]);
    assert_eq!(heard.last(), Some(&5));
}

#[test]
fn a_timestamp_that_leaps_makes_no_hours_of_silence() {
    let mut s = Stream::new();
    s.frame(1, 0, 1);
    s.frame(1, 1_000_000, 2);
    s.frame(1, 1_000_001, 3);
    assert_eq!(s.heard(), [1, 2, 3]);
}

#[test]
fn a_stream_that_comes_all_at_once_is_whole() {
    let mut placer = Placer::new(Law::Mu, LIMIT, 0);
    for n in 0..500u32 {
        let header = Header { timestamp: n * 160, ..Header::default() };
        placer.packet(Mono(0), &header, Law::Mu, &frame(n as u8));
    }
    let heard: Vec<u8> = placer.rest().iter().step_by(160).copied().collect();
    assert_eq!(heard, (0..500u32).map(|n| frame(n as u8)[0]).collect::<Vec<_>>());
}

#[test]
fn the_limit_cuts_and_the_other_law_is_turned() {
    let mut placer = Placer::new(Law::A, 400, 0);
    for n in 0..5u32 {
        let header = Header { timestamp: n * 160, ..Header::default() };
        placer.packet(Mono(0), &header, Law::Mu, &[0x80; 160]);
    }
    let out = placer.rest();
    assert_eq!(out, [Law::Mu.to_other(0x80); 400]);
}

#[test]
fn what_was_written_out_waits_for_late_ones_and_then_stays() {
    let mut s = Stream::new();
    for n in 0..50 {
        if n != 45 {
            s.frame(1, n, 1);
        }
    }
    assert_eq!(s.placer.ready(8_000), None, "too little to write");
    let first = s.placer.ready(1).unwrap();
    assert_eq!(first.len(), 40 * 160, "ten frames wait");
    s.frame(1, 45, 2);
    s.frame(1, 3, 9);
    let rest: Vec<u8> = s.heard();
    assert_eq!(rest.len(), 10);
    assert_eq!(rest[5], 2);
    assert!(!rest.contains(&9));
}

#[test]
fn a_long_silence_at_the_end_is_cut_a_short_one_and_pauses_stay() {
    let cases = [(0, 100), (90, 190), (150, 125)];
    for (silent, expected) in cases {
        let mut s = Stream::new();
        for n in 0..100 + silent {
            // A pause of three seconds would not matter in the middle.
            s.frame(1, n, if n < 100 { 1 } else { QUIET });
        }
        s.placer.rest();
        assert_eq!(s.placer.worth(), expected * 160, "{silent} silent frames");
    }
    let mut nobody = Stream::new();
    (0..300).for_each(|n| nobody.frame(1, n, QUIET));
    nobody.placer.rest();
    assert_eq!(nobody.placer.worth(), 0);
}
