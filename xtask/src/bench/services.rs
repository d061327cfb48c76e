//! Hunts over busy members, departments that ring, and lamps: what call services cost.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::json;

use super::load::{CALLEES, CALLERS, Load, Outcome, Plan, pause, scenario, words};
use super::pcap::{Capture, reply_times};
use super::proc::{self, Cpu};
use super::server::{MediaPath, Server};
use super::sipp::Sipp;
use super::{Bench, report, warn_unless_clean};

/// Members of each group (R090, R207).
const MEMBERS: u32 = 64;
/// Pilots: numbers that nobody has.
const PILOTS: u32 = 70_000;
/// The common number of the department.
const DEPARTMENT: u32 = 69_000;
/// Watchers of one number.
const WATCHERS: u32 = 1_000;

impl Bench {
    /// Each on a server of its own.
    pub(super) fn services(&mut self, dir: &Path) -> Result<()> {
        if self.wish.has("hunt") {
            self.hunt(&dir.join("hunt"))?;
        }
        if self.wish.has("department") {
            self.department(&dir.join("department"))?;
        }
        if self.wish.has("watch") {
            self.watch(&dir.join("watch"))?;
        }
        Ok(())
    }

    /// Groups whose members talk, the last one excepted: calls to their pilots beside calls to
    /// those last ones.
    fn hunt(&mut self, dir: &Path) -> Result<()> {
        let Some(template) = &self.template else { return Ok(()) };
        let groups = if self.wish.quick { 20 } else { CALLEES.len() as u32 / MEMBERS };
        let server = template.start(&dir.join("server"), MediaPath::Auto)?;
        let api = server.api.as_ref().context("no API")?;
        let member = |group: u32, n: u32| CALLEES.start + group * MEMBERS + n;
        for group in 0..groups {
            let members: Vec<String> = (0..MEMBERS).map(|n| member(group, n).to_string()).collect();
            let pilot = (PILOTS + group).to_string();
            let number = group + 1;
            let object = json!({
                "number": number, "pilot": pilot, "method": "priority", "members": members,
            });
            api.make("hunting-groups", &object)?;
        }
        let mut load = Load::new(dir)?;
        let members = CALLEES.start..CALLEES.start + groups * MEMBERS;
        load.register(&server, members.clone(), 400)?;
        let run = load.run_dir("busy")?;
        let mut callee = load.answering(&run, 6_000)?;
        let busy = members.filter(|m| (m - CALLEES.start) % MEMBERS != MEMBERS - 1);
        let calls = groups * (MEMBERS - 1);
        let held = Plan { rate: 200, calls, hold: Duration::from_secs(600), callees: calls };
        let xml = scenario("caller");
        let mut caller = load.calling(&server, (&run, &xml), CALLERS.zip(busy), held)?;
        std::thread::sleep(Duration::from_secs(u64::from(calls / held.rate) + 4));
        let up = caller.counts().current;
        ensure!(up == u64::from(calls), "{up} of {calls} members are busy");

        let calls = self.wish.calls().min(2_000);
        // So that a group's only free member is free again when its turn comes.
        let rate = groups.min(60);
        let plan = Plan { rate, calls, hold: Duration::from_millis(200), callees: groups };
        let mut beside = load.beside(&dir.join("beside"))?;
        let mut cost = |name: &str, called: &dyn Fn(u32) -> u32| -> Result<f64> {
            let pairs = CALLERS.zip((0..groups).cycle().map(called));
            let outcome = beside.cost(&server, pairs, plan)?;
            ensure!(outcome.counts.good > 0, "none of the {name} was answered");
            warn_unless_clean(name, &outcome, calls);
            Ok(outcome.per_1000())
        };
        let plain = cost("plain calls", &|group| member(group, MEMBERS - 1))?;
        let hunt = cost("hunts", &|group| PILOTS + group)?;
        caller.kill();
        callee.kill();
        self.figures.add(&server.name, report::PLAIN, plain)?;
        self.figures.add(&server.name, report::HUNT, hunt / plain)
    }

