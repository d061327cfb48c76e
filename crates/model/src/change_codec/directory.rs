//! Tenants, sites, users, terminals, mobile lines and administrators.

use base::MobileNumber;
use base::id::{AdminId, DepartmentId, DeviceId, SiteId, SoundId, TenantId, UserId};

use super::services::{put_destination, take_destination};
use super::sounds::{put_site_music, put_spoken, take_site_music, take_spoken};
use super::{put_id, put_one_of, take_list};
use crate::calendar::Calendar;
use crate::codec::{DecodeError, Put, Take};
use crate::{
    Admin, AdminState, CallTimes, Code, CodeKind, Codes, Device, DeviceKind, Ha1, HoldAgain,
    MediaPath, MobileLine, MobileState, NextSecret, Options, Outside, Preset, Site, SiteCode,
    Spoken, SrtpPolicy, Tenant, TimedLogin, TollRules, Tones, User, UserState, WebPolicy, Worded,
    emergency, wording,
};

/// Most departments that a person may pick up for, when read.
const DEPARTMENTS_MAX: usize = 65_536;

/// Most former terminals of a person, when read.
const FORMER_MAX: usize = 65_536;

pub(super) fn put_tenant(tenant: &Tenant, out: &mut Vec<u8>) {
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
    out.number(tenant.codes.iter().count() as u64);
    for (kind, code) in tenant.codes.iter() {
        put_one_of(&kind, &CodeKind::ALL, out);
        out.text(code.text());
    }
    out.number(u64::from(tenant.options.bits()));
    out.byte(tenant.announcements.into());
    out.byte(tenant.accounts_max);
    out.option(tenant.music, |o, id| o.id(id.0));
    put_one_of(&tenant.spoken, &Spoken::ALL, out);
    put_destination(tenant.stopped_to.as_ref(), out);
    out.text(&tenant.toll.text());
    out.text(&wording::text(&tenant.wording));
    out.text(&tenant.calendar.text());
    out.option(tenant.logins_end, |o, minute| o.number(u64::from(minute)));
    let CallTimes { digit_pause_ms, code_pause_ms, unanswered_s } = tenant.times;
    for time in [digit_pause_ms, code_pause_ms, unanswered_s] {
        out.number(u64::from(time));
    }
}

pub(super) fn take_tenant(take: &mut Take<'_>, version: u8) -> Result<Tenant, DecodeError> {
    let mut tenant = Tenant {
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
        codes: Codes::default(),
        options: Options::default(),
        announcements: true,
        accounts_max: 5,
        logins_end: None,
        music: None,
        spoken: Spoken::Ja,
        stopped_to: None,
        toll: TollRules::default(),
        wording: Box::default(),
        calendar: Calendar::default(),
        times: CallTimes::default(),
    };
    if version > 1 {
        tenant.codes = Codes::none();
        let codes = take_list(take, CodeKind::ALL.len(), |t| {
            Ok((t.one_of(&CodeKind::ALL)?, take_code(t)?))
        })?;
        for (kind, code) in codes {
            tenant.codes.set(kind, Some(code));
        }
        tenant.options = Options::from_bits(take.small()?);
        tenant.announcements = take.flag()?;
    }
    if version > 2 {
        tenant.accounts_max = take.byte()?;
        tenant.music = take.option(Take::id)?.map(SoundId);
        tenant.spoken = take.one_of(&Spoken::ALL)?;
    }
    if version > 3 {
        tenant.stopped_to = take_destination(take)?;
        let rules = TollRules::parse(&take.text()?);
        tenant.toll = rules.ok_or(DecodeError::Bad("toll"))?;
    }
    if version > 4 {
        tenant.wording = take_wording(take)?;
        let calendar = Calendar::parse(&take.text()?);
        tenant.calendar = calendar.ok_or(DecodeError::Bad("calendar"))?;
        tenant.logins_end = take.option(Take::small)?;
        tenant.times = CallTimes {
            digit_pause_ms: take.small()?,
            code_pause_ms: take.small()?,
            unanswered_s: take.small()?,
        };
    }
    Ok(tenant)
}

