//! リセット: a new secret for a terminal, told once (R215, R316).

use app::service::secret::{self, Valid};
use app::service::{Act, Key};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::Portal;
use crate::api::body::Object;
use crate::api::caller::Caller;
use crate::api::live::time;
use crate::api::noun::{Answer, json_answer};
use crate::api::shape::{Kind, Shape, must, told};
use crate::api::trouble::Trouble;

const AT_ONCE: &str = "at-once";

pub(crate) const SHAPE: &Shape = &Shape {
    name: "Reset",
    about: "A new secret for a terminal.",
    fields: &[must(
        "valid",
        Kind::OneOf(&[AT_ONCE, "next-morning"]),
        "at-once: what registered with the old one is registered no more, calls go on. \
         next-morning: from 5:00 of the next day in Asia/Tokyo; the old one works until then.",
    )],
};

pub(crate) const MADE: &Shape = &Shape {
    name: "NewSecret",
    about: "What a telephone registers with; the secret is not told again.",
    fields: &[
        told("sip_id", Kind::Text(1, 32), "SIP id, also the user name of the digest."),
        told("domain", Kind::Text(1, 253), "SIP domain."),
        told("secret", Kind::Text(20, 20), "Secret."),
        told("valid_from", Kind::Time, "From when on it is the valid one."),
    ],
};

pub(crate) async fn reset(
    State(portal): State<Portal>,
    caller: Caller,
    Path(key): Path<String>,
    Object(mut body): Object,
) -> Answer {
    let problems = SHAPE.check(&mut body, true);
    if !problems.is_empty() {
        return Err(Trouble::broken(problems));
    }
    let valid = match body.get("valid").and_then(Value::as_str) {
        Some(AT_ONCE) => Valid::AtOnce,
        _ => Valid::NextMorning,
    };
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|_| Trouble::of(StatusCode::SERVICE_UNAVAILABLE))?;
    let act =
        Act { store: &portal.store, scope: &caller.scope, seen: caller.seen, now: caller.now };
    let made = secret::reset(act, Key(&key), valid, &base::Rng::from_seed(seed)).await;
    let (snapshot, made) = made.map_err(|r| Trouble::refused(r, caller.seen.is_some()))?;
    let body = json!({
        "sip_id": made.sip_id,
        "domain": made.domain,
        "secret": made.secret.expose(),
        "valid_from": time(made.from),
    });
    Ok(json_answer(StatusCode::OK, (&snapshot, caller.tenant()), &body))
}
