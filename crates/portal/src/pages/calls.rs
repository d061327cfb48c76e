//! Calls as rows, and who may see the history now (R100, R101).

use app::Lang;
use app::history::row;
use base::cause::Blame;
use base::id::{RecordId, TenantId, Uuid};
use base::{Dn, Wall};
use engine::CallLine;
use model::Snapshot;
use model::record::CallRecord;
use store::Cursor;
use subtle::ConstantTimeEq;

use crate::Portal;
use crate::shell::signed::Signed;
use crate::shell::tel::Tel;

/// An ended call.
pub(crate) struct CallRow {
    pub(crate) href: String,
    pub(crate) called_at: String,
    pub(crate) caller: Tel,
    pub(crate) caller_name: String,
    pub(crate) callee: Tel,
    pub(crate) callee_name: String,
    /// Class of the mark.
    pub(crate) state: &'static str,
    pub(crate) result: String,
    pub(crate) talk: String,
    pub(crate) services: String,
    pub(crate) cause_code: String,
    pub(crate) cause: String,
}

/// A running call.
pub(crate) struct RunningRow {
    pub(crate) called_at: String,
    pub(crate) caller: Tel,
    pub(crate) caller_name: String,
    pub(crate) dialed: Tel,
    pub(crate) dialed_name: String,
    pub(crate) is_answered: bool,
    /// How long it has lasted, `m:ss`.
    pub(crate) lasted: String,
}

/// Class of the mark of an ended call: answered, nobody's fault, the called side, trouble.
pub(crate) fn state(record: &CallRecord) -> &'static str {
    match record.blame {
        _ if record.is_answered() => "on",
        Blame::Caller => "off",
        Blame::Callee => "warn",
        Blame::Carrier | Blame::Us | Blame::Unknown => "bad",
    }
}

pub(crate) fn call_row(record: &CallRecord, lang: Lang) -> CallRow {
    let shown = row(record, lang);
    // Who was called, else what was dialled: a code, or a number that nobody has.
    let callee = if shown.callee.number.is_empty() { &shown.dialed } else { &shown.callee.number };
    CallRow {
        href: format!("/history/call/{}", cursor_text(cursor(record))),
        caller: Tel::of(&shown.caller.number),
        callee: Tel::of(callee),
        called_at: shown.called_at,
        caller_name: shown.caller.name,
        callee_name: shown.callee.name,
        state: state(record),
        result: shown.kind,
        talk: shown.talk,
        services: shown.services,
        cause_code: shown.cause_code,
        cause: shown.cause,
    }
}

pub(crate) fn running_rows(
    snapshot: &Snapshot,
    tenant: TenantId,
    calls: &[CallLine],
    now: Wall,
) -> Vec<RunningRow> {
    let name = |number: &str| {
        let user = Dn::parse(number).ok().and_then(|dn| snapshot.user_by_dn(tenant, dn));
        user.map(|u| u.name.to_string()).unwrap_or_default()
    };
    calls
        .iter()
        .map(|call| {
            let since = call.answered_at.unwrap_or(call.called_at);
            let seconds = now.0.saturating_sub(since.0).max(0) / 1_000;
            RunningRow {
                called_at: call.called_at.tokyo_text(),
                caller: Tel::of(&call.caller),
                caller_name: name(&call.caller),
                dialed: Tel::of(&call.dialed),
                dialed_name: name(&call.dialed),
                is_answered: call.answered_at.is_some(),
                lasted: format!("{}:{:02}", seconds / 60, seconds % 60),
            }
        })
        .collect()
}

/// Whether the history may be shown: identity was proved within 15 minutes, or this is a page
/// opened then that updates itself.
pub(crate) fn is_open(portal: &Portal, who: &Signed) -> bool {
    let shown = who.visit.live.as_deref();
    let key = portal.memory.view_key(&who.token, &who.visit.here);
    let is_open_page = shown
        .zip(key.as_deref())
        .is_some_and(|(shown, key)| bool::from(shown.as_bytes().ct_eq(key.as_bytes())));
    is_open_page || portal.memory.is_proved(&who.token, who.visit.now)
}

pub(crate) fn cursor(record: &CallRecord) -> Cursor {
    Cursor { called_at: record.called_at, id: record.id }
}

/// A place in the history, for addresses.
pub(crate) fn cursor_text(cursor: Cursor) -> String {
    format!("{}-{}", cursor.called_at.0, cursor.id)
}

pub(crate) fn parse_cursor(text: &str) -> Option<Cursor> {
    let (at, id) = text.split_once('-')?;
    Some(Cursor { called_at: Wall(at.parse().ok()?), id: RecordId(Uuid::parse(id)?) })
}
