//! Players: what a phone hears of them.

use base::{LegId, Micros};
use mediactl::{
    Direction, Event, Joined, Language, LegWant, Payload, PlayerId, PromptId, Repeat, ToneKind,
};
use rtp::g711::Law;

use super::bench::{Bench, Phone, config, joined, leg, playing};
use crate::Config;

const PROMPT: PlayerId = PlayerId::Prompt { id: PromptId::NoAnswer, language: Language::En };

#[track_caller]
fn ended(bench: &Bench) -> u32 {
    bench.event(|e| match e {
        Event::PlayEnded { leg: LegId(1), serial } => Some(serial),
        _ => None,
    })
}

#[test]
fn a_tone_plays_its_cadence_once_and_ends() {
    let bench = Bench::new();
    let a = Phone::new(1);
    bench.open(&playing(leg(1, &a), PlayerId::Tone(ToneKind::Busy), Repeat::Once, 7));
    let frames: Vec<_> = (0..50).map(|_| a.hear()).collect();
    for (n, (parsed, packet)) in frames.iter().enumerate() {
        let silent = packet[12..].iter().all(|o| Law::Mu.decode(*o).abs() < 16);
        assert_eq!(silent, n >= 25, "frame {n}");
        assert_eq!(parsed.header.marker, n == 0);
        let first = frames[0].0.header;
        let step = parsed.header.timestamp.wrapping_sub(first.timestamp);
        assert_eq!(step, 160 * n as u32);
    }
    assert_eq!(ended(&bench), 7);
}

#[test]
fn another_serial_plays_it_again_the_same_does_not() {
    let bench = Bench::new();
    let a = Phone::new(1);
    let tone = |serial| playing(leg(1, &a), PlayerId::Tone(ToneKind::Busy), Repeat::Once, serial);
    bench.open(&tone(1));
    assert_eq!(ended(&bench), 1);
    bench.want(&tone(1));
    bench.want(&tone(2));
    assert_eq!(ended(&bench), 2);
}

#[test]
fn a_prompt_is_spoken_in_the_codec_of_the_phone() {
    let bench = Bench::new();
    let a = Phone::new(1);
    let payloads = [Payload::PCMA].into_iter().collect();
    bench.open(&playing(LegWant { payloads, ..leg(1, &a) }, PROMPT, Repeat::Forever, 1));
    let mut samples = Vec::new();
    for _ in 0..50 {
        let (parsed, packet) = a.hear();
        assert_eq!(parsed.header.pt, 8);
        samples.extend(packet[12..].iter().map(|o| f64::from(Law::A.decode(*o))));
    }
    let energy = samples.iter().map(|s| s * s).sum::<f64>() / samples.len() as f64;
    assert!(energy.sqrt() > 300.0, "somebody speaks");
}

#[test]
fn a_phone_without_our_codecs_is_told_at_once_that_it_hears_nothing() {
    let bench = Bench::new();
    let a = Phone::new(1);
    let codec = mediactl::Codec::G722;
    let payloads = [Payload { pt: 9, codec, clock: 8_000, channels: 1 }].into_iter().collect();
    bench.open(&playing(LegWant { payloads, ..leg(1, &a) }, PROMPT, Repeat::Once, 3));
    assert_eq!(ended(&bench), 3);
}

#[test]
fn a_phone_that_listens_not_is_not_sent_to_but_the_time_passes() {
    let bench = Bench::new();
    let a = Phone::new(1);
    let want = LegWant { direction: Direction::RecvOnly, ..leg(1, &a) };
    bench.open(&playing(want, PlayerId::Tone(ToneKind::Busy), Repeat::Once, 3));
    assert_eq!(ended(&bench), 3);
    a.hears_nothing();
}

#[test]
fn all_who_hold_hear_the_same_music_at_the_same_time() {
    let bench = Bench::new();
    let (a, b) = (Phone::new(1), Phone::new(2));
    let hold = |n, phone| playing(leg(n, phone), PlayerId::HoldMusic, Repeat::Forever, 0);
    bench.open(&hold(1, &a));
    let first: Vec<_> = (0..40).map(|_| a.hear().1[12..].to_vec()).collect();
    bench.open(&hold(2, &b));
    let joins = b.hear().1[12..].to_vec();
    let more = (0..40).map(|_| a.hear().1[12..].to_vec());
    assert!(first.into_iter().chain(more).any(|frame| frame == joins));
}

#[test]
fn nothing_heard_is_told_once_and_again_after_speech() {
    let silence = Micros::millis(500);
    let bench = Bench::with(Config { silence, ..config() });
    let mut a = Phone::new(1);
    a.to = Some(bench.open(&joined(leg(1, &a), 2)).0);
    let silent = || bench.event(|e| matches!(e, Event::Silent { leg: LegId(1) }).then_some(()));
    silent();
    a.send(&[1; 160]);
    while bench.settle(LegId(1)).rx_packets < 1 {}
    silent();
    // A held phone may be silent for ever; the bench would see the event of a second sweep.
    let b = Phone::new(2);
    bench.open(&LegWant { direction: Direction::SendOnly, ..leg(2, &b) });
    a.send(&[1; 160]);
    silent();
    assert!(bench.events.try_iter().all(|e| e != Event::Silent { leg: LegId(2) }));
}

#[test]
fn an_empty_leg_hears_nothing() {
    let bench = Bench::new();
    let a = Phone::new(1);
    bench.open(&playing(leg(1, &a), PROMPT, Repeat::Forever, 1));
    a.hear();
    bench.want(&LegWant { joined: Joined::None, ..leg(1, &a) });
    let sent = bench.settle(LegId(1)).tx_packets;
    assert_eq!(bench.settle(LegId(1)).tx_packets, sent);
}
