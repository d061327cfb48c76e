//! `cargo xtask bench`: speed and memory beside Kamailio and rtpengine, in interleaved rounds.

mod api;
mod load;
mod pcap;
mod proc;
mod report;
mod rtp;
mod server;
mod services;
mod sipp;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::run::{cargo, check, has, target_dir};
use crate::{apt, say};
use load::{CALLEES, CALLERS, Load, Plan};
use report::Figures;
use server::{FIRST, MediaPath, Server, Template, USERS};

pub(crate) use rtp::{echo_main, floor_main};

/// What can be asked for; `all` is every one.
const PARTS: &[&str] = &[
    "register",
    "call",
    "scan",
    "delay",
    "hold",
    "maxrate",
    "media",
    "idle",
    "import",
    "start",
    "hunt",
    "department",
    "watch",
];

/// What to do.
#[derive(Default)]
struct Wish {
    parts: Vec<String>,
    rounds: u32,
    quick: bool,
    write: bool,
    peers: bool,
    binary: Option<PathBuf>,
}

impl Wish {
    fn parse(args: &[String]) -> Result<Self> {
        let mut wish = Wish { rounds: 3, ..Wish::default() };
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--rounds" => {
                    let value = args.next().context("--rounds needs a number")?;
                    wish.rounds = value.parse().context("--rounds needs a number")?;
                }
                "--quick" => (wish.quick, wish.rounds) = (true, 1),
                "--write" => wish.write = true,
                "--peers" => wish.peers = true,
                "--binary" => wish.binary = args.next().map(PathBuf::from),
                "all" => {}
                "signalling" => wish.parts.extend(["register", "call"].map(str::to_owned)),
                part if PARTS.contains(&part) => wish.parts.push(part.to_owned()),
                other => bail!("unknown part `{other}`; there are: {}", PARTS.join(" ")),
            }
        }
        Ok(wish)
    }

    fn has(&self, part: &str) -> bool {
        self.parts.is_empty() || self.parts.iter().any(|p| p == part)
    }

    fn any(&self, parts: &[&str]) -> bool {
        parts.iter().any(|part| self.has(part))
    }

    fn calls(&self) -> u32 {
        if self.quick { 1_000 } else { 3_000 }
    }

    fn held(&self) -> u32 {
        if self.quick { 500 } else { 2_000 }
    }
}

/// One run of the command.
struct Bench {
    wish: Wish,
    dir: PathBuf,
    figures: Figures,
    /// `None` when only the peers are measured.
    template: Option<Template>,
}

/// Runs it; `false` when a gate failed.
pub(crate) fn run(args: &[String]) -> Result<bool> {
    let wish = Wish::parse(args)?;
    apt::install(apt::BENCH_TOOLS, false);
    anyhow::ensure!(has("sipp"), "sipp is not installed");
    let dir = target_dir().join(format!("bench/{}", std::process::id()));
    std::fs::create_dir_all(&dir)?;
    let template = if wish.peers { None } else { Some(template(&wish, &dir)?) };
    let figures = Figures::new(&dir.join("rounds.jsonl"));
    let rounds = wish.rounds;
    let mut bench = Bench { wish, dir, figures, template };
    for round in 1..=rounds {
        say!("round {round} of {rounds}");
        bench.figures.next_round();
        bench.round(round)?;
    }
    bench.finish()
}

fn template(wish: &Wish, dir: &Path) -> Result<Template> {
    let binary = match &wish.binary {
        Some(binary) => std::fs::canonicalize(binary)?,
        None => {
            say!("building the release program");
            check(&mut cargo(&["build", "--release", "--locked", "-p", "naisen"]))?;
            target_dir().join("release/naisen")
        }
    };
    say!("making 10,000 users through `naisen import`");
    Template::make(&binary, &dir.join("template"))
}

impl Bench {
    fn round(&mut self, round: u32) -> Result<()> {
        let dir = self.dir.join(format!("round-{round}"));
        self.noise()?;
        if let Some(template) = &self.template
            && self.wish.has("import")
        {
            self.figures.add("naisen", report::IMPORT, template.import_cpu)?;
        }
        if self.wish.any(&["idle", "scan", "start"]) {
            self.fresh(&dir.join("fresh"))?;
        }
        if self.wish.any(&["register", "call", "scan", "hold", "maxrate", "delay"]) {
            self.full(&dir.join("auto"))?;
        }
        self.noise()?;
        if self.wish.any(&["hunt", "department", "watch"]) {
            self.services(&dir.join("services"))?;
        }
        self.noise()?;
        if has("kamailio") && self.wish.any(&["register", "call", "maxrate"]) {
            self.kamailio(&dir.join("kamailio"))?;
        }
        self.noise()?;
        if self.wish.any(&["call", "hold", "delay", "media"]) {
            self.relay(&dir.join("relay"))?;
        }
        if self.wish.has("media") {
            if has("kamailio") && has("rtpengine") {
                self.rtpengine(&dir.join("rtpengine"))?;
            }
            let floor = rtp::floor(250, self.media_time())?;
            self.figures.add("floor", report::RTP, floor)?;
        }
        self.noise()
    }

