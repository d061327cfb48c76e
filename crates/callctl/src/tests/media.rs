//! Descriptions and ports: late offers, early answers, relay, protection, digits, silence.

use std::net::{IpAddr, Ipv4Addr};

use base::{Cause, Micros};
use bytes::Bytes;
use mediactl::{Direction, Protection};
use model::{Change, SrtpPolicy};

use super::world::{World, device, door_phone, with_codes};
use crate::input::{Input, LegEvent};

#[test]
fn a_late_offer_passes_the_other_way_round() {
    let mut w = World::new();
    w.dial_as(2001, None, |_| {});
    w.expect(&["2002 invite from 2001 -"]);
    w.answers("2002");
    w.expect(&["2001 answer 2002/1"]);
    w.accepts("2001", "sendrecv");
    w.expect(&["2002 answer-offer 2001/1"]);
    w.hangs_up("2001");
    w.expect_drained();
}

#[test]
fn a_late_offer_without_answer_ends_the_call() {
    let mut w = World::new();
    w.dial_as(2001, None, |_| {});
    w.answers("2002");
    w.lines.clear();
    let leg = w.leg("2001");
    w.event(leg, LegEvent::AnswerReceived { sdp: None });
    w.expect(&[
        "record 2001>2002 MediaNotAcceptable answered by 2001",
        "2001 end MediaNotAcceptable",
        "2002 end MediaNotAcceptable",
    ]);
    w.expect_drained();
}

#[test]
fn a_reliable_early_answer_passes_and_the_final_one_is_empty() {
    let mut w = World::new();
    let offer = w.sdp(2001, "sendrecv");
    w.dial_as(2001, Some(offer), |o| o.reliable = true);
    w.expect(&["2002 invite from 2001 2001/1 reliable"]);
    let (leg, early) = (w.leg("2002"), w.sdp(2002, "sendrecv"));
    w.event(leg, LegEvent::Progress { status: 183, sdp: Some(early) });
    w.expect(&["2001 progress 183 2002/1"]);
    w.rings("2002");
    w.expect(&["2001 progress 180 -"]);
    // Before the answer both may change what they agreed (RFC 3311).
    w.offers("2001", "sendrecv");
    w.expect(&["2002 offer 2001/2"]);
    w.accepts("2002", "sendrecv");
    w.expect(&["2001 answer-offer 2002/2"]);
    w.offers("2002", "sendrecv");
    w.expect(&["2001 offer 2002/3"]);
    w.accepts("2001", "sendrecv");
    w.expect(&["2002 answer-offer 2001/3"]);
    w.event(leg, LegEvent::Answered { sdp: None });
    w.expect(&["2001 answer -"]);
    w.hangs_up("2002");
    w.expect_drained();
}

#[test]
fn an_early_offer_of_a_late_caller_is_answered_before_the_call() {
    let mut w = World::new();
    w.dial_as(2001, None, |o| o.reliable = true);
    let (leg, early) = (w.leg("2002"), w.sdp(2002, "sendrecv"));
    w.event(leg, LegEvent::Progress { status: 183, sdp: Some(early) });
    // The answer of the callee overtakes that of the caller: the caller's comes first.
    w.event(leg, LegEvent::Answered { sdp: None });
    w.expect(&["2002 invite from 2001 - reliable", "2001 progress 183 2002/1"]);
    w.accepts("2001", "sendrecv");
    w.expect(&["2002 answer-offer 2001/1", "2001 answer -"]);
    w.offers("2001", "sendrecv");
    w.expect(&["2002 offer 2001/2"]);
}

