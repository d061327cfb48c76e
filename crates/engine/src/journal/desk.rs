//! The thread that writes a journal, so that a disk that is slow holds up no call.

use std::io;
use std::sync::mpsc::{self, TrySendError};
use std::thread::JoinHandle;

/// Records that leave together, and the number of their segment.
pub(super) struct Piece {
    pub(super) segment: u64,
    pub(super) bytes: Vec<u8>,
}

/// Where pieces go, one after the other; one failure and it is asked no more.
pub(super) type Sink = Box<dyn FnMut(&Piece) -> io::Result<()> + Send>;

/// Hands pieces to the thread; waits for it only when it is dropped.
pub(super) struct Desk {
    pieces: Option<mpsc::SyncSender<Piece>>,
    thread: Option<JoinHandle<()>>,
}

impl Desk {
    /// Starts the thread; at most so many pieces wait for it.
    ///
    /// # Errors
    /// The system gives no thread.
    pub(super) fn open(mut sink: Sink, at_most: usize) -> io::Result<Self> {
        let (pieces, arrivals) = mpsc::sync_channel::<Piece>(at_most);
        let run = move || {
            for piece in arrivals {
                if let Err(error) = sink(&piece) {
                    tracing::error!(%error, "the journal cannot be written");
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new().name("journal".to_owned()).spawn(run)?;
        Ok(Desk { pieces: Some(pieces), thread: Some(thread) })
    }

    /// Puts a piece in the queue, at once. After an error nothing is taken any more, and the
    /// thread is left to itself: whoever gives up must not wait for the disk either.
    ///
    /// # Errors
    /// An earlier piece could not be written, or the disk has fallen too far behind.
    pub(super) fn put(&mut self, piece: Piece) -> io::Result<()> {
        let put = match &self.pieces {
            Some(pieces) => pieces.try_send(piece),
            None => Err(TrySendError::Disconnected(piece)),
        };
        put.map_err(|error| {
            self.pieces = None;
            self.thread = None;
            io::Error::other(match error {
                TrySendError::Full(_) => "the disk is too far behind",
                TrySendError::Disconnected(_) => "an earlier part could not be written",
            })
        })
    }
}

impl Drop for Desk {
    /// Returns when everything that was put is written, unless it was given up.
    fn drop(&mut self) {
        self.pieces = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread of the journal failed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(segment: u64, text: &str) -> Piece {
        Piece { segment, bytes: text.as_bytes().to_vec() }
    }

    /// Writes to a list, each piece after a word from `go`.
    fn slow(go: mpsc::Receiver<()>, list: mpsc::SyncSender<(u64, Vec<u8>)>) -> Sink {
        Box::new(move |piece| {
            go.recv().map_err(io::Error::other)?;
            list.send((piece.segment, piece.bytes.clone())).map_err(io::Error::other)
        })
    }

    #[test]
    fn a_disk_that_stands_still_holds_up_nobody() {
        let (go, wait) = mpsc::sync_channel(9);
        let (list, written) = mpsc::sync_channel(9);
        let mut desk = Desk::open(slow(wait, list), 3).expect("a thread");
        let mut taken = 0;
        let error = loop {
            match desk.put(piece(taken, "text")) {
                Ok(()) => taken += 1,
                Err(error) => break error,
            }
        };
        // The thread may have taken one out.
        assert!((3..=4).contains(&taken), "{taken}");
        assert_eq!(error.to_string(), "the disk is too far behind");
        assert!(desk.put(piece(9, "later")).is_err(), "a journal has no gap");
        // Nothing was written so far: this would wait for ever if it waited for the disk.
        drop(desk);
        for _ in 0..taken {
            go.send(()).expect("the thread is there");
        }
        let all: Vec<u64> = written.iter().map(|(segment, _)| segment).collect();
        assert_eq!(all, (0..taken).collect::<Vec<u64>>());
    }

    #[test]
    fn what_was_put_is_written_when_it_is_closed() {
        let (go, wait) = mpsc::sync_channel(9);
        let (list, written) = mpsc::sync_channel(9);
        let mut desk = Desk::open(slow(wait, list), 10).expect("a thread");
        for text in ["1", "2", "3"] {
            desk.put(piece(0, text)).expect("there is room");
            go.send(()).expect("the thread is there");
        }
        drop(desk);
        assert_eq!(written.try_iter().count(), 3);
    }

    #[test]
    fn after_a_failure_nothing_is_taken() {
        let sink: Sink = Box::new(|_| Err(io::Error::other("no space")));
        let mut desk = Desk::open(sink, 9).expect("a thread");
        desk.put(piece(0, "1")).expect("nothing is known yet");
        let thread = desk.thread.take().expect("it runs");
        thread.join().expect("it ends by itself");
        assert!(desk.put(piece(0, "2")).is_err());
    }
}
