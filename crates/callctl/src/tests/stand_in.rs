//! 「CFA に従う」: what rings in the place of a member that forwards all its calls (R270).

use base::id::VirtualDnId;
use base::{Cause, Micros, Uuid};
use bytes::Bytes;
use model::record::Service;
use model::{
    Change, Destination, DnSettings, Forward, ForwardKind, HuntGroup, HuntMethod, Outside,
    TollClass, VirtualDn,
};

use super::outside::{codes, open};
use super::world::{
    TENANT, World, department, dn, hunt, pickup, quiet, site_forwards_outside, site_with, stopped,
};
use crate::input::{LegEvent, Refused};
use crate::whatif::{Answer, Ending, Question};

const FIXED: &str = "00312345678";
const MOBILE: &str = "009012345678";

fn rung(w: &mut World) -> Vec<String> {
    let lines = std::mem::take(&mut w.lines);
    lines.into_iter().filter_map(|l| Some(l.split_once(" invite ")?.0.to_owned())).collect()
}

fn last(w: &World) -> Cause {
    w.records.last().expect("a record").cause
}

/// Group 1 of 7000: each member for 15 s, wherever it forwards.
fn follows(members: &[u16]) -> Change {
    follows_with(members, |_| ())
}

fn follows_with(members: &[u16], change: impl FnOnce(&mut HuntGroup)) -> Change {
    hunt(members, |g| {
        (g.method, g.follow_all, g.ring_s) = (HuntMethod::Priority, true, 15);
        change(g);
    })
}

/// Group 2 of 7001: each member for 10 s.
fn second(members: &[u16], change: impl FnOnce(&mut HuntGroup)) -> Change {
    hunt(members, |g| {
        (g.number, g.pilot, g.name) = (2, dn(7001), "受付".into());
        (g.method, g.ring_s) = (HuntMethod::Priority, 10);
        change(g);
    })
}

fn leads(n: u16, to: Destination) -> Change {
    let mut settings = DnSettings::new(TENANT, dn(n));
    *settings.forward_mut(ForwardKind::All) = Forward::on(to);
    Change::DnSettingsPut(settings)
}

fn to(n: u16, other: u16) -> Change {
    leads(n, Destination::Dn(dn(other)))
}

fn to_outside(n: u16) -> Change {
    leads(n, Destination::outside(FIXED).expect("digits"))
}

/// A gateway of so many channels, and a site that forwards by it.
fn with_gateway(channels: u16, changes: &[Change]) -> World {
    let mut w = World::new();
    open(&mut w, channels);
    w.configure(&[site_forwards_outside()]);
    w.configure(changes);
    w.lines.clear();
    w
}

/// For the member's 15 s, although each there would ring for 10, and then the hunt goes on.
#[test]
fn a_group_hunts_in_the_place_of_a_member_for_its_time() {
    let mut w = World::new();
    w.configure(&[follows(&[2002, 2003]), second(&[2004, 2005, 2006], |_| ()), to(2002, 7001)]);
    w.dial(2001, "7000");
    assert_eq!(rung(&mut w), ["2004"]);
    w.rings("2004");
    w.wait(Micros::seconds(10));
    assert_eq!(rung(&mut w), ["2005"]);
    w.rings("2005");
    w.wait(Micros::millis(4_999));
    assert_eq!(rung(&mut w), [""; 0]);
    w.wait(Micros::millis(1));
    assert_eq!(rung(&mut w), ["2003"], "2006 has no time");
    w.rings("2003");
    w.wait(Micros::seconds(15));
    assert_eq!(last(&w), Cause::RingTimeout);
    assert!(w.records[0].transferrer.is_none() && w.records[0].callee_number().is_empty());
    w.expect_drained();
}

