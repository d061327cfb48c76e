//! ピックアップグループ as rows; the members are one column, their numbers in order.

use base::id::TenantId;
use model::{Change, PickupGroup};
use sqlx::sqlite::SqliteRow;

use super::{Columns, dns_text};
use crate::error::DbError;
use crate::rows::Rows;

pub(crate) const LOAD: &str = "SELECT tenant, number, name, members FROM pickup_group";
pub(crate) static PUT: Rows =
    Rows::new("INSERT INTO pickup_group (tenant, number, name, members) VALUES", 4, "");
pub(crate) static DELETE: Rows =
    Rows::new("DELETE FROM pickup_group WHERE (tenant, number) IN (VALUES", 2, ")");

pub(crate) fn read(row: &SqliteRow) -> Result<Change, DbError> {
    let mut c = Columns::of(row);
    Ok(Change::PickupPut(PickupGroup {
        tenant: TenantId(c.id()?),
        number: c.small()?,
        name: c.text()?.into(),
        members: c.dns()?,
    }))
}

pub(crate) async fn put(
    conn: &mut sqlx::SqliteConnection,
    groups: &[&PickupGroup],
) -> Result<(), DbError> {
    PUT.run(conn, groups, |p, args| {
        args.id(p.tenant.0);
        args.add(i64::from(p.number));
        args.add(&*p.name);
        args.add(dns_text(&p.members));
    })
    .await
}
