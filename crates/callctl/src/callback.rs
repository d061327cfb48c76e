//! Calls back to who made an emergency call (J35).
//!
//! | The call | Rings |
//! |---|---|
//! | to the number that was shown, within 30 min | the usual destination and the terminals too |
//! | the same, where nobody would ring, or nobody answers | the terminals 20 s, then the reception group |
//! | of 110, 118 or 119, within 24 h | the terminal that called last alone, after 20 s the group too |
//!
//! The record says so, and past what a terminal rang.

use base::id::{DeviceId, TenantId};
use base::{Cause, Dn, Micros, Mono};
use model::emergency::is_number;
use model::{ForwardKind, Gateway, Snapshot, UserState};
use smallvec::SmallVec;

use crate::call::{Call, Purpose};
use crate::cx::Cx;
use crate::dial::Live;
use crate::emergency::{Called, Emergencies, OFFICIAL_WINDOW, REMEMBERED_MAX};
use crate::explain::Mark;
use crate::input::Offered;
use crate::leg::Leg;
use crate::route::facts::Spared;
use crate::route::{Facts, Next, Plan, Refusal, Style};
use crate::view::Contact;

/// How long calls to the number that was shown are call-backs.
const WINDOW: Micros = Micros::seconds(30 * 60);

/// How long the terminal rings by itself before others do, seconds.
pub(crate) const ALONE_S: u16 = 20;

/// The same when nobody else will.
const ONLY_S: u16 = 120;

/// A call back to who made an emergency call.
#[derive(Debug)]
pub(crate) struct CallBack {
    devices: SmallVec<[DeviceId; 1]>,
    /// The authority itself calls.
    official: bool,
    /// The reception group of the site, until it is rung.
    group: Option<Dn>,
    /// The terminals have rung.
    rang: bool,
    stage: Stage,
    /// What was decided before they rang by themselves.
    next: Option<Next>,
}

/// What rings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The usual destination, or nothing yet.
    Before,
    /// The terminals by themselves.
    Terminals,
    /// The reception group, or what was decided before.
    Group,
}

impl Emergencies {
    /// The terminals that a call by a gateway is for, if it is one back.
    pub(crate) fn called_back(
        &self,
        (now, snapshot): (Mono, &Snapshot),
        gateway: &Gateway,
        offered: &Offered,
    ) -> Option<Box<CallBack>> {
        let official = is_number(&offered.caller);
        let dialed = (!official).then_some(&*offered.dialed);
        let devices = self.terminals(now, gateway, dialed);
        let some = !devices.is_empty();
        let group = snapshot.reception(gateway.site).and_then(|r| r.group);
        let stage = Stage::Before;
        some.then(|| {
            Box::new(CallBack { devices, official, group, rang: false, stage, next: None })
        })
    }
}

impl Emergencies {
    /// The terminals that a call by the gateway to a number is for; without a number, the one
    /// that called last: the authority itself means that.
    pub(crate) fn terminals(
        &self,
        now: Mono,
        gateway: &Gateway,
        dialed: Option<&str>,
    ) -> SmallVec<[DeviceId; 1]> {
        let ours = |c: &&Called| c.tenant == gateway.tenant && c.route.gateway == gateway.id;
        let window = if dialed.is_none() { OFFICIAL_WINDOW } else { WINDOW };
        let recent = self.called.iter().rev().filter(ours).filter(|c| c.is_within(window, now));
        let called = recent.filter(|c| dialed.is_none_or(|to| c.route.is_called(to)));
        let most = if dialed.is_none() { 1 } else { REMEMBERED_MAX };
        called.take(most).map(|c| c.device).collect()
    }
}

