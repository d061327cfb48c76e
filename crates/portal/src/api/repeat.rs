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
//! A refused request has changed nothing, so it is carried out again. What is made keeps its answer
//! in the transaction that makes it, so that a crash leaves both or neither.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use app::service::Problem;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use store::{KeyedRequest, Repeated};

use crate::Portal;
use crate::api::caller::Caller;
use crate::api::sounds;
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

/// The key of a request that is carried out for the first time.
#[derive(Debug)]
pub(crate) struct Keyed {
    key: String,
    address: String,
    body: Bytes,
    /// The answer was kept with the change.
    is_kept: AtomicBool,
}

impl Keyed {
    /// What makes it this request.
    pub(crate) fn asked(&self) -> [&[u8]; 2] {
        [self.address.as_bytes(), &self.body]
    }

    /// For the store.
    pub(crate) fn request<'a>(&'a self, asked: &'a [&'a [u8]]) -> KeyedRequest<'a> {
        KeyedRequest { key: &self.key, asked }
    }

    /// The answer was kept with the change.
    pub(crate) fn is_kept(&self) {
        self.is_kept.store(true, Ordering::Relaxed);
    }
}

/// An answer in the form in which it is kept.
pub(crate) fn kept(
    status: StatusCode,
    (location, tag): (Option<String>, Option<String>),
    body: String,
) -> Vec<u8> {
    let kept = Kept { status: status.as_u16(), location, tag, body };
    serde_json::to_vec(&kept).unwrap_or_default()
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
    let (most, reading) = sounds::room(portal, parts.uri.path())?;
    if let Some(reading) = reading {
        parts.extensions.insert(reading);
    }
    let bytes = to_bytes(body, most).await;
    let bytes = bytes.map_err(|_| Trouble::of(StatusCode::PAYLOAD_TOO_LARGE))?;
    let name = format!("{} {} {key}", caller.tenant(), caller.scope.name());
    let running = Problem::new(261, "Idempotency-Key", &key).saying("api-key-running");
    let in_use = portal.keys.take(name);
    let _in_use = in_use.ok_or_else(|| Trouble::conflict(running))?;
    let address = parts.uri.to_string();
    let is_kept = AtomicBool::new(false);
    let once = Arc::new(Keyed { key: key.clone(), address, body: bytes.clone(), is_kept });
    let asked = once.asked();
    let keyed = once.request(&asked);
    let failed = |e: store::DbError| Trouble::database(&e);
    match portal.store.kept_answer(&caller.scope, keyed, caller.now).await.map_err(failed)? {
        Repeated::Yes(kept) => return replayed(&kept),
        Repeated::Other => {
            let problem = Problem::new(212, "Idempotency-Key", &key).saying("api-key-other");
            return Err(Trouble::broken(vec![problem]));
        }
        Repeated::No => {}
    }
    parts.extensions.insert(Arc::clone(&once));
    let response = next.run(Request::from_parts(parts, Body::from(bytes))).await;
    if !response.status().is_success() || once.is_kept.load(Ordering::Relaxed) {
        return Ok(response);
    }
    let (head, body) = response.into_parts();
    let answer = to_bytes(body, ANSWER_MAX).await;
    let answer = answer.map_err(|_| Trouble::of(StatusCode::SERVICE_UNAVAILABLE))?;
    let text = |name| head.headers.get(name).and_then(|v: &HeaderValue| v.to_str().ok());
    let text = |name| text(name).map(str::to_owned);
    let named = (text(header::LOCATION), text(header::ETAG));
    let kept = kept(head.status, named, String::from_utf8_lossy(&answer).into_owned());
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

#[cfg(test)]
mod tests {
    use axum::extract::FromRequest;
    use axum::http::Request;
    use serde_json::{Value, json};

    use super::*;
    use crate::api::body::{Object, Words};
    use crate::api::noun::create;
    use crate::api::sounds::File;
    use crate::api::twins::device::DeviceTwin;
    use crate::api::twins::pickup::PickupTwin;
    use crate::tests::world::World;

    async fn caller(world: &World, address: &str, body: &str) -> Caller {
        let token = world.token(1, store::ApiRole::Administrator).await;
        let request = Request::builder().header("authorization", format!("Bearer {token}"));
        let (mut parts, ()) = request.body(()).expect("a request").into_parts();
        parts.extensions.insert(Arc::new(Keyed {
            key: "order-1".to_owned(),
            address: address.to_owned(),
            body: body.to_owned().into(),
            is_kept: AtomicBool::new(false),
        }));
        let caller = Caller::from_request_parts(&mut parts, &world.portal).await;
        caller.unwrap_or_else(|_| panic!("a valid token"))
    }

    async fn told(response: Response) -> (StatusCode, Vec<Option<HeaderValue>>, Value) {
        let (head, body) = response.into_parts();
        let named = [header::LOCATION, header::ETAG, header::CONTENT_TYPE];
        let named = named.iter().map(|name| head.headers.get(name).cloned()).collect();
        let body = to_bytes(body, ANSWER_MAX).await.expect("a body");
        (head.status, named, serde_json::from_slice(&body).expect("JSON"))
    }

    /// The process dies when the change is stored and before anybody hears of it.
    #[tokio::test(flavor = "multi_thread")]
    async fn an_answer_that_a_crash_swallowed_is_given_to_who_asks_again() {
        let world = World::two_companies().await;
        let (desk, group) = (json!({ "sip_id": "desk9" }), json!({ "number": 8 }));
        for (address, body) in [("/api/v1/devices", desk), ("/api/v1/pickup-groups", group)] {
            let caller = caller(&world, address, &body.to_string()).await;
            let Value::Object(object) = body else { panic!("an object") };
            let (state, body) = (State(world.portal.clone()), Object(object));
            let made = match address.ends_with("devices") {
                true => create::<DeviceTwin>(state, caller.clone(), body).await,
                false => create::<PickupTwin>(state, caller.clone(), body).await,
            };
            is_repeated(&world, &caller, made).await;
        }
        world.end().await;
    }

    /// Who sends the same again hears what was answered, though nobody heard it.
    async fn is_repeated(world: &World, caller: &Caller, made: Result<Response, Trouble>) {
        let first = told(made.unwrap_or_else(|t| t.into_response())).await;
        assert_eq!(first.0, StatusCode::CREATED);
        let once = caller.keyed.clone().expect("with a key");
        let asked = once.asked();
        let kept = world.store.kept_answer(&caller.scope, once.request(&asked), caller.now);
        let Repeated::Yes(kept) = kept.await.expect("readable") else { panic!("not kept") };
        let again = replayed(&kept).unwrap_or_else(|t| t.into_response());
        assert_eq!(told(again).await, first, "the secret and all");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_answer_to_an_upload_is_kept_with_the_sound() {
        let world = World::two_companies().await;
        let address = "/api/v1/sounds?name=morning";
        let caller = caller(&world, address, "RIFF").await;
        let (mut parts, ()) =
            Request::builder().uri(address).body(()).expect("a request").into_parts();
        let words = Words::from_request_parts(&mut parts, &world.portal).await;
        let words = words.unwrap_or_else(|_| panic!("words"));
        let file = File::from_request(Request::new(Body::from("RIFF")), &world.portal).await;
        let file = file.unwrap_or_else(|_| panic!("a file"));
        let state = State(world.portal.clone());
        let made = sounds::upload(state, caller.clone(), words, file).await;
        is_repeated(&world, &caller, made).await;
        world.end().await;
    }
}
