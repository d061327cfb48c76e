//! Puts a shard together and starts its thread.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, RwLock};
use std::thread::JoinHandle;

use base::event::Kind;
use base::limits::{CONNECTIONS_UNKNOWN_ALL, CONNECTIONS_UNKNOWN_MAX};
use base::{FlowId, Mono, Place, limits};
use media::MediaPlane;
use model::binding::StoredBinding;
use model::{Snapshot, StoredBoxes};
use net::Crowd;
use net::Facing;
use net::TlsConfig;
use net::stream::{StreamEvent, StreamListener};
use node::Settings;
use thiserror::Error;
use tokio::sync::mpsc;

use crate::clock::{Clock, wall};
use crate::execute::Durable;
use crate::handle::{Handle, Wish};
use crate::metrics::Metrics;
use crate::rebuild::{Failures, Origin};
use crate::relays::Relays;
use crate::run::{Listener, Shard};
use crate::tasks::Tasks;
use crate::wait::Waiter;

/// What an engine needs.
pub struct EngineConfig {
    /// UDP listeners; port 0 lets the kernel choose.
    pub udp: Vec<SocketAddr>,
    /// TCP listeners.
    pub tcp: Vec<SocketAddr>,
    /// TLS listeners.
    pub tls: Vec<SocketAddr>,
    /// Certificate of the TLS listeners.
    pub tls_config: Option<TlsConfig>,
    /// Of the node.
    pub settings: Settings,
    /// Of the media plane.
    pub media: media::Config,
    /// Where the journal goes and how large it may grow; `None` = no journal.
    pub journal: Option<(PathBuf, u64)>,
    /// Secret of this run.
    pub seed: [u8; 32],
    /// Named in the journal.
    pub build: String,
    /// Names of this machine that mean the default tenant, as the snapshot has them.
    pub local_names: Vec<String>,
    /// First configuration.
    pub snapshot: Arc<Snapshot>,
    /// Bindings that outlived the last process.
    pub bindings: Vec<StoredBinding>,
    /// What voicemail boxes hold.
    pub boxes: StoredBoxes,
    /// The shard appends to it itself.
    pub spool: store::Spool,
    /// Takes what phones ask by code.
    pub wishes: mpsc::Sender<Wish>,
}

