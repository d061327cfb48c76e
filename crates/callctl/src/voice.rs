//! The exchange itself answers: it says something, and may listen for keys or record.
//!
//! | Stage | Next |
//! |---|---|
//! | `Asking` | what was asked for is done or refused: words; 2 s over: cannot be done |
//! | `Leaving` | see `mail/leave` |
//! | `Entering` | see `mail/enter` |
//! | `Listening` | see `mail/listen` |
//! | `Slot` | see `slot` |
//! | `LoggingIn` `LoggingOut` | see `login` |
//! | `Last` | the words end: the call ends |
//!
//! A caller who gave no offer gets ours, and hears us as soon as it has answered that. One whose
//! offer we cannot play to is refused instead, for the same reason that the record keeps.

use base::id::SiteId;
use base::{Cause, Dn, LegId, Micros, Mono};
use mediactl::{Direction, FileId, Joined, Play, PlayerId, Record, Repeat, Words};
use model::own_setting::{Declined, OwnSetting};

use crate::call::Call;
use crate::cx::Cx;
use crate::exchange::Exchange;
use crate::leg::{Body, Pending, Say};
use crate::login::LoggingIn;
use crate::mail::{Entering, Leaving, Listening, Source};
use crate::media::can_play;
use crate::media::path::Way;
use crate::record::Verdict;

/// Longest wait for a setting to be stored.
const ASK_WAIT: Micros = Micros::seconds(2);

/// No sentence is longer; one whose end is not told is over by then.
pub(crate) const WORDS_MAX: Micros = Micros::seconds(60);

/// What the exchange does with the caller.
#[derive(Debug)]
pub(crate) struct Voice {
    /// Numbers the playings and recordings; 0 is music.
    serial: u32,
    does: Does,
    pub stage: Stage,
    /// Something must have happened by then.
    until: Mono,
    /// The last key, by which way and when.
    pub pressed: Option<(char, Source, Mono)>,
}

/// What is waited for.
#[derive(Debug)]
pub(crate) enum Stage {
    /// Whether this could be set.
    Asking(OwnSetting),
    /// A message is left.
    Leaving(Leaving),
    /// The PIN of a box.
    Entering(Box<Entering>),
    /// Keys of the menu of a box.
    Listening(Box<Listening>),
    /// A transfer onto the slot that was told (R293).
    Slot { slot: Dn, site: SiteId, until: Mono },
    /// Extension and PIN of who logs in.
    LoggingIn(Box<LoggingIn>),
    /// Whether the terminal could be logged out.
    LoggingOut,
    /// The end of the last words.
    Last(Cause),
}

/// What goes to and fro.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Does {
    Nothing,
    Plays(PlayerId),
    /// Into a file, at most so many seconds.
    Records(FileId, u16),
}

impl Call {
    /// When the exchange gives up waiting.
    pub(crate) fn voice_deadline(&self) -> Option<Mono> {
        self.voice.as_ref().map(|v| v.until)
    }

    /// The wish of the caller is being carried out: the caller waits unanswered.
    pub(crate) fn await_wish(&mut self, cx: &Cx<'_>, wanted: OwnSetting) {
        self.dialing = None;
        self.talk(cx, Stage::Asking(wanted), Does::Nothing, ASK_WAIT);
    }

    /// What the caller waits for.
    pub(crate) fn wish(&self) -> Option<&OwnSetting> {
        match &self.voice.as_ref()?.stage {
            Stage::Asking(wanted) => Some(wanted),
            _ => None,
        }
    }

    /// Says the last words to the caller, then ends the call for this reason; without a voice
    /// that it can hear, at once.
    pub(crate) fn say_last(&mut self, cx: &mut Cx<'_>, words: Words, cause: Cause) {
        self.dialing = None;
        self.talk(cx, Stage::Last(cause), Does::Plays(PlayerId::Words(words)), WORDS_MAX);
        if !self.answer_ourselves(cx) {
            self.voice = None;
            self.trouble = Some(Verdict::new(cause));
        }
    }

    /// Whether words are being said.
    pub(crate) fn is_speaking(&self) -> bool {
        self.voice.as_ref().is_some_and(|v| matches!(v.does, Does::Plays(_)))
    }

    /// Goes over to another stage.
    pub(crate) fn talk(&mut self, cx: &Cx<'_>, stage: Stage, does: Does, wait: Micros) {
        let (serial, pressed) = self.voice.as_ref().map_or((0, None), |v| (v.serial, v.pressed));
        let (serial, until) = (serial + 1, cx.now.mono + wait);
        self.voice = Some(Box::new(Voice { serial, does, stage, until, pressed }));
    }

    /// Does something else in the same stage.
    pub(crate) fn do_next(&mut self, cx: &Cx<'_>, does: Does, wait: Micros) {
        if let Some(voice) = &mut self.voice {
            voice.serial += 1;
            voice.does = does;
            voice.until = cx.now.mono + wait;
        }
    }

