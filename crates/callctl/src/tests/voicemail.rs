//! Voicemail: messages are left, kept, told and listened to (R262, R259, R253, R287).

use base::id::{Uuid, VirtualDnId};
use base::{Cause, LegId, Micros};
use mediactl::{Digit, DigitPhase, DigitSource, Event, FileId, Joined, RecordEnd, RecordFailure};
use model::own_setting::Declined;
use model::record::Service;
use model::{
    BoxLimits, Change, Destination, DnSettings, Forward, ForwardKind, Options, Site, Tenant,
    VirtualDn, Write,
};

use super::world::{TENANT, World, department, device_id, dn, hunt};
use crate::Waiting;
use crate::input::{Input, LegEvent};

/// Gives numbers voicemail.
fn with_voicemail(numbers: &[u16], change: impl Fn(&mut DnSettings)) -> World {
    let mut w = World::new();
    w.give_codes();
    for n in numbers {
        let mut settings = DnSettings::new(TENANT, dn(*n));
        settings.voicemail = true;
        change(&mut settings);
        w.configure(&[Change::DnSettingsPut(settings)]);
        w.control.watch_box(TENANT, dn(*n), true);
    }
    w
}

fn media_leg(w: &World) -> LegId {
    *w.wants.keys().next_back().expect("a media leg")
}

pub(super) fn recording(w: &World) -> (LegId, mediactl::Record) {
    let of = |w: &mediactl::LegWant| match w.joined {
        Joined::Recorder(record) => Some((w.leg, record)),
        _ => None,
    };
    w.wants.values().find_map(of).expect("a recording")
}

/// The key goes down at the caller's phone, as its media tells.
fn press(w: &mut World, key: char) {
    let leg = media_leg(w);
    let digit = Digit::from_char(key).expect("a key");
    for phase in [DigitPhase::Begin, DigitPhase::End { ms: 100 }] {
        let source = DigitSource::Event;
        w.input(Input::Media { event: Event::Digit { leg, digit, source, phase } });
    }
}

pub(super) fn recorded(w: &mut World, (leg, record): (LegId, mediactl::Record), ms: u32) {
    let (serial, file) = (record.serial, record.file);
    let end = RecordEnd::Stopped;
    w.input(Input::Media { event: Event::Recorded { leg, serial, file, duration_ms: ms, end } });
}

fn waiting(w: &World, n: u16) -> (u32, u32) {
    let Waiting { new, old } = w.control.waiting(TENANT, dn(n));
    (new, old)
}

/// `from` leaves a message for `to` that ends with a hang-up.
pub(super) fn leave(w: &mut World, from: u16, to: u16) -> u64 {
    w.dial(from, &to.to_string());
    w.refuses(&to.to_string(), 486);
    w.play_over();
    let recording = recording(w);
    w.hangs_up(&from.to_string());
    recorded(w, recording, 5_000);
    let FileId::Message(file) = recording.1.file else { panic!("a message") };
    file
}

pub(super) fn heard(w: &World) -> String {
    w.joins().join(" ")
}

#[test]
fn a_message_is_left_by_hash_and_told_once_it_is_kept() {
    let mut w = with_voicemail(&[2002], |s| s.record_s = 60);
    w.dial(2001, "2002");
    w.refuses("2002", 486);
    assert_eq!(heard(&w), "2001 [\"greeting\", \"Tone(Record)\"]");
    w.play_over();
    let (leg, record) = recording(&w);
    assert_eq!(record.max_s, 60);
    let FileId::Message(file) = record.file else { panic!("a message") };
    assert!(w.lines.iter().any(|l| *l == format!("put {file:x} 0 ms new")), "{:?}", w.lines);
    w.wait(Micros::seconds(5));
    press(&mut w, '#');
    assert_eq!((heard(&w), waiting(&w, 2002)), ("2001 -".into(), (0, 0)), "not kept yet");
    w.lines.clear();
    recorded(&mut w, (leg, record), 4_800);
    assert!(w.lines.contains(&format!("put {file:x} 4800 ms new")), "{:?}", w.lines);
    assert_eq!((waiting(&w, 2002), w.boxes_told()), ((1, 0), vec![dn(2002)]));
    assert!(heard(&w).contains("message-saved"), "{}", heard(&w));
    w.play_over();
    let r = w.records.last().expect("a record");
    assert!(r.is_answered() && r.services.contains(Service::Voicemail));
    assert_eq!((r.cause, r.callee_number()), (Cause::NormalClearing, "2002"));
    w.expect_drained();
}

