//! Refusals as problem documents (RFC 9457) with the codes of the error catalogue.

use app::Lang;
use app::service::{Problem, Refusal};
use app::text::text;
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// Seconds after which a busy exchange may be asked again.
const RETRY_S: HeaderValue = HeaderValue::from_static("5");

/// Why a request is refused.
#[derive(Debug)]
pub(crate) struct Trouble {
    status: StatusCode,
    problems: Vec<Problem>,
    /// Revision of the tenant, for a caller who saw an older one.
    revision: Option<u64>,
}

impl Trouble {
    /// Without particulars.
    pub(crate) fn of(status: StatusCode) -> Self {
        Trouble { status, problems: Vec::new(), revision: None }
    }

    pub(crate) fn not_found() -> Self {
        Trouble::of(StatusCode::NOT_FOUND)
    }

    /// The node does not answer.
    pub(crate) fn no_node() -> Self {
        Trouble::of(StatusCode::SERVICE_UNAVAILABLE)
    }

    /// The request has the right form, and its content breaks rules.
    pub(crate) fn broken(problems: Vec<Problem>) -> Self {
        Trouble { problems, ..Trouble::of(StatusCode::UNPROCESSABLE_ENTITY) }
    }

    /// The request does not fit what there is, or what is under way.
    pub(crate) fn conflict(problem: Problem) -> Self {
        Trouble { problems: vec![problem], ..Trouble::of(StatusCode::CONFLICT) }
    }

    /// The address or the body cannot be read.
    pub(crate) fn malformed(problem: Problem) -> Self {
        Trouble { problems: vec![problem], ..Trouble::of(StatusCode::BAD_REQUEST) }
    }

    pub(crate) fn database(error: &store::DbError) -> Self {
        tracing::error!(%error, "request of the API failed");
        Trouble::of(StatusCode::SERVICE_UNAVAILABLE)
    }

    /// `guarded`: the caller said which revision he saw.
    pub(crate) fn refused(refusal: Refusal, guarded: bool) -> Self {
        let one = |status, code, field: &str| Trouble {
            problems: vec![Problem::new(code, field, "")],
            ..Trouble::of(status)
        };
        match refusal {
            Refusal::NotFound => Trouble::not_found(),
            Refusal::Exists(problem) => {
                Trouble { problems: vec![*problem], ..Trouble::of(StatusCode::CONFLICT) }
            }
            Refusal::Broken(problems) => Trouble::broken(problems),
            Refusal::Needed(problems) => Trouble { problems, ..Trouble::of(StatusCode::CONFLICT) },
            Refusal::Stale(at) => {
                let status =
                    if guarded { StatusCode::PRECONDITION_FAILED } else { StatusCode::CONFLICT };
                Trouble { revision: Some(at.0), ..one(status, 261, "") }
            }
            Refusal::Forbidden => one(StatusCode::FORBIDDEN, 262, ""),
            Refusal::NotContracted(option) => one(StatusCode::FORBIDDEN, 263, option.name()),
            Refusal::Busy => Trouble::of(StatusCode::TOO_MANY_REQUESTS),
            Refusal::Database(error) => Trouble::database(&error),
        }
    }

    fn body(&self) -> Value {
        let id = format!("api-title-{}", self.status.as_u16());
        let mut out = json!({
            "type": "about:blank",
            "title": self.status.canonical_reason().unwrap_or_default(),
            "status": self.status.as_u16(),
            "message_ja": text(Lang::Ja, &id),
            "message_en": text(Lang::En, &id),
            "errors": self.problems.iter().map(error).collect::<Vec<_>>(),
        });
        if let Some(first) = self.problems.first() {
            out["code"] = json!(first.code);
        }
        if let Some(revision) = self.revision {
            out["revision"] = json!(revision);
        }
        out
    }
}

fn error(problem: &Problem) -> Value {
    let with = problem
        .with
        .as_ref()
        .map(|side| json!({ "noun": side.noun, "name": side.name, "extension": side.extension }));
    json!({
        "code": problem.code,
        "field": problem.field,
        "value": problem.value,
        "with": with,
        "message_ja": problem.sentence(Lang::Ja),
        "message_en": problem.sentence(Lang::En),
    })
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body().to_string()));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        let kind = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, kind);
        match self.status {
            StatusCode::UNAUTHORIZED => {
                let how = HeaderValue::from_static("Bearer realm=\"naisen\"");
                headers.insert(header::WWW_AUTHENTICATE, how);
            }
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(header::RETRY_AFTER, RETRY_S);
            }
            _ => {}
        }
        response
    }
}
