//! Plays a scenario: each line in turn, on a network without faults of its own.

use std::net::IpAddr;

use base::{Cause, LegId, Micros, Mono};
use bytes::Bytes;
use sip::leg::LegCommand;

use super::read::{Line, Message, Scenario, Step, Verb};
use super::setup::{self, Setup};
use crate::check;
use crate::company::{Company, DOMAIN};
use crate::counts::Trace;
use crate::network::Datagram;
use crate::people::{Act, Deed};
use crate::phone::{Stage, server};
use crate::run::rng_of;
use crate::script::{Rule, Script};
use crate::swarm::Swarm;
use crate::world::{Work, World};

/// How long a person waits for what the next act needs.
pub(super) const PATIENCE: Micros = Micros::seconds(5);

/// Steps in which the clock is moved while something is awaited.
const GRAIN: Micros = Micros::millis(5);

/// Between two digits that a person presses.
const PRESS_EVERY: Micros = Micros::millis(200);

/// How long a lamp is asked for, seconds.
const WATCH_S: u32 = 3_600;

/// The seed of scenarios.
const SEED: u64 = 7;

/// Seeds that are tried until all that happens in a scenario meets at one shard.
const SEEDS_MAX: u64 = 20_000;

/// Runs a scenario; the error names the line and shows the wire.
pub fn play(scenario: &Scenario) -> Result<(), String> {
    let mut player = Player::new(scenario, SEED, 1);
    player.begin();
    player.play(scenario)
}

/// Runs a scenario on several shards, at a seed at which its phones are registered at one of them
/// and its calls begin there: at another shard they would find nobody.
pub fn play_on(scenario: &Scenario, shards: u8) -> Result<(), String> {
    for seed in SEED..SEED + SEEDS_MAX {
        let mut player = Player::new(scenario, seed, shards);
        let Some(home) = player.home() else { continue };
        player.world.meets_at = Some(home);
        player.begin();
        let played = player.play(scenario);
        if !player.world.is_astray {
            return played;
        }
    }
    Err("there is no seed at which everything meets".into())
}

pub(super) struct Player {
    pub(super) world: World,
    /// When the last line without `at` was done.
    base: Mono,
    /// The latest time named by `at`.
    until: Mono,
    /// Something was planned by `at`.
    planned: bool,
    /// Messages that were expected and seen, for each phone.
    pub(super) read: Vec<usize>,
    drained: bool,
    /// Names of the phones.
    names: Vec<String>,
    /// Why what is set up could not be put in force.
    misfit: Option<String>,
}

impl Player {
    /// A world of which nothing has happened yet but the start of the node.
    fn new(scenario: &Scenario, seed: u64, shards: u8) -> Self {
        let first = 2_001;
        let named = &scenario.phones;
        let place = |p: &super::read::Named| (p.dn.saturating_sub(first) as usize, p.far);
        let phones: Vec<(usize, bool)> = named.iter().map(place).collect();
        let names: Vec<String> = named.iter().map(|p| p.name.clone()).collect();
        let mut company = Company::of(&phones, scenario.ring_time_s.unwrap_or(60));
        let set = setup::changes(&scenario.setups, &company, &names);
        company.is_office = !scenario.setups.is_empty();
        let misfit = set.and_then(|changes| {
            company.change(&changes).map(|_| ()).ok_or("what is set up does not fit".to_owned())
        });
        let misfit = misfit.err();
        let session_s = scenario.session_s.unwrap_or(1_800);
        let swarm = Swarm { relay: scenario.relay, session_s, ..Swarm::calm() };
        let mut world = World::new(rng_of(seed), swarm, company, None);
        world.shards = shards;
        world.trace = Trace::new(true, true);
        world.watch = check::checkers(None);
        for phone in &scenario.phones {
            world.add_phone(true, true, phone.transport);
        }
        world.boot_node();
        let (base, until) = (world.now.mono, world.now.mono);
        let read = vec![0; phones.len()];
        let (planned, drained) = (false, false);
        Player { world, base, until, planned, read, drained, names, misfit }
    }

    /// The shard at which all phones register, if it is one.
    fn home(&self) -> Option<usize> {
        let machine = self.world.machine.as_ref()?;
        let home = machine.home(0);
        (1..self.world.phones.len()).all(|n| machine.home(n) == home).then_some(home)
    }

