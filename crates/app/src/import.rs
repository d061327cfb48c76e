//! Bulk import: bytes → plan → one commit, or every error and nothing stored.

use std::sync::Arc;

use base::{Rng, Wall};
use bulk::{
    Code, Column, Content, Context, Counts, Encoding, Finding, IssuedSecret, Kind, Mode, Plan,
    Reason, Table,
};
use model::{Change, Field, Snapshot, Violation};
use store::{Actor, Commit, CommitError, Store, TenantScope};
use thiserror::Error;

use crate::service::Noun as _;
use crate::text::{Lang, text};

/// How a file is written; what `--format` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// CSV in Windows-31J.
    Sjis,
    /// CSV in UTF-8 with byte order mark.
    Utf8,
    /// Excel workbook.
    Xlsx,
}

impl Format {
    /// The format of a word: `sjis`, `utf8` or `xlsx`.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "sjis" => Some(Format::Sjis),
            "utf8" => Some(Format::Utf8),
            "xlsx" => Some(Format::Xlsx),
            _ => None,
        }
    }

    /// The encoding of a CSV format; `None` for a workbook.
    pub fn encoding(self) -> Option<Encoding> {
        match self {
            Format::Sjis => Some(Encoding::Sjis),
            Format::Utf8 => Some(Encoding::Utf8),
            Format::Xlsx => None,
        }
    }
}

/// The kind of a word of the command line: `extensions`, `extension-deletions`, `mobile-lines`,
/// `pickup-groups`, `hunting-groups`, `departments`.
pub fn parse_kind(word: &str) -> Option<Kind> {
    match word {
        "extensions" => Some(Kind::Extensions),
        "extension-deletions" => Some(Kind::ExtensionDeletions),
        "mobile-lines" => Some(Kind::MobileLines),
        "pickup-groups" => Some(Kind::PickupGroups),
        "hunting-groups" => Some(Kind::HuntingGroups),
        "departments" => Some(Kind::Departments),
        _ => None,
    }
}

/// What is to be imported.
#[derive(Debug, Clone)]
pub struct Request {
    /// What the rows mean.
    pub kind: Kind,
    /// The file.
    pub bytes: Vec<u8>,
    /// Its name, for the audit trail.
    pub name: String,
    /// What happens to numbers that exist.
    pub mode: Mode,
    /// Check only; nothing is stored.
    pub dry_run: bool,
    /// Overrides what was detected.
    pub format: Option<Format>,
}

/// What an import did, or would do.
#[derive(Debug)]
pub struct Outcome {
    /// What the rows meant.
    pub kind: Kind,
    /// Whether it was a trial.
    pub dry_run: bool,
    /// What was stored (trial: would be); all zero when there are errors.
    pub counts: Counts,
    /// Every error; none means that everything was (could be) stored.
    pub errors: Vec<Finding>,
    /// Every note.
    pub notes: Vec<Finding>,
    /// SIP secrets that were made and stored; shown once. Empty in a trial.
    pub secrets: Vec<IssuedSecret>,
    /// The file as rows, for the error file F12; `None` when it could not be read.
    pub table: Option<Table>,
    /// The configuration now in force; `None` when nothing was stored.
    pub snapshot: Option<Arc<Snapshot>>,
    /// Number of the audit row, for undo; `None` when nothing was stored.
    pub audit: Option<u64>,
}

impl Outcome {
    /// Whether every row was applied (trial: could be).
    pub fn is_ok(&self) -> bool {
        self.errors.is_empty()
    }

    /// How many rows have an error; 1 for an unreadable file.
    pub fn error_rows(&self) -> usize {
        let mut lines: Vec<u32> = self.errors.iter().map(|e| e.line).collect();
        lines.sort_unstable();
        lines.dedup();
        lines.len()
    }
}

