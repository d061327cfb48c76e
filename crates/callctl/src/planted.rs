//! Bugs put in on purpose: each breaks one invariant, and the simulator must find it.

/// A bug; none is in a build without the feature `planted`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bug {
    /// The leg that dialled is let go without a word when the other party hangs up.
    CallerForgotten,
    /// Hold music goes on when the holder talks again.
    MusicGoesOn,
    /// A call that its caller gave up has no record.
    Unrecorded,
    /// The last call of a number that was never answered leaves the number marked as busy.
    BusyMark,
    /// The record of a call does not tell of forwards.
    ForwardUntold,
    /// Who picks up or retrieves may have more calls than the number's limit.
    LimitPassed,
    /// Whom a hunting group offered a call last is not kept.
    PointerStands,
    /// Lamps are not told that the last party of a number has left its call.
    LampStays,
    /// The channel of an emergency call, or of one back, stays taken.
    ChannelKept,
    /// A call leaves by a gateway whose channels are all in use.
    ChannelsPassed,
    /// Emergency calls are bound by the toll class of their caller.
    EmergencyBarred,
}
