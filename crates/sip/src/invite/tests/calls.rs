//! Setting calls up and clearing them.

use super::*;
use crate::leg::Refused;

#[test]
fn an_outbound_call_says_who_calls_and_ends_by_bye() {
    let mut b = Bench::new();
    let leg = b.call(Some(ANSWER));
    let invite = b.expect("INVITE");
    assert_eq!(invite.request_uri(), format!("sip:phone@{PHONE}").as_bytes());
    let from = header(&invite, HeaderId::From);
    assert!(from.starts_with("\"山田 \\\"太郎\\\"\" <sip:2001@office.example>;tag="), "{from}");
    assert_eq!(header(&invite, HeaderId::To), "<sip:2002@office.example>");
    let asserted = header(&invite, HeaderId::PAssertedIdentity);
    assert_eq!(asserted, "\"山田 \\\"太郎\\\"\" <sip:2001@office.example>");
    assert_eq!(header(&invite, HeaderId::MaxForwards), "69");
    let place = String::from_utf8_lossy(&Place::new(1, 2).text()).into_owned();
    let contact = header(&invite, HeaderId::Contact);
    assert!(contact.starts_with(&format!("<sip:{place}")), "{contact}");
    assert!(contact.ends_with("@192.0.2.1:5060>"), "{contact}");
    assert!(header(&invite, HeaderId::CallId).starts_with(&place));
    assert_eq!(header(&invite, HeaderId::Supported), "100rel, timer, replaces, norefersub");

    b.recv(reply(&invite, "100 Trying", "", "", ""));
    assert!(matches!(b.event(leg), LegEvent::Trying));
    b.recv(reply(&invite, "180 Ringing", "far", "", ""));
    assert!(matches!(b.event(leg), LegEvent::Progress { status: 180, sdp: None }));
    b.recv(reply(&invite, "200 OK", "far", "Record-Route: <sip:p1;lr>, <sip:p2;lr>\r\n", OFFER));
    let ack = b.expect("ACK");
    assert_eq!(header(&ack, HeaderId::Route), "<sip:p2;lr>, <sip:p1;lr>");
    assert_eq!(ack.cseq().map(|c| c.number), invite.cseq().map(|c| c.number));
    match b.event(leg) {
        LegEvent::Answered { sdp } => assert_eq!(sdp_text(&sdp), OFFER),
        other => panic!("{other:?}"),
    }
    // A lost ACK: the same one is sent again.
    b.recv(reply(&invite, "200 OK", "far", "Record-Route: <sip:p1;lr>, <sip:p2;lr>\r\n", OFFER));
    assert!(b.expect("ACK").same(&ack));
    b.expect_silence();

    b.command(leg, LegCommand::End { cause: Cause::AdminCleared, elsewhere: false });
    let bye = b.expect("BYE");
    let reason = header(&bye, HeaderId::Reason);
    assert_eq!(reason, "Q.850;cause=31;text=\"Cleared by administrator\"");
    b.recv(reply(&bye, "200 OK", "", "", ""));
    b.expect_gone(leg);
    b.expect_drained();
}

#[test]
fn a_page_asks_the_phone_to_answer_by_itself_in_each_way_that_phones_know() {
    let mut b = Bench::new();
    let page = Invite { auto_answer: true, ..b.invite(Some(OFFER)) };
    b.call_with("", page);
    let invite = b.expect("INVITE");
    assert_eq!(header(&invite, HeaderId::CallInfo), "<sip:office.example>;answer-after=0");
    let alert = header(&invite, HeaderId::AlertInfo);
    assert_eq!(alert, "<http://office.example>;info=alert-autoanswer;delay=0");
    assert_eq!(header(&invite, HeaderId::AnswerMode), "Auto");
    let mut b = Bench::new();
    b.call(Some(OFFER));
    let invite = b.expect("INVITE");
    for id in [HeaderId::CallInfo, HeaderId::AlertInfo, HeaderId::AnswerMode] {
        assert!(invite.value(id).is_none(), "no other call does");
    }
}

