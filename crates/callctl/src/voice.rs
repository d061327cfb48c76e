//! The exchange itself answers: it says something, and may listen for keys.
//!
//! | Stage | Next |
//! |---|---|
//! | `Asking` | what was asked for is done or refused: words; 2 s over: cannot be done |
//! | `Last` | the words end: the call ends |
//!
//! A caller who gave no offer that we can play to is refused instead, for the same reason that
//! the record keeps.

use base::{Cause, LegId, Micros, Mono};
use mediactl::{Direction, Joined, Play, PlayerId, Repeat, Words};
use model::own_setting::{Declined, OwnSetting};

use crate::call::Call;
use crate::cx::Cx;
use crate::leg::{Body, Pending, Say};
use crate::media::can_play;
use crate::record::Verdict;

/// Longest wait for a setting to be stored.
const ASK_WAIT: Micros = Micros::seconds(2);

/// No sentence is longer; one whose end is not told is over by then.
const WORDS_MAX: Micros = Micros::seconds(60);

/// What the exchange does with the caller.
#[derive(Debug)]
pub(crate) struct Voice {
    /// Numbers the playings; 0 is music.
    serial: u32,
    /// What the caller hears now.
    play: Option<PlayerId>,
    stage: Stage,
    /// Something must have happened by then.
    until: Mono,
}

/// What is waited for.
#[derive(Debug)]
enum Stage {
    /// Whether this could be set.
    Asking(OwnSetting),
    /// The end of the last words.
    Last(Cause),
}

impl Call {
    /// When the exchange gives up waiting.
    pub(crate) fn voice_deadline(&self) -> Option<Mono> {
        self.voice.as_ref().map(|v| v.until)
    }

    /// The wish of the caller is being carried out: the caller waits unanswered.
    pub(crate) fn await_wish(&mut self, cx: &Cx<'_>, wanted: OwnSetting) {
        self.dialing = None;
        let (stage, until) = (Stage::Asking(wanted), cx.now.mono + ASK_WAIT);
        self.voice = Some(Box::new(Voice { serial: 1, play: None, stage, until }));
    }

    /// What the caller waits for.
    pub(crate) fn wish(&self) -> Option<&OwnSetting> {
        match &self.voice.as_ref()?.stage {
            Stage::Asking(wanted) => Some(wanted),
            Stage::Last(_) => None,
        }
    }

    /// Says the last words to the caller, then ends the call for this reason; without a voice
    /// that it can hear, at once.
    pub(crate) fn say_last(&mut self, cx: &mut Cx<'_>, words: Words, cause: Cause) {
        self.dialing = None;
        let serial = self.voice.as_ref().map_or(1, |v| v.serial + 1);
        let until = cx.now.mono + WORDS_MAX;
        let play = Some(PlayerId::Words(words));
        let stage = Stage::Last(cause);
        self.voice = Some(Box::new(Voice { serial, play, stage, until }));
        if !self.answer_ourselves(cx) {
            self.voice = None;
            self.trouble = Some(Verdict::new(cause));
        }
    }

    /// Answers the caller by ourselves; false when it cannot hear us.
    fn answer_ourselves(&mut self, cx: &mut Cx<'_>) -> bool {
        let Some(first) = self.first else { return false };
        let Some(caller) = self.leg_mut(first).filter(|l| l.is_live()) else { return false };
        if caller.is_answered() {
            caller.touch_media();
            return true;
        }
        let offers = matches!(caller.pending, Pending::Offer(_));
        if !offers || !can_play(&caller.body()) {
            return false;
        }
        self.give_up_at = None;
        self.draft.answered_at = Some(cx.now.wall);
        self.say(cx, first, Say::Answer, Body::Own(Direction::SendRecv));
        true
    }

    /// What the leg hears of us.
    pub(crate) fn voice_for(&self, leg: LegId) -> Option<Joined> {
        let voice = self.voice.as_ref().filter(|_| self.first == Some(leg))?;
        let play = |what| Play { what, repeat: Repeat::Once, serial: voice.serial };
        Some(voice.play.map_or(Joined::None, |what| Joined::Player(play(what))))
    }

    /// A sentence ended: true when it was ours.
    pub(crate) fn voice_ended(&mut self, cx: &mut Cx<'_>, leg: LegId, serial: u32) -> bool {
        let ours = |v: &Voice| v.serial == serial && v.play.is_some();
        if self.first != Some(leg) || !self.voice.as_deref().is_some_and(ours) {
            return false;
        }
        self.voice_over(cx);
        true
    }

    /// Nothing came in time, or the last words are spoken.
    pub(crate) fn voice_over(&mut self, cx: &mut Cx<'_>) {
        match self.voice.as_ref().map(|v| &v.stage) {
            Some(Stage::Asking(_)) => self.wish_told(cx, Err(Declined::NotAllowed)),
            Some(Stage::Last(cause)) => {
                let verdict = Verdict::new(*cause);
                self.voice = None;
                self.end(cx, verdict);
            }
            None => {}
        }
    }
}
