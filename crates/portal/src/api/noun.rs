//! List, read, make, replace, change and remove: the same for objects of every kind.

use std::borrow::Cow;

use app::service::{self, Act, Key, Noun, Page, Place, Problem, Query, Refusal};
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use base::id::TenantId;
use base::{Secret, Uuid, Wall};
use model::Snapshot;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::Portal;
use crate::api::ROOT;
use crate::api::body::{Object, Words};
use crate::api::caller::Caller;
use crate::api::repeat;
use crate::api::shape::{Shape, merge};
use crate::api::trouble::Trouble;

pub(crate) type Answer = Result<Response, Trouble>;

/// What an object of JSON is read with.
pub(crate) struct Cx<'a> {
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) tenant: TenantId,
    pub(crate) now: Wall,
    /// A new id, for an object that is made.
    pub(crate) id: Uuid,
    /// A new secret, for a terminal that is made.
    pub(crate) secret: &'a str,
}

/// The JSON form of a noun.
pub(crate) trait Twin: Serialize + DeserializeOwned + Send + Sync + 'static {
    type Of: Noun;
    /// First part of its addresses.
    const PATH: &'static str;
    const SHAPE: &'static Shape;
    /// Field that is written and told once: when the exchange itself made it up.
    const SECRET: Option<&'static str> = None;

    /// The form of an object.
    fn of(value: &Self::Of, snapshot: &Snapshot) -> Self;

    /// The form of a new object with every default; `None` when none can be made here.
    fn blank(_cx: &Cx<'_>) -> Option<Self> {
        None
    }

    /// The object; keeps of `old` what JSON does not tell.
    fn object(self, cx: &Cx<'_>, old: Option<&Self::Of>) -> Result<Self::Of, Vec<Problem>>;
}

/// JSON with the tenant's revision as its tag.
pub(crate) fn json_answer(
    status: StatusCode,
    snapshot: (&Snapshot, TenantId),
    body: &Value,
) -> Response {
    let (snapshot, tenant) = snapshot;
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Ok(tag) = HeaderValue::from_str(&tag(snapshot, tenant)) {
        headers.insert(header::ETAG, tag);
    }
    response
}

/// The tenant's revision as a tag (RFC 9110 §8.8.3).
pub(crate) fn tag(snapshot: &Snapshot, tenant: TenantId) -> String {
    format!("\"{}\"", snapshot.tenant_revision(tenant).0)
}

/// Done, nothing to tell.
pub(crate) fn done(snapshot: &Snapshot, tenant: TenantId) -> Response {
    let mut response = json_answer(StatusCode::NO_CONTENT, (snapshot, tenant), &Value::Null);
    *response.body_mut() = Body::empty();
    response.headers_mut().remove(header::CONTENT_TYPE);
    response
}

fn form<T: Twin>(value: &T::Of, snapshot: &Snapshot) -> Value {
    serde_json::to_value(T::of(value, snapshot)).unwrap_or_default()
}

/// The page that the words of a query ask for.
pub(crate) fn query(words: &Words) -> Result<Query, Trouble> {
    words.only(&["q", "limit", "cursor"])?;
    let limit = match words.get("limit") {
        "" => 0,
        text => match text.parse() {
            Ok(n @ 1..=500) => n,
            _ => return Err(words.odd("limit", text, "1-500")),
        },
    };
    let after = match words.get("cursor") {
        "" => None,
        text => Some(Place::parse(text).ok_or_else(|| words.odd("cursor", text, "next"))?),
    };
    Ok(Query { search: words.get("q").chars().take(100).collect(), after, limit })
}

/// A page as JSON.
pub(crate) fn page<T: Clone>(
    page: &Page<'_, T>,
    revision: u64,
    item: impl Fn(&Cow<'_, T>) -> Value,
) -> Value {
    json!({
        "items": page.items.iter().map(item).collect::<Vec<_>>(),
        "next": page.next.as_ref().map(Place::text),
        "revision": revision,
    })
}

pub(crate) async fn list<T: Twin>(
    State(portal): State<Portal>,
    caller: Caller,
    words: Words,
) -> Answer {
    let query = query(&words)?;
    let (snapshot, tenant) = (portal.store.snapshot(), caller.tenant());
    service::write::contracted::<T::Of>(&snapshot, &caller.scope)
        .map_err(|r| Trouble::refused(r, false))?;
    let found = service::list::<T::Of>(&snapshot, tenant, &query);
    let revision = snapshot.tenant_revision(tenant).0;
    let body = page(&found, revision, |item| form::<T>(item, &snapshot));
    Ok(json_answer(StatusCode::OK, (&snapshot, tenant), &body))
}

pub(crate) async fn read<T: Twin>(
    State(portal): State<Portal>,
    caller: Caller,
    Path(key): Path<String>,
) -> Answer {
    read_one::<T>(&portal, &caller, &key)
}

fn read_one<T: Twin>(portal: &Portal, caller: &Caller, key: &str) -> Answer {
    let (snapshot, tenant) = (portal.store.snapshot(), caller.tenant());
    service::write::contracted::<T::Of>(&snapshot, &caller.scope)
        .map_err(|r| Trouble::refused(r, false))?;
    let found = T::Of::find(&snapshot, tenant, Key(key)).ok_or_else(Trouble::not_found)?;
    Ok(json_answer(StatusCode::OK, (&snapshot, tenant), &form::<T>(&found, &snapshot)))
}

/// What a body stands on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ground {
    /// The defaults.
    Blank,
    /// The object as it is.
    Present,
}

