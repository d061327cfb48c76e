//! The SIP account of a gateway: its secret is told once, when it is made.

use app::service::{Act, Key, account};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::json;

use crate::Portal;
use crate::api::caller::Caller;
use crate::api::noun::{Answer, json_answer};
use crate::api::shape::{Kind, Shape, told};
use crate::api::trouble::Trouble;

pub(crate) const SHAPE: &Shape = &Shape {
    name: "GatewayAccount",
    about: "What a gateway registers with; the secret is not told again.",
    fields: &[
        told("sip_id", Kind::Text(1, 32), "SIP id, also the user name of the digest."),
        told("domain", Kind::Text(1, 253), "SIP domain."),
        told("secret", Kind::Text(20, 20), "Secret; one made before is void from now on."),
    ],
};

pub(crate) async fn issue(
    State(portal): State<Portal>,
    caller: Caller,
    Path(key): Path<String>,
) -> Answer {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|_| Trouble::of(StatusCode::SERVICE_UNAVAILABLE))?;
    let act =
        Act { store: &portal.store, scope: &caller.scope, seen: caller.seen, now: caller.now };
    let rng = base::Rng::from_seed(seed);
    let made = account::issue(act, Key(&key), &rng).await;
    let (snapshot, made) = made.map_err(|r| Trouble::refused(r, caller.seen.is_some()))?;
    let body = json!({
        "sip_id": made.sip_id,
        "domain": made.domain,
        "secret": made.secret.expose(),
    });
    Ok(json_answer(StatusCode::OK, (&snapshot, caller.tenant()), &body))
}
