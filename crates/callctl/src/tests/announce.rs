//! Guidance before a refusal.

use base::{Blame, Cause, Micros};
use bytes::Bytes;
use model::{Change, Destination, DnSettings, ForwardKind, Options, Tenant, TenantOption};

use super::world::{TENANT, World, department, dn, stopped};
use crate::input::Input;

fn world() -> World {
    let mut w = World::new();
    w.facts.announcements = true;
    w
}

fn play_ended(w: &mut World) {
    let leg = *w.wants.keys().next().expect("a player");
    w.input(Input::Media { event: mediactl::Event::PlayEnded { leg, serial: 1 } });
}

#[test]
fn out_of_reach_is_told_and_then_refused() {
    let mut w = world();
    w.dial(2001, "2007");
    w.expect(&["2001 progress 183 10.0.0.1:16384 sendrecv"]);
    assert_eq!(w.joins(), ["2001 cannot-be-reached"]);
    play_ended(&mut w);
    w.expect(&["record 2001>2007 AnnouncementEnded unanswered", "2001 refuse AnnouncementEnded"]);
    w.expect_drained();
}

#[test]
fn hanging_up_in_the_guidance_has_a_reason_of_its_own_when_out_of_reach() {
    let mut w = world();
    w.dial(2001, "2007");
    w.lines.clear();
    w.hangs_up("2001");
    w.expect(&["record 2001>2007 UnregisteredAbandoned unanswered by 2001"]);
    assert_eq!(w.records[0].blame, Blame::Caller);
    w.expect_drained();
}

#[test]
fn other_reasons_stay_as_decided() {
    let mut w = world();
    w.dial(2001, "2099");
    assert_eq!(w.joins(), ["2001 number-not-in-use"]);
    w.hangs_up("2001");
    w.dial(2001, "2099");
    play_ended(&mut w);
    let got: Vec<_> = w.records.iter().map(|r| (r.cause, r.ended_by.as_deref())).collect();
    let unallocated = Cause::UnallocatedNumber;
    assert_eq!(got, [(unallocated, Some("2001")), (unallocated, None)]);
    w.expect_drained();
}

/// Section 3, the last column.
#[test]
fn each_refusal_has_its_sentence() {
    let heard = |change: &[Change], dialed: &str| {
        let mut w = world();
        w.give_codes();
        w.configure(change);
        w.dial(2001, dialed);
        let heard = w.joins().join(" ");
        w.hangs_up("2001");
        w.expect_drained();
        (heard, w.records[0].cause)
    };
    let forward = |n: u16, to: u16| {
        let mut settings = DnSettings::new(TENANT, dn(n));
        settings.forward_mut(ForwardKind::All).to = Some(Destination::Dn(dn(to)));
        Change::DnSettingsPut(settings)
    };
    let circle = [forward(2002, 2003), forward(2003, 2002)];
    let without = |w: &World, option| {
        let tenant = w.facts.snapshot.tenant(TENANT).expect("there").clone();
        let options = Options::ALL.without(option);
        Change::TenantPut(Tenant { options, ..tenant })
    };
    let paging = without(&world(), TenantOption::Multicast);
    let pages = department(&[2002], |d| d.multicast = true);
    for (change, dialed, sentence, cause) in [
        (&[][..], "*55", "nothing-to-take", Cause::PickupNone),
        (&[], "*561", "nothing-to-take", Cause::PickupNone),
        (&[], "*57", "nothing-to-take", Cause::ParkNone),
        (&circle, "2002", "forward-denied", Cause::ForwardLoop),
        (&[paging, pages], "7100", "reason-no-rights", Cause::OptionNotContracted),
        (&[stopped(2001)], "2002", "reason-no-rights", Cause::FeatureNotPermitted),
    ] {
        assert_eq!(heard(change, dialed), (format!("2001 {sentence}"), cause), "{dialed}");
    }
}

#[test]
fn no_answer_is_told_after_the_phones_have_stopped() {
    let mut w = world();
    w.dial(2001, "2002");
    w.rings("2002");
    w.lines.clear();
    w.wait(Micros::seconds(61));
    w.expect(&["2002 end RingTimeout", "2001 progress 183 10.0.0.1:16384 sendrecv"]);
    assert_eq!(w.joins(), ["2001 no-answer"]);
    play_ended(&mut w);
    assert_eq!(w.records[0].cause, Cause::RingTimeout);
    w.expect_drained();
}

#[test]
fn busy_has_no_guidance() {
    let mut w = world();
    w.dial(2001, "2001");
    w.expect(&["record 2001>2001 UserBusy unanswered", "2001 refuse UserBusy"]);
}

