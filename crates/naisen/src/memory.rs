//! Memory of a busy hour goes back to the system when it is over.
//!
//! The C library's allocator keeps what was freed between things that still live. After a peak
//! it is told to look through its heaps, which takes about a millisecond for ten megabytes and
//! holds up whoever allocates meanwhile; so it is done only when the load has fallen.

use std::time::Duration;

use engine::Metrics;

/// How often the load is looked at after a peak.
const LOOK: Duration = Duration::from_secs(1);

/// How often it is looked at while nothing has happened.
const GLANCE: Duration = Duration::from_secs(10);

/// Messages in one look that make a peak worth the work.
const PEAK: u64 = 100;

/// Quiet looks before memory is given back: finished transactions linger 32 s (RFC 3261, 64·T1).
const QUIET: u32 = 33;

/// Watches the load rise and fall.
#[derive(Debug, Default)]
struct Tide {
    /// Most messages in one look since memory was given back.
    peak: u64,
    /// Looks in a row that were below a quarter of the peak.
    quiet: u32,
}

impl Tide {
    fn is_up(&self) -> bool {
        self.peak >= PEAK
    }

    /// Takes the messages of one look; true when memory should be given back now.
    fn turn(&mut self, messages: u64) -> bool {
        self.peak = self.peak.max(messages);
        self.quiet = if messages * 4 < self.peak { self.quiet + 1 } else { 0 };
        let over = self.is_up() && self.quiet >= QUIET;
        if over {
            *self = Tide::default();
        }
        over
    }
}

/// Free bytes at the end of a heap that are given back at once.
#[cfg(target_env = "gnu")]
const HEAP_END: i32 = 512 * 1024;

/// Sets the allocator up; before anything large is freed, which would raise its own threshold
/// to tens of megabytes.
#[cfg(target_env = "gnu")]
#[allow(unsafe_code)] // docs/adr/0019
pub(crate) fn set_up() {
    // SAFETY: the call takes two numbers; no other thread runs yet (mallopt(3)).
    unsafe {
        libc::mallopt(libc::M_TRIM_THRESHOLD, HEAP_END);
    }
}

/// Other allocators have no such setting.
#[cfg(not(target_env = "gnu"))]
pub(crate) fn set_up() {}

/// Gives memory back after each peak, as long as the process runs.
pub(crate) async fn keep(metrics: Metrics) {
    let (mut tide, mut before) = (Tide::default(), metrics.messages());
    loop {
        tokio::time::sleep(if tide.is_up() { LOOK } else { GLANCE }).await;
        let now = metrics.messages();
        if tide.turn(now - before) {
            // Not on a thread that serves anybody.
            let _ = tokio::task::spawn_blocking(give_back).await;
        }
        before = now;
    }
}

/// Gives the free pages of every heap back to the system.
#[cfg(target_env = "gnu")]
#[allow(unsafe_code)] // docs/adr/0019
fn give_back() {
    // SAFETY: the call takes no pointer, has no precondition and may run beside every other
    // call of the allocator, whose locks it takes (malloc_trim(3): MT-Safe).
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Other allocators give memory back by themselves, or cannot be told to.
#[cfg(not(target_env = "gnu"))]
fn give_back() {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_given_back_once_after_each_peak() {
        let mut tide = Tide::default();
        let mut given = |loads: &[(u64, u32)]| {
            let looks = loads.iter().flat_map(|(load, times)| (0..*times).map(move |_| *load));
            looks.filter(|load| tide.turn(*load)).count()
        };
        assert_eq!(given(&[(0, 500), (50, 500), (0, 500)]), 0, "never busy");
        assert_eq!(given(&[(900, 40), (0, QUIET - 1)]), 0, "too early");
        assert_eq!(given(&[(0, 1)]), 1);
        assert_eq!(given(&[(0, 500)]), 0, "once");
        assert_eq!(given(&[(900, 3), (300, 100)]), 0, "still a third of the load");
        assert_eq!(given(&[(200, 100)]), 1, "the phones' refreshes go on");
    }

    #[cfg(target_env = "gnu")]
    #[test]
    fn what_was_freed_between_living_things_leaves_the_process() {
        let resident = || {
            let text = std::fs::read_to_string("/proc/self/statm").expect("statm");
            let pages = text.split(' ').nth(1).and_then(|n| n.parse::<usize>().ok());
            pages.expect("resident pages") * rustix::param::page_size()
        };
        let mut all: Vec<Vec<u8>> = (0..100_000).map(|_| vec![1; 600]).collect();
        let mut number = 0;
        all.retain(|_| {
            number += 1;
            number % 1_000 == 0
        });
        let before = resident();
        give_back();
        let after = resident();
        assert_eq!(all.len(), 100);
        assert!(after + 40_000_000 < before, "{before} bytes before, {after} after");
    }
}
