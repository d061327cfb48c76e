//! What a scenario sets up for persons, their terminals, lines, sites and the whole company.

use std::collections::BTreeMap;

use base::id::{LineId, SoundId, Uuid};
use base::{Dn, Wall};
use model::{
    CallTimes, CallerNumber, Change, CodeKind, Department, Device, DnOwner, DnSettings, Forward,
    ForwardKind, HoldAgain, HuntGroup, Inbound, Line, LineTarget, NightSwitch, Outside, Receive,
    Reception, SiteCode, SiteMusic, Sound, Tenant, TenantOption, TollClass, Tones, User, UserState,
    Waiting, leave,
};

use super::setup::{At, after, destination, dn, gateway, numbers, options, seconds, site};
use crate::company::tenant_id;

/// What belongs to a number.
pub(super) fn person(at: &At<'_>, number: Dn, words: &[&str]) -> Option<Vec<Change>> {
    match words {
        ["forwards", kind, rest @ ..] => forwards(at, number, kind, rest),
        ["takes", n, "call" | "calls"] => {
            let calls = n.parse().ok()?;
            settings(at, number, |s| s.call_limit = calls)
        }
        ["waits", how] => {
            let waiting = match *how {
                "always" => Waiting::Always,
                "never" => Waiting::Never,
                "automatically" => Waiting::Auto,
                _ => return None,
            };
            settings(at, number, |s| s.waiting = waiting)
        }
        ["has", "voicemail", rest @ ..] => {
            let delay = after(rest)?.and_then(|t| u16::try_from(t.as_seconds()).ok());
            settings(at, number, |s| {
                s.voicemail = true;
                s.voicemail_s = delay.unwrap_or(s.voicemail_s);
            })
        }
        ["has", "no", "voicemail"] => settings(at, number, |s| s.voicemail = false),
        ["may", "call", class] => {
            let class = TollClass::of_name(class)?;
            settings(at, number, |s| s.toll = Some(class))
        }
        ["shows", whose] => {
            let names = ["line", "own", "pilot", "department"];
            let shown = *CallerNumber::ALL.get(names.iter().position(|n| n == whose)?)?;
            settings(at, number, |s| s.caller_number = shown)
        }
        ["hides"] => settings(at, number, |s| s.hide_number = true),
        ["is", "not", "disturbed"] => {
            let user = at.user(number)?.id;
            let own = at.company.snapshot.devices(tenant_id()).filter(|d| d.user == Some(user));
            let quiet = own.map(|d| Device { do_not_disturb: true, ..d.clone() });
            Some(quiet.map(Change::DevicePut).collect())
        }
        ["is", "deleted"] => Some(at.company.gone(at.user(number)?)),
        ["is", state @ ("stopped" | "working")] => {
            let stopped = *state == "stopped";
            let state = if stopped { UserState::Stopped } else { UserState::Active };
            Some(vec![Change::UserPut(User { state, ..at.user(number)?.clone() })])
        }
        ["becomes", other] => {
            let renamed = BTreeMap::from([(number, dn(other)?)]);
            let mut changes = leave::rename_numbers(&at.company.snapshot, tenant_id(), &renamed);
            changes.push(Change::UserPut(User { dn: dn(other)?, ..at.user(number)?.clone() }));
            Some(changes)
        }
        ["and", other, "swap"] => {
            let (one, two) = (at.user(number)?, at.user(dn(other)?)?);
            let put = |user: &User, dn| Change::UserPut(User { dn, ..user.clone() });
            Some(vec![put(one, two.dn), put(two, one.dn)])
        }
        ["picks", "up", "for", department] => {
            let snapshot = &at.company.snapshot;
            let id = snapshot.department_by_dn(tenant_id(), dn(department)?)?.id;
            let pickup_departments = [id].into();
            Some(vec![Change::UserPut(User { pickup_departments, ..at.user(number)?.clone() })])
        }
        _ => None,
    }
}

