//! Offers and answers inside a call, through both legs: one over TCP, one over UDP, both ways
//! round, and the SDP that left one end compared with what came to the other.

use crate::harness::exchange::Exchange;
use crate::harness::have;
use crate::harness::pair::{
    Seen, both_ways, one_session, play, same_but_origin, same_but_places, same_sdp,
};
use crate::harness::script::{Script, sdp, sdp_again};
use crate::harness::sipp::{MIXED, Messages, Over, Phone};

const CALLER_SDP: u16 = 30_100;
const CALLEE_SDP: u16 = 30_200;

/// A caller whose call is answered.
fn talking(more: &str, body: &str) -> Script {
    Script::caller("caller", more, body).may(100).may(180).expect(200).ack("")
}

/// A callee who rings and answers.
fn answering(more: &str) -> Script {
    Script::callee("callee")
        .answer(180, "", "")
        .answer(200, more, &sdp(CALLEE_SDP, ""))
        .expect_request("ACK")
}

/// The first offer and answer are the same at both ends.
#[track_caller]
fn same_first(seen: &Seen) {
    let Seen { near, far, over } = seen;
    eprintln!("caller and callee: {over:?}");
    same_sdp(near.sent("INVITE", "2 INVITE"), far.got("INVITE", "INVITE"));
    same_sdp(far.sent("SIP/2.0 200", "INVITE"), near.got("SIP/2.0 200", "2 INVITE"));
}

#[test]
fn a_plain_call_passes_offer_and_answer() {
    let caller = talking("", &sdp(CALLER_SDP, "")).pause(300).bye();
    let callee = answering("").expect_bye();
    let exchange = both_ways("plain", "auto", (&caller, &callee), |seen| {
        same_first(seen);
        assert_eq!(seen.far.count(|m| !m.sent && m.is("BYE", "BYE")), 1);
    });
    let Some(exchange) = exchange else { return };
    for row in exchange.history_of(2) {
        assert_eq!(row[11], "016", "{row:?}");
    }
}

#[test]
fn a_relayed_call_passes_everything_but_the_places() {
    let caller = talking("", &sdp(CALLER_SDP, "a=x-own:kept")).pause(300).bye();
    let callee = answering("").expect_bye();
    let _ = both_ways("plain-relay", "relay", (&caller, &callee), |Seen { near, far, .. }| {
        same_but_places(near.sent("INVITE", "2 INVITE"), far.got("INVITE", "INVITE"));
        same_but_places(far.sent("SIP/2.0 200", "INVITE"), near.got("SIP/2.0 200", "2 INVITE"));
    });
}

#[test]
fn a_phone_on_tls_and_one_on_udp_call_each_other() {
    if !have(&["sipp"]) {
        return;
    }
    let caller = talking("", &sdp(CALLER_SDP, "")).pause(300).bye();
    let exchange = Exchange::start("plain-tls", "auto", 2101..2104);
    // A telephone on TLS is offered nothing but secured audio, and answers in kind.
    let key = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj";
    let secured = sdp(CALLEE_SDP, key).replace("RTP/AVP", "RTP/SAVP");
    let callee = |body: &str| {
        let script = Script::callee("callee").answer(180, "", "").answer(200, "", body);
        script.expect_request("ACK").expect_bye()
    };
    let answers = [sdp(CALLEE_SDP, ""), secured];
    let over = [(Over::Tls, Over::Udp), (Over::Udp, Over::Tls)];
    for ((over, dn), answer) in over.into_iter().zip(2102..).zip(&answers) {
        let Seen { near, far, .. } = play(&exchange, over, (&caller, &callee(answer)), dn);
        for line in ["a=rtpmap:", "a=fmtp:"] {
            let offer = near.sent("INVITE", "2 INVITE").sdp(line);
            assert_eq!(offer, far.got("INVITE", "INVITE").sdp(line));
            let answer = far.sent("SIP/2.0 200", "INVITE").sdp(line);
            assert_eq!(answer, near.got("SIP/2.0 200", "2 INVITE").sdp(line));
        }
        let (offer, answer) = (far.got("INVITE", "INVITE"), near.got("SIP/2.0 200", "2 INVITE"));
        let secured = |line: &str| (offer.sdp(line).len(), answer.sdp(line).len());
        let expected = if over.1 == Over::Tls { (1, 0) } else { (0, 0) };
        assert_eq!(secured("a=crypto:1 AES_CM_128_HMAC_SHA1_80").0.min(1), expected.0, "{over:?}");
        assert_eq!(secured("a=crypto:").1, 0, "no key for the plain telephone");
    }
}

