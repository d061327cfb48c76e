//! Everything on one virtual clock: the node, its store and media plane, the phones and the
//! network between them.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use base::id::DeviceId;
use base::{CallId, Dn, FlowId, Micros, Mono, Now, Rng, Wall};
use bytes::Bytes;
use callctl::Moment;
use model::own_setting::{self, OwnSetting};
use model::terminal_login::TypedLogin;
use node::{Input, Output, Settings};
use sip::msg::Msg;
use sip::stack::{Config, Transport};
use sip::steer::Shards;

use crate::check::{Arrived, Checker, Done, Known, Scene, Violation};
use crate::company::{Company, tenant_id};
use crate::counts::{Counts, Trace};
use crate::desk::PIN;
use crate::holders::Holders;
use crate::links::Links;
use crate::machine::{Machine, PLACE, Prepare};
use crate::media::SimMedia;
use crate::network::{self, Datagram};
use crate::people::Act;
use crate::phone::{Card, News, Phone, server};
use crate::store::SimStore;
use crate::swarm::Swarm;

/// The node's UDP socket.
const UDP: FlowId = FlowId(1);

/// Wall time at the start of every run.
const WALL: i64 = 1_780_000_000_000;

/// Steps of one run; more means that something spins.
const STEPS_MAX: u64 = 2_000_000;

/// Something that will happen.
#[derive(Debug, Clone)]
pub(crate) enum Work {
    /// A datagram arrives.
    Deliver(Datagram),
    /// The media plane of that life of the node reports.
    Media(u64, mediactl::Event),
    /// What a phone asked that life of the node by code has been decided.
    Granted(u64, CallId, Dn, Box<OwnSetting>),
    /// Whether the PIN was right that was typed in a call of that life of the node.
    Judged(u64, CallId, bool),
    /// Somebody logs in at a terminal in a call of that life of the node, or out.
    Seated(u64, CallId, DeviceId, Option<Box<TypedLogin>>),
    /// The node learns that a connection is gone.
    Closed(FlowId),
    /// Someone does something.
    Act(Act),
}

/// The simulated world.
pub struct World {
    /// Virtual time.
    pub now: Now,
    /// Faults in force.
    pub swarm: Swarm,
    /// Configuration.
    pub company: Company,
    /// The node, while it runs.
    pub machine: Option<Machine>,
    /// Shards of the node.
    pub shards: u8,
    /// The shard at which all calls must begin.
    pub(crate) meets_at: Option<usize>,
    /// One began at another.
    pub(crate) is_astray: bool,
    /// What is stored.
    pub store: SimStore,
    /// The media plane.
    pub media: SimMedia,
    /// The phones.
    pub phones: Vec<Phone>,
    /// What happened so far.
    pub counts: Counts,
    /// The last lines.
    pub trace: Trace,
    /// Findings of the checkers.
    pub found: Vec<Violation>,
    /// Calls that had to succeed and did not.
    pub probe_failures: Vec<String>,
    /// Hashes of the outputs of all lives of the node, combined.
    pub hash: u64,
    /// When the configuration last changed.
    pub(crate) configured_at: Mono,
    /// Whose telephones had which number.
    pub(crate) holders: Holders,
    /// People act by themselves.
    pub(crate) lively: bool,
    /// Administrators change groups.
    pub(crate) changing: bool,
    /// Outputs of the node's next input that are still carried out before it crashes.
    pub(crate) crash_after: Option<u64>,
    pub(crate) people: Rng,
    /// Faults that came to the simulator after its first seeds; those keep their meaning.
    pub(crate) mishaps: Rng,
    /// What people do with call services, which came later than the first seeds as well.
    pub(crate) office: Rng,
    /// What they do with codes in calls, slots and boxes.
    pub(crate) desk: Rng,
    /// What they watch by lamps.
    pub(crate) lamps: Rng,
    /// Who logs in where, and what parties outside do.
    pub(crate) seats: Rng,
    /// What they do with lines, emergency numbers and codes, as runs have it that came later.
    pub(crate) lines: Rng,
    /// What administrators do with own sounds.
    pub(crate) sounds: Rng,
    /// Codes are pressed often, as in runs that came later.
    pub(crate) is_busy: bool,
    /// Phones, counted from the last, whose people do nothing by themselves.
    pub(crate) silent: usize,
    pub(crate) watch: Vec<Box<dyn Checker>>,
    pub(crate) last: Option<Datagram>,
    pub(crate) script: Option<crate::script::Script>,
    net: Rng,
    queue: BTreeMap<(Mono, u64), Work>,
    serial: u64,
    pub(crate) life: u64,
    steps: u64,
    seed: Rng,
    prepare: Option<Prepare>,
    directory: BTreeMap<IpAddr, Known>,
    pub(crate) links: Links,
    /// All jumps of the wall clock together, milliseconds.
    pub(crate) jumped_by: i64,
    crossings: crate::wire::Crossings,
}

