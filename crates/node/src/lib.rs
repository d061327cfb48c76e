//! One pure state machine per shard: joins the SIP stack and call control.
//!
//! [`Node::handle`] applies one input and appends every resulting output in the order in which
//! the shell must execute them; it drains fully. Time, randomness and configuration are
//! arguments, so equal inputs and seed give equal outputs (see [`journal`]).

pub mod command;
pub mod input;
pub mod journal;
pub mod output;
#[cfg(feature = "planted")]
pub mod planted;
mod rights;
#[cfg(test)]
mod tests;
mod translate;
mod view;
mod watch;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;

use base::event::Kind;
use base::id::TenantId;
use base::{CallId, FlowId, Mono, Now, Place, Rng};
use callctl::whatif::Question;
use callctl::{CallControl, Moment};
use model::binding::StoredBinding;
use model::{Change, Snapshot, StoredBoxes};
use sip::stack::Stack;

pub use command::{CallLine, Command, Reply, Status};
pub use input::Input;
pub use output::Output;
pub use sip::stack::Transport;
pub use view::Settings;

use view::View;

/// One shard: everything that decides about registrations and calls.
pub struct Node {
    place: Place,
    stack: Stack,
    calls: CallControl,
    snapshot: Arc<Snapshot>,
    settings: Settings,
    /// Listening UDP sockets and their addresses, in the order in which they were opened.
    udp: Vec<(FlowId, SocketAddr)>,
    work: VecDeque<Work>,
    sip_out: Vec<sip::stack::Output>,
    call_out: Vec<callctl::Action>,
    /// A bug put in on purpose.
    #[cfg(feature = "planted")]
    planted: Option<planted::Bug>,
}

/// What is left to do for the input at hand, in order.
enum Work {
    Sip(sip::stack::Output),
    Call(callctl::Action),
}

/// Work items for one input; far above what 64 ringing legs need. Reaching it is a defect, and
/// ends the input instead of the process.
const WORK_MAX: usize = 100_000;

impl Node {
    /// A node at `place`. `seed` is secret: tags, branches, nonces and hash keys come from it.
    pub fn new(place: Place, seed: [u8; 32], snapshot: Arc<Snapshot>, settings: Settings) -> Self {
        let rng = Rng::from_seed(seed);
        Node {
            place,
            stack: Stack::new(place, rng.derive("sip"), settings.sip.clone()),
            calls: CallControl::new(place, rng.derive("callctl")),
            snapshot,
            settings,
            udp: Vec::new(),
            work: VecDeque::new(),
            sip_out: Vec::new(),
            call_out: Vec::new(),
            #[cfg(feature = "planted")]
            planted: None,
        }
    }

    /// Where this node runs.
    pub fn place(&self) -> Place {
        self.place
    }

    /// Applies one input and appends every resulting output to `out`.
    pub fn handle(&mut self, now: Now, input: Input, out: &mut Vec<Output>) {
        match input {
            Input::FlowOpened { flow, transport, local, remote } => {
                if transport == Transport::Udp {
                    self.udp.push((flow, local));
                }
                let input = sip::stack::Input::FlowOpened { flow, transport, local, remote };
                self.run_sip(now, input);
            }
            Input::Received { flow, from, local, bytes } => {
                self.run_sip(now, sip::stack::Input::Received { flow, from, local, bytes });
            }
            Input::FlowClosed { flow } => self.run_sip(now, sip::stack::Input::FlowClosed { flow }),
            Input::Media { event } => self.run_calls(now, callctl::Input::Media { event }),
            Input::Command { req, command } => self.command(now, req, command, out),
            Input::Config { snapshot, changes } => self.configure(now, snapshot, &changes),
            Input::Restore { bindings } => {
                let flow = |b: &StoredBinding| {
                    let family = |(_, l): &&(FlowId, SocketAddr)| l.is_ipv4() == b.source.is_ipv4();
                    self.udp.iter().find(family).map(|(flow, _)| *flow)
                };
                // Connections do not outlive a process: the stack lets go of what came by them.
                let none = FlowId(u64::MAX);
                let restore = |b| translate::store::binding(b, flow(b).unwrap_or(none));
                let bindings = bindings.iter().filter_map(restore).collect();
                self.run_sip(now, sip::stack::Input::Restore { bindings });
            }
            Input::Resume { bindings } => {
                let resume = |(flow, b): &(FlowId, _)| translate::store::binding(b, *flow);
                let bindings = bindings.iter().filter_map(resume).collect();
                self.run_sip(now, sip::stack::Input::Restore { bindings });
            }
            Input::RestoreBoxes { boxes } => self.calls.restore_boxes(now, boxes),
            Input::Told { call, declined } => {
                self.run_calls(now, callctl::Input::Told { call, declined });
            }
            Input::Drain => self.run_sip(now, sip::stack::Input::Drain),
            Input::ClearAll => self.run_calls(now, callctl::Input::ClearAll),
            Input::Tick => self.tick(now),
        }
        self.drain(now, out);
        #[cfg(feature = "planted")]
        if self.planted == Some(planted::Bug::HiddenInput) && planted::shows() {
            // As if the network had doubled it.
            out.extend(out.last().filter(|o| matches!(o, Output::Transmit { .. })).cloned());
        }
    }

