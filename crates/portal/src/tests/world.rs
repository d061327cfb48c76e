//! Two companies in a folder of their own, with a running node in front of which the portal
//! stands.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use app::service::sound::{SoundError, SoundFiles, SoundUse};
use base::cause::Blame;
use base::id::{AdminId, ApiTokenId, DeviceId, RecordId, SiteId, SoundId, TenantId, UserId, Uuid};
use base::{CallId, Cause, Dn, MobileNumber, Secret, Wall};
use engine::tasks::Tasks;
use engine::{Engine, EngineConfig};
use model::binding::StoredBinding;
use model::record::{CallRecord, Party, Services, Step};
use model::{
    Admin, AdminState, Change, CredentialOwner, Device, DeviceKind, MobileLine, MobileState,
    NewPassword, Preset, Site, SrtpPolicy, Tenant, User, UserState, Write,
};
use store::{ApiRole, Commit, NewApiToken, Options, Store, StoreWriter, TenantScope};

use crate::{Portal, router};

/// 2026/07/01 09:00:00 in Tokyo.
pub(crate) const NOW: Wall = Wall(1_782_864_000_000);
pub(crate) const PASSWORD: &str = "correct horse 7";

/// A running portal.
pub(crate) struct World {
    pub(crate) store: Arc<Store>,
    pub(crate) portal: Portal,
    pub(crate) address: SocketAddr,
    /// Milliseconds that the portal's clock is ahead of the real one.
    ahead: Arc<AtomicI64>,
    engine: Option<Engine>,
    writer: Option<StoreWriter>,
    tasks: Tasks,
    path: PathBuf,
}

/// Files of sounds in memory; a sound begins with `RIFF`.
#[derive(Default)]
struct Shelf(Mutex<BTreeMap<SoundId, Vec<u8>>>);

impl SoundFiles for Shelf {
    fn import(&self, id: SoundId, _: SoundUse, bytes: &[u8]) -> Result<u32, SoundError> {
        if bytes.len() > 10 << 20 {
            return Err(SoundError::TooBig);
        }
        if !bytes.starts_with(b"RIFF") {
            return Err(SoundError::Format);
        }
        self.0.lock().expect("a shelf").insert(id, bytes.to_vec());
        Ok(4_000)
    }

    fn read(&self, id: SoundId) -> io::Result<Vec<u8>> {
        let found = self.0.lock().expect("a shelf").get(&id).cloned();
        found.ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn delete(&self, id: SoundId) -> io::Result<()> {
        self.0.lock().expect("a shelf").remove(&id);
        Ok(())
    }
}

/// What stands in the store before the node starts.
#[derive(Default)]
pub(crate) struct Content {
    /// By company.
    pub(crate) changes: BTreeMap<u32, Vec<Change>>,
    pub(crate) bindings: Vec<StoredBinding>,
    pub(crate) records: Vec<CallRecord>,
}

pub(crate) fn id(kind: u128, n: u32) -> Uuid {
    Uuid((kind << 64) | u128::from(n))
}

pub(crate) fn tenant_id(n: u32) -> TenantId {
    TenantId(id(1, n))
}

pub(crate) fn site_id(tenant: u32, n: u32) -> SiteId {
    SiteId(id(2, tenant * 100 + n))
}

pub(crate) fn user_id(tenant: u32, dn: u32) -> UserId {
    UserId(id(3, tenant * 1_000_000 + dn))
}

pub(crate) fn device_id(tenant: u32, dn: u32) -> DeviceId {
    DeviceId(id(4, tenant * 1_000_000 + dn))
}

pub(crate) fn admin_id(tenant: u32, n: u32) -> AdminId {
    AdminId(id(5, tenant * 100 + n))
}

/// A person to be made.
pub(crate) struct Person {
    pub(crate) dn: u32,
    pub(crate) name: &'static str,
    pub(crate) furigana: &'static str,
    pub(crate) site: u32,
}

impl Content {
    fn push(&mut self, tenant: u32, change: Change) {
        self.changes.entry(tenant).or_default().push(change);
    }

