//! Append-only trail of who did what, chained by a keyed hash per tenant (SEC-22).

use std::net::IpAddr;

use base::Wall;
use base::id::TenantId;
use model::{Change, Revision, Snapshot, decode_changes, encode_changes, invert};
use sqlx::Row;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use crate::backend::sqlite::begin;
use crate::crypt::Keys;
use crate::directory::Columns;
use crate::error::DbError;
use crate::open::Store;
use crate::scope::{Actor, TenantScope};

pub(crate) const HEAD: &str = "SELECT number, hash FROM audit_head WHERE tenant = $1";
pub(crate) const HEAD_PUT: &str = "INSERT INTO audit_head (tenant, number, hash)
    VALUES ($1, $2, $3)
    ON CONFLICT (tenant) DO UPDATE SET number = excluded.number, hash = excluded.hash";
pub(crate) const APPEND: &str = "INSERT INTO audit (tenant, number, at, actor_kind, actor,
    actor_name, address, act, detail, revision, before_blob, after_blob, hash)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
pub(crate) const PAGE: &str = "SELECT number, at, actor_kind, actor, actor_name, address, act,
    detail, revision, before_blob, after_blob, hash FROM audit
    WHERE tenant = $1 AND number < $2 ORDER BY number DESC LIMIT $3";
pub(crate) const AFTER: &str = "SELECT number, at, actor_kind, actor, actor_name, address, act,
    detail, revision, before_blob, after_blob, hash FROM audit
    WHERE tenant = $1 AND number > $2 ORDER BY number LIMIT $3";

/// Rows that one check of the chain reads at a time.
const CHECK_ROWS: i64 = 200;

/// One row of the trail.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEntry {
    /// Number in the tenant, from 1, without gaps.
    pub number: u64,
    /// When.
    pub at: Wall,
    /// Who; `None` when the stored kind is unknown to this version.
    pub actor: Option<Actor>,
    /// Login name of the actor at that time.
    pub name: Box<str>,
    /// Where the request came from.
    pub address: Option<IpAddr>,
    /// What: a short stable word, for example `import` or `login`.
    pub act: Box<str>,
    /// Particulars, for people.
    pub detail: Box<str>,
    /// Revision that the act made; 0 when it changed no configuration.
    pub revision: Revision,
    /// Changes that would take it back.
    pub before: Vec<Change>,
    /// Changes that it made, passwords left out.
    pub after: Vec<Change>,
}

/// Where a check of the trail failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditFault {
    /// Row with this number is missing.
    Missing(u64),
    /// Row with this number was altered.
    Altered(u64),
}

/// A row to be appended.
pub(crate) struct Act<'a> {
    pub(crate) at: Wall,
    pub(crate) act: &'a str,
    pub(crate) detail: &'a str,
    pub(crate) revision: Revision,
    /// Configuration before, and what was changed.
    pub(crate) changes: Option<(&'a Snapshot, &'a [Change])>,
}

/// A row as stored, in the order of [`PAGE`].
struct Stored {
    number: i64,
    at: i64,
    actor_kind: i64,
    actor: Option<Vec<u8>>,
    name: String,
    address: String,
    act: String,
    detail: String,
    revision: i64,
    before: Option<Vec<u8>>,
    after: Option<Vec<u8>>,
    hash: Vec<u8>,
}

impl Stored {
    fn read(row: &SqliteRow) -> Result<Self, DbError> {
        let mut c = Columns::of(row);
        Ok(Stored {
            number: c.number()?,
            at: c.number()?,
            actor_kind: c.number()?,
            actor: c.blob_option()?.map(<[u8]>::to_vec),
            name: c.text()?.to_owned(),
            address: c.text()?.to_owned(),
            act: c.text()?.to_owned(),
            detail: c.text()?.to_owned(),
            revision: c.number()?,
            before: c.blob_option()?.map(<[u8]>::to_vec),
            after: c.blob_option()?.map(<[u8]>::to_vec),
            hash: c.blob()?.to_vec(),
        })
    }

    /// The chained hash: over the former one and every column.
    fn chain(&self, keys: &Keys, tenant: TenantId, former: &[u8]) -> [u8; 32] {
        let none: &[u8] = b"";
        keys.audit(&[
            former,
            &tenant.0.bytes(),
            &self.number.to_be_bytes(),
            &self.at.to_be_bytes(),
            &self.actor_kind.to_be_bytes(),
            self.actor.as_deref().unwrap_or(none),
            self.name.as_bytes(),
            self.address.as_bytes(),
            self.act.as_bytes(),
            self.detail.as_bytes(),
            &self.revision.to_be_bytes(),
            self.before.as_deref().unwrap_or(none),
            self.after.as_deref().unwrap_or(none),
        ])
    }

    fn open(&self, keys: &Keys, tenant: TenantId) -> Result<AuditEntry, DbError> {
        let unseal = |sealed: &Option<Vec<u8>>, side| -> Result<Vec<Change>, DbError> {
            let Some(sealed) = sealed else { return Ok(Vec::new()) };
            let bytes = keys.open(&place(tenant, self.number, side), sealed);
            let bytes = bytes.ok_or(DbError::corrupt("audit row"))?;
            decode_changes(&bytes).map_err(DbError::other)
        };
        let id = self.actor.as_deref().and_then(base::Uuid::from_bytes);
        Ok(AuditEntry {
            number: self.number.unsigned_abs(),
            at: Wall(self.at),
            actor: Actor::of(self.actor_kind, id),
            name: self.name.as_str().into(),
            address: self.address.parse().ok(),
            act: self.act.as_str().into(),
            detail: self.detail.as_str().into(),
            revision: Revision(self.revision.unsigned_abs()),
            before: unseal(&self.before, b'b')?,
            after: unseal(&self.after, b'a')?,
        })
    }
}

