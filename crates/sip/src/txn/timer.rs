//! Keys of the stack's timers.

/// What a timer of a transaction is for; letters of RFC 3261 §17 and RFC 6026.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timer {
    /// INVITE client: send again; T1 doubling.
    A,
    /// INVITE client: give up, 64·T1.
    B,
    /// INVITE client: no final response, 185 s after the last 1xx; then CANCEL.
    C,
    /// INVITE client: absorb repeated refusals, 32 s.
    D,
    /// Other client: send again; T1 doubling to T2.
    E,
    /// Other client: give up, 64·T1.
    F,
    /// INVITE server: repeat the refusal; T1 doubling to T2.
    G,
    /// INVITE server: no ACK to the refusal, 64·T1.
    H,
    /// INVITE server: absorb repeated ACKs, T4.
    I,
    /// Other server: absorb repeated requests, 64·T1.
    J,
    /// Other client: absorb repeated responses, T4.
    K,
    /// INVITE server: absorb repeated INVITEs after a 2xx, 64·T1.
    L,
    /// INVITE client: pass repeated and forked 2xx on, 64·T1.
    M,
    /// Server: nobody has answered yet, send 100; 200 ms for INVITE, 3.5 s for others.
    Trying,
    /// Nothing final in time: 64·T1 after our CANCEL, after a non-INVITE request arrived, or at
    /// once when the flow was gone from the beginning.
    GiveUp,
}

/// What a timer of the stack belongs to. 12 bytes; cancelling is a new generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimerKey {
    /// A transaction; for [`super::Layer::fire`].
    Tx {
        /// Place in the layer.
        index: u32,
        /// Of the entry there.
        generation: u32,
        /// What for.
        timer: Timer,
    },
    /// A leg or dialog; `kind` is the leg machinery's own.
    Leg {
        /// Index of the leg.
        leg: u32,
        /// Of the leg or of the timer, as its owner counts.
        generation: u32,
        /// What for.
        kind: u8,
    },
    /// A binding of the registrar.
    Binding {
        /// Place in the registrar.
        index: u32,
        /// Of the timer.
        generation: u32,
        /// What for.
        kind: u8,
    },
    /// An event subscription.
    Subscription {
        /// Place in the notifier.
        index: u32,
        /// Of the subscription.
        generation: u32,
        /// What for.
        kind: u8,
    },
    /// NOTIFYs wait for their turn.
    Pace,
    /// The phone's own registration.
    Phone {
        /// Of the timer.
        generation: u32,
        /// What for.
        kind: u8,
    },
}
