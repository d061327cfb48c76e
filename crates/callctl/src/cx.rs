//! What a step of a call works with besides the call itself.

use base::event::{Event, Kind};
use base::id::TenantId;
use base::{Dn, LegId, Now, Place, Rng, Table, Wheel};

use std::collections::{BTreeMap, BTreeSet};

use model::{StoredPointer, Write};
use smallvec::SmallVec;

use crate::action::{Action, LegCommand, Party};
use crate::budget::Budget;
use crate::lamps::Lamps;
use crate::leg::Person;
use crate::mail::boxes::Boxes;
use crate::outside::Channels;
use crate::pace::Pace;
use crate::page::index::Pages;
use crate::view::View;

/// Half of the counters of a place belong to call control; the stack mints the others.
pub const LEG_COUNTER_FIRST: u64 = 1 << 43;

/// A timer's key: which call, and which of those that had its slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TimerKey {
    pub slot: u32,
    pub serial: u32,
}

/// What all calls share.
pub(crate) struct Core {
    pub place: Place,
    pub rng: Rng,
    pub next_leg: u64,
    /// Call of each leg, those that have ended and are not gone included.
    pub by_leg: Table<LegId, u32>,
    /// Call of each media leg that is open or opening.
    pub by_media: Table<LegId, u32>,
    pub budget: Budget,
    /// Calls that ring at a number, oldest first.
    pub ringing: Table<(TenantId, Dn), SmallVec<[u32; 1]>>,
    /// The call in each park slot that is in use.
    pub parked: Table<(TenantId, Dn), u32>,
    /// The member of each hunting group that was offered a call last (均等).
    pub offered: BTreeMap<(TenantId, u16), Dn>,
    /// Groups for which that has changed since the last record.
    pub unkept: BTreeSet<(TenantId, u16)>,
    /// Channels of gateways in use.
    pub channels: Channels,
    pub lamps: Lamps,
    pub boxes: Boxes,
    /// When the INVITEs of departments may leave.
    pub pace: Pace,
    /// Which terminals listen to a page.
    pub pages: Pages,
    pub wheel: Wheel<TimerKey>,
    /// A bug put in on purpose.
    #[cfg(feature = "planted")]
    pub planted: Option<crate::planted::Bug>,
}

/// Where the counter of legs begins: elsewhere for each seed, so that a node that is built anew
/// does not mistake the media of its predecessor for its own.
pub(crate) fn first_leg(rng: &Rng) -> u64 {
    rng.derive("legs").below(LEG_COUNTER_FIRST >> 1)
}

impl Core {
    /// 均等: the next call of the group begins after this member.
    pub(crate) fn offer_to(&mut self, tenant: TenantId, group: u16, member: Dn) {
        if self.offered.insert((tenant, group), member) != Some(member) {
            self.unkept.insert((tenant, group));
        }
    }

    /// Keeps where hunts stand, together with a record: what a crash between the two forgets is
    /// one turn of a group, and no call waits for a disk of its own.
    pub(crate) fn keep_pointers(&mut self, out: &mut Vec<Action>) {
        for (tenant, group) in std::mem::take(&mut self.unkept) {
            let Some(member) = self.offered.get(&(tenant, group)).copied() else { continue };
            let pointer = StoredPointer { tenant, group, member };
            out.push(Action::Keep(Box::new(Write::PointerPut(pointer))));
        }
    }

    /// Where hunts stand, in order.
    pub(crate) fn pointers(&self) -> Vec<StoredPointer> {
        let pointer = |((tenant, group), member): (&(TenantId, u16), &Dn)| StoredPointer {
            tenant: *tenant,
            group: *group,
            member: *member,
        };
        self.offered.iter().map(pointer).collect()
    }

    pub(crate) fn mint(&mut self) -> LegId {
        self.next_leg += 1;
        LegId::new(self.place, LEG_COUNTER_FIRST | self.next_leg)
    }
}

/// One input's surroundings.
pub(crate) struct Cx<'a> {
    pub now: Now,
    pub view: &'a dyn View,
    pub core: &'a mut Core,
    pub out: &'a mut Vec<Action>,
}

impl Cx<'_> {
    pub(crate) fn command(&mut self, leg: LegId, command: LegCommand) {
        self.out.push(Action::Leg { leg, command });
    }

    pub(crate) fn media(&mut self, command: mediactl::Command) {
        self.out.push(Action::Media(command));
    }

    pub(crate) fn count(&mut self, kind: Kind) {
        self.out.push(Action::Event(Event::from(kind)));
    }

    /// A person as phones show it.
    pub(crate) fn shown(&self, who: &Person, tenant: TenantId) -> Party {
        self.shown_as((who, false), tenant)
    }

    /// A person as phones show it; one that calls by the number that it has chosen.
    pub(crate) fn shown_as(&self, (who, calls): (&Person, bool), tenant: TenantId) -> Party {
        let tenant = self.view.snapshot().tenant(tenant);
        Party {
            number: who.shown_number(calls).into(),
            name: who.name.to_string(),
            domain: tenant.map(|t| t.realm.to_string()).unwrap_or_default(),
        }
    }
}