#[test]
fn who_hangs_up_leaves_a_message_and_nothing_ends_before_it_is_kept() {
    let mut w = with_voicemail(&[2002], |_| ());
    w.dial(2001, "2002");
    w.refuses("2002", 486);
    press(&mut w, '#');
    assert!(!heard(&w).contains("recorder"), "the tone cannot be skipped");
    w.play_over();
    let recording = recording(&w);
    w.hangs_up("2001");
    assert!(!w.control.is_drained(), "the recording is still open");
    assert_eq!((w.records.len(), waiting(&w, 2002)), (1, (0, 0)));
    recorded(&mut w, recording, 2_000);
    assert_eq!(waiting(&w, 2002), (1, 0));
    w.expect_drained();
}

#[test]
fn under_two_seconds_nothing_is_kept() {
    for by_hash in [false, true] {
        let mut w = with_voicemail(&[2002], |_| ());
        w.dial(2001, "2002");
        w.refuses("2002", 486);
        w.play_over();
        let recording = recording(&w);
        if by_hash {
            press(&mut w, '#')
        } else {
            w.hangs_up("2001")
        }
        recorded(&mut w, recording, 1_999);
        assert_eq!(waiting(&w, 2002), (0, 0));
        assert!(w.lines.iter().any(|l| l.starts_with("remove ")), "{:?}", w.lines);
        assert!(w.boxes_told().is_empty());
        if by_hash {
            assert!(heard(&w).contains("Error") && !heard(&w).contains("saved"));
            w.play_over();
        }
        w.expect_drained();
    }
}

#[test]
fn a_full_box_says_so_and_records_nothing() {
    let mut w = with_voicemail(&[2002], |s| s.messages_max = 1);
    leave(&mut w, 2001, 2002);
    w.dial(2003, "2002");
    w.refuses("2002", 486);
    assert!(heard(&w).contains("box-full"));
    w.play_over();
    let r = w.records.last().expect("a record");
    assert_eq!((r.cause.compatible(), r.services.contains(Service::Voicemail)), (16, true));
    assert_eq!(waiting(&w, 2002), (1, 0));
    w.expect_drained();
}

#[test]
fn when_nothing_can_be_recorded_the_caller_is_told_and_nothing_promised() {
    for silent in [false, true] {
        let mut w = with_voicemail(&[2002], |_| ());
        w.dial(2001, "2002");
        w.refuses("2002", 486);
        w.play_over();
        let (leg, record) = recording(&w);
        let (serial, file) = (record.serial, record.file);
        if silent {
            press(&mut w, '#');
            w.wait(Micros::seconds(5));
        } else {
            let why = RecordFailure::DiskFull;
            w.input(Input::Media { event: Event::RecordFailed { leg, serial, file, why } });
        }
        assert!(heard(&w).contains("cannot-record"), "{}", heard(&w));
        w.play_over();
        assert_eq!(waiting(&w, 2002), (0, 0));
        if silent {
            recorded(&mut w, (leg, record), 3_000);
            assert_eq!(waiting(&w, 2002), (1, 0), "what came late is kept all the same");
        }
        w.expect_drained();
    }
}

