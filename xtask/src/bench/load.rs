//! One run of load against a server, and what it cost.

use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::pcap::{Capture, answer_times};
use super::proc::{self, Cpu};
use super::rtp::{Echo, Heard};
use super::server::{FIRST, Server, free_port};
use super::sipp::{Counts, Sipp};
use crate::run::root;

const CALLER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
const CALLEE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 3);

/// Callers and callees: the first and the second half of the users.
pub(crate) const CALLERS: Range<u32> = FIRST..FIRST + 5_000;
/// The second half.
pub(crate) const CALLEES: Range<u32> = FIRST + 5_000..FIRST + 10_000;

/// Where load comes from and goes to.
pub(crate) struct Load {
    dir: PathBuf,
    pub(super) caller: SocketAddr,
    callee: SocketAddr,
    runs: u32,
}

/// How many calls, how fast, how long each.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// Calls a second.
    pub(crate) rate: u32,
    /// In all.
    pub(crate) calls: u32,
    /// Length of each.
    pub(crate) hold: Duration,
    /// So many callees take turns.
    pub(crate) callees: u32,
}

impl Plan {
    /// The longest that it may take.
    pub(super) fn length(self) -> Duration {
        self.hold + Duration::from_secs(u64::from(self.calls / self.rate.max(1)) + 40)
    }
}

/// What a run cost and gave.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Outcome {
    /// Caller's side.
    pub(crate) counts: Counts,
    /// Messages sent again by the callee's side.
    pub(crate) callee_again: u64,
    /// CPU of the server.
    pub(crate) cpu: Cpu,
}

impl Outcome {
    /// CPU seconds per 1,000 good ones.
    pub(crate) fn per_1000(&self) -> f64 {
        self.cpu.ticks * 1e3 / self.counts.good.max(1) as f64
    }

    /// Whether nothing failed and nothing had to be sent again.
    pub(crate) fn is_clean(&self, calls: u32) -> bool {
        let c = &self.counts;
        c.failed == 0 && c.again == 0 && self.callee_again == 0 && c.good == u64::from(calls)
    }
}

/// What was seen while calls were up.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Plateau {
    /// Calls that were up.
    pub(crate) held: u64,
    /// Memory of the server in kB.
    pub(crate) pss_kb: f64,
    /// Its file descriptors.
    pub(crate) descriptors: usize,
    /// CPU of whoever carries audio, per forwarded packet in microseconds.
    pub(crate) us_per_packet: f64,
    /// Packets that never came to the far end, or late.
    pub(crate) lost_or_late: u64,
    /// Share of the expected packets that came.
    pub(crate) delivered: f64,
}

impl Load {
    /// Ports that are free now; the callee's stays the contact of every registration.
    pub(crate) fn new(dir: &Path) -> Result<Self> {
        std::fs::create_dir_all(dir)?;
        Ok(Load {
            dir: dir.to_path_buf(),
            caller: (CALLER, free_port(CALLER)?).into(),
            callee: (CALLEE, free_port(CALLEE)?).into(),
            runs: 0,
        })
    }

    /// Further callers beside those that hold their calls; who is called stays the same.
    pub(super) fn beside(&self, dir: &Path) -> Result<Self> {
        let mut beside = Self::new(dir)?;
        beside.callee = self.callee;
        Ok(beside)
    }

    pub(super) fn run_dir(&mut self, name: &str) -> Result<PathBuf> {
        self.runs += 1;
        let dir = self.dir.join(format!("{:02}-{name}", self.runs));
        std::fs::create_dir_all(&dir)?;
        Ok(dir)
    }

    pub(super) fn users(
        &self,
        dir: &Path,
        pairs: impl Iterator<Item = (u32, u32)>,
    ) -> Result<String> {
        let mut text = String::from("SEQUENTIAL\n");
        for (user, called) in pairs {
            text += &format!(
                "{user};[authentication username={user} password=pw{user}];{called};127.0.0.1;{}\n",
                self.callee
            );
        }
        let file = dir.join("users.csv");
        std::fs::write(&file, text)?;
        Ok(file.to_string_lossy().into_owned())
    }

