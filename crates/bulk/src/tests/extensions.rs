use model::{Change, Ha1, MobileState, Preset, WebPolicy};

use super::{TENANT, World, brief, table};
use crate::{Counts, Kind, Mode, Reason};

const VALID: &str = "\
2001,08012345678,000000000000,tanaka2001,Sip2001pass,0,0,tanaka,abc12345,0
2002,09011112222,0000000000,,,0,0,suzuki,xyz98765,0
2003,07033334444,0,,,,,sato,pw2003ab,
2004,06055556666,000000000000,,,0,0,ito,ito4ito4
";

/// One F1 row against the sample data: its errors and notes as `column code`.
#[track_caller]
fn check(row: &str, expected: &[&str]) {
    let plan = World::new().plan_text(Kind::Extensions, Mode::Register, row);
    let found: Vec<String> = plan
        .errors
        .iter()
        .chain(&plan.notes)
        .map(|f| {
            let column = f.column.map_or("-".to_owned(), |c| c.to_string());
            format!("{column} {}", f.reason.code())
        })
        .collect();
    assert_eq!(found, expected, "{row}");
}

#[test]
fn the_valid_rows_make_profiles() {
    let world = World::new();
    let plan = world.plan_text(Kind::Extensions, Mode::Register, VALID);
    assert_eq!(plan.notes, []);
    assert_eq!(plan.counts, Counts { added: 4, ..Counts::default() });
    let after = world.after(&plan);
    let user = after.user("2001").expect("2001 is registered");
    assert_eq!((&*user.name, &*user.web_user), ("2001", "tanaka"));
    assert_eq!(after.mobile_of("2001").as_deref(), Some("08012345678"));
    assert_eq!(after.state_of("08012345678"), Some(MobileState::Assigned));
    let device = after.snapshot.device_by_sip_id(TENANT, "TANAKA2001").expect("its terminal");
    let ha1 = Ha1::of("tanaka2001", "demo.example", "Sip2001pass");
    assert_eq!((device.ha1_md5, device.ha1_sha256), (ha1.md5, ha1.sha256));
    assert_eq!(device.user, Some(user.id));
    // An omitted SIP id is the number, an omitted secret a strong one that is shown once.
    let issued: Vec<_> = plan.secrets.iter().map(|s| (s.dn.text(), s.sip_id.to_string())).collect();
    let same = |n: &str| (n.to_owned(), n.to_owned());
    assert_eq!(issued, [same("2002"), same("2003"), same("2004")]);
    let secret = plan.secrets[0].secret.expose();
    assert!(secret.len() >= 20 && secret.bytes().all(|b| b.is_ascii_alphanumeric()));
    let device = after.snapshot.device_by_sip_id(TENANT, "2002").expect("its terminal");
    assert_eq!(device.ha1_md5, Ha1::of("2002", "demo.example", secret).md5);
    assert_ne!(plan.secrets[0].secret, plan.secrets[1].secret);
}

#[test]
fn web_passwords_of_eight_characters_must_be_replaced() {
    let text = "2001,08012345678,0,,,,,a,abc12345\n2002,09011112222,0,,,,,b,long-enough-1\n";
    let plan = World::new().plan_text(Kind::Extensions, Mode::Register, text);
    let passwords: Vec<_> = plan
        .changes
        .iter()
        .filter_map(|c| match c {
            Change::Password(p) => Some((p.text.expose().as_str(), p.must_change, p.bulk)),
            _ => None,
        })
        .collect();
    assert_eq!(passwords, [("abc12345", true, true), ("long-enough-1", false, true)]);
}

#[test]
fn the_compatibility_switch_makes_the_number_the_secret() {
    let world = World::with(|t| t.sip_secret_compat = true);
    let plan = world.plan_text(Kind::Extensions, Mode::Register, VALID);
    assert_eq!(plan.secrets, []);
    let after = world.after(&plan);
    let device = after.snapshot.device_by_sip_id(TENANT, "2002").expect("its terminal");
    assert_eq!(device.ha1_md5, Ha1::of("2002", "demo.example", "2002").md5);
}

#[test]
fn repairs_are_visible() {
    check("2005,8012345678,0,,,0,0,kato,pw2005ab,0", &["B N01"]);
    check(
        "２００６,０８０-2222-3333,000000000000,,,0,0,mori,pw2006ab,0",
        &["A N02", "B N02", "B N03"],
    );
    check(
        " 2007 ,08022223333,0,\u{3000}ab , Secret2007x ,,,ｃｄ,pw2006ab",
        &["A N03", "D N03", "E N03", "H N02"],
    );
    check("2007,08012345679,0,,2007,,,x,pw2006ab", &["E N05"]);
    check("2007,08012345679,0,,short,,,x,pw2006ab", &["E N05"]);
}

