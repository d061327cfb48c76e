//! Date (RFC 3261 §20.17): RFC 1123 form, always GMT.

use base::Wall;
use base::time::Civil;

const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Reads a date; `None` for any other form or zone, which is then ignored (RFC 4475 §3.1.2.12).
pub fn parse(text: &[u8]) -> Option<Wall> {
    let text = std::str::from_utf8(text).ok()?;
    let mut words = text.split_ascii_whitespace();
    let weekday = words.next()?.strip_suffix(',')?;
    DAYS.iter().find(|d| d.eq_ignore_ascii_case(weekday))?;
    let day: u8 = words.next().filter(|d| d.len() == 2)?.parse().ok()?;
    let name = words.next()?;
    let month = MONTHS.iter().position(|m| m.eq_ignore_ascii_case(name))?;
    let year: i64 = words.next().filter(|y| y.len() == 4)?.parse().ok()?;
    let mut clock = words.next().filter(|c| c.len() == 8)?.split(':');
    let mut part = |max: i64| clock.next()?.parse::<i64>().ok().filter(|n| (0..=max).contains(n));
    let (hour, minute, second) = (part(23)?, part(59)?, part(60)?);
    if words.next() != Some("GMT") || words.next().is_some() || !(1..=31).contains(&day) {
        return None;
    }
    let midnight = Wall::start_of_day(year, u8::try_from(month).ok()? + 1, day, 0);
    Some(Wall(midnight.0 + ((hour * 60 + minute) * 60 + second) * 1000))
}

/// A date as a Date header writes it.
pub fn write(at: Wall) -> String {
    let Civil { year, month, day, hour, minute, second, weekday } = at.civil(0);
    let pick = |names: &[&'static str], n: usize| names.get(n).copied().unwrap_or_default();
    let weekday = pick(&DAYS, usize::from(weekday));
    let month = pick(&MONTHS, usize::from(month).saturating_sub(1));
    format!("{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT")
}
