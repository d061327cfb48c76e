//! Bugs put in on purpose: each breaks one invariant, and the simulator must find it.

/// A bug; none is in a build without the feature `planted`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bug {
    /// Media legs are not closed.
    MediaLeft,
    /// A call that its caller gave up has no record.
    Unrecorded,
    /// A number stays busy after a call that was never answered.
    BusyMark,
}
