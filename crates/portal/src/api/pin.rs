//! 暗証番号 of a person or of a mailbox: written, never read (R234, R262).

use app::service::pin::PinOf;
use app::service::{Act, Key, pin};
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
    name: "Pin",
    about: "A PIN; it is written and never read.",
    fields: &[must("pin", Kind::Text(4, 10), "4 to 10 digits, not easy to guess.")],
};

/// Sets the PIN of whom the address names.
pub(crate) async fn set<const OF: u8>(
    State(portal): State<Portal>,
    caller: Caller,
    Path(key): Path<String>,
    Object(mut body): Object,
) -> Answer {
    let problems = SHAPE.check(&mut body, true);
    if !problems.is_empty() {
        return Err(Trouble::broken(problems));
    }
    let text = body.get("pin").and_then(Value::as_str).unwrap_or_default();
    // An empty text would take the PIN away, which is another method.
    let text = if text.is_empty() { "-" } else { text };
    write(&portal, &caller, (of(OF), &key), text).await
}

/// Takes the PIN away of whom the address names.
pub(crate) async fn remove<const OF: u8>(
    State(portal): State<Portal>,
    caller: Caller,
    Path(key): Path<String>,
) -> Answer {
    write(&portal, &caller, (of(OF), &key), "").await
}

/// Numbers of [`PinOf`] in types: a handler has no other memory.
pub(crate) const USER: u8 = 0;
pub(crate) const VIRTUAL: u8 = 1;
pub(crate) const DEPARTMENT: u8 = 2;
pub(crate) const HUNT: u8 = 3;

const fn of(number: u8) -> PinOf {
    match number {
        VIRTUAL => PinOf::Virtual,
        DEPARTMENT => PinOf::Department,
        HUNT => PinOf::Hunt,
        _ => PinOf::User,
    }
}

async fn write(portal: &Portal, caller: &Caller, (of, key): (PinOf, &str), text: &str) -> Answer {
    let act =
        Act { store: &portal.store, scope: &caller.scope, seen: caller.seen, now: caller.now };
    let set = pin::set(act, of, Key(key), &Secret::new(text.to_owned())).await;
    let snapshot = set.map_err(|r| Trouble::refused(r, caller.seen.is_some()))?;
    Ok(done(&snapshot, caller.tenant()))
}
