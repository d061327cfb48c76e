//! Each seed draws its own fault probabilities (swarm testing), so that rare mixes happen.

use base::{Micros, Rng};

/// What may go wrong in one run, and how often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Swarm {
    /// Datagrams lost, per mille.
    pub loss: u64,
    /// Datagrams delivered twice, per mille.
    pub duplicate: u64,
    /// Datagrams delayed beyond their followers, per mille.
    pub reorder: u64,
    /// Usual delay of the network.
    pub delay: Micros,
    /// Extra delay of a reordered datagram.
    pub late: Micros,
    /// Mean time between reboots of one phone; 0 = none.
    pub reboot_every: Micros,
    /// Mean time between restarts of the node; 0 = none.
    pub restart_every: Micros,
    /// Media plane refuses a leg, per mille.
    pub media_failure: u64,
    /// Callees that never hang up by themselves, per mille.
    pub patient: u64,
    /// Calls go through the media plane.
    pub relay: bool,
}

impl Swarm {
    /// Draws the faults of a run.
    pub fn draw(rng: &mut Rng) -> Self {
        let mut some = |max: u64| if rng.chance(2, 3) { rng.below(max + 1) } else { 0 };
        let (loss, duplicate, reorder) = (some(80), some(80), some(120));
        let media_failure = some(20);
        let delay = Micros::millis(1 + rng.below(60));
        Swarm {
            loss,
            duplicate,
            reorder,
            delay,
            late: Micros::millis(20 + rng.below(700)),
            reboot_every: Micros::seconds(if rng.chance(1, 2) { 60 + rng.below(240) } else { 0 }),
            restart_every: Micros::seconds(if rng.chance(1, 3) { 60 + rng.below(120) } else { 0 }),
            media_failure,
            patient: 500,
            relay: rng.chance(1, 2),
        }
    }

    /// A network and people without faults: the liveness phase, and scenarios.
    pub fn calm() -> Self {
        Swarm {
            loss: 0,
            duplicate: 0,
            reorder: 0,
            delay: Micros::millis(5),
            late: Micros::millis(0),
            reboot_every: Micros(0),
            restart_every: Micros(0),
            media_failure: 0,
            patient: 500,
            relay: false,
        }
    }

    /// The same run with the faults switched off.
    pub fn healed(self) -> Self {
        Swarm { relay: self.relay, patient: self.patient, ..Swarm::calm() }
    }
}
