//! Digits: told, passed, hidden, sent.

use base::LegId;
use mediactl::{
    Command, Digit, DigitPhase, DigitSource, DtmfToPeer, Event, Joined, LegWant, Payload,
};
use rtp::FRAME_SAMPLES;
use rtp::dtmf_event::EventPayload;
use rtp::dtmf_tone::{self, Edge, ToneReceiver};
use rtp::g711::Law;

use super::bench::{Bench, Phone, leg, pair};

fn pulse(phone: &mut Phone, start: u32, duration: u16, end: bool) {
    let payload = EventPayload { event: 5, end, volume: 10, duration };
    let keep = phone.next;
    phone.next.pt = 101;
    phone.next.timestamp = start;
    phone.send(&payload.bytes());
    phone.next =
        rtp::Header { sequence: phone.next.sequence, timestamp: keep.timestamp + 160, ..keep };
}

/// Two audio packets, a digit of three updates and three ends, two audio packets.
fn press(phone: &mut Phone) {
    phone.send(&[1; 160]);
    phone.send(&[2; 160]);
    let start = phone.next.timestamp;
    for n in 1..=3 {
        pulse(phone, start, 160 * n, false);
    }
    for _ in 0..3 {
        pulse(phone, start, 640, true);
    }
    phone.send(&[3; 160]);
}

/// The next digit that begins.
#[track_caller]
fn digit(bench: &Bench) -> (LegId, char, DigitSource) {
    bench.event(|e| match e {
        Event::Digit { leg, digit, source, phase: DigitPhase::Begin } => {
            Some((leg, digit.as_char(), source))
        }
        _ => None,
    })
}

/// The next digit that has ended, with its length.
#[track_caller]
fn ended(bench: &Bench) -> (char, u16) {
    bench.event(|e| match e {
        Event::Digit { digit, phase: DigitPhase::End { ms }, .. } => Some((digit.as_char(), ms)),
        _ => None,
    })
}

/// Digits that somebody hears in these octets.
fn tones_in(law: Law, octets: &[u8]) -> Vec<u8> {
    let (mut ear, mut heard) = (ToneReceiver::default(), Vec::new());
    ear.payload(law, octets, |edge| {
        if let Edge::Begin(digit) = edge {
            heard.push(digit);
        }
    });
    heard
}

#[test]
fn passed_digits_are_told_once_and_reach_the_other_side() {
    let bench = Bench::new();
    let (mut a, b, _) = pair(&bench, |_, _| {});
    press(&mut a);
    assert_eq!(digit(&bench), (LegId(1), '5', DigitSource::Event));
    let heard: Vec<_> = (0..9).map(|_| b.hear()).collect();
    let pts: Vec<u8> = heard.iter().map(|(p, _)| p.header.pt).collect();
    assert_eq!(pts, [0, 0, 101, 101, 101, 101, 101, 101, 0]);
    let starts: Vec<u32> = heard[2..8].iter().map(|(p, _)| p.header.timestamp).collect();
    assert!(starts.iter().all(|t| *t == starts[0]));
    bench.settle(LegId(1));
    let again = |e: &Event| matches!(e, Event::Digit { phase: DigitPhase::Begin, .. });
    assert_eq!(bench.events.try_iter().filter(again).count(), 0);
}

#[test]
fn hidden_digits_become_silence_without_a_hole() {
    for rule in [DtmfToPeer::Drop, DtmfToPeer::Collect] {
        let bench = Bench::new();
        let (mut a, b, _) = pair(&bench, |first, _| first.dtmf_to_peer = rule);
        press(&mut a);
        assert_eq!(digit(&bench).1, '5');
        // Repeated ends are not sent; the audio right behind the digit may still hold its tone.
        let heard: Vec<_> = (0..7).map(|_| b.hear()).collect();
        for (n, (parsed, packet)) in heard.iter().enumerate() {
            assert_eq!(parsed.header.pt, 0);
            let expected = match n {
                0 => 1,
                1 => 2,
                _ => Law::Mu.silence(),
            };
            assert_eq!(packet[12..], [expected; 160], "{n}");
        }
        for pair in heard.windows(2) {
            let (last, next) = (pair[0].0.header, pair[1].0.header);
            assert_eq!(next.sequence, last.sequence.wrapping_add(1));
            assert!(next.timestamp.wrapping_sub(last.timestamp).cast_signed() >= 0);
        }
        bench.settle(LegId(1));
        b.hears_nothing();
    }
}

