//! The only place of this crate that reads the clock.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use base::{Micros, Mono};

/// The plane's own time line; zero at its start.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    origin: Instant,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self { origin: Instant::now() }
    }

    pub(crate) fn now(&self) -> Mono {
        Mono(self.origin.elapsed().as_micros() as u64)
    }
}

/// Wall time as NTP writes it: seconds since 1900 and their fraction (RFC 3550 §4).
pub(crate) fn ntp() -> (u32, u32) {
    /// Seconds from 1900 to 1970.
    const ERA: u64 = 2_208_988_800;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let fraction = (u64::from(now.subsec_nanos()) << 32) / 1_000_000_000;
    (now.as_secs().wrapping_add(ERA) as u32, fraction as u32)
}

/// Deadlines t0 + n · period that do not drift.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Beat {
    period: Micros,
    next: Mono,
}

/// What became of deadlines that have passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Due {
    /// How many to carry out now: up to [`CATCH_UP`].
    pub(crate) run: u32,
    /// How many were too late and are skipped.
    pub(crate) skipped: u32,
}

/// Late by so many, a player catches up; by more, it skips (media design §8).
const CATCH_UP: u64 = 3;

impl Beat {
    /// The first deadline is one period after `now`.
    pub(crate) fn new(now: Mono, period: Micros) -> Self {
        Self { period, next: now + period }
    }

    pub(crate) fn next(&self) -> Mono {
        self.next
    }

    /// Takes the deadlines up to `now`.
    pub(crate) fn due(&mut self, now: Mono) -> Due {
        if now < self.next {
            return Due { run: 0, skipped: 0 };
        }
        let passed = now.since(self.next).0 / self.period.0 + 1;
        self.next += Micros(passed * self.period.0);
        let run = passed.min(CATCH_UP);
        Due { run: run as u32, skipped: (passed - run) as u32 }
    }
}
