//! Parties outside: gateway 2900 of prefix 0, numbers behind it, and what they may.

use base::id::{GatewayId, Uuid};
use base::{Cause, Micros};
use mediactl::{DtmfToPeer, Event};
use model::record::Service;
use model::{
    Change, Destination, Device, DnSettings, Forward, ForwardKind, Gateway, GatewayKind, Outside,
    Tones,
};

use super::world::{TENANT, World, device, device_id, dn, door_phone, path, pickup, site_with};
use crate::input::{LegEvent, Refused};
use crate::view::Contact;
use crate::whatif::{Answer, Ending, Question};

const OUTSIDE: &str = "0312345678";

/// A gateway with so many channels, registered.
pub(super) fn open(w: &mut World, channels: u16) {
    let account = device_id(2900, 1);
    let site = w.facts.snapshot.sites(TENANT).next().expect("a site").id;
    let gateway = Gateway {
        id: GatewayId(Uuid(0x6_0000)),
        tenant: TENANT,
        site,
        name: "GW".into(),
        kind: GatewayKind::Sip,
        prefix: "0".into(),
        channels,
        account: Some(account),
        holds_line: false,
    };
    let box_of = Device { user: None, ..device(2900, 1) };
    w.configure(&[Change::DevicePut(box_of), Change::GatewayPut(gateway)]);
    w.facts.contacts.insert(account, vec![Contact { id: 29_001, path: path(2900) }]);
}

fn gateway() -> World {
    let mut w = World::new();
    open(&mut w, 4);
    w
}

/// The same, with codes of calls.
fn with_codes() -> World {
    let mut w = World::with_codes();
    open(&mut w, 4);
    w
}

/// 2001 has dialled outside, and is answered.
fn out(w: &mut World) {
    w.dial(2001, &format!("0{OUTSIDE}"));
    w.rings("2900");
    w.answers("2900");
    w.lines.clear();
}

/// Somebody outside calls `dialed`.
pub(super) fn comes_in(w: &mut World, dialed: &str) {
    let sdp = w.sdp(2900, "sendrecv");
    w.dial_as(2900, Some(sdp), |o| {
        o.dialed = dialed.to_owned();
        o.caller = "09011112222".to_owned();
    });
}

pub(super) fn codes(w: &World) -> Vec<String> {
    let last = w.records.last().expect("a record");
    last.trace.iter().map(|s| &*s.code).filter(|c| *c != "decided").map(str::to_owned).collect()
}

fn tones(w: &World, name: &str) -> DtmfToPeer {
    let mut legs = w.wants.values().filter(|want| w.media_name(want.leg) == name);
    legs.next().expect("a media leg").dtmf_to_peer
}

fn passed(w: &mut World) -> String {
    let lines = std::mem::take(&mut w.lines);
    let digits = lines.iter().filter_map(|l| l.strip_prefix("digit 2900 "));
    digits.filter_map(|l| l.chars().next()).collect()
}

#[test]
fn a_number_behind_the_prefix_is_called_by_the_gateway() {
    let mut w = gateway();
    w.dial(2001, &format!("0{OUTSIDE}"));
    w.expect(&["2900 invite 0312345678 from 2001 10.0.0.1:16384 sendrecv"]);
    w.rings("2900");
    w.expect(&["2001 progress 180 -"]);
    w.answers("2900");
    w.expect(&["2001 answer 10.0.0.1:16386 sendrecv"]);
    assert_eq!(w.joins(), ["2001 2900", "2900 2001"]);
    w.hangs_up("2900");
    w.expect(&[
        "record 2001>0312345678 NormalClearing answered by 0312345678",
        "2001 end NormalClearing",
    ]);
    let r = &w.records[0];
    assert_eq!((&*r.dialed, r.callee_number()), ("00312345678", OUTSIDE));
    assert!(r.callee.as_ref().is_some_and(|c| c.dn.is_none() && c.user.is_none()));
    assert_eq!(codes(&w), ["outside.gateway", "ring.begin", "media.path", "answer.outside"]);
    w.expect_drained();
}

