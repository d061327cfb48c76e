//! A running node with all its edges; `serve` and `demo` share it.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use engine::tasks::Tasks;
use engine::{Command, Engine, EngineConfig, Handle, Reply, Wish};
use mediactl::FileId;
use model::own_setting::Declined;
use model::{Sound, StoredBoxes};
use store::{Options, PinOutcome, Store, StoreWriter};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::config::Config;
use crate::control;
use crate::health::{self, Health};
use crate::http;
use crate::jobs::Backend;
use crate::sounds::Sounds;

/// Everything that runs.
pub(crate) struct Running {
    pub(crate) store: Arc<Store>,
    pub(crate) handle: Handle,
    /// (name, address) of each listener in use.
    pub(crate) listeners: Vec<(String, SocketAddr)>,
    pub(crate) draining: Arc<AtomicBool>,
    engine: Engine,
    writer: Arc<StoreWriter>,
    tasks: Tasks,
}

impl Running {
    /// Opens the store and starts node and edges.
    pub(crate) async fn start(config: &Config) -> anyhow::Result<Self> {
        let now = engine::clock::wall();
        let options = Options { now, local_names: crate::local_names() };
        let store = Arc::new(Store::open(&config.data, options).await?);
        let bindings = store.bindings(now).await?;
        let boxes = boxes(&config.data.join("media"), &store).await?;
        let (spool, tail) = store.spool(0)?;
        let writer = Arc::new(StoreWriter::start(&store, vec![tail])?);
        let mut tasks = Tasks::new();
        let (wishes, asked) = mpsc::channel(WISHES);
        let tls_config = match config.tls.is_empty() {
            true => None,
            false => Some(net::certs::server_config(&config.data.join("tls"), &names())?),
        };
        let engine_config = EngineConfig {
            udp: config.udp.clone(),
            tcp: config.tcp.clone(),
            tls: config.tls.clone(),
            tls_config,
            settings: node::Settings {
                sip: crate::lab::sip_settings(),
                relay_always: config.relay,
                media_address: config.media_address,
            },
            media: media_config(config)?,
            journal: Some((config.data.join("journal"), config.journal_bytes)),
            seed: seed()?,
            build: crate::BUILD.to_owned(),
            local_names: crate::local_names(),
            snapshot: store.snapshot(),
            bindings,
            boxes,
            spool,
            wishes,
        };
        let engine = Engine::start(engine_config, &mut tasks).await?;
        let handle = engine.handle.clone();
        let listeners =
            engine.listeners.iter().map(|(name, addr)| ((*name).to_owned(), *addr)).collect();
        let draining = Arc::new(AtomicBool::new(false));
        tasks.spawn("wishes", grant(asked, Arc::clone(&store), handle.clone()));
        let mut running = Running { store, handle, listeners, draining, engine, writer, tasks };
        running.edges(config).await?;
        running.write_listeners(&config.data)?;
        Ok(running)
    }

    async fn edges(&mut self, config: &Config) -> anyhow::Result<()> {
        if let Some(addr) = config.metrics {
            self.http("metrics", addr, health::router(self.health())).await?;
        }
        if let Some(addr) = config.portal_closed {
            let sounds = Arc::new(Sounds::new(&config.data.join("media")));
            let portal = portal::Portal::new(Arc::clone(&self.store), self.handle.clone());
            let portal = portal.with_sounds(sounds);
            self.http("portal", addr, portal::router(portal)).await?;
        }
        let socket = control::open(&config.data).context("control socket")?;
        let backend = Backend { store: Arc::clone(&self.store), handle: Some(self.handle.clone()) };
        self.tasks.spawn("control", control::serve(socket, backend));
        let (mut changes, handle) = (self.store.watch(), self.handle.clone());
        self.tasks.spawn("configuration", async move {
            while changes.changed().await.is_ok() {
                let snapshot = Arc::clone(&changes.borrow_and_update());
                if handle.configure(snapshot).await.is_err() {
                    break;
                }
            }
        });
        self.tasks.spawn("upkeep", upkeep(Arc::clone(&self.store)));
        self.tasks.spawn("clock", by_the_clock(Arc::clone(&self.store)));
        self.tasks.spawn("memory", crate::memory::keep(self.handle.metrics().clone()));
        Ok(())
    }

