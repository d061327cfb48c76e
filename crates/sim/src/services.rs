//! What people do with call services: groups, pickup and feature codes.

use base::Micros;

use crate::office::{AWAY, DEPARTMENT, NOBODY, PAGER, PILOTS};
use crate::people::{Act, Deed};
use crate::world::World;

/// Codes that take a destination.
const FORWARD: [&str; 4] = ["*211", "*221", "*231", "*241"];

/// Codes that stand alone.
const ALONE: [&str; 9] = ["*210", "*220", "*230", "*240", "*29", "*261", "*260", "*260", "*211"];

/// Whether a number is that of a group.
pub(crate) fn is_group(number: &str) -> bool {
    number == DEPARTMENT || PILOTS.contains(&number)
}

impl World {
    /// A group, a pickup or a feature code.
    pub(crate) fn service_number(&mut self) -> String {
        match self.office.below(12) {
            0..=3 => PILOTS[self.office.below(2) as usize].to_owned(),
            4 | 5 => DEPARTMENT.to_owned(),
            6 => PAGER.to_owned(),
            7 if self.office.chance(1, 2) => AWAY.to_owned(),
            7 => self.pickup_code(),
            8 | 9 => {
                let code = FORWARD[self.office.below(4) as usize];
                let to = match self.office.below(8) {
                    0 => "0312345678".to_owned(),
                    1 => NOBODY.to_owned(),
                    2 => DEPARTMENT.to_owned(),
                    3 => PILOTS[0].to_owned(),
                    4 => PAGER.to_owned(),
                    _ => self.colleague(),
                };
                format!("{code}{to}")
            }
            _ => ALONE[self.office.below(9) as usize].to_owned(),
        }
    }

    /// Pickup, directed or not, or group pickup.
    fn pickup_code(&mut self) -> String {
        match self.office.below(4) {
            0 => format!("*55{}", self.colleague()),
            1 => format!("*56{}", 1 + self.office.below(3)),
            _ => "*55".to_owned(),
        }
    }

    fn colleague(&mut self) -> String {
        let m = self.office.below(self.phones.len() as u64) as usize;
        self.phones[m].card.number.clone()
    }

    /// Someone hears that another phone rings, and picks up.
    pub(crate) fn someone_picks_up(&mut self, rings: usize) {
        if !self.company.is_office || !self.office.chance(1, 4) {
            return;
        }
        let m = self.office.below(self.phones.len() as u64) as usize;
        let awake = m + self.silent < self.phones.len();
        if m != rings && awake && self.phones[m].legs.is_empty() {
            let code = self.pickup_code();
            let after = Micros::millis(100 + self.office.below(2_500));
            self.act_later(after, Act::Do(m, Deed::Dial(code, None)));
        }
    }

    /// An administrator changes codes while somebody is held by code.
    pub(crate) fn reorganise(&mut self, n: usize) {
        if self.changing && self.desk.chance(1, 6) {
            let after = Micros::millis(self.desk.below(6_000));
            self.act_later(after, Act::Recode(n));
        }
    }
}
