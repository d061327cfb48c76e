//! Tokens of the API: made, listed and revoked by whoever owns the data folder.

use base::id::ApiTokenId;
use base::{Rng, Secret, Uuid, Wall};
use bulk::reason::Arg;
use store::{ApiRole, ApiToken, DbError, NewApiToken, Store, TenantScope};
use thiserror::Error;

use crate::text::{Lang, text, text_with};

/// Days after which a token ends when nothing else is asked.
pub const DAYS: u32 = 365;

/// What kind of token is wanted.
#[derive(Debug, Clone, Copy)]
pub struct Wish<'a> {
    /// Name in the audit trail, 1–64 characters.
    pub name: &'a str,
    /// What it may do.
    pub role: ApiRole,
    /// Days until it ends; 0 = never.
    pub days: u32,
}

/// A token that was made.
#[derive(Debug)]
pub struct Made {
    /// Its id, by which it is revoked.
    pub id: ApiTokenId,
    /// The secret; shown once.
    pub text: Secret<String>,
    /// When it ends.
    pub expires_at: Option<Wall>,
}

/// Why a token was not made or revoked.
#[derive(Debug, Error)]
pub enum TokenError {
    /// The tenant has too many.
    #[error("too many tokens")]
    TooMany,
    /// The tenant has no such token.
    #[error("token not found")]
    Unknown(String),
    /// The database failed.
    #[error("cannot store the token")]
    Database(#[from] DbError),
}

/// The role of a word of the command line.
pub fn parse_role(word: &str) -> Option<ApiRole> {
    ApiRole::ALL.into_iter().find(|role| role.name() == word)
}

/// Makes a token.
pub async fn make(
    store: &Store,
    scope: &TenantScope,
    wish: &Wish<'_>,
    now: Wall,
    rng: &mut Rng,
) -> Result<Made, TokenError> {
    let id = ApiTokenId(Uuid::mint(now, rng));
    let life = i64::from(wish.days).saturating_mul(86_400_000);
    let expires_at = (wish.days > 0).then_some(Wall(now.0.saturating_add(life)));
    let new = NewApiToken { id, name: wish.name, role: wish.role, expires_at };
    let text = store.make_api_token(scope, new, now).await?.ok_or(TokenError::TooMany)?;
    Ok(Made { id, text, expires_at })
}

/// Ends a token for ever.
pub async fn revoke(
    store: &Store,
    scope: &TenantScope,
    id: &str,
    now: Wall,
) -> Result<(), TokenError> {
    let known = match Uuid::parse(id) {
        Some(uuid) => store.revoke_api_token(scope, ApiTokenId(uuid), now).await?,
        None => false,
    };
    if known { Ok(()) } else { Err(TokenError::Unknown(id.to_owned())) }
}

/// The secret and that it is shown once.
pub fn secret_lines(secret: &Secret<String>, lang: Lang) -> [String; 2] {
    let args = [("token", Arg::from(secret.expose()))];
    [text_with(lang, "token-made", &args), text(lang, "token-once").into_owned()]
}

/// What is shown of a new token.
pub fn made_lines(made: &Made, wish: &Wish<'_>, lang: Lang) -> Vec<String> {
    let mut out = secret_lines(&made.text, lang).to_vec();
    out.push(particulars((made.id, wish.name, wish.role, made.expires_at), lang));
    out
}

/// The tokens of a tenant, one a line.
pub fn list_lines(tokens: &[ApiToken], lang: Lang) -> Vec<String> {
    if tokens.is_empty() {
        return vec![text(lang, "token-none").into_owned()];
    }
    let line = |t: &ApiToken| particulars((t.id, &t.name, t.role, t.expires_at), lang);
    tokens.iter().map(line).collect()
}

fn particulars(
    (id, name, role, until): (ApiTokenId, &str, ApiRole, Option<Wall>),
    lang: Lang,
) -> String {
    let until = until.map(Wall::tokyo_text);
    let until = until.unwrap_or_else(|| text(lang, "token-for-ever").into_owned());
    let args = [
        ("id", Arg::Text(id.to_string())),
        ("name", Arg::from(name)),
        ("role", Arg::from(role.name())),
        ("until", Arg::Text(until)),
    ];
    text_with(lang, "token-made-particulars", &args)
}

/// That a token was revoked.
pub fn revoked_line(id: &str, lang: Lang) -> String {
    text_with(lang, "token-revoked", &[("id", Arg::from(id))])
}

impl TokenError {
    /// What went wrong and how to mend it.
    pub fn sentence(&self, lang: Lang) -> String {
        match self {
            TokenError::TooMany => {
                let count = Arg::Number(ApiToken::TOKENS_MAX as u64);
                text_with(lang, "token-too-many", &[("count", count)])
            }
            TokenError::Unknown(id) => text_with(lang, "token-unknown", &[("id", Arg::from(id))]),
            TokenError::Database(error) => {
                text_with(lang, "token-failed", &[("error", Arg::Text(error.to_string()))])
            }
        }
    }
}