impl World {
    /// A world with all phones off and the node down.
    pub fn new(seed: Rng, swarm: Swarm, company: Company, prepare: Option<Prepare>) -> Self {
        let mut holders = Holders::default();
        holders.enter(&company.snapshot);
        World {
            now: Now { mono: Mono(1_000_000), wall: Wall(WALL), lag: Micros(0) },
            swarm,
            company,
            machine: None,
            shards: 1,
            meets_at: None,
            is_astray: false,
            store: SimStore::default(),
            media: SimMedia::default(),
            phones: Vec::new(),
            counts: Counts::default(),
            trace: Trace::default(),
            found: Vec::new(),
            probe_failures: Vec::new(),
            hash: 0,
            configured_at: Mono(0),
            holders,
            lively: false,
            changing: false,
            crash_after: None,
            people: seed.derive("people"),
            mishaps: seed.derive("mishaps"),
            office: seed.derive("office"),
            desk: seed.derive("desk"),
            lamps: seed.derive("lamps"),
            seats: seed.derive("seats"),
            lines: seed.derive("lines"),
            sounds: seed.derive("sounds"),
            is_busy: false,
            silent: 0,
            watch: Vec::new(),
            last: None,
            script: None,
            net: seed.derive("network"),
            queue: BTreeMap::new(),
            serial: 0,
            life: 0,
            steps: 0,
            seed,
            prepare,
            directory: BTreeMap::new(),
            links: Links::default(),
            jumped_by: 0,
            crossings: crate::wire::Crossings::default(),
        }
    }

    /// Adds the phone of the company's next device.
    pub fn add_phone(&mut self, patient: bool, instance: bool, transport: Transport) {
        let index = self.phones.len();
        let Some(device) = self.company.devices.get(index).map(|d| d.id) else { return };
        let number = self.company.number_of(index);
        let address = SocketAddr::from(([198, 51, 100, index as u8 + 1], 5_060));
        self.directory.insert(address.ip(), Known { device, number: number.clone() });
        let (expires_s, session_s) = (self.swarm.expires_s, self.swarm.session_s);
        let card = Card {
            index,
            device,
            number,
            address,
            transport,
            patient,
            instance,
            expires_s,
            session_s,
        };
        self.phones.push(Phone::new(card, &self.seed));
    }

    /// Switches a phone on, or off and on.
    pub(crate) fn boot_phone(&mut self, n: usize) {
        if let Some(flow) = self.phones[n].flow {
            self.later(self.swarm.delay, Work::Closed(flow));
        }
        let news = self.phones[n].boot(self.now);
        self.news(n, news);
        self.connect(n);
    }

    /// Puts something on the list.
    pub(crate) fn later(&mut self, after: Micros, work: Work) {
        self.serial += 1;
        self.queue.insert((self.now.mono + after, self.serial), work);
    }

    /// Someone does something after a while.
    pub(crate) fn act_later(&mut self, after: Micros, act: Act) {
        self.later(after, Work::Act(act));
    }

    /// Starts the node, with what is stored.
    pub fn boot_node(&mut self) {
        self.life += 1;
        let mut seed = [0; 32];
        self.seed.derive(&format!("node {}", self.life)).fill(&mut seed);
        let config = Config { session_expires_s: self.swarm.session_s, ..Config::default() };
        let settings =
            Settings { sip: config, relay_always: self.swarm.relay, media_address: None };
        let mut key = self.seed.derive("steering");
        let steering = Shards::new(PLACE.node(), self.shards, &mut key);
        self.machine = Machine::start(seed, &self.company, &settings, (steering, self.prepare));
        let (local, remote) = (server(), SocketAddr::from(([0, 0, 0, 0], 0)));
        let transport = Transport::Udp;
        self.node(Input::FlowOpened { flow: UDP, transport, local, remote });
        let bindings = self.store.restore(self.now);
        self.node(Input::Restore { bindings });
        let boxes = self.store.boxes(|file| self.media.length(file));
        if !boxes.is_empty() {
            self.node(Input::RestoreBoxes { boxes });
        }
        self.trace.line(self.now.mono, || "node starts".into());
    }

