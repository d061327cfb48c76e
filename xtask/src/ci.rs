//! `cargo xtask test` and `cargo xtask ci`: everything, in an order that fails early.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result};

use crate::apt;
use crate::run::{cargo, has_cargo, target_dir};
use crate::say;

/// Sums over all steps.
#[derive(Default)]
struct Sums {
    passed: u64,
    failed: u64,
    skipped: Vec<String>,
}

/// Installs what is missing, then runs everything.
pub(crate) fn test() -> Result<bool> {
    apt::install(apt::TEST_TOOLS, true);
    ci()
}

/// Runs everything with what is there.
pub(crate) fn ci() -> Result<bool> {
    let mut sums = Sums::default();
    for tool in apt::missing(apt::TEST_TOOLS) {
        say!("not there: {tool}");
    }
    step(&mut sums, "format", |_| Ok(cargo(&["fmt", "--all", "--check"]).status()?.success()))?;
    step(&mut sums, "clippy, warnings denied", |_| {
        let args = ["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"];
        Ok(cargo(&args).status()?.success())
    })?;
    step(&mut sums, "tests", tests)?;
    step(&mut sums, "examples in the documentation", doc_tests)?;
    if has_cargo("deny") {
        step(&mut sums, "cargo deny", |_| {
            Ok(cargo(&["deny", "--all-features", "check"]).status()?.success())
        })?;
    } else {
        // The layout test checks licences and sources by itself; only advisories are left out.
        sums.skipped.push("cargo deny: not installed (advisories are not looked up)".into());
    }
    for reason in &sums.skipped {
        say!("skipped: {reason}");
    }
    say!("{} passed, {} failed, {} skipped", sums.passed, sums.failed, sums.skipped.len());
    Ok(sums.failed == 0 && sums.passed > 0)
}

/// Runs one step, counts it, and says how long it took.
fn step(sums: &mut Sums, name: &str, run: impl FnOnce(&mut Sums) -> Result<bool>) -> Result<()> {
    say!("==> {name}");
    let (before, begin) = ((sums.passed, sums.failed), Instant::now());
    let good = run(sums)?;
    // A step that counts tests of its own is not counted once more, unless it failed as a whole.
    match (good, (sums.passed, sums.failed) == before) {
        (true, true) => sums.passed += 1,
        (false, true) => sums.failed += 1,
        (true, false) => {}
        (false, false) => sums.failed += u64::from(sums.failed == before.1),
    }
    let verdict = if good { "ok" } else { "FAILED" };
    say!("<== {name}: {verdict}, {} s", begin.elapsed().as_secs());
    Ok(())
}

/// Unit, layout, simulation and end-to-end tests of the workspace.
fn tests(sums: &mut Sums) -> Result<bool> {
    let skips = target_dir().join("skipped-tests");
    let _ = std::fs::remove_dir_all(&skips);
    std::fs::create_dir_all(&skips)?;
    let mut command = if has_cargo("nextest") {
        cargo(&["nextest", "run", "--workspace", "--locked", "--no-fail-fast", "--color", "never"])
    } else {
        cargo(&["test", "--workspace", "--locked", "--no-fail-fast", "--lib", "--bins", "--tests"])
    };
    let good = counted(command.env("NAISEN_SKIPPED_DIR", &skips), sums)?;
    let named = skipped(&skips)?;
    sums.passed = sums.passed.saturating_sub(named.len() as u64);
    sums.skipped.extend(named);
    Ok(good)
}

fn doc_tests(sums: &mut Sums) -> Result<bool> {
    counted(&mut cargo(&["test", "--workspace", "--locked", "--doc"]), sums)
}

/// What tests have written about themselves: one file a test, the reason inside.
fn skipped(folder: &Path) -> Result<Vec<String>> {
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        files.push(entry?.path());
    }
    files.sort();
    let mut reasons = Vec::new();
    for file in files {
        let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        reasons.push(format!("{name}: {}", std::fs::read_to_string(&file)?.trim()));
    }
    Ok(reasons)
}

/// Runs a test command, shows what it says, and adds up its closing lines.
fn counted(command: &mut Command, sums: &mut Sums) -> Result<bool> {
    // nextest closes on its error stream, cargo test on its output: one pipe for both.
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {command:?}"))?;
    let stdout = child.stdout.take().map(BufReader::new);
    let stderr = child.stderr.take().map(BufReader::new);
    let (mut passed, mut failed) = (0, 0);
    std::thread::scope(|scope| {
        let other = scope.spawn(|| stdout.map(tally).unwrap_or_default());
        let own = stderr.map(tally).unwrap_or_default();
        let other = other.join().unwrap_or_default();
        passed = own.0 + other.0;
        failed = own.1 + other.1;
    });
    let status = child.wait()?;
    sums.passed += passed;
    sums.failed += failed;
    Ok(status.success())
}

/// Passes lines on and sums what they count.
fn tally(mut input: impl BufRead) -> (u64, u64) {
    let (mut passed, mut failed) = (0, 0);
    let mut line = Vec::new();
    // Tests may print anything, text or not; reading must go on to the end.
    while input.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
        let text = String::from_utf8_lossy(&line);
        if let Some((p, f)) = closing_line(&text) {
            passed += p;
            failed += f;
        }
        say!("{}", text.trim_end());
        line.clear();
    }
    (passed, failed)
}

/// Counts of `test result: ok. 3 passed; 0 failed; …` or `Summary [ 1s] 3 tests run: 3 passed, …`.
fn closing_line(line: &str) -> Option<(u64, u64)> {
    // What a failed test printed is shown indented: it is counted by the summary, and a test that
    // passed at the second try has not failed.
    let counts = if let Some(rest) = line.strip_prefix("test result:") {
        rest
    } else if line.trim_start().starts_with("Summary [") {
        line.split("run:").nth(1)?
    } else {
        return None;
    };
    let count = |word: &str| {
        let words: Vec<&str> =
            counts.split([' ', ',', ';', '(']).filter(|w| !w.is_empty()).collect();
        let at = words.iter().position(|w| *w == word)?;
        words.get(at.checked_sub(1)?)?.parse::<u64>().ok()
    };
    let failed = count("failed").unwrap_or(0) + count("timed").unwrap_or(0);
    Some((count("passed").unwrap_or(0), failed))
}

#[cfg(test)]
mod tests {
    use super::closing_line;

    #[test]
    fn closing_lines_of_both_runners_are_read() {
        let cargo = "test result: FAILED. 12 passed; 2 failed; 0 ignored; 0 measured";
        assert_eq!(closing_line(cargo), Some((12, 2)));
        let good = "     Summary [   1.052s] 41 tests run: 41 passed, 3 skipped";
        assert_eq!(closing_line(good), Some((41, 0)));
        let bad = "     Summary [   1.052s] 41 tests run: 39 passed (1 slow), 2 failed, 3 skipped";
        assert_eq!(closing_line(bad), Some((39, 2)));
        let flaky = "     Summary [   1.052s] 41 tests run: 41 passed (1 slow, 1 flaky), 3 skipped";
        assert_eq!(closing_line(flaky), Some((41, 0)));
        assert_eq!(closing_line("    test result: FAILED. 0 passed; 1 failed; 0 ignored"), None);
        assert_eq!(closing_line("running 3 tests"), None);
    }
}
