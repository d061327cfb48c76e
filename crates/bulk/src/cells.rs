//! The rule of each kind of cell: what the importer of every format asks of it.

use std::borrow::Cow;

use base::{Dn, MobileNumber, Secret};
use model::password::PASSWORD_MAX;
use model::{Preset, WebPolicy};

use crate::plan::{Draft, is_user_defined};
use crate::reason::{Column, Finding, Reason};
use crate::repair::{self, HIDDEN, Place};
use crate::table::Row;

/// What a cell holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Given<T> {
    /// Nothing.
    Absent,
    /// A value that keeps its rule.
    Value(T),
    /// Something that breaks its rule; the error is reported.
    Bad,
}

impl<T> Given<T> {
    pub(crate) fn value(&self) -> Option<&T> {
        match self {
            Given::Value(value) => Some(value),
            Given::Absent | Given::Bad => None,
        }
    }

    /// The value; an absent one is reported as missing (211) under `name`.
    pub(crate) fn required(
        self,
        draft: &mut Draft<'_>,
        row: Row<'_>,
        (column, name): (u8, &'static str),
    ) -> Option<T> {
        match self {
            Given::Value(value) => Some(value),
            Given::Bad => None,
            Given::Absent => {
                draft.cell(row, column, Reason::Missing { name });
                None
            }
        }
    }
}

fn place(row: Row<'_>, column: u8) -> Place {
    Place { line: row.line(), column: Column(column) }
}

/// 内線番号 by the tenant's numbering plan (211, 212, 213, 215, 237).
pub(crate) fn dn(draft: &mut Draft<'_>, row: Row<'_>, column: u8) -> Given<Dn> {
    let raw = row.cell(usize::from(column));
    let text = repair::number(raw, place(row, column), &mut draft.findings);
    let checked = match checked_digits(&text, Reason::DnNotDigits) {
        Digits::Absent => return Given::Absent,
        Digits::Reported => return Given::Bad,
        Digits::Bad(reason) => Err(reason),
        Digits::Ok => dn_of(draft.context.tenant.preset, &text),
    };
    checked.map_or_else(
        |reason| {
            draft.cell(row, column, reason);
            Given::Bad
        },
        Given::Value,
    )
}

fn dn_of(preset: Preset, text: &str) -> Result<Dn, Reason> {
    let (min, max) = match preset {
        Preset::OfficeLink => (2, 15),
        Preset::CloudPhone => (1, 7),
    };
    let len = text.len() as u32;
    if !(min..=max).contains(&len) {
        return Err(Reason::DnLength { len, min, max });
    }
    let dn = Dn::parse(text).map_err(|_| Reason::DnNotDigits)?;
    match model::plan::check_dn(preset, dn) {
        Ok(()) => Ok(dn),
        Err(model::plan::PlanError::Shape) => Err(Reason::DnFirst),
        Err(model::plan::PlanError::Reserved(with)) => Err(Reason::Collision { with: with.into() }),
    }
}

/// 携帯番号 (212, 214, 215; the lost 0 restored).
pub(crate) fn mobile(draft: &mut Draft<'_>, row: Row<'_>, column: u8) -> Given<MobileNumber> {
    let raw = row.cell(usize::from(column));
    let text = repair::mobile(raw, place(row, column), &mut draft.findings);
    let reason = match checked_digits(&text, Reason::MobileNotDigits) {
        Digits::Absent => return Given::Absent,
        Digits::Reported => return Given::Bad,
        Digits::Bad(reason) => reason,
        Digits::Ok => match MobileNumber::parse(&text) {
            Ok(number) => return Given::Value(number),
            Err(_) if text.len() == 11 => Reason::MobilePrefix,
            Err(_) => Reason::MobileLength { len: text.len() as u32 },
        },
    };
    draft.cell(row, column, reason);
    Given::Bad
}

enum Digits {
    Absent,
    Ok,
    /// Holds 外字, which is reported for the whole file.
    Reported,
    Bad(Reason),
}

fn checked_digits(text: &str, otherwise: Reason) -> Digits {
    if text.is_empty() {
        Digits::Absent
    } else if text.bytes().all(|b| b.is_ascii_digit()) {
        Digits::Ok
    } else if text.chars().any(is_user_defined) {
        Digits::Reported
    } else if repair::is_scientific(text) {
        Digits::Bad(Reason::DigitsLost)
    } else if text.is_ascii() {
        Digits::Bad(otherwise)
    } else {
        Digits::Bad(Reason::Characters { found: foreign(text) })
    }
}

/// 予約番号1: 10 to 12 zeros, or the single 0 that Excel leaves (216).
pub(crate) fn reserved_zeros(draft: &mut Draft<'_>, row: Row<'_>, column: u8) {
    let raw = row.cell(usize::from(column));
    let text = repair::number(raw, place(row, column), &mut draft.findings);
    let ok = matches!(text.len(), 1 | 10..=12) && text.bytes().all(|b| b == b'0');
    if !ok && !text.chars().any(is_user_defined) {
        draft.cell(row, column, Reason::ReservedZeros);
    }
}

/// 予約番号2–4: empty or `0` (216).
pub(crate) fn reserved_zero(
    draft: &mut Draft<'_>,
    row: Row<'_>,
    (column, name): (u8, &'static str),
) {
    let raw = row.cell(usize::from(column));
    let text = repair::number(raw, place(row, column), &mut draft.findings);
    if !matches!(text.as_ref(), "" | "0") && !text.chars().any(is_user_defined) {
        draft.cell(row, column, Reason::ReservedZero { name });
    }
}

/// SIP ID: 1–32 letters and digits (212, 217).
pub(crate) fn sip_id<'r>(draft: &mut Draft<'_>, row: Row<'r>, column: u8) -> Given<Cow<'r, str>> {
    word(draft, row, column, &|text| match letters_and_digits(text, 32) {
        Ok(()) => None,
        Err(Word::Long { len, max }) => Some(Reason::SipIdLength { len, max }),
        Err(Word::Strange(found)) => Some(Reason::SipIdCharacters { found }),
    })
}

/// Webカスコンユーザー名: 1–16 letters and digits (212, 219).
pub(crate) fn web_user<'r>(draft: &mut Draft<'_>, row: Row<'r>, column: u8) -> Given<Cow<'r, str>> {
    word(draft, row, column, &|text| match letters_and_digits(text, 16) {
        Ok(()) => None,
        Err(Word::Long { len, max }) => Some(Reason::WebUserLength { len, max }),
        Err(Word::Strange(found)) => Some(Reason::WebUserCharacters { found }),
    })
}

fn word<'r>(
    draft: &mut Draft<'_>,
    row: Row<'r>,
    column: u8,
    rule: &dyn Fn(&str) -> Option<Reason>,
) -> Given<Cow<'r, str>> {
    let raw = row.cell(usize::from(column));
    let text = repair::word(raw, place(row, column), &mut draft.findings);
    if text.is_empty() {
        return Given::Absent;
    }
    if text.chars().any(is_user_defined) {
        return Given::Bad;
    }
    let reason = if text.is_ascii() {
        rule(&text)
    } else {
        Some(Reason::Characters { found: foreign(&text) })
    };
    match reason {
        None => Given::Value(text),
        Some(reason) => {
            draft.cell(row, column, reason);
            Given::Bad
        }
    }
}

