//! What an object looks like as JSON: one description for the check of bodies and for the schemas
//! of the document.
//!
//! Only forms are checked here: names, types, words, numbers that fit. What values may be is
//! judged by the model, so that every broken rule is told at once; the document states both.

use app::service::{Problem, destination};
use base::{Dn, Uuid};
use serde_json::{Map, Value, json};

/// Form of a value.
#[derive(Debug)]
pub(crate) enum Kind {
    /// Characters, at least and at most.
    Text(u32, u32),
    /// A whole number, at least and at most.
    Number(u32, u32),
    /// true or false.
    Flag,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// 1–15 digits.
    Extension,
    /// A durable id.
    Id,
    /// `2001`, `voicemail`, `outside:0312345678`, `announcement`, or that with the id of a sound.
    Destination,
    /// Date and time of RFC 3339.
    Time,
    /// The value or null.
    Null(&'static Kind),
    /// Values of one kind, so many at most.
    List(&'static Kind, u32),
    /// Values of one kind by one of these names.
    Map(&'static [&'static str], &'static Kind),
    /// An object.
    Object(&'static Shape),
}

/// Whether a field must be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// At each creation and replacement.
    Must,
    /// Else the default holds.
    May,
    /// Told, and ignored when sent back.
    Told,
    /// May be given, and is not told.
    Written,
}

/// A field of an object.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) need: Need,
    pub(crate) about: &'static str,
}

/// An object.
#[derive(Debug)]
pub(crate) struct Shape {
    /// Name of the schema.
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) fields: &'static [Field],
}

/// A field that must be given.
pub(crate) const fn must(name: &'static str, kind: Kind, about: &'static str) -> Field {
    Field { name, kind, need: Need::Must, about }
}

/// A field that may be given.
pub(crate) const fn may(name: &'static str, kind: Kind, about: &'static str) -> Field {
    Field { name, kind, need: Need::May, about }
}

/// A field that may be given and is not told.
pub(crate) const fn written(name: &'static str, kind: Kind, about: &'static str) -> Field {
    Field { name, kind, need: Need::Written, about }
}

/// A field that is told.
pub(crate) const fn told(name: &'static str, kind: Kind, about: &'static str) -> Field {
    Field { name, kind, need: Need::Told, about }
}

impl Shape {
    /// Everything that is wrong with the form of `body`; fields that are only told are dropped
    /// from it. `whole`: what must be given must be there.
    pub(crate) fn check(&self, body: &mut Map<String, Value>, whole: bool) -> Vec<Problem> {
        let told = |f: &&Field| f.need == Need::Told;
        for field in self.fields.iter().filter(told) {
            body.remove(field.name);
        }
        let mut out = Vec::new();
        self.judge("", body, &mut out);
        for field in self.fields.iter().filter(|f| whole && f.need == Need::Must) {
            if !body.contains_key(field.name) {
                out.push(Problem::new(211, field.name, "").saying("api-missing"));
            }
        }
        out
    }

    fn judge(&self, path: &str, body: &Map<String, Value>, out: &mut Vec<Problem>) {
        for (name, value) in body {
            let path = join(path, name);
            match self.fields.iter().find(|f| f.name == name) {
                Some(field) => field.kind.judge(&path, value, out),
                None => out.push(Problem::new(212, &path, "").saying("api-unknown-field")),
            }
        }
    }

