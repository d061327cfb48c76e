//! Why a page cannot be shown. The guard turns it into a page in the reader's language.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use store::{DbError, LoginError};

/// Why a request ends without its page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// No such page or object, or not in the reader's scope.
    NotFound,
    /// From another site, or without the word that forms carry.
    Forbidden,
    /// The form cannot be read.
    Malformed,
    /// More rows than the wanted form of file takes.
    TooLarge,
    /// Database or machine cannot serve now.
    Unavailable,
}

impl Fault {
    fn status(self) -> StatusCode {
        match self {
            Fault::NotFound => StatusCode::NOT_FOUND,
            Fault::Forbidden => StatusCode::FORBIDDEN,
            Fault::Malformed => StatusCode::BAD_REQUEST,
            Fault::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Fault::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl From<DbError> for Fault {
    fn from(error: DbError) -> Self {
        tracing::error!(error = %chain(&error), "page failed");
        Fault::Unavailable
    }
}

impl From<LoginError> for Fault {
    fn from(error: LoginError) -> Self {
        tracing::error!(error = %chain(&error), "password could not be checked");
        Fault::Unavailable
    }
}

impl From<askama::Error> for Fault {
    fn from(error: askama::Error) -> Self {
        tracing::error!(%error, "page could not be rendered");
        Fault::Unavailable
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        self.status().into_response()
    }
}

/// An error with all its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
