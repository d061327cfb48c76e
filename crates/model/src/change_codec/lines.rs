//! Lines, and how sites receive their calls.

use base::id::{GatewayId, LineId, SiteId, TenantId, UserId};

use super::services::{SETTINGS, put_settings_as, take_settings};
use super::{put_id, put_one_of, take_list};
use crate::codec::{DecodeError, Put, Take};
use crate::{
    CallerNumber, DnSettings, Hours, Inbound, Line, LineTarget, NightSwitch, Receive, Reception,
};

/// Kinds of change.
pub(super) const LINE: u8 = 60;
pub(super) const LINE_DELETE: u8 = 61;
pub(super) const RECEPTION: u8 = 62;
pub(super) const RECEPTION_DELETE: u8 = 63;
/// Settings of a number that say what those outside see.
pub(super) const SETTINGS_OUTSIDE: u8 = 64;

/// More people than any line names; decoding reads no longer list.
const USERS_MAX: usize = 65_536;

fn put_users(users: &[UserId], out: &mut Vec<u8>) {
    out.number(users.len() as u64);
    users.iter().for_each(|user| out.id(user.0));
}

fn take_users(take: &mut Take<'_>) -> Result<Box<[UserId]>, DecodeError> {
    take_list(take, USERS_MAX, |t| t.id().map(UserId))
}

fn take_inbound(take: &mut Take<'_>) -> Result<Inbound, DecodeError> {
    Inbound::parse(&take.text()?).ok_or(DecodeError::Bad("inbound"))
}

pub(super) fn put_line(line: &Line, out: &mut Vec<u8>) {
    put_id(LINE, line.id.0, out);
    out.id(line.tenant.0);
    out.text(&line.code.text());
    out.text(&line.name);
    out.text(&line.number.text());
    out.id(line.gateway.0);
    out.option(line.prefix.as_deref(), Put::text);
    out.option(line.reserve, |o, id| o.id(id.0));
    put_one_of(&line.receive, &Receive::ALL, out);
    for users in [&line.receivers, &line.callers, &line.initial_of] {
        put_users(users, out);
    }
    out.byte(line.common.into());
    out.text(&line.day.text());
    out.option(line.night, |o, inbound| o.text(&inbound.text()));
}

pub(super) fn take_line(take: &mut Take<'_>) -> Result<Line, DecodeError> {
    Ok(Line {
        id: LineId(take.id()?),
        tenant: TenantId(take.id()?),
        code: take.dn()?,
        name: take.text()?,
        number: take.dn()?,
        gateway: GatewayId(take.id()?),
        prefix: take.option(Take::text)?,
        reserve: take.option(Take::id)?.map(LineId),
        receive: take.one_of(&Receive::ALL)?,
        receivers: take_users(take)?,
        callers: take_users(take)?,
        initial_of: take_users(take)?,
        common: take.flag()?,
        day: take_inbound(take)?,
        night: take.option(take_inbound)?,
    })
}

pub(super) fn put_reception(reception: &Reception, out: &mut Vec<u8>) {
    put_id(RECEPTION, reception.site.0, out);
    out.id(reception.tenant.0);
    put_one_of(&reception.switch, &NightSwitch::ALL, out);
    out.option(reception.hours.as_ref(), |o, hours| {
        o.text(&hours.week_text());
        o.text(&hours.holidays_text());
    });
    out.option(reception.unknown, |o, to| o.text(&to.text()));
    out.option(reception.group, |o, dn| o.text(&dn.text()));
}

pub(super) fn take_reception(take: &mut Take<'_>, version: u8) -> Result<Reception, DecodeError> {
    let site = SiteId(take.id()?);
    let tenant = TenantId(take.id()?);
    let switch = take.one_of(&NightSwitch::ALL)?;
    let hours = take.option(|t| {
        let (week, holidays) = (t.text()?, t.text()?);
        Hours::parse(&week, &holidays).ok_or(DecodeError::Bad("hours"))
    })?;
    let target = |text: Box<str>| LineTarget::parse(&text).ok_or(DecodeError::Bad("inbound"));
    let unknown = take.option(Take::text)?.map(target).transpose()?;
    let group = if version > 4 { take.option(Take::dn)? } else { None };
    Ok(Reception { tenant, site, switch, hours, unknown, group })
}

/// Settings that say nothing of outside have the form that they had before.
pub(super) fn put_all_settings(settings: &DnSettings, out: &mut Vec<u8>) {
    if settings.caller_number == CallerNumber::Line && !settings.hide_number {
        return put_settings_as(SETTINGS, settings, out);
    }
    put_settings_as(SETTINGS_OUTSIDE, settings, out);
    put_one_of(&settings.caller_number, &CallerNumber::ALL, out);
    out.byte(settings.hide_number.into());
}

pub(super) fn take_all_settings(
    take: &mut Take<'_>,
    version: u8,
) -> Result<DnSettings, DecodeError> {
    let settings = take_settings(take, version)?;
    let caller_number = take.one_of(&CallerNumber::ALL)?;
    Ok(DnSettings { caller_number, hide_number: take.flag()?, ..settings })
}