    /// The schema; `whole` as for a creation, else every field may be missing.
    pub(crate) fn schema(&self) -> Value {
        let mut properties = Map::new();
        for field in self.fields {
            let mut schema = field.kind.schema();
            schema["description"] = json!(field.about);
            match field.need {
                Need::Told => schema["readOnly"] = json!(true),
                Need::Written => schema["writeOnly"] = json!(true),
                Need::Must | Need::May => {}
            }
            properties.insert(field.name.to_owned(), schema);
        }
        let musts = self.fields.iter().filter(|f| f.need == Need::Must);
        let required: Vec<&str> = musts.map(|f| f.name).collect();
        let mut out = json!({
            "type": "object",
            "description": self.about,
            "additionalProperties": false,
            "properties": properties,
        });
        if !required.is_empty() {
            out["required"] = json!(required);
        }
        out
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

impl Kind {
    fn judge(&self, path: &str, value: &Value, out: &mut Vec<Problem>) {
        let text = value.as_str();
        let fits = match self {
            Kind::Text(..) => text.is_some(),
            Kind::Number(_, max) => {
                // Ranges are the model's; what does not fit its types is refused here.
                let most = if *max > u32::from(u16::MAX) { u32::MAX } else { u16::MAX.into() };
                value.as_u64().is_some_and(|n| n <= u64::from(most))
            }
            Kind::Flag => value.is_boolean(),
            Kind::OneOf(words) => text.is_some_and(|t| words.contains(&t)),
            Kind::Extension => match text {
                Some(text) if Dn::parse(text).is_err() => {
                    out.push(Problem::new(213, path, text));
                    return;
                }
                text => text.is_some(),
            },
            Kind::Id => text.is_some_and(|t| t.len() == 36 && Uuid::parse(t).is_some()),
            Kind::Destination => text.is_some_and(|t| destination::parse(t).is_some()),
            Kind::Time => text.is_some(),
            Kind::Null(kind) => {
                if !value.is_null() {
                    kind.judge(path, value, out);
                }
                return;
            }
            Kind::List(kind, _) => match value {
                Value::Array(items) => {
                    let items = items.iter().enumerate();
                    items.for_each(|(at, v)| kind.judge(&join(path, &at.to_string()), v, out));
                    return;
                }
                _ => false,
            },
            Kind::Map(names, kind) => match value {
                Value::Object(items) => {
                    for (name, item) in items {
                        let path = join(path, name);
                        if names.contains(&name.as_str()) {
                            kind.judge(&path, item, out);
                        } else {
                            out.push(Problem::new(212, &path, "").saying("api-unknown-field"));
                        }
                    }
                    return;
                }
                _ => false,
            },
            Kind::Object(shape) => match value {
                Value::Object(fields) => {
                    shape.judge(path, fields, out);
                    return;
                }
                _ => false,
            },
        };
        if !fits {
            let shown = text.map_or_else(|| value.to_string(), str::to_owned);
            let problem = Problem::new(212, path, &shown).saying("api-wrong-type");
            out.push(problem.with("", &self.words(), None));
        }
    }

    /// What is wanted, for sentences.
    fn words(&self) -> String {
        match self {
            Kind::Text(..) => "\"…\"".to_owned(),
            Kind::Number(min, max) => format!("{min}-{max}"),
            Kind::Flag => "true | false".to_owned(),
            Kind::OneOf(words) => words.join(" | "),
            Kind::Extension => "\"2001\"".to_owned(),
            Kind::Id => "\"0198c0de-…\" (id)".to_owned(),
            Kind::Destination => {
                "\"2001\" | \"voicemail\" | \"outside:0312345678\" | \"announcement\"".to_owned()
            }
            Kind::Time => "\"2026-07-01T09:00:00+09:00\"".to_owned(),
            Kind::Null(kind) => format!("{} | null", kind.words()),
            Kind::List(kind, _) => format!("[ {}, … ]", kind.words()),
            Kind::Map(..) | Kind::Object(_) => "{ … }".to_owned(),
        }
    }

    pub(crate) fn schema(&self) -> Value {
        match self {
            Kind::Text(min, max) => {
                json!({ "type": "string", "minLength": min, "maxLength": max })
            }
            Kind::Number(min, max) => {
                json!({ "type": "integer", "minimum": min, "maximum": max })
            }
            Kind::Flag => json!({ "type": "boolean" }),
            Kind::OneOf(words) => json!({ "type": "string", "enum": words }),
            Kind::Extension => json!({ "type": "string", "pattern": "^[0-9]{1,15}$" }),
            Kind::Id => json!({ "type": "string", "format": "uuid" }),
            Kind::Destination => json!({
                "type": "string",
                "pattern": "^([0-9]{1,15}|voicemail|outside:[0-9]{1,32}|\
                    announcement(:[0-9a-f-]{36})?)$",
            }),
            Kind::Time => json!({ "type": "string", "format": "date-time" }),
            Kind::Null(kind) => json!({ "anyOf": [kind.schema(), { "type": "null" }] }),
            Kind::List(kind, max) => {
                json!({ "type": "array", "items": kind.schema(), "maxItems": max })
            }
            Kind::Map(names, kind) => {
                let properties: Map<String, Value> =
                    names.iter().map(|n| ((*n).to_owned(), kind.schema())).collect();
                json!({
                    "type": "object",
                    "additionalProperties": false,
                    "properties": properties,
                })
            }
            Kind::Object(shape) => shape.schema(),
        }
    }
}

/// Puts `new` over `old`, objects field by field (RFC 7396; null is a value here, since no field
/// can be absent).
pub(crate) fn merge(old: &mut Value, new: &Value) {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            for (name, value) in new {
                merge(old.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        (old, new) => *old = new.clone(),
    }
}
