//! Exports: profiles (F4), the stock of mobile lines (F11), pairs for deletion (F3) and the call
//! history (F5) as one stream or as daily files.

use base::Wall;
use base::id::{DeviceId, TenantId};
use base::time::TOKYO_OFFSET_S;
use bulk::encode::Unmappable;
use bulk::reason::Arg;
use bulk::{Kind, Profile, Writer, history};
use model::Snapshot;
use model::record::CallRecord;
use store::{DbError, Filter, Store, TenantScope};
use thiserror::Error;

use crate::import::Format;
use crate::text::{Lang, text, text_with};

/// Records that one workbook takes: its cells are all in memory while it is made.
pub const WORKBOOK_RECORDS_MAX: u64 = 100_000;

/// Bytes after which a piece of a stream is handed out.
const PIECE_BYTES: usize = 64 * 1_024;

/// Why an export failed.
#[derive(Debug, Error)]
pub enum ExportError {
    /// The encoding lacks characters; nothing was written (J73).
    #[error("{count} characters cannot be written in Shift_JIS")]
    Unmappable {
        /// How many.
        count: u64,
        /// The first of them.
        items: Vec<Unmappable>,
    },
    /// More records than a workbook takes.
    #[error("{0} records do not fit into a workbook")]
    TooManyRows(u64),
    /// The workbook could not be made.
    #[error("cannot make the workbook")]
    Workbook,
    /// The database failed.
    #[error("cannot read the history")]
    Database(#[from] DbError),
}

impl ExportError {
    /// What went wrong and how to mend it; a line for each character that cannot be written.
    pub fn sentence(&self, lang: Lang) -> String {
        match self {
            ExportError::Unmappable { count, items } => {
                let args = [("count", Arg::Number(*count))];
                let mut out = text_with(lang, "export-unmappable", &args);
                for item in items {
                    out.push('\n');
                    out.push_str(&unmappable_sentence(lang, item));
                }
                out
            }
            ExportError::TooManyRows(count) => {
                text_with(lang, "export-too-many-rows", &[("count", Arg::Number(*count))])
            }
            ExportError::Workbook => {
                let args = [("reason", Arg::from("xlsx"))];
                text_with(lang, "export-failed", &args)
            }
            ExportError::Database(_) => {
                let reason = text(lang, "import-failed-database");
                text_with(lang, "export-failed", &[("reason", Arg::from(&*reason))])
            }
        }
    }
}

/// A character that Shift_JIS lacks, with its place.
pub fn unmappable_sentence(lang: Lang, item: &Unmappable) -> String {
    let args = [
        ("line", Arg::Number(u64::from(item.line))),
        ("column", Arg::Text(item.column.to_string())),
        ("character", Arg::from(&item.character)),
    ];
    text_with(lang, "export-unmappable-item", &args)
}

/// The rows of one kind of configuration.
///
/// `standard` adds a header and the columns of our own; `registered` asks the running node.
pub fn rows(
    snapshot: &Snapshot,
    tenant: TenantId,
    (kind, standard): (Kind, bool),
    registered: &dyn Fn(DeviceId) -> Option<bool>,
) -> Vec<Vec<String>> {
    use bulk::extensions::export::{compatible_rows, standard_rows};
    match (kind, standard) {
        (Kind::Extensions, false) => compatible_rows(snapshot, tenant).collect(),
        (Kind::Extensions, true) => standard_rows(snapshot, tenant, registered).collect(),
        (Kind::ExtensionDeletions, _) => {
            let mut rows: Vec<_> = compatible_rows(snapshot, tenant).collect();
            rows.iter_mut().for_each(|row| row.truncate(3));
            rows.retain(|row| row.get(1).is_some_and(|mobile| !mobile.is_empty()));
            rows
        }
        (Kind::MobileLines, header) => bulk::mobiles::rows(snapshot, tenant, header).collect(),
        (Kind::PickupGroups, header) => bulk::groups::pickup_rows(snapshot, tenant, header),
        (Kind::HuntingGroups, header) => bulk::groups::hunt_rows(snapshot, tenant, header),
        (Kind::Departments, header) => bulk::groups::department_rows(snapshot, tenant, header),
    }
}

/// One kind of configuration as a file. Refused when the encoding lacks a character (J73).
pub fn file(
    snapshot: &Snapshot,
    tenant: TenantId,
    (kind, standard): (Kind, bool),
    format: Format,
    registered: &dyn Fn(DeviceId) -> Option<bool>,
) -> Result<Vec<u8>, ExportError> {
    let rows = rows(snapshot, tenant, (kind, standard), registered);
    let Some(encoding) = format.encoding() else {
        let name = match kind {
            Kind::Extensions | Kind::ExtensionDeletions => "export-sheet-extensions",
            Kind::MobileLines => "export-sheet-mobile-lines",
            Kind::PickupGroups => "export-sheet-pickup-groups",
            Kind::HuntingGroups => "export-sheet-hunting-groups",
            Kind::Departments => "export-sheet-departments",
        };
        return workbook(&rows, name, standard);
    };
    let mut writer = Writer::new(encoding, Profile::Plain);
    let mut out = Vec::new();
    for row in &rows {
        writer.row(row, &mut out);
    }
    match writer.unmappable_count() {
        0 => Ok(out),
        count => Err(ExportError::Unmappable { count, items: writer.unmappable().to_vec() }),
    }
}

fn workbook(rows: &[Vec<String>], name: &str, header: bool) -> Result<Vec<u8>, ExportError> {
    let name = text(Lang::Ja, name);
    sheets::write(sheets::Sheet { name: &name, rows, marks: &[], header })
        .map_err(|_| ExportError::Workbook)
}

/// A day of the tenant's zone, from its first instant to that of the next day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    /// First instant.
    pub from: Wall,
    /// First instant of the day after.
    pub to: Wall,
}

