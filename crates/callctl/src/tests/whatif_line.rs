//! The explanation of a call that comes by a line is its routing (R300, R301, R318).

use base::{Cause, Dn, Wall};
use model::reception::{Day, Span};
use model::{
    Change, Hours, Inbound, Line, LineTarget, NightSwitch, Receive, Reception, Site, User,
};

use super::lines::{WEDNESDAY, comes_in, line, line_id, open, people};
use super::whatif::{Draw, ends_as_told, play, recorded, routing};
use super::world::{SITE, TENANT, World, department, device, dn, site_with, user};
use crate::whatif::{Answer, Ending, Explanation, Origin, Question};

const LINE: &str = "0311110001";

impl Draw {
    fn target(&mut self) -> LineTarget {
        match self.rng.below(6) {
            0 => LineTarget::Dn(dn(7000)),
            1 => LineTarget::Dn(dn(7100)),
            2 => LineTarget::Announcement(None),
            3 => LineTarget::Dn(dn(2999)),
            _ => LineTarget::Dn(dn(self.number())),
        }
    }

    fn inbound(&mut self) -> Inbound {
        if self.one_in(2) {
            return Inbound::To(self.target());
        }
        let overflow = self.one_in(2).then(|| self.target());
        Inbound::Registered { ring_s: 5 + self.rng.below(100) as u16, overflow }
    }

    /// Line 001 of a gateway with few channels, its hours, and who may receive.
    fn line(&mut self, w: &mut World) {
        open(w, 2900, "0", 1 + self.rng.below(2) as u16);
        let change = |d: &mut Draw, l: &mut Line| {
            (l.day, l.night) = (d.inbound(), d.one_in(2).then(|| d.inbound()));
            l.receivers = people(&d.members());
            l.receive = if d.one_in(2) { Receive::Registered } else { Receive::Everyone };
        };
        w.configure(&[line(1, 2900, LINE, |l| change(self, l))]);
        let mut hours = Hours::default();
        hours.week[3] = [Span { from: 9 * 60, to: 17 * 60 }].into();
        hours.holidays = [Day { year: 2026, month: 7, day: 8 }].into();
        let switch = NightSwitch::ALL[self.rng.below(3) as usize];
        let unknown = self.one_in(2).then(|| self.target());
        let site = Reception::new(TENANT, SITE);
        w.configure(&[Change::ReceptionPut(Reception {
            switch,
            hours: Some(hours),
            unknown,
            ..site
        })]);
        // Some days around, and often a minute before the hours end.
        let minutes = match self.one_in(3) {
            true => 17 * 60 - 1,
            false => i64::try_from(self.rng.below(14 * 24 * 60)).expect("minutes"),
        };
        w.now.wall = Wall(WEDNESDAY.0 + minutes * 60_000);
        if self.one_in(4) {
            comes_in(w, 2900, "2008");
            let ringing = w.far.values().find(|f| !f.inbound && !f.ended && !f.answered);
            match ringing.map(|f| f.name.clone()) {
                Some(name) => w.answers(&name),
                None => w.hangs_up_all(),
            }
        }
    }
}

fn asked<'a>(to: &'a str, answers: &'a [(Dn, Answer)]) -> Question<'a> {
    Question { tenant: TENANT, from: Origin::Line(line_id(1)), to, answers }
}

fn explained(w: &World, to: &str, answers: &[(Dn, Answer)]) -> Explanation {
    w.control.explain(w.now, &asked(to, answers), &w.facts)
}

fn agrees(seed: u64) -> Ending {
    let mut draw = Draw::new(seed);
    let mut w = World::new();
    draw.company(&mut w);
    draw.line(&mut w);
    draw.access(&mut w);
    let to = match draw.rng.below(5) {
        0 => "0311119999".to_owned(),
        1 => draw.number().to_string(),
        _ => LINE.to_owned(),
    };
    let mut answers = draw.answers();
    let all = Answer::ALL[draw.rng.below(5) as usize];
    answers.push((Dn::parse(LINE).expect("digits"), all));
    let told = explained(&w, &to, &answers);
    let first = w.records.len();
    let sdp = w.sdp(2900, "sendrecv");
    let caller = w.dial_as(2900, Some(sdp), |o| {
        (o.dialed, o.caller) = (to.clone(), "0355550000".to_owned());
    });
    play(&mut w, "0355550000", &answers, first);
    ends_as_told(&mut w, seed, &told, (caller, first));
    told.ending
}

