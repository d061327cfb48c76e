//! What the media plane does not take.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use base::event::Kind;
use base::{LegId, Place};
use media::Busy;
use mediactl::{
    Command, Direction, DtmfToPeer, Event, Failure, Form, GroupId, Joined, LegWant, Payloads,
    Protection,
};

use super::world::{World, until};
use crate::relays::Relays;

struct Plane {
    full: AtomicBool,
    taken: Mutex<Vec<Command>>,
}

fn plane() -> (Arc<Plane>, Relays) {
    let plane = Arc::new(Plane { full: AtomicBool::new(false), taken: Mutex::default() });
    let door = Arc::clone(&plane);
    let relays = Relays::new(move |command| {
        if door.full.load(Ordering::Relaxed) {
            return Err(Busy);
        }
        door.taken.lock().expect("no test fails here").push(command);
        Ok(())
    });
    (plane, relays)
}

fn leg(n: u64) -> LegId {
    LegId::new(Place::default(), n)
}

fn open(n: u64) -> Command {
    let want = LegWant {
        leg: leg(n),
        group: GroupId(n),
        local: [127, 0, 0, 1].into(),
        remote: None,
        form: Form::default(),
        protection: Protection::default(),
        payloads: Payloads::default(),
        direction: Direction::default(),
        joined: Joined::default(),
        dtmf_to_peer: DtmfToPeer::default(),
        instead: Box::default(),
    };
    Command::Leg(Box::new(want))
}

impl Plane {
    fn full(&self, full: bool) {
        self.full.store(full, Ordering::Relaxed);
    }

    fn closed(&self) -> Vec<LegId> {
        let taken = self.taken.lock().expect("no test fails here");
        let closed = |command: &Command| match command {
            Command::Close { leg } => Some(*leg),
            _ => None,
        };
        taken.iter().filter_map(closed).collect()
    }
}

#[test]
fn a_leg_that_is_not_taken_has_failed() {
    let (plane, mut relays) = plane();
    plane.full(true);
    assert!(!relays.tell(open(1)));
    let told = relays.setback();
    assert_eq!(told, Some(Event::Failed { leg: leg(1), why: Failure::ResourceShortage }));
    assert_eq!(relays.setback(), None, "told once");
}

#[test]
fn a_close_is_tried_until_it_is_taken() {
    let (plane, mut relays) = plane();
    assert!(relays.tell(open(1)));
    plane.full(true);
    assert!(!relays.tell(Command::Close { leg: leg(1) }));
    assert!(relays.is_behind());
    assert_eq!(relays.setback(), None);
    assert!(relays.is_behind(), "still full");
    plane.full(false);
    assert_eq!(relays.setback(), None);
    assert_eq!((relays.is_behind(), plane.closed()), (false, vec![leg(1)]));
}

#[test]
fn only_legs_that_are_open_are_closed_when_all_are() {
    let (plane, mut relays) = plane();
    for n in 1..=4 {
        assert!(relays.tell(open(n)));
    }
    assert!(relays.tell(Command::Close { leg: leg(1) }));
    assert_eq!(relays.heard(&Event::Failed { leg: leg(2), why: Failure::Socket }), None);
    relays.close_all();
    assert_eq!(plane.closed(), [leg(1), leg(3), leg(4)]);
}

#[test]
fn a_full_plane_refuses_new_calls_and_says_so_until_there_is_room() {
    let world = World::start(|config| (config.media.legs_max, config.media.threads) = (2, 1));
    let mut phones: Vec<_> = (2001..=2004).map(|dn| world.phone(dn)).collect();
    let [a, b, c, d] = phones.as_mut_slice() else { panic!("four phones") };
    let metrics = world.handle.metrics();
    let (here, there) = a.call(b);
    assert!(!metrics.media_full());
    assert_eq!(c.try_call(d), Err(503));
    assert!(metrics.media_full());
    assert_eq!(metrics.count(Kind::MediaFull), 1);
    a.hang_up(here);
    until("there is room again", || {
        a.step();
        b.is_over(there) && !metrics.media_full()
    });
    c.call(d);
}
