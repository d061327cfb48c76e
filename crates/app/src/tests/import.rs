use base::Dn;
use bulk::{Counts, Kind, Mode};
use store::{CommitError, Login, LoginOutcome, Portal, Zone};

use super::{DOMAIN, NOW, house, rng, sjis};
use crate::Lang;
use crate::import::{Format, ImportError, Request, import};
use crate::result::{error_file, faultless_file, render, render_secrets, secrets_file};

const STOCK: &str = "08012345678\n09011112222\n07033334444\n06055556666\n08022223333\n";

/// Good rows of the format of seed 003, with a repair and an omitted secret.
const GOOD: &str = "\
2001,08012345678,000000000000,tanaka2001,Sip2001pass,0,0,tanaka,abc12345,0
2002,9011112222,0000000000,,,0,0,suzuki,xyz98765,0
2003,07033334444,0,,,,,sato,pw2003ab,
";

#[tokio::test]
async fn good_and_bad_rows_give_the_result_block() {
    let house = house().await;
    house.stock(STOCK).await;
    let first = house.import(Kind::Extensions, Mode::Register, sjis(GOOD)).await;
    assert!(first.is_ok());
    let text = "\
2004,06055556666,000000000000,,,0,0,ito,ito4ito4,0
2005,8022223333,000000000000,,,0,0,kato,pw2005ab,0
1001,08099990000,000000000000,,,0,0,abe,abc12345,0
2006,08022223333,000000000000,TANAKA2001,,0,0,阿部,abc12345,0
2007,08012345679,000000000000,,0,0,abe2,abc12345
";
    let outcome = house.import(Kind::Extensions, Mode::Register, sjis(text)).await;
    assert_eq!(
        render(&outcome, Lang::Ja),
        "■実行結果\n\
         登録\t0件\t変更\t0件\t変更なし\t0件\tエラー\t3件\n\
         行\t列\t値\tコード\t理由\n\
         3\tA\t1001\t213\t内線番号の形式が違います。先頭の数字は2〜9です。\n\
         3\tB\t08099990000\t231\t携帯番号が利用できません。契約にありません。\
         番号を確かめるか、回線の申込みをしてください。\n\
         4\tB\t08022223333\t232\t携帯番号は割り当て済みです。2行目と同じ番号です。\
         どちらかを直してください。\n\
         4\tD\tTANAKA2001\t234\tSIPユーザー名が重複しています。\
         内線番号2001が使っています。\n\
         4\tH\t阿部\t212\t使えない文字があります。「阿部」を除き、半角の文字で入力してください。\n\
         5\t-\tA=2007 B=08012345679 C=000000000000 D= E=0 F=0 G=abe… H=abc…\t\
         204\t列の数が違います。8列ありますが、9, 10列が必要です。\
         区切りのカンマの数を確かめてください。\n\
         2\tB\t8022223333\tN01\t先頭の0を補いました。08022223333として扱います。\n"
    );
    assert!(outcome.snapshot.is_none());
    assert_eq!(house.people(), ["2001", "2002", "2003"], "nothing of the file is stored");
    let english = render(&outcome, Lang::En);
    assert!(english.starts_with("■ Result\nAdded\t0\tChanged\t0\tUnchanged\t0\tErrors\t3\n"));
}

#[tokio::test]
async fn a_clean_file_is_stored_and_its_secrets_shown_once() {
    let house = house().await;
    house.stock(STOCK).await;
    let outcome = house.import(Kind::Extensions, Mode::Register, sjis(GOOD)).await;
    assert_eq!(outcome.counts, Counts { added: 3, ..Counts::default() });
    assert_eq!(
        render(&outcome, Lang::Ja),
        "■実行結果\n\
         登録\t3件\t変更\t0件\t変更なし\t0件\tエラー\t0件\n\
         行\t列\t値\tコード\t理由\n\
         2\tB\t9011112222\tN01\t先頭の0を補いました。09011112222として扱います。\n"
    );
    let issued: Vec<_> = outcome.secrets.iter().map(|s| s.dn.text()).collect();
    assert_eq!(issued, ["2002", "2003"]);
    let secret = outcome.secrets[0].secret.expose();
    let shown = render_secrets(&outcome.secrets, Lang::Ja);
    assert!(shown.contains(&format!("\n2002\t2002\t{secret}\n")), "{shown}");
    let file = secrets_file(&outcome.secrets, bulk::Encoding::Utf8);
    let file = String::from_utf8(file).expect("UTF-8");
    let head = "\u{FEFF}内線番号,SIP ID,SIPパスワード\r\n";
    assert!(file.starts_with(&format!("{head}2002,2002,{secret}\r\n")), "{file}");
    // The store was closed and opened again: what was confirmed is there.
    let snapshot = outcome.snapshot.expect("stored");
    assert_eq!(snapshot.dn_count(house.scope.tenant()), 3);
}

