//! Counters of the process, shown at `/metrics`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use base::event::{Event, Kind, Level};

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
            }),
        }
    }

    /// Counts an event; those that someone should read become log lines.
    pub fn event(&self, event: Event) {
        if let Some(slot) = self.shared.events.get(event.kind as usize) {
            slot.fetch_add(u64::from(event.count), Ordering::Relaxed);
        }
        let (id, text) = (event.kind.id(), event.kind.texts().1);
        match event.kind.level() {
            Level::Count => {}
            Level::Info => tracing::info!(id, count = event.count, "{text}"),
            Level::Warning => tracing::warn!(id, count = event.count, "{text}"),
            Level::Alarm => tracing::error!(id, count = event.count, "{text}"),
        }
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
