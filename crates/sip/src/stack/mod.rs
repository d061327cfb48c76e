//! The stack: bytes in, bytes and leg events out.
//!
//! A request goes: parse, verdict, transactions, CANCEL, dialogs, then by method: REGISTER,
//! OPTIONS, INVITE, and what is refused outside of a dialog. What needs no state and no identity
//! is refused first and without a transaction.

use std::net::{IpAddr, SocketAddr};

use base::event::Event;
use base::id::DeviceId;
use base::{FlowId, LegId, Mono, Now, Place, Rng, Wall};
use bytes::Bytes;

use crate::digest::Verifier;
use crate::event::{Notifier, Package, Resource, Sight, State, WatchEvent, Watched};
use crate::invite::{Cx, Legs, Target};
use crate::leg::{LegCommand, LegEvent};
use crate::registrar::{self, Binding, BindingChange, ContactId, Registrar};
use crate::txn::{Flow, Layer, TimerKey, TxEvent};

mod auth;
mod dispatch;
#[cfg(feature = "planted")]
mod fall;
mod flood;
mod guard;
mod outside;
mod overload;
mod reach;
mod register;
mod watch;

#[cfg(test)]
pub(crate) mod tests;

pub(crate) use dispatch::SUPPORTED;
#[cfg(feature = "planted")]
pub use fall::POISON;
use flood::Flood;
use guard::Guard;
use reach::Reach;

/// How SIP travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Transport {
    /// RFC 3261 §18, unreliable.
    Udp,
    /// Stream.
    Tcp,
    /// Stream over TLS.
    Tls,
}

impl From<Transport> for crate::msg::Transport {
    fn from(transport: Transport) -> Self {
        match transport {
            Transport::Udp => Self::Udp,
            Transport::Tcp => Self::Tcp,
            Transport::Tls => Self::Tls,
        }
    }
}

/// What can happen to the stack.
#[derive(Debug, Clone)]
pub enum Input {
    /// A listening UDP socket (once, at start; `remote` is unspecified) or a connection is open.
    FlowOpened {
        /// Its id.
        flow: FlowId,
        /// Its transport.
        transport: Transport,
        /// Our end, as bound.
        local: SocketAddr,
        /// The far end.
        remote: SocketAddr,
    },
    /// One whole message: a datagram, or what the framer cut out of a stream.
    Received {
        /// By which flow.
        flow: FlowId,
        /// Source address.
        from: SocketAddr,
        /// Our address that faces the source.
        local: IpAddr,
        /// The bytes.
        bytes: Bytes,
    },
    /// A connection is gone.
    FlowClosed {
        /// Which.
        flow: FlowId,
    },
    /// Call control speaks to a leg.
    Leg {
        /// Which.
        leg: LegId,
        /// What it wants.
        command: LegCommand,
    },
    /// Bindings read from the store at start, or of a stack that was given up; those that have
    /// expired are dropped, and those of connections that are not open.
    Restore {
        /// As stored; the flow counts for connections only.
        bindings: Vec<Binding>,
    },
    /// A device was deleted or its user stopped: its bindings and subscriptions end at once.
    Forget {
        /// Which.
        device: DeviceId,
    },
    /// The state of a watched resource, wanted since [`WatchEvent::Began`], or a newer one.
    State {
        /// Whose.
        resource: Resource,
        /// All of it.
        state: State,
    },
    /// Something that may be watched is gone for good: its subscriptions end.
    Gone {
        /// What.
        resource: Resource,
    },
    /// What a device may watch has changed: its subscriptions go on with what it may see now.
    Review {
        /// Whose.
        device: DeviceId,
    },
    /// Who may see how much of a resource has changed.
    ReviewWatchers {
        /// What.
        resource: Resource,
    },
    /// From now on new INVITEs get 503 with Retry-After, and watchers are sent elsewhere (drain).
    Drain,
    /// A deadline passed.
    Tick,
}

/// What the shell and call control must do, in this order.
#[derive(Debug, Clone)]
pub enum Output {
    /// Send bytes; for streams `to` is the far end.
    Transmit {
        /// By which flow.
        flow: FlowId,
        /// To whom.
        to: SocketAddr,
        /// One whole message.
        bytes: Bytes,
    },
    /// Close a connection.
    Close {
        /// Which.
        flow: FlowId,
    },
    /// Something happened on a leg.
    Leg {
        /// Which; for [`LegEvent::Offered`] newly minted.
        leg: LegId,
        /// What.
        event: LegEvent,
    },
    /// A binding came, was refreshed or went. Comes before the `Transmit` of the 200.
    Binding(BindingChange),
    /// Interest in a resource whose state is not the stack's own began or ended.
    Watch(WatchEvent),
    /// Counted.
    Event(Event),
}

