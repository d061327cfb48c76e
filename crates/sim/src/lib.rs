//! The simulator: real nodes and real phones on one virtual clock, with a network that loses,
//! doubles and reorders what they say, and checkers of what must hold whatever happens.
//!
//! ```text
//! phones (sip::ua) ── network ── node::Node ── media plane (who is joined to whom)
//!    people                          └── store that survives crashes
//! ```
//!
//! Everything follows from one seed: [`run::run`] twice gives the same outputs. A run has three
//! phases: faults, health, silence. Half of the phones are patient: they never hang up by
//! themselves, so only correct signalling ends their calls.
//!
//! One shard only: `--shards` above 1 is refused until a node's shards know each other's
//! bindings, without which a call cannot ring at a phone of another shard. The shard is the last
//! of three, though, and everything that arrives is steered as it would be then (checker I10).

pub mod check;
pub mod cli;
pub mod company;
pub mod counts;
mod links;
pub mod machine;
pub mod media;
pub mod network;
mod people;
pub mod phone;
pub mod run;
pub mod scenario;
mod script;
pub mod store;
pub mod swarm;
mod wire;
pub mod world;
