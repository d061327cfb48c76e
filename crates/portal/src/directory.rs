//! Keys for searching and sorting the people and terminals of a tenant (J91–J95), kept ready so
//! that a page over 100,000 of them costs a scan of short keys.
//!
//! Made at the first search, remade when the configuration changes; keys of what did not change
//! are taken over.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hasher};
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use app::kana;
use base::id::TenantId;
use base::{Dn, Uuid};
use model::{Device, Revision, Snapshot, User};

/// Tenants whose keys are kept; the one used longest ago is forgotten first.
const TENANTS_MAX: usize = 8;

/// Order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Order {
    /// That of the snapshot: people by extension, terminals by SIP id.
    #[default]
    Own,
    /// By フリガナ of the person, those without one last.
    Reading,
    /// By extension; terminals without a person last.
    Number,
    /// By the name used to sign in.
    Login,
}

/// What is listed.
pub(crate) trait Listed: Send + Sync + Sized + 'static {
    /// All of a tenant, in their own order.
    fn all(snapshot: &Snapshot, tenant: TenantId) -> Vec<&Self>;
    fn id(&self) -> Uuid;
    /// What a search looks at, one line each.
    fn lines(&self, snapshot: &Snapshot, out: &mut String);
    /// (フリガナ, name) of the person.
    fn person<'a>(&'a self, snapshot: &'a Snapshot) -> (&'a str, &'a str);
    fn number(&self, snapshot: &Snapshot) -> Option<Dn>;
    fn login(&self) -> &str;
}

impl Listed for User {
    fn all(snapshot: &Snapshot, tenant: TenantId) -> Vec<&Self> {
        snapshot.users(tenant).collect()
    }

    fn id(&self) -> Uuid {
        self.id.0
    }

    fn lines(&self, snapshot: &Snapshot, out: &mut String) {
        let mobile = snapshot.mobile_of_dn(self.tenant, self.dn);
        let mobile = mobile.map(|m| m.number.to_string()).unwrap_or_default();
        for line in [&*self.name, &self.furigana, &self.dn.text(), &self.web_user, &mobile] {
            out.push_str(line);
            out.push('\n');
        }
    }

    fn person<'a>(&'a self, _: &'a Snapshot) -> (&'a str, &'a str) {
        (&self.furigana, &self.name)
    }

    fn number(&self, _: &Snapshot) -> Option<Dn> {
        Some(self.dn)
    }

    fn login(&self) -> &str {
        &self.web_user
    }
}

impl Listed for Device {
    fn all(snapshot: &Snapshot, tenant: TenantId) -> Vec<&Self> {
        snapshot.devices(tenant).collect()
    }

    fn id(&self) -> Uuid {
        self.id.0
    }

    fn lines(&self, snapshot: &Snapshot, out: &mut String) {
        let (furigana, name) = self.person(snapshot);
        let number = self.number(snapshot).map(Dn::text).unwrap_or_default();
        for line in [&*self.sip_id, &self.label, name, furigana, &number] {
            out.push_str(line);
            out.push('\n');
        }
    }

    fn person<'a>(&'a self, snapshot: &'a Snapshot) -> (&'a str, &'a str) {
        let user = self.user.and_then(|id| snapshot.user(id));
        user.map_or(("", ""), |u| (&u.furigana, &u.name))
    }

    fn number(&self, snapshot: &Snapshot) -> Option<Dn> {
        self.user.and_then(|id| snapshot.user(id)).map(|u| u.dn)
    }

    fn login(&self) -> &str {
        &self.sip_id
    }
}

/// The keys of both kinds.
#[derive(Default)]
pub(crate) struct Directory {
    pub(crate) people: Kept<User>,
    pub(crate) terminals: Kept<Device>,
}

/// The keys of some tenants; the last used stands last.
pub(crate) struct Kept<T>(Mutex<Vec<Arc<Index<T>>>>);

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Kept(Mutex::default())
    }
}