    /// What the health pages ask.
    pub(crate) fn health(&self) -> Health {
        Health {
            handle: self.handle.clone(),
            media: self.engine.media(),
            store: Arc::clone(&self.store),
            draining: Arc::clone(&self.draining),
            writer: Arc::clone(&self.writer),
            fallen: self.tasks.fallen(),
        }
    }

    async fn http(
        &mut self,
        name: &'static str,
        addr: SocketAddr,
        app: Router,
    ) -> anyhow::Result<()> {
        let listener = TcpListener::bind(addr)
            .await
            .with_context(|| format!("{name} {addr} cannot be opened"))?;
        self.listeners.push((name.to_owned(), listener.local_addr()?));
        self.tasks.spawn(name, async move {
            if let Err(error) = http::serve(listener, app, http::Bounds::default()).await {
                tracing::error!(%error, name, "listener ended");
            }
        });
        Ok(())
    }

    fn write_listeners(&self, data: &Path) -> anyhow::Result<()> {
        let lines: String = self.listeners.iter().map(|(n, a)| format!("{n} {a}\n")).collect();
        let (part, whole) = (data.join("listeners.part"), data.join("listeners"));
        std::fs::write(&part, lines)?;
        std::fs::rename(part, whole)?;
        Ok(())
    }

    /// Ends when a thread has ended that nothing but a new start brings back: the shard, which has
    /// failed too often, or one of the media plane or of the store.
    pub(crate) async fn fallen(&self) {
        let mut look = tokio::time::interval(Duration::from_secs(5));
        let others = async {
            while self.engine.media().is_whole() && !self.writer.has_ended() {
                look.tick().await;
            }
        };
        tokio::select! {
            () = self.handle.ended() => {}
            () = others => {}
        }
    }

    /// Waits until no call is left, at most `patience` or until `hurry` ends; then clears them.
    pub(crate) async fn drain(&self, patience: Duration, hurry: impl Future<Output = ()>) {
        self.draining.store(true, Ordering::Relaxed);
        self.handle.drain().await;
        tokio::select! {
            _ = self.calls_end() => return,
            _ = tokio::time::sleep(patience) => {}
            _ = hurry => {}
        }
        self.handle.clear_all().await;
        // The BYEs are out; their answers may take a moment.
        let _ = tokio::time::timeout(Duration::from_secs(2), self.calls_end()).await;
    }

    async fn calls_end(&self) {
        let mut look = tokio::time::interval(Duration::from_millis(50));
        loop {
            look.tick().await;
            match self.handle.ask(Command::Status).await {
                Ok(Reply::Status(status)) if status.calls > 0 => {}
                _ => return,
            }
        }
    }

    /// One more task, for tests that let it fall.
    #[cfg(test)]
    pub(crate) fn spawn(
        &mut self,
        name: &'static str,
        task: impl Future<Output = ()> + Send + 'static,
    ) {
        self.tasks.spawn(name, task);
    }

    /// Stops listeners and edges alone.
    #[cfg(test)]
    pub(crate) async fn stop_tasks(&mut self) {
        self.tasks.stop(Duration::from_secs(2)).await;
    }

    /// Stops everything; what was confirmed is in the database afterwards.
    pub(crate) async fn stop(mut self) {
        self.tasks.stop(Duration::from_secs(2)).await;
        self.engine.stop().await;
        let _ = std::fs::remove_file(self.store.path().join(control::SOCKET));
        match Arc::try_unwrap(self.writer) {
            Ok(writer) => {
                if !writer.stop().await {
                    tracing::warn!("the spool is not empty; the next start carries it over");
                }
            }
            Err(writer) => {
                writer.flush().await;
            }
        }
    }
}

