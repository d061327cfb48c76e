//! Registrations in their durable form.

use std::net::{IpAddr, SocketAddr};

use base::Wall;
use base::id::DeviceId;

/// One registered contact as the store keeps it: the stack's binding without its flow, which
/// dies with the process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredBinding {
    /// Whose.
    pub device: DeviceId,
    /// Identity within the device: instance and reg-id, or normalised Contact; at most 256 bytes.
    pub key: Box<[u8]>,
    /// Contact URI as sent.
    pub contact: Box<[u8]>,
    /// Path header values, comma-joined (RFC 3327); usually empty.
    pub path: Box<[u8]>,
    /// Call-ID of the REGISTER.
    pub call_id: Box<[u8]>,
    /// CSeq of the REGISTER.
    pub cseq: u32,
    /// When the binding ends.
    pub expires_at: Wall,
    /// q value in thousandths, 0–1000.
    pub q: u16,
    /// Source address of the REGISTER.
    pub source: SocketAddr,
    /// Our address that faces it.
    pub local: IpAddr,
    /// Transport as the stack numbers it.
    pub transport: u8,
    /// User-Agent, at most 64 bytes.
    pub agent: Box<str>,
}
