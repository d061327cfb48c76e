//! The media plane of the simulated machine: no packets, only who is joined to whom.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use base::{LegId, Micros, Rng};
use mediactl::{Command, Event, Failure, Joined, LegWant, Repeat};

/// How long a prompt plays.
const PROMPT: Micros = Micros::millis(2_500);

/// An open media leg.
#[derive(Debug, Clone)]
pub struct OpenLeg {
    /// The condition it was last given.
    pub want: LegWant,
    /// Where its far end sends.
    pub rtp: SocketAddr,
}

/// Legs that are open.
#[derive(Debug, Default)]
pub struct SimMedia {
    legs: BTreeMap<LegId, OpenLeg>,
    next_port: u16,
    /// Legs ever opened.
    pub opened: u64,
    /// Legs that failed.
    pub failed: u64,
}

impl SimMedia {
    /// Does what a command says; the event that follows, if any, and after what time.
    pub fn handle(
        &mut self,
        command: Command,
        failure: u64,
        rng: &mut Rng,
    ) -> Option<(Micros, Event)> {
        match command {
            Command::Leg(want) => self.want(*want, failure, rng),
            Command::Close { leg } => {
                self.legs.remove(&leg);
                None
            }
            Command::SendDigit { .. }
            | Command::ReportStats { .. }
            | Command::DeleteFile { .. } => None,
        }
    }

    fn want(&mut self, want: LegWant, failure: u64, rng: &mut Rng) -> Option<(Micros, Event)> {
        let (leg, local) = (want.leg, want.local);
        if let Some(open) = self.legs.get_mut(&leg) {
            let changed = open.want.joined != want.joined;
            open.want = want;
            return match open.want.joined {
                Joined::Player(play) if changed && play.repeat == Repeat::Once => {
                    Some((PROMPT, Event::PlayEnded { leg, serial: play.serial }))
                }
                _ => None,
            };
        }
        let soon = Micros(200 + rng.below(3_000));
        if rng.chance(failure, 1_000) {
            self.failed += 1;
            return Some((soon, Event::Failed { leg, why: Failure::ResourceShortage }));
        }
        self.opened += 1;
        self.next_port = match self.next_port {
            16_384..=60_000 => self.next_port + 2,
            _ => 16_384,
        };
        let rtp = SocketAddr::new(local, self.next_port);
        let rtcp = SocketAddr::new(local, self.next_port + 1);
        self.legs.insert(leg, OpenLeg { want, rtp });
        Some((soon, Event::Opened { leg, rtp, rtcp }))
    }

    /// An open leg dies; which one is drawn.
    pub fn die(&mut self, rng: &mut Rng) -> Option<Event> {
        let at = rng.below(self.legs.len() as u64) as usize;
        let leg = *self.legs.keys().nth(at)?;
        self.legs.remove(&leg);
        self.failed += 1;
        Some(Event::Failed { leg, why: Failure::ResourceShortage })
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

    /// The process ended: all is gone.
    pub fn crash(&mut self) {
        self.legs.clear();
    }
}
