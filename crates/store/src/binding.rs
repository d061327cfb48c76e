//! Registrations in `soft.db`: one row per contact, written in batches, read once at start.

use base::Wall;
use base::id::DeviceId;
use model::binding::StoredBinding;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use crate::directory::Columns;
use crate::error::DbError;
use crate::rows::Rows;

pub(crate) static PUT: Rows = Rows::new(
    "INSERT INTO binding (device, bkey, expires_at, body) VALUES",
    4,
    " ON CONFLICT (device, bkey) DO UPDATE SET expires_at = excluded.expires_at,
     body = excluded.body",
);
pub(crate) static REMOVE: Rows =
    Rows::new("DELETE FROM binding WHERE (device, bkey) IN (VALUES", 2, ")");
pub(crate) const EXPIRE: &str = "DELETE FROM binding WHERE expires_at <= $1";
pub(crate) const LOAD: &str = "SELECT body FROM binding ORDER BY device, bkey";

/// Identity of a binding.
pub(crate) type Key = (DeviceId, Box<[u8]>);

/// Writes and removes bindings; no key twice.
pub(crate) async fn store(
    conn: &mut SqliteConnection,
    puts: &[StoredBinding],
    removes: &[Key],
) -> Result<(), DbError> {
    PUT.run(conn, puts, |b, args| {
        let mut body = Vec::with_capacity(256);
        b.encode(&mut body);
        args.id(b.device.0);
        args.add(b.key.to_vec());
        args.add(b.expires_at.0);
        args.add(body);
    })
    .await?;
    REMOVE
        .run(conn, removes, |(device, key), args| {
            args.id(device.0);
            args.add(key.to_vec());
        })
        .await
}

/// Removes what has expired and returns the rest. Rows that cannot be read are dropped: phones
/// heal them by registering.
pub(crate) async fn load(
    conn: &mut SqliteConnection,
    now: Wall,
) -> Result<Vec<StoredBinding>, DbError> {
    sqlx::query(EXPIRE).bind(now.0).execute(&mut *conn).await?;
    let read = |row: SqliteRow| {
        let bytes = Columns::of(&row).blob().map_err(|e| sqlx::Error::Decode(Box::new(e)))?;
        Ok(StoredBinding::decode(bytes).ok())
    };
    let rows: Vec<Option<StoredBinding>> = sqlx::query(LOAD).try_map(read).fetch_all(conn).await?;
    Ok(rows.into_iter().flatten().collect())
}
