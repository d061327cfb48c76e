//! Transactions (RFC 3261 §17, RFC 6026, RFC 4320) and the one timer wheel of the stack.
//!
//! | Machine | States | Ends by |
//! |---|---|---|
//! | INVITE server | Proceeding → Accepted, or Completed → Confirmed | L; H (tells above) or I |
//! | other server | Trying → Proceeding → Completed | J; 64·T1 without a final (RFC 4320) |
//! | INVITE client | Calling → Proceeding → Accepted or Completed | B, C + 64·T1; M; D |
//! | other client | Trying → Proceeding → Completed | F; K |
//!
//! The layer sends, repeats, absorbs and times; it decides nothing. Its users are the legs, the
//! registrar and the phone. A 2xx to INVITE is repeated by the dialog, as is the ACK to it.
//! Nothing here scans: look-ups go by keyed hash, timers by index and generation.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU64;

use base::limits::{T1, TRANSACTIONS_MAX};
use base::{FlowId, Micros, Mono, Place, Rng, Slots, Table, Wheel};
use bytes::Bytes;

use crate::msg::{Method, Msg};
use crate::stack::{Output, Transport};

mod build;
mod client;
mod flow;
mod key;
mod mint;
mod server;
mod timer;

#[cfg(test)]
mod tests;

pub use flow::{Flow, Flows};
pub use key::RequestKey;
pub use mint::{Branch, Mint, NewCallId, Tag};
pub use server::Cancelled;
pub use timer::{Timer, TimerKey};

/// A server transaction. Using one that is gone does nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerTx {
    index: u32,
    generation: u32,
}

/// A client transaction. Using one that is gone does nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientTx {
    index: u32,
    generation: u32,
}

/// The owner of transactions whose news nobody wants.
pub const NOBODY: u64 = u64::MAX;

/// The far end of a flow: where a message came from, or where it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// By which connection or UDP socket.
    pub flow: FlowId,
    /// Address of the far end.
    pub address: SocketAddr,
    /// Our address that faces it: the host of our Via and Contact.
    pub local: IpAddr,
}

/// A request to be sent, written already; its top Via is [`Layer::via`] with this branch.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// To whom.
    pub peer: Peer,
    /// Method; never ACK, which is no transaction ([`Layer::send`]).
    pub method: Method,
    /// Branch of the top Via, from [`Layer::mint`].
    pub branch: Branch,
    /// The whole request.
    pub bytes: Bytes,
    /// Comes back with every event of the transaction: a leg's key, or [`NOBODY`].
    pub owner: u64,
}

/// News of a transaction for its owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TxEvent {
    /// A response that is new to the user: provisional, final, or a repeated or forked 2xx.
    /// The message stands beside it.
    Response {
        /// Which.
        tx: ClientTx,
        /// Whose.
        owner: u64,
    },
    /// No final response: timer B or F, or none in time after our CANCEL; treat as 408.
    /// The transaction is gone.
    Timeout {
        /// Which.
        tx: ClientTx,
        /// Whose.
        owner: u64,
    },
    /// The flow is gone, or the layer is full; treat as 503. The transaction is gone.
    TransportError {
        /// Which.
        tx: ClientTx,
        /// Whose.
        owner: u64,
    },
    /// Timer H: our final refusal of an INVITE was never acknowledged. The transaction is gone.
    AckMissing {
        /// Which.
        tx: ServerTx,
        /// Whose.
        owner: u64,
    },
}

impl TxEvent {
    /// Whose transaction it is.
    pub fn owner(&self) -> u64 {
        match self {
            TxEvent::Response { owner, .. }
            | TxEvent::Timeout { owner, .. }
            | TxEvent::TransportError { owner, .. }
            | TxEvent::AckMissing { owner, .. } => *owner,
        }
    }
}

/// What an arriving request is to the layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// Nothing known: the caller answers statelessly or calls [`Layer::open`]; an ACK may belong
    /// to a dialog.
    New,
    /// A repetition or an ACK that the layer has dealt with.
    Absorbed,
    /// An ACK with the branch of an INVITE that was answered 2xx: for its dialog.
    Ack {
        /// Owner of the INVITE.
        owner: u64,
    },
    /// The same request came by another path (RFC 3261 §8.2.2.2): answer 482 statelessly.
    Merged,
}

/// Where a machine stands, by the names of RFC 3261 §17 and RFC 6026.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// INVITE server.
    Proceeding,
    Accepted,
    Completed,
    Confirmed,
    /// Other server.
    Trying,
    Working,
    Done,
    /// INVITE client.
    Calling,
    Ringing,
    Answered,
    Refused,
    /// Other client.
    Asking,
    Waiting,
    Settled,
    /// Client whose flow was gone when it began: ends with the next tick.
    Dead,
}

