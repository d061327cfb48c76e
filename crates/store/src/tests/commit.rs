//! What is committed is there after a restart, whole or not at all, for its own tenant only.

use std::sync::Arc;

use model::violation::code;
use model::*;
use sqlx::Connection;

use super::world::*;
use crate::{Actor, AnswerOf, Commit, CommitError, KeyedRequest, Repeated, TenantScope};

#[tokio::test]
async fn a_restart_finds_the_same_configuration() {
    let dir = TempDir::new();
    let before = {
        let store = dir.open().await;
        let scope = add_tenant(&store, 1).await;
        add_tenant(&store, 2).await;
        let line = MobileLine {
            number: base::MobileNumber::parse("09012345678").expect("shape"),
            tenant: tenant_id(1),
            state: MobileState::Assigned,
            dn: Some(user(1, "2001", 1).dn),
            requested_at: Some(T0),
            activated_at: Some(later(1)),
            cancelled_at: None,
        };
        commit(&store, &scope, &[Change::MobilePut(line)]).await.expect("stored");
        store.snapshot()
    };
    let after = dir.open().await.snapshot();
    assert_eq!(after, before);
    assert_eq!(after.revision(), before.revision());
    for n in [1, 2] {
        assert_eq!(after.tenant_revision(tenant_id(n)), before.tenant_revision(tenant_id(n)));
    }
}

#[tokio::test]
async fn people_swap_numbers_and_an_import_is_larger_than_a_statement() {
    let dir = TempDir::new();
    let store = dir.open().await;
    let scope = add_tenant(&store, 1).await;
    let swap = [
        Change::UserPut(User { web_user: "web2".into(), ..user(1, "2002", 1) }),
        Change::UserPut(User { web_user: "web1".into(), ..user(2, "2001", 1) }),
    ];
    commit(&store, &scope, &swap).await.expect("swapped");
    let rows: Vec<Change> = (0..137u128)
        .flat_map(|n| {
            let number = format!("3{n:03}");
            let (u, d) = (user(100 + n, &number, 1), device(100 + n, 1));
            let secret = password(CredentialOwner::User(u.id), "xyz98765", true);
            [Change::UserPut(u), Change::DevicePut(d), secret]
        })
        .collect();
    commit(&store, &scope, &rows).await.expect("imported");
    let removed: Vec<Change> = (0..100u128)
        .flat_map(|n| {
            [Change::UserDelete(user_id(100 + n)), Change::DeviceDelete(device_id(100 + n))]
        })
        .collect();
    commit(&store, &scope, &removed).await.expect("deleted");
    let expected = store.snapshot();
    let count = "SELECT COUNT(*) FROM credential";
    let count: i64 =
        sqlx::query_scalar(count).fetch_one(&mut *store.main.lock().await).await.expect("count");
    assert_eq!(count, 3 + 37);
    drop(store);
    assert_eq!(dir.open().await.snapshot(), expected);
    assert_eq!(expected.users(tenant_id(1)).count(), 39);
}

#[tokio::test]
async fn refused_changes_leave_no_trace() {
    let dir = TempDir::new();
    let store = dir.open().await;
    let scope = add_tenant(&store, 1).await;
    let before = store.snapshot();
    let rows = [Change::UserPut(user(9, "2009", 1)), Change::UserPut(user(8, "2001", 1))];
    let Err(CommitError::Violations(found)) = commit(&store, &scope, &rows).await else {
        panic!("a duplicate was stored");
    };
    assert_eq!((found.len(), found[0].code), (1, code::DUPLICATE));
    assert!(Arc::ptr_eq(&before, &store.snapshot()));
    drop(store);
    assert_eq!(dir.open().await.snapshot(), before);
}