/// Why an import could not be judged or stored, apart from its content.
#[derive(Debug, Error)]
pub enum ImportError {
    /// The tenant is gone.
    #[error("tenant not found")]
    NoTenant,
    /// The tenant has no site to put people in.
    #[error("tenant has no site")]
    NoSite,
    /// The store refused.
    #[error("cannot store the import")]
    Commit(#[from] CommitError),
}

impl ImportError {
    /// What went wrong, in the reader's language.
    pub fn sentence(&self, lang: Lang) -> String {
        match self {
            ImportError::NoTenant | ImportError::NoSite => {
                text(lang, "import-failed-no-site").into_owned()
            }
            ImportError::Commit(error) => commit_sentence(lang, error),
        }
    }
}

/// Why a commit failed, in the reader's language.
pub(crate) fn commit_sentence(lang: Lang, error: &CommitError) -> String {
    let id = match error {
        CommitError::Conflict(_) => "import-failed-conflict",
        CommitError::Forbidden(_) => "import-failed-forbidden",
        CommitError::Busy => "import-failed-busy",
        CommitError::Violations(violations) => {
            let first = violations.first().map(|v| Code::Error(v.code));
            return first
                .map_or_else(String::new, |code| crate::text::code_title(lang, code).into_owned());
        }
        CommitError::Database(_) => "import-failed-database",
    };
    text(lang, id).into_owned()
}

/// How often a plan is made anew because somebody else changed the tenant meanwhile.
const TRIES: usize = 3;

/// Imports a file: everything in one transaction, or nothing.
///
/// The stock of mobile lines is the operator's: anybody else gets [`CommitError::Forbidden`].
pub async fn import(
    store: &Store,
    scope: &TenantScope,
    mut request: Request,
    now: Wall,
    rng: Rng,
) -> Result<Outcome, ImportError> {
    if request.kind == Kind::MobileLines && scope.actor() != Actor::Operator {
        return Err(CommitError::Forbidden(0).into());
    }
    let mut outcome = Outcome {
        kind: request.kind,
        dry_run: request.dry_run,
        counts: Counts::default(),
        errors: Vec::new(),
        notes: Vec::new(),
        secrets: Vec::new(),
        table: None,
        snapshot: None,
        audit: None,
    };
    let (bytes, format) = (std::mem::take(&mut request.bytes), request.format);
    let table = match blocking(move || read(&bytes, format)).await {
        Ok(table) => Arc::new(table),
        Err(finding) => {
            outcome.errors.push(finding);
            return Ok(outcome);
        }
    };
    for attempt in 1..=TRIES {
        let snapshot = store.snapshot();
        let plan = make_plan(&snapshot, scope, &request, (Arc::clone(&table), now, rng.clone()));
        let plan = plan.await?;
        if !plan.errors.is_empty() || request.dry_run {
            judge(&snapshot, plan, &mut outcome);
            break;
        }
        match commit(store, scope, &request, (&snapshot, &plan, now)).await {
            Ok(done) => {
                outcome.snapshot = Some(done.snapshot);
                outcome.audit = Some(done.audit);
                outcome.counts = plan.counts;
                outcome.notes = plan.notes;
                outcome.secrets = plan.secrets;
                break;
            }
            Err(CommitError::Violations(violations)) => {
                outcome.errors = violations.iter().map(|v| finding_of(v, &plan)).collect();
                outcome.notes = plan.notes;
                break;
            }
            Err(CommitError::Conflict(_)) if attempt < TRIES => {}
            Err(error) => return Err(error.into()),
        }
    }
    outcome.table = Arc::try_unwrap(table).ok();
    Ok(outcome)
}

/// Bytes to rows; `format` overrides what was detected.
pub fn read(bytes: &[u8], format: Option<Format>) -> Result<Table, Finding> {
    bulk::decode::check_size(bytes.len() as u64)?;
    if format == Some(Format::Xlsx) {
        return sheets::read(bytes);
    }
    match bulk::decode(bytes, format.and_then(Format::encoding))? {
        Content::Table(table, _) => Ok(table),
        Content::Workbook => sheets::read(bytes),
    }
}

/// Runs what takes long on a thread of its own kind, so that other requests go on.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(value) => value,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

async fn make_plan(
    snapshot: &Arc<Snapshot>,
    scope: &TenantScope,
    request: &Request,
    (table, now, mut rng): (Arc<Table>, Wall, Rng),
) -> Result<Plan, ImportError> {
    let (snapshot, tenant, site) = (Arc::clone(snapshot), scope.tenant(), scope.site());
    let (kind, mode) = (request.kind, request.mode);
    let plan = move || {
        let tenant = snapshot.tenant(tenant).ok_or(ImportError::NoTenant)?;
        let first = snapshot.sites(tenant.id).next().map(|s| s.id);
        let site = site.or(first).ok_or(ImportError::NoSite)?;
        let context = Context { snapshot: &snapshot, tenant, site, now, mode };
        let mut plan = bulk::plan(kind, &table, &context, &mut rng);
        let broken = beyond_the_model(&snapshot, &plan);
        plan.errors.extend(broken);
        Ok(plan)
    };
    blocking(plan).await
}

/// Rules of the application services that groups of a file keep as well: destinations, options.
fn beyond_the_model(snapshot: &Snapshot, plan: &Plan) -> Vec<Finding> {
    let mut out = Vec::new();
    for (change, line) in plan.changes.iter().zip(&plan.lines) {
        let problems = match change {
            Change::HuntPut(new) => {
                new.problems(snapshot.hunt_group(new.tenant, new.number), snapshot)
            }
            Change::DepartmentPut(new) => new.problems(snapshot.department(new.id), snapshot),
            _ => Vec::new(),
        };
        out.extend(problems.into_iter().map(|problem| Finding {
            line: *line,
            column: Some(Column(if problem.field == "overflow" { 6 } else { 2 })),
            value: problem.value.as_str().into(),
            reason: match problem.code {
                253 => Reason::OutsideDenied,
                263 => Reason::OptionMissing,
                238 => Reason::DnUnknown,
                _ => Reason::DnOtherUse,
            },
        }));
    }
    out
}

/// The outcome of a plan that is not applied.
fn judge(snapshot: &Snapshot, plan: Plan, outcome: &mut Outcome) {
    if plan.errors.is_empty() {
        match model::apply(snapshot, &plan.changes) {
            Ok(_) => outcome.counts = plan.counts,
            Err(violations) => {
                outcome.errors = violations.iter().map(|v| finding_of(v, &plan)).collect();
            }
        }
    } else {
        outcome.errors = plan.errors;
    }
    outcome.notes = plan.notes;
}

async fn commit(
    store: &Store,
    scope: &TenantScope,
    request: &Request,
    (snapshot, plan, now): (&Snapshot, &Plan, Wall),
) -> Result<store::Committed, CommitError> {
    let counts = plan.counts;
    let detail = format!(
        "{} added={} changed={} unchanged={} deleted={}",
        crate::text::clean(&request.name),
        counts.added,
        counts.changed,
        counts.unchanged,
        counts.deleted
    );
    let act = match request.kind {
        Kind::Extensions => "import-extensions",
        Kind::ExtensionDeletions => "import-deletions",
        Kind::MobileLines => "import-mobile-lines",
        Kind::PickupGroups => "import-pickup-groups",
        Kind::HuntingGroups => "import-hunting-groups",
        Kind::Departments => "import-departments",
    };
    let seen = snapshot.tenant_revision(scope.tenant());
    store
        .commit(scope, Commit { seen, changes: &plan.changes, act, detail: &detail, at: now })
        .await
}

/// A rule of the model that the plan did not foresee, as an error of the row it came from.
fn finding_of(violation: &Violation, plan: &Plan) -> Finding {
    let with = violation.with.clone().unwrap_or_default();
    let dn = with.dn.map(|dn| dn.text()).unwrap_or_default();
    let reason = match violation.code {
        211 => Reason::Missing { name: bulk::groups::NAME },
        212 => Reason::Characters { found: violation.value.to_string() },
        231 => Reason::MobileNotContracted,
        233 if violation.field == Field::Mobile => Reason::LineRegistered,
        233 => Reason::DnRegistered { user: with.name },
        234 => Reason::SipIdTaken { dn: dn.into() },
        235 => Reason::WebUserTaken { dn: dn.into() },
        236 if violation.field == Field::User => Reason::TooManyTerminals { max: with.name },
        236 => Reason::Quota { remaining: violation.value.parse().unwrap_or_default(), quota: 0 },
        237 => Reason::Collision { with: with.name },
        238 => Reason::DnUnknown,
        240 => Reason::InGroup { group: with.name },
        241 => Reason::DepartmentUnknown,
        242 => Reason::LineUnknown,
        245 => Reason::ListShape,
        246 => Reason::TooManyMembers { max: with.name },
        247 => Reason::OtherHunt { group: with.name },
        248 => Reason::GroupRange,
        251 => Reason::CodeShape,
        252 => Reason::CodeCollision { with: with.name },
        _ => Reason::DnOtherUse,
    };
    let column = match violation.field {
        field if is_group(plan, violation) => group_column(plan, violation, field),
        Field::Mobile | Field::State => Column(1),
        Field::SipId => Column(3),
        Field::WebUser => Column(7),
        _ => Column(0),
    };
    Finding {
        line: plan.lines.get(violation.change).copied().unwrap_or_default(),
        column: Some(column),
        value: violation.value.clone(),
        reason,
    }
}

/// Whether the row makes a group (F10).
fn is_group(plan: &Plan, violation: &Violation) -> bool {
    let change = plan.changes.get(violation.change);
    matches!(change, Some(Change::PickupPut(_) | Change::HuntPut(_) | Change::DepartmentPut(_)))
}

/// Where a field stands in the row of a group.
fn group_column(plan: &Plan, violation: &Violation, field: Field) -> Column {
    let is_pickup = matches!(plan.changes.get(violation.change), Some(Change::PickupPut(_)));
    let is_hunt = matches!(plan.changes.get(violation.change), Some(Change::HuntPut(_)));
    Column(match field {
        Field::Member if is_pickup => 2,
        Field::Member => 4,
        Field::Dn if is_hunt => 3,
        Field::Dn => 1,
        Field::Name if is_pickup || is_hunt => 1,
        _ => 0,
    })
}
