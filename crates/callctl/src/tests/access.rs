//! Channels of access lines (R305, group J), and the time of two outside parties (R291).

use base::id::{SiteId, Uuid};
use base::{Cause, Micros};
use model::{Change, Device, MediaPath, Site, User};

use super::outside::{comes_in, open};
use super::world::{SITE, TENANT, World, device, dn, hunt, path, site_with, user};

const BRANCH: SiteId = SiteId(Uuid(77));

/// 2003 and 2004 work at a branch with so many channels.
fn branch(channels: u16) -> World {
    let mut w = World::new();
    let mut site = Site::new(BRANCH, TENANT, "branch.example", "支店");
    site.access_channels = Some(channels);
    let mut changes = vec![Change::SitePut(site)];
    for n in [2003, 2004] {
        changes.push(Change::UserPut(User { site: BRANCH, ..user(n) }));
        changes.push(Change::DevicePut(Device { site: BRANCH, ..device(n, 1) }));
    }
    w.configure(&changes);
    w.lines.clear();
    w
}

fn last(w: &World) -> Cause {
    w.records.last().expect("a record").cause
}

#[test]
fn audio_between_sites_takes_a_channel_and_audio_inside_none() {
    let mut w = branch(1);
    w.talk(2003, 2004);
    w.dial(2001, "2003");
    assert!(w.lines.iter().any(|l| l.starts_with("2003 invite")), "{:?}", w.lines);
    w.answers("2003");
    w.lines.clear();
    w.dial(2002, "2004");
    w.expect(&[
        "record 2002>2004 SiteChannelsExceeded unanswered",
        "2002 refuse SiteChannelsExceeded",
    ]);
    w.hangs_up("2001");
    w.lines.clear();
    w.dial(2004, "2002");
    assert!(w.lines.iter().any(|l| l.starts_with("2002 invite")), "{:?}", w.lines);
    w.hangs_up_all();
    w.expect_drained();
}

#[test]
fn a_relayed_call_inside_takes_two_and_one_that_rings_at_many_takes_one() {
    let mut w = branch(1);
    let site = w.facts.snapshot.site(BRANCH).expect("a site").clone();
    w.configure(&[Change::SitePut(Site { media_path: MediaPath::Relay, ..site.clone() })]);
    w.dial(2003, "2004");
    assert_eq!(last(&w), Cause::SiteChannelsExceeded);
    w.configure(&[Change::SitePut(site)]);
    w.configure(&[super::world::department(&[2003, 2004], |_| {})]);
    w.lines.clear();
    w.dial(2001, "7100");
    assert_eq!(w.lines.iter().filter(|l| l.contains(" invite ")).count(), 2);
    w.hangs_up_all();
    w.expect_drained();
}

#[test]
fn a_group_leaves_out_who_has_no_channel() {
    let mut w = branch(0);
    w.configure(&[super::world::department(&[2002, 2003], |_| {})]);
    w.lines.clear();
    w.dial(2001, "7100");
    let called: Vec<_> = w.lines.iter().filter(|l| l.contains(" invite ")).collect();
    assert_eq!(called.len(), 1, "{called:?}");
    assert!(called[0].starts_with("2002 "));
    w.hangs_up_all();
    let mut w = branch(0);
    w.configure(&[hunt(&[2003, 2002], |_| {})]);
    w.lines.clear();
    w.dial(2001, "7000");
    assert!(w.lines.iter().any(|l| l.starts_with("2002 invite")), "{:?}", w.lines);
    w.hangs_up_all();
    w.expect_drained();
}

