//! Client transactions (RFC 3261 §17.1, RFC 6026 §7.2).

use base::limits::{T1, T2, T4, TIMER_C, TIMER_HOP};
use base::{Micros, Mono};
use bytes::Bytes;

use super::{
    Branch, Cancel, ClientTx, FIRST_INTERVAL, LONG, Layer, Live, NOBODY, Outgoing, State, Timer,
    Tx, TxEvent, build,
};
use crate::msg::cseq::CSeq;
use crate::msg::via::Via;
use crate::msg::{HeaderId, Method, Msg};
use crate::stack::Output;

/// Timer D of unreliable transports: above the 32 s for which the far end repeats its refusal.
const TIMER_D: Micros = Micros::seconds(32);

impl Layer {
    /// Sends a request. Never fails: a closed flow or a full layer comes back as
    /// [`TxEvent::TransportError`] with the next tick.
    pub fn request(&mut self, now: Mono, request: Outgoing, out: &mut Vec<Output>) -> ClientTx {
        let Outgoing { peer, method, branch, bytes, owner } = request;
        let reliable = self.is_reliable(peer.flow);
        let usable = reliable.is_some() && !self.is_full();
        let is_invite = method == Method::Invite;
        let noise = Branch::noise(branch.as_ref()).unwrap_or_default();
        let live = is_invite.then(|| {
            let request = Bytes::new();
            Box::new(Live { request, c_due: now + TIMER_C, cancel: Cancel::No })
        });
        let state = match (usable, is_invite) {
            (false, _) => State::Dead,
            (true, true) => State::Calling,
            (true, false) => State::Asking,
        };
        let reliable = reliable.unwrap_or(false);
        let id = self.insert(Tx {
            generation: 0,
            state,
            method,
            reliable,
            interval: FIRST_INTERVAL,
            key: u128::from(noise),
            merge: None,
            flow: peer.flow,
            to: peer.address,
            owner,
            last: bytes,
            live,
        });
        let tx = ClientTx { index: id.0, generation: id.1 };
        if !usable {
            self.arm_tx(now, id, Timer::GiveUp);
            return tx;
        }
        self.clients.insert((noise, method), id.0);
        if reliable {
            self.on_streams.insert((peer.flow, id.0));
        }
        if let Some(entry) = self.txs.get(id.0 as usize) {
            entry.transmit(out);
        }
        let (again, end) = if is_invite { (Timer::A, Timer::B) } else { (Timer::E, Timer::F) };
        if !reliable {
            self.arm_tx(now + T1, id, again);
        }
        self.arm_tx(now + LONG, id, end);
        if is_invite {
            self.arm_tx(now + TIMER_HOP, id, Timer::C);
        }
        tx
    }

    /// Cancels an INVITE that has no final response: at once, or as soon as its first provisional
    /// response comes (RFC 3261 §9.1). `reason` is the value of `Reason`.
    ///
    /// A final response, 487 or a crossing 2xx, still comes; if none does within 64·T1,
    /// [`TxEvent::Timeout`].
    pub fn cancel(
        &mut self,
        now: Mono,
        tx: ClientTx,
        reason: Option<Bytes>,
        out: &mut Vec<Output>,
    ) {
        let Some(entry) = self.get(tx.index, tx.generation) else {
            return;
        };
        let state = entry.state;
        let Some(live) = entry.live.as_mut().filter(|l| matches!(l.cancel, Cancel::No)) else {
            return;
        };
        match state {
            State::Calling => live.cancel = Cancel::Wanted(reason),
            State::Ringing => self.send_cancel(now, tx.index, reason, out),
            _ => {}
        }
    }

    fn send_cancel(&mut self, now: Mono, index: u32, reason: Option<Bytes>, out: &mut Vec<Output>) {
        let Some(tx) = self.txs.get_mut(index as usize) else {
            return;
        };
        let Some(live) = tx.live.as_mut() else {
            return;
        };
        live.cancel = Cancel::Sent;
        let cancel = build::cancel(&tx.last, reason.as_ref());
        let id = (index, tx.generation);
        let (flow, address, reliable) = (tx.flow, tx.to, tx.reliable);
        let noise = tx.key;
        self.arm_tx(now + LONG, id, Timer::GiveUp);
        let Some(bytes) = cancel else {
            return;
        };
        // The CANCEL is a transaction of its own with the branch of the INVITE; its answer
        // interests nobody.
        let own = self.insert(Tx {
            generation: 0,
            state: State::Asking,
            method: Method::Cancel,
            reliable,
            interval: FIRST_INTERVAL,
            key: noise,
            merge: None,
            flow,
            to: address,
            owner: NOBODY,
            last: bytes,
            live: None,
        });
        self.clients.insert((noise as u64, Method::Cancel), own.0);
        if reliable {
            self.on_streams.insert((flow, own.0));
        } else {
            self.arm_tx(now + T1, own, Timer::E);
        }
        self.arm_tx(now + LONG, own, Timer::F);
        if let Some(entry) = self.txs.get(own.0 as usize) {
            entry.transmit(out);
        }
    }

    /// Matches a response. `None`: repeated, nobody's, or of no transaction of ours; the caller
    /// counts it with the help of [`Layer::knows`].
    pub fn response(&mut self, now: Mono, msg: &Msg, out: &mut Vec<Output>) -> Option<TxEvent> {
        let index = self.client_of(msg)?;
        let status = msg.status()?;
        let tx = self.txs.get_mut(index as usize)?;
        let id = ClientTx { index, generation: tx.generation };
        let owner = tx.owner;
        let is_new = match tx.state {
            State::Calling | State::Ringing => self.invite_response(now, id, (status, msg), out),
            State::Answered => (200..=299).contains(&status),
            State::Refused => {
                if status >= 300 && !tx.last.is_empty() {
                    tx.transmit(out);
                }
                false
            }
            State::Asking | State::Waiting => self.other_response(now, id, status),
            State::Settled | State::Dead => false,
            State::Proceeding
            | State::Accepted
            | State::Completed
            | State::Confirmed
            | State::Trying
            | State::Working
            | State::Done => false,
        };
        (is_new && owner != NOBODY).then_some(TxEvent::Response { tx: id, owner })
    }

