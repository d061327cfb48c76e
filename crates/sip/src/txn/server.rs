//! Server transactions (RFC 3261 §17.2, RFC 6026 §7.1, RFC 4320).

use base::limits::{AUTO_100, T1, T2, T4};
use base::{Micros, Mono};
use bytes::Bytes;

use super::{
    Arrival, Cancel, FIRST_INTERVAL, LONG, Layer, Live, NOBODY, Peer, RequestKey, ServerTx, State,
    Timer, Tx, TxEvent, build,
};
use crate::msg::via::Via;
use crate::msg::{HeaderId, Method, Msg};
use crate::stack::Output;

/// When a non-INVITE request without final response gets its 100: the moment at which timer E of
/// the sender reaches T2 (RFC 4320 §4.1).
const LATE_100: Micros = Micros::millis(3_500);

impl Layer {
    /// The key of a request; `None` when a mandatory header cannot be read.
    pub fn key(&self, msg: &Msg) -> Option<RequestKey> {
        self.hasher.key(msg)
    }

    /// Matches an arriving request; repetitions get the last response again. CANCEL is matched by
    /// its own transaction; what it cancels is found by [`Layer::cancelled`].
    pub fn arrive(&mut self, now: Mono, key: &RequestKey, out: &mut Vec<Output>) -> Arrival {
        if let Some(index) = self.servers.get(&key.own).copied() {
            return self.repeated(now, index, key.method, out);
        }
        match key.merge {
            Some(merge) if self.merged.contains_key(&merge) => Arrival::Merged,
            Some(_) | None => Arrival::New,
        }
    }

    fn repeated(
        &mut self,
        now: Mono,
        index: u32,
        method: Method,
        out: &mut Vec<Output>,
    ) -> Arrival {
        let Some(tx) = self.txs.get_mut(index as usize) else {
            return Arrival::New;
        };
        if method != Method::Ack {
            let resend = match tx.state {
                // A stream loses nothing: a refusal is not sent twice (sip.md SIP-D20).
                State::Completed => !tx.reliable,
                State::Proceeding | State::Working | State::Done => true,
                // RFC 6026 §7.1: the 2xx is the dialog's business.
                _ => false,
            };
            if resend && !tx.last.is_empty() {
                tx.transmit(out);
            }
            return Arrival::Absorbed;
        }
        match tx.state {
            State::Accepted => Arrival::Ack { owner: tx.owner },
            State::Completed => {
                tx.state = State::Confirmed;
                tx.last = Bytes::new();
                let (reliable, generation) = (tx.reliable, tx.generation);
                if reliable {
                    self.remove(index);
                } else {
                    self.arm_tx(now + T4, (index, generation), Timer::I);
                }
                Arrival::Absorbed
            }
            _ => Arrival::Absorbed,
        }
    }

    /// Begins the transaction of a request that [`Layer::arrive`] called new. Never for ACK.
    pub fn open(&mut self, now: Mono, key: &RequestKey, msg: &Msg, peer: &Peer) -> ServerTx {
        let reliable = self.is_reliable(peer.flow).unwrap_or(false);
        let via = msg.items(HeaderId::Via).next().and_then(Via::parse);
        let to = match via {
            Some(via) if !reliable => via.reply_to(peer.address),
            Some(_) | None => peer.address,
        };
        let is_invite = key.method == Method::Invite;
        // An INVITE waits for people: its bytes must not keep a receive buffer alive.
        let request = if is_invite { Bytes::copy_from_slice(msg.raw()) } else { msg.raw().clone() };
        let id = self.insert(Tx {
            generation: 0,
            state: if is_invite { State::Proceeding } else { State::Trying },
            method: key.method,
            reliable,
            interval: FIRST_INTERVAL,
            key: key.own,
            merge: key.merge,
            flow: peer.flow,
            to,
            owner: NOBODY,
            last: Bytes::new(),
            live: Some(Box::new(Live { request, c_due: now, cancel: Cancel::No })),
        });
        self.servers.insert(key.own, id.0);
        if let Some(merge) = key.merge {
            self.merged.insert(merge, id.0);
        }
        let wait = if is_invite { AUTO_100 } else { LATE_100 };
        self.arm_tx(now + wait, id, Timer::Trying);
        ServerTx { index: id.0, generation: id.1 }
    }

    /// The INVITE that a CANCEL is for, with its owner; `None` when it is unknown or has had its
    /// final response (then the CANCEL changes nothing but is still answered 200).
    pub fn cancelled(&self, key: &RequestKey) -> Cancelled {
        let entry = self
            .servers
            .get(&key.invite)
            .and_then(|index| Some((*index, self.txs.get(*index as usize)?)));
        match entry {
            None => Cancelled::Unknown,
            Some((index, tx)) if tx.state == State::Proceeding => Cancelled::Pending {
                tx: ServerTx { index, generation: tx.generation },
                owner: tx.owner,
            },
            Some(_) => Cancelled::TooLate,
        }
    }

