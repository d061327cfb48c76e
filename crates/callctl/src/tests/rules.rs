//! Where two services meet (section 11 of the specification): rows that no other file shows.

use base::{Cause, Micros};
use model::record::Service;
use model::{Change, Department, Destination, DnSettings, Forward, ForwardKind, HuntMethod, User};

use super::world::{
    DEPARTMENT, TENANT, World, department, dn, hunt, pickup, quiet, stopped, user, user_id,
};

fn rung(w: &mut World) -> Vec<String> {
    let lines = std::mem::take(&mut w.lines);
    lines.into_iter().filter_map(|l| Some(l.split_once(" invite ")?.0.to_owned())).collect()
}

fn forwards(n: u16, kind: ForwardKind, to: u16) -> Change {
    let mut settings = DnSettings::new(TENANT, dn(n));
    *settings.forward_mut(kind) = Forward::on(Destination::Dn(dn(to)));
    Change::DnSettingsPut(settings)
}

fn causes(w: &World) -> Vec<Cause> {
    w.records.iter().map(|r| r.cause).collect()
}

/// R247, R317: a group that goes, or loses the member that rings, stops ringing there.
#[test]
fn what_rings_for_a_group_stops_when_the_group_changes() {
    let gone = |number| Change::HuntDelete { tenant: TENANT, number };
    let mut w = World::new();
    w.configure(&[hunt(&[2002, 2003], |g| g.method = HuntMethod::Priority)]);
    w.talk(2004, 2005);
    w.dial(2001, "7000");
    assert_eq!(rung(&mut w), ["2002"]);
    w.configure(&[hunt(&[2003], |g| g.method = HuntMethod::Priority)]);
    assert!(w.lines.contains(&"2002 end UnallocatedNumber".to_owned()), "{:?}", w.lines);
    assert_eq!(rung(&mut w), ["2003"]);
    w.configure(&[gone(1)]);
    assert_eq!(causes(&w), [Cause::UnallocatedNumber]);
    // A department: who is left rings on, without it nobody does.
    w.configure(&[department(&[2002, 2003], |_| ())]);
    w.dial(2001, "7100");
    assert_eq!(rung(&mut w), ["2002", "2003"]);
    w.configure(&[department(&[2003], |_| ())]);
    w.expect(&["2002 end UnallocatedNumber"]);
    w.configure(&[Change::DepartmentDelete(DEPARTMENT)]);
    assert_eq!(causes(&w), [Cause::UnallocatedNumber; 2]);
    // The answered call went on all the time.
    w.hangs_up("2004");
    assert_eq!(causes(&w).last(), Some(&Cause::NormalClearing));
    w.expect_drained();
}

/// R247: the number rings where it has gone.
#[test]
fn a_number_that_moves_while_it_rings_rings_at_its_new_owner() {
    let with = |w: &World, n: u16, number: u16| {
        let user = w.facts.snapshot.user(user_id(n)).expect("a user").clone();
        Change::UserPut(User { dn: dn(number), ..user })
    };
    let mut w = World::new();
    w.dial(2001, "2002");
    w.rings("2002");
    w.lines.clear();
    let changes = [with(&w, 2002, 2052), with(&w, 2003, 2002)];
    w.facts.snapshot = model::apply(&w.facts.snapshot, &changes).expect("fits");
    w.input(crate::input::Input::Config);
    assert!(w.lines.iter().any(|l| l.starts_with("2002 end")), "{:?}", w.lines);
    w.hangs_up("2001");
    w.expect_drained();
}

/// R270: 「CFA に従う」.
#[test]
fn who_stands_in_for_a_member_rings_in_its_place() {
    let group = |follow| {
        hunt(&[2002, 2003], move |g| (g.method, g.follow_all) = (HuntMethod::Priority, follow))
    };
    let mut w = World::new();
    w.configure(&[group(false), forwards(2002, ForwardKind::All, 2004)]);
    w.dial(2001, "7000");
    assert_eq!(rung(&mut w), ["2003"], "passed over");
    w.hangs_up("2001");
    w.configure(&[group(true)]);
    w.dial(2001, "7000");
    assert_eq!(rung(&mut w), ["2004"], "in its place");
    w.rings("2004");
    w.wait(Micros::seconds(20));
    assert_eq!(rung(&mut w), ["2003"], "for its time");
    w.hangs_up("2001");
    w.expect_drained();
}

