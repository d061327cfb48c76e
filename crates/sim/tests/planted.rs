//! Each checker finds the bug that was put in for it, and no other checker sees anything of it:
//! so a finding names its kind of fault, and no checker lives on what another one does.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;

use callctl::planted::Bug as Calls;
use node::Node;
use node::planted::Bug;
use sim::check::Name;
use sim::run::{Options, run};
use sip::planted::Bug as Sip;

/// In how many seeds a bug must be found.
const SEEDS: u64 = 200;

/// Seeds after the first finding in which the other checkers must still be silent.
const MORE: u64 = 15;

/// What each checker said of the first seeds, until `enough`: how often, and its first finding.
fn findings(
    prepare: fn(&mut Node),
    seeds: std::ops::Range<u64>,
    mut enough: impl FnMut(u64, &BTreeMap<Name, (u64, String)>) -> bool,
) -> BTreeMap<Name, (u64, String)> {
    let mut by: BTreeMap<Name, (u64, String)> = BTreeMap::new();
    for seed in seeds {
        let report = run(seed, Options { prepare: Some(prepare), ..Options::default() });
        let mut seen: Vec<Name> = Vec::new();
        for violation in &report.found {
            let (checker, what) = (violation.checker, &violation.what);
            let entry = by.entry(checker).or_insert_with(|| (0, format!("seed {seed:#x}: {what}")));
            if !seen.contains(&checker) {
                seen.push(checker);
                entry.0 += 1;
            }
        }
        if enough(seed, &by) {
            break;
        }
    }
    by
}

fn told(by: &BTreeMap<Name, (u64, String)>) -> String {
    let mut text = String::new();
    for (name, (seeds, first)) in by {
        let _ = writeln!(text, "  {name:?} in {seeds} seeds, {first}");
    }
    text
}

fn check(own: Name, prepare: fn(&mut Node)) {
    let mut first = None;
    let by = findings(prepare, 0..SEEDS + MORE, |seed, by| {
        if first.is_none() && by.contains_key(&own) {
            first = Some(seed);
        }
        first.is_some_and(|first| seed >= first + MORE)
    });
    let _ = writeln!(std::io::stdout(), "planted for {own:?}:\n{}", told(&by));
    assert!(first.is_some_and(|f| f < SEEDS), "{own:?} does not find its bug in {SEEDS} seeds");
    let others: Vec<_> = by.keys().filter(|name| **name != own).collect();
    assert!(others.is_empty(), "others see the bug of {own:?}:\n{}", told(&by));
}

#[test]
fn s1_alone_sees_a_second_final_response() {
    check(Name::S1, |node| node.plant(Bug::Sip(Sip::TwoFinals)));
}

#[test]
fn s2_alone_sees_a_caller_that_was_forgotten() {
    check(Name::S2, |node| node.plant(Bug::Calls(Calls::CallerForgotten)));
}

#[test]
fn s3_alone_sees_music_that_goes_on() {
    check(Name::S3, |node| node.plant(Bug::Calls(Calls::MusicGoesOn)));
}

#[test]
fn s4_alone_sees_a_missing_record() {
    check(Name::S4, |node| node.plant(Bug::Calls(Calls::Unrecorded)));
}

#[test]
fn s6_alone_sees_a_pickup_above_the_limit() {
    check(Name::S6, |node| node.plant(Bug::Calls(Calls::LimitPassed)));
}

#[test]
fn s6_alone_sees_a_watcher_who_is_told_for_ever() {
    check(Name::S6, |node| node.plant(Bug::Sip(Sip::ToldForEver)));
}

#[test]
fn s4_alone_sees_a_class_that_keeps_somebody_from_calling_for_help() {
    check(Name::S4, |node| node.plant(Bug::Calls(Calls::EmergencyBarred)));
}

#[test]
fn s6_alone_sees_a_call_more_than_a_gateway_has_channels() {
    check(Name::S6, |node| node.plant(Bug::Calls(Calls::ChannelsPassed)));
}

#[test]
fn l2_alone_sees_a_channel_that_stays_taken() {
    check(Name::L2, |node| node.plant(Bug::Calls(Calls::ChannelKept)));
}

#[test]
fn s8_alone_sees_a_configuration_that_goes_back() {
    check(Name::S8, |node| node.plant(Bug::StaleConfig));
}

#[test]
fn s9_alone_sees_a_confirmation_that_came_too_early() {
    check(Name::S9, |node| node.plant(Bug::Sip(Sip::ConfirmedFirst)));
}

#[test]
fn s10_alone_sees_an_explanation_without_its_forwards() {
    check(Name::S10, |node| node.plant(Bug::Calls(Calls::ForwardUntold)));
}

#[test]
fn s11_alone_sees_a_lamp_that_stays_lit() {
    check(Name::S11, |node| node.plant(Bug::Calls(Calls::LampStays)));
}

#[test]
fn l1_alone_sees_a_lost_registration() {
    check(Name::L1, |node| node.plant(Bug::Sip(Sip::RefreshForgotten)));
}

#[test]
fn l2_alone_sees_a_number_that_stays_busy() {
    check(Name::L2, |node| node.plant(Bug::Calls(Calls::BusyMark)));
}

#[test]
fn i9_alone_sees_what_was_no_input() {
    check(Name::I9, |node| node.plant(Bug::HiddenInput));
}

#[test]
fn i10_alone_sees_an_id_that_forgets_its_shard() {
    check(Name::I10, |node| node.plant(Bug::Sip(Sip::Misplaced)));
}

/// The bug of the prototype, which its first simulator did not find: every far end hung up by
/// itself. Patient phones show it, to several checkers.
#[test]
fn an_answer_that_crossed_our_cancel_and_that_nobody_ended_is_found() {
    let prepare: fn(&mut Node) = |node| node.plant(Bug::Sip(Sip::ForgottenAnswer));
    let by = findings(prepare, 0..SEEDS, |_, by| by.len() > 1);
    assert!(by.contains_key(&Name::S2) && by.contains_key(&Name::L2), "{}", told(&by));
}
