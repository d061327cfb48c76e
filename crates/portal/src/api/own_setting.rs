//! What a person sets for the own number (R226), done by an administrator's program.

use app::service::noun::Noun;
use app::service::{Act, Key, Problem, own_setting};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use model::own_setting::OwnSetting;
use model::{DnSettings, ForwardKind};
use serde_json::{Map, Value};

use crate::Portal;
use crate::api::body::Object;
use crate::api::caller::Caller;
use crate::api::noun::{Answer, Twin, json_answer};
use crate::api::shape::{Kind, Shape, may, must};
use crate::api::trouble::Trouble;
use crate::api::twins::number::NumberTwin;

const SETTINGS: &[&str] =
    &["forward-to", "forward-to-voicemail", "forward-off", "voicemail", "do-not-disturb"];
const KINDS: &[&str] = &["all", "busy", "no-answer", "unregistered"];

pub(crate) const SHAPE: &Shape = &Shape {
    name: "OwnSetting",
    about: "A setting of the own number, as by feature code.",
    fields: &[
        must("setting", Kind::OneOf(SETTINGS), "What is set."),
        may("kind", Kind::OneOf(KINDS), "Which forward; needed for forwards."),
        may(
            "to",
            Kind::Text(0, 32),
            "Digits dialled as destination; empty or missing: the last one again.",
        ),
        may("on", Kind::Flag, "For voicemail and do-not-disturb; default true."),
    ],
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
    let wanted = wanted(&body).map_err(|p| Trouble::broken(vec![*p]))?;
    let dn = Key(&key).dn().ok_or_else(Trouble::not_found)?;
    let act =
        Act { store: &portal.store, scope: &caller.scope, seen: caller.seen, now: caller.now };
    let done = own_setting::set(act, dn, &wanted).await;
    let snapshot = done.map_err(|r| Trouble::refused(r, caller.seen.is_some()))?;
    let tenant = caller.tenant();
    let settings = DnSettings::find(&snapshot, tenant, Key(&key)).ok_or_else(Trouble::not_found)?;
    let twin = serde_json::to_value(NumberTwin::of(&settings, &snapshot)).unwrap_or_default();
    Ok(json_answer(StatusCode::OK, (&snapshot, tenant), &twin))
}

fn wanted(body: &Map<String, Value>) -> Result<OwnSetting, Box<Problem>> {
    let word = |name: &str| body.get(name).and_then(Value::as_str);
    let kind = || {
        let kind = ForwardKind::ALL.into_iter().find(|k| Some(k.name()) == word("kind"));
        kind.ok_or_else(|| Box::new(Problem::new(211, "kind", "").saying("api-missing")))
    };
    let on = body.get("on").and_then(Value::as_bool).unwrap_or(true);
    Ok(match word("setting").unwrap_or_default() {
        "forward-to" => OwnSetting::ForwardTo(kind()?, word("to").unwrap_or_default().into()),
        "forward-to-voicemail" => OwnSetting::ForwardToVoicemail(kind()?),
        "forward-off" => OwnSetting::ForwardOff(kind()?),
        "voicemail" => OwnSetting::Voicemail(on),
        _ => OwnSetting::DoNotDisturb(on),
    })
}
