//! Groups, forwards and limits of a scenario, in force from its beginning.
//!
//! ```text
//! hunt 2100 evenly 2002 2003 rounds 2 overflow 2001
//! hunt 2100 first 2002 2003 ring 5s
//! hunt 2100 first 2002 2003 follows members
//! department 2200 rings 2002 2003 overflow 2001
//! department 2300 pages 2002 2003 for 20s
//! pickup group 1 has 2001 2002
//! 2002 forwards no-answer to 2003 after 5s
//! 2002 takes 1 call
//! 2002 is not disturbed
//! slot 2701
//! gateway 2009 takes 0 with 1 channel
//! emergency calls show 0311110000
//! line 0355556666 takes 8 for 2002
//! the site has 2 channels
//! the site forwards outside
//! the hold code drops
//! ```

use base::id::{DepartmentId, GatewayId, LineId, SiteId, Uuid};
use base::{Dn, Micros};
use model::{
    Change, Department, Destination, Device, DnSettings, EmergencyRoute, Forward, ForwardKind,
    Gateway, GatewayKind, HoldAgain, HuntGroup, HuntMethod, Line, Outside, ParkSlot, PickupGroup,
    Tenant, TenantOption,
};

use super::read::time_of;
use crate::company::{Company, tenant_id};

/// Digits of the longest extension; longer numbers are outside, behind a prefix.
const EXTENSION_MAX: usize = 8;

/// One line.
#[derive(Debug, Clone)]
pub enum Setup {
    /// A hunting group, without its number.
    Hunt(HuntGroup),
    /// A department with the numbers of its people.
    Department(Department, Vec<Dn>),
    /// A pickup group.
    Pickup(PickupGroup),
    /// A forward of a number.
    Forward(Dn, ForwardKind, Destination, Option<Micros>),
    /// Calls at once of a number.
    Limit(Dn, u16),
    /// Do not disturb, at all phones of a number.
    Quiet(Dn),
    /// A park slot.
    Slot(Dn),
    /// The phone of a number is no phone but a gateway of this prefix, with so many channels.
    Gateway(Dn, Box<str>, u16),
    /// Emergency calls leave by the gateway, with this number.
    Emergency(Dn),
    /// A line of the gateway with a prefix of its own, on which one number may call out.
    Line(Dn, Box<str>, Dn),
    /// The access line of the site carries so many calls; the exchange stands outside.
    Access(u16),
    /// 外線転送 of the site: domestic numbers (R063).
    ForwardsOutside,
    /// Codes in calls are heard, and the hold code drops the target of a consultation (R083).
    HoldDrops,
}

/// Reads a line; `None` when it is of another kind.
pub(super) fn read(words: &[&str]) -> Option<Setup> {
    Some(match words {
        ["hunt", pilot, how @ ("evenly" | "first"), rest @ ..] => {
            let mut group = HuntGroup::new(tenant_id(), 1, site(), dn(pilot)?);
            let even = *how == "evenly";
            group.method = if even { HuntMethod::RoundRobin } else { HuntMethod::Priority };
            let (members, rest) = numbers(rest);
            group.members = members.into();
            options(rest, |what, value| match what {
                "ring" => seconds(value).map(|s| group.ring_s = s),
                "rounds" => value.parse().ok().map(|n| group.rounds = n),
                "follows" => (value == "members").then(|| group.follow_all = true),
                "overflow" => dn(value).map(|to| group.overflow = Some(Destination::Dn(to))),
                _ => None,
            })?;
            Setup::Hunt(group)
        }
        ["department", number, "rings", rest @ ..] => {
            let id = DepartmentId(Uuid(0x6_0001));
            let mut department = Department::new(id, tenant_id(), site(), "所属", dn(number)?);
            let (members, rest) = numbers(rest);
            options(rest, |what, value| match what {
                "for" => seconds(value).map(|s| department.ring_s = s),
                "overflow" => dn(value).map(|to| department.overflow = Some(Destination::Dn(to))),
                _ => None,
            })?;
            Setup::Department(department, members)
        }
        ["department", number, "pages", rest @ ..] => {
            let id = DepartmentId(Uuid(0x6_0002));
            let mut department = Department::new(id, tenant_id(), site(), "放送", dn(number)?);
            department.multicast = true;
            let (members, rest) = numbers(rest);
            options(rest, |what, value| match what {
                "for" => seconds(value).map(|s| department.page_s = s),
                _ => None,
            })?;
            Setup::Department(department, members)
        }
        ["pickup", "group", number, "has", rest @ ..] => {
            let (members, _) = numbers(rest);
            let (tenant, number) = (tenant_id(), number.parse().ok()?);
            Setup::Pickup(PickupGroup { tenant, number, name: "".into(), members: members.into() })
        }
        [number, "forwards", kind, "to", to, rest @ ..] => {
            let kind = ForwardKind::ALL.into_iter().find(|k| k.name() == *kind)?;
            let after = match rest {
                ["after", time] => Some(time_of(time)?),
                _ => None,
            };
            let out = to.starts_with('0') || to.len() > EXTENSION_MAX;
            let to = if out { Destination::outside(to)? } else { Destination::Dn(dn(to)?) };
            Setup::Forward(dn(number)?, kind, to, after)
        }
        [number, "takes", n, "call" | "calls"] => Setup::Limit(dn(number)?, n.parse().ok()?),
        ["gateway", number, "takes", prefix, "with", n, "channel" | "channels"] => {
            Setup::Gateway(dn(number)?, (*prefix).into(), n.parse().ok()?)
        }
        ["emergency", "calls", "show", number] => Setup::Emergency(dn(number)?),
        ["line", number, "takes", prefix, "for", caller] => {
            Setup::Line(dn(number)?, (*prefix).into(), dn(caller)?)
        }
        ["the", "site", "has", n, "channel" | "channels"] => Setup::Access(n.parse().ok()?),
        ["the", "site", "forwards", "outside"] => Setup::ForwardsOutside,
        ["the", "hold", "code", "drops"] => Setup::HoldDrops,
        [number, "is", "not", "disturbed"] => Setup::Quiet(dn(number)?),
        ["slot", number] => Setup::Slot(dn(number)?),
        _ => return None,
    })
}

