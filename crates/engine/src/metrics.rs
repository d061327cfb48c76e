//! Counters of the process, shown at `/metrics`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use base::Micros;
use base::event::{Event, Kind, Level};

use crate::clock::Clock;

/// Counters by kind of event, and a few of the shell's own; shared with the metrics page.
#[derive(Debug, Clone)]
pub struct Metrics {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    events: Vec<AtomicU64>,
    received: AtomicU64,
    sent: AtomicU64,
    unsent: AtomicU64,
    inputs: AtomicU64,
    restarts: AtomicU64,
    spool_refuses: AtomicBool,
    media_full: AtomicBool,
    clock: Clock,
    /// Per kind: when its latest log line was, and how many events were not told since.
    told: Vec<Told>,
}

#[derive(Debug, Default)]
struct Told {
    at: AtomicU64,
    untold: AtomicU64,
}

/// Shortest time between two log lines of the same kind: what happens thousands of times a second
/// must not fill the disk, least of all that the disk is full.
const LINES_EVERY: Micros = Micros::seconds(1);

impl Shared {
    /// How many events a log line should speak of now; `None` when it is too soon for one.
    fn to_tell(&self, kind: Kind, count: u64) -> Option<u64> {
        let told = self.told.get(kind as usize)?;
        let untold = told.untold.fetch_add(count, Ordering::Relaxed) + count;
        // 0 = never told.
        let (now, last) = (self.clock.mono().0.max(1), told.at.load(Ordering::Relaxed));
        if last != 0 && now.saturating_sub(last) < LINES_EVERY.0 {
            return None;
        }
        told.at.store(now, Ordering::Relaxed);
        told.untold.fetch_sub(untold, Ordering::Relaxed);
        Some(untold)
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// All zero.
    pub fn new() -> Self {
        let events = Kind::ALL.iter().map(|_| AtomicU64::new(0)).collect();
        Metrics {
            shared: Arc::new(Shared {
                events,
                received: AtomicU64::new(0),
                sent: AtomicU64::new(0),
                unsent: AtomicU64::new(0),
                inputs: AtomicU64::new(0),
                restarts: AtomicU64::new(0),
                spool_refuses: AtomicBool::new(false),
                media_full: AtomicBool::new(false),
                clock: Clock::start(),
                told: Kind::ALL.iter().map(|_| Told::default()).collect(),
            }),
        }
    }

    /// Counts an event; those that someone should read become log lines, at most one a second of
    /// each kind.
    pub fn event(&self, event: Event) {
        let (kind, count) = (event.kind, u64::from(event.count));
        if let Some(slot) = self.shared.events.get(kind as usize) {
            slot.fetch_add(count, Ordering::Relaxed);
        }
        if kind.level() == Level::Count {
            return;
        }
        let Some(count) = self.shared.to_tell(kind, count) else { return };
        let (id, text) = (kind.id(), kind.texts().1);
        match kind.level() {
            Level::Count => {}
            Level::Info => tracing::info!(id, count, "{text}"),
            Level::Warning => tracing::warn!(id, count, "{text}"),
            Level::Alarm => tracing::error!(id, count, "{text}"),
        }
    }

    /// What was decided could (not) be written to the spool lately.
    pub(crate) fn set_spool_refuses(&self, refuses: bool) {
        self.shared.spool_refuses.store(refuses, Ordering::Relaxed);
    }

    /// Whether the spool refused what was last written to it.
    pub fn spool_refuses(&self) -> bool {
        self.shared.spool_refuses.load(Ordering::Relaxed)
    }

    /// The media plane takes no new legs, or does again.
    pub(crate) fn set_media_full(&self, full: bool) {
        self.shared.media_full.store(full, Ordering::Relaxed);
        if full {
            self.event(Kind::MediaFull.into());
        }
    }

    /// Whether the media plane takes no new legs now; it refuses each that is asked for.
    pub fn media_full(&self) -> bool {
        self.shared.media_full.load(Ordering::Relaxed)
    }

    pub(crate) fn received(&self) {
        self.shared.received.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn sent(&self, ok: bool) {
        let slot = if ok { &self.shared.sent } else { &self.shared.unsent };
        slot.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn input(&self) {
        self.shared.inputs.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn restarted(&self) {
        self.shared.restarts.fetch_add(1, Ordering::Relaxed);
    }

    /// SIP messages received so far.
    pub fn messages(&self) -> u64 {
        self.shared.received.load(Ordering::Relaxed)
    }

    /// How often a node was given up because it failed inside.
    pub fn restarts(&self) -> u64 {
        self.shared.restarts.load(Ordering::Relaxed)
    }

    /// How often events of `kind` happened.
    pub fn count(&self, kind: Kind) -> u64 {
        self.shared.events.get(kind as usize).map_or(0, |c| c.load(Ordering::Relaxed))
    }

    /// The counters in Prometheus text form.
    pub fn text(&self) -> String {
        let mut out = String::from("# TYPE naisen_events_total counter\n");
        for (kind, count) in Kind::ALL.iter().zip(&self.shared.events) {
            let value = count.load(Ordering::Relaxed);
            out.push_str(&format!("naisen_events_total{{id=\"{}\"}} {value}\n", kind.id()));
        }
        for (name, slot) in [
            ("naisen_sip_messages_received_total", &self.shared.received),
            ("naisen_sip_messages_sent_total", &self.shared.sent),
            ("naisen_sip_messages_unsent_total", &self.shared.unsent),
            ("naisen_node_inputs_total", &self.shared.inputs),
            ("naisen_shard_restarts_total", &self.shared.restarts),
        ] {
            let value = slot.load(Ordering::Relaxed);
            out.push_str(&format!("# TYPE {name} counter\n{name} {value}\n"));
        }
        out
    }
}
