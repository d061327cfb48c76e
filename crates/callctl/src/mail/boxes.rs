//! Voicemail boxes: what each number holds, and who has recorded what (R262).
//!
//! | Message | Length | Counts |
//! |---|---|---|
//! | being recorded | 0 | for the limit of the box, for nobody's lamp |
//! | left, heard | over 0 | as new, as old |
//!
//! Everything told here has been written before: a change and its [`Write`] are one step.

use std::collections::{BTreeMap, BTreeSet};

use base::id::TenantId;
use base::{Dn, Micros, Mono, Now, Wall};
use mediactl::{Command, FileId, Record};
use model::{
    BoxLimits, DnOwner, DnSettings, Snapshot, StoredBoxes, StoredGreeting, StoredMessage,
    StoredPointer, Write,
};

use crate::CallControl;
use crate::action::Action;

/// Messages that are too old are looked for so often.
const UPKEEP: Micros = Micros::seconds(3_600);

const DAY_MS: i64 = 86_400_000;

/// A recording of which nothing was told for so long never began: none takes longer than 600 s.
const LOST_MS: i64 = 1_200_000;

/// A box by its number.
pub(crate) type BoxKey = (TenantId, Dn);

/// What a number holds.
#[derive(Debug, Default)]
struct Mailbox {
    /// Oldest first.
    messages: Vec<StoredMessage>,
    greeting: Option<u64>,
}

/// All boxes; those without content are not there.
#[derive(Debug, Default)]
pub(crate) struct Boxes {
    boxes: BTreeMap<BoxKey, Mailbox>,
    /// Whose box each file is for that is being recorded.
    recording: BTreeMap<FileId, BoxKey>,
    watched: BTreeSet<BoxKey>,
    /// Watched boxes with news.
    touched: BTreeSet<BoxKey>,
    upkeep_at: Option<Mono>,
}

/// How many messages wait in a box.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Waiting {
    /// Nobody has listened to them.
    pub new: u32,
    /// The others.
    pub old: u32,
}

impl Boxes {
    fn messages(&self, key: BoxKey) -> &[StoredMessage] {
        self.boxes.get(&key).map(|b| b.messages.as_slice()).unwrap_or_default()
    }

    fn waiting(&self, key: BoxKey) -> Waiting {
        let left = self.messages(key).iter().filter(|m| m.duration_ms > 0);
        left.fold(Waiting::default(), |sum, message| match message.heard {
            true => Waiting { old: sum.old + 1, ..sum },
            false => Waiting { new: sum.new + 1, ..sum },
        })
    }

    fn touch(&mut self, key: BoxKey) {
        if self.watched.contains(&key) {
            self.touched.insert(key);
        }
        self.tidy(key);
    }

    fn tidy(&mut self, key: BoxKey) {
        if self.boxes.get(&key).is_some_and(|b| b.messages.is_empty() && b.greeting.is_none()) {
            self.boxes.remove(&key);
        }
    }

    /// Files of the messages that can be listened to: new ones first, the oldest of each first.
    pub(crate) fn playable(&self, key: BoxKey) -> Vec<u64> {
        let of = |heard| {
            let left = self.messages(key).iter().filter(|m| m.duration_ms > 0);
            left.filter(move |m| m.heard == heard).map(|m| m.file)
        };
        of(false).chain(of(true)).collect()
    }

    /// A message, unless it has been removed meanwhile.
    pub(crate) fn message(&self, key: BoxKey, file: u64) -> Option<&StoredMessage> {
        self.messages(key).iter().find(|m| m.file == file)
    }

    /// File of the own greeting.
    pub(crate) fn greeting(&self, key: BoxKey) -> Option<u64> {
        self.boxes.get(&key)?.greeting
    }

    pub(crate) fn is_recording(&self) -> bool {
        !self.recording.is_empty()
    }

    /// How many there are, those that are being recorded too.
    pub(crate) fn count(&self, key: BoxKey) -> usize {
        self.messages(key).len()
    }

    /// A message begins: known from now on, whatever becomes of its call.
    pub(crate) fn begin(&mut self, now: Mono, message: StoredMessage, out: &mut Vec<Action>) {
        let key = (message.tenant, message.dn);
        self.recording.insert(FileId::Message(message.file), key);
        keep(Write::MessagePut(Box::new(message.clone())), out);
        self.boxes.entry(key).or_default().messages.push(message);
        self.upkeep_at.get_or_insert(now + UPKEEP);
    }

