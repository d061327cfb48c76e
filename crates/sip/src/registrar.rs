//! Bindings of devices (RFC 3261 §10, RFC 3327, RFC 5626, RFC 5627).

use std::net::{IpAddr, SocketAddr};

use base::id::DeviceId;
use base::{FlowId, Wall};

use crate::stack::Transport;

/// One registered contact; minted by the stack, unique in the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContactId(pub u64);

/// One registered contact with all that a request to it needs (durable form).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// Whose.
    pub device: DeviceId,
    /// `+sip.instance` and `reg-id` (RFC 5626), or the normalised Contact URI: identity within
    /// the device. At most 256 bytes.
    pub key: Box<[u8]>,
    /// Contact URI as sent, without header parameters.
    pub contact: Box<[u8]>,
    /// Path header values in order, comma-joined (RFC 3327); usually empty.
    pub path: Box<[u8]>,
    /// Call-ID of the REGISTER.
    pub call_id: Box<[u8]>,
    /// CSeq of the REGISTER.
    pub cseq: u32,
    /// When the binding ends.
    pub expires_at: Wall,
    /// q value in thousandths, 0–1000.
    pub q: u16,
    /// By which flow; of the process, not valid after a restart for streams.
    pub flow: FlowId,
    /// Source address of the REGISTER: where requests go.
    pub source: SocketAddr,
    /// Our address that faces it.
    pub local: IpAddr,
    /// Transport of the flow.
    pub transport: Transport,
    /// User-Agent, at most 64 bytes of UTF-8 (R213).
    pub agent: Box<str>,
}

/// A change of the bindings, to be made durable before the REGISTER is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BindingChange {
    /// Made or refreshed.
    Put(Box<Binding>),
    /// Removed by the phone, expired, or its device forgotten.
    Remove {
        /// Whose.
        device: DeviceId,
        /// Identity within the device.
        key: Box<[u8]>,
    },
}
