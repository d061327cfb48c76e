//! What an emergency call takes of a call in which more is under way (J33).

use base::{Cause, Micros};

use super::emergency::{open_only_first, prepare};
use super::world::World;

/// One gateway with one channel; codes may be pressed.
fn one_channel() -> World {
    let mut w = prepare(World::with_codes(), 1);
    w.facts.announcements = true;
    open_only_first(&mut w);
    w
}

#[track_caller]
fn emergency(w: &mut World) {
    w.lines.clear();
    w.dial(2001, "119");
    assert!(w.lines.iter().any(|l| l.starts_with("2900 invite 119")), "{:?}", w.lines);
    assert!(w.lines.iter().any(|l| l == "2900 end Preempted"), "{:?}", w.lines);
}

fn record_of(w: &World, callee: &str) -> (Cause, bool) {
    let of = |r: &&model::record::CallRecord| r.callee_number() == callee;
    let record = w.records.iter().rfind(of).expect("a record");
    (record.cause, record.answered_at.is_some())
}

/// 2003 talks to a party outside.
fn outside() -> World {
    let mut w = one_channel();
    w.dial(2003, "00355556666");
    w.answers("2900");
    w.agree();
    w
}

/// It is held, and 2004 has been dialled.
fn consulting() -> World {
    let mut w = outside();
    w.press("2003", "#7");
    w.press("2003", "2004#1");
    w
}

#[test]
fn of_a_consultation_outside_only_that_ends_and_its_holder_is_told() {
    let mut w = one_channel();
    w.talk(2003, 2004);
    w.press("2003", "#7");
    w.press("2003", "00355556666#1");
    w.answers("2900");
    w.agree();
    emergency(&mut w);
    assert_eq!(record_of(&w, "0355556666"), (Cause::Preempted, true));
    w.agree();
    let joins = w.joins();
    assert!(joins.contains(&"2003 line-preempted".to_owned()), "{joins:?}");
    assert!(joins.iter().any(|j| j.starts_with("2004 ")), "held, with music: {joins:?}");
    assert!(!w.lines.iter().any(|l| l.starts_with("2004 end")), "{:?}", w.lines);
    // As after any target in vain the holder may dial, or go back.
    w.wait(Micros::seconds(5));
    w.press("2003", "#7");
    w.agree();
    let joins = w.joins();
    assert!(joins.contains(&"2003 2004".to_owned()), "{joins:?}");
    w.hangs_up_all();
    w.expect_drained();
}

/// R284: nor does it disturb those who talk in front.
#[test]
fn who_is_held_behind_the_conversation_in_front_ends() {
    let mut w = outside();
    for keys in ["#72004#1", "#72005#1"] {
        let holder = if keys.contains("2004") { "2003" } else { "2004" };
        w.press(holder, keys);
        w.answers(if keys.contains("2004") { "2004" } else { "2005" });
        w.agree();
    }
    emergency(&mut w);
    assert_eq!(record_of(&w, "0355556666"), (Cause::Preempted, true));
    w.agree();
    let joins = w.joins();
    assert!(joins.contains(&"2004 2005".to_owned()), "{joins:?}");
    assert!(joins.contains(&"2003 music".to_owned()), "{joins:?}");
    w.hangs_up_all();
    w.expect_drained();
}

#[test]
fn a_held_party_outside_ends_and_the_consultation_goes_on() {
    let mut w = consulting();
    w.answers("2004");
    w.agree();
    emergency(&mut w);
    assert_eq!(record_of(&w, "0355556666"), (Cause::Preempted, true));
    w.agree();
    assert!(w.joins().contains(&"2003 2004".to_owned()), "{:?}", w.joins());
    assert!(!w.lines.iter().any(|l| l.starts_with("2003 end")), "{:?}", w.lines);
    w.hangs_up("2003");
    assert_eq!(record_of(&w, "2004"), (Cause::NormalClearing, true));
    w.hangs_up_all();
    w.expect_drained();
}

#[test]
fn before_the_target_has_answered_the_attempt_ends_with_the_held_party() {
    let mut w = consulting();
    w.rings("2004");
    emergency(&mut w);
    assert!(w.lines.iter().any(|l| l.starts_with("2004 end")), "{:?}", w.lines);
    assert!(w.joins().contains(&"2003 line-preempted".to_owned()), "{:?}", w.joins());
    w.wait(Micros::seconds(5));
    assert!(w.lines.iter().any(|l| l == "2003 end Preempted"), "{:?}", w.lines);
    assert_eq!(record_of(&w, "0355556666"), (Cause::Preempted, true));
    w.hangs_up_all();
    w.expect_drained();
}

#[test]
fn who_transfers_a_party_outside_is_told_and_its_target_stops_ringing() {
    let mut w = outside();
    w.refers("2003", "2004", None);
    w.rings("2004");
    emergency(&mut w);
    assert!(w.lines.iter().any(|l| l.starts_with("2004 end")), "{:?}", w.lines);
    assert!(w.lines.iter().any(|l| l.starts_with("2003 refer 487")), "{:?}", w.lines);
    assert!(w.joins().contains(&"2003 line-preempted".to_owned()), "{:?}", w.joins());
    w.wait(Micros::seconds(5));
    w.hangs_up_all();
    assert_eq!(w.records.iter().filter(|r| r.cause == Cause::Preempted).count(), 2);
    w.expect_drained();
}
