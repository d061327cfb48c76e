//! Lines: which one a call leaves by, what those outside see, and where their calls go
//! (R300–R304).

use base::id::{GatewayId, LineId, SoundId, Uuid};
use base::{Cause, Dn, Micros, Wall};
use model::calendar::{Calendar, Period};
use model::own_setting::OwnSetting;
use model::reception::{Day, Span};
use model::{
    CallerNumber, Change, Destination, Device, DnSettings, Forward, ForwardKind, Gateway,
    GatewayKind, Hours, Inbound, Line, LineTarget, NightSwitch, Outside, Receive, Reception,
};

use super::world::{
    TENANT, World, department, device, device_id, dn, hunt, path, quiet, site_with, user_id,
};
use crate::view::Contact;
use crate::whatif::Question;

const OUTSIDE: &str = "0312345678";

/// Midnight of Wednesday, 2026-07-01, in Tokyo.
pub(super) const WEDNESDAY: Wall = Wall(1_782_831_600_000);

fn digits(text: &str) -> Dn {
    Dn::parse(text).expect("digits")
}

fn gateway_id(n: u16) -> GatewayId {
    GatewayId(Uuid(0x6_0000 + u128::from(n)))
}

pub(super) fn line_id(n: u16) -> LineId {
    LineId(Uuid(0x7_0000 + u128::from(n)))
}

/// Gateway `n` of this prefix, registered.
pub(super) fn open(w: &mut World, n: u16, prefix: &str, channels: u16) {
    let account = device_id(n, 1);
    let site = w.facts.snapshot.sites(TENANT).next().expect("a site").id;
    let gateway = Gateway {
        id: gateway_id(n),
        tenant: TENANT,
        site,
        name: "GW".into(),
        kind: GatewayKind::Sip,
        prefix: prefix.into(),
        channels,
        account: Some(account),
        holds_line: false,
    };
    let box_of = Device { user: None, ..device(n, 1) };
    w.configure(&[Change::DevicePut(box_of), Change::GatewayPut(gateway)]);
    let id = u64::from(n) * 10 + 1;
    w.facts.contacts.insert(account, vec![Contact { id, path: path(n) }]);
}

/// Line `n`, with 識別番号 `00n`, of a gateway.
pub(super) fn line(n: u16, gateway: u16, number: &str, change: impl FnOnce(&mut Line)) -> Change {
    let code = digits(&format!("00{n}"));
    let of = (TENANT, gateway_id(gateway));
    let mut line = Line::new(line_id(n), of, code, digits(number));
    change(&mut line);
    Change::LinePut(line)
}

pub(super) fn people(numbers: &[u16]) -> Box<[base::id::UserId]> {
    numbers.iter().map(|n| user_id(*n)).collect()
}

/// Gateways 2900 of prefix 0 and 2901 of prefix 8. Lines 001 (common, of 2001 and 2002) and 002
/// (of 2001, prefix 61) by the first one, 003 (of 2001 and 2002, initial of 2002) by the other.
fn company() -> World {
    let mut w = World::new();
    w.give_codes();
    open(&mut w, 2900, "0", 2);
    open(&mut w, 2901, "8", 2);
    w.configure(&[
        line(1, 2900, "0311110001", |l| {
            l.common = true;
            l.callers = people(&[2001, 2002]);
        }),
        line(2, 2900, "0311110002", |l| {
            l.prefix = Some("61".into());
            l.callers = people(&[2001]);
        }),
        line(3, 2901, "05011110003", |l| {
            l.callers = people(&[2001, 2002]);
            l.initial_of = people(&[2002]);
        }),
    ]);
    w
}

/// What the gateway got, without its description.
fn sent(w: &mut World) -> String {
    let lines = std::mem::take(&mut w.lines);
    let invite = lines.iter().find(|l| l.starts_with("290")).cloned().unwrap_or_default();
    let words: Vec<&str> = invite.split(' ').collect();
    let hidden = if invite.ends_with("hidden") { " hidden" } else { "" };
    format!("{}{hidden}", words.get(..5).map(|w| w.join(" ")).unwrap_or_default())
}