    /// A company with two sites: `domain` with the administrator `kanri`, and `osaka.domain`
    /// with its own administrator `osaka`.
    pub(crate) fn company(&mut self, n: u32, name: &str, domain: &str) -> &mut Self {
        let tenant = tenant_id(n);
        self.push(n, Change::TenantPut(Tenant::new(tenant, name, domain, Preset::OfficeLink)));
        let sites = [(1, domain.to_owned(), "Head"), (2, format!("osaka.{domain}"), "Osaka")];
        for (site, domain, name) in sites {
            self.push(n, Change::SitePut(Site::new(site_id(n, site), tenant, &domain, name)));
        }
        for (admin, login, site) in [(1, "kanri", None), (2, "osaka", Some(site_id(n, 2)))] {
            let id = admin_id(n, admin);
            let (login, state) = (login.into(), AdminState::Active);
            self.push(n, Change::AdminPut(Admin { id, tenant, site, login, state }));
            self.password(n, CredentialOwner::Admin(id), PASSWORD, false);
        }
        self
    }

    pub(crate) fn password(
        &mut self,
        tenant: u32,
        owner: CredentialOwner,
        text: &str,
        must_change: bool,
    ) {
        let text = Secret::new(text.to_owned());
        let password = NewPassword { owner, text, must_change, bulk: true };
        self.push(tenant, Change::Password(password));
    }

    /// A person with a terminal and a portal login.
    pub(crate) fn person(&mut self, tenant: u32, person: &Person) -> &mut Self {
        let Person { dn, name, furigana, site } = *person;
        let number = Dn::parse(&dn.to_string()).expect("an extension");
        let login = format!("user{dn}");
        let (user, site) = (user_id(tenant, dn), site_id(tenant, site));
        let tenant_id = tenant_id(tenant);
        self.push(
            tenant,
            Change::UserPut(User {
                id: user,
                tenant: tenant_id,
                site,
                name: name.into(),
                furigana: furigana.into(),
                dn: number,
                web_user: login.as_str().into(),
                state: UserState::Active,
                ring_time_s: 60,
                pickup_departments: Box::default(),
                former_devices: Box::default(),
                created_at: NOW,
                updated_at: NOW,
            }),
        );
        self.push(
            tenant,
            Change::DevicePut(Device {
                id: device_id(tenant, dn),
                tenant: tenant_id,
                site,
                kind: DeviceKind::SipPhone,
                sip_id: format!("phone{dn}").into(),
                ha1_md5: [0; 16],
                ha1_sha256: [0; 32],
                user: Some(user),
                label: "".into(),
                srtp: SrtpPolicy::Auto,
                do_not_disturb: false,
                accepts_tones: false,
                multicast_groups: 0,
                next: None,
                login: None,
            }),
        );
        self
    }

    pub(crate) fn mobile(&mut self, tenant: u32, number: &str, dn: Option<u32>) -> &mut Self {
        let state = if dn.is_some() { MobileState::Assigned } else { MobileState::Unassigned };
        self.push(
            tenant,
            Change::MobilePut(MobileLine {
                number: MobileNumber::parse(number).expect("a mobile number"),
                tenant: tenant_id(tenant),
                state,
                dn: dn.map(|dn| Dn::parse(&dn.to_string()).expect("an extension")),
                requested_at: Some(NOW),
                activated_at: Some(NOW),
                cancelled_at: None,
            }),
        );
        self
    }

    /// Registers the terminal of an extension for an hour from now.
    pub(crate) fn register(&mut self, tenant: u32, dn: u32, agent: &str) -> &mut Self {
        let octet = (dn % 250 + 1) as u8;
        self.bindings.push(StoredBinding {
            device: device_id(tenant, dn),
            key: format!("phone{dn}").into_bytes().into(),
            contact: format!("sip:phone{dn}@192.0.2.{octet}:5060").into_bytes().into(),
            path: Box::default(),
            call_id: b"c".to_vec().into(),
            cseq: 1,
            expires_at: Wall(engine::clock::wall().0 + 3_600_000),
            q: 1_000,
            source: SocketAddr::from(([192, 0, 2, octet], 5_060)),
            local: [127, 0, 0, 1].into(),
            transport: 0,
            agent: agent.into(),
        });
        self
    }

