//! The lines of the simulated company: what some runs draw of receptions, ways out for emergency
//! calls, toll classes and access lines; and how administrators change that.

use base::id::{GatewayId, LineId, SiteId, UserId, Uuid};
use base::{Dn, Rng};
use model::reception::Span;
use model::{
    CallerNumber, Change, Charged, DnSettings, EmergencyRoute, Gateway, Hours, Inbound, Line,
    LineTarget, NightSwitch, Outside, Receive, Reception, Site, Tenant, TollClass,
};

use crate::company::{Company, tenant_id};
use crate::desk::VIRTUAL;
use crate::office::{DEPARTMENT, NOBODY, PILOTS, dn, some_of};
use crate::outside::{GATEWAY, gateway};

/// The gateway of the second site.
pub const SECOND: GatewayId = GatewayId(Uuid(0x8_0002));

/// A party outside behind it, as it is dialled.
pub const SECOND_PARTY: &str = "80312345678";

/// Numbers of the lines; their 識別番号 count from 1.
pub const NUMBERS: [&str; 3] = ["0311111111", "0322222222", "0333333333"];

/// The prefix of its own that a line may have.
pub const PREFIX: &str = "7";

/// The numbers that emergency calls of the two sites show.
pub const SHOWN: [&str; 2] = ["0311110000", "0322220000"];

/// Minute of the day at which runs begin.
pub(crate) const BEGINS: u16 = 5 * 60 + 26;

fn site(n: u128) -> SiteId {
    SiteId(Uuid(0x2000 + n))
}

fn line_id(n: usize) -> LineId {
    LineId(Uuid(0x9_0001 + n as u128))
}

impl Company {
    /// Gives most offices lines, with all that hangs on them.
    pub fn connect_lines(&mut self, rng: &mut Rng) {
        if !self.is_office || !rng.chance(7, 10) {
            return;
        }
        let (devices, gateways) = (self.devices.len(), self.gateways.len());
        let mut changes = Vec::new();
        if self.gateways.is_empty() {
            changes.extend(self.add_gateway(rng, GATEWAY, (1, "0")));
        }
        let has_two = rng.chance(1, 2);
        if has_two {
            changes.extend(self.add_gateway(rng, SECOND, (2, "8")));
        }
        changes.extend(self.draw_lines(rng, has_two));
        changes.extend([1, 2].map(|n| Change::ReceptionPut(self.draw_reception(rng, n))));
        changes.extend(self.draw_sites(rng, has_two));
        changes.extend(self.draw_tolls(rng));
        if self.change(&changes).is_some() {
            self.former = None;
            self.drawn = self.snapshot.clone();
            self.has_lines = true;
        } else {
            self.devices.truncate(devices);
            self.gateways.truncate(gateways);
        }
    }

    fn add_gateway(
        &mut self,
        rng: &mut Rng,
        id: GatewayId,
        (site, prefix): (u128, &str),
    ) -> [Change; 2] {
        let index = self.devices.len();
        let account = crate::company::device(index, None, site);
        let channels = [1, 1, 2, 4][rng.below(4) as usize];
        let put = gateway(id, (site, prefix), channels, &account);
        self.devices.push(account.clone());
        self.gateways.push((index, id));
        [Change::DevicePut(account), Change::GatewayPut(put)]
    }

    /// Two or three lines.
    fn draw_lines(&self, rng: &mut Rng, has_two: bool) -> Vec<Change> {
        let people: Vec<UserId> = self.users.iter().map(|u| u.id).collect();
        let count = 2 + rng.below(2) as usize;
        let mut lines = Vec::new();
        for (n, number) in NUMBERS.into_iter().enumerate().take(count) {
            let carrier = if has_two && n == 1 { SECOND } else { GATEWAY };
            let code = dn(&(n + 1).to_string());
            let mut line = Line::new(line_id(n), (tenant_id(), carrier), code, dn(number));
            line.receivers = some_of(rng, &people, (1, 2));
            line.callers = some_of(rng, &people, (3, 4));
            self.redraw(rng, &mut line);
            lines.push(line);
        }
        if let [first, second, ..] = lines.as_mut_slice() {
            first.prefix = rng.chance(1, 2).then(|| PREFIX.into());
            first.reserve = rng.chance(2, 3).then_some(second.id);
        }
        let common = rng.below(lines.len() as u64 + 1) as usize;
        if let Some(line) = lines.get_mut(common) {
            line.common = true;
        }
        for id in &people {
            let at = rng.below(lines.len() as u64 * 2) as usize;
            if let Some(line) = lines.get_mut(at) {
                line.initial_of = line.initial_of.iter().copied().chain([*id]).collect();
            }
        }
        lines.into_iter().map(|line| Change::LinePut(line.settled())).collect()
    }

    /// Whom a line rings, and where its calls go.
    fn redraw(&self, rng: &mut Rng, line: &mut Line) {
        line.receive = Receive::ALL[rng.below(2) as usize];
        line.day = self.draw_inbound(rng);
        line.night = rng.chance(1, 2).then(|| self.draw_inbound(rng));
    }

    fn draw_inbound(&self, rng: &mut Rng) -> Inbound {
        if rng.chance(2, 5) {
            return Inbound::To(self.draw_target(rng));
        }
        let ring_s = [5, 10, 30][rng.below(3) as usize];
        let overflow = rng.chance(1, 2).then(|| self.draw_target(rng));
        Inbound::Registered { ring_s, overflow }
    }

