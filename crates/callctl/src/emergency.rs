//! Emergency calls and their call-backs, once they have a way out (J30–J36, R299).
//!
//! | Situation | |
//! |---|---|
//! | all channels of the gateway are in use | one ordinary call of it ends: the youngest that rings, else the youngest answered one |
//! | codes, transfer, takeover of the terminal | not during the call (J36) |
//! | the terminal holds | silence, no music |
//! | the number shown is called back within 30 min | the terminal rings too, past everything (J35) |
//! | a caller of number 110, 118 or 119 | the terminal that called last within 24 h rings too |
//!
//! Who may be called back is kept in memory only: a restart of the node forgets it.

use base::id::{DeviceId, GatewayId, TenantId};
use base::{Cause, Dn, LegId, Micros, Mono};
use model::emergency::is_number;
use model::{EmergencyRoute, Gateway, Snapshot};
use smallvec::SmallVec;

use crate::call::{Call, Purpose};
use crate::cx::Cx;
use crate::explain::Mark;
use crate::input::{Offered, Refused};
use crate::leg::{Begun, Leg, Role, State};
use crate::ring::Outcome;
use crate::route::number::{Read, read};
use crate::route::{Next, Plan, Refusal, Style};
use crate::view::Contact;

/// How long calls to the number that was shown are call-backs (J35).
const WINDOW: Micros = Micros::seconds(30 * 60);

/// How long calls of an emergency number are.
const OFFICIAL_WINDOW: Micros = Micros::seconds(24 * 3_600);

/// Most emergency calls that are remembered; the oldest is forgotten.
const REMEMBERED_MAX: usize = 256;

/// How long the terminal rings by itself before the call goes where it was to go, seconds.
const ALONE_S: u16 = 20;

/// The same when it goes nowhere else.
const ONLY_S: u16 = 120;

/// A terminal that may be called back.
#[derive(Debug, Clone, Copy)]
struct Called {
    tenant: TenantId,
    device: DeviceId,
    route: EmergencyRoute,
    /// Of its call, as long as that lasts, or of its end.
    at: Mono,
}

/// What all calls share of emergencies.
#[derive(Debug, Default)]
pub(crate) struct Emergencies {
    /// The latest one last.
    called: Vec<Called>,
    /// Gateways that have one channel too many in use.
    pub over: Vec<GatewayId>,
    /// Numbers that are in an emergency call, once for each.
    pub talking: Vec<(TenantId, Dn)>,
}

impl Emergencies {
    /// A terminal calls, or its call has ended.
    fn remember(&mut self, called: Called) {
        self.called.retain(|c| c.device != called.device && called.at < c.at + OFFICIAL_WINDOW);
        if self.called.len() == REMEMBERED_MAX {
            self.called.remove(0);
        }
        self.called.push(called);
    }

    /// The end of a call begins the time anew.
    fn ended(&mut self, device: DeviceId, now: Mono) {
        if let Some(called) = self.called.iter_mut().find(|c| c.device == device) {
            called.at = now;
        }
    }

    /// The terminals that a call by a gateway is for, if it is one back.
    pub(crate) fn called_back(
        &self,
        now: Mono,
        gateway: &Gateway,
        offered: &Offered,
    ) -> Option<Box<CallBack>> {
        let ours = |c: &&Called| c.tenant == gateway.tenant && c.route.gateway == gateway.id;
        let official = is_number(&offered.caller);
        let window = if official { OFFICIAL_WINDOW } else { WINDOW };
        let recent = self.called.iter().rev().filter(ours).filter(|c| now < c.at + window);
        let called = recent.filter(|c| official || c.route.is_called(&offered.dialed));
        // The authority itself means the one that called last.
        let most = if official { 1 } else { REMEMBERED_MAX };
        let devices: SmallVec<[DeviceId; 1]> = called.take(most).map(|c| c.device).collect();
        let some = !devices.is_empty();
        some.then(|| Box::new(CallBack { devices, rang: false, next: None }))
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

/// A call back to who made an emergency call.
#[derive(Debug)]
pub(crate) struct CallBack {
    devices: SmallVec<[DeviceId; 1]>,
    /// They have rung.
    rang: bool,
    /// What was decided before they rang by themselves.
    next: Option<Next>,
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
            let at = cx.now.mono;
            cx.core.emergencies.remember(Called { tenant, device, route, at });
        }
    }

