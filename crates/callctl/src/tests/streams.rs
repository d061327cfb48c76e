//! Pages as streams to multicast groups (R280), and the access lines that they cross (R305).

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use base::id::{DepartmentId, SiteId, Uuid};
use base::{Cause, LegId, Micros};
use mediactl::{Form, Joined};
use model::{Change, Device, Site, SiteStream};

use super::page::{paged, pager, told, world};
use super::world::{SITE, TENANT, World, device, device_id, dn, path, site_with, user_id};
use crate::input::Path;
use crate::view::Contact;
use crate::whatif::Question;

const BRANCH: SiteId = SiteId(Uuid(77));
const DEPOT: SiteId = SiteId(Uuid(78));
const ALL: &str = "239.1.2.3:5004";
const OWN: &str = "239.9.9.9:5006";

fn group(text: &str) -> Option<SocketAddr> {
    Some(text.parse().expect("an address"))
}

/// The company has a branch and a depot besides its first site.
fn sites() -> Vec<Change> {
    let site = |id, domain: &str| Change::SitePut(Site::new(id, TENANT, domain, "支店"));
    vec![site(BRANCH, "branch.example"), site(DEPOT, "depot.example")]
}

/// A telephone that holds groups, at a site.
fn tuned(n: u16, site: SiteId) -> Change {
    Change::DevicePut(Device { site, multicast_groups: 8, ..device(n, 1) })
}

/// Terminals of these people listen to the group of the department.
fn with_stream(members: &[u16], listening: &[u16]) -> World {
    with_streams(members, &[], &listening.iter().map(|n| (*n, SITE)).collect::<Vec<_>>())
}

/// 7100 pages these members, at some sites by other groups; some telephones listen at sites.
fn with_streams(
    members: &[u16],
    own: &[(SiteId, Option<&str>)],
    listening: &[(u16, SiteId)],
) -> World {
    let mut w = world(members, |_| {});
    w.configure(&sites());
    w.configure(&[pager(members, |d| {
        d.multicast_to = group(ALL);
        let own = own.iter().map(|(site, to)| SiteStream { site: *site, to: to.and_then(group) });
        d.multicast_sites = own.collect();
    })]);
    for (n, site) in listening {
        w.configure(&[tuned(*n, *site)]);
    }
    w.lines.clear();
    w
}

/// The streams that are open, with what each carries.
fn streams(w: &World) -> Vec<(String, Joined)> {
    let all = w.wants.values().filter(|want| want.form == Form::Multicast);
    all.map(|want| (want.remote.expect("a group").rtp.to_string(), want.joined)).collect()
}

/// The media legs of the streams, in the order they were made.
fn stream_legs(w: &World) -> Vec<LegId> {
    let all = w.wants.iter().filter(|(_, want)| want.form == Form::Multicast);
    all.map(|(id, _)| *id).collect()
}

/// A telephone is reached by another address of ours.
fn reached_by(w: &mut World, n: u16, local: IpAddr) {
    let contact = Contact { id: u64::from(n) * 10 + 1, path: Path { local, ..path(n) } };
    w.facts.contacts.insert(device_id(n, 1), vec![contact]);
}

#[test]
fn one_stream_goes_to_the_group_and_other_members_are_called() {
    let mut w = with_stream(&[2002, 2003], &[2003]);
    let caller = w.dial(2001, "7100");
    assert_eq!(paged(&mut w), ["2002"]);
    assert_eq!(streams(&w), [(ALL.to_owned(), Joined::Listener(caller))]);
    w.listens("2002");
    w.play_over();
    w.hangs_up("2001");
    assert_eq!(streams(&w), [], "closed with the page");
    assert_eq!(told(&w, "page.reached"), ["page.reached 1 2002"]);
    assert_eq!(told(&w, "page.sent"), ["page.sent 1 2003"]);
    assert_eq!(told(&w, "page.missed"), [] as [String; 0]);
    w.expect_drained();
}

