//! Own words and tones in place of the built-in ones (R319): of the site of who hears them, at a
//! mailbox of the owner's site, else of the company. They are looked up when a playing begins.

use base::LegId;
use base::id::SiteId;
use mediactl::{Instead, Joined, Language, PlayerId, ToneKind};
use model::{Phrase, Snapshot, Sound, Spoken};

use crate::call::Call;

/// The place of use of a sentence or tone, and its language; `None` = it cannot be replaced.
fn place_of(what: PlayerId) -> Option<(Phrase, Option<Spoken>)> {
    match what {
        PlayerId::Prompt { id, language } => {
            let spoken = match language {
                Language::Ja => Spoken::Ja,
                Language::En => Spoken::En,
            };
            Phrase::of_name(id.name()).map(|phrase| (phrase, Some(spoken)))
        }
        PlayerId::Tone(tone) => {
            let phrase = match tone {
                ToneKind::SecondDial => Phrase::ToneSecondDial,
                ToneKind::Ringback => Phrase::ToneRingback,
                ToneKind::Busy => Phrase::ToneBusy,
                ToneKind::Confirmation => Phrase::ToneConfirmation,
                ToneKind::Error => Phrase::ToneError,
                ToneKind::Record => Phrase::ToneRecord,
                ToneKind::Beep => Phrase::ToneBeep,
                ToneKind::Dial | ToneKind::CallWaiting | ToneKind::Refusal | ToneKind::Hold => {
                    return None;
                }
            };
            Some((phrase, None))
        }
        PlayerId::HoldMusic | PlayerId::Words(_) | PlayerId::File(_) | PlayerId::Music(_) => None,
    }
}

impl Call {
    /// The own sounds in what the leg begins to hear; `None` when it hears that already.
    pub(super) fn instead_of_new(
        &self,
        snapshot: &Snapshot,
        id: LegId,
        joined: Joined,
    ) -> Option<Box<[Instead]>> {
        if self.leg(id)?.media.as_ref()?.joined == joined {
            return None;
        }
        let Joined::Player(play) = joined else { return Some(Box::default()) };
        let site = self.wording_site(snapshot, id);
        let mut out: Vec<Instead> = Vec::new();
        let mut add = |of: PlayerId| {
            let place = place_of(of).filter(|_| out.iter().all(|known| known.of != of));
            let sound = place.and_then(|at| snapshot.own_words(self.tenant, site, at));
            out.extend(sound.map(|sound| Instead { of, sound: Sound::file(sound) }));
        };
        match play.what {
            PlayerId::Words(words) => {
                (0..words.len()).filter_map(|at| words.piece(at)).for_each(add);
            }
            alone => add(alone),
        }
        Some(out.into())
    }

    /// Whose words the leg hears.
    fn wording_site(&self, snapshot: &Snapshot, id: LegId) -> Option<SiteId> {
        match self.box_of(id) {
            Some(of) => self.site_at(snapshot, of),
            None => self.leg(id)?.site,
        }
    }
}
