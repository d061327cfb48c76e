//! Access lines are asked before the exchange itself speaks to somebody, and before a phone takes
//! the place of another one, or is joined to one (R305): without a channel the newcomer is refused
//! (041), and what was there goes on.

use base::LegId;

use crate::CallControl;
use crate::access::{Counts, Room, add, cross, is_limited};
use crate::call::{Call, Purpose};
use crate::cx::{Core, Cx};
use crate::leg::{Leg, Pending, Role};
use crate::media::path::Way;
use crate::route::Next;
use crate::taking::Taking;
use crate::view::View;
use model::{CodeKind, Snapshot};

/// Whether the exchange itself would speak, or listen, to who comes to this.
pub(crate) fn is_spoken(next: &Next, purpose: Purpose) -> bool {
    match next {
        Next::Voicemail { .. }
        | Next::Mailbox { .. }
        | Next::Boxes { .. }
        | Next::Announce(_)
        | Next::Page(_) => true,
        Next::Code(CodeKind::Pickup | CodeKind::GroupPickup | CodeKind::ParkRetrieve, _) => false,
        // Who is parked waits with music, or without.
        Next::Code(CodeKind::Park, _) => purpose == Purpose::Basic,
        Next::Code(..) => true,
        Next::Ring(_) | Next::Wait { .. } | Next::Slot(_) | Next::Refuse(_) => false,
    }
}

impl Call {
    /// Whether the leg's audio may come to the exchange. Emergency calls and those back are never
    /// asked (J33).
    pub(crate) fn may_hear_us(&self, cx: &Cx<'_>, id: LegId) -> bool {
        self.may_cross(cx, &[id])
    }

    /// Whether the audio of all of these may come to the exchange.
    pub(crate) fn may_cross(&self, cx: &Cx<'_>, ids: &[LegId]) -> bool {
        let snapshot = cx.view.snapshot();
        if !self.is_asked(snapshot) {
            return true;
        }
        let crosses = |l: &Leg| ids.contains(&l.id) || self.crosses(l);
        let room = Room { snapshot, own: self.own_access(), lines: &cx.core.access };
        room.fits(&self.crossed_by(snapshot, crosses))
    }

    fn is_asked(&self, snapshot: &Snapshot) -> bool {
        is_limited(snapshot, self.tenant) && !self.is_emergency() && !self.is_call_back()
    }

    /// Whether there is a channel for the transferee and whom a phone has consulted in `second`,
    /// once the two are all that is left of both calls (R305).
    pub(crate) fn may_be_joined_by(
        &self,
        (view, core): (&dyn View, &Core),
        transferee: LegId,
        (second, target): (&Call, &Leg),
    ) -> bool {
        let snapshot = view.snapshot();
        let Some(stays) = self.leg(transferee) else { return true };
        let asked = self.is_asked(snapshot) && !second.is_call_back();
        if !asked || self.way_between(view, stays, target).0 == Way::Direct {
            return true;
        }
        let mut counts = Counts::new();
        for site in [stays, target].into_iter().filter_map(|leg| leg.site) {
            cross(snapshot, self.tenant, site, &mut counts);
        }
        let mut own: Counts = self.own_access().into();
        second.own_access().iter().for_each(|(site, n)| add(&mut own, *site, *n));
        Room { snapshot, own: &own, lines: &core.access }.fits(&counts)
    }

    /// Whether there is a channel for the legs that there would be with a new one.
    fn has_channel(&self, (view, core): (&dyn View, &Core), taking: &Taking, new: &Leg) -> bool {
        let snapshot = view.snapshot();
        if !is_limited(snapshot, self.tenant) {
            return true;
        }
        let replaced = taking.replaced();
        let rings = replaced.and_then(|id| self.leg(id)).filter(|l| l.role == Role::Ringing);
        let stays = match (replaced, rings, &self.ring) {
            (Some(_), Some(_), Some(ring)) => Some(ring.leg),
            (Some(id), None, _) => self.partner(id),
            _ => self.first,
        };
        let Some(stays) = stays.and_then(|id| self.leg(id)) else { return true };
        let way = match rings.zip(self.ring.as_ref()) {
            Some((_, ring)) if stays.is_answered() => ring.way,
            Some(_) if stays.pending == Pending::Nothing => self.way,
            _ => self.way_between(view, stays, new).0,
        };
        let goes = |l: &Leg| l.role == Role::Ringing || Some(l.id) == replaced;
        let relayed = way == Way::Relay;
        let crosses = |l: &Leg| !goes(l) && (relayed || l.id != stays.id && self.crosses(l));
        let mut counts: Counts = self.crossed_by(snapshot, crosses);
        if let Some(site) = new.site.filter(|_| relayed) {
            cross(snapshot, self.tenant, site, &mut counts);
        }
        Room { snapshot, own: self.own_access(), lines: &core.access }.fits(&counts)
    }
}

impl CallControl {
    /// Whether the access lines have a channel for what a phone would take.
    pub(crate) fn may_take(&self, taking: &Taking, new: &Leg, view: &dyn View) -> bool {
        let call = self.calls.get(taking.slot());
        call.is_none_or(|c| c.has_channel((view, &self.core), taking, new))
    }
}
