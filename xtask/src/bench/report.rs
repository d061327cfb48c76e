//! Figures of all rounds, their medians, and the gates.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::json;

use crate::say;

/// All figures so far.
pub(crate) struct Figures {
    file: PathBuf,
    round: u32,
    all: BTreeMap<(String, String), Vec<f64>>,
}

/// How a gate is met.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Limit {
    /// At most so much.
    AtMost(f64),
    /// At least so much.
    AtLeast(f64),
    /// At most so much of another system's figure of the same name.
    OfPeer(f64, &'static str),
    /// At most so much CPU on a machine where Kamailio's figure of the same name is the second
    /// one, and in proportion on others: the same work takes three to four times the CPU on a
    /// small virtual machine, and the limits were set on a faster one.
    Scaled(f64, f64),
    /// The same for a figure that Kamailio does not have, in proportion to its challenged call.
    ByCall(f64),
}

/// What Kamailio takes for a challenged call where the limits were set.
const CALL_THERE: f64 = 0.36;

/// A figure of ours and what it has to hold.
struct Gate {
    system: &'static str,
    metric: &'static str,
    limit: Limit,
}

const fn gate(system: &'static str, metric: &'static str, limit: Limit) -> Gate {
    Gate { system, metric, limit }
}

const AUTO: &str = "naisen auto";
const RELAY: &str = "naisen relay";
const KAMAILIO: &str = "Kamailio";
const RTPENGINE: &str = "Kamailio + rtpengine";

/// Names of the figures; the unit stands in them.
pub(crate) const REGISTER: &str = "REGISTER with digest at 400/s, CPU s per 1,000";
/// Challenged calls.
pub(crate) const CALL: &str = "call at 100/s, challenged, CPU s per 1,000";
/// The same with few contacts, for the ratio.
pub(crate) const CALL_100: &str = "call at 100/s with 100 contacts, CPU s per 1,000";
/// Ratio of the two.
pub(crate) const SCAN: &str = "call with 10,000 contacts against 100, ratio";
/// Median time of the answer.
pub(crate) const ANSWER: &str = "INVITE to 200, ms (median of a capture)";
/// Relay against passing through.
pub(crate) const DELAY: &str = "added by the relay to the answer, ms";
/// Highest clean rate.
pub(crate) const MAX: &str = "highest clean rate, calls/s";
/// Memory of a contact.
pub(crate) const CONTACT: &str = "memory per registered contact, kB";
/// Memory of a call.
pub(crate) const HELD: &str = "memory per held call, kB";
/// Memory after many calls.
pub(crate) const AFTER: &str = "memory after 6,000 calls against idle, ratio";
/// Descriptors.
pub(crate) const FDS: &str = "file descriptors per relayed leg";
/// Memory at rest.
pub(crate) const IDLE_MB: &str = "idle with 10,000 users, MB";
/// CPU at rest.
pub(crate) const IDLE_CPU: &str = "idle, CPU s in 10 s";
/// Audio.
pub(crate) const RTP: &str = "RTP, CPU µs per forwarded packet at 250 calls";
/// Audio that went astray.
pub(crate) const LOST: &str = "RTP packets lost or late";
/// Import.
pub(crate) const IMPORT: &str = "import of 10,000 rows, CPU s";
/// Start.
pub(crate) const START: &str = "start to the first REGISTER answered, CPU s";
/// A call that a group of 64 takes at its last member, beside a call to that member.
pub(crate) const HUNT: &str = "hunt over 63 busy members against a plain call, ratio";
/// The plain call of the same minute.
pub(crate) const PLAIN: &str = "plain call beside 63 busy members a group, CPU s per 1,000";
/// A department that rings all.
pub(crate) const RINGING: &str = "department of 64, CPU ms per ringing leg";
/// Lamps.
pub(crate) const NOTIFY: &str = "1,000 watchers of a busy number, CPU µs per NOTIFY";
/// How many they were.
pub(crate) const NOTIFIES: &str = "1,000 watchers of a busy number, NOTIFY per s";
/// What lamps do to calls.
pub(crate) const INVITE_P95: &str = "p95 of INVITE answers with 1,000 watchers, ratio";
/// What lamps do to registrations.
pub(crate) const REGISTER_P95: &str = "p95 of REGISTER answers with 1,000 watchers, ratio";
/// Disturbance.
pub(crate) const NOISE: &str = "fixed piece of work, CPU s";