#[test]
fn early_media_of_the_gateway_passes() {
    let mut w = gateway();
    w.dial(2001, &format!("0{OUTSIDE}"));
    let leg = w.leg("2900");
    let sdp = w.sdp(2900, "sendrecv");
    w.lines.clear();
    w.event(leg, LegEvent::Progress { status: 183, sdp: Some(sdp) });
    w.expect(&["2001 progress 183 10.0.0.1:16386 sendrecv"]);
    assert_eq!(w.joins(), ["2001 2900", "2900 2001"]);
}

#[test]
fn every_leg_takes_a_channel_and_frees_it() {
    let mut w = World::new();
    open(&mut w, 2);
    w.dial(2001, &format!("0{OUTSIDE}"));
    comes_in(&mut w, "2003");
    w.lines.clear();
    w.dial(2002, &format!("0{OUTSIDE}"));
    w.expect(&[
        "record 2002>0312345678 GatewayChannelsExceeded unanswered",
        "2002 refuse GatewayChannelsExceeded",
    ]);
    assert_eq!(codes(&w), ["outside.gateway", "outside.channels"]);
    comes_in(&mut w, "2004");
    w.expect(&[
        "record 09011112222>- GatewayChannelsExceeded unanswered",
        "2900 refuse GatewayChannelsExceeded",
    ]);
    w.refuses("2003", 486);
    w.lines.clear();
    w.dial(2002, &format!("0{OUTSIDE}"));
    assert!(w.lines[0].starts_with("2900 invite"), "{:?}", w.lines);
    w.hangs_up_all();
    w.expect_drained();
}

#[test]
fn a_gateway_that_is_not_registered_is_a_failure_upstream() {
    let mut w = gateway();
    w.facts.contacts.remove(&device_id(2900, 1));
    w.dial(2001, &format!("0{OUTSIDE}"));
    w.expect(&["record 2001>0312345678 UpstreamFailure unanswered", "2001 refuse UpstreamFailure"]);
    assert_eq!(codes(&w), ["outside.gateway", "outside.unregistered"]);
}

#[test]
fn answers_from_outside_mean_what_the_table_says() {
    let end = |rings: bool, status: u16, q850: Option<u8>| {
        let mut w = gateway();
        w.dial(2001, &format!("0{OUTSIDE}"));
        if rings {
            w.rings("2900");
        }
        let leg = w.leg("2900");
        let refused = Refused { status, q850, unreachable: status == 0 };
        w.event(leg, LegEvent::Refused(refused));
        let cause = w.records.last().expect("a record").cause;
        w.hangs_up_all();
        w.expect_drained();
        cause
    };
    for (rings, status, q850, cause) in [
        (false, 404, None, Cause::UnallocatedNumber),
        (false, 604, None, Cause::UnallocatedNumber),
        (true, 486, None, Cause::UserBusy),
        (false, 600, None, Cause::UserBusy),
        (true, 480, None, Cause::RingTimeout),
        (true, 408, None, Cause::RingTimeout),
        (false, 480, None, Cause::Unregistered),
        (false, 408, None, Cause::Unregistered),
        (false, 430, None, Cause::Unregistered),
        (false, 0, None, Cause::Unregistered),
        (false, 603, None, Cause::UserRejected),
        (false, 503, None, Cause::UpstreamFailure),
        (false, 500, None, Cause::UpstreamFailure),
        (false, 480, Some(63), Cause::MobileServiceRefused),
        (false, 503, Some(42), Cause::ResourceShortage),
        (false, 500, Some(17), Cause::UserBusy),
        (false, 404, Some(127), Cause::UnallocatedNumber),
    ] {
        assert_eq!(end(rings, status, q850), cause, "{rings} {status} {q850:?}");
    }
}

