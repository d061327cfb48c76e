//! The boundary over a stream: the plane in a process of its own (architecture §7).
//!
//! [`serve`] runs beside the plane, [`connect`] beside the node; the node holds the same
//! [`Handle`](crate::Handle) as with a plane in its own process.

mod client;
mod server;

pub(crate) use client::WireSender;
pub use client::connect;
pub use server::{Server, serve};

/// Octets read at a time.
const CHUNK: usize = 16 * 1_024;

/// Collects octets until frames are whole.
#[derive(Debug, Default)]
struct Frames {
    bytes: Vec<u8>,
}

impl Frames {
    /// Reads once and hands out every whole frame. False at the end of the stream and when it
    /// breaks.
    fn read_from(
        &mut self,
        stream: &mut impl std::io::Read,
        mut take: impl FnMut(&[u8]) -> Result<(), mediactl::wire::WireError>,
    ) -> bool {
        let mut chunk = [0; CHUNK];
        let Ok(len @ 1..) = stream.read(&mut chunk) else { return false };
        self.bytes.extend_from_slice(chunk.get(..len).unwrap_or_default());
        let mut used = 0;
        loop {
            let rest = self.bytes.get(used..).unwrap_or_default();
            let taken = match mediactl::wire::split_frame(rest) {
                Ok(Some((frame, size))) => take(frame).map(|()| size),
                Ok(None) => break,
                Err(error) => Err(error),
            };
            match taken {
                Ok(size) => used += size,
                Err(error) => {
                    tracing::error!(%error, "media wire broken");
                    return false;
                }
            }
        }
        self.bytes.drain(..used);
        true
    }
}
