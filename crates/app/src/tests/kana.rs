use std::cmp::Ordering;

use crate::kana::{by_reading, matches, search_key, sort_key};

/// Order of japan.md §9; those in one entry are equal.
const ORDER: [&[&str]; 25] = [
    &["1課"],
    &["Smith"],
    &["アオキ"],
    &["アヘ"],
    &["アベ"],
    &["オウタ"],
    &["オータ"],
    &["オオタ"],
    &["カトウ"],
    &["カトー"],
    &["カトオ"],
    &["サトウ", "さとう", "ｻﾄｳ"],
    &["サドウ"],
    &["サトー"],
    &["サトオ"],
    &["ショウジ"],
    &["シヨウジ"],
    &["タナカ"],
    &["タナガ"],
    &["ダナカ"],
    &["ツチヤ"],
    &["ヅチヤ"],
    &["ハシモト"],
    &["バシモト"],
    &["パシモト"],
];

#[test]
fn readings_sort_as_japanese_directories_do() {
    for pair in ORDER.windows(2) {
        let [before, after] = pair else { continue };
        for (a, b) in before.iter().flat_map(|a| after.iter().map(move |b| (a, b))) {
            assert!(sort_key(a) < sort_key(b), "{a} < {b}");
        }
    }
    for equal in ORDER {
        assert!(equal.windows(2).all(|w| sort_key(w[0]) == sort_key(w[1])), "{equal:?}");
    }
    assert!(sort_key("ワタナヘ") < sort_key("ワタナベ"));
}

#[test]
fn people_without_a_reading_come_last() {
    let (with, without) = (sort_key("ワタナベ"), sort_key(""));
    let order = by_reading((&without, "阿部"), (&with, "渡邉"), Ordering::Equal);
    assert_eq!(order, Ordering::Greater);
    let order = by_reading((&with, "渡辺"), (&with, "渡邊"), Ordering::Less);
    assert_ne!(order, Ordering::Equal);
}

#[test]
fn searching_forgives_width_voice_size_and_variants() {
    for (query, fields) in [
        ("さとう", ["佐藤 花子", "サトウ ハナコ"]),
        ("ｻﾄｳ", ["佐藤 花子", "サドウ ハナコ"]),
        ("高橋", ["髙橋 美咲", "タカハシ ミサキ"]),
        ("渡辺", ["渡邊 由美", "ワタナベ ユミ"]),
        ("花子 佐藤", ["佐藤 花子", ""]),
        ("smith", ["Ｓｍｉｔｈ", ""]),
        ("200", ["鈴木", "2001"]),
        ("じょーじ", ["小林", "シヨオシ"]),
    ] {
        assert!(matches(query, &fields), "{query} in {fields:?}");
    }
    assert!(!matches("佐藤 一郎", &["佐藤 花子", "サトウ ハナコ"]));
    assert_eq!(search_key("  "), "");
}
