//! People and terminals: search, order, pages, live state, scope.

use super::world::{Content, Person};
use super::{Browser, World};

async fn admin(world: &World) -> Browser {
    Browser::signed_in(world, "mihon.example", "kanri").await
}

/// Extensions of a page in order.
fn numbers(text: &str) -> Vec<String> {
    text.split("<td role=\"cell\" class=\"num strong\">")
        .skip(1)
        .filter_map(|cell| cell.split_once('<'))
        .map(|(number, _)| number.to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_listed_with_live_registration() {
    let world = World::two_companies().await;
    let mut browser = admin(&world).await;
    let answer = browser.get("/users").await;
    answer.is(200).shows("検索結果: 4件").shows("1–4件目").shows("田中 一郎");
    assert_eq!(numbers(&answer.text()), ["2001", "2002", "2003", "20001"]);
    assert_eq!(answer.text().matches("state on").count(), 2);
    assert_eq!(answer.text().matches("state off").count(), 2);
    // Hyphens are drawn by the style sheet, so that a copy holds the digits only.
    assert!(answer.text().contains("<i>090</i><i>1234</i><i>5678</i>"));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn searches_take_names_readings_and_numbers_in_any_form() {
    let world = World::two_companies().await;
    let mut browser = admin(&world).await;
    let cases = [
        ("%E3%81%9F%E3%81%AA%E3%81%8B", &["2001"][..]),
        // 高橋 finds 髙橋.
        ("%E9%AB%98%E6%A9%8B", &["2002"]),
        // Full-width digits.
        ("%EF%BC%92%EF%BC%90%EF%BC%90%EF%BC%93", &["2003"]),
        ("090-1234-5678", &["2001"]),
        ("smith", &["20001"]),
        ("USER2002", &["2002"]),
        // Both words must occur.
        ("%E7%94%B0%E4%B8%AD%E3%80%802001", &["2001"]),
        ("%E7%94%B0%E4%B8%AD%202002", &[]),
        ("3001", &[]),
    ];
    for (query, expected) in cases {
        let answer = browser.get(&format!("/users?q={query}")).await;
        assert_eq!(numbers(&answer.is(200).text()), expected, "{query}");
    }
    browser.get("/users?q=zzz").await.shows("条件に合うユーザーはいません").shows("条件を消す");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn headings_sort_and_turn_round() {
    let world = World::two_companies().await;
    let mut browser = admin(&world).await;
    let answer = browser.get("/users?sort=name").await;
    // By reading; whoever has none comes last.
    assert_eq!(numbers(&answer.text()), ["2003", "2002", "2001", "20001"]);
    assert!(
        answer.text().contains("aria-sort=\"ascending\"><a href=\"/users?sort=name&#38;dir=desc\"")
    );
    let answer = browser.get("/users?sort=name&dir=desc").await;
    assert_eq!(numbers(&answer.text()), ["20001", "2001", "2002", "2003"]);
    let answer = browser.get("/users?dir=desc").await;
    assert_eq!(numbers(&answer.text()), ["20001", "2003", "2002", "2001"]);
    let answer = browser.get("/users?sort=bogus&rows=7&page=-3").await;
    assert_eq!(numbers(&answer.is(200).text()).len(), 4);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_cut_and_keep_their_filter() {
    let mut content = Content::default();
    content.company(1, "見本商事", "mihon.example");
    for dn in 2000..2061 {
        let name = if dn % 2 == 0 { "偶数" } else { "奇数" };
        content.person(1, &Person { dn, name, furigana: "", site: 1 });
    }
    let world = World::start(content).await;
    let mut browser = admin(&world).await;
    let answer = browser.get("/users?rows=20").await;
    answer.shows("検索結果: 61件").shows("1–20件目");
    assert!(answer.text().contains("href=\"/users?rows=20&#38;page=2\" rel=\"next\""));
    let answer = browser.get("/users?rows=20&page=4").await;
    assert_eq!(numbers(&answer.text()), ["2060"]);
    answer.shows("61–61件目").hides("rel=\"next\"");
    let answer = browser.get("/users?rows=20&page=99").await;
    assert_eq!(numbers(&answer.text()), ["2060"], "beyond the end is the last page");
    let answer = browser.get("/users?rows=20&q=%E5%81%B6%E6%95%B0").await;
    answer.shows("検索結果: 31件");
    let next = "/users?q=%E5%81%B6%E6%95%B0&#38;rows=20&#38;page=2\" rel=\"next\"";
    assert!(answer.text().contains(next), "{}", answer.text());
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn terminals_show_name_source_and_expiry() {
    let world = World::two_companies().await;
    let mut browser = admin(&world).await;
    let answer = browser.get("/terminals").await;
    answer.is(200).shows("検索結果: 4件").shows("Yealink SIP-T46U 108.86").shows("まで有効");
    answer.shows("192.0.2.2:5060").shows("UDP").shows("mihon.example").hides("Secret phone");
    let on = browser.get("/terminals?state=on").await;
    on.shows("検索結果: 2件").shows("phone2001").shows("phone2003").hides(">phone2002<");
    let off = browser.get("/terminals?state=off&q=phone").await;
    off.shows("検索結果: 2件").shows("phone2002").hides(">phone2001<");
    browser.get("/terminals?q=2003").await.shows("Linphone/5.2").shows("検索結果: 1件");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_administrator_sees_the_own_site_only() {
    let world = World::two_companies().await;
    let mut browser = Browser::signed_in(&world, "osaka.mihon.example", "osaka").await;
    let answer = browser.get("/users").await;
    assert_eq!(numbers(&answer.text()), ["2003", "20001"]);
    browser.get("/users?q=%E7%94%B0%E4%B8%AD").await.shows("検索結果: 0件");
    let answer = browser.get("/terminals").await;
    answer.shows("phone2003").hides("phone2001").hides("Yealink");
    let answer = browser.get("/users.csv").await;
    assert!(answer.text().contains("2003") && !answer.text().contains("2001"));
    // One of two registered terminals stands in Osaka.
    browser.get("/").await.is(200).shows("全 2 台");
    // Records belong to the site of the caller: the head office here.
    browser.get("/history").await.is(200).shows("通話はまだありません");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_hold_the_rows_of_the_filter() {
    let world = World::two_companies().await;
    let mut browser = admin(&world).await;
    let answer = browser.get("/users.csv?q=20&sort=name").await;
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8");
    assert!(answer.header("content-disposition").starts_with("attachment; filename=\"users-"));
    assert!(answer.bytes.starts_with(b"\xEF\xBB\xBF"), "byte order mark");
    let text = answer.text();
    let lines: Vec<&str> = text.trim_start_matches('\u{feff}').lines().collect();
    assert_eq!(lines.len(), 5);
    assert!(lines[0].starts_with("内線番号,ユーザ名,フリガナ,レジスト状況"), "{}", lines[0]);
    assert!(lines[1].starts_with("2003,阿部 さくら,アベ サクラ,接続中,利用中,1,"), "{}", lines[1]);
    let text = browser.get("/terminals.csv?state=on").await.text();
    assert!(text.contains("phone2001,田中 一郎,2001,接続中,Yealink SIP-T46U 108.86"), "{text}");
    assert!(!text.contains("phone2002"));
    let acts = world.acts(1).await;
    assert_eq!(&acts[..2], ["terminals-export", "users-export"]);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn workbooks_hold_the_same_rows() {
    let world = World::two_companies().await;
    let mut browser = admin(&world).await;
    for (path, rows) in [("/users.xlsx?q=20", 5), ("/terminals.xlsx", 5), ("/history.xlsx", 4)] {
        let answer = browser.get(path).await;
        assert!(answer.is(200).header("content-disposition").contains(".xlsx"), "{path}");
        let table = sheets::read(&answer.bytes).expect("a workbook");
        assert_eq!(table.rows().count(), rows, "{path}");
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_are_chosen_and_kept() {
    let world = World::two_companies().await;
    let mut browser = admin(&world).await;
    assert!(browser.get("/users").await.text().contains("<i>090</i>"));
    let choice = [("list", "users"), ("show", "login"), ("show", "bogus"), ("back", "/users")];
    let answer = browser.submit("/users", "/preferences", &choice).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/users"));
    let answer = browser.get("/users").await;
    answer.shows("user2001").hides("<i>090</i>");
    assert_eq!(answer.text().matches("<th role").count(), 4);
    // Other lists keep theirs.
    browser.get("/terminals").await.shows("mihon.example");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_node_is_said_and_lists_stay_readable() {
    let mut world = World::two_companies().await;
    let mut browser = admin(&world).await;
    world.stop_node().await;
    let answer = browser.get("/users").await;
    answer.is(200).shows("交換機が応答しない").shows("不明").shows("田中 一郎");
    browser.get("/terminals").await.is(200).shows("不明");
    browser.get("/").await.is(200).shows("交換機が応答しない");
    let answer = browser.get("/terminals?state=on").await;
    answer.is(503).shows("ただいま処理できません");
    assert_eq!(answer.header("retry-after"), "5");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_changed_is_found_at_once() {
    let world = World::two_companies().await;
    let mut browser = admin(&world).await;
    browser.get("/users?q=nakamura").await.shows("検索結果: 0件");
    let mut content = Content::default();
    content.person(1, &Person { dn: 2004, name: "Nakamura", furigana: "ナカムラ", site: 1 });
    world.commit(&content).await;
    let answer = browser.get("/users?q=nakamura").await;
    assert_eq!(numbers(&answer.text()), ["2004"]);
    // Keys of the others were taken over, in the right places.
    assert_eq!(numbers(&browser.get("/users?q=smith").await.text()), ["20001"]);
    assert_eq!(numbers(&browser.get("/users?q=%E3%82%A2%E3%83%99").await.text()), ["2003"]);
    world.end().await;
}
