//! The only place where the engine reads clocks.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use base::{Micros, Mono, Now, Wall};

/// Both clocks of a shard; its start is [`Mono`] 0.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    start: Instant,
}

impl Default for Clock {
    fn default() -> Self {
        Self::start()
    }
}

impl Clock {
    /// Starts the monotonic clock at 0.
    pub fn start() -> Self {
        Clock { start: Instant::now() }
    }

    /// Time since start.
    pub fn mono(&self) -> Mono {
        Mono(self.start.elapsed().as_micros() as u64)
    }

    /// The stamp of an input that may have waited since `since`.
    pub fn now(&self, since: Mono) -> Now {
        let mono = self.mono();
        Now { mono, wall: wall(), lag: mono.since(since) }
    }

    /// The instant of a deadline, for the runtime's timer.
    pub fn instant(&self, at: Mono) -> Instant {
        self.start + std::time::Duration::from_micros(at.0)
    }
}

/// Milliseconds since 1970 UTC; 0 when the machine's clock stands before that.
pub fn wall() -> Wall {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Wall(since.as_millis() as i64)
}

/// A span as the runtime wants it.
pub fn duration(span: Micros) -> std::time::Duration {
    std::time::Duration::from_micros(span.0)
}
