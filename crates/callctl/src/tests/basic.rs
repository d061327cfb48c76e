//! Ringing, answers, refusals, limits.

use base::{Cause, Micros};
use model::Change;

use super::world::{World, device_id, stopped};
use crate::action::LegCommand;
use crate::input::{Input, LegEvent, Refused};

#[test]
fn a_direct_call_passes_both_descriptions_untouched() {
    let mut w = World::new();
    w.dial(2001, "2002");
    w.expect(&["2002 invite from 2001 2001/1"]);
    w.rings("2002");
    w.rings("2002");
    w.expect(&["2001 progress 180 -"]);
    w.answers("2002");
    w.expect(&["2001 answer 2002/1"]);
    assert_eq!(w.control.calls().count(), 1);
    w.hangs_up("2001");
    w.expect(&["record 2001>2002 NormalClearing answered by 2001", "2002 end NormalClearing"]);
    assert_eq!(w.opened, 0, "the media plane is not used");
    w.expect_drained();
}

#[test]
fn the_record_says_why_and_when() {
    let mut w = World::new();
    w.dial(2001, "2002");
    w.wait(Micros::seconds(2));
    w.rings("2002");
    w.wait(Micros::seconds(3));
    w.answers("2002");
    w.wait(Micros::seconds(60));
    w.hangs_up("2002");
    let r = &w.records[0];
    let at = |s: i64| Some(base::Wall(1_000_000 + s * 1_000));
    assert_eq!((Some(r.called_at), r.answered_at, Some(r.ended_at)), (at(0), at(5), at(65)));
    assert_eq!((r.talk_s(), &*r.dialed, r.ended_by.as_deref()), (60, "2002", Some("2002")));
    assert_eq!(r.callee.as_ref().and_then(|c| c.device), Some(device_id(2002, 1)));
    let codes: Vec<&str> = r.trace.iter().map(|s| &*s.code).collect();
    assert_eq!(codes, ["route.user", "ring.begin", "media.path", "answer", "decided"]);
}

#[test]
fn all_devices_ring_and_the_first_answer_wins() {
    let mut w = World::new();
    w.dial(2001, "2008");
    w.expect(&["2008 invite from 2001 2001/1", "2008.2 invite from 2001 2001/1"]);
    w.rings("2008.2");
    w.rings("2008");
    w.expect(&["2001 progress 180 -"]);
    w.answers("2008.2");
    w.expect(&["2008 end NormalClearing elsewhere", "2001 answer 2008/1"]);
    w.hangs_up("2008.2");
    w.lines.clear();
    assert_eq!(w.records[0].callee.as_ref().and_then(|c| c.device), Some(device_id(2008, 2)));
    w.expect_drained();
}

#[test]
fn a_second_answer_that_crosses_is_released() {
    let mut w = World::new();
    w.prompt = false;
    w.dial(2001, "2008");
    let (first, second) = (w.leg("2008"), w.leg("2008.2"));
    w.answers("2008");
    w.lines.clear();
    let sdp = w.sdp(2008, "sendrecv");
    let mut out = Vec::new();
    let event = LegEvent::Answered { sdp: Some(sdp) };
    w.control.handle(w.now, Input::Leg { leg: second, event }, &w.facts, &mut out);
    let ends = out.iter().any(|a| {
        matches!(a, crate::Action::Leg { leg, command: LegCommand::End { .. } }
            if *leg == second)
    });
    assert!(ends, "{out:?}");
    assert!(!w.far[&first].ended && w.records.is_empty());
}

/// What a phone of that name does.
type End<'e> = &'e dyn Fn(&mut World, &str);

