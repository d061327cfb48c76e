use base::Wall;
use model::{Change, Snapshot, apply};

use crate::Lang;
use crate::demo::{DOMAIN, company};
use crate::users::{Query, Sort, devices, remaining, users};

fn demo() -> (Snapshot, base::id::TenantId) {
    let demo = company(Lang::Ja, Wall(0), &mut super::rng());
    (apply(&Snapshot::empty(), &demo.changes).expect("valid"), demo.tenant)
}

#[track_caller]
fn check(query: Query<'_>, expected: &[&str]) {
    let (snapshot, tenant) = demo();
    let page = users(&snapshot, tenant, &query, &|_| None);
    let found: Vec<String> = page.rows.iter().map(|r| r.dn.text()).collect();
    assert_eq!(found, expected);
}

#[test]
fn people_are_found_by_name_reading_number_and_mobile() {
    let search = |search| Query { search, ..Query::default() };
    check(search("佐藤"), &["2101"]);
    check(search("たかはし"), &["2103"]);
    check(search("高橋"), &["2103"]);
    check(search("220"), &["2201", "2202", "2203", "2204"]);
    check(search("08012340002"), &["2202"]);
    check(search("YAMAZAKI"), &["2204"]);
    check(search("nobody"), &[]);
}

#[test]
fn pages_are_cut_and_bounded() {
    let (snapshot, tenant) = demo();
    let query = |page| Query { per_page: 5, page, ..Query::default() };
    let first = users(&snapshot, tenant, &query(0), &|_| None);
    assert_eq!((first.total, first.pages, first.rows.len()), (16, 4, 5));
    let last = users(&snapshot, tenant, &query(99), &|_| None);
    assert_eq!((last.page, last.rows.len()), (3, 1));
    let none = Query { search: "nobody", ..Query::default() };
    let none = users(&snapshot, tenant, &none, &|_| None);
    assert_eq!((none.total, none.pages, none.page), (0, 1, 0));
}

#[test]
fn sorting_by_name_goes_by_reading() {
    let (snapshot, tenant) = demo();
    let query = Query { sort: Sort::Name, ..Query::default() };
    let page = users(&snapshot, tenant, &query, &|_| None);
    let names: Vec<&str> = page.rows.iter().map(|r| r.furigana.as_str()).collect();
    assert_eq!(names[..3], ["イトウ ダイスケ", "カトウ メグミ", "コバヤシ ジョージ"]);
    assert!(names[12..].iter().all(|n| n.is_empty()), "without a reading come last");
    let query = Query { descending: true, ..Query::default() };
    let page = users(&snapshot, tenant, &query, &|_| None);
    assert_eq!(page.rows[0].dn.text(), "2402");
}

#[test]
fn terminals_tell_user_and_live_state() {
    let (snapshot, tenant) = demo();
    let echo = snapshot.device_by_sip_id(tenant, "2001").expect("echo").id;
    let query = Query { sort: Sort::State, ..Query::default() };
    let page = devices(&snapshot, tenant, &query, &|id| Some(id == echo));
    assert_eq!((page.total, page.rows[0].id, page.rows[0].registered), (16, echo, Some(true)));
    let query = Query { search: "佐藤", ..Query::default() };
    let page = devices(&snapshot, tenant, &query, &|_| None);
    assert_eq!((page.total, page.rows[0].label.as_str()), (1, "空き端末1"));
}

#[test]
fn the_remaining_count_follows_the_quota() {
    let (snapshot, tenant) = demo();
    assert_eq!(remaining(&snapshot, tenant), None);
    let mut limited = snapshot.tenant_of_domain(DOMAIN).expect("demo").clone();
    limited.quota = Some(20);
    let snapshot = apply(&snapshot, &[Change::TenantPut(limited)]).expect("valid");
    assert_eq!(remaining(&snapshot, tenant), Some(4));
}
