//! Two events at one moment: the first that is taken wins (R248).

use base::{Cause, Micros};

use super::world::World;
use crate::input::{Input, LegEvent};

#[test]
fn refer_and_hang_up_cross() {
    // The transferee hung up first: the request meets nobody.
    let mut w = World::new();
    w.prompt = false;
    w.talk(2001, 2002);
    let referrer = w.leg("2002");
    w.hangs_up("2001");
    w.lines.clear();
    let refer = crate::input::Refer {
        target: "2003".to_owned(),
        replaces: None,
        replaces_unknown: false,
        referred_by: bytes::Bytes::new(),
    };
    w.input(Input::Leg { leg: referrer, event: LegEvent::Refer(Box::new(refer)) });
    w.expect(&[]);
    assert_eq!(w.records.len(), 1);
    w.expect_drained();
}

#[test]
fn the_target_answers_while_the_transferee_hangs_up() {
    let mut w = World::new();
    w.prompt = false;
    w.talk(2001, 2002);
    w.refers("2002", "2003", None);
    let target = w.leg("2003");
    w.hangs_up("2001");
    w.lines.clear();
    let sdp = w.sdp(2003, "sendrecv");
    w.input(Input::Leg { leg: target, event: LegEvent::Answered { sdp: Some(sdp) } });
    w.expect(&[]);
    assert_eq!(w.counts[&base::event::Kind::LateAnswer], 1);
    w.expect_drained();
}

#[test]
fn the_ring_time_ends_with_the_answer() {
    let mut w = World::new();
    w.dial(2001, "2002");
    w.rings("2002");
    w.answers("2002");
    w.lines.clear();
    w.wait(Micros::seconds(700));
    w.expect(&[]);
    assert!(w.records.is_empty());
    assert_eq!(w.control.next_deadline(), None, "nothing is left to wait for");
}

#[test]
fn an_answer_to_an_offer_after_the_end_is_late() {
    let mut w = World::new();
    w.talk(2001, 2002);
    let callee = w.leg("2002");
    w.offers("2001", "sendrecv");
    w.hangs_up("2001");
    w.lines.clear();
    let sdp = w.sdp(2002, "sendrecv");
    w.input(Input::Leg { leg: callee, event: LegEvent::AnswerReceived { sdp: Some(sdp) } });
    w.expect(&[]);
    w.expect_drained();
}

#[test]
fn both_hang_up_at_once_and_one_record_is_made() {
    let mut w = World::new();
    w.prompt = false;
    w.talk(2001, 2002);
    let callee = w.leg("2002");
    w.hangs_up("2001");
    let end = LegEvent::Ended { cause: Cause::NormalClearing, by_far_end: true };
    w.input(Input::Leg { leg: callee, event: end });
    assert_eq!(w.records.len(), 1);
    assert_eq!(w.records[0].ended_by.as_deref(), Some("2001"));
    w.expect_drained();
}

#[test]
fn the_music_comes_too_late_for_a_resume() {
    let mut w = World::new();
    w.media_prompt = false;
    w.talk(2001, 2002);
    w.offers("2001", "sendonly");
    w.lines.clear();
    // The port is not open yet: the resuming offer has to wait.
    w.offers("2001", "sendrecv");
    w.expect(&["2001 refuse-offer 491"]);
    let leg = *w.unopened.first().expect("a player");
    w.open(leg);
    w.accepts("2002", "recvonly");
    w.lines.clear();
    w.offers("2001", "sendrecv");
    w.expect(&["2002 offer 2001/4"]);
    w.accepts("2002", "sendrecv");
    assert!(w.wants.is_empty());
    w.hangs_up("2001");
    w.expect_drained();
}

#[test]
fn a_leg_offered_twice_is_one_leg() {
    let mut w = World::new();
    w.dial(2001, "2002");
    let leg = w.leg("2001");
    let sdp = w.sdp(2001, "sendrecv");
    let offered = crate::input::Offered {
        device: super::world::device_id(2001, 1),
        dialed: "2003".to_owned(),
        name: String::new(),
        caller: String::new(),
        called: String::new(),
        sdp: Some(sdp),
        replaces: None,
        referred_by: None,
        max_forwards: 70,
        reliable: false,
        path: super::world::path(2001),
    };
    w.lines.clear();
    w.input(Input::Offered { leg, offered: Box::new(offered) });
    w.expect(&[]);
    assert_eq!(w.control.calls().count(), 1);
}

#[test]
fn after_glare_the_phone_whose_turn_is_first_goes_first() {
    for mut w in [World::new(), World::relayed()] {
        w.talk(2001, 2002);
        w.offers("2001", "sendrecv");
        w.lines.clear();
        // The stack has kept the offer back for its second try, else it had refused this one.
        w.offers("2002", "sendrecv");
        assert_eq!(w.lines[..2], ["2002 withdraw-offer", "2001 refuse-offer 491"], "{:?}", w.lines);
        assert!(w.lines[2].starts_with("2001 offer "), "{:?}", w.lines);
        w.lines.clear();
        w.accepts("2001", "sendrecv");
        assert!(w.lines[0].starts_with("2002 answer-offer "), "{:?}", w.lines);
        // The other one tries again later, by itself.
        w.lines.clear();
        w.offers("2001", "sendrecv");
        assert!(w.lines[0].starts_with("2002 offer "), "{:?}", w.lines);
        w.accepts("2002", "sendrecv");
        w.hangs_up("2001");
        w.expect_drained();
    }
}
