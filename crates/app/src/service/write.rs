//! Planned on a snapshot, judged whole, stored and audited in one commit.

use std::borrow::Cow;
use std::sync::Arc;

use base::Wall;
use model::{Change, Field, Revision, Snapshot, TenantOption};
use store::{AnswerOf, Commit, CommitError, DbError, KeyedRequest, Store, TenantScope};

use crate::service::noun::{Key, Noun};
use crate::service::problem::Problem;

/// How often a plan is made anew because somebody else changed the tenant meanwhile.
const TRIES: usize = 3;

/// Who changes something, and what he has seen of it.
#[derive(Clone, Copy)]
pub struct Act<'a> {
    /// Where it is kept.
    pub store: &'a Store,
    /// Who.
    pub scope: &'a TenantScope,
    /// Revision of the tenant on which the change was decided; `None` = the newest, whatever it
    /// is.
    pub seen: Option<Revision>,
    /// Wall time of the change.
    pub now: Wall,
}

/// A planned change.
#[derive(Debug, Default)]
pub struct Plan {
    /// What is to be made true; none = it is already.
    pub changes: Vec<Change>,
    /// Rules that the model does not know and the change breaks.
    pub problems: Vec<Problem>,
    /// Particulars for the audit trail.
    pub detail: String,
}

/// Why nothing was changed.
#[derive(Debug)]
pub enum Refusal {
    /// No such object in this tenant.
    NotFound,
    /// There is one with this key (233).
    Exists(Box<Problem>),
    /// Rules are broken; all of them.
    Broken(Vec<Problem>),
    /// Others need the object (240, 244); all of them.
    Needed(Vec<Problem>),
    /// Somebody else changed the tenant (261); its revision now.
    Stale(Revision),
    /// Outside of the caller's rights (262).
    Forbidden,
    /// The option is not contracted (263).
    NotContracted(TenantOption),
    /// Too many passwords wait to be hashed.
    Busy,
    /// The store failed.
    Database(DbError),
}

/// Makes a plan true: on the newest configuration, again when it changed meanwhile. Gives back
/// the configuration then in force, and what else came out of the plan.
pub async fn change<X: Send + Sync>(
    act: Act<'_>,
    word: &str,
    field: fn(Field) -> String,
    plan: impl Fn(&Snapshot) -> Result<(Plan, X), Refusal> + Send + Sync,
) -> Result<(Arc<Snapshot>, X), Refusal> {
    change_answered(act, (word, field), plan, None).await
}

/// What is kept with a change, for who sends the same request again.
pub struct Answer<'a, X> {
    /// The request.
    pub request: KeyedRequest<'a>,
    /// Makes the answer from the configuration then in force and what else came out of the plan.
    pub of: &'a (dyn Fn(&Snapshot, &X) -> Vec<u8> + Send + Sync),
}

/// [`change`], with an answer that is kept in the same transaction. Nothing is kept when nothing
/// was to be changed.
pub(crate) async fn change_answered<X: Send + Sync>(
    act: Act<'_>,
    (word, field): (&str, fn(Field) -> String),
    plan: impl Fn(&Snapshot) -> Result<(Plan, X), Refusal> + Send + Sync,
    answer: Option<&Answer<'_, X>>,
) -> Result<(Arc<Snapshot>, X), Refusal> {
    let tenant = act.scope.tenant();
    for _ in 0..TRIES {
        let snapshot = act.store.snapshot();
        let at = snapshot.tenant_revision(tenant);
        if act.seen.is_some_and(|seen| seen != at) {
            return Err(Refusal::Stale(at));
        }
        let (Plan { changes, mut problems, detail }, extra) = plan(&snapshot)?;
        if !problems.is_empty() {
            let broken = model::apply(&snapshot, &changes).err().unwrap_or_default();
            problems.extend(broken.iter().map(|v| Problem::of(v, field)));
            return Err(Refusal::Broken(problems));
        }
        if changes.is_empty() {
            return Ok((snapshot, extra));
        }
        let commit =
            Commit { seen: at, changes: &changes, act: word, detail: &detail, at: act.now };
        let told = |after: &Snapshot| answer.map(|a| (a.of)(after, &extra)).unwrap_or_default();
        let kept = answer.map(|a| AnswerOf { request: a.request, answer: &told });
        match act.store.commit_answered(act.scope, commit, kept).await {
            Ok(done) => return Ok((done.snapshot, extra)),
            Err(CommitError::Conflict(at)) if act.seen.is_some() => {
                return Err(Refusal::Stale(at));
            }
            Err(CommitError::Conflict(_)) => {}
            Err(error) => return Err(refusal(error, field)),
        }
    }
    Err(Refusal::Stale(act.store.snapshot().tenant_revision(tenant)))
}

