//! Everything durable: SQLite files, their schema, the spool, credentials and history. The only
//! crate that knows SQL.
//!
//! [`Store::open`] takes the data folder for this process and loads the [`model::Snapshot`].
//! A change goes through [`Store::commit`]: one transaction with its audit row and undo record,
//! then the new snapshot is published. What nobody waits for (call records, bindings) is
//! appended to a [`Spool`] by the thread that decides it and carried into the databases by the
//! [`StoreWriter`]. Time is always an argument. Every read or write of a tenant's data takes a
//! [`TenantScope`].

mod api_token;
mod audit;
mod backend;
mod binding;
mod caller;
mod commit;
mod credential;
mod crypt;
mod directory;
mod error;
mod folder;
mod history;
mod idempotency;
mod login;
mod message;
mod migrate;
mod open;
mod permit;
mod pin;
mod pointer;
mod rows;
mod scope;
mod session;
mod spool;
mod strikes;
mod touched;
mod writer;

#[cfg(test)]
mod tests;

pub use api_token::{ApiRole, ApiToken, NewApiToken};
pub use audit::{AuditEntry, AuditFault};
pub use commit::{Commit, Committed};
pub use credential::{PasswordChange, PasswordOutcome};
pub use error::{CommitError, DbError, LoginError, OpenError, SpoolError};
pub use history::{Cursor, Export, Filter, Page};
pub use idempotency::{AnswerOf, KeyedRequest, Repeated};
pub use login::{Locked, Login, LoginOutcome, Portal};
pub use open::{Options, Store};
pub use pin::{PinOutcome, TerminalOutcome};
pub use scope::{Actor, TenantScope, Zone};
pub use session::{Session, Token};
pub use spool::{Spool, SpoolTail};
pub use writer::{StoreWriter, WriterHealth};
