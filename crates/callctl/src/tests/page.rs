//! Paging: R208, R278–R281, and what of R250, R251, R261 and R276 concerns it.

use base::id::{DepartmentId, Uuid};
use base::{Cause, Micros};
use mediactl::Joined;
use model::record::Service;
use model::{
    Change, Department, Destination, DnSettings, Forward, ForwardKind, TenantOption, User,
};

use super::world::{
    DEPARTMENT, TENANT, World, department, device, dn, pickup, quiet, stopped, user, user_id,
};
use crate::input::LegEvent;
use crate::whatif::{Ending, Question};

/// Everything is contracted, and 7100 pages these members.
pub(super) fn world(members: &[u16], change: impl FnOnce(&mut Department)) -> World {
    let mut w = World::new();
    w.give_codes();
    w.configure(&[pager(members, change)]);
    w.lines.clear();
    w
}

pub(super) fn pager(members: &[u16], change: impl FnOnce(&mut Department)) -> Change {
    department(members, |d| {
        d.multicast = true;
        change(d);
    })
}

/// Whom a page called since the last look.
pub(super) fn paged(w: &mut World) -> Vec<String> {
    let lines = std::mem::take(&mut w.lines);
    lines.iter().filter_map(|l| l.split_once(" page ")).map(|(n, _)| n.to_owned()).collect()
}

fn trace(w: &World) -> Vec<String> {
    let last = w.records.last().expect("a record");
    last.trace.iter().map(|s| format!("{} {}", s.code, s.args)).collect()
}

pub(super) fn told(w: &World, code: &str) -> Vec<String> {
    trace(w).into_iter().filter(|s| s.starts_with(code)).collect()
}

/// How a call of 2001 to 7100 ends that begins no page.
fn refusal(w: &mut World) -> Cause {
    w.dial(2001, "7100");
    assert!(paged(w).is_empty());
    w.records.last().expect("a record").cause
}

#[test]
fn terminals_answer_by_themselves_hear_one_tone_and_then_the_caller() {
    let mut w = world(&[2002, 2003, 2008], |_| {});
    w.dial(2001, "7100");
    w.expect(&[
        "2002 page from 2001 10.0.0.1:16384 sendonly",
        "2003 page from 2001 10.0.0.1:16386 sendonly",
        "2008 page from 2001 10.0.0.1:16388 sendonly",
        "2008.2 page from 2001 10.0.0.1:16390 sendonly",
    ]);
    w.rings("2002");
    w.expect(&[]);
    w.listens("2002");
    w.expect(&["2001 answer 10.0.0.1:16392 sendrecv"]);
    let heard = |w: &World, who: &str| -> Vec<String> {
        w.joins().into_iter().filter(|j| j.starts_with(who)).collect()
    };
    assert_eq!(heard(&w, "2001"), ["2001 -"], "before the tone nobody is heard");
    w.listens("2003");
    w.listens("2008");
    w.listens("2008.2");
    assert_eq!(heard(&w, "2001"), ["2001 Record"]);
    w.play_over();
    let all = ["2001 speaks", "2002 hears 2001", "2003 hears 2001"];
    let listeners = ["2008 hears 2001", "2008 hears 2001"];
    assert_eq!(w.joins(), all.into_iter().chain(listeners).collect::<Vec<_>>());
    let members = w.wants.values().filter(|want| matches!(want.joined, Joined::Listener(_)));
    assert!(members.clone().all(|want| !want.direction.receives()), "whatever they say");
    assert_eq!(members.count(), 4);
    w.hangs_up("2003");
    w.expect(&[]);
    w.hangs_up("2001");
    w.expect(&[
        "record 2001>- NormalClearing answered by 2001",
        "2002 end NormalClearing",
        "2008 end NormalClearing",
        "2008.2 end NormalClearing",
    ]);
    let services = w.records[0].services;
    assert!(services.contains(Service::Multicast) && !services.contains(Service::Department));
    assert_eq!(told(&w, "page"), ["page.begin 4 180", "page.reached 3 2002,2003,2008"]);
    w.expect_drained();
}

