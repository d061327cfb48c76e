//! Web passwords and PINs at rest (SEC-10): argon2id keyed by the pepper; those of a bulk import
//! first as salted HMAC under the pepper, wrapped or replaced by argon2id later.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use argon2::{Algorithm, Argon2, Params, Version};
use base::id::{AdminId, DepartmentId, TenantId, UserId, VirtualDnId};
use base::{Secret, Wall, limits};
use model::password::PASSWORD_MAX;
use model::{BoxOwner, CredentialOwner, PasswordError, Snapshot, check_password};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;

use crate::backend::sqlite::begin;
use crate::crypt::{Keys, random};
use crate::directory::Columns;
use crate::error::{DbError, LoginError};
use crate::login::{self, Verdict};
use crate::open::Store;
use crate::rows::Rows;
use crate::scope::{Actor, TenantScope};
use crate::session;
use crate::strikes::Strikes;

pub(crate) static PUT: Rows = Rows::new(
    "INSERT INTO credential (tenant, kind, owner, form, salt, hash, must_change, changed_at,
     failures) VALUES",
    9,
    " ON CONFLICT (tenant, kind, owner) DO UPDATE SET form = excluded.form,
     salt = excluded.salt, hash = excluded.hash, must_change = excluded.must_change,
     changed_at = excluded.changed_at, failures = 0, recent = NULL,
     locked_at = NULL",
);
pub(crate) static DELETE: Rows =
    Rows::new("DELETE FROM credential WHERE (tenant, kind, owner) IN (VALUES", 3, ")");
pub(crate) const READ: &str = "SELECT form, salt, hash, must_change, changed_at, failures,
    locked_at, recent FROM credential WHERE tenant = $1 AND kind = $2 AND owner = $3";
pub(crate) const REPLACE: &str = "UPDATE credential SET form = $4, salt = $5, hash = $6
    WHERE tenant = $1 AND kind = $2 AND owner = $3 AND hash = $7";
pub(crate) const BULK: &str =
    "SELECT tenant, kind, owner, salt, hash FROM credential WHERE form = 1 LIMIT $1";

/// How a password is stored. The numbers are those of the column `form`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// argon2id (19 MiB, 2 passes, 1 lane) of the password.
    Slow = 0,
    /// HMAC-SHA-256 of the password.
    Bulk = 1,
    /// argon2id of the HMAC.
    Wrapped = 2,
}

impl Form {
    const ALL: [Form; 3] = [Form::Slow, Form::Bulk, Form::Wrapped];
}

/// A password in the form in which it is stored.
#[derive(Clone)]
pub(crate) struct Hashed {
    form: Form,
    salt: [u8; 16],
    hash: [u8; 32],
    pub(crate) must_change: bool,
}

/// A stored password with its state.
pub(crate) struct Stored {
    hashed: Hashed,
    pub(crate) changed_at: Wall,
    pub(crate) strikes: Strikes,
}

/// A password that is to be changed by its owner.
#[derive(Debug)]
pub struct PasswordChange<'a> {
    /// The present one; checked and counted like a login.
    pub current: &'a str,
    /// The new one.
    pub new: &'a str,
    /// Wall time.
    pub now: Wall,
}

/// What became of a [`PasswordChange`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordOutcome {
    /// Stored; every session of the owner has ended.
    Changed,
    /// The present password is wrong.
    Refused,
    /// Locked, by this failure or before (R050).
    Locked {
        /// When the lock ends by itself; `None` = by hand only.
        until: Option<Wall>,
    },
    /// The new password breaks a rule (R027).
    Policy(PasswordError),
}

/// Kind and id of an owner as stored.
pub(crate) fn owner_parts(owner: CredentialOwner) -> (i64, base::Uuid) {
    match owner {
        CredentialOwner::Admin(id) => (0, id.0),
        CredentialOwner::User(id) => (1, id.0),
        CredentialOwner::Pin(id) => (2, id.0),
        CredentialOwner::BoxPin(BoxOwner::Virtual(id)) => (13, id.0),
        CredentialOwner::BoxPin(BoxOwner::Department(id)) => (14, id.0),
        CredentialOwner::BoxPin(BoxOwner::Hunt(_, number)) => (15, base::Uuid(number.into())),
    }
}