/// One transaction; what only a living one needs is boxed, so that a finished one is small.
struct Tx {
    generation: u32,
    state: State,
    method: Method,
    reliable: bool,
    /// Present interval of timers A, E or G, in microseconds.
    interval: u32,
    key: u128,
    merge: Option<NonZeroU64>,
    flow: FlowId,
    to: SocketAddr,
    owner: u64,
    /// What is sent again: the last response, the request, or the ACK.
    last: Bytes,
    live: Option<Box<Live>>,
}

/// Needed until the final response.
struct Live {
    /// Server: the request as received. Client: our address, for the CANCEL.
    request: Bytes,
    /// When timer C is due; moved by provisional responses.
    c_due: Mono,
    cancel: Cancel,
}

/// Whether the user wants an INVITE client transaction cancelled.
enum Cancel {
    No,
    /// As soon as a provisional response comes; with the value of `Reason`.
    Wanted(Option<Bytes>),
    Sent,
}

/// All transactions, the flows they use, and the timers of the whole stack.
pub struct Layer {
    txs: Slots<Tx>,
    generation: u32,
    servers: Table<u128, u32>,
    merged: Table<NonZeroU64, u32>,
    clients: Table<(u64, Method), u32>,
    /// Client transactions of streams, to be ended when their stream closes.
    on_streams: BTreeSet<(FlowId, u32)>,
    flows: Flows,
    wheel: Wheel<TimerKey>,
    mint: Mint,
    hasher: key::Hasher,
}

impl Layer {
    /// A layer without transactions that mints ids of `place`.
    pub fn new(place: Place, rng: &Rng) -> Self {
        let mut tables = rng.derive("txn tables");
        Layer {
            txs: Slots::new(),
            generation: 0,
            servers: Table::new(&mut tables),
            merged: Table::new(&mut tables),
            clients: Table::new(&mut tables),
            on_streams: BTreeSet::new(),
            flows: Flows::new(&mut tables),
            wheel: Wheel::new(),
            mint: Mint::new(place, rng.derive("txn mint")),
            hasher: key::Hasher::new(&mut tables),
        }
    }

    /// Mints tags, branches and Call-IDs.
    pub fn mint(&mut self) -> &mut Mint {
        &mut self.mint
    }

    /// The To tag of an answer without transaction; the same for a repeated request (RFC 3261
    /// §8.2.7).
    pub fn stateless_tag(&self, msg: &Msg) -> Tag {
        self.mint.tag_with(self.hasher.tag_of(msg))
    }

    /// The flows that are open.
    pub fn flows(&self) -> &Flows {
        &self.flows
    }

    /// Number of transactions, lingering ones included.
    pub fn len(&self) -> usize {
        self.txs.len()
    }

    /// Whether no transaction is left.
    pub fn is_empty(&self) -> bool {
        self.txs.is_empty()
    }

    /// Number of armed timers of the stack, cancelled ones included.
    pub fn timers_len(&self) -> usize {
        self.wheel.len()
    }

    /// Whether a new request must be refused statelessly with 503.
    pub fn is_full(&self) -> bool {
        self.txs.len() >= TRANSACTIONS_MAX
    }

    /// Arms a timer of the stack. Cancelling is the owner's business: it ignores keys with an old
    /// generation.
    pub fn arm(&mut self, deadline: Mono, key: TimerKey) {
        self.wheel.arm(deadline, key);
    }

    /// When [`Layer::expire`] is due.
    pub fn next_deadline(&self) -> Option<Mono> {
        self.wheel.next_deadline()
    }

    /// Moves the keys of all timers that are due to `due`; those of transactions go to
    /// [`Layer::fire`], the others to their owners.
    pub fn expire(&mut self, now: Mono, due: &mut Vec<TimerKey>) {
        self.wheel.expire(now, due);
    }

    /// The value of our Via towards `peer`: transport, our address and port, `rport`, branch.
    pub fn via(&self, peer: &Peer, branch: &Branch) -> Vec<u8> {
        build::via(self.flows.get(peer.flow), peer, branch)
    }

    /// Sends bytes outside of any transaction: an ACK to a 2xx, a repeated 2xx or 1xx, a stateless
    /// refusal, a keep-alive.
    pub fn send(&self, peer: &Peer, bytes: Bytes, out: &mut Vec<Output>) {
        out.push(Output::Transmit { flow: peer.flow, to: peer.address, bytes });
    }

    /// A listening socket or a connection is open.
    pub fn flow_opened(&mut self, flow: FlowId, ends: Flow) {
        self.flows.open(flow, ends);
    }