#[test]
fn after_three_seconds_the_tone_comes_and_others_join_within_thirty() {
    let mut w = world(&[2002, 2003, 2004, 2005], |_| {});
    w.dial(2001, "7100");
    w.listens("2002");
    w.rings("2003");
    w.rings("2004");
    w.refuses("2005", 486);
    w.wait(Micros::millis(2_900));
    assert!(w.joins().contains(&"2001 -".to_owned()), "two may still answer by themselves");
    w.wait(Micros::millis(100));
    assert!(w.joins().contains(&"2001 Record".to_owned()));
    // An end of the tone that is never told does not keep the caller waiting.
    w.wait(Micros::seconds(2));
    assert!(w.joins().contains(&"2001 speaks".to_owned()));
    w.wait(Micros::seconds(5));
    w.listens("2003");
    assert!(w.joins().contains(&"2003 hears 2001".to_owned()), "in the middle");
    w.lines.clear();
    w.wait(Micros::millis(19_990));
    w.expect(&[]);
    w.wait(Micros::millis(10));
    w.expect(&["2004 end RingTimeout"]);
    w.hangs_up("2001");
    assert_eq!(
        told(&w, "page"),
        ["page.begin 4 180", "page.reached 2 2002,2003", "page.missed 2 2004,2005"]
    );
    w.expect_drained();
}

#[test]
fn phones_that_only_ring_are_enough_for_the_answer_after_three_seconds() {
    let mut w = world(&[2002, 2003], |_| {});
    w.dial(2001, "7100");
    w.rings("2002");
    w.lines.clear();
    w.wait(Micros::seconds(3));
    w.expect(&["2001 answer 10.0.0.1:16388 sendrecv"]);
    w.hangs_up_all();
    w.expect_drained();
    // Nobody comes in the end: nobody was reached.
    let mut w = world(&[2002, 2003], |_| {});
    w.dial(2001, "7100");
    w.rings("2002");
    w.wait(Micros::seconds(3));
    w.wait(Micros::seconds(27));
    assert_eq!(w.records[0].cause, Cause::Unregistered);
    assert_eq!(told(&w, "page.missed"), ["page.missed 2 2002,2003"]);
    w.expect_drained();
}

#[test]
fn nobody_reached_is_subscriber_absent() {
    for refused in [true, false] {
        let mut w = world(&[2002, 2003], |_| {});
        w.dial(2001, "7100");
        if refused {
            w.refuses("2002", 486);
            w.unreachable("2003");
        } else {
            w.wait(Micros::seconds(3));
        }
        let r = &w.records[0];
        assert_eq!((r.cause, r.is_answered(), r.callee_number()), (Cause::Unregistered, false, ""));
        w.expect_drained();
    }
    let mut w = world(&[2001, 2007], |_| {});
    assert_eq!(refusal(&mut w), Cause::Unregistered);
    w.expect_drained();
}

#[test]
fn members_in_a_call_or_do_not_disturb_are_passed_over_and_an_emergency_passes_the_latter() {
    for emergency in [false, true] {
        let members = [2001, 2002, 2003, 2004, 2005, 2007, 2008];
        let mut w = world(&members, |d| d.emergency = emergency);
        // Who forwards has a terminal all the same.
        let mut forwards = DnSettings::new(TENANT, dn(2005));
        *forwards.forward_mut(ForwardKind::All) = Forward::on(Destination::Dn(dn(2006)));
        let away = Change::DnSettingsPut(forwards);
        w.configure(&[quiet(2003, 1), quiet(2008, 2), stopped(2004), away]);
        w.talk(2002, 2006);
        w.dial(2001, "7100");
        let called: &[&str] = match emergency {
            false => &["2005", "2008"],
            true => &["2003", "2005", "2008", "2008.2"],
        };
        assert_eq!(paged(&mut w), called, "emergency {emergency}");
        w.hangs_up("2001");
        let mut spared = vec!["group.pass busy 2002"];
        if !emergency {
            spared.push("group.pass do-not-disturb 2003");
        }
        spared.extend(["group.pass involved 2001", "group.pass unreachable 2007"]);
        assert_eq!(told(&w, "group.pass"), spared);
        w.hangs_up_all();
        w.expect_drained();
    }
}