    /// A greeting begins to be recorded.
    pub(crate) fn begin_greeting(&mut self, key: BoxKey, file: u64) {
        self.recording.insert(FileId::Greeting(file), key);
    }

    /// A recording is on the disk; whether it is kept.
    pub(crate) fn recorded(
        &mut self,
        file: FileId,
        duration_ms: u32,
        out: &mut Vec<Action>,
    ) -> bool {
        let long_enough = duration_ms >= Record::MIN_MS;
        let Some(key) = self.recording.remove(&file) else {
            // Its box has gone meanwhile.
            if long_enough {
                out.push(Action::Media(Command::DeleteFile { file }));
            }
            return false;
        };
        match file {
            FileId::Message(number) if long_enough => {
                let messages = self.boxes.entry(key).or_default().messages.iter_mut();
                if let Some(message) = messages.into_iter().find(|m| m.file == number) {
                    message.duration_ms = duration_ms;
                    keep(Write::MessagePut(Box::new(message.clone())), out);
                }
                self.touch(key);
            }
            FileId::Message(number) => self.drop_message(key, number, out),
            FileId::Greeting(number) if long_enough => self.greet(key, Some(number), out),
            FileId::Greeting(_) | FileId::Sound(_) => {}
        }
        long_enough
    }

    /// Nothing was recorded.
    pub(crate) fn failed(&mut self, file: FileId, out: &mut Vec<Action>) {
        let key = self.recording.remove(&file);
        if let (Some(key), FileId::Message(number)) = (key, file) {
            self.drop_message(key, number, out);
        }
    }

    /// The greeting of a box; the former one's file goes.
    pub(crate) fn greet(&mut self, key: BoxKey, file: Option<u64>, out: &mut Vec<Action>) {
        let before = std::mem::replace(&mut self.boxes.entry(key).or_default().greeting, file);
        if before != file {
            let (tenant, dn) = key;
            keep(Write::GreetingPut(StoredGreeting { tenant, dn, file }), out);
        }
        if let Some(before) = before.filter(|b| Some(*b) != file) {
            let file = FileId::Greeting(before);
            out.push(Action::Media(Command::DeleteFile { file }));
        }
        self.touch(key);
    }

    /// Somebody has listened to a message.
    pub(crate) fn heard(&mut self, key: BoxKey, file: u64, out: &mut Vec<Action>) {
        let messages = self.boxes.get_mut(&key).map(|b| b.messages.as_mut_slice());
        let message = messages.unwrap_or_default().iter_mut().find(|m| m.file == file && !m.heard);
        if let Some(message) = message {
            message.heard = true;
            keep(Write::MessagePut(Box::new(message.clone())), out);
            self.touch(key);
        }
    }

    /// Removes a message and its sound.
    pub(crate) fn delete(&mut self, key: BoxKey, file: u64, out: &mut Vec<Action>) {
        let is_left = self.message(key, file).is_some_and(|m| m.duration_ms > 0);
        self.drop_message(key, file, out);
        let file = FileId::Message(file);
        self.recording.remove(&file);
        if is_left {
            out.push(Action::Media(Command::DeleteFile { file }));
        }
    }

    fn drop_message(&mut self, key: BoxKey, file: u64, out: &mut Vec<Action>) {
        let Some(mailbox) = self.boxes.get_mut(&key) else { return };
        let at = mailbox.messages.iter().position(|m| m.file == file);
        let Some(removed) = at.map(|at| mailbox.messages.remove(at)) else { return };
        keep(Write::MessageRemove { file }, out);
        match removed.duration_ms {
            0 => self.tidy(key),
            _ => self.touch(key),
        }
    }

    /// Removes what is older than the number keeps it (R262).
    pub(crate) fn expire(
        &mut self,
        now: Wall,
        (key, snapshot): (BoxKey, &Snapshot),
        out: &mut Vec<Action>,
    ) {
        let days = i64::from(settings(snapshot, key).keep_days);
        let is_old = |m: &&StoredMessage| {
            let most = if m.duration_ms > 0 { days * DAY_MS } else { LOST_MS };
            now.0.saturating_sub(m.left_at.0) > most
        };
        let old: Vec<u64> = self.messages(key).iter().filter(is_old).map(|m| m.file).collect();
        old.into_iter().for_each(|file| self.delete(key, file, out));
    }