#[test]
fn updates_inside_a_call_reach_the_far_end_from_either_side() {
    let caller = talking("", &sdp(CALLER_SDP, ""))
        .pause(300)
        .request("UPDATE", "", &sdp_again(2, CALLER_SDP + 2, "a=ptime:20"))
        .expect(200)
        .expect_request("UPDATE")
        .answer_inside(200, "", &sdp_again(3, CALLER_SDP + 2, "a=ptime:40"))
        .pause(300)
        .bye();
    let callee = answering("")
        .expect_request("UPDATE")
        .answer_inside(200, "", &sdp_again(2, CALLEE_SDP + 2, "a=ptime:20"))
        .pause(300)
        .request("UPDATE", "", &sdp_again(3, CALLEE_SDP + 4, "a=ptime:40"))
        .expect(200)
        .expect_bye();
    let _ = both_ways("update", "auto", (&caller, &callee), |seen| {
        same_first(seen);
        let Seen { near, far, .. } = seen;
        same_sdp(near.sent("UPDATE", "UPDATE"), far.got("UPDATE", "UPDATE"));
        same_sdp(far.sent("SIP/2.0 200", "UPDATE"), near.got("SIP/2.0 200", "UPDATE"));
        same_sdp(far.sent("UPDATE", "UPDATE"), near.got("UPDATE", "UPDATE"));
        same_sdp(near.sent("SIP/2.0 200", "UPDATE"), far.got("SIP/2.0 200", "UPDATE"));
        one_session(near);
        one_session(far);
        for end in [near, far] {
            assert_eq!(end.count(|m| m.first().starts_with("UPDATE")), 2, "{}", end.brief());
        }
    });
}

#[test]
fn an_update_for_a_phone_that_takes_none_is_a_reinvite_there() {
    let caller = talking("", &sdp(CALLER_SDP, ""))
        .pause(300)
        .request("UPDATE", "", &sdp_again(2, CALLER_SDP + 2, ""))
        .expect(200)
        .pause(300)
        .bye();
    let callee = answering("")
        .expect_request("INVITE")
        .answer_inside(200, "", &sdp_again(2, CALLEE_SDP + 2, ""))
        .expect_request("ACK")
        .expect_bye()
        .without_update();
    let _ =
        both_ways("update-reinvite", "auto", (&caller, &callee), |Seen { near, far, .. }| {
            let again = |m: &crate::harness::sipp::Message| {
                !m.sent && m.first().starts_with("INVITE") && !m.sdp("m=audio 30102 ").is_empty()
            };
            same_sdp(near.sent("UPDATE", "UPDATE"), far.find("re-INVITE", again));
            let answer = far.last("answer", |m| m.sent && m.is("SIP/2.0 200", "INVITE"));
            same_sdp(answer, near.got("SIP/2.0 200", "UPDATE"));
        });
}

#[test]
fn an_invite_without_offer_gets_one_and_its_answer_goes_in_the_ack() {
    let caller = Script::caller("caller", "", "")
        .may(100)
        .may(180)
        .expect(200)
        .ack(&sdp(CALLER_SDP, ""))
        .pause(300)
        // And once more inside the call, where the other side is asked for an offer too.
        .request("INVITE", "", "")
        .may(100)
        .expect(200)
        .ack(&sdp_again(2, CALLER_SDP + 2, ""))
        .pause(300)
        .bye();
    let callee = answering("")
        .expect_request("INVITE")
        .answer_inside(200, "", &sdp_again(2, CALLEE_SDP + 2, ""))
        .expect_request("ACK")
        .expect_bye();
    let _ = both_ways("late", "auto", (&caller, &callee), |Seen { near, far, .. }| {
        let invites = |far: &Messages| {
            far.count(|m| !m.sent && m.first().starts_with("INVITE") && m.body().is_empty())
        };
        assert_eq!(invites(far), 2, "the late offers stay late:\n{}", far.brief());
        for (ours, port) in [("2 INVITE", CALLEE_SDP), ("3 INVITE", CALLEE_SDP + 2)] {
            let port = format!("m=audio {port} ");
            let offer = far.find("offer", |m| m.sent && !m.sdp(&port).is_empty());
            same_sdp(offer, near.got("SIP/2.0 200", ours));
        }
        for (ours, port) in [("2 ACK", CALLER_SDP), ("3 ACK", CALLER_SDP + 2)] {
            let port = format!("m=audio {port} ");
            let answer = far.find("answer", |m| m.is("ACK", "ACK") && !m.sdp(&port).is_empty());
            same_sdp(near.sent("ACK", ours), answer);
        }
    });
}