fn place(tenant: TenantId, number: i64, side: u8) -> Vec<u8> {
    let mut out = b"audit\0".to_vec();
    out.extend_from_slice(&tenant.0.bytes());
    out.extend_from_slice(&number.to_be_bytes());
    out.push(side);
    out
}

/// Number and hash of the newest row; (0, empty) when there is none.
async fn head(conn: &mut SqliteConnection, tenant: TenantId) -> Result<(i64, Vec<u8>), DbError> {
    let row = sqlx::query(HEAD).bind(tenant.0.bytes().to_vec()).fetch_optional(conn).await?;
    let Some(row) = row else { return Ok((0, Vec::new())) };
    Ok((row.try_get(0)?, row.try_get(1)?))
}

/// Appends a row inside the caller's transaction; returns its number.
pub(crate) async fn append(
    conn: &mut SqliteConnection,
    keys: &Keys,
    scope: &TenantScope,
    act: &Act<'_>,
) -> Result<u64, DbError> {
    let tenant = scope.tenant();
    let (last, former) = head(conn, tenant).await?;
    let number = last + 1;
    let seal = |changes: &[Change], side| {
        keys.seal(&place(tenant, number, side), &encode_changes(changes))
    };
    let (actor_kind, actor) = scope.actor().parts();
    let row = Stored {
        number,
        at: act.at.0,
        actor_kind,
        actor: actor.map(|id| id.bytes().to_vec()),
        name: scope.name().to_owned(),
        address: scope.address().map(|a| a.to_string()).unwrap_or_default(),
        act: act.act.to_owned(),
        detail: act.detail.to_owned(),
        revision: act.revision.0.cast_signed(),
        before: act.changes.map(|(before, changes)| seal(&invert(before, changes), b'b')),
        after: act.changes.map(|(_, changes)| seal(changes, b'a')),
        hash: Vec::new(),
    };
    let hash = row.chain(keys, tenant, &former).to_vec();
    sqlx::query(APPEND)
        .bind(tenant.0.bytes().to_vec())
        .bind(row.number)
        .bind(row.at)
        .bind(row.actor_kind)
        .bind(row.actor)
        .bind(row.name)
        .bind(row.address)
        .bind(row.act)
        .bind(row.detail)
        .bind(row.revision)
        .bind(row.before)
        .bind(row.after)
        .bind(hash.clone())
        .execute(&mut *conn)
        .await?;
    let tenant = tenant.0.bytes().to_vec();
    sqlx::query(HEAD_PUT).bind(tenant).bind(number).bind(hash).execute(conn).await?;
    Ok(number.unsigned_abs())
}

impl Store {
    /// Appends a row for an act that changes no configuration: an export, a view of secrets.
    pub async fn note(
        &self,
        scope: &TenantScope,
        act: &str,
        detail: &str,
        at: Wall,
    ) -> Result<(), DbError> {
        let mut conn = self.main.lock().await;
        let mut tx = begin(&mut conn).await?;
        let act = Act { at, act, detail, revision: Revision(0), changes: None };
        append(&mut tx, &self.keys, scope, &act).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The newest rows below number `before` (`None`: from the end), at most `limit` of them.
    pub async fn audit_page(
        &self,
        scope: &TenantScope,
        before: Option<u64>,
        limit: u16,
    ) -> Result<Vec<AuditEntry>, DbError> {
        let before = before.map_or(i64::MAX, |b| i64::try_from(b).unwrap_or(i64::MAX));
        let rows = self.audit_rows(PAGE, scope.tenant(), before, i64::from(limit)).await?;
        rows.iter().map(|r| r.open(&self.keys, scope.tenant())).collect()
    }

    async fn audit_rows(
        &self,
        sql: &'static str,
        tenant: TenantId,
        number: i64,
        limit: i64,
    ) -> Result<Vec<Stored>, DbError> {
        let mut reader = self.readers.take().await?;
        let read = |row: SqliteRow| Stored::read(&row).map_err(|e| sqlx::Error::Decode(e.into()));
        let query = sqlx::query(sql).bind(tenant.0.bytes().to_vec()).bind(number).bind(limit);
        Ok(query.try_map(read).fetch_all(&mut *reader).await?)
    }

    /// Walks the whole chain of a tenant; the first row that is missing or altered, if any.
    pub async fn audit_check(&self, scope: &TenantScope) -> Result<Option<AuditFault>, DbError> {
        let tenant = scope.tenant();
        let (last, newest) = head(&mut *self.readers.take().await?, tenant).await?;
        let (mut number, mut former) = (0i64, Vec::new());
        loop {
            let rows = self.audit_rows(AFTER, tenant, number, CHECK_ROWS).await?;
            for row in rows.iter().take_while(|r| r.number <= last) {
                number += 1;
                if row.number != number {
                    return Ok(Some(AuditFault::Missing(number.unsigned_abs())));
                }
                let hash = row.chain(&self.keys, tenant, &former);
                if hash.as_slice() != row.hash.as_slice() {
                    return Ok(Some(AuditFault::Altered(row.number.unsigned_abs())));
                }
                former = hash.to_vec();
            }
            if rows.len() < CHECK_ROWS as usize || number >= last {
                break;
            }
        }
        if number < last {
            return Ok(Some(AuditFault::Missing(number.unsigned_abs() + 1)));
        }
        let whole = former == newest;
        Ok((!whole).then_some(AuditFault::Altered(last.unsigned_abs())))
    }
}
