//! Tokens of the API: found by their text alone, in force until revoked or over.

use base::Uuid;
use base::id::ApiTokenId;

use super::world::{T0, TempDir, add_tenant, later, tenant_id};
use crate::{Actor, ApiRole, NewApiToken, Store};

async fn company(dir: &TempDir) -> Store {
    let store = dir.open().await;
    add_tenant(&store, 1).await;
    store
}

async fn make(store: &Store, n: u128, role: ApiRole, hours: Option<i64>) -> String {
    let id = ApiTokenId(Uuid(n));
    let expires_at = hours.map(|h| later(h * 3_600));
    let new = NewApiToken { id, name: "nightly sync\n", role, expires_at };
    let scope = store.operator_scope(tenant_id(1));
    let text = store.make_api_token(&scope, new, T0).await.expect("stored");
    text.expect("not too many").expose().clone()
}

#[tokio::test]
async fn a_token_opens_its_tenant_until_it_is_revoked() {
    let dir = TempDir::new();
    let store = company(&dir).await;
    let text = make(&store, 7, ApiRole::Administrator, None).await;
    assert_eq!(text.len(), "naisen_".len() + 64);
    let scope = store.api_scope(&text, None, later(60)).await.expect("read").expect("known");
    assert_eq!((scope.tenant(), scope.site()), (tenant_id(1), None));
    assert_eq!(scope.actor(), Actor::Token(ApiTokenId(Uuid(7))));
    assert_eq!(scope.name(), "nightly sync");
    for wrong in ["", "naisen_", &text[..70], &text.to_uppercase()] {
        let found = store.api_scope(wrong, None, T0).await.expect("read");
        assert!(found.is_none(), "{wrong}");
    }
    let (ours, theirs) = (store.operator_scope(tenant_id(1)), store.operator_scope(tenant_id(2)));
    let id = ApiTokenId(Uuid(7));
    assert!(!store.revoke_api_token(&theirs, id, T0).await.expect("another tenant's"));
    assert!(store.revoke_api_token(&ours, id, T0).await.expect("revoked"));
    assert!(!store.revoke_api_token(&ours, id, T0).await.expect("once only"));
    assert!(store.api_scope(&text, None, T0).await.expect("read").is_none());
    assert_eq!(store.api_tokens(&ours).await.expect("read"), []);
    let acts = store.audit_page(&ours, None, 2).await.expect("read");
    let acts: Vec<_> = acts.iter().map(|a| &*a.act).collect();
    assert_eq!(acts, ["token-revoked", "token-made"]);
}

#[tokio::test]
async fn a_token_ends_by_itself_and_survives_a_restart_until_then() {
    let dir = TempDir::new();
    let store = company(&dir).await;
    let text = make(&store, 7, ApiRole::Operator, Some(1)).await;
    drop(store);
    let store = dir.open().await;
    let scope = store.api_scope(&text, None, later(3_599)).await.expect("read").expect("known");
    assert_eq!(scope.actor(), Actor::Operator);
    assert!(store.api_scope(&text, None, later(3_600)).await.expect("read").is_none());
    let listed = store.api_tokens(&scope).await.expect("read");
    assert_eq!(listed.len(), 1, "what is over is shown until it is revoked");
    assert_eq!((listed[0].role, &*listed[0].name), (ApiRole::Operator, "nightly sync"));
}

#[tokio::test]
async fn the_text_of_a_token_is_not_in_the_folder() {
    let dir = TempDir::new();
    let store = company(&dir).await;
    let text = make(&store, 7, ApiRole::Administrator, None).await;
    let digits = text.trim_start_matches("naisen_").as_bytes();
    for file in std::fs::read_dir(dir.path()).expect("a folder").flatten() {
        if file.file_type().is_ok_and(|t| t.is_file()) {
            let bytes = std::fs::read(file.path()).expect("readable");
            assert!(!bytes.windows(digits.len()).any(|w| w == digits), "{:?}", file.path());
        }
    }
}