/// The steps of the last record that tell of lines.
fn steps(w: &World) -> Vec<String> {
    let last = w.records.last().expect("a record");
    let steps =
        last.trace.iter().filter(|s| s.code.starts_with("line.") || &*s.code == "group.pass");
    steps.map(|s| format!("{} {}", s.code, s.args)).collect()
}

fn cause(w: &World) -> Cause {
    w.records.last().expect("a record").cause
}

/// `from` dials and hangs up: what the gateway got, and the steps.
fn dials(w: &mut World, from: u16, dialed: &str) -> (String, Vec<String>) {
    w.lines.clear();
    w.dial(from, dialed);
    let got = sent(w);
    w.hangs_up_all();
    (got, steps(w))
}

pub(super) fn comes_in(w: &mut World, gateway: u16, dialed: &str) {
    let sdp = w.sdp(gateway, "sendrecv");
    w.dial_as(gateway, Some(sdp), |o| {
        o.dialed = dialed.to_owned();
        o.caller = "09011112222".to_owned();
    });
}

fn rung(w: &mut World) -> Vec<String> {
    let lines = std::mem::take(&mut w.lines);
    lines.iter().filter_map(|l| l.split_once(" invite ")).map(|(n, _)| n.to_owned()).collect()
}

/// Somebody calls line 001 and hangs up: who rang.
fn rings_for(w: &mut World) -> Vec<String> {
    w.lines.clear();
    comes_in(w, 2900, "0311110001");
    let rung = rung(w);
    w.hangs_up_all();
    rung
}

#[test]
fn a_call_leaves_by_the_line_dialled_else_by_an_initial_one() {
    let mut w = company();
    for (from, dialed, invite, step) in [
        (2001, "00312345678", "2900 invite 0312345678 from 0311110001", "line.common 001"),
        (2001, "0312345678", "2900 invite 0312345678 from 0311110001", "line.common 001"),
        (2002, "00312345678", "2901 invite 0312345678 from 05011110003", "line.own 003"),
        (2001, "*800020312345678", "2900 invite 0312345678 from 0311110002", "line.dialled 002"),
        (2001, "610312345678", "2900 invite 0312345678 from 0311110002", "line.dialled 002"),
        (2002, "*800010312345678", "2900 invite 0312345678 from 0311110001", "line.dialled 001"),
        (2001, "80312345678", "2901 invite 0312345678 from 05011110003", "line.gateway 003"),
    ] {
        let (got, told) = dials(&mut w, from, dialed);
        assert_eq!((got.as_str(), told.as_slice()), (invite, &[step.to_owned()][..]), "{dialed}");
        let r = w.records.last().expect("a record");
        assert_eq!((&*r.dialed, r.callee_number()), (dialed, OUTSIDE));
    }
    w.expect_drained();
}

#[test]
fn a_line_that_is_not_permitted_is_refused_and_never_exchanged() {
    let mut w = company();
    for (from, dialed, step) in [
        (2003, "00312345678", "line.common 001"),
        (2002, "*800020312345678", "line.dialled 002"),
        (2002, "610312345678", "line.dialled 002"),
        (2003, "80312345678", "line.gateway 003"),
    ] {
        w.lines.clear();
        w.dial(from, dialed);
        let code = step.rsplit(' ').next().unwrap_or_default();
        assert_eq!(steps(&w), [step.to_owned(), format!("line.denied {code}")], "{dialed}");
        w.expect(&[
            &format!("record {from}>0312345678 LineNotPermitted unanswered"),
            &format!("{from} refuse LineNotPermitted"),
        ]);
    }
    w.facts.announcements = true;
    w.dial(2003, "00312345678");
    assert!(w.joins().contains(&"2003 reason-no-rights".to_owned()), "{:?}", w.joins());
    w.play_over();
    assert_eq!(cause(&w), Cause::LineNotPermitted);
    w.expect_drained();
}

