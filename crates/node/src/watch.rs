//! Who may watch what (R310, R311), and how the state of what is watched gets to the stack.

use base::id::{DeviceId, TenantId};
use base::{Dialed, Dn, Now};
use model::{Change, Snapshot};
use sip::event::{MessageSummary, Package, Resource, Sight, State, WatchEvent, Watched};

use crate::{Node, translate};

/// What the user part of a Request-URI means to a device that wants to watch it.
///
/// Only what belongs to its own company exists for it.
pub(crate) fn watched(
    snapshot: &Snapshot,
    watcher: DeviceId,
    package: Package,
    user: &str,
) -> Result<Watched, u16> {
    let device = snapshot.device(watcher).ok_or(404u16)?;
    let tenant = device.tenant;
    let own = user.eq_ignore_ascii_case(&device.sip_id);
    let own_dn = device.user.and_then(|u| snapshot.user(u)).map(|u| u.dn);
    let dialed = Dialed::parse(user).ok().and_then(|d| d.dn());
    // Phones ask for their own messages and registrations by what they register as.
    let named = if own { own_dn } else { dialed };
    let existing = named.filter(|dn| exists(snapshot, tenant, *dn));
    let resource = match package {
        Package::Dialog => Resource::Dialogs { tenant, dn: existing.ok_or(404u16)? },
        Package::MessageSummary => Resource::Messages { tenant, dn: existing.ok_or(404u16)? },
        Package::Reg => {
            let device = registered_as(snapshot, tenant, user).or(Some(watcher).filter(|_| own));
            Resource::Registrations { device: device.ok_or(404u16)? }
        }
    };
    let sight = sight(snapshot, watcher, &resource).ok_or(403u16)?;
    let name = match resource {
        Resource::Dialogs { dn, .. } | Resource::Messages { dn, .. } => dn.text(),
        Resource::Registrations { device } => {
            snapshot.device(device).map(|d| d.sip_id.to_string()).unwrap_or_default()
        }
    };
    let realm = snapshot.tenant(tenant).map(|t| t.realm.as_ref()).unwrap_or_default();
    Ok(Watched { resource, sight, entity: format!("sip:{name}@{realm}") })
}

/// How much a device may see of a resource; `None` when it may not watch it or it is gone.
pub(crate) fn sight(snapshot: &Snapshot, watcher: DeviceId, resource: &Resource) -> Option<Sight> {
    let device = snapshot.device(watcher)?;
    match *resource {
        Resource::Dialogs { tenant, dn } => {
            let visible = tenant == device.tenant && exists(snapshot, tenant, dn);
            let sight = match may_pick_up(snapshot, watcher, dn) {
                true => Sight::Full,
                false => Sight::Bare,
            };
            visible.then_some(sight)
        }
        Resource::Messages { tenant, dn } => {
            let holds = device.user.and_then(|u| snapshot.user(u)).is_some_and(|u| u.dn == dn);
            (tenant == device.tenant && holds).then_some(Sight::Full)
        }
        Resource::Registrations { device: watched } => {
            may_see_registrations(watcher, watched).then_some(Sight::Full)
        }
    }
}

/// Whether a device may pick up calls of a number, and so may see who calls there (R311).
fn may_pick_up(snapshot: &Snapshot, watcher: DeviceId, dn: Dn) -> bool {
    // Nobody may while no groups are known in which calls are picked up.
    let _ = (snapshot, watcher, dn);
    false
}

/// Whether a device may see the registrations of another one. Administrators have no telephone of
/// their own, so each device sees its own.
fn may_see_registrations(watcher: DeviceId, watched: DeviceId) -> bool {
    watcher == watched
}

fn registered_as(snapshot: &Snapshot, tenant: TenantId, user: &str) -> Option<DeviceId> {
    snapshot.device_by_sip_id(tenant, user).map(|d| d.id)
}

fn exists(snapshot: &Snapshot, tenant: TenantId, dn: Dn) -> bool {
    snapshot.dn_owner(tenant, dn).is_some()
}

/// Numbers that `changes` may have ended: those of changed users, as they were before.
pub(crate) fn ended_numbers(
    changes: &[Change],
    old: &Snapshot,
    new: &Snapshot,
) -> Vec<(TenantId, Dn)> {
    let user = |change: &Change| match change {
        Change::UserPut(user) => Some(user.id),
        Change::UserDelete(id) => Some(*id),
        _ => None,
    };
    let before = changes.iter().filter_map(user).filter_map(|id| old.user(id));
    let numbers = before.map(|user| (user.tenant, user.dn));
    numbers.filter(|(tenant, dn)| !exists(new, *tenant, *dn)).collect()
}

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
            // Boxes are empty while nobody keeps messages.
            WatchEvent::Began { resource: resource @ Resource::Messages { .. } } => {
                let state = State::Messages(MessageSummary::default());
                self.run_sip(now, sip::stack::Input::State { resource, state });
            }
            // The stack knows registrations itself.
            WatchEvent::Began { resource: Resource::Registrations { .. } }
            | WatchEvent::Ended {
                resource: Resource::Messages { .. } | Resource::Registrations { .. },
            } => {}
        }
    }

    /// Tells the watchers of numbers whose dialogs may have changed; false when there were none.
    pub(crate) fn tell_watchers(&mut self, now: Now) -> bool {
        let touched = self.calls.take_touched();
        for (tenant, dn) in &touched {
            self.tell_dialogs(now, *tenant, *dn);
        }
        !touched.is_empty()
    }

    fn tell_dialogs(&mut self, now: Now, tenant: TenantId, dn: Dn) {
        let lines = self.calls.dialogs_of(tenant, dn);
        let state = translate::lamps::dialogs(&self.snapshot, tenant, lines);
        let resource = translate::lamps::resource(tenant, dn);
        self.run_sip(now, sip::stack::Input::State { resource, state });
    }

    /// Numbers that are gone lose their watchers.
    pub(crate) fn end_numbers(&mut self, now: Now, numbers: Vec<(TenantId, Dn)>) {
        for (tenant, dn) in numbers {
            for resource in [Resource::Dialogs { tenant, dn }, Resource::Messages { tenant, dn }] {
                self.run_sip(now, sip::stack::Input::Gone { resource });
            }
        }
    }
}
