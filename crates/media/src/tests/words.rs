//! Sentences that are put together: one breath, no gap, acceptable to hear.

use base::LegId;
use mediactl::{Event, Language, PlayerId, PromptId, Repeat, ToneKind, Words};
use rtp::g711::Law;

use super::bench::{Bench, Phone, leg, playing};
use crate::library::make;

fn octets(what: PlayerId) -> Vec<u8> {
    let clip = make(what);
    (0..clip.frames()).filter_map(|n| clip.frame(Law::Mu, n)).flatten().collect()
}

#[test]
fn the_pieces_follow_each_other_without_a_gap() {
    let words = Words::new(Language::En).say(PromptId::N7).tone(ToneKind::Beep).say(PromptId::N2);
    let bench = Bench::new();
    let a = Phone::new(1);
    bench.open(&playing(leg(1, &a), PlayerId::Words(words), Repeat::Once, 5));
    let pieces = (0..words.len()).filter_map(|at| words.piece(at));
    let expected: Vec<u8> = pieces.flat_map(octets).collect();
    let heard: Vec<_> = (0..expected.len() / 160).map(|_| a.hear()).collect();
    for pair in heard.windows(2) {
        let (last, next) = (pair[0].0.header, pair[1].0.header);
        assert_eq!(next.timestamp.wrapping_sub(last.timestamp), 160);
        assert!(!next.marker);
    }
    let heard: Vec<u8> = heard.into_iter().flat_map(|(_, packet)| packet[12..].to_vec()).collect();
    assert_eq!(heard, expected);
    bench.event(|e| (e == Event::PlayEnded { leg: LegId(1), serial: 5 }).then_some(()));
}

#[test]
fn no_words_have_ended_at_once_and_words_can_be_repeated() {
    let bench = Bench::new();
    let a = Phone::new(1);
    let nothing = PlayerId::Words(Words::new(Language::Ja));
    bench.open(&playing(leg(1, &a), nothing, Repeat::Forever, 6));
    bench.event(|e| (e == Event::PlayEnded { leg: LegId(1), serial: 6 }).then_some(()));
    let beep = Words::new(Language::Ja).tone(ToneKind::Beep);
    let frames = octets(PlayerId::Tone(ToneKind::Beep)).len() / 160;
    bench.want(&playing(leg(1, &a), PlayerId::Words(beep), Repeat::Forever, 7));
    let heard: Vec<u8> = (0..3 * frames).flat_map(|_| a.hear().1.split_off(12)).collect();
    let (first, rest) = heard.split_at(160 * frames);
    assert_eq!([first, first].concat(), rest);
}

/// Joints have short edges, so that a number is one number; sentences breathe.
#[test]
fn the_pause_between_two_digits_is_short_and_no_digit_is_cut() {
    let digits: Vec<PromptId> = ('0'..='9').filter_map(PromptId::key).collect();
    for language in [Language::Ja, Language::En] {
        for id in &digits {
            let octets = octets(PlayerId::Prompt { id: *id, language });
            let loud = |o: &u8| Law::Mu.decode(*o).unsigned_abs() > 400;
            let first = octets.iter().position(loud).unwrap();
            let last = octets.iter().rposition(loud).unwrap();
            let name = id.name();
            assert!(octets.len() < 8_000, "{language:?} {name} takes a second");
            assert!(first > 80 && first < 1_200, "{language:?} {name} begins at {first}");
            let tail = octets.len() - last;
            assert!((400..2_400).contains(&tail), "{language:?} {name} ends {tail} before");
        }
    }
}
