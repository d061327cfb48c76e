//! Voicemail (R262): messages are left and listened to.
//!
//! | File | Does |
//! |---|---|
//! | `boxes` | what each number holds |
//! | `leave` | greeting, tone, recording |
//! | `listen` | the menu of a box |
//! | `back` | calls who left a message |
//! | `consult` | transfers onto a box |
//! | `holder` | a holder at a box leaves a message |
//! | `enter` | whose box may be opened from where, the PIN |

mod back;
pub(crate) mod boxes;
mod consult;
mod enter;
mod holder;
mod leave;
mod listen;

pub(crate) use enter::Entering;
pub(crate) use holder::AtBox;
pub(crate) use leave::Leaving;
pub(crate) use listen::Listening;

use base::{Dn, LegId, Micros};
use mediactl::FileId;

use crate::call::Call;
use crate::cx::Cx;
use crate::voice::Stage;

/// A digit that is told by signalling and by media within this time was pressed once.
const ONCE: Micros = Micros::millis(150);

/// By which of its two ways a digit came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    Signalling,
    Media,
}

impl Call {
    /// Whether a leg talks to the exchange, which takes its digits.
    pub(crate) fn is_voiced(&self, leg: LegId) -> bool {
        self.voice.is_some() && self.first == Some(leg)
    }

    /// The box in which a message is left.
    pub(crate) fn box_left_in(&self) -> Option<Dn> {
        match &self.voice.as_ref()?.stage {
            Stage::Leaving(leaving) => Some(leaving.of),
            _ => None,
        }
    }

    /// The box that a leg is at, to leave a message or to listen.
    pub(crate) fn box_of(&self, leg: LegId) -> Option<Dn> {
        if let Some((of, _)) = self.at_box(leg) {
            return Some(of);
        }
        match &self.voice.as_ref().filter(|_| self.first == Some(leg))?.stage {
            Stage::Leaving(leaving) => Some(leaving.of),
            Stage::Listening(listening) => Some(listening.of),
            Stage::Entering(entering) => entering.of.map(|(of, _)| of),
            _ => None,
        }
    }

    /// A key was pressed by someone who talks to the exchange.
    pub(crate) fn pressed(&mut self, cx: &mut Cx<'_>, key: char, source: Source) {
        let Some(voice) = self.voice.as_mut() else { return };
        let now = cx.now.mono;
        let again = voice
            .pressed
            .replace((key, source, now))
            .is_some_and(|(k, s, at)| k == key && s != source && now.since(at) < ONCE);
        if again {
            // The third of three within the time is a key of its own.
            voice.pressed = None;
            return;
        }
        match voice.stage {
            Stage::Asking(_) | Stage::Slot { .. } | Stage::LoggingOut | Stage::Last(_) => {}
            Stage::Leaving(_) => self.leaving_key(cx, key),
            Stage::Listening(_) => self.listening_key(cx, key),
            Stage::Entering(_) => self.entering_key(cx, key),
            Stage::LoggingIn(_) => self.login_key(cx, key),
        }
    }

    /// What the leg said is on the disk, or is too short to be kept.
    pub(crate) fn recorded(&mut self, cx: &mut Cx<'_>, leg: LegId, (file, kept): (FileId, bool)) {
        self.box_recorded(cx, leg, (file, Some(kept)));
        match self.voice.as_ref().filter(|_| self.first == Some(leg)).map(|v| &v.stage) {
            Some(Stage::Leaving(_)) => self.message_recorded(cx, file, kept),
            Some(Stage::Listening(_)) => self.greeting_recorded(cx, file, kept),
            _ => {}
        }
    }

    /// What the leg says cannot be recorded.
    pub(crate) fn record_failed(&mut self, cx: &mut Cx<'_>, leg: LegId, file: FileId) {
        self.box_recorded(cx, leg, (file, None));
        match self.voice.as_ref().filter(|_| self.first == Some(leg)).map(|v| &v.stage) {
            Some(Stage::Leaving(_)) => self.message_lost(cx, file),
            Some(Stage::Listening(_)) => self.greeting_lost(cx, file),
            _ => {}
        }
    }
}
