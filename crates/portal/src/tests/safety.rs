//! What must not happen: forged posts, other tenants' data, odd methods, large bodies.

use super::{Browser, World};

async fn admin(world: &World) -> Browser {
    Browser::signed_in(world, "mihon.example", "kanri").await
}

#[tokio::test(flavor = "multi_thread")]
async fn posts_need_the_word_of_their_session() {
    let world = World::two_companies().await;
    let mut browser = admin(&world).await;
    let mut other = admin(&world).await;
    let foreign = other.get("/").await.csrf();
    for path in ["/locks", "/password", "/history/prove", "/logout", "/preferences"] {
        for csrf in ["", "x", foreign.as_str()] {
            let answer = browser.post(path, &[("csrf", csrf), ("id", "1")]).await;
            answer.is(403).shows("この操作は受け付けられません");
        }
    }
    browser.get("/").await.is(200);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn posts_of_other_sites_are_refused_even_with_the_word() {
    let world = World::two_companies().await;
    let mut browser = admin(&world).await;
    let csrf = browser.get("/").await.csrf();
    for (name, value) in [("Origin", "http://evil.example"), ("Sec-Fetch-Site", "cross-site")] {
        browser.headers = vec![(name.to_owned(), value.to_owned())];
        browser.post("/logout", &[("csrf", &csrf)]).await.is(403);
        browser.login("mihon.example", "kanri", super::world::PASSWORD).await.is(403);
    }
    browser.headers = vec![("Origin".to_owned(), format!("http://{}", world.address))];
    assert_eq!(browser.post("/logout", &[("csrf", &csrf)]).await.status, 303);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_page_shows_another_company() {
    let world = World::two_companies().await;
    let mut browser = admin(&world).await;
    let mut stranger = Browser::signed_in(&world, "tasha.example", "kanri").await;
    let secrets = ["秘密", "3001", "Secret phone", "他社", "08099998888", "tasha"];
    let pages = [
        "/",
        "/users",
        "/users?q=3001",
        "/users?q=%E7%A7%98%E5%AF%86",
        "/users?sort=name",
        "/terminals",
        "/terminals?state=on",
        "/terminals?sort=dn",
        "/history",
        "/history?from=2001-01-01",
        "/history/days",
        "/locks",
        "/users.csv",
        "/terminals.csv",
        "/history.csv",
    ];
    for page in pages {
        let answer = browser.get(page).await;
        answer.is(200);
        for secret in secrets {
            // What was searched for stands in the field and in links.
            let asked = page.contains(secret) && secret == "3001";
            let encoded = secret == "秘密" && page.contains("%E7");
            if !asked && !encoded {
                answer.hides(secret);
            }
        }
    }
    // Their record is no record here.
    let theirs = stranger.get("/history").await.text();
    let key = theirs.split_once("/history/call/").and_then(|(_, rest)| rest.split_once('"'));
    let path = format!("/history/call/{}", key.expect("a record").0);
    stranger.get(&path).await.is(200);
    browser.get(&path).await.is(404).shows("ページが見つかりません");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_carries_the_headers_that_browsers_enforce() {
    let world = World::two_companies().await;
    let mut browser = admin(&world).await;
    for path in ["/", "/login", "/nowhere", "/assets/app.css", "/users.csv"] {
        let answer = browser.get(path).await;
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("x-frame-options"), "DENY");
        assert_eq!(answer.header("referrer-policy"), "same-origin");
        assert!(!answer.header("cache-control").is_empty());
    }
    assert_eq!(browser.get("/").await.header("cache-control"), "no-store");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn assets_are_kept_under_their_version() {
    let world = World::two_companies().await;
    let mut browser = Browser::new(&world);
    let page = browser.get("/login").await.text();
    let (_, rest) = page.split_once("/assets/app.css?v=").expect("a style sheet");
    let version = rest.split('"').next().expect("a version").to_owned();
    let answer = browser.get(&format!("/assets/app.css?v={version}")).await;
    assert!(answer.header("cache-control").contains("immutable"));
    assert_eq!(answer.header("content-type"), "text/css; charset=utf-8");
    browser.headers = vec![("If-None-Match".to_owned(), answer.header("etag").to_owned())];
    let again = browser.get("/assets/app.css").await;
    assert_eq!((again.status, again.header("cache-control")), (304, "no-cache"));
    browser.headers.clear();
    for wrong in ["/assets/", "/assets/app.rs", "/assets/..%2Flib.rs"] {
        browser.get(wrong).await.is(404);
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn head_is_answered_and_other_methods_are_not() {
    let world = World::two_companies().await;
    let mut browser = admin(&world).await;
    for path in ["/", "/users", "/login", "/assets/app.js"] {
        let answer = browser.send("HEAD", path, None).await;
        assert!(matches!(answer.status, 200 | 303), "{path}: {}", answer.status);
        assert!(answer.bytes.is_empty(), "{path}");
    }
    for method in ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"] {
        let answer = browser.send(method, "/users", None).await;
        answer.is(405).shows("この方法では開けません");
        assert!(answer.header("allow").contains("GET"), "{}", answer.header("allow"));
    }
    browser.get("/logout").await.is(405);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_forms_are_refused_by_a_page() {
    let world = World::two_companies().await;
    let mut browser = Browser::new(&world);
    let long = "x".repeat(20_000);
    let answer = browser.post("/login", &[("domain", &long)]).await;
    answer.is(400).shows("送られた内容を読み取れません");
    let answer = browser.send("POST", "/login", Some("%".to_owned())).await;
    assert!(matches!(answer.status, 400 | 403), "{}", answer.status);
    let answer = browser.send("POST", "/login", None).await;
    assert!(matches!(answer.status, 400 | 403), "{}", answer.status);
    // Nothing of what was typed can become markup.
    let answer = browser.login("\"><script>x", "<b>", "y").await;
    answer.is(403).hides("<script>x").hides("<b>");
    world.end().await;
}
