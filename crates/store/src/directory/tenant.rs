//! 契約企業 as rows.

use base::id::TenantId;
use model::{Change, Preset, Tenant, WebPolicy};
use sqlx::sqlite::SqliteRow;

use super::{Columns, number_of};
use crate::error::DbError;
use crate::rows::Rows;

pub(crate) const LOAD: &str = "SELECT id, name, realm, preset, sip_secret_compat, quota,
    is_default, web_policy, unlock_min, reminder_days, retention_days FROM tenant";
pub(crate) static PUT: Rows = Rows::new(
    "INSERT INTO tenant (id, name, realm, preset, sip_secret_compat, quota,
     is_default, web_policy, unlock_min, reminder_days, retention_days) VALUES",
    11,
    "",
);
pub(crate) static DELETE: Rows = Rows::new("DELETE FROM tenant WHERE (id) IN (VALUES", 1, ")");

pub(crate) fn read(row: &SqliteRow) -> Result<Change, DbError> {
    let mut c = Columns::of(row);
    Ok(Change::TenantPut(Tenant {
        id: TenantId(c.id()?),
        name: c.text()?.into(),
        realm: c.text()?.into(),
        preset: c.one_of(&Preset::ALL)?,
        sip_secret_compat: c.flag()?,
        quota: c.small_option()?,
        is_default: c.flag()?,
        web_policy: c.one_of(&WebPolicy::ALL)?,
        unlock_min: c.small_option()?,
        reminder_days: c.small()?,
        retention_days: c.small()?,
    }))
}

pub(crate) async fn put(
    conn: &mut sqlx::SqliteConnection,
    tenants: &[&Tenant],
) -> Result<(), DbError> {
    PUT.run(conn, tenants, |t, args| {
        args.id(t.id.0);
        args.add(&*t.name);
        args.add(&*t.realm);
        args.add(number_of(&t.preset, &Preset::ALL));
        args.add(i64::from(t.sip_secret_compat));
        args.add(t.quota.map(i64::from));
        args.add(i64::from(t.is_default));
        args.add(number_of(&t.web_policy, &WebPolicy::ALL));
        args.add(t.unlock_min.map(i64::from));
        args.add(i64::from(t.reminder_days));
        args.add(i64::from(t.retention_days));
    })
    .await
}
