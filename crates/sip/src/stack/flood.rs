//! Who may be heard at all: one token bucket for each source that nobody knows (SEC-20).
//!
//! Asked before a datagram is journalled or parsed, so its answers are no part of what the stack
//! decides: a journal holds what was let in, and replays without it.

use std::collections::VecDeque;
use std::net::IpAddr;

use base::limits::{FLOOD_BURST, FLOOD_KNOWN_FOR, FLOOD_RATE, FLOOD_SOURCES_MAX};
use base::{Micros, Mono, Rng, Table};

use super::guard::network;

/// What one message costs at the rate.
const COST: Micros = Micros(1_000_000 / FLOOD_RATE);

/// How far a source may be ahead of the rate.
const AHEAD: Micros = Micros(COST.0 * (FLOOD_BURST - 1));

/// Buckets by source, IPv6 by /64; the oldest is forgotten first.
pub(super) struct Flood {
    /// When what a source has sent will have been paid for.
    paid: Table<IpAddr, Mono>,
    order: VecDeque<IpAddr>,
    /// When a source last proved who it is.
    proofs: Table<IpAddr, Mono>,
    proof_order: VecDeque<(Mono, IpAddr)>,
}

impl Flood {
    pub(super) fn new(rng: &mut Rng) -> Self {
        Flood {
            paid: Table::new(rng),
            order: VecDeque::new(),
            proofs: Table::new(rng),
            proof_order: VecDeque::new(),
        }
    }

    /// A digest of this source was right: it is known for a while.
    pub(super) fn proved(&mut self, now: Mono, source: IpAddr) {
        while let Some((at, source)) = self.proof_order.front().copied() {
            if self.proof_order.len() < FLOOD_SOURCES_MAX && now.since(at) < FLOOD_KNOWN_FOR {
                break;
            }
            self.proof_order.pop_front();
            // A later proof has an entry of its own.
            if self.proofs.get(&source) == Some(&at) {
                self.proofs.remove(&source);
            }
        }
        let source = network(source);
        // Many calls a second need no entry each.
        let fresh = |at: &Mono| now.since(*at) < Micros(FLOOD_KNOWN_FOR.0 / 8);
        if !self.proofs.get(&source).is_some_and(fresh) {
            self.proofs.insert(source, now);
            self.proof_order.push_back((now, source));
        }
    }

    /// Whether one more message of this source, which holds no binding, is heard.
    pub(super) fn admits(&mut self, now: Mono, source: IpAddr) -> bool {
        let source = network(source);
        // The eighth makes up for proofs that were not entered.
        let known = Micros(FLOOD_KNOWN_FOR.0 + FLOOD_KNOWN_FOR.0 / 8);
        if self.proofs.get(&source).is_some_and(|at| now.since(*at) < known) {
            return true;
        }
        if let Some(paid) = self.paid.get_mut(&source) {
            let begin = (*paid).max(now);
            if begin.since(now) > AHEAD {
                return false;
            }
            *paid = begin + COST;
            return true;
        }
        self.forget(now);
        self.paid.insert(source, now + COST);
        self.order.push_back(source);
        true
    }

    /// Drops sources that have been quiet, and the oldest when there are too many.
    fn forget(&mut self, now: Mono) {
        while let Some(source) = self.order.front() {
            let is_quiet = self.paid.get(source).is_none_or(|paid| *paid <= now);
            if self.order.len() < FLOOD_SOURCES_MAX && !is_quiet {
                return;
            }
            self.paid.remove(source);
            self.order.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flood() -> Flood {
        Flood::new(&mut Rng::from_seed([1; 32]))
    }

    fn source(n: u32) -> IpAddr {
        IpAddr::V4(n.into())
    }

    /// How many of `tries` at one instant are heard.
    fn heard(flood: &mut Flood, now: Mono, source: IpAddr, tries: usize) -> usize {
        (0..tries).filter(|_| flood.admits(now, source)).count()
    }

    #[test]
    fn a_burst_is_heard_and_then_the_rate() {
        let (mut flood, mut now) = (flood(), Mono(5_000_000));
        assert_eq!(heard(&mut flood, now, source(1), 1_000), FLOOD_BURST as usize);
        assert_eq!(heard(&mut flood, now, source(2), 7), 7, "others have buckets of their own");
        let mut sum = 0;
        for _ in 0..100 {
            now += Micros::millis(50);
            sum += heard(&mut flood, now, source(1), 100);
        }
        assert_eq!(sum, 5 * FLOOD_RATE as usize);
        now += Micros::seconds(10);
        assert_eq!(heard(&mut flood, now, source(1), 1_000), FLOOD_BURST as usize, "after a rest");
    }

    #[test]
    fn a_source_that_proved_who_it_is_is_heard_for_a_minute() {
        let (mut flood, now) = (flood(), Mono(5_000_000));
        flood.proved(now, source(1));
        flood.proved(now + Micros::seconds(5), source(1));
        let later = now + Micros::seconds(64);
        assert_eq!(heard(&mut flood, later, source(1), 1_000), 1_000);
        let later = now + Micros::seconds(70);
        assert_eq!(heard(&mut flood, later, source(1), 1_000), FLOOD_BURST as usize);
    }

    #[test]
    fn many_sources_cost_bounded_memory() {
        let (mut flood, mut now) = (flood(), Mono(5_000_000));
        for n in 0..2 * FLOOD_SOURCES_MAX as u32 {
            assert!(flood.admits(now, source(n)));
            flood.proved(now, source(1 << 31 | n));
        }
        assert_eq!((flood.paid.len(), flood.order.len()), (FLOOD_SOURCES_MAX, FLOOD_SOURCES_MAX));
        assert_eq!(flood.proofs.len(), FLOOD_SOURCES_MAX);
        now += FLOOD_KNOWN_FOR;
        assert!(flood.admits(now, source(1)));
        flood.proved(now, source(1));
        assert_eq!((flood.paid.len(), flood.proofs.len()), (1, 1), "the quiet ones are forgotten");
    }

    #[test]
    fn a_network_of_ipv6_is_one_source() {
        let (mut flood, now) = (flood(), Mono(0));
        let at = |n: u16| IpAddr::V6(std::net::Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, n));
        let heard = (0..1_000).filter(|n| flood.admits(now, at(*n))).count();
        assert_eq!(heard, FLOOD_BURST as usize);
    }
}
