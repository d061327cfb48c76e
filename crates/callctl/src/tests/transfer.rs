//! Transfer by a phone.

use base::{Cause, Micros};

use super::world::{World, stopped};
use crate::input::LegEvent;

#[test]
fn blind_transfer_between_direct_phones() {
    let mut w = World::new();
    w.talk(2001, 2002);
    // 2002 transfers 2001 to 2003.
    w.refers("2002", "2003", None);
    w.expect(&["2002 refer-accept", "2002 refer 100", "2003 invite from 2001 2001/1"]);
    w.rings("2003");
    w.expect(&["2002 refer 180"]);
    w.answers("2003");
    w.expect(&[
        "2002 refer 200",
        "record 2001>2002 NormalClearing answered by 2002",
        "2002 end NormalClearing",
        "2001 offer 10.0.7.211:12003 sendrecv as 2003",
    ]);
    w.accepts("2001", "sendrecv");
    w.expect(&[]);
    w.hangs_up("2001");
    w.expect(&[
        "record 2001>2003 NormalClearing answered by 2001 transferred 2002",
        "2003 end NormalClearing",
    ]);
    assert_eq!(w.records[0].call, w.records[1].call, "linked");
    w.expect_drained();
}

#[test]
fn a_target_that_was_told_another_address_is_told_the_new_one() {
    let mut w = World::new();
    w.talk(2001, 2002);
    w.refers("2002", "2003", None);
    w.answers("2003");
    w.lines.clear();
    // The transferee answers from another port.
    let moved = String::from_utf8(w.sdp(2001, "sendrecv").to_vec()).expect("text");
    let moved = w.label(moved.replace("12001", "12999"), "moved".to_owned());
    let leg = w.leg("2001");
    w.event(leg, LegEvent::AnswerReceived { sdp: Some(moved) });
    w.expect(&["2003 offer moved"]);
    w.accepts("2003", "sendrecv");
    w.expect(&[]);
    w.offers("2003", "sendrecv");
    w.expect(&["2001 offer 10.0.7.211:12003 sendrecv"]);
}

#[test]
fn a_relayed_transfer_joins_the_new_legs() {
    let mut w = World::relayed();
    w.talk(2001, 2002);
    w.offers("2001", "sendonly");
    w.refers("2001", "2003", None);
    w.lines.clear();
    w.answers("2003");
    w.accepts("2002", "sendrecv");
    assert_eq!(w.joins(), ["2002 2003", "2003 2002"]);
    w.hangs_up("2003");
    let last = w.records.last().expect("a record");
    assert_eq!((&*last.caller.number, last.callee_number()), ("2002", "2003"));
    w.expect_drained();
}

#[test]
fn the_transferee_waits_with_music_then_ring_back_when_the_referrer_goes() {
    let mut w = World::new();
    w.talk(2001, 2002);
    w.refers("2002", "2003", None);
    w.lines.clear();
    w.hangs_up("2002");
    w.expect(&[
        "record 2001>2002 NormalClearing answered by 2002",
        "2001 offer 10.0.0.1:16384 sendonly",
    ]);
    w.accepts("2001", "recvonly");
    assert_eq!(w.joins(), ["2001 music"]);
    w.rings("2003");
    assert_eq!(w.joins(), ["2001 Ringback"]);
    w.lines.clear();
    w.answers("2003");
    w.expect(&["2001 offer 10.0.7.211:12003 sendrecv as 2003"]);
    w.accepts("2001", "sendrecv");
    assert!(w.wants.is_empty());
    w.hangs_up("2003");
    w.expect(&[
        "record 2001>2003 NormalClearing answered by 2003 transferred 2002",
        "2001 end NormalClearing",
    ]);
    w.expect_drained();
}

