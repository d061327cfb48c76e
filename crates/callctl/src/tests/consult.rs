//! Hold, consult and transfer by code: the cases of group G, with their times. 2002 is called by
//! 2001, holds it by `#7` and consults 2003.

use base::event::Kind;
use base::{Cause, Micros};
use mediactl::DtmfToPeer;
use model::record::Service;
use model::{CodeKind, HoldAgain, SiteCode};

use super::world::{World, dn, door_phone, pickup, quiet, site_with, stopped, with_codes};
use crate::input::LegEvent;

/// 2002 holds 2001.
fn holding() -> World {
    let mut w = World::with_codes();
    w.talk(2001, 2002);
    assert_eq!(w.joins(), ["2001 2002", "2002 2001"]);
    w.press("2002", "#7");
    assert_eq!(w.joins(), ["2001 music", "2002 SecondDial"]);
    w.expect(&[]);
    w
}

/// … and 2003 rings.
fn consulting() -> World {
    let mut w = holding();
    w.press("2002", "2003#1");
    w.rings("2003");
    assert_eq!(w.joins(), ["2001 music", "2002 Ringback", "? -"]);
    w.lines.clear();
    w
}

/// … and has answered.
fn talking() -> World {
    let mut w = consulting();
    w.answers("2003");
    w.agree();
    assert_eq!(w.joins(), ["2001 music", "2002 2003", "2003 2002"]);
    w.lines.clear();
    w
}

fn dropping(w: &mut World) {
    w.configure(&[site_with(|s| s.hold_again = HoldAgain::Drop)]);
}

#[test]
fn four_seconds_after_the_last_digit_the_number_is_called() {
    let mut w = holding();
    w.press("2002", "200");
    assert_eq!(w.joins(), ["2001 music", "2002 -"], "the dial tone has ended");
    w.wait(Micros::millis(3_800));
    w.press("2002", "3");
    w.wait(Micros::millis(3_800));
    w.expect(&[]);
    w.wait(Micros::millis(100));
    assert_eq!(w.lines, ["2003 invite from 2002 10.0.0.1:16388 sendrecv"]);
}

#[test]
fn the_pause_after_the_last_digit_is_the_companys() {
    let mut w = holding();
    w.set_times(|times| times.digit_pause_ms = 9_000);
    w.press("2002", "2003");
    w.wait(Micros::millis(8_700));
    w.expect(&[]);
    w.wait(Micros::millis(300));
    assert_eq!(w.lines, ["2003 invite from 2002 10.0.0.1:16388 sendrecv"]);
}

#[test]
fn the_confirm_code_calls_at_once() {
    let mut w = holding();
    w.press("2002", "2003#");
    w.expect(&[]);
    w.press("2002", "1");
    assert_eq!(w.lines.len(), 1, "{:?}", w.lines);
}

#[test]
fn digits_by_info_are_codes_too_and_count_once() {
    let mut w = World::with_codes();
    w.talk(2001, 2002);
    let leg = w.leg("2002");
    for digit in *b"#7" {
        w.event(leg, LegEvent::Digit { digit, duration: Micros(0) });
        w.press("2002", &char::from(digit).to_string());
    }
    assert_eq!(w.joins(), ["2001 music", "2002 SecondDial"]);
}

/// R082: a call that was direct before the codes were switched on, by a phone that sends INFO.
#[test]
fn digits_by_info_hold_and_transfer_a_direct_call() {
    let mut w = World::new();
    w.talk(2001, 2002);
    w.configure(&with_codes());
    assert!(w.joins().is_empty(), "direct");
    let leg = w.leg("2002");
    let press = |w: &mut World, keys: &[u8]| {
        for digit in keys {
            w.event(leg, LegEvent::Digit { digit: *digit, duration: Micros(0) });
            w.agree();
            w.wait(Micros::millis(200));
        }
    };
    press(&mut w, b"12");
    assert!(w.joins().is_empty(), "no codes");
    press(&mut w, b"#7");
    assert_eq!(w.joins(), ["2001 music", "2002 SecondDial"]);
    press(&mut w, b"#7");
    assert_eq!(w.joins(), ["2001 2002", "2002 2001"], "back");
    press(&mut w, b"#72003#1");
    w.answers("2003");
    w.agree();
    assert_eq!(w.joins(), ["2001 music", "2002 2003", "2003 2002"]);
    w.hangs_up("2002");
    w.agree();
    assert_eq!(w.joins(), ["2001 2003", "2003 2001"]);
    w.hangs_up("2001");
    w.expect_drained();
}

