//! Some two hundred seeds: no checker finds anything, and everything that can happen did.

use std::io::Write;

use sim::cli;
use sim::counts::{Counts, REQUIRED};
use sim::run::{ELSEWHERE, Less, Options};

/// Seeds of a run: the same each time, so that a tree that passed passes again. New ones are what
/// `cargo run -p sim --release -- --seeds 10000 --from N` is for.
const SEEDS: u64 = 230;

/// Seeds of a node with three shards.
const THREE_SHARDS: u64 = 30;

/// Seeds in two halves, one for each processor.
fn seeds(half: u64) -> Vec<u64> {
    (0..SEEDS).filter(|seed| seed % 2 == half).collect()
}

fn examine(half: u64) {
    let mut counts = Counts::default();
    let (mut found, mut failed) = (String::new(), 0);
    for seed in seeds(half) {
        let report = cli::examine(seed, Options::default());
        counts.merge(&report.counts);
        if !report.found.is_empty() {
            failed += 1;
            found.push_str(&cli::told(&report));
        }
    }
    let _ = writeln!(std::io::stdout(), "{}", cli::counted(&counts));
    assert_eq!(cli::judge(&counts, failed), Ok(()), "{found}");
}

/// A node of three shards behind a steering reader: phones register at the shard of their name,
/// and what a call names finds it. Calls that begin at another shard than that of the called
/// phone find nobody yet; they end as they would for a phone that is off.
#[test]
fn three_shards_have_no_findings() {
    let mut counts = Counts::default();
    for seed in 0..THREE_SHARDS {
        let report = cli::examine(seed, Options { shards: 3, ..Options::default() });
        counts.merge(&report.counts);
        assert!(report.found.is_empty(), "{}", cli::told(&report));
    }
    let (met, not) = (counts.get("probe calls"), counts.get(ELSEWHERE));
    assert!(met > 0 && not > 0, "{met} calls began where the called phone is, {not} elsewhere");
}

/// Counts of which each thing happened once, but for one of them.
fn all_but(missing: &str) -> Counts {
    let mut counts = Counts::default();
    for what in REQUIRED.into_iter().filter(|what| *what != missing) {
        counts.add(what);
    }
    counts
}

#[test]
fn a_run_in_which_something_never_happened_fails() {
    assert_eq!(cli::judge(&all_but(""), 0), Ok(()));
    for missing in REQUIRED {
        let verdict = cli::judge(&all_but(missing), 0);
        assert_eq!(verdict, Err(format!("never happened: {missing}")));
        let told = cli::counted(&all_but(missing));
        assert_eq!(told.lines().count(), REQUIRED.len() - 1, "{told}");
    }
    for named in
        ["transfers done", "glares (491)", "CANCEL/200 crossings", "phone reboots", "node restarts"]
    {
        assert!(REQUIRED.contains(&named), "{named}");
    }
    assert!(cli::judge(&all_but(""), 1).is_err(), "a finding fails a run as well");
}

#[test]
fn even_seeds_have_no_findings() {
    examine(0);
}

#[test]
fn odd_seeds_have_no_findings() {
    examine(1);
}

#[test]
fn seeds_that_once_failed_have_no_findings() {
    for line in include_str!("../regressions.txt").lines() {
        let Some(text) = line.split_whitespace().next().filter(|t| !t.starts_with('#')) else {
            continue;
        };
        let seed = u64::from_str_radix(text.trim_start_matches("0x"), 16).expect("a seed");
        // As they ran before there were call services, before there were lines, before there were
        // own sounds, and as they run now.
        let so_far = [(true, true, true), (false, true, true), (false, false, true)];
        for (services, lines, sounds) in so_far.into_iter().chain([(false, false, false)]) {
            let less = Less { services, lines, sounds, ..Less::default() };
            let report = cli::examine(seed, Options { less, ..Options::default() });
            assert!(report.found.is_empty(), "{}", cli::told(&report));
        }
    }
}
