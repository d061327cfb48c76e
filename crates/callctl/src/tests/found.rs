//! Faults that the simulator has found: each stays mended.

use base::{Cause, Micros};
use model::record::Service;
use model::{Change, Destination, DnSettings, Site};

use super::world::{TENANT, World, department, device_id, dn, pickup, site_with, stopped};

/// Who holds by the phone while dialling in order to consult begins to dial afresh.
#[test]
fn who_holds_by_the_phone_while_dialling_dials_afresh() {
    let mut w = World::with_codes();
    w.talk(2001, 2002);
    w.press("2002", "#720");
    w.offers("2002", "sendonly");
    w.offers("2002", "sendrecv");
    w.lines.clear();
    w.press("2002", "2003#1");
    assert!(w.lines.iter().any(|l| l.starts_with("2003 invite")), "{:?}", w.lines);
    w.hangs_up_all();
    w.expect_drained();
    // Nothing more is dialled: both talk again.
    let mut w = World::with_codes();
    w.talk(2001, 2002);
    w.press("2002", "#720");
    w.offers("2002", "sendonly");
    w.offers("2002", "sendrecv");
    w.wait(Micros::seconds(60));
    w.agree();
    assert_eq!(w.joins(), ["2001 2002", "2002 2001"]);
    w.hangs_up("2001");
    w.expect_drained();
}

/// A condition may have crossed the failure of a media leg: the leg is closed.
#[test]
fn a_media_leg_that_failed_is_closed_all_the_same() {
    let mut w = World::relayed();
    w.talk(2001, 2002);
    let leg = *w.wants.keys().next().expect("a leg");
    w.fail_media(leg);
    assert!(w.failed.is_empty(), "nobody closes the leg that failed");
    w.expect_drained();
}

/// A retrieval that comes to nothing has a record of its own, with what was dialled.
#[test]
fn a_retrieval_in_vain_has_its_own_record() {
    let mut w = World::with_codes();
    w.talk(2001, 2002);
    w.press("2002", "#5");
    w.dial(2003, "7801");
    let before = w.records.len();
    w.hangs_up("2001");
    let own = w.records.iter().skip(before).find(|r| r.caller.dn == Some(dn(2003)));
    let own = own.expect("a record of the attempt");
    assert_eq!((&*own.dialed, own.is_answered()), ("7801", false));
    assert!(own.services.contains(Service::ParkRetrieve));
    w.expect_drained();
}

/// A parked call that a box takes in the end was answered.
#[test]
fn a_parked_call_that_voicemail_takes_is_answered() {
    let mut w = World::with_codes();
    w.facts.contacts.remove(&device_id(2005, 1));
    let mut settings = DnSettings::new(TENANT, dn(2005));
    settings.voicemail = true;
    let overflow = |s: &mut Site| {
        s.park_overflow = Some(Destination::Dn(dn(2005)));
        s.park_s = 30;
    };
    w.talk(2001, 2002);
    w.press("2002", "#5");
    w.configure(&[Change::DnSettingsPut(settings), site_with(overflow), stopped(2002)]);
    w.wait(Micros::seconds(90));
    w.hangs_up("2001");
    let last = w.records.last().expect("a record");
    assert!(last.services.contains(Service::Voicemail), "{last:?}");
    assert!(last.is_answered(), "{last:?}");
}

/// R250: a department that rings members who are in a call leaves those at their limit in peace.
#[test]
fn a_department_rings_nobody_above_the_limit() {
    for (limit, rings) in [(1, false), (2, true)] {
        let mut w = World::new();
        let mut settings = DnSettings::new(TENANT, dn(2002));
        settings.call_limit = limit;
        w.configure(&[
            department(&[2002, 2005], |d| d.ring_busy = true),
            Change::DnSettingsPut(settings),
        ]);
        w.talk(2002, 2008);
        w.lines.clear();
        w.dial(2001, "7100");
        let rung = w.lines.iter().any(|l| l.starts_with("2002 invite"));
        assert_eq!(rung, rings, "limit {limit}: {:?}", w.lines);
    }
}

/// Who picks up in vain is told the reason that the record has.
#[test]
fn a_caller_who_goes_while_picked_up_leaves_a_record_for_each() {
    let mut w = World::new();
    w.give_codes();
    w.configure(&[pickup(1, &[2002, 2003])]);
    w.dial(2001, "2002");
    w.rings("2002");
    w.dial(2003, "*55");
    w.hangs_up("2001");
    let causes: Vec<Cause> = w.records.iter().map(|r| r.cause).collect();
    assert!(!causes.is_empty(), "records for both");
    w.hangs_up_all();
    w.expect_drained();
}
