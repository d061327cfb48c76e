//! Forwards: the table of group E, hops, loops, and what a forward in vain means.

use base::{Cause, Dn, Micros};
use model::record::Service;
use model::{Change, Destination, DnSettings, Forward, ForwardKind, Tenant, Waiting};

use super::world::{TENANT, World, dn, quiet, site_forwards_outside, stopped};

/// Forwards calls of `n`, by kind.
fn forwards(w: &mut World, n: u16, forwards: &[(ForwardKind, Destination)]) {
    let mut settings = DnSettings::new(TENANT, dn(n));
    for (kind, to) in forwards {
        *settings.forward_mut(*kind) = Forward::on(to.clone());
    }
    w.configure(&[Change::DnSettingsPut(settings)]);
}

fn to(n: u16) -> Destination {
    Destination::Dn(dn(n))
}

fn codes(w: &World) -> Vec<String> {
    let last = w.records.last().expect("a record");
    let kept = |c: &&str| !matches!(*c, "media.path" | "decided");
    last.trace.iter().map(|s| &*s.code).filter(kept).map(str::to_owned).collect()
}

#[test]
fn all_calls_are_forwarded_and_the_number_itself_does_not_ring() {
    let mut w = World::new();
    forwards(&mut w, 2002, &[(ForwardKind::All, to(2003))]);
    w.dial(2001, "2002");
    w.expect(&["2003 invite from 2001 2001/1"]);
    w.answers("2003");
    w.hangs_up("2001");
    let r = &w.records[0];
    assert_eq!((r.transferrer.as_deref(), &*r.dialed), (Some("2002"), "2002"));
    assert_eq!((r.callee_number(), r.services.contains(Service::ForwardAll)), ("2003", true));
    assert_eq!(codes(&w), ["route.user", "forward.all", "route.user", "ring.begin", "answer"]);
    w.expect_drained();
}

#[test]
fn each_kind_has_its_own_destination() {
    let all = [
        (ForwardKind::Busy, to(2003)),
        (ForwardKind::NoAnswer, to(2004)),
        (ForwardKind::Unregistered, to(2005)),
    ];
    for (ends, target) in [("busy", "2003"), ("late", "2004"), ("silent", "2005")] {
        let mut w = World::new();
        forwards(&mut w, 2002, &all);
        w.dial(2001, "2002");
        match ends {
            "busy" => w.refuses("2002", 486),
            "late" => {
                w.rings("2002");
                w.wait(Micros::seconds(19));
                w.wait(Micros::seconds(1));
            }
            _ => w.wait(Micros::seconds(4)),
        }
        let invited = format!("{target} invite from 2001 2001/1");
        assert!(w.lines.contains(&invited), "{ends}: {:?}", w.lines);
        w.answers(target);
        w.hangs_up(target);
        w.expect_drained();
    }
}

#[test]
fn a_number_without_phone_forwards_at_once() {
    let mut w = World::new();
    forwards(&mut w, 2007, &[(ForwardKind::Unregistered, to(2002))]);
    w.dial(2001, "2007");
    w.expect(&["2002 invite from 2001 2001/1"]);
    w.rings("2002");
    w.wait(Micros::seconds(60));
    assert_eq!(w.records[0].cause, Cause::UnregisteredForwardNoAnswer);
    w.expect_drained();
}

#[test]
fn forwards_to_voicemail_and_outside_follow_the_rules_of_the_site() {
    let mut w = World::new();
    let outside = Destination::outside("0312345678").expect("digits");
    forwards(&mut w, 2002, &[(ForwardKind::All, outside)]);
    w.dial(2001, "2002");
    let r = w.records.last().expect("a record");
    assert_eq!((r.cause, r.callee_number()), (Cause::ExternalForwardDenied, ""));
    assert_eq!(r.transferrer.as_deref(), Some("2002"));
    w.configure(&[site_forwards_outside()]);
    w.dial(2001, "2002");
    assert_eq!(w.records.last().map(|r| r.cause), Some(Cause::UnallocatedNumber), "no line yet");
    w.expect_drained();
}