#[test]
fn digits_are_sent_as_events_and_audio_waits() {
    let bench = Bench::new();
    let (mut a, b, _) = pair(&bench, |_, _| {});
    a.send(&[1; 160]);
    let before = b.hear().0.header;
    let press = |c| Command::SendDigit {
        leg: LegId(2),
        digit: Digit::from_char(c).unwrap(),
        duration_ms: 100,
    };
    bench.handle.send(press('#')).unwrap();
    bench.handle.send(press('7')).unwrap();
    bench.settle(LegId(2));
    a.send(&[9; 160]);
    let mut last = before;
    let mut ends = Vec::new();
    let mut begun = Vec::new();
    while ends.len() < 6 {
        let (parsed, packet) = b.hear();
        assert_eq!(parsed.header.pt, 101, "no audio meanwhile");
        assert_eq!(parsed.header.sequence, last.sequence.wrapping_add(1));
        let event = EventPayload::parse(parsed.payload(&packet)).unwrap();
        if parsed.header.marker {
            begun.push(event.event);
            assert!(parsed.header.timestamp.wrapping_sub(last.timestamp) >= 160);
        } else {
            assert_eq!(parsed.header.timestamp, last.timestamp);
        }
        if event.end {
            assert_eq!(event.duration, 800);
            ends.push(event.event);
        }
        last = parsed.header;
    }
    assert_eq!((begun, ends), (vec![11, 7], vec![11, 11, 11, 7, 7, 7]));
}

/// Frames of a digit's tone.
fn tone(event: u8, frames: usize) -> Vec<[u8; FRAME_SAMPLES]> {
    let frame = |n| {
        let mut samples = [0; FRAME_SAMPLES];
        dtmf_tone::fill(event, n * FRAME_SAMPLES, &mut samples);
        samples.map(|s| Law::Mu.encode(s))
    };
    (0..frames).map(frame).collect()
}

#[test]
fn tones_are_heard_where_events_were_not_negotiated() {
    let bench = Bench::new();
    let mut a = Phone::new(1);
    let payloads = [Payload::PCMU].into_iter().collect();
    let want = LegWant { payloads, joined: Joined::Echo, ..leg(1, &a) };
    a.to = Some(bench.open(&want).0);
    tone(9, 6).iter().for_each(|frame| a.send(frame));
    assert_eq!(digit(&bench), (LegId(1), '9', DigitSource::InBand));
}

/// MED-T06, in-band: not even the beginning of the tone leaks, and speech around it is whole.
#[test]
fn dropped_tones_are_never_heard() {
    let bench = Bench::new();
    let only = |want: &mut LegWant| want.payloads = [Payload::PCMU].into_iter().collect();
    let (mut a, b, _) = pair(&bench, |first, second| {
        only(first);
        only(second);
        first.dtmf_to_peer = DtmfToPeer::Drop;
    });
    // Quiet speech, a tone that begins and ends in the middle of a packet, quiet speech.
    let pressed = tone(3, 8).concat();
    let mut audio = vec![0x7a; 160 * 3 + 70];
    audio.extend(&pressed[..160 * 5]);
    audio.resize(160 * 16, 0x7a);
    audio.chunks(160).for_each(|frame| a.send(frame));
    let heard: Vec<_> = (0..14).map(|_| b.hear()).collect();
    for pair in heard.windows(2) {
        let (last, next) = (pair[0].0.header, pair[1].0.header);
        assert_eq!(next.sequence, last.sequence.wrapping_add(1));
        assert_eq!(next.timestamp, last.timestamp.wrapping_add(160));
    }
    let payloads: Vec<&[u8]> = heard.iter().map(|(_, packet)| &packet[12..]).collect();
    assert_eq!(tones_in(Law::Mu, &payloads.concat()), []);
    let leaked = payloads.concat().iter().filter(|o| ![0x7a, 0xff].contains(o)).count();
    assert_eq!(leaked, 0, "samples of the tone");
    // The tone fills enough of packet 3 to be known there; what waited with it is silenced too.
    assert_eq!(payloads[0], [0x7a; 160], "speech before it is whole");
    assert!(payloads[11..].iter().all(|p| **p == [0x7a; 160]), "and behind it");
    assert_eq!(digit(&bench).1, '3');
}

