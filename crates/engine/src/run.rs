//! The shard's loop: gather, stamp, journal, handle, execute, wait.

use std::collections::HashMap;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::task::{Context, Poll};

use base::event::Kind;
use base::{FlowId, Micros, Mono, Now, ReqId};
use bytes::Bytes;
use model::binding::StoredBinding;
use model::{Change, Snapshot, StoredBoxes};
use net::Facing;
use net::stream::{Outbound, StreamEvent};
use node::{Input, Node, Output, Reply, Transport};
use tokio::sync::{mpsc, oneshot};

use crate::clock::Clock;
use crate::execute::Durable;
use crate::handle::{ShardMsg, Wish};
use crate::journal::Journal;
use crate::metrics::Metrics;
use crate::rebuild::{self, Failures, Origin};
use crate::relays::{AGAIN, Relays};
use crate::wait::Waiter;

/// Datagrams taken from one socket before the other queues get their turn.
const BATCH: usize = 64;

/// Longest wait without a deadline.
const IDLE: Micros = Micros::seconds(3_600);

/// A wait that took longer found nothing at its beginning.
const SLEPT: Micros = Micros(30);

/// A deadline that is missed by so much was slept through.
const STALLED: Micros = Micros::millis(100);

/// Batches that are taken from a socket after that: more than its buffer holds.
const CATCH_UP: usize = 128;

/// One listening UDP socket.
pub(crate) struct Listener {
    pub(crate) flow: FlowId,
    pub(crate) socket: UdpSocket,
    pub(crate) local: SocketAddr,
    /// Datagrams that one reading takes.
    pub(crate) expected: usize,
}

impl Listener {
    /// What a node is told of it.
    pub(crate) fn opened(&self) -> Input {
        let (flow, local) = (self.flow, self.local);
        let remote = SocketAddr::new(local.ip(), 0);
        Input::FlowOpened { flow, transport: Transport::Udp, local, remote }
    }
}

/// One open connection.
pub(crate) struct Stream {
    pub(crate) out: Outbound,
    transport: Transport,
    local: SocketAddr,
    remote: SocketAddr,
    /// Its far end has proved who it is.
    settled: bool,
}

impl Stream {
    /// What a node is told of it.
    pub(crate) fn opened(&self, flow: FlowId) -> Input {
        let Stream { transport, local, remote, .. } = *self;
        Input::FlowOpened { flow, transport, local, remote }
    }
}

/// Everything a shard owns.
pub(crate) struct Shard {
    pub(crate) node: Node,
    pub(crate) clock: Clock,
    pub(crate) listeners: Vec<Listener>,
    pub(crate) facing: Facing,
    pub(crate) streams: mpsc::Receiver<StreamEvent>,
    pub(crate) commands: mpsc::Receiver<ShardMsg>,
    pub(crate) media_events: mpsc::Receiver<mediactl::Event>,
    pub(crate) relays: Relays,
    pub(crate) durable: Durable,
    pub(crate) journal: Option<Journal>,
    pub(crate) metrics: Metrics,
    pub(crate) open: HashMap<FlowId, Stream>,
    pub(crate) waiting: HashMap<ReqId, oneshot::Sender<Reply>>,
    pub(crate) wishes: mpsc::Sender<Wish>,
    pub(crate) next_req: u64,
    /// When the sockets were last seen empty: what is read now has waited since then at most.
    pub(crate) empty_at: Mono,
    pub(crate) out: Vec<Output>,
    /// New calls are refused.
    pub(crate) draining: bool,
    pub(crate) origin: Origin,
    pub(crate) failures: Failures,
    /// Too many failures inside: nothing is handled any more.
    pub(crate) given_up: bool,
}

