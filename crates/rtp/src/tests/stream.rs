//! MED-T01: what a receiver sees of a leg over every change of source.

use base::{Micros, Mono};
use proptest::prelude::*;

use crate::Header;
use crate::receive::Receive;
use crate::rewrite::Rewriter;

const CLOCK: u32 = 8_000;

/// A receiver with a small memory that objects to whatever would disturb a jitter buffer.
#[derive(Default)]
struct Receiver {
    packets: Vec<(Mono, Header)>,
}

impl Receiver {
    fn take(&mut self, now: Mono, header: Header) {
        self.packets.push((now, header));
    }

    /// One SSRC; `lost` numbers missing in all; each number once; time moves as the clock does.
    fn judge(&self, ssrc: u32, lost: usize) {
        let mut seen: Vec<u64> = Vec::new();
        let first = self.packets[0].1.sequence;
        let mut extended = 0u64;
        let mut last: Option<(u64, Mono, u32)> = None;
        for (at, header) in &self.packets {
            assert_eq!(header.ssrc, ssrc);
            let near = header.sequence.wrapping_sub(first).wrapping_sub(extended as u16);
            let number = extended.wrapping_add_signed(i64::from(near.cast_signed()));
            assert!(!seen.contains(&number), "number {number} twice");
            seen.push(number);
            if let Some((last_number, last_at, last_timestamp)) = last
                && number > last_number
            {
                let step = header.timestamp.wrapping_sub(last_timestamp).cast_signed();
                let real = (at.since(last_at).0 * u64::from(CLOCK) / 1_000_000) as i32;
                assert!(step > 0, "time stands still or goes back: {step}");
                assert!((step - real).abs() <= 3 * 160, "step {step}, real {real}");
            }
            if last.is_none_or(|(n, ..)| number > n) {
                last = Some((number, *at, header.timestamp));
                extended = number;
            }
        }
        let highest = seen.iter().max().unwrap() + 1;
        assert_eq!(highest as usize - seen.len(), lost, "holes");
    }
}

/// What happens to the stream in one step.
#[derive(Debug, Clone)]
enum Step {
    /// `n` packets of the phone with that SSRC.
    Phone { ssrc: u32, n: u8 },
    /// `n` frames of a player.
    Music { n: u8 },
    /// `n` packets that are taken out: digits.
    Removed { ssrc: u32, n: u8 },
    /// Nothing for `ms`.
    Pause { ms: u16 },
    /// The phone restarts its numbers under the same SSRC.
    Restart { ssrc: u32, sequence: u16, timestamp: u32 },
}

fn step() -> impl Strategy<Value = Step> {
    let ssrc = || 1u32..4;
    prop_oneof![
        (ssrc(), 1u8..20).prop_map(|(ssrc, n)| Step::Phone { ssrc, n }),
        (1u8..20).prop_map(|n| Step::Music { n }),
        (ssrc(), 1u8..10).prop_map(|(ssrc, n)| Step::Removed { ssrc, n }),
        (20u16..2_000).prop_map(|ms| Step::Pause { ms: ms / 20 * 20 }),
        (ssrc(), any::<u16>(), any::<u32>()).prop_map(|(ssrc, sequence, timestamp)| {
            Step::Restart { ssrc, sequence, timestamp }
        }),
    ]
}

/// Numbers of the phones by SSRC.
struct Phones([(u16, u32); 4]);

impl Phones {
    /// Each phone's media clock runs all the time.
    fn pass(&mut self, ms: u32) {
        self.0.iter_mut().for_each(|p| p.1 = p.1.wrapping_add(ms * 8));
    }

    fn packet(&mut self, ssrc: u32) -> Header {
        let phone = &mut self.0[ssrc as usize];
        phone.0 = phone.0.wrapping_add(1);
        Header { marker: false, pt: 0, sequence: phone.0, timestamp: phone.1, ssrc }
    }
}

