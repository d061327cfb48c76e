//! Digits: no code is known yet, so they only travel.
//!
//! A digit by signalling goes on as an RFC 4733 event while the call is relayed. In a direct call
//! there is nothing of ours on the media path: it is counted and dropped.

use base::event::Kind;
use base::{LegId, Micros};
use mediactl::{Command, Digit};

use crate::call::Call;
use crate::cx::Cx;
use crate::media::path::Way;

/// Length of a digit whose length was not told.
const DIGIT_MS: u64 = 160;

impl Call {
    /// A phone pressed a digit and told it by signalling.
    pub(crate) fn digit(&mut self, cx: &mut Cx<'_>, id: LegId, digit: u8, duration: Micros) {
        let peer = self.partner(id).filter(|_| self.way == Way::Relay && self.linked);
        let media = peer.and_then(|p| self.leg(p)).and_then(|l| l.media.as_ref());
        let held = [Some(id), peer].into_iter().flatten();
        let held = held.filter_map(|l| self.leg(l)).any(|l| l.holding);
        let digit = Digit::from_char(char::from(digit));
        match (media, digit) {
            (Some(media), Some(digit)) if media.at.is_some() && !held => {
                let told = duration.as_millis();
                let ms = if told == 0 { DIGIT_MS } else { told };
                cx.media(Command::SendDigit {
                    leg: media.id,
                    digit,
                    duration_ms: u16::try_from(ms.clamp(80, 1_000)).unwrap_or(1_000),
                });
            }
            _ => cx.count(Kind::DigitIgnored),
        }
    }
}