/// A transfer of 2001 by 2002 to `target` that fails while 2002 is still there.
#[track_caller]
fn check_failed(target: &str, fail: impl FnOnce(&mut World), status: u16, cause: Cause) {
    let mut w = World::new();
    w.talk(2001, 2002);
    w.refers("2002", target, None);
    fail(&mut w);
    assert!(w.lines.contains(&format!("2002 refer {status}")), "{:?}", w.lines);
    assert_eq!(w.records.len(), 1, "the attempt");
    assert_eq!((w.records[0].cause, w.records[0].is_answered()), (cause, false));
    // The two are as before.
    w.lines.clear();
    w.offers("2001", "sendrecv");
    w.expect(&["2002 offer 2001/2"]);
    w.accepts("2002", "sendrecv");
    w.hangs_up("2001");
    assert_eq!(w.records[1].cause, Cause::NormalClearing);
    w.expect_drained();
}

#[test]
fn a_transfer_that_fails_leaves_the_two_together() {
    check_failed("2003", |w| w.refuses("2003", 486), 486, Cause::UserBusy);
    check_failed("2003", |w| w.wait(Micros::seconds(5)), 480, Cause::Unregistered);
    check_failed("2007", |_| {}, 480, Cause::Unregistered);
    check_failed("2099", |_| {}, 404, Cause::UnallocatedNumber);
    check_failed("2001", |_| {}, 486, Cause::UserBusy);
    check_failed("2003", |w| w.configure(&[stopped(2003)]), 404, Cause::UnallocatedNumber);
}

#[test]
fn without_the_referrer_a_failed_transfer_calls_back() {
    let mut w = World::new();
    w.talk(2001, 2002);
    w.refers("2002", "2003", None);
    w.hangs_up("2002");
    w.accepts("2001", "recvonly");
    w.lines.clear();
    w.refuses("2003", 486);
    w.expect(&[
        "record 2001>2003 UserBusy unanswered by 2003 transferred 2002",
        "2002 invite from 2001 10.0.7.209:12001 sendrecv",
    ]);
    w.answers("2002");
    w.accepts("2001", "sendrecv");
    w.hangs_up("2002");
    let last = w.records.last().expect("a record");
    assert_eq!((last.callee_number(), last.cause), ("2002", Cause::NormalClearing));
    w.expect_drained();
}

#[test]
fn a_call_back_in_vain_ends_the_call() {
    let mut w = World::new();
    w.talk(2001, 2002);
    w.refers("2002", "2003", None);
    w.hangs_up("2002");
    w.refuses("2003", 486);
    w.rings("2002");
    w.lines.clear();
    w.wait(Micros::seconds(31));
    w.expect(&[
        "2002 end RingTimeout",
        "record 2001>2002 RingTimeout unanswered transferred 2002",
        "2001 end RingTimeout",
    ]);
    w.expect_drained();
}

#[test]
fn the_transferee_hangs_up_while_the_target_rings() {
    let mut w = World::new();
    w.talk(2001, 2002);
    w.refers("2002", "2003", None);
    w.lines.clear();
    w.hangs_up("2001");
    w.expect(&[
        "record 2001>2002 NormalClearing answered by 2001",
        "record 2001>2003 CallerCancelled unanswered by 2001 transferred 2002",
        "2002 refer 487",
        "2002 end NormalClearing",
        "2003 end CallerCancelled",
    ]);
    w.expect_drained();
}

#[test]
fn a_transfer_while_an_offer_is_under_way() {
    // 2002 holds; the music for 2001 is on its way when 2002 transfers and hangs up.
    let mut w = World::new();
    w.talk(2001, 2002);
    w.offers("2002", "sendonly");
    w.refers("2002", "2003", None);
    w.answers("2003");
    w.lines.clear();
    // First the answer to the music, then the new partner.
    w.accepts("2001", "recvonly");
    w.expect(&["2001 offer 10.0.7.211:12003 sendrecv as 2003"]);
    w.accepts("2001", "sendrecv");
    assert!(w.wants.is_empty());
    w.hangs_up("2001");
    w.expect_drained();
}

