//! What is refused when inputs wait too long, and go on doing so (sip.md §12, ADR 0022).

use base::limits::{OVERLOAD_LAG_HARD, OVERLOAD_LAG_SOFT, OVERLOAD_LASTS};
use base::{Micros, Mono, Now, Rng};

use crate::msg::{Method, Msg};

/// Since when inputs have waited too long without a break.
#[derive(Debug, Default)]
pub(super) struct Lag {
    soft: Option<Mono>,
    hard: Option<Mono>,
    /// When the last input came: after a pause nothing has lasted.
    last: Mono,
}

impl Lag {
    /// Takes the wait of an input. Returns the lag that has lasted: the soft or hard limit, or
    /// nothing.
    pub(super) fn note(&mut self, now: Now) -> Micros {
        if now.mono.since(self.last) >= OVERLOAD_LASTS {
            (self.soft, self.hard) = (None, None);
        }
        self.last = now.mono;
        let soft = lasts(&mut self.soft, now, OVERLOAD_LAG_SOFT);
        let hard = lasts(&mut self.hard, now, OVERLOAD_LAG_HARD);
        hard.or(soft).unwrap_or(Micros(0))
    }
}

fn lasts(since: &mut Option<Mono>, now: Now, limit: Micros) -> Option<Micros> {
    if now.lag < limit {
        *since = None;
        return None;
    }
    let began = *since.get_or_insert(now.mono);
    (now.mono.since(began) >= OVERLOAD_LASTS).then_some(limit)
}

/// Whether a request outside of a dialog is refused with 503. `known`: its source holds a binding.
///
/// In-dialog requests, ACK, BYE, CANCEL and responses are never asked about.
pub(super) fn sheds(lag: Micros, msg: &Msg, known: bool) -> bool {
    match msg.method() {
        Some(Method::Register) => lag >= OVERLOAD_LAG_HARD || lag >= OVERLOAD_LAG_SOFT && !known,
        Some(Method::Subscribe | Method::Publish | Method::Options) => lag >= OVERLOAD_LAG_SOFT,
        Some(Method::Invite) => lag >= OVERLOAD_LAG_HARD && !is_emergency(msg),
        Some(Method::Message) => lag >= OVERLOAD_LAG_HARD,
        Some(_) | None => false,
    }
}

/// Seconds of Retry-After, spread so that those refused do not come back together.
pub(super) fn retry_after(rng: &mut Rng) -> u64 {
    5 + rng.below(26)
}

/// 110, 118 or 119, exactly, with or without a caller-id prefix (SEC-26, SIP-D33).
fn is_emergency(msg: &Msg) -> bool {
    let uri = crate::msg::uri::Uri::parse(msg.request_uri());
    let Some(user) = uri.as_ref().and_then(|u| u.user()) else {
        return false;
    };
    let rest = user.strip_prefix(b"184").or_else(|| user.strip_prefix(b"186")).unwrap_or(&user);
    matches!(rest, b"110" | b"118" | b"119")
}