pub(crate) fn owner_of(tenant: TenantId, kind: i64, id: base::Uuid) -> CredentialOwner {
    match kind {
        0 => CredentialOwner::Admin(AdminId(id)),
        1 => CredentialOwner::User(UserId(id)),
        13 => CredentialOwner::BoxPin(BoxOwner::Virtual(VirtualDnId(id))),
        14 => CredentialOwner::BoxPin(BoxOwner::Department(DepartmentId(id))),
        15 => CredentialOwner::BoxPin(BoxOwner::Hunt(tenant, id.0 as u16)),
        _ => CredentialOwner::Pin(UserId(id)),
    }
}

/// Hashes that run beside calls: few at a time, few waiting.
pub(crate) struct Hashing {
    permits: Arc<Semaphore>,
    waiting: AtomicUsize,
    /// Hashes made since the start.
    #[cfg(test)]
    pub(crate) made: AtomicUsize,
}

impl Default for Hashing {
    fn default() -> Self {
        Hashing {
            permits: Arc::new(Semaphore::new(limits::HASHING_MAX)),
            waiting: AtomicUsize::new(0),
            #[cfg(test)]
            made: AtomicUsize::new(0),
        }
    }
}

/// Counts a waiting hash for as long as it lives.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Hashing {
    /// argon2id of `input` on a blocking thread; refused when too many wait already.
    async fn slow(
        &self,
        keys: &Arc<Keys>,
        input: &[u8],
        salt: [u8; 16],
    ) -> Result<[u8; 32], LoginError> {
        let waiting = self.waiting.fetch_add(1, Ordering::Relaxed);
        let _waiting = Waiting(&self.waiting);
        if waiting >= limits::HASHING_MAX + limits::HASHING_QUEUE {
            return Err(LoginError::Busy);
        }
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let permit = permit.map_err(|_| LoginError::Busy)?;
        #[cfg(test)]
        self.made.fetch_add(1, Ordering::Relaxed);
        let input = Secret::new(input.to_vec());
        let keys = Arc::clone(keys);
        let task = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            argon2id(&keys, input.expose(), &salt)
        });
        match task.await {
            Ok(Some(hash)) => Ok(hash),
            Ok(None) => Err(DbError::corrupt("password hash").into()),
            Err(e) => Err(DbError::other(e).into()),
        }
    }

    /// A password in its lasting form, with a new salt.
    pub(crate) async fn fresh(&self, keys: &Arc<Keys>, text: &[u8]) -> Result<Hashed, LoginError> {
        let salt = random::<16>();
        let hash = self.slow(keys, text, salt).await?;
        Ok(Hashed { form: Form::Slow, salt, hash, must_change: false })
    }

    /// Whether `text` is the stored password. Costs one slow hash, whatever is stored, and also
    /// when nothing is. A form other than the lasting one is replaced: the second value.
    pub(crate) async fn verify(
        &self,
        keys: &Arc<Keys>,
        stored: Option<&Stored>,
        text: &str,
    ) -> Result<(bool, Option<Hashed>), LoginError> {
        let fits = text.len() <= PASSWORD_MAX;
        let text = text.as_bytes().get(..PASSWORD_MAX).unwrap_or(text.as_bytes());
        let Some(Stored { hashed, .. }) = stored.filter(|_| fits) else {
            self.slow(keys, text, [0; 16]).await?;
            return Ok((false, None));
        };
        let same = |hash: [u8; 32]| bool::from(hash.ct_eq(&hashed.hash));
        match hashed.form {
            Form::Slow => Ok((same(self.slow(keys, text, hashed.salt).await?), None)),
            Form::Bulk => {
                let lasting = self.fresh(keys, text).await?;
                let good = same(bulk_mac(keys, &hashed.salt, text));
                Ok((good, good.then_some(lasting)))
            }
            Form::Wrapped => {
                let inner = bulk_mac(keys, &hashed.salt, text);
                if !same(self.slow(keys, &inner, hashed.salt).await?) {
                    return Ok((false, None));
                }
                Ok((true, Some(self.fresh(keys, text).await?)))
            }
        }
    }
}