#[test]
fn emergency_numbers_take_no_gateway() {
    for dialed in ["110", "0119", "184118", "0184110"] {
        let mut w = gateway();
        w.dial(2001, dialed);
        // No way out is set at the site (J31); the caller is told so first (J32).
        w.expect(&["2001 progress 183 10.0.0.1:16384 sendrecv"]);
        w.play_over();
        w.expect(&["record 2001>- UnallocatedNumber unanswered", "2001 refuse UnallocatedNumber"]);
        assert_eq!(codes(&w), ["outside.emergency", "announce"], "{dialed}");
    }
}

#[test]
fn barred_classes_are_refused() {
    for dialed in ["001012125551234", "00570123456", "00990123456"] {
        let mut w = gateway();
        w.dial(2001, dialed);
        let r = &w.records[0];
        assert_eq!(r.cause, Cause::TollDenied, "{dialed}");
    }
}

#[test]
fn the_number_is_hidden_by_what_the_gateway_dials() {
    let mut w = gateway();
    w.dial(2001, &format!("184{OUTSIDE}"));
    assert!(w.lines[0].starts_with("2900 invite 1840312345678 from 2001"), "{:?}", w.lines);
    w.hangs_up("2001");
    let r = &w.records[0];
    assert_eq!((&*r.dialed, r.callee_number()), ("1840312345678", OUTSIDE), "J20");
}

#[test]
fn a_caller_from_outside_reaches_numbers_of_the_company() {
    let mut w = gateway();
    comes_in(&mut w, "2002");
    w.expect(&["2002 invite from 09011112222 10.0.0.1:16384 sendrecv"]);
    w.rings("2002");
    w.answers("2002");
    w.expect(&["2900 progress 180 -", "2900 answer 10.0.0.1:16386 sendrecv"]);
    w.hangs_up("2002");
    let r = &w.records[0];
    assert_eq!((r.caller_number(), r.callee_number()), ("09011112222", "2002"));
    assert!(r.caller.dn.is_none() && r.caller.user.is_none());
    w.expect_drained();
}

/// Neither who rings, nor who answers, nor to whom the call is transferred.
#[test]
fn names_of_the_company_are_not_told_outside() {
    let mut w = gateway();
    comes_in(&mut w, "2002");
    w.rings("2002");
    w.answers("2002");
    w.refers("2002", "2003", None);
    w.answers("2003");
    w.agree();
    assert_eq!(w.shows("2900"), "");
    assert!(w.shows("2003").starts_with("09011112222"), "{}", w.shows("2003"));
    w.hangs_up("2003");
    w.expect_drained();
}

#[test]
fn a_caller_without_number_is_anonymous() {
    let mut w = gateway();
    let sdp = w.sdp(2900, "sendrecv");
    w.dial_as(2900, Some(sdp), |o| o.dialed = "2002".to_owned());
    assert!(w.lines[0].starts_with("2002 invite from anonymous "), "{:?}", w.lines);
}

#[test]
fn a_caller_from_outside_uses_no_codes_slots_or_gateways() {
    let mut w = with_codes();
    w.give_codes();
    w.configure(&[pickup(1, &[2002, 2003])]);
    // A call that could be picked up, and one that is parked.
    w.dial(2001, "2003");
    w.rings("2003");
    w.talk(2004, 2005);
    w.press("2005", "#5");
    w.lines.clear();
    for dialed in ["*562003", "*561", "*57", "7801", "*2112003", "*98", "0310000000", "#5", "*29"] {
        let before = w.records.len();
        comes_in(&mut w, dialed);
        let r = &w.records[before];
        assert_eq!(r.cause, Cause::UnallocatedNumber, "{dialed}");
        assert_eq!(w.records.len(), before + 1, "{dialed}");
    }
}

#[test]
fn digits_from_outside_are_never_codes() {
    let mut w = with_codes();
    comes_in(&mut w, "2002");
    w.answers("2002");
    w.lines.clear();
    w.press("2900", "#7_#5__2003#1");
    let leg = w.leg("2900");
    for digit in *b"#7" {
        w.event(leg, LegEvent::Digit { digit, duration: Micros(0) });
    }
    w.expect(&[]);
    assert_eq!(w.joins(), ["2002 2900", "2900 2002"]);
    w.press("2002", "#7");
    assert_eq!(w.joins(), ["2002 SecondDial", "2900 music"], "the inside party may");
}

