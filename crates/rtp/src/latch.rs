//! Whose packets count, and where ours go (media design §7, RFC 7362).
//!
//! | State | Event | Next | Does |
//! |---|---|---|---|
//! | `Learning` | good packet | `Learning` | forwarded; rank: SDP address and port > SDP address > any |
//! | `Learning` | 3 sequential packets of the best source | `Locked` | the socket is connected |
//! | `Learning` | 3 s over, a source was seen | `Locked` | locks the best |
//! | `Locked` | packet from elsewhere | `Locked` | dropped (the kernel does it already) |
//! | `Locked` | 2 s silence | `Watching` | the socket is disconnected |
//! | `Watching` | packet of the locked source | `Locked` | |
//! | `Watching` | same SSRC, sequence goes on; or authenticated | `Learning` | the new source leads |
//! | any | other SDP address | `Learning` | |

use std::net::SocketAddr;

use base::{Micros, Mono};

use crate::Header;

/// How long a source is looked for after an SDP.
pub const LEARN_TIME: Micros = Micros::seconds(3);

/// Silence after which another source may take over, if it proves itself.
pub const REBIND_SILENCE: Micros = Micros::seconds(2);

/// Packets in sequence that settle a source.
const SEQUENTIAL: u8 = 3;

/// How far a sequence may have gone on meanwhile: about ten seconds of 20 ms packets.
const REBIND_GAP_MAX: u16 = 512;

/// The state for one socket.
#[derive(Debug, Clone, Copy)]
pub struct Latch {
    sdp: Option<SocketAddr>,
    state: State,
    last: Mono,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Learning { until: Mono, best: Option<Candidate> },
    Locked(Candidate),
    Watching(Candidate),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Candidate {
    from: SocketAddr,
    ssrc: u32,
    sequence: u16,
    count: u8,
}

/// One packet as the latch sees it.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'h> {
    /// Its source.
    pub from: SocketAddr,
    /// Its header, already checked for version and payload type.
    pub header: &'h Header,
    /// Whether SRTP has authenticated it, which proves more than an address.
    pub authenticated: bool,
}

/// What to do with a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Not the peer's: drop it.
    Drop,
    /// The peer's.
    Forward,
    /// The peer's, and its source is settled now: connect the socket and forward.
    Lock(SocketAddr),
}

/// What time alone changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timed {
    /// Nothing.
    Nothing,
    /// The learning time is over: connect the socket.
    Lock(SocketAddr),
    /// The source is silent: disconnect the socket, so that it may come from elsewhere.
    Unlock,
}

impl Latch {
    /// Learns from `now` on; `sdp` is where the peer says that it listens.
    pub fn new(now: Mono, sdp: Option<SocketAddr>) -> Self {
        let state = State::Learning { until: now + LEARN_TIME, best: None };
        Self { sdp: sdp.filter(is_usable), state, last: now }
    }

    /// Another SDP; learns anew when the address differs. True when it does: disconnect.
    pub fn set_sdp(&mut self, now: Mono, sdp: Option<SocketAddr>) -> bool {
        let sdp = sdp.filter(is_usable);
        if sdp == self.sdp {
            return false;
        }
        *self = Self { last: self.last, ..Self::new(now, sdp) };
        true
    }

    /// Where to send: the settled or best source, else the SDP's address.
    pub fn target(&self) -> Option<SocketAddr> {
        match &self.state {
            State::Locked(peer) | State::Watching(peer) => Some(peer.from),
            State::Learning { best, .. } => best.map(|b| b.from).or(self.sdp),
        }
    }

    /// The settled source.
    pub fn locked(&self) -> Option<SocketAddr> {
        match &self.state {
            State::Locked(peer) => Some(peer.from),
            State::Learning { .. } | State::Watching(_) => None,
        }
    }

    /// When the last good packet came; the beginning of learning before.
    pub fn last(&self) -> Mono {
        self.last
    }

