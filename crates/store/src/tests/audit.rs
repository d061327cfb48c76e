//! The trail tells who did what, and shows when a row is altered or gone.

use super::world::*;
use crate::{Actor, AuditFault};
use model::*;

#[tokio::test]
async fn the_trail_tells_before_and_after_without_passwords() {
    let dir = TempDir::new();
    let store = dir.open().await;
    let scope = add_tenant(&store, 1).await;
    let change = Change::UserPut(User { name: "佐藤".into(), ..user(1, "2001", 1) });
    commit(&store, &scope, std::slice::from_ref(&change)).await.expect("stored");
    store.note(&scope, "export", "history", later(9)).await.expect("noted");
    let page = store.audit_page(&scope, None, 10).await.expect("readable");
    let acts: Vec<_> = page.iter().map(|e| (e.number, &*e.act)).collect();
    assert_eq!(acts, [(3, "export"), (2, "test"), (1, "test")]);
    assert_eq!(page[1].actor, Some(Actor::Operator));
    assert_eq!(page[1].before, [Change::UserPut(user(1, "2001", 1))]);
    assert_eq!(page[1].after, [change]);
    assert!(page[2].detail.contains("passwords=3"));
    assert_eq!(store.audit_page(&scope, Some(3), 1).await.expect("readable")[0].number, 2);
    let foreign = store.operator_scope(tenant_id(2));
    assert_eq!(store.audit_page(&foreign, None, 10).await.expect("readable"), []);
}

#[tokio::test]
async fn altered_and_missing_rows_are_found() {
    for (damage, fault) in [
        ("UPDATE audit SET detail = 'x' WHERE number = 2", AuditFault::Altered(2)),
        ("UPDATE audit SET after_blob = NULL WHERE number = 1", AuditFault::Altered(1)),
        ("DELETE FROM audit WHERE number = 2", AuditFault::Missing(2)),
        ("DELETE FROM audit WHERE number = 4", AuditFault::Missing(4)),
    ] {
        let dir = TempDir::new();
        let store = dir.open().await;
        let scope = add_tenant(&store, 1).await;
        for n in 0..3 {
            store.note(&scope, "export", &n.to_string(), T0).await.expect("noted");
        }
        assert_eq!(store.audit_check(&scope).await.expect("walked"), None);
        sqlx::query(damage).execute(&mut *store.main.lock().await).await.expect("damaged");
        assert_eq!(store.audit_check(&scope).await.expect("walked"), Some(fault), "{damage}");
    }
}

#[tokio::test]
async fn a_long_trail_is_checked_in_parts() {
    let dir = TempDir::new();
    let store = dir.open().await;
    let scope = add_tenant(&store, 1).await;
    for _ in 0..420 {
        store.note(&scope, "export", "", T0).await.expect("noted");
    }
    assert_eq!(store.audit_check(&scope).await.expect("walked"), None);
}