    /// A leg to an authority is gone: from now on it may call back.
    pub(crate) fn emergency_over(&self, cx: &mut Cx<'_>, by: (DeviceId, Option<Dn>)) {
        cx.core.emergencies.ended(by.0, cx.now.mono);
        let key = by.1.map(|dn| (self.tenant, dn));
        let talking = &mut cx.core.emergencies.talking;
        if let Some(at) = key.and_then(|key| talking.iter().position(|t| *t == key)) {
            talking.swap_remove(at);
        }
    }
}

fn is_emergency_leg(leg: &Leg) -> bool {
    leg.urgent && leg.begun == Begun::ByUs && leg.is_live()
}

/// Calls back (J35).
impl Call {
    /// An authority calls back, or somebody who calls the number that it was shown.
    pub(crate) fn is_call_back(&self) -> bool {
        self.called_back().is_some()
    }

    fn called_back(&self) -> Option<&CallBack> {
        self.outside.as_ref()?.back.as_deref()
    }

    fn called_back_mut(&mut self) -> Option<&mut CallBack> {
        self.outside.as_mut()?.back.as_deref_mut()
    }

    /// Whether the device rings because its emergency call is called back.
    pub(crate) fn calls_back(&self, device: DeviceId) -> bool {
        self.called_back().is_some_and(|back| back.devices.contains(&device))
    }

    /// The legs of a plan, with those of terminals that are called back.
    pub(crate) fn with_called_back(
        &mut self,
        cx: &mut Cx<'_>,
        purpose: Purpose,
        legs: Result<Vec<(Leg, u64)>, Refusal>,
    ) -> Result<Vec<(Leg, u64)>, Refusal> {
        if purpose != Purpose::Basic || !self.is_call_back() {
            return legs;
        }
        let devices = self.called_back().map(|b| b.devices.clone()).unwrap_or_default();
        let planned = legs.as_deref().unwrap_or_default();
        let fresh = devices.into_iter().filter(|d| planned.iter().all(|(l, _)| l.device != *d));
        let extra: Vec<(Leg, u64)> = fresh.flat_map(|d| legs_at(cx, d)).collect();
        if let Some(back) = self.called_back_mut() {
            back.rang = true;
        }
        if extra.is_empty() {
            return legs;
        }
        self.attempt().note(Mark::CallBack);
        let mut all = legs.unwrap_or_default();
        all.extend(extra);
        Ok(all)
    }

    /// The call would end, or go to where nobody rings: the terminals ring first.
    pub(crate) fn rings_back_first(&mut self, cx: &Cx<'_>, next: &Next) -> Option<Plan> {
        if matches!(next, Next::Ring(_) | Next::Wait { .. }) {
            return None;
        }
        let back = self.called_back_mut().filter(|back| !back.rang)?;
        back.rang = true;
        let device = back.devices.iter().find(|d| cx.view.contacts_len(**d) > 0)?;
        let snapshot = cx.view.snapshot();
        let user = snapshot.device(*device).and_then(|d| d.user).and_then(|id| snapshot.user(id));
        let dn = user.map(|u| u.dn).or_else(|| Dn::parse("0").ok())?;
        let ring_s = if matches!(next, Next::Refuse(_)) { ONLY_S } else { ALONE_S };
        back.next = Some(next.clone());
        Some(Plan { dn, users: SmallVec::new(), ring_s, style: Style::Recall })
    }

    /// What was decided for the call before the terminals rang by themselves; whom they consult
    /// later is another matter.
    pub(crate) fn decided_before(&mut self) -> Option<Next> {
        self.dialing.as_ref().filter(|d| d.purpose == Purpose::Basic)?;
        self.called_back_mut()?.next.take()
    }
}

/// A leg for each contact of a terminal, whatever its settings say.
fn legs_at(cx: &mut Cx<'_>, device: DeviceId) -> Vec<(Leg, u64)> {
    let view = cx.view;
    let Some(device) = view.snapshot().device(device) else { return Vec::new() };
    let mut contacts: Vec<Contact> = Vec::new();
    view.contacts(device.id, &mut contacts);
    cx.core.pages.call_away(device.id);
    let who = crate::permit::person_of(view.snapshot(), device, "");
    let leg = |contact: &Contact| {
        let mut leg = Leg::new(cx.core.mint(), Begun::ByUs, device.id, who.clone());
        leg.role = Role::Ringing;
        leg.state = State::Opening;
        leg.site = Some(device.site);
        leg.policy = device.srtp;
        leg.accepts_tones = device.accepts_tones;
        leg.path = contact.path;
        (leg, contact.id)
    };
    contacts.iter().map(leg).collect()
}
