use std::collections::BTreeMap;

use bulk::reason::Arg;
use bulk::{Column, Finding, Reason};
use fluent_bundle::FluentResource;

use crate::text::{FILES, Lang, attribute, has, sentence, text, text_with};

/// Source text of every message and attribute of a catalogue.
fn entries(source: &str) -> BTreeMap<String, String> {
    FluentResource::try_new(source.to_owned()).expect("a catalogue without mistakes");
    let mut out = BTreeMap::new();
    let mut message = String::new();
    for line in source.lines().filter(|l| !l.starts_with('#') && !l.trim().is_empty()) {
        let (id, value) = line.split_once(" =").expect("one message a line");
        let id = match id.trim().strip_prefix('.') {
            Some(attribute) => format!("{message}.{attribute}"),
            None => {
                message = id.to_owned();
                id.to_owned()
            }
        };
        assert!(out.insert(id.clone(), value.trim().to_owned()).is_none(), "{id} stands twice");
    }
    out
}

#[test]
fn every_message_is_complete_in_both_languages() {
    let mut faults = Vec::new();
    let mut seen = BTreeMap::new();
    for (file, ja, en) in FILES {
        let (ja, en) = (entries(ja), entries(en));
        let mut ids: Vec<&String> = ja.keys().chain(en.keys()).collect();
        ids.sort_unstable();
        ids.dedup();
        for id in ids {
            match (ja.get(id).map(String::as_str), en.get(id).map(String::as_str)) {
                (None, _) | (_, None) => faults.push(format!("{file}: {id} is missing")),
                (Some(""), _) | (_, Some("")) => faults.push(format!("{file}: {id} is empty")),
                (Some(a), Some(b)) if a == b && has_words(a) => {
                    faults.push(format!("{file}: {id} is identical"));
                }
                (Some(a), Some(b)) if names(a) != names(b) => {
                    faults.push(format!("{file}: {id} has other values"));
                }
                (Some(_), Some(_)) => {}
            }
            if let Some(other) = seen.insert(id.clone(), file) {
                faults.push(format!("{id} stands in {other} and {file}"));
            }
        }
    }
    assert_eq!(faults, Vec::<String>::new());
}

/// Whether a message says anything besides its values and punctuation.
fn has_words(message: &str) -> bool {
    let outside = message.split('{').enumerate().map(|(i, part)| match i {
        0 => part,
        _ => part.split_once('}').map_or(part, |(_, rest)| rest),
    });
    outside.into_iter().any(|part| part.contains(char::is_alphabetic))
}

/// Names of the values that a message refers to.
fn names(message: &str) -> Vec<&str> {
    let mut names: Vec<&str> =
        message.split("{ $").skip(1).filter_map(|rest| rest.split(" }").next()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

#[test]
fn every_reason_cause_and_service_has_its_text() {
    for lang in Lang::ALL {
        for id in bulk::reason::MESSAGES {
            assert!(has(lang, id), "{id}");
        }
        for cause in base::Cause::all() {
            let id = format!("cause-{}", cause.name());
            assert!(has(lang, &id), "{id}");
            assert_ne!(attribute(lang, &id, "fix"), id, "{id} has no mend");
        }
        for service in model::record::Service::ALL {
            assert!(has(lang, &format!("service-{service:?}")), "{service:?}");
        }
    }
}

#[test]
fn sentences_hold_their_values() {
    let finding = |column, value: &str, reason| Finding {
        line: 7,
        column: Some(Column(column)),
        value: value.into(),
        reason,
    };
    let first = finding(0, "1001", Reason::DnFirst);
    assert_eq!(sentence(Lang::Ja, &first), "内線番号の形式が違います。先頭の数字は2〜9です。");
    let taken = finding(3, "tanaka2001", Reason::SipIdTaken { dn: "2001".into() });
    assert_eq!(
        sentence(Lang::Ja, &taken),
        "SIPユーザー名が重複しています。内線番号2001が使っています。"
    );
    let zero = finding(1, "8012345678", Reason::ZeroRestored { result: "08012345678".into() });
    assert_eq!(sentence(Lang::Ja, &zero), "先頭の0を補いました。08012345678として扱います。");
    let pair = Reason::PairMismatch { owner: "3001".into(), mobile: "".into() };
    assert_eq!(
        sentence(Lang::En, &finding(1, "09012345678", pair)),
        "Extension and mobile number do not belong together. Extension of this mobile number: \
         3001. Mobile number of this extension: none."
    );
}

#[test]
fn values_cannot_break_out_of_their_line() {
    let args = [("found", Arg::Text("a\tb\n{ $x }\u{2028}c".to_owned()))];
    let out = text_with(Lang::En, "import-characters", &args);
    assert!(!out.contains(['\t', '\n']), "{out:?}");
    assert!(out.contains("{ $x }"), "{out:?}");
}

#[test]
fn a_missing_message_is_shown_by_its_id() {
    assert_eq!(text(Lang::Ja, "no-such-message"), "no-such-message");
    assert_eq!(Lang::parse("ja-JP"), Some(Lang::Ja));
    assert_eq!(Lang::parse("EN_us"), Some(Lang::En));
    assert_eq!(Lang::parse("fr"), None);
}
