//! A person logs in at a terminal by code, and out (R233, R313, R315).

use base::{Cause, Micros};
use model::own_setting::Declined;
use model::record::Service;
use model::terminal_login::{log_in, log_out};

use super::world::{World, device_id, user_id};
use crate::input::Input;

/// The spare terminal, which nobody uses, dials.
fn dials(code: &str) -> World {
    let mut w = World::new();
    w.give_codes();
    dial_spare(&mut w, code);
    w
}

fn dial_spare(w: &mut World, code: &str) {
    w.dial(2999, code);
}

fn told(w: &mut World, declined: Option<Declined>) {
    let call = w.control.calls().next().expect("a call").call;
    w.input(Input::Told { call, declined });
}

fn hears(w: &World) -> String {
    w.joins().join(" ")
}

/// What is to be carried out, since the last look.
fn seats(w: &mut World) -> Vec<String> {
    let lines = std::mem::take(&mut w.lines);
    lines.into_iter().filter_map(|l| Some(l.strip_prefix("seat ")?.to_owned())).collect()
}

#[test]
fn a_person_logs_in_at_a_terminal_that_nobody_uses() {
    let mut w = dials("*91");
    assert!(hears(&w).contains("enter-extension"), "{}", hears(&w));
    w.press("2999", "2001#");
    assert!(hears(&w).contains("enter-pin"), "{}", hears(&w));
    w.play_over();
    w.press("2999", "99*4711#");
    assert_eq!(seats(&mut w), ["phone2999x1 2001 4711"]);
    let changes =
        log_in(&w.facts.snapshot, device_id(2999, 1), user_id(2001), w.now.wall).expect("free");
    w.configure(&changes);
    told(&mut w, None);
    let heard = hears(&w);
    assert!(heard.contains("Confirmation") && heard.contains("logged-in"), "{heard}");
    w.play_over();
    let r = w.records.last().expect("a record");
    assert_eq!((r.cause, r.caller.dn), (Cause::AnnouncementEnded, None), "as it began");
    assert!(r.services.contains(Service::FeatureCode));
    w.expect_drained();

    // From now on the terminal calls and rings as that person.
    w.facts.contacts.insert(
        device_id(2999, 1),
        vec![crate::view::Contact { id: 29_991, path: super::world::path(2999) }],
    );
    w.dial(2999, "2002");
    assert!(w.lines.iter().any(|l| l.starts_with("2002 invite from 2001")), "{:?}", w.lines);
    w.hangs_up("2999");
    w.expect_drained();
}

#[test]
fn an_extension_may_follow_the_code() {
    for code in ["*912001", "*912001#", "*912001#1"] {
        let mut w = dials(code);
        assert!(hears(&w).contains("enter-pin"), "{code} {}", hears(&w));
        w.press("2999", "4711#");
        assert_eq!(seats(&mut w), ["phone2999x1 2001 4711"], "{code}");
    }
}

#[test]
fn three_wrong_tries_end_the_call() {
    let mut w = dials("*91");
    for left in [2, 1, 0] {
        w.press("2999", "2001#0000#");
        assert_eq!(seats(&mut w).len(), 1);
        told(&mut w, Some(Declined::WrongPin));
        let heard = hears(&w);
        assert!(heard.contains("login-wrong"), "{heard}");
        assert_eq!(heard.contains("enter-extension"), left > 0, "{heard}");
    }
    w.play_over();
    assert_eq!(w.records.last().map(|r| r.cause), Some(Cause::FeatureNotPermitted));
    w.expect_drained();
}

#[test]
fn each_field_has_fifteen_seconds_and_silence_costs_a_try() {
    let mut w = dials("*91");
    w.play_over();
    w.wait(Micros::seconds(14));
    // The time runs on while keys are pressed.
    w.press("2999", "20");
    w.wait(Micros::millis(700));
    assert!(hears(&w).contains("enter-extension"), "one try is lost: {}", hears(&w));
    w.press("2999", "2001#");
    w.play_over();
    w.wait(Micros::seconds(15));
    assert!(hears(&w).contains("enter-extension"), "two: {}", hears(&w));
    w.play_over();
    w.wait(Micros::seconds(15));
    assert!(!hears(&w).contains("enter-extension"), "three: {}", hears(&w));
    w.play_over();
    assert!(seats(&mut w).is_empty());
    w.expect_drained();
}

