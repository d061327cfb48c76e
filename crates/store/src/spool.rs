//! `spool.log`: what a shard decided, on disk before anybody hears of it.
//!
//! The shard appends with one `write` and no sync, so everything appended outlives the process.
//! The [`crate::StoreWriter`] reads behind it: the file is the queue, so a slow database costs
//! disk and neither memory nor time of a call. When the file has grown, the shard renames it to
//! `.old` and begins anew; the writer removes the old one once all of it is committed.
//!
//! A file is a header and then frames: length, checksum, byte form of one [`Write`]. A frame
//! that is cut off or damaged ends the file: only a power cut can leave one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base::limits;
use model::Write;
use tokio::sync::Notify;

use crate::error::SpoolError;

/// First bytes of a spool file: name and version of the form.
const HEADER: &[u8; 8] = b"NSPOOL1\n";
/// Bytes before each frame: length and checksum.
const FRAME_HEAD: usize = 8;
/// Longest frame; a longer write is not spooled, and found in a file it is damage.
const FRAME_MAX: usize = 128 << 10;
/// Bytes that the tail reads at a time.
const READ_BYTES: usize = 256 << 10;

/// What shard and writer both know about one spool.
#[derive(Default)]
struct State {
    /// How often the file was renamed.
    generation: u64,
    /// Bytes of the present file that are whole frames.
    len: u64,
    /// Bytes of the renamed file; 0 when there is none.
    old_len: u64,
    /// Bindings were appended that a power cut would take.
    unsynced: bool,
    /// The shard is gone: nothing more will come.
    closed: bool,
}

struct Shared {
    state: Mutex<State>,
    /// Wakes the writer; a permit waits when it is busy.
    wake: Arc<Notify>,
    path: PathBuf,
    old_path: PathBuf,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The end that a shard writes. Owned by the shard's thread.
pub struct Spool {
    shared: Arc<Shared>,
    file: File,
    len: u64,
    buffer: Vec<u8>,
    /// The last try to replace the file failed.
    stuck: bool,
}

/// The end that the [`crate::StoreWriter`] reads: records as they come, bindings when a file is
/// full, because many at once cost a tenth of one by one and nobody reads them before a start.
pub struct SpoolTail {
    shared: Arc<Shared>,
    records: Cursor,
    bindings: Cursor,
}

/// Looks at a spool from anywhere.
pub(crate) struct Gauge(Arc<Shared>);

impl Gauge {
    /// Bytes that the files of the spool hold now, carried over or not.
    pub(crate) fn held(&self) -> u64 {
        let state = self.0.state();
        state.old_len + state.len
    }
}

/// A place in the files of a spool.
struct Cursor {
    want: Want,
    file: File,
    generation: u64,
    offset: u64,
    buffer: Vec<u8>,
}

/// Which frames a reader decodes; it steps over the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Want {
    All,
    Records,
    Bindings,
}

impl Want {
    fn takes(self, body: &[u8]) -> bool {
        match self {
            Want::All => true,
            Want::Records => !Write::is_binding(body),
            Want::Bindings => Write::is_binding(body),
        }
    }
}

/// Path of the present file of a shard.
fn path_of(folder: &Path, shard: u8) -> PathBuf {
    match shard {
        0 => folder.join("spool.log"),
        n => folder.join(format!("spool-{n}.log")),
    }
}

fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let mut file = options.create_new(true).append(true).mode(0o600).open(path)?;
    file.write_all(HEADER)?;
    Ok(file)
}

/// Opens both ends of a new spool; one that a former process left must be recovered before.
pub(crate) fn open(folder: &Path, shard: u8, wake: Arc<Notify>) -> io::Result<(Spool, SpoolTail)> {
    let path = path_of(folder, shard);
    let file = create(&path)?;
    let cursor = |want| -> io::Result<Cursor> {
        let (file, offset) = (File::open(&path)?, HEADER.len() as u64);
        Ok(Cursor { want, file, generation: 0, offset, buffer: Vec::new() })
    };
    let (records, bindings) = (cursor(Want::Records)?, cursor(Want::Bindings)?);
    let len = HEADER.len() as u64;
    let state = State { len, ..State::default() };
    let old_path = path.with_extension("old");
    let shared = Arc::new(Shared { state: Mutex::new(state), wake, path, old_path });
    let tail = SpoolTail { shared: Arc::clone(&shared), records, bindings };
    Ok((Spool { shared, file, len, buffer: Vec::new(), stuck: false }, tail))
}

