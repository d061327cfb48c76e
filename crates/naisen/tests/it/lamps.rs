//! A telephone whose lamp shows another one's calls (R310, R311).

use crate::harness::exchange::Exchange;
use crate::harness::have;
use crate::harness::script::{Script, sdp};
use crate::harness::sipp::{Message, Over, Phone, Run};

/// Longer than a lamp waits between two changes, so that each is told.
const A_WHILE: u32 = 1_400;

#[test]
fn a_lamp_follows_a_call() {
    if !have(&["sipp"]) {
        return;
    }
    for over in [Over::Udp, Over::Tcp] {
        let exchange = Exchange::start(&format!("lamp-{over:?}"), "auto", 2101..2104);
        let watching = Script::lamp("lamp", "dialog").told().told().told().told();
        let ends = watching.request("SUBSCRIBE", "Event: dialog\nExpires: 0\n", "");
        let script = ends.expect_only(200).told();
        let mut lamp = Phone::on(&exchange, 2103, over);
        let lamp = lamp.play(&script, 2102);
        lamp.until("NOTIFY", is_notify);

        let rings = Script::callee("callee").answer(180, "", "").pause(A_WHILE);
        let answers = rings.answer(200, "", &sdp(30_200, "")).expect_request("ACK").expect_bye();
        let callee = Phone::on(&exchange, 2102, Over::Udp).play(&answers, 2101);
        let talks = Script::caller("caller", "", &sdp(30_100, "")).may(100).may(180).expect(200);
        let talks = talks.ack("").pause(A_WHILE).bye();
        let caller = Phone::calling(&exchange, 2101, Over::Udp).play(&talks, 2102);
        let [_, _, lamp] = Run::all_good([caller, callee, lamp]);

        let mut told: Vec<Message> = lamp.0.into_iter().filter(is_notify).collect();
        told.dedup_by(|a, b| a.header("CSeq") == b.header("CSeq"));
        let shown: Vec<&str> = told.iter().map(state).collect();
        assert_eq!(shown, ["", "early", "confirmed", "terminated", "terminated"], "{over:?}");
        for (version, notify) in told.iter().enumerate() {
            let text = &notify.text;
            assert_eq!(notify.header("Event"), Some("dialog"), "{text}");
            assert!(text.contains(&format!("version=\"{version}\" state=\"full\"")), "{text}");
            assert!(!notify.body().contains("2101"), "the far party is not for everybody: {text}");
            let standing = notify.header("Subscription-State").unwrap_or_default();
            let expected =
                if version < 4 { "active;expires=" } else { "terminated;reason=timeout" };
            assert!(standing.starts_with(expected), "{text}");
        }
    }
}

fn is_notify(message: &Message) -> bool {
    !message.sent && message.first().starts_with("NOTIFY")
}

/// The state of the only dialog; empty without one.
fn state(notify: &Message) -> &str {
    let state = notify.text.split_once("<state>").and_then(|(_, rest)| rest.split_once('<'));
    state.map_or("", |(state, _)| state)
}