#[test]
fn the_box_is_the_first_forwarders_if_on_else_that_of_the_number_that_rang_last() {
    for (on, of) in [(&[2002, 2003][..], 2002), (&[2003][..], 2003)] {
        let mut w = with_voicemail(on, |_| ());
        let kept = w.facts.snapshot.dn_settings(TENANT, dn(2002)).cloned();
        let mut settings = kept.unwrap_or_else(|| DnSettings::new(TENANT, dn(2002)));
        *settings.forward_mut(ForwardKind::All) = Forward::on(Destination::Dn(dn(2003)));
        w.configure(&[Change::DnSettingsPut(settings)]);
        w.dial(2001, "2002");
        w.refuses("2003", 486);
        w.play_over();
        let recording = recording(&w);
        w.hangs_up("2001");
        recorded(&mut w, recording, 5_000);
        assert_eq!(waiting(&w, of), (1, 0), "{on:?}");
        w.expect_drained();
    }
}

#[test]
fn a_groups_overflow_is_its_own_box_and_members_may_listen() {
    let mut w = with_voicemail(&[2002], |_| ());
    w.configure(&[hunt(&[2002], |g| g.overflow = Some(Destination::Voicemail))]);
    w.dial(2001, "7000");
    w.refuses("2002", 486);
    w.play_over();
    let recording = recording(&w);
    w.hangs_up("2001");
    recorded(&mut w, recording, 5_000);
    assert_eq!((waiting(&w, 7000), waiting(&w, 2002)), ((1, 0), (0, 0)));
    assert_eq!(w.records.last().map(|r| r.callee_number().to_owned()), Some("7000".into()));
    w.dial(2002, "*987000");
    assert!(heard(&w).contains("one-new-message"), "{}", heard(&w));
    w.hangs_up("2002");
    w.dial(2003, "*987000");
    assert!(heard(&w).contains("enter-pin"), "{}", heard(&w));
    w.hangs_up("2003");
    w.configure(&[department(&[2003], |_| ())]);
    w.dial(2003, "*987100");
    assert!(heard(&w).contains("no-messages"), "{}", heard(&w));
    w.hangs_up("2003");
    w.expect_drained();
}

#[test]
fn without_the_option_it_is_as_if_voicemail_were_off() {
    let mut w = with_voicemail(&[2002], |_| ());
    let tenant = w.facts.snapshot.tenant(TENANT).expect("a tenant").clone();
    let options = Options::ALL.without(model::TenantOption::Voicemail);
    w.configure(&[Change::TenantPut(Tenant { options, ..tenant })]);
    w.dial(2001, "2002");
    w.refuses("2002", 486);
    assert!(w.lines.contains(&"2001 refuse UserBusy".into()), "{:?}", w.lines);
    w.dial(2002, "2002");
    assert!(w.lines.contains(&"2002 refuse UserBusy".into()), "{:?}", w.lines);
    w.expect_drained();
}

#[test]
fn listening_by_the_own_number_plays_new_ones_first_and_marks_what_was_heard() {
    let mut w = with_voicemail(&[2002], |_| ());
    let (a, b) = (leave(&mut w, 2001, 2002), leave(&mut w, 2003, 2002));
    w.dial(2002, "2002");
    assert!(heard(&w).contains("you-have\", \"n2\", \"new-messages"), "{}", heard(&w));
    w.play_over();
    assert_eq!(heard(&w), format!("2002 Message({a})"));
    assert_eq!(waiting(&w, 2002), (2, 0));
    w.play_over();
    assert_eq!(waiting(&w, 2002), (1, 1), "heard to its end");
    press(&mut w, '1');
    assert_eq!(heard(&w), format!("2002 Message({a})"));
    press(&mut w, '2');
    assert!(heard(&w).contains("message-saved"));
    w.play_over();
    assert_eq!(heard(&w), format!("2002 Message({b})"));
    press(&mut w, '4');
    assert_eq!(heard(&w), format!("2002 Message({a})"));
    press(&mut w, '5');
    let told = heard(&w);
    assert!(told.contains("\"caller-is\", \"n2\", \"n0\", \"n0\", \"n1\""), "{told}");
    assert!(told.contains("received-at") && told.contains("hour"), "{told}");
    press(&mut w, '0');
    assert!(heard(&w).contains("voicemail-help"));
    press(&mut w, '7');
    assert!(heard(&w).contains("Error"));
    press(&mut w, '#');
    let r = w.records.last().expect("a record");
    assert_eq!((r.cause, r.ended_by.as_deref()), (Cause::NormalClearing, Some("2002")));
    w.hangs_up_all();
    w.dial(2002, "*98");
    w.play_over();
    assert_eq!(heard(&w), format!("2002 Message({b})"), "the new one comes first");
    w.hangs_up("2002");
    w.expect_drained();
}