#[tokio::test]
async fn an_imported_person_can_sign_in_and_must_change_the_password() {
    let house = house().await;
    house.stock(STOCK).await;
    house.import(Kind::Extensions, Mode::Register, GOOD).await;
    let login = |password| Login {
        portal: Portal::User,
        domain: DOMAIN,
        user: "Tanaka",
        password,
        zone: Zone::Closed,
        address: None,
        now: NOW,
    };
    let outcome = house.store.login(login("abc12345")).await.expect("judged");
    let LoginOutcome::Ok(session) = outcome else { panic!("{outcome:?}") };
    assert!(session.must_change);
    let user = house.store.snapshot();
    let user = user.user_by_dn(house.scope.tenant(), Dn::parse("2001").expect("digits"));
    assert_eq!(session.scope.actor(), store::Actor::User(user.expect("2001").id));
    let outcome = house.store.login(login("wrong")).await.expect("judged");
    assert_eq!(outcome, LoginOutcome::Refused);
}

#[tokio::test]
async fn a_trial_stores_nothing_and_shows_no_secret() {
    let house = house().await;
    house.stock(STOCK).await;
    let outcome = house.run(Kind::Extensions, Mode::Register, sjis(GOOD), true).await;
    let text = render(&outcome, Lang::Ja);
    assert!(
        text.starts_with("■実行結果(試行)\n登録\t3件\t変更\t0件\t変更なし\t0件\tエラー\t0件\n"),
        "{text}"
    );
    assert_eq!((outcome.secrets.len(), outcome.snapshot.is_none()), (0, true));
    assert_eq!(house.people(), Vec::<String>::new());
}

#[tokio::test]
async fn unreadable_files_are_one_error_without_a_line() {
    let house = house().await;
    for (bytes, code) in [
        (vec![0xD0, 0xCF, 0x11, 0xE0, 0], "201"),
        (Vec::new(), "202"),
        (vec![b'1'; 100 * 1_024 * 1_024], "202"),
        (vec![0xFF, 0xFE, b'2', 0], "203"),
        (b"2001,\xA0\n".to_vec(), "203"),
        (b"2001,\"090\n2002,080\n".to_vec(), "204"),
        (b"PK\x03\x04\x14\0\0\0\0\0 cut off".to_vec(), "202"),
    ] {
        let outcome = house.import(Kind::Extensions, Mode::Register, bytes).await;
        let codes: Vec<_> = outcome.errors.iter().map(|e| e.reason.code().to_string()).collect();
        assert_eq!((codes, outcome.error_rows()), (vec![code.to_owned()], 1));
        let text = render(&outcome, Lang::Ja);
        assert!(text.contains("エラー\t1件\n"), "{text}");
        assert!(!text.contains('{'), "every value is filled in: {text}");
        assert!(error_file(&outcome, Lang::Ja, Format::Sjis).is_none());
    }
    assert_eq!(house.people(), Vec::<String>::new());
}

#[tokio::test]
async fn the_same_rows_in_every_format_give_the_same_preview() {
    let house = house().await;
    house.stock(STOCK).await;
    let rows: Vec<Vec<&str>> = GOOD.lines().map(|l| l.split(',').collect()).collect();
    let sheet = sheets::Sheet { name: "内線", rows: &rows, marks: &[], header: false };
    let marked = [b"\xEF\xBB\xBF".as_slice(), GOOD.as_bytes()].concat();
    let files =
        [GOOD.as_bytes().to_vec(), marked, sjis(GOOD), sheets::write(sheet).expect("written")];
    for bytes in files {
        let outcome = house.run(Kind::Extensions, Mode::Register, bytes, true).await;
        assert_eq!(outcome.errors, []);
        assert_eq!(outcome.counts, Counts { added: 3, ..Counts::default() });
        assert_eq!(outcome.notes.len(), 1);
    }
}

