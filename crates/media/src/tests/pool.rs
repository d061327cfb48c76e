//! MED-T03: ports and the beat.

use std::collections::BTreeSet;

use base::{Micros, Mono, Rng};

use crate::Ports;
use crate::pool::{Pick, PortPool};
use crate::tick::{Beat, Due};

fn pool(range: std::ops::RangeInclusive<u16>) -> PortPool {
    PortPool::new(&Ports::Range(range), &mut Rng::from_seed([1; 32]))
}

fn at(ms: u64) -> Mono {
    Mono(0) + Micros::millis(ms)
}

#[test]
fn only_even_ports_whose_neighbour_is_in_the_range() {
    let mut pool = pool(101..=107);
    let taken: BTreeSet<_> = std::iter::from_fn(|| match pool.take(at(0)) {
        Some(Pick::Pair(port)) => Some(port),
        _ => None,
    })
    .collect();
    assert_eq!(taken, BTreeSet::from([102, 104, 106]));
}

#[test]
fn the_order_is_shuffled_by_the_seed() {
    let order = |seed| {
        let mut pool = PortPool::new(&Ports::Range(1_000..=2_000), &mut Rng::from_seed(seed));
        (0..50).map(|_| pool.take(at(0)).unwrap()).map(port).collect::<Vec<_>>()
    };
    assert_eq!(order([1; 32]), order([1; 32]));
    assert_ne!(order([1; 32]), order([2; 32]));
    assert!(!order([1; 32]).is_sorted());
}

fn port(pick: Pick) -> u16 {
    match pick {
        Pick::Pair(port) => port,
        Pick::Any => 0,
    }
}

#[test]
fn a_used_port_rests_ten_seconds_while_others_are_free() {
    let mut pool = pool(1_000..=1_019);
    let first = pool.take(at(0)).unwrap();
    pool.free(at(0), first);
    for ms in 1..=9 {
        let other = pool.take(at(ms * 1_000)).unwrap();
        assert_ne!(other, first);
    }
    assert_eq!(pool.take(at(10_000)), Some(first));
}

#[test]
fn a_dry_pool_takes_what_has_rested_a_second_and_refuses_before() {
    let mut pool = pool(1_000..=1_003);
    let (a, b) = (pool.take(at(0)).unwrap(), pool.take(at(0)).unwrap());
    assert_eq!(pool.take(at(0)), None);
    pool.free(at(100), a);
    assert_eq!(pool.take(at(1_099)), None);
    assert_eq!(pool.take(at(1_100)), Some(a));
    pool.free(at(1_200), b);
    pool.free(at(1_300), a);
    assert_eq!(pool.take(at(5_000)), Some(b), "the one that rested longest");
}

#[test]
fn ten_thousand_takings_lose_and_double_nothing() {
    let mut pool = pool(16_384..=32_767);
    let whole = pool.len();
    let mut rng = Rng::from_seed([3; 32]);
    let mut open = Vec::new();
    for n in 0..10_000u64 {
        let now = at(n * 5);
        if rng.chance(1, 2) || open.is_empty() {
            if let Some(pick) = pool.take(now) {
                assert!(!open.contains(&pick));
                open.push(pick);
            }
        } else {
            let gone = open.swap_remove(rng.below(open.len() as u64) as usize);
            pool.free(now, gone);
        }
    }
    open.into_iter().for_each(|pick| pool.free(at(60_000), pick));
    assert_eq!(pool.len(), whole);
}

#[test]
fn a_late_beat_catches_up_three_and_skips_the_rest() {
    let mut beat = Beat::new(at(0), Micros::millis(20));
    assert_eq!(beat.due(at(19)), Due { run: 0, skipped: 0 });
    assert_eq!(beat.due(at(20)), Due { run: 1, skipped: 0 });
    assert_eq!(beat.due(at(85)), Due { run: 3, skipped: 0 });
    assert_eq!(beat.next(), at(100));
    assert_eq!(beat.due(at(300)), Due { run: 3, skipped: 8 });
    assert_eq!(beat.next(), at(320));
}
