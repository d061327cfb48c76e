//! Who is consulted holds by code as well (R284): 2002 holds 2001 and consults 2003, which holds
//! 2002 and consults 2004.

use base::{Cause, Micros, Rng};
use model::{CodeKind, HoldAgain, Outside, SiteCode};

use super::outside::{comes_in, open};
use super::world::{World, site_with, stopped};
use crate::chain::RESTING_MAX;
use crate::input::{Input, LegEvent};

/// 2003 has held 2002 and may dial.
fn dialling() -> World {
    let mut w = World::with_codes();
    w.talk(2001, 2002);
    consults(&mut w, 2002, 2003);
    w.press("2003", "#7");
    assert_eq!(w.joins(), ["2001 music", "2002 music", "2003 SecondDial"]);
    w.lines.clear();
    w
}

/// … and 2004 rings.
fn ringing() -> World {
    let mut w = dialling();
    w.press("2003", "2004#1");
    w.rings("2004");
    assert_eq!(w.joins(), ["2001 music", "2002 music", "2003 Ringback", "? -"]);
    w.lines.clear();
    w
}

/// … and has answered.
fn talking() -> World {
    let mut w = ringing();
    w.answers("2004");
    w.agree();
    assert_eq!(w.joins(), ["2001 music", "2002 music", "2003 2004", "2004 2003"]);
    w.lines.clear();
    w
}

fn consults(w: &mut World, holder: u16, target: u16) {
    w.press(&holder.to_string(), &format!("#7{target}#1"));
    w.rings(&target.to_string());
    w.answers(&target.to_string());
    w.agree();
}

fn hangs_up(w: &mut World, name: &str) {
    w.hangs_up(name);
    w.agree();
}

fn presses(w: &mut World, name: &str) {
    w.press(name, "#7");
    w.agree();
}

#[test]
fn who_is_consulted_holds_changes_sides_and_connects() {
    let mut w = talking();
    presses(&mut w, "2002");
    presses(&mut w, "2001");
    assert_eq!(w.joins(), ["2001 music", "2002 music", "2003 2004", "2004 2003"], "held: ignored");
    presses(&mut w, "2003");
    assert_eq!(w.joins(), ["2001 music", "2002 2003", "2003 2002", "2004 music"]);
    presses(&mut w, "2002");
    assert_eq!(w.joins(), ["2001 2002", "2002 2001", "2003 music", "2004 music"]);
    presses(&mut w, "2003");
    presses(&mut w, "2002");
    assert_eq!(w.joins(), ["2001 music", "2002 2003", "2003 2002", "2004 music"]);
    w.lines.clear();
    hangs_up(&mut w, "2003");
    assert_eq!(w.joins(), ["2001 music", "2002 2004", "2004 2002"]);
    assert_eq!(
        w.told_records(),
        ["2003>2004 NormalClearing answered by 2003", "2002>2003 NormalClearing answered by 2003"]
    );
    presses(&mut w, "2002");
    assert_eq!(w.joins(), ["2001 2002", "2002 2001", "2004 music"]);
    w.lines.clear();
    hangs_up(&mut w, "2002");
    assert_eq!(w.joins(), ["2001 2004", "2004 2001"]);
    assert_eq!(
        w.told_records(),
        [
            "2001>2002 NormalClearing answered by 2002",
            "2002>2004 NormalClearing answered by 2002 transferred 2003"
        ]
    );
    w.hangs_up("2004");
    let record = "2001>2004 NormalClearing answered by 2004 transferred 2002";
    assert_eq!(w.told_records(), [record]);
    w.expect_drained();
}