#[test]
fn a_deleted_message_is_gone_with_its_file_and_another_listener_steps_over_it() {
    let mut w = with_voicemail(&[2002], |_| ());
    let (a, b) = (leave(&mut w, 2001, 2002), leave(&mut w, 2003, 2002));
    w.dial(2002, "*98");
    let first = media_leg(&w);
    w.play_over();
    w.dial(2002, "*98");
    let second = *w.wants.keys().find(|leg| **leg != first).expect("another leg");
    let key = |w: &mut World, leg, key| {
        let (digit, source) = (Digit::from_char(key).expect("a key"), DigitSource::Event);
        let phase = DigitPhase::Begin;
        w.input(Input::Media { event: Event::Digit { leg, digit, source, phase } });
    };
    w.lines.clear();
    key(&mut w, first, '3');
    assert_eq!(w.lines, [format!("remove {a:x}"), format!("delete Message({a})")]);
    assert_eq!(waiting(&w, 2002), (1, 0));
    key(&mut w, second, '1');
    let joined = w.wants[&second].joined;
    assert!(format!("{joined:?}").contains(&format!("Message({b})")), "{joined:?}");
    key(&mut w, first, '3');
    assert_eq!(waiting(&w, 2002), (1, 0), "pressed twice, it does not take an unheard one");
    w.hangs_up_all();
    w.expect_drained();
}

#[test]
fn twenty_seconds_without_a_key_bring_help_once_and_then_the_end() {
    let mut w = with_voicemail(&[2002], |_| ());
    w.dial(2002, "*98");
    assert!(heard(&w).contains("no-messages"));
    w.play_over();
    w.wait(Micros::seconds(20));
    assert!(heard(&w).contains("voicemail-help"));
    w.play_over();
    w.wait(Micros::seconds(20));
    assert_eq!(w.records.last().map(|r| r.cause), Some(Cause::NormalClearing));
    w.expect_drained();
}

#[test]
fn one_key_that_comes_both_ways_counts_once() {
    let mut w = with_voicemail(&[2002], |_| ());
    leave(&mut w, 2001, 2002);
    leave(&mut w, 2003, 2002);
    w.dial(2002, "*98");
    w.play_over();
    press(&mut w, '3');
    let leg = w.leg("2002");
    let digit = LegEvent::Digit { digit: b'3', duration: Micros::millis(100) };
    w.event(leg, digit.clone());
    assert_eq!(waiting(&w, 2002), (1, 0));
    w.wait(Micros::millis(200));
    w.play_over();
    w.event(leg, digit);
    assert_eq!(waiting(&w, 2002), (0, 0), "pressed once more");
    w.hangs_up("2002");
    w.expect_drained();
}

