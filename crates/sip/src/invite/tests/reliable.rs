//! Reliable provisional responses (RFC 3262) in both roles.

use super::*;

const SUPPORTS: &str = "Supported: 100rel\r\nAllow: INVITE, ACK, BYE, PRACK, UPDATE\r\n";

fn rseq(msg: &Msg) -> u32 {
    msg.rseq().expect("reliable")
}

fn rack(response: &Msg, cseq: u32) -> String {
    format!("RAck: {} {cseq} INVITE\r\n", rseq(response))
}

#[test]
fn an_answer_in_a_reliable_183_is_acknowledged_before_the_200() {
    let mut b = Bench::new();
    let (leg, mut far) = b.called(SUPPORTS, OFFER);
    b.command(leg, LegCommand::Progress { status: 183, sdp: Some(bytes(ANSWER)) });
    let session = b.expect("183 INVITE");
    assert_eq!(header(&session, HeaderId::Require), "100rel");
    assert_eq!(session.body(), ANSWER.as_bytes());
    far.learn(&session);
    // 180 and the 200 wait for the PRACK; 180 without description needs none of its own.
    b.command(leg, LegCommand::Progress { status: 180, sdp: None });
    b.expect("180 INVITE");
    b.command(leg, LegCommand::Answer { sdp: None });
    b.expect_silence();
    // A PRACK of something else changes nothing.
    b.recv(far.request("PRACK", 2, "RAck: 1 1 INVITE\r\n", ""));
    b.expect("481 PRACK");
    b.recv(far.request("PRACK", 3, &rack(&session, 1), ""));
    b.expect("200 PRACK");
    let ok = b.expect("200 INVITE");
    assert!(ok.body().is_empty(), "the answer was given already");
    b.recv(far.request("ACK", 1, "", ""));
    assert!(matches!(b.event(leg), LegEvent::Confirmed));
    b.finish(leg);
}

#[test]
fn a_reliable_response_is_repeated_with_doubling_and_then_refuses_with_504() {
    let mut b = Bench::new();
    let (leg, _) = b.called(SUPPORTS, OFFER);
    b.command(leg, LegCommand::Progress { status: 183, sdp: Some(bytes(ANSWER)) });
    let first = b.expect("183 INVITE");
    let begin = b.now;
    let mut times = Vec::new();
    while b.now.since(begin) < Micros::millis(31_900) {
        b.wait_ms(10);
        while let Some(msg) = b.sent.pop_front() {
            assert!(msg.same(&first));
            times.push(b.now.since(begin).as_millis() / 100);
        }
    }
    assert_eq!(times, [5, 15, 35, 75, 155, 315], "tenths of a second");
    b.wait_ms(200);
    b.expect("504 INVITE");
    assert!(matches!(
        b.event(leg),
        LegEvent::Ended { cause: Cause::MediaTimeout, by_far_end: false, .. }
    ));
    b.expect_gone(leg);
    b.sent.clear();
    b.expect_drained();
}

