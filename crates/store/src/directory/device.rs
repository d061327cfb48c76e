//! アカウント as rows; HA1 values are sealed, bound to tenant and device (SEC-10).

use base::id::{DeviceId, SiteId, TenantId, UserId};
use model::{Change, Device, DeviceKind, Ha1, NextSecret, SrtpPolicy, TimedLogin};
use sqlx::sqlite::SqliteRow;

use super::{Columns, number_of};
use crate::crypt::Keys;
use crate::error::DbError;
use crate::rows::Rows;

pub(crate) const LOAD: &str = "SELECT tenant, id, site, kind, sip_id, ha1, person, label, srtp,
    do_not_disturb, accepts_tones, next_ha1, next_from, multicast_groups,
    login_user, login_until FROM device";
pub(crate) static PUT: Rows = Rows::new(
    "INSERT INTO device (tenant, id, site, kind, sip_id, sip_key, ha1, person, label, srtp,
     do_not_disturb, accepts_tones, next_ha1, next_from, multicast_groups,
     login_user, login_until) VALUES",
    17,
    "",
);
pub(crate) static DELETE: Rows =
    Rows::new("DELETE FROM device WHERE (tenant, id) IN (VALUES", 2, ")");

/// Word of the secret that is valid, and of the one that waits.
const VALID: &[u8; 4] = b"ha1\0";
const NEXT: &[u8; 4] = b"next";

/// Where a sealed HA1 belongs: it opens nowhere else.
fn place(word: &[u8; 4], tenant: TenantId, device: DeviceId) -> [u8; 36] {
    let mut out = [0; 36];
    let parts = word.iter().copied().chain(tenant.0.bytes()).chain(device.0.bytes());
    out.iter_mut().zip(parts).for_each(|(slot, byte)| *slot = byte);
    out
}

pub(crate) fn read(keys: &Keys, row: &SqliteRow) -> Result<Change, DbError> {
    let mut c = Columns::of(row);
    let (tenant, id) = (TenantId(c.id()?), DeviceId(c.id()?));
    let (site, kind) = (SiteId(c.id()?), c.one_of(&DeviceKind::ALL)?);
    let sip_id = c.text()?.into();
    let unseal = |word, blob: &[u8]| {
        let ha1 = keys.open(&place(word, tenant, id), blob);
        ha1.and_then(|ha1| split(&ha1)).ok_or(DbError::corrupt("SIP secret"))
    };
    let ha1 = unseal(VALID, c.blob()?)?;
    let mut device = Device {
        id,
        tenant,
        site,
        kind,
        sip_id,
        ha1_md5: ha1.md5,
        ha1_sha256: ha1.sha256,
        user: c.id_option()?.map(UserId),
        label: c.text()?.into(),
        srtp: c.one_of(&SrtpPolicy::ALL)?,
        do_not_disturb: c.flag()?,
        accepts_tones: c.flag()?,
        multicast_groups: 0,
        next: None,
        login: None,
    };
    let next = c.blob_option()?.map(|blob| unseal(NEXT, blob)).transpose()?;
    let from = c.wall_option()?;
    device.multicast_groups = c.small()?;
    let login = c.id_option()?.zip(c.wall_option()?);
    device.login = login.map(|(user, until)| Box::new(TimedLogin { user: UserId(user), until }));
    device.next = next.zip(from).map(|(ha1, from)| Box::new(NextSecret { ha1, from }));
    Ok(Change::DevicePut(device))
}

fn split(ha1: &[u8]) -> Option<Ha1> {
    let (md5, sha256) = ha1.split_at_checked(16)?;
    Some(Ha1 { md5: md5.try_into().ok()?, sha256: sha256.try_into().ok()? })
}

fn joined(ha1: &Ha1) -> [u8; 48] {
    let mut out = [0; 48];
    let parts = ha1.md5.iter().chain(&ha1.sha256);
    out.iter_mut().zip(parts).for_each(|(slot, byte)| *slot = *byte);
    out
}

pub(crate) async fn put(
    conn: &mut sqlx::SqliteConnection,
    keys: &Keys,
    devices: &[&Device],
) -> Result<(), DbError> {
    PUT.run(conn, devices, |d, args| {
        let sealed = |word, ha1: &Ha1| keys.seal(&place(word, d.tenant, d.id), &joined(ha1));
        args.id(d.tenant.0);
        args.id(d.id.0);
        args.id(d.site.0);
        args.add(number_of(&d.kind, &DeviceKind::ALL));
        args.add(&*d.sip_id);
        args.add(d.sip_id.to_ascii_lowercase());
        args.add(sealed(VALID, &d.ha1()));
        args.id_option(d.user.map(|u| u.0));
        args.add(&*d.label);
        args.add(number_of(&d.srtp, &SrtpPolicy::ALL));
        args.add(i64::from(d.do_not_disturb));
        args.add(i64::from(d.accepts_tones));
        args.add(d.next.as_ref().map(|next| sealed(NEXT, &next.ha1)));
        args.add(d.next.as_ref().map(|next| next.from.0));
        args.add(i64::from(d.multicast_groups));
        args.id_option(d.login.as_ref().map(|login| login.user.0));
        args.add(d.login.as_ref().map(|login| login.until.0));
    })
    .await
}
