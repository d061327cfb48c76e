//! What people press in calls: codes that hold, transfer and park, keys of voicemail; and how
//! digits get from a phone to the exchange.

use base::{LegId, Micros};
use mediactl::{Digit, DigitPhase, DigitSource, Event};
use model::CodeKind;
use sip::ua::Command;

use crate::desk::{PIN, SLOTS, VIRTUAL};
use crate::office::PILOTS;
use crate::people::{Act, Deed};
use crate::phone::Stage;
use crate::world::{Work, World};

/// Between the begin of a digit and its end.
const PRESSED: Micros = Micros::millis(90);

/// How a phone tells a digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// By INFO.
    Info,
    /// On the media path.
    Media,
    /// By both.
    Both,
}

impl World {
    /// What a person does who uses the codes of the office; false when it comes to nothing.
    pub(crate) fn desk_thought(&mut self, n: usize) -> bool {
        if self.code_thought(n) {
            return true;
        }
        if !self.company.has_desks || !self.desk.chance(1, 2) {
            return false;
        }
        let waits = |l: &crate::phone::PhoneLeg| l.outgoing && l.stage != Stage::Up;
        if self.phones[n].legs.values().any(waits) {
            return false;
        }
        match *self.phones[n].up().as_slice() {
            [] if self.desk.chance(1, 2) => {
                let to = self.desk_number();
                self.deed(n, Deed::Dial(to, None));
                true
            }
            [leg] => self.press_something(n, leg),
            _ => false,
        }
    }

    /// A number that parks, retrieves, or leads to a box.
    fn desk_number(&mut self) -> String {
        let slot = SLOTS[self.desk.below(3) as usize];
        match self.desk.below(12) {
            0 | 1 => slot.to_owned(),
            2 | 3 => "*57".to_owned(),
            4 => format!("*57{slot}"),
            5..=7 => "*98".to_owned(),
            8 => format!("*98{}", self.any_colleague()),
            9 => format!("*98{}", PILOTS[self.desk.below(2) as usize]),
            10 => VIRTUAL.to_owned(),
            _ => ["*251", "*250"][self.desk.below(2) as usize].to_owned(),
        }
    }

    fn any_colleague(&mut self) -> String {
        let m = self.desk.below(self.phones.len() as u64) as usize;
        self.phones[m].card.number.clone()
    }

    fn press_something(&mut self, n: usize, leg: LegId) -> bool {
        let Some(call) = self.phones[n].legs.get(&leg) else { return false };
        let (party, coded) = (call.party.clone(), call.coded);
        if party.starts_with("*98") {
            return self.press_menu(n, leg);
        }
        let Some(hold) = self.company.hold_code(n) else {
            // Perhaps a box has answered.
            if self.desk.chance(1, 4) {
                self.deed(n, Deed::Press(leg, "#".into()));
                return true;
            }
            return false;
        };
        if coded {
            self.press_again(n, leg, hold);
            return true;
        }
        match self.desk.below(8) {
            0..=3 => self.press_hold(n, leg, hold),
            4 => {
                let Some(park) = self.company.code_of(n, CodeKind::Park) else { return false };
                self.deed(n, Deed::Press(leg, park));
            }
            5 => {
                let Some(code) = self.company.code_of(n, CodeKind::PushToneSend) else {
                    return false;
                };
                self.deed(n, Deed::Press(leg, code));
            }
            6 => {
                // Digits that may begin a code, and are none.
                let digits = ["#", "12", "##5", "#75*"][self.desk.below(4) as usize];
                self.deed(n, Deed::Press(leg, digits.into()));
            }
            _ => return false,
        }
        true
    }

    /// Somebody is held by code: back, to and fro, or the end of the own part.
    fn press_again(&mut self, n: usize, leg: LegId, hold: String) {
        let talks = self.consults(n, leg);
        let patient = self.phones[n].card.patient;
        if self.is_busy {
            return self.goes_on_by_code(n, leg, (hold, talks));
        }
        // While the own part is under way there is time to look once more.
        if !talks && self.desk.chance(2, 3) {
            let after = Micros::millis(2_000 + self.desk.below(4_000));
            return self.act_later(after, Act::Do(n, Deed::GoOn(leg)));
        }
        match self.desk.below(8) {
            0..=2 => {
                self.counts.more("hold code after the target answered", u64::from(talks));
                let still = talks && self.desk.chance(1, 2);
                self.mark_coded(n, leg, still);
                self.deed(n, Deed::Press(leg, hold));
            }
            3..=6 if !patient => {
                self.counts.more("transfers by code", u64::from(talks));
                self.deed(n, Deed::Hang(leg));
            }
            _ => {}
        }
    }

