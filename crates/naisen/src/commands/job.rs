//! `init`, `import`, `export`: in the running node over its socket, or on the store itself.

use std::fs::OpenOptions;
use std::io::{self, IsTerminal, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use app::text::text_with;

use crate::args::Lang;
use crate::config::Config;
use crate::control::{self, Job, Reached, Request, Sink};
use crate::jobs::{self, Backend, UNREACHABLE, WRONG};

/// Where the output of a job goes on this side.
#[derive(Debug, Default)]
pub(crate) struct Targets {
    /// `-o FILE` or `-o FOLDER/`.
    pub(crate) output: Option<PathBuf>,
    /// `--secrets FILE`.
    pub(crate) secrets: Option<PathBuf>,
}

/// Does the job; its exit status.
pub(crate) async fn run(
    config: &Config,
    lang: Lang,
    (job, input): (Job, Vec<u8>),
    targets: Targets,
) -> u8 {
    if let Some(path) = targets.secrets.as_ref().filter(|p| p.exists()) {
        return complain(lang, "cli-file-exists", &path.display().to_string(), WRONG);
    }
    let mut sink = match Terminal::open(targets) {
        Ok(sink) => sink,
        Err((path, _)) => {
            return complain(lang, "cli-file-unwritable", &path.display().to_string(), WRONG);
        }
    };
    let request = Request { english: lang == Lang::En, job };
    match control::submit(&config.data, &request, &input, &mut sink).await {
        Ok(Reached::Done(status)) => status,
        Ok(Reached::NoNode) => alone(config, lang, (request, input), &mut sink).await,
        Err(error) => complain(lang, "cli-node-lost", &error.to_string(), UNREACHABLE),
    }
}

/// No node runs: opens the store for the time of the job.
async fn alone(
    config: &Config,
    lang: Lang,
    (request, input): (Request, Vec<u8>),
    sink: &mut Terminal,
) -> u8 {
    let options = store::Options { now: engine::clock::wall(), local_names: crate::local_names() };
    match store::Store::open(&config.data, options).await {
        Ok(store) => {
            let backend = Backend { store: Arc::new(store), handle: None };
            jobs::run(request, input, &backend, sink).await
        }
        Err(error) => complain(lang, "cli-store-unopened", &crate::chain(&error), UNREACHABLE),
    }
}

/// Says a sentence of the catalogue on standard error; gives the status back.
pub(crate) fn complain(lang: Lang, id: &str, value: &str, status: u8) -> u8 {
    eprintln!("{}", text_with(lang.app(), id, &[("value", value.into())]));
    status
}

/// The password for `init`: first line of standard input when that is a file or pipe.
pub(crate) fn password() -> io::Result<Option<String>> {
    let stdin = io::stdin();
    if stdin.is_terminal() {
        return Ok(None);
    }
    let mut text = String::new();
    stdin.take(4_096).read_to_string(&mut text)?;
    Ok(text.lines().next().map(str::to_owned).filter(|line| !line.is_empty()))
}

struct Terminal {
    file: Option<std::fs::File>,
    folder: Option<PathBuf>,
    secrets: Option<PathBuf>,
}

impl Terminal {
    fn open(targets: Targets) -> Result<Self, (PathBuf, io::Error)> {
        let (mut file, mut folder) = (None, None);
        if let Some(path) = targets.output {
            let failed = |e| (path.clone(), e);
            if is_folder(&path) {
                std::fs::create_dir_all(&path).map_err(failed)?;
                folder = Some(path);
            } else {
                file = Some(std::fs::File::create(&path).map_err(failed)?);
            }
        }
        Ok(Terminal { file, folder, secrets: targets.secrets })
    }
}

/// Whether `-o` names a folder: it ends in a slash.
pub(crate) fn is_folder(path: &Path) -> bool {
    path.as_os_str().to_string_lossy().ends_with('/')
}

impl Sink for Terminal {
    async fn out(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.file {
            Some(file) => file.write_all(bytes),
            None => {
                let mut out = io::stdout().lock();
                out.write_all(bytes)?;
                out.flush()
            }
        }
    }

    async fn err(&mut self, text: &str) -> io::Result<()> {
        io::stderr().lock().write_all(text.as_bytes())
    }

    async fn file(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let path = match (name, &self.secrets, &self.folder) {
            ("secrets", Some(path), _) => path.clone(),
            (name, _, Some(folder)) if !name.contains('/') => folder.join(name),
            _ => return Ok(()),
        };
        let mut options = OpenOptions::new();
        if name == "secrets" {
            options.write(true).create_new(true).mode(0o600);
        } else {
            options.write(true).create(true).truncate(true);
        }
        options.open(path)?.write_all(bytes)
    }
}
