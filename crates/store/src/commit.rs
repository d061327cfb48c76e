//! A set of changes becomes true: checked, stored in one transaction, published.

use std::sync::Arc;

use base::Wall;
use base::id::TenantId;
use model::{
    Change, CredentialOwner, MobileLine, MobileState, Revision, Snapshot, apply, in_force,
};
use sqlx::sqlite::SqliteConnection;

use crate::audit::{self, Act, AuditEntry};
use crate::backend::sqlite::begin;
use crate::credential::{self, Hashed};
use crate::directory::{admin, device, mobile, site, tenant, user};
use crate::error::{CommitError, DbError};
use crate::open::{Store, load};
use crate::rows::Args;
use crate::scope::{Actor, TenantScope};

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
        let case = Case { keys: &self.keys, scope, commit: &commit, before: &before };
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

    async fn hash_passwords(
        &self,
        changes: &[Change],
    ) -> Result<Vec<(CredentialOwner, Hashed)>, CommitError> {
        let mut out = Vec::new();
        for change in changes {
            let Change::Password(new) = change else { continue };
            let text = new.text.expose().as_bytes();
            let mut hashed = if new.bulk {
                credential::bulk_hash(&self.keys, text)
            } else {
                self.hashing.fresh(&self.keys, text).await.map_err(|_| CommitError::Busy)?
            };
            hashed.must_change = new.must_change;
            out.push((new.owner, hashed));
        }
        Ok(out)
    }
}

/// Whether `scope` may make `change`: its own tenant, its own site when it has one. Preset and
/// quota of the tenant and the stock of mobile lines are the operator's.
fn permitted(scope: &TenantScope, change: &Change, before: &Snapshot, after: &Snapshot) -> bool {
    let tenant = scope.tenant();
    let ours = |snapshot| change.tenant(snapshot).is_none_or(|t| t == tenant);
    let known = change.tenant(before).is_some() || change.tenant(after).is_some();
    if !known || !ours(before) || !ours(after) {
        return false;
    }
    match scope.actor() {
        Actor::Operator => true,
        Actor::User(_) => false,
        Actor::Admin(_) => match (change, scope.site()) {
            (Change::TenantPut(new), None) => before.tenant(tenant).is_some_and(|old| {
                (new.quota, new.is_default, new.preset) == (old.quota, old.is_default, old.preset)
            }),
            (Change::TenantPut(_) | Change::TenantDelete(_) | Change::MobileDelete(_), _) => false,
            (Change::MobilePut(new), _) => may_put_line(before, new),
            (Change::SitePut(_) | Change::SiteDelete(_), site) => site.is_none(),
            (Change::AdminPut(_) | Change::AdminDelete(_), site) => site.is_none(),
            (_, None) => true,
            (change, Some(site)) => {
                let within = |snapshot| change.site_in(snapshot).is_none_or(|s| s == site);
                within(before) && within(after)
            }
        },
    }
}

/// An administrator assigns and frees usable lines, and asks for new ones; the operator does the
/// rest (R221).
fn may_put_line(before: &Snapshot, new: &MobileLine) -> bool {
    use MobileState::{Assigned, Cancelling, Requested, Unassigned};
    match before.mobile(new.number).map(|old| old.state) {
        None => new.state == Requested,
        Some(old) => {
            let usable = |state| matches!(state, Unassigned | Assigned);
            (usable(old) && usable(new.state)) || (old == Cancelling && new.state == Cancelling)
        }
    }
}

/// One commit on its way into the database.
struct Case<'a> {
    keys: &'a crate::crypt::Keys,
    scope: &'a TenantScope,
    commit: &'a Commit<'a>,
    before: &'a Snapshot,
}