fn refusal(error: CommitError, field: fn(Field) -> String) -> Refusal {
    match error {
        CommitError::Conflict(at) => Refusal::Stale(at),
        CommitError::Violations(broken) => {
            Refusal::Broken(broken.iter().map(|v| Problem::of(v, field)).collect())
        }
        CommitError::Forbidden(_) => Refusal::Forbidden,
        CommitError::Busy => Refusal::Busy,
        CommitError::Database(error) => Refusal::Database(error),
    }
}

/// Makes or replaces an object. `make` gets what there is now and gives what shall be.
///
/// With `key` the object must exist; without, it must not.
pub async fn save<T: Noun>(
    act: Act<'_>,
    key: Option<Key<'_>>,
    make: impl Fn(&Snapshot, Option<&T>) -> Result<T, Refusal> + Send + Sync,
) -> Result<(Arc<Snapshot>, T), Refusal> {
    save_answered(act, key, make, None).await
}

/// [`save`], with an answer that is kept with the change; it is made from the object as it is
/// kept.
pub async fn save_answered<T: Noun>(
    act: Act<'_>,
    key: Option<Key<'_>>,
    make: impl Fn(&Snapshot, Option<&T>) -> Result<T, Refusal> + Send + Sync,
    answer: Option<&Answer<'_, T>>,
) -> Result<(Arc<Snapshot>, T), Refusal> {
    let tenant = act.scope.tenant();
    let word = format!("{}-{}", T::WORD, if key.is_some() { "changed" } else { "made" });
    let work = |snapshot: &Snapshot| {
        contracted::<T>(snapshot, act.scope)?;
        let old = match key {
            Some(key) => Some(T::find(snapshot, tenant, key).ok_or(Refusal::NotFound)?),
            None => None,
        };
        let old = old.as_deref();
        let new = make(snapshot, old)?;
        if old.is_none() && T::find(snapshot, tenant, Key(&new.key())).is_some() {
            return Err(Refusal::Exists(Box::new(Problem::new(233, T::KEY, &new.key()))));
        }
        let same = old.is_some_and(|old| *old == new);
        let plan = Plan {
            changes: if same { Vec::new() } else { new.changes(old, snapshot) },
            problems: new.problems(old, snapshot),
            detail: new.key(),
        };
        Ok((plan, new))
    };
    // As it is kept: its change may have brought more than was asked for.
    let kept = |snapshot: &Snapshot, new: &T| {
        T::find(snapshot, tenant, Key(&new.key())).map_or_else(|| new.clone(), Cow::into_owned)
    };
    let of = |after: &Snapshot, new: &T| {
        answer.map(|a| (a.of)(after, &kept(after, new))).unwrap_or_default()
    };
    let answer = answer.map(|a| Answer { request: a.request, of: &of });
    let (snapshot, new) = change_answered(act, (&word, T::field), work, answer.as_ref()).await?;
    let new = kept(&snapshot, &new);
    Ok((snapshot, new))
}

/// Removes an object; with `force` also what others have of it (R034).
pub async fn remove<T: Noun>(
    act: Act<'_>,
    key: Key<'_>,
    force: bool,
) -> Result<Arc<Snapshot>, Refusal> {
    let tenant = act.scope.tenant();
    let work = |snapshot: &Snapshot| {
        contracted::<T>(snapshot, act.scope)?;
        let old = T::find(snapshot, tenant, key).ok_or(Refusal::NotFound)?;
        let removal = old.removal(snapshot);
        let mut changes = removal.changes;
        if force {
            changes.extend(removal.release);
        } else if !removal.dependants.is_empty() {
            return Err(Refusal::Needed(removal.dependants));
        }
        Ok((Plan { changes, problems: Vec::new(), detail: old.key() }, ()))
    };
    let word = format!("{}-removed", T::WORD);
    match change(act, &word, T::field, work).await {
        Ok((snapshot, ())) => Ok(snapshot),
        Err(Refusal::Broken(problems)) => Err(Refusal::Needed(problems)),
        Err(refusal) => Err(refusal),
    }
}

/// Refuses what is not contracted (R236).
pub fn contracted<T: Noun>(snapshot: &Snapshot, scope: &TenantScope) -> Result<(), Refusal> {
    let Some(option) = T::OPTION else { return Ok(()) };
    let tenant = snapshot.tenant(scope.tenant()).ok_or(Refusal::NotFound)?;
    if tenant.options.contains(option) { Ok(()) } else { Err(Refusal::NotContracted(option)) }
}
