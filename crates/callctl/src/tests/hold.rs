//! Hold and resume.

use super::world::World;
use crate::input::LegEvent;

#[test]
fn direct_hold_moves_the_held_party_to_the_music_and_back() {
    for direction in ["sendonly", "inactive"] {
        let mut w = World::new();
        w.talk(2001, 2002);
        w.offers("2001", direction);
        // The holder is answered at once; nothing of its own is sent to the held phone.
        w.expect(&[
            "2001 answer-offer 10.0.7.210:12002 inactive",
            "2002 offer 10.0.0.1:16384 sendonly",
        ]);
        w.accepts("2002", "recvonly");
        assert_eq!(w.joins(), ["2002 music"]);
        w.offers("2001", "sendrecv");
        w.expect(&["2002 offer 2001/3"]);
        w.accepts("2002", "sendrecv");
        w.expect(&["2001 answer-offer 2002/3"]);
        assert!(w.wants.is_empty(), "the player's leg is closed");
        w.hangs_up("2002");
        w.expect_drained();
    }
}

#[test]
fn hold_by_the_address_of_old() {
    let mut w = World::relayed();
    w.talk(2001, 2002);
    let plain = String::from_utf8(w.sdp(2002, "sendrecv").to_vec()).expect("text");
    let old = plain.replace("c=IN IP4 10.0.7.210", "c=IN IP4 0.0.0.0");
    let leg = w.leg("2002");
    w.event(leg, LegEvent::OfferReceived { sdp: Some(old.into()) });
    w.expect(&["2002 answer-offer 10.0.0.1:16384 recvonly"]);
    assert!(w.joins().contains(&"2001 music".to_owned()), "{:?}", w.joins());
}

#[test]
fn relayed_hold_changes_joins_and_asks_nobody() {
    let mut w = World::relayed();
    w.talk(2001, 2002);
    w.offers("2002", "sendonly");
    w.expect(&["2002 answer-offer 10.0.0.1:16384 recvonly"]);
    assert_eq!(w.joins(), ["2001 music", "2002 -"]);
    assert!(w.control.calls().next().expect("a call").held);
    w.offers("2002", "sendrecv");
    w.expect(&["2002 answer-offer 10.0.0.1:16384 sendrecv"]);
    assert_eq!(w.joins(), ["2001 2002", "2002 2001"]);
    w.hangs_up("2001");
    w.expect_drained();
}

#[test]
fn both_hold_and_resume_in_either_order() {
    for relayed in [false, true] {
        let mut w = if relayed { World::relayed() } else { World::new() };
        w.talk(2001, 2002);
        w.offers("2001", "sendonly");
        if !relayed {
            w.accepts("2002", "recvonly");
        }
        w.offers("2002", "sendonly");
        assert!(w.joins().iter().all(|j| j.ends_with('-')), "{:?}", w.joins());
        // The first to come back hears music until the other one does.
        w.offers("2001", "sendrecv");
        assert!(w.joins().contains(&"2001 music".to_owned()), "{:?}", w.joins());
        w.lines.clear();
        w.offers("2002", "sendrecv");
        if relayed {
            assert_eq!(w.joins(), ["2001 2002", "2002 2001"]);
        } else {
            w.accepts("2001", "sendrecv");
            assert!(w.wants.is_empty(), "{:?}", w.joins());
        }
        w.hangs_up("2001");
        w.expect_drained();
    }
}

#[test]
fn a_phone_without_our_codecs_gets_the_holding_offer_itself() {
    let mut w = World::new();
    w.dial(2001, "2002");
    let plain = String::from_utf8(w.sdp(2002, "sendrecv").to_vec()).expect("text");
    let odd = plain.replace("AVP 0 101", "AVP 96 101").replace("rtpmap:0 PCMU", "rtpmap:96 iLBC");
    let leg = w.leg("2002");
    w.event(leg, LegEvent::Answered { sdp: Some(odd.into()) });
    w.lines.clear();
    w.offers("2001", "sendonly");
    w.expect(&["2002 offer 2001/2"]);
}

#[test]
fn a_player_that_cannot_be_had_leaves_the_call_alone() {
    let mut w = World::new();
    w.media_prompt = false;
    w.talk(2001, 2002);
    w.offers("2001", "sendonly");
    let leg = *w.unopened.first().expect("a player");
    w.fail_media(leg);
    w.lines.clear();
    assert!(w.records.is_empty());
    w.offers("2001", "sendrecv");
    w.expect(&["2002 offer 2001/3"]);
    w.accepts("2002", "sendrecv");
    w.hangs_up("2001");
    w.expect_drained();
}

#[test]
fn a_phone_that_refuses_the_music_is_not_asked_again() {
    let mut w = World::new();
    w.talk(2001, 2002);
    w.offers("2001", "sendonly");
    let leg = w.leg("2002");
    w.lines.clear();
    w.event(leg, LegEvent::OfferFailed { status: 488 });
    w.expect(&[]);
    assert!(w.wants.is_empty());
    w.offers("2001", "sendrecv");
    w.expect(&["2002 offer 2001/3"]);
}

#[test]
fn hanging_up_in_hold_closes_the_player() {
    let mut w = World::new();
    w.talk(2001, 2002);
    w.offers("2001", "sendonly");
    w.hangs_up("2002");
    w.expect_drained();
    let mut w = World::new();
    w.talk(2001, 2002);
    w.offers("2001", "sendonly");
    w.accepts("2002", "recvonly");
    w.hangs_up("2001");
    w.expect_drained();
}

#[test]
fn the_session_towards_a_held_phone_keeps_its_name_and_rises() {
    let mut w = World::new();
    w.prompt = true;
    w.talk(2001, 2002);
    let origin = |w: &mut World| {
        let mut out = Vec::new();
        std::mem::swap(&mut out, &mut w.sent);
        out
    };
    origin(&mut w);
    w.offers("2001", "inactive");
    w.accepts("2002", "recvonly");
    w.offers("2001", "sendrecv");
    w.accepts("2002", "sendrecv");
    let lines = origin(&mut w);
    let to_callee: Vec<&str> =
        lines.iter().filter(|(n, _)| n == "2002").map(|(_, o)| o.as_str()).collect();
    assert_eq!(to_callee, ["o=p2001 2001 2 IN IP4 10.0.7.209", "o=p2001 2001 3 IN IP4 10.0.7.209"]);
    let to_caller: Vec<&str> =
        lines.iter().filter(|(n, _)| n == "2001").map(|(_, o)| o.as_str()).collect();
    assert_eq!(to_caller, ["o=p2002 2002 2 IN IP4 10.0.7.210", "o=p2002 2002 3 IN IP4 10.0.7.210"]);
}
