//! How a company is set up in a scenario, in force from its beginning, or from a moment on when the
//! line begins with `now`.
//!
//! ```text
//! hunt 2100 evenly 2002 2003 rounds 2 overflow 2001
//! hunt 2100 first 2002 2003 follows members
//! hunt 2100 first 2002 2003 ring 5s limit 20s overflow voicemail
//! department 2200 rings 2002 2003 for 5s overflow 2001 even busy even forwarded
//! department 2300 pages 2002 2003 for 20s by 2001 urgent yes to 239.192.0.10:5004
//! group 2100 is deleted
//! pickup group 1 has 2001 2002
//! slot 2701
//! virtual 2400
//! parked calls wait 30s
//! gateway 2009 takes 0 with 1 channel
//! emergency calls show 0311110000
//! line 0355556666 takes 8 for 2002 2003
//! line 0355556666 leads to 2100
//! line 0355556666 leads at night to announcement
//! line 0355556666 rings 2002 2003 for 5s overflow 2004
//! line 0355556666 takes only who is registered
//! line 0355556666 is common
//! line 0355556666 falls back to 0355557777
//! unknown numbers lead to 2001
//! the site has 2 channels
//! the site forwards outside
//! the site transfers outside
//! the site is at night
//! the site mutes tones
//! the site uses #4 to hold
//! site 2 uses nothing to park
//! the hold code drops
//! the company has in-call-codes
//! the company lacks park
//! the company takes 1 terminal each
//! the company waits 120s for an answer
//! the music is sound 2
//! 2002 forwards no-answer to 2003 after 5s
//! 2002 forwards all no more
//! 2002 takes 1 call
//! 2002 waits always
//! 2002 is not disturbed
//! 2002 has voicemail after 5s
//! 2002 has no voicemail
//! 2002 is stopped
//! 2002 is working
//! 2002 is deleted
//! 2002 becomes 2012
//! 2002 and 2003 swap
//! 2002 may call internal
//! 2002 shows own
//! 2002 hides
//! 2002 picks up for 2200
//! terminal jiro is deleted
//! terminal jiro is free
//! terminal jiro holds 1 group
//! ```

use base::id::{DepartmentId, GatewayId, SiteId, Uuid, VirtualDnId};
use base::{Dn, Micros};
use model::{
    Change, Department, Destination, EmergencyRoute, Gateway, GatewayKind, HuntGroup, HuntMethod,
    ParkSlot, PickupGroup, User, VirtualDn,
};

use super::read::time_of;
use super::setup_own as own;
use crate::company::{Company, tenant_id};

/// Digits of the longest extension; longer numbers are outside, behind a prefix.
const EXTENSION_MAX: usize = 8;

/// A line that sets something up.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Its number in the file.
    pub number: usize,
    /// Its words.
    pub words: Vec<String>,
}

/// What a setup is for.
pub(super) struct At<'a> {
    pub(super) company: &'a Company,
    /// Names of the phones, in their order.
    pub(super) phones: &'a [String],
}

/// Whether a line sets something up.
pub(super) fn is_setup(words: &[&str]) -> bool {
    let heads = [
        "hunt",
        "department",
        "group",
        "pickup",
        "slot",
        "parked",
        "gateway",
        "emergency",
        "line",
        "unknown",
        "virtual",
        "site",
        "terminal",
    ];
    match words {
        ["the", what, ..] => ["site", "hold", "company", "music"].contains(what),
        [first, _, ..] => heads.contains(first) || dn(first).is_some(),
        _ => false,
    }
}

/// The changes that put lines in force one after the other; the error names the line that is not
/// understood or does not fit.
pub fn changes(
    setups: &[Setup],
    company: &Company,
    phones: &[String],
) -> Result<Vec<Change>, String> {
    let mut company = company.clone();
    let mut all = Vec::new();
    for setup in setups {
        let words: Vec<&str> = setup.words.iter().map(String::as_str).collect();
        let at = At { company: &company, phones };
        let wrong = || format!("line {} does not fit: {}", setup.number, words.join(" "));
        let changes = at.changes(&words).ok_or_else(wrong)?;
        company.change(&changes).ok_or_else(wrong)?;
        all.extend(changes);
    }
    Ok(all)
}

