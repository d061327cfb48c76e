//! 通信履歴 in the database: insert by the writer, pages for screens, streams for files.

use base::Wall;
use base::cause::Cause;
use base::id::{RecordId, SiteId, TenantId};
use model::record::{CallRecord, Services};
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use crate::directory::Columns;
use crate::error::DbError;
use crate::open::Store;
use crate::rows::Rows;
use crate::scope::TenantScope;

pub(crate) static INSERT: Rows = Rows::new(
    "INSERT INTO call_record (tenant, called_at, id, site, answered, services, cause,
     numbers, body) VALUES",
    9,
    " ON CONFLICT (tenant, called_at, id) DO NOTHING",
);

/// The conditions that every statement of this file shares: $1 tenant, $2–$3 period, $4 site,
/// $5 answered, $6 services, $7 cause, $8 number pattern.
macro_rules! filtered {
    ($select:literal, $rest:literal) => {
        concat!(
            $select,
            " FROM call_record WHERE tenant = $1 AND called_at >= $2 AND called_at < $3
             AND ($4 IS NULL OR site = $4) AND ($5 IS NULL OR answered = $5)
             AND ($6 = 0 OR (services & $6) <> 0) AND ($7 IS NULL OR cause = $7)
             AND ($8 IS NULL OR numbers LIKE $8)",
            $rest
        )
    };
}

pub(crate) const NEWEST: &str = filtered!(
    "SELECT body",
    " AND (called_at, id) < ($9, $10) ORDER BY called_at DESC, id DESC LIMIT $11"
);
pub(crate) const OLDEST: &str =
    filtered!("SELECT body", " AND (called_at, id) > ($9, $10) ORDER BY called_at, id LIMIT $11");
pub(crate) const COUNT: &str = filtered!("SELECT COUNT(*)", "");
pub(crate) const COUNT_SOME: &str =
    filtered!("SELECT COUNT(*) FROM (SELECT 1", " LIMIT $9) AS some");
pub(crate) const DAYS: &str = "SELECT (called_at + $4) / 86400000, COUNT(*) FROM call_record
    WHERE tenant = $1 AND called_at >= $2 AND called_at < $3
    AND ($5 IS NULL OR site = $5) GROUP BY 1 ORDER BY 1";
pub(crate) const FORGET: &str = "DELETE FROM call_record WHERE tenant = $1 AND called_at < $2
    AND (called_at, id) <= (SELECT called_at, id FROM (SELECT called_at, id FROM call_record
        WHERE tenant = $1 AND called_at < $2 ORDER BY called_at, id LIMIT $3) AS oldest
        ORDER BY called_at DESC, id DESC LIMIT 1)";

/// Most records of one page.
const PAGE_MAX: u16 = 500;
/// Records that an export reads at a time.
const EXPORT_ROWS: i64 = 1_000;
/// Records that one step of the retention removes.
const FORGET_ROWS: i64 = 2_000;

/// Which records. The default is all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// 発呼時刻 at or after this.
    pub from: Option<Wall>,
    /// 発呼時刻 before this.
    pub to: Option<Wall>,
    /// Dialled, calling or called number begins with these characters of `0-9*#+`.
    pub prefix: Option<Box<str>>,
    /// Dialled, calling or called number ends with these; ignored when `prefix` is given.
    pub suffix: Option<Box<str>>,
    /// 呼種別: true = 成立.
    pub answered: Option<bool>,
    /// At least one of these services took part; empty = any.
    pub services: Services,
    /// Internal reason.
    pub cause: Option<Cause>,
}

/// Place in a list of records: the page after it begins there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// 発呼時刻 of the last record of the page.
    pub called_at: Wall,
    /// Its id.
    pub id: RecordId,
}

/// A page of records, the newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The records.
    pub records: Vec<CallRecord>,
    /// Where the next page begins; `None` after the last.
    pub next: Option<Cursor>,
}

/// A stream of records in order of 発呼時刻; holds no connection between chunks.
pub struct Export<'a> {
    store: &'a Store,
    tenant: TenantId,
    site: Option<SiteId>,
    filter: Filter,
    after: Option<Cursor>,
    ended: bool,
}

/// Inserts records; those that are there already are left alone.
pub(crate) async fn insert(
    conn: &mut SqliteConnection,
    records: &[CallRecord],
) -> Result<(), DbError> {
    INSERT
        .run(conn, records, |r, args| {
            let mut body = Vec::with_capacity(320);
            r.encode(&mut body);
            args.id(r.tenant.0);
            args.add(r.called_at.0);
            args.id(r.id.0);
            args.id_option(r.site.map(|s| s.0));
            args.add(i64::from(r.is_answered()));
            args.add(i64::from(r.services.0));
            args.add(r.cause.name());
            args.add(format!("|{}|{}|{}|", r.dialed, r.caller_number(), r.callee_number()));
            args.add(body);
        })
        .await
}

/// A LIKE pattern over the column `numbers`, `|dialled|calling|called|`; characters that are no
/// part of numbers are dropped, so none can act as a wildcard.
fn pattern(filter: &Filter) -> Option<String> {
    let digits = |text: &str| -> String {
        text.chars().filter(|c| matches!(c, '0'..='9' | '*' | '#' | '+')).collect()
    };
    match (&filter.prefix, &filter.suffix) {
        (Some(prefix), _) => Some(format!("%|{}%", digits(prefix))),
        (None, Some(suffix)) => Some(format!("%{}|%", digits(suffix))),
        (None, None) => None,
    }
}