#[test]
fn five_forwards_are_followed_and_the_sixth_is_a_loop() {
    let mut w = World::new();
    for n in 2002..2008 {
        forwards(&mut w, n, &[(ForwardKind::All, to(n + 1))]);
    }
    w.dial(2001, "2003");
    w.expect(&["2008 invite from 2001 2001/1", "2008.2 invite from 2001 2001/1"]);
    w.hangs_up("2001");
    w.dial(2001, "2002");
    assert_eq!(w.records.last().map(|r| r.cause), Some(Cause::ForwardLoop));
    w.expect_drained();
}

#[test]
fn a_circle_ends_where_it_closes() {
    let mut w = World::new();
    forwards(&mut w, 2002, &[(ForwardKind::All, to(2003))]);
    forwards(&mut w, 2003, &[(ForwardKind::Busy, to(2002))]);
    w.dial(2001, "2002");
    w.refuses("2003", 486);
    assert_eq!(w.records[0].cause, Cause::ForwardLoop);
    assert!(codes(&w).contains(&"forward.loop".to_owned()));
    w.expect_drained();
}

#[test]
fn the_secretary_reaches_the_one_whose_calls_it_takes() {
    let mut w = World::new();
    forwards(&mut w, 2002, &[(ForwardKind::All, to(2003))]);
    w.dial(2003, "2002");
    w.expect(&["2002 invite from 2003 2003/1"]);
    w.hangs_up("2003");
    w.expect_drained();
}

#[test]
fn a_forward_that_leads_back_to_the_caller_finds_it_busy() {
    let mut w = World::new();
    forwards(&mut w, 2002, &[(ForwardKind::Busy, to(2001))]);
    w.dial(2001, "2002");
    w.refuses("2002", 486);
    assert_eq!(w.records[0].cause, Cause::UserBusy);
    w.expect_drained();
}

#[test]
fn call_waiting_depends_on_the_forward_when_busy() {
    // (call waiting, with 話中転送) → does a second call ring?
    for (waiting, forward, second) in [
        (Waiting::Auto, false, true),
        (Waiting::Auto, true, false),
        (Waiting::Always, true, true),
        (Waiting::Never, false, false),
    ] {
        let mut w = World::new();
        let mut settings = DnSettings::new(TENANT, dn(2002));
        settings.waiting = waiting;
        if forward {
            *settings.forward_mut(ForwardKind::Busy) = Forward::on(to(2004));
        }
        w.configure(&[Change::DnSettingsPut(settings)]);
        w.talk(2003, 2002);
        w.dial(2001, "2002");
        let rings = w.lines.iter().any(|l| l == "2002 invite from 2001 2001/1");
        assert_eq!(rings, second, "{waiting:?} {forward} {:?}", w.lines);
    }
}

#[test]
fn the_limit_of_calls_is_that_of_the_number() {
    let mut w = World::new();
    let mut settings = DnSettings::new(TENANT, dn(2002));
    settings.call_limit = 1;
    w.configure(&[Change::DnSettingsPut(settings)]);
    w.talk(2003, 2002);
    w.dial(2001, "2002");
    assert_eq!(w.records[0].cause, Cause::UserBusy);
    assert_eq!(codes(&w), ["route.user", "route.limit"]);
}

#[test]
fn do_not_disturb_counts_as_busy_and_spares_one_device_only() {
    let mut w = World::new();
    w.configure(&[quiet(2008, 1)]);
    w.dial(2001, "2008");
    w.expect(&["2008.2 invite from 2001 2001/1"]);
    w.hangs_up("2001");
    w.configure(&[quiet(2008, 1), quiet(2008, 2)]);
    w.lines.clear();
    w.dial(2001, "2008");
    assert_eq!(w.records.last().map(|r| r.cause), Some(Cause::UserBusy));
    forwards(&mut w, 2008, &[(ForwardKind::Busy, to(2002))]);
    w.lines.clear();
    w.dial(2001, "2008");
    w.expect(&["2002 invite from 2001 2001/3"]);
}