/// Settings by code that may wait at once; more are refused.
const WISHES: usize = 256;

/// Carries out what phones ask by code, one after the other.
async fn grant(mut asked: mpsc::Receiver<Wish>, store: Arc<Store>, handle: Handle) {
    while let Some(wish) = asked.recv().await {
        let now = engine::clock::wall();
        match wish {
            Wish::Setting { call, device, dn, wanted } => {
                let done = app::own_setting::carry_out(&store, (device, dn), &wanted, now).await;
                // The confirmation must not come before the setting.
                if done.is_ok() && handle.configure(store.snapshot()).await.is_err() {
                    break;
                }
                handle.tell(call, done.err()).await;
            }
            Wish::Pin { call, tenant, owner, pin } => {
                let judged = store.check_pin(tenant, owner, pin.expose(), now).await;
                let is_good = matches!(judged, Ok(PinOutcome::Good));
                handle.tell(call, (!is_good).then_some(Declined::NotAllowed)).await;
            }
            Wish::Seat { call, device, typed } => {
                let done =
                    app::terminal_login::carry_out(&store, device, typed.as_deref(), now).await;
                if done.is_ok() && handle.configure(store.snapshot()).await.is_err() {
                    break;
                }
                handle.tell(call, done.err()).await;
            }
        }
    }
}

/// Reads the voicemail boxes; recordings that a crash has left open are completed before, and
/// files that nothing knows of are removed: greetings, messages and music of which a crash left
/// nothing else.
async fn boxes(folder: &Path, store: &Store) -> anyhow::Result<StoredBoxes> {
    let files = media::Files::new(folder);
    files.recover().context("recordings")?;
    let length = |file| files.duration_ms(FileId::Message(file)).ok().filter(|ms| *ms > 0);
    let boxes = store.boxes(length).await?;
    let messages = store.message_files().await?;
    let snapshot = store.snapshot();
    let sounds = snapshot.tenants().flat_map(|t| snapshot.sounds(t.id));
    let sounds: BTreeSet<u64> = sounds.map(|s| Sound::file(s.id)).collect();
    let is_known = |file| match file {
        FileId::Message(number) => messages.contains(&number),
        FileId::Greeting(number) => boxes.greetings.iter().any(|g| g.file == Some(number)),
        FileId::Sound(number) => sounds.contains(&number),
    };
    let swept = files.sweep(is_known).context("files of nobody")?;
    if swept > 0 {
        tracing::info!(swept, "files removed that nothing knew of");
    }
    Ok(boxes)
}

/// Once an hour: old history is removed, passwords of imports are hashed the slow way (SEC-10).
async fn upkeep(store: Arc<Store>) {
    let mut hourly = tokio::time::interval(Duration::from_secs(3_600));
    hourly.tick().await;
    loop {
        hourly.tick().await;
        while store.history_forget(engine::clock::wall()).await.unwrap_or(false) {}
        while store.wrap_passwords(20).await.is_ok_and(|n| n > 0) {}
    }
}

/// New secrets become valid and log-ins end, a few seconds after their time (R215, R233).
async fn by_the_clock(store: Arc<Store>) {
    let mut look = tokio::time::interval(Duration::from_secs(10));
    loop {
        look.tick().await;
        if let Err(error) = app::service::due::carry_out(&store, engine::clock::wall()).await {
            tracing::warn!(%error, "new secrets and ends of log-ins wait");
        }
    }
}

fn media_config(config: &Config) -> anyhow::Result<media::Config> {
    let (first, last) = config.media_ports;
    let ports = media::Ports::Range(first..=last);
    let files = Some(config.data.join("media"));
    Ok(media::Config { ports, files, ..media::Config::new(seed()?) })
}

fn seed() -> anyhow::Result<[u8; 32]> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|e| anyhow::anyhow!("no randomness: {e}"))?;
    Ok(seed)
}

/// What the server's certificate is good for.
fn names() -> Vec<String> {
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    names.extend(crate::local_names());
    names
}
