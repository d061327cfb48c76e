//! 110, 118 and 119: ways out, room that is made, what is off during the call, call-backs.

use base::id::{GatewayId, Uuid};
use base::{Cause, Micros};
use model::{
    Change, Destination, Device, DnSettings, EmergencyRoute, Forward, ForwardKind, Gateway,
    GatewayKind, Tones, UserState,
};

use super::outside::{codes, comes_in, open};
use super::world::{
    SITE, TENANT, World, device, device_id, dn, path, pickup, quiet, site_with, stopped,
};
use crate::input::{LegEvent, Refused};
use crate::view::Contact;
use crate::whatif::{Ending, Question};

/// The number of the first line of the site.
pub(super) const SHOWN: &str = "0311110000";

pub(super) const FIRST: GatewayId = GatewayId(Uuid(0x6_0000));
const SECOND: GatewayId = GatewayId(Uuid(0x6_0001));

fn number(text: &str) -> base::Dn {
    base::Dn::parse(text).expect("digits")
}

/// Gateway 2910 of prefix 8 with one channel, registered.
fn open_second(w: &mut World) {
    let account = device_id(2910, 1);
    let gateway = Gateway {
        id: SECOND,
        tenant: TENANT,
        site: SITE,
        name: "GW 2".into(),
        kind: GatewayKind::Sip,
        prefix: "8".into(),
        channels: 1,
        account: Some(account),
        holds_line: false,
    };
    let box_of = Device { user: None, ..device(2910, 1) };
    w.configure(&[Change::DevicePut(box_of), Change::GatewayPut(gateway)]);
    w.facts.contacts.insert(account, vec![Contact { id: 29_101, path: path(2910) }]);
}

pub(super) fn first() -> EmergencyRoute {
    EmergencyRoute { gateway: FIRST, shown: number(SHOWN), back: Some(dn(2002)) }
}

/// Both gateways are ways out: 2900 with so many channels, then 2910 with one.
pub(super) fn prepared(channels: u16) -> World {
    prepare(World::new(), channels)
}

pub(super) fn prepare(mut w: World, channels: u16) -> World {
    open(&mut w, channels);
    open_second(&mut w);
    let second = EmergencyRoute { gateway: SECOND, shown: number("0322220000"), back: None };
    let site = w.facts.snapshot.site(SITE).expect("a site").clone();
    let routes = [first(), second].into();
    w.configure(&[Change::SitePut(model::Site { emergency: routes, ..site })]);
    w.lines.clear();
    w
}

/// The lines that are INVITEs.
pub(super) fn invites(w: &World) -> Vec<String> {
    w.lines.iter().filter(|l| l.contains(" invite ")).cloned().collect()
}

#[track_caller]
fn calls_authority(w: &World, gateway: &str, number: &str) {
    let begins = format!("{gateway} invite {number} from ");
    assert!(w.lines.iter().any(|l| l.starts_with(&begins)), "{:?}", w.lines);
}

#[test]
fn emergency_numbers_reach_the_gateway_with_the_number_of_the_line() {
    for dialed in ["110", "118", "119", "0119", "184119", "0184119", "1840119", "186110", "8118"] {
        let mut w = prepared(4);
        w.dial(2001, dialed);
        let number = &dialed[dialed.len() - 3..];
        let expected = format!("2900 invite {number} from {SHOWN} 10.0.0.1:16384 sendrecv");
        assert_eq!(w.lines, [expected], "{dialed}: without 184, and never hidden (J34)");
        w.rings("2900");
        w.answers("2900");
        w.hangs_up("2001");
        let r = w.records.last().expect("a record");
        assert_eq!(
            (&*r.dialed, r.callee_number(), r.cause),
            (dialed, number, Cause::NormalClearing)
        );
        let steps = ["emergency.gateway", "ring.begin", "media.path", "answer.outside"];
        assert_eq!(codes(&w), steps);
        w.expect_drained();
    }
}

