use proptest::prelude::*;

use crate::encode::Unmappable;
use crate::{Column, Content, Encoding, Profile, Writer, decode};

fn written(encoding: Encoding, profile: Profile, rows: &[Vec<String>]) -> (Vec<u8>, Writer) {
    let mut writer = Writer::new(encoding, profile);
    let mut out = Vec::new();
    for row in rows {
        writer.row(row, &mut out);
    }
    (out, writer)
}

fn read(bytes: &[u8]) -> Vec<Vec<String>> {
    match decode(bytes, None) {
        Ok(Content::Table(table, _)) => {
            table.rows().map(|r| r.cells().map(str::to_owned).collect()).collect()
        }
        other => panic!("no table: {other:?}"),
    }
}

fn row(cells: &[&str]) -> Vec<String> {
    cells.iter().map(|c| (*c).to_owned()).collect()
}

#[test]
fn values_are_quoted_only_where_needed_and_lines_end_crlf() {
    let rows = [row(&["2001", "a b", "", "x,y", "say \"x\"", "#1#2#"]), row(&["", "z"])];
    let (bytes, _) = written(Encoding::Sjis, Profile::Plain, &rows);
    let expected = b"2001,a b,,\"x,y\",\"say \"\"x\"\"\",#1#2#\r\n,z\r\n";
    assert_eq!(bytes, expected);
}

#[test]
fn twins_are_folded_and_vendor_characters_kept() {
    let rows = [row(&["〜—‖¢£¬", "㈱①髙﨑", "−－"])];
    let (bytes, writer) = written(Encoding::Sjis, Profile::Plain, &rows);
    assert_eq!(writer.unmappable_count(), 0);
    assert_eq!(bytes.get(..2), Some(&[0x81, 0x60][..]));
    assert_eq!(bytes.get(13..15), Some(&[0x87, 0x8A][..]));
    assert!(!bytes.windows(2).any(|w| w == b"&#"));
    assert_eq!(read(&bytes), [row(&["～―∥￠￡￢", "㈱①髙﨑", "－－"])]);
}

#[test]
fn what_the_encoding_lacks_is_reported_by_row_and_character() {
    let rows = [row(&["2001", "田中"]), row(&["2002", "𠮷田,é"])];
    let (bytes, writer) = written(Encoding::Sjis, Profile::Plain, &rows);
    let missing = |character| Unmappable { line: 2, column: Column(1), character };
    assert_eq!(writer.unmappable(), [missing('𠮷'), missing('é')]);
    assert_eq!(read(&bytes)[1], row(&["2002", "〓田,〓"]));
    let (bytes, writer) = written(Encoding::Utf8, Profile::Plain, &rows);
    assert_eq!(writer.unmappable_count(), 0);
    assert!(bytes.starts_with(b"\xEF\xBB\xBF2001,"));
    assert_eq!(read(&bytes), rows);
}

#[test]
fn formulas_are_defused_for_excel_only() {
    let rows = [row(&["=1+1", "+819012345678", "-x", "@y", "#1#2#", "=a,b", "a=b"])];
    let (plain, _) = written(Encoding::Utf8, Profile::Plain, &rows);
    assert_eq!(read(&plain), rows);
    let (excel, _) = written(Encoding::Utf8, Profile::Excel, &rows);
    let cells = ["'=1+1", "'+819012345678", "'-x", "'@y", "#1#2#", "'=a,b", "a=b"];
    assert_eq!(read(&excel), [row(&cells)]);
    assert_eq!(cells.map(crate::repair::undefused).to_vec(), rows[0]);
}

fn cell() -> impl Strategy<Value = String> {
    // Whole range of what people type in Japan; U+301C and others with a twin come back as it.
    prop_oneof![
        "[0-9a-zA-Z ,\"#*+=@'-]{0,12}",
        "[ぁ-んァ-ヶ一-三ｦ-ﾟ①-⑳㈱髙﨑～ー・　]{0,8}",
        "[a\r\n\",表ソ能]{0,6}",
    ]
}

proptest! {
    #[test]
    fn reading_what_was_written_gives_the_rows(
        rows in prop::collection::vec(prop::collection::vec(cell(), 1..6), 1..8)
    ) {
        for encoding in [Encoding::Sjis, Encoding::Utf8] {
            let (bytes, writer) = written(encoding, Profile::Plain, &rows);
            let lost = writer.unmappable_count();
            let expected: Vec<Vec<String>> = rows
                .iter()
                .filter(|r| r.iter().any(|c| !c.trim().is_empty()))
                .map(|r| {
                    r.iter().map(|c| c.replace("\r\n", "\n").replace('\r', "\n")).collect()
                })
                .collect();
            if lost == 0 && !expected.is_empty() {
                prop_assert_eq!(read(&bytes), expected);
            }
        }
    }

    #[test]
    fn wave_dash_survives_as_its_twin(name in "[〜～①髙ｱ-ﾝ]{1,10}") {
        let rows = [vec!["2001".to_owned(), name.clone()]];
        let (bytes, _) = written(Encoding::Sjis, Profile::Plain, &rows);
        prop_assert_eq!(&read(&bytes)[0][1], &name.replace('〜', "～"));
        let (bytes, _) = written(Encoding::Utf8, Profile::Plain, &rows);
        prop_assert_eq!(&read(&bytes)[0][1], &name);
    }
}