#[test]
fn each_terminal_that_listens_to_a_page_takes_one() {
    let pages = |members: &[u16]| super::world::department(members, |d| d.multicast = true);
    let called = |w: &mut World| -> Vec<String> {
        let lines = std::mem::take(&mut w.lines);
        let paged = lines.iter().filter_map(|l| l.split_once(" page "));
        paged.map(|(number, _)| number.to_owned()).collect()
    };
    let mut w = branch(1);
    w.give_codes();
    w.configure(&[pages(&[2002, 2003, 2004])]);
    w.lines.clear();
    w.dial(2001, "7100");
    assert_eq!(called(&mut w), ["2002", "2003"]);
    w.listens("2003");
    // Audio between two phones of the branch takes none; with another site it does.
    w.dial(2002, "2004");
    assert_eq!(last(&w), Cause::SiteChannelsExceeded);
    w.hangs_up("2001");
    w.lines.clear();
    w.dial(2002, "2004");
    assert!(w.lines.iter().any(|l| l.starts_with("2004 invite")), "{:?}", w.lines);
    w.hangs_up_all();
    w.configure(&[pages(&[2003, 2004])]);
    w.talk(2001, 2003);
    w.dial(2002, "7100");
    assert_eq!(last(&w), Cause::SiteChannelsExceeded);
    w.hangs_up_all();
    w.expect_drained();
}

#[test]
fn where_the_exchange_stands_only_audio_of_others_crosses() {
    let mut w = branch(0);
    let site = w.facts.snapshot.site(BRANCH).expect("a site").clone();
    let host = Site { has_exchange: true, access_channels: Some(1), ..site };
    w.configure(&[Change::SitePut(host)]);
    w.facts.relay = true;
    w.talk(2003, 2004);
    // One leg of each comes in over the line: the second finds it full.
    w.talk(2001, 2003);
    w.dial(2002, "2004");
    assert_eq!(last(&w), Cause::SiteChannelsExceeded);
    w.hangs_up_all();
    w.expect_drained();
}

#[test]
fn the_access_line_is_asked_before_the_gateway() {
    let mut w = World::new();
    open(&mut w, 1);
    w.configure(&[site_with(|s| s.access_channels = Some(2))]);
    w.dial(2001, "00312345678");
    w.answers("2900");
    w.dial(2002, "00355556666");
    assert_eq!(last(&w), Cause::SiteChannelsExceeded, "041 before 034");
    w.configure(&[site_with(|s| s.access_channels = Some(4))]);
    w.dial(2002, "00355556666");
    assert_eq!(last(&w), Cause::GatewayChannelsExceeded);
    w.hangs_up_all();
    w.expect_drained();
}

#[test]
fn an_emergency_call_ends_an_ordinary_one_of_a_full_line() {
    let mut w = World::new();
    open(&mut w, 4);
    let shown = base::Dn::parse("0311110000").expect("digits");
    let gateway = base::id::GatewayId(Uuid(0x6_0000));
    let route = model::EmergencyRoute { gateway, shown, back: None };
    w.configure(&[site_with(|s| {
        s.access_channels = Some(2);
        s.emergency = [route].into();
    })]);
    w.dial(2001, "00312345678");
    w.answers("2900");
    w.lines.clear();
    w.dial(2002, "119");
    assert!(w.lines.iter().any(|l| l.starts_with("2900 invite 119")), "{:?}", w.lines);
    assert_eq!(last(&w), Cause::Preempted);
    w.hangs_up_all();
    w.expect_drained();
}

#[test]
fn the_time_of_two_outside_parties_is_the_sites() {
    let mut w = World::with_codes();
    open(&mut w, 4);
    w.configure(&[site_with(|s| {
        s.transfer_outside = model::Outside::Domestic;
        s.outside_pair_min = 10;
    })]);
    comes_in(&mut w, "2002");
    w.answers("2002");
    w.press("2002", "#7");
    w.press("2002", "00355556666#1");
    w.answers("2900");
    w.agree();
    w.hangs_up("2002");
    w.agree();
    w.lines.clear();
    w.wait(Micros::seconds(599));
    assert!(w.told_records().is_empty());
    w.wait(Micros::seconds(1));
    assert_eq!(w.told_records().len(), 1);
    w.expect_drained();
    assert_eq!(dn(2002).text(), "2002");
}

