//! Opening the data folder, and the handle that everything else hangs on.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use base::Wall;
use base::id::{DeviceId, TenantId};
use model::binding::StoredBinding;
use model::{Revision, Snapshot, StoredBoxes};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use tokio::sync::{Mutex, Notify, watch};

use crate::backend::sqlite::{self, Readers, Writer};
use crate::credential::Hashing;
use crate::crypt::Keys;
use crate::directory::{
    Columns, admin, department, device, dn_settings, gateway, hunt, line, mobile, park_slot,
    pickup, reception, site, sound, tenant, user, virtual_dn,
};
use crate::error::{DbError, OpenError};
use crate::folder::{Folder, at};
use crate::migrate::{self, migrate};
use crate::scope::{Actor, TenantScope};
use crate::strikes::Ghosts;
use crate::{binding, message, spool, writer};

/// How to open a store.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Wall time of the start.
    pub now: Wall,
    /// Host names of this machine: as SIP domains they mean the default tenant.
    pub local_names: Vec<String>,
}

/// The data folder of one node, owned by this process until dropped.
pub struct Store {
    pub(crate) folder: Folder,
    pub(crate) keys: Arc<Keys>,
    pub(crate) main: Writer,
    pub(crate) soft: Writer,
    pub(crate) readers: Readers,
    pub(crate) current: watch::Sender<Arc<Snapshot>>,
    pub(crate) hashing: Hashing,
    pub(crate) ghosts: std::sync::Mutex<Ghosts>,
    /// Wakes the writer when any shard has spooled something.
    pub(crate) spooled: Arc<Notify>,
    recovered: usize,
}

pub(crate) const REVISION: &str = "SELECT number FROM revision WHERE id = 1";
pub(crate) const TENANT_REVISIONS: &str = "SELECT tenant, number FROM tenant_revision";

impl Store {
    /// Takes the folder (made with mode 0700 when missing), brings both databases to the newest
    /// schema, carries over what a former process left in its spool, and loads the snapshot.
    ///
    /// A `soft.db` that cannot be read is made anew: phones heal it by registering.
    pub async fn open(path: &Path, options: Options) -> Result<Self, OpenError> {
        let folder = Folder::own(path)?;
        let keys = Arc::new(Keys::derive(&folder.key()?));
        let main_path = path.join("main.db");
        let mut main = sqlite::open_main(&main_path).await?;
        migrate(&mut main, migrate::MAIN, options.now).await?;
        let soft = open_soft(path, options.now).await?;
        let names: Vec<&str> = options.local_names.iter().map(String::as_str).collect();
        let snapshot = load(&mut main, &keys).await?.with_local_names(&names);
        let main = Arc::new(Mutex::new(main));
        let soft = Arc::new(Mutex::new(soft));
        let recovered = writer::recover(path, &main, &soft).await?;
        Ok(Store {
            folder,
            keys,
            main,
            soft,
            readers: Readers::new(&main_path),
            current: watch::Sender::new(Arc::new(snapshot)),
            hashing: Hashing::default(),
            ghosts: std::sync::Mutex::default(),
            spooled: Arc::default(),
            recovered,
        })
    }

    /// The data folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes that a former process had spooled and that were carried over at the start.
    pub fn recovered(&self) -> usize {
        self.recovered
    }

    /// The newest committed configuration.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.current.borrow())
    }

    /// Follows the configuration: the present snapshot, then each newer one.
    pub fn watch(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.current.subscribe()
    }

    /// Scope of whoever owns the data folder: the command line on the node and the node itself.
    ///
    /// Never to be made from what came over a network: those sign in by [`Store::login`].
    pub fn operator_scope(&self, tenant: TenantId) -> TenantScope {
        TenantScope::new(tenant, None, Actor::Operator, "operator", None)
    }

    /// Scope of the person at a terminal whose digest the node has checked, for the own settings;
    /// `None` without a user.
    pub fn terminal_scope(&self, device: DeviceId) -> Option<TenantScope> {
        let snapshot = self.snapshot();
        let device = snapshot.device(device)?;
        let (id, name) = (device.user?, &device.sip_id);
        Some(TenantScope::new(device.tenant, None, Actor::User(id), name, None))
    }

    /// The registrations that have not expired, of devices that still exist.
    pub async fn bindings(&self, now: Wall) -> Result<Vec<StoredBinding>, DbError> {
        let snapshot = self.snapshot();
        let mut soft = self.soft.lock().await;
        let mut bindings = binding::load(&mut soft, now).await?;
        bindings.retain(|b| snapshot.device(b.device).is_some());
        Ok(bindings)
    }

    /// What voicemail boxes hold and where hunts stand. `length` tells how many milliseconds of a
    /// message's file there are: a message that was being recorded when the former process ended
    /// is kept with what there is of it, and one of which nothing was kept is removed (R262).
    pub async fn boxes(
        &self,
        length: impl Fn(u64) -> Option<u32> + Send,
    ) -> Result<StoredBoxes, DbError> {
        let mut main = self.main.lock().await;
        let mut boxes = message::load(&mut main).await?;
        let mut settled = message::Changed::default();
        for message in boxes.messages.iter_mut().filter(|m| m.duration_ms == 0) {
            message.duration_ms = length(message.file).unwrap_or(0);
            let kept = (message.duration_ms > 0).then(|| message.clone());
            settled.messages.insert(message.file, kept);
        }
        boxes.messages.retain(|m| m.duration_ms > 0);
        if !settled.is_empty() {
            let mut tx = sqlite::begin(&mut main).await?;
            message::store(&mut tx, &settled).await?;
            tx.commit().await?;
        }
        Ok(boxes)
    }

    /// Numbers of the files of all messages, those included that this release cannot read.
    pub async fn message_files(&self) -> Result<BTreeSet<u64>, DbError> {
        let mut main = self.main.lock().await;
        message::files(&mut main).await
    }

    /// Opens the spool of a shard; its tail belongs to the [`crate::StoreWriter`].
    pub fn spool(&self, shard: u8) -> Result<(spool::Spool, spool::SpoolTail), OpenError> {
        spool::open(self.path(), shard, Arc::clone(&self.spooled)).map_err(at(self.path()))
    }
}

