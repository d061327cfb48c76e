//! `init`: a tenant with one site and its administrator.

use std::sync::Arc;

use base::id::{AdminId, SiteId, TenantId, Uuid};
use base::{Rng, Secret, Wall};
use bulk::reason::Arg;
use model::{
    Admin, AdminState, Change, CredentialOwner, NewPassword, Outside, Preset, Site, Snapshot,
    Tenant, WebPolicy,
};
use store::{ApiRole, Commit, CommitError, Store};
use thiserror::Error;

use crate::text::{Lang, text, text_with};
use crate::token;

/// What `init` is asked to make.
#[derive(Debug, Clone)]
pub struct Request {
    /// SIP and login domain of the first site; also the digest realm, for ever.
    pub domain: String,
    /// Company name, 1–64 characters.
    pub name: String,
    /// 管理者ユーザー名, 1–32 visible ASCII characters.
    pub admin: String,
    /// Numbering plan and defaults.
    pub preset: Preset,
    /// The password, if one was given; else one is generated.
    pub password: Option<Secret<String>>,
}

/// What was made.
#[derive(Debug)]
pub struct Made {
    /// The tenant.
    pub tenant: TenantId,
    /// The password that was generated; shown once, must be replaced at the first login (R007).
    pub password: Option<Secret<String>>,
    /// A token of the API for an administrator's programs; shown once.
    pub token: Option<Secret<String>>,
    /// The configuration now in force.
    pub snapshot: Arc<Snapshot>,
}

