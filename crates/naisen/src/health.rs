//! `/metrics`, `/healthz` and `/readyz` on their own listener.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use engine::{Command, Handle, Reply};
use store::StoreWriter;

/// What the pages need.
#[derive(Clone)]
pub(crate) struct Health {
    pub(crate) handle: Handle,
    /// Set while the process drains: not ready, but healthy.
    pub(crate) draining: Arc<AtomicBool>,
    pub(crate) writer: Arc<StoreWriter>,
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
    if let Ok(Reply::Status(status)) = health.handle.ask(Command::Status).await {
        text.push_str("# TYPE naisen_bindings gauge\n");
        text.push_str(&format!("naisen_bindings {}\n", status.bindings));
        text.push_str("# TYPE naisen_calls gauge\n");
        text.push_str(&format!("naisen_calls {}\n", status.calls));
    }
    text
}

/// 200 while the node answers; the listeners are open as long as the process runs.
async fn healthz(State(health): State<Health>) -> (StatusCode, String) {
    match health.handle.ask(Command::Status).await {
        Ok(_) => (StatusCode::OK, "ok\n".into()),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, format!("node: {error}\n")),
    }
}

/// 200 when calls can be taken; else 503 with every reason.
async fn readyz(State(health): State<Health>) -> (StatusCode, String) {
    let mut reasons = Vec::new();
    if health.draining.load(Ordering::Relaxed) {
        reasons.push("draining".to_owned());
    }
    if let Err(error) = health.handle.ask(Command::Status).await {
        reasons.push(format!("node: {error}"));
    }
    if health.writer.health().failing {
        reasons.push("store: writes are refused".to_owned());
    }
    if reasons.is_empty() {
        return (StatusCode::OK, "ready\n".into());
    }
    (StatusCode::SERVICE_UNAVAILABLE, reasons.join("\n") + "\n")
}