/// … though between the two another box has answered: that of who listens, called back.
#[test]
fn the_key_of_a_call_back_does_not_count_in_the_box_that_answers() {
    let mut w = with_voicemail(&[2001, 2002], |_| ());
    leave(&mut w, 2001, 2002);
    leave(&mut w, 2003, 2001);
    w.dial(2001, "*982002");
    for key in ['7', '#'] {
        press(&mut w, key);
        w.wait(Micros::millis(200));
    }
    let call = w.control.calls().next().expect("a call").call;
    w.input(Input::Told { call, declined: None });
    w.play_over();
    w.wait(Micros::millis(200));
    press(&mut w, '6');
    assert!(heard(&w).contains("one-new-message"), "the own box: {}", heard(&w));
    w.lines.clear();
    let leg = w.leg("2001");
    w.event(leg, LegEvent::Digit { digit: b'6', duration: Micros::millis(100) });
    assert!(!w.lines.iter().any(|l| l.starts_with("2003 invite")), "{:?}", w.lines);
    w.hangs_up("2001");
    w.expect_drained();
}

#[test]
fn another_box_and_a_site_that_asks_need_the_pin() {
    let mut w = with_voicemail(&[2002], |_| ());
    leave(&mut w, 2001, 2002);
    w.dial(2003, "*982002");
    assert!(heard(&w).contains("enter-pin"));
    for (wrong, key) in [(true, '1'), (false, '7')] {
        press(&mut w, key);
        w.wait(Micros::millis(200));
        press(&mut w, '#');
        assert!(w.lines.contains(&"check-pin 2002".into()), "{:?}", w.lines);
        let call = w.control.calls().next().expect("a call").call;
        let declined = wrong.then_some(Declined::NotAllowed);
        w.input(Input::Told { call, declined });
        w.wait(Micros::millis(200));
        let expected = if wrong { "wrong-pin" } else { "one-new-message" };
        assert!(heard(&w).contains(expected), "{}", heard(&w));
    }
    w.hangs_up("2003");
    let site = w.facts.snapshot.sites(TENANT).next().expect("a site").clone();
    w.configure(&[Change::SitePut(Site { voicemail_without_pin: false, ..site })]);
    w.dial(2002, "*98");
    assert!(heard(&w).contains("enter-pin"));
    w.wait(Micros::seconds(30));
    w.play_over();
    assert_eq!(w.records.last().map(|r| r.cause), Some(Cause::FeatureNotPermitted));
    w.expect_drained();
}

/// R262: boxes of virtual numbers, pilots and departments are opened by their own PIN, groups' by
/// their members without one.
#[test]
fn boxes_that_are_no_persons_have_a_pin_of_their_own() {
    let virtual_dn = VirtualDn {
        id: VirtualDnId(Uuid(7)),
        tenant: TENANT,
        site: super::world::SITE,
        dn: dn(2500),
        name: "受付".into(),
        web_user: Box::default(),
    };
    let mut w = with_voicemail(&[], |_| ());
    let groups =
        [hunt(&[2002], |h| h.voicemail = true), department(&[2003], |d| d.voicemail = true)];
    w.configure(&[Change::VirtualDnPut(virtual_dn)]);
    w.configure(&groups);
    for (who, of) in [(2001, 2500), (2001, 7000), (2001, 7100), (2003, 7000), (2002, 7100)] {
        w.dial(who, &format!("*98{of}"));
        assert!(heard(&w).contains("enter-pin"), "{who} {of}: {}", heard(&w));
        press(&mut w, '4');
        w.wait(Micros::millis(200));
        press(&mut w, '#');
        assert!(w.lines.contains(&format!("check-pin of {of}")), "{:?}", w.lines);
        let call = w.control.calls().next().expect("a call").call;
        w.input(Input::Told { call, declined: None });
        assert!(heard(&w).contains("no-messages"), "{who} {of}: {}", heard(&w));
        w.hangs_up(&who.to_string());
        w.lines.clear();
    }
    for (who, of) in [(2002, 7000), (2003, 7100)] {
        w.dial(who, &format!("*98{of}"));
        assert!(heard(&w).contains("no-messages"), "{who} {of}: {}", heard(&w));
        w.hangs_up(&who.to_string());
    }
    w.expect_drained();
}

