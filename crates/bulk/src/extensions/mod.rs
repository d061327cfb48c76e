//! 内線番号: formats F1 (register), F2 (assign), F3 (delete) and F4 (export).

pub(crate) mod assign;
pub(crate) mod delete;
pub mod export;
pub(crate) mod register;

use crate::plan::Draft;
use crate::reason::{Column, Finding, Reason};
use crate::table::{Row, Table};

pub use export::{COLUMNS, STANDARD_COLUMNS};

/// Whether `extensions` is format F2: the first row that is no header has at most two columns.
pub(crate) fn is_short(table: &Table) -> bool {
    let Some(row) = table.rows().find(|r| !is_header(*r)) else { return false };
    let row = crate::error_file::unmarked(row);
    row.filled() <= 2 && !matches!(row.raw_width(), 9 | 10)
}

/// Whether a row is column names: its first cell is one, so it is no number.
fn is_header(row: Row<'_>) -> bool {
    COLUMNS.contains(&row.cell(0).trim())
}

/// The rows to be planned: without a header, and without those of a wrong width (204).
///
/// `widths` are the allowed numbers of columns, ascending; `expected` is their text.
pub(crate) fn data_rows<'t>(
    table: &'t Table,
    draft: &mut Draft<'_>,
    widths: &[usize],
    expected: &'static str,
) -> Vec<Row<'t>> {
    let widest = widths.last().copied().unwrap_or_default();
    let mut extra = 0;
    let mut rows = Vec::with_capacity(table.len());
    for (i, row) in table.rows().enumerate() {
        if i == 0 && is_header(row) {
            extra = known_extra(row, widest);
            draft.cell(row, 0, Reason::HeaderSkipped);
            continue;
        }
        let row = crate::error_file::unmarked(row);
        let found = match row.width(widest) {
            wide if wide > widest && wide <= widest + extra => widest,
            other => other,
        };
        if widths.contains(&found) {
            rows.push(row);
        } else {
            let found = u32::try_from(found).unwrap_or(u32::MAX);
            draft.findings.push(Finding {
                line: row.line(),
                column: None,
                value: split_text(row).into(),
                reason: Reason::Columns { found, expected },
            });
        }
    }
    rows
}

/// Columns of the standard export that a header names behind the first `widest` ones.
fn known_extra(header: Row<'_>, widest: usize) -> usize {
    let names = header.cells().skip(widest).take_while(|c| {
        STANDARD_COLUMNS.contains(&c.trim()) || crate::error_file::COLUMNS.contains(&c.trim())
    });
    names.count()
}

/// The row as it was split, with column letters, so that a shift can be seen.
///
/// Values that are no numbers are cut short: one of them may be a password in a wrong column.
fn split_text(row: Row<'_>) -> String {
    let mut out = String::new();
    let shown = row.width(10).min(14);
    for i in 0..shown {
        let cell = row.cell(i).trim();
        let separator = if i == 0 { "" } else { " " };
        out.push_str(&format!("{separator}{}=", Column(i as u8)));
        if cell.bytes().all(|b| b.is_ascii_digit()) {
            out.push_str(cell.get(..16).unwrap_or(cell));
        } else {
            out.extend(cell.chars().take(3));
            out.push('…');
        }
    }
    if row.width(10) > shown {
        out.push_str(" …");
    }
    out
}
