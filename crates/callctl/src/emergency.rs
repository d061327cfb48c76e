//! Emergency calls, once they have a way out (J30–J36, R299).
//!
//! | Situation | |
//! |---|---|
//! | all channels of the gateway are in use | one ordinary call of it ends: the youngest that rings, else the youngest answered one |
//! | codes, transfer, takeover of the terminal | not during the call (J36) |
//! | the terminal holds | silence, no music |
//! | the terminal hangs up first, and the authority holds the line | it is kept until that clears |
//!
//! Who may be called back (`callback`) is kept by the store, and found again after a restart.

use base::id::{DeviceId, GatewayId, TenantId};
use base::{Cause, Dn, LegId, Micros, Mono, Now, Wall};
use model::{EmergencyRoute, Snapshot, StoredCaller, Write};

use crate::action::Action;
use crate::call::Call;
use crate::cx::Cx;
use crate::input::Refused;
use crate::leg::{Begun, Leg};
use crate::ring::Outcome;
use crate::route::number::{Read, read};
use crate::route::{Plan, Style};

/// How long calls of an emergency number are call-backs (J35).
pub(crate) const OFFICIAL_WINDOW: Micros = Micros::seconds(24 * 3_600);

/// A line that an authority holds and never clears is given up then.
const HELD_MAX: Micros = Micros::seconds(3_600);

/// Most emergency calls that are remembered; the oldest is forgotten.
pub(crate) const REMEMBERED_MAX: usize = 256;

/// A terminal that may be called back.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Called {
    pub tenant: TenantId,
    pub device: DeviceId,
    pub route: EmergencyRoute,
    /// Of its call, as long as that lasts, or of its end: by the clock of timers, below zero when
    /// it was before the node began.
    at: i64,
    /// The same by the clock on the wall.
    told_at: Wall,
}

impl Called {
    /// Whether that is less long ago.
    pub(crate) fn is_within(&self, window: Micros, now: Mono) -> bool {
        signed(now) < self.at.saturating_add(i64::try_from(window.0).unwrap_or(i64::MAX))
    }

    fn stored(&self) -> StoredCaller {
        let (tenant, device, route) = (self.tenant, self.device, self.route);
        StoredCaller { tenant, device, route, at: self.told_at }
    }
}

fn signed(at: Mono) -> i64 {
    i64::try_from(at.0).unwrap_or(i64::MAX)
}

/// What all calls share of emergencies.
#[derive(Debug, Default)]
pub(crate) struct Emergencies {
    /// The latest one last.
    pub called: Vec<Called>,
    /// Gateways that have one channel too many in use.
    pub over: Vec<GatewayId>,
    /// Numbers that are in an emergency call, once for each.
    pub talking: Vec<(TenantId, Dn)>,
}

impl Emergencies {
    /// A terminal calls, or its call has ended.
    fn remember(&mut self, called: Called, now: Mono) {
        let recent = |c: &Called| c.is_within(OFFICIAL_WINDOW, now);
        self.called.retain(|c| c.device != called.device && recent(c));
        if self.called.len() == REMEMBERED_MAX {
            self.called.remove(0);
        }
        self.called.push(called);
    }

    /// The end of a call begins the time anew.
    fn ended(&mut self, device: DeviceId, now: Now) -> Option<StoredCaller> {
        let called = self.called.iter_mut().find(|c| c.device == device)?;
        (called.at, called.told_at) = (signed(now.mono), now.wall);
        Some(called.stored())
    }

    /// Who had called before the node began.
    pub(crate) fn restore(&mut self, now: Now, stored: Vec<StoredCaller>) {
        for StoredCaller { tenant, device, route, at: told_at } in stored {
            let ago = now.wall.0.saturating_sub(told_at.0).max(0).saturating_mul(1_000);
            let at = signed(now.mono).saturating_sub(ago);
            let called = Called { tenant, device, route, at, told_at };
            if called.is_within(OFFICIAL_WINDOW, now.mono) {
                self.remember(called, now.mono);
            }
        }
    }

    /// Who may be called back, the latest one last.
    pub(crate) fn kept(&self) -> Vec<StoredCaller> {
        self.called.iter().map(Called::stored).collect()
    }

    /// A gateway has too many.
    pub(crate) fn overfill(&mut self, gateway: GatewayId) {
        self.over.push(gateway);
    }
}

/// Whether the digits are an emergency number for who dials them inside.
pub(crate) fn is_dialled(snapshot: &Snapshot, tenant: TenantId, dialed: &str) -> bool {
    matches!(read(snapshot, tenant, dialed), Some(Read::Emergency(_)))
}

