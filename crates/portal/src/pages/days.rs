//! 日別ファイル: the daily files of the seed, 92 days, at most 40,000 records each (R100, R103).

use std::sync::Arc;

use app::export::{HistoryRequest, Piece, parse_day};
use app::import::Format;
use askama::Template;
use axum::extract::{Path, State};
use base::Wall;
use base::time::TOKYO_OFFSET_S;
use bulk::history::{FILE_RECORDS_MAX, day_name, file_name};

use crate::Portal;
use crate::pages::calls::is_open;
use crate::pages::filter::days_ago;
use crate::pages::history::closed;
use crate::pages::{Answer, page};
use crate::shell::download::{Broken, stream};
use crate::shell::fault::Fault;
use crate::shell::frame::{Frame, Page};
use crate::shell::list::thousands;
use crate::shell::signed::Signed;

/// Days whose files are offered, today included.
const DAYS: i64 = 92;

#[derive(Template)]
#[template(path = "days.html")]
struct DaysPage {
    frame: Frame,
    rows: Vec<DayRow>,
}

struct DayRow {
    day: String,
    records: String,
    /// Names of the files.
    files: Vec<String>,
    /// The records of the day on the screen.
    href: String,
}

pub(crate) async fn list(State(portal): State<Portal>, who: Signed) -> Answer {
    if !is_open(&portal, &who) {
        return closed(&portal, &who, Page::Days);
    }
    let period = (days_ago(who.visit.now, DAYS - 1), Wall(i64::MAX / 2));
    let days = portal.store.history_days(who.scope(), period, TOKYO_OFFSET_S).await?;
    let rows = days
        .into_iter()
        .rev()
        .map(|(day, records)| {
            let name = day_name(day);
            let parts = records.div_ceil(FILE_RECORDS_MAX);
            let text = day.tokyo_text();
            let text = text.split(' ').next().unwrap_or_default().to_owned();
            let date = text.replace('/', "-");
            DayRow {
                href: format!("/history?from={date}&to={date}"),
                day: text,
                records: thousands(records as usize),
                files: (1..=parts).map(|part| file_name(&name, part)).collect(),
            }
        })
        .collect();
    let frame = Frame::new(&portal, &who, &portal.store.snapshot(), Page::Days);
    page(&DaysPage { frame, rows })
}

/// One file in the form of the seed: Windows-31J, no header.
pub(crate) async fn file(
    State(portal): State<Portal>,
    who: Signed,
    Path(name): Path<String>,
) -> Answer {
    if !is_open(&portal, &who) {
        return closed(&portal, &who, Page::Days);
    }
    let day = name.get(..8).and_then(parse_day).ok_or(Fault::NotFound)?;
    let part: u64 = name
        .get(9..)
        .and_then(|rest| rest.strip_suffix(".csv"))
        .and_then(|part| part.parse().ok())
        .ok_or(Fault::NotFound)?;
    let is_kept = day.from >= days_ago(who.visit.now, DAYS - 1);
    if !is_kept || file_name(&day_name(day.from), part) != name {
        return Err(Fault::NotFound);
    }
    let days = portal.store.history_days(who.scope(), (day.from, day.to), TOKYO_OFFSET_S).await?;
    let records = days.first().map_or(0, |(_, records)| *records);
    if !(1..=records.div_ceil(FILE_RECORDS_MAX)).contains(&part) {
        return Err(Fault::NotFound);
    }
    portal.store.note(who.scope(), "history-export", &name, who.visit.now).await?;
    let (store, scope, wanted) = (Arc::clone(&portal.store), who.scope().clone(), name.clone());
    let kind = "text/csv; charset=shift_jis";
    Ok(stream(&name, kind, |sink| async move {
        let format = Format::Sjis;
        let request = HistoryRequest { day: Some(day), standard: false, format, daily: true };
        let mut export = app::export::history(&store, &scope, request);
        let mut is_wanted = false;
        while let Some(piece) = export.next().await? {
            match piece {
                Piece::File(_) if is_wanted => break,
                Piece::File(file) => is_wanted = file == wanted,
                Piece::Bytes(bytes) if is_wanted => {
                    if sink.send(bytes.into()).await.is_err() {
                        break;
                    }
                }
                Piece::Bytes(_) => {}
            }
        }
        Ok::<(), Broken>(())
    }))
}
