//! Groups: hunting, departments, pickup.

use base::{Cause, Micros};
use model::record::Service;
use model::{Change, Destination, DnSettings, Forward, ForwardKind, HuntMethod, User};

use super::world::{
    DEPARTMENT, TENANT, World, department, dn, hunt, pickup, quiet, stopped, user_id,
};

fn rung(w: &mut World) -> Vec<String> {
    let lines = std::mem::take(&mut w.lines);
    lines.iter().filter_map(|l| l.split_once(" invite ")).map(|(n, _)| n.to_owned()).collect()
}

fn trace(w: &World) -> Vec<String> {
    let last = w.records.last().expect("a record");
    last.trace.iter().map(|s| format!("{} {}", s.code, s.args)).collect()
}

#[test]
fn priority_rings_the_first_free_member_and_goes_on_without_a_gap() {
    let mut w = World::new();
    w.configure(&[hunt(&[2002, 2003, 2004], |g| g.method = HuntMethod::Priority)]);
    w.dial(2001, "7000");
    assert_eq!(rung(&mut w), ["2002"]);
    w.rings("2002");
    w.expect(&["2001 progress 180 -"]);
    w.wait(Micros::seconds(20));
    assert_eq!(rung(&mut w), ["2003"]);
    w.refuses("2003", 486);
    assert_eq!(rung(&mut w), ["2004"]);
    w.answers("2004");
    w.hangs_up("2004");
    let r = w.records.last().expect("a record");
    assert_eq!((&*r.dialed, r.callee_number()), ("7000", "2004"));
    assert!(r.services.contains(Service::Hunt));
    w.dial(2005, "7000");
    assert_eq!(rung(&mut w), ["2002"], "always from the first");
    w.hangs_up("2005");
    w.expect_drained();
}

#[test]
fn round_robin_begins_after_whoever_was_offered_last() {
    let mut w = World::new();
    w.configure(&[hunt(&[2002, 2003, 2004], |g| g.method = HuntMethod::RoundRobin)]);
    let mut order = Vec::new();
    for _ in 0..7 {
        w.dial(2001, "7000");
        order.extend(rung(&mut w));
        w.hangs_up("2001");
    }
    assert_eq!(order, ["2002", "2003", "2004", "2002", "2003", "2004", "2002"]);
    w.dial(2001, "7000");
    w.refuses("2003", 486);
    assert_eq!(rung(&mut w), ["2003", "2004"]);
    w.hangs_up("2001");
    w.dial(2001, "7000");
    assert_eq!(
        rung(&mut w),
        ["2002"],
        "after the one that was offered, not the one that was first"
    );
    w.hangs_up("2001");
    w.expect_drained();
}

/// A node that is built anew goes on where the one before it was.
#[test]
fn where_a_hunt_stands_outlives_the_node() {
    let members = |w: &mut World| {
        w.configure(&[hunt(&[2002, 2003, 2004], |g| g.method = HuntMethod::RoundRobin)]);
    };
    let mut w = World::new();
    members(&mut w);
    for _ in 0..2 {
        w.dial(2001, "7000");
        w.hangs_up("2001");
    }
    let kept = std::mem::take(&mut w.kept);
    assert_eq!(kept.len(), 2, "one with each record");
    assert_eq!(w.control.boxes().pointers.len(), 1);
    let pointers = kept.into_iter().filter_map(|write| match write {
        model::Write::PointerPut(pointer) => Some(pointer),
        _ => None,
    });
    let stored = model::StoredBoxes { pointers: pointers.collect(), ..Default::default() };
    let mut w = World::new();
    members(&mut w);
    w.control.restore_boxes(w.now, stored);
    w.dial(2001, "7000");
    assert_eq!(rung(&mut w), ["2004"]);
    w.hangs_up("2001");
    w.expect_drained();
}