#[test]
fn a_callee_that_changes_its_mind_is_brought_together_again() {
    let mut w = World::new();
    let offer = w.sdp(2001, "sendrecv");
    w.dial_as(2001, Some(offer), |o| o.reliable = true);
    let (leg, early) = (w.leg("2002"), w.sdp(2002, "sendrecv"));
    w.event(leg, LegEvent::Progress { status: 183, sdp: Some(early) });
    w.lines.clear();
    w.answers("2002");
    w.expect(&["2001 answer -", "2001 offer - as 2002"]);
    w.offers("2001", "sendrecv");
    w.expect(&["2002 offer 2001/2 as 2001"]);
    w.accepts("2002", "sendrecv");
    w.expect(&["2001 answer-offer 2002/3"]);
}

/// R254: the caller's telephone makes its own ring-back.
#[test]
fn the_sound_of_an_extension_does_not_pass_before_the_answer() {
    let mut w = World::new();
    w.dial(2001, "2002");
    let (leg, early) = (w.leg("2002"), w.sdp(2002, "sendrecv"));
    w.lines.clear();
    w.event(leg, LegEvent::Progress { status: 183, sdp: Some(early.clone()) });
    w.expect(&["2001 progress 183 -"]);
    w.event(leg, LegEvent::Progress { status: 180, sdp: Some(early.clone()) });
    w.expect(&["2001 progress 180 -"]);
    w.event(leg, LegEvent::Answered { sdp: Some(early) });
    w.expect(&["2001 answer 2002/1"]);
    w.hangs_up("2001");
    w.expect_drained();
}

#[test]
fn early_media_of_several_phones_does_not_pass() {
    let mut w = World::new();
    let offer = w.sdp(2001, "sendrecv");
    w.dial_as(2001, Some(offer), |o| {
        o.reliable = true;
        o.dialed = "2008".to_owned();
    });
    let (leg, early) = (w.leg("2008"), w.sdp(2008, "sendrecv"));
    w.lines.clear();
    w.event(leg, LegEvent::Progress { status: 180, sdp: Some(early) });
    w.expect(&["2001 progress 180 -"]);
}

#[test]
fn offers_in_the_call_pass_both_ways_one_at_a_time() {
    let mut w = World::new();
    w.talk(2001, 2002);
    w.offers("2001", "sendrecv");
    w.expect(&["2002 offer 2001/2"]);
    w.accepts("2002", "sendrecv");
    w.expect(&["2001 answer-offer 2002/2"]);
    w.offers("2002", "sendrecv");
    w.expect(&["2001 offer 2002/3"]);
    let leg = w.leg("2001");
    w.event(leg, LegEvent::OfferFailed { status: 488 });
    w.expect(&["2002 refuse-offer 488"]);
    // A re-INVITE without offer.
    let leg = w.leg("2002");
    w.event(leg, LegEvent::OfferReceived { sdp: None });
    w.expect(&["2001 offer -"]);
    w.offers("2001", "sendrecv");
    w.expect(&["2002 answer-offer 2001/3"]);
    w.accepts("2002", "sendrecv");
    w.expect(&["2001 answer-offer 2002/4"]);
    w.hangs_up("2001");
    w.expect_drained();
}

#[test]
fn an_answer_nobody_asked_for_is_late_news() {
    let mut w = World::new();
    w.talk(2001, 2002);
    w.accepts("2001", "sendrecv");
    let leg = w.leg("2001");
    w.event(leg, LegEvent::OfferFailed { status: 488 });
    w.expect(&[]);
    assert_eq!(w.counts[&base::event::Kind::LateAnswer], 2);
}

#[test]
fn a_relayed_call_gives_each_phone_a_port_of_ours() {
    let mut w = World::relayed();
    w.dial(2001, "2002");
    w.expect(&["2002 invite from 2001 10.0.0.1:16384 sendrecv"]);
    w.rings("2002");
    w.answers("2002");
    w.expect(&["2001 progress 180 -", "2001 answer 10.0.0.1:16386 sendrecv"]);
    assert_eq!(w.joins(), ["2001 2002", "2002 2001"]);
    let want = w.wants.values().next().expect("a leg");
    assert_eq!((want.direction, want.payloads.len()), (Direction::SendRecv, 2));
    assert_eq!(w.wants.values().map(|w| w.group).min(), w.wants.values().map(|w| w.group).max());
    w.hangs_up("2002");
    w.expect_drained();
}

