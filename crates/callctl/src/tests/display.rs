//! What telephones show: captions of recalls and groups, and the party one talks to.

use base::Micros;
use model::{Change, Device, DnSettings, ShownNumber};

use super::world::{TENANT, World, device, dn, hunt, pickup, user_id};

#[test]
fn a_caller_sees_whose_number_rings_and_who_answered() {
    let mut w = World::new();
    w.dial(2001, "2002");
    w.rings("2002");
    assert_eq!(w.shows("2001"), "2002 利用者2002");
    assert_eq!(w.shows("2002"), "2001 利用者2001");
    w.answers("2002");
    assert_eq!(w.shows("2001"), "2002 利用者2002");
    assert!(!w.lines.iter().any(|l| l.contains("show")), "its answer has told: {:?}", w.lines);
}

#[test]
fn members_see_the_group_and_the_caller_sees_it_until_one_answers() {
    let mut w = World::new();
    w.configure(&[hunt(&[2002, 2003], |_| ())]);
    w.dial(2001, "7000");
    w.rings("2002");
    assert_eq!(w.shows("2002"), "2001 代表: 営業: 利用者2001");
    assert_eq!(w.shows("2001"), "7000 営業");
    w.refuses("2002", 486);
    w.rings("2003");
    w.answers("2003");
    assert_eq!(w.shows("2001"), "2003 利用者2003");
}

/// R092: a called phone shows the number that the caller chose; the history keeps the own one.
#[test]
fn a_caller_shows_the_number_that_was_chosen() {
    let mut w = World::new();
    w.configure(&[hunt(&[2001, 2003], |_| ())]);
    for (shown, number) in [
        (ShownNumber::Pilot, "7000"),
        (ShownNumber::Department, "2001"),
        (ShownNumber::Own, "2001"),
    ] {
        w.configure(&[Change::DnSettingsPut(DnSettings {
            shown,
            ..DnSettings::new(TENANT, dn(2001))
        })]);
        w.dial(2001, "2002");
        assert_eq!(w.shows("2002"), format!("{number} 利用者2001"), "{shown:?}");
        w.hangs_up("2001");
        assert_eq!(w.records.last().expect("a record").caller_number(), "2001");
    }
}

fn shows_pilot(n: u16) -> Change {
    let shown = ShownNumber::Pilot;
    Change::DnSettingsPut(DnSettings { shown, ..DnSettings::new(TENANT, dn(n)) })
}

/// R092: whoever meets the caller in the course of the call sees the number that was chosen when
/// it began (R313).
#[test]
fn the_number_that_was_chosen_is_shown_throughout_the_call() {
    let with_pilot = || {
        let mut w = World::with_codes();
        w.configure(&[hunt(&[2001, 2005], |_| ()), shows_pilot(2001), pickup(1, &[2002, 2003])]);
        w
    };
    let chosen = "7000 利用者2001";
    let mut w = with_pilot();
    w.dial(2001, "2002");
    w.rings("2002");
    w.answers("2002");
    w.agree();
    w.configure(&[Change::DnSettingsPut(DnSettings::new(TENANT, dn(2001)))]);
    assert_eq!((w.shows("2002").as_str(), w.shows("2001").as_str()), (chosen, "2002 利用者2002"));
    assert!(!w.lines.contains(&"2002 show 2001".to_owned()), "{:?}", w.lines);
    // Transferred by code, and then by the phone.
    w.press("2002", "#72003#1");
    w.answers("2003");
    w.agree();
    w.hangs_up("2002");
    w.agree();
    assert_eq!((w.shows("2003").as_str(), w.shows("2001").as_str()), (chosen, "2003 利用者2003"));
    w.refers("2003", "2004", None);
    w.answers("2004");
    w.agree();
    assert_eq!((w.shows("2004").as_str(), w.shows("2001").as_str()), (chosen, "2004 利用者2004"));
    w.hangs_up("2004");
    // Parked, retrieved; picked up.
    let mut w = with_pilot();
    w.talk(2001, 2002);
    w.press("2002", "#5");
    w.dial(2003, "7801");
    w.agree();
    assert_eq!(w.shows("2003"), chosen);
    let mut w = with_pilot();
    w.dial(2001, "2002");
    w.rings("2002");
    w.dial(2003, "*55");
    assert_eq!((w.shows("2003").as_str(), w.shows("2001").as_str()), (chosen, "2003 利用者2003"));
}

/// R092: who was called is known by the number that was called; whom it consults sees what it
/// chose.
#[test]
fn who_is_called_is_shown_by_its_own_number_and_calls_by_the_chosen_one() {
    let mut w = World::with_codes();
    w.configure(&[hunt(&[2002, 2005], |_| ()), shows_pilot(2002)]);
    w.talk(2001, 2002);
    assert_eq!(w.shows("2001"), "2002 利用者2002");
    w.press("2002", "#72003#1");
    w.rings("2003");
    assert_eq!(w.shows("2003"), "7000 利用者2002");
    w.answers("2003");
    w.agree();
    // To and fro between the two.
    for _ in 0..2 {
        w.press("2002", "#7");
        w.agree();
        assert_eq!(w.shows("2003"), "7000 利用者2002");
        assert_eq!(w.shows("2001"), "2002 利用者2002");
    }
    w.hangs_up("2002");
    w.agree();
    assert_eq!((w.shows("2001"), w.shows("2003")), both("2003", "2001"));
}