    /// What is still sent for a request by this flow, its CANCEL above all, goes to this address
    /// from now on; a request of another flow is left as it is.
    pub fn moved(&mut self, tx: ClientTx, to: super::Peer) {
        if let Some(entry) = self.get(tx.index, tx.generation).filter(|e| e.flow == to.flow) {
            entry.to = to.address;
        }
    }

    /// Whether a response belongs to a transaction of ours, finished ones included.
    pub fn knows(&self, msg: &Msg) -> bool {
        self.client_of(msg).is_some()
    }

    fn client_of(&self, msg: &Msg) -> Option<u32> {
        let via = msg.items(HeaderId::Via).next().and_then(Via::parse)?;
        let noise = Branch::noise(via.branch()?)?;
        let method = CSeq::parse(msg.value(HeaderId::CSeq)?)?.method;
        self.clients.get(&(noise, method)).copied()
    }

    fn invite_response(
        &mut self,
        now: Mono,
        id: ClientTx,
        (status, msg): (u16, &Msg),
        out: &mut Vec<Output>,
    ) -> bool {
        let timer_id = (id.index, id.generation);
        let Some(tx) = self.get(id.index, id.generation) else {
            return false;
        };
        if status < 200 {
            tx.state = State::Ringing;
            let mut wanted = None;
            if let Some(live) = tx.live.as_mut() {
                if status > 100 {
                    live.c_due = now + TIMER_C;
                }
                if let Cancel::Wanted(reason) = &mut live.cancel {
                    wanted = Some(reason.take());
                }
            }
            if let Some(reason) = wanted {
                self.send_cancel(now, id.index, reason, out);
            }
            return true;
        }
        tx.live = None;
        if status < 300 {
            tx.state = State::Answered;
            tx.last = Bytes::new();
            self.arm_tx(now + LONG, timer_id, Timer::M);
            return true;
        }
        tx.state = State::Refused;
        tx.last = build::ack(&tx.last, msg).unwrap_or_default();
        if !tx.last.is_empty() {
            tx.transmit(out);
        }
        if tx.reliable {
            self.remove(id.index);
        } else {
            self.arm_tx(now + TIMER_D, timer_id, Timer::D);
        }
        true
    }

    fn other_response(&mut self, now: Mono, id: ClientTx, status: u16) -> bool {
        let Some(tx) = self.get(id.index, id.generation) else {
            return false;
        };
        if status < 200 {
            tx.state = State::Waiting;
            return true;
        }
        tx.state = State::Settled;
        tx.last = Bytes::new();
        if tx.reliable {
            self.remove(id.index);
        } else {
            self.arm_tx(now + T4, (id.index, id.generation), Timer::K);
        }
        true
    }

    pub(super) fn fire_invite_client(
        &mut self,
        now: Mono,
        index: u32,
        timer: Timer,
        out: &mut Vec<Output>,
    ) -> Option<TxEvent> {
        let tx = self.txs.get_mut(index as usize)?;
        let id = (index, tx.generation);
        match (tx.state, timer) {
            (State::Calling, Timer::A) => {
                tx.transmit(out);
                let again = now + tx.back_off(LONG);
                self.arm_tx(again, id, Timer::A);
            }
            (State::Calling, Timer::B) | (State::Calling | State::Ringing, Timer::GiveUp) => {
                return self.end_client(index, timer);
            }
            (State::Calling | State::Ringing, Timer::C) => {
                let live = tx.live.as_ref()?;
                if live.c_due > now {
                    let due = live.c_due.min(now + TIMER_HOP);
                    self.arm_tx(due, id, Timer::C);
                } else if matches!(live.cancel, Cancel::No) {
                    self.send_cancel(now, index, None, out);
                }
            }
            (State::Answered, Timer::M) | (State::Refused, Timer::D) => {
                self.remove(index);
            }
            // The state that armed it has been left.
            _ => {}
        }
        None
    }

    pub(super) fn fire_client(
        &mut self,
        now: Mono,
        index: u32,
        timer: Timer,
        out: &mut Vec<Output>,
    ) -> Option<TxEvent> {
        let tx = self.txs.get_mut(index as usize)?;
        let id = (index, tx.generation);
        match (tx.state, timer) {
            (State::Asking | State::Waiting, Timer::E) => {
                tx.transmit(out);
                let next = if tx.state == State::Waiting { T2 } else { tx.back_off(T2) };
                let again = now + next;
                self.arm_tx(again, id, Timer::E);
            }
            (State::Asking | State::Waiting, Timer::F) => return self.end_client(index, timer),
            (State::Settled, Timer::K) => {
                self.remove(index);
            }
            // The state that armed it has been left.
            _ => {}
        }
        None
    }

    /// Ends a client transaction that got no final response.
    pub(super) fn end_client(&mut self, index: u32, timer: Timer) -> Option<TxEvent> {
        let entry = self.remove(index)?;
        let owner = entry.owner;
        let tx = ClientTx { index, generation: entry.generation };
        if owner == NOBODY {
            return None;
        }
        Some(match (entry.state, timer) {
            (State::Dead, _) => TxEvent::TransportError { tx, owner },
            _ => TxEvent::Timeout { tx, owner },
        })
    }
}
