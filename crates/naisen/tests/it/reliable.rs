//! Reliable provisional responses (RFC 3262) and UPDATE before the answer (RFC 3311), through both
//! legs, each telephone with and without them.

use crate::harness::pair::{Seen, both_ways, same_sdp};
use crate::harness::script::{Script, sdp, sdp_again};
use crate::harness::sipp::{Message, Messages};

const CALLER_SDP: u16 = 30_100;
const CALLEE_SDP: u16 = 30_200;
/// Header of a telephone that can.
const CAN: &str = "Supported: 100rel\n";
/// Headers of the first reliable response.
const FIRST: &str = "Require: 100rel\nRSeq: 4711\n";

/// A caller who can, and says so.
fn caller(body: &str) -> Script {
    Script::caller("caller", CAN, body).may(100)
}

/// A callee whose reliable 183 has been acknowledged.
fn early(body: &str) -> Script {
    Script::callee("callee")
        .answer(183, FIRST, body)
        .expect_request("PRACK")
        .answer_inside(200, "", "")
}

/// The callee's own number came back in its PRACK, and each side saw exactly one.
#[track_caller]
fn acknowledged(Seen { near, far, over }: &Seen) {
    eprintln!("caller and callee: {over:?}");
    let rack = far.got("PRACK", "PRACK").header("RAck").unwrap().to_owned();
    let invite = far.got("INVITE", "INVITE").header("CSeq").unwrap().to_owned();
    assert_eq!(rack, format!("4711 {invite}"));
    let response = near.got("SIP/2.0 183", "INVITE");
    assert_eq!(response.header("Require"), Some("100rel"), "{}", response.text);
    for end in [near, far] {
        assert_eq!(end.count(|m| m.first().starts_with("PRACK")), 1, "{}", end.brief());
    }
}

/// The first message, sent or received, with that port in its audio line.
#[track_caller]
fn with(messages: &Messages, sent: bool, port: u16) -> Message {
    let line = format!("m=audio {port} ");
    messages.find(&line, |m| m.sent == sent && !m.sdp(&line).is_empty()).clone()
}

#[test]
fn an_answer_in_a_reliable_response_is_acknowledged_on_both_legs() {
    let caller = caller(&sdp(CALLER_SDP, ""))
        .expect_reliable(183)
        .prack("")
        .expect(200)
        .expect(200)
        .ack("")
        .pause(300)
        .bye();
    let callee = early(&sdp(CALLEE_SDP, ""))
        .pause(300)
        .answer(200, "", "")
        .expect_request("ACK")
        .expect_bye();
    let _ = both_ways("prack", "auto", (&caller, &callee), |seen| {
        acknowledged(seen);
        let Seen { near, far, .. } = seen;
        same_sdp(near.sent("INVITE", "2 INVITE"), far.got("INVITE", "INVITE"));
        same_sdp(far.sent("SIP/2.0 183", "INVITE"), near.got("SIP/2.0 183", "INVITE"));
        assert!(near.got("SIP/2.0 200", "2 INVITE").body().is_empty(), "answered before");
    });
}

#[test]
fn a_late_offer_in_a_reliable_response_is_answered_in_its_prack() {
    let caller = caller("")
        .expect_reliable(183)
        .prack(&sdp(CALLER_SDP, ""))
        .expect(200)
        .expect(200)
        .ack("")
        .pause(300)
        .bye();
    let callee = early(&sdp(CALLEE_SDP, ""))
        .pause(300)
        .answer(200, "", "")
        .expect_request("ACK")
        .expect_bye();
    let _ = both_ways("prack-late", "auto", (&caller, &callee), |seen| {
        acknowledged(seen);
        let Seen { near, far, .. } = seen;
        assert!(far.got("INVITE", "INVITE").body().is_empty(), "the late offer stays late");
        same_sdp(far.sent("SIP/2.0 183", "INVITE"), near.got("SIP/2.0 183", "INVITE"));
        same_sdp(near.sent("PRACK", "PRACK"), far.got("PRACK", "PRACK"));
        assert!(near.got("SIP/2.0 200", "2 INVITE").body().is_empty(), "agreed before");
        assert!(far.got("ACK", "ACK").body().is_empty(), "agreed before");
    });
}

#[test]
fn an_offer_in_a_prack_reaches_the_callee_before_it_answers() {
    let caller = caller(&sdp(CALLER_SDP, ""))
        .expect_reliable(183)
        .prack(&sdp_again(2, CALLER_SDP + 2, "a=ptime:40"))
        .expect(200)
        .expect(200)
        .ack("")
        .pause(300)
        .bye();
    let callee = early(&sdp(CALLEE_SDP, ""))
        .expect_request("UPDATE")
        .answer_inside(200, "", &sdp_again(2, CALLEE_SDP + 2, "a=ptime:40"))
        .pause(300)
        .answer(200, "", "")
        .expect_request("ACK")
        .expect_bye();
    let _ = both_ways("prack-offer", "auto", (&caller, &callee), |seen| {
        acknowledged(seen);
        let Seen { near, far, .. } = seen;
        same_sdp(near.sent("PRACK", "PRACK"), far.got("UPDATE", "UPDATE"));
        same_sdp(far.sent("SIP/2.0 200", "UPDATE"), near.got("SIP/2.0 200", "PRACK"));
    });
}

