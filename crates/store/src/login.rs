//! Signing in to the portals: one answer for every wrong value, a lock after three failures in a
//! row that holds in every zone (R006, R050–R053).

use std::net::IpAddr;

use base::id::TenantId;
use base::{Wall, limits};
use model::{AdminState, CredentialOwner, Revision, Snapshot, UserState};
use sqlx::sqlite::SqliteRow;

use crate::audit::{self, Act};
use crate::backend::sqlite::begin;
use crate::credential::{self, Stored, owner_of, owner_parts};
use crate::directory::Columns;
use crate::error::{DbError, LoginError};
use crate::open::Store;
use crate::scope::{Actor, TenantScope, Zone};
use crate::session::Session;
use crate::strikes::{Rule, Strikes, pin_lock_end};

pub(crate) const SET_FAILURES: &str = "UPDATE credential SET failures = $4, locked_at = $5,
    locked_zone = $6, locked_from = $7, recent = $8 WHERE tenant = $1 AND kind = $2 AND owner = $3";
pub(crate) const TOUCH: &str = "UPDATE revision SET number = number WHERE id = 1";
pub(crate) const LOCKED: &str = "SELECT kind, owner, locked_at, locked_zone, locked_from
    FROM credential WHERE tenant = $1 AND locked_at IS NOT NULL ORDER BY locked_at";

/// Which portal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Portal {
    /// 管理者カスコン.
    Admin,
    /// ユーザーカスコン.
    User,
}

/// The three fields of the login page, and where they come from.
#[derive(Clone, Copy)]
pub struct Login<'a> {
    /// Which portal.
    pub portal: Portal,
    /// 拠点ドメイン名; an address means the default tenant.
    pub domain: &'a str,
    /// 管理者ユーザー名 or Webカスコンユーザー名, case ignored.
    pub user: &'a str,
    /// パスワード.
    pub password: &'a str,
    /// Where the request came in.
    pub zone: Zone,
    /// Source address.
    pub address: Option<IpAddr>,
    /// Wall time.
    pub now: Wall,
}

/// Whether somebody may enter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoginOutcome {
    /// Signed in; make a token of it by [`Store::open_session`].
    Ok(Box<Session>),
    /// Wrong domain, name or password: which one is not told.
    Refused,
    /// Three failures in a row: even the right password is refused.
    Locked {
        /// When the lock ends by itself; `None` = by hand only.
        until: Option<Wall>,
    },
}

/// A locked id, for ロック中ユーザー一覧 (R052).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Locked {
    /// Whose password.
    pub owner: CredentialOwner,
    /// Since when.
    pub since: Wall,
    /// When it ends by itself; `None` = by hand only.
    pub until: Option<Wall>,
    /// Zone of the third failure.
    pub zone: Option<Zone>,
    /// Address of the third failure.
    pub address: Option<IpAddr>,
}

/// A password to be judged.
pub(crate) struct Attempt {
    pub(crate) tenant: TenantId,
    pub(crate) owner: CredentialOwner,
    pub(crate) zone: Option<Zone>,
    pub(crate) address: Option<IpAddr>,
    pub(crate) now: Wall,
}

/// How a password was judged.
pub(crate) enum Verdict {
    Good(Stored),
    Wrong,
    Locked {
        until: Option<Wall>,
    },
    /// The owner has no password; nothing was hashed.
    Missing,
}

/// When a lock of `owner` that began at `since` ends: that of a PIN after its own time (SEC-08),
/// others by the tenant's setting; `None` = by hand only.
fn end_of_lock(
    snapshot: &Snapshot,
    tenant: TenantId,
    owner: CredentialOwner,
    since: Wall,
) -> Option<Wall> {
    match owner {
        CredentialOwner::Pin(_) | CredentialOwner::BoxPin(_) => Some(pin_lock_end(since)),
        CredentialOwner::Admin(_) | CredentialOwner::User(_) => {
            lock_end(snapshot, Some(tenant), since)
        }
    }
}

