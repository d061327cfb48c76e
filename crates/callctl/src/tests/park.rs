//! Park and retrieve: 2002 is called by 2001 and parks it in 7801, the lowest of two slots.

use base::{Cause, Micros};
use model::record::Service;
use model::{Destination, Site};

use super::world::{TENANT, World, dn, pickup, site_with, stopped};
use crate::lamps::DialogPhase;
use crate::whatif::{Ending, Question};

fn parked() -> World {
    let mut w = World::with_codes();
    w.talk(2001, 2002);
    w.press("2002", "#5");
    w
}

fn relaxed(w: &mut World) -> &mut World {
    w.agree();
    w.lines.clear();
    w
}

#[test]
fn the_parker_hears_the_slot_and_is_released() {
    let mut w = World::with_codes();
    w.facts.announcements = true;
    w.talk(2001, 2002);
    w.press("2002", "#5");
    w.expect(&["record 2001>2002 NormalClearing answered by 2002"]);
    let joins = w.joins();
    assert_eq!(joins[0], "2001 music");
    assert_eq!(joins[1], r#"2002 ["park-number-is", "n7", "n8", "n0", "n1"]"#);
    w.heard_out("2002");
    w.expect(&["2002 end NormalClearing"]);
    assert_eq!(w.joins(), ["2001 music"]);
    // Or goes by itself.
    let mut w = World::with_codes();
    w.facts.announcements = true;
    w.talk(2001, 2002);
    w.press("2002", "#5");
    w.hangs_up("2002");
    assert_eq!(w.joins(), ["2001 music"]);
    w.hangs_up("2001");
    w.expect_drained();
}

/// R310: the lamp of a slot.
#[test]
fn the_lamp_of_a_slot_is_lit_while_it_is_in_use() {
    let mut w = World::with_codes();
    w.control.watch(TENANT, dn(7801), true);
    w.talk(2001, 2002);
    w.press("2002", "#5");
    let lines = w.control.dialogs_of(TENANT, dn(7801));
    let [line] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!((line.phase, &*line.remote.0), (DialogPhase::Confirmed, "2001"));
    w.hangs_up("2001");
    assert!(w.control.dialogs_of(TENANT, dn(7801)).is_empty());
}

#[test]
fn whoever_dials_the_slot_gets_the_call() {
    for dialed in ["7801", "*577801", "*57"] {
        let mut w = parked();
        w.lines.clear();
        w.dial(2003, dialed);
        assert_eq!(w.joins()[0], "2001 music", "until it has agreed");
        assert_eq!(w.lines.len(), 1, "{:?}", w.lines);
        assert!(w.lines[0].starts_with("2001 offer") && w.lines[0].ends_with("as 2003"));
        w.agree();
        assert_eq!(w.joins(), ["2001 2003", "2003 2001"], "{dialed}");
        w.lines.clear();
        w.hangs_up("2003");
        let record = "2001>2003 NormalClearing answered by 2003 transferred 2002";
        assert_eq!(w.told_records(), [record]);
        let [first, second] = &w.records[..] else { panic!("two records") };
        assert_eq!(first.call, second.call);
        for service in [Service::Park, Service::ParkRetrieve] {
            assert!(second.services.contains(service));
        }
        w.expect_drained();
    }
}

/// R318: the explanation knows what is parked.
#[test]
fn the_explanation_knows_what_is_parked() {
    let ending = |w: &World| {
        let asked = Question { tenant: TENANT, from: dn(2003).into(), to: "7801", answers: &[] };
        w.control.explain(w.now, &asked, &w.facts).ending
    };
    let mut w = parked();
    assert_eq!(ending(&w), Ending::Slot(dn(7801)));
    w.hangs_up("2001");
    assert_eq!(ending(&w), Ending::Refused(Cause::ParkNone));
}

/// 063, also for another slot; the slot is free as soon as it is left.
#[test]
fn nothing_is_parked_there() {
    let mut w = parked();
    for dialed in ["7802", "*577802", "*577999"] {
        w.dial(2003, dialed);
        assert_eq!(w.records.last().map(|r| r.cause), Some(Cause::ParkNone), "{dialed}");
    }
    w.hangs_up("2001");
    assert_eq!(w.records.last().map(|r| r.cause), Some(Cause::CallerCancelled));
    w.dial(2003, "7801");
    assert_eq!(w.records.last().map(|r| r.cause), Some(Cause::ParkNone));
    w.expect_drained();
}

#[test]
fn the_longest_parked_comes_first_and_slots_run_out() {
    let mut w = parked();
    w.wait(Micros::seconds(1));
    w.talk(2003, 2004);
    w.press("2003", "#5");
    w.wait(Micros::seconds(1));
    w.talk(2005, 2006);
    w.press("2005", "#5");
    assert!(w.joins().contains(&"2005 Error".to_owned()), "no slot is free: {:?}", w.joins());
    w.heard_out("2005");
    assert!(w.joins().contains(&"2005 2006".to_owned()));
    w.dial(2008, "*57");
    relaxed(&mut w);
    assert!(w.joins().contains(&"2001 2008".to_owned()), "{:?}", w.joins());
    w.press("2005", "#5");
    assert!(w.joins().contains(&"2006 music".to_owned()), "the slot is free again");
    w.dial(2002, "7801");
    relaxed(&mut w);
    assert!(w.joins().contains(&"2002 2006".to_owned()), "{:?}", w.joins());
}

/// Point 5: after 90 s for 30 s, three times, then cleared.
#[test]
fn the_parker_is_called_back_and_then_the_call_is_cleared() {
    let mut w = parked();
    for _ in 0..3 {
        w.lines.clear();
        w.wait(Micros::millis(89_000));
        w.expect(&[]);
        w.wait(Micros::seconds(1));
        assert_eq!(
            w.lines,
            ["2002 invite from 2001 10.0.0.1:16388 sendrecv"].map(|l| {
                let at = w.lines[0].split(' ').nth(4).unwrap_or_default();
                l.replace("10.0.0.1:16388", at)
            })
        );
        w.rings("2002");
        assert_eq!(w.joins()[0], "2001 Ringback");
        w.wait(Micros::seconds(30));
    }
    assert_eq!(w.records.last().map(|r| r.cause), Some(Cause::RingTimeout));
    w.expect_drained();
}

#[test]
fn a_recall_is_answered_picked_up_or_overtaken() {
    let ring = || {
        let mut w = parked();
        w.configure(&[pickup(1, &[2002, 2003])]);
        w.wait(Micros::seconds(90));
        w.rings("2002");
        w
    };
    let mut w = ring();
    w.answers("2002");
    w.agree();
    assert_eq!(w.joins(), ["2001 2002", "2002 2001"]);
    w.dial(2004, "7801");
    assert_eq!(w.records.last().map(|r| r.cause), Some(Cause::ParkNone));
    w.hangs_up("2001");
    w.expect_drained();
    // R290: by a pickup; R294: by its slot's number, and the recall stops.
    for dialed in ["*55", "7801"] {
        let mut w = ring();
        w.lines.clear();
        w.dial(2003, dialed);
        assert!(w.lines[0].starts_with("2002 end"), "{:?}", w.lines);
        w.agree();
        assert_eq!(w.joins(), ["2001 2003", "2003 2001"], "{dialed}");
        w.hangs_up("2003");
        w.expect_drained();
    }
}

#[test]
fn the_overflow_of_the_site_gets_what_nobody_retrieves() {
    let mut w = parked();
    let overflow = |s: &mut Site| {
        s.park_overflow = Some(Destination::Dn(dn(2005)));
        s.park_s = 30;
    };
    w.configure(&[site_with(overflow), stopped(2002)]);
    w.lines.clear();
    w.wait(Micros::seconds(90));
    assert!(w.lines[0].starts_with("2005 invite from 2001"), "{:?}", w.lines);
    w.answers("2005");
    w.agree();
    assert_eq!(w.joins(), ["2001 2005", "2005 2001"]);
    w.hangs_up("2005");
    w.expect_drained();
}

/// R293: a blind transfer to the park code or to a slot; with direct media as well.
#[test]
fn a_blind_transfer_parks() {
    for (target, direct) in [("#5", false), ("7801", false), ("#5", true), ("7802", true)] {
        let mut w = World::with_codes();
        if direct {
            let mut changes = super::world::with_codes();
            if let model::Change::TenantPut(tenant) = &mut changes[0] {
                tenant.options = tenant.options.without(model::TenantOption::InCallCodes);
            }
            w.configure(&changes);
        }
        w.talk(2001, 2002);
        w.refers("2002", target, None);
        assert_eq!(
            w.lines[..5],
            [
                "2002 refer-accept",
                "2002 refer 100",
                "record 2001>2002 NormalClearing answered by 2002",
                "2002 refer 200",
                "2002 end NormalClearing"
            ]
        );
        w.agree();
        assert_eq!(w.joins(), ["2001 music"], "{target} {direct}");
        // What is in use is busy.
        let slot = if target == "#5" { "7801" } else { target };
        w.talk(2003, 2004);
        w.refers("2004", slot, None);
        assert!(w.lines.contains(&"2004 refer 486".to_owned()), "{:?}", w.lines);
        w.hangs_up("2003");
        w.dial(2005, slot);
        w.agree();
        w.lines.clear();
        w.hangs_up("2005");
        let record = "2001>2005 NormalClearing answered by 2005 transferred 2002";
        assert_eq!(w.told_records(), [record]);
        w.expect_drained();
    }
}

/// The phone that retrieves gives up before the parked party has agreed: it stays parked.
#[test]
fn a_retrieval_that_is_given_up_leaves_the_call_parked() {
    let mut w = parked();
    w.dial(2003, "7801");
    w.dial(2004, "7801");
    assert_eq!(w.records.last().map(|r| r.cause), Some(Cause::ParkNone), "one at a time");
    w.hangs_up("2003");
    w.agree();
    assert_eq!(w.joins(), ["2001 music"]);
    w.dial(2004, "7801");
    w.agree();
    assert_eq!(w.joins(), ["2001 2004", "2004 2001"]);
    w.hangs_up("2001");
    w.expect_drained();
}

/// R293: a consultation call to the park code, or to a slot.
#[test]
fn a_consultation_with_a_slot_parks_when_its_holder_hangs_up() {
    for (keys, slot) in [("#7#5#1", "7801"), ("#77802#1", "7802")] {
        let mut w = World::with_codes();
        w.talk(2001, 2002);
        for end in [30, 5, 1] {
            w.press("2002", keys);
            let told =
                format!("2002 [\"park-number-is\", \"n7\", \"n8\", \"n0\", \"n{}\"]", &slot[3..]);
            assert_eq!(w.joins(), ["2001 music".to_owned(), told], "{keys}");
            w.dial(2003, slot);
            assert_eq!(w.records.last().map(|r| r.cause), Some(Cause::ParkNone), "only kept");
            w.wait(Micros::seconds(end));
            match end {
                // The hold code goes back.
                5 => w.press("2002", "#7"),
                1 => w.hangs_up("2002"),
                _ => {
                    assert_eq!(w.joins(), ["2001 music", "2002 SecondDial"]);
                    w.press("2002", "#7");
                }
            }
            if end > 1 {
                assert_eq!(w.joins(), ["2001 2002", "2002 2001"]);
            }
        }
        assert_eq!(w.joins(), ["2001 music"]);
        w.dial(2003, slot);
        w.agree();
        assert_eq!(w.joins(), ["2001 2003", "2003 2001"]);
        w.hangs_up("2003");
        w.expect_drained();
    }
}

/// R292.
#[test]
fn the_park_code_during_a_consultation_changes_nothing() {
    let mut w = World::with_codes();
    w.talk(2001, 2002);
    w.press("2002", "#72003#1");
    w.rings("2003");
    w.answers("2003");
    w.agree();
    w.press("2002", "#5");
    assert_eq!(w.joins(), ["2001 music", "2002 Error", "2003 2002"]);
    w.heard_out("2002");
    assert_eq!(w.joins(), ["2001 music", "2002 2003", "2003 2002"]);
}