#[test]
fn offers_travel_in_183_prack_and_update() {
    let mut b = Bench::new();
    // The INVITE has no offer: ours goes into a reliable 183, the answer comes in the PRACK.
    let (leg, mut far) = b.called(SUPPORTS, "");
    b.command(leg, LegCommand::Progress { status: 183, sdp: Some(bytes(ANSWER)) });
    let session = b.expect("183 INVITE");
    far.learn(&session);
    // An UPDATE with an offer must wait for ours.
    b.recv(far.request("UPDATE", 2, "", OFFER));
    b.expect("491 UPDATE");
    b.recv(far.request("PRACK", 3, &rack(&session, 1), OFFER));
    b.expect("200 PRACK");
    assert!(matches!(b.event(leg), LegEvent::AnswerReceived { sdp: Some(_) }));
    // Early UPDATE from us.
    b.command(leg, LegCommand::Offer { sdp: Some(bytes(ANSWER)), identity: None });
    let update = b.expect("UPDATE");
    assert_eq!(update.body(), ANSWER.as_bytes());
    b.recv(reply(&update, "200 OK", "", "", OFFER));
    assert!(matches!(b.event(leg), LegEvent::AnswerReceived { sdp: Some(_) }));
    // Early UPDATE from the phone.
    b.recv(far.request("UPDATE", 4, "", OFFER));
    assert!(matches!(b.event(leg), LegEvent::OfferReceived { sdp: Some(_) }));
    b.recv(far.request("UPDATE", 5, "", OFFER));
    let overlap = b.expect("500 UPDATE");
    assert!(overlap.retry_after().is_some_and(|s| s <= 10));
    b.command(leg, LegCommand::AnswerOffer { sdp: bytes(ANSWER) });
    assert_eq!(b.expect("200 UPDATE").body(), ANSWER.as_bytes());
    b.command(leg, LegCommand::Answer { sdp: None });
    assert!(b.expect("200 INVITE").body().is_empty());
    b.recv(far.request("ACK", 1, "", ""));
    assert!(matches!(b.event(leg), LegEvent::Confirmed));
    b.finish(leg);

    // A new offer in the PRACK of an answered one is answered in its 200.
    let (leg, mut far) = b.called(SUPPORTS, OFFER);
    b.command(leg, LegCommand::Progress { status: 183, sdp: Some(bytes(ANSWER)) });
    let session = b.expect("183 INVITE");
    far.learn(&session);
    b.recv(far.request("PRACK", 2, &rack(&session, 1), OFFER));
    assert!(matches!(b.event(leg), LegEvent::OfferReceived { sdp: Some(_) }));
    b.expect_silence();
    b.command(leg, LegCommand::AnswerOffer { sdp: bytes(ANSWER) });
    assert_eq!(b.expect("200 PRACK").body(), ANSWER.as_bytes());
    b.command(leg, LegCommand::Refuse { cause: Cause::UserBusy, retry_after_s: None });
    b.expect("486 INVITE");
    b.expect_gone(leg);
    b.recv(far.request("ACK", 1, REFUSED, ""));
    b.expect_drained();
}

#[test]
fn without_100rel_the_answer_in_183_is_repeated_in_the_200() {
    let mut b = Bench::new();
    let (leg, mut far) = b.called("", OFFER);
    b.command(leg, LegCommand::Progress { status: 183, sdp: Some(bytes(ANSWER)) });
    let session = b.expect("183 INVITE");
    assert!(!session.has(HeaderId::RSeq) && session.body() == ANSWER.as_bytes());
    b.command(leg, LegCommand::Answer { sdp: None });
    let ok = b.expect("200 INVITE");
    assert_eq!(ok.body(), ANSWER.as_bytes());
    far.learn(&ok);
    b.recv(far.request("ACK", 1, "", ""));
    assert!(matches!(b.event(leg), LegEvent::Confirmed));
    b.finish(leg);

    // An offer of ours in an unreliable 183 could never be answered: it is left out.
    let (leg, _) = b.called("", "");
    b.command(leg, LegCommand::Progress { status: 183, sdp: Some(bytes(ANSWER)) });
    assert!(b.expect("183 INVITE").body().is_empty());
    b.end(leg);
    b.expect("480 INVITE");
    b.expect_gone(leg);

    // Demanded by the caller: every response but 100 is reliable.
    let (leg, mut far) = b.called("Require: 100rel\r\n", OFFER);
    b.command(leg, LegCommand::Progress { status: 180, sdp: None });
    let first = b.expect("180 INVITE");
    far.learn(&first);
    b.command(leg, LegCommand::Progress { status: 183, sdp: None });
    b.expect_silence();
    b.recv(far.request("PRACK", 2, &rack(&first, 1), ""));
    b.expect("200 PRACK");
    let second = b.expect("183 INVITE");
    assert_eq!(rseq(&second), rseq(&first) + 1);
    // Unacknowledged but without description: the 200 need not wait, and its PRACK is taken.
    b.command(leg, LegCommand::Answer { sdp: Some(bytes(ANSWER)) });
    b.expect("200 INVITE");
    b.recv(far.request("PRACK", 3, &rack(&second, 1), ""));
    b.expect("200 PRACK");
    b.recv(far.request("ACK", 1, "", ""));
    assert!(matches!(b.event(leg), LegEvent::Confirmed));
    b.finish(leg);
}