/// A forward of a person, or the only one of a pilot or a department.
fn forwards(at: &At<'_>, number: Dn, kind: &str, words: &[&str]) -> Option<Vec<Change>> {
    let kind = ForwardKind::ALL.into_iter().find(|k| k.name() == kind)?;
    let (to, rest) = match words {
        ["no", "more"] => (None, &[][..]),
        ["to", to, rest @ ..] => (Some(destination(to)?), rest),
        _ => return None,
    };
    let delay = after(rest)?.and_then(|t| u16::try_from(t.as_seconds()).ok());
    let set = |old: Forward| to.clone().map_or(old.off(), Forward::on);
    let snapshot = &at.company.snapshot;
    match snapshot.dn_owner(tenant_id(), number)? {
        DnOwner::Hunt(group) => {
            let old = snapshot.hunt_group(tenant_id(), group)?.clone();
            let all = set(old.all.clone());
            (kind == ForwardKind::All).then(|| vec![Change::HuntPut(HuntGroup { all, ..old })])
        }
        DnOwner::Department(id) => {
            let old = snapshot.department(id)?.clone();
            let all = set(old.all.clone());
            let put = Change::DepartmentPut(Department { all, ..old });
            (kind == ForwardKind::All).then(|| vec![put])
        }
        _ => settings(at, number, |s| {
            let forward = s.forward_mut(kind);
            *forward = set(forward.clone());
            s.no_answer_s = delay.unwrap_or(s.no_answer_s);
        }),
    }
}

fn settings(at: &At<'_>, number: Dn, change: impl FnOnce(&mut DnSettings)) -> Option<Vec<Change>> {
    let kept = at.company.snapshot.dn_settings(tenant_id(), number).cloned();
    let mut settings = kept.unwrap_or_else(|| DnSettings::new(tenant_id(), number));
    change(&mut settings);
    Some(vec![Change::DnSettingsPut(settings)])
}

/// A terminal goes, or nobody has it any more.
pub(super) fn terminal(at: &At<'_>, name: &str, words: &[&str]) -> Option<Vec<Change>> {
    let index = at.phones.iter().position(|n| n == name)?;
    let id = at.company.devices.get(index)?.id;
    let device = at.company.snapshot.device(id)?.clone();
    match words {
        ["is", "deleted"] => Some(vec![Change::DeviceDelete(id)]),
        ["is", "free"] => Some(vec![Change::DevicePut(Device { user: None, ..device })]),
        ["holds", n, "group" | "groups"] => {
            let multicast_groups = n.parse().ok()?;
            Some(vec![Change::DevicePut(Device { multicast_groups, ..device })])
        }
        _ => None,
    }
}

/// A line: who uses it, and where its calls go.
pub(super) fn line(at: &At<'_>, number: Dn, words: &[&str]) -> Option<Vec<Change>> {
    let mut lines = at.company.snapshot.lines(tenant_id());
    let known = lines.find(|l| l.number == number).cloned();
    let count = at.company.snapshot.lines(tenant_id()).count();
    let mut line = known.unwrap_or_else(|| {
        let code = dn(&(51 + count).to_string()).unwrap_or(number);
        let id = LineId(Uuid(0x6_0003 + count as u128));
        Line::new(id, (tenant_id(), gateway()), code, number)
    });
    let users = |numbers: Vec<Dn>| numbers.iter().filter_map(|n| Some(at.user(*n)?.id)).collect();
    match words {
        ["takes", "only", "who", "is", "registered"] => line.receive = Receive::Registered,
        ["takes", prefix, "for", callers @ ..] => {
            line.prefix = Some((*prefix).into());
            line.callers = users(numbers(callers).0);
        }
        ["is", "for", callers @ ..] => line.callers = users(numbers(callers).0),
        ["is", "common"] => line.common = true,
        ["falls", "back", "to", other] => {
            let other = dn(other)?;
            let mut lines = at.company.snapshot.lines(tenant_id());
            line.reserve = Some(lines.find(|l| l.number == other)?.id);
        }
        ["leads", "to", to] => line.day = Inbound::To(target(to)?),
        ["leads", "at", "night", "to", to] => line.night = Some(Inbound::To(target(to)?)),
        ["rings", rest @ ..] => {
            let (receivers, rest) = numbers(rest);
            line.receivers = users(receivers);
            let (mut ring_s, mut overflow) = (120, None);
            options(rest, |what, value| match what {
                "for" => seconds(value).map(|s| ring_s = s),
                "overflow" => target(value).map(|to| overflow = Some(to)),
                _ => None,
            })?;
            line.day = Inbound::Registered { ring_s, overflow };
        }
        _ => return None,
    }
    Some(vec![Change::LinePut(line)])
}

fn target(text: &str) -> Option<LineTarget> {
    match text {
        "announcement" => Some(LineTarget::Announcement(None)),
        _ => dn(text).map(LineTarget::Dn),
    }
}