    /// What was begun by code is gone on with.
    pub(crate) fn go_on(&mut self, n: usize, leg: LegId) {
        let coded = self.phones[n].legs.get(&leg).is_some_and(|l| l.coded);
        if let Some(hold) = self.company.hold_code(n).filter(|_| coded && self.lively) {
            self.press_again(n, leg, hold);
        }
    }

    /// Holds, and mostly dials a number then.
    fn press_hold(&mut self, n: usize, leg: LegId, hold: String) {
        self.deed(n, Deed::Press(leg, hold));
        self.mark_coded(n, leg, true);
        self.reorganise(n);
        if self.desk.chance(1, 8) {
            return;
        }
        let mut number = match self.desk.below(10) {
            0 => SLOTS[self.desk.below(2) as usize].to_owned(),
            1 => self.company.code_of(n, CodeKind::Park).unwrap_or_default(),
            2 => PILOTS[self.desk.below(2) as usize].to_owned(),
            3 => "2999".to_owned(),
            _ => self.any_colleague(),
        };
        if self.desk.chance(1, 2) {
            number += &self.company.code_of(n, CodeKind::DialConfirm).unwrap_or_default();
        }
        let after = Micros::millis(700 + self.desk.below(1_500));
        self.act_later(after, Act::Do(n, Deed::Press(leg, number)));
        let after = Micros::millis(4_000 + self.desk.below(8_000));
        self.act_later(after, Act::Do(n, Deed::GoOn(leg)));
    }

    pub(crate) fn mark_coded(&mut self, n: usize, leg: LegId, coded: bool) {
        if let Some(call) = self.phones[n].legs.get_mut(&leg) {
            call.coded = coded;
        }
    }

    /// Keys of the menu of a box, or a PIN.
    fn press_menu(&mut self, n: usize, leg: LegId) -> bool {
        let keys = match self.desk.below(8) {
            0 => format!("{PIN}#"),
            1 => "99#".to_owned(),
            2 => "9".to_owned(),
            _ => {
                let count = 1 + self.desk.below(3);
                let key = |_| char::from(b"1122233456#0"[self.desk.below(12) as usize]);
                (0..count).map(key).collect()
            }
        };
        self.counts.add("keys of voicemail");
        self.deed(n, Deed::Press(leg, keys));
        true
    }

    /// Presses one digit after the other.
    pub(crate) fn press(&mut self, n: usize, leg: LegId, digits: &str) {
        let way = [Way::Info, Way::Media, Way::Both][self.desk.below(3) as usize];
        let mut after = Micros(0);
        for digit in digits.bytes() {
            self.act_later(after, Act::Do(n, Deed::Key(leg, digit, way)));
            after = after + Micros::millis(200 + self.desk.below(300));
        }
    }

    /// Presses one digit, if the call still is.
    pub(crate) fn key(&mut self, n: usize, leg: LegId, digit: u8, way: Way) {
        if !self.phones[n].up().contains(&leg) {
            return;
        }
        let phone = self.phones[n].card.address.ip();
        self.watched(|checker, scene| checker.pressed(scene, phone));
        if way != Way::Info {
            self.tone(n, leg, digit, PRESSED);
        }
        if way != Way::Media {
            self.counts.add("digits by INFO");
            let command = Command::Digit { leg, digit, duration_ms: 90 };
            let news = self.phones[n].command(self.now, command);
            self.news(n, news);
        }
    }

    /// The media plane hears a digit, when the phone's audio goes there.
    pub(crate) fn tone(&mut self, n: usize, leg: LegId, digit: u8, time: Micros) {
        let far = self.phones[n].legs.get(&leg).and_then(|l| l.far);
        let media = far.and_then(|far| self.media.at(far.rtp)).map(|open| open.want.leg);
        let digit = Digit::from_char(char::from(digit));
        let Some((leg, digit)) = media.zip(digit) else { return };
        self.counts.add("digits by media");
        let source = DigitSource::Event;
        let event = |phase| Event::Digit { leg, digit, source, phase };
        let ms = u16::try_from(time.0 / 1_000).unwrap_or(u16::MAX);
        let (begin, end) = (event(DigitPhase::Begin), event(DigitPhase::End { ms }));
        self.later(self.swarm.delay, Work::Media(self.life, begin));
        self.later(self.swarm.delay + time, Work::Media(self.life, end));
    }
}
