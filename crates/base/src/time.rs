//! Two kinds of time that never mix: [`Mono`] for timers, [`Wall`] for records.

use std::ops::{Add, AddAssign, Sub};

/// Microseconds since the node's start; never goes back. For timers only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Mono(pub u64);

/// Milliseconds since 1970-01-01 UTC; may jump. For records, Date headers and schedules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Wall(pub i64);

/// A span of time in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Micros(pub u64);

/// What a machine is given with every input; read once by the shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Now {
    /// For timers; never goes back.
    pub mono: Mono,
    /// For records, Date headers and schedules; may jump.
    pub wall: Wall,
    /// How long the input waited in its queue; drives overload control.
    pub lag: Micros,
}

impl Micros {
    /// A span of `n` milliseconds.
    pub const fn millis(n: u64) -> Self {
        Self(n * 1_000)
    }
    /// A span of `n` seconds.
    pub const fn seconds(n: u64) -> Self {
        Self(n * 1_000_000)
    }
    /// A span of `n` minutes.
    pub const fn minutes(n: u64) -> Self {
        Self(n * 60_000_000)
    }
    /// Whole milliseconds in the span, rounded down.
    pub const fn as_millis(self) -> u64 {
        self.0 / 1_000
    }
    /// Whole seconds in the span, rounded down.
    pub const fn as_seconds(self) -> u64 {
        self.0 / 1_000_000
    }
    /// Twice the span, but at most `cap`: the back-off of RFC 3261 timers A, E and G.
    pub fn doubled(self, cap: Micros) -> Self {
        Self(self.0.saturating_mul(2).min(cap.0))
    }
}

impl Mono {
    /// Time from `earlier` to `self`; zero when `earlier` is later.
    pub fn since(self, earlier: Mono) -> Micros {
        Micros(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Micros> for Mono {
    type Output = Mono;
    fn add(self, span: Micros) -> Mono {
        Mono(self.0.saturating_add(span.0))
    }
}

impl Sub<Micros> for Mono {
    type Output = Mono;
    fn sub(self, span: Micros) -> Mono {
        Mono(self.0.saturating_sub(span.0))
    }
}

impl AddAssign<Micros> for Mono {
    fn add_assign(&mut self, span: Micros) {
        *self = *self + span;
    }
}

impl Add for Micros {
    type Output = Micros;
    fn add(self, other: Micros) -> Micros {
        Micros(self.0.saturating_add(other.0))
    }
}

/// Seconds from UTC to the zone of all tenants (Asia/Tokyo has no daylight saving, J100).
pub const TOKYO_OFFSET_S: i64 = 9 * 3_600;

/// A wall time taken apart into calendar fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Civil {
    /// Year, for example 2026.
    pub year: i64,
    /// Month 1–12.
    pub month: u8,
    /// Day of the month 1–31.
    pub day: u8,
    /// Hour 0–23.
    pub hour: u8,
    /// Minute 0–59.
    pub minute: u8,
    /// Second 0–59.
    pub second: u8,
    /// Day of the week, 0 = Sunday.
    pub weekday: u8,
}

impl Wall {
    /// The time as calendar fields at `offset_s` seconds from UTC.
    pub fn civil(self, offset_s: i64) -> Civil {
        let seconds = self.0.div_euclid(1_000) + offset_s;
        let days = seconds.div_euclid(86_400);
        let rest = seconds.rem_euclid(86_400);
        let (year, month, day) = civil_from_days(days);
        Civil {
            year,
            month,
            day,
            hour: (rest / 3_600) as u8,
            minute: (rest / 60 % 60) as u8,
            second: (rest % 60) as u8,
            weekday: (days + 4).rem_euclid(7) as u8,
        }
    }

    /// The first instant of a calendar day at `offset_s` seconds from UTC.
    pub fn start_of_day(year: i64, month: u8, day: u8, offset_s: i64) -> Self {
        Wall((days_from_civil(year, month, day) * 86_400 - offset_s) * 1_000)
    }

    /// `YYYY/MM/DD HH:MM:SS` in Asia/Tokyo, the form of every screen and file (J100).
    pub fn tokyo_text(self) -> String {
        let c = self.civil(TOKYO_OFFSET_S);
        format!(
            "{:04}/{:02}/{:02} {:02}:{:02}:{:02}",
            c.year, c.month, c.day, c.hour, c.minute, c.second
        )
    }
}

/// Days since 1970-01-01 to a proleptic Gregorian date, by eras of 400 years.
fn civil_from_days(days: i64) -> (i64, u8, u8) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = (doy - (153 * mp + 2) / 5 + 1) as u8;
    let month = if mp < 10 { mp + 3 } else { mp - 9 } as u8;
    (yoe + era * 400 + i64::from(month <= 2), month, day)
}

fn days_from_civil(year: i64, month: u8, day: u8) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let yoe = y.rem_euclid(400);
    let m = i64::from(month);
    let mp = if m > 2 { m - 3 } else { m + 9 };
    let doy = (153 * mp + 2) / 5 + i64::from(day) - 1;
    let doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    era * 146_097 + doe - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokyo_text_crosses_the_day_nine_hours_early() {
        assert_eq!(Wall(0).tokyo_text(), "1970/01/01 09:00:00");
        assert_eq!(Wall(1_782_831_600_000).tokyo_text(), "2026/07/01 00:00:00");
        assert_eq!(Wall(1_709_218_800_000 - 1_000).tokyo_text(), "2024/02/29 23:59:59");
    }

    #[test]
    fn days_and_dates_agree_both_ways() {
        for days in (-800_000..800_000).step_by(97) {
            let (y, m, d) = civil_from_days(days);
            assert_eq!(days_from_civil(y, m, d), days);
        }
    }

    #[test]
    fn back_off_stops_at_its_cap() {
        let t2 = Micros::seconds(4);
        let steps: Vec<u64> =
            std::iter::successors(Some(Micros::millis(500)), |s| Some(s.doubled(t2)))
                .take(6)
                .map(Micros::as_millis)
                .collect();
        assert_eq!(steps, [500, 1_000, 2_000, 4_000, 4_000, 4_000]);
    }
}
