//! Recordings on their way to the disk: one thread writes, media threads only hand over.
//!
//! A frame that finds too many waiting is dropped and counted; beginnings and ends have room of
//! their own behind the frames, and an end that finds none is handed over later. The file grows
//! twice a second, so a crash loses less than a second (R262); it is synced once a second while
//! the disk keeps up.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Weak};
use std::time::Duration;

use base::{LegId, Micros, Mono};
use mediactl::{Event, FileId, Record, RecordEnd, RecordFailure};
use rtp::g711::Law;
use rtp::record::Placer;
use rtp::{FRAME_SAMPLES, Header};

use crate::files::{Files, millis, private};
use crate::wav;

/// Frames that may wait to be written: half a second of 160 recordings, 1 MiB.
const FRAMES_MAX: usize = 4_096;

/// Beginnings, ends and removals that may wait besides.
const STEPS_MAX: usize = 2_048;

/// A file grows by so many samples at least: half a second.
const GROW: usize = 4_000;

/// What waits is written so often when no more comes.
const FLUSH: Duration = Duration::from_millis(500);

/// A file is synced so often at most.
const SYNC: Micros = Micros::seconds(1);

/// Frames waiting above which nothing is synced before its end: the disk is behind.
const BEHIND: usize = 512;

/// Free space below which nothing new is recorded: 64 MiB, two hours of speech.
const FREE_MIN: u64 = 64 << 20;

/// The way to the writing thread; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Recorder {
    jobs: SyncSender<Job>,
    waiting: Arc<AtomicUsize>,
    next: Arc<AtomicU64>,
    /// Ends with the thread.
    life: Weak<()>,
}

/// A recording that shall begin.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Order {
    pub(crate) leg: LegId,
    pub(crate) record: Record,
    pub(crate) law: Law,
    /// Longest recording in samples.
    pub(crate) limit: u64,
}

/// Part of a packet, at most one frame.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) at: Mono,
    pub(crate) header: Header,
    pub(crate) law: Law,
    pub(crate) octets: [u8; FRAME_SAMPLES],
    pub(crate) len: usize,
}

#[derive(Debug)]
enum Job {
    Begin(u64, Box<Order>),
    Frame(u64, Box<Frame>),
    Finish(u64, RecordEnd),
    Delete(FileId),
    Stop,
}

impl Recorder {
    /// The way, and the thread's side. Without `files` every recording fails.
    pub(crate) fn new(
        files: Option<Files>,
        events: Arc<dyn Fn(Event) + Send + Sync>,
    ) -> (Self, Scribe) {
        let (jobs, incoming) = sync_channel(FRAMES_MAX + STEPS_MAX);
        let waiting = Arc::new(AtomicUsize::new(0));
        let alive = Arc::new(());
        let life = Arc::downgrade(&alive);
        let recorder = Self { jobs, waiting: waiting.clone(), next: Arc::default(), life };
        (recorder, Scribe { files, events, incoming, waiting, open: HashMap::new(), _alive: alive })
    }

    /// Begins a recording; its key for what follows, `None` when too much waits.
    pub(crate) fn begin(&self, order: Order) -> Option<u64> {
        let key = self.next.fetch_add(1, Ordering::Relaxed);
        self.hand(Job::Begin(key, Box::new(order))).then_some(key)
    }

    /// Hands a frame over; false when too many wait. Never blocks.
    pub(crate) fn frame(&self, key: u64, frame: Frame) -> bool {
        let room = self.waiting.fetch_add(1, Ordering::AcqRel) < FRAMES_MAX;
        if room && self.hand(Job::Frame(key, Box::new(frame))) {
            return true;
        }
        self.waiting.fetch_sub(1, Ordering::AcqRel);
        false
    }

    /// Ends a recording; false when too much waits: to be tried again.
    pub(crate) fn finish(&self, key: u64, end: RecordEnd) -> bool {
        self.hand(Job::Finish(key, end))
    }

