//! なぜ鳴らない: where a call would go, and why (R318).

use app::Lang;
use app::explain::{Answer as Assumed, Ending, Explanation, Origin, lines};
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
        may("from", Kind::Extension, "Extension of the caller; else `line` must be there."),
        may(
            "line",
            Kind::Extension,
            "Identification number of the line by which somebody outside calls.",
        ),
        may("to", Kind::Text(1, 32), "What is dialled; by a line its own number without this."),
        may("at", Kind::Text(16, 16), "Date and time in Tokyo, `2026-07-01 20:30`; else now."),
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
    from: Option<String>,
    line: Option<String>,
    to: Option<String>,
    at: Option<String>,
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
    let mut problems = QUESTION.check(&mut body, true);
    let has = |field: &str| body.get(field).is_some_and(|v| !v.is_null());
    for field in ["from", "to"] {
        if !has(field) && !has("line") && !problems.iter().any(|p| p.field == field) {
            problems.push(Problem::new(211, field, "").saying("api-missing"));
        }
    }
    if !problems.is_empty() {
        return Err(Trouble::broken(problems));
    }
    let missing = |_| Trouble::broken(vec![Problem::new(211, "assume", "").saying("api-missing")]);
    let asked: Asked = serde_json::from_value(Value::Object(body)).map_err(missing)?;
    let odd = |field: &str, value: &str| Trouble::broken(vec![Problem::new(212, field, value)]);
    let tenant = caller.tenant();
    let (from, to) = match (&asked.line, &asked.from) {
        (Some(code), _) => {
            let snapshot = portal.store.snapshot();
            let line = Dn::parse(code).ok().and_then(|dn| snapshot.line_by_code(tenant, dn));
            let line = line.ok_or_else(|| odd("line", code))?;
            (Origin::Line(line.id), asked.to.unwrap_or_else(|| line.number.text()))
        }
        (None, from) => {
            let from = from.as_deref().unwrap_or_default();
            let dn = Dn::parse(from).map_err(|_| odd("from", from))?;
            (Origin::Extension(dn), asked.to.unwrap_or_default())
        }
    };
    if !(1..=base::limits::DIALED_MAX).contains(&to.len()) {
        return Err(odd("to", &to));
    }
    let read = |text: &String| app::explain::time(text).ok_or_else(|| odd("at", text));
    let at = asked.at.as_ref().map(read).transpose()?;
    if asked.assume.len() > ASSUMED_MAX {
        return Err(odd("assume", &asked.assume.len().to_string()));
    }
    let answers = asked.assume.iter();
    let answers =
        answers.filter_map(|a| Some((Dn::parse(&a.extension).ok()?, Assumed::parse(&a.answer)?)));
    let answers = answers.collect();
    let command = Command::Explain { tenant, from, to, at, answers };
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