/// Who is not free there is passed over, and so is a group in which nobody is.
#[test]
fn a_group_in_a_members_place_tests_its_own_members() {
    let mut w = World::new();
    w.configure(&[
        follows(&[2002, 2003]),
        second(&[2001, 2007, 2004, 2005], |_| ()),
        to(2002, 7001),
        quiet(2004, 1),
    ]);
    w.dial(2001, "7000");
    assert_eq!(rung(&mut w), ["2005"]);
    w.refuses("2005", 603);
    assert_eq!(rung(&mut w), ["2003"]);
    w.hangs_up("2001");
    w.talk(2005, 2008);
    w.lines.clear();
    w.dial(2001, "7000");
    assert_eq!(rung(&mut w), ["2003"]);
    w.hangs_up("2001");
    let steps: Vec<String> = w.records.last().expect("a record").trace[..8]
        .iter()
        .map(|s| format!("{} {}", s.code, s.args))
        .collect();
    assert_eq!(
        steps,
        [
            "route.hunt 7000",
            "hunt.member 2002",
            "forward.all 2002 7001",
            "route.hunt 7001",
            "group.pass involved 2001",
            "group.pass unreachable 2007",
            "group.pass do-not-disturb 2004",
            "group.pass busy 2005,2002",
        ]
    );
    w.hangs_up_all();
    w.expect_drained();
}

/// 均等: both groups go on after whom they have offered.
#[test]
fn both_groups_remember_whom_they_offered() {
    let mut w = World::new();
    let evenly = |g: &mut HuntGroup| g.method = HuntMethod::RoundRobin;
    w.configure(&[
        follows_with(&[2002, 2003], evenly),
        second(&[2004, 2005], evenly),
        to(2002, 7001),
    ]);
    for expected in ["2004", "2003", "2005", "2003", "2004"] {
        w.dial(2001, "7000");
        assert_eq!(rung(&mut w), [expected]);
        w.hangs_up("2001");
    }
    // Who is passed over in the end has had no turn.
    w.configure(&[quiet(2004, 1), quiet(2005, 1)]);
    for _ in 0..2 {
        w.dial(2001, "7000");
        assert_eq!(rung(&mut w), ["2003"]);
        w.hangs_up("2001");
    }
    w.expect_drained();
}

/// Own rounds, within the member's time; the caller hears ringing meanwhile.
#[test]
fn a_group_in_a_members_place_has_rounds_of_its_own() {
    let mut w = World::new();
    let rounds = |n| move |g: &mut HuntGroup| g.rounds = n;
    w.configure(&[follows(&[2002, 2003]), second(&[2004], rounds(5)), to(2002, 7001)]);
    w.dial(2001, "7000");
    for wait_s in [5, 5, 0] {
        assert_eq!(rung(&mut w), ["2004"]);
        w.rings("2004");
        w.refuses("2004", 486);
        w.wait(Micros::seconds(wait_s));
    }
    assert_eq!(rung(&mut w), ["2003"], "a fourth would begin when the time is over");
    w.hangs_up("2001");
    // And all of it again in a further round of the group that was called.
    w.configure(&[follows_with(&[2002, 2003], rounds(2)), second(&[2004], rounds(1))]);
    w.dial(2001, "7000");
    for _ in 0..2 {
        assert_eq!(rung(&mut w), ["2004"]);
        w.refuses("2004", 486);
        assert_eq!(rung(&mut w), ["2003"]);
        w.refuses("2003", 486);
        w.wait(Micros::seconds(5));
    }
    assert_eq!(last(&w), Cause::RingTimeout);
    w.expect_drained();
}

