//! The way of the audio when codes, sites and parties change in mid-call, and what is said to
//! phones that do not listen.

use base::Micros;
use base::id::{SiteId, Uuid};
use model::{Change, CodeKind, Device, Options, Site, SiteCode, Tenant, User};

use super::world::{TENANT, World, device, site_with, user};

const BRANCH: SiteId = SiteId(Uuid(3));
const SHOP: SiteId = SiteId(Uuid(4));

fn without_codes(site: &mut Site) {
    for kind in CodeKind::OF_CALL {
        site.set_code(kind, SiteCode::Off);
    }
}

fn moves(n: u16, site: SiteId) -> [Change; 2] {
    [Change::UserPut(User { site, ..user(n) }), Change::DevicePut(Device { site, ..device(n, 1) })]
}

/// 2002 is at a branch, where alone codes are pressed, and has transferred 2001 to 2003 by them.
fn transferred(changes: &[Change]) -> World {
    let mut w = World::with_codes();
    let branch = Site::new(BRANCH, TENANT, "branch.example", "支社");
    let mut shop = Site::new(SHOP, TENANT, "shop.example", "店");
    without_codes(&mut shop);
    w.configure(&[Change::SitePut(branch), Change::SitePut(shop), site_with(without_codes)]);
    w.configure(&moves(2002, BRANCH));
    w.configure(changes);
    w.talk(2001, 2002);
    w.press("2002", "#72003#1");
    w.answers("2003");
    w.agree();
    assert!(w.joins().contains(&"2002 2003".to_owned()), "{:?}", w.joins());
    w.hangs_up("2002");
    w.agree();
    w
}

fn path_of_last(w: &mut World) -> String {
    w.hangs_up("2001");
    let record = w.records.last().expect("a record");
    let step = record.trace.iter().rfind(|s| &*s.code == "media.path").expect("a way");
    step.args.to_string()
}

#[test]
fn those_whom_a_transfer_connects_need_us_no_more_where_no_code_is_pressed() {
    let mut w = transferred(&[]);
    assert_eq!(w.joins(), [""; 0], "direct");
    assert_eq!(path_of_last(&mut w), "direct");
    w.expect_drained();
}

#[test]
fn those_of_two_sites_whom_a_transfer_connects_stay_with_us() {
    let mut w = transferred(&moves(2003, SHOP));
    assert_eq!(w.joins(), ["2001 2003", "2003 2001"]);
    assert_eq!(path_of_last(&mut w), "relay sites");
    w.expect_drained();
}

#[test]
fn a_phone_that_holds_hears_no_beep() {
    let mut w = World::with_codes();
    w.talk(2001, 2002);
    w.press("2001", "#9");
    assert_eq!(w.joins()[0], "2001 Beep");
    // The key to hold is pressed before it is over.
    w.offers("2001", "sendonly");
    w.agree();
    assert!(!w.joins().contains(&"2001 Beep".to_owned()), "{:?}", w.joins());
    // Nor is a code heard of a phone that holds.
    w.wait(Micros::seconds(16));
    let held = w.joins();
    w.press("2001", "#9");
    assert_eq!(w.joins(), held);
    w.offers("2001", "sendrecv");
    w.agree();
    assert_eq!(w.joins(), ["2001 2002", "2002 2001"], "nothing is left over");
}

#[test]
fn a_consultation_begun_by_code_comes_by_us_though_codes_are_withdrawn() {
    let mut w = World::with_codes();
    w.talk(2001, 2002);
    w.press("2001", "#72003");
    let tenant = w.facts.snapshot.tenant(TENANT).expect("there").clone();
    w.configure(&[Change::TenantPut(Tenant { options: Options::default(), ..tenant })]);
    w.wait(Micros::seconds(5));
    w.answers("2003");
    w.agree();
    let joins = w.joins();
    assert_eq!(joins, ["2001 2003", "2002 music", "2003 2001"]);
    w.hangs_up_all();
    w.expect_drained();
}
