//! F10: pickup groups, hunting groups and departments, in and out (R073, R238).
//!
//! | File | Key | Columns |
//! |---|---|---|
//! | `pickup` | グループ番号 | name, members |
//! | `hunt` | グループ番号 | name, method, pilot, members in order, seconds, overflow |
//! | `department` | 所属共通内線番号 | name, multicast, seconds, members |
//!
//! A row makes a group, or with 登録・更新 replaces what its columns say; settings that have no
//! column stay, and so do groups that the file does not name.

pub(crate) mod department;
pub(crate) mod hunt;
pub(crate) mod pickup;

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use base::Dn;
use model::{Destination, DnOwner};

use crate::error_file::unmarked;
use crate::plan::{Draft, Mode};
use crate::reason::{Column, Finding, Reason};
use crate::repair::{self, Place};
use crate::table::{Row, Table};

pub use department::rows as department_rows;
pub use hunt::rows as hunt_rows;
pub use pickup::rows as pickup_rows;

/// Keys of the rows so far.
type Seen<K> = BTreeMap<K, u32>;

/// The rows to be planned: without column names, without those of another width (204).
fn data_rows<'t>(
    table: &'t Table,
    draft: &mut Draft<'_>,
    columns: &[&str],
    expected: &'static str,
) -> Vec<Row<'t>> {
    let mut rows = Vec::with_capacity(table.len());
    for (at, row) in table.rows().enumerate() {
        let row = unmarked(row);
        if at == 0 && columns.contains(&row.cell(0).trim()) {
            draft.cell(row, 0, Reason::HeaderSkipped);
            continue;
        }
        let found = row.width(columns.len());
        if found == columns.len() {
            rows.push(row);
            continue;
        }
        let found = u32::try_from(found).unwrap_or(u32::MAX);
        draft.findings.push(Finding {
            line: row.line(),
            column: None,
            value: row.cell(0).trim().into(),
            reason: Reason::Columns { found, expected },
        });
    }
    rows
}

/// Whether the row is the first one with this key (233).
fn is_first<K: Ord>(draft: &mut Draft<'_>, row: Row<'_>, (seen, key): (&mut Seen<K>, K)) -> bool {
    let other = *seen.entry(key).or_insert(row.line());
    if other != row.line() {
        draft.cell(row, 0, Reason::GroupTwice { other });
    }
    other == row.line()
}

/// Whether a group that there is may be changed by the row (233).
fn may_change(draft: &mut Draft<'_>, row: Row<'_>, (column, name): (u8, &str)) -> bool {
    let may = draft.context.mode == Mode::Update;
    if !may {
        draft.cell(row, column, Reason::GroupRegistered { name: name.into() });
    }
    may
}

