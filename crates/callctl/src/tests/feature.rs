//! Settings by code: wished, confirmed, refused.

use base::Cause;
use model::own_setting::Declined;
use model::record::Service;

use super::world::{World, dn};
use crate::input::Input;

/// 2001 dials a code; what was wished.
fn dials(w: &mut World, code: &str) -> String {
    w.dial(2001, code);
    let wished = w.lines.iter().find(|l| l.starts_with("wish")).cloned();
    w.lines.clear();
    wished.unwrap_or_default()
}

fn told(w: &mut World, declined: Option<Declined>) -> String {
    let call = w.control.calls().next().expect("a call").call;
    w.input(Input::Told { call, declined });
    let heard = w.joins().join(" ");
    w.play_over();
    heard
}

#[test]
fn codes_set_and_clear_what_belongs_to_the_own_number() {
    for (code, wish) in [
        ("*2112003", "ForwardTo(All, \"2003\")"),
        ("*2112003#1", "ForwardTo(All, \"2003\")"),
        ("*211", "ForwardTo(All, \"\")"),
        ("*210", "ForwardOff(All)"),
        ("*2212003", "ForwardTo(Busy, \"2003\")"),
        ("*230", "ForwardOff(NoAnswer)"),
        ("*24109012345678", "ForwardTo(Unregistered, \"09012345678\")"),
        ("*251", "Voicemail(true)"),
        ("*260", "DoNotDisturb(false)"),
    ] {
        let mut w = World::new();
        w.give_codes();
        assert_eq!(dials(&mut w, code), format!("wish {} {wish}", dn(2001)), "{code}");
        let heard = told(&mut w, None);
        assert!(heard.contains("Confirmation"), "{heard}");
        let r = w.records.last().expect("a record");
        assert_eq!((r.cause, &*r.dialed), (Cause::AnnouncementEnded, code));
        assert!(r.services.contains(Service::FeatureCode) && r.is_answered());
        w.expect_drained();
    }
}

#[test]
fn a_refusal_says_why_and_the_record_keeps_it() {
    for (why, prompt, cause) in [
        (Declined::Unused, "reason-unused", Cause::UnallocatedNumber),
        (Declined::Outside, "reason-outside", Cause::ExternalForwardDenied),
        (Declined::OwnNumber, "reason-own-number", Cause::ForwardLoop),
        (Declined::NotAllowed, "reason-no-rights", Cause::FeatureNotPermitted),
    ] {
        let mut w = World::new();
        w.give_codes();
        dials(&mut w, "*2112003");
        let heard = told(&mut w, Some(why));
        assert!(heard.contains("Error") && heard.contains(prompt), "{heard}");
        assert_eq!(w.records.last().map(|r| r.cause), Some(cause));
        w.expect_drained();
    }
}

#[test]
fn without_an_answer_in_two_seconds_it_is_refused_and_a_late_one_changes_nothing() {
    let mut w = World::new();
    w.give_codes();
    dials(&mut w, "*261");
    let call = w.control.calls().next().expect("a call").call;
    w.wait(base::Micros::seconds(2));
    let heard = w.joins().join(" ");
    assert!(heard.contains("cannot-set"), "{heard}");
    w.input(Input::Told { call, declined: None });
    assert_eq!(w.joins().join(" "), heard);
    w.play_over();
    w.expect_drained();
}

/// What follows the query code, or one that clears, is not a number to be set.
#[test]
fn the_query_with_a_number_tells_and_sets_nothing() {
    let mut w = World::new();
    w.give_codes();
    assert_eq!(dials(&mut w, "*292003"), "");
    assert!(w.joins().join(" ").contains("nothing-set"), "{:?}", w.joins());
    w.hangs_up("2001");
    let r = w.records.last().expect("a record");
    assert_eq!((r.cause, &*r.dialed), (Cause::NormalClearing, "*292003"));
    assert!(r.services.contains(Service::FeatureCode));
    assert_eq!(dials(&mut w, "*2102003"), format!("wish {} ForwardOff(All)", dn(2001)));
    w.hangs_up("2001");
    w.expect_drained();
}

#[test]
fn the_query_tells_what_is_in_force_and_a_caller_who_hangs_up_ends_it() {
    let mut w = World::new();
    w.give_codes();
    w.dial(2001, "*29");
    assert!(w.joins().join(" ").contains("nothing-set"));
    w.hangs_up("2001");
    let r = w.records.last().expect("a record");
    assert_eq!((r.cause, r.ended_by.as_deref()), (Cause::NormalClearing, Some("2001")));
    w.expect_drained();
}

/// R226: every kind that is in force, with its number, and no other.
#[test]
fn the_query_tells_each_kind_with_its_number() {
    let mut w = World::new();
    w.give_codes();
    let mut settings = model::DnSettings::new(super::world::TENANT, super::world::dn(2001));
    let forward = |n| model::Forward::on(model::Destination::Dn(super::world::dn(n)));
    *settings.forward_mut(model::ForwardKind::Busy) = forward(2003);
    *settings.forward_mut(model::ForwardKind::All) = forward(2004).off();
    settings.voicemail = true;
    w.configure(&[model::Change::DnSettingsPut(settings)]);
    w.dial(2001, "*29");
    let said = w.joins().join(" ");
    let expected = r#"["forward-busy", "is-set", "n2", "n0", "n0", "n3", "voicemail", "is-set"]"#;
    assert_eq!(said, format!("2001 {expected}"));
    w.hangs_up("2001");
    w.expect_drained();
}

#[test]
fn a_phone_that_cannot_hear_us_is_refused_with_the_cause() {
    let mut w = World::new();
    w.give_codes();
    let foreign = w.sdp(2001, "sendrecv");
    let foreign = String::from_utf8(foreign.to_vec()).expect("text");
    let foreign = foreign.replace("AVP 0 101", "AVP 18 101").replace("0 PCMU/", "18 G729/");
    w.dial_as(2001, Some(foreign.into()), |o| o.dialed = "*261".into());
    let call = w.control.calls().next().expect("a call").call;
    w.input(Input::Told { call, declined: Some(Declined::NotAllowed) });
    assert!(w.lines.contains(&"2001 refuse FeatureNotPermitted".to_owned()), "{:?}", w.lines);
    w.expect_drained();
}
