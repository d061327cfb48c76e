//! Statements for many rows at once. Their text is made from constants and a row count only.

use std::sync::OnceLock;

use base::{Uuid, Wall};
use sqlx::sqlite::{SqliteArguments, SqliteConnection};
use sqlx::{Arguments, Encode, Sqlite, Type};

use crate::error::DbError;

/// Rows per statement, largest first. Few sizes, so that few statements stay prepared.
const SIZES: [usize; 4] = [128, 32, 8, 1];

/// A statement over a list of rows: `head (…), (…) tail`. Its parameters are those of the rows.
pub(crate) struct Rows {
    head: &'static str,
    columns: usize,
    tail: &'static str,
    texts: [OnceLock<String>; SIZES.len()],
}

impl Rows {
    /// `columns` values per row between `head` and `tail`.
    pub(crate) const fn new(head: &'static str, columns: usize, tail: &'static str) -> Self {
        Rows { head, columns, tail, texts: [const { OnceLock::new() }; SIZES.len()] }
    }

    /// The text for the `size`-th of [`SIZES`].
    fn text(&'static self, size: usize) -> &'static str {
        let (Some(slot), Some(rows)) = (self.texts.get(size), SIZES.get(size)) else {
            return self.head;
        };
        slot.get_or_init(|| self.make(*rows))
    }

    fn make(&self, rows: usize) -> String {
        let mut text = String::from(self.head);
        for row in 0..rows {
            text.push_str(if row == 0 { " (" } else { ", (" });
            for column in 0..self.columns {
                // SQLite finds the name of each `$n` by a scan: with hundreds of them that
                // takes longer than the rows themselves.
                text.push_str(if column == 0 { "?" } else { ", ?" });
            }
            text.push(')');
        }
        text.push_str(self.tail);
        text
    }

    /// Every text, for the test that prepares all statements.
    #[cfg(test)]
    pub(crate) fn texts(&'static self) -> impl Iterator<Item = &'static str> {
        (0..SIZES.len()).map(|size| self.text(size))
    }

    /// Runs the statement over `items`; `bind` adds exactly `columns` values for one of them.
    pub(crate) async fn run<T>(
        &'static self,
        conn: &mut SqliteConnection,
        items: &[T],
        bind: impl Fn(&T, &mut Args),
    ) -> Result<(), DbError> {
        let mut rest = items;
        for (size, rows) in SIZES.iter().enumerate() {
            while rest.len() >= *rows {
                let (now, later) = rest.split_at(*rows);
                let mut args = Args::default();
                now.iter().for_each(|item| bind(item, &mut args));
                let args = args.finish()?;
                sqlx::query_with(self.text(size), args).execute(&mut *conn).await?;
                rest = later;
            }
        }
        Ok(())
    }
}

/// Values of a statement in order.
#[derive(Default)]
pub(crate) struct Args {
    inner: SqliteArguments,
    failed: Option<sqlx::error::BoxDynError>,
}

impl Args {
    pub(crate) fn add<'q, T: Encode<'q, Sqlite> + Type<Sqlite>>(&mut self, value: T) {
        if let Err(e) = self.inner.add(value) {
            self.failed = Some(e);
        }
    }

    pub(crate) fn id(&mut self, value: Uuid) {
        self.add(value.bytes().to_vec());
    }

    pub(crate) fn id_option(&mut self, value: Option<Uuid>) {
        self.add(value.map(|v| v.bytes().to_vec()));
    }

    pub(crate) fn wall_option(&mut self, value: Option<Wall>) {
        self.add(value.map(|v| v.0));
    }

    fn finish(self) -> Result<SqliteArguments, DbError> {
        match self.failed {
            None => Ok(self.inner),
            Some(e) => Err(DbError::other(e)),
        }
    }
}

/// Reads an id column.
pub(crate) fn id_of(bytes: &[u8]) -> Result<Uuid, DbError> {
    Uuid::from_bytes(bytes).ok_or(DbError::corrupt("id"))
}
