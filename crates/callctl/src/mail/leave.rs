//! A caller leaves a message.
//!
//! | Stage | Key `#` | Then |
//! |---|---|---|
//! | `Greeting` | to the tone | tone, recording |
//! | `Tone` | nothing | recording |
//! | `Recording` | ends it | kept: told; too short: the error tone |
//! | `Keeping` | nothing | as above; 5 s over: nothing is promised |
//!
//! Who hangs up leaves what was recorded by then: the box knows of it, not the call.

use base::{Cause, Dn, Micros};
use mediactl::{FileId, PlayerId, PromptId, ToneKind, Words};
use model::StoredMessage;
use model::record::Service;

use super::boxes;
use crate::call::{Call, Purpose};
use crate::cx::Cx;
use crate::leg::Person;
use crate::record::Verdict;
use crate::route::person::owner;
use crate::voice::{Does, Stage, WORDS_MAX};

/// Longest wait for the disk after the end of a recording.
const KEEP_WAIT: Micros = Micros::seconds(5);

/// How far it is, and whose box it is for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Leaving {
    pub of: Dn,
    step: Step,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Greeting,
    Tone,
    Recording(u64),
    Keeping(u64),
}

impl Call {
    /// The caller, or who is transferred, comes to the box of a number.
    pub(crate) fn leave_message(&mut self, cx: &mut Cx<'_>, of: Dn) -> Result<(), Cause> {
        let purpose = self.dialing.as_ref().map_or(Purpose::Basic, |d| d.purpose);
        if purpose == Purpose::Consult {
            let greeting = self.greeting_of(cx, of).1;
            return self.consult_box(cx, (of, greeting));
        }
        if !self.can_hear(purpose) {
            return Err(Cause::MediaNotAcceptable);
        }
        let who = owner(cx.view.snapshot(), self.tenant, of);
        let attempt = self.attempt();
        attempt.callee = Some((who, None));
        attempt.services.insert(Service::Voicemail);
        self.dialing = None;
        match (purpose, self.first) {
            (Purpose::Transfer, _) => self.transferred_to_us(cx),
            (Purpose::ParkOverflow, Some(held)) => {
                self.draft.answered_at = Some(cx.now.wall);
                self.alone_with_us(cx, held);
            }
            _ => {}
        }
        let key = (self.tenant, of);
        cx.core.boxes.expire(cx.now.wall, (key, cx.view.snapshot()), cx.out);
        if self.is_box_full(cx, of) {
            let said = self.words_of_box(cx, of).say(PromptId::BoxFull);
            self.say_last(cx, said, Cause::AnnouncementEnded);
            return Ok(());
        }
        let (step, play) = self.greeting_of(cx, of);
        let stage = Stage::Leaving(Leaving { of, step });
        self.talk(cx, stage, Does::Plays(play), WORDS_MAX + WORDS_MAX);
        self.open_voice(cx);
        Ok(())
    }

    /// What a box says, and what is done after it.
    fn greeting_of(&self, cx: &Cx<'_>, of: Dn) -> (Step, PlayerId) {
        let standard = self.words_of_box(cx, of).say(PromptId::Greeting).tone(ToneKind::Record);
        match cx.core.boxes.greeting((self.tenant, of)) {
            Some(file) => (Step::Greeting, PlayerId::File(FileId::Greeting(file))),
            None => (Step::Tone, PlayerId::Words(standard)),
        }
    }

    pub(super) fn is_box_full(&self, cx: &Cx<'_>, of: Dn) -> bool {
        let settings = boxes::settings(cx.view.snapshot(), (self.tenant, of));
        cx.core.boxes.count((self.tenant, of)) >= usize::from(settings.messages_max)
    }

    fn leaving(&self) -> Option<Leaving> {
        match self.voice.as_ref()?.stage {
            Stage::Leaving(leaving) => Some(leaving),
            _ => None,
        }
    }

    /// Nothing yet, in the language of the box that is talked to.
    fn box_words(&self, cx: &Cx<'_>) -> Words {
        match self.leaving() {
            Some(leaving) => self.words_of_box(cx, leaving.of),
            None => self.words(cx),
        }
    }

    /// What played has ended, or nothing came in time.
    pub(crate) fn leaving_over(&mut self, cx: &mut Cx<'_>) {
        let Some(Leaving { of, step }) = self.leaving() else { return };
        match step {
            Step::Greeting => self.play_tone(cx, of),
            Step::Tone => self.begin_message(cx, of),
            Step::Recording(_) | Step::Keeping(_) => self.promise_nothing(cx),
        }
    }

