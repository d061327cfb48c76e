//! Session timers (RFC 4028) in both roles.

use super::*;

const UPDATES: &str = "Allow: INVITE, ACK, BYE, UPDATE\r\n";

#[test]
fn the_phone_refreshes_or_the_call_ends_before_the_expiry() {
    let mut b = Bench::new();
    let (leg, mut far) =
        b.called("Supported: timer\r\nSession-Expires: 600;refresher=uac\r\n", OFFER);
    b.command(leg, LegCommand::Answer { sdp: Some(bytes(ANSWER)) });
    let ok = b.expect("200 INVITE");
    assert_eq!(header(&ok, HeaderId::SessionExpires), "600;refresher=uac");
    assert_eq!(header(&ok, HeaderId::Require), "timer");
    far.learn(&ok);
    b.recv(far.request("ACK", 1, "", ""));
    b.event(leg);
    b.wait(Micros::seconds(500));
    let session = "Session-Expires: 600;refresher=uac\r\nSupported: timer\r\n";
    b.recv(far.request("UPDATE", 2, session, ""));
    let ok = b.expect("200 UPDATE");
    assert_eq!(header(&ok, HeaderId::SessionExpires), "600;refresher=uac");
    b.wait(Micros::seconds(567));
    b.expect_silence();
    b.wait(Micros::seconds(2));
    let bye = b.expect("BYE");
    assert!(matches!(
        b.event(leg),
        LegEvent::Ended { cause: Cause::MediaTimeout, by_far_end: false, .. }
    ));
    b.recv(reply(&bye, "200 OK", "", "", ""));
    b.expect_gone(leg);
    b.expect_drained();
}

#[test]
fn we_refresh_by_update_or_by_the_last_description() {
    for (allow, method) in [(UPDATES, "UPDATE"), ("", "INVITE")] {
        let mut b = Bench::new();
        let extra = format!("Session-Expires: 1800;refresher=uac\r\nRequire: timer\r\n{allow}");
        let (leg, _) = b.talk_out(&extra);
        b.wait_ms(900_100);
        let refresh = b.expect(method);
        assert_eq!(header(&refresh, HeaderId::SessionExpires), "1800;refresher=uac");
        let repeated = if method == "INVITE" { ANSWER } else { "" };
        assert_eq!(refresh.body(), repeated.as_bytes());
        b.recv(reply(&refresh, "200 OK", "", &extra, if method == "INVITE" { OFFER } else { "" }));
        if method == "INVITE" {
            b.expect("ACK");
        }
        // A refresh that fails otherwise is tried again until the session is over.
        b.wait(Micros::seconds(901));
        let mut tries = 0;
        while b.now < Mono(5_000_000_000) && b.events.is_empty() {
            while let Some(msg) = b.sent.pop_front() {
                if title(&msg) == method {
                    b.recv(reply(&msg, "503 Service Unavailable", "", "", ""));
                    tries += 1;
                }
            }
            b.wait(Micros::seconds(1));
        }
        assert!(tries > 5, "{tries}");
        assert!(matches!(b.event(leg), LegEvent::Ended { cause: Cause::MediaTimeout, .. }));
        let bye = std::iter::from_fn(|| b.sent.pop_front()).find(|m| title(m) == "BYE");
        b.recv(reply(&bye.expect("BYE"), "200 OK", "", "", ""));
        b.expect_gone(leg);
        b.expect_drained();
    }
}