/// The time for a number, a target that refuses, the hold code: 2002 and 2003 talk again, and 2002
/// may go back to 2001.
#[test]
fn a_consultation_in_vain_leaves_the_first_as_it_was() {
    let back = |w: &mut World| {
        w.agree();
        assert_eq!(w.joins(), ["2001 music", "2002 2003", "2003 2002"]);
        presses(w, "2002");
        assert_eq!(w.joins(), ["2001 2002", "2002 2001", "2003 music"]);
    };
    let mut w = dialling();
    w.wait(Micros::seconds(15));
    back(&mut w);
    let mut w = dialling();
    w.press("2003", "#7");
    back(&mut w);
    let mut w = ringing();
    w.press("2003", "#7");
    assert_eq!(w.told_records(), ["2003>2004 CallerCancelled unanswered by 2003"]);
    back(&mut w);
    let mut w = ringing();
    w.refuses("2004", 486);
    assert_eq!(w.joins(), ["2001 music", "2002 music", "2003 Busy"]);
    w.press("2003", "#7");
    back(&mut w);
    let mut w = talking();
    hangs_up(&mut w, "2004");
    back(&mut w);
    hangs_up(&mut w, "2002");
    assert_eq!(w.joins(), ["2001 2003", "2003 2001"]);
}

#[test]
fn whom_a_held_holder_held_takes_its_place() {
    // 2003 dials, hears why, hears ringing, talks: 2001 is held by 2003 from now on.
    let steps: [fn() -> World; 3] = [dialling, ringing, talking];
    for (i, begin) in steps.into_iter().enumerate() {
        let mut w = begin();
        hangs_up(&mut w, "2002");
        assert_eq!(w.joins()[0], "2001 music", "{i}");
        assert_eq!(w.joins().len(), begin().joins().len() - 1, "{i}");
        let records = w.told_records();
        assert_eq!(records[0], "2001>2002 NormalClearing answered by 2002", "{i}");
        assert_eq!(records[1], "2002>2003 NormalClearing answered by 2002", "{i}");
        presses(&mut w, "2003");
        assert_eq!(w.joins()[..2], ["2001 2003", "2003 2001"], "{i}");
        if i == 2 {
            assert_eq!(w.joins()[2], "2004 music");
            presses(&mut w, "2003");
            hangs_up(&mut w, "2003");
            assert_eq!(w.joins(), ["2001 2004", "2004 2001"]);
            w.hangs_up("2001");
        } else {
            w.lines.clear();
            w.hangs_up("2001");
            let record = "2001>2003 NormalClearing answered by 2001 transferred 2002";
            assert_eq!(w.told_records(), [record]);
        }
        w.expect_drained();
    }
    // 2004 answers afterwards.
    let mut w = ringing();
    hangs_up(&mut w, "2002");
    w.answers("2004");
    w.agree();
    assert_eq!(w.joins(), ["2001 music", "2003 2004", "2004 2003"]);
    hangs_up(&mut w, "2003");
    assert_eq!(w.joins(), ["2001 2004", "2004 2001"]);
}

#[test]
fn whom_a_target_held_takes_its_place() {
    let mut w = talking();
    // 2004 holds 2003 and consults 2005; 2003 goes on with 2005 when 2004 goes.
    consults(&mut w, 2004, 2005);
    presses(&mut w, "2004");
    assert_eq!(w.joins()[2..], ["2003 2004", "2004 2003", "2005 music"]);
    hangs_up(&mut w, "2004");
    assert_eq!(w.joins(), ["2001 music", "2002 music", "2003 2005", "2005 2003"]);
    presses(&mut w, "2003");
    presses(&mut w, "2002");
    assert_eq!(w.joins(), ["2001 2002", "2002 2001", "2003 music", "2005 music"]);
    // 2003 goes while it is held: 2005 is whom 2002 holds.
    hangs_up(&mut w, "2003");
    assert_eq!(w.joins(), ["2001 2002", "2002 2001", "2005 music"]);
    presses(&mut w, "2002");
    assert_eq!(w.joins(), ["2001 music", "2002 2005", "2005 2002"]);
    hangs_up(&mut w, "2002");
    assert_eq!(w.joins(), ["2001 2005", "2005 2001"]);
}