proptest! {
    #[test]
    fn a_leg_sees_one_continuous_stream(
        steps in proptest::collection::vec(step(), 1..40),
        starts in any::<[(u16, u32); 4]>(),
        first in any::<(u16, u32)>(),
    ) {
        let mut rewriter = Rewriter::new(77, first.0, first.1, CLOCK);
        let mut phones = Phones(starts);
        let mut receiver = Receiver::default();
        let mut now = Mono(5_000_000);
        for step in steps {
            let n = match step {
                Step::Phone { n, .. } | Step::Music { n } | Step::Removed { n, .. } => n,
                Step::Pause { ms } => {
                    now += Micros::millis(ms.into());
                    phones.pass(ms.into());
                    0
                }
                Step::Restart { ssrc, sequence, timestamp } => {
                    phones.0[ssrc as usize] = (sequence, timestamp);
                    0
                }
            };
            for _ in 0..n {
                now += Micros::millis(20);
                phones.pass(20);
                match step {
                    Step::Phone { ssrc, .. } => {
                        let header = phones.packet(ssrc);
                        // A restart may look like a late packet; then it is only late.
                        if let Some(out) = rewriter.relay(now, &header) {
                            receiver.take(now, out);
                        }
                    }
                    Step::Music { .. } => receiver.take(now, rewriter.own(now, 160)),
                    Step::Removed { ssrc, .. } => rewriter.skip(&phones.packet(ssrc)),
                    Step::Pause { .. } | Step::Restart { .. } => {}
                }
            }
        }
        // A restart shortly behind the old numbers is taken as reordering for up to 100 packets;
        // every other case leaves no hole at all.
        if !receiver.packets.is_empty() {
            let late = receiver.packets.windows(2).any(|w| {
                w[1].1.sequence.wrapping_sub(w[0].1.sequence).cast_signed() <= 0
            });
            if !late {
                let holes: u16 = receiver
                    .packets
                    .windows(2)
                    .map(|w| w[1].1.sequence.wrapping_sub(w[0].1.sequence) - 1)
                    .sum();
                receiver.judge(77, holes.into());
            }
        }
    }
}

fn header(ssrc: u32, sequence: u16, timestamp: u32) -> Header {
    Header { marker: false, pt: 0, sequence, timestamp, ssrc }
}

#[test]
fn loss_and_reordering_of_the_network_stay_as_they_are() {
    let mut rewriter = Rewriter::new(1, 100, 0, CLOCK);
    let mut at = |ms: u64, sequence: u16| {
        let timestamp = 160 * u32::from(sequence);
        rewriter.relay(Mono(ms * 1_000), &header(9, sequence, timestamp)).map(|h| h.sequence)
    };
    assert_eq!(at(0, 50), Some(100));
    assert_eq!(at(60, 53), Some(103));
    assert_eq!(at(61, 52), Some(102));
    assert_eq!(at(62, 51), Some(101));
    assert_eq!(at(80, 54), Some(104));
    // From before the stream was joined: its number belongs to nobody.
    assert_eq!(at(81, 49), None);
}

#[test]
fn a_removed_digit_leaves_no_hole_and_its_late_packets_stay_out() {
    let mut rewriter = Rewriter::new(1, 0, 0, CLOCK);
    let now = Mono(0);
    rewriter.relay(now, &header(9, 10, 0));
    rewriter.skip(&header(9, 11, 0));
    rewriter.skip(&header(9, 12, 0));
    assert_eq!(rewriter.relay(now, &header(9, 13, 480)).map(|h| h.sequence), Some(1));
    assert_eq!(rewriter.relay(now, &header(9, 11, 0)), None);
    assert_eq!(rewriter.relay(now, &header(9, 14, 640)).map(|h| h.sequence), Some(2));
}

#[test]
fn a_phone_that_leaps_in_time_begins_anew() {
    let mut rewriter = Rewriter::new(1, 0, 0, CLOCK);
    rewriter.relay(Mono(0), &header(9, 1, 1_000));
    let leap = rewriter.relay(Mono(20_000), &header(9, 2, 900_000)).unwrap();
    assert_eq!((leap.sequence, leap.timestamp, leap.marker), (1, 160, true));
    let back = rewriter.relay(Mono(40_000), &header(9, 3, 5)).unwrap();
    assert_eq!((back.sequence, back.timestamp), (2, 320));
    // Silence suppression is no leap: time has passed.
    let quiet = rewriter.relay(Mono(10_040_000), &header(9, 4, 5 + 80_000)).unwrap();
    assert_eq!((quiet.sequence, quiet.timestamp, quiet.marker), (3, 80_320, false));
}

#[test]
fn loss_is_counted_over_wraps_and_new_streams() {
    let mut receive = Receive::default();
    let mut take = |sequence: u16, ssrc: u32| {
        let at = Mono(u64::from(sequence) * 20_000);
        receive.packet(at, &header(ssrc, sequence, u32::from(sequence) * 160), 172, CLOCK);
        receive.lost()
    };
    assert_eq!(take(65_533, 1), 0);
    assert_eq!(take(65_535, 1), 1);
    assert_eq!(take(1, 1), 2);
    assert_eq!(take(0, 1), 1);
    assert_eq!(take(500, 2), 1);
    assert_eq!(take(503, 2), 3);
    assert_eq!((receive.packets(), receive.bytes(), receive.ssrc()), (6, 6 * 172, Some(2)));
}

#[test]
fn jitter_follows_the_rfc() {
    let mut receive = Receive::default();
    for n in 0..200u16 {
        // Every other packet is 4 ms late.
        let late = u64::from(n % 2) * 4_000;
        let at = Mono(u64::from(n) * 20_000 + late);
        receive.packet(at, &header(1, n, u32::from(n) * 160), 172, CLOCK);
    }
    assert!((30..=33).contains(&receive.jitter()), "{}", receive.jitter());
}
