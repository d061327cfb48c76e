//! What routing may read: the snapshot, and the live state of the moment (R318).

use base::id::{DeviceId, GatewayId, SiteId, TenantId};
use base::{Dn, Mono};
use model::{Gateway, Snapshot, User, UserState};
use smallvec::SmallVec;

use super::Plan;
use crate::origin::Origin;

/// Configuration and live state, as one decision sees them.
pub(crate) trait Facts {
    /// The configuration in force.
    fn snapshot(&self) -> &Snapshot;
    /// Live contacts of a device.
    fn contacts(&self, device: DeviceId) -> usize;
    /// Calls of a number besides the one at hand (R250).
    fn calls(&self, tenant: TenantId, dn: Dn) -> u32;
    /// A call is parked in the slot.
    fn is_parked(&self, tenant: TenantId, slot: Dn) -> bool;
    /// Whether the device is in a page, and in one for an emergency.
    fn paged(&self, device: DeviceId) -> Option<bool>;
    /// Channels of a gateway in use (R305).
    fn channels(&self, gateway: GatewayId) -> u32;
    /// Of those, the ones of calls that may be ended for an emergency call (J33).
    fn ordinary(&self, gateway: GatewayId) -> u32;
    /// Channels of a site's access line that other calls use (R305).
    fn access(&self, site: SiteId) -> u32;
    /// Whether the number is in an emergency call.
    fn in_emergency(&self, tenant: TenantId, dn: Dn) -> bool;
    /// The member of a hunting group that was offered a call last (均等).
    fn offered_last(&self, tenant: TenantId, group: u16) -> Option<Dn>;
    /// Terminals that a call by a gateway to a number is back to, if it is one (J35).
    fn called_back(&self, now: Mono, gateway: &Gateway, dialed: &str) -> SmallVec<[DeviceId; 1]> {
        let _ = (now, gateway, dialed);
        SmallVec::new()
    }
    /// A bug that is put in for the simulator.
    #[cfg(feature = "planted")]
    fn planted(&self) -> Option<crate::planted::Bug>;
    /// Whether the access lines have a channel for any leg of what would ring, or without a plan
    /// for the caller to hear the exchange itself (R305).
    fn has_room(&self, caller: (TenantId, Origin), plan: Option<&Plan>) -> bool {
        let _ = (caller, plan);
        true
    }
}

/// What a user's devices are up to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Reach {
    /// Contacts that may ring.
    pub contacts: usize,
    /// Devices with a contact.
    pub reachable: usize,
    /// Those of them that do not want to be disturbed (R251).
    pub quiet: usize,
}

impl Reach {
    /// Looks at every device of the user.
    pub(crate) fn of(facts: &dyn Facts, user: &User) -> Self {
        let snapshot = facts.snapshot();
        let mut reach = Reach::default();
        for id in snapshot.devices_of(user.id) {
            let contacts = facts.contacts(*id);
            if contacts == 0 {
                continue;
            }
            reach.reachable += 1;
            match snapshot.device(*id).is_some_and(|d| d.do_not_disturb) {
                true => reach.quiet += 1,
                false => reach.contacts += contacts,
            }
        }
        reach
    }

    /// No device can be reached (圏外).
    pub(crate) fn is_out(self) -> bool {
        self.reachable == 0
    }

    /// Every device that can be reached is in do not disturb.
    pub(crate) fn is_quiet(self) -> bool {
        self.reachable > 0 && self.quiet == self.reachable
    }
}

/// Why a member of a group is not rung.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spared {
    /// It calls, or has forwarded this call (R257).
    Involved,
    /// The user is stopped, or gone.
    Stopped,
    /// It forwards all its calls.
    Forwards,
    /// 圏外.
    Out,
    /// Do not disturb.
    Quiet,
    /// In a call, or ringing.
    Busy,
    /// Listens to another page.
    Paged,
    /// The line that the call came by may not ring it (R301).
    Line,
}

impl Spared {
    /// The word of the explanation.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Spared::Involved => "involved",
            Spared::Stopped => "stopped",
            Spared::Forwards => "forwards",
            Spared::Out => "unreachable",
            Spared::Quiet => "do-not-disturb",
            Spared::Busy => "busy",
            Spared::Paged => "paged",
            Spared::Line => "line",
        }
    }
}

/// Of those who are not rung, the reasons that decide how the call ends (R277).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Reasons {
    busy: bool,
    out: bool,
    /// Kept from ringing by the line.
    line: bool,
    /// A number outside in a member's place could not be called, for this reason.
    denied: Option<base::Cause>,
}

impl Reasons {
    pub(crate) fn add(&mut self, why: Spared) {
        match why {
            Spared::Busy | Spared::Quiet | Spared::Paged => self.busy = true,
            Spared::Out => self.out = true,
            Spared::Line => self.line = true,
            Spared::Involved | Spared::Stopped | Spared::Forwards => {}
        }
    }

    pub(crate) fn deny(&mut self, cause: base::Cause) {
        self.denied = Some(cause);
    }

    /// Those of a group that was to stand in for a member of another one.
    pub(crate) fn merge(&mut self, inner: Reasons) {
        self.add(inner.why());
        self.denied = self.denied.or(inner.denied);
    }

    /// Busy before 圏外; a group of which nobody counts cannot be reached.
    pub(crate) fn cause(self) -> base::Cause {
        match self {
            Reasons { busy: true, .. } => base::Cause::UserBusy,
            Reasons { out: true, .. } => base::Cause::Unregistered,
            Reasons { line: true, .. } => base::Cause::LineNotPermitted,
            Reasons { denied, .. } => denied.unwrap_or(base::Cause::Unregistered),
        }
    }

    /// Why a group is not rung in a member's place, where no line keeps anybody (R301).
    pub(crate) fn why(self) -> Spared {
        match self {
            Reasons { busy: true, .. } => Spared::Busy,
            Reasons { out: false, denied: Some(_), .. } => Spared::Forwards,
            Reasons { .. } => Spared::Out,
        }
    }
}

/// A user who takes part in calls.
pub(crate) fn active(snapshot: &Snapshot, id: base::id::UserId) -> Option<&User> {
    snapshot.user(id).filter(|u| u.state == UserState::Active)
}
