//! Slab in pages: stable indices, lowest free place first, and empty pages given back.
//!
//! One growing vector would copy everything at each doubling, which is heard as a pause, and
//! would keep the memory of the busiest minute for ever.

use std::collections::BTreeSet;

/// Places of a page.
const PAGE: usize = 128;

/// End of a page's list of free places.
const NONE: u16 = u16::MAX;

enum Slot<T> {
    Used(T),
    /// The next free place of the page, or [`NONE`].
    Free(u16),
}

struct Page<T> {
    slots: Vec<Slot<T>>,
    used: usize,
    free: u16,
}

impl<T> Page<T> {
    fn new() -> Self {
        let next = |at: usize| if at + 1 < PAGE { at as u16 + 1 } else { NONE };
        Page { slots: (0..PAGE).map(|at| Slot::Free(next(at))).collect(), used: 0, free: 0 }
    }
}

/// Values under indices that stay the same while the value lives.
///
/// A new value takes a place in the lowest page with room, so that the higher pages empty after
/// a peak and are freed.
pub struct Slots<T> {
    pages: Vec<Option<Page<T>>>,
    /// Pages with room, freed ones included.
    open: BTreeSet<usize>,
    len: usize,
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Slots { pages: Vec::new(), open: BTreeSet::new(), len: 0 }
    }
}

impl<T> Slots<T> {
    /// Without values.
    pub fn new() -> Self {
        Self::default()
    }

    /// The index that the next inserted value gets.
    pub fn next_index(&self) -> usize {
        let Some(&page) = self.open.first() else { return self.pages.len() * PAGE };
        let free = self.pages.get(page).and_then(Option::as_ref).map_or(0, |p| p.free);
        page * PAGE + usize::from(free)
    }

    /// Adds a value and returns its index.
    pub fn insert(&mut self, value: T) -> usize {
        let page = self.open.first().copied().unwrap_or(self.pages.len());
        if page == self.pages.len() {
            self.pages.push(None);
            self.open.insert(page);
        }
        let Some(place) = self.pages.get_mut(page) else { return usize::MAX };
        let place = place.get_or_insert_with(Page::new);
        let at = usize::from(place.free);
        if let Some(slot) = place.slots.get_mut(at)
            && let Slot::Free(next) = std::mem::replace(slot, Slot::Used(value))
        {
            place.free = next;
            place.used += 1;
            self.len += 1;
        }
        if place.free == NONE {
            self.open.remove(&page);
        }
        page * PAGE + at
    }

    /// The value at `index`.
    pub fn get(&self, index: usize) -> Option<&T> {
        match self.pages.get(index / PAGE)?.as_ref()?.slots.get(index % PAGE)? {
            Slot::Used(value) => Some(value),
            Slot::Free(_) => None,
        }
    }

    /// The value at `index`, to be changed.
    pub fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        match self.pages.get_mut(index / PAGE)?.as_mut()?.slots.get_mut(index % PAGE)? {
            Slot::Used(value) => Some(value),
            Slot::Free(_) => None,
        }
    }

    /// Takes the value at `index` out; a page that is empty then is freed.
    pub fn remove(&mut self, index: usize) -> Option<T> {
        let number = index / PAGE;
        let page = self.pages.get_mut(number)?.as_mut()?;
        let slot = page.slots.get_mut(index % PAGE)?;
        if matches!(slot, Slot::Free(_)) {
            return None;
        }
        let taken = std::mem::replace(slot, Slot::Free(page.free));
        page.free = (index % PAGE) as u16;
        page.used -= 1;
        self.len -= 1;
        self.open.insert(number);
        // The first page stays: an exchange with few calls would free and make it all the time.
        if page.used == 0 && number > 0 {
            self.forget(number);
        }
        match taken {
            Slot::Used(value) => Some(value),
            Slot::Free(_) => None,
        }
    }

    fn forget(&mut self, number: usize) {
        if let Some(page) = self.pages.get_mut(number) {
            *page = None;
        }
        while self.pages.last().is_some_and(Option::is_none) {
            self.pages.pop();
            self.open.remove(&self.pages.len());
        }
    }

    /// Number of values.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Every value with its index, lowest first.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &T)> {
        let pages = self.pages.iter().enumerate();
        pages.filter_map(|(n, page)| page.as_ref().map(|p| (n, p))).flat_map(|(n, page)| {
            page.slots.iter().enumerate().filter_map(move |(at, slot)| match slot {
                Slot::Used(value) => Some((n * PAGE + at, value)),
                Slot::Free(_) => None,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::Rng;

    /// Random adding and taking out against a map.
    #[test]
    fn agrees_with_a_map() {
        for seed in 0..20 {
            let mut rng = Rng::from_seed([seed; 32]);
            let (mut slots, mut map) = (Slots::new(), BTreeMap::new());
            for value in 0..4_000_u32 {
                // Phases of growing and of shrinking.
                if rng.below(10) < if value / 1_000 % 2 == 0 { 8 } else { 3 } {
                    let expected = slots.next_index();
                    let index = slots.insert(value);
                    assert_eq!(index, expected);
                    assert_eq!(map.insert(index, value), None, "a place is given once");
                } else {
                    let index = rng.below(1_500) as usize;
                    assert_eq!(slots.remove(index), map.remove(&index));
                }
                let probe = rng.below(1_500) as usize;
                assert_eq!(slots.get(probe), map.get(&probe));
            }
            assert_eq!(slots.len(), map.len());
            assert!(slots.iter().eq(map.iter().map(|(index, value)| (*index, value))));
        }
    }

    #[test]
    fn a_peak_is_given_back_though_not_all_end() {
        let mut slots = Slots::new();
        let all: Vec<usize> = (0..100_000).map(|n| slots.insert(n)).collect();
        for index in all.iter().filter(|index| **index % 5_000 != 0) {
            slots.remove(*index);
        }
        assert_eq!(slots.len(), 20);
        let kept = slots.pages.iter().flatten().count();
        assert!(kept <= 21, "{kept} pages for 20 values");
        assert!(slots.insert(0) < PAGE, "the lowest page fills first");
    }
}