#[test]
fn without_an_initial_line_only_a_gateways_prefix_leads_outside() {
    let mut w = company();
    let of = |common: bool| {
        line(1, 2900, "0311110001", move |l| {
            l.common = common;
            l.callers = people(&[2002]);
        })
    };
    w.configure(&[of(false)]);
    let (got, told) = dials(&mut w, 2001, "00312345678");
    assert_eq!(got, "2900 invite 0312345678 from 0311110002", "the first that 2001 may use");
    assert_eq!(told, ["line.gateway 002"]);
    // A number that no line takes: behind the select code nothing fits.
    for dialed in ["*800090312345678", "*80001", "*80"] {
        w.dial(2001, dialed);
        assert_eq!(cause(&w), Cause::UnallocatedNumber, "{dialed}");
    }
    // Plain numbers need an initial line.
    w.configure(&[Change::GatewayPut(Gateway {
        prefix: "9".into(),
        ..w.facts.snapshot.gateway(gateway_id(2900)).expect("a gateway").clone()
    })]);
    w.dial(2001, OUTSIDE);
    assert_eq!(cause(&w), Cause::UnallocatedNumber);
    w.configure(&[of(true)]);
    let (got, _) = dials(&mut w, 2002, OUTSIDE);
    assert_eq!(got, "2901 invite 0312345678 from 05011110003");
}

#[test]
fn full_channels_are_034_or_lead_to_the_reserve() {
    let mut w = company();
    w.dial(2001, "00312345678");
    w.dial(2002, "*800010312345678");
    w.lines.clear();
    w.dial(2001, "00312345678");
    assert_eq!(cause(&w), Cause::GatewayChannelsExceeded);
    w.configure(&[line(1, 2900, "0311110001", |l| {
        l.common = true;
        l.callers = people(&[2001, 2002]);
        l.reserve = Some(line_id(3));
    })]);
    w.lines.clear();
    w.dial(2001, "00312345678");
    assert_eq!(sent(&mut w), "2901 invite 0312345678 from 05011110003");
    w.hangs_up("2001");
    assert_eq!(steps(&w), ["line.common 001", "line.reserve 003"]);
    w.hangs_up_all();
    w.expect_drained();
}

#[test]
fn the_one_who_forwards_pays_with_the_own_line() {
    let mut w = company();
    let forward = |n: u16| {
        let mut settings = DnSettings::new(TENANT, dn(n));
        let to = Destination::outside("00312345678").expect("digits");
        *settings.forward_mut(ForwardKind::All) = Forward::on(to);
        Change::DnSettingsPut(settings)
    };
    let allowed = site_with(|s| s.forward_outside = Outside::Domestic);
    w.configure(&[allowed, forward(2002), forward(2003)]);
    let (got, told) = dials(&mut w, 2001, "2002");
    assert_eq!(got, "2901 invite 0312345678 from 05011110003");
    assert_eq!(told, ["line.own 003"]);
    // 2001 may use the common line, 2003 may not.
    w.dial(2001, "2003");
    assert_eq!(cause(&w), Cause::LineNotPermitted);
    // A caller from outside is sent on by the same rule.
    w.lines.clear();
    comes_in(&mut w, 2900, "2002");
    assert_eq!(sent(&mut w), "2901 invite 0312345678 from 05011110003");
    w.hangs_up_all();
    w.expect_drained();
}