/// All ring, for the member's time and not their own; a 603 silences one of them.
#[test]
fn a_department_rings_together_in_the_place_of_a_member() {
    let mut w = World::new();
    let slow = |d: &mut model::Department| d.ring_s = 60;
    w.configure(&[
        follows(&[2002, 2003]),
        department(&[2002, 2004, 2005, 2006], slow),
        to(2002, 7100),
        quiet(2006, 1),
    ]);
    w.dial(2001, "7000");
    assert_eq!(rung(&mut w), ["2004", "2005"]);
    w.rings("2004");
    w.refuses("2005", 603);
    w.wait(Micros::seconds(15));
    assert_eq!(rung(&mut w), ["2003"]);
    w.hangs_up("2001");
    w.dial(2001, "7000");
    w.answers("2004");
    w.hangs_up("2001");
    let r = w.records.last().expect("a record");
    assert_eq!((r.callee_number(), r.transferrer.as_deref()), ("2004", Some("2002")));
    for service in [Service::Hunt, Service::Department, Service::ForwardAll] {
        assert!(r.services.contains(service), "{service:?}");
    }
    // Nobody of it is free.
    w.configure(&[quiet(2004, 1), quiet(2005, 1), follows(&[2002])]);
    w.lines.clear();
    w.dial(2001, "7000");
    assert_eq!((rung(&mut w), last(&w)), (vec![], Cause::UserBusy));
    w.expect_drained();
}

/// Outside: by the gateway, for the member's time, in the member's name.
#[test]
fn a_number_outside_rings_in_the_place_of_a_member() {
    let mut w = with_gateway(1, &[follows(&[2002, 2003]), to_outside(2002)]);
    w.dial(2001, "7000");
    assert_eq!(rung(&mut w), ["2900"]);
    w.rings("2900");
    w.dial(2008, FIXED);
    assert_eq!(last(&w), Cause::GatewayChannelsExceeded, "it has its channel");
    w.wait(Micros::seconds(15));
    assert_eq!(rung(&mut w), ["2003"], "and not the time of a call outside");
    w.dial(2008, FIXED);
    assert_eq!(rung(&mut w), ["2900"], "the channel is free");
    w.hangs_up("2008");
    w.answers("2003");
    w.hangs_up("2001");
    let r = w.records.last().expect("a record");
    assert_eq!((r.callee_number(), r.transferrer.as_deref()), ("2003", None));
    w.dial(2001, "7000");
    w.answers("2900");
    w.hangs_up("2001");
    let r = w.records.last().expect("a record");
    assert_eq!((r.callee_number(), r.transferrer.as_deref()), ("0312345678", Some("2002")));
    assert!(r.services.contains(Service::ForwardAll) && r.services.contains(Service::Hunt));
    w.expect_drained();
}

/// Whatever the gateway says of the number, the next member is free.
#[test]
fn a_number_outside_that_fails_leads_to_the_next_member() {
    for status in [404, 486, 480, 500, 503, 603] {
        let mut w = with_gateway(2, &[follows(&[2002, 2003]), to_outside(2002)]);
        w.dial(2001, "7000");
        w.refuses("2900", status);
        assert_eq!(rung(&mut w), ["2900", "2003"], "{status}");
        w.hangs_up("2001");
        assert_eq!(w.records[0].callee_number(), "", "{status}: it rings no longer");
        w.expect_drained();
    }
}

