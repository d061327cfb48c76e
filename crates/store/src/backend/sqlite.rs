//! SQLite: one writing connection per file, a few readers opened when first needed, small caches.

use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, Sqlite, Transaction};
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore};

use crate::error::DbError;

/// Pages that one connection may keep, as SQLite counts it: −512 is 512 KiB.
const CACHE: &str = "-512";

/// Connections that read `main.db`.
const READERS: usize = 2;

/// Rows that may wait between SQLite's thread and us; larger than the driver's default so that
/// a load does not switch threads every few rows.
const ROW_BUFFER: usize = 128;

/// Bytes that the write-ahead log keeps on disk after a large transaction.
const LOG_KEPT: &str = "8388608";

/// Pages of the write-ahead log after which SQLite moves them into the database.
const CHECKPOINT_PAGES: &str = "1000";

fn options(path: &Path, thread: &'static str) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .foreign_keys(true)
        .pragma("cache_size", CACHE)
        .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
        .pragma("journal_size_limit", LOG_KEPT)
        .pragma("temp_store", "MEMORY")
        .row_buffer_size(ROW_BUFFER)
        .thread_name(move |n| format!("{thread}-{n}"))
        .disable_statement_logging()
}

/// The one connection that writes a file. Commits of calls, people and the writer thread take
/// turns here, so SQLite never answers "busy".
pub(crate) type Writer = Arc<Mutex<SqliteConnection>>;

/// Opens `main.db` for writing: what was committed survives a power cut.
pub(crate) async fn open_main(path: &Path) -> Result<SqliteConnection, sqlx::Error> {
    let options = options(path, "store-main").create_if_missing(true);
    options.synchronous(SqliteSynchronous::Full).connect().await
}

/// Opens `soft.db` for writing: what was committed survives the process.
pub(crate) async fn open_soft(path: &Path) -> Result<SqliteConnection, sqlx::Error> {
    let options = options(path, "store-soft").create_if_missing(true);
    options.synchronous(SqliteSynchronous::Normal).connect().await
}

/// Begins a writing transaction.
///
/// After an error of the disk SQLite ends a transaction by itself. The driver's own end of it then
/// fails, and it would refuse every later one: so the connection is replaced by a new one.
pub(crate) async fn begin(
    conn: &mut SqliteConnection,
) -> Result<Transaction<'_, Sqlite>, sqlx::Error> {
    if conn.is_in_transaction() {
        // The end of the former one may still be on its way.
        conn.ping().await?;
    }
    if conn.is_in_transaction() {
        let anew = reopen(conn).await?;
        *conn = anew;
    }
    conn.begin_with("BEGIN IMMEDIATE").await
}

/// A second connection of the same kind to the same file.
async fn reopen(conn: &mut SqliteConnection) -> Result<SqliteConnection, sqlx::Error> {
    let file = "SELECT file FROM pragma_database_list WHERE name = 'main'";
    let path: String = sqlx::query_scalar(file).fetch_one(&mut *conn).await?;
    let synchronous: i64 = sqlx::query_scalar("PRAGMA synchronous").fetch_one(conn).await?;
    match synchronous {
        NORMAL => open_soft(Path::new(&path)).await,
        _ => open_main(Path::new(&path)).await,
    }
}

/// `PRAGMA synchronous` of `soft.db`.
const NORMAL: i64 = 1;

/// Moves the write-ahead log into the database and syncs both.
pub(crate) async fn checkpoint(conn: &mut SqliteConnection) -> Result<(), DbError> {
    sqlx::raw_sql("PRAGMA wal_checkpoint(TRUNCATE)").execute(conn).await?;
    Ok(())
}

/// A few reading connections of `main.db`; none is open before it is needed.
pub(crate) struct Readers {
    path: PathBuf,
    permits: Arc<Semaphore>,
    idle: Arc<std::sync::Mutex<Vec<SqliteConnection>>>,
}

impl Readers {
    pub(crate) fn new(path: &Path) -> Self {
        Readers {
            path: path.to_owned(),
            permits: Arc::new(Semaphore::new(READERS)),
            idle: Arc::default(),
        }
    }

    /// Takes a connection; waits while all are in use.
    pub(crate) async fn take(&self) -> Result<Reader, DbError> {
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(DbError::other)?;
        let spare = self.idle.lock().ok().and_then(|mut idle| idle.pop());
        let conn = match spare {
            Some(conn) => conn,
            None => options(&self.path, "store-read").read_only(true).connect().await?,
        };
        Ok(Reader { conn: Some(conn), idle: Arc::clone(&self.idle), _permit: permit })
    }
}

/// A borrowed reading connection; goes back when dropped.
pub(crate) struct Reader {
    conn: Option<SqliteConnection>,
    idle: Arc<std::sync::Mutex<Vec<SqliteConnection>>>,
    _permit: OwnedSemaphorePermit,
}

impl Deref for Reader {
    type Target = SqliteConnection;
    fn deref(&self) -> &SqliteConnection {
        self.conn.as_ref().expect("present until dropped")
    }
}

impl DerefMut for Reader {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        self.conn.as_mut().expect("present until dropped")
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if let (Some(conn), Ok(mut idle)) = (self.conn.take(), self.idle.lock()) {
            idle.push(conn);
        }
    }
}