#[test]
fn a_stopped_user_forwards_nothing() {
    let mut w = World::new();
    forwards(&mut w, 2002, &[(ForwardKind::All, to(2003))]);
    w.configure(&[stopped(2002)]);
    w.dial(2001, "2002");
    assert_eq!(w.records[0].cause, Cause::UnallocatedNumber);
    w.expect_drained();
}

/// Calls to stopped users lead there.
fn leads(w: &mut World, to: Destination) {
    let tenant = w.facts.snapshot.tenant(TENANT).expect("a tenant").clone();
    w.configure(&[Change::TenantPut(Tenant { stopped_to: Some(to), ..tenant })]);
}

/// R241: one destination of the company for all calls to stopped users.
#[test]
fn calls_to_stopped_users_lead_where_the_company_wants_them() {
    let mut w = World::new();
    leads(&mut w, to(2003));
    forwards(&mut w, 2002, &[(ForwardKind::All, to(2004))]);
    w.dial(2001, "2002");
    w.lines.clear();
    w.configure(&[stopped(2004)]);
    w.expect(&["2004 end UnallocatedNumber", "2003 invite from 2001 2001/1"]);
    w.answers("2003");
    w.hangs_up("2001");
    assert_eq!((w.records[0].callee_number(), w.records[0].cause), ("2003", Cause::NormalClearing));
    assert_eq!(w.records[0].transferrer.as_deref(), Some("2004"));
    let told = codes(&w);
    let expected = ["route.user", "route.stopped", "route.stopped-to", "route.user"];
    assert!(told.windows(4).any(|w| w == expected), "{told:?}");
    // Forwards of the stopped user stay out of it.
    w.configure(&[stopped(2002)]);
    w.lines.clear();
    w.dial(2001, "2002");
    w.expect(&["2003 invite from 2001 2001/2"]);
    w.hangs_up("2001");
    w.expect_drained();
}

/// R241: there is nobody left then, and the caller is told what is told without a destination.
#[test]
fn the_destination_of_stopped_users_is_no_way_round() {
    let mut w = World::new();
    leads(&mut w, to(2003));
    w.configure(&[stopped(2002)]);
    w.dial(2003, "2002");
    w.configure(&[stopped(2003)]);
    w.dial(2001, "2002");
    w.dial(2001, "2003");
    leads(&mut w, Destination::Voicemail);
    w.dial(2001, "2002");
    let causes: Vec<Cause> = w.records.iter().map(|r| r.cause).collect();
    assert_eq!(causes, [Cause::UnallocatedNumber; 4]);
    w.expect_drained();
}

#[test]
fn a_forward_set_while_it_rings_lets_it_ring() {
    let mut w = World::new();
    w.dial(2001, "2002");
    w.rings("2002");
    w.lines.clear();
    forwards(&mut w, 2002, &[(ForwardKind::All, to(2003))]);
    w.expect(&[]);
    w.answers("2002");
    w.hangs_up("2002");
    w.expect_drained();
}

#[test]
fn a_transfer_follows_the_targets_forwards_but_not_back_to_its_parties() {
    let mut w = World::new();
    forwards(&mut w, 2003, &[(ForwardKind::All, to(2004))]);
    w.talk(2001, 2002);
    w.refers("2002", "2003", None);
    assert!(w.lines.iter().any(|l| l.starts_with("2004 invite from 2001")), "{:?}", w.lines);
    w.answers("2004");
    w.hangs_up("2001");
    forwards(&mut w, 2003, &[(ForwardKind::All, to(2002))]);
    w.talk(2001, 2002);
    w.refers("2002", "2003", None);
    assert!(w.lines.iter().any(|l| l == "2002 refer 486"), "{:?}", w.lines);
}

#[test]
fn numbers_of_a_tenant_stay_in_the_tenant() {
    let mut w = World::new();
    let unknown = Dn::parse("7999").expect("digits");
    forwards(&mut w, 2002, &[(ForwardKind::All, Destination::Dn(unknown))]);
    w.dial(2001, "2002");
    assert_eq!(w.records[0].cause, Cause::UnallocatedNumber);
}