/// How `2008`'s two phones end, and the reason that the caller gets.
#[track_caller]
fn check_two(ends: [End<'_>; 2], cause: Cause) {
    let mut w = World::new();
    w.dial(2001, "2008");
    ends[0](&mut w, "2008");
    if w.records.is_empty() {
        ends[1](&mut w, "2008.2");
    }
    assert_eq!(w.records.len(), 1, "{:?}", w.lines);
    assert_eq!(w.records[0].cause, cause);
    assert!(w.lines.contains(&format!("2001 refuse {cause:?}")), "{:?}", w.lines);
    w.expect_drained();
}

#[test]
fn reasons_of_several_devices_are_combined() {
    let busy = |w: &mut World, n: &str| w.refuses(n, 486);
    let reject = |w: &mut World, n: &str| w.refuses(n, 403);
    let decline = |w: &mut World, n: &str| w.refuses(n, 603);
    let lost = |w: &mut World, n: &str| w.unreachable(n);
    let timeout = |w: &mut World, n: &str| {
        w.rings(n);
        w.refuses(n, 408);
    };
    let dnd = |w: &mut World, n: &str| w.refuses(n, 480);
    check_two([&busy, &lost], Cause::UserBusy);
    check_two([&lost, &lost], Cause::Unregistered);
    check_two([&busy, &reject], Cause::UserRejected);
    check_two([&timeout, &reject], Cause::RingTimeout);
    check_two([&busy, &timeout], Cause::RingTimeout);
    check_two([&dnd, &lost], Cause::UserBusy);
    // A 6xx of one ends the ringing of all.
    check_two([&decline, &timeout], Cause::UserRejected);
}

#[test]
fn a_refusing_phone_is_who_ended_it() {
    let mut w = World::new();
    w.dial(2001, "2002");
    w.refuses("2002", 486);
    w.lines.remove(0);
    w.expect(&["record 2001>2002 UserBusy unanswered by 2002", "2001 refuse UserBusy"]);
}

/// Dials `dialed` from 2001 and expects this refusal at once.
#[track_caller]
fn check_refused(prepare: impl FnOnce(&mut World), from: u16, dialed: &str, cause: Cause) {
    let mut w = World::new();
    prepare(&mut w);
    w.lines.clear();
    let before = w.records.len();
    w.dial(from, dialed);
    let name = w.lines.pop().expect("an end");
    assert_eq!(name, format!("{from} refuse {cause:?}"));
    assert_eq!(w.records.len(), before + 1, "{:?}", w.lines);
    assert_eq!(w.records[before].cause, cause);
}

#[test]
fn what_cannot_be_called_is_refused_with_its_reason() {
    check_refused(|_| {}, 2001, "2099", Cause::UnallocatedNumber);
    check_refused(|_| {}, 2001, "hello", Cause::UnallocatedNumber);
    check_refused(|_| {}, 2001, "", Cause::UnallocatedNumber);
    check_refused(|_| {}, 2001, "2001", Cause::UserBusy);
    check_refused(|_| {}, 2001, "2007", Cause::Unregistered);
    check_refused(|_| {}, 2999, "2002", Cause::FeatureNotPermitted);
    check_refused(|w| w.configure(&[stopped(2002)]), 2001, "2002", Cause::UnallocatedNumber);
    check_refused(|w| w.configure(&[stopped(2001)]), 2001, "2002", Cause::FeatureNotPermitted);
}

#[test]
fn the_limit_counts_calls_of_both_sides() {
    let four = |w: &mut World, n: u16| {
        for from in 0..4 {
            w.dial(2003 + from % 2, &n.to_string());
        }
    };
    check_refused(|w| four(w, 2002), 2001, "2002", Cause::UserBusy);
    // The fifth call of one's own.
    check_refused(
        |w| {
            for _ in 0..4 {
                w.dial(2001, "2005");
            }
        },
        2001,
        "2002",
        Cause::UserBusy,
    );
    // A call that ends makes room.
    let mut w = World::new();
    four(&mut w, 2002);
    w.hangs_up("2003");
    w.lines.clear();
    w.dial(2001, "2002");
    w.expect(&["2002 invite from 2001 2001/1"]);
}

#[test]
fn without_hops_a_call_is_a_loop() {
    let mut w = World::new();
    let sdp = w.sdp(2001, "sendrecv");
    w.dial_as(2001, Some(sdp.clone()), |o| o.max_forwards = 0);
    w.expect(&["record 2001>- ForwardLoop unanswered", "2001 refuse ForwardLoop"]);
    w.dial_as(2001, Some(sdp), |o| o.max_forwards = 1);
    w.expect(&["2002 invite from 2001 2001/1"]);
}

#[test]
fn the_caller_gives_up() {
    let mut w = World::new();
    w.dial(2001, "2008");
    w.rings("2008");
    w.lines.clear();
    w.hangs_up("2001");
    w.expect(&[
        "record 2001>2008 CallerCancelled unanswered by 2001",
        "2008 end CallerCancelled",
        "2008.2 end CallerCancelled",
    ]);
    w.expect_drained();
}

#[test]
fn a_cancel_that_crosses_the_answer_ends_what_was_answered() {
    let mut w = World::new();
    w.prompt = false;
    w.dial(2001, "2002");
    let (caller, callee) = (w.leg("2001"), w.leg("2002"));
    // The caller cancelled; our end to the callee crosses its 200.
    w.hangs_up("2001");
    w.lines.clear();
    let sdp = w.sdp(2002, "sendrecv");
    w.input(Input::Leg { leg: callee, event: LegEvent::Answered { sdp: Some(sdp) } });
    w.expect(&[]);
    assert_eq!(w.records.len(), 1);
    for leg in [caller, callee] {
        w.far.remove(&leg);
        w.input(Input::Leg { leg, event: LegEvent::Gone });
    }
    w.expect_drained();
}

#[test]
fn ring_time_counts_from_the_first_18x() {
    let mut w = World::new();
    w.dial(2001, "2002");
    w.wait(Micros::seconds(3));
    w.rings("2002");
    w.wait(Micros::millis(59_900));
    w.lines.clear();
    w.wait(Micros::millis(200));
    w.expect(&[
        "2002 end RingTimeout",
        "record 2001>2002 RingTimeout unanswered",
        "2001 refuse RingTimeout",
    ]);
    w.expect_drained();
}

#[test]
fn four_seconds_without_a_sign_are_out_of_reach() {
    let mut w = World::new();
    w.dial(2001, "2008");
    w.lines.clear();
    w.wait(Micros::millis(3_900));
    w.expect(&[]);
    w.wait(Micros::millis(200));
    assert_eq!(w.records[0].cause, Cause::Unregistered);
    w.expect_drained();
    // One sign suffices for all.
    let mut w = World::new();
    w.dial(2001, "2008");
    w.rings("2008");
    w.wait(Micros::seconds(10));
    assert!(w.records.is_empty());
}

#[test]
fn an_unanswered_call_is_given_up_after_ten_minutes() {
    let mut w = World::new();
    let mut slow = w.facts.changes.clone();
    for change in &mut slow {
        if let Change::UserPut(u) = change {
            u.ring_time_s = 3_000;
        }
    }
    w.configure(&slow);
    w.dial(2001, "2002");
    w.rings("2002");
    w.wait(Micros::seconds(601));
    assert_eq!(w.records[0].cause, Cause::RingTimeout);
    w.expect_drained();
}

#[test]
fn a_stopped_user_stops_ringing_and_the_number_is_decided_anew() {
    let mut w = World::new();
    w.dial(2001, "2008");
    w.rings("2008");
    w.lines.clear();
    let mut away = super::world::device(2008, 1);
    away.user = None;
    w.configure(&[Change::DevicePut(away)]);
    w.expect(&["2008 end UnallocatedNumber"]);
    w.configure(&[stopped(2008)]);
    w.expect(&[
        "2008.2 end UnallocatedNumber",
        "record 2001>- UnallocatedNumber unanswered",
        "2001 refuse UnallocatedNumber",
    ]);
    w.expect_drained();
}

#[test]
fn a_stop_does_not_end_an_answered_call() {
    let mut w = World::new();
    w.talk(2001, 2002);
    w.configure(&[stopped(2002)]);
    w.expect(&[]);
    assert!(w.records.is_empty());
}

#[test]
fn clearing_ends_calls_in_every_state() {
    let mut w = World::new();
    w.talk(2001, 2002);
    w.wait(Micros::millis(1));
    w.dial(2003, "2004");
    w.lines.clear();
    let call = w.control.calls().next().expect("a call").call;
    w.input(Input::Clear { call });
    w.expect(&[
        "record 2001>2002 AdminCleared answered",
        "2001 end AdminCleared",
        "2002 end AdminCleared",
    ]);
    w.input(Input::ClearAll);
    w.expect(&[
        "record 2003>2004 Failover unanswered",
        "2003 refuse Failover",
        "2004 end Failover",
    ]);
    w.expect_drained();
}

#[test]
fn news_of_unknown_legs_changes_nothing() {
    let mut w = World::new();
    let leg = base::LegId(99);
    for event in [
        LegEvent::Gone,
        LegEvent::Confirmed,
        LegEvent::OfferReceived { sdp: None },
        LegEvent::Refused(Refused { status: 486, q850: None, unreachable: false }),
        LegEvent::OfferFailed { status: 488 },
    ] {
        w.input(Input::Leg { leg, event });
    }
    w.expect(&[]);
    assert_eq!(w.counts[&base::event::Kind::LateAnswer], 3);
    w.expect_drained();
}

#[test]
fn a_leg_that_the_stack_lost_ends_its_call() {
    let mut w = World::new();
    w.talk(2001, 2002);
    let leg = w.leg("2002");
    w.far.remove(&leg);
    w.input(Input::Leg { leg, event: LegEvent::Gone });
    w.expect(&["record 2001>2002 MediaTimeout answered", "2001 end MediaTimeout"]);
    w.expect_drained();
}

#[test]
fn a_phone_that_only_says_100_is_not_taken_as_unreachable() {
    for (sign, cause) in [(false, Cause::Unregistered), (true, Cause::RingTimeout)] {
        let mut w = World::new();
        w.dial(2001, "2002");
        if sign {
            let leg = w.leg("2002");
            w.event(leg, LegEvent::Trying);
        }
        w.wait(Micros::seconds(5));
        assert_eq!(w.records.is_empty(), sign, "after 4 s: {:?}", w.lines);
        // Its 180 may have got lost: it rings, and may still answer.
        w.wait(Micros::seconds(60));
        assert_eq!(w.records[0].cause, cause);
        w.expect_drained();
    }
}
