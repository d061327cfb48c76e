//! Documents that are made from the code.

use anyhow::{Context, Result};
use base::event::{Kind, Level};

use crate::say;

/// Path and text of every generated document.
pub(crate) fn all() -> Vec<(&'static str, String)> {
    vec![("docs/limits.md", limits()), ("docs/events.md", events())]
}

/// Writes them.
pub(crate) fn write_all() -> Result<()> {
    for (path, text) in all() {
        let full = crate::run::root().join(path);
        std::fs::write(&full, text).with_context(|| format!("cannot write {path}"))?;
        say!("{path}");
    }
    openapi()
}

/// The document of the API, which only the portal itself can tell. A test of the portal says when
/// the file is not fresh.
fn openapi() -> Result<()> {
    const PATH: &str = "docs/protocol/openapi.json";
    let full = crate::run::root().join(PATH);
    if let Some(folder) = full.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let args = ["run", "--quiet", "--package", "portal", "--example", "openapi"];
    let made = crate::run::cargo(&args).stderr(std::process::Stdio::inherit()).output()?;
    // What does not build leaves the document as it was.
    anyhow::ensure!(made.status.success(), "the portal cannot tell its document");
    std::fs::write(&full, made.stdout).with_context(|| format!("cannot write {PATH}"))?;
    say!("{PATH}");
    Ok(())
}

fn limits() -> String {
    let mut text = String::from(
        "# Limits\n\nMade by `cargo xtask docs` from `crates/base/src/limits.rs`.\n\n\
         | Limit | Value | Why |\n|---|---|---|\n",
    );
    for (name, value, reason) in base::limits::ALL {
        text += &format!("| `{name}` | {} | {} |\n", shown(&value()), cell(reason));
    }
    text
}

/// `Micros(500000)` is read more easily as `500 ms`, 65536 as `65,536`.
fn shown(value: &str) -> String {
    let digits: String = value.chars().filter(char::is_ascii_digit).collect();
    if let Some(micros) = value.strip_prefix("Micros(").and_then(|v| v.strip_suffix(')'))
        && let Ok(micros) = micros.trim().replace('_', "").parse::<u64>()
    {
        return duration(micros);
    }
    match digits.parse::<u64>() {
        Ok(number) if digits == value => grouped(number),
        _ => cell(value),
    }
}

fn duration(micros: u64) -> String {
    match micros {
        m if m % 60_000_000 == 0 && m >= 600_000_000 => format!("{} min", m / 60_000_000),
        m if m % 1_000_000 == 0 => format!("{} s", grouped(m / 1_000_000)),
        m if m % 1_000 == 0 => format!("{} ms", grouped(m / 1_000)),
        m => format!("{} µs", grouped(m)),
    }
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn events() -> String {
    let mut text = String::from(
        "# Events\n\nMade by `cargo xtask docs` from `crates/base/src/event.rs`. The id is the \
         `id` of log lines and the label of the metric `naisen_events_total`.\n\n\
         | Id | Level | 日本語 | English |\n|---|---|---|---|\n",
    );
    for kind in Kind::ALL {
        let level = match kind.level() {
            Level::Count => "count",
            Level::Info => "info",
            Level::Warning => "warning",
            Level::Alarm => "alarm",
        };
        let (ja, en) = kind.texts();
        text += &format!("| `{}` | {level} | {} | {} |\n", kind.id(), cell(ja), cell(en));
    }
    text
}

fn cell(text: &str) -> String {
    text.trim().replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_shown_for_people() {
        assert_eq!(shown("65536"), "65,536");
        assert_eq!(shown("Micros(500000)"), "500 ms");
        assert_eq!(shown("Micros(3600000000)"), "60 min");
        assert_eq!(shown("Micros(185000000)"), "185 s");
    }
}