#[test]
fn each_site_has_its_own_stream_and_where_there_is_none_terminals_are_called() {
    let own = [(BRANCH, Some(OWN)), (DEPOT, None)];
    let listening = [(2002, SITE), (2003, BRANCH), (2004, BRANCH), (2005, DEPOT)];
    let mut w = with_streams(&[2002, 2003, 2004, 2005], &own, &listening);
    let caller = w.dial(2001, "7100");
    assert_eq!(paged(&mut w), ["2005"]);
    let carried = |to: &str| (to.to_owned(), Joined::Listener(caller));
    assert_eq!(streams(&w), [carried(ALL), carried(OWN)]);
    w.listens("2005");
    w.hangs_up("2001");
    assert_eq!(streams(&w), []);
    let of_page = ["page.begin 4 180", "page.stream 239.1.2.3:5004 1"];
    let rest =
        ["page.stream 239.9.9.9:5006 2", "page.reached 1 2005", "page.sent 3 2002,2003,2004"];
    assert_eq!(told(&w, "page."), [&of_page[..], &rest].concat());
    w.expect_drained();
}

#[test]
fn sites_share_a_stream_when_they_share_the_group_and_the_way_to_it() {
    let listening = [(2002, SITE), (2003, BRANCH)];
    let mut w = with_streams(&[2002, 2003], &[], &listening);
    w.dial(2001, "7100");
    assert_eq!(streams(&w).len(), 1);
    w.hangs_up("2001");
    assert_eq!(told(&w, "page.sent"), ["page.sent 2 2002,2003"]);
    // The branch is reached by another interface.
    let other: IpAddr = [10, 9, 0, 1].into();
    reached_by(&mut w, 2003, other);
    w.dial(2001, "7100");
    let by: Vec<IpAddr> = stream_legs(&w).iter().map(|id| w.wants[id].local).collect();
    assert_eq!(by, [path(0).local, other]);
    assert_eq!(streams(&w)[0], streams(&w)[1]);
    w.hangs_up("2001");
    w.expect_drained();
}

#[test]
fn a_stream_leaves_by_an_address_of_its_family_and_without_one_terminals_are_called() {
    let (own, ours) = ("[ff15::9]:5006", IpAddr::V6(Ipv6Addr::LOCALHOST));
    let listening = [(2002, SITE), (2003, BRANCH)];
    let mut w = with_streams(&[2002, 2003], &[(BRANCH, Some(own))], &listening);
    w.dial(2001, "7100");
    assert_eq!(paged(&mut w), ["2003"], "no address of ours is of IPv6");
    assert_eq!(streams(&w).len(), 1);
    w.hangs_up("2001");
    assert_eq!(told(&w, "page.no-way"), ["page.no-way [ff15::9]:5006"]);
    assert_eq!(told(&w, "page.missed"), ["page.missed 1 2003"]);
    reached_by(&mut w, 2003, ours);
    w.dial(2001, "7100");
    assert!(paged(&mut w).is_empty());
    let by: Vec<_> = stream_legs(&w).iter().map(|id| w.wants[id].local).collect();
    assert_eq!(by, [path(0).local, ours]);
    w.hangs_up("2001");
    assert_eq!(told(&w, "page.sent"), ["page.sent 2 2002,2003"]);
    // One that is not there now is missed where there is no way, and else it may listen.
    w.facts.contacts.remove(&device_id(2003, 1));
    w.dial(2001, "7100");
    w.hangs_up("2001");
    assert_eq!(told(&w, "page.missed"), ["page.missed 1 2003"]);
    let sdp = w.sdp(2001, "sendrecv");
    w.dial_as(2001, Some(sdp), |o| {
        o.dialed = "7100".to_owned();
        o.path.local = ours;
    });
    assert_eq!(stream_legs(&w).len(), 2, "by the address that the caller is reached by");
    w.hangs_up("2001");
    w.expect_drained();
}

#[test]
fn a_terminal_that_can_hold_no_more_groups_is_called() {
    let mut w = with_stream(&[2002, 2003], &[2002, 2003]);
    let few = Device { multicast_groups: 1, ..device(2003, 1) };
    let later = |members: &[u16]| match pager(members, |d| {
        d.id = DepartmentId(Uuid(d.id.0.0 + 1));
        (d.dn, d.multicast_to) = (dn(7200), group("239.1.2.4:5004"));
    }) {
        Change::DepartmentPut(department) => Change::DepartmentPut(department),
        _ => unreachable!("a department"),
    };
    w.configure(&[Change::DevicePut(few), later(&[2002, 2003])]);
    w.dial(2001, "7100");
    assert!(paged(&mut w).is_empty(), "both hold the first one");
    w.hangs_up("2001");
    w.dial(2001, "7200");
    assert_eq!(paged(&mut w), ["2003"]);
    w.listens("2003");
    w.hangs_up("2001");
    assert_eq!(told(&w, "page.reached"), ["page.reached 1 2003"]);
    assert_eq!(told(&w, "page.sent"), ["page.sent 1 2002"]);
    // Where it is no member any more it holds the other one.
    w.configure(&[pager(&[2002], |d| d.multicast_to = group(ALL))]);
    w.lines.clear();
    w.dial(2001, "7200");
    assert!(paged(&mut w).is_empty());
    w.hangs_up("2001");
    w.expect_drained();
}

