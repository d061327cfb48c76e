//! Lines and receptions: rules, look-ups, what dialled strings mean where there are lines.

use base::Wall;
use base::id::{LineId, SoundId, Uuid};

use super::world::*;
use crate::outside::{Dialled, ShowNumber, read};
use crate::reception::{Day, Span};
use crate::violation::code;
use crate::*;

fn line_id(n: u128) -> LineId {
    LineId(Uuid(0xb000 + n))
}

/// Line `n` of 識別番号 `00n` by gateway 1.
fn trunk(n: u128, number: &str) -> Line {
    Line::new(line_id(n), (tenant_id(1), gateway_id(1)), dn(&format!("00{n}")), dn(number))
}

/// A company with gateway 1 of this prefix and lines 001 and 002.
fn with_lines(prefix: &str) -> Snapshot {
    let changes = [
        Change::GatewayPut(gateway(1, prefix)),
        Change::LinePut(trunk(1, "0311110001")),
        Change::LinePut(trunk(2, "0311110002")),
    ];
    apply(&company(), &changes).expect("lawful")
}

fn codes_of(snapshot: &Snapshot, changes: &[Change]) -> Vec<(u16, violation::Field)> {
    let found = apply(snapshot, changes).expect_err("refused");
    found.into_iter().map(|v| (v.code, v.field)).collect()
}

#[test]
fn what_a_line_must_be() {
    use violation::Field as F;
    let now = with_lines("0");
    let refused = |line: Line| codes_of(&now, &[Change::LinePut(line)]);
    let third = || trunk(3, "0311110003");
    for (line, expected) in [
        (Line { name: "".into(), ..third() }, (code::EMPTY, F::Name)),
        (Line { code: dn("1234567"), ..third() }, (code::BAD_TEXT, F::LineCode)),
        (Line { number: dn("2001"), ..third() }, (code::BAD_TEXT, F::LineNumber)),
        (Line { gateway: gateway_id(9), ..third() }, (code::NOT_FOUND, F::Gateway)),
        (Line { prefix: Some("12".into()), ..third() }, (code::BAD_TEXT, F::Prefix)),
        (Line { reserve: Some(line_id(9)), ..third() }, (code::NO_LINE, F::Reserve)),
        (Line { reserve: Some(line_id(3)), ..third() }, (code::NO_LINE, F::Reserve)),
        (Line { code: dn("001"), ..third() }, (code::DUPLICATE, F::LineCode)),
        (Line { number: dn("0311110001"), ..third() }, (code::DUPLICATE, F::LineNumber)),
        (
            Line { day: Inbound::Registered { ring_s: 4, overflow: None }, ..third() },
            (code::BAD_TEXT, F::Range("ring-s")),
        ),
        (
            Line {
                night: Some(Inbound::To(LineTarget::Announcement(Some(SoundId(Uuid(1)))))),
                ..third()
            },
            (code::NOT_FOUND, F::Sound),
        ),
        (
            Line { callers: [user_id(1), user_id(1)].into(), ..third() },
            (code::DUPLICATE, F::Member),
        ),
    ] {
        assert_eq!(refused(line.clone()), [expected], "{line:?}");
    }
    assert!(apply(&now, &[Change::LinePut(third())]).is_ok());
}

#[test]
fn one_line_is_the_common_one_and_a_person_has_one_initial_line() {
    use violation::Field as F;
    let first = Line { common: true, initial_of: [user_id(1)].into(), ..trunk(1, "0311110001") };
    let now = apply(&with_lines("0"), &[Change::LinePut(first.clone())]).expect("lawful");
    assert_eq!(now.common_line(tenant_id(1)).map(|l| l.id), Some(line_id(1)));
    assert_eq!(now.initial_line(user_id(1)).map(|l| l.id), Some(line_id(1)));
    assert!(now.initial_line(user_id(2)).is_none());
    let second = Line { common: true, ..trunk(2, "0311110002") };
    assert_eq!(codes_of(&now, &[Change::LinePut(second)]), [(code::DUPLICATE, F::Common)]);
    let second = Line { initial_of: [user_id(1)].into(), ..trunk(2, "0311110002") };
    let put = Change::LinePut(second.clone());
    assert_eq!(codes_of(&now, &[put]), [(code::DUPLICATE, F::InitialLine)]);
    let moved = [
        Change::LinePut(Line { initial_of: Box::default(), ..first }),
        Change::LinePut(second.settled()),
    ];
    let then = apply(&now, &moved).expect("moved in one set");
    assert_eq!(then.initial_line(user_id(1)).map(|l| l.id), Some(line_id(2)));
    assert_eq!(then.lines_out(user_id(1)), [line_id(2)], "it may be called out on (R210)");
    assert_eq!(apply(&then, &diff(&then, &now)).expect("back"), now);
    assert_eq!(apply(&then, &invert(&now, &moved)).expect("undone"), now);
}

