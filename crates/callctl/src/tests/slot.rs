//! The number of a slot is heard by who parks (R293).

use base::{Cause, Micros};

use super::world::{World, stopped};
use crate::input::{LegEvent, Refer};

const WORDS: &str = r#"["park-number-is", "n7", "n8", "n0", "n1"]"#;

/// 2002 transfers 2001 blind to the park code.
fn transferred() -> World {
    let mut w = World::with_codes();
    w.facts.announcements = true;
    w.talk(2001, 2002);
    w.refers("2002", "#5", None);
    w
}

#[test]
fn the_parker_is_rung_back_once_to_hear_the_slot() {
    let mut w = transferred();
    let invite = w.lines.iter().find(|l| l.starts_with("2002 invite from 7801"));
    assert!(invite.is_some(), "{:?}", w.lines);
    assert_eq!(w.shows("2002"), "7801 パーク");
    w.rings("2002");
    assert_eq!(w.joins()[0], "2001 music", "no ring-back for who is parked");
    w.answers("2002");
    assert_eq!(w.joins(), ["2001 music".to_owned(), format!("2002 {WORDS}")]);
    w.lines.clear();
    w.heard_out("2002");
    w.expect(&["2002 end NormalClearing"]);
    assert_eq!(w.joins(), ["2001 music"]);
    w.wait(Micros::seconds(89));
    w.expect(&[]);
    w.wait(Micros::seconds(1));
    assert_eq!(w.shows("2002"), "2001 パーク呼び戻し: 利用者2001", "once");
    w.hangs_up("2001");
    w.expect_drained();
}

#[test]
fn nobody_needs_to_answer_that() {
    let ends: [fn(&mut World); 5] = [
        |w| w.wait(Micros::seconds(15)),
        |w| w.refuses("2002", 486),
        |w| w.unreachable("2002"),
        |w| w.configure(&[stopped(2002)]),
        |w| {
            w.answers("2002");
            w.hangs_up("2002");
        },
    ];
    for end in ends {
        let mut w = transferred();
        end(&mut w);
        assert_eq!(w.joins(), ["2001 music"]);
        w.dial(2003, "7801");
        w.agree();
        assert_eq!(w.joins(), ["2001 2003", "2003 2001"]);
        w.hangs_up("2003");
        w.expect_drained();
    }
    // Retrieved before it answered, or while it hears.
    for answered in [false, true] {
        let mut w = transferred();
        if answered {
            w.answers("2002");
        }
        w.dial(2003, "7801");
        w.agree();
        assert!(w.joins().contains(&"2001 2003".to_owned()), "{:?}", w.joins());
        w.hangs_up("2003");
        w.expect_drained();
    }
}

/// Its key for the slot is lit.
#[test]
fn a_device_that_shows_the_slot_is_not_rung_back() {
    let mut w = World::with_codes();
    w.facts.announcements = true;
    w.facts.shows = Some(super::world::device_id(2002, 1));
    w.talk(2001, 2002);
    w.refers("2002", "#5", None);
    assert!(!w.lines.iter().any(|l| l.starts_with("2002 invite")), "{:?}", w.lines);
    assert_eq!(w.joins(), ["2001 music"]);
}

/// 2002 holds 2001 at its phone and dials the park code; the legs of 2002.
fn consulting() -> (World, base::LegId, base::LegId) {
    let mut w = World::with_codes();
    w.facts.announcements = true;
    w.talk(2001, 2002);
    let first = w.leg("2002");
    w.offers("2002", "sendonly");
    let second = w.dial(2002, "#5");
    assert!(w.joins().contains(&format!("2002 {WORDS}")), "{:?}", w.joins());
    w.lines.clear();
    (w, first, second)
}

#[test]
fn an_attended_transfer_onto_the_slot_that_was_heard_parks_there() {
    let (mut w, first, second) = consulting();
    w.dial(2003, "7801");
    w.hangs_up("2003");
    assert_eq!(w.records.last().map(|r| r.cause), Some(Cause::ParkNone), "only kept");
    w.lines.clear();
    let refer = Refer {
        target: "#5".to_owned(),
        replaces: Some(second),
        replaces_unknown: false,
        referred_by: bytes::Bytes::new(),
    };
    w.event(first, LegEvent::Refer(Box::new(refer)));
    assert!(w.lines.contains(&"2002 refer 200".to_owned()), "{:?}", w.lines);
    assert!(!w.lines.iter().any(|l| l.contains("invite")), "it has heard the slot");
    w.agree();
    assert_eq!(w.joins(), ["2001 music"]);
    w.dial(2003, "7801");
    w.agree();
    assert_eq!(w.joins(), ["2001 2003", "2003 2001"]);
    w.hangs_up("2001");
    w.expect_drained();
}

#[test]
fn a_slot_that_was_heard_is_kept_for_thirty_seconds() {
    let (mut w, _, _) = consulting();
    w.heard_out("2002");
    w.wait(Micros::seconds(29));
    w.expect(&[]);
    w.wait(Micros::seconds(1));
    assert!(w.lines.iter().any(|l| l == "2002 end AnnouncementEnded"), "{:?}", w.lines);
    w.hangs_up_all();
    w.expect_drained();
}
