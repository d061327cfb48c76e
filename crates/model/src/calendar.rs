//! Days without business hours for a whole company: national holidays, 年末年始, お盆, days of its
//! own, and days on which it works all the same (J102, J104).

use crate::national;
use crate::reception::Day;

/// A part of every year, both ends in it; it may go over the end of the year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period {
    /// Month and day of the first day.
    pub from: (u8, u8),
    /// Month and day of the last day.
    pub to: (u8, u8),
}

impl Period {
    /// 年末年始: 12/29–1/3.
    pub const YEAR_END: Period = Period { from: (12, 29), to: (1, 3) };
    /// お盆: 8/13–8/16.
    pub const BON: Period = Period { from: (8, 13), to: (8, 16) };

    /// Reads `12-29..01-03`.
    pub fn parse(text: &str) -> Option<Self> {
        let (from, to) = text.split_once("..")?;
        // A leap year, so that 02-29 may be an end.
        let end = |text: &str| Day::parse(&format!("2000-{text}")).map(|d| (d.month, d.day));
        Some(Period { from: end(from)?, to: end(to)? })
    }

    /// `12-29..01-03`.
    pub fn text(self) -> String {
        let (from, to) = (self.from, self.to);
        format!("{:02}-{:02}..{:02}-{:02}", from.0, from.1, to.0, to.1)
    }

    fn covers(self, day: Day) -> bool {
        let day = (day.month, day.day);
        match self.from <= self.to {
            true => self.from <= day && day <= self.to,
            false => self.from <= day || day <= self.to,
        }
    }
}

/// The calendar of a company.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Calendar {
    /// National holidays have no business hours.
    pub national: bool,
    /// 年末年始, if it has any.
    pub year_end: Option<Period>,
    /// お盆, if it has any.
    pub bon: Option<Period>,
    /// Days of its own without business hours, in order, at most [`Calendar::DAYS_MAX`].
    pub closed: Box<[Day]>,
    /// Days with business hours whatever the rest says, in order, as many.
    pub open: Box<[Day]>,
}

impl Default for Calendar {
    /// National holidays and 年末年始, no お盆.
    fn default() -> Self {
        Calendar { national: true, year_end: Some(Period::YEAR_END), ..Calendar::none() }
    }
}

impl Calendar {
    /// Most days of each kind: some years of them.
    pub const DAYS_MAX: usize = 400;

    /// No day.
    pub fn none() -> Self {
        let days = || Box::<[Day]>::default();
        Calendar { national: false, year_end: None, bon: None, closed: days(), open: days() }
    }

    /// Whether the company has no business hours on that day.
    pub fn is_closed(&self, day: Day) -> bool {
        if self.open.binary_search(&day).is_ok() {
            return false;
        }
        let periods = [self.year_end, self.bon];
        self.closed.binary_search(&day).is_ok()
            || periods.into_iter().flatten().any(|p| p.covers(day))
            || self.national && national::is_holiday(day)
    }

    /// Stable text for stores: words parted by spaces.
    pub fn text(&self) -> String {
        let mut words = Vec::new();
        if self.national {
            words.push("national".to_owned());
        }
        words.extend(self.year_end.map(|p| format!("year-end={}", p.text())));
        words.extend(self.bon.map(|p| format!("bon={}", p.text())));
        words.extend(self.closed.iter().map(|d| format!("-{}", d.text())));
        words.extend(self.open.iter().map(|d| format!("+{}", d.text())));
        words.join(" ")
    }

    /// Reads what [`Calendar::text`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        let mut out = Calendar::none();
        let (mut closed, mut open) = (Vec::new(), Vec::new());
        for word in text.split_ascii_whitespace() {
            if word == "national" {
                out.national = true;
            } else if let Some(period) = word.strip_prefix("year-end=") {
                out.year_end = Some(Period::parse(period)?);
            } else if let Some(period) = word.strip_prefix("bon=") {
                out.bon = Some(Period::parse(period)?);
            } else if let Some(day) = word.strip_prefix('-') {
                closed.push(Day::parse(day)?);
            } else {
                open.push(Day::parse(word.strip_prefix('+')?)?);
            }
        }
        (out.closed, out.open) = (closed.into(), open.into());
        out.is_lawful().then_some(out)
    }

    /// Whether the days are in order and within the limit.
    pub(crate) fn is_lawful(&self) -> bool {
        let lawful = |days: &[Day]| {
            let in_order = days.windows(2).all(|w| matches!(w, [a, b] if a < b));
            in_order && days.len() <= Calendar::DAYS_MAX
        };
        lawful(&self.closed) && lawful(&self.open)
    }
}