/// グループ番号 (211, 248).
fn group_number(
    draft: &mut Draft<'_>,
    row: Row<'_>,
    (name, range): (&'static str, RangeInclusive<u16>),
) -> Option<u16> {
    let text = digits(draft, row, 0);
    if text.is_empty() {
        draft.cell(row, 0, Reason::Missing { name });
        return None;
    }
    let number = text.parse().ok().filter(|n| range.contains(n));
    if number.is_none() {
        draft.cell(row, 0, Reason::GroupRange);
    }
    number
}

/// A number of seconds, or the default when the cell is empty (212).
fn seconds(
    draft: &mut Draft<'_>,
    row: Row<'_>,
    column: u8,
    (range, default): (RangeInclusive<u16>, u16),
) -> Option<u16> {
    let text = digits(draft, row, column);
    if text.is_empty() {
        return Some(default);
    }
    let number = text.parse().ok().filter(|n| range.contains(n));
    if number.is_none() {
        let (min, max) = (u32::from(*range.start()), u32::from(*range.end()));
        draft.cell(row, column, Reason::OutOfRange { min, max });
    }
    number
}

/// One of two words; the first one when the cell is empty (212).
fn choice(
    draft: &mut Draft<'_>,
    row: Row<'_>,
    column: u8,
    words: [&'static str; 2],
) -> Option<bool> {
    let text = row.cell(usize::from(column)).trim();
    let found = words.iter().position(|w| *w == text);
    let found = found.or(text.is_empty().then_some(0)).map(|at| at == 1);
    if found.is_none() {
        let [first, second] = words;
        draft.cell(row, column, Reason::NotAWord { first, second });
    }
    found
}

/// A cell of digits, full-width ones mended.
fn digits(draft: &mut Draft<'_>, row: Row<'_>, column: u8) -> String {
    let place = Place { line: row.line(), column: Column(column) };
    repair::number(row.cell(usize::from(column)), place, &mut draft.findings).into_owned()
}

/// `#7001#7002#` (238, 245, 246; N04 for a `#` that was missing at an end).
fn members(
    draft: &mut Draft<'_>,
    row: Row<'_>,
    column: u8,
    (most, fits): (usize, fn(DnOwner) -> bool),
) -> Option<Vec<Dn>> {
    let cell = row.cell(usize::from(column)).trim();
    let place = Place { line: row.line(), column: Column(column) };
    let text = repair::word(cell, place, &mut draft.findings).into_owned();
    if text.is_empty() {
        return Some(Vec::new());
    }
    let inner = text.strip_prefix('#').unwrap_or(&text);
    let inner = inner.strip_suffix('#').unwrap_or(inner);
    if inner.len() + 2 != text.len() {
        let result = format!("#{inner}#").into();
        draft.cell(row, column, Reason::HashAdded { result });
    }
    let mut out = Vec::new();
    for part in inner.split('#') {
        let Ok(dn) = Dn::parse(part) else {
            draft.cell(row, column, Reason::ListShape);
            return None;
        };
        let owner = draft.context.snapshot.dn_owner(draft.context.tenant.id, dn);
        if !owner.is_some_and(fits) {
            draft.cell(row, column, Reason::MemberUnknown { dn: part.into() });
            return None;
        }
        if out.contains(&dn) {
            draft.cell(row, column, Reason::MemberTwice { dn: part.into() });
            return None;
        }
        out.push(dn);
    }
    if out.len() > most {
        draft.cell(row, column, Reason::TooManyMembers { max: most.to_string().into() });
        return None;
    }
    Some(out)
}

/// あふれ先: a number, 留守番, 案内, or a number outside that begins with 0; empty = none (212).
fn overflow(draft: &mut Draft<'_>, row: Row<'_>, column: u8) -> Option<Option<Destination>> {
    let text = row.cell(usize::from(column)).trim();
    let to = match text {
        "" => return Some(None),
        VOICEMAIL => Some(Destination::Voicemail),
        ANNOUNCEMENT => Some(Destination::Announcement(None)),
        _ if text.starts_with("announcement:") => Destination::parse(text),
        _ => {
            let text = digits(draft, row, column);
            match text.starts_with('0') {
                true => Destination::outside(&text),
                false => Dn::parse(&text).ok().map(Destination::Dn),
            }
        }
    };
    if to.is_none() {
        draft.cell(row, column, Reason::DestinationShape);
    }
    to.map(Some)
}

/// Name of the column that names a group.
pub const NAME: &str = "名称";

/// The word for the own mailbox.
const VOICEMAIL: &str = "留守番";

/// The word for the standard announcement; one with an own sound is `announcement:` and its id.
const ANNOUNCEMENT: &str = "案内";

fn overflow_text(to: Option<&Destination>) -> String {
    match to {
        None => String::new(),
        Some(Destination::Dn(dn)) => dn.text(),
        Some(Destination::Voicemail) => VOICEMAIL.to_owned(),
        Some(Destination::Outside(digits)) => digits.to_string(),
        Some(Destination::Announcement(None)) => ANNOUNCEMENT.to_owned(),
        Some(to @ Destination::Announcement(Some(_))) => to.text(),
    }
}

fn list_text(dns: impl Iterator<Item = Dn>) -> String {
    let mut out = String::new();
    for dn in dns {
        out.push_str(if out.is_empty() { "#" } else { "" });
        out.push_str(&dn.text());
        out.push('#');
    }
    out
}

/// The names of the columns, when they are wanted, before the rows.
fn with_names(
    columns: &[&str],
    header: bool,
    rows: impl Iterator<Item = Vec<String>>,
) -> Vec<Vec<String>> {
    let names = header.then(|| columns.iter().map(|name| (*name).to_owned()).collect());
    names.into_iter().chain(rows).collect()
}

/// A name cell: what is too long or strange is the model's to say.
fn name(row: Row<'_>, column: u8) -> Box<str> {
    row.cell(usize::from(column)).trim().into()
}