impl At<'_> {
    fn changes(&self, words: &[&str]) -> Option<Vec<Change>> {
        match words {
            ["hunt", ..] => self.hunt(words).map(|c| vec![c]),
            ["department", ..] => self.department(words).map(|c| vec![c]),
            ["group", number, "is", "deleted"] => self.ungrouped(dn(number)?),
            ["pickup", "group", number, "has", rest @ ..] => {
                let (members, _) = numbers(rest);
                let (tenant, number) = (tenant_id(), number.parse().ok()?);
                let (name, members) = ("".into(), members.into());
                Some(vec![Change::PickupPut(PickupGroup { tenant, number, name, members })])
            }
            ["slot", number] => {
                let slot = ParkSlot { tenant: tenant_id(), dn: dn(number)?, site: site(1) };
                Some(vec![Change::ParkSlotPut(slot)])
            }
            ["virtual", number] => {
                let (id, dn) = (VirtualDnId(Uuid(0x7_0000)), dn(number)?);
                let (name, web_user) = ("仮想内線".into(), "".into());
                let (tenant, site) = (tenant_id(), site(1));
                let number = VirtualDn { id, tenant, site, dn, name, web_user };
                Some(vec![Change::VirtualDnPut(number)])
            }
            ["gateway", number, "takes", prefix, "with", n, "channel" | "channels"] => {
                self.gateway(dn(number)?, prefix, n.parse().ok()?)
            }
            ["emergency", "calls", "show", number] => {
                let route = EmergencyRoute { gateway: gateway(), shown: dn(number)?, back: None };
                self.site(1, |site| site.emergency = [route].into())
            }
            ["line", number, rest @ ..] => own::line(self, dn(number)?, rest),
            ["unknown" | "parked" | "the" | "site", ..] => own::place(self, words),
            ["terminal", name, rest @ ..] => own::terminal(self, name, rest),
            [number, rest @ ..] => own::person(self, dn(number)?, rest),
            [] => None,
        }
    }

    fn hunt(&self, words: &[&str]) -> Option<Change> {
        let ["hunt", pilot, how, rest @ ..] = words else { return None };
        let pilot = dn(pilot)?;
        let snapshot = &self.company.snapshot;
        let known = snapshot.hunt_by_pilot(tenant_id(), pilot).map(|g| g.number);
        let next = 1 + snapshot.hunt_groups(tenant_id()).map(|g| g.number).max().unwrap_or(0);
        let mut group = HuntGroup::new(tenant_id(), known.unwrap_or(next), site(1), pilot);
        group.method = match *how {
            "evenly" => HuntMethod::RoundRobin,
            "first" => HuntMethod::Priority,
            _ => return None,
        };
        let (members, rest) = numbers(rest);
        group.members = members.into();
        options(rest, |what, value| match what {
            "ring" => seconds(value).map(|s| group.ring_s = s),
            "limit" => seconds(value).map(|s| group.limit_s = s),
            "rounds" => value.parse().ok().map(|n| group.rounds = n),
            "follows" => (value == "members").then(|| group.follow_all = true),
            "overflow" => destination(value).map(|to| {
                group.voicemail = to == Destination::Voicemail;
                group.overflow = Some(to);
            }),
            _ => None,
        })?;
        Some(Change::HuntPut(group))
    }

    fn department(&self, words: &[&str]) -> Option<Change> {
        let ["department", number, how, rest @ ..] = words else { return None };
        let number = dn(number)?;
        let snapshot = &self.company.snapshot;
        let known = snapshot.department_by_dn(tenant_id(), number).map(|d| d.id);
        let count = snapshot.departments(tenant_id()).count() as u128;
        let id = known.unwrap_or(DepartmentId(Uuid(0x6_0001 + count)));
        let mut department = Department::new(id, tenant_id(), site(1), "所属", number);
        department.multicast = match *how {
            "rings" => false,
            "pages" => true,
            _ => return None,
        };
        let (members, rest) = numbers(rest);
        department.members = members.iter().filter_map(|m| Some(self.user(*m)?.id)).collect();
        options(rest, |what, value| match (what, value) {
            ("for", _) if department.multicast => seconds(value).map(|s| department.page_s = s),
            ("for", _) => seconds(value).map(|s| department.ring_s = s),
            ("by", _) => {
                let user = self.user(dn(value)?)?.id;
                department.pagers = Some([user].into());
                Some(())
            }
            ("to", _) => {
                department.multicast_to = Some(value.parse().ok()?);
                Some(())
            }
            ("urgent", "yes") => {
                department.emergency = true;
                Some(())
            }
            ("even", "busy") => {
                department.ring_busy = true;
                Some(())
            }
            ("even", "forwarded") => {
                department.ring_forwarded = true;
                Some(())
            }
            ("overflow", _) => destination(value).map(|to| {
                department.voicemail = to == Destination::Voicemail;
                department.overflow = Some(to);
            }),
            _ => None,
        })?;
        Some(Change::DepartmentPut(department))
    }

    /// A hunting group or a department is deleted.
    fn ungrouped(&self, number: Dn) -> Option<Vec<Change>> {
        let (snapshot, tenant) = (&self.company.snapshot, tenant_id());
        if let Some(group) = snapshot.hunt_by_pilot(tenant, number) {
            return Some(vec![Change::HuntDelete { tenant, number: group.number }]);
        }
        let department = snapshot.department_by_dn(tenant, number)?;
        Some(vec![Change::DepartmentDelete(department.id)])
    }

    /// The phone of the number becomes the gateway.
    fn gateway(&self, dn: Dn, prefix: &str, channels: u16) -> Option<Vec<Change>> {
        let user = self.company.users.iter().find(|u| u.dn == dn).map(|u| u.id);
        let own = self.company.devices.iter().find(|d| d.user == user)?;
        let gateway = Gateway {
            id: gateway(),
            tenant: tenant_id(),
            site: site(1),
            name: "GW".into(),
            kind: GatewayKind::Sip,
            prefix: prefix.into(),
            channels,
            account: Some(own.id),
            holds_line: false,
        };
        let free = model::Device { user: None, ..own.clone() };
        Some(vec![Change::DevicePut(free), Change::GatewayPut(gateway)])
    }

    /// The site with that number, changed.
    pub(super) fn site(
        &self,
        n: u128,
        change: impl FnOnce(&mut model::Site),
    ) -> Option<Vec<Change>> {
        let mut site = self.company.snapshot.site(site(n))?.clone();
        change(&mut site);
        Some(vec![Change::SitePut(site)])
    }

    /// Who has that number now.
    pub(super) fn user(&self, dn: Dn) -> Option<&User> {
        self.company.snapshot.user_by_dn(tenant_id(), dn)
    }
}