#[test]
fn nothing_is_offered_before_the_port_is_open() {
    let mut w = World::relayed();
    w.media_prompt = false;
    w.dial(2001, "2002");
    w.expect(&[]);
    let leg = *w.unopened.first().expect("asked for");
    w.open(leg);
    w.expect(&["2002 invite from 2001 10.0.0.1:16384 sendrecv"]);
    w.answers("2002");
    w.expect(&[]);
    let leg = *w.unopened.first().expect("asked for");
    w.open(leg);
    w.expect(&["2001 answer 10.0.0.1:16386 sendrecv"]);
    w.hangs_up("2001");
    w.expect_drained();
}

#[test]
fn without_a_port_the_call_fails_for_want_of_resources() {
    let mut w = World::relayed();
    w.media_prompt = false;
    w.dial(2001, "2002");
    let leg = *w.unopened.first().expect("asked for");
    w.fail_media(leg);
    w.expect(&["record 2001>2002 ResourceShortage unanswered", "2001 refuse ResourceShortage"]);
    w.expect_drained();
    assert_eq!(w.records[0].blame, base::Blame::Us);
}

#[test]
fn a_port_that_opens_after_the_end_is_no_news() {
    let mut w = World::relayed();
    w.media_prompt = false;
    w.dial(2001, "2002");
    let leg = *w.unopened.first().expect("asked for");
    w.hangs_up("2001");
    w.lines.clear();
    let at = "10.0.0.1:20000".parse().expect("an address");
    let event = mediactl::Event::Opened { leg, rtp: at, rtcp: at };
    w.input(Input::Media { event });
    w.expect(&[]);
    w.expect_drained();
}

#[test]
fn a_media_leg_that_dies_ends_a_relayed_call() {
    let mut w = World::relayed();
    w.talk(2001, 2002);
    let leg = *w.wants.keys().next().expect("a leg");
    w.fail_media(leg);
    assert_eq!(w.records[0].cause, Cause::ResourceShortage);
    w.expect_drained();
}

/// The way of a call after `change`, as the record explains it.
#[track_caller]
fn check_way(change: impl FnOnce(&mut World), way: &str) {
    let mut w = World::new();
    change(&mut w);
    w.talk(2001, 2002);
    w.hangs_up("2001");
    let steps = &w.records[0].trace;
    let step = steps.iter().find(|s| &*s.code == "media.path").expect("a step");
    assert_eq!(&*step.args, way);
    assert_eq!(w.opened > 0, way != "direct");
    w.expect_drained();
}

#[test]
fn the_way_follows_from_where_the_phones_are() {
    let contact = |w: &mut World| w.facts.contacts.values_mut().nth(1).expect("2002")[0];
    let set = |w: &mut World, c: crate::view::Contact| {
        w.facts.contacts.values_mut().nth(1).expect("2002")[0] = c;
    };
    check_way(|_| {}, "direct");
    check_way(|w| w.facts.relay = true, "relay always");
    // R082: tones of RFC 4733 are heard where codes are looked for.
    check_way(|w| w.configure(&with_codes()), "relay codes");
    check_way(
        |w| {
            let mut c = contact(w);
            c.path.behind_nat = true;
            set(w, c);
        },
        "relay nat",
    );
    check_way(
        |w| {
            let mut c = contact(w);
            c.path.remote = IpAddr::V4(Ipv4Addr::LOCALHOST);
            set(w, c);
        },
        "relay network",
    );
    check_way(
        |w| {
            let mut site = w.facts.changes[1].clone();
            if let Change::SitePut(site) = &mut site {
                site.media_path = model::MediaPath::Relay;
            }
            w.configure(&[site]);
        },
        "relay site",
    );
}

