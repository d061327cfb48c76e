//! Something short for one party: it does not hear the other one meanwhile, nor is it heard.

use base::{Cause, LegId, Micros, Mono};
use mediactl::{Joined, Language, Play, PlayerId, PromptId, Repeat, ToneKind, Words};

use crate::call::Call;
use crate::cx::Cx;
use crate::leg::Leg;
use crate::media::path::Way;

/// No notice is longer; one whose end is not told is over by then.
const NOTICE_MAX: Micros = Micros::seconds(15);

/// The notice's number among the playings of a leg.
const SERIAL: u32 = 2;

/// The number of a park slot as it is told.
pub(crate) fn slot_words(language: Language, slot: base::Dn) -> Words {
    Words::new(language).say(PromptId::ParkNumberIs).digits(&slot.text())
}

/// What a party hears now.
#[derive(Debug)]
pub(crate) struct Notice {
    leg: LegId,
    what: PlayerId,
    /// Then its leg ends.
    last: bool,
    pub until: Mono,
}

impl Call {
    /// What was asked for is not done, and nothing changes.
    pub(crate) fn error_tone(&mut self, cx: &mut Cx<'_>, leg: LegId) {
        self.notify(cx, leg, PlayerId::Tone(ToneKind::Error), false);
    }

    /// A short beep.
    pub(crate) fn beep(&mut self, cx: &mut Cx<'_>, leg: LegId) {
        self.notify(cx, leg, PlayerId::Tone(ToneKind::Beep), false);
    }

    /// The number of the slot, and then the end of the leg.
    pub(crate) fn tell_slot(&mut self, cx: &mut Cx<'_>, leg: LegId, slot: base::Dn) {
        let words = slot_words(self.language_of(cx.view.snapshot(), leg), slot);
        self.notify(cx, leg, PlayerId::Words(words), true);
    }

    /// The same for a leg that has no part in the call.
    pub(crate) fn tell_slot_alone(&mut self, cx: &mut Cx<'_>, leg: LegId, slot: base::Dn) {
        self.notice_over(cx);
        let words = slot_words(self.language_of(cx.view.snapshot(), leg), slot);
        let (what, until) = (PlayerId::Words(words), cx.now.mono + NOTICE_MAX);
        self.notice = Some(Box::new(Notice { leg, what, last: true, until }));
    }

    fn notify(&mut self, cx: &mut Cx<'_>, leg: LegId, what: PlayerId, last: bool) {
        self.notice_over(cx);
        let hears = self.leg(leg).is_some_and(|l| l.is_answered() && !l.holding);
        if hears && self.way == Way::Relay {
            let until = cx.now.mono + NOTICE_MAX;
            self.notice = Some(Box::new(Notice { leg, what, last, until }));
        } else if last {
            self.hang_up(cx, leg, Cause::NormalClearing);
        }
    }

    /// It came to its end.
    pub(crate) fn notice_over(&mut self, cx: &mut Cx<'_>) {
        let Some(notice) = self.notice.take() else { return };
        if notice.last {
            self.hang_up(cx, notice.leg, Cause::NormalClearing);
        }
    }

    /// A player of the leg ended: true when it was the notice.
    pub(crate) fn notice_ended(&mut self, cx: &mut Cx<'_>, leg: LegId, serial: u32) -> bool {
        let ours = serial == SERIAL && self.notice.as_ref().is_some_and(|n| n.leg == leg);
        if ours {
            self.notice_over(cx);
        }
        ours
    }

    /// What the leg hears of it.
    pub(crate) fn notice_for(&self, id: LegId) -> Option<Joined> {
        let notice = self.notice.as_ref().filter(|n| n.leg == id)?;
        let play = Play { what: notice.what, repeat: Repeat::Once, serial: SERIAL };
        self.leg(id).filter(|l: &&Leg| l.is_answered() && !l.holding).map(|_| Joined::Player(play))
    }

    /// Whether the leg hears its last notice: it has no part in the call any more.
    pub(crate) fn is_leaving(&self, id: LegId) -> bool {
        self.notice.as_ref().is_some_and(|n| n.last && n.leg == id)
    }
}
