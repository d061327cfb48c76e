//! Where parked calls may be fetched, and where those end that nobody fetches (group F, point 5).

use base::id::{SiteId, Uuid};
use base::{Cause, Micros};
use model::{Change, Destination, DnSettings, Forward, ForwardKind, Site, User};

use super::world::{TENANT, World, device, dn, quiet, site_with, user};

const OTHER: SiteId = SiteId(Uuid(9));

/// 2001 is parked by 2002 in 7801.
fn parked() -> World {
    let mut w = World::with_codes();
    w.talk(2001, 2002);
    w.press("2002", "#5");
    w
}

fn last(w: &World) -> Cause {
    w.records.last().expect("a record").cause
}

/// Point 4: anyone in the site, and nobody else.
#[test]
fn another_site_fetches_nothing_here() {
    let mut w = parked();
    w.configure(&[
        Change::SitePut(Site::new(OTHER, TENANT, "branch.example", "支社")),
        Change::UserPut(User { site: OTHER, ..user(2003) }),
        Change::DevicePut(model::Device { site: OTHER, ..device(2003, 1) }),
    ]);
    for dialed in ["7801", "*577801", "*57"] {
        w.dial(2003, dialed);
        assert_eq!(last(&w), Cause::ParkNone, "{dialed}");
    }
    w.dial(2004, "*57");
    w.agree();
    assert_eq!(w.joins(), ["2001 2004", "2004 2001"]);
    w.hangs_up("2001");
    w.expect_drained();
}

/// A recall that nobody answers goes to the overflow at once, not after three of them.
#[test]
fn the_first_recall_in_vain_leads_to_the_overflow() {
    for declines in [false, true] {
        let mut w = parked();
        w.configure(&[site_with(|s| s.park_overflow = Some(Destination::Dn(dn(2005))))]);
        w.wait(Micros::seconds(90));
        w.rings("2002");
        w.lines.clear();
        match declines {
            true => w.refuses("2002", 603),
            false => w.wait(Micros::seconds(30)),
        }
        let invited = |l: &String| l.starts_with("2005 invite from 2001");
        assert!(w.lines.iter().any(invited), "{declines}: {:?}", w.lines);
        // The slot is free, and the overflow's own forwards count.
        w.dial(2003, "7801");
        assert_eq!(last(&w), Cause::ParkNone);
        w.hangs_up("2001");
        w.expect_drained();
    }
}

/// Forwards and do not disturb of the overflow count as for any call.
#[test]
fn the_overflow_is_called_as_anybody_is() {
    let mut w = parked();
    let mut settings = DnSettings::new(TENANT, dn(2005));
    *settings.forward_mut(ForwardKind::Busy) = Forward::on(Destination::Dn(dn(2006)));
    w.configure(&[
        site_with(|s| s.park_overflow = Some(Destination::Dn(dn(2005)))),
        quiet(2005, 1),
        Change::DnSettingsPut(settings),
    ]);
    w.wait(Micros::seconds(90));
    w.refuses("2002", 603);
    assert!(w.lines.iter().any(|l| l.starts_with("2006 invite from 2001")), "{:?}", w.lines);
    w.refuses("2006", 486);
    assert_eq!(last(&w), Cause::UserBusy);
    w.expect_drained();
}

/// The overflow may be the parker's mailbox, or outside by the site's policy.
#[test]
fn the_overflow_is_a_mailbox_or_a_number_outside() {
    let mut w = parked();
    w.give_codes();
    w.configure(&[site_with(|s| s.park_overflow = Some(Destination::Voicemail))]);
    w.wait(Micros::seconds(90));
    w.refuses("2002", 603);
    w.agree();
    assert!(w.joins().join(" ").contains("greeting"), "{:?}", w.joins());
    w.hangs_up("2001");
    assert_eq!(w.records.last().map(|r| r.callee_number().to_owned()), Some("2002".into()));
    w.expect_drained();
    let mut w = parked();
    let outside = || Destination::outside("0312345678").expect("digits");
    w.configure(&[site_with(|s| s.park_overflow = Some(outside()))]);
    w.wait(Micros::seconds(90));
    w.refuses("2002", 603);
    assert_eq!(last(&w), Cause::ExternalForwardDenied);
    w.expect_drained();
}

/// The time of the site counts, each pause of three.
#[test]
fn the_park_time_is_the_sites() {
    let mut w = World::with_codes();
    w.configure(&[site_with(|s| s.park_s = 45)]);
    w.talk(2001, 2002);
    w.press("2002", "#5");
    for _ in 0..3 {
        w.lines.clear();
        w.wait(Micros::millis(44_000));
        w.expect(&[]);
        w.wait(Micros::seconds(1));
        assert!(w.lines[0].starts_with("2002 invite"), "{:?}", w.lines);
        w.refuses("2002", 603);
    }
    assert_eq!(last(&w), Cause::RingTimeout);
    w.expect_drained();
}

/// The parked party hangs up while its parker is called back.
#[test]
fn who_is_parked_may_go_during_the_recall() {
    let mut w = parked();
    w.wait(Micros::seconds(90));
    w.rings("2002");
    w.hangs_up("2001");
    assert!(w.lines.iter().any(|l| l.starts_with("2002 end")), "{:?}", w.lines);
    w.dial(2003, "7801");
    assert_eq!(last(&w), Cause::ParkNone);
    w.expect_drained();
}

/// R250: a parked call counts for nobody.
#[test]
fn a_parked_call_leaves_its_party_free() {
    let mut w = parked();
    let mut settings = DnSettings::new(TENANT, dn(2001));
    settings.call_limit = 1;
    w.configure(&[Change::DnSettingsPut(settings)]);
    w.lines.clear();
    w.dial(2003, "2001");
    assert!(w.lines.iter().any(|l| l.starts_with("2001 invite")), "{:?}", w.lines);
    w.hangs_up("2003");
    w.dial(2004, "7801");
    w.agree();
    w.dial(2003, "2001");
    assert_eq!(last(&w), Cause::UserBusy, "it counts again");
    w.hangs_up("2004");
    w.expect_drained();
}

/// A retrieval that is given up: the time of the slot begins anew.
#[test]
fn a_retrieval_in_vain_begins_the_time_anew() {
    let mut w = parked();
    w.wait(Micros::seconds(80));
    w.dial(2003, "7801");
    w.hangs_up("2003");
    w.agree();
    w.lines.clear();
    w.wait(Micros::seconds(89));
    w.expect(&[]);
    w.wait(Micros::seconds(1));
    assert!(w.lines[0].starts_with("2002 invite"), "{:?}", w.lines);
    w.hangs_up("2001");
    w.expect_drained();
}
