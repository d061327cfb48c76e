mod agree;
mod decode;
mod encode;
mod export;
mod extensions;
mod groups;
mod mobiles;
mod repair;
mod scale;

use base::id::{DeviceId, SiteId, TenantId, UserId, Uuid};
use base::{Dn, MobileNumber, Rng, Wall};
use model::{
    Change, Device, DeviceKind, Ha1, MobileLine, MobileState, Preset, Site, Snapshot, SrtpPolicy,
    Tenant, User, UserState, apply,
};

use crate::{Content, Context, Finding, Kind, Mode, Plan, Table, plan};

const TENANT: TenantId = TenantId(Uuid(1));
const OTHER: TenantId = TenantId(Uuid(2));
const SITE: SiteId = SiteId(Uuid(11));
const NOW: Wall = Wall(1_782_900_000_000);

/// Data that a file meets: company, site, stock of mobile numbers, three people.
///
/// 3001 has a mobile number and the names `used3001`, `used`; 7001 has neither terminal nor
/// mobile; 7002 has a desk phone.
struct World {
    tenant: Tenant,
    snapshot: Snapshot,
}

fn dn(text: &str) -> Dn {
    Dn::parse(text).expect("digits")
}

fn mobile(text: &str) -> MobileNumber {
    MobileNumber::parse(text).expect("mobile number")
}

fn line(number: &str, tenant: TenantId, state: MobileState, owner: Option<&str>) -> Change {
    let number = mobile(number);
    Change::MobilePut(MobileLine {
        number,
        tenant,
        state,
        dn: owner.map(dn),
        requested_at: None,
        activated_at: None,
        cancelled_at: None,
    })
}

fn user(id: u128, number: &str, web_user: &str) -> User {
    User {
        id: UserId(Uuid(id)),
        tenant: TENANT,
        site: SITE,
        name: format!("氏名{number}").into(),
        furigana: "シメイ".into(),
        dn: dn(number),
        web_user: web_user.into(),
        state: UserState::Active,
        ring_time_s: 60,
        pickup_departments: Box::default(),
        former_devices: Box::default(),
        created_at: Wall(0),
        updated_at: Wall(0),
    }
}

fn device(id: u128, kind: DeviceKind, sip_id: &str, user: u128) -> Change {
    let ha1 = Ha1::of(sip_id, "demo.example", "present");
    Change::DevicePut(Device {
        id: DeviceId(Uuid(id)),
        tenant: TENANT,
        site: SITE,
        kind,
        sip_id: sip_id.into(),
        ha1_md5: ha1.md5,
        ha1_sha256: ha1.sha256,
        user: Some(UserId(Uuid(user))),
        label: Box::default(),
        srtp: SrtpPolicy::Auto,
        do_not_disturb: false,
        accepts_tones: false,
        multicast_groups: 0,
        next: None,
        login: None,
    })
}

fn site(id: u128, tenant: TenantId, domain: &str) -> Change {
    Change::SitePut(Site::new(SiteId(Uuid(id)), tenant, domain, "本社"))
}

impl World {
    fn new() -> Self {
        World::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut Tenant)) -> Self {
        use MobileState as S;
        let mut tenant = Tenant::new(TENANT, "見本商事", "demo.example", Preset::OfficeLink);
        change(&mut tenant);
        let other = Tenant::new(OTHER, "他社", "other.example", Preset::OfficeLink);
        let mut changes = vec![
            Change::TenantPut(tenant.clone()),
            Change::TenantPut(other),
            site(11, TENANT, "demo.example"),
            site(12, OTHER, "other.example"),
        ];
        for number in [
            "08012345678",
            "08012345679",
            "09011112222",
            "07033334444",
            "06055556666",
            "08022223333",
        ] {
            changes.push(line(number, TENANT, S::Unassigned, None));
        }
        changes.extend([
            line("09010000002", OTHER, S::Unassigned, None),
            line("09010000003", TENANT, S::Requested, None),
            line("09010000004", TENANT, S::Activating, None),
            line("09010000005", TENANT, S::Cancelled, None),
            Change::UserPut(user(21, "3001", "used")),
            Change::UserPut(user(22, "7001", "")),
            Change::UserPut(user(23, "7002", "desk7002")),
            device(31, DeviceKind::Mobile, "used3001", 21),
            device(33, DeviceKind::SipPhone, "phone7002", 23),
            line("09012345678", TENANT, S::Assigned, Some("3001")),
        ]);
        let snapshot = apply(&Snapshot::empty(), &changes).expect("a valid world");
        World { tenant, snapshot }
    }

    fn plan(&self, kind: Kind, mode: Mode, table: &Table) -> Plan {
        let context =
            Context { snapshot: &self.snapshot, tenant: &self.tenant, site: SITE, now: NOW, mode };
        plan(kind, table, &context, &mut Rng::from_seed([5; 32]))
    }

    fn plan_text(&self, kind: Kind, mode: Mode, text: &str) -> Plan {
        self.plan(kind, mode, &table(text))
    }

    /// The world after `plan`, which must be free of errors.
    fn after(&self, plan: &Plan) -> World {
        assert_eq!(plan.errors, [], "a plan with errors isn't applied");
        let snapshot = apply(&self.snapshot, &plan.changes).expect("accepted by the model");
        World { tenant: self.tenant.clone(), snapshot }
    }

    fn user(&self, number: &str) -> Option<&User> {
        self.snapshot.user_by_dn(TENANT, dn(number))
    }

    fn mobile_of(&self, number: &str) -> Option<String> {
        self.snapshot.mobile_of_dn(TENANT, dn(number)).map(|m| m.number.to_string())
    }

    fn state_of(&self, number: &str) -> Option<MobileState> {
        self.snapshot.mobile(mobile(number)).map(|m| m.state)
    }
}

fn table(text: &str) -> Table {
    match crate::decode(text.as_bytes(), None) {
        Ok(Content::Table(table, _)) => table,
        other => panic!("no table: {other:?}"),
    }
}

/// Findings as `line column code`, in order.
fn brief(findings: &[Finding]) -> Vec<String> {
    let column = |f: &Finding| f.column.map_or("-".to_owned(), |c| c.to_string());
    findings.iter().map(|f| format!("{} {} {}", f.line, column(f), f.reason.code())).collect()
}
