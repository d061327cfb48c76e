//! From the bytes of a file to a [`Table`].
//!
//! Order of detection: size, magic numbers, byte order mark, strict UTF-8, Windows-31J (J75).
//! UTF-8 must be tried first, because its bytes often decode as Shift_JIS without an error.

use base::limits;
use encoding_rs::{DecoderResult, SHIFT_JIS};

use crate::reason::{Finding, Reason};
use crate::table::Table;

/// Text encodings of the files that are read and written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Windows-31J, what Japanese office software calls Shift_JIS (J70).
    Sjis,
    /// UTF-8; written with a byte order mark.
    Utf8,
}

/// What the bytes turned out to be.
#[derive(Debug, Clone)]
pub enum Content {
    /// Separated text, taken apart.
    Table(Table, Encoding),
    /// A ZIP archive: a workbook for the `sheets` crate.
    Workbook,
}

/// Compound file header of old and of encrypted Office files.
const OFFICE_MAGIC: [u8; 4] = [0xD0, 0xCF, 0x11, 0xE0];

/// Takes `bytes` apart; `wanted` overrides the detected encoding.
///
/// How a ZIP file begins: its first entry, or the end of an empty or divided one. Text may begin
/// with the two letters as well.
const ZIP_STARTS: [&[u8]; 3] = [b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"];

/// Errors are findings of the whole file: 201, 202, 203, or 204 for a quote that never closes.
pub fn decode(bytes: &[u8], wanted: Option<Encoding>) -> Result<Content, Finding> {
    check_size(bytes.len() as u64)?;
    if bytes.starts_with(&OFFICE_MAGIC) {
        return Err(Finding::file(Reason::EncryptedOffice));
    }
    if ZIP_STARTS.iter().any(|start| bytes.starts_with(start)) {
        return recognise_zip(bytes);
    }
    recognise_utf16(bytes)?;
    if let Some(at) = bytes.iter().position(|b| *b == 0) {
        return Err(Finding::file(Reason::NotText { offset: at as u64 }));
    }
    let (text, encoding) = decode_text(bytes, wanted)?;
    Ok(Content::Table(split(&text)?, encoding))
}

/// Refuses a file of `bytes` bytes that is empty or too large (202), before any work on it.
pub fn check_size(bytes: u64) -> Result<(), Finding> {
    match bytes {
        0 => Err(Finding::file(Reason::EmptyFile)),
        n if n > limits::IMPORT_BYTES_MAX as u64 => {
            Err(Finding::file(Reason::TooLarge { bytes: n, max: limits::IMPORT_BYTES_MAX as u64 }))
        }
        _ => Ok(()),
    }
}

/// Tells an encrypted archive (bit 0 of the first entry's flags) from a readable one.
fn recognise_zip(bytes: &[u8]) -> Result<Content, Finding> {
    if !bytes.starts_with(b"PK\x03\x04") {
        return Err(Finding::file(Reason::NotWorkbook));
    }
    match bytes.get(6) {
        Some(flags) if flags & 1 == 1 => Err(Finding::file(Reason::EncryptedZip)),
        Some(_) => Ok(Content::Workbook),
        None => Err(Finding::file(Reason::NotWorkbook)),
    }
}

/// Names UTF-16, with or without a mark ("Unicode text" of Excel), which is not read.
fn recognise_utf16(bytes: &[u8]) -> Result<(), Finding> {
    let marked = bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]);
    let head = bytes.get(..bytes.len().min(512) & !1).unwrap_or_default();
    let zeros = |parity: usize| head.iter().skip(parity).step_by(2).filter(|b| **b == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    let unmarked = head.len() >= 8 && (even == 0) != (odd == 0) && even.max(odd) * 4 >= head.len();
    if marked || unmarked { Err(Finding::file(Reason::Utf16)) } else { Ok(()) }
}

fn decode_text(bytes: &[u8], wanted: Option<Encoding>) -> Result<(String, Encoding), Finding> {
    if let Some(rest) = bytes.strip_prefix(b"\xEF\xBB\xBF")
        && wanted != Some(Encoding::Sjis)
    {
        return utf8(rest).map(|text| (text, Encoding::Utf8));
    }
    match (wanted, std::str::from_utf8(bytes)) {
        (Some(Encoding::Utf8), _) => utf8(bytes).map(|text| (text, Encoding::Utf8)),
        (None, Ok(text)) => Ok(match is_doubtful(text).then(|| sjis(bytes)) {
            Some(Ok(other)) => (other, Encoding::Sjis),
            Some(Err(_)) | None => (text.to_owned(), Encoding::Utf8),
        }),
        // Cut off inside a character after others that were right: UTF-8 that lost its end.
        (None, Err(e)) if e.error_len().is_none() && has_japanese(bytes, e.valid_up_to()) => {
            Err(undecodable(bytes, e.valid_up_to(), Encoding::Utf8))
        }
        (None, Err(_)) | (Some(Encoding::Sjis), _) => {
            sjis(bytes).map(|text| (text, Encoding::Sjis))
        }
    }
}

/// Whether text that is right as UTF-8 is more likely a few half-width kana of Windows-31J.
///
/// Two of their bytes often make a two-byte character. Japanese in UTF-8 takes three bytes, and a
/// Latin letter with a mark stands beside plain letters: where neither holds, it is doubtful.
fn is_doubtful(text: &str) -> bool {
    if text.is_ascii() || text.chars().any(|c| c.len_utf8() > 2) {
        return false;
    }
    let is_marked = |c: char| matches!(c, '\u{C0}'..='\u{24F}') && c.is_alphabetic();
    let is_latin = |word: &str| {
        word.contains(|c: char| c.is_ascii()) && word.chars().all(|c| c.is_ascii() || is_marked(c))
    };
    text.split(|c: char| c.is_ascii() && !c.is_ascii_alphabetic())
        .any(|word| !word.is_ascii() && !is_latin(word))
}

