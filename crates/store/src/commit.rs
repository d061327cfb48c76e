//! A set of changes becomes true: checked, stored in one transaction, published.

use std::sync::Arc;

use base::Wall;
use model::{Change, CredentialOwner, Revision, Snapshot, apply, in_force};
use sqlx::sqlite::SqliteConnection;

use crate::audit::{self, Act, AuditEntry};
use crate::backend::sqlite::begin;
use crate::credential::{self, Hashed};
use crate::error::{CommitError, DbError};
use crate::idempotency::{self, AnswerOf, KeyedRequest};
use crate::open::{Store, load};
use crate::permit::permitted;
use crate::scope::TenantScope;
use crate::touched::Touched;

pub(crate) const ADVANCE: &str = "UPDATE revision SET number = $1 WHERE id = 1 AND number = $2";
pub(crate) const TENANT_ADVANCE: &str = "INSERT INTO tenant_revision (tenant, number)
    VALUES ($1, $2) ON CONFLICT (tenant) DO UPDATE SET number = excluded.number";

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Commit<'a> {
    /// Revision that the changes were planned on. Refused when the tenant was changed since.
    pub seen: Revision,
    /// All or nothing.
    pub changes: &'a [Change],
    /// Short stable word for the audit trail, for example `import`.
    pub act: &'a str,
    /// Particulars for the audit trail: file name, counts.
    pub detail: &'a str,
    /// Wall time of the change.
    pub at: Wall,
}

/// What was made true.
#[derive(Debug, Clone)]
pub struct Committed {
    /// The configuration now in force; already published to [`Store::watch`].
    pub snapshot: Arc<Snapshot>,
    /// Number of the audit row, for [`Store::undo`].
    pub audit: u64,
}

impl Store {
    /// Checks and stores `commit` with its audit row in one transaction, then publishes the new
    /// snapshot. What was answered `Ok` survives a power cut.
    pub async fn commit(
        &self,
        scope: &TenantScope,
        commit: Commit<'_>,
    ) -> Result<Committed, CommitError> {
        self.commit_answered(scope, commit, None).await
    }

    /// The same; an answer with a key is kept in the same transaction, for who sends the request
    /// again (see [`Store::kept_answer`]).
    pub async fn commit_answered(
        &self,
        scope: &TenantScope,
        commit: Commit<'_>,
        answer: Option<AnswerOf<'_>>,
    ) -> Result<Committed, CommitError> {
        let hashed = self.hash_passwords(commit.changes).await?;
        let mut conn = self.main.lock().await;
        let before = self.snapshot();
        let at = before.tenant_revision(scope.tenant());
        if commit.seen < at {
            return Err(CommitError::Conflict(at));
        }
        let after = apply(&before, commit.changes).map_err(CommitError::Violations)?;
        for (at, change) in commit.changes.iter().enumerate() {
            if !permitted(scope, change, &before, &after) {
                return Err(CommitError::Forbidden(at));
            }
        }
        let answer = answer.map(|a| (a.request, (a.answer)(&after)));
        let case = Case { keys: &self.keys, scope, commit: &commit, before: &before, answer };
        match case.store(&mut conn, &after, &hashed).await? {
            Some(audit) => {
                let snapshot = Arc::new(after);
                self.current.send_replace(Arc::clone(&snapshot));
                Ok(Committed { snapshot, audit })
            }
            // An earlier commit was stored but its caller went away before it was published.
            None => {
                let fresh = load(&mut conn, &self.keys).await.map_err(DbError::other)?;
                let fresh = Arc::new(fresh.with_names_of(&before));
                let at = fresh.tenant_revision(scope.tenant());
                self.current.send_replace(fresh);
                Err(CommitError::Conflict(at))
            }
        }
    }

