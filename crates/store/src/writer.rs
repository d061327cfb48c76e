//! Carries the spool into the databases: one named thread, batches, no queue but the file.
//!
//! Nobody waits for what is spooled: it is safe already. So records wait up to half a second for
//! companions, because a transaction costs far more than a row, and bindings until a file of the
//! spool is full; refreshes of one binding in the same batch become one row. Once a second the
//! spool is synced, so that a power cut takes at most the last second of bindings.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::Duration;

use base::limits;
use model::binding::StoredBinding;
use model::record::CallRecord;
use model::{StoredGreeting, Write};
use sqlx::sqlite::SqliteConnection;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::{Instant, sleep, timeout_at};

use crate::backend::sqlite::{Writer, begin, checkpoint};
use crate::binding::Key;
use crate::error::{DbError, OpenError};
use crate::folder::at;
use crate::open::Store;
use crate::spool::{self, Found, Gauge, Leftover, SpoolTail};
use crate::{binding, history, message};

const RECORD_WAIT: Duration = Duration::from_micros(limits::STORE_RECORD_WAIT.0);
const BINDING_WAIT: Duration = Duration::from_micros(limits::STORE_BINDING_WAIT.0);
/// Pause after the database refused a batch.
const RETRY_WAIT: Duration = Duration::from_secs(1);
/// Flushes that may wait; more callers wait for a place.
const CONTROL_QUEUE: usize = 16;

/// Runs beside the shards until stopped.
pub struct StoreWriter {
    control: Option<mpsc::Sender<Control>>,
    counters: Arc<Counters>,
    spools: Vec<Gauge>,
    begun: Instant,
    thread: Option<JoinHandle<()>>,
}

/// How the writer is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WriterHealth {
    /// Records committed since the start; a repeated one counts again.
    pub records: u64,
    /// Binding rows committed since the start, removals included.
    pub bindings: u64,
    /// Rows that the database refused for good.
    pub refused: u64,
    /// Spool frames that could not be read.
    pub damaged: u64,
    /// Bytes in the spool that were not carried over when the writer last looked.
    pub backlog_bytes: u64,
    /// Bytes that the files of the spools hold now; above [`limits::SPOOL_MAX`] in one of them
    /// appending is refused.
    pub held_bytes: u64,
    /// How long the pass at hand has been running; 0 while the writer waits.
    pub at_work: Duration,
    /// The last batch failed and is tried again.
    pub failing: bool,
}

#[derive(Default)]
struct Counters {
    records: AtomicU64,
    bindings: AtomicU64,
    refused: AtomicU64,
    damaged: AtomicU64,
    backlog: AtomicU64,
    failing: AtomicBool,
    /// When the pass at hand began, milliseconds since the writer's start and 1; 0 = none.
    pass: AtomicU64,
}

enum Control {
    /// Answer when everything appended so far is committed, or could not be.
    Flush(oneshot::Sender<bool>),
}

