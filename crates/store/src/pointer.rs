//! Where hunts stand, in `main.db`: written with the records of calls, read once at start.

use std::collections::BTreeMap;

use base::Dn;
use base::id::TenantId;
use model::StoredPointer;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use crate::directory::Columns;
use crate::error::DbError;
use crate::open::rows;
use crate::rows::Rows;

pub(crate) static PUT: Rows = Rows::new(
    "INSERT INTO hunt_pointer (tenant, hunt, member) VALUES",
    3,
    " ON CONFLICT (tenant, hunt) DO UPDATE SET member = excluded.member",
);
pub(crate) const LOAD: &str = "SELECT tenant, hunt, member FROM hunt_pointer ORDER BY tenant, hunt";

/// The last word on each group.
pub(crate) type Pointers = BTreeMap<(TenantId, u16), Dn>;

/// Writes.
pub(crate) async fn store(conn: &mut SqliteConnection, pointers: &Pointers) -> Result<(), DbError> {
    let all: Vec<_> = pointers.iter().collect();
    PUT.run(conn, &all, |((tenant, group), member), args| {
        args.id(tenant.0);
        args.add(i64::from(*group));
        args.add(member.text());
    })
    .await
}

/// Reads all; of a group whose number has got another meaning, the pointer says nothing.
pub(crate) async fn load(conn: &mut SqliteConnection) -> Result<Vec<StoredPointer>, DbError> {
    let read = |row: &SqliteRow| {
        let mut c = Columns::of(row);
        let (tenant, group) = (TenantId(c.id()?), c.number()?);
        let member = c.dn()?;
        Ok(u16::try_from(group).ok().map(|group| StoredPointer { tenant, group, member }))
    };
    let found: Vec<Option<StoredPointer>> = rows(conn, LOAD, read).await?;
    Ok(found.into_iter().flatten().collect())
}
