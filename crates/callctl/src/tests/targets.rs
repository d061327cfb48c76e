//! Whom one may consult, and what becomes of a consultation when something else comes in between
//! (group G, R286–R290, R312). 2002 is called by 2001 and holds it by `#7`.

use base::{Cause, Micros};
use model::record::Service;
use model::{
    Change, Destination, DnSettings, ForwardKind, HoldAgain, HuntMethod, Outside, ParkSlot,
};

use super::emergency::prepare;
use super::outside::{comes_in, open};
use super::world::{SITE, TENANT, World, department, dn, hunt, pickup, site_with, stopped};
use crate::input::LegEvent;

fn holding() -> World {
    let mut w = World::with_codes();
    w.talk(2001, 2002);
    w.press("2002", "#7");
    w
}

fn consulting() -> World {
    let mut w = holding();
    w.press("2002", "2003#1");
    w.rings("2003");
    w.lines.clear();
    w
}

fn talking() -> World {
    let mut w = consulting();
    w.answers("2003");
    w.agree();
    w.lines.clear();
    w
}

fn forwards(n: u16, kinds: &[(ForwardKind, u16)]) -> Change {
    let mut settings = DnSettings::new(TENANT, dn(n));
    for (kind, to) in kinds {
        settings.forward_mut(*kind).to = Some(Destination::Dn(dn(*to)));
    }
    Change::DnSettingsPut(settings)
}

fn has(w: &World, start: &str) -> bool {
    w.lines.iter().any(|l| l.starts_with(start))
}

fn hears(w: &World, what: &str) -> bool {
    w.joins().iter().any(|j| j == what)
}

/// R286.
#[test]
fn groups_are_consulted() {
    let mut w = holding();
    let group = hunt(&[2005, 2006], |g| g.method = HuntMethod::Priority);
    w.configure(&[department(&[2003, 2004], |_| {}), group]);
    w.press("2002", "7000#1");
    w.refuses("2005", 486);
    w.refuses("2006", 486);
    assert_eq!(w.joins(), ["2001 music", "2002 Busy"], "case 5");
    w.wait(Micros::seconds(5));
    w.lines.clear();
    w.press("2002", "7100#1");
    assert!(has(&w, "2003 invite from 2002") && has(&w, "2004 invite from 2002"));
    w.answers("2004");
    assert!(has(&w, "2003 end NormalClearing elsewhere"), "{:?}", w.lines);
    w.agree();
    w.hangs_up("2002");
    w.agree();
    assert_eq!(w.joins(), ["2001 2004", "2004 2001"]);
    w.hangs_up("2001");
    w.expect_drained();
}

/// R286: 034 is case 5 too, and the held party stays so.
#[test]
fn without_a_channel_for_the_target_the_held_party_stays_held() {
    let mut w = World::with_codes();
    open(&mut w, 1);
    w.configure(&[site_with(|s| s.transfer_outside = Outside::Domestic)]);
    comes_in(&mut w, "2002");
    w.answers("2002");
    w.press("2002", "#700355556666#1");
    assert_eq!(w.joins(), ["2002 Busy", "2900 music"]);
    assert_eq!(w.records[0].cause, Cause::GatewayChannelsExceeded);
    w.wait(Micros::seconds(5));
    assert_eq!(w.joins(), ["2002 SecondDial", "2900 music"]);
    w.hangs_up_all();
}