impl Call {
    /// An emergency call is part of it, also while it waits to try a way out once more.
    pub(crate) fn is_emergency(&self) -> bool {
        let seeks = || self.dialing.as_ref().is_some_and(|d| d.journey.seeks_help());
        self.legs.iter().any(is_emergency_leg) || seeks()
    }

    /// The leg leads to an authority.
    pub(crate) fn calls_authority(&self, id: LegId) -> bool {
        self.leg(id).is_some_and(is_emergency_leg)
    }

    /// A gateway's answer to an emergency call that says it has no channel.
    pub(crate) fn emergency_outcome(&self, id: LegId, refused: &Refused) -> Option<Outcome> {
        let wants = refused.status == 503 || matches!(refused.q850, Some(34 | 42 | 44));
        let full = wants && !refused.unreachable && self.calls_authority(id);
        full.then(|| Outcome::told(refused.status, Cause::GatewayChannelsExceeded))
    }

    /// Nobody was reached who can help: the caller is told to use another telephone (J32).
    pub(crate) fn is_emergency_in_vain(&self, cx: &Cx<'_>, first: LegId, cause: Cause) -> bool {
        let dialled = || is_dialled(cx.view.snapshot(), self.tenant, &self.draft.dialed);
        cause != Cause::CallerCancelled && !self.is_outside(first) && dialled()
    }

    /// A leg to an authority is being called.
    pub(crate) fn remember_caller(&self, cx: &mut Cx<'_>, plan: &Plan, caller: LegId) {
        let Style::Emergency { gateway, shown, .. } = plan.style else { return };
        let Some(leg) = self.leg(caller) else { return };
        let site = leg.site.and_then(|id| cx.view.snapshot().site(id));
        let mut routes = site.into_iter().flat_map(|s| s.emergency.iter());
        let route = routes.find(|r| r.gateway == gateway && r.shown == shown);
        if let Some(route) = route.copied() {
            let (tenant, device) = (self.tenant, leg.device);
            let (at, told_at) = (signed(cx.now.mono), cx.now.wall);
            let called = Called { tenant, device, route, at, told_at };
            cx.core.emergencies.remember(called, cx.now.mono);
            cx.out.push(keep(called.stored()));
        }
    }

    /// The terminal hangs up first and the authority holds the line: its leg is kept until it
    /// clears (J36). True when it is.
    pub(crate) fn authority_holds(&mut self, cx: &mut Cx<'_>, leg: LegId) -> bool {
        let up = self.is_up() && self.consult.is_none() && self.takeover.is_none();
        let kept = self.partner(leg).filter(|p| up && self.calls_authority(*p));
        let gateway = kept.and_then(|id| self.leg(id)?.who.gateway);
        let gateway = gateway.and_then(|id| cx.view.snapshot().gateway(id));
        let Some(kept) = kept.filter(|_| gateway.is_some_and(|g| g.holds_line)) else {
            return false;
        };
        self.leg_out(cx, leg);
        (self.first, self.second, self.linked) = (None, Some(kept), false);
        self.part_from(cx, kept);
        // The terminal is free, and so is its number.
        let until = cx.now.mono + HELD_MAX;
        let Some(mut outside) = self.outside.take() else { return true };
        outside.held_until = Some(until);
        for taken in outside.channels.iter_mut().filter(|t| t.leg == kept) {
            if let Some(by) = taken.by {
                self.emergency_over(cx, by);
                taken.by = Some((by.0, None));
            }
        }
        self.outside = Some(outside);
        true
    }

    /// A leg to an authority is gone: from now on it may call back.
    pub(crate) fn emergency_over(&self, cx: &mut Cx<'_>, by: (DeviceId, Option<Dn>)) {
        let kept = cx.core.emergencies.ended(by.0, cx.now);
        cx.out.extend(kept.map(keep));
        let key = by.1.map(|dn| (self.tenant, dn));
        let talking = &mut cx.core.emergencies.talking;
        if let Some(at) = key.and_then(|key| talking.iter().position(|t| *t == key)) {
            talking.swap_remove(at);
        }
    }
}

fn keep(caller: StoredCaller) -> Action {
    Action::Keep(Box::new(Write::CallerPut(caller)))
}

fn is_emergency_leg(leg: &Leg) -> bool {
    leg.urgent && leg.begun == Begun::ByUs && leg.is_live()
}
