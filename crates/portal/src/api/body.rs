//! The JSON object of a request, and the words of its query.

use app::service::Problem;
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use serde_json::{Map, Value};

use crate::Portal;
use crate::api::trouble::Trouble;

/// A body that is a JSON object.
pub(crate) struct Object(pub(crate) Map<String, Value>);

impl FromRequest<Portal> for Object {
    type Rejection = Trouble;

    async fn from_request(request: Request, portal: &Portal) -> Result<Self, Trouble> {
        if !is_json(request.headers()) {
            return Err(Trouble::of(StatusCode::UNSUPPORTED_MEDIA_TYPE));
        }
        let bytes = Bytes::from_request(request, portal).await;
        let bytes = bytes.map_err(|rejection| Trouble::of(rejection.status()))?;
        match serde_json::from_slice(&bytes) {
            Ok(Value::Object(fields)) => Ok(Object(fields)),
            Ok(_) => Err(unreadable("{ … }")),
            Err(error) => Err(unreadable(&error.to_string())),
        }
    }
}

fn unreadable(what: &str) -> Trouble {
    let problem = Problem::new(212, "body", "").saying("api-wrong-type");
    Trouble::malformed(problem.with("", what, None))
}

/// `application/json`, or a kind that says what JSON it is, such as a merge patch.
fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok());
    let essence = kind.and_then(|k| k.split(';').next()).unwrap_or_default().trim();
    let essence = essence.to_ascii_lowercase();
    essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// Words of the query, each once.
pub(crate) struct Words(Vec<(String, String)>);

impl Words {
    pub(crate) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// Refuses words that mean nothing here, so that a slip is not taken for a wish.
    pub(crate) fn only(&self, known: &[&str]) -> Result<(), Trouble> {
        match self.0.iter().find(|(key, _)| !known.contains(&key.as_str())) {
            Some((key, _)) => {
                Err(Trouble::malformed(Problem::new(212, key, "").saying("api-unknown-field")))
            }
            None => Ok(()),
        }
    }

    /// A switch: `true`, `false`, or not there.
    pub(crate) fn flag(&self, name: &str) -> Result<bool, Trouble> {
        match self.get(name) {
            "" | "false" => Ok(false),
            "true" => Ok(true),
            other => Err(self.odd(name, other, "true | false")),
        }
    }

    pub(crate) fn odd(&self, name: &str, value: &str, wanted: &str) -> Trouble {
        let problem = Problem::new(212, name, value).saying("api-wrong-type");
        Trouble::malformed(problem.with("", wanted, None))
    }
}

impl FromRequestParts<Portal> for Words {
    type Rejection = Trouble;

    async fn from_request_parts(parts: &mut Parts, portal: &Portal) -> Result<Self, Trouble> {
        let words = Query::<Vec<(String, String)>>::from_request_parts(parts, portal).await;
        match words {
            Ok(Query(words)) => Ok(Words(words)),
            Err(_) => Err(Trouble::of(StatusCode::BAD_REQUEST)),
        }
    }
}
