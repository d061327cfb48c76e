//! Voicemail in `main.db`: messages and own greetings, written in batches, read once at start.

use std::collections::{BTreeMap, BTreeSet};

use base::Dn;
use base::id::TenantId;
use model::{StoredBoxes, StoredGreeting, StoredMessage};
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use crate::caller::{self, Callers};
use crate::directory::Columns;
use crate::error::DbError;
use crate::open::rows;
use crate::pointer::{self, Pointers};
use crate::rows::Rows;

pub(crate) static PUT: Rows = Rows::new(
    "INSERT INTO message (file, body) VALUES",
    2,
    " ON CONFLICT (file) DO UPDATE SET body = excluded.body",
);
pub(crate) static REMOVE: Rows = Rows::new("DELETE FROM message WHERE (file) IN (VALUES", 1, ")");
pub(crate) static GREET: Rows = Rows::new(
    "INSERT INTO greeting (tenant, dn, file) VALUES",
    3,
    " ON CONFLICT (tenant, dn) DO UPDATE SET file = excluded.file",
);
pub(crate) static UNGREET: Rows =
    Rows::new("DELETE FROM greeting WHERE (tenant, dn) IN (VALUES", 2, ")");
pub(crate) const LOAD: &str = "SELECT body FROM message";
pub(crate) const FILES: &str = "SELECT file FROM message";
pub(crate) const LOAD_GREETINGS: &str = "SELECT tenant, dn, file FROM greeting ORDER BY tenant, dn";

/// What was spooled of boxes, the last word on each.
#[derive(Default)]
pub(crate) struct Changed {
    /// `None` = removed.
    pub(crate) messages: BTreeMap<u64, Option<StoredMessage>>,
    pub(crate) greetings: BTreeMap<(TenantId, Dn), Option<u64>>,
    pub(crate) pointers: Pointers,
    pub(crate) callers: Callers,
}

impl Changed {
    pub(crate) fn is_empty(&self) -> bool {
        let boxes = self.messages.is_empty() && self.greetings.is_empty();
        boxes && self.pointers.is_empty() && self.callers.is_empty()
    }

    pub(crate) fn clear(&mut self) {
        self.messages.clear();
        self.greetings.clear();
        self.pointers.clear();
        self.callers.clear();
    }
}

/// Writes and removes.
pub(crate) async fn store(conn: &mut SqliteConnection, changed: &Changed) -> Result<(), DbError> {
    let messages = || changed.messages.iter();
    let puts: Vec<_> = messages().filter_map(|(_, message)| message.as_ref()).collect();
    let removes: Vec<_> =
        messages().filter(|(_, message)| message.is_none()).map(|(file, _)| *file).collect();
    PUT.run(conn, &puts, |message, args| {
        let mut body = Vec::with_capacity(128);
        message.encode(&mut body);
        args.add(message.file.cast_signed());
        args.add(body);
    })
    .await?;
    REMOVE.run(conn, &removes, |file, args| args.add(file.cast_signed())).await?;
    let greetings = || changed.greetings.iter();
    let own: Vec<_> = greetings().filter_map(|(key, file)| Some((key, (*file)?))).collect();
    let standard: Vec<_> = greetings().filter(|(_, file)| file.is_none()).map(|(k, _)| k).collect();
    GREET
        .run(conn, &own, |((tenant, dn), file), args| {
            args.id(tenant.0);
            args.add(dn.text());
            args.add(file.cast_signed());
        })
        .await?;
    UNGREET
        .run(conn, &standard, |(tenant, dn), args| {
            args.id(tenant.0);
            args.add(dn.text());
        })
        .await?;
    pointer::store(conn, &changed.pointers).await?;
    caller::store(conn, &changed.callers).await
}

/// The files of all messages.
pub(crate) async fn files(conn: &mut SqliteConnection) -> Result<BTreeSet<u64>, DbError> {
    let read = |row: &SqliteRow| Ok(Columns::of(row).number()?.cast_unsigned());
    Ok(rows(conn, FILES, read).await?.into_iter().collect())
}

/// Everything that boxes hold. A message that cannot be read is left out; its file stays.
pub(crate) async fn load(conn: &mut SqliteConnection) -> Result<StoredBoxes, DbError> {
    let read = |row: &SqliteRow| Ok(StoredMessage::decode(Columns::of(row).blob()?).ok());
    let found: Vec<Option<StoredMessage>> = rows(conn, LOAD, read).await?;
    let mut messages: Vec<_> = found.into_iter().flatten().collect();
    messages.sort_unstable_by_key(|m| (m.tenant, m.dn, m.left_at, m.file));
    let greeting = |row: &SqliteRow| {
        let mut c = Columns::of(row);
        let (tenant, dn) = (TenantId(c.id()?), c.dn()?);
        let file = c.number()?;
        Ok(StoredGreeting { tenant, dn, file: Some(file.cast_unsigned()) })
    };
    let greetings = rows(conn, LOAD_GREETINGS, greeting).await?;
    let pointers = pointer::load(conn).await?;
    let callers = caller::load(conn).await?;
    Ok(StoredBoxes { messages, greetings, pointers, callers })
}
