//! Guessing of secrets: who failed too often is not heard (SEC-07), nor are known scanners.

use std::collections::VecDeque;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};

use base::{Micros, Mono, Rng, Table};

use crate::msg::{HeaderId, Msg};

/// Failures that block.
const FAILURES_MAX: u8 = 5;

/// The time in which they must fall.
const FAILURES_WITHIN: Micros = Micros::seconds(60);

/// How long the block lasts.
const BLOCKED_FOR: Micros = Micros::minutes(15);

/// Addresses, and pairs of address and user, that are remembered; the oldest is forgotten first.
const ENTRIES_MAX: usize = 20_000;

/// User names are compared by their first bytes.
const USER_MAX: usize = 32;

/// What scanners call themselves, in lower case.
const SCANNERS: [&[u8]; 6] =
    [b"friendly-scanner", b"sipvicious", b"sundayddr", b"sip-scan", b"smap ", b"sivus"];

/// Who tried: a user name from an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Pair {
    address: IpAddr,
    user: [u8; USER_MAX],
}

#[derive(Debug, Clone, Copy)]
struct Failures {
    since: Mono,
    count: u8,
}

/// Failures by address (IPv6: by /64) and by pair.
pub(super) struct Guard {
    addresses: Counter<IpAddr>,
    pairs: Counter<Pair>,
}

struct Counter<K> {
    failures: Table<K, Failures>,
    order: VecDeque<(Mono, K)>,
}

impl Guard {
    pub(super) fn new(rng: &mut Rng) -> Self {
        Guard { addresses: Counter::new(rng), pairs: Counter::new(rng) }
    }

    /// Whether credentials of `user` from `address` are dropped unheard. The address alone counts
    /// only when `spared` is false: a source that holds a binding, or a network of the house.
    pub(super) fn blocks(&self, now: Mono, address: IpAddr, user: &[u8], spared: bool) -> bool {
        self.pairs.is_blocked(now, &pair(address, user))
            || !spared && !is_private(address) && self.blocks_address(now, address)
    }

    /// Whether nothing that needs credentials is heard from `address`.
    pub(super) fn blocks_address(&self, now: Mono, address: IpAddr) -> bool {
        self.addresses.is_blocked(now, &network(address))
    }

    /// A digest was checked and wrong.
    pub(super) fn failed(&mut self, now: Mono, address: IpAddr, user: &[u8]) {
        self.pairs.failed(now, pair(address, user));
        if !is_private(address) {
            self.addresses.failed(now, network(address));
        }
    }
}

impl<K: Copy + Eq + Hash> Counter<K> {
    fn new(rng: &mut Rng) -> Self {
        Counter { failures: Table::new(rng), order: VecDeque::new() }
    }

    fn is_blocked(&self, now: Mono, key: &K) -> bool {
        self.failures
            .get(key)
            .is_some_and(|f| f.count >= FAILURES_MAX && now.since(f.since) < BLOCKED_FOR)
    }

    fn failed(&mut self, now: Mono, key: K) {
        self.forget(now);
        let is_new = !self.failures.contains_key(&key);
        let entry = self.failures.get_or_insert_with(key, || Failures { since: now, count: 0 });
        let lasts = if entry.count < FAILURES_MAX { FAILURES_WITHIN } else { BLOCKED_FOR };
        if now.since(entry.since) >= lasts {
            *entry = Failures { since: now, count: 0 };
        }
        entry.count = entry.count.saturating_add(1);
        if entry.count == FAILURES_MAX {
            entry.since = now;
        }
        if is_new {
            self.order.push_back((now, key));
        }
    }

    /// Drops what is too old, and the oldest when there are too many.
    fn forget(&mut self, now: Mono) {
        while let Some((at, key)) = self.order.front().copied() {
            let entry = self.failures.get(&key).copied();
            let is_live = entry.is_some_and(|f| now.since(f.since) < BLOCKED_FOR);
            if self.order.len() < ENTRIES_MAX && (is_live || now.since(at) < BLOCKED_FOR) {
                return;
            }
            self.order.pop_front();
            self.failures.remove(&key);
        }
    }
}

/// Whether the sender names itself as a scanner.
pub(super) fn is_scanner(msg: &Msg) -> bool {
    let agent = msg.value(HeaderId::UserAgent).unwrap_or_default();
    let agent: Vec<u8> = agent.iter().take(64).map(u8::to_ascii_lowercase).collect();
    SCANNERS.iter().any(|s| agent.windows(s.len()).any(|w| w == *s))
}

fn pair(address: IpAddr, user: &[u8]) -> Pair {
    let mut name = [0; USER_MAX];
    name.iter_mut().zip(user).for_each(|(to, from)| *to = from.to_ascii_lowercase());
    Pair { address: network(address), user: name }
}

/// The address, or the /64 that an IPv6 address is in.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
    }
}

/// Loopback and private networks: until networks of a site are listed, only pairs are blocked
/// there, so that one wrong phone in an office does not silence the others.
pub(super) fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}
