//! The media plane of the simulated machine: no packets, only who is joined to whom.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use base::{LegId, Micros, Rng};
use mediactl::{
    Command, Event, Failure, FileId, Joined, LegWant, Record, RecordEnd, RecordFailure, Repeat,
};

/// How long a prompt plays.
const PROMPT: Micros = Micros::millis(2_500);

/// An open media leg.
#[derive(Debug, Clone)]
pub struct OpenLeg {
    /// The condition it was last given.
    pub want: LegWant,
    /// Where its far end sends.
    pub rtp: SocketAddr,
    /// Its recording has come to its limit, or could not begin.
    is_full: bool,
}

impl OpenLeg {
    /// The recording that ends with the leg's condition.
    fn recording(&self) -> Joined {
        if self.is_full { Joined::None } else { self.want.joined }
    }
}

/// Legs that are open.
#[derive(Debug, Default)]
pub struct SimMedia {
    legs: BTreeMap<LegId, OpenLeg>,
    /// Recordings that are complete, with their length in milliseconds.
    files: BTreeMap<FileId, u32>,
    next_port: u16,
    /// Legs ever opened.
    pub opened: u64,
    /// Legs that failed.
    pub failed: u64,
}

impl SimMedia {
    /// Does what a command says; the events that follow, and after what time.
    pub fn handle(
        &mut self,
        command: Command,
        failure: u64,
        rng: &mut Rng,
    ) -> Vec<(Micros, Event)> {
        match command {
            Command::Leg(want) => {
                let ended = match self.legs.get(&want.leg) {
                    Some(open) if open.want.joined != want.joined => open.recording(),
                    _ => Joined::None,
                };
                let recorded = self.recorded(want.leg, ended, rng);
                let begins = self.begins(&want, failure, rng);
                let follows = self.want(*want, failure, rng);
                recorded.into_iter().chain(follows).chain(begins).collect()
            }
            Command::Close { leg } => {
                let ended = self.legs.remove(&leg).map_or(Joined::None, |l| l.recording());
                self.recorded(leg, ended, rng).into_iter().collect()
            }
            Command::DeleteFile { file } => {
                self.files.remove(&file);
                Vec::new()
            }
            Command::SendDigit { .. } | Command::ReportStats { .. } => Vec::new(),
        }
    }

    /// A recording ends; its length is drawn.
    fn recorded(&mut self, leg: LegId, ended: Joined, rng: &mut Rng) -> Option<(Micros, Event)> {
        let Joined::Recorder(Record { file, serial, .. }) = ended else { return None };
        let duration_ms = 500 + rng.below(9_000) as u32;
        if duration_ms >= Record::MIN_MS {
            self.files.insert(file, duration_ms);
        }
        let event = Event::Recorded { leg, serial, file, duration_ms, end: RecordEnd::Stopped };
        Some((Micros(200 + rng.below(3_000)), event))
    }

    /// A recording begins, and comes to its limit unless it is stopped before; or it fails.
    fn begins(&self, want: &LegWant, failure: u64, rng: &mut Rng) -> Option<(Micros, Event)> {
        let Joined::Recorder(Record { file, max_s, serial }) = want.joined else { return None };
        if self.legs.get(&want.leg).is_some_and(|open| open.want.joined == want.joined) {
            return None;
        }
        let leg = want.leg;
        if rng.chance(failure * 4, 1_000) {
            let why = RecordFailure::DiskFull;
            let event = Event::RecordFailed { leg, serial, file, why };
            return Some((Micros(200 + rng.below(3_000)), event));
        }
        let duration_ms = u32::from(max_s) * 1_000;
        let event = Event::Recorded { leg, serial, file, duration_ms, end: RecordEnd::Limit };
        Some((Micros::seconds(u64::from(max_s)), event))
    }

    /// Whether an event that was foreseen comes true: a recording may have been stopped since.
    pub fn takes_place(&mut self, event: &Event) -> bool {
        let (leg, file, number) = match *event {
            Event::Recorded { leg, serial, file, end: RecordEnd::Limit, .. }
            | Event::RecordFailed { leg, serial, file, .. } => (leg, file, serial),
            _ => return true,
        };
        let Some(open) = self.legs.get_mut(&leg).filter(|l| !l.is_full) else { return false };
        let same = |r: Record| r.file == file && r.serial == number;
        let runs = matches!(open.want.joined, Joined::Recorder(record) if same(record));
        open.is_full |= runs;
        if let (true, Event::Recorded { duration_ms, .. }) = (runs, event) {
            self.files.insert(file, *duration_ms);
        }
        runs
    }

    /// Length of a message's file in milliseconds, if there is one.
    pub fn length(&self, message: u64) -> Option<u32> {
        self.files.get(&FileId::Message(message)).copied()
    }

    fn want(&mut self, want: LegWant, failure: u64, rng: &mut Rng) -> Vec<(Micros, Event)> {
        let (leg, local) = (want.leg, want.local);
        let ends = match want.joined {
            Joined::Player(ref play) if play.repeat == Repeat::Once => {
                Some((PROMPT, Event::PlayEnded { leg, serial: play.serial }))
            }
            _ => None,
        };
        if let Some(open) = self.legs.get_mut(&leg) {
            let changed = open.want.joined != want.joined;
            open.is_full &= !changed;
            open.want = want;
            return ends.filter(|_| changed).into_iter().collect();
        }
        let soon = Micros(200 + rng.below(3_000));
        if rng.chance(failure, 1_000) {
            self.failed += 1;
            return vec![(soon, Event::Failed { leg, why: Failure::ResourceShortage })];
        }
        self.opened += 1;
        self.next_port = match self.next_port {
            16_384..=60_000 => self.next_port + 2,
            _ => 16_384,
        };
        let rtp = SocketAddr::new(local, self.next_port);
        let rtcp = SocketAddr::new(local, self.next_port + 1);
        self.legs.insert(leg, OpenLeg { want, rtp, is_full: false });
        let opened = std::iter::once((soon, Event::Opened { leg, rtp, rtcp }));
        opened.chain(ends).collect()
    }

    /// An open leg dies; which one is drawn.
    pub fn die(&mut self, rng: &mut Rng) -> Vec<Event> {
        let at = rng.below(self.legs.len() as u64) as usize;
        let Some(leg) = self.legs.keys().nth(at).copied() else { return Vec::new() };
        let ended = self.legs.remove(&leg).map_or(Joined::None, |l| l.recording());
        self.failed += 1;
        let failed = Event::Failed { leg, why: Failure::ResourceShortage };
        let recorded = self.recorded(leg, ended, rng).map(|(_, event)| event);
        recorded.into_iter().chain([failed]).collect()
    }

    /// Open legs, in order of their ids.
    pub fn legs(&self) -> impl Iterator<Item = (&LegId, &OpenLeg)> {
        self.legs.iter()
    }

    /// The leg that listens at an address.
    pub fn at(&self, address: SocketAddr) -> Option<&OpenLeg> {
        self.legs.values().find(|l| l.rtp == address)
    }

    /// An open leg.
    pub fn leg(&self, leg: LegId) -> Option<&OpenLeg> {
        self.legs.get(&leg)
    }

    /// Whether no leg is open.
    pub fn is_empty(&self) -> bool {
        self.legs.is_empty()
    }

    /// The process ended: legs are gone, files stay.
    pub fn crash(&mut self) {
        let open = self.legs.values().filter_map(|leg| match leg.recording() {
            Joined::Recorder(record) => Some((record.file, 2 * Record::MIN_MS)),
            _ => None,
        });
        self.files.extend(open);
        self.legs.clear();
    }
}