    /// A call of `minutes_ago` between two extensions; answered ones lasted 83 seconds.
    pub(crate) fn call(
        &mut self,
        tenant: u32,
        minutes_ago: i64,
        (caller, callee): (&str, &str),
        cause: Cause,
    ) -> &mut Self {
        let called_at = Wall(engine::clock::wall().0 - minutes_ago * 60_000);
        let answered = cause == Cause::NormalClearing;
        let n = self.records.len() as u32;
        let blame = if cause == Cause::CallerCancelled { Blame::Caller } else { Blame::Callee };
        self.records.push(CallRecord {
            id: RecordId(id(6, n)),
            tenant: tenant_id(tenant),
            site: Some(site_id(tenant, 1)),
            call: CallId(u128::from(n)),
            called_at,
            answered_at: answered.then_some(Wall(called_at.0 + 7_000)),
            ended_at: Wall(called_at.0 + 90_000),
            services: Services::NONE,
            dialed: callee.into(),
            caller: party(caller),
            callee: Some(party(callee)),
            transferrer: None,
            ended_by: Some(caller.into()),
            cause,
            blame,
            trace: [Step::new("route.user", callee), Step::new("ring.begin", "1 60")].into(),
        });
        self
    }
}

fn party(number: &str) -> Party {
    Party {
        dn: Dn::parse(number).ok(),
        number: number.into(),
        user: None,
        name: format!("Name of {number}").into(),
        device: None,
    }
}

pub(crate) const PEOPLE: [Person; 4] = [
    Person { dn: 2001, name: "田中 一郎", furigana: "タナカ イチロウ", site: 1 },
    Person { dn: 2002, name: "髙橋 恵", furigana: "タカハシ メグミ", site: 1 },
    Person { dn: 2003, name: "阿部 さくら", furigana: "アベ サクラ", site: 2 },
    Person { dn: 20001, name: "Smith", furigana: "", site: 2 },
];

async fn commit(store: &Store, content: &Content) {
    for (tenant, changes) in &content.changes {
        let commit = Commit {
            seen: store.snapshot().revision(),
            changes,
            act: "test",
            detail: "",
            at: engine::clock::wall(),
        };
        store.commit(&store.operator_scope(tenant_id(*tenant)), commit).await.expect("valid");
    }
}

impl World {
    /// 見本商事 with four people, two of them registered, and 他社 with one.
    pub(crate) async fn two_companies() -> Self {
        let mut content = Content::default();
        content.company(1, "見本商事", "mihon.example").company(2, "他社", "tasha.example");
        for person in &PEOPLE {
            content.person(1, person);
        }
        let stranger =
            Person { dn: 3001, name: "秘密 太郎", furigana: "ヒミツ タロウ", site: 1 };
        content.person(2, &stranger).mobile(2, "08099998888", None);
        content.mobile(1, "09012345678", Some(2001)).mobile(1, "08012340001", None);
        content.register(1, 2001, "Yealink SIP-T46U 108.86").register(1, 2003, "Linphone/5.2");
        content.register(2, 3001, "Secret phone");
        content
            .call(1, 50, ("2001", "2002"), Cause::NormalClearing)
            .call(1, 40, ("2002", "2001"), Cause::RingTimeout)
            .call(1, 30, ("2001", "20001"), Cause::CallerCancelled)
            .call(2, 20, ("3001", "2001"), Cause::NormalClearing);
        Self::start(content).await
    }

