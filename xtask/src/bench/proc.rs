//! What the kernel says about processes.

use std::collections::BTreeMap;
use std::path::Path;

/// Ticks a second of the counters in /proc/PID/stat.
const TICKS: f64 = 100.0;

/// CPU seconds, user and system, by the two counters that the kernel keeps.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cpu {
    /// From /proc/PID/stat: threads that ended included, 10 ms steps.
    pub(crate) ticks: f64,
    /// From the threads' schedstat: exact, living threads only.
    pub(crate) exact: f64,
}

impl std::ops::Sub for Cpu {
    type Output = Cpu;

    fn sub(self, before: Cpu) -> Cpu {
        Cpu { ticks: self.ticks - before.ticks, exact: self.exact - before.exact }
    }
}

fn fields_after_name(pid: u32) -> Option<Vec<String>> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let rest = &text[text.rfind(')')? + 2..];
    Some(rest.split_whitespace().map(str::to_owned).collect())
}

/// A process and all its descendants.
pub(crate) fn tree(root: u32) -> Vec<u32> {
    let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        let parent = fields_after_name(pid).and_then(|f| f.get(1)?.parse().ok());
        if let Some(parent) = parent {
            children.entry(parent).or_default().push(pid);
        }
    }
    let (mut found, mut open) = (Vec::new(), vec![root]);
    while let Some(pid) = open.pop() {
        if !found.contains(&pid) {
            found.push(pid);
            open.extend(children.get(&pid).into_iter().flatten());
        }
    }
    found
}

/// CPU of processes since their start.
pub(crate) fn cpu(pids: &[u32]) -> Cpu {
    let mut sum = Cpu::default();
    for pid in pids {
        if let Some(fields) = fields_after_name(*pid) {
            let ticks = |at: usize| fields.get(at).and_then(|f| f.parse::<f64>().ok());
            sum.ticks += (ticks(11).unwrap_or(0.0) + ticks(12).unwrap_or(0.0)) / TICKS;
        }
        let tasks = std::fs::read_dir(format!("/proc/{pid}/task"));
        for task in tasks.into_iter().flatten().flatten() {
            sum.exact += schedstat(&task.path());
        }
    }
    sum
}

fn schedstat(task: &Path) -> f64 {
    let text = std::fs::read_to_string(task.join("schedstat")).unwrap_or_default();
    let nanos = text.split_whitespace().next().and_then(|f| f.parse::<f64>().ok());
    nanos.unwrap_or(0.0) / 1e9
}

/// CPU seconds of the calling process.
pub(crate) fn own_cpu() -> f64 {
    cpu(&[std::process::id()]).exact
}

/// Proportional memory in kB.
pub(crate) fn pss_kb(pids: &[u32]) -> f64 {
    let mut sum = 0.0;
    for pid in pids {
        let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
        for line in text.lines().filter_map(|line| line.strip_prefix("Pss:")) {
            let kb = line.split_whitespace().next().and_then(|f| f.parse::<f64>().ok());
            sum += kb.unwrap_or(0.0);
        }
    }
    sum
}

/// Open file descriptors.
pub(crate) fn descriptors(pids: &[u32]) -> usize {
    pids.iter()
        .map(|pid| std::fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count))
        .sum()
}

/// Seconds of a fixed piece of work: shows how disturbed the machine is.
pub(crate) fn calibration() -> f64 {
    let before = own_cpu();
    let mut state = std::hint::black_box(0x9E37_79B9_7F4A_7C15_u64);
    for _ in 0..40_000_000_u32 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
    }
    std::hint::black_box(state);
    own_cpu() - before
}