#[test]
fn without_a_number_both_talk_again() {
    let mut w = holding();
    w.wait(Micros::millis(14_700));
    assert_eq!(w.joins()[0], "2001 music");
    w.wait(Micros::millis(200));
    assert_eq!(w.joins(), ["2001 2002", "2002 2001"]);
    for keys in ["#7#7", "#720#7"] {
        w.press("2002", keys);
        assert_eq!(w.joins(), ["2001 2002", "2002 2001"], "{keys}");
    }
    w.expect(&[]);
    w.hangs_up("2001");
    assert_eq!(w.told_records(), ["2001>2002 NormalClearing answered by 2001"]);
    w.expect_drained();
}

/// Case 1: a transfer while the target rings.
#[test]
fn who_hangs_up_while_the_target_rings_has_transferred() {
    let mut w = consulting();
    w.hangs_up("2002");
    assert_eq!(w.joins(), ["2001 Ringback", "? -"]);
    w.expect(&["record 2001>2002 NormalClearing answered by 2002"]);
    w.answers("2003");
    w.agree();
    assert_eq!(w.joins(), ["2001 2003", "2003 2001"]);
    assert!(w.lines.iter().any(|l| l.starts_with("2003 offer") && l.ends_with("as 2001")));
    w.lines.clear();
    w.hangs_up("2003");
    let record = "2001>2003 NormalClearing answered by 2003 transferred 2002";
    assert_eq!(w.told_records(), [record]);
    assert!(w.records.iter().all(|r| r.call == w.records[0].call));
    assert!(w.records[1].services.contains(Service::Transfer));
    w.expect_drained();
}

/// Case 1: … in vain: the holder is called back for 30 s, then the held party is cleared.
#[test]
fn a_target_that_does_not_answer_brings_a_recall() {
    let mut w = consulting();
    w.hangs_up("2002");
    w.lines.clear();
    w.wait(Micros::seconds(60));
    assert_eq!(w.joins(), ["2001 music", "? -"]);
    assert!(w.lines.iter().any(|l| l.starts_with("2002 invite from 2001")), "{:?}", w.lines);
    w.rings("2002");
    w.lines.clear();
    w.wait(Micros::seconds(30));
    assert_eq!(w.told_records(), ["2001>2002 RingTimeout unanswered transferred 2002"]);
    w.expect_drained();
}

/// Case 1: the hold code while the target rings.
#[test]
fn the_hold_code_while_the_target_rings_goes_back() {
    let mut w = consulting();
    w.press("2002", "#7");
    w.expect(&["record 2002>2003 CallerCancelled unanswered by 2002", "2003 end CallerCancelled"]);
    assert_eq!(w.joins(), ["2001 2002", "2002 2001"]);
    w.press("2002", "#72004#1");
    w.rings("2004");
    w.hangs_up("2001");
    let records = w.told_records();
    assert_eq!(records.len(), 2, "{records:?}");
    w.expect_drained();
}

/// Case 2.
#[test]
fn who_hangs_up_after_the_answer_connects_both() {
    let mut w = talking();
    w.hangs_up("2002");
    assert_eq!(
        w.lines[..2],
        [
            "record 2001>2002 NormalClearing answered by 2002",
            "record 2002>2003 NormalClearing answered by 2002"
        ]
    );
    w.agree();
    for shown in ["2001 offer - as 2003", "2003 offer"] {
        assert!(w.lines.iter().any(|l| l.starts_with(shown)), "{:?}", w.lines);
    }
    assert_eq!(w.joins(), ["2001 2003", "2003 2001"]);
    assert_eq!(w.counts[&Kind::Transferred], 1);
    w.lines.clear();
    w.hangs_up("2001");
    let record = "2001>2003 NormalClearing answered by 2001 transferred 2002";
    assert_eq!(w.told_records(), [record]);
    w.expect_drained();
}