/// R063 holds for whatever way leads out: a gateway's prefix, a line's own, an initial line.
#[test]
fn forwards_leave_by_lines_under_the_sites_policy() {
    let mut w = company();
    let forward = |to: &str| {
        let mut settings = DnSettings::new(TENANT, dn(2001));
        let to = Destination::outside(to).expect("digits");
        *settings.forward_mut(ForwardKind::All) = Forward::on(to);
        Change::DnSettingsPut(settings)
    };
    let rows = [
        ("00312345678", "2900 invite 0312345678 from 0311110001", "line.common 001"),
        ("610312345678", "2900 invite 0312345678 from 0311110002", "line.dialled 002"),
        ("80312345678", "2901 invite 0312345678 from 05011110003", "line.gateway 003"),
        ("6105012345678", "2900 invite 05012345678 from 0311110002", "line.dialled 002"),
    ];
    for (to, invite, step) in rows {
        w.configure(&[forward(to), site_with(|s| s.forward_outside = Outside::Denied)]);
        assert_eq!(dials(&mut w, 2003, "2001").0, "", "{to}");
        assert_eq!(cause(&w), Cause::ExternalForwardDenied, "{to}");
        w.configure(&[site_with(|s| s.forward_outside = Outside::Domestic)]);
        let (got, told) = dials(&mut w, 2003, "2001");
        assert_eq!((got.as_str(), told), (invite, vec![step.to_owned()]), "{to}");
        // From outside to outside by the same rule.
        w.lines.clear();
        comes_in(&mut w, 2901, "2001");
        assert_eq!(sent(&mut w), invite, "{to}");
        w.hangs_up_all();
    }
    // Abroad only where everything is permitted, and where the number's class permits it.
    let abroad = "61010442012345678";
    w.configure(&[forward(abroad), site_with(|s| s.forward_outside = Outside::Domestic)]);
    assert_eq!(dials(&mut w, 2003, "2001").0, "");
    assert_eq!(cause(&w), Cause::ExternalForwardDenied);
    w.configure(&[site_with(|s| s.forward_outside = Outside::Allowed)]);
    assert_eq!(dials(&mut w, 2003, "2001").0, "");
    assert_eq!(cause(&w), Cause::TollDenied);
    w.expect_drained();
}

#[test]
fn a_gateway_without_lines_stays_as_it_was() {
    let mut w = company();
    open(&mut w, 2902, "9", 1);
    let (got, told) = dials(&mut w, 2003, "918400312345678");
    assert_eq!(told, [""; 0]);
    assert!(got.is_empty(), "no number: {got}");
    let (got, told) = dials(&mut w, 2003, "91840312345678");
    assert_eq!((got.as_str(), told.len()), ("2902 invite 1840312345678 from 2003", 0));
    comes_in(&mut w, 2902, "2004");
    assert_eq!(rung(&mut w), ["2004"]);
    w.hangs_up_all();
    comes_in(&mut w, 2902, "0311110001");
    assert_eq!(cause(&w), Cause::UnallocatedNumber, "the line is another gateway's");
}

#[test]
fn emergency_numbers_are_found_behind_every_way_of_choosing_a_line() {
    let mut w = company();
    for dialed in ["*80001110", "61119", "184*80002118", "*80003186110"] {
        w.dial(2001, dialed);
        // It is being told that there is no way out.
        w.hangs_up_all();
        let last = w.records.last().expect("a record");
        assert!(last.trace.iter().any(|s| &*s.code == "outside.emergency"), "{dialed}: {last:?}");
    }
}

