//! REFER and Replaces.

use super::*;
use crate::leg::Refer;

fn refer(b: &mut Bench, leg: LegId) -> Refer {
    match b.event(leg) {
        LegEvent::Refer(refer) => *refer,
        other => panic!("{other:?}"),
    }
}

fn frag(notify: &Msg) -> String {
    String::from_utf8_lossy(notify.body()).trim().to_owned()
}

#[test]
fn a_blind_transfer_is_told_step_by_step() {
    let mut b = Bench::new();
    let (leg, far) = b.talk_in("");
    b.recv(far.request("REFER", 2, "Refer-To: <sip:03%2312@office.example>\r\n", ""));
    let asked = refer(&mut b, leg);
    assert_eq!(asked.target, "03#12");
    assert_eq!(&asked.referred_by[..], b"<sip:2002@office.example>");
    assert!(asked.replaces.is_none() && !asked.replaces_unknown);
    b.command(leg, LegCommand::AcceptRefer);
    b.expect("202 REFER");
    let first = b.expect("NOTIFY");
    assert_eq!(frag(&first), "SIP/2.0 100 Trying");
    assert_eq!(header(&first, HeaderId::Event), "refer");
    assert!(header(&first, HeaderId::SubscriptionState).starts_with("active;expires="));
    assert_eq!(header(&first, HeaderId::ContentType), "message/sipfrag;version=2.0");
    // One at a time, and only the latest of what happens meanwhile.
    b.command(leg, LegCommand::ReferProgress { status: 180 });
    b.command(leg, LegCommand::ReferProgress { status: 183 });
    b.expect_silence();
    b.recv(far.request("REFER", 3, "Refer-To: <sip:9@office.example>\r\n", ""));
    b.expect("491 REFER");
    b.recv(reply(&first, "200 OK", "", "", ""));
    let second = b.expect("NOTIFY");
    assert_eq!(frag(&second), "SIP/2.0 183 Session Progress");
    b.recv(reply(&second, "200 OK", "", "", ""));
    b.command(leg, LegCommand::ReferProgress { status: 200 });
    let last = b.expect("NOTIFY");
    assert_eq!(frag(&last), "SIP/2.0 200 OK");
    let state = header(&last, HeaderId::SubscriptionState);
    assert_eq!(state, "terminated;reason=noresource");
    b.recv(reply(&last, "200 OK", "", "", ""));
    // A second transfer in the same call names its REFER.
    b.recv(far.request("REFER", 4, "Refer-To: \"B\" <tel:090-1234>\r\n", ""));
    assert_eq!(refer(&mut b, leg).target, "0901234");
    b.command(leg, LegCommand::AcceptRefer);
    b.expect("202 REFER");
    let notify = b.expect("NOTIFY");
    assert_eq!(header(&notify, HeaderId::Event), "refer;id=4");
    // The phone has forgotten it: the call goes on without the subscription.
    b.recv(reply(&notify, "481 Gone", "", "", ""));
    b.command(leg, LegCommand::ReferProgress { status: 200 });
    b.expect_silence();
    b.finish(leg);
}

#[test]
fn refers_are_refused_or_wanted_silent() {
    let mut b = Bench::new();
    let (leg, far) = b.talk_in("");
    for extra in ["", "Refer-To: <mailto:a@b>\r\n", "Refer-To: <sip:a@b;method=BYE>\r\n"] {
        b.recv(far.request("REFER", 2 + extra.len() as u32, extra, ""));
        b.expect("400 REFER");
    }
    let to = "Refer-To: <sip:2003@office.example>\r\nReferred-By: <sip:x@y>;cid=1\r\n";
    b.recv(far.request("REFER", 50, to, ""));
    assert_eq!(&refer(&mut b, leg).referred_by[..], b"<sip:x@y>;cid=1");
    b.command(leg, LegCommand::RefuseRefer { status: 603 });
    b.expect("603 REFER");
    let silent = format!("{to}Refer-Sub: false\r\n");
    b.recv(far.request("REFER", 51, &silent, ""));
    refer(&mut b, leg);
    b.command(leg, LegCommand::AcceptRefer);
    assert_eq!(header(&b.expect("202 REFER"), HeaderId::ReferSub), "false");
    b.command(leg, LegCommand::ReferProgress { status: 200 });
    b.expect_silence();
    // Nobody decides.
    b.recv(far.request("REFER", 52, to, ""));
    refer(&mut b, leg);
    b.wait_ms(30_100);
    b.expect("100 REFER");
    b.expect("500 REFER");
    b.finish(leg);
}

