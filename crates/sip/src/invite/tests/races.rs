//! The races of sip.md §6 (RFC 5407 and our own).

use super::*;
use crate::leg::Refused;

fn cancelled(q850: Option<u8>) -> impl Fn(LegEvent) -> bool {
    move |event| {
        matches!(event, LegEvent::Ended { cause: Cause::CallerCancelled, by_far_end: true, q850: q }
            if q == q850)
    }
}

#[test]
fn cancel_waits_for_a_provisional_and_says_why() {
    let mut b = Bench::new();
    let leg = b.call(Some(ANSWER));
    let invite = b.expect("INVITE");
    b.command(leg, LegCommand::End { cause: Cause::NormalClearing, elsewhere: true });
    b.expect_silence();
    b.recv(reply(&invite, "180 Ringing", "far", "", ""));
    let cancel = b.expect("CANCEL");
    let reason = header(&cancel, HeaderId::Reason);
    assert_eq!(reason, "SIP;cause=200;text=\"Call completed elsewhere\"");
    b.recv(reply(&cancel, "200 OK", "", "", ""));
    b.recv(reply(&invite, "487 Request Terminated", "far", "", ""));
    b.expect("ACK");
    let expected = Refused { status: 487, q850: None, unreachable: false };
    assert!(matches!(b.event(leg), LegEvent::Refused(refused) if refused == expected));
    b.expect_gone(leg);
    b.expect_drained();
}

#[test]
fn a_200_that_crosses_our_cancel_is_acknowledged_and_ended() {
    let mut b = Bench::new();
    let leg = b.call(Some(ANSWER));
    let invite = b.expect("INVITE");
    b.recv(reply(&invite, "180 Ringing", "far", "", ""));
    b.event(leg);
    b.end(leg);
    let cancel = b.expect("CANCEL");
    b.recv(reply(&invite, "200 OK", "far", "", OFFER));
    b.expect("ACK");
    let bye = b.expect("BYE");
    b.recv(reply(&cancel, "481 Call/Transaction Does Not Exist", "", "", ""));
    b.recv(reply(&invite, "200 OK", "far", "", OFFER));
    b.expect("ACK");
    assert!(matches!(b.event(leg), LegEvent::Refused(Refused { status: 487, .. })));
    b.recv(reply(&bye, "200 OK", "", "", ""));
    b.expect_gone(leg);
    b.expect_drained();
}

#[test]
fn a_cancel_without_effect_ends_the_leg_after_32_s() {
    let mut b = Bench::new();
    let leg = b.call(Some(ANSWER));
    let invite = b.expect("INVITE");
    b.recv(reply(&invite, "180 Ringing", "far", "", ""));
    b.event(leg);
    b.end(leg);
    let cancel = b.expect("CANCEL");
    b.recv(reply(&cancel, "200 OK", "", "", ""));
    b.wait_ms(32_100);
    assert!(matches!(b.event(leg), LegEvent::Refused(Refused { status: 487, .. })));
    b.expect_gone(leg);
    // The 200 after that belongs to nothing; the transaction is gone.
    b.recv(reply(&invite, "200 OK", "far", "", OFFER));
    b.expect_silence();
    b.expect_drained();
}

#[test]
fn a_caller_cancels_before_and_after_our_200() {
    let mut b = Bench::new();
    let far = Far::caller(1);
    let invite = far.request("INVITE", 1, "Supported: 100rel\r\n", OFFER);
    b.recv(&invite);
    let Some((leg, LegEvent::Offered(_))) = b.events.pop_front() else { panic!("not offered") };
    // PRACK × CANCEL: the reliable response is on its way.
    b.command(leg, LegCommand::Progress { status: 183, sdp: Some(bytes(ANSWER)) });
    let session = b.expect("183 INVITE");
    b.recv(Far::cancel(&invite, "Reason: Q.850;cause=31\r\n"));
    b.expect("200 CANCEL");
    b.expect("487 INVITE");
    assert!(cancelled(Some(31))(b.event(leg)));
    b.expect_gone(leg);
    let known = Far { remote: header(&session, HeaderId::To), ..Far::caller(1) };
    let rack = format!("RAck: {} 1 INVITE\r\n", session.rseq().expect("reliable"));
    known.serial.set(50);
    b.recv(known.request("PRACK", 2, &rack, ""));
    b.expect("481 PRACK");
    // Commands for what is over are ignored.
    b.command(leg, LegCommand::Answer { sdp: None });
    let ack = invite.replace("INVITE sip", "ACK sip").replace("1 INVITE", "1 ACK");
    b.recv(ack);
    b.expect_drained();

    let mut far = Far::caller(2);
    let invite = far.request("INVITE", 1, "", OFFER);
    b.recv(&invite);
    let Some((leg, LegEvent::Offered(_))) = b.events.pop_front() else { panic!("not offered") };
    b.command(leg, LegCommand::Answer { sdp: Some(bytes(ANSWER)) });
    far.learn(&b.expect("200 INVITE"));
    b.recv(Far::cancel(&invite, ""));
    b.expect("200 CANCEL");
    assert!(b.events.is_empty());
    b.recv(far.request("ACK", 1, "", ""));
    assert!(matches!(b.event(leg), LegEvent::Confirmed));
    b.finish(leg);
}