#[test]
fn those_outside_see_the_number_that_is_set_unless_184_hides_it() {
    let mut w = company();
    let settings = |change: fn(&mut DnSettings)| {
        let mut settings = DnSettings::new(TENANT, dn(2001));
        change(&mut settings);
        Change::DnSettingsPut(settings)
    };
    w.configure(&[
        hunt(&[2001], |_| ()),
        line(4, 2900, "0311110004", |l| l.day = Inbound::To(LineTarget::Dn(dn(2001)))),
        line(5, 2901, "05011110005", |l| l.day = Inbound::To(LineTarget::Dn(dn(7000)))),
    ]);
    let from = |w: &mut World, dialed: &str| dials(w, 2001, dialed).0;
    let one = "00312345678";
    assert_eq!(from(&mut w, one), "2900 invite 0312345678 from 0311110001");
    w.configure(&[settings(|s| s.caller_number = CallerNumber::Own)]);
    assert_eq!(from(&mut w, one), "2900 invite 0312345678 from 0311110004");
    // The direct number is not of the other trunk: the line's (J23).
    assert_eq!(from(&mut w, "*800030312345678"), "2901 invite 0312345678 from 05011110003");
    w.configure(&[settings(|s| s.caller_number = CallerNumber::Pilot)]);
    assert_eq!(from(&mut w, "*800030312345678"), "2901 invite 0312345678 from 05011110005");
    assert_eq!(from(&mut w, one), "2900 invite 0312345678 from 0311110001");
    w.configure(&[settings(|s| s.caller_number = CallerNumber::Department)]);
    assert_eq!(from(&mut w, one), "2900 invite 0312345678 from 0311110001", "in none");
    w.configure(&[settings(|s| s.hide_number = true)]);
    assert_eq!(from(&mut w, one), "2900 invite 0312345678 from 0311110001 hidden");
    for (dialed, hidden) in [
        ("18600312345678", false),
        ("1860312345678", false),
        ("18400312345678", true),
        ("01840312345678", true),
        ("184*800010312345678", true),
        ("*800011840312345678", true),
        ("*800011860312345678", false),
    ] {
        let got = from(&mut w, dialed);
        let tail = if hidden { " hidden" } else { "" };
        assert_eq!(got, format!("2900 invite 0312345678 from 0311110001{tail}"), "{dialed}");
        let r = w.records.last().expect("a record");
        assert_eq!((&*r.dialed, r.callee_number()), (dialed, OUTSIDE), "J20");
    }
}

#[test]
fn the_explanation_tells_the_line_and_why() {
    let w = company();
    let told = |from: u16, to: &str| {
        let asked = Question { tenant: TENANT, from: dn(from).into(), to, answers: &[] };
        let told = w.control.explain(w.now, &asked, &w.facts);
        let steps: Vec<_> = told.steps.iter().flat_map(|e| e.steps.iter()).collect();
        steps.iter().map(|s| format!("{} {}", s.code, s.args)).collect::<Vec<_>>()
    };
    let common = ["line.common 001", "outside.gateway 0", "ring.begin 1 180"];
    assert_eq!(told(2001, "00312345678"), common);
    assert_eq!(told(2002, "00312345678")[0], "line.own 003");
    assert_eq!(told(2003, "00312345678"), ["line.common 001", "line.denied 001"]);
}

/// Line 001 of gateway 2900 with this rule for calls that come in.
fn receiving(w: &mut World, change: impl FnOnce(&mut Line)) {
    w.configure(&[line(1, 2900, "0311110001", change)]);
}

#[test]
fn registered_people_ring_together_for_their_time_and_the_call_overflows() {
    let mut w = company();
    receiving(&mut w, |l| {
        l.receivers = people(&[2001, 2002, 2003, 2004, 2007]);
        l.day = Inbound::Registered { ring_s: 30, overflow: None };
    });
    let away = {
        let mut settings = DnSettings::new(TENANT, dn(2003));
        *settings.forward_mut(ForwardKind::All) = Forward::on(Destination::Dn(dn(2005)));
        Change::DnSettingsPut(settings)
    };
    w.configure(&[quiet(2002, 1), away]);
    comes_in(&mut w, 2900, "+81-3-1111-0001");
    assert_eq!(rung(&mut w), ["2001", "2004"]);
    assert!(w.shows("2001").starts_with("09011112222 0311110001"), "{}", w.shows("2001"));
    w.rings("2001");
    w.refuses("2004", 603);
    w.expect(&["2900 progress 180 -"]);
    w.wait(Micros::seconds(30));
    assert_eq!(cause(&w), Cause::RingTimeout, "018");
    assert_eq!(
        steps(&w),
        [
            "line.day 001",
            "group.pass do-not-disturb 2002",
            "group.pass forwards 2003",
            "group.pass unreachable 2007"
        ]
    );
    receiving(&mut w, |l| {
        l.receivers = people(&[2001]);
        l.receive = Receive::Registered;
        let overflow = Some(LineTarget::Dn(dn(2006)));
        l.day = Inbound::Registered { ring_s: 30, overflow };
    });
    w.lines.clear();
    comes_in(&mut w, 2900, "0311110001");
    assert_eq!(rung(&mut w), ["2001"]);
    w.rings("2001");
    w.wait(Micros::seconds(30));
    assert_eq!(rung(&mut w), ["2006"], "the overflow is not bound by who may receive");
    w.answers("2006");
    w.hangs_up("2006");
    assert_eq!(steps(&w), ["line.day 001", "line.overflow 001"]);
    receiving(&mut w, |_| ());
    comes_in(&mut w, 2900, "0311110001");
    assert_eq!(cause(&w), Cause::LineNotPermitted, "nobody is registered");
    w.expect_drained();
}

