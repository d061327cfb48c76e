//! What is refused when inputs wait too long (sip.md §12).

use base::limits::{OVERLOAD_LAG_HARD, OVERLOAD_LAG_SOFT};
use base::{Micros, Rng};

use crate::msg::{Method, Msg};

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
