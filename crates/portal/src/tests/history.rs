//! 通信履歴: identity, filters, pages, files, one record (R100–R103).

use base::Cause;

use super::world::{Content, PASSWORD, Person};
use super::{Browser, World};

async fn admin(world: &World) -> Browser {
    Browser::signed_in(world, "mihon.example", "kanri").await
}

/// Addresses of the records on a page, in order.
fn records(text: &str) -> Vec<String> {
    text.split("href=\"/history/call/")
        .skip(1)
        .filter_map(|part| part.split_once('"'))
        .map(|(key, _)| format!("/history/call/{key}"))
        .collect()
}

fn view_key(text: &str) -> String {
    let rest = text.split_once("data-view=\"").map(|(_, rest)| rest).unwrap_or_default();
    rest.split('"').next().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_are_shown_newest_first_with_their_cause() {
    let world = World::two_companies().await;
    let mut browser = admin(&world).await;
    let answer = browser.get("/history").await;
    answer.is(200).shows("検索結果: 3件").shows("直近31日").hides("Name of 3001");
    assert_eq!(records(&answer.text()).len(), 3);
    let words = answer.words();
    let place = |text: &str| words.find(text).unwrap_or_else(|| panic!("{text}: {words}"));
    assert!(place("相手が出る前に発信側が切りました") < place("時間内に応答がありませんでした"));
    answer.shows("1分23秒").shows("不成立").shows("018").shows("Name of 2002");
    assert_eq!(world.acts(1).await[0], "history-view");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn identity_is_asked_again_after_fifteen_minutes() {
    let world = World::two_companies().await;
    let mut browser = admin(&world).await;
    let opened = browser.get("/history?kind=answered").await;
    let key = view_key(&opened.text());
    world.later(16);
    for path in ["/history", "/history?kind=answered", "/history/days", "/history/days/x.csv"] {
        let answer = browser.get(path).await;
        answer.is(200).shows("本人確認").hides("Name of 2002");
    }
    let record = &records(&opened.text())[0];
    browser.get(record).await.is(200).shows("本人確認").hides("Name of 2002");
    assert_eq!(browser.get("/history.csv").await.status, 303);
    browser.get("/").await.is(200).shows("本人確認の有効時間").hides("Name of 2002");
    // A page that was opened before goes on; no other, and not by a made-up key.
    browser.live("/history?kind=answered", &key).await.is(200).shows("Name of 2002");
    browser.live("/history", &key).await.is(401);
    browser.live("/history?kind=answered", "1").await.is(401);
    let back = ("back", "/history?kind=answered");
    let wrong = [("password", "wrong"), back];
    let answer = browser.submit("/history", "/history/prove", &wrong).await;
    answer.is(403).shows("パスワードが違います").hides("Name of 2002");
    let right = [("password", PASSWORD), back];
    let answer = browser.submit("/history", "/history/prove", &right).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/history?kind=answered"));
    browser.get("/history?kind=answered").await.is(200).shows("Name of 2002");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_proofs_lock_like_logins() {
    let world = World::two_companies().await;
    let mut browser = admin(&world).await;
    world.later(16);
    for _ in 0..3 {
        browser.submit("/history", "/history/prove", &[("password", "x")]).await.is(403);
    }
    let right = [("password", PASSWORD)];
    browser.submit("/history", "/history/prove", &right).await.is(403).shows("ロックされています");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_narrow_by_number_person_kind_cause_and_period() {
    let world = World::two_companies().await;
    let mut browser = admin(&world).await;
    let cases = [
        ("q=2002", 2),
        // Shown in the form in which it is used.
        ("q=%EF%BC%92%EF%BC%90%EF%BC%90%EF%BC%92", 2),
        ("q=200", 3),
        ("q=0001&part=end", 1),
        ("q=%E7%94%B0%E4%B8%AD", 3),
        ("q=%E9%AB%98%E6%A9%8B", 2),
        ("kind=answered", 1),
        ("kind=unanswered", 2),
        ("cause=RingTimeout", 1),
        ("service=Hunt", 0),
        ("from=2001-01-01", 3),
        ("from=2001-01-01&to=2001-12-31", 0),
        ("q=zzz", 0),
        ("cause=Nonsense&service=Nonsense&kind=x&after=x", 3),
    ];
    for (query, expected) in cases {
        let answer = browser.get(&format!("/history?{query}")).await;
        assert_eq!(records(&answer.is(200).text()).len(), expected, "{query}");
        answer.shows(&format!("検索結果: {expected}件"));
    }
    let answer = browser.get("/history?q=%EF%BC%92%EF%BC%90%EF%BC%90%EF%BC%92").await;
    assert!(answer.text().contains("name=\"q\" value=\"2002\""));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_fields_are_named_and_kept() {
    let world = World::two_companies().await;
    let mut browser = admin(&world).await;
    let answer = browser.get("/history?from=2026-02-31").await;
    answer.is(200).shows("入力を確かめてください").shows("2026-02-31");
    assert!(answer.text().contains("aria-describedby=\"from-fault\""));
    assert!(answer.text().contains("<a href=\"#from\">"));
    let answer = browser.get("/history?from=2026-02-02&to=2026-02-01").await;
    answer.shows("終了日が開始日より前です");
    browser.get("/history?q=01&part=end").await.shows("4桁以上入力してください");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_people_of_a_name_are_offered() {
    let mut content = Content::default();
    content.company(1, "見本商事", "mihon.example");
    for (dn, name) in [(2001, "田中 一郎"), (2002, "田中 花子"), (2003, "佐藤")] {
        content.person(1, &Person { dn, name, furigana: "", site: 1 });
    }
    content.call(1, 9, ("2002", "2003"), Cause::NormalClearing);
    content.call(1, 8, ("2001", "2003"), Cause::NormalClearing);
    let world = World::start(content).await;
    let mut browser = admin(&world).await;
    let answer = browser.get("/history?q=%E7%94%B0%E4%B8%AD").await;
    answer.shows("2001 田中 一郎 の通話を表示しています").shows("2002 田中 花子");
    assert_eq!(records(&answer.text()).len(), 1);
    assert!(answer.text().contains("<a href=\"/history?q=2002\">"));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_follow_one_another_without_gap() {
    let mut content = Content::default();
    content.company(1, "見本商事", "mihon.example");
    for n in 0..45 {
        content.call(1, 100 + n, ("2001", "2002"), Cause::NormalClearing);
    }
    let world = World::start(content).await;
    let mut browser = admin(&world).await;
    let mut path = "/history?rows=20".to_owned();
    let mut seen = Vec::new();
    for (first, last) in [(1, 20), (21, 40), (41, 45)] {
        let answer = browser.get(&path).await;
        answer.is(200).shows("検索結果: 45件").shows(&format!("{first}–{last}件目"));
        seen.extend(records(&answer.text()));
        let text = answer.text();
        let next = text.split_once("\" rel=\"next\"").map(|(before, _)| before);
        let next = next.and_then(|b| b.rsplit_once("href=\"")).map(|(_, href)| href);
        path = next.unwrap_or_default().replace("&#38;", "&");
    }
    assert_eq!(path, "", "the last page has no next one");
    assert_eq!(seen.len(), 45);
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 45, "no record twice");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_record_tells_cause_mend_and_course() {
    let world = World::two_companies().await;
    let mut browser = admin(&world).await;
    let list = browser.get("/history?cause=RingTimeout").await;
    let path = &records(&list.text())[0];
    let answer = browser.get(path).await;
    answer.is(200).shows("時間内に応答がありませんでした").shows("応答遅延転送を設定");
    answer.shows("内線番号2001のユーザーへの着信です。").shows("1台の端末を60秒まで");
    assert_eq!(world.acts(1).await[0], "record-view");
    for wrong in ["x", "1-2", "-", "99999999999999999999-00000000-0000-0000-0000-000000000000"] {
        browser.get(&format!("/history/call/{wrong}")).await.is(404);
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_filter_comes_as_a_file() {
    let world = World::two_companies().await;
    let mut browser = admin(&world).await;
    let answer = browser.get("/history.csv?kind=unanswered").await;
    assert!(answer.header("content-disposition").contains("history-"));
    let text = answer.text();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert!(lines[0].contains("発呼時刻") && lines[1].contains("2002,2001"), "{text}");
    assert_eq!(world.acts(1).await[0], "history-export");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn daily_files_have_the_compatible_form() {
    let world = World::two_companies().await;
    let mut browser = admin(&world).await;
    let answer = browser.get("/history/days").await;
    answer.is(200).shows("日別ファイル");
    let text = answer.text();
    let files: Vec<&str> = text
        .split("href=\"/history/days/")
        .skip(1)
        .filter_map(|part| part.split_once('"'))
        .map(|(name, _)| name)
        .collect();
    let mut lines = 0;
    for name in &files {
        let file = browser.get(&format!("/history/days/{name}")).await;
        assert!(file.header("content-disposition").contains(name));
        for line in file.bytes.split(|b| *b == b'\n').filter(|l| !l.is_empty()) {
            assert_eq!(line.iter().filter(|b| **b == b',').count(), 11, "12 columns");
            lines += 1;
        }
    }
    assert_eq!(lines, 3);
    for wrong in ["20260701-99.csv", "20260231-01.csv", "x", "..%2Fmain.db", "20010101-01.csv"] {
        browser.get(&format!("/history/days/{wrong}")).await.is(404);
    }
    world.end().await;
}