#[test]
fn each_invalid_row_names_its_column_and_code() {
    for (row, expected) in [
        ("1001,08012345678,000000000000,,,0,0,abe,abc12345,0", "A 213"),
        ("2,08012345678,000000000000,,,0,0,abe,abc12345,0", "A 213"),
        ("2345678901234567,08012345678,0,,,0,0,abe,abc12345,0", "A 213"),
        ("20a1,08012345678,000000000000,,,0,0,abe,abc12345,0", "A 213"),
        ("内線,08012345678,000000000000,,,0,0,abe,abc12345,0", "A 212"),
        (",08012345678,000000000000,,,0,0,abe,abc12345,0", "A 211"),
        ("2.001E+3,08012345678,000000000000,,,0,0,abe,abc12345,0", "A 215"),
        ("2007,0312345678,000000000000,,,0,0,abe,abc12345,0", "B 214"),
        ("2007,08001234567,000000000000,,,0,0,abe,abc12345,0", "B 214"),
        ("2007,080123456789,000000000000,,,0,0,abe,abc12345,0", "B 214"),
        ("2007,+818012345678,000000000000,,,0,0,abe,abc12345,0", "B 214"),
        ("2007,9.01E+10,0,,,0,0,abe,abc12345,0", "B 215"),
        ("2007,,0,,,0,0,abe,abc12345,0", "B 211"),
        ("2007,携帯,0,,,0,0,abe,abc12345,0", "B 212"),
        ("2007,08012345679,123456789012,,,0,0,abe,abc12345,0", "C 216"),
        ("2007,08012345679,,,,0,0,abe,abc12345,0", "C 216"),
        ("2007,08012345679,000000000,,,0,0,abe,abc12345,0", "C 216"),
        ("2007,08012345679,0000000000000,,,0,0,abe,abc12345,0", "C 216"),
        ("2007,08012345679,000000000000,sip_2007,,0,0,abe,abc12345,0", "D 217"),
        ("2007,08012345679,0,a23456789012345678901234567890123,,,,abe,abc12345,0", "D 217"),
        ("2007,08012345679,0,タナカ,,,,abe,abc12345,0", "D 212"),
        ("2007,08012345679,0,,a2345678901234567,,,abe,abc12345,0", "E 218"),
        ("2007,08012345679,0,,pass-word,,,abe,abc12345,0", "E 218"),
        ("2007,08012345679,0,,ｐａｓｓｗｏｒｄ,,,abe,abc12345,0", "E 212"),
        ("2007,08012345679,0,,,1,0,abe,abc12345,0", "F 216"),
        ("2007,08012345679,0,,,0,x,abe,abc12345,0", "G 216"),
        ("2007,08012345679,0,,,0,0,abe,abc12345,9", "J 216"),
        ("2007,08012345679,000000000000,,,0,0,阿部,abc12345,0", "H 212"),
        ("2007,08012345679,0,,,0,0,a2345678901234567,abc12345,0", "H 219"),
        ("2007,08012345679,0,,,0,0,abe.taro,abc12345,0", "H 219"),
        ("2007,08012345679,0,,,0,0,,abc12345,0", "H 211"),
        ("2007,08012345679,000000000000,,,0,0,abe,abcdefgh,0", "I 220"),
        ("2007,08012345679,000000000000,,,0,0,abe,12345678,0", "I 220"),
        ("2007,08012345679,000000000000,,,0,0,abe,abc1234,0", "I 220"),
        ("2007,08012345679,000000000000,,,0,0,abe,abc123456,0", "I 220"),
        ("2007,08012345679,000000000000,,,0,0,abe,abc-1234,0", "I 220"),
        ("2007,08012345679,000000000000,,,0,0,abe,abc12345６,0", "I 212"),
        ("2007,08012345679,000000000000,,,0,0,abc12345,abc12345,0", "I 221"),
        ("2007,08012345679,000000000000,,,0,0,abe,,0", "I 211"),
        ("2007,08012345679,000000000000,,0,0,abe2,abc12345", "- 204"),
        ("2007,08012345679,0,,,0,0,abe,abc12345,0,x", "- 204"),
        ("3001,08012345679,0,,,0,0,abe,abc12345,0", "A 233"),
        ("2007,08012345679,0,USED3001,,0,0,abe,abc12345,0", "D 234"),
        ("2007,08012345679,0,,,0,0,USED,abc12345,0", "H 235"),
        ("2007,09012345678,0,,,0,0,abe,abc12345,0", "B 232"),
        ("2007,09012349999,0,,,0,0,abe,abc12345,0", "B 231"),
        ("2007,09010000002,0,,,0,0,abe,abc12345,0", "B 231"),
        ("2007,09010000003,0,,,0,0,abe,abc12345,0", "B 231"),
        ("2007,09010000004,0,,,0,0,abe,abc12345,0", "B 231"),
        ("2007,09010000005,0,,,0,0,abe,abc12345,0", "B 231"),
        ("2007,0801\u{E000}2345,0,,,0,0,abe,abc12345,0", "B 212"),
    ] {
        check(row, &[expected]);
    }
}

