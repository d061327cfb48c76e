//! Byte form of changes, for undo records and for the journal. Passwords are left out.

use base::MobileNumber;
use base::id::{AdminId, DeviceId, SiteId, TenantId, UserId};

use crate::codec::{DecodeError, Put, Take};
use crate::{
    Admin, AdminState, Change, Device, DeviceKind, MediaPath, MobileLine, MobileState, Preset,
    Site, SrtpPolicy, Tenant, User, UserState, WebPolicy,
};

const VERSION: u8 = 1;

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

/// Reads what [`encode_changes`] wrote.
pub fn decode_changes(bytes: &[u8]) -> Result<Vec<Change>, DecodeError> {
    let mut take = Take::new(bytes);
    let version = take.byte()?;
    if version != VERSION {
        return Err(DecodeError::Version(version));
    }
    let count: usize = take.small()?;
    let mut out = Vec::new();
    for _ in 0..count {
        out.push(decode(&mut take)?);
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
        Change::Password(_) => {}
    }
}

fn decode(take: &mut Take<'_>) -> Result<Change, DecodeError> {
    Ok(match take.byte()? {
        1 => Change::TenantPut(take_tenant(take)?),
        2 => Change::TenantDelete(TenantId(take.id()?)),
        3 => Change::SitePut(take_site(take)?),
        4 => Change::SiteDelete(SiteId(take.id()?)),
        5 => Change::UserPut(take_user(take)?),
        6 => Change::UserDelete(UserId(take.id()?)),
        7 => Change::DevicePut(take_device(take)?),
        8 => Change::DeviceDelete(DeviceId(take.id()?)),
        9 => Change::MobilePut(take_mobile(take)?),
        10 => Change::MobileDelete(take_number(take)?),
        11 => Change::AdminPut(take_admin(take)?),
        12 => Change::AdminDelete(AdminId(take.id()?)),
        _ => return Err(DecodeError::Bad("kind of change")),
    })
}

fn put_id(tag: u8, id: base::Uuid, out: &mut Vec<u8>) {
    out.byte(tag);
    out.id(id);
}

/// Index of `value` in `all`; every variant is listed.
fn put_one_of<T: PartialEq>(value: &T, all: &[T], out: &mut Vec<u8>) {
    out.byte(all.iter().position(|v| v == value).unwrap_or(0) as u8);
}

fn put_tenant(tenant: &Tenant, out: &mut Vec<u8>) {
    put_id(1, tenant.id.0, out);
    out.text(&tenant.name);
    out.text(&tenant.realm);
    put_one_of(&tenant.preset, &Preset::ALL, out);
    out.byte(tenant.sip_secret_compat.into());
    out.option(tenant.quota, |o, quota| o.number(u64::from(quota)));
    out.byte(tenant.is_default.into());
    put_one_of(&tenant.web_policy, &WebPolicy::ALL, out);
    out.option(tenant.unlock_min, |o, minutes| o.number(u64::from(minutes)));
    out.number(u64::from(tenant.reminder_days));
    out.number(u64::from(tenant.retention_days));
}

fn take_tenant(take: &mut Take<'_>) -> Result<Tenant, DecodeError> {
    Ok(Tenant {
        id: TenantId(take.id()?),
        name: take.text()?,
        realm: take.text()?,
        preset: take.one_of(&Preset::ALL)?,
        sip_secret_compat: take.flag()?,
        quota: take.option(Take::small)?,
        is_default: take.flag()?,
        web_policy: take.one_of(&WebPolicy::ALL)?,
        unlock_min: take.option(Take::small)?,
        reminder_days: take.small()?,
        retention_days: take.small()?,
    })
}

fn put_site(site: &Site, out: &mut Vec<u8>) {
    put_id(3, site.id.0, out);
    out.id(site.tenant.0);
    out.text(&site.domain);
    out.text(&site.name);
    put_one_of(&site.media_path, &MediaPath::ALL, out);
}

