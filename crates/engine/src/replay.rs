//! Runs a journal through a fresh node and compares the outputs.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use node::journal::{JournalError, OutputHash, Recorded, changed, read_header, read_record};
use node::{Input, Node};
use thiserror::Error;

use crate::journal::segments;

/// What a replay found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replayed {
    /// Inputs that were run.
    pub inputs: u64,
    /// Outputs that came.
    pub outputs: u64,
    /// Hash of all outputs.
    pub hash: u64,
    /// Number of the first input before which the outputs differed from the recorded run.
    pub differs_at: Option<u64>,
    /// Build that recorded, when it is another one.
    pub foreign_build: Option<String>,
}

/// Why a journal cannot be replayed.
#[derive(Debug, Error)]
pub enum ReplayError {
    /// The file cannot be read.
    #[error("journal {path} cannot be read")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Its bytes are no journal.
    #[error("journal {path} cannot be understood")]
    Journal {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: JournalError,
    },
    /// The first segment of the run was dropped, so nothing can be compared.
    #[error("journal {0} does not reach back to the start of its run")]
    Headless(PathBuf),
    /// The recorded configuration does not make a snapshot.
    #[error("journal {0} holds a configuration that does not fit together")]
    Configuration(PathBuf),
}

/// Replays `path`: a first segment (the following ones of its run are found beside it), or the
/// journal folder, whose last run is taken. `build` is compared with the one that recorded.
///
/// # Errors
/// The journal is missing, cut off at its beginning, or of another version.
pub fn replay(path: &Path, build: &str) -> Result<Replayed, ReplayError> {
    let parts = parts(path)?;
    let Some(first) = parts.first() else {
        return Err(ReplayError::Headless(path.to_owned()));
    };
    let bytes = read(first)?;
    let journal = |source| ReplayError::Journal { path: first.clone(), source };
    let (header, used) = match read_header(&bytes) {
        Ok(found) => found,
        Err(JournalError::Foreign) => return Err(ReplayError::Headless(first.clone())),
        Err(source) => return Err(journal(source)),
    };
    let unfit = || ReplayError::Configuration(first.clone());
    let snapshot = Arc::new(header.snapshot().ok_or_else(unfit)?);
    let mut run = Run {
        node: Node::new(header.place, header.seed, snapshot, header.settings.clone()),
        hash: OutputHash::default(),
        out: Vec::new(),
        result: Replayed {
            inputs: 0,
            outputs: 0,
            hash: 0,
            differs_at: None,
            foreign_build: (header.build != build).then(|| header.build.clone()),
        },
    };
    run.segment(first, bytes.get(used..).unwrap_or_default())?;
    for part in parts.iter().skip(1) {
        let bytes = read(part)?;
        run.segment(part, &bytes)?;
    }
    run.result.hash = run.hash.value();
    Ok(run.result)
}

struct Run {
    node: Node,
    hash: OutputHash,
    out: Vec<node::Output>,
    result: Replayed,
}

impl Run {
    fn segment(&mut self, path: &Path, mut bytes: &[u8]) -> Result<(), ReplayError> {
        let journal = |source| ReplayError::Journal { path: path.to_owned(), source };
        while let Some((record, used)) = read_record(bytes).map_err(journal)? {
            bytes = bytes.get(used..).unwrap_or_default();
            if record.before != self.hash.value() && self.result.differs_at.is_none() {
                self.result.differs_at = Some(self.result.inputs);
            }
            let input = match record.input {
                Recorded::Input(input) => *input,
                Recorded::Config { changes, revision } => {
                    let next = changed(self.node.snapshot(), &changes, revision);
                    let unfit = || ReplayError::Configuration(path.to_owned());
                    let snapshot = Arc::new(next.ok_or_else(unfit)?);
                    Input::Config { snapshot, changes: Arc::new(changes) }
                }
            };
            self.node.handle(record.now, input, &mut self.out);
            for output in &self.out {
                self.hash.add(output);
            }
            self.result.inputs += 1;
            self.result.outputs += self.out.len() as u64;
            self.out.clear();
        }
        Ok(())
    }
}

fn read(path: &Path) -> Result<Vec<u8>, ReplayError> {
    fs::read(path).map_err(|source| ReplayError::File { path: path.to_owned(), source })
}

/// The segments of one run, in order.
fn parts(path: &Path) -> Result<Vec<PathBuf>, ReplayError> {
    let file = |source| ReplayError::File { path: path.to_owned(), source };
    let run_of = |p: &Path| {
        let name = p.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        name.split('-').next().unwrap_or_default().to_owned()
    };
    if path.is_dir() {
        let all = segments(path).map_err(file)?;
        let Some(last) = all.last().map(|p| run_of(p)) else { return Ok(Vec::new()) };
        return Ok(all.into_iter().filter(|p| run_of(p) == last).collect());
    }
    let run = run_of(path);
    match path.parent() {
        Some(dir) if path.extension().is_some_and(|e| e == "log") => {
            let dir = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
            let all = segments(dir).map_err(file)?;
            Ok(all.into_iter().filter(|p| run_of(p) == run).collect())
        }
        _ => Ok(vec![path.to_owned()]),
    }
}
