//! The menu of a box. Positions belong to the call, so two may listen at once; what one of them
//! removes is stepped over by the other.
//!
//! | Key | Does |
//! |---|---|
//! | 1 | again |
//! | 2 | keep, next |
//! | 3 | delete, next |
//! | 4 | the one before |
//! | 5 | caller and time |
//! | 6 | calls the caller |
//! | 9 | records a greeting; under 2 s: the standard greeting again |
//! | 0 | help |
//! | `#` | ends a recording; else the call |
//!
//! 20 s without a key: help once, then the end.

use base::time::TOKYO_OFFSET_S;
use base::{Cause, Dn, Micros};
use mediactl::{FileId, PlayerId, PromptId, ToneKind, Words};
use model::StoredMessage;
use model::record::Service;

use crate::call::Call;
use crate::cx::Cx;
use crate::record::Verdict;
use crate::route::person::owner;
use crate::voice::{Does, Stage, WORDS_MAX};

/// Without a key for so long, help is given, and then the call ends.
const IDLE: Micros = Micros::seconds(20);

/// No message is longer, and its end is told.
const MESSAGE_MAX: Micros = Micros::seconds(660);

/// Longest own greeting, in seconds.
const GREETING_S: u16 = 60;

/// Who listens stands somewhere in the messages that there were when the box was opened.
#[derive(Debug)]
pub(crate) struct Listening {
    pub(super) of: Dn,
    /// Files, new ones first.
    list: Vec<u64>,
    at: usize,
    /// Help was given since the last key.
    helped: bool,
    step: Step,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Words; then the message at hand.
    Leads,
    /// The message at hand.
    Plays,
    /// Words; then a key is awaited.
    Tells,
    Waits,
    /// A greeting is about to be recorded.
    Prepares,
    Records(u64),
    Keeps(u64),
}

impl Call {
    /// Opens a box to who may listen to it.
    pub(crate) fn open_box(&mut self, cx: &mut Cx<'_>, of: Dn) {
        let key = (self.tenant, of);
        self.draft.services.insert(Service::Voicemail);
        self.draft.callee = Some((owner(cx.view.snapshot(), self.tenant, of), None));
        cx.core.boxes.expire(cx.now.wall, (key, cx.view.snapshot()), cx.out);
        let list = cx.core.boxes.playable(key);
        let is_new = |file: &&u64| cx.core.boxes.message(key, **file).is_some_and(|m| !m.heard);
        let new = list.iter().filter(is_new).count();
        let said = match (new, list.is_empty()) {
            (0, false) => self.words_of_box(cx, of),
            _ => self.words_of_box(cx, of).new_messages(u16::try_from(new).unwrap_or(u16::MAX)),
        };
        let is_empty = list.is_empty();
        let listening = Listening { of, list, at: 0, helped: false, step: Step::Tells };
        self.talk(cx, Stage::Listening(Box::new(listening)), Does::Nothing, IDLE);
        match is_empty {
            true => self.tell(cx, said),
            false => self.play_from(cx, 0, said),
        }
        self.open_voice(cx);
    }

    /// Nothing yet, in the language of the box that is open.
    pub(super) fn menu(&self, cx: &Cx<'_>) -> Words {
        match self.voice.as_ref().map(|v| &v.stage) {
            Some(Stage::Listening(listening)) => self.words_of_box(cx, listening.of),
            _ => self.words(cx),
        }
    }

    fn listening(&mut self) -> Option<&mut Listening> {
        match &mut self.voice.as_mut()?.stage {
            Stage::Listening(listening) => Some(listening),
            _ => None,
        }
    }

    fn step_to(&mut self, cx: &Cx<'_>, step: Step, does: Does, wait: Micros) {
        if let Some(listening) = self.listening() {
            listening.step = step;
            self.do_next(cx, does, wait);
        }
    }

    /// Says something, then waits for a key.
    pub(super) fn tell(&mut self, cx: &Cx<'_>, said: Words) {
        self.step_to(cx, Step::Tells, Does::Plays(PlayerId::Words(said)), WORDS_MAX);
    }

    fn await_key(&mut self, cx: &Cx<'_>) {
        self.step_to(cx, Step::Waits, Does::Nothing, IDLE);
    }

