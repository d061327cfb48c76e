//! What was appended to the spool, and so may have been confirmed, survives `kill -9` at any
//! instant (HA-T02). The child is this test binary, told by its environment.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base::id::{DeviceId, RecordId, SiteId, TenantId, Uuid};
use base::{Blame, CallId, Cause, Rng, Wall};
use model::binding::StoredBinding;
use model::record::{CallRecord, Party, Services};
use model::*;
use store::{Commit, Filter, Options, Store, StoreWriter};

const CHILD: &str = "NAISEN_STORE_KILL_CHILD";
const KILLS: u64 = 60;
const DEVICES: u64 = 50;
const TENANT: TenantId = TenantId(Uuid(0x1000));

fn options() -> Options {
    Options { now: Wall(1_000), local_names: Vec::new() }
}

fn record(n: u64) -> CallRecord {
    CallRecord {
        id: RecordId(Uuid(u128::from(n))),
        tenant: TENANT,
        site: None,
        call: CallId(u128::from(n)),
        called_at: Wall(n as i64),
        answered_at: None,
        ended_at: Wall(n as i64 + 1),
        services: Services::NONE,
        dialed: "2001".into(),
        caller: Party::default(),
        callee: None,
        transferrer: None,
        ended_by: None,
        cause: Cause::CallerCancelled,
        blame: Blame::Caller,
        trace: Box::default(),
    }
}

fn device(n: u64) -> DeviceId {
    DeviceId(Uuid(0x5_0000 + u128::from(n)))
}

/// Refresh number `n`: the CSeq tells which one the store kept.
fn binding(n: u64) -> StoredBinding {
    StoredBinding {
        device: device(n % DEVICES),
        key: b"k".as_slice().into(),
        contact: b"sip:a@192.0.2.1".as_slice().into(),
        path: Box::default(),
        call_id: Box::default(),
        cseq: n as u32,
        expires_at: Wall(i64::MAX / 4),
        q: 0,
        source: "192.0.2.1:5060".parse().expect("address"),
        local: "192.0.2.9".parse().expect("address"),
        transport: 0,
        agent: Box::default(),
    }
}

fn directory() -> Vec<Change> {
    let site = SiteId(Uuid(0x2000));
    let mut changes = vec![
        Change::TenantPut(Tenant::new(TENANT, "例", "a.example.jp", Preset::OfficeLink)),
        Change::SitePut(Site::new(site, TENANT, "a.example.jp", "本社")),
    ];
    changes.extend((0..DEVICES).map(|n| {
        Change::DevicePut(Device {
            id: device(n),
            tenant: TENANT,
            site,
            kind: DeviceKind::SipPhone,
            sip_id: format!("sip{n}").into(),
            ha1_md5: [0; 16],
            ha1_sha256: [0; 32],
            user: None,
            label: Box::default(),
            srtp: SrtpPolicy::Auto,
            do_not_disturb: false,
            accepts_tones: false,
            multicast_groups: 0,
            next: None,
            login: None,
        })
    }));
    changes
}

/// Appends from `first` on for ever and tells each number after it was appended.
async fn child(folder: &Path, first: u64) {
    let store = Store::open(folder, options()).await.expect("opens");
    let (mut spool, tail) = store.spool(0).expect("spool");
    let writer = StoreWriter::start(&store, vec![tail]).expect("writer");
    let mut out = std::io::stdout().lock();
    for n in first.. {
        let writes = [Write::Record(Box::new(record(n))), Write::BindingPut(binding(n))];
        spool.append(&writes).expect("appended");
        writeln!(out, "appended {n}").expect("told");
        // Keeps transactions, rotations and removals in progress for the kill to hit.
        if n % 37 == 0 {
            writer.flush().await;
        }
    }
}

/// Runs a child from `first`, kills it after some answers, returns the last number it told.
fn run_and_kill(folder: &Path, first: u64, answers: u64) -> u64 {
    let mut child = Command::new(std::env::current_exe().expect("own path"))
        .args(["--exact", "answered_writes_survive_kill_9", "--nocapture"])
        .env(CHILD, format!("{first} {}", folder.display()))
        .stdout(Stdio::piped())
        .spawn()
        .expect("starts");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let told = |line: &str| line.strip_prefix("appended ").and_then(|n| n.parse::<u64>().ok());
    let mut last = None;
    while let Some(Ok(line)) = lines.next() {
        last = told(&line).or(last);
        if last.is_some_and(|n| n >= first + answers) {
            break;
        }
    }
    child.kill().expect("killed");
    // What the child told before it died counts as well.
    for line in lines.map_while(Result::ok) {
        last = told(&line).or(last);
    }
    child.wait().expect("ended");
    last.expect("the child answered")
}

#[test]
fn answered_writes_survive_kill_9() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("runtime");
    if let Ok(told) = std::env::var(CHILD) {
        let (first, folder) = told.split_once(' ').expect("number and folder");
        let first = first.parse().expect("number");
        runtime.block_on(child(&PathBuf::from(folder), first));
        return;
    }
    let name = format!("naisen-store-kill-{}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    std::fs::remove_dir_all(&folder).ok();
    runtime.block_on(async {
        let store = Store::open(&folder, options()).await.expect("opens");
        let scope = store.operator_scope(TENANT);
        let changes = directory();
        let seen = Revision(0);
        let commit = Commit { seen, changes: &changes, act: "init", detail: "", at: Wall(0) };
        store.commit(&scope, commit).await.expect("made");
    });
    let mut rng = Rng::from_seed([9; 32]);
    let mut next = 0;
    for round in 0..KILLS {
        // Mostly at once, now and then after long enough for rotations.
        let span = if round % 10 == 9 { 8_000 } else { 1 << rng.below(11) };
        let told = run_and_kill(&folder, next, rng.below(span));
        runtime.block_on(verify(&folder, next, told));
        next = told + 1;
    }
    runtime.block_on(verify(&folder, 0, next - 1));
    std::fs::remove_dir_all(&folder).ok();
}

/// Every record of `first..=told` is there, and each binding is at least as new as the last
/// refresh of it that was told.
async fn verify(folder: &Path, first: u64, told: u64) {
    let store = Store::open(folder, options()).await.expect("opens after the kill");
    let scope = store.operator_scope(TENANT);
    let from = Some(Wall(first.cast_signed()));
    let mut export = store.history_export(&scope, Filter { from, ..Filter::default() });
    let mut found = BTreeSet::new();
    loop {
        let chunk = export.next_chunk().await.expect("readable");
        if chunk.is_empty() {
            break;
        }
        found.extend(chunk.iter().map(|r| r.call.0 as u64));
    }
    for n in first..=told {
        assert!(found.contains(&n), "record {n} was answered and is gone");
    }
    let bindings = store.bindings(Wall(0)).await.expect("readable");
    let kept: BTreeMap<DeviceId, u64> =
        bindings.iter().map(|b| (b.device, u64::from(b.cseq))).collect();
    for n in told.saturating_sub(DEVICES - 1)..=told {
        let kept = kept.get(&device(n % DEVICES)).copied();
        assert!(kept.is_some_and(|k| k >= n), "binding {n} was answered, {kept:?} is kept");
    }
}
