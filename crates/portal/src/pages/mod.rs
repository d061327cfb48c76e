//! One file per page: what it reads, what it shows, what its form does.

pub(crate) mod calls;
pub(crate) mod days;
pub(crate) mod filter;
pub(crate) mod history;
pub(crate) mod home;
pub(crate) mod locks;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod password;
pub(crate) mod preferences;
pub(crate) mod record;
pub(crate) mod terminals;
pub(crate) mod users;

use askama::Template;
use axum::response::{Html, IntoResponse, Response};

use crate::shell::fault::Fault;

/// What a page answers.
pub(crate) type Answer = Result<Response, Fault>;

/// A template as a response.
fn page(template: &impl Template) -> Answer {
    Ok(Html(template.render()?).into_response())
}