    pub(crate) fn leaving_key(&mut self, cx: &mut Cx<'_>, key: char) {
        let Some(Leaving { of, step }) = self.leaving().filter(|_| key == '#') else { return };
        match step {
            Step::Greeting => self.play_tone(cx, of),
            Step::Recording(file) => {
                let stage = Stage::Leaving(Leaving { of, step: Step::Keeping(file) });
                self.talk(cx, stage, Does::Nothing, KEEP_WAIT);
            }
            Step::Tone | Step::Keeping(_) => {}
        }
    }

    fn play_tone(&mut self, cx: &mut Cx<'_>, of: Dn) {
        let play = PlayerId::Words(self.words_of_box(cx, of).tone(ToneKind::Record));
        let stage = Stage::Leaving(Leaving { of, step: Step::Tone });
        self.talk(cx, stage, Does::Plays(play), WORDS_MAX);
    }

    fn begin_message(&mut self, cx: &mut Cx<'_>, of: Dn) {
        let Some(leg) = self.first.and_then(|id| self.leg(id)) else { return };
        // Nothing of it could be recorded: there was no channel, or no port.
        if leg.media.is_none() {
            return self.end(cx, Verdict::new(Cause::AnnouncementEnded));
        }
        let caller = leg.who.clone();
        // The box may have gone while the greeting played.
        if cx.view.snapshot().dn_owner(self.tenant, of).is_none() {
            return self.promise_nothing(cx);
        }
        if self.is_box_full(cx, of) {
            let said = self.words_of_box(cx, of).say(PromptId::BoxFull);
            return self.say_last(cx, said, Cause::AnnouncementEnded);
        }
        let max_s = boxes::settings(cx.view.snapshot(), (self.tenant, of)).record_s;
        let file = self.begin_message_of(cx, &caller, of);
        let stage = Stage::Leaving(Leaving { of, step: Step::Recording(file) });
        let does = Does::Records(FileId::Message(file), max_s);
        self.talk(cx, stage, does, Micros::seconds(u64::from(max_s)) + KEEP_WAIT);
    }

    /// A message of this party is entered in the box; its file.
    pub(super) fn begin_message_of(&self, cx: &mut Cx<'_>, caller: &Person, of: Dn) -> u64 {
        let file = cx.core.rng.next_u64();
        let message = StoredMessage {
            file,
            tenant: self.tenant,
            dn: of,
            call: self.id,
            left_at: cx.now.wall,
            duration_ms: 0,
            heard: false,
            caller: caller.number.clone(),
            name: caller.name.clone(),
        };
        cx.core.boxes.begin(cx.now.mono, message, cx.out);
        file
    }

    fn is_at(&self, file: FileId) -> bool {
        let step = self.leaving().map(|l| l.step);
        let of = match step {
            Some(Step::Recording(of) | Step::Keeping(of)) => of,
            _ => return false,
        };
        file == FileId::Message(of)
    }

    pub(crate) fn message_recorded(&mut self, cx: &mut Cx<'_>, file: FileId, kept: bool) {
        if !self.is_at(file) {
            return;
        }
        let words = self.box_words(cx);
        let said = match kept {
            true => words.say(PromptId::MessageSaved),
            false => words.tone(ToneKind::Error),
        };
        self.say_last(cx, said, Cause::NormalClearing);
    }

    pub(crate) fn message_lost(&mut self, cx: &mut Cx<'_>, file: FileId) {
        if self.is_at(file) {
            self.promise_nothing(cx);
        }
    }

    fn promise_nothing(&mut self, cx: &mut Cx<'_>) {
        let said = self.box_words(cx).tone(ToneKind::Error).say(PromptId::CannotRecord);
        self.say_last(cx, said, Cause::AnnouncementEnded);
    }

    /// Whether who comes to us can hear us.
    fn can_hear(&self, purpose: Purpose) -> bool {
        let leg = match purpose {
            Purpose::Basic | Purpose::ParkOverflow => self.first,
            Purpose::Transfer => self.transfer.as_ref().map(|t| t.transferee),
            // Recalls ring telephones; a consultation needs somebody to talk to.
            Purpose::Recall | Purpose::ParkRecall | Purpose::ParkTell | Purpose::Consult => None,
        };
        leg.is_some_and(|leg| self.can_answer_ourselves(leg))
    }
}