    /// A connection is gone; its client transactions end now.
    pub fn flow_closed(&mut self, flow: FlowId, events: &mut Vec<TxEvent>) {
        self.flows.close(flow);
        let range = (flow, 0)..=(flow, u32::MAX);
        let indices: Vec<u32> = self.on_streams.range(range).map(|(_, index)| *index).collect();
        for index in indices {
            if let Some(tx) = self.remove(index)
                && tx.is_waiting_client()
                && tx.owner != NOBODY
            {
                let id = ClientTx { index, generation: tx.generation };
                events.push(TxEvent::TransportError { tx: id, owner: tx.owner });
            }
        }
    }

    /// A timer of [`TimerKey::Tx`] fired.
    pub fn fire(
        &mut self,
        now: Mono,
        key: (u32, u32, Timer),
        out: &mut Vec<Output>,
    ) -> Option<TxEvent> {
        let (index, generation, timer) = key;
        let tx = self.txs.get(index as usize).filter(|t| t.generation == generation)?;
        match tx.state {
            State::Proceeding | State::Accepted | State::Completed | State::Confirmed => {
                self.fire_invite_server(now, index, timer, out)
            }
            State::Trying | State::Working | State::Done => {
                self.fire_server(now, index, timer, out);
                None
            }
            State::Calling | State::Ringing | State::Answered | State::Refused => {
                self.fire_invite_client(now, index, timer, out)
            }
            State::Asking | State::Waiting | State::Settled => {
                self.fire_client(now, index, timer, out)
            }
            State::Dead => self.end_client(index, timer),
        }
    }

    fn insert(&mut self, mut tx: Tx) -> (u32, u32) {
        self.generation = self.generation.wrapping_add(1);
        tx.generation = self.generation;
        let index = u32::try_from(self.txs.insert(tx)).unwrap_or(u32::MAX);
        (index, self.generation)
    }

    fn get(&mut self, index: u32, generation: u32) -> Option<&mut Tx> {
        self.txs.get_mut(index as usize).filter(|t| t.generation == generation)
    }

    fn remove(&mut self, index: u32) -> Option<Tx> {
        let tx = self.txs.remove(index as usize)?;
        if tx.is_server() {
            self.servers.remove(&tx.key);
            if let Some(merge) = tx.merge {
                self.merged.remove(&merge);
            }
        } else {
            self.clients.remove(&(tx.key as u64, tx.method));
            if tx.reliable {
                self.on_streams.remove(&(tx.flow, index));
            }
        }
        Some(tx)
    }

    fn arm_tx(&mut self, deadline: Mono, tx: (u32, u32), timer: Timer) {
        let (index, generation) = tx;
        self.wheel.arm(deadline, TimerKey::Tx { index, generation, timer });
    }

    fn is_reliable(&self, flow: FlowId) -> Option<bool> {
        self.flows.get(flow).map(|f| f.transport != Transport::Udp)
    }
}

impl Tx {
    fn is_server(&self) -> bool {
        match self.state {
            State::Proceeding
            | State::Accepted
            | State::Completed
            | State::Confirmed
            | State::Trying
            | State::Working
            | State::Done => true,
            State::Calling
            | State::Ringing
            | State::Answered
            | State::Refused
            | State::Asking
            | State::Waiting
            | State::Settled
            | State::Dead => false,
        }
    }

    /// A client transaction without a final response.
    fn is_waiting_client(&self) -> bool {
        use State as S;
        matches!(self.state, S::Calling | S::Ringing | S::Asking | S::Waiting | S::Dead)
    }

    /// Doubles the interval up to `cap` and gives it.
    fn back_off(&mut self, cap: Micros) -> Micros {
        let next = Micros(u64::from(self.interval)).doubled(cap);
        self.interval = u32::try_from(next.0).unwrap_or(u32::MAX);
        next
    }

    fn transmit(&self, out: &mut Vec<Output>) {
        out.push(Output::Transmit { flow: self.flow, to: self.to, bytes: self.last.clone() });
    }
}

/// First interval of timers A, E and G, in microseconds.
const FIRST_INTERVAL: u32 = T1.0 as u32;

/// 64·T1.
const LONG: Micros = Micros(64 * T1.0);

impl Layer {
    /// The request of a server transaction without final response; for building its answers.
    pub fn request_of(&self, tx: ServerTx) -> Option<Msg> {
        let entry = self.txs.get(tx.index as usize)?;
        if entry.generation != tx.generation || !entry.is_server() {
            return None;
        }
        Msg::parse_datagram(entry.live.as_ref()?.request.clone()).ok()
    }

    /// Sets whose news of the server transaction are.
    pub fn set_owner(&mut self, tx: ServerTx, owner: u64) {
        if let Some(entry) = self.get(tx.index, tx.generation) {
            entry.owner = owner;
        }
    }
}
