use base::{Secret, Wall};
use model::{Code, CodeKind, Codes, Options, Outside, Preset, TenantOption};
use store::{Login, LoginOutcome, Portal, Zone};

use super::{DOMAIN, NOW, empty, house, request, rng};
use crate::Lang;
use crate::init::{InitError, init};
use crate::login::{SignIn, sign_in};

fn login<'a>(user: &'a str, password: &'a str) -> Login<'a> {
    Login {
        portal: Portal::Admin,
        domain: DOMAIN,
        user,
        password,
        zone: Zone::Closed,
        address: None,
        now: NOW,
    }
}

#[tokio::test]
async fn a_generated_password_signs_in_and_must_be_replaced() {
    let (store, path) = empty().await;
    let made = init(&store, request(), NOW, &mut rng()).await.expect("made");
    let tenant = made.snapshot.tenant(made.tenant).expect("in the snapshot");
    assert_eq!((&*tenant.name, &*tenant.realm), ("見本商事", DOMAIN));
    assert_eq!((tenant.preset, tenant.quota), (Preset::OfficeLink, None));
    assert!(!tenant.sip_secret_compat);
    let password = made.password.as_ref().expect("generated").expose().clone();
    let outcome = store.login(login("kanri", &password)).await.expect("judged");
    let LoginOutcome::Ok(session) = outcome else { panic!("{outcome:?}") };
    assert!(session.must_change);
    let lines = made.lines(Lang::Ja, "kanri");
    assert!(lines.iter().any(|l| l.contains(&password)), "{lines:?}");
    std::fs::remove_dir_all(path).expect("removed");
}

#[tokio::test]
async fn a_new_tenant_has_the_default_codes_and_all_options_but_one() {
    let (store, path) = empty().await;
    let made = init(&store, request(), NOW, &mut rng()).await.expect("made");
    let tenant = made.snapshot.tenant(made.tenant).expect("in the snapshot");
    assert_eq!(tenant.codes, Codes::default());
    assert_eq!(tenant.code(CodeKind::Pickup), Code::parse("*55").ok());
    assert_eq!(tenant.options, Options::ALL.without(TenantOption::InCallCodes));
    assert_eq!(tenant.code(CodeKind::Hold), None, "set, but not contracted");
    assert!(tenant.announcements);
    let outside: Vec<_> = made.snapshot.sites(made.tenant).map(|s| s.transfer_outside).collect();
    assert_eq!(outside, [Outside::Domestic]);
    std::fs::remove_dir_all(path).expect("removed");
}

#[tokio::test]
async fn a_given_password_need_not_be_replaced() {
    let (store, path) = empty().await;
    let password = Some(Secret::new("correct horse".to_owned()));
    let request = super::InitRequest { password, ..request() };
    let made = init(&store, request, NOW, &mut rng()).await.expect("made");
    assert!(made.password.is_none());
    assert_eq!(made.lines(Lang::En, "kanri").len(), 3, "what was made, the token, its note");
    let outcome = sign_in(&store, login("kanri", "correct horse")).await.expect("judged");
    let SignIn::Done(done) = outcome else { panic!("{outcome:?}") };
    assert!(!done.session.must_change);
    std::fs::remove_dir_all(path).expect("removed");
}

#[tokio::test]
async fn a_new_company_has_a_token_of_an_administrator() {
    let (store, path) = empty().await;
    let made = init(&store, request(), NOW, &mut rng()).await.expect("made");
    let token = made.token.as_ref().expect("a token").expose();
    for lang in Lang::ALL {
        let shown = made.lines(lang, "kanri").iter().filter(|l| l.contains(token)).count();
        assert_eq!(shown, 1);
    }
    let scope = store.api_scope(token, None, NOW).await.expect("read").expect("known");
    assert_eq!(scope.tenant(), made.tenant);
    assert!(matches!(scope.actor(), store::Actor::Token(_)));
    let year = Wall(NOW.0 + 365 * 86_400_000);
    assert!(store.api_scope(token, None, year).await.expect("read").is_none(), "it ends");
    std::fs::remove_dir_all(path).expect("removed");
}

#[tokio::test]
async fn what_breaks_a_rule_is_refused_with_a_sentence() {
    let house = house().await;
    let cases = [
        (super::InitRequest { domain: "MIHON.example".into(), ..request() }, "見本商事"),
        (super::InitRequest { domain: "10.0.0.1".into(), ..request() }, "10.0.0.1"),
        (super::InitRequest { domain: "a b".into(), ..request() }, "a b"),
        (super::InitRequest { domain: "b.example".into(), name: " ".into(), ..request() }, "0文字"),
        (
            super::InitRequest { domain: "b.example".into(), admin: "管理".into(), ..request() },
            "管理",
        ),
        (
            super::InitRequest {
                domain: "b.example".into(),
                password: Some(Secret::new("short".into())),
                ..request()
            },
            "10文字以上",
        ),
    ];
    for (request, word) in cases {
        let error = init(&house.store, request, NOW, &mut rng()).await.expect_err(word);
        let sentence = error.sentence(Lang::Ja);
        assert!(sentence.contains(word), "{sentence}");
        assert_ne!(error.sentence(Lang::En), sentence);
    }
    assert_eq!(house.store.snapshot().tenants().count(), 1);
}

#[tokio::test]
async fn the_first_tenant_is_the_default_and_a_second_may_follow() {
    let house = house().await;
    let second = super::InitRequest { domain: "second.example".into(), ..request() };
    let other = rng().derive("second");
    let later = Wall(NOW.0 + 1);
    let made = init(&house.store, second, later, &mut { other }).await.expect("made");
    let snapshot = house.store.snapshot();
    assert_eq!(snapshot.tenants().count(), 2);
    let default = snapshot.tenant_of_domain("192.0.2.1").map(|t| t.id);
    assert_eq!(default, Some(house.scope.tenant()));
    assert_ne!(default, Some(made.tenant));
    let taken = super::InitRequest { domain: "second.example".into(), ..request() };
    let error = init(&house.store, taken, NOW, &mut rng()).await.expect_err("taken");
    assert!(matches!(error, InitError::DomainTaken(..)));
}

#[tokio::test]
async fn three_failures_lock_with_the_time_of_the_end() {
    let house = house().await;
    for _ in 0..2 {
        let outcome = sign_in(&house.store, login("kanri", "wrong")).await.expect("judged");
        let sentence = outcome.sentence(Lang::Ja, Portal::Admin).expect("refused");
        assert!(sentence.contains("どれかが違います"), "{sentence}");
    }
    sign_in(&house.store, login("kanri", "wrong")).await.expect("judged");
    let outcome = sign_in(&house.store, login("kanri", "wrong")).await.expect("judged");
    let sentence = outcome.sentence(Lang::Ja, Portal::Admin).expect("locked");
    assert!(sentence.contains("2026/07/01 10:00:00"), "{sentence}");
}