#[tokio::test]
async fn the_second_of_two_who_saw_the_same_is_refused() {
    let dir = TempDir::new();
    let store = dir.open().await;
    let scope = add_tenant(&store, 1).await;
    let other = add_tenant(&store, 2).await;
    let seen = store.snapshot().tenant_revision(tenant_id(1));
    let rename = |name: &str| [Change::UserPut(User { name: name.into(), ..user(1, "2001", 1) })];
    let (a, b) = (rename("佐藤"), rename("鈴木"));
    let ask = |changes| Commit { seen, changes, act: "edit", detail: "", at: T0 };
    let elsewhere = [Change::SitePut(site(3, 2))];
    // Many at once: exactly one of those who saw this revision wins.
    let results = tokio::join!(
        store.commit(&scope, ask(&a)),
        store.commit(&scope, ask(&b)),
        store.commit(&scope, ask(&a)),
        store.commit(&scope, ask(&b)),
        commit(&store, &other, &elsewhere),
    );
    let mine = [results.0.is_ok(), results.1.is_ok(), results.2.is_ok(), results.3.is_ok()];
    assert_eq!(mine.iter().filter(|ok| **ok).count(), 1);
    assert!(matches!(results.3, Err(CommitError::Conflict(_))));
    assert!(results.4.is_ok(), "another tenant is no conflict");
}

#[tokio::test]
async fn nobody_changes_another_tenant_or_site() {
    let dir = TempDir::new();
    let store = dir.open().await;
    let scope = add_tenant(&store, 1).await;
    add_tenant(&store, 2).await;
    commit(&store, &scope, &[Change::SitePut(site(5, 1))]).await.expect("second site");
    let forbidden = |result: Result<_, CommitError>| {
        assert!(matches!(result, Err(CommitError::Forbidden(0))), "{:?}", result.err());
    };
    let foreign = User { site: site_id(2), tenant: tenant_id(2), ..user(7, "2007", 2) };
    forbidden(commit(&store, &scope, &[Change::UserPut(foreign)]).await);
    forbidden(commit(&store, &scope, &[Change::SiteDelete(site_id(2))]).await);

    let site_admin =
        TenantScope::new(tenant_id(1), Some(site_id(5)), Actor::Admin(admin_id(1)), "a", None);
    let renamed = User { name: "佐藤".into(), ..user(1, "2001", 1) };
    forbidden(commit(&store, &site_admin, &[Change::UserPut(renamed)]).await);
    let moved = User { site: site_id(5), ..user(1, "2001", 1) };
    forbidden(commit(&store, &site_admin, &[Change::UserPut(moved)]).await);
    let own = User { site: site_id(5), ..user(7, "2007", 1) };
    commit(&store, &site_admin, &[Change::UserPut(own)]).await.expect("own site");

    let admin = TenantScope::new(tenant_id(1), None, Actor::Admin(admin_id(1)), "a", None);
    let quota = Tenant { quota: Some(9_999), ..tenant(1) };
    forbidden(commit(&store, &admin, &[Change::TenantPut(quota)]).await);
    let line = |state, dn: Option<&str>| {
        Change::MobilePut(MobileLine {
            number: base::MobileNumber::parse("09012345678").expect("shape"),
            tenant: tenant_id(1),
            state,
            dn: dn.map(|dn| base::Dn::parse(dn).expect("digits")),
            requested_at: None,
            activated_at: None,
            cancelled_at: None,
        })
    };
    forbidden(commit(&store, &admin, &[line(MobileState::Unassigned, None)]).await);
    commit(&store, &admin, &[line(MobileState::Requested, None)]).await.expect("a wish");
    forbidden(commit(&store, &admin, &[line(MobileState::Assigned, Some("2001"))]).await);
    commit(&store, &scope, &[line(MobileState::Unassigned, None)]).await.expect("activated");
    commit(&store, &admin, &[line(MobileState::Assigned, Some("2001"))]).await.expect("assigned");
    let person = TenantScope::new(tenant_id(1), None, Actor::User(user_id(1)), "u", None);
    forbidden(commit(&store, &person, &[Change::UserPut(user(1, "2001", 1))]).await);
}

#[tokio::test]
async fn followers_see_each_commit_and_undo_takes_one_back() {
    let dir = TempDir::new();
    let store = dir.open().await;
    let scope = add_tenant(&store, 1).await;
    let mut follower = store.watch();
    follower.borrow_and_update();
    let before = store.snapshot();
    let set = [
        Change::DeviceDelete(device_id(2)),
        Change::UserDelete(user_id(2)),
        Change::UserPut(User { name: "佐藤".into(), ..user(1, "2001", 1) }),
    ];
    let done = commit(&store, &scope, &set).await.expect("stored");
    assert!(follower.has_changed().expect("open"));
    assert!(Arc::ptr_eq(&done.snapshot, &follower.borrow_and_update()));

    let undone = store.undo(&scope, done.audit, later(5)).await.expect("undone");
    assert_eq!(undone.snapshot, before);
    assert!(undone.snapshot.revision() > done.snapshot.revision());
    let again = store.undo(&scope, done.audit, later(6)).await;
    assert!(matches!(again, Err(CommitError::Conflict(_))), "what it made is no longer there");
    assert_eq!(dir_reopened(dir, store).await, *before);
}

