//! Watched resources: their state, its documents, and who watches.

use base::LegId;
use base::limits::LAMP_DIALOGS_MAX;
use smallvec::SmallVec;

use super::body::{Content, Document, document};
use super::state::{Resource, Sight, State, WatchEvent, Watched};
use super::{Io, Names, Notifier};
use crate::stack::Output;

/// A resource that somebody watches.
pub(super) struct Entry {
    pub(super) resource: Resource,
    entity: Box<str>,
    /// Places of its subscriptions; each knows its position here.
    pub(super) watchers: Vec<u32>,
    /// `None` until it is given for the first time.
    state: Option<State>,
    /// Dialogs that ended with the last change, and with those before it while nothing new began.
    ended: SmallVec<[LegId; LAMP_DIALOGS_MAX]>,
    /// Written when first needed after a change.
    bare: Option<Document>,
    full: Option<Document>,
}

impl Entry {
    fn new(watched: &Watched) -> Self {
        Entry {
            resource: watched.resource,
            entity: watched.entity.as_str().into(),
            watchers: Vec::new(),
            state: None,
            ended: SmallVec::new(),
            bare: None,
            full: None,
        }
    }

    /// Whether the state has been given.
    pub(super) fn is_known(&self) -> bool {
        self.state.is_some()
    }

    /// Takes a state; `false` when it says nothing new.
    fn take(&mut self, state: State) -> bool {
        if state.package() != self.resource.package() || self.state.as_ref() == Some(&state) {
            return false;
        }
        if let (Some(State::Dialogs(old)), State::Dialogs(new)) = (&self.state, &state) {
            let is_gone = |leg: &LegId| !new.iter().any(|line| line.leg == *leg);
            let mut ended: SmallVec<[LegId; LAMP_DIALOGS_MAX]> =
                old.iter().map(|line| line.leg).filter(is_gone).collect();
            if new.is_empty() {
                ended.extend(self.ended.drain(..).filter(is_gone));
            }
            ended.truncate(LAMP_DIALOGS_MAX);
            self.ended = ended;
        }
        self.state = Some(state);
        self.bare = None;
        self.full = None;
        true
    }

    /// The document for watchers with `sight`; of the neutral state while none was given.
    pub(super) fn document(&mut self, sight: Sight, names: &dyn Names) -> &Document {
        let neutral = State::neutral(self.resource.package());
        let state = self.state.as_ref().unwrap_or(&neutral);
        let content = Content { entity: &self.entity, state, ended: &self.ended };
        let place = match sight {
            Sight::Bare => &mut self.bare,
            Sight::Full => &mut self.full,
        };
        place.get_or_insert_with(|| document(&content, sight, names))
    }
}

impl Notifier {
    /// The place of a resource, and whether it was made because nobody watched it before.
    pub(super) fn entry(&mut self, watched: &Watched) -> (u32, bool) {
        if let Some(index) = self.by_resource.get(&watched.resource) {
            return (*index, false);
        }
        let index = u32::try_from(self.entries.insert(Entry::new(watched))).unwrap_or(u32::MAX);
        self.by_resource.insert(watched.resource, index);
        (index, true)
    }

    /// A subscription leaves its resource, which nobody watches any more when it was the last.
    pub(super) fn leave(&mut self, io: &mut Io<'_>, (entry, position): (u32, u32)) {
        let Some(place) = self.entries.get_mut(entry as usize) else { return };
        if position as usize >= place.watchers.len() {
            return;
        }
        place.watchers.swap_remove(position as usize);
        if let Some(moved) = place.watchers.get(position as usize).copied()
            && let Some(subscription) = self.subscriptions.get_mut(moved as usize)
        {
            subscription.position = position;
        }
        if place.watchers.is_empty() {
            let resource = place.resource;
            self.entries.remove(entry as usize);
            self.by_resource.remove(&resource);
            tell(io, WatchEvent::Ended { resource });
        }
    }

    /// The state of a resource, or a newer one. Of one that nobody watches it changes nothing.
    pub(crate) fn handle_state(&mut self, io: &mut Io<'_>, resource: &Resource, state: State) {
        let Some(index) = self.by_resource.get(resource).copied() else { return };
        let Some(entry) = self.entries.get_mut(index as usize) else { return };
        if !entry.take(state) {
            return;
        }
        for at in 0..entry.watchers.len() {
            if let Some(watcher) = self.watcher(index, at) {
                self.change(io, watcher);
            }
        }
        self.pump(io);
    }

    /// The `at`-th subscription to a resource.
    pub(super) fn watcher(&self, entry: u32, at: usize) -> Option<u32> {
        self.entries.get(entry as usize)?.watchers.get(at).copied()
    }
}

/// Tells whoever owns the state; the stack itself knows registrations.
pub(super) fn tell(io: &mut Io<'_>, event: WatchEvent) {
    let (WatchEvent::Began { resource } | WatchEvent::Ended { resource }) = event;
    match resource {
        Resource::Dialogs { .. } | Resource::Messages { .. } => io.out.push(Output::Watch(event)),
        Resource::Registrations { .. } => {}
    }
}