    /// The node's process ends, whatever it was doing.
    pub fn crash_node(&mut self) {
        self.crash_after = None;
        let Some(machine) = self.machine.take() else { return };
        self.end_life(&machine);
        self.media.crash();
        self.trace.line(self.now.mono, || "node crashes".into());
        self.watched(|checker, scene| checker.crashed(scene));
        self.all_dropped();
    }

    /// The node's journal must repeat what it did; its hash joins that of the run.
    pub(crate) fn end_life(&mut self, machine: &Machine) {
        self.hash = self.hash.rotate_left(17) ^ machine.hash();
        if let Err(what) = machine.replay() {
            let (checker, at) = (crate::check::Name::I9, self.now.mono);
            self.found.push(Violation { checker, at, what });
        }
    }

    /// Runs for some time.
    pub fn run(&mut self, span: Micros) {
        let end = self.now.mono + span;
        while let Some(next) = self.next().filter(|next| *next <= end) {
            self.go(next.max(self.now.mono));
            self.steps += 1;
            if self.steps > STEPS_MAX {
                let (checker, at) = (crate::check::Name::L2, self.now.mono);
                let what = "the world never comes to rest".into();
                self.found.push(Violation { checker, at, what });
                break;
            }
            while let Some(entry) =
                self.queue.first_entry().filter(|entry| entry.key().0 <= self.now.mono)
            {
                let work = entry.remove();
                self.work(work);
            }
            let due = |d: Option<Mono>| d.is_some_and(|d| d <= self.now.mono);
            if due(self.machine.as_ref().and_then(Machine::next_deadline)) {
                self.node(Input::Tick);
            }
            for n in 0..self.phones.len() {
                if self.phones[n].next_deadline().is_some_and(|d| d <= self.now.mono) {
                    let news = self.phones[n].tick(self.now);
                    self.news(n, news);
                }
            }
        }
        self.go(end.max(self.now.mono));
    }

    fn next(&self) -> Option<Mono> {
        let phones = self.phones.iter().filter_map(Phone::next_deadline).min();
        let node = self.machine.as_ref().and_then(Machine::next_deadline);
        let queue = self.queue.keys().next().map(|key| key.0);
        [phones, node, queue].into_iter().flatten().min()
    }

    pub(crate) fn go(&mut self, to: Mono) {
        let wall = WALL + self.jumped_by + (to.0 / 1_000) as i64;
        self.now = Now { mono: to, wall: Wall(wall), ..self.now };
    }

    fn work(&mut self, work: Work) {
        match work {
            Work::Deliver(datagram) => self.deliver(datagram),
            Work::Media(life, event) => {
                let lives = life == self.life && self.machine.is_some();
                if lives && self.media.takes_place(&event) {
                    self.node(Input::Media { event });
                }
            }
            Work::Granted(life, call, dn, wanted) => self.grant((life, call), dn, &wanted),
            Work::Judged(life, call, right) => {
                if life == self.life && self.machine.is_some() {
                    let declined = (!right).then_some(model::own_setting::Declined::NotAllowed);
                    self.node(Input::Told { call, declined });
                }
            }
            Work::Seated(life, call, device, typed) => {
                self.seat((life, call), device, typed.as_deref());
            }
            Work::Closed(flow) => self.closed(flow),
            Work::Act(act) => self.act(act),
        }
    }

    fn deliver(&mut self, datagram: Datagram) {
        let Datagram { from, to, flow, bytes } = datagram;
        if to == server() {
            let (local, flow) = (to.ip(), flow.unwrap_or(UDP));
            if flow == UDP || self.links.phone(flow).is_some() {
                self.receive(from, &bytes);
                self.node(Input::Received { flow, from, local, bytes });
            }
            return;
        }
        let hears = |p: &Phone| match flow {
            Some(flow) => p.flow == Some(flow),
            None => p.outside == to && p.card.transport == Transport::Udp,
        };
        if let Some(n) = self.phones.iter().position(hears) {
            if let Some(script) = &mut self.script {
                script.arrives(to.ip(), &bytes);
            }
            let news = self.phones[n].receive(self.now, from, bytes);
            self.news(n, news);
        }
    }

