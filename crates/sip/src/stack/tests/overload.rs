//! What is refused when inputs wait too long, and that nothing costs more because much is pending.

use base::Micros;
use base::event::Kind;

use super::bench::{Ask, Bench};
use crate::msg::HeaderId;
use crate::stack::Output;

const CONTACT: &str = "<sip:tanaka2001@198.51.100.1>";

/// Statuses of REGISTER of a new and a known phone, OPTIONS, SUBSCRIBE, MESSAGE, INVITE to 2002
/// and to 110, BYE.
fn check(lag_ms: u64, expected: [u16; 8]) {
    let mut bench = Bench::new();
    assert_eq!(bench.ask(&Ask::register(CONTACT)).status(), 200);
    lasts(&mut bench, lag_ms);
    let strange = |ask: Ask| Ask { source: ([203, 0, 113, 5], 5060).into(), ..ask };
    let emergency = Ask { uri: "sip:184110@example.jp".into(), ..Ask::other("INVITE") };
    let asks = [
        strange(Ask::register(CONTACT)),
        Ask::register(CONTACT).cseq(5),
        Ask::other("OPTIONS"),
        Ask::other("SUBSCRIBE"),
        Ask::other("MESSAGE"),
        Ask::other("INVITE"),
        emergency,
        Ask::other("BYE"),
    ];
    let statuses = asks.map(|ask| {
        let got = bench.plain(&ask);
        if got.status() == 503 {
            let seconds: u32 = got.values(HeaderId::RetryAfter)[0].parse().expect("seconds");
            assert!((5..=30).contains(&seconds));
            assert!(
                got.outputs.iter().any(|o| matches!(o, Output::Event(e) if e.kind == Kind::Shed))
            );
        }
        got.status()
    });
    assert_eq!(statuses, expected, "{lag_ms} ms");
}

/// Requests wait so long each, for more than 100 ms.
fn lasts(bench: &mut Bench, lag_ms: u64) {
    bench.now.lag = Micros::millis(lag_ms);
    for n in 0..3 {
        assert_ne!(bench.plain(&Ask::other("OPTIONS").call_id(&format!("o{n}"))).status(), 503);
        bench.wait(Micros::millis(40));
    }
}

fn invites(bench: &mut Bench, n: u32) -> u16 {
    bench.plain(&Ask::other("INVITE").call_id(&format!("i{n}"))).status()
}

/// ADR 0022.
#[test]
fn what_came_while_the_machine_stood_still_is_served() {
    let mut bench = Bench::new();
    bench.now.lag = Micros::millis(800);
    assert_eq!(invites(&mut bench, 0), 407);
    bench.wait(Micros::millis(99));
    assert_eq!(invites(&mut bench, 1), 407);
    // It stands still again and again, and is in time between: by the clock, or with an input.
    bench.wait(Micros::millis(100));
    assert_eq!(invites(&mut bench, 2), 407);
    bench.wait(Micros::millis(60));
    bench.now.lag = Micros(0);
    assert_eq!(invites(&mut bench, 3), 407);
    bench.now.lag = Micros::millis(800);
    bench.wait(Micros::millis(60));
    assert_eq!(invites(&mut bench, 4), 407);
    bench.wait(Micros::millis(60));
    assert_eq!(invites(&mut bench, 5), 407);
    bench.wait(Micros::millis(60));
    assert_eq!(invites(&mut bench, 6), 503, "it has lasted");
}

#[test]
fn load_is_shed_in_two_steps_and_calls_in_progress_and_emergencies_never() {
    check(49, [401, 401, 200, 407, 407, 407, 407, 481]);
    check(50, [503, 401, 503, 503, 407, 407, 407, 481]);
    check(100, [503, 503, 503, 503, 503, 503, 407, 481]);
}

#[test]
fn timers_of_refreshed_bindings_do_not_pile_up() {
    let mut bench = Bench::new();
    for n in 0..50 {
        let got = bench.ask(&Ask::register(CONTACT).cseq(n * 2 + 1));
        assert_eq!(got.status(), 200);
        bench.wait(Micros::seconds(40));
    }
    // One for the binding; those of the last transactions may still run.
    assert!(bench.stack.layer.timers_len() <= 4, "{}", bench.stack.layer.timers_len());
}

#[test]
fn only_what_is_due_is_touched() {
    let mut bench = Bench::new();
    for n in 0..2_000u32 {
        let ask = Ask::other("MESSAGE").call_id(&format!("m{n}"));
        let challenge = bench.plain(&ask);
        let again = ask.clone().extra(&super::bench::credentials(challenge.message(), &ask));
        assert_eq!(bench.plain(&again.cseq(2)).status(), 405);
        bench.wait(Micros::millis(10));
    }
    assert_eq!(bench.stack.layer.len(), 2_000);
    let pending = bench.stack.layer.timers_len();
    let mut due = Vec::new();
    bench.stack.layer.expire(bench.now.mono, &mut due);
    assert!(due.len() <= 4, "{} of {pending}", due.len());
}
