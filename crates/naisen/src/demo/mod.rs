//! The sample company and its built-in test phones.
//!
//! ```text
//! folder → ports → node (Running) → sample company → test phones (bank) → first call → Ctrl-C
//! ```
//!
//! The phones are ordinary SIP user agents of the same process: they know of the exchange only its
//! address, and nothing in the exchange knows them.

mod bank;
mod first_call;
mod folder;
mod phone;
mod ports;
mod report;
mod talk;
mod tone;

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use app::demo::{Demo, company};
use app::text::{text, text_with};
use base::Rng;
use bulk::reason::Arg;
use store::{ApiRole, Commit, TenantScope};

use crate::args::Lang;
use crate::commands::serve::stop_wanted;
use crate::config::Config;
use crate::jobs::{DONE, REFUSED, UNREACHABLE, WRONG};
use crate::running::Running;
use crate::say;

use bank::Bank;
use folder::{Folder, FolderError};

/// Extension of the echo, called first.
const ECHO: &str = "2001";
/// Extension of the phone that calls it.
const CALLER: &str = "2009";

/// Why the demo ends before its first call: exit status and sentence.
struct Stop(u8, String);

impl Stop {
    fn failed(lang: Lang, error: &dyn std::fmt::Display) -> Self {
        let value = ("value", Arg::Text(error.to_string()));
        Stop(UNREACHABLE, text_with(lang.app(), "demo-not-started", &[value]))
    }
}

/// A running demo.
struct Stage {
    /// Held so that no other demo empties it.
    _folder: Folder,
    running: Running,
    scope: TenantScope,
    bank: Bank,
    patience: std::time::Duration,
}

/// Runs the demo; its exit status.
pub(crate) async fn run(listen: IpAddr, check: bool, lang: Lang) -> u8 {
    match Stage::build(listen, lang).await {
        Ok(stage) => stage.play(check, lang).await,
        Err(Stop(status, sentence)) => {
            eprintln!("{sentence}");
            status
        }
    }
}

impl Stage {
    async fn build(listen: IpAddr, lang: Lang) -> Result<Self, Stop> {
        ports::check(listen).map_err(|taken| Stop(WRONG, taken.sentence(lang)))?;
        let folder = make_folder(lang)?;
        let config_file = folder.write_config(listen).map_err(|e| Stop::failed(lang, &e))?;
        let config = config(&folder, listen);
        let music = tokio::task::spawn_blocking(|| Arc::new(rtp::music::render()));
        let started = Running::start(&config).await;
        let running = started.map_err(|e| Stop::failed(lang, &format!("{e:#}")))?;
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|e| Stop::failed(lang, &e))?;
        let mut rng = Rng::from_seed(seed);
        let demo = company(lang.app(), engine::clock::wall(), &mut rng);
        let scope = running.store.operator_scope(demo.tenant);
        settle(&running, &scope, &demo).await.map_err(|e| Stop::failed(lang, &format!("{e:#}")))?;
        for line in report::welcome(&demo, listen, &config_file, lang) {
            say(&line);
        }
        let wish = app::token::Wish { name: "demo", role: ApiRole::Operator, days: 1 };
        let now = engine::clock::wall();
        let token = app::token::make(&running.store, &scope, &wish, now, &mut rng).await;
        let token = token.map_err(|e| Stop::failed(lang, &e.sentence(lang.app())))?;
        say("");
        say(&text(lang.app(), "demo-api"));
        say(&format!("  {}", token.text.expose()));
        let music = music.await.map_err(|e| Stop::failed(lang, &e))?;
        let at = ports::phones_at(listen);
        let server = SocketAddr::new(at, ports::SIP);
        let bank = Bank::start(&demo.phones, (at, server), &rng, music).await;
        let bank = bank.map_err(|e| Stop::failed(lang, &e))?;
        Ok(Stage { _folder: folder, running, scope, bank, patience: config.drain })
    }

    async fn play(mut self, check: bool, lang: Lang) -> u8 {
        let call = first_call::run(&mut self.bank, &self.running.store, &self.scope);
        let outcome = tokio::select! {
            outcome = call => Some(outcome),
            () = stop_wanted() => None,
        };
        if let Some(outcome) = &outcome {
            for line in report::first_call(outcome, lang) {
                say(&line);
            }
            if !check {
                say("");
                say(&text(lang.app(), "demo-ready"));
                stop_wanted().await;
            }
        }
        if !check {
            say(&text(lang.app(), "demo-stopping"));
        }
        self.bank.switch_off().await;
        self.running.drain(self.patience, stop_wanted()).await;
        self.running.stop().await;
        match outcome {
            Some(outcome) if outcome.fault.is_some() => REFUSED,
            None if check => REFUSED,
            Some(_) | None => DONE,
        }
    }
}

fn make_folder(lang: Lang) -> Result<Folder, Stop> {
    let path = Path::new(folder::NAME);
    Folder::make(path).map_err(|error| {
        let name = ("folder", Arg::Text(format!("./{}", path.display())));
        let say = |id: &str, args: &[(&str, Arg)]| text_with(lang.app(), id, args);
        match error {
            FolderError::Foreign => Stop(WRONG, say("demo-folder-foreign", &[name])),
            FolderError::InUse => Stop(WRONG, say("demo-folder-in-use", &[name])),
            FolderError::Io(error) => {
                let error = ("error", Arg::Text(error.to_string()));
                Stop(UNREACHABLE, say("demo-folder-refused", &[name, error]))
            }
        }
    })
}

fn config(folder: &Folder, listen: IpAddr) -> Config {
    let at = |port| SocketAddr::new(listen, port);
    Config {
        udp: vec![at(ports::SIP)],
        tcp: vec![at(ports::SIP)],
        tls: vec![at(ports::SIP_TLS)],
        portal_closed: Some(at(ports::PORTAL)),
        metrics: Some(at(ports::METRICS)),
        ..Config::with_data(folder.path())
    }
}

/// Stores the sample company and puts it in force, so that the phones can register at once.
async fn settle(running: &Running, scope: &TenantScope, demo: &Demo) -> anyhow::Result<()> {
    let commit = Commit {
        seen: running.store.snapshot().tenant_revision(demo.tenant),
        changes: &demo.changes,
        act: "demo",
        detail: "",
        at: engine::clock::wall(),
    };
    let done = running.store.commit(scope, commit).await?;
    running.handle.configure(done.snapshot).await?;
    Ok(())
}
