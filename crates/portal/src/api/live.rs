//! What runs now: calls and registrations, asked of the node each time.

use app::service::list;
use axum::extract::State;
use axum::http::StatusCode;
use base::Wall;
use model::Device;
use serde_json::{Value, json};

use crate::Portal;
use crate::api::body::Words;
use crate::api::caller::Caller;
use crate::api::noun::{Answer, json_answer, query};
use crate::api::shape::{Kind, Shape, told};
use crate::api::trouble::Trouble;

/// Terminals of a page, so that the node never waits for one.
const PAGE_MAX: usize = 250;

pub(crate) const CALL: &Shape = &Shape {
    name: "Call",
    about: "A running call.",
    fields: &[
        told("id", Kind::Text(26, 26), "The conversation, as in the history."),
        told("called_at", Kind::Time, "When it reached the exchange."),
        told("answered_at", Kind::Null(&Kind::Time), "When it was answered."),
        told("caller", Kind::Text(0, 32), "Number of the caller."),
        told("dialed", Kind::Text(0, 32), "What was dialled."),
    ],
};

pub(crate) const REGISTRATION: &Shape = &Shape {
    name: "Registration",
    about: "A registration of a terminal.",
    fields: &[
        told("sip_id", Kind::Text(1, 32), "The terminal."),
        told("extension", Kind::Null(&Kind::Extension), "The number of its user."),
        told("agent", Kind::Text(0, 256), "Name of the terminal as it gave it."),
        told("source", Kind::Text(1, 64), "Address and port that it sends from."),
        told("transport", Kind::OneOf(&["UDP", "TCP", "TLS"]), "How."),
        told("expires_at", Kind::Time, "When it ends."),
        told("is_silent", Kind::Flag, "It did not answer lately."),
    ],
};

/// RFC 3339 in the zone of Japan.
pub(crate) fn time(at: Wall) -> String {
    format!("{}+09:00", at.tokyo_text().replace('/', "-").replace(' ', "T"))
}

pub(crate) async fn calls(State(portal): State<Portal>, caller: Caller, words: Words) -> Answer {
    words.only(&[])?;
    let (snapshot, tenant) = (portal.store.snapshot(), caller.tenant());
    let calls = portal.live.calls(&snapshot, (tenant, caller.scope.site())).await;
    let items: Vec<Value> = calls
        .ok_or_else(Trouble::no_node)?
        .iter()
        .map(|call| {
            json!({
                "id": call.call.to_string(),
                "called_at": time(call.called_at),
                "answered_at": call.answered_at.map(time),
                "caller": call.caller,
                "dialed": call.dialed,
            })
        })
        .collect();
    let revision = snapshot.tenant_revision(tenant).0;
    let body = json!({ "items": items, "next": null, "revision": revision });
    Ok(json_answer(StatusCode::OK, (&snapshot, tenant), &body))
}

/// The registrations of one page of terminals; `next` goes on with the terminals behind them.
pub(crate) async fn registrations(
    State(portal): State<Portal>,
    caller: Caller,
    words: Words,
) -> Answer {
    let mut query = query(&words)?;
    query.limit = query.limit.min(PAGE_MAX);
    let (snapshot, tenant) = (portal.store.snapshot(), caller.tenant());
    let page = list::<Device>(&snapshot, tenant, &query);
    let asked = page.items.iter().map(|d| d.id).collect();
    let found = portal.live.contacts(asked).await.ok_or_else(Trouble::no_node)?;
    let items: Vec<Value> = found
        .iter()
        .filter_map(|contact| {
            let device = snapshot.device(contact.device)?;
            let user = device.user.and_then(|id| snapshot.user(id));
            Some(json!({
                "sip_id": device.sip_id,
                "extension": user.map(|u| u.dn.text()),
                "agent": contact.agent,
                "source": contact.source,
                "transport": contact.transport,
                "expires_at": time(contact.expires_at),
                "is_silent": contact.is_silent,
            }))
        })
        .collect();
    let revision = snapshot.tenant_revision(tenant).0;
    let next = page.next.as_ref().map(app::service::Place::text);
    let body = json!({ "items": items, "next": next, "revision": revision });
    Ok(json_answer(StatusCode::OK, (&snapshot, tenant), &body))
}
