//! The journal on disk: segments of one run, the oldest dropped when the size is reached.
//!
//! `journal/<start of the run>-<number>.log`, mode 0600. The first segment begins with the header;
//! a replay is exact while it is there.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use base::{Micros, Mono, Now};
use model::Change;
use node::journal::{Header, OutputHash, write_config, write_header, write_input};
use node::{Input, Output};

/// Segments that the size is divided into.
const SEGMENTS: u64 = 16;

/// Bytes that are gathered before they are written.
const GATHER_BYTES: usize = 64 * 1024;

/// How long a record may wait to be written. A failure inside writes the rest while it unwinds;
/// only a process that is killed loses this much of its journal, and nobody was promised that.
const GATHER: Micros = Micros::millis(100);

/// Writes the journal of a shard.
pub struct Journal {
    dir: PathBuf,
    run: String,
    number: u64,
    file: File,
    written: u64,
    inputs: u64,
    segment_max: u64,
    hash: OutputHash,
    buffer: Vec<u8>,
    /// When the oldest record that waits must be written.
    due: Option<Mono>,
}

impl Journal {
    /// Begins the journal of a run in `dir`; `size` bounds all segments of all runs in bytes.
    ///
    /// # Errors
    /// The folder or file cannot be made.
    pub fn begin(dir: &Path, size: u64, header: &Header, now: Now) -> io::Result<Self> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        let (run, file) = first(dir, now)?;
        let mut journal = Journal {
            dir: dir.to_owned(),
            run,
            number: 0,
            file,
            written: 0,
            inputs: 0,
            segment_max: (size / SEGMENTS).max(1 << 20),
            hash: OutputHash::default(),
            buffer: Vec::new(),
            due: None,
        };
        write_header(header, &mut journal.buffer);
        journal.flush()?;
        journal.trim()?;
        Ok(journal)
    }

    /// Records an input before it is handled; it is on disk within 100 ms.
    ///
    /// # Errors
    /// The disk is full or gone.
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
    /// The disk is full or gone.
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

    /// Writes what was gathered.
    ///
    /// # Errors
    /// The disk is full or gone.
    pub fn flush(&mut self) -> io::Result<()> {
        self.due = None;
        self.file.write_all(&self.buffer)?;
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
        if self.buffer.capacity() > 2 * GATHER_BYTES {
            self.buffer = Vec::new();
        }
        if self.written >= self.segment_max {
            self.number += 1;
            self.file = open(&self.dir, &self.run, self.number)?;
            self.written = 0;
            self.trim()?;
        }
        Ok(())
    }

    /// Drops the oldest segments above the bound.
    fn trim(&self) -> io::Result<()> {
        let mut names = segments(&self.dir)?;
        let keep = SEGMENTS as usize;
        names.truncate(names.len().saturating_sub(keep));
        for path in names {
            fs::remove_file(path)?;
        }
        Ok(())
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        if let Err(error) = self.flush() {
            tracing::error!(%error, "the end of the journal is lost");
        }
    }
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