/// By right, by class, by gateway and by channel: else the next member, and the record says why.
#[test]
fn a_number_outside_that_may_not_be_called_is_passed_over_with_the_reason() {
    let denied = |w: &mut World| w.configure(&[site_with(|s| s.forward_outside = Outside::Denied)]);
    let barred = |w: &mut World| {
        let Change::DnSettingsPut(mut settings) = to_outside(2002) else { return };
        settings.toll = Some(TollClass::Internal);
        w.configure(&[Change::DnSettingsPut(settings)]);
    };
    let out =
        |w: &mut World| w.facts.contacts.retain(|id, _| *id != super::world::device_id(2900, 1));
    let full = |w: &mut World| {
        w.dial(2008, FIXED);
    };
    let nowhere = |w: &mut World| w.configure(&[leads(2002, Destination::Outside("119".into()))]);
    type Make<'a> = &'a dyn Fn(&mut World);
    let cases: [(Make<'_>, &str, Cause); 5] = [
        (&denied, "forward.outside-denied", Cause::ExternalForwardDenied),
        (&barred, "outside.barred", Cause::TollDenied),
        (&out, "outside.unregistered", Cause::UpstreamFailure),
        (&full, "outside.channels", Cause::GatewayChannelsExceeded),
        (&nowhere, "outside.emergency", Cause::UnallocatedNumber),
    ];
    for (make, step, cause) in cases {
        let mut w = with_gateway(1, &[follows(&[2002, 2003]), to_outside(2002)]);
        make(&mut w);
        w.lines.clear();
        w.dial(2001, "7000");
        assert_eq!(rung(&mut w), ["2003"], "{step}");
        w.hangs_up("2001");
        assert!(codes(&w).iter().any(|c| c == step), "{step}: {:?}", codes(&w));
        // When it is all that there is, that is why the call failed.
        w.configure(&[follows(&[2002])]);
        w.dial(2001, "7000");
        assert_eq!((rung(&mut w), last(&w)), (vec![], cause), "{step}");
        // Somebody who is out of reach counts, as in any group.
        w.configure(&[follows(&[2002, 2007])]);
        w.dial(2001, "7000");
        assert_eq!(last(&w), Cause::Unregistered, "{step}");
        w.hangs_up_all();
        w.expect_drained();
    }
}

/// The class of the member counts and not the caller's, as for any forward (R227).
#[test]
fn the_member_pays_for_the_number_outside() {
    let mut w = with_gateway(2, &[follows(&[2002, 2003])]);
    w.configure(&[leads(2002, Destination::outside(MOBILE).expect("digits"))]);
    let mut poor = DnSettings::new(TENANT, dn(2001));
    poor.toll = Some(TollClass::Internal);
    w.configure(&[Change::DnSettingsPut(poor)]);
    w.dial(2001, "7000");
    assert_eq!(rung(&mut w), ["2900"]);
    w.hangs_up("2001");
    w.expect_drained();
}

/// Several hops, each of them one of the five; the last one that forwards pays.
#[test]
fn where_a_member_leads_may_lead_on() {
    let mut w = with_gateway(2, &[follows(&[2002, 2003]), to(2002, 2004), to(2004, 2005)]);
    w.dial(2001, "7000");
    assert_eq!(rung(&mut w), ["2005"]);
    w.hangs_up("2001");
    w.configure(&[to_outside(2005)]);
    w.dial(2001, "7000");
    w.answers("2900");
    w.hangs_up("2001");
    assert_eq!(w.records.last().and_then(|r| r.transferrer.as_deref()), Some("2005"));
    // 無条件転送 of a group and of a department.
    w.lines.clear();
    let all = Forward::on(Destination::Dn(dn(2006)));
    let forwards = all.clone();
    w.configure(&[second(&[2008], |g| g.all = forwards), to(2002, 7001)]);
    w.dial(2001, "7000");
    assert_eq!(rung(&mut w), ["2006"]);
    w.hangs_up("2001");
    w.configure(&[department(&[2008], |d| d.all = all), to(2002, 7100)]);
    w.dial(2001, "7000");
    assert_eq!(rung(&mut w), ["2006"]);
    w.hangs_up("2001");
    w.expect_drained();
}

/// Five hops in all, and none that was not taken: 2010 to 2013 lead to the group already.
#[test]
fn a_stand_in_is_a_hop_of_the_five() {
    for (chain, further, expected) in [(3, false, "2005"), (4, false, "2004"), (4, true, "2003")] {
        let mut w = World::new();
        w.hire(2010..=2014);
        for n in 0..chain {
            let next = if n + 1 == chain { 7000 } else { 2011 + n };
            w.configure(&[to(2010 + n, next)]);
        }
        w.configure(&[follows(&[2002, 2003]), to(2002, 2004)]);
        if chain == 3 || further {
            w.configure(&[to(2004, 2005)]);
        }
        w.dial(2001, "2010");
        assert_eq!(rung(&mut w), [expected], "{chain} {further}");
        w.hangs_up("2001");
        w.expect_drained();
    }
}

/// R257: no circle, by whatever way, ends the call.
#[test]
fn circles_are_passed_over() {
    // To a group that is hunting already, to the caller, and to each other.
    for (changes, expected) in [
        (vec![to(2002, 7001), to(2004, 7000)], vec!["2005"]),
        (vec![to(2002, 7000)], vec!["2003"]),
        (vec![to(2002, 2001)], vec!["2003"]),
        (vec![to(2002, 2006), to(2006, 2002)], vec!["2003"]),
        (vec![to(2002, 7001), to(2004, 2002)], vec!["2005"]),
        (vec![to(2002, 7001), to(2004, 7001)], vec!["2005"]),
    ] {
        let mut w = World::new();
        let follow = |g: &mut HuntGroup| g.follow_all = true;
        w.configure(&[follows(&[2002, 2003]), second(&[2004, 2005], follow)]);
        w.configure(&changes);
        w.dial(2001, "7000");
        assert_eq!(rung(&mut w), expected, "{changes:?}");
        w.hangs_up("2001");
        w.expect_drained();
    }
    // Who has forwarded the call to the group is nobody's stand-in.
    let mut w = World::new();
    w.configure(&[follows(&[2002, 2003]), to(2002, 2006), to(2006, 7000)]);
    w.dial(2001, "2006");
    assert_eq!(rung(&mut w), ["2003"]);
    w.hangs_up("2001");
    w.expect_drained();
}

/// What follows when nobody there answers is the group's that was called, not theirs.
#[test]
fn overflows_and_forwards_of_who_stands_in_do_not_run() {
    let mut w = World::new();
    let elsewhere = || Some(Destination::Dn(dn(2008)));
    let mut own = DnSettings::new(TENANT, dn(2006));
    for kind in [ForwardKind::Busy, ForwardKind::NoAnswer, ForwardKind::Unregistered] {
        *own.forward_mut(kind) = Forward::on(Destination::Dn(dn(2008)));
    }
    w.configure(&[
        follows(&[2002, 2003]),
        second(&[2004], |g| g.overflow = elsewhere()),
        department(&[2005], |d| d.overflow = elsewhere()),
        Change::DnSettingsPut(own),
    ]);
    for (place, rings) in [(7001, "2004"), (7100, "2005"), (2006, "2006")] {
        w.configure(&[to(2002, place)]);
        w.dial(2001, "7000");
        w.refuses(rings, 486);
        assert_eq!(rung(&mut w), [rings, "2003"], "{place}");
        w.hangs_up("2001");
    }
    w.expect_drained();
}

/// A mailbox or an announcement would take every call at once: others are asked first.
#[test]
fn a_mailbox_stands_in_for_nobody() {
    let paging = department(&[2004], |d| d.multicast = true);
    for place in [
        Destination::Voicemail,
        Destination::Announcement(None),
        Destination::Dn(dn(7100)),
        Destination::Dn(dn(7801)),
        Destination::Dn(dn(2099)),
        Destination::Dn(dn(2005)),
    ] {
        let mut w = World::with_codes();
        w.give_codes();
        w.configure(&[follows(&[2002, 2003]), paging.clone(), leads(2002, place.clone())]);
        w.configure(&[stopped(2005), to(2005, 2006)]);
        w.dial(2001, "7000");
        assert_eq!(rung(&mut w), ["2003"], "{place:?}");
        w.hangs_up("2001");
        w.expect_drained();
    }
}

/// A number where mailboxes are opened forwards nothing, whatever is set for it (R262).
#[test]
fn a_number_without_telephone_stands_in_by_its_forward_only() {
    for (opens, forwards, expected) in
        [(false, true, "2004"), (false, false, "2003"), (true, true, "2003")]
    {
        let mut w = World::new();
        w.give_codes();
        let desk = VirtualDn {
            id: VirtualDnId(Uuid(7)),
            tenant: TENANT,
            site: super::world::SITE,
            dn: dn(2500),
            name: "留守番".into(),
            web_user: Box::default(),
        };
        w.configure(&[Change::VirtualDnPut(desk), follows(&[2002, 2003]), to(2002, 2500)]);
        if opens {
            w.configure(&[site_with(|s| s.voicemail_at = Some(dn(2500)))]);
        }
        if forwards {
            w.configure(&[to(2500, 2004)]);
        }
        w.lines.clear();
        w.dial(2001, "7000");
        assert_eq!(rung(&mut w), [expected], "{opens} {forwards}");
        w.hangs_up("2001");
        w.expect_drained();
    }
}

/// Point 5: what kept the group in a member's place is what kept the member.
#[test]
fn a_hunt_in_vain_ends_by_the_reasons_of_who_would_stand_in() {
    let follow = |g: &mut HuntGroup| g.follow_all = true;
    let set = || [follows(&[2002]), second(&[2004], follow), to(2002, 7001)];
    let mut w = World::new();
    w.configure(&set());
    w.talk(2004, 2005);
    w.dial(2001, "7000");
    assert_eq!(last(&w), Cause::UserBusy);
    w.hangs_up_all();
    let mut w = World::new();
    w.configure(&set());
    w.configure(&[leads(2004, Destination::outside(FIXED).expect("digits"))]);
    w.dial(2001, "7000");
    assert_eq!(last(&w), Cause::ExternalForwardDenied);
    // Telephones that cannot talk with the caller's, and one that could have.
    for (status, cause) in [(488, Cause::MediaNotAcceptable), (486, Cause::RingTimeout)] {
        let mut w = World::new();
        w.configure(&set());
        w.configure(&[follows(&[2002, 2003])]);
        w.dial(2001, "7000");
        w.refuses("2004", 488);
        w.refuses("2003", status);
        assert_eq!(last(&w), cause, "{status}");
        w.configure(&[follows(&[2003, 2002])]);
        w.dial(2001, "7000");
        w.refuses("2003", 488);
        w.refuses("2004", status);
        assert_eq!(last(&w), cause, "{status}");
        w.expect_drained();
    }
    // Who rang until he was stopped has been tried.
    let mut w = World::new();
    w.configure(&[follows(&[2002])]);
    w.dial(2001, "7000");
    w.rings("2002");
    w.configure(&[stopped(2002)]);
    assert_eq!(last(&w), Cause::RingTimeout);
    w.expect_drained();
}

/// A group's own limit holds in a member's longer time too.
#[test]
fn a_group_in_a_members_place_keeps_its_own_limit() {
    let mut w = World::new();
    w.configure(&[
        follows_with(&[2002, 2003], |g| g.ring_s = 60),
        second(&[2004, 2005], |g| (g.ring_s, g.limit_s) = (60, 20)),
        to(2002, 7001),
    ]);
    w.dial(2001, "7000");
    assert_eq!(rung(&mut w), ["2004"]);
    w.rings("2004");
    w.wait(Micros::seconds(20));
    assert_eq!(rung(&mut w), ["2003"]);
    w.hangs_up("2001");
    w.expect_drained();
}

/// Column I, when who consulted the group leaves while somebody stands in.
#[test]
fn who_leaves_a_stand_in_to_ring_is_told_as_transferrer() {
    let mut w = World::with_codes();
    w.configure(&[follows(&[2002, 2003]), to(2002, 2004)]);
    w.talk(2001, 2005);
    w.press("2005", "#7");
    w.press("2005", "7000#1");
    w.rings("2004");
    w.hangs_up("2005");
    w.refuses("2004", 486);
    w.rings("2003");
    w.answers("2003");
    w.agree();
    w.hangs_up("2001");
    let r = w.records.last().expect("a record");
    assert_eq!((r.callee_number(), r.transferrer.as_deref()), ("2003", Some("2005")));
    w.hangs_up_all();
    w.expect_drained();
}

/// R247: who is no member any more is stood in for by nobody, and neither is a group that is gone.
#[test]
fn nobody_stands_in_for_who_is_no_member_any_more() {
    let group = |members: &[u16]| follows(members);
    let inner = || second(&[2004, 2005], |_| ());
    for (place, rings) in [(7001, "2004"), (7100, "2006"), (2008, "2008"), (0, "2900")] {
        let mut w = with_gateway(2, &[group(&[2002, 2003]), inner(), department(&[2006], |_| ())]);
        w.configure(&[if place == 0 { to_outside(2002) } else { to(2002, place) }]);
        w.dial(2001, "7000");
        w.rings(rings);
        w.lines.clear();
        w.configure(&[group(&[2003])]);
        assert_eq!(rung(&mut w), ["2003"], "{place}");
        w.hangs_up("2001");
        w.expect_drained();
    }
    let mut w = World::new();
    w.configure(&[group(&[2002, 2003]), inner(), to(2002, 7001)]);
    w.dial(2001, "7000");
    w.rings("2004");
    w.lines.clear();
    w.configure(&[second(&[2005], |_| ())]);
    assert_eq!(rung(&mut w), ["2005"]);
    w.configure(&[to(2002, 2008)]);
    assert_eq!(rung(&mut w), [""; 0], "what rings rings on (R264)");
    w.configure(&[Change::HuntDelete { tenant: TENANT, number: 2 }]);
    assert_eq!(rung(&mut w), ["2003"]);
    w.hangs_up("2001");
    w.expect_drained();
}

/// R288: a party of the transfer counts as busy.
#[test]
fn a_party_of_the_transfer_stands_in_for_nobody() {
    let mut w = World::new();
    w.configure(&[follows(&[2002, 2003]), to(2002, 2005)]);
    w.talk(2001, 2005);
    w.lines.clear();
    w.refers("2005", "7000", None);
    assert_eq!(rung(&mut w), ["2003"]);
    w.hangs_up_all();
    let r = w.records.last().expect("a record");
    let told: Vec<&str> = r.trace.iter().map(|s| &*s.code).collect();
    assert!(told.contains(&"forward.party"), "{told:?}");
    assert_eq!(r.transferrer.as_deref(), Some("2005"), "and nobody has forwarded the call");
}

/// Column I after a stand-in in vain: who transferred, as before.
#[test]
fn who_stood_in_vain_is_not_told_as_forwarder() {
    let mut w = World::new();
    w.configure(&[follows(&[2002, 2003]), to(2002, 2004)]);
    w.talk(2001, 2005);
    w.refers("2005", "7000", None);
    w.refuses("2004", 486);
    w.rings("2003");
    w.hangs_up("2005");
    w.answers("2003");
    w.agree();
    w.hangs_up("2001");
    let r = w.records.last().expect("a record");
    assert_eq!((r.callee_number(), r.transferrer.as_deref()), ("2003", Some("2005")));
    w.hangs_up_all();
    w.expect_drained();
}

/// R265: where it rings, not for whom.
#[test]
fn a_stand_in_is_picked_up_where_it_rings() {
    for (member, taken) in [(2002, false), (2004, true)] {
        let mut w = World::new();
        w.configure(&[follows(&[2002]), to(2002, 2004), pickup(1, &[member, 2008])]);
        w.dial(2001, "7000");
        w.rings("2004");
        w.lines.clear();
        w.dial(2008, "*55");
        assert_eq!(w.lines.iter().any(|l| l.starts_with("2001 answer")), taken, "{member}");
        w.hangs_up_all();
        w.expect_drained();
    }
}

/// Early media of one that did not answer is followed by ringing again (R254).
#[test]
fn after_early_media_from_outside_ringing_is_told_anew() {
    let mut w = with_gateway(2, &[follows(&[2002, 2003]), to_outside(2002)]);
    w.dial(2001, "7000");
    let sdp: Bytes = w.sdp(2900, "sendrecv");
    let leg = w.leg("2900");
    w.event(leg, LegEvent::Progress { status: 180, sdp: None });
    w.event(leg, LegEvent::Progress { status: 183, sdp: Some(sdp) });
    let refused = Refused { status: 486, q850: None, unreachable: false };
    w.event(leg, LegEvent::Refused(refused));
    w.rings("2003");
    let told: Vec<&str> = w.lines.iter().filter_map(|l| l.strip_prefix("2001 progress ")).collect();
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told[0] == "180 -" && told[1].starts_with("183 10.") && told[2] == "180 -", "{told:?}");
    w.answers("2003");
    w.hangs_up("2001");
    w.expect_drained();
}

