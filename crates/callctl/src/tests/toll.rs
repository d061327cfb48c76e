//! 発信規制: whose class counts for which call (J60, R227).

use base::Cause;
use model::{Change, Charged, Destination, DnSettings, Forward, ForwardKind, Outside, TollClass};

use super::outside::{codes, comes_in, open};
use super::world::{TENANT, World, department, dn, site_with};

const MOBILE: &str = "009012345678";
const ABROAD: &str = "0010442079460000";

fn gateway() -> World {
    let mut w = World::with_codes();
    open(&mut w, 8);
    w.configure(&[site_with(|s| {
        s.forward_outside = Outside::Allowed;
        s.transfer_outside = Outside::Allowed;
    })]);
    w.lines.clear();
    w
}

fn give(w: &mut World, n: u16, class: TollClass) {
    let mut settings = DnSettings::new(TENANT, dn(n));
    settings.toll = Some(class);
    w.configure(&[Change::DnSettingsPut(settings)]);
}

fn open_countries(w: &mut World, countries: &[&str]) {
    let mut tenant = w.facts.snapshot.tenant(TENANT).expect("a tenant").clone();
    tenant.toll.countries = countries.iter().map(|c| Box::from(*c)).collect();
    tenant.toll.set_open(Charged::SharedCost, true);
    w.configure(&[Change::TenantPut(tenant)]);
}

fn leaves(w: &mut World, n: u16, dialed: &str) -> bool {
    w.lines.clear();
    w.dial(n, dialed);
    let called = w.lines.iter().any(|l| l.starts_with("2900 invite"));
    if !called {
        let r = w.records.last().expect("a record");
        assert_eq!(r.cause, Cause::TollDenied, "{dialed}");
        assert_eq!(codes(w), ["outside.gateway", "outside.barred"]);
    }
    w.hangs_up_all();
    called
}

#[test]
fn a_number_calls_what_its_class_permits_and_the_company_has_opened() {
    let mut w = gateway();
    assert!(leaves(&mut w, 2001, MOBILE));
    assert!(!leaves(&mut w, 2001, ABROAD), "nothing is opened");
    open_countries(&mut w, &["44"]);
    assert!(leaves(&mut w, 2001, ABROAD));
    assert!(!leaves(&mut w, 2001, "0010332079460000"), "another country");
    assert!(leaves(&mut w, 2001, "00570123456"));
    give(&mut w, 2001, TollClass::Domestic);
    assert!(!leaves(&mut w, 2001, MOBILE));
    assert!(!leaves(&mut w, 2001, "00570123456"));
    assert!(leaves(&mut w, 2001, "00312345678"));
    give(&mut w, 2001, TollClass::Internal);
    assert!(!leaves(&mut w, 2001, "00312345678"));
    assert!(leaves(&mut w, 2001, "0171"), "never barred");
    w.expect_drained();
}

#[test]
fn the_class_of_the_department_holds_for_members_without_their_own() {
    let mut w = gateway();
    let limited = |d: &mut model::Department| d.toll = Some(TollClass::Domestic);
    w.configure(&[department(&[2001, 2002], limited)]);
    assert!(!leaves(&mut w, 2001, MOBILE));
    give(&mut w, 2002, TollClass::Mobile);
    assert!(leaves(&mut w, 2002, MOBILE));
    assert!(leaves(&mut w, 2003, MOBILE));
}

#[test]
fn forwards_are_judged_by_who_forwards() {
    for (class, leaves) in [(TollClass::Domestic, false), (TollClass::Mobile, true)] {
        let mut w = gateway();
        give(&mut w, 2001, TollClass::Internal);
        let mut settings = DnSettings::new(TENANT, dn(2002));
        settings.toll = Some(class);
        let to = Destination::outside(MOBILE).expect("digits");
        *settings.forward_mut(ForwardKind::All) = Forward::on(to);
        w.configure(&[Change::DnSettingsPut(settings)]);
        w.lines.clear();
        w.dial(2001, "2002");
        let called = w.lines.iter().any(|l| l.starts_with("2900 invite"));
        assert_eq!(called, leaves, "{class:?}: {:?}", w.lines);
    }
}

#[test]
fn forwards_of_a_hunting_group_are_judged_by_its_own_class() {
    for (class, leaves) in
        [(None, true), (Some(TollClass::Domestic), false), (Some(TollClass::Mobile), true)]
    {
        for overflow in [false, true] {
            let mut w = gateway();
            give(&mut w, 2001, TollClass::Internal);
            let to = Destination::outside(MOBILE).expect("digits");
            w.configure(&[super::world::hunt(&[2002], |g| {
                g.toll = class;
                match overflow {
                    true => (g.overflow, g.ring_s) = (Some(to), 10),
                    false => g.all = Forward::on(to),
                }
            })]);
            w.lines.clear();
            w.dial(2001, "7000");
            if overflow {
                w.rings("2002");
                w.wait(base::Micros::seconds(10));
            }
            let called = w.lines.iter().any(|l| l.starts_with("2900 invite"));
            assert_eq!(called, leaves, "{class:?} {overflow}: {:?}", w.lines);
        }
    }
}

#[test]
fn transfers_are_judged_by_who_transfers() {
    for (class, leaves) in [(TollClass::Domestic, false), (TollClass::Mobile, true)] {
        // By the telephone; the transferee might not call there.
        let mut w = gateway();
        give(&mut w, 2001, TollClass::Internal);
        give(&mut w, 2002, class);
        w.talk(2001, 2002);
        w.refers("2002", MOBILE, None);
        let called = w.lines.iter().any(|l| l.starts_with("2900 invite"));
        assert_eq!(called, leaves, "{class:?}: {:?}", w.lines);
        // By code, of a party outside.
        let mut w = gateway();
        give(&mut w, 2002, class);
        comes_in(&mut w, "2002");
        w.answers("2002");
        w.lines.clear();
        w.press("2002", "#7");
        w.press("2002", &format!("{MOBILE}#1"));
        let called = w.lines.iter().any(|l| l.starts_with("2900 invite"));
        assert_eq!(called, leaves, "{class:?}: {:?}", w.lines);
    }
}

#[test]
fn who_may_not_call_hears_so() {
    let mut w = gateway();
    w.facts.announcements = true;
    give(&mut w, 2001, TollClass::Internal);
    w.dial(2001, "00312345678");
    assert_eq!(w.joins(), ["2001 number-barred"]);
    w.play_over();
    assert_eq!(w.records[0].cause, Cause::TollDenied);
    w.expect_drained();
}
