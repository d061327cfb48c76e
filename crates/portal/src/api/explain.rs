//! なぜ鳴らない: where a call would go, and why (R318).

use app::Lang;
use app::explain::{Answer as Assumed, Ending, Explanation, lines};
use app::service::Problem;
use axum::extract::State;
use axum::http::StatusCode;
use base::Dn;
use engine::{Command, Reply};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Portal;
use crate::api::body::Object;
use crate::api::caller::Caller;
use crate::api::noun::{Answer, json_answer};
use crate::api::shape::{Kind, Shape, may, must, told};
use crate::api::trouble::Trouble;

/// Assumptions of one question.
const ASSUMED_MAX: usize = 330;

const ANSWERS: &[&str] = &["no-answer", "answers", "busy", "declines", "unreachable"];
const ENDINGS: &[&str] =
    &["answered", "rings", "voicemail", "pages", "mailbox", "boxes", "slot", "code", "refused"];

const ASSUMPTION: &Shape = &Shape {
    name: "Assumption",
    about: "What a number does when it rings.",
    fields: &[
        must("extension", Kind::Extension, "Which number."),
        must("answer", Kind::OneOf(ANSWERS), "What it does."),
    ],
};

pub(crate) const QUESTION: &Shape = &Shape {
    name: "Question",
    about: "A call that is not made.",
    fields: &[
        must("from", Kind::Extension, "Extension of the caller."),
        must("to", Kind::Text(1, 32), "What is dialled."),
        may(
            "assume",
            Kind::List(&Kind::Object(ASSUMPTION), 330),
            "What numbers do when they ring; others do not answer.",
        ),
    ],
};

const STEP: &Shape = &Shape {
    name: "Step",
    about: "One decision.",
    fields: &[
        told("code", Kind::Text(1, 32), "Code of the rule, as in call records."),
        told("args", Kind::Text(0, 256), "Its arguments, parted by single spaces."),
    ],
};

pub(crate) const ANSWER: &Shape = &Shape {
    name: "Explanation",
    about: "Where the call would go.",
    fields: &[
        told("ending", Kind::OneOf(ENDINGS), "How it would end."),
        told("extension", Kind::Null(&Kind::Extension), "The number that it ends at."),
        told("feature_code", Kind::Null(&Kind::Text(1, 32)), "The code that is carried out."),
        told("cause", Kind::Null(&Kind::Text(3, 3)), "Code of the refusal in the history."),
        told("steps", Kind::List(&Kind::Object(STEP), 4_096), "The decisions in order."),
        told("lines_ja", Kind::List(&Kind::Text(1, 500), 4_096), "The same for people."),
        told("lines_en", Kind::List(&Kind::Text(1, 500), 4_096), "The same for people."),
    ],
};

#[derive(Deserialize)]
struct Asked {
    from: String,
    to: String,
    #[serde(default)]
    assume: Vec<Assumption>,
}

#[derive(Deserialize)]
struct Assumption {
    extension: String,
    answer: String,
}

/// Asks the running node.
pub(crate) async fn explain(
    State(portal): State<Portal>,
    caller: Caller,
    Object(mut body): Object,
) -> Answer {
    let problems = QUESTION.check(&mut body, true);
    if !problems.is_empty() {
        return Err(Trouble::broken(problems));
    }
    let missing = |_| Trouble::broken(vec![Problem::new(211, "assume", "").saying("api-missing")]);
    let asked: Asked = serde_json::from_value(Value::Object(body)).map_err(missing)?;
    let odd = |field: &str, value: &str| Trouble::broken(vec![Problem::new(212, field, value)]);
    let from = Dn::parse(&asked.from).map_err(|_| odd("from", &asked.from))?;
    if !(1..=base::limits::DIALED_MAX).contains(&asked.to.len()) {
        return Err(odd("to", &asked.to));
    }
    if asked.assume.len() > ASSUMED_MAX {
        return Err(odd("assume", &asked.assume.len().to_string()));
    }
    let answers = asked.assume.iter();
    let answers =
        answers.filter_map(|a| Some((Dn::parse(&a.extension).ok()?, Assumed::parse(&a.answer)?)));
    let (tenant, answers) = (caller.tenant(), answers.collect());
    let command = Command::Explain { tenant, from, to: asked.to, answers };
    match portal.live.ask(command).await {
        Some(Reply::Explanation(found)) => {
            let snapshot = portal.store.snapshot();
            Ok(json_answer(StatusCode::OK, (&snapshot, tenant), &told_as(&found)))
        }
        _ => Err(Trouble::no_node()),
    }
}

fn told_as(found: &Explanation) -> Value {
    let (mut extension, mut code, mut cause) = (None, None, None);
    let ending = match found.ending {
        Ending::Answered(dn) => {
            extension = Some(dn.text());
            "answered"
        }
        Ending::Rings(dn) => {
            extension = Some(dn.text());
            "rings"
        }
        Ending::Voicemail(dn) => {
            extension = Some(dn.text());
            "voicemail"
        }
        Ending::Pages(dn) => {
            extension = Some(dn.text());
            "pages"
        }
        Ending::Mailbox(dn) => {
            extension = Some(dn.text());
            "mailbox"
        }
        Ending::Boxes(dn) => {
            extension = Some(dn.text());
            "boxes"
        }
        Ending::Slot(dn) => {
            extension = Some(dn.text());
            "slot"
        }
        Ending::Code(kind) => {
            code = Some(kind.name());
            "code"
        }
        Ending::Refused(why) => {
            cause = Some(format!("{:03}", why.compatible()));
            "refused"
        }
    };
    let steps = found.steps.iter().flat_map(|part| part.steps.iter());
    let steps: Vec<Value> = steps.map(|s| json!({ "code": s.code, "args": s.args })).collect();
    json!({
        "ending": ending,
        "extension": extension,
        "feature_code": code,
        "cause": cause,
        "steps": steps,
        "lines_ja": lines(found, Lang::Ja),
        "lines_en": lines(found, Lang::En),
    })
}
