//! The explanation is the routing: it ends as the call does when phones do as it was told (R318).

use base::id::TenantId;
use base::{Cause, Dn, LegId, Micros, Rng};
use model::{Change, Destination, DnSettings, Forward, ForwardKind, HuntMethod, Waiting};

use super::world::{TENANT, World, department, dn, hunt, quiet, site_forwards_outside, site_with};
use crate::input::LegEvent;
use crate::whatif::{Answer, Ending, Explanation, Question};

const NUMBERS: std::ops::RangeInclusive<u16> = 2001..=2008;

pub(super) struct Draw {
    pub(super) rng: Rng,
    /// Members of the first hunting group.
    hunted: Vec<u16>,
}

impl Draw {
    pub(super) fn new(seed: u64) -> Self {
        let mut bytes = [3; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        Draw { rng: Rng::from_seed(bytes), hunted: Vec::new() }
    }

    pub(super) fn one_in(&mut self, n: u64) -> bool {
        self.rng.chance(1, n)
    }

    pub(super) fn number(&mut self) -> u16 {
        2001 + self.rng.below(8) as u16
    }

    fn destination(&mut self) -> Destination {
        match self.rng.below(14) {
            0 => Destination::outside("0312345678").expect("digits"),
            1 => Destination::Dn(dn(7000)),
            2 => Destination::Dn(dn(7100)),
            3 => Destination::Dn(dn(2999)),
            4 => Destination::Dn(dn(7001)),
            5 => Destination::outside("00312345678").expect("digits"),
            _ => Destination::Dn(dn(self.number())),
        }
    }

    fn settings(&mut self, n: u16) -> Change {
        let mut settings = DnSettings::new(TENANT, dn(n));
        for kind in ForwardKind::ALL {
            let often = if kind == ForwardKind::All { 5 } else { 2 };
            if self.one_in(often) {
                *settings.forward_mut(kind) = Forward::on(self.destination());
            }
        }
        settings.waiting = Waiting::ALL[self.rng.below(3) as usize];
        settings.no_answer_s = 5 + self.rng.below(56) as u16;
        settings.call_limit = 1 + self.rng.below(3) as u16;
        Change::DnSettingsPut(settings)
    }

    pub(super) fn members(&mut self) -> Vec<u16> {
        let mut members: Vec<u16> = NUMBERS.filter(|_| self.rng.chance(1, 2)).collect();
        members.truncate(6);
        members
    }

    pub(super) fn company(&mut self, w: &mut World) {
        let mut changes = Vec::new();
        for n in NUMBERS {
            if self.one_in(2) {
                changes.push(self.settings(n));
            }
            if self.one_in(6) {
                changes.push(quiet(n, 1));
            }
        }
        let (members, overflow) = (self.members(), self.one_in(2).then(|| self.destination()));
        self.hunted.clone_from(&members);
        let rounds = 1 + self.rng.below(3) as u8;
        let even = self.one_in(2);
        changes.push(hunt(&members, |g| {
            g.method = if even { HuntMethod::RoundRobin } else { HuntMethod::Priority };
            (g.overflow, g.rounds, g.follow_all) = (overflow, rounds, even);
        }));
        let (members, overflow) = (self.members(), self.one_in(2).then(|| self.destination()));
        changes.push(department(&members, |d| d.overflow = overflow));
        let others = NUMBERS.filter(|n| !self.hunted.contains(n)).collect::<Vec<_>>();
        if self.one_in(2) {
            changes.push(hunt(&others, |g| {
                (g.number, g.pilot, g.follow_all) = (2, dn(7001), even);
                g.ring_s = 5 + self.rng.below(30) as u16;
            }));
        }
        w.configure(&changes);
        if self.one_in(3) {
            let (a, b) = (self.number(), self.number());
            w.dial(a, &b.to_string());
            let ringing = w.far.values().find(|f| !f.inbound && !f.ended);
            match ringing.map(|f| f.name.clone()) {
                Some(name) => w.answers(&name),
                // It would go on later than it was looked at.
                None => w.hangs_up_all(),
            }
        }
    }

    /// Sometimes there is a way outside, and forwards may use it.
    fn outside(&mut self, w: &mut World) {
        if self.one_in(2) {
            super::outside::open(w, self.rng.below(3) as u16);
            w.configure(&[site_forwards_outside()]);
        }
    }

    /// Sometimes the access line of the site has few channels, and all audio crosses it.
    pub(super) fn access(&mut self, w: &mut World) {
        if self.one_in(4) {
            let channels = self.rng.below(5) as u16;
            w.configure(&[site_with(|s| s.access_channels = Some(channels))]);
            w.facts.relay = self.one_in(2);
        }
    }

    pub(super) fn answers(&mut self) -> Vec<(Dn, Answer)> {
        let answer = |d: &mut Draw| Answer::ALL[d.rng.below(5) as usize];
        let mut answers: Vec<(Dn, Answer)> = NUMBERS.map(|n| (dn(n), answer(self))).collect();
        answers.push((dn(7100), answer(self)));
        answers.push((Dn::parse("0312345678").expect("digits"), answer(self)));
        answers
    }
}

/// Phones do as they were told, until the call of `caller` is answered or over.
pub(super) fn play(w: &mut World, caller: &str, answers: &[(Dn, Answer)], first: usize) {
    for _ in 0..200 {
        if w.records.len() > first {
            return;
        }
        let call = w
            .control
            .calls
            .iter()
            .map(|(_, c)| c)
            .find(|c| *c.draft.caller.number == *caller && c.draft.answered_at.is_none());
        let Some(call) = call else { return };
        let Some(ring) = &call.ring else {
            w.wait(Micros::millis(500));
            continue;
        };
        let said = answers.iter().find(|(of, _)| *of == ring.plan.dn).map(|(_, a)| *a);
        let names: Vec<String> = call.ringing().iter().map(|leg| w.far[leg].name.clone()).collect();
        let wait_s = u64::from(ring.ring_time_s);
        match said.unwrap_or(Answer::NoAnswer) {
            Answer::Answers => w.answers(&names[0]),
            Answer::NoAnswer => {
                w.rings(&names[0]);
                w.wait(Micros::seconds(wait_s));
            }
            Answer::Busy => names.iter().for_each(|n| w.refuses(n, 486)),
            Answer::Declines => refuse_all(w, &names),
            Answer::Unreachable => w.wait(Micros::seconds(4)),
        }
    }
    panic!("the call never ends");
}

/// A 603 of one device ends the ringing of all of one number.
fn refuse_all(w: &mut World, names: &[String]) {
    for name in names {
        if w.far.values().any(|f| f.name == *name && !f.ended && !f.answered) {
            w.refuses(name, 403);
        }
    }
}

pub(super) fn routing(explanation: &Explanation) -> Vec<String> {
    let steps = explanation.steps.iter().flat_map(|e| &e.steps);
    steps.map(|s| format!("{} {}", s.code, s.args)).collect()
}

pub(super) fn recorded(w: &World, at: usize) -> Vec<String> {
    let told = |code: &str| {
        let later =
            ["media.path", "answer", "answer.outside", "announce", "decided", "ring.device-gone"];
        let answers = ["ring.refused", "ring.over", "ring.silent", "ring.unanswered"];
        !later.contains(&code) && !answers.contains(&code)
    };
    let steps = w.records[at].trace.iter().filter(|s| told(&s.code));
    steps.map(|s| format!("{} {}", s.code, s.args)).collect()
}

/// How it ends, steps, and what stood in for members of hunting groups.
fn agrees(seed: u64) -> (Ending, usize, Vec<String>) {
    let mut draw = Draw::new(seed);
    let mut w = World::new();
    draw.company(&mut w);
    draw.outside(&mut w);
    draw.access(&mut w);
    let (from, answers) = (draw.number(), draw.answers());
    let to = match draw.rng.below(5) {
        0 => "7000".to_owned(),
        1 => "7100".to_owned(),
        _ => draw.number().to_string(),
    };
    let tenant: TenantId = TENANT;
    let question = Question { tenant, from: dn(from).into(), to: &to, answers: &answers };
    let told = w.control.explain(w.now, &question, &w.facts);
    let first = w.records.len();
    let limit = w.facts.snapshot.dn_settings(TENANT, dn(from)).map_or(4, |s| s.call_limit);
    if w.control.core.budget.count(TENANT, dn(from)) >= u32::from(limit) {
        return (Ending::Refused(Cause::UserBusy), 0, Vec::new());
    }
    let caller = w.dial(from, &to);
    play(&mut w, &from.to_string(), &answers, first);
    ends_as_told(&mut w, seed, &told, (caller, first));
    let steps: Vec<&str> =
        told.steps.iter().flat_map(|e| e.steps.iter().map(|s| &*s.code)).collect();
    let stood = steps.windows(3).filter(|s| s[..2] == ["hunt.member", "forward.all"]);
    let stood = stood.map(|s| s[2].to_owned()).collect();
    (told.ending, told.steps.len(), stood)
}

/// The call that was played ended as it was told, or goes on and is ended; its record says why.
pub(super) fn ends_as_told(
    w: &mut World,
    seed: u64,
    told: &Explanation,
    (caller, first): (LegId, usize),
) {
    let ended = w.records.len() > first;
    match told.ending {
        Ending::Answered(_) => {
            assert!(!ended, "seed {seed}: {:?}", w.records.last());
            let cause = Cause::NormalClearing;
            w.event(caller, LegEvent::Ended { cause, by_far_end: true });
        }
        Ending::Refused(cause) => {
            assert!(ended, "seed {seed}: {told:?}");
            assert_eq!(w.records[first].cause, cause, "seed {seed}: {told:?}");
        }
        other => panic!("seed {seed}: {other:?}"),
    }
    assert_eq!(recorded(w, first), routing(told), "seed {seed}");
}

#[test]
fn a_call_goes_where_the_explanation_said() {
    let mut endings = std::collections::BTreeSet::new();
    let mut stood = std::collections::BTreeSet::new();
    let mut longest = 0;
    for seed in 0..3_000 {
        let (ending, steps, places) = agrees(seed);
        stood.extend(places);
        longest = longest.max(steps);
        endings.insert(match ending {
            Ending::Refused(cause) => cause.name(),
            _ => "answered",
        });
    }
    for name in [
        "answered",
        "UserBusy",
        "RingTimeout",
        "Unregistered",
        "ForwardLoop",
        "SiteChannelsExceeded",
        "GatewayChannelsExceeded",
        "ExternalForwardDenied",
    ] {
        assert!(endings.contains(name), "{name} never happened: {endings:?}");
    }
    assert!(longest > 5, "{longest}");
    for place in ["route.hunt", "route.department", "outside.gateway", "ring.begin", "forward.all"]
    {
        assert!(stood.contains(place), "{place} never stood in: {stood:?}");
    }
}

#[test]
fn an_explanation_shows_where_other_answers_lead() {
    let mut w = World::new();
    let mut settings = DnSettings::new(TENANT, dn(2002));
    *settings.forward_mut(ForwardKind::Busy) = Forward::on(Destination::Dn(dn(2003)));
    w.configure(&[Change::DnSettingsPut(settings)]);
    let question = Question { tenant: TENANT, from: dn(2001).into(), to: "2002", answers: &[] };
    let told = w.control.explain(w.now, &question, &w.facts);
    assert_eq!(told.ending, Ending::Refused(Cause::RingTimeout));
    let first = &told.steps[0];
    assert_eq!(first.assumed, Some((dn(2002), Answer::NoAnswer)));
    let ends: Vec<(Answer, Ending)> = first.branches.iter().map(|b| (b.answer, b.ending)).collect();
    assert_eq!(
        ends,
        [
            (Answer::Busy, Ending::Rings(dn(2003))),
            (Answer::Declines, Ending::Rings(dn(2003))),
            (Answer::Unreachable, Ending::Refused(Cause::Unregistered)),
        ]
    );
}
