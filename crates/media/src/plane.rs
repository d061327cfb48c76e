//! Starting, stopping and reaching the plane.

use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, Weak};
use std::thread::JoinHandle;

use base::{LegId, Rng};
use mediactl::{Command, Event, GroupId};
use rustix::event::EventfdFlags;
use thiserror::Error;

use crate::library::Library;
use crate::pool::PortPool;
use crate::recorder::Recorder;
use crate::thread::{Ear, Shared, Worker};
use crate::tick::Clock;
use crate::transport::WireSender;
use crate::{Config, Files, socket};

/// Commands that may wait for one thread.
const QUEUE: usize = 4_096;

/// The running plane; dropping it stops its threads and closes every leg.
#[derive(Debug)]
pub struct MediaPlane {
    handle: Handle,
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
    /// Writes to the disk; ends after the others.
    scribe: Option<JoinHandle<()>>,
}

/// Sends commands; cheap to clone, usable from any thread.
#[derive(Debug, Clone)]
pub struct Handle(Reach);

#[derive(Debug, Clone)]
enum Reach {
    Local(Arc<Local>),
    Wire(WireSender),
}

#[derive(Debug)]
struct Local {
    threads: Vec<Door>,
    placement: Arc<Mutex<Placement>>,
    recorder: Recorder,
}

/// Queue and bell of a thread.
#[derive(Debug)]
struct Door {
    queue: SyncSender<Command>,
    bell: OwnedFd,
    /// The bell has rung and the thread has not looked since.
    rung: Arc<AtomicBool>,
    beats: Arc<AtomicU64>,
    /// Ends with the thread.
    life: Weak<()>,
}

/// Whether the threads answer a knock: see [`Handle::knock`].
#[derive(Debug)]
pub struct Knock {
    /// What each thread had counted when its bell was rung.
    heard: Vec<(Arc<AtomicU64>, u64)>,
}

impl Knock {
    /// Threads that have not stirred since.
    pub fn silent(&self) -> usize {
        let still = |(beats, then): &&(Arc<AtomicU64>, u64)| beats.load(Ordering::Relaxed) == *then;
        self.heard.iter().filter(still).count()
    }
}

/// Which thread has which leg. Legs of a group share a thread; a new group goes to the thread
/// with the fewest legs.
#[derive(Debug)]
struct Placement {
    legs: BTreeMap<LegId, GroupId>,
    groups: BTreeMap<GroupId, Place>,
    load: Vec<usize>,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    thread: usize,
    legs: usize,
}

/// The queue to the plane is full: refuse new calls, try again with what ends running ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the media plane takes no more commands now")]
pub struct Busy;

/// Why the plane did not start.
#[derive(Debug, Error)]
#[error("media plane cannot start")]
pub struct StartError(#[from] std::io::Error);

impl MediaPlane {
    /// Starts the threads. `events` is called from them: it must neither block nor panic.
    pub fn start(
        config: Config,
        events: impl Fn(Event) + Send + Sync + 'static,
    ) -> Result<Self, StartError> {
        let count = match config.threads {
            0 => std::thread::available_parallelism().map_or(1, |n| n.get() - 1).max(1),
            n => n,
        };
        socket::raise_descriptor_limit(config.legs_max);
        let mut rng = Rng::from_seed(config.seed);
        let events: Arc<dyn Fn(Event) + Send + Sync> = Arc::new(events);
        let files = config.files.map(Files::new);
        let (library, workshop) = Library::new(files.clone());
        let (recorder, scribe) = Recorder::new(files, events.clone());
        let placement = Arc::new(Mutex::new(Placement::new(count)));
        let forgetful = placement.clone();
        let shared = Arc::new(Shared {
            clock: Clock::start(),
            ports: Mutex::new(PortPool::new(&config.ports, &mut rng)),
            library,
            recorder: recorder.clone(),
            events,
            dscp: config.dscp,
            deny: config.deny,
            silence: config.silence,
            legs_max: config.legs_max.div_ceil(count),
            full: AtomicUsize::new(0),
            stopping: AtomicBool::new(false),
            gone: Box::new(move |leg| {
                socket::lock(&forgetful).forget(leg);
            }),
        });
        let mut plane = Self {
            handle: Handle(Reach::Local(Arc::new(Local {
                threads: Vec::new(),
                placement: placement.clone(),
                recorder: recorder.clone(),
            }))),
            shared: shared.clone(),
            threads: Vec::new(),
            scribe: None,
        };
        let desk = std::thread::Builder::new().name("media-files".into());
        plane.scribe = Some(desk.spawn(move || scribe.run())?);
        let mut doors = Vec::new();
        // It ends when the last library is gone, so it is not waited for.
        std::thread::Builder::new().name("media-sounds".into()).spawn(move || workshop.run())?;
        for n in 0..count {
            let (queue, commands) = sync_channel(QUEUE);
            let bell = rustix::event::eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)
                .map_err(std::io::Error::from)?;
            let (rung, beats) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
            let ear = Ear { bell: bell.try_clone()?, rung: rung.clone(), beats: beats.clone() };
            let rng = rng.derive(&format!("media thread {n}"));
            let worker = Worker::new(shared.clone(), commands, ear, rng)?;
            let thread = std::thread::Builder::new().name(format!("media-{n}"));
            let alive = Arc::new(());
            let life = Arc::downgrade(&alive);
            plane.threads.push(thread.spawn(move || {
                let _alive = alive;
                worker.run();
            })?);
            doors.push(Door { queue, bell, rung, beats, life });
        }
        let local = Local { threads: doors, placement, recorder };
        plane.handle = Handle(Reach::Local(Arc::new(local)));
        Ok(plane)
    }

    /// A way to send commands.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Stops the threads; every open leg is told `Stats` and closed.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for MediaPlane {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::Release);
        if let Reach::Local(local) = &self.handle.0 {
            local.threads.iter().for_each(Door::ring);
        }
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a media thread has panicked");
            }
        }
        // Every leg is closed: what they said is brought to the disk.
        self.shared.recorder.stop();
        if self.scribe.take().is_some_and(|scribe| scribe.join().is_err()) {
            tracing::error!("the writing thread has panicked");
        }
    }
}