#[test]
fn a_relayed_late_offer_is_answered_in_the_ack() {
    let caller = Script::caller("caller", "", "")
        .may(100)
        .may(180)
        .expect(200)
        .ack(&sdp(CALLER_SDP, ""))
        .pause(300)
        .bye();
    let callee = answering("").expect_bye();
    let _ = both_ways("late-relay", "relay", (&caller, &callee), |Seen { near, far, .. }| {
        assert!(far.got("INVITE", "INVITE").body().is_empty(), "the late offer stays late");
        same_but_places(far.sent("SIP/2.0 200", "INVITE"), near.got("SIP/2.0 200", "2 INVITE"));
        same_but_places(near.sent("ACK", "2 ACK"), far.got("ACK", "ACK"));
    });
}

#[test]
fn a_callee_that_asks_for_an_offer_gets_one_and_answers_in_its_ack() {
    let caller = talking("", &sdp(CALLER_SDP, ""))
        .expect_request("INVITE")
        .answer_inside(200, "", &sdp_again(2, CALLER_SDP + 2, ""))
        .expect_request("ACK")
        .expect_bye();
    let callee = answering("")
        .pause(300)
        .request("INVITE", "", "")
        .may(100)
        .expect(200)
        .ack(&sdp_again(2, CALLEE_SDP + 2, ""))
        .pause(300)
        .bye();
    let _ = both_ways("late-callee", "auto", (&caller, &callee), |Seen { near, far, .. }| {
        assert!(near.got("INVITE", "INVITE").body().is_empty(), "it asks for an offer");
        let line = format!("m=audio {} ", CALLER_SDP + 2);
        let offer = near.find("offer", |m| m.sent && !m.sdp(&line).is_empty());
        same_sdp(offer, far.got("SIP/2.0 200", "1 INVITE"));
        let answer = near.last("ACK", |m| !m.sent && m.is("ACK", "ACK"));
        same_sdp(far.sent("ACK", "1 ACK"), answer);
    });
}

#[test]
fn reinvites_of_caller_and_callee_reach_the_other_side() {
    let caller = talking("", &sdp(CALLER_SDP, ""))
        .pause(300)
        .request("INVITE", "", &sdp_again(2, CALLER_SDP + 2, "a=ptime:40"))
        .may(100)
        .expect(200)
        .ack("")
        .expect_request("INVITE")
        .answer_inside(200, "", &sdp_again(3, CALLER_SDP + 4, ""))
        .expect_request("ACK")
        .expect_bye()
        .without_update();
    let callee = answering("")
        .expect_request("INVITE")
        .answer_inside(200, "", &sdp_again(2, CALLEE_SDP + 2, "a=ptime:40"))
        .expect_request("ACK")
        .pause(300)
        .request("INVITE", "", &sdp_again(3, CALLEE_SDP + 4, ""))
        .may(100)
        .expect(200)
        .ack("")
        .pause(300)
        .bye()
        .without_update();
    let _ = both_ways("reinvite", "auto", (&caller, &callee), |seen| {
        same_first(seen);
        let Seen { near, far, .. } = seen;
        let with = |messages: &Messages, sent: bool, port: u16| {
            let line = format!("m=audio {port} ");
            let fits =
                |m: &crate::harness::sipp::Message| m.sent == sent && !m.sdp(&line).is_empty();
            messages.find(&line, fits).clone()
        };
        for port in [CALLER_SDP + 2, CALLER_SDP + 4] {
            same_sdp(&with(near, true, port), &with(far, false, port));
        }
        for port in [CALLEE_SDP + 2, CALLEE_SDP + 4] {
            same_sdp(&with(far, true, port), &with(near, false, port));
        }
        one_session(near);
        one_session(far);
    });
}

