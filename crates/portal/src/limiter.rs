//! How often one address may fail to sign in, so that nobody can lock out a whole company by
//! three tries for each name (R050).

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};

use base::Wall;

/// Failures of an address within [`WINDOW_MS`] after which it must wait.
const FAILURES_MAX: u32 = 20;
const WINDOW_MS: i64 = 10 * 60_000;
/// Addresses that are remembered; the oldest is forgotten first.
const ADDRESSES_MAX: usize = 4_096;

/// Failures by address.
#[derive(Default)]
pub(crate) struct Limiter(Mutex<BTreeMap<IpAddr, Failures>>);

struct Failures {
    since: Wall,
    count: u32,
}

impl Limiter {
    fn table(&self) -> MutexGuard<'_, BTreeMap<IpAddr, Failures>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether an address may try now. The machine itself always may: a proxy on it speaks for
    /// everybody.
    pub(crate) fn may_try(&self, address: Option<IpAddr>, now: Wall) -> bool {
        let Some(key) = address.and_then(key) else { return true };
        self.table()
            .get(&key)
            .is_none_or(|f| f.count < FAILURES_MAX || now.0 - f.since.0 >= WINDOW_MS)
    }

    /// Counts a failure.
    pub(crate) fn failed(&self, address: Option<IpAddr>, now: Wall) {
        let Some(key) = address.and_then(key) else { return };
        let mut table = self.table();
        if table.len() >= ADDRESSES_MAX && !table.contains_key(&key) {
            table.retain(|_, f| now.0 - f.since.0 < WINDOW_MS);
            let oldest = table.iter().min_by_key(|(_, f)| f.since).map(|(key, _)| *key);
            if let Some(oldest) = oldest.filter(|_| table.len() >= ADDRESSES_MAX) {
                table.remove(&oldest);
            }
        }
        let entry = table.entry(key).or_insert(Failures { since: now, count: 0 });
        if now.0 - entry.since.0 >= WINDOW_MS {
            *entry = Failures { since: now, count: 0 };
        }
        entry.count = entry.count.saturating_add(1);
    }
}

/// What counts as one address: IPv6 by its /64. `None` for the machine itself.
fn key(address: IpAddr) -> Option<IpAddr> {
    match address {
        a if a.is_loopback() => None,
        IpAddr::V4(a) => Some(IpAddr::V4(a)),
        IpAddr::V6(a) => {
            let [p, q, r, s, ..] = a.segments();
            Some(IpAddr::V6(Ipv6Addr::new(p, q, r, s, 0, 0, 0, 0)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Option<IpAddr> {
        text.parse().ok()
    }

    #[test]
    fn an_address_that_fails_often_waits_and_others_do_not() {
        let limiter = Limiter::default();
        let (one, other) = (address("2001:db8::1"), address("2001:db8:1::1"));
        for n in 0..FAILURES_MAX {
            assert!(limiter.may_try(one, Wall(i64::from(n))));
            limiter.failed(address(&format!("2001:db8::{n:x}")), Wall(i64::from(n)));
        }
        assert!(!limiter.may_try(one, Wall(20)));
        assert!(limiter.may_try(other, Wall(20)));
        assert!(limiter.may_try(one, Wall(WINDOW_MS)));
    }

    #[test]
    fn the_machine_itself_never_waits() {
        let limiter = Limiter::default();
        for _ in 0..100 {
            limiter.failed(address("127.0.0.1"), Wall(0));
        }
        assert!(limiter.may_try(address("127.0.0.1"), Wall(0)));
    }

    #[test]
    fn memory_is_bounded() {
        let limiter = Limiter::default();
        for n in 0..10_000u32 {
            limiter.failed(Some(IpAddr::V4(std::net::Ipv4Addr::from(0x0a00_0000 + n))), Wall(0));
        }
        assert_eq!(limiter.table().len(), ADDRESSES_MAX);
    }
}