    /// Looks through all boxes when it is time.
    pub(crate) fn upkeep(
        &mut self,
        (mono, wall): (Mono, Wall),
        snapshot: &Snapshot,
        out: &mut Vec<Action>,
    ) {
        if self.upkeep_at.is_none_or(|at| at > mono) {
            return;
        }
        let keys: Vec<BoxKey> = self.boxes.keys().copied().collect();
        keys.into_iter().for_each(|key| self.expire(wall, (key, snapshot), out));
        self.upkeep_at = (!self.boxes.is_empty()).then_some(mono + UPKEEP);
    }

    /// When [`Boxes::upkeep`] has something to do.
    pub(crate) fn upkeep_at(&self) -> Option<Mono> {
        self.upkeep_at
    }

    /// Empties the boxes of numbers that are gone: who gets one later must not hear them.
    pub(crate) fn prune(&mut self, snapshot: &Snapshot, out: &mut Vec<Action>) {
        let is_gone = |(tenant, dn): &&BoxKey| snapshot.dn_owner(*tenant, *dn).is_none();
        let gone: Vec<BoxKey> = self.boxes.keys().filter(is_gone).copied().collect();
        for key in gone {
            let files: Vec<u64> = self.messages(key).iter().map(|m| m.file).collect();
            files.into_iter().for_each(|file| self.delete(key, file, out));
            if self.greeting(key).is_some() {
                self.greet(key, None, out);
            }
        }
    }
}

impl CallControl {
    /// What boxes held before, where hunts stood, and who may be called back; once, before the
    /// first call.
    pub fn restore_boxes(&mut self, now: Now, stored: StoredBoxes) {
        self.core.emergencies.restore(now, stored.callers);
        let boxes = &mut self.core.boxes;
        for message in stored.messages {
            let key = (message.tenant, message.dn);
            if message.duration_ms == 0 {
                boxes.recording.insert(FileId::Message(message.file), key);
            }
            boxes.boxes.entry(key).or_default().messages.push(message);
        }
        for StoredPointer { tenant, group, member } in stored.pointers {
            self.core.offered.insert((tenant, group), member);
        }
        let boxes = &mut self.core.boxes;
        for StoredGreeting { tenant, dn, file } in stored.greetings {
            boxes.boxes.entry((tenant, dn)).or_default().greeting = file;
        }
        // Soon, since the process may have been down for long.
        boxes.upkeep_at = (!boxes.boxes.is_empty()).then_some(now.mono + Micros::seconds(1));
    }

    /// All that boxes hold, and where hunts stand.
    pub fn boxes(&self) -> StoredBoxes {
        let boxes = &self.core.boxes.boxes;
        let greeting = |(key, b): (&BoxKey, &Mailbox)| {
            let file = Some(b.greeting?);
            Some(StoredGreeting { tenant: key.0, dn: key.1, file })
        };
        StoredBoxes {
            messages: boxes.values().flat_map(|b| b.messages.iter().cloned()).collect(),
            greetings: boxes.iter().filter_map(greeting).collect(),
            pointers: self.core.pointers(),
            callers: self.core.emergencies.kept(),
        }
    }

    /// Begins or ends word of a box.
    pub fn watch_box(&mut self, tenant: TenantId, dn: Dn, wanted: bool) {
        let boxes = &mut self.core.boxes;
        if wanted {
            boxes.watched.insert((tenant, dn));
        } else {
            boxes.watched.remove(&(tenant, dn));
            boxes.touched.remove(&(tenant, dn));
        }
    }

    /// Takes the watched boxes that may have changed since the last time.
    pub fn take_touched_boxes(&mut self) -> BTreeSet<(TenantId, Dn)> {
        std::mem::take(&mut self.core.boxes.touched)
    }

    /// How many messages wait in a box.
    pub fn waiting(&self, tenant: TenantId, dn: Dn) -> Waiting {
        self.core.boxes.waiting((tenant, dn))
    }
}

/// The settings of a number; of a group those of its box.
pub(crate) fn settings(snapshot: &Snapshot, (tenant, dn): BoxKey) -> DnSettings {
    let limits = match snapshot.dn_owner(tenant, dn) {
        Some(DnOwner::Hunt(number)) => snapshot.hunt_group(tenant, number).map(|h| h.limits),
        Some(DnOwner::Department(id)) => snapshot.department(id).map(|d| d.limits),
        _ => None,
    };
    let kept = snapshot.dn_settings(tenant, dn);
    let settings = kept.cloned().unwrap_or_else(|| DnSettings::new(tenant, dn));
    limits.unwrap_or(BoxLimits::of(&settings)).put_into(settings)
}

fn keep(write: Write, out: &mut Vec<Action>) {
    out.push(Action::Keep(Box::new(write)));
}