/// What the stack may read of the directory.
pub trait View {
    /// The device of a SIP id at a SIP domain, however the request wrote the domain
    /// (product.md, What runs); case of the id is ignored.
    fn credentials(&self, host: &str, user: &str) -> Option<Credentials<'_>>;
    /// The digest realm of a domain; of the default tenant when the domain is an address, and
    /// `host` itself when it is unknown, so that unknown domains look alike.
    fn realm<'a>(&'a self, host: &'a str) -> &'a str;
    /// Whether the device may still be used (exists, its user is not stopped).
    fn is_active(&self, device: DeviceId) -> bool;
    /// Whether the device calls in the name of others: From of its requests need not name it.
    fn speaks_for_others(&self, device: DeviceId) -> bool {
        let _ = device;
        false
    }
    /// The extension number shown for the device (P-Associated-URI), if it has a user.
    fn number(&self, device: DeviceId) -> Option<base::Dn>;

    /// What the user part of a Request-URI means to `device`, which wants to watch it.
    ///
    /// # Errors
    /// The status that refuses: 404 when there is nothing of that name for the device to know of
    /// (R311), 403 when it may not watch it.
    fn watched(&self, device: DeviceId, package: Package, user: &str) -> Result<Watched, u16> {
        let _ = (device, package, user);
        Err(404)
    }

    /// How much a device may see of a resource that it watches; `None` when it may not any more,
    /// or the resource is gone.
    fn sight(&self, device: DeviceId, resource: &Resource) -> Option<Sight> {
        let _ = (device, resource);
        None
    }
}

/// Stored form of a device's secret.
#[derive(Debug, Clone, Copy)]
pub struct Credentials<'a> {
    /// Whose.
    pub device: DeviceId,
    /// Canonical SIP id.
    pub sip_id: &'a str,
    /// MD5(id:realm:secret).
    pub ha1_md5: &'a [u8; 16],
    /// SHA-256(id:realm:secret).
    pub ha1_sha256: &'a [u8; 32],
}

/// Settings of a stack; the maxima are service parameters.
#[derive(Debug, Clone)]
pub struct Config {
    /// Longest registration over UDP, seconds. Default 3600.
    pub expires_udp_s: u32,
    /// … over UDP behind NAT. Default 120.
    pub expires_nat_s: u32,
    /// … over streams. Default 300.
    pub expires_stream_s: u32,
    /// Shortest registration, seconds; asked less: 423. Default 60.
    pub expires_min_s: u32,
    /// Session-Expires that we ask for, seconds (RFC 4028). Default 1800.
    pub session_expires_s: u32,
    /// Min-SE, seconds. Default 90, the least that RFC 4028 §4 allows.
    pub session_min_s: u32,
    /// Loopback and private networks are networks of the house, of which everything is heard
    /// (SEC-07, SEC-20). Default true, until networks of a site can be listed.
    pub trusts_private: bool,
    /// Text of `Server` and `User-Agent`; without version.
    pub product: &'static str,
    /// A bug put in on purpose.
    #[cfg(feature = "planted")]
    pub planted: Option<crate::planted::Bug>,
    /// Requests of [`POISON`] end in a panic.
    #[cfg(feature = "planted")]
    pub falls: bool,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            expires_udp_s: 3_600,
            expires_nat_s: 120,
            expires_stream_s: 300,
            expires_min_s: 60,
            session_expires_s: 1_800,
            session_min_s: 90,
            trusts_private: true,
            product: "Naisen",
            #[cfg(feature = "planted")]
            planted: None,
            #[cfg(feature = "planted")]
            falls: false,
        }
    }
}

/// A registered contact as other crates may see it, for portals and call control.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// Whose.
    pub device: DeviceId,
    /// User-Agent of the REGISTER (R213).
    pub agent: String,
    /// Where its packets come from.
    pub source: SocketAddr,
    /// How.
    pub transport: Transport,
    /// When it ends.
    pub expires_at: Wall,
    /// The terminal gave no sign when it was called, and none since (R062).
    pub unreachable: bool,
}

/// A leg and its dialog at a glance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DialogSurvey {
    /// Which.
    pub leg: LegId,
    /// Call-ID of its dialog.
    pub call_id: Box<[u8]>,
    /// Answered, and neither side has ended it.
    pub is_up: bool,
    /// We have ended it and wait for the far end to agree.
    pub is_ending: bool,
}

