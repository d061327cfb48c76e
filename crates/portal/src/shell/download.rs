//! Files for people: CSV in UTF-8 with a byte order mark, written while it is sent, or a workbook.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use app::Lang;
use app::text::text;
use axum::body::{Body, Bytes, HttpBody};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use base::Wall;
use bulk::decode::Encoding;
use bulk::{Profile, Writer};
use http_body::Frame;
use tokio::sync::mpsc;

use crate::shell::fault::Fault;

/// Pieces that may wait for the reader of a download; the writer pauses meanwhile.
const PIECES: usize = 2;
/// Bytes after which a piece is sent.
const PIECE_BYTES: usize = 64 * 1_024;
/// Rows of a workbook: all of its cells are in memory while it is made.
const WORKBOOK_ROWS_MAX: usize = 20_000;

/// Where a download's pieces go; gone when the reader has left.
pub(crate) type Sink = mpsc::Sender<Bytes>;

/// What ends a download early.
pub(crate) type Broken = Box<dyn std::error::Error + Send + Sync>;

/// Form of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Csv,
    Excel,
}

impl Form {
    fn ending(self) -> &'static str {
        match self {
            Form::Csv => "csv",
            Form::Excel => "xlsx",
        }
    }

    fn kind(self) -> &'static str {
        match self {
            Form::Csv => "text/csv; charset=utf-8",
            Form::Excel => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }
}

/// A file to be made.
pub(crate) struct Title {
    pub(crate) form: Form,
    /// First part of its name.
    pub(crate) name: &'static str,
    /// Id of the name of a workbook's sheet.
    pub(crate) sheet: &'static str,
    pub(crate) lang: Lang,
    pub(crate) now: Wall,
}

/// Why no further row is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum Full {
    #[error("the reader has left")]
    Left,
    #[error("more rows than a workbook takes here")]
    Rows,
}

/// Takes the rows of a file, its headings first.
pub(crate) enum Rows {
    Csv { writer: Box<Writer>, bytes: Vec<u8>, sink: Sink },
    Excel(Vec<Vec<String>>),
}

impl Rows {
    fn csv(sink: Sink) -> Self {
        // No cell can act as a formula when the file is opened in a spreadsheet.
        let writer = Box::new(Writer::new(Encoding::Utf8, Profile::Excel));
        Rows::Csv { writer, bytes: Vec::new(), sink }
    }

    /// Takes one row.
    pub(crate) async fn push(&mut self, cells: Vec<String>) -> Result<(), Broken> {
        match self {
            Rows::Csv { writer, bytes, sink } => {
                writer.row(&cells, bytes);
                if bytes.len() >= PIECE_BYTES {
                    let piece = std::mem::take(bytes).into();
                    sink.send(piece).await.map_err(|_| Full::Left)?;
                }
            }
            Rows::Excel(rows) if rows.len() > WORKBOOK_ROWS_MAX => return Err(Full::Rows.into()),
            Rows::Excel(rows) => rows.push(cells),
        }
        Ok(())
    }
}

/// What makes a body.
type Making = Pin<Box<dyn Future<Output = Result<(), Broken>> + Send>>;

/// A body that is made while it is read.
struct Made {
    task: Option<Making>,
    pieces: mpsc::Receiver<Bytes>,
}

impl HttpBody for Made {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        if let Poll::Ready(Some(piece)) = self.pieces.poll_recv(cx) {
            return Poll::Ready(Some(Ok(Frame::data(piece))));
        }
        if let Some(task) = &mut self.task {
            match task.as_mut().poll(cx) {
                Poll::Ready(Ok(())) => self.task = None,
                Poll::Ready(Err(error)) => {
                    self.task = None;
                    tracing::error!(%error, "download failed");
                    // The connection breaks, so that nobody takes a part for the whole.
                    return Poll::Ready(Some(Err(error)));
                }
                Poll::Pending => {}
            }
        }
        self.pieces.poll_recv(cx).map(|piece| piece.map(|p| Ok(Frame::data(p))))
    }
}

/// A file whose rows `fill` gives.
pub(crate) async fn table<F>(title: Title, fill: impl FnOnce(Rows) -> F) -> Result<Response, Fault>
where
    F: Future<Output = Result<Rows, Broken>> + Send + 'static,
{
    let name =
        format!("{}-{}.{}", title.name, bulk::history::day_name(title.now), title.form.ending());
    if title.form == Form::Csv {
        return Ok(stream(&name, title.form.kind(), |sink| {
            let filled = fill(Rows::csv(sink));
            async move {
                if let Rows::Csv { bytes, sink, .. } = filled.await? {
                    // A reader who has left misses nothing.
                    let _ = sink.send(bytes.into()).await;
                }
                Ok(())
            }
        }));
    }
    let rows = match fill(Rows::Excel(Vec::new())).await {
        Ok(Rows::Excel(rows)) => rows,
        Ok(Rows::Csv { .. }) => return Err(Fault::Unavailable),
        Err(error) if error.downcast_ref::<Full>() == Some(&Full::Rows) => {
            return Err(Fault::TooLarge);
        }
        Err(error) => {
            tracing::error!(%error, "workbook failed");
            return Err(Fault::Unavailable);
        }
    };
    let sheet = text(title.lang, title.sheet);
    let made = tokio::task::spawn_blocking(move || {
        sheets::write(sheets::Sheet { name: &sheet, rows: &rows, marks: &[], header: true })
    });
    let bytes = made.await.ok().and_then(Result::ok).ok_or(Fault::Unavailable)?;
    Ok(attached(&name, title.form.kind(), Body::from(bytes)))
}

/// A download whose bytes `make` sends.
pub(crate) fn stream<F>(name: &str, kind: &'static str, make: impl FnOnce(Sink) -> F) -> Response
where
    F: Future<Output = Result<(), Broken>> + Send + 'static,
{
    let (sink, pieces) = mpsc::channel(PIECES);
    attached(name, kind, Body::new(Made { task: Some(Box::pin(make(sink))), pieces }))
}

fn attached(name: &str, kind: &'static str, body: Body) -> Response {
    let mut response = ([(header::CONTENT_TYPE, kind)], body).into_response();
    if let Ok(value) = format!("attachment; filename=\"{name}\"").parse() {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, value);
    }
    response
}