fn take_site(take: &mut Take<'_>) -> Result<Site, DecodeError> {
    Ok(Site {
        id: SiteId(take.id()?),
        tenant: TenantId(take.id()?),
        domain: take.text()?,
        name: take.text()?,
        media_path: take.one_of(&MediaPath::ALL)?,
    })
}

fn put_user(user: &User, out: &mut Vec<u8>) {
    put_id(5, user.id.0, out);
    out.id(user.tenant.0);
    out.id(user.site.0);
    out.text(&user.name);
    out.text(&user.furigana);
    out.text(&user.dn.text());
    out.text(&user.web_user);
    put_one_of(&user.state, &UserState::ALL, out);
    out.number(u64::from(user.ring_time_s));
    out.wall(user.created_at);
    out.wall(user.updated_at);
}

fn take_user(take: &mut Take<'_>) -> Result<User, DecodeError> {
    Ok(User {
        id: UserId(take.id()?),
        tenant: TenantId(take.id()?),
        site: SiteId(take.id()?),
        name: take.text()?,
        furigana: take.text()?,
        dn: take.dn()?,
        web_user: take.text()?,
        state: take.one_of(&UserState::ALL)?,
        ring_time_s: take.small()?,
        created_at: take.wall()?,
        updated_at: take.wall()?,
    })
}

fn put_device(device: &Device, out: &mut Vec<u8>) {
    put_id(7, device.id.0, out);
    out.id(device.tenant.0);
    out.id(device.site.0);
    put_one_of(&device.kind, &DeviceKind::ALL, out);
    out.text(&device.sip_id);
    out.extend_from_slice(&device.ha1_md5);
    out.extend_from_slice(&device.ha1_sha256);
    out.option(device.user, |o, user| o.id(user.0));
    out.text(&device.label);
    put_one_of(&device.srtp, &SrtpPolicy::ALL, out);
}

fn take_device(take: &mut Take<'_>) -> Result<Device, DecodeError> {
    Ok(Device {
        id: DeviceId(take.id()?),
        tenant: TenantId(take.id()?),
        site: SiteId(take.id()?),
        kind: take.one_of(&DeviceKind::ALL)?,
        sip_id: take.text()?,
        ha1_md5: take.array()?,
        ha1_sha256: take.array()?,
        user: take.option(Take::id)?.map(UserId),
        label: take.text()?,
        srtp: take.one_of(&SrtpPolicy::ALL)?,
    })
}

fn put_mobile(line: &MobileLine, out: &mut Vec<u8>) {
    out.byte(9);
    out.text(&line.number.to_string());
    out.id(line.tenant.0);
    put_one_of(&line.state, &MobileState::ALL, out);
    out.option(line.dn, |o, dn| o.text(&dn.text()));
    out.option(line.requested_at, Put::wall);
    out.option(line.activated_at, Put::wall);
    out.option(line.cancelled_at, Put::wall);
}

fn take_mobile(take: &mut Take<'_>) -> Result<MobileLine, DecodeError> {
    Ok(MobileLine {
        number: take_number(take)?,
        tenant: TenantId(take.id()?),
        state: take.one_of(&MobileState::ALL)?,
        dn: take.option(Take::dn)?,
        requested_at: take.option(Take::wall)?,
        activated_at: take.option(Take::wall)?,
        cancelled_at: take.option(Take::wall)?,
    })
}

fn take_number(take: &mut Take<'_>) -> Result<MobileNumber, DecodeError> {
    MobileNumber::parse(&take.text()?).map_err(|_| DecodeError::Bad("mobile number"))
}

fn put_admin(admin: &Admin, out: &mut Vec<u8>) {
    put_id(11, admin.id.0, out);
    out.id(admin.tenant.0);
    out.option(admin.site, |o, site| o.id(site.0));
    out.text(&admin.login);
    put_one_of(&admin.state, &AdminState::ALL, out);
}

fn take_admin(take: &mut Take<'_>) -> Result<Admin, DecodeError> {
    Ok(Admin {
        id: AdminId(take.id()?),
        tenant: TenantId(take.id()?),
        site: take.option(Take::id)?.map(SiteId),
        login: take.text()?,
        state: take.one_of(&AdminState::ALL)?,
    })
}