    /// Sends a response. Provisional ones are remembered for repetitions; the first final one ends
    /// the transaction's work. After a 2xx to INVITE further 2xx pass; anything else after a
    /// final response is dropped, as is what comes for a transaction that is gone.
    pub fn respond(
        &mut self,
        now: Mono,
        tx: ServerTx,
        (status, bytes): (u16, Bytes),
        out: &mut Vec<Output>,
    ) {
        let id = (tx.index, tx.generation);
        let Some(entry) = self.get(tx.index, tx.generation) else {
            return;
        };
        let next = match (entry.state, status) {
            (State::Proceeding, 100..=199) => State::Proceeding,
            (State::Proceeding | State::Accepted, 200..=299) => State::Accepted,
            (State::Proceeding, _) => State::Completed,
            (State::Trying | State::Working, 100..=199) => State::Working,
            (State::Trying | State::Working, _) => State::Done,
            _ => return,
        };
        let first_final = status >= 200 && entry.state != State::Accepted;
        entry.state = next;
        entry.last = bytes;
        entry.transmit(out);
        if next == State::Accepted {
            entry.last = Bytes::new();
        }
        if !first_final {
            return;
        }
        entry.live = None;
        let reliable = entry.reliable;
        match next {
            State::Accepted => self.arm_tx(now + LONG, id, Timer::L),
            State::Completed => {
                if reliable {
                    entry.last = Bytes::new();
                } else {
                    self.arm_tx(now + T1, id, Timer::G);
                }
                self.arm_tx(now + LONG, id, Timer::H);
            }
            _ if reliable => {
                self.remove(tx.index);
            }
            _ => self.arm_tx(now + LONG, id, Timer::J),
        }
    }

    /// Whether an INVITE was refused and the ACK of that has not come.
    pub fn awaits_ack(&self, tx: ServerTx) -> bool {
        let entry = self.txs.get(tx.index as usize);
        entry.is_some_and(|t| t.generation == tx.generation && t.state == State::Completed)
    }

    /// Whether the transaction's flow is closed.
    pub fn is_cut(&self, tx: ServerTx) -> bool {
        let entry = self.txs.get(tx.index as usize).filter(|t| t.generation == tx.generation);
        entry.is_some_and(|t| self.flows.get(t.flow).is_none())
    }

    /// Whether the transaction still waits for its final response.
    pub fn is_pending(&self, tx: ServerTx) -> bool {
        self.txs.get(tx.index as usize).is_some_and(|t| {
            t.generation == tx.generation
                && matches!(t.state, State::Proceeding | State::Trying | State::Working)
        })
    }

    pub(super) fn fire_invite_server(
        &mut self,
        now: Mono,
        index: u32,
        timer: Timer,
        out: &mut Vec<Output>,
    ) -> Option<TxEvent> {
        let tx = self.txs.get_mut(index as usize)?;
        let (owner, generation) = (tx.owner, tx.generation);
        match (tx.state, timer) {
            (State::Proceeding, Timer::Trying) => tx.send_trying(out),
            (State::Completed, Timer::G) => {
                tx.transmit(out);
                let again = now + tx.back_off(T2);
                self.arm_tx(again, (index, generation), Timer::G);
            }
            (State::Completed, Timer::H) => {
                self.remove(index);
                let tx = ServerTx { index, generation };
                return (owner != NOBODY).then_some(TxEvent::AckMissing { tx, owner });
            }
            (State::Confirmed, Timer::I) | (State::Accepted, Timer::L) => {
                self.remove(index);
            }
            // The state that armed it has been left.
            _ => {}
        }
        None
    }

    pub(super) fn fire_server(
        &mut self,
        now: Mono,
        index: u32,
        timer: Timer,
        out: &mut Vec<Output>,
    ) {
        let Some(tx) = self.txs.get_mut(index as usize) else {
            return;
        };
        let id = (index, tx.generation);
        match (tx.state, timer) {
            (State::Trying | State::Working, Timer::Trying) => {
                tx.send_trying(out);
                tx.state = State::Working;
                self.arm_tx(now + LONG - LATE_100, id, Timer::GiveUp);
            }
            // RFC 4320 §4.2: no 408; a later final response is not sent.
            (State::Working, Timer::GiveUp) | (State::Done, Timer::J) => {
                self.remove(index);
            }
            // The state that armed it has been left.
            _ => {}
        }
    }
}

/// What a CANCEL finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancelled {
    /// No such INVITE: 481.
    Unknown,
    /// It has its final response already: 200 and nothing else.
    TooLate,
    /// 200 to the CANCEL, 487 to the INVITE by its owner.
    Pending {
        /// The INVITE.
        tx: ServerTx,
        /// Whose.
        owner: u64,
    },
}

impl Tx {
    /// Sends 100 unless a provisional response has been sent already.
    fn send_trying(&mut self, out: &mut Vec<Output>) {
        if !self.last.is_empty() {
            return;
        }
        if let Some(live) = &self.live
            && let Some(bytes) = build::trying(&live.request, self.to)
        {
            self.last = bytes;
            self.transmit(out);
        }
    }
}
