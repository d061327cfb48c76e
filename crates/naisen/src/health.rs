//! `/metrics`, `/healthz` and `/readyz` on their own listener.
//!
//! `/healthz` says whether the process works as far as it goes: false when a thread or a listener
//! has died, which only a new start mends. `/readyz` says whether calls should come here now: it
//! asks everything that a call needs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use base::limits::SPOOL_MAX;
use engine::tasks::Fallen;
use engine::{Command, Handle, Reply, Status};
use store::{Store, StoreWriter, WriterHealth};
use tokio::time::{Instant, timeout};

#[cfg(test)]
mod tests;

/// How long each part may take to answer.
const ANSWER_WAIT: Duration = Duration::from_secs(1);

/// How long one pass of the store writer may take: a batch takes milliseconds.
const PASS_WAIT: Duration = Duration::from_secs(10);

/// Bytes in the spool from which new calls should go elsewhere: half of what it may hold.
const SPOOL_HIGH: u64 = SPOOL_MAX / 2;

/// Between two looks at something that should change.
const LOOK: Duration = Duration::from_millis(10);

/// What the pages need.
#[derive(Clone)]
pub(crate) struct Health {
    pub(crate) handle: Handle,
    pub(crate) media: media::Handle,
    pub(crate) store: Arc<Store>,
    /// Set while the process drains: not ready, but healthy.
    pub(crate) draining: Arc<AtomicBool>,
    pub(crate) writer: Arc<StoreWriter>,
    /// Listeners and other tasks that ended though they should run.
    pub(crate) fallen: Fallen,
}

/// The pages.
pub(crate) fn router(health: Health) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .with_state(health)
}

async fn metrics(State(health): State<Health>) -> String {
    let mut text = health.handle.metrics().text();
    let mut gauge = |name: &str, value: u64| {
        text.push_str(&format!("# TYPE {name} gauge\n{name} {value}\n"));
    };
    if let Ok(status) = health.status().await {
        gauge("naisen_bindings", status.bindings as u64);
        gauge("naisen_calls", status.calls as u64);
    }
    let store = health.writer.health();
    gauge("naisen_spool_bytes", store.held_bytes);
    gauge("naisen_store_failing", u64::from(store.failing));
    text
}

async fn healthz(State(health): State<Health>) -> (StatusCode, String) {
    answer("ok", health.ailments().await)
}

async fn readyz(State(health): State<Health>) -> (StatusCode, String) {
    let mut reasons = health.ailments().await;
    reasons.extend(health.obstacles().await);
    answer("ready", reasons)
}

/// 200 when nothing speaks against it; else 503 with every reason on a line of its own.
fn answer(good: &str, reasons: Vec<String>) -> (StatusCode, String) {
    if reasons.is_empty() {
        return (StatusCode::OK, format!("{good}\n"));
    }
    (StatusCode::SERVICE_UNAVAILABLE, reasons.join("\n") + "\n")
}

impl Health {
    /// A round trip through the shard.
    async fn status(&self) -> Result<Status, String> {
        match timeout(ANSWER_WAIT, self.handle.ask(Command::Status)).await {
            Ok(Ok(Reply::Status(status))) => Ok(status),
            Ok(Ok(_)) => Err("node: answers something else".into()),
            Ok(Err(error)) => Err(format!("node: {error}")),
            Err(_) => Err("node: does not answer".into()),
        }
    }

    /// What has died.
    async fn ailments(&self) -> Vec<String> {
        let mut reasons: Vec<String> =
            self.fallen.names().iter().map(|name| format!("{name}: has ended")).collect();
        reasons.extend(self.status().await.err());
        let knock = self.media.knock();
        if !becomes(|| knock.silent() == 0).await {
            reasons.push(format!("media: {} threads do not answer", knock.silent()));
        }
        if self.writer.has_ended() {
            reasons.push("store: the writer has ended".into());
        }
        reasons
    }

    /// Why calls should not come here now.
    async fn obstacles(&self) -> Vec<String> {
        let mut reasons = Vec::new();
        if self.draining.load(Ordering::Relaxed) {
            reasons.push("draining".to_owned());
        }
        if self.handle.metrics().media_full() {
            reasons.push("media: no room for new calls".into());
        }
        let stored = self.store.snapshot().revision();
        if !becomes(|| self.handle.snapshot().revision() >= stored).await {
            reasons.push("configuration: the newest one is not in force".into());
        }
        reasons.extend(of_store(&self.writer.health()));
        if self.handle.metrics().spool_refuses() {
            reasons.push("spool: cannot be written".into());
        }
        reasons
    }
}

/// What is wrong with the store.
fn of_store(store: &WriterHealth) -> Vec<String> {
    let mut reasons = Vec::new();
    if store.failing {
        reasons.push("store: writes are refused".into());
    }
    if store.at_work > PASS_WAIT {
        reasons.push("store: the writer does not come on".into());
    }
    if store.held_bytes > SPOOL_HIGH {
        reasons.push(format!("store: {} bytes wait in the spool", store.held_bytes));
    }
    reasons
}

/// Whether it is so within [`ANSWER_WAIT`].
async fn becomes(is_so: impl Fn() -> bool) -> bool {
    let end = Instant::now() + ANSWER_WAIT;
    while !is_so() {
        if Instant::now() >= end {
            return false;
        }
        tokio::time::sleep(LOOK).await;
    }
    true
}
