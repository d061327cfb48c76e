//! The sample company of the demo, as changes to an empty store.

use base::id::{AdminId, DepartmentId, DeviceId, SiteId, TenantId, UserId, Uuid};
use base::{Dn, MobileNumber, Rng, Secret, Wall};
use bulk::reason::Arg;
use model::{
    Admin, AdminState, Change, CredentialOwner, Department, Destination, Device, DeviceKind,
    DnSettings, Forward, ForwardKind, Ha1, HuntGroup, MediaPath, MobileLine, MobileState,
    NewPassword, Options, ParkSlot, PickupGroup, Preset, Site, SrtpPolicy, Tenant, TenantOption,
    User, UserState,
};

use crate::text::{Lang, text, text_with};

/// SIP and login domain of the sample company.
pub const DOMAIN: &str = "demo.naisen.example";

/// 管理者ユーザー名 of the sample company.
pub const ADMIN: &str = "admin";

/// What a phone of the demo is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// 2001: returns what it hears.
    Echo,
    /// 2002: plays music.
    Music,
    /// 2003: always busy.
    Busy,
    /// 2009: places the call of the start.
    Caller,
    /// For a phone of the visitor's own.
    Free,
}

/// A phone of the demo with its settings.
#[derive(Debug, Clone)]
pub struct Phone {
    /// What it is for.
    pub role: Role,
    /// 内線番号 of its user.
    pub dn: Dn,
    /// Name of its user.
    pub name: String,
    /// SIP ID.
    pub sip_id: String,
    /// SIP secret, to be printed or given to the built-in phone.
    pub secret: Secret<String>,
    /// The terminal.
    pub device: DeviceId,
}

/// The sample company.
#[derive(Debug)]
pub struct Demo {
    /// Its id.
    pub tenant: TenantId,
    /// Everything to be committed, in order.
    pub changes: Vec<Change>,
    /// Built-in test phones and free terminals, in order of extension.
    pub phones: Vec<Phone>,
    /// Password of [`ADMIN`]; need not be replaced.
    pub password: Secret<String>,
}

/// The people: 内線番号, 氏名, フリガナ, Webカスコンユーザー名, 携帯番号. Whoever is listed first
/// has a free terminal; names show the characters that files and phones get wrong.
const PEOPLE: &str = include_str!("locale/people.csv");

/// Free terminals: the first people of the list.
const FREE: usize = 3;

/// Mobile numbers in stock without an extension.
const STOCK: [&str; 2] = ["06012340004", "09012340005"];

/// Makes the sample company; names of places and phones in `lang`.
pub fn company(lang: Lang, now: Wall, rng: &mut Rng) -> Demo {
    let tenant = TenantId(Uuid::mint(now, rng));
    let site = SiteId(Uuid::mint(now, rng));
    let admin = AdminId(Uuid::mint(now, rng));
    let password = bulk::generate_secret(rng);
    let company = text(lang, "demo-company");
    let options = Options::default().with(TenantOption::InCallCodes);
    let changes = vec![
        Change::TenantPut(Tenant {
            options,
            ..Tenant::new(tenant, &company, DOMAIN, Preset::OfficeLink)
        }),
        Change::SitePut(Site {
            // So that every call shows the relay at work, and phones behind NAT are heard too.
            media_path: MediaPath::Relay,
            ..Site::new(site, tenant, DOMAIN, &text(lang, "demo-site"))
        }),
        Change::AdminPut(Admin {
            id: admin,
            tenant,
            site: None,
            login: ADMIN.into(),
            state: AdminState::Active,
        }),
        Change::Password(NewPassword {
            owner: CredentialOwner::Admin(admin),
            text: password.clone(),
            must_change: false,
            bulk: false,
        }),
    ];
    let (phones, people) = (Vec::new(), Vec::new());
    let mut maker = Maker { tenant, site, now, rng, changes, phones, people };
    for (role, dn, id) in [
        (Role::Echo, "2001", "demo-phone-echo"),
        (Role::Music, "2002", "demo-phone-music"),
        (Role::Busy, "2003", "demo-phone-busy"),
        (Role::Caller, "2009", "demo-phone-caller"),
    ] {
        let name = text(lang, id);
        maker.person((dn, &name, "", "", None), Some((role, &name)));
    }
    for (i, line) in PEOPLE.lines().enumerate() {
        let mut cells = line.split(',').map(str::trim);
        let mut next = || cells.next().unwrap_or_default();
        let (dn, name, reading, web_user, mobile) = (next(), next(), next(), next(), next());
        let mobile = (!mobile.is_empty()).then_some(mobile);
        let label = text_with(lang, "demo-terminal", &[("number", Arg::Number(i as u64 + 1))]);
        let phone = (i < FREE).then_some((Role::Free, label.as_str()));
        maker.person((dn, name, reading, web_user, mobile), phone);
    }
    for number in STOCK {
        maker.line(number, None);
    }
    maker.services(lang);
    Demo { tenant, changes: maker.changes, phones: maker.phones, password }
}

