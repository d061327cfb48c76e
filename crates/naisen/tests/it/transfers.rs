//! REFER and Replaces by telephones that do exactly what a script says, on mixed transports, and
//! the SDP of both new far ends compared.

use crate::harness::exchange::{DOMAIN, Exchange};
use crate::harness::have;
use crate::harness::pair::{same_but_origin, same_sdp};
use crate::harness::script::{Script, sdp, sdp_again};
use crate::harness::sipp::{Message, Messages, Over, Phone, Run};

const FIRST: u16 = 30_100;
const SECOND: u16 = 30_200;
const THIRD: u16 = 30_300;

/// Transports of who transfers, of who stays and of the target.
const WAYS: [[Over; 3]; 2] = [[Over::Tcp, Over::Udp, Over::Tcp], [Over::Udp, Over::Tcp, Over::Udp]];

/// A telephone that rings for a moment and answers.
fn answering(name: &str, port: u16) -> Script {
    Script::callee(name)
        .answer(180, "", "")
        .pause(300)
        .answer(200, "", &sdp(port, ""))
        .expect_request("ACK")
}

/// One that calls and is answered.
fn calling(name: &str, port: u16) -> Script {
    Script::caller(name, "", &sdp(port, "")).may(100).may(180).expect(200).ack("")
}

fn refer_to(target: &str) -> String {
    format!("Refer-To: <{target}>\nReferred-By: <sip:2101@{DOMAIN}>\n")
}

/// What the referrer was told, in order; every NOTIFY has the right form.
#[track_caller]
fn told(messages: &Messages) -> Vec<String> {
    let mut notifies: Vec<&Message> = Vec::new();
    for message in messages.0.iter().filter(|m| !m.sent && m.first().starts_with("NOTIFY")) {
        let repeated = |known: &&Message| known.header("CSeq") == message.header("CSeq");
        if !notifies.iter().any(repeated) {
            notifies.push(message);
        }
    }
    for (at, notify) in notifies.iter().enumerate() {
        assert_eq!(notify.header("Event"), Some("refer"), "{}", notify.text);
        assert_eq!(notify.header("Content-Type"), Some("message/sipfrag;version=2.0"));
        let state = notify.header("Subscription-State").unwrap_or_default();
        let last = at + 1 == notifies.len();
        let expected = if last { "terminated;reason=noresource" } else { "active;expires=" };
        assert!(state.starts_with(expected), "{state} in\n{}", notify.text);
    }
    notifies.iter().map(|m| m.body().to_owned()).collect()
}

/// The last offer that a telephone got.
#[track_caller]
fn last_offer(messages: &Messages) -> &Message {
    messages.last("offer", |m| {
        !m.sent && !m.first().starts_with("SIP") && !m.body().is_empty() && !m.sdp("v=").is_empty()
    })
}

/// A blind transfer: by the caller, or by the callee, of whoever it talks to.
#[track_caller]
fn blind(name: &str, by_caller: bool) {
    if !have(&["sipp"]) {
        return;
    }
    for (turn, [mover, stays, target]) in WAYS.into_iter().enumerate() {
        eprintln!("mover {mover:?}, stays {stays:?}, target {target:?}");
        let exchange = Exchange::start(&format!("{name}-{turn}"), "auto", 2101..2104);
        let refer = |script: Script| {
            let target = refer_to(&format!("sip:2103@{DOMAIN}"));
            script.request("REFER", &target, "").expect(202).answer_notifies_until_bye()
        };
        // It is offered the target's audio, and answers with its own again.
        let stay = |script: Script, port: u16| script.answer_offers_until_bye(&sdp(port, ""));
        let mut third = Phone::on(&exchange, 2103, target);
        let aim = third.play(&answering("target", THIRD).pause(1_000).bye(), 2101);
        let (calls, answers) = match by_caller {
            true => (
                refer(calling("mover", FIRST).pause(300)),
                stay(answering("stays", SECOND), SECOND),
            ),
            false => {
                (stay(calling("stays", FIRST), FIRST), refer(answering("mover", SECOND).pause(300)))
            }
        };
        let (caller_over, callee_over) = if by_caller { (mover, stays) } else { (stays, mover) };
        let mut second = Phone::on(&exchange, 2102, callee_over);
        let callee = second.play(&answers, 2101);
        let caller = Phone::calling(&exchange, 2101, caller_over).play(&calls, 2102);
        let [caller, callee, target] = Run::all_good([caller, callee, aim]);
        let (mover, stayed) = if by_caller { (caller, callee) } else { (callee, caller) };
        let said = told(&mover);
        // One NOTIFY is outstanding at a time: that it rings may be overtaken by the answer.
        let order = ["SIP/2.0 100 Trying", "SIP/2.0 180 Ringing", "SIP/2.0 200 OK"];
        assert!(said == order || said == [order[0], order[2]], "{said:?}");
        // Who stays calls the target in its own name, with its own description.
        let invite = target.got("INVITE", "INVITE");
        let (who, port) = if by_caller { ("2102", SECOND) } else { ("2101", FIRST) };
        assert!(invite.header("From").unwrap().contains(who), "{:?}", invite.header("From"));
        assert!(invite.header("Referred-By").unwrap().contains("2101"));
        let own =
            stayed.find("own SDP", |m| m.sent && !m.sdp(&format!("m=audio {port} ")).is_empty());
        same_sdp(own, invite);
        same_but_origin(target.sent("SIP/2.0 200", "INVITE"), last_offer(&stayed));
        // One row for each conversation; the second tells who transferred.
        let history = exchange.history_of(2);
        let moved = history.iter().find(|row| row[4].contains("転送"));
        let moved = moved.unwrap_or_else(|| panic!("no transfer in {history:?}"));
        let by = if by_caller { "2101" } else { "2102" };
        assert_eq!((&*moved[3], &*moved[8]), ("成立", by), "{history:?}");
    }
}

