//! `cargo xtask fuzz`: each target of the fuzz workspace for a given time.

use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::run::{cargo, has_cargo, root};
use crate::say;

const SECONDS: u64 = 600;

/// Names of the targets, from the files in fuzz/fuzz_targets.
pub(crate) fn targets(root: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(root.join("fuzz/fuzz_targets"));
    let mut names: Vec<String> = entries
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.path().file_stem()?.to_str().map(str::to_owned))
        .collect();
    names.sort();
    names
}

/// Runs one target or all.
pub(crate) fn run(args: &[String]) -> Result<bool> {
    let (mut wanted, mut seconds) = (None, SECONDS);
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--seconds" => {
                let value = args.next().context("--seconds needs a number")?;
                seconds = value.parse().context("--seconds needs a number")?;
            }
            name => wanted = Some(name.to_owned()),
        }
    }
    let all = targets(&root());
    let chosen: Vec<String> = match wanted {
        Some(name) if all.contains(&name) => vec![name],
        Some(name) => bail!("no target `{name}`; there are: {}", all.join(" ")),
        None => all,
    };
    if !has_cargo("fuzz") {
        say!("installing cargo-fuzz");
        crate::run::check(&mut cargo(&["install", "cargo-fuzz", "--locked"]))?;
    }
    let mut good = true;
    for name in chosen {
        say!("fuzzing {name} for {seconds} s");
        // Inputs that were found go into a folder of their own; the start corpus stays small.
        let found = format!("fuzz/found/{name}");
        std::fs::create_dir_all(root().join(&found))?;
        let corpus = format!("fuzz/corpus/{name}");
        let mut run = cargo(&["fuzz", "run", &name, &found, &corpus]);
        if name == "sip_message" {
            run.arg("crates/sip/testdata");
        }
        let status = run
            .arg("--")
            .args([format!("-max_total_time={seconds}"), "-rss_limit_mb=2048".into()])
            .arg("-timeout=5")
            .env("RUSTC_BOOTSTRAP", "1")
            .status()?;
        if !status.success() {
            say!("{name}: found something; the input is below fuzz/artifacts/{name}");
            good = false;
        }
    }
    Ok(good)
}
