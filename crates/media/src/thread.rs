//! A media thread: commands in, packets through, ticks out.

use std::collections::HashMap;
use std::net::IpAddr;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError};
use std::sync::{Arc, Mutex};

use base::{LegId, Micros, Mono, Rng};
use mediactl::{Command, Event, Failure, Form, LegWant, Load, RecordEnd};
use rustix::event::epoll;
use slab::Slab;

use crate::leg::Leg;
use crate::library::Library;
use crate::pool::PortPool;
use crate::recorder::Recorder;
use crate::tick::{Beat, Clock};
use crate::{Network, socket};

/// What all threads of a plane share.
pub(crate) struct Shared {
    pub(crate) clock: Clock,
    pub(crate) ports: Mutex<PortPool>,
    pub(crate) library: Library,
    pub(crate) recorder: Recorder,
    pub(crate) events: Arc<dyn Fn(Event) + Send + Sync>,
    pub(crate) dscp: u8,
    pub(crate) deny: Vec<Network>,
    pub(crate) silence: Micros,
    /// Legs of one thread.
    pub(crate) legs_max: usize,
    /// Threads that refuse new legs.
    pub(crate) full: AtomicUsize,
    pub(crate) stopping: AtomicBool,
    /// Told of legs that ended by themselves, so that the placement forgets them.
    pub(crate) gone: Box<dyn Fn(LegId) + Send + Sync>,
}

pub(crate) struct Worker {
    pub(crate) shared: Arc<Shared>,
    pub(crate) legs: Slab<Leg>,
    pub(crate) by_id: HashMap<LegId, usize>,
    /// Who listens to a leg.
    pub(crate) audience: HashMap<LegId, Vec<usize>>,
    pub(crate) epoll: OwnedFd,
    pub(crate) rng: Rng,
    /// Indices of the legs that the tick serves.
    pub(crate) ticking: Vec<usize>,
    pub(crate) beat: Option<Beat>,
    /// Ends of recordings that found no room with the thread that writes.
    pub(crate) unfinished: Vec<(u64, RecordEnd)>,
    load: Load,
    commands: Receiver<Command>,
    ear: Ear,
    sweep: Option<Beat>,
}

/// The thread's side of its door.
pub(crate) struct Ear {
    /// Edge-triggered: each write is heard, and nobody reads it.
    pub(crate) bell: OwnedFd,
    /// It has rung and the thread has not looked since.
    pub(crate) rung: Arc<AtomicBool>,
    /// Rounds so far: a sign of life.
    pub(crate) beats: Arc<AtomicU64>,
}

/// Twenty milliseconds.
const TICK: Micros = Micros(rtp::FRAME_US);

/// Latches and silences are looked at so often; nothing about them is exact to a second.
const SWEEP: Micros = Micros::seconds(1);

/// Readiness events taken at a time.
const READY_MAX: usize = 256;

/// So few packets take no time that a timer would notice: the clock is not read again after them.
const FEW: usize = 16;

/// Commands carried out before packets have their turn again.
const COMMANDS_MAX: usize = 64;

/// Epoll data of the eventfd; legs have a smaller index.
const WAKE: u64 = u64::MAX;

/// Largest datagram taken, with room behind it for what SRTP adds.
pub(crate) const DATAGRAM_MAX: usize = 2_048;

