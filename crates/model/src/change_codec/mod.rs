//! Byte form of changes, for undo records and for the journal. Passwords are left out.

mod directory;
mod lines;
mod services;
mod sounds;

use base::Uuid;
use base::id::{
    AdminId, DepartmentId, DeviceId, GatewayId, LineId, SiteId, SoundId, TenantId, UserId,
    VirtualDnId,
};

use crate::Change;
use crate::codec::{DecodeError, Put, Take};
use directory::{
    put_admin, put_device, put_mobile, put_site, put_tenant, put_user, take_admin, take_device,
    take_mobile, take_number, take_site, take_tenant, take_user,
};
use lines::{
    LINE, LINE_DELETE, RECEPTION, RECEPTION_DELETE, SETTINGS_OUTSIDE, put_all_settings, put_line,
    put_reception, take_all_settings, take_line, take_reception,
};
use services::{
    GATEWAY_WITH_ACCOUNT, SETTINGS, put_department, put_gateway, put_hunt, put_pickup, put_slot,
    put_virtual, take_department, take_gateway, take_gateway_with_account, take_hunt, take_pickup,
    take_settings, take_slot, take_virtual,
};
use sounds::{put_sound, take_sound};

/// Version of the form that [`encode_changes`] writes. Version 1 had neither codes, options and
/// announcements of tenants, nor settings of sites but the first, nor pickup rights of users, nor
/// the switches of terminals; version 2 had neither pages of departments, the most terminals of a
/// person, the former terminals of a stopped one, music, languages nor limits of groups'
/// mailboxes; version 3 had neither a destination of calls to stopped users, nor secrets that
/// become valid later, nor numbers that open mailboxes, nor emergency calls, access lines or toll
/// classes; version 4 had neither own words nor multicast addresses; they are read as their
/// defaults.
const VERSION: u8 = 5;

/// The oldest version that is read.
const OLDEST: u8 = 1;

/// Encodes changes in order. [`Change::Password`] is skipped: its text must not be stored.
pub fn encode_changes(changes: &[Change]) -> Vec<u8> {
    let kept = || changes.iter().filter(|c| !matches!(c, Change::Password(_)));
    let mut out = vec![VERSION];
    out.number(kept().count() as u64);
    for change in kept() {
        encode(change, &mut out);
    }
    out
}

/// Reads what [`encode_changes`] wrote, in this release or the last one.
pub fn decode_changes(bytes: &[u8]) -> Result<Vec<Change>, DecodeError> {
    let mut take = Take::new(bytes);
    let version = take.byte()?;
    if !(OLDEST..=VERSION).contains(&version) {
        return Err(DecodeError::Version(version));
    }
    let count: usize = take.small()?;
    let mut out = Vec::new();
    for _ in 0..count {
        out.push(decode(&mut take, version)?);
    }
    if take.is_empty() { Ok(out) } else { Err(DecodeError::Bad("end")) }
}

fn encode(change: &Change, out: &mut Vec<u8>) {
    match change {
        Change::TenantPut(tenant) => put_tenant(tenant, out),
        Change::TenantDelete(id) => put_id(2, id.0, out),
        Change::SitePut(site) => put_site(site, out),
        Change::SiteDelete(id) => put_id(4, id.0, out),
        Change::UserPut(user) => put_user(user, out),
        Change::UserDelete(id) => put_id(6, id.0, out),
        Change::DevicePut(device) => put_device(device, out),
        Change::DeviceDelete(id) => put_id(8, id.0, out),
        Change::MobilePut(line) => put_mobile(line, out),
        Change::MobileDelete(number) => {
            out.byte(10);
            out.text(&number.to_string());
        }
        Change::AdminPut(admin) => put_admin(admin, out),
        Change::AdminDelete(id) => put_id(12, id.0, out),
        Change::VirtualDnPut(number) => put_virtual(number, out),
        Change::VirtualDnDelete(id) => put_id(14, id.0, out),
        Change::DepartmentPut(department) => put_department(department, out),
        Change::DepartmentDelete(id) => put_id(16, id.0, out),
        Change::HuntPut(group) => put_hunt(group, out),
        Change::HuntDelete { tenant, number } => {
            put_id(18, tenant.0, out);
            out.number(u64::from(*number));
        }
        Change::PickupPut(group) => put_pickup(group, out),
        Change::PickupDelete { tenant, number } => {
            put_id(20, tenant.0, out);
            out.number(u64::from(*number));
        }
        Change::ParkSlotPut(slot) => put_slot(slot, out),
        Change::ParkSlotDelete { tenant, dn } => {
            put_id(22, tenant.0, out);
            out.text(&dn.text());
        }
        Change::GatewayPut(gateway) => put_gateway(gateway, out),
        Change::GatewayDelete(id) => put_id(24, id.0, out),
        Change::DnSettingsPut(settings) => put_all_settings(settings, out),
        Change::DnSettingsDelete { tenant, dn } => {
            put_id(26, tenant.0, out);
            out.text(&dn.text());
        }
        Change::SoundPut(sound) => put_sound(sound, out),
        Change::SoundDelete(id) => put_id(42, id.0, out),
        Change::LinePut(line) => put_line(line, out),
        Change::LineDelete(id) => put_id(LINE_DELETE, id.0, out),
        Change::ReceptionPut(reception) => put_reception(reception, out),
        Change::ReceptionDelete(site) => put_id(RECEPTION_DELETE, site.0, out),
        Change::Password(_) => {}
    }
}