async fn dir_reopened(dir: TempDir, store: crate::Store) -> Snapshot {
    drop(store);
    Snapshot::clone(&dir.open().await.snapshot())
}

#[tokio::test]
async fn a_commit_whose_caller_went_away_is_found_by_the_next() {
    let dir = TempDir::new();
    let store = dir.open().await;
    let scope = add_tenant(&store, 1).await;
    // As if a commit had reached the database and its future had been dropped before publishing.
    {
        let mut conn = store.main.lock().await;
        let mut tx = conn.begin().await.expect("begins");
        for sql in [
            "UPDATE person SET name = '佐藤' WHERE dn = '2001'",
            "UPDATE revision SET number = number + 1",
            "UPDATE tenant_revision SET number = number + 1",
        ] {
            sqlx::query(sql).execute(&mut *tx).await.expect("runs");
        }
        tx.commit().await.expect("commits");
    }
    let stale = [Change::UserPut(User { name: "鈴木".into(), ..user(1, "2001", 1) })];
    let first = commit(&store, &scope, &stale).await;
    assert!(matches!(first, Err(CommitError::Conflict(_))), "{:?}", first.err());
    let name = store.snapshot().user(user_id(1)).map(|u| u.name.clone());
    assert_eq!(name.as_deref(), Some("佐藤"));
    commit(&store, &scope, &stale).await.expect("planned on the newest");
}

#[tokio::test]
async fn no_secret_stands_in_the_files() {
    let dir = TempDir::new();
    let store = dir.open().await;
    let scope = add_tenant(&store, 1).await;
    let change = Change::DevicePut(Device { label: "会議室".into(), ..device(1, 1) });
    commit(&store, &scope, &[change]).await.expect("an undo record with HA1 in it");
    let device = device(1, 1);
    let ha1 = |bytes: &[u8]| bytes.to_vec();
    let needles = [
        ha1(&device.ha1_md5),
        ha1(&device.ha1_sha256),
        SECRET.into(),
        ADMIN_PASSWORD.into(),
        USER_PASSWORD.into(),
    ];
    let mut files = 0;
    for entry in std::fs::read_dir(dir.path()).expect("folder") {
        let path = entry.expect("entry").path();
        let bytes = std::fs::read(&path).expect("file");
        files += usize::from(bytes.windows(4).any(|w| w == "sip1".as_bytes()));
        for needle in &needles {
            let found = bytes.windows(needle.len()).any(|w| w == needle.as_slice());
            assert!(!found, "{path:?} holds a secret");
        }
    }
    assert!(files > 0, "the search looks at the right files");
}

/// What a crash leaves is the change with its answer, or neither.
#[tokio::test]
async fn an_answer_is_kept_with_its_change_or_not_at_all() {
    let dir = TempDir::new();
    let store = dir.open().await;
    let scope = add_tenant(&store, 1).await;
    let request = KeyedRequest { key: "order-1", asked: &[b"POST", b"{}"] };
    let answer = |after: &Snapshot| format!("revision {}", after.revision().0).into_bytes();
    let kept = Some(AnswerOf { request, answer: &answer });
    let changes = [Change::UserPut(user(3, "2003", 1))];
    let seen = store.snapshot().tenant_revision(scope.tenant());
    let stale =
        Commit { seen: Revision(seen.0 - 1), changes: &changes, act: "test", detail: "", at: T0 };
    assert!(store.commit_answered(&scope, stale, kept).await.is_err());
    assert_eq!(store.kept_answer(&scope, request, T0).await.expect("readable"), Repeated::No);
    let done = store.commit_answered(&scope, Commit { seen, ..stale }, kept).await.expect("valid");
    drop(store);
    let store = dir.open().await;
    assert_eq!(store.snapshot(), done.snapshot);
    let told = answer(&done.snapshot);
    let found = store.kept_answer(&scope, request, T0).await.expect("readable");
    assert_eq!(found, Repeated::Yes(told));
}