/// That the terminals ring for a call-back, and past what.
pub(crate) fn told_back(
    facts: &dyn Facts,
    tenant: TenantId,
    (devices, official): (&[DeviceId], bool),
) -> Vec<Mark> {
    let snapshot = facts.snapshot();
    let mut marks = vec![Mark::CallBack { official }];
    for device in devices.iter().filter_map(|id| snapshot.device(*id)) {
        let Some(user) = device.user.and_then(|id| snapshot.user(id)) else { continue };
        let all = snapshot.dn_settings(tenant, user.dn).map(|s| s.forward(ForwardKind::All));
        let full = facts.calls(tenant, user.dn) >= crate::budget::limit(snapshot, tenant, user.dn);
        let past = [
            (user.state != UserState::Active, Spared::Stopped),
            (device.do_not_disturb, Spared::Quiet),
            (all.is_some_and(|f| f.to.is_some()), Spared::Forwards),
            (full, Spared::Busy),
        ];
        let past = past.into_iter().filter(|(is, _)| *is);
        marks.extend(past.map(|(_, why)| Mark::CallBackPast { dn: user.dn, why }));
    }
    marks
}

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
        let official = self.called_back().is_some_and(|b| b.official);
        let devices = self.called_back().map(|b| b.devices.clone()).unwrap_or_default();
        let access = self.own_access();
        let facts = Live { view: cx.view, core: cx.core, reserved: &self.reserved, access };
        let marks = told_back(&facts, self.tenant, (&devices, official));
        marks.into_iter().for_each(|mark| self.attempt().note(mark));
        let mut all = legs.unwrap_or_default();
        all.extend(extra);
        Ok(all)
    }

    /// What is done with a call-back instead of what was decided: the terminals ring by
    /// themselves where nobody else would, or for the authority itself.
    pub(crate) fn first_back(&mut self, cx: &mut Cx<'_>, next: Next) -> Next {
        // Whom they consult later is another matter.
        let basic = self.dialing.as_ref().is_some_and(|d| d.purpose == Purpose::Basic);
        let Some(back) = self.called_back_mut().filter(|_| basic) else { return next };
        let rings = matches!(next, Next::Ring(_) | Next::Wait { .. });
        if back.stage != Stage::Before || rings && !back.official {
            return next;
        }
        if back.rang {
            // They rang beside the usual destination, where nobody was.
            back.next = Some(next);
            return self.ring_group(cx);
        }
        let device = back.devices.iter().find(|d| cx.view.contacts_len(**d) > 0);
        let ring_s = match &next {
            _ if back.group.is_some() => ALONE_S,
            Next::Refuse(_) => ONLY_S,
            _ if back.official => ONLY_S,
            _ => ALONE_S,
        };
        let (device, alone) = (device.copied(), back.official && back.group.is_none());
        if device.is_none() && alone {
            return next;
        }
        // The authority asks for that terminal, and for nobody else (J35).
        let after = if back.official { Next::Refuse(Cause::RingTimeout) } else { next };
        (back.rang, back.stage, back.next) = (true, Stage::Terminals, Some(after));
        let Some(device) = device else { return self.ring_group(cx) };
        let snapshot = cx.view.snapshot();
        let user = snapshot.device(device).and_then(|d| d.user).and_then(|id| snapshot.user(id));
        let dn = user.map(|u| u.dn).or_else(|| Dn::parse("0").ok());
        match dn {
            Some(dn) => {
                let users = SmallVec::new();
                Next::Ring(Plan { dn, users, ring_s, style: Style::Recall })
            }
            None => self.ring_group(cx),
        }
    }

    /// What rang for a call-back did so in vain: what is next, if that is decided here.
    pub(crate) fn back_goes_on(&mut self, cx: &mut Cx<'_>, cause: Cause) -> Option<Next> {
        self.dialing.as_ref().filter(|d| d.purpose == Purpose::Basic)?;
        match self.called_back()?.stage {
            Stage::Before => None,
            Stage::Terminals => Some(self.ring_group(cx)),
            Stage::Group => {
                let next = self.walk(cx, |journey, walk| journey.resume(walk, cause));
                Some(self.unless_it_rings(next))
            }
        }
    }

    /// The reception group of the site, else what was decided before.
    fn ring_group(&mut self, cx: &mut Cx<'_>) -> Next {
        let Some(back) = self.called_back_mut() else { return Next::Refuse(Cause::RingTimeout) };
        back.stage = Stage::Group;
        let next = match back.group.take() {
            Some(dn) => {
                self.attempt().note(Mark::CallBackGroup(dn));
                self.walk(cx, |journey, walk| journey.reception(walk, dn))
            }
            None => Next::Refuse(Cause::RingTimeout),
        };
        self.unless_it_rings(next)
    }

    fn unless_it_rings(&mut self, next: Next) -> Next {
        match next {
            Next::Ring(_) | Next::Wait { .. } => next,
            other => self.called_back_mut().and_then(|b| b.next.take()).unwrap_or(other),
        }
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
    let leg = |c: &Contact| (Leg::ringing_at(cx.core.mint(), device, who.clone(), c.path), c.id);
    contacts.iter().map(leg).collect()
}
