//! Whom hunts offer a call, in what order: against a naive model of 均等, パイロット, rounds and
//! whoever stands in for a member (group H, R270, R271).

use std::collections::BTreeMap;

use base::{Micros, Rng};
use model::{Change, Destination, DnSettings, Forward, ForwardKind, HuntMethod};

use super::world::{TENANT, World, department, device_id, dn, hunt, quiet, site_forwards_outside};

const CALLER: u16 = 2001;
const DEPARTMENT: u16 = 7100;
const MEMBERS: std::ops::Range<u16> = 2010..2016;
const OTHERS: std::ops::Range<u16> = 2020..2024;
const PLAIN: std::ops::Range<u16> = 2030..2034;

/// Stands for a number outside.
const OUTSIDE: u16 = 0;

#[derive(Clone, Default)]
struct Group {
    pilot: u16,
    members: Vec<u16>,
    even: bool,
    follows: bool,
    rounds: u8,
}

/// Everybody refuses at once, so that no time passes but between rounds.
#[derive(Default)]
struct Naive {
    groups: Vec<Group>,
    leads: BTreeMap<u16, u16>,
    /// Who can be rung.
    free: Vec<u16>,
    together: Vec<u16>,
    offered: BTreeMap<u16, u16>,
    /// Who rings, one after the other.
    rings: Vec<Vec<u16>>,
}

impl Naive {
    fn hunt(&mut self, group: &Group, around: &[u16], trail: &[u16]) {
        let pilots: Vec<u16> = around.iter().copied().chain([group.pilot]).collect();
        let mut after = self.offered.get(&group.pilot).copied().filter(|_| group.even);
        for _ in 0..group.rounds {
            let at = after.and_then(|a| group.members.iter().position(|m| *m == a));
            let mut turn = group.members.clone();
            turn.rotate_left(at.map_or(0, |at| (at + 1) % group.members.len()));
            for member in turn {
                let before = self.rings.len();
                let involved = member == CALLER || trail.contains(&member);
                if !involved && (group.follows || !self.leads.contains_key(&member)) {
                    self.place(member, &pilots, trail.to_vec());
                }
                if self.rings.len() > before {
                    self.offered.insert(group.pilot, member);
                    after = Some(member).filter(|_| group.even);
                }
            }
        }
    }

    fn place(&mut self, member: u16, pilots: &[u16], mut trail: Vec<u16>) {
        let mut number = member;
        while let Some(to) = self.leads.get(&number).copied() {
            trail.push(number);
            let circle = to == CALLER || trail.contains(&to) || pilots.contains(&to);
            if circle || trail.len() > 5 {
                return;
            }
            if to == OUTSIDE {
                return self.rings.push(vec![2900]);
            }
            if let Some(group) = self.groups.iter().find(|g| g.pilot == to).cloned() {
                return self.hunt(&group, pilots, &trail);
            }
            if to == DEPARTMENT {
                let rings = |n: &&u16| {
                    let away = **n == CALLER || trail.contains(n) || self.leads.contains_key(n);
                    !away && self.free.contains(n)
                };
                let who: Vec<u16> = self.together.iter().filter(rings).copied().collect();
                return self.rings.extend(Some(who).filter(|w| !w.is_empty()));
            }
            number = to;
        }
        if self.free.contains(&number) {
            self.rings.push(vec![number]);
        }
    }
}

fn shuffled(rng: &mut Rng, all: impl Iterator<Item = u16>) -> Vec<u16> {
    let mut all: Vec<u16> = all.collect();
    for n in (1..all.len()).rev() {
        all.swap(n, rng.below(n as u64 + 1) as usize);
    }
    all
}

