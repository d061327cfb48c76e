//! The media plane of the simulated machine: no packets, only who is joined to whom.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use base::{LegId, Rng};
use mediactl::{Command, Event, Failure, LegWant};

/// Legs that are open and the condition each was last given.
#[derive(Debug, Default)]
pub struct SimMedia {
    legs: BTreeMap<LegId, LegWant>,
    next_port: u16,
    /// Legs ever opened.
    pub opened: u64,
}

impl SimMedia {
    /// Does what a command says; the event that answers it, if any.
    pub fn handle(&mut self, command: Command, failure: u64, rng: &mut Rng) -> Option<Event> {
        match command {
            Command::Leg(want) => self.want(*want, failure, rng),
            Command::Close { leg } => {
                self.legs.remove(&leg);
                None
            }
            Command::SendDigit { .. } | Command::ReportStats { .. } => None,
        }
    }

    fn want(&mut self, want: LegWant, failure: u64, rng: &mut Rng) -> Option<Event> {
        let (leg, local) = (want.leg, want.local);
        if self.legs.insert(leg, want).is_some() {
            return None;
        }
        if rng.chance(failure, 1_000) {
            self.legs.remove(&leg);
            return Some(Event::Failed { leg, why: Failure::ResourceShortage });
        }
        self.opened += 1;
        self.next_port = if self.next_port < 16_384 { 16_384 } else { self.next_port + 2 };
        let rtp = SocketAddr::new(local, self.next_port);
        let rtcp = SocketAddr::new(local, self.next_port + 1);
        Some(Event::Opened { leg, rtp, rtcp })
    }

    /// Open legs, in order of their ids.
    pub fn legs(&self) -> impl Iterator<Item = (&LegId, &LegWant)> {
        self.legs.iter()
    }

    /// The condition of an open leg.
    pub fn leg(&self, leg: LegId) -> Option<&LegWant> {
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