    /// Phones are switched on and register.
    fn begin(&mut self) {
        for n in 0..self.world.phones.len() {
            self.world.boot_phone(n);
        }
        self.world.run(Micros::seconds(1));
        self.world.script = Some(Script::default());
        (self.base, self.until) = (self.world.now.mono, self.world.now.mono);
    }

    fn play(&mut self, scenario: &Scenario) -> Result<(), String> {
        if let Some(why) = self.misfit.take() {
            return Err(why);
        }
        for line in &scenario.lines {
            if self.world.is_astray {
                return Err("a call began at another shard".into());
            }
            if let Err(what) = self.line(line) {
                let trace = self.world.trace.lines().join("\n  ");
                return Err(format!("line {}: {what}\n  {trace}", line.number));
            }
            if self.world.is_astray {
                break;
            }
        }
        Ok(())
    }

    fn line(&mut self, line: &Line) -> Result<(), String> {
        match line.at {
            Some(after) => {
                let at = self.base + after;
                self.until = self.until.max(at);
                self.planned = true;
                self.schedule(at, &line.step)
            }
            None => {
                let left = (self.until + Micros(1_000)).since(self.world.now.mono);
                if std::mem::take(&mut self.planned) {
                    self.world.run(left);
                }
                let done = self.step(&line.step);
                self.base = self.world.now.mono;
                self.until = self.base;
                done
            }
        }
    }

    /// A line with a time: only what a person does.
    fn schedule(&mut self, at: Mono, step: &Step) -> Result<(), String> {
        let Step::Do(n, verb) = step else {
            return Err("only what people do can have a time".into());
        };
        let after = at.since(self.world.now.mono);
        let deed = self.deed(*n, verb).ok_or("the phone has no such call now")?;
        self.world.act_later(after, Act::Do(*n, deed));
        Ok(())
    }

