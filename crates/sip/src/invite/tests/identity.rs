//! Who is behind us, told to the phone.

use super::*;

fn show(user: &str) -> LegCommand {
    let host = "office.example".into();
    LegCommand::Show { identity: Identity { user: user.into(), display: "佐藤".into(), host } }
}

#[test]
fn a_caller_is_told_who_rings_and_who_answered() {
    let mut b = Bench::new();
    let (leg, mut far) = b.called("", OFFER);
    b.command(leg, show("2002"));
    b.expect_silence();
    b.command(leg, LegCommand::Progress { status: 180, sdp: None });
    let ringing = b.expect("180 INVITE");
    let asserted = |msg: &Msg| header(msg, HeaderId::PAssertedIdentity);
    assert_eq!(asserted(&ringing), "\"佐藤\" <sip:2002@office.example>");
    b.command(leg, show("2003"));
    b.command(leg, LegCommand::Answer { sdp: Some(bytes(ANSWER)) });
    let ok = b.expect("200 INVITE");
    assert_eq!(asserted(&ok), "\"佐藤\" <sip:2003@office.example>");
    far.learn(&ok);
    b.recv(far.request("ACK", 1, "", ""));
    assert!(matches!(b.event(leg), LegEvent::Confirmed));
    b.finish(leg);
}

#[test]
fn another_party_is_shown_by_update_or_by_repeating_the_last_description() {
    for (allow, method) in [("Allow: INVITE, ACK, BYE, UPDATE\r\n", "UPDATE"), ("", "INVITE")] {
        let mut b = Bench::new();
        let (leg, _) = b.talk_in(allow);
        b.command(leg, show("2009"));
        let request = b.expect(method);
        let asserted = header(&request, HeaderId::PAssertedIdentity);
        assert_eq!(asserted, "\"佐藤\" <sip:2009@office.example>");
        let repeated = if method == "INVITE" { ANSWER } else { "" };
        assert_eq!(request.body(), repeated.as_bytes());
        // Of two that wait, only the newer one is sent.
        b.command(leg, show("2010"));
        b.command(leg, show("2011"));
        b.expect_silence();
        b.recv(reply(&request, "200 OK", "", allow, repeated));
        if method == "INVITE" {
            b.expect("ACK");
        }
        let second = b.expect(method);
        assert!(header(&second, HeaderId::PAssertedIdentity).contains("2011"));
        // A refusal changes nothing and is not told.
        b.recv(reply(&second, "488 Not Acceptable Here", "", "", ""));
        if method == "INVITE" {
            b.expect("ACK");
        }
        b.finish(leg);
    }
}

#[test]
fn a_phone_that_refuses_update_is_not_asked_for_an_offer() {
    let mut b = Bench::new();
    let (leg, _) = b.talk_out("Allow: INVITE, ACK, BYE, UPDATE\r\n");
    b.command(leg, show("2009"));
    let update = b.expect("UPDATE");
    b.recv(reply(&update, "405 Method Not Allowed", "", "", ""));
    b.expect_silence();
    b.finish(leg);
}