/// R270: own no-answer forward, ring time and refusals do not lead elsewhere.
#[test]
fn a_members_own_settings_do_not_run_in_a_hunt() {
    let mut w = World::new();
    let mut settings = DnSettings::new(TENANT, dn(2002));
    for kind in [ForwardKind::Busy, ForwardKind::NoAnswer, ForwardKind::Unregistered] {
        *settings.forward_mut(kind) = Forward::on(Destination::Dn(dn(2005)));
    }
    settings.no_answer_s = 5;
    w.configure(&[
        hunt(&[2002, 2003], |g| g.method = HuntMethod::Priority),
        Change::DnSettingsPut(settings),
    ]);
    for end in ["603", "486", "silent", "late"] {
        w.dial(2001, "7000");
        assert_eq!(rung(&mut w), ["2002"]);
        match end {
            "silent" => w.wait(Micros::seconds(4)),
            "late" => {
                w.rings("2002");
                w.wait(Micros::seconds(19));
                assert_eq!(rung(&mut w), [""; 0]);
                w.wait(Micros::seconds(1));
            }
            status => w.refuses("2002", status.parse().expect("a status")),
        }
        assert_eq!(rung(&mut w), ["2003"], "{end}");
        w.hangs_up("2001");
    }
    w.expect_drained();
}

/// R271: the only free member rings, so the second caller finds the group busy.
#[test]
fn a_second_call_finds_the_only_free_member_busy() {
    let mut w = World::new();
    w.configure(&[hunt(&[2002], |_| ())]);
    w.dial(2001, "7000");
    w.rings("2002");
    w.dial(2003, "7000");
    assert_eq!(causes(&w), [Cause::UserBusy]);
    w.hangs_up("2001");
    w.expect_drained();
}

/// R272: the pilot that a hunt overflows to hunts anew, with its own members and time.
#[test]
fn an_overflow_to_a_pilot_is_a_hunt_of_its_own() {
    let mut w = World::new();
    let second = |g: &mut model::HuntGroup| {
        (g.number, g.pilot, g.limit_s) = (2, dn(7001), 20);
        g.method = HuntMethod::Priority;
    };
    w.configure(&[
        hunt(&[2002], |g| (g.overflow, g.limit_s) = (Some(Destination::Dn(dn(7001))), 20)),
        hunt(&[2003, 2004], second),
    ]);
    w.dial(2001, "7000");
    w.rings("2002");
    w.wait(Micros::seconds(20));
    assert_eq!(rung(&mut w), ["2002", "2003"]);
    w.rings("2003");
    w.wait(Micros::seconds(19));
    assert!(w.records.is_empty(), "its time begins anew");
    w.wait(Micros::seconds(1));
    assert_eq!(causes(&w), [Cause::RingTimeout]);
    assert_eq!(w.records[0].transferrer.as_deref(), Some("7000"));
    w.expect_drained();
}

/// R273: 無条件転送 of a pilot and of a department.
#[test]
fn groups_forward_all_their_calls() {
    let mut w = World::new();
    let all = || Forward::on(Destination::Dn(dn(2005)));
    w.configure(&[hunt(&[2002], |g| g.all = all()), department(&[2003], |d| d.all = all())]);
    for dialed in ["7000", "7100"] {
        w.dial(2001, dialed);
        assert_eq!(rung(&mut w), ["2005"], "{dialed}");
        w.hangs_up("2001");
        let last = w.records.last().expect("a record");
        assert_eq!(last.transferrer.as_deref(), Some(dialed));
        assert!(last.services.contains(Service::ForwardAll));
    }
    w.expect_drained();
}

/// R274: who does not ring, and the two options.
#[test]
fn options_of_a_department_let_busy_and_forwarded_members_ring() {
    for (busy, forwarded, expected) in [
        (false, false, vec!["2005"]),
        (true, false, vec!["2002", "2005"]),
        (false, true, vec!["2003", "2005"]),
        (true, true, vec!["2002", "2003", "2005"]),
    ] {
        let mut w = World::new();
        let options = |d: &mut Department| (d.ring_busy, d.ring_forwarded) = (busy, forwarded);
        w.configure(&[
            department(&[2001, 2002, 2003, 2004, 2005, 2006], options),
            forwards(2003, ForwardKind::All, 2008),
            quiet(2004, 1),
            stopped(2006),
        ]);
        w.talk(2002, 2008);
        w.dial(2001, "7100");
        assert_eq!(rung(&mut w), expected, "話中 {busy} 転送中 {forwarded}");
    }
}

/// R257: in a group that a call is forwarded to, forwarder and caller are passed over.
#[test]
fn a_forward_to_the_own_group_is_no_loop() {
    let mut w = World::new();
    w.configure(&[
        hunt(&[2002, 2001, 2003], |g| g.method = HuntMethod::Priority),
        department(&[2002, 2001, 2003], |_| ()),
    ]);
    for to in [7000, 7100] {
        w.configure(&[forwards(2002, ForwardKind::All, to)]);
        w.dial(2001, "2002");
        assert_eq!(rung(&mut w), ["2003"], "{to}");
        w.hangs_up("2001");
    }
    // The group's own overflow back to who forwarded is one.
    w.configure(&[
        hunt(&[2001], |g| g.overflow = Some(Destination::Dn(dn(2002)))),
        forwards(2002, ForwardKind::All, 7000),
    ]);
    w.dial(2001, "2002");
    assert_eq!(causes(&w).last(), Some(&Cause::ForwardLoop));
    w.expect_drained();
}

/// How the destination of a forward ends the call.
type End = fn(&mut World);