/// The changes that put all lines in force.
pub fn changes(setups: &[Setup], company: &Company) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut kept: Vec<DnSettings> = Vec::new();
    let mut hunts = 0;
    let Some(old) = company.snapshot.site(site()) else { return changes };
    let mut home = old.clone();
    for setup in setups {
        match setup {
            Setup::Hunt(group) => {
                hunts += 1;
                changes.push(Change::HuntPut(HuntGroup { number: hunts, ..group.clone() }));
            }
            Setup::Department(department, numbers) => {
                let users = company.users.iter().filter(|u| numbers.contains(&u.dn));
                let members = users.map(|u| u.id).collect();
                changes.push(Change::DepartmentPut(Department { members, ..department.clone() }));
            }
            Setup::Pickup(group) => changes.push(Change::PickupPut(group.clone())),
            Setup::Forward(dn, kind, to, after) => {
                let settings = settings_of(&mut kept, *dn);
                *settings.forward_mut(*kind) = Forward::on(to.clone());
                let after = after.and_then(|t| u16::try_from(t.as_seconds()).ok());
                settings.no_answer_s = after.unwrap_or(settings.no_answer_s);
            }
            Setup::Slot(dn) => {
                let slot = ParkSlot { tenant: tenant_id(), dn: *dn, site: site() };
                changes.push(Change::ParkSlotPut(slot));
            }
            Setup::Limit(dn, calls) => settings_of(&mut kept, *dn).call_limit = *calls,
            Setup::Gateway(dn, prefix, channels) => {
                changes.extend(gateway_at(*dn, prefix, *channels, company));
            }
            Setup::Emergency(shown) => {
                let route = EmergencyRoute { gateway: gateway(), shown: *shown, back: None };
                home.emergency = [route].into();
            }
            Setup::Line(number, prefix, caller) => {
                let code = Dn::parse("51").unwrap_or(*number);
                let id = LineId(Uuid(0x6_0003));
                let mut line = Line::new(id, (tenant_id(), gateway()), code, *number);
                line.prefix = Some(prefix.clone());
                let callers = company.users.iter().filter(|u| u.dn == *caller);
                line.callers = callers.map(|u| u.id).collect();
                changes.push(Change::LinePut(line));
            }
            Setup::Access(channels) => home.access_channels = Some(*channels),
            Setup::ForwardsOutside => home.forward_outside = Outside::Domestic,
            Setup::HoldDrops => {
                home.hold_again = HoldAgain::Drop;
                changes.extend(company.snapshot.tenant(tenant_id()).map(|t| {
                    let options = t.options.with(TenantOption::InCallCodes);
                    Change::TenantPut(Tenant { options, ..t.clone() })
                }));
            }
            Setup::Quiet(dn) => {
                let user = company.users.iter().find(|u| u.dn == *dn).map(|u| u.id);
                let own = company.devices.iter().filter(|d| d.user == user);
                changes.extend(
                    own.map(|d| Change::DevicePut(Device { do_not_disturb: true, ..d.clone() })),
                );
            }
        }
    }
    changes.extend(kept.into_iter().map(Change::DnSettingsPut));
    changes.extend(Some(home).filter(|h| h != old).map(Change::SitePut));
    changes
}

/// The phone of the number becomes the gateway.
fn gateway_at(dn: Dn, prefix: &str, channels: u16, company: &Company) -> Vec<Change> {
    let user = company.users.iter().find(|u| u.dn == dn).map(|u| u.id);
    let Some(own) = company.devices.iter().find(|d| d.user == user) else { return Vec::new() };
    let gateway = Gateway {
        id: gateway(),
        tenant: tenant_id(),
        site: site(),
        name: "GW".into(),
        kind: GatewayKind::Sip,
        prefix: prefix.into(),
        channels,
        account: Some(own.id),
        holds_line: false,
    };
    let free = Device { user: None, ..own.clone() };
    vec![Change::DevicePut(free), Change::GatewayPut(gateway)]
}

fn settings_of(kept: &mut Vec<DnSettings>, dn: Dn) -> &mut DnSettings {
    let at = kept.iter().position(|s| s.dn == dn).unwrap_or_else(|| {
        kept.push(DnSettings::new(tenant_id(), dn));
        kept.len() - 1
    });
    &mut kept[at]
}

fn gateway() -> GatewayId {
    GatewayId(Uuid(0x6_0002))
}

fn site() -> SiteId {
    SiteId(Uuid(0x2001))
}

fn dn(text: &str) -> Option<Dn> {
    Dn::parse(text).ok()
}

/// The numbers at the beginning, and the rest.
fn numbers<'w, 't>(words: &'w [&'t str]) -> (Vec<Dn>, &'w [&'t str]) {
    let end = words.iter().position(|w| dn(w).is_none()).unwrap_or(words.len());
    let (numbers, rest) = words.split_at(end);
    (numbers.iter().filter_map(|w| dn(w)).collect(), rest)
}

/// Pairs of a word and its value.
fn options(words: &[&str], mut set: impl FnMut(&str, &str) -> Option<()>) -> Option<()> {
    words.chunks(2).try_for_each(|pair| match pair {
        [what, value] => set(what, value),
        _ => None,
    })
}

fn seconds(text: &str) -> Option<u16> {
    u16::try_from(time_of(text)?.as_seconds()).ok()
}
