//! A company, its engine and its store, each in a folder of its own.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use base::id::{DeviceId, SiteId, TenantId, UserId, Uuid};
use base::{Dn, Wall};
use model::{
    Change, Device, DeviceKind, Ha1, Preset, Revision, Site, Snapshot, SrtpPolicy, Tenant, User,
    UserState,
};
use node::Settings;
use store::{Options, Store, StoreWriter};
use tokio::runtime::Runtime;

use super::phone::Phone;
use crate::tasks::Tasks;
use crate::{Command, Engine, EngineConfig, Handle, Reply, Status};

pub(super) const DOMAIN: &str = "office.example.jp";
pub(super) const SECRET: &str = "secret";

/// How long anything may take before a test gives up on it.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// A running engine.
pub(super) struct World {
    pub(super) handle: Handle,
    pub(super) udp: SocketAddr,
    pub(super) tcp: SocketAddr,
    pub(super) writer: StoreWriter,
    pub(super) dir: PathBuf,
    engine: Option<Engine>,
    tasks: Tasks,
    runtime: Runtime,
}

impl World {
    /// Users 2001 to 2009, a telephone each; `change` may alter how the node runs.
    pub(super) fn start(change: impl FnOnce(&mut EngineConfig)) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("naisen-engine-{}-{number}", std::process::id());
        let dir = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&dir);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let mut tasks = Tasks::new();
        let started = runtime.block_on(async {
            let options = Options { now: crate::clock::wall(), local_names: Vec::new() };
            let store = Store::open(&dir, options).await.expect("a store");
            let (spool, tail) = store.spool(0).expect("a spool");
            let writer = StoreWriter::start(&store, vec![tail]).expect("a writer");
            let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
            let mut config = EngineConfig {
                udp: vec![any],
                tcp: vec![any],
                tls: Vec::new(),
                tls_config: None,
                settings: Settings { relay_always: true, ..Settings::default() },
                media: media::Config {
                    threads: 2,
                    ports: media::Ports::Kernel,
                    ..media::Config::new([3; 32])
                },
                journal: Some((dir.join("journal"), 1 << 30)),
                seed: [7; 32],
                build: "test".into(),
                local_names: Vec::new(),
                snapshot: company(1),
                boxes: model::StoredBoxes::default(),
                bindings: Vec::new(),
                spool,
                wishes: tokio::sync::mpsc::channel(1).0,
            };
            change(&mut config);
            (Engine::start(config, &mut tasks).await.expect("an engine"), writer)
        });
        let (engine, writer) = started;
        let listener = |name: &str| {
            let found = engine.listeners.iter().find(|(n, _)| *n == name);
            found.expect("the listener is open").1
        };
        let (udp, tcp) = (listener("sip-udp"), listener("sip-tcp"));
        let handle = engine.handle.clone();
        World { handle, udp, tcp, writer, dir, engine: Some(engine), tasks, runtime }
    }

    /// A registered telephone on UDP.
    pub(super) fn phone(&self, dn: u32) -> Phone {
        Phone::udp(dn, self.udp).registered()
    }

    /// A registered telephone on TCP.
    pub(super) fn tcp_phone(&self, dn: u32) -> Phone {
        Phone::tcp(dn, self.tcp).registered()
    }

    /// Asks the node how it does.
    pub(super) fn status(&self) -> Status {
        match self.ask(Command::Status) {
            Ok(Reply::Status(status)) => status,
            other => panic!("no status but {other:?}"),
        }
    }

    pub(super) fn ask(&self, command: Command) -> Result<Reply, crate::Unavailable> {
        self.wait(self.handle.ask(command))
    }

    pub(super) fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        let timed = async { tokio::time::timeout(PATIENCE, work).await };
        self.runtime.block_on(timed).expect("it ends in time")
    }

    /// Call records in the database, once all that was decided is there.
    pub(super) fn records(&self) -> u64 {
        assert!(self.wait(self.writer.flush()), "the database takes what is written");
        self.writer.health().records
    }

    /// A message from a stranger over UDP, without waiting for an answer.
    pub(super) fn send(&self, text: &str) {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a socket");
        socket.send_to(text.as_bytes(), self.udp).expect("sent");
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let engine = self.engine.take();
        let tasks = &mut self.tasks;
        self.runtime.block_on(async {
            tasks.stop(Duration::from_secs(2)).await;
            if let Some(engine) = engine {
                engine.stop().await;
            }
        });
        if !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.dir);
        }
    }
}

/// Asks until it is so.
#[track_caller]
pub(super) fn until(what: &str, mut question: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !question() {
        assert!(Instant::now() < end, "waited in vain: {what}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

/// The company as of a revision.
pub(super) fn company(revision: u64) -> Arc<Snapshot> {
    let snapshot = model::apply(&Snapshot::empty(), &changes()).expect("the company fits together");
    Arc::new(snapshot.with_revisions(Revision(revision), &[]))
}

pub(super) fn device(dn: u32) -> DeviceId {
    DeviceId(Uuid(0x1_0000 + u128::from(dn)))
}

fn changes() -> Vec<Change> {
    let (tenant, site) = (TenantId(Uuid(1)), SiteId(Uuid(2)));
    let mut changes = vec![
        Change::TenantPut(Tenant::new(tenant, "test", DOMAIN, Preset::OfficeLink)),
        Change::SitePut(Site::new(site, tenant, DOMAIN, "main")),
    ];
    for dn in 2001..=2009u32 {
        let (number, user) = (dn.to_string(), UserId(Uuid(u128::from(dn))));
        let ha1 = Ha1::of(&number, DOMAIN, SECRET);
        changes.push(Change::UserPut(User {
            id: user,
            tenant,
            site,
            name: number.as_str().into(),
            furigana: "".into(),
            dn: Dn::parse(&number).expect("digits"),
            web_user: format!("u{number}").into(),
            state: UserState::Active,
            ring_time_s: 60,
            pickup_departments: Box::default(),
            former_devices: Box::default(),
            created_at: Wall(0),
            updated_at: Wall(0),
        }));
        changes.push(Change::DevicePut(Device {
            id: device(dn),
            tenant,
            site,
            kind: DeviceKind::SipPhone,
            sip_id: number.as_str().into(),
            ha1_md5: ha1.md5,
            ha1_sha256: ha1.sha256,
            user: Some(user),
            label: "".into(),
            srtp: SrtpPolicy::Auto,
            do_not_disturb: false,
            accepts_tones: false,
            multicast_groups: 0,
            next: None,
            login: None,
        }));
    }
    changes
}