fn decode(take: &mut Take<'_>, version: u8) -> Result<Change, DecodeError> {
    Ok(match take.byte()? {
        1 => Change::TenantPut(take_tenant(take, version)?),
        2 => Change::TenantDelete(TenantId(take.id()?)),
        3 => Change::SitePut(take_site(take, version)?),
        4 => Change::SiteDelete(SiteId(take.id()?)),
        5 => Change::UserPut(take_user(take, version)?),
        6 => Change::UserDelete(UserId(take.id()?)),
        7 => Change::DevicePut(take_device(take, version)?),
        8 => Change::DeviceDelete(DeviceId(take.id()?)),
        9 => Change::MobilePut(take_mobile(take)?),
        10 => Change::MobileDelete(take_number(take)?),
        11 => Change::AdminPut(take_admin(take)?),
        12 => Change::AdminDelete(AdminId(take.id()?)),
        13 => Change::VirtualDnPut(take_virtual(take)?),
        14 => Change::VirtualDnDelete(VirtualDnId(take.id()?)),
        15 => Change::DepartmentPut(take_department(take, version)?),
        16 => Change::DepartmentDelete(DepartmentId(take.id()?)),
        17 => Change::HuntPut(take_hunt(take, version)?),
        18 => Change::HuntDelete { tenant: TenantId(take.id()?), number: take.small()? },
        19 => Change::PickupPut(take_pickup(take)?),
        20 => Change::PickupDelete { tenant: TenantId(take.id()?), number: take.small()? },
        21 => Change::ParkSlotPut(take_slot(take)?),
        22 => Change::ParkSlotDelete { tenant: TenantId(take.id()?), dn: take.dn()? },
        23 => Change::GatewayPut(take_gateway(take)?),
        GATEWAY_WITH_ACCOUNT => Change::GatewayPut(take_gateway_with_account(take)?),
        24 => Change::GatewayDelete(GatewayId(take.id()?)),
        SETTINGS => Change::DnSettingsPut(take_settings(take, version)?),
        SETTINGS_OUTSIDE => Change::DnSettingsPut(take_all_settings(take, version)?),
        26 => Change::DnSettingsDelete { tenant: TenantId(take.id()?), dn: take.dn()? },
        41 => Change::SoundPut(take_sound(take)?),
        42 => Change::SoundDelete(SoundId(take.id()?)),
        LINE => Change::LinePut(take_line(take)?),
        LINE_DELETE => Change::LineDelete(LineId(take.id()?)),
        RECEPTION => Change::ReceptionPut(take_reception(take)?),
        RECEPTION_DELETE => Change::ReceptionDelete(SiteId(take.id()?)),
        _ => return Err(DecodeError::Bad("kind of change")),
    })
}

fn put_id(tag: u8, id: Uuid, out: &mut Vec<u8>) {
    out.byte(tag);
    out.id(id);
}

/// Index of `value` in `all`; every variant is listed.
fn put_one_of<T: PartialEq>(value: &T, all: &[T], out: &mut Vec<u8>) {
    out.byte(all.iter().position(|v| v == value).unwrap_or(0) as u8);
}

/// A list of at most `max` values.
fn take_list<'a, T>(
    take: &mut Take<'a>,
    max: usize,
    one: impl Fn(&mut Take<'a>) -> Result<T, DecodeError>,
) -> Result<Box<[T]>, DecodeError> {
    let count: usize = take.small()?;
    if count > max {
        return Err(DecodeError::Bad("list"));
    }
    (0..count).map(|_| one(take)).collect()
}
