//! Bearer tokens of the API: 256 random bits, kept as their SHA-256, bound to a tenant and a role.
//!
//! A fast hash suffices for what nobody can guess; passwords of people are hashed slowly.

use std::net::IpAddr;

use base::id::{ApiTokenId, TenantId};
use base::{Secret, Uuid, Wall};
use sha2::{Digest, Sha256};
use sqlx::sqlite::SqliteRow;

use crate::audit::{self, Act};
use crate::backend::sqlite::begin;
use crate::crypt::random;
use crate::directory::{Columns, number_of};
use crate::error::DbError;
use crate::open::Store;
use crate::scope::{Actor, TenantScope};

pub(crate) const MAKE: &str = "INSERT INTO api_token (tenant, id, name, role, hash, created_at,
    expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)";
pub(crate) const FIND: &str = "SELECT tenant, id, name, role, created_at, expires_at
    FROM api_token WHERE hash = $1";
pub(crate) const LIST: &str = "SELECT tenant, id, name, role, created_at, expires_at
    FROM api_token WHERE tenant = $1 ORDER BY id";
pub(crate) const COUNT: &str = "SELECT COUNT(*) FROM api_token WHERE tenant = $1";
pub(crate) const REVOKE: &str = "DELETE FROM api_token WHERE tenant = $1 AND id = $2";

/// What every token begins with, so that scanners for leaked secrets know it.
const MARK: &str = "naisen_";

/// What a token may do in its tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum ApiRole {
    /// What an administrator of the whole tenant may.
    #[default]
    Administrator,
    /// Also what is the provider's: options, quota, numbering plan.
    Operator,
}

impl ApiRole {
    /// Every role; the index of each is its number in stores.
    pub const ALL: [ApiRole; 2] = [ApiRole::Administrator, ApiRole::Operator];

    /// Stable name for the command line: `administrator`, `operator`.
    pub const fn name(self) -> &'static str {
        match self {
            ApiRole::Administrator => "administrator",
            ApiRole::Operator => "operator",
        }
    }
}

/// A token without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiToken {
    /// Durable id, by which it is revoked.
    pub id: ApiTokenId,
    /// Whose.
    pub tenant: TenantId,
    /// Name in audit rows, 1–64 characters.
    pub name: Box<str>,
    /// What it may do.
    pub role: ApiRole,
    /// When it was made.
    pub created_at: Wall,
    /// When it ends by itself; `None` = never.
    pub expires_at: Option<Wall>,
}

/// A token to be made.
#[derive(Debug, Clone, Copy)]
pub struct NewApiToken<'a> {
    /// Its id, new.
    pub id: ApiTokenId,
    /// Name in audit rows; longer than 64 characters is cut.
    pub name: &'a str,
    /// What it may do.
    pub role: ApiRole,
    /// When it ends by itself; `None` = never.
    pub expires_at: Option<Wall>,
}

impl ApiToken {
    /// Most tokens of a tenant.
    pub const TOKENS_MAX: usize = 1_000;

    fn read(row: &SqliteRow) -> Result<Self, DbError> {
        let mut c = Columns::of(row);
        Ok(ApiToken {
            tenant: TenantId(c.id()?),
            id: ApiTokenId(c.id()?),
            name: c.text()?.into(),
            role: c.one_of(&ApiRole::ALL)?,
            created_at: c.wall()?,
            expires_at: c.wall_option()?,
        })
    }

    fn is_over(&self, now: Wall) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }
}

fn hash(text: &str) -> Vec<u8> {
    Sha256::digest(text.as_bytes()).to_vec()
}

fn bytes(id: Uuid) -> Vec<u8> {
    id.bytes().to_vec()
}

impl Store {
    /// Makes a token, audited; its text is given out here and never again. `None` when the tenant
    /// has [`ApiToken::TOKENS_MAX`] of them.
    pub async fn make_api_token(
        &self,
        scope: &TenantScope,
        new: NewApiToken<'_>,
        now: Wall,
    ) -> Result<Option<Secret<String>>, DbError> {
        let digits: String = random::<32>().iter().map(|b| format!("{b:02x}")).collect();
        let text = format!("{MARK}{digits}");
        let name: String = new.name.chars().filter(|c| !c.is_control()).take(64).collect();
        let tenant = scope.tenant().0;
        let mut conn = self.main.lock().await;
        let mut tx = begin(&mut conn).await?;
        let count: i64 = sqlx::query_scalar(COUNT).bind(bytes(tenant)).fetch_one(&mut *tx).await?;
        if count >= ApiToken::TOKENS_MAX as i64 {
            return Ok(None);
        }
        sqlx::query(MAKE)
            .bind(bytes(tenant))
            .bind(bytes(new.id.0))
            .bind(name.clone())
            .bind(number_of(&new.role, &ApiRole::ALL))
            .bind(hash(&text))
            .bind(now.0)
            .bind(new.expires_at.map(|end| end.0))
            .execute(&mut *tx)
            .await?;
        let detail = format!("{} {} {name}", new.id, new.role.name());
        let act = note("token-made", &detail, now);
        audit::append(&mut tx, &self.keys, scope, &act).await?;
        tx.commit().await?;
        Ok(Some(Secret::new(text)))
    }

    /// Scope of a token; `None` when it is unknown, revoked or over.
    pub async fn api_scope(
        &self,
        text: &str,
        address: Option<IpAddr>,
        now: Wall,
    ) -> Result<Option<TenantScope>, DbError> {
        if !text.starts_with(MARK) {
            return Ok(None);
        }
        let row: Option<SqliteRow> = sqlx::query(FIND)
            .bind(hash(text))
            .fetch_optional(&mut *self.readers.take().await?)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let token = ApiToken::read(&row)?;
        if token.is_over(now) || self.snapshot().tenant(token.tenant).is_none() {
            return Ok(None);
        }
        let actor = match token.role {
            ApiRole::Administrator => Actor::Token(token.id),
            ApiRole::Operator => Actor::Operator,
        };
        Ok(Some(TenantScope::new(token.tenant, None, actor, &token.name, address)))
    }

    /// The tokens of a tenant, the first one made first; those that are over included.
    pub async fn api_tokens(&self, scope: &TenantScope) -> Result<Vec<ApiToken>, DbError> {
        let rows = sqlx::query(LIST)
            .bind(bytes(scope.tenant().0))
            .fetch_all(&mut *self.readers.take().await?)
            .await?;
        rows.iter().map(ApiToken::read).collect()
    }

    /// Ends a token for ever, audited; false when the tenant has no such token.
    pub async fn revoke_api_token(
        &self,
        scope: &TenantScope,
        id: ApiTokenId,
        now: Wall,
    ) -> Result<bool, DbError> {
        let mut conn = self.main.lock().await;
        let mut tx = begin(&mut conn).await?;
        let done = sqlx::query(REVOKE)
            .bind(bytes(scope.tenant().0))
            .bind(bytes(id.0))
            .execute(&mut *tx)
            .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        let detail = id.to_string();
        let act = note("token-revoked", &detail, now);
        audit::append(&mut tx, &self.keys, scope, &act).await?;
        tx.commit().await?;
        Ok(true)
    }
}

fn note<'a>(act: &'a str, detail: &'a str, at: Wall) -> Act<'a> {
    Act { at, act, detail, revision: model::Revision(0), changes: None }
}
