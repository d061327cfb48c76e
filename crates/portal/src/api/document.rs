//! The OpenAPI 3.1 document, made from the table of routes and the shapes.

use std::sync::OnceLock;

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use serde_json::{Map, Value, json};

use crate::api::ROOT;
use crate::api::route::{self, Route, Sent, Told};
use crate::api::shape::Shape;

const ABOUT: &str = "The configuration and the live state of one company. Every write is one \
    transaction: all of it or nothing, and a refusal names every broken rule with its code, the \
    field, the value and the other side, in Japanese and English. ETag is the revision of the \
    company's settings; send it as If-Match to be refused (412, code 261) when somebody else \
    changed them meanwhile. In a body, fields that are only told are ignored, unknown fields are \
    refused. `key` in an address is the number of a group, an extension number, a SIP id, a \
    domain, or the durable id of the object.";

/// The document as it is served and filed, with a line feed at its end.
pub fn text() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| {
        let text = serde_json::to_string_pretty(&document()).unwrap_or_default();
        format!("{text}\n")
    })
}

/// Serves it, without a token: it tells nothing about any company.
pub(crate) async fn show() -> Response {
    let mut response = Response::new(Body::from(text()));
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

fn document() -> Value {
    let (mut paths, mut schemas) = (Map::new(), Map::new());
    for route in route::all() {
        for shape in shapes(&route) {
            schemas.entry(shape.name).or_insert_with(|| shape.schema());
        }
        if let Sent::Part(shape) = route.sent {
            let mut schema = shape.schema();
            if let Some(fields) = schema.as_object_mut() {
                fields.remove("required");
            }
            schemas.insert(format!("{}Change", shape.name), schema);
        }
        let path = paths.entry(route.path.clone()).or_insert_with(|| json!({}));
        path[route.method] = operation(&route);
    }
    schemas.insert("Problem".to_owned(), problem());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Naisen",
            "version": "1",
            "description": ABOUT,
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": ROOT }],
        "security": [{ "token": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
            "schemas": schemas,
            "responses": { "Refused": {
                "description": "Refused.",
                "content": { "application/problem+json": {
                    "schema": { "$ref": "#/components/schemas/Problem" },
                } },
            } },
        },
    })
}

fn shapes(route: &Route) -> Vec<&'static Shape> {
    let sent = match route.sent {
        Sent::Nothing | Sent::Audio => None,
        Sent::Whole(shape) | Sent::Part(shape) => Some(shape),
    };
    let told = match route.told {
        Told::Nothing | Told::Document | Told::Audio => None,
        Told::One(shape) | Told::Made(shape) | Told::Page(shape) => Some(shape),
    };
    sent.into_iter().chain(told).collect()
}

/// Where the schema stands by which any field may be missing.
fn part_of(shape: &Shape) -> String {
    format!("#/components/schemas/{}Change", shape.name)
}

fn named(shape: &Shape) -> Value {
    json!({ "$ref": format!("#/components/schemas/{}", shape.name) })
}

fn operation(route: &Route) -> Value {
    let mut about = format!("{}.", route.about);
    if let Some(option) = route.option {
        about.push_str(&format!(" Needs the option {}.", option.name()));
    }
    let mut parameters = Vec::new();
    if route.path.contains("{key}") {
        parameters.push(json!({
            "name": "key", "in": "path", "required": true, "schema": { "type": "string" },
        }));
    }
    for (name, what) in route.words {
        parameters.push(json!({
            "name": name, "in": "query", "description": what, "schema": { "type": "string" },
        }));
    }
    let writes = route.method != "get";
    if writes {
        parameters.push(json!({
            "name": "If-Match", "in": "header",
            "description": "ETag of the revision that the change was decided on.",
            "schema": { "type": "string" },
        }));
    }
    if route.method == "post" {
        parameters.push(json!({
            "name": "Idempotency-Key", "in": "header",
            "description": "A name of the sender's own for this request, 1 to 255 characters. Sent \
                again within a day, it brings the answer of the first time, and nothing is made \
                twice.",
            "schema": { "type": "string", "maxLength": 255 },
        }));
    }
    let mut out = json!({
        "operationId": route.name,
        "summary": about,
        "parameters": parameters,
        "responses": answers(route, writes),
    });
    if let Some(body) = body(route.sent) {
        out["requestBody"] = body;
    }
    if matches!(route.told, Told::Document) {
        out["security"] = json!([]);
    }
    out
}