#[test]
fn the_option_and_the_right_are_asked_for() {
    let mut w = World::new();
    let mut tenant = w.facts.snapshot.tenant(TENANT).expect("a tenant").clone();
    tenant.options = tenant.options.without(TenantOption::Multicast);
    w.configure(&[Change::TenantPut(tenant), pager(&[2002], |_| {})]);
    assert_eq!(refusal(&mut w), Cause::OptionNotContracted);
    assert_eq!(told(&w, "department"), ["department.multicast 7100"]);
    w.give_codes();
    w.configure(&[pager(&[2002], |d| d.pagers = Some([user_id(2003)].into()))]);
    assert_eq!(refusal(&mut w), Cause::FeatureNotPermitted);
    assert_eq!(told(&w, "page"), ["page.no-right 7100"]);
    w.dial(2003, "7100");
    assert_eq!(paged(&mut w), ["2002"]);
    w.hangs_up("2003");
    w.expect_drained();
}

#[test]
fn no_forward_transfer_or_consultation_leads_to_a_page() {
    let mut w = world(&[2004], |_| {});
    let mut forwards = DnSettings::new(TENANT, dn(2002));
    *forwards.forward_mut(ForwardKind::All) = Forward::on(Destination::Dn(dn(7100)));
    w.configure(&[Change::DnSettingsPut(forwards)]);
    w.dial(2001, "2002");
    assert!(paged(&mut w).is_empty());
    assert_eq!(w.records[0].cause, Cause::UnallocatedNumber);
    assert_eq!(told(&w, "page"), ["page.barred 7100"]);
    w.talk(2001, 2003);
    w.refers("2003", "7100", None);
    assert!(paged(&mut w).is_empty());
    w.hangs_up_all();
    w.expect_drained();
}

/// R286, case 5: the consultation is refused, and the held party stays held.
#[test]
fn a_consultation_leads_to_no_page() {
    let mut w = world(&[2004], |_| {});
    w.talk(2001, 2002);
    w.press("2002", "#77100#1");
    assert!(paged(&mut w).is_empty());
    assert_eq!(w.joins(), ["2001 music", "2002 Busy"]);
    assert_eq!(w.records[0].cause, Cause::UnallocatedNumber);
    assert_eq!(told(&w, "page"), ["page.begin 1 180", "page.barred 7100"]);
    w.wait(Micros::seconds(5));
    assert_eq!(w.joins(), ["2001 music", "2002 SecondDial"], "another may be dialled");
    w.hangs_up_all();
    w.expect_drained();
}

/// R265: neither by the group, nor directed at the member or at the number of the page.
#[test]
fn a_page_is_never_picked_up() {
    let mut w = world(&[2003, 2004], |_| {});
    let picker = User { pickup_departments: [DEPARTMENT].into(), ..user(2002) };
    w.configure(&[pickup(1, &[2002, 2003]), Change::UserPut(picker)]);
    w.dial(2001, "7100");
    w.rings("2003");
    let codes = ["*55", "*552003", "*557100"];
    for dialed in codes {
        w.dial(2002, dialed);
        assert_eq!(w.records.last().map(|r| r.cause), Some(Cause::PickupNone), "{dialed}");
    }
    w.listens("2003");
    w.dial(2002, "*55");
    assert_eq!(w.records.last().map(|r| r.cause), Some(Cause::PickupNone), "answered");
    let listens = w.leg("2003");
    w.dial_as(2002, None, |o| o.replaces = Some(listens));
    assert!(w.far.contains_key(&listens), "nor by Replaces");
    w.hangs_up("2001");
    // A call to the same member is.
    w.dial(2005, "2003");
    w.rings("2003");
    w.dial(2002, "*55");
    assert_eq!(w.lamp(2002), ["Confirmed to 2005"]);
    w.hangs_up_all();
    w.expect_drained();
}

