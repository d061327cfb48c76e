//! Files through the command line: what is taken, what is refused and why, and what comes back.

use std::os::unix::fs::PermissionsExt;

use crate::harness::exchange::{DOMAIN, Exchange};
use crate::harness::have;
use crate::harness::sipp::Phone;

/// Nobody yet, but two mobile lines.
#[track_caller]
fn company(name: &str) -> Exchange {
    let exchange = Exchange::empty(name, "auto");
    exchange.good(&["init", "--tenant", DOMAIN, "--name", "Test", "--admin", "admin"]);
    exchange.write("lines.csv", b"08012345678\r\n09011112222\r\n07033334444\r\n");
    exchange.good(&["import", "mobile-lines", "lines.csv", "--tenant", DOMAIN]);
    exchange
}

const GOOD: &str = "2001,08012345678,000000000000,tanaka2001,Sip2001pass,0,0,tanaka,abc12345,0\r\n\
                    2002,09011112222,0000000000,,,0,0,suzuki,xyz98765,0\r\n";

/// Imports a file of extensions; exit status and what was printed.
#[track_caller]
fn import(exchange: &Exchange, content: &[u8], more: &[&str]) -> (Option<i32>, String) {
    exchange.write("members.csv", content);
    let args = [&["import", "extensions", "members.csv", "--tenant", DOMAIN], more].concat();
    let out = exchange.run(&args);
    let said = [out.stdout, out.stderr].concat();
    (out.status.code(), String::from_utf8_lossy(&said).into_owned())
}

