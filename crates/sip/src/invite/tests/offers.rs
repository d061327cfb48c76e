//! Offers in an answered call: re-INVITE and UPDATE in both directions.

use super::*;

const UPDATES: &str = "Allow: INVITE, ACK, BYE, UPDATE\r\n";

fn offer(sdp: Option<&'static str>) -> LegCommand {
    LegCommand::Offer { sdp: sdp.map(bytes), identity: None }
}

#[test]
fn update_is_preferred_where_it_is_allowed() {
    for (allow, method) in [(UPDATES, "UPDATE"), ("", "INVITE")] {
        let mut b = Bench::new();
        let (leg, _) = b.talk_in(allow);
        let identity = Identity {
            user: "2009".into(),
            display: "New\r\nX-Evil: 1".into(),
            host: "office.example".into(),
        };
        let command = LegCommand::Offer { sdp: Some(bytes(ANSWER)), identity: Some(identity) };
        b.command(leg, command);
        let request = b.expect(method);
        assert_eq!(request.body(), ANSWER.as_bytes());
        let asserted = header(&request, HeaderId::PAssertedIdentity);
        assert_eq!(asserted, "\"NewX-Evil: 1\" <sip:2009@office.example>");
        // A second offer waits for the first.
        b.command(leg, offer(Some(OFFER)));
        b.expect_silence();
        b.recv(reply(&request, "200 OK", "", allow, OFFER));
        if method == "INVITE" {
            b.expect("ACK");
        }
        assert!(matches!(b.event(leg), LegEvent::AnswerReceived { sdp: Some(_) }));
        let second = b.expect(method);
        assert_eq!(second.body(), OFFER.as_bytes());
        // A refusal keeps the session; its ACK is the transaction's.
        b.recv(reply(&second, "488 Not Acceptable Here", "", "", ""));
        if method == "INVITE" {
            b.expect("ACK");
        }
        assert!(matches!(b.event(leg), LegEvent::OfferFailed { status: 488 }));
        b.finish(leg);
    }
}

#[test]
fn update_that_is_refused_although_allowed_becomes_a_reinvite() {
    let mut b = Bench::new();
    let (leg, _) = b.talk_out(UPDATES);
    b.command(leg, offer(Some(ANSWER)));
    let update = b.expect("UPDATE");
    b.recv(reply(&update, "405 Method Not Allowed", "", "", ""));
    let invite = b.expect("INVITE");
    b.recv(reply(&invite, "200 OK", "", "", OFFER));
    let ack = b.expect("ACK");
    assert!(matches!(b.event(leg), LegEvent::AnswerReceived { sdp: Some(_) }));
    b.recv(reply(&invite, "200 OK", "", "", OFFER));
    assert!(b.expect("ACK").same(&ack));
    b.finish(leg);
}

#[test]
fn asking_for_an_offer_puts_the_answer_into_the_ack() {
    let mut b = Bench::new();
    let (leg, _) = b.talk_out(UPDATES);
    b.command(leg, offer(None));
    let invite = b.expect("INVITE");
    assert!(invite.body().is_empty());
    b.recv(reply(&invite, "200 OK", "", "", OFFER));
    assert!(matches!(b.event(leg), LegEvent::OfferReceived { sdp: Some(_) }));
    b.expect_silence();
    b.command(leg, LegCommand::AnswerOffer { sdp: bytes(ANSWER) });
    assert_eq!(b.expect("ACK").body(), ANSWER.as_bytes());
    b.finish(leg);
}

