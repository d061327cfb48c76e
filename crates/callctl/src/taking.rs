//! What a phone that dials takes over instead of calling somebody: a leg by Replaces, a call that
//! rings by a pickup code, a parked one by its slot.

use base::id::TenantId;
use base::{Cause, LegId, Now};
use model::Device;

use crate::CallControl;
use crate::action::Action;
use crate::explain::Mark;
use crate::input::Offered;
use crate::leg::Leg;
use crate::pickup;
use crate::record::{Draft, Verdict};
use crate::view::View;
use model::record::Service;

/// What is taken, in the call of a slot.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Taking {
    /// The place of a leg (RFC 3891).
    Place { slot: usize, replaced: LegId },
    /// A call that rings, by a code.
    Ringing { slot: usize, leg: LegId, service: Service },
    /// A parked call.
    Parked { slot: usize },
}

impl Taking {
    pub(crate) fn slot(&self) -> usize {
        match self {
            Taking::Place { slot, .. } | Taking::Ringing { slot, .. } | Taking::Parked { slot } => {
                *slot
            }
        }
    }

    /// The leg whose place is taken.
    pub(crate) fn replaced(&self) -> Option<LegId> {
        match self {
            Taking::Place { replaced, .. } => Some(*replaced),
            Taking::Ringing { leg, .. } => Some(*leg),
            Taking::Parked { .. } => None,
        }
    }
}

impl CallControl {
    /// What the phone behind a new leg takes over, if anything.
    pub(crate) fn taking(
        &self,
        device: &Device,
        (new, offered): (&Leg, &Offered),
        view: &dyn View,
    ) -> Option<Taking> {
        let tenant = device.tenant;
        if !crate::permit::is_offer_usable(device.srtp, offered) {
            return None;
        }
        if let Some(replaced) = offered.replaces
            && let Some(slot) = self.replaceable((replaced, tenant), new, view)
        {
            return Some(Taking::Place { slot, replaced });
        }
        // Of a terminal that nobody uses, or somebody who is stopped: refused as any call (R246).
        if !crate::permit::is_caller_active(view.snapshot(), device.id) {
            return None;
        }
        let wanted = pickup::wanted(view.snapshot(), (tenant, &new.who), &offered.dialed);
        if let Some(wanted) = &wanted
            && let Some((slot, leg)) = self.ringing_for((tenant, view.snapshot()), wanted, new)
            && self.may_join((slot, leg, tenant), new, view)
        {
            return Some(Taking::Ringing { slot, leg, service: wanted.service });
        }
        let slot = self.parked_for((tenant, new), &offered.dialed, view)?;
        (!self.is_full((slot, tenant), new, view)).then_some(Taking::Parked { slot })
    }

    /// The phone takes it.
    pub(crate) fn take(
        &mut self,
        now: Now,
        (taking, new, offered): (Taking, Leg, &Offered),
        view: &dyn View,
        out: &mut Vec<Action>,
    ) {
        let dialed = &offered.dialed;
        self.step(now, (taking.slot(), view), out, |call, cx| match taking {
            Taking::Place { replaced, .. } => call.take_over(cx, (new, dialed), replaced),
            Taking::Ringing { leg, service, .. } => {
                call.attempt().services.insert(service);
                call.take_over(cx, (new, dialed), leg);
            }
            Taking::Parked { .. } => call.retrieve(cx, (new, dialed)),
        });
    }

    /// No access line has a channel for it: the phone is refused, and nothing else changes (R305).
    pub(crate) fn refuse_taking(
        &mut self,
        now: Now,
        (tenant, new, offered): (TenantId, Leg, &Offered),
        view: &dyn View,
        out: &mut Vec<Action>,
    ) {
        let mut draft = Draft::new(now.wall, new.who.clone(), new.device, &offered.dialed);
        draft.note(Mark::AccessFull);
        let slot = self.begin(now, tenant, draft);
        self.step(now, (slot, view), out, |call, cx| {
            call.first = Some(new.id);
            call.add_leg(cx, Leg { calls: true, ..new });
            call.trouble = Some(Verdict::new(Cause::SiteChannelsExceeded));
        });
    }

    /// The call in which the new leg may take the place of `replaced`.
    fn replaceable(
        &self,
        (replaced, tenant): (LegId, TenantId),
        new: &Leg,
        view: &dyn View,
    ) -> Option<usize> {
        let slot = self.slot_of(replaced)?;
        self.may_join((slot, replaced, tenant), new, view).then_some(slot)
    }

    /// Whether the new leg may take the place of `replaced` in that call.
    fn may_join(
        &self,
        (slot, replaced, tenant): (usize, LegId, TenantId),
        new: &Leg,
        view: &dyn View,
    ) -> bool {
        let Some(call) = self.calls.get(slot) else { return false };
        let full = self.is_full((slot, tenant), new, view);
        call.tenant == tenant && call.can_replace(replaced) && !full
    }

    /// Whether the call would be one too many for the phone's number.
    fn is_full(&self, (slot, tenant): (usize, TenantId), new: &Leg, view: &dyn View) -> bool {
        #[cfg(feature = "planted")]
        if self.core.planted == Some(crate::planted::Bug::LimitPassed) {
            return false;
        }
        let counts = |dn| self.calls.get(slot).is_some_and(|c| c.reserved.contains(&dn));
        new.who.dn.is_none_or(|dn| {
            let limit = crate::budget::limit(view.snapshot(), tenant, dn);
            !counts(dn) && self.core.budget.count(tenant, dn) >= limit
        })
    }
}
