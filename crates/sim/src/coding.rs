//! Codes that are pressed in calls, as often as it takes: who holds by code waits for the one who
//! is to talk, and then transfers, talks to both in turn, or comes back.

use base::{LegId, Micros};
use model::CodeKind;

use crate::desk::SLOTS;
use crate::office::{DEPARTMENT, PAGER, PILOTS};
use crate::people::{Act, Deed};
use crate::phone::Stage;
use crate::world::World;

/// Services that are dialled.
const DIALLED: [&str; 8] = ["*55", "*561", "*562", PAGER, "*98", "*57", "*91", SLOTS[0]];

impl World {
    /// A person holds by code, or dials a service; false when it comes to nothing.
    pub(crate) fn code_thought(&mut self, n: usize) -> bool {
        if !self.is_busy || !self.company.has_desks {
            return false;
        }
        // Mostly nothing else is done at that telephone until it comes to something.
        let waits = self.phones[n].legs.values().any(|l| l.coded && l.stage == Stage::Up);
        if waits || !self.lines.chance(1, 3) {
            return waits && self.lines.chance(5, 6);
        }
        match *self.phones[n].up().as_slice() {
            [] if self.phones[n].legs.is_empty() && self.lines.chance(1, 3) => {
                let to = DIALLED[self.lines.below(8) as usize];
                self.deed(n, Deed::Dial(to.to_owned(), None));
                true
            }
            [leg] => self.holds_by_code(n, leg),
            _ => false,
        }
    }

    /// Holds, and dials whom to talk to.
    fn holds_by_code(&mut self, n: usize, leg: LegId) -> bool {
        let Some(call) = self.phones[n].legs.get(&leg) else { return false };
        if call.coded || call.party.starts_with('*') {
            return false;
        }
        let Some(hold) = self.company.hold_code(n) else { return false };
        self.deed(n, Deed::Press(leg, hold));
        self.mark_coded(n, leg, true);
        let mut number = self.consulted();
        if self.lines.chance(9, 10) {
            number += &self.company.code_of(n, CodeKind::DialConfirm).unwrap_or_default();
        }
        let after = Micros::millis(1_200 + self.lines.below(800));
        self.act_later(after, Act::Do(n, Deed::Press(leg, number)));
        let after = Micros::millis(5_000 + self.lines.below(4_000));
        self.act_later(after, Act::Do(n, Deed::GoOn(leg)));
        true
    }

    /// Mostly a colleague whose telephone is free.
    fn consulted(&mut self) -> String {
        match self.lines.below(14) {
            0 => SLOTS[self.lines.below(3) as usize].to_owned(),
            1 => CodeKind::Park.default_text().to_owned(),
            2 => PILOTS[self.lines.below(2) as usize].to_owned(),
            3 => DEPARTMENT.to_owned(),
            4 => crate::outside::PARTY.to_owned(),
            5 => "*982001".to_owned(),
            _ => {
                let free = self.phones.iter().filter(|p| p.legs.is_empty());
                let free: Vec<&str> = free.map(|p| p.card.number.as_str()).collect();
                let at = self.lines.below(free.len().max(1) as u64) as usize;
                free.get(at).copied().unwrap_or("2001").to_owned()
            }
        }
    }

    /// Whoever holds by code looks what has come of it.
    pub(crate) fn goes_on_by_code(&mut self, n: usize, leg: LegId, held: (String, bool)) {
        let (hold, talks) = held;
        let patient = self.phones[n].card.patient;
        let later = Micros::millis(1_000 + self.lines.below(2_500));
        if !talks && self.lines.chance(9, 10) {
            return self.act_later(later, Act::Do(n, Deed::GoOn(leg)));
        }
        self.counts.more("consultations by code", u64::from(talks));
        // Who is consulted holds as well (R284), while this one waits or not.
        if talks && self.lines.chance(1, 3) {
            let other = self.talks_to(n, leg);
            if other.is_some_and(|(m, theirs)| self.holds_by_code(m, theirs)) {
                let after = Micros::millis(2_000 + self.lines.below(9_000));
                return self.act_later(after, Act::Do(n, Deed::GoOn(leg)));
            }
        }
        match self.lines.below(6) {
            0 => self.act_later(later, Act::Do(n, Deed::GoOn(leg))),
            1..=4 if !patient => {
                self.counts.more("transfers by code", u64::from(talks));
                self.deed(n, Deed::Hang(leg));
            }
            _ => {
                self.counts.more("hold code after the target answered", u64::from(talks));
                let still = talks && self.lines.chance(1, 2);
                self.mark_coded(n, leg, still);
                self.deed(n, Deed::Press(leg, hold));
                if still {
                    self.act_later(later, Act::Do(n, Deed::GoOn(leg)));
                }
            }
        }
    }
}