    /// The message at hand, unless it is gone.
    pub(super) fn at_hand(&mut self, cx: &Cx<'_>) -> Option<StoredMessage> {
        let tenant = self.tenant;
        let listening = self.listening()?;
        let file = *listening.list.get(listening.at)?;
        cx.core.boxes.message((tenant, listening.of), file).cloned()
    }

    /// Plays the first message from a place on that is still there, after some words.
    fn play_from(&mut self, cx: &Cx<'_>, from: usize, lead: Words) {
        let tenant = self.tenant;
        let Some(listening) = self.listening() else { return };
        let key = (tenant, listening.of);
        let rest = listening.list.iter().enumerate().skip(from);
        let mut there = rest.filter(|(_, file)| cx.core.boxes.message(key, **file).is_some());
        let found = there.next().map(|(at, _)| at);
        listening.at = found.unwrap_or(listening.list.len());
        match found {
            Some(_) if lead.is_empty() => self.play_at_hand(cx),
            Some(_) => {
                self.step_to(cx, Step::Leads, Does::Plays(PlayerId::Words(lead)), WORDS_MAX);
            }
            None => self.tell(cx, lead.say(PromptId::NoMoreMessages)),
        }
    }

    fn play_at_hand(&mut self, cx: &Cx<'_>) {
        match self.at_hand(cx) {
            Some(message) => {
                let play = PlayerId::File(FileId::Message(message.file));
                self.step_to(cx, Step::Plays, Does::Plays(play), MESSAGE_MAX);
            }
            // Somebody else has removed it.
            None => self.go(cx, 1, self.menu(cx)),
        }
    }

    /// Goes on by so many, or back.
    fn go(&mut self, cx: &Cx<'_>, by: isize, lead: Words) {
        let Some(listening) = self.listening() else { return };
        let from = listening.at.saturating_add_signed(by);
        self.play_from(cx, from, lead);
    }

    /// Back to the nearest one that is still there; the first one again where there is none.
    fn go_back(&mut self, cx: &Cx<'_>) {
        let tenant = self.tenant;
        let Some(listening) = self.listening() else { return };
        let key = (tenant, listening.of);
        let before = listening.list.iter().enumerate().take(listening.at).rev();
        let mut there = before.filter(|(_, file)| cx.core.boxes.message(key, **file).is_some());
        let at = there.next().map_or(0, |(at, _)| at);
        self.play_from(cx, at, self.menu(cx));
    }

    /// What played has ended, or nothing came in time.
    pub(crate) fn listening_over(&mut self, cx: &mut Cx<'_>) {
        let Some(listening) = self.listening() else { return };
        let (of, step) = (listening.of, listening.step);
        match step {
            Step::Leads => self.play_at_hand(cx),
            Step::Plays => {
                self.note_heard(cx, of);
                self.await_key(cx);
            }
            Step::Tells => self.await_key(cx),
            Step::Waits if listening.helped => self.leave_box(cx),
            Step::Waits => {
                listening.helped = true;
                self.tell(cx, self.menu(cx).say(PromptId::VoicemailHelp));
            }
            Step::Prepares => self.record_greeting(cx, of),
            Step::Records(_) | Step::Keeps(_) => self.cannot_record(cx),
        }
    }

    fn note_heard(&mut self, cx: &mut Cx<'_>, of: Dn) {
        if let Some(message) = self.at_hand(cx) {
            cx.core.boxes.heard((self.tenant, of), message.file, cx.out);
        }
    }

    /// The listener is done.
    fn leave_box(&mut self, cx: &mut Cx<'_>) {
        self.voice = None;
        self.end(cx, Verdict::new(Cause::NormalClearing));
    }

