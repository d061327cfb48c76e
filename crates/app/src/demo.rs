//! The sample company of the demo, as changes to an empty store.

use base::id::{AdminId, DeviceId, SiteId, TenantId, UserId, Uuid};
use base::{Dn, MobileNumber, Rng, Secret, Wall};
use bulk::reason::Arg;
use model::{
    Admin, AdminState, Change, CredentialOwner, Device, DeviceKind, Ha1, MediaPath, MobileLine,
    MobileState, NewPassword, Preset, Site, SrtpPolicy, Tenant, User, UserState,
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
    let changes = vec![
        Change::TenantPut(Tenant::new(tenant, &company, DOMAIN, Preset::OfficeLink)),
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
    let mut maker = Maker { tenant, site, now, rng, changes, phones: Vec::new() };
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
    Demo { tenant, changes: maker.changes, phones: maker.phones, password }
}

struct Maker<'r> {
    tenant: TenantId,
    site: SiteId,
    now: Wall,
    rng: &'r mut Rng,
    changes: Vec<Change>,
    phones: Vec<Phone>,
}

impl Maker<'_> {
    fn person(
        &mut self,
        (dn, name, reading, web_user, mobile): (&str, &str, &str, &str, Option<&str>),
        phone: Option<(Role, &str)>,
    ) {
        let Ok(dn) = Dn::parse(dn) else { return };
        let id = UserId(Uuid::mint(self.now, self.rng));
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
