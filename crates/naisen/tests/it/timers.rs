//! Session timers (RFC 4028) on both legs of a call: who refreshes, and what happens when nobody
//! does. Sessions of a few seconds are agreed on, which only a debug build of the program takes.

use crate::harness::exchange::Exchange;
use crate::harness::have;
use crate::harness::pair::{Seen, both_ways, play, same_sdp};
use crate::harness::script::{Script, sdp, sdp_again};
use crate::harness::sipp::{MIXED, Messages, Over, Phone, Run};

const CALLER_SDP: u16 = 30_100;
const CALLEE_SDP: u16 = 30_200;

/// Seconds of a session here, and the least that is taken: refreshed by the exchange after 2 s,
/// over after 3 s.
const SHORT: (u32, u32) = (4, 2);

/// An exchange with short sessions.
#[track_caller]
fn short_sessions(name: &str) -> Option<Exchange> {
    if !have(&["sipp"]) {
        return None;
    }
    let mut exchange = Exchange::prepared(name, "auto", 2101..2104);
    if !exchange.short_sessions(SHORT.0, SHORT.1) {
        return None;
    }
    exchange.serve();
    Some(exchange)
}

/// Plays a call each way round on an exchange with short sessions.
#[track_caller]
fn short(name: &str, scripts: (&Script, &Script), check: impl Fn(&Seen)) -> Option<Exchange> {
    let exchange = short_sessions(name)?;
    for (over, dn) in MIXED.into_iter().zip(2102..) {
        let seen = play(&exchange, over, scripts, dn);
        eprintln!("caller and callee: {over:?}");
        check(&seen);
    }
    Some(exchange)
}

fn talking(more: &str) -> Script {
    Script::caller("caller", more, &sdp(CALLER_SDP, "")).may(100).may(180).expect(200).ack("")
}

fn answering(more: &str) -> Script {
    Script::callee("callee").answer(200, more, &sdp(CALLEE_SDP, "")).expect_request("ACK")
}

/// Requests of that method that came.
fn got(messages: &Messages, method: &str) -> usize {
    messages.count(|m| !m.sent && m.first().starts_with(method))
}

#[test]
fn both_phones_refresh_their_own_leg() {
    let timer = |who: &str| format!("Supported: timer\nSession-Expires: 4;refresher={who}\n");
    // Three refreshes, 1.5 s apart: without them each leg would be over after 3 s.
    let refresh = |mut script: Script| {
        for _ in 0..3 {
            script = script.pause(1_500).request("UPDATE", &timer("uac"), "").expect(200);
        }
        script
    };
    let caller = refresh(talking(&timer("uac"))).pause(300).bye();
    let callee = answering(&format!("Require: timer\n{}", timer("uas")));
    let callee = refresh(callee).expect_bye();
    let exchange = short("timer-phones", (&caller, &callee), |Seen { near, far, .. }| {
        let answer = near.got("SIP/2.0 200", "2 INVITE");
        assert_eq!(answer.header("Session-Expires"), Some("4;refresher=uac"));
        assert_eq!(answer.header("Require"), Some("timer"), "it has to refresh");
        assert_eq!(far.got("INVITE", "INVITE").header("Min-SE"), Some("2"));
        for end in [near, far] {
            assert_eq!(got(end, "UPDATE"), 0, "each leg for itself:\n{}", end.brief());
            let refreshed = |m: &crate::harness::sipp::Message| {
                !m.sent
                    && m.is("SIP/2.0 200", "UPDATE")
                    && m.header("Session-Expires") == Some("4;refresher=uac")
            };
            assert_eq!(end.count(refreshed), 3, "{}", end.brief());
        }
    });
    let Some(exchange) = exchange else { return };
    for row in exchange.history_of(2) {
        assert_eq!((&*row[10], &*row[11]), ("2101", "016"), "{row:?}");
    }
}

#[test]
fn the_exchange_refreshes_both_legs() {
    // The caller does not know the extension; the callee wants us to do it, by re-INVITE.
    let mut caller = talking("");
    for _ in 0..2 {
        caller = caller.expect_request("UPDATE").answer_inside(200, "", "");
    }
    let caller = caller.pause(300).bye();
    let timer = "Supported: timer\nRequire: timer\nSession-Expires: 4;refresher=uac\n";
    let mut callee = answering(timer);
    for _ in 0..2 {
        callee = callee
            .expect_request("INVITE")
            .answer_inside(200, timer, &sdp(CALLEE_SDP, ""))
            .expect_request("ACK");
    }
    let callee = callee.expect_bye().without_update();
    let _ = short("timer-ours", (&caller, &callee), |Seen { near, far, .. }| {
        let answer = near.got("SIP/2.0 200", "2 INVITE");
        assert_eq!(answer.header("Session-Expires"), Some("4;refresher=uas"));
        assert_eq!(answer.header("Require"), None, "nothing is required of it");
        for update in near.0.iter().filter(|m| !m.sent && m.first().starts_with("UPDATE")) {
            assert_eq!(update.header("Session-Expires"), Some("4;refresher=uac"));
            assert!(update.body().is_empty(), "{}", update.text);
        }
        // A refresh by re-INVITE repeats the description, in the same version.
        let first = far.got("INVITE", "INVITE");
        for invite in far.0.iter().filter(|m| !m.sent && m.first().starts_with("INVITE")) {
            same_sdp(first, invite);
        }
        assert_eq!((got(near, "UPDATE"), got(far, "INVITE")), (2, 3));
    });
}

