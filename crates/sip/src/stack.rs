//! The stack: bytes in, bytes and leg events out.

use std::net::{IpAddr, SocketAddr};

use base::event::Event;
use base::id::DeviceId;
use base::{FlowId, LegId, Wall};
use bytes::Bytes;

use crate::leg::{LegCommand, LegEvent};
use crate::registrar::{Binding, BindingChange};

/// How SIP travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Transport {
    /// RFC 3261 §18, unreliable.
    Udp,
    /// Stream.
    Tcp,
    /// Stream over TLS.
    Tls,
}

impl From<Transport> for crate::msg::Transport {
    fn from(transport: Transport) -> Self {
        match transport {
            Transport::Udp => Self::Udp,
            Transport::Tcp => Self::Tcp,
            Transport::Tls => Self::Tls,
        }
    }
}

/// What can happen to the stack.
#[derive(Debug, Clone)]
pub enum Input {
    /// A listening UDP socket (once, at start; `remote` is unspecified) or a connection is open.
    FlowOpened {
        /// Its id.
        flow: FlowId,
        /// Its transport.
        transport: Transport,
        /// Our end, as bound.
        local: SocketAddr,
        /// The far end.
        remote: SocketAddr,
    },
    /// One whole message: a datagram, or what the framer cut out of a stream.
    Received {
        /// By which flow.
        flow: FlowId,
        /// Source address.
        from: SocketAddr,
        /// Our address that faces the source.
        local: IpAddr,
        /// The bytes.
        bytes: Bytes,
    },
    /// A connection is gone.
    FlowClosed {
        /// Which.
        flow: FlowId,
    },
    /// Call control speaks to a leg.
    Leg {
        /// Which.
        leg: LegId,
        /// What it wants.
        command: LegCommand,
    },
    /// Bindings read from the store at start; those that have expired are dropped.
    Restore {
        /// As stored.
        bindings: Vec<Binding>,
    },
    /// A device was deleted or its user stopped: its bindings end at once.
    Forget {
        /// Which.
        device: DeviceId,
    },
    /// From now on new INVITEs get 503 with Retry-After (drain).
    Drain,
    /// A deadline passed.
    Tick,
}

/// What the shell and call control must do, in this order.
#[derive(Debug, Clone)]
pub enum Output {
    /// Send bytes; for streams `to` is the far end.
    Transmit {
        /// By which flow.
        flow: FlowId,
        /// To whom.
        to: SocketAddr,
        /// One whole message.
        bytes: Bytes,
    },
    /// Close a connection.
    Close {
        /// Which.
        flow: FlowId,
    },
    /// Something happened on a leg.
    Leg {
        /// Which; for [`LegEvent::Offered`] newly minted.
        leg: LegId,
        /// What.
        event: LegEvent,
    },
    /// A binding came, was refreshed or went. Comes before the `Transmit` of the 200.
    Binding(BindingChange),
    /// Counted.
    Event(Event),
}

/// What the stack may read of the directory.
pub trait View {
    /// The device of a SIP id at a SIP domain, however the request wrote the domain
    /// (product.md, What runs); case of the id is ignored.
    fn credentials(&self, host: &str, user: &str) -> Option<Credentials<'_>>;
    /// The digest realm of a domain; of the default tenant when the domain is an address, and
    /// `host` itself when it is unknown, so that unknown domains look alike.
    fn realm<'a>(&'a self, host: &'a str) -> &'a str;
    /// Whether the device may still be used (exists, its user is not stopped).
    fn is_active(&self, device: DeviceId) -> bool;
    /// The extension number shown for the device (P-Associated-URI), if it has a user.
    fn number(&self, device: DeviceId) -> Option<base::Dn>;
}

/// Stored form of a device's secret.
#[derive(Debug, Clone, Copy)]
pub struct Credentials<'a> {
    /// Whose.
    pub device: DeviceId,
    /// Canonical SIP id.
    pub sip_id: &'a str,
    /// MD5(id:realm:secret).
    pub ha1_md5: &'a [u8; 16],
    /// SHA-256(id:realm:secret).
    pub ha1_sha256: &'a [u8; 32],
}

/// Settings of a stack; the maxima are service parameters.
#[derive(Debug, Clone)]
pub struct Config {
    /// Longest registration over UDP, seconds. Default 3600.
    pub expires_udp_s: u32,
    /// … over UDP behind NAT. Default 120.
    pub expires_nat_s: u32,
    /// … over streams. Default 300.
    pub expires_stream_s: u32,
    /// Shortest registration, seconds; asked less: 423. Default 60.
    pub expires_min_s: u32,
    /// Session-Expires that we ask for, seconds (RFC 4028). Default 1800.
    pub session_expires_s: u32,
    /// Min-SE, seconds. Default 90.
    pub session_min_s: u32,
    /// Text of `Server` and `User-Agent`; without version.
    pub product: &'static str,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            expires_udp_s: 3_600,
            expires_nat_s: 120,
            expires_stream_s: 300,
            expires_min_s: 60,
            session_expires_s: 1_800,
            session_min_s: 90,
            product: "Naisen",
        }
    }
}

/// A registered contact as other crates may see it, for portals and call control.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// Whose.
    pub device: DeviceId,
    /// User-Agent of the REGISTER (R213).
    pub agent: String,
    /// Where its packets come from.
    pub source: SocketAddr,
    /// How.
    pub transport: Transport,
    /// When it ends.
    pub expires_at: Wall,
    /// The terminal did not answer lately and is taken as unreachable (R062).
    pub unreachable: bool,
}