#[test]
fn a_transfer_asked_for_from_outside_is_forbidden() {
    let mut w = gateway();
    comes_in(&mut w, "2002");
    w.answers("2002");
    w.lines.clear();
    w.refers("2900", "2003", None);
    w.expect(&["2900 refer-refuse 403"]);
}

#[test]
fn forwards_outside_follow_the_sites_policy() {
    let domestic = "0312345678";
    let abroad = "01012125551234";
    for (policy, number, ends) in [
        (Outside::Denied, domestic, Some(Cause::ExternalForwardDenied)),
        (Outside::Domestic, domestic, None),
        (Outside::Domestic, abroad, Some(Cause::ExternalForwardDenied)),
        (Outside::Allowed, domestic, None),
        // The policy permits it; the class is barred all the same (J60).
        (Outside::Allowed, abroad, Some(Cause::TollDenied)),
        (Outside::Allowed, "0110", Some(Cause::UnallocatedNumber)),
    ] {
        let mut w = gateway();
        w.configure(&[site_with(|s| s.forward_outside = policy)]);
        let mut settings = DnSettings::new(TENANT, dn(2002));
        let to = Destination::outside(number).expect("digits");
        *settings.forward_mut(ForwardKind::All) = Forward::on(to);
        w.configure(&[Change::DnSettingsPut(settings)]);
        w.dial(2001, "2002");
        match ends {
            Some(cause) => assert_eq!(w.records[0].cause, cause, "{policy:?} {number}"),
            None => {
                assert!(w.lines[0].starts_with("2900 invite 0312345678 from 2001"));
                w.answers("2900");
            }
        }
        w.hangs_up_all();
        let r = &w.records[0];
        assert!(r.services.contains(Service::ForwardAll));
        assert_eq!(r.transferrer.as_deref(), Some("2002"));
        let callee = if ends.is_none() { domestic } else { r.callee_number() };
        assert_eq!(r.callee_number(), callee);
        w.expect_drained();
    }
}

#[test]
fn a_forward_outside_in_vain_goes_to_the_voicemail_of_who_forwards() {
    let mut w = gateway();
    w.configure(&[site_with(|s| s.forward_outside = Outside::Domestic)]);
    let mut settings = DnSettings::new(TENANT, dn(2002));
    settings.voicemail = true;
    let to = Destination::outside(OUTSIDE).expect("digits");
    *settings.forward_mut(ForwardKind::All) = Forward::on(to);
    w.configure(&[Change::DnSettingsPut(settings)]);
    w.dial(2001, "2002");
    w.lines.clear();
    w.refuses("2900", 486);
    assert!(w.lines.iter().any(|l| l.starts_with("2001 answer")), "{:?}", w.lines);
}

/// 2002 is called from outside, holds, and dials.
fn consulted(policy: Outside, number: &str) -> World {
    let mut w = with_codes();
    w.configure(&[site_with(|s| s.transfer_outside = policy)]);
    comes_in(&mut w, "2002");
    w.answers("2002");
    w.lines.clear();
    w.press("2002", "#7");
    w.press("2002", &format!("{number}#1"));
    w
}

#[test]
fn who_is_outside_is_transferred_outside_by_right_only() {
    for (policy, allowed) in [(Outside::Denied, false), (Outside::Domestic, true)] {
        let mut w = consulted(policy, "00355556666");
        let called = w.lines.iter().any(|l| l.starts_with("2900 invite 0355556666"));
        assert_eq!(called, allowed, "{policy:?}: {:?}", w.lines);
        if !allowed {
            assert_eq!(w.records[0].cause, Cause::FeatureNotPermitted);
            assert_eq!(codes(&w), ["outside.gateway", "ring.begin", "outside.connect-denied"]);
        }
        w.hangs_up_all();
    }
    // An inside party may be given outside without that right (R227).
    let mut w = with_codes();
    w.talk(2001, 2002);
    w.press("2002", "#7");
    w.press("2002", "00355556666#1");
    assert!(w.lines.iter().any(|l| l.starts_with("2900 invite 0355556666")), "{:?}", w.lines);
}

