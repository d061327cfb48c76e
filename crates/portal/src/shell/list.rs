//! Lists: what the address asks for, and the controls below the rows.

use std::convert::Infallible;

use app::Lang;
use app::text::{text, text_with};
use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use bulk::reason::Arg;
use serde::de::DeserializeOwned;

use crate::shell::link::Link;

/// Rows of a page that may be chosen; the middle one is the default.
pub(crate) const ROWS: [usize; 3] = [20, 50, 100];

/// The query of an address; one that cannot be read asks for nothing.
pub(crate) struct Asked<T>(pub(crate) T);

impl<S: Sync, T: DeserializeOwned + Default> FromRequestParts<S> for Asked<T> {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let query = Query::<T>::try_from_uri(&parts.uri);
        Ok(Asked(query.map(|Query(query)| query).unwrap_or_default()))
    }
}

/// What lists of people and terminals are asked for.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(default)]
pub(crate) struct ListQuery {
    /// Words to search for.
    pub(crate) q: String,
    /// Only rows in this state.
    pub(crate) state: String,
    /// Column; empty = the list's own order.
    pub(crate) sort: String,
    /// `desc`, or empty.
    pub(crate) dir: String,
    /// From 1.
    pub(crate) page: String,
    pub(crate) rows: String,
}

impl ListQuery {
    pub(crate) fn rows(&self) -> usize {
        rows(&self.rows)
    }

    /// Page counted from 0.
    pub(crate) fn page(&self) -> usize {
        self.page.parse::<usize>().unwrap_or(1).saturating_sub(1)
    }

    pub(crate) fn is_descending(&self) -> bool {
        self.dir == "desc"
    }

    /// The filter without order and page.
    fn filter(&self, path: &str) -> Link {
        Link::new(path).with("q", &self.q).with("state", &self.state)
    }

    /// The same list at another page, counted from 0.
    pub(crate) fn at(&self, path: &str, page: usize) -> String {
        let page = if page == 0 { String::new() } else { (page + 1).to_string() };
        self.filter(path)
            .with("sort", &self.sort)
            .with("dir", &self.dir)
            .with("rows", &self.rows)
            .with("page", &page)
            .text()
    }

    /// A file with the rows of this filter.
    pub(crate) fn file(&self, path: &str) -> String {
        self.filter(path).with("sort", &self.sort).with("dir", &self.dir).text()
    }
}

pub(crate) fn rows(word: &str) -> usize {
    word.parse().ok().filter(|n| ROWS.contains(n)).unwrap_or(50)
}

/// A column heading.
pub(crate) struct Head {
    pub(crate) text: String,
    /// Sorts by this column, or turns the order round.
    pub(crate) href: Option<String>,
    /// `ascending`, `descending`, or empty.
    pub(crate) sort: &'static str,
    pub(crate) class: &'static str,
}

/// What a column heading is made from.
pub(crate) struct Column {
    /// Id of its text.
    pub(crate) id: &'static str,
    /// Word of an optional column; empty = always shown.
    pub(crate) word: &'static str,
    /// Word of the order in the address; empty = cannot be sorted.
    pub(crate) sort: &'static str,
    pub(crate) class: &'static str,
}

/// The headings of a list; `default` is the order without a word in the address.
pub(crate) fn heads(
    lang: Lang,
    path: &str,
    asked: &ListQuery,
    (default, columns): (&str, &[&Column]),
) -> Vec<Head> {
    let present = if asked.sort.is_empty() { default } else { &asked.sort };
    let head = |column: &Column| {
        let is_present = !column.sort.is_empty() && column.sort == present;
        let descending = is_present && asked.is_descending();
        let dir = if is_present && !descending { "desc" } else { "" };
        let sort = if column.sort == default { "" } else { column.sort };
        let link = || {
            asked.filter(path).with("sort", sort).with("dir", dir).with("rows", &asked.rows).text()
        };
        Head {
            text: text(lang, column.id).into_owned(),
            href: (!column.sort.is_empty()).then(link),
            sort: match (is_present, descending) {
                (false, _) => "",
                (true, false) => "ascending",
                (true, true) => "descending",
            },
            class: column.class,
        }
    };
    columns.iter().copied().map(head).collect()
}

/// What stands below the rows.
#[derive(Default)]
pub(crate) struct Controls {
    pub(crate) total: String,
    /// Which rows these are.
    pub(crate) position: String,
    pub(crate) previous: Option<String>,
    pub(crate) next: Option<String>,
}

impl Controls {
    /// Of a list whose rows are all known.
    pub(crate) fn of(lang: Lang, path: &str, asked: &ListQuery, found: &Found) -> Self {
        let &Found { total, page, pages } = found;
        let first = page * asked.rows() + 1;
        let last = (first + asked.rows() - 1).min(total);
        Controls {
            total: total_text(lang, total),
            position: position(lang, first, last),
            previous: page.checked_sub(1).map(|p| asked.at(path, p)),
            next: (page + 1 < pages).then(|| asked.at(path, page + 1)),
        }
    }
}

/// How much of a list was found, and which page of it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) total: usize,
    /// From 0.
    pub(crate) page: usize,
    pub(crate) pages: usize,
}

/// The part of `total` rows that page `page` (from 0) of `rows` rows shows; a page beyond the end
/// is the last one.
pub(crate) fn cut(total: usize, page: usize, rows: usize) -> (Found, std::ops::Range<usize>) {
    let pages = total.div_ceil(rows).max(1);
    let page = page.min(pages - 1);
    let first = page * rows;
    (Found { total, page, pages }, first..(first + rows).min(total))
}

pub(crate) fn total_text(lang: Lang, total: usize) -> String {
    text_with(lang, "list-total", &[("count", Arg::Text(thousands(total)))])
}

pub(crate) fn position(lang: Lang, first: usize, last: usize) -> String {
    let args = [("first", Arg::Text(thousands(first))), ("last", Arg::Text(thousands(last)))];
    text_with(lang, "list-position", &args)
}

/// `12,345`.
pub(crate) fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_three() {
        let found = [0, 999, 1_000, 100_000, 1_234_567].map(thousands);
        assert_eq!(found, ["0", "999", "1,000", "100,000", "1,234,567"]);
    }

    #[test]
    fn a_page_beyond_the_end_is_the_last_one() {
        let (found, range) = cut(61, 99, 20);
        assert_eq!((found.page, found.pages, range), (3, 4, 60..61));
        let (found, range) = cut(0, 3, 20);
        assert_eq!((found.page, found.pages, range), (0, 1, 0..0));
    }
}
