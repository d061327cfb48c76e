mod demo;
mod export;
mod history;
mod import;
mod init;
mod kana;
mod scale;
mod terminal_login;
mod text;
mod users;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use base::{Rng, Wall};
use bulk::{Kind, Mode};
use model::Preset;
use store::{Options, Store, TenantScope};

use crate::import::{Outcome, Request, import};
use crate::init::{Request as InitRequest, init as make_tenant};

/// 2026/07/01 09:00:00 in Tokyo.
const NOW: Wall = Wall(1_782_864_000_000);
const DOMAIN: &str = "mihon.example";

/// A store in a folder of its own, with the tenant 見本商事; removed at the end.
struct House {
    store: Store,
    scope: TenantScope,
    path: PathBuf,
}

impl Drop for House {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

fn rng() -> Rng {
    Rng::from_seed([3; 32])
}

async fn empty() -> (Store, PathBuf) {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let name = format!("naisen-app-{}-{number}", std::process::id());
    let path = std::env::temp_dir().join(name);
    let _ = std::fs::remove_dir_all(&path);
    let options = Options { now: NOW, ..Options::default() };
    (Store::open(&path, options).await.expect("a fresh folder"), path)
}

fn request() -> InitRequest {
    InitRequest {
        domain: DOMAIN.to_owned(),
        name: "見本商事".to_owned(),
        admin: "kanri".to_owned(),
        preset: Preset::OfficeLink,
        password: None,
    }
}

async fn house() -> House {
    let (store, path) = empty().await;
    let made = make_tenant(&store, request(), NOW, &mut rng()).await.expect("a tenant");
    let scope = store.operator_scope(made.tenant);
    House { store, scope, path }
}

impl House {
    async fn import(&self, kind: Kind, mode: Mode, bytes: impl Into<Vec<u8>>) -> Outcome {
        self.run(kind, mode, bytes.into(), false).await
    }

    async fn run(&self, kind: Kind, mode: Mode, bytes: Vec<u8>, dry_run: bool) -> Outcome {
        let name = "members.csv".to_owned();
        let request = Request { kind, bytes, name, mode, dry_run, format: None };
        import(&self.store, &self.scope, request, NOW, rng()).await.expect("judged")
    }

    async fn stock(&self, numbers: &str) {
        let outcome = self.import(Kind::MobileLines, Mode::Register, numbers).await;
        assert!(outcome.is_ok(), "{:?}", outcome.errors);
    }

    fn people(&self) -> Vec<String> {
        self.store.snapshot().users(self.scope.tenant()).map(|u| u.dn.text()).collect()
    }
}

fn sjis(text: &str) -> Vec<u8> {
    let mut writer = bulk::Writer::new(bulk::Encoding::Sjis, bulk::Profile::Plain);
    let mut out = Vec::new();
    for line in text.lines() {
        let cells: Vec<&str> = line.split(',').collect();
        writer.row(&cells, &mut out);
    }
    out
}
