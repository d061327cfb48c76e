use proptest::prelude::*;

use crate::reason::Code;
use crate::{Content, Encoding, Finding, Reason, Table, decode};

fn sjis(text: &str) -> Vec<u8> {
    encoding_rs::SHIFT_JIS.encode(text).0.into_owned()
}

fn table(bytes: &[u8]) -> (Table, Encoding) {
    match decode(bytes, None) {
        Ok(Content::Table(table, encoding)) => (table, encoding),
        other => panic!("no table: {other:?}"),
    }
}

fn rows(bytes: &[u8]) -> Vec<(u32, Vec<String>)> {
    let (table, _) = table(bytes);
    table.rows().map(|r| (r.line(), r.cells().map(str::to_owned).collect())).collect()
}

fn refused(bytes: &[u8]) -> Finding {
    decode(bytes, None).map(|c| format!("{c:?}")).expect_err("must be refused")
}

#[track_caller]
fn check_refused(bytes: &[u8], code: &str, reason: Reason) {
    let finding = refused(bytes);
    assert_eq!((finding.reason.code().to_string().as_str(), finding.reason), (code, reason));
}

#[test]
fn encodings_are_told_apart_in_the_right_order() {
    let text = "2001,田中①髙,ｻﾄｳ\r\n";
    let marked = [b"\xEF\xBB\xBF".as_slice(), text.as_bytes()].concat();
    for (bytes, expected) in [
        (text.as_bytes().to_vec(), Encoding::Utf8),
        (marked, Encoding::Utf8),
        (sjis(text), Encoding::Sjis),
    ] {
        let (table, encoding) = table(&bytes);
        let row = table.row(0).expect("one row");
        assert_eq!(encoding, expected);
        assert_eq!((row.cell(0), row.cell(1), row.cell(2)), ("2001", "田中①髙", "ｻﾄｳ"));
    }
}

#[test]
fn utf8_that_shift_jis_would_accept_stays_utf8() {
    // `田中` in UTF-8 decodes as Shift_JIS without an error.
    let bytes = "2001,田中\n".as_bytes();
    assert_eq!(table(bytes).1, Encoding::Utf8);
    let forced = decode(bytes, Some(Encoding::Sjis));
    assert!(matches!(forced, Ok(Content::Table(_, Encoding::Sjis))));
}

#[test]
fn a_few_half_width_kana_are_not_taken_for_latin_letters() {
    for text in ["2001,ﾂ～", "2001,ﾃｱ", "2001,ﾄｼ ﾊｼ", "2001,ﾐｽﾞｻﾜ"] {
        let (table, encoding) = table(&sjis(text));
        assert_eq!(encoding, Encoding::Sjis, "{text}");
        assert_eq!(table.row(0).map(|r| r.cell(1)), text.split_once(',').map(|(_, name)| name));
    }
    for text in ["2001,José", "2001,Müller", "2001,naïve ýa"] {
        assert_eq!(table(text.as_bytes()).1, Encoding::Utf8, "{text}");
    }
}

#[test]
fn trail_bytes_that_look_like_backslash_and_pipe_do_not_split() {
    let bytes = sjis("表,ソ,能,十|申,予\n");
    assert_eq!(rows(&bytes), [(1, ["表", "ソ", "能", "十|申", "予"].map(str::to_owned).to_vec())]);
}

