//! Around every request: posts only from our own pages, headers that browsers enforce, error
//! pages in the reader's language.

use askama::Template;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::Portal;
use crate::shell::fault::Fault;
use crate::shell::frame::{Frame, Page};
use crate::shell::visit::Visit;

/// Nothing from elsewhere, nothing inline, no frame around us.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
    connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const HEADERS: [(header::HeaderName, &str); 5] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    // Posts of our own pages must keep their Origin, so `no-referrer` will not do.
    (header::REFERRER_POLICY, "same-origin"),
    (
        header::HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
];

/// An error as a page.
#[derive(Template)]
#[template(path = "message.html")]
struct Message {
    frame: Frame,
    /// Number of the error, for whoever is asked for help.
    code: u16,
}

/// The layer around all pages.
pub(crate) async fn guard(State(portal): State<Portal>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let visit = Visit::of(&parts, portal.now());
    let safe = parts.method.is_safe();
    let response = if safe || is_ours(&parts.headers) {
        next.run(Request::from_parts(parts, body)).await
    } else {
        Fault::Forbidden.into_response()
    };
    let mut response = dress(&visit, response);
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// No such address.
pub(crate) async fn not_found() -> Response {
    Fault::NotFound.into_response()
}

/// The address exists, the method does not; the router adds `Allow`.
pub(crate) async fn not_allowed() -> Response {
    StatusCode::METHOD_NOT_ALLOWED.into_response()
}

/// Whether a post comes from a page of this host. Browsers say so in one of two headers; programs
/// send neither and still need the word that forms carry.
fn is_ours(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).map(|v: &HeaderValue| v.to_str().unwrap_or("?"));
    if let Some(site) = text(header::HeaderName::from_static("sec-fetch-site"))
        && !matches!(site, "same-origin" | "none")
    {
        return false;
    }
    let Some(origin) = text(header::ORIGIN) else { return true };
    let authority = |text: &str| text.parse::<Authority>().ok();
    let from = origin.split_once("://").and_then(|(_, rest)| authority(rest));
    let host = text(header::HOST).and_then(authority);
    matches!((from, host), (Some(from), Some(host)) if from == host)
}

/// Replaces a bare error by a page that says what to do.
fn dress(visit: &Visit, response: Response) -> Response {
    let status = response.status();
    let bare = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_none_or(|kind| !kind.as_bytes().starts_with(b"text/html"));
    let is_error = status.is_client_error() || status.is_server_error();
    if !is_error || !bare || visit.live.is_some() {
        return response;
    }
    let page = match status {
        StatusCode::NOT_FOUND => Page::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => Page::NotAllowed,
        StatusCode::FORBIDDEN => Page::Forbidden,
        StatusCode::PAYLOAD_TOO_LARGE => Page::TooLarge,
        s if s.is_client_error() => Page::Malformed,
        _ => Page::Unavailable,
    };
    let message = Message { frame: Frame::door(visit, page), code: status.as_u16() };
    let Ok(text) = message.render() else { return response };
    let (mut parts, _) = response.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    parts.headers.insert(header::CONTENT_TYPE, kind);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        parts.headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    }
    Response::from_parts(parts, Body::from(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pairs: &[(&'static str, &str)], expected: bool) {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(*name, value.parse().expect("a header"));
        }
        assert_eq!(is_ours(&headers), expected, "{pairs:?}");
    }

    #[test]
    fn only_posts_of_the_same_host_pass() {
        let host = ("host", "pbx.example:8080");
        check(&[host], true);
        check(&[host, ("origin", "http://PBX.example:8080")], true);
        check(&[host, ("origin", "http://pbx.example:8081")], false);
        check(&[host, ("origin", "http://evil.example")], false);
        check(&[host, ("origin", "null")], false);
        check(&[("origin", "http://pbx.example:8080")], false);
        check(&[host, ("sec-fetch-site", "same-origin")], true);
        check(&[host, ("sec-fetch-site", "cross-site")], false);
        check(&[host, ("sec-fetch-site", "same-site")], false);
    }
}
