//! 通信履歴参照 (R100–R103): running calls, ended calls by filter, the filter as a file.

use std::sync::Arc;

use app::Lang;
use app::history::service_name;
use app::text::{text, text_with};
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use base::Cause;
use bulk::reason::Arg;
use model::record::Service;
use store::{LoginError, LoginOutcome};

use crate::Portal;
use crate::pages::calls::{
    CallRow, RunningRow, call_row, cursor_text, is_open, parse_cursor, running_rows,
};
use crate::pages::filter::{Candidate, HistoryQuery, Wanted};
use crate::pages::login::locked_sentence;
use crate::pages::{Answer, page};
use crate::shell::columns::{Columns, HISTORY};
use crate::shell::download::{Form, Title, table};
use crate::shell::fault::Fault;
use crate::shell::form::Fields;
use crate::shell::frame::{Frame, Notice, Page, Tone};
use crate::shell::link::local;
use crate::shell::list::{Asked, Controls, ROWS, position, thousands, total_text};
use crate::shell::signed::Signed;

/// Up to here totals are exact; counting further would cost more than it tells.
const EXACT_MAX: u64 = 10_000;

#[derive(Template)]
#[template(path = "history.html")]
struct HistoryPage {
    frame: Frame,
    asked: HistoryQuery,
    rows_choices: [usize; 3],
    services: Vec<(String, String)>,
    causes: Vec<(String, String)>,
    /// `None` when the node does not answer.
    running: Option<Vec<RunningRow>>,
    rows: Vec<CallRow>,
    controls: Controls,
    columns: Columns,
    csv: String,
    excel: String,
    is_filtered: bool,
    /// (field, what is wrong).
    faults: Vec<(&'static str, String)>,
    from_fault: String,
    to_fault: String,
    q_fault: String,
    is_default_period: bool,
    person: Option<Candidate>,
    others: Vec<Candidate>,
}

#[derive(Template)]
#[template(path = "prove.html")]
struct ProvePage {
    frame: Frame,
    back: String,
    fault: String,
}

pub(crate) async fn list(
    State(portal): State<Portal>,
    who: Signed,
    Asked(mut asked): Asked<HistoryQuery>,
) -> Answer {
    if !is_open(&portal, &who) {
        return closed(&portal, &who, Page::History);
    }
    let wanted = asked.read(&portal, &who).await?;
    if !who.is_live() {
        let detail = who.visit.here.chars().take(200).collect::<String>();
        portal.store.note(who.scope(), "history-view", &detail, who.visit.now).await?;
    }
    let snapshot = portal.store.snapshot();
    let place = (who.scope().tenant(), who.scope().site());
    let running = portal.live.calls(&snapshot, place).await;
    let running = running.map(|calls| running_rows(&snapshot, place.0, &calls, who.visit.now));
    let (rows, controls) = rows(&portal, &who, &asked, &wanted).await?;
    let mut frame = Frame::new(&portal, &who, &snapshot, Page::History);
    let key = portal.memory.view_key(&who.token, &who.visit.here);
    frame.view = key.unwrap_or(frame.view);
    let lang = who.visit.lang;
    let faults = [("from", &wanted.from_fault), ("to", &wanted.to_fault), ("q", &wanted.q_fault)];
    page(&HistoryPage {
        frame,
        rows_choices: ROWS,
        services: Service::ALL
            .into_iter()
            .map(|s| (format!("{s:?}"), service_name(s, lang)))
            .collect(),
        causes: Cause::all().map(|c| (c.name().to_owned(), cause_choice(c, lang))).collect(),
        running,
        rows,
        controls,
        columns: Columns::of(&HISTORY, &who.visit),
        csv: asked.file("/history.csv"),
        excel: asked.file("/history.xlsx"),
        is_filtered: asked.is_filtered(),
        faults: faults
            .into_iter()
            .filter(|(_, fault)| !fault.is_empty())
            .map(|(field, fault)| (field, fault.clone()))
            .collect(),
        from_fault: wanted.from_fault,
        to_fault: wanted.to_fault,
        q_fault: wanted.q_fault,
        is_default_period: wanted.is_default_period,
        person: wanted.person,
        others: wanted.others,
        asked,
    })
}

fn cause_choice(cause: Cause, lang: Lang) -> String {
    let sentence = text(lang, &format!("cause-{}", cause.name()));
    format!("{:03} {sentence}", cause.compatible())
}

async fn rows(
    portal: &Portal,
    who: &Signed,
    asked: &HistoryQuery,
    wanted: &Wanted,
) -> Result<(Vec<CallRow>, Controls), Fault> {
    let lang = who.visit.lang;
    if wanted.is_void {
        let controls = Controls { total: total_text(lang, 0), ..Controls::default() };
        return Ok((Vec::new(), controls));
    }
    let limit = asked.rows();
    let after = parse_cursor(&asked.after);
    let skip = match after {
        Some(_) => asked.skip.parse::<usize>().unwrap_or(0).min(1_000_000_000),
        None => 0,
    };
    let (scope, filter) = (who.scope(), &wanted.filter);
    let found = portal.store.history_page(scope, filter, after, limit as u16).await?;
    let count = match (after, found.next) {
        // All of them are on this page.
        (None, None) => found.records.len() as u64,
        _ => portal.store.history_count_to(scope, filter, EXACT_MAX as u32 + 1).await?,
    };
    let total = if count > EXACT_MAX {
        let args = [("count", Arg::Text(thousands(EXACT_MAX as usize)))];
        text_with(lang, "list-total-more", &args)
    } else {
        total_text(lang, count as usize)
    };
    let last = skip + found.records.len();
    let controls = Controls {
        total,
        position: position(lang, skip + 1, last),
        previous: after.map(|_| asked.first()),
        next: found.next.map(|next| asked.after(&cursor_text(next), last)),
    };
    Ok((found.records.iter().map(|r| call_row(r, lang)).collect(), controls))
}

/// The history is shut until identity is proved again (R100).
pub(crate) fn closed(portal: &Portal, who: &Signed, shown: Page) -> Answer {
    if who.is_live() {
        return Ok(StatusCode::UNAUTHORIZED.into_response());
    }
    let frame = Frame::new(portal, who, &portal.store.snapshot(), shown);
    page(&ProvePage { frame, back: who.visit.here.clone(), fault: String::new() })
}

/// The password again; then back to where it was asked for.
pub(crate) async fn prove(State(portal): State<Portal>, who: Signed, fields: Fields) -> Answer {
    fields.check(Some(&who.token))?;
    let snapshot = portal.store.snapshot();
    let scope = who.scope();
    let site = match scope.site() {
        Some(id) => snapshot.site(id),
        None => snapshot.sites(scope.tenant()).next(),
    };
    let login = store::Login {
        portal: store::Portal::Admin,
        domain: site.map_or("", |s| &s.domain),
        user: scope.name(),
        password: fields.value("password"),
        zone: who.session.zone,
        address: who.visit.address,
        now: who.visit.now,
    };
    let lang = who.visit.lang;
    let back = local(fields.value("back")).to_owned();
    let fault = match portal.store.login(login).await {
        Ok(LoginOutcome::Ok(_)) => {
            portal.memory.prove(&who.token, who.visit.now);
            return Ok(Redirect::to(&back).into_response());
        }
        Ok(LoginOutcome::Refused) => text(lang, "history-prove-wrong").into_owned(),
        Ok(LoginOutcome::Locked { until }) => locked_sentence(lang, until),
        Err(LoginError::Busy) => text(lang, "signin-busy").into_owned(),
        Err(error) => return Err(error.into()),
    };
    let mut frame = Frame::new(&portal, &who, &snapshot, Page::History);
    frame.here = "/history".to_owned();
    frame.notice = Some(Notice::new(Tone::Bad, fault.clone()));
    let mut response = page(&ProvePage { frame, back, fault })?;
    *response.status_mut() = StatusCode::FORBIDDEN;
    Ok(response)
}

pub(crate) async fn csv(portal: State<Portal>, who: Signed, asked: Asked<HistoryQuery>) -> Answer {
    file(portal, who, asked, Form::Csv).await
}

pub(crate) async fn excel(
    portal: State<Portal>,
    who: Signed,
    asked: Asked<HistoryQuery>,
) -> Answer {
    file(portal, who, asked, Form::Excel).await
}

/// The records of the filter as a file, the oldest first.
async fn file(
    State(portal): State<Portal>,
    who: Signed,
    Asked(mut asked): Asked<HistoryQuery>,
    form: Form,
) -> Answer {
    if !is_open(&portal, &who) {
        return Ok(Redirect::to(&asked.first()).into_response());
    }
    let wanted = asked.read(&portal, &who).await?;
    let (lang, now) = (who.visit.lang, who.visit.now);
    let detail = asked.first().chars().take(200).collect::<String>();
    portal.store.note(who.scope(), "history-export", &detail, now).await?;
    let (store, scope) = (Arc::clone(&portal.store), who.scope().clone());
    let title = Title { form, name: "history", sheet: "page-history-title", lang, now };
    table(title, |mut rows| async move {
        let snapshot = store.snapshot();
        rows.push(bulk::history::standard_header()).await?;
        if wanted.is_void {
            return Ok(rows);
        }
        let mut export = store.history_export(&scope, wanted.filter);
        loop {
            let records = export.next_chunk().await?;
            if records.is_empty() {
                break;
            }
            for record in &records {
                rows.push(bulk::history::standard_row(record, &snapshot)).await?;
            }
        }
        Ok(rows)
    })
    .await
}