/// What is asked for.
struct Wish<'a> {
    /// The object that must exist; `None` = a new one.
    key: Option<&'a str>,
    body: Map<String, Value>,
    ground: Ground,
}

async fn write<T: Twin>(portal: &Portal, caller: &Caller, wish: Wish<'_>) -> Answer {
    let Wish { key, mut body, ground } = wish;
    let problems = T::SHAPE.check(&mut body, ground == Ground::Blank);
    if !problems.is_empty() {
        return Err(Trouble::broken(problems));
    }
    let issued = T::SECRET.filter(|field| key.is_none() && !body.contains_key(*field));
    let (id, secret) = fresh(caller.now)?;
    let body = Value::Object(body);
    let (tenant, now) = (caller.tenant(), caller.now);
    let make = |snapshot: &Snapshot, old: Option<&T::Of>| {
        let cx = Cx { snapshot, tenant, now, id, secret: secret.expose() };
        let base = match old.filter(|_| ground == Ground::Present) {
            Some(old) => T::of(old, snapshot),
            None => T::blank(&cx).ok_or(Refusal::Forbidden)?,
        };
        let mut value = serde_json::to_value(base).unwrap_or_default();
        merge(&mut value, &body);
        let odd = |error: serde_json::Error| {
            Refusal::Broken(vec![Problem::new(212, "", &error.to_string())])
        };
        let twin: T = serde_json::from_value(value).map_err(odd)?;
        twin.object(&cx, old).map_err(Refusal::Broken)
    };
    let act = Act { store: &portal.store, scope: &caller.scope, seen: caller.seen, now };
    let told = |snapshot: &Snapshot, made: &T::Of| {
        let mut told = form::<T>(made, snapshot);
        if let Some(field) = issued {
            told[field] = json!(secret.expose());
        }
        told
    };
    let place = |made: &T::Of| format!("{ROOT}/{}/{}", T::PATH, made.key());
    let status = if key.is_some() { StatusCode::OK } else { StatusCode::CREATED };
    let of = |snapshot: &Snapshot, made: &T::Of| {
        let named = (key.is_none().then(|| place(made)), Some(tag(snapshot, tenant)));
        repeat::kept(status, named, told(snapshot, made).to_string())
    };
    let asked = caller.keyed.as_ref().map(|keyed| keyed.asked());
    let request = caller.keyed.as_ref().zip(asked.as_ref()).map(|(k, asked)| k.request(asked));
    let answer = request.map(|request| service::write::Answer { request, of: &of });
    let saved = service::write::save_answered::<T::Of>(act, key.map(Key), make, answer.as_ref());
    let (snapshot, made) = saved.await.map_err(|r| Trouble::refused(r, caller.seen.is_some()))?;
    // Only creations have keys, and a creation changes something.
    if let Some(keyed) = &caller.keyed {
        keyed.is_kept();
    }
    let mut response = json_answer(status, (&snapshot, tenant), &told(&snapshot, &made));
    if key.is_none()
        && let Ok(place) = HeaderValue::from_str(&place(&made))
    {
        response.headers_mut().insert(header::LOCATION, place);
    }
    Ok(response)
}

/// A new id and a new secret.
pub(crate) fn fresh(now: Wall) -> Result<(Uuid, Secret<String>), Trouble> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|_| Trouble::of(StatusCode::SERVICE_UNAVAILABLE))?;
    let mut rng = base::Rng::from_seed(seed);
    Ok((Uuid::mint(now, &mut rng), bulk::generate_secret(&mut rng)))
}

pub(crate) async fn create<T: Twin>(
    State(portal): State<Portal>,
    caller: Caller,
    Object(body): Object,
) -> Answer {
    write::<T>(&portal, &caller, Wish { key: None, body, ground: Ground::Blank }).await
}

pub(crate) async fn replace<T: Twin>(
    State(portal): State<Portal>,
    caller: Caller,
    Path(key): Path<String>,
    Object(body): Object,
) -> Answer {
    write::<T>(&portal, &caller, Wish { key: Some(&key), body, ground: Ground::Blank }).await
}

pub(crate) async fn patch<T: Twin>(
    State(portal): State<Portal>,
    caller: Caller,
    Path(key): Path<String>,
    Object(body): Object,
) -> Answer {
    write::<T>(&portal, &caller, Wish { key: Some(&key), body, ground: Ground::Present }).await
}

pub(crate) async fn remove<T: Twin>(
    State(portal): State<Portal>,
    caller: Caller,
    Path(key): Path<String>,
    words: Words,
) -> Answer {
    words.only(&["force"])?;
    let force = words.flag("force")?;
    let act =
        Act { store: &portal.store, scope: &caller.scope, seen: caller.seen, now: caller.now };
    let removed = service::remove::<T::Of>(act, Key(&key), force).await;
    let snapshot = removed.map_err(|r| Trouble::refused(r, caller.seen.is_some()))?;
    Ok(done(&snapshot, caller.tenant()))
}

/// The one object of its kind.
pub(crate) async fn read_own<T: Twin>(State(portal): State<Portal>, caller: Caller) -> Answer {
    read_one::<T>(&portal, &caller, &caller.tenant().to_string())
}

/// Changes the one object of its kind.
pub(crate) async fn patch_own<T: Twin>(
    State(portal): State<Portal>,
    caller: Caller,
    Object(body): Object,
) -> Answer {
    let key = caller.tenant().to_string();
    write::<T>(&portal, &caller, Wish { key: Some(&key), body, ground: Ground::Present }).await
}