#[test]
fn two_outside_parties_are_parted_after_an_hour() {
    let mut w = consulted(Outside::Domestic, "00355556666");
    w.answers("2900");
    w.agree();
    w.hangs_up("2002");
    w.agree();
    assert_eq!(w.joins(), ["2900 2900", "2900 2900"]);
    let line = w.told_records();
    assert_eq!(
        line.last().map(String::as_str),
        Some("2002>0355556666 NormalClearing answered by 2002")
    );
    w.wait(Micros::seconds(3_599));
    assert!(w.told_records().is_empty());
    w.wait(Micros::seconds(1));
    let ended = ["09011112222>0355556666 NormalClearing answered transferred 2002"];
    assert_eq!(w.told_records(), ended);
    w.expect_drained();
}

#[test]
fn a_blind_transfer_outside_needs_the_right_too() {
    for (policy, allowed) in [(Outside::Denied, false), (Outside::Domestic, true)] {
        let mut w = gateway();
        w.configure(&[site_with(|s| s.transfer_outside = policy)]);
        comes_in(&mut w, "2002");
        w.answers("2002");
        w.lines.clear();
        w.refers("2002", "00355556666", None);
        let called = w.lines.iter().any(|l| l.starts_with("2900 invite 0355556666"));
        assert_eq!(called, allowed, "{policy:?}: {:?}", w.lines);
        assert_eq!(w.lines.iter().any(|l| l == "2002 refer 403"), !allowed, "{:?}", w.lines);
    }
}

#[test]
fn calls_of_a_phone_are_joined_outside_by_right_only() {
    for (policy, allowed) in [(Outside::Denied, false), (Outside::Domestic, true)] {
        let mut w = gateway();
        w.configure(&[site_with(|s| s.transfer_outside = policy)]);
        comes_in(&mut w, "2002");
        w.answers("2002");
        let first = w.leg("2002");
        let second = w.dial(2002, "00355556666");
        w.answers("2900");
        w.lines.clear();
        w.refers_by(first, "00355556666", Some(second));
        let refused = w.lines.iter().any(|l| l == "2002 refer-refuse 403");
        assert_eq!(refused, !allowed, "{policy:?}: {:?}", w.lines);
    }
}

#[test]
fn push_tones_reach_the_outside_unless_the_site_takes_them_out() {
    let mut w = gateway();
    out(&mut w);
    assert_eq!(tones(&w, "2001"), DtmfToPeer::Pass, "no codes are listened for");
    w.configure(&[site_with(|s| s.tones = Tones::Mute)]);
    assert_eq!(tones(&w, "2001"), DtmfToPeer::Drop);
    let leg = w.leg("2001");
    w.event(leg, LegEvent::Digit { digit: b'5', duration: Micros(0) });
    assert_eq!(passed(&mut w), "", "by INFO neither");
    w.configure(&[site_with(|s| s.tones = Tones::Pass)]);
    w.event(leg, LegEvent::Digit { digit: b'5', duration: Micros(0) });
    assert_eq!(passed(&mut w), "5");
}

#[test]
fn digits_that_become_a_code_do_not_pass() {
    let mut w = with_codes();
    w.give_codes();
    out(&mut w);
    assert_eq!(tones(&w, "2001"), DtmfToPeer::Collect);
    w.press("2001", "12#3_");
    assert_eq!(passed(&mut w), "12#3");
    w.press("2001", "#__");
    assert_eq!(passed(&mut w), "#", "after 1.5 s it is no code");
    w.press("2001", "#9");
    assert_eq!(w.joins()[0], "2001 Beep");
    w.heard_out("2001");
    assert_eq!(passed(&mut w), "", "the code itself is swallowed");
}

