//! A holder at a box leaves a message of its own while the held party waits (R262, R286).
//!
//! | State | Event | Next |
//! |---|---|---|
//! | `Hears` an own greeting | it ends | `Hears` the tone |
//! | `Hears` any other, or the tone | it ends | `Records` |
//! | `Records` | `#` | `Ends` |
//! | `Records`, `Ends` | kept, or too short | `Told` |
//! | `Told` | its end | `Done` |
//! | any | hold code | back; what was recorded by then is left in the box |
//! | any | the holder hangs up | the same, and the held party is left there (R287) |
//! | any | the time at a box is over | dials again |

use base::{Dn, LegId, Micros};
use mediactl::{FileId, Joined, Play, PlayerId, PromptId, Record, Repeat, ToneKind};

use super::boxes;
use crate::call::Call;
use crate::consult::{SERIAL, Stage};
use crate::cx::Cx;

/// For the disk, after the longest message.
const KEEP_WAIT: Micros = Micros::seconds(5);

/// How far a holder is at a box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AtBox {
    /// The greeting, or the tone after it.
    Hears(PlayerId),
    /// A message, of so many seconds at most.
    Records(u64, u16),
    /// The message was ended and is on its way to the disk.
    Ends(u64),
    /// What became of it.
    Told(PlayerId),
    /// Nothing more.
    Done,
}

impl AtBox {
    /// What the holder hears, or says to us.
    pub(crate) fn joined(self) -> Joined {
        match self {
            AtBox::Hears(what) | AtBox::Told(what) => {
                Joined::Player(Play { what, repeat: Repeat::Once, serial: SERIAL })
            }
            AtBox::Records(file, max_s) => {
                Joined::Recorder(Record { file: FileId::Message(file), max_s, serial: SERIAL })
            }
            AtBox::Ends(_) | AtBox::Done => Joined::None,
        }
    }
}

impl Call {
    /// Where a holder is at a box, and what of it goes on.
    pub(super) fn at_box(&self, leg: LegId) -> Option<(Dn, AtBox)> {
        let consult = self.consult.as_ref().filter(|c| c.holder == leg)?;
        match consult.stage {
            Stage::Box { of, at, .. } => Some((of, at)),
            _ => None,
        }
    }

    fn now_at_box(&mut self, next: AtBox) {
        if let Some(Stage::Box { at, .. }) = self.consult.as_mut().map(|c| &mut c.stage) {
            *at = next;
        }
    }

    /// What the holder heard of the box has ended.
    ///
    /// Not to a telephone that holds us: it hears it anew when it comes back, and nothing could be
    /// recorded meanwhile.
    pub(crate) fn box_heard(&mut self, cx: &mut Cx<'_>, holder: LegId) {
        if self.leg(holder).is_none_or(|leg| leg.holding) {
            return;
        }
        match self.at_box(holder) {
            Some((of, AtBox::Hears(PlayerId::File(_)))) => {
                let tone = self.words_of_box(cx, of).tone(ToneKind::Record);
                self.now_at_box(AtBox::Hears(PlayerId::Words(tone)));
            }
            Some((of, AtBox::Hears(_))) => self.begin_holders_message(cx, (holder, of)),
            Some((_, AtBox::Told(_))) => self.now_at_box(AtBox::Done),
            Some((_, AtBox::Records(..) | AtBox::Ends(_) | AtBox::Done)) | None => {}
        }
    }

    fn begin_holders_message(&mut self, cx: &mut Cx<'_>, (holder, of): (LegId, Dn)) {
        let Some(who) = self.leg(holder).map(|l| l.who.clone()) else { return };
        if cx.view.snapshot().dn_owner(self.tenant, of).is_none() {
            return self.now_at_box(AtBox::Done);
        }
        if self.is_box_full(cx, of) {
            let full = self.words_of_box(cx, of).say(PromptId::BoxFull);
            return self.now_at_box(AtBox::Told(PlayerId::Words(full)));
        }
        let max_s = boxes::settings(cx.view.snapshot(), (self.tenant, of)).record_s;
        let file = self.begin_message_of(cx, &who, of);
        let longest = cx.now.mono + Micros::seconds(u64::from(max_s)) + KEEP_WAIT;
        if let Some(Stage::Box { at, until, .. }) = self.consult.as_mut().map(|c| &mut c.stage) {
            *at = AtBox::Records(file, max_s);
            *until = longest.max(*until);
        }
    }

    /// The holder pressed keys that are no code.
    pub(crate) fn box_keys(&mut self, holder: LegId, keys: &[u8]) {
        if let Some((_, AtBox::Records(file, _))) = self.at_box(holder)
            && keys.contains(&b'#')
        {
            self.now_at_box(AtBox::Ends(file));
        }
    }

    /// What the holder said is on the disk, is too short, or cannot be kept (`None`).
    pub(crate) fn box_recorded(
        &mut self,
        cx: &Cx<'_>,
        holder: LegId,
        (file, kept): (FileId, Option<bool>),
    ) {
        let Some((of, AtBox::Records(own, _) | AtBox::Ends(own))) = self.at_box(holder) else {
            return;
        };
        if file != FileId::Message(own) {
            return;
        }
        let words = self.words_of_box(cx, of);
        let told = match kept {
            Some(true) => words.say(PromptId::MessageSaved),
            Some(false) => words.tone(ToneKind::Error),
            None => words.tone(ToneKind::Error).say(PromptId::CannotRecord),
        };
        self.now_at_box(AtBox::Told(PlayerId::Words(told)));
    }
}