    pub(crate) async fn start(content: Content) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("naisen-portal-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&path);
        let options = Options { now: NOW, ..Options::default() };
        let store = Arc::new(Store::open(&path, options).await.expect("a fresh folder"));
        commit(&store, &content).await;
        let (mut spool, tail) = store.spool(0).expect("a spool");
        let records = content.records.into_iter().map(|r| Write::Record(Box::new(r)));
        spool.append(&records.collect::<Vec<_>>()).expect("spooled");
        let writer = StoreWriter::start(&store, vec![tail]).expect("a writer");
        assert!(writer.flush().await, "records are stored");
        let mut tasks = Tasks::new();
        let config = EngineConfig {
            udp: vec![SocketAddr::from(([127, 0, 0, 1], 0))],
            tcp: Vec::new(),
            tls: Vec::new(),
            tls_config: None,
            settings: node::Settings::default(),
            media: media::Config { ports: media::Ports::Kernel, ..media::Config::new([1; 32]) },
            journal: None,
            seed: [2; 32],
            build: "test".to_owned(),
            local_names: Vec::new(),
            snapshot: store.snapshot(),
            bindings: content.bindings,
            boxes: model::StoredBoxes::default(),
            spool,
            wishes: tokio::sync::mpsc::channel(1).0,
        };
        let engine = Engine::start(config, &mut tasks).await.expect("a node");
        let (mut changes, handle) = (store.watch(), engine.handle.clone());
        tasks.spawn("configuration", async move {
            while changes.changed().await.is_ok() {
                let snapshot = Arc::clone(&changes.borrow_and_update());
                if handle.configure(snapshot).await.is_err() {
                    break;
                }
            }
        });
        let ahead = Arc::new(AtomicI64::new(0));
        let shift = Arc::clone(&ahead);
        let clock = move || Wall(engine::clock::wall().0 + shift.load(Ordering::Relaxed));
        let portal = Portal::new(Arc::clone(&store), engine.handle.clone()).with_clock(clock);
        let portal = portal.with_sounds(Arc::new(Shelf::default()));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let app = router(portal.clone()).into_make_service_with_connect_info::<SocketAddr>();
        tasks.spawn("portal", async move {
            let _ = axum::serve(listener, app).await;
        });
        let (engine, writer) = (Some(engine), Some(writer));
        World { store, portal, address, ahead, engine, writer, tasks, path }
    }

    /// A token of a company.
    pub(crate) async fn token(&self, tenant: u32, role: ApiRole) -> String {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let id = ApiTokenId(id(7, NUMBER.fetch_add(1, Ordering::Relaxed)));
        let new = NewApiToken { id, name: "test token", role, expires_at: None };
        let made = self.store.make_api_token(&self.scope(tenant), new, NOW).await;
        made.expect("stored").expect("not too many").expose().clone()
    }

    /// Makes changes while everything runs.
    pub(crate) async fn commit(&self, content: &Content) {
        commit(&self.store, content).await;
    }

    /// Puts the portal's clock forward.
    pub(crate) fn later(&self, minutes: i64) {
        self.ahead.fetch_add(minutes * 60_000, Ordering::Relaxed);
    }

    pub(crate) fn scope(&self, tenant: u32) -> TenantScope {
        self.store.operator_scope(tenant_id(tenant))
    }

    /// Acts of the audit trail, the newest first.
    pub(crate) async fn acts(&self, tenant: u32) -> Vec<String> {
        let page = self.store.audit_page(&self.scope(tenant), None, 50).await.expect("readable");
        page.into_iter().map(|entry| entry.act.to_string()).collect()
    }

    /// Ends the node, so that nobody answers questions about live state.
    pub(crate) async fn stop_node(&mut self) {
        if let Some(engine) = self.engine.take() {
            engine.stop().await;
        }
    }

    /// Ends everything and removes the folder.
    pub(crate) async fn end(mut self) {
        self.tasks.stop(Duration::from_secs(2)).await;
        self.stop_node().await;
        if let Some(writer) = self.writer.take() {
            writer.stop().await;
        }
        let _ = std::fs::remove_dir_all(&self.path);
    }
}
