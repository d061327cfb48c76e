use model::MobileState;

use super::{World, brief};
use crate::{Counts, Kind, Mode, mobiles};

#[test]
fn numbers_join_the_stock_at_once() {
    let world = World::new();
    let text = "携帯番号,状態,内線番号,申込日,反映日,解約日\n09055550001,反映中,2001,,,\n\
                6055550002\n080‐5555‐0003,x,y\n";
    let plan = world.plan_text(Kind::MobileLines, Mode::Register, text);
    assert_eq!(brief(&plan.errors), Vec::<String>::new());
    assert_eq!(brief(&plan.notes), ["1 A N07", "3 A N01", "4 A N03"]);
    assert_eq!(plan.counts, Counts { added: 3, ..Counts::default() });
    let after = world.after(&plan);
    for number in ["09055550001", "06055550002", "08055550003"] {
        assert_eq!(after.state_of(number), Some(MobileState::Unassigned), "{number}");
    }
}

#[test]
fn each_bad_number_is_named() {
    let text = "0312345678\n携帯\n9.01E+10\n08001234567\n09055550001\n09055550001\n08012345678\n\
                09010000002\n,x\n090555500";
    let plan = World::new().plan_text(Kind::MobileLines, Mode::Register, text);
    assert_eq!(
        brief(&plan.errors),
        [
            "1 A 214", "2 A 212", "3 A 215", "4 A 214", "6 A 233", "7 A 233", "8 A 233", "9 A 211",
            "10 A 214"
        ]
    );
}

#[test]
fn an_update_leaves_known_lines_and_revives_others() {
    let world = World::new();
    let text = "08012345678\n09012345678\n09010000004\n09010000005\n";
    let plan = world.plan_text(Kind::MobileLines, Mode::Update, text);
    assert_eq!(plan.counts, Counts { changed: 2, unchanged: 2, ..Counts::default() });
    let after = world.after(&plan);
    assert_eq!(after.state_of("09012345678"), Some(MobileState::Assigned));
    assert_eq!(after.state_of("09010000005"), Some(MobileState::Unassigned));
    let other = world.plan_text(Kind::MobileLines, Mode::Update, "09010000002\n");
    assert_eq!(brief(&other.errors), ["1 A 233"]);
}

#[test]
fn the_stock_is_exported_in_order_of_number() {
    let world = World::new();
    let rows: Vec<_> = mobiles::rows(&world.snapshot, super::TENANT, true).collect();
    assert_eq!(rows[0], mobiles::COLUMNS);
    assert_eq!(rows.len(), 11);
    let assigned = rows.iter().find(|r| r[0] == "09012345678").expect("3001 has it");
    assert_eq!(assigned[..3], ["09012345678", "割当済", "3001"]);
}
