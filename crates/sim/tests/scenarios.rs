//! Every file of `scenarios/` is played.

#![allow(clippy::disallowed_methods, reason = "a test reads its files")]

use std::path::Path;

use sim::scenario::Scenario;

type Player = fn(&Scenario) -> Result<(), String>;

/// More phones and calls than that do not meet at one of three shards by chance.
const THAT_MEET: usize = 7;

fn all_hold(most: usize, play: Player) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("the folder is there")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "call"))
        .collect();
    files.sort();
    let (mut failed, mut played) = (Vec::new(), 0);
    for file in files {
        let text = String::from_utf8(std::fs::read(&file).expect("readable")).expect("UTF-8");
        // What a lamp is told comes from where its number is at home.
        let meets = text.matches(" dials ").count() + text.matches("phone ").count() <= most;
        if most < usize::MAX && (!meets || text.contains(" watches ")) {
            continue;
        }
        played += 1;
        if let Err(what) = sim::scenario::read(&text).and_then(|s| play(&s)) {
            failed.push(format!("{}: {what}", file.display()));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
    assert!(played >= 60, "{played} scenarios");
}

#[test]
fn all_scenarios_hold() {
    all_hold(usize::MAX, sim::scenario::play);
}

#[test]
fn all_scenarios_hold_on_one_of_three_shards() {
    all_hold(THAT_MEET, |scenario| sim::scenario::play_on(scenario, 3));
}

#[test]
fn a_scenario_that_is_not_so_fails() {
    let text = "phone taro 2001\nphone jiro 2002\ntaro dials 2002\njiro rings\n\
                expect taro sees 486\n";
    let scenario = sim::scenario::read(text).expect("readable");
    let what = sim::scenario::play(&scenario).expect_err("nobody is busy");
    assert!(what.starts_with("line 5"), "{what}");
}

#[test]
fn what_is_not_understood_is_named() {
    let what = sim::scenario::read("phone taro 2001\ntaro sings\n").expect_err("no such verb");
    assert!(what.contains("line 2"), "{what}");
}