    /// Answers the caller, who can hear us as has been found out.
    pub(crate) fn open_voice(&mut self, cx: &mut Cx<'_>) {
        if !self.answer_ourselves(cx) {
            self.voice = None;
            self.trouble = Some(Verdict::new(Cause::MediaNotAcceptable));
        }
    }

    /// Whether a leg is answered, or may be answered with a description of ours.
    pub(crate) fn can_answer_ourselves(&self, id: LegId) -> bool {
        let Some(leg) = self.leg(id).filter(|l| l.is_live()) else { return false };
        if leg.is_answered() {
            return can_play(&leg.body());
        }
        let offers = matches!(leg.pending, Pending::Offer(_)) && can_play(&leg.body());
        let asks = leg.pending == Pending::Request && leg.remote.is_empty();
        offers || asks || self.has_agreed(id)
    }

    /// A description of the called side was accepted before the answer, and went through us.
    fn has_agreed(&self, id: LegId) -> bool {
        let open = |l: &crate::leg::Leg| l.pending == Pending::Nothing && l.media.is_some();
        self.way == Way::Relay && self.leg(id).is_some_and(open)
    }

    /// Answers the caller by ourselves; false when it cannot hear us.
    pub(crate) fn answer_ourselves(&mut self, cx: &mut Cx<'_>) -> bool {
        let Some(first) = self.first else { return false };
        let agreed = self.has_agreed(first);
        let Some(caller) = self.leg_mut(first).filter(|l| l.is_live()) else { return false };
        if caller.is_answered() {
            caller.touch_media();
            self.answered_before(cx);
            return true;
        }
        let offers = matches!(caller.pending, Pending::Offer(_)) && can_play(&caller.body());
        // Who made no offer gets ours; its answer comes with the acknowledgement.
        let asks = caller.pending == Pending::Request && caller.remote.is_empty();
        if !agreed && !offers && !asks {
            return false;
        }
        if asks {
            self.exchange = Exchange::Player { leg: first };
        }
        self.give_up_at = None;
        self.draft.answered_at = Some(cx.now.wall);
        let body = if agreed { Body::Nothing } else { Body::Own(Direction::SendRecv) };
        self.say(cx, first, Say::Answer, body);
        true
    }

    /// Whoever is called back from a box has been answered already: the conversation begins when
    /// we take it, as that of a caller whom we answer.
    fn answered_before(&mut self, cx: &Cx<'_>) {
        self.give_up_at = None;
        self.draft.answered_at.get_or_insert(cx.now.wall);
    }

    /// What the leg hears of us, or says to us.
    pub(crate) fn voice_for(&self, leg: LegId) -> Option<Joined> {
        let voice = self.voice.as_ref().filter(|_| self.first == Some(leg))?;
        let serial = voice.serial;
        // Nothing is said to a phone of which we do not know yet where it listens.
        let deaf = self.leg(leg).is_some_and(|l| l.remote.is_empty());
        Some(match voice.does {
            _ if deaf => Joined::None,
            Does::Nothing => Joined::None,
            Does::Plays(what) => Joined::Player(Play { what, repeat: Repeat::Once, serial }),
            Does::Records(file, max_s) => Joined::Recorder(Record { file, max_s, serial }),
        })
    }

    /// A sentence ended: true when it was ours.
    pub(crate) fn voice_ended(&mut self, cx: &mut Cx<'_>, leg: LegId, serial: u32) -> bool {
        let ours = |v: &Voice| v.serial == serial && matches!(v.does, Does::Plays(_));
        if self.first != Some(leg) || !self.voice.as_deref().is_some_and(ours) {
            return false;
        }
        self.voice_over(cx, false);
        true
    }

    /// Nothing came in time (`is_late`), or what played has ended.
    pub(crate) fn voice_over(&mut self, cx: &mut Cx<'_>, is_late: bool) {
        match self.voice.as_ref().map(|v| &v.stage) {
            Some(Stage::Asking(_)) => self.wish_told(cx, Err(Declined::NotAllowed)),
            Some(Stage::Leaving(_)) => self.leaving_over(cx),
            Some(Stage::Entering(_)) => self.entering_over(cx, is_late),
            Some(Stage::Listening(_)) => self.listening_over(cx),
            Some(Stage::Slot { .. }) => self.slot_over(cx, is_late),
            Some(Stage::LoggingIn(_)) => self.login_over(cx, is_late),
            Some(Stage::LoggingOut) => self.wish_told(cx, Err(Declined::NotAllowed)),
            Some(Stage::Last(cause)) => {
                let verdict = Verdict::new(*cause);
                self.voice = None;
                self.end(cx, verdict);
            }
            None => {}
        }
    }
}
