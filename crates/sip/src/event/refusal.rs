//! Why a SUBSCRIBE is refused, and what the refusal says.

use base::limits::SUBSCRIPTION_MIN_S;
use smallvec::{SmallVec, smallvec};

use super::state::{ALLOW_EVENTS, Package};
use crate::msg::HeaderId;

/// Why a SUBSCRIBE is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// No package, or none of ours (RFC 6665 §8.3.2).
    BadEvent,
    /// The watcher cannot read what the package tells.
    NotAcceptable(Package),
    /// Asked for less than is worth a subscription (RFC 6665 §4.2.1.1).
    TooBrief,
    /// All the rest.
    Status(u16),
}

impl Refusal {
    /// Status and further header lines.
    pub(crate) fn answer(self) -> (u16, SmallVec<[(HeaderId, String); 1]>) {
        match self {
            Refusal::BadEvent => (489, smallvec![(HeaderId::AllowEvents, ALLOW_EVENTS.into())]),
            Refusal::NotAcceptable(package) => {
                let (kind, subtype) = package.media_type();
                (406, smallvec![(HeaderId::Accept, format!("{kind}/{subtype}"))])
            }
            Refusal::TooBrief => {
                (423, smallvec![(HeaderId::MinExpires, SUBSCRIPTION_MIN_S.to_string())])
            }
            Refusal::Status(status) => (status, SmallVec::new()),
        }
    }
}
