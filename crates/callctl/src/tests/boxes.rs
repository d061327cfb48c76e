//! Transfers onto a box: by the hold code, by the voicemail code, by a phone (R286, R287).

use base::{Cause, LegId, Micros};
use mediactl::{Event, Joined, RecordEnd};
use model::record::Service;
use model::{Change, DnSettings, HoldAgain};

use super::world::{TENANT, World, dn, site_with};
use crate::input::{Input, LegEvent, Refer};

/// 2003 has voicemail; 2001 talks to 2002.
fn talking() -> World {
    let mut w = World::new();
    w.give_codes();
    w.configure(&super::world::with_codes()[1..]);
    let mut settings = DnSettings::new(TENANT, dn(2003));
    settings.voicemail = true;
    w.configure(&[Change::DnSettingsPut(settings)]);
    w.talk(2001, 2002);
    w
}

fn hears_greeting(w: &World, name: &str) -> bool {
    w.joins().iter().any(|j| j.starts_with(name) && j.contains("\"greeting\""))
}

/// 2002 holds 2001 and consults 2003, whose box answers; or dials the box itself.
fn consulting(keys: &str) -> World {
    let mut w = talking();
    w.press("2002", &format!("#7{keys}#1"));
    if keys == "2003" {
        w.refuses("2003", 486);
    }
    assert!(hears_greeting(&w, "2002"), "{keys}: {:?}", w.joins());
    assert_eq!(w.joins()[0], "2001 music");
    w.lines.clear();
    w
}

#[test]
fn who_hangs_up_at_the_greeting_leaves_the_held_party_there() {
    for keys in ["2003", "*982003"] {
        let mut w = consulting(keys);
        w.hangs_up("2002");
        assert!(hears_greeting(&w, "2001"), "from its beginning: {:?}", w.joins());
        assert_eq!(
            w.told_records(),
            [
                "2001>2002 NormalClearing answered by 2002",
                "2002>2003 NormalClearing answered by 2002"
            ]
        );
        w.hangs_up("2001");
        let last = w.records.last().expect("a record");
        assert_eq!((last.callee_number(), last.transferrer.as_deref()), ("2003", Some("2002")));
        assert!(last.services.contains(Service::Voicemail), "{keys}");
        w.expect_drained();
    }
}

#[test]
fn the_hold_code_comes_back_from_the_greeting() {
    for (again, cause) in [
        (HoldAgain::Toggle, Cause::NormalClearing),
        (HoldAgain::Drop, Cause::TransferTargetDropped),
    ] {
        let mut w = consulting("2003");
        w.configure(&[site_with(|s| s.hold_again = again)]);
        w.press("2002", "#7");
        w.agree();
        assert_eq!(w.joins(), ["2001 2002", "2002 2001"]);
        assert_eq!(w.records.last().map(|r| r.cause), Some(cause));
        w.hangs_up("2001");
        w.expect_drained();
    }
    // Nobody stays there for ever.
    let mut w = consulting("2003");
    w.wait(Micros::seconds(180));
    assert_eq!(w.joins(), ["2001 music", "2002 SecondDial"]);
    // The held party goes.
    let mut w = consulting("2003");
    w.hangs_up("2001");
    w.expect_drained();
}

fn recording(w: &World) -> Option<(LegId, mediactl::Record)> {
    w.wants.values().find_map(|want| match want.joined {
        Joined::Recorder(record) => Some((want.leg, record)),
        _ => None,
    })
}

fn recorded(w: &mut World, (leg, record): (LegId, mediactl::Record), ms: u32) {
    let (serial, file) = (record.serial, record.file);
    let end = RecordEnd::Stopped;
    w.input(Input::Media { event: Event::Recorded { leg, serial, file, duration_ms: ms, end } });
}

/// R262: who holds leaves a message, and goes back to the party that waits.
#[test]
fn a_holder_at_a_box_leaves_a_message() {
    let mut w = consulting("*982003");
    w.heard_out("2002");
    let begun = recording(&w).expect("a recording");
    assert_eq!((w.media_name(begun.0).as_str(), begun.1.max_s), ("2002", 180));
    assert_eq!(w.joins()[0], "2001 music");
    w.press("2002", "12#__");
    assert_eq!(recording(&w), None, "ended");
    recorded(&mut w, begun, 4_000);
    assert!(w.joins()[1].contains("message-saved"), "{:?}", w.joins());
    w.heard_out("2002");
    assert_eq!(w.joins(), ["2001 music", "2002 -"]);
    w.press("2002", "#7");
    w.agree();
    assert_eq!(w.joins(), ["2001 2002", "2002 2001"]);
    assert_eq!(w.control.waiting(TENANT, dn(2003)).new, 1);
    w.hangs_up("2001");
    w.expect_drained();
}

