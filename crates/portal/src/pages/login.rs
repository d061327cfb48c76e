//! Signing in: three fields checked together, one answer for any wrong one (R006, R050).

use app::Lang;
use app::login::{SignIn, SignInError, sign_in};
use app::text::{text, text_with};
use askama::Template;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use base::Wall;
use bulk::reason::Arg;

use crate::Portal;
use crate::pages::{Answer, page};
use crate::shell::form::Fields;
use crate::shell::frame::{Frame, Notice, Page, Tone};
use crate::shell::link::local;
use crate::shell::list::Asked;
use crate::shell::signed::Signed;
use crate::shell::visit::{SESSION, Visit, set_cookie};

/// How long the browser keeps the cookie; the server ends the session by its own rules.
const SESSION_S: u32 = 12 * 3_600;

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    frame: Frame,
    /// There is no tenant yet.
    is_first_start: bool,
    next: String,
    domain: String,
    user: String,
    is_wrong: bool,
}

/// Why the login page is shown, and where to go afterwards.
#[derive(serde::Deserialize, Default)]
#[serde(default)]
pub(crate) struct LoginQuery {
    next: String,
    ended: String,
}

pub(crate) async fn show(
    State(portal): State<Portal>,
    visit: Visit,
    who: Result<Signed, Response>,
    Asked(asked): Asked<LoginQuery>,
) -> Answer {
    if who.is_ok() {
        return Ok(Redirect::to(local(&asked.next)).into_response());
    }
    let mut frame = Frame::door(&visit, Page::Login);
    if !asked.ended.is_empty() {
        frame.notice = Some(Notice::new(Tone::Warn, frame.t("login-ended")));
    }
    page(&LoginPage {
        frame,
        is_first_start: portal.store.snapshot().tenants().next().is_none(),
        next: local(&asked.next).to_owned(),
        domain: String::new(),
        user: String::new(),
        is_wrong: false,
    })
}

pub(crate) async fn submit(State(portal): State<Portal>, visit: Visit, fields: Fields) -> Answer {
    let (domain, user) = (fields.narrow("domain"), fields.narrow("user"));
    let login = store::Login {
        portal: store::Portal::Admin,
        domain: &domain,
        user: &user,
        password: fields.value("password"),
        zone: store::Zone::Closed,
        address: visit.address,
        now: visit.now,
    };
    let outcome = if portal.limiter.may_try(visit.address, visit.now) {
        sign_in(&portal.store, login).await
    } else {
        Err(SignInError::Busy)
    };
    let next = local(fields.value("next"));
    let (status, sentence) = match outcome {
        Ok(SignIn::Done(done)) => {
            if let Some(former) = &visit.token {
                portal.store.close_session(former).await?;
                portal.memory.forget(former);
            }
            portal.memory.prove(done.token.text(), visit.now);
            if done.session.remind {
                let notice = reminder(&portal, &visit, done.session.scope.tenant());
                portal.memory.put_notice(done.token.text(), notice);
            }
            let next = if done.session.must_change { "/password" } else { next };
            return Ok(signed_in(done.token.text(), next));
        }
        Ok(SignIn::Refused) => (StatusCode::FORBIDDEN, text(visit.lang, "login-refused").into()),
        Ok(SignIn::Locked { until }) => (StatusCode::FORBIDDEN, locked_sentence(visit.lang, until)),
        Err(error @ SignInError::Busy) => {
            (StatusCode::TOO_MANY_REQUESTS, error.sentence(visit.lang))
        }
        Err(error) => {
            tracing::error!(%error, "login could not be judged");
            (StatusCode::SERVICE_UNAVAILABLE, error.sentence(visit.lang))
        }
    };
    if status == StatusCode::FORBIDDEN {
        portal.limiter.failed(visit.address, visit.now);
    }
    let mut frame = Frame::door(&visit, Page::Login);
    frame.notice = Some(Notice::new(Tone::Bad, sentence));
    let next = next.to_owned();
    let is_first_start = portal.store.snapshot().tenants().next().is_none();
    let again = LoginPage { frame, is_first_start, next, domain, user, is_wrong: true };
    let mut response = page(&again)?;
    *response.status_mut() = status;
    if status == StatusCode::TOO_MANY_REQUESTS {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
    }
    Ok(response)
}

/// What a locked administrator is told.
pub(crate) fn locked_sentence(lang: Lang, until: Option<Wall>) -> String {
    match until {
        Some(until) => text_with(lang, "login-locked", &[("until", Arg::Text(until.tokyo_text()))]),
        None => text(lang, "login-locked-manual").into_owned(),
    }
}

/// A redirect that hands the browser its token.
pub(crate) fn signed_in(token: &str, next: &str) -> Response {
    let mut response = Redirect::to(next).into_response();
    let cookie = set_cookie(SESSION, token, SESSION_S);
    if let Ok(value) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    response
}

/// The password has not been changed for long: a hint, no block (R007).
fn reminder(portal: &Portal, visit: &Visit, tenant: base::id::TenantId) -> Notice {
    let days = portal.store.snapshot().tenant(tenant).map_or(0, |t| u64::from(t.reminder_days));
    let sentence = text_with(visit.lang, "login-remind", &[("days", Arg::Number(days))]);
    let link = Some(("/password", text(visit.lang, "page-password-title").into_owned()));
    Notice { link, ..Notice::new(Tone::Warn, sentence) }
}