async fn open_soft(folder: &Path, now: Wall) -> Result<SqliteConnection, OpenError> {
    let path = folder.join("soft.db");
    let first = try_soft(&path, now).await;
    if first.is_ok() || matches!(first, Err(OpenError::Newer(_))) {
        return first;
    }
    for name in ["soft.db", "soft.db-wal", "soft.db-shm"] {
        let path = folder.join(name);
        match std::fs::remove_file(&path) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(at(&path)(e)),
            _ => {}
        }
    }
    tracing::warn!("soft.db could not be read and was made anew");
    try_soft(&path, now).await
}

async fn try_soft(path: &Path, now: Wall) -> Result<SqliteConnection, OpenError> {
    let mut conn = sqlite::open_soft(path).await?;
    migrate(&mut conn, migrate::SOFT, now).await?;
    Ok(conn)
}

/// Reads the whole configuration.
pub(crate) async fn load(conn: &mut SqliteConnection, keys: &Keys) -> Result<Snapshot, OpenError> {
    let mut changes = rows(conn, tenant::LOAD, tenant::read).await?;
    changes.append(&mut rows(conn, sound::LOAD, sound::read).await?);
    changes.append(&mut rows(conn, site::LOAD, site::read).await?);
    changes.append(&mut rows(conn, user::LOAD, user::read).await?);
    changes.append(&mut rows(conn, device::LOAD, |row| device::read(keys, row)).await?);
    changes.append(&mut rows(conn, mobile::LOAD, mobile::read).await?);
    changes.append(&mut rows(conn, admin::LOAD, admin::read).await?);
    changes.append(&mut rows(conn, virtual_dn::LOAD, virtual_dn::read).await?);
    changes.append(&mut rows(conn, department::LOAD, department::read).await?);
    changes.append(&mut rows(conn, hunt::LOAD, hunt::read).await?);
    changes.append(&mut rows(conn, pickup::LOAD, pickup::read).await?);
    changes.append(&mut rows(conn, park_slot::LOAD, park_slot::read).await?);
    changes.append(&mut rows(conn, gateway::LOAD, gateway::read).await?);
    changes.append(&mut rows(conn, line::LOAD, line::read).await?);
    changes.append(&mut rows(conn, reception::LOAD, reception::read).await?);
    changes.append(&mut rows(conn, dn_settings::LOAD, dn_settings::read).await?);
    let snapshot = Snapshot::build(changes).map_err(|v| OpenError::Content(v.len()))?;
    let revision: i64 = sqlx::query_scalar(REVISION).fetch_one(&mut *conn).await?;
    let tenants = rows(conn, TENANT_REVISIONS, |row| {
        let mut c = Columns::of(row);
        Ok((TenantId(c.id()?), Revision(c.small()?)))
    })
    .await?;
    Ok(snapshot.with_revisions(Revision(revision.unsigned_abs()), &tenants))
}

/// Reads every row of a statement without parameters.
pub(crate) async fn rows<T: Send + Unpin>(
    conn: &mut SqliteConnection,
    sql: &'static str,
    read: impl Fn(&SqliteRow) -> Result<T, DbError> + Send + Sync,
) -> Result<Vec<T>, DbError> {
    let read = |row: SqliteRow| read(&row).map_err(|e| sqlx::Error::Decode(Box::new(e)));
    Ok(sqlx::query(sql).try_map(read).fetch_all(conn).await?)
}