impl Shard {
    /// Runs until told to stop.
    pub(crate) fn run(
        mut self,
        mut waiter: Waiter,
        bindings: Vec<StoredBinding>,
        boxes: StoredBoxes,
    ) {
        let mut buffer = vec![0u8; base::limits::SIP_MESSAGE_MAX];
        let waker = waiter.waker().clone();
        let sockets: Vec<Input> = self.listeners.iter().map(Listener::opened).collect();
        sockets.into_iter().for_each(|opened| self.input(opened));
        if !bindings.is_empty() {
            self.input(Input::Restore { bindings });
        }
        if !boxes.is_empty() {
            self.input(Input::RestoreBoxes { boxes });
        }
        while !self.given_up {
            let Some(more) = self.read_queues(&mut Context::from_waker(&waker)) else { break };
            self.tick(&mut buffer);
            let before = self.clock.mono();
            let at_most = if more { Micros(0) } else { self.time_left(before) };
            let ready = waiter.wait(at_most);
            let slept = self.clock.mono().since(before) >= SLEPT;
            if slept {
                // Until now nothing waited anywhere.
                self.empty_at = self.clock.mono();
            }
            for number in ready {
                let _ = self.read_socket(number, slept, &mut buffer);
            }
        }
        self.durable.close();
    }

