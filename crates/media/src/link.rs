//! Who hears whom: two legs that name each other.

use mediactl::Joined;

use crate::codecs::Passage;
use crate::thread::Worker;

impl Worker {
    /// Settles the partner of a leg after its condition came or changed.
    pub(crate) fn link(&mut self, at: usize) {
        let Some(leg) = self.legs.get(at) else { return };
        let (id, old) = (leg.want.leg, leg.peer);
        let named = match leg.want.joined {
            Joined::Leg(other) => self.by_id.get(&other).copied(),
            Joined::None
            | Joined::Player(_)
            | Joined::Echo
            | Joined::Recorder(_)
            | Joined::Speaker
            | Joined::Listener(_) => None,
        };
        let names_us = |other: &usize| {
            let other = self.legs.get(*other);
            other.is_some_and(|o| o.want.joined == Joined::Leg(id))
        };
        let new = named.filter(|other| *other != at).filter(names_us);
        if old != new {
            self.set_peer(old, None);
        }
        self.set_peer(Some(at), new);
        self.set_peer(new, Some(at));
    }

    fn set_peer(&mut self, at: Option<usize>, peer: Option<usize>) {
        let Some(at) = at else { return };
        let passage = match (self.legs.get(at), peer.and_then(|p| self.legs.get(p))) {
            (Some(from), Some(to)) => Passage::new(&from.want.payloads, &to.want.payloads),
            _ => Passage::Same,
        };
        if let Some(leg) = self.legs.get_mut(at) {
            leg.peer = peer;
            leg.passage = passage;
        }
    }
}
