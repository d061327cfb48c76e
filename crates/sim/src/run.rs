//! One run: faults, then health, then silence; and what must hold in each.

use base::{Micros, Rng};

use sip::stack::Transport;

use crate::check::{self, Name, Violation};
use crate::company::Company;
use crate::counts::{Counts, Trace};
use crate::machine::Prepare;
use crate::people::{Act, Deed};
use crate::phone::{News, Stage};
use crate::swarm::{Swarm, TIMELESS_S};
use crate::world::World;

/// How a run is made.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Only this checker looks; all when absent.
    pub checker: Option<Name>,
    /// Keeps the last lines of the wire.
    pub trace: bool,
    /// Keeps all lines.
    pub trace_all: bool,
    /// What is done to each node before its first input.
    pub prepare: Option<Prepare>,
    /// Shards of the node; 0 counts as 1.
    pub shards: u8,
    /// Things left out, for the search of a shorter run.
    pub less: Less,
}

/// What a run leaves out of what its seed draws.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Less {
    /// Network without loss, copies and reordering.
    pub network: bool,
    /// No phone reboots.
    pub reboots: bool,
    /// No restarts of the node.
    pub restarts: bool,
    /// No media failures.
    pub media: bool,
    /// No changes of configuration.
    pub config: bool,
    /// No broken packets.
    pub noise: bool,
    /// No other ports by NAT, no cut connections.
    pub cuts: bool,
    /// No jumps of the wall clock.
    pub jumps: bool,
    /// No groups, forwards, pickup and codes.
    pub services: bool,
    /// No lines, emergency calls and toll classes, and fewer codes in calls: as seeds ran before
    /// there were any.
    pub lines: bool,
    /// No own sounds, pages by multicast and ends of log-ins: as seeds ran before there were any.
    pub sounds: bool,
    /// Phones, counted from the last, that do nothing by themselves.
    pub silent: usize,
    /// Seconds taken from the first phase.
    pub seconds: u64,
}

impl Less {
    fn of(self, swarm: Swarm) -> Swarm {
        let mut s = swarm;
        if self.network {
            (s.loss, s.duplicate, s.reorder) = (0, 0, 0);
        }
        let off = |off: bool, value: Micros| if off { Micros(0) } else { value };
        s.reboot_every = off(self.reboots, s.reboot_every);
        s.restart_every = off(self.restarts, s.restart_every);
        s.config_every = off(self.config, s.config_every);
        s.noise_every = off(self.noise, s.noise_every);
        s.cut_every = off(self.cuts, s.cut_every);
        s.jump_every = off(self.jumps, s.jump_every);
        if self.media {
            s.media_failure = 0;
        }
        s
    }
}

/// What a run found and did.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// Findings; the first one matters.
    pub found: Vec<Violation>,
    /// What happened.
    pub counts: Counts,
    /// Hash of all outputs of the node.
    pub hash: u64,
    /// The last lines, when asked for.
    pub trace: Vec<String>,
}

/// Count of calls that had to succeed, and began where the called phone is not registered.
pub const ELSEWHERE: &str = "probe calls to a phone of another shard";

/// Longest first phase, seconds.
const FAULTS_S: u64 = 100;

/// How long people go on after the faults stop.
const HEALTHY_S: u64 = 30;

/// 64·T1 and something: after it each transaction of before is over.
const TRANSACTIONS_S: u64 = 36;

/// Longest wait of a phone between two attempts to register, with its jitter, and the attempt.
const RETRY_S: u64 = 150 + 33;

/// The longest way through forwards and groups, and a little more.
const GROUP_S: u64 = 660;

/// How long a phone is not heard that logged in too often in vain, as one whose device was
/// deleted for a while.
const BLOCKED_S: u64 = 900;

/// Runs a seed.
pub fn run(seed: u64, options: Options) -> Report {
    let rng = rng_of(seed);
    let (mut draw, mut mishaps) = (rng.derive("draw"), rng.derive("later draw"));
    let swarm = options.less.of(Swarm::draw(&mut draw, &mut mishaps));
    let mut company = Company::draw(&mut draw);
    let mut services = rng.derive("services");
    if services.chance(1, 2) && !options.less.services {
        company.open_office(&mut services);
        company.furnish(&mut rng.derive("desk draw"));
        company.connect_outside(&mut rng.derive("outside draw"));
        if !options.less.lines {
            company.connect_lines(&mut rng.derive("lines draw"));
            if !options.less.sounds {
                company.attune(&mut rng.derive("sounds draw"));
                company.follow_members(&mut rng.derive("stand-ins draw"));
            }
        }
    }
    let phones = company.devices.len();
    let mut world = World::new(rng, swarm, company, options.prepare);
    world.is_busy = !options.less.lines;
    world.shards = options.shards.max(1);
    world.trace = Trace::new(options.trace, options.trace_all);
    world.watch = check::checkers(options.checker);
    for _ in 0..phones {
        let (patient, instance) = (draw.chance(1, 2), draw.chance(2, 3));
        let connected = mishaps.chance(swarm.connected, 10);
        let transport = match connected {
            true => Transport::Tcp,
            false => Transport::Udp,
        };
        world.add_phone(patient, instance, transport);
    }
    Stages { world, quit: options.trace && !options.trace_all }.play(options.less)
}

