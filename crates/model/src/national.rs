//! 国民の祝日 of Japan, computed from the law's rules (J103, J104), from 2000 to 2099.
//!
//! | Rule | |
//! |---|---|
//! | a holiday | each with its first and last year; what a law moved once is an entry of its own |
//! | 振替休日 | a holiday on a Sunday: the next day that is none (until 2006 only the Monday) |
//! | 国民の休日 | a weekday between two holidays |
//! | equinoxes | a forecast by formula until the government tells them each February |

use base::Wall;
use base::time::TOKYO_OFFSET_S;

use crate::reception::Day;

const FIRST: u16 = 2000;
const LAST: u16 = 2099;

/// When in a year.
#[derive(Clone, Copy)]
enum When {
    On(u8, u8),
    /// The so-manieth Monday of a month.
    Monday(u8, u8),
    Spring,
    Autumn,
}

use When::{Autumn, Monday, On, Spring};

/// A holiday from its first to its last year.
const RULES: &[(u16, u16, When)] = &[
    (FIRST, LAST, On(1, 1)),
    (FIRST, LAST, Monday(1, 2)),
    (FIRST, LAST, On(2, 11)),
    (2020, LAST, On(2, 23)),
    (FIRST, LAST, Spring),
    (FIRST, LAST, On(4, 29)),
    (FIRST, LAST, On(5, 3)),
    (2007, LAST, On(5, 4)),
    (FIRST, LAST, On(5, 5)),
    (FIRST, 2002, On(7, 20)),
    (2003, 2019, Monday(7, 3)),
    (2022, LAST, Monday(7, 3)),
    (2016, 2019, On(8, 11)),
    (2022, LAST, On(8, 11)),
    (FIRST, 2002, On(9, 15)),
    (2003, LAST, Monday(9, 3)),
    (FIRST, LAST, Autumn),
    (FIRST, 2019, Monday(10, 2)),
    (2022, LAST, Monday(10, 2)),
    (FIRST, LAST, On(11, 3)),
    (FIRST, LAST, On(11, 23)),
    (FIRST, 2018, On(12, 23)),
    // The accession, and the years of the Olympic Games.
    (2019, 2019, On(5, 1)),
    (2019, 2019, On(10, 22)),
    (2020, 2020, On(7, 23)),
    (2020, 2020, On(7, 24)),
    (2020, 2020, On(8, 10)),
    (2021, 2021, On(7, 22)),
    (2021, 2021, On(7, 23)),
    (2021, 2021, On(8, 8)),
];

/// Whether the law makes the day a holiday.
pub fn is_holiday(day: Day) -> bool {
    if !(FIRST..=LAST).contains(&day.year) {
        return false;
    }
    is_named(day) || is_substitute(day) || is_between(day)
}

fn is_named(day: Day) -> bool {
    let is = |when: When| match when {
        On(month, of) => (day.month, day.day) == (month, of),
        Monday(month, nth) => {
            day.month == month && weekday(day) == 1 && (day.day - 1) / 7 + 1 == nth
        }
        Spring => day.month == 3 && day.day == equinox(day.year, 208_431),
        Autumn => day.month == 9 && day.day == equinox(day.year, 232_488),
    };
    let holds = |(first, last, _): &&(u16, u16, When)| (*first..=*last).contains(&day.year);
    RULES.iter().filter(holds).any(|(_, _, when)| is(*when))
}

/// The day of an equinox; `base` in ten thousandths of a day, for 1980.
fn equinox(year: u16, base: u64) -> u8 {
    let years = u64::from(year.saturating_sub(1980));
    let days = (base * 100 + 242_194 * years) / 1_000_000;
    u8::try_from(days - years / 4).unwrap_or(0)
}

fn is_substitute(day: Day) -> bool {
    if is_named(day) {
        return false;
    }
    let mut before = shifted(day, -1);
    // No row of holidays is longer than a week.
    for _ in 0..7 {
        if !is_named(before) {
            return false;
        }
        if weekday(before) == 0 {
            return true;
        }
        if day.year < 2007 {
            return false;
        }
        before = shifted(before, -1);
    }
    false
}

fn is_between(day: Day) -> bool {
    let named = |days| is_named(shifted(day, days));
    weekday(day) != 0 && !is_named(day) && named(-1) && named(1)
}

fn start(day: Day) -> Wall {
    Wall::start_of_day(day.year.into(), day.month, day.day, TOKYO_OFFSET_S)
}

/// 0 = Sunday.
fn weekday(day: Day) -> u8 {
    start(day).civil(TOKYO_OFFSET_S).weekday
}

fn shifted(day: Day, days: i64) -> Day {
    let to = Wall(start(day).0 + days * 86_400_000);
    Day::of(to.civil(TOKYO_OFFSET_S)).unwrap_or(day)
}