#[test]
fn who_is_limited_or_has_too_many_terminals_is_told_so_at_once() {
    for (why, prompt) in [
        (Declined::Locked, "login-locked"),
        (Declined::Full, "login-full"),
        (Declined::NotAllowed, "reason-no-rights"),
    ] {
        let mut w = dials("*912001");
        w.press("2999", "4711#");
        told(&mut w, Some(why));
        assert!(hears(&w).contains(prompt), "{}", hears(&w));
        w.play_over();
        assert_eq!(w.records.last().map(|r| r.cause), Some(Cause::FeatureNotPermitted));
        w.expect_drained();
    }
}

#[test]
fn without_an_answer_in_five_seconds_it_cannot_be_done() {
    let mut w = dials("*912001");
    w.press("2999", "4711#");
    w.wait(Micros::seconds(5));
    assert!(hears(&w).contains("cannot-set"), "{}", hears(&w));
    told(&mut w, None);
    w.play_over();
    w.expect_drained();
}

#[test]
fn without_a_user_a_terminal_dials_nothing_else() {
    for code in ["2002", "*92", "*98", "*211", "*91"] {
        let w = dials(code);
        let refused = w.lines.contains(&"2999 refuse FeatureNotPermitted".to_owned());
        assert_eq!(refused, code != "*91", "{code} {:?}", w.lines);
    }
    // Emergency numbers are looked up: refused only for the want of a line.
    for number in ["110", "118", "119", "184119"] {
        let mut w = dials(number);
        w.play_over();
        assert_eq!(w.records.last().map(|r| r.cause), Some(Cause::UnallocatedNumber), "{number}");
    }
}

#[test]
fn a_log_out_is_confirmed_and_calls_go_on() {
    let mut w = World::new();
    w.give_codes();
    w.dial(2001, "2002");
    w.answers("2002");
    let talk = w.control.calls().next().expect("a call").call;
    w.lines.clear();
    w.dial(2001, "*92");
    assert_eq!(seats(&mut w), ["phone2001x1 -"]);
    let changes = log_out(&w.facts.snapshot, device_id(2001, 1));
    w.configure(&changes);
    let call = w.control.calls().map(|c| c.call).find(|c| *c != talk).expect("two calls");
    w.input(Input::Told { call, declined: None });
    assert!(hears(&w).contains("logged-out"), "{}", hears(&w));
    w.play_over();
    assert_eq!(w.control.calls().count(), 1, "the conversation");
    // Somebody else sits down; the conversation keeps number and name of its start (R313).
    w.configure(
        &log_in(&w.facts.snapshot, device_id(2001, 1), user_id(2003), w.now.wall).expect("free"),
    );
    w.hangs_up("2002");
    let r = w.records.last().expect("a record");
    assert_eq!((&*r.caller.number, r.cause), ("2001", Cause::NormalClearing));
    w.expect_drained();
}

#[test]
fn who_is_logged_out_stops_ringing_and_the_number_is_decided_anew() {
    let mut w = World::new();
    w.dial(2001, "2008");
    assert_eq!(w.control.calls().count(), 1);
    w.configure(
        &log_in(&w.facts.snapshot, device_id(2008, 2), user_id(2003), w.now.wall).expect("free"),
    );
    let ended = w.lines.iter().filter(|l| l.starts_with("2008.2 end")).count();
    assert_eq!(ended, 1, "{:?}", w.lines);
    assert!(!w.lines.iter().any(|l| l.starts_with("2008 end")), "the other one rings on");
    w.configure(&log_out(&w.facts.snapshot, device_id(2008, 1)));
    assert_eq!(w.records.last().map(|r| r.cause), Some(Cause::Unregistered));
    w.expect_drained();
}
