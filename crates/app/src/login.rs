//! Signing in to a portal and changing the own password, with the sentences for every outcome.

use base::Wall;
use bulk::reason::Arg;
use model::PasswordError;
use store::{
    DbError, Login, LoginError, LoginOutcome, PasswordOutcome, Portal, Session, Store, Token,
};
use thiserror::Error;

use crate::text::{Lang, text, text_with};

/// Somebody who has just signed in.
#[derive(Debug)]
pub struct SignedIn {
    /// What may be touched, and whether the password must be replaced.
    pub session: Session,
    /// The secret for the cookie.
    pub token: Token,
}

/// How a login ended.
#[derive(Debug)]
pub enum SignIn {
    /// Signed in.
    Done(Box<SignedIn>),
    /// Domain, name or password is wrong: one answer for all (R006).
    Refused,
    /// Locked by failures in a row (R050).
    Locked {
        /// When the lock ends by itself; `None` = by hand only.
        until: Option<Wall>,
    },
}

/// Why a login could not be judged.
#[derive(Debug, Error)]
pub enum SignInError {
    /// Too many logins wait (SEC-11): answer 429.
    #[error("too many logins wait")]
    Busy,
    /// The database failed.
    #[error("cannot check the login")]
    Database(#[source] DbError),
}

impl From<LoginError> for SignInError {
    fn from(error: LoginError) -> Self {
        match error {
            LoginError::Busy => SignInError::Busy,
            LoginError::Database(error) => SignInError::Database(error),
        }
    }
}

/// Checks the three fields together and opens a session.
pub async fn sign_in(store: &Store, login: Login<'_>) -> Result<SignIn, SignInError> {
    match store.login(login).await? {
        LoginOutcome::Refused => Ok(SignIn::Refused),
        LoginOutcome::Locked { until } => Ok(SignIn::Locked { until }),
        LoginOutcome::Ok(session) => {
            let token =
                store.open_session(&session, login.now).await.map_err(SignInError::Database)?;
            Ok(SignIn::Done(Box::new(SignedIn { session: *session, token })))
        }
    }
}

impl SignIn {
    /// What the login page says; `None` when signed in.
    pub fn sentence(&self, lang: Lang, portal: Portal) -> Option<String> {
        match self {
            SignIn::Done(_) => None,
            SignIn::Refused => Some(text(lang, "signin-refused").into_owned()),
            SignIn::Locked { until } => Some(locked_sentence(lang, portal, *until)),
        }
    }
}

impl SignInError {
    /// What the login page says.
    pub fn sentence(&self, lang: Lang) -> String {
        let id = match self {
            SignInError::Busy => "signin-busy",
            SignInError::Database(_) => "signin-failed",
        };
        text(lang, id).into_owned()
    }
}

fn locked_sentence(lang: Lang, portal: Portal, until: Option<Wall>) -> String {
    match (until, portal) {
        (Some(until), _) => {
            let args = [("until", Arg::Text(until.tokyo_text()))];
            text_with(lang, "signin-locked", &args)
        }
        (None, Portal::Admin) => text(lang, "signin-locked-admin-by-hand").into_owned(),
        (None, Portal::User) => text(lang, "signin-locked-by-hand").into_owned(),
    }
}

/// What the password page says.
pub fn password_sentence(lang: Lang, portal: Portal, outcome: &PasswordOutcome) -> String {
    match outcome {
        PasswordOutcome::Changed => text(lang, "password-changed").into_owned(),
        PasswordOutcome::Refused => text(lang, "password-present-wrong").into_owned(),
        PasswordOutcome::Locked { until } => locked_sentence(lang, portal, *until),
        PasswordOutcome::Policy(error) => text(lang, password_message(*error)).into_owned(),
    }
}

/// Id of the sentence for a broken password rule.
pub fn password_message(error: PasswordError) -> &'static str {
    match error {
        PasswordError::TooShort => "password-too-short",
        PasswordError::Length => "password-length",
        PasswordError::Characters => "password-characters",
        PasswordError::Mixture => "password-mixture",
        PasswordError::SameAsLogin => "password-same-as-login",
    }
}