/// The generator of a seed.
pub fn rng_of(seed: u64) -> Rng {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    Rng::from_seed(bytes)
}

/// The phases of a run.
struct Stages {
    world: World,
    /// Stop at the first finding, so that the last lines show it.
    quit: bool,
}

impl Stages {
    fn play(mut self, less: Less) -> Report {
        let phases: [fn(&mut Stages, Less); 6] = [
            Stages::faults,
            Stages::health,
            Stages::silence,
            Stages::partings,
            Stages::probe,
            Stages::empty,
        ];
        for phase in phases {
            if !self.is_settled() {
                phase(&mut self, less);
            }
        }
        let mut world = self.world;
        if let Some(machine) = world.machine.take() {
            world.end_life(&machine);
        }
        world.counts.more("media failures", world.media.failed);
        Report {
            seed: 0,
            found: world.found,
            counts: world.counts,
            hash: world.hash,
            trace: world.trace.lines(),
        }
    }

    /// One finding is enough.
    fn is_settled(&self) -> bool {
        self.quit && !self.world.found.is_empty()
    }

    /// Runs in steps, so that a finding can stop it.
    fn pass(&mut self, span: Micros) {
        let step = Micros::seconds(5);
        let mut left = span;
        while left.0 > 0 && !self.is_settled() {
            let now = Micros(left.0.min(step.0));
            self.world.run(now);
            left = Micros(left.0 - now.0);
        }
    }

    fn faults(&mut self, less: Less) {
        let world = &mut self.world;
        world.boot_node();
        for n in 0..world.phones.len() {
            world.boot_phone(n);
        }
        self.pass(Micros::seconds(3));
        self.world.begin_life();
        self.world.mute(less.silent);
        self.pass(Micros::seconds(FAULTS_S.saturating_sub(less.seconds)));
    }

    /// The network is sound, everybody's rights are back, people go on.
    fn health(&mut self, _less: Less) {
        let world = &mut self.world;
        world.swarm = world.swarm.healed();
        if world.crash_after.is_some() {
            world.crash_node();
        }
        if world.machine.is_none() {
            world.boot_node();
        }
        world.act_later(Micros::seconds(2), Act::LookForOrphans);
        world.changing = false;
        world.act(Act::Configure(true));
        self.pass(Micros::seconds(HEALTHY_S));
    }

    /// People stop; whatever is under way comes to its end. What belongs to calls whose far end
    /// was lost is found by the session timer.
    fn silence(&mut self, _less: Less) {
        self.world.lively = false;
        // A phone rings on when its port changed before the end of the ringing.
        for seconds in [5, 100] {
            self.world.act_later(Micros::seconds(seconds), Act::LookForOrphans);
        }
        let session = match self.world.swarm.session_s {
            TIMELESS_S => 0,
            session_s => u64::from(session_s),
        };
        let expires = u64::from(self.world.swarm.expires_s);
        let blocked = if self.world.company.locked_out { BLOCKED_S } else { 0 };
        let wait = session.max(blocked + RETRY_S + expires) + 2 * TRANSACTIONS_S;
        // No ring outlasts this; it may begin late, by a transfer, and go on through a group.
        let ringing = if self.world.company.is_office { GROUP_S } else { 70 };
        self.pass(Micros::seconds(wait + ringing));
        self.settle();
    }

    /// Asks the checkers until they agree; something may be under way for a moment.
    fn settle(&mut self) {
        for n in 0..self.world.watch.len() {
            let mut verdict = Ok(());
            for _ in 0..6 {
                // Those that are not asked look on, and so does this one while time passes.
                let mut watch = std::mem::take(&mut self.world.watch);
                verdict = watch[n].settled(&self.world);
                self.world.watch = watch;
                if verdict.is_ok() {
                    break;
                }
                self.world.run(Micros::millis(1_300));
            }
            if let Err(what) = verdict {
                let (checker, at) = (self.world.watch[n].name(), self.world.now.mono);
                self.world.found.push(Violation { checker, at, what });
            }
        }
    }

