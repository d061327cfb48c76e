//! The digit collector: held back, passed, swallowed, dialled.

use base::{Micros, Mono, Rng};
use model::{CallTimes, Code, CodeKind};

use crate::collect::{CallCodes, Collector, Heard, Way};

fn codes() -> CallCodes {
    let code = |text: &str| Some(Code::parse(text).expect("a code"));
    CallCodes { hold: code("#7"), confirm: code("#1"), tones: code("#9"), park: code("#5") }
}

/// What comes of these digits, 200 ms apart, each 100 ms long; `_` waits a second.
fn press(c: &mut Collector, codes: &CallCodes, now: &mut Mono, keys: &str) -> Vec<String> {
    let mut heard = Vec::new();
    for key in keys.bytes() {
        let steps = if key == b'_' { 10 } else { 2 };
        if key != b'_' {
            heard.extend(c.began(*now, (key, Way::Media), codes));
        }
        *now += Micros::millis(100);
        if key != b'_' {
            c.ended(*now, key, CallTimes::default());
        }
        for _ in 1..steps {
            *now += Micros::millis(100);
            heard.extend(c.tick(*now));
        }
    }
    heard.iter().map(told).collect()
}

fn told(heard: &Heard) -> String {
    match heard {
        Heard::Pass(digits) => format!("pass {}", String::from_utf8_lossy(digits)),
        Heard::Code(kind) => format!("code {}", kind.name()),
        Heard::Dial(number) => format!("dial {number}"),
        Heard::GiveUp => "give up".to_owned(),
    }
}

#[track_caller]
fn expect(keys: &str, expected: &[&str]) {
    let (mut c, mut now) = (Collector::default(), Mono(0));
    assert_eq!(press(&mut c, &codes(), &mut now, keys), expected, "{keys}");
}

#[test]
fn digits_pass_unless_they_may_become_a_code() {
    expect("12", &["pass 1", "pass 2"]);
    expect("#7", &["code hold"]);
    expect("1#7", &["pass 1", "code hold"]);
    expect("#2", &["pass #", "pass 2"]);
    expect("##7", &["pass #", "code hold"]);
    expect("#A", &["pass #", "pass A"]);
    expect("#5#9", &["code park", "code push-tone-send"]);
}

#[test]
fn a_code_that_is_not_completed_passes_after_one_and_a_half_seconds() {
    expect("#_", &[]);
    expect("#__7", &["pass #", "pass 7"]);
}

#[test]
fn the_same_digit_by_two_ways_counts_once() {
    let (mut c, codes) = (Collector::default(), codes());
    let (tone, info) = ((b'5', Way::Media), (b'5', Way::Signalling));
    assert_eq!(c.began(Mono(0), tone, &codes).len(), 1);
    assert!(c.began(Mono(149_999), info, &codes).is_empty());
    c.ended(Mono(160_000), b'5', CallTimes::default());
    assert!(c.began(Mono(300_000), info, &codes).is_empty(), "told late by the other way");
    assert_eq!(c.began(Mono(310_000), info, &codes).len(), 1);
    assert_eq!(c.began(Mono(400_000), info, &codes).len(), 1, "pressed twice");
}

fn dial(keys: &str) -> Vec<String> {
    let (mut c, mut now) = (Collector::default(), Mono(0));
    c.dial(now);
    press(&mut c, &codes(), &mut now, keys)
}

#[test]
fn a_number_is_dialled_by_its_pause_or_its_confirm_code() {
    assert_eq!(dial("7002___"), [""; 0]);
    assert_eq!(dial("7002____"), ["dial 7002"]);
    assert_eq!(dial("7002#1"), ["dial 7002"]);
    assert_eq!(dial("70__02____"), ["dial 7002"]);
    assert_eq!(dial("119"), ["dial 119"]);
    assert_eq!(dial("184110"), ["dial 184110"]);
    assert_eq!(dial("1190____"), ["dial 119", "pass 0"]);
    // 0118… also begins numbers of Sapporo, so the form with the prefix waits.
    assert_eq!(dial("0118"), [""; 0]);
    assert_eq!(dial("0118____"), ["dial 0118"]);
    // At most 32 digits wait.
    assert_eq!(dial(&format!("{}____", "5".repeat(40))), [format!("dial {}", "5".repeat(32))]);
}

