//! Two sites: whose codes, settings, rights and slots count (R075, R083, R283, R291).
//! 2001 is at the first one, 2002 at the branch.

use base::Cause;
use base::id::{SiteId, Uuid};
use model::{Change, Code, CodeKind, Device, HoldAgain, Outside, Site, SiteCode, User};

use super::outside::{comes_in, open};
use super::world::{TENANT, World, device, site_with, user};

const BRANCH: SiteId = SiteId(Uuid(3));

fn branch(change: impl FnOnce(&mut Site)) -> Change {
    let mut site = Site::new(BRANCH, TENANT, "branch.example", "支社");
    change(&mut site);
    Change::SitePut(site)
}

/// 2002 is at the branch.
fn with_branch(change: impl FnOnce(&mut Site)) -> World {
    let mut w = World::with_codes();
    let person = Change::UserPut(User { site: BRANCH, ..user(2002) });
    let phone = Change::DevicePut(Device { site: BRANCH, ..device(2002, 1) });
    w.configure(&[branch(change), person, phone]);
    w
}

#[test]
fn each_party_uses_the_codes_of_the_own_site() {
    let own = SiteCode::Own(Code::parse("#3").expect("a code"));
    let mut w = with_branch(|s| s.set_code(CodeKind::Hold, own));
    w.talk(2001, 2002);
    for (who, others, code) in [("2001", "#3", "#7"), ("2002", "#7", "#3")] {
        w.press(who, &format!("{others}__"));
        assert_eq!(w.joins(), ["2001 2002", "2002 2001"], "{who} {others}");
        w.press(who, code);
        assert!(w.joins().contains(&format!("{who} SecondDial")), "{who} {:?}", w.joins());
        w.press(who, code);
        assert_eq!(w.joins(), ["2001 2002", "2002 2001"], "{who} {code}");
    }
}

#[test]
fn whether_the_target_is_dropped_is_the_holders_sites() {
    for (holder, other, drops) in [("2001", "2002", false), ("2002", "2001", true)] {
        let mut w = with_branch(|s| s.hold_again = HoldAgain::Drop);
        w.talk(2001, 2002);
        w.press(holder, "#72003#1");
        w.answers("2003");
        w.agree();
        w.press(holder, "#7");
        w.agree();
        assert!(w.joins().contains(&format!("{holder} {other}")), "{:?}", w.joins());
        assert_eq!(w.joins().len(), if drops { 2 } else { 3 }, "{holder}");
    }
}

/// The site of who transfers, not that of the gateway.
#[test]
fn the_right_to_connect_outside_is_the_transferrers_sites() {
    for (first, second) in
        [(Outside::Denied, Outside::Domestic), (Outside::Domestic, Outside::Denied)]
    {
        let allowed = second == Outside::Domestic;
        let prepared = || {
            let mut w = with_branch(|s| s.transfer_outside = second);
            w.configure(&[site_with(|s| s.transfer_outside = first)]);
            open(&mut w, 4);
            let gateway = w.facts.snapshot.gateways(TENANT).next().map(|g| g.site);
            assert_ne!(gateway, Some(BRANCH));
            comes_in(&mut w, "2002");
            w.answers("2002");
            w.lines.clear();
            w
        };
        let called = |w: &World| w.lines.iter().any(|l| l.starts_with("2900 invite 0355556666"));
        let mut w = prepared();
        w.press("2002", "#700355556666#1");
        assert_eq!(called(&w), allowed, "by code: {:?}", w.lines);
        let mut w = prepared();
        w.refers("2002", "00355556666", None);
        assert_eq!(called(&w), allowed, "by REFER: {:?}", w.lines);
    }
}

#[test]
fn slots_are_for_their_own_site() {
    let mut w = with_branch(|_| {});
    w.talk(2001, 2003);
    w.press("2001", "#5");
    for dialed in ["7801", "*577801", "*57"] {
        w.dial(2002, dialed);
        assert_eq!(w.records.last().map(|r| r.cause), Some(Cause::ParkNone), "{dialed}");
    }
    w.talk(2002, 2004);
    w.press("2002", "#5");
    assert!(w.joins().contains(&"2002 Error".to_owned()), "no slots here: {:?}", w.joins());
    w.dial(2005, "7801");
    w.agree();
    assert!(w.joins().contains(&"2005 2003".to_owned()), "{:?}", w.joins());
}
