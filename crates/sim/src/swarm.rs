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
    /// Mean time between changes by administrators; 0 = none.
    pub config_every: Micros,
    /// Mean time between broken packets; 0 = none.
    pub noise_every: Micros,
    /// Mean time after which a phone's NAT gives it another port, or its connection is cut;
    /// 0 = never.
    pub cut_every: Micros,
    /// Mean time between jumps of the wall clock; 0 = none.
    pub jump_every: Micros,
    /// Phones of ten that speak by connections.
    pub connected: u64,
    /// All calls go through the media plane.
    pub relay: bool,
    /// Seconds of a registration that phones ask for.
    pub expires_s: u32,
    /// Session-Expires of node and phones, seconds.
    pub session_s: u32,
}

/// A session timer that does not come due in a run, seconds.
pub const TIMELESS_S: u32 = 20_000;

impl Swarm {
    /// Draws the faults of a run. What `mishaps` draws came later than the first seeds, which
    /// keep their meaning.
    pub fn draw(rng: &mut Rng, mishaps: &mut Rng) -> Self {
        let mut some = |max: u64| if rng.chance(2, 3) { rng.below(max + 1) } else { 0 };
        let (loss, duplicate, reorder) = (some(80), some(80), some(120));
        let media_failure = some(20);
        let mut every = |one_in: u64, from: u64, to: u64| {
            Micros::seconds(if rng.chance(1, one_in) { from + rng.below(to - from) } else { 0 })
        };
        let mut reboot_every = every(2, 60, 300);
        let mut restart_every = every(3, 40, 120);
        let config_every = every(3, 20, 60);
        let noise_every = every(2, 2, 20);
        let mut session_s = 90 + rng.below(90) as u32;
        let mut later = |one_in: u64, from: u64, to: u64| {
            Micros::seconds(if mishaps.chance(1, one_in) {
                from + mishaps.below(to - from)
            } else {
                0
            })
        };
        let (mut cut_every, jump_every) = (later(2, 40, 200), later(4, 20, 80));
        let connected = if mishaps.chance(1, 3) { 1 + mishaps.below(10) } else { 0 };
        // Session timers heal what was lost with a process, and leaks as well: in half of the
        // runs nobody forgets anything and no such timer comes due.
        if rng.chance(1, 2) {
            (reboot_every, restart_every, cut_every) = (Micros(0), Micros(0), Micros(0));
            session_s = TIMELESS_S;
        }
        Swarm {
            loss,
            duplicate,
            reorder,
            delay: Micros::millis(1 + rng.below(60)),
            late: Micros::millis(20 + rng.below(700)),
            reboot_every,
            restart_every,
            media_failure,
            config_every,
            noise_every,
            cut_every,
            jump_every,
            connected,
            relay: rng.chance(1, 3),
            expires_s: 60 + rng.below(60) as u32,
            session_s,
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
            config_every: Micros(0),
            noise_every: Micros(0),
            cut_every: Micros(0),
            jump_every: Micros(0),
            connected: 0,
            relay: false,
            expires_s: 3_600,
            session_s: 1_800,
        }
    }

    /// The same run with the faults switched off.
    pub fn healed(self) -> Self {
        Swarm {
            relay: self.relay,
            connected: self.connected,
            expires_s: self.expires_s,
            session_s: self.session_s,
            ..Swarm::calm()
        }
    }
}