#[test]
fn our_bye_waits_for_the_ack_to_our_200() {
    let mut b = Bench::new();
    let (leg, mut far) = b.called("", OFFER);
    b.command(leg, LegCommand::Answer { sdp: Some(bytes(ANSWER)) });
    far.learn(&b.expect("200 INVITE"));
    b.end(leg);
    b.expect_silence();
    b.recv(far.request("ACK", 1, "", ""));
    let bye = b.expect("BYE");
    assert!(b.events.is_empty(), "no news of a leg that we end: {:?}", b.events);
    b.recv(reply(&bye, "200 OK", "", "", ""));
    b.expect_gone(leg);
    b.expect_drained();
}

#[test]
fn both_hang_up_at_once() {
    let mut b = Bench::new();
    let (leg, far) = b.talk_in("");
    b.end(leg);
    let bye = b.expect("BYE");
    b.recv(far.request("BYE", 2, "", ""));
    b.expect("200 BYE");
    b.expect_gone(leg);
    b.recv(reply(&bye, "481 Gone", "", "", ""));
    b.expect_drained();

    // Their BYE overtakes the ACK that ours waits for.
    let (leg, mut far) = b.called("", OFFER);
    b.command(leg, LegCommand::Answer { sdp: Some(bytes(ANSWER)) });
    far.learn(&b.expect("200 INVITE"));
    b.end(leg);
    b.recv(far.request("BYE", 2, "", ""));
    b.expect("200 BYE");
    b.expect_gone(leg);
    b.recv(far.request("ACK", 1, "", ""));
    b.expect_drained();
}

#[test]
fn a_bye_that_nobody_answers_ends_the_leg_all_the_same() {
    let mut b = Bench::new();
    let (leg, _) = b.talk_out("");
    b.end(leg);
    b.expect("BYE");
    b.wait_ms(32_100);
    b.expect_gone(leg);
    b.sent.clear();
    b.expect_drained();
}

#[test]
fn bye_crosses_reinvites_of_both_sides() {
    let mut b = Bench::new();
    // Theirs meets our re-INVITE.
    let (leg, far) = b.talk_out("");
    b.command(leg, LegCommand::Offer { sdp: Some(bytes(ANSWER)), identity: None });
    let invite = b.expect("INVITE");
    b.recv(far.request("BYE", 2, "", ""));
    b.expect("200 BYE");
    assert!(matches!(b.event(leg), LegEvent::Ended { cause: Cause::NormalClearing, .. }));
    b.expect_gone(leg);
    b.recv(reply(&invite, "487 Request Terminated", "", "", ""));
    b.expect("ACK");
    b.expect_drained();

    // Or the re-INVITE was accepted before: its 200 is acknowledged, the dialog ended again.
    let (leg, far) = b.talk_out("");
    b.command(leg, LegCommand::Offer { sdp: Some(bytes(ANSWER)), identity: None });
    let invite = b.expect("INVITE");
    b.recv(far.request("BYE", 2, "", ""));
    b.expect("200 BYE");
    b.event(leg);
    b.expect_gone(leg);
    b.recv(reply(&invite, "200 OK", "", "", OFFER));
    b.expect("ACK");
    let bye = b.expect("BYE");
    b.recv(reply(&bye, "481 Gone", "", "", ""));
    b.expect_drained();

    // Ours meets their re-INVITE: it gets 487, and what comes later 481.
    let (leg, far) = b.talk_in("");
    b.recv(far.request("INVITE", 2, "", OFFER));
    b.event(leg);
    b.end(leg);
    b.expect("487 INVITE");
    let bye = b.expect("BYE");
    b.recv(far.request("UPDATE", 3, "", OFFER));
    b.expect("481 UPDATE");
    b.recv(reply(&bye, "200 OK", "", "", ""));
    b.expect_gone(leg);
    b.recv(far.request("ACK", 2, REFUSED, ""));
    b.expect_drained();

    // Theirs comes while call control thinks about their own offer.
    let (leg, far) = b.talk_in("");
    b.recv(far.request("INVITE", 2, "", OFFER));
    b.event(leg);
    b.recv(far.request("BYE", 3, "", ""));
    b.expect("487 INVITE");
    b.expect("200 BYE");
    assert!(matches!(b.event(leg), LegEvent::Ended { .. }));
    b.expect_gone(leg);
    b.command(leg, LegCommand::AnswerOffer { sdp: bytes(ANSWER) });
    b.recv(far.request("ACK", 2, REFUSED, ""));
    b.expect_silence();
    b.expect_drained();
}