/// R290: a port that fails before the two hear each other is no end.
#[test]
fn who_cannot_be_connected_comes_back_to_the_holder() {
    let mut w = talking();
    w.hangs_up("2002");
    w.lines.clear();
    let port = *w.wants.keys().last().expect("a port");
    w.fail_media(port);
    w.expect(&[
        "2003 end ResourceShortage",
        "record 2001>2003 ResourceShortage answered transferred 2002",
        "2002 invite from 2001 10.0.0.1:16390 sendrecv",
    ]);
    w.answers("2002");
    w.agree();
    assert_eq!(w.joins(), ["2001 2002", "2002 2001"]);
    w.hangs_up("2001");
    w.expect_drained();
}

/// Case 3: 切断.
#[test]
fn the_hold_code_drops_the_target_where_the_site_wants_it() {
    let mut w = holding();
    dropping(&mut w);
    w.press("2002", "2003#1");
    w.rings("2003");
    w.answers("2003");
    w.agree();
    w.lines.clear();
    w.press("2002", "#7");
    assert_eq!(
        w.lines[..2],
        ["record 2002>2003 TransferTargetDropped answered by 2002", "2003 end NormalClearing"]
    );
    w.agree();
    assert_eq!(w.joins(), ["2001 2002", "2002 2001"]);
    w.press("2002", "#72004#1");
    w.rings("2004");
    assert_eq!(w.joins(), ["2001 music", "2002 Ringback", "? -"]);
}

/// Case 4: 非切断.
#[test]
fn the_hold_code_changes_sides() {
    let mut w = talking();
    for _ in 0..2 {
        w.press("2002", "#7");
        w.agree();
        assert_eq!(w.joins(), ["2001 2002", "2002 2001", "2003 music"]);
        w.press("2003", "#7");
        assert_eq!(w.joins()[2], "2003 music", "codes of who is held are ignored");
        w.press("2002", "#7");
        w.agree();
        assert_eq!(w.joins(), ["2001 music", "2002 2003", "2003 2002"]);
    }
    w.press("2002", "#7");
    w.agree();
    w.lines.clear();
    w.hangs_up("2002");
    w.agree();
    assert_eq!(w.joins(), ["2001 2003", "2003 2001"]);
    assert_eq!(w.told_records().len(), 2);
}

#[test]
fn who_is_left_of_three_talks_on() {
    // The target goes.
    let mut w = talking();
    w.hangs_up("2003");
    w.agree();
    assert_eq!(w.joins(), ["2001 2002", "2002 2001"]);
    assert_eq!(w.told_records(), ["2002>2003 NormalClearing answered by 2003"]);
    // The target goes while it is held.
    let mut w = talking();
    w.press("2002", "#7");
    w.agree();
    w.lines.clear();
    w.hangs_up("2003");
    w.expect(&["record 2002>2003 NormalClearing answered by 2003"]);
    assert_eq!(w.joins(), ["2001 2002", "2002 2001"]);
    // The first party goes while the holder talks to it.
    let mut w = talking();
    w.press("2002", "#7");
    w.agree();
    w.hangs_up("2001");
    w.agree();
    assert_eq!(w.joins(), ["2002 2003", "2003 2002"]);
}

