//! Counts of what the node wants done, where the wire does not show it.

use base::LegId;
use callctl::LegSurvey;
use mediactl::{Command, FileId, Joined, Language, PlayerId, PromptId, ToneKind, Words};

use crate::world::World;

impl World {
    /// Counts what a leg is to hear or say from now on.
    pub(crate) fn count_sound(&mut self, command: &Command) {
        let Command::Leg(want) = command else { return };
        let before = self.media.leg(want.leg).map(|open| open.want.joined);
        if before == Some(want.joined) {
            return;
        }
        self.count_own_sounds(want);
        match want.joined {
            Joined::Player(play) => match play.what {
                PlayerId::Words(words) => self.count_words(&words),
                PlayerId::Tone(ToneKind::SecondDial) => {
                    self.count_hold(want.leg);
                }
                PlayerId::Tone(ToneKind::Error) => self.counts.add("codes refused"),
                PlayerId::Tone(ToneKind::Beep) => self.counts.add("push tones asked for"),
                PlayerId::File(FileId::Message(_)) => self.counts.add("messages listened to"),
                PlayerId::File(FileId::Greeting(_)) => self.counts.add("own greetings heard"),
                _ => {}
            },
            Joined::Recorder(record) => match record.file {
                FileId::Greeting(_) => self.counts.add("greetings recorded"),
                _ => self.counts.add("messages recorded"),
            },
            Joined::None
            | Joined::Leg(_)
            | Joined::Echo
            | Joined::Speaker
            | Joined::Listener(_) => {}
        }
    }

    fn count_hold(&mut self, media: LegId) {
        self.counts.add("held by code");
        let Some(machine) = &self.machine else { return };
        let call = machine.legs().find(|l| l.media == Some(media)).map(|l| l.call);
        let behind = machine.legs().any(|l| l.is_put_by && Some(l.call) == call);
        self.counts.more("held by code by who is consulted", u64::from(behind));
    }

    fn count_words(&mut self, words: &Words) {
        let said = |id| *words == Words::new(Language::Ja).say(id);
        self.counts.add("words spoken");
        if said(PromptId::BoxFull) {
            self.counts.add("boxes full");
        }
        if said(PromptId::EnterPin) {
            self.counts.add("PINs asked for");
        }
    }

    /// The node's leg of a phone's call.
    fn leg_of(&self, n: usize, leg: LegId) -> Option<LegSurvey> {
        let machine = self.machine.as_ref()?;
        let ours = self.phones[n].endpoint.dialogs().find(|d| d.leg == leg)?;
        let dialog = machine.dialogs().find(|d| d.call_id == ours.call_id)?;
        machine.legs().find(|l| l.leg == dialog.leg)
    }

    /// Whether a leg of a phone is in a call in which somebody is held by code while another one
    /// is consulted.
    pub(crate) fn consults(&self, n: usize, leg: LegId) -> bool {
        let call = self.leg_of(n, leg).map(|l| l.call);
        let mut legs = self.machine.iter().flat_map(|m| m.legs());
        legs.any(|l| l.is_put_by && Some(l.call) == call)
    }

    /// The phone that a phone talks to, and its leg.
    pub(crate) fn talks_to(&self, n: usize, leg: LegId) -> Option<(usize, LegId)> {
        let other = self.leg_of(n, leg)?.partner?;
        let dialog = self.machine.as_ref()?.dialogs().find(|d| d.leg == other)?;
        self.phones.iter().enumerate().find_map(|(m, phone)| {
            let theirs = phone.endpoint.dialogs().find(|d| d.call_id == dialog.call_id)?;
            Some((m, theirs.leg))
        })
    }
}