#[test]
fn a_held_party_who_goes_ends_that_hold_only() {
    for begin in [dialling as fn() -> World, ringing, talking] {
        let mut w = begin();
        w.hangs_up("2001");
        w.expect(&["record 2001>2002 NormalClearing answered by 2001"]);
        assert_eq!(w.joins()[0], "2002 music");
        presses(&mut w, "2003");
        assert_eq!(w.joins()[..2], ["2002 2003", "2003 2002"]);
        w.lines.clear();
        w.hangs_up("2002");
        assert_eq!(w.told_records()[0], "2002>2003 NormalClearing answered by 2002");
    }
}

/// 2003 hangs up while 2004 rings: 2002 waits for it, as after a transfer.
#[test]
fn who_transfers_a_holder_lets_it_keep_whom_it_holds() {
    let given = || {
        let mut w = ringing();
        hangs_up(&mut w, "2003");
        assert_eq!(w.joins(), ["2001 music", "2002 Ringback", "? -"]);
        w.lines.clear();
        w
    };
    let mut w = given();
    w.answers("2004");
    w.agree();
    assert_eq!(w.joins(), ["2001 music", "2002 2004", "2004 2002"]);
    presses(&mut w, "2002");
    assert_eq!(w.joins(), ["2001 2002", "2002 2001", "2004 music"]);
    // Nobody there: 2003 is called back, and 2002 talks to 2001 when that is in vain too.
    let mut w = given();
    w.refuses("2004", 603);
    w.refuses("2003", 603);
    w.agree();
    assert_eq!(w.joins(), ["2001 2002", "2002 2001"]);
    w.hangs_up("2002");
    w.expect_drained();
    // 2002 goes as well: it is called back for 2001.
    let mut w = given();
    w.hangs_up("2002");
    assert_eq!(w.joins(), ["2001 music", "? -"]);
    assert!(w.told_records().contains(&"2001>2002 NormalClearing answered by 2002".to_owned()));
    w.rings("2002");
    w.answers("2002");
    w.agree();
    assert_eq!(w.joins(), ["2001 2002", "2002 2001"]);
    w.hangs_up("2001");
    w.expect_drained();
}

/// Codes are switched off meanwhile, and the two in front could do without us: not while one of
/// them holds somebody.
#[test]
fn whom_somebody_holds_hears_music_when_codes_are_gone() {
    let mut w = talking();
    w.configure(&[site_with(|s| {
        for kind in [CodeKind::Hold, CodeKind::Park, CodeKind::PushToneSend] {
            s.set_code(kind, SiteCode::Off);
        }
    })]);
    hangs_up(&mut w, "2003");
    assert_eq!(w.joins(), ["2001 music", "2002 2004", "2004 2002"]);
    hangs_up(&mut w, "2002");
    assert!(w.joins().is_empty(), "direct: {:?}", w.joins());
    w.hangs_up("2001");
    w.expect_drained();
}

/// 切断: only who holds nobody is dropped.
#[test]
fn who_holds_somebody_is_not_dropped() {
    let mut w = talking();
    presses(&mut w, "2003");
    w.configure(&[site_with(|s| s.hold_again = HoldAgain::Drop)]);
    presses(&mut w, "2002");
    assert_eq!(w.joins(), ["2001 music", "2002 Error", "2003 2002", "2004 music"]);
    w.heard_out("2002");
    presses(&mut w, "2003");
    presses(&mut w, "2003");
    assert_eq!(w.joins(), ["2001 music", "2002 2003", "2003 2002"], "2004 is dropped");
    presses(&mut w, "2002");
    assert_eq!(w.joins(), ["2001 2002", "2002 2001"], "2003 is dropped");
    w.hangs_up("2001");
    w.expect_drained();
}

