//! One life of the node: its inputs are recorded, its outputs hashed.

use std::sync::Arc;

use base::{Now, Place};
use model::{Change, Snapshot};
use node::journal::{self, Header, OutputHash, Recorded};
use node::{Input, Node, Output, Settings};

use crate::company::Company;

/// Where the node runs: not the place that an id without one would seem to name.
pub const PLACE: Place = Place::new(0, 2);

/// What is done to a node before its first input; a planted bug comes in here.
pub type Prepare = fn(&mut Node);

/// A running node with its journal.
pub struct Machine {
    /// The machine itself.
    pub node: Node,
    journal: Vec<u8>,
    hash: OutputHash,
    prepare: Option<Prepare>,
}

impl Machine {
    /// Starts a node with the company's configuration; `None` when that does not fit together.
    pub fn start(
        seed: [u8; 32],
        company: &Company,
        settings: Settings,
        prepare: Option<Prepare>,
    ) -> Option<Self> {
        let header = Header {
            place: PLACE,
            seed,
            build: "sim".into(),
            settings: settings.clone(),
            changes: company.snapshot.changes(),
            revision: company.snapshot.revision().0,
            local_names: Vec::new(),
        };
        let mut journal = Vec::new();
        journal::write_header(&header, &mut journal);
        let node = new_node(&header, header.snapshot()?, prepare);
        Some(Machine { node, journal, hash: OutputHash::default(), prepare })
    }

    /// Applies one input and records it.
    pub fn handle(&mut self, now: Now, input: Input) -> Vec<Output> {
        let before = self.hash.value();
        match &input {
            Input::Config { snapshot, changes } => {
                let made: (&[Change], u64) = (changes, snapshot.revision().0);
                journal::write_config(now, before, made, &mut self.journal);
            }
            other => {
                journal::write_input(now, before, other, &mut self.journal);
            }
        }
        let mut out = Vec::new();
        self.node.handle(now, input, &mut out);
        for output in &out {
            self.hash.add(output);
        }
        out
    }

    /// Hash of all outputs so far.
    pub fn hash(&self) -> u64 {
        self.hash.value()
    }

    /// Repeats the recorded life; the first record before which the outputs differ, if any.
    pub fn replay(&self) -> Result<(), String> {
        let told = |e: journal::JournalError| e.to_string();
        let (header, mut at) = journal::read_header(&self.journal).map_err(told)?;
        let snapshot = header.snapshot().ok_or("the journal's configuration does not fit")?;
        let mut current = snapshot.clone();
        let mut node = new_node(&header, snapshot, self.prepare);
        let mut hash = OutputHash::default();
        let mut out = Vec::new();
        let mut count = 0;
        while let Some(rest) = self.journal.get(at..)
            && let Some((record, used)) = journal::read_record(rest).map_err(told)?
        {
            if record.before != hash.value() {
                return Err(format!("outputs differ before record {count}"));
            }
            let input = match record.input {
                Recorded::Input(input) => *input,
                Recorded::Config { changes, revision } => {
                    let next = journal::changed(&current, &changes, revision);
                    let next = next.ok_or("recorded changes do not fit")?;
                    let snapshot = Arc::new(next);
                    // What came too late is no ground for what came after it.
                    if snapshot.revision() > current.revision() {
                        current = Snapshot::clone(&snapshot);
                    }
                    Input::Config { snapshot, changes: Arc::new(changes) }
                }
            };
            out.clear();
            node.handle(record.now, input, &mut out);
            for output in &out {
                hash.add(output);
            }
            at += used;
            count += 1;
        }
        match hash.value() == self.hash.value() {
            true => Ok(()),
            false => Err(format!("outputs differ at the end, after {count} records")),
        }
    }
}

fn new_node(header: &Header, snapshot: Snapshot, prepare: Option<Prepare>) -> Node {
    let settings = header.settings.clone();
    let mut node = Node::new(header.place, header.seed, Arc::new(snapshot), settings);
    if let Some(prepare) = prepare {
        prepare(&mut node);
    }
    node
}
