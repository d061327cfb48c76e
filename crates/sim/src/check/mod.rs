//! Checkers: each looks at one invariant, from outside where that is possible.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use base::event::Event;
use base::id::DeviceId;
use base::{CallId, Mono, Now, Wall};
use callctl::Moment;
use mediactl::Command;
use sip::msg::Msg;

use crate::machine::Machine;
use crate::store::SimStore;
use crate::world::World;

pub mod i10;
pub mod l1;
pub mod l2;
pub mod s1;
pub mod s10;
pub mod s11;
pub mod s2;
pub mod s3;
pub mod s4;
pub mod s6;
pub mod s8;
pub mod s9;

/// Name of a checker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Name {
    /// One final response for each server transaction; each 2xx to INVITE acknowledged or ended.
    S1,
    /// Legs of call control, dialogs of the stack and beliefs of the phones agree.
    S2,
    /// The media graph is the call model's.
    S3,
    /// One record for each attempt and conversation, true and never rewritten.
    S4,
    /// No limit is exceeded, and a call costs a bounded number of messages.
    S6,
    /// Snapshot revisions never go back.
    S8,
    /// What was confirmed is in the store.
    S9,
    /// The explanation kept with a call is that of the configuration and live state of then.
    S10,
    /// Lamps show what is, to those who may see it.
    S11,
    /// Phones are registered and calls succeed after the faults stop.
    L1,
    /// Everything drains when people stop.
    L2,
    /// Equal seeds give equal outputs, and a journal replays to them.
    I9,
    /// What comes back is steered to the place that minted what it names.
    I10,
}

impl Name {
    /// All of them.
    pub const ALL: [Name; 13] = [
        Name::S1,
        Name::S2,
        Name::S3,
        Name::S4,
        Name::S6,
        Name::S8,
        Name::S9,
        Name::S10,
        Name::S11,
        Name::L1,
        Name::L2,
        Name::I9,
        Name::I10,
    ];

    /// The checker of a name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|n| format!("{n:?}").eq_ignore_ascii_case(text))
    }
}

/// Something that must not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Who found it.
    pub checker: Name,
    /// When.
    pub at: Mono,
    /// What.
    pub what: String,
}

/// A phone as the checkers of records know it.
#[derive(Debug, Clone)]
pub struct Known {
    /// Its device.
    pub device: DeviceId,
    /// Its user's number.
    pub number: String,
}

/// What a checker may see while the run goes on.
pub struct Scene<'a> {
    /// Virtual time.
    pub mono: Mono,
    /// Wall time of the node.
    pub wall: Wall,
    /// Shards of the node.
    pub shards: u8,
    /// What is stored, after the outputs that were executed so far.
    pub store: &'a SimStore,
    /// When the configuration last changed.
    pub configured_at: Mono,
    /// Phones by their address, whatever their port is.
    pub phones: &'a BTreeMap<IpAddr, Known>,
    /// Findings.
    pub found: &'a mut Vec<Violation>,
}

impl Scene<'_> {
    /// Reports a violation.
    pub fn report(&mut self, checker: Name, what: String) {
        self.found.push(Violation { checker, at: self.mono, what });
    }
}

/// A request or response that reached the node whole.
#[derive(Clone, Copy)]
pub struct Arrived<'a> {
    /// The message.
    pub msg: &'a Msg,
    /// From where.
    pub from: SocketAddr,
    /// The call of the leg that the dialog belonged to before the message was handled.
    pub call: Option<CallId>,
    /// What the decisions of a call find that it may begin; only where there are call services.
    pub moment: Option<&'a Moment>,
}

/// One output of the node that was carried out.
pub enum Done<'a> {
    /// A message was sent.
    Sent(&'a Msg, SocketAddr),
    /// The media plane was told.
    Media(&'a Command),
    /// Counted.
    Event(Event),
    /// Something was stored.
    Stored,
    /// A configuration was given; the revision that is in force now.
    Configured(u64),
}

/// One invariant.
pub trait Checker {
    /// Whose findings these are.
    fn name(&self) -> Name;
    /// A message is about to be handled by the node.
    fn arrived(&mut self, _scene: &mut Scene<'_>, _at: Arrived<'_>) {}
    /// An output of the node was carried out.
    fn done(&mut self, _scene: &mut Scene<'_>, _done: &Done<'_>) {}
    /// The node has handled an input, and its outputs were carried out.
    fn after(&mut self, _machine: &Machine, _now: Now) {}
    /// The node crashed.
    fn crashed(&mut self, _scene: &mut Scene<'_>) {}
    /// The connection of the phone at this address is gone, as the node knows, or its port has
    /// changed, as nobody knows.
    fn cut(&mut self, _scene: &mut Scene<'_>, _phone: IpAddr) {}
    /// A digit is pressed at the phone at this address.
    fn pressed(&mut self, _scene: &mut Scene<'_>, _phone: IpAddr) {}
    /// The wall clock jumped.
    fn jumped(&mut self) {}
    /// Whether everything agrees now: asked when people have stopped and messages have settled.
    fn settled(&mut self, _world: &World) -> Result<(), String> {
        Ok(())
    }
    /// The run is over and everything should be gone.
    fn ended(&mut self, _world: &World) -> Vec<String> {
        Vec::new()
    }
}

/// All checkers, or those that are wanted.
pub fn checkers(wanted: Option<Name>) -> Vec<Box<dyn Checker>> {
    let all: [Box<dyn Checker>; 12] = [
        Box::new(s1::OneFinal::default()),
        Box::new(s2::Beliefs),
        Box::new(s3::MediaGraph::default()),
        Box::new(s4::Records::default()),
        Box::new(s6::Limits::default()),
        Box::new(s8::Revisions::default()),
        Box::new(s9::Confirmed::default()),
        Box::new(s10::Explained::default()),
        Box::new(s11::Lamps::default()),
        Box::new(l1::Registered),
        Box::new(l2::Drained),
        Box::new(i10::Steered::default()),
    ];
    all.into_iter().filter(|c| wanted.is_none_or(|w| w == c.name())).collect()
}

/// Text of bytes, for reports.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