#[test]
fn too_short_an_interval_is_refused_and_taken_in_both_roles() {
    let mut b = Bench::new();
    let far = Far::caller(1);
    b.recv(far.request("INVITE", 1, "Supported: timer\r\nSession-Expires: 60\r\n", OFFER));
    let refusal = b.expect("422 INVITE");
    assert_eq!(header(&refusal, HeaderId::MinSe), "90");
    assert!(b.events.is_empty());
    b.recv(far.request("ACK", 1, REFUSED, ""));

    let leg = b.call(Some(ANSWER));
    let invite = b.expect("INVITE");
    assert_eq!(header(&invite, HeaderId::SessionExpires), "1800");
    b.recv(reply(&invite, "422 Session Interval Too Small", "far", "Min-SE: 3600\r\n", ""));
    b.expect("ACK");
    let again = b.expect("INVITE");
    assert_eq!(header(&again, HeaderId::SessionExpires), "3600");
    assert_eq!(header(&again, HeaderId::MinSe), "3600");
    assert_eq!(again.call_id(), invite.call_id());
    assert!(again.cseq().map(|c| c.number) > invite.cseq().map(|c| c.number));
    b.recv(reply(&again, "200 OK", "far", "Session-Expires: 3600;refresher=uas\r\n", OFFER));
    b.expect("ACK");
    assert!(matches!(b.event(leg), LegEvent::Answered { .. }));
    // The phone has to refresh.
    b.wait(Micros::seconds(3_567));
    b.expect_silence();
    b.wait(Micros::seconds(2));
    let bye = b.expect("BYE");
    assert!(matches!(b.event(leg), LegEvent::Ended { .. }));
    b.recv(reply(&bye, "200 OK", "", "", ""));
    b.expect_gone(leg);
    b.expect_drained();
}

#[test]
fn a_caller_without_the_extension_is_refreshed_by_us() {
    let mut b = Bench::new();
    let (leg, far) = b.talk_in(UPDATES);
    b.wait_ms(900_100);
    let refresh = b.expect("UPDATE");
    assert_eq!(header(&refresh, HeaderId::SessionExpires), "1800;refresher=uac");
    // refresh × BYE
    b.recv(far.request("BYE", 2, "", ""));
    b.expect("200 BYE");
    assert!(matches!(b.event(leg), LegEvent::Ended { by_far_end: true, .. }));
    b.expect_gone(leg);
    b.recv(reply(&refresh, "481 Gone", "", "", ""));
    b.expect_drained();
}

#[test]
fn a_refresh_without_answer_finds_the_dead_phone() {
    let mut b = Bench::new();
    let (leg, _) = b.talk_in(UPDATES);
    b.wait(Micros::seconds(901 + 33));
    assert!(matches!(b.event(leg), LegEvent::Ended { cause: Cause::MediaTimeout, .. }));
    b.wait(Micros::seconds(33));
    b.expect_gone(leg);
    b.sent.clear();
    b.expect_drained();
}

#[test]
fn a_callee_that_knows_no_session_timer_is_asked_all_the_same() {
    for (allow, method) in [(UPDATES, "UPDATE"), ("", "INVITE")] {
        let mut b = Bench::new();
        let (leg, _) = b.talk_out(allow);
        // Its answers say nothing of a timer; a refusal is a sign of life as well.
        for (refusal, round) in [(None, 1), (Some("488 No"), 2), (None, 3)] {
            b.wait_ms(900_100);
            let refresh = b.expect(method);
            assert_eq!(refresh.body().is_empty(), method == "UPDATE", "{round}");
            let answer = if method == "INVITE" { OFFER } else { "" };
            let (status, body) = refusal.map_or(("200 OK", answer), |r| (r, ""));
            b.recv(reply(&refresh, status, "", allow, body));
            if method == "INVITE" {
                b.expect("ACK");
            }
            b.expect_silence();
        }
        // It is gone: nobody answers any more.
        b.wait(Micros::seconds(900 + 33));
        assert!(matches!(b.event(leg), LegEvent::Ended { cause: Cause::MediaTimeout, .. }));
        b.wait(Micros::seconds(33));
        b.expect_gone(leg);
        b.sent.clear();
        b.expect_drained();
    }
}

#[test]
fn a_refused_offer_does_not_take_the_place_of_the_refresh() {
    let mut b = Bench::new();
    let session = "Session-Expires: 600;refresher=uac\r\nRequire: timer\r\n";
    let (leg, _) = b.talk_out(&format!("{session}{UPDATES}"));
    b.wait_ms(299_900);
    b.command(leg, LegCommand::Offer { sdp: Some(bytes(ANSWER)), identity: None });
    let offer = b.expect("UPDATE");
    b.wait_ms(200);
    b.recv(reply(&offer, "488 No", "", "", ""));
    assert!(matches!(b.event(leg), LegEvent::OfferFailed { status: 488 }));
    let refresh = b.expect("UPDATE");
    assert!(refresh.body().is_empty());
    b.recv(reply(&refresh, "200 OK", "", session, ""));
    b.wait(Micros::seconds(299));
    b.expect_silence();
    b.finish(leg);
}
