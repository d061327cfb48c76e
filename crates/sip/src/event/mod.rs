//! Event subscriptions (RFC 6665): who watches what, and the NOTIFYs that tell them.
//!
//! A subscription is a dialog of its own and watches one [`Resource`], whose whole state is told
//! every time. Whoever owns the state hears of interest in it ([`WatchEvent`]) and gives the
//! state; the stack's own registrations are given by the stack.
//!
//! | What happens | Subscription | NOTIFY |
//! |---|---|---|
//! | SUBSCRIBE outside of a dialog | begins | at once, or as soon as the state is known |
//! | SUBSCRIBE in its dialog | goes on, with the sight of today | at once |
//! | … with `Expires: 0` | ends | the last one |
//! | newer state | | once its interval has passed and the one before is answered |
//! | 2xx | | the newest state, if it changed meanwhile |
//! | refusal with `Retry-After` | | again then |
//! | other refusals, no answer | gone | |
//! | the connection is cut | waits for the phone to register again | again then |
//! | its time is over, drain, resource or device gone | ends | the last one, with the reason |
//!
//! Cost: state reaches its watchers by index; a document is written once per change and sight;
//! what may not go yet waits in one queue, and nothing here scans all subscriptions but the drain.

use std::collections::VecDeque;

use base::id::DeviceId;
use base::{LegId, Mono, Now, Rng, Slots, Table};
use smallvec::SmallVec;

use crate::registrar::Registrar;
use crate::stack::{Config, Output};
use crate::txn::Layer;

mod body;
mod notify;
mod refusal;
mod resource;
mod state;
mod subscribe;
mod subscription;

#[cfg(test)]
mod tests;

pub use state::{
    ALLOW_EVENTS, DialogLine, DialogPhase, DialogSide, MessageSummary, Package, RegisteredContact,
    Resource, Sight, State, WatchEvent, Watched,
};

pub(crate) use refusal::Refusal;
pub(crate) use subscribe::{Ask, Subscribe};

use resource::Entry;
use subscription::{Key, Subscription};

/// The surroundings of one call into the [`Notifier`].
pub(crate) struct Io<'a> {
    /// The time of the input.
    pub(crate) now: Now,
    /// Transactions, timers, flows and the mint.
    pub(crate) layer: &'a mut Layer,
    /// Settings of the stack.
    pub(crate) config: &'a Config,
    /// Where a phone is that came back by another connection.
    pub(crate) registrar: &'a Registrar,
    /// What dialogs of calls are called.
    pub(crate) names: &'a dyn Names,
    /// Where transmissions go, in order.
    pub(crate) out: &'a mut Vec<Output>,
}

/// The dialogs of legs by their names.
pub(crate) trait Names {
    /// The dialog of a leg; `None` when it has ended.
    fn name_of(&self, leg: LegId) -> Option<Name<'_>>;
}

/// What names a dialog of a call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Name<'a> {
    /// Call-ID.
    pub(crate) call_id: &'a [u8],
    /// Our tag.
    pub(crate) ours: &'a [u8],
    /// The phone's tag; empty before its first answer.
    pub(crate) theirs: &'a [u8],
}

/// All subscriptions of a stack.
pub(crate) struct Notifier {
    subscriptions: Slots<Subscription>,
    generation: u32,
    by_tag: Table<[u8; 17], u32>,
    /// Oldest first.
    by_device: Table<DeviceId, SmallVec<[u32; 2]>>,
    entries: Slots<Entry>,
    by_resource: Table<Resource, u32>,
    /// Whose NOTIFY may go as soon as there is room; each at most once.
    ready: VecDeque<Key>,
    pace: Pace,
    /// Subscriptions whose phone cannot be reached now.
    stuck: usize,
    /// The body being written.
    scratch: Vec<u8>,
}

/// How many NOTIFYs have gone lately.
#[derive(Default)]
struct Pace {
    began: Mono,
    sent: usize,
    is_armed: bool,
}

impl Notifier {
    /// No subscriptions yet.
    pub(crate) fn new(rng: &Rng) -> Self {
        let mut rng = rng.derive("notifier");
        Notifier {
            subscriptions: Slots::new(),
            generation: 0,
            by_tag: Table::new(&mut rng),
            by_device: Table::new(&mut rng),
            entries: Slots::new(),
            by_resource: Table::new(&mut rng),
            ready: VecDeque::new(),
            pace: Pace::default(),
            stuck: 0,
            scratch: Vec::new(),
        }
    }

    /// Number of subscriptions, those included whose last NOTIFY is on its way.
    pub(crate) fn len(&self) -> usize {
        self.subscriptions.len()
    }

    /// Whether no subscription is left.
    pub(crate) fn is_empty(&self) -> bool {
        self.subscriptions.is_empty()
    }

    /// Whether there is no room for one more.
    pub(crate) fn is_full(&self) -> bool {
        self.len() >= base::limits::SUBSCRIPTIONS_MAX
    }

    /// Whether somebody watches.
    pub(crate) fn watches(&self, resource: &Resource) -> bool {
        self.by_resource.contains_key(resource)
    }

    /// Whether a phone of the device watches.
    pub(crate) fn is_watched_by(&self, device: DeviceId, resource: &Resource) -> bool {
        let held = self.by_device.get(&device).into_iter().flatten();
        let entries = held.filter_map(|index| self.subscriptions.get(*index as usize));
        let mut watched = entries.filter_map(|s| self.entries.get(s.entry as usize));
        watched.any(|entry| entry.resource == *resource)
    }

    fn get(&mut self, key: Key) -> Option<&mut Subscription> {
        self.subscriptions.get_mut(key.index as usize).filter(|s| s.key == key)
    }
}
