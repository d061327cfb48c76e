//! Log-in of a person at a terminal by code, and log-out (R233, R315).
//!
//! | State | Event | Action | Next |
//! |---|---|---|---|
//! | – | log-in code | ask for the extension; for the PIN when it followed the code | Typing |
//! | Typing | digit | kept; `*` forgets them | Typing |
//! | Typing | `#` | ask for the PIN, or have both judged | Typing, Judged |
//! | Typing | 15 s over | one try is lost: ask from the beginning | Typing |
//! | Judged | right | log in, confirm | over |
//! | Judged | wrong | one try is lost: say so, ask from the beginning | Typing |
//! | Judged | limited, too many terminals | say so | over |
//! | any | the third try is lost | say so | over |
//! | – | log-out code | log out, confirm | over |
//!
//! The assignment changes outside of call control ([`Action::Seat`]), which also judges the PIN and
//! counts wrong ones. An extension that nobody has and a wrong PIN are told alike. The call itself
//! goes on as the one that it began as (R313).

use base::{Cause, Micros, Secret};
use mediactl::{PlayerId, PromptId, ToneKind, Words};
use model::own_setting::Declined;
use model::record::Service;
use model::terminal_login::TypedLogin;
use model::{CodeKind, Snapshot};

use crate::action::Action;
use crate::call::{Call, Purpose};
use crate::cx::Cx;
use crate::route::number::{Read, read};
use crate::voice::{Does, Stage, WORDS_MAX};

/// Tries in one call.
const TRIES: u8 = 3;

/// Longest extension, and longest PIN that is taken; more digits make it wrong anyway.
const DIGITS_MAX: usize = 15;

/// For one field, from the end of its question or the first key on.
const FIELD_WAIT: Micros = Micros::seconds(15);

/// For extension and PIN to be judged.
const JUDGE_WAIT: Micros = Micros::seconds(5);

/// Somebody logs in.
#[derive(Debug, Default)]
pub(crate) struct LoggingIn {
    /// The extension, once it is complete.
    extension: Option<Box<str>>,
    typed: String,
    lost: u8,
    is_judged: bool,
}

/// Whether a terminal without a user may dial this: the log-in code, and emergency numbers.
pub(crate) fn is_free(snapshot: &Snapshot, tenant: base::id::TenantId, dialed: &str) -> bool {
    matches!(
        read(snapshot, tenant, dialed),
        Some(Read::Code(CodeKind::Login, _) | Read::Emergency(_))
    )
}

impl Call {
    /// The log-in code was dialled, with an extension or without.
    pub(crate) fn login_code(&mut self, cx: &mut Cx<'_>, rest: &str) -> Result<(), Cause> {
        self.draft.services.insert(Service::FeatureCode);
        let first = self.first.ok_or(Cause::FeatureNotPermitted)?;
        let is_basic = self.dialing.as_ref().is_some_and(|d| d.purpose == Purpose::Basic);
        if !is_basic || !self.can_answer_ourselves(first) {
            return Err(Cause::FeatureNotPermitted);
        }
        self.dialing = None;
        let given = rest.trim_end_matches('#');
        let extension = (!given.is_empty()).then(|| given.into());
        let question =
            if extension.is_some() { PromptId::EnterPin } else { PromptId::EnterExtension };
        let said = Does::Plays(PlayerId::Words(self.words(cx).say(question)));
        let stage = LoggingIn { extension, ..LoggingIn::default() };
        self.talk(cx, Stage::LoggingIn(Box::new(stage)), said, WORDS_MAX);
        self.open_voice(cx);
        Ok(())
    }

    /// The log-out code was dialled.
    pub(crate) fn logout_code(&mut self, cx: &mut Cx<'_>) -> Result<(), Cause> {
        self.draft.services.insert(Service::FeatureCode);
        let first = self.first.and_then(|id| self.leg(id));
        let device = first.map(|l| l.device).ok_or(Cause::FeatureNotPermitted)?;
        self.dialing = None;
        self.talk(cx, Stage::LoggingOut, Does::Nothing, JUDGE_WAIT);
        cx.out.push(Action::Seat { call: self.id, device, typed: None });
        Ok(())
    }