/// R278: the stream is enough; nobody can know who listens, so calls and do not disturb of these
/// people are not looked at.
#[test]
fn a_stream_alone_is_a_page_whoever_listens() {
    let mut w = with_stream(&[2002, 2003], &[2002, 2003]);
    let phone = Device { multicast_groups: 8, do_not_disturb: true, ..device(2003, 1) };
    w.configure(&[Change::DevicePut(phone)]);
    w.talk(2002, 2008);
    w.lines.clear();
    w.dial(2001, "7100");
    assert!(w.lines.iter().any(|l| l.starts_with("2001 answer")), "at once: {:?}", w.lines);
    assert!(paged(&mut w).is_empty());
    w.play_over();
    w.hangs_up("2001");
    let last = w.records.last().expect("a record");
    assert!(last.is_answered());
    assert_eq!(told(&w, "page.sent"), ["page.sent 2 2002,2003"]);
    w.hangs_up_all();
    w.expect_drained();
}

#[test]
fn a_stream_that_cannot_be_opened_reaches_nobody() {
    let mut w = with_stream(&[2002], &[2002]);
    w.media_prompt = false;
    w.dial(2001, "7100");
    let id = stream_legs(&w)[0];
    w.fail_media(id);
    let last = w.records.last().expect("a record");
    assert_eq!((last.cause, last.is_answered()), (Cause::Unregistered, false));
    assert_eq!(told(&w, "page.missed"), ["page.missed 1 2002"]);
}

#[test]
fn one_stream_that_fails_leaves_the_others_and_the_caller_waits_for_all() {
    let listening = [(2002, SITE), (2003, BRANCH), (2004, DEPOT)];
    let own = [(BRANCH, Some(OWN)), (DEPOT, Some("239.9.9.10:5006"))];
    let mut w = with_streams(&[2002, 2003, 2004], &own, &listening);
    w.media_prompt = false;
    let caller = w.dial(2001, "7100");
    w.open(caller);
    let legs = stream_legs(&w);
    w.open(legs[0]);
    w.fail_media(legs[1]);
    let is_answered = |w: &World| w.lines.iter().any(|l| l.starts_with("2001 answer"));
    assert!(!is_answered(&w), "one is still to come");
    w.open(legs[2]);
    assert!(is_answered(&w));
    w.hangs_up("2001");
    assert_eq!(told(&w, "page.sent"), ["page.sent 2 2002,2004"]);
    assert_eq!(told(&w, "page.missed"), ["page.missed 1 2003"]);
    // After three seconds one that is open is enough.
    w.lines.clear();
    let caller = w.dial(2001, "7100");
    w.open(caller);
    let legs = stream_legs(&w);
    w.open(legs[0]);
    assert!(!is_answered(&w));
    w.wait(Micros::seconds(3));
    assert!(is_answered(&w));
    w.hangs_up_all();
}

/// A branch and a depot with so many channels each, and two listeners at each.
fn lines(branch: u16, depot: u16) -> World {
    let listening = [(2002, BRANCH), (2003, BRANCH), (2004, DEPOT), (2005, DEPOT)];
    let mut w = with_streams(&[2002, 2003, 2004, 2005], &[(DEPOT, Some(OWN))], &listening);
    let limited = sites().into_iter().zip([branch, depot]).map(|(change, channels)| match change {
        Change::SitePut(site) => Change::SitePut(Site { access_channels: Some(channels), ..site }),
        other => other,
    });
    w.configure(&limited.collect::<Vec<_>>());
    w.lines.clear();
    w
}

fn used(w: &World) -> [u32; 3] {
    [SITE, BRANCH, DEPOT].map(|site| w.control.core.access.count(site))
}

