//! Files for people: CSV in UTF-8 with a byte order mark, written while it is sent.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bulk::decode::Encoding;
use bulk::{Profile, Writer};
use http_body::Frame;
use tokio::sync::mpsc;

/// Pieces that may wait for the reader of a download; the writer pauses meanwhile.
const PIECES: usize = 2;

/// Where a download's pieces go; gone when the reader has left.
pub(crate) type Sink = mpsc::Sender<Bytes>;

/// What ends a download early.
pub(crate) type Broken = Box<dyn std::error::Error + Send + Sync>;

/// A body that is made while it is read.
struct Made {
    task: Option<Pin<Box<dyn Future<Output = Result<(), Broken>> + Send>>>,
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

/// A download named `name` whose bytes `make` sends.
pub(crate) fn download<F>(name: &str, make: impl FnOnce(Sink) -> F) -> Response
where
    F: Future<Output = Result<(), Broken>> + Send + 'static,
{
    let (sink, pieces) = mpsc::channel(PIECES);
    let body = Body::new(Made { task: Some(Box::pin(make(sink))), pieces });
    let disposition = format!("attachment; filename=\"{name}\"");
    let kind = HeaderValue::from_static("text/csv; charset=utf-8");
    let mut response = ([(header::CONTENT_TYPE, kind)], body).into_response();
    if let Ok(value) = disposition.parse() {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, value);
    }
    response
}

/// A writer for files that people open in a spreadsheet: no cell can act as a formula.
pub(crate) fn writer() -> Writer {
    Writer::new(Encoding::Utf8, Profile::Excel)
}