#[test]
fn why_a_line_cannot_be_used_is_told() {
    for (number, reason) in [
        ("09012349999", Reason::MobileNotContracted),
        // The line of another company looks like none.
        ("09010000002", Reason::MobileNotContracted),
        ("09010000003", Reason::MobileRequested),
        ("09010000004", Reason::MobileActivating),
        ("09010000005", Reason::MobileCancelled),
        ("09012345678", Reason::MobileTaken { dn: "3001".into() }),
    ] {
        let row = format!("2007,{number},0,,,0,0,abe,abc12345,0");
        let plan = World::new().plan_text(Kind::Extensions, Mode::Register, &row);
        assert_eq!(plan.errors.into_iter().map(|e| e.reason).collect::<Vec<_>>(), [reason]);
    }
}

#[test]
fn all_errors_of_all_rows_are_found() {
    let text = "\
1001,0312345678,5,sip_1,pass-word,1,2,阿部,abcdefgh,3
2001,08012345678,0,,,0,0,abe,abc12345,0

2001,08012345678,0,2001,,0,0,ABE,abc12345,0
2007,08012345679,0,,0,0,abe2,abc12345
2008,9.01E+10,0,,,0,0,,,0
";
    let plan = World::new().plan_text(Kind::Extensions, Mode::Register, text);
    let row1 = ["A 213", "B 214", "C 216", "D 217", "E 218", "F 216", "G 216", "H 212", "I 220"];
    let mut expected: Vec<String> = row1.iter().map(|e| format!("1 {e}")).collect();
    expected.push("1 J 216".to_owned());
    expected.extend(
        ["4 A 233", "4 B 232", "4 D 234", "4 H 235", "5 - 204", "6 B 215", "6 H 211", "6 I 211"]
            .map(str::to_owned),
    );
    assert_eq!(brief(&plan.errors), expected);
    let twice = plan.errors.iter().find(|e| e.reason.code().to_string() == "233");
    assert_eq!(twice.map(|e| e.reason.clone()), Some(Reason::DnTwice { other: 2 }));
}

#[test]
fn a_shifted_row_is_shown_as_it_was_split() {
    let row = "2007,08012345679,000000000000,,0,0,abe2,abc12345";
    let plan = World::new().plan_text(Kind::Extensions, Mode::Register, row);
    let error = plan.errors.first().expect("204");
    assert_eq!(error.reason, Reason::Columns { found: 8, expected: "9, 10" });
    assert_eq!(&*error.value, "A=2007 B=08012345679 C=000000000000 D= E=0 F=0 G=abe… H=abc…");
}

#[test]
fn passwords_are_never_shown() {
    let row = "2007,08012345679,0,,se-cret,0,0,abe,no-digit,0";
    let plan = World::new().plan_text(Kind::Extensions, Mode::Register, row);
    assert_eq!(brief(&plan.errors), ["1 E 218", "1 I 220"]);
    assert!(plan.errors.iter().all(|e| &*e.value == "********"), "{:?}", plan.errors);
}

#[test]
fn an_explicit_sip_id_may_not_equal_the_number_of_another_row() {
    let text = "2001,08012345678,0,,,,,a,abc12345\n2002,09011112222,0,2001,,,,b,abc12345\n";
    let plan = World::new().plan_text(Kind::Extensions, Mode::Register, text);
    assert_eq!(brief(&plan.errors), ["2 D 234"]);
}

#[test]
fn a_header_is_skipped_with_a_note() {
    let text = format!("内線番号,携帯番号,予約番号1,SIP ID\r\n{VALID}");
    let plan = World::new().plan_text(Kind::Extensions, Mode::Register, &text);
    assert_eq!((brief(&plan.errors).len(), brief(&plan.notes)), (0, vec!["1 A N07".to_owned()]));
    assert_eq!(plan.counts.added, 4);
}