#[test]
fn a_line_leads_to_any_number_or_to_an_announcement() {
    let mut w = company();
    w.configure(&[hunt(&[2003, 2004], |_| ())]);
    for (to, first) in [(2005, "2005"), (7000, "2003")] {
        receiving(&mut w, |l| l.day = Inbound::To(LineTarget::Dn(dn(to))));
        assert_eq!(rings_for(&mut w), [first]);
    }
    receiving(&mut w, |l| l.day = Inbound::To(LineTarget::Announcement(None)));
    comes_in(&mut w, 2900, "0311110001");
    assert!(w.joins().contains(&"2900 call-refused".to_owned()), "{:?}", w.joins());
    w.play_over();
    assert_eq!(
        (cause(&w), steps(&w)),
        (
            Cause::AnnouncementEnded,
            vec!["line.day 001".to_owned(), "line.announcement ".to_owned()]
        )
    );
    let sound = model::Sound {
        id: SoundId(Uuid(0x9_0000)),
        tenant: TENANT,
        name: "営業時間外".into(),
        duration_ms: 5_000,
        uploaded_at: Wall(0),
    };
    let id = sound.id;
    w.configure(&[Change::SoundPut(sound)]);
    receiving(&mut w, |l| l.day = Inbound::To(LineTarget::Announcement(Some(id))));
    comes_in(&mut w, 2900, "0311110001");
    assert!(w.joins().iter().any(|j| j.starts_with("2900 Sound(")), "{:?}", w.joins());
    w.hangs_up("2900");
    w.expect_drained();
}

/// Calls of the line lead to 2003 by day and to 2004 by night.
fn by_day_and_night() -> World {
    let mut w = company();
    receiving(&mut w, |l| {
        l.day = Inbound::To(LineTarget::Dn(dn(2003)));
        l.night = Some(Inbound::To(LineTarget::Dn(dn(2004))));
    });
    w
}

#[test]
fn hours_holidays_and_the_night_switch_choose_the_destination() {
    let mut w = by_day_and_night();
    let site = w.facts.snapshot.sites(TENANT).next().expect("a site").id;
    let mut hours = Hours::default();
    hours.week[3] = [Span { from: 9 * 60, to: 17 * 60 + 30 }].into();
    hours.holidays = [Day { year: 2026, month: 7, day: 8 }].into();
    let mut reception = Reception { hours: Some(hours), ..Reception::new(TENANT, site) };
    assert_eq!(rings_for(&mut w), ["2003"], "without hours it is always day");
    w.configure(&[Change::ReceptionPut(reception.clone())]);
    let minute = 60_000;
    let week = 7 * 24 * 60 * minute;
    for (at, rings) in [
        (9 * 60 * minute - 1, "2004"),
        (9 * 60 * minute, "2003"),
        ((17 * 60 + 30) * minute - 1, "2003"),
        ((17 * 60 + 30) * minute, "2004"),
        (week + 10 * 60 * minute, "2004"),
        (2 * week + 10 * 60 * minute, "2003"),
        (34 * 60 * minute, "2004"),
    ] {
        w.now.wall = Wall(WEDNESDAY.0 + at);
        assert_eq!(rings_for(&mut w), [rings], "{at}");
    }
    for (switch, rings) in [(NightSwitch::Day, "2003"), (NightSwitch::Night, "2004")] {
        reception.switch = switch;
        w.configure(&[Change::ReceptionPut(reception.clone())]);
        assert_eq!(rings_for(&mut w), [rings], "{switch:?}");
    }
    let last = steps(&w);
    assert_eq!(last, ["line.night 001"]);
}