#[test]
fn an_inbound_call_is_offered_answered_and_hung_up_by_the_phone() {
    let mut b = Bench::new();
    let mut far = Far::caller(1);
    far.target = "sip:03%2D12#4;phone-context=+81@office.example;user=phone".into();
    let extra = "Referred-By: <sip:boss@office.example>\r\nSupported: 100rel\r\n";
    b.recv(far.request("INVITE", 1, extra, OFFER));
    let Some((leg, LegEvent::Offered(offered))) = b.events.pop_front() else {
        panic!("not offered");
    };
    assert_eq!((offered.dialed.as_str(), offered.host.as_str()), ("03-12#4", "office.example"));
    assert_eq!(sdp_text(&offered.sdp), OFFER);
    assert!(offered.reliable && !offered.secure && !offered.behind_nat);
    assert_eq!(offered.referred_by.as_deref(), Some(&b"<sip:boss@office.example>"[..]));
    b.wait_ms(210);
    b.expect("100 INVITE");

    b.command(leg, LegCommand::Progress { status: 180, sdp: None });
    let ringing = b.expect("180 INVITE");
    assert!(!ringing.has(HeaderId::RSeq));
    // Told again every minute, so that nobody on the way loses patience.
    b.wait_ms(60_010);
    b.expect("180 INVITE");
    b.command(leg, LegCommand::Answer { sdp: Some(bytes(ANSWER)) });
    let ok = b.expect("200 INVITE");
    assert_eq!(ok.body(), ANSWER.as_bytes());
    assert_eq!(ok.to().and_then(|t| t.tag()), ringing.to().and_then(|t| t.tag()));
    far.learn(&ok);

    // Until the ACK the 200 is repeated, at 0.5, 1, 2, 4, 4 … seconds.
    for gap in [500, 1_000, 2_000, 4_000, 4_000] {
        b.wait_ms(gap - 20);
        b.expect_silence();
        b.wait_ms(30);
        b.expect("200 INVITE");
        b.now = b.now - Micros::millis(10);
    }
    b.recv(far.request("ACK", 1, "", ""));
    assert!(matches!(b.event(leg), LegEvent::Confirmed));
    b.wait_ms(10_000);
    b.expect_silence();

    b.recv(far.request("BYE", 2, "Reason: Q.850;cause=16\r\n", ""));
    b.expect("200 BYE");
    match b.event(leg) {
        LegEvent::Ended { cause: Cause::NormalClearing, by_far_end: true, q850: Some(16) } => {}
        other => panic!("{other:?}"),
    }
    b.expect_gone(leg);
    b.recv(far.request("INFO", 3, "", ""));
    b.expect("481 INFO");
    b.expect_drained();
}

#[test]
fn a_200_without_ack_is_ended_by_bye_also_on_streams() {
    let mut b = Bench::new();
    b.flow = TCP;
    let (leg, far) = b.called("", OFFER);
    b.command(leg, LegCommand::Answer { sdp: Some(bytes(ANSWER)) });
    let ok = b.expect("200 INVITE");
    assert!(header(&ok, HeaderId::Contact).ends_with(";transport=tcp>"));
    b.wait_ms(31_900);
    assert!(b.sent.len() >= 10, "repeated {} times", b.sent.len());
    b.sent.clear();
    b.wait_ms(200);
    let bye = b.expect("BYE");
    assert!(matches!(
        b.event(leg),
        LegEvent::Ended { cause: Cause::MediaTimeout, by_far_end: false, .. }
    ));
    assert_eq!(bye.call_id(), far.call_id.as_bytes());
    b.recv(reply(&bye, "481 Gone", "", "", ""));
    b.expect_gone(leg);
    b.expect_drained();
}