#[test]
fn the_quota_refuses_what_is_over_it() {
    let world = World::with(|t| t.quota = Some(5));
    let plan = world.plan_text(Kind::Extensions, Mode::Register, VALID);
    assert_eq!(brief(&plan.errors), ["3 A 236", "4 A 236"]);
    assert_eq!(plan.errors[0].reason, Reason::Quota { remaining: 2, quota: 5 });
}

#[test]
fn numbers_that_begin_another_are_noted() {
    let text = "20,08012345678,0,,,,,a,abc12345\n2001,09011112222,0,,,,,b,abc12345\n\
                30,07033334444,0,,,,,c,abc12345\n";
    let plan = World::new().plan_text(Kind::Extensions, Mode::Register, text);
    assert_eq!(brief(&plan.notes), ["2 A N06", "3 A N06"]);
    assert_eq!(plan.notes[1].reason, Reason::DnPrefix { other: "3001".into() });
}

#[test]
fn the_numbering_plan_of_cloud_phone_is_its_own() {
    let world = World::with(|t| t.preset = Preset::CloudPhone);
    for (number, expected) in [
        ("1000", None),
        ("1500", None),
        ("5", None),
        ("1101", Some("237")),
        ("1171", Some("237")),
        ("11", Some("237")),
        ("0123", Some("237")),
        ("12345678", Some("213")),
    ] {
        let row = format!("{number},08012345678,0,,,,,a,abc12345");
        let plan = world.plan_text(Kind::Extensions, Mode::Register, &row);
        let code = plan.errors.first().map(|e| e.reason.code().to_string());
        assert_eq!(code.as_deref(), expected, "{number}");
    }
}

#[test]
fn the_policy_of_eight_letters_and_digits_is_exact() {
    let world = World::with(|t| t.web_policy = WebPolicy::EightAlphanumeric);
    let code = |password: &str| {
        let row = format!("2001,08012345678,0,,,,,a,{password}");
        let plan = world.plan_text(Kind::Extensions, Mode::Register, &row);
        plan.errors.first().map(|e| e.reason.code().to_string())
    };
    assert_eq!(code("abc12345"), None);
    assert_eq!(code("abcd123456"), Some("220".to_owned()));
    assert_eq!(code("abcdefgh"), Some("220".to_owned()));
}

#[test]
fn an_update_changes_what_differs_and_keeps_empty_secrets() {
    let world = World::new();
    let text = "\
3001,09012345678,0,used3001,,,,used,
7001,08012345678,0,,,,,new7001,abc12345
2001,09011112222,0,,,,,a,abc12345
";
    let plan = world.plan_text(Kind::Extensions, Mode::Update, text);
    assert_eq!(brief(&plan.errors), Vec::<String>::new());
    assert_eq!(plan.counts, Counts { added: 1, changed: 1, unchanged: 1, deleted: 0 });
    let after = world.after(&plan);
    assert_eq!(after.user("3001"), world.user("3001"));
    let user = after.user("7001").expect("7001");
    assert_eq!((&*user.name, &*user.web_user), ("氏名7001", "new7001"));
    assert_eq!(after.mobile_of("7001").as_deref(), Some("08012345678"));
}

#[test]
fn an_update_that_renames_the_sip_id_issues_a_secret() {
    let world = World::new();
    let row = "3001,09012345678,0,fresh3001,,,,used,";
    let plan = world.plan_text(Kind::Extensions, Mode::Update, row);
    let issued: Vec<_> = plan.secrets.iter().map(|s| (s.dn.text(), &*s.sip_id)).collect();
    assert_eq!(issued, [("3001".to_owned(), "fresh3001")]);
    let after = world.after(&plan);
    assert!(after.snapshot.device_by_sip_id(TENANT, "used3001").is_none());
    assert!(after.snapshot.device_by_sip_id(TENANT, "fresh3001").is_some());
}

#[test]
fn rows_of_one_update_may_swap_numbers_and_names() {
    let world = World::new();
    let first = world.plan_text(
        Kind::Extensions,
        Mode::Register,
        "2001,08012345678,0,sipa,,,,a,abc12345\n2002,09011112222,0,sipb,,,,b,abc12345\n",
    );
    let world = world.after(&first);
    let swap = "2001,09011112222,0,sipb,Secret001,,,b,\n2002,08012345678,0,sipa,Secret002,,,a,\n";
    let plan = world.plan_text(Kind::Extensions, Mode::Update, swap);
    assert_eq!(brief(&plan.errors), Vec::<String>::new());
    let after = world.after(&plan);
    assert_eq!(after.mobile_of("2001").as_deref(), Some("09011112222"));
    assert_eq!(after.mobile_of("2002").as_deref(), Some("08012345678"));
    assert_eq!(after.user("2001").map(|u| u.web_user.to_string()).as_deref(), Some("b"));
    let device = after.snapshot.device_by_sip_id(TENANT, "sipa").expect("sipa");
    assert_eq!(device.user, after.user("2002").map(|u| u.id));
}

