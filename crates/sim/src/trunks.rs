//! What people do with lines and emergency numbers, and who calls by a line.

use base::{Cause, LegId, Micros};
use model::CodeKind;

use crate::company::{Company, tenant_id};
use crate::lines::{NUMBERS, PREFIX, SHOWN};
use crate::people::{Act, Deed};
use crate::phone::Stage;
use crate::world::World;

/// Numbers outside of all classes.
const OUTSIDE: [&str; 12] = [
    "0312345678",
    "0312345678",
    "0612345678",
    "09012345678",
    "0120123456",
    "0570123456",
    "0990123456",
    "010441234567",
    "010331234567",
    "00910312345678",
    "171",
    "117",
];

/// What may stand before a number outside, or before an emergency number.
const BEFORE: [&str; 9] = ["", "", "0", "0", "8", PREFIX, "*801", "*802", "*803"];

const EMERGENCY: [&str; 3] = ["110", "118", "119"];

/// Who calls from outside.
const CALLERS: [&str; 4] = ["0901112222", "0398765432", "anonymous", "0398765432"];

/// Whether what was dialled is an emergency number, with or without 184 and what stands `before`
/// numbers outside (J30, J12).
pub(crate) fn is_emergency<'a>(before: impl Iterator<Item = &'a str>, dialed: &str) -> bool {
    let rests = before.filter_map(|before| dialed.strip_prefix(before));
    let hidden = |rest: &str| rest.strip_prefix("184").is_some_and(|r| EMERGENCY.contains(&r));
    rests.into_iter().any(|rest| EMERGENCY.contains(&rest) || hidden(rest))
}

impl Company {
    /// What may stand before an emergency number: prefixes in use, or nothing.
    pub(crate) fn before_emergency(&self) -> Vec<String> {
        let gateways = self.snapshot.gateways(tenant_id()).map(|g| g.prefix.to_string());
        let select = CodeKind::LineSelect.default_text();
        let lines = self.snapshot.lines(tenant_id()).flat_map(|line| {
            let own = line.prefix.as_ref().map(|p| p.to_string());
            own.into_iter().chain([format!("{select}{}", line.code)])
        });
        [String::new()].into_iter().chain(gateways).chain(lines).collect()
    }
}

impl World {
    /// What a person does with lines, and a party outside by one; false when it comes to nothing.
    pub(crate) fn line_thought(&mut self, n: usize) -> bool {
        if !self.company.has_lines || !self.lines.chance(1, 3) {
            return false;
        }
        if self.company.gateway_of(n).is_some() {
            return self.trunk_thought(n);
        }
        let waits = |l: &crate::phone::PhoneLeg| l.outgoing && l.stage != Stage::Up;
        if self.phones[n].legs.values().any(waits) {
            return false;
        }
        match *self.phones[n].up().as_slice() {
            [] => {
                let to = self.line_number();
                self.deed(n, Deed::Dial(to, None));
            }
            [leg] => match self.lines.below(8) {
                0 => {
                    let to = self.line_number();
                    self.deed(n, Deed::Blind(leg, to));
                }
                1 | 2 => {
                    let to = self.line_number();
                    self.deed(n, Deed::Hold(leg, true));
                    self.act_later(Micros::millis(300), Act::Do(n, Deed::Dial(to, Some(leg))));
                }
                _ => return false,
            },
            _ => return false,
        }
        true
    }

    /// A number outside, an emergency number, or a code of the reception.
    fn line_number(&mut self) -> String {
        let before = BEFORE[self.lines.below(9) as usize];
        match self.lines.below(12) {
            0..=2 => {
                self.counts.add("emergency numbers dialled");
                let number = EMERGENCY[self.lines.below(3) as usize];
                let hides = if self.lines.chance(1, 6) { "184" } else { "" };
                format!("{before}{hides}{number}")
            }
            3 => {
                let kinds = [CodeKind::Night, CodeKind::Day, CodeKind::AutomaticHours];
                kinds[self.lines.below(3) as usize].default_text().to_owned()
            }
            4 => {
                let show = ["184", "186"][self.lines.below(2) as usize];
                format!("{show}{before}{}", self.digits_outside())
            }
            5 => format!("*211{before}{}", self.digits_outside()),
            _ => format!("{before}{}", self.digits_outside()),
        }
    }

    fn digits_outside(&mut self) -> &'static str {
        OUTSIDE[self.lines.below(12) as usize]
    }

    /// A party outside calls a line, or an authority calls back.
    fn trunk_thought(&mut self, n: usize) -> bool {
        if self.phones[n].legs.len() > 3 {
            return false;
        }
        let official = self.counts.get("emergency calls answered") > 0 && self.lines.chance(1, 4);
        let (caller, to) = if official {
            let number = [SHOWN[0], SHOWN[1], NUMBERS[0]][self.lines.below(3) as usize];
            let who = ["110", "119", "0335811111"][self.lines.below(3) as usize];
            (who, number.to_owned())
        } else {
            let who = CALLERS[self.lines.below(4) as usize];
            (who, self.number_of_line())
        };
        self.phones[n].endpoint.call_as(caller);
        self.deed(n, Deed::Dial(to, None));
        true
    }

    fn number_of_line(&mut self) -> String {
        let number = NUMBERS[self.lines.below(3) as usize];
        match self.lines.below(10) {
            0 => "0399999999".to_owned(),
            1 => number.replacen('0', "+81", 1),
            2 => SHOWN[self.lines.below(2) as usize].to_owned(),
            _ => number.to_owned(),
        }
    }

    /// A gateway says now and then that it has no channel.
    pub(crate) fn gateway_is_full(&mut self, n: usize, leg: LegId) -> bool {
        let is_gateway = self.company.has_lines && self.company.gateway_of(n).is_some();
        let full = is_gateway && self.lines.chance(1, 6);
        if full {
            let refuse = Deed::Reject(leg, Cause::GatewayChannelsExceeded);
            self.act_later(Micros::millis(20), Act::Do(n, refuse));
        }
        full
    }
}
