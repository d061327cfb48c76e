//! People, numbers and settings that change during calls (R241, R247, R312, R313, R316, R317).

use base::{Cause, Micros};
use mediactl::{Event, FileId, Joined, RecordEnd};
use model::{Change, Device, DnSettings, Gateway, Options, Tenant, User};

use super::world::{
    DEPARTMENT, TENANT, World, department, device, device_id, dn, hunt, stopped, user, user_id,
};
use crate::input::Input;

/// A person goes, and the terminals with them.
fn gone(n: u16) -> [Change; 2] {
    [Change::DeviceDelete(device_id(n, 1)), Change::UserDelete(user_id(n))]
}

/// A person is stopped as the portal and the API do it: the terminal is 未使用.
fn stopped_whole(n: u16) -> [Change; 2] {
    [stopped(n), Change::DevicePut(Device { user: None, ..device(n, 1) })]
}

fn last_cause(w: &World) -> Option<Cause> {
    w.records.last().map(|r| r.cause)
}

#[test]
fn a_group_that_is_deleted_stops_ringing() {
    let delete_hunt = Change::HuntDelete { tenant: TENANT, number: 1 };
    for (group, pilot, delete) in [
        (hunt(&[2002, 2003], |_| {}), "7000", delete_hunt),
        (department(&[2002, 2003], |_| {}), "7100", Change::DepartmentDelete(DEPARTMENT)),
    ] {
        let mut w = World::new();
        w.configure(std::slice::from_ref(&group));
        w.dial(2001, pilot);
        w.rings("2002");
        w.lines.clear();
        w.configure(std::slice::from_ref(&delete));
        assert!(w.lines.contains(&"2002 end UnallocatedNumber".to_owned()), "{:?}", w.lines);
        assert!(!w.lines.iter().any(|l| l.contains("invite")), "{:?}", w.lines);
        assert_eq!(last_cause(&w), Some(Cause::UnallocatedNumber));
        w.expect_drained();

        // An answered call goes on.
        let mut w = World::new();
        w.configure(&[group]);
        w.dial(2001, pilot);
        w.answers("2002");
        w.configure(&[delete]);
        assert_eq!(w.control.calls().count(), 1);
        w.hangs_up("2001");
        assert_eq!(last_cause(&w), Some(Cause::NormalClearing));
        w.expect_drained();
    }
}

#[test]
fn a_call_ends_with_the_numbers_and_names_that_it_began_with() {
    let mut w = World::new();
    w.talk(2001, 2002);
    let renamed = User { dn: dn(2009), name: "改姓".into(), ..user(2002) };
    w.configure(&[Change::UserPut(renamed)]);
    w.configure(&gone(2001));
    // The number goes to somebody else at once.
    w.configure(&[Change::UserPut(User { dn: dn(2001), name: "後任".into(), ..user(2003) })]);
    assert_eq!(w.control.calls().count(), 1, "nobody is cut off");
    w.hangs_up("2002");
    let r = w.records.last().expect("a record");
    let callee = r.callee.as_ref().expect("answered");
    assert_eq!((&*r.caller.number, &*callee.number), ("2001", "2002"));
    assert_eq!((&r.caller.name, &callee.name), (&user(2001).name, &user(2002).name));
    w.expect_drained();

    // The next call has the new ones.
    w.dial(2003, "2009");
    assert!(w.lines.iter().any(|l| l.starts_with("2002 invite from 2001")) || w.far.len() > 1);
    w.hangs_up("2003");
    let r = w.records.last().expect("a record");
    assert_eq!((&*r.caller.number, &*r.caller.name), ("2001", "後任"));
    assert_eq!(r.callee.as_ref().map(|c| &*c.name), Some("改姓"));
    w.expect_drained();
}

#[test]
fn a_person_who_is_stopped_talks_on_and_rings_no_more() {
    let mut w = World::new();
    w.talk(2001, 2002);
    w.configure(&stopped_whole(2001));
    assert_eq!(w.control.calls().count(), 1);
    w.dial(2003, "2001");
    assert_eq!(last_cause(&w), Some(Cause::UnallocatedNumber));
    w.dial(2001, "2003");
    assert_eq!(last_cause(&w), Some(Cause::FeatureNotPermitted));
    w.hangs_up("2002");
    assert_eq!(last_cause(&w), Some(Cause::NormalClearing));
    w.expect_drained();

    let mut w = World::new();
    w.dial(2001, "2002");
    w.rings("2002");
    w.configure(&stopped_whole(2002));
    assert!(w.lines.contains(&"2002 end UnallocatedNumber".to_owned()), "{:?}", w.lines);
    assert_eq!(last_cause(&w), Some(Cause::UnallocatedNumber), "001");
    w.expect_drained();
}