fn take_wording(take: &mut Take<'_>) -> Result<Box<[Worded]>, DecodeError> {
    wording::parse(&take.text()?).ok_or(DecodeError::Bad("wording"))
}

fn take_code(take: &mut Take<'_>) -> Result<Code, DecodeError> {
    Code::parse(&take.text()?).map_err(|_| DecodeError::Bad("code"))
}

fn put_site_code(code: SiteCode, out: &mut Vec<u8>) {
    match code {
        SiteCode::Inherit => out.byte(0),
        SiteCode::Off => out.byte(1),
        SiteCode::Own(code) => {
            out.byte(2);
            out.text(code.text());
        }
    }
}

fn take_site_code(take: &mut Take<'_>) -> Result<SiteCode, DecodeError> {
    match take.byte()? {
        0 => Ok(SiteCode::Inherit),
        1 => Ok(SiteCode::Off),
        2 => take_code(take).map(SiteCode::Own),
        _ => Err(DecodeError::Bad("variant")),
    }
}

pub(super) fn put_site(site: &Site, out: &mut Vec<u8>) {
    put_id(3, site.id.0, out);
    out.id(site.tenant.0);
    out.text(&site.domain);
    out.text(&site.name);
    put_one_of(&site.media_path, &MediaPath::ALL, out);
    out.option(site.number.as_deref(), Put::text);
    site.codes.iter().for_each(|code| put_site_code(*code, out));
    put_one_of(&site.tones, &Tones::ALL, out);
    put_one_of(&site.hold_again, &HoldAgain::ALL, out);
    put_one_of(&site.forward_outside, &Outside::ALL, out);
    put_one_of(&site.transfer_outside, &Outside::ALL, out);
    out.number(u64::from(site.park_s));
    put_destination(site.park_overflow.as_ref(), out);
    out.byte(site.voicemail_without_pin.into());
    put_site_music(site.music, out);
    put_spoken(site.spoken, out);
    out.option(site.voicemail_at, |o, dn| o.text(&dn.text()));
    out.text(&emergency::text(&site.emergency));
    out.number(u64::from(site.outside_pair_min));
    out.option(site.access_channels, |o, channels| o.number(u64::from(channels)));
    out.byte(site.has_exchange.into());
    out.text(&wording::text(&site.wording));
}

pub(super) fn take_site(take: &mut Take<'_>, version: u8) -> Result<Site, DecodeError> {
    let (id, tenant) = (SiteId(take.id()?), TenantId(take.id()?));
    let (domain, name) = (take.text()?, take.text()?);
    let mut site = Site::new(id, tenant, &domain, &name);
    site.media_path = take.one_of(&MediaPath::ALL)?;
    if version > 1 {
        site.number = take.option(Take::text)?;
        for code in &mut site.codes {
            *code = take_site_code(take)?;
        }
        site.tones = take.one_of(&Tones::ALL)?;
        site.hold_again = take.one_of(&HoldAgain::ALL)?;
        site.forward_outside = take.one_of(&Outside::ALL)?;
        site.transfer_outside = take.one_of(&Outside::ALL)?;
        site.park_s = take.small()?;
        site.park_overflow = take_destination(take)?;
        site.voicemail_without_pin = take.flag()?;
    }
    if version > 2 {
        site.music = take_site_music(take)?;
        site.spoken = take_spoken(take)?;
    }
    if version > 3 {
        site.voicemail_at = take.option(Take::dn)?;
        let routes = emergency::parse(&take.text()?);
        site.emergency = routes.ok_or(DecodeError::Bad("emergency"))?;
        site.outside_pair_min = take.small()?;
        site.access_channels = take.option(Take::small)?;
        site.has_exchange = take.flag()?;
    }
    if version > 4 {
        site.wording = take_wording(take)?;
    }
    Ok(site)
}

