//! The folder of recordings, greetings, own music: where a number lies, and what a crash left.
//!
//! ```text
//! ROOT/open/message-00000000000000a3.wav     while it is recorded
//! ROOT/messages/a3/00000000000000a3.wav      complete
//! ROOT/greetings/…   ROOT/sounds/…
//! ```
//!
//! Recordings are personal data: folders are for us alone (0700), files too (0600), and names say
//! nothing of persons.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use mediactl::{FileId, Record};
use rtp::record::worth_of;

use crate::wav;

/// The sound files of the plane. Its calls block on the disk.
#[derive(Debug, Clone)]
pub struct Files {
    root: PathBuf,
}

/// A recording that a crash had left open and that is complete now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recovered {
    /// Which.
    pub file: FileId,
    /// How much was kept.
    pub duration_ms: u32,
}

/// Largest file that is read: ten minutes and a header.
const READ_MAX: u64 = 600 * 8_000 + wav::HEADER as u64;

impl Files {
    /// Below `root`, which is made at the first writing.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Whether the file is there and complete.
    pub fn exists(&self, file: FileId) -> bool {
        self.path(file).is_file()
    }

    /// The whole file, a RIFF/WAVE of G.711 that every player knows.
    ///
    /// # Errors
    /// `NotFound`, or what the disk says.
    pub fn read(&self, file: FileId) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        File::open(self.path(file))?.take(READ_MAX).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Length in milliseconds.
    ///
    /// # Errors
    /// `NotFound`, or what the disk says.
    pub fn duration_ms(&self, file: FileId) -> io::Result<u32> {
        let octets = std::fs::metadata(self.path(file))?.len();
        Ok(millis(octets.saturating_sub(wav::HEADER as u64)))
    }

    /// Removes it; one that is not there is no error.
    ///
    /// # Errors
    /// What the disk says.
    pub fn delete(&self, file: FileId) -> io::Result<()> {
        match std::fs::remove_file(self.path(file)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Stores samples under a number that has no file yet; they are on the disk when it returns.
    pub(crate) fn store(&self, file: FileId, law: rtp::g711::Law, octets: &[u8]) -> io::Result<()> {
        use std::io::Write;
        let path = self.open_path(file)?;
        let mut out = private(OpenOptions::new().write(true).create(true).truncate(true), &path)?;
        out.write_all(&wav::header(law, octets.len() as u32))?;
        out.write_all(octets)?;
        out.sync_all()?;
        self.complete(file)
    }

    /// Completes what a crash has left open; to be called before a plane starts. Recordings that
    /// are too short to be kept are removed.
    ///
    /// # Errors
    /// What the disk says of the folder; single files that cannot be mended are left and logged.
    pub fn recover(&self) -> io::Result<Vec<Recovered>> {
        let entries = match std::fs::read_dir(self.root.join(OPEN)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut recovered = Vec::new();
        for entry in entries {
            let name = entry?.file_name();
            let Some(file) = name.to_str().and_then(file_of) else { continue };
            match self.mend(file) {
                Ok(Some(duration_ms)) => recovered.push(Recovered { file, duration_ms }),
                Ok(None) => {}
                Err(error) => tracing::warn!(?file, %error, "recording cannot be mended"),
            }
        }
        recovered.sort_unstable_by_key(|r| r.file);
        Ok(recovered)
    }

    /// Removes the complete files that are not known; to be called before a plane starts. Tells
    /// how many went.
    ///
    /// # Errors
    /// What the disk says of a folder; single files that stay are logged.
    pub fn sweep(&self, is_known: impl Fn(FileId) -> bool) -> io::Result<usize> {
        let mut swept = 0;
        for of in [FileId::Message, FileId::Greeting, FileId::Sound] {
            let (kind, _) = parts(of(0));
            for folder in entries(&self.root.join(format!("{kind}s")))? {
                for path in entries(&folder)? {
                    let Some(file) = number_of(&path).map(of).filter(|f| !is_known(*f)) else {
                        continue;
                    };
                    match self.delete(file) {
                        Ok(()) => swept += 1,
                        Err(error) => tracing::warn!(?file, %error, "file of nobody stays"),
                    }
                }
            }
        }
        Ok(swept)
    }

    fn mend(&self, file: FileId) -> io::Result<Option<u32>> {
        use std::os::unix::fs::FileExt;
        let path = self.open_path(file)?;
        let mut bytes = Vec::new();
        let open = OpenOptions::new().read(true).write(true).open(&path)?;
        (&open).take(READ_MAX).read_to_end(&mut bytes)?;
        let parsed = wav::parse(&bytes).map(|(law, octets)| (law, worth_of(law, octets)));
        let Some((law, kept)) = parsed.filter(|(_, kept)| millis(*kept) >= Record::MIN_MS) else {
            std::fs::remove_file(&path)?;
            return Ok(None);
        };
        open.set_len(wav::HEADER as u64 + kept)?;
        open.write_all_at(&wav::header(law, kept as u32), 0)?;
        open.sync_all()?;
        self.complete(file)?;
        Ok(Some(millis(kept)))
    }

    /// Where a complete file lies.
    pub(crate) fn path(&self, file: FileId) -> PathBuf {
        let (kind, number) = parts(file);
        let folder = format!("{kind}s/{:02x}", number & 0xff);
        self.root.join(folder).join(format!("{number:016x}.wav"))
    }

    /// Where it lies while it grows; makes the folder.
    pub(crate) fn open_path(&self, file: FileId) -> io::Result<PathBuf> {
        let (kind, number) = parts(file);
        let folder = self.root.join(OPEN);
        make(&folder)?;
        Ok(folder.join(format!("{kind}-{number:016x}.wav")))
    }

    /// Gives a file that is whole and on the disk its place; the folder's entry is on the disk
    /// too when it returns.
    pub(crate) fn complete(&self, file: FileId) -> io::Result<()> {
        let path = self.path(file);
        let Some(folder) = path.parent() else { return Ok(()) };
        make(folder)?;
        std::fs::rename(self.open_path(file)?, &path)?;
        File::open(folder)?.sync_all()
    }
}

/// Folder of what is being recorded.
const OPEN: &str = "open";

/// Milliseconds of so many samples.
pub(crate) fn millis(samples: u64) -> u32 {
    (samples / 8).min(u64::from(u32::MAX)) as u32
}

/// Opens a file that only we may read.
pub(crate) fn private(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    options.mode(0o600).open(path)
}

fn make(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

fn parts(file: FileId) -> (&'static str, u64) {
    match file {
        FileId::Message(number) => ("message", number),
        FileId::Greeting(number) => ("greeting", number),
        FileId::Sound(number) => ("sound", number),
    }
}

/// What lies in a folder; nothing when there is none.
fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        entries => entries?.map(|entry| entry.map(|e| e.path())).collect(),
    }
}

/// The number in the name of a complete file.
fn number_of(path: &Path) -> Option<u64> {
    let name = path.file_name()?.to_str()?.strip_suffix(".wav")?;
    u64::from_str_radix(name, 16).ok().filter(|_| name.len() == 16)
}

/// The file with that name in the open folder.
fn file_of(name: &str) -> Option<FileId> {
    let (kind, number) = name.strip_suffix(".wav")?.split_once('-')?;
    let number = u64::from_str_radix(number, 16).ok()?;
    match kind {
        "message" => Some(FileId::Message(number)),
        "greeting" => Some(FileId::Greeting(number)),
        "sound" => Some(FileId::Sound(number)),
        _ => None,
    }
}
