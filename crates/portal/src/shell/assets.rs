//! Style sheet, script and mark: in the binary, cached by their content.

use std::sync::OnceLock;

use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use crate::shell::fault::Fault;
use crate::shell::list::Asked;
use crate::shell::signed::hex;

const FILES: [(&str, &str, &str); 3] = [
    ("app.css", "text/css; charset=utf-8", include_str!("../../assets/app.css")),
    ("app.js", "text/javascript; charset=utf-8", include_str!("../../assets/app.js")),
    ("mark.svg", "image/svg+xml", include_str!("../../assets/mark.svg")),
];

/// Version of all assets together: changes when any of them does.
pub(crate) fn version() -> &'static str {
    static VERSION: OnceLock<String> = OnceLock::new();
    VERSION.get_or_init(|| {
        let mut hash = Sha256::new();
        for (_, _, text) in FILES {
            hash.update(text);
        }
        hash.finalize().get(..6).map(hex).unwrap_or_default()
    })
}

/// Query of an asset.
#[derive(serde::Deserialize, Default)]
#[serde(default)]
pub(crate) struct Wanted {
    v: String,
}

/// One asset: kept for a year under its version, else checked each time.
pub(crate) async fn file(
    Path(name): Path<String>,
    Asked(wanted): Asked<Wanted>,
    headers: HeaderMap,
) -> Response {
    let Some((_, kind, text)) = FILES.iter().find(|(file, _, _)| *file == name) else {
        return Fault::NotFound.into_response();
    };
    let tag = format!("\"{}\"", version());
    let lasting = wanted.v == version();
    let cache = if lasting { "public, max-age=31536000, immutable" } else { "no-cache" };
    let head = [(header::CACHE_CONTROL, cache), (header::ETAG, tag.as_str())];
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, head).into_response();
    }
    (head, [(header::CONTENT_TYPE, *kind)], *text).into_response()
}