/// R235: the name follows who is logged in at the terminal; the label is the terminal's own.
#[test]
fn a_terminal_shows_the_name_of_who_is_logged_in() {
    let mut w = World::new();
    w.dial(2001, "2002");
    assert_eq!(w.shows("2002"), "2001 利用者2001");
    w.hangs_up("2001");
    let label = "受付".into();
    let logged_in = |n: u16| Some(user_id(n));
    let desk = Device { user: logged_in(2003), label, ..device(2001, 1) };
    w.configure(&[Change::DevicePut(desk.clone())]);
    // The desk of 2001 is that of 2003 now, besides the one that 2003 has.
    w.dial(2001, "2002");
    assert_eq!(w.shows("2002"), "2003 利用者2003");
    w.rings("2002");
    w.answers("2002");
    w.hangs_up("2001");
    w.dial(2002, "2003");
    assert!(w.lines.iter().any(|l| l.starts_with("2001 invite")), "rings there: {:?}", w.lines);
    w.answers("2001");
    assert_eq!(w.shows("2002"), "2003 利用者2003");
    // Who goes in mid-call keeps name and number to its end (R313).
    w.configure(&[Change::DevicePut(Device { user: logged_in(2004), ..desk })]);
    w.agree();
    assert_eq!(w.shows("2002"), "2003 利用者2003");
}

#[test]
fn a_pickup_is_shown_to_both() {
    let mut w = World::new();
    w.configure(&[pickup(1, &[2002, 2003])]);
    w.dial(2001, "2002");
    w.rings("2002");
    w.dial(2003, "*55");
    assert!(w.lines.contains(&"2001 show 2003".to_owned()), "{:?}", w.lines);
    assert!(w.lines.contains(&"2003 show 2001".to_owned()), "{:?}", w.lines);
    assert_eq!((w.shows("2001"), w.shows("2003")), both("2003", "2001"));
}

fn both(a: &str, b: &str) -> (String, String) {
    (format!("{a} 利用者{a}"), format!("{b} 利用者{b}"))
}

#[test]
fn after_a_transfer_each_sees_the_other() {
    // By REFER, by code after the answer, by code while it rings.
    let mut w = World::new();
    w.talk(2001, 2002);
    w.refers("2002", "2003", None);
    w.answers("2003");
    w.agree();
    assert_eq!((w.shows("2001"), w.shows("2003")), both("2003", "2001"));
    for answered_first in [true, false] {
        let mut w = World::with_codes();
        w.talk(2001, 2002);
        w.press("2002", "#72003#1");
        w.rings("2003");
        assert_eq!(w.shows("2003"), "2002 利用者2002");
        if answered_first {
            w.answers("2003");
            w.agree();
            assert_eq!((w.shows("2002"), w.shows("2003")), both("2003", "2002"));
        }
        w.hangs_up("2002");
        if !answered_first {
            w.answers("2003");
        }
        w.agree();
        assert_eq!((w.shows("2001"), w.shows("2003")), both("2003", "2001"));
    }
}

#[test]
fn the_hold_code_shows_whom_one_is_back_with() {
    let mut w = World::with_codes();
    w.talk(2001, 2002);
    w.press("2002", "#72003#1");
    w.rings("2003");
    w.answers("2003");
    w.agree();
    w.press("2002", "#7");
    w.agree();
    assert_eq!((w.shows("2001"), w.shows("2002")), both("2002", "2001"));
}

#[test]
fn a_recall_says_so_and_then_shows_the_party() {
    let mut w = World::with_codes();
    w.talk(2001, 2002);
    w.press("2002", "#7");
    w.hangs_up("2002");
    assert_eq!(w.shows("2002"), "2001 保留呼び戻し: 利用者2001");
    w.answers("2002");
    w.agree();
    assert_eq!((w.shows("2001"), w.shows("2002")), both("2002", "2001"));
    w.press("2002", "#5");
    w.wait(Micros::seconds(90));
    assert_eq!(w.shows("2002"), "2001 パーク呼び戻し: 利用者2001");
    w.answers("2002");
    w.agree();
    assert_eq!((w.shows("2001"), w.shows("2002")), both("2002", "2001"));
}

#[test]
fn who_retrieves_a_parked_call_and_who_was_parked_see_each_other() {
    let mut w = World::with_codes();
    w.talk(2001, 2002);
    w.press("2002", "#5");
    w.dial(2003, "7801");
    w.agree();
    assert_eq!((w.shows("2001"), w.shows("2003")), both("2003", "2001"));
}
