//! The journal on disk: segments of one run, the oldest dropped when the size is reached.
//!
//! `journal/<start of the run>-<number>.log`, mode 0600. The first segment begins with the header;
//! a replay is exact while it is there. A thread of its own writes: a disk that has no time for us
//! (a backup, a copy of something large) must not hold up a call.

mod desk;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use base::limits::JOURNAL_QUEUE;
use base::{Micros, Mono, Now};
use model::Change;
use node::journal::{Header, OutputHash, write_config, write_header, write_input};
use node::{Input, Output};

use desk::{Desk, Piece, Sink};

/// Segments that the size is divided into.
const SEGMENTS: u64 = 16;

/// Bytes that are gathered before they are handed over.
const GATHER_BYTES: usize = 64 * 1024;

/// How long a record may wait to be handed over. A failure inside writes the rest while it unwinds;
/// only a process that is killed loses this much of its journal, and nobody was promised that.
const GATHER: Micros = Micros::millis(100);

/// Writes the journal of a shard; complete on disk when it has been dropped.
pub struct Journal {
    run: String,
    /// The segment that is filled, from 0.
    number: u64,
    /// Bytes of that segment.
    written: u64,
    inputs: u64,
    segment_max: u64,
    hash: OutputHash,
    buffer: Vec<u8>,
    /// When the oldest record that waits must be handed over.
    due: Option<Mono>,
    desk: Desk,
}

impl Journal {
    /// Begins the journal of a run in `dir`; `size` bounds all segments of all runs in bytes.
    ///
    /// # Errors
    /// The folder or file cannot be made.
    pub fn begin(dir: &Path, size: u64, header: &Header, now: Now) -> io::Result<Self> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        let (run, file) = first(dir, now)?;
        trim(dir)?;
        let sink = segments_of(dir.to_owned(), run.clone(), file);
        let mut journal = Journal::over(run, sink, (size / SEGMENTS).max(1 << 20))?;
        write_header(header, &mut journal.buffer);
        journal.flush()?;
        Ok(journal)
    }

    fn over(run: String, sink: Sink, segment_max: u64) -> io::Result<Self> {
        Ok(Journal {
            run,
            number: 0,
            written: 0,
            inputs: 0,
            segment_max,
            hash: OutputHash::default(),
            buffer: Vec::new(),
            due: None,
            desk: Desk::open(sink, JOURNAL_QUEUE)?,
        })
    }

    /// Records an input before it is handled; it leaves for the disk within 100 ms.
    ///
    /// # Errors
    /// The disk is full or gone, or [`JOURNAL_QUEUE`] parts behind.
    pub fn input(&mut self, now: Now, input: &Input) -> io::Result<()> {
        if write_input(now, self.hash.value(), input, &mut self.buffer) {
            self.gathered(now)?;
        }
        Ok(())
    }

    /// The file that is written and the number of the latest input in its run, from 0, as a
    /// replay counts them.
    pub fn position(&self) -> String {
        let Journal { run, number, inputs, .. } = self;
        format!("{run}-{number:08}.log, input {}", inputs.saturating_sub(1))
    }

    /// Records a change of configuration before it is handled.
    ///
    /// # Errors
    /// As [`Journal::input`].
    pub fn config(&mut self, now: Now, changes: &[Change], revision: u64) -> io::Result<()> {
        write_config(now, self.hash.value(), (changes, revision), &mut self.buffer);
        self.gathered(now)
    }

    /// Takes outputs into the running hash.
    pub fn outputs(&mut self, outputs: &[Output]) {
        for output in outputs {
            self.hash.add(output);
        }
    }

    fn gathered(&mut self, now: Now) -> io::Result<()> {
        self.inputs += 1;
        self.due.get_or_insert(now.mono + GATHER);
        if self.buffer.len() >= GATHER_BYTES { self.flush() } else { Ok(()) }
    }

    /// When [`Journal::flush`] should be called; `None` when nothing waits.
    pub fn due(&self) -> Option<Mono> {
        self.due
    }

    /// Hands over what was gathered.
    ///
    /// # Errors
    /// As [`Journal::input`].
    pub fn flush(&mut self) -> io::Result<()> {
        self.due = None;
        let bytes = std::mem::take(&mut self.buffer);
        self.written += bytes.len() as u64;
        self.desk.put(Piece { segment: self.number, bytes })?;
        if self.written >= self.segment_max {
            self.number += 1;
            self.written = 0;
        }
        Ok(())
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        if !self.buffer.is_empty()
            && let Err(error) = self.flush()
        {
            tracing::error!(%error, "the end of the journal is lost");
        }
    }
}

/// Appends pieces to the segments of a run, of which `file` is the first.
fn segments_of(dir: PathBuf, run: String, mut file: File) -> Sink {
    let mut current = 0;
    Box::new(move |piece| {
        if piece.segment != current {
            file = open(&dir, &run, piece.segment)?;
            current = piece.segment;
            trim(&dir)?;
        }
        file.write_all(&piece.bytes)
    })
}

/// Drops the oldest segments above the bound.
fn trim(dir: &Path) -> io::Result<()> {
    let mut names = segments(dir)?;
    names.truncate(names.len().saturating_sub(SEGMENTS as usize));
    names.into_iter().try_for_each(fs::remove_file)
}

/// All segments in `dir`, oldest first.
///
/// # Errors
/// The folder cannot be read.
pub fn segments(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths: Vec<PathBuf> = fs::read_dir(dir)?
        .filter_map(|e| e.ok().map(|e| e.path()))
        .filter(|p| p.extension().is_some_and(|e| e == "log"))
        .collect();
    paths.sort();
    Ok(paths)
}

/// The first segment of a new run: named by its start, or the next free millisecond.
fn first(dir: &Path, now: Now) -> io::Result<(String, File)> {
    let mut wall = now.wall.0;
    loop {
        let run = format!("{wall:015}");
        match options().create_new(true).open(path(dir, &run, 0)) {
            Ok(file) => return Ok((run, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => wall += 1,
            Err(error) => return Err(error),
        }
    }
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.append(true).mode(0o600);
    options
}

fn path(dir: &Path, run: &str, number: u64) -> PathBuf {
    dir.join(format!("{run}-{number:08}.log"))
}

fn open(dir: &Path, run: &str, number: u64) -> io::Result<File> {
    options().create(true).open(path(dir, run, number))
}
