//! National holidays against the lists of the government, and the calendar of a company.

use base::Wall;
use base::time::TOKYO_OFFSET_S;

use crate::calendar::{Calendar, Period};
use crate::national::is_holiday;
use crate::reception::Day;

fn day(text: &str) -> Day {
    Day::parse(text).expect("a day")
}

/// Every day of a year, in order.
fn year(of: u16) -> Vec<Day> {
    let start = Wall::start_of_day(of.into(), 1, 1, TOKYO_OFFSET_S).0;
    let days = (0..366).map(|n| Wall(start + n * 86_400_000).civil(TOKYO_OFFSET_S));
    days.filter_map(Day::of).filter(|d| d.year == of).collect()
}

fn holidays(of: u16) -> String {
    let found = year(of).into_iter().filter(|d| is_holiday(*d));
    found.map(|d| format!("{}/{}", d.month, d.day)).collect::<Vec<_>>().join(" ")
}

#[test]
fn holidays_of_the_nation_are_those_of_the_government() {
    for (of, days) in [
        (2006, "1/1 1/2 1/9 2/11 3/21 4/29 5/3 5/4 5/5 7/17 9/18 9/23 10/9 11/3 11/23 12/23"),
        (
            2019,
            "1/1 1/14 2/11 3/21 4/29 4/30 5/1 5/2 5/3 5/4 5/5 5/6 7/15 8/11 8/12 9/16 9/23 10/14 \
             10/22 11/3 11/4 11/23",
        ),
        (
            2020,
            "1/1 1/13 2/11 2/23 2/24 3/20 4/29 5/3 5/4 5/5 5/6 7/23 7/24 8/10 9/21 9/22 11/3 11/23",
        ),
        (2021, "1/1 1/11 2/11 2/23 3/20 4/29 5/3 5/4 5/5 7/22 7/23 8/8 8/9 9/20 9/23 11/3 11/23"),
        (
            2024,
            "1/1 1/8 2/11 2/12 2/23 3/20 4/29 5/3 5/4 5/5 5/6 7/15 8/11 8/12 9/16 9/22 9/23 10/14 \
             11/3 11/4 11/23",
        ),
        (
            2025,
            "1/1 1/13 2/11 2/23 2/24 3/20 4/29 5/3 5/4 5/5 5/6 7/21 8/11 9/15 9/23 10/13 11/3 \
             11/23 11/24",
        ),
        (
            2026,
            "1/1 1/12 2/11 2/23 3/20 4/29 5/3 5/4 5/5 5/6 7/20 8/11 9/21 9/22 9/23 10/12 11/3 \
             11/23",
        ),
    ] {
        assert_eq!(holidays(of), days, "{of}");
    }
}

#[test]
fn equinoxes_are_where_they_are_expected() {
    let march = [20, 20, 20, 21, 20, 20, 20, 21, 20];
    let september = [22, 23, 23, 23, 22, 23, 23, 23, 22];
    for (n, (spring, autumn)) in march.into_iter().zip(september).enumerate() {
        let of = 2024 + n as u16;
        let is = |month, day| is_holiday(Day { year: of, month, day });
        assert!(is(3, spring), "{of}");
        assert!((19..=22).filter(|d| is(3, *d)).count() <= 2, "{of}");
        assert!(is(9, autumn), "{of}");
    }
}

#[test]
fn every_year_obeys_the_law() {
    for of in 2007..=2099 {
        let all = year(of);
        let found = all.iter().filter(|d| is_holiday(**d)).count();
        assert!((15..=22).contains(&found), "{of}: {found}");
        // Whatever falls on a Sunday is made good before the next weekday that is none.
        for pair in all.windows(2) {
            let sunday = Wall::start_of_day(of.into(), pair[0].month, pair[0].day, TOKYO_OFFSET_S);
            let sunday = sunday.civil(TOKYO_OFFSET_S).weekday == 0;
            assert!(!sunday || !is_holiday(pair[0]) || is_holiday(pair[1]), "{:?}", pair[0]);
        }
    }
    assert!(!is_holiday(day("1999-01-01")) && !is_holiday(day("2100-01-01")), "not known");
}

#[test]
fn a_company_adds_periods_and_days_and_takes_some_away() {
    let own = Calendar {
        bon: Some(Period::BON),
        closed: [day("2027-06-01")].into(),
        open: [day("2027-01-04"), day("2027-05-03"), day("2027-12-30")].into(),
        ..Calendar::default()
    };
    for (text, closed) in [
        ("2027-06-01", true),
        ("2027-06-02", false),
        ("2026-12-28", false),
        ("2026-12-29", true),
        ("2027-01-03", true),
        ("2027-01-04", false),
        ("2027-12-30", false),
        ("2027-08-12", false),
        ("2027-08-13", true),
        ("2027-08-16", true),
        ("2027-08-17", false),
        ("2027-05-03", false),
        ("2027-05-04", true),
    ] {
        assert_eq!(own.is_closed(day(text)), closed, "{text}");
    }
    assert!(!Calendar::none().is_closed(day("2027-01-01")));
}

#[test]
fn a_calendar_survives_its_text() {
    let own = Calendar {
        bon: Some(Period::BON),
        closed: [day("2027-06-01"), day("2028-06-01")].into(),
        open: [day("2027-05-03")].into(),
        ..Calendar::default()
    };
    for calendar in [own, Calendar::default(), Calendar::none()] {
        assert_eq!(Calendar::parse(&calendar.text()), Some(calendar));
    }
    for bad in ["x", "bon=02-30..03-01", "-2027-02-29", "-2027-06-02 -2027-06-01", "year-end="] {
        assert_eq!(Calendar::parse(bad), None, "{bad}");
    }
}
