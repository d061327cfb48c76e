//! Transfers onto a box: by the hold code, by the voicemail code, by a phone (R286, R287).

use base::{Cause, Micros};
use model::record::Service;
use model::{Change, DnSettings, HoldAgain};

use super::world::{TENANT, World, dn, site_with};
use crate::input::{LegEvent, Refer};

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