#[test]
fn we_acknowledge_reliable_responses_in_order() {
    let mut b = Bench::new();
    let leg = b.call(Some(ANSWER));
    let invite = b.expect("INVITE");
    let cseq = invite.cseq().map_or(0, |c| c.number);
    let reliable = |n: u32| format!("Require: 100rel\r\nRSeq: {n}\r\nAllow: UPDATE\r\n");
    b.recv(reply(&invite, "183 Session Progress", "far", &reliable(5), OFFER));
    let prack = b.expect("PRACK");
    assert_eq!(header(&prack, HeaderId::RAck), format!("5 {cseq} INVITE"));
    assert!(matches!(b.event(leg), LegEvent::Progress { status: 183, sdp: Some(_) }));
    b.recv(reply(&prack, "200 OK", "", "", ""));
    // Repeated and overtaking ones are not acknowledged.
    b.recv(reply(&invite, "183 Session Progress", "far", &reliable(5), OFFER));
    b.recv(reply(&invite, "180 Ringing", "far", &reliable(7), ""));
    b.expect_silence();
    b.recv(reply(&invite, "180 Ringing", "far", &reliable(6), ""));
    let prack = b.expect("PRACK");
    b.recv(reply(&prack, "200 OK", "", "", ""));
    assert!(matches!(b.event(leg), LegEvent::Progress { status: 180, sdp: None }));
    // Early UPDATEs both ways: the exchange is complete.
    let far = Far::callee(&invite, "far");
    b.recv(far.request("UPDATE", 1, "", OFFER));
    assert!(matches!(b.event(leg), LegEvent::OfferReceived { .. }));
    b.command(leg, LegCommand::AnswerOffer { sdp: bytes(ANSWER) });
    b.expect("200 UPDATE");
    b.command(leg, LegCommand::Offer { sdp: Some(bytes(ANSWER)), identity: None });
    let update = b.expect("UPDATE");
    b.recv(reply(&update, "200 OK", "", "", OFFER));
    assert!(matches!(b.event(leg), LegEvent::AnswerReceived { .. }));
    // The 2xx repeats the description; it was told already.
    b.recv(reply(&invite, "200 OK", "far", "", OFFER));
    b.expect("ACK");
    assert!(matches!(b.event(leg), LegEvent::Answered { sdp: None }));
    b.finish(leg);
}

#[test]
fn an_offer_in_a_reliable_response_is_answered_in_the_prack() {
    let mut b = Bench::new();
    let leg = b.call(None);
    let invite = b.expect("INVITE");
    let extra = "Require: 100rel\r\nRSeq: 1\r\n";
    b.recv(reply(&invite, "183 Session Progress", "far", extra, OFFER));
    assert!(matches!(b.event(leg), LegEvent::Progress { status: 183, sdp: Some(_) }));
    b.expect_silence();
    // The offer of another fork waits its turn: not acknowledged, so it will be repeated.
    b.recv(reply(&invite, "183 Session Progress", "two", extra, OFFER));
    b.expect_silence();
    b.command(leg, LegCommand::AnswerOffer { sdp: bytes(ANSWER) });
    let prack = b.expect("PRACK");
    assert_eq!(prack.body(), ANSWER.as_bytes());
    b.recv(reply(&prack, "200 OK", "", "", ""));
    b.recv(reply(&invite, "200 OK", "far", "", ""));
    b.expect("ACK");
    assert!(matches!(b.event(leg), LegEvent::Answered { sdp: None }));
    b.finish(leg);
}

#[test]
fn an_early_update_waits_until_the_prack_is_answered() {
    let mut b = Bench::new();
    let leg = b.call(Some(ANSWER));
    let invite = b.expect("INVITE");
    let reliable = "Require: 100rel\r\nRSeq: 5\r\nAllow: UPDATE\r\n";
    b.recv(reply(&invite, "183 Session Progress", "far", reliable, OFFER));
    let prack = b.expect("PRACK");
    assert!(matches!(b.event(leg), LegEvent::Progress { status: 183, sdp: Some(_) }));
    b.command(leg, LegCommand::Offer { sdp: Some(bytes(ANSWER)), identity: None });
    // By UDP it could overtake the PRACK, which would then be out of order.
    b.expect_silence();
    b.recv(reply(&prack, "200 OK", "", "", ""));
    let update = b.expect("UPDATE");
    b.recv(reply(&update, "200 OK", "", "", OFFER));
    assert!(matches!(b.event(leg), LegEvent::AnswerReceived { .. }));
    b.recv(reply(&invite, "200 OK", "far", "", ""));
    b.expect("ACK");
    assert!(matches!(b.event(leg), LegEvent::Answered { sdp: None }));
    b.finish(leg);
}
