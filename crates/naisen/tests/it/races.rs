//! Messages that cross on the wire, made by telephones that send at just the wrong moment; and
//! what comes late.

use std::time::Duration;

use rustix::process::Signal;

use crate::harness::exchange::Exchange;
use crate::harness::pair::{Seen, both_ways, play, same_sdp};
use crate::harness::script::{Script, sdp};
use crate::harness::sipp::{MIXED, Messages, Over, Phone, Run};
use crate::harness::{have, let_run, own_address};

const CALLER_SDP: u16 = 30_100;
const CALLEE_SDP: u16 = 30_200;

fn talking() -> Script {
    Script::caller("caller", "", &sdp(CALLER_SDP, "")).may(100).may(180).expect(200).ack("")
}

fn answering() -> Script {
    Script::callee("callee").answer(200, "", &sdp(CALLEE_SDP, "")).expect_request("ACK")
}

/// Requests of that method that came.
fn got(messages: &Messages, method: &str) -> usize {
    messages.count(|m| !m.sent && m.first().starts_with(method))
}

#[test]
fn both_hang_up_at_once_and_each_bye_is_answered() {
    let caller = talking().pause(300).bye();
    // Its own BYE leaves before it answers ours.
    let callee = answering()
        .expect_and_keep("BYE")
        .request("BYE", "", "")
        .expect(200)
        .answer_kept(200, "", "");
    let exchange =
        both_ways("bye-bye", "auto", (&caller, &callee), |Seen { near, far, .. }| {
            assert_eq!((got(near, "BYE"), got(far, "BYE")), (0, 1));
        });
    let Some(exchange) = exchange else { return };
    for row in exchange.history_of(2) {
        assert_eq!((&*row[3], &*row[10], &*row[11]), ("成立", "2101", "016"), "{row:?}");
    }
}

#[test]
fn an_answer_that_crosses_our_cancel_is_acknowledged_and_hung_up() {
    let caller = Script::caller("caller", "", &sdp(CALLER_SDP, ""))
        .may(100)
        .expect(180)
        .pause(300)
        .cancel()
        .expect(200)
        .expect(487)
        .ack_refusal();
    // It answered before it saw the CANCEL.
    let callee = Script::callee("callee")
        .answer(180, "", "")
        .expect_and_keep("CANCEL")
        .answer(200, "", &sdp(CALLEE_SDP, ""))
        .expect_request("ACK")
        .expect_bye()
        .answer_kept(200, "", "");
    let exchange =
        both_ways("cancel-200", "auto", (&caller, &callee), |Seen { near, far, .. }| {
            assert_eq!((got(far, "ACK"), got(far, "BYE"), got(near, "BYE")), (1, 1, 0));
            let answered = near.count(|m| !m.sent && m.is("SIP/2.0 2", "2 INVITE"));
            assert_eq!(answered, 0, "the caller has given up:\n{}", near.brief());
        });
    let Some(exchange) = exchange else { return };
    for row in exchange.history_of(2) {
        assert_eq!((&*row[3], &*row[10], &*row[11]), ("不成立", "2101", "016"), "{row:?}");
    }
}

#[test]
fn a_cancel_that_comes_after_the_answer_changes_nothing() {
    let caller = Script::caller("caller", "", &sdp(CALLER_SDP, ""))
        .may(100)
        .may(180)
        .expect(200)
        .cancel()
        .expect_only(200)
        .ack("")
        .pause(300)
        .bye();
    let callee = answering().expect_bye();
    let exchange =
        both_ways("late-cancel", "auto", (&caller, &callee), |Seen { near, far, .. }| {
            assert_eq!((got(far, "CANCEL"), got(far, "BYE")), (0, 1), "{}", far.brief());
            same_sdp(far.sent("SIP/2.0 200", "INVITE"), near.got("SIP/2.0 200", "2 INVITE"));
        });
    let Some(exchange) = exchange else { return };
    assert!(exchange.history_of(2).iter().all(|row| row[3] == "成立"));
}