#[test]
fn a_configured_address_stands_in_the_descriptions() {
    let mut w = World::relayed();
    w.facts.address = Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 9)));
    w.dial(2001, "2002");
    w.expect(&["2002 invite from 2001 192.0.2.9:16384 sendrecv"]);
    assert_eq!(w.wants.values().next().map(|w| w.local), Some(super::world::path(0).local));
}

/// Keys in a description of phone `n`, as `RTP/SAVP`.
fn secure(w: &mut World, n: u16) -> Bytes {
    let text = String::from_utf8(w.sdp(n, "sendrecv").to_vec()).expect("text");
    let key = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz";
    let text = text.replace("RTP/AVP", "RTP/SAVP") + key + "\r\n";
    w.label(text, format!("{n} secure"))
}

#[test]
fn a_protected_phone_talks_to_a_plain_one_through_the_relay() {
    let mut w = World::new();
    let offer = secure(&mut w, 2001);
    w.dial_as(2001, Some(offer), |o| o.path.secure = true);
    w.expect(&["2002 invite from 2001 10.0.0.1:16384 sendrecv"]);
    w.answers("2002");
    w.expect(&["2001 answer 10.0.0.1:16386 sendrecv savp keys"]);
    let protected = w.wants.values().filter(|w| w.protection != Protection::None).count();
    assert_eq!((protected, w.wants.len()), (1, 2));
    assert_eq!(w.joins(), ["2001 2002", "2002 2001"]);
    w.hangs_up("2001");
    w.expect_drained();
}

#[test]
fn a_phone_over_tls_is_offered_keys_and_must_choose_one() {
    let mut w = World::new();
    for contact in w.facts.contacts.values_mut().flatten() {
        contact.path.secure = true;
    }
    w.dial(2001, "2002");
    w.expect(&["2002 invite from 2001 10.0.0.1:16384 sendrecv savp keys"]);
    let answer = secure(&mut w, 2002);
    let leg = w.leg("2002");
    w.event(leg, LegEvent::Answered { sdp: Some(answer) });
    w.expect(&["2001 answer 10.0.0.1:16386 sendrecv"]);
    let keys = w.wants.values().filter(|w| matches!(w.protection, Protection::Sdes { .. }));
    assert_eq!(keys.count(), 1);
    w.hangs_up("2001");
    // One that answers without a key is not talked to in the clear.
    w.dial(2001, "2002");
    w.lines.clear();
    w.answers("2002");
    w.expect(&[
        "2002 end MediaNotAcceptable",
        "record 2001>2002 MediaNotAcceptable unanswered",
        "2001 refuse MediaNotAcceptable",
    ]);
    w.expect_drained();
}

#[test]
fn two_protected_phones_exchange_their_keys_directly() {
    let mut w = World::new();
    for contact in w.facts.contacts.values_mut().flatten() {
        contact.path.secure = true;
    }
    let offer = secure(&mut w, 2001);
    w.dial_as(2001, Some(offer), |o| o.path.secure = true);
    w.expect(&["2002 invite from 2001 2001 secure"]);
    assert_eq!(w.opened, 0);
}

#[test]
fn policies_of_the_caller_hold() {
    let with = |policy: SrtpPolicy| {
        let mut w = World::new();
        let mut phone = device(2001, 1);
        phone.srtp = policy;
        w.configure(&[Change::DevicePut(phone)]);
        w
    };
    let mut w = with(SrtpPolicy::Required);
    w.dial(2001, "2002");
    assert_eq!(w.records[0].cause, Cause::MediaNotAcceptable);
    let mut w = with(SrtpPolicy::Off);
    let offer = secure(&mut w, 2001);
    w.dial_as(2001, Some(offer), |_| {});
    assert_eq!(w.records[0].cause, Cause::MediaNotAcceptable);
    let mut w = with(SrtpPolicy::Auto);
    w.dial_as(2001, Some(Bytes::from_static(b"nonsense")), |_| {});
    assert_eq!(w.records[0].cause, Cause::MediaNotAcceptable);
}

