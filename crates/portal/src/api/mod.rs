//! `/api/v1`: the application services as JSON, for programs with a bearer token (RFC 6750).
//!
//! One table ([`route::all`]) gives both the router and the OpenAPI document, so that neither can
//! name what the other lacks. What goes in and out of an object is described once, by its
//! [`shape::Shape`]: the check of bodies and the schemas of the document come from it.
//!
//! Browsers' cookies mean nothing here, so there is nothing to forge.

mod account;
mod body;
mod caller;
mod collisions;
mod document;
mod explain;
mod live;
mod noun;
mod own_setting;
mod password;
mod pin;
mod repeat;
mod route;
mod secret;
mod shape;
mod sounds;
mod trouble;
mod twins;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::Portal;
use trouble::Trouble;

pub use document::text as document;
pub(crate) use repeat::RunningKeys;
pub(crate) use sounds::Shelf;

/// Bytes of a body: a department of 2,000 people has some 40 kB.
const BODY_BYTES_MAX: usize = 256 * 1_024;

/// Where the API begins.
pub(crate) const ROOT: &str = "/api/v1";

/// The routes below [`ROOT`], and the document at its two addresses.
pub(crate) fn router(portal: &Portal) -> Router<Portal> {
    let mut routes = Router::new();
    for route in route::all() {
        routes = routes.route(&format!("{ROOT}{}", route.path), route.handler);
    }
    routes
        .route("/api/openapi.json", get(document::show))
        .route("/api/{*rest}", axum::routing::any(not_found))
        .method_not_allowed_fallback(not_allowed)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn_with_state(portal.clone(), repeat::once))
        .layer(from_fn(dress))
}

/// Method and address of every route.
#[cfg(test)]
pub(crate) fn routes() -> Vec<(&'static str, String)> {
    route::all().into_iter().map(|route| (route.method, route.path)).collect()
}

async fn not_found() -> Trouble {
    Trouble::not_found()
}

async fn not_allowed() -> Trouble {
    Trouble::of(StatusCode::METHOD_NOT_ALLOWED)
}

/// Headers of every answer.
async fn dress(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await.into_response();
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
