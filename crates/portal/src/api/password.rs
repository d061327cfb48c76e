//! Webカスコンパスワード of a person: written, never read (R027).

use app::service::{Act, Key, password};
use axum::extract::{Path, State};
use base::Secret;
use serde_json::Value;

use crate::Portal;
use crate::api::body::Object;
use crate::api::caller::Caller;
use crate::api::noun::{Answer, done};
use crate::api::shape::{Kind, Shape, must};
use crate::api::trouble::Trouble;

pub(crate) const SHAPE: &Shape = &Shape {
    name: "Password",
    about: "A web password; it is written and never read, and changed at the first login.",
    fields: &[must("password", Kind::Text(8, 128), "By the rule of the company.")],
};

pub(crate) async fn set(
    State(portal): State<Portal>,
    caller: Caller,
    Path(key): Path<String>,
    Object(mut body): Object,
) -> Answer {
    let problems = SHAPE.check(&mut body, true);
    if !problems.is_empty() {
        return Err(Trouble::broken(problems));
    }
    let text = body.get("password").and_then(Value::as_str).unwrap_or_default();
    let act =
        Act { store: &portal.store, scope: &caller.scope, seen: caller.seen, now: caller.now };
    let set = password::set(act, Key(&key), &Secret::new(text.to_owned())).await;
    let snapshot = set.map_err(|r| Trouble::refused(r, caller.seen.is_some()))?;
    Ok(done(&snapshot, caller.tenant()))
}
