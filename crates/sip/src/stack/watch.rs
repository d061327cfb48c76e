//! Event subscriptions: identity and rights, then the notifier; and what the stack itself tells of.

use base::id::DeviceId;
use base::{LegId, Now};
use smallvec::SmallVec;

use super::dispatch::Arrived;
use super::{Output, Stack, View};
use crate::event::{
    self, Ask, Name, Names, Notifier, Refusal, RegisteredContact, Resource, State, Subscribe,
};
use crate::invite::Legs;
use crate::msg::HeaderId;
use crate::msg::uri::Uri;
use crate::registrar::BindingChange;

impl Names for Legs {
    fn name_of(&self, leg: LegId) -> Option<Name<'_>> {
        let (call_id, ours, theirs) = self.name_of_dialog(leg)?;
        Some(Name { call_id, ours, theirs })
    }
}

impl Stack {
    pub(super) fn notifier<'a>(
        &'a mut self,
        now: Now,
        out: &'a mut Vec<Output>,
    ) -> (&'a mut Notifier, event::Io<'a>) {
        let Stack { notifier, layer, config, registrar, legs, .. } = self;
        (notifier, event::Io { now, layer, config, registrar, names: legs, out })
    }

    /// A SUBSCRIBE outside of a dialog.
    pub(super) fn subscribe(
        &mut self,
        now: Now,
        at: &Arrived<'_>,
        view: &dyn View,
        out: &mut Vec<Output>,
    ) {
        if self.draining {
            return self.shed(at, out);
        }
        let Some(device) = self.authenticate(now, at, view, out) else {
            return;
        };
        self.registrar.heard(device, at.peer.flow, at.peer.address);
        if self.notifier.is_full() {
            return self.shed(at, out);
        }
        let asked = Ask::of(at.msg).and_then(|ask| {
            let user = user(at.msg.request_uri()).ok_or(Refusal::Status(404))?;
            let watched = view.watched(device, ask.package, &user).map_err(Refusal::Status)?;
            Ok((ask, watched))
        });
        let (ask, watched) = match asked {
            Ok(asked) => asked,
            Err(refusal) => {
                let (status, lines) = refusal.answer();
                let lines: SmallVec<[(HeaderId, &str); 1]> =
                    lines.iter().map(|(id, value)| (*id, value.as_str())).collect();
                return self.answer_with(now, at, status, &lines, out);
            }
        };
        let tx = self.layer.open(now.mono, &at.key, at.msg, &at.peer);
        let request = Subscribe { tx, msg: at.msg, peer: at.peer };
        let (notifier, mut io) = self.notifier(now, out);
        notifier.begin(&mut io, &request, (device, &ask), &watched);
        if let Resource::Registrations { device } = watched.resource {
            self.tell_registrations(now, device, out);
        }
    }

    /// A request in the dialog of a subscription, whose sender is known to be its watcher.
    pub(super) fn in_subscription(
        &mut self,
        now: Now,
        at: &Arrived<'_>,
        view: &dyn View,
        out: &mut Vec<Output>,
    ) {
        let tx = self.layer.open(now.mono, &at.key, at.msg, &at.peer);
        let request = Subscribe { tx, msg: at.msg, peer: at.peer };
        let (notifier, mut io) = self.notifier(now, out);
        notifier
            .handle_in_dialog(&mut io, &request, &|device, resource| view.sight(device, resource));
    }

    /// Looks at what became of bindings since `begin`: watchers are told of them, and phones that
    /// could not be reached are.
    pub(super) fn watch_bindings(&mut self, now: Now, begin: usize, out: &mut Vec<Output>) {
        if self.notifier.is_empty() {
            return;
        }
        let mut put: SmallVec<[DeviceId; 2]> = SmallVec::new();
        let mut changed: SmallVec<[DeviceId; 2]> = SmallVec::new();
        for output in out.get(begin..).unwrap_or_default() {
            if let Output::Binding(change) = output {
                let device = match change {
                    BindingChange::Put(binding) => binding.device,
                    BindingChange::Remove { device, .. } => *device,
                };
                if matches!(change, BindingChange::Put(_)) {
                    put.push(device);
                }
                if self.notifier.watches(&Resource::Registrations { device }) {
                    changed.push(device);
                }
            }
        }
        for device in put {
            let (notifier, mut io) = self.notifier(now, out);
            notifier.registered(&mut io, device);
        }
        for device in changed {
            self.tell_registrations(now, device, out);
        }
    }

    fn tell_registrations(&mut self, now: Now, device: DeviceId, out: &mut Vec<Output>) {
        let contacts = self.registrar.contacts(device);
        let contacts =
            contacts.map(|(id, b)| RegisteredContact { id: id.0, uri: b.contact.clone() });
        let state = State::Registrations(contacts.collect());
        let (notifier, mut io) = self.notifier(now, out);
        notifier.handle_state(&mut io, &Resource::Registrations { device }, state);
    }
}

/// The user part of a Request-URI, unescaped; `None` without one.
fn user(uri: &[u8]) -> Option<String> {
    let uri = Uri::parse(uri)?;
    Some(String::from_utf8_lossy(&uri.user()?).into_owned())
}
