//! Codes, prefixes and numbers that collide (customer-control, section 6).

use axum::extract::State;
use axum::http::StatusCode;
use model::collision::{Entry, PrefixOwner, Relation};
use model::{DnOwner, Snapshot};
use serde_json::{Value, json};

use crate::Portal;
use crate::api::body::Words;
use crate::api::caller::Caller;
use crate::api::noun::{Answer, json_answer};
use crate::api::shape::{Kind, Shape, told};

/// Collisions told at once.
const SHOWN_MAX: usize = 1_000;

const NOUNS: &[&str] = &[
    "code",
    "site",
    "gateway",
    "line",
    "user",
    "virtual-number",
    "department",
    "hunting-group",
    "park-slot",
    "reserved",
];

const SIDE: &Shape = &Shape {
    name: "CollisionSide",
    about: "One side of a collision.",
    fields: &[
        told("noun", Kind::OneOf(NOUNS), "What it is."),
        told("text", Kind::Text(1, 15), "Its characters."),
        told("name", Kind::Text(0, 64), "Kind of the code, number of the group, or its name."),
        told("site", Kind::Null(&Kind::Id), "The site that has the code or number of its own."),
    ],
};

pub(crate) const SHAPE: &Shape = &Shape {
    name: "Collision",
    about: "Two things dialled or pressed that must not, or should not, be side by side.",
    fields: &[
        told("a", Kind::Object(SIDE), "One side."),
        told("b", Kind::Object(SIDE), "The other."),
        told("relation", Kind::OneOf(&["equals", "begins", "contains"]), "Of one to the other."),
        told("warning", Kind::Flag, "Allowed, but people wait 4 s for the shorter number."),
    ],
};

/// Every collision of the company, at most 1,000.
pub(crate) async fn list(State(portal): State<Portal>, caller: Caller, words: Words) -> Answer {
    words.only(&[])?;
    let (snapshot, tenant) = (portal.store.snapshot(), caller.tenant());
    let found = model::collisions(&snapshot, tenant);
    let items: Vec<Value> = found
        .iter()
        .take(SHOWN_MAX)
        .map(|collision| {
            let relation = match collision.relation {
                Relation::Equals => "equals",
                Relation::Begins => "begins",
                Relation::Contains => "contains",
            };
            json!({
                "a": side(&snapshot, &collision.a),
                "b": side(&snapshot, &collision.b),
                "relation": relation,
                "warning": collision.warning,
            })
        })
        .collect();
    let revision = snapshot.tenant_revision(tenant).0;
    let body = json!({ "items": items, "next": null, "revision": revision });
    Ok(json_answer(StatusCode::OK, (&snapshot, tenant), &body))
}

fn side(snapshot: &Snapshot, entry: &Entry) -> Value {
    let mut site_of = None;
    let (noun, name) = match entry {
        Entry::Code { kind, site, .. } => {
            site_of = *site;
            ("code", Some(kind.name().to_owned()))
        }
        Entry::Prefix { what: PrefixOwner::Site(id), .. } => {
            site_of = Some(*id);
            ("site", snapshot.site(*id).map(|s| s.name.to_string()))
        }
        Entry::Prefix { what: PrefixOwner::Gateway(id), .. } => {
            ("gateway", snapshot.gateway(*id).map(|g| g.name.to_string()))
        }
        Entry::Prefix { what: PrefixOwner::Line(id), .. } => {
            ("line", snapshot.line(*id).map(|l| l.name.to_string()))
        }
        Entry::Number { owner, .. } => match owner {
            DnOwner::User(id) => ("user", snapshot.user(*id).map(|u| u.name.to_string())),
            DnOwner::Virtual(id) => {
                ("virtual-number", snapshot.virtual_dn(*id).map(|v| v.name.to_string()))
            }
            DnOwner::Department(id) => {
                ("department", snapshot.department(*id).map(|d| d.name.to_string()))
            }
            DnOwner::Hunt(number) => ("hunting-group", Some(number.to_string())),
            DnOwner::ParkSlot(_) => ("park-slot", None),
        },
        Entry::Reserved(_) => ("reserved", None),
    };
    let site = site_of.map(|id| id.to_string());
    json!({ "noun": noun, "text": entry.text(), "name": name.unwrap_or_default(), "site": site })
}