    fn noise(&mut self) -> Result<()> {
        self.figures.add("machine", report::NOISE, proc::calibration())
    }

    fn media_time(&self) -> Duration {
        Duration::from_secs(if self.wish.quick { 8 } else { 20 })
    }

    fn call_plan(&self, callees: u32) -> Plan {
        let calls = self.wish.calls();
        Plan { rate: 100, calls, hold: Duration::from_secs(1), callees }
    }

    /// A server that nobody has used: start, idle, memory after calls, cost with few contacts.
    fn fresh(&mut self, dir: &Path) -> Result<()> {
        let Some(template) = &self.template else { return Ok(()) };
        let server = template.start(&dir.join("server"), MediaPath::Auto)?;
        server::answers(server.at, Duration::from_secs(20)).context("naisen does not answer")?;
        let name = server.name.clone();
        self.figures.add(&name, report::START, proc::cpu(&server.pids()).ticks)?;
        std::thread::sleep(Duration::from_secs(5));
        let (pids, begin) = (server.pids(), Instant::now());
        let before = proc::cpu(&pids);
        std::thread::sleep(Duration::from_secs(10));
        let spent = (proc::cpu(&pids) - before).exact * 10.0 / begin.elapsed().as_secs_f64();
        let idle = proc::pss_kb(&pids);
        self.figures.add(&name, report::IDLE_CPU, spent)?;
        self.figures.add(&name, report::IDLE_MB, idle / 1024.0)?;
        if !self.wish.any(&["idle", "scan"]) {
            return Ok(());
        }
        let mut load = Load::new(dir)?;
        load.register(&server, CALLEES.start..CALLEES.start + 100, 400)?;
        let mut cost = 0.0;
        for _ in 0..2 {
            let outcome = load.calls(&server, self.call_plan(100))?;
            warn_unless_clean(&name, &outcome, self.wish.calls());
            cost += outcome.per_1000() / 2.0;
        }
        self.figures.add(&name, report::CALL_100, cost)?;
        // The last transactions linger for 32 s (RFC 3261, 64·T1).
        std::thread::sleep(Duration::from_secs(36));
        self.figures.add(&name, report::AFTER, proc::pss_kb(&server.pids()) / idle)
    }

    /// A server with every user registered.
    fn full(&mut self, dir: &Path) -> Result<()> {
        let Some(template) = &self.template else { return Ok(()) };
        let server = template.start(&dir.join("server"), MediaPath::Auto)?;
        let name = server.name.clone();
        let mut load = Load::new(dir)?;
        std::thread::sleep(Duration::from_secs(3));
        let before = proc::pss_kb(&server.pids());
        self.registrations(&mut load, &server)?;
        std::thread::sleep(Duration::from_secs(5));
        let registered = proc::pss_kb(&server.pids());
        let per_contact = (registered - before) / f64::from(USERS);
        self.figures.add(&name, report::CONTACT, per_contact)?;
        // First of all calls: what earlier ones gave back must not hide what these take.
        if self.wish.has("hold") {
            self.held(&mut load, &server)?;
        }
        if self.wish.any(&["call", "scan"]) {
            self.challenged(&mut load, &server)?;
            if let (Some(many), Some(few)) =
                (self.figures.last(&name, report::CALL), self.figures.last(&name, report::CALL_100))
            {
                self.figures.add(&name, report::SCAN, many / few)?;
            }
        }
        if self.wish.has("delay") {
            let ms = load.answer_ms(&server, 200)?;
            self.figures.add(&name, report::ANSWER, ms)?;
        }
        if self.wish.has("maxrate") {
            let rate = load.max_rate(&server, self.step())?;
            self.figures.add(&name, report::MAX, rate)?;
        }
        Ok(())
    }

    fn step(&self) -> Duration {
        Duration::from_secs(if self.wish.quick { 3 } else { 6 })
    }

    fn registrations(&mut self, load: &mut Load, server: &Server) -> Result<()> {
        let outcome = load.register(server, FIRST..FIRST + USERS, 400)?;
        warn_unless_clean(&server.name, &outcome, USERS);
        self.figures.add(&server.name, report::REGISTER, outcome.per_1000())
    }

    fn challenged(&mut self, load: &mut Load, server: &Server) -> Result<()> {
        let outcome = load.calls(server, self.call_plan(1_000))?;
        warn_unless_clean(&server.name, &outcome, self.wish.calls());
        self.figures.add(&server.name, report::CALL, outcome.per_1000())
    }

