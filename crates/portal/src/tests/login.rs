//! Signing in and out, locks, language, first start (R006, R007, R050).

use model::CredentialOwner;

use super::world::{Content, PASSWORD, admin_id};
use super::{Browser, World};

#[tokio::test(flavor = "multi_thread")]
async fn three_right_fields_lead_to_the_home_page() {
    let world = World::two_companies().await;
    let mut browser = Browser::new(&world);
    let answer = browser.get("/users?q=1").await;
    assert_eq!(answer.header("location"), "/login?next=%2Fusers%3Fq%3D1");
    browser.get("/login").await.is(200).shows("管理者ログイン").shows("閉域網からの接続");
    // Full-width letters and blanks around them are taken as meant.
    let fields = [
        ("domain", " ＭＩＨＯＮ.example "),
        ("user", "KANRI"),
        ("password", PASSWORD),
        ("next", "/users?q=1"),
    ];
    let answer = browser.post("/login", &fields).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/users?q=1"));
    let cookie = answer.header("set-cookie");
    for part in ["HttpOnly", "SameSite=Lax", "Max-Age=43200", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert_eq!(browser.cookies["naisen"].len(), 64);
    browser.get("/").await.is(200).shows("見本商事").shows("kanri");
    let away = Browser::new(&world)
        .post("/login", &[&fields[..3], &[("next", "//evil.example/")]].concat())
        .await;
    assert_eq!(away.header("location"), "/");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn any_wrong_field_gives_one_answer_and_the_third_locks() {
    let world = World::two_companies().await;
    let mut browser = Browser::new(&world);
    let wrong = [
        ("nowhere.example", "kanri", PASSWORD),
        ("mihon.example", "nobody", PASSWORD),
        ("mihon.example", "kanri", "wrong"),
        // The administrator of another company, and that of one site at the other's domain.
        ("tasha.example", "osaka", "wrong"),
        ("mihon.example", "osaka", PASSWORD),
    ];
    for (domain, user, password) in wrong {
        let answer = browser.login(domain, user, password).await;
        answer.is(403).shows("のどれかが違います").hides(password);
        assert!(answer.text().contains(&format!("value=\"{user}\"")), "input is kept");
        assert!(!browser.cookies.contains_key("naisen"));
    }
    // The first failure of kanri was above.
    browser.login("mihon.example", "kanri", "wrong").await.is(403);
    browser.login("mihon.example", "kanri", "wrong").await.is(403);
    let answer = browser.login("mihon.example", "kanri", PASSWORD).await;
    answer.is(403).shows("ロックされています").shows("に自動で解除されます");
    world.later(61);
    assert_eq!(browser.login("mihon.example", "kanri", PASSWORD).await.status, 303);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_names_lock_like_known_ones() {
    let world = World::two_companies().await;
    let mut browser = Browser::new(&world);
    for _ in 0..3 {
        browser.login("mihon.example", "nobody", "x").await.is(403).shows("どれかが違います");
    }
    browser.login("mihon.example", "nobody", "x").await.is(403).shows("ロックされています");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_password_must_be_changed_before_anything_else() {
    let mut content = Content::default();
    content.company(1, "見本商事", "mihon.example");
    content.password(1, CredentialOwner::Admin(admin_id(1, 1)), "first4you8", true);
    let world = World::start(content).await;
    let mut browser = Browser::new(&world);
    let answer = browser.login("mihon.example", "kanri", "first4you8").await;
    assert_eq!(answer.header("location"), "/password");
    for path in ["/", "/users", "/history", "/locks"] {
        let answer = browser.get(path).await;
        assert_eq!((answer.status, answer.header("location")), (303, "/password"), "{path}");
    }
    browser.get("/password").await.is(200).shows("ほかの画面を使う前に変更してください");
    let former = browser.cookies["naisen"].clone();
    let new = [("current", "first4you8"), ("new", "much better 1"), ("again", "much better 1")];
    let answer = browser.submit("/password", "/password", &new).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/"));
    assert_ne!(browser.cookies["naisen"], former, "a new session");
    browser.get("/").await.is(200).shows("■実行結果 パスワードを変更しました");
    browser.get("/").await.is(200).hides("■実行結果");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_login_ends_the_former_session_and_logout_the_present_one() {
    let world = World::two_companies().await;
    let mut browser = Browser::signed_in(&world, "mihon.example", "kanri").await;
    let mut other = Browser::new(&world);
    other.cookies = browser.cookies.clone();
    browser.login("mihon.example", "kanri", PASSWORD).await.is(303);
    assert_eq!(other.get("/").await.header("location"), "/login?ended=1");
    other.get("/login?ended=1").await.is(200).shows("有効期間が終わりました");
    other.cookies = browser.cookies.clone();
    let answer = browser.submit("/", "/logout", &[]).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/login"));
    assert!(!browser.cookies.contains_key("naisen"));
    assert_eq!(other.get("/").await.status, 303, "ended on the server too");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_end_after_half_an_hour_of_silence() {
    let world = World::two_companies().await;
    let mut browser = Browser::signed_in(&world, "mihon.example", "kanri").await;
    world.later(29);
    browser.get("/").await.is(200);
    world.later(31);
    browser.get("/").await.is(303);
    // An open page is told by a status, so that its script shows the login.
    browser.live("/", "1").await.is(401);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_password_is_a_reminder_and_no_block() {
    let world = World::two_companies().await;
    world.later(91 * 24 * 60);
    let mut browser = Browser::signed_in(&world, "mihon.example", "kanri").await;
    browser.get("/").await.is(200).shows("90日以上変更していません");
    browser.get("/users").await.is(200).shows("田中 一郎");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_start_shows_the_command_that_makes_a_company() {
    let world = World::start(Content::default()).await;
    let mut browser = Browser::new(&world);
    assert_eq!(browser.get("/").await.header("location"), "/login");
    let answer = browser.get("/login").await;
    answer.is(200).shows("naisen init --tenant office.example.jp").shows("株式会社サンプル");
    assert!(!answer.text().contains("name=\"password\""));
    browser.login("office.example.jp", "admin", "x").await.is(403);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn language_and_theme_follow_browser_then_choice() {
    let world = World::two_companies().await;
    let mut browser = Browser::new(&world);
    browser.headers.push(("Accept-Language".to_owned(), "en-US,en;q=0.8".to_owned()));
    let answer = browser.get("/login").await;
    answer.shows("Administrator sign-in");
    assert!(answer.text().contains("<html lang=\"en\">"));
    let choice = [("lang", "ja"), ("back", "/login?next=%2Fusers")];
    let answer = browser.post("/preferences", &choice).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/login?next=%2Fusers"));
    browser.get("/login").await.shows("管理者ログイン");
    browser.post("/preferences", &[("theme", "dark"), ("back", "https://evil.example")]).await;
    assert!(browser.get("/login").await.text().contains("<html lang=\"ja\" data-theme=\"dark\">"));
    browser.post("/preferences", &[("theme", "auto"), ("back", "/")]).await;
    assert!(browser.get("/login").await.text().contains("<html lang=\"ja\">"));
    world.end().await;
}