    /// Takes back an audited change, as a change of its own. Refused as a conflict when anything
    /// it touched was changed since; passwords stay.
    pub async fn undo(
        &self,
        scope: &TenantScope,
        audit: u64,
        at: Wall,
    ) -> Result<Committed, CommitError> {
        let page = self.audit_page(scope, Some(audit + 1), 1).await?;
        let entry: Option<&AuditEntry> = page.first().filter(|e| e.number == audit);
        let entry = entry.ok_or(CommitError::Database(DbError::corrupt("audit number")))?;
        let now = self.snapshot();
        let seen = now.tenant_revision(scope.tenant());
        if !in_force(&now, &entry.after) {
            return Err(CommitError::Conflict(seen));
        }
        let detail = format!("{} {}", entry.number, entry.act);
        let commit = Commit { seen, changes: &entry.before, act: "undo", detail: &detail, at };
        self.commit(scope, commit).await
    }

    /// Passwords and PINs as they are stored; `None` for a PIN that is taken away.
    async fn hash_passwords(
        &self,
        changes: &[Change],
    ) -> Result<Vec<(CredentialOwner, Option<Hashed>)>, CommitError> {
        let mut out = Vec::new();
        for change in changes {
            let Change::Password(new) = change else { continue };
            let text = new.text.expose().as_bytes();
            if new.owner.is_pin() && text.is_empty() {
                out.push((new.owner, None));
                continue;
            }
            let mut hashed = if new.bulk {
                credential::bulk_hash(&self.keys, text)
            } else {
                self.hashing.fresh(&self.keys, text).await.map_err(|_| CommitError::Busy)?
            };
            hashed.must_change = new.must_change;
            out.push((new.owner, Some(hashed)));
        }
        Ok(out)
    }
}

/// One commit on its way into the database.
struct Case<'a> {
    keys: &'a crate::crypt::Keys,
    scope: &'a TenantScope,
    commit: &'a Commit<'a>,
    before: &'a Snapshot,
    /// What is kept with it.
    answer: Option<(KeyedRequest<'a>, Vec<u8>)>,
}

impl Case<'_> {
    /// Number of the audit row; `None` when the database is ahead of `before`.
    async fn store(
        &self,
        conn: &mut SqliteConnection,
        after: &Snapshot,
        hashed: &[(CredentialOwner, Option<Hashed>)],
    ) -> Result<Option<u64>, DbError> {
        let mut tx = begin(conn).await?;
        let (new, old) = (after.revision().0, self.before.revision().0);
        let advanced = sqlx::query(ADVANCE)
            .bind(new.cast_signed())
            .bind(old.cast_signed())
            .execute(&mut *tx)
            .await?;
        if advanced.rows_affected() != 1 {
            return Ok(None);
        }
        let touched = Touched::of(self.commit.changes);
        touched.delete(&mut tx, self.before).await?;
        touched.put(&mut tx, self.keys, after).await?;
        credential::put(&mut tx, after, hashed, self.commit.at).await?;
        self.advance_tenants(&mut tx, after).await?;
        let passwords = hashed.len();
        let detail = match passwords {
            0 => self.commit.detail.to_owned(),
            n => format!("{} passwords={n}", self.commit.detail),
        };
        let act = Act {
            at: self.commit.at,
            act: self.commit.act,
            detail: &detail,
            revision: after.revision(),
            changes: Some((self.before, self.commit.changes)),
        };
        let number = audit::append(&mut tx, self.keys, self.scope, &act).await?;
        if let Some((request, answer)) = &self.answer {
            let whose = (self.keys, self.scope);
            idempotency::put(&mut tx, whose, (*request, answer), self.commit.at).await?;
        }
        tx.commit().await?;
        Ok(Some(number))
    }

    async fn advance_tenants(
        &self,
        tx: &mut SqliteConnection,
        after: &Snapshot,
    ) -> Result<(), DbError> {
        let tenant = self.scope.tenant();
        let number = after.tenant_revision(tenant).0.cast_signed();
        let id = tenant.0.bytes().to_vec();
        sqlx::query(TENANT_ADVANCE).bind(id).bind(number).execute(tx).await?;
        Ok(())
    }
}
