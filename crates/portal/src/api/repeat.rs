//! Idempotency keys: a creation that is sent again gets the answer of the first time, and nothing
//! is made twice.
//!
//! | Key | Then |
//! |---|---|
//! | new | carried out; an answer of success is kept for a day |
//! | came with the same request | the kept answer, marked `Idempotency-Replayed` |
//! | came with another request | 422 |
//! | its request still runs | 409 |
//!
//! A refused request has changed nothing, so it is carried out again.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use app::service::Problem;
use axum::body::{Body, to_bytes};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use store::{KeyedRequest, Repeated};

use crate::Portal;
use crate::api::BODY_BYTES_MAX;
use crate::api::caller::Caller;
use crate::api::trouble::Trouble;

/// Name of the header.
pub(crate) const HEADER: &str = "idempotency-key";

/// Longest key.
const KEY_MAX: usize = 255;

/// Largest answer that is kept.
const ANSWER_MAX: usize = 1_024 * 1_024;

/// Keys whose requests run now: tenant, token, key.
#[derive(Default)]
pub(crate) struct RunningKeys(Mutex<BTreeSet<String>>);

/// A key in use, until dropped.
struct InUse {
    keys: Arc<RunningKeys>,
    name: String,
}

impl RunningKeys {
    fn take(self: &Arc<Self>, name: String) -> Option<InUse> {
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        keys.insert(name.clone()).then(|| InUse { keys: Arc::clone(self), name })
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        self.keys.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.name);
    }
}

/// What is kept of an answer.
#[derive(Serialize, Deserialize)]
struct Kept {
    status: u16,
    location: Option<String>,
    tag: Option<String>,
    body: String,
}

/// Answers a repeated creation as the first time.
pub(crate) async fn once(State(portal): State<Portal>, request: Request, next: Next) -> Response {
    let asks = request.method() == Method::POST && request.headers().contains_key(HEADER);
    if !asks {
        return next.run(request).await;
    }
    match keyed(&portal, request, next).await {
        Ok(response) => response,
        Err(trouble) => trouble.into_response(),
    }
}

async fn keyed(portal: &Portal, request: Request, next: Next) -> Result<Response, Trouble> {
    let (mut parts, body) = request.into_parts();
    let value = parts.headers.get(HEADER).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let key = value.to_owned();
    if key.is_empty() || key.len() > KEY_MAX {
        let problem = Problem::new(212, "Idempotency-Key", "").saying("api-wrong-type");
        return Err(Trouble::malformed(problem.with("", "1-255", None)));
    }
    let caller = Caller::from_request_parts(&mut parts, portal).await?;
    let bytes = to_bytes(body, BODY_BYTES_MAX).await;
    let bytes = bytes.map_err(|_| Trouble::of(StatusCode::PAYLOAD_TOO_LARGE))?;
    let name = format!("{} {} {key}", caller.tenant(), caller.scope.name());
    let running = Problem::new(261, "Idempotency-Key", &key).saying("api-key-running");
    let in_use = portal.keys.take(name);
    let _in_use = in_use.ok_or_else(|| Trouble::conflict(running))?;
    let address = parts.uri.to_string();
    let asked: [&[u8]; 2] = [address.as_bytes(), &bytes];
    let keyed = KeyedRequest { key: &key, asked: &asked };
    let failed = |e: store::DbError| Trouble::database(&e);
    match portal.store.kept_answer(&caller.scope, keyed, caller.now).await.map_err(failed)? {
        Repeated::Yes(kept) => return replayed(&kept),
        Repeated::Other => {
            let problem = Problem::new(212, "Idempotency-Key", &key).saying("api-key-other");
            return Err(Trouble::broken(vec![problem]));
        }
        Repeated::No => {}
    }
    let response = next.run(Request::from_parts(parts, Body::from(bytes.clone()))).await;
    if !response.status().is_success() {
        return Ok(response);
    }
    let (head, body) = response.into_parts();
    let answer = to_bytes(body, ANSWER_MAX).await;
    let answer = answer.map_err(|_| Trouble::of(StatusCode::SERVICE_UNAVAILABLE))?;
    let text = |name| head.headers.get(name).and_then(|v: &HeaderValue| v.to_str().ok());
    let kept = Kept {
        status: head.status.as_u16(),
        location: text(header::LOCATION).map(str::to_owned),
        tag: text(header::ETAG).map(str::to_owned),
        body: String::from_utf8_lossy(&answer).into_owned(),
    };
    let kept = serde_json::to_vec(&kept).unwrap_or_default();
    // What was made stands; a repetition then meets what is there already.
    if let Err(error) = portal.store.keep_answer(&caller.scope, keyed, &kept, caller.now).await {
        tracing::warn!(%error, "answer to a request with a key was not kept");
    }
    Ok(Response::from_parts(head, Body::from(answer)))
}

fn replayed(kept: &[u8]) -> Result<Response, Trouble> {
    let broken = |_| Trouble::of(StatusCode::SERVICE_UNAVAILABLE);
    let Kept { status, location, tag, body } = serde_json::from_slice(kept).map_err(broken)?;
    let has_body = !body.is_empty();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    let headers = response.headers_mut();
    headers.insert("idempotency-replayed", HeaderValue::from_static("true"));
    if has_body {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    for (name, value) in [(header::LOCATION, location), (header::ETAG, tag)] {
        if let Some(value) = value.and_then(|v| HeaderValue::from_str(&v).ok()) {
            headers.insert(name, value);
        }
    }
    Ok(response)
}
