//! Pages, filters, streams, days and retention of call records.

use base::{Cause, Wall};
use model::record::{CallRecord, Service, Services};
use model::{Change, Tenant};

use super::world::*;
use crate::history::insert;
use crate::{Actor, Filter, Store, TenantScope};

async fn store_records(store: &Store, records: &[CallRecord]) {
    insert(&mut *store.main.lock().await, records).await.expect("inserted");
}

/// Call ids of all pages, in order.
async fn pages(store: &Store, scope: &TenantScope, filter: &Filter, limit: u16) -> Vec<u128> {
    let (mut out, mut cursor) = (Vec::new(), None);
    loop {
        let page = store.history_page(scope, filter, cursor, limit).await.expect("page");
        assert!(page.records.len() <= usize::from(limit));
        out.extend(page.records.iter().map(|r| r.call.0));
        cursor = page.next;
        if cursor.is_none() {
            return out;
        }
    }
}

#[tokio::test]
async fn pages_walk_all_records_once_even_at_equal_times() {
    let dir = TempDir::new();
    let store = dir.open().await;
    let scope = add_tenant(&store, 1).await;
    // Three records share each second.
    let records: Vec<_> = (0..150).map(|n| record(n, later((n / 3) as i64))).collect();
    store_records(&store, &records).await;
    store_records(&store, &records[..70]).await;
    let newest_first: Vec<u128> = (0..150).rev().collect();
    for limit in [1, 7, 150, 500] {
        assert_eq!(pages(&store, &scope, &Filter::default(), limit).await, newest_first);
    }
    let page = store.history_page(&scope, &Filter::default(), None, 3).await.expect("page");
    assert_eq!(page.records[0], records[149]);
    assert_eq!(store.history_count(&scope, &Filter::default()).await.expect("count"), 150);
}

#[tokio::test]
async fn filters_narrow_by_period_number_kind_cause_and_service() {
    let dir = TempDir::new();
    let store = dir.open().await;
    let scope = add_tenant(&store, 1).await;
    let mut records: Vec<_> = (0..20).map(|n| record(n, later(n as i64))).collect();
    records[5].services = Services::NONE.with(Service::Hunt);
    records[6].dialed = "*562001".into();
    store_records(&store, &records).await;
    let all = Filter::default();
    let found = async |filter: Filter| pages(&store, &scope, &filter, 500).await;
    assert_eq!(
        found(Filter { from: Some(later(3)), to: Some(later(6)), ..all.clone() }).await,
        [5, 4, 3]
    );
    assert_eq!(found(Filter { prefix: Some("090000000".into()), ..all.clone() }).await.len(), 20);
    assert_eq!(found(Filter { prefix: Some("*56".into()), ..all.clone() }).await, [6]);
    assert_eq!(found(Filter { suffix: Some("0017".into()), ..all.clone() }).await, [17]);
    assert_eq!(found(Filter { suffix: Some("%".into()), ..all.clone() }).await.len(), 20);
    assert_eq!(found(Filter { answered: Some(true), ..all.clone() }).await.len(), 10);
    let cause = Some(Cause::RingTimeout);
    assert_eq!(found(Filter { cause, ..all.clone() }).await.len(), 10);
    let services = Services::NONE.with(Service::Hunt).with(Service::Pickup);
    assert_eq!(found(Filter { services, ..all.clone() }).await, [5]);
    let both = Filter { answered: Some(false), from: Some(later(15)), ..all };
    assert_eq!(store.history_count(&scope, &both).await.expect("count"), 3);
    assert_eq!(store.history_count_to(&scope, &both, 2).await.expect("count"), 2);
    assert_eq!(store.history_count_to(&scope, &both, 9).await.expect("count"), 3);
}

#[tokio::test]
async fn nobody_sees_records_of_others() {
    let dir = TempDir::new();
    let store = dir.open().await;
    add_tenant(&store, 1).await;
    let other = add_tenant(&store, 2).await;
    let elsewhere = CallRecord { site: Some(site_id(9)), ..record(1, T0) };
    store_records(&store, &[record(0, T0), elsewhere]).await;
    assert!(pages(&store, &other, &Filter::default(), 10).await.is_empty());
    let site = Some(site_id(9));
    let branch = TenantScope::new(tenant_id(1), site, Actor::Admin(admin_id(1)), "a", None);
    assert_eq!(pages(&store, &branch, &Filter::default(), 10).await, [1]);
    let mut export = store.history_export(&branch, Filter::default());
    assert_eq!(export.next_chunk().await.expect("chunk").len(), 1);
}

#[tokio::test]
async fn an_export_streams_in_order_of_the_call_time() {
    let dir = TempDir::new();
    let store = dir.open().await;
    let scope = add_tenant(&store, 1).await;
    let mut records: Vec<_> = (0..2_500).map(|n| record(n, later((n / 4) as i64))).collect();
    records.reverse();
    store_records(&store, &records).await;
    let mut export = store.history_export(&scope, Filter::default());
    let mut calls = Vec::new();
    loop {
        let chunk = export.next_chunk().await.expect("chunk");
        if chunk.is_empty() {
            break;
        }
        calls.extend(chunk.into_iter().map(|r| r.call.0));
    }
    assert!(calls.iter().copied().eq(0..2_500));
}

#[tokio::test]
async fn days_are_those_of_tokyo() {
    let dir = TempDir::new();
    let store = dir.open().await;
    let scope = add_tenant(&store, 1).await;
    let midnight = Wall::start_of_day(2026, 7, 2, base::time::TOKYO_OFFSET_S);
    let around = [record(0, Wall(midnight.0 - 1)), record(1, midnight), record(2, later(0))];
    store_records(&store, &around).await;
    let period = (Wall(0), Wall(i64::MAX));
    let days = store.history_days(&scope, period, base::time::TOKYO_OFFSET_S).await.expect("days");
    let first = Wall(midnight.0 - 86_400_000);
    assert_eq!(days, [(first, 2), (midnight, 1)]);
}

#[tokio::test]
async fn retention_removes_what_is_older() {
    let dir = TempDir::new();
    let store = dir.open().await;
    let scope = add_tenant(&store, 1).await;
    let short = Tenant { retention_days: 10, ..tenant(1) };
    commit(&store, &scope, &[Change::TenantPut(short)]).await.expect("set");
    let records: Vec<_> = (0..4_500).map(|n| record(n, later(n as i64))).collect();
    store_records(&store, &records).await;
    let now = Wall(later(4_400).0 + 10 * 86_400_000);
    let mut steps = 1;
    while store.history_forget(now).await.expect("forgotten") {
        steps += 1;
    }
    assert_eq!(steps, 3);
    let left = store.history_count(&scope, &Filter::default()).await.expect("count");
    assert_eq!(left, 100);
}