#[test]
fn the_box_of_a_group_has_limits_of_its_own() {
    let mut w = with_voicemail(&[], |_| ());
    let limits = BoxLimits { record_s: 30, messages_max: 1, keep_days: 2 };
    w.configure(&[hunt(&[2002], |h| {
        (h.voicemail, h.limits, h.overflow) = (true, limits, Some(Destination::Voicemail));
    })]);
    let come = |w: &mut World| {
        w.dial(2001, "7000");
        w.refuses("2002", 486);
    };
    come(&mut w);
    w.play_over();
    let recording = recording(&w);
    assert_eq!(recording.1.max_s, 30);
    w.hangs_up("2001");
    recorded(&mut w, recording, 5_000);
    come(&mut w);
    assert!(heard(&w).contains("box-full"), "{}", heard(&w));
    w.hangs_up("2001");
    w.wait(Micros::seconds(2 * 86_400 + 3_600));
    assert_eq!(w.control.boxes().messages.len(), 0);
    come(&mut w);
    assert!(heard(&w).contains("greeting"), "{}", heard(&w));
    w.hangs_up("2001");
    w.expect_drained();
}

/// R313: what is being recorded for a number that goes is dropped.
#[test]
fn a_message_that_is_being_recorded_for_a_deleted_box_is_dropped() {
    for by_hash in [false, true] {
        let mut w = with_voicemail(&[2002], |_| ());
        w.dial(2001, "2002");
        w.refuses("2002", 486);
        w.play_over();
        let open = recording(&w);
        w.configure(&[
            Change::DeviceDelete(device_id(2002, 1)),
            Change::UserDelete(super::world::user_id(2002)),
            Change::DnSettingsDelete { tenant: TENANT, dn: dn(2002) },
        ]);
        assert_eq!(recording(&w), open, "the call goes on");
        match by_hash {
            true => press(&mut w, '#'),
            false => w.hangs_up("2001"),
        }
        w.lines.clear();
        recorded(&mut w, open, 5_000);
        assert!(w.lines.contains(&format!("delete {:?}", open.1.file)), "{:?}", w.lines);
        assert!(!w.lines.iter().any(|l| l.starts_with("put")), "{:?}", w.lines);
        if by_hash {
            assert!(!heard(&w).contains("message-saved"), "{}", heard(&w));
            w.play_over();
        }
        assert_eq!(w.control.boxes().messages.len(), 0);
        w.expect_drained();
    }
}

/// R262.6: each key does its own, and no other does anything.
#[test]
fn every_key_of_the_menu_does_what_the_guide_says() {
    let mut w = with_voicemail(&[2002], |_| ());
    let files: Vec<u64> = (0..3).map(|_| leave(&mut w, 2001, 2002)).collect();
    let plays = |w: &World| {
        let at = |f: &u64| heard(w) == format!("2002 Message({f})");
        files.iter().position(at)
    };
    w.dial(2002, "*98");
    assert!(heard(&w).contains("you-have"), "{}", heard(&w));
    w.play_over();
    assert_eq!(plays(&w), Some(0));
    for (key, expected) in [('1', 0), ('2', 1), ('2', 2), ('4', 1), ('4', 0), ('4', 0)] {
        w.wait(Micros::millis(200));
        press(&mut w, key);
        if plays(&w).is_none() {
            w.play_over();
        }
        assert_eq!(plays(&w), Some(expected), "{key}");
    }
    for (key, expected) in
        [('5', "caller-is"), ('0', "voicemail-help"), ('7', "Tone(Error)"), ('8', "Tone(Error)")]
    {
        w.wait(Micros::millis(200));
        press(&mut w, key);
        assert!(heard(&w).contains(expected), "{key}: {}", heard(&w));
    }
    w.wait(Micros::millis(200));
    press(&mut w, '3');
    assert!(heard(&w).contains("message-deleted"), "{}", heard(&w));
    w.play_over();
    assert_eq!(plays(&w), Some(1));
    w.wait(Micros::millis(200));
    press(&mut w, '9');
    assert!(heard(&w).contains("record-greeting"), "{}", heard(&w));
    w.hangs_up("2002");
    w.dial(2002, "*98");
    press(&mut w, '#');
    assert_eq!(w.records.last().and_then(|r| r.ended_by.as_deref()), Some("2002"));
    w.expect_drained();
}

