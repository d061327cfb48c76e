//! Runs a node: stamps time, writes the journal, executes outputs; decides nothing.
//!
//! One thread per shard reads its UDP sockets itself, so the path from datagram to answer crosses
//! no queue and no lock. Connections, portal and command line reach it by bounded queues.

pub mod clock;
pub mod execute;
pub mod handle;
pub mod journal;
pub mod metrics;
mod rebuild;
mod relays;
pub mod replay;
pub mod run;
pub mod start;
pub mod tasks;
#[cfg(test)]
mod tests;
mod wait;

pub use handle::{Handle, Unavailable, Wish};
pub use metrics::Metrics;
pub use node::{CallLine, Command, Reply, Status};
pub use start::{Engine, EngineConfig, StartError};