/// Case 5: the reason for at most 5 s, then 15 s for another number, then back.
#[test]
fn a_target_that_cannot_be_had_is_told_and_another_may_be_dialled() {
    let mut w = holding();
    w.press("2002", "2003#1");
    w.refuses("2003", 486);
    assert_eq!(w.told_records(), ["2002>2003 UserBusy unanswered by 2003"]);
    assert_eq!(w.joins(), ["2001 music", "2002 Busy"]);
    w.wait(Micros::seconds(5));
    assert_eq!(w.joins(), ["2001 music", "2002 SecondDial"]);
    w.wait(Micros::seconds(15));
    assert_eq!(w.joins(), ["2001 2002", "2002 2001"]);
    w.facts.announcements = true;
    w.press("2002", "#72999#1");
    assert_eq!(w.joins(), ["2001 music", "2002 number-not-in-use"]);
    w.heard_out("2002");
    assert_eq!(w.joins(), ["2001 music", "2002 SecondDial"]);
    w.press("2002", "2888#1#7");
    assert_eq!(w.joins(), ["2001 2002", "2002 2001"], "the hold code at any moment");
    let records = w.told_records();
    assert_eq!(records[0], "2002>- UnallocatedNumber unanswered");
    for code in ["*55", "*57", "*211"] {
        w.press("2002", &format!("#7{code}#1"));
        assert_ne!(w.joins()[1], "2002 2001", "{code} is no target");
        w.press("2002", "#7");
    }
}

/// R288: a forward to a party of the transfer is skipped.
#[test]
fn a_target_that_forwards_to_a_party_is_busy() {
    let mut w = holding();
    let mut settings = model::DnSettings::new(super::world::TENANT, dn(2003));
    settings.forward_mut(model::ForwardKind::All).to = Some(model::Destination::Dn(dn(2001)));
    w.configure(&[model::Change::DnSettingsPut(settings)]);
    w.press("2002", "2003#1");
    assert_eq!(w.told_records(), ["2002>2003 UserBusy unanswered"]);
}

/// Case 6.
#[test]
fn the_consultation_goes_on_when_the_held_party_hangs_up() {
    let mut w = talking();
    w.hangs_up("2001");
    w.expect(&["record 2001>2002 NormalClearing answered by 2001"]);
    assert_eq!(w.joins(), ["2002 2003", "2003 2002"]);
    w.hangs_up("2003");
    assert_eq!(w.told_records(), ["2002>2003 NormalClearing answered by 2003"]);
    w.expect_drained();
    let mut w = consulting();
    w.hangs_up("2001");
    assert_eq!(
        w.told_records(),
        [
            "2001>2002 NormalClearing answered by 2001",
            "2002>2003 CallerCancelled unanswered by 2001"
        ]
    );
    w.expect_drained();
}

/// Case 7.
#[test]
fn a_holder_whose_leg_is_lost_is_called_back_or_has_transferred() {
    let lose = |w: &mut World| {
        let leg = w.leg("2002");
        w.event(leg, LegEvent::Ended { cause: Cause::MediaTimeout, by_far_end: false });
    };
    let mut w = talking();
    lose(&mut w);
    w.agree();
    assert_eq!(w.joins(), ["2001 2003", "2003 2001"]);
    let mut w = consulting();
    lose(&mut w);
    assert_eq!(w.joins(), ["2001 music", "? -"]);
    assert_eq!(
        w.told_records(),
        ["2002>2003 MediaTimeout unanswered", "2001>2002 MediaTimeout answered"]
    );
    w.rings("2002");
    w.answers("2002");
    w.agree();
    assert_eq!(w.joins(), ["2001 2002", "2002 2001"]);
    w.hangs_up("2002");
    w.expect_drained();
}

/// R290: past do not disturb.
#[test]
fn a_holder_who_goes_before_dialling_is_called_back() {
    let mut w = holding();
    w.configure(&[quiet(2002, 1)]);
    w.hangs_up("2002");
    assert_eq!(w.joins(), ["2001 music", "? -"]);
    w.rings("2002");
    w.hangs_up("2001");
    w.expect_drained();
}

/// R284: either may use codes.
#[test]
fn the_caller_holds_as_well() {
    let mut w = World::with_codes();
    w.talk(2001, 2002);
    w.press("2001", "#72003#1");
    w.rings("2003");
    w.answers("2003");
    w.agree();
    assert_eq!(w.joins(), ["2001 2003", "2002 music", "2003 2001"]);
    w.hangs_up("2001");
    w.agree();
    assert_eq!(w.joins(), ["2002 2003", "2003 2002"]);
    w.hangs_up("2003");
    w.expect_drained();
}

