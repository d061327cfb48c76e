//! What an idle subscription costs: at most 1.2 kB with its places in the tables.

use super::World;
use crate::event::subscription::Subscription;

/// Overhead of an allocation of a few bytes.
const ALLOCATION: usize = 16;

#[test]
fn an_idle_subscription_takes_at_most_1_2_kilobytes() {
    let mut w = World::new();
    let _watcher = w.watching(2001, 1, 2002);
    let (_, s) = w.bench.stack.notifier.subscriptions.iter().next().expect("one");
    let texts = [&s.local.call_id, &s.local.address, &s.remote.address, &s.remote.tag];
    let texts = texts.into_iter().chain([&s.remote.target, &s.remote.routes, &s.id]);
    let heap: usize = texts.map(|t| t.len() + ALLOCATION * usize::from(!t.is_empty())).sum();
    // By tag, by device, among the watchers, and the timer; tables are at least half full.
    let tables = 2 * (17 + 4 + 1) + 2 * (16 + 32 + 1) + 2 * 4 + 2 * 24;
    let total = size_of::<Subscription>() + heap + tables;
    let parts = (size_of::<Subscription>(), heap, tables);
    assert!(total <= 1_200, "{total} {parts:?}");
    assert!(size_of::<Subscription>() <= 512, "{parts:?}");
}