impl Case<'_> {
    /// Number of the audit row; `None` when the database is ahead of `before`.
    async fn store(
        &self,
        conn: &mut SqliteConnection,
        after: &Snapshot,
        hashed: &[(CredentialOwner, Hashed)],
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
        self.delete(&mut tx).await?;
        self.put(&mut tx, after).await?;
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

    /// Deletes the rows of every object that is deleted or replaced.
    async fn delete(&self, tx: &mut SqliteConnection) -> Result<(), DbError> {
        let old = Touched::of(self.commit.changes, self.before);
        let pair = |(tenant, id): &(TenantId, base::Uuid), args: &mut Args| {
            args.id(tenant.0);
            args.id(*id);
        };
        device::DELETE.run(tx, &old.devices, pair).await?;
        mobile::DELETE
            .run(tx, &old.mobiles, |m, args| {
                args.id(m.tenant.0);
                args.add(m.number.to_string());
            })
            .await?;
        user::DELETE.run(tx, &old.users, pair).await?;
        admin::DELETE.run(tx, &old.admins, pair).await?;
        site::DELETE.run(tx, &old.sites, pair).await?;
        tenant::DELETE.run(tx, &old.tenants, |id, args| args.id(id.0)).await?;
        credential::delete(tx, &old.owners_gone).await
    }

    /// Inserts the rows of every object as it is after the changes.
    async fn put(&self, tx: &mut SqliteConnection, after: &Snapshot) -> Result<(), DbError> {
        let new = Touched::of(self.commit.changes, after);
        let tenants: Vec<_> = new.tenants.iter().filter_map(|id| after.tenant(*id)).collect();
        tenant::put(tx, &tenants).await?;
        let find = |(_, id): &(TenantId, base::Uuid)| after.site(base::id::SiteId(*id));
        site::put(tx, &new.sites.iter().filter_map(find).collect::<Vec<_>>()).await?;
        let find = |(_, id): &(TenantId, base::Uuid)| after.user(base::id::UserId(*id));
        user::put(tx, &new.users.iter().filter_map(find).collect::<Vec<_>>()).await?;
        let find = |(_, id): &(TenantId, base::Uuid)| after.device(base::id::DeviceId(*id));
        let devices: Vec<_> = new.devices.iter().filter_map(find).collect();
        device::put(tx, self.keys, &devices).await?;
        mobile::put(tx, &new.mobiles).await?;
        let find = |(_, id): &(TenantId, base::Uuid)| after.admin(base::id::AdminId(*id));
        admin::put(tx, &new.admins.iter().filter_map(find).collect::<Vec<_>>()).await
    }
}

/// The objects that a set of changes is about, as far as `snapshot` holds them; each once.
#[derive(Default)]
struct Touched<'a> {
    tenants: Vec<TenantId>,
    sites: Vec<(TenantId, base::Uuid)>,
    users: Vec<(TenantId, base::Uuid)>,
    devices: Vec<(TenantId, base::Uuid)>,
    mobiles: Vec<&'a model::MobileLine>,
    admins: Vec<(TenantId, base::Uuid)>,
    /// Owners of passwords whom the changes delete.
    owners_gone: Vec<(TenantId, CredentialOwner)>,
}

impl<'a> Touched<'a> {
    fn of(changes: &[Change], snapshot: &'a Snapshot) -> Self {
        let mut out = Touched::default();
        for change in changes {
            out.add(change, snapshot);
        }
        let ids = [&mut out.sites, &mut out.users, &mut out.devices, &mut out.admins];
        for list in ids {
            list.sort_unstable();
            list.dedup();
        }
        out.tenants.sort_unstable();
        out.tenants.dedup();
        out.mobiles.sort_unstable_by_key(|m| m.number);
        out.mobiles.dedup_by_key(|m| m.number);
        out
    }

    fn add(&mut self, change: &Change, snapshot: &'a Snapshot) {
        match change {
            Change::TenantPut(model::Tenant { id, .. }) | Change::TenantDelete(id) => {
                self.tenants.extend(snapshot.tenant(*id).map(|t| t.id));
            }
            Change::SitePut(model::Site { id, .. }) | Change::SiteDelete(id) => {
                self.sites.extend(snapshot.site(*id).map(|s| (s.tenant, s.id.0)));
            }
            Change::UserPut(model::User { id, .. }) | Change::UserDelete(id) => {
                let found = snapshot.user(*id).map(|u| (u.tenant, u.id.0));
                self.users.extend(found);
                if let (Change::UserDelete(id), Some((tenant, _))) = (change, found) {
                    self.owners_gone.push((tenant, CredentialOwner::User(*id)));
                }
            }
            Change::DevicePut(model::Device { id, .. }) | Change::DeviceDelete(id) => {
                self.devices.extend(snapshot.device(*id).map(|d| (d.tenant, d.id.0)));
            }
            Change::MobilePut(model::MobileLine { number, .. }) | Change::MobileDelete(number) => {
                self.mobiles.extend(snapshot.mobile(*number));
            }
            Change::AdminPut(model::Admin { id, .. }) | Change::AdminDelete(id) => {
                let found = snapshot.admin(*id).map(|a| (a.tenant, a.id.0));
                self.admins.extend(found);
                if let (Change::AdminDelete(id), Some((tenant, _))) = (change, found) {
                    self.owners_gone.push((tenant, CredentialOwner::Admin(*id)));
                }
            }
            Change::Password(_) => {}
        }
    }
}
