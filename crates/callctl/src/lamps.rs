//! What lamps show of a number: its dialogs, found by number, and word of those that may have
//! changed. Only numbers that somebody watches are spoken of (R310).
//!
//! | The number's leg | Shown |
//! |---|---|
//! | it dialled, nothing rings yet | `Trying` |
//! | it dialled and hears ringing, or it rings | `Early` |
//! | answered, talking or held | `Confirmed` |
//! | called, no sign of life yet; joining; ended | nothing |
//!
//! Several legs of a number in one call are one dialog: that which is furthest. A pilot or a
//! common number has no legs: it is `Early` while a call to it rings anywhere. A park slot is
//! `Confirmed` while it is in use.

use std::collections::BTreeSet;

use base::id::TenantId;
use base::limits::LAMP_DIALOGS_MAX;
use base::{Dn, LegId, Rng, Table};
use model::Snapshot;
use smallvec::SmallVec;

use crate::CallControl;
use crate::call::Call;
use crate::cx::Cx;
use crate::leg::{Begun, Leg, Person, Role, State};
use crate::route::Style;

/// How far a dialog is, in the order of progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DialogPhase {
    /// Nothing has answered yet.
    Trying,
    /// Ringing, at the number itself or at whom it called.
    Early,
    /// Talking or held.
    Confirmed,
}

/// One call as the lamp of a number in it shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DialogLine {
    /// The number's leg.
    pub leg: LegId,
    /// How far it is.
    pub phase: DialogPhase,
    /// The number called; otherwise it was called.
    pub is_caller: bool,
    /// The number's phone holds the call.
    pub holds: bool,
    /// Number and name of the far party, as far as they are known.
    pub remote: (Box<str>, Box<str>),
}

/// Numbers with their calls, and those that somebody watches.
pub(crate) struct Lamps {
    /// Slots of the calls of a number, oldest first.
    calls: Table<(TenantId, Dn), SmallVec<[u32; 2]>>,
    watched: Table<(TenantId, Dn), ()>,
    /// Watched numbers with news.
    touched: BTreeSet<(TenantId, Dn)>,
}

impl Lamps {
    pub(crate) fn new(rng: &mut Rng) -> Self {
        Lamps { calls: Table::new(rng), watched: Table::new(rng), touched: BTreeSet::new() }
    }

    fn enter(&mut self, key: (TenantId, Dn), slot: u32) {
        self.calls.get_or_insert_with(key, SmallVec::new).push(slot);
    }

    fn leave(&mut self, key: (TenantId, Dn), slot: u32) {
        let Some(slots) = self.calls.get_mut(&key) else { return };
        slots.retain(|s| *s != slot);
        if slots.is_empty() {
            self.calls.remove(&key);
        }
    }

    fn touch(&mut self, key: (TenantId, Dn)) {
        if !self.watched.is_empty() && self.watched.contains_key(&key) {
            self.touched.insert(key);
        }
    }

    /// No number has a call.
    pub(crate) fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }
}

impl CallControl {
    /// Begins or ends word of a number.
    pub fn watch(&mut self, tenant: TenantId, dn: Dn, wanted: bool) {
        let lamps = &mut self.core.lamps;
        if wanted {
            lamps.watched.insert((tenant, dn), ());
        } else {
            lamps.watched.remove(&(tenant, dn));
            lamps.touched.remove(&(tenant, dn));
        }
    }

    /// Takes the watched numbers whose dialogs may have changed since the last time.
    pub fn take_touched(&mut self) -> BTreeSet<(TenantId, Dn)> {
        std::mem::take(&mut self.core.lamps.touched)
    }

    /// The dialogs of a number, those of the oldest call first; at most
    /// [`LAMP_DIALOGS_MAX`].
    pub fn dialogs_of(&self, tenant: TenantId, dn: Dn) -> Vec<DialogLine> {
        let slots = self.core.lamps.calls.get(&(tenant, dn));
        let slots = slots.map(SmallVec::as_slice).unwrap_or_default();
        let calls = slots.iter().filter_map(|slot| self.calls.get(*slot as usize));
        calls.filter_map(|call| call.line_of(dn)).take(LAMP_DIALOGS_MAX).collect()
    }
}