/// R291: of two gateways the one whose site says less, whichever brought the call.
#[test]
fn the_time_of_two_gateways_is_that_of_the_site_that_says_less() {
    for (home, away) in [(30, 10), (10, 30)] {
        let mut w = World::with_codes();
        open(&mut w, 4);
        let mut site = Site::new(BRANCH, TENANT, "branch.example", "支店");
        site.outside_pair_min = away;
        let account = Device { user: None, site: BRANCH, ..device(2901, 1) };
        let first = w.facts.snapshot.gateways(TENANT).next().expect("a gateway").clone();
        let gateway = model::Gateway {
            id: base::id::GatewayId(Uuid(0x6_0001)),
            site: BRANCH,
            name: "GW2".into(),
            prefix: "5".into(),
            account: Some(account.id),
            ..first
        };
        w.facts
            .contacts
            .insert(account.id, vec![crate::view::Contact { id: 29_011, path: path(2901) }]);
        w.configure(&[
            Change::SitePut(site),
            Change::DevicePut(account),
            Change::GatewayPut(gateway),
            site_with(|s| {
                (s.transfer_outside, s.outside_pair_min) = (model::Outside::Domestic, home);
            }),
        ]);
        comes_in(&mut w, "2002");
        w.answers("2002");
        w.press("2002", "#7");
        w.press("2002", "50355556666#1");
        w.answers("2901");
        w.agree();
        w.hangs_up("2002");
        w.agree();
        w.lines.clear();
        w.wait(Micros::seconds(599));
        assert!(w.told_records().is_empty(), "{home} {away}");
        w.wait(Micros::seconds(1));
        assert_eq!(w.told_records().len(), 1, "{home} {away}");
        w.expect_drained();
    }
}

/// A branch with one channel, in use by a call between the sites.
fn full_branch() -> World {
    let mut w = branch(1);
    w.give_codes();
    w.facts.announcements = true;
    w.talk(2001, 2003);
    w.lines.clear();
    w
}

#[test]
fn where_no_channel_is_left_the_exchange_itself_is_not_heard() {
    let mut w = full_branch();
    // The own box, a code, a box that is forwarded to, and the same from where there is room.
    let mut settings = model::DnSettings::new(TENANT, dn(2002));
    settings.voicemail = true;
    let all = model::ForwardKind::All;
    *settings.forward_mut(all) = model::Forward::on(model::Destination::Voicemail);
    w.configure(&[Change::DnSettingsPut(settings)]);
    for dialed in ["*98", "*261", "2002"] {
        w.lines.clear();
        w.dial(2004, dialed);
        assert_eq!(last(&w), Cause::SiteChannelsExceeded, "{dialed}");
        assert!(w.lines.contains(&"2004 refuse SiteChannelsExceeded".to_owned()), "{:?}", w.lines);
        assert!(!w.lines.iter().any(|l| l.starts_with("wish")), "nothing is set: {:?}", w.lines);
        let told = w.control.explain(
            w.now,
            &crate::whatif::Question {
                tenant: TENANT,
                from: dn(2004).into(),
                to: dialed,
                answers: &[],
            },
            &w.facts,
        );
        assert_eq!(
            told.ending,
            crate::whatif::Ending::Refused(Cause::SiteChannelsExceeded),
            "{dialed}"
        );
    }
    w.lines.clear();
    w.dial(2005, "2002");
    assert!(w.lines.iter().any(|l| l.starts_with("2005 answer")), "{:?}", w.lines);
    w.hangs_up_all();
    w.lines.clear();
    w.dial(2004, "2002");
    assert!(w.lines.iter().any(|l| l.starts_with("2004 answer")), "free again: {:?}", w.lines);
    w.hangs_up_all();
    w.expect_drained();
}