#[test]
fn an_own_greeting_is_heard_until_the_standard_one_is_back() {
    let mut w = with_voicemail(&[2002], |_| ());
    w.dial(2002, "*98");
    press(&mut w, '9');
    assert!(heard(&w).contains("record-greeting"));
    w.play_over();
    let greeting = recording(&w);
    let FileId::Greeting(file) = greeting.1.file else { panic!("a greeting") };
    w.wait(Micros::seconds(3));
    press(&mut w, '#');
    recorded(&mut w, greeting, 3_000);
    assert!(heard(&w).contains("greeting-saved"));
    w.hangs_up("2002");
    w.dial(2001, "2002");
    w.refuses("2002", 486);
    assert_eq!(heard(&w), format!("2001 Greeting({file})"));
    press(&mut w, '#');
    assert_eq!(heard(&w), "2001 [\"Tone(Record)\"]", "straight to the tone");
    w.hangs_up("2001");
    w.dial(2002, "*98");
    press(&mut w, '9');
    w.wait(Micros::millis(200));
    press(&mut w, '#');
    assert!(heard(&w).contains("greeting-standard"));
    assert!(w.lines.contains(&format!("delete Greeting({file})")), "{:?}", w.lines);
    w.hangs_up("2002");
    w.expect_drained();
}

#[test]
fn the_caller_is_called_back_in_a_call_of_its_own() {
    let mut w = with_voicemail(&[2002], |_| ());
    leave(&mut w, 2001, 2002);
    w.dial(2002, "*98");
    w.play_over();
    press(&mut w, '6');
    let r = w.records.last().expect("a record of listening");
    assert_eq!((&*r.dialed, r.cause), ("*98", Cause::NormalClearing));
    w.rings("2001");
    w.answers("2001");
    let lamp = w.lamp(2002);
    assert_eq!(lamp, ["Confirmed to 2001"]);
    w.hangs_up("2001");
    let r = w.records.last().expect("a record of the call");
    assert!(r.is_answered());
    assert_eq!((&*r.dialed, r.callee_number()), ("2001", "2001"));
    w.expect_drained();
}

#[test]
fn who_is_called_back_may_be_picked_up() {
    let mut w = with_voicemail(&[2002], |_| ());
    w.configure(&[super::world::pickup(1, &[2001, 2003])]);
    leave(&mut w, 2001, 2002);
    w.dial(2002, "*98");
    w.play_over();
    press(&mut w, '6');
    w.agree();
    w.rings("2001");
    w.dial(2003, "*55");
    w.agree();
    assert_eq!(w.lamp(2002), ["Confirmed to 2003"]);
    assert_eq!(w.lamp(2003), ["Confirmed to 2002"]);
    w.hangs_up("2003");
    let r = w.records.last().expect("a record of the call");
    assert!(r.is_answered() && r.services.contains(Service::Pickup), "{r:?}");
    assert_eq!((&*r.dialed, r.callee_number()), ("2001", "2003"));
    w.expect_drained();
}