fn argon2id(keys: &Keys, input: &[u8], salt: &[u8]) -> Option<[u8; 32]> {
    let params = Params::new(19 * 1_024, 2, 1, Some(32)).ok()?;
    let argon2 =
        Argon2::new_with_secret(keys.pepper(), Algorithm::Argon2id, Version::V0x13, params).ok()?;
    let mut out = [0; 32];
    argon2.hash_password_into(input, salt, &mut out).ok()?;
    Some(out)
}

fn bulk_mac(keys: &Keys, salt: &[u8; 16], text: &[u8]) -> [u8; 32] {
    keys.peppered(&[b"bulk password", salt, text])
}

/// A password of a bulk import: quick to make, useless without the key file.
pub(crate) fn bulk_hash(keys: &Keys, text: &[u8]) -> Hashed {
    let salt = random::<16>();
    Hashed { form: Form::Bulk, salt, hash: bulk_mac(keys, &salt, text), must_change: false }
}

/// Stores passwords of owners that exist in `after`, and removes those that are `None`; the
/// sessions of all these owners end.
pub(crate) async fn put(
    conn: &mut SqliteConnection,
    after: &Snapshot,
    hashed: &[(CredentialOwner, Option<Hashed>)],
    at: Wall,
) -> Result<(), DbError> {
    // One statement must not name a row twice: the last password of an owner counts.
    let all: BTreeMap<_, _> =
        hashed.iter().filter_map(|(o, h)| Some(((o.tenant(after)?, *o), h))).collect();
    let gone: Vec<_> = all.iter().filter(|(_, h)| h.is_none()).map(|(owner, _)| *owner).collect();
    if !gone.is_empty() {
        delete(conn, &gone).await?;
    }
    let rows: Vec<_> =
        all.into_iter().filter_map(|(owner, h)| Some((owner, h.as_ref()?))).collect();
    PUT.run(conn, &rows, |((tenant, owner), hashed), args| {
        let (kind, id) = owner_parts(*owner);
        args.id(tenant.0);
        args.add(kind);
        args.id(id);
        args.add(hashed.form as i64);
        args.add(hashed.salt.to_vec());
        args.add(hashed.hash.to_vec());
        args.add(i64::from(hashed.must_change));
        args.add(at.0);
        args.add(0i64);
    })
    .await?;
    let owners: Vec<_> = rows.into_iter().map(|(owner, _)| owner).collect();
    session::delete(conn, &owners).await
}

/// Removes passwords and sessions of owners who are gone.
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
        .await?;
    session::delete(conn, owners).await
}

/// The stored password of an owner.
pub(crate) async fn read(
    conn: &mut SqliteConnection,
    tenant: TenantId,
    owner: CredentialOwner,
) -> Result<Option<Stored>, DbError> {
    let (kind, id) = owner_parts(owner);
    let row: Option<SqliteRow> = sqlx::query(READ)
        .bind(tenant.0.bytes().to_vec())
        .bind(kind)
        .bind(id.bytes().to_vec())
        .fetch_optional(conn)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let mut c = Columns::of(&row);
    Ok(Some(Stored {
        hashed: Hashed {
            form: c.one_of(&Form::ALL)?,
            salt: c.blob()?.try_into().map_err(|_| DbError::corrupt("salt"))?,
            hash: c.blob()?.try_into().map_err(|_| DbError::corrupt("password hash"))?,
            must_change: c.flag()?,
        },
        changed_at: c.wall()?,
        strikes: Strikes {
            failures: c.number()?,
            locked_at: c.wall_option()?,
            recent: Strikes::recent_of(c.blob_option()?.unwrap_or_default()),
        },
    }))
}

impl Stored {
    pub(crate) fn must_change(&self) -> bool {
        self.hashed.must_change
    }