/// Checksum of a frame: detects what a power cut leaves, not what an enemy makes.
pub(crate) fn checksum(bytes: &[u8]) -> u32 {
    let mix =
        |hash: u64, word: u64| (hash ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
    let (words, rest) = bytes.as_chunks::<8>();
    let hash = words.iter().fold(bytes.len() as u64, |h, w| mix(h, u64::from_le_bytes(*w)));
    let hash = rest.iter().fold(hash, |h, b| mix(h, u64::from(*b) | 0x100));
    (hash ^ (hash >> 32)) as u32
}

fn put_frame(out: &mut Vec<u8>, write: &Write) {
    let start = out.len();
    out.extend_from_slice(&[0; FRAME_HEAD]);
    write.encode(out);
    let body = out.get(start + FRAME_HEAD..).unwrap_or_default();
    if body.len() > FRAME_MAX {
        out.truncate(start);
        return;
    }
    let head = [(body.len() as u32).to_le_bytes(), checksum(body).to_le_bytes()].concat();
    out.iter_mut().skip(start).zip(head).for_each(|(slot, byte)| *slot = byte);
}

/// The first whole frame of `bytes`: its length and body; `None` when it is cut off or damaged.
fn take_frame(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (len, rest) = bytes.split_first_chunk::<4>()?;
    let (sum, rest) = rest.split_first_chunk::<4>()?;
    let len = u32::from_le_bytes(*len) as usize;
    if len == 0 || len > FRAME_MAX {
        return None;
    }
    let body = rest.get(..len)?;
    (checksum(body) == u32::from_le_bytes(*sum)).then_some((FRAME_HEAD + len, body))
}

impl Spool {
    /// Appends `writes` by one `write`. When it returns `Ok`, they survive the death of the
    /// process at any instant; only then may anybody be told of them.
    ///
    /// On an error none of them counts; the caller goes on and raises an alarm.
    pub fn append(&mut self, writes: &[Write]) -> Result<(), SpoolError> {
        if writes.is_empty() {
            return Ok(());
        }
        let rotated = self.len > limits::SPOOL_ROTATE && self.try_rotate()?;
        self.buffer.clear();
        for write in writes {
            put_frame(&mut self.buffer, write);
        }
        let records = writes.iter().any(|w| !w.is_of_binding());
        let whole = self.file.write_all(&self.buffer);
        if let Err(e) = whole {
            // Half a frame would hide everything behind it.
            self.file.set_len(self.len)?;
            return Err(e.into());
        }
        self.len += self.buffer.len() as u64;
        if self.buffer.capacity() > READ_BYTES {
            self.buffer = Vec::new();
        }
        let first_unsynced = {
            let mut state = self.shared.state();
            state.len = self.len;
            !records && !std::mem::replace(&mut state.unsynced, true)
        };
        // Bindings wait for a full file: no need to wake anybody for each.
        if records || rotated || first_unsynced {
            self.shared.wake.notify_one();
        }
        Ok(())
    }

    /// As [`Spool::rotate`]; when the folder does not allow it now, the present file goes on.
    fn try_rotate(&mut self) -> Result<bool, SpoolError> {
        match self.rotate() {
            Err(SpoolError::File(error)) => {
                if !std::mem::replace(&mut self.stuck, true) {
                    tracing::warn!(%error, "the spool cannot be replaced; it grows on");
                }
                Ok(false)
            }
            done => {
                self.stuck = false;
                done
            }
        }
    }

    /// Begins a new file when the writer is done with the former one; tells whether it did.
    fn rotate(&mut self) -> Result<bool, SpoolError> {
        let shared = Arc::clone(&self.shared);
        let mut state = shared.state();
        if state.old_len > 0 {
            let held = state.old_len + self.len;
            return if held > limits::SPOOL_MAX { Err(SpoolError::Full(held)) } else { Ok(false) };
        }
        fs::rename(&shared.path, &shared.old_path)?;
        let file = match create(&shared.path) {
            Ok(file) => file,
            Err(e) => {
                // The present file stays the one in use.
                let _ = fs::remove_file(&shared.path);
                fs::rename(&shared.old_path, &shared.path)?;
                return Err(e.into());
            }
        };
        self.file = file;
        state.old_len = self.len;
        state.generation += 1;
        self.len = HEADER.len() as u64;
        state.len = self.len;
        Ok(true)
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        self.shared.state().closed = true;
        self.shared.wake.notify_one();
    }
}

/// What a part of a spool held.
#[derive(Default)]
pub(crate) struct Found {
    /// Wanted writes in order.
    pub(crate) writes: Vec<Write>,
    /// Frames that no version of ours wrote.
    pub(crate) damaged: usize,
}

impl Cursor {
    /// Bytes between here and the end of what was appended.
    fn backlog(&self, state: &State) -> u64 {
        if self.generation == state.generation {
            state.len.saturating_sub(self.offset)
        } else {
            (state.old_len + state.len).saturating_sub(self.offset)
        }
    }

    /// Reads the next part of what was appended: at most about 256 KiB.
    fn read(&mut self, shared: &Shared) -> io::Result<Found> {
        let mut found = Found::default();
        let end = {
            let state = shared.state();
            if self.generation == state.generation { state.len } else { state.old_len }
        };
        let wanted = end.saturating_sub(self.offset).min(READ_BYTES as u64) as usize;
        self.buffer.resize(wanted, 0);
        self.file.seek(SeekFrom::Start(self.offset))?;
        self.file.read_exact(&mut self.buffer)?;
        let used = decode_frames(&self.buffer, self.want, &mut found);
        self.offset += used as u64;
        if used == 0 && wanted > 0 {
            // The file was damaged under a running process: what is left of it cannot be read.
            found.damaged += 1;
            self.offset = end;
        }
        self.buffer.clear();
        self.buffer.shrink_to(READ_BYTES / 8);
        if self.offset >= end {
            self.follow(shared)?;
        }
        Ok(found)
    }

    /// Goes on with the present file when the renamed one is at its end.
    fn follow(&mut self, shared: &Shared) -> io::Result<()> {
        let state = shared.state();
        if self.generation != state.generation {
            self.file = File::open(&shared.path)?;
            self.generation = state.generation;
            self.offset = HEADER.len() as u64;
        }
        Ok(())
    }
}

impl SpoolTail {
    /// Bytes that were appended and whose records were not read yet.
    pub(crate) fn backlog(&self) -> u64 {
        self.records.backlog(&self.shared.state())
    }

    pub(crate) fn gauge(&self) -> Gauge {
        Gauge(Arc::clone(&self.shared))
    }

    /// Whether records may be found ahead.
    pub(crate) fn has_records(&self) -> bool {
        self.backlog() > 0
    }

    pub(crate) fn read_records(&mut self) -> io::Result<Found> {
        self.records.read(&self.shared)
    }

    /// Whether bindings may be found ahead: in the renamed file, or with `all` also in the
    /// present one.
    pub(crate) fn has_bindings(&self, all: bool) -> bool {
        let state = self.shared.state();
        let renamed = self.bindings.generation != state.generation;
        renamed || (all && self.bindings.backlog(&state) > 0)
    }

    pub(crate) fn read_bindings(&mut self) -> io::Result<Found> {
        self.bindings.read(&self.shared)
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.shared.state().closed
    }

    /// Whether a renamed file was read to its end and may go once all of it is committed.
    pub(crate) fn old_is_read(&self) -> bool {
        let state = self.shared.state();
        let here = |cursor: &Cursor| cursor.generation == state.generation;
        state.old_len > 0 && here(&self.records) && here(&self.bindings)
    }

    /// Removes the renamed file: all of it is committed.
    pub(crate) fn remove_old(&self) -> io::Result<()> {
        let mut state = self.shared.state();
        fs::remove_file(&self.shared.old_path)?;
        state.old_len = 0;
        Ok(())
    }

    /// Whether bindings were appended that a power cut would take.
    pub(crate) fn is_unsynced(&self) -> bool {
        self.shared.state().unsynced
    }

    /// Makes what was appended to the present file so far survive a power cut.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.shared.state().unsynced = false;
        File::open(&self.shared.path)?.sync_data()
    }

    /// Removes the file of a spool whose shard is gone and whose content is committed.
    pub(crate) fn remove(self) -> io::Result<()> {
        fs::remove_file(&self.shared.path)
    }
}