impl Handle {
    /// Over a wire instead of a queue.
    pub(crate) fn wire(sender: WireSender) -> Self {
        Self(Reach::Wire(sender))
    }

    /// Hands over one command; answers come as events. Never blocks.
    ///
    /// Commands of one leg are carried out in the order of sending.
    pub fn send(&self, command: Command) -> Result<(), Busy> {
        match &self.0 {
            Reach::Wire(sender) => sender.send(&command),
            Reach::Local(local) => local.send(command),
        }
    }

    /// Whether every thread runs that this process has of the plane.
    pub fn is_whole(&self) -> bool {
        match &self.0 {
            Reach::Wire(_) => true,
            Reach::Local(local) => {
                let alive = |door: &Door| door.life.strong_count() > 0;
                local.threads.iter().all(alive) && local.recorder.is_alive()
            }
        }
    }

    /// Rings at every thread of this process; one that lives soon stirs.
    pub fn knock(&self) -> Knock {
        let Reach::Local(local) = &self.0 else { return Knock { heard: Vec::new() } };
        let knock = |door: &Door| {
            let heard = (door.beats.clone(), door.beats.load(Ordering::Relaxed));
            door.ring();
            heard
        };
        Knock { heard: local.threads.iter().map(knock).collect() }
    }
}

impl Local {
    fn send(&self, command: Command) -> Result<(), Busy> {
        let mut is_new = false;
        let thread = {
            let mut placement = socket::lock(&self.placement);
            match &command {
                Command::Leg(want) => {
                    is_new = placement.find(want.leg).is_none();
                    Some(placement.place(want.leg, want.group))
                }
                Command::Close { leg } => placement.forget(*leg),
                Command::SendDigit { leg, .. } | Command::ReportStats { leg } => {
                    placement.find(*leg)
                }
                Command::DeleteFile { file } => {
                    return if self.recorder.delete(*file) { Ok(()) } else { Err(Busy) };
                }
            }
        };
        // Unknown legs: late news.
        let Some(door) = thread.and_then(|n| self.threads.get(n)) else { return Ok(()) };
        let sent = door.queue.try_send(command);
        door.ring();
        match sent {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(command) | TrySendError::Disconnected(command)) => {
                self.take_back(&command, thread, is_new);
                Err(Busy)
            }
        }
    }

    /// A command that was not taken has changed nothing.
    fn take_back(&self, command: &Command, thread: Option<usize>, is_new: bool) {
        let mut placement = socket::lock(&self.placement);
        match (command, thread) {
            (Command::Leg(want), _) if is_new => {
                placement.forget(want.leg);
            }
            // A group of its own keeps the leg reachable for the next try.
            (Command::Close { leg }, Some(thread)) => placement.put(*leg, GroupId(leg.0), thread),
            _ => {}
        }
    }
}

impl Door {
    fn ring(&self) {
        if !self.rung.swap(true, Ordering::SeqCst) {
            let _ = rustix::io::write(&self.bell, &1u64.to_ne_bytes());
        }
    }
}

impl Placement {
    fn new(threads: usize) -> Self {
        Self { legs: BTreeMap::new(), groups: BTreeMap::new(), load: vec![0; threads] }
    }

    fn find(&self, leg: LegId) -> Option<usize> {
        Some(self.groups.get(self.legs.get(&leg)?)?.thread)
    }

    fn place(&mut self, leg: LegId, group: GroupId) -> usize {
        if let Some(thread) = self.find(leg) {
            return thread;
        }
        let least = self.load.iter().enumerate().min_by_key(|(_, legs)| **legs);
        let thread = self.groups.get(&group).map_or(least.map_or(0, |(n, _)| n), |p| p.thread);
        self.put(leg, group, thread);
        thread
    }

    fn put(&mut self, leg: LegId, group: GroupId, thread: usize) {
        self.legs.insert(leg, group);
        self.groups.entry(group).or_insert(Place { thread, legs: 0 }).legs += 1;
        if let Some(load) = self.load.get_mut(thread) {
            *load += 1;
        }
    }

    /// The thread that had the leg.
    fn forget(&mut self, leg: LegId) -> Option<usize> {
        let group = self.legs.remove(&leg)?;
        let place = self.groups.get_mut(&group)?;
        let thread = place.thread;
        place.legs -= 1;
        if place.legs == 0 {
            self.groups.remove(&group);
        }
        if let Some(load) = self.load.get_mut(thread) {
            *load -= 1;
        }
        Some(thread)
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}