    /// Registers users at the callee's address.
    pub(crate) fn register(
        &mut self,
        server: &Server,
        users: Range<u32>,
        rate: u32,
    ) -> Result<Outcome> {
        let dir = self.run_dir("register")?;
        let total = users.len() as u32;
        let file = self.users(&dir, users.map(|user| (user, 0)))?;
        let args = words(&format!(
            "{} -sf {} -inf {file} -i {} -p {} -r {rate} -m {total} -l 4000 -recv_timeout 8000",
            server.at,
            scenario("register"),
            self.callee.ip(),
            self.callee.port()
        ));
        let before = proc::cpu(&server.pids());
        let mut sipp = Sipp::start(&dir, "register", &args)?;
        sipp.wait(Duration::from_secs(u64::from(total / rate) + 30));
        sipp.stop();
        pause(1);
        let cpu = proc::cpu(&server.pids()) - before;
        Ok(Outcome { counts: sipp.counts(), callee_again: 0, cpu })
    }

    /// Makes calls and looks at the server once they are up.
    fn run(
        &mut self,
        server: &Server,
        plan: Plan,
        echo: Option<&mut Echo>,
        look: impl FnOnce(&Sipp, Option<&mut Echo>) -> Result<Plateau>,
    ) -> Result<(Outcome, Plateau)> {
        let dir = self.run_dir("calls")?;
        let callees = CALLEES.start..CALLEES.start + plan.callees;
        let (rtp, scenario) = match &echo {
            Some(echo) => (echo.port, speaking(&dir)?),
            None => (6_000, scenario("caller")),
        };
        let before = proc::cpu(&server.pids());
        let mut callee = self.answering(&dir, rtp)?;
        let pairs = CALLERS.zip(callees.cycle());
        let mut caller = self.calling(server, (&dir, &scenario), pairs, plan)?;
        let plateau = look(&caller, echo)?;
        caller.wait(plan.length());
        caller.stop();
        pause(1);
        let cpu = proc::cpu(&server.pids()) - before;
        callee.stop();
        let outcome = Outcome { counts: caller.counts(), callee_again: callee.counts().again, cpu };
        Ok((outcome, plateau))
    }

    /// Telephones that answer, at the contact of every registration.
    pub(super) fn answering(&self, dir: &Path, rtp: u16) -> Result<Sipp> {
        let xml = fill(dir, "callee", "__RTP__", &rtp.to_string())?;
        self.called("callee", dir, &xml)
    }

    /// Telephones that do as a scenario says when they are called.
    pub(super) fn called(&self, name: &str, dir: &Path, xml: &str) -> Result<Sipp> {
        let (ip, port) = (self.callee.ip(), self.callee.port());
        let audio = free_port(CALLEE)?;
        let args = words(&format!("-sf {xml} -i {ip} -mi {ip} -p {port} -mp {audio}"));
        let mut callee = Sipp::start(dir, name, &args)?;
        pause_ms(700);
        ensure!(!callee.ended(), "the callee's SIPp ended at once; see {}", dir.display());
        Ok(callee)
    }

    /// Callers, each of a pair calling the other.
    pub(super) fn calling(
        &self,
        server: &Server,
        (dir, scenario): (&Path, &str),
        pairs: impl Iterator<Item = (u32, u32)>,
        plan: Plan,
    ) -> Result<Sipp> {
        let file = self.users(dir, pairs)?;
        let hold = plan.hold.as_millis();
        let args = words(&format!(
            "{target} -sf {scenario} -inf {file} -i {ip} -mi {ip} -p {port} -mp {audio} -r {rate} \
             -m {calls} -l 15000 -d {hold} -recv_timeout {wait}",
            audio = free_port(CALLER)?,
            target = server.at,
            ip = self.caller.ip(),
            port = self.caller.port(),
            rate = plan.rate,
            calls = plan.calls,
            wait = 20_000 + hold,
        ));
        Sipp::start(dir, "caller", &args)
    }

    /// Plain calls.
    pub(crate) fn calls(&mut self, server: &Server, plan: Plan) -> Result<Outcome> {
        Ok(self.run(server, plan, None, |_, _| Ok(Plateau::default()))?.0)
    }

    /// Median milliseconds from the authenticated INVITE to its 200.
    pub(crate) fn answer_ms(&mut self, server: &Server, calls: u32) -> Result<f64> {
        let file = self.dir.join(format!("answer-{}.pcap", self.runs));
        let capture = Capture::start(&file, &self.caller.ip().to_string(), self.caller.port())?;
        let plan = Plan { rate: 20, calls, hold: Duration::from_millis(500), callees: 100 };
        let outcome = self.calls(server, plan)?;
        drop(capture);
        ensure!(outcome.is_clean(calls), "calls failed while the answer was timed: {outcome:?}");
        let times = answer_times(&file)?;
        ensure!(times.len() * 10 >= calls as usize * 9, "only {} answers captured", times.len());
        Ok(times.get(times.len() / 2).copied().unwrap_or(0.0))
    }