    pub(crate) fn listening_key(&mut self, cx: &mut Cx<'_>, key: char) {
        let Some(listening) = self.listening() else { return };
        listening.helped = false;
        let of = listening.of;
        match (listening.step, key) {
            (Step::Records(file), '#') => {
                self.step_to(cx, Step::Keeps(file), Does::Nothing, Micros::seconds(5));
            }
            (Step::Prepares, '#') => self.standard_greeting(cx, of),
            (Step::Records(_) | Step::Keeps(_) | Step::Prepares, _) => {}
            (_, '1') => self.go(cx, 0, self.menu(cx)),
            (_, '2') => {
                let kept = self.at_hand(cx).is_some();
                self.note_heard(cx, of);
                let said =
                    if kept { self.menu(cx).say(PromptId::MessageSaved) } else { self.menu(cx) };
                self.go(cx, 1, said);
            }
            // Pressed twice, it must not take one that was never heard.
            (Step::Leads, '3') => self.play_at_hand(cx),
            (_, '3') => self.delete_at_hand(cx, of),
            (_, '4') => self.go_back(cx),
            (_, '5') => self.tell_caller_and_time(cx),
            (_, '6') => self.call_back(cx),
            (_, '9') => {
                let said = self.menu(cx).say(PromptId::RecordGreeting).tone(ToneKind::Record);
                let does = Does::Plays(PlayerId::Words(said));
                self.step_to(cx, Step::Prepares, does, WORDS_MAX);
            }
            (_, '0') => self.tell(cx, self.menu(cx).say(PromptId::VoicemailHelp)),
            (_, '#') => {
                let by = self.first;
                self.voice = None;
                self.end(cx, Verdict { by, ..Verdict::new(Cause::NormalClearing) });
            }
            _ => self.tell(cx, self.menu(cx).tone(ToneKind::Error)),
        }
    }

    fn delete_at_hand(&mut self, cx: &mut Cx<'_>, of: Dn) {
        let Some(message) = self.at_hand(cx) else {
            return self.tell(cx, self.menu(cx).tone(ToneKind::Error));
        };
        cx.core.boxes.delete((self.tenant, of), message.file, cx.out);
        self.go(cx, 1, self.menu(cx).say(PromptId::MessageDeleted));
    }

    fn tell_caller_and_time(&mut self, cx: &Cx<'_>) {
        let Some(message) = self.at_hand(cx) else {
            return self.tell(cx, self.menu(cx).tone(ToneKind::Error));
        };
        let said = match message.caller.is_empty() {
            true => self.menu(cx).say(PromptId::CallerUnknown),
            false => {
                let said = self.menu(cx).say(PromptId::CallerIs).digits(&message.caller);
                said.say(PromptId::SentenceEnd)
            }
        };
        let at = message.left_at.civil(TOKYO_OFFSET_S);
        self.tell(cx, said.received_at([at.month, at.day, at.hour, at.minute]));
    }

    fn record_greeting(&mut self, cx: &mut Cx<'_>, of: Dn) {
        let file = cx.core.rng.next_u64();
        cx.core.boxes.begin_greeting((self.tenant, of), file);
        let does = Does::Records(FileId::Greeting(file), GREETING_S);
        let wait = Micros::seconds(u64::from(GREETING_S) + 5);
        self.step_to(cx, Step::Records(file), does, wait);
    }

    fn standard_greeting(&mut self, cx: &mut Cx<'_>, of: Dn) {
        cx.core.boxes.greet((self.tenant, of), None, cx.out);
        self.tell(cx, self.menu(cx).say(PromptId::GreetingStandard));
    }

    fn is_recording_greeting(&mut self, file: FileId) -> bool {
        let of = match self.listening().map(|l| l.step) {
            Some(Step::Records(of) | Step::Keeps(of)) => of,
            _ => return false,
        };
        file == FileId::Greeting(of)
    }

    pub(crate) fn greeting_recorded(&mut self, cx: &mut Cx<'_>, file: FileId, kept: bool) {
        if !self.is_recording_greeting(file) {
            return;
        }
        let Some(of) = self.listening().map(|l| l.of) else { return };
        match kept {
            true => self.tell(cx, self.menu(cx).say(PromptId::GreetingSaved)),
            false => self.standard_greeting(cx, of),
        }
    }

    pub(crate) fn greeting_lost(&mut self, cx: &mut Cx<'_>, file: FileId) {
        if self.is_recording_greeting(file) {
            self.cannot_record(cx);
        }
    }

    fn cannot_record(&mut self, cx: &Cx<'_>) {
        self.tell(cx, self.menu(cx).tone(ToneKind::Error).say(PromptId::CannotRecord));
    }
}
