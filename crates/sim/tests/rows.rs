//! Each row of the interactions of call features has its scenario, and each reason its record.

#![allow(clippy::disallowed_methods, reason = "a test reads its files")]

use std::collections::BTreeSet;
use std::path::Path;

use base::Cause;
use sim::scenario::{Scenario, Step, What};

/// Rows that calls of the office show: first and last of each run of ids.
const ROWS: [(u16, u16); 4] = [(246, 274), (276, 294), (299, 305), (310, 319)];

/// Reasons of what does not exist yet: rooms, legs of mobile lines, refusal of hidden numbers.
const LATER: [&str; 3] = ["ConferenceRefused", "MobileRingGuard", "AnonymousRejected"];

fn scenarios() -> Vec<(String, Scenario)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
    let files = std::fs::read_dir(folder).expect("the folder is there");
    let paths = files.filter_map(|entry| Some(entry.ok()?.path()));
    let calls = paths.filter(|path| path.extension().is_some_and(|e| e == "call"));
    let read = calls.map(|path| {
        let text = std::fs::read_to_string(&path).expect("readable");
        let name = path.file_stem().map(|n| n.to_string_lossy().into_owned());
        (name.unwrap_or_default(), sim::scenario::read(&text).expect("a scenario"))
    });
    read.collect()
}

#[test]
fn each_row_has_its_scenario() {
    let ids = ROWS.into_iter().flat_map(|(first, last)| first..=last);
    let wanted: BTreeSet<String> = ids.map(|id| format!("R{id}")).collect();
    let scenarios = scenarios();
    let shown: BTreeSet<String> = scenarios.iter().flat_map(|(_, s)| s.rows.clone()).collect();
    let missing: Vec<&String> = wanted.difference(&shown).collect();
    assert!(missing.is_empty(), "no scenario shows {missing:?}");
    let known = |id: &&String| {
        let number = id.strip_prefix('R').and_then(|n| n.parse::<u16>().ok());
        number.is_some_and(|n| (246..=319).contains(&n))
    };
    let strange: Vec<&String> = shown.iter().filter(|id| !known(id)).collect();
    assert!(strange.is_empty(), "these are no rows: {strange:?}");
    let idle = scenarios.iter().filter(|(_, s)| {
        let expects = |l: &&sim::scenario::Line| {
            !matches!(l.step, Step::Do(..) | Step::Wait(_) | Step::Now(_) | Step::Drained)
        };
        !s.rows.is_empty() && s.lines.iter().find(expects).is_none()
    });
    let idle: Vec<&String> = idle.map(|(name, _)| name).collect();
    assert!(idle.is_empty(), "these expect nothing: {idle:?}");
}

#[test]
fn each_reason_is_found_in_the_history() {
    let scenarios = scenarios();
    let lines = scenarios.iter().flat_map(|(_, s)| &s.lines);
    let found: BTreeSet<&str> = lines
        .filter_map(|line| match &line.step {
            Step::Record(said) if said.what == What::Because => Some(said.value.as_str()),
            _ => None,
        })
        .collect();
    let wanted = Cause::all().map(Cause::name).filter(|name| !LATER.contains(name));
    let missing: Vec<&str> = wanted.filter(|name| !found.contains(name)).collect();
    assert!(missing.is_empty(), "no scenario produces {missing:?}");
    assert!(LATER.iter().all(|name| !found.contains(name)), "something exists now: {found:?}");
}