/// R088: extensions get no push tones, but for devices that want them.
#[test]
fn a_digit_by_signalling_becomes_an_event_in_a_relayed_call() {
    let mut w = World::relayed();
    w.configure(&[door_phone(2002)]);
    w.talk(2001, 2002);
    let digit = |digit, ms| LegEvent::Digit { digit, duration: Micros::millis(ms) };
    let (leg, door) = (w.leg("2001"), w.leg("2002"));
    w.event(leg, digit(b'5', 0));
    w.event(leg, digit(b'#', 2_000));
    w.expect(&["digit 2002 5 160", "digit 2002 # 1000"]);
    w.event(leg, digit(b'x', 0));
    w.event(door, digit(b'1', 0));
    w.expect(&[]);
    assert_eq!(w.counts[&base::event::Kind::DigitIgnored], 2);
    let mut w = World::new();
    w.configure(&[door_phone(2002)]);
    w.talk(2001, 2002);
    let leg = w.leg("2001");
    w.event(leg, digit(b'5', 0));
    w.expect(&[]);
    assert_eq!(w.counts[&base::event::Kind::DigitIgnored], 1, "direct media");
}

#[test]
fn a_silent_phone_is_asked_and_ended_when_nobody_answers() {
    let mut w = World::relayed();
    w.talk(2001, 2002);
    let silent = |w: &mut World, n: &str| {
        let leg = *w.wants.keys().find(|l| w.media_name(**l) == n).expect("a leg");
        w.input(Input::Media { event: mediactl::Event::Silent { leg } });
    };
    silent(&mut w, "2002");
    w.expect(&["2002 offer 10.0.0.1:16384 sendrecv"]);
    w.accepts("2002", "sendrecv");
    w.expect(&[]);
    silent(&mut w, "2002");
    let leg = w.leg("2002");
    w.event(leg, LegEvent::OfferFailed { status: 488 });
    assert!(w.records.is_empty(), "a refusal is a sign of life");
    silent(&mut w, "2002");
    w.lines.clear();
    w.event(leg, LegEvent::OfferFailed { status: 408 });
    w.expect(&[
        "record 2001>2002 MediaTimeout answered by 2002",
        "2001 end MediaTimeout",
        "2002 end MediaTimeout",
    ]);
    w.expect_drained();
}

/// R255: who is held, holds or does not talk yet owes nothing, and is not asked later for it.
#[test]
fn only_who_should_send_is_asked() {
    let mut w = World::relayed();
    let silent = |w: &mut World, n: &str| {
        let legs: Vec<_> = w.wants.keys().copied().filter(|l| w.media_name(*l) == n).collect();
        assert!(!legs.is_empty(), "{n} has a port");
        for leg in legs {
            w.input(Input::Media { event: mediactl::Event::Silent { leg } });
        }
    };
    let asked = |w: &mut World| -> Vec<String> {
        let lines = std::mem::take(&mut w.lines);
        lines.into_iter().filter(|l| l.contains(" offer ")).collect()
    };
    w.dial(2001, "2002");
    w.rings("2002");
    // Neither has said yet where it is.
    silent(&mut w, "?");
    w.answers("2002");
    assert_eq!(asked(&mut w), [] as [String; 0], "rang only");
    w.offers("2001", "sendonly");
    w.accepts("2002", "recvonly");
    asked(&mut w);
    silent(&mut w, "2001");
    silent(&mut w, "2002");
    assert_eq!(asked(&mut w), [] as [String; 0], "held");
    w.offers("2001", "sendrecv");
    w.accepts("2002", "sendrecv");
    assert!(asked(&mut w).iter().all(|l| l.starts_with("2002 ")), "the end of the hold");
    silent(&mut w, "2001");
    assert_eq!(asked(&mut w).len(), 1, "both talk again");
    w.accepts("2001", "sendrecv");
    w.hangs_up_all();
    w.expect_drained();
}
