//! Administrators who change in mid-call what the call stands on: people, numbers, groups, codes.

use base::Micros;
use model::Change;

use crate::people::Act;
use crate::phone::{PhoneLeg, Stage};
use crate::services::is_group;
use crate::world::World;

impl World {
    /// Somebody has been answered: now and then an administrator does something about one of
    /// those who talk.
    pub(crate) fn perhaps_reform(&mut self, n: usize) {
        if self.company.has_desks && self.changing && self.desk.chance(1, 14) {
            let after = Micros::millis(self.desk.below(5_000));
            self.act_later(after, Act::Reform(n));
        }
    }

    /// The person of a phone is deleted or stopped, or gets the number of another one.
    pub(crate) fn reform(&mut self, n: usize) {
        let user = self.company.devices.get(n).and_then(|d| d.user);
        let user = self.company.users.iter().find(|u| Some(u.id) == user).cloned();
        let Some(user) = user.filter(|_| self.changing) else { return };
        let talks = !self.phones[n].up().is_empty();
        let (changes, what) = match self.desk.below(3) {
            0 => (self.company.gone(&user), "people deleted in a call"),
            1 => (self.company.stopped(&user), "people stopped in a call"),
            _ => (self.company.swapped(&mut self.desk, &user), "numbers moved in a call"),
        };
        if talks && !changes.is_empty() {
            self.counts.add(what);
        }
        self.put_for_a_while(changes);
    }

    /// Codes change while the person at that phone holds by code.
    pub(crate) fn recode(&mut self, n: usize) {
        if !self.changing {
            return;
        }
        if self.phones[n].legs.values().any(|l| l.coded && l.stage == Stage::Up) {
            self.counts.add("codes changed while somebody is held");
        }
        let changes = self.company.recode(&mut self.desk);
        self.put_for_a_while(changes);
    }

    /// A group is changed or deleted, mostly while it rings.
    pub(crate) fn regroup(&mut self) {
        if !self.changing {
            return;
        }
        let deletes = self.company.has_desks && self.desk.chance(1, 3);
        let changes = match deletes {
            true => self.company.ungrouped(&mut self.desk),
            false => self.company.regroup(&mut self.office),
        };
        let calls = |l: &PhoneLeg| l.outgoing && is_group(&l.party) && l.stage == Stage::Ringing;
        if self.phones.iter().any(|p| p.legs.values().any(calls)) {
            self.counts.add(match deletes {
                true => "groups deleted while they ring",
                false => "groups changed while they ring",
            });
        }
        match deletes {
            true => self.put_for_a_while(changes),
            false => self.configure(changes),
        }
    }

    /// Puts changes in force, and everything back later.
    fn put_for_a_while(&mut self, changes: Vec<Change>) {
        self.configure(changes);
        let after = Micros::seconds(5 + self.desk.below(15));
        self.act_later(after, Act::Configure(true));
    }
}
