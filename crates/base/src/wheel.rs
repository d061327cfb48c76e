//! Timer wheel: O(1) to arm and to cancel; nothing ever scans all pending timers.
//!
//! Three levels of 10 ms, 1 s and 1 min slots and a list for what lies beyond. An entry is armed
//! with a key; cancelling is the owner's business: it keeps a generation in the key, and ignores
//! what fires with an old one. Timers fire at or after their deadline, at most 10 ms late, in
//! order of deadline slot and then of arming.

use crate::{Micros, Mono};

const TICK: u64 = 10_000;
const FINE: u64 = 100;
const SECONDS: u64 = 60;
const MINUTES: u64 = 60;
const COARSE_TICKS: u64 = FINE;
const MINUTE_TICKS: u64 = FINE * SECONDS;
const SPAN_TICKS: u64 = MINUTE_TICKS * MINUTES;

struct Entry<K> {
    tick: u64,
    key: K,
}

/// Timers of keys `K`.
pub struct Wheel<K> {
    /// The next tick that has not been fired yet.
    tick: u64,
    fine: Vec<Vec<Entry<K>>>,
    seconds: Vec<Vec<Entry<K>>>,
    minutes: Vec<Vec<Entry<K>>>,
    beyond: Vec<Entry<K>>,
    fine_used: u128,
    len: usize,
}

fn slots<T>(n: u64) -> Vec<Vec<T>> {
    std::iter::repeat_with(Vec::new).take(n as usize).collect()
}

impl<K> Default for Wheel<K> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K> Wheel<K> {
    /// An empty wheel at time 0.
    pub fn new() -> Self {
        Wheel {
            tick: 0,
            fine: slots(FINE),
            seconds: slots(SECONDS),
            minutes: slots(MINUTES),
            beyond: Vec::new(),
            fine_used: 0,
            len: 0,
        }
    }

    /// Number of armed timers, those cancelled by generation included.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether no timer is armed.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Arms a timer for `key` at `deadline`; a deadline in the past fires with the next tick.
    pub fn arm(&mut self, deadline: Mono, key: K) {
        let tick = deadline.0.div_ceil(TICK).max(self.tick);
        self.len += 1;
        self.place(Entry { tick, key });
    }

    fn place(&mut self, entry: Entry<K>) {
        let tick = entry.tick;
        let list = if tick / COARSE_TICKS == self.tick / COARSE_TICKS {
            self.fine_used |= 1 << (tick % FINE);
            self.fine.get_mut((tick % FINE) as usize)
        } else if tick / MINUTE_TICKS == self.tick / MINUTE_TICKS {
            self.seconds.get_mut((tick / COARSE_TICKS % SECONDS) as usize)
        } else if tick / SPAN_TICKS == self.tick / SPAN_TICKS {
            self.minutes.get_mut((tick / MINUTE_TICKS % MINUTES) as usize)
        } else {
            Some(&mut self.beyond)
        };
        if let Some(list) = list {
            list.push(entry);
        }
    }

    /// When [`Wheel::expire`] should be called next; `None` when no timer is armed.
    ///
    /// May be earlier than the earliest timer (a coarse slot must be taken apart), never later.
    pub fn next_deadline(&self) -> Option<Mono> {
        if self.len == 0 {
            return None;
        }
        let here = self.tick % FINE;
        let ahead = self.fine_used >> here;
        if ahead != 0 {
            return Some(Mono((self.tick + u64::from(ahead.trailing_zeros())) * TICK));
        }
        let second = self.tick / COARSE_TICKS;
        let in_minute = second % SECONDS;
        let next = (in_minute + 1..SECONDS)
            .find(|s| self.seconds.get(*s as usize).is_some_and(|l| !l.is_empty()));
        if let Some(s) = next {
            return Some(Mono((second - in_minute + s) * COARSE_TICKS * TICK));
        }
        let minute = self.tick / MINUTE_TICKS;
        let in_span = minute % MINUTES;
        let next = (in_span + 1..MINUTES)
            .find(|m| self.minutes.get(*m as usize).is_some_and(|l| !l.is_empty()));
        let due = match next {
            Some(m) => (minute - in_span + m) * MINUTE_TICKS,
            None => (self.tick / SPAN_TICKS + 1) * SPAN_TICKS,
        };
        Some(Mono(due * TICK))
    }

