//! Whom a hunt tries, in what order, for how long, and how it ends (group H, R270–R272).

use base::{Cause, Micros};
use model::{Change, Destination, DnSettings, Forward, ForwardKind, HuntGroup, HuntMethod, User};

use super::world::{TENANT, World, department, device, dn, hunt, pickup, quiet, stopped, user};

fn rung(w: &mut World) -> Vec<String> {
    let lines = std::mem::take(&mut w.lines);
    lines.into_iter().filter_map(|l| Some(l.split_once(" invite ")?.0.to_owned())).collect()
}

fn last(w: &World) -> Cause {
    w.records.last().expect("a record").cause
}

fn first(group: &mut HuntGroup) {
    group.method = HuntMethod::Priority;
}

fn forwards(n: u16, to: u16) -> Change {
    let mut settings = DnSettings::new(TENANT, dn(n));
    *settings.forward_mut(ForwardKind::All) = Forward::on(Destination::Dn(dn(to)));
    Change::DnSettingsPut(settings)
}

/// Point 5: why nobody could be tried.
#[test]
fn a_hunt_that_tries_nobody_says_why() {
    for (members, cause) in [
        (&[2002, 2003][..], Cause::UserBusy),
        (&[2007], Cause::Unregistered),
        (&[2007, 2002], Cause::UserBusy),
        (&[2002, 2007], Cause::UserBusy),
        (&[2004, 2007], Cause::UserBusy),
        (&[2004], Cause::UserBusy),
    ] {
        let mut w = World::new();
        w.configure(&[hunt(members, first), quiet(2004, 1)]);
        w.talk(2002, 2003);
        w.dial(2001, "7000");
        assert_eq!((rung(&mut w), last(&w)), (vec![], cause), "{members:?}");
    }
}

/// R090: who is called by the own number is in a call as well.
#[test]
fn a_member_that_rings_for_itself_is_passed_over() {
    let mut w = World::new();
    w.configure(&[hunt(&[2002, 2003], first)]);
    w.dial(2004, "2002");
    w.rings("2002");
    w.lines.clear();
    w.dial(2001, "7000");
    assert_eq!(rung(&mut w), ["2003"]);
    w.hangs_up_all();
    w.expect_drained();
}

/// R254: one 180 for the whole hunt, over members, rounds and overflow.
#[test]
fn the_caller_hears_one_ringing_all_the_time() {
    let mut w = World::new();
    w.configure(&[hunt(&[2002, 2003], |g| {
        first(g);
        (g.rounds, g.overflow) = (2, Some(Destination::Dn(dn(2004))));
    })]);
    w.dial(2001, "7000");
    for member in ["2002", "2003"] {
        w.rings(member);
        w.refuses(member, 486);
    }
    w.wait(Micros::seconds(5));
    for member in ["2002", "2003"] {
        w.rings(member);
        w.refuses(member, 603);
    }
    w.rings("2004");
    let told = w.lines.iter().filter(|l| l.starts_with("2001 ")).count();
    assert_eq!(told, 1, "{:?}", w.lines);
    w.hangs_up("2001");
    w.expect_drained();
}

/// R271: 「ring-back meanwhile」, also when the first round found nobody free.
#[test]
fn who_waits_for_the_next_round_hears_ringing() {
    let mut w = World::new();
    w.configure(&[hunt(&[2002], |g| g.rounds = 2)]);
    w.talk(2002, 2003);
    w.dial(2001, "7000");
    w.expect(&["2001 progress 180 -"]);
    w.hangs_up("2003");
    w.lines.clear();
    w.wait(Micros::seconds(5));
    assert_eq!(rung(&mut w), ["2002"], "he is free by now");
    w.rings("2002");
    w.expect(&[]);
    w.answers("2002");
    w.hangs_up("2001");
    w.expect_drained();
}

/// R271: each round tests all members anew; in one round nobody is tried twice.
#[test]
fn each_round_asks_everybody_anew() {
    let mut w = World::new();
    w.configure(&[hunt(&[2002, 2003], |g| {
        first(g);
        g.rounds = 3;
    })]);
    w.talk(2002, 2004);
    w.dial(2001, "7000");
    assert_eq!(rung(&mut w), ["2003"]);
    w.refuses("2003", 486);
    w.hangs_up("2004");
    w.wait(Micros::millis(4_999));
    assert_eq!(rung(&mut w), [""; 0]);
    w.wait(Micros::millis(1));
    assert_eq!(rung(&mut w), ["2002"], "free in the second round");
    w.refuses("2002", 486);
    assert_eq!(rung(&mut w), ["2003"]);
    w.rings("2003");
    w.wait(Micros::seconds(20));
    assert_eq!(rung(&mut w), ["2002"], "the third begins at once, the second was long enough");
    w.refuses("2002", 486);
    w.refuses("2003", 486);
    assert_eq!(last(&w), Cause::RingTimeout);
    w.expect_drained();
}

