//! Extension and PIN typed at a terminal (R233, R234, SEC-08).

use std::sync::atomic::Ordering;

use model::{Change, CredentialOwner, User, UserState};

use super::world::{T0, TempDir, add_tenant, commit, device_id, later, password, user, user_id};
use crate::{Actor, Store, TerminalOutcome};

/// Types at the terminal `device`; one letter tells the outcome.
async fn types(store: &Store, device: u128, extension: &str, pin: &str, at: i64) -> char {
    let device = device_id(device);
    match store.judge_terminal(device, extension, pin, later(at)).await.expect("judged") {
        TerminalOutcome::Good(_) => 'g',
        TerminalOutcome::Wrong => 'w',
        TerminalOutcome::Locked => 'l',
    }
}

fn pin(n: u128, text: &str) -> Change {
    password(CredentialOwner::Pin(user_id(n)), text, false)
}

async fn with_pins() -> (TempDir, Store) {
    let dir = TempDir::new();
    let store = dir.open().await;
    let scope = add_tenant(&store, 1).await;
    commit(&store, &scope, &[pin(1, "4711"), pin(2, "5813")]).await.expect("set");
    (dir, store)
}

#[tokio::test]
async fn who_is_right_acts_by_the_name_of_the_terminal() {
    let (_dir, store) = with_pins().await;
    let judged = store.judge_terminal(device_id(2), "2001", "4711", T0).await.expect("judged");
    let TerminalOutcome::Good(scope) = judged else { panic!("{judged:?}") };
    assert_eq!((scope.actor(), scope.name()), (Actor::User(user_id(1)), "sip2"));
}

#[tokio::test]
async fn nobody_learns_whether_an_extension_exists() {
    let (_dir, store) = with_pins().await;
    let scope = store.operator_scope(super::world::tenant_id(1));
    let stopped = User { state: UserState::Stopped, ..user(3, "2003", 1) };
    let changes = [Change::UserPut(stopped), Change::UserPut(user(4, "2004", 1))];
    commit(&store, &scope, &changes).await.expect("one stopped, one without PIN");
    // Each from a terminal of its own minute, so that only the extension is limited.
    for (n, extension) in
        ["2001", "2003", "2004", "2999", "70000000000000000000"].iter().enumerate()
    {
        let at = n as i64 * 10_000;
        let mut told = String::new();
        for second in 0..7 {
            let device = 1 + u128::from(second % 2 == 0);
            told.push(types(&store, device, extension, "0000", at + second).await);
        }
        assert_eq!(told, "wwwwwll", "{extension}");
        assert_eq!(types(&store, 1, extension, "0000", at + 910).await, 'w', "{extension}");
    }
}

/// R234, SEC-05: whatever is wrong, one slow hash is made, and none while a lock holds.
#[tokio::test]
async fn whatever_is_wrong_costs_the_same_hashing() {
    let (_dir, store) = with_pins().await;
    let scope = store.operator_scope(super::world::tenant_id(1));
    let stopped = User { state: UserState::Stopped, ..user(3, "2003", 1) };
    let mut changes = vec![Change::UserPut(stopped), Change::UserPut(user(4, "2004", 1))];
    changes.push(pin(3, "4711"));
    // As a bulk import leaves it.
    let imported = CredentialOwner::Pin(user_id(2));
    changes.push(password(imported, "5813", true));
    commit(&store, &scope, &changes).await.expect("set");
    let hashes = || store.hashing.made.load(Ordering::Relaxed);
    let long = "1".repeat(300);
    for (n, (extension, pin)) in [
        ("2001", "0000"),
        ("2001", ""),
        ("2001", long.as_str()),
        ("2002", "0000"),
        ("2003", "4711"),
        ("2004", "0000"),
        ("2999", "0000"),
        ("70000000000000000000", "0000"),
        ("", "0000"),
    ]
    .into_iter()
    .enumerate()
    {
        let before = hashes();
        let told = types(&store, 1, extension, pin, n as i64 * 100).await;
        assert_eq!((told, hashes() - before), ('w', 1), "{extension} {pin}");
    }
    for (extension, at) in [("2001", 2_000), ("2999", 4_000)] {
        for second in 0..5 {
            let device = 1 + u128::from(second % 2 == 0);
            types(&store, device, extension, "0000", at + second).await;
        }
        let before = hashes();
        assert_eq!(types(&store, 1, extension, "4711", at + 6).await, 'l');
        assert_eq!(hashes(), before, "{extension}");
    }
}

#[tokio::test]
async fn five_wrong_ones_within_a_minute_are_too_many_and_slower_ones_are_not() {
    let (_dir, store) = with_pins().await;
    for at in [0, 20, 40, 60, 80, 100] {
        assert_eq!(types(&store, 1, "2001", "0000", at).await, 'w');
    }
    assert_eq!(types(&store, 1, "2001", "4711", 101).await, 'g');
    // A success forgives.
    for at in 102..106 {
        assert_eq!(types(&store, 1, "2001", "0000", at).await, 'w');
    }
    assert_eq!(types(&store, 1, "2001", "4711", 106).await, 'g');
    // What is counted outlives the process.
    let dir = TempDir::new();
    let scope = add_tenant(&dir.open().await, 1).await;
    let store = dir.open().await;
    let pin = password(CredentialOwner::Pin(user_id(1)), "4711", false);
    commit(&store, &scope, &[pin]).await.expect("set");
    for at in 0..4 {
        assert_eq!(types(&store, 1, "2001", "0000", at).await, 'w');
    }
    drop(store);
    let store = dir.open().await;
    assert_eq!(types(&store, 2, "2001", "0000", 4).await, 'w');
    assert_eq!(types(&store, 2, "2001", "4711", 5).await, 'l');
}

#[tokio::test]
async fn a_terminal_at_which_many_extensions_are_tried_waits() {
    let (_dir, store) = with_pins().await;
    for (at, extension) in ["2002", "2990", "2991", "2992", "2993"].iter().enumerate() {
        assert_eq!(types(&store, 1, extension, "1234", at as i64).await, 'w');
    }
    assert_eq!(types(&store, 1, "2001", "4711", 5).await, 'l');
    assert_eq!(types(&store, 2, "2001", "4711", 5).await, 'g', "another terminal");
    assert_eq!(types(&store, 1, "2001", "4711", 905).await, 'g');
}
