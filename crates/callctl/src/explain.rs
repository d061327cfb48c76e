//! The explanation kept with each record: which rule decided, with what it found (R246, R318).

use base::{Cause, Dn};
use model::record::Step;

/// One step taken. Small, since each running call keeps its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// The calling device has no user (FeatureNotPermitted).
    DeviceWithoutUser,
    /// The calling user is stopped.
    CallerStopped,
    /// No hop is left.
    NoHops,
    /// The caller's offer cannot be used, or is not protected as its device must be.
    OfferRefused,
    /// As many legs as there may be.
    NoRoom,
    /// Own or called number is at its limit (R250).
    CallLimit(Dn),
    /// The caller dialled the own number (R253).
    OwnNumber,
    /// What was dialled is no number of the tenant.
    NoSuchNumber,
    /// The number belongs to a stopped user (R241).
    UserStopped(Dn),
    /// The number belongs to a user.
    RouteUser(Dn),
    /// No device of the user has a live contact (R062).
    NoContact(Dn),
    /// So many contacts are called, with this ring time in seconds (R202).
    Ring { contacts: u16, ring_time_s: u16 },
    /// Media goes from phone to phone.
    Direct,
    /// Media goes through the relay, and why.
    Relay(Why),
    /// A contact ended with this SIP status; what it means.
    Verdict { status: u16, cause: Cause },
    /// No sign of life within 4 s (R062).
    Silent,
    /// The ring time is over (R252).
    RingOver,
    /// Unanswered for 600 s (R252).
    Unanswered,
    /// A device that was called is gone from the configuration (R247).
    Gone,
    /// Answered by this number.
    Answered(Dn),
    /// A guidance was played before the refusal.
    Announced,
    /// Transferred by a phone; the transferrer.
    Transferred(Dn),
    /// Called back after a transfer in vain (R290).
    Recall(Dn),
    /// Taken over by another device.
    TakenOver(Dn),
    /// The decision.
    Decided(Cause),
}

/// Why media is relayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// `[media] path = "relay"`.
    Always,
    /// The site's parameter.
    Site,
    /// Different sites.
    Sites,
    /// A side is behind NAT.
    Nat,
    /// One side is IPv4 and the other IPv6, or only one of them is on this machine.
    Network,
    /// The sides are protected differently.
    Protection,
}

impl Why {
    fn word(self) -> &'static str {
        match self {
            Why::Always => "always",
            Why::Site => "site",
            Why::Sites => "sites",
            Why::Nat => "nat",
            Why::Network => "network",
            Why::Protection => "protection",
        }
    }
}

/// Most steps kept of one call; later ones are left out, but for the decision.
pub(crate) const STEPS_MAX: usize = 32;

/// Appends a step within the bound.
pub(crate) fn note(trace: &mut Vec<Mark>, mark: Mark) {
    if trace.len() < STEPS_MAX {
        trace.push(mark);
    }
}

/// The record's form of the steps and the final decision.
pub(crate) fn steps(trace: &[Mark], cause: Cause) -> Box<[Step]> {
    trace.iter().chain(std::iter::once(&Mark::Decided(cause))).map(|m| step(*m)).collect()
}

fn step(mark: Mark) -> Step {
    let plain = |code| Step::new(code, "");
    match mark {
        Mark::DeviceWithoutUser => plain("permit.no-user"),
        Mark::CallerStopped => plain("permit.stopped"),
        Mark::NoHops => plain("permit.no-hops"),
        Mark::OfferRefused => plain("permit.media"),
        Mark::NoRoom => plain("permit.room"),
        Mark::CallLimit(dn) => Step::new("permit.limit", &dn.text()),
        Mark::OwnNumber => plain("route.own-number"),
        Mark::NoSuchNumber => plain("route.none"),
        Mark::UserStopped(dn) => Step::new("route.stopped", &dn.text()),
        Mark::RouteUser(dn) => Step::new("route.user", &dn.text()),
        Mark::NoContact(dn) => Step::new("route.unregistered", &dn.text()),
        Mark::Ring { contacts, ring_time_s } => {
            Step::new("ring.begin", &format!("{contacts} {ring_time_s}"))
        }
        Mark::Direct => Step::new("media.path", "direct"),
        Mark::Relay(why) => Step::new("media.path", &format!("relay {}", why.word())),
        Mark::Verdict { status, cause } => {
            Step::new("ring.refused", &format!("{status} {}", cause.name()))
        }
        Mark::Silent => plain("ring.silent"),
        Mark::RingOver => plain("ring.over"),
        Mark::Unanswered => plain("ring.unanswered"),
        Mark::Gone => plain("ring.device-gone"),
        Mark::Answered(dn) => Step::new("answer", &dn.text()),
        Mark::Announced => plain("announce"),
        Mark::Transferred(dn) => Step::new("transfer", &dn.text()),
        Mark::Recall(dn) => Step::new("transfer.recall", &dn.text()),
        Mark::TakenOver(dn) => Step::new("replaces", &dn.text()),
        Mark::Decided(cause) => Step::new("decided", cause.name()),
    }
}