#[test]
fn a_page_is_no_call_for_whom_it_reaches() {
    let mut w = world(&[2002, 2003], |_| {});
    w.dial(2001, "7100");
    w.listens("2002");
    w.listens("2003");
    assert_eq!(w.lamp(2002), [""; 0], "no lamp");
    assert_eq!(w.lamp(2001), ["Confirmed to 7100"]);
    w.lines.clear();
    // A call for a listener comes as to anyone, and is the end of the page for him.
    w.dial(2004, "2002");
    let rings = std::mem::take(&mut w.lines);
    assert!(rings.iter().any(|l| l.starts_with("2002 invite")), "{rings:?}");
    let page = w.far.iter().find(|(_, f)| f.name == "2002" && f.answered).map(|(id, _)| *id);
    w.answers("2002");
    let lines = std::mem::take(&mut w.lines);
    assert!(lines.contains(&"2002 end NormalClearing".to_owned()), "{lines:?}");
    assert!(!w.far.contains_key(&page.expect("a page leg")), "the page has ended, not the call");
    assert_eq!(w.lamp(2002), ["Confirmed from 2004"]);
    // So is a call that a listener makes, even one in vain.
    w.dial(2003, "9999");
    let lines = std::mem::take(&mut w.lines);
    assert!(lines.contains(&"2003 end NormalClearing".to_owned()), "{lines:?}");
    assert!(w.joins().iter().all(|j| !j.contains("hears")));
    w.hangs_up("2001");
    assert_eq!(told(&w, "page.reached"), ["page.reached 2 2002,2003"]);
    w.hangs_up_all();
    w.expect_drained();
}

#[test]
fn who_listens_to_one_page_stays_there_unless_an_emergency_calls() {
    let mut w = world(&[2002, 2003], |_| {});
    w.dial(2001, "7100");
    w.listens("2002");
    w.lines.clear();
    w.configure(&[pager(&[2002, 2004], |_| {})]);
    w.dial(2005, "7100");
    assert_eq!(paged(&mut w), ["2004"]);
    w.hangs_up("2005");
    assert_eq!(told(&w, "group.pass"), ["group.pass paged 2002"]);
    w.configure(&[pager(&[2002, 2004], |d| d.emergency = true)]);
    w.lines.clear();
    w.dial(2005, "7100");
    w.expect(&["2002 end NormalClearing"]);
    w.wait(Micros::millis(10));
    assert_eq!(paged(&mut w), ["2002", "2004"]);
    w.listens("2002");
    assert!(w.joins().contains(&"2002 hears 2005".to_owned()));
    // Another emergency does not take it away again.
    w.dial(2006, "7100");
    w.wait(Micros::millis(10));
    assert!(paged(&mut w).is_empty(), "both are in the first one's");
    assert!(w.joins().contains(&"2002 hears 2005".to_owned()));
    w.hangs_up_all();
    w.expect_drained();
}

#[test]
fn a_page_ends_after_its_longest_time() {
    let mut w = world(&[2002], |d| d.page_s = 10);
    w.dial(2001, "7100");
    w.listens("2002");
    w.lines.clear();
    w.wait(Micros::millis(9_990));
    w.expect(&[]);
    w.wait(Micros::millis(10));
    w.expect(&[
        "record 2001>- NormalClearing answered",
        "2002 end NormalClearing",
        "2001 end NormalClearing",
    ]);
    assert!(trace(&w).contains(&"page.over ".to_owned()));
    w.expect_drained();
}

