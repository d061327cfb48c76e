//! Language, colours and columns of this browser.

use app::Lang;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Redirect};

use crate::Portal;
use crate::pages::Answer;
use crate::shell::columns::LISTS;
use crate::shell::form::Fields;
use crate::shell::link::local;
use crate::shell::visit::{LANG, THEME, Theme, Visit, set_cookie};

/// How long a choice is kept.
const KEPT_S: u32 = 365 * 86_400;

pub(crate) async fn submit(State(_): State<Portal>, visit: Visit, fields: Fields) -> Answer {
    fields.check(visit.token.as_deref())?;
    let mut response = Redirect::to(local(fields.value("back"))).into_response();
    let mut keep = |name: &str, value: &str, age| {
        if let Ok(value) = HeaderValue::from_str(&set_cookie(name, value, age)) {
            response.headers_mut().append(header::SET_COOKIE, value);
        }
    };
    if let Some(lang) = Lang::parse(fields.value("lang")) {
        keep(LANG, lang.tag(), KEPT_S);
    }
    if let Some(list) = LISTS.iter().find(|l| l.name == fields.value("list")) {
        let shown: Vec<&str> = fields.values("show").collect();
        keep(&list.cookie(), &list.hide_others(shown.into_iter()), KEPT_S);
    }
    match fields.value("theme") {
        "auto" => keep(THEME, "", 0),
        word => {
            if let Some(theme) = Theme::parse(word) {
                keep(THEME, theme.word(), KEPT_S);
            }
        }
    }
    Ok(response)
}
