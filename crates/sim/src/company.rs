//! The simulated company: two sites, users with one or two phones, and what administrators change.

use std::sync::Arc;

use base::id::{DeviceId, GatewayId, SiteId, TenantId, UserId, Uuid};
use base::{Dn, Rng, Wall};
use model::{
    Change, Device, DeviceKind, Ha1, Preset, Revision, Site, Snapshot, SrtpPolicy, Tenant, User,
    UserState,
};

/// SIP domain of the first site, and the realm.
pub const DOMAIN: &str = "t1.example.jp";

/// Secret of every phone.
pub const SECRET: &str = "secret";

/// Configuration in force, and how it came about.
#[derive(Debug, Clone)]
pub struct Company {
    /// Snapshot in force.
    pub snapshot: Arc<Snapshot>,
    /// Users as drawn, whatever an administrator did since.
    pub users: Vec<User>,
    /// Terminals as drawn, in the order of the phones.
    pub devices: Vec<Device>,
    /// A phone's device was deleted for a while, so that its logins failed.
    pub locked_out: bool,
    /// The configuration before the last change, with what leads back to it.
    pub former: Option<(Arc<Snapshot>, Vec<Change>)>,
    /// The configuration as drawn.
    pub drawn: Arc<Snapshot>,
    /// It has groups, forwards and pickup.
    pub is_office: bool,
    /// It has park slots, boxes and codes that are pressed in calls.
    pub has_desks: bool,
    /// It has lines, ways out for emergency calls, toll classes and access lines.
    pub has_lines: bool,
    /// It has own sounds, pages by multicast, and an end of log-ins.
    pub has_sounds: bool,
    /// The phones that are no phones but gateways.
    pub gateways: Vec<(usize, GatewayId)>,
}

/// The company's id.
pub fn tenant_id() -> TenantId {
    TenantId(Uuid(0x1001))
}

impl Company {
    /// Draws a company of 5 to 8 users; some have two phones, at most 12 in all.
    pub fn draw(rng: &mut Rng) -> Self {
        let ring_time_s = [10, 20, 60][rng.below(3) as usize];
        let mut phones = Vec::new();
        for n in 0..5 + rng.below(4) as usize {
            let second = rng.chance(2, 5) && phones.len() < 10;
            phones.push((n, rng.chance(1, 3)));
            if second {
                phones.push((n, rng.chance(1, 3)));
            }
        }
        Self::of(&phones, ring_time_s)
    }

    /// A company whose n-th phone belongs to user `phones[n].0` (number 2001 + that) and stands
    /// at the second site when `phones[n].1`.
    pub fn of(phones: &[(usize, bool)], ring_time_s: u16) -> Self {
        let tenant = Tenant::new(tenant_id(), "株式会社例", DOMAIN, Preset::OfficeLink);
        let mut changes = vec![Change::TenantPut(tenant)];
        changes.extend([1, 2].map(|n| Change::SitePut(site(n))));
        let mut users: Vec<User> = Vec::new();
        let mut devices = Vec::new();
        for (n, (of, far)) in phones.iter().enumerate() {
            let user = user(*of, ring_time_s);
            devices.push(device(n, Some(user.id), if *far { 2 } else { 1 }));
            if !users.iter().any(|u| u.id == user.id) {
                users.push(user);
            }
        }
        changes.extend(users.iter().cloned().map(Change::UserPut));
        changes.extend(devices.iter().cloned().map(Change::DevicePut));
        let snapshot = model::apply(&Snapshot::empty(), &changes)
            .map_or_else(|_| Snapshot::empty(), |s| s.with_revisions(Revision(1), &[]));
        let snapshot = Arc::new(snapshot);
        let (drawn, former) = (snapshot.clone(), None);
        let (locked_out, is_office) = (false, false);
        let (has_desks, has_lines, has_sounds) = (false, false, false);
        let gateways = Vec::new();
        Company {
            snapshot,
            users,
            devices,
            locked_out,
            former,
            drawn,
            is_office,
            has_desks,
            has_lines,
            has_sounds,
            gateways,
        }
    }