impl StoreWriter {
    /// Starts the thread `store-writer` for the tails of all shards.
    pub fn start(store: &Store, tails: Vec<SpoolTail>) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        let counters = Arc::<Counters>::default();
        let (control, commands) = mpsc::channel(CONTROL_QUEUE);
        let spools = tails.iter().map(SpoolTail::gauge).collect();
        let begun = Instant::now();
        let carrier = Carrier {
            begun,
            main: Arc::clone(&store.main),
            soft: Arc::clone(&store.soft),
            spooled: Arc::clone(&store.spooled),
            tails,
            batch: Batch::default(),
            unsynced_since: None,
            counters: Arc::clone(&counters),
        };
        let run = move || runtime.block_on(carrier.run(commands));
        let thread = std::thread::Builder::new().name("store-writer".to_owned()).spawn(run)?;
        Ok(StoreWriter { control: Some(control), counters, spools, begun, thread: Some(thread) })
    }

    /// Commits at once what was appended before; false when the database refused it for now.
    pub async fn flush(&self) -> bool {
        let Some(control) = &self.control else { return false };
        let (done, wait) = oneshot::channel();
        control.send(Control::Flush(done)).await.is_ok() && wait.await.unwrap_or(false)
    }

    /// Whether the thread has ended though nobody stopped it.
    pub fn has_ended(&self) -> bool {
        self.thread.as_ref().is_some_and(JoinHandle::is_finished)
    }

    /// Counters for metrics and readiness.
    pub fn health(&self) -> WriterHealth {
        let c = &self.counters;
        let at_work = match c.pass.load(Relaxed) {
            0 => Duration::ZERO,
            since => self.begun.elapsed().saturating_sub(Duration::from_millis(since - 1)),
        };
        WriterHealth {
            held_bytes: self.spools.iter().map(Gauge::held).sum(),
            at_work,
            records: c.records.load(Relaxed),
            bindings: c.bindings.load(Relaxed),
            refused: c.refused.load(Relaxed),
            damaged: c.damaged.load(Relaxed),
            backlog_bytes: c.backlog.load(Relaxed),
            failing: c.failing.load(Relaxed),
        }
    }

    /// Commits what is left and ends the thread; false when something stays in the spool for
    /// the next start. Spools whose shard is gone are removed.
    pub async fn stop(mut self) -> bool {
        let whole = self.flush().await;
        self.join();
        whole
    }

    fn join(&mut self) {
        self.control = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the store writer ended by a fault");
        }
    }
}

impl Drop for StoreWriter {
    fn drop(&mut self) {
        self.join();
    }
}

/// What was read and not committed yet.
#[derive(Default)]
struct Batch {
    records: Vec<CallRecord>,
    /// The last word on each binding; `None` = removed.
    bindings: BTreeMap<Key, Option<StoredBinding>>,
    boxes: message::Changed,
}

impl Batch {
    fn add(&mut self, found: Found) {
        for write in found.writes {
            match write {
                Write::Record(record) => self.records.push(*record),
                Write::BindingPut(b) => {
                    self.bindings.insert((b.device, b.key.clone()), Some(b));
                }
                Write::BindingRemove { device, key } => {
                    self.bindings.insert((device, key), None);
                }
                Write::MessagePut(message) => {
                    self.boxes.messages.insert(message.file, Some(*message));
                }
                Write::MessageRemove { file } => {
                    self.boxes.messages.insert(file, None);
                }
                Write::CallerPut(c) => {
                    self.boxes.callers.insert((c.tenant, c.device), c);
                }
                Write::PointerPut(p) => {
                    self.boxes.pointers.insert((p.tenant, p.group), p.member);
                }
                Write::GreetingPut(StoredGreeting { tenant, dn, file }) => {
                    self.boxes.greetings.insert((tenant, dn), file);
                }
            }
        }
    }

    async fn commit_records(&mut self, main: &Writer, refused: &mut u64) -> Result<(), DbError> {
        if self.records.is_empty() {
            return Ok(());
        }
        let mut conn = main.lock().await;
        match insert_records(&mut conn, &self.records).await {
            Ok(()) => {}
            Err(e) if e.is_constraint() => {
                for record in &self.records {
                    *refused +=
                        single(insert_records(&mut conn, std::slice::from_ref(record)).await)?;
                }
            }
            Err(e) => return Err(e),
        }
        self.records.clear();
        self.records.shrink_to(1_024);
        Ok(())
    }

    async fn commit_boxes(&mut self, main: &Writer) -> Result<(), DbError> {
        if self.boxes.is_empty() {
            return Ok(());
        }
        let mut conn = main.lock().await;
        let mut tx = begin(&mut conn).await?;
        message::store(&mut tx, &self.boxes).await?;
        tx.commit().await?;
        self.boxes.clear();
        Ok(())
    }