#[test]
fn a_cancel_waits_for_the_first_sign_of_the_phone() {
    // Nothing has come back from the callee yet when the caller gives up.
    let caller = Script::caller("caller", "", &sdp(CALLER_SDP, ""))
        .expect(100)
        .cancel()
        .expect(200)
        .expect(487)
        .ack_refusal();
    // A CANCEL before its 180 would be unexpected, and fail the run.
    let callee = Script::callee("callee")
        .pause(1_500)
        .answer(180, "", "")
        .expect_request("CANCEL")
        .answer_inside(200, "", "")
        .answer(487, "", "")
        .expect_request("ACK");
    let _ = both_ways("cancel-wait", "auto", (&caller, &callee), |Seen { far, .. }| {
        assert_eq!(got(far, "CANCEL"), 1);
    });
}

#[test]
fn an_answer_that_comes_after_the_phone_was_given_up_ends_there() {
    if !have(&["sipp"]) {
        return;
    }
    // No sign of life for 4 s: the caller hears that it cannot be reached, and hangs up.
    let caller = Script::caller("caller", "", &sdp(CALLER_SDP, ""))
        .may(100)
        .expect(183)
        .pause(1_000)
        .cancel()
        .expect(200)
        .expect(487)
        .ack_refusal();
    let callee = Script::callee("callee")
        .pause(4_600)
        .answer(200, "", &sdp(CALLEE_SDP, ""))
        .expect_request("ACK")
        .expect_bye();
    let exchange = Exchange::start("late-answer", "auto", 2101..2104);
    for (over, dn) in MIXED.into_iter().zip(2102..) {
        let Seen { near, far, .. } = play(&exchange, over, (&caller, &callee), dn);
        assert_eq!((got(&far, "ACK"), got(&far, "BYE")), (1, 1), "{}", far.brief());
        assert_eq!(near.count(|m| !m.sent && m.is("SIP/2.0 2", "2 INVITE")), 0);
        // The next call to it rings at once.
        let ringing = Script::callee("again").answer(486, "", "").expect_request("ACK");
        let busy = Script::caller("again", "", &sdp(CALLER_SDP, "")).may(100).expect(486);
        if over.1 == Over::Udp {
            play(&exchange, over, (&busy.ack_refusal(), &ringing), dn);
        }
    }
}

#[test]
fn a_phone_that_says_100_and_is_slow_to_ring_is_not_given_up() {
    let caller = Script::caller("caller", "", &sdp(CALLER_SDP, ""))
        .expect(100)
        .expect(180)
        .expect(200)
        .ack("")
        .pause(300)
        .bye();
    let callee = Script::callee("callee")
        .answer(100, "", "")
        .pause(4_800)
        .answer(180, "", "")
        .pause(200)
        .answer(200, "", &sdp(CALLEE_SDP, ""))
        .expect_request("ACK")
        .expect_bye();
    let _ = both_ways("slow-ring", "auto", (&caller, &callee), |Seen { near, far, .. }| {
        assert_eq!(got(far, "CANCEL"), 0);
        same_sdp(far.sent("SIP/2.0 200", "INVITE"), near.got("SIP/2.0 200", "2 INVITE"));
    });
}

#[test]
fn what_came_while_the_exchange_stood_still_came_in_time() {
    if !have(&["sipp"]) {
        return;
    }
    let exchange = Exchange::start("stalled", "auto", 2101..2103);
    let mut called = Phone::on(&exchange, 2102, Over::Udp);
    let callee = Script::callee("callee")
        .pause(1_500)
        .answer(180, "", "")
        .pause(4_500)
        .answer(200, "", &sdp(CALLEE_SDP, ""))
        .expect_request("ACK")
        .expect_bye();
    let far = called.play(&callee, 2101);
    let caller = Script::caller("caller", "", &sdp(CALLER_SDP, ""))
        .may(100)
        .expect(180)
        .expect(200)
        .ack("")
        .bye();
    let near = Phone::calling(&exchange, 2101, Over::Udp).play(&caller, 2102);
    far.until("INVITE", |m| !m.sent && m.first().starts_with("INVITE"));
    // The machine has no time for the exchange, until long after the 4 s are over. The ringing
    // waits in its socket, behind other things.
    exchange.send(Signal::STOP);
    let others = std::net::UdpSocket::bind((own_address(), 0)).unwrap();
    for _ in 0..300 {
        others.send_to(b"\r\n\r\n", exchange.udp()).unwrap();
    }
    far.until("180", |m| m.sent && m.is("SIP/2.0 180", "INVITE"));
    let_run(Duration::from_secs(4));
    exchange.send(Signal::CONT);
    let [_, far] = Run::all_good([near, far]);
    assert_eq!(got(&far, "CANCEL"), 0, "{}", far.brief());
}