pub(super) fn gateway() -> GatewayId {
    GatewayId(Uuid(0x6_0002))
}

pub(super) fn site(n: u128) -> SiteId {
    SiteId(Uuid(0x2000 + n))
}

pub(super) fn dn(text: &str) -> Option<Dn> {
    Dn::parse(text).ok()
}

/// An extension, a number outside, `voicemail` or `announcement`.
pub(super) fn destination(text: &str) -> Option<Destination> {
    match text {
        "voicemail" => Some(Destination::Voicemail),
        "announcement" => Some(Destination::Announcement(None)),
        _ if text.starts_with('0') || text.len() > EXTENSION_MAX => Destination::outside(text),
        _ => dn(text).map(Destination::Dn),
    }
}

/// The numbers at the beginning, and the rest.
pub(super) fn numbers<'w, 't>(words: &'w [&'t str]) -> (Vec<Dn>, &'w [&'t str]) {
    let end = words.iter().position(|w| dn(w).is_none()).unwrap_or(words.len());
    let (numbers, rest) = words.split_at(end);
    (numbers.iter().filter_map(|w| dn(w)).collect(), rest)
}

/// Pairs of a word and its value.
pub(super) fn options(words: &[&str], mut set: impl FnMut(&str, &str) -> Option<()>) -> Option<()> {
    words.chunks(2).try_for_each(|pair| match pair {
        [what, value] => set(what, value),
        _ => None,
    })
}

pub(super) fn seconds(text: &str) -> Option<u16> {
    u16::try_from(time_of(text)?.as_seconds()).ok()
}

/// A time behind `after`, if there is one.
pub(super) fn after(words: &[&str]) -> Option<Option<Micros>> {
    match words {
        [] => Some(None),
        ["after", time] => time_of(time).map(Some),
        _ => None,
    }
}