/// Reads `YYYY/MM/DD`, `YYYY-MM-DD` or `YYYYMMDD`; `None` when it is no day of the calendar.
pub fn parse_day(value: &str) -> Option<Day> {
    let parts: Vec<&str> = match value.len() {
        8 => vec![value.get(..4)?, value.get(4..6)?, value.get(6..)?],
        10 if value.contains('/') => value.split('/').collect(),
        10 => value.split('-').collect(),
        _ => return None,
    };
    let lens: Vec<usize> = parts.iter().map(|p| p.len()).collect();
    if lens != [4, 2, 2] || !parts.iter().all(|p| p.bytes().all(|b| b.is_ascii_digit())) {
        return None;
    }
    let [year, month, day] = parts.as_slice() else { return None };
    let (year, month, day): (i64, u8, u8) =
        (year.parse().ok()?, month.parse().ok()?, day.parse().ok()?);
    if !(1..=12).contains(&month) {
        return None;
    }
    let from = Wall::start_of_day(year, month, day, TOKYO_OFFSET_S);
    // The 31st of a short month would be the 1st of the next.
    let civil = from.civil(TOKYO_OFFSET_S);
    let same = (civil.year, civil.month, civil.day) == (year, month, day);
    same.then_some(Day { from, to: Wall(from.0 + 86_400_000) })
}

/// What is wrong with a day that [`parse_day`] did not read.
pub fn day_sentence(lang: Lang, value: &str) -> String {
    text_with(lang, "export-date-malformed", &[("value", Arg::from(value))])
}

/// Which history is wanted, and how.
#[derive(Debug, Clone, Copy)]
pub struct HistoryRequest {
    /// One day; `None` = all.
    pub day: Option<Day>,
    /// Header, columns of our own, standard causes.
    pub standard: bool,
    /// How it is written.
    pub format: Format,
    /// One file a day, at most 40,000 records each (R103), instead of one stream.
    pub daily: bool,
}

/// A part of a history export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// What follows belongs into the file of this name, `20260701-01.csv`. Daily files only.
    File(String),
    /// The next bytes.
    Bytes(Vec<u8>),
}

/// A running export of the history, in order of 発呼時刻; holds at most one chunk in memory, a
/// workbook as a whole.
pub struct HistoryExport<'a> {
    snapshot: std::sync::Arc<Snapshot>,
    source: store::Export<'a>,
    request: HistoryRequest,
    writer: Option<Writer>,
    /// Rows of the workbook being gathered.
    rows: Vec<Vec<String>>,
    /// Day and part of the file being written, and its records.
    file: Option<(String, u64, u64)>,
    ready: std::collections::VecDeque<Piece>,
    records: u64,
    unmappable: Vec<Unmappable>,
    unmappable_count: u64,
    ended: bool,
}

/// Begins an export of the history that `scope` may see.
pub fn history<'a>(
    store: &'a Store,
    scope: &TenantScope,
    request: HistoryRequest,
) -> HistoryExport<'a> {
    let filter = Filter {
        from: request.day.map(|d| d.from),
        to: request.day.map(|d| d.to),
        ..Filter::default()
    };
    HistoryExport {
        snapshot: store.snapshot(),
        source: store.history_export(scope, filter),
        request,
        writer: None,
        rows: Vec::new(),
        file: None,
        ready: std::collections::VecDeque::new(),
        records: 0,
        unmappable: Vec::new(),
        unmappable_count: 0,
        ended: false,
    }
}