#[test]
fn refusals_carry_status_and_reason() {
    for (cause, retry, status, expected) in [
        (Cause::UserBusy, None, "486 INVITE", "Q.850;cause=17;text=\"User busy\""),
        (Cause::RingTimeout, None, "480 INVITE", "Q.850;cause=19;text=\"No answer\""),
        (Cause::ResourceShortage, Some(7), "503 INVITE", "Q.850;cause=42"),
        (Cause::NormalClearing, None, "480 INVITE", "Q.850;cause=16"),
    ] {
        let mut b = Bench::new();
        let (leg, far) = b.called("", OFFER);
        b.command(leg, LegCommand::Refuse { cause, retry_after_s: retry });
        let refusal = b.expect(status);
        assert!(header(&refusal, HeaderId::Reason).starts_with(expected));
        let after = retry.map(|s: u16| s.to_string()).unwrap_or_default();
        assert_eq!(header(&refusal, HeaderId::RetryAfter), after);
        b.expect_gone(leg);
        b.recv(far.request("ACK", 1, REFUSED, ""));
        b.expect_drained();
    }
}

#[test]
fn outbound_refusals_tell_status_cause_and_whether_the_phone_is_there() {
    let mut b = Bench::new();
    let leg = b.call(Some(ANSWER));
    let invite = b.expect("INVITE");
    b.recv(reply(&invite, "486 Busy Here", "far", "Reason: Q.850;cause=17\r\n", ""));
    b.expect("ACK");
    match b.event(leg) {
        LegEvent::Refused(refused) => {
            let expected = Refused { status: 486, q850: Some(17), unreachable: false };
            assert_eq!(refused, expected);
        }
        other => panic!("{other:?}"),
    }
    b.expect_gone(leg);

    // Timer B.
    let leg = b.call(Some(ANSWER));
    b.wait_ms(32_100);
    b.sent.clear();
    match b.event(leg) {
        LegEvent::Refused(Refused { status: 408, unreachable: true, .. }) => {}
        other => panic!("{other:?}"),
    }
    b.expect_gone(leg);

    // A dead connection.
    b.flow = TCP;
    let leg = b.call(Some(ANSWER));
    b.expect("INVITE");
    let out = b.node.close(b.now, TCP);
    b.sort(out);
    match b.event(leg) {
        LegEvent::Refused(Refused { status: 503, unreachable: true, .. }) => {}
        other => panic!("{other:?}"),
    }
    b.expect_gone(leg);
    b.expect_drained();
}

#[test]
fn a_caller_whose_connection_closes_is_given_up() {
    let mut b = Bench::new();
    b.flow = TCP;
    let (leg, _) = b.called("", OFFER);
    let out = b.node.close(b.now, TCP);
    b.sort(out);
    assert!(matches!(b.event(leg), LegEvent::Ended { cause: Cause::CallerCancelled, .. }));
    b.expect_gone(leg);
    b.expect_drained();
}

#[test]
fn of_several_forks_the_first_2xx_wins_and_the_others_are_ended() {
    let mut b = Bench::new();
    let leg = b.call(Some(ANSWER));
    let invite = b.expect("INVITE");
    for tag in ["one", "two"] {
        b.recv(reply(&invite, "180 Ringing", tag, "", ""));
        assert!(matches!(b.event(leg), LegEvent::Progress { status: 180, .. }));
    }
    b.recv(reply(&invite, "200 OK", "two", "", OFFER));
    let ack = b.expect("ACK");
    assert_eq!(ack.to().and_then(|t| t.tag()), Some(&b"two"[..]));
    assert!(matches!(b.event(leg), LegEvent::Answered { .. }));
    // The loser answers too, twice; the leg has ended between.
    b.recv(reply(&invite, "200 OK", "one", "", OFFER));
    let ack = b.expect("ACK");
    assert_eq!(ack.to().and_then(|t| t.tag()), Some(&b"one"[..]));
    let bye = b.expect("BYE");
    assert_eq!(bye.to().and_then(|t| t.tag()), Some(&b"one"[..]));
    b.recv(reply(&bye, "200 OK", "", "", ""));
    b.end(leg);
    let bye = b.expect("BYE");
    assert_eq!(bye.to().and_then(|t| t.tag()), Some(&b"two"[..]));
    b.recv(reply(&bye, "200 OK", "", "", ""));
    b.expect_gone(leg);
    b.recv(reply(&invite, "200 OK", "three", "", OFFER));
    b.expect("ACK");
    let bye = b.expect("BYE");
    b.recv(reply(&bye, "200 OK", "", "", ""));
    b.expect_drained();
}