    fn held(&mut self, load: &mut Load, server: &Server) -> Result<()> {
        let pids = server.pids();
        let (before, open) = (proc::pss_kb(&pids), proc::descriptors(&pids));
        let (outcome, plateau) = load.hold(server, self.wish.held())?;
        warn_unless_clean(&server.name, &outcome, self.wish.held());
        let held = plateau.held.max(1) as f64;
        self.figures.add(&server.name, report::HELD, (plateau.pss_kb - before) / held)?;
        let descriptors = plateau.descriptors.saturating_sub(open) as f64 / (2.0 * held);
        self.figures.add(&server.name, report::FDS, descriptors)
    }

    fn kamailio(&mut self, dir: &Path) -> Result<()> {
        let server = server::kamailio(dir, false)?;
        let mut load = Load::new(dir)?;
        self.registrations(&mut load, &server)?;
        if self.wish.has("call") {
            self.challenged(&mut load, &server)?;
        }
        if self.wish.has("maxrate") {
            let rate = load.max_rate(&server, self.step())?;
            self.figures.add(&server.name, report::MAX, rate)?;
        }
        Ok(())
    }

    /// Every call through our relay.
    fn relay(&mut self, dir: &Path) -> Result<()> {
        let Some(template) = &self.template else { return Ok(()) };
        let server = template.start(&dir.join("server"), MediaPath::Relay)?;
        let name = server.name.clone();
        let mut load = Load::new(dir)?;
        let users = if self.wish.has("call") {
            FIRST..FIRST + USERS
        } else {
            CALLEES.start..CALLEES.start + 1_000
        };
        load.register(&server, users, 400)?;
        if self.wish.has("hold") {
            self.held(&mut load, &server)?;
        }
        if self.wish.has("call") {
            self.challenged(&mut load, &server)?;
        }
        if self.wish.has("delay") {
            let ms = load.answer_ms(&server, 200)?;
            self.figures.add(&name, report::ANSWER, ms)?;
            if let Some(direct) = self.figures.last("naisen auto", report::ANSWER) {
                self.figures.add(&name, report::DELAY, ms - direct)?;
            }
        }
        if self.wish.has("media") {
            self.audio(&mut load, &server)?;
        }
        Ok(())
    }

    fn rtpengine(&mut self, dir: &Path) -> Result<()> {
        let server = server::kamailio(dir, true)?;
        let mut load = Load::new(dir)?;
        load.register(&server, CALLEES.start..CALLEES.start + 1_000, 400)?;
        self.audio(&mut load, &server)
    }

    fn audio(&mut self, load: &mut Load, server: &Server) -> Result<()> {
        let (outcome, plateau) = load.media(server, 250, self.media_time())?;
        warn_unless_clean(&server.name, &outcome, 250);
        if plateau.delivered < 0.98 {
            say!("  {}: only {:.3} of the audio came", server.name, plateau.delivered);
        }
        self.figures.add(&server.name, report::RTP, plateau.us_per_packet)?;
        self.figures.add(&server.name, report::LOST, plateau.lost_or_late as f64)
    }

    /// Prints the table and the gates, and writes the document if that was asked for.
    fn finish(&self) -> Result<bool> {
        let table = self.figures.table();
        say!("\n{table}");
        let (good, gates) = self.figures.gates();
        gates.iter().for_each(|line| say!("{line}"));
        say!("figures of each round: {}", self.dir.join("rounds.jsonl").display());
        if self.wish.write {
            let text = format!(
                "# Benchmarks\n\n`cargo xtask bench --write` measured this, {} on {}; how each row \
                 is made stands in [xtask/bench](../xtask/bench/README.md). CPU is user and \
                 system time of the server's process; compare only figures of one round. The \
                 fixed piece of work shows how quiet the machine was.\n\n{table}\n\
                 ## Gates\n\nLimits in CPU seconds were set on a faster machine: they hold in \
                 proportion to Kamailio of the same round, with its figure there beside \
                 it.\n\n- {}\n\n\
                 ## Settings\n\nEverything not named here is at its default: journal, spool, \
                 digest and call records are on.\n\n```toml\n{}```\n",
                rounds_text(self.wish.rounds),
                machine(),
                gates.join("\n- "),
                server::settings(MediaPath::Auto)
            );
            std::fs::write(crate::run::root().join("docs/benchmarks.md"), text)?;
        }
        Ok(good)
    }
}

fn rounds_text(rounds: u32) -> String {
    if rounds == 1 { "1 round".into() } else { format!("{rounds} interleaved rounds") }
}

fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|l| l.strip_prefix("model name")).unwrap_or_default();
    format!(
        "{cores} cores{}",
        model
            .trim_start_matches(['\t', ' ', ':'])
            .split('@')
            .next()
            .map_or(String::new(), |m| format!(" ({})", m.trim()),)
    )
}

fn warn_unless_clean(name: &str, outcome: &load::Outcome, wanted: u32) {
    if !outcome.is_clean(wanted) {
        let c = outcome.counts;
        let again = c.again + outcome.callee_again;
        say!("  {name}: {} of {wanted} good, {} failed, {again} sent again", c.good, c.failed);
    }
}

// The callers register nowhere: an INVITE is authenticated by itself.
const _: () = assert!(CALLERS.end == CALLEES.start);