    /// Shows a message for the node to the checkers, when it comes from a phone.
    fn receive(&mut self, from: SocketAddr, bytes: &Bytes) {
        if self.machine.is_none() || !self.directory.contains_key(&from.ip()) {
            return;
        }
        let Ok(msg) = Msg::parse_datagram(bytes.clone()) else { return };
        let begins = msg.is_request() && msg.to().is_some_and(|to| to.tag().is_none());
        if let (Some(home), Some(machine)) = (self.meets_at, &self.machine) {
            self.is_astray |= begins && machine.shard_of(bytes) != home;
        }
        self.crossings.arrived(&msg, &mut self.counts);
        let call = self.call_of(&msg);
        let moment = begins.then(|| self.moment(bytes, &msg)).flatten();
        let moment = moment.as_ref();
        let arrived = Arrived { msg: &msg, from, call, moment };
        self.watched(|checker, scene| checker.arrived(scene, arrived));
    }

    /// What the decisions of a call find that an INVITE begins.
    fn moment(&self, bytes: &Bytes, msg: &Msg) -> Option<Moment> {
        let wanted = msg.method() == Some(sip::msg::Method::Invite) && self.company.is_office;
        let machine = self.machine.as_ref().filter(|_| wanted)?;
        machine.moment(machine.shard_of(bytes), (self.now.mono, tenant_id()), None)
    }

    /// The call of the dialog that a BYE ends; others are not asked for, nor those who only listen
    /// to a page.
    fn call_of(&self, msg: &Msg) -> Option<base::CallId> {
        let machine = self.machine.as_ref()?;
        if msg.method() != Some(sip::msg::Method::Bye) {
            return None;
        }
        let mut dialogs = machine.dialogs();
        let dialog = dialogs.find(|d| *d.call_id == *msg.call_id() && d.is_up)?;
        machine.legs().find(|l| l.leg == dialog.leg && !l.is_paged).map(|l| l.call)
    }

