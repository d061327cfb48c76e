//! 拠点 as rows.

use base::id::{SiteId, TenantId};
use model::{Change, MediaPath, Site};
use sqlx::sqlite::SqliteRow;

use super::{Columns, number_of};
use crate::error::DbError;
use crate::rows::Rows;

pub(crate) const LOAD: &str = "SELECT tenant, id, domain, name, media_path FROM site";
pub(crate) static PUT: Rows =
    Rows::new("INSERT INTO site (tenant, id, domain, domain_key, name, media_path) VALUES", 6, "");
pub(crate) static DELETE: Rows =
    Rows::new("DELETE FROM site WHERE (tenant, id) IN (VALUES", 2, ")");

pub(crate) fn read(row: &SqliteRow) -> Result<Change, DbError> {
    let mut c = Columns::of(row);
    Ok(Change::SitePut(Site {
        tenant: TenantId(c.id()?),
        id: SiteId(c.id()?),
        domain: c.text()?.into(),
        name: c.text()?.into(),
        media_path: c.one_of(&MediaPath::ALL)?,
    }))
}

pub(crate) async fn put(conn: &mut sqlx::SqliteConnection, sites: &[&Site]) -> Result<(), DbError> {
    PUT.run(conn, sites, |s, args| {
        args.id(s.tenant.0);
        args.id(s.id.0);
        args.add(&*s.domain);
        args.add(s.domain.to_ascii_lowercase());
        args.add(&*s.name);
        args.add(number_of(&s.media_path, &MediaPath::ALL));
    })
    .await
}
