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
//! With `--shards 3` a reader steers what arrives to three nodes (`sip::steer`). Shards do not know
//! each other's bindings yet: a call rings only at phones that are registered at the shard where
//! it begins, and elsewhere as little as at a phone that is off. The only shard of other runs is
//! the last of three, and what arrives is steered as it would be then (checker I10).

pub mod check;
pub mod cli;
mod coding;
pub mod company;
pub mod counts;
pub mod desk;
pub mod fairness;
pub mod holders;
pub mod lamp;
mod lamps;
pub mod lines;
mod links;
pub mod machine;
pub mod media;
pub mod network;
pub mod office;
mod outside;
pub mod panel;
mod people;
pub mod phone;
mod pressing;
mod reform;
pub mod run;
pub mod scenario;
mod script;
mod seats;
mod services;
pub mod sounds;
mod stand_ins;
pub mod store;
pub mod swarm;
mod tally;
mod trunks;
mod wire;
pub mod world;