#[test]
fn the_calendar_of_the_company_takes_business_hours_away() {
    let mut w = by_day_and_night();
    let site = w.facts.snapshot.sites(TENANT).next().expect("a site").id;
    let mut hours = Hours::default();
    hours.week.iter_mut().for_each(|day| *day = [Span { from: 9 * 60, to: 18 * 60 }].into());
    let reception = Reception { hours: Some(hours), ..Reception::new(TENANT, site) };
    w.configure(&[Change::ReceptionPut(reception)]);
    let at_noon = |w: &mut World, day: &str| {
        let day = Day::parse(day).expect("a day");
        let start =
            Wall::start_of_day(day.year.into(), day.month, day.day, base::time::TOKYO_OFFSET_S);
        w.now.wall = Wall(start.0 + 12 * 3_600_000);
        rings_for(w)
    };
    // The sea, the Monday between two holidays, the end of the year; an ordinary day in summer.
    for (day, rings) in [
        ("2026-07-20", "2004"),
        ("2026-09-22", "2004"),
        ("2026-12-30", "2004"),
        ("2026-08-13", "2003"),
    ] {
        assert_eq!(at_noon(&mut w, day), [rings], "{day}");
    }
    let tenant = w.facts.snapshot.tenant(TENANT).expect("a tenant").clone();
    let calendar = Calendar {
        bon: Some(Period::BON),
        closed: [Day { year: 2026, month: 7, day: 1 }].into(),
        open: [Day { year: 2026, month: 7, day: 20 }].into(),
        ..Calendar::default()
    };
    w.configure(&[Change::TenantPut(model::Tenant { calendar, ..tenant.clone() })]);
    for (day, rings) in [("2026-07-20", "2003"), ("2026-08-13", "2004"), ("2026-07-01", "2004")] {
        assert_eq!(at_noon(&mut w, day), [rings], "{day}");
    }
    let calendar = Calendar::none();
    w.configure(&[Change::TenantPut(model::Tenant { calendar, ..tenant })]);
    assert_eq!(at_noon(&mut w, "2026-09-22"), ["2003"]);
}

#[test]
fn codes_switch_the_hours_of_the_own_site() {
    let mut w = company();
    for (code, switch) in
        [("*281", NightSwitch::Night), ("*280", NightSwitch::Day), ("*282", NightSwitch::Automatic)]
    {
        w.lines.clear();
        w.dial(2001, code);
        let wish = format!("wish 2001 {:?}", OwnSetting::Hours(switch));
        assert!(w.lines.contains(&wish), "{:?}", w.lines);
        let wanted = OwnSetting::Hours(switch);
        let plan = model::own_setting::plan(&w.facts.snapshot, (TENANT, dn(2001)), &wanted);
        w.configure(&plan.expect("allowed"));
        let site = w.facts.snapshot.sites(TENANT).next().expect("a site").id;
        let now = w.facts.snapshot.reception(site).map(|r| r.switch).unwrap_or_default();
        assert_eq!(now, switch);
        w.hangs_up_all();
    }
}

