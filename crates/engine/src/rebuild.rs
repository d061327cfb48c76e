//! A failure inside: the node is given up, the shard goes on with a new one (architecture §4.5).
//!
//! What survives: bindings with the connections that they came by, listeners, connections,
//! configuration, and everything that was confirmed. Calls do not: they are recorded, their
//! phones are told, their relays are closed. The input that failed is not tried again.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use base::event::Kind;
use base::limits::{SHARD_FAILURES_MAX, SHARD_FAILURES_WITHIN};
use base::{FlowId, Mono, Place, Rng};
use model::binding::StoredBinding;
use model::{Snapshot, StoredBoxes};
use node::journal::Header;
use node::{Input, Node, Output, Settings};

use crate::journal::Journal;
use crate::run::{Listener, Shard};

/// With what a node begins, the first one and each that follows.
pub(crate) struct Origin {
    pub(crate) place: Place,
    pub(crate) seed: [u8; 32],
    pub(crate) build: String,
    pub(crate) settings: Settings,
    pub(crate) local_names: Vec<String>,
    /// Folder and size of the journal.
    pub(crate) journal: Option<(PathBuf, u64)>,
    /// The configuration in force, as [`crate::Handle`] has it.
    pub(crate) snapshot: Arc<RwLock<Arc<Snapshot>>>,
}

impl Origin {
    /// The node of this origin after `failures` others, and the header of its journal.
    ///
    /// Each has a seed of its own, since ids of the one before are still in use out there.
    pub(crate) fn node(&self, failures: u64) -> (Node, Header) {
        let snapshot = Arc::clone(&self.snapshot.read().unwrap_or_else(PoisonError::into_inner));
        let mut seed = self.seed;
        if failures > 0 {
            Rng::from_seed(self.seed).derive(&format!("node {failures}")).fill(&mut seed);
        }
        let header = Header {
            place: self.place,
            seed,
            build: self.build.clone(),
            settings: self.settings.clone(),
            changes: snapshot.changes(),
            revision: snapshot.revision().0,
            local_names: self.local_names.clone(),
        };
        let node = Node::new(self.place, seed, snapshot, self.settings.clone());
        (node, header)
    }

    /// The journal of a node; `None` when none is wanted.
    pub(crate) fn journal(
        &self,
        header: &Header,
        now: base::Now,
    ) -> std::io::Result<Option<Journal>> {
        match &self.journal {
            Some((dir, size)) if *size > 0 => Journal::begin(dir, *size, header, now).map(Some),
            _ => Ok(None),
        }
    }
}

/// Failures of a shard so far.
#[derive(Default)]
pub(crate) struct Failures {
    count: u64,
    /// When the latest ones were, oldest first.
    recent: VecDeque<Mono>,
    /// Datagrams that a node failed at, oldest first: their sender repeats them (RFC 3261 §17),
    /// and would end each node after the other.
    poison: VecDeque<Box<[u8]>>,
}

/// Datagrams that are remembered; each is a defect of ours.
const POISON_MAX: usize = 8;

impl Failures {
    /// How many so far.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// Whether a node failed at this datagram.
    pub(crate) fn knows(&self, datagram: &[u8]) -> bool {
        self.poison.iter().any(|poison| **poison == *datagram)
    }

    /// A node failed at this datagram.
    pub(crate) fn remember(&mut self, datagram: &[u8]) {
        if self.poison.len() >= POISON_MAX {
            self.poison.pop_front();
        }
        self.poison.push_back(datagram.into());
    }

    /// Counts one; whether there are now too many in too short a time.
    pub(crate) fn too_many(&mut self, now: Mono) -> bool {
        self.count += 1;
        self.recent.push_back(now);
        while self.recent.front().is_some_and(|at| now.since(*at) > SHARD_FAILURES_WITHIN) {
            self.recent.pop_front();
        }
        self.recent.len() >= SHARD_FAILURES_MAX
    }
}

/// Runs `work`; false when it failed inside. What it leaves half done must not be relied on.
pub(crate) fn survives(work: impl FnOnce()) -> bool {
    catch_unwind(AssertUnwindSafe(work)).is_ok()
}

impl Shard {
    /// After a failure while an input was handled or its outputs executed; `rest` are the outputs
    /// that were not executed.
    pub(crate) fn rebuild(&mut self, rest: Vec<Output>) {
        let now = self.clock.now(self.clock.mono());
        let last = self.journal.as_ref().map(Journal::position).unwrap_or_default();
        tracing::error!(journal = %last, "failure inside; the node is given up at this input");
        self.metrics.restarted();
        let too_many = self.failures.too_many(now.mono);
        self.keep_facts(rest);
        // The journal ends here, on disk, and so does a replay of it.
        drop(self.journal.take());
        let mut bindings = Vec::new();
        if !survives(|| bindings = self.node.bindings()) {
            tracing::error!("the bindings are lost; phones must register again");
        }
        let mut boxes = StoredBoxes::default();
        if !survives(|| boxes = self.node.boxes()) {
            tracing::error!("voicemail boxes are closed until the next start");
        }
        let mut farewell = Vec::new();
        let whole = survives(|| self.node.wind_up(now, &mut farewell));
        let said = survives(|| self.execute(&mut farewell));
        if !whole || !said {
            tracing::error!("not every running call could be ended properly");
        }
        self.relays.close_all();
        // Whoever waits for an answer of the old node gets an error.
        self.waiting.clear();
        if too_many {
            tracing::error!("too many failures inside; the shard ends");
            self.given_up = true;
            return;
        }
        self.begin_anew(bindings, boxes);
    }

    /// Keeps what the node has decided for good, though nobody hears of it any more.
    fn keep_facts(&mut self, rest: Vec<Output>) {
        for output in rest {
            if let Output::Store { write } = output {
                self.durable.push(write);
            }
        }
        survives(|| self.flush());
    }

    fn begin_anew(&mut self, bindings: Vec<(FlowId, StoredBinding)>, boxes: StoredBoxes) {
        let (node, header) = self.origin.node(self.failures.count);
        self.node = node;
        let now = self.clock.now(self.clock.mono());
        match self.origin.journal(&header, now) {
            Ok(journal) => self.journal = journal,
            Err(error) => self.journal_failed(&error),
        }
        self.metrics.event(Kind::NodeRebuilt.into());
        let life = self.failures.count;
        for input in self.known_world(bindings, boxes) {
            self.input(input);
            if self.failures.count() != life {
                // It failed again; the node after that has been told all of it.
                return;
            }
        }
    }

    /// What a new node must be told: listeners, connections, bindings, voicemail boxes.
    fn known_world(
        &self,
        bindings: Vec<(FlowId, StoredBinding)>,
        boxes: StoredBoxes,
    ) -> Vec<Input> {
        let mut inputs: Vec<Input> = self.listeners.iter().map(Listener::opened).collect();
        let mut streams: Vec<_> = self.open.iter().collect();
        streams.sort_unstable_by_key(|(flow, _)| **flow);
        inputs.extend(streams.into_iter().map(|(flow, stream)| stream.opened(*flow)));
        if !bindings.is_empty() {
            inputs.push(Input::Resume { bindings });
        }
        if !boxes.is_empty() {
            inputs.push(Input::RestoreBoxes { boxes });
        }
        if self.draining {
            inputs.push(Input::Drain);
        }
        inputs
    }
}
