//! PINs (暗証番号): judged when a person logs in at a terminal or opens a mailbox (R202, R233,
//! R234, SEC-08).

use base::id::{DeviceId, TenantId};
use base::{Dn, Wall};
use model::{CredentialOwner, UserState};

use crate::error::LoginError;
use crate::login::{Attempt, Standing, Verdict, standing};
use crate::open::Store;
use crate::scope::{Actor, TenantScope};
use crate::strikes::{Rule, pin_lock_end};

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

/// How extension and PIN typed at a terminal were judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TerminalOutcome {
    /// They are right: the person acts, by the name of the terminal.
    Good(Box<TenantScope>),
    /// Wrong PIN, or an extension that cannot log in; which of them is not told.
    Wrong,
    /// Too many wrong ones: of that extension, whether anybody has it or not, or at that terminal.
    Locked,
}

impl Store {
    /// Judges a PIN that should be that owner's, a person's or a mailbox's that is no person's,
    /// counts failures and locks (SEC-08). Unknown owners and those without PIN cost, answer and
    /// lock the same as a wrong PIN.
    pub async fn check_pin(
        &self,
        tenant: TenantId,
        owner: CredentialOwner,
        pin: &str,
        now: Wall,
    ) -> Result<PinOutcome, LoginError> {
        let snapshot = self.snapshot();
        let known = Some(owner).filter(|o| o.tenant(&snapshot) == Some(tenant));
        let name = match known {
            Some(CredentialOwner::Pin(id)) => snapshot.user(id).map(|u| u.dn.text()),
            _ => None,
        };
        let name = name.unwrap_or_else(|| format!("{owner:?}"));
        self.judge_pin((tenant, &name), known, pin, now).await
    }

    /// Judges what was typed at a terminal whose digest the node has checked.
    pub async fn judge_terminal(
        &self,
        device: DeviceId,
        extension: &str,
        pin: &str,
        now: Wall,
    ) -> Result<TerminalOutcome, LoginError> {
        let snapshot = self.snapshot();
        let Some(device) = snapshot.device(device) else { return Ok(TerminalOutcome::Wrong) };
        let tenant = device.tenant;
        let place = self.keys.peppered(&[b"pin at terminal", &device.id.0.bytes()]);
        if self.is_shut(&place, now) {
            return Ok(TerminalOutcome::Locked);
        }
        let known = Dn::parse(extension).ok().and_then(|dn| snapshot.user_by_dn(tenant, dn));
        let owner = known.map(|u| CredentialOwner::Pin(u.id));
        match self.judge_pin((tenant, extension), owner, pin, now).await? {
            PinOutcome::Locked { .. } => Ok(TerminalOutcome::Locked),
            PinOutcome::Wrong => {
                self.strike(place, now);
                Ok(TerminalOutcome::Wrong)
            }
            PinOutcome::Good => {
                let Some(user) = known else { return Ok(TerminalOutcome::Wrong) };
                if let Ok(mut ghosts) = self.ghosts.lock() {
                    ghosts.forgive(&place);
                }
                let (actor, name) = (Actor::User(user.id), &device.sip_id);
                let scope = TenantScope::new(tenant, None, actor, name, None);
                Ok(TerminalOutcome::Good(Box::new(scope)))
            }
        }
    }

    async fn judge_pin(
        &self,
        (tenant, name): (TenantId, &str),
        owner: Option<CredentialOwner>,
        pin: &str,
        now: Wall,
    ) -> Result<PinOutcome, LoginError> {
        let snapshot = self.snapshot();
        let is_active = |owner: &CredentialOwner| match *owner {
            CredentialOwner::Pin(id) => {
                snapshot.user(id).is_some_and(|u| u.state == UserState::Active)
            }
            CredentialOwner::BoxPin(_) => true,
            CredentialOwner::Admin(_) | CredentialOwner::User(_) => false,
        };
        if let Some(owner) = owner.filter(is_active) {
            let attempt = Attempt { tenant, owner, zone: None, address: None, now };
            match self.judge(&attempt, pin).await? {
                Verdict::Good(_) => return Ok(PinOutcome::Good),
                Verdict::Wrong => return Ok(PinOutcome::Wrong),
                Verdict::Locked { until } => return Ok(PinOutcome::Locked { until }),
                Verdict::Missing => {}
            }
        }
        let key = self.keys.peppered(&[b"pin", &tenant.0.bytes(), name.as_bytes()]);
        let end = |since| Some(pin_lock_end(since));
        Ok(match self.try_ghost((key, Rule::Pin), pin, end, now).await? {
            None => PinOutcome::Wrong,
            Some(until) => PinOutcome::Locked { until },
        })
    }

    /// Whether a terminal must wait.
    fn is_shut(&self, place: &[u8; 32], now: Wall) -> bool {
        let strikes = self.ghosts.lock().map(|g| g.get(place)).unwrap_or_default();
        let end = strikes.locked_at.map(pin_lock_end);
        matches!(standing(strikes, end, now), Standing::Locked { .. })
    }

    /// Counts a failure at a terminal.
    fn strike(&self, place: [u8; 32], now: Wall) {
        if let Ok(mut ghosts) = self.ghosts.lock() {
            let strikes = ghosts.get(&place);
            let end = strikes.locked_at.map(pin_lock_end);
            if let Standing::Open(strikes) = standing(strikes, end, now) {
                ghosts.remember(place, Rule::Pin.one_more(&strikes, now));
            }
        }
    }
}
