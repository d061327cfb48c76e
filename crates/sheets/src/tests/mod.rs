use std::io::{Cursor, Write};

use bulk::{Reason, Table};
use rust_xlsxwriter::{Format, Workbook};
use zip::write::SimpleFileOptions;

use crate::{Sheet, read, write};

fn cells(table: &Table) -> Vec<(u32, Vec<String>)> {
    table.rows().map(|r| (r.line(), r.cells().map(str::to_owned).collect())).collect()
}

fn rows(rows: &[&[&str]]) -> Vec<Vec<String>> {
    rows.iter().map(|r| r.iter().map(|c| (*c).to_owned()).collect()).collect()
}

#[test]
fn what_was_written_is_read_back_as_text() {
    let rows = rows(&[
        &["内線番号", "携帯番号"],
        &["2001", "08012345678", "000000000000", "髙橋 〜①𠮷", "#1#2#"],
        &[],
        &["=1+1", "", "1-2-3", " x "],
    ]);
    let sheet = Sheet { name: "内線", rows: &rows, marks: &[(1, 1)], header: true };
    let table = read(&write(sheet).expect("written")).expect("read");
    let expected: Vec<(u32, Vec<String>)> =
        [1, 2, 4].into_iter().zip([0, 1, 3].map(|i| rows[i].clone())).collect();
    assert_eq!(cells(&table), expected);
}

#[test]
fn number_cells_become_their_digits() {
    let mut book = Workbook::new();
    let page = book.add_worksheet();
    let date = Format::new().set_num_format("yyyy/mm/dd");
    page.write_number(2, 0, 2001).expect("cell");
    page.write_number(2, 1, 8_012_345_678_f64).expect("cell");
    page.write_number(2, 2, 0).expect("cell");
    page.write_number(2, 3, 1.5).expect("cell");
    page.write_number(2, 4, 1.0e21).expect("cell");
    page.write_number_with_format(2, 5, 37_653, &date).expect("cell");
    page.write_boolean(2, 6, true).expect("cell");
    let bytes = book.save_to_buffer().expect("saved");
    let expected = ["2001", "8012345678", "0", "1.5", "1.00E+21", "2003/02/01", "TRUE"];
    let table = read(&bytes).expect("read");
    assert_eq!(cells(&table), [(3, expected.map(str::to_owned).to_vec())]);
}

#[test]
fn hidden_sheets_are_passed_over() {
    let mut book = Workbook::new();
    book.add_worksheet().set_hidden(true).write_string(0, 0, "hidden").expect("cell");
    let page = book.add_worksheet();
    page.set_active(true);
    page.write_string(0, 0, "2001").expect("cell");
    let table = read(&book.save_to_buffer().expect("saved")).expect("read");
    assert_eq!(table.row(0).map(|r| r.cell(0).to_owned()), Some("2001".to_owned()));
}

fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in entries {
        zip.start_file(*name, SimpleFileOptions::default()).expect("entry");
        zip.write_all(content).expect("content");
    }
    zip.finish().expect("archive").into_inner()
}

fn refused(bytes: &[u8]) -> Reason {
    read(bytes).map(|t| cells(&t)).expect_err("must be refused").reason
}

#[test]
fn what_is_no_workbook_is_refused() {
    assert_eq!(refused(&archive(&[("a.txt", b"hello")])), Reason::NotWorkbook);
    assert_eq!(refused(b"PK\x03\x04 cut off"), Reason::NotWorkbook);
    let whole = write(Sheet { name: "x", rows: &rows(&[&["2001"]]), marks: &[], header: false });
    let whole = whole.expect("written");
    for len in (0..whole.len()).step_by(97) {
        assert!(read(&whole[..len]).is_err(), "{len} bytes");
    }
    assert_eq!(refused(&[]), Reason::EmptyFile);
    let empty = write(Sheet { name: "x", rows: &rows(&[&["", " "]]), marks: &[], header: false });
    assert_eq!(refused(&empty.expect("written")), Reason::EmptyFile);
}

#[test]
fn an_archive_that_unpacks_without_end_is_refused() {
    let zeros = vec![b' '; 70 * 1_024 * 1_024];
    let bomb = archive(&[("xl/sharedStrings.xml", &zeros)]);
    assert!(bomb.len() < 200_000, "{}", bomb.len());
    assert_eq!(refused(&bomb), Reason::WorkbookTooLarge { max: crate::UNPACKED_MAX });
}

#[test]
fn one_cell_in_the_last_corner_costs_nothing() {
    let mut book = Workbook::new();
    let page = book.add_worksheet();
    page.write_string(0, 0, "2001").expect("cell");
    page.write_string(1_048_575, 16_383, "x").expect("cell");
    let table = read(&book.save_to_buffer().expect("saved")).expect("read");
    let widths: Vec<_> = table.rows().map(|r| (r.line(), r.width(10))).collect();
    assert_eq!(widths, [(1, 1), (1_048_576, 257)]);
}

#[test]
fn more_rows_than_allowed_are_refused() {
    let rows = vec![vec!["2001"]; 20_001];
    let book = write(Sheet { name: "x", rows: &rows, marks: &[], header: false }).expect("written");
    assert_eq!(refused(&book), Reason::TooManyRows { max: 20_000 });
}