#[test]
fn a_caller_without_100rel_gets_the_description_with_the_answer() {
    let caller = Script::caller("caller", "", &sdp(CALLER_SDP, ""))
        .without_prack()
        .may(100)
        .expect(183)
        .expect(200)
        .ack("")
        .pause(300)
        .bye();
    let callee = early(&sdp(CALLEE_SDP, ""))
        .pause(300)
        .answer(200, "", "")
        .expect_request("ACK")
        .expect_bye();
    let _ = both_ways("prack-callee", "auto", (&caller, &callee), |Seen { near, far, .. }| {
        let invite = far.got("INVITE", "INVITE");
        let supported = invite.header("Supported").unwrap_or_default().to_owned();
        assert!(supported.contains("100rel"), "each leg for itself: {supported}");
        let early = near.got("SIP/2.0 183", "INVITE");
        assert_eq!((early.header("Require"), early.header("RSeq")), (None, None));
        assert_eq!(far.count(|m| m.first().starts_with("PRACK")), 1);
        // It would be a mere sound: the telephone makes its own ring-back (R254).
        assert_eq!(early.body(), "");
        same_sdp(far.sent("SIP/2.0 183", "INVITE"), near.got("SIP/2.0 200", "2 INVITE"));
    });
}

#[test]
fn a_callee_without_100rel_is_heard_reliably_by_a_caller_who_can() {
    let caller = caller(&sdp(CALLER_SDP, ""))
        .expect_reliable(183)
        .prack("")
        .expect(200)
        .expect(200)
        .ack("")
        .pause(300)
        .bye();
    let callee = Script::callee("callee")
        .answer(183, "", &sdp(CALLEE_SDP, ""))
        .pause(300)
        .answer(200, "", &sdp(CALLEE_SDP, ""))
        .expect_request("ACK")
        .expect_bye()
        .without_prack();
    let _ = both_ways("prack-caller", "auto", (&caller, &callee), |Seen { near, far, .. }| {
        same_sdp(far.sent("SIP/2.0 183", "INVITE"), near.got("SIP/2.0 183", "INVITE"));
        assert_eq!(far.count(|m| m.first().starts_with("PRACK")), 0, "{}", far.brief());
        assert_eq!(near.count(|m| m.first().starts_with("PRACK")), 1, "{}", near.brief());
    });
}

#[test]
fn a_caller_that_requires_100rel_is_never_told_anything_unreliably() {
    let caller = Script::caller("caller", "Require: 100rel\n", &sdp(CALLER_SDP, ""))
        .may(100)
        .expect_reliable(180)
        .prack("")
        .expect(200)
        .expect(200)
        .ack("")
        .pause(300)
        .bye();
    let callee = Script::callee("callee")
        .answer(180, "", "")
        .pause(300)
        .answer(200, "", &sdp(CALLEE_SDP, ""))
        .expect_request("ACK")
        .expect_bye()
        .without_prack();
    let _ =
        both_ways("prack-required", "auto", (&caller, &callee), |Seen { near, far, .. }| {
            let ringing = near.got("SIP/2.0 180", "INVITE");
            assert_eq!(ringing.header("Require"), Some("100rel"));
            assert_eq!(far.got("INVITE", "INVITE").header("Require"), None, "its own business");
            same_sdp(far.sent("SIP/2.0 200", "INVITE"), near.got("SIP/2.0 200", "2 INVITE"));
        });
}

#[test]
fn updates_before_the_answer_reach_the_far_end_from_either_side() {
    let caller = caller(&sdp(CALLER_SDP, ""))
        .expect_reliable(183)
        .prack("")
        .expect(200)
        .request("UPDATE", "", &sdp_again(2, CALLER_SDP + 2, "a=ptime:20"))
        .expect(200)
        .expect_request("UPDATE")
        .answer_inside(200, "", &sdp_again(3, CALLER_SDP + 4, "a=ptime:40"))
        .expect(200)
        .ack("")
        .pause(300)
        .bye();
    let callee = early(&sdp(CALLEE_SDP, ""))
        .expect_request("UPDATE")
        .answer_inside(200, "", &sdp_again(2, CALLEE_SDP + 2, "a=ptime:20"))
        .pause(300)
        .request("UPDATE", "", &sdp_again(3, CALLEE_SDP + 4, "a=ptime:40"))
        .expect(200)
        .answer(200, "", "")
        .expect_request("ACK")
        .expect_bye();
    let _ = both_ways("update-early", "auto", (&caller, &callee), |seen| {
        acknowledged(seen);
        let Seen { near, far, .. } = seen;
        for port in [CALLER_SDP + 2, CALLER_SDP + 4] {
            same_sdp(&with(near, true, port), &with(far, false, port));
        }
        for port in [CALLEE_SDP + 2, CALLEE_SDP + 4] {
            same_sdp(&with(far, true, port), &with(near, false, port));
        }
        assert!(near.got("SIP/2.0 200", "2 INVITE").body().is_empty(), "agreed before");
    });
}