/// One place's SIP: transactions, legs, bindings, and who may use them.
pub struct Stack {
    layer: Layer,
    legs: Legs,
    registrar: Registrar,
    pub(crate) notifier: Notifier,
    verifier: Verifier,
    guard: Guard,
    flood: Flood,
    lag: overload::Lag,
    /// The flow by which the latest input proved who sent it.
    proved: Option<FlowId>,
    reach: Reach,
    config: Config,
    draining: bool,
    /// Reused by [`Stack::tick`].
    due: Vec<TimerKey>,
    /// Reused by writers.
    scratch: Vec<u8>,
}

impl Stack {
    /// A stack of `place` without flows; ids and keys come from `rng`.
    pub fn new(place: Place, rng: Rng, config: Config) -> Self {
        Stack {
            layer: Layer::new(place, &rng),
            legs: Legs::new(place, &rng),
            registrar: Registrar::new(&rng),
            notifier: Notifier::new(&rng),
            verifier: Verifier::new(&mut rng.derive("nonces")),
            guard: Guard::new(&mut rng.derive("guard")),
            flood: Flood::new(&mut rng.derive("flood")),
            lag: overload::Lag::default(),
            proved: None,
            reach: Reach::new(&mut rng.derive("reach")),
            config,
            draining: false,
            due: Vec::new(),
            scratch: Vec::new(),
        }
    }

    /// Puts a bug in.
    #[cfg(feature = "planted")]
    pub fn plant(&mut self, bug: crate::planted::Bug) {
        self.config.planted = Some(bug);
        if bug == crate::planted::Bug::Misplaced {
            self.layer.mint().misplace();
        }
    }

    /// Applies one input and appends what follows from it to `out`.
    pub fn handle(&mut self, now: Now, input: Input, view: &dyn View, out: &mut Vec<Output>) {
        let begin = out.len();
        self.proved = None;
        match input {
            Input::FlowOpened { flow, transport, local, remote } => {
                self.layer.flow_opened(flow, Flow { transport, local, remote });
            }
            Input::Received { flow, from, local, bytes } => {
                let peer = crate::txn::Peer { flow, address: from, local };
                self.received(now, (peer, bytes), view, out);
            }
            Input::FlowClosed { flow } => self.flow_closed(now, flow, out),
            Input::Leg { leg, command } => self.command(now, leg, command, out),
            Input::Restore { bindings } => {
                let (registrar, mut io) = self.registrar(now, out);
                registrar.restore(bindings, |device| view.is_active(device), &mut io);
            }
            Input::Forget { device } => {
                self.registrar.forget(device, out);
                let (notifier, mut io) = self.notifier(now, out);
                notifier.forget(&mut io, device);
            }
            Input::State { resource, state } => {
                let (notifier, mut io) = self.notifier(now, out);
                notifier.handle_state(&mut io, &resource, state);
            }
            Input::Gone { resource } => {
                let (notifier, mut io) = self.notifier(now, out);
                notifier.gone(&mut io, &resource);
            }
            Input::Review { device } => {
                let (notifier, mut io) = self.notifier(now, out);
                notifier.review(&mut io, device, &|resource| view.sight(device, resource));
            }
            Input::ReviewWatchers { resource } => {
                let (notifier, mut io) = self.notifier(now, out);
                let sight = |device| view.sight(device, &resource);
                notifier.review_watchers(&mut io, &resource, &sight);
            }
            Input::Drain => {
                self.draining = true;
                let (notifier, mut io) = self.notifier(now, out);
                notifier.drain(&mut io);
            }
            Input::Tick => self.tick(now, out),
        }
        let news = out.get(begin..).unwrap_or_default();
        self.reach.watch(now.mono, news, &mut self.registrar);
        self.watch_bindings(now, begin, out);
    }

    /// Whether a datagram is heard at all (SEC-20); asked before it is recorded or read, and by no
    /// replay: nothing that the stack puts out depends on it. The time is asked for only when it
    /// matters.
    pub fn admits(&mut self, flow: FlowId, from: SocketAddr, now: impl FnOnce() -> Mono) -> bool {
        self.config.trusts_private && guard::is_private(from.ip())
            || self.registrar.knows(flow, from)
            || self.flood.admits(now(), from.ip())
    }

    /// The flow by which the latest input proved who sent it.
    pub fn proved(&self) -> Option<FlowId> {
        self.proved
    }

    /// When [`Input::Tick`] is due; `None` when no timer runs.
    pub fn next_deadline(&self) -> Option<Mono> {
        self.layer.next_deadline()
    }

    /// No transaction, leg, dialog or subscription is left; bindings do not count.
    pub fn is_drained(&self) -> bool {
        self.layer.is_empty() && self.legs.is_empty() && self.notifier.is_empty()
    }