pub(super) fn put_user(user: &User, out: &mut Vec<u8>) {
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
    out.number(user.pickup_departments.len() as u64);
    user.pickup_departments.iter().for_each(|id| out.id(id.0));
    out.number(user.former_devices.len() as u64);
    user.former_devices.iter().for_each(|id| out.id(id.0));
}

pub(super) fn take_user(take: &mut Take<'_>, version: u8) -> Result<User, DecodeError> {
    let mut user = User {
        id: UserId(take.id()?),
        tenant: TenantId(take.id()?),
        site: SiteId(take.id()?),
        name: take.text()?,
        furigana: take.text()?,
        dn: take.dn()?,
        web_user: take.text()?,
        state: take.one_of(&UserState::ALL)?,
        ring_time_s: take.small()?,
        pickup_departments: Box::default(),
        former_devices: Box::default(),
        created_at: take.wall()?,
        updated_at: take.wall()?,
    };
    if version > 1 {
        user.pickup_departments = take_list(take, DEPARTMENTS_MAX, |t| t.id().map(DepartmentId))?;
    }
    if version > 2 {
        user.former_devices = take_list(take, FORMER_MAX, |t| t.id().map(DeviceId))?;
    }
    Ok(user)
}

pub(super) fn put_device(device: &Device, out: &mut Vec<u8>) {
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
    out.byte(device.do_not_disturb.into());
    out.byte(device.accepts_tones.into());
    out.option(device.next.as_deref(), |o, next| {
        o.extend_from_slice(&next.ha1.md5);
        o.extend_from_slice(&next.ha1.sha256);
        o.wall(next.from);
    });
    out.byte(device.multicast_groups);
    out.option(device.login.as_deref(), |o, login| {
        o.id(login.user.0);
        o.wall(login.until);
    });
}

pub(super) fn take_device(take: &mut Take<'_>, version: u8) -> Result<Device, DecodeError> {
    let mut device = Device {
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
        do_not_disturb: false,
        accepts_tones: false,
        multicast_groups: 0,
        next: None,
        login: None,
    };
    if version > 1 {
        device.do_not_disturb = take.flag()?;
        device.accepts_tones = take.flag()?;
    }
    if version > 3 {
        device.next = take.option(|t| {
            let ha1 = Ha1 { md5: t.array()?, sha256: t.array()? };
            Ok(Box::new(NextSecret { ha1, from: t.wall()? }))
        })?;
    }
    if version > 4 {
        device.multicast_groups = take.byte()?;
        device.login =
            take.option(|t| Ok(Box::new(TimedLogin { user: UserId(t.id()?), until: t.wall()? })))?;
    }
    Ok(device)
}

pub(super) fn put_mobile(line: &MobileLine, out: &mut Vec<u8>) {
    out.byte(9);
    out.text(&line.number.to_string());
    out.id(line.tenant.0);
    put_one_of(&line.state, &MobileState::ALL, out);
    out.option(line.dn, |o, dn| o.text(&dn.text()));
    out.option(line.requested_at, Put::wall);
    out.option(line.activated_at, Put::wall);
    out.option(line.cancelled_at, Put::wall);
}

pub(super) fn take_mobile(take: &mut Take<'_>) -> Result<MobileLine, DecodeError> {
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

pub(super) fn take_number(take: &mut Take<'_>) -> Result<MobileNumber, DecodeError> {
    MobileNumber::parse(&take.text()?).map_err(|_| DecodeError::Bad("mobile number"))
}

pub(super) fn put_admin(admin: &Admin, out: &mut Vec<u8>) {
    put_id(11, admin.id.0, out);
    out.id(admin.tenant.0);
    out.option(admin.site, |o, site| o.id(site.0));
    out.text(&admin.login);
    put_one_of(&admin.state, &AdminState::ALL, out);
}

pub(super) fn take_admin(take: &mut Take<'_>) -> Result<Admin, DecodeError> {
    Ok(Admin {
        id: AdminId(take.id()?),
        tenant: TenantId(take.id()?),
        site: take.option(Take::id)?.map(SiteId),
        login: take.text()?,
        state: take.one_of(&AdminState::ALL)?,
    })
}
