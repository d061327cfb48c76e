//! Immutable, shared containers: equality look-up by hash, ordered lists, and values by key.
//!
//! All are plain sorted vectors behind an `Arc`: a snapshot that changes one user shares every
//! other vector with its predecessor, and 16 bytes per entry are all that an index costs.

use std::cmp::Ordering;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

/// 64-bit hash of a key. Keys come from administrators, so the hash need not be secret.
pub(crate) fn hash_of(key: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}

/// Hash of a text whose ASCII case does not matter, within `scope`.
pub(crate) fn hash_text(scope: u128, text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    scope.hash(&mut hasher);
    for byte in text.bytes() {
        hasher.write_u8(byte.to_ascii_lowercase());
    }
    hasher.finish()
}

/// Objects by the hash of one key.
pub(crate) struct Index<T> {
    entries: Arc<Vec<(u64, Arc<T>)>>,
}

impl<T> Clone for Index<T> {
    fn clone(&self) -> Self {
        Index { entries: Arc::clone(&self.entries) }
    }
}

impl<T> Default for Index<T> {
    fn default() -> Self {
        Index { entries: Arc::default() }
    }
}

impl<T> Index<T> {
    /// Every object whose key has `hash`.
    pub(crate) fn candidates(&self, hash: u64) -> impl Iterator<Item = &Arc<T>> {
        let rest = self.entries.get(first_from(&self.entries, hash)..).unwrap_or_default();
        rest.iter().take_while(move |(h, _)| *h == hash).map(|(_, value)| value)
    }

    /// The first object with `hash` that `same` accepts.
    pub(crate) fn find(&self, hash: u64, same: impl Fn(&T) -> bool) -> Option<&Arc<T>> {
        self.candidates(hash).find(|value| same(value))
    }

    /// This index without `removed` (by identity) and with `added`.
    pub(crate) fn patched(
        &self,
        mut removed: Vec<(u64, Arc<T>)>,
        mut added: Vec<(u64, Arc<T>)>,
    ) -> Self {
        if removed.is_empty() && added.is_empty() {
            return self.clone();
        }
        removed.sort_by_key(|(hash, _)| *hash);
        added.sort_by_key(|(hash, _)| *hash);
        let is_removed = |entry: &(u64, Arc<T>)| {
            let start = removed.partition_point(|(h, _)| *h < entry.0);
            let same = removed.get(start..).unwrap_or_default();
            same.iter().take_while(|(h, _)| *h == entry.0).any(|(_, v)| Arc::ptr_eq(v, &entry.1))
        };
        let kept = self.entries.iter().filter(|e| removed.is_empty() || !is_removed(e)).cloned();
        let size = (self.entries.len() + added.len()).saturating_sub(removed.len());
        let merged = merge(kept, added, size, |a, b| a.0.cmp(&b.0));
        Index { entries: Arc::new(merged) }
    }
}

/// Where the entries from `hash` on begin.
///
/// Hashes are spread evenly, so the place is guessed and the search widens from there: a few
/// neighbouring cache lines instead of one for each halving.
fn first_from<T>(entries: &[(u64, T)], hash: u64) -> usize {
    let guess = ((u128::from(hash) * entries.len() as u128) >> 64) as usize;
    let is_before = |at: usize| entries.get(at).is_some_and(|(h, _)| *h < hash);
    let (mut low, mut high, mut step) = (guess, guess, 4);
    while is_before(high) {
        low = high + 1;
        high = (high + step).min(entries.len());
        step *= 2;
    }
    if low == guess {
        while low > 0 && !is_before(low - 1) {
            high = low;
            low = low.saturating_sub(step);
            step *= 2;
        }
    }
    let near = entries.get(low..high).unwrap_or_default();
    low + near.partition_point(|(h, _)| *h < hash)
}

/// Objects in the order of a comparison that the owner keeps.
pub(crate) struct Ordered<T> {
    entries: Arc<Vec<Arc<T>>>,
}

impl<T> Clone for Ordered<T> {
    fn clone(&self) -> Self {
        Ordered { entries: Arc::clone(&self.entries) }
    }
}

impl<T> Default for Ordered<T> {
    fn default() -> Self {
        Ordered { entries: Arc::default() }
    }
}

