//! Groups, departments, numbers without terminals, gateways and settings of numbers.

use base::Dn;
use base::id::{DepartmentId, DeviceId, GatewayId, SiteId, TenantId, UserId, VirtualDnId};

use super::sounds::{put_spoken, take_spoken};
use super::{put_id, put_one_of, take_list};
use crate::codec::{DecodeError, Put, Take, put_socket};
use crate::{
    BoxLimits, CallerNumber, Department, Destination, DnSettings, Forward, Gateway, GatewayKind,
    HuntGroup, HuntMethod, ParkSlot, PickupGroup, ShownNumber, SiteStream, TollClass, VirtualDn,
    Waiting,
};

/// More members than any group may have; decoding reads no longer list.
const MEMBERS_MAX: usize = 4_096;

/// The kind of change of a gateway that has an account.
pub(super) const GATEWAY_WITH_ACCOUNT: u8 = 45;

/// The kind of change of settings that say nothing of outside.
pub(super) const SETTINGS: u8 = 25;

pub(super) fn put_destination(destination: Option<&Destination>, out: &mut Vec<u8>) {
    out.option(destination, |o, d| o.text(&d.text()));
}

pub(super) fn take_destination(take: &mut Take<'_>) -> Result<Option<Destination>, DecodeError> {
    let text = take.option(Take::text)?;
    let read = |text: Box<str>| Destination::parse(&text).ok_or(DecodeError::Bad("destination"));
    text.map(read).transpose()
}

fn put_forward(forward: &Forward, out: &mut Vec<u8>) {
    put_destination(forward.to.as_ref(), out);
    put_destination(forward.last.as_ref(), out);
}

fn take_forward(take: &mut Take<'_>) -> Result<Forward, DecodeError> {
    Ok(Forward { to: take_destination(take)?, last: take_destination(take)? })
}

fn put_dns(members: &[Dn], out: &mut Vec<u8>) {
    out.number(members.len() as u64);
    members.iter().for_each(|dn| out.text(&dn.text()));
}

fn put_toll(class: Option<TollClass>, out: &mut Vec<u8>) {
    out.option(class, |o, class| put_one_of(&class, &TollClass::ALL, o));
}

fn take_toll(take: &mut Take<'_>) -> Result<Option<TollClass>, DecodeError> {
    take.option(|t| t.one_of(&TollClass::ALL))
}

fn put_limits(limits: BoxLimits, out: &mut Vec<u8>) {
    for number in [limits.record_s, limits.messages_max, limits.keep_days] {
        out.number(u64::from(number));
    }
}

fn take_limits(take: &mut Take<'_>) -> Result<BoxLimits, DecodeError> {
    let (record_s, messages_max) = (take.small()?, take.small()?);
    Ok(BoxLimits { record_s, messages_max, keep_days: take.small()? })
}

pub(super) fn put_virtual(number: &VirtualDn, out: &mut Vec<u8>) {
    put_id(13, number.id.0, out);
    out.id(number.tenant.0);
    out.id(number.site.0);
    out.text(&number.dn.text());
    out.text(&number.name);
    out.text(&number.web_user);
}

pub(super) fn take_virtual(take: &mut Take<'_>) -> Result<VirtualDn, DecodeError> {
    Ok(VirtualDn {
        id: VirtualDnId(take.id()?),
        tenant: TenantId(take.id()?),
        site: SiteId(take.id()?),
        dn: take.dn()?,
        name: take.text()?,
        web_user: take.text()?,
    })
}

pub(super) fn put_department(department: &Department, out: &mut Vec<u8>) {
    put_id(15, department.id.0, out);
    out.id(department.tenant.0);
    out.id(department.site.0);
    out.text(&department.name);
    out.text(&department.dn.text());
    out.byte(department.multicast.into());
    out.number(u64::from(department.ring_s));
    out.number(department.members.len() as u64);
    department.members.iter().for_each(|id| out.id(id.0));
    out.byte(department.ring_busy.into());
    out.byte(department.ring_forwarded.into());
    put_forward(&department.all, out);
    put_destination(department.overflow.as_ref(), out);
    out.byte(department.voicemail.into());
    out.option(department.pagers.as_ref(), |o, list| {
        o.number(list.len() as u64);
        list.iter().for_each(|id| o.id(id.0));
    });
    out.number(u64::from(department.page_s));
    out.byte(department.emergency.into());
    put_limits(department.limits, out);
    put_toll(department.toll, out);
    let to = department.multicast_to.map(|at| at.to_string());
    out.option(to.as_deref(), Put::text);
    out.number(department.multicast_sites.len() as u64);
    for own in &department.multicast_sites {
        out.id(own.site.0);
        out.option(own.to, put_socket);
    }
}

