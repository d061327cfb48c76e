//! Mailboxes opened from outside, by number and PIN (R262, step 5; R234).

use base::Cause;
use base::id::{Uuid, VirtualDnId};
use model::own_setting::Declined;
use model::record::Service;
use model::{Change, DnSettings, VirtualDn};

use super::outside::{comes_in, open};
use super::voicemail::{heard, leave};
use super::world::{SITE, TENANT, World, dn, site_with};
use crate::input::Input;

/// 2002 has a message of 2001, and 2500 opens mailboxes.
fn world() -> World {
    let mut w = World::new();
    w.give_codes();
    open(&mut w, 4);
    let mut settings = DnSettings::new(TENANT, dn(2002));
    settings.voicemail = true;
    let desk = VirtualDn {
        id: VirtualDnId(Uuid(7)),
        tenant: TENANT,
        site: SITE,
        dn: dn(2500),
        name: "留守番".into(),
        web_user: Box::default(),
    };
    w.configure(&[Change::DnSettingsPut(settings), Change::VirtualDnPut(desk)]);
    w.configure(&[site_with(|s| s.voicemail_at = Some(dn(2500)))]);
    leave(&mut w, 2001, 2002);
    w.lines.clear();
    w
}

fn told(w: &mut World, declined: Option<Declined>) {
    let call = w.control.calls().next().expect("a call").call;
    w.input(Input::Told { call, declined });
}

/// Types number and PIN; whose PIN was to be judged.
fn types(w: &mut World, name: &str, number: &str) -> String {
    assert!(heard(w).contains("enter-extension"), "{}", heard(w));
    w.press(name, &format!("{number}#"));
    assert!(heard(w).contains("enter-pin"), "{number}: {}", heard(w));
    w.press(name, "4711#");
    let lines = std::mem::take(&mut w.lines);
    let judged: Vec<_> = lines.iter().filter_map(|l| l.strip_prefix("check-pin ")).collect();
    assert_eq!(judged.len(), 1, "{lines:?}");
    judged[0].to_owned()
}

#[test]
fn a_box_is_opened_from_outside_by_number_and_pin() {
    let mut w = world();
    comes_in(&mut w, "2500");
    assert_eq!(types(&mut w, "2900", "2002"), "2002");
    told(&mut w, None);
    assert!(heard(&w).contains("one-new-message"), "{}", heard(&w));
    w.lines.clear();
    w.hangs_up("2900");
    let last = w.records.last().expect("a record");
    assert_eq!((last.caller_number(), last.callee_number()), ("09011112222", "2002"));
    assert!(last.services.contains(Service::Voicemail));
    // From inside as well, by whoever calls it.
    w.dial(2003, "2500");
    assert_eq!(types(&mut w, "2003", "2002"), "2002");
    w.hangs_up("2003");
    w.expect_drained();
}

/// R234: three tries, and nobody learns whether there is such a number.
#[test]
fn numbers_that_do_not_exist_are_refused_like_wrong_pins() {
    let mut w = world();
    let mut judged = Vec::new();
    for numbers in [["2002", "2002", "2002"], ["2998", "2999", "7801"]] {
        comes_in(&mut w, "2500");
        for (n, number) in numbers.into_iter().enumerate() {
            judged.push(types(&mut w, "2900", number));
            told(&mut w, Some(Declined::NotAllowed));
            let again = heard(&w).contains("enter-extension");
            assert!(heard(&w).contains("login-wrong"), "{number}: {}", heard(&w));
            assert_eq!(again, n < 2, "{number}");
        }
        w.play_over();
        assert_eq!(w.records.last().map(|r| r.cause), Some(Cause::FeatureNotPermitted));
    }
    judged.sort();
    judged.dedup();
    assert_eq!(judged.len(), 4, "each number is judged, and limited, by itself: {judged:?}");
    w.expect_drained();
}

#[test]
fn a_site_that_does_not_open_them_keeps_them_closed() {
    let mut w = world();
    w.configure(&[site_with(|s| s.voicemail_at = None)]);
    for dialed in ["2500", "*982002", "*98"] {
        comes_in(&mut w, dialed);
        assert!(!heard(&w).contains("enter"), "{dialed}: {}", heard(&w));
        let cause = w.records.last().map(|r| r.cause);
        let expected =
            if dialed == "2500" { Cause::Unregistered } else { Cause::UnallocatedNumber };
        assert_eq!(cause, Some(expected), "{dialed}");
    }
    // Nor without the option.
    let mut w = world();
    let tenant = w.facts.snapshot.tenant(TENANT).expect("a tenant").clone();
    let options = tenant.options.without(model::TenantOption::Voicemail);
    w.configure(&[Change::TenantPut(model::Tenant { options, ..tenant })]);
    comes_in(&mut w, "2500");
    assert_eq!(w.records.last().map(|r| r.cause), Some(Cause::Unregistered));
    w.expect_drained();
}

