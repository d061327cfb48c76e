//! From a workbook to a table.

use std::io::{Cursor, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};

use bulk::{Finding, Reason, Table};
use calamine::{DataRef, Reader, SheetVisible, Xlsx};
use zip::ZipArchive;

/// Most bytes that a workbook may unpack to; more is refused as a decompression bomb (202).
pub const UNPACKED_MAX: u64 = 64 * 1_024 * 1_024;

/// Most files inside of a workbook.
const ENTRIES_MAX: usize = 1_000;

/// Columns that are told apart; content further to the right counts as one more column.
const COLUMNS_MAX: u32 = 256;

/// Integers above this are no longer exact in a spreadsheet (15 digits, J79).
const EXACT_MAX: f64 = 999_999_999_999_999.0;

/// Reads the first visible sheet of an .xlsx file; line numbers are the rows of the sheet.
///
/// Numbers become their digits, dates `YYYY/MM/DD`, so that a column of numbers refuses them.
/// Errors are findings of the whole file: 201 encrypted, 202 no workbook or too large.
pub fn read(bytes: &[u8]) -> Result<Table, Finding> {
    bulk::decode::check_size(bytes.len() as u64)?;
    check_unpacked(bytes)?;
    // The library was not made for hostile files: a panic of its own is one more refusal.
    catch_unwind(AssertUnwindSafe(|| first_sheet(bytes)))
        .unwrap_or_else(|_| Err(Finding::file(Reason::NotWorkbook)))
}

/// Unpacks every entry into nothing, so that the size is known before anything is kept.
fn check_unpacked(bytes: &[u8]) -> Result<(), Finding> {
    let refuse = || Finding::file(Reason::NotWorkbook);
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| refuse())?;
    if archive.len() > ENTRIES_MAX {
        return Err(refuse());
    }
    let mut left = UNPACKED_MAX;
    for index in 0..archive.len() {
        let raw = archive.by_index_raw(index).map_err(|_| refuse())?;
        if raw.encrypted() {
            return Err(Finding::file(Reason::EncryptedZip));
        }
        drop(raw);
        let entry = archive.by_index(index).map_err(|_| refuse())?;
        let unpacked =
            std::io::copy(&mut entry.take(left + 1), &mut std::io::sink()).map_err(|_| refuse())?;
        left = left.checked_sub(unpacked).ok_or_else(too_large)?;
    }
    Ok(())
}

fn too_large() -> Finding {
    Finding::file(Reason::WorkbookTooLarge { max: UNPACKED_MAX })
}

fn first_sheet(bytes: &[u8]) -> Result<Table, Finding> {
    let refuse = || Finding::file(Reason::NotWorkbook);
    let mut book = Xlsx::new(Cursor::new(bytes)).map_err(|_| refuse())?;
    let visible = |s: &&calamine::Sheet| s.visible == SheetVisible::Visible;
    let name = book.sheets_metadata().iter().find(visible).map(|s| s.name.clone());
    let mut cells = book.worksheet_cells_reader(&name.ok_or_else(refuse)?).map_err(|_| refuse())?;
    let mut table = Table::default();
    let (mut line, mut row, mut text_len) = (0u32, Vec::<String>::new(), 0u64);
    while let Some(cell) = cells.next_cell().map_err(|_| refuse())? {
        let (at, column) = cell.get_position();
        if at + 1 != line {
            push(&mut table, line, &mut row)?;
            line = at + 1;
        }
        let text = text_of(cell.get_value());
        // One long shared text may be referred to by every cell.
        text_len += text.len() as u64;
        if text_len > UNPACKED_MAX {
            return Err(too_large());
        }
        let column = column.min(COLUMNS_MAX) as usize;
        if row.len() <= column {
            row.resize(column + 1, String::new());
        }
        if let Some(slot) = row.get_mut(column) {
            *slot = text;
        }
    }
    push(&mut table, line, &mut row)?;
    if table.is_empty() { Err(Finding::file(Reason::EmptyFile)) } else { Ok(table) }
}

fn push(table: &mut Table, line: u32, row: &mut Vec<String>) -> Result<(), Finding> {
    let max = bulk::table::ROWS_MAX as u64;
    table
        .push(line, row.iter().map(String::as_str))
        .map_err(|_| Finding::file(Reason::TooManyRows { max }))?;
    row.clear();
    Ok(())
}

fn text_of(value: &DataRef<'_>) -> String {
    match value {
        DataRef::Empty => String::new(),
        DataRef::String(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Int(n) => n.to_string(),
        DataRef::Float(n) => digits_of(*n),
        DataRef::Bool(b) => if *b { "TRUE" } else { "FALSE" }.to_owned(),
        DataRef::DateTime(at) => {
            let (year, month, day, ..) = at.to_ymd_hms_milli();
            format!("{year:04}/{month:02}/{day:02}")
        }
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::Error(error) => error.to_string(),
    }
}

/// The digits of a number cell; a power of ten when a spreadsheet no longer keeps all of them.
fn digits_of(n: f64) -> String {
    if n.fract() == 0.0 && n.abs() <= EXACT_MAX {
        format!("{n:.0}")
    } else if n.abs() > EXACT_MAX {
        format!("{n:.2E}").replace('E', "E+")
    } else {
        n.to_string()
    }
}
