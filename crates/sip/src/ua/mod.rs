//! A plain user agent: a phone that registers, calls and is called, sans I/O.
//!
//! It uses the same transactions and legs as the exchange. Demo phones, the simulator and tests
//! are made of it; session descriptions are the caller's business.
//!
//! | Wish | Command |
//! |---|---|
//! | register, refresh by itself, unregister | [`Command::Register`], [`Command::Unregister`] |
//! | call | [`Command::Call`] with an id from [`Endpoint::new_leg`] |
//! | ring, answer, reject, hang up, hold, resume | [`Command::Leg`] |
//! | blind and attended transfer | [`Command::Transfer`], [`Command::TransferTo`] |
//! | a digit by INFO | [`Command::Digit`] |

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use base::{FlowId, LegId, Mono, Now, Place, Rng};
use bytes::Bytes;

use crate::invite::{Cx, Legs};
use crate::leg::{Identity, LegCommand, LegEvent, OUTBOUND_IDS, Offered};
use crate::stack::{self, Config, Transport};
use crate::txn::{Flow, Layer, Peer, TimerKey};

mod command;
mod dispatch;
mod register;
mod wallet;

#[cfg(test)]
mod tests;

use register::Registration;
use wallet::Wallet;

/// Who the phone is and where its server stands.
#[derive(Debug, Clone)]
pub struct Settings {
    /// SIP id: user part of its address and of its credentials.
    pub user: String,
    /// SIP secret in clear.
    pub secret: String,
    /// SIP domain.
    pub domain: String,
    /// Display name in From; may be empty.
    pub display: String,
    /// Address of the server, for UDP; connections are opened by the shell.
    pub server: SocketAddr,
    /// Seconds of registration to ask for. Default of phones: 3600.
    pub expires_s: u32,
    /// `+sip.instance` URN; with it a restarted phone takes its binding again.
    pub instance: Option<String>,
    /// Session timer values and product name.
    pub config: Config,
}

/// What can happen to a phone.
#[derive(Debug, Clone)]
pub enum Input {
    /// Its socket or connection is open; the newest one is used for new requests.
    FlowOpened {
        /// Its id.
        flow: FlowId,
        /// Its transport.
        transport: Transport,
        /// Our end, with the address that the server shall see.
        local: SocketAddr,
    },
    /// The connection is gone; a registered phone registers again with the next one.
    FlowClosed {
        /// Which.
        flow: FlowId,
    },
    /// One whole message.
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
    /// The person at the phone wants something.
    Command(Command),
    /// A deadline passed.
    Tick,
}

/// What the person at the phone wants.
#[derive(Debug, Clone)]
pub enum Command {
    /// Registers, and keeps registered.
    Register,
    /// Removes the registration.
    Unregister,
    /// Calls `to`, a number or user name of the domain.
    Call {
        /// Id from [`Endpoint::new_leg`].
        leg: LegId,
        /// Who.
        to: String,
        /// Offer; `None` asks for one.
        sdp: Option<Bytes>,
        /// Supports 100rel.
        reliable: bool,
    },
    /// Anything that call control could want of a leg, but `Invite`: progress, answer, refusal,
    /// end, offers. Answering a call that replaces another ends that one.
    Leg {
        /// Which.
        leg: LegId,
        /// What.
        command: LegCommand,
    },
    /// Blind transfer: the far end of `leg` shall call `to`.
    Transfer {
        /// Which.
        leg: LegId,
        /// Whom it shall call.
        to: String,
    },
    /// Attended transfer: the far ends of `leg` and `other` shall be connected.
    TransferTo {
        /// The leg that the REFER is sent in.
        leg: LegId,
        /// The leg that is replaced.
        other: LegId,
    },
    /// A digit by INFO (`application/dtmf-relay`).
    Digit {
        /// Which.
        leg: LegId,
        /// `0`–`9`, `*`, `#`, `A`–`D`.
        digit: u8,
        /// Milliseconds.
        duration_ms: u16,
    },
}

/// What the shell must do, in this order.
#[derive(Debug, Clone)]
pub enum Output {
    /// Send bytes.
    Transmit {
        /// By which flow.
        flow: FlowId,
        /// To whom.
        to: SocketAddr,
        /// One whole message.
        bytes: Bytes,
    },
    /// Tell the person.
    Event(Event),
}

/// What a person at the phone notices.
#[derive(Debug, Clone)]
pub enum Event {
    /// Registered or refreshed.
    Registered {
        /// Seconds granted.
        expires_s: u32,
    },
    /// The registration was removed or its flow is gone.
    Unregistered,
    /// Registration failed and is tried again later: final status, 408 without answer, 503 for a
    /// dead flow.
    RegisterFailed {
        /// Final status.
        status: u16,
    },
    /// Somebody calls.
    Incoming {
        /// The new leg.
        leg: LegId,
        /// Who: P-Asserted-Identity, else From.
        from: Identity,
        /// The rest.
        offered: Box<Offered>,
    },
    /// Something happened on a leg; never `Offered`, which is [`Event::Incoming`].
    Leg {
        /// Which.
        leg: LegId,
        /// What.
        event: LegEvent,
    },
    /// How the transfer that was asked for on a leg stands: the answer to the REFER when it is a
    /// refusal, then what its NOTIFYs say.
    Transfer {
        /// The leg of the REFER.
        leg: LegId,
        /// Status of the referred call, or of the refusal.
        status: u16,
        /// Nothing more comes.
        done: bool,
    },
}