impl<T: Listed> Kept<T> {
    /// The keys of a tenant as of `snapshot`, with `order` ready; `None` when they could not be
    /// made. What takes long runs beside the pages of others.
    pub(crate) async fn index(
        &self,
        snapshot: &Arc<Snapshot>,
        tenant: TenantId,
        order: Order,
    ) -> Option<Arc<Index<T>>> {
        let known = {
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let place = kept.iter().position(|i| i.tenant == tenant);
            let index = place.map(|place| kept.remove(place));
            kept.extend(index.clone());
            index
        };
        let revision = snapshot.tenant_revision(tenant);
        if let Some(index) = &known
            && index.revision == revision
            && index.is_ready(order)
        {
            return known;
        }
        let snapshot = Arc::clone(snapshot);
        let made = tokio::task::spawn_blocking(move || {
            let index = match known {
                Some(index) if index.revision == revision => index,
                former => Arc::new(Index::build(snapshot, tenant, former.as_deref())),
            };
            index.order(order);
            index
        });
        let index = made.await.ok()?;
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|i| i.tenant != tenant);
        if kept.len() >= TENANTS_MAX {
            kept.remove(0);
        }
        kept.push(Arc::clone(&index));
        Some(index)
    }
}

/// What a list is searched for.
pub(crate) struct Search<'a, T> {
    pub(crate) tenant: TenantId,
    /// Words as typed.
    pub(crate) query: &'a str,
    pub(crate) order: Order,
    pub(crate) is_descending: bool,
    /// Scope and state.
    pub(crate) fits: &'a (dyn Fn(&T) -> bool + Sync),
}

/// What was found: places in the list of `snapshot`.
pub(crate) struct Places {
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) places: Vec<u32>,
}

impl Places {
    /// Those at some of the places.
    pub(crate) fn some<T: Listed>(
        &self,
        tenant: TenantId,
        range: std::ops::Range<usize>,
    ) -> Vec<&T> {
        let all = T::all(&self.snapshot, tenant);
        let places = self.places.get(range).unwrap_or_default();
        places.iter().filter_map(|place| all.get(*place as usize).copied()).collect()
    }
}

impl<T: Listed> Kept<T> {
    /// Everything that fits, in order; `None` when keys could not be made.
    pub(crate) async fn find(
        &self,
        snapshot: Arc<Snapshot>,
        search: Search<'_, T>,
    ) -> Option<Places> {
        let Search { tenant, order, .. } = search;
        let words = words(search.query);
        let index = if words.is_empty() && order == Order::Own {
            None
        } else {
            Some(self.index(&snapshot, tenant, order).await?)
        };
        // The keys may be of a snapshot that is equal in this tenant.
        let snapshot = index.as_ref().map_or(snapshot, |i| Arc::clone(&i.snapshot));
        let all = T::all(&snapshot, tenant);
        let fits = |place: &u32| {
            let place = *place as usize;
            all.get(place).is_some_and(|one| (search.fits)(one))
                && index.as_ref().is_none_or(|i| i.matches(place, &words))
        };
        let mut places: Vec<u32> = match index.as_ref().and_then(|i| i.order(order)) {
            Some(order) => order.iter().copied().filter(fits).collect(),
            None => (0..all.len() as u32).filter(fits).collect(),
        };
        if search.is_descending {
            places.reverse();
        }
        drop(all);
        Some(Places { snapshot, places })
    }
}

/// The keys of one tenant.
pub(crate) struct Index<T> {
    /// What the keys belong to: places in orders are places in its lists.
    pub(crate) snapshot: Arc<Snapshot>,
    tenant: TenantId,
    revision: Revision,
    /// All search keys, one behind the other.
    text: String,
    keys: Vec<Key>,
    reading: OnceLock<Vec<u32>>,
    number: OnceLock<Vec<u32>>,
    login: OnceLock<Vec<u32>>,
    kind: PhantomData<fn() -> T>,
}

struct Key {
    id: Uuid,
    /// Hash of what the key was made from.
    stamp: u64,
    /// Where the key ends in the text; it begins where the one before ends.
    end: usize,
}

