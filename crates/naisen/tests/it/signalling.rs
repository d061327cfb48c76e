//! What SIP can do inside a call, through both legs: one over TCP, one over UDP, and the SDP that
//! left one end compared with what came to the other.

use crate::harness::exchange::Exchange;
use crate::harness::have;
use crate::harness::script::{Script, sdp};
use crate::harness::sipp::{Message, Messages, Over, Phone};

const CALLER_SDP: u16 = 30_100;
const CALLEE_SDP: u16 = 30_200;

/// Plays a caller on TCP and a callee on UDP against each other.
#[track_caller]
fn call(name: &str, caller: &Script, callee: &Script) -> Option<(Messages, Messages, Exchange)> {
    if !have(&["sipp"]) {
        return None;
    }
    let exchange = Exchange::start(name, "auto", 2101..2104);
    let mut to = Phone::registered(&exchange.dir, 2102, exchange.udp());
    let called = to.play(callee, 2101);
    let mut from = Phone::new(&exchange.dir, 2101, exchange.tcp(), Over::Tcp);
    let calling = from.play(caller, 2102);
    let near = calling.good();
    let far = called.good();
    Some((near, far, exchange))
}

/// The audio line and its formats are the same at both ends; the addresses may not be.
#[track_caller]
fn same_media(sent: &Message, got: &Message) {
    for kind in ["m=audio ", "a=rtpmap:", "a=fmtp:"] {
        let (sent, got) = (sent.sdp(kind), got.sdp(kind));
        let formats = |lines: &[String]| -> Vec<String> {
            let cut = |l: &String| match kind {
                "m=audio " => l.split(' ').skip(2).collect::<Vec<_>>().join(" "),
                _ => l.clone(),
            };
            lines.iter().map(cut).collect()
        };
        assert_eq!(formats(&sent), formats(&got), "{kind} changed on the way");
    }
    assert!(!got.body().is_empty(), "no SDP arrived");
}

#[test]
fn a_plain_call_passes_offer_and_answer() {
    let caller = Script::caller("caller", "", &sdp(CALLER_SDP, ""))
        .may(100)
        .may(180)
        .expect(200)
        .ack("")
        .pause(300)
        .bye();
    let callee = Script::callee("callee")
        .answer(180, "", "")
        .answer(200, "", &sdp(CALLEE_SDP, ""))
        .expect_request("ACK")
        .expect_bye();
    let Some((near, far, exchange)) = call("plain", &caller, &callee) else { return };
    let offer = near.find("INVITE sent", |m| m.sent && m.is("INVITE", "2 INVITE"));
    same_media(offer, far.got("INVITE", "INVITE"));
    let answer = far.find("200 sent", |m| m.sent && m.is("SIP/2.0 200", "INVITE"));
    same_media(answer, near.got("SIP/2.0 200", "INVITE"));
    assert_eq!(exchange.history_of(1)[0][11], "016");
}

#[test]
fn reliable_responses_are_acknowledged_on_both_legs() {
    let caller = Script::caller("caller", "Supported: 100rel\n", &sdp(CALLER_SDP, ""))
        .may(100)
        .expect_reliable(183)
        .prack("")
        .expect(200)
        .expect(200)
        .ack("")
        .pause(300)
        .bye();
    let callee = Script::callee("callee")
        .answer(183, "Require: 100rel\nRSeq: 4711\n", &sdp(CALLEE_SDP, ""))
        .expect_request("PRACK")
        .answer_inside(200, "", "")
        .pause(300)
        .answer(200, "", "")
        .expect_request("ACK")
        .expect_bye();
    let Some((near, far, _exchange)) = call("prack", &caller, &callee) else { return };
    let rack = far.got("PRACK", "PRACK").header("RAck").unwrap().to_owned();
    assert!(rack.starts_with("4711 "), "the callee's own number comes back: {rack}");
    let early = far.find("183 sent", |m| m.sent && m.is("SIP/2.0 183", "INVITE"));
    same_media(early, near.got("SIP/2.0 183", "INVITE"));
}

#[test]
fn an_update_inside_a_call_reaches_the_far_end() {
    let changed = sdp(CALLER_SDP + 2, "a=ptime:20");
    let caller = Script::caller("caller", "", &sdp(CALLER_SDP, ""))
        .may(100)
        .may(180)
        .expect(200)
        .ack("")
        .pause(300)
        .request("UPDATE", "", &changed)
        .expect(200)
        .pause(300)
        .bye();
    let callee = Script::callee("callee")
        .answer(180, "", "")
        .answer(200, "", &sdp(CALLEE_SDP, ""))
        .expect_request("ACK")
        .expect_request("UPDATE")
        .answer_inside(200, "", &sdp(CALLEE_SDP + 2, "a=ptime:20"))
        .expect_bye();
    let Some((near, far, _exchange)) = call("update", &caller, &callee) else { return };
    let sent = near.find("UPDATE sent", |m| m.sent && m.first().starts_with("UPDATE"));
    let got = far.got("UPDATE", "UPDATE");
    same_media(sent, got);
    assert_eq!(got.sdp("m=audio 30102 ").len(), 1, "the new port arrived:\n{}", got.body());
    let answer = near.got("SIP/2.0 200", "UPDATE");
    assert_eq!(answer.sdp("m=audio 30202 ").len(), 1, "so did the answer:\n{}", answer.body());
}