#[test]
fn a_holder_is_neither_parked_nor_left_at_a_box() {
    let mut w = dialling();
    for target in ["*57", "2003"] {
        w.press("2003", &format!("{target}#1"));
        let joins = w.joins();
        assert!(!joins[2].contains("Words") && !joins[2].contains("SecondDial"), "{joins:?}");
        w.wait(Micros::seconds(5));
        assert_eq!(w.joins(), ["2001 music", "2002 music", "2003 SecondDial"], "{target}");
    }
    w.press("2003", "#7");
    w.press("2003", "#5");
    assert_eq!(w.joins(), ["2001 music", "2002 2003", "2003 Error"], "R292");
}

/// R312; and nobody who is stopped holds.
#[test]
fn who_is_stopped_holds_nobody_in_a_chain() {
    let mut w = World::with_codes();
    w.talk(2001, 2002);
    consults(&mut w, 2002, 2003);
    w.configure(&[stopped(2003)]);
    presses(&mut w, "2003");
    assert_eq!(w.joins(), ["2001 music", "2002 2003", "2003 Error"]);
}

#[test]
fn an_end_from_outside_ends_the_whole_chain() {
    let mut w = talking();
    let call = w.control.calls().next().map(|c| c.call);
    w.input(Input::Clear { call: call.expect("a call") });
    assert_eq!(
        w.told_records(),
        [
            "2002>2003 AdminCleared answered",
            "2003>2004 AdminCleared answered",
            "2001>2002 AdminCleared answered"
        ]
    );
    w.expect_drained();
}

/// The conversation in front breaks by what nobody did: who rests behind it is there again.
#[test]
fn a_lost_leg_in_front_leaves_the_rest() {
    let mut w = dialling();
    let leg = w.leg("2003");
    w.event(leg, LegEvent::Ended { cause: Cause::MediaTimeout, by_far_end: false });
    assert_eq!(w.joins(), ["2001 music", "2002 music", "? -"], "2003 is called back");
    w.refuses("2003", 603);
    w.agree();
    assert_eq!(w.joins(), ["2001 2002", "2002 2001"]);
}

#[test]
fn a_chain_has_its_longest() {
    let mut w = World::with_codes();
    w.hire(2101..2110);
    w.talk(2101, 2102);
    let longest = 2102 + RESTING_MAX as u16 + 1;
    for n in 2102..longest {
        consults(&mut w, n, n + 1);
    }
    assert_eq!(w.joins().len(), RESTING_MAX + 3);
    let before = w.joins();
    presses(&mut w, &longest.to_string());
    assert_eq!(w.joins().last(), Some(&format!("{longest} Error")));
    w.heard_out(&longest.to_string());
    assert_eq!(w.joins(), before);
    w.hangs_up_all();
    w.expect_drained();
}

/// 2002 holds somebody outside and consults 2003, which consults another one outside.
fn two_outside(policy: Outside) -> World {
    let mut w = World::with_codes();
    open(&mut w, 4);
    w.configure(&[site_with(|s| s.transfer_outside = policy)]);
    comes_in(&mut w, "2002");
    w.answers("2002");
    consults(&mut w, 2002, 2003);
    w.press("2003", "#700355556666#1");
    w.rings("2900");
    w.answers("2900");
    w.agree();
    assert_eq!(w.joins(), ["2002 music", "2003 2900", "2900 2003", "2900 music"]);
    w
}

/// R291: who asks may call outside, and the two outside are connected by right only.
#[test]
fn two_outside_meet_by_right_only() {
    for first in ["2003", "2002"] {
        let last = if first == "2003" { "2002" } else { "2003" };
        let mut w = two_outside(Outside::Domestic);
        hangs_up(&mut w, first);
        hangs_up(&mut w, last);
        assert_eq!(w.joins(), ["2900 2900", "2900 2900"], "{first}");
        w.hangs_up_all();
        let mut w = two_outside(Outside::Denied);
        hangs_up(&mut w, first);
        hangs_up(&mut w, last);
        assert_eq!(w.joins(), ["2900 music", "? -"], "{last} is called back");
        w.rings(last);
        w.answers(last);
        w.agree();
        assert_eq!(w.joins(), [format!("{last} 2900"), format!("2900 {last}")], "{first}");
        w.hangs_up(last);
        w.expect_drained();
    }
}