#[test]
fn a_call_by_a_line_goes_where_the_explanation_said() {
    let mut endings = std::collections::BTreeSet::new();
    for seed in 0..2_000 {
        endings.insert(match agrees(seed) {
            Ending::Refused(cause) => cause.name(),
            _ => "answered",
        });
    }
    for name in [
        "answered",
        "UserBusy",
        "RingTimeout",
        "Unregistered",
        "UnallocatedNumber",
        "LineNotPermitted",
        "AnnouncementEnded",
        "SiteChannelsExceeded",
        "GatewayChannelsExceeded",
    ] {
        assert!(endings.contains(name), "{name} never happened: {endings:?}");
    }
}

#[test]
fn the_time_of_the_question_decides_and_not_the_time_now() {
    let mut w = World::new();
    open(&mut w, 2900, "0", 2);
    let mut hours = Hours::default();
    hours.week[3] = [Span { from: 9 * 60, to: 17 * 60 }].into();
    let reception = Reception { hours: Some(hours), ..Reception::new(TENANT, SITE) };
    let to = |n| Inbound::To(LineTarget::Dn(dn(n)));
    w.configure(&[
        line(1, 2900, LINE, |l| (l.day, l.night) = (to(2003), Some(to(2004)))),
        Change::ReceptionPut(reception),
    ]);
    for (hour, rings) in [(8, 2004), (9, 2003), (16, 2003), (17, 2004)] {
        let wall = Wall(WEDNESDAY.0 + hour * 3_600_000);
        let now = base::Now { wall, ..w.now };
        let told = w.control.explain(now, &asked(LINE, &[]), &w.facts);
        assert_eq!(told.steps[0].assumed, Some((dn(rings), Answer::NoAnswer)), "{hour}");
        let night = if rings == 2004 { "line.night" } else { "line.day" };
        assert_eq!(&*told.steps[0].steps[0].code, night);
    }
    let elsewhere = Question { from: Origin::Line(line_id(9)), ..asked(LINE, &[]) };
    let told = w.control.explain(w.now, &elsewhere, &w.facts);
    assert_eq!(told.ending, Ending::Refused(Cause::UnallocatedNumber));
}

#[test]
fn a_full_access_line_is_told_of_calls_inside_as_they_find_it() {
    let branch = base::id::SiteId(base::id::Uuid(77));
    let mut w = World::new();
    let mut site = Site::new(branch, TENANT, "branch.example", "支店");
    site.access_channels = Some(1);
    w.configure(&[
        Change::SitePut(site),
        Change::UserPut(User { site: branch, ..user(2003) }),
        Change::DevicePut(model::Device { site: branch, ..device(2003, 1) }),
        Change::UserPut(User { site: branch, ..user(2004) }),
        Change::DevicePut(model::Device { site: branch, ..device(2004, 1) }),
        department(&[2002, 2003], |_| {}),
        site_with(|s| s.access_channels = Some(9)),
    ]);
    let explained = |w: &World, from: u16, to: &str| {
        let asked = Question { tenant: TENANT, from: dn(from).into(), to, answers: &[] };
        w.control.explain(w.now, &asked, &w.facts)
    };
    let rings = Ending::Refused(Cause::RingTimeout);
    assert_eq!(explained(&w, 2001, "2003").ending, rings);
    w.talk(2001, 2003);
    for (from, to) in [(2002, "2004"), (2004, "2002")] {
        let told = explained(&w, from, to);
        assert_eq!(told.ending, Ending::Refused(Cause::SiteChannelsExceeded));
        assert_eq!(routing(&told).last().map(String::as_str), Some("site.channels "));
        w.dial(from, to);
        assert_eq!(recorded(&w, w.records.len() - 1), routing(&told));
    }
    // From phone to phone nothing crosses, and of a group one is left.
    assert_eq!(explained(&w, 2004, "2003").ending, rings);
    assert_eq!(explained(&w, 2005, "7100").ending, rings);
    w.hangs_up_all();
    assert_eq!(explained(&w, 2004, "2003").ending, rings);
}