/// A site, or the company.
pub(super) fn place(at: &At<'_>, words: &[&str]) -> Option<Vec<Change>> {
    match words {
        ["unknown", "numbers", "lead", "to", to] => {
            let unknown = Some(target(to)?);
            Some(vec![Change::ReceptionPut(Reception { unknown, ..reception(at) })])
        }
        ["the", "site", "is", "at", when @ ("night" | "day")] => {
            let night = *when == "night";
            let switch = if night { NightSwitch::Night } else { NightSwitch::Day };
            Some(vec![Change::ReceptionPut(Reception { switch, ..reception(at) })])
        }
        ["parked", "calls", "wait", time] => {
            let time = seconds(time)?;
            at.site(1, |s| s.park_s = time)
        }
        ["parked", "calls", "overflow", "to", to] => {
            let to = destination(to)?;
            at.site(1, |s| s.park_overflow = Some(to))
        }
        ["the", "site", rest @ ..] => of_site(at, 1, rest),
        ["site", n, rest @ ..] => of_site(at, n.parse().ok()?, rest),
        ["the", "hold", "code", "drops"] => {
            let mut changes = at.site(1, |s| s.hold_again = HoldAgain::Drop)?;
            changes.extend(company(at, |t| {
                t.options = t.options.with(TenantOption::InCallCodes);
            })?);
            Some(changes)
        }
        ["the", "company", how @ ("has" | "lacks"), option] => {
            let option = TenantOption::ALL.into_iter().find(|o| o.name() == *option)?;
            company(at, |t| {
                t.options = match *how {
                    "has" => t.options.with(option),
                    _ => t.options.without(option),
                };
            })
        }
        ["the", "company", "takes", n, "terminal" | "terminals", "each"] => {
            let n = n.parse().ok()?;
            company(at, |t| t.accounts_max = n)
        }
        ["the", "company", "waits", time, "for", "an", "answer"] => {
            let unanswered_s = seconds(time)?;
            company(at, |t| t.times = CallTimes { unanswered_s, ..t.times })
        }
        ["the", "music", "is", "sound", n] => music(at, n.parse().ok()?),
        _ => None,
    }
}

fn of_site(at: &At<'_>, n: u128, words: &[&str]) -> Option<Vec<Change>> {
    match words {
        ["has", channels, "channel" | "channels"] => {
            let channels = channels.parse().ok()?;
            at.site(n, |s| s.access_channels = Some(channels))
        }
        ["forwards", "outside"] => at.site(n, |s| s.forward_outside = Outside::Domestic),
        ["forwards", "nothing", "outside"] => at.site(n, |s| s.forward_outside = Outside::Denied),
        ["transfers", "outside"] => at.site(n, |s| s.transfer_outside = Outside::Domestic),
        ["mutes", "tones"] => at.site(n, |s| s.tones = Tones::Mute),
        ["uses", code, "to", what] => {
            let kind = CodeKind::of_name(what)?;
            let code = match *code {
                "nothing" => SiteCode::Off,
                text => SiteCode::Own(kind.parse(text).ok()?),
            };
            at.site(n, |s| s.set_code(kind, code))
        }
        _ => None,
    }
}

fn reception(at: &At<'_>) -> Reception {
    let kept = at.company.snapshot.reception(site(1)).cloned();
    kept.unwrap_or_else(|| Reception::new(tenant_id(), site(1)))
}

fn company(at: &At<'_>, change: impl FnOnce(&mut Tenant)) -> Option<Vec<Change>> {
    let mut tenant = at.company.snapshot.tenant(tenant_id())?.clone();
    change(&mut tenant);
    Some(vec![Change::TenantPut(tenant)])
}

/// An own sound takes the place of the hold music.
fn music(at: &At<'_>, n: u64) -> Option<Vec<Change>> {
    let (id, tenant) = (SoundId(Uuid(0xA_0000 + u128::from(n))), tenant_id());
    let name = format!("音{n}").into();
    let sound = Sound { id, tenant, name, duration_ms: 2_000, uploaded_at: Wall(1_000) };
    let mut changes = vec![Change::SoundPut(sound)];
    changes.extend(company(at, |t| t.music = Some(id))?);
    changes.extend(at.site(1, |s| s.music = SiteMusic::Inherit)?);
    Some(changes)
}