#[test]
fn a_guidance_without_a_channel_is_left_out_and_the_reason_stays() {
    let mut w = full_branch();
    w.dial(2004, "2999");
    w.expect(&["record 2004>- UnallocatedNumber unanswered", "2004 refuse UnallocatedNumber"]);
    w.hangs_up_all();
    w.dial(2004, "2999");
    assert!(w.joins().contains(&"2004 number-not-in-use".to_owned()), "{:?}", w.joins());
    w.hangs_up_all();
    w.expect_drained();
}

#[test]
fn a_pickup_that_finds_no_channel_is_refused_and_the_call_rings_on() {
    let mut w = full_branch();
    w.configure(&[super::world::pickup(1, &[2002, 2004, 2005])]);
    w.dial(2005, "2002");
    w.rings("2002");
    w.lines.clear();
    w.dial(2004, "*55");
    w.expect(&[
        "record 2004>- SiteChannelsExceeded unanswered",
        "2004 refuse SiteChannelsExceeded",
    ]);
    w.answers("2002");
    w.agree();
    w.hangs_up("2005");
    // By Replaces, of a leg that talks.
    w.talk(2005, 2002);
    let replaced = w.leg("2002");
    w.lines.clear();
    let sdp = w.sdp(2004, "sendrecv");
    w.dial_as(2004, Some(sdp), |o| o.replaces = Some(replaced));
    assert_eq!(last(&w), Cause::SiteChannelsExceeded);
    w.hangs_up("2002");
    assert_eq!(last(&w), Cause::NormalClearing);
    // With a channel both go.
    w.hangs_up("2001");
    w.dial(2005, "2002");
    w.rings("2002");
    w.lines.clear();
    w.dial(2004, "*55");
    assert!(w.lines.iter().any(|l| l.starts_with("2004 answer")), "{:?}", w.lines);
    w.hangs_up_all();
    w.expect_drained();
}

#[test]
fn what_is_parked_stays_where_it_is_when_it_cannot_be_retrieved() {
    let mut w = full_branch();
    let slot = model::ParkSlot { tenant: TENANT, site: BRANCH, dn: dn(7801) };
    w.configure(&[Change::ParkSlotPut(slot)]);
    // 2003 parks 2001: nothing of the branch crosses any more.
    w.refers("2003", "7801", None);
    w.agree();
    w.hangs_up("2003");
    let branch_call = |w: &World| w.control.core.access.count(BRANCH);
    assert_eq!(branch_call(&w), 0);
    w.talk(2002, 2004);
    assert_eq!(branch_call(&w), 1);
    w.lines.clear();
    w.dial(2003, "7801");
    assert_eq!(last(&w), Cause::SiteChannelsExceeded);
    assert!(w.lines.contains(&"2003 refuse SiteChannelsExceeded".to_owned()), "{:?}", w.lines);
    w.hangs_up("2002");
    w.lines.clear();
    w.dial(2003, "7801");
    w.agree();
    assert_eq!(branch_call(&w), 1, "{:?}", w.lines);
    w.hangs_up_all();
    assert_eq!(branch_call(&w), 0);
    w.expect_drained();
}

#[test]
fn who_is_held_without_a_channel_waits_in_silence() {
    let mut w = branch(0);
    w.talk(2003, 2004);
    w.offers("2003", "sendonly");
    w.agree();
    assert_eq!(w.joins(), Vec::<String>::new(), "no music");
    w.offers("2003", "sendrecv");
    w.agree();
    w.hangs_up_all();
    w.expect_drained();
}

/// Joins the parties of two legs of one telephone.
fn joins(w: &mut World, [first, second]: [base::LegId; 2], target: &str) {
    w.refers_by(first, target, Some(second));
}

