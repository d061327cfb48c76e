//! Transports as messages name them.

/// How a message travelled or shall travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Transport {
    /// Datagrams.
    Udp,
    /// Plain stream.
    Tcp,
    /// TLS over TCP.
    Tls,
    /// WebSocket (RFC 7118).
    Ws,
    /// WebSocket over TLS.
    Wss,
}

const NAMES: &[(&str, &str, Transport)] = &[
    ("UDP", "udp", Transport::Udp),
    ("TCP", "tcp", Transport::Tcp),
    ("TLS", "tls", Transport::Tls),
    ("WS", "ws", Transport::Ws),
    ("WSS", "wss", Transport::Wss),
];

impl Transport {
    /// Reads the token of a Via or of `;transport=`, without case; `None` for others (SCTP).
    pub fn of(token: &[u8]) -> Option<Self> {
        NAMES.iter().find(|n| token.eq_ignore_ascii_case(n.0.as_bytes())).map(|n| n.2)
    }

    /// The token of a Via: `UDP`, `TCP`, `TLS`, `WS`, `WSS`.
    pub fn via_token(self) -> &'static str {
        NAMES.iter().find(|n| n.2 == self).map_or("", |n| n.0)
    }

    /// The value of `;transport=`; for TLS and WSS the sips-free form of RFC 5630 (`tls`, `wss`).
    pub fn param(self) -> &'static str {
        NAMES.iter().find(|n| n.2 == self).map_or("", |n| n.1)
    }

    /// Whether the transport itself repeats lost bytes, so that no timer needs to.
    pub fn is_reliable(self) -> bool {
        self != Self::Udp
    }

    /// Whether messages arrive one per packet or frame, without stream framing.
    pub fn is_framed(self) -> bool {
        matches!(self, Self::Udp | Self::Ws | Self::Wss)
    }

    /// Whether the bytes are encrypted on the wire.
    pub fn is_secure(self) -> bool {
        matches!(self, Self::Tls | Self::Wss)
    }

    /// The port when none is written: 5061 for TLS, 5060 for UDP and TCP, 80 and 443 for
    /// WebSocket (RFC 3261 §18.2.1, RFC 7118 §5.5).
    pub fn default_port(self) -> u16 {
        match self {
            Self::Udp | Self::Tcp => 5060,
            Self::Tls => 5061,
            Self::Ws => 80,
            Self::Wss => 443,
        }
    }
}