#[test]
fn the_phones_offers_are_answered_where_they_came() {
    let mut b = Bench::new();
    let (leg, far) = b.talk_in("");
    let moved = "Contact: <sip:phone@192.0.2.10:5062>\r\n";
    b.recv(far.request("INVITE", 2, moved, OFFER));
    assert!(matches!(b.event(leg), LegEvent::OfferReceived { sdp: Some(_) }));
    b.wait_ms(210);
    b.expect("100 INVITE");
    b.command(leg, LegCommand::AnswerOffer { sdp: bytes(ANSWER) });
    let ok = b.expect("200 INVITE");
    assert_eq!(ok.body(), ANSWER.as_bytes());
    b.wait_ms(510);
    b.expect("200 INVITE");
    b.recv(far.request("ACK", 2, "", ""));
    // Without SDP it asks for an offer.
    b.recv(far.request("INVITE", 3, moved, ""));
    assert!(matches!(b.event(leg), LegEvent::OfferReceived { sdp: None }));
    b.command(leg, LegCommand::AnswerOffer { sdp: bytes(ANSWER) });
    b.expect("200 INVITE");
    b.recv(far.request("ACK", 3, "", OFFER));
    assert!(matches!(b.event(leg), LegEvent::AnswerReceived { sdp: Some(_) }));
    // Refused: the session stays.
    b.recv(far.request("INVITE", 4, "", OFFER));
    assert!(matches!(b.event(leg), LegEvent::OfferReceived { sdp: Some(_) }));
    b.command(leg, LegCommand::RefuseOffer { status: 488 });
    assert!(b.expect("488 INVITE").has(HeaderId::Warning));
    b.recv(far.request("ACK", 4, REFUSED, ""));
    b.recv(far.request("UPDATE", 5, "", OFFER));
    assert!(matches!(b.event(leg), LegEvent::OfferReceived { sdp: Some(_) }));
    b.command(leg, LegCommand::AnswerOffer { sdp: bytes(ANSWER) });
    b.expect("200 UPDATE");
    b.recv(far.request("UPDATE", 6, "", ""));
    b.expect("200 UPDATE");
    // Requests of ours follow the Contact of the accepted re-INVITE, not of the refused one.
    b.recv(far.request("INFO", 2, "", ""));
    b.expect("500 INFO");
    b.end(leg);
    let bye = b.expect("BYE");
    assert_eq!(bye.request_uri(), format!("sip:phone@{PHONE}").as_bytes());
    b.recv(reply(&bye, "200 OK", "", "", ""));
    b.expect_gone(leg);
    b.expect_drained();
}

#[test]
fn glare_is_refused_and_tried_again_by_who_owns_the_call_id() {
    for outbound in [true, false] {
        let mut b = Bench::new();
        let (leg, far) = if outbound { b.talk_out("") } else { b.talk_in("") };
        b.command(leg, offer(Some(ANSWER)));
        let invite = b.expect("INVITE");
        b.recv(far.request("INVITE", 9, "", OFFER));
        b.expect("491 INVITE");
        b.recv(far.request("ACK", 9, REFUSED, ""));
        b.recv(far.request("UPDATE", 10, "", OFFER));
        b.expect("491 UPDATE");
        // No offer, no glare.
        b.recv(far.request("UPDATE", 11, "", ""));
        b.expect("200 UPDATE");
        b.recv(reply(&invite, "491 Request Pending", "", "", ""));
        b.expect("ACK");
        let waited = b.until_sent().as_millis();
        let expected = if outbound { 2_100..=4_010 } else { 0..=2_010 };
        assert!(expected.contains(&waited), "{waited}");
        let again = b.expect("INVITE");
        assert_eq!(again.body(), ANSWER.as_bytes());
        b.recv(reply(&again, "200 OK", "", "", OFFER));
        b.expect("ACK");
        assert!(matches!(b.event(leg), LegEvent::AnswerReceived { .. }));
        b.finish(leg);
    }
}

#[test]
fn after_glare_an_offer_may_be_taken_back_for_that_of_the_far_end() {
    let mut b = Bench::new();
    let (leg, far) = b.talk_out("");
    b.command(leg, offer(Some(ANSWER)));
    let invite = b.expect("INVITE");
    b.recv(reply(&invite, "491 Request Pending", "", "", ""));
    b.expect("ACK");
    b.recv(far.request("INVITE", 9, "", OFFER));
    assert!(matches!(b.event(leg), LegEvent::OfferReceived { .. }));
    b.command(leg, LegCommand::WithdrawOffer);
    b.command(leg, LegCommand::AnswerOffer { sdp: ANSWER.into() });
    b.expect("200 INVITE");
    b.recv(far.request("ACK", 9, "", ""));
    b.wait_ms(5_000);
    b.expect_silence();
    // Nothing stands in the way of the next one.
    b.command(leg, offer(Some(ANSWER)));
    b.expect("INVITE");
}

#[test]
fn an_offer_waits_for_the_ack_of_a_refusal() {
    for acknowledged in [true, false] {
        let mut b = Bench::new();
        let (leg, far) = b.talk_in(UPDATES);
        b.recv(far.request("INVITE", 9, "", OFFER));
        assert!(matches!(b.event(leg), LegEvent::OfferReceived { .. }));
        b.command(leg, LegCommand::RefuseOffer { status: 491 });
        b.expect("491 INVITE");
        b.command(leg, offer(Some(ANSWER)));
        b.expect_silence();
        if acknowledged {
            b.recv(far.request("ACK", 9, REFUSED, ""));
        } else {
            // Timer H of the refusal.
            b.wait_ms(32_100);
            b.sent.retain(|m| title(m) != "491 INVITE");
        }
        let update = b.expect("UPDATE");
        b.recv(reply(&update, "200 OK", "", "", OFFER));
        assert!(matches!(b.event(leg), LegEvent::AnswerReceived { .. }));
        b.finish(leg);
    }
}

