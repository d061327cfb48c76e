//! Sessions of the portals: server-side, found by the hash of a 256-bit token (SEC-14).

use std::net::IpAddr;

use base::id::TenantId;
use base::{Secret, Wall};
use model::CredentialOwner;
use sha2::{Digest, Sha256};
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use crate::credential::{owner_of, owner_parts};
use crate::crypt::random;
use crate::directory::Columns;
use crate::error::DbError;
use crate::login::scope_of;
use crate::open::Store;
use crate::rows::Rows;
use crate::scope::{Actor, TenantScope, Zone};

/// A session ends after this long without a request.
const IDLE_MS: i64 = 30 * 60_000;
/// A session ends this long after the login.
const AGE_MS: i64 = 12 * 3_600_000;
/// How old the stored time of the last request may get, so that reading a page writes nothing.
const SEEN_STEP_MS: i64 = 60_000;

pub(crate) const OPEN: &str = "INSERT INTO session (token, tenant, kind, owner, zone, created_at,
    seen_at) VALUES ($1, $2, $3, $4, $5, $6, $7)";
pub(crate) const FIND: &str = "SELECT s.tenant, s.kind, s.owner, s.zone, s.created_at, s.seen_at,
    c.must_change, c.changed_at FROM session s LEFT JOIN credential c
    ON c.tenant = s.tenant AND c.kind = s.kind AND c.owner = s.owner WHERE s.token = $1";
pub(crate) const SEEN: &str = "UPDATE session SET seen_at = $2 WHERE token = $1";
pub(crate) const CLOSE: &str = "DELETE FROM session WHERE token = $1";
pub(crate) const EXPIRE: &str = "DELETE FROM session WHERE seen_at < $1 OR created_at < $2";
pub(crate) const EXPEL: &str = "DELETE FROM session WHERE tenant = $1 AND kind = $2 AND zone = $3";
pub(crate) static DELETE: Rows =
    Rows::new("DELETE FROM session WHERE (tenant, kind, owner) IN (VALUES", 3, ")");

/// Somebody who has signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// What may be touched.
    pub scope: TenantScope,
    /// Where the login came in.
    pub zone: Zone,
    /// The password must be replaced before anything else (R007).
    pub must_change: bool,
    /// The password is older than the tenant's reminder (R007).
    pub remind: bool,
}

/// The secret that a browser keeps: 64 hexadecimal digits.
#[derive(Debug, Clone)]
pub struct Token(Secret<String>);

impl Token {
    /// The digits, for the cookie.
    pub fn text(&self) -> &str {
        self.0.expose()
    }
}

fn token_hash(text: &str) -> Vec<u8> {
    Sha256::digest(text.as_bytes()).to_vec()
}

impl Store {
    /// Makes a token for a session; to be called again (and the old one closed) at each change
    /// of role. Expired sessions of everybody are removed on the way.
    pub async fn open_session(&self, session: &Session, now: Wall) -> Result<Token, DbError> {
        let owner = match session.scope.actor() {
            Actor::Admin(id) => CredentialOwner::Admin(id),
            Actor::User(id) => CredentialOwner::User(id),
            Actor::Operator | Actor::Token(_) => return Err(DbError::corrupt("session owner")),
        };
        let (kind, id) = owner_parts(owner);
        let text: String = random::<32>().iter().map(|b| format!("{b:02x}")).collect();
        let mut conn = self.main.lock().await;
        sqlx::query(EXPIRE)
            .bind(now.0.saturating_sub(IDLE_MS))
            .bind(now.0.saturating_sub(AGE_MS))
            .execute(&mut *conn)
            .await?;
        sqlx::query(OPEN)
            .bind(token_hash(&text))
            .bind(session.scope.tenant().0.bytes().to_vec())
            .bind(kind)
            .bind(id.bytes().to_vec())
            .bind(session.zone.number())
            .bind(now.0)
            .bind(now.0)
            .execute(&mut *conn)
            .await?;
        Ok(Token(Secret::new(text)))
    }

    /// The session of a token: `None` when it is unknown, was idle for 30 minutes, is 12 hours
    /// old, or its owner may not sign in any more.
    pub async fn session(
        &self,
        token: &str,
        address: Option<IpAddr>,
        now: Wall,
    ) -> Result<Option<Session>, DbError> {
        let hash = token_hash(token);
        let row: Option<SqliteRow> = sqlx::query(FIND)
            .bind(hash.clone())
            .fetch_optional(&mut *self.readers.take().await?)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let mut c = Columns::of(&row);
        let (tenant, kind, id) = (TenantId(c.id()?), c.number()?, c.id()?);
        let (zone, created_at, seen_at) = (Zone::of(c.number()?), c.number()?, c.number()?);
        let (must_change, changed_at) = (c.number_option()?, c.wall_option()?);
        if now.0 - seen_at > IDLE_MS || now.0 - created_at > AGE_MS {
            return Ok(None);
        }
        let snapshot = self.snapshot();
        let scope = scope_of(&snapshot, tenant, owner_of(tenant, kind, id), address);
        let (Some(scope), Some(changed_at)) = (scope, changed_at) else { return Ok(None) };
        if now.0 - seen_at > SEEN_STEP_MS {
            let mut conn = self.main.lock().await;
            sqlx::query(SEEN).bind(hash).bind(now.0).execute(&mut *conn).await?;
        }
        let days = snapshot.tenant(tenant).map_or(0, |t| i64::from(t.reminder_days));
        let remind = days > 0 && now.0.saturating_sub(changed_at.0) > days * 86_400_000;
        Ok(Some(Session { scope, zone, must_change: must_change == Some(1), remind }))
    }

    /// Ends a session (logout); unknown tokens are ignored.
    pub async fn close_session(&self, token: &str) -> Result<(), DbError> {
        let mut conn = self.main.lock().await;
        sqlx::query(CLOSE).bind(token_hash(token)).execute(&mut *conn).await?;
        Ok(())
    }

    /// Ends every session of a portal that came in by `zone` (R054).
    pub async fn expel(
        &self,
        scope: &TenantScope,
        portal: crate::login::Portal,
        zone: Zone,
    ) -> Result<(), DbError> {
        let kind = match portal {
            crate::login::Portal::Admin => 0i64,
            crate::login::Portal::User => 1,
        };
        let mut conn = self.main.lock().await;
        sqlx::query(EXPEL)
            .bind(scope.tenant().0.bytes().to_vec())
            .bind(kind)
            .bind(zone.number())
            .execute(&mut *conn)
            .await?;
        Ok(())
    }
}

/// Ends the sessions of owners, inside the caller's transaction.
pub(crate) async fn delete(
    conn: &mut SqliteConnection,
    owners: &[(TenantId, CredentialOwner)],
) -> Result<(), DbError> {
    DELETE
        .run(conn, owners, |(tenant, owner), args| {
            let (kind, id) = owner_parts(*owner);
            args.id(tenant.0);
            args.add(kind);
            args.id(id);
        })
        .await
}
