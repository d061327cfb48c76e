//! How edges speak to the shard.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use base::id::{DeviceId, TenantId};
use base::{CallId, Dn, Secret};
use model::own_setting::{Declined, OwnSetting};
use model::terminal_login::TypedLogin;
use model::{Change, CredentialOwner, Snapshot};
use node::{Command, Reply};
use thiserror::Error;
use tokio::sync::{mpsc, oneshot};

use crate::Metrics;

/// The node cannot answer: it has stopped, or too much waits for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Unavailable {
    /// The shard has ended.
    #[error("node has stopped")]
    Stopped,
    /// It failed inside while it had the question; the question may be asked again.
    #[error("node failed inside and was built anew")]
    Failed,
    /// Its queue is full, or it did not answer in time.
    #[error("node is busy")]
    Busy,
}

/// What reaches the shard besides SIP.
#[derive(Debug)]
pub(crate) enum ShardMsg {
    Command(Command, oneshot::Sender<Reply>),
    Config { snapshot: Arc<Snapshot>, changes: Arc<Vec<Change>> },
    Told { call: CallId, declined: Option<Declined> },
    Drain,
    ClearAll,
    Stop,
}

/// What a caller asks of the exchange; to be answered by [`Handle::tell`].
#[derive(Debug)]
pub enum Wish {
    /// A setting by code; the caller waits 2 s.
    Setting {
        /// The call that waits.
        call: CallId,
        /// The authenticated device.
        device: DeviceId,
        /// Its number.
        dn: Dn,
        /// What.
        wanted: Box<OwnSetting>,
    },
    /// Whether a PIN is the person's; the caller waits 5 s.
    Pin {
        /// The call that waits.
        call: CallId,
        /// Whose company.
        tenant: TenantId,
        /// Whose PIN it should be.
        owner: CredentialOwner,
        /// What was typed.
        pin: Box<Secret<String>>,
    },
    /// A person logs in at a terminal, or out; the caller waits 5 s.
    Seat {
        /// The call that waits.
        call: CallId,
        /// The authenticated device.
        device: DeviceId,
        /// Who it shall belong to; `None` = nobody.
        typed: Option<Box<TypedLogin>>,
    },
}

/// A handle to a running node; cheap to clone.
#[derive(Clone)]
pub struct Handle {
    pub(crate) queue: mpsc::Sender<ShardMsg>,
    pub(crate) snapshot: Arc<RwLock<Arc<Snapshot>>>,
    pub(crate) metrics: Metrics,
}

/// How long a question may wait for its answer.
const ANSWER_WAIT: Duration = Duration::from_secs(5);

impl Handle {
    /// Asks the node.
    ///
    /// # Errors
    /// The node has stopped or is too busy.
    pub async fn ask(&self, command: Command) -> Result<Reply, Unavailable> {
        let (reply, answer) = oneshot::channel();
        self.queue.try_send(ShardMsg::Command(command, reply)).map_err(refused)?;
        match tokio::time::timeout(ANSWER_WAIT, answer).await {
            Ok(Ok(reply)) => Ok(reply),
            Ok(Err(_)) if self.is_alive() => Err(Unavailable::Failed),
            Ok(Err(_)) => Err(Unavailable::Stopped),
            Err(_) => Err(Unavailable::Busy),
        }
    }

    /// Whether the shard runs.
    pub fn is_alive(&self) -> bool {
        !self.queue.is_closed()
    }

    /// Ends when the shard has ended, by whatever cause.
    pub async fn ended(&self) {
        self.queue.closed().await;
    }

    /// Puts a committed configuration in force; one that is not newer changes nothing.
    ///
    /// # Errors
    /// The node has stopped; the change is stored all the same and holds from the next start.
    pub async fn configure(&self, snapshot: Arc<Snapshot>) -> Result<(), Unavailable> {
        let before = {
            let mut current = self.snapshot.write().unwrap_or_else(PoisonError::into_inner);
            if current.revision() >= snapshot.revision() {
                return Ok(());
            }
            std::mem::replace(&mut *current, Arc::clone(&snapshot))
        };
        let changes = Arc::new(model::diff(&before, &snapshot));
        let message = ShardMsg::Config { snapshot, changes };
        self.queue.send(message).await.map_err(|_| Unavailable::Stopped)
    }

    /// Answers a [`Wish`]; the configuration that it made must be in force before.
    pub async fn tell(&self, call: CallId, declined: Option<Declined>) {
        let _ = self.queue.send(ShardMsg::Told { call, declined }).await;
    }

    /// The configuration in force.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshot.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The process's counters.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// New calls get 503 from now on.
    pub async fn drain(&self) {
        let _ = self.queue.send(ShardMsg::Drain).await;
    }

    /// Running calls end now.
    pub async fn clear_all(&self) {
        let _ = self.queue.send(ShardMsg::ClearAll).await;
    }

    /// Ends the shard.
    pub async fn stop(&self) {
        let _ = self.queue.send(ShardMsg::Stop).await;
    }
}

fn refused<T>(error: mpsc::error::TrySendError<T>) -> Unavailable {
    match error {
        mpsc::error::TrySendError::Full(_) => Unavailable::Busy,
        mpsc::error::TrySendError::Closed(_) => Unavailable::Stopped,
    }
}
