//! Counts of what the node wants done, where the wire does not show it.

use base::LegId;
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
                PlayerId::Tone(ToneKind::SecondDial) => self.counts.add("held by code"),
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

    /// Whether a leg of a phone is in a call in which somebody is held by code while another one
    /// is consulted.
    pub(crate) fn consults(&self, n: usize, leg: LegId) -> bool {
        let Some(machine) = &self.machine else { return false };
        let mut dialogs = self.phones[n].endpoint.dialogs();
        let Some(ours) = dialogs.find(|d| d.leg == leg) else { return false };
        let dialog = machine.dialogs().find(|d| d.call_id == ours.call_id);
        let call = dialog.and_then(|d| machine.legs().find(|l| l.leg == d.leg)).map(|l| l.call);
        machine.legs().any(|l| l.is_put_by && Some(l.call) == call)
    }
}
