//! One speaks, many listen: paging.
//!
//! | The speaker | Its listeners hear |
//! |---|---|
//! | `Joined::Speaker` | what it says, each as part of its own stream and with its own keys |
//! | `Joined::Player` | what the player plays |
//! | anything else, or not open | nothing |

use base::{LegId, Mono};
use mediactl::Joined;
use rtp::g711::Law;

use crate::clip::Frame;
use crate::codecs::Passage;
use crate::relay::Taken;
use crate::thread::{DATAGRAM_MAX, Worker};

impl Worker {
    /// Settles to whom a leg listens, and what its own listeners get of it, after its condition
    /// came or changed.
    pub(crate) fn hear(&mut self, at: usize) {
        let Some(leg) = self.legs.get_mut(at) else { return };
        let id = leg.want.leg;
        let wanted = match leg.want.joined {
            Joined::Listener(speaker) if speaker != id => Some(speaker),
            _ => None,
        };
        let old = std::mem::replace(&mut leg.hears, wanted);
        if old != wanted {
            self.deafen(at, old);
            if let Some(speaker) = wanted {
                self.audience.entry(speaker).or_default().push(at);
            }
        }
        if let Some(speaker) = wanted {
            self.tune(at, speaker);
        }
        // What it says itself may be coded in another way now.
        let listeners = self.audience.get_mut(&id).map(std::mem::take);
        if let Some(listeners) = listeners {
            listeners.iter().for_each(|to| self.tune(*to, id));
            self.seat(id, listeners);
        }
    }

    /// The leg listens to this one no more.
    pub(crate) fn deafen(&mut self, at: usize, speaker: Option<LegId>) {
        let Some(speaker) = speaker else { return };
        let Some(listeners) = self.audience.get_mut(&speaker) else { return };
        listeners.retain(|listener| *listener != at);
        if listeners.is_empty() {
            self.audience.remove(&speaker);
        }
    }

    /// Puts a list back that was taken out to be walked.
    fn seat(&mut self, speaker: LegId, listeners: Vec<usize>) {
        if let Some(seats) = self.audience.get_mut(&speaker) {
            *seats = listeners;
        }
    }

    /// Whether anybody listens to the leg.
    pub(crate) fn is_heard(&self, leg: LegId) -> bool {
        !self.audience.is_empty() && self.audience.contains_key(&leg)
    }

    fn tune(&mut self, at: usize, speaker: LegId) {
        let from = self.by_id.get(&speaker).and_then(|from| self.legs.get(*from));
        let passage = match (from, self.legs.get(at)) {
            (Some(from), Some(to)) => Passage::new(&from.want.payloads, &to.want.payloads),
            _ => Passage::Same,
        };
        if let Some(leg) = self.legs.get_mut(at) {
            leg.passage = passage;
        }
    }

    /// Sends a packet of leg `at` to all who listen to it.
    pub(crate) fn spread(
        &mut self,
        now: Mono,
        at: usize,
        buffer: &[u8; DATAGRAM_MAX],
        taken: &Taken,
    ) {
        let Some(leg) = self.legs.get(at) else { return };
        let (id, law) = (leg.want.leg, leg.codecs.law(taken.header.pt));
        let Some(listeners) = self.audience.get_mut(&id).map(std::mem::take) else { return };
        let mut copy = [0; DATAGRAM_MAX];
        for to in &listeners {
            let Some(to) = self.legs.get_mut(*to) else { continue };
            let Some(entry) = to.passage.look(taken.header.pt) else {
                to.tx.skip(&taken.header);
                continue;
            };
            // Each gets its own header and keys, written over the packet.
            if let (Some(copy), Some(packet)) = (copy.get_mut(..taken.len), buffer.get(..taken.len))
            {
                copy.copy_from_slice(packet);
            }
            to.relay(now, &mut copy, taken, (entry, law));
        }
        self.seat(id, listeners);
    }

    /// Sends a frame that is played to a leg to all who listen to that leg.
    pub(crate) fn share(
        &mut self,
        now: Mono,
        speaker: LegId,
        (law, frame): (Law, Frame),
        buffer: &mut [u8; DATAGRAM_MAX],
    ) {
        let Some(listeners) = self.audience.get_mut(&speaker).map(std::mem::take) else { return };
        let other = frame.map(|octet| law.to_other(octet));
        for to in &listeners {
            let Some(to) = self.legs.get_mut(*to) else { continue };
            let Some((wanted, _)) = to.codecs.play else { continue };
            to.play_frame(now, if wanted == law { &frame } else { &other }, buffer);
        }
        self.seat(speaker, listeners);
    }
}
