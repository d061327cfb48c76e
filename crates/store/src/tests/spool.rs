//! What was appended is found: after a crash, a torn end, a rotation, and while the database
//! refuses.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use base::{Wall, limits};
use model::Write;

use super::world::*;
use crate::{Filter, Store, StoreWriter};

fn recorded(n: u64) -> Write {
    Write::Record(Box::new(record(n, later(n as i64))))
}

fn bound(n: u64, until: Wall) -> Write {
    Write::BindingPut(binding(n, until))
}

fn unbound(n: u64) -> Write {
    let b = binding(n, T0);
    Write::BindingRemove { device: b.device, key: b.key }
}

async fn count(store: &Store) -> u64 {
    let scope = store.operator_scope(tenant_id(1));
    store.history_count(&scope, &Filter::default()).await.expect("count")
}

async fn bound_devices(store: &Store) -> Vec<(u128, Wall)> {
    let found = store.bindings(T0).await.expect("readable");
    found.into_iter().map(|b| (b.device.0.0 - 0x5_0000, b.expires_at)).collect()
}

#[tokio::test]
async fn what_a_dead_process_spooled_is_carried_over() {
    let dir = TempDir::new();
    {
        let store = dir.open().await;
        add_tenant(&store, 1).await;
        let (mut spool, _tail) = store.spool(0).expect("spool");
        let (mut second, _tail) = store.spool(1).expect("spool of shard 1");
        let writes = [recorded(1), bound(1, later(60)), bound(2, later(60)), unbound(2)];
        spool.append(&writes).expect("appended");
        spool.append(&[bound(1, later(90))]).expect("appended");
        second.append(&[recorded(1), recorded(2), bound(99, later(60))]).expect("appended");
    }
    let store = dir.open().await;
    assert_eq!((store.recovered(), count(&store).await), (8, 2));
    assert_eq!(bound_devices(&store).await, [(1, later(90))], "99 is no device");
    drop(store);
    let store = dir.open().await;
    assert_eq!((store.recovered(), count(&store).await), (0, 2));
    assert_eq!(bound_devices(&store).await, [(1, later(90))]);
}

#[tokio::test]
async fn expired_bindings_are_forgotten_at_the_start() {
    let dir = TempDir::new();
    let store = dir.open().await;
    add_tenant(&store, 1).await;
    let (mut spool, tail) = store.spool(0).expect("spool");
    spool.append(&[bound(1, later(-1)), bound(2, later(1))]).expect("appended");
    let writer = StoreWriter::start(&store, vec![tail]).expect("writer");
    assert!(writer.flush().await);
    assert_eq!(bound_devices(&store).await, [(2, later(1))]);
}

#[tokio::test]
async fn a_spool_torn_at_any_byte_keeps_every_whole_frame() {
    let dir = TempDir::new();
    let whole = {
        let store = dir.open().await;
        add_tenant(&store, 1).await;
        let (mut spool, _tail) = store.spool(0).expect("spool");
        for n in 0..3 {
            spool.append(&[recorded(n)]).expect("appended");
        }
        fs::read(dir.path().join("spool.log")).expect("file")
    };
    let frame = (whole.len() - 8) / 3;
    for cut in (0..whole.len()).step_by(frame / 7).chain([whole.len() - 1]) {
        fs::write(dir.path().join("spool.log"), &whole[..cut]).expect("torn");
        let store = dir.open().await;
        assert_eq!(store.recovered(), cut.saturating_sub(8) / frame, "cut at {cut}");
    }
    let mut flipped = whole.clone();
    flipped[8 + frame + 40] ^= 1;
    fs::write(dir.path().join("spool.log"), &flipped).expect("damaged");
    assert_eq!(dir.open().await.recovered(), 1);
    let mut zeros = whole;
    zeros.extend([0; 4_096]);
    fs::write(dir.path().join("spool.log"), &zeros).expect("zeros, as after a power cut");
    assert_eq!(dir.open().await.recovered(), 3);
}

