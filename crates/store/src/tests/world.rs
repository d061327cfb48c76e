//! A store in a folder of its own with a small company, and how tests change it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use base::id::{AdminId, DeviceId, RecordId, SiteId, TenantId, UserId, Uuid};
use base::{Blame, CallId, Cause, Dn, Secret, Wall};
use model::binding::StoredBinding;
use model::record::{CallRecord, Party, Services, Step};
use model::*;

use crate::{Commit, CommitError, Committed, Options, Store, TenantScope};

/// A folder that is removed with the value.
pub(crate) struct TempDir(PathBuf);

impl TempDir {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let n = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("naisen-store-{}-{n}", std::process::id()));
        std::fs::remove_dir_all(&path).ok();
        TempDir(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) async fn open(&self) -> Store {
        Store::open(&self.0, Options { now: T0, local_names: Vec::new() }).await.expect("opens")
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

/// 2026/07/01 09:00:00 in Tokyo.
pub(crate) const T0: Wall = Wall(1_782_864_000_000);
pub(crate) const SECRET: &str = "Sip2001pass-and-more";
pub(crate) const ADMIN_PASSWORD: &str = "correct horse 9";
pub(crate) const USER_PASSWORD: &str = "abc12345";

pub(crate) fn later(seconds: i64) -> Wall {
    Wall(T0.0 + seconds * 1_000)
}

pub(crate) fn tenant_id(n: u128) -> TenantId {
    TenantId(Uuid(0x1000 + n))
}

pub(crate) fn site_id(n: u128) -> SiteId {
    SiteId(Uuid(0x2000 + n))
}

pub(crate) fn user_id(n: u128) -> UserId {
    UserId(Uuid(0x3_0000 + n))
}

pub(crate) fn device_id(n: u128) -> DeviceId {
    DeviceId(Uuid(0x5_0000 + n))
}

pub(crate) fn admin_id(n: u128) -> AdminId {
    AdminId(Uuid(0x7000 + n))
}

pub(crate) fn tenant(n: u128) -> Tenant {
    Tenant::new(tenant_id(n), "例", &format!("t{n}.example.jp"), Preset::OfficeLink)
}

pub(crate) fn site(n: u128, of: u128) -> Site {
    Site::new(site_id(n), tenant_id(of), &format!("t{n}.example.jp"), "本社")
}

pub(crate) fn user(n: u128, dn: &str, of: u128) -> User {
    User {
        id: user_id(n),
        tenant: tenant_id(of),
        site: site_id(of),
        name: "田中".into(),
        furigana: "タナカ".into(),
        dn: Dn::parse(dn).expect("digits"),
        web_user: format!("web{n}").into(),
        state: UserState::Active,
        ring_time_s: 60,
        pickup_departments: Box::default(),
        former_devices: Box::default(),
        created_at: T0,
        updated_at: T0,
    }
}

pub(crate) fn device(n: u128, of: u128) -> Device {
    let ha1 = Ha1::of(&format!("sip{n}"), "t1.example.jp", SECRET);
    Device {
        id: device_id(n),
        tenant: tenant_id(of),
        site: site_id(of),
        kind: DeviceKind::SipPhone,
        sip_id: format!("sip{n}").into(),
        ha1_md5: ha1.md5,
        ha1_sha256: ha1.sha256,
        user: Some(user_id(n)),
        label: "卓上".into(),
        srtp: SrtpPolicy::Auto,
        do_not_disturb: false,
        accepts_tones: false,
        multicast_groups: 0,
        next: None,
        login: None,
    }
}

pub(crate) fn admin(n: u128, of: u128) -> Admin {
    Admin {
        id: admin_id(n),
        tenant: tenant_id(of),
        site: None,
        login: format!("Admin{n}").into(),
        state: AdminState::Active,
    }
}

pub(crate) fn password(owner: CredentialOwner, text: &str, bulk: bool) -> Change {
    let text = Secret::new(text.to_owned());
    Change::Password(NewPassword { owner, text, must_change: bulk, bulk })
}

pub(crate) async fn commit(
    store: &Store,
    scope: &TenantScope,
    changes: &[Change],
) -> Result<Committed, CommitError> {
    let seen = store.snapshot().tenant_revision(scope.tenant());
    store.commit(scope, Commit { seen, changes, act: "test", detail: "", at: T0 }).await
}

/// Tenant `n` with one site; tenant 1 also with an administrator, and users 2001 and 2002 whose
/// passwords came by bulk import.
pub(crate) async fn add_tenant(store: &Store, n: u128) -> TenantScope {
    let scope = store.operator_scope(tenant_id(n));
    let mut changes = vec![Change::TenantPut(tenant(n)), Change::SitePut(site(n, n))];
    if n == 1 {
        changes.extend([
            Change::AdminPut(admin(1, 1)),
            Change::UserPut(user(1, "2001", 1)),
            Change::UserPut(user(2, "2002", 1)),
            Change::DevicePut(device(1, 1)),
            Change::DevicePut(device(2, 1)),
            password(CredentialOwner::Admin(admin_id(1)), ADMIN_PASSWORD, false),
            password(CredentialOwner::User(user_id(1)), USER_PASSWORD, true),
            password(CredentialOwner::User(user_id(2)), USER_PASSWORD, true),
        ]);
    }
    commit(store, &scope, &changes).await.expect("a lawful tenant");
    scope
}

pub(crate) fn record(n: u64, called_at: Wall) -> CallRecord {
    CallRecord {
        id: RecordId(Uuid(0x9_0000 + u128::from(n))),
        tenant: tenant_id(1),
        site: Some(site_id(1)),
        call: CallId(u128::from(n)),
        called_at,
        answered_at: n.is_multiple_of(2).then_some(Wall(called_at.0 + 3_000)),
        ended_at: Wall(called_at.0 + 60_000),
        services: Services::NONE,
        dialed: "2002".into(),
        caller: Party { number: format!("090{n:08}").into(), ..Party::default() },
        callee: Some(Party { number: "2002".into(), ..Party::default() }),
        transferrer: None,
        ended_by: None,
        cause: if n.is_multiple_of(2) { Cause::NormalClearing } else { Cause::RingTimeout },
        blame: Blame::Caller,
        trace: [Step::new("route.dn", "2002")].into(),
    }
}

pub(crate) fn binding(n: u64, expires_at: Wall) -> StoredBinding {
    StoredBinding {
        device: device_id(u128::from(n)),
        key: format!("key{n}").into_bytes().into(),
        contact: format!("sip:sip{n}@192.0.2.1:5060").into_bytes().into(),
        path: Box::default(),
        call_id: b"abc".as_slice().into(),
        cseq: n as u32,
        expires_at,
        q: 1_000,
        source: "192.0.2.1:5060".parse().expect("address"),
        local: "192.0.2.9".parse().expect("address"),
        transport: 0,
        agent: "phone".into(),
    }
}
