//! R090: while all members are free, 均等 offers each of them as many calls, give or take one.

use callctl::planted::Bug as Calls;
use node::planted::Bug;
use sim::fairness::offered;

/// Most that one member was offered more than another.
fn spread(offered: &[u64]) -> u64 {
    assert!(!offered.is_empty(), "the group could be made");
    offered.iter().max().zip(offered.iter().min()).map_or(0, |(most, least)| most - least)
}

#[test]
fn round_robin_is_fair_while_all_members_are_free() {
    for seed in 0..12 {
        let members = 2 + (seed % 5) as usize;
        let calls = 7 + (seed * 5 % 11) as usize;
        let offered = offered(seed, "evenly", members, calls, |_| ());
        assert!(spread(&offered) <= 1, "seed {seed}: {offered:?}");
        assert!(offered.iter().sum::<u64>() >= calls as u64, "seed {seed}: {offered:?}");
    }
}

#[test]
fn priority_begins_at_the_first_member_each_time() {
    let offered = offered(3, "first", 4, 9, |_| ());
    assert_eq!(offered.first(), Some(&9), "{offered:?}");
}

#[test]
fn a_pointer_that_stands_still_is_unfair() {
    let unfair = (0..5).any(|seed| {
        let stuck = |node: &mut node::Node| node.plant(Bug::Calls(Calls::PointerStands));
        spread(&offered(seed, "evenly", 4, 9, stuck)) > 1
    });
    assert!(unfair, "nothing shows of the planted bug");
}