impl Worker {
    pub(crate) fn new(
        shared: Arc<Shared>,
        commands: Receiver<Command>,
        ear: Ear,
        rng: Rng,
    ) -> std::io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let data = epoll::EventData::new_u64(WAKE);
        epoll::add(&epoll, &ear.bell, data, epoll::EventFlags::IN | epoll::EventFlags::ET)?;
        Ok(Self {
            shared,
            legs: Slab::new(),
            by_id: HashMap::new(),
            audience: HashMap::new(),
            epoll,
            rng,
            ticking: Vec::new(),
            beat: None,
            unfinished: Vec::new(),
            load: Load::Normal,
            commands,
            ear,
            sweep: None,
        })
    }

    /// Runs until the plane stops.
    pub(crate) fn run(mut self) {
        let mut ready = Vec::with_capacity(READY_MAX);
        let mut buffer = Box::new([0; DATAGRAM_MAX]);
        let mut more_commands = false;
        let mut now = self.shared.clock.now();
        while !self.shared.stopping.load(Ordering::Acquire) {
            let timeout = if more_commands { Some(Micros(0)) } else { self.time_left(now) };
            let timeout = timeout.map(timespec);
            let room = rustix::buffer::spare_capacity(&mut ready);
            // An interrupted wait is an empty one.
            let _ = epoll::wait(&self.epoll, room, timeout.as_ref());
            now = self.shared.clock.now();
            let many = ready.len() > FEW;
            for event in ready.drain(..) {
                match event.data.u64() {
                    WAKE => more_commands = true,
                    data => self.readable(now, data, &mut buffer),
                }
            }
            if more_commands || many {
                more_commands = more_commands && self.obey();
                now = self.shared.clock.now();
            }
            if self.keep_time(now, &mut buffer) {
                now = self.shared.clock.now();
            }
            self.ear.beats.fetch_add(1, Ordering::Relaxed);
        }
        let ids: Vec<LegId> = self.by_id.keys().copied().collect();
        ids.into_iter().for_each(|leg| self.close(leg));
    }

    fn time_left(&self, now: Mono) -> Option<Micros> {
        let next = [self.beat, self.sweep].into_iter().flatten().map(|b| b.next()).min()?;
        Some(next.since(now))
    }

    /// Does what is due; whether anything was, which takes its time.
    fn keep_time(&mut self, now: Mono, buffer: &mut [u8; DATAGRAM_MAX]) -> bool {
        if self.beat.is_none() && self.sweep.is_none() {
            return false;
        }
        let mut acted = false;
        if let Some(due) = self.beat.as_mut().map(|b| b.due(now)) {
            acted |= due.run > 0;
            (0..due.run).for_each(|_| self.tick(now, buffer));
            if due.skipped > 0 {
                tracing::warn!(skipped = due.skipped, "media thread is late");
            }
        }
        if self.sweep.as_mut().is_some_and(|b| b.due(now).run > 0) {
            acted = true;
            self.sweep(now, buffer);
        }
        self.set_beats(now);
        acted
    }

    /// No leg, no timer: an idle plane sleeps.
    pub(crate) fn set_beats(&mut self, now: Mono) {
        match (self.ticking.is_empty(), self.beat) {
            (false, None) => self.beat = Some(Beat::new(now, TICK)),
            (true, Some(_)) => self.beat = None,
            (true, None) | (false, Some(_)) => {}
        }
        match (self.legs.is_empty() && self.unfinished.is_empty(), self.sweep) {
            (false, None) => self.sweep = Some(Beat::new(now, SWEEP)),
            (true, Some(_)) => self.sweep = None,
            (true, None) | (false, Some(_)) => {}
        }
    }

    /// Carries out waiting commands; true when more may wait.
    fn obey(&mut self) -> bool {
        // Before the queue is looked at: what comes later rings again.
        self.ear.rung.store(false, Ordering::SeqCst);
        for _ in 0..COMMANDS_MAX {
            match self.commands.try_recv() {
                Ok(command) => self.command(command),
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => {
                    self.set_beats(self.shared.clock.now());
                    return false;
                }
            }
        }
        true
    }

    fn command(&mut self, command: Command) {
        match command {
            Command::Leg(want) => self.leg(want),
            Command::Close { leg } => self.close(leg),
            Command::SendDigit { leg, digit, duration_ms } => {
                self.send_digit(leg, digit, duration_ms);
            }
            Command::ReportStats { leg } => {
                if let Some(found) = self.by_id.get(&leg).and_then(|at| self.legs.get(*at)) {
                    self.tell(Event::Stats { leg, stats: found.stats(), closed: false });
                }
            }
            // They belong to no leg and have another way.
            Command::DeleteFile { .. } => {}
        }
    }

    fn leg(&mut self, want: Box<LegWant>) {
        if let Err(why) = Leg::check(&want) {
            return self.fail(want.leg, why);
        }
        let now = self.shared.clock.now();
        let Some(at) = self.by_id.get(&want.leg).copied() else { return self.open(now, want) };
        let Some(leg) = self.legs.get_mut(at).filter(|leg| leg.want != want) else { return };
        if leg.take(now, want) && std::mem::take(&mut leg.connected) {
            let _ = rustix::net::connect_unspec(&leg.rtp);
        }
        self.settle(now, at);
    }

    fn open(&mut self, now: Mono, want: Box<LegWant>) {
        let id = want.leg;
        if self.legs.len() >= self.shared.legs_max {
            self.set_load(Load::RefuseNew);
            return self.fail(id, Failure::ResourceShortage);
        }
        let shared = &self.shared;
        let pair = match socket::open(&shared.ports, now, want.local, shared.dscp) {
            Ok(pair) => pair,
            Err(why) => return self.fail(id, why),
        };
        if want.form == Form::Multicast && socket::cast(&pair.rtp, want.local).is_err() {
            socket::lock(&shared.ports).free(now, pair.pick);
            return self.fail(id, Failure::Socket);
        }
        let (rtp, rtcp) = (pair.rtp_at, pair.rtcp_at);
        let mux = want.remote.is_some_and(|r| r.rtcp_mux);
        let leg = Leg::new(now, want, pair, &mut self.rng);
        let generation = leg.generation;
        let at = self.legs.insert(leg);
        if self.watch(at, generation).is_err() {
            if let Some(leg) = self.legs.try_remove(at) {
                socket::lock(&self.shared.ports).free(now, leg.pick);
            }
            return self.fail(id, Failure::ResourceShortage);
        }
        self.by_id.insert(id, at);
        self.tell(Event::Opened { leg: id, rtp, rtcp: if mux { rtp } else { rtcp } });
        self.settle(now, at);
    }

    /// What follows from the condition of a leg outside it.
    fn settle(&mut self, now: Mono, at: usize) {
        self.link(at);
        self.hear(at);
        self.set_tape(now, at);
        self.tell_presses(at);
        self.set_ticking(at);
    }

    fn watch(&self, at: usize, generation: u32) -> rustix::io::Result<()> {
        let Some(leg) = self.legs.get(at) else { return Ok(()) };
        let data = |rtcp| epoll::EventData::new_u64(pack(at, generation, rtcp));
        epoll::add(&self.epoll, &leg.rtp, data(false), epoll::EventFlags::IN)?;
        epoll::add(&self.epoll, &leg.rtcp, data(true), epoll::EventFlags::IN)
    }

    fn close(&mut self, id: LegId) {
        let Some(at) = self.by_id.remove(&id) else { return };
        let Some(leg) = self.legs.try_remove(at) else { return };
        if let Some(peer) = leg.peer.and_then(|p| self.legs.get_mut(p)) {
            peer.peer = None;
        }
        self.deafen(at, leg.hears);
        if leg.ticking {
            self.ticking.retain(|t| *t != at);
        }
        if let Some(tape) = &leg.tape {
            self.end_tape(tape, RecordEnd::Stopped);
        }
        let now = self.shared.clock.now();
        socket::lock(&self.shared.ports).free(now, leg.pick);
        self.tell(Event::Stats { leg: id, stats: leg.stats(), closed: true });
        if self.legs.len() < self.shared.legs_max {
            self.set_load(Load::Normal);
        }
    }

    /// Puts the leg on or off the list that the tick serves.
    pub(crate) fn set_ticking(&mut self, at: usize) {
        let Some(leg) = self.legs.get_mut(at) else { return };
        let needed = leg.needs_tick();
        match (leg.ticking, needed) {
            (false, true) => self.ticking.push(at),
            (true, false) => self.ticking.retain(|t| *t != at),
            (false, false) | (true, true) => {}
        }
        leg.ticking = needed;
    }

    fn readable(&mut self, now: Mono, data: u64, buffer: &mut [u8; DATAGRAM_MAX]) {
        let (at, generation, rtcp) = unpack(data);
        if self.legs.get(at).is_none_or(|leg| leg.generation != generation) {
            return;
        }
        if rtcp { self.reports(now, at, buffer) } else { self.packet(now, at, buffer) }
    }

    fn fail(&mut self, leg: LegId, why: Failure) {
        self.close(leg);
        (self.shared.gone)(leg);
        self.tell(Event::Failed { leg, why });
    }

    /// A leg goes to the thread with the fewest, so one that is full speaks for the plane.
    fn set_load(&mut self, load: Load) {
        if self.load == load {
            return;
        }
        self.load = load;
        let full = &self.shared.full;
        let others = match load {
            Load::RefuseNew => full.fetch_add(1, Ordering::AcqRel),
            Load::Normal => full.fetch_sub(1, Ordering::AcqRel).saturating_sub(1),
        };
        if others == 0 {
            self.tell(Event::Overload { load });
        }
    }

    pub(crate) fn tell(&self, event: Event) {
        (self.shared.events)(event);
    }

    pub(crate) fn is_denied(&self, ip: IpAddr) -> bool {
        self.shared.deny.iter().any(|net| net.contains(ip))
    }
}

/// Index (32 bits), generation (31), RTCP (1).
fn pack(at: usize, generation: u32, rtcp: bool) -> u64 {
    (at as u64) << 32 | u64::from(generation) << 1 | u64::from(rtcp)
}

fn unpack(data: u64) -> (usize, u32, bool) {
    ((data >> 32) as usize, (data as u32) >> 1, data & 1 == 1)
}

fn timespec(time: Micros) -> rustix::event::Timespec {
    rustix::event::Timespec {
        tv_sec: (time.0 / 1_000_000) as i64,
        tv_nsec: (time.0 % 1_000_000 * 1_000) as i64,
    }
}
