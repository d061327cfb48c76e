//! REFER and Replaces, by a telephone that does exactly what a script says.

use crate::harness::exchange::{DOMAIN, Exchange};
use crate::harness::have;
use crate::harness::script::{Script, sdp};
use crate::harness::sipp::{Over, Phone, Run};

/// A telephone that answers and is hung up on.
fn answering(name: &str, port: u16) -> Script {
    Script::callee(name).answer(180, "", "").answer(200, "", &sdp(port, "")).expect_request("ACK")
}

#[test]
fn refer_moves_the_call_and_tells_how_it_went() {
    if !have(&["sipp"]) {
        return;
    }
    let exchange = Exchange::start("refer", "auto", 2101..2104);
    let mut second = Phone::registered(&exchange.dir, 2102, exchange.udp());
    let mut third = Phone::registered(&exchange.dir, 2103, exchange.udp());
    // The second telephone's audio moves to the third: its side is offered again, once or twice.
    let stays = answering("stays", 30_200).answer_offers_until_bye(&sdp(30_200, ""));
    let stays = second.play(&stays, 2101);
    let target = third.play(&answering("target", 30_300).pause(1_000).bye(), 2101);
    let refer = format!("Refer-To: <sip:2103@{DOMAIN}>\nReferred-By: <sip:2101@{DOMAIN}>\n");
    let mover = Script::caller("mover", "", &sdp(30_100, ""))
        .may(100)
        .may(180)
        .expect(200)
        .ack("")
        .pause(300)
        .request("REFER", &refer, "")
        .expect(202)
        .answer_notifies_until_bye();
    let mut first = Phone::new(&exchange.dir, 2101, exchange.tcp(), Over::Tcp);
    // SIPp fails a run whose BYE overtakes its answer to the last NOTIFY: what came counts.
    let near = first.play(&mover, 2102);
    near.until("NOTIFY with 200", |m| {
        !m.sent && m.first().starts_with("NOTIFY") && m.body().contains("SIP/2.0 200")
    });
    near.until("BYE", |m| !m.sent && m.first().starts_with("BYE"));
    let invite = target.good();
    let invite = invite.got("INVITE", "INVITE");
    assert!(invite.header("From").unwrap().contains("2102"), "{:?}", invite.header("From"));
    stays.good();
    // One row for each conversation; the second tells who transferred.
    let history = exchange.history_of(2);
    let moved = history.iter().find(|row| row[4].contains("転送"));
    let moved = moved.unwrap_or_else(|| panic!("no transfer in {history:?}"));
    assert_eq!((&*moved[3], &*moved[8]), ("成立", "2101"), "{history:?}");
}

/// The dialog of a run's call as its telephone sees it: Call-ID, own tag, far tag.
fn dialog(run: &Run) -> (String, String, String) {
    let answer = run.until("200", |m| !m.sent && m.is("SIP/2.0 200", "2 INVITE"));
    let tag = |name: &str| {
        let value = answer.header(name).unwrap();
        value.split("tag=").nth(1).unwrap().split(';').next().unwrap().to_owned()
    };
    (answer.header("Call-ID").unwrap().to_owned(), tag("From"), tag("To"))
}

#[test]
fn refer_with_replaces_joins_the_two_far_ends() {
    if !have(&["sipp"]) {
        return;
    }
    let exchange = Exchange::start("attended", "auto", 2101..2104);
    let mut second = Phone::registered(&exchange.dir, 2102, exchange.udp());
    let mut third = Phone::registered(&exchange.dir, 2103, exchange.udp());
    let stays = answering("stays", 30_200).answer_offers_until_bye(&sdp(30_200, ""));
    let stays = second.play(&stays, 2101);
    let consulted = answering("consulted", 30_300).answer_offers_until_bye(&sdp(30_300, ""));
    let consulted = third.play(&consulted, 2101);
    // The consultation stands first, so that the transfer can name it.
    let call = |name: &str, port: u16| {
        Script::caller(name, "", &sdp(port, "")).may(100).may(180).expect(200).ack("")
    };
    let mut consults = Phone::new(&exchange.dir, 2101, exchange.tcp(), Over::Tcp);
    let consults = consults.play(&call("consults", 30_110).expect_bye(), 2103);
    let (id, own, far) = dialog(&consults);
    let replaces = format!("{id};to-tag={far};from-tag={own}");
    let replaces = replaces.replace('@', "%40").replace(';', "%3B").replace('=', "%3D");
    let refer = format!("Refer-To: <sip:2103@{DOMAIN}?Replaces={replaces}>\n");
    let mover = call("mover", 30_100).pause(300).request("REFER", &refer, "").expect(202);
    let mut first = Phone::new(&exchange.dir, 2101, exchange.tcp(), Over::Tcp);
    let mover = first.play(&mover.answer_notifies_until_bye(), 2102);
    mover.until("NOTIFY with 200", |m| {
        !m.sent && m.first().starts_with("NOTIFY") && m.body().contains("SIP/2.0 200")
    });
    mover.until("BYE", |m| !m.sent && m.first().starts_with("BYE"));
    consults.good();
    // Each far end was offered the other's audio, or the exchange's in its place.
    let talks_to = |run: &Run, port: u16| {
        run.until("the other's audio", |m| !m.sent && m.sdp(&format!("m=audio {port} ")).len() == 1)
    };
    talks_to(&stays, 30_300);
    talks_to(&consulted, 30_200);
}

#[test]
fn an_invite_with_replaces_takes_over_the_call() {
    if !have(&["sipp"]) {
        return;
    }
    let exchange = Exchange::start("replaces", "auto", 2101..2105);
    let mut second = Phone::registered(&exchange.dir, 2102, exchange.udp());
    let stays = answering("stays", 30_200).answer_offers_until_bye(&sdp(30_200, ""));
    let stays = second.play(&stays, 2101);
    // The first call is ended by whoever replaces it.
    let caller = Script::caller("replaced", "", &sdp(30_100, ""))
        .may(100)
        .may(180)
        .expect(200)
        .ack("")
        .expect_bye();
    let mut first = Phone::new(&exchange.dir, 2101, exchange.tcp(), Over::Tcp);
    let replaced = first.play(&caller, 2102);
    let (call, own, far) = dialog(&replaced);
    let replaces = format!("Require: replaces\nReplaces: {call};to-tag={far};from-tag={own}\n");
    let taker = Script::caller("taker", &replaces, &sdp(30_400, ""))
        .may(100)
        .may(180)
        .expect(200)
        .ack("")
        .pause(500)
        .bye();
    let mut fourth = Phone::new(&exchange.dir, 2104, exchange.udp(), Over::Udp);
    // The tags of a dialog seen from its far end are the other way round (RFC 3891 §3).
    fourth.play(&taker, 2102).good();
    replaced.good();
    let far = stays.good();
    // Inside the dialog, the new telephone's audio was offered.
    far.find("the taker's audio", |m| !m.sent && m.sdp("m=audio 30400 ").len() == 1);
}

#[test]
fn replaces_of_an_unknown_call_is_481() {
    if !have(&["sipp"]) {
        return;
    }
    let exchange = Exchange::start("replaces-unknown", "auto", 2101..2103);
    let replaces = "Require: replaces\nReplaces: nobody@knows;to-tag=a;from-tag=b\n";
    let script =
        Script::caller("taker", replaces, &sdp(30_400, "")).may(100).expect(481).ack_refusal();
    let mut phone = Phone::new(&exchange.dir, 2101, exchange.udp(), Over::Udp);
    phone.play(&script, 2102).good();
}