/// The end of the greeting crosses a hold by the holder's telephone: nothing could be recorded.
#[test]
fn a_holder_whose_telephone_holds_begins_no_message_before_it_is_back() {
    let mut w = consulting("2003");
    let playing = w.wants.iter().find_map(|(leg, want)| match want.joined {
        Joined::Player(play) if w.media_name(*leg) == "2002" => Some((*leg, play.serial)),
        _ => None,
    });
    let (leg, serial) = playing.expect("a greeting");
    w.offers("2002", "sendonly");
    w.input(Input::Media { event: Event::PlayEnded { leg, serial } });
    assert!(!w.control.core.boxes.is_recording());
    w.offers("2002", "sendrecv");
    assert!(hears_greeting(&w, "2002"), "{:?}", w.joins());
    w.heard_out("2002");
    let begun = recording(&w).expect("a recording");
    w.hangs_up("2002");
    recorded(&mut w, begun, 4_000);
    assert_eq!(w.control.waiting(TENANT, dn(2003)).new, 1);
    w.hangs_up("2001");
    w.expect_drained();
}

#[test]
fn a_holder_who_goes_while_it_records_leaves_message_and_held_party() {
    let mut w = consulting("2003");
    w.heard_out("2002");
    let begun = recording(&w).expect("a recording");
    w.hangs_up("2002");
    recorded(&mut w, begun, 4_000);
    assert_eq!(w.control.waiting(TENANT, dn(2003)).new, 1);
    assert!(hears_greeting(&w, "2001"), "{:?}", w.joins());
    w.hangs_up("2001");
    w.expect_drained();
    // Under two seconds nothing is kept, and by the hold code nothing is lost.
    let mut w = consulting("2003");
    w.heard_out("2002");
    let begun = recording(&w).expect("a recording");
    w.press("2002", "#__");
    recorded(&mut w, begun, 1_000);
    assert_eq!(w.joins()[1], "2002 [\"Tone(Error)\"]");
    assert_eq!(w.control.waiting(TENANT, dn(2003)).new, 0);
    w.hangs_up_all();
    let mut w = consulting("2003");
    w.heard_out("2002");
    let begun = recording(&w).expect("a recording");
    w.press("2002", "#7");
    recorded(&mut w, begun, 3_000);
    w.agree();
    assert_eq!(w.joins(), ["2001 2002", "2002 2001"]);
    assert_eq!(w.control.waiting(TENANT, dn(2003)).new, 1);
    w.hangs_up_all();
    w.expect_drained();
}

/// R286: a box that nobody has, and codes of another use, are case 5.
#[test]
fn other_codes_are_no_target() {
    for keys in ["*982004", "*98", "*29", "*261", "*55"] {
        let mut w = talking();
        w.press("2002", &format!("#7{keys}#1"));
        assert_eq!(w.joins()[0], "2001 music");
        assert_eq!(w.joins()[1], "2002 Busy", "{keys}");
        assert_eq!(w.records.len(), 1);
    }
}

#[test]
fn a_blind_transfer_by_the_voicemail_code_rings_nobody() {
    let mut w = talking();
    w.refers("2002", "*982003", None);
    assert!(!w.lines.iter().any(|l| l.contains("invite")), "{:?}", w.lines);
    assert!(w.lines.contains(&"2002 refer 200".to_owned()), "{:?}", w.lines);
    w.agree();
    assert!(hears_greeting(&w, "2001"), "{:?}", w.joins());
    w.hangs_up("2001");
    w.expect_drained();
}

/// R287: the phone consulted the box, and its REFER names that call.
#[test]
fn an_attended_transfer_onto_a_greeting_begins_it_again() {
    let mut w = talking();
    let first = w.leg("2002");
    w.offers("2002", "sendonly");
    let second = w.dial(2002, "2003");
    w.refuses("2003", 486);
    assert!(hears_greeting(&w, "2002"), "{:?}", w.joins());
    w.lines.clear();
    let refer = Refer {
        target: "2003".to_owned(),
        replaces: Some(second),
        replaces_unknown: false,
        referred_by: bytes::Bytes::new(),
    };
    w.event(first, LegEvent::Refer(Box::new(refer)));
    assert!(!w.lines.iter().any(|l| l.contains("invite")), "straight to it: {:?}", w.lines);
    w.agree();
    assert!(hears_greeting(&w, "2001"), "{:?}", w.joins());
    assert!(!hears_greeting(&w, "2002"));
    w.hangs_up("2001");
    w.expect_drained();
}
