//! One owner, private files, no new key over old secrets.

use std::os::unix::fs::PermissionsExt;

use super::world::*;
use crate::{OpenError, Options, Store};

async fn refused(dir: &TempDir) -> OpenError {
    match Store::open(dir.path(), Options::default()).await {
        Ok(_) => panic!("must be refused"),
        Err(e) => e,
    }
}

#[tokio::test]
async fn a_folder_has_one_owner_at_a_time() {
    let dir = TempDir::new();
    let first = dir.open().await;
    assert!(matches!(refused(&dir).await, OpenError::InUse(_)));
    drop(first);
    dir.open().await;
}

#[tokio::test]
async fn folder_and_key_are_private() {
    let dir = TempDir::new();
    std::fs::create_dir_all(dir.path()).expect("folder");
    let open_to_all = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(dir.path(), open_to_all).expect("mode");
    let _store = dir.open().await;
    let mode = |name: &str| {
        let meta = std::fs::metadata(dir.path().join(name)).expect("exists");
        meta.permissions().mode() & 0o777
    };
    assert_eq!((mode(""), mode("key"), mode("lock")), (0o700, 0o600, 0o600));
}

#[tokio::test]
async fn a_lost_or_cut_key_is_refused_not_replaced() {
    let dir = TempDir::new();
    drop(dir.open().await);
    let key = dir.path().join("key");
    let bytes = std::fs::read(&key).expect("key");
    std::fs::write(&key, &bytes[..31]).expect("cut");
    assert!(matches!(refused(&dir).await, OpenError::Key(_)));
    std::fs::remove_file(&key).expect("lost");
    assert!(matches!(refused(&dir).await, OpenError::Key(_)));
    std::fs::write(&key, &bytes).expect("found again");
    dir.open().await;
}

#[tokio::test]
async fn another_key_opens_no_secret() {
    let dir = TempDir::new();
    add_tenant(&dir.open().await, 1).await;
    std::fs::write(dir.path().join("key"), [7; 32]).expect("other key");
    assert!(matches!(refused(&dir).await, OpenError::Database(_)));
}

#[tokio::test]
async fn a_damaged_soft_database_is_made_anew() {
    let dir = TempDir::new();
    drop(dir.open().await);
    std::fs::write(dir.path().join("soft.db"), b"not a database, but long enough").expect("bad");
    let store = dir.open().await;
    assert_eq!(store.bindings(T0).await.expect("readable"), []);
}
