//! Safe repairs of cells, each of them noted (R048, J79–J81).

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;

use crate::reason::{Column, Finding, Reason};

/// What was done to a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Done {
    narrowed: bool,
    cleaned: bool,
    zero: bool,
}

/// A number cell: full-width digits narrowed, blanks, hyphens and long marks removed.
///
/// Notes what it did in `notes`.
pub(crate) fn number<'a>(raw: &'a str, place: Place, notes: &mut Vec<Finding>) -> Cow<'a, str> {
    if raw.bytes().all(|b| b.is_ascii_digit()) {
        return Cow::Borrowed(raw);
    }
    let mut done = Done::default();
    let mut out = String::with_capacity(raw.len());
    for c in undefused(raw).chars() {
        if is_blank(c) || is_hyphen(c) {
            done.cleaned = true;
        } else {
            push_narrowed(&mut out, c, &mut done);
        }
    }
    note(raw, &out, done, place, notes);
    Cow::Owned(out)
}

/// A mobile number cell: as [`number`], and the leading 0 that a spreadsheet drops is restored.
pub(crate) fn mobile<'a>(raw: &'a str, place: Place, notes: &mut Vec<Finding>) -> Cow<'a, str> {
    let text = number(raw, place, notes);
    let lost = text.len() == 10 && matches!(text.as_bytes(), [b'6'..=b'9', b'0', ..]);
    if !lost || !text.bytes().all(|b| b.is_ascii_digit()) {
        return text;
    }
    let restored = format!("0{text}");
    note(raw, &restored, Done { zero: true, ..Done::default() }, place, notes);
    Cow::Owned(restored)
}

/// An id cell (letters and digits): full-width characters narrowed, blanks around it removed.
pub(crate) fn word<'a>(raw: &'a str, place: Place, notes: &mut Vec<Finding>) -> Cow<'a, str> {
    if raw.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Cow::Borrowed(raw);
    }
    let kept = undefused(raw);
    let trimmed = kept.trim();
    let mut done = Done { cleaned: trimmed.len() != kept.len(), ..Done::default() };
    let mut out = String::with_capacity(trimmed.len());
    for c in trimmed.chars() {
        push_narrowed(&mut out, c, &mut done);
    }
    note(raw, &out, done, place, notes);
    Cow::Owned(out)
}

/// A password cell: only the blanks around it are removed; its characters are never changed.
pub(crate) fn password<'a>(raw: &'a str, place: Place, notes: &mut Vec<Finding>) -> &'a str {
    let trimmed = undefused(raw).trim();
    if trimmed.len() != undefused(raw).len() && !trimmed.is_empty() {
        let done = Done { cleaned: true, ..Done::default() };
        note(HIDDEN, HIDDEN, done, place, notes);
    }
    trimmed
}

/// Whether a spreadsheet wrote the number as a power of ten, `9.01E+10` for example (J79).
pub(crate) fn is_scientific(text: &str) -> bool {
    let Some((mantissa, exponent)) = text.split_once(['E', 'e']) else { return false };
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    digits(whole) && digits(fraction) && digits(exponent.trim_start_matches('+'))
}

/// Shown in place of a password.
pub(crate) const HIDDEN: &str = "********";

/// Where a cell stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) line: u32,
    pub(crate) column: Column,
}

impl Place {
    /// A finding at this place.
    pub(crate) fn finding(self, value: &str, reason: Reason) -> Finding {
        Finding { line: self.line, column: Some(self.column), value: value.into(), reason }
    }
}

/// Removes the `'` that the Excel profile puts before `=`, `+`, `-` and `@` (J80).
pub(crate) fn undefused(raw: &str) -> &str {
    match raw.strip_prefix('\'') {
        Some(rest) if rest.starts_with(['=', '+', '-', '@']) => rest,
        _ => raw,
    }
}

/// Blanks of every width, and what spreadsheets and web pages leave unseen in a cell.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{200B}' | '\u{2060}' | '\u{FEFF}' | '\u{200E}' | '\u{202C}')
}

/// Hyphens, minus signs and long marks that people type into numbers (J81).
fn is_hyphen(c: char) -> bool {
    matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | 'ー' | 'ｰ' | '－' | '\u{FE63}')
}

fn push_narrowed(out: &mut String, c: char, done: &mut Done) {
    if matches!(c, '\u{FF01}'..='\u{FF5E}') {
        done.narrowed = true;
        out.extend(std::iter::once(c).nfkc());
    } else {
        out.push(c);
    }
}

fn note(raw: &str, result: &str, done: Done, place: Place, notes: &mut Vec<Finding>) {
    if result.is_empty() {
        return;
    }
    let mut push = |reason| notes.push(place.finding(raw, reason));
    if done.narrowed {
        push(Reason::Narrowed { result: result.into() });
    }
    if done.cleaned {
        push(Reason::Cleaned { result: result.into() });
    }
    if done.zero {
        push(Reason::ZeroRestored { result: result.into() });
    }
}
