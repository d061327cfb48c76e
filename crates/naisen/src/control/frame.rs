//! Frames on the control socket: kind, length (u32), bytes.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Largest frame: an import file of 10 MiB with room to spare.
const FRAME_MAX: u32 = 16 * 1024 * 1024;

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The exit status, one byte; the last frame.
    Exit = 0,
    Out = 1,
    Err = 2,
    /// Name, line feed, content.
    File = 3,
    /// From the client: the request, then the input file.
    Request = 4,
    Input = 5,
}

pub(super) async fn write(
    to: &mut (impl AsyncWrite + Unpin),
    kind: Kind,
    bytes: &[u8],
) -> io::Result<()> {
    to.write_u8(kind as u8).await?;
    let len = u32::try_from(bytes.len()).map_err(|_| too_long())?;
    to.write_u32(len).await?;
    to.write_all(bytes).await
}

pub(super) async fn read(from: &mut (impl AsyncRead + Unpin)) -> io::Result<(Kind, Vec<u8>)> {
    let kind = match from.read_u8().await? {
        0 => Kind::Exit,
        1 => Kind::Out,
        2 => Kind::Err,
        3 => Kind::File,
        4 => Kind::Request,
        5 => Kind::Input,
        _ => return Err(io::Error::new(io::ErrorKind::InvalidData, "unknown control frame")),
    };
    let len = from.read_u32().await?;
    if len > FRAME_MAX {
        return Err(too_long());
    }
    let mut bytes = vec![0; len as usize];
    from.read_exact(&mut bytes).await?;
    Ok((kind, bytes))
}

fn too_long() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "control frame too long")
}