/// The display names the group in whose name it rings (hunting, point 6).
#[test]
fn telephones_show_the_group_in_whose_name_they_ring() {
    let mut w = World::new();
    w.configure(&[follows(&[2002]), second(&[2004], |_| ()), to(2002, 7001)]);
    w.dial(2001, "7000");
    assert_eq!(w.shows("2004"), "2001 代表: 受付: 利用者2001");
    w.hangs_up("2001");
    w.configure(&[to(2002, 2005)]);
    w.dial(2001, "7000");
    assert_eq!(w.shows("2005"), "2001 代表: 営業: 利用者2001");
    w.hangs_up("2001");
    w.expect_drained();
}

/// R301: the line may ring the member, and then whoever stands in rings too.
#[test]
fn a_stand_in_needs_a_call_that_the_member_may_have() {
    let mut w = with_gateway(4, &[follows(&[2002, 2003]), to(2002, 2004)]);
    super::outside::comes_in(&mut w, "7000");
    assert_eq!(rung(&mut w), ["2004"]);
    w.hangs_up_all();
    w.expect_drained();
}

/// Answers are given by the number that rings.
#[test]
fn an_explanation_asks_who_stands_in() {
    let mut w = with_gateway(2, &[follows(&[2002, 2003, 2006])]);
    w.configure(&[to(2002, 7001), second(&[2004], |_| ()), to_outside(2003)]);
    let answers = [(dn(2004), Answer::Busy), (dn(2006), Answer::Answers)];
    let ask = |answers: &[_]| {
        let question = Question { tenant: TENANT, from: dn(2001).into(), to: "7000", answers };
        w.control.explain(w.now, &question, &w.facts)
    };
    let told = ask(&answers);
    assert_eq!(told.ending, Ending::Answered(dn(2006)));
    let asked: Vec<String> = told.steps.iter().filter_map(|s| Some(s.assumed?.0.text())).collect();
    assert_eq!(asked, ["2004", "0312345678", "2006"]);
    let outside = base::Dn::parse("0312345678").expect("digits");
    assert_eq!(ask(&[(outside, Answer::Answers)]).ending, Ending::Answered(outside));
}

/// However groups lead to each other, one decision stays small.
#[test]
fn groups_that_all_stand_in_for_each_other_come_to_an_end() {
    let mut w = World::new();
    w.hire(2100..2164);
    let groups: Vec<Change> = (0..8_u16)
        .map(|n| {
            let members: Vec<u16> = (0..8).map(|k| 2100 + 8 * n + k).collect();
            hunt(&members, |g| {
                (g.number, g.pilot, g.follow_all) = (n + 1, dn(7000 + n), true);
                g.method = HuntMethod::Priority;
            })
        })
        .collect();
    w.configure(&groups);
    let leads: Vec<Change> =
        (0..64_u16).map(|k| to(2100 + k, 7000 + (k / 8 + 1 + k % 7) % 8)).collect();
    w.configure(&leads);
    w.dial(2001, "7000");
    assert_eq!((rung(&mut w), last(&w)), (vec![], Cause::Unregistered));
    w.expect_drained();
}
