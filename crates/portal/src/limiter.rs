//! How often one address may fail: at the login page, so that nobody can lock out a whole company
//! by three tries for each name (R050); with tokens of the API (SEC-08).

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};

use base::{Micros, Wall, limits};

/// Failures of an address at the login page within [`WINDOW_MS`] after which it must wait.
const FAILURES_MAX: usize = 20;
const WINDOW_MS: i64 = 10 * 60_000;
/// Addresses that are remembered; the one that has not failed for longest is forgotten first.
const ADDRESSES_MAX: usize = 4_096;

/// Failures by address.
pub(crate) struct Limiter {
    rule: Rule,
    table: Mutex<BTreeMap<IpAddr, Failures>>,
}

/// So many failures within the time lock an address.
struct Rule {
    most: usize,
    within_ms: i64,
    lock_ms: i64,
}

/// When an address failed.
#[derive(Default)]
struct Failures {
    /// The latest first ones of its time, at most [`Rule::most`].
    recent: Vec<Wall>,
    locked_until: Option<Wall>,
}

impl Failures {
    fn last(&self) -> Option<Wall> {
        self.recent.last().copied()
    }

    fn is_locked(&self, now: Wall) -> bool {
        self.locked_until.is_some_and(|end| now < end)
    }
}

impl Default for Limiter {
    /// That of the login page.
    fn default() -> Self {
        Limiter::new(Rule { most: FAILURES_MAX, within_ms: WINDOW_MS, lock_ms: WINDOW_MS })
    }
}

impl Limiter {
    /// That of wrong tokens: 5 in 60 s, then 15 min.
    pub(crate) fn of_tokens() -> Self {
        Limiter::new(Rule {
            most: limits::TOKEN_FAILURES_MAX as usize,
            within_ms: ms(limits::TOKEN_FAILURES_WITHIN),
            lock_ms: ms(limits::TOKEN_LOCK),
        })
    }

    fn new(rule: Rule) -> Self {
        Limiter { rule, table: Mutex::default() }
    }

    fn table(&self) -> MutexGuard<'_, BTreeMap<IpAddr, Failures>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether an address may try now. The machine itself always may: a proxy on it speaks for
    /// everybody.
    pub(crate) fn may_try(&self, address: Option<IpAddr>, now: Wall) -> bool {
        let Some(key) = address.and_then(key) else { return true };
        self.table().get(&key).is_none_or(|f| !f.is_locked(now))
    }

    /// Counts a failure.
    pub(crate) fn failed(&self, address: Option<IpAddr>, now: Wall) {
        let Some(key) = address.and_then(key) else { return };
        let Rule { most, within_ms, lock_ms } = self.rule;
        let mut table = self.table();
        if table.len() >= ADDRESSES_MAX && !table.contains_key(&key) {
            let counts = |f: &Failures| f.last().is_some_and(|at| now.0 - at.0 < within_ms);
            table.retain(|_, f| f.is_locked(now) || counts(f));
            let oldest = table.iter().min_by_key(|(_, f)| f.last()).map(|(key, _)| *key);
            if let Some(oldest) = oldest.filter(|_| table.len() >= ADDRESSES_MAX) {
                table.remove(&oldest);
            }
        }
        let failures = table.entry(key).or_default();
        failures.recent.retain(|at| now.0 - at.0 < within_ms);
        failures.recent.push(now);
        if failures.recent.len() >= most {
            failures.recent.clear();
            failures.recent.push(now);
            failures.locked_until = Some(Wall(now.0.saturating_add(lock_ms)));
        }
    }
}

fn ms(span: Micros) -> i64 {
    i64::try_from(span.as_seconds().saturating_mul(1_000)).unwrap_or(i64::MAX)
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
        for n in 0..20 {
            assert!(limiter.may_try(one, Wall(n)));
            limiter.failed(address(&format!("2001:db8::{n:x}")), Wall(n));
        }
        assert!(!limiter.may_try(one, Wall(20)));
        assert!(limiter.may_try(other, Wall(20)));
        assert!(limiter.may_try(one, Wall(WINDOW_MS + 19)));
    }

    #[test]
    fn five_wrong_tokens_within_any_minute_cost_a_quarter_of_an_hour() {
        let one = address("192.0.2.1");
        let fails = |seconds: &[i64]| {
            let limiter = Limiter::of_tokens();
            seconds.iter().for_each(|s| limiter.failed(one, Wall(s * 1_000)));
            limiter
        };
        let limiter = fails(&[0, 50, 51, 52, 53]);
        assert!(!limiter.may_try(one, Wall(953_000 - 1)));
        assert!(limiter.may_try(one, Wall(953_000)));
        assert!(!fails(&[0, 50, 51, 52, 61, 62]).may_try(one, Wall(63_000)));
        assert!(fails(&[0, 20, 40, 60, 80, 100]).may_try(one, Wall(100_000)));
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