#[test]
fn everybody_may_call_logged_in_or_not_stopped_or_at_the_limit() {
    // Nobody is logged in.
    let mut w = prepared(4);
    w.dial(2999, "0119");
    calls_authority(&w, "2900", "119");
    // The person is stopped.
    let mut w = prepared(4);
    w.configure(&[stopped(2001)]);
    w.dial(2001, "110");
    calls_authority(&w, "2900", "110");
    // The number has as many calls as it may have.
    let mut w = prepared(4);
    let mut settings = DnSettings::new(TENANT, dn(2001));
    settings.call_limit = 1;
    settings.toll = Some(model::TollClass::Internal);
    w.configure(&[Change::DnSettingsPut(settings)]);
    w.talk(2001, 2003);
    w.dial(2001, "118");
    calls_authority(&w, "2900", "118");
    w.hangs_up_all();
    w.expect_drained();
}

#[test]
fn without_a_way_out_the_telephone_is_told_to_use_another() {
    let mut w = World::new();
    open(&mut w, 4);
    w.dial(2001, "119");
    // Even where announcements are off (J32).
    assert_eq!(w.lines, ["2001 progress 183 10.0.0.1:16384 sendrecv"]);
    assert_eq!(w.joins(), ["2001 no-emergency-line"]);
    w.play_over();
    assert_eq!(codes(&w), ["outside.emergency", "announce"]);
    assert_eq!(w.records[0].cause, Cause::UnallocatedNumber);
    w.expect_drained();
}

#[test]
fn only_who_dials_it_gets_there() {
    // A forward.
    let mut w = prepared(4);
    w.configure(&[site_with(|s| {
        s.forward_outside = model::Outside::Allowed;
        s.emergency = [first()].into();
    })]);
    let mut settings = DnSettings::new(TENANT, dn(2003));
    let to = Destination::outside("0119").expect("digits");
    *settings.forward_mut(ForwardKind::All) = Forward::on(to);
    w.configure(&[Change::DnSettingsPut(settings)]);
    w.dial(2001, "2003");
    assert_eq!(w.records[0].cause, Cause::UnallocatedNumber);
    // A transfer by a telephone.
    w.talk(2001, 2004);
    w.refers("2004", "119", None);
    assert_eq!(invites(&w), Vec::<String>::new());
    // A caller from outside.
    comes_in(&mut w, "119");
    assert_eq!(invites(&w), Vec::<String>::new());
}

#[test]
fn the_first_line_with_a_free_channel_is_taken() {
    let mut w = prepared(1);
    w.dial(2003, "00355556666");
    w.answers("2900");
    w.lines.clear();
    w.dial(2001, "119");
    assert_eq!(invites(&w).len(), 1);
    calls_authority(&w, "2910", "119");
    // A gateway that is not registered is passed over.
    let mut w = prepared(4);
    w.facts.contacts.remove(&device_id(2900, 1));
    w.dial(2001, "119");
    calls_authority(&w, "2910", "119");
    assert_eq!(codes_of_running(&mut w), ["emergency.unregistered", "emergency.gateway"]);
}

/// Steps of the only call, up to its ringing.
fn codes_of_running(w: &mut World) -> Vec<String> {
    w.hangs_up("2001");
    codes(w).into_iter().take_while(|c| c != "ring.begin").collect()
}

#[test]
fn a_full_gateway_loses_the_youngest_call_that_rings() {
    let mut w = prepared(2);
    open_only_first(&mut w);
    w.dial(2003, "00355556666");
    w.rings("2900");
    w.answers("2900");
    w.dial(2004, "00355557777");
    w.rings("2900");
    w.lines.clear();
    w.dial(2001, "119");
    let lines = w.lines.clone();
    let ended = lines.iter().position(|l| l == "2900 end Preempted").expect("an end");
    let called = lines.iter().position(|l| l.starts_with("2900 invite 119")).expect("a call");
    assert!(ended < called, "{lines:?}");
    assert_eq!(w.told_records(), ["2004>0355557777 Preempted unanswered"]);
    assert!(lines.iter().any(|l| l == "2004 refuse Preempted"), "{lines:?}");
    let c = Cause::Preempted;
    assert_eq!((c.compatible(), c.q850()), (42, 8));
    w.answers("2900");
    w.hangs_up("2001");
    w.hangs_up("2003");
    w.expect_drained();
}

/// Only the first gateway is a way out.
pub(super) fn open_only_first(w: &mut World) {
    w.configure(&[site_with(|s| s.emergency = [first()].into())]);
    w.lines.clear();
}