/// Why nothing was made.
#[derive(Debug, Error)]
pub enum InitError {
    /// Not a host name.
    #[error("malformed domain")]
    Domain(String),
    /// A site has the domain already; with the name of its tenant.
    #[error("domain is in use")]
    DomainTaken(String, String),
    /// Company name empty or too long; with its length.
    #[error("name has {0} characters")]
    Name(usize),
    /// Malformed administrator name.
    #[error("malformed administrator name")]
    Admin(String),
    /// The given password breaks the policy (R027).
    #[error("password breaks the policy")]
    Password(model::PasswordError),
    /// The store refused.
    #[error("cannot store the tenant")]
    Commit(#[from] CommitError),
}

/// Makes a tenant with one site and one administrator. No quota, SIP secret compatibility off.
///
/// A given password of seed 003's form (8 letters and digits) must be replaced at the first
/// login; a longer one need not.
pub async fn init(
    store: &Store,
    request: Request,
    now: Wall,
    rng: &mut Rng,
) -> Result<Made, InitError> {
    let snapshot = store.snapshot();
    check(&snapshot, &request)?;
    let (password, generated, must_change) = match request.password {
        Some(given) => {
            let must_change = check_given(&request.admin, given.expose())?;
            (given, None, must_change)
        }
        None => {
            let made = bulk::generate_secret(rng);
            (made.clone(), Some(made), true)
        }
    };
    let id = TenantId(Uuid::mint(now, rng));
    let admin = AdminId(Uuid::mint(now, rng));
    let domain = request.domain.to_ascii_lowercase();
    let tenant = Tenant::new(id, request.name.trim(), &domain, request.preset);
    let mut site = Site::new(SiteId(Uuid::mint(now, rng)), id, &domain, request.name.trim());
    site.transfer_outside = transfer_outside(request.preset);
    let changes = [
        Change::TenantPut(tenant),
        Change::SitePut(site),
        Change::AdminPut(Admin {
            id: admin,
            tenant: id,
            site: None,
            login: request.admin.as_str().into(),
            state: AdminState::Active,
        }),
        Change::Password(NewPassword {
            owner: CredentialOwner::Admin(admin),
            text: password,
            must_change,
            bulk: false,
        }),
    ];
    let commit = Commit {
        seen: snapshot.tenant_revision(id),
        changes: &changes,
        act: "init",
        detail: &domain,
        at: now,
    };
    let done = store.commit(&store.operator_scope(id), commit).await?;
    // The tenant stands; without a token, `naisen token` makes one.
    let wish = token::Wish { name: "init", role: ApiRole::Administrator, days: token::DAYS };
    let scope = store.operator_scope(id);
    let token = token::make(store, &scope, &wish, now, rng).await.ok();
    let token = token.map(|made| made.text);
    Ok(Made { tenant: id, password: generated, token, snapshot: done.snapshot })
}

/// 外線間転送 of a new site: 003 shows such transfers, 004 does not (R291).
fn transfer_outside(preset: Preset) -> Outside {
    match preset {
        Preset::OfficeLink => Outside::Domestic,
        Preset::CloudPhone => Outside::Denied,
    }
}

fn check(snapshot: &Snapshot, request: &Request) -> Result<(), InitError> {
    if !model::plan::is_domain(&request.domain) {
        return Err(InitError::Domain(request.domain.clone()));
    }
    if let Some(site) = snapshot.site_of_domain(&request.domain) {
        let owner = snapshot.tenant(site.tenant).map(|t| t.name.to_string());
        return Err(InitError::DomainTaken(request.domain.clone(), owner.unwrap_or_default()));
    }
    let len = request.name.trim().chars().count();
    if !(1..=64).contains(&len) {
        return Err(InitError::Name(len));
    }
    let login = &request.admin;
    let visible = login.bytes().all(|b| b.is_ascii_graphic());
    if !(1..=32).contains(&login.len()) || !visible {
        return Err(InitError::Admin(login.clone()));
    }
    Ok(())
}

/// Whether a given password must be replaced at the first login; refused when it keeps no rule.
fn check_given(login: &str, text: &str) -> Result<bool, InitError> {
    match model::check_password(WebPolicy::Ten, login, text) {
        Ok(()) => Ok(false),
        Err(model::PasswordError::TooShort) if model::check_eight(text).is_ok() => Ok(true),
        Err(error) => Err(InitError::Password(error)),
    }
}

impl InitError {
    /// What went wrong and how to mend it, in the reader's language.
    pub fn sentence(&self, lang: Lang) -> String {
        let one = |id: &str, name: &'static str, value: &str| {
            text_with(lang, id, &[(name, Arg::from(value))])
        };
        match self {
            InitError::Domain(domain) => one("init-domain-malformed", "domain", domain),
            InitError::DomainTaken(domain, tenant) => text_with(
                lang,
                "init-domain-taken",
                &[("domain", Arg::from(domain)), ("tenant", Arg::from(tenant))],
            ),
            InitError::Name(len) => {
                text_with(lang, "init-name-length", &[("len", Arg::Number(*len as u64))])
            }
            InitError::Admin(admin) => one("init-admin-malformed", "admin", admin),
            InitError::Password(error) => {
                let reason = text(lang, crate::login::password_message(*error));
                one("init-password-refused", "reason", &reason)
            }
            InitError::Commit(error) => {
                one("init-failed", "reason", &crate::import::commit_sentence(lang, error))
            }
        }
    }
}

impl Made {
    /// The lines to be shown: what was made, the password when it was generated, the token.
    pub fn lines(&self, lang: Lang, request_admin: &str) -> Vec<String> {
        let tenant = self.snapshot.tenant(self.tenant);
        let (name, domain) = tenant.map_or(("", ""), |t| (&t.name, &t.realm));
        let args = [
            ("name", Arg::from(name)),
            ("domain", Arg::from(domain)),
            ("admin", Arg::from(request_admin)),
        ];
        let mut lines = vec![text_with(lang, "init-done", &args)];
        if let Some(password) = &self.password {
            let args = [("password", Arg::from(password.expose()))];
            lines.push(text_with(lang, "init-password", &args));
            lines.push(text(lang, "init-password-once").into_owned());
        }
        lines.extend(self.token.iter().flat_map(|secret| token::secret_lines(secret, lang)));
        lines
    }
}