#[test]
fn early_byes() {
    // A caller may end an early dialog by BYE.
    let mut b = Bench::new();
    let (leg, mut far) = b.called("", OFFER);
    b.command(leg, LegCommand::Progress { status: 180, sdp: None });
    far.learn(&b.expect("180 INVITE"));
    b.recv(far.request("BYE", 2, "", ""));
    b.expect("487 INVITE");
    b.expect("200 BYE");
    assert!(cancelled(None)(b.event(leg)));
    b.expect_gone(leg);
    b.recv(far.request("ACK", 1, REFUSED, ""));
    b.expect_drained();

    // A callee may not.
    let leg = b.call(Some(ANSWER));
    let invite = b.expect("INVITE");
    b.recv(reply(&invite, "180 Ringing", "far", "", ""));
    b.event(leg);
    b.recv(Far::callee(&invite, "far").request("BYE", 1, "", ""));
    b.expect("481 BYE");
    b.recv(reply(&invite, "200 OK", "far", "", OFFER));
    b.expect("ACK");
    b.event(leg);
    b.finish(leg);
}

#[test]
fn a_reinvite_proves_an_ack_that_was_lost() {
    let mut b = Bench::new();
    let (leg, mut far) = b.called("", OFFER);
    b.command(leg, LegCommand::Answer { sdp: Some(bytes(ANSWER)) });
    far.learn(&b.expect("200 INVITE"));
    b.recv(far.request("INVITE", 2, "", OFFER));
    assert!(matches!(b.event(leg), LegEvent::Confirmed));
    assert!(matches!(b.event(leg), LegEvent::OfferReceived { .. }));
    b.command(leg, LegCommand::AnswerOffer { sdp: bytes(ANSWER) });
    b.expect("200 INVITE");
    // The first ACK comes at last, then the second.
    b.recv(far.request("ACK", 1, "", ""));
    b.recv(far.request("ACK", 2, "", ""));
    assert!(b.events.is_empty());
    b.wait_ms(5_000);
    b.expect_silence();
    b.finish(leg);

    // With our offer unanswered it must wait.
    let (leg, mut far) = b.called("", "");
    b.command(leg, LegCommand::Answer { sdp: Some(bytes(ANSWER)) });
    far.learn(&b.expect("200 INVITE"));
    b.recv(far.request("INVITE", 2, "", OFFER));
    b.expect("491 INVITE");
    b.recv(far.request("ACK", 2, REFUSED, ""));
    b.recv(far.request("ACK", 1, "", OFFER));
    assert!(matches!(b.event(leg), LegEvent::Confirmed));
    assert!(matches!(b.event(leg), LegEvent::AnswerReceived { sdp: Some(_) }));
    b.finish(leg);
}

#[test]
fn a_late_copy_of_the_invite_is_no_new_call() {
    let mut b = Bench::new();
    let mut far = Far::caller(1);
    let invite = far.request("INVITE", 1, "", OFFER);
    b.recv(&invite);
    let Some((leg, LegEvent::Offered(_))) = b.events.pop_front() else { panic!("not offered") };
    b.command(leg, LegCommand::Answer { sdp: Some(bytes(ANSWER)) });
    far.learn(&b.expect("200 INVITE"));
    b.recv(far.request("ACK", 1, "", ""));
    b.event(leg);
    for _ in 0..30 {
        b.wait_ms(1_000);
        b.recv(&invite);
    }
    b.expect_silence();
    assert!(b.events.is_empty());
    b.finish(leg);
}