#[test]
fn refer_crosses_bye() {
    let mut b = Bench::new();
    let to = "Refer-To: <sip:2003@office.example>\r\n";
    // Theirs comes before the decision.
    let (leg, far) = b.talk_in("");
    b.recv(far.request("REFER", 2, to, ""));
    refer(&mut b, leg);
    b.recv(far.request("BYE", 3, "", ""));
    b.expect("487 REFER");
    b.expect("200 BYE");
    assert!(matches!(b.event(leg), LegEvent::Ended { .. }));
    b.expect_gone(leg);
    b.command(leg, LegCommand::AcceptRefer);
    b.expect_silence();
    b.expect_drained();

    // Theirs comes while the referred call is set up: the subscription ends with the dialog.
    let (leg, far) = b.talk_in("");
    b.recv(far.request("REFER", 2, to, ""));
    refer(&mut b, leg);
    b.command(leg, LegCommand::AcceptRefer);
    b.expect("202 REFER");
    b.expect("NOTIFY");
    b.recv(far.request("BYE", 3, "", ""));
    b.expect("200 BYE");
    let last = b.expect("NOTIFY");
    assert!(header(&last, HeaderId::SubscriptionState).starts_with("terminated"));
    assert!(matches!(b.event(leg), LegEvent::Ended { .. }));
    b.expect_gone(leg);
    b.wait_ms(33_000);
    b.sent.clear();

    // Ours follows the news: the phone hears the result before the BYE. By UDP either could
    // overtake what is on its way, and the phone take the transfer as failed.
    let (leg, far) = b.talk_in("");
    b.recv(far.request("REFER", 2, to, ""));
    refer(&mut b, leg);
    b.command(leg, LegCommand::AcceptRefer);
    b.expect("202 REFER");
    let first = b.expect("NOTIFY");
    b.command(leg, LegCommand::ReferProgress { status: 200 });
    b.end(leg);
    b.expect_silence();
    b.recv(reply(&first, "200 OK", "", "", ""));
    let last = b.expect("NOTIFY");
    assert_eq!(frag(&last), "SIP/2.0 200 OK");
    b.expect_silence();
    b.recv(reply(&last, "200 OK", "", "", ""));
    let bye = b.expect("BYE");
    b.recv(far.request("REFER", 3, to, ""));
    b.expect("481 REFER");
    b.recv(reply(&bye, "200 OK", "", "", ""));
    b.expect_gone(leg);
    b.sent.clear();
    b.expect_drained();
}

/// Call-ID, tag of the side that receives it, tag of the other, as the phone knows the dialog.
fn replaces(far: &Far) -> (String, String, String) {
    let tag = |text: &str| text.rsplit("tag=").next().unwrap_or_default().to_owned();
    (far.call_id.clone(), tag(&far.remote), tag(&far.local))
}

#[test]
fn attended_transfer_names_a_leg_of_ours() {
    let mut b = Bench::new();
    let (held, _) = b.talk_in("");
    let (leg, far) = b.talk_in("");
    let (consulted, other) = b.talk_out("");
    let (call_id, to_tag, from_tag) = replaces(&other);
    for (to_tag, from_tag) in [(&to_tag, &from_tag), (&from_tag, &to_tag)] {
        let value = format!("{call_id}%3Bto-tag%3D{to_tag}%3Bfrom-tag%3D{from_tag}");
        let to = format!("Refer-To: <sip:2003@office.example?Replaces={value}>\r\n");
        b.recv(far.request("REFER", 2 + far.serial.get() as u32, &to, ""));
        let asked = refer(&mut b, leg);
        assert_eq!((asked.replaces, asked.replaces_unknown), (Some(consulted), false));
        b.command(leg, LegCommand::RefuseRefer { status: 603 });
        b.expect("603 REFER");
    }
    let to = "Refer-To: <sip:2003@office.example?Replaces=x%3Bto-tag%3Da%3Bfrom-tag%3Db>\r\n";
    b.recv(far.request("REFER", 99, to, ""));
    let asked = refer(&mut b, leg);
    assert_eq!((asked.replaces, asked.replaces_unknown), (None, true));
    for leg in [held, leg, consulted] {
        b.end(leg);
    }
    b.sent.retain(|m| title(m) == "BYE");
    while let Some(bye) = b.sent.pop_front() {
        b.recv(reply(&bye, "200 OK", "", "", ""));
    }
    assert_eq!(b.events.len(), 3, "{:?}", b.events);
    b.events.clear();
    b.sent.clear();
    b.expect_drained();
}

