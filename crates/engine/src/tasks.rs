//! Named tasks that are joined at stop; nothing is detached.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinSet;

/// The tasks of a process.
pub struct Tasks {
    set: JoinSet<()>,
    fallen: Fallen,
}

/// Tasks that ended though nobody stopped them; cheap to clone.
#[derive(Debug, Clone)]
pub struct Fallen {
    /// `None` once the tasks are being stopped.
    names: Arc<Mutex<Option<Vec<&'static str>>>>,
}

impl Fallen {
    fn new() -> Self {
        Fallen { names: Arc::new(Mutex::new(Some(Vec::new()))) }
    }

    /// Their names, in the order in which they fell.
    pub fn names(&self) -> Vec<&'static str> {
        let names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        names.clone().unwrap_or_default()
    }

    fn add(&self, name: &'static str) {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(names) = names.as_mut() {
            tracing::error!(name, "a task that should run has ended");
            names.push(name);
        }
    }

    fn stop(&self) {
        *self.names.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// Reports its task when it goes, also when the task panics.
struct Watch {
    name: &'static str,
    fallen: Fallen,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.fallen.add(self.name);
    }
}

impl Default for Tasks {
    fn default() -> Self {
        Self::new()
    }
}

impl Tasks {
    /// No task yet.
    pub fn new() -> Self {
        Tasks { set: JoinSet::new(), fallen: Fallen::new() }
    }

    /// Runs `task` under `name` until [`Tasks::stop`] is called; one that ends by itself has
    /// fallen.
    pub fn spawn(&mut self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let watch = Watch { name, fallen: self.fallen.clone() };
        self.set.spawn(async move {
            let _watch = watch;
            task.await;
        });
    }

    /// Where tasks that fell are found.
    pub fn fallen(&self) -> Fallen {
        self.fallen.clone()
    }

    /// Lets the tasks come to their own end, for at most `patience`.
    pub async fn finish(&mut self, patience: Duration) {
        self.fallen.stop();
        let joined = async { while self.set.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(patience, joined).await;
    }

    /// Cancels all tasks and waits for their end, at most `patience`.
    pub async fn stop(&mut self, patience: Duration) {
        self.fallen.stop();
        self.set.abort_all();
        let joined = async { while self.set.join_next().await.is_some() {} };
        if tokio::time::timeout(patience, joined).await.is_err() {
            tracing::warn!("tasks did not end in time");
        }
    }
}
