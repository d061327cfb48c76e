use base::id::Uuid;
use model::{Change, MobileState, apply};

use super::{TENANT, World, line, table};
use crate::{Kind, Mode};

/// A world with `count` lines in stock and the F1 file that uses them up.
fn large(count: usize) -> (World, String) {
    let world = World::new();
    let numbers: Vec<String> = (0..count).map(|i| format!("0901{:07}", i + 5_000_000)).collect();
    let stock: Vec<Change> =
        numbers.iter().map(|n| line(n, TENANT, MobileState::Unassigned, None)).collect();
    let snapshot = apply(&world.snapshot, &stock).expect("stock");
    let rows = numbers.iter().enumerate().map(|(i, number)| {
        format!("{},{number},000000000000,,,0,0,web{i},abc{i:05},0\n", 200_000 + i)
    });
    let text = rows.collect();
    (World { tenant: world.tenant, snapshot }, text)
}

#[test]
fn ten_thousand_rows_are_planned_as_one_set() {
    let (world, text) = large(10_000);
    let plan = world.plan(Kind::Extensions, Mode::Register, &table(&text));
    assert_eq!((plan.errors.len(), plan.counts.added), (0, 10_000));
    assert_eq!((plan.changes.len(), plan.lines.len()), (40_000, 40_000));
    assert_eq!(plan.secrets.len(), 10_000);
    let users = plan.changes.iter().filter_map(|c| match c {
        Change::UserPut(user) => Some(user.id.0),
        _ => None,
    });
    let mut ids: Vec<Uuid> = users.collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 10_000);
}

#[test]
fn ten_thousand_wrong_rows_are_all_named() {
    let (world, text) = large(10_000);
    let twice = format!("{text}{text}");
    let plan = world.plan(Kind::Extensions, Mode::Register, &table(&twice));
    // Number, mobile, SIP id and web user of each row of the second half.
    assert_eq!(plan.errors.len(), 40_000);
}
