//! SIPp as caller, callee and registering telephone.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};

/// One running SIPp.
pub(crate) struct Sipp {
    child: Child,
    stats: PathBuf,
}

/// What it counted.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counts {
    /// Finished as the scenario says.
    pub(crate) good: u64,
    /// Ended otherwise.
    pub(crate) failed: u64,
    /// Messages sent again.
    pub(crate) again: u64,
    /// Running now.
    pub(crate) current: u64,
}

/// Sends a signal to a child.
pub(crate) fn signal(child: &Child, signal: Signal) {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    if let Some(pid) = pid {
        let _ = kill_process(pid, signal);
    }
}

/// Waits for a child for a while, then ends it.
pub(crate) fn end(child: &mut Child, wait: Duration) {
    let deadline = Instant::now() + wait;
    while Instant::now() < deadline {
        if matches!(child.try_wait(), Ok(Some(_))) {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let _ = child.kill();
    let _ = child.wait();
}

impl Sipp {
    /// Starts it with a scenario; its files go into `dir` under `name`.
    pub(crate) fn start(dir: &Path, name: &str, args: &[String]) -> Result<Self> {
        let stats = dir.join(format!("{name}.csv"));
        let log = File::create(dir.join(format!("{name}.log")))?;
        let error = log.try_clone()?;
        let child = Command::new("sipp")
            .args(args)
            .args(["-nostdin", "-fd", "1", "-timer_resol", "2", "-buff_size", "4000000"])
            .args(["-trace_err", "-error_file"])
            .arg(dir.join(format!("{name}.err")))
            .args(["-trace_stat", "-stf"])
            .arg(&stats)
            .env("TERM", "dumb")
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(error)
            .spawn()
            .context("cannot start sipp")?;
        Ok(Sipp { child, stats })
    }

    /// Whether it has ended.
    pub(crate) fn ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits for its end, at most so long.
    pub(crate) fn wait(&mut self, at_most: Duration) {
        let deadline = Instant::now() + at_most;
        while !self.ended() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Asks it to stop, and makes it.
    pub(crate) fn stop(&mut self) {
        if !self.ended() {
            signal(&self.child, Signal::USR1);
            end(&mut self.child, Duration::from_secs(3));
        }
    }

    /// Ends it whatever it does.
    pub(crate) fn kill(&mut self) {
        end(&mut self.child, Duration::ZERO);
    }

    /// The last line of its statistics.
    pub(crate) fn counts(&self) -> Counts {
        let text = std::fs::read_to_string(&self.stats).unwrap_or_default();
        let mut lines = text.lines();
        let names: Vec<&str> = lines.next().unwrap_or_default().split(';').collect();
        let last: Vec<&str> = lines.next_back().unwrap_or_default().split(';').collect();
        let count = |name: &str| {
            let at = names.iter().position(|n| *n == name)?;
            last.get(at)?.trim().parse::<f64>().ok().map(|value| value as u64)
        };
        Counts {
            good: count("SuccessfulCall(C)").unwrap_or(0),
            failed: count("FailedCall(C)").unwrap_or(0),
            again: count("Retransmissions(C)").unwrap_or(0),
            current: count("CurrentCall").unwrap_or(0),
        }
    }
}

impl Drop for Sipp {
    fn drop(&mut self) {
        self.stop();
    }
}