#[test]
fn refer_by_the_caller_moves_the_call_and_tells_how_it_went() {
    blind("refer-caller", true);
}

#[test]
fn refer_by_the_callee_moves_the_call_and_tells_how_it_went() {
    blind("refer-callee", false);
}

#[test]
fn a_transfer_that_fails_is_told_and_the_call_goes_on() {
    if !have(&["sipp"]) {
        return;
    }
    let exchange = Exchange::start("refer-fails", "auto", 2101..2104);
    let failures = [("2103", "486 Busy Here", true), ("2999", "404 Not Found", false)];
    for (turn, (number, status, rings)) in failures.into_iter().enumerate() {
        let (mover, stays) = [(Over::Tcp, Over::Udp), (Over::Udp, Over::Tcp)][turn];
        let mut third = Phone::on(&exchange, 2103, Over::Udp);
        let busy = Script::callee("busy").answer(486, "", "").expect_request("ACK");
        let busy = rings.then(|| third.play(&busy, 2101));
        let mut second = Phone::on(&exchange, 2102, stays);
        let callee = second.play(&answering("stays", SECOND).expect_bye(), 2101);
        let refer = refer_to(&format!("sip:{number}@{DOMAIN}"));
        let caller = calling("mover", FIRST)
            .pause(300)
            .request("REFER", &refer, "")
            .expect(202)
            .expect_request("NOTIFY")
            .answer_inside(200, "", "")
            .expect_request("NOTIFY")
            .answer_inside(200, "", "")
            .pause(300)
            .bye();
        let caller = Phone::calling(&exchange, 2101, mover).play(&caller, 2102);
        let [mover, stayed] = Run::all_good([caller, callee]);
        assert_eq!(told(&mover), ["SIP/2.0 100 Trying".to_owned(), format!("SIP/2.0 {status}")]);
        let bothered = stayed.count(|m| !m.sent && m.first().starts_with("INVITE"));
        assert_eq!(bothered, 1, "nothing has changed for it:\n{}", stayed.brief());
        if let Some(busy) = busy {
            busy.good();
        }
    }
}

/// The dialog of a run's call as its telephone sees it: Call-ID, own tag, far tag.
#[track_caller]
fn dialog(run: &Run) -> (String, String, String) {
    let answer = run.until("200", |m| !m.sent && m.is("SIP/2.0 200", "2 INVITE"));
    tags(&answer, "From", "To")
}

/// Call-ID, and the tags of two headers.
#[track_caller]
fn tags(message: &Message, own: &str, far: &str) -> (String, String, String) {
    let tag = |name: &str| {
        let value = message.header(name).unwrap();
        value.split("tag=").nth(1).unwrap().split(';').next().unwrap().to_owned()
    };
    (message.header("Call-ID").unwrap().to_owned(), tag(own), tag(far))
}