#[test]
fn nothing_dialled_or_the_hold_code_again_gives_up() {
    assert_eq!(dial("______________"), [""; 0]);
    assert_eq!(dial("_______________"), ["give up"]);
    assert_eq!(dial("#7"), ["give up"]);
    assert_eq!(dial("70#7"), ["give up"]);
}

/// A hold code of figures alone takes a number back only when nothing else was dialled.
#[test]
fn a_hold_code_of_figures_may_stand_in_a_number() {
    let codes = CallCodes { hold: Code::parse("77").ok(), ..codes() };
    let dial = |keys: &str| {
        let (mut c, mut now) = (Collector::default(), Mono(0));
        c.dial(now);
        press(&mut c, &codes, &mut now, keys)
    };
    assert_eq!(dial("2077____"), ["dial 2077"]);
    assert_eq!(dial("77"), ["give up"]);
}

/// R282: pauses run from the end of a digit, and stop while one is pressed.
#[test]
fn pauses_run_from_the_end_of_a_digit_to_the_start_of_the_next() {
    let codes = codes();
    for (dials, pause) in [(false, Micros::millis(1_500)), (true, Micros::seconds(4))] {
        let mut c = Collector::default();
        if dials {
            c.dial(Mono(0));
        }
        // Pressed for longer than the pause.
        assert!(c.began(Mono(0), (b'#', Way::Media), &codes).is_empty());
        let end = Mono(0) + Micros::seconds(5);
        assert_eq!(c.tick(end), None, "while it is pressed");
        c.ended(end, b'#', CallTimes::default());
        let late = end + pause - Micros(1);
        assert_eq!(c.tick(late), None);
        // The next one begins in time, and is long too.
        assert!(c.began(late, (b'5', Way::Media), &codes).is_empty() == dials);
        if dials {
            assert_eq!(c.tick(late + Micros::seconds(5)), None);
            c.ended(late + Micros::seconds(5), b'5', CallTimes::default());
            let dialled = c.tick(late + Micros::seconds(9)).map(|h| told(&h));
            assert_eq!(dialled.as_deref(), Some("dial #5"));
        }
    }
}

/// Whatever is pressed: what passes and what is swallowed are all the digits, in order.
#[test]
fn no_digit_is_lost_or_doubled() {
    let mut rng = Rng::from_seed([5; 32]);
    for _ in 0..2_000 {
        let keys: String = (0..rng.below(12))
            .map(|_| char::from(b"0123456789*#7#75_"[rng.below(17) as usize]))
            .collect();
        let (mut c, mut now) = (Collector::default(), Mono(0));
        let mut heard = press(&mut c, &codes(), &mut now, &keys);
        heard.extend(press(&mut c, &codes(), &mut now, "__"));
        let back: String = heard
            .iter()
            .map(|h| match h.split_once(' ') {
                Some(("pass", digits)) => digits.to_owned(),
                Some(("code", name)) => {
                    let kind = CodeKind::of_name(name).expect("a code");
                    kind.default_text().to_owned()
                }
                _ => panic!("{h}"),
            })
            .collect();
        assert_eq!(back, keys.replace('_', ""), "{heard:?}");
    }
}

/// Section 8: the pauses are the company's.
#[test]
fn pauses_are_as_long_as_the_company_says() {
    let times = CallTimes { digit_pause_ms: 10_000, code_pause_ms: 500, ..CallTimes::default() };
    let (mut c, codes, end) = (Collector::default(), codes(), Mono(100_000));
    c.began(Mono(0), (b'#', Way::Media), &codes);
    c.ended(end, b'#', times);
    assert_eq!(c.tick(end + Micros::millis(499)), None);
    let passed = c.tick(end + Micros::millis(500)).map(|h| told(&h));
    assert_eq!(passed.as_deref(), Some("pass #"));
    c.dial(Mono(0));
    c.began(Mono(0), (b'5', Way::Media), &codes);
    c.ended(end, b'5', times);
    assert_eq!(c.tick(end + Micros::millis(9_999)), None);
    let dialled = c.tick(end + Micros::seconds(10)).map(|h| told(&h));
    assert_eq!(dialled.as_deref(), Some("dial 5"));
}
