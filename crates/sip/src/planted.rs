//! Bugs put in on purpose: each breaks one invariant, and the simulator must find it.

/// A bug; none is in a build without the feature `planted`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bug {
    /// A CANCEL that comes after the answer is refused and accepted.
    TwoFinals,
    /// A 200 that crosses our CANCEL is acknowledged, but its call is not ended.
    ForgottenAnswer,
    /// A REGISTER is confirmed before its binding is handed out for storing.
    ConfirmedFirst,
    /// Ids do not say which shard minted them.
    Misplaced,
    /// A refreshed binding ends when it would have ended without the refresh.
    RefreshForgotten,
    /// Who watches a box is told of it again as soon as the last word has been answered.
    ToldForEver,
}
