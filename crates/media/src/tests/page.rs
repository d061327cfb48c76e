//! One speaks, many listen (R208).

use base::LegId;
use mediactl::{
    CryptoKey, Direction, Event, Joined, LegWant, Payload, PlayerId, Protection, Repeat, Sdes,
    Suite, ToneKind,
};
use rtp::g711::Law;
use rtp::srtp::{Tag, Unprotect};

use super::bench::{Bench, Phone, config, leg, playing};

pub(super) fn listener(n: u64, phone: &Phone) -> LegWant {
    LegWant { joined: Joined::Listener(LegId(1)), direction: Direction::SendOnly, ..leg(n, phone) }
}

pub(super) fn speaker(phone: &Phone) -> LegWant {
    LegWant { joined: Joined::Speaker, ..leg(1, phone) }
}

#[test]
fn every_listener_hears_the_speaker_and_nobody_hears_a_listener() {
    for bench in [Bench::new(), Bench::over_wire(config())] {
        let mut talker = Phone::new(1);
        // Some listen before the speaker is there, as they do before the tone.
        let mut phones: Vec<Phone> = (2..10).map(Phone::new).collect();
        let listen = |n: usize, phones: &mut [Phone]| {
            let at = bench.open(&listener(n as u64 + 2, &phones[n])).0;
            phones[n].to = Some(at);
        };
        (0..4).for_each(|n| listen(n, &mut phones));
        talker.to = Some(bench.open(&speaker(&talker)).0);
        (4..8).for_each(|n| listen(n, &mut phones));
        let mut sources = Vec::new();
        for n in 0..20u8 {
            talker.send(&[n; 160]);
            for phone in &mut phones {
                let (parsed, packet) = phone.hear();
                assert_eq!(parsed.payload(&packet), [n; 160]);
                sources.push(parsed.header.ssrc);
                phone.send(&[0x55; 160]);
            }
        }
        sources.sort_unstable();
        sources.dedup();
        assert_eq!(sources.len(), 8, "each leg has its own stream");
        for n in 2..10 {
            bench.heard(LegId(n), 20);
        }
        assert_eq!(bench.settle(LegId(1)).tx_packets, 0, "nothing of theirs goes back");
        talker.hears_nothing();
        phones.iter().for_each(Phone::hears_nothing);
        // One leaves, the others go on; its leg's number in the slab is used again.
        bench.close(LegId(5));
        let late = Phone::new(30);
        bench.open(&listener(30, &late));
        talker.send(&[0x42; 160]);
        assert_eq!(late.hear().1[12..], [0x42; 160]);
        bench.settle(LegId(2));
        phones[3].hears_nothing();
        assert_eq!(phones[0].hear().1[12..], [0x42; 160]);
    }
}

#[test]
fn only_a_speaker_is_heard() {
    let bench = Bench::new();
    let (mut talker, phone) = (Phone::new(1), Phone::new(2));
    let silent = leg(1, &talker);
    talker.to = Some(bench.open(&silent).0);
    bench.open(&listener(2, &phone));
    talker.send(&[1; 160]);
    bench.heard(LegId(1), 1);
    phone.hears_nothing();
    bench.want(&speaker(&talker));
    bench.settle(LegId(1));
    talker.send(&[2; 160]);
    assert_eq!(phone.hear().1[12..], [2; 160]);
    bench.want(&silent);
    bench.settle(LegId(1));
    talker.send(&[3; 160]);
    bench.heard(LegId(1), 3);
    phone.hears_nothing();
}

#[test]
fn what_is_played_to_the_speaker_is_heard_by_all_and_its_stream_goes_on() {
    let bench = Bench::new();
    let (mut talker, phone) = (Phone::new(1), Phone::new(2));
    let only = |payload| [payload].into_iter().collect();
    let tone = PlayerId::Tone(ToneKind::Record);
    bench.open(&LegWant { payloads: only(Payload::PCMA), ..listener(2, &phone) });
    let want = playing(leg(1, &talker), tone, Repeat::Once, 7);
    talker.to = Some(bench.open(&want).0);
    for _ in 0..20 {
        let (own, theirs) = (talker.hear(), phone.hear());
        assert_eq!((own.0.header.pt, theirs.0.header.pt), (0, 8));
        let level = |law: Law, packet: &[u8]| law.decode(packet[12 + 40]);
        let (a, b) = (level(Law::Mu, &own.1), level(Law::A, &theirs.1));
        assert!((i32::from(a) - i32::from(b)).abs() < 1_200, "{a} {b}: the same tone");
    }
    bench.event(|e| matches!(e, Event::PlayEnded { leg: LegId(1), serial: 7 }).then_some(()));
    let mut last = phone.hear().0.header;
    phone.rtp.set_nonblocking(true).expect("a socket");
    let mut packet = [0; 2_048];
    while let Ok(len) = phone.rtp.recv(&mut packet) {
        last = rtp::parse(&packet[..len]).expect("an RTP packet").header;
    }
    phone.rtp.set_nonblocking(false).expect("a socket");
    bench.want(&speaker(&talker));
    bench.settle(LegId(1));
    let mu = Law::Mu.encode(5_000);
    talker.send(&[mu; 160]);
    let (parsed, packet) = phone.hear();
    assert_eq!((parsed.header.pt, packet[12]), (8, Law::Mu.to_other(mu)));
    assert_eq!(parsed.header.ssrc, last.ssrc);
    assert_eq!(parsed.header.sequence, last.sequence.wrapping_add(1));
}

#[test]
fn each_listener_has_its_own_keys() {
    let bench = Bench::new();
    let mut talker = Phone::new(1);
    talker.to = Some(bench.open(&speaker(&talker)).0);
    let suite = Suite::AesCm128HmacSha1_80;
    let line = |n| Sdes { tag: 1, suite, key: CryptoKey([n; 30]) };
    let phones: Vec<Phone> = (2..5).map(Phone::new).collect();
    for (n, phone) in (2..).zip(&phones) {
        let protection = Protection::Sdes { local: line(n), remote: line(n + 100) };
        bench.open(&LegWant { protection, ..listener(u64::from(n), phone) });
    }
    let plain = Phone::new(9);
    bench.open(&listener(9, &plain));
    for n in 0..5 {
        talker.send(&[n; 160]);
        for (key, phone) in (2..).zip(&phones) {
            let mut packet = phone.hear_raw();
            let mut back = Unprotect::new(&[key; 30], Tag::Bits80);
            let len = back.rtp(&mut packet).expect("sealed with its own key");
            assert_eq!(packet[12..len], [n; 160]);
        }
        assert_eq!(plain.hear().1[12..], [n; 160]);
    }
}