/// When a lock that began at `since` ends, by the tenant's setting; `None` = by hand only.
fn lock_end(snapshot: &Snapshot, tenant: Option<TenantId>, since: Wall) -> Option<Wall> {
    let standard = Some((limits::LOGIN_LOCK.as_seconds() / 60) as u16);
    let minutes = match tenant.and_then(|t| snapshot.tenant(t)) {
        Some(tenant) => tenant.unlock_min,
        None => standard,
    };
    minutes.map(|m| Wall(since.0.saturating_add(i64::from(m) * 60_000)))
}

/// Failures that count now: none when the lock has ended by itself.
pub(crate) enum Standing {
    Open(Strikes),
    Locked { until: Option<Wall> },
}

pub(crate) fn standing(strikes: Strikes, end: Option<Wall>, now: Wall) -> Standing {
    match (strikes.locked_at, end) {
        (None, _) => Standing::Open(strikes),
        (Some(_), Some(end)) if end <= now => Standing::Open(Strikes::default()),
        (Some(_), until) => Standing::Locked { until },
    }
}

impl Store {
    /// Judges the three fields together. Wrong domain, unknown name, stopped user and wrong
    /// password give the same answer at the same cost, and lock alike.
    pub async fn login(&self, login: Login<'_>) -> Result<LoginOutcome, LoginError> {
        let snapshot = self.snapshot();
        let tenant = snapshot.tenant_of_domain(login.domain).map(|t| t.id);
        let Some((tenant, owner)) = tenant.and_then(|t| Some((t, find(&snapshot, t, &login)?)))
        else {
            return self.refuse_ghost(&snapshot, tenant, &login).await;
        };
        let (zone, address, now) = (Some(login.zone), login.address, login.now);
        let attempt = Attempt { tenant, owner, zone, address, now };
        match self.judge(&attempt, login.password).await? {
            Verdict::Wrong => Ok(LoginOutcome::Refused),
            Verdict::Locked { until } => Ok(LoginOutcome::Locked { until }),
            Verdict::Missing => self.refuse_ghost(&snapshot, Some(tenant), &login).await,
            Verdict::Good(stored) => {
                let Some(scope) = scope_of(&snapshot, tenant, owner, login.address) else {
                    return Ok(LoginOutcome::Refused);
                };
                self.note(&scope, "login", zone_name(login.zone), now).await?;
                let days = snapshot.tenant(tenant).map_or(0, |t| i64::from(t.reminder_days));
                let age_ms = now.0.saturating_sub(stored.changed_at.0);
                Ok(LoginOutcome::Ok(Box::new(Session {
                    scope,
                    zone: login.zone,
                    must_change: stored.must_change(),
                    remind: days > 0 && age_ms > days * 86_400_000,
                })))
            }
        }
    }

    /// Answers for a name that does not exist, as slowly as for one that does.
    async fn refuse_ghost(
        &self,
        snapshot: &Snapshot,
        tenant: Option<TenantId>,
        login: &Login<'_>,
    ) -> Result<LoginOutcome, LoginError> {
        let portal = [login.portal as u8];
        let (domain, user) = (login.domain.to_ascii_lowercase(), login.user.to_ascii_lowercase());
        let key = self.keys.peppered(&[b"ghost", &portal, domain.as_bytes(), user.as_bytes()]);
        let end = |since| lock_end(snapshot, tenant, since);
        match self.try_ghost((key, Rule::Password), login.password, end, login.now).await? {
            None => Ok(LoginOutcome::Refused),
            Some(until) => Ok(LoginOutcome::Locked { until }),
        }
    }

    /// Counts a failure of a name without password, at the cost of one that has one. The end of
    /// its lock when it was locked before.
    pub(crate) async fn try_ghost(
        &self,
        (key, rule): ([u8; 32], Rule),
        password: &str,
        end: impl Fn(Wall) -> Option<Wall>,
        now: Wall,
    ) -> Result<Option<Option<Wall>>, LoginError> {
        let look = || {
            let strikes = self.ghosts.lock().map(|g| g.get(&key)).unwrap_or_default();
            let end = strikes.locked_at.and_then(&end);
            standing(strikes, end, now)
        };
        if let Standing::Locked { until } = look() {
            return Ok(Some(until));
        }
        self.hashing.verify(&self.keys, None, password).await?;
        self.write_nothing().await?;
        // Looked at again: attempts that ran at the same time may have locked it meanwhile.
        match look() {
            Standing::Locked { until } => Ok(Some(until)),
            Standing::Open(strikes) => {
                if let Ok(mut ghosts) = self.ghosts.lock() {
                    ghosts.remember(key, rule.one_more(&strikes, now));
                }
                Ok(None)
            }
        }
    }

