//! Park slots as rows.

use base::id::{SiteId, TenantId};
use model::{Change, ParkSlot};
use sqlx::sqlite::SqliteRow;

use super::Columns;
use crate::error::DbError;
use crate::rows::Rows;

pub(crate) const LOAD: &str = "SELECT tenant, dn, site FROM park_slot";
pub(crate) static PUT: Rows = Rows::new("INSERT INTO park_slot (tenant, dn, site) VALUES", 3, "");
pub(crate) static DELETE: Rows =
    Rows::new("DELETE FROM park_slot WHERE (tenant, dn) IN (VALUES", 2, ")");

pub(crate) fn read(row: &SqliteRow) -> Result<Change, DbError> {
    let mut c = Columns::of(row);
    Ok(Change::ParkSlotPut(ParkSlot {
        tenant: TenantId(c.id()?),
        dn: c.dn()?,
        site: SiteId(c.id()?),
    }))
}

pub(crate) async fn put(
    conn: &mut sqlx::SqliteConnection,
    slots: &[&ParkSlot],
) -> Result<(), DbError> {
    PUT.run(conn, slots, |s, args| {
        args.id(s.tenant.0);
        args.add(s.dn.text());
        args.id(s.site.0);
    })
    .await
}
