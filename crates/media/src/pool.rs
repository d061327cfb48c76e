//! Local ports (media design §6): shuffled at start, reused in order, quarantined after use.

use std::collections::VecDeque;

use base::{Micros, Mono, Rng};

use crate::Ports;

/// A used port rests so long, so that late packets of an ended call find nobody.
pub(crate) const QUARANTINE: Micros = Micros::seconds(10);

/// When the pool would run dry, a port rests at least so long. Quarantine alone refuses no call.
pub(crate) const QUARANTINE_MIN: Micros = Micros::seconds(1);

/// The even ports of the pairs.
#[derive(Debug)]
pub(crate) struct PortPool {
    free: VecDeque<u16>,
    resting: VecDeque<(u16, Mono)>,
    kernel: bool,
}

/// A port to try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pick {
    /// This one and the next.
    Pair(u16),
    /// Ask the kernel.
    Any,
}

impl PortPool {
    pub(crate) fn new(ports: &Ports, rng: &mut Rng) -> Self {
        let even = |p: &u16| p.is_multiple_of(2);
        let mut free: Vec<u16> = match ports {
            // A pair ends within the range.
            Ports::Range(range) => (*range.start()..*range.end()).filter(even).collect(),
            Ports::Kernel => Vec::new(),
        };
        let kernel = *ports == Ports::Kernel;
        for last in (1..free.len()).rev() {
            free.swap(last, rng.below(last as u64 + 1) as usize);
        }
        Self { free: free.into(), resting: VecDeque::new(), kernel }
    }

    /// The next port; `None` when all are in use or rest for less than a second.
    pub(crate) fn take(&mut self, now: Mono) -> Option<Pick> {
        if self.kernel {
            return Some(Pick::Any);
        }
        while let Some((port, since)) = self.resting.front().copied() {
            if now.since(since) < QUARANTINE {
                break;
            }
            self.resting.pop_front();
            self.free.push_back(port);
        }
        if let Some(port) = self.free.pop_front() {
            return Some(Pick::Pair(port));
        }
        let (port, since) = self.resting.front().copied()?;
        (now.since(since) >= QUARANTINE_MIN).then(|| {
            self.resting.pop_front();
            Pick::Pair(port)
        })
    }

    /// Gives a port back; also one that somebody else holds, to be tried again later.
    pub(crate) fn free(&mut self, now: Mono, pick: Pick) {
        match pick {
            Pick::Pair(port) => self.resting.push_back((port, now)),
            Pick::Any => {}
        }
    }

    /// How many ports it holds, resting ones included.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.free.len() + self.resting.len()
    }
}
