//! A recorded run of 1,000 calls repeats exactly, and not when a timer differs.

use std::sync::Arc;

use super::world::World;
use crate::Node;
use crate::journal::{Header, OutputHash, Recorded, read_header, read_record};

/// Runs the journal with a header that `change` may alter; the number of inputs, the hash of all
/// outputs, and the first input before which they differ from the recorded ones.
fn replay(journal: &[u8], change: impl FnOnce(&mut Header)) -> (u64, u64, Option<u64>) {
    let (mut header, used) = read_header(journal).expect("a whole header");
    change(&mut header);
    let snapshot = Arc::new(header.snapshot().expect("changes that fit"));
    let mut node = Node::new(header.place, header.seed, snapshot, header.settings.clone());
    let (mut rest, mut hash, mut out) = (&journal[used..], OutputHash::default(), Vec::new());
    let (mut inputs, mut differs) = (0, None);
    while let Some((record, used)) = read_record(rest).expect("whole records") {
        rest = &rest[used..];
        if record.before != hash.value() && differs.is_none() {
            differs = Some(inputs);
        }
        let Recorded::Input(input) = record.input else { panic!("no configuration was recorded") };
        node.handle(record.now, *input, &mut out);
        out.drain(..).for_each(|output| hash.add(&output));
        inputs += 1;
    }
    (inputs, hash.value(), differs)
}

#[test]
fn a_thousand_calls_repeat_exactly_and_not_with_another_timer() {
    let mut world = World::registered();
    for _ in 0..1_000 {
        world.call();
    }
    assert_eq!((world.established, world.records), (1_000, 1_000));
    let recorded = (world.inputs, world.hash.value(), None);
    assert_eq!(replay(&world.journal, |_| {}), recorded);

    let other = replay(&world.journal, |h| h.settings.sip.session_expires_s = 1_799);
    assert_eq!(other.0, recorded.0);
    assert_ne!(other.1, recorded.1);
    assert!(other.2.is_some(), "the first difference is named");
}

#[test]
fn a_torn_end_is_the_end_and_a_foreign_start_is_refused() {
    let mut world = World::registered();
    world.call();
    let whole = world.inputs;
    let cut = &world.journal[..world.journal.len() - 3];
    assert_eq!(replay(cut, |_| {}).0, whole - 1);
    assert!(read_header(&world.journal[1..]).is_err());
}