#[test]
fn what_others_refer_to_stays() {
    let second = Line { reserve: Some(line_id(1)), ..trunk(2, "0311110002") };
    let now = apply(&with_lines("0"), &[Change::LinePut(second)]).expect("lawful");
    let gone = |change: Change| codes_of(&now, &[change]);
    let object = [(code::IN_USE, violation::Field::Object)];
    assert_eq!(gone(Change::LineDelete(line_id(1))), object);
    assert_eq!(gone(Change::GatewayDelete(gateway_id(1))), object);
    let all = [
        Change::GatewayDelete(gateway_id(1)),
        Change::LineDelete(line_id(1)),
        Change::LineDelete(line_id(2)),
    ];
    assert!(apply(&now, &all).is_ok());
}

#[test]
fn a_prefix_of_its_own_passes_the_checker() {
    let now = with_lines("0");
    let own = |prefix: &str| Line { prefix: Some(prefix.into()), ..trunk(1, "0311110001") };
    for taken in ["0", "20", "2001", "2"] {
        let found = codes_of(&now, &[Change::LinePut(own(taken))]);
        assert_eq!(found, [(code::CODE_COLLISION, violation::Field::Prefix)], "{taken}");
    }
    let now = apply(&now, &[Change::LinePut(own("71"))]).expect("free");
    let clash = apply(&now, &[Change::UserPut(user(9, "7100"))]).expect_err("behind the prefix");
    assert_eq!(clash[0].with.as_ref().and_then(|w| w.noun), Some(Noun::Line));
}

/// The line or gateway, what it gets, and what was said of the own number.
fn leaves(snapshot: &Snapshot, text: &str) -> Option<(String, String, Option<ShowNumber>)> {
    let (way, number) = match read(snapshot, tenant_id(1), text)? {
        Dialled::Emergency(_) => return Some(("!".to_owned(), String::new(), None)),
        Dialled::Number(gateway, number) => (format!("gw{}", gateway.prefix), number),
        Dialled::Line(line, number) => (line.code.text(), number),
        Dialled::Plain(number) => ("plain".to_owned(), number),
    };
    Some((way, number.digits.text(), number.show))
}

#[test]
fn dialled_strings_choose_lines() {
    let lines = [
        Change::LinePut(Line { prefix: Some("71".into()), ..trunk(1, "0311110001") }),
        Change::LinePut(Line { code: dn("1"), ..trunk(4, "0311110004") }),
        Change::LinePut(Line { code: dn("10"), ..trunk(5, "0311110005") }),
    ];
    let now = apply(&with_lines("8"), &lines).expect("lawful");
    let hide = Some(ShowNumber::Hide);
    for (dialled, way, number, show) in [
        ("*800010312345678", "001", "0312345678", None),
        ("*80002117", "002", "117", None),
        ("710312345678", "001", "0312345678", None),
        ("*8010312345678", "1", "0312345678", None),
        // Of two that fit the longer one.
        ("*80100312345678", "10", "0312345678", None),
        ("184*800010312345678", "001", "0312345678", hide),
        ("*800011840312345678", "001", "0312345678", hide),
        ("*800010184221234", "001", "0184221234", None),
        ("80312345678", "gw8", "0312345678", None),
        ("0312345678", "plain", "0312345678", None),
        ("1840312345678", "plain", "0312345678", hide),
    ] {
        let expected = Some((way.to_owned(), number.to_owned(), show));
        assert_eq!(leaves(&now, dialled), expected, "{dialled}");
    }
    for none in ["*80", "*80001", "*800012001", "*800990312345678", "712001", "2001", "5"] {
        assert_eq!(leaves(&now, none), None, "{none}");
    }
    for emergency in ["110", "*80001119", "71118", "184*80002110", "*8000171110"] {
        let found = leaves(&now, emergency).map(|(way, ..)| way);
        assert_eq!(found.as_deref(), Some("!"), "{emergency}");
    }
    let without = apply(&now, &[Change::TenantPut(Tenant { options: Options::NONE, ..tenant(1) })]);
    let without = without.expect("lawful");
    assert_eq!(leaves(&without, "*800010312345678"), None, "not contracted");
    assert_eq!(leaves(&without, "0312345678"), None);
}

#[test]
fn a_called_number_finds_its_line() {
    let now = with_lines("0");
    let gateway = now.gateway(gateway_id(1)).expect("there");
    for text in ["0311110001", "+81311110001", "+81-3-1111-0001", "03-1111-0001", "(03)11110001"] {
        assert_eq!(now.line_called(gateway, text).map(|l| l.id), Some(line_id(1)), "{text}");
    }
    for text in ["0311110009", "311110001", "gw0", ""] {
        assert!(now.line_called(gateway, text).is_none(), "{text}");
    }
}

