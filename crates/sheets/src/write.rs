//! From rows to a workbook.

use rust_xlsxwriter::{Color, Format, Workbook, XlsxError};

/// What a workbook of one sheet holds.
#[derive(Debug, Clone, Copy)]
pub struct Sheet<'a, C> {
    /// Name of the sheet, 1–31 characters.
    pub name: &'a str,
    /// Rows of text cells.
    pub rows: &'a [Vec<C>],
    /// Cells to be marked as faulty: row and column, counted from 0, in ascending order.
    pub marks: &'a [(u32, u16)],
    /// Whether the first row is a row of column names.
    pub header: bool,
}

/// Most characters of a cell in a workbook.
const CELL_MAX: usize = 32_767;

/// Writes a workbook whose cells are all of format text.
///
/// Errors when the sheet name, or the number of rows, is beyond what a workbook holds.
pub fn write<C: AsRef<str>>(sheet: Sheet<'_, C>) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let page = book.add_worksheet();
    page.set_name(sheet.name)?;
    let text = Format::new().set_num_format("@");
    let faulty = text.clone().set_background_color(Color::RGB(0xFF_C7_CE));
    let title = text.clone().set_bold();
    for (r, row) in sheet.rows.iter().enumerate() {
        for (c, cell) in row.iter().enumerate() {
            let at = (u32::try_from(r).unwrap_or(u32::MAX), u16::try_from(c).unwrap_or(u16::MAX));
            let format = if sheet.marks.binary_search(&at).is_ok() {
                &faulty
            } else if sheet.header && r == 0 {
                &title
            } else {
                &text
            };
            match cell.as_ref() {
                "" => page.write_blank(at.0, at.1, format)?,
                value => {
                    let value: String = value.chars().take(CELL_MAX).collect();
                    page.write_string_with_format(at.0, at.1, value, format)?
                }
            };
        }
    }
    book.save_to_buffer()
}