/// A company with a line whose number is shown to authorities; 2001 has called one.
fn after_an_emergency() -> World {
    let mut w = World::new();
    open(&mut w, 2900, "0", 1);
    let gateway = w.facts.snapshot.gateways(TENANT).next().expect("a gateway").id;
    let shown = Dn::parse(LINE).expect("digits");
    let route = model::EmergencyRoute { gateway, shown, back: None };
    let to = Inbound::To(LineTarget::Dn(dn(2003)));
    let reception = Reception { group: Some(dn(7100)), ..Reception::new(TENANT, SITE) };
    w.configure(&[
        site_with(|s| s.emergency = [route].into()),
        line(1, 2900, LINE, |l| (l.day, l.common, l.callers) = (to, true, people(&[2002]))),
        department(&[2004, 2005], |_| {}),
        Change::ReceptionPut(reception),
        super::world::quiet(2001, 1),
    ]);
    w.dial(2001, "119");
    w.answers("2900");
    w.hangs_up("2900");
    w.lines.clear();
    w
}

/// The steps that tell of a call-back, and the numbers that ring.
fn backs(told: &Explanation) -> (Vec<String>, Vec<String>) {
    let steps = routing(told).into_iter().filter(|s| s.starts_with("emergency."));
    let rung = told.steps.iter().filter_map(|s| s.assumed).map(|(dn, _)| dn.text());
    (steps.collect(), rung.collect())
}

#[test]
fn an_explanation_tells_that_an_emergency_call_is_called_back() {
    let w = after_an_emergency();
    // The usual destination rings, and the terminal past its do not disturb; then the group.
    let (steps, rung) = backs(&explained(&w, LINE, &[]));
    let expected = [
        "emergency.call-back window",
        "emergency.past 2001 do-not-disturb",
        "emergency.back-group 7100",
    ];
    assert_eq!(
        (steps, rung),
        (expected.map(str::to_owned).to_vec(), vec!["2003".to_owned(), "7100".to_owned()])
    );
    let answered = [(dn(2003), Answer::Answers)];
    assert_eq!(explained(&w, LINE, &answered).ending, Ending::Answered(dn(2003)));

    // Where nobody would ring, the terminal does by itself.
    let mut w = after_an_emergency();
    let said = Inbound::To(LineTarget::Announcement(None));
    w.configure(&[line(1, 2900, LINE, |l| l.day = said)]);
    let (steps, rung) = backs(&explained(&w, LINE, &[]));
    assert_eq!(steps, expected);
    assert_eq!(rung, ["2001", "7100"]);
    let answered = [(dn(2001), Answer::Answers)];
    assert_eq!(explained(&w, LINE, &answered).ending, Ending::Answered(dn(2001)));
    // As it comes to pass.
    comes_in(&mut w, 2900, LINE);
    w.rings("2001");
    w.wait(base::Micros::seconds(21));
    w.rings("2004");
    w.wait(base::Micros::seconds(400));
    w.hangs_up_all();
    let codes = recorded(&w, w.records.len() - 1);
    let told: Vec<_> = codes.iter().filter(|c| c.starts_with("emergency.")).take(3).collect();
    assert_eq!(told, expected.iter().collect::<Vec<_>>());

    // After the window it is a call as any other.
    w.wait(base::Micros::seconds(30 * 60));
    assert_eq!(backs(&explained(&w, LINE, &[])).0, Vec::<String>::new());
    // A full gateway keeps no call-back out.
    let w = after_an_emergency();
    let full = |mut w: World| {
        w.dial(2002, "00355556666");
        w.answers("2900");
        explained(&w, LINE, &[]).ending
    };
    assert_ne!(full(w), Ending::Refused(Cause::GatewayChannelsExceeded));
}