    /// Replaces the form by a lasting one, unless the password was changed meanwhile.
    pub(crate) async fn upgrade(
        &self,
        conn: &mut SqliteConnection,
        tenant: TenantId,
        owner: CredentialOwner,
        new: &Hashed,
    ) -> Result<(), DbError> {
        let (kind, id) = owner_parts(owner);
        sqlx::query(REPLACE)
            .bind(tenant.0.bytes().to_vec())
            .bind(kind)
            .bind(id.bytes().to_vec())
            .bind(new.form as i64)
            .bind(new.salt.to_vec())
            .bind(new.hash.to_vec())
            .bind(self.hashed.hash.to_vec())
            .execute(conn)
            .await?;
        Ok(())
    }
}

impl Store {
    /// Changes the actor's own web password (R055, R056). Every session of the owner ends, so
    /// the caller makes a new one.
    pub async fn change_password(
        &self,
        scope: &TenantScope,
        change: PasswordChange<'_>,
    ) -> Result<PasswordOutcome, LoginError> {
        let owner = match scope.actor() {
            Actor::Admin(id) => CredentialOwner::Admin(id),
            Actor::User(id) => CredentialOwner::User(id),
            Actor::Operator | Actor::Token(_) => return Ok(PasswordOutcome::Refused),
        };
        let case = login::Attempt {
            tenant: scope.tenant(),
            owner,
            zone: None,
            address: scope.address(),
            now: change.now,
        };
        match self.judge(&case, change.current).await? {
            Verdict::Good(_) => {}
            Verdict::Wrong | Verdict::Missing => return Ok(PasswordOutcome::Refused),
            Verdict::Locked { until } => return Ok(PasswordOutcome::Locked { until }),
        }
        let policy = self.snapshot().tenant(scope.tenant()).map(|t| t.web_policy);
        if let Err(e) = check_password(policy.unwrap_or_default(), scope.name(), change.new) {
            return Ok(PasswordOutcome::Policy(e));
        }
        let hashed = self.hashing.fresh(&self.keys, change.new.as_bytes()).await?;
        let mut conn = self.main.lock().await;
        let mut tx = begin(&mut conn).await?;
        put(&mut tx, &self.snapshot(), &[(owner, Some(hashed))], change.now).await?;
        let act = crate::audit::Act {
            at: change.now,
            act: "password",
            detail: "",
            revision: model::Revision(0),
            changes: None,
        };
        crate::audit::append(&mut tx, &self.keys, scope, &act).await?;
        tx.commit().await?;
        Ok(PasswordOutcome::Changed)
    }

    /// Wraps at most `count` passwords of bulk imports in argon2id (SEC-10); returns how many
    /// were found. To be called now and then until it returns 0. Each costs about 50 ms of CPU.
    pub async fn wrap_passwords(&self, count: u16) -> Result<usize, LoginError> {
        let mut rows = Vec::new();
        for row in sqlx::query(BULK)
            .bind(i64::from(count))
            .fetch_all(&mut *self.readers.take().await?)
            .await?
        {
            let mut c = Columns::of(&row);
            let (tenant, kind, id) = (TenantId(c.id()?), c.number()?, c.id()?);
            let salt: [u8; 16] = c.blob()?.try_into().map_err(|_| DbError::corrupt("salt"))?;
            let hash: [u8; 32] =
                c.blob()?.try_into().map_err(|_| DbError::corrupt("password hash"))?;
            rows.push((tenant, owner_of(tenant, kind, id), salt, hash));
        }
        for (tenant, owner, salt, hash) in &rows {
            let wrapped = self.hashing.slow(&self.keys, hash, *salt).await?;
            let new =
                Hashed { form: Form::Wrapped, salt: *salt, hash: wrapped, must_change: false };
            let old = Hashed { form: Form::Bulk, salt: *salt, hash: *hash, must_change: false };
            let old = Stored { hashed: old, changed_at: Wall(0), strikes: Strikes::default() };
            let mut conn = self.main.lock().await;
            old.upgrade(&mut conn, *tenant, *owner, &new).await?;
        }
        Ok(rows.len())
    }
}