const GATES: &[Gate] = &[
    gate(AUTO, REGISTER, Limit::Scaled(0.07, 0.07)),
    gate(AUTO, REGISTER, Limit::OfPeer(1.0, KAMAILIO)),
    gate(AUTO, CALL, Limit::Scaled(0.30, CALL_THERE)),
    gate(AUTO, CALL, Limit::OfPeer(0.9, KAMAILIO)),
    gate(RELAY, CALL, Limit::Scaled(0.50, CALL_THERE)),
    gate(RELAY, DELAY, Limit::AtMost(2.0)),
    gate(AUTO, SCAN, Limit::AtMost(1.1)),
    gate(AUTO, MAX, Limit::AtLeast(2_000.0)),
    gate(AUTO, CONTACT, Limit::AtMost(2.0)),
    gate(AUTO, HELD, Limit::AtMost(12.0)),
    gate(RELAY, HELD, Limit::AtMost(16.0)),
    gate(AUTO, AFTER, Limit::AtMost(1.1)),
    gate(RELAY, FDS, Limit::AtMost(2.0)),
    gate(AUTO, IDLE_CPU, Limit::AtMost(0.01)),
    gate(AUTO, IDLE_MB, Limit::AtMost(40.0)),
    gate(RELAY, RTP, Limit::OfPeer(0.65, RTPENGINE)),
    gate(RELAY, RTP, Limit::OfPeer(1.5, "floor")),
    gate(RELAY, LOST, Limit::AtMost(0.0)),
    gate(AUTO, HUNT, Limit::AtMost(2.0)),
    gate(AUTO, RINGING, Limit::ByCall(0.10)),
    gate(AUTO, NOTIFY, Limit::ByCall(30.0)),
    gate(AUTO, INVITE_P95, Limit::AtMost(1.25)),
    gate(AUTO, REGISTER_P95, Limit::AtMost(1.25)),
    gate("naisen", IMPORT, Limit::AtMost(2.0)),
    gate(AUTO, START, Limit::AtMost(1.0)),
];

impl Figures {
    /// Begins; lines of JSON are appended to the file.
    pub(crate) fn new(file: &Path) -> Self {
        Figures { file: file.to_path_buf(), round: 0, all: BTreeMap::new() }
    }

    /// The next round begins.
    pub(crate) fn next_round(&mut self) {
        self.round += 1;
    }

    /// Takes a figure.
    pub(crate) fn add(&mut self, system: &str, metric: &str, value: f64) -> Result<()> {
        say!("  {system}: {metric}: {}", shown(value));
        let line = json!({
            "round": self.round, "system": system, "metric": metric, "value": value,
        });
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(&self.file)?;
        writeln!(file, "{line}")?;
        self.all.entry((metric.into(), system.into())).or_default().push(value);
        Ok(())
    }

    /// The last figure of that name in this round.
    pub(crate) fn last(&self, system: &str, metric: &str) -> Option<f64> {
        self.all.get(&(metric.into(), system.into()))?.last().copied()
    }

    fn median(&self, system: &str, metric: &str) -> Option<f64> {
        let mut values = self.all.get(&(metric.to_owned(), system.to_owned()))?.clone();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied()
    }

