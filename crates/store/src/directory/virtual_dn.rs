//! 仮想内線番号 as rows.

use base::id::{SiteId, TenantId, VirtualDnId};
use model::{Change, VirtualDn};
use sqlx::sqlite::SqliteRow;

use super::Columns;
use crate::error::DbError;
use crate::rows::Rows;

pub(crate) const LOAD: &str = "SELECT tenant, id, site, dn, name, web_user FROM virtual_dn";
pub(crate) static PUT: Rows =
    Rows::new("INSERT INTO virtual_dn (tenant, id, site, dn, name, web_user) VALUES", 6, "");
pub(crate) static DELETE: Rows =
    Rows::new("DELETE FROM virtual_dn WHERE (tenant, id) IN (VALUES", 2, ")");

pub(crate) fn read(row: &SqliteRow) -> Result<Change, DbError> {
    let mut c = Columns::of(row);
    Ok(Change::VirtualDnPut(VirtualDn {
        tenant: TenantId(c.id()?),
        id: VirtualDnId(c.id()?),
        site: SiteId(c.id()?),
        dn: c.dn()?,
        name: c.text()?.into(),
        web_user: c.text()?.into(),
    }))
}

pub(crate) async fn put(
    conn: &mut sqlx::SqliteConnection,
    numbers: &[&VirtualDn],
) -> Result<(), DbError> {
    PUT.run(conn, numbers, |v, args| {
        args.id(v.tenant.0);
        args.id(v.id.0);
        args.id(v.site.0);
        args.add(v.dn.text());
        args.add(&*v.name);
        args.add(&*v.web_user);
    })
    .await
}