#[test]
fn without_offer_codec_or_port_the_refusal_comes_at_once() {
    let refused = ["record 2001>2007 Unregistered unanswered", "2001 refuse Unregistered"];
    let mut w = world();
    w.dial_as(2001, None, |o| o.dialed = "2007".to_owned());
    w.expect(&refused);
    let plain = String::from_utf8(w.sdp(2001, "sendrecv").to_vec()).expect("text");
    let odd = plain.replace("AVP 0 101", "AVP 96 101").replace("rtpmap:0 PCMU", "rtpmap:96 iLBC");
    w.dial_as(2001, Some(Bytes::from(odd)), |o| o.dialed = "2007".to_owned());
    w.expect(&refused);
    w.media_prompt = false;
    w.dial(2001, "2007");
    let leg = *w.unopened.first().expect("a player");
    w.fail_media(leg);
    w.expect(&refused);
    w.expect_drained();
}

#[test]
fn a_guidance_without_end_is_ended() {
    let mut w = world();
    w.dial(2001, "2007");
    w.wait(Micros::seconds(31));
    assert_eq!(w.records[0].cause, Cause::AnnouncementEnded);
    w.expect_drained();
}

#[test]
fn the_end_of_another_playing_does_not_count() {
    let mut w = world();
    w.dial(2001, "2007");
    let leg = *w.wants.keys().next().expect("a player");
    w.input(Input::Media { event: mediactl::Event::PlayEnded { leg, serial: 0 } });
    assert!(w.records.is_empty());
}

/// Section 3, last column: what cannot be had is said, and then refused with its reason.
#[test]
fn what_cannot_be_had_is_said() {
    let mut w = world();
    let codes = super::world::with_codes();
    w.configure(&codes[1..]);
    for (dialed, says, cause) in [
        ("*55", "nothing-to-take", Cause::PickupNone),
        ("*561", "nothing-to-take", Cause::PickupNone),
        ("*57", "nothing-to-take", Cause::ParkNone),
        ("7801", "nothing-to-take", Cause::ParkNone),
        ("*80", "reason-no-rights", Cause::OptionNotContracted),
    ] {
        w.dial(2001, dialed);
        assert_eq!(w.joins(), [format!("2001 {says}")], "{dialed}");
        play_ended(&mut w);
        assert_eq!(w.records.last().map(|r| r.cause), Some(cause), "{dialed}");
    }
    w.expect_drained();
}

/// The same for forwards in a circle.
#[test]
fn a_loop_is_said() {
    let mut w = world();
    let mut settings = model::DnSettings::new(super::world::TENANT, super::world::dn(2002));
    let to = model::Destination::Dn(super::world::dn(2002));
    *settings.forward_mut(model::ForwardKind::All) = model::Forward::on(to);
    w.configure(&[model::Change::DnSettingsPut(settings)]);
    w.dial(2001, "2002");
    assert_eq!(w.joins(), ["2001 forward-denied"]);
    play_ended(&mut w);
    assert_eq!(w.records.last().map(|r| r.cause), Some(Cause::ForwardLoop));
    w.expect_drained();
}

/// R060, group H.4: an announcement as destination of a forward, and as overflow.
#[test]
fn calls_may_be_led_to_an_announcement() {
    use super::world::{TENANT, department, dn, hunt};
    use model::{Change, Destination, DnSettings, Forward, ForwardKind};
    let mut w = World::new();
    let sound = base::id::SoundId(base::Uuid(0x77));
    w.configure(&[Change::SoundPut(model::Sound {
        id: sound,
        tenant: TENANT,
        name: "休業".into(),
        duration_ms: 4_000,
        uploaded_at: base::Wall(0),
    })]);
    let own = || Destination::Announcement(Some(sound));
    let mut settings = DnSettings::new(TENANT, dn(2002));
    *settings.forward_mut(ForwardKind::Busy) = Forward::on(own());
    w.configure(&[
        Change::DnSettingsPut(settings),
        hunt(&[2002], |g| g.overflow = Some(own())),
        department(&[2002], |d| d.all = Forward::on(Destination::Announcement(None))),
    ]);
    for (dialed, own) in [("2002", true), ("7000", true), ("7100", false)] {
        w.dial(2001, dialed);
        if dialed != "7100" {
            w.refuses("2002", 486);
        }
        let said = w.joins().join(" ");
        assert_eq!(said.contains("Sound(119)"), own, "{dialed}: {said}");
        assert_eq!(said.contains("call-refused"), !own, "{dialed}: {said}");
        play_ended(&mut w);
        let r = w.records.last().expect("a record");
        assert_eq!((r.cause, r.is_answered()), (Cause::AnnouncementEnded, false), "{dialed}");
        assert_eq!(r.transferrer.as_deref(), Some(dialed));
    }
    w.expect_drained();
}