    /// A transaction that changes nothing: a failure of a name that exists writes one too.
    async fn write_nothing(&self) -> Result<(), DbError> {
        let mut conn = self.main.lock().await;
        sqlx::query(TOUCH).execute(&mut *conn).await?;
        Ok(())
    }

    /// Checks a password, counts failures, locks at the third.
    pub(crate) async fn judge(
        &self,
        attempt: &Attempt,
        password: &str,
    ) -> Result<Verdict, LoginError> {
        let Attempt { tenant, owner, .. } = *attempt;
        let stored = credential::read(&mut *self.readers.take().await?, tenant, owner).await?;
        let Some(stored) = stored else { return Ok(Verdict::Missing) };
        if let Standing::Locked { until } = self.stand(attempt, &stored) {
            return Ok(Verdict::Locked { until });
        }
        let (good, lasting) = self.hashing.verify(&self.keys, Some(&stored), password).await?;
        let mut conn = self.main.lock().await;
        let mut tx = begin(&mut conn).await?;
        // Read again: attempts that ran at the same time may have locked the id meanwhile.
        let Some(fresh) = credential::read(&mut tx, tenant, owner).await? else {
            return Ok(Verdict::Wrong);
        };
        let strikes = match self.stand(attempt, &fresh) {
            Standing::Locked { until } => return Ok(Verdict::Locked { until }),
            Standing::Open(strikes) => strikes,
        };
        if good {
            if fresh.strikes != Strikes::default() {
                self.set_failures(&mut tx, attempt, &Strikes::default()).await?;
            }
            if let Some(new) = &lasting {
                stored.upgrade(&mut tx, tenant, owner, new).await?;
            }
            tx.commit().await?;
            return Ok(Verdict::Good(fresh));
        }
        let next = Rule::of(owner).one_more(&strikes, attempt.now);
        self.set_failures(&mut tx, attempt, &next).await?;
        if next.locked_at.is_some() {
            self.note_lock(&mut tx, attempt).await?;
        }
        tx.commit().await?;
        Ok(Verdict::Wrong)
    }

    fn stand(&self, attempt: &Attempt, stored: &Stored) -> Standing {
        let snapshot = self.snapshot();
        let Attempt { tenant, owner, .. } = *attempt;
        let since = stored.strikes.locked_at;
        let end = since.and_then(|at| end_of_lock(&snapshot, tenant, owner, at));
        standing(stored.strikes.clone(), end, attempt.now)
    }

    async fn set_failures(
        &self,
        tx: &mut sqlx::SqliteConnection,
        attempt: &Attempt,
        strikes: &Strikes,
    ) -> Result<(), DbError> {
        let (kind, id) = owner_parts(attempt.owner);
        sqlx::query(SET_FAILURES)
            .bind(attempt.tenant.0.bytes().to_vec())
            .bind(kind)
            .bind(id.bytes().to_vec())
            .bind(strikes.failures)
            .bind(strikes.locked_at.map(|w| w.0))
            .bind(attempt.zone.map(Zone::number))
            .bind(attempt.address.map(|a| a.to_string()))
            .bind(strikes.recent_blob())
            .execute(tx)
            .await?;
        Ok(())
    }

    async fn note_lock(
        &self,
        tx: &mut sqlx::SqliteConnection,
        attempt: &Attempt,
    ) -> Result<(), DbError> {
        let snapshot = self.snapshot();
        let scope = scope_of(&snapshot, attempt.tenant, attempt.owner, attempt.address);
        let Some(scope) = scope else { return Ok(()) };
        let detail = attempt.zone.map_or("", zone_name);
        let (at, revision) = (attempt.now, Revision(0));
        let act = Act { at, act: "login-lock", detail, revision, changes: None };
        audit::append(tx, &self.keys, &scope, &act).await?;
        Ok(())
    }