/// Case 1: the target's own settings go on for who waits.
#[test]
fn the_targets_forward_and_box_take_who_was_left_waiting() {
    let mut w = consulting();
    w.configure(&[forwards(2003, &[(ForwardKind::NoAnswer, 2004)])]);
    w.press("2002", "#7");
    w.press("2002", "#72003#1");
    w.rings("2003");
    w.hangs_up("2002");
    w.lines.clear();
    w.wait(Micros::seconds(20));
    assert!(has(&w, "2004 invite from 2001"), "{:?}", w.lines);
    w.answers("2004");
    w.agree();
    assert_eq!(w.joins(), ["2001 2004", "2004 2001"]);
    w.hangs_up("2001");
    let last = w.records.last().expect("a record");
    assert_eq!((last.caller_number(), last.callee_number()), ("2001", "2004"));
    assert!(last.services.contains(Service::Transfer));
    assert!(last.services.contains(Service::ForwardNoAnswer));
    w.expect_drained();

    let mut w = holding();
    w.give_codes();
    let mut settings = DnSettings::new(TENANT, dn(2003));
    settings.voicemail = true;
    w.configure(&[Change::DnSettingsPut(settings)]);
    w.press("2002", "2003#1");
    w.rings("2003");
    w.hangs_up("2002");
    w.wait(Micros::seconds(20));
    w.agree();
    let joins = w.joins();
    assert!(joins.len() == 1 && joins[0].contains("greeting"), "{joins:?}");
    w.hangs_up("2001");
}

/// R288: the forward is skipped, and the target counts as busy: step 3 of its settings.
#[test]
fn a_skipped_forward_leaves_the_one_when_busy() {
    for (party, kind) in [
        (2001, ForwardKind::All),
        (2001, ForwardKind::Busy),
        (2002, ForwardKind::Busy),
        (2002, ForwardKind::NoAnswer),
    ] {
        let mut w = holding();
        w.configure(&[forwards(2003, &[(kind, party)])]);
        w.press("2002", "2003#1");
        match kind {
            ForwardKind::Busy => w.refuses("2003", 486),
            ForwardKind::NoAnswer => {
                w.rings("2003");
                w.wait(Micros::seconds(20));
            }
            _ => {}
        }
        assert_eq!(w.joins(), ["2001 music", "2002 Busy"], "{kind:?} {party}");
        assert_eq!(w.records[0].cause, Cause::UserBusy);
        assert_eq!(w.records[0].callee_number(), "2003");
    }
    let both = |party| forwards(2003, &[(ForwardKind::All, party), (ForwardKind::Busy, 2004)]);
    let mut w = holding();
    w.configure(&[both(2001)]);
    w.lines.clear();
    w.press("2002", "2003#1");
    assert!(has(&w, "2004 invite from 2002"), "{:?}", w.lines);
    let mut w = World::new();
    w.configure(&[both(2002)]);
    w.talk(2001, 2002);
    w.refers("2002", "2003", None);
    assert!(has(&w, "2004 invite from 2001"), "{:?}", w.lines);
    w.hangs_up_all();
    w.expect_drained();
}

/// R258 goes before R288: a secretary consults the one whose calls it takes.
#[test]
fn a_secretary_consults_the_one_whose_calls_it_takes() {
    let mut w = holding();
    w.configure(&[forwards(2003, &[(ForwardKind::All, 2002)])]);
    w.lines.clear();
    w.press("2002", "2003#1");
    assert!(has(&w, "2003 invite from 2002"), "{:?}", w.lines);
}

/// J32 and R299 in a consultation.
#[test]
fn a_consultation_with_an_authority_that_does_not_answer_is_no_transfer() {
    let mut w = holding();
    w.press("2002", "110");
    assert_eq!(w.joins(), ["2001 music", "2002 no-emergency-line"]);

    let mut w = prepare(World::with_codes(), 4);
    w.talk(2003, 2001);
    w.press("2001", "#7119");
    w.rings("2900");
    w.lines.clear();
    w.hangs_up("2001");
    assert!(has(&w, "2900 end CallerCancelled"), "{:?}", w.lines);
    assert!(has(&w, "2001 invite from 2003"), "{:?}", w.lines);
    assert!(hears(&w, "2003 music"));
    w.hangs_up_all();
    w.expect_drained();
}

