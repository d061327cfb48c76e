//! アカウント as rows; HA1 values are sealed, bound to tenant and device (SEC-10).

use base::id::{DeviceId, SiteId, TenantId, UserId};
use model::{Change, Device, DeviceKind, SrtpPolicy};
use sqlx::sqlite::SqliteRow;

use super::{Columns, number_of};
use crate::crypt::Keys;
use crate::error::DbError;
use crate::rows::Rows;

pub(crate) const LOAD: &str = "SELECT tenant, id, site, kind, sip_id, ha1, person, label, srtp,
    do_not_disturb, accepts_tones FROM device";
pub(crate) static PUT: Rows = Rows::new(
    "INSERT INTO device (tenant, id, site, kind, sip_id, sip_key, ha1, person, label, srtp,
     do_not_disturb, accepts_tones) VALUES",
    12,
    "",
);
pub(crate) static DELETE: Rows =
    Rows::new("DELETE FROM device WHERE (tenant, id) IN (VALUES", 2, ")");

/// Where a sealed HA1 belongs: it opens nowhere else.
fn place(tenant: TenantId, device: DeviceId) -> [u8; 36] {
    let mut out = [0; 36];
    let parts = b"ha1\0".iter().copied().chain(tenant.0.bytes()).chain(device.0.bytes());
    out.iter_mut().zip(parts).for_each(|(slot, byte)| *slot = byte);
    out
}

pub(crate) fn read(keys: &Keys, row: &SqliteRow) -> Result<Change, DbError> {
    let mut c = Columns::of(row);
    let (tenant, id) = (TenantId(c.id()?), DeviceId(c.id()?));
    let (site, kind) = (SiteId(c.id()?), c.one_of(&DeviceKind::ALL)?);
    let sip_id = c.text()?.into();
    let ha1 = keys.open(&place(tenant, id), c.blob()?).ok_or(DbError::corrupt("SIP secret"))?;
    let (md5, sha256) = ha1.split_at_checked(16).ok_or(DbError::corrupt("SIP secret"))?;
    Ok(Change::DevicePut(Device {
        id,
        tenant,
        site,
        kind,
        sip_id,
        ha1_md5: md5.try_into().map_err(|_| DbError::corrupt("SIP secret"))?,
        ha1_sha256: sha256.try_into().map_err(|_| DbError::corrupt("SIP secret"))?,
        user: c.id_option()?.map(UserId),
        label: c.text()?.into(),
        srtp: c.one_of(&SrtpPolicy::ALL)?,
        do_not_disturb: c.flag()?,
        accepts_tones: c.flag()?,
    }))
}

pub(crate) async fn put(
    conn: &mut sqlx::SqliteConnection,
    keys: &Keys,
    devices: &[&Device],
) -> Result<(), DbError> {
    PUT.run(conn, devices, |d, args| {
        let mut ha1 = [0; 48];
        let parts = d.ha1_md5.iter().chain(&d.ha1_sha256);
        ha1.iter_mut().zip(parts).for_each(|(slot, byte)| *slot = *byte);
        args.id(d.tenant.0);
        args.id(d.id.0);
        args.id(d.site.0);
        args.add(number_of(&d.kind, &DeviceKind::ALL));
        args.add(&*d.sip_id);
        args.add(d.sip_id.to_ascii_lowercase());
        args.add(keys.seal(&place(d.tenant, d.id), &ha1));
        args.id_option(d.user.map(|u| u.0));
        args.add(&*d.label);
        args.add(number_of(&d.srtp, &SrtpPolicy::ALL));
        args.add(i64::from(d.do_not_disturb));
        args.add(i64::from(d.accepts_tones));
    })
    .await
}
