//! `naisen.toml`: what a node needs to start. Everything else is in the database.

mod check;
mod keys;
mod load;
mod value;

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(crate) use check::report;
pub(crate) use load::load;

/// The configuration of a node, defaults filled in, relative paths made absolute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Config {
    pub(crate) data: PathBuf,
    pub(crate) drain: Duration,
    pub(crate) udp: Vec<SocketAddr>,
    pub(crate) tcp: Vec<SocketAddr>,
    pub(crate) tls: Vec<SocketAddr>,
    pub(crate) media_address: Option<IpAddr>,
    pub(crate) media_ports: (u16, u16),
    pub(crate) relay: bool,
    pub(crate) journal_bytes: u64,
    pub(crate) portal_closed: Option<SocketAddr>,
    pub(crate) metrics: Option<SocketAddr>,
}

impl Config {
    /// The defaults alone, for a data folder: what the demo changes is set by the caller.
    pub(crate) fn with_data(data: &Path) -> Config {
        let loaded = load::defaults(Path::new("."));
        Config { data: data.to_owned(), ..loaded.config }
    }
}

#[cfg(test)]
mod tests;
