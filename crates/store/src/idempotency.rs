//! Answers to requests that carried an idempotency key, for those who send the same again.
//!
//! Kept for a day, sealed: an answer may hold a secret that is told once. That of a change is kept
//! in the transaction of the change: a crash leaves both or neither.

use base::{Wall, limits};
use model::Snapshot;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

use crate::backend::sqlite::begin;
use crate::crypt::Keys;
use crate::directory::Columns;
use crate::error::DbError;
use crate::open::Store;
use crate::scope::TenantScope;

pub(crate) const FIND: &str =
    "SELECT asked, answer FROM idempotency WHERE tenant = $1 AND name = $2 AND made_at > $3";
pub(crate) const KEEP: &str = "INSERT INTO idempotency (tenant, name, asked, answer, made_at)
    VALUES ($1, $2, $3, $4, $5) ON CONFLICT (tenant, name) DO UPDATE SET asked = excluded.asked,
    answer = excluded.answer, made_at = excluded.made_at";
pub(crate) const FORGET_OLD: &str = "DELETE FROM idempotency WHERE made_at <= $1";
pub(crate) const FORGET_MANY: &str = "DELETE FROM idempotency WHERE tenant = $1 AND made_at < (
    SELECT made_at FROM idempotency WHERE tenant = $1 ORDER BY made_at DESC LIMIT 1 OFFSET $2)";

/// A request with a key: who sends it is told by the scope.
#[derive(Debug, Clone, Copy)]
pub struct KeyedRequest<'a> {
    /// The key, as sent.
    pub key: &'a str,
    /// Everything that makes it this request: method, address, body.
    pub asked: &'a [&'a [u8]],
}

/// An answer that is kept together with the change that it tells of.
#[derive(Clone, Copy)]
pub struct AnswerOf<'a> {
    /// What is answered.
    pub request: KeyedRequest<'a>,
    /// Makes the answer from the configuration that the change brings.
    pub answer: &'a (dyn Fn(&Snapshot) -> Vec<u8> + Send + Sync),
}

/// Whether a request has been answered before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repeated {
    /// Not by this actor within a day.
    No,
    /// With this answer.
    Yes(Vec<u8>),
    /// The key came with another request.
    Other,
}

impl Store {
    /// The kept answer to a request.
    ///
    /// # Errors
    /// The database fails.
    pub async fn kept_answer(
        &self,
        scope: &TenantScope,
        request: KeyedRequest<'_>,
        now: Wall,
    ) -> Result<Repeated, DbError> {
        let name = key_name(&self.keys, scope, request.key);
        let row: Option<SqliteRow> = sqlx::query(FIND)
            .bind(scope.tenant().0.bytes().to_vec())
            .bind(name.to_vec())
            .bind(oldest(now).0)
            .fetch_optional(&mut *self.readers.take().await?)
            .await?;
        let Some(row) = row else { return Ok(Repeated::No) };
        let mut c = Columns::of(&row);
        if c.blob()? != self.keys.peppered(request.asked) {
            return Ok(Repeated::Other);
        }
        let answer = self.keys.open(&name, c.blob()?);
        answer.map(Repeated::Yes).ok_or(DbError::corrupt("kept answer"))
    }

    /// Keeps the answer to a request.
    ///
    /// # Errors
    /// The database fails.
    pub async fn keep_answer(
        &self,
        scope: &TenantScope,
        request: KeyedRequest<'_>,
        answer: &[u8],
        now: Wall,
    ) -> Result<(), DbError> {
        let mut conn = self.main.lock().await;
        let mut tx = begin(&mut conn).await?;
        put(&mut tx, (&self.keys, scope), (request, answer), now).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// Keeps an answer, and forgets those that are old or too many.
pub(crate) async fn put(
    conn: &mut SqliteConnection,
    (keys, scope): (&Keys, &TenantScope),
    (request, answer): (KeyedRequest<'_>, &[u8]),
    now: Wall,
) -> Result<(), DbError> {
    let tenant = scope.tenant().0.bytes().to_vec();
    let name = key_name(keys, scope, request.key);
    sqlx::query(FORGET_OLD).bind(oldest(now).0).execute(&mut *conn).await?;
    sqlx::query(KEEP)
        .bind(tenant.clone())
        .bind(name.to_vec())
        .bind(keys.peppered(request.asked).to_vec())
        .bind(keys.seal(&name, answer))
        .bind(now.0)
        .execute(&mut *conn)
        .await?;
    sqlx::query(FORGET_MANY)
        .bind(tenant)
        .bind(limits::IDEMPOTENCY_KEYS_MAX as i64)
        .execute(&mut *conn)
        .await?;
    Ok(())
}

/// What a key is kept under: each actor has keys of its own.
fn key_name(keys: &Keys, scope: &TenantScope, key: &str) -> [u8; 32] {
    let (kind, id) = scope.actor().parts();
    let id = id.map(|id| id.bytes()).unwrap_or_default();
    let tenant = scope.tenant().0.bytes();
    let actor = scope.name().as_bytes();
    let kind = kind.to_be_bytes();
    keys.peppered(&[b"idempotency", &tenant, &kind, &id, actor, key.as_bytes()])
}

fn oldest(now: Wall) -> Wall {
    let kept = limits::IDEMPOTENCY_KEPT.as_seconds().saturating_mul(1_000);
    Wall(now.0.saturating_sub(i64::try_from(kept).unwrap_or(i64::MAX)))
}
