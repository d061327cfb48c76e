//! Who leaves a mailbox at whatever point, and what its lamp shows (R262).

use base::{Cause, LegId, Micros};
use mediactl::{Digit, DigitPhase, DigitSource, Event, FileId, Joined, Record, RecordEnd};
use model::own_setting::Declined;
use model::{Change, DnSettings, ForwardKind};

use super::world::{TENANT, World, dn};
use crate::Waiting;
use crate::input::Input;

/// 2002 has voicemail, and its lamp is looked at.
fn world(change: impl Fn(&mut DnSettings)) -> World {
    let mut w = World::new();
    w.give_codes();
    let mut settings = DnSettings::new(TENANT, dn(2002));
    settings.voicemail = true;
    change(&mut settings);
    w.configure(&[Change::DnSettingsPut(settings)]);
    w.control.watch_box(TENANT, dn(2002), true);
    w
}

fn heard(w: &World) -> String {
    w.joins().join(" ")
}

fn recording(w: &World) -> Option<(LegId, Record)> {
    let of = |w: &mediactl::LegWant| match w.joined {
        Joined::Recorder(record) => Some((w.leg, record)),
        _ => None,
    };
    w.wants.values().find_map(of)
}

fn press(w: &mut World, key: char) {
    let leg = *w.wants.keys().next_back().expect("a media leg");
    let digit = Digit::from_char(key).expect("a key");
    for phase in [DigitPhase::Begin, DigitPhase::End { ms: 100 }] {
        let source = DigitSource::Event;
        w.input(Input::Media { event: Event::Digit { leg, digit, source, phase } });
    }
    w.wait(Micros::millis(200));
}

fn recorded(w: &mut World, (leg, record): (LegId, Record), duration_ms: u32) {
    let (serial, file, end) = (record.serial, record.file, RecordEnd::Stopped);
    w.input(Input::Media { event: Event::Recorded { leg, serial, file, duration_ms, end } });
}

fn waiting(w: &World) -> (u32, u32) {
    let Waiting { new, old } = w.control.waiting(TENANT, dn(2002));
    (new, old)
}

/// 2001 is busy-forwarded to the box.
fn come(w: &mut World, from: u16) {
    w.dial(from, "2002");
    w.refuses("2002", 486);
}

fn leave(w: &mut World, from: u16) {
    come(w, from);
    w.play_over();
    let open = recording(w).expect("a recording");
    w.hangs_up(&from.to_string());
    recorded(w, open, 5_000);
    w.boxes_told();
}

/// The call is answered, so whoever hangs up has ended it normally; a message is there from the
/// tone on.
#[test]
fn who_hangs_up_leaves_what_there_is_by_then() {
    for point in ["greeting", "recording", "keeping", "told"] {
        let mut w = world(|_| ());
        come(&mut w, 2001);
        let mut open = None;
        if point != "greeting" {
            w.play_over();
            open = recording(&w);
            assert!(open.is_some(), "{point}");
        }
        if point == "keeping" || point == "told" {
            press(&mut w, '#');
            assert_eq!((recording(&w), waiting(&w)), (None, (0, 0)), "{point}");
        }
        if let Some(open) = open.filter(|_| point == "told") {
            recorded(&mut w, open, 5_000);
            assert!(heard(&w).contains("message-saved"));
        }
        w.hangs_up("2001");
        let r = w.records.last().expect("a record");
        assert!(r.is_answered(), "{point}");
        assert_eq!((r.cause, r.ended_by.as_deref()), (Cause::NormalClearing, Some("2001")));
        if let Some(open) = open.filter(|_| point != "told") {
            recorded(&mut w, open, 5_000);
        }
        let expected = u32::from(point != "greeting");
        assert_eq!(waiting(&w), (expected, 0), "{point}");
        assert_eq!(w.boxes_told().len() as u32, expected, "{point}");
        w.expect_drained();
    }
}

/// `#` in the standard greeting does nothing, in an own one it leads to the tone.
#[test]
fn the_greeting_can_be_skipped_when_it_is_an_own_one() {
    for own in [false, true] {
        let mut w = world(|_| ());
        if own {
            w.dial(2002, "*98");
            press(&mut w, '9');
            w.play_over();
            let open = recording(&w).expect("a greeting is recorded");
            press(&mut w, '#');
            recorded(&mut w, open, 5_000);
            w.hangs_up("2002");
        }
        come(&mut w, 2001);
        assert_eq!(heard(&w).contains("Greeting("), own, "{}", heard(&w));
        press(&mut w, '#');
        assert!(heard(&w).contains("Tone(Record)"), "{}", heard(&w));
        assert_eq!(heard(&w).contains("greeting"), !own, "{}", heard(&w));
        press(&mut w, '5');
        assert!(recording(&w).is_none());
        w.play_over();
        let open = recording(&w).expect("a recording");
        press(&mut w, '5');
        assert_eq!(recording(&w), Some(open), "only # ends it");
        w.hangs_up("2001");
        recorded(&mut w, open, 5_000);
        w.expect_drained();
    }
}