    fn draw_target(&self, rng: &mut Rng) -> LineTarget {
        LineTarget::Dn(match rng.below(10) {
            0 | 1 => return LineTarget::Announcement(None),
            2 => dn(PILOTS[rng.below(2) as usize]),
            3 => dn(DEPARTMENT),
            4 => dn(VIRTUAL),
            5 => dn(NOBODY),
            _ => self.users[rng.below(self.users.len() as u64) as usize].dn,
        })
    }

    /// Business hours that begin or end while the run lasts.
    fn draw_reception(&self, rng: &mut Rng, n: u128) -> Reception {
        let mut reception = Reception::new(tenant_id(), site(n));
        let turn = BEGINS + 1 + rng.below(2) as u16;
        let span = match rng.below(3) {
            0 => Span { from: turn, to: Span::DAY },
            1 => Span { from: 0, to: turn },
            _ => Span { from: turn, to: turn + 1 },
        };
        let week = std::array::from_fn(|_| [span].into());
        reception.hours = rng.chance(3, 4).then(|| Hours { week, ..Hours::default() });
        if rng.chance(1, 3) {
            reception.switch = NightSwitch::ALL[rng.below(3) as usize];
        }
        reception.unknown = rng.chance(2, 3).then(|| self.draw_target(rng));
        reception
    }

    /// Ways out for emergency calls, and access lines.
    fn draw_sites(&self, rng: &mut Rng, has_two: bool) -> Vec<Change> {
        let mut changes = Vec::new();
        for (n, (id, shown)) in [GATEWAY, SECOND].into_iter().zip(SHOWN).enumerate() {
            let Some(now) = self.snapshot.site(site(n as u128 + 1)) else { continue };
            let mut site = now.clone();
            let back = rng.chance(1, 3).then(|| dn(VIRTUAL));
            if rng.chance(7, 8) && (n == 0 || has_two) {
                site.emergency = [EmergencyRoute { gateway: id, shown: dn(shown), back }].into();
            }
            site.forward_outside = Outside::ALL[rng.below(3) as usize];
            site.transfer_outside = Outside::ALL[rng.below(3) as usize];
            site.access_channels = rng.chance(1, 3).then(|| 1 + rng.below(5) as u16);
            site.has_exchange = n == 1 && rng.chance(1, 4);
            changes.push(Change::SitePut(site));
        }
        changes
    }

    /// What may be called, by whom; and what those outside see.
    fn draw_tolls(&self, rng: &mut Rng) -> Vec<Change> {
        let Some(tenant) = self.snapshot.tenant(tenant_id()) else { return Vec::new() };
        let mut tenant = tenant.clone();
        if rng.chance(1, 2) {
            tenant.toll.class = draw_class(rng);
        }
        for what in Charged::ALL {
            tenant.toll.set_open(what, rng.chance(1, 2));
        }
        if rng.chance(1, 2) {
            tenant.toll.countries = ["44".into()].into();
        }
        let mut changes = vec![Change::TenantPut(tenant)];
        for user in &self.users {
            if rng.chance(1, 3) {
                changes.push(Change::DnSettingsPut(self.barred(rng, user.dn)));
            }
        }
        changes
    }

    fn barred(&self, rng: &mut Rng, number: Dn) -> DnSettings {
        let kept = self.snapshot.dn_settings(tenant_id(), number).cloned();
        let mut settings = kept.unwrap_or_else(|| DnSettings::new(tenant_id(), number));
        settings.toll = rng.chance(2, 3).then(|| draw_class(rng));
        settings.caller_number = CallerNumber::ALL[rng.below(4) as usize];
        settings.hide_number = rng.chance(1, 4);
        settings
    }

    /// What an administrator changes of all that. Channels become fewer only: calls that have
    /// some keep them.
    pub fn draw_line_changes(&self, rng: &mut Rng) -> Vec<Change> {
        let n = 1 + u128::from(rng.below(2));
        let own_site = || self.snapshot.site(site(n)).cloned();
        match rng.below(7) {
            0 => vec![Change::ReceptionPut(self.draw_reception(rng, n))],
            1 | 2 => {
                let line = self.snapshot.line(line_id(rng.below(3) as usize)).cloned();
                let changed = line.map(|mut line| {
                    self.redraw(rng, &mut line);
                    line
                });
                changed.map(Change::LinePut).into_iter().collect()
            }
            3 => self.draw_tolls(rng),
            4 => {
                let of = self.gateways.get(rng.below(2) as usize).map(|(_, id)| *id);
                let now = of.and_then(|id| self.snapshot.gateway(id));
                let fewer = now.map(|g| Gateway { channels: 1, ..g.clone() });
                fewer.map(Change::GatewayPut).into_iter().collect()
            }
            5 => {
                let of = own_site().map(|s| Site { access_channels: Some(1), ..s });
                of.map(Change::SitePut).into_iter().collect()
            }
            _ => {
                let of = own_site().map(|s| Site { emergency: [].into(), ..s });
                of.map(Change::SitePut).into_iter().collect()
            }
        }
    }

    /// No access line is full, and whoever may call may call everything.
    pub(crate) fn without_bounds(&self) -> Vec<Change> {
        if !self.has_lines {
            return Vec::new();
        }
        let tenant = self.snapshot.tenant(tenant_id()).map(|tenant| {
            let mut tenant: Tenant = tenant.clone();
            tenant.toll.class = TollClass::International;
            Change::TenantPut(tenant)
        });
        let open = |s: &Site| Change::SitePut(Site { access_channels: None, ..s.clone() });
        tenant.into_iter().chain(self.snapshot.sites(tenant_id()).map(open)).collect()
    }
}

fn draw_class(rng: &mut Rng) -> TollClass {
    TollClass::ALL[rng.below(5) as usize]
}