impl<T: Listed> Index<T> {
    fn build(snapshot: Arc<Snapshot>, tenant: TenantId, former: Option<&Index<T>>) -> Self {
        let all = T::all(&snapshot, tenant);
        let known: HashMap<Uuid, usize> = former
            .map(|f| f.keys.iter().enumerate().map(|(place, key)| (key.id, place)).collect())
            .unwrap_or_default();
        let mut text = String::with_capacity(former.map_or(all.len() * 64, |f| f.text.len()));
        let mut keys = Vec::with_capacity(all.len());
        let mut lines = String::new();
        for one in &all {
            lines.clear();
            one.lines(&snapshot, &mut lines);
            let mut hasher = DefaultHasher::new();
            hasher.write(lines.as_bytes());
            let (id, stamp) = (one.id(), hasher.finish());
            let old = former.zip(known.get(&id)).and_then(|(f, place)| f.same(*place, stamp));
            match old {
                Some(old) => text.push_str(old),
                None => lines.lines().for_each(|line| push_key(line, &mut text)),
            }
            keys.push(Key { id, stamp, end: text.len() });
        }
        drop(all);
        Index {
            revision: snapshot.tenant_revision(tenant),
            snapshot,
            tenant,
            text,
            keys,
            reading: OnceLock::new(),
            number: OnceLock::new(),
            login: OnceLock::new(),
            kind: PhantomData,
        }
    }

    /// The key at `place`, when it was made from the same lines.
    fn same(&self, place: usize, stamp: u64) -> Option<&str> {
        let key = self.keys.get(place)?;
        if key.stamp == stamp { self.key(place) } else { None }
    }

    fn key(&self, place: usize) -> Option<&str> {
        let start = match place.checked_sub(1) {
            Some(before) => self.keys.get(before)?.end,
            None => 0,
        };
        self.text.get(start..self.keys.get(place)?.end)
    }

    /// Whether the one at `place` of the list has every word.
    pub(crate) fn matches(&self, place: usize, words: &[String]) -> bool {
        let key = self.key(place).unwrap_or_default();
        words.iter().all(|word| key.contains(word.as_str()))
    }

    fn is_ready(&self, order: Order) -> bool {
        match order {
            Order::Own => true,
            Order::Reading => self.reading.get().is_some(),
            Order::Number => self.number.get().is_some(),
            Order::Login => self.login.get().is_some(),
        }
    }

    /// Places of the list in this order; `None` = as they are.
    pub(crate) fn order(&self, order: Order) -> Option<&[u32]> {
        let snapshot = &*self.snapshot;
        let all = || T::all(snapshot, self.tenant).into_iter().zip(0u32..);
        let places = match order {
            Order::Own => return None,
            Order::Reading => self.reading.get_or_init(|| {
                let mut keyed: Vec<_> = all()
                    .map(|(one, place)| {
                        let (reading, name) = one.person(snapshot);
                        (kana::sort_key(reading), name, place)
                    })
                    .collect();
                keyed.sort_by(|(a, x, p), (b, y, q)| kana::by_reading((a, x), (b, y), p.cmp(q)));
                keyed.into_iter().map(|(_, _, place)| place).collect()
            }),
            Order::Number => self.number.get_or_init(|| {
                let mut keyed: Vec<_> = all()
                    .map(|(one, place)| {
                        let number = one.number(snapshot);
                        (number.is_none(), number, place)
                    })
                    .collect();
                keyed.sort_unstable();
                keyed.into_iter().map(|(_, _, place)| place).collect()
            }),
            Order::Login => self.login.get_or_init(|| {
                let mut keyed: Vec<_> = all()
                    .map(|(one, place)| (one.login().to_ascii_lowercase(), place))
                    .map(|(login, place)| (login.is_empty(), login, place))
                    .collect();
                keyed.sort_unstable();
                keyed.into_iter().map(|(_, _, place)| place).collect()
            }),
        };
        Some(places)
    }
}

fn push_key(line: &str, out: &mut String) {
    if line.is_ascii() {
        let kept = line.bytes().filter(|b| !b.is_ascii_whitespace());
        out.extend(kept.map(|b| char::from(b.to_ascii_lowercase())));
    } else {
        out.push_str(&kana::search_key(line));
    }
    out.push('\n');
}

/// Characters of a search that count.
const QUERY_MAX: usize = 100;

/// The words of a search, in the form of the keys; hyphens in numbers do not count.
pub(crate) fn words(query: &str) -> Vec<String> {
    let query: String = query.chars().take(QUERY_MAX).collect();
    let is_hyphen = |c: char| matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{30fc}');
    query
        .split_whitespace()
        .map(kana::search_key)
        .map(|word| {
            let is_number = word.chars().all(|c| c.is_ascii_digit() || is_hyphen(c));
            if is_number { word.chars().filter(char::is_ascii_digit).collect() } else { word }
        })
        .filter(|word| !word.is_empty())
        .collect()
}

