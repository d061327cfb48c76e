//! Parties outside behind a gateway that has a SIP account (R110), and another company, of which
//! nothing may be seen.

use base::id::{GatewayId, SiteId, TenantId, UserId, Uuid};
use base::{Micros, Rng};
use model::{Change, Device, Gateway, GatewayKind, Outside, Preset, Site, Tenant, User};

use crate::company::{Company, tenant_id};
use crate::desk::VIRTUAL;
use crate::office::{DEPARTMENT, NOBODY, PAGER, PILOTS, dn};
use crate::people::{Act, Deed};
use crate::world::World;

/// A party outside, as it is dialled: with the prefix of the gateway.
pub(crate) const PARTY: &str = "00312345678";

/// A number of another company.
pub(crate) const FOREIGN: &str = "5001";

pub(crate) const GATEWAY: GatewayId = GatewayId(Uuid(0x8_0001));

impl Company {
    /// Adds another company, and for half of the offices a gateway with a telephone that speaks
    /// for all parties outside.
    pub fn connect_outside(&mut self, rng: &mut Rng) {
        let mut changes = self.another_company();
        if let Some(tenant) = self.snapshot.tenant(tenant_id()) {
            // Who has two terminals cannot log in at a third one.
            changes.push(Change::TenantPut(Tenant { accounts_max: 2, ..tenant.clone() }));
        }
        let index = self.devices.len();
        let has_gateway = rng.chance(1, 2);
        if has_gateway {
            let account = crate::company::device(index, None, 1);
            changes.push(Change::DevicePut(account.clone()));
            let channels = [1, 2, 4][rng.below(3) as usize];
            changes.push(Change::GatewayPut(gateway(GATEWAY, (1, "0"), channels, &account)));
            let policies = [Outside::Denied, Outside::Domestic, Outside::Allowed];
            for site in self.snapshot.sites(tenant_id()) {
                let forward_outside = policies[rng.below(3) as usize];
                let transfer_outside = policies[rng.below(3) as usize];
                let site = Site { forward_outside, transfer_outside, ..site.clone() };
                changes.push(Change::SitePut(site));
            }
            self.devices.push(account);
        }
        if self.change(&changes).is_some() {
            self.former = None;
            self.drawn = self.snapshot.clone();
            self.gateways.extend(has_gateway.then_some((index, GATEWAY)));
        } else if has_gateway {
            self.devices.pop();
        }
    }

    fn another_company(&self) -> Vec<Change> {
        let (tenant, site) = (TenantId(Uuid(0x1002)), SiteId(Uuid(0x2101)));
        let Some(user) = self.users.first() else { return Vec::new() };
        let domain = "t2.example.jp";
        let id = UserId(Uuid(0x3_5001));
        let user =
            User { id, tenant, site, dn: dn(FOREIGN), name: "他社".into(), ..user.clone() };
        vec![
            Change::TenantPut(Tenant::new(tenant, "株式会社他", domain, Preset::OfficeLink)),
            Change::SitePut(Site::new(site, tenant, domain, "本社")),
            Change::UserPut(user),
        ]
    }
}

/// A gateway of a site with its prefix.
pub(crate) fn gateway(
    id: GatewayId,
    (site, prefix): (u128, &str),
    channels: u16,
    account: &Device,
) -> Gateway {
    Gateway {
        id,
        tenant: tenant_id(),
        site: SiteId(Uuid(0x2000 + site)),
        name: "GW".into(),
        kind: GatewayKind::Sip,
        prefix: prefix.into(),
        channels,
        account: Some(account.id),
        holds_line: false,
    }
}

impl World {
    /// What a party outside does; false when it is none.
    pub(crate) fn outside_thought(&mut self, n: usize) -> bool {
        if self.company.gateway_of(n).is_none() {
            return false;
        }
        let patient = self.phones[n].card.patient;
        let up = self.phones[n].up();
        let ours = self.phones[n].legs.len();
        if self.seats.chance(1, 2) && ours < 3 {
            let to = self.number_from_outside();
            self.counts.add("calls from outside dialled");
            self.deed(n, Deed::Dial(to, None));
        } else if let Some(leg) = up.first().copied() {
            let holding = self.phones[n].legs.get(&leg).is_some_and(|l| l.holding);
            match self.seats.below(8) {
                0 | 1 => self.deed(n, Deed::Hold(leg, !holding)),
                2 => self.deed(n, Deed::Digit(leg, b'5')),
                3 => self.deed(n, Deed::Blind(leg, DEPARTMENT.to_owned())),
                4..=6 if !patient => self.deed(n, Deed::Hang(leg)),
                _ => {}
            }
        } else if let Some(leg) = self.phones[n].legs.keys().next().copied()
            && self.phones[n].legs.get(&leg).is_some_and(|l| l.outgoing)
            && self.seats.chance(1, 4)
        {
            let after = Micros::millis(self.seats.below(3_000));
            self.act_later(after, Act::Do(n, Deed::Hang(leg)));
        }
        true
    }

    fn number_from_outside(&mut self) -> String {
        let m = self.seats.below(self.phones.len() as u64) as usize;
        match self.seats.below(14) {
            0 => PILOTS[0].to_owned(),
            1 => PILOTS[1].to_owned(),
            2 => DEPARTMENT.to_owned(),
            3 => VIRTUAL.to_owned(),
            4 => PAGER.to_owned(),
            5 => NOBODY.to_owned(),
            6 => ["*57", "*55", "*91", "*2112001"][self.seats.below(4) as usize].to_owned(),
            _ => self.phones[m].card.number.clone(),
        }
    }
}