/// Decodes the wanted of the whole frames at the front; returns how many bytes all of them took.
fn decode_frames(bytes: &[u8], want: Want, found: &mut Found) -> usize {
    let mut used = 0;
    while let Some((len, body)) = bytes.get(used..).and_then(take_frame) {
        used += len;
        if !want.takes(body) {
            continue;
        }
        match Write::decode(body) {
            Ok(write) => found.writes.push(write),
            Err(_) => found.damaged += 1,
        }
    }
    used
}

/// Files that a former process left, the older ones of each shard first.
pub(crate) fn leftovers(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        let ours = name.starts_with("spool") && (name.ends_with(".log") || name.ends_with(".old"));
        if ours {
            found.push(path);
        }
    }
    found.sort_by_key(|p| (p.with_extension(""), p.extension() != Some("old".as_ref())));
    Ok(found)
}

/// Reads a file that a former process left, up to its end or a torn frame, and gives its writes
/// to `each` in parts.
pub(crate) struct Leftover {
    file: File,
    rest: Vec<u8>,
    ended: bool,
}

impl Leftover {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let mut header = [0; HEADER.len()];
        let ended = file.read_exact(&mut header).is_err() || &header != HEADER;
        Ok(Leftover { file, rest: Vec::new(), ended })
    }

    /// The next part; `None` at the end.
    pub(crate) fn next(&mut self) -> io::Result<Option<Found>> {
        if self.ended {
            return Ok(None);
        }
        let part = (&mut self.file).take(READ_BYTES as u64).read_to_end(&mut self.rest)?;
        let mut found = Found::default();
        let used = decode_frames(&self.rest, Want::All, &mut found);
        self.rest.drain(..used);
        self.ended = part == 0 || self.rest.len() > FRAME_MAX + FRAME_HEAD;
        Ok(Some(found))
    }
}
