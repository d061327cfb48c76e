//! What is said: numbers, digits, moments.

use crate::{Language, PlayerId, PromptId, ToneKind, Words};

fn said(words: Words) -> String {
    let names = (0..words.len()).map(|at| match words.piece(at) {
        Some(PlayerId::Prompt { id, .. }) => id.name().to_owned(),
        Some(PlayerId::Tone(tone)) => format!("{tone:?}"),
        other => panic!("{other:?}"),
    });
    names.collect::<Vec<_>>().join(" ")
}

fn ja() -> Words {
    Words::new(Language::Ja)
}

#[test]
fn numbers_are_said_as_both_languages_say_them() {
    let cases = [
        (0, "n0"),
        (7, "n7"),
        (10, "n10"),
        (19, "n19"),
        (20, "n20"),
        (21, "n20 n1"),
        (90, "n90"),
        (100, "n100"),
        (101, "n100 n1"),
        (110, "n100 n10"),
        (345, "n300 n40 n5"),
        (999, "n900 n90 n9"),
        (1_000, "n1000"),
        (1_099, "n1000 n90 n9"),
    ];
    for (n, expected) in cases {
        assert_eq!(said(ja().number(n)), expected, "{n}");
    }
}

#[test]
fn a_number_of_each_size_has_its_own_words() {
    let mut all: Vec<String> = (0..=1_099).map(|n| said(ja().number(n))).collect();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 1_100);
}

#[test]
fn digits_are_said_one_by_one_and_what_does_not_fit_is_left_out() {
    assert_eq!(said(ja().digits("70 1-*#")), "n7 n0 n1 star hash");
    let full = ja().digits(&"3".repeat(40));
    assert_eq!(full.len(), Words::MAX);
    assert_eq!(full.say(PromptId::Again), full);
}

#[test]
fn a_particle_is_said_only_where_the_language_has_it() {
    let sentence = |language| {
        let words = Words::new(language).say(PromptId::DestinationIs).digits("12");
        said(words.say(PromptId::SentenceEnd).tone(ToneKind::Record))
    };
    assert_eq!(sentence(Language::Ja), "destination-is n1 n2 sentence-end Record");
    assert_eq!(sentence(Language::En), "destination-is n1 n2 Record");
}

#[test]
fn moments_and_counts_follow_the_language() {
    let moment = |language| said(Words::new(language).received_at([3, 21, 14, 5]));
    assert_eq!(moment(Language::Ja), "received-at n3 month n20 n1 day n14 hour n5 minute");
    assert_eq!(moment(Language::En), "received-at month n3 day n20 n1 n14 hour n5 minute");
    assert_eq!(said(ja().new_messages(0)), "no-messages");
    assert_eq!(said(ja().new_messages(1)), "one-new-message");
    assert_eq!(said(ja().new_messages(12)), "you-have n12 new-messages");
}

#[test]
fn prompts_and_tones_share_the_numbers_of_a_piece() {
    assert!(PromptId::ALL.len() <= 224 && ToneKind::ALL.len() <= 32);
    for (n, tone) in ToneKind::ALL.into_iter().enumerate() {
        assert_eq!(usize::from(tone.wire_number()), n);
    }
}
