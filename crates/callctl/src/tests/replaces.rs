//! INVITE with Replaces.

use base::{Cause, LegId};
use model::record::Service;

use super::world::World;
use crate::input::LegEvent;

fn dial_replacing(w: &mut World, n: u16, replaced: LegId) -> LegId {
    let sdp = w.sdp(n, "sendrecv");
    w.dial_as(n, Some(sdp), |o| o.replaces = Some(replaced))
}

#[test]
fn a_phone_takes_an_answered_leg_over() {
    for relayed in [false, true] {
        let mut w = if relayed { World::relayed() } else { World::new() };
        w.talk(2001, 2002);
        let old = w.leg("2002");
        dial_replacing(&mut w, 2003, old);
        w.accepts("2001", "sendrecv");
        if !relayed {
            w.expect(&[
                "2001 offer 10.0.7.211:12003 sendrecv as 2003",
                "2003 answer 2001/2",
                "record 2001>2002 NormalClearing answered by 2003",
                "2002 end NormalClearing",
            ]);
        } else {
            assert_eq!(w.joins(), ["2001 2003", "2003 2001"]);
        }
        w.lines.clear();
        w.hangs_up("2003");
        w.expect(&[
            "record 2001>2003 NormalClearing answered by 2003 transferred 2002",
            "2001 end NormalClearing",
        ]);
        w.expect_drained();
    }
}

#[test]
fn without_offer_the_partner_is_asked_for_one() {
    let mut w = World::new();
    w.talk(2001, 2002);
    let old = w.leg("2002");
    w.dial_as(2003, None, |o| o.replaces = Some(old));
    w.expect(&["2001 offer - as 2003"]);
    w.offers("2001", "sendrecv");
    w.expect(&[
        "2003 answer 2001/2",
        "record 2001>2002 NormalClearing answered by 2003",
        "2002 end NormalClearing",
    ]);
    w.accepts("2003", "sendrecv");
    w.expect(&["2001 answer-offer 10.0.7.211:12003 sendrecv"]);
    w.hangs_up("2001");
    w.expect_drained();
}

#[test]
fn a_partner_that_disagrees_keeps_its_call() {
    let mut w = World::new();
    w.talk(2001, 2002);
    let old = w.leg("2002");
    dial_replacing(&mut w, 2003, old);
    w.lines.clear();
    let leg = w.leg("2001");
    w.event(leg, LegEvent::OfferFailed { status: 488 });
    w.expect(&[
        "record 2003>- MediaNotAcceptable unanswered by 2001",
        "2003 refuse MediaNotAcceptable",
        "2001 offer - as 2002",
    ]);
    assert!(!w.far[&old].ended);
}

#[test]
fn the_new_phone_gives_up_in_time() {
    let mut w = World::new();
    w.talk(2001, 2002);
    let old = w.leg("2002");
    dial_replacing(&mut w, 2003, old);
    w.hangs_up("2003");
    w.lines.clear();
    // The partner has agreed to what is not there any more.
    w.accepts("2001", "sendrecv");
    w.expect(&["2001 offer - as 2002"]);
    w.offers("2001", "sendrecv");
    w.accepts("2002", "sendrecv");
    w.hangs_up("2002");
    w.expect_drained();
}

#[test]
fn the_replaced_call_ends_first() {
    let mut w = World::new();
    w.talk(2001, 2002);
    let old = w.leg("2002");
    dial_replacing(&mut w, 2003, old);
    w.lines.clear();
    w.hangs_up("2001");
    w.expect(&[
        "record 2001>2002 NormalClearing answered by 2001",
        "record 2003>- PickupNone unanswered",
        "2002 end NormalClearing",
        "2003 refuse PickupNone",
    ]);
    w.expect_drained();
}

#[test]
fn a_ringing_leg_is_picked_up() {
    for relayed in [false, true] {
        let mut w = if relayed { World::relayed() } else { World::new() };
        w.dial(2001, "2002");
        w.rings("2002");
        let ringing = w.leg("2002");
        w.lines.clear();
        dial_replacing(&mut w, 2003, ringing);
        if relayed {
            assert_eq!(w.joins(), ["2001 2003", "2003 2001"]);
        } else {
            w.expect(&[
                "2002 end NormalClearing elsewhere",
                "2001 answer 10.0.7.211:12003 sendrecv",
                "2003 answer 10.0.7.209:12001 sendrecv",
                "2001 show 2003",
                "2003 show 2001",
            ]);
        }
        w.hangs_up("2001");
        let r = &w.records[0];
        assert_eq!((w.records.len(), r.callee_number()), (1, "2003"));
        assert!(r.services.contains(Service::Pickup) && r.is_answered());
        w.expect_drained();
    }
}

#[test]
fn late_callers_are_picked_up_too() {
    let mut w = World::new();
    w.dial_as(2001, None, |_| {});
    let ringing = w.leg("2002");
    w.lines.clear();
    dial_replacing(&mut w, 2003, ringing);
    w.expect(&["2002 end NormalClearing elsewhere", "2001 answer 2003/1"]);
    w.accepts("2001", "sendrecv");
    w.expect(&["2003 answer 2001/1", "2001 show 2003", "2003 show 2001"]);
    let mut w = World::new();
    w.dial(2001, "2002");
    let ringing = w.leg("2002");
    w.lines.clear();
    w.dial_as(2003, None, |o| o.replaces = Some(ringing));
    w.expect(&["2002 end NormalClearing elsewhere", "2003 answer 2001/1"]);
    w.accepts("2003", "sendrecv");
    w.expect(&["2001 answer 2003/1", "2001 show 2003", "2003 show 2001"]);
}

#[test]
fn nothing_to_take_over_is_a_failed_pickup() {
    let mut w = World::new();
    dial_replacing(&mut w, 2003, LegId(77));
    w.expect(&["record 2003>- PickupNone unanswered", "2003 refuse PickupNone"]);
    // A caller that still waits is no leg of ours to give away.
    w.dial(2001, "2002");
    let caller = w.leg("2001");
    w.lines.clear();
    dial_replacing(&mut w, 2003, caller);
    w.expect(&["record 2003>- PickupNone unanswered", "2003 refuse PickupNone"]);
    assert_eq!(w.records[0].cause, Cause::PickupNone);
}