#[test]
fn a_transfer_onto_voicemail_begins_with_the_greeting() {
    for relay in [false, true] {
        let mut w = with_voicemail(&[2003], |_| ());
        w.facts.relay = relay;
        w.talk(2001, 2002);
        w.refers("2002", "2003", None);
        w.refuses("2003", 486);
        assert!(w.lines.contains(&"2002 refer 200".into()), "{:?}", w.lines);
        if !relay {
            w.accepts("2001", "sendrecv");
        }
        assert!(heard(&w).contains("\"greeting\""), "{relay}: {}", heard(&w));
        w.play_over();
        let recording = recording(&w);
        w.hangs_up("2001");
        recorded(&mut w, recording, 4_000);
        assert_eq!(waiting(&w, 2003), (1, 0));
        let r = w.records.last().expect("a record");
        assert_eq!((r.callee_number(), r.transferrer.as_deref()), ("2003", Some("2002")));
        w.expect_drained();
    }
}

#[test]
fn boxes_come_back_and_what_was_being_recorded_is_taken_in() {
    let mut w = with_voicemail(&[2002], |_| ());
    let file = leave(&mut w, 2001, 2002);
    w.dial(2001, "2002");
    w.refuses("2002", 486);
    w.play_over();
    let open = recording(&w);
    let boxes = w.control.boxes();
    assert_eq!(boxes.messages.iter().map(|m| m.duration_ms).collect::<Vec<_>>(), [5_000, 0]);
    let mut next = with_voicemail(&[2002], |_| ());
    next.control.restore_boxes(next.now, boxes.clone());
    assert_eq!((waiting(&next, 2002), next.control.boxes()), ((1, 0), boxes));
    recorded(&mut next, open, 2_500);
    assert_eq!(waiting(&next, 2002), (2, 0));
    assert!(next.control.boxes().messages.iter().any(|m| m.file == file));
    assert!(next.control.is_drained());
}

#[test]
fn messages_go_when_they_are_old_and_when_their_number_goes() {
    let mut w = with_voicemail(&[2002], |s| s.keep_days = 1);
    leave(&mut w, 2001, 2002);
    w.wait(Micros::seconds(86_400));
    assert_eq!(waiting(&w, 2002), (1, 0));
    w.lines.clear();
    w.wait(Micros::seconds(3_600));
    assert_eq!((waiting(&w, 2002), w.lines.len()), ((0, 0), 2), "{:?}", w.lines);
    leave(&mut w, 2001, 2002);
    w.lines.clear();
    let gone = [
        Change::DeviceDelete(device_id(2002, 1)),
        Change::UserDelete(super::world::user_id(2002)),
        Change::DnSettingsDelete { tenant: TENANT, dn: dn(2002) },
    ];
    w.configure(&gone);
    assert_eq!((waiting(&w, 2002), w.lines.len()), ((0, 0), 2), "{:?}", w.lines);
    w.expect_drained();
}

/// Shows a write as the tests expect it.
pub(super) fn written(write: &Write) -> String {
    match write {
        Write::MessagePut(m) => {
            let state = if m.heard { "heard" } else { "new" };
            format!("put {:x} {} ms {state}", m.file, m.duration_ms)
        }
        Write::MessageRemove { file } => format!("remove {file:x}"),
        Write::GreetingPut(g) => format!("greeting {:?}", g.file),
        other => format!("{other:?}"),
    }
}

/// Who listens calls back, and a box takes that call: it is answered, and no caller gave it up.
#[test]
fn a_box_that_takes_a_call_back_from_another_box_answers_it() {
    let mut w = with_voicemail(&[2001, 2002], |_| ());
    leave(&mut w, 2001, 2002);
    w.dial(2002, "*98");
    w.play_over();
    press(&mut w, '6');
    w.refuses("2001", 486);
    w.play_over();
    let taken = recording(&w);
    w.wait(Micros::seconds(5));
    press(&mut w, '#');
    recorded(&mut w, taken, 4_800);
    w.play_over();
    let r = w.records.last().expect("a record");
    assert_eq!((r.caller_number(), r.callee_number()), ("2002", "2001"));
    assert_eq!((r.is_answered(), r.cause), (true, Cause::NormalClearing));
    assert_eq!(waiting(&w, 2001), (1, 0));
    w.hangs_up_all();
    w.expect_drained();
}