#[tokio::test]
async fn deletions_count_what_they_delete() {
    let house = house().await;
    house.stock(STOCK).await;
    house.import(Kind::Extensions, Mode::Register, GOOD).await;
    let rows = "2001,08012345678,000000000000\n2003,07033334444,0\n";
    let outcome = house.import(Kind::ExtensionDeletions, Mode::Register, rows).await;
    assert_eq!(
        render(&outcome, Lang::Ja),
        "■実行結果\n登録\t0件\t変更\t0件\t変更なし\t0件\t削除\t2件\tエラー\t0件\n"
    );
    assert_eq!(house.people(), ["2002"]);
    // The numbers are free again.
    let again = house.import(Kind::Extensions, Mode::Register, sjis(GOOD)).await;
    let codes: Vec<_> = again.errors.iter().map(|e| (e.line, e.reason.code())).collect();
    assert!(codes.iter().all(|(line, _)| *line == 2), "{codes:?}");
}

#[tokio::test]
async fn more_than_twenty_equal_notes_are_counted() {
    let house = house().await;
    let rows: String = (0..21).map(|i| format!("90111122{i:02}\n")).collect();
    let outcome = house.import(Kind::MobileLines, Mode::Register, rows).await;
    let text = render(&outcome, Lang::Ja);
    let expected = "-\t-\t-\tN01\t先頭の0を補いました。同じ注記が21件あるため、\
                    まとめて表示しています。\n";
    assert!(text.ends_with(expected), "{text}");
    assert_eq!(text.lines().count(), 4);
}

#[tokio::test]
async fn the_stock_of_lines_is_the_operators() {
    let house = house().await;
    let snapshot = house.store.snapshot();
    let admin = snapshot.admins(house.scope.tenant()).next().expect("the administrator");
    assert_eq!(&*admin.login, "kanri");
    let password = bulk::generate_secret(&mut rng());
    let made = house.store.login(Login {
        portal: Portal::Admin,
        domain: DOMAIN,
        user: "kanri",
        password: password.expose(),
        zone: Zone::Closed,
        address: None,
        now: NOW,
    });
    let LoginOutcome::Ok(session) = made.await.expect("judged") else { panic!("refused") };
    let request = Request {
        kind: Kind::MobileLines,
        bytes: STOCK.as_bytes().to_vec(),
        name: String::new(),
        mode: Mode::Register,
        dry_run: false,
        format: None,
    };
    let error = import(&house.store, &session.scope, request, NOW, rng()).await;
    let error = error.expect_err("an administrator may not");
    assert!(matches!(error, ImportError::Commit(CommitError::Forbidden(_))));
    assert!(error.sentence(Lang::Ja).contains("権限"));
}

#[tokio::test]
async fn a_file_with_errors_is_handed_back_in_two_parts() {
    let house = house().await;
    house.stock(STOCK).await;
    let text = "2001,08012345678,0,,,0,0,a,abc12345,0\n1001,09011112222,0,,,0,0,b,abc12345,0\n";
    let outcome = house.import(Kind::Extensions, Mode::Register, text).await;
    let faulty = error_file(&outcome, Lang::Ja, Format::Utf8).expect("an error file");
    let faulty = String::from_utf8(faulty).expect("UTF-8");
    assert_eq!(
        faulty.trim_start_matches('\u{FEFF}'),
        "1001,09011112222,0,,,0,0,b,abc12345,0,2,A,213,\
         内線番号の形式が違います。先頭の数字は2〜9です。\r\n"
    );
    let good = faultless_file(&outcome, bulk::Encoding::Sjis).expect("the other rows");
    assert_eq!(good, b"2001,08012345678,0,,,0,0,a,abc12345,0\r\n");
    let book = error_file(&outcome, Lang::Ja, Format::Xlsx).expect("a workbook");
    let mended = house.run(Kind::Extensions, Mode::Register, book, true).await;
    assert_eq!(mended.errors.len(), 1, "the four columns are ignored, the error stays");
}