#[test]
fn a_stream_takes_one_channel_of_each_site_however_many_listen() {
    let mut w = lines(1, 1);
    w.dial(2001, "7100");
    assert_eq!((streams(&w).len(), used(&w)), (2, [1, 1, 1]), "the caller's is the first site's");
    w.hangs_up("2001");
    assert_eq!(used(&w), [0; 3]);
    // The branch has no channel: its listeners are left out, and not called either.
    let mut w = lines(0, 1);
    w.dial(2001, "7100");
    assert!(paged(&mut w).is_empty());
    assert_eq!((streams(&w).len(), used(&w)), (1, [1, 0, 1]));
    w.hangs_up("2001");
    assert_eq!(told(&w, "page.sent"), ["page.sent 2 2004,2005"]);
    assert_eq!(told(&w, "page.missed"), ["page.missed 2 2002,2003"]);
    w.expect_drained();
    let mut w = lines(0, 0);
    w.dial(2001, "7100");
    assert_eq!(w.records[0].cause, Cause::SiteChannelsExceeded);
    assert_eq!(told(&w, "page.missed"), ["page.missed 4 2002,2003,2004,2005"]);
    w.expect_drained();
}

#[test]
fn a_stream_leaves_the_site_of_the_exchange_once() {
    let mut w = lines(1, 1);
    let shared = pager(&[2002, 2003, 2004, 2005], |d| d.multicast_to = group(ALL));
    let host =
        |channels| site_with(|s| (s.has_exchange, s.access_channels) = (true, Some(channels)));
    w.configure(&[shared, host(1)]);
    w.dial(2001, "7100");
    assert_eq!((streams(&w).len(), used(&w)), (1, [1, 1, 1]));
    w.hangs_up("2001");
    assert_eq!(told(&w, "page.sent"), ["page.sent 4 2002,2003,2004,2005"]);
    // Inside it crosses nothing.
    w.configure(&[host(0), tuned(2004, SITE), tuned(2005, SITE)]);
    w.dial(2001, "7100");
    assert_eq!((streams(&w).len(), used(&w)), (1, [0, 0, 0]));
    w.hangs_up("2001");
    assert_eq!(told(&w, "page.sent"), ["page.sent 2 2004,2005"]);
    assert_eq!(told(&w, "page.missed"), ["page.missed 2 2002,2003"]);
    w.expect_drained();
}

#[test]
fn an_explanation_names_the_streams_and_is_what_the_call_does() {
    let own = [(BRANCH, Some(OWN))];
    let mut w = with_streams(&[2002, 2003, 2004], &own, &[(2002, SITE), (2003, BRANCH)]);
    let question = Question { tenant: TENANT, from: dn(2001).into(), to: "7100", answers: &[] };
    let told = w.control.explain(w.now, &question, &w.facts);
    w.dial(2001, "7100");
    w.hangs_up("2001");
    let steps: Vec<_> = told.steps.iter().flat_map(|s| s.steps.clone()).collect();
    let real = &w.records[0].trace;
    assert_eq!(steps.as_slice(), &real[..steps.len()]);
    let named = |to: &str| steps.iter().any(|s| &*s.code == "page.stream" && s.args.contains(to));
    assert!(named(ALL) && named(OWN), "{steps:?}");
    w.expect_drained();
}

#[test]
fn who_is_stopped_or_logged_out_hears_no_stream() {
    let mut w = with_stream(&[2002, 2003], &[2002, 2003]);
    w.configure(&[super::world::stopped(2002)]);
    let away = Device { user: None, multicast_groups: 8, ..device(2003, 1) };
    w.configure(&[Change::DevicePut(away)]);
    w.dial(2001, "7100");
    assert_eq!(streams(&w), []);
    assert_eq!(w.records[0].cause, Cause::Unregistered);
    w.configure(&[tuned(2003, SITE)]);
    let shared = Device { user: Some(user_id(2003)), ..device(2004, 1) };
    w.configure(&[Change::DevicePut(Device { multicast_groups: 0, ..shared })]);
    w.lines.clear();
    // A person with two telephones hears by one and is called at the other.
    w.dial(2001, "7100");
    assert_eq!(paged(&mut w), ["2004"]);
    assert_eq!(streams(&w).len(), 1);
    w.hangs_up("2001");
    w.expect_drained();
}
