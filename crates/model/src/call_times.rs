//! Times of calls that a company may choose (section 8).

use std::ops::RangeInclusive;

/// The times that hold for all calls of a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallTimes {
    /// Pause after which a number pressed in a call is complete (R282), ms: 2,000–10,000,
    /// default 4,000.
    pub digit_pause_ms: u16,
    /// Longest pause between the digits of a code in a call (R089), ms: 500–3,000, default 1,500.
    pub code_pause_ms: u16,
    /// How long a call may stay unanswered in all (R252), seconds: 120–1,800, default 600.
    pub unanswered_s: u16,
}

impl CallTimes {
    /// Range of [`CallTimes::digit_pause_ms`].
    pub const DIGIT_PAUSE_MS: RangeInclusive<u16> = 2_000..=10_000;
    /// Range of [`CallTimes::code_pause_ms`].
    pub const CODE_PAUSE_MS: RangeInclusive<u16> = 500..=3_000;
    /// Range of [`CallTimes::unanswered_s`].
    pub const UNANSWERED_S: RangeInclusive<u16> =
        120..=base::limits::UNANSWERED_MAX.as_seconds() as u16;
}

impl Default for CallTimes {
    fn default() -> Self {
        CallTimes { digit_pause_ms: 4_000, code_pause_ms: 1_500, unanswered_s: 600 }
    }
}