    /// Removes a file; false when too much waits.
    pub(crate) fn delete(&self, file: FileId) -> bool {
        self.hand(Job::Delete(file))
    }

    /// Ends the thread when it has done everything before this; waits for room.
    pub(crate) fn stop(&self) {
        let _ = self.jobs.send(Job::Stop);
    }

    /// Whether its thread runs.
    pub(crate) fn is_alive(&self) -> bool {
        self.life.strong_count() > 0
    }

    fn hand(&self, job: Job) -> bool {
        self.jobs.try_send(job).is_ok()
    }
}

/// The thread that writes.
pub(crate) struct Scribe {
    files: Option<Files>,
    events: Arc<dyn Fn(Event) + Send + Sync>,
    incoming: Receiver<Job>,
    waiting: Arc<AtomicUsize>,
    open: HashMap<u64, Sheet>,
    _alive: Arc<()>,
}

/// A file that grows.
struct Sheet {
    order: Order,
    placer: Placer,
    file: File,
    synced: Mono,
}

impl Scribe {
    pub(crate) fn run(mut self) {
        loop {
            let job = match self.open.is_empty() {
                true => self.incoming.recv().map_err(|_| RecvTimeoutError::Disconnected),
                false => self.incoming.recv_timeout(FLUSH),
            };
            match job {
                Ok(Job::Begin(key, order)) => self.begin(key, *order),
                Ok(Job::Frame(key, frame)) => {
                    let behind = self.waiting.fetch_sub(1, Ordering::AcqRel) > BEHIND;
                    self.frame(key, &frame, behind);
                }
                Ok(Job::Finish(key, end)) => self.finish(key, end),
                Ok(Job::Delete(file)) => self.delete(file),
                Err(RecvTimeoutError::Timeout) => self.flush(),
                Ok(Job::Stop) | Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        let open: Vec<u64> = self.open.keys().copied().collect();
        open.into_iter().for_each(|key| self.finish(key, RecordEnd::Stopped));
    }

    fn begin(&mut self, key: u64, order: Order) {
        match self.files.as_ref().ok_or(RecordFailure::Storage).and_then(|f| Sheet::open(f, order))
        {
            Ok(sheet) => {
                self.open.insert(key, sheet);
            }
            Err(why) => self.failed(&order, why),
        }
    }

    fn frame(&mut self, key: u64, frame: &Frame, behind: bool) {
        let Some(sheet) = self.open.get_mut(&key) else { return };
        match sheet.frame(frame, behind) {
            Err(error) => self.give_up(key, &error),
            // Whoever sends faster than time passes ends here.
            Ok(()) if sheet.placer.len() >= sheet.order.limit => {
                self.finish(key, RecordEnd::Limit);
            }
            Ok(()) => {}
        }
    }

    /// Nothing came for a while: what waits goes to the disk.
    fn flush(&mut self) {
        let results = self.open.iter_mut().map(|(key, sheet)| (*key, sheet.grow(1)));
        let failed = results.filter_map(|(key, result)| Some((key, result.err()?)));
        let failed: Vec<_> = failed.collect();
        failed.into_iter().for_each(|(key, error)| self.give_up(key, &error));
    }

    fn finish(&mut self, key: u64, end: RecordEnd) {
        let (Some(sheet), Some(files)) = (self.open.remove(&key), &self.files) else { return };
        let order = sheet.order;
        let Record { file, serial, .. } = order.record;
        match sheet.finish(files) {
            Ok(duration_ms) => {
                (self.events)(Event::Recorded { leg: order.leg, serial, file, duration_ms, end });
            }
            Err(error) => {
                self.remove_open(file);
                self.failed(&order, failure(&error));
            }
        }
    }

    /// What was recorded so far goes: nothing is promised that is not there (R262).
    fn give_up(&mut self, key: u64, error: &io::Error) {
        let Some(sheet) = self.open.remove(&key) else { return };
        tracing::error!(%error, "recording broken off");
        self.remove_open(sheet.order.record.file);
        self.failed(&sheet.order, failure(error));
    }

    fn remove_open(&self, file: FileId) {
        if let Some(Ok(path)) = self.files.as_ref().map(|f| f.open_path(file)) {
            let _ = std::fs::remove_file(path);
        }
    }

    fn failed(&self, order: &Order, why: RecordFailure) {
        let Record { file, serial, .. } = order.record;
        (self.events)(Event::RecordFailed { leg: order.leg, serial, file, why });
    }

    fn delete(&self, file: FileId) {
        if let Some(Err(error)) = self.files.as_ref().map(|f| f.delete(file)) {
            tracing::error!(?file, %error, "sound file cannot be removed");
        }
    }
}

impl Sheet {
    /// Begins the file, or goes on with one that a plane before this one had begun.
    fn open(files: &Files, order: Order) -> Result<Self, RecordFailure> {
        let file = order.record.file;
        if files.exists(file) {
            return Err(RecordFailure::Exists);
        }
        let broken = |error: io::Error| {
            tracing::error!(%error, "recording cannot begin");
            failure(&error)
        };
        let path = files.open_path(file).map_err(broken)?;
        if free(files).is_some_and(|free| free < FREE_MIN) {
            return Err(RecordFailure::DiskFull);
        }
        let mut options = OpenOptions::new();
        let options = options.read(true).append(true).create(true);
        let mut file = private(options, &path).map_err(broken)?;
        let mut head = [0; wav::HEADER];
        let before = match file.read_exact_at(&mut head, 0) {
            Ok(()) => wav::law_of(&head).map(|law| (law, samples_of(&file))),
            Err(_) => None,
        };
        let (law, before) = match before {
            Some(known) => known,
            None => {
                if file.metadata().is_ok_and(|m| m.len() > 0) {
                    file.set_len(0).map_err(broken)?;
                }
                file.write_all(&wav::header(order.law, 0)).map_err(broken)?;
                (order.law, 0)
            }
        };
        let placer = Placer::new(law, order.limit, before);
        Ok(Self { order, placer, file, synced: Mono(0) })
    }

    fn frame(&mut self, frame: &Frame, behind: bool) -> io::Result<()> {
        let octets = frame.octets.get(..frame.len).unwrap_or_default();
        self.placer.packet(frame.at, &frame.header, frame.law, octets);
        self.grow(GROW)?;
        if !behind && frame.at.since(self.synced) >= SYNC {
            self.synced = frame.at;
            self.file.sync_data()?;
        }
        Ok(())
    }

    fn grow(&mut self, least: usize) -> io::Result<()> {
        match self.placer.ready(least) {
            Some(octets) => self.file.write_all(&octets),
            None => Ok(()),
        }
    }

    /// The end: what was said, in milliseconds. Too little is not kept.
    fn finish(mut self, files: &Files) -> io::Result<u32> {
        let rest = self.placer.rest();
        let (law, kept) = (self.placer.law(), self.placer.worth());
        let (record, kept_ms) = (self.order.record, millis(kept));
        if kept_ms < Record::MIN_MS {
            std::fs::remove_file(files.open_path(record.file)?)?;
            return Ok(kept_ms);
        }
        self.file.write_all(&rest)?;
        self.file.set_len(wav::HEADER as u64 + kept)?;
        // Positioned writes go to the end of a file that is open for appending.
        let path = files.open_path(record.file)?;
        let file = OpenOptions::new().write(true).open(path)?;
        file.write_all_at(&wav::header(law, kept as u32), 0)?;
        file.sync_all()?;
        files.complete(record.file)?;
        Ok(kept_ms)
    }
}

/// Samples that a file has.
fn samples_of(file: &File) -> u64 {
    file.metadata().map_or(0, |m| m.len().saturating_sub(wav::HEADER as u64))
}

/// Free octets of the disk, when it tells.
fn free(files: &Files) -> Option<u64> {
    let disk = rustix::fs::statvfs(files.root()).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

fn failure(error: &io::Error) -> RecordFailure {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => RecordFailure::DiskFull,
        _ => RecordFailure::Storage,
    }
}