    /// The locked ids of a tenant, the longest locked first (R052).
    pub async fn locked(&self, scope: &TenantScope, now: Wall) -> Result<Vec<Locked>, DbError> {
        let snapshot = self.snapshot();
        let tenant = scope.tenant();
        let rows: Vec<SqliteRow> = sqlx::query(LOCKED)
            .bind(tenant.0.bytes().to_vec())
            .fetch_all(&mut *self.readers.take().await?)
            .await?;
        let mut out = Vec::new();
        for row in &rows {
            let mut c = Columns::of(row);
            let owner = owner_of(tenant, c.number()?, c.id()?);
            let since = c.wall()?;
            let until = end_of_lock(&snapshot, tenant, owner, since);
            if until.is_some_and(|end| end <= now) {
                continue;
            }
            out.push(Locked {
                owner,
                since,
                until,
                zone: c.number_option()?.map(Zone::of),
                address: c.text_option()?.and_then(|a| a.parse().ok()),
            });
        }
        Ok(out)
    }

    /// Ends a lock by hand (R052); audited.
    pub async fn unlock(
        &self,
        scope: &TenantScope,
        owner: CredentialOwner,
        now: Wall,
    ) -> Result<(), DbError> {
        let (tenant, address) = (scope.tenant(), scope.address());
        let attempt = Attempt { tenant, owner, zone: None, address, now };
        let mut conn = self.main.lock().await;
        let mut tx = begin(&mut conn).await?;
        self.set_failures(&mut tx, &attempt, &Strikes::default()).await?;
        let detail = match owner {
            CredentialOwner::Admin(id) => format!("admin {id}"),
            CredentialOwner::User(id) => format!("user {id}"),
            CredentialOwner::Pin(id) => format!("pin {id}"),
            CredentialOwner::BoxPin(owner) => format!("box {owner:?}"),
        };
        let (at, revision) = (now, Revision(0));
        let act = Act { at, act: "unlock", detail: &detail, revision, changes: None };
        audit::append(&mut tx, &self.keys, scope, &act).await?;
        tx.commit().await?;
        Ok(())
    }
}

fn zone_name(zone: Zone) -> &'static str {
    match zone {
        Zone::Closed => "closed",
        Zone::Internet => "internet",
    }
}

/// The owner whom a login names, when he may sign in there.
fn find(snapshot: &Snapshot, tenant: TenantId, login: &Login<'_>) -> Option<CredentialOwner> {
    match login.portal {
        Portal::Admin => {
            let admin = snapshot.admin_by_login(tenant, login.user)?;
            let site = snapshot.site_of_domain(login.domain).map(|s| s.id);
            let here = admin.site.is_none() || site.is_none() || admin.site == site;
            let may = here && admin.state == AdminState::Active;
            may.then_some(CredentialOwner::Admin(admin.id))
        }
        Portal::User => {
            let user = snapshot.user_by_web_user(tenant, login.user)?;
            let may = user.state == UserState::Active && !login.user.is_empty();
            may.then_some(CredentialOwner::User(user.id))
        }
    }
}

/// What the owner of a password may touch; `None` when he may not sign in any more.
pub(crate) fn scope_of(
    snapshot: &Snapshot,
    tenant: TenantId,
    owner: CredentialOwner,
    address: Option<IpAddr>,
) -> Option<TenantScope> {
    match owner {
        CredentialOwner::Admin(id) => {
            let admin = snapshot.admin(id)?;
            let may = admin.tenant == tenant && admin.state == AdminState::Active;
            let scope =
                TenantScope::new(tenant, admin.site, Actor::Admin(id), &admin.login, address);
            may.then_some(scope)
        }
        CredentialOwner::User(id) | CredentialOwner::Pin(id) => {
            let user = snapshot.user(id)?;
            let may = user.tenant == tenant && user.state == UserState::Active;
            let site = Some(user.site);
            let scope = TenantScope::new(tenant, site, Actor::User(id), &user.web_user, address);
            may.then_some(scope)
        }
        CredentialOwner::BoxPin(_) => None,
    }
}
