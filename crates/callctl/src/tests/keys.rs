//! Keys in a call: who hears them, when they are codes, and what hold and transfer discard
//! (R086–R088, R282, R284).

use base::Micros;
use mediactl::DtmfToPeer;
use model::{Outside, Tones};

use super::outside::{comes_in, open};
use super::world::{World, dn, door_phone, site_with};
use crate::input::LegEvent;

fn passed(w: &World) -> Vec<&str> {
    w.lines.iter().filter_map(|l| l.strip_prefix("digit ")).collect()
}

fn info(w: &mut World, name: &str, digit: u8, ms: u64) {
    let leg = w.leg(name);
    w.event(leg, LegEvent::Digit { digit, duration: Micros::millis(ms) });
}

/// 2001 has called a number outside.
fn outside() -> World {
    let mut w = World::with_codes();
    w.give_codes();
    open(&mut w, 4);
    w.dial(2001, "00312345678");
    w.rings("2900");
    w.answers("2900");
    w.lines.clear();
    w
}

/// R282: what waits is forgotten, and makes no code with what comes later.
#[test]
fn hold_and_transfer_discard_what_waits() {
    // The phone's own hold.
    let mut w = World::with_codes();
    w.configure(&[door_phone(2002)]);
    w.talk(2001, 2002);
    w.press("2001", "#");
    w.offers("2001", "sendonly");
    w.offers("2001", "sendrecv");
    w.agree();
    w.lines.clear();
    w.press("2001", "7");
    assert_eq!(w.joins(), ["2001 2002", "2002 2001"]);
    w.wait(Micros::seconds(2));
    assert_eq!(passed(&w), ["2002 7 160"]);

    // The hold code of the other one, who comes back before the pause is over.
    let mut w = World::with_codes();
    w.configure(&[door_phone(2002)]);
    w.talk(2001, 2002);
    w.press("2001", "#");
    w.press("2002", "#7#7");
    assert_eq!(w.joins(), ["2001 2002", "2002 2001"]);
    w.wait(Micros::seconds(2));
    assert_eq!(passed(&w), [""; 0]);

    // A transfer.
    let mut w = World::with_codes();
    w.configure(&[door_phone(2003)]);
    w.talk(2001, 2002);
    w.press("2001", "#");
    w.refers("2002", "2003", None);
    w.answers("2003");
    w.agree();
    assert_eq!(w.joins(), ["2001 2003", "2003 2001"]);
    w.wait(Micros::seconds(2));
    assert_eq!(passed(&w), [""; 0]);
}

/// R284: nor may who holds by the key of the telephone; both may again afterwards.
#[test]
fn in_a_hold_by_the_telephone_nobody_uses_codes() {
    for who in ["2001", "2002"] {
        let mut w = World::with_codes();
        w.talk(2001, 2002);
        w.offers("2002", "sendonly");
        assert_eq!(w.joins(), ["2001 music", "2002 -"]);
        for keys in ["#7", "#5", "#9"] {
            w.press(who, keys);
            assert_eq!(w.joins(), ["2001 music", "2002 -"], "{who} {keys}");
        }
        w.offers("2002", "sendrecv");
        w.agree();
        w.press(who, "#7");
        assert!(w.joins().contains(&format!("{who} SecondDial")), "{:?}", w.joins());
    }
}

/// Who is put aside, or holds, is not heard.
#[test]
fn keys_reach_nobody_who_is_held() {
    let mut w = outside();
    w.press("2001", "#72003#1");
    w.rings("2003");
    w.lines.clear();
    w.press("2001", "5__");
    info(&mut w, "2001", b'6', 100);
    assert_eq!(passed(&w), [""; 0], "to the one who hears music");
    let mut w = outside();
    w.offers("2001", "sendonly");
    info(&mut w, "2001", b'6', 100);
    assert_eq!(passed(&w), [""; 0], "by a telephone that holds");
}

/// Digits that are sent on have at least 80 ms.
#[test]
fn a_short_digit_is_sent_long_enough() {
    let mut w = outside();
    info(&mut w, "2001", b'5', 20);
    w.wait(Micros::seconds(1));
    info(&mut w, "2001", b'6', 250);
    let sent = passed(&w);
    assert_eq!(sent[0], "2900 5 160", "as long as those that were held back");
    assert_eq!(sent.len(), 2, "{sent:?}");

    // Where no code is listened for, as long as it was pressed, within bounds.
    let mut w = World::new();
    open(&mut w, 4);
    w.dial(2001, "00312345678");
    w.answers("2900");
    w.lines.clear();
    for (digit, ms) in [(b'5', 20), (b'6', 250), (b'7', 9_000)] {
        info(&mut w, "2001", digit, ms);
    }
    assert_eq!(passed(&w), ["2900 5 80", "2900 6 250", "2900 7 1000"]);
}

/// R088: the code for one call opens nothing inside.
#[test]
fn the_tones_code_opens_no_call_between_extensions() {
    let mut w = World::with_codes();
    w.give_codes();
    w.configure(&[site_with(|s| s.tones = Tones::Mute)]);
    w.talk(2001, 2002);
    w.press("2001", "#9");
    w.heard_out("2001");
    w.press("2001", "12__");
    assert_eq!(passed(&w), [""; 0]);
    let modes: Vec<_> = w.wants.values().map(|want| want.dtmf_to_peer).collect();
    assert_eq!(modes, [DtmfToPeer::Drop; 2]);
}

/// Two outside parties send each other what they like: the setting is about extensions.
#[test]
fn two_outside_parties_are_not_muted_by_the_site() {
    let mut w = World::with_codes();
    open(&mut w, 4);
    w.configure(&[site_with(|s| {
        s.tones = Tones::Mute;
        s.transfer_outside = Outside::Domestic;
    })]);
    comes_in(&mut w, "2002");
    w.answers("2002");
    w.press("2002", "#700355556666#1");
    w.answers("2900");
    w.agree();
    w.hangs_up("2002");
    w.agree();
    assert_eq!(w.joins(), ["2900 2900", "2900 2900"]);
    let modes: Vec<_> = w.wants.values().map(|want| want.dtmf_to_peer).collect();
    assert_eq!(modes, [DtmfToPeer::Pass; 2]);
}

/// R291 is about transfers: a call forwarded outside has no time.
#[test]
fn a_call_that_was_forwarded_outside_has_no_end_of_its_own() {
    let mut w = World::new();
    open(&mut w, 4);
    w.configure(&[site_with(|s| s.forward_outside = Outside::Domestic)]);
    let mut settings = model::DnSettings::new(super::world::TENANT, dn(2002));
    let to = model::Destination::outside("0355556666").expect("digits");
    *settings.forward_mut(model::ForwardKind::All) = model::Forward::on(to);
    w.configure(&[model::Change::DnSettingsPut(settings)]);
    comes_in(&mut w, "2002");
    w.answers("2900");
    w.agree();
    for _ in 0..3 {
        w.wait(Micros::seconds(3_600));
    }
    assert!(w.records.is_empty(), "{:?}", w.lines);
    w.hangs_up("2900");
    w.expect_drained();
}