fn body(sent: Sent) -> Option<Value> {
    let schema = match sent {
        Sent::Nothing => return None,
        Sent::Audio => return Some(json!({ "required": true, "content": audio(&KINDS) })),
        Sent::Whole(shape) => named(shape),
        Sent::Part(shape) => json!({ "$ref": part_of(shape) }),
    };
    Some(json!({ "required": true, "content": { "application/json": { "schema": schema } } }))
}

/// Kinds of files of sound that are taken.
const KINDS: [&str; 3] = ["audio/wav", "audio/mpeg", "audio/flac"];

fn audio(kinds: &[&str]) -> Value {
    let kind = |kind: &&str| ((*kind).to_owned(), json!({ "schema": {} }));
    Value::Object(kinds.iter().map(kind).collect())
}

fn answers(route: &Route, writes: bool) -> Value {
    let content = |schema: Value| json!({ "application/json": { "schema": schema } });
    let good = |about: &str, schema| json!({ "description": about, "content": content(schema) });
    let mut out = Map::new();
    let (status, answer) = match route.told {
        Told::Nothing => ("204", json!({ "description": "Done." })),
        Told::One(shape) => ("200", good("The object.", named(shape))),
        Told::Made(shape) => ("201", good("Made; its address is in Location.", named(shape))),
        Told::Page(shape) => ("200", good("A page.", page(shape))),
        Told::Document => ("200", good("The document.", json!({ "type": "object" }))),
        Told::Audio => {
            ("200", json!({ "description": "The sound.", "content": audio(&["audio/wav"]) }))
        }
    };
    out.insert(status.to_owned(), answer);
    let mut bad = vec!["400", "401", "403", "404", "405", "429", "503"];
    if writes {
        bad.extend(["409", "412", "413", "415", "422"]);
    }
    if matches!(route.told, Told::Document) {
        bad.clear();
    }
    for status in bad {
        out.insert(status.to_owned(), json!({ "$ref": "#/components/responses/Refused" }));
    }
    Value::Object(out)
}

fn page(shape: &Shape) -> Value {
    json!({
        "type": "object",
        "required": ["items", "next", "revision"],
        "properties": {
            "items": { "type": "array", "items": named(shape) },
            "next": {
                "description": "Cursor of the next page; null on the last.",
                "anyOf": [{ "type": "string" }, { "type": "null" }],
            },
            "revision": { "type": "integer" },
        },
    })
}

/// The form of every refusal.
fn problem() -> Value {
    let text = json!({ "type": "string" });
    let side = json!({
        "type": "object",
        "properties": {
            "noun": text, "name": text,
            "extension": { "anyOf": [text, { "type": "null" }] },
        },
    });
    json!({
        "type": "object",
        "description": "A refusal (RFC 9457).",
        "required": ["type", "title", "status", "message_ja", "message_en", "errors"],
        "properties": {
            "type": text,
            "title": text,
            "status": { "type": "integer" },
            "code": { "type": "integer", "description": "Code of the first error." },
            "revision": { "type": "integer", "description": "With code 261: the revision now." },
            "message_ja": text,
            "message_en": text,
            "errors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["code", "field", "value", "with", "message_ja", "message_en"],
                    "properties": {
                        "code": { "type": "integer" },
                        "field": text,
                        "value": text,
                        "with": { "anyOf": [side, { "type": "null" }] },
                        "message_ja": text,
                        "message_en": text,
                    },
                },
            },
        },
    })
}
