//! Digits in and out; MED-T07 without the corpus.

use base::Mono;

use crate::dtmf_event::{EventPayload, EventReceiver, EventSender, Heed, Notice, Pressed};
use crate::dtmf_tone::{self, Edge, ToneReceiver};
use crate::g711::Law;
use crate::{FRAME_SAMPLES, Header};

fn notice(receiver: &mut EventReceiver, ms: u64, event: (u32, u8, u16), end: bool) -> Notice {
    let (timestamp, event, duration) = event;
    let header = Header { ssrc: 1, timestamp, ..Header::default() };
    let payload = EventPayload { event, end, volume: 10, duration };
    receiver.packet(Mono(ms * 1_000), &header, &payload)
}

fn hear(receiver: &mut EventReceiver, ms: u64, timestamp: u32, event: u8, end: bool) -> Heed {
    notice(receiver, ms, (timestamp, event, 160), end).heed
}

/// R282: waiting times run from the end of a digit, so each end is told, once.
#[test]
fn the_end_of_a_digit_is_told_once_with_its_length() {
    let pressed = |event, duration| Some(Pressed { event, duration });
    let mut r = EventReceiver::default();
    assert_eq!(notice(&mut r, 0, (100, 5, 160), false).ended, None);
    assert_eq!(notice(&mut r, 60, (100, 5, 640), false).ended, None);
    assert_eq!(notice(&mut r, 80, (100, 5, 800), true).ended, pressed(5, 800));
    assert_eq!(notice(&mut r, 80, (100, 5, 800), true).ended, None);
    assert!(!r.is_pressed());
    // Only its end arrives.
    let only = notice(&mut r, 300, (2_000, 6, 480), true);
    assert_eq!((only.unended, only.heed, only.ended), (None, Heed::Begin(6), pressed(6, 480)));
    // No end arrives before the next.
    notice(&mut r, 500, (4_000, 7, 320), false);
    let next = notice(&mut r, 600, (5_000, 8, 160), true);
    assert_eq!((next.unended, next.ended), (pressed(7, 320), pressed(8, 160)));
    // None arrives at all.
    notice(&mut r, 800, (9_000, 9, 160), false);
    assert_eq!(r.lapse(Mono(859_000)), None);
    assert_eq!(r.lapse(Mono(860_000)), pressed(9, 160));
    assert_eq!(r.lapse(Mono(990_000)), None);
    assert_eq!(notice(&mut r, 1_000, (9_000, 9, 800), true).ended, None, "late");
}

#[test]
fn a_digit_is_told_once_whatever_is_lost_or_repeated() {
    let mut r = EventReceiver::default();
    assert_eq!(hear(&mut r, 0, 100, 5, false), Heed::Begin(5));
    assert_eq!(hear(&mut r, 20, 100, 5, false), Heed::More);
    assert_eq!(hear(&mut r, 40, 100, 5, true), Heed::End);
    assert_eq!(hear(&mut r, 60, 100, 5, true), Heed::Ignore);
    // The same key again, its beginning lost.
    assert_eq!(hear(&mut r, 200, 1_700, 5, true), Heed::Begin(5));
    assert_eq!(hear(&mut r, 220, 1_700, 5, true), Heed::Ignore);
    // Late packets of the digit before.
    assert_eq!(hear(&mut r, 230, 100, 5, true), Heed::Ignore);
    // The end is lost, the next begins.
    assert_eq!(hear(&mut r, 400, 3_300, 10, false), Heed::Begin(10));
    assert_eq!(hear(&mut r, 500, 4_100, 11, false), Heed::Begin(11));
}

#[test]
fn what_is_no_digit_is_ignored_and_long_ones_stay_one() {
    let mut r = EventReceiver::default();
    assert_eq!(hear(&mut r, 0, 100, 16, false), Heed::Ignore);
    assert_eq!(hear(&mut r, 0, 100, 1, false), Heed::Begin(1));
    assert_eq!(hear(&mut r, 8_200, 100 + 0xffff, 1, false), Heed::More);
    let end = notice(&mut r, 8_220, (100 + 0xffff, 1, 160), true);
    assert_eq!((end.heed, end.ended.unwrap().duration), (Heed::End, 0xffff + 160));
}