#[tokio::test]
async fn the_writer_carries_all_and_coalesces_refreshes() {
    let dir = TempDir::new();
    let store = dir.open().await;
    add_tenant(&store, 1).await;
    let (mut spool, tail) = store.spool(0).expect("spool");
    let writer = StoreWriter::start(&store, vec![tail]).expect("writer");
    for n in 0..300 {
        spool.append(&[recorded(n), bound(1, later(n as i64)), bound(2, later(5))]).expect("ok");
    }
    spool.append(&[unbound(2)]).expect("appended");
    assert!(writer.flush().await);
    assert_eq!(count(&store).await, 300);
    assert_eq!(bound_devices(&store).await, [(1, later(299))]);
    let health = writer.health();
    assert_eq!((health.records, health.refused, health.backlog_bytes), (300, 0, 0));
    assert!(health.bindings <= 4, "{health:?}");
    drop(spool);
    assert!(writer.stop().await);
    assert!(!dir.path().join("spool.log").exists(), "nothing is left to recover");
}

#[tokio::test]
async fn nothing_is_lost_over_rotations() {
    let dir = TempDir::new();
    let store = dir.open().await;
    add_tenant(&store, 1).await;
    let (mut spool, tail) = store.spool(0).expect("spool");
    let writer = StoreWriter::start(&store, vec![tail]).expect("writer");
    let old = dir.path().join("spool.old");
    let (mut n, mut rotations, mut was_old) = (0, 0, false);
    while rotations < 3 {
        let writes: Vec<_> = (n..n + 50).map(recorded).collect();
        spool.append(&writes).expect("appended");
        n += 50;
        rotations += usize::from(old.exists() && !was_old);
        was_old = old.exists();
        if n % 5_000 == 0 {
            assert!(writer.flush().await);
        }
    }
    assert!(writer.flush().await);
    assert_eq!(count(&store).await, n);
    spool.append(&[recorded(n)]).expect("appended");
    assert!(writer.flush().await);
    assert!(!old.exists(), "the former file goes when it is carried over");
    let len = fs::metadata(dir.path().join("spool.log")).expect("file").len();
    assert!(len < 2 * limits::SPOOL_ROTATE, "{len}");
}

#[tokio::test]
async fn a_file_that_cannot_be_replaced_is_written_on() {
    let dir = TempDir::new();
    let store = dir.open().await;
    add_tenant(&store, 1).await;
    let (mut spool, tail) = store.spool(0).expect("spool");
    let writer = StoreWriter::start(&store, vec![tail]).expect("writer");
    let old = dir.path().join("spool.old");
    fs::create_dir(&old).expect("stands in the way");
    let path = dir.path().join("spool.log");
    let len = || fs::metadata(&path).expect("file").len();
    let mut n = 0;
    while len() < limits::SPOOL_ROTATE + 10_000 {
        let writes: Vec<_> = (n..n + 50).map(recorded).collect();
        spool.append(&writes).expect("the present file takes it");
        n += 50;
    }
    fs::remove_dir(&old).expect("out of the way");
    spool.append(&[recorded(n)]).expect("appended");
    assert!(len() < limits::SPOOL_ROTATE, "replaced as soon as it can be");
    assert!(writer.flush().await);
    assert_eq!(count(&store).await, n + 1);
}

#[tokio::test]
async fn a_writer_that_does_not_come_on_is_seen() {
    let dir = TempDir::new();
    let store = dir.open().await;
    add_tenant(&store, 1).await;
    let (mut spool, tail) = store.spool(0).expect("spool");
    let writer = StoreWriter::start(&store, vec![tail]).expect("writer");
    let empty = writer.health().held_bytes;
    assert_eq!(writer.health().at_work, Duration::ZERO);
    let main = Arc::clone(&store.main);
    let taken = main.lock().await;
    spool.append(&[recorded(1)]).expect("calls go on");
    while writer.health().at_work < Duration::from_millis(5) {
        tokio::task::yield_now().await;
    }
    assert!(writer.health().held_bytes > empty);
    drop(taken);
    assert!(writer.flush().await);
    assert_eq!(writer.health().at_work, Duration::ZERO);
}

