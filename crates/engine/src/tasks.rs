//! Named tasks that are joined at stop; nothing is detached.

use std::future::Future;
use std::time::Duration;

use tokio::task::JoinSet;

/// The tasks of a process.
#[derive(Default)]
pub struct Tasks {
    set: JoinSet<&'static str>,
}

impl Tasks {
    /// No task yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs `task` under `name` until it ends or [`Tasks::stop`] is called.
    pub fn spawn(&mut self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        self.set.spawn(async move {
            task.await;
            name
        });
    }

    /// Waits until a task ends by itself; the name of that task, or `None` when none is left.
    pub async fn ended(&mut self) -> Option<&'static str> {
        match self.set.join_next().await {
            Some(Ok(name)) => Some(name),
            Some(Err(error)) => {
                tracing::error!(%error, "a task failed");
                Some("failed task")
            }
            None => None,
        }
    }

    /// Cancels all tasks and waits for their end, at most `patience`.
    pub async fn stop(&mut self, patience: Duration) {
        self.set.abort_all();
        let joined = async { while self.set.join_next().await.is_some() {} };
        if tokio::time::timeout(patience, joined).await.is_err() {
            tracing::warn!("tasks did not end in time");
        }
    }
}