/// Whether the first `upto` bytes, right as UTF-8, hold a character of three bytes or more.
fn has_japanese(bytes: &[u8], upto: usize) -> bool {
    bytes.get(..upto).is_some_and(|head| head.iter().any(|b| *b >= 0xE0))
}

fn utf8(bytes: &[u8]) -> Result<String, Finding> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(e) => Err(undecodable(bytes, e.valid_up_to(), Encoding::Utf8)),
    }
}

fn sjis(bytes: &[u8]) -> Result<String, Finding> {
    // 80, A0 and FD–FF are no characters of Windows-31J; 80 decodes without an error (J77), so it
    // is looked for where a character begins.
    let mut decoder = SHIFT_JIS.new_decoder_without_bom_handling();
    let mut text = String::with_capacity(
        decoder.max_utf8_buffer_length_without_replacement(bytes.len()).unwrap_or(bytes.len()),
    );
    match decoder.decode_to_string_without_replacement(bytes, &mut text, true) {
        (DecoderResult::InputEmpty, _) => {}
        (DecoderResult::Malformed(len, after), read) => {
            let at = read.saturating_sub(usize::from(len) + usize::from(after));
            return Err(undecodable(bytes, at, Encoding::Sjis));
        }
        (DecoderResult::OutputFull, read) => {
            return Err(undecodable(bytes, read, Encoding::Sjis));
        }
    }
    if text.contains('\u{80}') {
        let at = single_byte_80(bytes).unwrap_or(0);
        return Err(undecodable(bytes, at, Encoding::Sjis));
    }
    Ok(text)
}

/// Offset of the first byte 80 that stands where a character begins.
fn single_byte_80(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            0x80 => return Some(at),
            0x81..=0x9F | 0xE0..=0xFC => at += 2,
            _ => at += 1,
        }
    }
    None
}

fn undecodable(bytes: &[u8], at: usize, tried: Encoding) -> Finding {
    let head = bytes.get(..at).unwrap_or(bytes);
    let line = count_lines(head) + 1;
    let byte = bytes.get(at).copied().unwrap_or_default();
    Finding {
        line,
        column: None,
        value: format!("{byte:02X}").into(),
        reason: Reason::Undecodable { offset: at as u64, tried },
    }
}

/// Line ends in `bytes`: CRLF, LF and CR count as one each.
fn count_lines(bytes: &[u8]) -> u32 {
    let (mut lines, mut last) = (0u32, 0u8);
    for byte in bytes {
        if *byte == b'\r' || (*byte == b'\n' && last != b'\r') {
            lines = lines.saturating_add(1);
        }
        last = *byte;
    }
    lines
}

/// Splits text into cells: commas, tolerant quoting, any line end.
fn split(text: &str) -> Result<Table, Finding> {
    let text = unify_line_ends(text);
    if let Some(line) = open_quote(&text) {
        return Err(Finding {
            line,
            column: None,
            value: Box::default(),
            reason: Reason::OpenQuote,
        });
    }
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .terminator(csv::Terminator::Any(b'\n'))
        .from_reader(text.as_bytes());
    let mut table = Table::default();
    let mut record = csv::StringRecord::new();
    let (mut line, mut counted) = (1u32, 0usize);
    let bytes = text.as_bytes();
    while reader.read_record(&mut record).unwrap_or(false) {
        let start = record.position().map_or(0, |p| p.byte() as usize);
        // The parser skips empty lines without moving the position of the record behind them.
        let blank = bytes.iter().skip(start).take_while(|b| **b == b'\n').count();
        let begin = start + blank;
        line += bytes.get(counted..begin).map_or(0, |s| s.iter().filter(|b| **b == b'\n').count())
            as u32;
        counted = begin;
        table.push(line, &record).map_err(|_| {
            Finding::file(Reason::TooManyRows { max: limits::IMPORT_ROWS_MAX as u64 })
        })?;
    }
    if table.is_empty() {
        return Err(Finding::file(Reason::EmptyFile));
    }
    Ok(table)
}

/// Makes every line end LF, so that lines can be counted.
fn unify_line_ends(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\r') {
        let (head, tail) = rest.split_at(at);
        out.push_str(head);
        out.push('\n');
        let tail = tail.strip_prefix('\r').unwrap_or(tail);
        rest = tail.strip_prefix('\n').unwrap_or(tail);
    }
    out.push_str(rest);
    out
}

/// The line of a quoted cell that is never closed: the file was cut off, or a quote is missing.
fn open_quote(text: &str) -> Option<u32> {
    if !text.contains('"') {
        return None;
    }
    let (mut line, mut opened, mut fresh, mut quoted) = (1u32, 1u32, true, false);
    let mut bytes = text.bytes().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' if quoted => {
                quoted = bytes.peek() == Some(&b'"');
                if quoted {
                    bytes.next();
                }
            }
            b'"' if fresh => (quoted, opened) = (true, line),
            b'\n' => line += 1,
            _ => {}
        }
        fresh = !quoted && matches!(byte, b',' | b'\n');
    }
    quoted.then_some(opened)
}
