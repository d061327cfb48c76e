//! From rows to the bytes of a file: Windows-31J or UTF-8 with mark, lines ending CRLF, values
//! quoted only where needed.

use std::borrow::Cow;

use encoding_rs::{EncoderResult, SHIFT_JIS};

use crate::decode::Encoding;
use crate::reason::Column;

/// Who will open the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// Values exactly as they are; what the importer and other programs read.
    Plain,
    /// For a person who opens it in Excel: cells that begin a formula get a leading `'` (J80).
    Excel,
}

/// A character that Windows-31J does not have (J73).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unmappable {
    /// Line of the file, counted from 1.
    pub line: u32,
    /// Its column.
    pub column: Column,
    /// The character.
    pub character: char,
}

/// Written for a character that the encoding lacks, after it was reported (geta mark).
pub const MISSING_MARK: char = '〓';

/// Most characters that are reported; the others are only counted.
pub const UNMAPPABLE_MAX: usize = 1_000;

/// Writes rows one after the other, so that a long export is never in memory as a whole.
#[derive(Debug)]
pub struct Writer {
    encoding: Encoding,
    profile: Profile,
    line: u32,
    row: String,
    unmappable: Vec<Unmappable>,
    unmappable_count: u64,
}

impl Writer {
    /// A writer; the first row gets line number 1.
    pub fn new(encoding: Encoding, profile: Profile) -> Self {
        Writer {
            encoding,
            profile,
            line: 0,
            row: String::new(),
            unmappable: Vec::new(),
            unmappable_count: 0,
        }
    }

    /// Appends one row to `out`.
    ///
    /// A character that can't be mapped is written as [`MISSING_MARK`] and reported by
    /// [`Self::unmappable`].
    pub fn row<C: AsRef<str>>(&mut self, cells: &[C], out: &mut Vec<u8>) {
        self.line += 1;
        if self.line == 1 && self.encoding == Encoding::Utf8 {
            out.extend_from_slice(b"\xEF\xBB\xBF");
        }
        self.row.clear();
        for (i, cell) in cells.iter().enumerate() {
            if i > 0 {
                self.row.push(',');
            }
            write_cell(&mut self.row, cell.as_ref(), self.profile);
        }
        self.row.push_str("\r\n");
        match self.encoding {
            Encoding::Utf8 => out.extend_from_slice(self.row.as_bytes()),
            Encoding::Sjis if self.row.is_ascii() => out.extend_from_slice(self.row.as_bytes()),
            Encoding::Sjis => self.row_sjis(cells, out),
        }
    }

    /// Whether a row was written.
    pub fn is_started(&self) -> bool {
        self.line > 0
    }

    /// Characters that could not be mapped, at most [`UNMAPPABLE_MAX`] of them.
    pub fn unmappable(&self) -> &[Unmappable] {
        &self.unmappable
    }

    /// How many characters could not be mapped.
    pub fn unmappable_count(&self) -> u64 {
        self.unmappable_count
    }

    fn row_sjis<C: AsRef<str>>(&mut self, cells: &[C], out: &mut Vec<u8>) {
        let text = fold(&self.row);
        let start = out.len();
        if encode_sjis(&text, out).is_ok() {
            return;
        }
        out.truncate(start);
        for (i, cell) in cells.iter().enumerate() {
            for character in fold(cell.as_ref()).chars().filter(|c| !is_mappable(*c)) {
                self.unmappable_count += 1;
                if self.unmappable.len() < UNMAPPABLE_MAX {
                    let column = Column(u8::try_from(i).unwrap_or(u8::MAX));
                    self.unmappable.push(Unmappable { line: self.line, column, character });
                }
            }
        }
        let marked: String =
            text.chars().map(|c| if is_mappable(c) { c } else { MISSING_MARK }).collect();
        // Every character left is in the encoding, the mark included.
        let _ = encode_sjis(&marked, out);
    }
}

/// Whether Windows-31J has `character`, after [`fold`].
fn is_mappable(character: char) -> bool {
    let mut scratch = [0; 4];
    character.is_ascii()
        || encode_sjis(character.encode_utf8(&mut scratch), &mut Vec::new()).is_ok()
}

/// Appends `text` in Windows-31J; never writes a replacement (J71).
fn encode_sjis(text: &str, out: &mut Vec<u8>) -> Result<(), char> {
    let mut encoder = SHIFT_JIS.new_encoder();
    let room = encoder.max_buffer_length_from_utf8_without_replacement(text.len());
    out.reserve(room.unwrap_or(text.len() * 2) + 4);
    match encoder.encode_from_utf8_to_vec_without_replacement(text, out, true).0 {
        EncoderResult::InputEmpty => Ok(()),
        EncoderResult::Unmappable(c) => Err(c),
        EncoderResult::OutputFull => Err('\0'),
    }
}

/// Turns the characters that macOS and Linux type into the twins that Windows types (J72).
fn fold(text: &str) -> Cow<'_, str> {
    let twin = |c| match c {
        '\u{301C}' => '\u{FF5E}',
        '\u{2014}' => '\u{2015}',
        '\u{2016}' => '\u{2225}',
        '\u{00A2}' => '\u{FFE0}',
        '\u{00A3}' => '\u{FFE1}',
        '\u{00AC}' => '\u{FFE2}',
        other => other,
    };
    if text.chars().any(|c| twin(c) != c) {
        Cow::Owned(text.chars().map(twin).collect())
    } else {
        Cow::Borrowed(text)
    }
}

fn write_cell(row: &mut String, cell: &str, profile: Profile) {
    let defused = profile == Profile::Excel && cell.starts_with(['=', '+', '-', '@', '\t']);
    let quoted = cell.contains([',', '"', '\r', '\n']);
    if quoted {
        row.push('"');
    }
    if defused {
        row.push('\'');
    }
    if quoted {
        row.push_str(&cell.replace('"', "\"\""));
        row.push('"');
    } else {
        row.push_str(cell);
    }
}