    pub(crate) fn watched(&mut self, mut tell: impl FnMut(&mut Box<dyn Checker>, &mut Scene<'_>)) {
        let (mono, wall) = (self.now.mono, self.now.wall);
        let (store, phones) = (&self.store, &self.directory);
        let (configured_at, found) = (self.configured_at, &mut self.found);
        let shards = self.shards;
        let mut scene = Scene { mono, wall, shards, store, configured_at, phones, found };
        for checker in &mut self.watch {
            tell(checker, &mut scene);
        }
    }

    /// One input of the node, and what follows from it.
    pub(crate) fn node(&mut self, input: Input) {
        let Some(machine) = &mut self.machine else { return };
        let configures = matches!(input, Input::Config { .. });
        let outputs = machine.handle(self.now, input);
        let said = configures || !outputs.is_empty();
        let cut = self.crash_after.map(|n| n % (outputs.len() as u64 + 1));
        for (n, output) in outputs.into_iter().enumerate() {
            if cut.is_some_and(|cut| n as u64 >= cut) {
                break;
            }
            self.carry_out(output);
        }
        if cut.is_some() {
            return self.crash_node();
        }
        if let (Some(machine), true) = (&self.machine, said) {
            let now = self.now;
            self.watch.iter_mut().for_each(|checker| checker.after(machine, now));
        }
    }

    fn carry_out(&mut self, output: Output) {
        match output {
            Output::Transmit { flow, to, bytes } => {
                if let Ok(msg) = Msg::parse_datagram(bytes.clone()) {
                    self.crossings.sent(&msg, &mut self.counts);
                    self.watched(|checker, scene| checker.done(scene, &Done::Sent(&msg, to)));
                }
                let flow = (flow != UDP).then_some(flow);
                self.send(Datagram { from: server(), to, flow, bytes });
            }
            Output::Media { command } => {
                self.watched(|checker, scene| checker.done(scene, &Done::Media(&command)));
                self.trace.line(self.now.mono, || format!("media {}", brief(&command)));
                self.count_sound(&command);
                let failure = self.swarm.media_failure;
                for (after, event) in self.media.handle(command, failure, &mut self.net) {
                    self.later(after, Work::Media(self.life, event));
                }
            }
            Output::Store { write } => {
                self.trace.line(self.now.mono, || crate::wire::written(&write));
                if let model::Write::Record(record) = &write {
                    self.counts.record(record);
                    self.count_seat(record);
                }
                self.store.write(self.now, write);
                self.watched(|checker, scene| checker.done(scene, &Done::Stored));
            }
            Output::Event { event } => {
                self.counts.more(event.kind.id(), u64::from(event.count));
                self.watched(|checker, scene| checker.done(scene, &Done::Event(event)));
            }
            Output::Close { flow } => self.hung_up(flow),
            Output::Wish { call, dn, wanted, .. } => {
                self.later(self.swarm.delay, Work::Granted(self.life, call, dn, wanted));
            }
            Output::CheckPin { call, pin, .. } => {
                let right = pin.expose() == PIN;
                self.counts.add(if right { "PINs right" } else { "PINs wrong" });
                // One in ten judgements never comes: the call refuses by itself.
                if self.script.is_some() || self.desk.chance(9, 10) {
                    self.later(self.swarm.delay, Work::Judged(self.life, call, right));
                }
            }
            Output::Seat { call, device, typed } => {
                self.later(self.swarm.delay, Work::Seated(self.life, call, device, typed));
            }
            Output::Reply { .. } => {}
        }
    }

    /// What a phone's step brought about.
    pub(crate) fn news(&mut self, n: usize, news: Vec<News>) {
        for item in news {
            match item {
                News::Send(flow, bytes) => {
                    let phone = &self.phones[n];
                    let flow = (phone.card.transport != Transport::Udp).then_some(flow);
                    let from = phone.outside;
                    self.send(Datagram { from, to: server(), flow, bytes });
                }
                other => self.noticed(n, other),
            }
        }
    }

    fn send(&mut self, datagram: Datagram) {
        let mut swarm = self.swarm;
        let datagram = match &mut self.script {
            Some(script) => {
                swarm.delay = script.delay(&datagram).unwrap_or(swarm.delay);
                let lost = datagram.clone();
                match script.passes(self.now.mono, datagram) {
                    Some(datagram) => datagram,
                    None => {
                        return self.trace.line(self.now.mono, || crate::wire::line(&lost, 0));
                    }
                }
            }
            None => datagram,
        };
        if let Some(flow) = datagram.flow {
            return self.send_by(flow, datagram, swarm.delay);
        }
        let arrivals = network::arrivals(&swarm, &mut self.net);
        self.trace.line(self.now.mono, || crate::wire::line(&datagram, arrivals.len()));
        match arrivals.len() {
            0 => self.counts.add("datagrams lost"),
            1 => {}
            _ => self.counts.add("datagrams doubled"),
        }
        self.counts.add("datagrams");
        for after in arrivals {
            self.later(after, Work::Deliver(datagram.clone()));
        }
        if datagram.to == server() {
            self.last = Some(datagram);
        }
    }

    /// Puts changes of the company in force.
    pub(crate) fn configure(&mut self, changes: Vec<model::Change>) {
        if self.company.change(&changes).is_none() {
            return;
        }
        self.configured_at = self.now.mono;
        self.holders.enter(&self.company.snapshot);
        self.counts.add("configuration changes");
        self.trace.line(self.now.mono, || format!("configuration: {} changes", changes.len()));
        let snapshot = self.company.snapshot.clone();
        self.put(Input::Config { snapshot, changes: Arc::new(changes) });
    }

    /// Carries out what a phone asked by code, as the edges of the node do.
    fn grant(&mut self, (life, call): (u64, CallId), dn: Dn, wanted: &OwnSetting) {
        if life != self.life || self.machine.is_none() {
            return;
        }
        let planned = own_setting::plan(&self.company.snapshot, (tenant_id(), dn), wanted);
        if planned.is_ok() && matches!(wanted, OwnSetting::Hours(_)) {
            self.counts.add("receptions switched by code");
        }
        self.counts.add(if planned.is_ok() { "settings by code" } else { "settings refused" });
        if let Ok(changes) = &planned
            && !changes.is_empty()
        {
            self.configure(changes.clone());
        }
        self.node(Input::Told { call, declined: planned.err() });
    }

    /// A configuration that is not the newest any more arrives late.
    pub(crate) fn stale(&mut self) {
        if self.swarm.config_every.0 == 0 || self.machine.is_none() {
            return;
        }
        let Some((snapshot, changes)) = self.company.former.clone() else { return };
        self.configured_at = self.now.mono;
        self.counts.add("stale configurations");
        self.trace.line(self.now.mono, || "a configuration comes late".into());
        self.put(Input::Config { snapshot, changes: Arc::new(changes) });
    }

    /// Gives the node a configuration; the checkers see which one is in force then.
    fn put(&mut self, config: Input) {
        self.node(config);
        if let Some(machine) = &self.machine {
            let revision = machine.revision();
            self.watched(|checker, scene| checker.done(scene, &Done::Configured(revision)));
        }
    }
}

fn brief(command: &mediactl::Command) -> String {
    match command {
        mediactl::Command::Leg(want) => {
            format!("{:?} {:?} {:?}", want.leg, want.joined, want.direction)
        }
        other => format!("{other:?}"),
    }
}