fn draw(rng: &mut Rng, w: &mut World) -> Naive {
    let mut naive = Naive::default();
    for (pilot, members) in [(7000, MEMBERS), (7001, OTHERS)] {
        let mut members = shuffled(rng, members);
        if pilot == 7001 && rng.chance(1, 4) {
            members.push(CALLER);
        }
        let (even, follows) = (rng.chance(1, 2), rng.chance(4, 5));
        let rounds = if pilot == 7000 { 1 + rng.below(2) as u8 } else { 1 };
        naive.groups.push(Group { pilot, members, even, follows, rounds });
    }
    naive.together = PLAIN.chain(OTHERS).filter(|_| rng.chance(1, 2)).collect();
    let all: Vec<u16> = MEMBERS.chain(OTHERS).chain(PLAIN).collect();
    for n in &all {
        let often = if MEMBERS.contains(n) { 2 } else { 5 };
        if rng.chance(1, often) {
            let person = all[rng.below(all.len() as u64) as usize];
            let to = [7000, 7001, 7001, DEPARTMENT, OUTSIDE, person, person, CALLER];
            let to = to[rng.below(8) as usize];
            if to != *n {
                naive.leads.insert(*n, to);
            }
        }
    }
    for n in all {
        match rng.below(8) {
            0 => w.configure(&[quiet(n, 1)]),
            1 => {
                w.facts.contacts.remove(&device_id(n, 1));
            }
            2 => w.talk(n, n + 100),
            _ => naive.free.push(n),
        }
    }
    naive
}

fn configure(w: &mut World, naive: &Naive) {
    let mut changes = vec![department(&naive.together, |_| ())];
    for (n, group) in (1..).zip(&naive.groups) {
        changes.push(hunt(&group.members, |g| {
            (g.number, g.pilot, g.follow_all) = (n, dn(group.pilot), group.follows);
            (g.rounds, g.limit_s, g.ring_s) = (group.rounds, 600, 120);
            g.method = if group.even { HuntMethod::RoundRobin } else { HuntMethod::Priority };
        }));
    }
    for (n, to) in &naive.leads {
        let to = match *to {
            OUTSIDE => Destination::outside("00312345678").expect("digits"),
            to => Destination::Dn(dn(to)),
        };
        let mut settings = DnSettings::new(TENANT, dn(*n));
        *settings.forward_mut(ForwardKind::All) = Forward::on(to);
        changes.push(Change::DnSettingsPut(settings));
    }
    w.configure(&changes);
}

/// Calls the first group until nobody is left; who rang, one after the other.
fn rings(w: &mut World) -> Vec<Vec<u16>> {
    let mut all = Vec::new();
    let before = w.records.len();
    w.lines.clear();
    w.dial(CALLER, "7000");
    while w.records.len() == before {
        let lines = std::mem::take(&mut w.lines);
        let names: Vec<&str> =
            lines.iter().filter_map(|l| Some(l.split_once(" invite ")?.0)).collect();
        for name in &names {
            w.refuses(name, 486);
        }
        match names.is_empty() {
            true => w.wait(Micros::seconds(5)),
            false => all.push(names.iter().map(|n| n.parse().expect("a number")).collect()),
        }
    }
    all
}

#[test]
fn hunts_with_stand_ins_go_as_the_naive_model_says() {
    let (mut longest, mut outside, mut together, mut nested) = (0, 0, 0, 0);
    for seed in 0..400_u64 {
        let mut bytes = [9; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let mut rng = Rng::from_seed(bytes);
        let mut w = World::new();
        w.hire(MEMBERS.chain(OTHERS).chain(PLAIN));
        w.hire((2110..2116).chain(2120..2124).chain(2130..2134));
        super::outside::open(&mut w, 2);
        w.configure(&[site_forwards_outside()]);
        let mut naive = draw(&mut rng, &mut w);
        configure(&mut w, &naive);
        let first = naive.groups[0].clone();
        for call in 0..3 {
            naive.rings.clear();
            naive.hunt(&first, &[], &[]);
            let mut expected = naive.rings.clone();
            expected.iter_mut().for_each(|r| r.sort_unstable());
            let mut found = rings(&mut w);
            found.iter_mut().for_each(|r| r.sort_unstable());
            assert_eq!(found, expected, "seed {seed}, call {call}: {:?}", naive.leads);
            longest = longest.max(found.len());
            outside += found.iter().filter(|r| r[0] == 2900).count();
            together += found.iter().filter(|r| r.len() > 1).count();
            nested += found.iter().filter(|r| OTHERS.contains(&r[0])).count();
        }
    }
    let counts = (longest, outside, together, nested);
    assert!(longest > 8 && outside > 100 && together > 100 && nested > 100, "{counts:?}");
}
