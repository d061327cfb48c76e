//! Each checker finds the bug that was put in for it, and does so alone.

use std::io::Write;

use node::Node;
use node::planted::Bug;
use sim::check::Name;
use sim::run::{Options, run};

/// In how many seeds a bug must be found.
const SEEDS: u64 = 200;

fn check(checker: Name, prepare: fn(&mut Node)) {
    let options = Options { checker: Some(checker), prepare: Some(prepare), ..Options::default() };
    let found = (0..SEEDS).find_map(|seed| {
        let report = run(seed, options);
        report.found.first().map(|v| (seed, v.checker, v.what.clone()))
    });
    let Some((seed, by, what)) = found else {
        panic!("{checker:?} does not find its bug in {SEEDS} seeds");
    };
    let _ = writeln!(std::io::stdout(), "{checker:?} finds its bug in seed {seed:#x}: {what}");
    assert_eq!(by, checker, "{what}");
}

#[test]
fn s1_finds_a_second_final_response() {
    check(Name::S1, |node| node.plant(Bug::Sip(sip::planted::Bug::TwoFinals)));
}

#[test]
fn s2_finds_an_answer_that_nobody_ended() {
    check(Name::S2, |node| node.plant(Bug::Sip(sip::planted::Bug::ForgottenAnswer)));
}

#[test]
fn s3_finds_a_media_leg_without_call() {
    check(Name::S3, |node| node.plant(Bug::Calls(callctl::planted::Bug::MediaLeft)));
}

#[test]
fn s4_finds_a_missing_record() {
    check(Name::S4, |node| node.plant(Bug::Calls(callctl::planted::Bug::Unrecorded)));
}

#[test]
fn s9_finds_a_confirmation_that_came_too_early() {
    check(Name::S9, |node| node.plant(Bug::Sip(sip::planted::Bug::ConfirmedFirst)));
}

#[test]
fn l1_finds_a_lost_registration() {
    check(Name::L1, |node| node.plant(Bug::Sip(sip::planted::Bug::RefreshForgotten)));
}

#[test]
fn l2_finds_a_number_that_stays_busy() {
    check(Name::L2, |node| node.plant(Bug::Calls(callctl::planted::Bug::BusyMark)));
}

#[test]
fn l2_finds_an_answer_that_nobody_ended() {
    check(Name::L2, |node| node.plant(Bug::Sip(sip::planted::Bug::ForgottenAnswer)));
}