#[test]
fn a_stopped_persons_calls_have_no_rights_any_more() {
    let mut w = World::with_codes();
    w.talk(2001, 2002);
    w.configure(&stopped_whole(2002));
    w.press("2002", "#7");
    assert_eq!(w.joins(), ["2001 2002", "2002 Error"]);
    w.heard_out("2002");
    w.refers("2002", "2003", None);
    assert!(w.lines.contains(&"2002 refer-refuse 403".to_owned()), "{:?}", w.lines);
    w.hangs_up("2001");
    w.expect_drained();
}

#[test]
fn a_limit_that_is_lowered_ends_no_call_and_bars_the_next() {
    let mut w = World::new();
    w.talk(2001, 2002);
    w.talk(2001, 2003);
    let settings = DnSettings { call_limit: 1, ..DnSettings::new(TENANT, dn(2001)) };
    w.configure(&[Change::DnSettingsPut(settings)]);
    assert_eq!(w.control.calls().count(), 2);
    w.dial(2004, "2001");
    assert_eq!(last_cause(&w), Some(Cause::UserBusy));
    w.hangs_up("2002");
    w.dial(2004, "2001");
    assert_eq!(last_cause(&w), Some(Cause::UserBusy), "it only shrinks");
    w.hangs_up("2003");
    w.dial(2004, "2001");
    w.answers("2001");
    w.hangs_up("2004");
    w.expect_drained();
}

/// R316: the number of channels of a gateway.
#[test]
fn channels_that_are_taken_away_end_no_call() {
    let channels = |w: &mut World, n| {
        let gateway = w.facts.snapshot.gateways(TENANT).next().expect("a gateway").clone();
        w.configure(&[Change::GatewayPut(Gateway { channels: n, ..gateway })]);
    };
    let mut w = World::new();
    super::outside::open(&mut w, 2);
    for from in [2001, 2002] {
        w.dial(from, "00312345678");
        w.answers("2900");
    }
    channels(&mut w, 1);
    assert_eq!(w.control.calls().count(), 2);
    for left in ["2001", "2002"] {
        w.dial(2003, "00312345678");
        assert_eq!(last_cause(&w), Some(Cause::GatewayChannelsExceeded), "it only shrinks");
        w.hangs_up(left);
    }
    w.dial(2003, "00312345678");
    w.answers("2900");
    w.hangs_up("2003");
    assert_eq!(last_cause(&w), Some(Cause::NormalClearing));
    w.expect_drained();
}

#[test]
fn an_option_that_is_cancelled_ends_no_call_and_no_code_is_heard_any_more() {
    let mut w = World::with_codes();
    w.talk(2001, 2002);
    let tenant = w.facts.snapshot.tenant(TENANT).expect("there").clone();
    w.configure(&[Change::TenantPut(Tenant { options: Options::default(), ..tenant })]);
    w.press("2001", "#7");
    assert_eq!(w.joins(), ["2001 2002", "2002 2001"]);
    w.hangs_up("2001");
    assert_eq!(last_cause(&w), Some(Cause::NormalClearing));
    w.expect_drained();
}

/// 2001 leaves a message for 2002, whose box goes `before` the tone or while it is recorded.
fn leaves_while_it_goes(before: bool) -> World {
    let mut w = World::new();
    w.give_codes();
    let mut settings = DnSettings::new(TENANT, dn(2002));
    settings.voicemail = true;
    w.configure(&[Change::DnSettingsPut(settings)]);
    w.dial(2001, "2002");
    w.refuses("2002", 486);
    let deleted: Vec<Change> = gone(2002)
        .into_iter()
        .chain([Change::DnSettingsDelete { tenant: TENANT, dn: dn(2002) }])
        .collect();
    if before {
        w.configure(&deleted);
    }
    w.lines.clear();
    w.play_over();
    let recorder = w.wants.values().find_map(|want| match want.joined {
        Joined::Recorder(record) => Some((want.leg, record)),
        _ => None,
    });
    if !before {
        let (leg, record) = recorder.expect("a recording");
        w.configure(&deleted);
        w.wait(Micros::seconds(5));
        let (serial, file, end) = (record.serial, record.file, RecordEnd::Stopped);
        let event = Event::Recorded { leg, serial, file, duration_ms: 4_000, end };
        w.input(Input::Media { event });
        assert!(matches!(file, FileId::Message(_)));
    } else {
        assert!(recorder.is_none(), "nothing is recorded for nobody");
    }
    w
}

#[test]
fn a_message_for_a_box_that_goes_is_dropped() {
    let mut w = leaves_while_it_goes(false);
    assert!(w.lines.iter().any(|l| l.starts_with("delete Message")), "{:?}", w.lines);
    assert!(!w.lines.iter().any(|l| l.contains("4000 ms")), "never kept: {:?}", w.lines);
    w.play_over();
    w.expect_drained();

    let mut w = leaves_while_it_goes(true);
    assert!(!w.lines.iter().any(|l| l.starts_with("put ")), "{:?}", w.lines);
    w.play_over();
    w.expect_drained();
}