    fn logging_in(&mut self) -> Option<&mut LoggingIn> {
        match &mut self.voice.as_mut()?.stage {
            Stage::LoggingIn(logging_in) => Some(logging_in),
            _ => None,
        }
    }

    pub(crate) fn login_key(&mut self, cx: &mut Cx<'_>, key: char) {
        if self.logging_in().is_none_or(|l| l.is_judged) {
            return;
        }
        // The first key ends the question, and its time begins.
        if self.is_speaking() {
            self.do_next(cx, Does::Nothing, FIELD_WAIT);
        }
        let Some(entry) = self.logging_in() else { return };
        match key {
            '0'..='9' if entry.typed.len() < DIGITS_MAX => entry.typed.push(key),
            '*' => entry.typed.clear(),
            '#' if !entry.typed.is_empty() => {
                let typed = std::mem::take(&mut entry.typed);
                match entry.extension.take() {
                    None => {
                        entry.extension = Some(typed.into());
                        self.ask(cx, self.words(cx).say(PromptId::EnterPin));
                    }
                    Some(extension) => self.have_judged(cx, extension, typed),
                }
            }
            _ => {}
        }
    }

    fn ask(&mut self, cx: &Cx<'_>, said: Words) {
        self.do_next(cx, Does::Plays(PlayerId::Words(said)), WORDS_MAX);
    }

    fn have_judged(&mut self, cx: &mut Cx<'_>, extension: Box<str>, pin: String) {
        let Some(device) = self.first.and_then(|id| self.leg(id)).map(|l| l.device) else { return };
        if let Some(entry) = self.logging_in() {
            entry.is_judged = true;
        }
        let typed = Some(Box::new(TypedLogin { extension, pin: Secret::new(pin) }));
        cx.out.push(Action::Seat { call: self.id, device, typed });
        self.do_next(cx, Does::Nothing, JUDGE_WAIT);
    }

    /// A try was in vain.
    fn lose_try(&mut self, cx: &mut Cx<'_>, mut said: Words) {
        let Some(entry) = self.logging_in() else { return };
        let lost = entry.lost + 1;
        *entry = LoggingIn { lost, ..LoggingIn::default() };
        if lost >= TRIES {
            return self.say_last(cx, said, Cause::FeatureNotPermitted);
        }
        said = said.say(PromptId::EnterExtension);
        self.ask(cx, said);
    }

    /// It was carried out, or refused: true when that was waited for.
    pub(crate) fn login_told(&mut self, cx: &mut Cx<'_>, result: Result<(), Declined>) -> bool {
        let said = match self.voice.as_ref().map(|v| &v.stage) {
            Some(Stage::LoggingIn(entry)) if entry.is_judged => PromptId::LoggedIn,
            Some(Stage::LoggingOut) => PromptId::LoggedOut,
            _ => return false,
        };
        let error = self.words(cx).tone(ToneKind::Error);
        let why = match result {
            Ok(()) => {
                let said = self.words(cx).tone(ToneKind::Confirmation).say(said);
                self.say_last(cx, said, Cause::AnnouncementEnded);
                return true;
            }
            Err(Declined::WrongPin) => {
                self.lose_try(cx, error.say(PromptId::LoginWrong));
                return true;
            }
            Err(Declined::Locked) => error.say(PromptId::LoginLocked),
            Err(Declined::Full) => error.say(PromptId::LoginFull),
            Err(_) => error.say(PromptId::CannotSet).say(PromptId::ReasonNoRights),
        };
        self.say_last(cx, why, Cause::FeatureNotPermitted);
        true
    }

    /// The question has been asked, or nothing came in time.
    pub(crate) fn login_over(&mut self, cx: &mut Cx<'_>, is_late: bool) {
        let is_judged = self.logging_in().is_none_or(|l| l.is_judged);
        let error = self.words(cx).tone(ToneKind::Error);
        if is_judged {
            self.say_last(cx, error.say(PromptId::CannotSet), Cause::FeatureNotPermitted);
        } else if is_late && !self.is_speaking() {
            self.lose_try(cx, error);
        } else {
            self.do_next(cx, Does::Nothing, FIELD_WAIT);
        }
    }
}
