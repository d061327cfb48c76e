//! A page of a list: searched, in order, by cursor.

use std::borrow::Cow;

use base::id::TenantId;
use model::Snapshot;

use crate::kana;
use crate::service::noun::{Noun, Place};

/// Which part of a list is wanted.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// Words that must all occur; empty = all. As in the lists of the portal (J91–J95).
    pub search: String,
    /// Only what comes after this place.
    pub after: Option<Place>,
    /// Most items; 0 = [`Page::LIMIT`].
    pub limit: usize,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<'s, T: Clone> {
    /// The items in order.
    pub items: Vec<Cow<'s, T>>,
    /// Place of the last item when more follow.
    pub next: Option<Place>,
}

impl<T: Clone> Page<'_, T> {
    /// Items of a page when nothing else is asked.
    pub const LIMIT: usize = 50;
    /// Most items of a page.
    pub const LIMIT_MAX: usize = 500;
}

/// The wanted page. Costs one pass over all of the kind, and memory for two pages.
pub fn list<'s, T: Noun>(snapshot: &'s Snapshot, tenant: TenantId, query: &Query) -> Page<'s, T> {
    let limit = match query.limit {
        0 => Page::<T>::LIMIT,
        n => n.min(Page::<T>::LIMIT_MAX),
    };
    let searched = !query.search.trim().is_empty();
    let mut kept: Vec<(Place, Cow<'s, T>)> = Vec::new();
    for item in T::all(snapshot, tenant) {
        let place = item.place();
        if query.after.as_ref().is_some_and(|after| place <= *after) {
            continue;
        }
        if searched {
            let words = item.words(snapshot);
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            if !kana::matches(&query.search, &words) {
                continue;
            }
        }
        kept.push((place, item));
        if kept.len() > 2 * (limit + 1) {
            cut(&mut kept, limit + 1);
        }
    }
    cut(&mut kept, limit + 1);
    let more = kept.len() > limit;
    kept.truncate(limit);
    let next = kept.last().filter(|_| more).map(|(place, _)| place.clone());
    Page { items: kept.into_iter().map(|(_, item)| item).collect(), next }
}

fn cut<T>(kept: &mut Vec<(Place, T)>, len: usize) {
    kept.sort_by(|(a, _), (b, _)| a.cmp(b));
    kept.truncate(len);
}