impl Call {
    /// Enters the call under the numbers that take part in it, and tells of those that do or did.
    pub(crate) fn show(&mut self, cx: &mut Cx<'_>) {
        let mut shown: SmallVec<[Dn; 2]> = SmallVec::new();
        if !self.ended {
            shown.extend(self.legs.iter().filter(|l| l.is_live()).filter_map(|l| l.who.dn));
            shown.extend(self.parked.as_ref().map(|p| p.slot));
            shown.extend(self.common_number(cx));
            shown.sort_unstable();
            shown.dedup();
        }
        let (tenant, slot) = (self.tenant, self.key.slot);
        let lamps = &mut cx.core.lamps;
        for dn in self.shown.iter().filter(|dn| shown.binary_search(dn).is_err()) {
            lamps.leave((tenant, *dn), slot);
            #[cfg(feature = "planted")]
            if cx.core.planted == Some(crate::planted::Bug::LampStays) {
                continue;
            }
            lamps.touch((tenant, *dn));
        }
        for dn in &shown {
            if self.shown.binary_search(dn).is_err() {
                lamps.enter((tenant, *dn), slot);
            }
            lamps.touch((tenant, *dn));
        }
        self.shown = shown;
    }

    /// The number of the group that the call rings at, if it rings at one.
    pub(crate) fn common_number(&self, cx: &Cx<'_>) -> Option<Dn> {
        self.rings_for(cx.view.snapshot())
    }

    /// The same, by the configuration alone.
    pub(crate) fn rings_for(&self, snapshot: &Snapshot) -> Option<Dn> {
        match self.ring.as_ref()?.plan.style {
            Style::Hunt { group } => snapshot.hunt_group(self.tenant, group).map(|h| h.pilot),
            Style::Department(id) => snapshot.department(id).map(|d| d.dn),
            Style::User
            | Style::Recall
            | Style::Line(_)
            | Style::Outside { .. }
            | Style::Emergency { .. } => None,
        }
    }

    /// What the lamp of a number shows of this call, which is entered under it.
    fn line_of(&self, dn: Dn) -> Option<DialogLine> {
        if self.parked.as_ref().is_some_and(|p| p.slot == dn) {
            return self.slot_line();
        }
        let is_member = self.legs.iter().any(|l| l.is_live() && l.who.dn == Some(dn));
        let rings = |l: &&Leg| l.role == Role::Ringing;
        let of_dn = self.legs.iter().filter(|l| match is_member {
            true => l.who.dn == Some(dn),
            false => rings(l),
        });
        let shown = of_dn.filter_map(|leg| Some((leg, phase_of(leg)?)));
        // The first of equals: `max_by_key` would give the last.
        let (leg, phase) = shown.reduce(|a, b| if b.1 > a.1 { b } else { a })?;
        Some(DialogLine {
            leg: leg.id,
            phase,
            is_caller: leg.begun == Begun::ByPhone,
            holds: leg.is_answered() && leg.holding,
            remote: self.far_of(leg),
        })
    }

    /// A slot in use: the far party is the one that waits there.
    fn slot_line(&self) -> Option<DialogLine> {
        let leg = self.first.and_then(|id| self.leg(id))?;
        let remote = (leg.who.shown_number(leg.calls), leg.who.name.clone());
        let phase = DialogPhase::Confirmed;
        Some(DialogLine { leg: leg.id, phase, is_caller: false, holds: true, remote })
    }

    /// Number and name of whom a leg talks to, calls or is called by.
    fn far_of(&self, leg: &Leg) -> (Box<str>, Box<str>) {
        let named = |who: &Person, calls| (who.shown_number(calls), who.name.clone());
        let other = match leg.role {
            Role::Ringing => self.ring.as_ref().map(|ring| ring.leg),
            Role::Party | Role::Joining | Role::Out => self.peer_of(leg.id),
        };
        match other.and_then(|id| self.leg(id)) {
            Some(other) => named(&other.who, leg.sees_chosen(other)),
            None => match &self.draft.callee {
                Some((who, _)) if leg.begun == Begun::ByPhone => named(who, false),
                _ => (self.draft.dialed.clone(), Box::default()),
            },
        }
    }
}

fn phase_of(leg: &Leg) -> Option<DialogPhase> {
    match (leg.role, leg.begun, leg.state) {
        (Role::Party | Role::Ringing, _, State::Answered) => Some(DialogPhase::Confirmed),
        (Role::Party, Begun::ByPhone, State::Early) => Some(DialogPhase::Trying),
        (Role::Party, Begun::ByPhone, State::Rang) | (Role::Ringing, _, State::Rang) => {
            Some(DialogPhase::Early)
        }
        (Role::Party | Role::Ringing, _, State::Opening | State::Early)
        | (Role::Party, Begun::ByUs, State::Rang)
        | (Role::Joining | Role::Out, _, _) => None,
    }
}
