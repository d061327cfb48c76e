//! Signing in: one answer, a lock after three failures, passwords of every form, sessions.

use std::time::Duration;

use base::Wall;
use model::*;

use super::world::*;
use crate::*;

fn try_of<'a>(portal: Portal, user: &'a str, password: &'a str, now: Wall) -> Login<'a> {
    Login {
        portal,
        domain: "T1.example.jp",
        user,
        password,
        zone: Zone::Closed,
        address: Some([192, 0, 2, 7].into()),
        now,
    }
}

async fn admin_try(store: &Store, password: &str, now: Wall) -> LoginOutcome {
    store.login(try_of(Portal::Admin, "admin1", password, now)).await.expect("judged")
}

async fn user_try(store: &Store, password: &str, now: Wall) -> LoginOutcome {
    store.login(try_of(Portal::User, "WEB1", password, now)).await.expect("judged")
}

fn session_of(outcome: LoginOutcome) -> Session {
    match outcome {
        LoginOutcome::Ok(session) => *session,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn three_failures_lock_until_an_hour_later() {
    let dir = TempDir::new();
    let store = dir.open().await;
    let scope = add_tenant(&store, 1).await;
    let session = session_of(admin_try(&store, ADMIN_PASSWORD, T0).await);
    assert_eq!((session.scope.tenant(), session.must_change), (tenant_id(1), false));
    for _ in 0..2 {
        assert_eq!(admin_try(&store, "wrong", T0).await, LoginOutcome::Refused);
    }
    session_of(admin_try(&store, ADMIN_PASSWORD, T0).await);
    for _ in 0..3 {
        assert_eq!(admin_try(&store, "wrong", T0).await, LoginOutcome::Refused);
    }
    let until = Some(later(3_600));
    assert_eq!(admin_try(&store, ADMIN_PASSWORD, later(1)).await, LoginOutcome::Locked { until });
    let locked = store.locked(&scope, later(1)).await.expect("list");
    assert_eq!(locked.len(), 1);
    assert_eq!((locked[0].since, locked[0].until, locked[0].zone), (T0, until, Some(Zone::Closed)));
    assert_eq!(locked[0].owner, CredentialOwner::Admin(admin_id(1)));

    drop(store);
    let store = dir.open().await;
    assert_eq!(
        admin_try(&store, ADMIN_PASSWORD, later(3_599)).await,
        LoginOutcome::Locked { until },
        "a restart does not unlock"
    );
    session_of(admin_try(&store, ADMIN_PASSWORD, later(3_600)).await);
    assert_eq!(store.locked(&scope, later(3_600)).await.expect("list"), []);
}

#[tokio::test]
async fn names_that_do_not_exist_lock_alike() {
    let dir = TempDir::new();
    let store = dir.open().await;
    add_tenant(&store, 1).await;
    for portal in [Portal::Admin, Portal::User] {
        let attempt = try_of(portal, "nobody", "wrong", T0);
        for _ in 0..3 {
            assert_eq!(store.login(attempt).await.expect("judged"), LoginOutcome::Refused);
        }
        let until = Some(later(3_600));
        let fourth = store.login(attempt).await.expect("judged");
        assert_eq!(fourth, LoginOutcome::Locked { until });
        let domain = Login { domain: "unknown.example.jp", ..attempt };
        assert_eq!(store.login(domain).await.expect("judged"), LoginOutcome::Refused);
    }
}

#[tokio::test]
async fn a_lock_by_hand_ends_by_hand() {
    let dir = TempDir::new();
    let store = dir.open().await;
    let scope = add_tenant(&store, 1).await;
    let manual = Tenant { unlock_min: None, ..tenant(1) };
    commit(&store, &scope, &[Change::TenantPut(manual)]).await.expect("set");
    for _ in 0..3 {
        user_try(&store, "wrong", T0).await;
    }
    let day = later(86_400);
    assert_eq!(user_try(&store, USER_PASSWORD, day).await, LoginOutcome::Locked { until: None });
    let owner = CredentialOwner::User(user_id(1));
    store.unlock(&scope, owner, day).await.expect("unlocked");
    session_of(user_try(&store, USER_PASSWORD, day).await);
}

#[tokio::test]
async fn many_guesses_at_once_do_not_pass_the_lock() {
    let dir = TempDir::new();
    let store = dir.open().await;
    add_tenant(&store, 1).await;
    let wrong = || user_try(&store, "wrong", T0);
    let right = user_try(&store, USER_PASSWORD, later(1));
    let first = tokio::join!(wrong(), wrong(), wrong(), wrong(), wrong());
    let refused = [first.0, first.1, first.2, first.3, first.4];
    assert_eq!(refused.iter().filter(|o| **o == LoginOutcome::Refused).count(), 3);
    assert!(matches!(right.await, LoginOutcome::Locked { .. }));
}

#[tokio::test]
async fn bulk_passwords_work_in_every_form_and_become_lasting() {
    let dir = TempDir::new();
    let store = dir.open().await;
    add_tenant(&store, 1).await;
    let form = async |n: u128| -> i64 {
        let sql = "SELECT form FROM credential WHERE kind = 1 AND owner = $1";
        let owner = user_id(n).0.bytes().to_vec();
        let mut conn = store.main.lock().await;
        sqlx::query_scalar(sql).bind(owner).fetch_one(&mut *conn).await.expect("there")
    };
    assert_eq!((form(1).await, form(2).await), (1, 1));
    let session = session_of(user_try(&store, USER_PASSWORD, T0).await);
    assert!(session.must_change, "R027: to be replaced at the first login");
    assert_eq!(form(1).await, 0);
    session_of(user_try(&store, USER_PASSWORD, T0).await);

    assert_eq!(store.wrap_passwords(10).await.expect("wrapped"), 1);
    assert_eq!((form(2).await, store.wrap_passwords(10).await.expect("none left")), (2, 0));
    let attempt = try_of(Portal::User, "web2", "wrong", T0);
    assert_eq!(store.login(attempt).await.expect("judged"), LoginOutcome::Refused);
    let attempt = Login { password: USER_PASSWORD, ..attempt };
    session_of(store.login(attempt).await.expect("judged"));
    assert_eq!(form(2).await, 0);
}

#[tokio::test]
async fn who_is_stopped_or_deleted_is_refused() {
    let dir = TempDir::new();
    let store = dir.open().await;
    let scope = add_tenant(&store, 1).await;
    let session = session_of(user_try(&store, USER_PASSWORD, T0).await);
    let token = store.open_session(&session, T0).await.expect("token");
    let stopped = User { state: UserState::Stopped, ..user(1, "2001", 1) };
    commit(&store, &scope, &[Change::UserPut(stopped)]).await.expect("stopped");
    assert_eq!(user_try(&store, USER_PASSWORD, T0).await, LoginOutcome::Refused);
    assert_eq!(store.session(token.text(), None, T0).await.expect("read"), None);
}

#[tokio::test]
async fn a_site_administrator_enters_by_the_own_domain() {
    let dir = TempDir::new();
    let store = dir.open().await;
    let scope = add_tenant(&store, 1).await;
    let of_site = Admin { site: Some(site_id(5)), login: "branch".into(), ..admin(5, 1) };
    let set = [
        Change::SitePut(site(5, 1)),
        Change::AdminPut(of_site),
        password(CredentialOwner::Admin(admin_id(5)), ADMIN_PASSWORD, false),
    ];
    commit(&store, &scope, &set).await.expect("stored");
    let wrong_door = try_of(Portal::Admin, "branch", ADMIN_PASSWORD, T0);
    assert_eq!(store.login(wrong_door).await.expect("judged"), LoginOutcome::Refused);
    let door = Login { domain: "t5.example.jp", ..wrong_door };
    let session = session_of(store.login(door).await.expect("judged"));
    assert_eq!(session.scope.site(), Some(site_id(5)));
    let head_office = Login { user: "admin1", ..door };
    session_of(store.login(head_office).await.expect("judged"));
}

#[tokio::test]
async fn a_password_is_changed_by_its_owner_under_the_policy() {
    let dir = TempDir::new();
    let store = dir.open().await;
    add_tenant(&store, 1).await;
    let session = session_of(user_try(&store, USER_PASSWORD, T0).await);
    let token = store.open_session(&session, T0).await.expect("token");
    let change = async |current, new| {
        let change = PasswordChange { current, new, now: T0 };
        store.change_password(&session.scope, change).await.expect("judged")
    };
    assert_eq!(change("wrong", "long enough 1").await, PasswordOutcome::Refused);
    let short = change(USER_PASSWORD, "short").await;
    assert_eq!(short, PasswordOutcome::Policy(PasswordError::TooShort));
    assert_eq!(change(USER_PASSWORD, "long enough 1").await, PasswordOutcome::Changed);
    assert_eq!(store.session(token.text(), None, T0).await.expect("read"), None);
    assert_eq!(user_try(&store, USER_PASSWORD, T0).await, LoginOutcome::Refused);
    let session = session_of(user_try(&store, "long enough 1", later(1)).await);
    assert!(!session.must_change && !session.remind);
    let session = session_of(user_try(&store, "long enough 1", later(91 * 86_400)).await);
    assert!(session.remind, "R007: 90 days");
}

#[tokio::test]
async fn sessions_end_when_idle_or_old_or_closed() {
    let dir = TempDir::new();
    let store = dir.open().await;
    add_tenant(&store, 1).await;
    let session = session_of(admin_try(&store, ADMIN_PASSWORD, T0).await);
    let token = store.open_session(&session, T0).await.expect("token");
    assert_eq!(token.text().len(), 64);
    let alive = async |token: &Token, at| {
        store.session(token.text(), None, at).await.expect("read").is_some()
    };
    assert!(alive(&token, later(29 * 60)).await);
    assert!(alive(&token, later(58 * 60)).await, "each request keeps it");
    assert!(!alive(&token, later(89 * 60)).await);

    let token = store.open_session(&session, T0).await.expect("token");
    for minutes in (0..12 * 60).step_by(25) {
        assert!(alive(&token, later(minutes * 60)).await, "{minutes}");
    }
    assert!(!alive(&token, later(12 * 3_600 + 1)).await);

    let token = store.open_session(&session, T0).await.expect("token");
    store.close_session(token.text()).await.expect("closed");
    assert!(!alive(&token, T0).await);
    let token = store.open_session(&session, T0).await.expect("token");
    store.expel(&session.scope, Portal::Admin, Zone::Internet).await.expect("expelled");
    assert!(alive(&token, T0).await, "the closed zone stays");
    store.expel(&session.scope, Portal::Admin, Zone::Closed).await.expect("expelled");
    assert!(!alive(&token, T0).await);
    assert_eq!(store.session("nonsense", None, T0).await.expect("read"), None);
}

#[tokio::test]
async fn a_flood_of_logins_is_refused_beyond_the_queue() {
    let dir = TempDir::new();
    let store = dir.open().await;
    add_tenant(&store, 1).await;
    let mut logins = Vec::new();
    for n in 0..80 {
        let user = format!("ghost{n}");
        let store = &store;
        logins.push(Box::pin(async move {
            store.login(try_of(Portal::User, &user, "wrong", T0)).await
        }));
    }
    // Poll each once: the first 52 wait or run, the rest are told to come again.
    let mut busy = 0;
    for login in &mut logins {
        let now = tokio::time::timeout(Duration::ZERO, login).await;
        busy += usize::from(matches!(now, Ok(Err(LoginError::Busy))));
    }
    assert_eq!(busy, 80 - 52);
}
