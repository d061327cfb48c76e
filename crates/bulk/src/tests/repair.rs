use crate::reason::{Column, Finding};
use crate::repair::{self, Place};

type Repair = for<'a> fn(&'a str, Place, &mut Vec<Finding>) -> std::borrow::Cow<'a, str>;

#[track_caller]
fn check(repair: Repair, raw: &str, expected: &str, codes: &[&str]) {
    let mut notes = Vec::new();
    let place = Place { line: 3, column: Column(1) };
    let result = repair(raw, place, &mut notes).into_owned();
    let found: Vec<String> = notes.iter().map(|n| n.reason.code().to_string()).collect();
    assert_eq!((result.as_str(), found), (expected, codes.iter().map(|c| c.to_string()).collect()));
    assert!(notes.iter().all(|n| n.line == 3 && n.column == Some(Column(1)) && *n.value == *raw));
}

#[test]
fn numbers_are_narrowed_and_cleaned() {
    check(repair::number, "2001", "2001", &[]);
    check(repair::number, " 2001\u{3000}", "2001", &["N03"]);
    check(repair::number, "２００６", "2006", &["N02"]);
    check(repair::number, "０９０－１２３４ー5678", "09012345678", &["N02", "N03"]);
    check(repair::number, "090‐1234−5678", "09012345678", &["N03"]);
    check(repair::number, "'+819012345678", "+819012345678", &[]);
    check(repair::number, "  ", "", &[]);
    check(repair::number, "２0a1", "20a1", &["N02"]);
    // A circled digit is no full-width digit: it stays and is refused later.
    check(repair::number, "①2", "①2", &[]);
}

#[test]
fn the_lost_zero_comes_back_to_mobile_numbers_only() {
    check(repair::mobile, "8012345678", "08012345678", &["N01"]);
    check(repair::mobile, "６０５５５５６６６６", "06055556666", &["N02", "N01"]);
    check(repair::mobile, "080-2222-3333", "08022223333", &["N03"]);
    check(repair::mobile, "312345678", "312345678", &[]);
    check(repair::mobile, "5012345678", "5012345678", &[]);
    check(repair::mobile, "80123456789", "80123456789", &[]);
}

#[test]
fn ids_keep_their_hyphens() {
    check(repair::word, "ｔａｎａｋａ2001", "tanaka2001", &["N02"]);
    check(repair::word, " tanaka ", "tanaka", &["N03"]);
    check(repair::word, "sip-2007", "sip-2007", &[]);
    check(repair::word, "阿部", "阿部", &[]);
}

#[test]
fn powers_of_ten_are_recognised() {
    for text in ["9.01E+10", "9.01e10", "8E+10", "2.001E+14"] {
        assert!(repair::is_scientific(text), "{text}");
    }
    for text in ["09012345678", "E10", "9.01E", "9E-3", "abe1", "E", "1e2e3", ""] {
        assert!(!repair::is_scientific(text), "{text}");
    }
}
