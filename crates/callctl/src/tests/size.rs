//! What a held call costs here: at most 2 kB with its two legs.

use super::world::World;
use crate::call::Call;
use crate::leg::Leg;

#[test]
fn a_call_and_two_legs_take_at_most_two_kilobytes() {
    let mut w = World::new();
    w.talk(2001, 2002);
    let (_, call) = w.control.calls.iter().next().expect("a call");
    assert!(!call.legs.spilled(), "both legs lie in the call");
    // The descriptions of two phones, once each, with names, numbers and steps.
    let bodies: usize = call.legs.iter().map(|l| l.remote.len()).sum();
    let heap = bodies
        + call.draft.trace.capacity() * size_of::<crate::explain::Mark>()
        + call.draft.dialed.len()
        + call.legs.iter().map(|l| l.who.number.len() + l.who.name.len() + 96).sum::<usize>()
        + 2 * 64;
    let total = size_of::<Call>() + heap;
    let parts = (size_of::<Call>(), size_of::<Leg>(), heap);
    assert!(total <= 2_048, "{total} {parts:?}");
}