/// R312: what stands ends as in group G, and nothing new begins.
#[test]
fn a_stopped_holder_consults_nobody_and_keeps_what_stands() {
    let mut w = holding();
    w.facts.announcements = true;
    w.configure(&[stopped(2002)]);
    w.lines.clear();
    w.press("2002", "2003#1");
    assert!(!has(&w, "2003 invite"), "{:?}", w.lines);
    assert_eq!(w.joins(), ["2001 music", "2002 Error"]);
    assert_eq!(w.records[0].cause, Cause::FeatureNotPermitted);
    w.press("2002", "#7");
    assert_eq!(w.joins(), ["2001 2002", "2002 2001"]);

    for answered in [false, true] {
        let mut w = if answered { talking() } else { consulting() };
        w.configure(&[stopped(2002)]);
        w.hangs_up("2002");
        if !answered {
            w.answers("2003");
        }
        w.agree();
        assert_eq!(w.joins(), ["2001 2003", "2003 2001"], "{answered}");
        w.hangs_up("2001");
        w.expect_drained();
    }
}

/// R083, R247: each press reads the newest setting.
#[test]
fn the_hold_code_follows_the_setting_of_the_moment() {
    let dropping = || site_with(|s| s.hold_again = HoldAgain::Drop);
    let mut w = talking();
    w.configure(&[dropping()]);
    w.press("2002", "#7");
    w.agree();
    assert_eq!(w.joins(), ["2001 2002", "2002 2001"], "dropped");
    // With the first party at the ear there is nothing to come back from.
    let mut w = talking();
    w.press("2002", "#7");
    w.agree();
    w.configure(&[dropping()]);
    w.press("2002", "#7");
    w.agree();
    assert_eq!(w.joins(), ["2001 music", "2002 2003", "2003 2002"]);
    w.press("2002", "#7");
    w.agree();
    assert_eq!(w.joins(), ["2001 2002", "2002 2001"]);
}

/// Case 7: a lost leg is no hanging up, so nobody is parked by it.
#[test]
fn a_holder_who_is_lost_at_a_slot_is_called_back() {
    let mut w = holding();
    w.press("2002", "#5#1");
    w.lines.clear();
    let leg = w.leg("2002");
    w.event(leg, LegEvent::Ended { cause: Cause::MediaTimeout, by_far_end: false });
    assert!(has(&w, "2002 invite from 2001"), "{:?}", w.lines);
    w.dial(2003, "7801");
    assert_eq!(w.records.last().map(|r| r.cause), Some(Cause::ParkNone));
    w.hangs_up_all();
    w.expect_drained();
}

#[test]
fn services_of_two_kinds_do_not_mix() {
    // REFER and Replaces while somebody is held by code.
    let mut w = talking();
    w.refers("2002", "2004", None);
    assert!(has(&w, "2002 refer-refuse 491"), "{:?}", w.lines);
    let replaced = w.leg("2002");
    let sdp = w.sdp(2004, "sendrecv");
    w.dial_as(2004, Some(sdp), |o| o.replaces = Some(replaced));
    assert!(has(&w, "2004 refuse PickupNone"), "{:?}", w.lines);
    assert_eq!(w.joins(), ["2001 music", "2002 2003", "2003 2002"]);
    // Codes while a transfer is under way.
    let mut w = World::with_codes();
    w.talk(2001, 2002);
    w.refers("2002", "2003", None);
    for keys in ["#7", "#5"] {
        w.press("2001", keys);
        assert!(hears(&w, "2001 Error"), "{keys} {:?}", w.joins());
        w.heard_out("2001");
    }
    w.answers("2003");
    w.agree();
    assert_eq!(w.joins(), ["2001 2003", "2003 2001"]);
    w.hangs_up("2001");
    w.expect_drained();
}

/// R266: a consultation and a recall have rung since they ring, not since their call first did.
#[test]
fn of_an_older_call_what_rings_now_is_not_the_oldest() {
    for recall in [false, true] {
        let mut w = World::with_codes();
        w.configure(&[pickup(1, &[2002, 2003, 2005, 2006])]);
        w.talk(2001, 2002);
        if recall {
            w.press("2002", "#5");
            w.wait(Micros::seconds(80));
        }
        w.dial(2004, "2005");
        w.rings("2005");
        w.wait(Micros::seconds(10));
        match recall {
            true => w.rings("2002"),
            false => {
                w.press("2002", "#72003#1");
                w.rings("2003");
            }
        }
        w.dial(2006, "*55");
        w.agree();
        assert!(hears(&w, "2006 2004"), "{recall}: {:?}", w.joins());
        w.hangs_up_all();
    }
}

