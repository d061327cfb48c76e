//! The stack as a whole, driven by the texts that phones send.

pub(crate) mod bench;

mod auth;
mod dispatch;
mod flood;
mod fuzz;
mod overload;