/// R265, R268: another phone answers for the target.
#[test]
fn a_consultation_is_picked_up() {
    let mut w = World::with_codes();
    w.configure(&[pickup(1, &[2003, 2004])]);
    w.talk(2001, 2002);
    w.press("2002", "#72003#1");
    w.rings("2003");
    let mut left = false;
    for _ in 0..2 {
        w.dial(2004, "*55");
        w.agree();
        let with = if left { "2001" } else { "2002" };
        assert!(w.joins().contains(&format!("2004 {with}")), "{:?}", w.joins());
        w.hangs_up("2004");
        w.agree();
        if !left {
            assert_eq!(w.joins(), ["2001 2002", "2002 2001"]);
            w.press("2002", "#72003#1");
            w.rings("2003");
            w.hangs_up("2002");
        }
        left = true;
    }
    let picked = w.records.iter().filter(|r| r.services.contains(Service::Pickup));
    assert_eq!(picked.count(), 2);
    w.expect_drained();
}

/// R312, R236, R283.
#[test]
fn codes_need_rights_an_option_and_the_site() {
    let mut w = World::with_codes();
    w.talk(2001, 2002);
    w.configure(&[stopped(2002)]);
    for keys in ["#7", "#5"] {
        w.press("2002", keys);
        assert_eq!(w.joins(), ["2001 2002", "2002 Error"], "{keys}");
        w.heard_out("2002");
        assert_eq!(w.joins(), ["2001 2002", "2002 2001"]);
    }
    // Without the option calls are direct, and digits are not looked at.
    let mut w = World::relayed();
    w.talk(2001, 2002);
    w.press("2002", "#7");
    assert_eq!(w.joins(), ["2001 2002", "2002 2001"]);
    let mut w = World::new();
    w.talk(2001, 2002);
    assert!(w.joins().is_empty());
    // A site without codes of its own listens to none.
    let mut w = World::with_codes();
    w.configure(&[site_with(|s| {
        for kind in [CodeKind::Hold, CodeKind::Park, CodeKind::PushToneSend] {
            s.set_code(kind, SiteCode::Off);
        }
    })]);
    w.talk(2001, 2002);
    assert!(w.joins().is_empty(), "direct");
}

/// R088, R282: what is no code passes late but in order to a device that wants tones.
#[test]
fn digits_pass_only_to_devices_that_accept_tones() {
    let mut w = World::with_codes();
    w.configure(&[door_phone(2002)]);
    w.talk(2001, 2002);
    let mode = |w: &World, n: &str| {
        w.wants.values().find(|l| w.media_name(l.leg) == n).map(|l| l.dtmf_to_peer)
    };
    assert_eq!(mode(&w, "2001"), Some(DtmfToPeer::Collect));
    assert_eq!(mode(&w, "2002"), Some(DtmfToPeer::Drop));
    w.press("2001", "1#");
    w.expect(&["digit 2002 1 160"]);
    w.press("2001", "_2");
    w.expect(&["digit 2002 # 160", "digit 2002 2 160"]);
    w.press("2001", "#9");
    assert_eq!(w.joins(), ["2001 Beep", "2002 2001"]);
    w.press("2002", "12");
    w.expect(&[]);
    w.configure(&with_codes()[..0]);
    w.configure(&[site_with(|s| {
        for kind in [CodeKind::Hold, CodeKind::Park, CodeKind::PushToneSend] {
            s.set_code(kind, SiteCode::Off);
        }
    })]);
    assert_eq!(mode(&w, "2001"), Some(DtmfToPeer::Pass), "nothing is looked for");
}

/// A target whose media cannot be used goes, and the first party is back.
#[test]
fn a_target_that_cannot_be_joined_is_dropped() {
    let mut w = consulting();
    w.answers("2003");
    let holder = w.leg("2002");
    w.event(holder, LegEvent::OfferFailed { status: 488 });
    w.agree();
    assert_eq!(w.joins(), ["2001 2002", "2002 2001"]);
    w.hangs_up("2002");
    w.expect_drained();
}
