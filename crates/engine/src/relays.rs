//! The shard's side of the media plane: which legs are open there, and what it refused.
//!
//! The plane takes no more commands while its queue is full. A leg that it did not take is
//! reported to the node as failed, as the plane would have done itself; a close is tried again
//! until it is taken, since a leg that is forgotten keeps its ports for ever.

use std::collections::HashSet;

use base::{LegId, Micros};
use media::Busy;
use mediactl::{Command, Event, Failure, Load};

/// How often closes are tried again.
pub(crate) const AGAIN: Micros = Micros::millis(20);

type Send = Box<dyn Fn(Command) -> Result<(), Busy> + std::marker::Send>;

/// Legs of this shard in the media plane.
pub(crate) struct Relays {
    media: Send,
    open: HashSet<LegId>,
    unclosed: Vec<LegId>,
    refused: Vec<LegId>,
}

impl Relays {
    /// None open; `media` hands a command to the plane.
    pub(crate) fn new(
        media: impl Fn(Command) -> Result<(), Busy> + std::marker::Send + 'static,
    ) -> Self {
        let media = Box::new(media);
        Relays { media, open: HashSet::new(), unclosed: Vec::new(), refused: Vec::new() }
    }

    /// Hands a command over; false when the plane did not take it.
    pub(crate) fn tell(&mut self, command: Command) -> bool {
        let (leg, opens) = match &command {
            Command::Leg(want) => (want.leg, Some(true)),
            Command::Close { leg } => (*leg, Some(false)),
            Command::SendDigit { leg, .. } | Command::ReportStats { leg } => (*leg, None),
            Command::DeleteFile { .. } => return (self.media)(command).is_ok(),
        };
        let taken = (self.media)(command).is_ok();
        match opens {
            Some(true) if taken => {
                self.open.insert(leg);
            }
            Some(true) => {
                self.open.remove(&leg);
                self.refused.push(leg);
                self.unclosed.push(leg);
            }
            Some(false) => {
                self.open.remove(&leg);
                if !taken {
                    self.unclosed.push(leg);
                }
            }
            None => {}
        }
        taken
    }

    /// The plane reports: a leg that failed is open no more. Its new load, when that is the news.
    pub(crate) fn heard(&mut self, event: &Event) -> Option<Load> {
        match event {
            Event::Failed { leg, .. } => {
                self.open.remove(leg);
                None
            }
            Event::Overload { load } => Some(*load),
            _ => None,
        }
    }

    /// What the node must hear about a leg that the plane did not take; tries the closes again.
    pub(crate) fn setback(&mut self) -> Option<Event> {
        while let Some(leg) = self.unclosed.pop() {
            if (self.media)(Command::Close { leg }).is_err() {
                self.unclosed.push(leg);
                break;
            }
        }
        let leg = self.refused.pop()?;
        Some(Event::Failed { leg, why: Failure::ResourceShortage })
    }

    /// Whether [`Relays::setback`] should be asked again soon.
    pub(crate) fn is_behind(&self) -> bool {
        !self.unclosed.is_empty() || !self.refused.is_empty()
    }

    /// Closes every leg that is open: no call has it any more.
    pub(crate) fn close_all(&mut self) {
        let mut legs: Vec<LegId> = self.open.iter().copied().collect();
        legs.sort_unstable();
        for leg in legs {
            self.tell(Command::Close { leg });
        }
        self.refused.clear();
    }
}
