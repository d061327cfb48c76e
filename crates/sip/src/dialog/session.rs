//! Session timers (RFC 4028): what is agreed, and when to refresh or to give up.

use base::{Micros, Mono};

use crate::msg::session_expires::{Refresher, SessionExpires};

/// What a request says about session timers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Asked {
    /// Session-Expires.
    pub(crate) expires: Option<SessionExpires>,
    /// Min-SE, seconds.
    pub(crate) min_s: Option<u32>,
    /// The sender supports the extension.
    pub(crate) supported: bool,
}

/// What the two sides agreed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Agreed {
    /// Seconds.
    pub(crate) seconds: u32,
    /// Who refreshes, seen from the sender of the request that this answers.
    pub(crate) refresher: Refresher,
}

/// The interval asked for is below our minimum: 422.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooShort {
    /// What Min-SE of the 422 says, seconds.
    pub(crate) min_s: u32,
}

impl Asked {
    /// The answer of the side that receives the request (§9). `ours` is what we would ask for.
    ///
    /// # Errors
    /// The interval is below `min_s` and the sender can be told so.
    pub(crate) fn answer(&self, ours_s: u32, min_s: u32) -> Result<Agreed, TooShort> {
        let Some(asked) = self.expires else {
            // Without the extension at the other side only we can refresh (§9, table 2).
            let refresher = if self.supported { Refresher::Uac } else { Refresher::Uas };
            let seconds = ours_s.max(min_s).max(self.min_s.unwrap_or(0));
            return Ok(Agreed { seconds, refresher });
        };
        if asked.seconds < min_s && self.supported {
            return Err(TooShort { min_s });
        }
        let floor = min_s.max(self.min_s.unwrap_or(0));
        let seconds = asked.seconds.min(ours_s).max(floor);
        let refresher = match asked.refresher {
            Some(who) if self.supported => who,
            None if self.supported => Refresher::Uac,
            Some(_) | None => Refresher::Uas,
        };
        Ok(Agreed { seconds, refresher })
    }
}

/// A running session timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct SessionTimer {
    /// Interval in seconds; 0 = none agreed.
    pub(crate) seconds: u32,
    /// We refresh.
    pub(crate) ours: bool,
    /// We do so for our own benefit: the far end has no part in it (§7.2).
    pub(crate) alone: bool,
    /// When the session ends unless it is refreshed.
    pub(crate) ends_at: Mono,
}

impl SessionTimer {
    /// When to send the next refresh; `None` when the far end does, or no timer runs (§10).
    pub(crate) fn refresh_at(&self, now: Mono) -> Option<Mono> {
        let half = Micros::seconds(u64::from(self.seconds) / 2);
        (self.ours && self.seconds > 0).then(|| now + half)
    }

    /// When a session that nobody refreshed is ended: the expiry minus min(32 s, a third) (§10).
    pub(crate) fn give_up_at(&self, now: Mono) -> Option<Mono> {
        let early = (self.seconds / 3).min(32);
        let span = Micros::seconds(u64::from(self.seconds - early));
        (self.seconds > 0).then(|| now + span)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(seconds: u32, refresher: Option<Refresher>, supported: bool) -> Asked {
        Asked { expires: Some(SessionExpires { seconds, refresher }), min_s: None, supported }
    }

    #[test]
    fn the_table_of_rfc_4028_section_9() {
        use Refresher::{Uac, Uas};
        let agreed = |seconds, refresher| Ok(Agreed { seconds, refresher });
        for (request, expected) in [
            (asked(1_800, Some(Uas), true), agreed(1_800, Uas)),
            (asked(1_800, Some(Uac), true), agreed(1_800, Uac)),
            (asked(3_600, None, true), agreed(1_800, Uac)),
            (asked(300, None, true), agreed(300, Uac)),
            (asked(60, None, true), Err(TooShort { min_s: 90 })),
            // Cannot understand 422: our minimum is used, and we refresh.
            (asked(60, None, false), agreed(90, Uas)),
            (Asked { supported: true, ..Asked::default() }, agreed(1_800, Uac)),
            (Asked::default(), agreed(1_800, Uas)),
            (Asked { min_s: Some(2_400), ..asked(3_000, None, true) }, agreed(2_400, Uac)),
        ] {
            assert_eq!(request.answer(1_800, 90), expected, "{request:?}");
        }
    }

    #[test]
    fn the_end_comes_before_the_expiry() {
        let timer = |seconds, ours| SessionTimer { seconds, ours, ..SessionTimer::default() };
        let ends = |seconds| timer(seconds, false).give_up_at(Mono(0));
        assert_eq!(ends(1_800), Some(Mono(1_768_000_000)));
        assert_eq!(ends(90), Some(Mono(60_000_000)));
        assert_eq!(ends(0), None);
        let ours = timer(300, true);
        assert_eq!(ours.refresh_at(Mono(0)), Some(Mono(150_000_000)));
    }
}