/// The extensions as they are exported.
#[track_caller]
fn exported(exchange: &Exchange) -> Vec<String> {
    let args = ["export", "extensions", "--tenant", DOMAIN, "--format", "utf8"];
    let text = String::from_utf8(exchange.good(&args)).unwrap();
    let text = text.trim_start_matches('\u{feff}').to_owned();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn one_bad_row_stores_nothing_and_every_error_is_named() {
    let exchange = company("import-bad");
    let bad = format!(
        "{GOOD}1001,07033334444,000000000000,,,0,0,sato,abc12345,0\r\n\
                       2001,0312345678,000000000000,,,0,0,kato,abcdefgh,0\r\n"
    );
    let (code, said) = import(&exchange, bad.as_bytes(), &[]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("■実行結果"), "{said}");
    let row = |start: &str| said.lines().any(|line| line.starts_with(start));
    assert!(row("3\tA\t1001\t213\t"), "{said}");
    assert!(row("4\tA\t2001\t233\t"), "{said}");
    assert!(row("4\tB\t0312345678\t214\t"), "{said}");
    assert!(said.contains("登録\t0件"), "{said}");
    assert_eq!(exported(&exchange), Vec::<String>::new());
}

#[test]
fn a_good_file_is_stored_and_its_secrets_are_handed_over_once() {
    let exchange = company("import-good");
    let (code, said) = import(&exchange, GOOD.as_bytes(), &["--dry-run"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("試行"), "{said}");
    assert_eq!(exported(&exchange), Vec::<String>::new(), "a dry run stores nothing");
    let (code, said) = import(&exchange, GOOD.as_bytes(), &["--secrets", "secrets.csv"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("登録\t2件"), "{said}");
    let file = exchange.dir.join("secrets.csv");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let secrets = std::fs::read(&file).unwrap();
    let secrets = String::from_utf8_lossy(&secrets);
    assert!(secrets.contains("2002") && !secrets.contains("Sip2001pass"), "{secrets}");
    let (code, _) = import(&exchange, GOOD.as_bytes(), &["--secrets", "secrets.csv", "--update"]);
    assert_ne!(code, Some(0), "a file of secrets is never overwritten");
    let rows = exported(&exchange);
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert!(rows[0].starts_with("2001,08012345678,000000000000,tanaka2001,,"), "{rows:?}");
}

#[test]
fn an_export_read_back_changes_nothing_in_either_form() {
    let exchange = company("round-trip");
    let (code, said) = import(&exchange, GOOD.as_bytes(), &[]);
    assert_eq!(code, Some(0), "{said}");
    let before = exported(&exchange);
    for format in ["sjis", "utf8", "xlsx"] {
        let file = format!("back.{}", if format == "xlsx" { "xlsx" } else { "csv" });
        let args = ["export", "extensions", "--tenant", DOMAIN, "--format", format, "-o", &file];
        exchange.good(&args);
        let out = exchange.run(&["import", "extensions", &file, "--tenant", DOMAIN, "--update"]);
        let said = String::from_utf8_lossy(&out.stdout).into_owned();
        assert_eq!(out.status.code(), Some(0), "{format}: {said}");
        assert!(said.contains("変更なし\t2件"), "{format}: {said}");
        assert_eq!(exported(&exchange), before, "{format}");
    }
}

#[test]
fn files_that_cannot_be_read_say_why_and_store_nothing() {
    let exchange = company("import-broken");
    let utf16: Vec<u8> =
        std::iter::once(0xFEFF).chain(GOOD.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let office = [b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1".as_slice(), &[0; 600]].concat();
    let shifted = "2001,08012345678,tanaka2001,pass,0,0,tanaka,abc12345\r\n";
    let huge = vec![b'1'; 11 * 1024 * 1024];
    let cases: [(&str, &[u8], &str); 7] = [
        ("encrypted", &office, "201"),
        ("empty", b"", "202"),
        ("too large", &huge, "202"),
        ("UTF-16", &utf16, "203"),
        ("neither encoding", b"2001,\x83\r\n\xff\xfe\x80,", "203"),
        ("shifted columns", shifted.as_bytes(), "204"),
        ("truncated workbook", b"PK\x03\x04rubbish", "20"),
    ];
    for (what, content, code) in cases {
        let (status, said) = import(&exchange, content, &[]);
        assert_eq!(status, Some(1), "{what}: {said}");
        assert!(said.contains(&format!("\t{code}")), "{what} should give {code}: {said}");
        assert_eq!(exported(&exchange), Vec::<String>::new(), "{what}");
    }
}

#[test]
fn mended_cells_are_noted() {
    let exchange = company("import-mended");
    let row = "２００６,8012345678,0,,,0,0,mori,pw2006ab,0\r\n";
    let (code, said) = import(&exchange, row.as_bytes(), &[]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("N01") && said.contains("N02"), "{said}");
    assert!(exported(&exchange)[0].starts_with("2006,08012345678,"), "{said}");
}

#[test]
fn a_deletion_takes_assignment_and_profile_together() {
    let exchange = company("delete");
    assert_eq!(import(&exchange, GOOD.as_bytes(), &[]).0, Some(0));
    let delete = |content: &str| {
        exchange.write("gone.csv", content.as_bytes());
        let args = ["import", "extension-deletions", "gone.csv", "--tenant", DOMAIN];
        let out = exchange.run(&args);
        (out.status.code(), String::from_utf8_lossy(&out.stdout).into_owned())
    };
    let (code, said) = delete("2001,09011112222,000000000000\r\n");
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("239"), "{said}");
    assert_eq!(exported(&exchange).len(), 2);
    let (code, said) = delete("2001,08012345678,000000000000\r\n");
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(exported(&exchange).len(), 1);
}

#[test]
fn english_is_complete_in_the_result() {
    let exchange = company("english");
    let (code, said) = import(&exchange, b"1001,1,2,3\r\n", &["--lang", "en"]);
    assert_eq!(code, Some(1), "{said}");
    let japanese = |c: char| matches!(c, '\u{3040}'..='\u{30ff}' | '\u{4e00}'..='\u{9fff}');
    assert!(!said.contains(japanese), "{said}");
}

#[test]
fn an_import_into_the_running_exchange_is_in_force_at_once() {
    if !have(&["sipp"]) {
        return;
    }
    let mut exchange = company("import-live");
    exchange.serve();
    let row = "2101,08012345678,000000000000,,pw2101,0,0,u2101,abcd2101,0\r\n";
    let (code, said) = import(&exchange, row.as_bytes(), &[]);
    assert_eq!(code, Some(0), "{said}");
    let _ = Phone::registered(&exchange.dir, 2101, exchange.udp());
}