/// R260: nothing further is set at the destination.
#[test]
fn a_forward_in_vain_ends_with_the_destinations_reason() {
    let out = |w: &mut World| w.unreachable("2003");
    let busy = |w: &mut World| w.refuses("2003", 486);
    let declined = |w: &mut World| w.refuses("2003", 603);
    let late = |w: &mut World| {
        w.rings("2003");
        w.wait(Micros::seconds(60));
    };
    let ends: [(End, Cause, Cause); 4] = [
        (busy, Cause::UserBusy, Cause::UserBusy),
        (declined, Cause::UserRejected, Cause::UserRejected),
        (out, Cause::Unregistered, Cause::Unregistered),
        (late, Cause::RingTimeout, Cause::UnregisteredForwardNoAnswer),
    ];
    for (end, after_all, after_out) in ends {
        for (kind, cause) in [(ForwardKind::All, after_all), (ForwardKind::Unregistered, after_out)]
        {
            let mut w = World::new();
            let from = if kind == ForwardKind::All { 2002 } else { 2007 };
            w.configure(&[forwards(from, kind, 2003)]);
            w.dial(2001, &from.to_string());
            end(&mut w);
            assert_eq!(causes(&w), [cause], "{kind:?}");
            w.expect_drained();
        }
    }
}

/// R252: a call that nobody answers ends after the time of the company, whatever rings yet.
#[test]
fn an_unanswered_call_ends_after_the_time_of_the_company() {
    for chosen in [None, Some(120)] {
        let mut w = World::new();
        let long = User { ring_time_s: 360, ..user(2002) };
        w.configure(&[Change::UserPut(long)]);
        if let Some(seconds) = chosen {
            w.set_times(|times| times.unanswered_s = seconds);
        }
        w.dial(2001, "2002");
        w.rings("2002");
        w.wait(Micros::seconds(119));
        assert!(w.records.is_empty());
        w.wait(Micros::seconds(1));
        assert_eq!(causes(&w), [Cause::RingTimeout][..chosen.iter().len()]);
    }
}

/// R267: a pickup ends hunt and ring-all; where the hunt stands is behind who was offered.
#[test]
fn a_pickup_ends_the_hunt_and_its_forwards() {
    let mut w = World::new();
    w.configure(&[
        hunt(&[2002, 2003, 2004], |g| {
            g.method = HuntMethod::RoundRobin;
            g.overflow = Some(Destination::Dn(dn(2006)));
        }),
        pickup(1, &[2002, 2005]),
    ]);
    w.dial(2001, "7000");
    w.rings("2002");
    w.dial(2005, "*55");
    w.lines.clear();
    w.wait(Micros::seconds(600));
    assert_eq!(rung(&mut w), [""; 0], "neither next member nor overflow");
    w.hangs_up("2005");
    assert_eq!((w.records.len(), w.records[0].callee_number()), (1, "2005"));
    w.dial(2001, "7000");
    assert_eq!(rung(&mut w), ["2003"], "behind the one that was offered");
    w.hangs_up("2001");
    w.expect_drained();
}

/// R313: history keeps number and name of the beginning; the next decision uses the new ones.
#[test]
fn a_rename_in_a_call_is_seen_by_the_next_decision_only() {
    let mut w = World::with_codes();
    w.talk(2001, 2002);
    let user = w.facts.snapshot.user(user_id(2002)).expect("a user").clone();
    w.configure(&[Change::UserPut(User { dn: dn(2099), name: "新".into(), ..user })]);
    w.press("2002", "#5");
    assert_eq!(w.records[0].callee_number(), "2002");
    assert_eq!(&*w.records[0].callee.as_ref().expect("a party").name, "利用者2002");
    w.wait(Micros::seconds(90));
    let shown: Vec<_> = w.lamp(2002);
    assert!(shown.is_empty(), "the old number does not ring: {shown:?}");
}

/// R316: a limit that is lowered, or an option that is cancelled, leaves running calls alone.
#[test]
fn what_is_withdrawn_meets_the_next_call_and_the_next_code() {
    let mut w = World::with_codes();
    w.talk(2001, 2002);
    w.talk(2003, 2002);
    let mut settings = DnSettings::new(TENANT, dn(2002));
    settings.call_limit = 1;
    w.configure(&[Change::DnSettingsPut(settings)]);
    w.dial(2004, "2002");
    assert_eq!(causes(&w), [Cause::UserBusy], "above its limit it only shrinks");
    w.hangs_up("2003");
    w.dial(2004, "2002");
    assert_eq!(causes(&w).last(), Some(&Cause::UserBusy));
    let mut changes = super::world::with_codes();
    if let Change::TenantPut(tenant) = &mut changes[0] {
        tenant.options = tenant.options.without(model::TenantOption::InCallCodes);
    }
    w.configure(&changes[..1]);
    w.press("2002", "#7");
    assert_eq!(w.joins(), ["2001 2002", "2002 2001"], "the code is none any more");
    w.hangs_up("2001");
    w.expect_drained();
}