#[test]
fn late_offer_is_answered_in_the_ack() {
    // Outbound: the phone offers in its 200.
    let mut b = Bench::new();
    let leg = b.call(None);
    let invite = b.expect("INVITE");
    assert!(invite.body().is_empty());
    b.recv(reply(&invite, "200 OK", "far", "", OFFER));
    assert!(matches!(b.event(leg), LegEvent::Answered { sdp: Some(_) }));
    b.recv(reply(&invite, "200 OK", "far", "", OFFER));
    b.expect_silence();
    b.command(leg, LegCommand::AnswerOffer { sdp: bytes(ANSWER) });
    let ack = b.expect("ACK");
    assert_eq!(ack.body(), ANSWER.as_bytes());
    b.recv(reply(&invite, "200 OK", "far", "", OFFER));
    assert!(b.expect("ACK").same(&ack));
    b.finish(leg);

    // Inbound: we offer in our 200.
    let (leg, mut far) = b.called("", "");
    b.command(leg, LegCommand::Answer { sdp: Some(bytes(ANSWER)) });
    far.learn(&b.expect("200 INVITE"));
    b.recv(far.request("ACK", 1, "", OFFER));
    assert!(matches!(b.event(leg), LegEvent::Confirmed));
    match b.event(leg) {
        LegEvent::AnswerReceived { sdp } => assert_eq!(sdp_text(&sdp), OFFER),
        other => panic!("{other:?}"),
    }
    b.finish(leg);

    // An offer in a 200 that cannot be used: ACK, then BYE.
    let leg = b.call(None);
    let invite = b.expect("INVITE");
    b.recv(reply(&invite, "200 OK", "far", "", OFFER));
    assert!(matches!(b.event(leg), LegEvent::Answered { sdp: Some(_) }));
    b.command(leg, LegCommand::RefuseOffer { status: 488 });
    b.expect("ACK");
    let bye = b.expect("BYE");
    assert!(header(&bye, HeaderId::Reason).starts_with("Q.850;cause=88"));
    assert!(matches!(b.event(leg), LegEvent::Ended { by_far_end: false, .. }));
    b.recv(reply(&bye, "200 OK", "", "", ""));
    b.expect_gone(leg);
    b.expect_drained();
}

#[test]
fn a_contact_that_is_no_longer_registered_is_unreachable_at_once() {
    let mut b = Bench::new();
    let leg = LegId::new(Place::new(1, 2), OUTBOUND_IDS);
    let invite = b.invite(None);
    let out = b.node.call(b.now, leg, invite, None);
    b.sort(out);
    assert!(matches!(b.event(leg), LegEvent::Refused(Refused { unreachable: true, .. })));
    b.expect_gone(leg);
}

#[test]
fn a_phone_that_came_back_by_another_flow_is_hung_up_there() {
    let mut b = Bench::new();
    b.flow = TCP;
    let (leg, _) = b.talk_in("");
    let out = b.node.close(b.now, TCP);
    b.sort(out);
    assert!(b.events.is_empty(), "a cut connection ends no call");
    b.flow = UDP;
    b.node.register(b.now, b.peer());
    b.end(leg);
    let bye = b.expect("BYE");
    assert!(header(&bye, HeaderId::Via).starts_with("SIP/2.0/UDP"));
    b.recv(reply(&bye, "200 OK", "", "", ""));
    b.expect_gone(leg);

    // One that did not come back is given up without waiting.
    let mut b = Bench::new();
    b.flow = TCP;
    let (leg, _) = b.talk_in("");
    let out = b.node.close(b.now, TCP);
    b.sort(out);
    b.end(leg);
    b.wait_ms(20);
    b.expect_gone(leg);
    b.expect_silence();
}