#[test]
fn a_terminal_that_holds_refreshes_or_transfers_changes_nothing_for_the_others() {
    let mut w = world(&[2002, 2003], |_| {});
    w.dial(2001, "7100");
    w.listens("2002");
    w.listens("2003");
    w.play_over();
    w.lines.clear();
    w.offers("2002", "recvonly");
    w.expect(&["2002 answer-offer 10.0.0.1:16384 sendonly"]);
    w.offers("2002", "inactive");
    w.expect(&["2002 answer-offer 10.0.0.1:16384 inactive"]);
    let leg = w.leg("2003");
    w.event(leg, LegEvent::OfferReceived { sdp: None });
    w.expect(&["2003 answer-offer 10.0.0.1:16386 sendonly"]);
    w.accepts("2003", "recvonly");
    w.refers("2003", "2004", None);
    w.expect(&["2003 refer-refuse 403"]);
    // So may the caller refresh its own.
    w.offers("2001", "sendrecv");
    w.expect(&["2001 answer-offer 10.0.0.1:16388 sendrecv"]);
    assert!(w.joins().contains(&"2003 hears 2001".to_owned()));
    assert!(w.joins().contains(&"2001 speaks".to_owned()));
    w.hangs_up("2001");
    w.expect_drained();
}

#[test]
fn who_is_no_member_any_more_stops_ringing_and_who_listens_goes_on() {
    let mut w = world(&[2002, 2003, 2004], |_| {});
    w.dial(2001, "7100");
    w.listens("2002");
    w.rings("2003");
    w.lines.clear();
    w.configure(&[pager(&[2004], |_| {})]);
    w.expect(&["2003 end UnallocatedNumber"]);
    w.hangs_up_all();
    w.expect_drained();
}

#[test]
fn a_port_that_cannot_be_had_costs_one_listener_and_the_callers_the_page() {
    for failing in ["2002", "2001"] {
        let mut w = world(&[2002, 2003], |_| {});
        w.media_prompt = false;
        w.dial(2001, "7100");
        let speaker = w.wants.values().find_map(|want| match want.joined {
            Joined::Listener(speaker) => Some(speaker),
            _ => None,
        });
        let speaker = speaker.expect("somebody listens");
        let mut listeners = w.wants.keys().copied().filter(|leg| *leg != speaker);
        let one = listeners.next().expect("a listener");
        let rest: Vec<_> = listeners.collect();
        if failing == "2001" {
            w.fail_media(speaker);
            assert_eq!(w.records[0].cause, Cause::ResourceShortage);
        } else {
            w.fail_media(one);
            rest.into_iter().chain([speaker]).for_each(|leg| w.open(leg));
            w.listens("2003");
            w.hangs_up("2001");
            assert_eq!(told(&w, "page.missed"), ["page.missed 1 2002"]);
        }
        w.expect_drained();
    }
}

#[test]
fn a_phone_that_gives_no_usable_answer_is_not_reached() {
    let mut w = world(&[2002, 2003], |_| {});
    w.dial(2001, "7100");
    let leg = w.leg("2002");
    w.lines.clear();
    w.event(leg, LegEvent::Answered { sdp: None });
    w.expect(&["2002 end MediaNotAcceptable"]);
    w.listens("2003");
    w.hangs_up("2001");
    assert_eq!(told(&w, "page.missed"), ["page.missed 1 2002"]);
    w.expect_drained();
}

#[test]
fn a_caller_without_an_offer_that_we_can_speak_to_cannot_page() {
    let mut w = world(&[2002], |_| {});
    w.dial_as(2001, None, |o| o.dialed = "7100".to_owned());
    assert!(paged(&mut w).is_empty());
    assert_eq!(w.records[0].cause, Cause::MediaNotAcceptable);
    w.expect_drained();
}

#[test]
fn explain_walks_the_same_way() {
    let mut w = world(&[2001, 2002, 2003, 2007], |_| {});
    let question = Question { tenant: TENANT, from: dn(2001).into(), to: "7100", answers: &[] };
    let told = w.control.explain(w.now, &question, &w.facts);
    assert_eq!(told.ending, Ending::Pages(dn(7100)));
    w.dial(2001, "7100");
    w.listens("2002");
    w.hangs_up("2001");
    let steps: Vec<_> = told.steps.iter().flat_map(|s| s.steps.clone()).collect();
    let real = &w.records[0].trace;
    assert_eq!(steps.as_slice(), &real[..steps.len()]);
    w.expect_drained();
}

