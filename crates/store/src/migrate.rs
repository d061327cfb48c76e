//! Numbered migrations: embedded, forward only, each applied once in its own transaction, with a
//! checksum that a later start compares.

use base::Wall;
use sha2::{Digest, Sha256};
use sqlx::SqliteConnection;

use crate::backend::sqlite::begin;
use crate::error::OpenError;

/// One step of a schema.
pub(crate) struct Migration {
    /// Number in the file name; grows.
    pub(crate) number: i64,
    /// Title in the file name.
    pub(crate) title: &'static str,
    /// The statements.
    pub(crate) sql: &'static str,
}

macro_rules! migrations {
    ($($number:literal $folder:literal $title:literal),+ $(,)?) => {
        &[$(Migration {
            number: $number,
            title: $title,
            sql: include_str!(concat!("../migrations/", $folder, "/", $title, ".sql")),
        }),+]
    };
}

/// Schema of `main.db`.
pub(crate) const MAIN: &[Migration] = migrations![
    1 "main" "0001-directory",
    2 "main" "0002-credentials-and-sessions",
    3 "main" "0003-history",
    4 "main" "0004-audit",
    5 "main" "0005-call-services",
    6 "main" "0006-api-tokens",
    7 "main" "0007-messages",
    8 "main" "0008-paging",
    9 "main" "0009-logins-and-keys",
    10 "main" "0010-hunt-pointers",
    11 "main" "0011-sounds-and-languages",
    12 "main" "0012-gateway-accounts",
    13 "main" "0013-lines",
    14 "main" "0014-emergency-and-tolls",
    15 "main" "0015-stopped-users-and-resets",
    16 "main" "0016-wording-and-multicast",
    17 "main" "0017-calendar-and-reception-groups",
    18 "main" "0018-emergency-callers",
    19 "main" "0019-ends-of-logins",
    20 "main" "0020-times-of-calls",
    21 "main" "0021-streams-of-sites",
];

/// Schema of `soft.db`.
pub(crate) const SOFT: &[Migration] = migrations![1 "soft" "0001-bindings"];

const LEDGER: &str = "CREATE TABLE IF NOT EXISTS migration (
    number BIGINT NOT NULL PRIMARY KEY,
    title TEXT NOT NULL,
    checksum BLOB NOT NULL,
    applied_at BIGINT NOT NULL
)";
pub(crate) const APPLIED: &str = "SELECT number, checksum FROM migration ORDER BY number";
pub(crate) const RECORD: &str =
    "INSERT INTO migration (number, title, checksum, applied_at) VALUES ($1, $2, $3, $4)";

/// Brings a database to the newest schema.
pub(crate) async fn migrate(
    conn: &mut SqliteConnection,
    steps: &[Migration],
    now: Wall,
) -> Result<(), OpenError> {
    sqlx::raw_sql(LEDGER).execute(&mut *conn).await?;
    let applied: Vec<(i64, Vec<u8>)> = sqlx::query_as(APPLIED).fetch_all(&mut *conn).await?;
    for (number, checksum) in &applied {
        let known = steps.iter().find(|s| s.number == *number);
        let known = known.ok_or(OpenError::Newer(*number))?;
        if Sha256::digest(known.sql).as_slice() != checksum.as_slice() {
            return Err(OpenError::Altered(*number));
        }
    }
    for step in steps.iter().filter(|s| applied.iter().all(|(n, _)| *n != s.number)) {
        let mut tx = begin(conn).await?;
        sqlx::raw_sql(step.sql).execute(&mut *tx).await?;
        sqlx::query(RECORD)
            .bind(step.number)
            .bind(step.title)
            .bind(Sha256::digest(step.sql).to_vec())
            .bind(now.0)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
    }
    Ok(())
}