#[test]
fn an_invite_without_offer_gets_one_and_its_answer_goes_in_the_ack() {
    let caller = Script::caller("caller", "", "")
        .may(100)
        .may(180)
        .expect(200)
        .ack(&sdp(CALLER_SDP, ""))
        .pause(300)
        .bye();
    let callee = Script::callee("callee")
        .answer(180, "", "")
        .answer(200, "", &sdp(CALLEE_SDP, ""))
        .expect_request("ACK")
        .expect_bye();
    let Some((near, far, _exchange)) = call("late", &caller, &callee) else { return };
    assert!(far.got("INVITE", "INVITE").body().is_empty(), "the late offer stays late");
    let offer = far.find("200 sent", |m| m.sent && m.is("SIP/2.0 200", "INVITE"));
    same_media(offer, near.got("SIP/2.0 200", "INVITE"));
    let answer = near.find("ACK with SDP", |m| m.sent && m.is("ACK", "2 ACK"));
    same_media(answer, far.got("ACK", "ACK"));
}

#[test]
fn a_reinvite_of_the_callee_reaches_the_caller() {
    let caller = Script::caller("caller", "", &sdp(CALLER_SDP, ""))
        .may(100)
        .may(180)
        .expect(200)
        .ack("")
        .expect_request("INVITE")
        .answer_inside(200, "", &sdp(CALLER_SDP + 4, ""))
        .expect_request("ACK")
        .expect_bye()
        .without_update();
    let callee = Script::callee("callee")
        .answer(180, "", "")
        .answer(200, "", &sdp(CALLEE_SDP, ""))
        .expect_request("ACK")
        .pause(300)
        .request("INVITE", "", &sdp(CALLEE_SDP + 4, ""))
        .may(100)
        .expect(200)
        .ack("")
        .pause(300)
        .bye();
    let Some((near, far, _exchange)) = call("reinvite", &caller, &callee) else { return };
    let got = near.got("INVITE", "INVITE");
    assert_eq!(got.sdp("m=audio 30204 ").len(), 1, "{}", got.body());
    let answer = far.find("200 to the re-INVITE", |m| {
        !m.sent && m.is("SIP/2.0 200", "INVITE") && !m.body().is_empty()
    });
    assert_eq!(answer.sdp("m=audio 30104 ").len(), 1, "{}", answer.body());
}

#[test]
fn a_session_timer_is_agreed_and_refreshed() {
    let timer = "Supported: timer\nSession-Expires: 600;refresher=uac\n";
    let caller = Script::caller("caller", timer, &sdp(CALLER_SDP, ""))
        .may(100)
        .may(180)
        .expect(200)
        .ack("")
        .pause(300)
        .request("UPDATE", timer, "")
        .expect(200)
        .pause(300)
        .bye();
    let callee = Script::callee("callee")
        .answer(180, "", "")
        .answer(200, "", &sdp(CALLEE_SDP, ""))
        .expect_request("ACK")
        .expect_bye();
    let Some((near, _far, _exchange)) = call("timer", &caller, &callee) else { return };
    for method in ["INVITE", "UPDATE"] {
        let answer = near.got("SIP/2.0 200", method);
        let agreed = answer.header("Session-Expires").unwrap_or_default();
        assert!(agreed.starts_with("600"), "{method}: {agreed:?}");
        assert!(agreed.contains("refresher=uac"), "{method}: {agreed:?}");
    }
}

#[test]
fn a_session_timer_that_is_too_short_is_refused_with_the_shortest() {
    let timer = "Supported: timer\nSession-Expires: 30\n";
    let caller = Script::caller("caller", timer, &sdp(CALLER_SDP, "")).may(100).expect(422);
    let caller = caller.ack_refusal();
    if !have(&["sipp"]) {
        return;
    }
    let exchange = Exchange::start("timer-short", "auto", 2101..2103);
    let mut from = Phone::new(&exchange.dir, 2101, exchange.tcp(), Over::Tcp);
    let near = from.play(&caller, 2102).good();
    let least: u32 = near.got("SIP/2.0 422", "INVITE").header("Min-SE").unwrap().parse().unwrap();
    assert!(least >= 90, "{least}");
}

#[test]
fn a_caller_who_gives_up_ends_the_ringing_with_a_reason() {
    let caller = Script::caller("caller", "", &sdp(CALLER_SDP, ""))
        .may(100)
        .expect(180)
        .pause(300)
        .cancel()
        .expect(200)
        .expect(487)
        .ack_refusal();
    let callee = Script::callee("callee")
        .answer(180, "", "")
        .expect_request("CANCEL")
        .answer_inside(200, "", "")
        .answer(487, "", "")
        .expect_request("ACK");
    let Some((_near, far, exchange)) = call("cancel", &caller, &callee) else { return };
    far.got("CANCEL", "CANCEL");
    let row = &exchange.history_of(1)[0];
    assert_eq!((&*row[3], &*row[10], &*row[11]), ("不成立", "2101", "016"), "{row:?}");
}