    /// Many calls at once, for memory and descriptors.
    pub(crate) fn hold(&mut self, server: &Server, calls: u32) -> Result<(Outcome, Plateau)> {
        let (rate, stay) = (100, 8);
        let ramp = Duration::from_secs(u64::from(calls / rate));
        let hold = ramp + Duration::from_secs(stay);
        let plan = Plan { rate, calls, hold, callees: 1_000 };
        self.run(server, plan, None, |sipp, _| {
            std::thread::sleep(ramp + Duration::from_secs(stay / 2));
            let pids = server.pids();
            Ok(Plateau {
                held: sipp.counts().current,
                pss_kb: proc::pss_kb(&pids),
                descriptors: proc::descriptors(&pids),
                ..Plateau::default()
            })
        })
    }

    /// Calls with audio both ways: CPU per forwarded packet, and whether all of them came.
    pub(crate) fn media(
        &mut self,
        server: &Server,
        calls: u32,
        time: Duration,
    ) -> Result<(Outcome, Plateau)> {
        let mut echo = Echo::start(CALLEE)?;
        let rate = 25;
        let ramp = Duration::from_secs(u64::from(calls / rate) + 2);
        let plan = Plan { rate, calls, hold: ramp + time + Duration::from_secs(6), callees: 1_000 };
        self.run(server, plan, Some(&mut echo), |sipp, echo| {
            std::thread::sleep(ramp);
            let Some(echo) = echo else { return Ok(Plateau::default()) };
            let pids = server.media_pids();
            let (heard, cpu, begin): (Heard, Cpu, Instant) =
                (echo.heard()?, proc::cpu(&pids), Instant::now());
            std::thread::sleep(time);
            let (now, used, spent) =
                (echo.heard()?, proc::cpu(&pids) - cpu, begin.elapsed().as_secs_f64());
            let held = sipp.counts().current;
            let packets = (now.packets - heard.packets) as f64;
            Ok(Plateau {
                held,
                us_per_packet: used.ticks * 1e6 / (2.0 * packets).max(1.0),
                lost_or_late: now.lost - heard.lost + now.late - heard.late,
                delivered: packets / (held as f64 * 50.0 * spent).max(1.0),
                ..Plateau::default()
            })
        })
    }

    /// The highest rate at which no call fails and no message is sent twice.
    pub(crate) fn max_rate(&mut self, server: &Server, step: Duration) -> Result<f64> {
        let (mut good, mut bad, mut rate) = (0.0, None, 500.0_f64);
        for _ in 0..10 {
            let calls = (rate * step.as_secs_f64()) as u32;
            let plan =
                Plan { rate: rate as u32, calls, hold: Duration::from_secs(1), callees: 5_000 };
            if self.calls(server, plan)?.is_clean(calls) {
                good = rate;
                rate = bad.map_or(rate * 1.4, |bad| (rate + bad) / 2.0);
            } else {
                bad = Some(rate);
                rate = (good + rate) / 2.0;
            }
            if bad.is_some_and(|bad| bad - good < 0.08 * bad) || rate < 10.0 {
                break;
            }
        }
        Ok(good)
    }
}

/// The scenario of a caller that sends a tone.
fn speaking(dir: &Path) -> Result<String> {
    let tone = dir.join("tone.ul");
    std::fs::write(&tone, tone_ulaw())?;
    fill(dir, "caller-media", "__TONE__", &tone.to_string_lossy())
}

pub(super) fn scenario(name: &str) -> String {
    root().join(format!("xtask/bench/scn/{name}.xml")).to_string_lossy().into_owned()
}

fn fill(dir: &Path, name: &str, mark: &str, value: &str) -> Result<String> {
    let text = std::fs::read_to_string(scenario(name))?.replace(mark, value);
    let file = dir.join(format!("{name}.xml"));
    std::fs::write(&file, text)?;
    Ok(file.to_string_lossy().into_owned())
}

pub(super) fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// A second of 1 kHz in G.711 µ-law: eight samples, again and again.
fn tone_ulaw() -> Vec<u8> {
    [0xFF, 0x93, 0x8D, 0x93, 0xFF, 0x13, 0x0D, 0x13].repeat(1_000)
}

pub(super) fn pause(seconds: u64) {
    pause_ms(seconds * 1_000);
}

fn pause_ms(millis: u64) {
    std::thread::sleep(Duration::from_millis(millis));
}
