//! Who has signed in: checked at the start of every page behind the login.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use sha2::{Digest, Sha256};
use store::{Actor, Session, TenantScope, Zone};

use crate::Portal;
use crate::shell::fault::Fault;
use crate::shell::link::Link;
use crate::shell::visit::Visit;

/// Paths that somebody whose first password must be replaced may use (R007).
const BEFORE_CHANGE: [&str; 2] = ["/password", "/logout"];

/// An administrator with a session.
#[derive(Debug, Clone)]
pub(crate) struct Signed {
    pub(crate) visit: Visit,
    pub(crate) session: Session,
    pub(crate) token: String,
}

impl Signed {
    pub(crate) fn scope(&self) -> &TenantScope {
        &self.session.scope
    }

    /// Whether the page updates itself rather than being opened.
    pub(crate) fn is_live(&self) -> bool {
        self.visit.live.is_some()
    }
}

/// The word that forms carry: cannot be made without the session's token, nor turned back.
pub(crate) fn csrf(token: &str) -> String {
    hex(&Sha256::new().chain_update(b"csrf ").chain_update(token.as_bytes()).finalize())
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

impl FromRequestParts<Portal> for Signed {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, portal: &Portal) -> Result<Self, Response> {
        let visit = Visit::of(parts, portal.now());
        let session = match &visit.token {
            Some(token) => portal
                .store
                .session(token, visit.address, visit.now)
                .await
                .map_err(|e| Fault::from(e).into_response())?,
            None => None,
        };
        // A session of the internet zone has no business here, nor has that of a user portal.
        let fits =
            |s: &Session| s.zone == Zone::Closed && matches!(s.scope.actor(), Actor::Admin(_));
        let (Some(session), Some(token)) = (session.filter(fits), visit.token.clone()) else {
            return Err(to_login(&visit, &parts.method));
        };
        let path = parts.uri.path();
        if session.must_change && !BEFORE_CHANGE.contains(&path) {
            return Err(Redirect::to("/password").into_response());
        }
        Ok(Signed { visit, session, token })
    }
}

fn to_login(visit: &Visit, method: &Method) -> Response {
    if visit.live.is_some() {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let read = *method == Method::GET || *method == Method::HEAD;
    let mut link = Link::new("/login");
    if visit.token.is_some() {
        link = link.with("ended", "1");
    }
    if read && visit.here != "/" {
        link = link.with("next", &visit.here);
    }
    Redirect::to(&link.text()).into_response()
}