/// The box is full as soon as as many messages have begun; the one who came first keeps his.
#[test]
fn a_box_that_fills_up_in_the_greeting_takes_no_more() {
    let mut w = world(|s| s.messages_max = 1);
    come(&mut w, 2001);
    come(&mut w, 2003);
    let players: Vec<(LegId, u32)> = w
        .wants
        .values()
        .filter_map(|l| match l.joined {
            Joined::Player(play) => Some((l.leg, play.serial)),
            _ => None,
        })
        .collect();
    assert_eq!(players.len(), 2);
    for (leg, serial) in players {
        w.input(Input::Media { event: Event::PlayEnded { leg, serial } });
    }
    let open = recording(&w).expect("the first one records");
    assert!(heard(&w).contains("box-full"), "{}", heard(&w));
    w.hangs_up("2001");
    recorded(&mut w, open, 5_000);
    w.hangs_up("2003");
    assert_eq!(waiting(&w), (1, 0));
    // When the message is deleted there is room again.
    w.dial(2002, "*98");
    w.play_over();
    press(&mut w, '3');
    w.hangs_up("2002");
    come(&mut w, 2001);
    assert!(heard(&w).contains("greeting"), "{}", heard(&w));
    w.hangs_up("2001");
    w.expect_drained();
}

/// Point 4: the lamp is told of each change, and of nothing else.
#[test]
fn the_lamp_follows_hearing_and_deleting() {
    let mut w = world(|_| ());
    leave(&mut w, 2001);
    leave(&mut w, 2003);
    assert_eq!(waiting(&w), (2, 0));
    w.dial(2002, "*98");
    w.play_over();
    assert!(w.boxes_told().is_empty(), "nothing has been heard yet");
    w.play_over();
    assert_eq!((waiting(&w), w.boxes_told()), ((1, 1), vec![dn(2002)]));
    press(&mut w, '3');
    assert_eq!((waiting(&w), w.boxes_told()), ((1, 0), vec![dn(2002)]), "a heard one");
    w.play_over();
    press(&mut w, '3');
    assert_eq!((waiting(&w), w.boxes_told()), ((0, 0), vec![dn(2002)]), "one never heard");
    assert!(heard(&w).contains("no-more-messages"), "{}", heard(&w));
    press(&mut w, '3');
    assert!(heard(&w).contains("Error"), "there is none to delete");
    assert!(w.boxes_told().is_empty());
    w.hangs_up("2002");
    // What is too old goes, and the lamp with it.
    leave(&mut w, 2001);
    w.wait(Micros::seconds(90 * 86_400 + 7_200));
    assert_eq!((waiting(&w), w.boxes_told()), ((0, 0), vec![dn(2002)]));
    w.expect_drained();
}

/// R234: three tries in a call, and the right PIN counts only before they are over.
#[test]
fn three_wrong_pins_end_the_call() {
    for right_at in [2, 3, 4] {
        let mut w = world(|_| ());
        w.dial(2003, "*982002");
        for attempt in 1..=3 {
            press(&mut w, '4');
            press(&mut w, '#');
            assert!(w.lines.contains(&"check-pin 2002".into()), "{:?}", w.lines);
            w.lines.clear();
            let call = w.control.calls().next().expect("a call").call;
            let declined = (attempt != right_at).then_some(Declined::WrongPin);
            w.input(Input::Told { call, declined });
            if attempt == right_at {
                break;
            }
            assert!(heard(&w).contains("wrong-pin"), "{}", heard(&w));
            assert_eq!(heard(&w).contains("enter-pin"), attempt < 3, "{}", heard(&w));
        }
        match right_at {
            4 => {
                press(&mut w, '4');
                press(&mut w, '#');
                assert!(!w.lines.contains(&"check-pin 2002".into()), "{:?}", w.lines);
                w.play_over();
                let last = w.records.last().expect("a record");
                assert_eq!(last.cause, Cause::FeatureNotPermitted);
            }
            _ => {
                assert!(heard(&w).contains("no-messages"), "{}", heard(&w));
                w.hangs_up("2003");
            }
        }
        w.expect_drained();
    }
}

/// A PIN is cleared by `*`, and digits while it is judged are no part of the next one.
#[test]
fn nothing_is_judged_twice() {
    let mut w = world(|_| ());
    w.dial(2003, "*982002");
    press(&mut w, '4');
    press(&mut w, '#');
    w.lines.clear();
    press(&mut w, '4');
    press(&mut w, '#');
    w.expect(&[]);
    w.hangs_up("2003");
    w.expect_drained();
}

/// R060: voicemail as the destination of one kind, without voicemail being on for the others.
#[test]
fn voicemail_is_a_destination_of_one_kind() {
    let mut w = world(|s| {
        s.voicemail = false;
        *s.forward_mut(ForwardKind::Busy) = model::Forward::on(model::Destination::Voicemail);
    });
    come(&mut w, 2001);
    assert!(heard(&w).contains("greeting"), "{}", heard(&w));
    w.hangs_up("2001");
    w.dial(2001, "2002");
    w.rings("2002");
    w.wait(Micros::seconds(60));
    assert_eq!(w.records.last().map(|r| r.cause), Some(Cause::RingTimeout));
    w.expect_drained();
}

/// A file that is recorded for nobody is deleted.
#[test]
fn a_recording_of_nobody_is_deleted() {
    let mut w = world(|_| ());
    come(&mut w, 2001);
    w.play_over();
    let (leg, record) = recording(&w).expect("a recording");
    w.hangs_up("2001");
    recorded(&mut w, (leg, record), 5_000);
    w.lines.clear();
    let other = Record { file: FileId::Message(77), ..record };
    recorded(&mut w, (leg, other), 5_000);
    w.expect(&["delete Message(77)"]);
    assert_eq!(waiting(&w), (1, 0));
    w.expect_drained();
}
