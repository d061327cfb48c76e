//! The node's end of the wire.

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};

use mediactl::{Command, Event, wire};

use super::Frames;
use crate::{Busy, Handle};

/// Commands that may wait to be written.
const QUEUE: usize = 4_096;

/// The queue to the thread that writes.
#[derive(Debug, Clone)]
pub(crate) struct WireSender {
    queue: SyncSender<Vec<u8>>,
    /// Shuts the stream down with the last handle, so that both threads end.
    _end: Arc<End>,
}

#[derive(Debug)]
struct End(UnixStream);

impl Drop for End {
    fn drop(&mut self) {
        let _ = self.0.shutdown(std::net::Shutdown::Both);
    }
}

impl WireSender {
    pub(crate) fn send(&self, command: &Command) -> Result<(), Busy> {
        let mut frame = Vec::new();
        wire::encode_command(command, &mut frame);
        self.queue.try_send(frame).map_err(|_| Busy)
    }
}

/// Takes the node's end of `stream`; `events` is called from a reading thread and must not block.
///
/// When the stream ends, sending fails with [`Busy`] and no more events come.
pub fn connect(
    stream: UnixStream,
    events: impl Fn(Event) + Send + 'static,
) -> std::io::Result<Handle> {
    let (queue, frames) = sync_channel::<Vec<u8>>(QUEUE);
    let (mut input, mut output, end) = (stream.try_clone()?, stream.try_clone()?, End(stream));
    std::thread::Builder::new().name("media-wire-out".into()).spawn(move || {
        while let Ok(frame) = frames.recv() {
            if output.write_all(&frame).is_err() {
                return;
            }
        }
    })?;
    std::thread::Builder::new().name("media-wire-in".into()).spawn(move || {
        let mut frames = Frames::default();
        while frames.read_from(&mut input, |frame| {
            events(wire::decode_event(frame)?);
            Ok(())
        }) {}
    })?;
    Ok(Handle::wire(WireSender { queue, _end: Arc::new(end) }))
}
