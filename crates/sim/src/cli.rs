//! The command line: many seeds, or one seen closely.

use std::fmt::Write as _;

use crate::check::Name;
use crate::counts::Counts;
use crate::run::{Less, Options, Report, run};

/// What the command line asks for.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    /// Only this seed.
    pub seed: Option<u64>,
    /// The first seed, when there are several.
    pub from: u64,
    /// How many.
    pub seeds: u64,
    /// All lines of the wire.
    pub trace: bool,
    /// Only this checker.
    pub checker: Option<Name>,
    /// Shards of the node.
    pub shards: u8,
    /// Without call services, as seeds ran before there were any.
    pub plain: bool,
    /// Without lines, as seeds ran before there were any.
    pub lineless: bool,
    /// Without own sounds, multicast and ends of log-ins, as seeds ran before there were any.
    pub soundless: bool,
}

/// Reads the arguments.
pub fn parse(arguments: impl Iterator<Item = String>) -> Result<Asked, String> {
    let (seed, checker) = (None, None);
    let mut asked = Asked {
        seed,
        from: 0,
        seeds: 200,
        trace: false,
        checker,
        shards: 1,
        plain: false,
        lineless: false,
        soundless: false,
    };
    let mut arguments = arguments;
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "--seed" => asked.seed = Some(number(&value()?)?),
            "--from" => asked.from = number(&value()?)?,
            "--seeds" => asked.seeds = number(&value()?)?,
            "--trace" => asked.trace = true,
            "--plain" => asked.plain = true,
            "--lineless" => asked.lineless = true,
            "--soundless" => asked.soundless = true,
            "--shards" => {
                asked.shards = match number(&value()?)? {
                    1 => 1,
                    3 => 3,
                    _ => return Err("1 or 3 shards".into()),
                };
            }
            "--checker" => {
                let name = value()?;
                let known = Name::parse(&name);
                asked.checker = Some(known.ok_or(format!("there is no checker {name}"))?);
            }
            other => return Err(format!("unknown argument {other}\n{HELP}")),
        }
    }
    Ok(asked)
}

const HELP: &str = "\
--seed 0x…   one seed, run twice, with the last lines before a finding
--seeds N    seeds 0 to N-1 (default 200)
--from N     first seed instead of 0
--trace      all lines of the wire
--plain      without call services
--lineless   without lines and what hangs on them, and with fewer codes in calls
--soundless  without own sounds, pages by multicast and ends of log-ins
--checker X  only this checker: S1 S2 S3 S4 S6 S8 S9 S10 S11 L1 L2 I9 I10
--shards N   1 (default) or 3; of 3, a call rings only at phones of its own shard";

fn number(text: &str) -> Result<u64, String> {
    let parsed = match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16),
        None => text.replace(['_', ','], "").parse(),
    };
    parsed.map_err(|_| format!("{text} is no number"))
}

/// One seed, twice: the hashes must agree. What is found comes with its last lines.
pub fn examine(seed: u64, options: Options) -> Report {
    let mut first = run(seed, options);
    let second = run(seed, options);
    if first.hash != second.hash {
        first.found.push(crate::check::Violation {
            checker: Name::I9,
            at: base::Mono(0),
            what: "two runs of the seed gave other outputs".into(),
        });
    }
    first.seed = seed;
    if !first.found.is_empty() && first.trace.is_empty() {
        first.trace = run(seed, Options { trace: true, ..options }).trace;
    }
    first
}

/// Leaves out faults, people and time as long as the checker still finds something.
pub fn minimise(seed: u64, options: Options, checker: Name) -> (Less, Report) {
    let fails = |less: Less| {
        let report = run(seed, Options { less, trace: true, ..options });
        report.found.first().is_some_and(|v| v.checker == checker).then_some(report)
    };
    let mut less = options.less;
    let mut report = run(seed, Options { trace: true, ..options });
    let steps: [fn(&mut Less); 11] = [
        |l| l.services = true,
        |l| l.lines = true,
        |l| l.sounds = true,
        |l| l.network = true,
        |l| l.reboots = true,
        |l| l.restarts = true,
        |l| l.media = true,
        |l| l.config = true,
        |l| l.noise = true,
        |l| l.cuts = true,
        |l| l.jumps = true,
    ];
    let shorter = (1..12).map(|_| -> fn(&mut Less) { |l| l.silent += 1 });
    let sooner = (1..10).map(|_| -> fn(&mut Less) { |l| l.seconds += 10 });
    for step in shorter.chain(steps).chain(sooner) {
        let mut next = less;
        step(&mut next);
        if let Some(found) = fails(next) {
            (less, report) = (next, found);
        }
    }
    (less, report)
}

/// A report for people: findings and the last lines.
pub fn told(report: &Report) -> String {
    let mut text = String::new();
    for violation in report.found.iter().take(5) {
        let (checker, at, what) = (violation.checker, violation.at, &violation.what);
        let seconds = at.0 as f64 / 1e6;
        let _ = writeln!(text, "seed {:#x}: {checker:?} at {seconds:.6} s: {what}", report.seed);
    }
    for line in &report.trace {
        let _ = writeln!(text, "  {line}");
    }
    text
}

/// Whether a set of seeds was a test, and passed: no findings, and everything that can happen
/// did. The error says what is wrong.
pub fn judge(counts: &Counts, failed: u64) -> Result<(), String> {
    let missing = counts.missing();
    match (failed, missing.as_slice()) {
        (0, []) => Ok(()),
        (0, missing) => Err(format!("never happened: {}", missing.join(", "))),
        (failed, []) => Err(format!("{failed} seeds with findings")),
        (failed, missing) => {
            let missing = missing.join(", ");
            Err(format!("{failed} seeds with findings; never happened: {missing}"))
        }
    }
}

/// The counts of all runs.
pub fn counted(counts: &Counts) -> String {
    let mut text = String::new();
    for (what, n) in counts.iter() {
        let _ = writeln!(text, "{n:>12}  {what}");
    }
    text
}