#[test]
fn audio_is_covered_during_the_digit_and_a_little_longer() {
    let mut r = EventReceiver::default();
    assert!(!r.covers(Mono(0)));
    hear(&mut r, 0, 100, 1, false);
    assert!(r.covers(Mono(100_000)) && !r.covers(Mono(120_000)));
    hear(&mut r, 130, 100, 1, true);
    assert!(r.covers(Mono(180_000)) && !r.covers(Mono(190_000)));
}

#[test]
fn a_sent_digit_has_updates_three_ends_and_a_gap() {
    let mut sender = EventSender::new();
    assert!(sender.push(7, 100) && sender.push(8, 10));
    let pulses: Vec<_> = (0..30).map(|_| sender.tick()).collect();
    let text: String = pulses
        .iter()
        .map(|p| match p {
            None => '-',
            Some(p) if p.first => 'F',
            Some(p) if p.payload.end => 'E',
            Some(_) => 'u',
        })
        .collect();
    assert_eq!(text, "FuuuuEEE----FuuuEEE-----------");
    assert!(sender.is_idle());
    assert_eq!(pulses[5].unwrap().payload.duration, 800);
    let mut receiver = EventReceiver::default();
    let begun = pulses.iter().flatten().filter_map(|p| {
        let timestamp = u32::from(p.payload.event) * 4_000;
        let header = Header { timestamp, ..Header::default() };
        let bytes = p.payload.bytes();
        let payload = EventPayload::parse(&bytes).unwrap();
        let heed = receiver.packet(Mono(0), &header, &payload).heed;
        matches!(heed, Heed::Begin(_)).then_some(heed)
    });
    assert_eq!(begun.collect::<Vec<_>>(), [Heed::Begin(7), Heed::Begin(8)]);
}

#[test]
fn a_full_queue_refuses() {
    let mut sender = EventSender::new();
    assert!((0..EventSender::QUEUE).all(|_| sender.push(1, 80)));
    assert!(!sender.push(1, 80));
}

/// Feeds `frames` of a signal; the beginnings and ends that were told.
fn edges(law: Law, frames: usize, mut signal: impl FnMut(usize) -> i16) -> Vec<Edge> {
    let mut receiver = ToneReceiver::default();
    let mut told = Vec::new();
    for frame in 0..frames {
        let octets: Vec<u8> =
            (0..FRAME_SAMPLES).map(|n| law.encode(signal(frame * FRAME_SAMPLES + n))).collect();
        receiver.payload(law, &octets, |edge| told.push(edge));
    }
    told
}

/// The digits that began.
fn listen(law: Law, frames: usize, signal: impl FnMut(usize) -> i16) -> Vec<u8> {
    let begun = |edge| match edge {
        Edge::Begin(digit) => Some(digit),
        Edge::End(_) => None,
    };
    edges(law, frames, signal).into_iter().filter_map(begun).collect()
}

fn dual(event: u8, at: usize, amplitude: f32) -> i16 {
    let (low, high) = dtmf_tone::frequencies(event).unwrap();
    let t = at as f32 * std::f32::consts::TAU / 8_000.0;
    (amplitude * ((low * t).sin() + (high * t).sin())) as i16
}

#[test]
fn every_digit_is_heard_once_in_both_laws_and_at_many_levels() {
    for law in [Law::Mu, Law::A] {
        for event in 0..16 {
            for amplitude in [800.0, 3_000.0, 12_000.0] {
                // 100 ms on with an odd beginning, then silence.
                let on = 333..333 + 800;
                let told =
                    listen(
                        law,
                        10,
                        |n| {
                            if on.contains(&n) { dual(event, n, amplitude) } else { 0 }
                        },
                    );
                assert_eq!(told, [event], "{law:?} {event} {amplitude}");
            }
        }
    }
}

#[test]
fn short_faint_twisted_and_single_tones_are_no_digits() {
    let single = |n: usize| (8_000.0 * (n as f32 * 0.5475).sin()) as i16;
    assert_eq!(listen(Law::Mu, 20, single), []);
    assert_eq!(listen(Law::Mu, 20, |n| dual(5, n, 150.0)), []);
    for start in 0..160 {
        let short = start..start + 184;
        let signal = |n| if short.contains(&n) { dual(5, n, 8_000.0) } else { 0 };
        assert_eq!(listen(Law::Mu, 20, signal), [], "23 ms from {start}");
    }
    let twisted = |n: usize| {
        let t = n as f32 * std::f32::consts::TAU / 8_000.0;
        (1_000.0 * (770.0 * t).sin() + 9_000.0 * (1_336.0 * t).sin()) as i16
    };
    assert_eq!(listen(Law::Mu, 20, twisted), []);
}

