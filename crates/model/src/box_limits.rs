//! How much the mailbox of a group takes (R262).

use crate::DnSettings;

/// Limits of the mailbox of a pilot or department. Those of a person's or virtual number are in
/// [`DnSettings`], with the same ranges and defaults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BoxLimits {
    /// Longest message in seconds: 10–600, default 180.
    pub record_s: u16,
    /// Most messages: 1–1,000, default 100.
    pub messages_max: u16,
    /// Days that a message is kept: 1–400, default 90.
    pub keep_days: u16,
}

impl Default for BoxLimits {
    fn default() -> Self {
        BoxLimits { record_s: 180, messages_max: 100, keep_days: 90 }
    }
}

impl BoxLimits {
    /// The limits of a number's own settings.
    pub fn of(settings: &DnSettings) -> Self {
        let DnSettings { record_s, messages_max, keep_days, .. } = *settings;
        BoxLimits { record_s, messages_max, keep_days }
    }

    /// The limits as they stand among the settings of a number.
    #[must_use]
    pub fn put_into(self, settings: DnSettings) -> DnSettings {
        let BoxLimits { record_s, messages_max, keep_days } = self;
        DnSettings { record_s, messages_max, keep_days, ..settings }
    }
}