#[test]
fn refer_with_replaces_joins_the_two_far_ends() {
    if !have(&["sipp"]) {
        return;
    }
    for (turn, [mover, stays, target]) in WAYS.into_iter().enumerate() {
        eprintln!("mover {mover:?}, stays {stays:?}, target {target:?}");
        let exchange = Exchange::start(&format!("attended-{turn}"), "auto", 2101..2104);
        let mut second = Phone::on(&exchange, 2102, stays);
        let mut third = Phone::on(&exchange, 2103, target);
        let stays = answering("stays", SECOND).answer_offers_until_bye(&sdp(SECOND, ""));
        let stays = second.play(&stays, 2101);
        let consulted = answering("consulted", THIRD).answer_offers_until_bye(&sdp(THIRD, ""));
        let consulted = third.play(&consulted, 2101);
        // The consultation stands first, so that the transfer can name it.
        let mut phone = Phone::calling(&exchange, 2101, mover);
        let consults = phone.play(&calling("consults", FIRST + 10).expect_bye(), 2103);
        let (id, own, far) = dialog(&consults);
        let replaces = format!("{id};to-tag={far};from-tag={own}");
        let replaces = replaces.replace('@', "%40").replace(';', "%3B").replace('=', "%3D");
        let refer = refer_to(&format!("sip:2103@{DOMAIN}?Replaces={replaces}"));
        let moves = calling("mover", FIRST).pause(300).request("REFER", &refer, "").expect(202);
        let mut first = Phone::calling(&exchange, 2101, mover);
        let moves = first.play(&moves.answer_notifies_until_bye(), 2102);
        let [moved, _consulted] = Run::all_good([moves, consults]);
        assert_eq!(told(&moved), ["SIP/2.0 100 Trying", "SIP/2.0 200 OK"]);
        // Each far end has the other's description; then one of them hangs up.
        let with = |run: &Run, port: u16| {
            run.until("the other's audio", |m| {
                !m.sent && m.sdp(&format!("m=audio {port} ")).len() == 1
            })
        };
        let own = |run: &Run| run.until("own", |m| m.sent && !m.body().is_empty());
        same_but_origin(&own(&consulted), &with(&stays, THIRD));
        same_but_origin(&own(&stays), &with(&consulted, SECOND));
        let history = exchange.history_of(2);
        assert!(history.iter().all(|row| row[3] == "成立"), "{history:?}");
    }
}

#[test]
fn an_invite_with_replaces_takes_over_the_call() {
    if !have(&["sipp"]) {
        return;
    }
    for (turn, [taker, stays, replaced]) in WAYS.into_iter().enumerate() {
        eprintln!("taker {taker:?}, stays {stays:?}, replaced {replaced:?}");
        let exchange = Exchange::start(&format!("replaces-{turn}"), "auto", 2101..2105);
        let mut second = Phone::on(&exchange, 2102, stays);
        let stays = answering("stays", SECOND).answer_offers_until_bye(&sdp_again(2, SECOND, ""));
        let stays = second.play(&stays, 2101);
        // The first call is ended by whoever replaces it.
        let replaced = Phone::calling(&exchange, 2101, replaced)
            .play(&calling("replaced", FIRST).expect_bye(), 2102);
        let (call, own, far) = dialog(&replaced);
        let replaces = format!("Require: replaces\nReplaces: {call};to-tag={far};from-tag={own}\n");
        let take = Script::caller("taker", &replaces, &sdp(30_400, ""))
            .may(100)
            .may(180)
            .expect(200)
            .ack("")
            .pause(500)
            .bye();
        let taker = Phone::calling(&exchange, 2104, taker).play(&take, 2102);
        let [taker, replaced, far] = Run::all_good([taker, replaced, stays]);
        assert_eq!(replaced.count(|m| !m.sent && m.first().starts_with("BYE")), 1);
        // Inside the dialog the new telephone's audio was offered, and answered.
        let offer =
            far.find("the taker's audio", |m| !m.sent && !m.sdp("m=audio 30400 ").is_empty());
        same_but_origin(taker.sent("INVITE", "2 INVITE"), offer);
        let answer = far.last("answer", |m| m.sent && !m.sdp("m=audio 30200 ").is_empty());
        same_but_origin(answer, taker.got("SIP/2.0 200", "2 INVITE"));
        assert_eq!(far.count(|m| !m.sent && m.first().starts_with("BYE")), 1);
        exchange.history_of(2);
    }
}

