//! How the state of what is watched gets to the stack.

use base::id::TenantId;
use base::{Dn, Now};
use sip::event::{MessageSummary, Resource, State, WatchEvent};
use sip::stack::Input;

use crate::{Node, translate};

impl Node {
    /// Interest in something began or ended.
    pub(crate) fn watch(&mut self, now: Now, event: WatchEvent) {
        match event {
            WatchEvent::Began { resource: Resource::Dialogs { tenant, dn } } => {
                self.calls.watch(tenant, dn, true);
                self.tell_dialogs(now, tenant, dn);
            }
            WatchEvent::Ended { resource: Resource::Dialogs { tenant, dn } } => {
                self.calls.watch(tenant, dn, false);
            }
            WatchEvent::Began { resource: Resource::Messages { tenant, dn } } => {
                self.calls.watch_box(tenant, dn, true);
                self.tell_messages(now, tenant, dn);
            }
            WatchEvent::Ended { resource: Resource::Messages { tenant, dn } } => {
                self.calls.watch_box(tenant, dn, false);
            }
            // The stack knows registrations itself.
            WatchEvent::Began { resource: Resource::Registrations { .. } }
            | WatchEvent::Ended { resource: Resource::Registrations { .. } } => {}
        }
    }

    /// Tells the watchers of numbers whose dialogs or messages may have changed; false when there
    /// were none.
    pub(crate) fn tell_watchers(&mut self, now: Now) -> bool {
        let touched = self.calls.take_touched();
        for (tenant, dn) in &touched {
            self.tell_dialogs(now, *tenant, *dn);
        }
        let boxes = self.calls.take_touched_boxes();
        for (tenant, dn) in &boxes {
            self.tell_messages(now, *tenant, *dn);
        }
        !(touched.is_empty() && boxes.is_empty())
    }

    fn tell_messages(&mut self, now: Now, tenant: TenantId, dn: Dn) {
        let waiting = self.calls.waiting(tenant, dn);
        let summary = MessageSummary { new: waiting.new, old: waiting.old, urgent: 0 };
        let (resource, state) = (Resource::Messages { tenant, dn }, State::Messages(summary));
        self.run_sip(now, Input::State { resource, state });
    }

    fn tell_dialogs(&mut self, now: Now, tenant: TenantId, dn: Dn) {
        let lines = self.calls.dialogs_of(tenant, dn);
        let state = translate::lamps::dialogs(&self.snapshot, tenant, lines);
        let resource = Resource::Dialogs { tenant, dn };
        self.run_sip(now, Input::State { resource, state });
    }

    /// Numbers that are gone lose their watchers.
    pub(crate) fn end_numbers(&mut self, now: Now, numbers: Vec<(TenantId, Dn)>) {
        for (tenant, dn) in numbers {
            for resource in [Resource::Dialogs { tenant, dn }, Resource::Messages { tenant, dn }] {
                self.run_sip(now, Input::Gone { resource });
            }
        }
    }

    /// Who watches these numbers may see more or less of them now.
    pub(crate) fn review_numbers(&mut self, now: Now, numbers: Vec<(TenantId, Dn)>) {
        for (tenant, dn) in numbers {
            self.run_sip(now, Input::ReviewWatchers { resource: Resource::Dialogs { tenant, dn } });
        }
    }
}
