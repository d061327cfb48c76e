//! Hash table with a keyed hash and no iteration, so no order can leak and no flood can aim.

use std::borrow::Borrow;
use std::hash::{BuildHasher, Hash};

use hashbrown::HashMap;
use siphasher::sip::SipHasher13;

use crate::Rng;

/// Builds SipHash-1-3 hashers with one key.
#[derive(Clone, Copy)]
pub struct Keyed {
    key: (u64, u64),
}

impl BuildHasher for Keyed {
    type Hasher = SipHasher13;

    fn build_hasher(&self) -> SipHasher13 {
        SipHasher13::new_with_keys(self.key.0, self.key.1)
    }
}

/// Map from `K` to `V`: get, insert, remove and length, but no iteration.
///
/// Where order matters use a `BTreeMap` or a slab.
#[derive(Clone)]
pub struct Table<K, V> {
    map: HashMap<K, V, Keyed>,
}

impl<K: Eq + Hash, V> Table<K, V> {
    /// An empty table whose hash key comes from `rng`.
    pub fn new(rng: &mut Rng) -> Self {
        let key = (rng.next_u64(), rng.next_u64());
        Table { map: HashMap::with_hasher(Keyed { key }) }
    }

    /// The value of `key`.
    pub fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.map.get(key)
    }

    /// The value of `key`, to be changed.
    pub fn get_mut<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        self.map.get_mut(key)
    }

    /// Whether `key` has a value.
    pub fn contains_key<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.map.contains_key(key)
    }

    /// Sets the value of `key`; returns the former one.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        self.map.insert(key, value)
    }

    /// The value of `key`, made by `make` when there is none.
    pub fn get_or_insert_with(&mut self, key: K, make: impl FnOnce() -> V) -> &mut V {
        self.map.entry(key).or_insert_with(make)
    }

    /// Removes and returns the value of `key`; gives memory back after a peak.
    pub fn remove<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let value = self.map.remove(key);
        if self.map.capacity() > 256 && self.map.len() < self.map.capacity() / 8 {
            self.map.shrink_to(self.map.len() * 2);
        }
        value
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.map.len()
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.map.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peak_is_given_back() {
        let mut table = Table::new(&mut Rng::from_seed([0; 32]));
        for i in 0..100_000u32 {
            table.insert(i, i);
        }
        for i in 0..99_900 {
            assert_eq!(table.remove(&i), Some(i));
        }
        assert_eq!((table.len(), table.get(&99_950)), (100, Some(&99_950)));
        assert!(table.map.capacity() < 4_096, "{}", table.map.capacity());
    }
}
