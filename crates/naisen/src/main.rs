//! The naisen command: arguments in, one exit status out.

mod args;
mod commands;
mod config;
mod control;
mod demo;
mod health;
mod http;
mod jobs;
mod lab;
mod logs;
mod memory;
mod running;
mod sounds;

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command, Format, Lang, Preset};
use commands::job::{self, Targets};
use config::Config;
use control::Job;

/// Named in journals; a replay by another build says so.
pub(crate) const BUILD: &str = env!("CARGO_PKG_VERSION");

fn main() -> ExitCode {
    memory::set_up();
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { jobs::WRONG } else { jobs::DONE });
        }
    };
    ExitCode::from(dispatch(args))
}

fn dispatch(args: Args) -> u8 {
    let lang = args.lang;
    match args.command.unwrap_or(Command::Serve) {
        Command::CheckConfig => commands::check_config::run(args.config.as_deref(), lang),
        Command::Replay { file } => commands::replay::run(&file, lang),
        Command::Demo { listen, check } => block(commands::demo::run(listen, check, lang)),
        Command::Serve => with_config(args.config.as_deref(), lang, |config| {
            logs::start();
            block(commands::serve::run(config, lang))
        }),
        command => with_config(args.config.as_deref(), lang, |config| {
            let (work, targets) = match job_of(command, lang) {
                Ok(job) => job,
                Err(status) => return status,
            };
            block(job::run(&config, lang, work, targets))
        }),
    }
}

fn with_config(file: Option<&Path>, lang: Lang, run: impl FnOnce(Config) -> u8) -> u8 {
    match config::load(file) {
        Ok(loaded) => run(loaded.config),
        Err(error) => {
            eprintln!("{}", error.text(lang));
            jobs::WRONG
        }
    }
}

/// Runs the edges: two threads suffice, since the shard and the media plane have their own.
fn block(work: impl Future<Output = u8>) -> u8 {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("io")
        .max_blocking_threads(8)
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => runtime.block_on(work),
        Err(error) => {
            eprintln!("{error}");
            jobs::UNREACHABLE
        }
    }
}

/// The job of a command line and where its output goes; the exit status when it cannot begin.
fn job_of(command: Command, lang: Lang) -> Result<((Job, Vec<u8>), Targets), u8> {
    let none = Targets::default();
    match command {
        Command::Init { tenant, name, admin, preset } => {
            let password = job::password()
                .map_err(|e| job::complain(lang, "cli-file-unreadable", &e.to_string(), 2))?;
            let cloudphone = preset == Preset::Cloudphone;
            Ok(((Job::Init { tenant, name, admin, cloudphone, password }, Vec::new()), none))
        }
        Command::Import { kind, file, tenant, dry_run, update, secrets, format } => {
            let shown = file.display().to_string();
            let unreadable = |_| job::complain(lang, "cli-file-unreadable", &shown, jobs::WRONG);
            let bytes = read_bounded(&file).map_err(unreadable)?;
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let format = format.map(format_word);
            let secrets_apart = secrets.is_some();
            let work = Job::Import {
                kind,
                tenant,
                dry_run,
                update,
                format,
                file_name: name,
                secrets_apart,
            };
            Ok(((work, bytes), Targets { output: None, secrets }))
        }
        Command::Export { kind, tenant, date, standard, format, output } => {
            let folder = output.as_deref().is_some_and(job::is_folder);
            let format = format.map(format_word);
            let work = Job::Export { kind, tenant, date, standard, format, folder };
            Ok(((work, Vec::new()), Targets { output, secrets: None }))
        }
        Command::Token { tenant, name, role, days, list, revoke } => {
            Ok(((Job::Token { tenant, name, role, days, list, revoke }, Vec::new()), none))
        }
        Command::Explain { from, line, to, at, tenant, assume } => {
            let job = Job::Explain { tenant, from, line, to, at, assume };
            Ok(((job, Vec::new()), none))
        }
        Command::Serve | Command::Demo { .. } | Command::CheckConfig | Command::Replay { .. } => {
            Err(jobs::WRONG)
        }
    }
}

/// Reads at most one byte more than an import may have, so that a huge file is refused by its
/// size and never held.
fn read_bounded(path: &Path) -> std::io::Result<Vec<u8>> {
    use std::io::Read;
    let mut bytes = Vec::new();
    let bound = base::limits::IMPORT_BYTES_MAX as u64 + 1;
    std::fs::File::open(path)?.take(bound).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn format_word(format: Format) -> String {
    let word = match format {
        Format::Sjis => "sjis",
        Format::Utf8 => "utf8",
        Format::Xlsx => "xlsx",
    };
    word.to_owned()
}

/// Prints a line on standard output; a closed pipe is no error of ours.
pub(crate) fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}");
    let _ = out.flush();
}

/// An error and its causes on one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// Host names of this machine: they mean the default tenant, as its addresses do.
pub(crate) fn local_names() -> Vec<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim();
    if name.is_empty() { Vec::new() } else { vec![name.to_owned()] }
}