    /// Calls between phones that are free, which must succeed.
    fn probe(&mut self, _less: Less) {
        if self.world.company.is_office {
            let plain = self.world.company.plain();
            self.world.configure(plain);
        }
        let phones = self.world.phones.len();
        for n in 0..phones {
            let free = |w: &World, n: usize| w.phones[n].legs.is_empty();
            let m = (n + 1) % phones;
            let (a, b) = (&self.world.phones[n].card, &self.world.phones[m].card);
            // Whom lines and permissions let call, and where lines lead, is the business of others.
            let by_line = self.world.company.has_lines
                && [n, m].iter().any(|n| self.world.company.gateway_of(*n).is_some());
            if a.number == b.number || by_line || !free(&self.world, n) || !free(&self.world, m) {
                continue;
            }
            let number = b.number.clone();
            if self.world.is_crowded(&number) || self.world.is_crowded(&a.number.clone()) {
                continue;
            }
            self.probe_call(n, m, &number);
        }
        if !self.world.probe_failures.is_empty() {
            self.settle();
        }
    }

    fn probe_call(&mut self, n: usize, m: usize, number: &str) {
        let world = &mut self.world;
        let (leg, news) = world.phones[n].dial(world.now, number, false, false);
        if world.goes_elsewhere(m, &news) {
            world.counts.add(ELSEWHERE);
            world.news(n, news);
            world.deed(n, Deed::Hang(leg));
            return world.run(Micros::millis(400));
        }
        world.news(n, news);
        world.run(Micros::millis(400));
        let there = world.phones[m].legs.keys().next().copied();
        if let Some(there) = there {
            world.deed(m, Deed::Ring(there, false));
            world.run(Micros::millis(300));
            world.deed(m, Deed::Answer(there));
        }
        world.run(Micros::millis(400));
        let up = world.phones[n].legs.get(&leg).is_some_and(|l| l.stage == Stage::Up);
        world.counts.add("probe calls");
        if !up || there.is_none() {
            let end = world.phones[n].last_end;
            let rang = there.is_some();
            let what = format!("phone {n} cannot call phone {m}: rang {rang}, ended {end:?}");
            world.probe_failures.push(what);
        }
        world.deed(n, Deed::Hang(leg));
        world.run(Micros::millis(300));
    }

    /// Who hangs up by himself does so; then callers; the rest an administrator ends.
    fn partings(&mut self, _less: Less) {
        for round in 0..2 {
            for n in 0..self.world.phones.len() {
                let phone = &self.world.phones[n];
                if phone.card.patient && round == 0 {
                    continue;
                }
                let ours = phone.legs.iter().filter(|(_, l)| !phone.card.patient || l.outgoing);
                let legs: Vec<_> = ours.map(|(id, _)| *id).collect();
                for leg in legs {
                    self.world.deed(n, Deed::Hang(leg));
                }
            }
            self.pass(Micros::seconds(40));
        }
        self.settle();
        let Some(machine) = &self.world.machine else { return };
        let calls: Vec<_> = machine.calls().collect();
        for call in calls {
            self.world.counts.add("calls of patient people only");
            self.world.clear(call);
        }
        self.pass(Micros::seconds(40));
    }

    /// Phones are switched off, after which nothing may be left.
    fn empty(&mut self, _less: Less) {
        for n in 0..self.world.phones.len() {
            let now = self.world.now;
            let news = self.world.phones[n].command(now, sip::ua::Command::Unregister);
            self.world.news(n, news);
            self.world.phones[n].panel.close(now.mono);
        }
        self.pass(Micros::seconds(2 * TRANSACTIONS_S));
        let mut watch = std::mem::take(&mut self.world.watch);
        for checker in &mut watch {
            let (name, at) = (checker.name(), self.world.now.mono);
            let found = checker.ended(&self.world);
            self.world.found.extend(found.into_iter().map(|what| Violation {
                checker: name,
                at,
                what,
            }));
        }
        self.world.watch = watch;
    }
}

impl World {
    /// The last phones' people do nothing by themselves.
    fn mute(&mut self, phones: usize) {
        self.silent = phones;
    }

    /// Whether the INVITE goes to another shard than that where the phone is registered: then it
    /// cannot ring.
    fn goes_elsewhere(&self, phone: usize, news: &[News]) -> bool {
        let Some(machine) = &self.machine else { return false };
        let home = machine.home(phone);
        news.iter().any(|n| matches!(n, News::Send(_, bytes) if machine.shard_of(bytes) != home))
    }

    /// Whether one more call of a number might be above its limit.
    fn is_crowded(&self, number: &str) -> bool {
        let own = self.phones.iter().filter(|p| p.card.number == number);
        own.map(|p| p.legs.len()).sum::<usize>() + 1 >= base::limits::CALLS_PER_DN
    }
}