#[test]
fn an_invite_with_replaces_is_matched_as_rfc_3891_says() {
    let mut b = Bench::new();
    let line = |far: &Far, early: &str| {
        let (call_id, to_tag, from_tag) = replaces(far);
        format!("Replaces: {call_id};to-tag={to_tag};from-tag={from_tag}{early}\r\n")
    };
    let refused = |b: &mut Bench, extra: &str, status: &str| {
        b.legs += 1;
        let far = Far::caller(b.legs + 100);
        b.recv(far.request("INVITE", 1, extra, OFFER));
        b.expect(status);
        b.recv(far.request("ACK", 1, REFUSED, ""));
        assert!(b.events.is_empty());
    };
    let (leg, far) = b.talk_in("");
    refused(&mut b, "Replaces: x;to-tag=a;from-tag=b\r\n", "481 INVITE");
    refused(&mut b, "Replaces: x;to-tag=a\r\n", "400 INVITE");
    refused(&mut b, &line(&far, ";early-only"), "486 INVITE");
    // Confirmed.
    let taker = Far::caller(500);
    b.recv(taker.request("INVITE", 1, &line(&far, ""), OFFER));
    let taken = match b.events.pop_front() {
        Some((taken, LegEvent::Offered(offered))) => {
            assert_eq!(offered.replaces, Some(leg));
            taken
        }
        other => panic!("{other:?}"),
    };
    // × BYE: the replaced leg hangs up before call control acts; that is its business.
    b.recv(far.request("BYE", 2, "", ""));
    b.expect("200 BYE");
    b.event(leg);
    assert!(matches!(b.event(leg), LegEvent::Gone));
    b.command(taken, LegCommand::Refuse { cause: Cause::UnallocatedNumber, retry_after_s: None });
    b.expect("404 INVITE");
    b.expect_gone(taken);
    refused(&mut b, &line(&far, ""), "481 INVITE");

    // An early dialog that we began can be replaced, one that the phone began cannot.
    let ringing = b.call(Some(ANSWER));
    let invite = b.expect("INVITE");
    b.recv(reply(&invite, "180 Ringing", "far", "", ""));
    b.event(ringing);
    let callee = Far::callee(&invite, "far");
    let taker = Far::caller(501);
    b.recv(taker.request("INVITE", 1, &line(&callee, ";early-only"), OFFER));
    assert!(matches!(b.events.pop_front(),
        Some((_, LegEvent::Offered(offered))) if offered.replaces == Some(ringing)));
    let (inbound, mut caller) = b.called("", OFFER);
    let own = b.node.legs.len();
    b.command(inbound, LegCommand::Progress { status: 180, sdp: None });
    caller.learn(&b.expect("180 INVITE"));
    refused(&mut b, &line(&caller, ""), "481 INVITE");
    assert_eq!(b.node.legs.len(), own);
    // One that is being ended is declined.
    let (ending, far) = b.talk_in("");
    b.end(ending);
    b.expect("BYE");
    refused(&mut b, &line(&far, ""), "603 INVITE");
}

#[test]
fn a_bye_does_not_wait_for_ever_for_the_answer_to_the_last_notify() {
    let to = "Refer-To: <sip:2003@test.example>\r\n";
    let mut b = Bench::new();
    let (leg, far) = b.talk_in("");
    b.recv(far.request("REFER", 2, to, ""));
    refer(&mut b, leg);
    b.command(leg, LegCommand::AcceptRefer);
    b.expect("202 REFER");
    b.expect("NOTIFY");
    b.command(leg, LegCommand::ReferProgress { status: 200 });
    b.end(leg);
    b.wait_ms(2_001);
    let last = b.sent.iter().rfind(|m| title(m) == "NOTIFY").map(frag);
    assert_eq!(last.as_deref(), Some("SIP/2.0 200 OK"));
    b.sent.retain(|m| title(m) != "NOTIFY");
    let bye = b.expect("BYE");
    b.recv(reply(&bye, "200 OK", "", "", ""));
    b.expect_gone(leg);
}