enum Word {
    Long { len: u32, max: u32 },
    Strange(String),
}

fn letters_and_digits(text: &str, max: u32) -> Result<(), Word> {
    let strange = distinct(text.chars().filter(|c| !c.is_ascii_alphanumeric()));
    let len = text.len() as u32;
    if !strange.is_empty() {
        Err(Word::Strange(strange))
    } else if len > max {
        Err(Word::Long { len, max })
    } else {
        Ok(())
    }
}

/// SIPパスワード of an import: 1–16 letters and digits (212, 218).
pub(crate) fn sip_secret(draft: &mut Draft<'_>, row: Row<'_>, column: u8) -> Given<Secret<String>> {
    let raw = row.cell(usize::from(column));
    let text = repair::password(raw, place(row, column), &mut draft.findings);
    let reason = match letters_and_digits(text, 16) {
        _ if text.is_empty() => return Given::Absent,
        _ if text.chars().any(is_user_defined) => return Given::Bad,
        _ if !text.is_ascii() => Reason::Characters { found: foreign(text) },
        Err(Word::Strange(_)) => Reason::SipSecretCharacters,
        Err(Word::Long { len, max }) => Reason::SipSecretLength { len, max },
        Ok(()) => return Given::Value(Secret::new(text.to_owned())),
    };
    hidden(draft, row, column, reason);
    Given::Bad
}