impl HistoryExport<'_> {
    /// The next piece; `None` at the end.
    pub async fn next(&mut self) -> Result<Option<Piece>, ExportError> {
        while self.ready.is_empty() && !self.ended {
            let records = self.source.next_chunk().await?;
            let mut out = Vec::with_capacity(PIECE_BYTES);
            if records.is_empty() {
                self.ended = true;
                self.begin_stream(&mut out);
            }
            for record in &records {
                self.record(record, &mut out)?;
            }
            self.push_bytes(&mut out);
            if self.ended {
                self.close_file()?;
            }
        }
        Ok(self.ready.pop_front())
    }

    /// Records written so far.
    pub fn records(&self) -> u64 {
        self.records
    }

    /// Characters that Shift_JIS lacks, written as the geta mark: how many, and the first ones.
    pub fn unmappable(&self) -> (u64, &[Unmappable]) {
        (self.unmappable_count, &self.unmappable)
    }

    /// A stream without records still has its header.
    fn begin_stream(&mut self, out: &mut Vec<u8>) {
        if !self.request.daily && self.records == 0 {
            self.header(out);
        }
    }

    fn record(&mut self, record: &CallRecord, out: &mut Vec<u8>) -> Result<(), ExportError> {
        if self.request.daily {
            self.turn_page(record, out)?;
        }
        if self.request.daily && self.file_is_fresh() || !self.request.daily && self.records == 0 {
            self.header(out);
        }
        let row = if self.request.standard {
            history::standard_row(record, &self.snapshot)
        } else {
            history::compatible_row(record)
        };
        self.records += 1;
        if let Some((_, _, count)) = &mut self.file {
            *count += 1;
        }
        self.write(row, out)
    }

    fn file_is_fresh(&self) -> bool {
        self.file.as_ref().is_some_and(|(_, _, count)| *count == 0)
    }

    /// Opens the next file when the day ends or the file is full.
    fn turn_page(&mut self, record: &CallRecord, out: &mut Vec<u8>) -> Result<(), ExportError> {
        let day = history::day_name(record.called_at);
        let part = match &self.file {
            Some((open, part, count)) if *open == day => {
                if *count < history::FILE_RECORDS_MAX {
                    return Ok(());
                }
                part + 1
            }
            Some(_) | None => 1,
        };
        self.push_bytes(out);
        self.close_file()?;
        let mut name = history::file_name(&day, part);
        if self.request.format == Format::Xlsx {
            name = name.replace(".csv", ".xlsx");
        }
        self.ready.push_back(Piece::File(name));
        self.file = Some((day, part, 0));
        Ok(())
    }

    fn header(&mut self, out: &mut Vec<u8>) {
        if self.request.standard {
            // A header holds no character that the encoding lacks.
            let _ = self.write(history::standard_header(), out);
        }
    }

    fn write(&mut self, row: Vec<String>, out: &mut Vec<u8>) -> Result<(), ExportError> {
        let Some(encoding) = self.request.format.encoding() else {
            self.rows.push(row);
            let len = self.rows.len() as u64;
            let fits = len <= WORKBOOK_RECORDS_MAX + 1;
            return if fits { Ok(()) } else { Err(ExportError::TooManyRows(len)) };
        };
        let writer = self.writer.get_or_insert_with(|| Writer::new(encoding, Profile::Plain));
        writer.row(&row, out);
        if out.len() >= PIECE_BYTES {
            self.push_bytes(out);
        }
        Ok(())
    }

    fn push_bytes(&mut self, out: &mut Vec<u8>) {
        if !out.is_empty() {
            self.ready.push_back(Piece::Bytes(std::mem::take(out)));
        }
    }

    /// Ends the present file: its workbook is made, its unmappable characters are remembered.
    fn close_file(&mut self) -> Result<(), ExportError> {
        if let Some(writer) = self.writer.take() {
            self.unmappable_count += writer.unmappable_count();
            let room = bulk::encode::UNMAPPABLE_MAX.saturating_sub(self.unmappable.len());
            self.unmappable.extend(writer.unmappable().iter().take(room));
        }
        let whole = self.request.format == Format::Xlsx;
        if whole && (!self.rows.is_empty() || !self.request.daily) {
            let rows = std::mem::take(&mut self.rows);
            let bytes = workbook(&rows, "export-sheet-history", self.request.standard)?;
            self.ready.push_back(Piece::Bytes(bytes));
        }
        Ok(())
    }
}