#[test]
fn the_code_opens_one_call_and_a_transfer_closes_it() {
    let mut w = with_codes();
    w.give_codes();
    w.configure(&[site_with(|s| {
        s.tones = Tones::Mute;
        s.transfer_outside = Outside::Domestic;
    })]);
    out(&mut w);
    assert_eq!(tones(&w, "2001"), DtmfToPeer::Drop);
    w.press("2001", "34");
    assert_eq!(passed(&mut w), "");
    w.press("2001", "#9");
    w.heard_out("2001");
    assert_eq!(tones(&w, "2001"), DtmfToPeer::Collect);
    w.press("2001", "56");
    assert_eq!(passed(&mut w), "56");
    // The party outside is given to 2003, whose site takes tones out.
    w.press("2001", "#72003#1");
    w.answers("2003");
    w.agree();
    w.hangs_up("2001");
    w.agree();
    assert_eq!(w.joins(), ["2003 2900", "2900 2003"]);
    assert_eq!(tones(&w, "2003"), DtmfToPeer::Drop);
    w.lines.clear();
    w.press("2003", "78");
    assert_eq!(passed(&mut w), "");
}

#[test]
fn coming_back_to_the_same_party_the_code_still_holds() {
    let mut w = with_codes();
    w.give_codes();
    w.configure(&[site_with(|s| s.tones = Tones::Mute)]);
    out(&mut w);
    w.press("2001", "#9");
    w.heard_out("2001");
    w.press("2001", "#7#7");
    w.agree();
    w.lines.clear();
    w.press("2001", "1");
    assert_eq!(passed(&mut w), "1");
}

#[test]
fn tones_in_the_audio_are_heard_once() {
    let mut w = with_codes();
    w.give_codes();
    out(&mut w);
    let (leg, _) = w.wants.iter().find(|(leg, _)| w.media_name(**leg) == "2001").expect("a leg");
    let (leg, digit) = (*leg, mediactl::Digit::from_char('5').expect("a digit"));
    let source = mediactl::DigitSource::InBand;
    for phase in [mediactl::DigitPhase::Begin, mediactl::DigitPhase::End { ms: 100 }] {
        w.input(crate::Input::Media { event: Event::Digit { leg, digit, source, phase } });
    }
    assert_eq!(passed(&mut w), "", "the audio has passed");
}

#[test]
fn tones_of_the_outside_are_for_door_phones_only() {
    let mut w = with_codes();
    comes_in(&mut w, "2002");
    w.answers("2002");
    assert_eq!(tones(&w, "2900"), DtmfToPeer::Drop);
    w.configure(&[door_phone(2003)]);
    comes_in(&mut w, "2003");
    w.answers("2003");
    let all = w.wants.values().filter(|want| w.media_name(want.leg) == "2900");
    assert_eq!(all.filter(|want| want.dtmf_to_peer == DtmfToPeer::Pass).count(), 1);
}

#[test]
fn a_gateway_that_goes_ends_what_rings_at_it() {
    let mut w = gateway();
    w.dial(2001, &format!("0{OUTSIDE}"));
    w.lines.clear();
    let id = GatewayId(Uuid(0x6_0000));
    w.configure(&[Change::GatewayDelete(id)]);
    w.expect(&[
        "2900 end UnallocatedNumber",
        "record 2001>0312345678 UnallocatedNumber unanswered",
        "2001 refuse UnallocatedNumber",
    ]);
    w.expect_drained();
}

#[test]
fn the_explanation_shows_the_gateway() {
    let w = gateway();
    let number = dn_of(OUTSIDE);
    let answers = [(number, Answer::Answers)];
    let dialed = format!("0{OUTSIDE}");
    let asked = Question { tenant: TENANT, from: dn(2001).into(), to: &dialed, answers: &answers };
    let told = w.control.explain(w.now, &asked, &w.facts);
    assert_eq!(told.ending, Ending::Answered(number));
    let steps: Vec<_> = told.steps[0].steps.iter().map(|s| (&*s.code, &*s.args)).collect();
    assert_eq!(steps, [("outside.gateway", "0"), ("ring.begin", "1 180")]);
}

fn dn_of(text: &str) -> base::Dn {
    base::Dn::parse(text).expect("digits")
}