/// One holds and resumes; the other answers whatever comes.
#[track_caller]
fn hold_and_resume(name: &str, path: &str, by_caller: bool) {
    let hold = |script: Script, port: u16| {
        script
            .pause(300)
            .request("INVITE", "", &sdp_again(2, port, "a=sendonly"))
            .may(100)
            .expect(200)
            .ack("")
            .pause(1_000)
            .request("INVITE", "", &sdp_again(3, port, "a=sendrecv"))
            .may(100)
            .expect(200)
            .ack("")
            .pause(700)
            .bye()
    };
    let (caller, callee) = (talking("", &sdp(CALLER_SDP, "")), answering(""));
    let (caller, callee) = match by_caller {
        true => (
            hold(caller, CALLER_SDP),
            callee.answer_offers_until_bye(&sdp_again(2, CALLEE_SDP, "a=sendrecv")),
        ),
        false => (
            caller.answer_offers_until_bye(&sdp_again(2, CALLER_SDP, "a=sendrecv")),
            hold(callee, CALLEE_SDP),
        ),
    };
    let _ = both_ways(name, path, (&caller, &callee), |Seen { near, far, over }| {
        eprintln!("caller and callee: {over:?}");
        let (holder, held) = if by_caller { (near, far) } else { (far, near) };
        let answers: Vec<_> = holder
            .0
            .iter()
            .filter(|m| !m.sent && m.is("SIP/2.0 200", "INVITE") && !m.body().is_empty())
            .collect();
        let direction = |at: usize| {
            let line = |kind: &str| answers[answers.len() - at].sdp(kind).len();
            ["a=sendrecv", "a=sendonly", "a=recvonly", "a=inactive"].map(line)
        };
        let (quiet, talks) = (direction(2), direction(1));
        assert!(quiet == [0, 0, 1, 0] || quiet == [0, 0, 0, 1], "held: {quiet:?}");
        assert!(talks[1..] == [0, 0, 0], "resumed: {talks:?}");
        one_session(holder);
        one_session(held);
        let resumed = holder.last("resume", |m| m.sent && !m.sdp("a=sendrecv").is_empty());
        if path == "auto" {
            // The held one went to the music and came back to the holder's own description.
            let last = held.last("offer", |m| {
                !m.sent && !m.first().starts_with("SIP") && !m.body().is_empty()
            });
            same_but_origin(resumed, last);
            let music = held.count(|m| !m.sent && !m.sdp("a=sendonly").is_empty());
            assert_eq!(music, 1, "one offer of music:\n{}", held.brief());
        } else {
            let offers = held.count(|m| !m.sent && !m.first().starts_with("SIP"));
            let spoken = held.count(|m| !m.sent && !m.body().is_empty());
            assert_eq!(spoken, 1, "a relayed phone need not be told: {offers}\n{}", held.brief());
        }
    });
}

#[test]
fn the_caller_holds_and_resumes() {
    hold_and_resume("hold-caller", "auto", true);
}

#[test]
fn the_callee_holds_and_resumes() {
    hold_and_resume("hold-callee", "auto", false);
}

#[test]
fn the_caller_holds_and_resumes_a_relayed_call() {
    hold_and_resume("hold-caller-relay", "relay", true);
}

#[test]
fn the_callee_holds_and_resumes_a_relayed_call() {
    hold_and_resume("hold-callee-relay", "relay", false);
}

/// Both sides offer at once. The callee's own offer leaves when the caller's has just arrived, so
/// each side's offer meets the other's: both are refused with 491 and tried again, the callee's
/// first, since it does not own the Call-ID (RFC 3261 §14.1).
#[track_caller]
fn glare(name: &str, takes_update: bool) {
    let kind = if takes_update { "UPDATE" } else { "INVITE" };
    let takes = |script: Script, version: u32, port: u16| {
        let script = script.expect_request(kind);
        let script = script.answer_inside(200, "", &sdp_again(version, port, ""));
        if takes_update { script } else { script.expect_request("ACK") }
    };
    let offers = |script: Script, version: u32, port: u16| {
        script.request("INVITE", "", &sdp_again(version, port, "")).may(100)
    };
    let caller = talking("", &sdp(CALLER_SDP, "")).pause(300);
    let caller = offers(caller, 2, CALLER_SDP + 2).expect(491).ack_refused_offer();
    let caller = takes(caller, 3, CALLER_SDP).pause(2_100);
    let caller = offers(caller, 4, CALLER_SDP + 2).expect(200).ack("").pause(300).bye();
    let callee = answering("").expect_and_keep(kind);
    let callee = offers(callee, 2, CALLEE_SDP + 2).expect(491).ack_refused_offer();
    let callee = callee.answer_kept(491, "", "");
    let callee = if takes_update { callee } else { callee.expect_request("ACK") };
    let callee = offers(callee.pause(400), 3, CALLEE_SDP + 2).expect(200).ack("");
    let callee = takes(callee, 4, CALLEE_SDP + 4).expect_bye();
    let (caller, callee) = match takes_update {
        true => (caller, callee),
        false => (caller.without_update(), callee.without_update()),
    };
    let _ = both_ways(name, "auto", (&caller, &callee), |seen| {
        same_first(seen);
        let Seen { near, far, .. } = seen;
        let with = |messages: &Messages, sent: bool, port: u16| {
            let line = format!("m=audio {port} ");
            let fits =
                |m: &crate::harness::sipp::Message| m.sent == sent && !m.sdp(&line).is_empty();
            messages.last(&line, fits).clone()
        };
        let line = |m: &Messages| m.brief();
        // Who offered last is heard last, and each side's last word is what the other has.
        same_sdp(&with(near, true, CALLER_SDP + 2), &with(far, false, CALLER_SDP + 2));
        same_sdp(&with(far, true, CALLEE_SDP + 2), &with(near, false, CALLEE_SDP + 2));
        same_sdp(&with(far, true, CALLEE_SDP + 4), &with(near, false, CALLEE_SDP + 4));
        for (end, brief) in [(near, line(near)), (far, line(far))] {
            let got = end.count(|m| !m.sent && m.first().starts_with("SIP/2.0 491"));
            assert_eq!(got, 1, "{brief}");
        }
    });
}

