//! A large department is called a few at a time (R276).

use base::limits::{INVITE_PACE, INVITES_AT_ONCE};
use base::{Cause, Micros, Mono};

use super::world::{World, department};

const FIRST: u16 = 3001;
const LAST: u16 = 3256;

fn company(mut w: World) -> World {
    w.hire(FIRST..=LAST);
    let members: Vec<u16> = (FIRST..=LAST).collect();
    w.configure(&[department(&members, |_| {})]);
    w
}

/// When each INVITE left.
struct Seen(Vec<Mono>);

impl Seen {
    /// Takes what was offered just now; ringing goes on.
    fn look(&mut self, w: &mut World) -> usize {
        let lines = std::mem::take(&mut w.lines);
        let new = lines.iter().filter(|l| l.contains(" invite ")).count();
        self.0.extend(std::iter::repeat_n(w.now.mono, new));
        new
    }

    fn most_at_once(&self) -> usize {
        let within = |from: &Mono| {
            let until = *from + INVITE_PACE;
            self.0.iter().filter(|at| *at >= from && **at < until).count()
        };
        self.0.iter().map(within).max().unwrap_or(0)
    }
}

#[test]
fn a_large_department_rings_at_most_so_many_phones_in_one_moment_and_all_in_the_end() {
    for relayed in [false, true] {
        let mut w = company(if relayed { World::relayed() } else { World::new() });
        let mut seen = Seen(Vec::new());
        w.dial(2001, "7100");
        seen.look(&mut w);
        // A second call waits for its turn behind the first, and does not double the load.
        w.wait(Micros::millis(3));
        seen.look(&mut w);
        w.dial(2002, "7100");
        for _ in 0..200 {
            seen.look(&mut w);
            w.wait(Micros::millis(1));
        }
        assert_eq!(seen.0.len(), 256, "relayed {relayed}: members ring once, for the first call");
        assert_eq!(seen.most_at_once(), INVITES_AT_ONCE);
        w.hangs_up("2001");
        w.hangs_up_all();
        w.expect_drained();
    }
}

#[test]
fn two_departments_that_ring_at_once_share_the_pace() {
    let mut w = World::new();
    w.hire(FIRST..=LAST);
    let members: Vec<u16> = (FIRST..=LAST).collect();
    w.configure(&[department(&members, |d| d.ring_busy = true)]);
    let mut seen = Seen(Vec::new());
    w.dial(2001, "7100");
    w.dial(2002, "7100");
    for _ in 0..400 {
        seen.look(&mut w);
        w.wait(Micros::millis(1));
    }
    assert_eq!(seen.0.len(), 512);
    assert_eq!(seen.most_at_once(), INVITES_AT_ONCE);
    // An ordinary call in the midst of it would not have waited.
    w.hangs_up_all();
    w.expect_drained();
}

#[test]
fn an_ordinary_call_does_not_wait_behind_a_department() {
    let mut w = company(World::new());
    let mut seen = Seen(Vec::new());
    w.dial(2001, "7100");
    assert_eq!(seen.look(&mut w), INVITES_AT_ONCE);
    w.dial(2003, "2004");
    assert_eq!(seen.look(&mut w), 1, "at once");
    w.hangs_up_all();
    w.expect_drained();
}

#[test]
fn an_answer_or_the_callers_end_in_between_leaves_the_others_in_peace() {
    for answered in [true, false] {
        let mut w = company(World::new());
        let mut seen = Seen(Vec::new());
        w.dial(2001, "7100");
        w.wait(INVITE_PACE);
        seen.look(&mut w);
        assert_eq!(seen.0.len(), 2 * INVITES_AT_ONCE);
        if answered {
            w.answers("3007")
        } else {
            w.hangs_up("2001")
        }
        let lines = std::mem::take(&mut w.lines);
        let ended = lines.iter().filter(|l| l.contains(" end ")).count();
        assert_eq!(ended, seen.0.len() - usize::from(answered), "nobody else has heard of it");
        for _ in 0..20 {
            w.wait(INVITE_PACE);
        }
        assert_eq!(seen.look(&mut w), 0);
        w.hangs_up_all();
        let cause = if answered { Cause::NormalClearing } else { Cause::CallerCancelled };
        assert_eq!(w.records.last().expect("a record").cause, cause);
        w.expect_drained();
    }
}

#[test]
fn refusals_of_the_first_do_not_end_the_ringing_of_those_who_wait() {
    let mut w = company(World::new());
    let mut seen = Seen(Vec::new());
    w.dial(2001, "7100");
    for n in FIRST..FIRST + INVITES_AT_ONCE as u16 {
        w.refuses(&n.to_string(), 486);
    }
    assert!(w.records.is_empty());
    w.wait(INVITE_PACE);
    seen.look(&mut w);
    w.answers("3080");
    assert_eq!(w.control.calls().next().expect("a call").callee.as_deref(), Some("3080"));
    w.hangs_up_all();
    w.expect_drained();
}
