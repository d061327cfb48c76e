//! Own sounds as rows; what is to be heard is a file of the media plane.

use base::id::{SoundId, TenantId};
use model::{Change, Sound};
use sqlx::sqlite::SqliteRow;

use super::Columns;
use crate::error::DbError;
use crate::rows::Rows;

pub(crate) const LOAD: &str = "SELECT tenant, id, name, duration_ms, uploaded_at FROM sound";
pub(crate) static PUT: Rows =
    Rows::new("INSERT INTO sound (tenant, id, name, duration_ms, uploaded_at) VALUES", 5, "");
pub(crate) static DELETE: Rows =
    Rows::new("DELETE FROM sound WHERE (tenant, id) IN (VALUES", 2, ")");

pub(crate) fn read(row: &SqliteRow) -> Result<Change, DbError> {
    let mut c = Columns::of(row);
    let (tenant, id) = (TenantId(c.id()?), SoundId(c.id()?));
    let (name, duration_ms) = (c.text()?.into(), c.small()?);
    Ok(Change::SoundPut(Sound { id, tenant, name, duration_ms, uploaded_at: c.wall()? }))
}

pub(crate) async fn put(
    conn: &mut sqlx::SqliteConnection,
    sounds: &[&Sound],
) -> Result<(), DbError> {
    PUT.run(conn, sounds, |s, args| {
        args.id(s.tenant.0);
        args.id(s.id.0);
        args.add(&*s.name);
        args.add(i64::from(s.duration_ms));
        args.add(s.uploaded_at.0);
    })
    .await
}