    /// Takes a batch from a socket that can be read; whether it was seen empty.
    ///
    /// After a sleep so many datagrams are expected as came last time, and the call that would
    /// only say "empty" is saved; a socket that has more ends the next sleep at once, and then
    /// twice as many are expected.
    fn read_socket(&mut self, number: usize, slept: bool, buffer: &mut [u8]) -> bool {
        let Some(l) = self.listeners.get_mut(number) else { return true };
        if !slept {
            l.expected = (l.expected * 2).min(BATCH);
        }
        let (flow, bound, expected) = (l.flow, l.local.ip(), l.expected);
        for taken in 0..expected {
            let Some(l) = self.listeners.get_mut(number) else { return true };
            match l.socket.recv_from(buffer) {
                Ok((_, from)) if !self.node.admits(flow, from, || self.clock.mono()) => {
                    self.metrics.event(Kind::Flooded.into());
                }
                Ok((len, from)) => {
                    self.metrics.received();
                    let local = self.facing.local(bound, from.ip());
                    let datagram = buffer.get(..len).unwrap_or_default();
                    if self.failures.knows(datagram) {
                        self.metrics.event(Kind::PoisonDropped.into());
                        continue;
                    }
                    let bytes = Bytes::copy_from_slice(datagram);
                    let before = self.failures.count();
                    self.input(Input::Received { flow, from, local, bytes });
                    if self.failures.count() != before {
                        self.failures.remember(datagram);
                    }
                }
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    l.expected = taken.max(1);
                    self.empty_at = self.clock.mono();
                    return true;
                }
                // A port unreachable of an earlier datagram: nothing was lost here.
                Err(_) => {}
            }
        }
        false
    }

    /// Takes what waits in the queues and asks to be woken by what comes later; whether more may
    /// wait, or `None` when told to stop.
    fn read_queues(&mut self, cx: &mut Context<'_>) -> Option<bool> {
        let mut more = [true; 3];
        for _ in 0..BATCH {
            let Poll::Ready(Some(event)) = self.streams.poll_recv(cx) else {
                more[0] = false;
                break;
            };
            self.stream(event);
        }
        for _ in 0..BATCH * 4 {
            let Poll::Ready(Some(event)) = self.media_events.poll_recv(cx) else {
                more[1] = false;
                break;
            };
            self.media(event);
        }
        for _ in 0..BATCH {
            match self.commands.poll_recv(cx) {
                Poll::Ready(None | Some(ShardMsg::Stop)) => return None,
                Poll::Ready(Some(message)) => self.message(message),
                Poll::Pending => {
                    more[2] = false;
                    break;
                }
            }
        }
        Some(more.contains(&true))
    }

    fn tick(&mut self, buffer: &mut [u8]) {
        let now = self.clock.mono();
        if let Some(deadline) = self.node.next_deadline().filter(|d| *d <= now) {
            if now.since(deadline) >= STALLED {
                self.catch_up(buffer);
            }
            self.input(Input::Tick);
        }
        if let Some(journal) = &mut self.journal
            && journal.due().is_some_and(|d| d <= now)
            && let Err(error) = journal.flush()
        {
            self.journal_failed(&error);
        }
        while let Some(event) = self.relays.setback() {
            self.input(Input::Media { event });
        }
    }

    /// We have slept through a deadline: what came in time is taken before it is missed, or every
    /// phone would be late that answered while the machine had no time for us.
    fn catch_up(&mut self, buffer: &mut [u8]) {
        for number in 0..self.listeners.len() {
            for _ in 0..CATCH_UP {
                if self.read_socket(number, false, buffer) {
                    break;
                }
            }
        }
    }

    /// How long nothing will be due.
    fn time_left(&self, now: Mono) -> Micros {
        let idle = now + IDLE;
        let journal = self.journal.as_ref().and_then(Journal::due).unwrap_or(idle);
        let again = if self.relays.is_behind() { now + AGAIN } else { idle };
        self.node.next_deadline().unwrap_or(idle).min(journal).min(again).since(now)
    }

    fn stream(&mut self, event: StreamEvent) {
        match event {
            StreamEvent::Opened { flow, transport, local, remote, out } => {
                let stream = Stream { out, transport, local, remote, settled: false };
                let opened = stream.opened(flow);
                self.open.insert(flow, stream);
                self.input(opened);
            }
            StreamEvent::Message { flow, from, local, bytes } => {
                self.metrics.received();
                self.input(Input::Received { flow, from, local: local.ip(), bytes });
            }
            StreamEvent::Closed { flow } => {
                self.open.remove(&flow);
                self.input(Input::FlowClosed { flow });
            }
        }
    }

    /// A connection whose far end proved who it is stays open: known before the far end hears of
    /// it.
    fn settle(&mut self) {
        if let Some(flow) = self.node.proved()
            && let Some(stream) = self.open.get_mut(&flow)
            && !std::mem::replace(&mut stream.settled, true)
        {
            stream.out.settle();
        }
    }

    fn media(&mut self, event: mediactl::Event) {
        if let Some(load) = self.relays.heard(&event) {
            self.metrics.set_media_full(load == mediactl::Load::RefuseNew);
        }
        self.input(Input::Media { event });
    }

    fn message(&mut self, message: ShardMsg) {
        match message {
            ShardMsg::Command(command, reply) => {
                let req = ReqId(self.next_req);
                self.next_req += 1;
                self.waiting.insert(req, reply);
                self.input(Input::Command { req, command });
            }
            ShardMsg::Told { call, declined } => self.input(Input::Told { call, declined }),
            ShardMsg::Config { snapshot, changes } => self.configure(snapshot, changes),
            ShardMsg::Drain => {
                self.draining = true;
                self.input(Input::Drain);
            }
            ShardMsg::ClearAll => self.input(Input::ClearAll),
            ShardMsg::Stop => {}
        }
    }

    fn configure(&mut self, snapshot: Arc<Snapshot>, changes: Arc<Vec<Change>>) {
        if snapshot.revision() <= self.node.snapshot().revision() {
            // A node that was built anew has begun with it.
            return;
        }
        let now = self.clock.now(self.clock.mono());
        if let Some(journal) = &mut self.journal {
            let revision = snapshot.revision().0;
            if let Err(error) = journal.config(now, &changes, revision) {
                self.journal_failed(&error);
            }
        }
        self.handle(now, Input::Config { snapshot, changes });
    }

    /// Stamps, journals and handles one input, and executes what comes of it.
    pub(crate) fn input(&mut self, input: Input) {
        let since = match &input {
            Input::Received { .. } => self.empty_at,
            _ => self.clock.mono(),
        };
        let now = self.clock.now(since);
        if let Some(journal) = &mut self.journal
            && let Err(error) = journal.input(now, &input)
        {
            self.journal_failed(&error);
        }
        self.handle(now, input);
    }

    fn handle(&mut self, now: Now, input: Input) {
        if self.given_up {
            return;
        }
        self.metrics.input();
        let mut out = std::mem::take(&mut self.out);
        let done = rebuild::survives(|| {
            self.node.handle(now, input, &mut out);
            self.settle();
            if let Some(journal) = &mut self.journal {
                journal.outputs(&out);
            }
            self.execute(&mut out);
        });
        if done { self.out = out } else { self.rebuild(out) }
    }

    /// Calls go on without a journal; the operator is told.
    pub(crate) fn journal_failed(&mut self, error: &std::io::Error) {
        tracing::error!(%error, "journal cannot be written; recording stopped");
        self.journal = None;
        self.metrics.event(Kind::StoreRefused.into());
    }
}
