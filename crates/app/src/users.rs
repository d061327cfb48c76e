//! Lists of people and terminals, ready to be shown: search, sort, pages.

use base::Dn;
use base::id::{DeviceId, SiteId, TenantId, UserId};
use model::{Device, DeviceKind, MobileLine, Snapshot, User, UserState};

use crate::kana;

/// Rows of a page when nothing else is asked.
pub const PER_PAGE: usize = 50;

/// Most rows of a page.
pub const PER_PAGE_MAX: usize = 500;

/// By what a list is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// 内線番号: shorter numbers first, then by digits.
    #[default]
    Dn,
    /// フリガナ, then name; people without a reading come last (J91).
    Name,
    /// Webカスコンユーザー名, or SIP ID in the list of terminals.
    Login,
    /// 状態, or live state in the list of terminals.
    State,
}

/// Which part of a list is wanted.
#[derive(Debug, Clone, Default)]
pub struct Query<'a> {
    /// Words that must occur in name, reading, number, mobile number or login; empty = all.
    pub search: &'a str,
    /// Only people in this state.
    pub state: Option<UserState>,
    /// Only this site: what a site administrator sees.
    pub site: Option<SiteId>,
    /// Order.
    pub sort: Sort,
    /// The order turned round.
    pub descending: bool,
    /// Page, counted from 0; beyond the end gives the last one.
    pub page: usize,
    /// Rows of a page; 0 = [`PER_PAGE`], at most [`PER_PAGE_MAX`].
    pub per_page: usize,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// Rows that fit the query, on all pages.
    pub total: usize,
    /// This page, counted from 0.
    pub page: usize,
    /// Number of pages, at least 1.
    pub pages: usize,
    /// The rows of this page.
    pub rows: Vec<T>,
}

/// A person in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRow {
    /// Who.
    pub id: UserId,
    /// 内線番号.
    pub dn: Dn,
    /// 氏名.
    pub name: String,
    /// フリガナ.
    pub furigana: String,
    /// Webカスコンユーザー名.
    pub web_user: String,
    /// 携帯番号, empty without one.
    pub mobile: String,
    /// State of the person.
    pub state: UserState,
    /// Terminals of the person.
    pub devices: Vec<DeviceRow>,
}

/// A terminal in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceRow {
    /// Which.
    pub id: DeviceId,
    /// SIP ID.
    pub sip_id: String,
    /// 端末種別.
    pub kind: DeviceKind,
    /// Label of the terminal's own.
    pub label: String,
    /// 内線番号 of its user; `None` = 未使用.
    pub dn: Option<Dn>,
    /// Name of its user.
    pub user: String,
    /// Live state; `None` when no running node can be asked.
    pub registered: Option<bool>,
}

/// Asks the running node whether a terminal is registered; `None` without a node.
pub type Registered<'f> = &'f dyn Fn(DeviceId) -> Option<bool>;

/// The people of a tenant.
pub fn users(
    snapshot: &Snapshot,
    tenant: TenantId,
    query: &Query<'_>,
    registered: Registered<'_>,
) -> Page<UserRow> {
    let mut found: Vec<&User> = snapshot
        .users(tenant)
        .filter(|u| query.site.is_none_or(|site| u.site == site))
        .filter(|u| query.state.is_none_or(|state| u.state == state))
        .collect();
    let mobiles = mobiles_by_dn(snapshot, tenant);
    let mobile = |dn: Dn| mobiles.get(&dn).map(|m| m.number.to_string()).unwrap_or_default();
    if !query.search.trim().is_empty() {
        found.retain(|u| {
            let dn = u.dn.text();
            let fields = [&*u.name, &*u.furigana, &dn, &*u.web_user, &mobile(u.dn)];
            kana::matches(query.search, &fields)
        });
    }
    match query.sort {
        Sort::Dn => {}
        Sort::Name => {
            let mut keyed: Vec<_> =
                found.into_iter().map(|u| (kana::sort_key(&u.furigana), u)).collect();
            keyed.sort_by(|(a, x), (b, y)| {
                kana::by_reading((a, &x.name), (b, &y.name), x.dn.cmp(&y.dn))
            });
            found = keyed.into_iter().map(|(_, u)| u).collect();
        }
        Sort::Login => found.sort_by_cached_key(|u| u.web_user.to_ascii_lowercase()),
        Sort::State => found.sort_by_key(|u| u.state),
    }
    page(found, query, |user| UserRow {
        id: user.id,
        dn: user.dn,
        name: user.name.to_string(),
        furigana: user.furigana.to_string(),
        web_user: user.web_user.to_string(),
        mobile: mobile(user.dn),
        state: user.state,
        devices: snapshot
            .devices_of(user.id)
            .iter()
            .filter_map(|id| snapshot.device(*id))
            .map(|d| device_row(snapshot, d, registered))
            .collect(),
    })
}

/// The terminals of a tenant.
pub fn devices(
    snapshot: &Snapshot,
    tenant: TenantId,
    query: &Query<'_>,
    registered: Registered<'_>,
) -> Page<DeviceRow> {
    let mut found: Vec<DeviceRow> = snapshot
        .devices(tenant)
        .filter(|d| query.site.is_none_or(|site| d.site == site))
        .map(|d| device_row(snapshot, d, registered))
        .collect();
    if !query.search.trim().is_empty() {
        found.retain(|d| {
            let dn = d.dn.map(Dn::text).unwrap_or_default();
            kana::matches(query.search, &[&d.user, &d.label, &d.sip_id, &dn])
        });
    }
    match query.sort {
        Sort::Dn => found.sort_by_key(|d| (d.dn.is_none(), d.dn)),
        Sort::Name => found.sort_by(|a, b| (&a.user, a.dn).cmp(&(&b.user, b.dn))),
        Sort::Login => found.sort_by_cached_key(|d| d.sip_id.to_ascii_lowercase()),
        Sort::State => found.sort_by_key(|d| d.registered != Some(true)),
    }
    page(found, query, |row| row)
}

/// How many more extensions may be registered (R030); `None` without a quota.
pub fn remaining(snapshot: &Snapshot, tenant: TenantId) -> Option<u64> {
    let quota = u64::from(snapshot.tenant(tenant)?.quota?);
    Some(quota.saturating_sub(snapshot.dn_count(tenant) as u64))
}

fn device_row(snapshot: &Snapshot, device: &Device, registered: Registered<'_>) -> DeviceRow {
    let user = device.user.and_then(|id| snapshot.user(id));
    DeviceRow {
        id: device.id,
        sip_id: device.sip_id.to_string(),
        kind: device.kind,
        label: device.label.to_string(),
        dn: user.map(|u| u.dn),
        user: user.map(|u| u.name.to_string()).unwrap_or_default(),
        registered: registered(device.id),
    }
}

fn mobiles_by_dn(
    snapshot: &Snapshot,
    tenant: TenantId,
) -> std::collections::BTreeMap<Dn, &MobileLine> {
    snapshot.mobiles(tenant).filter_map(|m| m.dn.map(|dn| (dn, m))).collect()
}

/// Cuts the wanted page out of all rows found.
fn page<T, R>(mut found: Vec<T>, query: &Query<'_>, row: impl Fn(T) -> R) -> Page<R> {
    if query.descending {
        found.reverse();
    }
    let size = match query.per_page {
        0 => PER_PAGE,
        n => n.min(PER_PAGE_MAX),
    };
    let total = found.len();
    let pages = total.div_ceil(size).max(1);
    let page = query.page.min(pages - 1);
    let rows = found.into_iter().skip(page * size).take(size).map(row).collect();
    Page { total, page, pages, rows }
}