#[test]
fn with_nothing_ringing_the_youngest_answered_one_ends_and_its_party_is_told() {
    let mut w = prepared(2);
    w.facts.announcements = true;
    open_only_first(&mut w);
    for caller in [2003, 2004] {
        w.dial(caller, "00355556666");
        w.answers("2900");
    }
    w.lines.clear();
    w.dial(2001, "119");
    assert_eq!(w.told_records(), ["2004>0355556666 Preempted answered"]);
    assert!(w.joins().contains(&"2004 line-preempted".to_owned()), "{:?}", w.joins());
    w.wait(Micros::seconds(5));
    assert!(w.lines.iter().any(|l| l == "2004 end Preempted"), "at most 5 s: {:?}", w.lines);
    assert_eq!(w.told_records(), Vec::<String>::new(), "there is one record");
    w.hangs_up_all();
    w.expect_drained();
}

#[test]
fn a_call_from_outside_makes_room_too_but_no_emergency_call_does() {
    let mut w = prepared(1);
    open_only_first(&mut w);
    comes_in(&mut w, "2003");
    w.rings("2003");
    w.lines.clear();
    w.dial(2001, "119");
    assert!(w.lines.iter().any(|l| l == "2900 refuse Preempted"), "{:?}", w.lines);
    calls_authority(&w, "2900", "119");
    w.lines.clear();
    // Another one finds only the first emergency call.
    w.dial(2004, "110");
    assert_eq!(invites(&w), Vec::<String>::new());
    assert_eq!(w.joins().iter().filter(|j| *j == "2004 no-emergency-line").count(), 1);
    w.play_over();
    let r = w.records.last().expect("a record");
    assert_eq!((r.caller_number(), r.cause), ("2004", Cause::GatewayChannelsExceeded));
    w.hangs_up_all();
    w.expect_drained();
}

#[test]
fn a_line_without_channel_is_tried_three_times_more_and_then_the_next() {
    let mut w = prepared(4);
    w.dial(2001, "119");
    for _ in 0..3 {
        w.refuses("2900", 503);
        w.lines.clear();
        w.wait(Micros::millis(499));
        assert_eq!(invites(&w), Vec::<String>::new());
        w.wait(Micros::millis(1));
        calls_authority(&w, "2900", "119");
    }
    w.lines.clear();
    let leg = w.leg("2900");
    let refused = Refused { status: 480, q850: Some(34), unreachable: false };
    w.event(leg, LegEvent::Refused(refused));
    assert!(w.lines.iter().any(|l| l.starts_with("2910 invite 119 from 0322220000")));
    w.answers("2910");
    w.hangs_up("2001");
    let again = codes(&w).into_iter().filter(|c| c == "emergency.again").count();
    assert_eq!(again, 3);
    w.expect_drained();
}

#[test]
fn a_line_that_fails_otherwise_is_left_at_once() {
    for fails in [|w: &mut World| w.refuses("2900", 404), |w: &mut World| w.unreachable("2900")] {
        let mut w = prepared(4);
        w.dial(2001, "119");
        w.lines.clear();
        fails(&mut w);
        calls_authority(&w, "2910", "119");
        w.lines.clear();
        w.refuses("2910", 404);
        assert_eq!(w.joins(), ["2001 no-emergency-line"]);
        w.hangs_up_all();
        w.expect_drained();
    }
}

#[test]
fn codes_transfer_and_music_are_off_during_the_call() {
    let mut w = prepare(World::with_codes(), 4);
    w.give_codes();
    w.configure(&[site_with(|s| {
        s.emergency = [first()].into();
        s.tones = Tones::Mute;
    })]);
    w.dial(2001, "119");
    w.answers("2900");
    w.agree();
    w.lines.clear();
    w.press("2001", "#7_#5__");
    assert_eq!(w.joins(), ["2001 2900", "2900 2001"], "neither held nor parked");
    let passes = w.wants.values().find(|want| w.media_name(want.leg) == "2001").expect("a leg");
    assert_eq!(passes.dtmf_to_peer, mediactl::DtmfToPeer::Pass, "tones reach the authority");
    w.lines.clear();
    w.refers("2001", "2003", None);
    w.expect(&["2001 refer-refuse 403"]);
    w.offers("2001", "sendonly");
    w.agree();
    assert_eq!(w.joins(), ["2001 -", "2900 -"], "no music");
    w.offers("2001", "sendrecv");
    w.agree();
    // No call waiting.
    w.lines.clear();
    w.dial(2003, "2001");
    assert!(w.lines.iter().any(|l| l == "2003 refuse UserBusy"), "{:?}", w.lines);
    w.hangs_up("2001");
    w.dial(2003, "2001");
    assert!(w.lines.iter().any(|l| l.starts_with("2001 invite")), "{:?}", w.lines);
}