/// A new web password and whether it must be replaced at the first login.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct WebPassword {
    pub(crate) text: Secret<String>,
    pub(crate) must_change: bool,
}

/// Webカスコンパスワード (R027: 212, 220, 221); `user` is the name of the row, if it has one.
pub(crate) fn web_password(
    draft: &mut Draft<'_>,
    row: Row<'_>,
    column: u8,
    user: Option<&str>,
) -> Given<WebPassword> {
    let raw = row.cell(usize::from(column));
    let text = repair::password(raw, place(row, column), &mut draft.findings);
    if text.is_empty() {
        return Given::Absent;
    }
    if text.chars().any(is_user_defined) {
        return Given::Bad;
    }
    if user.is_some_and(|user| user.eq_ignore_ascii_case(text)) {
        hidden(draft, row, column, Reason::PasswordIsUser);
        return Given::Bad;
    }
    match check_password(draft.context.tenant.web_policy, text) {
        Ok(must_change) => {
            Given::Value(WebPassword { text: Secret::new(text.to_owned()), must_change })
        }
        Err(reason) => {
            hidden(draft, row, column, reason);
            Given::Bad
        }
    }
}

/// Checks a web password that an administrator gives somebody; true = to be replaced at the first
/// login, because only the rule of seed 003 holds (R027).
fn check_password(policy: WebPolicy, text: &str) -> Result<bool, Reason> {
    if !text.is_ascii() {
        return Err(Reason::Characters { found: foreign(text) });
    }
    if text.bytes().any(|b| !b.is_ascii_graphic()) {
        return Err(Reason::PasswordCharacters);
    }
    let len = text.len();
    let mixed =
        text.bytes().any(|b| b.is_ascii_alphabetic()) && text.bytes().any(|b| b.is_ascii_digit());
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric());
    match policy {
        WebPolicy::EightAlphanumeric if len != 8 => Err(Reason::PasswordEight { len: len as u32 }),
        WebPolicy::Ten if len != 8 && !(10..=PASSWORD_MAX).contains(&len) => {
            let max = PASSWORD_MAX as u32;
            Err(Reason::PasswordLength { len: len as u32, min: 10, max })
        }
        WebPolicy::Ten if len >= 10 => Ok(false),
        WebPolicy::Ten | WebPolicy::EightAlphanumeric if !plain => Err(Reason::PasswordCharacters),
        WebPolicy::Ten | WebPolicy::EightAlphanumeric if !mixed => Err(Reason::PasswordMix),
        WebPolicy::Ten => Ok(true),
        WebPolicy::EightAlphanumeric => Ok(false),
    }
}

/// Reports a finding about a password, whose value is not shown.
fn hidden(draft: &mut Draft<'_>, row: Row<'_>, column: u8, reason: Reason) {
    draft.findings.push(Finding {
        line: row.line(),
        column: Some(Column(column)),
        value: HIDDEN.into(),
        reason,
    });
}

/// The characters outside of ASCII, each once.
fn foreign(text: &str) -> String {
    distinct(text.chars().filter(|c| !c.is_ascii()))
}

fn distinct(chars: impl Iterator<Item = char>) -> String {
    let mut out = String::new();
    for c in chars.take(1_000) {
        if !out.contains(c) && out.chars().count() < 20 {
            out.push(c);
        }
    }
    out
}
