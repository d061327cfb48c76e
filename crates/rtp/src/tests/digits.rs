//! Digits in and out; MED-T07 without the corpus.

use base::Mono;

use crate::dtmf_event::{EventPayload, EventReceiver, EventSender, Heed};
use crate::dtmf_tone::{self, ToneReceiver};
use crate::g711::Law;
use crate::{FRAME_SAMPLES, Header};

fn hear(receiver: &mut EventReceiver, ms: u64, timestamp: u32, event: u8, end: bool) -> Heed {
    let header = Header { ssrc: 1, timestamp, ..Header::default() };
    let payload = EventPayload { event, end, volume: 10, duration: 160 };
    receiver.packet(Mono(ms * 1_000), &header, &payload)
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
    assert_eq!(hear(&mut r, 8_220, 100 + 0xffff, 1, true), Heed::End);
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
        let heed = receiver.packet(Mono(0), &header, &EventPayload::parse(&bytes).unwrap());
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

/// Feeds `frames` of a signal; what was told.
fn listen(law: Law, frames: usize, mut signal: impl FnMut(usize) -> i16) -> Vec<u8> {
    let mut receiver = ToneReceiver::default();
    let mut told = Vec::new();
    for frame in 0..frames {
        let octets: Vec<u8> =
            (0..FRAME_SAMPLES).map(|n| law.encode(signal(frame * FRAME_SAMPLES + n))).collect();
        told.extend(receiver.payload(law, &octets));
    }
    told
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
    assert_eq!(listen(Law::Mu, 20, |n| if n < 200 { dual(5, n, 8_000.0) } else { 0 }), []);
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

#[test]
fn our_own_tones_are_heard() {
    let mut receiver = ToneReceiver::default();
    let mut told = Vec::new();
    for tick in 0..5 {
        let mut frame = [0; FRAME_SAMPLES];
        dtmf_tone::fill(11, tick * FRAME_SAMPLES, &mut frame);
        let octets = frame.map(|s| Law::Mu.encode(s));
        told.extend(receiver.payload(Law::Mu, &octets));
    }
    assert_eq!(told, [11]);
}
