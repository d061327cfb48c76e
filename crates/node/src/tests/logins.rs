//! Terminals that change hands or lose their user (R233, R241).

use model::{Change, Device, User, UserState};

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