fn reception(change: impl FnOnce(&mut Reception)) -> Change {
    let mut out = Reception::new(tenant_id(1), site_id(1));
    change(&mut out);
    Change::ReceptionPut(out)
}

#[test]
fn hours_are_in_order_and_within_their_limits() {
    let day = |n: u8| Day { year: 2027, month: 1, day: n };
    let span = |from: u16, to: u16| Span { from, to };
    let now = with_lines("0");
    let with = |spans: Vec<Span>, holidays: Vec<Day>| {
        let mut hours = Hours { holidays: holidays.into(), ..Hours::default() };
        hours.week[1] = spans.into();
        apply(&now, &[reception(|r| r.hours = Some(hours))]).is_ok()
    };
    assert!(with(vec![span(0, 720), span(780, 1_440)], vec![day(1), day(2)]));
    for (spans, holidays) in [
        (vec![span(10, 10)], vec![]),
        (vec![span(0, 1_441)], vec![]),
        (vec![span(0, 60), span(30, 90)], vec![]),
        (vec![span(0, 1); 9], vec![]),
        (vec![], vec![day(2), day(1)]),
        (vec![], vec![day(1), day(1)]),
    ] {
        assert!(!with(spans, holidays));
    }
    let elsewhere = Reception::new(tenant_id(1), site_id(9));
    assert!(apply(&now, &[Change::ReceptionPut(elsewhere)]).is_err());
    let kept = apply(&now, &[reception(|r| r.switch = NightSwitch::Night)]).expect("lawful");
    assert!(
        kept.reception(site_id(1))
            .is_some_and(|r| r.is_night(Wall(0), &crate::calendar::Calendar::none()))
    );
    let back = apply(&kept, &[Change::ReceptionDelete(site_id(1))]).expect("lawful");
    assert_eq!(back, now);
}

#[test]
fn days_and_spans_are_read_as_they_are_written() {
    for text in ["2027-01-01", "2028-02-29", "9999-12-31"] {
        assert_eq!(Day::parse(text).map(Day::text).as_deref(), Some(text));
    }
    for text in ["2027-02-29", "2027-13-01", "2027-1-1", "1969-01-01", "2027-01-01-1", "+027-01-01"]
    {
        assert_eq!(Day::parse(text), None, "{text}");
    }
    for text in ["09:00-17:30", "00:00-24:00"] {
        assert_eq!(Span::parse(text).map(Span::text).as_deref(), Some(text));
    }
    for text in ["9:00-17:30", "17:00-09:00", "00:00-24:01", "09:60-10:00", "09:00", "+9:00-10:00"]
    {
        assert_eq!(Span::parse(text), None, "{text}");
    }
}

#[test]
fn lines_survive_their_byte_form_and_every_cut() {
    let mut hours =
        Hours { holidays: [Day { year: 2027, month: 1, day: 1 }].into(), ..Hours::default() };
    hours.week[6] = [Span { from: 540, to: 720 }, Span { from: 780, to: 1_440 }].into();
    let sound = LineTarget::Announcement(Some(SoundId(Uuid(5))));
    let changes = [
        Change::LinePut(trunk(1, "0311110001")),
        Change::LinePut(Line {
            prefix: Some("71".into()),
            reserve: Some(line_id(1)),
            receive: Receive::Registered,
            receivers: [user_id(1), user_id(2)].into(),
            callers: [user_id(2)].into(),
            initial_of: [user_id(2)].into(),
            common: true,
            day: Inbound::Registered { ring_s: 600, overflow: Some(LineTarget::Dn(dn("2001"))) },
            night: Some(Inbound::To(sound)),
            ..trunk(2, "05011110002")
        }),
        Change::LineDelete(line_id(3)),
        reception(|r| {
            r.switch = NightSwitch::Day;
            r.hours = Some(hours);
            r.unknown = Some(LineTarget::Announcement(None));
        }),
        Change::ReceptionDelete(site_id(1)),
        Change::DnSettingsPut(DnSettings {
            caller_number: CallerNumber::Pilot,
            hide_number: true,
            ..settings("2001")
        }),
        Change::DnSettingsPut(settings("2002")),
    ];
    let bytes = encode_changes(&changes);
    assert_eq!(decode_changes(&bytes).as_deref(), Ok(&changes[..]));
    for len in 0..bytes.len() {
        assert!(decode_changes(&bytes[..len]).is_err(), "{len}");
    }
    for at in 0..bytes.len() {
        let mut bad = bytes.clone();
        bad[at] ^= 0xff;
        let _ = decode_changes(&bad);
    }
}
