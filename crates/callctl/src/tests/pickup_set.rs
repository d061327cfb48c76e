//! Whose calls are picked up, and who is too late (group F, R248, R265–R269).

use base::{Cause, Micros};
use model::{Change, Destination, Device, DnSettings, Forward, ForwardKind, HuntMethod, User};

use super::world::{
    DEPARTMENT, TENANT, World, department, device, dn, hunt, pickup, stopped, user, user_id,
};

/// Whether `who` gets a call of 2001 by this code; else nothing rang for him.
#[track_caller]
fn takes(w: &mut World, who: u16, code: &str) -> bool {
    let before = w.records.len();
    w.lines.clear();
    w.dial(who, code);
    let taken = w.lines.iter().any(|l| l.starts_with("2001 answer"));
    if !taken {
        let told: Vec<Cause> = w.records[before..].iter().map(|r| r.cause).collect();
        assert_eq!(told, [Cause::PickupNone]);
    }
    taken
}

/// R248: the first wins, and the loser finds nothing.
#[test]
fn who_picks_up_after_the_answer_is_too_late() {
    let mut w = World::new();
    w.configure(&[pickup(1, &[2002, 2003, 2004])]);
    w.dial(2001, "2002");
    w.rings("2002");
    w.answers("2002");
    assert!(!takes(&mut w, 2003, "*55"));
    w.hangs_up("2001");
    w.dial(2001, "2002");
    w.rings("2002");
    assert!(takes(&mut w, 2003, "*55"));
    assert!(!takes(&mut w, 2004, "*55"));
    w.hangs_up("2001");
    // Who called has gone.
    w.dial(2001, "2002");
    w.rings("2002");
    w.hangs_up("2001");
    assert!(!takes(&mut w, 2004, "*55"));
    w.expect_drained();
}

/// Point 3: the own calls are never offered.
#[test]
fn nobody_picks_up_the_call_that_he_makes() {
    let mut w = World::new();
    w.configure(&[pickup(1, &[2001, 2002, 2003])]);
    w.dial(2001, "2002");
    w.rings("2002");
    for code in ["*55", "*552002", "*561"] {
        assert!(!takes(&mut w, 2001, code), "{code}");
    }
    assert!(takes(&mut w, 2003, "*55"));
    w.hangs_up("2001");
    w.hangs_up_all();
    w.expect_drained();
}

/// Point 6: without a group there is nothing to pick up.
#[test]
fn without_a_group_nothing_is_picked_up() {
    let mut w = World::new();
    w.configure(&[pickup(1, &[2002])]);
    w.dial(2001, "2002");
    w.rings("2002");
    for code in ["*55", "*552002", "*56", "*562"] {
        assert!(!takes(&mut w, 2003, code), "{code}");
    }
    w.hangs_up("2001");
    w.expect_drained();
}

/// Point 2: the members of all groups that one is in.
#[test]
fn all_groups_of_a_number_count() {
    let mut w = World::new();
    w.configure(&[pickup(1, &[2003, 2002]), pickup(2, &[2003, 2004]), pickup(3, &[2005, 2006])]);
    for (n, taken) in [("2002", true), ("2004", true), ("2005", false)] {
        w.dial(2001, n);
        w.rings(n);
        assert_eq!(takes(&mut w, 2003, "*55"), taken, "{n}");
        w.hangs_up("2001");
    }
    w.expect_drained();
}

/// R265: where it rings, not where it was dialled.
#[test]
fn a_forwarded_call_is_picked_up_where_it_rings() {
    let mut w = World::new();
    let mut settings = DnSettings::new(TENANT, dn(2002));
    *settings.forward_mut(ForwardKind::All) = Forward::on(Destination::Dn(dn(2004)));
    w.configure(&[
        Change::DnSettingsPut(settings),
        pickup(1, &[2003, 2002]),
        pickup(2, &[2005, 2004]),
    ]);
    w.dial(2001, "2002");
    w.rings("2004");
    assert!(!takes(&mut w, 2003, "*55"));
    assert!(!takes(&mut w, 2005, "*552002"));
    assert!(takes(&mut w, 2005, "*552004"));
    w.hangs_up("2001");
    w.expect_drained();
}

