//! The command line's end of the control socket.

use std::io;
use std::path::Path;

use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;

use super::frame::{Kind, read, write};
use super::{Request, SOCKET, Sink};

/// Whether a node took the job.
pub(crate) enum Reached {
    /// It did; its exit status.
    Done(u8),
    /// No node runs on this folder.
    NoNode,
}

/// Gives the job to the node that runs on `data`, if there is one.
pub(crate) async fn submit(
    data: &Path,
    request: &Request,
    input: &[u8],
    sink: &mut impl Sink,
) -> io::Result<Reached> {
    let Ok(mut stream) = UnixStream::connect(data.join(SOCKET)).await else {
        return Ok(Reached::NoNode);
    };
    let text = serde_json::to_vec(request).map_err(io::Error::other)?;
    write(&mut stream, Kind::Request, &text).await?;
    write(&mut stream, Kind::Input, input).await?;
    stream.flush().await?;
    loop {
        let (kind, bytes) = read(&mut stream).await?;
        match kind {
            Kind::Out => sink.out(&bytes).await?,
            Kind::Err => sink.err(&String::from_utf8_lossy(&bytes)).await?,
            Kind::File => {
                let split = bytes.iter().position(|b| *b == b'\n').unwrap_or(bytes.len());
                let (name, content) = bytes.split_at(split);
                let content = content.get(1..).unwrap_or_default();
                sink.file(&String::from_utf8_lossy(name), content).await?;
            }
            Kind::Exit => return Ok(Reached::Done(bytes.first().copied().unwrap_or(1))),
            Kind::Request | Kind::Input => {}
        }
    }
}