/// R317: what is withdrawn meets the next code, and hanging up is none.
#[test]
fn two_outside_meet_by_the_right_that_held_when_the_number_was_dialled() {
    let mut w = World::with_codes();
    open(&mut w, 4);
    w.configure(&[site_with(|s| s.transfer_outside = Outside::Domestic)]);
    comes_in(&mut w, "2002");
    w.answers("2002");
    w.press("2002", "#700355556666#1");
    w.rings("2900");
    w.answers("2900");
    w.agree();
    w.configure(&[site_with(|s| s.transfer_outside = Outside::Denied)]);
    hangs_up(&mut w, "2002");
    assert_eq!(w.joins(), ["2900 2900", "2900 2900"]);
    w.hangs_up_all();
    w.expect_drained();
}

/// The naive model: people in a row, and between which two of them somebody talks.
#[derive(Debug, Default)]
struct Row {
    people: Vec<u16>,
    front: usize,
    /// Conversations so far.
    begun: usize,
}

impl Row {
    fn expected(&self) -> Vec<String> {
        let talks = |i: usize| i == self.front || i == self.front + 1;
        let other = |i: usize| if i == self.front { i + 1 } else { self.front };
        let mut joins: Vec<String> = Vec::new();
        for (i, n) in self.people.iter().enumerate() {
            match talks(i) {
                true => joins.push(format!("{n} {}", self.people[other(i)])),
                false => joins.push(format!("{n} music")),
            }
        }
        joins.sort();
        joins
    }

    /// One of the two that talk holds the other: a new one is consulted, or sides are changed.
    /// True when a number has to be dialled.
    fn holds(&mut self, right: bool, new: u16) -> bool {
        match right {
            true if self.front + 2 < self.people.len() => self.front += 1,
            false if self.front > 0 => self.front -= 1,
            true => {
                self.people.push(new);
                self.front += 1;
                self.begun += 1;
                return true;
            }
            false => {
                self.people.insert(0, new);
                self.begun += 1;
                return true;
            }
        }
        false
    }

    fn goes(&mut self, i: usize) {
        let inner = i > 0 && i + 1 < self.people.len();
        self.begun += usize::from(inner);
        self.people.remove(i);
        if i <= self.front && self.front > 0 {
            self.front -= 1;
        }
        self.front = self.front.min(self.people.len().saturating_sub(2));
    }
}

#[test]
fn chains_agree_with_a_row_of_people() {
    let (mut longest, mut inner) = (0, 0);
    for seed in 0..60_u64 {
        let mut bytes = [7; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let mut rng = Rng::from_seed(bytes);
        let mut w = World::with_codes();
        w.hire(2101..2160);
        w.talk(2101, 2102);
        let mut row = Row { people: vec![2101, 2102], front: 0, begun: 1 };
        let mut next = 2103;
        while row.people.len() > 1 {
            assert_eq!(w.joins(), row.expected(), "seed {seed} {row:?}");
            longest = longest.max(row.people.len());
            let full = row.people.len() == RESTING_MAX + 3;
            let right = rng.chance(1, 2);
            let changes = if right { row.front + 2 < row.people.len() } else { row.front > 0 };
            if next < 2140 && rng.chance(2, 3) && (changes || !full) {
                let who = row.people[row.front + usize::from(right)];
                match row.holds(right, next) {
                    true => {
                        consults(&mut w, who, next);
                        next += 1;
                    }
                    false => presses(&mut w, &who.to_string()),
                }
            } else {
                let i = rng.below(row.people.len() as u64) as usize;
                inner += usize::from(i > 0 && i + 1 < row.people.len());
                hangs_up(&mut w, &row.people[i].to_string());
                row.goes(i);
            }
        }
        assert_eq!(w.records.len(), row.begun, "seed {seed}: one record a conversation");
        w.expect_drained();
    }
    assert!(longest == RESTING_MAX + 3 && inner > 50, "{longest} {inner}");
}
