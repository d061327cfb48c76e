//! Format F12: the faulty rows with the reasons beside them, to be mended and uploaded again; and
//! the faultless rows as a file of their own.

use std::collections::{BTreeMap, BTreeSet};

use crate::reason::Finding;
use crate::table::{Row, Table};

/// Names of the four columns that are added on the right.
pub const COLUMNS: [&str; 4] = ["行番号", "列", "エラーコード", "理由"];

/// Parts several findings of one row.
const SEPARATOR: &str = " / ";

/// Rows of an error file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ErrorFile {
    /// The input rows unchanged, with the four columns behind the widest of them.
    pub rows: Vec<Vec<String>>,
    /// The faulty cells: row and column, counted from 0, ascending.
    pub marks: Vec<(u32, u16)>,
}

/// The faulty rows of `table`; `sentence` turns a finding into the reader's language.
pub fn error_file(
    table: &Table,
    errors: &[Finding],
    sentence: &dyn Fn(&Finding) -> String,
) -> ErrorFile {
    let mut by_line: BTreeMap<u32, Vec<&Finding>> = BTreeMap::new();
    for error in errors.iter().filter(|e| !e.is_note()) {
        by_line.entry(error.line).or_default().push(error);
    }
    let faulty = || table.rows().filter(|r| by_line.contains_key(&r.line()));
    let width = faulty().map(|r| unmarked(r).cells().count()).max().unwrap_or_default();
    let mut file = ErrorFile::default();
    for row in faulty() {
        let found = by_line.get(&row.line()).map(Vec::as_slice).unwrap_or_default();
        let index = file.rows.len() as u32;
        let columns: BTreeSet<u8> = found.iter().filter_map(|f| f.column.map(|c| c.0)).collect();
        file.marks.extend(columns.into_iter().map(|c| (index, u16::from(c))));
        let mut cells: Vec<String> = unmarked(row).cells().map(str::to_owned).collect();
        cells.resize(width, String::new());
        let join = |part: &dyn Fn(&Finding) -> String| {
            found.iter().map(|f| part(f)).collect::<Vec<_>>().join(SEPARATOR)
        };
        cells.push(row.line().to_string());
        cells.push(join(&|f| f.column.map_or("-".to_owned(), |c| c.to_string())));
        cells.push(join(&|f| f.reason.code().to_string()));
        cells.push(join(sentence));
        file.rows.push(cells);
    }
    file
}

/// The rows of `table` that no error is about.
pub fn faultless_rows(table: &Table, errors: &[Finding]) -> Vec<Vec<String>> {
    let faulty: BTreeSet<u32> = errors.iter().filter(|e| !e.is_note()).map(|e| e.line).collect();
    let rows = table.rows().filter(|r| !faulty.contains(&r.line()));
    rows.map(|row| unmarked(row).cells().map(str::to_owned).collect()).collect()
}

/// The row without the columns that a former error file added.
pub(crate) fn unmarked(row: Row<'_>) -> Row<'_> {
    let found = row.filled();
    if is_marked(row, found) { row.first(found - COLUMNS.len()) } else { row }
}

/// Whether the last four of the first `found` columns are those of an error file: a line number,
/// column letters, codes and a sentence.
fn is_marked(row: Row<'_>, found: usize) -> bool {
    let Some(first) = found.checked_sub(COLUMNS.len()).filter(|first| *first > 0) else {
        return false;
    };
    let parts = |column: usize, is_part: &dyn Fn(&str) -> bool| {
        row.cell(first + column).split(SEPARATOR).all(|p| is_part(p.trim()))
    };
    let is_code = |code: &str| match code.as_bytes() {
        [b'N', rest @ ..] => rest.len() == 2 && rest.iter().all(u8::is_ascii_digit),
        digits => digits.len() == 3 && digits.iter().all(u8::is_ascii_digit),
    };
    let is_letter = |c: &str| {
        matches!(c.len(), 1 | 2) && (c == "-" || c.bytes().all(|b| b.is_ascii_uppercase()))
    };
    let line = row.cell(first).trim();
    !line.is_empty()
        && line.bytes().all(|b| b.is_ascii_digit())
        && parts(1, &is_letter)
        && parts(2, &is_code)
}