    async fn commit_bindings(&mut self, soft: &Writer) -> Result<(), DbError> {
        if self.bindings.is_empty() {
            return Ok(());
        }
        let puts: Vec<_> = self.bindings.values().flatten().cloned().collect();
        let removed = |(key, value): (&Key, &Option<_>)| value.is_none().then(|| key.clone());
        let removes: Vec<_> = self.bindings.iter().filter_map(removed).collect();
        let mut conn = soft.lock().await;
        let mut tx = begin(&mut conn).await?;
        binding::store(&mut tx, &puts, &removes).await?;
        tx.commit().await?;
        self.bindings.clear();
        Ok(())
    }
}

async fn insert_records(
    conn: &mut SqliteConnection,
    records: &[CallRecord],
) -> Result<(), DbError> {
    let mut tx = begin(conn).await?;
    history::insert(&mut tx, records).await?;
    tx.commit().await?;
    Ok(())
}

/// 1 for a row that can never be stored, 0 for a stored one.
fn single(result: Result<(), DbError>) -> Result<u64, DbError> {
    match result {
        Ok(()) => Ok(0),
        Err(e) if e.is_constraint() => {
            tracing::error!(error = &e as &dyn std::error::Error, "a call record was refused");
            Ok(1)
        }
        Err(e) => Err(e),
    }
}

struct Carrier {
    main: Writer,
    soft: Writer,
    spooled: Arc<Notify>,
    tails: Vec<SpoolTail>,
    batch: Batch,
    /// When bindings that a power cut would take were first seen.
    unsynced_since: Option<Instant>,
    counters: Arc<Counters>,
    begun: Instant,
}

impl Carrier {
    async fn run(mut self, mut commands: mpsc::Receiver<Control>) {
        loop {
            let (flushes, ended) = self.wait(&mut commands).await;
            let since = self.begun.elapsed().as_millis() as u64 + 1;
            self.counters.pass.store(since, Relaxed);
            let carried = self.carry(ended || !flushes.is_empty()).await;
            if let Err(e) = &carried {
                tracing::error!(error = e as &dyn std::error::Error, "cannot carry the spool over");
            }
            self.counters.pass.store(0, Relaxed);
            self.counters.failing.store(carried.is_err(), Relaxed);
            self.counters.backlog.store(self.tails.iter().map(SpoolTail::backlog).sum(), Relaxed);
            for done in flushes {
                // The one who asked may have gone away.
                let _ = done.send(carried.is_ok());
            }
            if ended {
                break;
            }
            if carried.is_err() {
                sleep(RETRY_WAIT).await;
            }
        }
        self.end().await;
    }

    /// Waits for work and then for companions of it. Returns who wants a flush, and whether the
    /// owner is gone.
    async fn wait(
        &self,
        commands: &mut mpsc::Receiver<Control>,
    ) -> (Vec<oneshot::Sender<bool>>, bool) {
        let failed = self.counters.failing.load(Relaxed);
        let sync_due = self.unsynced_since.map(|since| since + BINDING_WAIT);
        let first = if failed || self.tails.iter().any(SpoolTail::has_records) {
            None
        } else {
            tokio::select! {
                () = self.spooled.notified() => None,
                () = until(sync_due) => return (Vec::new(), false),
                command = commands.recv() => Some(command),
            }
        };
        let command = match first {
            Some(command) => command,
            None => match timeout_at(Instant::now() + RECORD_WAIT, commands.recv()).await {
                Ok(command) => command,
                Err(_) => return (Vec::new(), false),
            },
        };
        match command {
            Some(Control::Flush(done)) => (vec![done], false),
            None => (Vec::new(), true),
        }
    }

    /// Commits every record that is there, the bindings of full files (`all`: of every file),
    /// and syncs when it is time.
    async fn carry(&mut self, all: bool) -> Result<(), DbError> {
        self.carry_records().await?;
        self.carry_bindings(all).await?;
        if self.tails.iter().any(SpoolTail::is_unsynced) {
            let since = *self.unsynced_since.get_or_insert_with(Instant::now);
            if all || since.elapsed() >= BINDING_WAIT {
                self.unsynced_since = None;
                self.tails.iter().try_for_each(SpoolTail::sync).map_err(DbError::other)?;
            }
        }
        Ok(())
    }