#[test]
fn glare_at_the_owner_of_the_call_id_is_tried_again_by_the_exchange_first() {
    // The callee offers; the caller's own offer leaves when it arrives. The caller owns the
    // Call-ID and waits longer, so the exchange's second try comes first.
    let caller = talking("", &sdp(CALLER_SDP, ""))
        .expect_and_keep("INVITE")
        .request("INVITE", "", &sdp_again(2, CALLER_SDP + 2, ""))
        .may(100)
        .expect(491)
        .ack_refused_offer()
        .answer_kept(491, "", "")
        .expect_request("ACK")
        .expect_request("INVITE")
        .answer_inside(200, "", &sdp_again(3, CALLER_SDP + 4, ""))
        .expect_request("ACK")
        .pause(300)
        .request("INVITE", "", &sdp_again(4, CALLER_SDP + 2, ""))
        .may(100)
        .expect(200)
        .ack("")
        .pause(300)
        .bye()
        .without_update();
    let callee = answering("")
        .pause(300)
        .request("INVITE", "", &sdp_again(2, CALLEE_SDP + 2, ""))
        .may(100)
        .expect(200)
        .ack("")
        .expect_request("INVITE")
        .answer_inside(200, "", &sdp_again(3, CALLEE_SDP + 4, ""))
        .expect_request("ACK")
        .expect_bye()
        .without_update();
    let _ = both_ways("glare-caller", "auto", (&caller, &callee), |seen| {
        same_first(seen);
        let Seen { near, far, .. } = seen;
        let with = |messages: &Messages, sent: bool, port: u16| {
            let line = format!("m=audio {port} ");
            messages.last(&line, |m| m.sent == sent && !m.sdp(&line).is_empty()).clone()
        };
        for port in [CALLEE_SDP + 2, CALLEE_SDP + 4] {
            same_sdp(&with(far, true, port), &with(near, false, port));
        }
        for port in [CALLER_SDP + 4, CALLER_SDP + 2] {
            same_sdp(&with(near, true, port), &with(far, false, port));
        }
        let refused = |m: &crate::harness::sipp::Message| m.first().starts_with("SIP/2.0 491");
        assert_eq!(near.count(|m| !m.sent && refused(m)), 1, "{}", near.brief());
        assert_eq!(far.count(refused), 0, "its offer was only late:\n{}", far.brief());
    });
}

#[test]
fn two_reinvites_at_once_are_both_refused_and_tried_again() {
    glare("glare", false);
}

#[test]
fn an_update_and_a_reinvite_at_once_are_both_refused_and_tried_again() {
    glare("glare-update", true);
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
    let exchange = both_ways("cancel", "auto", (&caller, &callee), |Seen { far, .. }| {
        assert!(far.got("CANCEL", "CANCEL").header("Reason").is_some());
    });
    let Some(exchange) = exchange else { return };
    for row in exchange.history_of(2) {
        assert_eq!((&*row[3], &*row[10], &*row[11]), ("不成立", "2101", "016"), "{row:?}");
    }
}

#[test]
fn many_calls_at_once_keep_their_own_sdp() {
    if !have(&["sipp"]) {
        return;
    }
    let exchange = Exchange::start("many", "auto", 2101..2104);
    let caller = talking("", &sdp(CALLER_SDP, "")).pause(300).bye();
    let callee = answering("").expect_bye();
    for ((from, to), dn) in MIXED.into_iter().zip(2102..) {
        let mut called = Phone::on(&exchange, dn, to);
        let far = called.play_many(&callee, 2101, 3, 10);
        let near = Phone::calling(&exchange, 2101, from).play_many(&caller, dn, 3, 10);
        let [near, far] = crate::harness::sipp::Run::all_good([near, far]);
        let good = near.count(|m| !m.sent && m.is("SIP/2.0 200", "2 INVITE"));
        assert_eq!(good, 3, "{}", far.brief());
    }
}