#[test]
fn two_columns_assign_mobile_numbers() {
    let world = World::new();
    let plan = world.plan_text(Kind::Extensions, Mode::Register, "7001,09011112222\n");
    assert_eq!(plan.counts, Counts { changed: 1, ..Counts::default() });
    let after = world.after(&plan);
    assert_eq!(after.mobile_of("7001").as_deref(), Some("09011112222"));
    let again = after.plan_text(Kind::Extensions, Mode::Register, "7001,09011112222\n");
    assert_eq!(brief(&again.errors), ["1 A 232"]);
    let again = after.plan_text(Kind::Extensions, Mode::Update, "7001,09011112222\n");
    assert_eq!(again.counts, Counts { unchanged: 1, ..Counts::default() });
    let other = after.plan_text(Kind::Extensions, Mode::Update, "7001,08012345678,,\n");
    let last = after.after(&other);
    assert_eq!(last.mobile_of("7001").as_deref(), Some("08012345678"));
    assert_eq!(last.state_of("09011112222"), Some(MobileState::Unassigned));
}

#[test]
fn two_columns_are_checked_like_ten() {
    let text = "7999,09011112222\n7001\n7001,09012345678\n7002,09010000004\n7002,8012345678\n";
    let plan = World::new().plan_text(Kind::Extensions, Mode::Register, text);
    assert_eq!(brief(&plan.errors), ["1 A 238", "2 - 204", "3 B 232", "4 B 231", "5 A 233"]);
    assert_eq!(brief(&plan.notes), ["5 B N01"]);
}

#[test]
fn three_columns_delete_profiles() {
    let world = World::new();
    let text = "3001,09012345678,000000000000\n";
    let plan = world.plan_text(Kind::ExtensionDeletions, Mode::Register, text);
    assert_eq!(plan.counts, Counts { deleted: 1, ..Counts::default() });
    let after = world.after(&plan);
    assert!(after.user("3001").is_none());
    assert!(after.snapshot.device_by_sip_id(TENANT, "used3001").is_none());
    assert_eq!(after.state_of("09012345678"), Some(MobileState::Unassigned));
    assert_eq!(after.snapshot.dn_count(TENANT), world.snapshot.dn_count(TENANT) - 1);
}

#[test]
fn deletions_must_name_the_right_pair() {
    let text = "7001,09012345678,0\n7999,08012345678,0\n3001,09012345678\n3001,,0\n\
                3001,09012345678,1\n";
    let plan = World::new().plan_text(Kind::ExtensionDeletions, Mode::Register, text);
    assert_eq!(
        brief(&plan.errors),
        ["1 B 239", "2 A 238", "3 - 204", "4 B 211", "5 A 233", "5 C 216"]
    );
    let mismatch = Reason::PairMismatch { owner: "3001".into(), mobile: "".into() };
    assert_eq!(plan.errors[0].reason, mismatch);
}

#[test]
fn a_row_of_an_error_file_is_read_without_its_four_columns() {
    let text = "2001,08012345678,0,,,0,0,a,abc12345,0,3,A / B,213 / N01,理由 / 理由\n";
    let world = World::new();
    let plan = world.plan_text(Kind::Extensions, Mode::Register, text);
    assert_eq!((brief(&plan.errors).len(), plan.counts.added), (0, 1));
    let plan = world.plan_text(Kind::Extensions, Mode::Register, "7001,09011112222,1,B,231,x\n");
    assert_eq!(plan.counts.changed, 1);
    let text = "3001,09012345678,0,9,-,204,x\n";
    let plan = world.plan_text(Kind::ExtensionDeletions, Mode::Register, text);
    assert_eq!(plan.counts.deleted, 1);
}

#[test]
fn equal_input_gives_an_equal_plan() {
    let once = World::new().plan_text(Kind::Extensions, Mode::Register, VALID);
    let again = World::new().plan_text(Kind::Extensions, Mode::Register, VALID);
    assert_eq!((once.changes, once.secrets), (again.changes, again.secrets));
    assert_eq!(table(VALID).len(), 4);
}
