//! What the lamp of a number shows. That none changes without word of it is checked in every
//! test of call control.

use base::id::TenantId;
use base::{LegId, Micros, Place, Uuid};
use model::{Change, DnSettings, HuntMethod};

use super::world::{TENANT, World, department, device_id, dn, hunt, path};
use crate::input::{Input, LegEvent, Offered};

#[test]
fn a_lamp_rings_talks_and_goes_out() {
    let mut w = World::new();
    w.dial(2001, "2002");
    assert_eq!((w.lamp(2001), w.lamp(2002)), (vec!["Trying to 2002".into()], vec![]));
    w.rings("2002");
    assert_eq!(w.lamp(2001), ["Early to 2002"]);
    assert_eq!(w.lamp(2002), ["Early from 2001"]);
    w.answers("2002");
    assert_eq!(w.lamp(2001), ["Confirmed to 2002"]);
    assert_eq!(w.lamp(2002), ["Confirmed from 2001"]);
    w.offers("2002", "sendonly");
    assert_eq!(w.lamp(2002), ["Confirmed from 2001 holds"]);
    w.hangs_up("2001");
    assert_eq!((w.lamp(2001), w.lamp(2002)), (vec![], vec![]));
    w.expect_drained();
}

#[test]
fn two_devices_of_a_number_are_one_dialog() {
    let mut w = World::new();
    w.dial(2001, "2008");
    w.rings("2008.2");
    w.rings("2008");
    assert_eq!(w.lamp(2008), ["Early from 2001"]);
    w.answers("2008.2");
    assert_eq!(w.lamp(2008), ["Confirmed from 2001"]);
    w.hangs_up("2008.2");
    w.expect_drained();
}

#[test]
fn calls_of_a_number_are_shown_oldest_first() {
    let mut w = World::new();
    w.talk(2001, 2002);
    w.dial(2003, "2002");
    assert_eq!(w.lamp(2002), ["Confirmed from 2001"], "not before it rings");
    // The phone of 2002 has two legs now.
    let ringing = *w.far.iter().find(|(_, f)| f.user == 2002 && !f.answered).expect("called").0;
    w.event(ringing, LegEvent::Progress { status: 180, sdp: None });
    assert_eq!(w.lamp(2002), ["Confirmed from 2001", "Early from 2003"]);
}

/// R310: four dialogs, the oldest first.
#[test]
fn a_lamp_shows_four_dialogs_at_most() {
    let mut w = World::new();
    let settings = DnSettings { call_limit: 8, ..DnSettings::new(TENANT, dn(2002)) };
    w.configure(&[Change::DnSettingsPut(settings)]);
    for from in [2001, 2003, 2004, 2005, 2006] {
        w.dial(from, "2002");
        for leg in w.far.keys().copied().collect::<Vec<_>>() {
            if w.far[&leg].user == 2002 && !w.far[&leg].answered {
                w.event(leg, LegEvent::Progress { status: 180, sdp: None });
            }
        }
    }
    let shown = ["2001", "2003", "2004", "2005"].map(|n| format!("Early from {n}"));
    assert_eq!(w.lamp(2002), shown);
    w.hangs_up("2001");
    assert_eq!(w.lamp(2002).last().map(String::as_str), Some("Early from 2006"));
}

#[test]
fn a_common_number_flashes_while_its_department_rings() {
    let mut w = World::new();
    w.configure(&[department(&[2002, 2003], |_| {})]);
    w.control.watch(TENANT, dn(7100), true);
    w.dial(2001, "7100");
    w.rings("2003");
    assert_eq!(w.lamp(7100), ["Early from 2001"]);
    w.answers("2003");
    assert_eq!((w.lamp(7100), w.lamp(2003)), (vec![], vec!["Confirmed from 2001".into()]));
    w.hangs_up("2001");
    w.expect_drained();
}

/// A slot is in use until the call has left it: while its parker is called back, too.
#[test]
fn a_slot_stays_lit_while_its_parker_is_called_back() {
    let mut w = World::with_codes();
    w.talk(2001, 2002);
    w.press("2002", "#5");
    assert_eq!(w.lamp(7801), ["Confirmed from 2001 holds"]);
    w.wait(Micros::seconds(90));
    w.rings("2002");
    assert_eq!(w.lamp(7801), ["Confirmed from 2001 holds"]);
    assert_eq!(w.lamp(2002), ["Early from 2001"]);
    w.answers("2002");
    w.agree();
    assert!(w.lamp(7801).is_empty());
    w.hangs_up("2001");
    w.expect_drained();
}

#[test]
fn a_transfer_changes_the_far_party() {
    let mut w = World::new();
    w.talk(2001, 2002);
    w.refers("2002", "2003", None);
    w.rings("2003");
    assert_eq!(w.lamp(2003), ["Early from 2001"]);
    w.answers("2003");
    w.accepts("2001", "sendrecv");
    assert_eq!(w.lamp(2001), ["Confirmed to 2003"]);
    assert_eq!((w.lamp(2002), w.lamp(2003)), (vec![], vec!["Confirmed from 2001".into()]));
    w.hangs_up("2003");
    w.wait(Micros::seconds(1));
    w.expect_drained();
}

#[test]
fn only_what_is_watched_is_spoken_of() {
    let mut w = World::new();
    for n in 2001..=2008 {
        w.control.watch(TENANT, dn(n), false);
    }
    w.control.watch(TENANT, dn(2002), true);
    w.control.watch(TenantId(Uuid(99)), dn(2001), true);
    let mut out = Vec::new();
    let offered = Offered {
        device: device_id(2001, 1),
        dialed: "2002".into(),
        name: String::new(),
        caller: String::new(),
        called: String::new(),
        sdp: Some(w.sdp(2001, "sendrecv")),
        replaces: None,
        referred_by: None,
        max_forwards: 70,
        reliable: false,
        path: path(2001),
    };
    let leg = LegId::new(Place::new(0, 0), 999);
    let input = Input::Offered { leg, offered: Box::new(offered) };
    w.control.handle(w.now, input, &w.facts, &mut out);
    assert_eq!(w.control.take_touched().into_iter().collect::<Vec<_>>(), [(TENANT, dn(2002))]);
    assert!(w.control.take_touched().is_empty(), "told once");
    w.control.watch(TENANT, dn(2001), true);
    assert!(w.control.take_touched().is_empty(), "the first state is asked for");
}

#[test]
fn a_pilot_flashes_while_its_group_rings() {
    let mut w = World::new();
    w.configure(&[hunt(&[2002, 2003], |g| g.method = HuntMethod::Priority)]);
    w.control.watch(TENANT, dn(7000), true);
    w.dial(2001, "7000");
    assert!(w.lamp(7000).is_empty(), "nothing rings yet");
    w.rings("2002");
    assert!(w.control.dialogs_of(TENANT, dn(7000)).iter().all(|l| !l.is_caller));
    assert_eq!(w.lamp(7000), ["Early from 2001"]);
    assert_eq!(w.lamp(2002), ["Early from 2001"]);
    w.refuses("2002", 486);
    w.rings("2003");
    assert_eq!((w.lamp(7000), w.lamp(2002)), (vec!["Early from 2001".into()], vec![]));
    w.answers("2003");
    assert_eq!((w.lamp(7000), w.lamp(2003)), (vec![], vec!["Confirmed from 2001".into()]));
    w.hangs_up("2001");
    w.expect_drained();
}