/// 2001 talks to 2002 (held) and consults 2003; the legs of 2001.
fn consult(w: &mut World) -> [base::LegId; 2] {
    w.talk(2001, 2002);
    let first = w.leg("2001");
    w.offers("2001", "sendonly");
    if !w.facts.relay {
        w.accepts("2002", "recvonly");
    }
    w.talk(2001, 2003);
    let second = w.leg("2001");
    w.lines.clear();
    [first, second]
}

#[test]
fn attended_transfer_joins_the_far_parties() {
    let mut w = World::new();
    let [first, second] = consult(&mut w);
    w.refers_by(first, "2003", Some(second));
    w.expect(&[
        "2001 refer-accept",
        "record 2001>2003 NormalClearing answered by 2001",
        "2001 end NormalClearing",
        "record 2001>2002 NormalClearing answered by 2001",
        "2001 refer 200",
        "2001 end NormalClearing",
        "2002 offer - as 2003",
    ]);
    w.offers("2002", "sendrecv");
    w.expect(&["2003 offer 10.0.7.210:12002 sendrecv as 2002"]);
    w.accepts("2003", "sendrecv");
    w.expect(&["2002 answer-offer 10.0.7.211:12003 sendrecv"]);
    assert!(w.wants.is_empty(), "{:?}", w.joins());
    w.hangs_up("2003");
    let last = w.records.last().expect("a record");
    assert_eq!((last.caller_number(), last.callee_number()), ("2002", "2003"));
    assert_eq!((last.call, last.transferrer.as_deref()), (w.records[1].call, Some("2001")));
    w.expect_drained();
}

#[test]
fn attended_transfer_in_the_relay_moves_the_target_to_the_other_group() {
    let mut w = World::relayed();
    let [first, second] = consult(&mut w);
    // The other dialog may be the one that carries the request.
    w.refers_by(second, "2002", Some(first));
    w.lines.clear();
    w.offers("2003", "sendrecv");
    w.accepts("2002", "sendrecv");
    assert_eq!(w.joins(), ["2002 2003", "2003 2002"]);
    let groups: Vec<_> = w.wants.values().map(|w| w.group).collect();
    assert_eq!(groups[0], groups[1], "joined legs share a thread");
    w.hangs_up("2002");
    w.expect_drained();
}

#[test]
fn who_was_joined_in_vain_is_given_back_to_the_transferrer() {
    let mut w = World::new();
    let [first, _] = consult(&mut w);
    w.refers("2001", "2002", Some(first));
    w.offers("2003", "sendrecv");
    let target = w.leg("2002");
    w.lines.clear();
    w.event(target, LegEvent::OfferFailed { status: 488 });
    w.expect(&[
        "2002 end MediaNotAcceptable",
        "record 2003>2002 MediaNotAcceptable answered by 2002 transferred 2001",
        "2001 invite from 2003 2003/2",
        "2003 answer-offer 10.0.0.1:16386 sendonly",
    ]);
    w.rings("2001");
    w.answers("2001");
    w.agree();
    w.lines.clear();
    w.hangs_up("2003");
    w.expect(&[
        "record 2003>2001 NormalClearing answered by 2003 transferred 2001",
        "2001 end NormalClearing",
    ]);
    w.expect_drained();
}

#[test]
fn without_a_port_for_two_that_are_joined_the_transferrer_is_called_back() {
    let mut w = World::relayed();
    let [first, _] = consult(&mut w);
    w.media_prompt = false;
    w.refers("2001", "2002", Some(first));
    w.lines.clear();
    w.offers("2003", "sendrecv");
    let port = *w.unopened.iter().next().expect("a port that is wanted");
    w.fail_media(port);
    w.expect(&[
        "2002 end ResourceShortage",
        "record 2003>2002 ResourceShortage answered transferred 2001",
        "2003 answer-offer 10.0.0.1:16388 sendonly",
    ]);
    let port = *w.unopened.iter().next().expect("a port that is wanted");
    w.open(port);
    w.expect(&["2001 invite from 2003 10.0.0.1:16392 sendrecv"]);
    // Those who hear each other lose their call with a port, as ever.
    let mut w = World::relayed();
    let [first, _] = consult(&mut w);
    w.refers("2001", "2002", Some(first));
    w.offers("2003", "sendrecv");
    w.accepts("2002", "sendrecv");
    w.lines.clear();
    let port = *w.wants.keys().next().expect("a port");
    w.fail_media(port);
    w.expect(&[
        "record 2003>2002 ResourceShortage answered transferred 2001",
        "2003 end ResourceShortage",
        "2002 end ResourceShortage",
    ]);
    w.expect_drained();
}