#[test]
fn an_answer_follows_its_phone_to_another_connection_until_its_ack() {
    let mut b = Bench::new();
    b.flow = TCP;
    let (leg, mut far) = b.called("", OFFER);
    b.command(leg, LegCommand::Answer { sdp: Some(bytes(ANSWER)) });
    far.learn(&b.expect("200 INVITE"));
    let out = b.node.close(b.now, TCP);
    b.sort(out);
    b.flow = UDP;
    b.node.register(b.now, b.peer());
    b.now += Micros::seconds(1);
    let again = b.node.tick(b.now);
    let by = |o: &Output| matches!(o, Output::Transmit { flow, .. } if *flow == UDP);
    assert_eq!(again.iter().filter(|o| by(o)).count(), 1, "{again:?}");
    b.recv(far.request("ACK", 1, "", ""));
    assert!(matches!(b.event(leg), LegEvent::Confirmed));
    b.finish(leg);
}

#[test]
fn an_answer_that_is_repeated_by_another_connection_gets_its_ack_there() {
    let mut b = Bench::new();
    b.flow = TCP;
    let leg = b.call(Some(OFFER));
    let invite = b.expect("INVITE");
    let answer = reply(&invite, "200 OK", "far", "", ANSWER);
    b.recv(&answer);
    b.expect("ACK");
    assert!(matches!(b.event(leg), LegEvent::Answered { .. }));
    let out = b.node.close(b.now, TCP);
    b.sort(out);
    let again = Msg::parse_datagram(Bytes::from(answer)).expect("a response");
    let mut peer = b.peer();
    peer.flow = UDP;
    let mut known = false;
    let out = b.node.with(b.now, |legs, cx| known = legs.handle_repeated_2xx(cx, &again, peer));
    let by = |o: &Output| matches!(o, Output::Transmit { flow, .. } if *flow == UDP);
    assert!(known && out.iter().all(by));
    b.sort(out);
    b.expect("ACK");
    b.expect_silence();
    b.flow = UDP;
    b.finish(leg);
}

#[test]
fn the_200_to_a_cancel_is_no_answer_of_the_call() {
    let mut b = Bench::new();
    b.flow = TCP;
    let leg = b.call(Some(OFFER));
    let invite = b.expect("INVITE");
    let cancelled = reply(&invite, "200 OK", "far", "", "").replace(" INVITE", " CANCEL");
    let cancelled = Msg::parse_datagram(Bytes::from(cancelled)).expect("a response");
    let peer = b.peer();
    let mut known = true;
    let out = b.node.with(b.now, |legs, cx| known = legs.handle_repeated_2xx(cx, &cancelled, peer));
    assert!(!known && out.is_empty(), "{out:?}");
    b.recv(reply(&invite, "200 OK", "far", "", ANSWER));
    b.expect("ACK");
    assert!(matches!(b.event(leg), LegEvent::Answered { .. }));
    b.finish(leg);
}

/// Where the requests of these outputs go.
fn destinations(out: &[Output]) -> Vec<String> {
    let to = |o: &Output| match o {
        Output::Transmit { to, .. } => Some(to.to_string()),
        _ => None,
    };
    out.iter().filter_map(to).collect()
}

#[test]
fn a_phone_that_answers_from_another_port_is_spoken_to_there() {
    const END: LegCommand = LegCommand::End { cause: Cause::CallerCancelled, elsewhere: false };
    let mut b = Bench::new();
    let leg = b.call(Some(OFFER));
    let invite = b.expect("INVITE");
    let mut peer = b.peer();
    peer.address.set_port(40_000);
    let ringing = reply(&invite, "180 Ringing", "far", "", "");
    let out = b.node.receive(b.now, peer, Bytes::from(ringing));
    b.sort(out);
    let cancel = b.node.command(b.now, leg, END);
    assert_eq!(destinations(&cancel), ["192.0.2.10:40000"]);
}