#[test]
fn an_unknown_number_goes_where_the_site_says() {
    let mut w = company();
    receiving(&mut w, |l| l.day = Inbound::To(LineTarget::Dn(dn(2003))));
    comes_in(&mut w, 2900, "0399999999");
    assert_eq!(
        (cause(&w), steps(&w)),
        (Cause::UnallocatedNumber, vec!["line.unknown ".to_owned()])
    );
    // The number may stand in To only; an extension that the gateway dials is no unknown number.
    let sdp = w.sdp(2900, "sendrecv");
    w.lines.clear();
    w.dial_as(2900, Some(sdp), |o| {
        o.dialed = "gw0".to_owned();
        o.called = "0311110001".to_owned();
    });
    assert_eq!(rung(&mut w), ["2003"]);
    w.hangs_up_all();
    assert_eq!(&*w.records.last().expect("a record").dialed, "0311110001");
    w.lines.clear();
    comes_in(&mut w, 2900, "2005");
    assert_eq!(rung(&mut w), ["2005"]);
    w.hangs_up_all();
    let site = w.facts.snapshot.sites(TENANT).next().expect("a site").id;
    let unknown = Some(LineTarget::Dn(dn(2006)));
    let reception = Reception { unknown, ..Reception::new(TENANT, site) };
    w.configure(&[Change::ReceptionPut(reception)]);
    w.lines.clear();
    comes_in(&mut w, 2900, "0399999999");
    assert_eq!(rung(&mut w), ["2006"]);
    w.hangs_up_all();
    w.expect_drained();
}

#[test]
fn who_may_receive_filters_direct_calls_departments_and_hunts_but_no_forwards() {
    let mut w = company();
    w.configure(&[hunt(&[2003, 2004], |_| ()), department(&[2003, 2004], |_| ())]);
    let to = |w: &mut World, n: u16, receive: Receive, receivers: &[u16]| {
        let receivers = people(receivers);
        receiving(w, |l| {
            l.day = Inbound::To(LineTarget::Dn(dn(n)));
            l.receive = receive;
            l.receivers = receivers;
        });
        rings_for(w)
    };
    for n in [2003, 7000, 7100] {
        assert!(!to(&mut w, n, Receive::Everyone, &[]).is_empty());
        assert_eq!(to(&mut w, n, Receive::Registered, &[2005]), [""; 0], "{n}");
        assert_eq!(cause(&w), Cause::LineNotPermitted, "{n}");
    }
    assert_eq!(steps(&w), ["line.day 001", "group.pass line 2003,2004"]);
    assert_eq!(to(&mut w, 7000, Receive::Registered, &[2004]), ["2004"]);
    assert_eq!(to(&mut w, 7100, Receive::Registered, &[2004]), ["2004"]);
    assert_eq!(to(&mut w, 2004, Receive::Registered, &[2004]), ["2004"]);
    assert_eq!(to(&mut w, 2003, Receive::Registered, &[2004]), [""; 0]);
    assert_eq!(steps(&w), ["line.day 001", "line.kept 2003"]);
    let mut settings = DnSettings::new(TENANT, dn(2004));
    *settings.forward_mut(ForwardKind::All) = Forward::on(Destination::Dn(dn(2006)));
    w.configure(&[Change::DnSettingsPut(settings)]);
    assert_eq!(to(&mut w, 2004, Receive::Registered, &[2004]), ["2006"]);
}

#[test]
fn those_who_ring_for_a_line_stop_when_they_are_struck_off() {
    let mut w = company();
    receiving(&mut w, |l| l.receivers = people(&[2003, 2004]));
    comes_in(&mut w, 2900, "0311110001");
    w.rings("2003");
    w.lines.clear();
    receiving(&mut w, |l| l.receivers = people(&[2004]));
    w.expect(&["2003 end UnallocatedNumber"]);
    receiving(&mut w, |l| l.receivers = people(&[2005]));
    assert_eq!(rung(&mut w), ["2005"], "decided anew");
    w.answers("2005");
    w.hangs_up("2005");
    w.expect_drained();
}