#[test]
fn members_who_cannot_take_a_call_are_passed_over_with_the_reason() {
    let mut w = World::new();
    let mut forwards = DnSettings::new(TENANT, dn(2005));
    *forwards.forward_mut(ForwardKind::All) = Forward::on(Destination::Dn(dn(2001)));
    w.configure(&[
        hunt(&[2002, 2003, 2004, 2005, 2007, 2008, 2006], |g| g.method = HuntMethod::Priority),
        quiet(2003, 1),
        stopped(2004),
        Change::DnSettingsPut(forwards),
    ]);
    w.talk(2001, 2002);
    w.dial(2008, "7000");
    assert_eq!(rung(&mut w), ["2006"]);
    w.hangs_up("2008");
    let passed: Vec<String> =
        trace(&w).into_iter().filter(|s| s.starts_with("group.pass")).collect();
    assert_eq!(
        passed,
        [
            "group.pass busy 2002",
            "group.pass do-not-disturb 2003",
            "group.pass stopped 2004",
            "group.pass forwards 2005",
            "group.pass unreachable 2007",
            "group.pass involved 2008",
        ]
    );
}

#[test]
fn a_hunt_in_vain_ends_by_its_reason_or_overflows() {
    // (members, what the rung ones do, cause)
    for (members, refusal, cause) in [
        (vec![2002, 2003], Some(486), Cause::RingTimeout),
        (vec![2007], None, Cause::Unregistered),
        (vec![2001], None, Cause::Unregistered),
    ] {
        let mut w = World::new();
        w.configure(&[hunt(&members, |g| g.method = HuntMethod::Priority)]);
        w.dial(2001, "7000");
        while let Some(name) = rung(&mut w).first() {
            w.refuses(name, refusal.expect("nobody rings"));
        }
        assert_eq!(w.records[0].cause, cause, "{members:?}");
        assert_eq!(w.records[0].callee_number(), "");
        w.expect_drained();
    }
    let mut w = World::new();
    w.configure(&[hunt(&[2002], |g| g.overflow = Some(Destination::Dn(dn(2003))))]);
    w.talk(2002, 2004);
    w.dial(2001, "7000");
    assert_eq!(rung(&mut w), ["2003"]);
    w.hangs_up("2001");
    assert_eq!(w.records.last().and_then(|r| r.transferrer.as_deref()), Some("7000"));
}

#[test]
fn rounds_begin_five_seconds_apart_and_the_whole_hunt_has_its_time() {
    let mut w = World::new();
    w.configure(&[hunt(&[2002], |g| (g.rounds, g.limit_s) = (5, 20))]);
    w.dial(2001, "7000");
    for round in 0..4 {
        assert_eq!(rung(&mut w), ["2002"], "round {round}");
        w.refuses("2002", 486);
        assert_eq!(rung(&mut w), [""; 0]);
        w.wait(Micros::seconds(5));
    }
    assert_eq!(w.records.last().map(|r| r.cause), Some(Cause::RingTimeout));
    w.expect_drained();
}

#[test]
fn a_member_that_is_removed_while_it_rings_makes_way_for_the_next() {
    let mut w = World::new();
    w.configure(&[hunt(&[2002, 2003], |g| g.method = HuntMethod::Priority)]);
    w.dial(2001, "7000");
    w.lines.clear();
    w.configure(&[stopped(2002)]);
    assert_eq!(rung(&mut w), ["2003"]);
    w.hangs_up("2001");
    w.expect_drained();
}

#[test]
fn a_department_rings_all_its_free_members_and_the_first_answer_wins() {
    let mut w = World::new();
    w.configure(&[department(&[2001, 2002, 2003, 2008], |_| {})]);
    w.talk(2003, 2004);
    w.dial(2001, "7100");
    assert_eq!(rung(&mut w), ["2002", "2008", "2008.2"]);
    w.rings("2002");
    w.answers("2008.2");
    assert!(w.lines.iter().any(|l| l == "2002 end NormalClearing elsewhere"), "{:?}", w.lines);
    w.hangs_up("2008.2");
    let r = w.records.last().expect("a record");
    assert!(r.services.contains(Service::Department));
    assert_eq!((&*r.dialed, r.callee_number()), ("7100", "2008"));
}

#[test]
fn a_member_who_declines_silences_only_itself_and_the_rest_rings_for_360_s() {
    let mut w = World::new();
    w.configure(&[department(&[2002, 2003], |_| {})]);
    w.dial(2001, "7100");
    w.rings("2002");
    w.refuses("2003", 603);
    w.wait(Micros::seconds(359));
    assert!(w.records.is_empty());
    w.wait(Micros::seconds(1));
    assert_eq!(w.records[0].cause, Cause::RingTimeout);
    w.expect_drained();
}