/// Directed pickup by the number of a group: of what rings for it at a number of the own set.
#[test]
fn a_call_of_a_group_is_picked_up_by_the_groups_number() {
    let mut w = World::new();
    w.configure(&[
        hunt(&[2002, 2004], |g| g.method = HuntMethod::Priority),
        department(&[2002], |_| ()),
        pickup(1, &[2003, 2002]),
        pickup(2, &[2005, 2004]),
    ]);
    for dialed in ["7000", "7100"] {
        let code = format!("*55{dialed}");
        w.dial(2001, dialed);
        w.rings("2002");
        assert!(!takes(&mut w, 2005, &code), "it does not ring at a number of this set");
        assert!(!takes(&mut w, 2003, if dialed == "7000" { "*557100" } else { "*557000" }));
        assert!(takes(&mut w, 2003, &code), "{code}");
        w.hangs_up("2001");
    }
    // What rings at a member for itself is not the group's.
    w.dial(2001, "2002");
    w.rings("2002");
    for code in ["*557000", "*557100"] {
        assert!(!takes(&mut w, 2003, code), "{code}");
    }
    w.hangs_up("2001");
    w.expect_drained();
}

/// R209, R242: the departments that one is ticked for, their number and their members.
#[test]
fn a_ticked_department_is_number_and_members() {
    let mut w = World::new();
    let ticked = User { pickup_departments: [DEPARTMENT].into(), ..user(2006) };
    w.configure(&[department(&[2002, 2003], |_| ()), Change::UserPut(ticked)]);
    for (dialed, who, taken) in [
        ("7100", 2006, true),
        ("2003", 2006, true),
        ("2004", 2006, false),
        ("7100", 2005, false),
        ("2003", 2002, false),
    ] {
        w.dial(2001, dialed);
        w.rings(if dialed == "7100" { "2003" } else { dialed });
        assert_eq!(takes(&mut w, who, "*55"), taken, "{dialed} {who}");
        w.hangs_up("2001");
    }
    assert!(w.facts.snapshot.user(user_id(2006)).is_some());
    w.expect_drained();
}

/// R267: after a pickup no timer of the call leads anywhere.
#[test]
fn a_pickup_voids_forward_and_voicemail() {
    let mut w = World::new();
    w.give_codes();
    let mut settings = DnSettings::new(TENANT, dn(2002));
    *settings.forward_mut(ForwardKind::NoAnswer) = Forward::on(Destination::Dn(dn(2005)));
    settings.voicemail = true;
    w.configure(&[Change::DnSettingsPut(settings), pickup(1, &[2002, 2003])]);
    w.dial(2001, "2002");
    w.rings("2002");
    w.wait(Micros::seconds(19));
    assert!(takes(&mut w, 2003, "*55"));
    w.lines.clear();
    w.wait(Micros::seconds(700));
    w.expect(&[]);
    w.hangs_up("2001");
    w.expect_drained();
}

/// R212, R246: an unused terminal and that of somebody who is stopped cannot call, and take no
/// calls of others either.
#[test]
fn who_may_not_call_picks_up_and_retrieves_nothing() {
    let mut w = World::new();
    w.give_codes();
    let unused = Change::DevicePut(Device { user: None, ..device(2003, 1) });
    w.configure(&[pickup(1, &[2001, 2002, 2006]), unused, stopped(2006)]);
    w.talk(2004, 2005);
    w.press("2005", "#5");
    w.dial(2001, "2002");
    w.rings("2002");
    for who in [2003, 2006] {
        for code in ["*561", "*55", "*552002", "*57", "7801", "2002"] {
            let before = w.records.len();
            w.lines.clear();
            w.dial(who, code);
            let told: Vec<Cause> = w.records[before..].iter().map(|r| r.cause).collect();
            assert_eq!(told, [Cause::FeatureNotPermitted], "{who} {code}: {:?}", w.lines);
        }
    }
    w.hangs_up("2001");
}
