//! Recalls (R290): past what the number set for itself, tried again, in vain.

use base::{Cause, Micros};
use model::{Change, Destination, DnSettings, ForwardKind, Waiting};

use super::world::{TENANT, World, dn, pickup, quiet, stopped};
use crate::input::LegEvent;

/// 2002 held 2001 by code and hung up: it is called back.
fn called_back(prepare: impl FnOnce(&mut World)) -> World {
    let mut w = World::with_codes();
    w.talk(2001, 2002);
    w.press("2002", "#7");
    prepare(&mut w);
    w.lines.clear();
    w.hangs_up("2002");
    w
}

fn invites(w: &mut World) -> usize {
    let lines = std::mem::take(&mut w.lines);
    lines.iter().filter(|l| l.starts_with("2002 invite")).count()
}

#[test]
fn a_recall_passes_forwards_do_not_disturb_and_call_waiting() {
    let mut w = called_back(|w| {
        let mut settings = DnSettings::new(TENANT, dn(2002));
        settings.forward_mut(ForwardKind::All).to = Some(Destination::Dn(dn(2005)));
        settings.forward_mut(ForwardKind::Busy).to = Some(Destination::Dn(dn(2006)));
        settings.waiting = Waiting::Never;
        w.configure(&[Change::DnSettingsPut(settings), quiet(2002, 1)]);
        w.talk(2002, 2003);
        let consulting = w.leg("2002");
        assert_ne!(consulting, w.leg("2001"));
    });
    // The other call of 2002 hung up instead: the held one is still there.
    w.hangs_up_all();
    w.expect_drained();
    let mut w = called_back(|w| {
        let mut settings = DnSettings::new(TENANT, dn(2002));
        settings.forward_mut(ForwardKind::All).to = Some(Destination::Dn(dn(2005)));
        settings.waiting = Waiting::Never;
        w.configure(&[Change::DnSettingsPut(settings), quiet(2002, 1)]);
    });
    assert_eq!(invites(&mut w), 1);
    w.answers("2002");
    w.agree();
    assert_eq!(w.joins(), ["2001 2002", "2002 2001"]);
    w.hangs_up("2001");
    w.expect_drained();
}

#[test]
fn a_busy_holder_is_tried_every_five_seconds_for_thirty() {
    let mut w = called_back(|_| ());
    assert_eq!(invites(&mut w), 1);
    for _ in 0..5 {
        w.refuses("2002", 486);
        assert_eq!(w.joins(), ["2001 music"], "waits with music");
        w.lines.clear();
        w.wait(Micros::millis(4_900));
        assert_eq!(invites(&mut w), 0);
        w.wait(Micros::millis(100));
        assert_eq!(invites(&mut w), 1);
    }
    w.refuses("2002", 486);
    let record = "2001>2002 RingTimeout unanswered by 2002 transferred 2002";
    assert_eq!(w.told_records(), [record], "30 s are over");
    w.expect_drained();
    // Free again in time.
    let mut w = called_back(|_| ());
    w.refuses("2002", 486);
    w.wait(Micros::seconds(5));
    w.rings("2002");
    w.answers("2002");
    w.agree();
    assert_eq!(w.joins(), ["2001 2002", "2002 2001"]);
    w.hangs_up("2001");
    w.expect_drained();
}

#[test]
fn a_holder_at_its_limit_is_called_as_soon_as_there_is_room() {
    let mut w = called_back(|w| {
        let mut settings = DnSettings::new(TENANT, dn(2002));
        settings.call_limit = 1;
        w.configure(&[Change::DnSettingsPut(settings)]);
    });
    assert_eq!(invites(&mut w), 1, "the limit leaves room for one");
    w.refuses("2002", 486);
    w.dial(2002, "2003");
    w.rings("2003");
    w.lines.clear();
    w.wait(Micros::seconds(5));
    assert_eq!(invites(&mut w), 0, "at its limit");
    w.hangs_up("2002");
    w.lines.clear();
    w.wait(Micros::seconds(5));
    assert_eq!(invites(&mut w), 1);
    w.hangs_up("2001");
    w.expect_drained();
}

/// Case 7: the phone comes back from its radio gap.
#[test]
fn a_phone_that_is_out_of_reach_may_come_back() {
    let mut w = World::with_codes();
    w.talk(2001, 2002);
    w.press("2002", "#7");
    let gone = w.facts.contacts.remove(&super::world::device_id(2002, 1)).expect("a contact");
    let leg = w.leg("2002");
    w.event(leg, LegEvent::Ended { cause: Cause::MediaTimeout, by_far_end: false });
    assert_eq!(w.joins(), ["2001 music"]);
    w.facts.contacts.insert(super::world::device_id(2002, 1), gone);
    w.lines.clear();
    w.wait(Micros::seconds(5));
    assert_eq!(invites(&mut w), 1);
    w.hangs_up("2001");
    w.expect_drained();
}

#[test]
fn a_recall_ends_when_it_is_declined_or_its_holder_is_stopped() {
    let ends: [fn(&mut World); 3] = [
        |w| w.refuses("2002", 603),
        |w| w.configure(&[stopped(2002)]),
        |w| {
            w.refuses("2002", 486);
            w.configure(&[stopped(2002)]);
            w.wait(Micros::seconds(5));
        },
    ];
    for end in ends {
        let mut w = called_back(|_| ());
        end(&mut w);
        assert_eq!(w.records.last().map(|r| r.cause), Some(Cause::RingTimeout));
        w.expect_drained();
    }
    // Stopped before: the same end.
    let w = called_back(|w| w.configure(&[stopped(2002)]));
    assert_eq!(w.records.last().map(|r| r.cause), Some(Cause::RingTimeout));
    w.expect_drained();
}

#[test]
fn a_recall_may_be_picked_up() {
    let mut w = called_back(|w| w.configure(&[pickup(1, &[2002, 2003])]));
    w.rings("2002");
    w.dial(2003, "*55");
    w.agree();
    assert_eq!(w.joins(), ["2001 2003", "2003 2001"]);
    w.hangs_up("2003");
    w.expect_drained();
}

#[test]
fn a_busy_parker_is_tried_again_within_the_thirty_seconds_of_one_recall() {
    let mut w = World::with_codes();
    w.talk(2001, 2002);
    w.press("2002", "#5");
    for recall in 0..3 {
        w.lines.clear();
        w.wait(Micros::seconds(90));
        for _ in 0..5 {
            assert_eq!(invites(&mut w), 1, "{recall}");
            w.refuses("2002", 486);
            w.wait(Micros::seconds(5));
        }
        assert_eq!(invites(&mut w), 1, "{recall}");
        w.refuses("2002", 486);
        assert_eq!(w.joins().len(), usize::from(recall < 2), "parked again, or cleared");
    }
    assert_eq!(w.records.last().map(|r| r.cause), Some(Cause::RingTimeout));
    w.expect_drained();
}
