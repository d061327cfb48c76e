//! Running other programs.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::say;

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// A cargo command that starts in the root.
pub(crate) fn cargo(args: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(args).current_dir(root());
    command
}

/// Where cargo puts what it builds.
pub(crate) fn target_dir() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(dir) => PathBuf::from(dir),
        None => root().join("target"),
    }
}

/// Whether a program of that name can be found on the search path or in the system folders.
pub(crate) fn has(program: &str) -> bool {
    find(program).is_some()
}

/// Where a program stands, with the folders that a plain user's search path leaves out.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/sbin".into()])
        .map(|dir| dir.join(program))
        .find(|candidate| candidate.is_file())
}

/// Whether `cargo NAME` exists.
pub(crate) fn has_cargo(name: &str) -> bool {
    cargo(&[name, "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Runs a command with its output shown; an error when it cannot be started or fails.
pub(crate) fn check(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start {command:?}"))?;
    ensure!(status.success(), "{command:?} ended with {status}");
    Ok(())
}

/// `cargo xtask sim`: hands its arguments to the simulator.
pub(crate) fn sim(rest: &[String]) -> Result<bool> {
    let mut command = cargo(&["run", "--quiet", "-p", "sim", "--"]);
    Ok(command.args(rest).status()?.success())
}

/// `cargo xtask run`: hands its arguments to the program.
pub(crate) fn product(rest: &[String]) -> Result<bool> {
    say!("building the release program");
    let mut command = cargo(&["run", "--quiet", "--release", "-p", "naisen", "--"]);
    Ok(command.args(rest).status()?.success())
}