pub(super) fn take_department(take: &mut Take<'_>, version: u8) -> Result<Department, DecodeError> {
    let mut department = Department {
        id: DepartmentId(take.id()?),
        tenant: TenantId(take.id()?),
        site: SiteId(take.id()?),
        name: take.text()?,
        dn: take.dn()?,
        multicast: take.flag()?,
        multicast_to: None,
        multicast_sites: Box::default(),
        ring_s: take.small()?,
        members: take_list(take, MEMBERS_MAX, |t| t.id().map(UserId))?,
        ring_busy: take.flag()?,
        ring_forwarded: take.flag()?,
        all: take_forward(take)?,
        overflow: take_destination(take)?,
        voicemail: take.flag()?,
        pagers: None,
        page_s: 180,
        emergency: false,
        limits: BoxLimits::default(),
        toll: None,
    };
    if version > 2 {
        department.pagers = take.option(|t| take_list(t, MEMBERS_MAX, |t| t.id().map(UserId)))?;
        department.page_s = take.small()?;
        department.emergency = take.flag()?;
        department.limits = take_limits(take)?;
    }
    if version > 3 {
        department.toll = take_toll(take)?;
    }
    if version > 4 {
        let to = take.option(Take::text)?;
        let to = to.map(|text| text.parse().map_err(|_| DecodeError::Bad("address")));
        department.multicast_to = to.transpose()?;
        department.multicast_sites = take_list(take, SiteStream::MAX, |t| {
            Ok(SiteStream { site: SiteId(t.id()?), to: t.option(Take::socket)? })
        })?;
    }
    Ok(department)
}

pub(super) fn put_hunt(group: &HuntGroup, out: &mut Vec<u8>) {
    put_id(17, group.tenant.0, out);
    out.number(u64::from(group.number));
    out.text(&group.name);
    out.id(group.site.0);
    put_one_of(&group.method, &HuntMethod::ALL, out);
    out.text(&group.pilot.text());
    put_dns(&group.members, out);
    out.number(u64::from(group.ring_s));
    out.number(u64::from(group.limit_s));
    out.byte(group.rounds);
    out.byte(group.follow_all.into());
    put_forward(&group.all, out);
    put_destination(group.overflow.as_ref(), out);
    out.byte(group.voicemail.into());
    put_limits(group.limits, out);
    put_toll(group.toll, out);
}

pub(super) fn take_hunt(take: &mut Take<'_>, version: u8) -> Result<HuntGroup, DecodeError> {
    Ok(HuntGroup {
        tenant: TenantId(take.id()?),
        number: take.small()?,
        name: take.text()?,
        site: SiteId(take.id()?),
        method: take.one_of(&HuntMethod::ALL)?,
        pilot: take.dn()?,
        members: take_list(take, MEMBERS_MAX, Take::dn)?,
        ring_s: take.small()?,
        limit_s: take.small()?,
        rounds: take.byte()?,
        follow_all: take.flag()?,
        all: take_forward(take)?,
        overflow: take_destination(take)?,
        voicemail: take.flag()?,
        limits: if version > 2 { take_limits(take)? } else { BoxLimits::default() },
        toll: if version > 4 { take_toll(take)? } else { None },
    })
}

pub(super) fn put_pickup(group: &PickupGroup, out: &mut Vec<u8>) {
    put_id(19, group.tenant.0, out);
    out.number(u64::from(group.number));
    out.text(&group.name);
    put_dns(&group.members, out);
}