#[test]
fn a_digit_pressed_twice_is_two_digits() {
    let told = listen(Law::A, 30, |n| {
        let on = (0..800).contains(&n) || (1_600..2_400).contains(&n);
        if on { dual(3, n, 5_000.0) } else { 0 }
    });
    assert_eq!(told, [3, 3]);
}

#[test]
fn music_and_noise_are_no_digits() {
    let music = crate::music::render();
    assert_eq!(listen(Law::Mu, music.len() / FRAME_SAMPLES, |n| music[n] * 3), []);
    let mut state = 1u32;
    let noise = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 16) as u16 as i16 / 3
    };
    assert_eq!(listen(Law::Mu, 3_000, noise), []);
}

/// ITU-T Q.24: 40 ms of tone are a digit wherever they begin, and 40 ms of pause part two.
#[test]
fn forty_milliseconds_are_enough_wherever_they_lie() {
    for start in 0..80 {
        let on = |n: usize| {
            let first = start..start + 320;
            let second = start + 640..start + 960;
            if first.contains(&n) || second.contains(&n) { dual(8, n, 6_000.0) } else { 0 }
        };
        let told = edges(Law::Mu, 20, on);
        assert_eq!(told.len(), 4, "from {start}: {told:?}");
        for pair in told.chunks(2) {
            let [Edge::Begin(8), Edge::End(Pressed { event: 8, duration })] = pair else {
                panic!("from {start}: {told:?}");
            };
            assert!((240..=480).contains(duration), "from {start}: {duration}");
        }
    }
}

#[test]
fn a_tone_with_a_hole_of_ten_milliseconds_stays_one_digit() {
    for hole in 400..560 {
        let told = listen(Law::A, 12, |n| {
            let on = (100..1_300).contains(&n) && !(hole..hole + 80).contains(&n);
            if on { dual(0, n, 5_000.0) } else { 0 }
        });
        assert_eq!(told, [0], "hole at {hole}");
    }
}

#[test]
fn a_digit_that_follows_at_once_ends_the_one_before() {
    let told =
        edges(Law::Mu, 14, |n| if n < 900 { dual(1, n, 6_000.0) } else { dual(2, n, 6_000.0) });
    assert!(matches!(
        told[..],
        [Edge::Begin(1), Edge::End(Pressed { event: 1, .. }), Edge::Begin(2)]
    ));
}

#[test]
fn a_stream_that_stops_in_a_tone_ends_it() {
    let mut receiver = ToneReceiver::default();
    let octets: Vec<u8> = (0..800).map(|n| Law::Mu.encode(dual(4, n, 6_000.0))).collect();
    receiver.payload(Law::Mu, &octets, |_| {});
    assert!(receiver.is_pressed());
    let ended = receiver.lapse().unwrap();
    assert_eq!(ended.event, 4);
    assert!((700..=880).contains(&ended.duration), "{}", ended.duration);
    assert_eq!(receiver.lapse(), None);
}

/// ITU-T Q.24: off the mark by 1.5 % is still understood, by 3.5 % no more.
#[test]
fn detuned_tones_are_digits_and_far_ones_are_none() {
    let detuned = |event: u8, at: usize, by: f32| {
        let (low, high) = dtmf_tone::frequencies(event).unwrap();
        let t = at as f32 * std::f32::consts::TAU / 8_000.0 * by;
        (6_000.0 * ((low * t).sin() + (high * t).sin())) as i16
    };
    for event in 0..12 {
        for by in [0.985, 0.99, 1.01, 1.015] {
            assert_eq!(listen(Law::Mu, 6, |n| detuned(event, n, by)), [event], "{event} {by}");
        }
        for by in [0.965, 1.035] {
            assert_eq!(listen(Law::Mu, 20, |n| detuned(event, n, by)), [], "{event} {by}");
        }
    }
}

#[test]
fn our_own_tones_are_heard() {
    let mut receiver = ToneReceiver::default();
    let mut told = Vec::new();
    for tick in 0..5 {
        let mut frame = [0; FRAME_SAMPLES];
        dtmf_tone::fill(11, tick * FRAME_SAMPLES, &mut frame);
        let octets = frame.map(|s| Law::Mu.encode(s));
        receiver.payload(Law::Mu, &octets, |edge| told.push(edge));
    }
    assert_eq!(told, [Edge::Begin(11)]);
}