#[test]
fn two_thousand_members_are_called_a_few_at_a_time_and_listed_in_the_record() {
    let mut w = World::new();
    w.give_codes();
    w.hire(3001..=5000);
    w.configure(&[Change::DevicePut(device(2002, 1))]);
    let members: Vec<u16> = (3001..=5000).collect();
    w.configure(&[pager(&members, |_| {})]);
    w.lines.clear();
    w.dial(2001, "7100");
    let mut called = paged(&mut w);
    assert_eq!(called.len(), 50);
    while called.len() < 2_000 {
        w.wait(Micros::millis(10));
        let more = paged(&mut w);
        assert!((1..=50).contains(&more.len()));
        called.extend(more);
    }
    assert!(w.now.mono.0 < 1_000_000 + 450_000, "0.4 s");
    for name in called.iter().take(1_990) {
        w.listens(name);
    }
    w.hangs_up("2001");
    let listed = told(&w, "page.reached");
    let numbers: usize = listed.iter().map(|s| s.matches(',').count() + 1).sum();
    assert_eq!(numbers, 1_990);
    assert!(listed.iter().all(|s| s.len() <= "page.reached ".len() + 256));
    assert_eq!(told(&w, "page.missed").len(), 1);
    assert!(w.records[0].trace.len() < 128);
    w.expect_drained();
}

/// R276, R279: whoever waits to be called may get a call or another page meanwhile.
#[test]
fn who_gets_a_call_or_a_page_before_its_turn_is_not_called_any_more() {
    let mut w = World::new();
    w.give_codes();
    w.hire(3001..=3060);
    let members: Vec<u16> = (3001..=3060).collect();
    let other = |members: &[u16]| match pager(members, |_| {}) {
        Change::DepartmentPut(d) => Change::DepartmentPut(Department {
            id: DepartmentId(Uuid(d.id.0.0 + 1)),
            dn: dn(7200),
            ..d
        }),
        change => change,
    };
    w.configure(&[pager(&members, |_| {}), other(&[3059])]);
    w.lines.clear();
    w.dial(2001, "7100");
    assert_eq!(paged(&mut w).len(), 50, "the others wait");
    // One begins a call, one is called, one is in another page.
    w.dial(3060, "2002");
    w.dial(2003, "3058");
    w.wait(Micros::millis(10));
    let mut called = paged(&mut w);
    w.hangs_up("2001");
    let missing = |called: &[String], n: &str| !called.iter().any(|c| c == n);
    assert!(missing(&called, "3060") && missing(&called, "3058"), "{called:?}");
    assert_eq!(called.len(), 8);
    w.hangs_up_all();
    w.wait(Micros::seconds(1));
    w.lines.clear();
    w.dial(2001, "7100");
    assert_eq!(paged(&mut w).len(), 50);
    w.dial(2004, "7200");
    w.wait(Micros::millis(10));
    called = paged(&mut w);
    assert_eq!(called.iter().filter(|n| *n == "3059").count(), 1, "in one page: {called:?}");
    w.hangs_up_all();
    w.expect_drained();
}

/// R255: neither who listens nor who pages is asked whether anybody is there.
#[test]
fn nobody_in_a_page_is_asked_for_its_silence() {
    let mut w = world(&[2002], |_| {});
    w.dial(2001, "7100");
    w.listens("2002");
    w.play_over();
    w.lines.clear();
    let legs: Vec<_> = w.wants.keys().copied().collect();
    assert_eq!(legs.len(), 2);
    for leg in legs {
        w.input(crate::input::Input::Media { event: mediactl::Event::Silent { leg } });
    }
    w.expect(&[]);
    w.hangs_up("2001");
    w.expect_drained();
}
