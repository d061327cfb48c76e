//! One file for each command.

pub(crate) mod check_config;
pub(crate) mod demo;
pub(crate) mod job;
pub(crate) mod replay;
pub(crate) mod serve;