    async fn carry_records(&mut self) -> Result<(), DbError> {
        loop {
            for tail in self.tails.iter_mut().filter(|t| t.has_records()) {
                let found = tail.read_records().map_err(DbError::other)?;
                self.counters.damaged.fetch_add(found.damaged as u64, Relaxed);
                self.batch.add(found);
            }
            let records = self.batch.records.len() as u64;
            let mut refused = 0;
            let stored = self.batch.commit_records(&self.main, &mut refused).await;
            self.counters.refused.fetch_add(refused, Relaxed);
            stored?;
            self.batch.commit_boxes(&self.main).await?;
            self.counters.records.fetch_add(records - refused, Relaxed);
            if !self.tails.iter().any(SpoolTail::has_records) {
                return Ok(());
            }
        }
    }

    async fn carry_bindings(&mut self, all: bool) -> Result<(), DbError> {
        while self.tails.iter().any(|t| t.has_bindings(all)) {
            for tail in self.tails.iter_mut().filter(|t| t.has_bindings(all)) {
                let found = tail.read_bindings().map_err(DbError::other)?;
                self.counters.damaged.fetch_add(found.damaged as u64, Relaxed);
                self.batch.add(found);
            }
            if self.batch.bindings.len() >= limits::STORE_BINDINGS_BATCH {
                self.commit_bindings().await?;
            }
        }
        self.commit_bindings().await?;
        if self.tails.iter().any(SpoolTail::old_is_read) {
            checkpoint(&mut *self.soft.lock().await).await?;
            for tail in self.tails.iter().filter(|t| t.old_is_read()) {
                tail.remove_old().map_err(DbError::other)?;
            }
        }
        Ok(())
    }

    async fn commit_bindings(&mut self) -> Result<(), DbError> {
        let rows = self.batch.bindings.len() as u64;
        self.batch.commit_bindings(&self.soft).await?;
        self.counters.bindings.fetch_add(rows, Relaxed);
        Ok(())
    }

    /// After the last batch: leaves nothing to recover where nothing can follow.
    async fn end(self) {
        if self.counters.failing.load(Relaxed) {
            return;
        }
        let synced = checkpoint(&mut *self.soft.lock().await).await;
        if synced.is_err() || checkpoint(&mut *self.main.lock().await).await.is_err() {
            return;
        }
        for tail in self.tails {
            if tail.is_closed()
                && !tail.has_records()
                && !tail.has_bindings(true)
                && let Err(e) = tail.remove()
            {
                tracing::warn!(error = &e as &dyn std::error::Error, "cannot remove the spool");
            }
        }
    }
}

/// Sleeps until `due`; for ever when there is none.
async fn until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}

/// Carries over what a former process left in its spools; returns the number of writes.
pub(crate) async fn recover(
    folder: &Path,
    main: &Writer,
    soft: &Writer,
) -> Result<usize, OpenError> {
    let files = spool::leftovers(folder).map_err(at(folder))?;
    let mut count = 0;
    for path in &files {
        let mut leftover = Leftover::open(path).map_err(at(path))?;
        let mut refused = 0;
        while let Some(found) = leftover.next().map_err(at(path))? {
            count += found.writes.len();
            let mut batch = Batch::default();
            batch.add(found);
            batch.commit_records(main, &mut refused).await?;
            batch.commit_boxes(main).await?;
            batch.commit_bindings(soft).await?;
        }
    }
    if !files.is_empty() {
        checkpoint(&mut *soft.lock().await).await?;
    }
    for path in &files {
        std::fs::remove_file(path).map_err(at(path))?;
    }
    Ok(count)
}