    /// Puts changes in force; `None` when they do not fit.
    pub fn change(&mut self, changes: &[Change]) -> Option<u64> {
        let revision = self.snapshot.revision().0 + 1;
        let next = model::apply(&self.snapshot, changes).ok()?;
        self.locked_out |= changes.iter().any(|c| matches!(c, Change::DeviceDelete(_)));
        let next = Arc::new(next.with_revisions(Revision(revision), &[]));
        let former = std::mem::replace(&mut self.snapshot, next);
        let back = model::diff(&self.snapshot, &former);
        self.former = Some((former, back));
        Some(revision)
    }

    /// Stops a user, deletes one, or deletes a phone; restores everything when `restore`.
    pub fn draw_changes(&self, rng: &mut Rng, restore: bool) -> Vec<Change> {
        if restore {
            return model::diff(&self.snapshot, &self.drawn);
        }
        let user = &self.users[rng.below(self.users.len() as u64) as usize];
        match rng.below(3) {
            0 => vec![Change::UserPut(User { state: UserState::Stopped, ..user.clone() })],
            1 => {
                let own = self.devices.iter().filter(|d| d.user == Some(user.id));
                let freed = own.map(|d| Change::DevicePut(Device { user: None, ..d.clone() }));
                freed.chain([Change::UserDelete(user.id)]).collect()
            }
            _ => {
                let at = rng.below(self.devices.len() as u64) as usize;
                vec![Change::DeviceDelete(self.devices[at].id)]
            }
        }
    }

    /// The gateway that a phone is.
    pub fn gateway_of(&self, phone: usize) -> Option<GatewayId> {
        self.gateways.iter().find(|(n, _)| *n == phone).map(|(_, id)| *id)
    }

    /// Number of the phone's user; of a gateway that of a party outside.
    pub fn number_of(&self, phone: usize) -> String {
        match self.gateway_of(phone) {
            Some(crate::lines::SECOND) => return crate::lines::SECOND_PARTY.to_owned(),
            Some(_) => return crate::outside::PARTY.to_owned(),
            None => {}
        }
        let user = self.devices.get(phone).and_then(|d| d.user);
        let user = self.users.iter().find(|u| Some(u.id) == user);
        user.map(|u| u.dn.to_string()).unwrap_or_default()
    }
}

fn site(n: u128) -> Site {
    let domain = if n == 1 { DOMAIN.to_owned() } else { format!("s{n}.{DOMAIN}") };
    Site::new(SiteId(Uuid(0x2000 + n)), tenant_id(), &domain, &format!("拠点{n}"))
}

fn user(n: usize, ring_time_s: u16) -> User {
    let number = (2_001 + n).to_string();
    User {
        id: UserId(Uuid(0x3_0000 + n as u128)),
        tenant: tenant_id(),
        site: SiteId(Uuid(0x2001)),
        name: format!("社員{number}").into(),
        furigana: Box::default(),
        dn: Dn::parse(&number).unwrap_or_else(|_| unreachable!("{number} is an extension")),
        web_user: Box::default(),
        state: UserState::Active,
        ring_time_s,
        pickup_departments: Box::default(),
        former_devices: Box::default(),
        created_at: Wall(1_000),
        updated_at: Wall(1_000),
    }
}

/// The n-th phone's device at a site; without a user it is free.
pub(crate) fn device(n: usize, user: Option<UserId>, site: u128) -> Device {
    let sip_id = sip_id(n);
    let ha1 = Ha1::of(&sip_id, DOMAIN, SECRET);
    Device {
        id: DeviceId(Uuid(0x5_0000 + n as u128)),
        tenant: tenant_id(),
        site: SiteId(Uuid(0x2000 + site)),
        kind: DeviceKind::SipPhone,
        sip_id: sip_id.into(),
        ha1_md5: ha1.md5,
        ha1_sha256: ha1.sha256,
        user,
        label: Box::default(),
        srtp: SrtpPolicy::Auto,
        do_not_disturb: false,
        accepts_tones: false,
        multicast_groups: 0,
        next: None,
        login: None,
    }
}

/// SIP id of the n-th phone.
pub fn sip_id(n: usize) -> String {
    format!("phone{n}")
}