    /// Number of event subscriptions.
    pub fn subscriptions_len(&self) -> usize {
        self.notifier.len()
    }

    /// Whether a phone of the device watches the resource.
    pub fn is_watched_by(&self, device: DeviceId, resource: &Resource) -> bool {
        self.notifier.is_watched_by(device, resource)
    }

    /// The bindings of a device, oldest first.
    pub fn contacts(&self, device: DeviceId) -> impl Iterator<Item = (ContactId, &Binding)> {
        self.registrar.contacts(device)
    }

    /// The bindings of a device as portals show them.
    pub fn registrations(&self, device: DeviceId) -> impl Iterator<Item = Registration> {
        self.registrar.registrations(device)
    }

    /// Every binding, those of a device oldest first.
    pub fn bindings(&self) -> Vec<&Binding> {
        self.registrar.all()
    }

    /// Number of bindings.
    pub fn bindings_len(&self) -> usize {
        self.registrar.len()
    }

    /// Every leg with its dialog, for checkers and diagnosis; in no order that means anything.
    pub fn dialogs(&self) -> impl Iterator<Item = DialogSurvey> {
        self.legs.survey()
    }

    fn legs<'a>(&'a mut self, now: Now, out: &'a mut Vec<Output>) -> (&'a mut Legs, Cx<'a>) {
        let Stack { legs, layer, config, registrar, .. } = self;
        (legs, Cx { now, layer, config, registrar: Some(registrar), secrets: None, out })
    }

    fn registrar<'a>(
        &'a mut self,
        now: Now,
        out: &'a mut Vec<Output>,
    ) -> (&'a mut Registrar, registrar::Io<'a>) {
        let Stack { registrar, layer, config, .. } = self;
        (registrar, registrar::Io { now, layer, config, out })
    }

    fn tick(&mut self, now: Now, out: &mut Vec<Output>) {
        self.verifier.forget(now.wall);
        let mut due = std::mem::take(&mut self.due);
        self.layer.expire(now.mono, &mut due);
        for key in due.drain(..) {
            match key {
                TimerKey::Tx { index, generation, timer } => {
                    if let Some(event) = self.layer.fire(now.mono, (index, generation, timer), out)
                    {
                        self.failed(now, event, out);
                    }
                }
                TimerKey::Leg { leg, generation, kind } => {
                    let (legs, mut cx) = self.legs(now, out);
                    legs.handle_timer(&mut cx, (leg, generation, kind));
                }
                TimerKey::Binding { index, generation, kind } => {
                    let (registrar, mut io) = self.registrar(now, out);
                    registrar.fire((index, generation, kind), &mut io);
                }
                TimerKey::Subscription { index, generation, kind } => {
                    let (notifier, mut io) = self.notifier(now, out);
                    notifier.handle_timer(&mut io, (index, generation, kind));
                }
                TimerKey::Pace => {
                    let (notifier, mut io) = self.notifier(now, out);
                    notifier.handle_pace(&mut io);
                }
                // A server has no registration of its own.
                TimerKey::Phone { .. } => {}
            }
        }
        due.shrink_to(64);
        self.due = due;
    }

    fn failed(&mut self, now: Now, event: TxEvent, out: &mut Vec<Output>) {
        if Notifier::owns(event.owner()) {
            let (notifier, mut io) = self.notifier(now, out);
            return notifier.handle_failure(&mut io, event);
        }
        let (legs, mut cx) = self.legs(now, out);
        legs.handle_failure(&mut cx, event);
    }

    fn flow_closed(&mut self, now: Now, flow: FlowId, out: &mut Vec<Output>) {
        let mut events = Vec::new();
        self.layer.flow_closed(flow, &mut events);
        for event in events {
            self.failed(now, event, out);
        }
        let (legs, mut cx) = self.legs(now, out);
        legs.flow_closed(&mut cx, flow);
        self.registrar.flow_closed(flow, out);
    }

    fn command(&mut self, now: Now, leg: LegId, command: LegCommand, out: &mut Vec<Output>) {
        if let LegCommand::End { .. } = command {
            self.reach.given_up(now.mono, leg, &mut self.registrar);
        }
        let LegCommand::Invite(invite) = command else {
            let (legs, mut cx) = self.legs(now, out);
            return legs.handle_command(&mut cx, leg, command);
        };
        let target = self.registrar.binding(invite.contact).map(Target::of);
        let target = target.map(|t| match &invite.dial {
            Some(number) => t.dialling(number),
            None => t,
        });
        if target.is_some() {
            self.reach.called(now.mono, leg, invite.contact);
        }
        let (legs, mut cx) = self.legs(now, out);
        legs.call(&mut cx, leg, *invite, target);
    }
}