#[test]
fn an_emergency_call_while_somebody_is_held_is_no_transfer() {
    let mut w = prepare(World::with_codes(), 4);
    w.talk(2003, 2001);
    w.press("2001", "#7");
    w.press("2001", "119");
    calls_authority(&w, "2900", "119");
    w.rings("2900");
    w.answers("2900");
    w.agree();
    w.press("2001", "#7");
    assert!(w.joins().contains(&"2001 2900".to_owned()), "codes are off: {:?}", w.joins());
    w.lines.clear();
    w.hangs_up("2001");
    assert!(w.lines.iter().any(|l| l == "2900 end NormalClearing"), "{:?}", w.lines);
    assert!(w.lines.iter().any(|l| l.starts_with("2001 invite from 2003")), "{:?}", w.lines);
    w.answers("2001");
    w.agree();
    assert_eq!(w.joins().len(), 2);
    w.hangs_up_all();
    w.expect_drained();
}

/// 2001 has called the fire brigade by 2900, which has hung up.
pub(super) fn has_called(w: &mut World) {
    w.dial(2001, "119");
    w.answers("2900");
    w.hangs_up("2900");
    w.lines.clear();
}

#[test]
fn a_call_back_rings_the_terminal_past_everything_and_the_usual_destination_too() {
    let mut w = prepared(4);
    has_called(&mut w);
    let mut settings = DnSettings::new(TENANT, dn(2001));
    let away = Forward::on(Destination::Dn(dn(2005)));
    *settings.forward_mut(ForwardKind::All) = away;
    w.configure(&[Change::DnSettingsPut(settings), quiet(2001, 1), pickup(1, &[2001, 2002, 2003])]);
    w.lines.clear();
    // The gateway dials 2002 inside for the number that was shown.
    comes_in(&mut w, "2002");
    let called = invites(&w);
    assert_eq!(called.len(), 2, "{called:?}");
    assert!(called.iter().any(|l| l.starts_with("2001 invite from 09011112222")));
    // It is never offered to others (R265).
    let ringing = [w.leg("2001"), w.leg("2002")];
    for dialed in ["*55", "*552001", "*552002", "*561"] {
        w.lines.clear();
        w.dial(2003, dialed);
        assert!(w.lines.iter().any(|l| l == "2003 refuse PickupNone"), "{dialed} {:?}", w.lines);
    }
    for leg in ringing {
        w.lines.clear();
        let sdp = w.sdp(2003, "sendrecv");
        w.dial_as(2003, Some(sdp), |o| o.replaces = Some(leg));
        assert!(w.lines.iter().any(|l| l == "2003 refuse PickupNone"), "{:?}", w.lines);
    }
    w.lines.clear();
    w.answers("2001");
    assert!(w.lines.iter().any(|l| l == "2002 end NormalClearing elsewhere"), "{:?}", w.lines);
    w.hangs_up("2001");
    assert!(codes(&w).contains(&"emergency.call-back".to_owned()));
    w.expect_drained();
}

#[test]
fn where_nobody_rings_the_terminal_rings_first() {
    let mut w = prepared(4);
    has_called(&mut w);
    let mut settings = DnSettings::new(TENANT, dn(2002));
    settings.voicemail = true;
    *settings.forward_mut(ForwardKind::All) = Forward::on(Destination::Voicemail);
    w.configure(&[Change::DnSettingsPut(settings)]);
    w.lines.clear();
    comes_in(&mut w, SHOWN);
    // Nobody has that number inside, so it would be refused.
    assert_eq!(invites(&w).len(), 1);
    w.answers("2001");
    w.hangs_up("2001");
    w.lines.clear();
    comes_in(&mut w, "2002");
    assert_eq!(invites(&w).len(), 1);
    w.rings("2001");
    w.wait(Micros::seconds(20));
    assert!(w.lines.iter().any(|l| l.starts_with("2900 answer")), "the box: {:?}", w.lines);
    w.hangs_up_all();
    w.expect_drained();
}