    /// Every gate that was measured, a line each; `false` when one failed.
    pub(crate) fn gates(&self) -> (bool, Vec<String>) {
        let (mut good, mut lines) = (true, Vec::new());
        for gate in GATES {
            let Some(value) = self.median(gate.system, gate.metric) else { continue };
            let (holds, rule) = match gate.limit {
                Limit::AtMost(limit) => (value <= limit, format!("at most {}", shown(limit))),
                Limit::AtLeast(limit) => (value >= limit, format!("at least {}", shown(limit))),
                Limit::OfPeer(share, peer) => {
                    let Some(other) = self.median(peer, gate.metric) else { continue };
                    let rule = format!("at most {share} of {peer} ({})", shown(other));
                    (value <= share * other, rule)
                }
                Limit::Scaled(limit, there) => {
                    self.in_proportion(value, limit, (gate.metric, there))
                }
                Limit::ByCall(limit) => self.in_proportion(value, limit, (CALL, CALL_THERE)),
            };
            good &= holds;
            let verdict = if holds { "PASS" } else { "FAIL" };
            let (system, metric) = (gate.system, gate.metric);
            lines.push(format!("{verdict} {system}: {metric}: {}, {rule}", shown(value)));
        }
        (good, lines)
    }

    /// Whether a figure holds a limit that was set where Kamailio took `there` for `metric`.
    fn in_proportion(
        &self,
        value: f64,
        limit: f64,
        (metric, there): (&str, f64),
    ) -> (bool, String) {
        let here = limit * self.median(KAMAILIO, metric).unwrap_or(there) / there;
        let above = if value > limit { "; above it as such" } else { "" };
        let what = if metric == CALL { "a call" } else { "it" };
        let rule = format!(
            "at most {} where {what} takes Kamailio {}: {} here{above}",
            shown(limit),
            shown(there),
            shown(here)
        );
        (value <= here, rule)
    }

    /// The table of medians, with the spread of each, as Markdown.
    pub(crate) fn table(&self) -> String {
        let mut text = String::from("| Figure | System | Median | Lowest–highest | Rounds |\n");
        text += "|---|---|---|---|---|\n";
        for ((metric, system), values) in &self.all {
            let lowest = values.iter().copied().fold(f64::INFINITY, f64::min);
            let highest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let median = self.median(system, metric).unwrap_or(f64::NAN);
            text += &format!(
                "| {metric} | {system} | {} | {}–{} | {} |\n",
                shown(median),
                shown(lowest),
                shown(highest),
                values.len()
            );
        }
        text
    }
}

/// Three digits that matter.
fn shown(value: f64) -> String {
    match value.abs() {
        v if v >= 100.0 || v == 0.0 => format!("{value:.0}"),
        v if v >= 10.0 => format!("{value:.1}"),
        v if v >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(values: &[(&str, &str, f64)]) -> Figures {
        let all =
            values.iter().map(|(s, m, v)| (((*m).to_owned(), (*s).to_owned()), vec![*v])).collect();
        Figures { file: PathBuf::new(), round: 1, all }
    }

    #[test]
    fn a_figure_above_its_limit_or_its_peer_fails() {
        assert!(figures(&[(AUTO, REGISTER, 0.05), (KAMAILIO, REGISTER, 0.06)]).gates().0);
        assert!(!figures(&[(AUTO, REGISTER, 0.05), (KAMAILIO, REGISTER, 0.04)]).gates().0);
        assert!(!figures(&[(AUTO, REGISTER, 0.08)]).gates().0);
        assert!(figures(&[(RELAY, CALL, 1.2), (KAMAILIO, CALL, 1.08)]).gates().0, "a slow machine");
        assert!(!figures(&[(RELAY, CALL, 0.6), (KAMAILIO, CALL, 0.36)]).gates().0);
        assert!(!figures(&[(AUTO, MAX, 1_900.0)]).gates().0);
    }

    #[test]
    fn the_median_is_the_middle_one() {
        let mut f = figures(&[]);
        f.all.insert(("m".into(), "s".into()), vec![9.0, 1.0, 2.0]);
        assert_eq!(f.median("s", "m"), Some(2.0));
    }
}
