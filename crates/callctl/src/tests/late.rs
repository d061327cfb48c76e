//! Phones that make no offer and come to the exchange itself: it offers, they answer later.

use base::Cause;
use bytes::Bytes;
use model::{Change, DnSettings};

use super::world::{TENANT, World, dn};
use crate::input::LegEvent;

/// 2001 asks without an offer what is set.
fn asking() -> World {
    let mut w = World::new();
    w.give_codes();
    w.dial_as(2001, None, |o| o.dialed = "*29".to_owned());
    w.expect(&["2001 answer 10.0.0.1:16384 sendrecv"]);
    assert_eq!(w.joins(), ["? -"], "nothing is said before we know to whom");
    w
}

#[test]
fn who_makes_no_offer_gets_ours_and_hears_us_after_its_answer() {
    let mut w = asking();
    w.accepts("2001", "sendrecv");
    assert_eq!(w.joins(), [r#"2001 ["nothing-set"]"#]);
    w.play_over();
    assert_eq!(w.records.last().map(|r| r.cause), Some(Cause::AnnouncementEnded));
    w.expect_drained();
}

#[test]
fn an_answer_that_cannot_be_used_ends_the_call() {
    let foreign = |w: &mut World| {
        let text = String::from_utf8(w.sdp(2001, "sendrecv").to_vec()).expect("text");
        Some(Bytes::from(text.replace("AVP 0 101", "AVP 18 101").replace("0 PCMU/", "18 G729/")))
    };
    for answered in [true, false] {
        let mut w = asking();
        let sdp = if answered { foreign(&mut w) } else { None };
        let leg = w.leg("2001");
        w.event(leg, LegEvent::AnswerReceived { sdp });
        assert_eq!(w.records.last().map(|r| r.cause), Some(Cause::MediaNotAcceptable));
        w.expect_drained();
    }
}

#[test]
fn a_message_is_left_without_an_offer() {
    let mut w = World::new();
    w.give_codes();
    let mut settings = DnSettings::new(TENANT, dn(2002));
    settings.voicemail = true;
    w.configure(&[Change::DnSettingsPut(settings)]);
    w.dial_as(2001, None, |_| ());
    w.refuses("2002", 486);
    assert!(w.lines.iter().any(|l| l.starts_with("2001 answer 10.0.0.1")), "{:?}", w.lines);
    w.accepts("2001", "sendrecv");
    assert!(w.joins()[0].contains("greeting"), "{:?}", w.joins());
    w.hangs_up("2001");
    w.expect_drained();
}