    /// When `Tick` is due; `None` when no timer runs.
    pub fn next_deadline(&self) -> Option<Mono> {
        match (self.stack.next_deadline(), self.calls.next_deadline()) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    /// No call, leg, dialog, subscription, transaction, timer of theirs, media leg or reservation
    /// is left.
    pub fn is_drained(&self) -> bool {
        self.stack.is_drained() && self.calls.is_drained()
    }

    /// Every binding with its flow, those of a device oldest first: what [`Input::Resume`] takes.
    pub fn bindings(&self) -> Vec<(FlowId, StoredBinding)> {
        let stored = |b: &sip::registrar::Binding| (b.flow, translate::store::stored(b.clone()));
        self.stack.bindings().into_iter().map(stored).collect()
    }

    /// What voicemail boxes hold and where hunts stand: what [`Input::RestoreBoxes`] takes.
    pub fn boxes(&self) -> StoredBoxes {
        self.calls.boxes()
    }

    /// Ends every call of a node that is given up because it failed inside: their records, the
    /// farewells and the ends of their media. What was left to do for the input that it failed at
    /// is dropped. It may fail again; what is in `out` by then holds.
    pub fn wind_up(&mut self, now: Now, out: &mut Vec<Output>) {
        self.work.clear();
        self.sip_out.clear();
        self.call_out.clear();
        self.handle(now, Input::ClearAll, out);
    }

    /// Whether a datagram is heard at all; asked before it becomes an input (SEC-20). The time is
    /// asked for only when it matters.
    pub fn admits(&mut self, flow: FlowId, from: SocketAddr, now: impl FnOnce() -> Mono) -> bool {
        self.stack.admits(flow, from, now)
    }

    /// The flow by which the latest input proved who sent it.
    pub fn proved(&self) -> Option<FlowId> {
        self.stack.proved()
    }

    /// The snapshot in force.
    pub fn snapshot(&self) -> &Arc<Snapshot> {
        &self.snapshot
    }

    /// The stack, for portals and checkers.
    pub fn stack(&self) -> &Stack {
        &self.stack
    }

    /// Call control, for portals and checkers.
    pub fn calls(&self) -> &CallControl {
        &self.calls
    }

    /// What decisions of a call find now, the call itself not counted; for checkers.
    pub fn moment(&self, at: Mono, tenant: TenantId, except: Option<CallId>) -> Moment {
        let (snapshot, settings) = (&self.snapshot, &self.settings);
        let view = View { snapshot, settings, stack: Some(&self.stack) };
        self.calls.moment((at, tenant), self.snapshot.clone(), &view, except)
    }

    fn tick(&mut self, now: Now) {
        if self.stack.next_deadline().is_some_and(|d| d <= now.mono) {
            self.run_sip(now, sip::stack::Input::Tick);
        }
        if self.calls.next_deadline().is_some_and(|d| d <= now.mono) {
            self.run_calls(now, callctl::Input::Tick);
        }
    }

    /// Puts a newer snapshot in force; one that is not newer changes nothing (check S8).
    fn configure(&mut self, now: Now, snapshot: Arc<Snapshot>, changes: &[Change]) {
        let is_old = snapshot.revision() <= self.snapshot.revision();
        #[cfg(feature = "planted")]
        let is_old = is_old && self.planted != Some(planted::Bug::StaleConfig);
        if is_old {
            return;
        }
        let touched = view::touched(changes, &self.snapshot, &snapshot);
        let ended = rights::ended_numbers(changes, &self.snapshot, &snapshot);
        let regrouped = rights::regrouped_numbers(changes, &self.snapshot, &snapshot);
        let old = std::mem::replace(&mut self.snapshot, snapshot);
        self.end_numbers(now, ended);
        self.review_numbers(now, regrouped);
        for device in touched {
            let is_active = view::is_active(&self.snapshot, device);
            let is_kept = is_active
                && !view::lost_user(device, &old, &self.snapshot)
                && !view::lost_secret(device, &old, &self.snapshot);
            let input = match is_kept {
                true => sip::stack::Input::Review { device },
                false => sip::stack::Input::Forget { device },
            };
            self.run_sip(now, input);
        }
        self.run_calls(now, callctl::Input::Config);
    }

    fn command(&mut self, now: Now, req: base::ReqId, command: Command, out: &mut Vec<Output>) {
        let reply = match command {
            Command::Registrations { devices } => Reply::Registrations(
                devices.into_iter().flat_map(|d| self.stack.registrations(d)).collect(),
            ),
            Command::Status => Reply::Status(self.status()),
            Command::Calls { tenant } => Reply::Calls(command::calls(&self.calls, tenant)),
            Command::Explain { tenant, from, to, at, answers } => {
                let asked = Question { tenant, from, to: &to, answers: &answers };
                let (snapshot, settings) = (&self.snapshot, &self.settings);
                let view = View { snapshot, settings, stack: Some(&self.stack) };
                let now = Now { wall: at.unwrap_or(now.wall), ..now };
                Reply::Explanation(self.calls.explain(now, &asked, &view))
            }
            Command::Clear { call } => {
                self.run_calls(now, callctl::Input::Clear { call });
                Reply::Done
            }
        };
        out.push(Output::Reply { req, reply });
    }

    fn status(&self) -> Status {
        Status {
            bindings: self.stack.bindings_len(),
            calls: self.calls.calls().count(),
            drained: self.is_drained(),
        }
    }

    /// Runs the stack and puts what it wants in front of the work that is left.
    fn run_sip(&mut self, now: Now, input: sip::stack::Input) {
        let view = View { snapshot: &self.snapshot, settings: &self.settings, stack: None };
        self.stack.handle(now, input, &view, &mut self.sip_out);
        for output in self.sip_out.drain(..).rev() {
            self.work.push_front(Work::Sip(output));
        }
    }

    fn run_calls(&mut self, now: Now, input: callctl::Input) {
        let view =
            View { snapshot: &self.snapshot, settings: &self.settings, stack: Some(&self.stack) };
        self.calls.handle(now, input, &view, &mut self.call_out);
        for action in self.call_out.drain(..).rev() {
            self.work.push_front(Work::Call(action));
        }
    }

    /// Does the work depth first, so that a consequence comes before what followed its cause:
    /// the record of a call stands before the 200 to the BYE that ended it.
    fn drain(&mut self, now: Now, out: &mut Vec<Output>) {
        let mut done = 0;
        loop {
            // Lamps come last: calls never wait for them.
            let Some(work) = self.work.pop_front() else {
                if self.tell_watchers(now) {
                    continue;
                }
                return;
            };
            done += 1;
            if done > WORK_MAX {
                self.work.clear();
                out.push(Output::Event { event: Kind::NodeRebuilt.into() });
                return;
            }
            match work {
                Work::Sip(output) => self.execute_sip(now, output, out),
                Work::Call(action) => self.execute_call(now, action, out),
            }
        }
    }

    fn execute_sip(&mut self, now: Now, output: sip::stack::Output, out: &mut Vec<Output>) {
        use sip::stack::Output as O;
        match output {
            O::Transmit { flow, to, bytes } => out.push(Output::Transmit { flow, to, bytes }),
            O::Close { flow } => out.push(Output::Close { flow }),
            O::Leg { leg, event } => {
                if let Some(input) = translate::sip_in::event(leg, event) {
                    self.run_calls(now, input);
                }
            }
            O::Binding(change) => {
                out.push(Output::Store { write: translate::store::binding_write(change) });
            }
            O::Watch(event) => self.watch(now, event),
            O::Event(event) => out.push(Output::Event { event }),
        }
    }

    fn execute_call(&mut self, now: Now, action: callctl::Action, out: &mut Vec<Output>) {
        use callctl::Action as A;
        match action {
            A::OfferLeg(offer) => {
                let (leg, command) = translate::sip_out::invite(*offer);
                self.run_sip(now, sip::stack::Input::Leg { leg, command });
            }
            A::Leg { leg, command } => {
                let command = translate::sip_out::command(command);
                self.run_sip(now, sip::stack::Input::Leg { leg, command });
            }
            // A leg may have ended by what its own first action brought about.
            A::Media(mediactl::Command::Leg(want)) if !self.calls.has_media(want.leg) => {}
            A::Media(command) => out.push(Output::Media { command }),
            A::Record(record) => {
                out.push(Output::Store { write: model::Write::Record(record) });
            }
            A::Wish { call, device, dn, wanted } => {
                out.push(Output::Wish { call, device, dn, wanted });
            }
            A::CheckPin { call, tenant, owner, pin } => {
                out.push(Output::CheckPin { call, tenant, owner, pin });
            }
            A::Seat { call, device, typed } => out.push(Output::Seat { call, device, typed }),
            A::Keep(write) => out.push(Output::Store { write: *write }),
            A::Event(event) => out.push(Output::Event { event }),
        }
    }
}