struct Maker<'r> {
    tenant: TenantId,
    site: SiteId,
    now: Wall,
    rng: &'r mut Rng,
    changes: Vec<Change>,
    phones: Vec<Phone>,
    people: Vec<(Dn, UserId)>,
}

impl Maker<'_> {
    /// Groups, park slots and forwards, so that every call service can be tried at once.
    fn services(&mut self, lang: Lang) {
        let (tenant, site) = (self.tenant, self.site);
        let dns = |texts: &[&str]| -> Vec<Dn> {
            texts.iter().filter_map(|text| Dn::parse(text).ok()).collect()
        };
        let free = dns(&["2101", "2102", "2103"]);
        for pilot in dns(&["7000"]) {
            self.changes.push(Change::HuntPut(HuntGroup {
                name: text(lang, "demo-hunting-group").into(),
                members: dns(&["2001", "2002", "2101", "2102", "2103"]).into(),
                overflow: dns(&["2002"]).first().copied().map(Destination::Dn),
                ..HuntGroup::new(tenant, 1, site, pilot)
            }));
        }
        for dn in dns(&["7100"]) {
            let id = DepartmentId(Uuid::mint(self.now, self.rng));
            let members = self.people.iter().filter(|(dn, _)| free.contains(dn));
            let members = members.map(|(_, id)| *id).collect();
            let name = text(lang, "demo-department");
            let department = Department::new(id, tenant, site, &name, dn);
            self.changes.push(Change::DepartmentPut(Department { members, ..department }));
        }
        self.changes.push(Change::PickupPut(PickupGroup {
            tenant,
            number: 1,
            name: text(lang, "demo-pickup-group").into(),
            members: dns(&["2001", "2002", "2101", "2102", "2103"]).into(),
        }));
        for dn in dns(&["7901", "7902", "7903", "7904"]) {
            self.changes.push(Change::ParkSlotPut(ParkSlot { tenant, dn, site }));
        }
        for (from, kind, to) in [
            ("2201", ForwardKind::All, "2001"),
            ("2202", ForwardKind::Unregistered, "7000"),
            ("2203", ForwardKind::NoAnswer, "2002"),
        ] {
            for (dn, to) in dns(&[from]).into_iter().zip(dns(&[to])) {
                let mut settings = DnSettings::new(tenant, dn);
                *settings.forward_mut(kind) = Forward::on(Destination::Dn(to));
                self.changes.push(Change::DnSettingsPut(settings));
            }
        }
    }

    fn person(
        &mut self,
        (dn, name, reading, web_user, mobile): (&str, &str, &str, &str, Option<&str>),
        phone: Option<(Role, &str)>,
    ) {
        let Ok(dn) = Dn::parse(dn) else { return };
        let id = UserId(Uuid::mint(self.now, self.rng));
        self.people.push((dn, id));
        self.changes.push(Change::UserPut(User {
            id,
            tenant: self.tenant,
            site: self.site,
            name: name.into(),
            furigana: reading.into(),
            dn,
            web_user: web_user.into(),
            state: UserState::Active,
            ring_time_s: base::limits::RING_TIME.as_seconds() as u16,
            pickup_departments: Box::default(),
            former_devices: Box::default(),
            created_at: self.now,
            updated_at: self.now,
        }));
        let kind = if mobile.is_some() { DeviceKind::Mobile } else { DeviceKind::SipPhone };
        let label = phone.map(|(_, label)| label).unwrap_or_default();
        let (device, secret) = self.device(id, dn, kind, label);
        if let Some((role, _)) = phone {
            let (sip_id, name) = (dn.text(), name.to_owned());
            self.phones.push(Phone { role, dn, name, sip_id, secret, device });
        }
        if let Some(number) = mobile {
            self.line(number, Some(dn));
        }
    }

    fn device(
        &mut self,
        user: UserId,
        dn: Dn,
        kind: DeviceKind,
        label: &str,
    ) -> (DeviceId, Secret<String>) {
        let id = DeviceId(Uuid::mint(self.now, self.rng));
        let secret = bulk::generate_secret(self.rng);
        let sip_id = dn.text();
        let ha1 = Ha1::of(&sip_id, DOMAIN, secret.expose());
        self.changes.push(Change::DevicePut(Device {
            id,
            tenant: self.tenant,
            site: self.site,
            kind,
            sip_id: sip_id.into(),
            ha1_md5: ha1.md5,
            ha1_sha256: ha1.sha256,
            user: Some(user),
            label: label.into(),
            srtp: SrtpPolicy::Auto,
            do_not_disturb: false,
            accepts_tones: false,
            multicast_groups: 0,
            next: None,
            login: None,
        }));
        (id, secret)
    }

    fn line(&mut self, number: &str, dn: Option<Dn>) {
        let Ok(number) = MobileNumber::parse(number) else { return };
        let state = if dn.is_some() { MobileState::Assigned } else { MobileState::Unassigned };
        self.changes.push(Change::MobilePut(MobileLine {
            number,
            tenant: self.tenant,
            state,
            dn,
            requested_at: Some(self.now),
            activated_at: Some(self.now),
            cancelled_at: None,
        }));
    }
}