#[test]
fn what_is_no_text_is_refused_by_name() {
    let utf16: Vec<u8> = "\u{FEFF}2001,abc\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let unmarked: Vec<u8> = "2001,abc\r\n".encode_utf16().flat_map(u16::to_be_bytes).collect();
    check_refused(&[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1], "201", Reason::EncryptedOffice);
    check_refused(b"PK\x03\x04\x14\x00\x01\x00\x08\x00", "201", Reason::EncryptedZip);
    check_refused(b"", "202", Reason::EmptyFile);
    check_refused(b"\r\n,,,\r\n \r\n", "202", Reason::EmptyFile);
    check_refused(b"PK\x05\x06\0\0\0\0", "202", Reason::NotWorkbook);
    check_refused(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x10\0", "202", Reason::NotText { offset: 8 });
    check_refused(&utf16, "203", Reason::Utf16);
    check_refused(&unmarked, "203", Reason::Utf16);
    let zip = decode(b"PK\x03\x04\x14\x00\x00\x00\x08\x00", None);
    assert!(matches!(zip, Ok(Content::Workbook)));
}

#[test]
fn a_hundred_megabytes_are_refused_by_their_size() {
    let bytes = vec![b'1'; 100 * 1_024 * 1_024];
    let max = base::limits::IMPORT_BYTES_MAX as u64;
    check_refused(&bytes, "202", Reason::TooLarge { bytes: bytes.len() as u64, max });
}

#[test]
fn more_rows_than_allowed_are_refused() {
    let rows = "2001,09012345678\n".repeat(20_000);
    assert_eq!(table(rows.as_bytes()).0.len(), 20_000);
    let more = rows + "2001,09012345678\n";
    check_refused(more.as_bytes(), "202", Reason::TooManyRows { max: 20_000 });
}

#[test]
fn bytes_that_are_no_characters_are_named_with_their_place() {
    for byte in [0x80, 0xA0, 0xFD, 0xFE, 0xFF] {
        let bytes = [sjis("2001,表\r\n2002,"), vec![byte], b",x\r\n".to_vec()].concat();
        let finding = refused(&bytes);
        let reason = Reason::Undecodable { offset: 14, tried: Encoding::Sjis };
        assert_eq!((finding.line, finding.value.as_ref()), (2, format!("{byte:02X}").as_str()));
        assert_eq!((finding.reason.code(), finding.reason), (Code::Error(203), reason));
    }
}

#[test]
fn utf8_cut_off_inside_a_character_is_not_taken_for_shift_jis() {
    let text = "2001,田中太郎".as_bytes();
    let finding = refused(&text[..text.len() - 1]);
    assert_eq!(finding.reason, Reason::Undecodable { offset: 14, tried: Encoding::Utf8 });
}

#[test]
fn a_quote_that_never_closes_is_refused_with_the_line_it_opens_in() {
    let finding = refused(b"2001,a\n2002,\"b\n2003,c\n2004,d");
    assert_eq!((finding.line, finding.reason), (2, Reason::OpenQuote));
    assert_eq!(refused(b"2001,\"ab\"\"").line, 1);
}

#[test]
fn quoting_is_read_tolerantly() {
    let cells = |text: &str| rows(text.as_bytes()).remove(0).1;
    assert_eq!(cells("\"20,01\",\"a \"\"b\"\"\",c\"d"), ["20,01", "a \"b\"", "c\"d"]);
    assert_eq!(cells("\"2001\"x,b\""), ["2001x", "b\""]);
    assert_eq!(cells("a,\"b\nc\",d"), ["a", "b\nc", "d"]);
}

#[test]
fn lines_are_counted_for_every_kind_of_line_end() {
    for end in ["\r\n", "\n", "\r"] {
        let text = ["a,1", "", "b,\"x", "y\"", "", "", "c,3", ",,,", "d,4"].join(end);
        let lines: Vec<(u32, String)> =
            rows(text.as_bytes()).into_iter().map(|(l, c)| (l, c[0].clone())).collect();
        let expected = [(1, "a"), (3, "b"), (7, "c"), (9, "d")].map(|(l, c)| (l, c.to_owned()));
        assert_eq!(lines, expected, "{end:?}");
    }
}

#[test]
fn empty_columns_beyond_the_expected_ones_do_not_count() {
    let (table, _) = table(b"a,b,,,,\n1,,\n1,2,3,x\n");
    let widths: Vec<_> = table.rows().map(|r| (r.width(2), r.width(5), r.filled())).collect();
    assert_eq!(widths, [(2, 5, 2), (2, 3, 1), (4, 4, 4)]);
}

#[test]
fn a_row_of_a_million_commas_is_only_wide() {
    let text = format!("2001{}x\n", ",".repeat(1_000_000));
    let (table, _) = table(text.as_bytes());
    let row = table.row(0).expect("one row");
    assert_eq!((row.width(10), row.cells().count()), (1_000_001, crate::table::COLUMNS_MAX));
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = decode(&bytes, None);
        let _ = decode(&bytes, Some(Encoding::Sjis));
        let _ = decode(&bytes, Some(Encoding::Utf8));
    }

    #[test]
    fn text_of_separators_keeps_lines_in_order(text in "[a,\"\r\n ]{0,200}") {
        if let Ok(Content::Table(table, _)) = decode(text.as_bytes(), None) {
            let lines: Vec<u32> = table.rows().map(|r| r.line()).collect();
            prop_assert!(lines.windows(2).all(|w| w[0] < w[1]), "{:?}", lines);
        }
    }
}