/// Whether a search means a number rather than a name: its digits, full-width ones narrowed.
pub(crate) fn as_number(query: &str) -> Option<String> {
    let words = words(query);
    let [word] = words.as_slice() else { return None };
    let is_number = word.chars().all(|c| c.is_ascii_digit() || matches!(c, '*' | '#' | '+'));
    is_number.then(|| word.clone())
}

#[cfg(test)]
mod tests {
    use model::{Change, apply};

    use super::*;
    use crate::tests::world::{Content, Person, tenant_id};

    const PEOPLE: u32 = 20_000;

    fn content() -> Content {
        let mut content = Content::default();
        content.company(1, "A", "a.example");
        for n in 0..PEOPLE {
            let (name, furigana) =
                [("田中 一郎", "タナカ イチロウ"), ("阿部 恵", "アベ メグミ")][n as usize % 2];
            content.person(1, &Person { dn: 200_000 + n, name, furigana, site: 1 });
        }
        content
    }

    fn snapshot(content: &Content) -> Arc<Snapshot> {
        let is_kept = |c: &&Change| !matches!(c, Change::Password(_));
        let changes: Vec<Change> =
            content.changes.values().flatten().filter(is_kept).cloned().collect();
        Arc::new(apply(&Snapshot::empty(), &changes).expect("valid"))
    }

    async fn find(
        kept: &Kept<User>,
        snapshot: &Arc<Snapshot>,
        query: &str,
        order: Order,
    ) -> Vec<u32> {
        let fits = |_: &User| true;
        let search =
            Search { tenant: tenant_id(1), query, order, is_descending: false, fits: &fits };
        kept.find(Arc::clone(snapshot), search).await.expect("keys").places
    }

    #[tokio::test]
    async fn a_full_list_is_searched_and_sorted() {
        let snapshot = snapshot(&content());
        let kept = Kept::<User>::default();
        let all = find(&kept, &snapshot, "", Order::Own).await;
        assert_eq!(all.len(), PEOPLE as usize);
        assert!(find(&kept, &snapshot, "", Order::Own).await.is_sorted());
        let found = find(&kept, &snapshot, "たなか 2199", Order::Own).await;
        assert_eq!(found.len(), 50, "every second of 219900–219999");
        let sorted = find(&kept, &snapshot, "", Order::Reading).await;
        assert_eq!(sorted[..2], [1, 3], "アベ comes first");
        assert_eq!(sorted[PEOPLE as usize / 2..][..2], [0, 2]);
    }

    #[tokio::test]
    async fn keys_follow_what_changes() {
        let kept = Kept::<User>::default();
        let mut content = Content::default();
        content.company(1, "A", "a.example");
        for dn in [2001, 2003] {
            content.person(1, &Person { dn, name: "Old", furigana: "", site: 1 });
        }
        let before = snapshot(&content);
        assert_eq!(find(&kept, &before, "old", Order::Own).await, [0, 1]);
        // One is renamed, one comes between the others.
        let mut more = Content::default();
        more.person(1, &Person { dn: 2002, name: "New", furigana: "", site: 1 });
        more.person(1, &Person { dn: 2003, name: "New", furigana: "", site: 1 });
        let changes: Vec<Change> = more.changes.values().flatten().cloned().collect();
        let after = apply(&before, &changes).expect("valid");
        let revision = model::Revision(9);
        let after = Arc::new(after.with_revisions(revision, &[(tenant_id(1), revision)]));
        assert_eq!(find(&kept, &after, "old", Order::Own).await, [0]);
        assert_eq!(find(&kept, &after, "new", Order::Own).await, [1, 2]);
    }

    #[test]
    fn words_take_numbers_in_any_form() {
        assert_eq!(words("０９０－１２３４"), ["0901234"]);
        assert_eq!(words("090-1234 たなか"), ["0901234", "タナカ"]);
        assert_eq!(words(" 　 "), [""; 0]);
        assert_eq!(as_number("*56２００１"), Some("*562001".to_owned()));
        assert_eq!(as_number("田中"), None);
        assert_eq!(as_number("20 01"), None);
    }
}