/// Points 3 and 4: each member for his time, the whole hunt for its own.
#[test]
fn the_whole_hunt_is_over_in_its_time() {
    let mut w = World::new();
    w.configure(&[hunt(&[2002, 2003, 2004], |g| {
        first(g);
        (g.ring_s, g.limit_s) = (15, 40);
    })]);
    w.dial(2001, "7000");
    for member in ["2002", "2003"] {
        assert_eq!(rung(&mut w), [member]);
        w.rings(member);
        w.wait(Micros::seconds(15));
    }
    assert_eq!(rung(&mut w), ["2004"]);
    w.rings("2004");
    w.wait(Micros::millis(9_999));
    assert!(w.records.is_empty());
    w.wait(Micros::millis(1));
    assert_eq!(last(&w), Cause::RingTimeout);
    w.expect_drained();
}

/// One member's telephone that cannot talk with the caller's does not end the hunt.
#[test]
fn a_telephone_without_a_common_codec_is_passed_over() {
    let mut w = World::new();
    w.configure(&[hunt(&[2002, 2003], first)]);
    w.dial(2001, "7000");
    w.refuses("2002", 488);
    assert_eq!(rung(&mut w), ["2002", "2003"]);
    w.answers("2003");
    w.hangs_up("2001");
    w.expect_drained();
}

/// R247: the next member is one of the group as it is then.
#[test]
fn the_next_member_is_of_the_group_as_it_is() {
    let mut w = World::new();
    w.configure(&[hunt(&[2002, 2003], first)]);
    w.dial(2001, "7000");
    w.rings("2002");
    w.configure(&[hunt(&[2002, 2004, 2003], |g| {
        first(g);
        g.overflow = Some(Destination::Dn(dn(2005)));
    })]);
    w.lines.clear();
    w.refuses("2002", 486);
    assert_eq!(rung(&mut w), ["2004"]);
    w.configure(&[quiet(2003, 1)]);
    w.refuses("2004", 486);
    assert_eq!(rung(&mut w), ["2005"], "and so is the overflow");
    w.hangs_up("2001");
    w.expect_drained();
}

/// R247: a member whose number moves away rings no more for the group.
#[test]
fn a_member_that_moves_away_stops_ringing() {
    let mut w = World::new();
    w.configure(&[hunt(&[2002, 2003], first)]);
    w.dial(2001, "7000");
    w.rings("2002");
    w.lines.clear();
    w.configure(&[hunt(&[2003], first), Change::UserPut(User { dn: dn(2052), ..user(2002) })]);
    assert_eq!(rung(&mut w), ["2003"]);
    w.hangs_up("2001");
    w.expect_drained();
}

/// R270: who stands in is tested as a member is.
#[test]
fn who_stands_in_is_tested_as_a_member() {
    let group = || {
        hunt(&[2002, 2003], |g| {
            first(g);
            g.follow_all = true;
        })
    };
    for to in [2001, 2004, 2005, 2006, 2007, 2099] {
        let mut w = World::new();
        w.configure(&[group(), forwards(2002, to), quiet(2004, 1), stopped(2005)]);
        w.talk(2006, 2008);
        w.dial(2001, "7000");
        assert_eq!(rung(&mut w), ["2003"], "{to}");
    }
    // Where the hunt stands is behind the member, not behind who rang for it.
    let mut w = World::new();
    let evenly = hunt(&[2002, 2004, 2003], |g| g.follow_all = true);
    w.configure(&[evenly, forwards(2002, 2003)]);
    w.dial(2001, "7000");
    assert_eq!(rung(&mut w), ["2003"]);
    w.hangs_up("2001");
    w.dial(2001, "7000");
    assert_eq!(rung(&mut w), ["2004"]);
    w.hangs_up("2001");
    w.expect_drained();
}

/// 均等: the pointer moves with every member that is offered, for the next caller at once.
#[test]
fn two_callers_at_once_are_offered_to_two_members() {
    let mut w = World::new();
    w.configure(&[hunt(&[2002, 2003, 2004], |g| g.method = HuntMethod::RoundRobin)]);
    w.dial(2001, "7000");
    assert_eq!(rung(&mut w), ["2002"]);
    w.refuses("2002", 486);
    assert_eq!(rung(&mut w), ["2003"]);
    w.dial(2005, "7000");
    assert_eq!(rung(&mut w), ["2004"], "2002 is free, and has had his turn");
    w.hangs_up("2001");
    w.hangs_up("2005");
    // Who is passed over was not offered anything.
    w.configure(&[quiet(2002, 1)]);
    w.dial(2001, "7000");
    assert_eq!(rung(&mut w), ["2003"]);
    w.configure(&[Change::DevicePut(device(2002, 1))]);
    w.refuses("2003", 486);
    w.refuses("2004", 486);
    assert_eq!(rung(&mut w), ["2004"], "each once in a round");
    w.expect_drained();
}

/// R272, R257: two pilots that overflow to each other end in a loop.
#[test]
fn pilots_that_overflow_to_each_other_are_a_loop() {
    let mut w = World::new();
    w.configure(&[
        hunt(&[2002], |g| g.overflow = Some(Destination::Dn(dn(7001)))),
        hunt(&[2003], |g| {
            (g.number, g.pilot) = (2, dn(7001));
            g.overflow = Some(Destination::Dn(dn(7000)));
        }),
    ]);
    w.dial(2001, "7000");
    w.refuses("2002", 486);
    w.refuses("2003", 486);
    assert_eq!(last(&w), Cause::ForwardLoop);
    w.expect_drained();
}

