//! Locks of users and the own password (R052, R055); every page in both languages.

use model::CredentialOwner;
use store::{Login, LoginOutcome, Portal as Which, Zone};

use super::world::{PASSWORD, user_id};
use super::{Browser, World};

async fn admin(world: &World) -> Browser {
    Browser::signed_in(world, "mihon.example", "kanri").await
}

/// Locks the portal login of an extension by three wrong passwords.
async fn lock_user(world: &World, domain: &str, tenant: u32, dn: u32) {
    let owner = CredentialOwner::User(user_id(tenant, dn));
    let mut content = super::world::Content::default();
    content.password(tenant, owner, "abcd1234", false);
    world.commit(&content).await;
    let user = format!("user{dn}");
    for _ in 0..3 {
        let login = Login {
            portal: Which::User,
            domain,
            user: &user,
            password: "wrong",
            zone: Zone::Internet,
            address: "203.0.113.9".parse().ok(),
            now: world.portal.now(),
        };
        let outcome = world.store.login(login).await.expect("judged");
        assert_eq!(outcome, LoginOutcome::Refused);
    }
}

fn boxes(text: &str) -> Vec<String> {
    text.split("type=\"checkbox\" name=\"id\" value=\"")
        .skip(1)
        .filter_map(|part| part.split_once('"'))
        .map(|(id, _)| id.to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn locked_users_are_listed_and_unlocked() {
    let world = World::two_companies().await;
    lock_user(&world, "mihon.example", 1, 2001).await;
    lock_user(&world, "mihon.example", 1, 2003).await;
    lock_user(&world, "tasha.example", 2, 3001).await;
    let mut browser = admin(&world).await;
    browser.get("/").await.shows("ロック中ユーザー");
    let answer = browser.get("/locks").await;
    answer.is(200).shows("user2001").shows("インターネット").shows("203.0.113.9");
    answer.hides("user3001");
    let ids = boxes(&answer.text());
    assert_eq!(ids.len(), 2);
    // A user of another company stays locked, whatever is sent.
    let foreign = user_id(2, 3001).to_string();
    let chosen = [("id", ids[0].as_str()), ("id", foreign.as_str()), ("id", "x")];
    let answer = browser.submit("/locks", "/locks", &chosen).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/locks"));
    browser.get("/locks").await.shows("■実行結果 1件のロックを解除しました");
    assert_eq!(boxes(&browser.get("/locks").await.text()), ids[1..]);
    let others = world.store.locked(&world.scope(2), world.portal.now()).await.expect("read");
    assert_eq!(others.len(), 1);
    assert_eq!(world.acts(1).await[0], "unlock");
    browser.submit("/locks", "/locks", &[]).await.is(303);
    browser.get("/locks").await.shows("選択してください");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_administrator_unlocks_at_the_own_site_only() {
    let world = World::two_companies().await;
    lock_user(&world, "mihon.example", 1, 2001).await;
    lock_user(&world, "mihon.example", 1, 2003).await;
    let mut browser = Browser::signed_in(&world, "osaka.mihon.example", "osaka").await;
    let answer = browser.get("/locks").await;
    answer.shows("user2003").hides("user2001");
    let head = user_id(1, 2001).to_string();
    browser.submit("/locks", "/locks", &[("id", &head)]).await.is(303);
    let locks = world.store.locked(&world.scope(1), world.portal.now()).await.expect("read");
    assert_eq!(locks.len(), 2, "nothing was unlocked");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn locks_of_administrators_are_the_providers_to_end() {
    let world = World::two_companies().await;
    let mut other = Browser::new(&world);
    for _ in 0..3 {
        other.login("osaka.mihon.example", "osaka", "wrong").await.is(403);
    }
    let mut browser = admin(&world).await;
    let answer = browser.get("/locks").await;
    answer.shows("osaka").shows("管理者カスコン").shows("提供者が解除");
    assert_eq!(boxes(&answer.text()), [""; 0]);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_changes_only_by_its_rules() {
    let world = World::two_companies().await;
    let mut browser = admin(&world).await;
    let mut change = async |current: &str, new: &str, again: &str| {
        let fields = [("current", current), ("new", new), ("again", again)];
        browser.submit("/password", "/password", &fields).await
    };
    let answer = change(PASSWORD, "brand new pw", "brand old pw").await;
    answer.is(422).shows("一致しません");
    assert!(answer.text().contains("aria-describedby=\"again-fault\""));
    change(PASSWORD, "short", "short").await.is(422).shows("短すぎます").hides("value=\"short\"");
    change("wrong", "brand new pw", "brand new pw").await.is(422).shows("現在のパスワードが違い");
    assert_eq!(change(PASSWORD, "brand new pw", "brand new pw").await.status, 303);
    browser.get("/").await.is(200).shows("■実行結果");
    Browser::new(&world).login("mihon.example", "kanri", PASSWORD).await.is(403);
    let answer = Browser::new(&world).login("mihon.example", "kanri", "brand new pw").await;
    assert_eq!(answer.status, 303);
    world.end().await;
}

/// Words that look like the id of a text that is missing.
fn missing(words: &str) -> Vec<String> {
    const PARTS: [&str; 22] = [
        "page-",
        "portal-",
        "nav-",
        "login-",
        "password-",
        "home-",
        "live-",
        "list-",
        "users-",
        "user-",
        "state-",
        "terminals-",
        "history-",
        "days-",
        "calls-",
        "record-",
        "locks-",
        "form-",
        "message-",
        "cause-",
        "trace-",
        "service-",
    ];
    let is_id = |w: &&str| {
        PARTS.iter().any(|p| w.starts_with(p))
            && w.chars().all(|c| c.is_ascii_lowercase() || c == '-' || c.is_ascii_digit())
    };
    words.split_whitespace().filter(is_id).map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_speaks_both_languages_and_needs_no_script() {
    let world = World::two_companies().await;
    lock_user(&world, "mihon.example", 1, 2001).await;
    let mut browser = admin(&world).await;
    let pages = [
        ("/", "ホーム", "Home"),
        ("/users", "ユーザ一覧", "People"),
        ("/users?q=zzz", "条件に合うユーザーはいません", "Nobody matches"),
        ("/terminals", "アカウント一覧", "Terminals"),
        ("/locks", "ロック中ユーザー一覧", "Locked users"),
        ("/history", "通信履歴参照", "Calls"),
        ("/history/days", "日別ファイル", "Daily files"),
        ("/password", "パスワード変更", "Change password"),
        ("/nowhere", "ページが見つかりません", "Page not found"),
    ];
    for lang in ["ja", "en"] {
        browser.submit("/", "/preferences", &[("lang", lang), ("back", "/")]).await.is(303);
        for (path, ja, en) in pages {
            let answer = browser.get(path).await;
            answer.shows(if lang == "ja" { ja } else { en });
            let text = answer.text();
            assert!(text.contains(&format!("<html lang=\"{lang}\"")), "{path}");
            assert_eq!(missing(&answer.words()), [""; 0], "{path} {lang}");
            // What the content policy would block.
            for inline in ["style=", "onclick", "<style", "javascript:", "<script>"] {
                assert!(!text.contains(inline), "{path}: {inline}");
            }
            let helped = text.contains("class=\"help\"") || path == "/nowhere";
            assert!(helped, "{path} has no help");
        }
    }
    world.end().await;
}
