//! A number with many watchers: lamps come in turns, so that calls never wait for them.

use base::limits::{NOTIFIES_AT_ONCE, NOTIFY_PACE};
use base::{Micros, Mono};

use super::{Watcher, World, body, line};
use crate::event::DialogPhase;
use crate::msg::Msg;

const PHONES: u32 = 6;
const EACH: u32 = 200;

fn crowd() -> World {
    let mut w = World::new();
    for n in 0..PHONES {
        for serial in 0..EACH {
            let mut watcher = Watcher::new(2001 + n, serial, 2002);
            assert_eq!(w.subscribe(&mut watcher, "").status(), Some(200));
        }
    }
    w.state(2002, Vec::new());
    w.wait(Micros::seconds(1));
    w.answer_all();
    w.wait(Micros::seconds(10));
    assert!(w.told.is_empty());
    w
}

#[test]
fn at_most_so_many_go_at_once_and_the_rest_follow() {
    let mut w = crowd();
    w.state(2002, vec![line(1, DialogPhase::Early)]);
    assert_eq!(w.told.len(), NOTIFIES_AT_ONCE);
    let mut last = w.bench.now.mono;
    let mut seen = w.told.len();
    while seen < (PHONES * EACH) as usize {
        let next = w.bench.stack.next_deadline().expect("more are to come");
        let before = w.told.len();
        w.wait(next.since(w.bench.now.mono).max(Micros(1)));
        let new = w.told.len() - before;
        assert!(new <= NOTIFIES_AT_ONCE);
        if new > 0 {
            let now: Mono = w.bench.now.mono;
            assert!(now.since(last) >= NOTIFY_PACE, "too soon");
            last = now;
        }
        seen += new;
    }
    assert_eq!(seen, (PHONES * EACH) as usize);
    w.answer_all();
}

#[test]
fn what_changes_meanwhile_reaches_everybody_once() {
    let mut w = crowd();
    w.state(2002, vec![line(1, DialogPhase::Early)]);
    w.state(2002, vec![line(1, DialogPhase::Confirmed)]);
    w.wait(Micros::millis(400));
    let early = |m: &&Msg| body(m).contains("early");
    // Those who had not been told yet are told the newest only.
    assert_eq!(w.told.iter().filter(early).count(), NOTIFIES_AT_ONCE);
    assert_eq!(w.told.len(), (PHONES * EACH) as usize);
    w.answer_all();
    w.wait(Micros::millis(1_000));
    assert_eq!(w.told.len(), NOTIFIES_AT_ONCE);
    assert_eq!(w.told.iter().filter(early).count(), 0);
    w.answer_all();
    w.wait(Micros::seconds(2));
    assert!(w.told.is_empty());
}