#[test]
fn a_dialog_follows_its_phone_to_another_port_when_that_registers() {
    const END: LegCommand = LegCommand::End { cause: Cause::NormalClearing, elsewhere: false };
    let (here, elsewhere) = (format!("line1@{PHONE}"), "line1@192.0.2.10:40000".to_owned());
    // Another terminal of the device, with a Contact of its own, says nothing of this one; and
    // who calls from a port where it has not registered yet is there.
    for (registered, contact, expected) in
        [(true, &here, "192.0.2.10:40000"), (true, &elsewhere, PHONE), (false, &here, PHONE)]
    {
        let mut b = Bench::new();
        if registered {
            b.node.register(b.now, b.peer());
        }
        let (leg, _) = b.talk_in("");
        let mut peer = b.peer();
        peer.address.set_port(40_000);
        b.node.move_to(b.now, peer, contact);
        let bye = b.node.command(b.now, leg, END);
        assert_eq!(destinations(&bye), [expected], "{registered} {contact}");
    }
}

#[test]
fn strict_routers_and_paths_are_followed() {
    let mut b = Bench::new();
    // The Path of the registration leads to the phone, its 200 says how to go on.
    let leg = LegId::new(Place::new(1, 2), OUTBOUND_IDS);
    let target = Target {
        device: DeviceId::default(),
        peer: b.peer(),
        uri: b"sip:phone@10.0.0.7".to_vec(),
        routes: b"<sip:edge.example;lr>, <sip:inner.example;lr>".to_vec(),
        replaces: Vec::new(),
    };
    let out = b.node.call(b.now, leg, b.invite(Some(ANSWER)), Some(target));
    b.sort(out);
    let invite = b.expect("INVITE");
    assert_eq!(invite.request_uri(), b"sip:phone@10.0.0.7");
    let routes = header(&invite, HeaderId::Route);
    assert_eq!(routes, "<sip:edge.example;lr>, <sip:inner.example;lr>");
    b.recv(reply(&invite, "200 OK", "far", "Record-Route: <sip:edge.example;lr>\r\n", OFFER));
    assert_eq!(header(&b.expect("ACK"), HeaderId::Route), "<sip:edge.example;lr>");
    b.event(leg);
    b.finish(leg);

    let (leg, _) = b.talk_out("Record-Route: <sip:last;lr>, <sip:strict.example>\r\n");
    b.end(leg);
    let bye = b.expect("BYE");
    assert_eq!(bye.request_uri(), b"sip:strict.example");
    let routes = header(&bye, HeaderId::Route);
    assert_eq!(routes, format!("<sip:last;lr>, <sip:phone@{PHONE}>"));
    b.recv(reply(&bye, "200 OK", "", "", ""));
    b.expect_gone(leg);
    b.expect_drained();
}

#[test]
fn a_100_of_the_phone_is_told_once_and_that_of_a_proxy_is_not() {
    for (routes, told) in [("", true), ("<sip:192.0.2.9;lr>", false)] {
        let mut b = Bench::new();
        let leg = b.call_by(routes, Some(OFFER));
        let invite = b.expect("INVITE");
        b.recv(reply(&invite, "100 Trying", "", "", ""));
        b.recv(reply(&invite, "100 Trying", "", "", ""));
        if told {
            assert!(matches!(b.event(leg), LegEvent::Trying));
        }
        assert!(b.events.is_empty(), "{:?}", b.events);
        b.recv(reply(&invite, "486 Busy Here", "far", "", ""));
        b.expect("ACK");
        assert!(matches!(b.event(leg), LegEvent::Refused(_)));
    }
}