#[test]
fn a_consultation_that_still_rings_is_called_anew() {
    let mut w = World::new();
    w.talk(2001, 2002);
    let first = w.leg("2001");
    w.dial(2001, "2003");
    let second = w.leg("2001");
    w.rings("2003");
    w.lines.clear();
    w.refers_by(first, "2003", Some(second));
    w.expect(&[
        "2001 refer-accept",
        "record 2001>2003 CallerCancelled unanswered by 2001",
        "2001 refuse CallerCancelled",
        "2003 end CallerCancelled",
        "2001 refer 100",
        "2003 invite from 2002 2002/1",
    ]);
}

#[test]
fn what_may_not_be_transferred_is_refused() {
    // Before the answer.
    let mut w = World::new();
    w.dial(2001, "2002");
    w.refers("2001", "2003", None);
    w.lines.remove(0);
    w.expect(&["2001 refer-refuse 403"]);
    // Someone else's call.
    let mut w = World::new();
    w.talk(2001, 2002);
    w.talk(2003, 2004);
    let other = w.leg("2003");
    w.refers("2001", "2004", Some(other));
    w.expect(&["2001 refer-refuse 403"]);
    // A second one at a time.
    w.refers("2001", "2005", None);
    w.lines.clear();
    w.refers("2002", "2006", None);
    w.expect(&["2002 refer-refuse 491"]);
    // A stopped user has no rights in the call that goes on.
    let mut w = World::new();
    w.talk(2001, 2002);
    w.configure(&[stopped(2001)]);
    w.refers("2001", "2003", None);
    w.expect(&["2001 refer-refuse 403"]);
    // A dialog that is gone.
    let mut w = World::new();
    w.talk(2001, 2002);
    w.refers("2001", "2003", Some(base::LegId(77)));
    w.expect(&["2001 refer-accept", "2001 refer 481"]);
}

#[test]
fn two_that_cannot_be_brought_together_are_parted_and_one_comes_back() {
    let mut w = World::new();
    w.talk(2001, 2002);
    w.refers("2002", "2003", None);
    w.answers("2003");
    w.lines.clear();
    let leg = w.leg("2001");
    w.event(leg, LegEvent::OfferFailed { status: 488 });
    w.expect(&[
        "2003 end MediaNotAcceptable",
        "record 2001>2003 MediaNotAcceptable answered by 2001 transferred 2002",
        "2002 invite from 2001 2001/1",
        "2001 offer 10.0.0.1:16384 sendonly",
    ]);
    // It refuses the music and the transferrer as well: that is the end.
    w.event(leg, LegEvent::OfferFailed { status: 488 });
    w.answers("2002");
    w.lines.clear();
    w.event(leg, LegEvent::OfferFailed { status: 488 });
    w.expect(&[
        "record 2001>2002 MediaNotAcceptable answered by 2001 transferred 2002",
        "2001 end MediaNotAcceptable",
        "2002 end MediaNotAcceptable",
    ]);
    w.expect_drained();
}

#[test]
fn counters_follow_the_transfer() {
    let mut w = World::new();
    for _ in 0..4 {
        w.talk(2001, 2002);
    }
    w.lines.clear();
    w.dial(2003, "2002");
    w.expect(&["record 2003>2002 UserBusy unanswered", "2003 refuse UserBusy"]);
    w.refers("2002", "2004", None);
    w.answers("2004");
    w.lines.clear();
    w.dial(2003, "2002");
    w.expect(&["2002 invite from 2003 2003/2"]);
}
