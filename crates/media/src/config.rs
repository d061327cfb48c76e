//! Settings of the plane.

use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use base::{Micros, limits};

/// How the plane runs. [`Config::new`] has the defaults.
#[derive(Debug, Clone)]
pub struct Config {
    /// Media threads; 0 = one less than processors, at least one.
    pub threads: usize,
    /// Local ports.
    pub ports: Ports,
    /// Randomness for SSRCs, first sequence numbers and the order of ports.
    pub seed: [u8; 32],
    /// Differentiated services code point of what is sent, 0–63; default 46 (EF).
    pub dscp: u8,
    /// Sources that are never learned: such as our own networks towards a trunk.
    pub deny: Vec<Network>,
    /// Silence after which `Silent` is told; default 30 s (R255).
    pub silence: Micros,
    /// Legs at once; a new one above it fails with `ResourceShortage`. Default 8,192,
    /// as many as the default ports have pairs.
    pub legs_max: usize,
    /// Folder of messages, greetings and own music, made when first written to. `None` = nothing
    /// is recorded, and files are missing when they are played. Default `None`.
    pub files: Option<PathBuf>,
}

impl Config {
    /// Defaults with that seed: ports 16384–32767, EF, 30 s, 8,192 legs.
    pub fn new(seed: [u8; 32]) -> Self {
        Self {
            threads: 0,
            ports: Ports::Range(16_384..=32_767),
            seed,
            dscp: 46,
            deny: Vec::new(),
            silence: limits::MEDIA_SILENCE,
            legs_max: 8_192,
            files: None,
        }
    }
}

/// Where local ports come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ports {
    /// Pairs of an even port for RTP and the next for RTCP from this range, shuffled at start.
    Range(RangeInclusive<u16>),
    /// Whatever the kernel gives, for tests and demonstrations: RTCP need not be the next port.
    Kernel,
}

/// An address block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    /// Any address in it.
    pub address: IpAddr,
    /// Leading bits that count, 0–32 or 0–128.
    pub prefix: u8,
}

impl Network {
    /// Whether `ip` lies in the block; the families must agree.
    pub fn contains(&self, ip: IpAddr) -> bool {
        match (self.address, ip) {
            (IpAddr::V4(net), IpAddr::V4(ip)) => {
                let differ = net.to_bits() ^ ip.to_bits();
                u32::from(self.prefix) <= differ.leading_zeros()
            }
            (IpAddr::V6(net), IpAddr::V6(ip)) => {
                let differ = net.to_bits() ^ ip.to_bits();
                u32::from(self.prefix) <= differ.leading_zeros()
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}
