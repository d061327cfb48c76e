//! What can go wrong, one enum per boundary.

use std::path::PathBuf;

use model::{Revision, Violation};
use thiserror::Error;

/// The database refused or failed; the driver's own error is the source.
#[derive(Debug, Error)]
#[error("database operation failed")]
pub struct DbError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl DbError {
    /// A fault of the content: a stored value that no version of ours wrote.
    pub(crate) fn corrupt(what: &'static str) -> Self {
        DbError(format!("stored {what} is damaged").into())
    }

    pub(crate) fn other(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        DbError(source.into())
    }

    /// A constraint was broken: repeating the same statement cannot help.
    pub(crate) fn is_constraint(&self) -> bool {
        use sqlx::error::ErrorKind;
        let database = self.0.downcast_ref::<sqlx::Error>().and_then(|e| e.as_database_error());
        database.is_some_and(|e| !matches!(e.kind(), ErrorKind::Other))
    }
}

impl From<sqlx::Error> for DbError {
    fn from(source: sqlx::Error) -> Self {
        DbError(Box::new(source))
    }
}

/// Why a data folder cannot be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Another process owns the folder.
    #[error("data folder {0} is in use by another process")]
    InUse(PathBuf),
    /// A file or folder cannot be made, read or written.
    #[error("cannot use {path}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The key file does not hold 32 bytes.
    #[error("key file {0} is damaged")]
    Key(PathBuf),
    /// Made by a newer version.
    #[error("database has migration {0}, which this version does not know")]
    Newer(i64),
    /// A migration that was applied differs from the one in this program.
    #[error("migration {0} of the database differs from that of this version")]
    Altered(i64),
    /// The content breaks a rule of the model.
    #[error("stored configuration breaks {0} rules of the model")]
    Content(usize),
    /// The database failed.
    #[error("cannot open the database")]
    Database(#[from] DbError),
}

impl From<sqlx::Error> for OpenError {
    fn from(source: sqlx::Error) -> Self {
        OpenError::Database(source.into())
    }
}

/// Why a set of changes was not stored. Nothing of it was.
#[derive(Debug, Error)]
pub enum CommitError {
    /// Somebody else changed the tenant since `seen` (261).
    #[error("tenant was changed meanwhile, it is at revision {}", .0.0)]
    Conflict(Revision),
    /// A change reaches outside of the scope (262).
    #[error("change {0} is outside of the caller's scope")]
    Forbidden(usize),
    /// Rules of the model are broken; all of them.
    #[error("changes break {} rules", .0.len())]
    Violations(Vec<Violation>),
    /// Too many passwords wait to be hashed (SEC-11): try again later.
    #[error("password hashing is busy")]
    Busy,
    /// The database failed.
    #[error("cannot commit")]
    Database(#[from] DbError),
}

impl From<sqlx::Error> for CommitError {
    fn from(source: sqlx::Error) -> Self {
        CommitError::Database(source.into())
    }
}

/// Why a login could not be judged.
#[derive(Debug, Error)]
pub enum LoginError {
    /// Too many passwords wait to be hashed (SEC-11): answer 429.
    #[error("password hashing is busy")]
    Busy,
    /// The database failed.
    #[error("cannot check the login")]
    Database(#[from] DbError),
}

impl From<sqlx::Error> for LoginError {
    fn from(source: sqlx::Error) -> Self {
        LoginError::Database(source.into())
    }
}

/// Why a write was not spooled.
#[derive(Debug, Error)]
pub enum SpoolError {
    /// The store has not taken anything for so long that the spool is full.
    #[error("spool holds {0} bytes that the database has not taken")]
    Full(u64),
    /// The file cannot be written.
    #[error("cannot write the spool")]
    File(#[from] std::io::Error),
}
