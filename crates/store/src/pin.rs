//! PINs (暗証番号): checked when a person logs in at a terminal or to the mailbox (R202, R234).

use base::Wall;
use base::id::{TenantId, UserId};
use model::{CredentialOwner, UserState};

use crate::error::LoginError;
use crate::login::{Attempt, Verdict};
use crate::open::Store;

/// How a PIN was judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PinOutcome {
    /// It is the person's.
    Good,
    /// Wrong, or the person is unknown, stopped or has none.
    Wrong,
    /// Locked after too many wrong ones (SEC-08).
    Locked {
        /// When the lock ends by itself.
        until: Option<Wall>,
    },
}

impl Store {
    /// Judges a PIN that a person with the id `user` gave, counts failures and locks (SEC-08).
    /// Unknown persons and those without PIN cost and answer the same as a wrong PIN.
    pub async fn check_pin(
        &self,
        tenant: TenantId,
        user: Option<UserId>,
        pin: &str,
        now: Wall,
    ) -> Result<PinOutcome, LoginError> {
        let snapshot = self.snapshot();
        let active = user.and_then(|id| snapshot.user(id));
        let active = active.filter(|u| u.tenant == tenant && u.state == UserState::Active);
        if let Some(user) = active {
            let owner = CredentialOwner::Pin(user.id);
            let attempt = Attempt { tenant, owner, zone: None, address: None, now };
            match self.judge(&attempt, pin).await? {
                Verdict::Good(_) => return Ok(PinOutcome::Good),
                Verdict::Wrong => return Ok(PinOutcome::Wrong),
                Verdict::Locked { until } => return Ok(PinOutcome::Locked { until }),
                Verdict::Missing => {}
            }
        }
        self.hashing.verify(&self.keys, None, pin).await?;
        Ok(PinOutcome::Wrong)
    }
}
