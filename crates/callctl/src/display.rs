//! What telephones show: who calls and for whom, and whom one talks to (RFC 3325, RFC 4916).
//!
//! | Phone | Shows |
//! |---|---|
//! | called | the caller, by the number that it chose to show, all the time; before it 「保留呼び戻し」, 「パーク呼び戻し」, or the group |
//! | calling, it rings | whose number rings; of a group its common number |
//! | calling, answered | who answered |
//! | in a call | the other party, told again whenever that is another one |
//!
//! An offer to the phone tells it as well; where the parties changed without one, or the phone
//! might not look into an answer (pickup), they are told by themselves. A party outside is told
//! nothing.

use std::sync::Arc;

use base::id::TenantId;
use base::{Dn, LegId};
use model::record::Service;
use model::{ShownNumber, Snapshot};

use crate::action::{LegCommand, Party};
use crate::call::{Call, Purpose, Ring};
use crate::caption::{Caption, joined};
use crate::cx::Cx;
use crate::exchange::Exchange;
use crate::leg::{Body, Leg, Person, Shown};
use crate::route::Style;
use crate::route::person::owner;

/// A party with the number that it shows to those whom it calls, as it is chosen when its leg
/// begins (R092, R313).
pub(crate) fn with_choice(
    snapshot: &Snapshot,
    tenant: TenantId,
    mut who: Arc<Person>,
) -> Arc<Person> {
    if let Some(dn) = chosen_number(snapshot, tenant, &who) {
        Arc::make_mut(&mut who).chosen = Some(dn);
    }
    who
}

fn chosen_number(snapshot: &Snapshot, tenant: TenantId, caller: &Person) -> Option<Dn> {
    let own = caller.dn?;
    match snapshot.dn_settings(tenant, own)?.shown {
        ShownNumber::Own => None,
        ShownNumber::Pilot => {
            let group = snapshot.hunt_of_member(tenant, own)?;
            snapshot.hunt_group(tenant, group).map(|g| g.pilot)
        }
        ShownNumber::Department => {
            let first = snapshot.departments_of(caller.user?).first()?;
            snapshot.department(*first).map(|d| d.dn)
        }
    }
}

impl Call {
    /// Who calls, as those who ring shall see it.
    pub(crate) fn shown_caller(&self, cx: &Cx<'_>, ring: &Ring, caller: &Person) -> Party {
        let snapshot = cx.view.snapshot();
        let caption = |c: Caption| c.text(self.language_at(snapshot, ring.plan.dn));
        // Who is called back sees the party as before.
        let calls = |id| self.leg(id).is_some_and(|leg| leg.calls);
        let chosen = !ring.purpose.is_recall() || calls(ring.leg);
        let mut party = cx.shown_as((caller, chosen), self.tenant);
        // Always, whatever was dialled or set (J34).
        if let Style::Emergency { shown, .. } = ring.plan.style {
            party.number = shown.text();
            party.name = String::new();
            return party;
        }
        let hunt = |group| snapshot.hunt_group(self.tenant, group).map_or("", |g| &*g.name);
        let department = |id| snapshot.department(id).map_or("", |d| &*d.name);
        if let (Purpose::ParkTell, Some(parked)) = (ring.purpose, &self.parked) {
            party.number = parked.slot.text();
            party.name = caption(Caption::ParkedIn).to_owned();
            return party;
        }
        party.name = match (ring.purpose, ring.plan.style) {
            (Purpose::Recall, _) => joined(&[caption(Caption::HoldRecall), &party.name]),
            (Purpose::ParkRecall, _) => joined(&[caption(Caption::ParkRecall), &party.name]),
            (_, Style::Hunt { group }) => {
                joined(&[caption(Caption::Hunt), hunt(group), &party.name])
            }
            (_, Style::Line(id)) => {
                joined(&[snapshot.line(id).map_or("", |l| &*l.name), &party.name])
            }
            (_, Style::Department(id)) => joined(&[department(id), &party.name]),
            (_, Style::User | Style::Recall | Style::Outside { .. } | Style::Emergency { .. }) => {
                party.name
            }
        };
        party
    }

    /// Before a caller hears that it rings: whose number does.
    pub(crate) fn show_called(&mut self, cx: &mut Cx<'_>, id: LegId) {
        let waits = self.hunts_for().filter(|_| self.ring.is_none());
        let rings = self.ring.is_some() || waits.is_some();
        let who = match self.common_number(cx).or(waits) {
            Some(dn) => Some(owner(cx.view.snapshot(), self.tenant, dn)),
            None => self.draft.callee.as_ref().map(|(who, _)| who.clone()),
        };
        if let Some(who) = who.filter(|_| rings) {
            self.show_to(cx, id, (&who, false));
        }
    }

    /// Before a caller is answered: by whom.
    pub(crate) fn show_answering(&mut self, cx: &mut Cx<'_>, id: LegId, body: Body) {
        let other = match body {
            Body::Of(other) | Body::Fresh(other) | Body::Cross(other) => Some(other),
            Body::Nothing | Body::Own(_) | Body::Quiet(_) => self.peer_of(id),
        };
        let called = || self.draft.callee.as_ref().map(|(who, _)| (who.clone(), false));
        let who = other.and_then(|o| self.seen_by(id, o)).or_else(called);
        let Some((who, chosen)) = who else { return };
        self.show_to(cx, id, (&who, chosen));
        let services = self.draft.services;
        if services.contains(Service::Pickup) || services.contains(Service::GroupPickup) {
            // Not every phone looks for another name in an answer.
            self.forget_shown(id);
        }
    }

    /// Parties that talk to somebody else than they were told, and hear of it by no offer.
    pub(crate) fn show_parties(&mut self, cx: &mut Cx<'_>) {
        let (Some(first), Some(second)) = (self.first, self.second) else { return };
        let settled = self.linked && self.exchange == Exchange::Idle && !self.ended;
        if !settled || !self.is_up() || self.trouble.is_some() {
            return;
        }
        for (id, other) in [(first, second), (second, first)] {
            let quiet = self.leg(id).is_some_and(Leg::is_quiet);
            if let Some((who, chosen)) = self.seen_by(id, other).filter(|_| quiet) {
                self.show_to(cx, id, (&who, chosen));
            }
        }
    }

    /// Whom a leg sees, and whether by the number that it has chosen.
    fn seen_by(&self, id: LegId, other: LegId) -> Option<(Arc<Person>, bool)> {
        let (leg, other) = self.leg(id).zip(self.leg(other))?;
        Some((other.who.clone(), leg.sees_chosen(other)))
    }

    fn show_to(&mut self, cx: &mut Cx<'_>, id: LegId, (who, chosen): (&Person, bool)) {
        let shown = Shown::of(who, chosen);
        let party = cx.shown_as((who, chosen), self.tenant);
        let Some(leg) = self.leg_mut(id).filter(|l| l.is_live() && l.shown != shown) else {
            return;
        };
        // Names of the company stay inside.
        if leg.is_outside() {
            return;
        }
        leg.shown = shown;
        cx.command(id, LegCommand::Show { party });
    }

    fn forget_shown(&mut self, id: LegId) {
        if let Some(leg) = self.leg_mut(id) {
            leg.shown = Shown::default();
        }
    }
}
