//! Each thing that a call needs is asked, and each that is missing is named.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use app::init;

use super::*;
use crate::config::Config;
use crate::running::Running;

/// A running node in a folder of its own.
struct Bench {
    running: Running,
    health: Health,
    dir: PathBuf,
}

impl Bench {
    async fn start() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("naisen-health-{}-{number}", std::process::id());
        let dir = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&dir);
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let config = Config {
            udp: vec![any],
            tcp: vec![any],
            tls: Vec::new(),
            portal_closed: None,
            metrics: Some(any),
            ..Config::with_data(&dir)
        };
        let running = Running::start(&config).await.unwrap();
        let health = running.health();
        Bench { running, health, dir }
    }

    async fn stop(self) {
        drop(self.health);
        self.running.stop().await;
        let _ = std::fs::remove_dir_all(&self.dir);
    }

    async fn alive(&self) -> (u16, String) {
        let (status, text) = healthz(State(self.health.clone())).await;
        (status.as_u16(), text)
    }

    async fn ready(&self) -> (u16, String) {
        let (status, text) = readyz(State(self.health.clone())).await;
        (status.as_u16(), text)
    }
}

#[tokio::test]
async fn all_is_well_and_a_dead_shard_is_neither_alive_nor_ready() {
    let bench = Bench::start().await;
    assert_eq!(bench.alive().await, (200, "ok\n".into()));
    assert_eq!(bench.ready().await, (200, "ready\n".into()));
    bench.running.handle.stop().await;
    bench.running.fallen().await;
    assert_eq!(bench.alive().await, (503, "node: node has stopped\n".into()));
    assert_eq!(bench.ready().await.0, 503);
    bench.stop().await;
}

#[tokio::test]
async fn a_listener_that_ended_is_named() {
    let mut bench = Bench::start().await;
    bench.running.spawn("sip-tcp", async {});
    while bench.health.fallen.names().is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(bench.alive().await, (503, "sip-tcp: has ended\n".into()));
    assert_eq!(bench.ready().await, (503, "sip-tcp: has ended\n".into()));
    bench.stop().await;
}

#[tokio::test]
async fn a_media_plane_that_does_not_answer_is_named() {
    let mut bench = Bench::start().await;
    let config = media::Config { threads: 2, ..media::Config::new([1; 32]) };
    let plane = media::MediaPlane::start(config, |_| {}).unwrap();
    bench.health.media = plane.handle();
    assert_eq!(bench.ready().await.0, 200);
    plane.stop();
    assert_eq!(bench.ready().await, (503, "media: 2 threads do not answer\n".into()));
    assert_eq!(bench.alive().await.0, 503, "only a new start mends it");
    bench.stop().await;
}

#[tokio::test]
async fn a_configuration_that_is_not_in_force_is_named() {
    let mut bench = Bench::start().await;
    // A commit that nobody tells the node of.
    bench.running.stop_tasks().await;
    let new = init::Request {
        domain: "test.example.jp".into(),
        name: "Test".into(),
        admin: "admin".into(),
        preset: model::Preset::OfficeLink,
        password: None,
    };
    let rng = &mut base::Rng::from_seed([1; 32]);
    init::init(&bench.health.store, new, engine::clock::wall(), rng).await.unwrap();
    let (status, said) = bench.ready().await;
    assert_eq!((status, said.starts_with("configuration:")), (503, true), "{said}");
    bench.stop().await;
}

#[test]
fn a_store_that_lags_is_named() {
    let named = |change: fn(&mut WriterHealth)| {
        let mut store = WriterHealth::default();
        change(&mut store);
        of_store(&store).len()
    };
    assert_eq!(named(|_| {}), 0);
    assert_eq!(named(|s| (s.held_bytes, s.at_work) = (SPOOL_HIGH, PASS_WAIT)), 0);
    assert_eq!(named(|s| s.failing = true), 1);
    assert_eq!(named(|s| s.held_bytes = SPOOL_HIGH + 1), 1);
    assert_eq!(named(|s| s.at_work = PASS_WAIT + LOOK), 1);
}