    fn step(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step::Link(n, delay) => {
                let address = self.address(*n);
                self.script().links.insert(address, *delay);
                Ok(())
            }
            Step::Do(n, verb) => self.act(*n, verb),
            Step::Now(setup) => self.now(setup),
            Step::Clear => {
                let machine = self.world.machine.as_ref();
                let calls: Vec<_> = machine.map(|m| m.calls().collect()).unwrap_or_default();
                calls.into_iter().for_each(|call| self.world.clear(call));
                Ok(())
            }
            Step::Stop => {
                self.world.stop_calls();
                Ok(())
            }
            Step::Silent(n) => self.silent(*n),
            Step::Watch(n, package, number) => {
                let now = self.world.now;
                let panel = &mut self.world.phones[*n].panel;
                panel.watch(now.mono, *package, number, WATCH_S);
                let news = self.world.phones[*n].tick(now);
                self.world.news(*n, news);
                Ok(())
            }
            Step::Restart => {
                self.world.crash_node();
                self.world.boot_node();
                Ok(())
            }
            Step::Media(works) => {
                self.world.swarm.media_failure = if *works { 0 } else { 1_000 };
                Ok(())
            }
            Step::Jump(by, forward) => {
                let by = by.0 as i64 / 1_000;
                self.world.jump(if *forward { by } else { -by });
                Ok(())
            }
            Step::Rule { once, message, phone, from, change } => {
                let (phone, message) = (self.address(*phone), message.clone());
                let rule =
                    Rule { once: *once, message, phone, from: *from, change: change.clone() };
                self.script().rules.push(rule);
                Ok(())
            }
            Step::Repeat(message, n) => self.repeat(message, *n),
            Step::Wait(time) => {
                self.world.run(*time);
                Ok(())
            }
            Step::Drained => self.drained(),
            expected => self.expect(expected),
        }
    }

    /// An administrator changes something.
    fn now(&mut self, setup: &Setup) -> Result<(), String> {
        let setups = std::slice::from_ref(setup);
        let changes = setup::changes(setups, &self.world.company, &self.names)?;
        self.world.configure(changes);
        Ok(())
    }

    /// The media plane tells that nothing comes from a phone any more.
    fn silent(&mut self, n: usize) -> Result<(), String> {
        let phone = &self.world.phones[n];
        let far = phone.legs.values().filter_map(|l| self.world.media.at(l.far?.rtp));
        let legs: Vec<LegId> = far.map(|open| open.want.leg).collect();
        if legs.is_empty() {
            return Err("the phone's audio does not go to the media plane".into());
        }
        for leg in legs {
            let event = mediactl::Event::Silent { leg };
            self.world.later(Micros::millis(5), Work::Media(self.world.life, event));
        }
        Ok(())
    }

    pub(super) fn address(&self, n: usize) -> IpAddr {
        self.world.phones[n].card.address.ip()
    }

    fn script(&mut self) -> &mut Script {
        self.world.script.get_or_insert_default()
    }

    /// Runs until something is there.
    pub(super) fn until<T>(
        &mut self,
        within: Micros,
        test: impl Fn(&World) -> Option<T>,
    ) -> Option<T> {
        let end = self.world.now.mono + within;
        loop {
            if let Some(found) = test(&self.world) {
                return Some(found);
            }
            if self.world.now.mono >= end {
                return None;
            }
            self.world.run(GRAIN);
        }
    }

    /// A person does something as soon as it is possible.
    fn act(&mut self, n: usize, verb: &Verb) -> Result<(), String> {
        match verb {
            Verb::Dial { to, late, reliable } => {
                let now = self.world.now;
                let (_, news) = self.world.phones[n].dial(now, to, *late, *reliable);
                self.world.news(n, news);
                Ok(())
            }
            Verb::Reboot => {
                self.world.reboot(n);
                Ok(())
            }
            Verb::Rebind => {
                self.world.rebind(n);
                Ok(())
            }
            Verb::Cut => {
                self.world.cut(n);
                Ok(())
            }
            Verb::CallAs(who) => {
                self.world.phones[n].endpoint.call_as(who);
                Ok(())
            }
            Verb::Leave => {
                let command = sip::ua::Command::Unregister;
                let news = self.world.phones[n].command(self.world.now, command);
                self.world.news(n, news);
                Ok(())
            }
            Verb::Press(digits) => {
                let end = self.world.now.mono + PATIENCE;
                while self.world.phones[n].up().is_empty() && self.world.now.mono < end {
                    self.world.run(GRAIN);
                }
                let up = self.world.phones[n].up().last().copied();
                let leg = up.ok_or("the phone has no such call")?;
                for (at, digit) in digits.bytes().enumerate() {
                    if at > 0 {
                        self.world.run(PRESS_EVERY);
                    }
                    self.world.deed(n, Deed::Digit(leg, digit));
                }
                Ok(())
            }
            Verb::Tone(digit, time) => self.hold_down(n, *digit, *time),
            Verb::Send(method, to) => {
                self.send(n, method, to);
                Ok(())
            }
            Verb::Offer => self.offer(n),
            other => {
                let end = self.world.now.mono + PATIENCE;
                let deed = loop {
                    match self.deed(n, other) {
                        Some(deed) => break deed,
                        None if self.world.now.mono < end => self.world.run(GRAIN),
                        None => return Err("the phone has no such call".into()),
                    }
                };
                self.world.deed(n, deed);
                Ok(())
            }
        }
    }

    /// A key is held down for a time, which the media plane hears.
    fn hold_down(&mut self, n: usize, digit: u8, time: Micros) -> Result<(), String> {
        let up = self.world.phones[n].up().last().copied();
        let leg = up.ok_or("the phone has no such call")?;
        self.world.tone(n, leg, digit, time);
        self.world.run(time);
        Ok(())
    }

    /// The deed of a verb with the call that it means.
    fn deed(&self, n: usize, verb: &Verb) -> Option<Deed> {
        let phone = &self.world.phones[n];
        let find = |stage: Stage, here: bool| -> Option<LegId> {
            let fits = |l: &crate::phone::PhoneLeg| l.stage == stage && !(here && l.outgoing);
            phone.legs.iter().rev().find(|(_, l)| fits(l)).map(|(id, _)| *id)
        };
        let rings = || find(Stage::Ringing, true);
        let up = || find(Stage::Up, false);
        Some(match verb {
            Verb::Dial { to, .. } => Deed::Dial(to.clone(), None),
            Verb::Ring { early } => Deed::Ring(rings()?, *early),
            Verb::Answer => Deed::Answer(rings()?),
            Verb::Reject => Deed::Reject(rings()?, Cause::UserRejected),
            Verb::Busy => Deed::Reject(rings()?, Cause::UserBusy),
            Verb::Fail => Deed::Reject(rings()?, Cause::UpstreamFailure),
            Verb::Refuse(cause) => Deed::Reject(rings()?, *cause),
            Verb::HangUp { first } => {
                let mut live = phone.legs.iter().filter(|(_, l)| l.stage != Stage::Ending);
                let any = if *first { live.next() } else { live.next_back() };
                Deed::Hang(any.map(|(id, _)| *id)?)
            }
            Verb::Hold(hold) => Deed::Hold(up()?, *hold),
            Verb::Press(digits) => Deed::Digit(up()?, *digits.as_bytes().first()?),
            Verb::Transfer(to) => Deed::Blind(up()?, to.clone()),
            Verb::Connect => {
                let calls: Vec<LegId> = phone.legs.keys().copied().collect();
                let [first, second] = calls.as_slice() else { return None };
                Deed::Join(*first, *second)
            }
            Verb::Offer
            | Verb::Tone(..)
            | Verb::CallAs(_)
            | Verb::Leave
            | Verb::Reboot
            | Verb::Rebind
            | Verb::Cut
            | Verb::Send(..) => return None,
        })
    }

    /// An offer before or after the answer.
    fn offer(&mut self, n: usize) -> Result<(), String> {
        let phone = &mut self.world.phones[n];
        let leg = phone.legs.keys().next_back().copied().ok_or("the phone has no call")?;
        let sdp = phone.description(leg);
        let news = phone.leg(self.world.now, leg, LegCommand::Offer { sdp, identity: None });
        self.world.news(n, news);
        Ok(())
    }

    /// A request outside of any dialog.
    fn send(&mut self, n: usize, method: &str, to: &str) {
        let from = self.world.phones[n].card.address;
        let tag = self.world.now.mono.0;
        let refer = match method {
            "REFER" => format!("Refer-To: <sip:2003@{DOMAIN}>\r\n"),
            _ => String::new(),
        };
        let text = format!(
            "{method} sip:{to}@{DOMAIN} SIP/2.0\r\n\
             Via: SIP/2.0/UDP {from};branch=z9hG4bK{tag};rport\r\nMax-Forwards: 70\r\n\
             From: <sip:phone{n}@{DOMAIN}>;tag={tag}\r\nTo: <sip:{to}@{DOMAIN}>\r\n\
             Call-ID: {tag}@{from}\r\nCSeq: 1 {method}\r\nContact: <sip:{from}>\r\n{refer}\
             Content-Length: 0\r\n\r\n"
        );
        let datagram = Datagram { from, to: server(), flow: None, bytes: Bytes::from(text) };
        self.world.later(Micros::millis(5), Work::Deliver(datagram));
    }

    fn repeat(&mut self, message: &Message, n: usize) -> Result<(), String> {
        let address = self.address(n);
        let last = self.script().last(message, address).ok_or("the phone sent no such message")?;
        self.world.later(Micros::millis(5), Work::Deliver(last));
        Ok(())
    }

    fn drained(&mut self) -> Result<(), String> {
        if std::mem::replace(&mut self.drained, true) {
            return Err("this is asked once, at the end".into());
        }
        let world = &mut self.world;
        world.script = None;
        for n in 0..world.phones.len() {
            world.phones[n].panel.close(world.now.mono);
        }
        world.run(Micros::seconds(40));
        for n in 0..world.phones.len() {
            let news = world.phones[n].command(world.now, sip::ua::Command::Unregister);
            world.news(n, news);
        }
        world.run(Micros::seconds(70));
        let mut watch = std::mem::take(&mut world.watch);
        let mut found: Vec<String> = world.found.iter().map(|v| v.what.clone()).collect();
        for checker in &mut watch {
            found.extend(checker.ended(world));
        }
        if let Some(machine) = world.machine.take() {
            found.extend(machine.replay().err());
        }
        found.is_empty().then_some(()).ok_or_else(|| found.join("\n"))
    }
}
