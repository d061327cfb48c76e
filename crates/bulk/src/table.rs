//! Rows of text cells with the line each came from: what every file becomes before it is judged.

use base::limits;

/// Rows of one import file.
pub const ROWS_MAX: usize = limits::IMPORT_ROWS_MAX;

/// Cells of one row that are kept; a wider row is refused by its width alone.
pub const COLUMNS_MAX: usize = 64;

/// A file as rows of raw cells, in one block of text.
#[derive(Debug, Clone, Default)]
pub struct Table {
    text: String,
    /// End of each cell in `text`; a cell begins where the one before it ends.
    ends: Vec<u32>,
    rows: Vec<Entry>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    line: u32,
    first: u32,
    stored: u16,
    width: u32,
}

/// One row of a [`Table`].
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    table: &'a Table,
    entry: Entry,
}

/// The table holds [`ROWS_MAX`] rows, or its text no longer fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

impl Table {
    /// Adds the row that stands in line `line` (counted from 1).
    ///
    /// A row whose cells are all blank is skipped. Cells beyond [`COLUMNS_MAX`] only count for the
    /// width.
    pub fn push<'c>(
        &mut self,
        line: u32,
        cells: impl IntoIterator<Item = &'c str>,
    ) -> Result<(), Full> {
        let (text_len, cells_len) = (self.text.len(), self.ends.len());
        let (mut width, mut blank) = (0u32, true);
        for cell in cells {
            width = width.saturating_add(1);
            blank &= cell.trim().is_empty();
            if width as usize <= COLUMNS_MAX {
                self.text.push_str(cell);
                self.ends.push(u32::try_from(self.text.len()).map_err(|_| Full)?);
            }
        }
        if blank {
            self.text.truncate(text_len);
            self.ends.truncate(cells_len);
            return Ok(());
        }
        if self.rows.len() >= ROWS_MAX {
            return Err(Full);
        }
        let stored = (self.ends.len() - cells_len) as u16;
        self.rows.push(Entry { line, first: cells_len as u32, stored, width });
        Ok(())
    }

    /// The rows in the order of the file.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = Row<'_>> {
        self.rows.iter().map(|entry| Row { table: self, entry: *entry })
    }

    /// The row at `index`, counted from 0.
    pub fn row(&self, index: usize) -> Option<Row<'_>> {
        self.rows.get(index).map(|entry| Row { table: self, entry: *entry })
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn cell(&self, index: usize) -> Option<&str> {
        let end = *self.ends.get(index)? as usize;
        let start = match index.checked_sub(1) {
            Some(before) => *self.ends.get(before)? as usize,
            None => 0,
        };
        self.text.get(start..end)
    }
}

impl<'a> Row<'a> {
    /// Line of the file (row of the sheet), counted from 1.
    pub fn line(&self) -> u32 {
        self.entry.line
    }

    /// The raw cell at `column`, counted from 0; empty when the row is shorter.
    pub fn cell(&self, column: usize) -> &'a str {
        if column >= usize::from(self.entry.stored) {
            return "";
        }
        self.table.cell(self.entry.first as usize + column).unwrap_or_default()
    }

    /// The stored cells from left to right.
    pub fn cells(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let row = *self;
        (0..usize::from(self.entry.stored)).map(move |i| row.cell(i))
    }

    /// The row without the columns behind the first `columns`.
    pub(crate) fn first(mut self, columns: usize) -> Self {
        self.entry.stored = self.entry.stored.min(u16::try_from(columns).unwrap_or(u16::MAX));
        self.entry.width = self.entry.width.min(u32::from(self.entry.stored));
        self
    }

    /// Number of columns when empty ones beyond `expected` are not counted (Excel adds them).
    pub fn width(&self, expected: usize) -> usize {
        let raw = self.entry.width as usize;
        if raw <= expected || raw > usize::from(self.entry.stored) {
            return raw;
        }
        self.filled().max(expected)
    }

    /// Number of columns up to the last one with content.
    pub fn filled(&self) -> usize {
        let stored = usize::from(self.entry.stored);
        (0..stored).rev().find(|i| !self.cell(*i).trim().is_empty()).map_or(0, |i| i + 1)
    }

    /// Number of columns as they stand, empty ones included.
    pub fn raw_width(&self) -> usize {
        self.entry.width as usize
    }
}