    /// Moves the keys of all timers due at `now` to `due`, earliest slot first.
    pub fn expire(&mut self, now: Mono, due: &mut Vec<K>) {
        let end = now.0 / TICK;
        while self.tick <= end {
            if self.len == 0 {
                self.tick = end + 1;
                return;
            }
            let here = (self.tick % FINE) as usize;
            if self.fine_used & (1 << here) != 0 {
                self.fine_used &= !(1 << here);
                if let Some(list) = self.fine.get_mut(here) {
                    self.len -= list.len();
                    due.extend(list.drain(..).map(|e| e.key));
                    shrink(list);
                }
            }
            self.advance(end);
        }
    }

    /// Steps to the next tick that may hold something, at most to `end` + 1.
    fn advance(&mut self, end: u64) {
        let here = self.tick % FINE;
        let ahead = self.fine_used >> here >> 1;
        let step = match ahead {
            0 => FINE - here,
            used => u64::from(used.trailing_zeros()) + 1,
        };
        self.tick = (self.tick + step).min(end + 1);
        if self.tick.is_multiple_of(FINE) && step > 0 {
            self.cascade();
        }
    }

    /// At the start of a second, takes the coarser slots that begin now apart.
    fn cascade(&mut self) {
        if self.tick.is_multiple_of(SPAN_TICKS) {
            let list = std::mem::take(&mut self.beyond);
            self.redistribute(list);
        }
        if self.tick.is_multiple_of(MINUTE_TICKS) {
            let slot = (self.tick / MINUTE_TICKS % MINUTES) as usize;
            let list = self.minutes.get_mut(slot).map(std::mem::take).unwrap_or_default();
            self.redistribute(list);
        }
        let slot = (self.tick / COARSE_TICKS % SECONDS) as usize;
        let list = self.seconds.get_mut(slot).map(std::mem::take).unwrap_or_default();
        self.redistribute(list);
    }

    fn redistribute(&mut self, list: Vec<Entry<K>>) {
        for entry in list {
            self.place(entry);
        }
    }
}

/// Gives the memory of a full slot back: there are hundreds of them.
fn shrink<T>(list: &mut Vec<T>) {
    if list.capacity() > 8 {
        *list = Vec::new();
    }
}

/// The longest a timer may fire after its deadline when `expire` is called in time.
pub const LATENESS_MAX: Micros = Micros(TICK);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rng;

    /// Random arming and expiry against a plain list of deadlines.
    #[test]
    fn agrees_with_a_sorted_list() {
        for seed in 0..40 {
            let mut rng = Rng::from_seed([seed; 32]);
            let mut wheel = Wheel::new();
            let mut list: Vec<(u64, u64)> = Vec::new();
            let mut now = 0;
            for id in 0..2_000 {
                let reach = [50_000, 2_000_000, 90_000_000, 9_000_000_000][rng.below(4) as usize];
                let at = now + rng.below(reach);
                wheel.arm(Mono(at), id);
                list.push((at, id));
                let pause = [1, 30_000, 3_000_000, 400_000_000][rng.below(4) as usize];
                now += rng.below(pause);
                let mut due = Vec::new();
                wheel.expire(Mono(now), &mut due);
                for id in &due {
                    let i = list.iter().position(|(_, x)| x == id).expect("fires once");
                    assert!(list.swap_remove(i).0 <= now, "never early");
                }
                let late = list.iter().find(|(at, _)| at + TICK <= now);
                assert_eq!(late, None, "seed {seed}: missed at {now}");
            }
            assert_eq!(wheel.len(), list.len());
        }
    }

    #[test]
    fn next_deadline_is_never_late_and_always_advances() {
        let mut rng = Rng::from_seed([9; 32]);
        let mut wheel = Wheel::new();
        let mut armed: Vec<u64> = (0..500).map(|_| rng.below(20_000_000_000)).collect();
        for (id, at) in armed.iter().enumerate() {
            wheel.arm(Mono(*at), id);
        }
        armed.sort_unstable();
        let (mut fired, mut steps, mut due) = (0, 0, Vec::new());
        while let Some(next) = wheel.next_deadline() {
            assert!(next.0 <= armed[fired] + TICK);
            wheel.expire(next, &mut due);
            fired += due.len();
            due.clear();
            steps += 1;
            assert!(steps < 2_000, "must go idle");
        }
        assert_eq!(fired, 500);
    }
}
