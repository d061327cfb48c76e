//! Terminals that change hands, lose their user or get another secret (R215, R233, R241).

use base::Wall;
use model::{Change, Device, Ha1, NextSecret, User, UserState};

use super::world::World;

fn device_of(w: &World, dn: &str) -> Device {
    let snapshot = w.machine().snapshot();
    let tenant = snapshot.tenants().next().expect("a tenant").id;
    let user = snapshot.user_by_dn(tenant, base::Dn::parse(dn).expect("digits")).expect("a user");
    let id = snapshot.devices_of(user.id).first().expect("a terminal");
    snapshot.device(*id).expect("there").clone()
}

fn registered(w: &World, device: &Device) -> usize {
    w.machine().bindings().iter().filter(|(_, b)| b.device == device.id).count()
}

#[test]
fn a_terminal_that_changes_hands_stays_registered_and_its_call_goes_on() {
    let mut w = World::registered();
    w.dial();
    w.pick_up();
    let (desk, other) = (device_of(&w, "2001"), device_of(&w, "2002"));
    w.configure(vec![Change::DevicePut(Device { user: other.user, ..desk.clone() })]);
    assert_eq!(registered(&w, &desk), 1);
    assert_eq!(w.machine().calls().calls().count(), 1);
    w.configure(vec![Change::DevicePut(Device { user: None, ..desk.clone() })]);
    assert_eq!(registered(&w, &desk), 1, "未使用 may register");
    w.hang_up();
    assert!(w.machine().is_drained() || w.machine().calls().calls().count() == 0);
}

#[test]
fn the_terminals_of_who_is_stopped_are_registered_no_more() {
    let mut w = World::registered();
    let desk = device_of(&w, "2002");
    let snapshot = w.machine().snapshot().clone();
    let user = snapshot.user(desk.user.expect("somebody")).expect("there").clone();
    w.configure(vec![
        Change::UserPut(User { state: UserState::Stopped, ..user }),
        Change::DevicePut(Device { user: None, ..desk.clone() }),
    ]);
    assert_eq!(registered(&w, &desk), 0);
}

/// R316: the call goes on, the next REGISTER meets the new secret.
#[test]
fn a_new_secret_ends_registrations_and_no_call() {
    let mut w = World::registered();
    w.dial();
    w.pick_up();
    let (desk, other) = (device_of(&w, "2001"), device_of(&w, "2002"));
    let realm = w.machine().snapshot().tenant(desk.tenant).expect("there").realm.clone();
    let ha1 = |device: &Device| Ha1::of(&device.sip_id, &realm, "another secret");
    let reset = [&desk, &other].map(|d| Change::DevicePut(d.with_secret(ha1(d))));
    w.configure(reset.to_vec());
    assert_eq!((registered(&w, &desk), registered(&w, &other)), (0, 0));
    assert_eq!(w.machine().calls().calls().count(), 1);
    w.hang_up();
    assert_eq!((w.records, w.machine().calls().calls().count()), (1, 0), "ended by the phone");
    w.set_up(2, "secret");
    assert_eq!(registered(&w, &other), 0, "the old one is void");
    w.set_up(1, "another secret");
    assert_eq!(registered(&w, &desk), 1);
}

/// R215: until the morning the old one is the valid one, and nothing is dropped.
#[test]
fn a_secret_that_waits_changes_nothing_yet() {
    let mut w = World::registered();
    let desk = device_of(&w, "2001");
    let realm = w.machine().snapshot().tenant(desk.tenant).expect("there").realm.clone();
    let ha1 = Ha1::of(&desk.sip_id, &realm, "another secret");
    let waiting = NextSecret { ha1, from: Wall(i64::MAX) };
    let waits = Device { next: Some(Box::new(waiting)), ..desk.clone() };
    w.configure(vec![Change::DevicePut(waits.clone())]);
    assert_eq!(registered(&w, &desk), 1);
    w.set_up(1, "secret");
    assert_eq!(registered(&w, &desk), 2, "a second time, by the old one");
    assert_eq!(waits.renewed(Wall(0)), None);
    let renewed = waits.renewed(Wall(i64::MAX)).expect("its time has come");
    w.configure(vec![Change::DevicePut(renewed)]);
    assert_eq!(registered(&w, &desk), 0);
    w.set_up(1, "another secret");
    assert_eq!(registered(&w, &desk), 1);
}