#[test]
fn the_window_is_thirty_minutes_and_a_day_for_the_authority_itself() {
    let mut w = prepared(4);
    has_called(&mut w);
    w.wait(Micros::seconds(30 * 60));
    comes_in(&mut w, "2002");
    assert_eq!(invites(&w).len(), 1, "only the usual destination");
    w.hangs_up_all();
    w.lines.clear();
    let authority = |w: &mut World| {
        let sdp = w.sdp(2900, "sendrecv");
        w.dial_as(2900, Some(sdp), |o| {
            o.dialed = "2003".to_owned();
            o.caller = "119".to_owned();
        });
    };
    authority(&mut w);
    let called = invites(&w);
    assert_eq!(called.len(), 1, "only the terminal that called: {called:?}");
    assert!(called[0].starts_with("2001 invite"), "{called:?}");
    w.hangs_up_all();
    w.lines.clear();
    w.wait(Micros::seconds(24 * 3_600));
    authority(&mut w);
    assert!(invites(&w).iter().all(|l| l.starts_with("2003 ")), "{:?}", invites(&w));
    w.hangs_up_all();
}

#[test]
fn a_call_back_comes_in_over_a_full_gateway_and_is_not_ended_for_another() {
    let mut w = prepared(1);
    open_only_first(&mut w);
    has_called(&mut w);
    w.dial(2003, "00355556666");
    w.answers("2900");
    w.lines.clear();
    comes_in(&mut w, "2002");
    assert!(invites(&w).iter().any(|l| l.starts_with("2001 invite")), "{:?}", w.lines);
    w.hangs_up("2003");
    w.lines.clear();
    w.dial(2004, "110");
    assert_eq!(invites(&w), Vec::<String>::new(), "only the call-back is left");
    w.hangs_up_all();
    w.expect_drained();
}

/// In the pause before a line is tried again the call is no ordinary one (J33).
#[test]
fn who_tries_a_line_again_is_not_ended_for_another_who_calls_for_help() {
    let mut w = prepared(4);
    let site = w.facts.snapshot.site(SITE).expect("a site").clone();
    w.configure(&[Change::SitePut(model::Site { access_channels: Some(1), ..site })]);
    w.dial(2001, "119");
    w.refuses("2900", 503);
    w.lines.clear();
    w.dial(2003, "110");
    calls_authority(&w, "2900", "110");
    assert!(w.records.is_empty(), "{:?}", w.told_records());
    w.lines.clear();
    w.wait(Micros::millis(500));
    calls_authority(&w, "2900", "119");
    w.hangs_up_all();
    w.expect_drained();
}

/// Nobody has the number that is called back, so the call would have been refused.
#[test]
fn what_was_decided_of_a_call_back_is_not_what_became_of_whom_the_terminal_consults() {
    let mut w = World::new();
    w.give_codes();
    let mut w = prepare(w, 4);
    w.configure(&super::world::with_codes()[1..]);
    has_called(&mut w);
    comes_in(&mut w, SHOWN);
    w.answers("2001");
    w.press("2001", "#72003#1");
    w.refuses("2003", 603);
    let r = w.records.last().expect("a record");
    assert_eq!((r.callee_number(), r.cause), ("2003", Cause::UserRejected));
    w.hangs_up_all();
    w.expect_drained();
}

#[test]
fn the_explanation_shows_the_way_out() {
    let mut w = prepared(1);
    w.configure(&[stopped(2001)]);
    assert_eq!(
        w.facts.snapshot.user_by_dn(TENANT, dn(2001)).map(|u| u.state),
        Some(UserState::Stopped)
    );
    let explained = |w: &World| {
        let asked = Question { tenant: TENANT, from: dn(2001).into(), to: "0119", answers: &[] };
        let told = w.control.explain(w.now, &asked, &w.facts);
        let steps = told.steps.into_iter().flat_map(|s| s.steps);
        (steps.map(|s| s.code.to_string()).collect::<Vec<_>>(), told.ending)
    };
    let (steps, ending) = explained(&w);
    let both = ["emergency.gateway", "ring.begin", "emergency.gateway", "ring.begin"];
    assert_eq!(steps, [&both[..], &["outside.emergency"]].concat());
    assert_eq!(ending, Ending::Refused(Cause::RingTimeout));
    w.dial(2003, "00355556666");
    open_only_first(&mut w);
    let (steps, _) = explained(&w);
    assert_eq!(steps[..2], ["emergency.preempts", "emergency.gateway"]);
}
