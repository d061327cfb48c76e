//! The shard's loop: gather, stamp, journal, handle, execute, wait.

use std::collections::HashMap;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use base::event::Kind;
use base::{FlowId, Micros, Mono, Now, ReqId};
use bytes::Bytes;
use model::binding::StoredBinding;
use model::{Change, Snapshot};
use net::Facing;
use net::stream::{Outbound, StreamEvent};
use node::{Input, Node, Output, Reply, Transport};
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, Sleep};

use crate::clock::Clock;
use crate::execute::Durable;
use crate::handle::ShardMsg;
use crate::journal::Journal;
use crate::metrics::Metrics;
use crate::rebuild::{self, Failures, Origin};
use crate::relays::{AGAIN, Relays};

/// Datagrams taken from one socket before the other queues get their turn.
const BATCH: usize = 64;

/// Longest wait without a deadline.
const IDLE: Micros = Micros::seconds(3_600);

/// One listening UDP socket.
pub(crate) struct Listener {
    pub(crate) flow: FlowId,
    pub(crate) socket: UdpSocket,
    pub(crate) local: SocketAddr,
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

/// What ended a wait.
enum Woken {
    Socket,
    Stream(StreamEvent),
    Command(ShardMsg),
    Media(mediactl::Event),
    Timer,
    Closed,
}

impl Shard {
    /// Runs until told to stop.
    pub(crate) async fn run(mut self, bindings: Vec<StoredBinding>) {
        let mut buffer = vec![0u8; base::limits::SIP_MESSAGE_MAX];
        let mut sleep = Box::pin(tokio::time::sleep(Duration::from_secs(3_600)));
        let sockets: Vec<Input> = self.listeners.iter().map(Listener::opened).collect();
        sockets.into_iter().for_each(|opened| self.input(opened));
        if !bindings.is_empty() {
            self.input(Input::Restore { bindings });
        }
        while !self.given_up {
            let mut busy = self.read_sockets(&mut buffer);
            busy |= match self.read_queues() {
                Some(busy) => busy,
                None => break,
            };
            busy |= self.tick();
            if busy {
                // Other tasks of this runtime are few, but they must not starve.
                tokio::task::yield_now().await;
                continue;
            }
            let woken = self.wait(&mut sleep).await;
            // Until now nothing waited anywhere.
            self.empty_at = self.clock.mono();
            match woken {
                Woken::Socket | Woken::Timer => {}
                Woken::Stream(event) => self.stream(event),
                Woken::Media(event) => self.media(event),
                Woken::Command(ShardMsg::Stop) | Woken::Closed => break,
                Woken::Command(message) => self.message(message),
            }
        }
        self.durable.close();
    }

    /// Takes a batch from each socket; true when any datagram came.
    fn read_sockets(&mut self, buffer: &mut [u8]) -> bool {
        let mut any = false;
        for i in 0..self.listeners.len() {
            let mut empty = false;
            for _ in 0..BATCH {
                let Some(l) = self.listeners.get(i) else { break };
                let (flow, bound) = (l.flow, l.local.ip());
                match l.socket.try_recv_from(buffer) {
                    Ok((len, from)) => {
                        any = true;
                        self.metrics.received();
                        let local = self.facing.local(bound, from.ip());
                        let bytes = Bytes::copy_from_slice(buffer.get(..len).unwrap_or_default());
                        self.input(Input::Received { flow, from, local, bytes });
                    }
                    Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                        empty = true;
                        break;
                    }
                    // A port unreachable of an earlier datagram: nothing was lost here.
                    Err(_) => any = true,
                }
            }
            if empty {
                self.empty_at = self.clock.mono();
            }
        }
        any
    }

    /// Takes what waits in the queues; `None` when told to stop.
    fn read_queues(&mut self) -> Option<bool> {
        let mut any = false;
        for _ in 0..BATCH {
            let Ok(event) = self.streams.try_recv() else { break };
            any = true;
            self.stream(event);
        }
        for _ in 0..BATCH * 4 {
            let Ok(event) = self.media_events.try_recv() else { break };
            any = true;
            self.media(event);
        }
        for _ in 0..BATCH {
            match self.commands.try_recv() {
                Ok(ShardMsg::Stop) => return None,
                Ok(message) => {
                    any = true;
                    self.message(message);
                }
                Err(_) => break,
            }
        }
        Some(any)
    }

    fn tick(&mut self) -> bool {
        let due = self.node.next_deadline().is_some_and(|d| d <= self.clock.mono());
        if due {
            self.input(Input::Tick);
        }
        let now = self.clock.mono();
        if let Some(journal) = &mut self.journal
            && journal.due().is_some_and(|d| d <= now)
            && let Err(error) = journal.flush()
        {
            self.journal_failed(&error);
        }
        while let Some(event) = self.relays.setback() {
            self.input(Input::Media { event });
        }
        due
    }

    /// Waits for a socket, a queue or the next deadline.
    async fn wait(&mut self, sleep: &mut Pin<Box<Sleep>>) -> Woken {
        let idle = self.clock.mono() + IDLE;
        let journal = self.journal.as_ref().and_then(Journal::due).unwrap_or(idle);
        let again = if self.relays.is_behind() { self.clock.mono() + AGAIN } else { idle };
        let deadline = self.node.next_deadline().unwrap_or(idle).min(journal).min(again);
        sleep.as_mut().reset(Instant::from_std(self.clock.instant(deadline)));
        poll_fn(|cx| self.poll(cx, sleep)).await
    }

    fn poll(&mut self, cx: &mut Context<'_>, sleep: &mut Pin<Box<Sleep>>) -> Poll<Woken> {
        for l in &self.listeners {
            if l.socket.poll_recv_ready(cx).is_ready() {
                return Poll::Ready(Woken::Socket);
            }
        }
        if let Poll::Ready(Some(event)) = self.streams.poll_recv(cx) {
            return Poll::Ready(Woken::Stream(event));
        }
        if let Poll::Ready(Some(event)) = self.media_events.poll_recv(cx) {
            return Poll::Ready(Woken::Media(event));
        }
        match self.commands.poll_recv(cx) {
            Poll::Ready(Some(message)) => return Poll::Ready(Woken::Command(message)),
            Poll::Ready(None) => return Poll::Ready(Woken::Closed),
            Poll::Pending => {}
        }
        std::future::Future::poll(sleep.as_mut(), cx).map(|()| Woken::Timer)
    }

    fn stream(&mut self, event: StreamEvent) {
        match event {
            StreamEvent::Opened { flow, transport, local, remote, out } => {
                let stream = Stream { out, transport, local, remote };
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

    fn media(&mut self, event: mediactl::Event) {
        self.relays.heard(&event);
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
