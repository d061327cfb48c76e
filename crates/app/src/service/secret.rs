//! リセット: a new SIP secret for a terminal, valid at once or from 5:00 of the next day (R215,
//! R316).
//!
//! | When | Old secret | New one |
//! |---|---|---|
//! | at once | void; what registered with it is registered no more, calls go on | valid |
//! | from 5:00 | valid until then | told, waits |
//! | 5:00 has come ([`super::due`]) | as "at once" | valid |
//!
//! A second reset takes the place of the first. The secret is told once, by the reset (SEC-09).

use std::sync::Arc;

use base::time::TOKYO_OFFSET_S;
use base::{Rng, Secret, Wall};
use model::{Change, Device, Ha1, NextSecret, Snapshot};

use crate::service::noun::{Key, Noun};
use crate::service::write::{Act, Plan, Refusal, change};

/// The hour in Asia/Tokyo from which a secret is valid that is not valid at once.
const HOUR: i64 = 5;

/// From when on a new secret is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Valid {
    /// 「即時」.
    AtOnce,
    /// 「翌5:00」: from 5:00 of the next day in Asia/Tokyo.
    NextMorning,
}

/// What a telephone is to register with.
#[derive(Debug, Clone)]
pub struct Reset {
    /// SIP id.
    pub sip_id: String,
    /// SIP domain, of the terminal's site.
    pub domain: String,
    /// The secret; it is not told again.
    pub secret: Secret<String>,
    /// From when on it is valid.
    pub from: Wall,
}

/// Makes a new secret for a terminal. It comes from `rng`, which must not be guessable.
pub async fn reset(
    act: Act<'_>,
    key: Key<'_>,
    valid: Valid,
    rng: &Rng,
) -> Result<(Arc<Snapshot>, Reset), Refusal> {
    let tenant = act.scope.tenant();
    let secret = bulk::generate_secret(&mut rng.derive("reset"));
    let from = match valid {
        Valid::AtOnce => act.now,
        Valid::NextMorning => next_morning(act.now),
    };
    let work = |snapshot: &Snapshot| {
        let old = Device::find(snapshot, tenant, key).ok_or(Refusal::NotFound)?;
        let realm = snapshot.tenant(tenant).map(|t| t.realm.clone()).unwrap_or_default();
        let ha1 = Ha1::of(&old.sip_id, &realm, secret.expose());
        let device = match valid {
            Valid::AtOnce => old.with_secret(ha1),
            Valid::NextMorning => {
                let next = Some(Box::new(NextSecret { ha1, from }));
                Device { next, ..old.as_ref().clone() }
            }
        };
        let domain = snapshot.site(old.site).map(|s| s.domain.to_string());
        let reset = Reset {
            sip_id: old.sip_id.to_string(),
            domain: domain.unwrap_or_default(),
            secret: secret.clone(),
            from,
        };
        let changes = vec![Change::DevicePut(device)];
        Ok((Plan { changes, problems: Vec::new(), detail: old.key() }, reset))
    };
    change(act, "secret-reset", Device::field, work).await
}

/// 5:00 of the next day.
fn next_morning(now: Wall) -> Wall {
    let today = now.civil(TOKYO_OFFSET_S);
    let midnight = Wall::start_of_day(today.year, today.month, today.day, TOKYO_OFFSET_S);
    Wall(midnight.0 + (24 + HOUR) * 3_600_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_morning_is_that_of_the_next_day_in_tokyo() {
        // 2026-07-01, by the clocks of Tokyo.
        let day = Wall::start_of_day(2026, 7, 1, TOKYO_OFFSET_S).0;
        for minute in [0, 299, 300, 15 * 60, 24 * 60 - 1] {
            let from = next_morning(Wall(day + minute * 60_000));
            assert_eq!(from.tokyo_text(), "2026/07/02 05:00:00", "{minute}");
        }
    }
}