/// R250: a parked call does not count for its party, a retrieved one does.
#[test]
fn who_is_parked_may_be_called() {
    let mut w = World::with_codes();
    let settings = DnSettings { call_limit: 1, ..DnSettings::new(TENANT, dn(2001)) };
    w.configure(&[Change::DnSettingsPut(settings)]);
    w.talk(2001, 2002);
    w.dial(2004, "2001");
    assert_eq!(w.records[0].cause, Cause::UserBusy, "in a call");
    w.press("2002", "#5");
    w.lines.clear();
    w.dial(2003, "2001");
    assert!(has(&w, "2001 invite from 2003"), "{:?}", w.lines);
    w.hangs_up("2003");
    w.dial(2003, "7801");
    w.agree();
    w.dial(2004, "2001");
    assert_eq!(w.records.last().map(|r| r.cause), Some(Cause::UserBusy), "in a call again");
    w.hangs_up("2003");
    w.expect_drained();
}

/// R290: all terminals of the number; R293: only the one that parked.
#[test]
fn which_terminals_are_called_back() {
    let mut w = World::with_codes();
    w.talk(2001, 2008);
    w.press("2008", "#7");
    w.hangs_up("2008");
    assert!(has(&w, "2008 invite from 2001") && has(&w, "2008.2 invite from 2001"));
    w.rings("2008");
    w.lines.clear();
    w.refuses("2008", 480);
    w.refuses("2008.2", 486);
    let end = "2001>2008 RingTimeout unanswered transferred 2008";
    assert_eq!(w.told_records(), [end], "it rang in vain, and is not tried again");
    w.expect_drained();

    let mut w = World::with_codes();
    w.facts.announcements = true;
    w.talk(2001, 2008);
    w.refers("2008", "#5", None);
    assert!(has(&w, "2008 invite from 7801") && !has(&w, "2008.2 invite"), "{:?}", w.lines);
    w.hangs_up_all();
}

#[test]
fn the_referrer_is_told_once_that_it_rings() {
    let mut w = World::new();
    w.talk(2001, 2002);
    w.refers("2002", "2008", None);
    w.rings("2008");
    w.rings("2008.2");
    let told = w.lines.iter().filter(|l| *l == "2002 refer 180");
    assert_eq!(told.count(), 1, "{:?}", w.lines);
}

/// Park, point 5: with an overflow it is not parked again.
#[test]
fn the_overflow_comes_after_the_first_recall_in_vain() {
    let mut w = World::with_codes();
    w.configure(&[site_with(|s| s.park_overflow = Some(Destination::Dn(dn(2005))))]);
    w.talk(2001, 2002);
    w.press("2002", "#5");
    w.wait(Micros::seconds(90));
    w.rings("2002");
    w.lines.clear();
    w.wait(Micros::seconds(30));
    assert!(has(&w, "2002 end RingTimeout") && has(&w, "2005 invite from 2001"), "{:?}", w.lines);
    w.rings("2005");
    assert!(hears(&w, "2001 Ringback"));
    w.refuses("2005", 486);
    assert_eq!(w.records.last().map(|r| r.cause), Some(Cause::UserBusy));
    w.expect_drained();
}

/// The lowest slot that is free, whatever was used last.
#[test]
fn the_lowest_slot_is_taken_again() {
    let mut w = World::with_codes();
    let slot = |n| Change::ParkSlotPut(ParkSlot { tenant: TENANT, dn: dn(n), site: SITE });
    w.configure(&[slot(7803)]);
    let parked = |w: &World| [7801, 7802, 7803].map(|n| w.lamp(n).len());
    w.talk(2001, 2002);
    w.press("2002", "#5");
    w.talk(2003, 2004);
    w.press("2004", "#5");
    assert_eq!(parked(&w), [1, 1, 0]);
    w.hangs_up("2001");
    w.talk(2005, 2006);
    w.press("2006", "#5");
    assert_eq!(parked(&w), [1, 1, 0]);
}