/// A query with the conditions of [`filtered`] bound.
macro_rules! bind {
    ($query:expr, $tenant:expr, $site:expr, $filter:expr) => {
        $query
            .bind($tenant.0.bytes().to_vec())
            .bind($filter.from.map_or(i64::MIN, |w| w.0))
            .bind($filter.to.map_or(i64::MAX, |w| w.0))
            .bind($site.map(|s: SiteId| s.0.bytes().to_vec()))
            .bind($filter.answered.map(i64::from))
            .bind(i64::from($filter.services.0))
            .bind($filter.cause.map(Cause::name))
            .bind(pattern($filter))
    };
}

fn body(row: SqliteRow) -> Result<CallRecord, sqlx::Error> {
    let bytes = Columns::of(&row).blob().map_err(|e| sqlx::Error::Decode(Box::new(e)))?;
    CallRecord::decode(bytes).map_err(|e| sqlx::Error::Decode(Box::new(e)))
}

fn cursor_of(record: &CallRecord) -> Cursor {
    Cursor { called_at: record.called_at, id: record.id }
}

impl Store {
    /// A page of at most `limit` records (500 at most), the newest first, after `cursor`.
    /// A scope of one site sees that site's records only.
    pub async fn history_page(
        &self,
        scope: &TenantScope,
        filter: &Filter,
        cursor: Option<Cursor>,
        limit: u16,
    ) -> Result<Page, DbError> {
        let limit = limit.clamp(1, PAGE_MAX);
        let (called_at, id) =
            cursor.map_or((i64::MAX, [0xff; 16]), |c| (c.called_at.0, c.id.0.bytes()));
        let query = bind!(sqlx::query(NEWEST), scope.tenant(), scope.site(), filter)
            .bind(called_at)
            .bind(id.to_vec())
            .bind(i64::from(limit) + 1);
        let mut reader = self.readers.take().await?;
        let mut records = query.try_map(body).fetch_all(&mut *reader).await?;
        let more = records.len() > usize::from(limit);
        records.truncate(limit.into());
        let next = records.last().filter(|_| more).map(cursor_of);
        Ok(Page { records, next })
    }

    /// A stream of all records of `filter`, the oldest first.
    pub fn history_export(&self, scope: &TenantScope, filter: Filter) -> Export<'_> {
        let (tenant, site) = (scope.tenant(), scope.site());
        Export { store: self, tenant, site, filter, after: None, ended: false }
    }

    /// Number of records of `filter`.
    pub async fn history_count(
        &self,
        scope: &TenantScope,
        filter: &Filter,
    ) -> Result<u64, DbError> {
        let mut reader = self.readers.take().await?;
        let row = bind!(sqlx::query(COUNT), scope.tenant(), scope.site(), filter)
            .fetch_one(&mut *reader)
            .await?;
        Columns::of(&row).small()
    }

    /// Number of records of `filter`, counted no further than `max`: what a page can afford.
    pub async fn history_count_to(
        &self,
        scope: &TenantScope,
        filter: &Filter,
        max: u32,
    ) -> Result<u64, DbError> {
        let mut reader = self.readers.take().await?;
        let row = bind!(sqlx::query(COUNT_SOME), scope.tenant(), scope.site(), filter)
            .bind(i64::from(max))
            .fetch_one(&mut *reader)
            .await?;
        Columns::of(&row).small()
    }

    /// (first instant, records) of each day with records in `from..to`, in order. Days are those
    /// of the zone `offset_s` seconds from UTC.
    pub async fn history_days(
        &self,
        scope: &TenantScope,
        (from, to): (Wall, Wall),
        offset_s: i64,
    ) -> Result<Vec<(Wall, u64)>, DbError> {
        let mut reader = self.readers.take().await?;
        let rows: Vec<SqliteRow> = sqlx::query(DAYS)
            .bind(scope.tenant().0.bytes().to_vec())
            .bind(from.0)
            .bind(to.0)
            .bind(offset_s * 1_000)
            .bind(scope.site().map(|s| s.0.bytes().to_vec()))
            .fetch_all(&mut *reader)
            .await?;
        rows.iter()
            .map(|row| {
                let mut c = Columns::of(row);
                let day = c.number()?;
                Ok((Wall(day * 86_400_000 - offset_s * 1_000), c.small()?))
            })
            .collect()
    }

    /// Removes records older than each tenant's retention, a part at a time; returns whether
    /// more is left. To be called daily until it returns false.
    pub async fn history_forget(&self, now: Wall) -> Result<bool, DbError> {
        let snapshot = self.snapshot();
        let mut more = false;
        for tenant in snapshot.tenants() {
            let before = now.0.saturating_sub(i64::from(tenant.retention_days) * 86_400_000);
            let mut conn = self.main.lock().await;
            let done = sqlx::query(FORGET)
                .bind(tenant.id.0.bytes().to_vec())
                .bind(before)
                .bind(FORGET_ROWS)
                .execute(&mut *conn)
                .await?;
            more |= done.rows_affected() >= FORGET_ROWS as u64;
        }
        Ok(more)
    }
}

impl Export<'_> {
    /// The next records, up to 1,000; empty at the end.
    pub async fn next_chunk(&mut self) -> Result<Vec<CallRecord>, DbError> {
        if self.ended {
            return Ok(Vec::new());
        }
        let (called_at, id) =
            self.after.map_or((i64::MIN, [0; 16]), |c| (c.called_at.0, c.id.0.bytes()));
        let query = bind!(sqlx::query(OLDEST), self.tenant, self.site, &self.filter)
            .bind(called_at)
            .bind(id.to_vec())
            .bind(EXPORT_ROWS);
        let mut reader = self.store.readers.take().await?;
        let records = query.try_map(body).fetch_all(&mut *reader).await?;
        self.ended = records.len() < EXPORT_ROWS as usize;
        self.after = records.last().map(cursor_of);
        Ok(records)
    }
}