impl<T> Ordered<T> {
    /// The objects from the first that `before` is false for.
    pub(crate) fn from(&self, before: impl Fn(&T) -> bool) -> &[Arc<T>] {
        let start = self.entries.partition_point(|v| before(v));
        self.entries.get(start..).unwrap_or_default()
    }

    /// All objects.
    pub(crate) fn all(&self) -> &[Arc<T>] {
        &self.entries
    }

    /// This list without `removed` (by identity) and with `added`, in the order of `compare`.
    pub(crate) fn patched(
        &self,
        removed: &[Arc<T>],
        mut added: Vec<Arc<T>>,
        compare: impl Fn(&T, &T) -> Ordering,
    ) -> Self {
        if removed.is_empty() && added.is_empty() {
            return self.clone();
        }
        let mut gone: Vec<*const T> = removed.iter().map(Arc::as_ptr).collect();
        gone.sort_unstable();
        added.sort_by(|a, b| compare(a, b));
        let kept = self
            .entries
            .iter()
            .filter(|v| gone.is_empty() || gone.binary_search(&Arc::as_ptr(v)).is_err())
            .cloned();
        let size = (self.entries.len() + added.len()).saturating_sub(removed.len());
        Ordered { entries: Arc::new(merge(kept, added, size, |a, b| compare(a, b))) }
    }
}

/// Values by key, several to a key: two vectors of equal length, sorted by key, then value.
pub(crate) struct Pairs<K, V> {
    columns: Arc<(Vec<K>, Vec<V>)>,
}

impl<K, V> Clone for Pairs<K, V> {
    fn clone(&self) -> Self {
        Pairs { columns: Arc::clone(&self.columns) }
    }
}

impl<K, V> Default for Pairs<K, V> {
    fn default() -> Self {
        Pairs { columns: Arc::new((Vec::new(), Vec::new())) }
    }
}

impl<K: Copy + Ord, V: Copy + Ord> Pairs<K, V> {
    /// The values of a key in order.
    pub(crate) fn of(&self, key: K) -> &[V] {
        let (keys, values) = &*self.columns;
        let start = keys.partition_point(|k| *k < key);
        let rest = keys.get(start..).unwrap_or_default();
        let count = rest.partition_point(|k| *k == key);
        values.get(start..start + count).unwrap_or_default()
    }

    /// These pairs without `gone` and with `new`.
    pub(crate) fn patched(&self, mut gone: Vec<(K, V)>, mut new: Vec<(K, V)>) -> Self {
        for list in [&mut gone, &mut new] {
            list.sort_unstable();
            list.dedup();
        }
        if gone == new {
            return self.clone();
        }
        let (keys, values) = &*self.columns;
        let kept = keys.iter().copied().zip(values.iter().copied());
        let kept = kept.filter(|pair| gone.binary_search(pair).is_err());
        let size = (keys.len() + new.len()).saturating_sub(gone.len());
        let merged = merge(kept, new, size, |a, b| a.cmp(b));
        Pairs { columns: Arc::new(merged.into_iter().unzip()) }
    }
}

/// Merges two sorted runs.
fn merge<E>(
    left: impl Iterator<Item = E>,
    right: Vec<E>,
    size: usize,
    compare: impl Fn(&E, &E) -> Ordering,
) -> Vec<E> {
    let mut out = Vec::with_capacity(size);
    let mut right = right.into_iter().peekable();
    for entry in left {
        while let Some(next) = right.next_if(|r| compare(r, &entry) == Ordering::Less) {
            out.push(next);
        }
        out.push(entry);
    }
    out.extend(right);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The guessing search finds what halving finds, on even and on crooked hashes.
    #[test]
    fn the_first_entry_is_where_halving_finds_it() {
        for (count, shift) in [(0, 0), (1, 0), (2, 0), (1_000, 0), (1_000, 40), (3_000, 58)] {
            let mut hashes: Vec<u64> = (0..count).map(|n| hash_of(&n) >> shift).collect();
            hashes.sort_unstable();
            let entries: Vec<(u64, ())> = hashes.iter().map(|h| (*h, ())).collect();
            let probes = hashes.iter().flat_map(|h| [h.wrapping_sub(1), *h, h.wrapping_add(1)]);
            for probe in probes.chain([0, u64::MAX, u64::MAX >> 1]) {
                let expected = entries.partition_point(|(h, _)| *h < probe);
                assert_eq!(first_from(&entries, probe), expected, "{probe} of {count}");
            }
        }
    }
}