    /// A packet of the connected socket: the kernel has checked its source.
    #[inline]
    pub fn connected_packet(&mut self, now: Mono, header: &Header) {
        self.last = now;
        if let State::Locked(peer) = &mut self.state {
            peer.ssrc = header.ssrc;
            peer.sequence = header.sequence;
        }
    }

    /// Judges a packet of the unconnected socket.
    pub fn packet(&mut self, now: Mono, seen: Seen<'_>) -> Verdict {
        let verdict = match self.state {
            State::Learning { until, best } => self.learn(now, until, best, seen),
            State::Locked(peer) if peer.from == seen.from => {
                self.connected_packet(now, seen.header);
                Verdict::Forward
            }
            State::Locked(_) => Verdict::Drop,
            State::Watching(peer) => self.watch(now, peer, seen),
        };
        if verdict != Verdict::Drop {
            self.last = now;
        }
        verdict
    }

    /// Datagrams without RTP header (T.38): the first source of the best rank is taken at once.
    pub fn datagram(&mut self, now: Mono, from: SocketAddr) -> Verdict {
        let header = Header::default();
        match self.packet(now, Seen { from, header: &header, authenticated: false }) {
            Verdict::Forward if self.locked().is_none() => self.lock(seen_as(from, &header)),
            verdict => verdict,
        }
    }

    /// Looks at the clock; about once a second is enough.
    pub fn tick(&mut self, now: Mono) -> Timed {
        match self.state {
            State::Learning { until, best: Some(best) } if until <= now => {
                self.state = State::Locked(best);
                Timed::Lock(best.from)
            }
            State::Locked(peer) if now.since(self.last) >= REBIND_SILENCE => {
                self.state = State::Watching(peer);
                Timed::Unlock
            }
            State::Learning { .. } | State::Locked(_) | State::Watching(_) => Timed::Nothing,
        }
    }

    fn learn(
        &mut self,
        now: Mono,
        until: Mono,
        best: Option<Candidate>,
        seen: Seen<'_>,
    ) -> Verdict {
        let next = match best {
            Some(best) if best.from == seen.from => {
                let sequential = best.ssrc == seen.header.ssrc
                    && best.sequence.wrapping_add(1) == seen.header.sequence;
                let count = if sequential { best.count + 1 } else { 1 };
                Candidate { count, ..seen_as(seen.from, seen.header) }
            }
            Some(best) if self.rank(seen.from) <= self.rank(best.from) => return Verdict::Drop,
            Some(_) | None => seen_as(seen.from, seen.header),
        };
        if next.count >= SEQUENTIAL || seen.authenticated || until <= now {
            return self.lock(next);
        }
        self.state = State::Learning { until, best: Some(next) };
        Verdict::Forward
    }

    fn watch(&mut self, now: Mono, peer: Candidate, seen: Seen<'_>) -> Verdict {
        if seen.from == peer.from {
            return self.lock(seen_as(seen.from, seen.header));
        }
        let gap = seen.header.sequence.wrapping_sub(peer.sequence);
        let goes_on = seen.header.ssrc == peer.ssrc && (1..=REBIND_GAP_MAX).contains(&gap);
        if !goes_on && !seen.authenticated {
            return Verdict::Drop;
        }
        let best = Some(seen_as(seen.from, seen.header));
        self.state = State::Learning { until: now + LEARN_TIME, best };
        Verdict::Forward
    }

    fn lock(&mut self, peer: Candidate) -> Verdict {
        self.state = State::Locked(peer);
        Verdict::Lock(peer.from)
    }

    fn rank(&self, from: SocketAddr) -> u8 {
        match self.sdp {
            Some(sdp) if sdp == from => 2,
            Some(sdp) if sdp.ip() == from.ip() => 1,
            Some(_) | None => 0,
        }
    }
}

fn seen_as(from: SocketAddr, header: &Header) -> Candidate {
    Candidate { from, ssrc: header.ssrc, sequence: header.sequence, count: 1 }
}

/// Hold of old (`0.0.0.0`) and refused lines name no destination.
fn is_usable(addr: &SocketAddr) -> bool {
    !addr.ip().is_unspecified() && !addr.ip().is_multicast() && addr.port() != 0
}