#[tokio::test]
async fn a_transaction_that_sqlite_ended_by_itself_holds_up_no_other() {
    let dir = TempDir::new();
    let store = dir.open().await;
    add_tenant(&store, 1).await;
    let (mut spool, tail) = store.spool(0).expect("spool");
    let writer = StoreWriter::start(&store, vec![tail]).expect("writer");
    // As it does when the disk is full.
    let trigger = "CREATE TEMP TRIGGER fails BEFORE INSERT ON call_record \
                   BEGIN SELECT RAISE(ROLLBACK, 'disk I/O error'); END";
    let run = async |sql: &'static str| {
        sqlx::query(sql).execute(&mut *store.main.lock().await).await.expect("runs");
    };
    run(trigger).await;
    spool.append(&[recorded(1)]).expect("calls go on");
    writer.flush().await;
    run("DROP TRIGGER fails").await;
    spool.append(&[recorded(2)]).expect("calls go on");
    assert!(writer.flush().await);
    add_tenant(&store, 2).await;
    assert!(count(&store).await >= 1, "commits go on");
}

#[tokio::test]
async fn a_refusing_database_loses_nothing() {
    let dir = TempDir::new();
    let store = dir.open().await;
    add_tenant(&store, 1).await;
    let (mut spool, tail) = store.spool(0).expect("spool");
    let writer = StoreWriter::start(&store, vec![tail]).expect("writer");
    let rename = async |sql: &'static str| {
        sqlx::query(sql).execute(&mut *store.main.lock().await).await.expect("renamed");
    };
    rename("ALTER TABLE call_record RENAME TO away").await;
    spool.append(&[recorded(1), bound(1, later(9))]).expect("calls go on");
    assert!(!writer.flush().await);
    assert!(writer.health().failing);
    spool.append(&[recorded(2)]).expect("calls go on");
    rename("ALTER TABLE away RENAME TO call_record").await;
    assert!(writer.flush().await);
    assert_eq!(count(&store).await, 2);
    assert_eq!(bound_devices(&store).await, [(1, later(9))]);
    assert!(!writer.health().failing);
}

#[tokio::test]
async fn one_bad_row_does_not_hold_up_its_batch() {
    let dir = TempDir::new();
    let store = dir.open().await;
    add_tenant(&store, 1).await;
    let rule = "CREATE UNIQUE INDEX odd ON call_record (numbers)
        WHERE numbers = '|2002|09000000003|2002|'";
    sqlx::query(rule).execute(&mut *store.main.lock().await).await.expect("indexed");
    let (mut spool, tail) = store.spool(0).expect("spool");
    let writer = StoreWriter::start(&store, vec![tail]).expect("writer");
    let mut twin = record(9, later(9));
    twin.caller.number = "09000000003".into();
    let writes = [recorded(1), recorded(3), Write::Record(Box::new(twin)), recorded(4)];
    spool.append(&writes).expect("appended");
    assert!(writer.flush().await);
    assert_eq!(count(&store).await, 3);
    assert_eq!((writer.health().records, writer.health().refused), (3, 1));
}

#[tokio::test]
async fn a_frame_of_a_newer_version_is_counted_and_stepped_over() {
    let dir = TempDir::new();
    let store = dir.open().await;
    add_tenant(&store, 1).await;
    drop(store);
    let mut file = Vec::from(b"NSPOOL1\n");
    for write in [recorded(1), recorded(2)] {
        let mut body = Vec::new();
        write.encode(&mut body);
        if file.len() == 8 {
            body[0] = 9;
        }
        file.extend((body.len() as u32).to_le_bytes());
        file.extend(crate::spool::checksum(&body).to_le_bytes());
        file.extend(body);
    }
    let path = dir.path().join("spool.log");
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .expect("file")
        .write_all(&file)
        .expect("written");
    let store = dir.open().await;
    assert_eq!((store.recovered(), count(&store).await), (1, 1));
}
