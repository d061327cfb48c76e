//! The plan and the model agree: what the plan finds faultless, the model accepts.

use model::apply;
use proptest::prelude::*;

use super::{World, table};
use crate::{Kind, Mode};

/// Cells from small sets, so that rows collide with each other and with the data.
fn row() -> impl Strategy<Value = String> {
    let dn = prop::sample::select(vec!["2001", "2002", "20", "3001", "7001", "7002", "9999"]);
    let mobile = prop::sample::select(vec![
        "08012345678",
        "8012345679",
        "09011112222",
        "09012345678",
        "07033334444",
        "09010000005",
    ]);
    let sip_id = prop::sample::select(vec!["", "used3001", "phone7002", "A", "a", "b", "2001"]);
    let web_user = prop::sample::select(vec!["", "used", "desk7002", "x", "Y", "y"]);
    let password = prop::sample::select(vec!["", "abc12345", "long-enough-1"]);
    let secret = prop::sample::select(vec!["", "Secret123"]);
    let columns = (dn, mobile, sip_id, secret, web_user, password);
    columns.prop_map(|(dn, mobile, sip_id, secret, web_user, password)| {
        format!("{dn},{mobile},0,{sip_id},{secret},0,0,{web_user},{password},0\n")
    })
}

fn mode() -> impl Strategy<Value = Mode> {
    prop_oneof![Just(Mode::Register), Just(Mode::Update)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(800))]

    #[test]
    fn a_faultless_plan_is_accepted(rows in prop::collection::vec(row(), 1..4), mode in mode()) {
        let world = World::new();
        let table = table(&rows.concat());
        let pairs: String = rows.iter().map(|r| r.splitn(3, ',').take(2).collect::<Vec<_>>())
            .map(|cells| cells.join(",") + "\n").collect();
        let triples: String = pairs.lines().map(|l| format!("{l},000000000000\n")).collect();
        // Some of these numbers are new, others are in the stock.
        let numbers = pairs.lines().filter_map(|l| l.split_once(','));
        let stock: String = numbers.map(|(_, n)| n.replace("0801", "0705") + "\n").collect();
        for (kind, table) in [
            (Kind::Extensions, table),
            (Kind::Extensions, super::table(&pairs)),
            (Kind::ExtensionDeletions, super::table(&triples)),
            (Kind::MobileLines, super::table(&stock)),
        ] {
            let plan = world.plan(kind, mode, &table);
            prop_assert_eq!(plan.changes.len(), plan.lines.len());
            if plan.errors.is_empty() {
                let applied = apply(&world.snapshot, &plan.changes);
                prop_assert!(applied.is_ok(), "{:?} {:?}: {:?}", kind, rows, applied.err());
            }
        }
    }

    #[test]
    fn no_text_panics(text in "[0-9a-zA-Z,\"\n０-９ぁ-んE+'=\u{E000}-]{0,120}") {
        let world = World::new();
        if let Ok(crate::Content::Table(table, _)) = crate::decode(text.as_bytes(), None) {
            for kind in [Kind::Extensions, Kind::ExtensionDeletions, Kind::MobileLines] {
                let plan = world.plan(kind, Mode::Update, &table);
                prop_assert!(plan.errors.iter().all(|e| e.line > 0));
            }
        }
    }
}
