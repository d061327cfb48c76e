//! Business hours and night switch of a site: which destination of its lines holds (R300, J102).

use base::id::{SiteId, TenantId};
use base::time::{Civil, TOKYO_OFFSET_S};
use base::{Dn, Wall};

use crate::calendar::Calendar;
use crate::line::LineTarget;

/// 夜間切替 of a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum NightSwitch {
    /// 自動: as the hours say.
    #[default]
    Automatic,
    /// 昼.
    Day,
    /// 夜.
    Night,
}

impl NightSwitch {
    /// Every variant; the index of each is its number in stores and byte forms.
    pub const ALL: [NightSwitch; 3] =
        [NightSwitch::Automatic, NightSwitch::Day, NightSwitch::Night];
}

/// A calendar day in Tokyo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day {
    /// 1970–9999.
    pub year: u16,
    /// 1–12.
    pub month: u8,
    /// 1–31.
    pub day: u8,
}

impl Day {
    /// Reads `2027-01-01`; `None` for a day that does not exist.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
        let shape = parts.next().is_none() && (year.len(), month.len(), day.len()) == (4, 2, 2);
        if !shape || !text.bytes().all(|b| b.is_ascii_digit() || b == b'-') {
            return None;
        }
        let found =
            Day { year: year.parse().ok()?, month: month.parse().ok()?, day: day.parse().ok()? };
        found.exists().then_some(found)
    }

    /// `2027-01-01`.
    pub fn text(self) -> String {
        format!("{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }

    fn exists(self) -> bool {
        if self.year < 1970 || !(1..=12).contains(&self.month) {
            return false;
        }
        let start = Wall::start_of_day(self.year.into(), self.month, self.day, TOKYO_OFFSET_S);
        Day::of(start.civil(TOKYO_OFFSET_S)) == Some(self)
    }

    pub(crate) fn of(civil: Civil) -> Option<Self> {
        let year = u16::try_from(civil.year).ok()?;
        Some(Day { year, month: civil.month, day: civil.day })
    }
}

/// Part of a day, in minutes from midnight; `to` is outside of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// 0–1,439.
    pub from: u16,
    /// 1–1,440, more than `from`.
    pub to: u16,
}

impl Span {
    /// Minutes of a day.
    pub const DAY: u16 = 24 * 60;

    /// Reads `09:00-17:30`; `24:00` ends a day.
    pub fn parse(text: &str) -> Option<Self> {
        let (from, to) = text.split_once('-')?;
        let span = Span { from: minutes(from)?, to: minutes(to)? };
        span.is_lawful().then_some(span)
    }

    /// `09:00-17:30`.
    pub fn text(self) -> String {
        format!("{}-{}", clock(self.from), clock(self.to))
    }

    /// Whether it is part of a day.
    pub(crate) fn is_lawful(self) -> bool {
        self.from < self.to && self.to <= Span::DAY
    }
}

/// `09:00` for the minutes from midnight.
pub fn clock(minutes: u16) -> String {
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

/// Minutes from midnight of `09:00`, at most to `24:59`.
pub fn minutes(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':').filter(|(h, m)| (h.len(), m.len()) == (2, 2))?;
    let digits = text.bytes().all(|b| b.is_ascii_digit() || b == b':');
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    (digits && minute < 60 && hour <= 24).then_some(hour * 60 + minute)
}

/// Business hours: parts of each weekday, Sunday first, and days without any.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hours {
    /// In order, at most [`Hours::SPANS_MAX`] a day.
    pub week: [Box<[Span]>; 7],
    /// 休日: in order, at most [`Hours::HOLIDAYS_MAX`].
    pub holidays: Box<[Day]>,
}

impl Hours {
    /// Most parts of a day.
    pub const SPANS_MAX: usize = 8;
    /// Most holidays: some years of them.
    pub const HOLIDAYS_MAX: usize = 400;

    /// Whether `at` is in business hours, by the clock of Tokyo and the company's calendar.
    pub fn contain(&self, at: Wall, calendar: &Calendar) -> bool {
        let civil = at.civil(TOKYO_OFFSET_S);
        let holiday = Day::of(civil).is_some_and(|day| {
            self.holidays.binary_search(&day).is_ok() || calendar.is_closed(day)
        });
        let now = u16::from(civil.hour) * 60 + u16::from(civil.minute);
        let spans = self.week.get(usize::from(civil.weekday)).map(|s| &**s).unwrap_or_default();
        !holiday && spans.iter().any(|s| (s.from..s.to).contains(&now))
    }

    /// Stable text for stores: days of the week parted by `|`, parts of a day by spaces.
    pub fn week_text(&self) -> String {
        let day = |spans: &[Span]| spans.iter().map(|s| s.text()).collect::<Vec<_>>().join(" ");
        self.week.iter().map(|spans| day(spans)).collect::<Vec<_>>().join("|")
    }

    /// Stable text for stores: the holidays parted by spaces.
    pub fn holidays_text(&self) -> String {
        self.holidays.iter().map(|d| d.text()).collect::<Vec<_>>().join(" ")
    }

    /// Reads what [`Hours::week_text`] and [`Hours::holidays_text`] wrote.
    pub fn parse(week: &str, holidays: &str) -> Option<Self> {
        let mut out = Hours::default();
        let mut days = week.split('|');
        for spans in &mut out.week {
            *spans =
                days.next()?.split_ascii_whitespace().map(Span::parse).collect::<Option<_>>()?;
        }
        out.holidays = holidays.split_ascii_whitespace().map(Day::parse).collect::<Option<_>>()?;
        days.next().is_none().then_some(out)
    }

    /// Whether everything is in order and within the limits.
    pub(crate) fn is_lawful(&self) -> bool {
        let day = |spans: &[Span]| {
            let apart = spans.windows(2).all(|w| matches!(w, [a, b] if a.to <= b.from));
            spans.len() <= Hours::SPANS_MAX && apart && spans.iter().all(|s| s.is_lawful())
        };
        let in_order = self.holidays.windows(2).all(|w| matches!(w, [a, b] if a < b));
        self.week.iter().all(|spans| day(spans))
            && in_order
            && self.holidays.len() <= Hours::HOLIDAYS_MAX
    }
}

/// How calls of a site's lines are received. A site without a row has the defaults.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reception {
    /// Whose.
    pub tenant: TenantId,
    /// Which site; the key.
    pub site: SiteId,
    /// 夜間切替, default 自動.
    pub switch: NightSwitch,
    /// Business hours; `None` = always, the default.
    pub hours: Option<Hours>,
    /// Where calls to a number go that is no line's; `None` = nowhere, the default (001).
    pub unknown: Option<LineTarget>,
    /// The number that rings when nobody takes a call back to an emergency call (J35); `None` =
    /// none, the default.
    pub group: Option<Dn>,
}

impl Reception {
    /// The defaults.
    pub fn new(tenant: TenantId, site: SiteId) -> Self {
        let switch = NightSwitch::Automatic;
        Reception { tenant, site, switch, hours: None, unknown: None, group: None }
    }

    /// Whether the destination for outside of business hours holds.
    pub fn is_night(&self, at: Wall, calendar: &Calendar) -> bool {
        match self.switch {
            NightSwitch::Day => false,
            NightSwitch::Night => true,
            NightSwitch::Automatic => self.hours.as_ref().is_some_and(|h| !h.contain(at, calendar)),
        }
    }
}