#[test]
fn an_attended_transfer_without_a_channel_fails_and_both_calls_stay() {
    // The branch has none; headquarters has, but another call comes between.
    let mut w = World::new();
    let mut site = Site::new(BRANCH, TENANT, "branch.example", "支店");
    site.media_path = MediaPath::Relay;
    let mut changes = vec![Change::SitePut(site)];
    changes.push(Change::UserPut(User { site: BRANCH, ..user(2003) }));
    changes.push(Change::DevicePut(Device { site: BRANCH, ..device(2003, 1) }));
    w.configure(&changes);
    w.configure(&[site_with(|s| s.access_channels = Some(1))]);
    // 2001 talks directly to 2005 and consults the branch: one channel, of 2001's site.
    w.talk(2001, 2005);
    let first = w.leg("2001");
    w.talk(2001, 2003);
    let second = w.leg("2001");
    let used = |w: &World| w.control.core.access.count(SITE);
    assert_eq!(used(&w), 1);
    // 2005 needs one, and 2001 gives its own back: that fits.
    w.lines.clear();
    joins(&mut w, [first, second], "2003");
    w.agree();
    assert!(w.lines.contains(&"2001 refer 200".to_owned()), "{:?}", w.lines);
    assert_eq!(used(&w), 1);
    w.hangs_up_all();
    w.expect_drained();

    // 2003 is moved to headquarters between two calls, each of which is direct.
    let mut w = branch(0);
    w.talk(2003, 2004);
    let first = w.leg("2003");
    w.configure(&[Change::DevicePut(device(2003, 1))]);
    w.talk(2003, 2001);
    let legs = [first, w.leg("2003")];
    assert_eq!((w.control.core.access.count(BRANCH), w.control.core.access.count(SITE)), (0, 0));
    w.lines.clear();
    w.records.clear();
    joins(&mut w, legs, "2001");
    w.expect(&[
        "2003 refer-accept",
        "2003 refer 503",
        "record 2004>- SiteChannelsExceeded unanswered transferred 2003",
    ]);
    assert!(w.records[0].trace.iter().any(|s| &*s.code == "site.channels"));
    // Both calls are as they were.
    w.agree();
    w.hangs_up("2001");
    w.hangs_up("2004");
    let ends: Vec<Cause> = w.records.iter().skip(1).map(|r| r.cause).collect();
    assert_eq!(ends, [Cause::NormalClearing, Cause::NormalClearing]);
    w.expect_drained();
}

#[test]
fn who_transfers_gives_its_channel_to_who_is_transferred() {
    let mut w = branch(1);
    let used = |w: &World| w.control.core.access.count(BRANCH);
    w.talk(2003, 2004);
    assert_eq!(used(&w), 0);
    // 2004 will cross the line, 2003 will have gone.
    w.refers("2003", "2001", None);
    assert!(w.lines.iter().any(|l| l.starts_with("2001 invite")), "{:?}", w.lines);
    assert_eq!(used(&w), 1, "kept for the answer");
    w.dial(2002, "2004");
    assert_eq!(last(&w), Cause::SiteChannelsExceeded);
    w.answers("2001");
    w.agree();
    assert_eq!(used(&w), 1);
    w.hangs_up("2001");
    // In vain, the channel is free again.
    w.talk(2003, 2004);
    w.refers("2003", "2001", None);
    w.refuses("2001", 486);
    assert_eq!(used(&w), 0);
    w.hangs_up_all();
    w.expect_drained();
}

#[test]
fn a_blind_transfer_without_a_channel_fails_and_the_two_talk_on() {
    let mut w = branch(0);
    w.talk(2003, 2004);
    w.records.clear();
    w.refers("2003", "2001", None);
    assert!(w.lines.contains(&"2003 refer 503".to_owned()), "{:?}", w.lines);
    assert_eq!(last(&w), Cause::SiteChannelsExceeded);
    w.lines.clear();
    w.offers("2004", "sendrecv");
    w.expect(&["2003 offer 2004/2"]);
    w.accepts("2003", "sendrecv");
    w.hangs_up("2004");
    assert_eq!(last(&w), Cause::NormalClearing);
    w.expect_drained();
}
