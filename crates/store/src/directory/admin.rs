//! Administrators as rows.

use base::id::{AdminId, SiteId, TenantId};
use model::{Admin, AdminState, Change};
use sqlx::sqlite::SqliteRow;

use super::{Columns, number_of};
use crate::error::DbError;
use crate::rows::Rows;

pub(crate) const LOAD: &str = "SELECT tenant, id, site, login, state FROM admin";
pub(crate) static PUT: Rows =
    Rows::new("INSERT INTO admin (tenant, id, site, login, login_key, state) VALUES", 6, "");
pub(crate) static DELETE: Rows =
    Rows::new("DELETE FROM admin WHERE (tenant, id) IN (VALUES", 2, ")");

pub(crate) fn read(row: &SqliteRow) -> Result<Change, DbError> {
    let mut c = Columns::of(row);
    Ok(Change::AdminPut(Admin {
        tenant: TenantId(c.id()?),
        id: AdminId(c.id()?),
        site: c.id_option()?.map(SiteId),
        login: c.text()?.into(),
        state: c.one_of(&AdminState::ALL)?,
    }))
}

pub(crate) async fn put(
    conn: &mut sqlx::SqliteConnection,
    admins: &[&Admin],
) -> Result<(), DbError> {
    PUT.run(conn, admins, |a, args| {
        args.id(a.tenant.0);
        args.id(a.id.0);
        args.id_option(a.site.map(|s| s.0));
        args.add(&*a.login);
        args.add(a.login.to_ascii_lowercase());
        args.add(number_of(&a.state, &AdminState::ALL));
    })
    .await
}