#[test]
fn glare_without_end_fails_the_offer() {
    let mut b = Bench::new();
    let (leg, _) = b.talk_out(UPDATES);
    b.command(leg, offer(Some(ANSWER)));
    for _ in 0..8 {
        let update = b.expect("UPDATE");
        b.recv(reply(&update, "491 Request Pending", "", "", ""));
        if b.events.is_empty() {
            b.until_sent();
        }
    }
    b.expect_silence();
    assert!(matches!(b.event(leg), LegEvent::OfferFailed { status: 491 }));
    b.finish(leg);
}

#[test]
fn a_dialog_that_the_phone_forgot_is_ended() {
    for (status, bye) in [("481 Call/Transaction Does Not Exist", true), ("", true)] {
        let mut b = Bench::new();
        let (leg, _) = b.talk_out("");
        b.command(leg, offer(Some(ANSWER)));
        let invite = b.expect("INVITE");
        if status.is_empty() {
            b.wait_ms(32_100);
            b.sent.retain(|m| title(m) != "INVITE");
        } else {
            b.recv(reply(&invite, status, "", "", ""));
            b.expect("ACK");
        }
        assert!(matches!(
            b.event(leg),
            LegEvent::Ended { cause: Cause::MediaTimeout, by_far_end: false, .. }
        ));
        assert!(bye);
        let bye = b.expect("BYE");
        b.recv(reply(&bye, "481 Gone", "", "", ""));
        b.expect_gone(leg);
        b.expect_drained();
    }
}

#[test]
fn an_offer_that_nobody_answers_is_refused_in_time() {
    let mut b = Bench::new();
    let (leg, far) = b.talk_in("");
    b.recv(far.request("UPDATE", 2, "", OFFER));
    assert!(matches!(b.event(leg), LegEvent::OfferReceived { .. }));
    b.wait_ms(30_100);
    b.expect("100 UPDATE");
    b.expect("500 UPDATE");
    // What comes too late changes nothing.
    b.command(leg, LegCommand::AnswerOffer { sdp: bytes(ANSWER) });
    b.expect_silence();
    b.finish(leg);
}

#[test]
fn small_requests_in_a_call() {
    let mut b = Bench::new();
    let (leg, far) = b.talk_in("");
    let relay = "Content-Type: application/dtmf-relay\r\n";
    b.recv(far.request("INFO", 2, relay, "Signal=*\r\nDuration=120\r\n"));
    b.expect("200 INFO");
    match b.event(leg) {
        LegEvent::Digit { digit: b'*', duration } => assert_eq!(duration, Micros::millis(120)),
        other => panic!("{other:?}"),
    }
    b.recv(far.request("INFO", 3, "Content-Type: text/plain\r\n", "hello"));
    b.expect("415 INFO");
    b.recv(far.request("INFO", 4, "", ""));
    b.expect("200 INFO");
    b.recv(far.request("OPTIONS", 5, "", ""));
    assert!(b.expect("200 OPTIONS").has_token(HeaderId::Allow, "REFER"));
    b.recv(far.request("MESSAGE", 6, "Content-Type: text/plain\r\n", "hello"));
    assert!(b.expect("405 MESSAGE").has(HeaderId::Allow));
    let event = "Event: refer\r\nSubscription-State: active\r\n";
    b.recv(far.request("NOTIFY", 7, event, ""));
    b.expect("481 NOTIFY");
    b.recv(far.request("SUBSCRIBE", 8, "Event: dialog\r\n", ""));
    b.expect("489 SUBSCRIBE");
    assert!(b.events.is_empty());
    b.finish(leg);
}

#[test]
fn a_copy_of_the_first_200_is_acknowledged_after_a_reinvite_too() {
    let mut b = Bench::new();
    let leg = b.call(Some(OFFER));
    let invite = b.expect("INVITE");
    b.recv(reply(&invite, "200 OK", "far", "", ANSWER));
    b.expect("ACK");
    assert!(matches!(b.event(leg), LegEvent::Answered { .. }));
    b.command(leg, offer(Some(OFFER)));
    let reinvite = b.expect("INVITE");
    b.recv(reply(&reinvite, "200 OK", "", "", ANSWER));
    let ack = b.expect("ACK");
    assert!(matches!(b.event(leg), LegEvent::AnswerReceived { .. }));
    b.recv(reply(&invite, "200 OK", "far", "", ANSWER));
    let again = b.expect("ACK");
    let cseq = |msg: &Msg| msg.cseq().map(|c| c.number);
    assert_eq!((cseq(&again), again.to().is_some()), (cseq(&invite), true));
    // The younger one is still the one that its own copies get.
    b.recv(reply(&reinvite, "200 OK", "", "", ANSWER));
    assert!(b.expect("ACK").same(&ack));
    b.finish(leg);
}
