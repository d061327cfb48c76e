//! What a request tells before anybody has signed in: language, theme, address, cookies.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};

use app::Lang;
use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use base::Wall;

use crate::Portal;

/// Cookie of the session's token.
pub(crate) const SESSION: &str = "naisen";
/// Cookie of the language.
pub(crate) const LANG: &str = "naisen-lang";
/// Cookie of the theme.
pub(crate) const THEME: &str = "naisen-theme";

/// Header of requests by which an open page updates itself; holds the page's view key.
const LIVE: &str = "x-live";

/// Colours that a person chose; without a choice the device decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Theme {
    Light,
    Dark,
}

impl Theme {
    pub(crate) fn parse(word: &str) -> Option<Self> {
        match word {
            "light" => Some(Theme::Light),
            "dark" => Some(Theme::Dark),
            _ => None,
        }
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }
}

/// A request, as far as it is known without the store.
#[derive(Debug, Clone)]
pub(crate) struct Visit {
    pub(crate) lang: Lang,
    pub(crate) theme: Option<Theme>,
    /// Path and query.
    pub(crate) here: String,
    pub(crate) address: Option<IpAddr>,
    /// View key of an open page that updates itself.
    pub(crate) live: Option<String>,
    /// Token of the session cookie, not checked yet.
    pub(crate) token: Option<String>,
    pub(crate) now: Wall,
    /// What the browser sent as cookies.
    cookies: String,
}

impl Visit {
    pub(crate) fn of(parts: &Parts, now: Wall) -> Self {
        let headers = &parts.headers;
        let all = cookies(headers);
        let chosen = cookie(&all, LANG).and_then(Lang::parse);
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        Visit {
            lang: chosen.unwrap_or_else(|| accepted(headers)),
            theme: cookie(&all, THEME).and_then(Theme::parse),
            here: parts.uri.path_and_query().map_or("/", |p| p.as_str()).to_owned(),
            address: peer.map(|ConnectInfo(peer)| peer.ip().to_canonical()),
            live: headers.get(LIVE).and_then(|v| v.to_str().ok()).map(str::to_owned),
            token: cookie(&all, SESSION).map(str::to_owned),
            now,
            cookies: all,
        }
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        cookie(&self.cookies, name)
    }
}

impl FromRequestParts<Portal> for Visit {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, portal: &Portal) -> Result<Self, Infallible> {
        Ok(Visit::of(parts, portal.now()))
    }
}

/// All cookies in one line.
fn cookies(headers: &HeaderMap) -> String {
    let values = headers.get_all(header::COOKIE).iter().filter_map(|v| v.to_str().ok());
    values.collect::<Vec<_>>().join(";")
}

/// The value of a cookie.
fn cookie<'a>(cookies: &'a str, name: &str) -> Option<&'a str> {
    let mut pairs = cookies.split(';').filter_map(|pair| pair.trim().split_once('='));
    pairs.find_map(|(key, value)| (key == name).then_some(value))
}

/// The browser's first language that we have; Japanese when it names none of ours.
fn accepted(headers: &HeaderMap) -> Lang {
    let mut best: Option<(f32, Lang)> = None;
    let values = headers.get_all(header::ACCEPT_LANGUAGE).iter();
    for item in values.filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(',')) {
        let (tag, rest) = item.split_once(';').unwrap_or((item, ""));
        let Some(lang) = Lang::parse(tag.trim()) else { continue };
        let weight = rest.trim().strip_prefix("q=").map_or(1.0, |q| q.parse().unwrap_or(0.0));
        if weight > 0.0 && best.is_none_or(|(known, _)| weight > known) {
            best = Some((weight, lang));
        }
    }
    best.map_or(Lang::Ja, |(_, lang)| lang)
}

/// A `Set-Cookie` value for the whole site; `max_age_s` 0 removes the cookie.
///
/// Without the `__Host-` prefix and `Secure`, since the closed zone may speak plain http (SEC-14).
pub(crate) fn set_cookie(name: &str, value: &str, max_age_s: u32) -> String {
    format!("{name}={value}; Path=/; Max-Age={max_age_s}; HttpOnly; SameSite=Lax")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(accept: &str, expected: Lang) {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_LANGUAGE, accept.parse().expect("a header"));
        assert_eq!(accepted(&headers), expected, "{accept}");
    }

    #[test]
    fn the_browsers_first_language_wins_and_japanese_is_the_default() {
        check("en-US,en;q=0.9", Lang::En);
        check("fr-FR, en;q=0.8, ja;q=0.9", Lang::Ja);
        check("fr", Lang::Ja);
        check("ja;q=0, en;q=0.1", Lang::En);
        check("", Lang::Ja);
    }
}