/// MED-T06 with recorded audio: each of the sixteen tones, quiet and loud, skewed, over noise, at
/// any place of a packet and in both laws, leaks at most 40 ms, and nobody hears a digit.
#[test]
fn every_tone_that_is_dropped_leaks_at_most_forty_milliseconds() {
    const ROWS: [f64; 4] = [697.0, 770.0, 852.0, 941.0];
    const COLUMNS: [f64; 4] = [1_209.0, 1_336.0, 1_477.0, 1_633.0];
    let mut noise = 1u32;
    for (n, (row, column)) in ROWS.iter().flat_map(|r| COLUMNS.map(|c| (*r, c))).enumerate() {
        let (law, payload) =
            if n % 2 == 0 { (Law::Mu, Payload::PCMU) } else { (Law::A, Payload::PCMA) };
        let bench = Bench::new();
        let (mut a, b, _) = pair(&bench, |first, second| {
            first.payloads = [payload].into_iter().collect();
            second.payloads = [payload].into_iter().collect();
            first.dtmf_to_peer = DtmfToPeer::Drop;
        });
        let pt = if n % 2 == 0 { 0 } else { 8 };
        // Half a second of noise; in it a tone of 120 ms that begins anywhere.
        let level = [600.0, 2_000.0, 8_000.0][n % 3];
        let twist = [1.0, 1.4, 0.7][(n / 3) % 3];
        let begin = 1_000 + n * 23;
        let pressed = begin..begin + 960;
        let octets: Vec<u8> = (0..4_000)
            .map(|at| {
                noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let hiss = f64::from(noise >> 16) / 65_536.0 * 30.0 - 15.0;
                let t = std::f64::consts::TAU * at as f64 / 8_000.0;
                let tone = level * ((row * t).sin() + twist * (column * t).sin());
                law.encode((hiss + if pressed.contains(&at) { tone } else { 0.0 }) as i16)
            })
            .collect();
        for frame in octets.chunks_exact(160) {
            a.next.pt = pt;
            a.send(frame);
        }
        let heard: Vec<u8> = (0..23).flat_map(|_| b.hear().1.split_off(12)).collect();
        assert_eq!(tones_in(law, &heard), [], "{row} {column}");
        let leaked = heard.iter().filter(|o| law.decode(**o).unsigned_abs() > 60).count();
        assert!(leaked <= 320, "{row} {column}: {leaked} samples, 40 ms are 320");
    }
}

#[test]
fn a_digit_for_a_leg_without_events_is_a_tone() {
    let bench = Bench::new();
    let (mut a, b, _) = pair(&bench, |_, second| {
        second.payloads = [Payload::PCMA].into_iter().collect();
    });
    a.send(&[1; 160]);
    b.hear();
    let digit = Digit::from_char('0').unwrap();
    bench.handle.send(Command::SendDigit { leg: LegId(2), digit, duration_ms: 120 }).unwrap();
    let heard: Vec<u8> = (0..8).flat_map(|_| b.hear().1.split_off(12)).collect();
    assert_eq!(tones_in(Law::A, &heard), [0]);
}

/// R282: the end is told too, with its length, whether it arrives, is lost, or is a tone's.
#[test]
fn the_end_of_a_digit_is_told() {
    let bench = Bench::new();
    let (mut a, _b, [first, _]) = pair(&bench, |_, _| {});
    press(&mut a);
    assert_eq!(digit(&bench).1, '5');
    assert_eq!(ended(&bench), ('5', 80));
    let start = a.next.timestamp;
    pulse(&mut a, start, 160, false);
    pulse(&mut a, start, 320, false);
    assert_eq!(digit(&bench).1, '5');
    assert_eq!(ended(&bench), ('5', 40), "nothing more comes");
    let payloads = [Payload::PCMU].into_iter().collect();
    bench.want(&LegWant { payloads, dtmf_to_peer: DtmfToPeer::Collect, ..first });
    bench.settle(LegId(1));
    tone(8, 5).iter().for_each(|frame| a.send(frame));
    (0..4).for_each(|_| a.send(&[0xff; 160]));
    assert_eq!(digit(&bench), (LegId(1), '8', DigitSource::InBand));
    let (pressed, ms) = ended(&bench);
    assert_eq!(pressed, '8');
    assert!((90..=120).contains(&ms), "{ms}");
    // A tone in which the stream stops.
    tone(7, 5).iter().for_each(|frame| a.send(frame));
    assert_eq!(digit(&bench).1, '7');
    assert_eq!(ended(&bench).0, '7');
}

