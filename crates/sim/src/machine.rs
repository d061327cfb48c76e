//! One life of the node: the inputs of its shards are recorded, their outputs hashed.

use std::net::SocketAddr;
use std::sync::Arc;

use base::id::{DeviceId, TenantId};
use base::{CallId, Dn, Mono, Now, Place};
use callctl::lamps::DialogLine;
use callctl::{CallSummary, LegSurvey, Moment, Waiting};
use model::{Change, Snapshot};
use node::journal::{self, Header, OutputHash, Recorded};
use node::{Input, Node, Output, Settings};
use sip::stack::DialogSurvey;
use sip::steer::{self, Shards};

use crate::company::{Company, DOMAIN, sip_id, tenant_id};

/// Where the node runs: not the place that an id without one would seem to name.
pub const PLACE: Place = Place::new(0, 2);

/// What is done to a node before its first input; a planted bug comes in here.
pub type Prepare = fn(&mut Node);

/// A running node: one shard or several, with a reader in front that steers what arrives.
///
/// What a shard knows of other shards is nothing yet: a call rings only at phones that are
/// registered where its INVITE goes.
pub struct Machine {
    shards: Vec<Shard>,
    steering: Shards,
}

/// One shard and its journal.
struct Shard {
    node: Node,
    journal: Vec<u8>,
    hash: OutputHash,
    prepare: Option<Prepare>,
}

impl Machine {
    /// Starts a node of `count` shards with the company's configuration; `None` when that does
    /// not fit together. The only shard of a node stands at [`PLACE`]. `steering` is the same in
    /// every life of the node: it decides where phones are at home.
    pub fn start(
        seed: [u8; 32],
        company: &Company,
        settings: &Settings,
        (steering, prepare): (Shards, Option<Prepare>),
    ) -> Option<Self> {
        let count = steering.count();
        let start = |shard: u8| {
            let mut seed = seed;
            seed[31] ^= shard;
            let place = if count == 1 { PLACE } else { Place::new(PLACE.node(), shard) };
            Shard::start((place, seed), company, settings.clone(), prepare)
        };
        let shards = (0..count).map(start).collect::<Option<Vec<Shard>>>()?;
        Some(Machine { shards, steering })
    }

    /// Applies one input, each shard what is for it.
    pub fn handle(&mut self, now: Now, input: Input) -> Vec<Output> {
        match input {
            Input::Received { ref bytes, .. } => {
                let shard = self.shard_of(bytes);
                self.shards.get_mut(shard).map(|s| s.handle(now, input)).unwrap_or_default()
            }
            Input::Restore { bindings } => {
                let mut parts = vec![Vec::new(); self.shards.len()];
                for binding in bindings {
                    // The device is the one of that number in the list of phones.
                    let index = (binding.device.0.0 & 0xffff) as usize;
                    let home = self.home(index);
                    parts.get_mut(home).into_iter().for_each(|p| p.push(binding.clone()));
                }
                let pairs = self.shards.iter_mut().zip(parts);
                pairs.flat_map(|(s, bindings)| s.handle(now, Input::Restore { bindings })).collect()
            }
            Input::Tick => {
                let due = |s: &&mut Shard| s.node.next_deadline().is_some_and(|d| d <= now.mono);
                let due = self.shards.iter_mut().filter(due);
                due.flat_map(|s| s.handle(now, Input::Tick)).collect()
            }
            // Of what belongs to another shard a shard knows nothing.
            other => self.shards.iter_mut().flat_map(|s| s.handle(now, other.clone())).collect(),
        }
    }

    /// The shard that a message goes to.
    pub fn shard_of(&self, bytes: &[u8]) -> usize {
        match self.shards.len() {
            1 => 0,
            _ => usize::from(steer::place(bytes, &self.steering).shard()),
        }
    }

    /// The shard at which the n-th phone registers.
    pub fn home(&self, phone: usize) -> usize {
        let (user, domain) = (sip_id(phone), DOMAIN);
        let text = format!("REGISTER sip:{domain} SIP/2.0\r\nTo: <sip:{user}@{domain}>\r\n\r\n");
        self.shard_of(text.as_bytes())
    }

    fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.shards.iter().map(|s| &s.node)
    }

    /// When `Tick` is due.
    pub fn next_deadline(&self) -> Option<Mono> {
        self.nodes().filter_map(Node::next_deadline).min()
    }

    /// The dialogs of all stacks.
    pub fn dialogs(&self) -> impl Iterator<Item = DialogSurvey> {
        self.nodes().flat_map(|n| n.stack().dialogs())
    }

    /// The legs of all calls.
    pub fn legs(&self) -> impl Iterator<Item = LegSurvey> {
        self.nodes().flat_map(|n| n.calls().survey())
    }

    /// All calls.
    pub fn calls(&self) -> impl Iterator<Item = CallId> {
        self.nodes().flat_map(|n| n.calls().calls()).map(|c| c.call)
    }

    /// What decisions find now at a shard, without the call itself.
    pub fn moment(
        &self,
        shard: usize,
        (at, tenant): (Mono, TenantId),
        call: Option<CallId>,
    ) -> Option<Moment> {
        self.shards.get(shard).map(|s| s.node.moment(at, tenant, call))
    }

    /// Number of shards.
    pub fn shards_len(&self) -> usize {
        self.shards.len()
    }

    /// The running calls of a shard.
    pub fn calls_of(&self, shard: usize) -> impl Iterator<Item = CallSummary> {
        self.shards.get(shard).into_iter().flat_map(|s| s.node.calls().calls())
    }

    /// The configuration in force at the first shard.
    pub fn snapshot(&self) -> &Snapshot {
        self.shards[0].node.snapshot()
    }

    /// The calls of a number of the company at the first shard, as lamps should show them.
    pub fn lamp(&self, dn: Dn) -> Vec<DialogLine> {
        let first = self.shards.first();
        first.map(|s| s.node.calls().dialogs_of(tenant_id(), dn)).unwrap_or_default()
    }

    /// The messages in the box of a number at the first shard.
    pub fn waiting(&self, dn: Dn) -> Waiting {
        let first = self.shards.first();
        first.map(|s| s.node.calls().waiting(tenant_id(), dn)).unwrap_or_default()
    }

    /// Number of subscriptions.
    pub fn subscriptions_len(&self) -> usize {
        self.nodes().map(|n| n.stack().subscriptions_len()).sum()
    }

    /// How many numbers a call of a shard has rung, and the steps decided since.
    pub fn decided(&self, shard: usize, call: CallId) -> Option<(usize, usize)> {
        self.shards.get(shard)?.node.calls().decided(call)
    }

    /// Where the bindings of a device came from.
    pub fn sources(&self, device: DeviceId) -> impl Iterator<Item = SocketAddr> {
        self.nodes().flat_map(move |n| n.stack().contacts(device)).map(|(_, b)| b.source)
    }

    /// Number of bindings.
    pub fn bindings_len(&self) -> usize {
        self.nodes().map(|n| n.stack().bindings_len()).sum()
    }

    /// The lowest revision that is in force somewhere.
    pub fn revision(&self) -> u64 {
        self.nodes().map(|n| n.snapshot().revision().0).min().unwrap_or(0)
    }

    /// Whether call control, and whether the stacks, have nothing left.
    pub fn drained(&self) -> (bool, bool) {
        let calls = self.nodes().all(|n| n.calls().is_drained());
        (calls, self.nodes().all(|n| n.stack().is_drained()))
    }

    /// Hash of all outputs so far.
    pub fn hash(&self) -> u64 {
        self.shards.iter().fold(0, |hash: u64, s| hash.rotate_left(7) ^ s.hash.value())
    }

    /// Repeats the recorded lives; the first record before which the outputs differ, if any.
    pub fn replay(&self) -> Result<(), String> {
        self.shards.iter().try_for_each(Shard::replay)
    }
}

impl Shard {
    fn start(
        (place, seed): (Place, [u8; 32]),
        company: &Company,
        settings: Settings,
        prepare: Option<Prepare>,
    ) -> Option<Self> {
        let header = Header {
            place,
            seed,
            build: "sim".into(),
            settings,
            changes: company.snapshot.changes(),
            revision: company.snapshot.revision().0,
            local_names: Vec::new(),
        };
        let mut journal = Vec::new();
        journal::write_header(&header, &mut journal);
        let node = new_node(&header, header.snapshot()?, prepare);
        Some(Shard { node, journal, hash: OutputHash::default(), prepare })
    }

    /// Applies one input and records it.
    fn handle(&mut self, now: Now, input: Input) -> Vec<Output> {
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

    fn replay(&self) -> Result<(), String> {
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