#[test]
fn an_invite_with_replaces_picks_up_a_ringing_call() {
    if !have(&["sipp"]) {
        return;
    }
    for (turn, [picker, rings, caller]) in WAYS.into_iter().enumerate() {
        eprintln!("picker {picker:?}, rings {rings:?}, caller {caller:?}");
        let exchange = Exchange::start(&format!("pickup-{turn}"), "auto", 2101..2105);
        let mut second = Phone::on(&exchange, 2102, rings);
        let ringing = Script::callee("rings")
            .answer(180, "", "")
            .expect_request("CANCEL")
            .answer_inside(200, "", "")
            .answer(487, "", "")
            .expect_request("ACK");
        let ringing = second.play(&ringing, 2101);
        let told = |script: Script| script.expect_request("UPDATE").answer_inside(200, "", "");
        let calls = Phone::calling(&exchange, 2101, caller)
            .play(&told(calling("calls", FIRST)).expect_bye(), 2102);
        let rung = ringing.until("180", |m| m.sent && m.is("SIP/2.0 180", "INVITE"));
        calls.until("180", |m| !m.sent && m.is("SIP/2.0 180", "INVITE"));
        // The dialog as the exchange sees it: its own tag is the From of its INVITE.
        let (call, ours, theirs) = tags(&rung, "From", "To");
        let replaces = format!("Replaces: {call};to-tag={ours};from-tag={theirs};early-only\n");
        let pick = Script::caller("picker", &replaces, &sdp(30_400, ""))
            .may(100)
            .may(180)
            .expect(200)
            .ack("");
        let pick = told(pick).pause(500).bye();
        let picker = Phone::calling(&exchange, 2104, picker).play(&pick, 2102);
        let [picker, caller, rung] = Run::all_good([picker, calls, ringing]);
        let reason = rung.got("CANCEL", "CANCEL").header("Reason").unwrap_or_default().to_owned();
        assert!(reason.contains("200"), "completed elsewhere: {reason}");
        // Both have dialled, so each gets an answer that is made of the other's offer.
        let of =
            |message: &Message| ["c=", "m=audio ", "a=rtpmap:", "a=fmtp:"].map(|k| message.sdp(k));
        let offers = [&picker, &caller].map(|m| of(m.sent("INVITE", "2 INVITE")));
        let answers = [&caller, &picker].map(|m| of(m.got("SIP/2.0 200", "2 INVITE")));
        assert_eq!(offers, answers);
        // Who rang was shown; then who answered, in the answer and once more by itself.
        let shown = |seen: &Messages, start: &str, method: &str| {
            seen.got(start, method).header("P-Asserted-Identity").unwrap_or_default().to_owned()
        };
        for (start, method, number) in
            [("SIP/2.0 180", "2 INVITE", 2102), ("SIP/2.0 200", "2 INVITE", 2104)]
        {
            let shown = shown(&caller, start, method);
            assert!(shown.contains(&format!("<sip:{number}@")), "{start}: {shown}");
        }
        for (seen, number) in [(&caller, 2104), (&picker, 2101)] {
            let shown = shown(seen, "UPDATE", "UPDATE");
            assert!(shown.contains(&format!("<sip:{number}@")), "{number}: {shown}");
        }
        let row = exchange.history_of(1).remove(0);
        assert_eq!((&*row[3], &*row[7]), ("成立", "2104"), "{row:?}");
        assert!(row[4].contains("ピックアップ"), "{row:?}");
    }
}

#[test]
fn replaces_that_cannot_be_followed_is_refused_as_the_rfc_says() {
    if !have(&["sipp"]) {
        return;
    }
    let exchange = Exchange::start("replaces-refused", "auto", 2101..2105);
    let refused = |over: Over, replaces: &str, status: u16| {
        let script = Script::caller("taker", replaces, &sdp(30_400, ""));
        let script = script.may(100).expect(status).ack_refusal();
        Phone::calling(&exchange, 2104, over).play(&script, 2102).good();
    };
    for over in [Over::Tcp, Over::Udp] {
        refused(over, "Require: replaces\nReplaces: nobody@knows;to-tag=a;from-tag=b\n", 481);
    }
    // An answered call, by one that wants a ringing one only.
    let mut second = Phone::on(&exchange, 2102, Over::Udp);
    let stays = second.play(&answering("stays", SECOND).expect_bye(), 2101);
    let first = Phone::calling(&exchange, 2101, Over::Tcp)
        .play(&calling("talks", FIRST).pause(2_000).bye(), 2102);
    let (call, own, far) = dialog(&first);
    refused(Over::Udp, &format!("Replaces: {call};to-tag={far};from-tag={own};early-only\n"), 486);
    refused(Over::Udp, &format!("Replaces: {call};to-tag={far};from-tag=other\n"), 481);
    Run::all_good([first, stays]);
}
