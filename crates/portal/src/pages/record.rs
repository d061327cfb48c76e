//! 通話の詳細: what happened to one call, why, and what mends it.

use app::history::row;
use app::text::text;
use askama::Template;
use axum::extract::{Path, State};

use base::Uuid;
use base::id::RecordId;
use store::{Cursor, Filter};

use crate::Portal;
use crate::pages::calls::{is_open, parse_cursor, state};
use crate::pages::history::closed;
use crate::pages::{Answer, page};
use crate::shell::fault::Fault;
use crate::shell::frame::{Frame, Page};
use crate::shell::signed::Signed;
use crate::shell::tel::Tel;

#[derive(Template)]
#[template(path = "record.html")]
struct RecordPage {
    frame: Frame,
    caller: Tel,
    caller_name: String,
    callee: Tel,
    callee_name: String,
    state: &'static str,
    result: String,
    talk: String,
    /// (id of the label, value).
    pairs: Vec<(&'static str, String)>,
    cause_code: String,
    cause: String,
    fix: String,
    blame: String,
    trace: Vec<String>,
}

pub(crate) async fn show(
    State(portal): State<Portal>,
    who: Signed,
    Path(key): Path<String>,
) -> Answer {
    if !is_open(&portal, &who) {
        return closed(&portal, &who, Page::Record);
    }
    let wanted = parse_cursor(&key).ok_or(Fault::NotFound)?;
    // The page of one record that begins right before the wanted place.
    let behind = Uuid(wanted.id.0.0.checked_add(1).ok_or(Fault::NotFound)?);
    let before = Cursor { called_at: wanted.called_at, id: RecordId(behind) };
    let found = portal.store.history_page(who.scope(), &Filter::default(), Some(before), 1).await?;
    let record = found.records.into_iter().next().filter(|r| r.id == wanted.id);
    let record = record.ok_or(Fault::NotFound)?;
    portal.store.note(who.scope(), "record-view", &key, who.visit.now).await?;
    let lang = who.visit.lang;
    let shown = row(&record, lang);
    let frame = Frame::new(&portal, &who, &portal.store.snapshot(), Page::Record);
    let or_none = |value: String| {
        if value.is_empty() { text(lang, "record-none").into_owned() } else { value }
    };
    let ended_by = if shown.ended_by.is_empty() {
        text(lang, "record-ended-by-system").into_owned()
    } else {
        shown.ended_by
    };
    let pairs = vec![
        ("history-called-at", shown.called_at),
        ("record-answered-at", or_none(shown.answered_at)),
        ("record-ended-at", shown.ended_at),
        ("history-talk", or_none(shown.talk.clone())),
        ("record-dialed", shown.dialed.clone()),
        ("history-service", or_none(shown.services)),
        ("record-transferrer", or_none(shown.transferrer)),
        ("record-ended-by", ended_by),
        ("record-call", shown.call),
    ];
    let callee = if shown.callee.number.is_empty() { &shown.dialed } else { &shown.callee.number };
    page(&RecordPage {
        frame,
        caller: Tel::of(&shown.caller.number),
        callee: Tel::of(callee),
        caller_name: shown.caller.name,
        callee_name: shown.callee.name,
        state: state(&record),
        result: shown.kind,
        talk: shown.talk,
        pairs,
        cause_code: shown.cause_code,
        cause: shown.cause,
        fix: shown.fix,
        blame: shown.blame,
        trace: shown.trace,
    })
}