#[test]
fn a_department_without_anyone_to_ring_says_why() {
    let mut w = World::new();
    w.configure(&[department(&[2007, 2002], |_| {})]);
    w.talk(2002, 2003);
    w.dial(2001, "7100");
    assert_eq!(w.records[0].cause, Cause::UserBusy, "busy before out of reach");
    w.configure(&[department(&[2007], |_| {})]);
    w.dial(2001, "7100");
    assert_eq!(w.records[1].cause, Cause::Unregistered);
}

#[test]
fn a_call_of_the_group_is_picked_up_and_stays_one_record() {
    let mut w = World::new();
    w.configure(&[pickup(1, &[2002, 2003])]);
    w.dial(2001, "2002");
    w.rings("2002");
    w.lines.clear();
    w.dial(2003, "*55");
    let lines = std::mem::take(&mut w.lines);
    assert_eq!(lines[0], "2002 end NormalClearing elsewhere");
    assert!(lines.iter().any(|l| l.starts_with("2003 answer")), "{lines:?}");
    assert!(lines.iter().any(|l| l.starts_with("2001 answer")), "{lines:?}");
    w.hangs_up("2003");
    assert_eq!(w.records.len(), 1);
    let r = &w.records[0];
    assert_eq!((&*r.dialed, r.callee_number()), ("2002", "2003"));
    assert!(r.services.contains(Service::Pickup));
    w.expect_drained();
}

#[test]
fn the_call_that_rings_longest_is_picked_up_wherever_it_was_dialled() {
    let mut w = World::new();
    let mut forwards = DnSettings::new(TENANT, dn(2002));
    *forwards.forward_mut(ForwardKind::NoAnswer) = Forward::on(Destination::Dn(dn(2004)));
    w.configure(&[pickup(1, &[2004, 2005, 2003]), Change::DnSettingsPut(forwards)]);
    w.dial(2001, "2002");
    w.rings("2002");
    w.wait(Micros::seconds(10));
    w.dial(2006, "2005");
    w.wait(Micros::seconds(1));
    w.rings("2005");
    w.dial(2003, "*55");
    assert_eq!(w.lines.iter().filter(|l| l.starts_with("2006 answer")).count(), 1, "{:?}", w.lines);
    w.hangs_up("2003");
    w.dial(2006, "2005");
    w.rings("2005");
    w.wait(Micros::seconds(9));
    w.lines.clear();
    w.dial(2003, "*55");
    assert_eq!(w.lines.iter().filter(|l| l.starts_with("2001 answer")).count(), 1, "{:?}", w.lines);
}

#[test]
fn group_pickup_directed_pickup_and_departments() {
    let mut w = World::new();
    let mut user = w.facts.snapshot.user(user_id(2006)).expect("a user").clone();
    user.pickup_departments = [DEPARTMENT].into();
    w.configure(&[
        pickup(7, &[2002, 2004]),
        pickup(8, &[2003, 2005, 2004]),
        department(&[2002], |_| {}),
        Change::UserPut(User { ..user }),
    ]);
    for (who, code, taken) in [
        (2003, "*55", false),
        (2003, "*567", true),
        (2003, "*569", false),
        (2004, "*552002", true),
        (2004, "*552003", false),
        (2005, "*552002", false),
        (2006, "*55", true),
    ] {
        w.records.clear();
        w.dial(2001, "2002");
        w.rings("2002");
        w.lines.clear();
        w.dial(who, code);
        let answered = w.lines.iter().any(|l| l.starts_with("2001 answer"));
        assert_eq!(answered, taken, "{who} {code}: {:?}", w.lines);
        if !taken {
            assert_eq!(w.records[0].cause, Cause::PickupNone, "{who} {code}");
        }
        w.hangs_up("2001");
        w.expect_drained();
    }
    w.configure(&[department(&[2002], |_| {})]);
    w.dial(2001, "7100");
    w.rings("2002");
    w.lines.clear();
    w.dial(2006, "*557100");
    assert!(w.lines.iter().any(|l| l.starts_with("2001 answer")), "{:?}", w.lines);
}
