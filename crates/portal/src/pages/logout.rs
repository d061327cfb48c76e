//! Signing out.

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Redirect};

use crate::Portal;
use crate::pages::Answer;
use crate::shell::form::Fields;
use crate::shell::visit::{SESSION, Visit, set_cookie};

pub(crate) async fn submit(State(portal): State<Portal>, visit: Visit, fields: Fields) -> Answer {
    fields.check(visit.token.as_deref())?;
    if let Some(token) = &visit.token {
        portal.store.close_session(token).await?;
        portal.memory.forget(token);
    }
    let mut response = Redirect::to("/login").into_response();
    if let Ok(value) = HeaderValue::from_str(&set_cookie(SESSION, "", 0)) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    Ok(response)
}