/// Somebody outside leaves a message for 2002.
fn left_from_outside(w: &mut World, caller: &str) {
    let sdp = w.sdp(2900, "sendrecv");
    w.dial_as(2900, Some(sdp), |o| {
        o.dialed = "2002".to_owned();
        o.caller = caller.to_owned();
    });
    w.refuses("2002", 486);
    w.play_over();
    let recording = super::voicemail::recording(w);
    w.hangs_up("2900");
    super::voicemail::recorded(w, recording, 5_000);
    w.lines.clear();
}

/// 2002 has listened to the only message, and presses 6.
fn presses_six(w: &mut World) {
    w.dial(2002, "*98");
    w.play_over();
    w.lines.clear();
    w.press("2002", "6");
}

/// The same from outside.
fn presses_six_outside(w: &mut World) {
    comes_in(w, "2500");
    types(w, "2900", "2002");
    told(w, None);
    w.play_over();
    w.lines.clear();
    w.press("2900", "6");
}

/// A company where 2002 has no message yet.
fn without_message() -> World {
    let mut w = world();
    w.dial(2002, "*98");
    w.play_over();
    w.press("2002", "3");
    w.hangs_up("2002");
    w.lines.clear();
    w
}

fn is_refused(w: &World) -> bool {
    heard(w).contains("Tone(Error)") && !w.lines.iter().any(|l| l.contains("invite"))
}

#[test]
fn a_caller_from_outside_is_called_back_over_the_gateway_by_the_own_rights() {
    for (caller, number) in [
        ("0355556666", "0355556666"),
        ("+81355556666", "0355556666"),
        ("09011112222", "09011112222"),
    ] {
        let mut w = without_message();
        left_from_outside(&mut w, caller);
        presses_six(&mut w);
        w.rings("2900");
        w.answers("2900");
        w.hangs_up("2002");
        let r = w.records.last().expect("a record");
        assert!(r.is_answered(), "{caller}");
        assert_eq!((&*r.dialed, r.callee_number()), (number, number));
        w.expect_drained();
    }
    // The class of who listens, as if it was dialled (J60).
    let mut w = without_message();
    left_from_outside(&mut w, "0355556666");
    let mut settings = DnSettings::new(TENANT, dn(2002));
    (settings.voicemail, settings.toll) = (true, Some(model::TollClass::Internal));
    w.configure(&[Change::DnSettingsPut(settings)]);
    presses_six(&mut w);
    w.hangs_up_all();
    assert_eq!(w.records.last().map(|r| r.cause), Some(Cause::TollDenied));
}

#[test]
fn who_shows_no_number_that_can_be_called_is_not_called_back() {
    for caller in ["anonymous", "", "012", "110", "*212999", "2099"] {
        let mut w = without_message();
        left_from_outside(&mut w, caller);
        presses_six(&mut w);
        assert!(is_refused(&w), "{caller}: {} {:?}", heard(&w), w.lines);
    }
}

#[test]
fn from_outside_a_number_inside_is_called_back() {
    let mut w = world();
    presses_six_outside(&mut w);
    w.rings("2001");
    w.answers("2001");
    w.hangs_up("2001");
    let r = w.records.last().expect("a record");
    assert!(r.is_answered());
    assert_eq!((r.caller_number(), r.callee_number()), ("09011112222", "2001"));
    w.expect_drained();
}

#[test]
fn from_outside_a_number_outside_is_called_back_by_the_sites_right_at_the_owners_cost() {
    let mut w = without_message();
    left_from_outside(&mut w, "0355556666");
    presses_six_outside(&mut w);
    assert!(is_refused(&w), "{} {:?}", heard(&w), w.lines);
    w.hangs_up("2900");
    let may = |s: &mut model::Site| {
        s.voicemail_at = Some(dn(2500));
        (s.transfer_outside, s.outside_pair_min) = (model::Outside::Domestic, 10);
    };
    w.configure(&[site_with(may)]);
    presses_six_outside(&mut w);
    w.rings("2900");
    w.answers("2900");
    w.agree();
    assert_eq!(w.joins(), ["2900 2900", "2900 2900"]);
    w.wait(base::Micros::seconds(599));
    assert_eq!(w.joins().len(), 2, "for ten minutes");
    w.wait(base::Micros::seconds(1));
    let r = w.records.last().expect("a record");
    assert!(r.is_answered());
    assert_eq!((r.caller_number(), r.callee_number()), ("09011112222", "0355556666"));
    assert_eq!(r.transferrer.as_deref(), Some("2002"), "who pays");
    w.hangs_up_all();
    w.expect_drained();
    // The owner's class.
    let mut settings = DnSettings::new(TENANT, dn(2002));
    (settings.voicemail, settings.toll) = (true, Some(model::TollClass::Internal));
    w.configure(&[Change::DnSettingsPut(settings)]);
    presses_six_outside(&mut w);
    w.hangs_up_all();
    let r = w.records.last().expect("a record");
    assert_eq!((r.cause, r.transferrer.as_deref()), (Cause::TollDenied, Some("2002")));
}