/// A phone.
pub struct Endpoint {
    settings: Settings,
    layer: Layer,
    legs: Legs,
    wallet: Wallet,
    registration: Registration,
    /// Where new requests go.
    home: Option<Peer>,
    legs_minted: u64,
    /// Number or name of the far end of each leg, for attended transfer.
    parties: BTreeMap<LegId, String>,
    /// Inbound legs that replace another one when they are answered.
    replacing: BTreeMap<LegId, LegId>,
    due: Vec<TimerKey>,
    pending: Vec<stack::Output>,
    /// Who calls, when it is not the account.
    calls_as: Option<String>,
}

impl Endpoint {
    /// A phone without a flow; its ids carry `place`.
    pub fn new(place: Place, rng: &Rng, settings: Settings) -> Self {
        let mut layer = Layer::new(place, rng);
        let registration = Registration::new(layer.mint());
        let wallet = Wallet::new(&settings, rng.derive("cnonce"));
        Endpoint {
            layer,
            legs: Legs::new(place, rng),
            wallet,
            registration,
            home: None,
            legs_minted: 0,
            parties: BTreeMap::new(),
            replacing: BTreeMap::new(),
            due: Vec::new(),
            pending: Vec::new(),
            calls_as: None,
            settings,
        }
    }

    /// Calls are made in this name from now on: a gateway tells so who calls. Registrations and
    /// credentials keep the account's.
    pub fn call_as(&mut self, user: &str) {
        self.calls_as = Some(user.to_owned());
    }

    /// The id of the next call.
    pub fn new_leg(&mut self) -> LegId {
        self.legs_minted += 1;
        LegId::new(self.layer.mint().place(), OUTBOUND_IDS | self.legs_minted)
    }

    /// Applies one input and appends what follows from it to `out`.
    pub fn handle(&mut self, now: Now, input: Input, out: &mut Vec<Output>) {
        match input {
            Input::FlowOpened { flow, transport, local } => {
                let remote = self.settings.server;
                self.layer.flow_opened(flow, Flow { transport, local, remote });
                self.home = Some(Peer { flow, address: remote, local: local.ip() });
                self.flow_ready(now);
            }
            Input::FlowClosed { flow } => self.flow_closed(now, flow, out),
            Input::Received { flow, from, local, bytes } => {
                self.received(now, (Peer { flow, address: from, local }, bytes), out);
            }
            Input::Command(command) => self.command(now, command, out),
            Input::Tick => self.tick(now, out),
        }
        self.pass_on(out);
    }

    /// When [`Input::Tick`] is due; `None` when no timer runs.
    pub fn next_deadline(&self) -> Option<Mono> {
        self.layer.next_deadline()
    }

    /// No transaction, leg or dialog is left.
    pub fn is_drained(&self) -> bool {
        self.layer.is_empty() && self.legs.is_empty()
    }

    /// Its legs with their dialogs.
    pub fn dialogs(&self) -> impl Iterator<Item = stack::DialogSurvey> {
        self.legs.survey()
    }

    /// Whether the last REGISTER was accepted and has not expired.
    pub fn is_registered(&self) -> bool {
        self.registration.is_up()
    }

    fn legs(&mut self, now: Now) -> (&mut Legs, Cx<'_>) {
        let Endpoint { legs, layer, settings, wallet, pending, .. } = self;
        let config = &settings.config;
        (legs, Cx { now, layer, config, registrar: None, secrets: Some(wallet), out: pending })
    }

    /// Moves what transactions and legs put out to the phone's own outputs.
    fn pass_on(&mut self, out: &mut Vec<Output>) {
        let pending = std::mem::take(&mut self.pending);
        for output in pending {
            match output {
                stack::Output::Transmit { flow, to, bytes } => {
                    out.push(Output::Transmit { flow, to, bytes });
                }
                stack::Output::Leg { leg, event } => {
                    if matches!(event, LegEvent::Gone) {
                        self.parties.remove(&leg);
                        self.replacing.remove(&leg);
                    }
                    out.push(Output::Event(Event::Leg { leg, event }));
                }
                // A phone has no bindings, keeps its flow, is not watched, and counts nothing.
                stack::Output::Binding(_)
                | stack::Output::Watch(_)
                | stack::Output::Close { .. }
                | stack::Output::Event(_) => {}
            }
        }
    }

    fn tick(&mut self, now: Now, out: &mut Vec<Output>) {
        let mut due = std::mem::take(&mut self.due);
        self.layer.expire(now.mono, &mut due);
        for key in due.drain(..) {
            match key {
                TimerKey::Tx { index, generation, timer } => {
                    let key = (index, generation, timer);
                    if let Some(event) = self.layer.fire(now.mono, key, &mut self.pending) {
                        self.failed(now, event, out);
                    }
                }
                TimerKey::Leg { leg, generation, kind } => {
                    let (legs, mut cx) = self.legs(now);
                    legs.handle_timer(&mut cx, (leg, generation, kind));
                }
                TimerKey::Phone { generation, .. } => self.register_due(now, generation, out),
                // A phone has no registrar, and nobody watches it.
                TimerKey::Binding { .. } | TimerKey::Subscription { .. } | TimerKey::Pace => {}
            }
        }
        self.due = due;
    }

    fn flow_closed(&mut self, now: Now, flow: FlowId, out: &mut Vec<Output>) {
        let mut events = Vec::new();
        self.layer.flow_closed(flow, &mut events);
        for event in events {
            self.failed(now, event, out);
        }
        let (legs, mut cx) = self.legs(now);
        legs.flow_closed(&mut cx, flow);
        if self.home.is_some_and(|h| h.flow == flow) {
            self.home = None;
            self.flow_lost(out);
        }
    }
}