#[test]
fn a_caller_that_does_not_refresh_loses_the_call() {
    let caller = talking("Supported: timer\nSession-Expires: 4;refresher=uac\n").expect_bye();
    let callee = answering("Supported: timer\nSession-Expires: 1800;refresher=uas\n").expect_bye();
    let exchange = short("timer-caller", (&caller, &callee), |Seen { near, far, .. }| {
        assert_eq!((got(near, "UPDATE"), got(far, "UPDATE")), (0, 0));
        assert!(near.got("BYE", "BYE").header("Reason").is_some());
    });
    let Some(exchange) = exchange else { return };
    for row in exchange.history_of(2) {
        assert_eq!(row[3], "成立", "{row:?}");
    }
}

#[test]
fn a_callee_that_does_not_refresh_loses_the_call() {
    let caller = talking("Supported: timer\nSession-Expires: 1800;refresher=uac\n");
    let timer = "Supported: timer\nRequire: timer\nSession-Expires: 4;refresher=uas\n";
    let Some(exchange) = short_sessions("timer-callee") else { return };
    // The caller's own leg is refreshed meanwhile, so that it is the callee's that ends.
    let refresh = "Supported: timer\nSession-Expires: 1800;refresher=uac\n";
    let caller = caller.pause(1_500).request("UPDATE", refresh, "").expect(200).expect_bye();
    let callee = answering(timer).expect_bye();
    for (over, dn) in MIXED.into_iter().zip(2102..) {
        let Seen { near, far, .. } = play(&exchange, over, (&caller, &callee), dn);
        assert_eq!((got(&near, "BYE"), got(&far, "BYE")), (1, 1));
    }
}

#[test]
fn a_phone_that_dies_in_a_call_is_missed_though_it_knows_no_timer() {
    let Some(exchange) = short_sessions("timer-dead") else { return };
    for (over, dn) in [(Over::Tcp, Over::Udp), (Over::Udp, Over::Udp)].into_iter().zip(2102..) {
        // It answers, and is never heard of again; nothing of it says that it knows the timer.
        let mut called = Phone::on(&exchange, dn, over.1);
        let far = called.play(&answering(""), 2101);
        let caller = talking("Supported: timer\nSession-Expires: 1800;refresher=uac\n");
        let refresh = "Supported: timer\nSession-Expires: 1800;refresher=uac\n";
        let mut caller = caller.pause(1_500).request("UPDATE", refresh, "").expect(200);
        caller = caller.expect_bye();
        let near = Phone::calling(&exchange, 2101, over.0).play(&caller, dn);
        let [_, near] = Run::all_good([far, near]);
        assert_eq!(got(&near, "BYE"), 1);
    }
}

#[test]
fn a_refresh_by_reinvite_passes_the_same_description() {
    let timer = "Supported: timer\nSession-Expires: 600;refresher=uac\n";
    let caller = talking(timer)
        .pause(300)
        .request("INVITE", timer, &sdp(CALLER_SDP, ""))
        .may(100)
        .expect(200)
        .ack("")
        .pause(300)
        .bye();
    let callee = answering("")
        .expect_request("UPDATE")
        .answer_inside(200, "", &sdp(CALLEE_SDP, ""))
        .expect_bye();
    let _ =
        both_ways("timer-reinvite", "auto", (&caller, &callee), |Seen { near, far, .. }| {
            same_sdp(near.sent("INVITE", "3 INVITE"), far.got("UPDATE", "UPDATE"));
            let answer = near.got("SIP/2.0 200", "3 INVITE");
            same_sdp(far.sent("SIP/2.0 200", "UPDATE"), answer);
            assert_eq!(answer.header("Session-Expires"), Some("600;refresher=uac"));
        });
}

#[test]
fn a_session_timer_that_is_too_short_is_refused_with_the_shortest() {
    if !have(&["sipp"]) {
        return;
    }
    let exchange = Exchange::start("timer-short", "auto", 2101..2103);
    let timer = "Supported: timer\nSession-Expires: 30\n";
    let caller = Script::caller("caller", timer, &sdp(CALLER_SDP, "")).may(100).expect(422);
    let caller = caller.ack_refusal();
    for over in [Over::Tcp, Over::Udp] {
        let near = Phone::calling(&exchange, 2101, over).play(&caller, 2102).good();
        let refusal = near.got("SIP/2.0 422", "INVITE");
        assert_eq!(refusal.header("Min-SE"), Some("90"));
    }
}

#[test]
fn a_callee_that_wants_longer_sessions_gets_them() {
    let caller = talking("").pause(300).bye();
    let timer = "Require: timer\nSession-Expires: 3600;refresher=uas\n";
    let callee = Script::callee("callee")
        .answer(422, "Min-SE: 3600\n", "")
        .expect_request("ACK")
        .called_again()
        .answer(200, timer, &sdp_again(2, CALLEE_SDP, ""))
        .expect_request("ACK")
        .expect_bye();
    let _ = both_ways("timer-longer", "auto", (&caller, &callee), |Seen { near, far, .. }| {
        let invites: Vec<_> =
            far.0.iter().filter(|m| !m.sent && m.first().starts_with("INVITE")).collect();
        let asked = |at: usize| invites[at].header("Session-Expires").unwrap_or_default();
        assert_eq!((asked(0), asked(invites.len() - 1)), ("1800", "3600"));
        assert_eq!(invites[invites.len() - 1].header("Min-SE"), Some("3600"));
        same_sdp(far.sent("SIP/2.0 200", "INVITE"), near.got("SIP/2.0 200", "2 INVITE"));
    });
}