    /// All ring and one of them answers.
    fn department(&mut self, dir: &Path) -> Result<()> {
        let Some(template) = &self.template else { return Ok(()) };
        let server = template.start(&dir.join("server"), MediaPath::Auto)?;
        let api = server.api.as_ref().context("no API")?;
        let members = CALLEES.start..CALLEES.start + MEMBERS;
        let names: Vec<String> = members.clone().map(|m| m.to_string()).collect();
        let object = json!({
            "name": "Bench", "extension": DEPARTMENT.to_string(), "members": names,
        });
        api.make("departments", &object)?;
        let mut load = Load::new(dir)?;
        let mut others = Load::new(&dir.join("others"))?;
        load.register(&server, members.start..members.start + 1, 400)?;
        others.register(&server, members.start + 1..members.end, 400)?;
        let run = load.run_dir("ringing")?;
        let mut callee = load.answering(&run, 6_000)?;
        let mut ringing = others.called("ringer", &run, &scenario("ringer"))?;
        let calls = if self.wish.quick { 60 } else { 200 };
        let hold = Duration::from_millis(50);
        let plan = Plan { rate: 5, calls, hold, callees: 1 };
        let outcome = load.cost(&server, CALLERS.zip(std::iter::repeat(DEPARTMENT)), plan)?;
        warn_unless_clean("department", &outcome, calls);
        pause(1);
        let rang = ringing.counts();
        let legs = u64::from(calls * (MEMBERS - 1));
        ensure!(rang.good == legs, "{} of {legs} legs rang and were told of the end", rang.good);
        callee.stop();
        ringing.stop();
        let per_leg = outcome.cpu.ticks * 1e3 / f64::from(calls * MEMBERS);
        self.figures.add(&server.name, report::RINGING, per_leg)
    }

    /// A number that changes six times a second, without and with those who watch it.
    fn watch(&mut self, dir: &Path) -> Result<()> {
        let Some(template) = &self.template else { return Ok(()) };
        let server = template.start(&dir.join("server"), MediaPath::Auto)?;
        let name = server.name.clone();
        let mut load = Load::new(dir)?;
        load.register(&server, CALLEES.start..CALLEES.start + 1_000, 400)?;
        let time = if self.wish.quick { 10 } else { 20 };
        let without = load.busy_number(&server, time)?;
        let run = load.run_dir("watchers")?;
        let watcher = load.beside(&run)?;
        let pairs = CALLERS.skip(1_000).zip(std::iter::repeat(CALLEES.start));
        let plan = Plan { rate: 200, calls: WATCHERS, hold: Duration::ZERO, callees: 1 };
        let xml = scenario("watcher");
        let mut watching = watcher.calling(&server, (&run, &xml), pairs, plan)?;
        std::thread::sleep(Duration::from_secs(u64::from(WATCHERS / plan.rate) + 2));
        let up = watching.counts().current;
        ensure!(up == u64::from(WATCHERS), "{up} of {WATCHERS} watch");
        let with = load.busy_number(&server, time)?;
        let all_up = watching.counts().current;
        ensure!(all_up == u64::from(WATCHERS), "{all_up} of {WATCHERS} watched to the end");
        watching.kill();
        let notifies = with.sent - without.sent;
        let cpu = (with.cpu - without.cpu).ticks;
        ensure!(notifies > f64::from(WATCHERS), "{notifies} NOTIFY in all");
        self.figures.add(&name, report::NOTIFIES, notifies / f64::from(time))?;
        self.figures.add(&name, report::NOTIFY, cpu * 1e6 / notifies)?;
        self.figures.add(&name, report::INVITE_P95, with.invite / without.invite)?;
        self.figures.add(&name, report::REGISTER_P95, with.register / without.register)
    }
}

/// What was seen while one number was busy.
struct Seen {
    cpu: Cpu,
    /// SIP messages that the exchange sent.
    sent: f64,
    /// p95 of the answers to INVITE in milliseconds.
    invite: f64,
    /// The same of REGISTER.
    register: f64,
}

