//! `cargo run -p sim --release -- --seeds 10000`: the simulator by hand.

use std::io::Write;
use std::process::ExitCode;

use sim::cli;
use sim::counts::Counts;
use sim::run::{Less, Options};

/// Seeds between two lines that show that it still runs.
const PROGRESS: u64 = 1_000;

fn main() -> ExitCode {
    let mut out = std::io::stdout().lock();
    let asked = match cli::parse(std::env::args().skip(1)) {
        Ok(asked) => asked,
        Err(what) => {
            let _ = writeln!(out, "{what}");
            return ExitCode::from(2);
        }
    };
    let options = Options {
        checker: asked.checker,
        trace_all: asked.trace,
        shards: asked.shards,
        less: Less {
            services: asked.plain,
            lines: asked.lineless,
            sounds: asked.soundless,
            ..Less::default()
        },
        ..Options::default()
    };
    let seeds = match asked.seed {
        Some(seed) => seed..seed + 1,
        None => asked.from..asked.from + asked.seeds,
    };
    let (mut counts, mut failed) = (Counts::default(), 0u64);
    for seed in seeds.clone() {
        let report = cli::examine(seed, options);
        counts.merge(&report.counts);
        if (seed + 1).is_multiple_of(PROGRESS) {
            let _ = writeln!(out, "seed {seed}: {failed} with findings so far");
        }
        if !report.found.is_empty() || asked.trace {
            let _ = write!(out, "{}", cli::told(&report));
        }
        if let Some(first) = report.found.first() {
            failed += 1;
            if asked.seed.is_some() && !asked.trace {
                let (less, shorter) = cli::minimise(seed, options, first.checker);
                let _ = writeln!(out, "shortest run: {less:?}");
                let _ = write!(out, "{}", cli::told(&shorter));
            }
        }
    }
    let _ = write!(out, "{}", cli::counted(&counts));
    let ran = seeds.end - seeds.start;
    let _ = writeln!(out, "{ran} seeds run, {failed} with findings");
    // One seed need not contain everything.
    let passed = match asked.seed {
        Some(_) => failed == 0,
        None => match cli::judge(&counts, failed) {
            Ok(()) => true,
            Err(what) => {
                let _ = writeln!(out, "{what}");
                false
            }
        },
    };
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
