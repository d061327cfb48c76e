//! What people watch by keys with lamps: numbers, groups, park slots and boxes, and what is none
//! of their business.

use base::Micros;
use sip::event::Package;

use crate::company::sip_id;
use crate::desk::{SLOTS, VIRTUAL};
use crate::office::{AWAY, DEPARTMENT, NOBODY, PILOTS};
use crate::outside::FOREIGN;
use crate::people::Act;
use crate::world::World;

/// Keys of one phone.
const KEYS_MAX: usize = 4;

impl World {
    /// A person with a desk begins to tend the keys.
    pub(crate) fn begin_lamps(&mut self, n: usize) {
        if self.company.has_desks {
            let after = Micros::millis(self.lamps.below(6_000));
            self.act_later(after, Act::Lamps(n));
        }
    }

    /// A key more, or one less; or one that is not refreshed any more.
    pub(crate) fn tend_lamps(&mut self, n: usize) {
        if !self.lively {
            return;
        }
        let (now, keys) = (self.now.mono, self.phones[n].panel.keys().len());
        let at = self.lamps.below(keys.max(1) as u64) as usize;
        if keys < KEYS_MAX && self.lamps.chance(2, 3) {
            let (package, number) = self.something_to_watch(n);
            let expires_s = [60, 70, 90, 120, 20][self.lamps.below(5) as usize];
            self.phones[n].panel.watch(now, package, &number, expires_s);
        } else if keys > 0 && self.lamps.chance(1, 4) {
            match self.lamps.chance(1, 2) {
                true => self.phones[n].panel.unwatch(now, at),
                false => self.phones[n].panel.let_lapse(now, at),
            }
        }
        let after = Micros::millis(2_000 + self.lamps.below(20_000));
        self.act_later(after, Act::Lamps(n));
    }

    fn something_to_watch(&mut self, n: usize) -> (Package, String) {
        let colleague = self.lamps.below(self.phones.len() as u64) as usize;
        let colleague = self.phones[colleague].card.number.clone();
        let group = [PILOTS[0], PILOTS[1], DEPARTMENT][self.lamps.below(3) as usize];
        let slot = SLOTS[self.lamps.below(3) as usize];
        let strange = [AWAY, VIRTUAL, NOBODY, FOREIGN][self.lamps.below(4) as usize];
        let dialogs = |number: &str| (Package::Dialog, number.to_owned());
        let messages = |number: &str| (Package::MessageSummary, number.to_owned());
        match self.lamps.below(16) {
            0..=4 => dialogs(&colleague),
            5 | 6 => dialogs(group),
            7..=9 => dialogs(slot),
            10 => dialogs(strange),
            11 => messages(&sip_id(n)),
            12 => messages(&self.phones[n].card.number),
            13 => messages(group),
            14 => messages(&colleague),
            _ => messages(strange),
        }
    }
}
