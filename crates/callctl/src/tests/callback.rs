//! Who rings when an emergency call is called back, also after a restart; lines that an authority
//! holds (J35, J36).

use base::{Cause, Micros};
use model::{Change, Destination, DnSettings, Forward, ForwardKind, Gateway, Reception, Write};

use super::emergency::{FIRST, SHOWN, has_called, invites, open_only_first, prepared};
use super::outside::comes_in;
use super::world::{SITE, TENANT, World, department, device_id, dn, quiet, site_with, stopped};

/// 2004 and 2005 are the reception group of the site.
fn with_group(w: &mut World) {
    let reception = Reception { group: Some(dn(7100)), ..Reception::new(TENANT, SITE) };
    w.configure(&[department(&[2004, 2005], |_| {}), Change::ReceptionPut(reception)]);
}

fn authority(w: &mut World, dialed: &str) {
    w.lines.clear();
    let sdp = w.sdp(2900, "sendrecv");
    w.dial_as(2900, Some(sdp), |o| {
        o.dialed = dialed.to_owned();
        o.caller = "119".to_owned();
    });
}

fn rung(w: &mut World) -> Vec<String> {
    let mut names: Vec<String> = invites(w)
        .iter()
        .filter_map(|l| l.split_once(" invite ").map(|(name, _)| name.to_owned()))
        .collect();
    names.sort();
    w.lines.clear();
    names
}

#[test]
fn the_authority_rings_the_terminal_and_after_twenty_seconds_the_reception_group() {
    let mut w = prepared(4);
    with_group(&mut w);
    has_called(&mut w);
    // Whatever it dials: 2003 exists and would be the usual destination.
    authority(&mut w, "2003");
    assert_eq!(rung(&mut w), ["2001"]);
    w.rings("2001");
    w.wait(Micros::millis(19_900));
    assert_eq!(rung(&mut w), Vec::<String>::new());
    w.wait(Micros::millis(200));
    assert_eq!(rung(&mut w), ["2001", "2004", "2005"]);
    w.answers("2005");
    w.agree();
    w.hangs_up("2005");
    let r = w.records.last().expect("a record");
    assert_eq!((r.cause, r.callee_number()), (Cause::NormalClearing, "2005"));
    w.expect_drained();
}

#[test]
fn with_the_terminal_away_the_group_rings_at_once_and_without_both_the_usual_one() {
    let mut w = prepared(4);
    with_group(&mut w);
    has_called(&mut w);
    w.facts.contacts.remove(&device_id(2001, 1));
    authority(&mut w, "2003");
    assert_eq!(rung(&mut w), ["2004", "2005"]);
    w.hangs_up_all();
    w.configure(&[Change::ReceptionPut(Reception::new(TENANT, SITE))]);
    authority(&mut w, "2003");
    assert_eq!(rung(&mut w), ["2003"], "somebody must be reached");
    w.hangs_up_all();
    w.expect_drained();
}

#[test]
fn in_the_window_the_group_stands_in_for_an_empty_destination() {
    let mut w = prepared(4);
    with_group(&mut w);
    has_called(&mut w);
    // Nobody has the number inside: an announcement would be heard.
    comes_in(&mut w, SHOWN);
    assert_eq!(rung(&mut w), ["2001"]);
    w.rings("2001");
    w.wait(Micros::seconds(20));
    assert_eq!(rung(&mut w), ["2001", "2004", "2005"]);
    w.hangs_up_all();
    // Somebody is there, and does not answer: then the group too, and then the box.
    let mut settings = DnSettings::new(TENANT, dn(2002));
    settings.voicemail = true;
    *settings.forward_mut(ForwardKind::NoAnswer) = Forward::on(Destination::Voicemail);
    settings.no_answer_s = 10;
    w.configure(&[Change::DnSettingsPut(settings)]);
    w.lines.clear();
    comes_in(&mut w, "2002");
    assert_eq!(rung(&mut w), ["2001", "2002"]);
    w.rings("2002");
    w.wait(Micros::seconds(10));
    assert_eq!(rung(&mut w), ["2001", "2004", "2005"]);
    w.rings("2004");
    w.wait(Micros::seconds(361));
    assert!(w.lines.iter().any(|l| l.starts_with("2900 answer")), "the box: {:?}", w.lines);
    w.hangs_up_all();
    w.expect_drained();
}

#[test]
fn who_may_be_called_back_outlives_the_node() {
    let mut w = prepared(4);
    w.now.wall = base::Wall(1_782_831_600_000);
    has_called(&mut w);
    let kept = w.kept.iter().filter(|k| matches!(k, Write::CallerPut(_))).count();
    assert_eq!(kept, 2, "when it called, and when that ended");
    let stored = w.control.boxes();
    assert_eq!(stored.callers.len(), 1);
    for (later_s, rings) in [(0, true), (29 * 60, true), (31 * 60, false)] {
        let mut next = prepared(4);
        next.now.wall = base::Wall(w.now.wall.0 + later_s * 1_000);
        next.control.restore_boxes(next.now, stored.clone());
        comes_in(&mut next, "2002");
        let names = rung(&mut next);
        assert_eq!(names.contains(&"2001".to_owned()), rings, "{later_s}: {names:?}");
        next.hangs_up_all();
        authority(&mut next, "2003");
        assert_eq!(rung(&mut next), ["2001"], "{later_s}");
        next.hangs_up_all();
    }
    let mut next = prepared(4);
    next.now.wall = base::Wall(w.now.wall.0 + 24 * 3_600_000);
    next.control.restore_boxes(next.now, stored);
    assert_eq!(next.control.boxes().callers, []);
}