impl Load {
    /// Calls to telephones that answer already.
    fn cost(
        &mut self,
        server: &Server,
        pairs: impl Iterator<Item = (u32, u32)>,
        plan: Plan,
    ) -> Result<Outcome> {
        let dir = self.run_dir("calls")?;
        let before = proc::cpu(&server.pids());
        let mut caller = self.calling(server, (&dir, &scenario("caller")), pairs, plan)?;
        caller.wait(plan.length());
        caller.stop();
        pause(1);
        let cpu = proc::cpu(&server.pids()) - before;
        Ok(Outcome { counts: caller.counts(), callee_again: 0, cpu })
    }

    /// Two calls a second to one number, beside calls and registrations of others whose answers
    /// are timed.
    fn busy_number(&mut self, server: &Server, seconds: u32) -> Result<Seen> {
        let api = server.api.as_ref().context("no API")?;
        let run = self.run_dir("busy-number")?;
        let mut callee = self.answering(&run, 6_000)?;
        let probe = self.beside(&run.join("probe"))?;
        let registrar = self.beside(&run.join("registers"))?;
        let (calls_pcap, registers_pcap) = (run.join("calls.pcap"), run.join("registers.pcap"));
        let ip = probe.caller.ip().to_string();
        let captures = [
            Capture::start(&calls_pcap, &ip, probe.caller.port())?,
            Capture::start(&registers_pcap, &ip, registrar.caller.port())?,
        ];
        let (cpu, sent) = (proc::cpu(&server.pids()), api.counter(SENT)?);
        let one = CALLERS.zip(std::iter::repeat(CALLEES.start));
        let hold = Duration::from_millis(150);
        let changes = Plan { rate: 2, calls: 2 * seconds, hold, callees: 1 };
        let xml = scenario("caller");
        let mut busy = self.calling(server, (&run, &xml), one, changes)?;
        let others = CALLERS.skip(100).zip(CALLEES.skip(1).take(900).cycle());
        let plan = Plan { rate: 30, calls: 30 * seconds, hold, callees: 900 };
        let dir = run.join("probe");
        let mut calls = probe.calling(server, (&dir, &xml), others, plan)?;
        let mut registers = registrar.refreshing(server, &run, 50, 50 * seconds)?;
        for sipp in [&mut busy, &mut calls, &mut registers] {
            sipp.wait(plan.length());
        }
        pause(1);
        let (cpu, sent) = (proc::cpu(&server.pids()) - cpu, api.counter(SENT)? - sent);
        drop(captures);
        for (sipp, wanted) in
            [(&busy, changes.calls), (&calls, plan.calls), (&registers, 50 * seconds)]
        {
            let counts = sipp.counts();
            ensure!(counts.good == u64::from(wanted), "{counts:?} of {wanted}");
        }
        callee.stop();
        let p95 = |file: &Path, method: &str| -> Result<f64> {
            let times = reply_times(file, method)?;
            times.get(times.len() * 95 / 100).copied().context("nothing was captured")
        };
        let invite = p95(&calls_pcap, "INVITE")?;
        let register = p95(&registers_pcap, "REGISTER")?;
        Ok(Seen { cpu, sent, invite, register })
    }

    /// Telephones that refresh their registrations.
    fn refreshing(&self, server: &Server, dir: &Path, rate: u32, total: u32) -> Result<Sipp> {
        let dir = dir.join("registers");
        // Nobody calls these: who registers from elsewhere is called there.
        let users = CALLERS.skip(4_000).cycle().zip(std::iter::repeat(0));
        let file = self.users(&dir, users.take(total as usize))?;
        let (ip, port) = (self.caller.ip(), self.caller.port());
        let xml = scenario("register");
        let args = words(&format!(
            "{} -sf {xml} -inf {file} -i {ip} -p {port} -r {rate} -m {total} -recv_timeout 8000",
            server.at
        ));
        Sipp::start(&dir, "register", &args)
    }
}

/// The counter of sent messages.
const SENT: &str = "naisen_sip_messages_sent_total";
