//! Which phones gave no sign when they were called (R062).
//!
//! A phone that is silent until its leg fails, or for 4 s until call control gives the leg up, is
//! shown as unreachable. It is called all the same: it may only have been late. Any sign of life
//! ends the mark: a late answer, a request, a new registration.

use base::limits::UNREACHABLE_AFTER;
use base::{LegId, Mono, Rng, Table};

use super::Output;
use crate::leg::LegEvent;
use crate::registrar::{ContactId, Registrar};

/// Outbound legs whose phone has not answered in any way yet.
pub(super) struct Reach {
    silent: Table<LegId, (ContactId, Mono)>,
}

impl Reach {
    pub(super) fn new(rng: &mut Rng) -> Self {
        Reach { silent: Table::new(rng) }
    }

    /// A contact is called.
    pub(super) fn called(&mut self, now: Mono, leg: LegId, contact: ContactId) {
        self.silent.insert(leg, (contact, now));
    }

    /// Call control gives a leg up. Its INVITE goes on until a provisional response or timer B, so
    /// the phone is judged now.
    pub(super) fn given_up(&mut self, now: Mono, leg: LegId, registrar: &mut Registrar) {
        if let Some((contact, since)) = self.silent.get(&leg).copied()
            && now.since(since) >= UNREACHABLE_AFTER
        {
            registrar.mark(contact, true);
        }
    }

    /// The phone answered a request of a leg, in time or late.
    pub(super) fn heard(&mut self, leg: LegId, registrar: &mut Registrar) {
        if let Some((contact, _)) = self.silent.remove(&leg) {
            registrar.mark(contact, false);
        }
    }

    /// Looks at what happened on legs: one that failed for want of any answer, or is gone.
    pub(super) fn watch(&mut self, now: Mono, news: &[Output], registrar: &mut Registrar) {
        for output in news {
            let Output::Leg { leg, event } = output else {
                continue;
            };
            let failed = match event {
                LegEvent::Refused(refused) => refused.unreachable,
                LegEvent::Gone => false,
                _ => continue,
            };
            if let Some((contact, since)) = self.silent.remove(leg)
                && (failed || now.since(since) >= UNREACHABLE_AFTER)
            {
                registrar.mark(contact, true);
            }
        }
    }
}
