//! Wrong passwords and PINs: when they lock an id (R050, SEC-08). Names that do not exist lock like
//! those that do.

use std::collections::{BTreeMap, VecDeque};

use base::{Wall, limits};
use model::CredentialOwner;

/// Names without a password of their own whose failures are remembered; the oldest is forgotten
/// first.
const GHOSTS_MAX: usize = 4_096;

/// By which rule failures lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    /// Three in a row.
    Password,
    /// Five within a minute, or twenty in a row however slowly.
    Pin,
}

/// Failures of an id since its last success.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Strikes {
    /// In a row.
    pub(crate) failures: i64,
    /// When the latest ones were, the oldest first; kept for PINs only.
    pub(crate) recent: Vec<Wall>,
    /// Locked since then.
    pub(crate) locked_at: Option<Wall>,
}

impl Rule {
    pub(crate) const fn of(owner: CredentialOwner) -> Self {
        match owner {
            CredentialOwner::Pin(_) | CredentialOwner::BoxPin(_) => Rule::Pin,
            CredentialOwner::Admin(_) | CredentialOwner::User(_) => Rule::Password,
        }
    }

    /// After one more failure.
    pub(crate) fn one_more(self, before: &Strikes, now: Wall) -> Strikes {
        let failures = before.failures.saturating_add(1);
        let mut recent = Vec::new();
        let locks = match self {
            Rule::Password => failures >= i64::from(limits::LOGIN_FAILURES_MAX),
            Rule::Pin => {
                let within = span_ms(limits::PIN_FAILURES_WITHIN);
                let kept = before.recent.iter().filter(|at| now.0.saturating_sub(at.0) < within);
                recent.extend(kept.copied().chain([now]));
                let many = recent.len() >= limits::PIN_FAILURES_MAX as usize;
                many || failures >= i64::from(limits::PIN_FAILURES_ROW)
            }
        };
        Strikes { failures, recent, locked_at: locks.then_some(now) }
    }
}

/// End of the lock of a PIN that began at `since`.
pub(crate) fn pin_lock_end(since: Wall) -> Wall {
    Wall(since.0.saturating_add(span_ms(limits::PIN_LOCK)))
}

fn span_ms(span: base::Micros) -> i64 {
    i64::try_from(span.as_seconds().saturating_mul(1_000)).unwrap_or(i64::MAX)
}

impl Strikes {
    /// The times of the latest failures as stored.
    pub(crate) fn recent_blob(&self) -> Option<Vec<u8>> {
        let bytes: Vec<u8> = self.recent.iter().flat_map(|at| at.0.to_be_bytes()).collect();
        (!bytes.is_empty()).then_some(bytes)
    }

    /// Reads [`Strikes::recent_blob`]; a broken tail is dropped.
    pub(crate) fn recent_of(blob: &[u8]) -> Vec<Wall> {
        let times = blob.chunks_exact(8).filter_map(|c| c.try_into().ok());
        times.map(|c| Wall(i64::from_be_bytes(c))).collect()
    }
}

/// Failures of names that have no password stored.
#[derive(Default)]
pub(crate) struct Ghosts {
    entries: BTreeMap<[u8; 32], Strikes>,
    order: VecDeque<[u8; 32]>,
}

impl Ghosts {
    pub(crate) fn get(&self, key: &[u8; 32]) -> Strikes {
        self.entries.get(key).cloned().unwrap_or_default()
    }

    /// Forgets the failures of a name.
    pub(crate) fn forgive(&mut self, key: &[u8; 32]) {
        if let Some(strikes) = self.entries.get_mut(key) {
            *strikes = Strikes::default();
        }
    }

    pub(crate) fn remember(&mut self, key: [u8; 32], strikes: Strikes) {
        if self.entries.insert(key, strikes).is_none() {
            self.order.push_back(key);
        }
        if self.order.len() > GHOSTS_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.entries.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Failures at these seconds; the number of the one that locked.
    fn locks(rule: Rule, seconds: impl IntoIterator<Item = i64>) -> Option<usize> {
        let mut strikes = Strikes::default();
        seconds.into_iter().position(|s| {
            strikes = rule.one_more(&strikes, Wall(s * 1_000));
            strikes.locked_at.is_some()
        })
    }

    #[test]
    fn five_wrong_pins_lock_within_any_sixty_seconds() {
        assert_eq!(locks(Rule::Pin, [0, 10, 20, 30, 59]), Some(4));
        assert_eq!(locks(Rule::Pin, [0, 10, 20, 30, 60]), None);
        assert_eq!(locks(Rule::Pin, [0, 50, 51, 52, 61, 62]), Some(5));
        assert_eq!(locks(Rule::Pin, (0..25).map(|n| n * 20)), Some(19), "slowly, twenty in a row");
        assert_eq!(locks(Rule::Password, [0, 1_000, 2_000]), Some(2));
    }

    #[test]
    fn times_are_kept_as_bytes() {
        let recent = vec![Wall(1), Wall(i64::MAX)];
        let strikes = Strikes { recent: recent.clone(), ..Strikes::default() };
        assert_eq!(Strikes::recent_of(&strikes.recent_blob().expect("bytes")), recent);
        assert_eq!(Strikes::default().recent_blob(), None);
    }

    #[test]
    fn memory_of_unknown_names_is_bounded() {
        let mut ghosts = Ghosts::default();
        for n in 0..10_000u32 {
            let mut key = [0; 32];
            key[..4].copy_from_slice(&n.to_be_bytes());
            ghosts.remember(key, Strikes::default());
        }
        assert_eq!((ghosts.entries.len(), ghosts.order.len()), (GHOSTS_MAX, GHOSTS_MAX));
    }
}
