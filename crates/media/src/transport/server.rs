//! The plane's end of the wire.

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{TrySendError, sync_channel};
use std::thread::JoinHandle;

use base::limits;
use mediactl::{Event, wire};

use super::Frames;
use crate::{Config, MediaPlane, StartError};

/// A plane that is fed over a stream.
#[derive(Debug)]
pub struct Server {
    reader: JoinHandle<()>,
}

impl Server {
    /// Waits until the stream ends; the plane is stopped then.
    pub fn join(self) {
        if self.reader.join().is_err() {
            tracing::error!("the media wire has panicked");
        }
    }
}

/// Starts a plane and feeds it from `stream` until that ends. Commands that find a full queue
/// wait on the stream. When events pile up, statistics of running legs are dropped; when even
/// others find no room, nobody reads any more and the stream is ended.
pub fn serve(stream: UnixStream, config: Config) -> Result<Server, StartError> {
    let (queue, events) = sync_channel::<Event>(limits::MEDIA_EVENT_QUEUE);
    let (mut output, end) = (stream.try_clone()?, stream.try_clone()?);
    std::thread::Builder::new().name("media-events".into()).spawn(move || {
        let mut frame = Vec::new();
        while let Ok(event) = events.recv() {
            frame.clear();
            wire::encode_event(&event, &mut frame);
            if output.write_all(&frame).is_err() {
                return;
            }
        }
    })?;
    let plane = MediaPlane::start(config, move |event| match queue.try_send(event) {
        Ok(()) | Err(TrySendError::Disconnected(_)) => {}
        Err(TrySendError::Full(Event::Stats { closed: false, .. })) => {
            tracing::debug!("statistics dropped");
        }
        Err(TrySendError::Full(_)) => {
            let _ = end.shutdown(std::net::Shutdown::Both);
        }
    })?;
    let mut input = stream;
    let reader = std::thread::Builder::new().name("media-commands".into()).spawn(move || {
        let handle = plane.handle();
        let mut frames = Frames::default();
        while frames.read_from(&mut input, |frame| {
            let command = wire::decode_command(frame)?;
            while handle.send(command.clone()).is_err() {
                std::thread::yield_now();
            }
            Ok(())
        }) {}
        plane.stop();
        let _ = input.shutdown(std::net::Shutdown::Both);
    })?;
    Ok(Server { reader })
}