/// R266: hunting puts nobody last: the call counts from its first ringing.
#[test]
fn a_call_that_hunts_is_picked_up_by_when_it_first_rang() {
    let mut w = World::new();
    w.configure(&[hunt(&[2002, 2003], first), pickup(1, &[2003, 2004, 2008])]);
    w.dial(2001, "7000");
    w.rings("2002");
    w.wait(Micros::seconds(10));
    w.dial(2005, "2004");
    w.rings("2004");
    w.wait(Micros::seconds(10));
    w.rings("2003");
    w.lines.clear();
    w.dial(2008, "*55");
    assert!(w.lines.iter().any(|l| l.starts_with("2001 answer")), "{:?}", w.lines);
    w.hangs_up_all();
    w.expect_drained();
}

/// パイロット: member 1 first, wherever the last call went.
#[test]
fn each_call_of_a_priority_group_begins_at_its_first_member() {
    let mut w = World::new();
    w.configure(&[hunt(&[2002, 2003, 2004], first)]);
    for _ in 0..2 {
        w.dial(2001, "7000");
        assert_eq!(rung(&mut w), ["2002"]);
        w.hangs_up("2001");
    }
    w.expect_drained();
}

/// 均等: a further round begins after who was offered last, and so does it for who was passed over.
#[test]
fn a_further_round_begins_after_the_last_one_too() {
    let mut w = World::new();
    w.configure(&[hunt(&[2002, 2003, 2004], |g| {
        (g.method, g.rounds) = (HuntMethod::RoundRobin, 2);
    })]);
    w.talk(2004, 2005);
    w.dial(2001, "7000");
    w.refuses("2002", 486);
    w.refuses("2003", 486);
    w.hangs_up("2005");
    w.lines.clear();
    w.wait(Micros::seconds(5));
    assert_eq!(rung(&mut w), ["2004"]);
    w.refuses("2004", 486);
    assert_eq!(rung(&mut w), ["2002"]);
    w.hangs_up("2001");
    w.expect_drained();
}

/// R270: a stand-in is a hop for its time only: the overflow after it has all that there were.
#[test]
fn a_stand_in_is_a_hop_for_its_time_only() {
    for (chain, stands, cause) in [(4, true, None), (5, false, Some(Cause::ForwardLoop))] {
        let mut w = World::new();
        w.hire(2010..=2016);
        for n in 0..chain {
            let to = if n + 1 == chain { 7000 } else { 2011 + n };
            w.configure(&[forwards(2010 + n, to)]);
        }
        w.configure(&[
            hunt(&[2002], |g| {
                (g.follow_all, g.overflow) = (true, Some(Destination::Dn(dn(2004))));
            }),
            forwards(2002, 2003),
        ]);
        w.dial(2001, "2010");
        if stands {
            assert_eq!(rung(&mut w), ["2003"], "{chain}");
            w.refuses("2003", 486);
        }
        match cause {
            None => {
                assert_eq!(rung(&mut w), ["2004"], "{chain}");
                w.hangs_up("2001");
            }
            Some(cause) => assert_eq!((rung(&mut w), last(&w)), (vec![], cause)),
        }
        w.expect_drained();
    }
    // However many of the group forward, each has its turn, and then the overflow.
    let mut w = World::new();
    let members: Vec<u16> = (2010..2018).collect();
    w.hire(members.iter().copied().chain(2020..2028));
    w.configure(&[hunt(&members, |g| {
        first(g);
        (g.follow_all, g.overflow) = (true, Some(Destination::Dn(dn(2004))));
    })]);
    for n in members {
        w.configure(&[forwards(n, n + 10)]);
    }
    w.dial(2001, "7000");
    for n in 2020..2028 {
        assert_eq!(rung(&mut w), [n.to_string()]);
        w.refuses(&n.to_string(), 486);
    }
    assert_eq!(rung(&mut w), ["2004"]);
    w.hangs_up("2001");
    w.expect_drained();
}

/// R257: who has forwarded this call is not rung again as a member; and the record names nobody
/// as called while it is the group's (column H).
#[test]
fn who_forwarded_the_call_is_no_member_for_it() {
    for to in [7000, 7100] {
        let mut w = World::new();
        let mut settings = DnSettings::new(TENANT, dn(2002));
        *settings.forward_mut(ForwardKind::Busy) = Forward::on(Destination::Dn(dn(to)));
        w.configure(&[
            hunt(&[2002, 2003], first),
            department(&[2002, 2003], |_| ()),
            Change::DnSettingsPut(settings),
        ]);
        w.dial(2001, "2002");
        w.refuses("2002", 486);
        assert_eq!(rung(&mut w), ["2002", "2003"], "{to}");
        w.hangs_up("2001");
        assert_eq!(w.records[0].callee_number(), "", "{to}");
        w.expect_drained();
    }
}
