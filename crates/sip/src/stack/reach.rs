//! Which phones gave no sign when they were called (R062).

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
        let Some((contact, since)) = self.silent.get(&leg).copied() else {
            return;
        };
        if now.since(since) >= UNREACHABLE_AFTER {
            self.silent.remove(&leg);
            registrar.mark_unreachable(contact);
        }
    }

    /// Looks at what happened on legs: a phone that was silent until its leg failed, or for 4 s
    /// until call control gave the leg up, is unreachable until it registers again.
    pub(super) fn watch(&mut self, now: Mono, news: &[Output], registrar: &mut Registrar) {
        for output in news {
            let Output::Leg { leg, event } = output else {
                continue;
            };
            let gone = match event {
                LegEvent::Refused(refused) => refused.unreachable,
                LegEvent::Progress { .. } | LegEvent::Answered { .. } => false,
                LegEvent::Gone => true,
                _ => continue,
            };
            if let Some((contact, since)) = self.silent.remove(leg)
                && gone
                && (now.since(since) >= UNREACHABLE_AFTER || !matches!(event, LegEvent::Gone))
            {
                registrar.mark_unreachable(contact);
            }
        }
    }
}