fn holding() -> World {
    let mut w = prepared(1);
    open_only_first(&mut w);
    let gateway = w.facts.snapshot.gateway(FIRST).expect("a gateway").clone();
    w.configure(&[Change::GatewayPut(Gateway { holds_line: true, ..gateway })]);
    w.lines.clear();
    w
}

#[test]
fn an_authority_that_holds_the_line_ends_the_call_itself() {
    let mut w = holding();
    w.dial(2001, "119");
    w.answers("2900");
    w.hangs_up("2001");
    assert!(!w.lines.iter().any(|l| l.starts_with("2900 end")), "{:?}", w.lines);
    assert!(w.told_records().is_empty());
    // The terminal and its number are free; the line is not, not even for another emergency.
    w.lines.clear();
    w.dial(2003, "2001");
    assert_eq!(rung(&mut w), ["2001"]);
    w.hangs_up("2003");
    w.lines.clear();
    w.dial(2004, "110");
    assert_eq!(rung(&mut w), Vec::<String>::new());
    w.hangs_up_all();
    w.expect_drained();
    // The authority clears.
    let mut w = holding();
    w.dial(2001, "119");
    w.answers("2900");
    w.hangs_up("2001");
    w.wait(Micros::seconds(60));
    w.hangs_up("2900");
    let r = w.records.last().expect("a record");
    assert_eq!((r.cause, r.callee_number()), (Cause::NormalClearing, "119"));
    assert!(r.answered_at.is_some());
    w.expect_drained();
    w.wait(Micros::seconds(29 * 60 + 59));
    comes_in(&mut w, "2002");
    assert!(rung(&mut w).contains(&"2001".to_owned()), "counted from when it cleared");
    w.hangs_up_all();
}

#[test]
fn a_line_held_for_an_hour_is_given_up_and_others_hold_none() {
    let mut w = holding();
    w.dial(2001, "119");
    w.answers("2900");
    w.hangs_up("2001");
    w.lines.clear();
    w.wait(Micros::seconds(3_600));
    assert!(w.lines.iter().any(|l| l == "2900 end NormalClearing"), "{:?}", w.lines);
    w.expect_drained();
    // An ordinary call by the same gateway ends at once.
    w.dial(2001, "00312345678");
    w.answers("2900");
    w.lines.clear();
    w.hangs_up("2001");
    assert!(w.lines.iter().any(|l| l == "2900 end NormalClearing"), "{:?}", w.lines);
    // One that nobody has answered yet too.
    w.dial(2001, "119");
    w.rings("2900");
    w.hangs_up("2001");
    w.expect_drained();
}

/// The access line has room for the gateway's leg only.
#[test]
fn a_full_access_line_keeps_no_call_back_from_the_terminal() {
    for caller in ["119", "09011112222"] {
        let mut w = prepared(4);
        w.facts.relay = true;
        has_called(&mut w);
        w.configure(&[site_with(|s| s.access_channels = Some(1))]);
        w.lines.clear();
        let sdp = w.sdp(2900, "sendrecv");
        w.dial_as(2900, Some(sdp), |o| {
            o.dialed = "2002".to_owned();
            o.caller = caller.to_owned();
        });
        let usual = if caller == "119" { &["2001"][..] } else { &["2001", "2002"] };
        assert_eq!(rung(&mut w), usual);
        w.answers("2001");
        w.agree();
        assert_eq!(w.joins(), ["2001 2900", "2900 2001"]);
        w.hangs_up("2900");
        w.expect_drained();
    }
    // Any other call would be one too many.
    let mut w = prepared(4);
    w.facts.relay = true;
    w.configure(&[site_with(|s| s.access_channels = Some(1))]);
    comes_in(&mut w, "2002");
    assert_eq!(rung(&mut w), Vec::<String>::new());
}

/// What the record of the last call tells of a call-back.
fn told(w: &World) -> Vec<String> {
    let last = w.records.last().expect("a record");
    let steps = last.trace.iter().filter(|s| s.code.starts_with("emergency."));
    steps.map(|s| format!("{} {}", s.code, s.args)).collect()
}

#[test]
fn the_record_of_a_call_back_says_who_rings_and_past_what() {
    let mut w = prepared(4);
    with_group(&mut w);
    has_called(&mut w);
    let mut settings = DnSettings::new(TENANT, dn(2001));
    *settings.forward_mut(ForwardKind::All) = Forward::on(Destination::Dn(dn(2003)));
    settings.call_limit = 1;
    w.configure(&[Change::DnSettingsPut(settings), quiet(2001, 1)]);
    w.dial(2001, "2003");
    w.answers("2003");
    authority(&mut w, "2002");
    w.rings("2001");
    w.wait(Micros::seconds(21));
    w.hangs_up("2900");
    assert_eq!(
        told(&w),
        [
            "emergency.call-back official",
            "emergency.past 2001 do-not-disturb",
            "emergency.past 2001 forwards",
            "emergency.past 2001 busy",
            "emergency.back-group 7100",
            "emergency.call-back official",
            "emergency.past 2001 do-not-disturb",
            "emergency.past 2001 forwards",
            "emergency.past 2001 busy",
        ]
    );
    w.hangs_up_all();
    w.configure(&[stopped(2001)]);
    comes_in(&mut w, "2002");
    w.answers("2002");
    w.hangs_up_all();
    let told = told(&w);
    assert_eq!(told[..2], ["emergency.call-back window", "emergency.past 2001 stopped"]);
    w.expect_drained();
}