/// MED-T06, events: phones that also put the tone into the audio, a little before the first event
/// and behind the last one, are silenced so far that nobody hears a digit.
#[test]
fn the_tone_that_leaks_around_an_event_is_no_digit_on_the_other_side() {
    for rule in [DtmfToPeer::Drop, DtmfToPeer::Collect] {
        let bench = Bench::new();
        let (mut a, b, _) = pair(&bench, |first, _| first.dtmf_to_peer = rule);
        let audible = tone(5, 9);
        a.send(&[0x7a; 160]);
        a.send(&audible[0]);
        let start = a.next.timestamp;
        for n in 1..=6u16 {
            pulse(&mut a, start, 160 * n, false);
            a.send(&audible[usize::from(n)]);
        }
        for _ in 0..3 {
            pulse(&mut a, start, 1_120, true);
        }
        a.send(&audible[7]);
        a.send(&audible[8]);
        assert_eq!(digit(&bench).1, '5');
        bench.heard(LegId(1), 19);
        let sent = bench.settle(LegId(2)).tx_packets;
        let heard: Vec<u8> = (0..sent).flat_map(|_| b.hear().1.split_off(12)).collect();
        assert_eq!(tones_in(Law::Mu, &heard), [], "{rule:?}");
        let loud = heard.iter().filter(|o| Law::Mu.decode(**o).unsigned_abs() > 500).count();
        assert!(loud <= 320, "{rule:?}: {loud} samples of 40 ms at most");
        assert_eq!(heard[..160], [0x7a; 160], "speech before it is whole");
    }
}

/// In `Collect` a tone in the audio passes: that is what 消去しない means.
#[test]
fn collected_tones_pass_as_audio_and_are_told() {
    let bench = Bench::new();
    let only = |want: &mut LegWant| want.payloads = [Payload::PCMU].into_iter().collect();
    let (mut a, b, _) = pair(&bench, |first, second| {
        only(first);
        only(second);
        first.dtmf_to_peer = DtmfToPeer::Collect;
    });
    let pressed = tone(6, 6);
    pressed.iter().for_each(|frame| a.send(frame));
    let heard: Vec<u8> = (0..6).flat_map(|_| b.hear().1.split_off(12)).collect();
    assert_eq!(heard, pressed.concat(), "without delay and untouched");
    assert_eq!(digit(&bench).1, '6');
}

/// MED-T07, talk-off: our own sentences and music are speech and music, never a digit, at any
/// loudness; and hardly a frame of them would be silenced where tones are dropped.
#[test]
fn nothing_that_we_say_is_taken_for_a_digit() {
    use mediactl::{Language, PlayerId, PromptId, ToneKind};
    let prompts = PromptId::ALL.into_iter().flat_map(|id| {
        [Language::Ja, Language::En].map(|language| PlayerId::Prompt { id, language })
    });
    let tones = ToneKind::ALL.into_iter().map(PlayerId::Tone);
    let (mut frames, mut silenced) = (0, 0);
    for what in prompts.chain(tones).chain([PlayerId::HoldMusic]) {
        let clip = crate::library::make(what);
        for gain in [100, 250] {
            let mut ear = ToneReceiver::default();
            for frame in (0..clip.frames()).filter_map(|n| clip.frame(Law::Mu, n)) {
                let louder = frame.map(|o| {
                    let sample = i32::from(Law::Mu.decode(o)) * gain / 100;
                    Law::Mu.encode(sample.clamp(-32_768, 32_767) as i16)
                });
                ear.payload(Law::Mu, &louder, |edge| panic!("{what:?} x {gain} %: {edge:?}"));
                frames += 1;
                silenced += usize::from(ear.covers());
            }
        }
    }
    assert!(frames > 30_000 && silenced * 1_000 < frames, "{silenced} of {frames}");
}
