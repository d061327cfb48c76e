//! The node's end of the control socket.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::frame::{Kind, read, write};
use super::{Request, SOCKET, Sink};
use crate::jobs::{self, Backend};

/// Jobs at once; further connections wait in the kernel's queue.
const JOBS_MAX: usize = 4;

/// How long a client may take to send its request and file.
const REQUEST_WAIT: Duration = Duration::from_secs(30);

/// Opens the socket in `data`; the caller holds the folder's lock, so a left-over is stale.
pub(crate) fn open(data: &Path) -> io::Result<UnixListener> {
    let path = data.join(SOCKET);
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    UnixListener::bind(path)
}

/// Serves jobs until dropped.
pub(crate) async fn serve(listener: UnixListener, backend: Backend) {
    let mut running = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if running.len() < JOBS_MAX => match accepted {
                Ok((stream, _)) => {
                    running.spawn(one(stream, backend.clone()));
                }
                Err(error) => {
                    tracing::warn!(%error, "control socket");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            },
            Some(_) = running.join_next(), if !running.is_empty() => {}
        }
    }
}

async fn one(mut stream: UnixStream, backend: Backend) {
    let request = async {
        let (kind, bytes) = read(&mut stream).await?;
        let (second, input) = read(&mut stream).await?;
        if (kind, second) != (Kind::Request, Kind::Input) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "not a request"));
        }
        let request: Request = serde_json::from_slice(&bytes).map_err(io::Error::other)?;
        Ok((request, input))
    };
    let (request, input) = match timeout(REQUEST_WAIT, request).await {
        Ok(Ok(request)) => request,
        Ok(Err(error)) => return tracing::warn!(%error, "control request refused"),
        Err(_) => return tracing::warn!("control request did not come"),
    };
    let mut sink = Frames { stream };
    let status = jobs::run(request, input, &backend, &mut sink).await;
    // The client may be gone; the job is done all the same.
    let _ = write(&mut sink.stream, Kind::Exit, &[status]).await;
    let _ = sink.stream.flush().await;
}

struct Frames {
    stream: UnixStream,
}

impl Sink for Frames {
    async fn out(&mut self, bytes: &[u8]) -> io::Result<()> {
        write(&mut self.stream, Kind::Out, bytes).await
    }

    async fn err(&mut self, text: &str) -> io::Result<()> {
        write(&mut self.stream, Kind::Err, text.as_bytes()).await
    }

    async fn file(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let mut frame = name.as_bytes().to_vec();
        frame.push(b'\n');
        frame.extend_from_slice(bytes);
        write(&mut self.stream, Kind::File, &frame).await
    }
}
