//! A small company that tests change.

use base::id::{
    AdminId, DepartmentId, DeviceId, GatewayId, SiteId, TenantId, UserId, Uuid, VirtualDnId,
};
use base::{Dn, MobileNumber, Wall};

use crate::apply::Staged;
use crate::deltas::Deltas;
use crate::*;

pub(crate) fn tenant_id(n: u128) -> TenantId {
    TenantId(Uuid(0x1000 + n))
}

pub(crate) fn site_id(n: u128) -> SiteId {
    SiteId(Uuid(0x2000 + n))
}

pub(crate) fn user_id(n: u128) -> UserId {
    UserId(Uuid(0x3_0000 + n))
}

pub(crate) fn device_id(n: u128) -> DeviceId {
    DeviceId(Uuid(0x5_0000 + n))
}

pub(crate) fn admin_id(n: u128) -> AdminId {
    AdminId(Uuid(0x7000 + n))
}

pub(crate) fn dn(text: &str) -> Dn {
    Dn::parse(text).expect("digits")
}

pub(crate) fn mobile_number(n: u32) -> MobileNumber {
    MobileNumber::parse(&format!("0901{n:07}")).expect("shape")
}

pub(crate) fn tenant(n: u128) -> Tenant {
    let realm = format!("t{n}.example.jp");
    Tenant::new(tenant_id(n), "株式会社例", &realm, Preset::OfficeLink)
}

pub(crate) fn site(n: u128, of: u128) -> Site {
    Site::new(site_id(n), tenant_id(of), &format!("t{n}.example.jp"), "本社")
}

pub(crate) fn user(n: u128, number: &str) -> User {
    User {
        id: user_id(n),
        tenant: tenant_id(1),
        site: site_id(1),
        name: number.into(),
        furigana: Box::default(),
        dn: dn(number),
        web_user: format!("web{n}").into(),
        state: UserState::Active,
        ring_time_s: 60,
        pickup_departments: Box::default(),
        former_devices: Box::default(),
        created_at: Wall(1_000),
        updated_at: Wall(1_000),
    }
}

pub(crate) fn device(n: u128, of: Option<u128>) -> Device {
    let ha1 = Ha1::of(&format!("sip{n}"), "t1.example.jp", "secret");
    Device {
        id: device_id(n),
        tenant: tenant_id(1),
        site: site_id(1),
        kind: DeviceKind::Mobile,
        sip_id: format!("sip{n}").into(),
        ha1_md5: ha1.md5,
        ha1_sha256: ha1.sha256,
        user: of.map(user_id),
        label: Box::default(),
        srtp: SrtpPolicy::Auto,
        do_not_disturb: false,
        accepts_tones: false,
        multicast_groups: 0,
        next: None,
        login: None,
    }
}

pub(crate) fn line(n: u32, number: Option<&str>) -> MobileLine {
    MobileLine {
        number: mobile_number(n),
        tenant: tenant_id(1),
        state: if number.is_some() { MobileState::Assigned } else { MobileState::Unassigned },
        dn: number.map(dn),
        requested_at: None,
        activated_at: Some(Wall(500)),
        cancelled_at: None,
    }
}

pub(crate) fn admin(n: u128) -> Admin {
    Admin {
        id: admin_id(n),
        tenant: tenant_id(1),
        site: None,
        login: format!("admin{n}").into(),
        state: AdminState::Active,
    }
}

pub(crate) fn virtual_id(n: u128) -> VirtualDnId {
    VirtualDnId(Uuid(0x8000 + n))
}

pub(crate) fn department_id(n: u128) -> DepartmentId {
    DepartmentId(Uuid(0x9000 + n))
}

pub(crate) fn gateway_id(n: u128) -> GatewayId {
    GatewayId(Uuid(0xa000 + n))
}

pub(crate) fn dns(numbers: &[&str]) -> Box<[Dn]> {
    numbers.iter().map(|n| dn(n)).collect()
}

pub(crate) fn virtual_dn(n: u128, number: &str) -> VirtualDn {
    VirtualDn {
        id: virtual_id(n),
        tenant: tenant_id(1),
        site: site_id(1),
        dn: dn(number),
        name: "会議室".into(),
        web_user: Box::default(),
    }
}

pub(crate) fn department(n: u128, number: &str, members: &[u128]) -> Department {
    let members = members.iter().map(|n| user_id(*n)).collect();
    Department {
        members,
        ..Department::new(department_id(n), tenant_id(1), site_id(1), "営業部", dn(number))
    }
}

pub(crate) fn hunt(number: u16, pilot: &str, members: &[&str]) -> HuntGroup {
    HuntGroup {
        members: dns(members),
        ..HuntGroup::new(tenant_id(1), number, site_id(1), dn(pilot))
    }
}

pub(crate) fn pickup(number: u16, members: &[&str]) -> PickupGroup {
    PickupGroup { tenant: tenant_id(1), number, name: Box::default(), members: dns(members) }
}

pub(crate) fn slot(number: &str) -> ParkSlot {
    ParkSlot { tenant: tenant_id(1), dn: dn(number), site: site_id(1) }
}

pub(crate) fn gateway(n: u128, prefix: &str) -> Gateway {
    Gateway {
        id: gateway_id(n),
        tenant: tenant_id(1),
        site: site_id(1),
        name: "GW".into(),
        kind: GatewayKind::VoIp,
        prefix: prefix.into(),
        channels: 4,
        account: None,
        holds_line: false,
    }
}

pub(crate) fn settings(number: &str) -> DnSettings {
    DnSettings::new(tenant_id(1), dn(number))
}

/// The outcome of `changes` whatever rules they break.
pub(crate) fn unchecked(before: &Snapshot, changes: &[Change]) -> Snapshot {
    let staged = Staged::from(changes.iter().cloned());
    Deltas::between(before, &staged, &mut Vec::new()).patch(before)
}

/// Tenant 1 with a site, an administrator, users 2001 and 2002 with a terminal and a line each.
pub(crate) fn company() -> Snapshot {
    let changes = [
        Change::TenantPut(tenant(1)),
        Change::SitePut(site(1, 1)),
        Change::AdminPut(admin(1)),
        Change::UserPut(user(1, "2001")),
        Change::UserPut(user(2, "2002")),
        Change::DevicePut(device(1, Some(1))),
        Change::DevicePut(device(2, Some(2))),
        Change::MobilePut(line(1, Some("2001"))),
        Change::MobilePut(line(2, Some("2002"))),
        Change::MobilePut(line(3, None)),
    ];
    apply(&Snapshot::empty(), &changes).expect("a lawful company")
}