/// Why an engine did not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// A listener cannot be opened.
    #[error("{listener} {addr} cannot be opened")]
    Listener {
        /// `sip udp`, `sip tcp` or `sip tls`.
        listener: &'static str,
        /// Its address.
        addr: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The media plane cannot start.
    #[error("media plane cannot start")]
    Media(#[source] media::StartError),
    /// The journal cannot be begun.
    #[error("journal cannot be begun")]
    Journal(#[from] io::Error),
    /// The thread cannot be started.
    #[error("shard cannot start")]
    Thread(#[source] io::Error),
}

/// A running engine.
pub struct Engine {
    /// How edges speak to it.
    pub handle: Handle,
    /// (name, address) of each listener in use.
    pub listeners: Vec<(&'static str, SocketAddr)>,
    media: media::Handle,
    thread: Option<JoinHandle<()>>,
    plane: Option<MediaPlane>,
}

impl Engine {
    /// Opens the listeners and starts the shard; connection tasks run in `tasks`.
    ///
    /// # Errors
    /// See [`StartError`]; nothing keeps running.
    pub async fn start(config: EngineConfig, tasks: &mut Tasks) -> Result<Engine, StartError> {
        let clock = Clock::start();
        let metrics = Metrics::new();
        let flows = Arc::new(AtomicU64::new(0));
        let sockets = bind_udp(&config.udp, &flows)?;
        let waiter = Waiter::new(sockets.iter().map(|l| &l.socket)).map_err(StartError::Thread)?;
        let mut listeners: Vec<(&'static str, SocketAddr)> =
            sockets.iter().map(|l| ("sip-udp", l.local)).collect();
        let (sink, streams) = mpsc::channel(limits::STREAM_QUEUE);
        let tls = config.tls_config.map(|tls| (config.tls.as_slice(), tls));
        let crowd = crowd(metrics.clone());
        let bound = bind_streams(&config.tcp, tls, (&sink, &flows, &crowd), tasks).await?;
        listeners.extend(bound);
        let (media_sink, media_events) = mpsc::channel(limits::MEDIA_EVENT_QUEUE);
        let lost = metrics.clone();
        let plane = MediaPlane::start(config.media, move |event| {
            // Only statistics may be lost; the queue is far larger than what legs can say at once.
            if media_sink.try_send(event).is_err() {
                lost.event(Kind::MediaRefused.into());
            }
        });
        let plane = plane.map_err(StartError::Media)?;
        let media = plane.handle();
        let relays = media.clone();
        let now = clock.now(Mono(0));
        let snapshot = Arc::new(RwLock::new(config.snapshot));
        let origin = Origin {
            place: Place::default(),
            seed: config.seed,
            build: config.build,
            settings: config.settings,
            local_names: config.local_names,
            journal: config.journal,
            snapshot: Arc::clone(&snapshot),
        };
        let (node, header) = origin.node(0);
        let journal = origin.journal(&header, now)?;
        let (queue, commands) = mpsc::channel(limits::COMMAND_QUEUE);
        let handle = Handle { queue, snapshot, metrics: metrics.clone() };
        let begun = wall();
        let live = config.bindings.into_iter().filter(|b| b.expires_at > begun).collect();
        let shard = Shard {
            node,
            clock,
            listeners: sockets,
            facing: Facing::new(),
            streams,
            commands,
            media_events,
            relays: Relays::new(move |command| relays.send(command)),
            durable: Durable::new(config.spool),
            journal,
            metrics,
            open: HashMap::new(),
            waiting: HashMap::new(),
            wishes: config.wishes,
            next_req: 0,
            empty_at: Mono(0),
            out: Vec::new(),
            draining: false,
            origin,
            failures: Failures::default(),
            given_up: false,
        };
        let thread = std::thread::Builder::new()
            .name("shard-0".into())
            .spawn(move || shard.run(waiter, live, config.boxes))
            .map_err(StartError::Thread)?;
        Ok(Engine { handle, listeners, media, thread: Some(thread), plane: Some(plane) })
    }

    /// The media plane.
    pub fn media(&self) -> media::Handle {
        self.media.clone()
    }

    /// Stops the shard and waits for its thread: everything it confirmed is in the spool.
    pub async fn stop(mut self) {
        self.handle.stop().await;
        if let Some(thread) = self.thread.take() {
            let joined = tokio::task::spawn_blocking(move || thread.join());
            if !matches!(joined.await, Ok(Ok(()))) {
                tracing::error!("shard ended by a panic");
            }
        }
        if let Some(plane) = self.plane.take() {
            plane.stop();
        }
    }
}

/// Of the connections that have proved nothing.
fn crowd(metrics: Metrics) -> Arc<Crowd> {
    Crowd::new((CONNECTIONS_UNKNOWN_MAX, CONNECTIONS_UNKNOWN_ALL), move || {
        metrics.event(Kind::ConnectionShed.into());
    })
}

/// Opens the listeners for connections; their tasks run in `tasks`.
async fn bind_streams(
    tcp: &[SocketAddr],
    tls: Option<(&[SocketAddr], TlsConfig)>,
    (sink, flows, crowd): (&mpsc::Sender<StreamEvent>, &Arc<AtomicU64>, &Arc<Crowd>),
    tasks: &mut Tasks,
) -> Result<Vec<(&'static str, SocketAddr)>, StartError> {
    let plain = tcp.iter().map(|addr| ("sip-tcp", *addr, None));
    let (secured, config) = tls.map_or((&[][..], None), |(addrs, c)| (addrs, Some(c)));
    let secured = secured.iter().map(|addr| ("sip-tls", *addr, config.clone()));
    let mut open = Vec::new();
    for (name, addr, tls) in plain.chain(secured) {
        let failed = |source| StartError::Listener { listener: name, addr, source };
        let bound =
            StreamListener::bind(addr, tls, sink.clone(), Arc::clone(flows), Arc::clone(crowd));
        let listener = bound.await.map_err(failed)?;
        open.push((name, listener.local_addr().map_err(failed)?));
        tasks.spawn(name, listener.run());
    }
    Ok(open)
}

fn bind_udp(addrs: &[SocketAddr], flows: &AtomicU64) -> Result<Vec<Listener>, StartError> {
    addrs
        .iter()
        .map(|addr| {
            let failed = |source| StartError::Listener { listener: "sip-udp", addr: *addr, source };
            let socket = net::udp::bind(*addr).map_err(failed)?;
            let local = socket.local_addr().map_err(failed)?;
            let flow = FlowId(flows.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
            Ok(Listener { flow, socket, local, expected: 1 })
        })
        .collect()
}