pub(super) fn take_pickup(take: &mut Take<'_>) -> Result<PickupGroup, DecodeError> {
    Ok(PickupGroup {
        tenant: TenantId(take.id()?),
        number: take.small()?,
        name: take.text()?,
        members: take_list(take, MEMBERS_MAX, Take::dn)?,
    })
}

pub(super) fn put_slot(slot: &ParkSlot, out: &mut Vec<u8>) {
    put_id(21, slot.tenant.0, out);
    out.text(&slot.dn.text());
    out.id(slot.site.0);
}

pub(super) fn take_slot(take: &mut Take<'_>) -> Result<ParkSlot, DecodeError> {
    Ok(ParkSlot { tenant: TenantId(take.id()?), dn: take.dn()?, site: SiteId(take.id()?) })
}

pub(super) fn put_gateway(gateway: &Gateway, out: &mut Vec<u8>) {
    // Without account as it was before there were any.
    put_id(if gateway.account.is_some() { GATEWAY_WITH_ACCOUNT } else { 23 }, gateway.id.0, out);
    out.id(gateway.tenant.0);
    out.id(gateway.site.0);
    out.text(&gateway.name);
    put_one_of(&gateway.kind, &GatewayKind::ALL, out);
    out.text(&gateway.prefix);
    out.number(u64::from(gateway.channels));
    if let Some(account) = gateway.account {
        out.id(account.0);
    }
    out.byte(gateway.holds_line.into());
}

pub(super) fn take_gateway(take: &mut Take<'_>, version: u8) -> Result<Gateway, DecodeError> {
    let gateway = take_gateway_start(take)?;
    Ok(Gateway { holds_line: version > 4 && take.flag()?, ..gateway })
}

fn take_gateway_start(take: &mut Take<'_>) -> Result<Gateway, DecodeError> {
    Ok(Gateway {
        id: GatewayId(take.id()?),
        tenant: TenantId(take.id()?),
        site: SiteId(take.id()?),
        name: take.text()?,
        kind: take.one_of(&GatewayKind::ALL)?,
        prefix: take.text()?,
        channels: take.small()?,
        account: None,
        holds_line: false,
    })
}

pub(super) fn take_gateway_with_account(
    take: &mut Take<'_>,
    version: u8,
) -> Result<Gateway, DecodeError> {
    let gateway = take_gateway_start(take)?;
    let account = Some(DeviceId(take.id()?));
    Ok(Gateway { account, holds_line: version > 4 && take.flag()?, ..gateway })
}

pub(super) fn put_settings_as(kind: u8, settings: &DnSettings, out: &mut Vec<u8>) {
    put_id(kind, settings.tenant.0, out);
    out.text(&settings.dn.text());
    settings.forwards.iter().for_each(|f| put_forward(f, out));
    out.number(u64::from(settings.no_answer_s));
    out.byte(settings.voicemail.into());
    out.number(u64::from(settings.voicemail_s));
    put_one_of(&settings.waiting, &Waiting::ALL, out);
    for number in
        [settings.call_limit, settings.record_s, settings.messages_max, settings.keep_days]
    {
        out.number(u64::from(number));
    }
    put_one_of(&settings.shown, &ShownNumber::ALL, out);
    put_spoken(settings.spoken, out);
    put_toll(settings.toll, out);
}

pub(super) fn take_settings(take: &mut Take<'_>, version: u8) -> Result<DnSettings, DecodeError> {
    Ok(DnSettings {
        tenant: TenantId(take.id()?),
        dn: take.dn()?,
        forwards: [
            take_forward(take)?,
            take_forward(take)?,
            take_forward(take)?,
            take_forward(take)?,
        ],
        no_answer_s: take.small()?,
        voicemail: take.flag()?,
        voicemail_s: take.small()?,
        waiting: take.one_of(&Waiting::ALL)?,
        call_limit: take.small()?,
        record_s: take.small()?,
        messages_max: take.small()?,
        keep_days: take.small()?,
        shown: take.one_of(&ShownNumber::ALL)?,
        spoken: if version > 2 { take_spoken(take)? } else { None },
        toll: if version > 3 { take_toll(take)? } else { None },
        caller_number: CallerNumber::Line,
        hide_number: false,
    })
}
